/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords: argon2id, salted, whole (SECURITY `password`). */
#include "crypto.h"
#include "fixture.h"

/* RFC 9106 has no vector of the text form; this one is of the reference implementation's own tests
 * (argon2id, v=19, m=65536, t=2, p=1, "password", salt "somesalt"): with our memory or more. */
#define REFERENCE                                                                                  \
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"                                                   \
    "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
/* The same tests: m=256, t=2. */
#define WEAK                                                                                       \
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ"                                                     \
    "$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

static struct str hashed(struct fixture *f, struct str password) {
    struct str hash;
    assert_int_equal(password_hash(&f->cx, password, &hash), OK);
    return hash;
}

static bool matches(struct str password, struct str hash) {
    bool stale = true;
    bool is = password_matches(password, hash, &stale);
    assert_true(!is || !stale);
    return is;
}

static void password_round_trip(void **state) {
    struct fixture *f = *state;
    struct str hash = hashed(f, STR("correct horse"));
    assert_true(str_starts(hash, "$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_true(matches(STR("correct horse"), hash));
    assert_false(matches(STR("Correct horse"), hash));
    assert_false(matches(STR("correct hors"), hash));
    assert_false(matches(STR("correct horse "), hash));
    assert_false(matches(STR(""), hash));
    assert_false(matches(STR_NONE, hash));
}

static void password_hashes_are_salted(void **state) {
    struct fixture *f = *state;
    assert_false(str_eq(hashed(f, STR("the same one")), hashed(f, STR("the same one"))));
}

static void password_is_never_truncated(void **state) {
    struct fixture *f = *state;
    char text[512];
    memset(text, 'a', sizeof text);
    /* 72 bytes are the end of bcrypt; 512 is 128 characters of four bytes. */
    static const size_t lengths[] = {72, 73, 128, 512};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct str whole = {text, lengths[i]};
        struct str hash = hashed(f, whole);
        assert_true(matches(whole, hash));
        assert_false(matches(str_sub(whole, 0, whole.n - 1), hash));
        text[whole.n - 1] = 'b';
        assert_false(matches(whole, hash));
        text[whole.n - 1] = 'a';
    }
}

static void password_with_nul_is_whole(void **state) {
    struct fixture *f = *state;
    struct str nul = {"abcdefgh\0ijkl", 13};
    struct str hash = hashed(f, nul);
    assert_true(matches(nul, hash));
    assert_false(matches(str_sub(nul, 0, 8), hash));
    assert_false(matches((struct str){"abcdefgh\0ijkm", 13}, hash));
}

static void password_hashes_of_the_reference_are_read(void **state) {
    (void)state;
    bool stale = true;
    assert_true(password_matches(STR("password"), STR(REFERENCE), &stale));
    assert_false(stale);
    assert_false(password_matches(STR("passwore"), STR(REFERENCE), &stale));
}

static void password_of_weaker_parameters_is_stale(void **state) {
    (void)state;
    bool stale = false;
    assert_true(password_matches(STR("password"), STR(WEAK), &stale));
    assert_true(stale);
}

static void password_dummy_matches_nothing_and_costs_the_same(void **state) {
    struct fixture *f = *state;
    struct str dummy = password_dummy(), hash = hashed(f, STR("anything"));
    assert_false(matches(STR(""), dummy));
    assert_false(matches(STR("anything"), dummy));
    assert_int_equal(dummy.n, hash.n);
    assert_memory_equal(dummy.p, hash.p, strlen("$argon2id$v=19$m=19456,t=2,p=1$"));
}

static void password_hashes_that_are_broken_match_nothing(void **state) {
    struct fixture *f = *state;
    struct str hash = hashed(f, STR("anything"));
    static const struct str broken[] = {
        {"", 0},
        {NULL, 0},
        {"anything", 8},
        {"$argon2id$v=19$", 15},
        {"$argon2id$v=19$m=19456,t=2,p=1$$", 32},
        {"$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", 64},
        {"$argon2id$v=19$m=99999999999,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", 71},
    };
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        assert_false(matches(STR("anything"), broken[i]));
    }
    for (size_t n = 0; n < hash.n; n += 7) {
        assert_false(matches(STR("anything"), str_sub(hash, 0, n)));
    }
    char *longer = arena_alloc(f->arena, 300);
    memset(longer, 'A', 300);
    memcpy(longer, hash.p, hash.n);
    assert_false(matches(STR("anything"), (struct str){longer, 300}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(password_round_trip),
        TEST(password_hashes_are_salted),
        TEST(password_is_never_truncated),
        TEST(password_with_nul_is_whole),
        TEST(password_hashes_of_the_reference_are_read),
        TEST(password_of_weaker_parameters_is_stale),
        TEST(password_dummy_matches_nothing_and_costs_the_same),
        TEST(password_hashes_that_are_broken_match_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
