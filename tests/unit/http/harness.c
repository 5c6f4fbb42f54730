/* SPDX-License-Identifier: Apache-2.0 */
/* A real server with a small table, and a client that sends bytes as they are. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 20000 /* for what must come: only a failing test waits that long */

/* ---- the application ---- */

void app_hold(struct app *app) {
    pthread_mutex_lock(&app->lock);
    app->held = true;
    pthread_mutex_unlock(&app->lock);
}

void app_let_go(struct app *app) {
    pthread_mutex_lock(&app->lock);
    app->held = false;
    pthread_cond_broadcast(&app->changed);
    pthread_mutex_unlock(&app->lock);
}

void app_await(struct app *app, unsigned n) {
    pthread_mutex_lock(&app->lock);
    while (app->inside < n) {
        pthread_cond_wait(&app->changed, &app->lock);
    }
    pthread_mutex_unlock(&app->lock);
}

static struct app *app_of(struct ctx *cx) {
    return (struct app *)(uintptr_t)cx->app;
}

static void app_gate(struct app *app) {
    pthread_mutex_lock(&app->lock);
    app->inside++;
    pthread_cond_broadcast(&app->changed);
    while (app->held) {
        pthread_cond_wait(&app->changed, &app->lock);
    }
    app->inside--;
    app->runs++;
    pthread_mutex_unlock(&app->lock);
}

static void app_count(struct ctx *cx) {
    struct app *app = app_of(cx);
    pthread_mutex_lock(&app->lock);
    app->handlers++;
    pthread_mutex_unlock(&app->lock);
}

static err hello_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    app_count(cx);
    rp->body = STR("{\"hello\":\"world\"}");
    reply_cacheable(cx, rq, rp, 60);
    return OK;
}

/* What was understood: tests see what the strict reading made of it. */
static err echo(struct ctx *cx, const struct request *rq, struct reply *rp) {
    app_count(cx);
    struct buf b = buf_in(cx->arena, 1024);
    struct json_out j = json_to(&b);
    struct str a;
    TRY(request_param(cx, rq, "a", &a));
    json_open_object(&j, NULL);
    json_put_str(&j, "path", rq->path);
    json_put_str_if(&j, "param", rq->path_param[0]);
    json_put_str(&j, "a", a);
    json_put_int(&j, "query", (int64_t)rq->query.n);
    json_put_int(&j, "form", (int64_t)rq->form.n);
    json_put_int(&j, "body", (int64_t)rq->body.n);
    json_put_str(&j, "remote", rq->remote);
    json_put_str(&j, "scheme", rq->scheme);
    json_put_str(&j, "host", rq->host);
    json_close_object(&j);
    reply_json(rp, 200, &b);
    return OK;
}

static err gate_run(struct ctx *cx, void *state) {
    (void)state;
    app_gate(app_of(cx));
    return OK;
}

static err refuse_run(struct ctx *cx, void *state) {
    (void)state;
    return fail_say(cx, ERR_INVALID_GRANT, "The code was used a microsecond ago.");
}

/* Like an audit record's: what the request was is read when the write runs, whatever became of its
 * connection. */
static err write_run(struct ctx *cx, void *state) {
    const struct request *rq = state;
    TRY(gate_run(cx, NULL));
    bool peer = str_is(rq->remote, "127.0.0.1") || str_is(rq->remote, "unix");
    if (!peer || !str_is(request_header(rq, "host"), "localhost") ||
        !str_is(rq->method_text, "POST") || !str_is(rq->path, "/write")) {
        abort();
    }
    return OK;
}

static err write_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    app_count(cx);
    rp->status = 201;
    rp->body = STR("{\"written\":true}");
    rp->grant = STR("password");
    rp->write.run = write_run;
    rp->write.state = (void *)(uintptr_t)rq;
    return OK;
}

static err refuse_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    (void)rq;
    (void)cx;
    rp->body = STR("{\"secret\":\"must not leave\"}");
    reply_header(rp, "X-Handler", STR("gone"));
    rp->write.run = refuse_run;
    return OK;
}

static err job_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    app_count(cx);
    if (rq->job_state == NULL) {
        rp->job.run = str_is(rq->query_text, "fail") ? refuse_run : gate_run;
        rp->job.state = app_of(cx);
        return OK;
    }
    assert_ptr_equal(rq->job_state, app_of(cx));
    rp->body = STR("{\"job\":\"done\"}");
    return OK;
}

