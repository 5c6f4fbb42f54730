/* SPDX-License-Identifier: Apache-2.0 */
/* The write queue. Closures wait in one bounded list; each writer takes what is there (up to the
 * engine's batch), runs it in one transaction, commits once, and only then says done. One alone is
 * not held back for company: a batch is what came while the last one was syncing. */
#include "driver.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define QUEUE_MAX              4096
#define CHECKPOINT_INTERVAL_MS 200

struct counters {
    _Atomic uint64_t batches, writes, refused, failed, retried, commit_us, queued, busy;
    _Atomic uint64_t batch_size[DB_BATCH_BUCKETS];
};

struct db_writer {
    struct db *db;
    struct db_writer_options options; /* with the defaults filled in */
    const struct clock *clock;
    const struct random *random;
    struct counters counters;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;
    pthread_cond_t log_grew;
    struct db_write *head, **tail;
    size_t waiting;
    bool stopping, broken; /* broken: a commit's outcome is unknown and the engine must recover */
    bool dirty;            /* something was committed since the last checkpoint */
    bool checkpoint_stop;

    pthread_t *threads;
    unsigned threads_n;
    pthread_t checkpointer;
    bool checkpointing;
};

/* One writer thread. */
struct scribe {
    struct db_writer *w;
    struct ctx cx;
    struct db_conn *conn; /* NULL until the engine could be reached */
    struct item {
        struct db_write *write;
        err result;
    } * batch;
    size_t n;
};

/* ---- one batch ---- */

/* A refusal does not stand either: it may rest on what another closure of the batch did, and that
 * is gone. */
static void batch_fail(struct scribe *s, err e) {
    for (size_t i = 0; i < s->n; i++) {
        s->batch[i].result = fail(s->batch[i].write->cx, e, "%s", s->cx.failure.detail);
    }
}

static err batch_begin(struct scribe *s) {
    if (s->conn == NULL) {
        TRY(db_connect(&s->cx, s->w->db, DB_WRITE, &s->conn));
    }
    return db_begin(&s->cx, s->conn);
}

/* Undoes a closure and leaves the others of its batch. Where it is alone, the transaction is undone
 * instead. */
static err closure_undo(struct scribe *s) {
    const struct db_driver *driver = s->w->db->driver;
    if (driver->rewind == NULL) {
        db_rollback(s->conn);
        return OK;
    }
    TRY(driver->rewind(&s->cx, s->conn));
    s->conn->dead = OK;
    return OK;
}

static err closure_attempt(struct scribe *s, struct db_write *write, err *ret_result) {
    const struct db_driver *driver = s->w->db->driver;
    if (!s->conn->in_transaction) {
        TRY(db_begin(&s->cx, s->conn));
    }
    if (driver->savepoint != NULL) {
        TRY(driver->savepoint(&s->cx, s->conn));
    }
    err result = db_closure(write->cx, s->conn, write->run, write->state);
    if (driver->gone(s->conn)) {
        return fail(&s->cx, ERR_STORAGE, "the transaction is gone: %s",
                    result != OK ? write->cx->failure.detail : "rolled back by the engine");
    }
    *ret_result = result;
    if (result != OK) {
        return closure_undo(s);
    }
    return driver->release != NULL ? driver->release(&s->cx, s->conn) : OK;
}

/* The failure that is returned is the whole batch's; the closure's own is *ret_result. */
static err closure_run(struct scribe *s, struct db_write *write, err *ret_result) {
    for (unsigned attempt = 1;; attempt++) {
        TRY(closure_attempt(s, write, ret_result));
        if (*ret_result != ERR_RETRY || attempt == DB_ATTEMPTS_MAX) {
            return OK;
        }
        s->w->counters.retried++;
        write->cx->failure = (struct failure){.code = OK};
        db_retry_pause(attempt);
    }
}

static err batch_commit(struct scribe *s) {
    if (!s->conn->in_transaction) {
        return OK; /* the only closure failed and took the transaction with it */
    }
    int64_t begun = clock_monotonic_us();
    err e = db_commit(&s->cx, s->conn);
    s->w->counters.commit_us += (uint64_t)(clock_monotonic_us() - begun);
    return e;
}

static err batch_attempt(struct scribe *s) {
    TRY(batch_begin(s));
    for (size_t i = 0; i < s->n; i++) {
        TRY(closure_run(s, s->batch[i].write, &s->batch[i].result));
    }
    return batch_commit(s);
}

static err batch_write(struct scribe *s) {
    for (unsigned attempt = 1;; attempt++) {
        err e = batch_attempt(s);
        if (s->conn != NULL && s->conn->in_transaction) {
            db_rollback(s->conn);
        }
        /* Some engines find a conflict at the commit only. */
        if (e != ERR_RETRY || attempt == DB_ATTEMPTS_MAX) {
            return e;
        }
        s->w->counters.retried += s->n;
        db_retry_pause(attempt);
    }
}

