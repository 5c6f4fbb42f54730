/* SPDX-License-Identifier: Apache-2.0 */
/* Applications: the matrix of types and authentication methods, secrets, indexes, and the built-in
 * one. */
#include "declare.h"

struct app {
    const struct declare_object *o; /* NULL: the built-in one */
    struct str tenant_id, application_id, environment_id;
    struct str digest, sealed; /* of the secret */
    struct str name;           /* name@vendor, as people see it */
    struct declare_value *stored, *values;
    struct str changed;
    bool is_new;
};

static err app_load(struct declare *d, const struct declare_scope *scope, struct app *app) {
    struct arena *a = d->cx->arena;
    app->stored = declare_values_new(a, &declare_application);
    err e = db_one(
        d->cx,
        "SELECT a.tenant_id, a.application_id, a.secret_digest, a.secret_sealed, a.name, a.vendor, "
        "a.description, a.contacts, a.type, a.tenancy, a.business_unit, a.auth_method, "
        "a.jwks_endpoint, a.jwks, a.scope, a.redirects, a.origins, a.logouts, "
        "a.response_types, a.token_alg, a.lifetimes, "
        "a.is_enabled FROM application_name_index i JOIN application a "
        "ON a.tenant_id = i.tenant_id AND a.application_id = i.application_id "
        "WHERE i.environment_id = $1 AND i.name_folded = $2",
        DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(declare_name_at_vendor(a, app->o))),
        declare_columns(a, &declare_application, app->stored,
                        DB_COLUMNS(COLUMN_STR(&app->tenant_id), COLUMN_STR(&app->application_id),
                                   COLUMN_STR(&app->digest), COLUMN_STR(&app->sealed))));
    app->is_new = e == ERR_NOT_FOUND;
    if (e != OK) {
        return e == ERR_NOT_FOUND ? OK : e;
    }
    const struct declare_value *id = declare_given(app->o, APPLICATION_ID);
    if (!str_eq(app->tenant_id, scope->tenant_id)) {
        declare_mistake(d, app->o, "name",
                        "another tenant of the environment owns an application of this name and "
                        "vendor");
    } else if (id != NULL && !str_eq(id->text, app->application_id)) {
        declare_mistake(d, app->o, "clientId", "this application is %.*s, and ids do not change",
                        STR_ARG(app->application_id));
    }
    return OK;
}

static err id_new(struct declare *d, struct app *app) {
    const struct declare_value *id = declare_given(app->o, APPLICATION_ID);
    bool exists = false;
    app->application_id = id != NULL ? id->text : uuid_v4(d->cx);
    if (id != NULL) {
        TRY(db_exists(d->cx, "SELECT 1 FROM application_index WHERE application_id = $1",
                      DB_ARGS(DB_TEXT(id->text)), &exists));
    }
    if (exists) {
        declare_mistake(d, app->o, "clientId", "another application has this id");
    }
    return OK;
}

static bool keeps_secret(struct str method) {
    return str_starts(method, "client_secret_");
}

static void method_check(struct declare *d, const struct app *app) {
    struct str type = app->values[APPLICATION_TYPE].text;
    struct str method = app->values[APPLICATION_AUTH_METHOD].text;
    bool is_public = str_is(type, "public"), is_none = str_is(method, "none");
    if (is_public && !is_none) {
        declare_mistake(d, app->o, "authMethod",
                        "a public application cannot keep a secret: its authMethod is none");
    } else if (!is_public && is_none) {
        declare_mistake(
            d, app->o, "authMethod",
            "a %.*s application authenticates: client_secret_basic, client_secret_post, "
            "client_secret_jwt or private_key_jwt",
            STR_ARG(type));
    }
    if (app->o->v[APPLICATION_SECRET].given && !keeps_secret(method)) {
        declare_mistake(d, app->o, "secret", "with authMethod %.*s there is no secret; drop it",
                        STR_ARG(method));
    }
}

/* private_key_jwt needs keys; given ones must be usable. */
static void keys_check(struct declare *d, const struct app *app) {
    struct str jwks = app->values[APPLICATION_JWKS].text;
    bool has = !str_empty(jwks) || !str_empty(app->values[APPLICATION_JWKS_ENDPOINT].text);
    if (str_is(app->values[APPLICATION_AUTH_METHOD].text, "private_key_jwt") && !has) {
        declare_mistake(d, app->o, "authMethod",
                        "private_key_jwt needs \"jwksEndpoint\" or \"jwks\"");
    }
    struct jwks set;
    if (app->o->v[APPLICATION_JWKS].given &&
        (jwks_parse(d->cx, app->o->v[APPLICATION_JWKS].text, &set) != OK || set.n == 0)) {
        declare_mistake(d, app->o, "jwks",
                        "it must be {\"keys\": [...]} with at least one public signing key");
    }
}

