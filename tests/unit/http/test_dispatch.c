/* SPDX-License-Identifier: Apache-2.0 */
/* route.c, dispatch.c, cors.c, error.c: the columns of a row, applied to two structs. */
#include "../fixture.h"

#include "http_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* What the hooks do and saw: the context's application. */
struct world {
    struct fixture f;
    struct route_table *table;
    struct http_hooks hooks;
    bool bearer_fails, environment_fails;
    char order[32];
};

static struct world *world_of(const struct ctx *cx) {
    return (struct world *)(uintptr_t)cx->app;
}

static void note(const struct ctx *cx, char what) {
    struct world *w = world_of(cx);
    size_t n = strlen(w->order);
    assert_true(n + 1 < sizeof w->order);
    w->order[n] = what;
}

static err raise_error(struct ctx *cx, err e, const char *detail) {
    return failure_set(cx, e, true, __FILE__, __LINE__, "%s", detail);
}

static err environment_hook(struct ctx *cx, struct request *rq) {
    note(cx, 'e');
    rq->host_known = str_is(rq->host, "auth.example");
    return world_of(cx)->environment_fails ? raise_error(cx, ERR_UNAVAILABLE, "none") : OK;
}

static err origin_hook(struct ctx *cx, const struct request *rq, bool *ret_registered) {
    note(cx, 'o');
    *ret_registered = str_is(rq->origin, "https://app.example") || str_is(rq->origin, "null");
    return OK;
}

static err bearer_hook(struct ctx *cx, struct request *rq, struct reply *rp) {
    (void)rq;
    note(cx, 'b');
    if (world_of(cx)->bearer_fails) {
        return raise_error(cx, ERR_INVALID_TOKEN, "It has \"expired\"\n.");
    }
    rp->client_id = STR("c1");
    return OK;
}

static err handle(struct ctx *cx, const struct request *rq, struct reply *rp) {
    note(cx, 'h');
    (void)rq;
    rp->body = STR("{}");
    return OK;
}

static err handle_failing(struct ctx *cx, const struct request *rq, struct reply *rp) {
    reply_header(rp, "Location", STR("/secret"));
    rp->body = STR("secret");
    rp->write.run = (err(*)(struct ctx *, void *))(void (*)(void))handle;
    int64_t code;
    assert_true(str_int(rq->query_text, &code));
    return raise_error(cx, (err)code, "what the handler says");
}

static const struct route rows[] = {
    {.methods = HTTP_GET,
     .path = "/public",
     .handle = handle,
     .cors = CORS_PUBLIC,
     .errors = ERRORS_API,
     .name = "public_get"},
    {.methods = HTTP_GET,
     .path = "/full",
     .handle = handle,
     .auth = AUTH_BEARER,
     .scope = "a-read",
     .cors = CORS_REGISTERED,
     .rate = RATE_MAIL,
     .errors = ERRORS_API,
     .name = "full_get"},
    {.methods = HTTP_POST,
     .path = "/full",
     .handle = handle,
     .cors = CORS_REGISTERED,
     .body = BODY_JSON,
     .errors = ERRORS_API,
     .name = "full_post"},
    {.methods = HTTP_POST,
     .path = "/form",
     .handle = handle,
     .body = BODY_FORM,
     .errors = ERRORS_OAUTH,
     .name = "form_post"},
    {.methods = HTTP_POST,
     .path = "/either",
     .handle = handle,
     .body = BODY_FORM_OR_JSON,
     .body_max = 64,
     .errors = ERRORS_OAUTH,
     .name = "either_post"},
    {.methods = HTTP_GET,
     .path = "/oauth",
     .handle = handle_failing,
     .errors = ERRORS_OAUTH,
     .name = "oauth_get"},
    {.methods = HTTP_GET,
     .path = "/api",
     .handle = handle_failing,
     .cors = CORS_REGISTERED,
     .scope = "a-read",
     .errors = ERRORS_API,
     .name = "api_get"},
    {.methods = HTTP_GET,
     .path = "/acd",
     .handle = handle_failing,
     .errors = ERRORS_ACD,
     .name = "acd_get"},
    {.methods = HTTP_GET,
     .path = "/page",
     .handle = handle_failing,
     .errors = ERRORS_PAGE,
     .name = "page_get"},
    {.methods = HTTP_GET, .path = "/users/me", .handle = handle, .name = "me_get"},
    {.methods = HTTP_GET, .path = "/users/{id}", .handle = handle, .name = "user_get"},
    {.methods = HTTP_PUT, .path = "/users/{id}/keys/{key}", .handle = handle, .name = "key_put"},
    {.methods = HTTP_GET, .path = "/users/me/keys", .handle = handle, .name = "my_keys_get"},
    {.methods = HTTP_GET,
     .path = "/Old/{version}/Time",
     .handle = handle,
     .nocase = true,
     .name = "time_get"},
};

