/* SPDX-License-Identifier: Apache-2.0 */
/* The layout, its headers, and pages with hostile values on them. */
#include "web_fixture.h"

#define HOSTILE "<script>alert(1)</script>\"'\xe2\x80\xae"

static struct str page_with(struct fixture *f, struct visit *v, const struct page_options *o) {
    struct page *p = page_begin(&f->cx, &v->rq, o);
    page_problem(p, TEXT_PROBLEM_LOCKED, TEXT_VALUES({"minutes", STR(HOSTILE)}), NULL);
    page_paragraph(p, TEXT_CONSENT_ASKS,
                   TEXT_VALUES({"application", STR(HOSTILE)}, {"user", STR(HOSTILE)}));
    page_end(p, &v->rp);
    return v->rp.body;
}

static void xss_values_of_a_page_are_text(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "https://id.example");
    v.rq.correlation = STR(HOSTILE);
    struct page_options o = {.title = TEXT_LOGIN_TITLE, .display = STR(HOSTILE)};
    struct str body = page_with(f, &v, &o);
    assert_has_not(body, "<script");
    assert_has(body, "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;\xe2\x80\xae</bdi>");
}

static void xss_what_an_application_sent_is_text(void **state) {
    struct fixture *f = *state;
    struct visit v;
    struct param query[] = {{STR("redirect_uri"), STR("javascript:" HOSTILE)},
                            {STR("client_id"), STR(HOSTILE)}};
    visit_begin(&v, "https://id.example");
    v.rq.query = (struct params){query, COUNT_OF(query)};
    err e = fail_say(&f->cx, ERR_INVALID_REQUEST, "No %s here.", HOSTILE);
    refused_page(&f->cx, &v.rq, e, &v.rp);
    assert_int_equal(v.rp.status, 400);
    assert_has_not(v.rp.body, "<script");
    assert_has_not(v.rp.body, "href=\"javascript");
    assert_has(v.rp.body, "redirect_uri = javascript:&lt;script&gt;");
    assert_has(v.rp.body, "<code id=\"error\">invalid_request</code>");
    error_page(&f->cx, &v.rq, e, &v.rp);
    assert_has_not(v.rp.body, "<script");
}

static void error_as(struct fixture *f, struct visit *v, err code, const char *seconds) {
    visit_begin(v, "https://id.example");
    reply_header(&v->rp, RETRY_AFTER, str_from(seconds));
    error_page(&f->cx, &v->rq, code, &v->rp);
}

static void a_page_says_when_to_try_again(void **state) {
    struct fixture *f = *state;
    struct visit v;
    error_as(f, &v, fail_say(&f->cx, ERR_RATE_LIMITED, "guesses"), "89");
    assert_int_equal(v.rp.status, 429);
    assert_has(v.rp.body, "Go back in <bdi>89</bdi> s");
    assert_has(v.rp.body, "Too many attempts");
    assert_str(reply_value(&v.rp, RETRY_AFTER), "89");
    error_as(f, &v, fail_say(&f->cx, ERR_RATE_LIMITED, "guesses"), "90");
    assert_has(v.rp.body, "Go back in <bdi>2</bdi> min");
    error_as(f, &v, fail_say(&f->cx, ERR_BUSY, "the queue is full"), "7");
    assert_int_equal(v.rp.status, 503);
    assert_has(v.rp.body, "Go back in <bdi>7</bdi> s");
    assert_has(v.rp.body, "Many people are signing in");
    assert_has_not(v.rp.body, "queue");
    error_as(f, &v, fail_say(&f->cx, ERR_STORAGE, "disk full"), "1");
    assert_has_not(v.rp.body, "Many people");
}

static void a_page_says_what_it_is_and_in_which_language(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "https://id.example");
    visit_header(&v, "accept-language", "tlh");
    struct page_options o = {.title = TEXT_LOGIN_TITLE, .display = STR("popup")};
    struct str body = page_with(f, &v, &o);
    assert_has(body, "<html lang=\"en\" class=\"popup\">");
    assert_has(body, "<title>Sign in \xc2\xb7 Postern</title>");
    assert_has(body, "role=\"alert\"");
    /* Whose page it is stands there by our own settings, not by what the client says. */
    assert_has(body, "id.example");
    assert_has_not(body, "evil.example");
    assert_str(reply_value(&v.rp, "Content-Language"), "en");
    assert_str(str_from(v.rp.content_type), "text/html; charset=utf-8");
    assert_false(v.rp.cacheable);
}

static void headers_allow_nothing_but_the_stylesheet_and_the_form(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "https://id.example");
    struct page_options o = {.title = TEXT_LOGIN_TITLE};
    (void)page_with(f, &v, &o);
    assert_str(reply_value(&v.rp, "Content-Security-Policy"),
               "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
               "frame-ancestors 'none'; form-action 'self'");
    assert_str(reply_value(&v.rp, "Referrer-Policy"), "no-referrer");
    visit_begin(&v, "https://id.example");
    o.redirect = STR("https://app.example:8443/cb?x=1");
    (void)page_with(f, &v, &o);
    assert_has(reply_value(&v.rp, "Content-Security-Policy"),
               "form-action 'self' https://app.example:8443");
}

