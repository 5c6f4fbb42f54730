/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that are JWTs: signature by the issuer's keys, issuer, audience, times. And the public
 * functions that read them. */
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define CLOCK_DOUBT 300 /* seconds between the clocks from which they are the likelier reason */

static err not_jwt(struct call *k) {
    return fail_say(&k->cx, ERR_CLIENT_TOKEN, "This is no JWT (three parts in base64url): %s",
                    k->cx.failure.detail);
}

/* 1 good, 0 bad, -1: the set has no such key. */
static int signature_check(struct call *k, struct str set_text, const struct jws *jws) {
    struct jwks set;
    if (jwks_parse(&k->cx, set_text, &set) != OK) {
        return -1;
    }
    const struct jwk *key = jwks_find(&set, jws->kid, jws->alg);
    struct verifier *v = key != NULL ? verifier_new(key->key) : NULL;
    if (v == NULL) {
        return -1;
    }
    bool good = jws_verify(jws, v, pkey_kind(key->key));
    verifier_free(v);
    return good ? 1 : 0;
}

/* An unknown key is asked for once more: the keys may have been rotated since (OpenID Connect Core
 * 10.1.1). */
static err signature_verify(struct call *k, const struct jws *jws) {
    struct endpoints ep;
    struct str set;
    TRY(discovery_get(k, 0, &ep));
    if (ep.jwks_uri.p == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_DISCOVERY,
                        "The discovery document has no jwks_uri: the token cannot be verified.");
    }
    TRY(document_get(k, DOCUMENT_JWKS, ep.jwks_uri, 0, &set));
    int verdict = signature_check(k, set, jws);
    if (verdict != 1) {
        TRY(document_get(k, DOCUMENT_JWKS, ep.jwks_uri, POSTERN_FRESH, &set));
        verdict = signature_check(k, set, jws);
    }
    if (verdict == -1) {
        return fail_say(&k->cx, ERR_CLIENT_TOKEN,
                        "The issuer's key set has no key %.*s for %s: is the token another "
                        "issuer's?",
                        STR_ARG(str_sub(jws->kid, 0, 60)), jws->alg->name);
    }
    return verdict == 1
               ? OK
               : fail_say(&k->cx, ERR_CLIENT_TOKEN, "The token's signature is not the issuer's.");
}

/* By the server's clock, or by ours if that is the one that agrees. */
static err claims_read(struct call *k, const struct jws *jws, struct jwt *ret_jwt) {
    int64_t ours = k->cx.now;
    k->cx.now = server_now(k);
    err e = jwt_parse(&k->cx, jws, JWT_LEEWAY_SECONDS, ret_jwt);
    k->cx.now = ours;
    if (e != OK && k->clock_skew != 0) {
        struct failure first = k->cx.failure;
        if (jwt_parse(&k->cx, jws, JWT_LEEWAY_SECONDS, ret_jwt) == OK) {
            return OK;
        }
        k->cx.failure = first;
    }
    if (e == OK) {
        return OK;
    }
    if (k->clock_skew > CLOCK_DOUBT || k->clock_skew < -CLOCK_DOUBT) {
        return fail_say(&k->cx, ERR_CLIENT_CLOCK,
                        "The token is not good now (%s), and this machine's clock and the server's "
                        "are %lld s apart. Set the clock.",
                        k->cx.failure.detail,
                        (long long)(k->clock_skew < 0 ? -k->clock_skew : k->clock_skew));
    }
    return fail_say(&k->cx, ERR_CLIENT_TOKEN, "The token is not good: %s%s", k->cx.failure.detail,
                    k->clock_known ? "" : ". Is this machine's clock right?");
}