static err internal_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    (void)rq;
    (void)rp;
    /* cmocka has a fail() too. */
    return failure_set(cx, ERR_INTERNAL, false, __FILE__, __LINE__, "the reason for the log alone");
}

#define PLAIN .errors = ERRORS_API, .summary = "test"
static const struct route rows[] = {
    {.methods = HTTP_GET,
     .path = "/hello",
     .handle = hello_get,
     .cors = CORS_PUBLIC,
     .name = "hello_get",
     PLAIN},
    {.methods = HTTP_GET | HTTP_DELETE, .path = "/echo", .handle = echo, .name = "echo_get", PLAIN},
    {.methods = HTTP_POST,
     .path = "/echo",
     .handle = echo,
     .body = BODY_FORM_OR_JSON,
     .body_max = 1000,
     .cors = CORS_REGISTERED,
     .name = "echo_post",
     PLAIN},
    {.methods = HTTP_POST,
     .path = "/big",
     .handle = echo,
     .body = BODY_NONE,
     .name = "big_post",
     PLAIN},
    {.methods = HTTP_GET, .path = "/things/{id}", .handle = echo, .name = "thing_get", PLAIN},
    {.methods = HTTP_GET,
     .path = "/inContactAPI/services/{version}/time",
     .handle = echo,
     .nocase = true,
     .name = "time_get",
     PLAIN},
    {.methods = HTTP_POST, .path = "/write", .handle = write_post, .name = "write_post", PLAIN},
    {.methods = HTTP_POST, .path = "/refuse", .handle = refuse_post, .name = "refuse_post", PLAIN},
    {.methods = HTTP_POST, .path = "/job", .handle = job_post, .name = "job_post", PLAIN},
    {.methods = HTTP_GET,
     .path = "/internal",
     .handle = internal_get,
     .name = "internal_get",
     PLAIN},
};

static err origin_hook(struct ctx *cx, const struct request *rq, bool *ret_registered) {
    (void)cx;
    *ret_registered = str_is(rq->origin, "https://app.example");
    return OK;
}

/* ---- the server ---- */

struct harness *harness_new(void) {
    struct harness *h = test_calloc(1, sizeof *h);
    h->arena = arena_new();
    static unsigned char next_random;
    static struct random random;
    random = (struct random){.fill = fixture_fill, .state = &next_random};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    h->log_read = ends[0];
    h->log = (struct log){.fd = ends[1], .clock = &clock_system};
    ctx_init(&h->cx, h->arena, &clock_system, &random, &h->log);
    pthread_mutex_init(&h->app.lock, NULL);
    pthread_cond_init(&h->app.changed, NULL);
    (void)snprintf(h->directory, sizeof h->directory, "/tmp/postern-http-XXXXXX");
    assert_non_null(mkdtemp(h->directory));
    struct str file = str_format(h->arena, "%s/test.db", h->directory);
    const struct db_options db = {.url = str_z(h->arena, file)};
    const struct db_writer_options writer = {.queue_max = 0};
    assert_int_equal(db_open(&h->cx, &db, &h->db), OK);
    assert_int_equal(db_writer_start(&h->cx, h->db, &writer, &h->writer), OK);
    h->jobs = jobs_start(
        &(struct jobs_options){.threads = {[JOB_HASH] = 2, [JOB_FETCH] = 1}, .queue_max = 16});
    h->routes = route_table_new(rows, COUNT_OF(rows));
    h->metrics = metrics_new(4, h->routes);
    h->options = (struct http_options){.listen = "127.0.0.1:0",
                                       .ops_listen = "127.0.0.1:0",
                                       .workers = 4,
                                       .clock = &clock_system,
                                       .random = &random,
                                       .log = &h->log,
                                       .db = h->db,
                                       .writer = h->writer,
                                       .jobs = h->jobs,
                                       .routes = h->routes,
                                       .hooks = {.origin_registered = origin_hook},
                                       .metrics = h->metrics,
                                       .app = &h->app};
    return h;
}

void harness_start(struct harness *h) {
    if (http_server_start(&h->cx, &h->options, &h->server) != OK) {
        fail_msg("%s", h->cx.failure.detail);
    }
}

