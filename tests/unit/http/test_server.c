/* SPDX-License-Identifier: Apache-2.0 */
/* The server over real sockets: keep-alive, pipelining, suspended writes, slow peers, limits, stop.
 */
#include "harness.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define HOST  "Host: localhost\r\n"
#define CLOSE "Connection: close\r\n"
#define END   "\r\n"

static void a_get_is_answered_with_the_common_headers(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE END), 200);
    assert_true(answer_has(h, "{\"hello\":\"world\"}"));
    assert_true(answer_has(h, "Content-Type: application/json\r\n"));
    assert_true(answer_has(h, "X-Content-Type-Options: nosniff\r\n"));
    assert_true(answer_has(h, "Cache-Control: public, max-age=60\r\n"));
    assert_true(answer_has(h, "CorrelationId: "));
    assert_true(answer_has(h, "Date: "));
    assert_false(answer_has(h, "no-store"));
}

static void what_is_not_cacheable_is_not_stored(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "GET /echo HTTP/1.1\r\n" HOST CLOSE END), 200);
    assert_true(answer_has(h, "Cache-Control: no-store\r\n"));
    assert_true(answer_has(h, "Pragma: no-cache\r\n"));
}

/* PROTOCOL 12.15 */
static void the_correlation_id_is_echoed(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE "CorrelationId: abc-1\r\n" END),
                     200);
    assert_true(answer_has(h, "CorrelationId: abc-1\r\n"));
    assert_int_equal(ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE "CorrelationId: a\"b\r\n" END),
                     200);
    assert_false(answer_has(h, "a\"b"));
}

static void keep_alive_serves_one_request_after_another(void **state) {
    struct harness *h = *state;
    int fd = client_connect(http_server_address(h->server));
    for (int i = 0; i < 20; i++) {
        client_send_z(fd, "GET /hello HTTP/1.1\r\n" HOST END);
        assert_true(client_read_one(fd, h->answer, sizeof h->answer) > 0);
        assert_int_equal(status_of(h->answer), 200);
        client_send_z(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n" END "a=7");
        assert_true(client_read_one(fd, h->answer, sizeof h->answer) > 0);
        assert_true(answer_has(h, "\"a\":\"7\""));
    }
    close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state) {
    struct harness *h = *state;
    int fd = client_connect(http_server_address(h->server));
    for (int i = 0; i < 50; i++) {
        char request[128];
        (void)snprintf(request, sizeof request, "GET /things/%d HTTP/1.1\r\n" HOST END, i);
        client_send_z(fd, request);
    }
    for (int i = 0; i < 50; i++) {
        char expected[32];
        (void)snprintf(expected, sizeof expected, "\"param\":\"%d\"", i);
        assert_true(client_read_one(fd, h->answer, sizeof h->answer) > 0);
        assert_true(answer_has(h, expected));
    }
    close(fd);
}

static void a_pipelined_request_waits_for_the_write_before_it(void **state) {
    struct harness *h = *state;
    int fd = client_connect(http_server_address(h->server));
    app_hold(&h->app);
    client_send_z(fd, "POST /write HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END
                      "GET /hello HTTP/1.1\r\n" HOST END);
    app_await(&h->app, 1);
    app_let_go(&h->app);
    assert_true(client_read_one(fd, h->answer, sizeof h->answer) > 0);
    assert_int_equal(status_of(h->answer), 201);
    assert_true(client_read_one(fd, h->answer, sizeof h->answer) > 0);
    assert_true(answer_has(h, "hello"));
    close(fd);
}

static void head_has_the_headers_of_get_and_no_body(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "HEAD /hello HTTP/1.1\r\n" HOST CLOSE END), 200);
    assert_true(answer_has(h, "Content-Length: 17\r\n"));
    assert_true(answer_has(h, "ETag: "));
    assert_false(answer_has(h, "world"));
}

static void a_conditional_get_is_304_without_body(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE END), 200);
    char *etag = strcasestr(h->answer, "etag: ") + 6;
    *strchr(etag, '\r') = '\0';
    char request[256];
    (void)snprintf(request, sizeof request,
                   "GET /hello HTTP/1.1\r\n" HOST CLOSE "If-None-Match: %s\r\n" END, etag);
    assert_int_equal(ask_z(h, request), 304);
    assert_false(answer_has(h, "world"));
    assert_int_equal(
        ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE "If-None-Match: \"other\"\r\n" END), 200);
}

