/* SPDX-License-Identifier: Apache-2.0 */
/* The platform that the tests of oauth/ run against. */
#include "harness.h"

#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct seal_key master = {.bytes = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                                 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                                 23, 24, 25, 26, 27, 28, 29, 30, 31, 32}};

/* ---- making it ---- */

static void must(struct ctx *cx, err e, const char *what) {
    if (e != OK) {
        fail_msg("%s gave %s: %s (%s:%d)", what, err_info(e)->name, cx->failure.detail,
                 cx->failure.file, cx->failure.line);
    }
}

static struct str no_environment(void *state, const char *name) {
    (void)state;
    (void)name;
    return STR_NONE;
}

void house_declare(struct ctx *cx) {
    struct declaration_options options = {.text = str_from(declaration),
                                          .file = "harness.c",
                                          .getenv = no_environment,
                                          .master = &master,
                                          .actor = STR("operator:test"),
                                          .apply = true};
    struct declaration_result result;
    must(cx, declaration_run(cx, &options, &result), "declaration_run");
}

void house_platform(struct ctx *cx, struct platform **ret_platform) {
    struct platform_options options = {
        .master = &master, .workers = 65, .decorate = discovery_decorate};
    bool changed;
    must(cx, platform_new(cx, &options, ret_platform), "platform_new");
    cx->app = *ret_platform;
    must(cx, platform_reload(cx, *ret_platform, false, &changed), "platform_reload");
}

static void random_fill(const struct random *r, void *to, size_t n) {
    uint64_t *next = r->state;
    unsigned char *p = to;
    for (size_t i = 0; i < n; i++) {
        uint64_t z = (*next)++ * UINT64_C(0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        p[i] = (unsigned char)((z ^ (z >> 27)) >> 24);
    }
}

static void house_open(struct house *h) {
    h->clock = clock_fixed(NOW * 1000);
    h->random = (struct random){.fill = random_fill, .state = &h->random_next};
    h->log = (struct log){.fd = -1, .level = LOG_ERROR, .clock = &h->clock};
    h->arena = arena_new();
    ctx_init(&h->cx, h->arena, &h->clock, &h->random, &h->log);
    struct db_options options = {.url = h->file};
    must(&h->cx, db_open(&h->cx, &options, &h->db), "db_open");
}

static void house_connect(struct house *h) {
    must(&h->cx, db_connect(&h->cx, h->db, DB_WRITE, &h->conn), "db_connect");
    h->cx.db = h->conn;
}

static void house_close(struct house *h) {
    arena_reset(h->arena); /* gives the snapshot back */
    db_disconnect(h->conn);
    db_close(h->db);
    platform_free(h->platform);
    arena_free(h->arena);
}

static void remove_file(const char *file) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s%s", file, ends[i]);
        (void)unlink(path);
    }
}

static void template_name(char *to, size_t n) {
    (void)snprintf(to, n, "/tmp/postern-oauth-%d.db", (int)getpid());
}

static void copy_file(const char *from, const char *to) {
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    char bytes[16384];
    size_t n;
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0) {
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    }
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
}

int house_group_setup(void **state) {
    (void)state;
    struct house h = {.random_next = 1};
    template_name(h.file, sizeof(h.file));
    remove_file(h.file);
    house_open(&h);
    must(&h.cx, db_migrate(&h.cx, h.db), "db_migrate");
    house_connect(&h);
    house_declare(&h.cx);
    house_close(&h);
    return 0;
}

int house_group_teardown(void **state) {
    (void)state;
    char file[96];
    template_name(file, sizeof(file));
    remove_file(file);
    return 0;
}

int house_setup(void **state) {
    struct house *h = calloc(1, sizeof(*h));
    assert_non_null(h);
    char from[96];
    template_name(from, sizeof(from));
    (void)snprintf(h->file, sizeof(h->file), "/tmp/postern-oauth-%d-test.db", (int)getpid());
    remove_file(h->file);
    copy_file(from, h->file);
    h->random_next = 1000000;
    house_open(h);
    house_connect(h);
    house_platform(&h->cx, &h->platform);
    *state = h;
    return 0;
}

int house_teardown(void **state) {
    struct house *h = *state;
    house_close(h);
    remove_file(h->file);
    free(h);
    return 0;
}

void house_later(struct house *h, int64_t seconds) {
    h->clock.fixed_ms += seconds * 1000;
    h->cx.now_ms = h->clock.fixed_ms;
    h->cx.now = h->clock.fixed_ms / 1000;
}

