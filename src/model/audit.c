/* SPDX-License-Identifier: Apache-2.0 */
/* Who changed what, when, from where: written in the transaction of the change, never changed. */
#include "model.h"

static struct db_value text_or(struct str s, struct str otherwise) {
    return DB_TEXT(s.p != NULL ? s : otherwise);
}

err audit_write(struct ctx *cx, const struct audit *a) {
    return db_exec(cx,
                   "INSERT INTO audit (tenant_id, audit_id, at_ms, actor, action, object, remote, "
                   "detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                   DB_ARGS(DB_TEXT(a->tenant_id), DB_TEXT(uuid_v7(cx)), DB_INT(cx->now_ms),
                           DB_TEXT(a->actor), DB_TEXT(a->action), text_or(a->object, STR("")),
                           text_or(a->remote, STR("")), text_or(a->detail, STR("{}"))),
                   NULL);
}
