/* SPDX-License-Identifier: Apache-2.0 */
/* SECURITY `assertion`: client_secret_jwt and private_key_jwt (RFC 7523 3). */
#include "harness.h"

#include <string.h>

#define TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define KID  "key-1"

struct made { /* an assertion and how it is made; zero: the good value */
    const char *iss, *sub, *aud, *aud_json, *jti;
    int64_t exp_in, iat_in;
    bool no_exp, no_jti;
    const char *alg, *secret;
};

static struct str payload_of(struct ctx *cx, const char *id, const struct made *m) {
    struct buf b = buf_in(cx->arena, 512);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_z(&j, "iss", m->iss != NULL ? m->iss : id);
    json_put_z(&j, "sub", m->sub != NULL ? m->sub : id);
    if (m->aud_json != NULL) {
        json_put_raw(&j, "aud", str_from(m->aud_json));
    } else {
        json_put_z(&j, "aud", m->aud != NULL ? m->aud : ISSUER);
    }
    if (!m->no_exp) {
        json_put_int(&j, "exp", cx->now + (m->exp_in != 0 ? m->exp_in : 60));
    }
    if (!m->no_jti) {
        json_put_z(&j, "jti", m->jti != NULL ? m->jti : "one");
    }
    json_put_int(&j, "iat", cx->now + m->iat_in);
    json_close_object(&j);
    return buf_view(&b);
}

static const char *secret_jwt(struct ctx *cx, const struct made *m) {
    const char *secret = m->secret != NULL ? m->secret : SECRET;
    const struct alg *alg = alg_find(str_from(m->alg != NULL ? m->alg : "HS256"));
    struct str header = jws_header(cx->arena, alg, STR("JWT"), STR_NONE), compact;
    struct secret key = {(unsigned char *)(uintptr_t)secret, strlen(secret)};
    assert_int_equal(jws_sign_mac(cx, header, payload_of(cx, APP_JWT, m), alg, key, &compact), OK);
    return str_z(cx->arena, compact);
}

static struct answer ask_with(struct house *h, const char *assertion, const char *rest) {
    return ASK(h, .handle = token_post,
               .body = format(&h->cx,
                              "grant_type=client_credentials&client_assertion_type=" TYPE
                              "&client_assertion=%s%s",
                              assertion, rest));
}

#define MADE(...) (&(const struct made){__VA_ARGS__})

static void secret_jwt_with_each_hash_is_accepted(void **state) {
    struct house *h = *state;
    struct answer a = ask_with(h, secret_jwt(&h->cx, MADE(.jti = "a")), "");
    assert_ok(&a);
    a = ask_with(h, secret_jwt(&h->cx, MADE(.jti = "b", .alg = "HS384")), "&client_id=" APP_JWT);
    assert_ok(&a);
    a = ask_with(h, secret_jwt(&h->cx, MADE(.jti = "c", .alg = "HS512")), "");
    assert_ok(&a);
    a = ask_with(h, secret_jwt(&h->cx, MADE(.jti = "d", .aud = ISSUER "/auth/token")), "");
    assert_ok(&a);
    a = ask_with(h, secret_jwt(&h->cx, MADE(.jti = "e", .aud_json = "[\"" ISSUER "\"]")), "");
    assert_ok(&a);
    a = ask_with(h, secret_jwt(&h->cx, MADE(.jti = "f", .exp_in = 300)), "");
    assert_ok(&a);
}

