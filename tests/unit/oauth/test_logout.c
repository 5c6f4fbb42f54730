/* SPDX-License-Identifier: Apache-2.0 */
/* RP-initiated logout: the decision, and the walk with pages that say which they are (OpenID
 * Connect RP-Initiated Logout 1.0; the oidcc-rp-initiated-logout-* modules). */
#include "harness.h"

#include <string.h>

#define CONFIRM 298
#define ENDED   297

static err page_session(struct ctx *cx, const struct request *rq, struct sso_session *ret) {
    const struct browser *b = rq->job_state;
    if (b->sso == NULL) {
        return fail(cx, ERR_NOT_FOUND, "nobody");
    }
    *ret = *b->sso;
    return OK;
}

static err page_browser(struct ctx *cx, const struct request *rq, struct str *ret_browser) {
    (void)cx;
    (void)rq;
    *ret_browser = STR("the secret of a browser");
    return OK;
}

static err page_confirmed(struct ctx *cx, const struct request *rq, bool *ret_yes) {
    struct str yes;
    TRY(request_param(cx, rq, "confirmation", &yes));
    *ret_yes = str_is(yes, "yes");
    return OK;
}

static err page_confirm(struct ctx *cx, const struct request *rq, const struct logout *l,
                        const struct sso_session *sso, struct reply *rp) {
    (void)cx;
    (void)rq;
    (void)l;
    (void)sso;
    rp->status = CONFIRM;
    return OK;
}

static err page_ended(struct ctx *cx, const struct request *rq, const struct logout *l,
                      struct reply *rp) {
    (void)cx;
    (void)rq;
    (void)l;
    rp->status = ENDED;
    return OK;
}

static void page_forget(struct ctx *cx, const struct request *rq, struct reply *rp) {
    (void)cx;
    (void)rq;
    reply_header(rp, "Set-Cookie", STR("gone"));
}

static err logout_handle(struct ctx *cx, const struct request *rq, struct reply *rp) {
    static const struct logout_pages pages = {.session = page_session,
                                              .browser = page_browser,
                                              .confirmed = page_confirmed,
                                              .confirm = page_confirm,
                                              .ended = page_ended,
                                              .forget = page_forget};
    return logout_run(cx, rq, &pages, rp);
}

static struct answer get(struct house *h, struct browser *b, const char *query) {
    return ASK(h, .handle = logout_handle, .method = HTTP_GET, .query = query, .job_state = b);
}

static int64_t alive(struct house *h) {
    return house_number(h, "SELECT count(*) FROM sso_session WHERE ended_at IS NULL");
}

static const char *hint(struct house *h, struct browser *b) {
    struct answer a = redeem(h, APP_CONF, code_of(h, b, ASK_CONF), "");
    assert_ok(&a);
    return answer_text(&a, "id_token");
}

static void assert_gone(struct house *h, const struct answer *a, const char *to) {
    assert_int_equal(a->status, 303);
    assert_string_equal(answer_header(a, "Location", h->arena), to);
    assert_string_equal(answer_header(a, "Set-Cookie", h->arena), "gone");
}

static void hint_of_the_one_who_is_signed_in_ends_it_at_once(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer tokens = redeem(h, APP_CONF, code_of(h, &b, ASK_CONF), "");
    house_later(h, 4000); /* an expired hint is one */
    struct answer a =
        get(h, &b,
            format(&h->cx, "id_token_hint=%s&post_logout_redirect_uri=" LOGOUT "&state=%s",
                   answer_text(&tokens, "id_token"), "a%2Bb%26"));
    assert_gone(h, &a, LOGOUT "?state=a%2Bb%26");
    assert_int_equal(alive(h), 0);
    /* And what it gave to applications. */
    a = refresh_post(&h->cx, APP_CONF, answer_text(&tokens, "refresh_token"));
    assert_error(&a, 400, "invalid_grant");
}

static void query_of_the_address_is_kept(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a =
        get(h, &b,
            format(&h->cx, "id_token_hint=%s&state=s&post_logout_redirect_uri=" LOGOUT "%%3Fx%%3D1",
                   hint(h, &b)));
    assert_gone(h, &a, LOGOUT "?x=1&state=s");
}

static void no_state_and_no_address(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *id = hint(h, &b);
    struct answer a =
        get(h, &b, format(&h->cx, "id_token_hint=%s&post_logout_redirect_uri=" LOGOUT, id));
    assert_gone(h, &a, LOGOUT);
    a = get(h, &b, format(&h->cx, "id_token_hint=%s", id));
    assert_int_equal(a.status, ENDED);
    assert_string_equal(answer_header(&a, "Location", h->arena), "");
}

