/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords that are tried first, and what people make of them (SECURITY `password`). */
#include "fixture.h"

#include "model.h"

static void all(struct fixture *f, const char *const *list, size_t n, bool expected) {
    for (size_t i = 0; i < n; i++) {
        if (password_is_common(&f->cx, str_from(list[i])) != expected) {
            fail_msg("'%s' is %scommon", list[i], expected ? "not " : "");
        }
    }
}

static void password_common_ones_are_known(void **state) {
    static const char *const list[] = {"password", "iloveyou",          "sunshine",
                                       "princess", "football",          "michelle",
                                       "superman", "trustno1",          "starwars",
                                       "letmein",  "ncc1701",           "correcthorsebatterystaple",
                                       "passwort", "contrase\303\261a", "1q2w3e4r5t"};
    all(*state, list, COUNT_OF(list), true);
}

static void password_common_ones_dressed_up_are_known(void **state) {
    static const char *const list[] = {"Password",    "PASSWORD1",   "password123", "Password1!",
                                       "P@ssw0rd",    "p4$$w0rd99",  "1984summer",  "Summer2024!",
                                       "monkey12345", "!!dragon!!",  "w3lc0me2025", "Adm1n1strator",
                                       "sobriety",    "Lizaveta1",   "!qaz2wsx",    "L3tm31n!",
                                       " password ",  "123sunshine", "m1ch43l1999", "qwerty2024"};
    all(*state, list, COUNT_OF(list), true);
}

static void password_rows_and_repetitions_are_known(void **state) {
    static const char *const list[] = {
        "12345678",  "1234567890", "87654321", "qwertyuiop",  "poiuytrewq",   "asdfghjkl",
        "qwertz123", "1qaz2wsx",   "zaq1xsw2", "qweasdzxc",   "abcdefgh",     "abcd1234",
        "aaaaaaaa",  "aaaa1111",   "abcabcab", "xyxyxyxyxy",  "qwerty123456", "!@#$%^&*",
        "a1b2c3d4",  "q1w2e3r4",   "11112222", "passpasspass"};
    all(*state, list, COUNT_OF(list), true);
}

static void password_dates_and_numbers_are_known(void **state) {
    static const char *const list[] = {"24121984", "19841224",    "24.12.1984", "1984-12-24",
                                       "5550199",  "00441632960", "12/24/84"};
    all(*state, list, COUNT_OF(list), true);
}

static void password_others_are_not_common(void **state) {
    static const char *const list[] = {
        "gqzvkwpx",
        "wergild and whale-road",
        "hoard of the barrow 12",
        "Xk3f-9aQm-w2Zt",
        "tr0ub4dor&3zq",
        "sunshine over Heorot",
        "94839420583920",
        "my dragon is 7 years",
        "kVx7Lp4Rt9Ws1Yd",
        "sunshine94839420",
        "\xe6\xbc\xa2\xe5\xad\x97\xe3\x81\x8b\xe3\x81\xaa\xe4\xba\xa4\xe3\x81\x98\xe3\x82\x8a"};
    all(*state, list, COUNT_OF(list), false);
}

static void password_odd_texts_are_bounded(void **state) {
    struct fixture *f = *state;
    assert_true(password_is_common(&f->cx, STR("")));
    assert_true(password_is_common(&f->cx, STR_NONE));
    assert_true(password_is_common(&f->cx, STR("        ")));
    assert_false(password_is_common(&f->cx, (struct str){"gq\0zvkwpx", 9}));
    char *text = arena_alloc(f->arena, 65536);
    for (size_t i = 0; i < 65536; i++) {
        text[i] = (char)('a' + i * i % 23);
    }
    (void)password_is_common(&f->cx, (struct str){text, 65536});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(password_common_ones_are_known),
        TEST(password_common_ones_dressed_up_are_known),
        TEST(password_rows_and_repetitions_are_known),
        TEST(password_dates_and_numbers_are_known),
        TEST(password_others_are_not_common),
        TEST(password_odd_texts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
