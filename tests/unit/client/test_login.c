/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in: the address, what comes back, and what is believed of it. */
#include "call_fixture.h"

#define ISSUER   "https://cxone.example"
#define REDIRECT "http://127.0.0.1:4321/callback"
#define DOCUMENT                                                                                   \
    "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER "/t\","                              \
    "\"authorization_endpoint\":\"" ISSUER "/a\","                                                 \
    "\"authorization_response_iss_parameter_supported\":true}"

static void with(struct call_fixture *f, const char *document) {
    set(f, "issuer", ISSUER);
    set(f, "client_id", "c d");
    set(f, "grant", "authorization_code");
    know(f, document, NULL);
}

static void free_login(void *login) {
    postern_login_free(login);
}

static err begin(struct call_fixture *f, struct postern_login_options o,
                 struct postern_login **ret) {
    o.redirect_uri = o.redirect_uri != NULL ? o.redirect_uri : REDIRECT;
    err e = login_begin(f->k, &o, ret);
    if (e == OK) {
        arena_defer(f->base->arena, free_login, *ret);
    }
    return e;
}

static struct postern_login *begun(struct call_fixture *f) {
    struct postern_login *login;
    with(f, DOCUMENT);
    assert_int_equal(begin(f, (struct postern_login_options)POSTERN_LOGIN_OPTIONS_INIT, &login),
                     OK);
    return login;
}

/* RFC 7636 Appendix B. */
static void appendix_b(const struct random *random, void *to, size_t n) {
    static const unsigned char octets[32] = {116, 24,  223, 180, 151, 153, 224, 37,  79,  250, 96,
                                             125, 216, 173, 187, 186, 22,  212, 37,  77,  105, 214,
                                             191, 240, 91,  88,  5,   88,  83,  132, 141, 121};
    assert_int_equal(n, sizeof octets);
    memcpy(to, octets, n);
    ((unsigned char *)to)[0] = (unsigned char)(octets[0] + (*(int *)random->state)++);
}

