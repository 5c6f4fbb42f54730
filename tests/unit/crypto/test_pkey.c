/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs: made, stored, built from numbers; weak and false ones are refused. */
#include "crypto.h"
#include "fixture.h"

static struct str unhex(struct fixture *f, const char *digits) {
    struct str bytes;
    assert_true(hex_parse(f->arena, str_from(digits), &bytes));
    return bytes;
}

static struct str un64(struct fixture *f, const char *text) {
    struct str bytes;
    assert_true(base64url_parse(f->arena, str_from(text), &bytes));
    return bytes;
}

static void every_kind_survives_storage_and_numbers(void **state) {
    struct fixture *f = *state;
    static const enum pkey_kind kinds[] = {PKEY_RSA, PKEY_EC_P256, PKEY_ED25519};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct pkey *key, *stored, *public;
        struct secret der, again;
        struct pkey_numbers a, b;
        assert_int_equal(pkey_generate(&f->cx, kinds[i], 0, &key), OK);
        assert_int_equal(pkey_write_private(&f->cx, key, &der), OK);
        assert_int_equal(pkey_parse_private(&f->cx, der, &stored), OK);
        assert_int_equal(pkey_kind(stored), kinds[i]);
        assert_int_equal(pkey_numbers(&f->cx, stored, &a), OK);
        assert_int_equal(a.a.n, kinds[i] == PKEY_RSA ? 256 : 32);
        assert_int_equal(pkey_from_numbers(&f->cx, &a, &public), OK);
        assert_int_equal(pkey_numbers(&f->cx, public, &b), OK);
        assert_true(str_eq(a.a, b.a) && str_eq(a.b, b.b));
        /* A public key has no private part to write. */
        assert_int_equal(pkey_write_private(&f->cx, public, &again), ERR_INTERNAL);
        pkey_free(key);
        pkey_free(stored);
        pkey_free(public);
    }
    pkey_free(NULL);
}

static void larger_rsa_keys_are_made_on_request(void **state) {
    struct fixture *f = *state;
    struct pkey *key;
    struct pkey_numbers numbers;
    assert_int_equal(pkey_generate(&f->cx, PKEY_RSA, 3072, &key), OK);
    assert_int_equal(pkey_numbers(&f->cx, key, &numbers), OK);
    assert_int_equal(numbers.a.n, 384);
    pkey_free(key);
    /* 512 bits are no request that is honoured. */
    assert_int_equal(pkey_generate(&f->cx, PKEY_RSA, 512, &key), OK);
    assert_int_equal(pkey_numbers(&f->cx, key, &numbers), OK);
    assert_int_equal(numbers.a.n, 256);
    pkey_free(key);
}

static void malformed_private_keys_are_refused(void **state) {
    struct fixture *f = *state;
    struct pkey *key, *ret = NULL;
    struct secret der;
    assert_int_equal(pkey_generate(&f->cx, PKEY_EC_P256, 0, &key), OK);
    assert_int_equal(pkey_write_private(&f->cx, key, &der), OK);
    pkey_free(key);
    for (size_t n = 0; n < der.n; n++) {
        assert_int_equal(pkey_parse_private(&f->cx, (struct secret){der.p, n}, &ret), ERR_INTERNAL);
    }
    struct secret longer = secret_in(f->arena, der.p, der.n);
    longer.n++; /* its NUL behind the end */
    assert_int_equal(pkey_parse_private(&f->cx, longer, &ret), ERR_INTERNAL);
    assert_null(ret);
}

/* PKCS#8 of keys that are sound but none of ours: P-384, RSA of 1024 bits, X25519; made with
 * openssl genpkey. */
static void private_keys_of_other_kinds_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const texts[] = {
        "MIGkAgEBBDAW4p9KIzPD0wtL/NqXYW8IG1khiZixYqvhnjJLCoioE4YA916O14jDIIotS1NqPf6gBwYFK4EE"
        "ACKhZANiAASHm+IcDvVUjYkkyZPXX0EikDAQi9anCn4E2+x4Bk0TyIjAH9ff5TP18568yJlO0tu3SdKOiwwI"
        "AhKqN8zbO0HqCWlRPI1a8OY6XzFjZjpSnH3xR3QakhRUM+DfihlrI2Q=",
        "MIICXQIBAAKBgQDcgF/WHVXgYqxXlyAmxMG/EjY5V7QyA6m3D7RAZTyBAfKBgv/slMt9iir0gyyYY5dt/TAH"
        "cD2ekqJQW0GGYUMuHQz5qOH/Vf4DpbrO+Cln0Xtx1V+efUhlSrGnsuDq+ZyVEVJpRo3b/yfnsogDrK3uKlI3"
        "HNnwueBpSrtQPRguFwIDAQABAoGBAL/vwvxnRrRuT+RiuWrlxFyk5qxdio4qoBWoRtfzB4qofkZ8GHgAQW2C"
        "0sdKU4xGzK7CQIeJDSo2K7HU7aGikk04/DoYMR8//wtXA/ezxutzKd9oI5W5O/XvN2M+SN0yKsu7bAPuGlTe"
        "t2maczkpu9TsIimXHiKwlZaDdype9eeJAkEA7vYuzV5VfzKb0TlKAf04aNwuk4WkWYC32+KivDJizriAM1mC"
        "mMQHJYvZsm1UK0JWyxEMhNNIiZbFfBAroxeg3QJBAOw5O9xLTpyO/1no54EfImq61N96/FkzcLGAOIgAOsxF"
        "fiOWothIu/916xHyiriymn23K/F+vVbv/x+u7TvgAYMCQQCM0f0gv2/I5q0Wbhlj9LKycNbtzrrcl9NBvFxE"
        "Zbj+s5GxMRWaKyM/CBxBXtZUK+L0BlcHS2+azYQRqYHducXtAkB1DreXJspB0qq/BycRWThY41RxmiRKn68M"
        "hpl864A3kYg8Yn036HMg2HIwZpxPglIEUiy4czGoTy2BqdFthke5AkByJxTrxsIO+mS8/CzrVhrOxeb6hpl/"
        "izkSXqX6MGZcZXSnOgh3utsEPbOYYrSj/8ZxYl/jV97bcPhFpBQokAu0",
        "MC4CAQAwBQYDK2VuBCIEIEhlwFeUd1CmPsHF5Q6/A657qZiK+tUF1cd5YKnBe0lT",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct pkey *key = NULL;
        struct str der;
        assert_true(base64_parse(f->arena, str_from(texts[i]), &der));
        assert_int_equal(pkey_parse_private(&f->cx, secret_in(f->arena, der.p, der.n), &key),
                         ERR_INTERNAL);
        assert_null(key);
    }
}

