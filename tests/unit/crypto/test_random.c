/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes. */
#include "crypto.h"
#include "fixture.h"

static void the_system_fills_all_and_never_twice_the_same(void **state) {
    (void)state;
    unsigned char a[64] = {0}, b[64] = {0};
    random_system.fill(&random_system, a, sizeof a);
    random_system.fill(&random_system, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 32, b + 32, 32);
    random_system.fill(&random_system, a, 0);
}

static void text_comes_from_the_context(void **state) {
    struct fixture *f = *state;
    assert_str(random_text(&f->cx, 6), "AQIDBAUG");
    assert_int_equal(random_text(&f->cx, 32).n, 43);
}

static void letters_are_drawn_alike_and_grouped(void **state) {
    struct fixture *f = *state;
    size_t seen[3] = {0};
    assert_str(random_letters(&f->cx, "abc", 7, 3), "bca-cab"); /* bytes 1 to 7 */
    struct str many = random_letters(&f->cx, "abc", 256 * 3, 256 * 3);
    for (size_t i = 0; i < many.n; i++) {
        seen[many.p[i] - 'a']++;
    }
    /* 255, which would be one more 'a', is drawn again. */
    assert_in_range(seen[0], 255, 257);
    assert_in_range(seen[1], 255, 257);
    assert_int_equal(seen[0] + seen[1] + seen[2], many.n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_system_fills_all_and_never_twice_the_same),
        TEST(text_comes_from_the_context),
        TEST(letters_are_drawn_alike_and_grouped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
