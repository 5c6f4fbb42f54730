/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between an authorization request and its answer: who is signed in, who it must be,
 * and a request kept between two pages (OpenID Connect Core 3.1.2.1, 3.1.2.3, 5.5.1). */
#include "harness.h"

#include <string.h>

/* ---- what stands between ---- */

static void nobody_signs_in(void **state) {
    struct house *h = *state;
    struct browser b = {.sso = NULL};
    struct answer a = browser_get(h, &b, ASK_CONF "&display=popup&ui_locales=de+en&login_hint=me");
    assert_int_equal(a.status, 299);
    assert_int_equal(b.step, AUTHORIZE_LOGIN);
    assert_true(str_is(b.request.display, "popup") && str_is(b.request.ui_locales, "de en"));
    assert_true(str_is(b.request.login_hint, "me"));
    a = browser_get(h, &b, ASK_CONF "&prompt=none&state=s");
    assert_redirected(h, &a, REDIRECT "?error=", "login_required");
    assert_string_equal(location_param(h, &a, "state"), "s");
}

static void prompts_ask(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const struct {
        const char *prompt;
        enum authorize_step step;
    } cases[] = {{"login", AUTHORIZE_LOGIN},
                 {"consent", AUTHORIZE_CONSENT},
                 {"select_account", AUTHORIZE_SELECT},
                 {"select_account%20login", AUTHORIZE_LOGIN},
                 {"consent%20select_account", AUTHORIZE_SELECT}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer a =
            browser_get(h, &b, format(&h->cx, ASK_CONF "&prompt=%s", cases[i].prompt));
        assert_int_equal(a.status, 299);
        assert_int_equal(b.step, cases[i].step);
    }
    struct answer a = browser_get(h, &b, ASK_CONF "&prompt=none");
    assert_redirected(h, &a, REDIRECT "?code=", "");
}

/* More than what was allowed, or taken back: asked, and with prompt=none an error (Core 3.1.2.6).
 */
static void what_was_not_allowed_is_asked(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    enum authorize_step step;
    struct answer a = browser_get(h, &b, ASK_CONF);
    assert_redirected(h, &a, REDIRECT "?code=", "");
    struct authorize r = b.request;
    r.consent_due = true;
    assert_int_equal(authorize_decide(&h->cx, &r, b.sso, &step), OK);
    assert_int_equal(step, AUTHORIZE_CONSENT);
    r.prompt = PROMPT_NONE;
    assert_int_equal(authorize_decide(&h->cx, &r, b.sso, &step), ERR_CONSENT_REQUIRED);
    assert_int_equal(authorize_decide(&h->cx, &r, NULL, &step), ERR_LOGIN_REQUIRED);
}

static void max_age_is_counted_from_the_sign_in(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a = browser_get(h, &b, ASK_CONF "&max_age=0");
    assert_int_equal(b.step, AUTHORIZE_LOGIN);
    house_later(h, 100);
    a = browser_get(h, &b, ASK_CONF "&max_age=100");
    assert_redirected(h, &a, REDIRECT "?code=", "");
    a = browser_get(h, &b, ASK_CONF "&max_age=99");
    assert_int_equal(a.status, 299);
    assert_int_equal(b.step, AUTHORIZE_LOGIN);
    a = browser_get(h, &b, ASK_CONF "&max_age=99&prompt=none");
    assert_redirected(h, &a, REDIRECT "?error=", "login_required");
}

static const char *id_token(struct house *h, struct browser *b) {
    struct answer a = redeem(h, APP_CONF, code_of(h, b, ASK_CONF), "");
    assert_ok(&a);
    return answer_text(&a, "id_token");
}

static void hints_name_who_it_must_be(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER), other = browser_new(h, TENANT, USER_AGENT);
    const char *hint = id_token(h, &b);
    const char *query = format(&h->cx, ASK_CONF "&login_hint=x&id_token_hint=%s", hint);
    house_later(h, 7200); /* expired ones are taken */
    struct answer a = browser_get(h, &b, query);
    assert_redirected(h, &a, REDIRECT "?code=", "");
    assert_true(str_is(b.request.hint_employee_id, USER));
    a = browser_get(h, &other, query);
    assert_int_equal(a.status, 299);
    assert_int_equal(other.step, AUTHORIZE_LOGIN);
    a = browser_get(h, &other, format(&h->cx, "%s&prompt=none", query));
    assert_redirected(h, &a, REDIRECT "?error=", "login_required");
    assert_false(authorize_is_for(&b.request, STR(TENANT), STR(USER_AGENT)));
    assert_false(authorize_is_for(&b.request, STR(TENANT_TWO), STR(USER)));
    assert_true(authorize_is_for(&b.request, STR(TENANT), STR(USER)));
}

static void audience_hints_of_others_are_refused(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer tokens = password_token(h),
                  own = redeem(h, APP_CONF, code_of(h, &b, ASK_CONF), "");
    const char *id = answer_text(&own, "id_token");
    char *forged = str_z(h->arena, str_from(id));
    forged[strlen(forged) - 10] = forged[strlen(forged) - 10] == 'A' ? 'B' : 'A';
    const char *const hints[] = {answer_text(&own, "access_token"),
                                 answer_text(&own, "refresh_token"),
                                 answer_text(&tokens, "access_token"), forged};
    for (size_t i = 0; i < COUNT_OF(hints); i++) {
        struct answer a =
            browser_get(h, &b, format(&h->cx, ASK_CONF "&id_token_hint=%s", hints[i]));
        assert_redirected(h, &a, REDIRECT "?error=", "invalid_request");
    }
    struct answer a = browser_get(h, &b, format(&h->cx, ASK_PUBLIC "&id_token_hint=%s", id));
    assert_redirected(h, &a, REDIRECT_PUBLIC "?error=", "invalid_request");
}