static void broken_tell(struct scribe *s) {
    struct db_writer *w = s->w;
    pthread_mutex_lock(&w->lock);
    bool first = !w->broken;
    w->broken = true;
    pthread_mutex_unlock(&w->lock);
    if (!first) {
        return;
    }
    if (w->options.fatal == NULL) {
        abort();
    }
    w->options.fatal(w->options.fatal_state, s->cx.failure.detail);
}

static void batch_count(struct scribe *s) {
    struct counters *c = &s->w->counters;
    unsigned bucket = 0;
    while (bucket + 1 < DB_BATCH_BUCKETS && ((size_t)1 << bucket) < s->n) {
        bucket++;
    }
    c->batches++;
    c->batch_size[bucket]++;
    for (size_t i = 0; i < s->n; i++) {
        c->writes++;
        c->failed += s->batch[i].result != OK ? 1 : 0;
    }
}

static void batch_run(struct scribe *s) {
    ctx_init(&s->cx, s->cx.arena, s->w->clock, s->w->random, s->w->options.log);
    err e = batch_write(s);
    if (e != OK) {
        batch_fail(s, e == ERR_OUTCOME_UNKNOWN ? e : ERR_STORAGE);
        if (s->w->options.log != NULL) {
            log_message(s->w->options.log, LOG_ERROR, "db.write", "%s", s->cx.failure.detail);
        }
    }
    if (e == ERR_OUTCOME_UNKNOWN && s->w->db->driver->unknown_is_fatal) {
        broken_tell(s);
    }
    batch_count(s);
    for (size_t i = 0; i < s->n; i++) {
        /* The write is its owner's again from here on. */
        s->batch[i].write->done(s->batch[i].write, s->batch[i].result);
    }
    arena_reset(s->cx.arena);
}

/* ---- threads ---- */

/* Takes what waits; false: nothing will come any more. */
static bool batch_take(struct scribe *s) {
    struct db_writer *w = s->w;
    pthread_mutex_lock(&w->lock);
    while (w->head == NULL && !w->stopping) {
        pthread_cond_wait(&w->work, &w->lock);
    }
    s->n = 0;
    while (w->head != NULL && s->n < w->options.batch_max) {
        struct db_write *write = w->head;
        w->head = write->next;
        s->batch[s->n++] = (struct item){.write = write, .result = OK};
    }
    if (w->head == NULL) {
        w->tail = &w->head;
    }
    w->waiting -= s->n;
    w->counters.queued = w->waiting;
    pthread_mutex_unlock(&w->lock);
    return s->n > 0;
}

static void log_tell(struct db_writer *w) {
    if (!w->checkpointing) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    if (!w->dirty) {
        w->dirty = true;
        pthread_cond_signal(&w->log_grew);
    }
    pthread_mutex_unlock(&w->lock);
}

static bool is_broken(struct db_writer *w) {
    pthread_mutex_lock(&w->lock);
    bool broken = w->broken;
    pthread_mutex_unlock(&w->lock);
    return broken;
}

static void batch_refuse(struct scribe *s) {
    for (size_t i = 0; i < s->n; i++) {
        struct db_write *write = s->batch[i].write;
        write->done(write, fail(write->cx, ERR_STORAGE, "the database must recover first"));
    }
}

static void *writer_thread(void *state) {
    struct scribe s = {.w = state};
    const struct db_driver *driver = s.w->db->driver;
    s.cx.arena = arena_new();
    s.batch = calloc(s.w->options.batch_max, sizeof *s.batch);
    if (s.batch == NULL) {
        abort();
    }
    while (batch_take(&s)) {
        if (is_broken(s.w)) {
            batch_refuse(&s);
            continue;
        }
        s.w->counters.busy++;
        batch_run(&s);
        s.w->counters.busy--;
        log_tell(s.w);
        if (s.conn != NULL && driver->checkpoint_large != NULL) {
            driver->checkpoint_large(s.conn);
        }
    }
    db_disconnect(s.conn);
    free(s.batch);
    arena_free(s.cx.arena);
    return NULL;
}

