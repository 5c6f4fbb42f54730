/* SPDX-License-Identifier: Apache-2.0 */
/* Registered OAuth clients: who they are at a token request, what they may do where, their secrets
 * and origins. */
#include "user.h"

#define USED_SECONDS 60 /* last_used_at is this coarse, so that it is seldom written */

static struct str secret_context(struct arena *a, struct str application_id) {
    return str_format(a, "application_secret/%.*s", STR_ARG(application_id));
}

err client_find(struct ctx *cx, struct str environment_id, struct str client_id,
                struct application *ret_application) {
    struct application a = {.application_id = client_id, .environment_id = environment_id};
    struct str lifetimes;
    /* all tenants: the index says whose it is; every join goes by tenant_id */
    TRY(db_one(
        cx,
        "SELECT a.tenant_id, a.name, a.vendor, a.type, a.tenancy, a.auth_method, a.business_unit, "
        "a.jwks_endpoint, a.jwks, a.jwks_fetched_at, a.scope, a.redirects, a.logouts, "
        "a.response_types, a.token_alg, a.lifetimes, a.secret_digest, a.secret_sealed, "
        "a.old_secret_digest, a.old_secret_sealed, "
        "a.old_secret_until, a.is_enabled, a.last_used_at, a.deletion_at, "
        "CASE WHEN i.tenant_id = i.environment_id THEN 1 ELSE coalesce(t.is_enabled, 0) END "
        "FROM application_index i "
        "JOIN application a ON a.tenant_id = i.tenant_id AND a.application_id = i.application_id "
        "LEFT JOIN tenant t ON t.tenant_id = i.tenant_id "
        "WHERE i.application_id = $1 AND i.environment_id = $2",
        DB_ARGS(DB_TEXT(client_id), DB_TEXT(environment_id)),
        DB_COLUMNS(COLUMN_STR(&a.tenant_id), COLUMN_STR(&a.name), COLUMN_STR(&a.vendor),
                   COLUMN_STR(&a.type), COLUMN_STR(&a.tenancy), COLUMN_STR(&a.auth_method),
                   COLUMN_INT(&a.business_unit), COLUMN_STR(&a.jwks_endpoint), COLUMN_STR(&a.jwks),
                   COLUMN_INT(&a.jwks_fetched_at), COLUMN_STR(&a.scope), COLUMN_STR(&a.redirects),
                   COLUMN_STR(&a.logouts), COLUMN_STR(&a.response_types), COLUMN_STR(&a.token_alg),
                   COLUMN_STR(&lifetimes), COLUMN_STR(&a.secret_digest),
                   COLUMN_STR(&a.secret_sealed), COLUMN_STR(&a.old_secret_digest),
                   COLUMN_STR(&a.old_secret_sealed), COLUMN_INT(&a.old_secret_until),
                   COLUMN_BOOL(&a.is_enabled), COLUMN_INT(&a.last_used_at),
                   COLUMN_INT(&a.deletion_at), COLUMN_BOOL(&a.tenant_enabled))));
    TRY(lifetimes_parse(cx, lifetimes, &a.lifetimes));
    *ret_application = a;
    return OK;
}

err application_find(struct ctx *cx, struct str tenant_id, struct str application_id,
                     struct application *ret_application) {
    struct application a = {.application_id = application_id, .tenant_id = tenant_id};
    struct str lifetimes;
    TRY(db_one(
        cx,
        "SELECT a.environment_id, a.name, a.vendor, a.description, a.contacts, a.type, a.tenancy, "
        "a.business_unit, a.auth_method, a.jwks_endpoint, a.jwks, a.jwks_fetched_at, a.scope, "
        "a.redirects, a.origins, a.logouts, a.response_types, a.token_alg, a.lifetimes, "
        "a.secret_digest, "
        "a.secret_sealed, a.old_secret_digest, a.old_secret_sealed, a.old_secret_until, "
        "a.is_enabled, a.created_by, a.created_at, a.modified_by, a.modified_at, a.last_used_at, "
        "a.deletion_at, "
        "CASE WHEN a.tenant_id = a.environment_id THEN 1 ELSE coalesce(t.is_enabled, 0) END "
        "FROM application a LEFT JOIN tenant t ON t.tenant_id = a.tenant_id "
        "WHERE a.tenant_id = $1 AND a.application_id = $2",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(application_id)),
        DB_COLUMNS(COLUMN_STR(&a.environment_id), COLUMN_STR(&a.name), COLUMN_STR(&a.vendor),
                   COLUMN_STR(&a.description), COLUMN_STR(&a.contacts), COLUMN_STR(&a.type),
                   COLUMN_STR(&a.tenancy), COLUMN_INT(&a.business_unit), COLUMN_STR(&a.auth_method),
                   COLUMN_STR(&a.jwks_endpoint), COLUMN_STR(&a.jwks),
                   COLUMN_INT(&a.jwks_fetched_at), COLUMN_STR(&a.scope), COLUMN_STR(&a.redirects),
                   COLUMN_STR(&a.origins), COLUMN_STR(&a.logouts), COLUMN_STR(&a.response_types),
                   COLUMN_STR(&a.token_alg), COLUMN_STR(&lifetimes), COLUMN_STR(&a.secret_digest),
                   COLUMN_STR(&a.secret_sealed), COLUMN_STR(&a.old_secret_digest),
                   COLUMN_STR(&a.old_secret_sealed), COLUMN_INT(&a.old_secret_until),
                   COLUMN_BOOL(&a.is_enabled), COLUMN_STR(&a.created_by), COLUMN_INT(&a.created_at),
                   COLUMN_STR(&a.modified_by), COLUMN_INT(&a.modified_at),
                   COLUMN_INT(&a.last_used_at), COLUMN_INT(&a.deletion_at),
                   COLUMN_BOOL(&a.tenant_enabled))));
    TRY(lifetimes_parse(cx, lifetimes, &a.lifetimes));
    *ret_application = a;
    return OK;
}

