/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticated encryption: what was sealed opens, anything else does not. */
#include "crypto.h"
#include "fixture.h"

static struct seal_key counting_key(void) {
    struct seal_key key;
    for (size_t i = 0; i < sizeof key.bytes; i++) {
        key.bytes[i] = (unsigned char)i;
    }
    return key;
}

/* Made with another implementation (Node's crypto): key 00..1f, nonce 01..0c. */
static void the_form_is_that_of_others(void **state) {
    struct fixture *f = *state;
    struct seal_key key = counting_key();
    assert_str(seal(&f->cx, &key, STR("signing_key/7"), STR("top secret")),
               "AQECAwQFBgcICQoLDHGFKvWf8ZP0KdY33J5fjzuq71-M5x_o6i69");
    struct seal_key derived = seal_key_derive(&key, "refresh");
    assert_str(hex(f->arena, derived.bytes, sizeof derived.bytes),
               "d2884b0eca815bf452861dbd8393928f9964664b394644830b424cfab6745e79");
}

static void what_was_sealed_opens(void **state) {
    struct fixture *f = *state;
    struct seal_key key = counting_key();
    char *text = arena_alloc(f->arena, 5000);
    memset(text, 'x', 5000);
    for (size_t n = 0; n < 5000; n += n < 70 ? 1 : 997) {
        struct secret plain;
        struct str sealed = seal(&f->cx, &key, STR("a/1"), (struct str){text, n});
        assert_int_equal(unseal(&f->cx, &key, STR("a/1"), sealed, &plain), OK);
        assert_int_equal(plain.n, n);
        assert_memory_equal(plain.p, text, n);
    }
    struct secret plain;
    struct str sealed = seal(&f->cx, &key, STR_NONE, STR("no context"));
    assert_int_equal(unseal(&f->cx, &key, STR_NONE, sealed, &plain), OK);
}

static void the_same_text_never_looks_the_same(void **state) {
    struct fixture *f = *state;
    struct seal_key key = counting_key();
    struct str a = seal(&f->cx, &key, STR("a"), STR("x")),
               b = seal(&f->cx, &key, STR("a"), STR("x"));
    assert_false(str_eq(a, b));
}

static void another_key_or_context_does_not_open(void **state) {
    struct fixture *f = *state;
    struct seal_key key = counting_key(), other = seal_key_derive(&key, "other");
    struct str sealed = seal(&f->cx, &key, STR("tenant/1"), STR("secret"));
    struct secret plain = {NULL, 0};
    assert_int_equal(unseal(&f->cx, &other, STR("tenant/1"), sealed, &plain), ERR_INTERNAL);
    assert_int_equal(unseal(&f->cx, &key, STR("tenant/2"), sealed, &plain), ERR_INTERNAL);
    assert_reason(f, "tenant/2");
    assert_int_equal(unseal(&f->cx, &key, STR_NONE, sealed, &plain), ERR_INTERNAL);
    assert_null(plain.p);
}

static void every_flipped_bit_is_noticed(void **state) {
    struct fixture *f = *state;
    struct seal_key key = counting_key();
    struct str sealed = seal(&f->cx, &key, STR("c"), STR("twenty bytes of text")), bytes;
    assert_true(base64url_parse(f->arena, sealed, &bytes));
    for (size_t bit = 0; bit < bytes.n * 8; bit++) {
        char *copy = str_z(f->arena, bytes);
        struct secret plain;
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        struct str tampered = base64url(f->arena, copy, bytes.n);
        assert_int_equal(unseal(&f->cx, &key, STR("c"), tampered, &plain), ERR_INTERNAL);
    }
}

static void cut_and_malformed_texts_are_refused(void **state) {
    struct fixture *f = *state;
    struct seal_key key = counting_key();
    struct str sealed = seal(&f->cx, &key, STR("c"), STR("text"));
    struct secret plain;
    for (size_t n = 0; n < sealed.n; n++) {
        assert_int_equal(unseal(&f->cx, &key, STR("c"), str_sub(sealed, 0, n), &plain),
                         ERR_INTERNAL);
    }
    assert_int_equal(unseal(&f->cx, &key, STR("c"), STR_NONE, &plain), ERR_INTERNAL);
    assert_int_equal(unseal(&f->cx, &key, STR("c"), STR("not base64url!"), &plain), ERR_INTERNAL);
}

static void purposes_have_different_keys(void **state) {
    (void)state;
    struct seal_key master = counting_key();
    struct seal_key a = seal_key_derive(&master, "a"), again = seal_key_derive(&master, "a");
    struct seal_key b = seal_key_derive(&master, "b");
    assert_memory_equal(a.bytes, again.bytes, sizeof a.bytes);
    assert_memory_not_equal(a.bytes, b.bytes, sizeof a.bytes);
    assert_memory_not_equal(a.bytes, master.bytes, sizeof a.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_form_is_that_of_others),         TEST(what_was_sealed_opens),
        TEST(the_same_text_never_looks_the_same), TEST(another_key_or_context_does_not_open),
        TEST(every_flipped_bit_is_noticed),       TEST(cut_and_malformed_texts_are_refused),
        TEST(purposes_have_different_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
