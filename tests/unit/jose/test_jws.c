/* SPDX-License-Identifier: Apache-2.0 */
/* Compact signatures: the RFCs' examples, and tokens that must not pass. */
#include "fixture.h"
#include "jose.h"

#define CLAIMS                                                                                     \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"

static struct str un64(struct fixture *f, const char *text) {
    struct str bytes;
    assert_true(base64url_parse(f->arena, str_from(text), &bytes));
    return bytes;
}

static struct secret key_of(const void *p, size_t n) {
    return (struct secret){(unsigned char *)(uintptr_t)p, n};
}

/* A token of this header and a payload, with a signature of sorts. */
static struct str token(struct fixture *f, const char *header) {
    return str_format(f->arena, "%.*s.e30.AQAB",
                      STR_ARG(base64url(f->arena, header, strlen(header))));
}

static void assert_refused(struct fixture *f, struct str compact) {
    struct jws jws = {.kid = STR("kept")};
    if (jws_parse(&f->cx, compact, &jws) != ERR_INVALID_TOKEN) {
        fail_msg("'%.*s' was taken", STR_ARG(compact));
    }
    assert_str(jws.kid, "kept");
    assert_false(f->cx.failure.say); /* the client learns nothing about why */
}

static void hs256_of_rfc_7515_a_1(void **state) {
    struct fixture *f = *state;
    struct str key = un64(f, "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hc"
                             "gUuTwjAzZr1Z9CAow");
    struct str compact = STR("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." CLAIMS
                             ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    struct jws jws;
    assert_int_equal(jws_parse(&f->cx, compact, &jws), OK);
    assert_string_equal(jws.alg->name, "HS256");
    assert_str(jws.typ, "JWT");
    assert_null(jws.kid.p);
    assert_true(str_starts(jws.payload, "{\"iss\":\"joe\""));
    assert_true(jws_verify_mac(&jws, key.p, key.n));
    assert_false(jws_verify_mac(&jws, key.p, key.n - 1));
    struct str again;
    assert_int_equal(jws_sign_mac(&f->cx, STR("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"),
                                  jws.payload, jws.alg, key_of(key.p, key.n), &again),
                     OK);
    assert_str(again, compact.p);
}

static void eddsa_of_rfc_8037_a_5(void **state) {
    struct fixture *f = *state;
    struct jws jws;
    struct pkey_numbers numbers = {
        PKEY_ED25519, un64(f, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), STR_NONE};
    struct pkey *key;
    assert_int_equal(pkey_from_numbers(&f->cx, &numbers, &key), OK);
    struct verifier *v = verifier_new(key);
    struct str compact =
        STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCj"
            "P0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM"
            "0KAg");
    assert_int_equal(jws_parse(&f->cx, compact, &jws), OK);
    assert_str(jws.payload, "Example of Ed25519 signing");
    assert_true(jws_verify(&jws, v, PKEY_ED25519));
    verifier_free(v);
    pkey_free(key);
}

static void signed_tokens_of_every_kind(void **state) {
    struct fixture *f = *state;
    static const enum pkey_kind kinds[] = {PKEY_RSA, PKEY_EC_P256, PKEY_ED25519};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct pkey *key;
        struct str compact;
        struct jws jws;
        assert_int_equal(pkey_generate(&f->cx, kinds[i], 0, &key), OK);
        struct signer *s = signer_new(key);
        struct verifier *v = verifier_new(key);
        struct str header = jws_header(f->arena, alg_of_kind(kinds[i]), STR("at+jwt"), STR("k-1"));
        assert_int_equal(jws_sign(&f->cx, header, STR("{\"a\":1}"), s, &compact), OK);
        assert_int_equal(jws_parse(&f->cx, compact, &jws), OK);
        assert_str(jws.typ, "at+jwt");
        assert_str(jws.kid, "k-1");
        assert_str(jws.payload, "{\"a\":1}");
        assert_true(jws_verify(&jws, v, kinds[i]));
        /* Another payload under the same signature. */
        struct str forged = str_format(f->arena, "%.*s.e30%.*s", STR_ARG(header),
                                       STR_ARG(str_sub(compact, header.n + 11, compact.n)));
        assert_int_equal(jws_parse(&f->cx, forged, &jws), OK);
        assert_false(jws_verify(&jws, v, kinds[i]));
        signer_free(s);
        verifier_free(v);
        pkey_free(key);
    }
}

