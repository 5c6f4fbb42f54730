/* SPDX-License-Identifier: Apache-2.0 */
/* What a person was asked for an application, and allowed. A row without scope says that it was
 * taken back. */
#include "model.h"

err consent_scope(struct ctx *cx, const struct consent *c, struct str *ret_scope) {
    struct str scope;
    err e =
        db_one(cx,
               "SELECT scope FROM consent "
               "WHERE tenant_id = $1 AND employee_id = $2 AND application_id = $3",
               DB_ARGS(DB_TEXT(c->tenant_id), DB_TEXT(c->employee_id), DB_TEXT(c->application_id)),
               DB_COLUMNS(COLUMN_STR(&scope)));
    if (e == ERR_NOT_FOUND) {
        *ret_scope = STR_NONE;
        return OK;
    }
    TRY(e);
    *ret_scope = scope;
    return OK;
}

/* Who was never asked (allowed is absent) is not asked. */
static bool is_due(struct str allowed, struct str wanted) {
    struct str word;
    while (allowed.p != NULL && str_next(&wanted, ' ', &word)) {
        if (word.n > 0 && !str_has_word(allowed, word)) {
            return true;
        }
    }
    return false;
}

err consent_due(struct ctx *cx, const struct consent *c, bool *ret_due) {
    struct str allowed;
    TRY(consent_scope(cx, c, &allowed));
    *ret_due = is_due(allowed, c->scope);
    return OK;
}

err consent_hold(struct ctx *cx, const struct consent *c) {
    struct str allowed;
    int64_t n;
    TRY(consent_scope(cx, c, &allowed));
    if (allowed.p == NULL) {
        return OK;
    }
    TRY(db_exec(cx,
                "UPDATE consent SET scope = scope WHERE tenant_id = $1 AND employee_id = $2 "
                "AND application_id = $3 AND scope = $4",
                DB_ARGS(DB_TEXT(c->tenant_id), DB_TEXT(c->employee_id), DB_TEXT(c->application_id),
                        DB_TEXT(allowed)),
                &n));
    return n == 1 && !is_due(allowed, c->scope)
               ? OK
               : fail(cx, ERR_CONFLICT, "what was allowed was taken back meanwhile");
}

/* What was allowed before stays allowed. */
static struct str scope_joined(struct arena *a, struct str before, struct str more) {
    struct buf b = buf_in(a, 64);
    struct str word;
    buf_str(&b, before);
    while (str_next(&more, ' ', &word)) {
        if (word.n > 0 && !str_has_word(before, word)) {
            if (b.n > 0) {
                buf_char(&b, ' ');
            }
            buf_str(&b, word);
        }
    }
    return b.n > 0 ? buf_view(&b) : STR("");
}

err consent_allow(struct ctx *cx, const struct consent *c) {
    struct str before;
    TRY(consent_scope(cx, c, &before));
    struct str scope = scope_joined(cx->arena, before, c->scope);
    return db_exec(cx,
                   "INSERT INTO consent (tenant_id, employee_id, application_id, "
                   "application_tenant_id, scope, updated_at) VALUES ($1, $2, $3, $4, $5, $6) "
                   "ON CONFLICT (tenant_id, employee_id, application_id) DO UPDATE SET "
                   "scope = excluded.scope, updated_at = excluded.updated_at",
                   DB_ARGS(DB_TEXT(c->tenant_id), DB_TEXT(c->employee_id),
                           DB_TEXT(c->application_id), DB_TEXT(c->application_tenant_id),
                           DB_TEXT(scope), DB_INT(cx->now)),
                   NULL);
}

/* SECURITY `dead-means-dead`: codes, then sessions: what a code was becoming just now is a session
 * when its row is free. */
static err application_end(struct ctx *cx, const struct consent *c) {
    const struct db_args whose =
        DB_ARGS(DB_TEXT(c->tenant_id), DB_TEXT(c->employee_id), DB_TEXT(c->application_id));
    TRY(db_exec(cx,
                "DELETE FROM authorization_code WHERE tenant_id = $1 AND employee_id = $2 "
                "AND application_id = $3 AND used_at IS NULL",
                whose, NULL));
    TRY(db_exec(cx,
                "DELETE FROM device_code WHERE tenant_id = (SELECT o.application_tenant_id "
                "FROM consent o WHERE o.tenant_id = $1 AND o.employee_id = $2 "
                "AND o.application_id = $3) AND user_tenant_id = $1 AND employee_id = $2 "
                "AND application_id = $3 AND used_at IS NULL",
                whose, NULL));
    return db_exec(cx,
                   "UPDATE session SET revoked_at = $4, refresh_answer = NULL, "
                   "refresh_revoked_at = coalesce(refresh_revoked_at, $4) "
                   "WHERE tenant_id = $1 AND employee_id = $2 AND application_id = $3 "
                   "AND sso_session_id IS NOT NULL AND revoked_at IS NULL",
                   DB_ARGS(DB_TEXT(c->tenant_id), DB_TEXT(c->employee_id),
                           DB_TEXT(c->application_id), DB_INT(cx->now)),
                   NULL);
}

err consent_withdraw(struct ctx *cx, const struct consent *c, bool *ret_withdrawn) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE consent SET scope = '', updated_at = $4 "
                "WHERE tenant_id = $1 AND employee_id = $2 AND application_id = $3 "
                "AND scope <> ''",
                DB_ARGS(DB_TEXT(c->tenant_id), DB_TEXT(c->employee_id), DB_TEXT(c->application_id),
                        DB_INT(cx->now)),
                &n));
    *ret_withdrawn = n > 0;
    return n > 0 ? application_end(cx, c) : OK;
}

struct listing {
    struct consent row, *list;
    size_t n;
};

static err listed(struct ctx *cx, void *state) {
    (void)cx;
    struct listing *l = state;
    l->list[l->n++] = l->row;
    return OK;
}

err consent_list(struct ctx *cx, struct str tenant_id, struct str employee_id,
                 struct consent **ret_list, size_t *ret_n) {
    struct listing l = {.row = {.tenant_id = tenant_id, .employee_id = employee_id},
                        .list = NEW_ARRAY(cx->arena, ACCOUNT_LIST_MAX, struct consent)};
    struct consent *c = &l.row;
    TRY(db_each(cx,
                "SELECT c.application_id, c.application_tenant_id, c.scope, c.updated_at, a.name, "
                "a.vendor FROM consent c JOIN application a "
                "ON a.tenant_id = c.application_tenant_id AND a.application_id = c.application_id "
                "WHERE c.tenant_id = $1 AND c.employee_id = $2 AND c.scope <> '' "
                "ORDER BY c.updated_at DESC, c.application_id LIMIT $3",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(ACCOUNT_LIST_MAX)),
                DB_COLUMNS(COLUMN_STR(&c->application_id), COLUMN_STR(&c->application_tenant_id),
                           COLUMN_STR(&c->scope), COLUMN_INT(&c->updated_at), COLUMN_STR(&c->name),
                           COLUMN_STR(&c->vendor)),
                listed, &l));
    *ret_list = l.list;
    *ret_n = l.n;
    return OK;
}
