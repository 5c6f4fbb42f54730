/* SPDX-License-Identifier: Apache-2.0 */
/* Access keys of an employee: by id, or the n-th entry without an id for the n-th key that no entry
 * names. */
#include "declare.h"

struct key {
    struct str access_key_id, secret_digest;
    struct declare_value stored[ACCESS_KEY_N];
    bool taken; /* an entry speaks of it */
};
struct keys {
    struct key row, *v;
    size_t n, cap;
};

static err keys_each(struct ctx *cx, void *state) {
    struct keys *k = state;
    if (k->n == k->cap) {
        k->cap = k->cap == 0 ? 4 : k->cap * 2;
        struct key *more = NEW_ARRAY(cx->arena, k->cap, struct key);
        for (size_t i = 0; i < k->n; i++) {
            more[i] = k->v[i];
        }
        k->v = more;
    }
    k->v[k->n++] = k->row;
    return OK;
}

static err keys_load(struct declare *d, const struct declare_scope *scope,
                     const struct declare_owner *owner, struct keys *keys) {
    struct key *row = &keys->row;
    return db_each(d->cx,
                   "SELECT access_key_id, secret_digest, is_active FROM access_key "
                   "WHERE tenant_id = $1 AND employee_id = $2 ORDER BY created_at, access_key_id",
                   DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(owner->employee_id)),
                   declare_columns(d->cx->arena, &declare_access_key, row->stored,
                                   DB_COLUMNS(COLUMN_STR(&row->access_key_id),
                                              COLUMN_STR(&row->secret_digest))),
                   keys_each, keys);
}

static struct key *key_named(const struct keys *keys, struct str access_key_id) {
    for (size_t i = 0; i < keys->n; i++) {
        if (str_eq(keys->v[i].access_key_id, access_key_id)) {
            return &keys->v[i];
        }
    }
    return NULL;
}

static struct key *key_next(const struct keys *keys) {
    for (size_t i = 0; i < keys->n; i++) {
        if (!keys->v[i].taken) {
            return &keys->v[i];
        }
    }
    return NULL;
}

static err key_note(struct declare *d, const struct declare_scope *scope,
                    const struct declare_owner *owner, const struct declare_note *like) {
    struct declare_note note = *like;
    note.kind = &declare_access_key;
    note.name = owner->user_name;
    note.tenant_id = scope->tenant_id;
    return declare_note(d, &note);
}

static err key_new(struct declare *d, const struct declare_scope *scope,
                   const struct declare_owner *owner, const struct declare_object *o) {
    struct ctx *cx = d->cx;
    const struct declare_value *id = declare_given(o, ACCESS_KEY_ID);
    struct str secret = o->v[ACCESS_KEY_SECRET].text;
    bool exists = false;
    if (id != NULL) {
        TRY(db_exists(cx, "SELECT 1 FROM access_key_index WHERE access_key_id = $1",
                      DB_ARGS(DB_TEXT(id->text)), &exists));
    }
    if (exists) {
        declare_mistake(d, o, "accessKeyId", "this access key belongs to someone else");
        return OK;
    }
    struct access_key_new k = {.environment_id = scope->environment_id,
                               .created_by = d->options->actor};
    k.key.tenant_id = scope->tenant_id;
    k.key.employee_id = owner->employee_id;
    access_key_prepare(cx, &k);
    k.key.access_key_id = id != NULL ? id->text : k.key.access_key_id;
    k.key.is_active = !o->v[ACCESS_KEY_IS_ACTIVE].given || o->v[ACCESS_KEY_IS_ACTIVE].number != 0;
    k.secret = str_empty(secret) ? k.secret : secret;
    k.secret_digest = sha256_text(cx->arena, k.secret);
    err e = access_key_create(cx, &k);
    if (e == ERR_NOT_FOUND) {
        declare_mistake(d, o, NULL, "%.*s is DELETED and gets no new access key",
                        STR_ARG(owner->user_name));
        return OK;
    }
    TRY(e);
    if (!k.key.is_active) {
        TRY(access_key_set_active(cx, scope->tenant_id, k.key.access_key_id, false));
    }
    if (id == NULL || str_empty(secret)) {
        declare_secret(d, "access_key", owner->user_name, "accessKeyId", k.key.access_key_id);
    }
    if (str_empty(secret)) {
        declare_secret(d, "access_key", owner->user_name, "accessKeySecret", k.secret);
    }
    return key_note(d, scope, owner,
                    &(struct declare_note){.is_new = true, .object = k.key.access_key_id});
}

static err key_update(struct declare *d, const struct declare_scope *scope,
                      const struct declare_object *o, const struct key *key,
                      struct str *ret_changed) {
    struct ctx *cx = d->cx;
    struct declare_value *values;
    struct str changed, secret = o->v[ACCESS_KEY_SECRET].text, digest = key->secret_digest;
    declare_merge(d, o, key->stored, &values, &changed);
    if (!str_empty(secret) && !sha256_matches(secret, digest)) {
        digest = sha256_text(cx->arena, secret);
        changed = declare_list_add(cx->arena, changed, "secret");
    }
    *ret_changed = changed;
    if (str_empty(changed)) {
        return OK;
    }
    return db_exec(cx,
                   "UPDATE access_key SET secret_digest = $3, is_active = $4, epoch = $5 "
                   "WHERE tenant_id = $1 AND access_key_id = $2",
                   DB_ARGS(DB_TEXT(scope->tenant_id), DB_TEXT(key->access_key_id), DB_TEXT(digest),
                           DB_INT(values[ACCESS_KEY_IS_ACTIVE].number),
                           DB_INT(access_key_epoch_new(cx))),
                   NULL);
}

static err key_apply(struct declare *d, const struct declare_scope *scope,
                     const struct declare_owner *owner, const struct declare_object *o,
                     struct key *key) {
    if (key == NULL) {
        return key_new(d, scope, owner, o);
    }
    struct str changed;
    TRY(key_update(d, scope, o, key, &changed));
    if (str_empty(changed)) {
        return OK;
    }
    return key_note(d, scope, owner,
                    &(struct declare_note){.detail = changed, .object = key->access_key_id});
}

err declare_access_keys(struct declare *d, const struct declare_scope *scope,
                        const struct declare_owner *owner, const struct declare_object *employee) {
    const struct declare_value *list = &employee->v[EMPLOYEE_ACCESS_KEYS];
    struct keys keys = {0};
    if (list->n > 0 && !owner->is_new) {
        TRY(keys_load(d, scope, owner, &keys));
    }
    for (size_t i = 0; i < list->n; i++) {
        struct key *named = key_named(&keys, list->objects[i].v[ACCESS_KEY_ID].text);
        if (named != NULL) {
            named->taken = true;
        }
    }
    for (size_t i = 0; i < list->n; i++) {
        const struct declare_object *o = &list->objects[i];
        const struct declare_value *id = declare_given(o, ACCESS_KEY_ID);
        struct key *key = id != NULL ? key_named(&keys, id->text) : key_next(&keys);
        if (key != NULL) {
            key->taken = true;
        }
        TRY(key_apply(d, scope, owner, o, key));
    }
    return OK;
}