static void options_answers_with_allow(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "OPTIONS /echo HTTP/1.1\r\n" HOST CLOSE END), 204);
    assert_true(answer_has(h, "Allow: GET, HEAD, POST, DELETE, OPTIONS\r\n"));
}

/* RFC 9110 15.5.6 */
static void another_method_is_405_with_allow(void **state) {
    struct harness *h = *state;
    assert_int_equal(
        ask_z(h, "PUT /hello HTTP/1.1\r\n" HOST CLOSE "Content-Length: 2\r\n" END "{}"), 405);
    assert_true(answer_has(h, "Allow: GET, HEAD, OPTIONS\r\n"));
    assert_int_equal(ask_z(h, "TRACE /hello HTTP/1.1\r\n" HOST CLOSE END), 405);
    assert_int_equal(ask_z(h, "get /hello HTTP/1.1\r\n" HOST CLOSE END), 405);
}

static void an_unknown_path_is_404(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "GET /nothing HTTP/1.1\r\n" HOST CLOSE END), 404);
    assert_true(answer_has(h, "\"error\":\"not_found\""));
    assert_int_equal(ask_z(h, "GET /hello/ HTTP/1.1\r\n" HOST CLOSE END), 404);
    assert_int_equal(ask_z(h, "GET /HELLO HTTP/1.1\r\n" HOST CLOSE END), 404);
}

/* PROTOCOL 12.7 */
static void old_paths_ignore_case_and_repeated_slashes(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "GET /INCONTACTapi//services/v4.0/Time? HTTP/1.1\r\n" HOST CLOSE END),
                     200);
    assert_true(answer_has(h, "\"param\":\"v4.0\""));
    assert_int_equal(ask_z(h, "GET //hello HTTP/1.1\r\n" HOST CLOSE END), 400);
}

static void queries_and_forms_are_decoded(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "GET /echo?x=1&y=%41&&z HTTP/1.1\r\n" HOST CLOSE END), 200);
    assert_true(answer_has(h, "\"query\":3"));
    assert_int_equal(
        ask_z(h, "POST /echo? HTTP/1.1\r\n" HOST CLOSE "Content-Length: 9\r\n" END "a=%41+b=="),
        200);
    assert_true(answer_has(h, "\"a\":\"A b==\""));
    assert_int_equal(ask_z(h,
                           "POST /echo HTTP/1.1\r\n" HOST CLOSE
                           "Content-Type: text/plain\r\nContent-Length: 9\r\n" END "{\"a\":\"x\"}"),
                     200);
    assert_true(answer_has(h, "\"a\":\"x\""));
}

/* SECURITY param-pollution */
static void param_pollution_body_and_query_are_refused(void **state) {
    struct harness *h = *state;
    assert_int_equal(
        ask_z(h, "POST /echo HTTP/1.1\r\n" HOST CLOSE "Content-Length: 7\r\n" END "a=1&a=2"), 400);
    assert_int_equal(
        ask_z(h, "POST /echo?a=1 HTTP/1.1\r\n" HOST CLOSE "Content-Length: 3\r\n" END "a=1"), 400);
    assert_true(answer_has(h, "\"error\":\"invalid_request\""));
}

static void chunked_bodies_are_put_together(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h,
                           "POST /echo HTTP/1.1\r\n" HOST CLOSE "Transfer-Encoding: chunked\r\n" END
                           "3\r\na=1\r\n4;x=y\r\n2345\r\n0\r\n\r\n"),
                     200);
    assert_true(answer_has(h, "\"a\":\"12345\""));
}

static void a_body_that_comes_byte_by_byte_is_whole(void **state) {
    struct harness *h = *state;
    const char *request =
        "POST /echo HTTP/1.1\r\n" HOST CLOSE "Content-Length: 8\r\n" END "a=123456";
    int fd = client_connect(http_server_address(h->server));
    for (const char *p = request; *p != '\0'; p++) {
        client_send(fd, p, 1);
    }
    (void)client_read_all(fd, h->answer, sizeof h->answer);
    assert_int_equal(status_of(h->answer), 200);
    assert_true(answer_has(h, "\"a\":\"123456\""));
    close(fd);
}

/* ---- writes and jobs ---- */

static void an_answer_with_a_write_leaves_after_the_commit(void **state) {
    struct harness *h = *state;
    app_hold(&h->app);
    int fd = client_connect(http_server_address(h->server));
    client_send_z(fd, "POST /write HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END);
    app_await(&h->app, 1);
    /* Others are served while it waits. */
    assert_int_equal(ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE END), 200);
    app_let_go(&h->app);
    (void)client_read_all(fd, h->answer, sizeof h->answer);
    assert_int_equal(status_of(h->answer), 201);
    assert_true(answer_has(h, "written"));
    close(fd);
}