static int setup(void **state) {
    struct world *w = test_calloc(1, sizeof *w);
    fixture_init(&w->f);
    const struct limits_options limits = {.per_minute = {[RATE_MAIL] = 6}};
    w->table = route_table_new(rows, COUNT_OF(rows));
    w->hooks = (struct http_hooks){.environment = environment_hook,
                                   .bearer = bearer_hook,
                                   .origin_registered = origin_hook,
                                   .limits = limits_new(&limits, w->f.cx.random)};
    w->f.cx.app = w;
    *state = w;
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    limits_free(w->hooks.limits);
    route_table_free(w->table);
    arena_free(w->f.arena);
    test_free(w);
    return 0;
}

#define HEADERS_MAX 6
struct call {
    struct param headers[HEADERS_MAX];
    struct request rq;
    struct reply rp;
};

static struct call call_of(enum http_method m, const char *path) {
    return (struct call){.rq = {.method = m,
                                .path = str_from(path),
                                .query_text = STR(""),
                                .id = STR("id-1"),
                                .correlation = STR("cor-1"),
                                .scheme = STR("https"),
                                .host = STR("auth.example")}};
}

static void call_header(struct call *c, const char *name, const char *value) {
    c->headers[c->rq.headers.n++] = (struct param){str_from(name), str_from(value)};
    if (strcmp(name, "origin") == 0) {
        c->rq.origin = str_from(value);
    }
}

static int run(struct world *w, struct call *c) {
    c->rq.headers.v = c->headers;
    memset(w->order, 0, sizeof w->order);
    route_dispatch(&w->f.cx, w->table, &w->hooks, &c->rq, &c->rp);
    return c->rp.status;
}

static struct str header_of(const struct reply *rp, const char *name) {
    for (size_t i = 0; i < rp->headers_n; i++) {
        if (str_is(rp->headers[i].name, name)) {
            return rp->headers[i].value;
        }
    }
    return STR_NONE;
}

/* ---- the table ---- */

static const char *found(struct world *w, const char *path, bool slashes) {
    struct str params[HTTP_PATH_PARAMS_MAX] = {{NULL, 0}};
    const struct route_path *p = route_table_path(w->table, str_from(path), slashes, params);
    return p != NULL ? p->path : "";
}

static void paths_find_their_row(void **state) {
    static const char *const cases[][2] = {{"/public", "/public"},
                                           {"/users/me", "/users/me"},
                                           {"/users/abc", "/users/{id}"},
                                           {"/users/me/keys", "/users/me/keys"},
                                           {"/users/me/keys/7", "/users/{id}/keys/{key}"},
                                           {"/users/", ""},
                                           {"/users", ""},
                                           {"/users/a/b", ""},
                                           {"/users/a/keys/", ""},
                                           {"/public/", ""},
                                           {"/PUBLIC", ""},
                                           {"/", ""},
                                           {"/old/v1/time", "/Old/{version}/Time"},
                                           {"/OLD/v1/TIME", "/Old/{version}/Time"},
                                           {"/old//time", ""}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_string_equal(found(*state, cases[i][0], false), cases[i][1]);
    }
    assert_string_equal(found(*state, "/public", true), "");
    assert_string_equal(found(*state, "/old/v1/time", true), "/Old/{version}/Time");
}

