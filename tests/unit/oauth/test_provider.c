/* SPDX-License-Identifier: Apache-2.0 */
/* Postern as a relying party: another provider's documents and id tokens, and what a browser takes
 * there (OpenID Connect Core 3.1.3.7, Discovery 4.3, RFC 7636). */
#include "harness.h"

#include <string.h>

#define OTHER "https://id.example/tenant"
#define DOCUMENT(more)                                                                             \
    "{\"issuer\":\"" OTHER "\",\"authorization_endpoint\":\"https://id.example/a?x=1\","           \
    "\"token_endpoint\":\"https://id.example/t\",\"jwks_uri\":\"https://id.example/k\"" more "}"

struct bench {
    struct clock clock;
    struct log log;
    struct arena *arena;
    struct ctx cx;
    struct pkey *key;
    struct jwks keys;
    struct login_provider provider;
};

static int bench_setup(void **state) {
    struct bench *b = test_calloc(1, sizeof *b);
    b->clock = clock_fixed(NOW * 1000);
    b->log = (struct log){.fd = -1, .clock = &b->clock};
    b->arena = arena_new();
    ctx_init(&b->cx, b->arena, &b->clock, &random_system, &b->log);
    assert_int_equal(pkey_generate(&b->cx, PKEY_EC_P256, 0, &b->key), OK);
    b->keys = (struct jwks){.keys = NEW(b->arena, struct jwk), .n = 1};
    b->keys.keys[0] = (struct jwk){STR("one"), alg_of_kind(PKEY_EC_P256), b->key};
    b->provider = (struct login_provider){STR(OTHER), STR("postern"), STR("openid"), STR("email")};
    *state = b;
    return 0;
}

static int bench_teardown(void **state) {
    struct bench *b = *state;
    pkey_free(b->key);
    arena_free(b->arena);
    test_free(b);
    return 0;
}
#define BENCH_TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)

/* ---- discovery ---- */

static void metadata_is_read(void **state) {
    struct bench *b = *state;
    struct provider_metadata m;
    assert_int_equal(provider_metadata_parse(&b->cx, STR(DOCUMENT("")), STR(OTHER), false, &m), OK);
    assert_true(str_is(m.token_endpoint, "https://id.example/t"));
    assert_null(m.userinfo_endpoint.p);
    assert_false(m.names_issuer || m.secret_post);
    assert_int_equal(
        provider_metadata_parse(
            &b->cx,
            STR(DOCUMENT(",\"authorization_response_iss_parameter_supported\":true,"
                         "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]")),
            STR(OTHER), false, &m),
        OK);
    assert_true(m.names_issuer && m.secret_post);
}

static void ssrf_metadata_that_leads_elsewhere_is_refused(void **state) {
    static const char *const documents[] = {
        "[]",
        "{}",
        "not json",
        DOCUMENT(",\"userinfo_endpoint\":\"http://id.example/u\""),
        DOCUMENT(",\"userinfo_endpoint\":\"file:///etc/passwd\""),
        DOCUMENT(",\"userinfo_endpoint\":\"https://id.example/ u\""),
        DOCUMENT(",\"userinfo_endpoint\":\"https://id.example/#u\""),
        DOCUMENT(",\"userinfo_endpoint\":\"\""),
        DOCUMENT(",\"userinfo_endpoint\":7"),
        "{\"issuer\":\"" OTHER "\",\"authorization_endpoint\":\"javascript:alert(1)\","
        "\"token_endpoint\":\"https://id.example/t\",\"jwks_uri\":\"https://id.example/k\"}",
        "{\"issuer\":\"" OTHER "\",\"authorization_endpoint\":\"https://id.example/a\"}",
    };
    struct bench *b = *state;
    struct provider_metadata m = {.issuer = STR("kept")};
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        if (provider_metadata_parse(&b->cx, str_from(documents[i]), STR(OTHER), false, &m) == OK) {
            fail_msg("taken: %s", documents[i]);
        }
    }
    assert_true(str_is(m.issuer, "kept"));
}

