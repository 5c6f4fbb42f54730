/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: one thread's prepared signer or verifier of one key. RSA and ECDSA work on a SHA-256
 * digest with an operation context that was set up once; Ed25519 takes the message itself. */
#include "pkey_internal.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define COORDINATE 32
#define DER_MAX    80

struct signer {
    enum pkey_kind kind;
    EVP_PKEY *key;
    EVP_PKEY_CTX *operation; /* RSA, EC */
    EVP_MD_CTX *message;     /* Ed25519 */
};

struct verifier {
    struct signer s;
};

/* A key of this thread alone: OpenSSL locks and counts on shared ones. */
static EVP_PKEY *own_copy(EVP_PKEY *key) {
    EVP_PKEY *copy = EVP_PKEY_dup(key);
    if (copy == NULL && EVP_PKEY_up_ref(key)) {
        copy = key;
    }
    return copy;
}

static bool prepare_operation(struct signer *s, bool signs) {
    s->operation = EVP_PKEY_CTX_new_from_pkey(NULL, s->key, NULL);
    if (s->operation == NULL) {
        return false;
    }
    int ready = signs ? EVP_PKEY_sign_init(s->operation) : EVP_PKEY_verify_init(s->operation);
    if (ready <= 0 || EVP_PKEY_CTX_set_signature_md(s->operation, EVP_sha256()) <= 0) {
        return false;
    }
    return s->kind != PKEY_RSA || EVP_PKEY_CTX_set_rsa_padding(s->operation, RSA_PKCS1_PADDING) > 0;
}

static bool prepare(struct signer *s, const struct pkey *key, bool signs) {
    s->kind = key->kind;
    s->key = own_copy(key->evp);
    if (s->key == NULL) {
        return false;
    }
    if (s->kind == PKEY_ED25519) {
        s->message = EVP_MD_CTX_new();
        return s->message != NULL;
    }
    return prepare_operation(s, signs);
}

static void done(struct signer *s) {
    EVP_PKEY_CTX_free(s->operation);
    EVP_MD_CTX_free(s->message);
    EVP_PKEY_free(s->key);
}

struct signer *signer_new(const struct pkey *key) {
    struct signer *s = calloc(1, sizeof(*s));
    if (s != NULL && !prepare(s, key, true)) {
        signer_free(s);
        return NULL;
    }
    return s;
}

void signer_free(struct signer *s) {
    if (s != NULL) {
        done(s);
        free(s);
    }
}

struct verifier *verifier_new(const struct pkey *key) {
    struct verifier *v = calloc(1, sizeof(*v));
    if (v != NULL && !prepare(&v->s, key, false)) {
        verifier_free(v);
        return NULL;
    }
    return v;
}

void verifier_free(struct verifier *v) {
    if (v != NULL) {
        done(&v->s);
        free(v);
    }
}

/* RFC 7518 3.4: the signature is r and s, 32 bytes each, not DER. */
static bool der_to_raw(const unsigned char *der, size_t n, unsigned char *ret_raw) {
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    bool good = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret_raw, COORDINATE) > 0 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret_raw + COORDINATE, COORDINATE) > 0;
    ECDSA_SIG_free(sig);
    return good;
}

static size_t raw_to_der(struct str raw, unsigned char ret_der[DER_MAX]) {
    if (raw.n != 2 * COORDINATE) {
        return 0;
    }
    const unsigned char *p = (const unsigned char *)raw.p;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(p, COORDINATE, NULL), *s = BN_bin2bn(p + COORDINATE, COORDINATE, NULL);
    int n = 0;
    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s)) {
        r = s = NULL; /* sig's now */
        unsigned char *to = ret_der;
        n = i2d_ECDSA_SIG(sig, NULL) <= DER_MAX ? i2d_ECDSA_SIG(sig, &to) : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    return n > 0 ? (size_t)n : 0;
}

static bool sign_digest(struct signer *s, struct str message, unsigned char *ret, size_t *ret_n) {
    unsigned char digest[SHA256_SIZE], der[SIGNATURE_MAX];
    size_t n = sizeof(der);
    sha256(message.p, message.n, digest);
    if (EVP_PKEY_sign(s->operation, der, &n, digest, sizeof(digest)) <= 0) {
        return false;
    }
    if (s->kind == PKEY_EC_P256) {
        *ret_n = 2 * COORDINATE;
        return der_to_raw(der, n, ret);
    }
    memcpy(ret, der, n);
    *ret_n = n;
    return true;
}

static bool sign_message(struct signer *s, struct str message, unsigned char *ret, size_t *ret_n) {
    *ret_n = SIGNATURE_MAX;
    return EVP_DigestSignInit(s->message, NULL, NULL, NULL, s->key) > 0 &&
           EVP_DigestSign(s->message, ret, ret_n, (const unsigned char *)message.p, message.n) > 0;
}

err signer_sign(struct ctx *cx, struct signer *s, struct str message,
                unsigned char ret_signature[SIGNATURE_MAX], size_t *ret_n) {
    bool signed_ = s->kind == PKEY_ED25519 ? sign_message(s, message, ret_signature, ret_n)
                                           : sign_digest(s, message, ret_signature, ret_n);
    return signed_ ? OK : fail(cx, ERR_INTERNAL, "OpenSSL did not sign");
}

bool verifier_verify(struct verifier *v, struct str message, struct str signature) {
    const unsigned char *p = (const unsigned char *)signature.p;
    size_t n = signature.n;
    if (v->s.kind == PKEY_ED25519) {
        return EVP_DigestVerifyInit(v->s.message, NULL, NULL, NULL, v->s.key) > 0 &&
               EVP_DigestVerify(v->s.message, p, n, (const unsigned char *)message.p, message.n) ==
                   1;
    }
    unsigned char digest[SHA256_SIZE], der[DER_MAX];
    sha256(message.p, message.n, digest);
    if (v->s.kind == PKEY_EC_P256) {
        n = raw_to_der(signature, der);
        p = der;
    }
    return n > 0 && EVP_PKEY_verify(v->s.operation, p, n, digest, sizeof(digest)) == 1;
}
