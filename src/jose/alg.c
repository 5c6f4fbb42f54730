/* SPDX-License-Identifier: Apache-2.0 */
/* The algorithms (RFC 7518 3.1, RFC 8037). `none` is not among them. */
#include "jose.h"

static const struct alg algs[] = {
    {.name = "RS256", .kind = PKEY_RSA, .kty = "RSA"},
    {.name = "ES256", .kind = PKEY_EC_P256, .kty = "EC", .crv = "P-256"},
    {.name = "EdDSA", .kind = PKEY_ED25519, .kty = "OKP", .crv = "Ed25519"},
    {.name = "HS256", .symmetric = true, .hash = HASH_SHA256, .kty = "oct"},
    {.name = "HS384", .symmetric = true, .hash = HASH_SHA384, .kty = "oct"},
    {.name = "HS512", .symmetric = true, .hash = HASH_SHA512, .kty = "oct"},
};

const struct alg *alg_at(size_t i) {
    return i < COUNT_OF(algs) ? &algs[i] : NULL;
}

const struct alg *alg_find(struct str name) {
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        if (str_is(name, algs[i].name)) {
            return &algs[i];
        }
    }
    return NULL;
}

const struct alg *alg_of_kind(enum pkey_kind kind) {
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        if (!algs[i].symmetric && algs[i].kind == kind) {
            return &algs[i];
        }
    }
    return NULL;
}