static void path_parameters_come_in_order(void **state) {
    struct world *w = *state;
    struct str params[HTTP_PATH_PARAMS_MAX] = {{NULL, 0}};
    assert_non_null(route_table_path(w->table, STR("/users/u 1/keys/k%2"), false, params));
    assert_str(params[0], "u 1");
    assert_str(params[1], "k%2");
}

static void rows_can_be_listed_and_limits_asked(void **state) {
    struct world *w = *state;
    assert_ptr_equal(route_table_at(w->table, 0), &rows[0]);
    assert_null(route_table_at(w->table, COUNT_OF(rows)));
    assert_int_equal(route_body_max(w->table, HTTP_POST, STR("/either")), 64);
    assert_int_equal(route_body_max(w->table, HTTP_POST, STR("/form")), HTTP_BODY_MAX);
    assert_int_equal(route_body_max(w->table, HTTP_POST, STR("/none")), HTTP_BODY_MAX);
}

/* ---- order, methods ---- */

static void columns_apply_in_their_order(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_GET, "/full");
    call_header(&c, "origin", "https://app.example");
    assert_int_equal(run(w, &c), 200);
    assert_string_equal(w->order, "eobh");
    assert_str(c.rp.client_id, "c1");
    assert_string_equal(c.rq.route->name, "full_get");
    assert_int_equal(c.rp.outcome, OK);
}

static void a_failing_column_ends_it(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_GET, "/full");
    w->bearer_fails = true;
    assert_int_equal(run(w, &c), 401);
    assert_string_equal(w->order, "eb");
    for (int i = 0; i < 59; i++) {
        assert_int_equal(run(w, &c), 401);
    }
    assert_int_equal(run(w, &c), 429);
    assert_string_equal(w->order, "e");
    assert_str(header_of(&c.rp, "Retry-After"), "10");
    w->environment_fails = true;
    assert_int_equal(run(w, &c), 503);
    assert_string_equal(w->order, "e");
    assert_str(header_of(&c.rp, "Retry-After"), "1");
}

static void methods_that_nobody_answers_are_405(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_DELETE, "/full");
    assert_int_equal(run(w, &c), 405);
    assert_str(header_of(&c.rp, "Allow"), "GET, HEAD, POST, OPTIONS");
    c = call_of(HTTP_OTHER, "/full");
    assert_int_equal(run(w, &c), 405);
    c = call_of(HTTP_HEAD, "/public");
    assert_int_equal(run(w, &c), 200);
    assert_string_equal(w->order, "eh");
    c = call_of(HTTP_GET, "/nothing");
    assert_int_equal(run(w, &c), 404);
    assert_null(c.rq.route);
    c = call_of(HTTP_OPTIONS, "/nothing");
    assert_int_equal(run(w, &c), 404);
}

/* ---- bodies ---- */

static struct call with_body(const char *path, const char *body) {
    struct call c = call_of(HTTP_POST, path);
    c.rq.body = str_from(body);
    return c;
}

