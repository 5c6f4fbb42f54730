/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization request: what is read, what is refused, and where the refusal goes (PROTOCOL
 * 5; OpenID Connect Core 3.1.2; RFC 6749 4.1.2.1; RFC 9700). */
#include "harness.h"

#include <string.h>

#define BASE_URI "&redirect_uri=" REDIRECT

static void all_types(struct house *h) {
    house_sql(h, "UPDATE application SET response_types = '[\"code\",\"id_token\",\"id_token "
                 "token\",\"token\",\"code id_token\",\"code token\",\"code id_token token\"]' "
                 "WHERE application_id = '" APP_CONF "'");
}

/* ---- pages ---- */

static void no_open_redirect_until_client_and_address_are_proven(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char *const queries[] = {
        "",
        "response_type=code&scope=openid" BASE_URI,
        "client_id=" APP_CONF "&response_type=code&scope=openid",
        "client_id=" APP_CONF "&response_type=code&scope=openid&redirect_uri=",
        "client_id=" APP_CONF "&client_id=" APP_CONF "&response_type=code&scope=openid" BASE_URI,
        ASK_CONF BASE_URI,
        ASK_CONF "&redirect_uri=https%3A%2F%2Fevil.example",
        "client_id=unknown&response_type=code&scope=openid" BASE_URI,
        "client_id=&response_type=code" BASE_URI,
        "client_id=" APP_GOV "&response_type=code&scope=openid" BASE_URI,
        "client_id=" APP_BASIC "&response_type=code&scope=openid" BASE_URI,
        "client_id=" APP_PUBLIC "&response_type=code&scope=openid" BASE_URI,
        /* Not even for what is wrong anyway. */
        "client_id=" APP_CONF "&redirect_uri=https%3A%2F%2Fevil.example&request=x",
        "client_id=" APP_CONF "&redirect_uri=https%3A%2F%2Fevil.example&prompt=none",
    };
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct answer a = browser_get(h, &b, queries[i]);
        assert_true(a.status == 400 || a.status == 401);
        assert_string_equal(answer_header(&a, "Location", h->arena), "");
    }
}

static void dead_means_dead_applications_are_pages(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    house_sql(h, "UPDATE application SET is_enabled = 0 WHERE application_id = '" APP_CONF "'");
    struct answer a = browser_get(h, &b, ASK_CONF);
    assert_error(&a, 401, "invalid_client");
    assert_string_equal(answer_header(&a, "Location", h->arena), "");
}

/* ---- redirects ---- */