static void a_closure_that_refuses_answers_its_error_alone(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "POST /refuse HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END),
                     400);
    assert_true(answer_has(h, "\"error\":\"invalid_grant\""));
    assert_true(answer_has(h, "microsecond ago"));
    assert_false(answer_has(h, "secret"));
    assert_false(answer_has(h, "X-Handler"));
}

static void many_writes_at_once_are_all_answered(void **state) {
    struct harness *h = *state;
    int fds[64];
    app_hold(&h->app);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = client_connect(http_server_address(h->server));
        client_send_z(fds[i], "POST /write HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END);
    }
    app_await(&h->app, 1);
    app_let_go(&h->app);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        (void)client_read_all(fds[i], h->answer, sizeof h->answer);
        assert_int_equal(status_of(h->answer), 201);
        close(fds[i]);
    }
    assert_int_equal(h->app.runs, COUNT_OF(fds));
}

static void a_full_write_queue_is_503_with_retry_after(void **state) {
    struct harness *h = *state;
    h->options.writer = NULL; /* takes nothing, as a full one */
    harness_stop(h);
    harness_start(h);
    assert_int_equal(ask_z(h, "POST /write HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END),
                     503);
    assert_true(answer_has(h, "Retry-After: 1\r\n"));
    assert_true(answer_has(h, "temporarily_unavailable"));
}

static void after_a_job_the_handler_runs_again(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_z(h, "POST /job HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END),
                     200);
    assert_true(answer_has(h, "\"job\":\"done\""));
    assert_int_equal(h->app.handlers, 2);
    assert_int_equal(ask_z(h, "POST /job?fail HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END),
                     400);
    assert_true(answer_has(h, "invalid_grant"));
}

static void a_peer_that_leaves_while_its_write_waits_harms_nobody(void **state) {
    struct harness *h = *state;
    app_hold(&h->app);
    int fd = client_connect(http_server_address(h->server));
    client_send_z(fd, "POST /write HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END);
    app_await(&h->app, 1);
    close(fd);
    app_let_go(&h->app);
    assert_int_equal(ask_z(h, "POST /write HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END),
                     201);
}

/* ---- SECURITY slow ---- */

static void slow_bodies_and_idle_connections_do_not_stop_others(void **state) {
    struct harness *h = *state;
    int slow[96];
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        slow[i] = client_connect(http_server_address(h->server));
        static const char *const starts[] = {"", "GET /hel", "GET /hello HTTP/1.1\r\nHost: loc",
                                             "POST /echo HTTP/1.1\r\n" HOST
                                             "Content-Length: 900\r\n" END "a="};
        client_send_z(slow[i], starts[i % COUNT_OF(starts)]);
    }
    for (int i = 0; i < 32; i++) {
        assert_int_equal(ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE END), 200);
    }
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        close(slow[i]);
    }
}

/* As many of 10,000 as this process may open: client and server share its descriptors. */
static void slow_ten_thousand_idle_connections(void **state) {
    struct harness *h = *state;
    struct rlimit before, wanted;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    wanted = before;
    wanted.rlim_cur = before.rlim_max < 20500 ? before.rlim_max : 20500;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &wanted), 0);
    size_t n = (wanted.rlim_cur - 500) / 2;
    int *fds = test_calloc(n, sizeof *fds);
    for (size_t i = 0; i < n; i++) {
        fds[i] = client_connect(http_server_address(h->server));
        assert_true(fds[i] >= 0);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE END), 200);
    }
    for (size_t i = 0; i < n; i++) {
        close(fds[i]);
    }
    test_free(fds);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void slow_idle_connections_are_closed_in_the_end(void **state) {
    struct harness *h = *state;
    h->options.idle_timeout_s = 1;
    harness_stop(h);
    harness_start(h);
    int fd = client_connect(http_server_address(h->server));
    client_send_z(fd, "GET /hel");
    assert_int_equal(client_read_all(fd, h->answer, sizeof h->answer), 0);
    close(fd);
}

static void slow_pipelining_floods_leave_others_their_turn(void **state) {
    struct harness *h = *state;
    int fd = client_connect(http_server_address(h->server));
    for (int i = 0; i < 500; i++) {
        client_send_z(fd, "HEAD /hello HTTP/1.1\r\n" HOST END);
    }
    assert_int_equal(ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE END), 200);
    close(fd);
}

