/* SPDX-License-Identifier: Apache-2.0 */
/* The current snapshot: who reads it takes a reference, who changes it swaps in another. Each
 * worker has a slot with a reference of its own, so that a request takes no lock; the mutex is for
 * the moment after a change. */
#include "snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define RELOAD_ATTEMPTS 5

struct snapshot {
    atomic_size_t references;
    struct arena *arena; /* everything in it, and it itself */
    int64_t generation;
    struct environments environments;
    struct hosts hosts;
};

/* Taken, never waited for: a write closure runs on the writer's thread under its request's
 * worker_id. */
struct slot {
    atomic_flag busy;
    uint64_t version; /* of `current` that `snapshot` was */
    struct snapshot *snapshot;
    char apart[64 - 3 * sizeof(void *)]; /* workers do not share a cache line */
};

/* Purposes that are asked for while requests are answered. */
static const char *const purposes[] = {SEAL_APPLICATION_SECRET, SEAL_REFRESH_ANSWER, SEAL_MAIL,
                                       SEAL_SECOND_FACTOR, SEAL_SIGNING_KEY};

/* Apart from the rest: handlers have a const struct platform. */
struct shared {
    pthread_mutex_t lock;      /* for `current`; short */
    pthread_mutex_t reloading; /* one at a time: the last to read is the last to swap in */
    struct snapshot *current;
    atomic_uint_least64_t version; /* raised after `current` was changed */
};

struct platform {
    struct platform_options options;
    struct seal_key master;
    struct seal_key seal_keys[COUNT_OF(purposes)];
    struct slot *slots;
    struct shared *shared;
    struct fetch_once *fetch_once;
};

static void *allocate(size_t n, size_t size) {
    void *p = calloc(n, size);
    if (p == NULL) {
        abort();
    }
    return p;
}

static struct snapshot *snapshot_ref(struct snapshot *s) {
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    return s;
}

static void snapshot_unref(void *object) {
    struct snapshot *s = object;
    if (s != NULL && atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) == 1) {
        arena_free(s->arena);
    }
}

err platform_new(struct ctx *cx, const struct platform_options *options,
                 struct platform **ret_platform) {
    if (options->workers == 0) {
        return fail(cx, ERR_INTERNAL, "a platform without workers");
    }
    struct platform *p = allocate(1, sizeof *p);
    p->options = *options;
    p->master = *options->master;
    p->options.master = &p->master;
    for (size_t i = 0; i < COUNT_OF(purposes); i++) {
        p->seal_keys[i] = seal_key_derive(&p->master, purposes[i]);
    }
    p->slots = allocate(options->workers, sizeof *p->slots);
    for (unsigned i = 0; i < options->workers; i++) {
        atomic_flag_clear(&p->slots[i].busy);
    }
    p->shared = allocate(1, sizeof *p->shared);
    pthread_mutex_init(&p->shared->lock, NULL);
    pthread_mutex_init(&p->shared->reloading, NULL);
    p->fetch_once = fetch_once_new();
    *ret_platform = p;
    return OK;
}

void platform_free(struct platform *p) {
    if (p == NULL) {
        return;
    }
    for (unsigned i = 0; i < p->options.workers; i++) {
        snapshot_unref(p->slots[i].snapshot);
    }
    snapshot_unref(p->shared->current);
    pthread_mutex_destroy(&p->shared->lock);
    pthread_mutex_destroy(&p->shared->reloading);
    secret_wipe(&p->master, sizeof p->master);
    secret_wipe(p->seal_keys, sizeof p->seal_keys);
    fetch_once_free(p->fetch_once);
    free(p->slots);
    free(p->shared);
    free(p);
}

/* ---- reading ---- */

static struct snapshot *current_ref(struct shared *shared, uint64_t *ret_version) {
    pthread_mutex_lock(&shared->lock);
    struct snapshot *s = shared->current != NULL ? snapshot_ref(shared->current) : NULL;
    *ret_version = atomic_load_explicit(&shared->version, memory_order_relaxed);
    pthread_mutex_unlock(&shared->lock);
    return s;
}

