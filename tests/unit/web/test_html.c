/* SPDX-License-Identifier: Apache-2.0 */
/* The writer escapes by default. */
#include "web_fixture.h"

static struct html begin(struct fixture *f) {
    return (struct html){.to = buf_in(f->arena, 16)};
}

static struct str text_of(struct fixture *f, const char *text) {
    struct html h = begin(f);
    html_text(&h, str_from(text));
    return buf_view(&h.to);
}

static void xss_text_has_no_markup(void **state) {
    struct fixture *f = *state;
    assert_str(text_of(f, "<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_str(text_of(f, "&lt;"), "&amp;lt;");
    assert_str(text_of(f, "\"'`"), "&quot;&#39;&#96;");
    assert_str(text_of(f, "</title><svg/onload=x>"), "&lt;/title&gt;&lt;svg/onload=x&gt;");
    assert_str(text_of(f, "Zo\xc3\xab & Kim"), "Zo\xc3\xab &amp; Kim");
}

static void xss_attributes_cannot_be_left(void **state) {
    struct fixture *f = *state;
    struct html h = begin(f);
    HTML_ATTR(&h, "value", STR("\" autofocus onfocus=\"alert(1)"));
    assert_str(buf_view(&h.to), " value=\"&quot; autofocus onfocus=&quot;alert(1)\"");
    h = begin(f);
    HTML_ATTR(&h, "value", STR_NONE);
    assert_str(buf_view(&h.to), " value=\"\"");
}

static void xss_controls_and_bad_utf8_are_replaced(void **state) {
    struct fixture *f = *state;
    assert_str(text_of(f, "a\x01"
                          "b\x1b"
                          "c\x7f"),
               "a\xef\xbf\xbd"
               "b\xef\xbf\xbd"
               "c\xef\xbf\xbd");
    assert_str(text_of(f, "\xc2\x85"), "\xef\xbf\xbd");
    assert_str(text_of(f, "\xff<"), "\xef\xbf\xbd&lt;");
    assert_str(text_of(f, "\xc0\xbcscript"), "\xef\xbf\xbd\xef\xbf\xbdscript");
    assert_str(text_of(f, "\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
    struct html h = begin(f);
    html_text(&h, (struct str){"a\0b", 3});
    assert_str(buf_view(&h.to), "a\xef\xbf\xbd"
                                "b");
}

/* A name written from right to left does not turn the text around it. */
static void xss_names_keep_their_direction_to_themselves(void **state) {
    struct fixture *f = *state;
    struct html h = begin(f);
    html_name(&h, STR("\xe2\x80\xae<moc"));
    assert_str(buf_view(&h.to), "<bdi>\xe2\x80\xae&lt;moc</bdi>");
}

static void xss_only_plain_urls_become_links(void **state) {
    (void)state;
    static const char *const good[] = {"/auth/login?flow=x", "https://a.example/x?y=1&z=2#f",
                                       "http://127.0.0.1:8420/", "HTTPS://a.example"};
    static const char *const bad[] = {"javascript:alert(1)",
                                      "JaVaScRiPt:alert(1)",
                                      "java\nscript:alert(1)",
                                      " javascript:alert(1)",
                                      "\x01javascript:alert(1)",
                                      "data:text/html,<script>alert(1)</script>",
                                      "vbscript:x",
                                      "//evil.example/",
                                      "/\\evil.example/",
                                      "\\\\evil.example",
                                      "/\t/evil.example",
                                      "https:evil.example",
                                      "https://a.example/\nx",
                                      "evil.example",
                                      "",
                                      "blob:https://a.example/1"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(url_is_plain(str_from(good[i])));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (url_is_plain(str_from(bad[i]))) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
}

static void xss_other_urls_lead_nowhere(void **state) {
    struct fixture *f = *state;
    struct html h = begin(f);
    HTML_URL(&h, "href", STR("javascript:alert(1)"));
    HTML_URL(&h, "href", STR("/a?b=1&c=\"2"));
    assert_str(buf_view(&h.to), " href=\"#\" href=\"/a?b=1&amp;c=&quot;2\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(xss_text_has_no_markup),
        TEST(xss_attributes_cannot_be_left),
        TEST(xss_controls_and_bad_utf8_are_replaced),
        TEST(xss_names_keep_their_direction_to_themselves),
        TEST(xss_only_plain_urls_become_links),
        TEST(xss_other_urls_lead_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
