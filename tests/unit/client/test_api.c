/* SPDX-License-Identifier: Apache-2.0 */
/* postern_call() and postern_pages() against a server: tokens, repetitions, polling, refusals,
 * pages, and what a program may not ask for. */
#include "../fixture.h"
#include "client.h"
#include "loopback.h"

#include <stdio.h>
#include <stdlib.h>

#define JSON_HEAD(status) "HTTP/1.1 " status "\r\nContent-Type: application/json\r\n"

struct world {
    struct loopback server;
    struct postern *client;
    atomic_int tokens, calls, good_token; /* tokens given; API calls; the token that is taken */
    char last[4096];                      /* the last API request */
};

static void say(char *answer, size_t room, const char *head, const char *body) {
    (void)snprintf(answer, room, "%sContent-Length: %zu\r\n\r\n%s", head, strlen(body), body);
}

static void say_token(struct world *w, char *answer, size_t room) {
    char body[256];
    int n = atomic_fetch_add(&w->tokens, 1) + 1;
    atomic_store(&w->good_token, n);
    (void)snprintf(body, sizeof body,
                   "{\"access_token\":\"token-%d\",\"token_type\":\"Bearer\",\"expires_in\":3600}",
                   n);
    say(answer, room, JSON_HEAD("200 OK"), body);
}

static const struct {
    const char *path, *head, *body;
} answers[] = {
    {"/hello ", JSON_HEAD("200 OK"), "{\"name\":\"x\"}"},
    {"/denied ", JSON_HEAD("403 Forbidden") "CorrelationId: c-1\r\n",
     "{\"error\":\"user_required\",\"error_description\":\"A user is\\u001b[31m needed\"}"},
    {"/missing ", JSON_HEAD("404 Not Found"), "{\"message\":\"no such thing\"}"},
    {"/problem ", JSON_HEAD("422 X"),
     "{\"error\":{\"code\":\"bad_name\",\"message\":\"too long\"}}"},
    {"/html ", "HTTP/1.1 409 Conflict\r\nContent-Type: text/html\r\n", "<p>what?</p>"},
    {"/limit ", JSON_HEAD("429 X") "Retry-After: 3600\r\n", "{}"},
    {"/broken ", JSON_HEAD("500 X"), "oh"},
    {"/accepted ", "HTTP/1.1 202 Accepted\r\nRetry-After: 0\r\nLocation: ../jobs/1?a=b\r\n", ""},
    {"/accepted-elsewhere ",
     "HTTP/1.1 202 Accepted\r\nRetry-After: 0\r\nLocation: http://localhost:1/x\r\n", ""},
    {"/list ", JSON_HEAD("200 OK"), "{\"_links\":{\"next\":\"/list2?cursor=a\"}}"},
    {"/list2?cursor=a ", JSON_HEAD("200 OK"), "{\"_links\":{\"next\":{\"href\":\"list3\"}}}"},
    {"/list3 ", JSON_HEAD("200 OK") "Link: </list4>; rel=\"prev next\"\r\n", "[]"},
    {"/list4 ", JSON_HEAD("200 OK"), "{\"_links\":{\"next\":null}}"},
    {"/circle ", JSON_HEAD("200 OK"), "{\"_links\":{\"next\":\"/circle\"}}"},
    {"/list-elsewhere ", JSON_HEAD("200 OK"), "{\"_links\":{\"next\":\"https://evil.example/\"}}"},
    {"/list-broken ", JSON_HEAD("200 OK"), "{\"_links\":"},
};

