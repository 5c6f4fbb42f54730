/* SPDX-License-Identifier: Apache-2.0 */
/* What an employee signs in with: the password's hash, and the counter that locks (SECURITY
 * `lockout`). The counter is the row's: it survives a restart and is the same for every node. */
#include "user.h"

/* "locked" is told to the right password (PROTOCOL 5), which makes it an oracle: after so many
 * wrong ones while it is locked, as a multiple of lock_after, it is told no more. */
#define TOLD_TIMES 2

bool employee_may_log_in(struct str type, struct str status) {
    return str_is(type, "user") && str_is(status, "ACTIVE");
}

struct found {
    struct login login;
    struct str policy, type, status, factor;
    bool tenant_enabled;
};

#define FOUND_SQL                                                                                  \
    "SELECT e.tenant_id, e.employee_id, e.user_name, e.type, e.status, t.is_enabled, "             \
    "g.password_hash, g.password_changed_at, g.must_change, g.failures, g.locked_until, "          \
    "g.epoch, g.mfa_kind, g.mfa_sealed, g.mfa_position, "                                          \
    "a.login_authenticator_id, a.kind, a.policy "
#define FOUND_JOINS_SQL                                                                            \
    "JOIN tenant t ON t.tenant_id = e.tenant_id "                                                  \
    "JOIN employee_login g ON g.tenant_id = e.tenant_id AND g.employee_id = e.employee_id "        \
    "LEFT JOIN login_authenticator a ON a.tenant_id = e.tenant_id "                                \
    "AND a.login_authenticator_id = g.login_authenticator_id "
#define FOUND_COLUMNS(f)                                                                           \
    DB_COLUMNS(COLUMN_STR(&(f)->login.tenant_id), COLUMN_STR(&(f)->login.employee_id),             \
               COLUMN_STR(&(f)->login.user_name), COLUMN_STR(&(f)->type),                          \
               COLUMN_STR(&(f)->status), COLUMN_BOOL(&(f)->tenant_enabled),                        \
               COLUMN_STR(&(f)->login.password_hash), COLUMN_INT(&(f)->login.password_changed_at), \
               COLUMN_BOOL(&(f)->login.must_change), COLUMN_INT(&(f)->login.failures),             \
               COLUMN_INT(&(f)->login.locked_until), COLUMN_INT(&(f)->login.epoch),                \
               COLUMN_STR(&(f)->factor), COLUMN_STR(&(f)->login.factor_sealed),                    \
               COLUMN_INT(&(f)->login.factor_position), COLUMN_STR(&(f)->login.authenticator_id),  \
               COLUMN_STR(&(f)->login.authenticator_kind), COLUMN_STR(&(f)->policy))

static bool is_old(const struct ctx *cx, const struct login *l) {
    int64_t days = l->policy.max_age_days;
    return days > 0 && l->password_changed_at + days * 86400 <= cx->now;
}

/* By a password of ours, or not at all. */
static bool is_ours(const struct login *l) {
    return l->authenticator_kind.p == NULL || str_is(l->authenticator_kind, "system");
}

/* Alive, and what follows from the policy. */
static err found_end(struct ctx *cx, struct found *f, struct login *ret_login) {
    struct login *l = &f->login;
    if (!f->tenant_enabled || !employee_may_log_in(f->type, f->status)) {
        return fail(cx, ERR_NOT_FOUND, "employee %.*s is %.*s %.*s, its tenant %s",
                    STR_ARG(l->employee_id), STR_ARG(f->status), STR_ARG(f->type),
                    f->tenant_enabled ? "enabled" : "disabled");
    }
    TRY(login_policy_parse(cx, f->policy, &l->policy));
    if (f->factor.p != NULL && !factor_parse(f->factor, &l->factor)) {
        return fail(cx, ERR_INTERNAL, "employee %.*s has a second factor of another version",
                    STR_ARG(l->employee_id));
    }
    l->must_change =
        is_ours(l) && (l->must_change || (l->password_hash.p != NULL && is_old(cx, l)));
    *ret_login = *l;
    return OK;
}

