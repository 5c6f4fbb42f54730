/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an exchange: counted, logged in one line, sent. */
#include "server_internal.h"

#include <string.h>

#define HEADER_ON_STACK 512

static bool is_logged(const struct log *l, enum log_level level) {
    return l != NULL && l->fd >= 0 && level >= __atomic_load_n(&l->level, __ATOMIC_RELAXED);
}

/* Names of errors and places alone: query, body and headers may hold secrets. */
static void log_failure(struct json_out *j, const struct exchange *x) {
    const struct failure *f = &x->cx.failure;
    json_put_z(j, "error", err_info(x->rp.outcome)->name);
    if (f->code == x->rp.outcome && f->file != NULL) {
        const char *slash = strrchr(f->file, '/');
        json_put_z(j, "reason", f->detail);
        json_put_str(
            j, "place",
            str_format(x->cx.arena, "%s:%d", slash != NULL ? slash + 1 : f->file, f->line));
    }
}

static void exchange_log(struct exchange *x, int64_t microseconds) {
    enum log_level level = x->rp.status >= 500 ? LOG_WARN : LOG_INFO;
    if (x->rp.outcome == ERR_INTERNAL) {
        level = LOG_ERROR;
    }
    if (!is_logged(x->cx.log, level)) {
        return;
    }
    struct buf b = buf_in(x->cx.arena, 384);
    struct json_out j = json_to(&b);
    json_put_str(&j, "id", x->rq.id);
    if (x->rq.correlation.p != x->rq.id.p) {
        json_put_str_if(&j, "correlation", x->rq.correlation);
    }
    json_put_z(&j, "route", x->rq.route != NULL ? x->rq.route->name : "none");
    json_put_z(&j, "method", http_method_name(x->rq.method));
    json_put_int(&j, "status", x->rp.status);
    json_put_int(&j, "us", microseconds);
    json_put_str_if(&j, "tenant", x->rp.tenant_id);
    json_put_str_if(&j, "client", x->rp.client_id);
    json_put_str_if(&j, "grant", x->rp.grant);
    json_put_str_if(&j, "remote", x->rq.remote);
    if (x->rp.outcome != OK) {
        log_failure(&j, x);
    }
    log_write(x->cx.log, level, "request", buf_view(&b));
}

static void exchange_count(struct exchange *x) {
    struct http_server *s = x->worker->server;
    int64_t microseconds = clock_monotonic_us() - x->begun_us;
    unsigned id = x->worker->id;
    metrics_request(s->options.metrics, id, x->rq.route, x->rp.status, microseconds);
    if (!str_empty(x->rp.grant)) {
        metrics_token(s->options.metrics, id, x->rp.grant, x->rp.outcome);
    }
    if (x->rp.trial != TRIAL_NONE) {
        metrics_trial(s->options.metrics, id, x->rp.trial);
    }
    limits_settle(&x->rq, &x->rp);
    exchange_log(x, microseconds);
}

static void header_add(struct exchange *x, struct MHD_Response *response, const char *name,
                       struct str value) {
    char on_stack[HEADER_ON_STACK];
    char *text = value.n < sizeof on_stack ? on_stack : arena_alloc(x->cx.arena, value.n + 1);
    if (value.n > 0) {
        memcpy(text, value.p, value.n);
    }
    text[value.n] = '\0';
    header_clean(text, value.n);
    (void)MHD_add_response_header(response, name, text);
}

static void headers_add(struct exchange *x, struct MHD_Response *response) {
    const struct reply *rp = &x->rp;
    if (rp->body.n > 0 || rp->content_type != NULL) {
        (void)MHD_add_response_header(response, "Content-Type",
                                      rp->content_type != NULL ? rp->content_type
                                                               : "application/json");
    }
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (!rp->cacheable) {
        (void)MHD_add_response_header(response, "Cache-Control", "no-store");
        (void)MHD_add_response_header(response, "Pragma", "no-cache");
    }
    header_add(x, response, "CorrelationId", x->rq.correlation);
    for (size_t i = 0; i < rp->headers_n; i++) {
        header_add(x, response, rp->headers[i].name.p, rp->headers[i].value);
    }
    if (x->close) {
        (void)MHD_add_response_header(response, "Connection", "close");
    }
}

enum MHD_Result exchange_answer(struct exchange *x) {
    /* The body stays where it is: the arena outlives the sending (exchange_end). */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        x->rp.body.n, (void *)(uintptr_t)x->rp.body.p, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return MHD_NO;
    }
    x->close |= atomic_load_explicit(&x->worker->server->stopping, memory_order_relaxed);
    headers_add(x, response);
    exchange_count(x);
    x->phase = PHASE_ANSWERED;
    enum MHD_Result rc = MHD_queue_response(x->connection, (unsigned)x->rp.status, response);
    MHD_destroy_response(response);
    return rc;
}