static bool respond(struct loopback *l, const char *request, char *answer, size_t room,
                    bool *ret_close) {
    struct world *w = l->user;
    char bearer[64];
    *ret_close = false;
    if (strstr(request, "POST /api/v2/oauth/token ") == request) {
        say_token(w, answer, room);
        return true;
    }
    int call = atomic_fetch_add(&w->calls, 1);
    (void)snprintf(w->last, sizeof w->last, "%s", request);
    (void)snprintf(bearer, sizeof bearer, "\r\nAuthorization: Bearer token-%d\r\n",
                   atomic_load(&w->good_token));
    if (strstr(request, "/anonymous ") == NULL && strstr(request, bearer) == NULL) {
        say(answer, room, JSON_HEAD("401 X"), "{\"error\":\"invalid_token\"}");
        return true;
    }
    if (strstr(request, "/jobs/1?a=b ") != NULL) {
        if (call < 3) {
            say(answer, room, "HTTP/1.1 202 X\r\nRetry-After: 0\r\n", "");
        } else {
            say(answer, room, JSON_HEAD("200 OK"), "{\"done\":true}");
        }
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (strstr(request, answers[i].path) != NULL) {
            say(answer, room, answers[i].head, answers[i].body);
            return true;
        }
    }
    say(answer, room, "HTTP/1.1 200 OK\r\n", "");
    return true;
}

static int world_begin(void **state) {
    struct world *w = calloc(1, sizeof *w);
    w->server.respond = respond;
    w->server.user = w;
    loopback_start(&w->server);
    const struct postern_setting settings[] = {{"base_url", w->server.origin},
                                               {"client_id", "app"},
                                               {"client_secret", "secret"},
                                               {"grant", "client_credentials"}};
    struct postern_options o = POSTERN_OPTIONS_INIT;
    o.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE | POSTERN_NO_CACHE;
    o.settings = settings;
    o.settings_n = COUNT_OF(settings);
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

static struct postern_request get(const char *path) {
    struct postern_request r = POSTERN_REQUEST_INIT;
    r.path = path;
    r.timeout_ms = 20000;
    return r;
}

static void assert_says(const char *text) {
    if (strstr(postern_error_message(), text) == NULL) {
        fail_msg("'%s' does not say '%s'", postern_error_message(), text);
    }
}

static void an_answer(void **state) {
    struct world *w = *state;
    struct postern_response a = POSTERN_RESPONSE_INIT;
    struct postern_request r = get("/hello");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(postern_call(w->client, &r, &a), POSTERN_OK);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.body, "{\"name\":\"x\"}");
        assert_int_equal(a.body_n, 12);
        assert_string_equal(postern_response_header(&a, "CONTENT-type"), "application/json");
        assert_null(postern_response_header(&a, "absent"));
        assert_int_equal(a.attempts, 1);
        postern_response_done(&a);
        postern_response_done(&a);
    }
    assert_int_equal(atomic_load(&w->tokens), 1);
    assert_int_equal(atomic_load(&w->server.connections), 1);
}

static ptrdiff_t read_once(void *user, void *to, size_t n) {
    const char **text = user;
    size_t length = strlen(*text);
    assert_true(n >= length);
    memcpy(to, *text, length);
    *text += length;
    return (ptrdiff_t)length;
}

static int rewind_text(void *user) {
    const char **text = user;
    *text = "body";
    return 0;
}

/* PROTOCOL 11: 401 -> renew once and retry once. */
static void refused_token_is_renewed_once(void **state) {
    struct world *w = *state;
    struct postern_response a = POSTERN_RESPONSE_INIT;
    struct postern_request r = get("/hello");
    const char *text = "body";
    assert_int_equal(postern_call(w->client, &r, &a), POSTERN_OK);
    postern_response_done(&a);
    atomic_store(&w->good_token, 99);
    r.read = read_once;
    r.read_user = &text;
    r.rewind = rewind_text;
    r.body_n = 4;
    assert_int_equal(postern_call(w->client, &r, &a), POSTERN_OK);
    assert_int_equal(a.attempts, 2);
    assert_non_null(strstr(w->last, "\r\n\r\nbody"));
    assert_int_equal(atomic_load(&w->tokens), 2);
    postern_response_done(&a);
    /* What cannot be sent again is not, but the next call has the new token. */
    atomic_store(&w->good_token, 99);
    text = "body";
    r.rewind = NULL;
    assert_int_equal(postern_call(w->client, &r, &a), POSTERN_AUTH);
    assert_int_equal(a.status, 401);
    assert_int_equal(a.attempts, 1);
    assert_int_equal(atomic_load(&w->tokens), 3);
    postern_response_done(&a);
}

