/* SPDX-License-Identifier: Apache-2.0 */
/* Sign-ins under way end with the sessions there are (SECURITY `dead-means-dead`): the epoch of who
 * signs in moves, and what was proven before is proven no more. */
#include "user.h"

err login_epoch_raise(struct ctx *cx, struct str tenant_id, struct str employee_id) {
    return db_exec(cx,
                   "UPDATE employee_login SET epoch = epoch + 1, updated_at = $3 "
                   "WHERE tenant_id = $1 AND employee_id = $2",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(cx->now)), NULL);
}

err login_epoch_raise_all(struct ctx *cx, struct str tenant_id) {
    return db_exec(
        cx, "UPDATE employee_login SET epoch = epoch + 1, updated_at = $2 WHERE tenant_id = $1",
        DB_ARGS(DB_TEXT(tenant_id), DB_INT(cx->now)), NULL);
}

static err in_epoch(struct ctx *cx, const struct login *l, int64_t more) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE employee_login SET epoch = epoch + $5, updated_at = $4 "
                "WHERE tenant_id = $1 AND employee_id = $2 AND epoch = $3",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_INT(l->epoch),
                        DB_INT(cx->now), DB_INT(more)),
                &n));
    return n == 1 ? OK
                  : fail(cx, ERR_CONFLICT, "employee %.*s: the account was changed meanwhile",
                         STR_ARG(l->employee_id));
}

err login_epoch_hold(struct ctx *cx, const struct login *l) {
    return in_epoch(cx, l, 0);
}

err login_epoch_pass(struct ctx *cx, const struct login *l) {
    return in_epoch(cx, l, 1);
}
