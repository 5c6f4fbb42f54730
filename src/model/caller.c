/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls an API, and whether everything that its token stands on is still alive (SECURITY
 * `dead-means-dead`). */
#include "user.h"

struct found {
    struct caller caller;
    int64_t revoked_at, deletion_at;
    int64_t decision; /* of the tenant about a foreign application; -1: none */
    struct str application_tenant_id, application_scope, tenancy;
    struct str type, status, role_permissions, secondary_roles;
    bool tenant_enabled, application_enabled, owner_enabled, key_active;
};

/* What is seldom asked is a subquery: it runs only when it must, and PostgreSQL, which plans each
 * call anew (DESIGN 5), needs a quarter of the time that eight joins cost it. */
static err found_read(struct ctx *cx, struct str environment_id, struct found *f) {
    struct caller *c = &f->caller;
    return db_one(
        cx,
        "SELECT s.application_tenant_id, s.application_id, s.employee_id, s.scope, s.expires_at, "
        "s.revoked_at, t.is_enabled, a.is_enabled, a.deletion_at, a.tenancy, a.scope, "
        "CASE WHEN s.application_tenant_id = s.tenant_id "
        "OR s.application_tenant_id = a.environment_id THEN 1 ELSE coalesce((SELECT o.is_enabled "
        "FROM tenant o WHERE o.tenant_id = s.application_tenant_id), 0) END, "
        "CASE WHEN s.application_tenant_id = s.tenant_id THEN -1 ELSE coalesce((SELECT "
        "x.is_allowed FROM application_tenant x WHERE x.tenant_id = s.tenant_id "
        "AND x.application_id = s.application_id), -1) END, "
        "CASE WHEN s.access_key_id IS NULL THEN 1 ELSE coalesce((SELECT k.is_active "
        "FROM access_key k WHERE k.tenant_id = s.tenant_id "
        "AND k.access_key_id = s.access_key_id AND k.epoch = s.access_key_epoch), 0) END, "
        "e.user_name, e.agent_id, e.type, e.status, e.secondary_roles, r.permissions "
        "FROM session s "
        "JOIN tenant t ON t.tenant_id = s.tenant_id "
        "JOIN application a ON a.tenant_id = s.application_tenant_id "
        "AND a.application_id = s.application_id "
        "LEFT JOIN employee e ON e.tenant_id = s.tenant_id AND e.employee_id = s.employee_id "
        "LEFT JOIN role r ON r.tenant_id = s.tenant_id AND r.role_id = e.role_id "
        "WHERE s.tenant_id = $1 AND s.session_id = $2 AND t.environment_id = $3 "
        "AND a.environment_id = $3",
        DB_ARGS(DB_TEXT(c->tenant_id), DB_TEXT(c->session_id), DB_TEXT(environment_id)),
        DB_COLUMNS(COLUMN_STR(&f->application_tenant_id), COLUMN_STR(&c->client_id),
                   COLUMN_STR(&c->employee_id), COLUMN_STR(&c->scope), COLUMN_INT(&c->expires_at),
                   COLUMN_INT(&f->revoked_at), COLUMN_BOOL(&f->tenant_enabled),
                   COLUMN_BOOL(&f->application_enabled), COLUMN_INT(&f->deletion_at),
                   COLUMN_STR(&f->tenancy), COLUMN_STR(&f->application_scope),
                   COLUMN_BOOL(&f->owner_enabled), COLUMN_INT(&f->decision),
                   COLUMN_BOOL(&f->key_active), COLUMN_STR(&c->user_name), COLUMN_INT(&c->agent_id),
                   COLUMN_STR(&f->type), COLUMN_STR(&f->status), COLUMN_STR(&f->secondary_roles),
                   COLUMN_STR(&f->role_permissions)));
}

/* NULL, or what is dead. */
static const char *found_dead(const struct ctx *cx, const struct found *f) {
    const struct caller *c = &f->caller;
    if (f->revoked_at != 0) {
        return "the session is revoked";
    }
    if (c->expires_at <= cx->now) {
        return "the session has expired";
    }
    if (!f->tenant_enabled) {
        return "the tenant is disabled";
    }
    if (!f->application_enabled || !f->owner_enabled) {
        return "the application or its owner is disabled";
    }
    if (f->deletion_at != 0 && f->deletion_at <= cx->now) {
        return "the application is deleted";
    }
    if (!f->key_active) {
        return "the access key is not active";
    }
    if (c->is_user && !employee_is_alive(f->type, f->status)) {
        return "the employee is not active";
    }
    bool owner = str_eq(f->application_tenant_id, c->tenant_id);
    struct application_access may =
        application_decide(f->tenancy, owner, f->decision >= 0 ? &f->decision : NULL);
    return (c->is_user ? may.users : may.itself) ? NULL : "the tenant keeps the application out";
}

/* What the session was given and the application still has. */
static struct str scope_left(struct arena *a, struct str granted, struct str registered) {
    struct buf b = buf_in(a, granted.n);
    struct str word;
    while (str_next(&granted, ' ', &word)) {
        if (word.n > 0 && str_has_word(registered, word)) {
            if (b.n > 0) {
                buf_char(&b, ' ');
            }
            buf_str(&b, word);
        }
    }
    return buf_view(&b);
}

err caller_find(struct ctx *cx, struct str environment_id, struct str tenant_id,
                struct str session_id, struct caller *ret_caller) {
    struct found f = {.caller = {.tenant_id = tenant_id, .session_id = session_id}};
    struct caller *c = &f.caller;
    err e = found_read(cx, environment_id, &f);
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INVALID_TOKEN, "no such session, or its application is gone");
    }
    TRY(e);
    c->is_user = c->employee_id.p != NULL;
    c->scope = scope_left(cx->arena, c->scope, f.application_scope);
    const char *dead = found_dead(cx, &f);
    if (dead != NULL) {
        return fail(cx, ERR_INVALID_TOKEN, "%s", dead);
    }
    if (c->is_user) {
        c->actor = str_format(cx->arena, "user:%.*s", STR_ARG(c->employee_id));
        TRY(roles_permissions(cx, tenant_id, f.role_permissions, f.secondary_roles,
                              &c->permissions));
    } else {
        c->actor = str_format(cx->arena, "client:%.*s", STR_ARG(c->client_id));
    }
    *ret_caller = f.caller;
    return OK;
}

bool caller_may(const struct caller *c, const char *permission) {
    return c->is_user && str_has_word(c->permissions, str_from(permission));
}
