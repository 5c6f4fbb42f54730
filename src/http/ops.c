/* SPDX-License-Identifier: Apache-2.0 */
/* /healthz, /readyz and /metrics on a listener of their own: it answers when every worker is busy,
 * and never touches the database. */
#include "http_internal.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS  64
#define IDLE_SECONDS 30
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct ops {
    struct ops_options options;
    struct listener listener;
    struct MHD_Daemon *daemon;
};

struct answer {
    unsigned status;
    const char *type;
    struct str body;
};

struct row {
    const char *name, *type;
    uint64_t value;
};

static void rows_write(struct buf *b, const struct row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        buf_format(b, "# TYPE %s %s\n%s %llu\n", rows[i].name, rows[i].type, rows[i].name,
                   (unsigned long long)rows[i].value);
    }
}

/* Each metric's series stand together, one for each lane. */
static void jobs_metrics(struct buf *b, struct jobs *j) {
    struct row rows[JOB_LANES][6];
    for (size_t i = 0; i < JOB_LANES; i++) {
        struct jobs_stats s = jobs_stats(j, (enum job_lane)i);
        const struct row of_lane[] = {{"postern_jobs_total", "counter", s.done},
                                      {"postern_job_cpu_microseconds_total", "counter", s.cpu_us},
                                      {"postern_jobs_refused_total", "counter", s.refused},
                                      {"postern_job_threads", "gauge", s.threads},
                                      {"postern_job_threads_busy", "gauge", s.busy},
                                      {"postern_job_queue", "gauge", s.waiting}};
        memcpy(rows[i], of_lane, sizeof of_lane);
    }
    for (size_t k = 0; k < COUNT_OF(rows[0]); k++) {
        buf_format(b, "# TYPE %s %s\n", rows[0][k].name, rows[0][k].type);
        for (size_t i = 0; i < JOB_LANES; i++) {
            buf_format(b, "%s{lane=\"%s\"} %llu\n", rows[i][k].name, job_lane_names[i],
                       (unsigned long long)rows[i][k].value);
        }
    }
}

static void writer_metrics(struct buf *b, const struct db_writer *w) {
    struct db_writer_stats s = db_writer_stats(w);
    const struct row rows[] = {{"postern_write_batches_total", "counter", s.batches},
                               {"postern_writes_total", "counter", s.writes},
                               {"postern_writes_refused_total", "counter", s.refused},
                               {"postern_writes_failed_total", "counter", s.failed},
                               {"postern_writes_retried_total", "counter", s.retried},
                               {"postern_write_queue", "gauge", s.queued},
                               {"postern_writers", "gauge", s.writers},
                               {"postern_writers_busy", "gauge", s.busy}};
    rows_write(b, rows, COUNT_OF(rows));
    buf_format(b,
               "# TYPE postern_commit_seconds_total counter\npostern_commit_seconds_total %.6f\n",
               (double)s.commit_us / 1e6);
    buf_z(b, "# TYPE postern_write_batch_size histogram\n");
    uint64_t total = 0;
    for (unsigned i = 0; i < DB_BATCH_BUCKETS; i++) {
        total += s.batch_size[i];
        if (i + 1 < DB_BATCH_BUCKETS) {
            buf_format(b, "postern_write_batch_size_bucket{le=\"%u\"} %llu\n", 1U << i,
                       (unsigned long long)total);
        }
    }
    buf_format(b, "postern_write_batch_size_bucket{le=\"+Inf\"} %llu\n", (unsigned long long)total);
    buf_format(b, "postern_write_batch_size_sum %llu\npostern_write_batch_size_count %llu\n",
               (unsigned long long)s.writes, (unsigned long long)total);
}

static struct str metrics_text(const struct ops *o, struct arena *a) {
    const struct http_options *http = o->options.http;
    struct buf b = buf_in(a, 16384);
    metrics_write(&b, http->metrics);
    if (http->writer != NULL) {
        writer_metrics(&b, http->writer);
    }
    if (http->jobs != NULL) {
        jobs_metrics(&b, http->jobs);
    }
    o->options.metrics(&b, o->options.server);
    if (http->more_metrics != NULL) {
        http->more_metrics(&b, http->app);
    }
    return buf_view(&b);
}

static struct answer answer_of(const struct ops *o, struct arena *a, const char *path) {
    struct answer answer = {200, "text/plain; charset=utf-8", STR("ok\n")};
    if (strcmp(path, "/metrics") == 0) {
        answer.type = METRICS_TYPE;
        answer.body = metrics_text(o, a);
    } else if (strcmp(path, "/readyz") == 0) {
        if (!o->options.ready(o->options.server)) {
            answer.status = 503;
            answer.body = STR("not ready\n");
        }
    } else if (strcmp(path, "/healthz") != 0) {
        answer.status = 404;
        answer.body = STR("not found\n");
    }
    return answer;
}

static enum MHD_Result answer_queue(struct MHD_Connection *connection, const struct answer *a) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        a->body.n, (void *)(uintptr_t)a->body.p, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", a->type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result rc = MHD_queue_response(connection, a->status, response);
    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result on_request(void *state, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request_state) {
    (void)version;
    (void)upload;
    if (*request_state == NULL) {
        *request_state = state; /* seen: the next call is the one after the body */
        return MHD_YES;
    }
    if (*upload_size > 0) {
        return MHD_NO;
    }
    CLEANUP(arena_cleanup) struct arena *arena = arena_new();
    struct answer answer = answer_of(state, arena, url);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        answer = (struct answer){405, "text/plain; charset=utf-8", STR("GET only\n")};
    }
    return answer_queue(connection, &answer);
}

err ops_start(struct ctx *cx, const struct ops_options *options, struct ops **ret_ops) {
    struct ops *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return fail(cx, ERR_BAD_CONFIG, "out of memory");
    }
    o->options = *options;
    o->listener.fd = -1;
    err e = listener_open(cx, options->http->ops_listen, true, &o->listener);
    if (e != OK) {
        ops_stop(o);
        return e;
    }
    int fd = dup(o->listener.fd);
    o->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL,
                                 on_request, o, MHD_OPTION_LISTEN_SOCKET, fd,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
                                 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                                 MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (o->daemon == NULL) {
        ops_stop(o);
        return fail(cx, ERR_BAD_CONFIG, "the operations listener does not start");
    }
    *ret_ops = o;
    return OK;
}

const char *ops_address(const struct ops *o) {
    return o->listener.address;
}

void ops_stop(struct ops *o) {
    if (o == NULL) {
        return;
    }
    if (o->daemon != NULL) {
        MHD_stop_daemon(o->daemon);
    }
    listener_close(&o->listener);
    free(o);
}
