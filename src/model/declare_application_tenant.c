/* SPDX-License-Identifier: Apache-2.0 */
/* Which other tenants an application of tenancy all may act in, and which it may not serve. Tenants
 * that the lists do not name keep what they decided. */
#include "declare.h"

struct decision {
    const struct declare_object *o;
    unsigned member;
    struct str application_id;
    struct str name;
};

/* Whether a tenant's row changed. */
static err decision_apply(struct declare *d, const struct declare_scope *scope,
                          const struct decision *c, struct str tenant, bool *ret_changed) {
    struct str tenant_id;
    int64_t is_allowed = c->member == APPLICATION_ALLOWED_TENANTS, n;
    err e = db_one(
        d->cx, "SELECT tenant_id FROM tenant_name_index WHERE environment_id = $1 AND tenant = $2",
        DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(tenant)),
        DB_COLUMNS(COLUMN_STR(&tenant_id)));
    if (e == ERR_NOT_FOUND) {
        struct str quoted = declare_quote(d->cx->arena, tenant);
        declare_mistake(d, c->o, declare_application.members[c->member].name,
                        "the environment has no tenant %.*s", STR_ARG(quoted));
        return OK;
    }
    TRY(e);
    if (str_eq(tenant_id, scope->tenant_id)) {
        declare_mistake(d, c->o, declare_application.members[c->member].name,
                        "the owner may use its application anyway; name other tenants");
        return OK;
    }
    TRY(db_exec(d->cx,
                "INSERT INTO application_tenant (tenant_id, application_id, is_allowed) "
                "VALUES ($1, $2, $3) ON CONFLICT (tenant_id, application_id) "
                "DO UPDATE SET is_allowed = excluded.is_allowed "
                "WHERE application_tenant.is_allowed <> excluded.is_allowed",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(c->application_id), DB_INT(is_allowed)), &n));
    *ret_changed = *ret_changed || n > 0;
    return OK;
}

static err decisions_apply(struct declare *d, const struct declare_scope *scope,
                           const struct decision *c) {
    const json_t *list = c->o->v[c->member].json;
    bool changed = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct str tenant = str_from(json_string_value(json_array_get(list, i)));
        TRY(decision_apply(d, scope, c, tenant, &changed));
    }
    if (!changed) {
        return OK;
    }
    struct declare_note note = {.kind = &declare_application,
                                .name = c->name,
                                .detail = str_from(declare_application.members[c->member].name),
                                .tenant_id = scope->tenant_id,
                                .object = c->application_id};
    return declare_note(d, &note);
}

err declare_application_tenants(struct declare *d, const struct declare_scope *scope) {
    const struct declare_value *list = &scope->object->v[TENANT_APPLICATIONS];
    for (size_t i = 0; i < list->n; i++) {
        struct decision c = {.o = &list->objects[i]};
        if (!c.o->v[APPLICATION_ALLOWED_TENANTS].given &&
            !c.o->v[APPLICATION_BLOCKED_TENANTS].given) {
            continue;
        }
        struct str folded = declare_name_at_vendor(d->cx->arena, c.o);
        TRY(db_one(d->cx,
                   "SELECT application_id FROM application_name_index WHERE environment_id = $1 "
                   "AND name_folded = $2",
                   DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(folded)),
                   DB_COLUMNS(COLUMN_STR(&c.application_id))));
        c.name = str_format(d->cx->arena, "%.*s@%.*s", STR_ARG(c.o->v[APPLICATION_NAME].text),
                            STR_ARG(c.o->v[APPLICATION_VENDOR].text));
        c.member = APPLICATION_ALLOWED_TENANTS;
        TRY(decisions_apply(d, scope, &c));
        c.member = APPLICATION_BLOCKED_TENANTS;
        TRY(decisions_apply(d, scope, &c));
    }
    return OK;
}
