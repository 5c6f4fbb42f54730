/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as JSON (RFC 7517). */
#include "jose.h"

static void put_bytes(struct ctx *cx, struct json_out *j, const char *key, struct str bytes) {
    json_put_str(j, key, base64url(cx->arena, bytes.p, bytes.n));
}

err jwk_write(struct ctx *cx, struct json_out *j, const struct pkey *key, struct str kid) {
    const struct alg *alg = alg_of_kind(pkey_kind(key));
    struct pkey_numbers numbers;
    TRY(pkey_numbers(cx, key, &numbers));
    json_open_object(j, NULL);
    json_put_z(j, "kty", alg->kty);
    json_put_z(j, "use", "sig");
    json_put_z(j, "alg", alg->name);
    json_put_str_if(j, "kid", kid);
    json_put_str_if(j, "crv", str_from(alg->crv));
    bool rsa = numbers.kind == PKEY_RSA;
    put_bytes(cx, j, rsa ? "n" : "x", numbers.a);
    if (numbers.b.p != NULL) {
        put_bytes(cx, j, rsa ? "e" : "y", numbers.b);
    }
    json_close_object(j);
    return OK;
}

/* The algorithm that kty and crv stand for; NULL: not ours. */
static const struct alg *alg_of_jwk(struct str kty, struct str crv) {
    const struct alg *alg;
    for (size_t i = 0; (alg = alg_at(i)) != NULL; i++) {
        if (!alg->symmetric && str_is(kty, alg->kty) &&
            (alg->crv == NULL || str_is(crv, alg->crv))) {
            return alg;
        }
    }
    return NULL;
}

static err get_bytes(struct ctx *cx, const json_t *value, const char *name, struct str *ret) {
    struct str text;
    TRY(json_get_str(cx, value, name, &text));
    if (text.p == NULL) {
        *ret = STR_NONE;
        return OK;
    }
    if (!base64url_parse(cx->arena, text, ret)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The JWK's '%s' is not base64url.", name);
    }
    return OK;
}

static void free_deferred(void *key) {
    pkey_free(key);
}

static bool kid_ok(struct str kid) {
    if (kid.p == NULL) {
        return true;
    }
    for (size_t i = 0; i < kid.n; i++) {
        if (kid.p[i] < 0x20 || kid.p[i] > 0x7e) {
            return false;
        }
    }
    return kid.n > 0 && kid.n <= JWK_KID_MAX;
}

/* Keys for other purposes are none of our business (RFC 7517 4.2, 4.3). */
static bool for_signatures(const json_t *value) {
    const json_t *use = json_object_get(value, "use");
    return use == NULL || (json_is_string(use) && str_is(str_from(json_string_value(use)), "sig"));
}

/* RFC 7518 6.2.2, 6.3.2, 6.4: whoever gives us a private key should get a new one. */
static err no_private_member(struct ctx *cx, const json_t *value) {
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (json_object_get(value, names[i]) != NULL) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "The JWK has the private member '%s': give the public key alone.",
                            names[i]);
        }
    }
    return OK;
}

err jwk_parse(struct ctx *cx, const json_t *value, struct jwk *ret_jwk) {
    struct str kty, crv, alg, kid;
    if (!json_is_object(value)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "A JWK must be a JSON object.");
    }
    TRY(no_private_member(cx, value));
    TRY(json_get_str(cx, value, "kty", &kty));
    TRY(json_get_str(cx, value, "crv", &crv));
    TRY(json_get_str(cx, value, "alg", &alg));
    TRY(json_get_str(cx, value, "kid", &kid));
    struct jwk jwk = {.kid = kid, .alg = alg_of_jwk(kty, crv)};
    if (jwk.alg == NULL || (alg.p != NULL && !str_is(alg, jwk.alg->name)) || !kid_ok(kid) ||
        !for_signatures(value)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The JWK is of an unsupported kind.");
    }
    struct pkey_numbers numbers = {.kind = jwk.alg->kind};
    bool rsa = numbers.kind == PKEY_RSA;
    TRY(get_bytes(cx, value, rsa ? "n" : "x", &numbers.a));
    TRY(get_bytes(cx, value, rsa ? "e" : "y", &numbers.b));
    if (pkey_from_numbers(cx, &numbers, &jwk.key) != OK) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The JWK's numbers are no usable public key.");
    }
    arena_defer(cx->arena, free_deferred, jwk.key);
    *ret_jwk = jwk;
    return OK;
}

err jwks_parse(struct ctx *cx, struct str text, struct jwks *ret_set) {
    if (text.n > JWKS_TEXT_MAX) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The key set is larger than %d bytes.",
                        JWKS_TEXT_MAX);
    }
    json_t *value;
    TRY(json_parse(cx, text, &value));
    const json_t *keys = json_object_get(value, "keys");
    if (!json_is_array(keys)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The key set needs a list 'keys'.");
    }
    size_t count = json_array_size(keys);
    if (count > JWKS_KEYS_MAX) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The key set has more than %d keys.",
                        JWKS_KEYS_MAX);
    }
    struct jwks set = {.keys = NEW_ARRAY(cx->arena, count + 1, struct jwk)};
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(keys, i);
        struct jwk jwk;
        TRY(no_private_member(cx, item));
        if (jwk_parse(cx, item, &jwk) == OK) {
            set.keys[set.n++] = jwk;
        }
    }
    cx->failure = (struct failure){0};
    *ret_set = set;
    return OK;
}

const struct jwk *jwks_find(const struct jwks *set, struct str kid, const struct alg *alg) {
    const struct jwk *only = NULL;
    size_t fitting = 0;
    for (size_t i = 0; i < set->n; i++) {
        const struct jwk *jwk = &set->keys[i];
        if (jwk->alg != alg) {
            continue;
        }
        if (kid.p != NULL && jwk->kid.p != NULL && str_eq(jwk->kid, kid)) {
            return jwk;
        }
        only = jwk;
        fitting++;
    }
    return kid.p == NULL && fitting == 1 ? only : NULL;
}

err jwk_thumbprint(struct ctx *cx, const struct pkey *key, struct str *ret_thumbprint) {
    const struct alg *alg = alg_of_kind(pkey_kind(key));
    struct pkey_numbers numbers;
    TRY(pkey_numbers(cx, key, &numbers));
    struct buf b = buf_in(cx->arena, 512);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL); /* RFC 7638 3.2: the required members, sorted */
    if (numbers.kind == PKEY_RSA) {
        put_bytes(cx, &j, "e", numbers.b);
        json_put_z(&j, "kty", alg->kty);
        put_bytes(cx, &j, "n", numbers.a);
    } else {
        json_put_z(&j, "crv", alg->crv);
        json_put_z(&j, "kty", alg->kty);
        put_bytes(cx, &j, "x", numbers.a);
        if (numbers.b.p != NULL) {
            put_bytes(cx, &j, "y", numbers.b);
        }
    }
    json_close_object(&j);
    *ret_thumbprint = sha256_text(cx->arena, buf_view(&b));
    return OK;
}