static void assert_refused(struct fixture *f, enum pkey_kind kind, struct str a, struct str b) {
    struct pkey *key = NULL;
    struct pkey_numbers numbers = {kind, a, b};
    assert_int_equal(pkey_from_numbers(&f->cx, &numbers, &key), ERR_INVALID_REQUEST);
    assert_null(key);
}

static struct str modulus(struct fixture *f, size_t bytes) {
    char *p = arena_alloc(f->arena, bytes);
    memset(p, 0xc5, bytes);
    return (struct str){p, bytes};
}

static void weak_rsa_numbers_are_refused(void **state) {
    struct fixture *f = *state;
    struct str e = STR("\x01\x00\x01"), n = modulus(f, 256);
    struct pkey *key;
    struct pkey_numbers good = {PKEY_RSA, n, e};
    assert_int_equal(pkey_from_numbers(&f->cx, &good, &key), OK);
    pkey_free(key);
    assert_refused(f, PKEY_RSA, modulus(f, 255), e);
    assert_refused(f, PKEY_RSA, modulus(f, 128), e);
    assert_refused(f, PKEY_RSA, modulus(f, 513), e);
    assert_refused(f, PKEY_RSA, STR_NONE, e);
    assert_refused(f, PKEY_RSA, n, STR_NONE);
    assert_refused(f, PKEY_RSA, n, STR("\x01"));
    assert_refused(f, PKEY_RSA, n, STR("\x02"));
    assert_refused(f, PKEY_RSA, n, STR("\x01\x00\x00"));
    assert_refused(f, PKEY_RSA, n, STR("\x00\x01\x00\x01")); /* RFC 7518 2: no leading zero */
    assert_refused(f, PKEY_RSA, n, STR("\x01\x01\x01\x01\x01"));
    struct str even = modulus(f, 256);
    ((char *)(uintptr_t)even.p)[255] = 2;
    assert_refused(f, PKEY_RSA, even, e);
    struct str padded = modulus(f, 256);
    ((char *)(uintptr_t)padded.p)[0] = 0;
    assert_refused(f, PKEY_RSA, padded, e);
    struct str small = modulus(f, 256);
    ((char *)(uintptr_t)small.p)[0] = 0x7f; /* 2047 bits */
    assert_refused(f, PKEY_RSA, small, e);
}

static void points_off_the_curve_are_refused(void **state) {
    struct fixture *f = *state;
    /* RFC 7515 A.3.1 */
    struct str x = un64(f, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    struct str y = un64(f, "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    struct pkey *key;
    struct pkey_numbers good = {PKEY_EC_P256, x, y};
    assert_int_equal(pkey_from_numbers(&f->cx, &good, &key), OK);
    pkey_free(key);
    assert_refused(f, PKEY_EC_P256, y, x);
    assert_refused(f, PKEY_EC_P256, x, str_sub(y, 0, 31));
    assert_refused(f, PKEY_EC_P256, x, STR_NONE);
    struct str zero = unhex(f, "0000000000000000000000000000000000000000000000000000000000000000");
    assert_refused(f, PKEY_EC_P256, zero, zero);
    struct str large = unhex(f, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    assert_refused(f, PKEY_EC_P256, large, y);
}

static void ed25519_has_one_number_of_32_bytes(void **state) {
    struct fixture *f = *state;
    struct str x = un64(f, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    struct pkey *key;
    struct pkey_numbers good = {PKEY_ED25519, x, STR_NONE};
    assert_int_equal(pkey_from_numbers(&f->cx, &good, &key), OK);
    pkey_free(key);
    assert_refused(f, PKEY_ED25519, str_sub(x, 0, 31), STR_NONE);
    assert_refused(f, PKEY_ED25519, STR_NONE, STR_NONE);
    assert_refused(f, PKEY_ED25519, x, x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_kind_survives_storage_and_numbers),
        TEST(larger_rsa_keys_are_made_on_request),
        TEST(malformed_private_keys_are_refused),
        TEST(private_keys_of_other_kinds_are_refused),
        TEST(weak_rsa_numbers_are_refused),
        TEST(points_off_the_curve_are_refused),
        TEST(ed25519_has_one_number_of_32_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
