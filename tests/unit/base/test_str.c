/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed slices of text. */
#include "fixture.h"

static void absent_and_empty_are_told_apart_by_the_pointer(void **state) {
    (void)state;
    assert_null(str_from(NULL).p);
    assert_non_null(str_from("").p);
    assert_true(str_empty(STR_NONE) && str_empty(STR("")));
    assert_false(str_empty(STR("x")));
}

static void equality(void **state) {
    (void)state;
    assert_true(str_eq(STR("abc"), STR("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_true(str_is(STR("abc"), "abc"));
    assert_true(str_eq_nocase(STR("ABC-z"), STR("abc-Z")));
    assert_false(str_eq_nocase(STR("[abc"), STR("{ABC")));
    assert_false(str_eq_nocase(STR("k"), STR("\xe2\x84\xaa"))); /* KELVIN SIGN */
}

static void beginnings_and_ends(void **state) {
    (void)state;
    assert_true(str_starts(STR("Bearer x"), "Bearer "));
    assert_false(str_starts(STR("bearer x"), "Bearer "));
    assert_false(str_starts(STR("Bear"), "Bearer"));
    assert_true(str_starts_nocase(STR("bEARER x"), "Bearer "));
    assert_false(str_starts_nocase(STR("bear"), "Bearer"));
    assert_true(str_ends(STR("a.json"), ".json"));
    assert_false(str_ends(STR("json"), ".json"));
    assert_true(str_starts(STR_NONE, "") && str_ends(STR_NONE, ""));
    assert_false(str_starts(STR_NONE, "a"));
}

static void order_is_that_of_bytes(void **state) {
    (void)state;
    assert_true(str_compare(STR("a"), STR("b")) < 0);
    assert_true(str_compare(STR("ab"), STR("a")) > 0);
    assert_true(str_compare(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_compare(STR("a"), STR("a")), 0);
    assert_int_equal(str_compare(STR_NONE, STR("")), 0);
}

static void pieces(void **state) {
    (void)state;
    assert_int_equal(str_find_char(STR("abc"), 'c'), 2);
    assert_int_equal(str_find_char(STR("abc"), 'x'), 3);
    assert_int_equal(str_find_char(STR_NONE, 'x'), 0);
    assert_str(str_sub(STR("abcdef"), 2, 3), "cde");
    assert_str(str_sub(STR("abc"), 2, 100), "c");
    assert_str(str_sub(STR("abc"), 100, 1), "");
    assert_str(str_sub(STR("abc"), 1, SIZE_MAX), "bc");
    assert_null(str_sub(STR_NONE, 0, 1).p);
    assert_str(str_trim(STR(" \t a b\r\n")), "a b");
    assert_str(str_trim(STR(" \t ")), "");
    assert_null(str_trim(STR_NONE).p);
}

static void next_gives_empty_parts_too(void **state) {
    (void)state;
    struct str rest = STR("a,,b"), part;
    assert_true(str_next(&rest, ',', &part));
    assert_str(part, "a");
    assert_true(str_next(&rest, ',', &part));
    assert_str(part, "");
    assert_true(str_next(&rest, ',', &part));
    assert_str(part, "b");
    assert_false(str_next(&rest, ',', &part));
    rest = STR("a,");
    assert_true(str_next(&rest, ',', &part));
    assert_true(str_next(&rest, ',', &part));
    assert_str(part, "");
    assert_false(str_next(&rest, ',', &part));
    rest = STR("");
    assert_true(str_next(&rest, ',', &part));
    assert_false(str_next(&rest, ',', &part));
}

static void words_are_whole(void **state) {
    (void)state;
    assert_true(str_has_word(STR("openid  profile"), STR("profile")));
    assert_true(str_has_word(STR("openid"), STR("openid")));
    assert_false(str_has_word(STR("openid profile"), STR("open")));
    assert_false(str_has_word(STR("openid profile"), STR("openid profile")));
    assert_false(str_has_word(STR("a  b"), STR("")));
    assert_false(str_has_word(STR_NONE, STR("a")));
}

static void assert_int(struct str s, int64_t expected) {
    int64_t v = 0;
    assert_true(str_int(s, &v));
    assert_true(v == expected);
}

static void integers_are_digits_and_in_range(void **state) {
    (void)state;
    assert_int(STR("0"), 0);
    assert_int(STR("-12"), -12);
    assert_int(STR("9223372036854775807"), INT64_MAX);
    assert_int(STR("-9223372036854775808"), INT64_MIN);
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t v = 77;
        assert_false(str_int(str_from(bad[i]), &v));
        assert_int_equal(v, 77);
    }
    int64_t v;
    assert_false(str_int(STR("1\0"), &v));
    assert_false(str_int(STR_NONE, &v));
}

static void text_is_utf8_without_nul(void **state) {
    (void)state;
    assert_true(str_is_text(STR("")));
    assert_true(str_is_text(STR("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91")));
    assert_true(str_is_text(STR("\xf4\x8f\xbf\xbf")));
    static const struct str bad[] = {{"a\0b", 3},
                                     {"\x80", 1},
                                     {"\xc3", 1},
                                     {"\xc0\x80", 2},
                                     {"\xe0\x80\x80", 3},
                                     {"\xed\xa0\x80", 3},
                                     {"\xf4\x90\x80\x80", 4},
                                     {"\xf8\x88\x80\x80\x80", 5},
                                     {"\xc3(", 2},
                                     {"\xf0\x9f\x94", 3},
                                     {"\xff", 1}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(str_is_text(bad[i]));
    }
}

static void code_points(void **state) {
    (void)state;
    uint32_t c = 0;
    assert_int_equal(str_code_point(STR("\xf0\x9f\x94\x91x"), &c), 4);
    assert_int_equal(c, 0x1f511);
    assert_int_equal(str_code_point(STR("A"), &c), 1);
    assert_int_equal(c, 'A');
    assert_int_equal(str_code_point(STR("\xed\xa0\x80"), &c), 0);
    assert_int_equal(str_code_point(STR_NONE, &c), 0);
}

static void copies_end_in_nul_and_keep_absence(void **state) {
    struct fixture *f = *state;
    char text[] = "abc";
    struct str copy = str_copy(f->arena, (struct str){text, 3});
    text[0] = 'x';
    assert_string_equal(copy.p, "abc");
    assert_null(str_copy(f->arena, STR_NONE).p);
    assert_string_equal(str_z(f->arena, STR_NONE), "");
    assert_null(str_lower(f->arena, STR_NONE).p);
    assert_str(str_lower(f->arena, STR("ABC \xc3\x84z@[")), "abc \xc3\x84z@[");
}

static void format_of_any_length(void **state) {
    struct fixture *f = *state;
    assert_str(str_format(f->arena, "%s-%d", "a", 5), "a-5");
    for (int n = 250; n < 262; n++) {
        struct str s = str_format(f->arena, "%*d", n, 7);
        assert_int_equal(s.n, n);
        assert_int_equal(s.p[n - 1], '7');
        assert_int_equal(s.p[n], '\0');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(absent_and_empty_are_told_apart_by_the_pointer),
        TEST(equality),
        TEST(beginnings_and_ends),
        TEST(order_is_that_of_bytes),
        TEST(pieces),
        TEST(next_gives_empty_parts_too),
        TEST(words_are_whole),
        TEST(integers_are_digits_and_in_range),
        TEST(text_is_utf8_without_nul),
        TEST(code_points),
        TEST(copies_end_in_nul_and_keep_absence),
        TEST(format_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