/* PROTOCOL 12.1 */
static void bodies_are_read_by_their_first_character(void **state) {
    struct world *w = *state;
    struct call c = with_body("/either", " \r\n{\"a\":\"b\"}");
    call_header(&c, "content-type", "application/x-www-form-urlencoded");
    assert_int_equal(run(w, &c), 200);
    assert_non_null(c.rq.json);
    c = with_body("/either", "token=abc&x=%41");
    call_header(&c, "content-type", "application/json");
    assert_int_equal(run(w, &c), 200);
    assert_null(c.rq.json);
    assert_int_equal(c.rq.form.n, 2);
    c = with_body("/either", "");
    assert_int_equal(run(w, &c), 200);
    static const char *const bad[] = {"{",     "{\"a\":1",          "[1]", "nonsense",
                                      "\"x\"", "{\"a\":1,\"a\":2}", "{} x"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        c = with_body("/either", bad[i]);
        assert_int_equal(run(w, &c), 400);
    }
    c = with_body("/form", "{\"a\":\"=\"}");
    assert_int_equal(run(w, &c), 200); /* a form with an odd name: the handler misses its fields */
    assert_null(c.rq.json);
    c = with_body("/full", "");
    assert_int_equal(run(w, &c), 400);
    c = with_body("/full", "[1]");
    assert_int_equal(run(w, &c), 200);
    c = with_body("/either", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb");
    call_header(&c, "content-type", "multipart/form-data; boundary=x");
    assert_int_equal(run(w, &c), 400);
}

static void a_body_of_a_get_is_ignored(void **state) {
    struct call c = with_body("/public", "{");
    c.rq.method = HTTP_GET;
    assert_int_equal(run(*state, &c), 200);
}

/* ---- SECURITY cors ---- */

static void cors_no_origin_is_untouched(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_GET, "/full");
    assert_int_equal(run(w, &c), 200);
    assert_null(header_of(&c.rp, "Access-Control-Allow-Origin").p);
    assert_str(header_of(&c.rp, "Vary"), "Origin");
    assert_string_equal(w->order, "ebh");
}

static void cors_registered_origins_may_call(void **state) {
    struct call c = call_of(HTTP_GET, "/full");
    call_header(&c, "origin", "https://app.example");
    assert_int_equal(run(*state, &c), 200);
    assert_str(header_of(&c.rp, "Access-Control-Allow-Origin"), "https://app.example");
    assert_str(header_of(&c.rp, "Access-Control-Expose-Headers"),
               "CorrelationId, Retry-After, WWW-Authenticate");
    assert_null(header_of(&c.rp, "Access-Control-Allow-Credentials").p);
    assert_str(header_of(&c.rp, "Vary"), "Origin");
}

static void cors_others_and_null_are_refused_before_the_token_is_looked_at(void **state) {
    struct world *w = *state;
    static const char *const bad[] = {
        "https://evil.example",    "null", "", "https://app.example.evil", "http://auth.example",
        "https://auth.example:444"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct call c = call_of(HTTP_GET, "/full");
        call_header(&c, "origin", bad[i]);
        assert_int_equal(run(w, &c), 403);
        assert_null(strchr(w->order, 'b'));
        assert_null(strchr(w->order, 'h'));
        assert_null(header_of(&c.rp, "Access-Control-Allow-Origin").p);
        assert_null(header_of(&c.rp, "WWW-Authenticate").p);
        assert_str(header_of(&c.rp, "Vary"), "Origin");
        struct call p = call_of(HTTP_OPTIONS, "/full");
        call_header(&p, "origin", bad[i]);
        call_header(&p, "access-control-request-method", "GET");
        assert_int_equal(run(w, &p), 403);
        assert_null(header_of(&p.rp, "Access-Control-Allow-Methods").p);
    }
}

static void cors_same_origin_is_no_cross_origin(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_GET, "/full");
    call_header(&c, "origin", "https://auth.example");
    assert_int_equal(run(w, &c), 200);
    assert_null(strchr(w->order, 'o'));
}

/* DNS rebinding: https://evil.example leads here, and its page says Host and Origin of its own. */
static void cors_same_origin_under_a_foreign_name_is_refused(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_GET, "/full");
    c.rq.host = STR("evil.example");
    call_header(&c, "origin", "https://evil.example");
    assert_int_equal(run(w, &c), 403);
    assert_non_null(strstr(c.rp.body.p, "origin_not_allowed"));
    assert_null(strchr(w->order, 'h'));
}

static void cors_public_routes_are_open_to_all(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_GET, "/public");
    call_header(&c, "origin", "null");
    assert_int_equal(run(w, &c), 200);
    assert_str(header_of(&c.rp, "Access-Control-Allow-Origin"), "*");
    assert_string_equal(w->order, "eh");
    assert_null(header_of(&c.rp, "Access-Control-Allow-Credentials").p);
}

