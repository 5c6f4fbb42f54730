/* SPDX-License-Identifier: Apache-2.0 */
/* SECURITY `bombs`: each named limit at its edge and one past it, over a socket. */
#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A request under construction. */
struct text {
    char *p;
    size_t n, size;
};

static struct text text_new(size_t size) {
    return (struct text){test_malloc(size), 0, size};
}

static void text_add(struct text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    t->n += (size_t)vsnprintf(t->p + t->n, t->size - t->n, format, args);
    va_end(args);
    assert_true(t->n < t->size);
}

static void text_fill(struct text *t, char c, size_t n) {
    assert_true(t->n + n < t->size);
    memset(t->p + t->n, c, n);
    t->n += n;
}

static int text_ask(struct harness *h, struct text *t) {
    int status = ask(h, t->p, t->n);
    test_free(t->p);
    return status;
}

static int ask_header_line(struct harness *h, size_t line) {
    struct text t = text_new(32768);
    text_add(&t, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: ");
    text_fill(&t, 'a', line - strlen("X: \r\n"));
    text_add(&t, "\r\n\r\n");
    return text_ask(h, &t);
}

static void bombs_header_line(void **state) {
    assert_int_equal(ask_header_line(*state, HTTP_HEADER_LINE_MAX), 200);
    assert_int_equal(ask_header_line(*state, HTTP_HEADER_LINE_MAX + 1), 431);
    assert_in_range(ask_header_line(*state, 20000), 0, 431); /* the library's own bound */
}

static int ask_target(struct harness *h, size_t length) {
    struct text t = text_new(32768);
    text_add(&t, "GET /hello?a=");
    text_fill(&t, 'a', length - strlen("/hello?a="));
    text_add(&t, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return text_ask(h, &t);
}

static void bombs_request_target(void **state) {
    assert_int_equal(ask_target(*state, HTTP_TARGET_MAX), 200);
    assert_int_equal(ask_target(*state, HTTP_TARGET_MAX + 1), 431);
}

static int ask_headers(struct harness *h, int n) {
    struct text t = text_new(32768);
    text_add(&t, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    for (int i = 2; i < n; i++) {
        text_add(&t, "X-%d: y\r\n", i);
    }
    text_add(&t, "\r\n");
    return text_ask(h, &t);
}

static void bombs_number_of_headers(void **state) {
    assert_int_equal(ask_headers(*state, HTTP_HEADERS_MAX), 200);
    assert_int_equal(ask_headers(*state, HTTP_HEADERS_MAX + 1), 431);
    assert_int_equal(ask_headers(*state, HTTP_HEADERS_MAX + 2), 431);
    assert_in_range(ask_headers(*state, 1000), 0, 431);
}

static int ask_cookies(struct harness *h, size_t length) {
    struct text t = text_new(32768);
    text_add(&t, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: a=");
    text_fill(&t, 'b', length - 2);
    text_add(&t, "\r\n\r\n");
    return text_ask(h, &t);
}

static void bombs_cookies(void **state) {
    assert_int_equal(ask_cookies(*state, HTTP_COOKIE_MAX), 200);
    assert_int_equal(ask_cookies(*state, HTTP_COOKIE_MAX + 1), 431);
}

/* All at their limits together that a browser may send. */
static void bombs_largest_ordinary_request_is_answered(void **state) {
    struct text t = text_new(32768);
    text_add(&t, "GET /hello?a=");
    text_fill(&t, 'a', 2000);
    text_add(&t, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ");
    text_fill(&t, 'b', 4000);
    text_add(&t, "\r\nCookie: c=");
    text_fill(&t, 'd', 2000);
    text_add(&t, "\r\n\r\n");
    assert_int_equal(text_ask(*state, &t), 200);
}

static int ask_query(struct harness *h, int n) {
    struct text t = text_new(32768);
    text_add(&t, "GET /echo?");
    for (int i = 0; i < n; i++) {
        text_add(&t, "%sp%d=1", i > 0 ? "&" : "", i);
    }
    text_add(&t, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return text_ask(h, &t);
}

static void bombs_query_parameters(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_query(h, HTTP_QUERY_MAX), 200);
    assert_true(answer_has(h, "\"query\":300"));
    assert_int_equal(ask_query(h, HTTP_QUERY_MAX + 1), 400);
}

static int ask_form(struct harness *h, int n) {
    struct text body = text_new(32768), t = text_new(32768);
    for (int i = 0; i < n; i++) {
        text_add(&body, "%sp%d=1", i > 0 ? "&" : "", i);
    }
    text_add(&t,
             "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n"
             "%.*s",
             body.n, (int)body.n, body.p);
    test_free(body.p);
    return text_ask(h, &t);
}

static void bombs_form_fields(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_form(h, HTTP_FORM_MAX), 200);
    assert_true(answer_has(h, "\"form\":100"));
    assert_int_equal(ask_form(h, HTTP_FORM_MAX + 1), 400);
}

static int ask_body(struct harness *h, const char *path, size_t n, bool chunked) {
    struct text t = text_new(n + 4096);
    text_add(&t, "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", path);
    if (chunked) {
        text_add(&t, "Transfer-Encoding: chunked\r\n\r\n%zx\r\na=", n);
        text_fill(&t, 'b', n - 2);
        text_add(&t, "\r\n0\r\n\r\n");
    } else {
        text_add(&t, "Content-Length: %zu\r\n\r\na=", n);
        text_fill(&t, 'b', n - 2);
    }
    return text_ask(h, &t);
}

static void bombs_body_of_the_route(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_body(h, "/echo", 1000, false), 200);
    assert_int_equal(ask_body(h, "/echo", 1001, false), 413);
    assert_true(answer_has(h, "request_too_large"));
    assert_true(answer_has(h, "Connection: close"));
    assert_int_equal(ask_body(h, "/echo", 1000, true), 200);
    assert_int_equal(ask_body(h, "/echo", 1001, true), 413);
}

static void bombs_body_of_one_mebibyte(void **state) {
    struct harness *h = *state;
    assert_int_equal(ask_body(h, "/big", HTTP_BODY_MAX, false), 200);
    assert_true(answer_has(h, "\"body\":1048576"));
    assert_int_equal(ask_body(h, "/big", HTTP_BODY_MAX + 1, false), 413);
    assert_int_equal(ask_body(h, "/big", HTTP_BODY_MAX + 1, true), 413);
}

static void bombs_announced_giants_are_refused_unread(void **state) {
    struct harness *h = *state;
    assert_int_equal(
        ask_z(h, "POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"), 413);
    assert_int_equal(ask_z(h, "POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: "
                              "99999999999999999999999999\r\n\r\n"),
                     413);
    assert_int_equal(ask_z(h, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                              "Content-Length: 1001\r\n\r\n"),
                     413);
}

static void bombs_endless_chunks_are_cut(void **state) {
    struct harness *h = *state;
    size_t n = 6 * HTTP_BODY_MAX;
    struct text t = text_new(n + 4096);
    text_add(&t, "POST /big HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n", n);
    text_fill(&t, 'b', n);
    assert_in_range(text_ask(h, &t), 0, 413);
    assert_int_equal(h->app.handlers, 0);
}

static int ask_json(struct harness *h, int depth) {
    struct text body = text_new(4096), t = text_new(8192);
    text_add(&body, "{\"x\":");
    text_fill(&body, '[', (size_t)depth - 1);
    text_fill(&body, ']', (size_t)depth - 1);
    text_add(&body, "}");
    text_add(&t,
             "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n"
             "%.*s",
             body.n, (int)body.n, body.p);
    test_free(body.p);
    return text_ask(h, &t);
}

static void bombs_json_depth(void **state) {
    assert_int_equal(ask_json(*state, JSON_DEPTH_MAX), 200);
    assert_int_equal(ask_json(*state, JSON_DEPTH_MAX + 1), 400);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SERVER_TEST(bombs_header_line),
        SERVER_TEST(bombs_request_target),
        SERVER_TEST(bombs_number_of_headers),
        SERVER_TEST(bombs_cookies),
        SERVER_TEST(bombs_largest_ordinary_request_is_answered),
        SERVER_TEST(bombs_query_parameters),
        SERVER_TEST(bombs_form_fields),
        SERVER_TEST(bombs_body_of_the_route),
        SERVER_TEST(bombs_body_of_one_mebibyte),
        SERVER_TEST(bombs_announced_giants_are_refused_unread),
        SERVER_TEST(bombs_endless_chunks_are_cut),
        SERVER_TEST(bombs_json_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
