/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "model.h"

static void every_row_is_known_and_there_once(void **state) {
    (void)state;
    size_t n = 0;
    for (; scope_at(n) != NULL; n++) {
        assert_true(scope_known(str_from(scope_at(n))));
        for (size_t i = 0; i < n; i++) {
            assert_string_not_equal(scope_at(i), scope_at(n));
        }
    }
    assert_int_equal(n, 13);
    for (n = 0; permission_at(n) != NULL; n++) {
        const struct permission_info *p = permission_at(n);
        assert_true(permission_known(str_from(p->name)));
        assert_non_null(strchr(p->name, '.'));
        assert_true(strlen(p->area) > 0 && strlen(p->description) > 0);
        for (size_t i = 0; i < n; i++) {
            assert_string_not_equal(permission_at(i)->name, p->name);
        }
    }
    assert_int_equal(n, 9);
    assert_null(permission_at(n));
}

static void other_words_are_unknown(void **state) {
    (void)state;
    static const char *const words[] = {"", "OpenID", "openid ", "access-key", "access-key.*", "*"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct str w = str_from(words[i]);
        assert_false(scope_known(w) || permission_known(w) || application_type_known(w) ||
                     auth_method_known(w) || employee_status_known(w));
    }
    assert_false(scope_known(STR_NONE));
    assert_true(application_type_known(STR("confidential")));
    assert_false(application_type_known(STR("none")));
    assert_true(auth_method_known(STR("none")));
    assert_true(auth_method_known(STR("private_key_jwt")));
    assert_true(employee_status_known(STR("ACTIVE")));
    assert_false(employee_status_known(STR("active")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_row_is_known_and_there_once),
        TEST(other_words_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