static void the_header(void **state) {
    struct fixture *f = *state;
    assert_str(un64(f, jws_header(f->arena, alg_find(STR("RS256")), STR("JWT"), STR("k")).p),
               "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k\"}");
    assert_str(un64(f, jws_header(f->arena, alg_find(STR("HS256")), STR_NONE, STR_NONE).p),
               "{\"alg\":\"HS256\"}");
}

static void jwt_alg_none_is_refused(void **state) {
    struct fixture *f = *state;
    assert_refused(f, token(f, "{\"alg\":\"none\"}"));
    assert_refused(f, token(f, "{\"alg\":\"None\"}"));
    assert_refused(f, token(f, "{\"alg\":\"nOnE\",\"typ\":\"JWT\"}"));
    assert_refused(f, token(f, "{\"typ\":\"JWT\"}"));
    assert_refused(f, token(f, "{\"alg\":null}"));
    assert_refused(f, token(f, "{\"alg\":[\"RS256\"]}"));
    assert_refused(f, token(f, "{\"alg\":\"\"}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\\u0000\"}"));
    assert_refused(f, STR("eyJhbGciOiJub25lIn0." CLAIMS "."));
    assert_refused(f, STR("eyJhbGciOiJIUzI1NiJ9." CLAIMS "."));
}

static void jwt_hs256_with_the_public_key_is_refused(void **state) {
    struct fixture *f = *state;
    struct pkey *key;
    struct pkey_numbers numbers;
    struct str compact;
    struct jws jws;
    assert_int_equal(pkey_generate(&f->cx, PKEY_RSA, 0, &key), OK);
    assert_int_equal(pkey_numbers(&f->cx, key, &numbers), OK);
    struct verifier *v = verifier_new(key);
    const struct alg *hs = alg_find(STR("HS256"));
    struct str header = jws_header(f->arena, hs, STR("JWT"), STR("k"));
    assert_int_equal(
        jws_sign_mac(&f->cx, header, STR("{}"), hs, key_of(numbers.a.p, numbers.a.n), &compact),
        OK);
    assert_int_equal(jws_parse(&f->cx, compact, &jws), OK);
    assert_false(jws_verify(&jws, v, PKEY_RSA));
    verifier_free(v);
    pkey_free(key);
}

static void jwt_alg_of_another_key_type_is_refused(void **state) {
    struct fixture *f = *state;
    struct pkey *key;
    struct str compact;
    struct jws jws;
    assert_int_equal(pkey_generate(&f->cx, PKEY_RSA, 0, &key), OK);
    struct signer *s = signer_new(key);
    struct verifier *v = verifier_new(key);
    /* A sound RSA signature under a header that says ES256, EdDSA or HS256. */
    static const char *const names[] = {"ES256", "EdDSA", "HS256"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct str header = jws_header(f->arena, alg_find(str_from(names[i])), STR_NONE, STR_NONE);
        assert_int_equal(jws_sign(&f->cx, header, STR("{}"), s, &compact), OK);
        assert_int_equal(jws_parse(&f->cx, compact, &jws), OK);
        assert_false(jws_verify(&jws, v, PKEY_RSA));
    }
    /* And an RS256 token where a MAC is expected. */
    struct str header = jws_header(f->arena, alg_find(STR("RS256")), STR_NONE, STR_NONE);
    assert_int_equal(jws_sign(&f->cx, header, STR("{}"), s, &compact), OK);
    assert_int_equal(jws_parse(&f->cx, compact, &jws), OK);
    assert_false(jws_verify_mac(&jws, "0123456789abcdef0123456789abcdef", 32));
    assert_true(jws_verify(&jws, v, PKEY_RSA));
    signer_free(s);
    verifier_free(v);
    pkey_free(key);
}

