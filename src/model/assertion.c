/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of client assertions (RFC 7523 3): each is good once, as long as the assertion is. */
#include "model.h"

err assertion_use(struct ctx *cx, const struct application *a, struct str jti, int64_t expires_at) {
    int64_t n;
    /* The digest bounds what a client may make us store. */
    TRY(db_exec(cx,
                "INSERT INTO assertion (tenant_id, application_id, jti_digest, expires_at) "
                "VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (tenant_id, application_id, jti_digest) DO NOTHING",
                DB_ARGS(DB_TEXT(a->tenant_id), DB_TEXT(a->application_id),
                        DB_TEXT(sha256_text(cx->arena, jti)), DB_INT(expires_at)),
                &n));
    /* RFC 7523 3, 7: a replayed assertion is refused. */
    return n == 1 ? OK
                  : fail_say(cx, ERR_INVALID_CLIENT,
                             "This client assertion was used before: each needs a jti of its own.");
}
