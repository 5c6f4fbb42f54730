/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of access keys: by keyset, forwards and backwards, of a tenant or of one employee. */
#include "model.h"

#define LIST_SQL                                                                                   \
    "SELECT k.access_key_id, k.employee_id, k.is_active, k.created_at, k.last_used_at, "           \
    "e.agent_id FROM access_key k LEFT JOIN employee e ON e.tenant_id = k.tenant_id "              \
    "AND e.employee_id = k.employee_id WHERE k.tenant_id = $1 "

/* Every combination is a text of its own: nothing of a request becomes SQL. */
static const char *const list_sql[2][2] = {
    {LIST_SQL "AND k.access_key_id > $2 ORDER BY k.access_key_id LIMIT $3",
     LIST_SQL "AND k.access_key_id < $2 ORDER BY k.access_key_id DESC LIMIT $3"},
    {LIST_SQL "AND k.access_key_id > $2 AND k.employee_id = $4 ORDER BY k.access_key_id LIMIT $3",
     LIST_SQL "AND k.access_key_id < $2 AND k.employee_id = $4 "
              "ORDER BY k.access_key_id DESC LIMIT $3"},
};

err access_keys_list(struct ctx *cx, const struct access_key_page *page, struct access_key *row,
                     err (*each)(struct ctx *cx, void *state), void *state) {
    bool one = page->employee_id.p != NULL;
    const struct db_value args[] = {DB_TEXT(page->tenant_id),
                                    DB_TEXT(page->after.p != NULL ? page->after : STR("")),
                                    DB_INT(page->limit), DB_TEXT(page->employee_id)};
    row->tenant_id = page->tenant_id;
    return db_each(cx, list_sql[one][page->backwards], (struct db_args){args, one ? 4 : 3},
                   DB_COLUMNS(COLUMN_STR(&row->access_key_id), COLUMN_STR(&row->employee_id),
                              COLUMN_BOOL(&row->is_active), COLUMN_INT(&row->created_at),
                              COLUMN_INT(&row->last_used_at), COLUMN_INT(&row->agent_id)),
                   each, state);
}

err access_keys_count(struct ctx *cx, struct str tenant_id, struct str employee_id, int64_t *ret) {
    if (employee_id.p == NULL) {
        return db_one(cx, "SELECT count(*) FROM access_key WHERE tenant_id = $1",
                      DB_ARGS(DB_TEXT(tenant_id)), DB_COLUMNS(COLUMN_INT(ret)));
    }
    return db_one(cx, "SELECT count(*) FROM access_key WHERE tenant_id = $1 AND employee_id = $2",
                  DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id)), DB_COLUMNS(COLUMN_INT(ret)));
}
