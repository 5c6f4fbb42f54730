/* SPDX-License-Identifier: Apache-2.0 */
/* Another provider's id token: verified by its keys, and read (OpenID Connect Core 3.1.3.7). */
#include "oauth_internal.h"

#define SUBJECT_MAX 255
#define CLAIM_MAX   255

static struct str text_of(const json_t *value) {
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : STR_NONE;
}

struct str provider_claim(const json_t *claims, struct str name) {
    struct str value = STR_NONE;
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)(uintptr_t)claims, key, item) {
        value = str_is(name, key) ? text_of(item) : value;
    }
    /* Core 5.7: an address that nobody verified could be anybody's. */
    if (str_is(name, "email") && !json_is_true(json_object_get(claims, "email_verified"))) {
        return STR_NONE;
    }
    return value.n > CLAIM_MAX || str_empty(value) ? STR_NONE : value;
}

static void verifier_release(void *verifier) {
    verifier_free(verifier);
}

static err signature_check(struct ctx *cx, const struct jws *jws, const struct jwks *keys) {
    /* A MAC would be of a key that both sides know, or of a public one. */
    if (jws->alg->symmetric) {
        return fail(cx, ERR_INVALID_TOKEN, "the id token has a MAC in place of a signature");
    }
    const struct jwk *key = jwks_find(keys, jws->kid, jws->alg);
    if (key == NULL) {
        return fail(cx, ERR_NOT_FOUND, "the provider has no key of this kid and alg");
    }
    struct verifier *verifier = key->alg == jws->alg ? verifier_new(key->key) : NULL;
    if (verifier == NULL) {
        return fail(cx, ERR_INVALID_TOKEN, "the key is not usable for this alg");
    }
    arena_defer(cx->arena, verifier_release, verifier);
    return jws_verify(jws, verifier, key->alg->kind)
               ? OK
               : fail(cx, ERR_INVALID_TOKEN, "wrong signature");
}

/* Core 3.1.3.6: the left half of the hash of the signature's size. */
static bool at_hash_ok(struct ctx *cx, const struct jws *jws, struct str at_hash,
                       struct str access_token) {
    unsigned char digest[SHA512_SIZE];
    bool wide = jws->alg->kind == PKEY_ED25519;
    if (wide) {
        sha512(access_token.p, access_token.n, digest);
    } else {
        sha256(access_token.p, access_token.n, digest);
    }
    struct str expected = base64url(cx->arena, digest, (wide ? SHA512_SIZE : SHA256_SIZE) / 2);
    return expected.n == at_hash.n && secret_equal_bytes(expected.p, at_hash.p, at_hash.n);
}

static err for_us(struct ctx *cx, const struct jwt *jwt, const struct login_provider *p) {
    struct str azp = jwt_str(jwt, "azp");
    if (!str_eq(jwt->iss, p->issuer)) {
        return fail(cx, ERR_INVALID_TOKEN, "iss is another issuer");
    }
    if (!jwt_has_audience(jwt, p->client_id)) {
        return fail(cx, ERR_INVALID_TOKEN, "aud is another client");
    }
    bool named = json_object_get(jwt->claims, "azp") != NULL;
    if (named ? !str_eq(azp, p->client_id) : !jwt_audience_is(jwt, p->client_id)) {
        return fail(cx, ERR_INVALID_TOKEN, "azp is another client, or missing");
    }
    return OK;
}

static err claims_check(struct ctx *cx, const struct jws *jws, const struct jwt *jwt,
                        const struct provider_expected *want) {
    struct str nonce = jwt_str(jwt, "nonce");
    TRY(for_us(cx, jwt, want->provider));
    if (json_object_get(jwt->claims, "iat") == NULL) {
        return fail(cx, ERR_INVALID_TOKEN, "iat is missing");
    }
    if (nonce.n != want->nonce.n || !secret_equal_bytes(nonce.p, want->nonce.p, nonce.n)) {
        return fail(cx, ERR_INVALID_TOKEN, "nonce is another sign-in's");
    }
    if (str_empty(jwt->sub) || jwt->sub.n > SUBJECT_MAX) {
        return fail(cx, ERR_INVALID_TOKEN, "sub is missing or too long");
    }
    if (json_object_get(jwt->claims, "at_hash") != NULL &&
        !at_hash_ok(cx, jws, jwt_str(jwt, "at_hash"), want->access_token)) {
        return fail(cx, ERR_INVALID_TOKEN, "at_hash is of another access token");
    }
    return OK;
}

/* What a person did there, as far as RFC 8176 has a word for it. */
static struct str amr_of(struct ctx *cx, const json_t *said) {
    static const char *const words[] = {"pwd", "pin",  "otp",  "hwk",    "swk", "sms", "tel",
                                        "fpt", "face", "iris", "retina", "vbm", "sc",  "mfa"};
    struct buf b = buf_in(cx->arena, 32);
    buf_z(&b, "fed");
    for (size_t w = 0; w < COUNT_OF(words); w++) {
        size_t i;
        const json_t *item;
        json_array_foreach(said, i, item) {
            if (str_is(text_of(item), words[w])) {
                buf_format(&b, " %s", words[w]);
                break;
            }
        }
    }
    return buf_view(&b);
}

static err auth_time_of(struct ctx *cx, const json_t *claims, int64_t *ret) {
    const json_t *value = json_object_get(claims, "auth_time");
    int64_t at = json_is_integer(value) ? json_integer_value(value) : 0;
    if ((value != NULL && !json_is_integer(value)) || at < 0 || at > cx->now + JWT_LEEWAY_SECONDS) {
        return fail(cx, ERR_INVALID_TOKEN, "auth_time is not a time that was");
    }
    *ret = at < cx->now ? at : cx->now;
    return OK;
}

err provider_id_token_check(struct ctx *cx, struct str id_token, const struct jwks *keys,
                            const struct provider_expected *want,
                            struct provider_identity *ret_identity) {
    struct jws jws;
    struct jwt jwt;
    struct provider_identity identity;
    TRY(jws_parse(cx, id_token, &jws));
    TRY(signature_check(cx, &jws, keys));
    TRY(jwt_parse(cx, &jws, JWT_LEEWAY_SECONDS, &jwt));
    TRY(claims_check(cx, &jws, &jwt, want));
    TRY(auth_time_of(cx, jwt.claims, &identity.auth_time));
    identity.subject = jwt.sub;
    identity.claim = provider_claim(jwt.claims, want->provider->claim);
    identity.amr = amr_of(cx, json_object_get(jwt.claims, "amr"));
    *ret_identity = identity;
    return OK;
}