static void the_challenge_is_that_of_the_rfc(void **state) {
    struct call_fixture *f = *state;
    struct postern_login *login;
    int calls = 0;
    const struct random random = {appendix_b, &calls};
    with(f, DOCUMENT);
    f->k->cx.random = &random;
    assert_int_equal(begin(f, (struct postern_login_options)POSTERN_LOGIN_OPTIONS_INIT, &login),
                     OK);
    assert_str(login->verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_non_null(strstr(login->url, "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
                                       "&code_challenge_method=S256"));
    assert_null(strstr(login->url, "dBjftJeZ4CVP"));
    assert_int_equal(calls, 3);
}

static void the_address_has_everything_once(void **state) {
    struct call_fixture *f = *state;
    struct postern_login *login;
    struct postern_login_options o = POSTERN_LOGIN_OPTIONS_INIT;
    o.login_hint = "kim&co=1@acme.example";
    o.prompt = "select_account";
    with(f, DOCUMENT);
    set(f, "scope", "platform-user-read offline_access");
    set(f, "tenant_id", TENANT_ID);
    assert_int_equal(begin(f, o, &login), OK);
    struct str wanted =
        str_format(f->base->arena,
                   ISSUER "/a?response_type=code&client_id=c%%20d&redirect_uri=http%%3A%%2F%%2F"
                          "127.0.0.1%%3A4321%%2Fcallback&scope=openid%%20platform-user-read%%20"
                          "offline_access&state=%.*s&nonce=%.*s&code_challenge=%.*s"
                          "&code_challenge_method=S256&login_hint=kim%%26co%%3D1%%40acme.example"
                          "&prompt=select_account&tenantId=" TENANT_ID,
                   STR_ARG(login->state), STR_ARG(login->nonce),
                   STR_ARG(login_challenge(f->base->arena, login->verifier)));
    assert_str(wanted, login->url);
    assert_int_equal(login->state.n, 43);
    assert_false(str_eq(login->state, login->nonce));
}

/* RFC 6749 3.1. */
static void a_query_of_the_endpoint_stays(void **state) {
    struct call_fixture *f = *state;
    struct postern_login *login;
    with(f, "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER "/t\","
            "\"authorization_endpoint\":\"" ISSUER "/a?p=b2c\"}");
    assert_int_equal(begin(f, (struct postern_login_options)POSTERN_LOGIN_OPTIONS_INIT, &login),
                     OK);
    assert_true(str_starts(str_from(login->url), ISSUER "/a?p=b2c&response_type=code&client_id="));
    assert_non_null(strstr(login->url, "&scope=openid&"));
}

static void what_cannot_begin_says_why(void **state) {
    struct call_fixture *f = *state;
    struct postern_login *login = NULL;
    struct postern_login_options o = POSTERN_LOGIN_OPTIONS_INIT;
    static const char *const uris[] = {"callback", "http://h/a#b", "http://h/ a", "http:", ":x"};
    with(f, DOCUMENT);
    for (size_t i = 0; i < COUNT_OF(uris); i++) {
        o.redirect_uri = uris[i];
        assert_int_equal(begin(f, o, &login), ERR_CLIENT_USAGE);
        assert_says(f, "redirect_uri");
    }
    o.redirect_uri = NULL;
    set(f, "grant", "client_credentials");
    assert_int_equal(begin(f, o, &login), ERR_CLIENT_USAGE);
    assert_says(f,
                "postern configure --grant authorization_code --issuer " ISSUER " --client-id ID");
    (void)snprintf(f->p->profile, sizeof f->p->profile, "kim");
    set(f, "client_id", "c;d");
    set(f, "ca_file", "/ca.pem");
    assert_int_equal(begin(f, o, &login), ERR_CLIENT_USAGE);
    assert_says(f, "postern configure --profile kim --grant authorization_code --issuer " ISSUER
                   " --client-id ID --ca-file /ca.pem");
    set(f, "grant", "authorization_code");
    set(f, "client_id", "");
    assert_int_equal(begin(f, o, &login), ERR_CLIENT_USAGE);
    assert_says(f, "client_id");
    set(f, "client_id", "c");
    know(f, "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER "/t\"}", NULL);
    assert_int_equal(begin(f, o, &login), ERR_CLIENT_DISCOVERY);
    know(f,
         "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER "/t\","
         "\"authorization_endpoint\":\"http://cxone.example/a\"}",
         NULL);
    assert_int_equal(begin(f, o, &login), ERR_CLIENT_DISCOVERY);
    assert_null(login);
}

static void callbacks_are_read(void **state) {
    struct call_fixture *f = *state;
    static const char *const good[] = {
        "code=a&state=b",
        "state=b&code=a",
        "?code=a&state=b",
        "http://127.0.0.1:1/callback?code=a&state=b#_",
        "code=%61&state=b&session_state=x&session_state=y&flag",
        "c%6fde=a&state=b&iss=",
        "code=a&state=b&error=",
    };
    static const char *const bad[] = {
        "",
        "code=a",
        "state=b",
        "code=&state=b",
        "code=a&state=",
        "code=a&state=b&error=access_denied",
        "code=%zz&state=b",
        "code=%00&state=b",
        "code=%ff&state=b",
        "http://127.0.0.1:1/callback",
        "code=a#&state=b",
    };
    struct login_callback c;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!login_callback_parse(f->base->arena, str_from(good[i]), &c)) {
            fail_msg("'%s' was refused", good[i]);
        }
        assert_str(c.code, "a");
        assert_str(c.state, "b");
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (login_callback_parse(f->base->arena, str_from(bad[i]), &c)) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
}

static void refusals_are_read(void **state) {
    struct call_fixture *f = *state;
    struct login_callback c;
    assert_true(login_callback_parse(
        f->base->arena, STR("error=access_denied&error_description=Not+now&state=b&iss=i"), &c));
    assert_str(c.error_description, "Not now");
    assert_str(c.iss, "i");
    assert_null(c.code.p);
}

static void param_pollution_no_parameter_comes_twice(void **state) {
    struct call_fixture *f = *state;
    static const char *const names[] = {"code", "state", "iss", "error_description"};
    struct login_callback c;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct str text =
            str_format(f->base->arena, "code=a&state=b&%s=1&%s=1", names[i], names[i]);
        assert_false(login_callback_parse(f->base->arena, text, &c));
    }
}

