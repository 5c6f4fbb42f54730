/* SPDX-License-Identifier: Apache-2.0 */
/* Cookies: their names, attributes, and what is not believed. */
#include "web_fixture.h"

static struct str read_session(struct fixture *f, struct visit *v) {
    struct str value;
    assert_int_equal(cookie_read(&f->cx, &v->rq, COOKIE_SESSION, &value), OK);
    return value;
}

static void fixation_https_cookies_belong_to_the_host(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "https://id.example");
    cookie_set(&f->cx, &v.rq, COOKIE_SESSION, STR("T.R"), &v.rp);
    assert_str(reply_value(&v.rp, "Set-Cookie"),
               "__Host-postern-session=T.R; Path=/; HttpOnly; SameSite=Lax; Secure");
    v.rp = (struct reply){.status = 0};
    cookie_clear(&f->cx, &v.rq, COOKIE_SESSION, &v.rp);
    assert_str(reply_value(&v.rp, "Set-Cookie"),
               "__Host-postern-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0");
    /* What plain http could have planted does not count here. */
    visit_header(&v, "cookie", "postern-session=planted");
    assert_null(read_session(f, &v).p);
}

static void http_cookies_have_no_prefix(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "http://localhost:8420");
    cookie_set(&f->cx, &v.rq, COOKIE_BROWSER, STR("x"), &v.rp);
    assert_str(reply_value(&v.rp, "Set-Cookie"),
               "postern-browser=x; Path=/; HttpOnly; SameSite=Lax");
    visit_header(&v, "cookie", "a=b; postern-session=T.R; postern-browser=x");
    assert_str(read_session(f, &v), "T.R");
}

static void fixation_two_cookies_of_one_name_are_none(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "https://id.example");
    visit_header(&v, "cookie", "__Host-postern-session=A; __Host-postern-session=B");
    assert_null(read_session(f, &v).p);
}

static void empty_and_broken_cookies_are_none(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"__Host-postern-session=", "__Host-postern-session=\xff",
                                      "__host-postern-session=T.R", ""};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct visit v;
        visit_begin(&v, "https://id.example");
        visit_header(&v, "cookie", bad[i]);
        assert_null(read_session(f, &v).p);
    }
}

/* A form of a page of ours, posted by the browser whose cookie is `cookie`. */
static err token_check(struct fixture *f, const char *cookie, struct str token) {
    struct visit v;
    struct param posted[] = {{STR("form_token"), token}};
    visit_begin(&v, "https://id.example");
    if (cookie != NULL) {
        visit_header(&v, "cookie", cookie);
    }
    v.rq.form = (struct params){posted, token.p != NULL ? 1 : 0};
    return form_token_check(&f->cx, &v.rq);
}

static void fixation_a_form_is_of_the_session_that_it_was_shown_to(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "https://id.example");
    visit_header(&v, "cookie", "__Host-postern-session=T.R");
    struct page p = {.h = {buf_in(f->arena, 256)}, .cx = &f->cx, .rq = &v.rq};
    assert_int_equal(form_token_write(&p), OK);
    struct str text = buf_view(&p.h.to), value = STR("value=\"");
    const char *at = memmem(text.p, text.n, value.p, value.n);
    assert_non_null(at);
    struct str token = {at + value.n, (size_t)(text.p + text.n - at) - value.n};
    token = str_sub(token, 0, str_find_char(token, '"'));
    assert_int_equal(token_check(f, "__Host-postern-session=T.R", token), OK);
    assert_int_equal(token_check(f, "__Host-postern-session=T.S", token), ERR_FORBIDDEN);
    assert_int_equal(token_check(f, "postern-session=T.R", token), ERR_FORBIDDEN);
    assert_int_equal(token_check(f, NULL, token), ERR_FORBIDDEN);
    assert_int_equal(token_check(f, "__Host-postern-session=T.R", STR_NONE), ERR_FORBIDDEN);
    assert_int_equal(token_check(f, "__Host-postern-session=T.R", STR("")), ERR_FORBIDDEN);
    assert_int_equal(token_check(f, "__Host-postern-session=T.R", str_sub(token, 1, token.n)),
                     ERR_FORBIDDEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(fixation_https_cookies_belong_to_the_host),
        TEST(http_cookies_have_no_prefix),
        TEST(fixation_a_form_is_of_the_session_that_it_was_shown_to),
        TEST(fixation_two_cookies_of_one_name_are_none),
        TEST(empty_and_broken_cookies_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
