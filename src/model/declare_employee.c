/* SPDX-License-Identifier: Apache-2.0 */
/* Employees. Roles are named in the file and stored by id. */
#include "declare.h"

#define AGENT_ID_FIRST 1001

/* Absent after a mistake. */
static struct str role_id(struct declare *d, const struct declare_scope *scope,
                          const struct declare_object *o, const char *member, const json_t *json) {
    struct str name = {json_string_value(json), json_string_length(json)};
    struct declare_nearest nearest = {.name = name};
    for (size_t i = 0; i < scope->roles_n; i++) {
        if (str_eq(scope->roles[i].name, name)) {
            return scope->roles[i].role_id;
        }
        declare_nearest_try(&nearest, scope->roles[i].name);
    }
    struct str quoted = declare_quote(d->cx->arena, name);
    struct str hint = declare_nearest_text(d->cx->arena, &nearest);
    declare_mistake(d, o, member, "tenant %.*s has no role %.*s.%.*s", STR_ARG(scope->tenant),
                    STR_ARG(quoted), STR_ARG(hint));
    return STR_NONE;
}

/* From names to the stored ids. */
static void roles_resolve(struct declare *d, const struct declare_scope *scope,
                          const struct declare_object *o) {
    if (o->v[EMPLOYEE_ROLE].given) {
        o->v[EMPLOYEE_ROLE].text = role_id(d, scope, o, "role", o->v[EMPLOYEE_ROLE].json);
    }
    const json_t *names = o->v[EMPLOYEE_SECONDARY_ROLES].json;
    struct buf b = buf_in(d->cx->arena, 64);
    for (size_t i = 0; i < json_array_size(names); i++) {
        buf_z(&b, i > 0 ? " " : "");
        buf_str(&b, role_id(d, scope, o, "secondaryRoles", json_array_get(names, i)));
    }
    o->v[EMPLOYEE_SECONDARY_ROLES].text = b.n > 0 ? buf_view(&b) : STR("");
}

/* One more than any that the tenant or the file has. */
static err agent_id_next(struct declare *d, struct declare_scope *scope, int64_t *ret_agent_id) {
    if (scope->next_agent_id == 0) {
        int64_t max;
        TRY(db_one(d->cx, "SELECT coalesce(max(agent_id), 0) FROM employee WHERE tenant_id = $1",
                   DB_ARGS(DB_TEXT(scope->tenant_id)), DB_COLUMNS(COLUMN_INT(&max))));
        const struct declare_value *list = &scope->object->v[TENANT_EMPLOYEES];
        for (size_t i = 0; i < list->n; i++) {
            int64_t given = list->objects[i].v[EMPLOYEE_AGENT_ID].number;
            max = given > max ? given : max;
        }
        scope->next_agent_id = max < AGENT_ID_FIRST ? AGENT_ID_FIRST : max + 1;
    }
    *ret_agent_id = scope->next_agent_id++;
    return OK;
}

/* What depends on other members of a new employee. */
static err defaults_fill(struct declare *d, struct declare_scope *scope,
                         const struct declare_object *o, struct declare_value *values) {
    struct str user_name = declare_user_name(o);
    if (str_empty(values[EMPLOYEE_USER_NAME].text)) {
        values[EMPLOYEE_USER_NAME].text = user_name;
    }
    if (str_empty(values[EMPLOYEE_EMAIL_ADDRESS].text)) {
        values[EMPLOYEE_EMAIL_ADDRESS].text = user_name;
    }
    if (str_empty(values[EMPLOYEE_DISPLAY_NAME].text)) {
        struct str all =
            str_format(d->cx->arena, "%.*s %.*s", STR_ARG(values[EMPLOYEE_FIRST_NAME].text),
                       STR_ARG(values[EMPLOYEE_LAST_NAME].text));
        values[EMPLOYEE_DISPLAY_NAME].text = str_trim(all);
    }
    if (o->v[EMPLOYEE_INVITE].given && !o->v[EMPLOYEE_STATUS].given) {
        values[EMPLOYEE_STATUS].text = STR("PENDING"); /* until the invitation is used */
    }
    if (!o->v[EMPLOYEE_AGENT_ID].given) {
        TRY(agent_id_next(d, scope, &values[EMPLOYEE_AGENT_ID].number));
    }
    return OK;
}