static void bombs_the_length_is_bounded(void **state) {
    struct call_fixture *f = *state;
    struct login_callback c;
    struct buf b = buf_in(f->base->arena, URL_MAX + 2);
    buf_z(&b, "state=b&code=");
    while (b.n < URL_MAX) {
        buf_char(&b, 'a');
    }
    assert_true(login_callback_parse(f->base->arena, buf_view(&b), &c));
    buf_char(&b, 'a');
    assert_false(login_callback_parse(f->base->arena, buf_view(&b), &c));
}

static void only_this_logins_answer_is_one(void **state) {
    struct call_fixture *f = *state;
    const struct postern_login *login = begun(f);
    struct login_callback c = {.code = STR("a"), .state = login->state, .iss = STR(ISSUER)};
    assert_int_equal(login_callback_check(f->k, login, &c), OK);
    c.state = login->nonce;
    assert_int_equal(login_callback_check(f->k, login, &c), ERR_CLIENT_ANSWER);
    c.state = str_sub(login->state, 0, 42);
    assert_int_equal(login_callback_check(f->k, login, &c), ERR_CLIENT_ANSWER);
    assert_null(strstr(f->k->cx.failure.detail, str_z(f->base->arena, login->state)));
}

/* RFC 9207 2.4. */
static void mix_up_another_issuers_answer_is_refused(void **state) {
    struct call_fixture *f = *state;
    struct postern_login *login = begun(f);
    struct login_callback c = {.code = STR("a"), .state = login->state};
    assert_int_equal(login_callback_check(f->k, login, &c), ERR_CLIENT_ISSUER);
    c.iss = STR(ISSUER "/");
    assert_int_equal(login_callback_check(f->k, login, &c), ERR_CLIENT_ISSUER);
    c.code = STR_NONE;
    c.error = STR("access_denied"); /* an error is believed no more than a code */
    assert_int_equal(login_callback_check(f->k, login, &c), ERR_CLIENT_ISSUER);
    c.iss = STR(ISSUER);
    assert_int_equal(login_callback_check(f->k, login, &c), ERR_CLIENT_AUTH);
    login->iss_promised = false;
    c.iss = STR_NONE;
    assert_int_equal(login_callback_check(f->k, login, &c), ERR_CLIENT_AUTH);
}

static void errors_are_told_in_one_clean_line(void **state) {
    struct call_fixture *f = *state;
    const struct postern_login *login = begun(f);
    const struct login_callback c = {.error = STR("access_denied"),
                                     .error_description = STR("no\n\x1b[31m way"),
                                     .state = login->state,
                                     .iss = STR(ISSUER)};
    assert_int_equal(login_callback_check(f->k, login, &c), ERR_CLIENT_AUTH);
    assert_says(f, "access_denied: no  [31m way - it was refused");
    assert_str(f->k->oauth_error, "access_denied");
}

/* OpenID Connect Core 3.1.3.7, 5 and 11. */
static void id_tokens_of_other_logins_are_refused(void **state) {
    struct call_fixture *f = *state;
    const struct postern_login *login = begun(f);
    const char *nonce = str_z(f->base->arena, login->nonce);
    json_t *claims = json_pack("{s:s, s:s}", "nonce", nonce, "azp", "c d");
    const struct jwt jwt = {.claims = claims};
    assert_int_equal(login_id_token_check(f->k, &jwt), OK);
    f->k->login = login;
    assert_int_equal(login_id_token_check(f->k, &jwt), OK);
    assert_int_equal(json_object_set_new(claims, "azp", json_string("other")), 0);
    assert_int_equal(login_id_token_check(f->k, &jwt), ERR_CLIENT_TOKEN);
    assert_int_equal(json_object_del(claims, "azp"), 0);
    assert_int_equal(json_object_set_new(claims, "nonce", json_string("other")), 0);
    assert_int_equal(login_id_token_check(f->k, &jwt), ERR_CLIENT_TOKEN);
    assert_says(f, "nonce");
    assert_int_equal(json_object_del(claims, "nonce"), 0);
    assert_int_equal(login_id_token_check(f->k, &jwt), ERR_CLIENT_TOKEN);
    json_decref(claims);
}

