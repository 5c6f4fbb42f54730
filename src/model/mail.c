/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox: mails to people, stored in the transaction of what they tell, until somebody sends
 * them. A body may hold a link's secret: it is sealed, and gone when the link is. */
#include "user.h"

static struct str context_of(struct arena *a, const struct mail *m) {
    return str_format(a, "mail/%.*s/%.*s", STR_ARG(m->tenant_id), STR_ARG(m->mail_id));
}

void mail_prepare(struct ctx *cx, const struct seal_key *key, struct mail *m) {
    m->mail_id = uuid_v7(cx);
    m->created_at = cx->now;
    m->body_sealed = seal(cx, key, context_of(cx->arena, m), m->body);
}

err mail_create(struct ctx *cx, const struct mail *m) {
    return db_exec(cx,
                   "INSERT INTO mail (tenant_id, mail_id, employee_id, kind, language, to_address, "
                   "subject, body_sealed, created_at, expires_at) "
                   "SELECT tenant_id, $3, employee_id, $4, $5, $6, $7, $8, $9, $10 FROM employee "
                   "WHERE tenant_id = $1 AND employee_id = $2",
                   DB_ARGS(DB_TEXT(m->tenant_id), DB_TEXT(m->employee_id), DB_TEXT(m->mail_id),
                           DB_TEXT(m->kind), DB_TEXT(m->language), DB_TEXT(m->to_address),
                           DB_TEXT(m->subject), DB_TEXT(m->body_sealed), DB_INT(m->created_at),
                           DB_INT(m->expires_at)),
                   NULL);
}

err mail_ask(struct ctx *cx, struct str tenant_id, struct str employee_id, bool *ret_allowed) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE employee_login SET "
                "mails = CASE WHEN mails_since > $4 THEN mails + 1 ELSE 1 END, "
                "mails_since = CASE WHEN mails_since > $4 THEN mails_since ELSE $3 END "
                "WHERE tenant_id = $1 AND employee_id = $2 "
                "AND (mails_since IS NULL OR mails_since <= $4 OR mails < $5)",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(cx->now),
                        DB_INT(cx->now - MAILS_SECONDS), DB_INT(MAILS_MAX)),
                &n));
    *ret_allowed = n == 1;
    return OK;
}

/* ---- the mailbox ---- */

err mails_list(struct ctx *cx, struct str environment_id, struct mail *row,
               err (*each)(struct ctx *cx, void *state), void *state) {
    /* all tenants: the mailbox is one of a whole local platform */
    return db_each(cx,
                   "SELECT m.tenant_id, m.mail_id, m.kind, m.to_address, m.subject, m.created_at "
                   "FROM mail m JOIN tenant t ON t.tenant_id = m.tenant_id "
                   "WHERE t.environment_id = $1 AND m.expires_at > $2 "
                   "ORDER BY m.mail_id DESC LIMIT $3",
                   DB_ARGS(DB_TEXT(environment_id), DB_INT(cx->now), DB_INT(MAILBOX_MAX)),
                   DB_COLUMNS(COLUMN_STR(&row->tenant_id), COLUMN_STR(&row->mail_id),
                              COLUMN_STR(&row->kind), COLUMN_STR(&row->to_address),
                              COLUMN_STR(&row->subject), COLUMN_INT(&row->created_at)),
                   each, state);
}

err mail_find(struct ctx *cx, struct str environment_id, struct str tenant_id, struct str mail_id,
              struct mail *ret_mail) {
    struct mail m = {.tenant_id = tenant_id, .mail_id = mail_id};
    struct secret body;
    TRY(db_one(
        cx,
        "SELECT m.employee_id, m.kind, m.language, m.to_address, m.subject, m.body_sealed, "
        "m.created_at, m.expires_at FROM mail m JOIN tenant t ON t.tenant_id = m.tenant_id "
        "WHERE m.tenant_id = $1 AND m.mail_id = $2 AND t.environment_id = $3 "
        "AND m.expires_at > $4",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(mail_id), DB_TEXT(environment_id), DB_INT(cx->now)),
        DB_COLUMNS(COLUMN_STR(&m.employee_id), COLUMN_STR(&m.kind), COLUMN_STR(&m.language),
                   COLUMN_STR(&m.to_address), COLUMN_STR(&m.subject), COLUMN_STR(&m.body_sealed),
                   COLUMN_INT(&m.created_at), COLUMN_INT(&m.expires_at))));
    TRY(unseal(cx, platform_seal_key(cx, SEAL_MAIL), context_of(cx->arena, &m), m.body_sealed,
               &body));
    m.body = (struct str){(const char *)body.p, body.n};
    *ret_mail = m;
    return OK;
}