static void claims_ask_for_a_user(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char ask_sub[] = ASK_CONF
        "&claims=%%7B%%22id_token%%22%%3A%%7B%%22sub%%22%%3A%%7B%%22value%%22%%3A%%22user%%3A%s%%22"
        "%%7D%%7D%%7D";
    struct answer a = browser_get(h, &b, format(&h->cx, ask_sub, USER));
    assert_redirected(h, &a, REDIRECT "?code=", "");
    a = browser_get(h, &b, format(&h->cx, ask_sub, USER_AGENT));
    assert_int_equal(a.status, 299);
    assert_int_equal(b.step, AUTHORIZE_LOGIN);
}

/* Core 5.5.1.1, 3.1.2.3: a session of one factor is not enough for an essential acr of two. */
static void an_essential_acr_of_two_asks_for_both(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *two = "&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C"
                      "%22value%22%3A%222%22%7D%7D%7D";
    struct answer a = browser_get(h, &b, format(&h->cx, ASK_CONF "%s", two));
    assert_int_equal(b.step, AUTHORIZE_LOGIN);
    struct authorize again;
    struct str kept = authorize_write(h->arena, &b.request);
    assert_int_equal(authorize_parse(&h->cx, kept, &again), OK);
    assert_true(again.two_factors);
    a = browser_get(h, &b, format(&h->cx, ASK_CONF "&prompt=none%s", two));
    assert_redirected(h, &a, REDIRECT "?error=", "login_required");
    b.sso->amr = STR("pwd otp mfa");
    a = browser_get(h, &b, format(&h->cx, ASK_CONF "&prompt=none%s", two));
    assert_redirected(h, &a, REDIRECT "?code=", "");
    b.sso->amr = STR("pwd"); /* a wish is none */
    a = browser_get(h, &b, ASK_CONF "&prompt=none&acr_values=2");
    assert_redirected(h, &a, REDIRECT "?code=", "");
}

/* ---- between two pages ---- */

static void kept_requests_come_back_whole(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct authorize again;
    struct answer a =
        browser_get(h, &b,
                    ASK_CONF "&state=%22%5C%C3%BC%20+&nonce=n&max_age=5"
                             "&response_mode=form_post&acr_values=1+2&tenantId=" TENANT
                             "&claims=%7B%22id_token%22%3A%7B%22email%22%3Anull%7D%7D"
                             "&login_hint=a@b" PKCE);
    assert_int_equal(a.status, 200);
    struct str kept = authorize_write(h->arena, &b.request);
    assert_int_equal(authorize_parse(&h->cx, kept, &again), OK);
    assert_true(str_eq(authorize_write(h->arena, &again), kept));
    assert_true(str_is(again.state, "\"\\\xc3\xbc  ") && again.max_age == 5);
    assert_true(str_is(again.application.name, "conf") && str_is(again.tenant_id, TENANT));
}

static void dead_means_dead_kept_requests_are_asked_again(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct authorize again;
    (void)browser_get(h, &b, ASK_CONF);
    struct str kept = authorize_write(h->arena, &b.request);
    house_sql(h, "UPDATE application SET redirects = '[]' WHERE application_id = '" APP_CONF "'");
    assert_int_equal(authorize_parse(&h->cx, kept, &again), ERR_INVALID_REQUEST);
    house_sql(h, "UPDATE application SET redirects = '[\"" REDIRECT
                 "\"]', response_types = '[\"token\"]' WHERE application_id = '" APP_CONF "'");
    assert_int_equal(authorize_parse(&h->cx, kept, &again), ERR_UNAUTHORIZED_CLIENT);
    house_sql(h, "UPDATE application SET is_enabled = 0 WHERE application_id = '" APP_CONF "'");
    assert_int_equal(authorize_parse(&h->cx, kept, &again), ERR_INVALID_CLIENT);
}

static void parsers_kept_requests_that_are_broken(void **state) {
    struct house *h = *state;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"client_id\":1}",
        "{\"clientTenantId\":\"a\",\"client_id\":\"b\",\"redirect_uri\":\"c\",\"responseType\":8,"
        "\"prompt\":0,\"response_mode\":\"query\"}",
        "{\"clientTenantId\":\"a\",\"client_id\":\"b\",\"redirect_uri\":\"c\",\"responseType\":4,"
        "\"prompt\":0,\"response_mode\":\"query\"}",
        "{\"clientTenantId\":\"a\",\"client_id\":\"b\",\"redirect_uri\":\"c\",\"responseType\":1,"
        "\"prompt\":16,\"response_mode\":\"query\"}",
        "{\"clientTenantId\":\"a\",\"client_id\":\"b\",\"redirect_uri\":\"\",\"responseType\":1,"
        "\"prompt\":0,\"response_mode\":\"query\"}"};
    struct authorize r;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(authorize_stored_parse(&h->cx, str_from(texts[i]), &r),
                         ERR_INVALID_REQUEST);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(nobody_signs_in),
        HOUSE_TEST(prompts_ask),
        HOUSE_TEST(what_was_not_allowed_is_asked),
        HOUSE_TEST(max_age_is_counted_from_the_sign_in),
        HOUSE_TEST(hints_name_who_it_must_be),
        HOUSE_TEST(audience_hints_of_others_are_refused),
        HOUSE_TEST(claims_ask_for_a_user),
        HOUSE_TEST(an_essential_acr_of_two_asks_for_both),
        HOUSE_TEST(kept_requests_come_back_whole),
        HOUSE_TEST(dead_means_dead_kept_requests_are_asked_again),
        HOUSE_TEST(parsers_kept_requests_that_are_broken),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