static void cors_without_the_class_has_no_headers(void **state) {
    struct call c = with_body("/form", "a=b");
    call_header(&c, "origin", "https://app.example");
    assert_int_equal(run(*state, &c), 200);
    assert_int_equal(c.rp.headers_n, 0);
}

/* PROTOCOL 12.6 */
static void cors_preflights_need_no_token(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_OPTIONS, "/full");
    w->bearer_fails = true;
    call_header(&c, "origin", "https://app.example");
    call_header(&c, "access-control-request-method", "POST");
    call_header(&c, "access-control-request-headers",
                "authorization, content-type,originating-service-identifier");
    assert_int_equal(run(w, &c), 204);
    assert_string_equal(w->order, "eo");
    assert_string_equal(c.rq.route->name, "full_post");
    assert_str(header_of(&c.rp, "Access-Control-Allow-Origin"), "https://app.example");
    assert_str(header_of(&c.rp, "Access-Control-Allow-Methods"), "GET, HEAD, POST, OPTIONS");
    assert_str(header_of(&c.rp, "Access-Control-Allow-Headers"),
               "authorization, content-type,originating-service-identifier");
    assert_str(header_of(&c.rp, "Access-Control-Max-Age"), "600");
    c = call_of(HTTP_OPTIONS, "/public");
    call_header(&c, "origin", "https://anyone.example");
    call_header(&c, "access-control-request-method", "GET");
    assert_int_equal(run(w, &c), 204);
    assert_str(header_of(&c.rp, "Access-Control-Allow-Origin"), "*");
}

static void cors_asked_headers_are_reflected_only_as_tokens(void **state) {
    struct call c = call_of(HTTP_OPTIONS, "/full");
    call_header(&c, "origin", "https://app.example");
    call_header(&c, "access-control-request-method", "POST");
    call_header(&c, "access-control-request-headers", "a<script>");
    assert_int_equal(run(*state, &c), 204);
    assert_null(header_of(&c.rp, "Access-Control-Allow-Headers").p);
}

static void cors_headers_survive_an_error(void **state) {
    struct call c = call_of(HTTP_GET, "/api");
    char code[8];
    (void)snprintf(code, sizeof code, "%d", ERR_NOT_FOUND);
    c.rq.query_text = str_from(code);
    call_header(&c, "origin", "https://app.example");
    assert_int_equal(run(*state, &c), 404);
    assert_str(header_of(&c.rp, "Access-Control-Allow-Origin"), "https://app.example");
    assert_null(header_of(&c.rp, "Location").p);
    assert_null((void *)(uintptr_t)c.rp.write.run);
}

/* ---- errors ---- */

static struct call failing(struct world *w, const char *path, err e, const char *authorization) {
    struct call c = call_of(HTTP_GET, path);
    char code[8];
    (void)snprintf(code, sizeof code, "%d", (int)e);
    c.rq.query_text = str_copy(w->f.arena, str_from(code));
    if (authorization != NULL) {
        call_header(&c, "authorization", authorization);
    }
    assert_int_equal(run(w, &c), err_info(e)->status);
    assert_int_equal(c.rp.outcome, e);
    c.rq.headers.v = NULL;
    return c;
}

/* RFC 6749 5.2 */
static void oauth_errors_have_two_members(void **state) {
    struct call c = failing(*state, "/oauth", ERR_INVALID_GRANT, NULL);
    assert_str(c.rp.body,
               "{\"error\":\"invalid_grant\",\"error_description\":\"what the handler says\"}");
    assert_string_equal(c.rp.content_type, "application/json");
    assert_int_equal(c.rp.headers_n, 0);
    c = failing(*state, "/oauth", ERR_INTERNAL, NULL);
    assert_null(strstr(c.rp.body.p, "handler"));
}