static void jwt_macs_need_a_key_of_32_bytes(void **state) {
    struct fixture *f = *state;
    static const char key[] = "0123456789abcdef0123456789abcdef";
    const struct alg *hs = alg_find(STR("HS256"));
    struct str header = jws_header(f->arena, hs, STR_NONE, STR_NONE), compact;
    struct jws jws;
    assert_int_equal(jws_sign_mac(&f->cx, header, STR("{}"), hs, key_of(key, 31), &compact),
                     ERR_INTERNAL);
    assert_int_equal(
        jws_sign_mac(&f->cx, header, STR("{}"), alg_find(STR("RS256")), key_of(key, 32), &compact),
        ERR_INTERNAL);
    assert_int_equal(jws_sign_mac(&f->cx, header, STR("{}"), hs, key_of(key, 32), &compact), OK);
    assert_int_equal(jws_parse(&f->cx, compact, &jws), OK);
    assert_true(jws_verify_mac(&jws, key, 32));
    assert_false(jws_verify_mac(&jws, key, 31));
    assert_false(jws_verify_mac(&jws, "", 0));
    assert_false(jws_verify_mac(&jws, "0123456789abcdef0123456789abcdeX", 32));
    /* A shortened MAC. */
    jws.signature.n = 16;
    assert_false(jws_verify_mac(&jws, key, 32));
    jws.signature.n = 0;
    assert_false(jws_verify_mac(&jws, key, 32));
}

static void jwt_kid_is_bounded_and_printable(void **state) {
    struct fixture *f = *state;
    struct jws jws;
    /* Odd ones pass as what they are: a name that no key has. */
    static const char *const odd[] = {"../../../dev/null", "x' OR '1'='1", "|ls", "%s%n", "a/b?c"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        struct str header = str_format(f->arena, "{\"alg\":\"RS256\",\"kid\":\"%s\"}", odd[i]);
        assert_int_equal(jws_parse(&f->cx, token(f, header.p), &jws), OK);
        assert_str(jws.kid, odd[i]);
    }
    for (int n = JWK_KID_MAX; n <= JWK_KID_MAX + 1; n++) {
        struct str header = str_format(f->arena, "{\"alg\":\"RS256\",\"kid\":\"%0*d\"}", n, 0);
        err e = jws_parse(&f->cx, token(f, header.p), &jws);
        assert_int_equal(e, n <= JWK_KID_MAX ? OK : ERR_INVALID_TOKEN);
    }
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"kid\":\"a\\nb\"}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"kid\":\"a\\u0000b\"}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"kid\":\"\\u00e9\"}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"kid\":\"\\u007f\"}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"kid\":1}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"kid\":{}}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"typ\":1}"));
}

static void jwt_keys_and_urls_in_the_header_are_ignored(void **state) {
    struct fixture *f = *state;
    struct jws jws;
    struct str header =
        STR("{\"alg\":\"EdDSA\",\"jku\":\"https://evil.example/k\",\"x5u\":\"x\",\"x5c\":"
            "[\"x\"],\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
            "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}}");
    assert_int_equal(jws_parse(&f->cx, token(f, header.p), &jws), OK);
    assert_null(jws.kid.p);
    assert_string_equal(jws.alg->name, "EdDSA");
}

static void jwt_crit_is_refused(void **state) {
    struct fixture *f = *state;
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"exp\":1}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"crit\":[]}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"crit\":null}"));
}

static void jwt_duplicate_members_are_refused(void **state) {
    struct fixture *f = *state;
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"alg\":\"none\"}"));
    assert_refused(f, token(f, "{\"alg\":\"RS256\",\"kid\":\"a\",\"k\\u0069d\":\"b\"}"));
}

static void jwt_headers_that_are_no_object_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"[]", "\"RS256\"", "null", "1", "{", "{\"alg\":\"RS256\"}x",
                                      " "};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_refused(f, token(f, bad[i]));
    }
}