/* RFC 8252 7.1 is for native, public applications. */
static void redirects_check(struct declare *d, const struct app *app) {
    static const unsigned members[] = {APPLICATION_REDIRECTS, APPLICATION_LOGOUTS};
    for (size_t m = 0; m < COUNT_OF(members); m++) {
        const json_t *list = app->o->v[members[m]].json;
        for (size_t i = 0; i < json_array_size(list); i++) {
            struct str uri = str_from(json_string_value(json_array_get(list, i)));
            if (declare_redirect_is_private_use(uri) &&
                !str_is(app->values[APPLICATION_TYPE].text, "public")) {
                declare_mistake(d, app->o, declare_application.members[members[m]].name,
                                "schemes of their own are for public applications; use https");
            }
        }
    }
}

/* A back end has no browser that could come back. */
static void response_types_check(struct declare *d, const struct app *app) {
    if (app->o->v[APPLICATION_RESPONSE_TYPES].n > 0 &&
        str_is(app->values[APPLICATION_TYPE].text, "backend")) {
        declare_mistake(d, app->o, "responseTypes",
                        "nobody signs in at a backend application; make it confidential or public");
    }
}

static err references_check(struct declare *d, const struct declare_scope *scope,
                            const struct app *app) {
    bool lists = app->o->v[APPLICATION_ALLOWED_TENANTS].given ||
                 app->o->v[APPLICATION_BLOCKED_TENANTS].given;
    if (lists && !str_is(app->values[APPLICATION_TENANCY].text, "all")) {
        declare_mistake(d, app->o, "tenancy",
                        "allowedTenants and blockedTenants are for tenancy all");
    }
    if (!app->o->v[APPLICATION_BUSINESS_UNIT].given) {
        return OK;
    }
    bool exists;
    int64_t unit = app->o->v[APPLICATION_BUSINESS_UNIT].number;
    TRY(db_exists(d->cx, "SELECT 1 FROM business_unit WHERE tenant_id = $1 AND business_unit = $2",
                  DB_ARGS(DB_TEXT(scope->tenant_id), DB_INT(unit)), &exists));
    if (!exists) {
        declare_mistake(d, app->o, "businessUnit",
                        "tenant %.*s has no business unit %lld; its primary one is %lld",
                        STR_ARG(scope->tenant), (long long)unit,
                        (long long)scope->primary_business_unit);
    }
    return OK;
}

/* What depends on other members. */
static void values_fill(const struct declare_scope *scope, struct app *app) {
    struct declare_value *v = app->values;
    if (v[APPLICATION_AUTH_METHOD].text.p == NULL) {
        bool is_public = str_is(v[APPLICATION_TYPE].text, "public");
        v[APPLICATION_AUTH_METHOD].text = is_public ? STR("none") : STR("client_secret_basic");
    }
    if (v[APPLICATION_BUSINESS_UNIT].number == 0) {
        v[APPLICATION_BUSINESS_UNIT].number = scope->primary_business_unit;
    }
    bool other_type = !str_eq(v[APPLICATION_TYPE].text, app->stored[APPLICATION_TYPE].text);
    if (!app->o->v[APPLICATION_RESPONSE_TYPES].given && other_type) {
        bool backend = str_is(v[APPLICATION_TYPE].text, "backend");
        v[APPLICATION_RESPONSE_TYPES].text = backend ? STR("[]") : STR("[\"code\"]");
    }
    if (app->o->v[APPLICATION_JWKS].given) {
        v[APPLICATION_JWKS_ENDPOINT].text = STR_NONE;
    } else if (!str_eq(v[APPLICATION_JWKS_ENDPOINT].text,
                       app->stored[APPLICATION_JWKS_ENDPOINT].text)) {
        v[APPLICATION_JWKS].text = STR_NONE; /* what the former endpoint served */
    }
}

static err secret_make(struct declare *d, struct app *app, bool sealed, struct str given) {
    struct secret_new secret;
    TRY(application_secret_new(d->cx, sealed ? d->options->master : NULL, app->application_id,
                               given, &secret));
    app->digest = secret.digest;
    app->sealed = sealed ? secret.sealed : STR_NONE;
    if (str_empty(given)) {
        declare_secret(d, "application", app->name, "secret", secret.text);
    }
    if (!app->is_new) {
        app->changed = declare_list_add(d->cx->arena, app->changed, "secret");
    }
    return OK;
}