static void mix_up_metadata_of_another_issuer_is_refused(void **state) {
    static const char *const issuers[] = {OTHER "/", "https://id.example",
                                          "https://ID.example/tenant", "https://evil.example"};
    struct bench *b = *state;
    struct provider_metadata m;
    for (size_t i = 0; i < COUNT_OF(issuers); i++) {
        assert_int_not_equal(
            provider_metadata_parse(&b->cx, STR(DOCUMENT("")), str_from(issuers[i]), false, &m),
            OK);
    }
}

/* ---- the request ---- */

static void a_request_says_what_it_must(void **state) {
    struct house *h = *state;
    struct environment e = {.id = STR("env")};
    const struct login_provider p = {STR(OTHER), STR("post ern"), STR("openid email"), STR("sub")};
    const struct provider_ask asked = {.provider = &p,
                                       .authorization_endpoint = STR("https://id.example/a?x=1"),
                                       .redirect_uri = STR("https://us.example/back"),
                                       .login_hint = STR("a&b@c.example"),
                                       .login = true,
                                       .max_age = 0};
    struct str state_text =
        provider_state_write(&h->cx, &e, &(struct provider_state){STR("f"), 3, 9});
    struct provider_checks checks = provider_checks_of(&h->cx, state_text);
    struct str url =
        provider_authorize_url(&h->cx, provider_authorize_base(&h->cx, &asked), state_text);
    assert_true(contains(url, "https://id.example/a?x=1&response_type=code&client_id=post%20ern&"
                              "redirect_uri=https%3A%2F%2Fus.example%2Fback&scope=openid%20email&"
                              "login_hint=a%26b%40c.example&prompt=login&max_age=0&state="));
    assert_true(contains(url, format(&h->cx, "&nonce=%.*s&", STR_ARG(checks.nonce))));
    struct str challenge = sha256_text(h->cx.arena, checks.code_verifier);
    assert_true(contains(url, format(&h->cx, "&code_challenge=%.*s&code_challenge_method=S256",
                                     STR_ARG(challenge))));
    assert_false(contains(url, str_z(h->cx.arena, checks.code_verifier)));
}

static void steps_a_state_is_ours_and_of_this_environment(void **state) {
    struct house *h = *state;
    struct environment one = {.id = STR("one")}, two = {.id = STR("two")};
    struct provider_state s = {STR("flow-secret"), 7, NOW}, read;
    struct str text = provider_state_write(&h->cx, &one, &s);
    struct str again = provider_state_write(&h->cx, &one, &s);
    assert_true(provider_state_parse(&h->cx, &one, text, &read));
    assert_true(str_is(read.flow, "flow-secret"));
    assert_int_equal(read.version, 7);
    assert_int_equal(read.at, NOW);
    assert_false(contains(text, "flow-secret"));
    /* Each has nonce and verifier of its own, which nobody else can compute. */
    struct provider_checks a = provider_checks_of(&h->cx, text);
    struct provider_checks b = provider_checks_of(&h->cx, again);
    assert_false(str_eq(text, again) || str_eq(a.nonce, b.nonce) ||
                 str_eq(a.code_verifier, b.code_verifier) || str_eq(a.nonce, a.code_verifier));
    assert_false(provider_state_parse(&h->cx, &two, text, &read));
    assert_false(provider_state_parse(&h->cx, &one, STR_NONE, &read));
    assert_false(provider_state_parse(&h->cx, &one, STR("made-up"), &read));
    for (size_t i = 0; i < text.n; i++) {
        char *changed = str_z(h->cx.arena, text);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(provider_state_parse(&h->cx, &one, str_from(changed), &read));
    }
}

/* ---- id tokens ---- */

static err checked(struct bench *b, const char *payload, struct provider_identity *ret) {
    struct signer *s = signer_new(b->key);
    struct str compact;
    struct str header = jws_header(b->arena, alg_of_kind(PKEY_EC_P256), STR("JWT"), STR("one"));
    assert_int_equal(jws_sign(&b->cx, header, str_from(payload), s, &compact), OK);
    signer_free(s);
    const struct provider_expected want = {&b->provider, STR("n"), STR("access")};
    return provider_id_token_check(&b->cx, compact, &b->keys, &want, ret);
}

