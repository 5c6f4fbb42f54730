/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "model.h"

static void headers_of_new_keys_pass_a_decoder_of_plain_base64(void **state) {
    struct fixture *f = *state;
    assert_true(kid_header_ok(STR("eyJhbGciOiJSUzI1NiJ9")));
    assert_false(kid_header_ok(STR("eyJ-")));
    assert_false(kid_header_ok(STR("_yJh")));
    /* The very characters that a kid must not have: at a third place they give '-' and '_'. */
    const struct alg *alg = alg_find(STR("RS256"));
    bool refused = false;
    static const char *const kids[] = {"a>", "aa>", "aaa>", "a?", "aa?", "aaa?"};
    for (size_t i = 0; i < COUNT_OF(kids); i++) {
        refused =
            !kid_header_ok(jws_header(f->arena, alg, STR("JWT"), str_from(kids[i]))) || refused;
    }
    assert_true(refused);
    for (int i = 0; i < 200; i++) {
        unsigned char bytes[10];
        f->random.fill(&f->random, bytes, sizeof bytes);
        struct str kid = str_lower(f->arena, base32(f->arena, bytes, sizeof bytes));
        assert_int_equal(kid.n, 16); /* no padding */
        assert_true(kid_header_ok(jws_header(f->arena, alg, STR("JWT"), kid)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(headers_of_new_keys_pass_a_decoder_of_plain_base64)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
