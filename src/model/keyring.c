/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of one environment in memory. The list is immutable; each worker has a slot of its own
 * in every key for the signer and the verifier that it keeps. */
#include "snapshot.h"

#include <stdatomic.h>

/* A write closure runs on the writer's thread with the request's worker_id, while that worker goes
 * on with other requests: so a slot is taken, never waited for. Who finds it taken makes a signer
 * for this once. */
struct key_slot {
    atomic_flag busy;
    struct signer *signer;
    struct verifier *verifier;
    char apart[64 - 3 * sizeof(void *)]; /* workers do not share a cache line */
};

struct row {
    struct str kid, alg, state, sealed;
    int64_t retired_at;
};

struct load {
    const struct keyring_options *options;
    struct str environment_id;
    struct row row;
    struct keyring *ring;
    size_t cap;
};

struct slots {
    struct key_slot *v;
    unsigned n;
};

static void slots_free(void *object) {
    struct slots *slots = object;
    for (unsigned i = 0; i < slots->n; i++) {
        signer_free(slots->v[i].signer);
        verifier_free(slots->v[i].verifier);
    }
}

static void key_free(void *object) {
    pkey_free(object);
}

static struct key_slot *slots_new(struct arena *a, unsigned n) {
    struct slots *slots = NEW(a, struct slots);
    slots->v = NEW_ARRAY(a, n, struct key_slot);
    slots->n = n;
    for (unsigned i = 0; i < n; i++) {
        atomic_flag_clear(&slots->v[i].busy);
    }
    arena_defer(a, slots_free, slots);
    return slots->v;
}

struct str signing_key_context(struct arena *a, struct str environment_id, struct str kid) {
    return str_format(a, "signing_key/%.*s/%.*s", STR_ARG(environment_id), STR_ARG(kid));
}

static void keyring_add(struct ctx *cx, struct load *l, const struct signing_key *key) {
    struct keyring *r = l->ring;
    if (r->n == l->cap) {
        l->cap = l->cap == 0 ? 8 : l->cap * 2;
        struct signing_key *more = NEW_ARRAY(cx->arena, l->cap, struct signing_key);
        for (size_t i = 0; i < r->n; i++) {
            more[i] = r->keys[i];
        }
        r->keys = more;
    }
    r->keys[r->n++] = *key;
}

static err load_pair(struct ctx *cx, struct load *l, const struct alg *alg, struct secret der) {
    struct signing_key k = {.kid = l->row.kid, .alg = alg, .state = l->row.state};
    TRY(pkey_parse_private(cx, der, &k.key));
    arena_defer(cx->arena, key_free, k.key);
    if (pkey_kind(k.key) != alg->kind) {
        return fail(cx, ERR_BAD_CONFIG, "signing key %.*s is not one for %s", STR_ARG(k.kid),
                    alg->name);
    }
    k.header_access = jws_header(cx->arena, alg, STR("JWT"), k.kid);
    k.header_id = k.header_access;
    k.slots = slots_new(cx->arena, l->options->workers);
    k.slots_n = l->options->workers;
    keyring_add(cx, l, &k);
    return OK;
}

static err load_mac(struct ctx *cx, struct load *l, const struct alg *alg, struct secret key) {
    struct keyring *r = l->ring;
    if (key.n != REFRESH_KEY_SIZE) {
        return fail(cx, ERR_BAD_CONFIG, "refresh key %.*s has %zu bytes", STR_ARG(l->row.kid),
                    key.n);
    }
    r->refresh_key = key;
    r->refresh_header = jws_header(cx->arena, alg, STR("JWT"), l->row.kid);
    r->generated_header = jws_header(cx->arena, alg, STR("generated+jwt"), l->row.kid);
    return OK;
}

static err load_row(struct ctx *cx, void *state) {
    struct load *l = state;
    const struct row *row = &l->row;
    const struct alg *alg = alg_find(row->alg);
    if (alg == NULL) { /* a newer version's: it signs nothing here */
        return OK;
    }
    if (row->retired_at != 0 && row->retired_at + SIGNING_KEY_RETIRED_SECONDS <= cx->now) {
        return OK;
    }
    struct secret plain;
    TRY(unseal(cx, l->options->seal_key,
               signing_key_context(cx->arena, l->environment_id, row->kid), row->sealed, &plain));
    return alg->symmetric ? load_mac(cx, l, alg, plain) : load_pair(cx, l, alg, plain);
}

