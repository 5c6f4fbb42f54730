/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as JSON. */
#include "fixture.h"
#include "jose.h"

#define RFC7638_N                                                                                  \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"      \
    "BJECPeb"                                                                                      \
    "WKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"            \
    "FDW2QvzqY368Q"                                                                                \
    "QMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"                         \
    "bFTWhAI4vMQFh6WeZu0fM4lFd2"                                                                   \
    "NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RSA_JWK(more) "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\"" more "}"
#define EC_X          "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y          "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_JWK(more)                                                                               \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"" more "}"
#define OKP_JWK(more)                                                                              \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"                                  \
    "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"" more "}"

static err parse(struct fixture *f, const char *text, struct jwk *ret) {
    json_t *value;
    assert_int_equal(json_parse(&f->cx, str_from(text), &value), OK);
    return jwk_parse(&f->cx, value, ret);
}

static struct jwk parsed(struct fixture *f, const char *text) {
    struct jwk jwk;
    assert_int_equal(parse(f, text, &jwk), OK);
    return jwk;
}

static void thumbprints_of_rfc_7638_and_rfc_8037(void **state) {
    struct fixture *f = *state;
    struct str print;
    assert_int_equal(jwk_thumbprint(&f->cx, parsed(f, RSA_JWK("")).key, &print), OK);
    assert_str(print, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_int_equal(jwk_thumbprint(&f->cx, parsed(f, OKP_JWK("")).key, &print), OK);
    assert_str(print, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    /* {"crv","kty","x","y"} of RFC 7515 A.3.1, hashed elsewhere */
    assert_int_equal(jwk_thumbprint(&f->cx, parsed(f, EC_JWK("")).key, &print), OK);
    assert_str(print, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

static void assert_written(struct fixture *f, const char *text, struct str kid,
                           const char *expected) {
    struct buf b = buf_in(f->arena, 0);
    struct json_out j = json_to(&b);
    assert_int_equal(jwk_write(&f->cx, &j, parsed(f, text).key, kid), OK);
    assert_str(buf_view(&b), expected);
}

static void what_is_written(void **state) {
    struct fixture *f = *state;
    assert_written(
        f, RSA_JWK(""), STR("k1"),
        "{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"k1\",\"n\":\"" RFC7638_N
        "\",\"e\":\"AQAB\"}");
    assert_written(
        f, EC_JWK(""), STR_NONE,
        "{\"kty\":\"EC\",\"use\":\"sig\",\"alg\":\"ES256\",\"crv\":\"P-256\",\"x\":\"" EC_X
        "\",\"y\":\"" EC_Y "\"}");
    assert_written(f, OKP_JWK(""), STR("k3"),
                   "{\"kty\":\"OKP\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"k3\",\"crv\":"
                   "\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
}

static void a_private_key_is_never_written(void **state) {
    struct fixture *f = *state;
    struct pkey *key;
    assert_int_equal(pkey_generate(&f->cx, PKEY_EC_P256, 0, &key), OK);
    struct buf b = buf_in(f->arena, 0);
    struct json_out j = json_to(&b);
    assert_int_equal(jwk_write(&f->cx, &j, key, STR("k")), OK);
    struct jwk again;
    assert_int_equal(parse(f, str_z(f->arena, buf_view(&b)), &again), OK); /* it would be refused */
    pkey_free(key);
}

static void members_are_read(void **state) {
    struct fixture *f = *state;
    struct jwk jwk =
        parsed(f, RSA_JWK(",\"kid\":\"k1\",\"use\":\"sig\",\"alg\":\"RS256\",\"more\":{\"x\":1}"));
    assert_str(jwk.kid, "k1");
    assert_string_equal(jwk.alg->name, "RS256");
    assert_int_equal(pkey_kind(jwk.key), PKEY_RSA);
    assert_null(parsed(f, EC_JWK("")).kid.p);
}

static void jwt_unfit_keys_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {
        "[]",
        "null",
        "{}",
        "{\"kty\":\"RSA\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AQAB\"}",
        "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB=\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"Ag\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":65537}",
        RSA_JWK(",\"d\":\"AQAB\""),
        RSA_JWK(",\"p\":null"),
        RSA_JWK(",\"alg\":\"PS256\""),
        RSA_JWK(",\"alg\":\"HS256\""),
        RSA_JWK(",\"alg\":\"ES256\""),
        RSA_JWK(",\"alg\":1"),
        RSA_JWK(",\"use\":\"enc\""),
        RSA_JWK(",\"use\":[\"sig\"]"),
        RSA_JWK(",\"kid\":7"),
        RSA_JWK(",\"kid\":\"\""),
        RSA_JWK(",\"kid\":\"a\\nb\""),
        RSA_JWK(",\"kid\":\"a\\u00e9\""),
        EC_JWK(",\"d\":\"AQAB\""),
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_Y "\",\"y\":\"" EC_X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" EC_X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" EC_X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAB\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}",
        "{\"kty\":[\"RSA\"],\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\"}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct jwk jwk = {.kid = STR("kept")};
        if (parse(f, bad[i], &jwk) != ERR_INVALID_REQUEST) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_str(jwk.kid, "kept");
    }
}

static void kid_length_at_the_edge_and_one_past_it(void **state) {
    struct fixture *f = *state;
    for (int n = JWK_KID_MAX; n <= JWK_KID_MAX + 1; n++) {
        struct jwk jwk;
        struct str text = str_format(f->arena, "%.*s,\"kid\":\"%0*d\"}",
                                     (int)sizeof(OKP_JWK("")) - 2, OKP_JWK(""), n, 0);
        err e = parse(f, text.p, &jwk);
        assert_int_equal(e, n <= JWK_KID_MAX ? OK : ERR_INVALID_REQUEST);
    }
}

static void a_set_skips_what_it_cannot_use(void **state) {
    struct fixture *f = *state;
    struct jwks set;
    struct str text = STR("{\"keys\":[" RSA_JWK(",\"kid\":\"r\"") ",{\"kty\":\"XYZ\"},7," RSA_JWK(
        ",\"use\":\"enc\"") "," EC_JWK(",\"kid\":\"e\"") ",{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":"
                                                         "\"AQAB\"}]}");
    assert_int_equal(jwks_parse(&f->cx, text, &set), OK);
    assert_int_equal(set.n, 2);
    assert_str(set.keys[0].kid, "r");
    assert_str(set.keys[1].kid, "e");
    assert_int_equal(jwks_parse(&f->cx, STR("{\"keys\":[]}"), &set), OK);
    assert_int_equal(set.n, 0);
}

static void bombs_sets_that_are_malformed_or_too_large(void **state) {
    struct fixture *f = *state;
    struct jwks set;
    static const char *const bad[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"keys\":{}}",
                                      "{\"keys\":null}",
                                      "{\"keys\":[],\"keys\":[]}",
                                      "{\"keys\":[" RSA_JWK(",\"d\":\"AQAB\"") "]}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(jwks_parse(&f->cx, str_from(bad[i]), &set), ERR_INVALID_REQUEST);
    }
    for (size_t n = JWKS_KEYS_MAX; n <= JWKS_KEYS_MAX + 1; n++) {
        struct buf b = buf_in(f->arena, 0);
        buf_z(&b, "{\"keys\":[{}");
        for (size_t i = 1; i < n; i++) {
            buf_z(&b, ",{}");
        }
        buf_z(&b, "]}");
        err e = jwks_parse(&f->cx, buf_view(&b), &set);
        assert_int_equal(e, n <= JWKS_KEYS_MAX ? OK : ERR_INVALID_REQUEST);
    }
    for (int n = JWKS_TEXT_MAX; n <= JWKS_TEXT_MAX + 1; n++) {
        struct str text = str_format(f->arena, "{\"keys\":[]%*s", n - 10, "}");
        assert_int_equal(text.n, n);
        err e = jwks_parse(&f->cx, text, &set);
        assert_int_equal(e, n <= JWKS_TEXT_MAX ? OK : ERR_INVALID_REQUEST);
    }
}

static void jwt_a_key_is_found_by_kid_and_algorithm(void **state) {
    struct fixture *f = *state;
    const struct alg *rs = alg_find(STR("RS256")), *es = alg_find(STR("ES256"));
    struct jwks set;
    struct str text = STR("{\"keys\":[" RSA_JWK(",\"kid\":\"r1\"") "," RSA_JWK(
        ",\"kid\":\"r2\"") "," EC_JWK(",\"kid\":\"e\"") "," OKP_JWK("") "]}");
    assert_int_equal(jwks_parse(&f->cx, text, &set), OK);
    assert_ptr_equal(jwks_find(&set, STR("r2"), rs), &set.keys[1]);
    assert_ptr_equal(jwks_find(&set, STR("e"), es), &set.keys[2]);
    assert_null(jwks_find(&set, STR("e"), rs)); /* other key type */
    assert_null(jwks_find(&set, STR("r1"), alg_find(STR("HS256"))));
    assert_null(jwks_find(&set, STR("../r1"), rs));
    assert_null(jwks_find(&set, STR("r1' OR '1'='1"), rs));
    assert_ptr_equal(jwks_find(&set, STR_NONE, es), &set.keys[2]); /* the only one */
    assert_null(jwks_find(&set, STR_NONE, rs));                    /* two: the header has to say */
    assert_null(jwks_find(&set, STR(""), alg_find(STR("EdDSA"))));
    assert_null(jwks_find(&set, STR("x"), alg_find(STR("EdDSA"))));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(thumbprints_of_rfc_7638_and_rfc_8037),
        TEST(what_is_written),
        TEST(a_private_key_is_never_written),
        TEST(members_are_read),
        TEST(jwt_unfit_keys_are_refused),
        TEST(kid_length_at_the_edge_and_one_past_it),
        TEST(a_set_skips_what_it_cannot_use),
        TEST(bombs_sets_that_are_malformed_or_too_large),
        TEST(jwt_a_key_is_found_by_kid_and_algorithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
