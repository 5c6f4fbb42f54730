/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing an object with its row, and what every change leaves behind: a line of the plan and an
 * audit record. */
#include "declare.h"

static bool is_number(enum declare_type type) {
    return type == DECLARE_INT || type == DECLARE_BOOL;
}

static bool is_json(enum declare_type type) {
    return type == DECLARE_TEXTS || type == DECLARE_JSON || type == DECLARE_OBJECT;
}

struct declare_value *declare_values_new(struct arena *a, const struct declare_kind *kind) {
    return NEW_ARRAY(a, kind->n, struct declare_value);
}

struct db_columns declare_columns(struct arena *a, const struct declare_kind *kind,
                                  struct declare_value *stored, struct db_columns first) {
    struct db_column *c = NEW_ARRAY(a, first.n + kind->n, struct db_column);
    size_t n = 0;
    for (; n < first.n; n++) {
        c[n] = first.c[n];
    }
    for (size_t i = 0; i < kind->n; i++) {
        if (kind->members[i].column) {
            c[n++] = is_number(kind->members[i].type) ? COLUMN_INT(&stored[i].number)
                                                      : COLUMN_STR(&stored[i].text);
        }
    }
    return (struct db_columns){c, n};
}

struct db_args declare_args(struct arena *a, const struct declare_kind *kind,
                            const struct declare_value *values, struct db_args first) {
    struct db_value *v = NEW_ARRAY(a, first.n + kind->n, struct db_value);
    size_t n = 0;
    for (; n < first.n; n++) {
        v[n] = first.v[n];
    }
    for (size_t i = 0; i < kind->n; i++) {
        if (kind->members[i].column) {
            v[n++] = is_number(kind->members[i].type) ? DB_INT(values[i].number)
                                                      : DB_TEXT(values[i].text);
        }
    }
    return (struct db_args){v, n};
}

/* One spelling, so that equal values compare equal whoever wrote them. */
static struct str normal_json(struct ctx *cx, struct str json) {
    json_t *value;
    if (str_empty(json) || json_parse(cx, json, &value) != OK) {
        return json;
    }
    return json_canonical(cx->arena, value);
}

static bool same(struct ctx *cx, const struct declare_member *m, const struct declare_value *a,
                 const struct declare_value *b) {
    if (is_number(m->type)) {
        return a->number == b->number;
    }
    if ((a->text.p == NULL) != (b->text.p == NULL)) {
        return false;
    }
    return str_eq(a->text, b->text) ||
           (is_json(m->type) && str_eq(normal_json(cx, a->text), normal_json(cx, b->text)));
}

struct str declare_overlay(struct ctx *cx, struct str stored, const json_t *given) {
    json_t *base;
    if (given == NULL) {
        return stored;
    }
    if (str_empty(stored) || json_parse(cx, stored, &base) != OK || !json_is_object(base)) {
        return json_canonical(cx->arena, given);
    }
    json_t *both = json_copy(base);
    (void)json_object_update(both, (json_t *)(uintptr_t)given);
    struct str text = json_canonical(cx->arena, both);
    json_decref(both);
    return text;
}

static void value_default(const struct declare_member *m, struct declare_value *v) {
    v->text = str_from(m->otherwise);
    if (is_number(m->type) && m->otherwise != NULL) {
        (void)str_int(v->text, &v->number);
    }
}

static void value_merge(struct declare *d, const struct declare_object *o, size_t i,
                        const struct declare_value *stored, struct declare_value *to) {
    const struct declare_member *m = &o->kind->members[i];
    if (!o->v[i].given) {
        if (stored != NULL) {
            *to = stored[i];
        } else {
            value_default(m, to);
        }
    } else {
        *to = o->v[i];
        if (m->type == DECLARE_OBJECT && stored != NULL) {
            to->text = declare_overlay(d->cx, stored[i].text, o->v[i].json);
        }
    }
    bool normal = m->of == NULL || m->of->write == NULL || (stored != NULL && !o->v[i].given);
    if (!normal && m->of->write(d->cx, to->text, &to->text) != OK) {
        declare_mistake(d, o, m->name, "%s", failure_text(d->cx));
    }
}

void declare_merge(struct declare *d, const struct declare_object *o,
                   const struct declare_value *stored, struct declare_value **ret_values,
                   struct str *ret_changed) {
    struct declare_value *to = declare_values_new(d->cx->arena, o->kind);
    struct str changed = STR("");
    for (size_t i = 0; i < o->kind->n; i++) {
        const struct declare_member *m = &o->kind->members[i];
        if (stored == NULL && m->need == NEED_NEW && !o->v[i].given) {
            declare_mistake(d, o, NULL, "\"%s\" is missing; a new %s needs it", m->name,
                            o->kind->name);
        }
        if (!m->column) {
            to[i] = o->v[i];
            continue;
        }
        value_merge(d, o, i, stored, &to[i]);
        if (stored != NULL && !same(d->cx, m, &stored[i], &to[i])) {
            changed = declare_list_add(d->cx->arena, changed, m->name);
        }
    }
    *ret_values = to;
    *ret_changed = changed;
}

struct str declare_list_add(struct arena *a, struct str list, const char *name) {
    return str_empty(list) ? str_from(name) : str_format(a, "%.*s, %s", STR_ARG(list), name);
}

/* Doubles an array that is full. */
static void *grown(struct arena *a, const void *p, size_t n, size_t *cap, size_t size) {
    if (n < *cap) {
        return (void *)(uintptr_t)p;
    }
    *cap = *cap == 0 ? 64 : *cap * 2;
    char *to = arena_array(a, *cap, size);
    const char *from = p;
    for (size_t i = 0; i < n * size; i++) {
        to[i] = from[i];
    }
    return to;
}

err declare_note(struct declare *d, const struct declare_note *note) {
    struct arena *a = d->cx->arena;
    const char *kind = note->kind != NULL ? note->kind->name : note->kind_name;
    const char *verb = note->is_new ? "create" : "update";
    d->changes =
        grown(a, d->changes, d->changes_n, &d->changes_cap, sizeof(struct declaration_change));
    struct str detail = note->detail;
    if (!str_empty(note->hint)) {
        detail = str_format(a, "%.*s%s%.*s", STR_ARG(detail), str_empty(detail) ? "" : "; ",
                            STR_ARG(note->hint));
    }
    d->changes[d->changes_n++] =
        (struct declaration_change){verb, str_from(kind), note->name, detail};

    struct buf b = buf_in(a, 128);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_str(&j, "name", note->name);
    if (!str_empty(note->detail)) {
        json_put_str(&j, "members", note->detail);
    }
    json_close_object(&j);
    struct audit audit = {.tenant_id = note->tenant_id,
                          .actor = d->options->actor,
                          .action = str_format(a, "%s.%s", kind, verb),
                          .object = note->object,
                          .remote = STR("local"),
                          .detail = buf_view(&b)};
    return audit_write(d->cx, &audit);
}

void declare_secret(struct declare *d, const char *kind, struct str name, const char *member,
                    struct str value) {
    d->secrets = grown(d->cx->arena, d->secrets, d->secrets_n, &d->secrets_cap,
                       sizeof(struct declaration_secret));
    d->secrets[d->secrets_n++] =
        (struct declaration_secret){str_from(kind), name, str_from(member), value};
}