struct application_access application_decide(struct str tenancy, bool owner,
                                             const int64_t *decision) {
    if (owner) {
        return (struct application_access){.users = true, .itself = true};
    }
    if (!str_is(tenancy, "all")) {
        return (struct application_access){.users = false};
    }
    return (struct application_access){.users = decision == NULL || *decision != 0,
                                       .itself = decision != NULL && *decision != 0};
}

err application_access(struct ctx *cx, const struct application *a, struct str tenant_id,
                       struct application_access *ret_access) {
    bool owner = str_eq(a->tenant_id, tenant_id);
    int64_t decision = 0;
    err e = ERR_NOT_FOUND;
    if (!owner && str_is(a->tenancy, "all")) {
        e = db_one(cx,
                   "SELECT is_allowed FROM application_tenant "
                   "WHERE tenant_id = $1 AND application_id = $2",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(a->application_id)),
                   DB_COLUMNS(COLUMN_INT(&decision)));
    }
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    *ret_access = application_decide(a->tenancy, owner, e == OK ? &decision : NULL);
    return OK;
}

err application_used(struct ctx *cx, const struct application *a) {
    if (a->last_used_at > cx->now - USED_SECONDS) {
        return OK;
    }
    return db_exec(cx,
                   "UPDATE application SET last_used_at = $3 WHERE tenant_id = $1 AND "
                   "application_id = $2 AND (last_used_at IS NULL OR last_used_at <= $4)",
                   DB_ARGS(DB_TEXT(a->tenant_id), DB_TEXT(a->application_id), DB_INT(cx->now),
                           DB_INT(cx->now - USED_SECONDS)),
                   NULL);
}

err application_jwks_store(struct ctx *cx, const struct application *a, struct str jwks) {
    /* Only while the application still names the address that the set came from. */
    return db_exec(cx,
                   "UPDATE application SET jwks = coalesce($4, jwks), jwks_fetched_at = $5 "
                   "WHERE tenant_id = $1 AND application_id = $2 AND jwks_endpoint = $3",
                   DB_ARGS(DB_TEXT(a->tenant_id), DB_TEXT(a->application_id),
                           DB_TEXT(a->jwks_endpoint), DB_TEXT(jwks), DB_INT(cx->now)),
                   NULL);
}

err origin_registered(struct ctx *cx, struct str environment_id, struct str origin,
                      bool *ret_registered) {
    if (str_empty(origin) || str_is(origin, "null") || !str_is_text(origin)) {
        *ret_registered = false;
        return OK;
    }
    return db_exists(
        cx,
        "SELECT 1 FROM origin_index o "
        "JOIN application a ON a.tenant_id = o.tenant_id AND a.application_id = o.application_id "
        "LEFT JOIN tenant t ON t.tenant_id = o.tenant_id "
        "WHERE o.environment_id = $1 AND o.origin = $2 AND a.is_enabled = 1 "
        "AND (a.deletion_at IS NULL OR a.deletion_at > $3) "
        "AND (o.tenant_id = o.environment_id OR t.is_enabled = 1) LIMIT 1",
        DB_ARGS(DB_TEXT(environment_id), DB_TEXT(origin), DB_INT(cx->now)), ret_registered);
}

static bool secret_given_ok(struct str given) {
    bool ok = given.n > 0 && given.n <= APPLICATION_SECRET_MAX && str_is_text(given);
    for (size_t i = 0; ok && i < given.n; i++) {
        unsigned char c = (unsigned char)given.p[i];
        ok = c >= 0x20 && c != 0x7f;
    }
    return ok;
}

err application_secret_new(struct ctx *cx, const struct seal_key *master, struct str application_id,
                           struct str given, struct secret_new *ret_secret) {
    if (given.p != NULL && !secret_given_ok(given)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "a secret has 1 to %d characters without control characters",
                        APPLICATION_SECRET_MAX);
    }
    struct secret_new s = {.text = given.p != NULL ? given : random_text(cx, 32)};
    s.digest = sha256_text(cx->arena, s.text);
    if (master != NULL) {
        struct seal_key key = seal_key_derive(master, SEAL_APPLICATION_SECRET);
        s.sealed = seal(cx, &key, secret_context(cx->arena, application_id), s.text);
        secret_wipe(&key, sizeof key);
    }
    *ret_secret = s;
    return OK;
}

err application_secret_open(struct ctx *cx, const struct application *a, struct str sealed,
                            struct secret *ret_secret) {
    return unseal(cx, platform_seal_key(cx, SEAL_APPLICATION_SECRET),
                  secret_context(cx->arena, a->application_id), sealed, ret_secret);
}

struct str application_name_folded(struct arena *a, struct str name, struct str vendor) {
    return str_lower(a, str_format(a, "%.*s@%.*s", STR_ARG(name), STR_ARG(vendor)));
}
