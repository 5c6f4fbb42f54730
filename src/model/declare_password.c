/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords that the file gives or asks for: generated, compared with the stored ones and hashed
 * before the transaction, because a hash takes longer than all of its statements. */
#include "declare.h"

/* The stored hash of the employee that the file names; absent: none. */
static err stored_hash(struct declare *d, const struct declare_object *environment,
                       const struct declare_object *employee, struct str *ret_hash) {
    struct arena *a = d->cx->arena;
    *ret_hash = STR_NONE;
    /* all tenants: the index says whose it is; every join goes by tenant_id */
    err e = db_one(
        d->cx,
        "SELECT g.password_hash FROM environment v "
        "JOIN user_name_index i ON i.environment_id = v.environment_id "
        "JOIN employee_login g ON g.tenant_id = i.tenant_id AND g.employee_id = i.employee_id "
        "WHERE v.name = $1 AND i.user_name_folded = $2",
        DB_ARGS(DB_TEXT(environment->v[ENVIRONMENT_NAME].text),
                DB_TEXT(str_lower(a, declare_user_name(employee)))),
        DB_COLUMNS(COLUMN_STR(ret_hash)));
    return e == ERR_NOT_FOUND ? OK : e;
}

static err password_prepare(struct declare *d, const struct declare_object *environment,
                            struct declare_password *p) {
    struct str stored, given = p->employee->v[EMPLOYEE_PASSWORD].text;
    bool stale;
    TRY(stored_hash(d, environment, p->employee, &stored));
    p->is_generated = str_empty(given);
    if (p->is_generated && stored.p != NULL) {
        return OK; /* made once, kept afterwards */
    }
    p->text = p->is_generated ? password_generate(d->cx) : given;
    if (stored.p != NULL && password_matches(p->text, stored, &stale)) {
        return OK;
    }
    if (!d->options->apply) {
        p->hash = password_dummy(); /* a plan is rolled back */
        return OK;
    }
    return password_hash(d->cx, p->text, &p->hash);
}

struct walk {
    struct declare *d;
    err (*each)(struct walk *w, const struct declare_object *environment,
                const struct declare_object *employee);
};

static err walk_environment(struct walk *w, const struct declare_object *environment) {
    const struct declare_value *tenants = &environment->v[ENVIRONMENT_TENANTS];
    for (size_t t = 0; t < tenants->n; t++) {
        const struct declare_value *list = &tenants->objects[t].v[TENANT_EMPLOYEES];
        for (size_t i = 0; i < list->n; i++) {
            if (list->objects[i].v[EMPLOYEE_PASSWORD].given) {
                TRY(w->each(w, environment, &list->objects[i]));
            }
        }
    }
    return OK;
}

static err walk_all(struct walk *w) {
    const struct declare_value *all = &w->d->top.v[TOP_ENVIRONMENTS];
    for (size_t i = 0; i < all->n; i++) {
        TRY(walk_environment(w, &all->objects[i]));
    }
    return OK;
}

static err count(struct walk *w, const struct declare_object *environment,
                 const struct declare_object *employee) {
    (void)environment;
    (void)employee;
    w->d->passwords_n++;
    return OK;
}

static err prepare(struct walk *w, const struct declare_object *environment,
                   const struct declare_object *employee) {
    struct declare_password *p = &w->d->passwords[w->d->passwords_n++];
    p->employee = employee;
    return password_prepare(w->d, environment, p);
}

err declare_passwords_prepare(struct declare *d) {
    struct walk w = {.d = d, .each = count};
    TRY(walk_all(&w));
    d->passwords = NEW_ARRAY(d->cx->arena, d->passwords_n, struct declare_password);
    d->passwords_n = 0;
    w.each = prepare;
    return walk_all(&w);
}

const struct declare_password *declare_password_of(const struct declare *d,
                                                   const struct declare_object *employee) {
    for (size_t i = 0; i < d->passwords_n; i++) {
        if (d->passwords[i].employee == employee) {
            return &d->passwords[i];
        }
    }
    return NULL;
}
