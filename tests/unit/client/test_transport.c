/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange, against a server that drops, lingers, lies and cuts short. */
#include "../fixture.h"
#include "client.h"
#include "loopback.h"

#include <stdio.h>
#include <stdlib.h>

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

struct world {
    struct loopback server;
    struct postern *client;
    atomic_int seen_once; /* requests for /dies */
};

static void headers_many(char *answer, size_t room) {
    size_t n = (size_t)snprintf(answer, room, OK_HEAD "Content-Length: 0\r\n");
    for (int i = 0; i < 300; i++) {
        n += (size_t)snprintf(answer + n, room - n, "X-%d: y\r\n", i);
    }
    (void)snprintf(answer + n, room - n, "\r\n");
}

static void echo(const char *request, char *answer, size_t room) {
    (void)snprintf(answer, room, OK_HEAD "Content-Length: %zu\r\n\r\n%s", strlen(request), request);
}

static void big(char *answer, size_t room) {
    int n = snprintf(answer, room, OK_HEAD "Content-Length: 100000\r\n\r\n");
    memset(answer + n, 'b', 100000);
    answer[n + 100000] = '\0';
}

/* What a path answers with; "" closes at once. */
static const struct {
    const char *path, *answer;
    bool close;
} answers[] = {
    {"/whole ",
     OK_HEAD "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\nRetry-After: Tue, 14 Nov 2023 22:13:27 "
             "GMT\r\nX-Two:  a b \r\nContent-Length: 5\r\n\r\nwhole",
     false},
    {"/half ", OK_HEAD "Content-Length: 100\r\n\r\nten bytes.", true},
    {"/chunkhalf ", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n20\r\nten bytes.", true},
    {"/chunks ",
     OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n",
     false},
    {"/drop ", "", true},
    {"/interim ",
     "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 201 Created\r\nX-Late: "
     "1\r\nContent-Length: 0\r\n\r\n",
     false},
    {"/folded ", OK_HEAD "X-Folded: a\r\n  b\r\nContent-Length: 0\r\n\r\n", false},
    {"/garbage ", "hello, this is no HTTP\r\n\r\n", true},
    {"/redirect ", "HTTP/1.1 302 Found\r\nLocation: /whole\r\nContent-Length: 0\r\n\r\n", false},
    {"/refused ", "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nbad", false},
};

static bool respond(struct loopback *l, const char *request, char *answer, size_t room,
                    bool *ret_close) {
    struct world *w = l->user;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (strstr(request, answers[i].path) != NULL) {
            (void)snprintf(answer, room, "%s", answers[i].answer);
            *ret_close = answers[i].close;
            return answers[i].answer[0] != '\0';
        }
    }
    if (strstr(request, "/echo ") != NULL) {
        echo(request, answer, room);
    } else if (strstr(request, "/headers ") != NULL) {
        headers_many(answer, room);
    } else if (strstr(request, "/big ") != NULL) {
        big(answer, room);
    } else if (strstr(request, "/dies ") != NULL) {
        return atomic_fetch_add(&w->seen_once, 1) < 0; /* closes without an answer, always */
    }
    return true; /* "/slow": nothing, and the connection stays */
}

static int world_begin(void **state) {
    struct world *w = calloc(1, sizeof *w);
    w->server.respond = respond;
    w->server.user = w;
    loopback_start(&w->server);
    const struct postern_setting settings[] = {{"issuer", w->server.origin}};
    struct postern_options o = POSTERN_OPTIONS_INIT;
    o.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE | POSTERN_NO_CACHE;
    o.settings = settings;
    o.settings_n = 1;
    assert_int_equal(postern_open(&o, &w->client), POSTERN_OK);
    *state = w;
    return 0;
}

