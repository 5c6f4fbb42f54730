/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets: a key that is taken can be written, read again with the same thumbprint, and verifies
 * nothing that it did not sign. */
#include "jose.h"
#include "target.h"

static void check_key(struct target *t, const struct jwk *jwk) {
    struct str print, again;
    struct buf b = buf_in(t->arena, 0);
    struct json_out j = json_to(&b);
    struct jwk reread;
    json_t *value;
    HOLDS(jwk->alg == alg_of_kind(pkey_kind(jwk->key)));
    HOLDS(jwk_thumbprint(&t->cx, jwk->key, &print) == OK && print.n == SHA256_TEXT);
    HOLDS(jwk_write(&t->cx, &j, jwk->key, jwk->kid) == OK);
    HOLDS(json_parse(&t->cx, buf_view(&b), &value) == OK);
    HOLDS(jwk_parse(&t->cx, value, &reread) == OK);
    HOLDS(jwk_thumbprint(&t->cx, reread.key, &again) == OK && str_eq(print, again));
    HOLDS(str_eq(jwk->kid, reread.kid));
    struct verifier *v = verifier_new(jwk->key);
    HOLDS(v == NULL || !verifier_verify(v, STR("message"), STR("signature")));
    verifier_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    struct jwks set;
    target_init(&t, data, size);
    if (jwks_parse(&t.cx, t.input, &set) == OK) {
        HOLDS(size <= JWKS_TEXT_MAX && set.n <= JWKS_KEYS_MAX);
        for (size_t i = 0; i < set.n; i++) {
            check_key(&t, &set.keys[i]);
            const struct jwk *found = jwks_find(&set, set.keys[i].kid, set.keys[i].alg);
            HOLDS(found == NULL || found->alg == set.keys[i].alg);
        }
    } else {
        HOLDS(t.cx.failure.code == ERR_INVALID_REQUEST);
    }
    target_done(&t);
    return 0;
}
