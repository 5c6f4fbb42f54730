/* SPDX-License-Identifier: Apache-2.0 */
/* The server's own parts: workers, connections, exchanges. */
#ifndef POSTERN_SERVER_INTERNAL_H
#define POSTERN_SERVER_INTERNAL_H

#include "http_internal.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct worker;

struct http_server {
    struct http_options options;
    struct listener listener;
    struct ops *ops;
    struct worker *workers;
    unsigned workers_n;
    char boot[9];               /* begins every request's id */
    _Atomic unsigned refs;      /* the owner's, and one for each exchange that is elsewhere */
    _Atomic unsigned in_flight; /* requests whose header was read and whose answer has not left */
    atomic_bool started, stopping;
    pthread_t acceptor;
    bool accepting;
    int acceptor_stop; /* an eventfd that ends it; else -1 */
};
void server_release(struct http_server *s);

/* One thread of libmicrohttpd: only that thread touches it, but for what `lock` guards. */
struct worker {
    struct http_server *server;
    unsigned id;
    uint64_t requests;
    struct MHD_Daemon *daemon;
    _Atomic unsigned connections; /* given to it and not closed yet */
    unsigned connections_max;
    struct db_conn *db;
    struct exchange *spare; /* to be used again */
    size_t spare_n;
    pthread_mutex_t lock; /* of `closed`, `waiting` and of the phase of what is in it */
    bool closed;          /* nothing is suspended any more */
    struct exchange *waiting;
};
err worker_start(struct ctx *cx, struct http_server *s, unsigned id);
/* No request waits for a write or a job any more, or it loses its connection here. */
void worker_stop(struct worker *w);
void worker_abandon(struct worker *w);

/* Accepts and spreads connections, until it is stopped. */
err acceptor_start(struct ctx *cx, struct http_server *s);
void acceptor_stop(struct http_server *s);

/* One connection, from accept to close. */
struct connection {
    char peer[48];
    char *target; /* of the request that is being read: libmicrohttpd's memory */
    size_t target_n;
    char query_first; /* taken out, so that libmicrohttpd sees an empty query */
};

enum phase {
    PHASE_READING,   /* header or body */
    PHASE_WAITING,   /* suspended: for the writer or the pool */
    PHASE_OVER,      /* that is done, the connection was resumed */
    PHASE_ABANDONED, /* the server stopped meanwhile: who is last frees it */
    PHASE_ANSWERED,
};

/* One request and its answer. Used again by its worker, arena and all. */
struct exchange {
    struct exchange *next, *previous;
    struct worker *worker;
    struct MHD_Connection *connection;
    enum phase phase;
    unsigned holders; /* of an abandoned one */
    struct ctx cx;
    struct request rq;
    struct reply rp;
    struct reply handed; /* the handler's reply: a closure that runs again starts from it */
    struct db_write write;
    struct job job;
    err result; /* of write or job */
    err refused;
    bool close;
    bool body_wanted;
    int64_t begun_us;
    size_t body_n, body_max, body_size;
    char *body;
};
struct exchange *exchange_take(struct worker *w);
void exchange_give(struct exchange *x);
void exchange_free(struct exchange *x);
/* The header is there. MHD_NO closes the connection. */
enum MHD_Result exchange_begin(struct exchange *x, const struct request_head *head);
enum MHD_Result exchange_body(struct exchange *x, const char *p, size_t n);
/* The request is complete, or was resumed. */
enum MHD_Result exchange_run(struct exchange *x);
/* Counts, logs and sends x->rp. */
enum MHD_Result exchange_answer(struct exchange *x);
/* The answer has left, or never will. */
void exchange_end(struct exchange *x);

#endif
