/* SPDX-License-Identifier: Apache-2.0 */
/* How the people of a tenant sign in: its login authenticators, and what each employee has. */
#include "declare.h"

static err authenticator_note(struct declare *d, const struct declare_scope *scope,
                              const struct login_authenticator *a,
                              const struct declare_note *changed) {
    struct declare_note note = *changed;
    note.kind = &declare_login_authenticator;
    note.name = str_format(d->cx->arena, "%.*s/%.*s", STR_ARG(scope->tenant), STR_ARG(a->name));
    note.tenant_id = scope->tenant_id;
    note.object = a->login_authenticator_id;
    return declare_note(d, &note);
}

/* A new one is the default if the tenant would have none. */
static err first_is_default(struct declare *d, const struct declare_scope *scope,
                            const struct declare_object *o, int64_t *is_default) {
    const struct declare_value *all = &scope->object->v[TENANT_LOGIN_AUTHENTICATORS];
    bool given = o->v[LOGIN_AUTHENTICATOR_DEFAULT].given, exists;
    for (size_t i = 0; i < all->n; i++) {
        given = given || all->objects[i].v[LOGIN_AUTHENTICATOR_DEFAULT].number != 0;
    }
    if (given) {
        return OK;
    }
    TRY(db_exists(d->cx,
                  "SELECT 1 FROM login_authenticator WHERE tenant_id = $1 AND is_default = 1",
                  DB_ARGS(DB_TEXT(scope->tenant_id)), &exists));
    *is_default = !exists;
    return OK;
}

/* The one that was the default loses it: a change of its own. */
static err default_move(struct declare *d, const struct declare_scope *scope, struct str id) {
    struct login_authenticator was;
    err e = login_authenticator_default(d->cx, scope->tenant_id, &was);
    if (e == ERR_NOT_FOUND || (e == OK && str_eq(was.login_authenticator_id, id))) {
        return OK;
    }
    TRY(e);
    TRY(db_exec(
        d->cx,
        "UPDATE login_authenticator SET is_default = 0, updated_at = $3 "
        "WHERE tenant_id = $1 AND login_authenticator_id = $2",
        DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(was.login_authenticator_id), DB_INT(d->cx->now)),
        NULL));
    return authenticator_note(d, scope, &was, &(struct declare_note){.detail = STR("default")});
}

static err authenticator_write(struct declare *d, const struct declare_scope *scope,
                               const struct declare_provider *p,
                               const struct declare_value *values) {
    struct str id = p->row->login_authenticator_id;
    struct db_args args = declare_args(
        d->cx->arena, &declare_login_authenticator, values,
        DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(id), DB_INT(d->cx->now), DB_TEXT(p->sealed)));
    if (values[LOGIN_AUTHENTICATOR_DEFAULT].number != 0) {
        TRY(default_move(d, scope, id));
    }
    return db_exec(d->cx,
                   "INSERT INTO login_authenticator (tenant_id, login_authenticator_id, "
                   "created_at, updated_at, secret_sealed, name, kind, is_default, policy, "
                   "provider) VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9) "
                   "ON CONFLICT (tenant_id, login_authenticator_id) DO UPDATE SET "
                   "updated_at = excluded.updated_at, kind = excluded.kind, "
                   "is_default = excluded.is_default, policy = excluded.policy, "
                   "provider = excluded.provider, secret_sealed = excluded.secret_sealed",
                   args, NULL);
}

static err authenticator_load(struct declare *d, struct login_authenticator *row,
                              struct declare_value *stored, struct declare_provider *p) {
    err e = db_one(d->cx,
                   "SELECT login_authenticator_id, secret_sealed, name, kind, is_default, policy, "
                   "provider FROM login_authenticator WHERE tenant_id = $1 AND name = $2",
                   DB_ARGS(DB_TEXT(row->tenant_id), DB_TEXT(row->name)),
                   declare_columns(d->cx->arena, &declare_login_authenticator, stored,
                                   DB_COLUMNS(COLUMN_STR(&row->login_authenticator_id),
                                              COLUMN_STR(&p->sealed))));
    p->row = row;
    p->is_new = e == ERR_NOT_FOUND;
    p->stored = p->is_new ? STR_NONE : stored[LOGIN_AUTHENTICATOR_PROVIDER].text;
    if (p->is_new) {
        row->login_authenticator_id = uuid_v7(d->cx);
    }
    return p->is_new ? OK : e;
}