/* True: time for a checkpoint; false: the end. */
static bool checkpoint_wait(struct db_writer *w) {
    struct timespec until;
    pthread_mutex_lock(&w->lock);
    while (!w->dirty && !w->checkpoint_stop) {
        pthread_cond_wait(&w->log_grew, &w->lock);
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += CHECKPOINT_INTERVAL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    int rc = 0;
    while (!w->checkpoint_stop && rc == 0) {
        rc = pthread_cond_timedwait(&w->log_grew, &w->lock, &until);
    }
    w->dirty = false;
    bool go = !w->checkpoint_stop;
    pthread_mutex_unlock(&w->lock);
    return go;
}

static void *checkpoint_thread(void *state) {
    struct db_writer *w = state;
    struct arena *arena = arena_new();
    struct ctx cx;
    struct db_conn *conn = NULL;
    while (checkpoint_wait(w)) {
        ctx_init(&cx, arena, w->clock, w->random, w->options.log);
        if (conn != NULL || db_connect(&cx, w->db, DB_WRITE, &conn) == OK) {
            w->db->driver->checkpoint(conn);
        }
        arena_reset(arena);
    }
    db_disconnect(conn);
    arena_free(arena);
    return NULL;
}

/* ---- the queue ---- */

static struct db_writer_options options_filled(const struct db_driver *driver,
                                               const struct db_writer_options *given) {
    struct db_writer_options o = *given;
    o.queue_max = o.queue_max > 0 ? o.queue_max : QUEUE_MAX;
    o.batch_max = o.batch_max > 0 ? o.batch_max : driver->batch;
    o.batch_max = o.batch_max < driver->batch_max ? o.batch_max : driver->batch_max;
    o.writers = o.writers > 0 ? o.writers : driver->writers;
    o.writers = o.writers < driver->writers_max ? o.writers : driver->writers_max;
    return o;
}

static void writer_free(struct db_writer *w) {
    pthread_cond_destroy(&w->log_grew);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w->threads);
    free(w);
}

static struct db_writer *writer_new(struct ctx *cx, struct db *db,
                                    const struct db_writer_options *options) {
    struct db_writer *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    w->db = db;
    w->options = options_filled(db->driver, options);
    w->clock = cx->clock;
    w->random = cx->random;
    w->tail = &w->head;
    w->threads = calloc(w->options.writers, sizeof *w->threads);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->log_grew, &attributes);
    pthread_condattr_destroy(&attributes);
    if (w->threads == NULL) {
        writer_free(w);
        return NULL;
    }
    return w;
}

err db_writer_start(struct ctx *cx, struct db *db, const struct db_writer_options *options,
                    struct db_writer **ret_writer) {
    struct db_writer *w = writer_new(cx, db, options);
    if (w == NULL) {
        return fail(cx, ERR_STORAGE, "out of memory");
    }
    w->checkpointing = db->driver->checkpoint != NULL;
    if (w->checkpointing && pthread_create(&w->checkpointer, NULL, checkpoint_thread, w) != 0) {
        writer_free(w);
        return fail(cx, ERR_STORAGE, "no thread for the checkpointer");
    }
    atomic_store(&db->checkpointed, w->checkpointing);
    while (w->threads_n < w->options.writers) {
        if (pthread_create(&w->threads[w->threads_n], NULL, writer_thread, w) != 0) {
            (void)fail(cx, ERR_STORAGE, "no thread for writer %u", w->threads_n);
            db_writer_stop(w);
            return ERR_STORAGE;
        }
        w->threads_n++;
    }
    *ret_writer = w;
    return OK;
}

bool db_writer_submit(struct db_writer *w, struct db_write *write) {
    pthread_mutex_lock(&w->lock);
    bool taken = !w->stopping && !w->broken && w->waiting < w->options.queue_max;
    if (taken) {
        write->next = NULL;
        *w->tail = write;
        w->tail = &write->next;
        w->waiting++;
        w->counters.queued = w->waiting;
        pthread_cond_signal(&w->work);
    }
    pthread_mutex_unlock(&w->lock);
    if (!taken) {
        w->counters.refused++;
    }
    return taken;
}

void db_writer_stop(struct db_writer *w) {
    if (w == NULL) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->threads_n; i++) {
        pthread_join(w->threads[i], NULL);
    }
    if (w->checkpointing) {
        pthread_mutex_lock(&w->lock);
        w->checkpoint_stop = true;
        pthread_cond_signal(&w->log_grew);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->checkpointer, NULL);
    }
    atomic_store(&w->db->checkpointed, false);
    writer_free(w);
}

struct db_writer_stats db_writer_stats(const struct db_writer *w) {
    const struct counters *c = &w->counters;
    struct db_writer_stats s = {.batches = c->batches,
                                .writes = c->writes,
                                .refused = c->refused,
                                .failed = c->failed,
                                .retried = c->retried,
                                .commit_us = c->commit_us,
                                .queued = c->queued,
                                .writers = w->threads_n,
                                .busy = c->busy};
    for (size_t i = 0; i < DB_BATCH_BUCKETS; i++) {
        s.batch_size[i] = c->batch_size[i];
    }
    return s;
}
