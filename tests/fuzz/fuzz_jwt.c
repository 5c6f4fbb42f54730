/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: parsed without a fault, never verified by a key that did not sign, claims within their
 * bounds. The claims are read of unverified tokens too, so that the fuzzer reaches them. */
#include "jose.h"
#include "target.h"

/* RFC 8037 A.2 */
static const char public_key[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/* The one token of that key among the seeds (RFC 8037 A.5). */
static const char good[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";

static void check_signature(struct target *t, const struct jws *jws) {
    struct str x;
    struct pkey *key;
    HOLDS(base64url_parse(t->arena, str_from(public_key), &x));
    struct pkey_numbers numbers = {PKEY_ED25519, x, STR_NONE};
    HOLDS(pkey_from_numbers(&t->cx, &numbers, &key) == OK);
    struct verifier *v = verifier_new(key);
    HOLDS(v != NULL);
    HOLDS(!jws_verify(jws, v, PKEY_ED25519) || str_is(jws->signing_input, good));
    HOLDS(!jws_verify(jws, v, PKEY_RSA));
    HOLDS(!jws_verify_mac(jws, public_key, sizeof public_key - 1));
    verifier_free(v);
    pkey_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    struct jws jws;
    struct jwt jwt;
    target_init(&t, data, size);
    if (jws_parse(&t.cx, t.input, &jws) == OK) {
        HOLDS(size <= JWS_MAX && jws.alg != NULL && jws.kid.n <= JWK_KID_MAX &&
              jws.signature.n > 0);
        check_signature(&t, &jws);
    } else {
        HOLDS(t.cx.failure.code == ERR_INVALID_TOKEN);
        jws = (struct jws){.payload = t.input}; /* the bytes as claims */
    }
    if (jwt_parse(&t.cx, &jws, JWT_LEEWAY_SECONDS, &jwt) == OK) {
        HOLDS(jwt.exp > t.cx.now && jwt.exp <= JWT_TIME_MAX);
        HOLDS(jwt.nbf >= 0 && jwt.nbf <= t.cx.now + JWT_LEEWAY_SECONDS);
        HOLDS(jwt.iat >= 0 && jwt.iat <= t.cx.now + JWT_LEEWAY_SECONDS);
        HOLDS(!jwt_audience_is(&jwt, STR("a")) || jwt_has_audience(&jwt, STR("a")));
    } else {
        HOLDS(t.cx.failure.code == ERR_INVALID_TOKEN);
    }
    target_done(&t);
    return 0;
}
