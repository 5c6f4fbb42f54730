/* SPDX-License-Identifier: Apache-2.0 */
/* How the employees of a tenant sign in. Declarations make the rows (declare_login.c). */
#include "model.h"

static err found(struct ctx *cx, err e, struct str policy, struct login_authenticator *a,
                 struct login_authenticator *ret) {
    TRY(e);
    TRY(login_policy_parse(cx, policy, &a->policy));
    *ret = *a;
    return OK;
}

#define COLUMNS_SQL "login_authenticator_id, name, kind, is_default, policy"
#define COLUMNS(a, policy)                                                                         \
    DB_COLUMNS(COLUMN_STR(&(a).login_authenticator_id), COLUMN_STR(&(a).name),                     \
               COLUMN_STR(&(a).kind), COLUMN_BOOL(&(a).is_default), COLUMN_STR(&(policy)))

err login_authenticator_find(struct ctx *cx, struct str tenant_id, struct str id,
                             struct login_authenticator *ret) {
    struct login_authenticator a = {.tenant_id = tenant_id};
    struct str policy = STR_NONE;
    err e = db_one(cx,
                   "SELECT " COLUMNS_SQL
                   " FROM login_authenticator WHERE tenant_id = $1 AND login_authenticator_id = $2",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(id)), COLUMNS(a, policy));
    return found(cx, e, policy, &a, ret);
}

err login_authenticator_named(struct ctx *cx, struct str tenant_id, struct str name,
                              struct login_authenticator *ret) {
    struct login_authenticator a = {.tenant_id = tenant_id};
    struct str policy = STR_NONE;
    err e = db_one(
        cx, "SELECT " COLUMNS_SQL " FROM login_authenticator WHERE tenant_id = $1 AND name = $2",
        DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(name)), COLUMNS(a, policy));
    return found(cx, e, policy, &a, ret);
}

err login_authenticator_default(struct ctx *cx, struct str tenant_id,
                                struct login_authenticator *ret) {
    struct login_authenticator a = {.tenant_id = tenant_id};
    struct str policy = STR_NONE;
    err e = db_one(cx,
                   "SELECT " COLUMNS_SQL
                   " FROM login_authenticator WHERE tenant_id = $1 AND is_default = 1",
                   DB_ARGS(DB_TEXT(tenant_id)), COLUMNS(a, policy));
    return found(cx, e, policy, &a, ret);
}

err login_authenticator_of(struct ctx *cx, struct str tenant_id, struct str employee_id,
                           struct login_authenticator *ret) {
    struct login_authenticator a = {.tenant_id = tenant_id};
    struct str policy = STR_NONE;
    err e = db_one(cx,
                   "SELECT " COLUMNS_SQL
                   " FROM login_authenticator WHERE tenant_id = $1 AND login_authenticator_id = "
                   "(SELECT g.login_authenticator_id FROM employee_login g "
                   "WHERE g.tenant_id = $1 AND g.employee_id = $2)",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id)), COLUMNS(a, policy));
    return found(cx, e, policy, &a, ret);
}
