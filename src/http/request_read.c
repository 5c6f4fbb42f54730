/* SPDX-License-Identifier: Apache-2.0 */
/* The strict reading of a request's head: what libmicrohttpd lets pass and two parsers could
 * understand differently is refused here (SECURITY `smuggling`), and everything has its bound
 * (`bombs`). */
#include "http_internal.h"

#include <arpa/inet.h>
#include <string.h>

/* Twice would mean two readings. */
static const char *const single_headers[] = {
    "host",
    HTTP_CONTENT_LENGTH,
    "authorization",
    "content-type",
    "transfer-encoding",
    "origin",
    "cookie",
    "x-forwarded-for",
    "x-forwarded-proto",
    "correlationid",
    "access-control-request-method",
    "access-control-request-headers",
};

static const struct {
    struct str name;
    enum http_method method;
} methods[] = {{STR("GET"), HTTP_GET},     {STR("POST"), HTTP_POST},
               {STR("HEAD"), HTTP_HEAD},   {STR("OPTIONS"), HTTP_OPTIONS},
               {STR("PATCH"), HTTP_PATCH}, {STR("DELETE"), HTTP_DELETE},
               {STR("PUT"), HTTP_PUT}};

static enum http_method method_read(struct str text) {
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (str_eq(methods[i].name, text)) {
            return methods[i].method;
        }
    }
    return HTTP_OTHER;
}

const char *http_method_name(enum http_method m) {
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (methods[i].method == m) {
            return methods[i].name.p;
        }
    }
    return "OTHER";
}

/* RFC 9110 5.6.2. */
static bool is_token(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool alphanumeric =
            ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!alphanumeric && (c == 0 || strchr("!#$%&'*+.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return s.n > 0;
}

static bool has_controls(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

static err header_check(struct ctx *cx, const struct param *h) {
    /* RFC 9112 5.1: no white space before the colon; a folded line leaves its blanks in the name
     * too. */
    if (!is_token(h->name)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "A header's name is not a token.");
    }
    if (h->name.n + h->value.n + 4 > HTTP_HEADER_LINE_MAX) {
        return fail_say(cx, ERR_HEADER_TOO_LARGE, "A header line has more than %d bytes.",
                        HTTP_HEADER_LINE_MAX);
    }
    if (has_controls(h->value)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "A header's value has a control character.");
    }
    return OK;
}

static err singles_check(struct ctx *cx, const struct params *headers) {
    unsigned seen = 0;
    for (size_t i = 0; i < headers->n; i++) {
        for (size_t k = 0; k < COUNT_OF(single_headers); k++) {
            if (!str_is(headers->v[i].name, single_headers[k])) {
                continue;
            }
            if ((seen & 1U << k) != 0) {
                return fail_say(cx, ERR_INVALID_REQUEST, "The header %s comes twice.",
                                single_headers[k]);
            }
            seen |= 1U << k;
            break;
        }
    }
    return OK;
}

static err headers_read(struct ctx *cx, const struct params *raw, struct params *ret) {
    if (raw->n > HTTP_HEADERS_MAX) {
        return fail_say(cx, ERR_HEADER_TOO_LARGE, "More than %d headers.", HTTP_HEADERS_MAX);
    }
    struct params headers = {NULL, raw->n};
    if (raw->n > 0) {
        headers.v = NEW_ARRAY(cx->arena, raw->n, struct param);
    }
    for (size_t i = 0; i < raw->n; i++) {
        TRY(header_check(cx, &raw->v[i]));
        headers.v[i].name = str_lower(cx->arena, raw->v[i].name);
        headers.v[i].value = str_copy(cx->arena, str_trim(raw->v[i].value));
    }
    TRY(singles_check(cx, &headers));
    *ret = headers;
    return OK;
}

static err length_check(struct ctx *cx, const struct request *rq) {
    struct str length = request_header(rq, HTTP_CONTENT_LENGTH);
    if (length.p == NULL) {
        return OK;
    }
    for (size_t i = 0; i < length.n; i++) {
        if (length.p[i] < '0' || length.p[i] > '9') {
            return fail_say(cx, ERR_INVALID_REQUEST, "Content-Length is not a number.");
        }
    }
    return length.n > 0 ? OK : fail_say(cx, ERR_INVALID_REQUEST, "Content-Length is not a number.");
}

static err framing_check(struct ctx *cx, const struct request *rq, struct str version) {
    struct str encoding = request_header(rq, "transfer-encoding");
    if (encoding.p != NULL) {
        /* RFC 9112 6.1, 6.3: both together are an attempt at smuggling; HTTP/1.0 has no chunks. */
        if (request_header(rq, HTTP_CONTENT_LENGTH).p != NULL) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "Transfer-Encoding and Content-Length exclude each other.");
        }
        if (!str_eq_nocase(encoding, STR("chunked")) || !str_is(version, "HTTP/1.1")) {
            return fail_say(cx, ERR_INVALID_REQUEST, "This Transfer-Encoding is not understood.");
        }
    }
    return length_check(cx, rq);
}