static void a_failed_basic_header_is_challenged_and_nothing_else(void **state) {
    struct call c = failing(*state, "/oauth", ERR_INVALID_CLIENT, "Basic x");
    assert_str(header_of(&c.rp, "WWW-Authenticate"), "Basic realm=\"postern\"");
    c = failing(*state, "/oauth", ERR_INVALID_CLIENT, NULL);
    assert_null(header_of(&c.rp, "WWW-Authenticate").p);
    c = failing(*state, "/oauth", ERR_INVALID_CLIENT, " ");
    assert_null(header_of(&c.rp, "WWW-Authenticate").p);
    c = failing(*state, "/oauth", ERR_CLIENT_NOT_AUTHORIZED, "Basic x");
    assert_str(header_of(&c.rp, "WWW-Authenticate"), "Basic realm=\"postern\"");
}

static void api_errors_say_status_and_correlation(void **state) {
    struct call c = failing(*state, "/api", ERR_CONFLICT, NULL);
    assert_str(c.rp.body, "{\"error\":\"conflict\",\"error_description\":\"what the handler says\","
                          "\"status\":409,\"correlationId\":\"cor-1\"}");
    assert_null(header_of(&c.rp, "WWW-Authenticate").p);
}

/* RFC 6750 3, 3.1 */
static void api_errors_challenge_bearers(void **state) {
    struct world *w = *state;
    struct call c = failing(w, "/api", ERR_TOKEN_MISSING, NULL);
    assert_str(header_of(&c.rp, "WWW-Authenticate"), "Bearer realm=\"postern\"");
    c = failing(w, "/api", ERR_INVALID_TOKEN, NULL);
    assert_str(header_of(&c.rp, "WWW-Authenticate"),
               "Bearer realm=\"postern\", error=\"invalid_token\", "
               "error_description=\"what the handler says\"");
    c = failing(w, "/api", ERR_INSUFFICIENT_SCOPE, NULL);
    assert_true(str_ends(header_of(&c.rp, "WWW-Authenticate"), ", scope=\"a-read\""));
    c = call_of(HTTP_GET, "/full");
    w->bearer_fails = true;
    assert_int_equal(run(w, &c), 401);
    assert_str(header_of(&c.rp, "WWW-Authenticate"),
               "Bearer realm=\"postern\", error=\"invalid_token\", "
               "error_description=\"It has 'expired'?.\"");
}

static void acd_errors_have_their_header(void **state) {
    struct call c = failing(*state, "/acd", ERR_CONFLICT, NULL);
    assert_str(header_of(&c.rp, "icStatusDescription"), "what the handler says");
    assert_true(str_starts(c.rp.body, "{\"error\":\"conflict\""));
}

static void xss_error_pages_escape(void **state) {
    struct world *w = *state;
    struct request rq = {.correlation = STR("<b>\"&")};
    struct reply rp = {.status = 0};
    (void)raise_error(&w->f.cx, ERR_INVALID_REQUEST, "<script>alert('x')</script>");
    error_reply(&w->f.cx, &rq, ERRORS_PAGE, ERR_INVALID_REQUEST, &rp);
    assert_int_equal(rp.status, 400);
    assert_null(memmem(rp.body.p, rp.body.n, "<script>", 8));
    assert_null(memmem(rp.body.p, rp.body.n, "<b>", 3));
    assert_non_null(memmem(rp.body.p, rp.body.n, "&lt;script&gt;", 14));
    assert_true(str_starts(str_from(rp.content_type), "text/html"));
    assert_str(header_of(&rp, "Content-Security-Policy"),
               "default-src 'none'; frame-ancestors 'none'");
}

static void unavailable_and_limited_say_when_to_come_back(void **state) {
    static const err codes[] = {ERR_BUSY, ERR_UNAVAILABLE, ERR_STORAGE, ERR_RATE_LIMITED,
                                ERR_RETRY};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct call c = failing(*state, "/oauth", codes[i], NULL);
        assert_str(header_of(&c.rp, "Retry-After"), "1");
    }
    struct call c = failing(*state, "/oauth", ERR_INTERNAL, NULL);
    assert_null(header_of(&c.rp, "Retry-After").p);
}

