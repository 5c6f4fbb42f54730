/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs: made, stored, and built from the numbers of a JWK. */
#include "pkey_internal.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
#define P256_BYTES   32

static err openssl_failed(struct ctx *cx, const char *what) {
    unsigned long code = ERR_get_error();
    const char *reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return fail(cx, ERR_INTERNAL, "%s: %s", what, reason != NULL ? reason : "OpenSSL refused");
}

static bool kind_of(const EVP_PKEY *evp, enum pkey_kind *ret) {
    switch (EVP_PKEY_get_base_id(evp)) {
    case EVP_PKEY_RSA:
        *ret = PKEY_RSA;
        return EVP_PKEY_get_bits(evp) >= RSA_BITS_MIN && EVP_PKEY_get_bits(evp) <= RSA_BITS_MAX;
    case EVP_PKEY_EC:
        *ret = PKEY_EC_P256;
        return EVP_PKEY_get_bits(evp) == P256_BYTES * 8;
    case EVP_PKEY_ED25519:
        *ret = PKEY_ED25519;
        return true;
    default:
        return false;
    }
}

/* Takes evp over. */
static err wrap(struct ctx *cx, EVP_PKEY *evp, struct pkey **ret_key) {
    enum pkey_kind kind;
    struct pkey *key = NULL;
    if (evp != NULL && kind_of(evp, &kind)) {
        key = calloc(1, sizeof(*key));
    }
    if (key == NULL) {
        EVP_PKEY_free(evp);
        return openssl_failed(cx, "key of an unsupported kind or strength");
    }
    key->kind = kind;
    key->evp = evp;
    *ret_key = key;
    return OK;
}

err pkey_generate(struct ctx *cx, enum pkey_kind kind, int bits, struct pkey **ret_key) {
    EVP_PKEY *evp = NULL;
    switch (kind) {
    case PKEY_RSA:
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)(bits > 0 ? bits : RSA_BITS_MIN));
        break;
    case PKEY_EC_P256:
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        break;
    case PKEY_ED25519:
        evp = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    }
    return wrap(cx, evp, ret_key);
}

err pkey_write_private(struct ctx *cx, const struct pkey *key, struct secret *ret_der) {
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->evp);
    unsigned char *der = NULL;
    int n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
    PKCS8_PRIV_KEY_INFO_free(info);
    if (n <= 0) {
        return openssl_failed(cx, "private key cannot be written");
    }
    *ret_der = secret_in(cx->arena, der, (size_t)n);
    OPENSSL_clear_free(der, (size_t)n);
    return OK;
}

err pkey_parse_private(struct ctx *cx, struct secret der, struct pkey **ret_key) {
    const unsigned char *p = der.p;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n);
    EVP_PKEY *evp = info != NULL ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return wrap(cx, evp, ret_key);
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params) {
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *evp = NULL;
    if (c == NULL || EVP_PKEY_fromdata_init(c) <= 0 ||
        EVP_PKEY_fromdata(c, &evp, EVP_PKEY_PUBLIC_KEY, params) <= 0) {
        evp = NULL;
    }
    EVP_PKEY_CTX_free(c);
    return evp;
}

static EVP_PKEY *rsa_from_numbers(const struct pkey_numbers *numbers) {
    BIGNUM *n = BN_bin2bn((const unsigned char *)numbers->a.p, (int)numbers->a.n, NULL);
    BIGNUM *e = BN_bin2bn((const unsigned char *)numbers->b.p, (int)numbers->b.n, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *evp = NULL;
    /* an even modulus or exponent, or an exponent below 3, is no RSA key; a huge exponent is a bomb
     */
    bool sane = n != NULL && e != NULL && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e) &&
                BN_num_bits(e) <= 64;
    if (sane && build != NULL && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e)) {
        params = OSSL_PARAM_BLD_to_param(build);
        evp = params != NULL ? from_params("RSA", params) : NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return evp;
}

static bool on_curve(EVP_PKEY *evp) {
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, evp, NULL);
    bool good = c != NULL && EVP_PKEY_public_check(c) == 1;
    EVP_PKEY_CTX_free(c);
    return good;
}

static EVP_PKEY *ec_from_numbers(const struct pkey_numbers *numbers) {
    unsigned char point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    if (numbers->a.n != P256_BYTES || numbers->b.n != P256_BYTES) {
        return NULL;
    }
    memcpy(point + 1, numbers->a.p, P256_BYTES);
    memcpy(point + 1 + P256_BYTES, numbers->b.p, P256_BYTES);
    char group[] = "P-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end()};
    EVP_PKEY *evp = from_params("EC", params);
    if (evp != NULL && !on_curve(evp)) {
        EVP_PKEY_free(evp);
        return NULL;
    }
    return evp;
}

err pkey_from_numbers(struct ctx *cx, const struct pkey_numbers *numbers, struct pkey **ret_key) {
    EVP_PKEY *evp = NULL;
    if (numbers->kind == PKEY_RSA && numbers->a.n <= RSA_BITS_MAX / 8) {
        evp = rsa_from_numbers(numbers);
    } else if (numbers->kind == PKEY_EC_P256) {
        evp = ec_from_numbers(numbers);
    } else if (numbers->kind == PKEY_ED25519) {
        evp = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                          (const unsigned char *)numbers->a.p, numbers->a.n);
    }
    return wrap(cx, evp, ret_key);
}

static struct str number_of(struct ctx *cx, const EVP_PKEY *evp, const char *name, size_t pad) {
    BIGNUM *n = NULL;
    if (!EVP_PKEY_get_bn_param(evp, name, &n)) {
        return STR_NONE;
    }
    size_t size = pad > 0 ? pad : (size_t)BN_num_bytes(n);
    unsigned char *p = arena_alloc(cx->arena, size);
    int written = BN_bn2binpad(n, p, (int)size);
    BN_free(n);
    return written > 0 ? (struct str){(const char *)p, size} : STR_NONE;
}

err pkey_numbers(struct ctx *cx, const struct pkey *key, struct pkey_numbers *ret_numbers) {
    struct pkey_numbers out = {.kind = key->kind};
    if (key->kind == PKEY_RSA) {
        out.a = number_of(cx, key->evp, OSSL_PKEY_PARAM_RSA_N, 0);
        out.b = number_of(cx, key->evp, OSSL_PKEY_PARAM_RSA_E, 0);
    } else if (key->kind == PKEY_EC_P256) {
        out.a = number_of(cx, key->evp, OSSL_PKEY_PARAM_EC_PUB_X, P256_BYTES);
        out.b = number_of(cx, key->evp, OSSL_PKEY_PARAM_EC_PUB_Y, P256_BYTES);
    } else {
        size_t n = 32;
        unsigned char *p = arena_alloc(cx->arena, n);
        out.a =
            EVP_PKEY_get_raw_public_key(key->evp, p, &n) ? (struct str){(char *)p, n} : STR_NONE;
    }
    if (out.a.p == NULL || (key->kind != PKEY_ED25519 && out.b.p == NULL)) {
        return openssl_failed(cx, "public numbers cannot be read");
    }
    *ret_numbers = out;
    return OK;
}

enum pkey_kind pkey_kind(const struct pkey *key) {
    return key->kind;
}

void pkey_free(struct pkey *key) {
    if (key != NULL) {
        EVP_PKEY_free(key->evp);
        free(key);
    }
}