#define CLAIMS(rest)                                                                               \
    "{\"iss\":\"" OTHER                                                                            \
    "\",\"sub\":\"s\",\"exp\":1800000060,\"iat\":1800000000,\"nonce\":\"n\"" rest "}"
#define AUD ",\"aud\":\"postern\""

static void id_tokens_are_read(void **state) {
    struct bench *b = *state;
    struct provider_identity who;
    assert_int_equal(checked(b,
                             CLAIMS(AUD ",\"email\":\"a@b.example\",\"email_verified\":true,"
                                        "\"amr\":[\"otp\",\"pwd\",\"invented\",7],"
                                        "\"auth_time\":1799999000"),
                             &who),
                     OK);
    assert_true(str_is(who.subject, "s"));
    assert_true(str_is(who.claim, "a@b.example"));
    assert_true(str_is(who.amr, "fed pwd otp"));
    assert_int_equal(who.auth_time, 1799999000);
    assert_int_equal(checked(b, CLAIMS(",\"aud\":[\"postern\",\"x\"],\"azp\":\"postern\""), &who),
                     OK);
    assert_null(who.claim.p);
    assert_true(str_is(who.amr, "fed"));
    assert_int_equal(who.auth_time, 0);
}

static void jwt_id_tokens_of_others_are_refused(void **state) {
    static const char *const payloads[] = {
        CLAIMS(""),
        CLAIMS(",\"aud\":\"another\""),
        CLAIMS(",\"aud\":[\"postern\",\"x\"]"),
        CLAIMS(AUD ",\"azp\":\"x\""),
        CLAIMS(AUD ",\"azp\":7"),
        CLAIMS(AUD ",\"at_hash\":\"AAAAAAAAAAAAAAAAAAAAAA\""),
        CLAIMS(AUD ",\"at_hash\":\"\""),
        CLAIMS(AUD ",\"auth_time\":1800009999"),
        CLAIMS(AUD ",\"auth_time\":\"1800000000\""),
        CLAIMS(AUD ",\"nonce\":\"n\""),
        "{\"iss\":\"https://id.example\",\"sub\":\"s\",\"aud\":\"postern\",\"exp\":1800000060,"
        "\"iat\":1800000000,\"nonce\":\"n\"}",
        "{\"iss\":\"" OTHER "\",\"sub\":\"s\",\"aud\":\"postern\",\"exp\":1800000060,"
        "\"iat\":1800000000,\"nonce\":\"m\"}",
        "{\"iss\":\"" OTHER "\",\"sub\":\"s\",\"aud\":\"postern\",\"exp\":1800000060,"
        "\"nonce\":\"n\"}",
        "{\"iss\":\"" OTHER "\",\"sub\":\"s\",\"aud\":\"postern\",\"exp\":1800000000,"
        "\"iat\":1800000000,\"nonce\":\"n\"}",
        "{\"iss\":\"" OTHER "\",\"sub\":\"\",\"aud\":\"postern\",\"exp\":1800000060,"
        "\"iat\":1800000000,\"nonce\":\"n\"}",
    };
    struct bench *b = *state;
    struct provider_identity who;
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        if (checked(b, payloads[i], &who) != ERR_INVALID_TOKEN) {
            fail_msg("taken: %s", payloads[i]);
        }
    }
    /* SHA-256("access"), its left half. */
    unsigned char digest[SHA256_SIZE];
    sha256("access", 6, digest);
    struct str half = base64url(b->arena, digest, SHA256_SIZE / 2);
    assert_int_equal(
        checked(b, format(&b->cx, CLAIMS(AUD ",\"at_hash\":\"%.*s\""), STR_ARG(half)), &who), OK);
}