static int world_end(void **state) {
    struct world *w = *state;
    postern_close(w->client);
    loopback_stop(&w->server);
    free(w);
    return 0;
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

/* ---- an exchange as the work of a call ---- */

struct asked {
    struct world *w;
    const char *method, *path;
    const char *url; /* whole, instead of path */
    struct str body;
    struct str header;
    const struct postern_request *stream;
    size_t body_max;
    bool once;
    int64_t timeout_ms;
    struct postern_cancel *cancel;
    /* what came */
    err e;
    struct exchange x; /* its slices are gone with the call */
    char answer[4096];
    char header_value[64];
    const char *header_wanted;
};

static err work(struct call *k, void *arguments) {
    struct asked *a = arguments;
    struct exchange x = {.method = a->method != NULL ? a->method : "GET",
                         .body = a->body,
                         .stream = a->stream,
                         .headers = &a->header,
                         .headers_n = a->header.p != NULL ? 1 : 0,
                         .body_max = a->body_max,
                         .once = a->once,
                         .attempt = 1};
    x.url = a->url != NULL ? str_from(a->url)
                           : str_format(k->cx.arena, "%s%s", a->w->server.origin, a->path);
    err e = exchange_run(k, &x);
    a->e = e;
    a->x = x;
    (void)snprintf(a->answer, sizeof a->answer, "%.*s", STR_ARG(x.answer));
    if (a->header_wanted != NULL) {
        (void)snprintf(a->header_value, sizeof a->header_value, "%.*s",
                       STR_ARG(exchange_header(&x, a->header_wanted)));
    }
    return e;
}

static err ask(struct asked *a) {
    (void)call_run(a->w->client, a->cancel, a->timeout_ms != 0 ? a->timeout_ms : 20000, work, a);
    return a->e;
}

static void assert_says(const char *text) {
    if (strstr(postern_error_message(), text) == NULL) {
        fail_msg("'%s' does not say '%s'", postern_error_message(), text);
    }
}

/* ---- answers ---- */

static void whole_answer(void **state) {
    struct asked a = {.w = *state, .path = "/whole", .header_wanted = "x-TWO"};
    assert_int_equal(ask(&a), OK);
    assert_int_equal(a.x.status, 200);
    assert_string_equal(a.answer, "whole");
    assert_string_equal(a.header_value, "a b");
    assert_int_equal(a.x.server_date, FIXTURE_NOW);
    assert_int_equal(a.x.retry_after_ms, 7000); /* by the server's own clock */
    assert_true(a.x.left);
}

static void connections_are_kept(void **state) {
    struct world *w = *state;
    for (int i = 0; i < 5; i++) {
        struct asked a = {.w = w, .path = i % 2 == 0 ? "/whole" : "/chunks"};
        assert_int_equal(ask(&a), OK);
        assert_string_equal(a.answer, i % 2 == 0 ? "whole" : "abcde");
    }
    assert_int_equal(atomic_load(&w->server.connections), 1);
}

static void other_statuses_are_answers(void **state) {
    struct asked redirect = {.w = *state, .path = "/redirect"};
    struct asked refused = {.w = *state, .path = "/refused"};
    assert_int_equal(ask(&redirect), OK);
    assert_int_equal(redirect.x.status, 302);
    assert_int_equal(ask(&refused), OK);
    assert_int_equal(refused.x.status, 400);
    assert_string_equal(refused.answer, "bad");
}

static void interim_answers_are_passed_over(void **state) {
    struct asked a = {.w = *state, .path = "/interim", .header_wanted = "X-Early"};
    struct asked b = {.w = *state, .path = "/folded", .header_wanted = "X-Folded"};
    assert_int_equal(ask(&a), OK);
    assert_int_equal(a.x.status, 201);
    assert_string_equal(a.header_value, "");
    assert_int_equal(ask(&b), OK);
    assert_string_equal(b.header_value, "a b");
}

static void cut_short_is_an_error(void **state) {
    static const char *const paths[] = {"/half", "/chunkhalf"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct asked a = {.w = *state, .path = paths[i]};
        assert_int_equal(ask(&a), ERR_CLIENT_ANSWER);
        assert_says("cut short");
        assert_true(a.x.left);
        assert_false(a.x.lasting);
        assert_int_equal(a.x.status, 0);
        assert_string_equal(a.answer, "");
    }
}

static void dropped_connection(void **state) {
    struct asked a = {.w = *state, .path = "/drop"};
    assert_int_equal(ask(&a), ERR_CLIENT_NETWORK);
    assert_says("127.0.0.1");
    assert_true(a.x.left);
}

static void no_http(void **state) {
    struct asked a = {.w = *state, .path = "/garbage"};
    assert_int_equal(ask(&a), ERR_CLIENT_ANSWER);
    assert_true(a.x.lasting);
}

/* SECURITY bombs */
static void bombs_answers_are_bounded(void **state) {
    struct asked headers = {.w = *state, .path = "/headers"};
    struct asked big_one = {.w = *state, .path = "/big", .body_max = 99999};
    struct asked fits = {.w = *state, .path = "/big", .body_max = 100000};
    assert_int_equal(ask(&headers), ERR_CLIENT_ANSWER);
    assert_says("headers");
    assert_true(headers.x.lasting);
    assert_int_equal(ask(&big_one), ERR_CLIENT_ANSWER);
    assert_says("99999 bytes");
    assert_int_equal(ask(&fits), OK);
    assert_int_equal(fits.x.answer.n, 100000);
}

/* ---- the way there ---- */

static void refused_connection(void **state) {
    struct world *w = *state;
    struct loopback gone = {.respond = respond};
    char url[80];
    loopback_start(&gone);
    loopback_stop(&gone);
    (void)snprintf(url, sizeof url, "%s/x", gone.origin);
    struct asked a = {.w = w, .url = url};
    assert_int_equal(ask(&a), ERR_CLIENT_CONNECT);
    assert_says("Connection refused");
    assert_false(a.x.left);
}

/* RFC 1035 2.3.4: no label is longer than 63, hence no name server is asked. */
static void unknown_host(void **state) {
    struct asked a = {.w = *state,
                      .url = "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                             "aaaaaaaaaaaa.example/?secret"};
    assert_int_equal(ask(&a), ERR_CLIENT_DNS);
    assert_says("no address");
    assert_null(strstr(postern_error_message(), "secret"));
    assert_false(a.x.left);
}

static void no_tls_there(void **state) {
    struct world *w = *state;
    char url[80];
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%d/drop", w->server.port);
    struct asked a = {.w = w, .url = url, .timeout_ms = 3000};
    err e = ask(&a); /* a server that waits for a whole request says nothing */
    assert_true(e == ERR_CLIENT_TIMEOUT || e == ERR_CLIENT_TLS);
    assert_false(a.x.left);
}

static void secrets_once_plain_http_is_for_loopback(void **state) {
    struct asked a = {.w = *state, .url = "http://192.0.2.1/x"};
    struct asked b = {.w = *state, .url = "ftp://127.0.0.1/x"};
    assert_int_equal(ask(&a), ERR_CLIENT_USAGE);
    assert_says("https://");
    assert_false(a.x.left);
    assert_int_equal(ask(&b), ERR_CLIENT_USAGE);
}

/* ---- time and cancellation ---- */

static void time_runs_out(void **state) {
    struct asked a = {.w = *state, .path = "/slow", .timeout_ms = 200};
    int64_t began = clock_monotonic_us();
    assert_int_equal(ask(&a), ERR_CLIENT_TIMEOUT);
    assert_says("setting timeout");
    assert_true(a.x.left);
    assert_in_range(clock_monotonic_us() - began, 190000, 5000000);
}

static void *cancel_when_asked(void *argument) {
    struct asked *a = argument;
    loopback_await(&a->w->server, 1);
    postern_cancel(a->cancel);
    return NULL;
}

static void cancel_ends_a_wait_at_once(void **state) {
    struct asked a = {.w = *state, .path = "/slow", .timeout_ms = 60000};
    pthread_t thread;
    a.cancel = postern_cancel_new();
    int64_t began = clock_monotonic_us();
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_asked, &a), 0);
    assert_int_equal(ask(&a), ERR_CLIENT_CANCELLED);
    assert_in_range(clock_monotonic_us() - began, 0, 10000000);
    (void)pthread_join(thread, NULL);
    /* It stays cancelled: nothing more is sent with it. */
    int before = atomic_load(&a.w->server.requests);
    a.path = "/whole";
    assert_int_equal(ask(&a), ERR_CLIENT_CANCELLED);
    assert_int_equal(atomic_load(&a.w->server.requests), before);
    postern_cancel_free(a.cancel);
    struct asked b = {.w = *state, .path = "/whole"};
    assert_int_equal(ask(&b), OK);
}