err keyring_load(struct ctx *cx, struct str environment_id, const struct keyring_options *options,
                 struct keyring **ret_keyring) {
    struct keyring *ring = NEW(cx->arena, struct keyring);
    struct load l = {.options = options, .environment_id = environment_id, .ring = ring};
    TRY(db_each(cx,
                "SELECT kid, alg, state, private_sealed, retired_at FROM signing_key "
                "WHERE environment_id = $1 ORDER BY CASE state WHEN 'active' THEN 0 WHEN 'future' "
                "THEN 1 ELSE 2 END, alg DESC, position",
                DB_ARGS(DB_TEXT(environment_id)),
                DB_COLUMNS(COLUMN_STR(&l.row.kid), COLUMN_STR(&l.row.alg), COLUMN_STR(&l.row.state),
                           COLUMN_STR(&l.row.sealed), COLUMN_INT(&l.row.retired_at)),
                load_row, &l));
    if (ring->refresh_key.n == 0) {
        /* Never go on with an empty one: everybody could make refresh tokens. */
        return fail(cx, ERR_BAD_CONFIG, "environment %.*s has no refresh key",
                    STR_ARG(environment_id));
    }
    *ret_keyring = ring;
    return OK;
}

const struct signing_key *keyring_active(const struct keyring *r, const struct alg *alg) {
    for (size_t i = 0; i < r->n; i++) {
        if (r->keys[i].alg == alg && str_is(r->keys[i].state, "active")) {
            return &r->keys[i];
        }
    }
    return NULL;
}

const struct signing_key *keyring_find(const struct keyring *r, struct str kid) {
    for (size_t i = 0; i < r->n && !str_empty(kid); i++) {
        if (str_eq(r->keys[i].kid, kid)) {
            return &r->keys[i];
        }
    }
    return NULL;
}

/* This worker's slot, taken; NULL: another thread has it, or the worker is none of the server's. */
static struct key_slot *slot_take(const struct ctx *cx, const struct signing_key *k) {
    if (cx->worker_id >= k->slots_n) {
        return NULL;
    }
    struct key_slot *slot = &k->slots[cx->worker_id];
    return atomic_flag_test_and_set_explicit(&slot->busy, memory_order_acquire) ? NULL : slot;
}

static void slot_give(struct key_slot *slot) {
    atomic_flag_clear_explicit(&slot->busy, memory_order_release);
}

static err sign_with(struct ctx *cx, struct signer *signer, struct str header, struct str payload,
                     struct str *ret_compact) {
    if (signer == NULL) {
        return fail(cx, ERR_INTERNAL, "the signing key is refused by OpenSSL");
    }
    int64_t begun = clock_monotonic_us();
    err e = jws_sign(cx, header, payload, signer, ret_compact);
    struct metrics *m = platform_metrics(cx);
    if (m != NULL) {
        metrics_signature(m, cx->worker_id, clock_monotonic_us() - begun);
    }
    return e;
}

err signing_key_sign(struct ctx *cx, const struct signing_key *k, struct str header,
                     struct str payload, struct str *ret_compact) {
    struct key_slot *slot = slot_take(cx, k);
    if (slot == NULL) {
        struct signer *once = signer_new(k->key);
        err e = sign_with(cx, once, header, payload, ret_compact);
        signer_free(once);
        return e;
    }
    if (slot->signer == NULL) {
        slot->signer = signer_new(k->key);
    }
    err e = sign_with(cx, slot->signer, header, payload, ret_compact);
    slot_give(slot);
    return e;
}

static bool verify_with(struct verifier *v, const struct signing_key *k, const struct jws *jws) {
    /* RFC 8725 3.1: the key's algorithm decides, the header must agree. */
    return v != NULL && jws->alg == k->alg && jws_verify(jws, v, k->alg->kind);
}

bool signing_key_verify(struct ctx *cx, const struct signing_key *k, const struct jws *jws) {
    struct key_slot *slot = slot_take(cx, k);
    if (slot == NULL) {
        struct verifier *once = verifier_new(k->key);
        bool good = verify_with(once, k, jws);
        verifier_free(once);
        return good;
    }
    if (slot->verifier == NULL) {
        slot->verifier = verifier_new(k->key);
    }
    bool good = verify_with(slot->verifier, k, jws);
    slot_give(slot);
    return good;
}