static void anonymous_sends_no_token(void **state) {
    struct world *w = *state;
    struct postern_response a = POSTERN_RESPONSE_INIT;
    struct postern_request r = get("/anonymous");
    r.flags = POSTERN_ANONYMOUS;
    assert_int_equal(postern_call(w->client, &r, &a), POSTERN_OK);
    assert_null(strstr(w->last, "Authorization"));
    assert_int_equal(atomic_load(&w->tokens), 0);
    postern_response_done(&a);
}

static void refusals_have_the_servers_text(void **state) {
    struct world *w = *state;
    static const struct {
        const char *path;
        enum postern_code code;
        int status;
        const char *error, *says;
    } cases[] = {
        {"/denied", POSTERN_DENIED, 403, "user_required", "A user is [31m needed. "},
        {"/missing", POSTERN_NOT_FOUND, 404, "", "404: no such thing. "},
        {"/problem", POSTERN_REQUEST, 422, "bad_name", "too long"},
        {"/html", POSTERN_REQUEST, 409, "", "no reason given"},
        {"/limit", POSTERN_LIMIT, 429, "", "429"},
        {"/broken", POSTERN_SERVER, 500, "", "500"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct postern_response a = POSTERN_RESPONSE_INIT;
        struct postern_request r = get(cases[i].path);
        r.retries = strcmp(cases[i].path, "/limit") == 0 ? -1 : 0; /* an hour is not waited */
        assert_int_equal(postern_call(w->client, &r, &a), cases[i].code);
        assert_int_equal(a.status, cases[i].status);
        assert_true(a.body_n > 0);
        assert_int_equal(postern_error()->status, cases[i].status);
        assert_string_equal(postern_error()->error, cases[i].error);
        assert_says(cases[i].says);
        postern_response_done(&a);
    }
    struct postern_response a = POSTERN_RESPONSE_INIT;
    struct postern_request r = get("/denied");
    (void)postern_call(w->client, &r, &a);
    assert_string_equal(postern_error()->correlation_id, "c-1");
    postern_response_done(&a);
}

static void accepted_is_polled(void **state) {
    struct world *w = *state;
    struct postern_response a = POSTERN_RESPONSE_INIT;
    struct postern_request r = get("/v1/accepted");
    r.body = "{}";
    r.body_n = 2;
    r.flags = POSTERN_POLL;
    assert_int_equal(postern_call(w->client, &r, &a), POSTERN_OK);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "{\"done\":true}");
    assert_ptr_equal(strstr(w->last, "GET /jobs/1?a=b "), w->last);
    assert_null(strstr(w->last, "Content-Type"));
    assert_int_equal(a.attempts, 4);
    postern_response_done(&a);
    r.flags = 0;
    assert_int_equal(postern_call(w->client, &r, &a), POSTERN_OK);
    assert_int_equal(a.status, 202);
    postern_response_done(&a);
}

/* SECURITY ssrf: a token stays with the client's own servers, whoever asks otherwise. */
static void ssrf_tokens_do_not_leave(void **state) {
    struct world *w = *state;
    struct postern_response a = POSTERN_RESPONSE_INIT;
    static const char *const paths[] = {
        "https://evil.example/x", "http://localhost:1/x", "//evil.example/x@",
        "@evil.example",          ".evil.example/",       "http://127.0.0.1:1@evil.example/"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct postern_request r = get(paths[i]);
        enum postern_code code = postern_call(w->client, &r, &a);
        if (paths[i][0] == '/') { /* a path of our own server's */
            assert_int_equal(code, POSTERN_OK);
            postern_response_done(&a);
        } else {
            assert_int_equal(code, POSTERN_USAGE);
        }
    }
    struct postern_request polled = get("/accepted-elsewhere");
    polled.flags = POSTERN_POLL;
    assert_int_equal(postern_call(w->client, &polled, &a), POSTERN_ANSWER);
    assert_says("another server");
    char own[128];
    (void)snprintf(own, sizeof own, "%s/hello", w->server.origin);
    struct postern_request r = get(own);
    assert_int_equal(postern_call(w->client, &r, &a), POSTERN_OK);
    postern_response_done(&a);
}