/* What the provider must know before it gives a client secret. A plan makes no lasting tenantId. */
static err callback_hint(struct declare *d, const struct declare_scope *scope,
                         const struct declare_value *was, const struct declare_value *values,
                         struct str *ret_hint) {
    struct str issuer;
    bool known = d->options->apply || !scope->tenant_is_new || scope->object->v[TENANT_ID].given;
    *ret_hint = STR_NONE;
    if (d->options->callback_path == NULL || !known ||
        !str_is(values[LOGIN_AUTHENTICATOR_KIND].text, "openid") ||
        str_is(was[LOGIN_AUTHENTICATOR_KIND].text, "openid")) {
        return OK;
    }
    TRY(declare_issuer_of(d->cx, scope->environment_id, &issuer));
    *ret_hint = str_format(d->cx->arena, "redirect URI %.*s%s%.*s", STR_ARG(issuer),
                           d->options->callback_path, STR_ARG(scope->tenant_id));
    return OK;
}

static err authenticator_apply(struct declare *d, const struct declare_scope *scope,
                               const struct declare_object *o) {
    struct arena *a = d->cx->arena;
    struct declare_value *stored = declare_values_new(a, &declare_login_authenticator), *values;
    struct login_authenticator row = {.tenant_id = scope->tenant_id,
                                      .name = o->v[LOGIN_AUTHENTICATOR_NAME].text};
    struct declare_provider provider = {.sealed = STR_NONE};
    struct str changed;
    size_t before = d->mistakes_seen;
    TRY(authenticator_load(d, &row, stored, &provider));
    declare_merge(d, o, provider.is_new ? NULL : stored, &values, &changed);
    if (d->mistakes_seen == before) {
        TRY(declare_provider_apply(d, o, values, &provider));
    }
    if (!provider.is_new && !str_empty(provider.changed)) {
        changed = declare_list_add(a, changed, str_z(a, provider.changed));
    }
    if (d->mistakes_seen != before || (!provider.is_new && str_empty(changed))) {
        return OK;
    }
    if (provider.is_new) {
        TRY(first_is_default(d, scope, o, &values[LOGIN_AUTHENTICATOR_DEFAULT].number));
    }
    struct declare_note note = {.is_new = provider.is_new, .detail = changed};
    TRY(authenticator_write(d, scope, &provider, values));
    TRY(callback_hint(d, scope, stored, values, &note.hint));
    return authenticator_note(d, scope, &row, &note);
}

err declare_login_authenticators(struct declare *d, const struct declare_scope *scope) {
    const struct declare_value *list = &scope->object->v[TENANT_LOGIN_AUTHENTICATORS];
    size_t before = d->mistakes_seen;
    int64_t defaults;
    for (size_t i = 0; i < list->n; i++) {
        TRY(authenticator_apply(d, scope, &list->objects[i]));
    }
    if (list->n == 0 || d->mistakes_seen != before) {
        return OK;
    }
    TRY(db_one(d->cx,
               "SELECT count(*) FROM login_authenticator WHERE tenant_id = $1 AND is_default = 1",
               DB_ARGS(DB_TEXT(scope->tenant_id)), DB_COLUMNS(COLUMN_INT(&defaults))));
    if (defaults != 1) {
        declare_mistake(d, scope->object, "loginAuthenticators",
                        "none would be the default; give one \"default\": true");
    }
    return OK;
}

/* ---- employees ---- */

struct near_state {
    struct declare_nearest nearest;
    struct str candidate;
};

static err near_each(struct ctx *cx, void *state) {
    (void)cx;
    struct near_state *n = state;
    declare_nearest_try(&n->nearest, n->candidate);
    return OK;
}

static err unknown_name(struct declare *d, const struct declare_scope *scope,
                        const struct declare_object *o) {
    struct str name = o->v[EMPLOYEE_LOGIN_AUTHENTICATOR].text;
    struct near_state n = {.nearest = {.name = name}};
    TRY(db_each(d->cx, "SELECT name FROM login_authenticator WHERE tenant_id = $1",
                DB_ARGS(DB_TEXT(scope->tenant_id)), DB_COLUMNS(COLUMN_STR(&n.candidate)), near_each,
                &n));
    struct str quoted = declare_quote(d->cx->arena, name);
    struct str hint = declare_nearest_text(d->cx->arena, &n.nearest);
    declare_mistake(d, o, "loginAuthenticator", "tenant %.*s has no login authenticator %.*s.%.*s",
                    STR_ARG(scope->tenant), STR_ARG(quoted), STR_ARG(hint));
    return OK;
}

struct login_row {
    struct str authenticator_id, hash;
};

