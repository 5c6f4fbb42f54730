/* SPDX-License-Identifier: Apache-2.0 */
/* One thread of libmicrohttpd with what belongs to it, and the callbacks through which it speaks.
 */
#include "server_internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL_SIZE 16384 /* of a connection: smaller ones close large requests without an answer */
/* libmicrohttpd ends a line at a bare LF, a text at a NUL, and glues folded lines together, all
 * without a word. The version whose traces of that are known; newer ones refuse it themselves. */
#define LOOSE_VERSION 0x00097500

/* ---- what libmicrohttpd hides ---- */

/* Where the last line ended; false once something strange was seen. */
struct layout {
    const char *end;
    bool strict;
    struct param *v;
    size_t n;
};

/* Its lines lie where they were read, with the ends of line overwritten by NULs. So between two of
 * them is exactly what CR LF leaves: a NUL in the text, a bare LF and a folded line look different.
 */
static bool gap_is_crlf(const char *from, const char *to) {
    return from != NULL && to == from + 2 && from[0] == '\0' && from[1] == '\0';
}

static enum MHD_Result on_header(void *state, enum MHD_ValueKind kind, const char *name,
                                 size_t name_n, const char *value, size_t value_n) {
    struct layout *l = state;
    (void)kind;
    if (l->n > HTTP_HEADERS_MAX) {
        return MHD_NO;
    }
    if (MHD_VERSION == LOOSE_VERSION) {
        l->strict = l->strict && name != NULL && value != NULL && gap_is_crlf(l->end, name);
        l->end = value != NULL ? value + value_n : NULL;
    }
    l->v[l->n++] = (struct param){{name, name_n}, {value, value_n}};
    return MHD_YES;
}

/* A request line that was "GET target HTTP/1.1" and nothing else. */
static bool line_is_strict(const struct connection *c, const char *method, const char *version) {
    return MHD_VERSION != LOOSE_VERSION ||
           (c->target == method + strlen(method) + 1 && version == c->target + c->target_n + 1);
}

/* After the last header come CR LF CR LF and nothing else: the header's size says so. */
static bool end_is_strict(struct MHD_Connection *connection, const char *method, const char *last) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return MHD_VERSION != LOOSE_VERSION ||
           (info != NULL && last != NULL && method + info->header_size == last + 4);
}

/* ---- callbacks ---- */

/* Undecoded: path.c and form.c do that. */
static size_t on_unescape(void *state, struct MHD_Connection *connection, char *text) {
    (void)state;
    (void)connection;
    return strlen(text);
}

static struct connection *connection_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

/* The whole target before libmicrohttpd splits it. It would put each parameter of the query into
 * the connection's small pool, so it is shown an empty one: the first byte comes back in on_first.
 */
static void *on_target(void *state, const char *target, struct MHD_Connection *connection) {
    (void)state;
    struct connection *c = connection_of(connection);
    if (c == NULL || target == NULL) {
        return NULL;
    }
    c->target = (char *)(uintptr_t)target;
    c->target_n = strlen(target);
    char *query = strchr(c->target, '?');
    c->query_first = query != NULL ? query[1] : '\0';
    if (query != NULL) {
        query[1] = '\0';
    }
    return NULL;
}

static void target_restore(struct connection *c) {
    size_t path = strlen(c->target); /* libmicrohttpd put a NUL for the '?' */
    if (path < c->target_n) {
        c->target[path] = '?';
        if (path + 1 < c->target_n) {
            c->target[path + 1] = c->query_first;
        }
    }
}

static void peer_write(struct MHD_Connection *connection, struct connection *c) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info != NULL ? info->client_addr : NULL;
    const char *text = NULL;
    if (a != NULL && a->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)a;
        text = inet_ntop(AF_INET, &v4->sin_addr, c->peer, sizeof c->peer);
    } else if (a != NULL && a->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)a;
        text = inet_ntop(AF_INET6, &v6->sin6_addr, c->peer, sizeof c->peer);
    }
    if (text == NULL) {
        (void)snprintf(c->peer, sizeof c->peer, "unix");
    }
}

static void on_connection(void *state, struct MHD_Connection *connection, void **socket_state,
                          enum MHD_ConnectionNotificationCode what) {
    struct worker *w = state;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        atomic_fetch_sub(&w->connections, 1);
        free(*socket_state);
        *socket_state = NULL;
        return;
    }
    struct connection *c = calloc(1, sizeof *c);
    if (c != NULL) {
        peer_write(connection, c);
    }
    *socket_state = c;
}

