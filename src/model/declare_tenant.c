/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants and their business units. */
#include "declare.h"

/* The one the file says, else the stored one, else the only one. 0 after a mistake. */
static int64_t primary_of(struct declare *d, const struct declare_object *o, int64_t stored) {
    const struct declare_value *units = &o->v[TENANT_BUSINESS_UNITS];
    for (size_t i = 0; i < units->n; i++) {
        const struct declare_value *v = units->objects[i].v;
        if (v[BUSINESS_UNIT_PRIMARY].number != 0) {
            return v[BUSINESS_UNIT_NUMBER].number;
        }
    }
    for (size_t i = 0; i < units->n && stored != 0; i++) {
        const struct declare_value *v = units->objects[i].v;
        if (v[BUSINESS_UNIT_NUMBER].number == stored && v[BUSINESS_UNIT_PRIMARY].given) {
            declare_mistake(d, &units->objects[i], "primary",
                            "it is the primary one; say \"primary\": true at another instead");
            return 0;
        }
    }
    if (stored != 0) {
        return stored;
    }
    if (units->n == 1 && !units->objects[0].v[BUSINESS_UNIT_PRIMARY].given) {
        return units->objects[0].v[BUSINESS_UNIT_NUMBER].number;
    }
    declare_mistake(d, o, "businessUnits",
                    "a tenant has exactly one primary business unit; give one \"primary\": true");
    return 0;
}

static err unit_new(struct declare *d, const struct declare_scope *scope,
                    const struct declare_object *o, bool *ret_free) {
    struct str owner;
    int64_t number = o->v[BUSINESS_UNIT_NUMBER].number;
    err e = db_one(
        d->cx,
        "SELECT t.tenant FROM business_unit_index i JOIN tenant t ON t.tenant_id = i.tenant_id "
        "WHERE i.environment_id = $1 AND i.business_unit = $2",
        DB_ARGS(DB_TEXT(scope->environment_id), DB_INT(number)), DB_COLUMNS(COLUMN_STR(&owner)));
    *ret_free = e == ERR_NOT_FOUND;
    if (e == OK) {
        declare_mistake(d, o, "number",
                        "business unit %lld belongs to tenant %.*s; a number is used once in an "
                        "environment",
                        (long long)number, STR_ARG(owner));
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    return db_exec(
        d->cx,
        "INSERT INTO business_unit_index (environment_id, business_unit, tenant_id) "
        "VALUES ($1, $2, $3)",
        DB_ARGS(DB_TEXT(scope->environment_id), DB_INT(number), DB_TEXT(scope->tenant_id)), NULL);
}

static err unit_apply(struct declare *d, const struct declare_scope *scope,
                      const struct declare_object *o) {
    struct arena *a = d->cx->arena;
    struct declare_value *stored = declare_values_new(a, &declare_business_unit), *values;
    struct str changed;
    struct db_args key =
        DB_ARGS(DB_TEXT(scope->tenant_id), DB_INT(o->v[BUSINESS_UNIT_NUMBER].number));
    err e =
        db_one(d->cx, "SELECT name FROM business_unit WHERE tenant_id = $1 AND business_unit = $2",
               key, declare_columns(a, &declare_business_unit, stored, DB_NO_COLUMNS));
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    bool is_new = e == ERR_NOT_FOUND, is_free = true;
    declare_merge(d, o, is_new ? NULL : stored, &values, &changed);
    if (is_new) {
        TRY(unit_new(d, scope, o, &is_free));
    }
    if (!is_free || (!is_new && str_empty(changed))) {
        return OK;
    }
    struct db_args args = declare_args(a, &declare_business_unit, values, key);
    TRY(db_exec(d->cx,
                "INSERT INTO business_unit (tenant_id, business_unit, name) VALUES ($1, $2, $3) "
                "ON CONFLICT (tenant_id, business_unit) DO UPDATE SET name = excluded.name",
                args, NULL));
    struct str number = str_format(a, "%lld", (long long)o->v[BUSINESS_UNIT_NUMBER].number);
    struct str name = str_format(a, "%.*s/%.*s", STR_ARG(scope->tenant), STR_ARG(number));
    return declare_note(d, &(struct declare_note){.kind = &declare_business_unit,
                                                  .is_new = is_new,
                                                  .name = name,
                                                  .detail = changed,
                                                  .tenant_id = scope->tenant_id,
                                                  .object = number});
}

struct near_state {
    struct declare_nearest nearest;
    struct str candidate;
};

static err near_each(struct ctx *cx, void *state) {
    (void)cx;
    struct near_state *n = state;
    declare_nearest_try(&n->nearest, n->candidate);
    return OK;
}

/* The tenant's cluster exists and belongs to its area. */
static err place_check(struct declare *d, const struct declare_scope *scope,
                       const struct declare_object *o, const struct declare_value *values) {
    struct str area = values[TENANT_AREA].text, cluster = values[TENANT_CLUSTER].text, in_area;
    struct db_args environment = DB_ARGS(DB_TEXT(scope->environment_id));
    bool exists;
    TRY(db_exists(d->cx, "SELECT 1 FROM area WHERE environment_id = $1 AND area = $2",
                  DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(area)), &exists));
    if (!exists) {
        struct near_state n = {.nearest = {.name = area}};
        TRY(db_each(d->cx, "SELECT area FROM area WHERE environment_id = $1", environment,
                    DB_COLUMNS(COLUMN_STR(&n.candidate)), near_each, &n));
        struct str quoted = declare_quote(d->cx->arena, area);
        struct str hint = declare_nearest_text(d->cx->arena, &n.nearest);
        declare_mistake(d, o, "area", "environment %.*s has no area %.*s.%.*s",
                        STR_ARG(scope->environment), STR_ARG(quoted), STR_ARG(hint));
        return OK;
    }
    err e = db_one(d->cx, "SELECT area FROM cluster WHERE environment_id = $1 AND cluster = $2",
                   DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(cluster)),
                   DB_COLUMNS(COLUMN_STR(&in_area)));
    if (e == ERR_NOT_FOUND || (e == OK && !str_eq(in_area, area))) {
        struct near_state n = {.nearest = {.name = cluster}};
        TRY(db_each(d->cx, "SELECT cluster FROM cluster WHERE environment_id = $1 AND area = $2",
                    DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(area)),
                    DB_COLUMNS(COLUMN_STR(&n.candidate)), near_each, &n));
        struct str quoted = declare_quote(d->cx->arena, cluster);
        struct str hint = declare_nearest_text(d->cx->arena, &n.nearest);
        declare_mistake(d, o, "cluster", "area %.*s has no cluster %.*s.%.*s", STR_ARG(area),
                        STR_ARG(quoted), STR_ARG(hint));
        return OK;
    }
    return e;
}

