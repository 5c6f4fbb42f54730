/* SPDX-License-Identifier: Apache-2.0 */
/* Where a person is signed in, listed for that person and ended by it. Every statement names the
 * employee: somebody else's id ends nothing (SECURITY `idor`). */
#include "model.h"

struct browsers {
    struct account_browser row, *list;
    size_t n;
};

static err browser_listed(struct ctx *cx, void *state) {
    (void)cx;
    struct browsers *l = state;
    l->list[l->n++] = l->row;
    return OK;
}

err account_browsers(struct ctx *cx, struct str tenant_id, struct str employee_id,
                     struct account_browser **ret_list, size_t *ret_n) {
    struct browsers l = {.list = NEW_ARRAY(cx->arena, ACCOUNT_LIST_MAX, struct account_browser)};
    struct account_browser *b = &l.row;
    TRY(db_each(cx,
                "SELECT sso_session_id, user_agent, created_at, last_used_at, expires_at, "
                "idle_seconds FROM sso_session WHERE tenant_id = $1 AND employee_id = $2 "
                "AND ended_at IS NULL AND expires_at > $3 AND last_used_at + idle_seconds > $3 "
                "ORDER BY last_used_at DESC, sso_session_id LIMIT $4",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(cx->now),
                        DB_INT(ACCOUNT_LIST_MAX)),
                DB_COLUMNS(COLUMN_STR(&b->sso_session_id), COLUMN_STR(&b->user_agent),
                           COLUMN_INT(&b->created_at), COLUMN_INT(&b->last_used_at),
                           COLUMN_INT(&b->expires_at), COLUMN_INT(&b->idle_seconds)),
                browser_listed, &l));
    *ret_list = l.list;
    *ret_n = l.n;
    return OK;
}

struct grants {
    struct account_session row, *list;
    size_t n;
};

static err session_listed(struct ctx *cx, void *state) {
    (void)cx;
    struct grants *l = state;
    l->list[l->n++] = l->row;
    return OK;
}

err account_sessions(struct ctx *cx, struct str tenant_id, struct str employee_id,
                     struct account_session **ret_list, size_t *ret_n) {
    struct grants l = {.list = NEW_ARRAY(cx->arena, ACCOUNT_LIST_MAX, struct account_session)};
    struct account_session *s = &l.row;
    TRY(db_each(cx,
                "SELECT s.session_id, s.sso_session_id, s.created_at, s.expires_at, "
                "coalesce(a.name, ''), coalesce(a.vendor, '') FROM session s "
                "LEFT JOIN application a ON a.tenant_id = s.application_tenant_id "
                "AND a.application_id = s.application_id "
                "WHERE s.tenant_id = $1 AND s.employee_id = $2 AND s.sso_session_id IS NOT NULL "
                "AND s.revoked_at IS NULL AND s.expires_at > $3 "
                "ORDER BY s.created_at DESC, s.session_id LIMIT $4",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(cx->now),
                        DB_INT(ACCOUNT_LIST_MAX)),
                DB_COLUMNS(COLUMN_STR(&s->session_id), COLUMN_STR(&s->sso_session_id),
                           COLUMN_INT(&s->created_at), COLUMN_INT(&s->expires_at),
                           COLUMN_STR(&s->name), COLUMN_STR(&s->vendor)),
                session_listed, &l));
    *ret_list = l.list;
    *ret_n = l.n;
    return OK;
}

err account_end_browser(struct ctx *cx, struct str tenant_id, struct str employee_id,
                        struct str sso_session_id, bool *ret_ended) {
    int64_t n;
    TRY(login_epoch_raise(cx, tenant_id, employee_id));
    TRY(db_exec(
        cx,
        "UPDATE sso_session SET ended_at = $4 WHERE tenant_id = $1 AND employee_id = $2 "
        "AND sso_session_id = $3 AND ended_at IS NULL",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_TEXT(sso_session_id), DB_INT(cx->now)),
        &n));
    *ret_ended = n > 0;
    return n > 0 ? sso_session_end(cx, tenant_id, sso_session_id) : OK;
}

err account_end_others(struct ctx *cx, const struct sso_session *kept) {
    struct db_args args = DB_ARGS(DB_TEXT(kept->tenant_id), DB_TEXT(kept->employee_id),
                                  DB_TEXT(kept->sso_session_id), DB_INT(cx->now));
    TRY(login_epoch_raise(cx, kept->tenant_id, kept->employee_id));
    TRY(db_exec(cx,
                "UPDATE sso_session SET ended_at = $4 WHERE tenant_id = $1 AND employee_id = $2 "
                "AND sso_session_id <> $3 AND ended_at IS NULL",
                args, NULL));
    return db_exec(cx,
                   "UPDATE session SET revoked_at = $4, refresh_answer = NULL, "
                   "refresh_revoked_at = coalesce(refresh_revoked_at, $4) "
                   "WHERE tenant_id = $1 AND employee_id = $2 AND sso_session_id IS NOT NULL "
                   "AND sso_session_id <> $3 AND revoked_at IS NULL",
                   args, NULL);
}

err account_end_session(struct ctx *cx, struct str tenant_id, struct str employee_id,
                        struct str session_id, bool *ret_ended) {
    int64_t n;
    TRY(db_exec(
        cx,
        "UPDATE session SET revoked_at = $4, refresh_answer = NULL, "
        "refresh_revoked_at = coalesce(refresh_revoked_at, $4) "
        "WHERE tenant_id = $1 AND employee_id = $2 AND session_id = $3 "
        "AND sso_session_id IS NOT NULL AND revoked_at IS NULL",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_TEXT(session_id), DB_INT(cx->now)),
        &n));
    *ret_ended = n > 0;
    return OK;
}
