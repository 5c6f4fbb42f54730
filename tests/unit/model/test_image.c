/* SPDX-License-Identifier: Apache-2.0 */
/* Images by their first bytes, and colours by their contrast. */
#include "fixture.h"

#include "model.h"

#include <math.h>

#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#define PNG_REST "\x08\x06\0\0\0crc4"
#define PNG_DATA "\0\0\0\1IDATxcrc4"
/* 300 by 120 pixels. */
#define PNG  PNG_HEAD "\0\0\x01\x2c\0\0\0\x78" PNG_REST PNG_DATA
#define JPEG "\xff\xd8\xff\xe0\0\4JF\xff\xff\xc0\0\x0b\x08\0\x78\x01\x2c\1"
#define WEBP "RIFF\x20\0\0\0WEBP"
#define VP8  WEBP "VP8 \x10\0\0\0\1\2\3\x9d\x01\x2a\x2c\x01\x78\0...."
#define VP8L WEBP "VP8L\x10\0\0\0\x2f\x2b\xc1\x1d\0......"
#define VP8X WEBP "VP8X\x0a\0\0\0\0\0\0\0\x2b\x01\0\x77\0\0"

static void is(struct str bytes, const char *type, int64_t width, int64_t height) {
    struct image image;
    assert_true(image_read(bytes, &image));
    assert_true(str_is(image.type, type));
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
}

static void images_say_what_they_are(void **state) {
    (void)state;
    is(STR(PNG), "image/png", 300, 120);
    is(STR(JPEG), "image/jpeg", 300, 120);
    is(STR(VP8), "image/webp", 300, 120);
    is(STR(VP8L), "image/webp", 300, 120);
    is(STR(VP8X), "image/webp", 300, 120);
}

static void xss_what_is_no_image_of_ours_is_refused(void **state) {
    (void)state;
    struct image image;
    static const struct str rows[] = {
        {"", 0},
        {"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>", 58},
        {"<!DOCTYPE html><script>alert(1)</script>", 40},
        {"GIF89a\x01\0\x01\0", 10},
        {"BM", 2},
        {"%PDF-1.7", 8},
        {PNG_HEAD, sizeof PNG_HEAD - 1},
        {PNG_HEAD "\0\0\0\0\0\0\0\x78" PNG_REST PNG_DATA,
         sizeof(PNG_HEAD "\0\0\0\0\0\0\0\x78" PNG_REST PNG_DATA) - 1},
        {WEBP, sizeof WEBP - 1},
        {WEBP "VP8Z..................", sizeof(WEBP "VP8Z..................") - 1},
        /* No frame before the data of the picture. */
        {"\xff\xd8\xff\xda\0\x0b\x08\0\x78\x01\x2c\1", 12},
        {"\xff\xd8\xff\xe0\0\1\xff\xc0\0\x0b\x08\0\x78\x01\x2c\1", 16},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(image_read(rows[i], &image));
    }
}

static void every_shorter_one_is_refused_or_the_same(void **state) {
    (void)state;
    static const struct str rows[] = {{PNG, sizeof PNG - 1},
                                      {JPEG, sizeof JPEG - 1},
                                      {VP8, sizeof VP8 - 1},
                                      {VP8X, sizeof VP8X - 1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t n = 0; n < rows[i].n; n++) {
            struct image image = {.width = 300, .height = 120};
            struct str copy = {malloc(n > 0 ? n : 1), n}; /* so that a sanitizer sees one too far */
            memcpy((char *)(uintptr_t)copy.p, rows[i].p, n);
            (void)image_read(copy, &image);
            free((char *)(uintptr_t)copy.p);
            assert_int_equal(image.width, 300);
        }
    }
}

static void what_moves_is_refused(void **state) {
    (void)state;
    struct image image;
    assert_false(image_read(STR(PNG_HEAD "\0\0\x01\x2c\0\0\0\x78" PNG_REST "\0\0\0\x08"
                                         "acTL12345678crc4" PNG_DATA),
                            &image));
    assert_false(image_read(STR(WEBP "VP8X\x0a\0\0\0\x02\0\0\0\x2b\x01\0\x77\0\0"), &image));
}

static double contrast(const char *a, const char *b) {
    struct colour x = {{0}}, y = {{0}};
    assert_true(colour_parse(str_from(a), &x) && colour_parse(str_from(b), &y));
    return colour_contrast(x, y);
}

static bool near(double a, double b) {
    return fabs(a - b) < 0.005;
}

/* WCAG 2.2: the figures are those of the W3C's own examples and of its definition. */
static void contrast_is_wcags(void **state) {
    (void)state;
    assert_true(near(contrast("#000000", "#ffffff"), 21));
    assert_true(near(contrast("#ffffff", "#000000"), 21));
    assert_true(near(contrast("#777777", "#ffffff"), 4.48));
    assert_true(near(contrast("#767676", "#FFFFFF"), 4.54));
    assert_true(near(contrast("#ff0000", "#ffffff"), 4.00));
    assert_true(near(contrast("#123456", "#123456"), 1));
}

static void colours_have_one_form(void **state) {
    struct fixture *f = *state;
    struct colour c;
    static const char *const refused[] = {
        "",           "#fff",    "1d5c63",  "#1d5c6",  "#1d5c633", "#1d5c6g",    "red",
        "rgb(1,2,3)", "#1d5c6 ", " #1d5c6", "#-1-1-1", "#0x0x0x0", "#1d5c63;}*{"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_false(colour_parse(str_from(refused[i]), &c));
    }
    assert_true(colour_parse(STR("#1D5c63"), &c));
    assert_true(str_is(colour_text(f->arena, c), "#1d5c63"));
    struct colour white = {{255, 255, 255}};
    assert_true(str_is(colour_text(f->arena, colour_mix(c, white, 100)), "#ffffff"));
    assert_true(str_is(colour_text(f->arena, colour_mix(c, white, 0)), "#1d5c63"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(images_say_what_they_are),
        TEST(xss_what_is_no_image_of_ours_is_refused),
        TEST(every_shorter_one_is_refused_or_the_same),
        TEST(what_moves_is_refused),
        TEST(contrast_is_wcags),
        TEST(colours_have_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