void house_sql(struct house *h, const char *sql) {
    int64_t changed = 0;
    must(&h->cx, db_exec(&h->cx, sql, DB_NO_ARGS, &changed), sql);
    assert_true(changed > 0);
}

int64_t house_number(struct house *h, const char *sql) {
    int64_t n = -1;
    must(&h->cx, db_one(&h->cx, sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n))), sql);
    return n;
}

/* ---- requests ---- */

static const struct route plain_route = {
    .path = "/test", .errors = ERRORS_OAUTH, .auth = AUTH_NONE, .name = "test"};

static err params_of(struct ctx *cx, const char *text, struct params *ret) {
    static const struct form_rules rules = {.max = HTTP_FORM_MAX, .plus = true, .tolerant = true};
    return text == NULL ? OK : form_parse(cx, str_from(text), &rules, ret);
}

static err request_fill(struct ctx *cx, const struct ask *a, struct request *rq) {
    struct param *headers = NEW_ARRAY(cx->arena, 4, struct param);
    rq->headers.v = headers;
    if (a->authorization != NULL) {
        headers[rq->headers.n++] = (struct param){STR("authorization"), str_from(a->authorization)};
    }
    if (a->if_none_match != NULL) {
        headers[rq->headers.n++] = (struct param){STR("if-none-match"), str_from(a->if_none_match)};
    }
    if (a->content_type != NULL) {
        headers[rq->headers.n++] = (struct param){STR("content-type"), str_from(a->content_type)};
    }
    rq->method = a->method != 0 ? a->method : HTTP_POST;
    rq->host = str_from(a->host != NULL ? a->host : HOST);
    rq->path = STR("/test");
    rq->id = STR("id");
    rq->correlation = STR("id");
    rq->remote = STR("127.0.0.1");
    rq->scheme = STR("https");
    rq->route = a->route != NULL ? a->route : &plain_route;
    rq->caller = a->caller;
    rq->job_state = a->job_state;
    rq->query_text = str_from(a->query);
    rq->body = str_from(a->body);
    TRY(params_of(cx, a->query, &rq->query));
    if (a->body != NULL && a->body[0] == '{') {
        json_t *json;
        TRY(json_parse(cx, str_from(a->body), &json));
        rq->json = json;
    } else {
        TRY(params_of(cx, a->body, &rq->form));
    }
    return snapshot_environment(cx, platform_snapshot(cx), rq->host, &rq->environment);
}

static void answer_finish(struct ctx *cx, struct answer *answer) {
    answer->status = answer->reply->status != 0 ? answer->reply->status : 200;
    answer->body = answer->reply->body;
    answer->json = NULL;
    const char *type = answer->reply->content_type;
    if (answer->body.n > 0 && (type == NULL || strcmp(type, "application/json") == 0)) {
        must(cx, json_parse(cx, answer->body, &answer->json), "the answer is JSON");
    }
}

void answer_commit(struct ctx *cx, struct answer *a) {
    err e = db_transaction(cx, a->reply->write.run, a->reply->write.state);
    if (e != OK) {
        error_reply(cx, a->rq, ERRORS_OAUTH, e, a->reply);
    }
    answer_finish(cx, a);
}

/* Closures point to the reply, so it stays where it is: in the arena. */
struct answer ask(struct ctx *cx, const struct ask *a) {
    struct request *rq = NEW(cx->arena, struct request);
    struct reply *rp = NEW(cx->arena, struct reply);
    err e = request_fill(cx, a, rq);
    if (e == OK) {
        e = a->handle(cx, rq, rp);
    }
    if (e == OK && rp->write.run != NULL && !a->keep_write) {
        e = db_transaction(cx, rp->write.run, rp->write.state);
    }
    if (e != OK) {
        rp->job.run = NULL;
        error_reply(cx, rq, ERRORS_OAUTH, e, rp);
    }
    struct answer answer = {.reply = rp, .rq = rq};
    if (!a->keep_write) {
        answer_finish(cx, &answer);
    }
    return answer;
}

const char *answer_text(const struct answer *a, const char *member) {
    const char *text = json_string_value(json_object_get(a->json, member));
    return text != NULL ? text : "";
}