/* ---- what is sent ---- */

static void methods_and_bodies(void **state) {
    static const struct {
        const char *method, *body, *line;
    } cases[] = {
        {"POST", "{\"a\":1}", "POST /echo "}, {"PUT", "", "PUT /echo "},
        {"GET", NULL, "GET /echo "},          {"DELETE", NULL, "DELETE /echo "},
        {"PATCH", "x", "PATCH /echo "},       {"POST", NULL, "POST /echo "},
    };
    for (int once = 0; once < 2; once++) {
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            struct asked a = {.w = *state,
                              .path = "/echo",
                              .method = cases[i].method,
                              .body = str_from(cases[i].body),
                              .once = once == 1};
            assert_int_equal(ask(&a), OK);
            assert_ptr_equal(strstr(a.answer, cases[i].line), a.answer);
            assert_null(strstr(a.answer, "Expect"));
            assert_null(strstr(a.answer, "Content-Type"));
            const char *body = strstr(a.answer, "\r\n\r\n") + 4;
            assert_string_equal(body, cases[i].body != NULL ? cases[i].body : "");
        }
    }
}

static void head_has_no_body(void **state) {
    struct asked a = {.w = *state, .path = "/whole", .method = "HEAD", .timeout_ms = 20000};
    struct asked b = {.w = *state, .path = "/interim"};
    assert_int_equal(ask(&a), OK);
    assert_int_equal(a.x.answer.n, 0);
    assert_int_equal(ask(&b), OK);
}

