/* SPDX-License-Identifier: Apache-2.0 */
/* api [METHOD] PATH: any call of an API, with a valid token. */
#include "cmd_api.h"

#include <errno.h>
#include <string.h>

struct api {
    struct cli *c;
    struct postern *client;
    struct postern_request rq;
    struct api_body body;
    struct api_answer answer;
    struct buf json; /* --json */
    struct json_out out;
};

static char *upper(struct arena *a, const char *word) {
    char *z = str_z(a, str_from(word));
    for (char *p = z; *p != '\0'; p++) {
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
    }
    return z;
}

/* -H: Content-Type is a member of the request, Authorization the library's. */
static int headers_set(struct api *q) {
    struct cli *c = q->c;
    const char **headers = NEW_ARRAY(c->cx->arena, GIVEN_MAX, const char *);
    const char *text;
    for (size_t i = 0; (text = cli_value_at(c, "--header", i)) != NULL; i++) {
        struct str line = str_from(text);
        size_t at = str_find_char(line, ':');
        struct str name = str_trim(str_sub(line, 0, at));
        if (at == 0 || at == line.n) {
            return cli_usage(c, "-H takes NAME: VALUE, not '%.60s'.", text);
        }
        if (str_eq_nocase(name, STR("authorization"))) {
            return cli_usage(c, "The header Authorization is made from the profile; for a token of "
                                "your own use another client.");
        }
        if (str_eq_nocase(name, STR("content-type"))) {
            q->rq.content_type = str_z(c->cx->arena, str_trim(str_sub(line, at + 1, line.n)));
        } else {
            headers[q->rq.headers_n++] = text;
        }
    }
    q->rq.headers = headers;
    return EXIT_OK;
}

static int query_set(struct api *q) {
    struct str query, path = str_from(q->rq.path);
    if (!fields_query(q->c, &query)) {
        return EXIT_USAGE;
    }
    if (query.n > 0) {
        const char *before = str_find_char(path, '?') < path.n ? "&" : "?";
        q->rq.path = str_z(q->c->cx->arena, str_format(q->c->cx->arena, "%.*s%s%.*s", STR_ARG(path),
                                                       before, STR_ARG(query)));
    }
    return EXIT_OK;
}

static int body_set(struct api *q) {
    struct cli *c = q->c;
    const char *file = cli_value(c, "--input");
    bool fields = cli_has(c, "--field") || cli_has(c, "--raw-field");
    const char *method = q->rq.method;
    if (file != NULL && fields) {
        return cli_usage(c, "The body comes from --input or from -f and -F, not from both.");
    }
    if (file != NULL) {
        return api_body_open(c, file, &q->body, &q->rq);
    }
    if (fields && method != NULL && (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)) {
        return query_set(q);
    }
    struct str body = STR_NONE;
    if (fields && !fields_json(c, &body)) {
        return EXIT_USAGE;
    }
    q->rq.body = body.p;
    q->rq.body_n = body.n;
    return EXIT_OK;
}

static enum postern_base base_of(const struct cli *c) {
    static const struct {
        const char *name;
        enum postern_base base;
    } bases[] = {{"api", POSTERN_BASE_API},
                 {"auth", POSTERN_BASE_AUTH},
                 {"acd", POSTERN_BASE_ACD},
                 {"issuer", POSTERN_BASE_ISSUER}};
    const char *name = cli_value(c, "--base");
    for (size_t i = 0; name != NULL && i < COUNT_OF(bases); i++) {
        if (strcmp(name, bases[i].name) == 0) {
            return bases[i].base;
        }
    }
    return POSTERN_BASE_API;
}

static bool is_method(struct str word) {
    static const char *const methods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                          "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (str_eq_nocase(word, str_from(methods[i]))) {
            return true;
        }
    }
    return false;
}

/* Lines that would do something else than was meant. */
static int line_check(const struct cli *c) {
    bool fields = cli_has(c, "--field") || cli_has(c, "--raw-field");
    if (c->words_n == 1 && is_method(str_from(c->words[0]))) {
        return cli_usage(c, "The path is missing. Write: postern api %s PATH", c->words[0]);
    }
    if (cli_has(c, "--paginate") && c->words_n == 1 && (fields || cli_has(c, "--input"))) {
        return cli_usage(c,
                         "%s makes this a POST, which has no further pages. For a query write: "
                         "postern api GET %.200s",
                         !fields                     ? "--input"
                         : cli_has(c, "--raw-field") ? "-f"
                                                     : "-F",
                         c->words[0]);
    }
    return EXIT_OK;
}