/* SECURITY smuggling: no header of the library's, no second one in another. */
static void smuggling_headers_are_refused(void **state) {
    struct world *w = *state;
    static const char *const bad[] = {
        "Authorization: Bearer x",
        "authorization:x",
        "Host: evil",
        "Content-Length: 1",
        "Transfer-Encoding: chunked",
        "Connection: close",
        "X: a\r\nHost: evil",
        "X: a\nb",
        "X\r\n: a",
        "No colon",
        ": value",
        "X : a",
        "",
        "X: \x01",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct postern_response a = POSTERN_RESPONSE_INIT;
        struct postern_request r = get("/hello");
        r.headers = &bad[i];
        r.headers_n = 1;
        assert_int_equal(postern_call(w->client, &r, &a), POSTERN_USAGE);
        assert_null(strstr(postern_error_message(), "evil"));
    }
    assert_int_equal(atomic_load(&w->server.requests), 0);
}

static void malformed_requests_are_refused(void **state) {
    struct world *w = *state;
    struct postern_response a = POSTERN_RESPONSE_INIT;
    static const char *const paths[] = {"hello", "", "/a b", "/a#b", "/\xc3\xa4", "/a\r\nX: y"};
    static const char *const methods[] = {"",        "GET /x", "G\r\nT",
                                          "CONNECT", "TRACE",  "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct postern_request r = get(paths[i]);
        assert_int_equal(postern_call(w->client, &r, &a), POSTERN_USAGE);
    }
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct postern_request r = get("/hello");
        r.method = methods[i];
        assert_int_equal(postern_call(w->client, &r, &a), POSTERN_USAGE);
    }
    struct postern_request r = get(NULL), unsized = get("/hello"), twice = get("/hello");
    unsized.size = 8;
    twice.content_type = "text/plain";
    const char *typed = "Content-Type: text/html";
    twice.headers = &typed;
    twice.headers_n = 1;
    assert_int_equal(postern_call(w->client, &r, &a), POSTERN_USAGE);
    assert_int_equal(postern_call(w->client, &unsized, &a), POSTERN_USAGE);
    assert_int_equal(postern_call(w->client, &twice, &a), POSTERN_USAGE);
}

/* ---- pages ---- */

struct seen {
    int pages, stop_at;
};

static int page(void *user, const struct postern_response *response) {
    struct seen *s = user;
    assert_int_equal(response->status, 200);
    s->pages++;
    return s->pages == s->stop_at;
}

static void pages_are_followed(void **state) {
    struct world *w = *state;
    struct seen all = {0}, two = {.stop_at = 2};
    struct postern_request r = get("/list");
    assert_int_equal(postern_pages(w->client, &r, page, &all), POSTERN_OK);
    assert_int_equal(all.pages, 4);
    assert_int_equal(postern_pages(w->client, &r, page, &two), POSTERN_OK);
    assert_int_equal(two.pages, 2);
}

static void pages_that_go_wrong(void **state) {
    struct world *w = *state;
    static const struct {
        const char *path;
        enum postern_code code;
        const char *says;
        int pages;
    } cases[] = {
        {"/circle", POSTERN_ANSWER, "circle", 1},
        {"/list-elsewhere", POSTERN_ANSWER, "another server", 0},
        {"/list-broken", POSTERN_ANSWER, "JSON", 0},
        {"/missing", POSTERN_NOT_FOUND, "no such thing", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct seen s = {0};
        struct postern_request r = get(cases[i].path);
        assert_int_equal(postern_pages(w->client, &r, page, &s), cases[i].code);
        assert_says(cases[i].says);
        assert_int_equal(s.pages, cases[i].pages);
    }
    struct postern_request post = get("/list");
    struct seen s = {0};
    post.method = "POST";
    assert_int_equal(postern_pages(w->client, &post, page, &s), POSTERN_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_WORLD(an_answer),
        IN_WORLD(refused_token_is_renewed_once),
        IN_WORLD(anonymous_sends_no_token),
        IN_WORLD(refusals_have_the_servers_text),
        IN_WORLD(accepted_is_polled),
        IN_WORLD(ssrf_tokens_do_not_leave),
        IN_WORLD(smuggling_headers_are_refused),
        IN_WORLD(malformed_requests_are_refused),
        IN_WORLD(pages_are_followed),
        IN_WORLD(pages_that_go_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