err login_of(struct ctx *cx, struct str tenant_id, struct str employee_id,
             struct login *ret_login) {
    struct found f = {.tenant_enabled = false};
    TRY(db_one(cx,
               FOUND_SQL "FROM employee e " FOUND_JOINS_SQL
                         "WHERE e.tenant_id = $1 AND e.employee_id = $2",
               DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id)), FOUND_COLUMNS(&f)));
    return found_end(cx, &f, ret_login);
}

err login_find(struct ctx *cx, struct str environment_id, struct str user_name,
               struct login *ret_login) {
    struct found f = {.tenant_enabled = false};
    if (!user_name_ok(user_name)) {
        return fail(cx, ERR_NOT_FOUND, "not the form of a user name");
    }
    /* all tenants: the index says whose it is; every join goes by tenant_id */
    TRY(db_one(cx,
               FOUND_SQL "FROM user_name_index i "
                         "JOIN employee e ON e.tenant_id = i.tenant_id AND e.employee_id = "
                         "i.employee_id " FOUND_JOINS_SQL
                         "WHERE i.environment_id = $1 AND i.user_name_folded = $2",
               DB_ARGS(DB_TEXT(environment_id), DB_TEXT(str_lower(cx->arena, user_name))),
               FOUND_COLUMNS(&f)));
    if (f.login.password_hash.p == NULL) {
        return fail(cx, ERR_NOT_FOUND, "employee %.*s has no password",
                    STR_ARG(f.login.employee_id));
    }
    /* A password that was left behind opens nothing. */
    if (!is_ours(&f.login)) {
        return fail(cx, ERR_NOT_FOUND, "employee %.*s signs in elsewhere",
                    STR_ARG(f.login.employee_id));
    }
    return found_end(cx, &f, ret_login);
}

struct login login_dummy(struct str user_name) {
    return (struct login){.user_name = user_name,
                          .tenant_id = STR(""),
                          .employee_id = STR(""),
                          .policy = login_policy_default(),
                          .password_hash = password_dummy()};
}

static err lock_note(struct ctx *cx, const struct login *l, struct str remote) {
    const struct audit record = {.tenant_id = l->tenant_id,
                                 .actor = STR("anonymous"),
                                 .action = STR("user.lock"),
                                 .object = l->employee_id,
                                 .remote = remote};
    return audit_write(cx, &record);
}

err login_failed(struct ctx *cx, const struct login *l, struct str remote) {
    int64_t n;
    /* A lock that has ended begins a new count. */
    TRY(db_exec(cx,
                "UPDATE employee_login SET updated_at = $3, "
                "failures = CASE WHEN locked_until <= $3 THEN 1 ELSE failures + 1 END, "
                "locked_until = CASE WHEN locked_until > $3 THEN locked_until END "
                "WHERE tenant_id = $1 AND employee_id = $2",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_INT(cx->now)), NULL));
    /* One that holds is not made longer; of many at once, one alone locks. */
    TRY(db_exec(cx,
                "UPDATE employee_login SET locked_until = $3 "
                "WHERE tenant_id = $1 AND employee_id = $2 AND failures >= $4 "
                "AND locked_until IS NULL",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id),
                        DB_INT(cx->now + l->policy.lock_seconds), DB_INT(l->policy.lock_after)),
                &n));
    return n == 1 ? lock_note(cx, l, remote) : OK;
}