static err id_check(struct declare *d, const struct declare_object *o, struct str stored_id) {
    const struct declare_value *id = declare_given(o, TENANT_ID);
    if (id == NULL || str_eq(id->text, stored_id)) {
        return OK;
    }
    if (!str_empty(stored_id)) {
        declare_mistake(d, o, "tenantId", "this tenant is %.*s, and ids do not change",
                        STR_ARG(stored_id));
        return OK;
    }
    bool exists;
    TRY(db_exists(d->cx, "SELECT 1 FROM tenant WHERE tenant_id = $1", DB_ARGS(DB_TEXT(id->text)),
                  &exists));
    if (exists) {
        declare_mistake(d, o, "tenantId", "another tenant has this id");
    }
    return OK;
}

/* SECURITY `dead-means-dead`: who comes back later begins anew. */
static err tenant_end(struct ctx *cx, const struct declare_scope *scope) {
    TRY(tenant_sessions_end(cx, scope->tenant_id));
    return tenant_applications_end(cx, scope->environment_id, scope->tenant_id);
}

static err tenant_write(struct declare *d, const struct declare_scope *scope,
                        const struct declare_value *values) {
    struct ctx *cx = d->cx;
    struct db_args args =
        declare_args(cx->arena, &declare_tenant, values,
                     DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(scope->environment_id),
                             DB_INT(cx->now), DB_INT(scope->primary_business_unit)));
    if (!scope->tenant_is_new) {
        TRY(db_exec(cx,
                    "UPDATE tenant SET updated_at = $3, primary_business_unit = $4, tenant = $5, "
                    "area = $6, cluster = $7, sp_id = $8, is_private = $9, is_enabled = $10, "
                    "lifetimes = $11 WHERE tenant_id = $1 AND environment_id = $2",
                    args, NULL));
        return values[TENANT_IS_ENABLED].number != 0 ? OK : tenant_end(cx, scope);
    }
    TRY(db_exec(cx,
                "INSERT INTO tenant (tenant_id, environment_id, created_at, updated_at, "
                "primary_business_unit, tenant, area, cluster, sp_id, is_private, is_enabled, "
                "lifetimes) VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                args, NULL));
    return db_exec(
        cx,
        "INSERT INTO tenant_name_index (environment_id, tenant, tenant_id) "
        "VALUES ($1, $2, $3)",
        DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(scope->tenant), DB_TEXT(scope->tenant_id)),
        NULL);
}