static void empty_headers_are_sent(void **state) {
    struct asked a = {.w = *state, .path = "/echo", .header = STR("X-Empty:")};
    struct asked b = {.w = *state, .path = "/echo", .header = STR("X-Space:  ")};
    assert_int_equal(ask(&a), OK);
    assert_non_null(strstr(a.answer, "\r\nX-Empty:\r\n"));
    assert_int_equal(ask(&b), OK);
    assert_non_null(strstr(b.answer, "\r\nX-Space:\r\n"));
}

/* A kept connection that dies: libcurl would send again by itself. What goes once goes once. */
static void sent_once(void **state) {
    struct world *w = *state;
    static const char *const bodies[] = {"refresh_token=single", "", NULL};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct asked keep = {.w = w, .path = "/whole"};
        struct asked a = {
            .w = w, .path = "/dies", .method = "POST", .body = str_from(bodies[i]), .once = true};
        int before = atomic_load(&w->seen_once);
        assert_int_equal(ask(&keep), OK);
        assert_int_equal(ask(&a), ERR_CLIENT_NETWORK);
        assert_int_equal(atomic_load(&w->seen_once) - before, 1);
        assert_true(a.x.left);
    }
}

/* ---- streams ---- */

struct flow {
    const char *text;
    size_t at, n, step;
    bool give_up;
    char got[256];
    size_t got_n;
    int heads, status;
};

static ptrdiff_t flow_read(void *user, void *to, size_t n) {
    struct flow *f = user;
    size_t rest = f->n - f->at, take = rest < f->step ? rest : f->step;
    if (f->give_up) {
        return -1;
    }
    take = take < n ? take : n;
    memcpy(to, f->text + f->at, take);
    f->at += take;
    return (ptrdiff_t)take;
}

static int flow_write(void *user, const void *bytes, size_t n) {
    struct flow *f = user;
    if (f->give_up || f->got_n + n > sizeof f->got) {
        return 1;
    }
    memcpy(f->got + f->got_n, bytes, n);
    f->got_n += n;
    return 0;
}

static int flow_head(void *user, const struct postern_response *head) {
    struct flow *f = user;
    f->heads++;
    f->status = head->status;
    return postern_response_header(head, "content-length") == NULL;
}

