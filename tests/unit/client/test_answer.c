/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint's answers, and the requests that ask for them. */
#include "call_fixture.h"

#define ISSUER "https://idp.example"
#define OPENID                                                                                     \
    "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER "/token\","                          \
    "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\",\"client_secret_basic\"]}"

static int answer_setup(void **state) {
    (void)call_setup(state);
    struct call_fixture *f = *state;
    set(f, "issuer", ISSUER);
    know(f, OPENID, NULL);
    return 0;
}
#define ANSWER_TEST(name) cmocka_unit_test_setup_teardown(name, answer_setup, call_teardown)

static err answer(struct call_fixture *f, const char *text, struct state **ret) {
    struct exchange x = {.status = 200, .answer = str_from(text), .sent_at = f->k->cx.now};
    *ret = state_new(f->k);
    return token_answer(f->k, &x, grant_find(STR("client_credentials")), *ret);
}

static void the_life_is_the_answers_own(void **state) {
    struct call_fixture *f = *state;
    const struct {
        const char *expires_in;
        int64_t life, renew;
    } rows[] = {{"3600", 3600, 3540},
                {"\"3600\"", 3600, 3540},
                {"100", 100, 75},
                {"3", 3, 3},
                {"1799.9", 1799, 1739}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct state *s;
        struct str text = str_format(f->base->arena, "{\"access_token\":\"a\",\"expires_in\":%s}",
                                     rows[i].expires_in);
        assert_int_equal(answer(f, str_z(f->base->arena, text), &s), OK);
        assert_int_equal(s->expires_at, FIXTURE_NOW + rows[i].life);
        assert_int_equal(s->renew_at, FIXTURE_NOW + rows[i].renew);
    }
    struct state *s;
    assert_int_equal(answer(f, "{\"access_token\":\"a\"}", &s), OK);
    assert_int_equal(s->expires_at, 0);
    assert_true(s->renew_at > FIXTURE_NOW);
}

static void odd_answers_are_refused(void **state) {
    struct call_fixture *f = *state;
    const char *const texts[] = {
        "",
        "<html>",
        "[]",
        "{}",
        "{\"access_token\":7}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":\"a b\"}",
        "{\"access_token\":\"a\\r\\nX: y\"}",
        "{\"access_token\":\"a\",\"expires_in\":-1}",
        "{\"access_token\":\"a\",\"expires_in\":1e300}",
        "{\"access_token\":\"a\",\"expires_in\":\"soon\"}",
        "{\"access_token\":\"a\",\"expires_in\":true}",
        "{\"access_token\":\"a\",\"token_type\":\"mac\"}",
        "{\"access_token\":\"a\",\"refresh_token\":\"b\\n\"}",
        "{\"access_token\":\"a\",\"access_token\":\"b\"}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct state *s;
        if (answer(f, texts[i], &s) != ERR_CLIENT_ANSWER) {
            fail_msg("%s was taken", texts[i]);
        }
    }
}

static void an_unverified_id_token_is_no_answer(void **state) {
    struct call_fixture *f = *state;
    struct state *s;
    assert_int_equal(answer(f, "{\"access_token\":\"a\",\"id_token\":\"b.c.d\"}", &s),
                     ERR_CLIENT_TOKEN);
}