static void errors_of_the_rest_redirect(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const struct {
        const char *more, *error;
    } cases[] = {
        {"&request=eyJhbGciOiJub25lIn0..", "request_not_supported"},
        {"&request_uri=https%3A%2F%2Fevil.example%2Fr", "request_uri_not_supported"},
        {"&response_mode=web_message", "invalid_request"},
        {"&prompt=none%20login", "invalid_request"},
        {"&prompt=create", "invalid_request"},
        {"&max_age=-1", "invalid_request"},
        {"&max_age=ten", "invalid_request"},
        {"&max_age=99999999999999999999", "invalid_request"},
        {"&tenantId=here", "invalid_request"},
        {"&claims=x", "invalid_request"},
        {"&claims=%5B%5D", "invalid_request"},
        {"&claims=%7B%22id_token%22%3A%7B%22acr%22%3A1%7D%7D", "invalid_request"},
        {"&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%229"
         "%22%7D%7D%7D",
         "unmet_authentication_requirements"},
        {"&claims=%7B%22id_token%22%3A%7B%22sub%22%3A%7B%22value%22%3A%22nobody%22%7D%7D%7D",
         "login_required"},
        {"&id_token_hint=a.b.c", "invalid_request"},
        {"&state=a%0Ab", "invalid_request"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer a = browser_get(h, &b, format(&h->cx, ASK_CONF "%s", cases[i].more));
        assert_redirected(h, &a, REDIRECT "?error=", cases[i].error);
    }
}

static void scope_of_a_request(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char client[] = "client_id=" APP_CONF "&response_type=code" BASE_URI;
    struct answer a = browser_get(h, &b, client);
    assert_redirected(h, &a, REDIRECT, "invalid_request");
    a = browser_get(h, &b, format(&h->cx, "%s&scope=", client));
    assert_redirected(h, &a, REDIRECT, "invalid_request");
    /* CVE-2024-52287: never more than registered. */
    a = browser_get(h, &b, format(&h->cx, "%s&scope=openid+access-key-write", client));
    assert_redirected(h, &a, REDIRECT, "invalid_scope");
    a = browser_get(h, &b, format(&h->cx, "%s&scope=openid+analytics-query", client));
    assert_redirected(h, &a, REDIRECT "?code=", "");
    all_types(h);
    a = browser_get(h, &b,
                    "client_id=" APP_CONF
                    "&response_type=id_token&nonce=n&scope=analytics-query" BASE_URI);
    assert_redirected(h, &a, REDIRECT "#error=", "invalid_scope");
}

static void response_types_are_those_registered(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char client[] = "client_id=" APP_CONF "&scope=openid&nonce=n" BASE_URI;
    static const char *const types[] = {
        "id_token",           "id_token+token", "token",
        "code+id_token",      "code+token",     "code+id_token+token",
        "token+id_token+code"};
    struct answer a = browser_get(h, &b, client);
    assert_redirected(h, &a, REDIRECT "?", "invalid_request");
    static const char *const unknown[] = {"none",        "CODE",  "code+code",
                                          "code++token", "+code", "code+none"};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        a = browser_get(h, &b, format(&h->cx, "%s&response_type=%s", client, unknown[i]));
        assert_redirected(h, &a, REDIRECT "?", "unsupported_response_type");
    }
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        a = browser_get(h, &b, format(&h->cx, "%s&response_type=%s", client, types[i]));
        assert_redirected(h, &a, REDIRECT "#", "unauthorized_client");
    }
    all_types(h);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        a = browser_get(h, &b, format(&h->cx, "%s&response_type=%s", client, types[i]));
        assert_redirected(h, &a, REDIRECT "#", "");
        /* OAuth 2.0 Multiple Response Types 3: no tokens in a query. */
        a = browser_get(
            h, &b, format(&h->cx, "%s&response_type=%s&response_mode=query", client, types[i]));
        assert_redirected(h, &a, REDIRECT "#", "invalid_request");
    }
}

static void backends_have_no_users(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    house_sql(h, "UPDATE application SET redirects = '[\"" REDIRECT
                 "\"]' WHERE application_id = '" APP_POST "'");
    struct answer a =
        browser_get(h, &b, "client_id=" APP_POST "&response_type=code&scope=openid" BASE_URI);
    assert_redirected(h, &a, REDIRECT "?", "unauthorized_client");
}

static void nonce_is_needed_where_an_id_token_comes_through_the_browser(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char *const types[] = {"id_token", "id_token+token", "code+id_token",
                                        "code+id_token+token"};
    all_types(h);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct answer a = browser_get(
            h, &b,
            format(&h->cx, "client_id=" APP_CONF "&scope=openid&response_type=%s" BASE_URI,
                   types[i]));
        assert_redirected(h, &a, REDIRECT "#", "invalid_request");
    }
    struct answer a = browser_get(h, &b, ASK_CONF); /* oidcc: without-nonce succeeds for code */
    assert_redirected(h, &a, REDIRECT "?code=", "");
}

static void pkce_downgrade_at_the_request(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char client[] =
        "client_id=" APP_PUBLIC "&response_type=code&scope=openid&redirect_uri=" REDIRECT_PUBLIC;
    static const char *const wrong[] = {
        "",
        "&code_challenge=",
        "&code_challenge_method=S256",
        "&code_challenge=" CHALLENGE,
        "&code_challenge=" CHALLENGE "&code_challenge_method=",
        "&code_challenge=" VERIFIER "&code_challenge_method=plain",
        "&code_challenge=" CHALLENGE "&code_challenge_method=s256",
        "&code_challenge=" CHALLENGE "&code_challenge_method=S512",
        "&code_challenge=" CHALLENGE "A&code_challenge_method=S256",
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c&code_challenge_method=S256",
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN&code_challenge_method=S256",
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw%2FcM&code_challenge_method=S256",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct answer a = browser_get(h, &b, format(&h->cx, "%s%s", client, wrong[i]));
        assert_redirected(h, &a, REDIRECT_PUBLIC "?", "invalid_request");
        /* An application with a secret may go without, but not half way. */
        a = browser_get(h, &b, format(&h->cx, ASK_CONF "%s", wrong[i]));
        bool without = wrong[i][0] == '\0' || strcmp(wrong[i], "&code_challenge=") == 0;
        assert_redirected(h, &a, REDIRECT "?", without ? "" : "invalid_request");
    }
    struct answer a = browser_get(h, &b, format(&h->cx, "%s" PKCE, client));
    assert_redirected(h, &a, REDIRECT_PUBLIC "?code=", "");
}

