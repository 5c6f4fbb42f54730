/* SPDX-License-Identifier: Apache-2.0 */
/* A browser that signed in. What it issued to applications dies with it. */
#include "user.h"

#define USED_SECONDS 60

void sso_session_prepare(struct ctx *cx, struct sso_session *s, struct str *ret_cookie) {
    *ret_cookie = tenant_token(cx, s->tenant_id);
    s->sso_session_id = sha256_text(cx->arena, *ret_cookie);
    s->created_at = s->last_used_at = cx->now;
    s->auth_at = s->auth_at > 0 ? s->auth_at : cx->now;
}

err sso_session_create(struct ctx *cx, const struct sso_session *s) {
    return db_exec(cx,
                   "INSERT INTO sso_session (tenant_id, sso_session_id, employee_id, auth_at, amr, "
                   "created_at, last_used_at, expires_at, idle_seconds, user_agent, "
                   "browser_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                   DB_ARGS(DB_TEXT(s->tenant_id), DB_TEXT(s->sso_session_id),
                           DB_TEXT(s->employee_id), DB_INT(s->auth_at), DB_TEXT(s->amr),
                           DB_INT(s->created_at), DB_INT(s->last_used_at), DB_INT(s->expires_at),
                           DB_INT(s->idle_seconds), DB_TEXT(s->user_agent),
                           DB_TEXT(s->browser_digest)),
                   NULL);
}

err sso_session_find(struct ctx *cx, struct str environment_id, struct str cookie,
                     struct sso_session *ret_session) {
    struct sso_session s = {.sso_session_id = STR_NONE};
    struct str status, type;
    bool tenant_enabled;
    int64_t ended_at;
    if (!tenant_token_parse(cx->arena, cookie, &s.tenant_id)) {
        return fail(cx, ERR_NOT_FOUND, "not the form of a session's cookie");
    }
    s.sso_session_id = sha256_text(cx->arena, cookie);
    TRY(db_one(
        cx,
        "SELECT s.employee_id, s.amr, s.user_agent, s.auth_at, s.created_at, s.last_used_at, "
        "s.expires_at, s.idle_seconds, s.browser_digest, s.ended_at, e.type, e.status, "
        "t.is_enabled "
        "FROM sso_session s JOIN tenant t ON t.tenant_id = s.tenant_id "
        "JOIN employee e ON e.tenant_id = s.tenant_id AND e.employee_id = s.employee_id "
        "WHERE s.tenant_id = $1 AND s.sso_session_id = $2 AND t.environment_id = $3",
        DB_ARGS(DB_TEXT(s.tenant_id), DB_TEXT(s.sso_session_id), DB_TEXT(environment_id)),
        DB_COLUMNS(COLUMN_STR(&s.employee_id), COLUMN_STR(&s.amr), COLUMN_STR(&s.user_agent),
                   COLUMN_INT(&s.auth_at), COLUMN_INT(&s.created_at), COLUMN_INT(&s.last_used_at),
                   COLUMN_INT(&s.expires_at), COLUMN_INT(&s.idle_seconds),
                   COLUMN_STR(&s.browser_digest), COLUMN_INT(&ended_at), COLUMN_STR(&type),
                   COLUMN_STR(&status), COLUMN_BOOL(&tenant_enabled))));
    if (ended_at != 0) {
        return fail(cx, ERR_NOT_FOUND, "the browser session has ended");
    }
    if (s.expires_at <= cx->now || s.last_used_at + s.idle_seconds <= cx->now) {
        return fail(cx, ERR_NOT_FOUND, "the browser session has expired");
    }
    if (!tenant_enabled || !employee_may_log_in(type, status)) {
        return fail(cx, ERR_NOT_FOUND, "employee %.*s is %.*s, its tenant %s",
                    STR_ARG(s.employee_id), STR_ARG(status),
                    tenant_enabled ? "enabled" : "disabled");
    }
    *ret_session = s;
    return OK;
}

err sso_session_used(struct ctx *cx, const struct sso_session *s) {
    if (s->last_used_at > cx->now - USED_SECONDS) {
        return OK;
    }
    return db_exec(cx,
                   "UPDATE sso_session SET last_used_at = $3 WHERE tenant_id = $1 "
                   "AND sso_session_id = $2 AND last_used_at <= $4 AND ended_at IS NULL",
                   DB_ARGS(DB_TEXT(s->tenant_id), DB_TEXT(s->sso_session_id), DB_INT(cx->now),
                           DB_INT(cx->now - USED_SECONDS)),
                   NULL);
}

err sso_session_hold(struct ctx *cx, struct str tenant_id, struct str sso_session_id) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE sso_session SET last_used_at = last_used_at "
                "WHERE tenant_id = $1 AND sso_session_id = $2 AND ended_at IS NULL",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(sso_session_id)), &n));
    return n == 1 ? OK : fail(cx, ERR_INVALID_GRANT, "the browser session has ended");
}

/* The other sessions of a person in one browser: two sign-ins that ended there at once made them,
 * or one takes another's place. */
#define SAME_BROWSER_SQL                                                                           \
    "FROM sso_session b JOIN sso_session o ON o.tenant_id = b.tenant_id "                          \
    "AND o.browser_digest = b.browser_digest AND o.employee_id = b.employee_id "                   \
    "WHERE b.tenant_id = $1 AND b.sso_session_id = $2 "