static err secret_apply(struct declare *d, struct app *app) {
    struct str method = app->values[APPLICATION_AUTH_METHOD].text;
    struct str given = app->o->v[APPLICATION_SECRET].text;
    bool sealed = str_is(method, "client_secret_jwt");
    if (!keeps_secret(method)) {
        if (app->digest.p != NULL) {
            app->changed = declare_list_add(d->cx->arena, app->changed, "secret");
        }
        app->digest = app->sealed = STR_NONE;
        return OK;
    }
    bool complete = app->digest.p != NULL && (!sealed || app->sealed.p != NULL);
    bool same = str_empty(given) || (app->digest.p != NULL && sha256_matches(given, app->digest));
    if (complete && same) {
        app->sealed = sealed ? app->sealed : STR_NONE;
        return OK;
    }
    return secret_make(d, app, sealed, given);
}

static err origins_index(struct declare *d, const struct app *app, struct str list,
                         const char *sql) {
    json_t *origins;
    if (str_empty(list)) {
        return OK;
    }
    TRY(json_parse(d->cx, list, &origins));
    for (size_t i = 0; i < json_array_size(origins); i++) {
        struct str origin = str_from(json_string_value(json_array_get(origins, i)));
        TRY(db_exec(d->cx, sql,
                    DB_ARGS(DB_TEXT(app->environment_id), DB_TEXT(origin), DB_TEXT(app->tenant_id),
                            DB_TEXT(app->application_id)),
                    NULL));
    }
    return OK;
}

static err origins_write(struct declare *d, const struct app *app) {
    if (!app->is_new) {
        TRY(origins_index(d, app, app->stored[APPLICATION_ORIGINS].text,
                          "DELETE FROM origin_index WHERE environment_id = $1 AND origin = $2 "
                          "AND tenant_id = $3 AND application_id = $4"));
    }
    return origins_index(
        d, app, app->values[APPLICATION_ORIGINS].text,
        "INSERT INTO origin_index (environment_id, origin, tenant_id, application_id) "
        "VALUES ($1, $2, $3, $4)");
}

static err indexes_insert(struct declare *d, const struct app *app) {
    struct ctx *cx = d->cx;
    TRY(db_exec(cx,
                "INSERT INTO application_index (application_id, environment_id, tenant_id) "
                "VALUES ($1, $2, $3)",
                DB_ARGS(DB_TEXT(app->application_id), DB_TEXT(app->environment_id),
                        DB_TEXT(app->tenant_id)),
                NULL));
    struct str folded = application_name_folded(cx->arena, app->values[APPLICATION_NAME].text,
                                                app->values[APPLICATION_VENDOR].text);
    return db_exec(cx,
                   "INSERT INTO application_name_index (environment_id, name_folded, tenant_id, "
                   "application_id) VALUES ($1, $2, $3, $4)",
                   DB_ARGS(DB_TEXT(app->environment_id), DB_TEXT(folded), DB_TEXT(app->tenant_id),
                           DB_TEXT(app->application_id)),
                   NULL);
}

static err app_write(struct declare *d, const struct app *app) {
    struct ctx *cx = d->cx;
    struct db_args args = declare_args(
        cx->arena, &declare_application, app->values,
        DB_ARGS(DB_TEXT(app->tenant_id), DB_TEXT(app->application_id), DB_TEXT(app->environment_id),
                DB_INT(cx->now), DB_TEXT(d->options->actor), DB_TEXT(app->digest),
                DB_TEXT(app->sealed)));
    if (!app->is_new) {
        TRY(db_exec(cx,
                    "UPDATE application SET modified_at = $4, modified_by = $5, "
                    "old_secret_digest = CASE WHEN secret_digest = $6 THEN old_secret_digest END, "
                    "old_secret_sealed = CASE WHEN secret_digest = $6 THEN old_secret_sealed END, "
                    "old_secret_until = CASE WHEN secret_digest = $6 THEN old_secret_until END, "
                    "jwks_fetched_at = CASE WHEN jwks = $17 THEN jwks_fetched_at END, "
                    "secret_digest = $6, secret_sealed = $7, name = $8, vendor = $9, "
                    "description = $10, contacts = $11, type = $12, tenancy = $13, "
                    "business_unit = $14, auth_method = $15, jwks_endpoint = $16, jwks = $17, "
                    "scope = $18, redirects = $19, origins = $20, logouts = $21, "
                    "response_types = $22, token_alg = $23, lifetimes = $24, is_enabled = $25 "
                    "WHERE tenant_id = $1 AND application_id = $2 AND environment_id = $3",
                    args, NULL));
        if (app->values[APPLICATION_IS_ENABLED].number == 0) {
            TRY(application_sessions_end(cx, app->environment_id, app->tenant_id,
                                         app->application_id));
        }
        return origins_write(d, app);
    }
    TRY(db_exec(
        cx,
        "INSERT INTO application (tenant_id, application_id, environment_id, created_at, "
        "modified_at, created_by, modified_by, secret_digest, secret_sealed, name, vendor, "
        "description, contacts, type, tenancy, business_unit, auth_method, jwks_endpoint, jwks, "
        "scope, redirects, origins, logouts, response_types, token_alg, lifetimes, is_enabled) "
        "VALUES ($1, $2, $3, $4, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
        "$17, $18, $19, $20, $21, $22, $23, $24, $25)",
        args, NULL));
    TRY(indexes_insert(d, app));
    return origins_write(d, app);
}

