/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, against the RFCs' vectors and their own tampered copies. */
#include "crypto.h"
#include "fixture.h"

static struct str un64(struct fixture *f, const char *text) {
    struct str bytes;
    assert_true(base64url_parse(f->arena, str_from(text), &bytes));
    return bytes;
}

static struct verifier *verifier_of(struct fixture *f, enum pkey_kind kind, const char *a,
                                    const char *b) {
    struct pkey_numbers numbers = {kind, un64(f, a), b == NULL ? STR_NONE : un64(f, b)};
    struct pkey *key;
    assert_int_equal(pkey_from_numbers(&f->cx, &numbers, &key), OK);
    struct verifier *v = verifier_new(key);
    assert_non_null(v);
    pkey_free(key); /* the verifier has a key of its own */
    return v;
}

#define PAYLOAD                                                                                    \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"

static void rs256_of_rfc_7515_a_2(void **state) {
    struct fixture *f = *state;
    struct verifier *v =
        verifier_of(f, PKEY_RSA,
                    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
                    "4qPCJrcS2mJPMEzP1Pt0Bm4"
                    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
                    "bSf63kpaSHSXndS5z5re"
                    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_"
                    "I5IhlJH7aGhyxX"
                    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
                    "AQAB");
    struct str signature =
        un64(f, "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_"
                "lF5YKt_O8W2Fp5"
                "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
                "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
                "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
                "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
                "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
    assert_true(verifier_verify(v, STR("eyJhbGciOiJSUzI1NiJ9." PAYLOAD), signature));
    assert_true(verifier_verify(v, STR("eyJhbGciOiJSUzI1NiJ9." PAYLOAD), signature)); /* again */
    assert_false(verifier_verify(v, STR("eyJhbGciOiJSUzI1NiJ9." PAYLOAD "x"), signature));
    assert_false(
        verifier_verify(v, STR("eyJhbGciOiJSUzI1NiJ9." PAYLOAD), str_sub(signature, 0, 255)));
    assert_true(verifier_verify(v, STR("eyJhbGciOiJSUzI1NiJ9." PAYLOAD), signature));
    verifier_free(v);
}

static void es256_of_rfc_7515_a_3(void **state) {
    struct fixture *f = *state;
    struct verifier *v = verifier_of(f, PKEY_EC_P256, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                     "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    struct str signature =
        un64(f, "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
                "pmWQxfKTUJqPP3-Kg6NU1Q");
    struct str message = STR("eyJhbGciOiJFUzI1NiJ9." PAYLOAD);
    assert_true(verifier_verify(v, message, signature));
    assert_false(verifier_verify(v, STR("eyJhbGciOiJFUzI1NiJ9."), signature));
    verifier_free(v);
}

static void eddsa_of_rfc_8037_a_4(void **state) {
    struct fixture *f = *state;
    /* PKCS#8 (RFC 8410 7) of the private key of RFC 8037 A.1. */
    struct str seed = un64(f, "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"), head;
    assert_true(hex_parse(f->arena, STR("302e020100300506032b657004220420"), &head));
    struct buf der = buf_in(f->arena, 48);
    buf_str(&der, head);
    buf_str(&der, seed);
    struct pkey *key;
    assert_int_equal(pkey_parse_private(&f->cx, secret_in(f->arena, der.p, der.n), &key), OK);
    struct signer *s = signer_new(key);
    pkey_free(key);
    struct str message = STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    unsigned char signature[SIGNATURE_MAX];
    size_t n;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(signer_sign(&f->cx, s, message, signature, &n), OK);
        assert_str(
            base64url(f->arena, signature, n),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM"
            "0KAg");
    }
    signer_free(s);
    struct verifier *v =
        verifier_of(f, PKEY_ED25519, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", NULL);
    assert_true(verifier_verify(v, message, (struct str){(char *)signature, n}));
    assert_false(verifier_verify(v, STR("other"), (struct str){(char *)signature, n}));
    verifier_free(v);
}

static void assert_tamper_proof(struct verifier *v, struct str message, unsigned char *signature,
                                size_t n) {
    struct str whole = {(char *)signature, n};
    assert_true(verifier_verify(v, message, whole));
    for (size_t i = 0; i<n; i += n> 100 ? 17 : 1) {
        signature[i] ^= 0x10;
        assert_false(verifier_verify(v, message, whole));
        signature[i] ^= 0x10;
    }
    for (size_t cut = 0; cut<n; cut += n> 100 ? 31 : 1) {
        assert_false(verifier_verify(v, message, str_sub(whole, 0, cut)));
    }
    assert_false(verifier_verify(v, message, STR_NONE));
    assert_false(verifier_verify(v, message, (struct str){(char *)signature, n + 1}));
    assert_true(verifier_verify(v, message, whole));
}

static void many_signatures_of_one_signer(void **state) {
    struct fixture *f = *state;
    static const enum pkey_kind kinds[] = {PKEY_RSA, PKEY_EC_P256, PKEY_ED25519};
    static const size_t sizes[] = {256, 64, 64};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct pkey *key, *other;
        assert_int_equal(pkey_generate(&f->cx, kinds[i], 0, &key), OK);
        assert_int_equal(pkey_generate(&f->cx, kinds[i], 0, &other), OK);
        struct signer *s = signer_new(key);
        struct verifier *v = verifier_new(key), *foreign = verifier_new(other);
        for (int round = 0; round < 40; round++) {
            unsigned char signature[SIGNATURE_MAX] = {0};
            size_t n;
            struct str message = str_format(f->arena, "message %d", round);
            assert_int_equal(signer_sign(&f->cx, s, message, signature, &n), OK);
            assert_int_equal(n, sizes[i]); /* also when r or s begins with zeros */
            assert_true(verifier_verify(v, message, (struct str){(char *)signature, n}));
            assert_false(verifier_verify(foreign, message, (struct str){(char *)signature, n}));
            if (round == 0) {
                assert_tamper_proof(v, message, signature, n);
            }
        }
        signer_free(s);
        verifier_free(v);
        verifier_free(foreign);
        pkey_free(key);
        pkey_free(other);
    }
    signer_free(NULL);
    verifier_free(NULL);
}

static void ecdsa_zero_is_no_signature(void **state) {
    struct fixture *f = *state;
    struct verifier *v = verifier_of(f, PKEY_EC_P256, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                     "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    char zeros[64] = {0}; /* CVE-2022-21449 */
    assert_false(verifier_verify(v, STR("x"), (struct str){zeros, sizeof zeros}));
    verifier_free(v);
}

static void a_public_key_does_not_sign(void **state) {
    struct fixture *f = *state;
    struct pkey_numbers numbers = {
        PKEY_ED25519, un64(f, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), STR_NONE};
    struct pkey *key;
    unsigned char signature[SIGNATURE_MAX];
    size_t n = 77;
    assert_int_equal(pkey_from_numbers(&f->cx, &numbers, &key), OK);
    struct signer *s = signer_new(key);
    if (s != NULL) {
        assert_int_equal(signer_sign(&f->cx, s, STR("x"), signature, &n), ERR_INTERNAL);
        assert_int_equal(n, 77);
    }
    signer_free(s);
    pkey_free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(rs256_of_rfc_7515_a_2),      TEST(es256_of_rfc_7515_a_3),
        TEST(eddsa_of_rfc_8037_a_4),      TEST(many_signatures_of_one_signer),
        TEST(ecdsa_zero_is_no_signature), TEST(a_public_key_does_not_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