/* ---- log and metrics ---- */

static void secrets_once_the_log_has_no_query_body_or_header(void **state) {
    struct harness *h = *state;
    (void)ask_z(h, "POST /echo?code=S3CRET HTTP/1.1\r\n" HOST CLOSE
                   "Authorization: Basic S3CRET\r\nCookie: s=S3CRET\r\nContent-Length: 8\r\n" END
                   "a=S3CRET");
    (void)ask_z(h, "GET /S3CRET HTTP/1.1\r\n" HOST CLOSE END);
    (void)ask_z(h, "GET /hello?%S3CRET HTTP/1.1\r\n" HOST CLOSE END);
    (void)ask_z(h, "GET /internal HTTP/1.1\r\n" HOST CLOSE END);
    assert_false(answer_has(h, "for the log alone"));
    char log[16384];
    assert_true(log_read_all(h, log, sizeof log) > 0);
    assert_null(strstr(log, "S3CRET"));
    assert_non_null(strstr(log, "\"route\":\"echo_post\",\"method\":\"POST\",\"status\":200"));
    assert_non_null(strstr(log, "\"route\":\"none\",\"method\":\"GET\",\"status\":404"));
    assert_non_null(strstr(log, "\"reason\":\"the reason for the log alone\""));
    assert_non_null(strstr(log, "\"place\":\"harness.c:"));
    assert_non_null(strstr(log, "\"remote\":\"127.0.0.1\""));
}

