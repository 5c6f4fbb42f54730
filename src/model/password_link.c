/* SPDX-License-Identifier: Apache-2.0 */
/* A link that sets a password, once: of somebody who forgot it, or who is invited (SECURITY
 * `reset`). It is good for the password that there was when it was made, and no newer one. */
#include "user.h"

bool employee_is_invited(struct str status) {
    return str_is(status, "PENDING") || str_is(status, "UNREGISTERED");
}

void password_link_prepare(struct ctx *cx, struct password_link *l) {
    bool invites = str_is(l->kind, LINK_INVITATION);
    l->link = tenant_token(cx, l->tenant_id);
    l->digest = sha256_text(cx->arena, l->link);
    l->expires_at = cx->now + (invites ? INVITATION_SECONDS : PASSWORD_RESET_SECONDS);
}

err password_links_void(struct ctx *cx, struct str tenant_id, struct str employee_id) {
    TRY(db_exec(cx, "DELETE FROM password_link WHERE tenant_id = $1 AND employee_id = $2",
                DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id)), NULL));
    /* A mail with a link has no use without it. */
    return db_exec(cx,
                   "DELETE FROM mail WHERE tenant_id = $1 AND employee_id = $2 "
                   "AND kind IN ('" LINK_RESET "', '" LINK_INVITATION "')",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id)), NULL);
}

err password_link_create(struct ctx *cx, const struct password_link *l) {
    TRY(password_links_void(cx, l->tenant_id, l->employee_id));
    return db_exec(cx,
                   "INSERT INTO password_link (tenant_id, link_digest, employee_id, kind, "
                   "password_changed_at, created_at, expires_at) "
                   "SELECT tenant_id, $3, employee_id, $4, password_changed_at, $5, $6 "
                   "FROM employee_login WHERE tenant_id = $1 AND employee_id = $2",
                   DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_TEXT(l->digest),
                           DB_TEXT(l->kind), DB_INT(cx->now), DB_INT(l->expires_at)),
                   NULL);
}

err password_link_find(struct ctx *cx, struct str environment_id, struct str link,
                       struct password_link *ret_link, struct password_owner *ret_owner) {
    struct password_link l = {.link = link};
    if (!tenant_token_parse(cx->arena, link, &l.tenant_id)) {
        return fail(cx, ERR_NOT_FOUND, "not the form of a link");
    }
    l.digest = sha256_text(cx->arena, link);
    TRY(db_one(
        cx,
        "SELECT l.employee_id, l.kind, l.expires_at FROM password_link l "
        "JOIN tenant t ON t.tenant_id = l.tenant_id "
        "JOIN employee_login g ON g.tenant_id = l.tenant_id "
        "AND g.employee_id = l.employee_id "
        "AND coalesce(g.password_changed_at, 0) = coalesce(l.password_changed_at, 0) "
        "WHERE l.tenant_id = $1 AND l.link_digest = $2 AND t.environment_id = $3",
        DB_ARGS(DB_TEXT(l.tenant_id), DB_TEXT(l.digest), DB_TEXT(environment_id)),
        DB_COLUMNS(COLUMN_STR(&l.employee_id), COLUMN_STR(&l.kind), COLUMN_INT(&l.expires_at))));
    if (l.expires_at <= cx->now) {
        return fail(cx, ERR_NOT_FOUND, "the link has expired");
    }
    TRY(password_owner_find(cx, l.tenant_id, l.employee_id, ret_owner));
    if (str_is(l.kind, LINK_RESET) && !str_is(ret_owner->who.status, "ACTIVE")) {
        return fail(cx, ERR_NOT_FOUND, "employee %.*s is %.*s", STR_ARG(l.employee_id),
                    STR_ARG(ret_owner->who.status));
    }
    *ret_link = l;
    return OK;
}

err password_link_use(struct ctx *cx, const struct password_link *l) {
    int64_t n;
    /* The parent first, as in whatever else changes both. */
    TRY(db_exec(cx,
                "UPDATE employee_login SET updated_at = $3 "
                "WHERE tenant_id = $1 AND employee_id = $2",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->employee_id), DB_INT(cx->now)), NULL));
    TRY(db_exec(cx,
                "DELETE FROM password_link WHERE tenant_id = $1 AND link_digest = $2 "
                "AND employee_id = $3 AND expires_at > $4 AND coalesce(password_changed_at, 0) = "
                "(SELECT coalesce(g.password_changed_at, 0) FROM employee_login g "
                "WHERE g.tenant_id = $1 AND g.employee_id = $3)",
                DB_ARGS(DB_TEXT(l->tenant_id), DB_TEXT(l->digest), DB_TEXT(l->employee_id),
                        DB_INT(cx->now)),
                &n));
    return n == 1 ? OK : fail(cx, ERR_INVALID_GRANT, "the link was used, or is void by now");
}

err password_link_exists(struct ctx *cx, struct str tenant_id, struct str employee_id,
                         bool *ret_exists) {
    return db_exists(cx,
                     "SELECT 1 FROM password_link WHERE tenant_id = $1 AND employee_id = $2 "
                     "AND expires_at > $3",
                     DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id), DB_INT(cx->now)),
                     ret_exists);
}
