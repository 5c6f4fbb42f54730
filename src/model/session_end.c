/* SPDX-License-Identifier: Apache-2.0 */
/* What a tenant, an application or an employee had issued ends when it is disabled: enabled again
 * it begins anew (SECURITY `dead-means-dead`). */
#include "model.h"

/* The browser sessions first: their rows are the lock that session_create() waits for. Codes before
 * sessions: what one was becoming is a session when its row is free. */
err tenant_sessions_end(struct ctx *cx, struct str tenant_id) {
    const struct db_args args = DB_ARGS(DB_TEXT(tenant_id), DB_INT(cx->now));
    TRY(login_epoch_raise_all(cx, tenant_id));
    TRY(db_exec(cx,
                "UPDATE sso_session SET ended_at = $2 WHERE tenant_id = $1 AND ended_at IS NULL",
                args, NULL));
    TRY(db_exec(cx, "DELETE FROM authorization_code WHERE tenant_id = $1 AND used_at IS NULL",
                DB_ARGS(DB_TEXT(tenant_id)), NULL));
    TRY(db_exec(cx, "DELETE FROM password_link WHERE tenant_id = $1", DB_ARGS(DB_TEXT(tenant_id)),
                NULL));
    /* Of its own applications; what its users let in ends with their browser sessions. */
    TRY(db_exec(cx, "DELETE FROM device_code WHERE tenant_id = $1 AND used_at IS NULL",
                DB_ARGS(DB_TEXT(tenant_id)), NULL));
    return db_exec(cx,
                   "UPDATE session SET revoked_at = $2, refresh_answer = NULL, "
                   "refresh_revoked_at = coalesce(refresh_revoked_at, $2) "
                   "WHERE tenant_id = $1 AND revoked_at IS NULL",
                   args, NULL);
}

err employee_sessions_end(struct ctx *cx, struct str tenant_id, struct str employee_id) {
    TRY(sso_sessions_end(cx, tenant_id, employee_id));
    return db_exec(cx,
                   "UPDATE session SET revoked_at = $3, refresh_answer = NULL, "
                   "refresh_revoked_at = coalesce(refresh_revoked_at, $3) "
                   "WHERE tenant_id = $1 AND employee_id = $2 AND revoked_at IS NULL",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(cx->now)), NULL);
}

struct named {
    struct named *next;
    struct str id;
};
struct named_list {
    struct named *first;
    struct str id;
};

static err named_add(struct ctx *cx, void *state) {
    struct named_list *list = state;
    struct named *one = NEW(cx->arena, struct named);
    *one = (struct named){list->first, list->id};
    list->first = one;
    return OK;
}

static err end_in_tenant(struct ctx *cx, struct str tenant_id, struct str owner_id,
                         struct str application_id) {
    TRY(db_exec(
        cx,
        "DELETE FROM authorization_code WHERE tenant_id = $1 AND application_tenant_id = $2 "
        "AND application_id = $3 AND used_at IS NULL",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(owner_id), DB_TEXT(application_id)), NULL));
    return db_exec(
        cx,
        "UPDATE session SET revoked_at = $2, refresh_answer = NULL, "
        "refresh_revoked_at = coalesce(refresh_revoked_at, $2) "
        "WHERE tenant_id = $1 AND application_tenant_id = $3 "
        "AND application_id = $4 AND revoked_at IS NULL",
        DB_ARGS(DB_TEXT(tenant_id), DB_INT(cx->now), DB_TEXT(owner_id), DB_TEXT(application_id)),
        NULL);
}

/* An application of tenancy all has sessions of every tenant that it is used in. */
err application_sessions_end(struct ctx *cx, struct str environment_id, struct str owner_id,
                             struct str application_id) {
    struct named_list tenants = {.first = NULL};
    TRY(db_exec(cx,
                "DELETE FROM device_code WHERE tenant_id = $1 AND application_id = $2 "
                "AND used_at IS NULL",
                DB_ARGS(DB_TEXT(owner_id), DB_TEXT(application_id)), NULL));
    /* all tenants: whoever uses the application */
    TRY(db_each(cx, "SELECT tenant_id FROM tenant WHERE environment_id = $1",
                DB_ARGS(DB_TEXT(environment_id)), DB_COLUMNS(COLUMN_STR(&tenants.id)), named_add,
                &tenants));
    for (const struct named *t = tenants.first; t != NULL; t = t->next) {
        TRY(end_in_tenant(cx, t->id, owner_id, application_id));
    }
    return OK;
}

err tenant_applications_end(struct ctx *cx, struct str environment_id, struct str tenant_id) {
    struct named_list applications = {.first = NULL};
    TRY(db_each(cx,
                "SELECT application_id FROM application WHERE tenant_id = $1 AND tenancy = 'all'",
                DB_ARGS(DB_TEXT(tenant_id)), DB_COLUMNS(COLUMN_STR(&applications.id)), named_add,
                &applications));
    for (const struct named *a = applications.first; a != NULL; a = a->next) {
        TRY(application_sessions_end(cx, environment_id, tenant_id, a->id));
    }
    return OK;
}
