/* SPDX-License-Identifier: Apache-2.0 */
/* The signing keys that a declaration brings along: RS256 (and with it the refresh key) for every
 * environment, other algorithms when an application asks for them. They are generated before the
 * transaction, since that takes long. */
#include "declare.h"

#define ALGS_MAX 8

struct declare_keys {
    const struct declare_object *environment;
    struct str environment_id;
    size_t n;
    struct {
        const struct alg *alg;
        struct signing_keys_new *keys; /* NULL: they existed, or this is a plan */
    } wanted[ALGS_MAX];
};

static void want(struct declare_keys *k, struct str name) {
    const struct alg *alg = alg_find(name);
    for (size_t i = 0; i < k->n; i++) {
        if (k->wanted[i].alg == alg) {
            return;
        }
    }
    if (alg != NULL && k->n < ALGS_MAX) {
        k->wanted[k->n++].alg = alg;
    }
}

static void want_all(struct declare_keys *k, const struct declare_object *environment) {
    want(k, STR("RS256"));
    const struct declare_value *tenants = &environment->v[ENVIRONMENT_TENANTS];
    for (size_t i = 0; i < tenants->n; i++) {
        const struct declare_value *list = &tenants->objects[i].v[TENANT_APPLICATIONS];
        for (size_t j = 0; j < list->n; j++) {
            const struct declare_value *alg =
                declare_given(&list->objects[j], APPLICATION_TOKEN_ALG);
            if (alg != NULL) {
                want(k, alg->text);
            }
        }
    }
}

static err environment_prepare(struct declare *d, struct declare_keys *k) {
    struct ctx *cx = d->cx;
    err e = db_one(cx, "SELECT environment_id FROM environment WHERE name = $1",
                   DB_ARGS(DB_TEXT(k->environment->v[ENVIRONMENT_NAME].text)),
                   DB_COLUMNS(COLUMN_STR(&k->environment_id)));
    if (e == ERR_NOT_FOUND) {
        k->environment_id = uuid_v7(cx);
    } else {
        TRY(e);
    }
    want_all(k, k->environment);
    for (size_t i = 0; i < k->n && d->options->apply; i++) {
        bool complete;
        TRY(signing_keys_complete(cx, k->environment_id, k->wanted[i].alg, &complete));
        if (!complete) {
            TRY(signing_keys_prepare(cx, d->options->master, k->environment_id, k->wanted[i].alg,
                                     &k->wanted[i].keys));
        }
    }
    return OK;
}

err declare_keys_prepare(struct declare *d) {
    const struct declare_value *all = &d->top.v[TOP_ENVIRONMENTS];
    d->keys = NEW_ARRAY(d->cx->arena, all->n, struct declare_keys);
    d->keys_n = all->n;
    for (size_t i = 0; i < all->n; i++) {
        d->keys[i].environment = &all->objects[i];
        TRY(environment_prepare(d, &d->keys[i]));
    }
    return OK;
}

static const struct declare_keys *keys_of(const struct declare *d, const struct declare_object *o) {
    for (size_t i = 0; i < d->keys_n; i++) {
        if (d->keys[i].environment == o) {
            return &d->keys[i];
        }
    }
    return NULL;
}

struct str declare_keys_environment_id(const struct declare *d, const struct declare_object *o) {
    const struct declare_keys *k = keys_of(d, o);
    return k != NULL ? k->environment_id : STR_NONE;
}

err declare_keys_store(struct declare *d, const struct declare_object *environment,
                       struct str environment_id) {
    struct ctx *cx = d->cx;
    const struct declare_keys *k = keys_of(d, environment);
    if (k == NULL || !str_eq(k->environment_id, environment_id)) {
        return fail_say(cx, ERR_CONFLICT, "another apply was at work; run it again");
    }
    for (size_t i = 0; i < k->n; i++) {
        const struct alg *alg = k->wanted[i].alg;
        bool complete;
        TRY(signing_keys_complete(cx, environment_id, alg, &complete));
        if (complete) {
            continue;
        }
        if (d->options->apply && k->wanted[i].keys == NULL) {
            return fail_say(cx, ERR_CONFLICT, "another apply was at work; run it again");
        }
        if (d->options->apply) {
            TRY(signing_keys_store(cx, k->wanted[i].keys));
        }
        d->snapshot_changed = true;
        struct str name = str_format(cx->arena, "%.*s/%s",
                                     STR_ARG(environment->v[ENVIRONMENT_NAME].text), alg->name);
        TRY(declare_note(d, &(struct declare_note){.kind_name = "signing_key",
                                                   .is_new = true,
                                                   .name = name,
                                                   .tenant_id = environment_id,
                                                   .object = str_from(alg->name)}));
    }
    return OK;
}
