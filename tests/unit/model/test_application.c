/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "user.h"

static void decisions_open_and_close_for_applications_of_all(void **state) {
    (void)state;
    const int64_t yes = 1, no = 0;
    const struct {
        const char *tenancy;
        bool owner;
        const int64_t *decision;
        bool users, itself;
    } rows[] = {
        {"single", true, NULL, true, true},    {"single", true, &no, true, true},
        {"single", false, NULL, false, false}, {"single", false, &yes, false, false},
        {"all", true, NULL, true, true},       {"all", false, NULL, true, false},
        {"all", false, &yes, true, true},      {"all", false, &no, false, false},
        {"", false, &yes, false, false},       {"ALL", false, &yes, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct application_access may =
            application_decide(str_from(rows[i].tenancy), rows[i].owner, rows[i].decision);
        assert_int_equal(may.users, rows[i].users);
        assert_int_equal(may.itself, rows[i].itself);
    }
}

static void names_are_folded_with_their_vendor(void **state) {
    struct fixture *f = *state;
    assert_str(application_name_folded(f->arena, STR("My App"), STR("ACME")), "my app@acme");
    assert_str(application_name_folded(f->arena, STR(""), STR_NONE), "@");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(decisions_open_and_close_for_applications_of_all),
        TEST(names_are_folded_with_their_vendor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
