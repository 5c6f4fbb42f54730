/* SPDX-License-Identifier: Apache-2.0 */
/* Environments with their areas and clusters; exactly one of them is the default. */
#include "declare.h"

static const char hosts_default[] =
    "{\"ui\":\"https://{area}.{uhDomain}\",\"auth\":\"https://{area}.{uhDomain}\","
    "\"api\":\"https://api-{area}.{domain}\",\"cluster\":\"https://api-{cluster}.{acdDomain}\","
    "\"acd\":\"https://api-{cluster}.{acdDomain}\",\"aliases\":[]}";

/* PROTOCOL 2: for local use one host is enough: what is absent is the issuer itself. */
static struct str hosts_of(struct ctx *cx, struct str issuer, const json_t *given) {
    struct str base = declare_is_loopback(issuer) ? STR("{}") : str_from(hosts_default);
    return declare_overlay(cx, base, given);
}

static err issuer_check(struct declare *d, const struct declare_object *o, struct str issuer,
                        struct str environment_id) {
    struct str other;
    err e =
        db_one(d->cx, "SELECT name FROM environment WHERE issuer = $1 AND environment_id <> $2",
               DB_ARGS(DB_TEXT(issuer), DB_TEXT(environment_id)), DB_COLUMNS(COLUMN_STR(&other)));
    if (e == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(e);
    declare_mistake(d, o, "issuer", "environment %.*s has this issuer; each needs one of its own",
                    STR_ARG(other));
    return OK;
}

/* A new environment is the default if the installation would have none. */
static err first_is_default(struct declare *d, const struct declare_object *o,
                            int64_t *is_default) {
    const struct declare_value *all = &d->top.v[TOP_ENVIRONMENTS];
    for (size_t i = 0; i < all->n; i++) {
        if (all->objects[i].v[ENVIRONMENT_DEFAULT].number != 0) {
            return OK;
        }
    }
    bool exists;
    TRY(db_exists(d->cx, "SELECT 1 FROM environment WHERE is_default = 1", DB_NO_ARGS, &exists));
    if (!exists && !o->v[ENVIRONMENT_DEFAULT].given) {
        *is_default = 1;
    }
    return OK;
}

/* The one that was the default loses it: a change of its own. */
static err default_move(struct declare *d, struct str environment_id) {
    struct str id, name;
    err e = db_one(
        d->cx,
        "UPDATE environment SET is_default = 0 WHERE is_default = 1 AND environment_id <> $1 "
        "RETURNING environment_id, name",
        DB_ARGS(DB_TEXT(environment_id)), DB_COLUMNS(COLUMN_STR(&id), COLUMN_STR(&name)));
    if (e == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(e);
    return declare_note(d, &(struct declare_note){.kind = &declare_environment,
                                                  .name = name,
                                                  .detail = STR("default"),
                                                  .tenant_id = id,
                                                  .object = id});
}

static err cluster_apply(struct declare *d, const struct declare_scope *scope,
                         const struct declare_object *area, struct str cluster) {
    struct str in_area, area_name = area->v[AREA_AREA].text;
    err e = db_one(d->cx, "SELECT area FROM cluster WHERE environment_id = $1 AND cluster = $2",
                   DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(cluster)),
                   DB_COLUMNS(COLUMN_STR(&in_area)));
    if (e == OK) {
        if (!str_eq(in_area, area_name)) {
            declare_mistake(d, area, "clusters",
                            "cluster %.*s belongs to area %.*s, and clusters do not move",
                            STR_ARG(cluster), STR_ARG(in_area));
        }
        return OK;
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(db_exec(d->cx, "INSERT INTO cluster (environment_id, cluster, area) VALUES ($1, $2, $3)",
                DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(cluster), DB_TEXT(area_name)),
                NULL));
    d->snapshot_changed = true;
    struct str name =
        str_format(d->cx->arena, "%.*s/%.*s", STR_ARG(scope->environment), STR_ARG(cluster));
    return declare_note(d, &(struct declare_note){.kind_name = "cluster",
                                                  .is_new = true,
                                                  .name = name,
                                                  .tenant_id = scope->environment_id,
                                                  .object = cluster});
}

static err area_write(struct declare *d, const struct declare_scope *scope,
                      const struct declare_value *values, bool is_new) {
    struct db_args args =
        declare_args(d->cx->arena, &declare_area, values, DB_ARGS(DB_TEXT(scope->environment_id)));
    d->snapshot_changed = true;
    if (is_new) {
        return db_exec(d->cx,
                       "INSERT INTO area (environment_id, area, domain, acd_domain, uh_domain) "
                       "VALUES ($1, $2, $3, $4, $5)",
                       args, NULL);
    }
    return db_exec(d->cx,
                   "UPDATE area SET domain = $3, acd_domain = $4, uh_domain = $5 "
                   "WHERE environment_id = $1 AND area = $2",
                   args, NULL);
}

static err area_apply(struct declare *d, const struct declare_scope *scope,
                      const struct declare_object *o) {
    struct arena *a = d->cx->arena;
    struct declare_value *stored = declare_values_new(a, &declare_area), *values;
    struct str changed, area = o->v[AREA_AREA].text;
    size_t before = d->mistakes_seen;
    err e = db_one(d->cx,
                   "SELECT area, domain, acd_domain, uh_domain FROM area "
                   "WHERE environment_id = $1 AND area = $2",
                   DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(area)),
                   declare_columns(a, &declare_area, stored, DB_NO_COLUMNS));
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    bool is_new = e == ERR_NOT_FOUND;
    declare_merge(d, o, is_new ? NULL : stored, &values, &changed);
    if (values[AREA_UH_DOMAIN].text.p == NULL) {
        values[AREA_UH_DOMAIN].text = values[AREA_ACD_DOMAIN].text;
    }
    if (d->mistakes_seen != before) {
        return OK;
    }
    if (is_new || !str_empty(changed)) {
        TRY(area_write(d, scope, values, is_new));
        struct str name = str_format(a, "%.*s/%.*s", STR_ARG(scope->environment), STR_ARG(area));
        TRY(declare_note(d, &(struct declare_note){.kind = &declare_area,
                                                   .is_new = is_new,
                                                   .name = name,
                                                   .detail = changed,
                                                   .tenant_id = scope->environment_id,
                                                   .object = area}));
    }
    const json_t *clusters = o->v[AREA_CLUSTERS].json;
    for (size_t i = 0; i < json_array_size(clusters); i++) {
        struct str cluster = str_from(json_string_value(json_array_get(clusters, i)));
        TRY(cluster_apply(d, scope, o, cluster));
    }
    return OK;
}

