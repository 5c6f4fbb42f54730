/* SPDX-License-Identifier: Apache-2.0 */
/* URLs: what is one, whose it is, where a reference leads. */
#include "../fixture.h"
#include "client.h"

static void check_origin(struct fixture *f, const char *url, const char *expected) {
    struct str origin;
    if (!url_origin(f->arena, str_from(url), &origin)) {
        fail_msg("'%s' is refused", url);
    }
    assert_str(origin, expected);
}

static void origins_are_normalised(void **state) {
    struct fixture *f = *state;
    check_origin(f, "https://host", "https://host");
    check_origin(f, "HTTPS://Host.Example:443/A?b#c", "https://host.example");
    check_origin(f, "http://host:80?x", "http://host");
    check_origin(f, "http://host:443", "http://host:443");
    check_origin(f, "https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443");
    check_origin(f, "https://127.0.0.1:8420#x", "https://127.0.0.1:8420");
}

/* SECURITY ssrf: what two parsers could read in two ways is no URL. */
static void ssrf_ambiguous_urls_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",
        "host",
        "//host",
        "ftp://host",
        "file:///etc/passwd",
        "https:/host",
        "https://",
        "https:///path",
        "https://user@host",
        "https://user:pass@host",
        "https://good.example\\@evil.example",
        "https://good.example@evil.example",
        "https://host\\path",
        "https://ho st",
        "https://host/a b",
        "https://host/\x01",
        "https://host/\x7f",
        "https://host\r\nX: y",
        "https://h\xc3\xb6st",
        "https://host/\xff",
        "https://host%2eexample",
        "https://host:",
        "https://host:0",
        "https://host:65536",
        "https://host:-1",
        "https://host:+1",
        "https://host:80x",
        "https://host:080080",
        "https://[::1",
        "https://[]",
        "https://[1]",
        "https://[::1]x",
        "https://[::1%25lo]",
        "https://::1",
        "https://.host",
        "https://host/\"",
        "https://host/<",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str origin;
        if (url_origin(f->arena, str_from(bad[i]), &origin)) {
            fail_msg("'%s' passes", bad[i]);
        }
        assert_false(url_is_safe(str_from(bad[i])));
    }
    assert_false(url_origin(f->arena, (struct str){"https://host/\0", 14}, &(struct str){0}));
}

static void length_is_bounded(void **state) {
    struct fixture *f = *state;
    struct url url;
    char *text = arena_alloc(f->arena, URL_MAX + 2);
    memset(text, 'a', URL_MAX + 1);
    memcpy(text, "https://h/", 10);
    assert_true(url_parse((struct str){text, URL_MAX}, &url));
    assert_false(url_parse((struct str){text, URL_MAX + 1}, &url));
    memset(text + 8, 'h', 254);
    assert_true(url_parse((struct str){text, 8 + 253}, &url));
    assert_false(url_parse((struct str){text, 8 + 254}, &url));
}

static void http_is_for_loopback(void **state) {
    (void)state;
    static const char *const safe[] = {"https://host.example", "http://localhost:8420/x",
                                       "http://LOCALHOST",     "http://127.0.0.1",
                                       "http://127.255.0.9:1", "http://[::1]:8420"};
    static const char *const unsafe[] = {"http://host.example",       "http://localhost.example",
                                         "http://127.0.0.1.example",  "http://127.1",
                                         "http://127.0.0.256",        "http://127.0.0.01",
                                         "http://0177.0.0.1",         "http://2130706433",
                                         "http://0x7f.0.0.1",         "http://127.0.0.1.",
                                         "http://127..0.1",           "http://[::2]",
                                         "http://[::ffff:127.0.0.1]", "http://10.0.0.1",
                                         "http://128.0.0.1"};
    for (size_t i = 0; i < COUNT_OF(safe); i++) {
        assert_true(url_is_safe(str_from(safe[i])));
    }
    for (size_t i = 0; i < COUNT_OF(unsafe); i++) {
        if (url_is_safe(str_from(unsafe[i]))) {
            fail_msg("'%s' passes", unsafe[i]);
        }
    }
}

static void same_origin(void **state) {
    struct fixture *f = *state;
    assert_true(url_same_origin(f->arena, STR("https://A/x"), STR("https://a:443/y")));
    assert_false(url_same_origin(f->arena, STR("https://a"), STR("http://a")));
    assert_false(url_same_origin(f->arena, STR("https://a"), STR("https://a:444")));
    assert_false(url_same_origin(f->arena, STR("https://a"), STR("https://a.b")));
    assert_false(url_same_origin(f->arena, STR("nothing"), STR("nothing")));
}

static void shown_without_query(void **state) {
    (void)state;
    assert_str(url_shown(STR("https://a/b?token=c")), "https://a/b");
    assert_str(url_shown(STR("https://a/b#c?d")), "https://a/b");
    assert_str(url_shown(STR("https://a")), "https://a");
}

/* RFC 3986 5.4.1, as far as dot segments are not concerned. */
static void references_are_resolved(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *reference, *expected;
    } cases[] = {
        {"https://g/h", "https://g/h"},
        {"//g", "https://g"},
        {"/g", "https://a:1/g"},
        {"g", "https://a:1/b/c/g"},
        {"g/", "https://a:1/b/c/g/"},
        {"?y", "https://a:1/b/c/d;p?y"},
        {"g?y", "https://a:1/b/c/g?y"},
        {"g#s", "https://a:1/b/c/g"},
        {";x", "https://a:1/b/c/;x"},
        {"/g?a=b:c", "https://a:1/g?a=b:c"},
        {"g;x=1/y", "https://a:1/b/c/g;x=1/y"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str url;
        assert_true(url_resolve(f->arena, STR("https://a:1/b/c/d;p?q"),
                                str_from(cases[i].reference), &url));
        assert_str(url, cases[i].expected);
    }
    struct str url;
    assert_true(url_resolve(f->arena, STR("https://a"), STR("g"), &url));
    assert_str(url, "https://a/g");
}

static void references_elsewhere_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"",          "#x",    "javascript:alert(1)",
                                      "file:///x", "//u@h", "/a\\b",
                                      "/a b",      "\\\\h", "mailto:x",
                                      "https:x",   "///x"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str url;
        if (url_resolve(f->arena, STR("https://a/b"), str_from(bad[i]), &url)) {
            fail_msg("'%s' gives '%.*s'", bad[i], STR_ARG(url));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(origins_are_normalised),
        TEST(ssrf_ambiguous_urls_are_refused),
        TEST(length_is_bounded),
        TEST(http_is_for_loopback),
        TEST(same_origin),
        TEST(shown_without_query),
        TEST(references_are_resolved),
        TEST(references_elsewhere_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
