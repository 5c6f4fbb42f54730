/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4648 and RFC 3986 2.1. */
#include "fixture.h"

static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};

static void base64_vectors_of_rfc_4648_10(void **state) {
    struct fixture *f = *state;
    static const char *const encoded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                          "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        struct str bytes;
        assert_str(base64(f->arena, plain[i], i), encoded[i]);
        assert_true(base64_parse(f->arena, str_from(encoded[i]), &bytes));
        assert_str(bytes, plain[i]);
        /* The same unpadded. */
        struct str bare = str_from(encoded[i]);
        while (str_ends(bare, "=")) {
            bare.n--;
        }
        assert_true(base64_parse(f->arena, bare, &bytes));
        assert_str(bytes, plain[i]);
        assert_str(base64url(f->arena, plain[i], i), str_z(f->arena, bare));
        assert_int_equal(BASE64URL_SIZE(i), bare.n);
    }
}

static void base32_vectors_of_rfc_4648_10(void **state) {
    struct fixture *f = *state;
    static const char *const encoded[] = {
        "", "MY======", "MZXQ====", "MZXW6===", "MZXW6YQ=", "MZXW6YTB", "MZXW6YTBOI======"};
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        assert_str(base32(f->arena, plain[i], i), encoded[i]);
    }
    unsigned char secret[32];
    memset(secret, 0xff, sizeof secret);
    struct str text = base32(f->arena, secret, sizeof secret);
    assert_int_equal(text.n, 56);
}

static void hex_vectors_of_rfc_4648_10(void **state) {
    struct fixture *f = *state;
    struct str bytes;
    assert_str(hex(f->arena, "foobar", 6), "666f6f626172");
    assert_true(hex_parse(f->arena, STR("666F6f626172"), &bytes));
    assert_str(bytes, "foobar");
    assert_true(hex_parse(f->arena, STR(""), &bytes));
    static const char *const bad[] = {"6", "6g", "0x66", " 66", "66 ", "-1", "@@", "``"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(hex_parse(f->arena, str_from(bad[i]), &bytes));
    }
}

static void every_byte_survives(void **state) {
    struct fixture *f = *state;
    unsigned char all[256];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (unsigned char)i;
    }
    for (size_t n = 0; n <= sizeof all; n++) {
        struct str bytes;
        assert_true(base64url_parse(f->arena, base64url(f->arena, all + 256 - n, n), &bytes));
        assert_int_equal(bytes.n, n);
        assert_memory_equal(bytes.p, all + 256 - n, n);
        assert_true(base64_parse(f->arena, base64(f->arena, all + 256 - n, n), &bytes));
        assert_memory_equal(bytes.p, all + 256 - n, n);
        assert_true(hex_parse(f->arena, hex(f->arena, all + 256 - n, n), &bytes));
        assert_memory_equal(bytes.p, all + 256 - n, n);
    }
    assert_str(base64url(f->arena, "\xfb\xff\xbf", 3), "-_-_");
    assert_str(base64(f->arena, "\xfb\xff\xbf", 3), "+/+/");
}

static void jwt_only_canonical_base64url_is_read(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"Zg==",  "Zm8=",   "Zh",   "Zm9",   "Z",           "Zm9vY",
                                      "Zm 9v", "Zm9v\n", "+/+/", "Zm9v=", "Zm\xc3\xa9v", "."};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str bytes = STR_NONE;
        if (base64url_parse(f->arena, str_from(bad[i]), &bytes)) {
            fail_msg("'%s' was read", bad[i]);
        }
        assert_null(bytes.p);
    }
    struct str bytes;
    assert_false(base64url_parse(f->arena, STR("Zm9\0"), &bytes));
}

static void base64_with_wrong_padding_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {
        "Zg=",  "Zg===", "Zm9v=",   "=",    "==",       "====",  "Z===",
        "Zh==", "Zm9=",  "Zm9vZg=", "-_-_", "Zg==Zg==", " Zg==", "Zg==\n"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str bytes;
        if (base64_parse(f->arena, str_from(bad[i]), &bytes)) {
            fail_msg("'%s' was read", bad[i]);
        }
    }
}

static void assert_decoded(struct fixture *f, const char *text, bool plus, const char *expected) {
    struct str decoded;
    assert_true(percent_decode(f->arena, str_from(text), plus, &decoded));
    assert_str(decoded, expected);
}

static void percent_is_decoded(void **state) {
    struct fixture *f = *state;
    assert_decoded(f, "a%20b%2Fc%2f", false, "a b/c/");
    assert_decoded(f, "a+b", false, "a+b");
    assert_decoded(f, "a+b%2B", true, "a b+");
    assert_decoded(f, "%C3%A9", false, "\xc3\xa9");
    assert_decoded(f, "%2541", false, "%41"); /* once only */
    assert_decoded(f, "", true, "");
    struct str text = STR("nothing-to-do"), decoded;
    assert_true(percent_decode(f->arena, text, true, &decoded));
    assert_ptr_equal(decoded.p, text.p);
}

static void parsers_bad_percent_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"%",         "%2",   "a%",     "%zz", "%2x", "%%20",
                                      "% 20",      "%00",  "a%00b",  "%ff", "%C3", "%C0%80",
                                      "%ED%A0%80", "\xff", "%u0041", "%-1", "%+1"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str decoded = STR_NONE;
        if (percent_decode(f->arena, str_from(bad[i]), true, &decoded)) {
            fail_msg("'%s' was read", bad[i]);
        }
        assert_null(decoded.p);
    }
    struct str decoded;
    assert_false(percent_decode(f->arena, STR("a\0b"), false, &decoded));
    /* The slice ends between % and its digits; they lie behind it. */
    assert_false(percent_decode(f->arena, (struct str){"%41", 2}, false, &decoded));
    assert_false(percent_decode(f->arena, (struct str){"%41", 1}, false, &decoded));
}

static void percent_encoding_keeps_the_unreserved(void **state) {
    struct fixture *f = *state;
    assert_str(percent_encode(f->arena, STR("AZaz09-._~")), "AZaz09-._~");
    assert_str(percent_encode(f->arena, STR(" /?&=+%\xc3\xa9\"<")),
               "%20%2F%3F%26%3D%2B%25%C3%A9%22%3C");
    assert_str(percent_encode(f->arena, STR("")), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(base64_vectors_of_rfc_4648_10),
        TEST(base32_vectors_of_rfc_4648_10),
        TEST(hex_vectors_of_rfc_4648_10),
        TEST(every_byte_survives),
        TEST(jwt_only_canonical_base64url_is_read),
        TEST(base64_with_wrong_padding_is_refused),
        TEST(percent_is_decoded),
        TEST(parsers_bad_percent_is_refused),
        TEST(percent_encoding_keeps_the_unreserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
