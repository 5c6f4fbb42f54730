/* SPDX-License-Identifier: Apache-2.0 */
/* GET /auth/jwks: the active keys, the next ones, and retired ones whose tokens may still live
 * (PROTOCOL 3). */
#include "oauth_internal.h"

err jwks_document(struct ctx *cx, const struct environment *e, struct document *ret_document) {
    struct buf b = buf_in(cx->arena, 4096);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_open_array(&j, "keys");
    for (size_t i = 0; i < e->keys->n; i++) {
        TRY(jwk_write(cx, &j, e->keys->keys[i].key, e->keys->keys[i].kid));
    }
    json_close_array(&j);
    json_close_object(&j);
    *ret_document = document_of(cx->arena, buf_view(&b));
    return OK;
}

err jwks_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    document_reply(cx, rq, &rq->environment->documents[DOCUMENT_JWKS], rp);
    return OK;
}