err jwt_check(struct call *k, struct str token, struct str audience, struct jwt *ret_jwt) {
    struct jws jws;
    struct endpoints ep;
    if (jws_parse(&k->cx, token, &jws) != OK) {
        return not_jwt(k);
    }
    TRY(discovery_get(k, 0, &ep));
    TRY(signature_verify(k, &jws));
    TRY(claims_read(k, &jws, ret_jwt));
    if (!str_eq(ret_jwt->iss, ep.issuer)) {
        return fail_say(&k->cx, ERR_CLIENT_ISSUER, "The token is of issuer %.*s, asked was %.*s.",
                        STR_ARG(str_sub(ret_jwt->iss, 0, 160)),
                        STR_ARG(str_sub(ep.issuer, 0, 160)));
    }
    if (audience.p != NULL && !jwt_has_audience(ret_jwt, audience)) {
        return fail_say(&k->cx, ERR_CLIENT_TOKEN,
                        "The id token is for another client: its aud lacks %.*s.",
                        STR_ARG(str_sub(audience, 0, 120)));
    }
    return OK;
}

struct str jwt_peek(struct call *k, struct str token, const char *claim) {
    struct jws jws;
    json_t *claims;
    struct str value = STR_NONE;
    struct failure before = k->cx.failure;
    if (jws_parse(&k->cx, token, &jws) == OK && json_parse(&k->cx, jws.payload, &claims) == OK &&
        json_get_str(&k->cx, claims, claim, &value) != OK) {
        value = STR_NONE;
    }
    k->cx.failure = before;
    return value;
}

struct str jwt_claims(struct call *k, struct str token) {
    struct jws jws;
    json_t *claims;
    struct failure before = k->cx.failure;
    bool good = token.p != NULL && jws_parse(&k->cx, token, &jws) == OK &&
                json_parse(&k->cx, jws.payload, &claims) == OK && json_is_object(claims);
    k->cx.failure = before;
    return good ? jws.payload : STR_NONE;
}

/* ---- public ---- */

struct reading {
    struct str token;
    bool verify;
    char *json;
};

static err reading_write(struct call *k, struct reading *r) {
    struct str header_text, header_part = r->token, claims = jwt_claims(k, r->token);
    header_part = str_sub(header_part, 0, str_find_char(header_part, '.'));
    if (claims.p == NULL || !base64url_parse(k->cx.arena, header_part, &header_text)) {
        return fail_say(&k->cx, ERR_CLIENT_TOKEN, "The token's claims are no JSON object.");
    }
    struct buf b = buf_in(k->cx.arena, claims.n + header_text.n + 64);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_raw(&j, "header", header_text);
    json_put_raw(&j, "claims", claims);
    json_close_object(&j);
    r->json = malloc(b.n + 1);
    if (r->json == NULL) {
        memory_exhausted(b.n + 1);
    }
    memcpy(r->json, b.p, b.n);
    r->json[b.n] = '\0';
    return OK;
}

static err reading_run(struct call *k, void *arguments) {
    struct reading *r = arguments;
    struct jws jws;
    struct jwt jwt;
    r->token = str_trim(r->token);
    if (jws_parse(&k->cx, r->token, &jws) != OK) {
        return not_jwt(k);
    }
    if (r->verify) {
        TRY(jwt_check(k, r->token, STR_NONE, &jwt));
    }
    return reading_write(k, r);
}

enum postern_code postern_jwt_decode(const char *token, char **ret_json) {
    struct reading r = {.token = str_from(token)};
    if (ret_json == NULL) {
        return usage_failed("postern_jwt_decode needs a place for the result.");
    }
    enum postern_code code = call_run(NULL, NULL, 0, reading_run, &r);
    if (code == POSTERN_OK) {
        *ret_json = r.json;
    }
    return code;
}

enum postern_code postern_jwt_verify(struct postern *client, const char *token,
                                     struct postern_cancel *cancel, char **ret_json) {
    if (client == NULL || ret_json == NULL) {
        return usage_failed("postern_jwt_verify needs a client and a place for the result.");
    }
    struct reading r = {.token = str_from(token), .verify = true};
    enum postern_code code = call_run(client, cancel, 0, reading_run, &r);
    if (code == POSTERN_OK) {
        *ret_json = r.json;
    }
    return code;
}
