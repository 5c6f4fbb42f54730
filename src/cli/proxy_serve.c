/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd's callbacks: they read the head of a request, have it judged, and let its body and
 * its answer run through a relay. Each connection has a thread, so they may wait. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proxy.h"

#define STALL_SECONDS 120                /* of a client in the middle of a body or an answer */
#define POOL_SIZE     ((size_t)64 << 10) /* the head of a request, and what is read at once */
#define BLOCK_SIZE    ((size_t)32 << 10)

/* ---- the request ---- */

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

/* The client's time begins anew: what the platform took is not its fault. */
static void stall_reset(const struct relay *x) {
    const struct mhd *mhd = &x->proxy->mhd;
    (void)mhd->set_connection_option(x->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    (void)mhd->set_connection_option(x->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                     (unsigned)STALL_SECONDS);
}

static ssize_t on_read(void *state, uint64_t at, char *to, size_t n) {
    (void)at;
    ssize_t some = relay_read(state, to, n);
    stall_reset(state);
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
    x->connection = connection;
    place_set(p, connection, PLACE_BUSY);
    proxy_head_read(x, connection, method, version);
    struct verdict v = proxy_check(&p->rules, &x->head);
    if (v.status == 0 && x->head.fields_n == HEAD_FIELDS_MAX) {
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
        bool good = x->refused || relay_body(x, upload, n);
        stall_reset(x);
        return good ? MHD_YES : MHD_NO;
    }
    if (x->refused) {
        return MHD_YES;
    }
    bool good = relay_finish(x);
    stall_reset(x);
    return good ? answer(x, connection) : MHD_NO;
}

static void on_completed(void *state, struct MHD_Connection *connection, void **relay_at,
                         enum MHD_RequestTerminationCode how) {
    (void)how;
    if (*relay_at != NULL) {
        struct relay *x = *relay_at;
        *relay_at = NULL;
        relay_end(x);
        say(x, x->refused || x->head_ready ? x->status : 499);
        relay_free(x);
        place_set(state, connection, PLACE_IDLE);
    }
}

/* Connections come from proxy_door.c, which has their limit: that of libmicrohttpd is out of reach.
 */
struct MHD_Daemon *proxy_serve(struct proxy *p) {
    return p->mhd.start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
            MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET,
        0, NULL, NULL, on_request, p, MHD_OPTION_URI_LOG_CALLBACK, proxy_on_target, p,
        MHD_OPTION_UNESCAPE_CALLBACK, proxy_on_unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, p, MHD_OPTION_NOTIFY_CONNECTION, proxy_on_connection, p,
        MHD_OPTION_CONNECTION_LIMIT, 2U * PLACES_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_SIZE,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)STALL_SECONDS, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
        1, MHD_OPTION_END);
}
