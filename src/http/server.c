/* SPDX-License-Identifier: Apache-2.0 */
/* The server: one listening socket, the acceptor, N workers, the operations listener; start,
 * quiesce, stop. */
#include "server_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_PER_CORE  4
#define WORKERS_MIN       8
#define CONNECTIONS       16384
#define IDLE_SECONDS      60
#define QUIESCE_STEP_MS   2
#define DESCRIPTORS_SPARE 512 /* listeners, database, logs, outgoing connections */

unsigned http_workers_default(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long n = cores * WORKERS_PER_CORE;
    return n > WORKERS_MIN ? (unsigned)n : WORKERS_MIN;
}

static struct http_options options_filled(const struct http_options *given) {
    struct http_options o = *given;
    o.workers = o.workers > 0 ? o.workers : http_workers_default();
    o.connections = o.connections > 0 ? o.connections : CONNECTIONS;
    o.idle_timeout_s = o.idle_timeout_s > 0 ? o.idle_timeout_s : IDLE_SECONDS;
    return o;
}

static bool server_ready(const void *state) {
    const struct http_server *s = state;
    return s->started && !s->stopping &&
           (s->options.ready == NULL || s->options.ready(s->options.ready_state));
}

static void server_metrics(struct buf *b, const void *state) {
    const struct http_server *s = state;
    unsigned connections = 0;
    for (unsigned i = 0; s->started && i < s->workers_n; i++) {
        const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(s->workers[i].daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        connections += info != NULL ? info->num_connections : 0;
    }
    buf_format(b, "# TYPE postern_http_connections gauge\npostern_http_connections %u\n",
               connections);
    buf_format(b, "# TYPE postern_http_in_flight gauge\npostern_http_in_flight %u\n", s->in_flight);
}

void server_release(struct http_server *s) {
    if (atomic_fetch_sub(&s->refs, 1) != 1) {
        return;
    }
    for (unsigned i = 0; i < s->workers_n; i++) {
        pthread_mutex_destroy(&s->workers[i].lock);
    }
    free(s->workers);
    free(s);
}

static void boot_write(struct http_server *s) {
    unsigned char bytes[4];
    s->options.random->fill(s->options.random, bytes, sizeof bytes);
    (void)snprintf(s->boot, sizeof s->boot, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2],
                   bytes[3]);
}

/* As many descriptors as connections, if the system lets us; with fewer, accept() waits for one. */
static void descriptors_raise(unsigned connections) {
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + DESCRIPTORS_SPARE;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static err server_open(struct ctx *cx, struct http_server *s) {
    const struct http_options *o = &s->options;
    TRY(listener_open(cx, o->listen, o->behind_front, &s->listener));
    if (o->ops_listen != NULL) {
        const struct ops_options ops = {
            .http = o, .ready = server_ready, .metrics = server_metrics, .server = s};
        TRY(ops_start(cx, &ops, &s->ops));
    }
    for (unsigned i = 0; i < o->workers; i++) {
        TRY(worker_start(cx, s, i));
    }
    return acceptor_start(cx, s);
}

err http_server_start(struct ctx *cx, const struct http_options *options,
                      struct http_server **ret_server) {
    struct http_server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return fail(cx, ERR_BAD_CONFIG, "out of memory");
    }
    s->refs = 1;
    s->options = options_filled(options);
    s->listener.fd = s->acceptor_stop = -1;
    boot_write(s);
    descriptors_raise(s->options.connections);
    s->workers = calloc(s->options.workers, sizeof *s->workers);
    err e = s->workers != NULL ? server_open(cx, s) : fail(cx, ERR_BAD_CONFIG, "out of memory");
    if (e != OK) {
        http_server_stop(s, 0);
        return e;
    }
    s->started = true;
    *ret_server = s;
    return OK;
}

const char *http_server_address(const struct http_server *s) {
    return s->listener.address;
}

const char *http_server_ops_address(const struct http_server *s) {
    return s->ops != NULL ? ops_address(s->ops) : NULL;
}

static bool server_drained(struct http_server *s, int grace_ms) {
    const struct timespec step = {.tv_nsec = QUIESCE_STEP_MS * 1000000L};
    int64_t until = clock_monotonic_us() + (int64_t)grace_ms * 1000;
    while (atomic_load_explicit(&s->in_flight, memory_order_acquire) > 0) {
        if (clock_monotonic_us() >= until) {
            return false;
        }
        (void)nanosleep(&step, NULL);
    }
    return true;
}

bool http_server_quiesce(struct http_server *s, int grace_ms) {
    if (!atomic_exchange(&s->stopping, true)) {
        acceptor_stop(s);
        listener_close(&s->listener);
    }
    return server_drained(s, grace_ms);
}

void http_server_stop(struct http_server *s, int grace_ms) {
    (void)http_server_quiesce(s, grace_ms);
    for (unsigned i = 0; i < s->workers_n; i++) {
        worker_stop(&s->workers[i]);
    }
    ops_stop(s->ops);
    s->ops = NULL;
    server_release(s);
}