static void assertion_with_wrong_claims_is_refused(void **state) {
    struct house *h = *state;
    static const struct made wrong[] = {
        {.iss = APP_POST},
        {.iss = ISSUER},
        {.aud = ISSUER "/"},
        {.aud = ISSUER "/auth/Token"},
        {.aud = ISSUER "/auth/userinfo"},
        {.aud = "https://" HOST_GOV},
        {.aud_json = "[\"" ISSUER "\",\"https://else.example.com\"]"},
        {.aud_json = "[]"},
        {.aud_json = "null"},
        {.exp_in = 301},
        {.exp_in = -1},
        {.exp_in = 1000000000},
        {.no_exp = true},
        {.no_jti = true},
        {.jti = ""},
        {.iat_in = 3600},
        {.secret = "another-secret-of-sufficient-length-0123456789"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct answer a = ask_with(h, secret_jwt(&h->cx, &wrong[i]), "");
        if (a.status != 401) {
            fail_msg("wrong assertion %zu gave %d", i, a.status);
        }
        assert_error(&a, 401, "invalid_client");
    }
}

static void assertion_of_one_client_is_not_anothers(void **state) {
    struct house *h = *state;
    struct answer a = ask_with(h, secret_jwt(&h->cx, MADE(.jti = "x")), "&client_id=" APP_POST);
    assert_error(&a, 401, "invalid_client");
    a = ask_with(h, secret_jwt(&h->cx, MADE(.iss = APP_POST, .sub = APP_POST)), "");
    assert_error(&a, 401, "invalid_client");
    assert_true(contains(a.body, "client_secret_post"));
}

static void assertion_id_is_used_once(void **state) {
    struct house *h = *state;
    const char *assertion = secret_jwt(&h->cx, MADE(.jti = "once"));
    struct answer a = ask_with(h, assertion, "");
    assert_ok(&a);
    a = ask_with(h, assertion, "");
    assert_error(&a, 401, "invalid_client");
    assert_false(contains(a.body, "access_token"));
    assert_int_equal(house_number(h, "SELECT count(*) FROM session"), 1);
}

static void assertion_needs_its_type(void **state) {
    struct house *h = *state;
    const char *assertion = secret_jwt(&h->cx, MADE(.jti = "t"));
    struct answer a =
        ASK(h, .handle = token_post,
            .body = format(&h->cx, "grant_type=client_credentials&client_assertion=%s", assertion));
    assert_error(&a, 401, "invalid_client");
    a = ASK(h, .handle = token_post,
            .body =
                format(&h->cx,
                       "grant_type=client_credentials&client_assertion=%s&client_assertion_type="
                       "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
                       assertion));
    assert_error(&a, 401, "invalid_client");
}

static void jwt_that_is_none_is_refused(void **state) {
    struct house *h = *state;
    static const char *const texts[] = {"a",
                                        "a.b",
                                        "a.b.c",
                                        "..",
                                        "eyJhbGciOiJub25lIn0.e30.",
                                        "eyJhbGciOiJIUzI1NiJ9.bnVsbA.AAAA",
                                        "eyJhbGciOiJIUzI1NiJ9.W10.AAAA",
                                        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct answer a = ask_with(h, texts[i], "");
        assert_error(&a, 401, "invalid_client");
    }
}

/* ---- private_key_jwt ---- */

struct keys {
    struct pkey *key;
    struct str jwks;
};

static void release_key(void *key) {
    pkey_free(key);
}

static struct keys keys_new(struct ctx *cx, const char *kid) {
    struct keys keys;
    assert_int_equal(pkey_generate(cx, PKEY_EC_P256, 0, &keys.key), OK);
    arena_defer(cx->arena, release_key, keys.key);
    struct buf b = buf_in(cx->arena, 512);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_open_array(&j, "keys");
    assert_int_equal(jwk_write(cx, &j, keys.key, str_from(kid)), OK);
    json_close_array(&j);
    json_close_object(&j);
    keys.jwks = buf_view(&b);
    return keys;
}

static const char *key_jwt(struct ctx *cx, const struct keys *keys, const struct made *m) {
    struct signer *signer = signer_new(keys->key);
    struct str header = jws_header(cx->arena, alg_find(STR("ES256")), STR("JWT"), STR(KID)),
               compact;
    assert_int_equal(jws_sign(cx, header, payload_of(cx, APP_KEY, m), signer, &compact), OK);
    signer_free(signer);
    return str_z(cx->arena, compact);
}

static void store_jwks(struct house *h, struct str jwks, int64_t fetched_at) {
    err e = db_exec(&h->cx,
                    "UPDATE application SET jwks = $1, jwks_fetched_at = $2 WHERE application_id = "
                    "'" APP_KEY "'",
                    DB_ARGS(DB_TEXT(jwks), DB_INT(fetched_at)), NULL);
    assert_int_equal(e, OK);
}

static void key_jwt_with_a_known_key_is_accepted_at_once(void **state) {
    struct house *h = *state;
    struct keys keys = keys_new(&h->cx, KID);
    store_jwks(h, keys.jwks, 0);
    const char *assertion = key_jwt(&h->cx, &keys, MADE(.jti = "k"));
    struct answer a = ask_with(h, assertion, "");
    assert_ok(&a);
    a = ask_with(h, assertion, "");
    assert_error(&a, 401, "invalid_client");
    a = ask_with(h, key_jwt(&h->cx, &keys, MADE(.jti = "l", .exp_in = 301)), "");
    assert_error(&a, 401, "invalid_client");
}

static void key_jwt_of_another_key_is_refused(void **state) {
    struct house *h = *state;
    struct keys keys = keys_new(&h->cx, KID), other = keys_new(&h->cx, KID);
    store_jwks(h, keys.jwks, NOW);
    struct answer a = ask_with(h, key_jwt(&h->cx, &other, MADE(.jti = "k")), "");
    assert_error(&a, 401, "invalid_client");
}

/* RFC 8725 2.1: the public key as a MAC key. */
static void jwt_mac_with_the_public_key_is_refused(void **state) {
    struct house *h = *state;
    struct keys keys = keys_new(&h->cx, KID);
    store_jwks(h, keys.jwks, NOW);
    const char *secret = str_z(h->arena, keys.jwks);
    struct answer a =
        ask_with(h, secret_jwt(&h->cx, MADE(.iss = APP_KEY, .sub = APP_KEY, .secret = secret)), "");
    assert_error(&a, 401, "invalid_client");
}

static void unknown_key_is_fetched_and_stored(void **state) {
    struct house *h = *state;
    struct keys keys = keys_new(&h->cx, KID);
    const char *assertion = key_jwt(&h->cx, &keys, MADE(.jti = "k"));
    struct answer a = ask_with(h, assertion, "");
    assert_ptr_equal(a.reply->job.run, jwks_fetch_run);
    struct jwks_fetch *fetch = a.reply->job.state;
    assert_true(str_is(fetch->url, "https://keys.example.com/jwks"));
    assert_false(fetch->allow_private);
    fetch->text = keys.jwks;
    a = ASK(h, .handle = token_post, .job_state = fetch,
            .body = format(&h->cx,
                           "grant_type=client_credentials&client_assertion_type=" TYPE
                           "&client_assertion=%s",
                           assertion));
    assert_ok(&a);
    assert_null(a.reply->job.run);
    a = ask_with(h, key_jwt(&h->cx, &keys, MADE(.jti = "l")), "");
    assert_ok(&a);
}

static void ssrf_fetches_are_a_minute_apart_whatever_comes_of_them(void **state) {
    struct house *h = *state;
    struct keys keys = keys_new(&h->cx, KID), other = keys_new(&h->cx, "key-2");
    const char *assertion = key_jwt(&h->cx, &keys, MADE(.jti = "k"));
    const struct jwks_fetch outcomes[] = {
        {.reason = STR("no route")}, {.text = STR("<html>")}, {.text = other.jwks}};
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        struct answer a = ask_with(h, assertion, "");
        assert_non_null(a.reply->job.run);
        struct jwks_fetch *fetch = a.reply->job.state;
        fetch->text = outcomes[i].text;
        fetch->reason = outcomes[i].reason;
        a = ASK(h, .handle = token_post, .job_state = fetch,
                .body = format(&h->cx,
                               "grant_type=client_credentials&client_assertion_type=" TYPE
                               "&client_assertion=%s",
                               assertion));
        assert_error(&a, 401, "invalid_client");
        a = ask_with(h, assertion, "");
        assert_error(&a, 401, "invalid_client");
        assert_null(a.reply->job.run);
        house_later(h, JWKS_FETCH_PAUSE_SECONDS);
        assertion = key_jwt(&h->cx, &keys, MADE(.jti = "k"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(secret_jwt_with_each_hash_is_accepted),
        HOUSE_TEST(assertion_with_wrong_claims_is_refused),
        HOUSE_TEST(assertion_of_one_client_is_not_anothers),
        HOUSE_TEST(assertion_id_is_used_once),
        HOUSE_TEST(assertion_needs_its_type),
        HOUSE_TEST(jwt_that_is_none_is_refused),
        HOUSE_TEST(key_jwt_with_a_known_key_is_accepted_at_once),
        HOUSE_TEST(key_jwt_of_another_key_is_refused),
        HOUSE_TEST(jwt_mac_with_the_public_key_is_refused),
        HOUSE_TEST(unknown_key_is_fetched_and_stored),
        HOUSE_TEST(ssrf_fetches_are_a_minute_apart_whatever_comes_of_them),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
