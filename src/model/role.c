/* SPDX-License-Identifier: Apache-2.0 */
/* A named set of permissions of one tenant. */
#include "model.h"

err role_find(struct ctx *cx, struct str tenant_id, struct str role_id, struct role *ret_role) {
    struct role r = {.role_id = role_id};
    TRY(db_one(cx,
               "SELECT name, legacy_id, permissions, updated_ms FROM role "
               "WHERE tenant_id = $1 AND role_id = $2",
               DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(role_id)),
               DB_COLUMNS(COLUMN_STR(&r.name), COLUMN_STR(&r.legacy_id), COLUMN_STR(&r.permissions),
                          COLUMN_INT(&r.updated_ms))));
    *ret_role = r;
    return OK;
}