static void param_pollution_every_parameter_of_a_request(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char *const names[] = {
        "response_type", "response_mode", "scope",          "state",
        "nonce",         "prompt",        "max_age",        "id_token_hint",
        "login_hint",    "display",       "ui_locales",     "acr_values",
        "claims",        "tenantId",      "code_challenge", "code_challenge_method",
        "unknown"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        bool there = strcmp(names[i], "response_type") == 0 || strcmp(names[i], "scope") == 0;
        const char *query = format(&h->cx, ASK_CONF "%s%s%s&%s=", there ? "" : "&",
                                   there ? "" : names[i], there ? "" : "=", names[i]);
        struct answer a = browser_get(h, &b, query);
        assert_redirected(h, &a, REDIRECT "?error=", "invalid_request");
        a = browser_post(h, &b, NULL, query);
        assert_redirected(h, &a, REDIRECT "?error=", "invalid_request");
    }
    /* Query and body together. */
    struct answer a = browser_post(h, &b, "nonce=a", ASK_CONF);
    assert_redirected(h, &a, REDIRECT "?code=", "");
    a = browser_post(h, &b, "nonce=a", ASK_CONF "&nonce=a");
    assert_redirected(h, &a, REDIRECT "?error=", "invalid_request");
    a = browser_post(h, &b, ASK_CONF, BASE_URI);
    assert_error(&a, 400, "invalid_request");
}

static void unknown_parameters_are_ignored(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a = browser_get(h, &b, ASK_CONF "&extra=foobar&resource=x&display=wap");
    assert_redirected(h, &a, REDIRECT "?code=", "");
    assert_true(str_is(b.request.display, "page"));
}

static void parameters_may_be_posted(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a = browser_post(h, &b, NULL, ASK_CONF "&state=s+1%2B");
    assert_redirected(h, &a, REDIRECT "?code=", "");
    assert_string_equal(location_param(h, &a, "state"), "s 1+");
    /* What does not decode cannot be returned as it came. */
    a = browser_post(h, &b, NULL, ASK_CONF "&state=%FF");
    assert_error(&a, 400, "invalid_request");
}

static void bombs_parameters_are_bounded(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const struct {
        const char *name;
        int max;
    } bounds[] = {{"state", AUTHORIZE_STATE_MAX},
                  {"nonce", AUTHORIZE_NONCE_MAX},
                  {"login_hint", AUTHORIZE_TEXT_MAX}};
    for (size_t i = 0; i < COUNT_OF(bounds); i++) {
        struct answer a = browser_get(
            h, &b, format(&h->cx, ASK_CONF "&%s=%0*d", bounds[i].name, bounds[i].max, 7));
        assert_redirected(h, &a, REDIRECT "?code=", "");
        a = browser_get(h, &b,
                        format(&h->cx, ASK_CONF "&%s=%0*d", bounds[i].name, bounds[i].max + 1, 7));
        assert_redirected(h, &a, REDIRECT "?error=", "invalid_request");
        assert_string_equal(location_param(h, &a, "state"), "");
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(no_open_redirect_until_client_and_address_are_proven),
        HOUSE_TEST(dead_means_dead_applications_are_pages),
        HOUSE_TEST(errors_of_the_rest_redirect),
        HOUSE_TEST(scope_of_a_request),
        HOUSE_TEST(response_types_are_those_registered),
        HOUSE_TEST(backends_have_no_users),
        HOUSE_TEST(nonce_is_needed_where_an_id_token_comes_through_the_browser),
        HOUSE_TEST(pkce_downgrade_at_the_request),
        HOUSE_TEST(param_pollution_every_parameter_of_a_request),
        HOUSE_TEST(unknown_parameters_are_ignored),
        HOUSE_TEST(parameters_may_be_posted),
        HOUSE_TEST(bombs_parameters_are_bounded),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
