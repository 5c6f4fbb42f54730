/* SPDX-License-Identifier: Apache-2.0 */
/* The server's housekeeping thread. Four times a second it asks whether another process changed
 * environments or keys (so that a change is in force everywhere within a second), and about once a
 * second it hands the writer one small bite of expired rows. */
#include "posternd.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define KEEPER_TICK_MS  250
#define KEEPER_HURRY_MS 50 /* while there is much to remove: more than any load leaves behind */
#define PURGE_EVERY     4  /* ticks between two bites */
#define PURGE_REST      40 /* ticks after a round that found nothing */
#define PURGE_MANY      (PURGE_BITE / 2)

/* One bite: its request of the writer, and what came of it. Touched by the keeper only while `busy`
 * is false. */
struct purge {
    struct ctx cx;
    struct arena *arena;
    struct db_write write;
    struct purge_cursor cursor, next;
    int64_t removed, round_removed;
    bool wrapped;
    err result;
    atomic_bool busy;
    bool begun; /* its outcome is not yet noted */
    bool hurry;
    unsigned wait; /* ticks */
};

struct keeper {
    struct keeper_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop, reload; /* under lock */
    atomic_bool ready;
    struct ctx cx;
    struct arena *arena;
    struct purge purge;
    bool failing;
};

static err purge_run(struct ctx *cx, void *state) {
    struct purge *p = state;
    p->next = p->cursor; /* it may run again: begin where it began */
    return purge_bite(cx, &p->next, &p->removed, &p->wrapped);
}

static void purge_done(struct db_write *write, err result) {
    struct purge *p = write->owner;
    p->result = result;
    atomic_store_explicit(&p->busy, false, memory_order_release);
}

/* When to bite again: at once while there is much, seldom when a whole round found nothing. */
static void purge_pause(struct purge *p) {
    p->wait = PURGE_EVERY;
    p->hurry = p->result == OK && p->removed >= PURGE_MANY;
    if (p->result != OK) {
        return;
    }
    p->cursor = p->next;
    p->round_removed += p->removed;
    if (p->hurry) {
        p->wait = 0;
    } else if (p->wrapped) {
        p->wait = p->round_removed == 0 ? PURGE_REST : PURGE_EVERY;
    }
    if (p->wrapped) {
        p->round_removed = 0;
    }
}

static void purge_tick(struct keeper *k) {
    struct purge *p = &k->purge;
    if (atomic_load_explicit(&p->busy, memory_order_acquire)) {
        return;
    }
    if (p->begun) {
        purge_pause(p);
        p->begun = false;
    }
    if (p->wait > 0) {
        p->wait--;
        return;
    }
    arena_reset(p->arena);
    ctx_init(&p->cx, p->arena, &clock_system, &random_system, k->options.log);
    p->cx.app = k->options.platform;
    p->removed = 0;
    p->wrapped = false;
    p->result = OK;
    p->write = (struct db_write){
        .run = purge_run, .state = p, .cx = &p->cx, .done = purge_done, .owner = p};
    atomic_store(&p->busy, true);
    p->begun = db_writer_submit(k->options.writer, &p->write);
    if (!p->begun) {
        atomic_store(&p->busy, false); /* the queue is full: requests come first */
    }
}

static bool has_environment(struct ctx *cx) {
    const struct snapshot *s = platform_snapshot(cx);
    return s != NULL && snapshot_count(s) > 0;
}

static err reload(struct ctx *cx, struct keeper *k, bool whether_or_not) {
    bool changed = false;
    if (cx->db == NULL) { /* the first connection, or the last one was lost */
        TRY(db_connect(cx, k->options.db, DB_READ, &cx->db));
    }
    TRY(platform_reload(cx, k->options.platform, !whether_or_not, &changed));
    if (changed) {
        log_message(cx->log, LOG_INFO, "reload", "environments and signing keys were read again");
    }
    return OK;
}

static void reload_tick(struct keeper *k, bool whether_or_not) {
    struct ctx *cx = &k->cx;
    struct db_conn *conn = cx->db;
    arena_reset(k->arena);
    ctx_init(cx, k->arena, &clock_system, &random_system, k->options.log);
    cx->app = k->options.platform;
    cx->db = conn;
    err e = reload(cx, k, whether_or_not);
    if (e != OK && !k->failing) {
        log_message(cx->log, LOG_ERROR, "reload", "the database does not answer: %s",
                    cx->failure.detail);
    } else if (e == OK && k->failing) {
        log_message(cx->log, LOG_INFO, "reload", "the database answers again");
    }
    k->failing = e != OK;
    atomic_store(&k->ready, e == OK && has_environment(cx));
    if (e != OK && cx->db != NULL) {
        db_disconnect(cx->db);
        cx->db = NULL;
    }
}

/* Until the next tick, or sooner when someone asks. False: stop. */
static bool keeper_wait(struct keeper *k, bool *ret_reload) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (k->purge.hurry ? KEEPER_HURRY_MS : KEEPER_TICK_MS) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&k->lock);
    int woken = 0;
    while (!k->stop && !k->reload && woken == 0) {
        woken = pthread_cond_timedwait(&k->wake, &k->lock, &until);
    }
    bool go_on = !k->stop;
    *ret_reload = k->reload;
    k->reload = false;
    pthread_mutex_unlock(&k->lock);
    return go_on;
}

static void *keeper_run(void *state) {
    struct keeper *k = state;
    bool whether_or_not;
    while (keeper_wait(k, &whether_or_not)) {
        reload_tick(k, whether_or_not);
        purge_tick(k);
    }
    if (k->cx.db != NULL) {
        db_disconnect(k->cx.db);
    }
    return NULL;
}

err keeper_start(struct ctx *cx, const struct keeper_options *options, struct keeper **ret_keeper) {
    struct keeper *k = calloc(1, sizeof *k);
    if (k == NULL) {
        abort();
    }
    k->options = *options;
    k->arena = arena_new();
    k->purge.arena = arena_new();
    k->purge.wait = PURGE_EVERY;
    atomic_store(&k->ready, has_environment(cx));
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&k->thread, NULL, keeper_run, k) != 0) {
        keeper_free(k);
        return fail_say(cx, ERR_INTERNAL, "No thread could be started.");
    }
    *ret_keeper = k;
    return OK;
}

static void keeper_ask(struct keeper *k, bool *what) {
    pthread_mutex_lock(&k->lock);
    *what = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
}

void keeper_reload(struct keeper *k) {
    keeper_ask(k, &k->reload);
}

bool keeper_ready(const struct keeper *k) {
    return atomic_load(&k->ready);
}

void keeper_stop(struct keeper *k) {
    keeper_ask(k, &k->stop);
    pthread_join(k->thread, NULL);
}

void keeper_free(struct keeper *k) {
    if (k == NULL) {
        return;
    }
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
    arena_free(k->arena);
    arena_free(k->purge.arena);
    free(k);
}
