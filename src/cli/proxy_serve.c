/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd's callbacks: they read the head of a request, have it judged, and let its body and
 * its answer run through a relay. Each connection has a thread, so they may wait. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proxy.h"

#define CONNECTIONS  128
#define IDLE_SECONDS 120
#define POOL_SIZE    ((size_t)64 << 10) /* the head of a request, and what is read at once */
#define BLOCK_SIZE   ((size_t)32 << 10)
#define FIELDS_MAX   200

/* Of a connection: the target of its present request, before libmicrohttpd splits it. */
struct line {
    char *target;
};

/* ---- the head ---- */

static struct line *line_of(struct proxy *p, struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        p->mhd.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static void on_connection(void *state, struct MHD_Connection *connection, void **line_at,
                          enum MHD_ConnectionNotificationCode what) {
    (void)state;
    (void)connection;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *line_at = calloc(1, sizeof(struct line));
        return;
    }
    struct line *line = *line_at;
    if (line != NULL) {
        free(line->target);
        free(line);
    }
    *line_at = NULL;
}

static void *on_target(void *state, const char *target, struct MHD_Connection *connection) {
    struct line *line = line_of(state, connection);
    if (line != NULL) {
        free(line->target);
        line->target = strdup(target);
    }
    return NULL;
}

/* Undecoded: the path goes on as it came. */
static size_t on_unescape(void *state, struct MHD_Connection *connection, char *text) {
    (void)state;
    (void)connection;
    return strlen(text);
}

struct fields {
    struct arena *arena;
    struct field *v;
    size_t n;
};

static enum MHD_Result on_field(void *state, enum MHD_ValueKind kind, const char *name,
                                const char *value) {
    struct fields *f = state;
    (void)kind;
    if (f->n == FIELDS_MAX) {
        return MHD_NO;
    }
    f->v[f->n++] = (struct field){str_copy(f->arena, str_from(name)),
                                  str_trim(str_copy(f->arena, str_from(value)))};
    return MHD_YES;
}

static void head_read(struct relay *x, struct MHD_Connection *connection, const char *method,
                      const char *version) {
    struct proxy *p = x->proxy;
    struct fields fields = {.arena = x->arena, .v = NEW_ARRAY(x->arena, FIELDS_MAX, struct field)};
    const struct line *line = line_of(p, connection);
    (void)p->mhd.get_connection_values(connection, MHD_HEADER_KIND, on_field, &fields);
    x->head = (struct head){.method = str_copy(x->arena, str_from(method)),
                            .target = str_copy(x->arena, str_from(line ? line->target : NULL)),
                            .version = str_copy(x->arena, str_from(version)),
                            .fields = fields.v,
                            .fields_n = fields.n};
}

/* What the call will need: headers that go on, the body's length and type. */
static void head_use(struct relay *x) {
    const struct head *h = &x->head;
    x->sent = NEW_ARRAY(x->arena, h->fields_n + 1, const char *);
    for (size_t i = 0; i < h->fields_n; i++) {
        if (proxy_sends(h->fields, h->fields_n, h->fields[i].name)) {
            struct str text = str_format(x->arena, "%.*s: %.*s", STR_ARG(h->fields[i].name),
                                         STR_ARG(h->fields[i].value));
            x->sent[x->sent_n++] = str_z(x->arena, text);
        }
    }
    int64_t length = 0;
    x->has_length = str_int(proxy_field(h, "content-length"), &length);
    x->length = (size_t)length;
    x->has_body = x->has_length || proxy_field(h, "transfer-encoding").p != NULL;
    x->content_type = proxy_field(h, "content-type");
}

/* ---- answers ---- */

static void say(const struct relay *x, int status) {
    const struct proxy *p = x->proxy;
    if (p->verbose) {
        struct str path = str_sub(x->head.target, 0, str_find_char(x->head.target, '?'));
        cli_note(p->cli, "%.*s %.*s %d %" PRId64 " ms %" PRId64 " B", STR_ARG(x->head.method),
                 STR_ARG(path), status, (clock_monotonic_us() - x->begun_us) / 1000, x->returned);
    }
}

static void answer_header(const struct relay *x, struct MHD_Response *r, const char *name,
                          struct str value) {
    char *text = str_z(x->arena, value);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '\t' || *c == '\r' || *c == '\n' ? ' ' : *c;
    }
    (void)x->proxy->mhd.add_response_header(r, name, text);
}

static void answer_origin(const struct relay *x, struct MHD_Response *r) {
    if (x->proxy->rules.origins_n > 0) {
        answer_header(x, r, "Vary", STR("Origin"));
    }
    if (x->origin.p != NULL) {
        answer_header(x, r, "Access-Control-Allow-Origin", x->origin);
        answer_header(x, r, "Access-Control-Expose-Headers", STR("*"));
    }
}

static enum MHD_Result answer_queue(const struct relay *x, struct MHD_Connection *connection,
                                    int status, struct MHD_Response *r) {
    enum MHD_Result done = x->proxy->mhd.queue_response(connection, (unsigned)status, r);
    x->proxy->mhd.destroy_response(r);
    return done;
}