static err environment_write(struct declare *d, struct declare_scope *scope,
                             const struct declare_value *values, bool is_new) {
    struct ctx *cx = d->cx;
    struct str client_id = uuid_v4(cx);
    struct db_args args =
        declare_args(cx->arena, &declare_environment, values,
                     DB_ARGS(DB_TEXT(scope->environment_id), DB_INT(cx->now), DB_TEXT(client_id)));
    d->snapshot_changed = true;
    if (values[ENVIRONMENT_DEFAULT].number != 0) {
        TRY(default_move(d, scope->environment_id));
    }
    if (!is_new) {
        return db_exec(
            cx,
            "UPDATE environment SET updated_at = $2, name = $4, issuer = $5, is_default = $6, "
            "hosts = $7, lifetimes = $8 WHERE environment_id = $1",
            args, NULL);
    }
    return db_exec(cx,
                   "INSERT INTO environment (environment_id, created_at, updated_at, "
                   "platform_client_id, name, issuer, is_default, hosts, lifetimes) "
                   "VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8)",
                   args, NULL);
}

static err environment_row(struct declare *d, struct declare_scope *scope,
                           const struct declare_object *o, bool *ret_is_new) {
    struct ctx *cx = d->cx;
    struct declare_value *stored = declare_values_new(cx->arena, &declare_environment), *values;
    struct str changed;
    size_t before = d->mistakes_seen;
    err e = db_one(cx,
                   "SELECT environment_id, name, issuer, is_default, hosts, lifetimes "
                   "FROM environment WHERE name = $1",
                   DB_ARGS(DB_TEXT(scope->environment)),
                   declare_columns(cx->arena, &declare_environment, stored,
                                   DB_COLUMNS(COLUMN_STR(&scope->environment_id))));
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    bool is_new = e == ERR_NOT_FOUND;
    declare_merge(d, o, is_new ? NULL : stored, &values, &changed);
    if (d->mistakes_seen != before) {
        return OK;
    }
    if (is_new) {
        scope->environment_id = declare_keys_environment_id(d, o);
        struct str issuer = values[ENVIRONMENT_ISSUER].text;
        values[ENVIRONMENT_HOSTS].text = hosts_of(cx, issuer, o->v[ENVIRONMENT_HOSTS].json);
        TRY(first_is_default(d, o, &values[ENVIRONMENT_DEFAULT].number));
    }
    TRY(issuer_check(d, o, values[ENVIRONMENT_ISSUER].text, scope->environment_id));
    *ret_is_new = is_new;
    if (d->mistakes_seen != before || (!is_new && str_empty(changed))) {
        return OK;
    }
    TRY(environment_write(d, scope, values, is_new));
    return declare_note(d, &(struct declare_note){.kind = &declare_environment,
                                                  .is_new = is_new,
                                                  .name = scope->environment,
                                                  .detail = changed,
                                                  .tenant_id = scope->environment_id,
                                                  .object = scope->environment_id});
}

static err platform_application(struct declare *d, const struct declare_scope *scope) {
    struct str client_id;
    TRY(db_one(d->cx, "SELECT platform_client_id FROM environment WHERE environment_id = $1",
               DB_ARGS(DB_TEXT(scope->environment_id)), DB_COLUMNS(COLUMN_STR(&client_id))));
    return declare_platform_application(d, scope, client_id);
}

static err environment_apply(struct declare *d, const struct declare_object *o) {
    struct declare_scope scope = {.environment = o->v[ENVIRONMENT_NAME].text};
    bool is_new = false;
    size_t before = d->mistakes_seen;
    TRY(environment_row(d, &scope, o, &is_new));
    if (d->mistakes_seen != before) {
        return OK;
    }
    TRY(declare_keys_store(d, o, scope.environment_id));
    if (is_new) {
        TRY(platform_application(d, &scope));
    }
    const struct declare_value *areas = &o->v[ENVIRONMENT_AREAS];
    for (size_t i = 0; i < areas->n; i++) {
        TRY(area_apply(d, &scope, &areas->objects[i]));
    }
    return declare_tenants(d, &scope, o);
}

err declare_environments(struct declare *d) {
    const struct declare_value *all = &d->top.v[TOP_ENVIRONMENTS];
    for (size_t i = 0; i < all->n; i++) {
        TRY(environment_apply(d, &all->objects[i]));
    }
    if (d->mistakes_seen > 0 || all->n == 0) {
        return OK;
    }
    int64_t defaults;
    TRY(db_one(d->cx, "SELECT count(*) FROM environment WHERE is_default = 1", DB_NO_ARGS,
               DB_COLUMNS(COLUMN_INT(&defaults))));
    if (defaults != 1) {
        declare_mistake(d, &d->top, "environments",
                        "no environment would be the default; give one \"default\": true");
    }
    return OK;
}