static struct snapshot *slot_ref(struct slot *slot, struct shared *shared) {
    if (slot->version != atomic_load_explicit(&shared->version, memory_order_acquire)) {
        snapshot_unref(slot->snapshot);
        slot->snapshot = current_ref(shared, &slot->version);
    }
    return slot->snapshot != NULL ? snapshot_ref(slot->snapshot) : NULL;
}

const struct snapshot *platform_snapshot(struct ctx *cx) {
    const struct platform *p = cx->app;
    struct slot *slot = cx->worker_id < p->options.workers ? &p->slots[cx->worker_id] : NULL;
    struct snapshot *s;
    if (slot != NULL && !atomic_flag_test_and_set_explicit(&slot->busy, memory_order_acquire)) {
        s = slot_ref(slot, p->shared);
        atomic_flag_clear_explicit(&slot->busy, memory_order_release);
    } else {
        uint64_t version;
        s = current_ref(p->shared, &version);
    }
    if (s != NULL) {
        arena_defer(cx->arena, snapshot_unref, s);
    }
    return s;
}

static void seal_key_wipe(void *object) {
    secret_wipe(object, sizeof(struct seal_key));
}

const struct seal_key *platform_seal_key(const struct ctx *cx, const char *purpose_constant) {
    const struct platform *p = cx->app;
    struct str purpose = str_from(purpose_constant);
    for (size_t i = 0; i < COUNT_OF(purposes); i++) {
        if (str_is(purpose, purposes[i])) {
            return &p->seal_keys[i];
        }
    }
    struct seal_key *key = NEW(cx->arena, struct seal_key);
    *key = seal_key_derive(&p->master, purpose_constant);
    arena_defer(cx->arena, seal_key_wipe, key);
    return key;
}

struct metrics *platform_metrics(const struct ctx *cx) {
    const struct platform *p = cx->app;
    return p != NULL ? p->options.metrics : NULL;
}

bool platform_allow_private_fetch(const struct ctx *cx) {
    const struct platform *p = cx->app;
    return p->options.allow_private_fetch;
}

bool platform_mailbox(const struct ctx *cx) {
    const struct platform *p = cx->app;
    return p->options.mailbox;
}

struct fetch_once *platform_fetch_once(const struct ctx *cx) {
    const struct platform *p = cx->app;
    return p->fetch_once;
}

err snapshot_environment(struct ctx *cx, const struct snapshot *s, struct str host,
                         const struct environment **ret_environment) {
    if (s == NULL || s->environments.n == 0) {
        return fail(cx, ERR_UNAVAILABLE, "there is no environment");
    }
    const struct host *h = hosts_find(&s->hosts, host);
    /* PROTOCOL 12.7: Host is a hint. The first one is the default. */
    *ret_environment = h != NULL ? h->environment : &s->environments.v[0];
    return OK;
}

size_t snapshot_count(const struct snapshot *s) {
    return s != NULL ? s->environments.n : 0;
}

const struct environment *snapshot_at(const struct snapshot *s, size_t i) {
    return i < snapshot_count(s) ? &s->environments.v[i] : NULL;
}

bool snapshot_host_known(const struct snapshot *s, struct str host) {
    return s != NULL && hosts_find(&s->hosts, host) != NULL;
}

const struct area *snapshot_host_area(const struct snapshot *s, struct str host) {
    const struct host *h = s != NULL ? hosts_find(&s->hosts, host) : NULL;
    return h != NULL ? h->area : NULL;
}

/* ---- changing ---- */

err generation_raise(struct ctx *cx) {
    return db_exec(cx,
                   "INSERT INTO platform_value (name, int_value) VALUES ('generation', 1) "
                   "ON CONFLICT (name) DO UPDATE SET int_value = platform_value.int_value + 1",
                   DB_NO_ARGS, NULL);
}

static err generation_read(struct ctx *cx, int64_t *ret_generation) {
    *ret_generation = 0;
    err e = db_one(cx, "SELECT int_value FROM platform_value WHERE name = 'generation'", DB_NO_ARGS,
                   DB_COLUMNS(COLUMN_INT(ret_generation)));
    return e == ERR_NOT_FOUND ? OK : e;
}