static void without_a_hint_the_person_is_asked(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char *const queries[] = {
        "", "state=s", "client_id=" APP_CONF, "post_logout_redirect_uri=" LOGOUT,
        "client_id=" APP_CONF "&post_logout_redirect_uri=" LOGOUT};
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct answer a = get(h, &b, queries[i]);
        assert_int_equal(a.status, CONFIRM);
        assert_int_equal(alive(h), 1);
    }
    /* Whose the address is cannot be told without an application. */
    struct answer a = ASK(h, .handle = logout_handle, .job_state = &b,
                          .body = "confirmation=yes&post_logout_redirect_uri=" LOGOUT);
    assert_int_equal(a.status, ENDED);
    assert_int_equal(alive(h), 0);
    a = ASK(h, .handle = logout_handle, .job_state = &b,
            .body = "confirmation=yes&client_id=" APP_CONF "&post_logout_redirect_uri=" LOGOUT);
    assert_gone(h, &a, LOGOUT);
}

static void hint_of_another_user_asks(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER), other = browser_new(h, TENANT, USER_AGENT);
    struct answer a =
        get(h, &b,
            format(&h->cx, "id_token_hint=%s&post_logout_redirect_uri=" LOGOUT, hint(h, &other)));
    assert_int_equal(a.status, CONFIRM);
    assert_int_equal(alive(h), 2);
}

static void nobody_signed_in_goes_on(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *id = hint(h, &b);
    b.sso = NULL;
    struct answer a = get(h, &b, "");
    assert_int_equal(a.status, ENDED);
    assert_int_equal(alive(h), 1);
    /* The browser did not bring its session; the hint says which one it is. */
    a = get(h, &b, format(&h->cx, "id_token_hint=%s&post_logout_redirect_uri=" LOGOUT, id));
    assert_gone(h, &a, LOGOUT);
    assert_int_equal(alive(h), 0);
}

static void no_open_redirect_after_a_logout(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *id = hint(h, &b);
    static const char *const addresses[] = {
        "https%3A%2F%2Fevil.example", LOGOUT "%2F",        LOGOUT "%3Fy%3D1", REDIRECT,
        "javascript%3Aalert(1)",      LOGOUT "%0D%0AX%3A1"};
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct answer a =
            get(h, &b,
                format(&h->cx, "id_token_hint=%s&post_logout_redirect_uri=%s", id, addresses[i]));
        assert_error(&a, 400, "invalid_request");
    }
    assert_int_equal(alive(h), 1);
}

/* Logout 4: what failed to validate is not used. The person is asked, and the way back is not gone.
 */
static void audience_hints_that_are_bad_or_modified_are_as_none(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    char *modified = str_z(h->arena, str_from(hint(h, &b)));
    modified[strlen(modified) - 10] = modified[strlen(modified) - 10] == 'A' ? 'B' : 'A';
    struct answer tokens = password_token(h);
    const char *const hints[] = {"x", "a.b.c", modified, answer_text(&tokens, "access_token"),
                                 answer_text(&tokens, "refresh_token")};
    for (size_t i = 0; i < COUNT_OF(hints); i++) {
        struct answer a = get(
            h, &b, format(&h->cx, "id_token_hint=%s&post_logout_redirect_uri=" LOGOUT, hints[i]));
        assert_int_equal(a.status, CONFIRM);
        assert_int_equal(alive(h), 1);
    }
    struct browser nobody = {.sso = NULL};
    struct answer a = get(
        h, &nobody,
        format(&h->cx, "id_token_hint=%s&client_id=" APP_CONF "&post_logout_redirect_uri=" LOGOUT,
               modified));
    assert_int_equal(a.status, ENDED);
    a = ASK(h, .handle = logout_handle, .job_state = &b,
            .body = format(&h->cx,
                           "confirmation=yes&id_token_hint=%s&client_id=" APP_CONF
                           "&post_logout_redirect_uri=" LOGOUT,
                           modified));
    assert_int_equal(a.status, ENDED);
    assert_int_equal(alive(h), 0);
}

static void applications_that_are_another_or_none_are_pages(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a =
        get(h, &b, format(&h->cx, "id_token_hint=%s&client_id=" APP_PUBLIC, hint(h, &b)));
    assert_error(&a, 400, "invalid_request");
    a = get(h, &b, "client_id=unknown");
    assert_error(&a, 401, "invalid_client");
    assert_int_equal(alive(h), 1);
}

static void param_pollution_of_a_logout(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char *const names[] = {"id_token_hint", "client_id", "ui_locales", "logout_hint"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *once = format(&h->cx, "%s=a", names[i]);
        struct answer a = get(h, &b, format(&h->cx, "%s&%s", once, once));
        assert_error(&a, 400, "invalid_request");
        a = ASK(h, .handle = logout_handle, .query = once, .body = once, .job_state = &b);
        assert_error(&a, 400, "invalid_request");
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(hint_of_the_one_who_is_signed_in_ends_it_at_once),
        HOUSE_TEST(query_of_the_address_is_kept),
        HOUSE_TEST(no_state_and_no_address),
        HOUSE_TEST(without_a_hint_the_person_is_asked),
        HOUSE_TEST(hint_of_another_user_asks),
        HOUSE_TEST(nobody_signed_in_goes_on),
        HOUSE_TEST(no_open_redirect_after_a_logout),
        HOUSE_TEST(audience_hints_that_are_bad_or_modified_are_as_none),
        HOUSE_TEST(applications_that_are_another_or_none_are_pages),
        HOUSE_TEST(param_pollution_of_a_logout),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
