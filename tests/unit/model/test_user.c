/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "user.h"

static bool alive(const char *type, const char *status, bool enabled) {
    const struct user u = {.employee = {.type = str_from(type), .status = str_from(status)},
                           .tenant = {.is_enabled = enabled}};
    return user_is_alive(&u);
}

static void dead_means_dead_by_tenant_status_and_type(void **state) {
    (void)state;
    assert_true(alive("user", "ACTIVE", true));
    assert_true(alive("api", "ACTIVE", true));
    assert_true(alive("api", "PENDING", true));
    assert_true(alive("api", "UNREGISTERED", true));
    assert_false(alive("user", "PENDING", true));
    assert_false(alive("user", "UNREGISTERED", true));
    assert_false(alive("api", "BLOCKED", true));
    assert_false(alive("api", "DELETED", true));
    assert_false(alive("user", "ACTIVE", false));
    assert_false(alive("api", "PENDING", false));
    assert_false(alive("user", "active", true));
    assert_false(alive("user", "", true));
}

static void one_role_needs_no_database(void **state) {
    struct fixture *f = *state; /* cx.db is NULL */
    const struct user u = {.role = {.permissions = STR("a b")},
                           .employee = {.secondary_roles = STR(" ")}};
    struct str p;
    assert_int_equal(user_permissions(&f->cx, &u, &p), OK);
    assert_str(p, "a b");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(dead_means_dead_by_tenant_status_and_type),
        TEST(one_role_needs_no_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
