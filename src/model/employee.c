/* SPDX-License-Identifier: Apache-2.0 */
/* A person or an API user of one tenant, and the rules for their names. */
#include "model.h"

#include <string.h>

#define NAME_MAX_SIZE      128
#define USER_NAME_MAX_SIZE 254 /* RFC 5321 4.5.3.1.3, less the brackets */

err employee_find(struct ctx *cx, struct str tenant_id, struct str employee_id,
                  struct employee *ret_employee) {
    struct employee e = {.employee_id = employee_id, .tenant_id = tenant_id};
    TRY(db_one(cx,
               "SELECT user_name, email_address, first_name, middle_name, last_name, display_name, "
               "role_id, secondary_roles, team_id, type, status, agent_id, attributes "
               "FROM employee WHERE tenant_id = $1 AND employee_id = $2",
               DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(employee_id)),
               DB_COLUMNS(COLUMN_STR(&e.user_name), COLUMN_STR(&e.email_address),
                          COLUMN_STR(&e.first_name), COLUMN_STR(&e.middle_name),
                          COLUMN_STR(&e.last_name), COLUMN_STR(&e.display_name),
                          COLUMN_STR(&e.role_id), COLUMN_STR(&e.secondary_roles),
                          COLUMN_STR(&e.team_id), COLUMN_STR(&e.type), COLUMN_STR(&e.status),
                          COLUMN_INT(&e.agent_id), COLUMN_STR(&e.attributes))));
    *ret_employee = e;
    return OK;
}

bool employee_name_ok(struct str name) {
    /* PROTOCOL 8, seed 000 */
    static const char refused[] = "!/<>?%\"\\{}[]|^~*=;:@#$&()";
    if (name.n == 0 || name.n > NAME_MAX_SIZE || str_trim(name).n != name.n || !str_is_text(name)) {
        return false;
    }
    while (name.n > 0) {
        uint32_t c = 0;
        size_t n = str_code_point(name, &c);
        bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        if (n == 0 || control || (c < 0x80 && strchr(refused, (int)c) != NULL)) {
            return false;
        }
        name = str_sub(name, n, name.n);
    }
    return true;
}

static bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 1123 2.1: labels of letters, digits and inner hyphens. */
static bool domain_ok(struct str domain) {
    struct str label;
    while (str_next(&domain, '.', &label)) {
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-') {
            return false;
        }
        for (size_t i = 0; i < label.n; i++) {
            if (!is_letter_or_digit(label.p[i]) && label.p[i] != '-') {
                return false;
            }
        }
    }
    return true;
}

/* RFC 5322 3.2.3: dot-atom. */
static bool local_part_ok(struct str local) {
    static const char others[] = "!#$%&'*+-/=?^_`{|}~";
    struct str atom;
    while (str_next(&local, '.', &atom)) {
        if (atom.n == 0) {
            return false;
        }
        for (size_t i = 0; i < atom.n; i++) {
            char c = atom.p[i];
            if (!is_letter_or_digit(c) && (c == '\0' || strchr(others, c) == NULL)) {
                return false;
            }
        }
    }
    return true;
}

bool user_name_ok(struct str user_name) {
    size_t at = str_find_char(user_name, '@');
    if (user_name.n > USER_NAME_MAX_SIZE || at == 0 || at > 64 || at + 1 >= user_name.n) {
        return false;
    }
    return local_part_ok(str_sub(user_name, 0, at)) &&
           domain_ok(str_sub(user_name, at + 1, user_name.n));
}
