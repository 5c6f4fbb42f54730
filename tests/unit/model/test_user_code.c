/* SPDX-License-Identifier: Apache-2.0 */
/* The code that a person copies from a device (RFC 8628 6.1). */
#include "fixture.h"

#include "model.h"

#include <string.h>

static void codes_are_of_twenty_letters(void **state) {
    struct arena *a = arena_new();
    struct ctx cx;
    unsigned seen[256] = {0};
    (void)state;
    ctx_init(&cx, a, &clock_system, &random_system, NULL);
    for (int i = 0; i < 2000; i++) {
        struct str code = user_code_make(&cx), parsed;
        assert_int_equal(code.n, USER_CODE_LENGTH);
        assert_int_equal(code.p[4], '-');
        for (size_t k = 0; k < code.n; k++) {
            seen[(unsigned char)code.p[k]]++;
        }
        assert_true(user_code_parse(a, code, &parsed));
        assert_true(str_eq(code, parsed));
    }
    unsigned letters = 0;
    for (int c = 'A'; c <= 'Z'; c++) {
        /* 16000 draws of twenty: 800 each, give or take. */
        assert_true(seen[c] == 0 || (seen[c] > 600 && seen[c] < 1000));
        letters += seen[c] > 0;
        assert_true(seen[c] == 0 || strchr("AEIOUY", c) == NULL);
    }
    assert_int_equal(letters, 20);
    arena_free(a);
}

static void what_people_type_is_forgiven(void **state) {
    static const char *const good[] = {"WDJB-MJHT",       "wdjbmjht",     " WDJB MJHT ",
                                       "W-D-J-B-M-J-H-T", "\twDjB--mJhT", "WDJBMJHT---"};
    static const char *const bad[] = {
        "",          "-",         "WDJB-MJH",  "WDJB-MJHTT", "ADJB-MJHT",
        "WDJB_MJHT", "WDJB-MJH0", "WDJB-MJHY", "W\nDJBMJHT", "WDJB\xc2\xa0MJHT"};
    struct arena *a = arena_new();
    struct str code;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(user_code_parse(a, str_from(good[i]), &code));
        assert_true(str_is(code, "WDJB-MJHT"));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(user_code_parse(a, str_from(bad[i]), &code));
    }
    assert_false(user_code_parse(a, STR_NONE, &code));
    assert_false(user_code_parse(a, STR("WDJB\0MJHT"), &code));
    /* As long as is read, and one more. */
    assert_true(user_code_parse(
        a, STR("WDJB-MJHT-------------------------------------------------------"), &code));
    assert_false(user_code_parse(
        a, STR("WDJB-MJHT--------------------------------------------------------"), &code));
    arena_free(a);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_of_twenty_letters),
        cmocka_unit_test(what_people_type_is_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
