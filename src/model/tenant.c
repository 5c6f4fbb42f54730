/* SPDX-License-Identifier: Apache-2.0 */
/* A customer: found by its id, inside its environment. */
#include "model.h"

err tenant_find(struct ctx *cx, struct str environment_id, struct str tenant_id,
                struct tenant *ret_tenant) {
    struct tenant t = {.tenant_id = tenant_id, .environment_id = environment_id};
    struct str lifetimes;
    TRY(db_one(
        cx,
        "SELECT tenant, area, cluster, sp_id, primary_business_unit, is_private, is_enabled, "
        "lifetimes FROM tenant WHERE tenant_id = $1 AND environment_id = $2",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(environment_id)),
        DB_COLUMNS(COLUMN_STR(&t.tenant), COLUMN_STR(&t.area), COLUMN_STR(&t.cluster),
                   COLUMN_STR(&t.sp_id), COLUMN_INT(&t.primary_business_unit),
                   COLUMN_BOOL(&t.is_private), COLUMN_BOOL(&t.is_enabled),
                   COLUMN_STR(&lifetimes))));
    TRY(lifetimes_parse(cx, lifetimes, &t.lifetimes));
    *ret_tenant = t;
    return OK;
}