static void jwt_id_tokens_are_signed_by_a_known_key(void **state) {
    struct bench *b = *state;
    struct provider_identity who;
    const struct provider_expected want = {&b->provider, STR("n"), STR("access")};
    struct str payload = STR(CLAIMS(AUD)), compact;
    struct pkey *stranger;
    assert_int_equal(pkey_generate(&b->cx, PKEY_EC_P256, 0, &stranger), OK);
    struct signer *s = signer_new(stranger);
    struct str known = jws_header(b->arena, alg_of_kind(PKEY_EC_P256), STR("JWT"), STR("one"));
    struct str unknown = jws_header(b->arena, alg_of_kind(PKEY_EC_P256), STR("JWT"), STR("two"));
    assert_int_equal(jws_sign(&b->cx, known, payload, s, &compact), OK);
    assert_int_equal(provider_id_token_check(&b->cx, compact, &b->keys, &want, &who),
                     ERR_INVALID_TOKEN);
    assert_int_equal(jws_sign(&b->cx, unknown, payload, s, &compact), OK);
    assert_int_equal(provider_id_token_check(&b->cx, compact, &b->keys, &want, &who),
                     ERR_NOT_FOUND);
    const struct alg *hs256 = alg_find(STR("HS256"));
    struct secret secret = secret_in(b->arena, "0123456789abcdef0123456789abcdef", 32);
    struct str header = jws_header(b->arena, hs256, STR("JWT"), STR("one"));
    assert_int_equal(jws_sign_mac(&b->cx, header, payload, hs256, secret, &compact), OK);
    assert_int_equal(provider_id_token_check(&b->cx, compact, &b->keys, &want, &who),
                     ERR_INVALID_TOKEN);
    signer_free(s);
    pkey_free(stranger);
}

static void idor_an_address_counts_when_it_is_verified(void **state) {
    static const char *const unverified[] = {
        "{\"email\":\"a@b.example\"}",
        "{\"email\":\"a@b.example\",\"email_verified\":false}",
        "{\"email\":\"a@b.example\",\"email_verified\":\"true\"}",
        "{\"email\":[\"a@b.example\"],\"email_verified\":true}",
        "{\"email\":\"\",\"email_verified\":true}",
    };
    struct bench *b = *state;
    json_t *claims;
    for (size_t i = 0; i < COUNT_OF(unverified); i++) {
        assert_int_equal(json_parse(&b->cx, str_from(unverified[i]), &claims), OK);
        assert_null(provider_claim(claims, STR("email")).p);
    }
    assert_int_equal(json_parse(&b->cx, STR("{\"upn\":\"u\",\"UPN\":\"v\"}"), &claims), OK);
    assert_true(str_is(provider_claim(claims, STR("upn")), "u"));
    assert_null(provider_claim(claims, STR("name")).p);
}

/* ---- the calls ---- */

static void ssrf_a_provider_in_the_private_network_is_not_called(void **state) {
    struct bench *b = *state;
    struct provider_exchange x = {.provider = b->provider, .once = fetch_once_new()};
    x.provider.issuer = STR("https://127.0.0.1:1");
    assert_int_equal(provider_discover_run(&b->cx, &x), OK);
    assert_int_equal(x.outcome, PROVIDER_DOWN);
    assert_true(contains(x.reason, "not public: that takes the setting allow_private_fetch"));
    /* Kept for some seconds: whoever comes next does not wait again. */
    x.allow_private = true;
    assert_int_equal(provider_discover_run(&b->cx, &x), OK);
    assert_true(contains(x.reason, "not public"));
    b->cx.now += PROVIDER_RETRY_SECONDS;
    assert_int_equal(provider_discover_run(&b->cx, &x), OK);
    assert_false(contains(x.reason, "not public"));
    fetch_once_free(x.once);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(metadata_is_read),
        BENCH_TEST(ssrf_metadata_that_leads_elsewhere_is_refused),
        BENCH_TEST(mix_up_metadata_of_another_issuer_is_refused),
        HOUSE_TEST(a_request_says_what_it_must),
        HOUSE_TEST(steps_a_state_is_ours_and_of_this_environment),
        BENCH_TEST(id_tokens_are_read),
        BENCH_TEST(jwt_id_tokens_of_others_are_refused),
        BENCH_TEST(jwt_id_tokens_are_signed_by_a_known_key),
        BENCH_TEST(idor_an_address_counts_when_it_is_verified),
        BENCH_TEST(ssrf_a_provider_in_the_private_network_is_not_called),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
