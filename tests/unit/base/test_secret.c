/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that must not leak. */
#include "fixture.h"

static struct secret of(const char *z) {
    return (struct secret){(unsigned char *)(uintptr_t)z, strlen(z)};
}

static void constant_time_comparison_is_right(void **state) {
    (void)state;
    assert_true(secret_equal(of("abc"), of("abc")));
    assert_false(secret_equal(of("abc"), of("abd")));
    assert_false(secret_equal(of("xbc"), of("abc")));
    assert_false(secret_equal(of("abc"), of("abcd")));
    assert_true(secret_equal(of(""), of("")));
    assert_true(secret_equal_bytes("a\0b", "a\0b", 3));
    assert_false(secret_equal_bytes("a\0b", "a\0c", 3)); /* not strcmp */
    for (size_t i = 0; i < 64; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            unsigned char a[64] = {0}, b[64] = {0};
            b[i] = (unsigned char)(1u << bit);
            assert_false(secret_equal_bytes(a, b, sizeof a));
        }
    }
}

struct seen {
    const unsigned char *p;
    size_t n;
    bool zero;
};

static void look(void *object) {
    struct seen *s = object;
    s->zero = true;
    for (size_t i = 0; i < s->n; i++) {
        s->zero = s->zero && s->p[i] == 0;
    }
}

static void a_copy_is_wiped_with_the_arena(void **state) {
    struct fixture *f = *state;
    struct seen seen = {.zero = false};
    arena_defer(f->arena, look, &seen); /* deferred first: runs last */
    struct secret s = secret_in(f->arena, "topsecret", 9);
    assert_memory_equal(s.p, "topsecret", 9);
    assert_int_equal(s.n, 9);
    seen.p = s.p;
    seen.n = s.n;
    arena_reset(f->arena);
    assert_true(seen.zero);
}

static void wipe(void **state) {
    (void)state;
    unsigned char bytes[4] = {1, 2, 3, 4};
    secret_wipe(bytes, 3);
    assert_memory_equal(bytes, "\0\0\0\4", 4);
}

static void an_empty_secret(void **state) {
    struct fixture *f = *state;
    struct secret s = secret_in(f->arena, NULL, 0);
    assert_int_equal(s.n, 0);
    assert_non_null(s.p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(constant_time_comparison_is_right),
        TEST(a_copy_is_wiped_with_the_arena),
        TEST(wipe),
        TEST(an_empty_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