/* The browser sessions' rows before what they issued: they are the lock that session_create() waits
 * for. The first one whether it has ended or not: who is making another of it is waited for, and
 * the next statement sees that one. */
static err browser_end(struct ctx *cx, struct str tenant_id, struct str sso_session_id) {
    static const char *const ends[] = {
        "UPDATE sso_session SET ended_at = coalesce(ended_at, $3) "
        "WHERE tenant_id = $1 AND sso_session_id = $2",
        "UPDATE sso_session SET ended_at = $3 WHERE tenant_id = $1 AND ended_at IS NULL "
        "AND sso_session_id IN (SELECT o.sso_session_id " SAME_BROWSER_SQL ")",
        "UPDATE session SET revoked_at = $3, refresh_answer = NULL, "
        "refresh_revoked_at = coalesce(refresh_revoked_at, $3) "
        "WHERE tenant_id = $1 AND revoked_at IS NULL AND sso_session_id IN ("
        "SELECT CAST($2 AS TEXT) UNION SELECT o.sso_session_id " SAME_BROWSER_SQL ")",
    };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        TRY(db_exec(cx, ends[i],
                    DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(sso_session_id), DB_INT(cx->now)), NULL));
    }
    return OK;
}

/* First what is under way, in the order in which a sign-in's last step holds them. */
err sso_session_end(struct ctx *cx, struct str tenant_id, struct str sso_session_id) {
    TRY(login_flows_reset_of(cx, tenant_id, sso_session_id));
    return browser_end(cx, tenant_id, sso_session_id);
}

static err move(struct ctx *cx, const struct sso_session *before, const struct sso_session *after,
                const char *sql) {
    return db_exec(cx, sql,
                   DB_ARGS(DB_TEXT(before->tenant_id), DB_TEXT(before->sso_session_id),
                           DB_TEXT(after->sso_session_id)),
                   NULL);
}

/* What was to be taken over has ended: by another sign-in of this browser, beside which this one
 * stands then, or by a sign-out. */
static err beside(struct ctx *cx, const struct sso_session *after) {
    bool exists;
    TRY(db_exists(cx,
                  "SELECT 1 FROM sso_session WHERE tenant_id = $1 AND browser_digest = $2 "
                  "AND employee_id = $3 AND sso_session_id <> $4 AND ended_at IS NULL",
                  DB_ARGS(DB_TEXT(after->tenant_id), DB_TEXT(after->browser_digest),
                          DB_TEXT(after->employee_id), DB_TEXT(after->sso_session_id)),
                  &exists));
    return exists ? OK : fail(cx, ERR_CONFLICT, "the browser was signed out meanwhile");
}

/* In the order of those who use a code: its row, the browser session's, what it became. */
static err take_over(struct ctx *cx, const struct sso_session *before,
                     const struct sso_session *after) {
    int64_t n;
    TRY(move(cx, before, after,
             "UPDATE authorization_code SET sso_session_id = $3 WHERE tenant_id = $1 "
             "AND sso_session_id = $2 AND used_at IS NULL"));
    /* all tenants: the application's may be another than the user's */
    TRY(move(cx, before, after,
             "UPDATE device_code SET sso_session_id = $3 WHERE user_tenant_id = $1 "
             "AND sso_session_id = $2 AND used_at IS NULL"));
    TRY(db_exec(
        cx,
        "UPDATE sso_session SET ended_at = $3 WHERE tenant_id = $1 "
        "AND sso_session_id = $2 AND ended_at IS NULL",
        DB_ARGS(DB_TEXT(before->tenant_id), DB_TEXT(before->sso_session_id), DB_INT(cx->now)), &n));
    if (n == 0) {
        return beside(cx, after);
    }
    return move(cx, before, after,
                "UPDATE session SET sso_session_id = $3 WHERE tenant_id = $1 "
                "AND sso_session_id = $2 AND revoked_at IS NULL");
}

err sso_session_replace(struct ctx *cx, const struct sso_session *before,
                        const struct sso_session *after) {
    if (str_eq(before->tenant_id, after->tenant_id) &&
        str_eq(before->employee_id, after->employee_id)) {
        return take_over(cx, before, after);
    }
    /* Not what is under way in this browser: that is `after`, too. */
    TRY(login_epoch_raise(cx, before->tenant_id, before->employee_id));
    return browser_end(cx, before->tenant_id, before->sso_session_id);
}

err sso_sessions_end(struct ctx *cx, struct str tenant_id, struct str employee_id) {
    TRY(login_epoch_raise(cx, tenant_id, employee_id));
    TRY(db_exec(cx,
                "UPDATE sso_session SET ended_at = $3 "
                "WHERE tenant_id = $1 AND employee_id = $2 AND ended_at IS NULL",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(cx->now)), NULL));
    /* Not by way of the rows above: those of long expired browser sessions are purged. */
    return db_exec(cx,
                   "UPDATE session SET revoked_at = $3, refresh_answer = NULL, "
                   "refresh_revoked_at = coalesce(refresh_revoked_at, $3) "
                   "WHERE tenant_id = $1 AND employee_id = $2 AND sso_session_id IS NOT NULL "
                   "AND revoked_at IS NULL",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(cx->now)), NULL);
}