static err login_load(struct declare *d, const struct employee *who, struct login_row *row) {
    err e = db_one(d->cx,
                   "SELECT login_authenticator_id, password_hash FROM employee_login "
                   "WHERE tenant_id = $1 AND employee_id = $2",
                   DB_ARGS(DB_TEXT(who->tenant_id), DB_TEXT(who->employee_id)),
                   DB_COLUMNS(COLUMN_STR(&row->authenticator_id), COLUMN_STR(&row->hash)));
    return e == ERR_NOT_FOUND ? OK : e;
}

/* The named one, else what the employee has, else the tenant's default. */
static err authenticator_of(struct declare *d, const struct declare_scope *scope,
                            const struct declare_object *o, const struct login_row *row,
                            struct login_authenticator *ret) {
    err e;
    if (o->v[EMPLOYEE_LOGIN_AUTHENTICATOR].given) {
        e = login_authenticator_named(d->cx, scope->tenant_id,
                                      o->v[EMPLOYEE_LOGIN_AUTHENTICATOR].text, ret);
        return e == ERR_NOT_FOUND ? unknown_name(d, scope, o) : e;
    }
    if (row->authenticator_id.p != NULL) {
        return login_authenticator_find(d->cx, scope->tenant_id, row->authenticator_id, ret);
    }
    e = login_authenticator_default(d->cx, scope->tenant_id, ret);
    if (e == ERR_NOT_FOUND) {
        declare_mistake(d, o, o->v[EMPLOYEE_INVITE].given ? "invite" : "password",
                        "tenant %.*s has no login authenticator; give it one: "
                        "\"loginAuthenticators\": " LOGIN_AUTHENTICATORS_EXAMPLE,
                        STR_ARG(scope->tenant));
        return OK;
    }
    return e;
}

static err password_apply(struct declare *d, const struct declare_object *o,
                          const struct employee *who, const struct login_policy *policy,
                          struct str *changed) {
    const struct declare_password *p = declare_password_of(d, o);
    if (p == NULL || p->hash.p == NULL) {
        return OK;
    }
    if (password_check(d->cx, policy, who, p->text) != OK) {
        declare_mistake(d, o, "password", "%s", failure_text(d->cx));
        return OK;
    }
    TRY(password_history_keep(d->cx, who->tenant_id, who->employee_id, policy->history));
    TRY(login_password_set(d->cx, who->tenant_id, who->employee_id, p->hash, false));
    if (p->is_generated) {
        declare_secret(d, "employee", who->user_name, "password", p->text);
    }
    *changed = declare_list_add(d->cx->arena, *changed, "password");
    return OK;
}

err declare_employee_login(struct declare *d, const struct declare_scope *scope,
                           const struct declare_object *o, const struct employee *employee,
                           struct declare_login *login) {
    struct login_row row = {.authenticator_id = STR_NONE};
    struct login_authenticator a = {.tenant_id = scope->tenant_id};
    size_t before = d->mistakes_seen;
    const char *given = o->v[EMPLOYEE_PASSWORD].given              ? "password"
                        : o->v[EMPLOYEE_LOGIN_AUTHENTICATOR].given ? "loginAuthenticator"
                        : o->v[EMPLOYEE_INVITE].given              ? "invite"
                        : o->v[EMPLOYEE_EXTERNAL_SUBJECT].given    ? "externalSubject"
                                                                   : NULL;
    if (given == NULL) {
        return OK;
    }
    if (!str_is(employee->type, "user")) {
        declare_mistake(d, o, given,
                        "an employee of type %.*s does not sign in; it uses access keys",
                        STR_ARG(employee->type));
        return OK;
    }
    TRY(login_load(d, employee, &row));
    TRY(authenticator_of(d, scope, o, &row, &a));
    TRY(declare_invite_wanted(d, o, employee, row.hash, &login->invites));
    if (d->mistakes_seen != before) {
        return OK;
    }
    if (!str_eq(a.login_authenticator_id, row.authenticator_id)) {
        TRY(login_authenticator_set(d->cx, employee->tenant_id, employee->employee_id,
                                    a.login_authenticator_id));
        login->changed = declare_list_add(d->cx->arena, login->changed, "loginAuthenticator");
    }
    TRY(declare_subject_apply(d, o, employee, &a, &login->changed));
    bool by_password = o->v[EMPLOYEE_PASSWORD].given || o->v[EMPLOYEE_INVITE].given;
    if (by_password && !str_is(a.kind, "system")) {
        declare_mistake(d, o, given,
                        "its login authenticator is of kind %.*s, which asks for no password here",
                        STR_ARG(a.kind));
        return OK;
    }
    if (login->invites) {
        login->changed = declare_list_add(d->cx->arena, login->changed, "invite");
    }
    return password_apply(d, o, employee, &a.policy, &login->changed);
}
