/* SPDX-License-Identifier: Apache-2.0 */
/* A tenant's name, images, texts and colours on a page, and what browsers say they are. */
#include "web_fixture.h"

#include "declare.h"

#define HOSTILE "<script>alert(1)</script>\"'\xe2\x80\xae"

static struct branding hostile_brand(struct fixture *f) {
    json_t *texts;
    assert_int_equal(json_parse(&f->cx,
                                STR("{\"de\":{\"welcome\":\"<script>alert(1)</script>\","
                                    "\"support\":\"\\\"><img src=x onerror=alert(1)>\","
                                    "\"help\":\"javascript:alert(1)\"}}"),
                                &texts),
                     OK);
    return (struct branding){.name = STR(HOSTILE),
                             .logo = {STR("\"><script>"), {STR("image/png"), 1, 1}},
                             .texts = texts};
}

static void xss_branding_is_text(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "https://id.example");
    struct branding b = hostile_brand(f);
    struct page_options o = {.title = TEXT_LOGIN_TITLE};
    struct page *p = page_begin(&f->cx, &v.rq, &o);
    p->brand = &b;
    branding_text(&f->cx, &b, STR("en"), &p->brand_text);
    brand_header(p);
    brand_welcome(p, true);
    brand_support(p);
    page_end(p, &v.rp);
    assert_has_not(v.rp.body, "<script");
    assert_has_not(v.rp.body, "<img src=x");
    assert_has_not(v.rp.body, "javascript:");
    /* In the language that it has, which is said. */
    assert_has(v.rp.body, "<p class=\"welcome\" lang=\"de\" dir=\"auto\">&lt;script&gt;");
    assert_has(v.rp.body, "alt=\"&lt;script&gt;alert(1)");
}

static struct reply got(struct fixture *f, struct str name) {
    struct visit v;
    visit_begin(&v, "https://id.example");
    v.rq.path_param[0] = name;
    if (brand_get(&f->cx, &v.rq, &v.rp) != OK) {
        v.rp.status = 404;
    }
    return v.rp;
}

static void colours_are_a_stylesheet_of_their_own(void **state) {
    struct fixture *f = *state;
    struct branding b = {.has_accent = true};
    assert_true(colour_parse(STR("#a01040"), &b.accent) &&
                colour_parse(STR("#f0a0c0"), &b.accent_dark));
    struct str path = brand_style_path(f->arena, &b);
    assert_true(str_starts(path, BRAND_PATH "accent-a01040-f0a0c0-"));
    struct str name = str_sub(path, STR(BRAND_PATH).n, path.n);
    struct reply rp = got(f, name);
    assert_str(str_from(rp.content_type), "text/css; charset=utf-8");
    assert_has(rp.body, ":root { --accent: #a01040;");
    assert_has(reply_value(&rp, "Cache-Control"), "immutable");
    assert_str(reply_value(&rp, "Content-Security-Policy"), "default-src 'none'");
    static const char *const others[] = {"accent-", "accent-a01040-f0a0c0-.css",
                                         "accent-a01040-f0a0c0", "accent-red;}*-f0a0c0-x.css"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(got(f, str_from(others[i])).status, 404);
    }
    struct str other = str_copy(f->arena, name);
    ((char *)(uintptr_t)other.p)[STR("accent-").n] = 'b';
    assert_int_equal(got(f, other).status, 404);
}

/* What a declaration is checked against stands in the stylesheet, and nothing else does. */
static void contrast_is_with_the_colours_of_the_stylesheet(void **state) {
    struct fixture *f = *state;
    struct visit v;
    visit_begin(&v, "https://id.example");
    struct str path = asset_style_path(f->arena);
    v.rq.path_param[0] = str_sub(path, STR(ASSET_PATH).n, path.n);
    assert_int_equal(asset_get(&f->cx, &v.rq, &v.rp), OK);
    assert_has(v.rp.body, "--card: " BRANDING_AGAINST_LIGHT ";");
    assert_has(v.rp.body, "--on-accent: " BRANDING_AGAINST_LIGHT ";");
    assert_has(v.rp.body, "--card: " BRANDING_AGAINST_DARK ";");
    struct colour card = {{0}}, on_accent = {{0}};
    assert_has(v.rp.body, "--on-accent: #0c1f21;");
    assert_true(colour_parse(STR(BRANDING_AGAINST_DARK), &card) &&
                colour_parse(STR("#0c1f21"), &on_accent));
    /* Darker than the card: whatever is readable on the card has this readable on it. */
    struct colour white = {{255, 255, 255}};
    assert_true(colour_contrast(on_accent, white) > colour_contrast(card, white));
}

/* The languages that a declaration knows are those of the pages. */
static void texts_of_a_tenant_have_our_languages(void **state) {
    (void)state;
    size_t n = 0;
    for (const struct language *l = languages; l->tag != NULL; l++, n++) {
        bool found = false;
        for (size_t i = 0; i < declare_branding_texts.n; i++) {
            found = found || strcmp(declare_branding_texts.members[i].name, l->tag) == 0;
        }
        assert_true(found);
    }
    assert_int_equal(n, declare_branding_texts.n);
}

static void browsers_are_called_by_name(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *name; /* NULL: unknown */
    } rows[] = {
        {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
         "Firefox, Linux"},
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
         "Edge, Windows"},
        {"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/126.0.0.0 Mobile Safari/537.36",
         "Chrome, Android"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
         "Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
         "Safari, iPhone"},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/17.5 Safari/605.1.15",
         "Safari, macOS"},
        {"curl/8.5.0", "curl"},
        {"Lynx (Linux)", "Linux"},
        {"<script>alert(1)</script>", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str name = user_agent_name(f->arena, str_from(rows[i].text));
        assert_true(rows[i].name == NULL ? name.p == NULL : str_is(name, rows[i].name));
    }
    assert_null(user_agent_name(f->arena, STR_NONE).p);
}

static void what_is_kept_of_a_user_agent_is_bounded_and_plain(void **state) {
    struct fixture *f = *state;
    struct visit v;
    char text[USER_AGENT_MAX + 2] = {0};
    memset(text, 'x', USER_AGENT_MAX + 1);
    visit_begin(&v, "https://id.example");
    assert_null(user_agent_kept(f->arena, &v.rq).p);
    visit_header(&v, "user-agent", text);
    assert_int_equal(user_agent_kept(f->arena, &v.rq).n, USER_AGENT_MAX);
    visit_begin(&v, "https://id.example");
    visit_header(&v, "user-agent", "Firefox/1\xff \xc3(\t)");
    assert_str(user_agent_kept(f->arena, &v.rq), "Firefox/1? ?(?"
                                                 ")");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(xss_branding_is_text),
        TEST(colours_are_a_stylesheet_of_their_own),
        TEST(contrast_is_with_the_colours_of_the_stylesheet),
        TEST(texts_of_a_tenant_have_our_languages),
        TEST(browsers_are_called_by_name),
        TEST(what_is_kept_of_a_user_agent_is_bounded_and_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