/* Why the right password did not open: the row as it is now. */
static err refuse(struct ctx *cx, const struct login *l) {
    int64_t failures, locked_until;
    err e =
        db_one(cx,
               "SELECT failures, locked_until FROM employee_login "
               "WHERE tenant_id = $1 AND employee_id = $2 AND password_hash = $3",
               DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_TEXT(l->password_hash)),
               DB_COLUMNS(COLUMN_INT(&failures), COLUMN_INT(&locked_until)));
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INVALID_GRANT, "the password was changed meanwhile");
    }
    TRY(e);
    if (failures >= l->policy.lock_after * TOLD_TIMES) {
        return fail(cx, ERR_INVALID_GRANT, "locked, and too many wrong passwords since");
    }
    return fail(cx, ERR_FORBIDDEN, "employee %.*s is locked until %lld", STR_ARG(l->employee_id),
                (long long)locked_until);
}

err login_succeeded(struct ctx *cx, const struct login *l, bool is_whole) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE employee_login SET updated_at = $3, "
                "failures = CASE WHEN $5 = 1 THEN 0 ELSE failures END, "
                "locked_until = CASE WHEN $5 = 1 THEN NULL ELSE locked_until END "
                "WHERE tenant_id = $1 AND employee_id = $2 AND password_hash = $4 "
                "AND (locked_until IS NULL OR locked_until <= $3)",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_INT(cx->now),
                        DB_TEXT(l->password_hash), DB_BOOL(is_whole)),
                &n));
    return n == 1 ? OK : refuse(cx, l);
}

err login_not_locked(struct ctx *cx, const struct login *l) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE employee_login SET updated_at = $3 "
                "WHERE tenant_id = $1 AND employee_id = $2 "
                "AND (locked_until IS NULL OR locked_until <= $3)",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_INT(cx->now)), &n));
    return n == 1 ? OK : fail(cx, ERR_FORBIDDEN, "locked while its second factor was asked for");
}

err login_clear(struct ctx *cx, const struct login *l) {
    return db_exec(cx,
                   "UPDATE employee_login SET failures = 0, locked_until = NULL, updated_at = $3 "
                   "WHERE tenant_id = $1 AND employee_id = $2",
                   DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_INT(cx->now)), NULL);
}

err login_password_set(struct ctx *cx, struct str tenant_id, struct str employee_id,
                       struct str password_hash, bool must_change) {
    TRY(db_exec(cx,
                "INSERT INTO employee_login (tenant_id, employee_id, password_hash, "
                "password_changed_at, must_change, failures, updated_at) "
                "VALUES ($1, $2, $3, $4, $5, 0, $4) ON CONFLICT (tenant_id, employee_id) "
                "DO UPDATE SET password_hash = excluded.password_hash, "
                "password_changed_at = excluded.password_changed_at, "
                "must_change = excluded.must_change, failures = 0, locked_until = NULL, "
                "updated_at = excluded.updated_at",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_TEXT(password_hash),
                        DB_INT(cx->now), DB_BOOL(must_change)),
                NULL));
    TRY(password_links_void(cx, tenant_id, employee_id));
    return sso_sessions_end(cx, tenant_id, employee_id);
}

err login_password_rehash(struct ctx *cx, const struct login *l, struct str password_hash) {
    return db_exec(cx,
                   "UPDATE employee_login SET password_hash = $4, updated_at = $5 "
                   "WHERE tenant_id = $1 AND employee_id = $2 AND password_hash = $3",
                   DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id),
                           DB_TEXT(l->password_hash), DB_TEXT(password_hash), DB_INT(cx->now)),
                   NULL);
}

err login_authenticator_set(struct ctx *cx, struct str tenant_id, struct str employee_id,
                            struct str login_authenticator_id) {
    TRY(db_exec(cx,
                "INSERT INTO employee_login (tenant_id, employee_id, login_authenticator_id, "
                "must_change, failures, updated_at) VALUES ($1, $2, $3, 0, 0, $4) "
                "ON CONFLICT (tenant_id, employee_id) DO UPDATE SET "
                "login_authenticator_id = excluded.login_authenticator_id, "
                "external_subject = NULL, updated_at = excluded.updated_at",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_TEXT(login_authenticator_id),
                        DB_INT(cx->now)),
                NULL));
    return sso_sessions_end(cx, tenant_id, employee_id);
}