static err app_store(struct declare *d, struct app *app) {
    if (!app->is_new && str_empty(app->changed)) {
        return OK;
    }
    TRY(app_write(d, app));
    return declare_note(d, &(struct declare_note){.kind = &declare_application,
                                                  .is_new = app->is_new,
                                                  .name = app->name,
                                                  .detail = app->changed,
                                                  .tenant_id = app->tenant_id,
                                                  .object = app->application_id});
}

static err app_apply(struct declare *d, const struct declare_scope *scope,
                     const struct declare_object *o) {
    struct app app = {.o = o};
    size_t before = d->mistakes_seen;
    TRY(app_load(d, scope, &app));
    declare_merge(d, o, app.is_new ? NULL : app.stored, &app.values, &app.changed);
    if (d->mistakes_seen != before) {
        return OK;
    }
    app.environment_id = scope->environment_id;
    app.tenant_id = scope->tenant_id;
    app.name = str_format(d->cx->arena, "%.*s@%.*s", STR_ARG(app.values[APPLICATION_NAME].text),
                          STR_ARG(app.values[APPLICATION_VENDOR].text));
    values_fill(scope, &app);
    method_check(d, &app);
    keys_check(d, &app);
    redirects_check(d, &app);
    response_types_check(d, &app);
    TRY(references_check(d, scope, &app));
    if (app.is_new) {
        TRY(id_new(d, &app));
    }
    if (d->mistakes_seen != before) {
        return OK;
    }
    if (app.is_new && !o->v[APPLICATION_ID].given) {
        declare_secret(d, "application", app.name, "clientId", app.application_id);
    }
    TRY(secret_apply(d, &app));
    return app_store(d, &app);
}

err declare_applications(struct declare *d, const struct declare_scope *scope) {
    const struct declare_value *list = &scope->object->v[TENANT_APPLICATIONS];
    for (size_t i = 0; i < list->n; i++) {
        TRY(app_apply(d, scope, &list->objects[i]));
    }
    return OK;
}

static struct str scopes_all(struct arena *a) {
    struct buf b = buf_in(a, 256);
    for (size_t i = 0; scope_at(i) != NULL; i++) {
        buf_z(&b, i > 0 ? " " : "");
        buf_z(&b, scope_at(i));
    }
    return buf_view(&b);
}

err declare_platform_application(struct declare *d, const struct declare_scope *scope,
                                 struct str client_id) {
    struct app app = {.tenant_id = scope->environment_id,
                      .application_id = client_id,
                      .environment_id = scope->environment_id,
                      .name = STR("access-key@postern"),
                      .is_new = true};
    app.values = declare_values_new(d->cx->arena, &declare_application);
    for (size_t i = 0; i < declare_application.n; i++) {
        app.values[i].text = str_from(declare_application.members[i].otherwise);
    }
    app.values[APPLICATION_NAME].text = STR("access-key");
    app.values[APPLICATION_VENDOR].text = STR("postern");
    app.values[APPLICATION_DESCRIPTION].text =
        STR("Built in: tokens by access key and by generated key");
    app.values[APPLICATION_TYPE].text = STR("backend");
    app.values[APPLICATION_TENANCY].text = STR("all");
    app.values[APPLICATION_AUTH_METHOD].text = STR("none");
    app.values[APPLICATION_SCOPE].text = scopes_all(d->cx->arena);
    app.values[APPLICATION_RESPONSE_TYPES].text = STR("[]");
    app.values[APPLICATION_IS_ENABLED].number = 1;
    return app_store(d, &app);
}
