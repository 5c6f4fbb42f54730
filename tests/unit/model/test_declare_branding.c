/* SPDX-License-Identifier: Apache-2.0 */
/* What a declaration may say of a tenant's pages. */
#include "fixture.h"

#include "declare.h"

#define PIXEL                                                                                      \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"                                \
    "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==" /* 1x1 */

#define OK_(c, text)  assert_null(c(&f->cx, STR(text)))
#define BAD_(c, text) assert_non_null(c(&f->cx, STR(text)))

static void accents_can_be_read(void **state) {
    struct fixture *f = *state;
    OK_(declare_accent_check, "#1d5c63");
    OK_(declare_accent_check, "#767676");
    OK_(declare_accent_check, "");
    BAD_(declare_accent_check, "#777777");
    BAD_(declare_accent_check, "red");
    OK_(declare_accent_dark_check, "#7fc9c4");
    BAD_(declare_accent_dark_check, "#1d5c63");
    const char *why = declare_accent_check(&f->cx, STR("#ffcc00"));
    assert_string_equal(why, "its contrast with #ffffff is 1.51:1, and text is readable from 4.5:1 "
                             "on (WCAG 2.2, 1.4.3); take a darker colour");
    assert_non_null(strstr(declare_accent_dark_check(&f->cx, STR("#1d5c63")), "lighter"));
}

static void texts_are_plain(void **state) {
    struct fixture *f = *state;
    OK_(declare_brand_name_check, "Classics & S\xc3\xb8n <Ltd>");
    OK_(declare_brand_name_check, "");
    BAD_(declare_brand_name_check, " x");
    BAD_(declare_brand_name_check, "Acme\xe2\x80\xaegnp.exe"); /* U+202E */
    BAD_(declare_brand_name_check, "Acme\xe2\x81\xa6x");       /* U+2066 */
    BAD_(declare_brand_name_check, "a\xc2\x85"
                                   "b"); /* U+0085 */
    BAD_(declare_brand_name_check, "1234567890123456789012345678901234567890123456789012345678901");
    OK_(declare_brand_text_check, "\xe3\x82\x88\xe3\x81\x86\xe3\x81\x93\xe3\x81\x9d");
    OK_(declare_brand_link_check, "https://help.example/sign-in?x=1#y");
    OK_(declare_brand_link_check, "https://help.example");
    OK_(declare_brand_link_check, "https://help.example/@team");
    OK_(declare_brand_link_check, "");
    static const char *const refused[] = {"http://help.example",
                                          "javascript:alert(1)",
                                          "//help.example",
                                          "https://",
                                          "https:///x",
                                          "https://a@b.example/",
                                          "https://a.example/\"x",
                                          "https://a.example\\x",
                                          "data:text/html,x",
                                          "https://a.example/ x",
                                          "mailto:a@b.example",
                                          "https://\xc3\xa4.example"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_non_null(declare_brand_link_check(&f->cx, str_from(refused[i])));
    }
}

static void images_are_bounded(void **state) {
    struct fixture *f = *state;
    struct branding_image image;
    struct str content;
    assert_null(branding_image_parse(&f->cx, STR(PIXEL), &image, &content));
    assert_true(str_is(content, PIXEL));
    struct str digest = image.digest;
    assert_null(
        branding_image_parse(&f->cx, STR("data:image/png;base64," PIXEL), &image, &content));
    assert_true(str_eq(digest, image.digest));
    static const char *const refused[] = {"data:image/png," PIXEL,
                                          "data:image/png;base64",
                                          "not base64",
                                          "PHN2Zy8+", /* <svg/> */
                                          "https://evil.example/logo.png",
                                          "/etc/passwd"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_non_null(branding_image_parse(&f->cx, str_from(refused[i]), &image, &content));
    }
    /* At the bound, one past it; and one whose header says that it is too wide. */
    static unsigned char bytes[BRANDING_IMAGE_BYTES + 1];
    struct str pixel;
    assert_true(base64_parse(f->arena, STR(PIXEL), &pixel));
    memcpy(bytes, pixel.p, pixel.n);
    struct str at = base64(f->arena, bytes, BRANDING_IMAGE_BYTES);
    assert_null(branding_image_parse(&f->cx, at, &image, &content));
    at = base64(f->arena, bytes, sizeof bytes);
    assert_string_equal(branding_image_parse(&f->cx, at, &image, &content),
                        "an image has at most 64 KiB");
    bytes[18] = 8; /* IHDR: 2049 pixels wide */
    at = base64(f->arena, bytes, 100);
    assert_string_equal(branding_image_parse(&f->cx, at, &image, &content),
                        "an image has at most 2048 by 2048 pixels");
    bytes[19] = 0;
    at = base64(f->arena, bytes, 100);
    assert_null(branding_image_parse(&f->cx, at, &image, &content));
}

static void stored_is_one_spelling_without_images(void **state) {
    struct fixture *f = *state;
    struct str json, again;
    assert_int_equal(
        branding_normal(
            &f->cx,
            STR("{\"name\":\"Acme\",\"logo\":\"" PIXEL "\",\"banner\":\"\","
                "\"texts\":{\"de\":{\"welcome\":\"\"},\"en\":{\"help\":\"https://x.example\"}}}"),
            &json),
        OK);
    assert_int_equal(branding_normal(&f->cx, json, &again), OK);
    assert_true(str_eq(json, again));
    assert_null(memmem(json.p, json.n, PIXEL, 20));
    assert_null(memmem(json.p, json.n, "banner", 6));
    assert_null(memmem(json.p, json.n, "\"de\"", 4));
    assert_non_null(memmem(json.p, json.n, "\"width\":1", 9));
    assert_int_equal(branding_normal(&f->cx, STR("{\"logo\":\"" PIXEL "\"}"), &json),
                     ERR_INVALID_REQUEST);
    assert_int_equal(branding_normal(&f->cx, STR("{\"accentDark\":\"#7fc9c4\"}"), &json),
                     ERR_INVALID_REQUEST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(accents_can_be_read),
        TEST(texts_are_plain),
        TEST(images_are_bounded),
        TEST(stored_is_one_spelling_without_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