uint64_t request_content_length(const struct request *rq) {
    struct str length = request_header(rq, HTTP_CONTENT_LENGTH);
    uint64_t n = 0;
    for (size_t i = 0; i < length.n; i++) {
        if (__builtin_mul_overflow(n, 10U, &n)) {
            return UINT64_MAX;
        }
        n += (uint64_t)(length.p[i] - '0');
    }
    return n;
}

static bool is_host_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._:[]", c) != NULL);
}

/* RFC 9112 3.2: one Host, and HTTP/1.1 must have it. */
static err host_read(struct ctx *cx, struct str version, struct request *rq) {
    struct str host = request_header(rq, "host");
    if (host.p == NULL && str_is(version, "HTTP/1.1")) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The header Host is missing.");
    }
    host = str_lower(cx->arena, host.p != NULL ? host : STR(""));
    bool good = host.n <= HTTP_HOST_MAX;
    for (size_t i = 0; good && i < host.n; i++) {
        good = is_host_char(host.p[i]);
    }
    if (!good) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The header Host is not a host name.");
    }
    rq->host = host;
    return OK;
}

/* The last hop is the one that our front saw; what stands before it anyone may have written. */
static struct str last_hop(struct str list) {
    struct str hop = STR(""), part;
    while (str_next(&list, ',', &part)) {
        hop = str_trim(part);
    }
    return hop;
}

static bool is_address(struct arena *a, struct str text) {
    unsigned char bytes[sizeof(struct in6_addr)];
    if (text.n == 0 || text.n >= INET6_ADDRSTRLEN) {
        return false;
    }
    const char *z = str_z(a, text);
    return inet_pton(AF_INET, z, bytes) == 1 || inet_pton(AF_INET6, z, bytes) == 1;
}

/* CVE-2024-47070: what cannot be understood is refused, never skipped. */
static err forwarded_read(struct ctx *cx, struct request *rq) {
    struct str from = request_header(rq, "x-forwarded-for");
    struct str scheme = request_header(rq, "x-forwarded-proto");
    if (from.p != NULL) {
        struct str hop = last_hop(from);
        if (!is_address(cx->arena, hop)) {
            return fail_say(cx, ERR_INVALID_REQUEST, "X-Forwarded-For is not an address.");
        }
        rq->remote = hop;
    }
    if (scheme.p != NULL) {
        if (!str_is(scheme, "https") && !str_is(scheme, "http")) {
            return fail_say(cx, ERR_INVALID_REQUEST, "X-Forwarded-Proto is not http or https.");
        }
        rq->scheme = scheme;
    }
    return OK;
}

/* An id from outside ends in logs and headers: only what is harmless there is taken. */
static struct str correlation_of(const struct request *rq) {
    struct str id = request_header(rq, "correlationid");
    if (id.n == 0 || id.n > HTTP_CORRELATION_MAX) {
        return rq->id;
    }
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] < 0x21 || id.p[i] > 0x7e || id.p[i] == '"' || id.p[i] == '\\') {
            return rq->id;
        }
    }
    return id;
}

static err target_read(struct ctx *cx, struct str target, struct request *rq) {
    if (target.n > HTTP_TARGET_MAX) {
        return fail_say(cx, ERR_HEADER_TOO_LARGE, "The request target has more than %d bytes.",
                        HTTP_TARGET_MAX);
    }
    size_t at = str_find_char(target, '?');
    rq->query_text = at < target.n ? str_sub(target, at + 1, target.n) : STR("");
    for (size_t i = 0; i < rq->query_text.n; i++) {
        unsigned char c = (unsigned char)rq->query_text.p[i];
        if (c <= 0x20 || c == 0x7f || c == '#') {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "The query has a character that must be percent-encoded.");
        }
    }
    TRY(path_read(cx, str_sub(target, 0, at), &rq->path, &rq->slashes));
    const struct form_rules rules = {.max = HTTP_QUERY_MAX, .plus = true};
    return form_parse(cx, rq->query_text, &rules, &rq->query);
}

/* What is kept is copied: a stop that cannot wait closes the connection, and its memory goes, while
 * the request's write is still to run. */
err request_read(struct ctx *cx, const struct request_head *head, struct request *rq) {
    rq->method_text = str_copy(cx->arena, head->method);
    rq->method = method_read(head->method);
    rq->scheme = STR("http");
    rq->remote = str_copy(cx->arena, head->peer);
    rq->correlation = rq->id;
    TRY(headers_read(cx, &head->headers, &rq->headers));
    if (!head->strict) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "A line of the header is folded, has a NUL or does not end in CR LF.");
    }
    rq->correlation = correlation_of(rq);
    rq->origin = request_header(rq, "origin");
    TRY(target_read(cx, str_copy(cx->arena, head->target), rq));
    if (!str_is(head->version, "HTTP/1.1") && !str_is(head->version, "HTTP/1.0")) {
        return fail_say(cx, ERR_INVALID_REQUEST, "This version of HTTP is not understood.");
    }
    TRY(framing_check(cx, rq, head->version));
    TRY(host_read(cx, head->version, rq));
    if (request_header(rq, "cookie").n > HTTP_COOKIE_MAX) {
        return fail_say(cx, ERR_HEADER_TOO_LARGE, "More than %d bytes of cookies.",
                        HTTP_COOKIE_MAX);
    }
    return head->behind_front ? forwarded_read(cx, rq) : OK;
}