static err tenant_load(struct declare *d, struct declare_scope *scope,
                       struct declare_value *stored) {
    err e =
        db_one(d->cx,
               "SELECT t.tenant_id, t.primary_business_unit, t.tenant, t.area, t.cluster, t.sp_id, "
               "t.is_private, t.is_enabled, t.lifetimes FROM tenant_name_index i "
               "JOIN tenant t ON t.tenant_id = i.tenant_id "
               "WHERE i.environment_id = $1 AND i.tenant = $2",
               DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(scope->tenant)),
               declare_columns(d->cx->arena, &declare_tenant, stored,
                               DB_COLUMNS(COLUMN_STR(&scope->tenant_id),
                                          COLUMN_INT(&scope->primary_business_unit))));
    scope->tenant_is_new = e == ERR_NOT_FOUND;
    return e == ERR_NOT_FOUND ? OK : e;
}

static err tenant_row(struct declare *d, struct declare_scope *scope) {
    const struct declare_object *o = scope->object;
    struct declare_value *stored = declare_values_new(d->cx->arena, &declare_tenant), *values;
    struct str changed;
    size_t before = d->mistakes_seen;
    TRY(tenant_load(d, scope, stored));
    TRY(id_check(d, o, scope->tenant_id));
    declare_merge(d, o, scope->tenant_is_new ? NULL : stored, &values, &changed);
    int64_t primary = primary_of(d, o, scope->primary_business_unit);
    if (d->mistakes_seen != before) {
        return OK;
    }
    TRY(place_check(d, scope, o, values));
    if (d->mistakes_seen != before) {
        return OK;
    }
    if (scope->tenant_is_new) {
        bool given = o->v[TENANT_ID].given;
        scope->tenant_id = given ? o->v[TENANT_ID].text : uuid_v7(d->cx);
    } else if (primary != scope->primary_business_unit) {
        changed = declare_list_add(d->cx->arena, changed, "primary business unit");
    }
    scope->primary_business_unit = primary;
    if (!scope->tenant_is_new && str_empty(changed)) {
        return OK;
    }
    TRY(tenant_write(d, scope, values));
    return declare_note(d, &(struct declare_note){.kind = &declare_tenant,
                                                  .is_new = scope->tenant_is_new,
                                                  .name = scope->tenant,
                                                  .detail = changed,
                                                  .tenant_id = scope->tenant_id,
                                                  .object = scope->tenant_id});
}

static err tenant_apply(struct declare *d, struct declare_scope *scope) {
    size_t before = d->mistakes_seen;
    TRY(tenant_row(d, scope));
    if (d->mistakes_seen != before) {
        return OK;
    }
    const struct declare_value *units = &scope->object->v[TENANT_BUSINESS_UNITS];
    for (size_t i = 0; i < units->n; i++) {
        TRY(unit_apply(d, scope, &units->objects[i]));
    }
    TRY(declare_branding(d, scope));
    TRY(declare_roles(d, scope));
    TRY(declare_login_authenticators(d, scope));
    TRY(declare_employees(d, scope));
    return declare_applications(d, scope);
}

err declare_tenants(struct declare *d, const struct declare_scope *environment,
                    const struct declare_object *o) {
    const struct declare_value *tenants = &o->v[ENVIRONMENT_TENANTS];
    struct declare_scope *scopes = NEW_ARRAY(d->cx->arena, tenants->n, struct declare_scope);
    for (size_t i = 0; i < tenants->n; i++) {
        scopes[i] = *environment;
        scopes[i].object = &tenants->objects[i];
        scopes[i].tenant = tenants->objects[i].v[TENANT_TENANT].text;
        TRY(tenant_apply(d, &scopes[i]));
    }
    for (size_t i = 0; i < tenants->n && d->mistakes_seen == 0; i++) {
        TRY(declare_application_tenants(d, &scopes[i]));
    }
    return OK;
}
