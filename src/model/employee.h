/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: people, their roles and access keys. */
#ifndef POSTERN_MODEL_EMPLOYEE_H
#define POSTERN_MODEL_EMPLOYEE_H

#include "application.h"

/* ---- role.c, employee.c, user.c ---- */

struct role {
    struct str role_id, name, legacy_id;
    struct str permissions; /* words */
    int64_t updated_ms;
};
struct employee {
    struct str employee_id, tenant_id, user_name, email_address;
    struct str first_name, middle_name, last_name, display_name;
    struct str role_id, secondary_roles; /* words */
    struct str team_id, type, status;
    int64_t agent_id;
    struct str attributes; /* JSON object */
};
err role_find(struct ctx *cx, struct str tenant_id, struct str role_id, struct role *ret_role);
err employee_find(struct ctx *cx, struct str tenant_id, struct str employee_id,
                  struct employee *ret_employee);
/* Other names of an employee (lookup.c); ERR_NOT_FOUND if nobody has it. */
err user_name_find(struct ctx *cx, struct str environment_id, struct str user_name,
                   struct str *ret_tenant_id, struct str *ret_employee_id);
err agent_find(struct ctx *cx, struct str tenant_id, int64_t agent_id, struct str *ret_employee_id);
/* First and last names (PROTOCOL 8): characters that are refused; user names look like an e-mail
 * address. */
bool employee_name_ok(struct str name);
bool user_name_ok(struct str user_name);

/* Who a user token speaks of: employee, tenant, primary role. One statement. ERR_NOT_FOUND. Checks
 * nothing else. */
struct user {
    struct employee employee;
    struct tenant tenant;
    struct role role;
};
err user_find(struct ctx *cx, struct str tenant_id, struct str employee_id, struct user *ret_user);
/* Tenant enabled and employee ACTIVE (or PENDING/UNREGISTERED for type api): may get tokens. */
bool user_is_alive(const struct user *u);
/* Permissions of primary and secondary roles, words, each once. */
err user_permissions(struct ctx *cx, const struct user *u, struct str *ret_permissions);

/* ---- access_key.c ---- */

#define ACCESS_KEY_LENGTH 56

struct access_key {
    struct str access_key_id, tenant_id, employee_id;
    bool is_active;
    int64_t created_at, last_used_at;
    int64_t epoch;    /* what it began is good for it; another one when it is deactivated */
    int64_t agent_id; /* of the employee, in lists */
};
/* id and secret are right, active, and the user is alive: ERR_INVALID_GRANT for everything else,
 * with the reason in the log alone; the secret is compared (constant time) also when the key is
 * unknown. */
err access_key_authenticate(struct ctx *cx, struct str environment_id, struct str access_key_id,
                            struct str access_key_secret, struct access_key *ret_key,
                            struct user *ret_user);
err access_key_used(struct ctx *cx,
                    const struct access_key *k); /* last_used_at, at most once a minute */
struct access_key_new {
    struct access_key key;
    struct str secret; /* shown once */
    struct str secret_digest;
    struct str environment_id, created_by;
};
/* Makes id and secret (no database); access_key_create stores them. */
void access_key_prepare(struct ctx *cx, struct access_key_new *key);
err access_key_create(
    struct ctx *cx, const struct access_key_new *key); /* NOT_FOUND: no such employee, or DELETED */
err access_key_find(struct ctx *cx, struct str tenant_id, struct str access_key_id,
                    struct access_key *ret_key);
/* One that no key had: what was begun in another is over. */
int64_t access_key_epoch_new(struct ctx *cx);
/* What it began ends when it is deactivated, and stays ended (SECURITY `dead-means-dead`). */
err access_key_set_active(struct ctx *cx, struct str tenant_id, struct str access_key_id,
                          bool active);
err access_key_delete(struct ctx *cx, struct str tenant_id, struct str access_key_id);
/* Keyset pages in the order of access_key_id; employee_id absent: the tenant's all. Fetches limit
 * rows after `after`. */
struct access_key_page {
    struct str tenant_id, employee_id, after;
    int64_t limit;
    bool backwards; /* limit rows before `after`, in descending order */
};
err access_keys_list(struct ctx *cx, const struct access_key_page *page, struct access_key *row,
                     err (*each)(struct ctx *cx, void *state), void *state);
err access_keys_count(struct ctx *cx, struct str tenant_id, struct str employee_id, int64_t *ret);

#endif
