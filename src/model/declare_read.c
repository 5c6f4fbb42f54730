/* SPDX-License-Identifier: Apache-2.0 */
/* JSON into objects, strictly: unknown members, wrong types and values that cannot be right are
 * mistakes. */
#include "declare.h"

#include <string.h>

struct reading {
    struct declare *d;
    const struct declare_object *o;
    const struct declare_member *m;
};

static void object_read(struct declare *d, const json_t *json, struct declare_object *o);

const struct declare_value *declare_given(const struct declare_object *o, unsigned member) {
    return o->v[member].given ? &o->v[member] : NULL;
}

static struct str json_text(const json_t *json) {
    return (struct str){json_string_value(json), json_string_length(json)};
}

/* Text that may be stored and shown: bounded, no control characters. */
static const char *text_problem(const struct reading *r, const json_t *json, struct str text) {
    if (!json_is_string(json)) {
        return "it must be a string";
    }
    if (text.n > DECLARE_TEXT_MAX) {
        return "it is longer than 2000 bytes";
    }
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 127) {
            return "it contains a control character";
        }
    }
    return r->m->check != NULL ? r->m->check(r->d->cx, text) : NULL;
}

static void wrong(const struct reading *r, const char *why) {
    declare_mistake(r->d, r->o, r->m->name, "%s", why);
}

static void wrong_text(const struct reading *r, const struct declare_at *at, const json_t *json,
                       const char *why) {
    if (!json_is_string(json)) {
        declare_mistake_at(r->d, at, "%s", why);
        return;
    }
    struct str quoted = declare_quote(r->d->cx->arena, json_text(json));
    declare_mistake_at(r->d, at, "%.*s: %s", STR_ARG(quoted), why);
}

static const struct declare_at *at_member(const struct reading *r) {
    struct declare_at *at = NEW(r->d->cx->arena, struct declare_at);
    at->parent = r->o->kind == &declare_top ? NULL : &r->o->at;
    at->key = r->m->name;
    return at;
}

static void text_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    v->text = json_text(json);
    const char *why = text_problem(r, json, v->text);
    if (why != NULL) {
        wrong_text(r, at_member(r), json, why);
    }
}

static void uuid_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    if (!json_is_string(json) || !uuid_parse(r->d->cx->arena, json_text(json), &v->text)) {
        wrong_text(r, at_member(r), json,
                   "it must be a UUID, e.g. 11eb0358-724b-3970-97e5-0242ac110003");
    }
}

static void int_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    if (!json_is_integer(json)) {
        wrong(r, "it must be an integer");
        return;
    }
    v->number = json_integer_value(json);
    struct str digits = str_format(r->d->cx->arena, "%lld", (long long)v->number);
    const char *why = r->m->check != NULL ? r->m->check(r->d->cx, digits) : NULL;
    if (why != NULL) {
        declare_mistake(r->d, r->o, r->m->name, "%.*s: %s", STR_ARG(digits), why);
    }
}

static void bool_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    if (!json_is_boolean(json)) {
        wrong(r, "it must be true or false");
    }
    v->number = json_is_true(json);
}

/* One mistake an item; returns false if the list is no list. */
static bool list_check(const struct reading *r, const json_t *json, size_t max) {
    if (!json_is_array(json)) {
        wrong(r, "it must be a list [...]");
        return false;
    }
    if (json_array_size(json) > max) {
        wrong(r, "the list is too long");
        return false;
    }
    return true;
}

static void items_check(const struct reading *r, const json_t *json) {
    const struct declare_at *list = at_member(r);
    json_t *seen = json_object();
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *item = json_array_get(json, i);
        struct declare_at at = {list, NULL, i};
        const char *why = text_problem(r, item, json_text(item));
        if (why == NULL && json_object_get(seen, json_string_value(item)) != NULL) {
            why = "it is in the list twice";
        }
        if (why != NULL) {
            wrong_text(r, &at, item, why);
        } else {
            (void)json_object_set_new(seen, json_string_value(item), json_true());
        }
    }
    json_decref(seen);
}

static void texts_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    if (list_check(r, json, DECLARE_TEXTS_MAX)) {
        items_check(r, json);
        v->text = json_canonical(r->d->cx->arena, json);
        v->n = json_array_size(json);
    }
}

static void words_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    if (!list_check(r, json, DECLARE_TEXTS_MAX)) {
        return;
    }
    items_check(r, json);
    struct buf b = buf_in(r->d->cx->arena, 64);
    for (size_t i = 0; i < json_array_size(json); i++) {
        if (i > 0) {
            buf_char(&b, ' ');
        }
        buf_str(&b, json_text(json_array_get(json, i)));
    }
    v->text = b.n > 0 ? buf_view(&b) : STR("");
    v->n = json_array_size(json);
}

static void json_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    if (!json_is_object(json)) {
        wrong(r, "it must be an object {...}");
        return;
    }
    v->text = json_canonical(r->d->cx->arena, json);
    if (v->text.n > DECLARE_JSON_MAX) {
        wrong(r, "it is larger than 64 KiB");
    }
}

