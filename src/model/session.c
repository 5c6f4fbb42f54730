/* SPDX-License-Identifier: Apache-2.0 */
/* A grant and what became of it: one row, so that a refresh is one UPDATE that only one of many can
 * win. */
#include "model.h"

static struct str text(struct str s) {
    return s.p != NULL ? s : STR("");
}

err session_create(struct ctx *cx, const struct session *s) {
    if (s->sso_session_id.p != NULL) {
        TRY(sso_session_hold(cx, s->tenant_id, s->sso_session_id));
    }
    return db_exec(
        cx,
        "INSERT INTO session (tenant_id, session_id, application_tenant_id, application_id, "
        "employee_id, access_key_id, scope, auth_at, refresh_digest, refresh_expires_at, "
        "created_at, expires_at, sso_session_id, nonce, amr, access_key_epoch) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        DB_ARGS(DB_TEXT(s->tenant_id), DB_TEXT(s->session_id), DB_TEXT(s->application_tenant_id),
                DB_TEXT(s->application_id), DB_TEXT(s->employee_id), DB_TEXT(s->access_key_id),
                DB_TEXT(text(s->scope)), DB_INT(s->auth_at), DB_TEXT(s->refresh_digest),
                DB_INT_OR_NULL(s->refresh_expires_at, s->refresh_expires_at != 0),
                DB_INT(s->created_at), DB_INT(s->expires_at), DB_TEXT(s->sso_session_id),
                DB_TEXT(s->nonce), DB_TEXT(s->amr), DB_INT(s->access_key_epoch)),
        NULL);
}

err session_find(struct ctx *cx, struct str tenant_id, struct str session_id,
                 struct session *ret_session) {
    struct session s = {.tenant_id = tenant_id, .session_id = session_id};
    TRY(db_one(
        cx,
        "SELECT s.application_tenant_id, s.application_id, s.employee_id, s.access_key_id, "
        "s.scope, "
        "s.auth_at, s.created_at, s.expires_at, s.refresh_digest, s.refresh_used_digest, "
        "s.refresh_answer, s.refresh_rotated_at, s.refresh_expires_at, s.refresh_revoked_at, "
        "s.revoked_at, s.sso_session_id, s.nonce, s.amr, s.access_key_epoch, "
        "CASE WHEN s.sso_session_id IS NOT NULL THEN (SELECT b.expires_at FROM sso_session b "
        "WHERE b.tenant_id = s.tenant_id AND b.sso_session_id = s.sso_session_id) END, "
        "CASE WHEN s.access_key_id IS NULL THEN 1 ELSE coalesce(k.is_active, 0) END "
        "FROM session s LEFT JOIN access_key k ON k.tenant_id = s.tenant_id "
        "AND k.access_key_id = s.access_key_id AND k.epoch = s.access_key_epoch "
        "WHERE s.tenant_id = $1 AND s.session_id = $2",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(session_id)),
        DB_COLUMNS(COLUMN_STR(&s.application_tenant_id), COLUMN_STR(&s.application_id),
                   COLUMN_STR(&s.employee_id), COLUMN_STR(&s.access_key_id), COLUMN_STR(&s.scope),
                   COLUMN_INT(&s.auth_at), COLUMN_INT(&s.created_at), COLUMN_INT(&s.expires_at),
                   COLUMN_STR(&s.refresh_digest), COLUMN_STR(&s.refresh_used_digest),
                   COLUMN_STR(&s.refresh_answer), COLUMN_INT(&s.refresh_rotated_at),
                   COLUMN_INT(&s.refresh_expires_at), COLUMN_INT(&s.refresh_revoked_at),
                   COLUMN_INT(&s.revoked_at), COLUMN_STR(&s.sso_session_id), COLUMN_STR(&s.nonce),
                   COLUMN_STR(&s.amr), COLUMN_INT(&s.access_key_epoch),
                   COLUMN_INT(&s.sso_expires_at), COLUMN_BOOL(&s.access_key_alive))));
    *ret_session = s;
    return OK;
}

err session_rotate(struct ctx *cx, const struct session_rotation *r) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE session SET refresh_used_digest = refresh_digest, refresh_digest = $4, "
                "refresh_rotated_at = $5, refresh_answer = $6, refresh_expires_at = $7, "
                "expires_at = CASE WHEN expires_at > $8 THEN expires_at ELSE $8 END "
                "WHERE tenant_id = $1 AND session_id = $2 AND refresh_digest = $3 "
                "AND refresh_revoked_at IS NULL AND revoked_at IS NULL AND refresh_expires_at > $5",
                DB_ARGS(DB_TEXT(r->tenant_id), DB_TEXT(r->session_id), DB_TEXT(r->old_digest),
                        DB_TEXT(r->new_digest), DB_INT(cx->now), DB_TEXT(r->answer),
                        DB_INT(r->refresh_expires_at), DB_INT(r->expires_at)),
                &n));
    return n == 1 ? OK : fail(cx, ERR_NOT_FOUND, "not the current refresh token of a live session");
}

err session_revoke_refresh(struct ctx *cx, struct str tenant_id, struct str session_id) {
    return db_exec(cx,
                   "UPDATE session SET refresh_revoked_at = $3, refresh_answer = NULL "
                   "WHERE tenant_id = $1 AND session_id = $2 AND refresh_revoked_at IS NULL",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(session_id), DB_INT(cx->now)), NULL);
}

err session_revoke(struct ctx *cx, struct str tenant_id, struct str session_id) {
    return db_exec(cx,
                   "UPDATE session SET revoked_at = $3, refresh_answer = NULL, "
                   "refresh_revoked_at = coalesce(refresh_revoked_at, $3) "
                   "WHERE tenant_id = $1 AND session_id = $2 AND revoked_at IS NULL",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(session_id), DB_INT(cx->now)), NULL);
}
