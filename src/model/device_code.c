/* SPDX-License-Identifier: Apache-2.0 */
/* Device authorization (RFC 8628): the text of a device code names its tenant, the row has its
 * digest; a person finds the row by the user code. */
#include "user.h"

#define GUESSES_MAX 10 /* wrong user codes of an employee in DEVICE_CODE_SECONDS */
#define SLOWER      5  /* RFC 8628 3.5 */
/* A device's timer and the network's are not exact: this much too early is in time. */
#define EARLY_SECONDS 1

void device_code_prepare(struct ctx *cx, struct device_code *d) {
    d->code = tenant_token(cx, d->tenant_id);
    d->user_code = user_code_make(cx);
    d->state = STR("pending");
    d->interval = DEVICE_CODE_INTERVAL;
    d->expires_at = cx->now + DEVICE_CODE_SECONDS;
    d->used_at = 0;
}

err device_code_create(struct ctx *cx, const struct device_code *d) {
    int64_t n;
    struct str digest = sha256_text(cx->arena, d->code);
    TRY(db_exec(cx,
                "INSERT INTO user_code_index (environment_id, user_code_digest, tenant_id, "
                "code_digest, expires_at) VALUES ($1, $2, $3, $4, $5) "
                "ON CONFLICT (environment_id, user_code_digest) DO UPDATE SET "
                "tenant_id = excluded.tenant_id, code_digest = excluded.code_digest, "
                "expires_at = excluded.expires_at WHERE user_code_index.expires_at <= $6",
                DB_ARGS(DB_TEXT(d->environment_id), DB_TEXT(sha256_text(cx->arena, d->user_code)),
                        DB_TEXT(d->tenant_id), DB_TEXT(digest), DB_INT(d->expires_at),
                        DB_INT(cx->now)),
                &n));
    if (n != 1) {
        return fail(cx, ERR_UNAVAILABLE, "the user code that was drawn is another device's");
    }
    return db_exec(cx,
                   "INSERT INTO device_code (tenant_id, code_digest, environment_id, "
                   "application_id, scope, state, interval_seconds, expires_at) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                   DB_ARGS(DB_TEXT(d->tenant_id), DB_TEXT(digest), DB_TEXT(d->environment_id),
                           DB_TEXT(d->application_id), DB_TEXT(d->scope), DB_TEXT(d->state),
                           DB_INT(d->interval), DB_INT(d->expires_at)),
                   NULL);
}

static err row_read(struct ctx *cx, struct str digest, struct device_code *d) {
    return db_one(cx,
                  "SELECT environment_id, application_id, scope, state, interval_seconds, "
                  "user_tenant_id, employee_id, sso_session_id, amr, auth_at, session_id, used_at, "
                  "expires_at FROM device_code WHERE tenant_id = $1 AND code_digest = $2",
                  DB_ARGS(DB_TEXT(d->tenant_id), DB_TEXT(digest)),
                  DB_COLUMNS(COLUMN_STR(&d->environment_id), COLUMN_STR(&d->application_id),
                             COLUMN_STR(&d->scope), COLUMN_STR(&d->state), COLUMN_INT(&d->interval),
                             COLUMN_STR(&d->user_tenant_id), COLUMN_STR(&d->employee_id),
                             COLUMN_STR(&d->sso_session_id), COLUMN_STR(&d->amr),
                             COLUMN_INT(&d->auth_at), COLUMN_STR(&d->session_id),
                             COLUMN_INT(&d->used_at), COLUMN_INT(&d->expires_at)));
}

err device_code_find(struct ctx *cx, struct str environment_id, struct str code,
                     struct device_code *ret_code) {
    struct device_code d = {.code = code};
    if (!tenant_token_parse(cx->arena, code, &d.tenant_id)) {
        return fail(cx, ERR_NOT_FOUND, "not the form of a device code");
    }
    TRY(row_read(cx, sha256_text(cx->arena, code), &d));
    if (!str_eq(d.environment_id, environment_id)) {
        return fail(cx, ERR_NOT_FOUND, "the device code is of another environment");
    }
    *ret_code = d;
    return OK;
}

err device_code_poll(struct ctx *cx, const struct device_code *d, bool *ret_too_soon) {
    struct str digest = sha256_text(cx->arena, d->code);
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE device_code SET polled_at = $3 WHERE tenant_id = $1 AND code_digest = $2 "
                "AND (polled_at IS NULL OR polled_at + interval_seconds <= $4)",
                DB_ARGS(DB_TEXT(d->tenant_id), DB_TEXT(digest), DB_INT(cx->now),
                        DB_INT(cx->now + EARLY_SECONDS)),
                &n));
    *ret_too_soon = n == 0;
    if (n == 1) {
        return OK;
    }
    /* RFC 8628 3.5: for this and all later requests. */
    return db_exec(cx,
                   "UPDATE device_code SET polled_at = $3, "
                   "interval_seconds = interval_seconds + $4 "
                   "WHERE tenant_id = $1 AND code_digest = $2",
                   DB_ARGS(DB_TEXT(d->tenant_id), DB_TEXT(digest), DB_INT(cx->now), DB_INT(SLOWER)),
                   NULL);
}

