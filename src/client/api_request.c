/* SPDX-License-Identifier: Apache-2.0 */
/* What a program may ask for, and the headers that go with it. */
#include <stdio.h>
#include <string.h>

#include "client.h"

#define METHOD_MAX      32
#define HEADERS_MAX     100
#define HEADER_LINE_MAX 8192

/* RFC 9110 5.6.2 */
static bool is_token(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!word && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return s.n > 0;
}

/* No CR, LF or NUL, hence no second header; tab is the only control character. */
static bool is_value(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

/* The library's, or the connection's. */
static bool is_refused(struct str name) {
    static const char *const refused[] = {
        "Authorization",      "Host",       "Content-Length", "Transfer-Encoding",
        "Connection",         "Upgrade",    "Expect",         "TE",
        "Proxy-Connection",   "Keep-Alive", "Trailer",        "HTTP2-Settings",
        "Proxy-Authorization"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (str_eq_nocase(name, str_from(refused[i]))) {
            return true;
        }
    }
    return false;
}

static err header_check(struct call *k, const char *header, bool *ret_typed) {
    struct str line = str_from(header);
    size_t colon = str_find_char(line, ':');
    struct str name = str_sub(line, 0, colon);
    if (colon == line.n || !is_token(name) || line.n > HEADER_LINE_MAX ||
        !is_value(str_sub(line, colon + 1, line.n))) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "The header '%.*s' is none. Write 'Name: value' on one line of at most %d "
                        "bytes.",
                        STR_ARG(text_clean(k->cx.arena, str_sub(name, 0, 64), 64)),
                        HEADER_LINE_MAX);
    }
    if (is_refused(name)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "The header %.*s is the library's to send. Leave it out; without a token "
                        "goes what has POSTERN_ANONYMOUS.",
                        STR_ARG(name));
    }
    *ret_typed = *ret_typed || str_eq_nocase(name, STR("Content-Type"));
    return OK;
}

static err headers_check(struct call *k, const struct postern_request *r) {
    bool typed = r->content_type != NULL;
    if (r->headers_n > HEADERS_MAX) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE, "%zu headers are too many: at most %d.",
                        r->headers_n, HEADERS_MAX);
    }
    if (typed && (!is_value(str_from(r->content_type)) || r->content_type[0] == '\0')) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE, "content_type is no header value.");
    }
    for (size_t i = 0; r->headers != NULL && i < r->headers_n; i++) {
        bool again = false;
        if (r->headers[i] == NULL) {
            return fail_say(&k->cx, ERR_CLIENT_USAGE, "Header %zu is NULL.", i);
        }
        TRY(header_check(k, r->headers[i], &again));
        if (typed && again) {
            return fail_say(&k->cx, ERR_CLIENT_USAGE,
                            "Content-Type is given twice. Keep one of headers and content_type.");
        }
        typed = typed || again;
    }
    return OK;
}

static bool has_body(const struct postern_request *r) {
    return r->body != NULL || r->read != NULL;
}

static err method_check(struct call *k, struct postern_request *r) {
    if (r->method == NULL) {
        r->method = has_body(r) ? "POST" : "GET";
    }
    struct str method = str_from(r->method);
    if (!is_token(method) || method.n > METHOD_MAX || str_is(method, "CONNECT") ||
        str_is(method, "TRACE")) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "The method '%.*s' cannot be sent. Use GET, POST, PUT, PATCH, DELETE, ...",
                        STR_ARG(text_clean(k->cx.arena, method, METHOD_MAX)));
    }
    if (str_is(method, "HEAD") && has_body(r)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE, "HEAD has no body. Use another method.");
    }
    return OK;
}

err request_copy(struct call *k, const struct postern_request *given, struct postern_request *ret) {
    struct postern_request r = POSTERN_REQUEST_INIT;
    if (given->size < offsetof(struct postern_request, cancel) + sizeof given->cancel) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "The request does not know its size. Make it with POSTERN_REQUEST_INIT.");
    }
    memcpy(&r, given, given->size < sizeof r ? given->size : sizeof r);
    if (r.path == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE, "The request has no path, e.g. /api/v2/users/me");
    }
    if (r.body != NULL && r.read != NULL) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "The request has both body and read. Keep one of them.");
    }
    if (r.body == NULL && r.read == NULL && r.body_n != 0) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "The request has a body_n but neither body nor read.");
    }
    TRY(method_check(k, &r));
    TRY(headers_check(k, &r));
    *ret = r;
    return OK;
}

/* RFC 9110 9.2.2 */
bool request_is_repeatable(const struct postern_request *request) {
    static const char *const idempotent[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
    for (size_t i = 0; i < COUNT_OF(idempotent); i++) {
        if (str_is(str_from(request->method), idempotent[i])) {
            return true;
        }
    }
    return (request->flags & POSTERN_REPEATABLE) != 0;
}

static void line_wipe(void *line) {
    secret_wipe(((struct secret *)line)->p, ((struct secret *)line)->n);
}

static struct str authorization(struct call *k, struct str access_token) {
    static const char scheme[] = "Authorization: Bearer "; /* RFC 6750 2.1 */
    size_t n = sizeof scheme - 1;
    struct secret *line = NEW(k->cx.arena, struct secret);
    arena_defer(k->cx.arena, line_wipe, line);
    line->p = arena_alloc(k->cx.arena, n + access_token.n);
    line->n = n + access_token.n;
    memcpy(line->p, scheme, n);
    memcpy(line->p + n, access_token.p, access_token.n);
    return (struct str){(const char *)line->p, line->n};
}

static bool is_typed(const struct postern_request *r) {
    for (size_t i = 0; i < r->headers_n; i++) {
        if (str_starts_nocase(str_from(r->headers[i]), "content-type:")) {
            return true;
        }
    }
    return false;
}

void request_headers(struct call *k, const struct postern_request *request, struct str access_token,
                     struct exchange *x) {
    struct str *headers = NEW_ARRAY(k->cx.arena, request->headers_n + 2, struct str);
    size_t n = 0;
    if (access_token.p != NULL) {
        headers[n++] = authorization(k, access_token);
    }
    if (request->content_type != NULL || (has_body(request) && !is_typed(request))) {
        const char *type =
            request->content_type != NULL ? request->content_type : "application/json";
        headers[n++] = str_format(k->cx.arena, "Content-Type: %s", type);
    }
    for (size_t i = 0; i < request->headers_n; i++) {
        headers[n++] = str_from(request->headers[i]);
    }
    x->headers = headers;
    x->headers_n = n;
}