static int request_set(struct api *q) {
    struct cli *c = q->c;
    int64_t retries = -1;
    if (line_check(c) != EXIT_OK) {
        return EXIT_USAGE;
    }
    q->rq = (struct postern_request)POSTERN_REQUEST_INIT;
    q->rq.method = c->words_n == 2 ? upper(c->cx->arena, c->words[0]) : NULL;
    q->rq.path = c->words[c->words_n - 1];
    q->rq.base = base_of(c);
    q->rq.cancel = c->cancel;
    q->rq.flags = (cli_has(c, "--repeatable") ? POSTERN_REPEATABLE : 0U) |
                  (cli_has(c, "--poll") ? POSTERN_POLL : 0U);
    if (!cli_number(c, "--retry", 0, 100, &retries)) {
        return EXIT_USAGE;
    }
    q->rq.retries = (int)retries;
    if (cli_has(c, "--paginate") && cli_has(c, "--output")) {
        return cli_usage(c, "--paginate prints; it has no --output. Write: postern api --paginate "
                            "PATH > FILE");
    }
    int status = headers_set(q);
    return status != EXIT_OK ? status : body_set(q);
}

static int page(void *user, const struct postern_response *answer) {
    struct api *q = user;
    if (q->c->json) {
        api_answer_json(q->c, answer, &q->out);
        return 0;
    }
    int stop = api_answer_put(&q->answer, answer);
    bool line = answer->body_n > 0 && answer->body[answer->body_n - 1] == '\n';
    if (!q->c->terminal && !line) {
        (void)fputc('\n', q->c->out); /* a page a line, or as many lines as it has */
    }
    return stop;
}

static int pages(struct api *q) {
    struct cli *c = q->c;
    json_open_array(&q->out, NULL);
    struct api_answer *w = &q->answer;
    *w = (struct api_answer){.c = c};
    enum postern_code code = postern_pages(q->client, &q->rq, page, q);
    json_close_array(&q->out);
    cli_progress(c, "%s", "");
    if (code != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    if (c->json) {
        cli_json(c, buf_view(&q->json));
    }
    return EXIT_OK;
}

static int once_json(struct api *q) {
    struct cli *c = q->c;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    enum postern_code code = postern_call(q->client, &q->rq, &answer);
    cli_progress(c, "%s", "");
    if (answer.status > 0) {
        api_answer_json(c, &answer, &q->out);
        cli_json(c, buf_view(&q->json));
    }
    postern_response_done(&answer);
    return code == POSTERN_OK ? EXIT_OK : cli_failed(c, NULL);
}

static int once(struct api *q) {
    struct cli *c = q->c;
    struct postern_response answer = POSTERN_RESPONSE_INIT;
    const char *file = cli_value(c, "--output");
    api_answer_begin(&q->answer, c, &q->rq);
    if (file != NULL) {
        q->answer.file = fopen(file, "ae");
        if (q->answer.file == NULL) {
            return cli_error(c, EXIT_OTHER, "%s cannot be written: %s", file, strerror(errno));
        }
    }
    enum postern_code code = postern_call(q->client, &q->rq, &answer);
    int status = EXIT_OK;
    if (code == POSTERN_CANCELLED && q->body.error != 0) {
        status = cli_error(c, EXIT_OTHER, "%s cannot be read: %s", cli_value(c, "--input"),
                           strerror(q->body.error));
    } else if (code != POSTERN_OK && !q->answer.failed) {
        status = cli_failed(c, NULL);
    }
    if (answer.status >= 400 && q->answer.file != NULL) { /* the file is for what was asked for */
        (void)fclose(q->answer.file);
        q->answer.file = NULL;
    }
    int written = api_answer_end(&q->answer, &answer);
    postern_response_done(&answer);
    return status != EXIT_OK ? status : written;
}

int cmd_api(struct cli *c) {
    struct api *q = NEW(c->cx->arena, struct api); /* its body is closed with the arena */
    q->c = c;
    q->json = buf_in(c->cx->arena, 256);
    q->out = json_to(&q->json);
    int status = request_set(q);
    if (status != EXIT_OK) {
        return status;
    }
    status = cli_open(c, &q->client);
    if (status != EXIT_OK) {
        return status;
    }
    if (cli_has(c, "--paginate")) {
        return pages(q);
    }
    return c->json ? once_json(q) : once(q);
}