static void xss_form_post_escapes(void **state) {
    struct fixture *f = *state;
    struct visit v;
    const struct param fields[] = {{STR("state"), STR(HOSTILE)}, {STR("iss"), STR("https://i")}};
    const struct authorize_form form = {STR("https://app.example/cb?a=\"&b"), fields, 2};
    const struct authorize r = {.application = {.name = STR(HOSTILE)}};
    visit_begin(&v, "https://id.example");
    form_page(&f->cx, &v.rq, &r, &form, &v.rp);
    assert_int_equal(v.rp.status, 200);
    assert_has(v.rp.body, "method=\"post\" accept-charset=\"utf-8\" "
                          "action=\"https://app.example/cb?a=&quot;&amp;b\"");
    assert_has(v.rp.body, "name=\"state\" value=\"&lt;script&gt;alert(1)");
    assert_has(v.rp.body, "name=\"iss\" value=\"https://i\"");
    assert_has_not(v.rp.body, "<script>alert");
    /* One script, and the policy names it and no place where forms may go. */
    static const char script[] = "document.forms[0].submit()";
    unsigned char digest[SHA256_SIZE];
    sha256(script, sizeof script - 1, digest);
    struct str hash = base64(f->cx.arena, digest, sizeof digest);
    struct str policy = reply_value(&v.rp, "Content-Security-Policy");
    assert_has(v.rp.body,
               str_z(f->cx.arena, str_format(f->cx.arena, "<script>%s</script>", script)));
    assert_has(policy, str_z(f->cx.arena,
                             str_format(f->cx.arena, "script-src 'sha256-%.*s'", STR_ARG(hash))));
    assert_has(policy, "default-src 'none'");
    assert_has(policy, "frame-ancestors 'none'");
    assert_has_not(policy, "form-action");
    assert_str(reply_value(&v.rp, "Referrer-Policy"), "no-referrer");
}

static void form_action_has_an_origin_or_nothing(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *uri, *source; /* NULL: none */
    } rows[] = {
        {"https://app.example/cb", "https://app.example"},
        {"HTTP://127.0.0.1:4711/cb", "http://127.0.0.1:4711"},
        {"https://app.example?x", "https://app.example"},
        {"http://[::1]:4711/cb", "http:"},
        {"com.example.app:/cb", "com.example.app:"},
        {"https://a.example; script-src *", NULL},
        {"https://a.example,b/", NULL},
        {"https://user@a.example/", NULL},
        {"https:a.example", NULL},
        {"https://*/", NULL},
        {"*", NULL},
        {"'unsafe-inline' x:", NULL},
        {"a;b:c", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str source = csp_source(f->arena, str_from(rows[i].uri));
        if (rows[i].source == NULL ? source.p != NULL : !str_is(source, rows[i].source)) {
            fail_msg("%s gave '%.*s'", rows[i].uri, STR_ARG(source));
        }
    }
}

/* SECURITY 303: the browser asks the next page with GET, without what was posted. */
static void see_other_303_and_never_307(void **state) {
    (void)state;
    struct reply rp = {.status = 0};
    page_see_other(&rp, STR("/auth/login?flow=x"));
    assert_int_equal(rp.status, 303);
    assert_str(reply_value(&rp, "Location"), "/auth/login?flow=x");
    assert_str(reply_value(&rp, "Referrer-Policy"), "no-referrer");
}

/* SECURITY static: a name, compared; no path, no file. */
static void static_assets_have_one_name_each(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "https://id.example");
    struct str path = asset_style_path(f->arena);
    assert_true(str_starts(path, ASSET_PATH));
    v.rq.path_param[0] = str_sub(path, STR(ASSET_PATH).n, path.n);
    assert_int_equal(asset_get(&f->cx, &v.rq, &v.rp), OK);
    assert_has(v.rp.body, "prefers-color-scheme: dark");
    assert_has(reply_value(&v.rp, "Cache-Control"), "immutable");
    static const char *const others[] = {"style.css", "../style.css", "style-.css", "/etc/passwd",
                                         ""};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct reply rp = {.status = 0};
        v.rq.path_param[0] = str_from(others[i]);
        assert_int_equal(asset_get(&f->cx, &v.rq, &rp), ERR_NOT_FOUND);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(xss_values_of_a_page_are_text),
        TEST(xss_what_an_application_sent_is_text),
        TEST(a_page_says_when_to_try_again),
        TEST(a_page_says_what_it_is_and_in_which_language),
        TEST(headers_allow_nothing_but_the_stylesheet_and_the_form),
        TEST(xss_form_post_escapes),
        TEST(form_action_has_an_origin_or_nothing),
        TEST(see_other_303_and_never_307),
        TEST(static_assets_have_one_name_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
