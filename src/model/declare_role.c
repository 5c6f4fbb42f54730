/* SPDX-License-Identifier: Apache-2.0 */
/* Roles of a tenant. Their permissions are kept in the catalogue's order, so that two lists of the
 * same are the same. */
#include "declare.h"

static struct str permissions_normal(struct arena *a, struct str words) {
    bool all = str_has_word(words, STR("*"));
    struct buf b = buf_in(a, 256);
    for (size_t i = 0; permission_at(i) != NULL; i++) {
        struct str name = str_from(permission_at(i)->name);
        if (all || str_has_word(words, name)) {
            buf_z(&b, b.n > 0 ? " " : "");
            buf_str(&b, name);
        }
    }
    return b.n > 0 ? buf_view(&b) : STR("");
}

static err role_write(struct declare *d, const struct declare_scope *scope, struct str role_id,
                      const struct declare_value *values) {
    struct db_args args =
        declare_args(d->cx->arena, &declare_role, values,
                     DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(role_id), DB_INT(d->cx->now_ms)));
    return db_exec(
        d->cx,
        "INSERT INTO role (tenant_id, role_id, updated_ms, name, legacy_id, permissions) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, role_id) DO UPDATE SET "
        "updated_ms = excluded.updated_ms, name = excluded.name, "
        "legacy_id = excluded.legacy_id, permissions = excluded.permissions",
        args, NULL);
}

/* The role's id: stored, given or new. Absent after a mistake. */
static err role_id_of(struct declare *d, const struct declare_scope *scope,
                      const struct declare_object *o, struct str *role_id) {
    const struct declare_value *given = declare_given(o, ROLE_ID);
    if (!str_empty(*role_id)) {
        if (given != NULL && !str_eq(given->text, *role_id)) {
            declare_mistake(d, o, "id", "this role is %.*s, and ids do not change",
                            STR_ARG(*role_id));
        }
        return OK;
    }
    *role_id = given != NULL ? given->text : uuid_v7(d->cx);
    bool exists;
    TRY(db_exists(d->cx, "SELECT 1 FROM role WHERE tenant_id = $1 AND role_id = $2",
                  DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(*role_id)), &exists));
    if (exists) {
        declare_mistake(d, o, "id", "another role of the tenant has this id");
    }
    return OK;
}

static err role_apply(struct declare *d, const struct declare_scope *scope,
                      const struct declare_object *o) {
    struct arena *a = d->cx->arena;
    struct declare_value *stored = declare_values_new(a, &declare_role), *values;
    struct str changed, role_id = STR_NONE, role = o->v[ROLE_NAME].text;
    size_t before = d->mistakes_seen;
    o->v[ROLE_PERMISSIONS].text = permissions_normal(a, o->v[ROLE_PERMISSIONS].text);
    err e = db_one(d->cx,
                   "SELECT role_id, name, legacy_id, permissions FROM role "
                   "WHERE tenant_id = $1 AND name = $2",
                   DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(role)),
                   declare_columns(a, &declare_role, stored, DB_COLUMNS(COLUMN_STR(&role_id))));
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    bool is_new = e == ERR_NOT_FOUND;
    TRY(role_id_of(d, scope, o, &role_id));
    declare_merge(d, o, is_new ? NULL : stored, &values, &changed);
    if (d->mistakes_seen != before || (!is_new && str_empty(changed))) {
        return OK;
    }
    TRY(role_write(d, scope, role_id, values));
    struct str name = str_format(a, "%.*s/%.*s", STR_ARG(scope->tenant), STR_ARG(role));
    return declare_note(d, &(struct declare_note){.kind = &declare_role,
                                                  .is_new = is_new,
                                                  .name = name,
                                                  .detail = changed,
                                                  .tenant_id = scope->tenant_id,
                                                  .object = role_id});
}

struct roles {
    struct role row, *v;
    size_t n, cap;
};

static err roles_each(struct ctx *cx, void *state) {
    struct roles *r = state;
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 16 : r->cap * 2;
        struct role *more = NEW_ARRAY(cx->arena, r->cap, struct role);
        for (size_t i = 0; i < r->n; i++) {
            more[i] = r->v[i];
        }
        r->v = more;
    }
    r->v[r->n++] = r->row;
    return OK;
}

err declare_roles(struct declare *d, struct declare_scope *scope) {
    const struct declare_value *list = &scope->object->v[TENANT_ROLES];
    for (size_t i = 0; i < list->n; i++) {
        TRY(role_apply(d, scope, &list->objects[i]));
    }
    struct roles roles = {0};
    TRY(db_each(d->cx, "SELECT role_id, name FROM role WHERE tenant_id = $1 ORDER BY name",
                DB_ARGS(DB_TEXT(scope->tenant_id)),
                DB_COLUMNS(COLUMN_STR(&roles.row.role_id), COLUMN_STR(&roles.row.name)), roles_each,
                &roles));
    scope->roles = roles.v;
    scope->roles_n = roles.n;
    return OK;
}