static void refusals_say_what_to_do_and_no_secret(void **state) {
    struct call_fixture *f = *state;
    const struct {
        int status;
        const char *text;
        err e;
        const char *says;
    } rows[] = {
        {401, "{\"error\":\"invalid_client\",\"error_description\":\"no\"}", ERR_CLIENT_AUTH,
         "Check client_id"},
        {400, "{\"error\":\"invalid_grant\"}", ERR_CLIENT_AUTH, "access_key_id"},
        {400, "{\"error\":\"invalid_scope\"}", ERR_CLIENT_AUTH, "Ask for less"},
        {400, "{\"error\":\"unsupported_grant_type\"}", ERR_CLIENT_AUTH, "does not know the grant"},
        {403, "denied", ERR_CLIENT_AUTH, "no reason given"},
        {429, "", ERR_CLIENT_LIMIT, "too many requests"},
        {503, "{\"error_description\":\"later\"}", ERR_CLIENT_SERVER, "503. later"},
        {302, "", ERR_CLIENT_ANSWER, "302"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exchange x = {.status = rows[i].status, .answer = str_from(rows[i].text)};
        struct token_request r = {.auth_method = "client_secret_basic"};
        assert_int_equal(token_refused(f->k, &x, &r), rows[i].e);
        assert_says(f, rows[i].says);
        assert_int_equal(f->k->status, rows[i].status);
    }
}

/* ---- requests ---- */

static struct token_request request(struct call_fixture *f, const char *grant) {
    struct token_request r = {.body = buf_in(f->base->arena, 256)};
    struct endpoints ep;
    assert_int_equal(discovery_get(f->k, 0, &ep), OK);
    err e = grant_find(str_from(grant))->request(f->k, &ep, &r);
    if (e != OK) {
        fail_msg("%s", f->k->cx.failure.detail);
    }
    return r;
}

static void secrets_once_a_server_that_repeats_them_is_not_repeated(void **state) {
    struct call_fixture *f = *state;
    set(f, "client_id", "c1");
    set(f, "client_secret", "se%cret-of-mine");
    set(f, "access_key_id", "KEYKEYKEY");
    set(f, "access_key_secret", "hush-hush-hush");
    set(f, "auth_method", "client_secret_basic");
    struct token_request r = request(f, "password");
    struct str echo = str_format(f->base->arena,
                                 "{\"error\":\"x\",\"error_description\":\"you sent %.*s and %.*s "
                                 "and se%%cret-of-mine\"}",
                                 STR_ARG(buf_view(&r.body)), STR_ARG(r.headers[1]));
    struct exchange x = {.status = 400, .answer = echo};
    assert_int_equal(token_refused(f->k, &x, &r), ERR_CLIENT_AUTH);
    assert_says(f, "you sent");
    static const char *const secrets[] = {"hush", "KEYKEY", "cret-of", "YzE6"};
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        assert_null(strstr(f->k->cx.failure.detail, secrets[i]));
    }
}

static bool has(const struct token_request *r, const char *text) {
    struct str body = buf_view(&r->body);
    return memmem(body.p, body.n, text, strlen(text)) != NULL; /* public: a test's */
}

static void basic_is_encoded_first(void **state) {
    struct call_fixture *f = *state;
    set(f, "client_id", "a:b");
    set(f, "client_secret", "s%c r");
    struct token_request r = request(f, "client_credentials");
    /* RFC 6749 2.3.1: a%3Ab:s%25c%20r */
    assert_str(r.headers[1], "Authorization: Basic YSUzQWI6cyUyNWMlMjBy");
    assert_str(buf_view(&r.body), "grant_type=client_credentials");
}

static void the_method_follows_the_discovery_document(void **state) {
    struct call_fixture *f = *state;
    set(f, "client_id", "c");
    set(f, "client_secret", "s");
    know(f,
         "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER
         "/token\",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]}",
         NULL);
    struct token_request r = request(f, "client_credentials");
    assert_string_equal(r.auth_method, "client_secret_post");
    assert_true(has(&r, "&client_id=c&client_secret=s"));
    set(f, "client_secret", "");
    r = request(f, "client_credentials");
    assert_string_equal(r.auth_method, "none");
    assert_false(has(&r, "client_secret"));
}

static void password_sends_the_access_key_scope_and_more(void **state) {
    struct call_fixture *f = *state;
    set(f, "client_id", "c");
    set(f, "client_secret", "s");
    set(f, "auth_method", "client_secret_post");
    set(f, "access_key_id", "KEY====");
    set(f, "access_key_secret", "SECRET==");
    set(f, "scope", "openid email");
    set(f, "token_parameters", "resource=urn%3Aapi");
    struct token_request r = request(f, "password");
    assert_str(buf_view(&r.body),
               "grant_type=password&client_id=c&client_secret=s&username=KEY%3D%3D%3D%3D&"
               "password=SECRET%3D%3D&scope=openid%20email&resource=urn%3Aapi");
}

static void access_keys_alone_go_as_json(void **state) {
    struct call_fixture *f = *state;
    set(f, "access_key_id", "KEY\"");
    set(f, "access_key_secret", "SECRET");
    struct token_request r = request(f, "access_key");
    assert_str(r.url, ISSUER "/authentication/v1/token/access-key");
    assert_str(buf_view(&r.body), "{\"accessKeyId\":\"KEY\\\"\",\"accessKeySecret\":\"SECRET\"}");
}

