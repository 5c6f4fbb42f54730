/* SPDX-License-Identifier: Apache-2.0 */
/* Other names of an employee: the user name, unique in an environment, and the agent number, unique
 * in a tenant. */
#include "model.h"

err user_name_find(struct ctx *cx, struct str environment_id, struct str user_name,
                   struct str *ret_tenant_id, struct str *ret_employee_id) {
    struct str folded = str_lower(cx->arena, user_name);
    return db_one(cx,
                  "SELECT tenant_id, employee_id FROM user_name_index "
                  "WHERE environment_id = $1 AND user_name_folded = $2",
                  DB_ARGS(DB_TEXT(environment_id), DB_TEXT(folded)),
                  DB_COLUMNS(COLUMN_STR(ret_tenant_id), COLUMN_STR(ret_employee_id)));
}

err agent_find(struct ctx *cx, struct str tenant_id, int64_t agent_id,
               struct str *ret_employee_id) {
    return db_one(cx, "SELECT employee_id FROM employee WHERE tenant_id = $1 AND agent_id = $2",
                  DB_ARGS(DB_TEXT(tenant_id), DB_INT(agent_id)),
                  DB_COLUMNS(COLUMN_STR(ret_employee_id)));
}