static void one_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    v->objects = NEW(r->d->cx->arena, struct declare_object);
    v->objects->kind = r->m->of;
    v->objects->at = *at_member(r);
    v->n = 1;
    object_read(r->d, json, v->objects);
    v->text = json_is_object(json) ? json_canonical(r->d->cx->arena, json) : STR("{}");
}

static void objects_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    if (!list_check(r, json, SIZE_MAX)) {
        return;
    }
    const struct declare_at *list = at_member(r);
    v->n = json_array_size(json);
    v->objects = NEW_ARRAY(r->d->cx->arena, v->n, struct declare_object);
    for (size_t i = 0; i < v->n; i++) {
        v->objects[i].kind = r->m->of;
        v->objects[i].at = (struct declare_at){list, NULL, i};
        object_read(r->d, json_array_get(json, i), &v->objects[i]);
    }
}

static void secret_from_env(const struct reading *r, const json_t *json, struct declare_value *v) {
    const char *name = json_string_value(json_object_get(json, "env"));
    const struct declaration_options *o = r->d->options;
    v->text = o->getenv != NULL ? o->getenv(o->getenv_state, name) : STR_NONE;
    if (str_empty(v->text)) {
        struct str quoted = declare_quote(r->d->cx->arena, str_from(name));
        declare_mistake(r->d, r->o, r->m->name, "the environment variable %.*s is not set",
                        STR_ARG(quoted));
        return;
    }
    const char *why = r->m->check(r->d->cx, v->text);
    if (why != NULL) {
        wrong(r, why);
    }
}

/* No message shows the value. */
static void secret_read(const struct reading *r, const json_t *json, struct declare_value *v) {
    bool alone = json_is_object(json) && json_object_size(json) == 1;
    if (json_is_string(json)) {
        v->text = json_text(json);
        const char *why = r->m->check(r->d->cx, v->text);
        if (why != NULL) {
            wrong(r, why);
        }
    } else if (alone && json_is_string(json_object_get(json, "env"))) {
        secret_from_env(r, json, v);
    } else if (!alone || !json_is_true(json_object_get(json, "generate"))) {
        wrong(r, "it must be a string, {\"env\": \"NAME\"} or {\"generate\": true}");
    }
}

/* No message shows the image. */
static void image_read_member(const struct reading *r, const json_t *json,
                              struct declare_value *v) {
    struct branding_image image;
    struct str base64;
    const char *why = "it must be a string";
    v->text = json_text(json);
    if (json_is_string(json)) {
        why = v->text.n == 0 ? NULL : branding_image_parse(r->d->cx, v->text, &image, &base64);
    }
    if (why != NULL) {
        wrong(r, why);
    }
}

static void (*const readers[DECLARE_TYPES])(const struct reading *, const json_t *,
                                            struct declare_value *) = {
    [DECLARE_TEXT] = text_read,
    [DECLARE_UUID] = uuid_read,
    [DECLARE_INT] = int_read,
    [DECLARE_BOOL] = bool_read,
    [DECLARE_TEXTS] = texts_read,
    [DECLARE_WORDS] = words_read,
    [DECLARE_JSON] = json_read,
    [DECLARE_OBJECT] = one_read,
    [DECLARE_OBJECTS] = objects_read,
    [DECLARE_SECRET] = secret_read,
    [DECLARE_IMAGE] = image_read_member,
};

static bool member_known(const struct declare_kind *kind, const char *key) {
    for (size_t i = 0; i < kind->n; i++) {
        if (strcmp(kind->members[i].name, key) == 0) {
            return true;
        }
    }
    return false;
}

static void unknown_members(struct declare *d, const struct declare_object *o, const json_t *json) {
    const char *key;
    json_t *value;
    /* jansson's iteration does not change the object. */
    json_object_foreach((json_t *)(uintptr_t)json, key, value) {
        if (member_known(o->kind, key)) {
            continue;
        }
        struct declare_nearest nearest = {.name = str_from(key)};
        for (size_t i = 0; i < o->kind->n; i++) {
            declare_nearest_try(&nearest, str_from(o->kind->members[i].name));
        }
        struct str hint = declare_nearest_text(d->cx->arena, &nearest);
        declare_mistake(d, o, key, "%s has no such member.%.*s", o->kind->name, STR_ARG(hint));
    }
}

static void object_read(struct declare *d, const json_t *json, struct declare_object *o) {
    o->v = declare_values_new(d->cx->arena, o->kind);
    if (!json_is_object(json)) {
        declare_mistake(d, o, NULL, "it must be an object {...}");
        return;
    }
    unknown_members(d, o, json);
    for (size_t i = 0; i < o->kind->n; i++) {
        const struct declare_member *m = &o->kind->members[i];
        const json_t *value = json_object_get(json, m->name);
        if (value != NULL) {
            o->v[i].given = true;
            o->v[i].json = value;
            readers[m->type](&(struct reading){d, o, m}, value, &o->v[i]);
        } else if (m->need == NEED_ALWAYS) {
            declare_mistake(d, o, NULL, "\"%s\" is missing", m->name);
        }
    }
}

void declare_read(struct declare *d, const json_t *root) {
    d->top = (struct declare_object){.kind = &declare_top};
    object_read(d, root, &d->top);
}
