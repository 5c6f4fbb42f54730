/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "model.h"

static void privilege_only_a_user_with_the_very_word_may(void **state) {
    (void)state;
    struct caller c = {.is_user = true, .permissions = STR("access-key.view employee.view")};
    assert_true(caller_may(&c, "employee.view"));
    assert_true(caller_may(&c, "access-key.view"));
    assert_false(caller_may(&c, "key.view"));
    assert_false(caller_may(&c, "access-key.vie"));
    assert_false(caller_may(&c, ""));
    assert_false(caller_may(&c, "access-key.view employee.view"));
    c.is_user = false;
    assert_false(caller_may(&c, "employee.view"));
    c = (struct caller){.is_user = true};
    assert_false(caller_may(&c, "employee.view"));
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(privilege_only_a_user_with_the_very_word_may)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
