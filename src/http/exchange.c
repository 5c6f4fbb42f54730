/* SPDX-License-Identifier: Apache-2.0 */
/* One request: dispatched on its worker's thread, handed to the writer or the pool and back. */
#include "server_internal.h"

#include <stdlib.h>
#include <string.h>

#define SPARE_MAX    16                  /* exchanges that an idle worker keeps */
#define DISCARD_MAX  (4 * HTTP_BODY_MAX) /* read past a limit, so that the 413 arrives */
#define BODY_SECONDS 60                  /* for the whole of a body, however it trickles */

struct exchange *exchange_take(struct worker *w) {
    struct exchange *x = w->spare;
    if (x != NULL) {
        w->spare = x->next;
        w->spare_n--;
        return x;
    }
    x = calloc(1, sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    x->worker = w;
    x->cx.arena = arena_new();
    return x;
}

void exchange_free(struct exchange *x) {
    arena_free(x->cx.arena);
    free(x);
}

void exchange_give(struct exchange *x) {
    struct worker *w = x->worker;
    if (w->spare_n >= SPARE_MAX) {
        exchange_free(x);
        return;
    }
    arena_reset(x->cx.arena);
    x->next = w->spare;
    w->spare = x;
    w->spare_n++;
}

static void exchange_clear(struct exchange *x) {
    struct worker *w = x->worker;
    const struct http_options *o = &w->server->options;
    struct arena *arena = x->cx.arena;
    x->phase = PHASE_READING;
    x->rq = (struct request){.method = HTTP_OTHER};
    x->rp = (struct reply){.status = 0};
    x->refused = x->result = OK;
    x->close = x->body_wanted = false;
    x->body = NULL;
    x->body_n = x->body_max = x->body_size = 0;
    x->begun_us = clock_monotonic_us();
    ctx_init(&x->cx, arena, o->clock, o->random, o->log);
    x->cx.db = w->db;
    x->cx.worker_id = w->id;
    x->cx.app = o->app;
}

/* Unique without a call for randomness: this start of the server, the worker, its count. */
static struct str id_of(struct worker *w, struct arena *a) {
    static const char digits[] = "0123456789abcdef";
    char *id = arena_alloc(a, 22);
    memcpy(id, w->server->boot, 8);
    uint64_t n = (uint64_t)w->id << 48 | (w->requests++ & 0xffffffffffffULL);
    for (unsigned i = 0; i < 14; i++) {
        id[21 - i] = digits[n & 15];
        n >>= 4;
    }
    return (struct str){id, 22};
}

/* ---- waiting ---- */

static void waiting_remove(struct worker *w, struct exchange *x) {
    if (x->previous != NULL) {
        x->previous->next = x->next;
    } else {
        w->waiting = x->next;
    }
    if (x->next != NULL) {
        x->next->previous = x->previous;
    }
}

/* On the worker's thread. From here the request belongs to the writer or the pool. False: the
 * worker is being stopped; a connection that were suspended now would make MHD_stop_daemon abort
 * the process. */
static bool exchange_suspend(struct exchange *x) {
    struct worker *w = x->worker;
    pthread_mutex_lock(&w->lock);
    if (w->closed) {
        pthread_mutex_unlock(&w->lock);
        return false;
    }
    atomic_fetch_add(&w->server->refs, 1);
    MHD_suspend_connection(x->connection);
    x->phase = PHASE_WAITING;
    x->previous = NULL;
    x->next = w->waiting;
    if (w->waiting != NULL) {
        w->waiting->previous = x;
    }
    w->waiting = x;
    pthread_mutex_unlock(&w->lock);
    return true;
}

/* On any thread: gives the request back to its worker, or ends it if the server has stopped. */
static void exchange_wake(struct exchange *x, err result) {
    struct worker *w = x->worker;
    struct http_server *s = w->server;
    x->result = result;
    /* Under the lock, so that worker_abandon never meets a connection that is over but not resumed.
     */
    pthread_mutex_lock(&w->lock);
    bool abandoned = x->phase == PHASE_ABANDONED;
    if (!abandoned) {
        x->phase = PHASE_OVER;
        waiting_remove(w, x);
        MHD_resume_connection(x->connection);
    }
    bool last = abandoned && --x->holders == 0;
    pthread_mutex_unlock(&w->lock);
    if (last) {
        exchange_free(x);
    }
    server_release(s);
}

static err write_run(struct ctx *cx, void *state) {
    struct exchange *x = state;
    x->rp = x->handed;
    return x->handed.write.run(cx, x->handed.write.state);
}

static void write_done(struct db_write *write, err result) {
    exchange_wake(write->owner, result);
}

static void job_run(struct job *job) {
    struct exchange *x = job->owner;
    x->cx.db = NULL;
    x->result = x->rp.job.run(&x->cx, x->rp.job.state);
}

static void job_done(struct job *job) {
    struct exchange *x = job->owner;
    exchange_wake(x, x->result);
}

/* Refused before the route was asked: a person at a page still reads a page. */
static void page_route_find(struct exchange *x, struct str target) {
    struct str path = str_sub(target, 0, str_find_char(target, '?'));
    struct str params[HTTP_PATH_PARAMS_MAX];
    if (x->rq.route != NULL || path.n == 0 || path.n > HTTP_TARGET_MAX || path.p[0] != '/') {
        return;
    }
    const struct route_path *found =
        route_table_path(x->worker->server->options.routes, path, false, params);
    const struct route *row = found != NULL ? route_path_row(found, x->rq.method) : NULL;
    x->rq.route = row != NULL && row->errors == ERRORS_PAGE ? row : NULL;
}

static enum MHD_Result exchange_refuse(struct exchange *x, err e) {
    x->close = true;
    route_finish(&x->cx, &x->rq, e, &x->rp);
    return exchange_answer(x);
}

static enum MHD_Result exchange_write(struct exchange *x) {
    struct db_writer *writer = x->worker->server->options.writer;
    x->handed = x->rp;
    x->write = (struct db_write){
        .run = write_run, .state = x, .cx = &x->cx, .done = write_done, .owner = x};
    if (!exchange_suspend(x)) {
        return exchange_refuse(x, fail(&x->cx, ERR_BUSY, "the server is stopping"));
    }
    if (writer == NULL || !db_writer_submit(writer, &x->write)) {
        exchange_wake(x, fail(&x->cx, ERR_BUSY, "the write queue is full"));
    }
    return MHD_YES;
}

/* FNV-1a; absent: 0. Who could choose a text that collides only stands in his own way. */
static uint64_t text_hash(struct str text) {
    uint64_t h = text.n > 0 ? 14695981039346656037ULL : 0;
    for (size_t i = 0; i < text.n; i++) {
        h = (h ^ (unsigned char)text.p[i]) * 1099511628211ULL;
    }
    return h;
}

static enum MHD_Result exchange_job(struct exchange *x) {
    struct jobs *jobs = x->worker->server->options.jobs;
    x->job = (struct job){.run = job_run,
                          .done = job_done,
                          .owner = x,
                          .lane = x->rp.job.lane,
                          .whose = text_hash(x->rq.remote),
                          .only = text_hash(x->rp.job.only)};
    if (!exchange_suspend(x)) {
        return exchange_refuse(x, fail(&x->cx, ERR_BUSY, "the server is stopping"));
    }
    err e = jobs != NULL ? jobs_submit(&x->cx, jobs, &x->job)
                         : fail(&x->cx, ERR_BUSY, "there is no pool for slow work");
    if (e == ERR_BUSY && jobs != NULL) {
        int64_t seconds = jobs_stats(jobs, x->rp.job.lane).wait_seconds;
        reply_header(&x->rp, RETRY_AFTER, str_format(x->cx.arena, "%lld", (long long)seconds));
    }
    if (e != OK) {
        exchange_wake(x, e);
    }
    return MHD_YES;
}

static enum MHD_Result exchange_go_on(struct exchange *x) {
    /* An error's reply brings neither, unless the handler gave it one: refused, and something to
     * store. */
    if (x->rp.write.run != NULL) {
        return exchange_write(x);
    }
    if (x->rp.job.run != NULL) {
        return exchange_job(x);
    }
    return exchange_answer(x);
}

static enum MHD_Result exchange_resumed(struct exchange *x) {
    bool was_write = x->rp.write.run != NULL || x->handed.write.run != NULL;
    x->phase = PHASE_READING;
    x->cx.db = x->worker->db;
    x->handed.write.run = NULL;
    x->rp.write.run = NULL;
    if (was_write || x->result != OK) {
        route_finish(&x->cx, &x->rq, x->result, &x->rp);
        return exchange_answer(x);
    }
    x->rq.job_state = x->rp.job.state;
    route_again(&x->cx, &x->rq, &x->rp);
    return exchange_go_on(x);
}

/* ---- the request ---- */

enum MHD_Result exchange_begin(struct exchange *x, const struct request_head *head) {
    const struct http_options *o = &x->worker->server->options;
    exchange_clear(x);
    atomic_fetch_add_explicit(&x->worker->server->in_flight, 1, memory_order_relaxed);
    x->rq.id = id_of(x->worker, x->cx.arena);
    err e = request_read(&x->cx, head, &x->rq);
    if (e != OK) {
        page_route_find(x, head->target);
        return exchange_refuse(x, e);
    }
    uint64_t length = request_content_length(&x->rq);
    if (length == 0 && request_header(&x->rq, "transfer-encoding").p == NULL) {
        return MHD_YES;
    }
    x->body_max = route_body_max(o->routes, x->rq.method, x->rq.path);
    if (length > DISCARD_MAX ||
        (length > x->body_max && request_header(&x->rq, "expect").p != NULL)) {
        page_route_find(x, x->rq.path);
        return exchange_refuse(x, fail_say(&x->cx, ERR_BODY_TOO_LARGE,
                                           "A body may have %zu bytes here.", x->body_max));
    }
    x->body_wanted = length <= x->body_max;
    x->body_size = length > 0 && x->body_wanted ? (size_t)length : 0;
    return MHD_YES;
}

/* Announced bodies get their room at once; chunked ones double it. */
static void body_room(struct exchange *x, size_t n) {
    if (x->body != NULL && x->body_n + n <= x->body_size) {
        return;
    }
    size_t size = x->body_size;
    while (size < x->body_n + n) {
        size = size > 0 ? size * 2 : 1024;
    }
    char *body = arena_alloc(x->cx.arena, size);
    if (x->body != NULL) {
        memcpy(body, x->body, x->body_n);
    }
    x->body = body;
    x->body_size = size;
}

enum MHD_Result exchange_body(struct exchange *x, const char *p, size_t n) {
    if (clock_monotonic_us() - x->begun_us > BODY_SECONDS * 1000000LL ||
        x->body_n + n > DISCARD_MAX) {
        return MHD_NO;
    }
    if (x->body_n + n > x->body_max) {
        x->body_wanted = false;
    }
    if (x->body_wanted) {
        body_room(x, n);
        memcpy(x->body + x->body_n, p, n);
    }
    x->body_n += n;
    return MHD_YES;
}

enum MHD_Result exchange_run(struct exchange *x) {
    const struct http_options *o = &x->worker->server->options;
    pthread_mutex_lock(&x->worker->lock);
    enum phase phase = x->phase;
    pthread_mutex_unlock(&x->worker->lock);
    switch (phase) {
    case PHASE_OVER:
        return exchange_resumed(x);
    case PHASE_ABANDONED:
        return MHD_NO;
    case PHASE_READING:
        break;
    default:
        return MHD_YES;
    }
    if (x->body_n > 0 && !x->body_wanted) {
        page_route_find(x, x->rq.path);
        return exchange_refuse(x, fail_say(&x->cx, ERR_BODY_TOO_LARGE,
                                           "A body may have %zu bytes here.", x->body_max));
    }
    x->rq.body = (struct str){x->body, x->body != NULL ? x->body_n : 0};
    route_dispatch(&x->cx, o->routes, &o->hooks, &x->rq, &x->rp);
    return exchange_go_on(x);
}

void exchange_end(struct exchange *x) {
    struct worker *w = x->worker;
    atomic_fetch_sub_explicit(&w->server->in_flight, 1, memory_order_release);
    pthread_mutex_lock(&w->lock);
    if (x->phase == PHASE_WAITING) {
        waiting_remove(w, x);
        x->phase = PHASE_ABANDONED;
        x->holders = 2;
    }
    bool elsewhere = x->phase == PHASE_ABANDONED;
    bool last = elsewhere && --x->holders == 0;
    pthread_mutex_unlock(&w->lock);
    if (last) {
        exchange_free(x);
    }
    if (!elsewhere) {
        exchange_give(x);
    }
}
