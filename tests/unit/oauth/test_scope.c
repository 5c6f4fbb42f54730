/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes: requested against registered. */
#include "harness.h"

static struct ctx cx;

static int setup(void **state) {
    static struct clock clock;
    (void)state;
    clock = clock_fixed(NOW * 1000);
    ctx_init(&cx, arena_new(), &clock, &random_system, NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(cx.arena);
    return 0;
}

static void granted(struct str requested, const char *registered, const char *expected) {
    struct str scope;
    assert_int_equal(scope_grant(&cx, requested, str_from(registered), &scope), OK);
    assert_true(str_is(scope, expected));
}

static void scope_absent_means_all_registered(void **state) {
    (void)state;
    granted(STR_NONE, "openid a b", "openid a b");
    granted(STR(""), "openid a b", "openid a b");
    granted(STR("  "), "a", "a");
    granted(STR_NONE, "", "");
}

static void scope_narrower_is_granted_as_asked(void **state) {
    (void)state;
    granted(STR("b"), "openid a b", "b");
    granted(STR("b  a b"), "openid a b", "b a");
}

static void scope_more_than_registered_is_refused(void **state) {
    static const char *const requests[] = {"c", "a c", "A", "opena", "open", "a,b", "openid\ta"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct str scope;
        assert_int_equal(scope_grant(&cx, str_from(requests[i]), STR("openid a b"), &scope),
                         ERR_INVALID_SCOPE);
    }
}

static void scope_within_keeps_what_is_still_registered(void **state) {
    (void)state;
    assert_true(str_is(scope_within(cx.arena, STR("a b c"), STR("c a")), "a c"));
    assert_true(str_empty(scope_within(cx.arena, STR("a b"), STR(""))));
}

/* OpenID Connect Core 5.4, 11: wishes. Nothing else is. */
static void scope_wishes_that_are_not_registered_are_left_out(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"openid profile email address phone offline_access", "openid", "openid"},
        {"phone  openid email", "openid email", "openid email"},
        {"address", "openid", ""},
        {"openid Profile emails a", "openid", "openid Profile emails a"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_true(
            str_is(scope_without_wishes(cx.arena, str_from(cases[i][0]), str_from(cases[i][1])),
                   cases[i][2]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scope_absent_means_all_registered),
        cmocka_unit_test(scope_narrower_is_granted_as_asked),
        cmocka_unit_test(scope_more_than_registered_is_refused),
        cmocka_unit_test(scope_within_keeps_what_is_still_registered),
        cmocka_unit_test(scope_wishes_that_are_not_registered_are_left_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