static err taken_check(struct declare *d, const struct declare_scope *scope,
                       const struct declare_object *o, struct str employee_id) {
    struct str other;
    if (!o->v[EMPLOYEE_AGENT_ID].given) {
        return OK;
    }
    err e = agent_find(d->cx, scope->tenant_id, o->v[EMPLOYEE_AGENT_ID].number, &other);
    if (e == OK && !str_eq(other, employee_id)) {
        declare_mistake(d, o, "agentId", "another employee of the tenant has this number");
    }
    return e == ERR_NOT_FOUND ? OK : e;
}

struct found {
    struct str tenant_id, employee_id;
    struct declare_value *stored;
    bool is_new;
};

static err employee_load(struct declare *d, const struct declare_scope *scope,
                         const struct declare_object *o, struct found *f) {
    struct arena *a = d->cx->arena;
    f->stored = declare_values_new(a, &declare_employee);
    err e = db_one(
        d->cx,
        "SELECT e.tenant_id, e.employee_id, e.user_name, e.email_address, e.first_name, "
        "e.middle_name, e.last_name, e.display_name, e.role_id, e.secondary_roles, e.team_id, "
        "e.agent_id, e.type, e.status, e.attributes FROM user_name_index i JOIN employee e "
        "ON e.tenant_id = i.tenant_id AND e.employee_id = i.employee_id "
        "WHERE i.environment_id = $1 AND i.user_name_folded = $2",
        DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(str_lower(a, declare_user_name(o)))),
        declare_columns(a, &declare_employee, f->stored,
                        DB_COLUMNS(COLUMN_STR(&f->tenant_id), COLUMN_STR(&f->employee_id))));
    f->is_new = e == ERR_NOT_FOUND;
    if (e != OK) {
        return e == ERR_NOT_FOUND ? OK : e;
    }
    const struct declare_value *id = declare_given(o, EMPLOYEE_ID);
    if (!str_eq(f->tenant_id, scope->tenant_id)) {
        declare_mistake(d, o, NULL,
                        "an employee of another tenant has this user name; it is unique in an "
                        "environment");
    } else if (id != NULL && !str_eq(id->text, f->employee_id)) {
        declare_mistake(d, o, "id", "this employee is %.*s, and ids do not change",
                        STR_ARG(f->employee_id));
    }
    return OK;
}

static err employee_id_new(struct declare *d, const struct declare_scope *scope,
                           const struct declare_object *o, struct str *ret_id) {
    const struct declare_value *id = declare_given(o, EMPLOYEE_ID);
    if (id == NULL) {
        *ret_id = uuid_v7(d->cx);
        return OK;
    }
    bool exists;
    *ret_id = id->text;
    /* The parent first: of two declarations at once, one sees what the other wrote. */
    TRY(db_exec(d->cx, "UPDATE environment SET name = name WHERE environment_id = $1",
                DB_ARGS(DB_TEXT(scope->environment_id)), NULL));
    /* Core 2: a token's sub names one user of an issuer. all tenants: each by its own key */
    TRY(db_exists(d->cx,
                  "SELECT 1 FROM tenant t JOIN employee e ON e.tenant_id = t.tenant_id "
                  "AND e.employee_id = $2 WHERE t.environment_id = $1",
                  DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(id->text)), &exists));
    if (exists) {
        declare_mistake(d, o, "id", "another employee of the environment has this id");
    }
    return OK;
}