int64_t answer_number(const struct answer *a, const char *member) {
    const json_t *value = json_object_get(a->json, member);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

const char *answer_header(const struct answer *a, const char *name, struct arena *arena) {
    for (size_t i = 0; i < a->reply->headers_n; i++) {
        if (str_eq_nocase(a->reply->headers[i].name, str_from(name))) {
            return str_z(arena, a->reply->headers[i].value);
        }
    }
    return "";
}

void assert_error(const struct answer *a, int status, const char *code) {
    if (a->status != status || strcmp(answer_text(a, "error"), code) != 0) {
        fail_msg("expected %d %s, got %d %.*s", status, code, a->status, STR_ARG(a->body));
    }
}

void assert_ok(const struct answer *a) {
    if (a->status != 200) {
        fail_msg("expected 200, got %d %.*s", a->status, STR_ARG(a->body));
    }
}

bool contains(struct str text, const char *part) {
    return text.n > 0 && memmem(text.p, text.n, part, strlen(part)) != NULL;
}

/* ---- text ---- */

const char *basic(struct ctx *cx, const char *id, const char *secret) {
    struct str both = str_format(cx->arena, "%s:%s", id, secret);
    struct str text = base64(cx->arena, both.p, both.n);
    return str_z(cx->arena, str_format(cx->arena, "Basic %.*s", STR_ARG(text)));
}

const char *bearer(struct ctx *cx, const char *token) {
    return str_z(cx->arena, str_format(cx->arena, "Bearer %s", token));
}

const char *format(struct ctx *cx, const char *text, ...) {
    char *to = arena_alloc(cx->arena, 32768);
    va_list args;
    va_start(args, text);
    int n = vsnprintf(to, 32768, text, args);
    va_end(args);
    assert_in_range(n, 0, 32767);
    return to;
}

json_t *claims_of(struct ctx *cx, const char *token) {
    struct str rest = str_from(token), part, payload;
    json_t *claims;
    assert_true(str_next(&rest, '.', &part) && str_next(&rest, '.', &part));
    assert_true(base64url_parse(cx->arena, part, &payload));
    must(cx, json_parse(cx, payload, &claims), "claims");
    return claims;
}

const char *claim_text(const json_t *claims, const char *name) {
    const char *text = json_string_value(json_object_get(claims, name));
    return text != NULL ? text : "";
}

/* ---- the usual ---- */

struct answer password_token(struct house *h) {
    return ASK(h, .handle = token_post,
               .body = "grant_type=password&username=" KEY_ID "&password=" KEY_SECRET AS(APP_CONF));
}

struct answer client_token(struct house *h) {
    return ASK(h, .handle = token_post, .body = "grant_type=client_credentials" AS(APP_POST));
}

struct answer access_key_token(struct house *h) {
    return ASK(h, .handle = access_key_token_post,
               .body = "{\"accessKeyId\":\"" KEY_ID "\",\"accessKeySecret\":\"" KEY_SECRET "\"}");
}

struct answer refresh_post(struct ctx *cx, const char *application, const char *token) {
    struct ask a = {
        .handle = token_post,
        .body =
            format(cx, "grant_type=refresh_token&refresh_token=%s&client_id=%s&client_secret=%s",
                   token, application, SECRET_FORM)};
    return ask(cx, &a);
}

bool answer_active(const struct answer *a) {
    assert_ok(a);
    bool active = json_is_true(json_object_get(a->json, "active"));
    /* RFC 7662 2.2: nothing more about an inactive token. */
    assert_true(active || json_object_size(a->json) == 1);
    return active;
}

bool is_active(struct house *h, const char *application, const char *token) {
    struct answer a = ASK(h, .handle = introspect_post,
                          .body = format(&h->cx, "token=%s&client_id=%s&client_secret=%s", token,
                                         application, SECRET_FORM));
    return answer_active(&a);
}

/* What the grants of people signing in will give. */
const char *public_refresh(struct ctx *cx) {
    struct client *client = NEW(cx->arena, struct client);
    struct issue *issue = NEW(cx->arena, struct issue);
    struct request *rq = NEW(cx->arena, struct request);
    struct reply *rp = NEW(cx->arena, struct reply);
    must(cx, snapshot_environment(cx, platform_snapshot(cx), STR(HOST), &rq->environment), "host");
    must(cx, client_find(cx, rq->environment->id, STR(APP_PUBLIC), &client->application), "client");
    issue->client = client;
    must(cx, access_key_issue(cx, rq, STR(KEY_ID), STR(KEY_SECRET), issue), "access_key_issue");
    issue->scope = STR(SCOPES);
    must(cx, issue_reply(cx, rq, issue, ISSUE_TOKEN, rp), "issue_reply");
    must(cx, db_transaction(cx, rp->write.run, rp->write.state), "the write");
    struct answer a = {0};
    must(cx, json_parse(cx, rp->body, &a.json), "the answer");
    return answer_text(&a, "refresh_token");
}
