/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of errors is complete and fit for the wire. */
#include "fixture.h"

static void every_error_has_a_status_a_code_and_a_text(void **state) {
    (void)state;
    for (int e = OK + 1; e < ERR_COUNT; e++) {
        const struct err_info *info = err_info((err)e);
        assert_true(info->status >= 400 && info->status <= 599);
        assert_true(strlen(info->code) > 0 && strlen(info->text) > 0);
        assert_true(str_is_text(str_from(info->text)));
        /* RFC 6749 5.2: neither " nor \ in error and error_description. */
        assert_null(strpbrk(info->code, "\"\\ "));
        assert_null(strpbrk(info->text, "\"\\"));
    }
}

static void names_are_unique(void **state) {
    (void)state;
    for (int a = OK; a < ERR_COUNT; a++) {
        for (int b = a + 1; b < ERR_COUNT; b++) {
            assert_string_not_equal(err_info((err)a)->name, err_info((err)b)->name);
        }
    }
}

static void ok_is_200(void **state) {
    (void)state;
    assert_int_equal(err_info(OK)->status, 200);
    assert_int_equal(err_info(ERR_INVALID_GRANT)->status, 400);
    assert_string_equal(err_info(ERR_INVALID_GRANT)->code, "invalid_grant");
}

static void server_errors_never_tell_their_detail(void **state) {
    (void)state;
    assert_false(err_info(ERR_INTERNAL)->hint);
    assert_false(err_info(ERR_STORAGE)->hint);
    assert_false(err_info(ERR_UNAVAILABLE)->hint);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_error_has_a_status_a_code_and_a_text),
        TEST(names_are_unique),
        TEST(ok_is_200),
        TEST(server_errors_never_tell_their_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