static int ask_ops(struct harness *h, const char *path) {
    char request[256];
    int fd = client_connect(http_server_ops_address(h->server));
    (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" HOST CLOSE END, path);
    client_send_z(fd, request);
    (void)client_read_all(fd, h->answer, sizeof h->answer);
    close(fd);
    return status_of(h->answer);
}

static bool never_ready(const void *state) {
    (void)state;
    return false;
}

static void operations_answer_on_their_own_listener(void **state) {
    struct harness *h = *state;
    (void)ask_z(h, "GET /hello HTTP/1.1\r\n" HOST CLOSE END);
    (void)ask_z(h, "POST /write HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END);
    (void)ask_z(h, "GET /hello HTTP/1.1\r\n" HOST "no colon\r\n" END);
    assert_int_equal(ask_ops(h, "/healthz"), 200);
    assert_int_equal(ask_ops(h, "/readyz"), 200);
    assert_int_equal(ask_ops(h, "/other"), 404);
    assert_int_equal(ask_ops(h, "/metrics"), 200);
    assert_true(
        answer_has(h, "postern_http_requests_total{route=\"hello_get\",status=\"200\"} 1\n"));
    assert_true(answer_has(h, "postern_tokens_total{grant=\"password\",outcome=\"ok\"} 1\n"));
    assert_true(answer_has(h, "postern_write_batches_total 1\n"));
    assert_true(answer_has(h, "postern_http_refused_total 1\n"));
    assert_int_equal(ask_z(h, "GET /healthz HTTP/1.1\r\n" HOST CLOSE END), 404);
}

static void it_is_not_ready_while_the_application_is_not(void **state) {
    struct harness *h = *state;
    h->options.ready = never_ready;
    harness_stop(h);
    harness_start(h);
    assert_int_equal(ask_ops(h, "/readyz"), 503);
    assert_int_equal(ask_ops(h, "/healthz"), 200);
}

/* ---- listening ---- */

static void a_taken_port_says_so_and_how_to_choose_another(void **state) {
    struct harness *h = *state;
    struct http_options options = h->options;
    struct http_server *second;
    options.listen = http_server_address(h->server);
    assert_int_equal(http_server_start(&h->cx, &options, &second), ERR_BAD_CONFIG);
    assert_non_null(strstr(h->cx.failure.detail, options.listen));
    assert_non_null(strstr(h->cx.failure.detail, "--listen"));
}

static void other_addresses_need_a_front(void **state) {
    struct harness *h = *state;
    struct http_options options = h->options;
    struct http_server *second;
    options.listen = "0.0.0.0:0";
    assert_int_equal(http_server_start(&h->cx, &options, &second), ERR_BAD_CONFIG);
    assert_non_null(strstr(h->cx.failure.detail, "behind_front"));
    static const char *const bad[] = {"",          "8420",        ":8420",
                                      "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536",
                                      "unix:",     "[::1:80",     "example.com:80"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        options.listen = bad[i];
        assert_int_equal(http_server_start(&h->cx, &options, &second), ERR_BAD_CONFIG);
    }
    options.listen = "0.0.0.0:0";
    options.behind_front = true;
    assert_int_equal(http_server_start(&h->cx, &options, &second), OK);
    http_server_stop(second, 0);
}

static void a_unix_socket_works_and_a_stale_one_is_replaced(void **state) {
    struct harness *h = *state;
    harness_stop(h);
    char address[128];
    (void)snprintf(address, sizeof address, "unix:%s/http.sock", h->directory);
    h->options.listen = address;
    for (int i = 0; i < 2; i++) {
        harness_start(h);
        assert_int_equal(ask_z(h, "GET /echo HTTP/1.1\r\n" HOST CLOSE END), 200);
        assert_true(answer_has(h, "\"remote\":\"unix\""));
        struct http_server *second;
        assert_int_equal(http_server_start(&h->cx, &h->options, &second), ERR_BAD_CONFIG);
        harness_stop(h);
        assert_int_equal(access(address + 5, F_OK), -1);
    }
    h->options.listen = NULL; /* it names what ends here */
}

/* SECURITY proxy-headers: CVE-2024-47070, -10039 */
static void proxy_headers_count_behind_a_front_only(void **state) {
    struct harness *h = *state;
    const char *request =
        "GET /echo HTTP/1.1\r\n" HOST CLOSE "X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\n"
        "X-Forwarded-Proto: https\r\n" END;
    assert_int_equal(ask_z(h, request), 200);
    assert_true(answer_has(h, "\"remote\":\"127.0.0.1\",\"scheme\":\"http\""));
    h->options.behind_front = true;
    harness_stop(h);
    harness_start(h);
    assert_int_equal(ask_z(h, request), 200);
    assert_true(answer_has(h, "\"remote\":\"198.51.100.7\",\"scheme\":\"https\""));
    static const char *const garbage[] = {
        "X-Forwarded-For: \r\n",
        "X-Forwarded-For: unknown\r\n",
        "X-Forwarded-For: 1.2.3.4,\r\n",
        "X-Forwarded-For: 1.2.3\r\n",
        "X-Forwarded-For: 1.2.3.4:80\r\n",
        "X-Forwarded-Proto: ftp\r\n",
        "X-Forwarded-Proto: https, http\r\n",
        "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\n"};
    for (size_t i = 0; i < COUNT_OF(garbage); i++) {
        char bad[256];
        (void)snprintf(bad, sizeof bad, "GET /echo HTTP/1.1\r\n" HOST CLOSE "%s" END, garbage[i]);
        assert_int_equal(ask_z(h, bad), 400);
    }
}

/* ---- stop ---- */

struct stopper {
    struct harness *h;
    int grace_ms;
};

static void *stop_thread(void *state) {
    struct stopper *s = state;
    http_server_stop(s->h->server, s->grace_ms);
    return NULL;
}

static void a_stop_waits_for_the_write_that_is_pending(void **state) {
    struct harness *h = *state;
    app_hold(&h->app);
    int fd = client_connect(http_server_address(h->server));
    char address[128];
    (void)snprintf(address, sizeof address, "%s", http_server_address(h->server));
    client_send_z(fd, "POST /write HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END);
    app_await(&h->app, 1);
    struct stopper stopper = {h, 20000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_thread, &stopper), 0);
    /* New connections are refused soon; the operations listener says that it stops. */
    int other;
    while ((other = client_connect(address)) >= 0) {
        close(other);
    }
    app_let_go(&h->app);
    (void)client_read_all(fd, h->answer, sizeof h->answer);
    assert_int_equal(status_of(h->answer), 201);
    assert_true(answer_has(h, "Connection: close"));
    pthread_join(thread, NULL);
    h->server = NULL;
    close(fd);
}

static void a_stop_that_cannot_wait_drops_the_connection_not_the_write(void **state) {
    struct harness *h = *state;
    app_hold(&h->app);
    int fds[8];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = client_connect(http_server_address(h->server));
        client_send_z(fds[i], i % 2 == 0
                                  ? "POST /write HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END
                                  : "POST /job HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END);
    }
    app_await(&h->app, 3); /* two threads of the pool and the writer */
    http_server_stop(h->server, 10);
    h->server = NULL;
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_int_equal(client_read_all(fds[i], h->answer, sizeof h->answer), 0);
        close(fds[i]);
    }
    app_let_go(&h->app);
    /* harness_free ends pool and writer: what was abandoned is freed there. */
}

static void slow_work_that_finds_no_room_is_told_when(void **state) {
    struct harness *h = *state;
    const size_t half = 16 / 2 + 1; /* of the queue: so many of one address wait, none more */
    int fds[2 + 16 / 2 + 1];
    app_hold(&h->app);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = client_connect(http_server_address(h->server));
        client_send_z(fds[i], "POST /job HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END);
        app_await(&h->app, i < 2 ? (unsigned)i + 1 : 2); /* the first two run, the others wait */
    }
    while (jobs_stats(h->jobs, JOB_HASH).waiting < half) {
        (void)sched_yield();
    }
    assert_int_equal(ask_z(h, "POST /job HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n" END),
                     503);
    assert_true(answer_has(h, "Retry-After: 1\r\n"));
    assert_int_equal(jobs_stats(h->jobs, JOB_HASH).refused, 1);
    app_let_go(&h->app);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        (void)client_read_all(fds[i], h->answer, sizeof h->answer);
        assert_in_range(status_of(h->answer), 200, 299);
        close(fds[i]);
    }
}

