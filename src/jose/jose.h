/* SPDX-License-Identifier: Apache-2.0 */
/* jose: JSON Web Algorithms, Keys, Signatures and Tokens (RFC 7515, 7517, 7518, 7519, 8037).
 *
 * The table in alg.c is the list of algorithms; a row names its key kind, so `alg` can never choose
 * how a key is used: the key's own algorithm decides and the header must agree (RFC 8725 3.1).
 * `jku`, `jwk`, `x5u`, `x5c` in a header are ignored, an unknown `crit` is refused. A token is
 * parsed in two steps: jws_parse() bounds and splits it and reads its header; the caller finds the
 * key by `kid`, verifies, and only then are the claims parsed.
 */
#ifndef POSTERN_JOSE_H
#define POSTERN_JOSE_H

#include "crypto.h"

/* ---- alg.c ---- */

struct alg {
    const char *name; /* "RS256" */
    bool symmetric;
    enum pkey_kind kind; /* of the key pair; unused if symmetric */
    enum hash hash;      /* of the MAC; unused if not */
    const char *kty;     /* "RSA" */
    const char *crv;     /* "P-256" or NULL */
};
/* RS256 ES256 EdDSA HS256 HS384 HS512. NULL if unknown ("none" is). */
const struct alg *alg_find(struct str name);
const struct alg *alg_of_kind(enum pkey_kind kind);
/* Row i, or NULL past the end: for discovery and documentation. */
const struct alg *alg_at(size_t i);

/* ---- jwk.c ---- */

#define JWK_KID_MAX   128
#define JWKS_KEYS_MAX 32
#define JWKS_TEXT_MAX 65536
/* {"kty","use":"sig","alg","kid",numbers} of a public key. */
err jwk_write(struct ctx *cx, struct json_out *j, const struct pkey *key, struct str kid);
/* One public key. Private members are refused. */
struct jwk {
    struct str kid; /* absent if the set names none */
    const struct alg *alg;
    struct pkey *key; /* freed with the arena */
};
err jwk_parse(struct ctx *cx, const json_t *value, struct jwk *ret_jwk);
/* {"keys":[...]}: keys of unknown kinds, other uses or unfit numbers are skipped (RFC 7517 5); a
 * private key or more than JWKS_KEYS_MAX keys is an error. */
struct jwks {
    struct jwk *keys;
    size_t n;
};
err jwks_parse(struct ctx *cx, struct str text, struct jwks *ret_set);
/* By kid, and if the header has none: the only key of that algorithm. NULL if there is none. */
const struct jwk *jwks_find(const struct jwks *set, struct str kid, const struct alg *alg);
/* RFC 7638, SHA-256, base64url. */
err jwk_thumbprint(struct ctx *cx, const struct pkey *key, struct str *ret_thumbprint);

/* ---- jws.c ---- */

#define JWS_MAX 16384 /* characters of a compact token that comes from outside */

struct jws {
    const struct alg *alg; /* never NULL after jws_parse */
    struct str kid;        /* absent or at most JWK_KID_MAX printable ASCII characters */
    struct str typ;
    struct str signing_input;
    struct str payload;   /* decoded bytes: not yet verified */
    struct str signature; /* decoded bytes */
};
/* Canonical base64url in three parts, header strict JSON. Any mistake is ERR_INVALID_TOKEN. */
err jws_parse(struct ctx *cx, struct str compact, struct jws *ret_jws);
/* Keys shorter than this neither verify nor sign (RFC 7518 3.2). */
#define JWS_MAC_KEY_MIN 32
bool jws_verify_mac(const struct jws *jws, const void *key, size_t n);
/* False too if the key's kind is not the algorithm's. */
bool jws_verify(const struct jws *jws, struct verifier *v, enum pkey_kind kind);
/* `header` is the encoded header (base64url, made once per key by jws_header). */
struct str jws_header(struct arena *a, const struct alg *alg, struct str typ, struct str kid);
err jws_sign(struct ctx *cx, struct str header, struct str payload, struct signer *s,
             struct str *ret_compact);
err jws_sign_mac(struct ctx *cx, struct str header, struct str payload, const struct alg *alg,
                 struct secret key, struct str *ret_compact);

/* ---- jwt.c ---- */

#define JWT_LEEWAY_SECONDS 60
#define JWT_TIME_MAX       253402300799 /* 9999-12-31: larger numbers are nonsense */

struct jwt {
    json_t *claims; /* the arena's */
    struct str iss, sub, jti;
    int64_t exp, iat, nbf; /* 0 if absent */
};
/* Parses the payload of a *verified* jws and checks time against cx->now: exp required and not
 * past, nbf and iat not more than `leeway` in the future. Numbers that are fractions, negative or
 * past JWT_TIME_MAX are refused. ERR_INVALID_TOKEN. */
err jwt_parse(struct ctx *cx, const struct jws *jws, int64_t leeway, struct jwt *ret_jwt);
/* `aud` is this string or an array that has it. */
bool jwt_has_audience(const struct jwt *jwt, struct str audience);
/* aud is exactly this one value (RFC 7523 3 with the tightening of 2025). */
bool jwt_audience_is(const struct jwt *jwt, struct str audience);
struct str jwt_str(const struct jwt *jwt, const char *claim); /* absent or not text: STR_NONE */

#endif