static struct postern_request flowing(struct flow *f, size_t body_n) {
    struct postern_request r = POSTERN_REQUEST_INIT;
    r.read = flow_read;
    r.read_user = f;
    r.body_n = body_n;
    return r;
}

static void bodies_are_streamed(void **state) {
    for (int known = 0; known < 2; known++) {
        struct flow f = {.text = "0123456789", .n = 10, .step = 3};
        struct postern_request r = flowing(&f, known == 1 ? 10 : SIZE_MAX);
        struct asked a = {.w = *state, .path = "/echo", .method = "PUT", .stream = &r};
        assert_int_equal(ask(&a), OK);
        if (known == 1) {
            assert_non_null(strstr(a.answer, "Content-Length: 10\r\n"));
            assert_string_equal(strstr(a.answer, "\r\n\r\n") + 4, "0123456789");
        } else {
            assert_non_null(strstr(a.answer, "Transfer-Encoding: chunked\r\n"));
            assert_non_null(strstr(a.answer, "\r\n0\r\n\r\n"));
        }
        assert_true(a.x.body_begun);
    }
}

static void bodies_that_do_not_fit(void **state) {
    struct flow brief = {.text = "0123456789", .n = 10, .step = 3};
    struct flow given_up = {.give_up = true};
    struct postern_request r = flowing(&brief, 20), s = flowing(&given_up, SIZE_MAX);
    struct asked a = {.w = *state, .path = "/echo", .method = "POST", .stream = &r};
    struct asked b = {.w = *state, .path = "/echo", .method = "POST", .stream = &s};
    assert_int_equal(ask(&a), ERR_CLIENT_USAGE);
    assert_says("shorter than body_n");
    assert_true(a.x.lasting);
    assert_int_equal(ask(&b), ERR_CLIENT_CANCELLED);
}

static void answers_are_streamed(void **state) {
    struct flow f = {0}, refused = {0}, given_up = {.give_up = true};
    struct postern_request r = POSTERN_REQUEST_INIT;
    r.write = flow_write;
    r.on_headers = flow_head;
    struct asked a = {.w = *state, .path = "/whole", .stream = &r};
    r.write_user = &f;
    assert_int_equal(ask(&a), OK);
    assert_memory_equal(f.got, "whole", 5);
    assert_int_equal(f.heads, 1);
    assert_int_equal(f.status, 200);
    assert_int_equal(a.x.answer.n, 0);
    assert_true(a.x.streamed);
    a.path = "/refused"; /* what is no success is kept */
    r.write_user = &refused;
    assert_int_equal(ask(&a), OK);
    assert_int_equal(refused.heads, 0);
    assert_string_equal(a.answer, "bad");
    a.path = "/whole";
    r.write_user = &given_up;
    assert_int_equal(ask(&a), ERR_CLIENT_CANCELLED);
    a.path = "/half"; /* nothing may be repeated once bytes were given away */
    r.write_user = &f;
    assert_int_equal(ask(&a), ERR_CLIENT_ANSWER);
    assert_true(a.x.streamed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(whole_answer),
        IN_WORLD(connections_are_kept),
        IN_WORLD(other_statuses_are_answers),
        IN_WORLD(interim_answers_are_passed_over),
        IN_WORLD(cut_short_is_an_error),
        IN_WORLD(dropped_connection),
        IN_WORLD(no_http),
        IN_WORLD(bombs_answers_are_bounded),
        IN_WORLD(refused_connection),
        IN_WORLD(unknown_host),
        IN_WORLD(no_tls_there),
        IN_WORLD(secrets_once_plain_http_is_for_loopback),
        IN_WORLD(time_runs_out),
        IN_WORLD(cancel_ends_a_wait_at_once),
        IN_WORLD(methods_and_bodies),
        IN_WORLD(head_has_no_body),
        IN_WORLD(empty_headers_are_sent),
        IN_WORLD(sent_once),
        IN_WORLD(bodies_are_streamed),
        IN_WORLD(bodies_that_do_not_fit),
        IN_WORLD(answers_are_streamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
