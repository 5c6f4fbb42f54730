/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a new password, and which ones it may not be: today's, and as many before it as the
 * policy says. To compare with one costs an argon2, so the list is short, and read on the pool. */
#include "user.h"

struct history {
    struct password_owner *owner;
    struct str hash;
};

static err history_add(struct ctx *cx, void *state) {
    (void)cx;
    struct history *h = state;
    if (h->owner->history_n < COUNT_OF(h->owner->history)) {
        h->owner->history[h->owner->history_n++] = h->hash;
    }
    return OK;
}

static bool may_get_one(const struct password_owner *o, bool tenant_enabled) {
    const struct employee *e = &o->who;
    bool alive = str_is(e->status, "ACTIVE") || employee_is_invited(e->status);
    return tenant_enabled && alive && str_is(e->type, "user");
}

err password_owner_find(struct ctx *cx, struct str tenant_id, struct str employee_id,
                        struct password_owner *ret_owner) {
    struct password_owner o = {.who = {.tenant_id = tenant_id, .employee_id = employee_id}};
    struct str kind, policy;
    bool tenant_enabled;
    TRY(db_one(
        cx,
        "SELECT e.user_name, e.email_address, e.first_name, e.middle_name, e.last_name, "
        "e.display_name, e.type, e.status, t.is_enabled, g.password_hash, a.kind, a.policy "
        "FROM employee e JOIN tenant t ON t.tenant_id = e.tenant_id "
        "JOIN employee_login g ON g.tenant_id = e.tenant_id AND g.employee_id = e.employee_id "
        "JOIN login_authenticator a ON a.tenant_id = e.tenant_id "
        "AND a.login_authenticator_id = g.login_authenticator_id "
        "WHERE e.tenant_id = $1 AND e.employee_id = $2",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id)),
        DB_COLUMNS(COLUMN_STR(&o.who.user_name), COLUMN_STR(&o.who.email_address),
                   COLUMN_STR(&o.who.first_name), COLUMN_STR(&o.who.middle_name),
                   COLUMN_STR(&o.who.last_name), COLUMN_STR(&o.who.display_name),
                   COLUMN_STR(&o.who.type), COLUMN_STR(&o.who.status), COLUMN_BOOL(&tenant_enabled),
                   COLUMN_STR(&o.password_hash), COLUMN_STR(&kind), COLUMN_STR(&policy))));
    if (!may_get_one(&o, tenant_enabled) || !str_is(kind, "system")) {
        return fail(cx, ERR_NOT_FOUND, "employee %.*s is %.*s %.*s and signs in by %.*s",
                    STR_ARG(employee_id), STR_ARG(o.who.status), STR_ARG(o.who.type),
                    STR_ARG(kind));
    }
    TRY(login_policy_parse(cx, policy, &o.policy));
    struct history h = {.owner = &o};
    TRY(db_each(cx,
                "SELECT password_hash FROM password_history WHERE tenant_id = $1 "
                "AND employee_id = $2 ORDER BY password_history_id DESC LIMIT $3",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(o.policy.history)),
                DB_COLUMNS(COLUMN_STR(&h.hash)), history_add, &h));
    *ret_owner = o;
    return OK;
}

bool password_was_used(const struct password_owner *owner, struct str password) {
    bool stale, used = owner->password_hash.p != NULL &&
                       password_matches(password, owner->password_hash, &stale);
    for (size_t i = 0; i < owner->history_n && !used; i++) {
        used = password_matches(password, owner->history[i], &stale);
    }
    return used;
}

err password_history_keep(struct ctx *cx, struct str tenant_id, struct str employee_id,
                          int64_t keep) {
    if (keep > 0) {
        TRY(db_exec(cx,
                    "INSERT INTO password_history (tenant_id, employee_id, password_history_id, "
                    "password_hash) SELECT tenant_id, employee_id, $3, password_hash "
                    "FROM employee_login WHERE tenant_id = $1 AND employee_id = $2 "
                    "AND password_hash IS NOT NULL",
                    DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_TEXT(uuid_v7(cx))), NULL));
    }
    return db_exec(cx,
                   "DELETE FROM password_history WHERE tenant_id = $1 AND employee_id = $2 "
                   "AND password_history_id NOT IN (SELECT password_history_id "
                   "FROM password_history WHERE tenant_id = $1 AND employee_id = $2 "
                   "ORDER BY password_history_id DESC LIMIT $3)",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(keep)), NULL);
}

err password_replace(struct ctx *cx, const struct password_owner *owner, struct str password_hash) {
    const struct employee *e = &owner->who;
    TRY(password_history_keep(cx, e->tenant_id, e->employee_id, owner->policy.history));
    TRY(login_password_set(cx, e->tenant_id, e->employee_id, password_hash, false));
    /* Who was invited has come. */
    return db_exec(cx,
                   "UPDATE employee SET status = 'ACTIVE', updated_at = $3 WHERE tenant_id = $1 "
                   "AND employee_id = $2 AND status IN ('PENDING', 'UNREGISTERED')",
                   DB_ARGS(DB_TEXT(e->tenant_id), DB_TEXT(e->employee_id), DB_INT(cx->now)), NULL);
}