static enum MHD_Result on_first(struct worker *w, struct MHD_Connection *connection,
                                const char *method, const char *version, void **request_state) {
    struct connection *c = connection_of(connection);
    struct exchange *x = c != NULL && c->target != NULL ? exchange_take(w) : NULL;
    if (x == NULL) {
        return MHD_NO;
    }
    *request_state = x;
    x->connection = connection;
    target_restore(c);
    struct param headers[HTTP_HEADERS_MAX + 1];
    struct layout layout = {.end = version + strlen(version),
                            .strict = line_is_strict(c, method, version),
                            .v = headers};
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, &layout);
    layout.strict = layout.strict &&
                    (layout.n > HTTP_HEADERS_MAX || end_is_strict(connection, method, layout.end));
    struct request_head head = {.method = str_from(method),
                                .target = {c->target, c->target_n},
                                .version = str_from(version),
                                .headers = {headers, layout.n},
                                .peer = str_from(c->peer),
                                .strict = layout.strict,
                                .behind_front = w->server->options.behind_front};
    return exchange_begin(x, &head);
}

static enum MHD_Result on_request(void *state, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_state) {
    (void)url;
    struct exchange *x = *request_state;
    if (x == NULL) {
        return on_first(state, connection, method, version, request_state);
    }
    if (*upload_size > 0) {
        size_t n = *upload_size;
        *upload_size = 0;
        return exchange_body(x, upload, n);
    }
    return exchange_run(x);
}

static void on_completed(void *state, struct MHD_Connection *connection, void **request_state,
                         enum MHD_RequestTerminationCode how) {
    (void)state;
    (void)connection;
    (void)how;
    if (*request_state != NULL) {
        exchange_end(*request_state);
        *request_state = NULL;
    }
}

/* Its arguments may be a URL, and so a secret: the text alone is looked at. */
static void on_log(void *state, const char *format, va_list args) {
    struct worker *w = state;
    (void)args;
    if (strncmp(format, "Error processing request", 24) == 0) {
        metrics_refused(w->server->options.metrics);
    }
}

/* ---- start and stop ---- */

static unsigned share(unsigned all, unsigned workers) {
    return all / workers > 0 ? all / workers : 1;
}

static struct MHD_Daemon *daemon_start(struct worker *w) {
    const struct http_options *o = &w->server->options;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG |
            MHD_USE_NO_LISTEN_SOCKET,
        0, NULL, NULL, on_request, w, MHD_OPTION_EXTERNAL_LOGGER, on_log, w,
        MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, w, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_SIZE,
        MHD_OPTION_CONNECTION_LIMIT, w->connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
        o->idle_timeout_s, MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->per_ip,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

err worker_start(struct ctx *cx, struct http_server *s, unsigned id) {
    struct worker *w = &s->workers[id];
    w->server = s;
    w->id = id;
    w->connections_max = share(s->options.connections, s->options.workers);
    pthread_mutex_init(&w->lock, NULL);
    s->workers_n = id + 1;
    if (s->options.db != NULL) {
        TRY(db_connect(cx, s->options.db, DB_READ, &w->db));
    }
    w->daemon = daemon_start(w);
    if (w->daemon == NULL) {
        return fail(cx, ERR_BAD_CONFIG, "the HTTP library does not start");
    }
    return OK;
}

void worker_abandon(struct worker *w) {
    pthread_mutex_lock(&w->lock);
    for (struct exchange *x = w->waiting; x != NULL; x = x->next) {
        x->phase = PHASE_ABANDONED;
        x->holders = 2; /* the writer or the pool, and on_completed */
        MHD_resume_connection(x->connection);
    }
    w->waiting = NULL;
    w->closed = true;
    pthread_mutex_unlock(&w->lock);
}

void worker_stop(struct worker *w) {
    if (w->daemon != NULL) {
        worker_abandon(w);
        MHD_stop_daemon(w->daemon);
        w->daemon = NULL;
    }
    db_disconnect(w->db);
    w->db = NULL;
    while (w->spare != NULL) {
        struct exchange *x = w->spare;
        w->spare = x->next;
        exchange_free(x);
    }
    w->spare_n = 0;
}