/* A client that repeats what may have been stored would do it twice. */
static void an_unknown_outcome_invites_no_repetition(void **state) {
    struct call c = failing(*state, "/oauth", ERR_OUTCOME_UNKNOWN, NULL);
    assert_int_equal(c.rp.status, 503);
    assert_null(header_of(&c.rp, "Retry-After").p);
}

static void a_failure_of_another_code_does_not_speak(void **state) {
    struct world *w = *state;
    struct request rq = {.correlation = STR("c")};
    struct reply rp = {.status = 0};
    (void)raise_error(&w->f.cx, ERR_NOT_FOUND, "an older failure");
    error_reply(&w->f.cx, &rq, ERRORS_OAUTH, ERR_INVALID_GRANT, &rp);
    assert_null(memmem(rp.body.p, rp.body.n, "older", 5));
}

static void a_write_that_failed_is_rendered_by_finish(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_GET, "/full");
    call_header(&c, "origin", "https://app.example");
    assert_int_equal(run(w, &c), 200);
    reply_header(&c.rp, "Location", STR("/x"));
    route_finish(&w->f.cx, &c.rq, raise_error(&w->f.cx, ERR_CONFLICT, "no"), &c.rp);
    assert_int_equal(c.rp.status, 409);
    assert_null(header_of(&c.rp, "Location").p);
    assert_str(header_of(&c.rp, "Access-Control-Allow-Origin"), "https://app.example");
    assert_str(c.rp.client_id, "c1");
}

static void after_a_job_the_columns_are_not_applied_again(void **state) {
    struct world *w = *state;
    struct call c = call_of(HTTP_GET, "/full");
    call_header(&c, "origin", "https://app.example");
    assert_int_equal(run(w, &c), 200);
    reply_header(&c.rp, "Location", STR("/x"));
    route_again(&w->f.cx, &c.rq, &c.rp);
    assert_string_equal(w->order, "eobhh");
    assert_null(header_of(&c.rp, "Location").p);
    assert_str(header_of(&c.rp, "Access-Control-Allow-Origin"), "https://app.example");
}

#define DISPATCH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        DISPATCH(paths_find_their_row),
        DISPATCH(path_parameters_come_in_order),
        DISPATCH(rows_can_be_listed_and_limits_asked),
        DISPATCH(columns_apply_in_their_order),
        DISPATCH(a_failing_column_ends_it),
        DISPATCH(methods_that_nobody_answers_are_405),
        DISPATCH(bodies_are_read_by_their_first_character),
        DISPATCH(a_body_of_a_get_is_ignored),
        DISPATCH(cors_no_origin_is_untouched),
        DISPATCH(cors_registered_origins_may_call),
        DISPATCH(cors_others_and_null_are_refused_before_the_token_is_looked_at),
        DISPATCH(cors_same_origin_is_no_cross_origin),
        DISPATCH(cors_same_origin_under_a_foreign_name_is_refused),
        DISPATCH(cors_public_routes_are_open_to_all),
        DISPATCH(cors_without_the_class_has_no_headers),
        DISPATCH(cors_preflights_need_no_token),
        DISPATCH(cors_asked_headers_are_reflected_only_as_tokens),
        DISPATCH(cors_headers_survive_an_error),
        DISPATCH(oauth_errors_have_two_members),
        DISPATCH(a_failed_basic_header_is_challenged_and_nothing_else),
        DISPATCH(api_errors_say_status_and_correlation),
        DISPATCH(api_errors_challenge_bearers),
        DISPATCH(acd_errors_have_their_header),
        DISPATCH(xss_error_pages_escape),
        DISPATCH(unavailable_and_limited_say_when_to_come_back),
        DISPATCH(an_unknown_outcome_invites_no_repetition),
        DISPATCH(a_failure_of_another_code_does_not_speak),
        DISPATCH(a_write_that_failed_is_rendered_by_finish),
        DISPATCH(after_a_job_the_columns_are_not_applied_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