/* The connection is closed after it: whatever else is on it is not to be believed. */
static enum MHD_Result refuse(struct relay *x, struct MHD_Connection *connection,
                              const struct verdict *v) {
    struct str body = proxy_error_body(x->arena, v->error, v->text);
    struct MHD_Response *r = x->proxy->mhd.response_from_buffer(body.n, (void *)(uintptr_t)body.p,
                                                                MHD_RESPMEM_MUST_COPY);
    if (r == NULL) {
        return MHD_NO;
    }
    x->refused = true;
    x->status = v->status;
    answer_header(x, r, "Content-Type", STR("application/json"));
    answer_header(x, r, "Cache-Control", STR("no-store"));
    answer_header(x, r, "Connection", STR("close"));
    return answer_queue(x, connection, v->status, r);
}

/* Fetch, "CORS-preflight request". Only what the page asks for is named. */
static enum MHD_Result preflight(struct relay *x, struct MHD_Connection *connection) {
    struct MHD_Response *r = x->proxy->mhd.response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    struct str headers = proxy_field(&x->head, "access-control-request-headers");
    if (r == NULL) {
        return MHD_NO;
    }
    x->refused = true;
    x->status = 204;
    answer_origin(x, r);
    answer_header(x, r, "Access-Control-Allow-Methods",
                  proxy_field(&x->head, "access-control-request-method"));
    if (headers.p != NULL) {
        answer_header(x, r, "Access-Control-Allow-Headers", headers);
    }
    if (proxy_field(&x->head, "access-control-request-private-network").p != NULL) {
        answer_header(x, r, "Access-Control-Allow-Private-Network", STR("true"));
    }
    answer_header(x, r, "Access-Control-Max-Age", STR("600"));
    return answer_queue(x, connection, 204, r);
}

static ssize_t on_read(void *state, uint64_t at, char *to, size_t n) {
    (void)at;
    ssize_t some = relay_read(state, to, n);
    return some > 0    ? some
           : some == 0 ? MHD_CONTENT_READER_END_OF_STREAM
                       : MHD_CONTENT_READER_END_WITH_ERROR;
}

static bool has_body(const struct relay *x) {
    return x->status >= 200 && x->status != 204 && x->status != 304; /* RFC 9110 6.4.1 */
}

static enum MHD_Result answer(struct relay *x, struct MHD_Connection *connection) {
    const struct mhd *mhd = &x->proxy->mhd;
    uint64_t size = x->down_length >= 0 ? (uint64_t)x->down_length : MHD_SIZE_UNKNOWN;
    struct MHD_Response *r = has_body(x)
                                 ? mhd->response_from_callback(size, BLOCK_SIZE, on_read, x, NULL)
                                 : mhd->response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (r == NULL) {
        return MHD_NO;
    }
    for (size_t i = 0; i < x->answer_n; i++) {
        const struct field *f = &x->answer[i];
        if (proxy_returns(x->answer, x->answer_n, f->name)) {
            bool moved = str_eq_nocase(f->name, STR("location"));
            answer_header(x, r, str_z(x->arena, f->name),
                          moved ? proxy_location(x->arena, f->value, x->proxy->endpoint,
                                                 x->proxy->rules.authority)
                                : f->value);
        }
    }
    answer_origin(x, r);
    return answer_queue(x, connection, x->status, r);
}

/* ---- a request ---- */

static enum MHD_Result on_first(struct proxy *p, struct MHD_Connection *connection,
                                const char *method, const char *version, void **relay_at) {
    const union MHD_ConnectionInfo *info =
        p->mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct relay *x = info != NULL ? relay_new(p, info->connect_fd) : NULL;
    if (x == NULL) {
        return MHD_NO;
    }
    *relay_at = x;
    head_read(x, connection, method, version);
    struct verdict v = proxy_check(&p->rules, &x->head);
    if (v.status == 0 && x->head.fields_n == FIELDS_MAX) {
        v = (struct verdict){
            .status = 431, .error = "header_too_large", .text = "Too many headers."};
    }
    if (v.status == 0 && x->late) {
        v = (struct verdict){
            .status = 503, .error = "temporarily_unavailable", .text = "The proxy is stopping."};
    }
    if (v.status >= 400) {
        return refuse(x, connection, &v);
    }
    x->origin = v.origin;
    if (v.status == 204) {
        return preflight(x, connection);
    }
    head_use(x);
    return MHD_YES;
}

static enum MHD_Result on_request(void *state, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **relay_at) {
    (void)url;
    struct relay *x = *relay_at;
    if (x == NULL) {
        return on_first(state, connection, method, version, relay_at);
    }
    if (*upload_n > 0) {
        size_t n = *upload_n;
        *upload_n = 0;
        return x->refused || relay_body(x, upload, n) ? MHD_YES : MHD_NO;
    }
    if (x->refused) {
        return MHD_YES;
    }
    return relay_finish(x) ? answer(x, connection) : MHD_NO;
}

static void on_completed(void *state, struct MHD_Connection *connection, void **relay_at,
                         enum MHD_RequestTerminationCode how) {
    (void)state;
    (void)connection;
    (void)how;
    if (*relay_at != NULL) {
        struct relay *x = *relay_at;
        *relay_at = NULL;
        relay_end(x);
        say(x, x->refused || x->head_ready ? x->status : 499);
        relay_free(x);
    }
}

struct MHD_Daemon *proxy_serve(struct proxy *p, int listen_fd) {
    return p->mhd.start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
            MHD_USE_ITC,
        0, NULL, NULL, on_request, p, MHD_OPTION_LISTEN_SOCKET, listen_fd,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, p, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, p, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        p, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        POOL_SIZE, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}
