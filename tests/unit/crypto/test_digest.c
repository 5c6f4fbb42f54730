/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, SHA-512 (FIPS 180) and HMAC (RFC 4231). */
#include "crypto.h"
#include "fixture.h"

static void assert_sha256(struct fixture *f, struct str text, const char *expected) {
    unsigned char digest[SHA256_SIZE];
    sha256(text.p, text.n, digest);
    assert_str(hex(f->arena, digest, sizeof digest), expected);
}

static void sha256_vectors(void **state) {
    struct fixture *f = *state;
    assert_sha256(f, STR(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256(f, STR("abc"),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha256(f, STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void sha512_vectors(void **state) {
    struct fixture *f = *state;
    unsigned char digest[SHA512_SIZE];
    sha512("abc", 3, digest);
    assert_str(hex(f->arena, digest, sizeof digest),
               "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

static void the_stored_form_is_base64url(void **state) {
    struct fixture *f = *state;
    assert_str(sha256_text(f->arena, STR("abc")), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    assert_int_equal(SHA256_TEXT, 43);
}

static void constant_time_match_of_a_candidate(void **state) {
    struct fixture *f = *state;
    struct str stored = sha256_text(f->arena, STR("secret"));
    assert_true(sha256_matches(STR("secret"), stored));
    assert_false(sha256_matches(STR("Secret"), stored));
    assert_false(sha256_matches(STR("secret"), str_sub(stored, 0, 42)));
    assert_false(sha256_matches(STR("secret"), STR_NONE));
    assert_false(sha256_matches(STR("secret"), STR("secret")));
    assert_false(sha256_matches(STR_NONE, stored));
}

struct vector {
    unsigned char key_byte;
    size_t key_n;
    const char *text, *sha256, *sha384, *sha512;
};

static void hmac_vectors_of_rfc_4231(void **state) {
    struct fixture *f = *state;
    static const struct vector vectors[] = {
        {0x0b, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
         "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b"
         "2fa"
         "9cb6",
         "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274ea"
         "ea3"
         "f4e4be9d914eeb61f1702e696c203a126854"},
        {0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
         "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df16"
         "3f4"
         "4952",
         "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215"
         "d6a"
         "1e5295e64f73f63f0aec8b915a985d786598"},
    };
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        const struct vector *v = &vectors[i];
        unsigned char key[131], mac[HMAC_MAX];
        memset(key, v->key_byte, v->key_n);
        size_t n = hmac(HASH_SHA256, key, v->key_n, v->text, strlen(v->text), mac);
        assert_str(hex(f->arena, mac, n), v->sha256);
        n = hmac(HASH_SHA384, key, v->key_n, v->text, strlen(v->text), mac);
        assert_str(hex(f->arena, mac, n), v->sha384);
        n = hmac(HASH_SHA512, key, v->key_n, v->text, strlen(v->text), mac);
        assert_str(hex(f->arena, mac, n), v->sha512);
    }
}

static void hmac_of_nothing_with_nothing(void **state) {
    struct fixture *f = *state;
    unsigned char mac[HMAC_MAX];
    assert_int_equal(hmac(HASH_SHA256, NULL, 0, NULL, 0, mac), 32);
    assert_str(hex(f->arena, mac, 32),
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(sha256_vectors),
        TEST(sha512_vectors),
        TEST(the_stored_form_is_base64url),
        TEST(constant_time_match_of_a_candidate),
        TEST(hmac_vectors_of_rfc_4231),
        TEST(hmac_of_nothing_with_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