static struct str assertion_of(struct call_fixture *f, const struct token_request *r) {
    struct str body = buf_view(&r->body), part, value;
    while (str_next(&body, '&', &part)) {
        if (str_starts(part, "client_assertion=")) {
            assert_true(percent_decode(f->base->arena, str_sub(part, 17, part.n), true, &value));
            return value;
        }
    }
    fail_msg("no assertion");
    return STR_NONE;
}

static void assertion_is_signed_short_lived_and_for_the_issuer(void **state) {
    struct call_fixture *f = *state;
    const char *secret = "0123456789abcdef0123456789abcdef";
    struct jws jws;
    struct jwt jwt;
    set(f, "client_id", "c");
    set(f, "client_secret", secret);
    set(f, "auth_method", "client_secret_jwt");
    struct token_request r = request(f, "client_credentials");
    assert_int_equal(jws_parse(&f->k->cx, assertion_of(f, &r), &jws), OK);
    assert_true(jws_verify_mac(&jws, secret, strlen(secret)));
    f->k->cx.now = server_now(f->k);
    assert_int_equal(jwt_parse(&f->k->cx, &jws, 5, &jwt), OK);
    assert_str(jwt.iss, "c");
    assert_str(jwt.sub, "c");
    assert_true(jwt_audience_is(&jwt, STR(ISSUER)));
    assert_true(jwt.exp - jwt.iat <= 300);
    assert_true(jwt.jti.n >= 16);
}

static void refuse(struct call_fixture *f, const char *grant, const char *says) {
    struct token_request r = {.body = buf_in(f->base->arena, 256)};
    struct endpoints ep;
    assert_int_equal(discovery_get(f->k, 0, &ep), OK);
    assert_int_not_equal(grant_find(str_from(grant))->request(f->k, &ep, &r), OK);
    assert_says(f, says);
}

static void what_is_missing_is_named(void **state) {
    struct call_fixture *f = *state;
    const struct grant *grant;
    assert_int_equal(grant_chosen(f->k, &grant), ERR_CLIENT_USAGE);
    assert_says(f, "There are no credentials");
    refuse(f, "client_credentials", "No client_id is set");
    refuse(f, "password", "needs access_key_id and access_key_secret");
    set(f, "client_id", "c");
    set(f, "auth_method", "client_secret_basic");
    refuse(f, "client_credentials", "No client_secret is set");
    set(f, "auth_method", "private_key_jwt");
    refuse(f, "client_credentials", "needs private_key_file");
    set(f, "private_key_file", "/dev/null");
    refuse(f, "client_credentials", "no usable private key");
    set(f, "auth_method", "client_secret_jwt");
    set(f, "client_secret", "short");
    refuse(f, "client_credentials", "at least 32 characters");
    set(f, "auth_method", "none");
    set(f, "token_parameters", "a=b c");
    refuse(f, "client_credentials", "not form-encoded");
}

static void auto_is_what_the_settings_allow(void **state) {
    struct call_fixture *f = *state;
    const struct grant *grant;
    set(f, "client_id", "c");
    assert_int_equal(grant_chosen(f->k, &grant), OK);
    assert_string_equal(grant->name, "client_credentials");
    set(f, "access_key_id", "k");
    assert_int_equal(grant_chosen(f->k, &grant), OK);
    assert_string_equal(grant->name, "password");
    set(f, "client_id", "");
    assert_int_equal(grant_chosen(f->k, &grant), OK);
    assert_string_equal(grant->name, "access_key");
    set(f, "grant", "client_credentials");
    assert_int_equal(grant_chosen(f->k, &grant), OK);
    assert_string_equal(grant->name, "client_credentials");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ANSWER_TEST(the_life_is_the_answers_own),
        ANSWER_TEST(odd_answers_are_refused),
        ANSWER_TEST(an_unverified_id_token_is_no_answer),
        ANSWER_TEST(refusals_say_what_to_do_and_no_secret),
        ANSWER_TEST(secrets_once_a_server_that_repeats_them_is_not_repeated),
        ANSWER_TEST(basic_is_encoded_first),
        ANSWER_TEST(the_method_follows_the_discovery_document),
        ANSWER_TEST(password_sends_the_access_key_scope_and_more),
        ANSWER_TEST(access_keys_alone_go_as_json),
        ANSWER_TEST(assertion_is_signed_short_lived_and_for_the_issuer),
        ANSWER_TEST(what_is_missing_is_named),
        ANSWER_TEST(auto_is_what_the_settings_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