/* `cx` is the snapshot's: what is read stays in its arena. */
static err snapshot_fill(struct ctx *cx, const struct platform *p, struct snapshot *s) {
    const struct keyring_options keys = {.seal_key = platform_seal_key(cx, SEAL_SIGNING_KEY),
                                         .workers = p->options.workers};
    TRY(generation_read(cx, &s->generation));
    TRY(environments_load(cx, &s->environments));
    for (size_t i = 0; i < s->environments.n; i++) {
        struct environment *e = &s->environments.v[i];
        TRY(keyring_load(cx, e->id, &keys, &e->keys));
        if (p->options.decorate != NULL) {
            TRY(p->options.decorate(cx, e));
        }
    }
    s->hosts = hosts_make(cx->arena, &s->environments);
    return OK;
}

static err snapshot_read(struct ctx *cx, const struct platform *p, struct snapshot **ret_snapshot) {
    struct arena *arena = arena_new();
    struct ctx inner = *cx;
    inner.arena = arena;
    inner.app = p;
    struct snapshot *s = NEW(arena, struct snapshot);
    s->arena = arena;
    atomic_init(&s->references, 1);
    err e = snapshot_fill(&inner, p, s);
    if (e != OK) {
        cx->failure = inner.failure;
        arena_free(arena);
        return e;
    }
    *ret_snapshot = s;
    return OK;
}

/* Rows come in several statements: a change between them shows as another generation, and all is
 * read anew. */
static err snapshot_read_whole(struct ctx *cx, const struct platform *p,
                               struct snapshot **ret_snapshot) {
    for (unsigned attempt = 1;; attempt++) {
        struct snapshot *s;
        int64_t after;
        TRY(snapshot_read(cx, p, &s));
        err e = generation_read(cx, &after);
        if (e == OK && (after == s->generation || attempt == RELOAD_ATTEMPTS)) {
            *ret_snapshot = s; /* if it is torn, the next reload sees that it is old */
            return OK;
        }
        snapshot_unref(s);
        TRY(e);
    }
}

/* A worker without requests would keep the old one, with its keys. One that is busy now renews its
 * slot itself. */
static void slots_clear(const struct platform *p) {
    for (unsigned i = 0; i < p->options.workers; i++) {
        struct slot *slot = &p->slots[i];
        if (!atomic_flag_test_and_set_explicit(&slot->busy, memory_order_acquire)) {
            snapshot_unref(slot->snapshot);
            slot->snapshot = NULL;
            slot->version = 0;
            atomic_flag_clear_explicit(&slot->busy, memory_order_release);
        }
    }
}

static void snapshot_swap(const struct platform *p, struct snapshot *s) {
    struct shared *shared = p->shared;
    pthread_mutex_lock(&shared->lock);
    struct snapshot *old = shared->current;
    shared->current = s;
    uint64_t version = atomic_load_explicit(&shared->version, memory_order_relaxed);
    atomic_store_explicit(&shared->version, version + 1, memory_order_release);
    pthread_mutex_unlock(&shared->lock);
    snapshot_unref(old);
    slots_clear(p);
}

static err reload(struct ctx *cx, struct platform *p, bool only_if_changed, bool *ret_changed) {
    if (only_if_changed && p->shared->current != NULL) {
        int64_t generation;
        TRY(generation_read(cx, &generation));
        if (generation == p->shared->current->generation) {
            *ret_changed = false;
            return OK;
        }
    }
    struct snapshot *s;
    TRY(snapshot_read_whole(cx, p, &s));
    snapshot_swap(p, s);
    *ret_changed = true;
    return OK;
}

err platform_reload(struct ctx *cx, struct platform *p, bool only_if_changed, bool *ret_changed) {
    pthread_mutex_lock(&p->shared->reloading);
    err e = reload(cx, p, only_if_changed, ret_changed);
    pthread_mutex_unlock(&p->shared->reloading);
    return e;
}
