/* SPDX-License-Identifier: Apache-2.0 */
/* Signers and verifiers, set up once and used for many messages by one thread. RSA and ECDSA work
 * on a digest of ours: a kept EVP_PKEY_CTX then has nothing to set up or copy for a message. */
#include "evp.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define P256_SIZE     32
#define ECDSA_DER_MAX 72 /* of a P-256 signature */

/* What both keep: a key of their own and its context. */
struct kept {
    enum pkey_kind kind;
    EVP_PKEY *key;
    EVP_PKEY_CTX *on_digest; /* RSA and P-256 */
    EVP_MD_CTX *on_message;  /* Ed25519 */
};

struct signer {
    struct kept kept;
};

struct verifier {
    struct kept kept;
};

typedef int init_fn(EVP_PKEY_CTX *);

/* NULL if OpenSSL refuses the key. */
static EVP_PKEY_CTX *digest_ctx_new(EVP_PKEY *key, enum pkey_kind kind, init_fn *init) {
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = c != NULL && init(c) == 1 &&
              (kind != PKEY_RSA || EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1) &&
              EVP_PKEY_CTX_set_signature_md(c, evp_hash(HASH_SHA256)) == 1;
    if (!ok) {
        EVP_PKEY_CTX_free(c);
        ERR_clear_error();
        return NULL;
    }
    return c;
}

static void kept_done(struct kept *k) {
    EVP_PKEY_CTX_free(k->on_digest);
    EVP_MD_CTX_free(k->on_message);
    EVP_PKEY_free(k->key);
}

static bool kept_init(struct kept *k, const struct pkey *key, init_fn *init) {
    k->kind = key->kind;
    k->key = EVP_PKEY_dup(key->evp);
    if (k->key != NULL && k->kind == PKEY_ED25519) {
        k->on_message = EVP_MD_CTX_new();
    } else if (k->key != NULL) {
        k->on_digest = digest_ctx_new(k->key, k->kind, init);
    }
    if (k->on_message == NULL && k->on_digest == NULL) {
        kept_done(k);
        return false;
    }
    return true;
}

struct signer *signer_new(const struct pkey *key) {
    struct signer *s = calloc(1, sizeof *s);
    if (s != NULL && !kept_init(&s->kept, key, EVP_PKEY_sign_init)) {
        free(s);
        return NULL;
    }
    return s;
}

void signer_free(struct signer *s) {
    if (s != NULL) {
        kept_done(&s->kept);
        free(s);
    }
}

struct verifier *verifier_new(const struct pkey *key) {
    struct verifier *v = calloc(1, sizeof *v);
    if (v != NULL && !kept_init(&v->kept, key, EVP_PKEY_verify_init)) {
        free(v);
        return NULL;
    }
    return v;
}

void verifier_free(struct verifier *v) {
    if (v != NULL) {
        kept_done(&v->kept);
        free(v);
    }
}

/* RFC 7518 3.4: the two numbers, 32 bytes each, in place of the DER that OpenSSL speaks. */
static bool ecdsa_from_der(const unsigned char *der, size_t n, unsigned char *ret_pair) {
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);
    bool ok = pair != NULL &&
              BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret_pair, P256_SIZE) == P256_SIZE &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret_pair + P256_SIZE, P256_SIZE) == P256_SIZE;
    ECDSA_SIG_free(pair);
    return ok;
}

/* Size of the DER, 0 on failure. */
static size_t ecdsa_to_der(const unsigned char *pair, unsigned char ret_der[ECDSA_DER_MAX]) {
    BIGNUM *r = BN_bin2bn(pair, P256_SIZE, NULL), *s = BN_bin2bn(pair + P256_SIZE, P256_SIZE, NULL);
    ECDSA_SIG *sig = ECDSA_SIG_new();
    if (r == NULL || s == NULL || sig == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return 0;
    }
    int n = i2d_ECDSA_SIG(sig, NULL);
    if (n > 0 && n <= ECDSA_DER_MAX) {
        n = i2d_ECDSA_SIG(sig, &ret_der);
    } else {
        n = 0;
    }
    ECDSA_SIG_free(sig);
    return n > 0 ? (size_t)n : 0;
}

static bool sign_message(struct kept *k, struct str message, unsigned char *ret, size_t *ret_n) {
    return EVP_DigestSignInit(k->on_message, NULL, NULL, NULL, k->key) == 1 &&
           EVP_DigestSign(k->on_message, ret, ret_n, (const unsigned char *)message.p, message.n) ==
               1;
}

static bool sign_digest(struct kept *k, struct str message, unsigned char *ret, size_t *ret_n) {
    unsigned char digest[SHA256_SIZE], der[ECDSA_DER_MAX];
    sha256(message.p, message.n, digest);
    if (k->kind == PKEY_RSA) {
        return EVP_PKEY_sign(k->on_digest, ret, ret_n, digest, sizeof digest) == 1;
    }
    size_t n = sizeof der;
    *ret_n = 2 * P256_SIZE;
    return EVP_PKEY_sign(k->on_digest, der, &n, digest, sizeof digest) == 1 &&
           ecdsa_from_der(der, n, ret);
}

err signer_sign(struct ctx *cx, struct signer *s, struct str message,
                unsigned char ret_signature[SIGNATURE_MAX], size_t *ret_n) {
    size_t n = SIGNATURE_MAX;
    bool signed_ = s->kept.kind == PKEY_ED25519 ? sign_message(&s->kept, message, ret_signature, &n)
                                                : sign_digest(&s->kept, message, ret_signature, &n);
    if (!signed_) {
        return evp_failed(cx, "sign");
    }
    *ret_n = n;
    return OK;
}

static bool verify_message(struct kept *k, struct str message, struct str signature) {
    return EVP_DigestVerifyInit(k->on_message, NULL, NULL, NULL, k->key) == 1 &&
           EVP_DigestVerify(k->on_message, (const unsigned char *)signature.p, signature.n,
                            (const unsigned char *)message.p, message.n) == 1;
}

static bool verify_digest(struct kept *k, struct str message, struct str signature) {
    unsigned char digest[SHA256_SIZE], der[ECDSA_DER_MAX];
    const unsigned char *p = (const unsigned char *)signature.p;
    size_t n = signature.n;
    if (k->kind == PKEY_EC_P256) {
        n = n == 2 * P256_SIZE ? ecdsa_to_der(p, der) : 0;
        p = der;
    }
    sha256(message.p, message.n, digest);
    return n > 0 && EVP_PKEY_verify(k->on_digest, p, n, digest, sizeof digest) == 1;
}

bool verifier_verify(struct verifier *v, struct str message, struct str signature) {
    bool good = v->kept.kind == PKEY_ED25519 ? verify_message(&v->kept, message, signature)
                                             : verify_digest(&v->kept, message, signature);
    if (!good) {
        ERR_clear_error();
    }
    return good;
}
