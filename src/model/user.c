/* SPDX-License-Identifier: Apache-2.0 */
/* Who a user token speaks of: employee, tenant and primary role in one, and what they may do. */
#include "user.h"

err user_find(struct ctx *cx, struct str tenant_id, struct str employee_id, struct user *ret_user) {
    struct user u = {.employee = {.tenant_id = tenant_id, .employee_id = employee_id},
                     .tenant = {.tenant_id = tenant_id}};
    struct str lifetimes;
    TRY(db_one(cx,
               "SELECT " USER_COLUMNS_SQL ", e.middle_name, e.attributes "
               "FROM employee e " USER_JOINS_SQL "WHERE e.tenant_id = $1 AND e.employee_id = $2",
               DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id)),
               DB_COLUMNS(USER_COLUMNS(u, lifetimes), COLUMN_STR(&u.employee.middle_name),
                          COLUMN_STR(&u.employee.attributes))));
    TRY(lifetimes_parse(cx, lifetimes, &u.tenant.lifetimes));
    u.role.role_id = u.employee.role_id;
    *ret_user = u;
    return OK;
}

bool employee_is_alive(struct str type, struct str status) {
    /* An API user never registers: it has no login (PROTOCOL 1). */
    return str_is(status, "ACTIVE") ||
           (str_is(type, "api") && (str_is(status, "PENDING") || str_is(status, "UNREGISTERED")));
}

bool user_is_alive(const struct user *u) {
    return u->tenant.is_enabled && employee_is_alive(u->employee.type, u->employee.status);
}

#define ROLES_AT_ONCE 8

struct permissions {
    struct str row;
    struct buf words;
};

static void permissions_add(struct permissions *p, struct str words) {
    struct str word;
    while (str_next(&words, ' ', &word)) {
        if (word.n > 0 && !str_has_word(buf_view(&p->words), word)) {
            if (p->words.n > 0) {
                buf_char(&p->words, ' ');
            }
            buf_str(&p->words, word);
        }
    }
}

static err permissions_row(struct ctx *cx, void *state) {
    (void)cx;
    struct permissions *p = state;
    permissions_add(p, p->row);
    return OK;
}

static err permissions_of(struct ctx *cx, struct str tenant_id,
                          const struct db_value roles[ROLES_AT_ONCE], struct permissions *p) {
    return db_each(cx,
                   "SELECT permissions FROM role WHERE tenant_id = $1 AND role_id IN "
                   "($2, $3, $4, $5, $6, $7, $8, $9)",
                   DB_ARGS(DB_TEXT(tenant_id), roles[0], roles[1], roles[2], roles[3], roles[4],
                           roles[5], roles[6], roles[7]),
                   DB_COLUMNS(COLUMN_STR(&p->row)), permissions_row, p);
}

err roles_permissions(struct ctx *cx, struct str tenant_id, struct str primary,
                      struct str secondary_roles, struct str *ret_permissions) {
    struct str rest = str_trim(secondary_roles), id;
    if (rest.n == 0) {
        *ret_permissions = primary;
        return OK;
    }
    struct permissions p = {.words = buf_in(cx->arena, primary.n + 256)};
    permissions_add(&p, primary);
    while (rest.p != NULL) {
        struct db_value roles[ROLES_AT_ONCE];
        for (size_t i = 0; i < ROLES_AT_ONCE; i++) {
            bool more = str_next(&rest, ' ', &id);
            roles[i] = DB_TEXT(more ? id : STR(""));
        }
        TRY(permissions_of(cx, tenant_id, roles, &p));
    }
    *ret_permissions = buf_view(&p.words);
    return OK;
}

err user_permissions(struct ctx *cx, const struct user *u, struct str *ret_permissions) {
    return roles_permissions(cx, u->tenant.tenant_id, u->role.permissions,
                             u->employee.secondary_roles, ret_permissions);
}
