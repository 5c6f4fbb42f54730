/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "model.h"

static void the_active_key_is_of_the_algorithm_and_found_keys_have_the_kid(void **state) {
    (void)state;
    const struct alg *rs = alg_find(STR("RS256")), *es = alg_find(STR("ES256"));
    struct signing_key keys[] = {{.kid = STR("a"), .alg = rs, .state = STR("active")},
                                 {.kid = STR("b"), .alg = es, .state = STR("future")},
                                 {.kid = STR("c"), .alg = es, .state = STR("retired")}};
    const struct keyring ring = {.keys = keys, .n = COUNT_OF(keys)};
    assert_ptr_equal(keyring_active(&ring, rs), &keys[0]);
    assert_null(keyring_active(&ring, es));
    assert_ptr_equal(keyring_find(&ring, STR("c")), &keys[2]);
    assert_null(keyring_find(&ring, STR("d")));
    assert_null(keyring_find(&ring, STR("")));
    assert_null(keyring_find(&ring, STR_NONE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_active_key_is_of_the_algorithm_and_found_keys_have_the_kid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
