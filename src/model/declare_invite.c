/* SPDX-License-Identifier: Apache-2.0 */
/* Employees who are invited: by a mail with a link that sets their first password, once; again when
 * that has expired. */
#include "declare.h"

err declare_issuer_of(struct ctx *cx, struct str environment_id, struct str *ret_issuer) {
    return db_one(cx, "SELECT issuer FROM environment WHERE environment_id = $1",
                  DB_ARGS(DB_TEXT(environment_id)), DB_COLUMNS(COLUMN_STR(ret_issuer)));
}

err declare_invite_wanted(struct declare *d, const struct declare_object *o,
                          const struct employee *employee, struct str password_hash,
                          bool *ret_wanted) {
    bool exists;
    *ret_wanted = false;
    if (!o->v[EMPLOYEE_INVITE].given) {
        return OK;
    }
    if (o->v[EMPLOYEE_PASSWORD].given) {
        declare_mistake(d, o, "invite", "who is given a password is not invited; keep one of both");
        return OK;
    }
    if (password_hash.p != NULL) {
        return OK; /* has come */
    }
    if (!str_is(employee->status, "ACTIVE") && !employee_is_invited(employee->status)) {
        declare_mistake(d, o, "invite", "an employee who is %.*s is not invited",
                        STR_ARG(employee->status));
        return OK;
    }
    TRY(password_link_exists(d->cx, employee->tenant_id, employee->employee_id, &exists));
    *ret_wanted = !exists;
    return OK;
}

err declare_invite(struct declare *d, const struct declare_scope *scope,
                   const struct declare_object *o, const struct employee *employee) {
    struct invitation i = {
        .master = d->options->master, .language = o->v[EMPLOYEE_INVITE].text, .who = employee};
    if (d->options->invite == NULL) {
        return fail(d->cx, ERR_INTERNAL, "nobody writes invitations here");
    }
    TRY(declare_issuer_of(d->cx, scope->environment_id, &i.issuer));
    err e = d->options->invite(d->cx, &i);
    if (e == ERR_INVALID_REQUEST) {
        declare_mistake(d, o, "invite", "%s", failure_text(d->cx));
        return OK;
    }
    TRY(e);
    declare_secret(d, "employee", employee->user_name, "invitation", i.url);
    return OK;
}