void harness_stop(struct harness *h) {
    if (h->server != NULL) {
        http_server_stop(h->server, PATIENCE_MS);
        h->server = NULL;
    }
}

void harness_free(struct harness *h) {
    harness_stop(h);
    jobs_stop(h->jobs);
    db_writer_stop(h->writer);
    db_close(h->db);
    metrics_free(h->metrics);
    route_table_free(h->routes);
    close(h->log.fd);
    close(h->log_read);
    static const char *const files[] = {"test.db", "test.db-wal", "test.db-shm"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        (void)unlink(str_z(h->arena, str_format(h->arena, "%s/%s", h->directory, files[i])));
    }
    (void)rmdir(h->directory);
    arena_free(h->arena);
    test_free(h);
}

int harness_setup(void **state) {
    struct harness *h = harness_new();
    harness_start(h);
    *state = h;
    return 0;
}

int harness_teardown(void **state) {
    harness_free(*state);
    return 0;
}

/* ---- the client ---- */

int client_connect(const char *address) {
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    const struct sockaddr *to = (const void *)&v4;
    socklen_t size = sizeof v4;
    struct str text = str_from(address);
    if (str_starts(text, "unix:")) {
        (void)snprintf(local.sun_path, sizeof local.sun_path, "%s", address + 5);
        to = (const void *)&local;
        size = sizeof local;
    } else {
        char host[64];
        size_t at = str_find_char(text, ':');
        (void)snprintf(host, sizeof host, "%.*s", (int)at, address);
        int64_t port;
        assert_true(str_int(str_sub(text, at + 1, text.n), &port));
        v4.sin_port = htons((uint16_t)port);
        assert_int_equal(inet_pton(AF_INET, host, &v4.sin_addr), 1);
    }
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, to, size) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void client_send(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the server has closed: what it said is still to be read */
        }
        p += sent;
        n -= (size_t)sent;
    }
}

void client_send_z(int fd, const char *z) {
    client_send(fd, z, strlen(z));
}

/* 0 at the end; a peer that resets after its answer has ended too. */
static size_t read_some(int fd, char *to, size_t size) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, PATIENCE_MS) != 1) {
        fail_msg("no answer in %d ms", PATIENCE_MS);
    }
    ssize_t n = recv(fd, to, size, 0);
    return n > 0 ? (size_t)n : 0;
}

size_t client_read_all(int fd, char *to, size_t size) {
    size_t n = 0, more;
    while (n + 1 < size && (more = read_some(fd, to + n, size - 1 - n)) > 0) {
        n += more;
    }
    to[n] = '\0';
    return n;
}

size_t client_read_one(int fd, char *to, size_t size) {
    size_t n = 0;
    char *end;
    to[0] = '\0';
    while ((end = strstr(to, "\r\n\r\n")) == NULL) {
        size_t more = n + 1 < size ? read_some(fd, to + n, 1) : 0;
        if (more == 0) {
            return n;
        }
        n += more;
        to[n] = '\0';
    }
    const char *length = strcasestr(to, "\r\ncontent-length:");
    size_t body = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
    for (size_t got = 0; got < body;) {
        size_t more = n + 1 < size ? read_some(fd, to + n, body - got) : 0;
        if (more == 0) {
            break;
        }
        got += more;
        n += more;
    }
    to[n] = '\0';
    return n;
}

int status_of(const char *answer) {
    return strncmp(answer, "HTTP/1.", 7) == 0 && strlen(answer) > 12
               ? (int)strtol(answer + 9, NULL, 10)
               : 0;
}

int ask(struct harness *h, const char *bytes, size_t n) {
    int fd = client_connect(http_server_address(h->server));
    assert_true(fd >= 0);
    client_send(fd, bytes, n);
    (void)client_read_all(fd, h->answer, sizeof h->answer);
    close(fd);
    return status_of(h->answer);
}

int ask_z(struct harness *h, const char *z) {
    return ask(h, z, strlen(z));
}

bool answer_has(const struct harness *h, const char *text) {
    return strcasestr(h->answer, text) != NULL;
}

size_t log_read_all(struct harness *h, char *to, size_t size) {
    size_t n = 0;
    ssize_t more;
    while (n + 1 < size && (more = read(h->log_read, to + n, size - 1 - n)) > 0) {
        n += (size_t)more;
    }
    to[n] = '\0';
    return n;
}
