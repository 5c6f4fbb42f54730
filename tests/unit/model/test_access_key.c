/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "model.h"

static void ids_and_secrets_have_the_length_that_programs_check(void **state) {
    struct fixture *f = *state;
    struct access_key_new k = {0};
    access_key_prepare(&f->cx, &k);
    const struct str both[] = {k.key.access_key_id, k.secret};
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        assert_int_equal(both[i].n, ACCESS_KEY_LENGTH);
        assert_true(str_ends(both[i], "===="));
        for (size_t c = 0; c < 52; c++) {
            assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", both[i].p[c]));
        }
    }
    assert_false(str_eq(k.key.access_key_id, k.secret));
    assert_true(sha256_matches(k.secret, k.secret_digest));
    assert_false(sha256_matches(k.key.access_key_id, k.secret_digest));
    assert_true(k.key.is_active);
    assert_int_equal(k.key.created_at, FIXTURE_NOW);
}

static void use_within_the_minute_needs_no_database(void **state) {
    struct fixture *f = *state; /* cx.db is NULL */
    const struct access_key k = {.last_used_at = FIXTURE_NOW - 59};
    assert_int_equal(access_key_used(&f->cx, &k), OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(ids_and_secrets_have_the_length_that_programs_check),
        TEST(use_within_the_minute_needs_no_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
