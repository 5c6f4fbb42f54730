/* SPDX-License-Identifier: Apache-2.0 */
/* Authorization codes (RFC 6749 4.1): the text names its tenant, the row has its digest. */
#include "user.h"

void authorization_code_prepare(struct ctx *cx, struct authorization_code *c) {
    c->code = tenant_token(cx, c->tenant_id);
    c->expires_at = cx->now + AUTHORIZATION_CODE_SECONDS;
    c->used_at = 0;
}

err authorization_code_create(struct ctx *cx, const struct authorization_code *c) {
    return db_exec(
        cx,
        "INSERT INTO authorization_code (tenant_id, code_digest, application_tenant_id, "
        "application_id, employee_id, sso_session_id, redirect_uri, scope, nonce, code_challenge, "
        "claims, auth_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        DB_ARGS(DB_TEXT(c->tenant_id), DB_TEXT(sha256_text(cx->arena, c->code)),
                DB_TEXT(c->application_tenant_id), DB_TEXT(c->application_id),
                DB_TEXT(c->employee_id), DB_TEXT(c->sso_session_id), DB_TEXT(c->redirect_uri),
                DB_TEXT(c->scope), DB_TEXT(c->nonce), DB_TEXT(c->code_challenge),
                DB_TEXT(c->claims.p != NULL ? c->claims : STR("{}")), DB_INT(c->auth_at),
                DB_INT(c->expires_at)),
        NULL);
}

err authorization_code_find(struct ctx *cx, struct str code, struct authorization_code *ret_code) {
    struct authorization_code c = {.code = code};
    if (!tenant_token_parse(cx->arena, code, &c.tenant_id)) {
        return fail(cx, ERR_NOT_FOUND, "not the form of a code");
    }
    TRY(db_one(cx,
               "SELECT c.application_tenant_id, c.application_id, c.employee_id, c.sso_session_id, "
               "c.redirect_uri, c.scope, c.nonce, c.code_challenge, c.claims, c.session_id, "
               "c.auth_at, c.used_at, c.expires_at, b.expires_at FROM authorization_code c "
               "LEFT JOIN sso_session b ON b.tenant_id = c.tenant_id "
               "AND b.sso_session_id = c.sso_session_id "
               "WHERE c.tenant_id = $1 AND c.code_digest = $2",
               DB_ARGS(DB_TEXT(c.tenant_id), DB_TEXT(sha256_text(cx->arena, code))),
               DB_COLUMNS(COLUMN_STR(&c.application_tenant_id), COLUMN_STR(&c.application_id),
                          COLUMN_STR(&c.employee_id), COLUMN_STR(&c.sso_session_id),
                          COLUMN_STR(&c.redirect_uri), COLUMN_STR(&c.scope), COLUMN_STR(&c.nonce),
                          COLUMN_STR(&c.code_challenge), COLUMN_STR(&c.claims),
                          COLUMN_STR(&c.session_id), COLUMN_INT(&c.auth_at), COLUMN_INT(&c.used_at),
                          COLUMN_INT(&c.expires_at), COLUMN_INT(&c.sso_expires_at))));
    *ret_code = c;
    return OK;
}

err authorization_code_use(struct ctx *cx, const struct authorization_code *c,
                           struct str session_id, struct str *ret_sso_session_id) {
    /* RFC 6749 4.1.2: one of many at once. */
    err e =
        db_one(cx,
               "UPDATE authorization_code SET used_at = $3, session_id = $4 "
               "WHERE tenant_id = $1 AND code_digest = $2 AND used_at IS NULL AND expires_at > $3 "
               "RETURNING sso_session_id",
               DB_ARGS(DB_TEXT(c->tenant_id), DB_TEXT(sha256_text(cx->arena, c->code)),
                       DB_INT(cx->now), DB_TEXT(session_id)),
               DB_COLUMNS(COLUMN_STR(ret_sso_session_id)));
    return e == ERR_NOT_FOUND ? fail(cx, ERR_INVALID_GRANT, "unknown, used or expired code") : e;
}
