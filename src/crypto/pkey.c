/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs: made, stored as PKCS#8, and read from the public numbers of a JWK. */
#include "evp.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define RSA_MIN_BYTES 256
#define RSA_MAX_BYTES 512
#define RSA_E_MAX     4 /* bytes: a long exponent only makes verification slow */
#define POINT_SIZE    32

static void bn_cleanup(BIGNUM **n) {
    BN_free(*n);
}

static void bld_cleanup(OSSL_PARAM_BLD **b) {
    OSSL_PARAM_BLD_free(*b);
}

static void params_cleanup(OSSL_PARAM **p) {
    OSSL_PARAM_free(*p);
}

static void pkey_ctx_cleanup(EVP_PKEY_CTX **c) {
    EVP_PKEY_CTX_free(*c);
}

/* Takes over *evp. */
static struct pkey *pkey_new(EVP_PKEY **evp, enum pkey_kind kind) {
    struct pkey *key = malloc(sizeof *key);
    if (key != NULL) {
        *key = (struct pkey){.evp = *evp, .kind = kind};
        *evp = NULL;
    }
    return key;
}

void pkey_free(struct pkey *key) {
    if (key != NULL) {
        EVP_PKEY_free(key->evp);
        free(key);
    }
}

enum pkey_kind pkey_kind(const struct pkey *key) {
    return key->kind;
}

static EVP_PKEY *evp_generate(enum pkey_kind kind, int bits) {
    switch (kind) {
    case PKEY_RSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA",
                                 (size_t)(bits == 3072 || bits == 4096 ? bits : 2048));
    case PKEY_EC_P256:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case PKEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    return NULL;
}

err pkey_generate(struct ctx *cx, enum pkey_kind kind, int bits, struct pkey **ret_key) {
    openssl_start();
    CLEANUP(evp_pkey_cleanup) EVP_PKEY *evp = evp_generate(kind, bits);
    struct pkey *key = evp == NULL ? NULL : pkey_new(&evp, kind);
    if (key == NULL) {
        return evp_failed(cx, "generate a key pair");
    }
    *ret_key = key;
    return OK;
}

err pkey_write_private(struct ctx *cx, const struct pkey *key, struct secret *ret_der) {
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->evp);
    unsigned char *der = NULL;
    int n = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    PKCS8_PRIV_KEY_INFO_free(info);
    if (n <= 0) {
        return evp_failed(cx, "write a private key");
    }
    *ret_der = secret_in(cx->arena, der, (size_t)n);
    OPENSSL_clear_free(der, (size_t)n);
    return OK;
}

/* False if it is no key of ours: another kind, another curve, too weak. */
static bool evp_kind(const EVP_PKEY *evp, enum pkey_kind *ret_kind) {
    char group[32] = "";
    if (EVP_PKEY_is_a(evp, "RSA")) {
        *ret_kind = PKEY_RSA;
        int bits = EVP_PKEY_get_bits(evp);
        return bits >= RSA_MIN_BYTES * 8 && bits <= RSA_MAX_BYTES * 8;
    }
    if (EVP_PKEY_is_a(evp, "EC")) {
        *ret_kind = PKEY_EC_P256;
        return EVP_PKEY_get_utf8_string_param(evp, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                              NULL) == 1 &&
               str_is(STR("prime256v1"), group);
    }
    *ret_kind = PKEY_ED25519;
    return EVP_PKEY_is_a(evp, "ED25519");
}

err pkey_parse_private(struct ctx *cx, struct secret der, struct pkey **ret_key) {
    openssl_start();
    const unsigned char *at = der.p;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.n);
    CLEANUP(evp_pkey_cleanup) EVP_PKEY *evp = info == NULL ? NULL : EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    enum pkey_kind kind;
    if (evp == NULL || at != der.p + der.n || !evp_kind(evp, &kind)) {
        return evp_failed(cx, "read a private key");
    }
    struct pkey *key = pkey_new(&evp, kind);
    if (key == NULL) {
        return evp_failed(cx, "read a private key");
    }
    *ret_key = key;
    return OK;
}

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *to, int size, int writing, void *user) {
    (void)to;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static void bio_cleanup(BIO **b) {
    BIO_free(*b);
}

err pkey_parse_pem(struct ctx *cx, struct str text, struct pkey **ret_key) {
    openssl_start();
    CLEANUP(bio_cleanup) BIO *bio = BIO_new_mem_buf(text.p != NULL ? text.p : "", (int)text.n);
    CLEANUP(evp_pkey_cleanup)
    EVP_PKEY *evp = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    enum pkey_kind kind;
    struct pkey *key = evp != NULL && evp_kind(evp, &kind) ? pkey_new(&evp, kind) : NULL;
    if (key == NULL) {
        return evp_failed(cx, "read a private key");
    }
    *ret_key = key;
    return OK;
}

static EVP_PKEY *evp_from_params(const char *type, OSSL_PARAM_BLD *built) {
    CLEANUP(params_cleanup) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(built);
    CLEANUP(pkey_ctx_cleanup) EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *evp = NULL;
    if (params == NULL || c == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &evp, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return NULL;
    }
    return evp;
}

/* RFC 7518 6.3.1: n and e are positive, without leading zeros. */
static bool rsa_is_sound(struct str n, struct str e) {
    bool shaped = n.n >= RSA_MIN_BYTES && n.n <= RSA_MAX_BYTES && e.n >= 1 && e.n <= RSA_E_MAX &&
                  n.p[0] != 0 && e.p[0] != 0;
    return shaped && ((unsigned char)n.p[0] & 0x80 || n.n > RSA_MIN_BYTES) &&
           (n.p[n.n - 1] & 1) == 1 && (e.p[e.n - 1] & 1) == 1 && !(e.n == 1 && e.p[0] == 1);
}

static EVP_PKEY *rsa_from_numbers(struct str n, struct str e) {
    if (!rsa_is_sound(n, e)) {
        return NULL;
    }
    CLEANUP(bn_cleanup) BIGNUM *bn_n = BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL);
    CLEANUP(bn_cleanup) BIGNUM *bn_e = BN_bin2bn((const unsigned char *)e.p, (int)e.n, NULL);
    CLEANUP(bld_cleanup) OSSL_PARAM_BLD *built = OSSL_PARAM_BLD_new();
    if (bn_n == NULL || bn_e == NULL || built == NULL ||
        OSSL_PARAM_BLD_push_BN(built, OSSL_PKEY_PARAM_RSA_N, bn_n) != 1 ||
        OSSL_PARAM_BLD_push_BN(built, OSSL_PKEY_PARAM_RSA_E, bn_e) != 1) {
        return NULL;
    }
    return evp_from_params("RSA", built);
}

