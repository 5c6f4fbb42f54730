/* SPDX-License-Identifier: Apache-2.0 */
/* "Generate Key" (PROTOCOL 6.1): good once, for ten minutes. */
#include "model.h"

err generated_key_create(struct ctx *cx, const struct generated_key *k) {
    return db_exec(
        cx,
        "INSERT INTO generated_key (tenant_id, generated_key_id, employee_id, expires_at) "
        "VALUES ($1, $2, $3, $4)",
        DB_ARGS(DB_TEXT(k->tenant_id), DB_TEXT(k->generated_key_id), DB_TEXT(k->employee_id),
                DB_INT(k->expires_at)),
        NULL);
}

err generated_key_use(struct ctx *cx, struct str tenant_id, struct str generated_key_id) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE generated_key SET used_at = $3 WHERE tenant_id = $1 AND "
                "generated_key_id = $2 AND used_at IS NULL AND expires_at > $3",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(generated_key_id), DB_INT(cx->now)), &n));
    return n == 1 ? OK : fail(cx, ERR_INVALID_GRANT, "unknown, used or expired generated key");
}
