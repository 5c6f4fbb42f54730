/* SPDX-License-Identifier: Apache-2.0 */
/* The table of algorithms. */
#include "fixture.h"
#include "jose.h"

static void the_table_is_consistent(void **state) {
    (void)state;
    size_t n = 0;
    for (const struct alg *a; (a = alg_at(n)) != NULL; n++) {
        assert_ptr_equal(alg_find(str_from(a->name)), a);
        assert_non_null(a->kty);
        if (!a->symmetric) {
            assert_ptr_equal(alg_of_kind(a->kind), a); /* one algorithm for each kind of key */
        }
    }
    assert_int_equal(n, 6);
    assert_null(alg_at(SIZE_MAX));
}

static void jwt_none_and_its_relatives_are_not_in_it(void **state) {
    (void)state;
    static const char *const bad[] = {"none",    "None",   "NONE",  "",      "rs256",
                                      "RS256 ",  "RS512",  "PS256", "ES384", "HS1",
                                      "RS256\n", "ES256K", "dir"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_null(alg_find(str_from(bad[i])));
    }
    assert_null(alg_find(STR_NONE));
    assert_null(alg_find(STR("RS256\0")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_table_is_consistent),
        TEST(jwt_none_and_its_relatives_are_not_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