static void jwt_nesting_and_size_bombs_are_refused(void **state) {
    struct fixture *f = *state;
    struct buf b = buf_in(f->arena, 0);
    struct jws jws;
    buf_z(&b, "{\"alg\":\"RS256\",\"x\":");
    for (int i = 0; i < 3000; i++) {
        buf_char(&b, '[');
    }
    buf_char(&b, '\0');
    assert_refused(f, token(f, b.p));
    for (int n = JWS_MAX; n <= JWS_MAX + 4; n += 4) {
        struct buf compact = buf_in(f->arena, (size_t)n);
        buf_z(&compact, "eyJhbGciOiJSUzI1NiJ9.");
        while (compact.n < (size_t)n - 5) {
            buf_char(&compact, 'A');
        }
        buf_z(&compact, ".AQAB");
        err e = jws_parse(&f->cx, buf_view(&compact), &jws);
        assert_int_equal(e, n <= JWS_MAX ? OK : ERR_INVALID_TOKEN);
    }
}

static void jwt_tokens_of_other_shapes_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      "...",
                                      "abc",
                                      "eyJhbGciOiJSUzI1NiJ9",
                                      "eyJhbGciOiJSUzI1NiJ9.e30",
                                      "eyJhbGciOiJSUzI1NiJ9.e30.",
                                      "eyJhbGciOiJSUzI1NiJ9.e30.AQAB.",
                                      "eyJhbGciOiJSUzI1NiJ9.e30.AQAB.AQAB",
                                      "eyJhbGciOiJSUzI1NiJ9.e30.AQAB.AQAB.AQAB", /* JWE */
                                      ".e30.AQAB",
                                      " eyJhbGciOiJSUzI1NiJ9.e30.AQAB",
                                      "eyJhbGciOiJSUzI1NiJ9.e30.AQAB\n",
                                      "{\"payload\":\"e30\",\"signatures\":[]}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_refused(f, str_from(bad[i]));
    }
    assert_refused(f, STR_NONE);
}

static void jwt_non_canonical_base64url_is_refused(void **state) {
    struct fixture *f = *state;
    struct jws jws;
    assert_int_equal(jws_parse(&f->cx, STR("eyJhbGciOiJSUzI1NiJ9.e30.AQ"), &jws), OK);
    static const char *const bad[] = {
        "eyJhbGciOiJSUzI1NiJ9.e30.AR",     "eyJhbGciOiJSUzI1NiJ9.e30.AQ==",
        "eyJhbGciOiJSUzI1NiJ9.e31.AQ",     "eyJhbGciOiJSUzI1NiJ9.e30=.AQ",
        "eyJhbGciOiJSUzI1NiJ9.e3 0.AQ",    "eyJhbGciOiJSUzI1NiJ9=.e30.AQ",
        "eyJhbGciOiJSUzI1NiJ9.e30.A+/A",   "eyJhbGciOiJSUzI1NiJ9.e30.A",
        "eyJhbGciOiJSUzI1NiJ9.e30.AQ\r\n", "eyJhbGciOiJSUzI1NiJ9A.e30.AQ"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_refused(f, str_from(bad[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(hs256_of_rfc_7515_a_1),
        TEST(eddsa_of_rfc_8037_a_5),
        TEST(signed_tokens_of_every_kind),
        TEST(the_header),
        TEST(jwt_alg_none_is_refused),
        TEST(jwt_hs256_with_the_public_key_is_refused),
        TEST(jwt_alg_of_another_key_type_is_refused),
        TEST(jwt_macs_need_a_key_of_32_bytes),
        TEST(jwt_kid_is_bounded_and_printable),
        TEST(jwt_keys_and_urls_in_the_header_are_ignored),
        TEST(jwt_crit_is_refused),
        TEST(jwt_duplicate_members_are_refused),
        TEST(jwt_headers_that_are_no_object_are_refused),
        TEST(jwt_nesting_and_size_bombs_are_refused),
        TEST(jwt_tokens_of_other_shapes_are_refused),
        TEST(jwt_non_canonical_base64url_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