static void quiesce_makes_unready_and_lets_what_runs_finish(void **state) {
    struct harness *h = *state;
    app_hold(&h->app);
    int fd = client_connect(http_server_address(h->server));
    client_send_z(fd, "POST /write HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END);
    app_await(&h->app, 1);
    assert_false(http_server_quiesce(h->server, 0));
    assert_int_equal(ask_ops(h, "/readyz"), 503);
    assert_int_equal(ask_ops(h, "/healthz"), 200);
    app_let_go(&h->app);
    assert_true(http_server_quiesce(h->server, 20000));
    (void)client_read_all(fd, h->answer, sizeof h->answer);
    assert_int_equal(status_of(h->answer), 201);
    close(fd);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SERVER_TEST(a_get_is_answered_with_the_common_headers),
        SERVER_TEST(what_is_not_cacheable_is_not_stored),
        SERVER_TEST(the_correlation_id_is_echoed),
        SERVER_TEST(keep_alive_serves_one_request_after_another),
        SERVER_TEST(pipelined_requests_are_answered_in_order),
        SERVER_TEST(a_pipelined_request_waits_for_the_write_before_it),
        SERVER_TEST(head_has_the_headers_of_get_and_no_body),
        SERVER_TEST(a_conditional_get_is_304_without_body),
        SERVER_TEST(options_answers_with_allow),
        SERVER_TEST(another_method_is_405_with_allow),
        SERVER_TEST(an_unknown_path_is_404),
        SERVER_TEST(old_paths_ignore_case_and_repeated_slashes),
        SERVER_TEST(queries_and_forms_are_decoded),
        SERVER_TEST(param_pollution_body_and_query_are_refused),
        SERVER_TEST(chunked_bodies_are_put_together),
        SERVER_TEST(a_body_that_comes_byte_by_byte_is_whole),
        SERVER_TEST(an_answer_with_a_write_leaves_after_the_commit),
        SERVER_TEST(a_closure_that_refuses_answers_its_error_alone),
        SERVER_TEST(many_writes_at_once_are_all_answered),
        SERVER_TEST(a_full_write_queue_is_503_with_retry_after),
        SERVER_TEST(after_a_job_the_handler_runs_again),
        SERVER_TEST(a_peer_that_leaves_while_its_write_waits_harms_nobody),
        SERVER_TEST(slow_bodies_and_idle_connections_do_not_stop_others),
        SERVER_TEST(slow_ten_thousand_idle_connections),
        SERVER_TEST(slow_idle_connections_are_closed_in_the_end),
        SERVER_TEST(slow_pipelining_floods_leave_others_their_turn),
        SERVER_TEST(secrets_once_the_log_has_no_query_body_or_header),
        SERVER_TEST(operations_answer_on_their_own_listener),
        SERVER_TEST(it_is_not_ready_while_the_application_is_not),
        SERVER_TEST(a_taken_port_says_so_and_how_to_choose_another),
        SERVER_TEST(other_addresses_need_a_front),
        SERVER_TEST(a_unix_socket_works_and_a_stale_one_is_replaced),
        SERVER_TEST(proxy_headers_count_behind_a_front_only),
        SERVER_TEST(a_stop_waits_for_the_write_that_is_pending),
        SERVER_TEST(a_stop_that_cannot_wait_drops_the_connection_not_the_write),
        SERVER_TEST(slow_work_that_finds_no_room_is_told_when),
        SERVER_TEST(quiesce_makes_unready_and_lets_what_runs_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