static err employee_write(struct declare *d, const struct declare_scope *scope,
                          const struct found *f, const struct declare_value *values) {
    struct ctx *cx = d->cx;
    struct db_args args =
        declare_args(cx->arena, &declare_employee, values,
                     DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(f->employee_id), DB_INT(cx->now)));
    if (!f->is_new) {
        TRY(db_exec(cx,
                    "UPDATE employee SET updated_at = $3, user_name = $4, email_address = $5, "
                    "first_name = $6, middle_name = $7, last_name = $8, display_name = $9, "
                    "role_id = $10, secondary_roles = $11, team_id = $12, agent_id = $13, "
                    "type = $14, status = $15, attributes = $16 "
                    "WHERE tenant_id = $1 AND employee_id = $2",
                    args, NULL));
        /* SECURITY `dead-means-dead`: who comes back later begins anew. */
        return str_is(values[EMPLOYEE_STATUS].text, "ACTIVE")
                   ? OK
                   : employee_sessions_end(cx, scope->tenant_id, f->employee_id);
    }
    TRY(db_exec(
        cx,
        "INSERT INTO employee (tenant_id, employee_id, created_at, updated_at, user_name, "
        "email_address, first_name, middle_name, last_name, display_name, role_id, "
        "secondary_roles, team_id, agent_id, type, status, attributes) "
        "VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        args, NULL));
    struct str folded = str_lower(cx->arena, values[EMPLOYEE_USER_NAME].text);
    return db_exec(cx,
                   "INSERT INTO user_name_index (environment_id, user_name_folded, tenant_id, "
                   "employee_id) VALUES ($1, $2, $3, $4)",
                   DB_ARGS(DB_TEXT(scope->environment_id), DB_TEXT(folded),
                           DB_TEXT(scope->tenant_id), DB_TEXT(f->employee_id)),
                   NULL);
}

/* What the login's rules ask of an employee. */
static struct employee employee_of(const struct declare_scope *scope, const struct found *f,
                                   const struct declare_value *values) {
    return (struct employee){.tenant_id = scope->tenant_id,
                             .employee_id = f->employee_id,
                             .user_name = values[EMPLOYEE_USER_NAME].text,
                             .email_address = values[EMPLOYEE_EMAIL_ADDRESS].text,
                             .first_name = values[EMPLOYEE_FIRST_NAME].text,
                             .middle_name = values[EMPLOYEE_MIDDLE_NAME].text,
                             .last_name = values[EMPLOYEE_LAST_NAME].text,
                             .display_name = values[EMPLOYEE_DISPLAY_NAME].text,
                             .type = values[EMPLOYEE_TYPE].text,
                             .status = values[EMPLOYEE_STATUS].text};
}

/* SECURITY `reset`, `dead-means-dead`: a link is of the address that it was sent to, and of
 * somebody who may use it; who comes back later asks for another. */
static err links_check(struct declare *d, const struct found *f, const struct employee *employee) {
    bool moved = !str_eq(employee->email_address, f->stored[EMPLOYEE_EMAIL_ADDRESS].text);
    bool alive = str_is(employee->status, "ACTIVE") || employee_is_invited(employee->status);
    if (f->is_new || (alive && !moved)) {
        return OK;
    }
    return password_links_void(d->cx, employee->tenant_id, employee->employee_id);
}

static err employee_apply(struct declare *d, struct declare_scope *scope,
                          const struct declare_object *o) {
    struct declare_value *values;
    struct str changed;
    struct found f;
    size_t before = d->mistakes_seen;
    TRY(employee_load(d, scope, o, &f));
    roles_resolve(d, scope, o);
    declare_merge(d, o, f.is_new ? NULL : f.stored, &values, &changed);
    if (d->mistakes_seen == before && f.is_new) {
        TRY(employee_id_new(d, scope, o, &f.employee_id));
        TRY(defaults_fill(d, scope, o, values));
    }
    if (d->mistakes_seen == before) {
        TRY(taken_check(d, scope, o, f.employee_id));
    }
    if (d->mistakes_seen != before) {
        return OK;
    }
    const struct employee employee = employee_of(scope, &f, values);
    struct declare_login login = {.changed = changed};
    TRY(links_check(d, &f, &employee));
    TRY(declare_employee_login(d, scope, o, &employee, &login));
    if (f.is_new || !str_empty(login.changed)) {
        TRY(employee_write(d, scope, &f, values));
        TRY(login.invites ? declare_invite(d, scope, o, &employee) : OK);
        TRY(declare_note(d, &(struct declare_note){.kind = &declare_employee,
                                                   .is_new = f.is_new,
                                                   .name = values[EMPLOYEE_USER_NAME].text,
                                                   .detail = f.is_new ? STR("") : login.changed,
                                                   .tenant_id = scope->tenant_id,
                                                   .object = f.employee_id}));
    }
    struct declare_owner owner = {f.employee_id, values[EMPLOYEE_USER_NAME].text, f.is_new};
    return declare_access_keys(d, scope, &owner, o);
}

err declare_employees(struct declare *d, struct declare_scope *scope) {
    const struct declare_value *list = &scope->object->v[TENANT_EMPLOYEES];
    for (size_t i = 0; i < list->n; i++) {
        TRY(employee_apply(d, scope, &list->objects[i]));
    }
    return OK;
}