/* OpenSSL refuses a point that is not on the curve; its order is prime, so any point on it will do.
 */
static EVP_PKEY *ec_from_numbers(struct str x, struct str y) {
    unsigned char point[1 + 2 * POINT_SIZE] = {4}; /* SEC 1 2.3.3: uncompressed */
    if (x.n != POINT_SIZE || y.n != POINT_SIZE) {
        return NULL;
    }
    memcpy(point + 1, x.p, POINT_SIZE);
    memcpy(point + 1 + POINT_SIZE, y.p, POINT_SIZE);
    CLEANUP(bld_cleanup) OSSL_PARAM_BLD *built = OSSL_PARAM_BLD_new();
    if (built == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(built, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(built, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) !=
            1) {
        return NULL;
    }
    return evp_from_params("EC", built);
}

static EVP_PKEY *ed25519_from_numbers(struct str x, struct str y) {
    if (x.n != POINT_SIZE || y.p != NULL) {
        return NULL;
    }
    return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, (const unsigned char *)x.p, x.n);
}

err pkey_from_numbers(struct ctx *cx, const struct pkey_numbers *numbers, struct pkey **ret_key) {
    openssl_start();
    struct str a = numbers->a, b = numbers->b;
    CLEANUP(evp_pkey_cleanup)
    EVP_PKEY *evp = numbers->kind == PKEY_RSA       ? rsa_from_numbers(a, b)
                    : numbers->kind == PKEY_EC_P256 ? ec_from_numbers(a, b)
                                                    : ed25519_from_numbers(a, b);
    struct pkey *key = evp == NULL ? NULL : pkey_new(&evp, numbers->kind);
    if (key == NULL) {
        ERR_clear_error();
        return fail_say(cx, ERR_INVALID_REQUEST, "the key is weak, malformed or off its curve");
    }
    *ret_key = key;
    return OK;
}

/* A number of the key as big-endian bytes: `size` of them, 0 for as few as it takes. */
static err bn_param(struct ctx *cx, const struct pkey *key, const char *name, int size,
                    struct str *ret) {
    CLEANUP(bn_cleanup) BIGNUM *n = NULL;
    if (EVP_PKEY_get_bn_param(key->evp, name, &n) != 1) {
        return evp_failed(cx, "read a number of a key");
    }
    int bytes = size > 0 ? size : BN_num_bytes(n);
    char *p = arena_alloc(cx->arena, (size_t)bytes);
    if (BN_bn2binpad(n, (unsigned char *)p, bytes) != bytes) {
        return evp_failed(cx, "read a number of a key");
    }
    *ret = (struct str){p, (size_t)bytes};
    return OK;
}

err pkey_numbers(struct ctx *cx, const struct pkey *key, struct pkey_numbers *ret_numbers) {
    struct pkey_numbers numbers = {.kind = key->kind, .b = STR_NONE};
    size_t n = POINT_SIZE;
    char *p;
    switch (key->kind) {
    case PKEY_RSA:
        TRY(bn_param(cx, key, OSSL_PKEY_PARAM_RSA_N, 0, &numbers.a));
        TRY(bn_param(cx, key, OSSL_PKEY_PARAM_RSA_E, 0, &numbers.b));
        break;
    case PKEY_EC_P256:
        TRY(bn_param(cx, key, OSSL_PKEY_PARAM_EC_PUB_X, POINT_SIZE, &numbers.a));
        TRY(bn_param(cx, key, OSSL_PKEY_PARAM_EC_PUB_Y, POINT_SIZE, &numbers.b));
        break;
    case PKEY_ED25519:
        p = arena_alloc(cx->arena, n);
        if (EVP_PKEY_get_raw_public_key(key->evp, (unsigned char *)p, &n) != 1) {
            return evp_failed(cx, "read a public key");
        }
        numbers.a = (struct str){p, n};
        break;
    }
    *ret_numbers = numbers;
    return OK;
}
