/* SPDX-License-Identifier: Apache-2.0 */
/* What files of the model share: the statements that find a user (user.c, access_key.c, caller.c),
 * what signing in stands on. */
#ifndef POSTERN_USER_H
#define POSTERN_USER_H

#include "model.h"

/* What tokens and userinfo need of an employee `e`, its tenant `t` and its primary role `r`; the
 * list and where it goes belong together. */
#define USER_COLUMNS_SQL                                                                           \
    "e.user_name, e.email_address, e.first_name, e.last_name, e.display_name, e.role_id, "         \
    "e.secondary_roles, e.team_id, e.type, e.status, e.agent_id, "                                 \
    "t.environment_id, t.tenant, t.area, t.cluster, t.sp_id, t.primary_business_unit, "            \
    "t.is_private, t.is_enabled, t.lifetimes, "                                                    \
    "r.name, r.legacy_id, r.permissions, r.updated_ms"
#define USER_JOINS_SQL                                                                             \
    "JOIN tenant t ON t.tenant_id = e.tenant_id "                                                  \
    "LEFT JOIN role r ON r.tenant_id = e.tenant_id AND r.role_id = e.role_id "
#define USER_COLUMNS(u, lifetimes)                                                                 \
    COLUMN_STR(&(u).employee.user_name), COLUMN_STR(&(u).employee.email_address),                  \
        COLUMN_STR(&(u).employee.first_name), COLUMN_STR(&(u).employee.last_name),                 \
        COLUMN_STR(&(u).employee.display_name), COLUMN_STR(&(u).employee.role_id),                 \
        COLUMN_STR(&(u).employee.secondary_roles), COLUMN_STR(&(u).employee.team_id),              \
        COLUMN_STR(&(u).employee.type), COLUMN_STR(&(u).employee.status),                          \
        COLUMN_INT(&(u).employee.agent_id), COLUMN_STR(&(u).tenant.environment_id),                \
        COLUMN_STR(&(u).tenant.tenant), COLUMN_STR(&(u).tenant.area),                              \
        COLUMN_STR(&(u).tenant.cluster), COLUMN_STR(&(u).tenant.sp_id),                            \
        COLUMN_INT(&(u).tenant.primary_business_unit), COLUMN_BOOL(&(u).tenant.is_private),        \
        COLUMN_BOOL(&(u).tenant.is_enabled), COLUMN_STR(&(lifetimes)), COLUMN_STR(&(u).role.name), \
        COLUMN_STR(&(u).role.legacy_id), COLUMN_STR(&(u).role.permissions),                        \
        COLUMN_INT(&(u).role.updated_ms)

/* ---- user.c ---- */

bool employee_is_alive(struct str type, struct str status);
/* Permissions of the primary role and of the secondary ones (ids, words), each once. */
err roles_permissions(struct ctx *cx, struct str tenant_id, struct str primary,
                      struct str secondary_roles, struct str *ret_permissions);

/* ---- application.c ---- */

/* What a tenant lets an application do; `decision` NULL: it decided nothing. */
struct application_access application_decide(struct str tenancy, bool owner,
                                             const int64_t *decision);

/* ---- employee_login.c, login_policy.c ---- */

bool employee_may_log_in(struct str type, struct str status); /* a person, and active */
struct login_policy login_policy_default(void);
err login_clear(struct ctx *cx, const struct login *l);

/* ---- tenant_token.c: a secret text that says whose it is ---- */

/* "TENANT.RANDOM" of characters that no URL, form or cookie changes. */
struct str tenant_token(struct ctx *cx, struct str tenant_id);
/* False: not of this form. */
bool tenant_token_parse(struct arena *a, struct str token, struct str *ret_tenant_id);

#endif