static void the_code_is_sent_with_its_verifier(void **state) {
    struct call_fixture *f = *state;
    const struct postern_login *login = begun(f);
    const struct endpoints ep = {.token_endpoint = STR(ISSUER "/t")};
    struct token_request r = {.body = buf_in(f->base->arena, 256)};
    set(f, "scope", "openid");
    f->k->login = login;
    f->k->login_code = STR("the/code");
    assert_int_equal(login_request(f->k, &ep, &r), OK);
    assert_str(str_format(f->base->arena,
                          "grant_type=authorization_code&client_id=c%%20d&code=the%%2Fcode"
                          "&redirect_uri=http%%3A%%2F%%2F127.0.0.1%%3A4321%%2Fcallback"
                          "&code_verifier=%.*s",
                          STR_ARG(login->verifier)),
               str_z(f->base->arena, buf_view(&r.body)));
    assert_string_equal(r.auth_method, "none");
}

static void without_a_login_there_is_no_token(void **state) {
    struct call_fixture *f = *state;
    struct token t;
    with(f, DOCUMENT);
    assert_int_equal(token_get(f->k, 0, STR_NONE, &t), ERR_CLIENT_NO_TOKEN);
    assert_says(f, "Sign in with: postern login");
    assert_int_equal(token_get(f->k, POSTERN_CACHED | POSTERN_RENEWABLE, STR_NONE, &t),
                     ERR_CLIENT_NO_TOKEN);
    assert_says(f, "Sign in with: postern login");
    (void)snprintf(f->p->profile, sizeof f->p->profile, "kim");
    assert_int_equal(token_get(f->k, POSTERN_FRESH, STR_NONE, &t), ERR_CLIENT_NO_TOKEN);
    assert_says(f, "Sign in with: postern login --profile kim");
}

static void what_an_api_refused_is_no_token_any_more(void **state) {
    struct call_fixture *f = *state;
    struct token t;
    with(f, DOCUMENT);
    struct state *s = state_copy(f->k, state_current(f->k));
    s->access_token = STR("access");
    s->obtained_at = FIXTURE_NOW;
    s->expires_at = s->renew_at = FIXTURE_NOW + 3600;
    state_publish(f->k, s);
    assert_int_equal(token_get(f->k, 0, STR("another"), &t), OK);
    assert_int_equal(token_get(f->k, 0, STR("access"), &t), ERR_CLIENT_NO_TOKEN);
    for (unsigned flags = 0; flags <= POSTERN_CACHED; flags += POSTERN_CACHED) {
        assert_int_equal(token_get(f->k, flags, STR_NONE, &t), ERR_CLIENT_NO_TOKEN);
        assert_says(f, "The sign-in has ended: its token was refused");
        assert_str(f->k->oauth_error, "invalid_token");
    }
}

/* The grant of a public application is the one that needs a person. */
static void auto_means_a_person_for_public_applications_alone(void **state) {
    struct call_fixture *f = *state;
    assert_null(postern_grant(f->p));
    set(f, "client_id", "c");
    assert_string_equal(postern_grant(f->p), "client_credentials");
    set(f, "auth_method", "none");
    assert_string_equal(postern_grant(f->p), "authorization_code");
    set(f, "access_key_id", "k");
    assert_string_equal(postern_grant(f->p), "password");
    assert_null(postern_grant(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CALL_TEST(the_challenge_is_that_of_the_rfc),
        CALL_TEST(the_address_has_everything_once),
        CALL_TEST(a_query_of_the_endpoint_stays),
        CALL_TEST(what_cannot_begin_says_why),
        CALL_TEST(callbacks_are_read),
        CALL_TEST(refusals_are_read),
        CALL_TEST(param_pollution_no_parameter_comes_twice),
        CALL_TEST(bombs_the_length_is_bounded),
        CALL_TEST(only_this_logins_answer_is_one),
        CALL_TEST(mix_up_another_issuers_answer_is_refused),
        CALL_TEST(errors_are_told_in_one_clean_line),
        CALL_TEST(id_tokens_of_other_logins_are_refused),
        CALL_TEST(the_code_is_sent_with_its_verifier),
        CALL_TEST(without_a_login_there_is_no_token),
        CALL_TEST(what_an_api_refused_is_no_token_any_more),
        CALL_TEST(auto_means_a_person_for_public_applications_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