err device_code_use(struct ctx *cx, const struct device_code *d, struct str session_id,
                    struct str *ret_sso_session_id) {
    err e = db_one(cx,
                   "UPDATE device_code SET used_at = $3, session_id = $4 "
                   "WHERE tenant_id = $1 AND code_digest = $2 AND state = 'allowed' "
                   "AND used_at IS NULL AND expires_at > $3 RETURNING sso_session_id",
                   DB_ARGS(DB_TEXT(d->tenant_id), DB_TEXT(sha256_text(cx->arena, d->code)),
                           DB_INT(cx->now), DB_TEXT(session_id)),
                   DB_COLUMNS(COLUMN_STR(ret_sso_session_id)));
    return e == ERR_NOT_FOUND ? fail(cx, ERR_INVALID_GRANT, "used, expired or not allowed") : e;
}

/* ---- the person ---- */

/* Counted before the code is looked at: 64 at once get no more guesses than one after the other. */
static err guess_count(struct ctx *cx, const struct sso_session *s) {
    int64_t n;
    TRY(db_exec(cx,
                "INSERT INTO device_guess (tenant_id, employee_id, failures, since) "
                "VALUES ($1, $2, 1, $3) ON CONFLICT (tenant_id, employee_id) DO UPDATE SET "
                "failures = CASE WHEN device_guess.since <= $4 THEN 1 "
                "ELSE device_guess.failures + 1 END, "
                "since = CASE WHEN device_guess.since <= $4 THEN excluded.since "
                "ELSE device_guess.since END "
                "WHERE device_guess.since <= $4 OR device_guess.failures < $5",
                DB_ARGS(DB_TEXT(s->tenant_id), DB_TEXT(s->employee_id), DB_INT(cx->now),
                        DB_INT(cx->now - DEVICE_CODE_SECONDS), DB_INT(GUESSES_MAX)),
                &n));
    return n == 1 ? OK : fail(cx, ERR_RATE_LIMITED, "too many wrong user codes");
}

static err guess_was_right(struct ctx *cx, const struct sso_session *s) {
    return db_exec(cx,
                   "UPDATE device_guess SET failures = failures - 1 "
                   "WHERE tenant_id = $1 AND employee_id = $2 AND failures > 0",
                   DB_ARGS(DB_TEXT(s->tenant_id), DB_TEXT(s->employee_id)), NULL);
}

/* Where the user code leads; ERR_NOT_FOUND. */
static err index_read(struct ctx *cx, struct str environment_id, struct str user_code,
                      struct str *ret_tenant_id, struct str *ret_digest) {
    return db_one(cx,
                  "SELECT tenant_id, code_digest FROM user_code_index "
                  "WHERE environment_id = $1 AND user_code_digest = $2 AND expires_at > $3",
                  DB_ARGS(DB_TEXT(environment_id), DB_TEXT(sha256_text(cx->arena, user_code)),
                          DB_INT(cx->now)),
                  DB_COLUMNS(COLUMN_STR(ret_tenant_id), COLUMN_STR(ret_digest)));
}

err device_code_show(struct ctx *cx, struct str environment_id, struct str user_code,
                     const struct sso_session *s) {
    struct str tenant_id, digest;
    int64_t n;
    TRY(guess_count(cx, s));
    TRY(index_read(cx, environment_id, user_code, &tenant_id, &digest));
    TRY(db_exec(cx,
                "UPDATE device_code SET state = 'shown', user_tenant_id = $3, employee_id = $4, "
                "sso_session_id = $5, amr = $6, auth_at = $7 "
                "WHERE tenant_id = $1 AND code_digest = $2 AND state IN ('pending', 'shown') "
                "AND expires_at > $8",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(digest), DB_TEXT(s->tenant_id),
                        DB_TEXT(s->employee_id), DB_TEXT(s->sso_session_id), DB_TEXT(s->amr),
                        DB_INT(s->auth_at), DB_INT(cx->now)),
                &n));
    if (n != 1) {
        return fail(cx, ERR_NOT_FOUND, "the device was answered before");
    }
    return guess_was_right(cx, s);
}

err device_code_shown(struct ctx *cx, struct str environment_id, struct str user_code,
                      const struct sso_session *s, struct device_code *ret_code) {
    struct device_code d = {.user_code = user_code};
    struct str digest;
    TRY(index_read(cx, environment_id, user_code, &d.tenant_id, &digest));
    TRY(row_read(cx, digest, &d));
    if (!str_eq(d.sso_session_id, s->sso_session_id) || d.sso_session_id.p == NULL) {
        return fail(cx, ERR_NOT_FOUND, "this browser has not typed the code");
    }
    *ret_code = d;
    return OK;
}

err device_code_decide(struct ctx *cx, struct str environment_id, struct str user_code,
                       const struct sso_session *s, bool allow) {
    struct str tenant_id, digest;
    int64_t n;
    TRY(index_read(cx, environment_id, user_code, &tenant_id, &digest));
    TRY(db_exec(cx,
                "UPDATE device_code SET state = $5 "
                "WHERE tenant_id = $1 AND code_digest = $2 AND state = 'shown' "
                "AND user_tenant_id = $3 AND sso_session_id = $4 AND expires_at > $6",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(digest), DB_TEXT(s->tenant_id),
                        DB_TEXT(s->sso_session_id), DB_TEXT(allow ? STR("allowed") : STR("denied")),
                        DB_INT(cx->now)),
                &n));
    return n == 1 ? OK : fail(cx, ERR_NOT_FOUND, "answered, expired, or typed in elsewhere");
}
