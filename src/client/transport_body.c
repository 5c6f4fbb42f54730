/* SPDX-License-Identifier: Apache-2.0 */
/* What goes through libcurl's callbacks: the request's body, the answer's head and body. A jump out
 * of them (memory_exhausted) would break libcurl's state: here memory is malloc's, and its lack a
 * flag. */
#include <stdlib.h>
#include <string.h>

#include "transport.h"

#define HEAD_MAX       ((size_t)64 << 10) /* bytes of an answer's headers */
#define HEADERS_MAX    256
#define BODY_FIRST     4096
#define BODY_FIRST_MAX ((size_t)1 << 20) /* of what a Content-Length promises */

/* ---- memory ---- */

void received_free(struct received *r) {
    if (r == NULL) {
        return;
    }
    /* An answer may be a token or a new key's secret. */
    if (r->body != NULL) {
        secret_wipe(r->body, r->body_n);
    }
    free(r->head);
    free(r->headers);
    free(r->body);
    free(r);
}

/* Room for n more bytes and a NUL; what is given up is wiped if it is secret. */
static bool grow(char **p, size_t used, size_t *cap, size_t n, bool wipe) {
    size_t wanted = *cap > SIZE_MAX / 4 ? SIZE_MAX / 2 : *cap * 2;
    if (*p != NULL && *cap > used && *cap - used > n) {
        return true;
    }
    if (wanted < used + n + 1) {
        wanted = used + n + 1;
    }
    char *larger = wipe ? malloc(wanted) : realloc(*p, wanted);
    if (larger == NULL) {
        return false;
    }
    if (wipe && *p != NULL) {
        memcpy(larger, *p, used);
        secret_wipe(*p, used);
        free(*p);
    }
    *p = larger;
    *cap = wanted;
    return true;
}

bool received_list(struct received *r) {
    if (r->headers != NULL || r->headers_n == 0) {
        return true;
    }
    r->headers = calloc(r->headers_n, sizeof *r->headers);
    if (r->headers == NULL) {
        return false;
    }
    const char *at = r->head;
    for (size_t i = 0; i < r->headers_n; i++) {
        r->headers[i].name = at;
        at += strlen(at) + 1;
        r->headers[i].value = at;
        at += strlen(at) + 1;
    }
    return true;
}

/* ---- the answer's head ---- */

static bool head_refuse(struct transfer *t, const char *why) {
    t->error = fail_say(&t->k->cx, ERR_CLIENT_ANSWER,
                        "The answer of %.*s has %s. It is not used; tell the server's operator.",
                        STR_ARG(t->url.origin), why);
    t->x->lasting = true;
    return false;
}

static bool head_add(struct transfer *t, struct str part) {
    struct received *r = t->received;
    if (!grow(&r->head, r->head_n, &r->head_cap, part.n + 1, false)) {
        t->no_memory = true;
        return false;
    }
    memcpy(r->head + r->head_n, part.p, part.n);
    r->head_n += part.n;
    r->head[r->head_n++] = '\0';
    return true;
}

/* RFC 9112 5.2: a folded line is the value's, after a space. */
static bool head_fold(struct transfer *t, struct str part) {
    struct received *r = t->received;
    if (r->headers_n == 0) {
        return head_refuse(t, "a header that begins with a space");
    }
    r->head[r->head_n - 1] = ' ';
    return head_add(t, part);
}

static bool head_line(struct transfer *t, struct str line) {
    struct received *r = t->received;
    size_t colon = str_find_char(line, ':');
    if (r->head_n + line.n > HEAD_MAX || r->headers_n >= HEADERS_MAX) {
        return head_refuse(t, "too many or too long headers");
    }
    if (str_find_char(line, '\0') < line.n) {
        return head_refuse(t, "a NUL in a header");
    }
    if (line.p[0] == ' ' || line.p[0] == '\t') {
        return head_fold(t, str_trim(line));
    }
    if (colon == 0 || colon == line.n) {
        return head_refuse(t, "a header without a name");
    }
    struct str name = str_trim(str_sub(line, 0, colon));
    struct str value = str_trim(str_sub(line, colon + 1, line.n));
    if (!head_add(t, name) || !head_add(t, value)) {
        return false;
    }
    r->headers_n++;
    return true;
}

/* RFC 9112 4: "HTTP/1.1 200 OK". An interim answer (1xx) comes before the final one. */
static bool status_line(struct transfer *t, struct str line) {
    int64_t status;
    struct str code = str_sub(line, str_find_char(line, ' ') + 1, 3);
    if (code.n != 3 || !str_int(code, &status) || status < 100) {
        return head_refuse(t, "no status");
    }
    t->status = (int)status;
    t->received->head_n = 0;
    t->received->headers_n = 0;
    return true;
}

static bool head_take(struct transfer *t, struct str line) {
    if (t->head_done) {
        return true; /* a trailer: nobody asked for one */
    }
    while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r')) {
        line.n--;
    }
    if (line.n == 0) {
        t->head_done = t->status >= 200;
        return true;
    }
    return str_starts(line, "HTTP/") ? status_line(t, line) : head_line(t, line);
}

size_t transport_header(char *line, size_t size, size_t n, void *lane) {
    struct transfer *t = ((struct lane *)lane)->transfer;
    struct str text = {line, size * n};
    return head_take(t, text) ? text.n : 0;
}

/* ---- the answer's body ---- */

static const char *header_of(const struct received *r, const char *name) {
    for (size_t i = 0; i < r->headers_n; i++) {
        if (str_eq_nocase(str_from(r->headers[i].name), str_from(name))) {
            return r->headers[i].value;
        }
    }
    return NULL;
}

struct str exchange_header(const struct exchange *x, const char *name) {
    const struct received *r = x->transfer != NULL ? x->transfer->received : NULL;
    return r != NULL ? str_from(header_of(r, name)) : STR_NONE;
}

static bool goes_to_stream(const struct transfer *t) {
    const struct postern_request *stream = t->x->stream;
    if (stream == NULL || stream->write == NULL || t->status < 200 || t->status > 299) {
        return false;
    }
    return !(t->x->keep_pending && t->status == 202);
}

static bool stream_begin(struct transfer *t) {
    const struct postern_request *stream = t->x->stream;
    struct postern_response head = POSTERN_RESPONSE_INIT;
    head.status = t->status;
    head.headers = t->received->headers;
    head.headers_n = t->received->headers_n;
    head.body = "";
    head.attempts = t->x->attempt;
    t->x->streamed = true;
    return stream->on_headers == NULL || stream->on_headers(stream->write_user, &head) == 0;
}

static bool stream_take(struct transfer *t, const char *data, size_t n) {
    const struct postern_request *stream = t->x->stream;
    if ((t->x->streamed || stream_begin(t)) && stream->write(stream->write_user, data, n) == 0) {
        return true;
    }
    t->error =
        fail_say(&t->k->cx, ERR_CLIENT_CANCELLED,
                 "The program gave up while it took the answer of %.*s.", STR_ARG(t->url.origin));
    return false;
}

/* As much as the server promises, within reason: no copies while it grows. */
static size_t body_expected(struct transfer *t, size_t n) {
    curl_off_t length = -1;
    (void)t->curl->easy_getinfo(t->lane->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length <= (curl_off_t)n) {
        return length < 0 && n < BODY_FIRST ? BODY_FIRST : n;
    }
    return (size_t)length < BODY_FIRST_MAX ? (size_t)length : BODY_FIRST_MAX;
}

static bool body_keep(struct transfer *t, const char *data, size_t n) {
    struct received *r = t->received;
    size_t max = t->x->body_max > 0 ? t->x->body_max : ANSWER_MAX_DEFAULT;
    if (n > max || r->body_n > max - n) {
        t->x->lasting = true;
        t->error = fail_say(&t->k->cx, ERR_CLIENT_ANSWER,
                            "The answer of %.*s is longer than %zu bytes. Ask for less at a time, "
                            "or allow more (body_max), or take it as a stream.",
                            STR_ARG(t->url.origin), max);
        return false;
    }
    size_t wanted = r->body == NULL ? body_expected(t, n) : n;
    if (!grow(&r->body, r->body_n, &r->body_cap, wanted, t->x->secret_body)) {
        t->no_memory = true;
        return false;
    }
    memcpy(r->body + r->body_n, data, n);
    r->body_n += n;
    r->body[r->body_n] = '\0';
    return true;
}

size_t transport_write(char *data, size_t size, size_t n, void *lane) {
    struct transfer *t = ((struct lane *)lane)->transfer;
    size_t bytes = size * n;
    if (bytes == 0) {
        return 0;
    }
    if (!received_list(t->received)) {
        t->no_memory = true;
        return 0;
    }
    bool taken = goes_to_stream(t) ? stream_take(t, data, bytes) : body_keep(t, data, bytes);
    return taken ? bytes : 0;
}

/* ---- the request's body ---- */

static size_t read_refuse(struct transfer *t, err code, const char *why) {
    t->x->lasting = true;
    t->error = fail_say(&t->k->cx, code, "The body of the request to %.*s %s.",
                        STR_ARG(t->url.origin), why);
    return CURL_READFUNC_ABORT;
}

static size_t stream_give(struct transfer *t, char *to, size_t room) {
    const struct postern_request *stream = t->x->stream;
    bool known = stream->body_n != SIZE_MAX;
    size_t left = known ? stream->body_n - t->sent : room;
    if (left == 0) {
        return 0;
    }
    room = left < room ? left : room;
    t->x->body_begun = true;
    ptrdiff_t n = stream->read(stream->read_user, to, room);
    if (n < 0) {
        return read_refuse(t, ERR_CLIENT_CANCELLED, "was given up by the program");
    }
    if ((size_t)n > room) {
        return read_refuse(t, ERR_CLIENT_USAGE, "has more bytes at a time than were asked for");
    }
    if (n == 0 && known) {
        return read_refuse(t, ERR_CLIENT_USAGE, "is shorter than body_n says");
    }
    t->sent += (size_t)n;
    return (size_t)n;
}

size_t transport_read(char *to, size_t size, size_t n, void *lane) {
    struct transfer *t = ((struct lane *)lane)->transfer;
    if (t->x->stream != NULL && t->x->stream->read != NULL) {
        return stream_give(t, to, size * n);
    }
    struct str rest = str_sub(t->x->body, t->sent, size * n);
    if (rest.n > 0) {
        memcpy(to, rest.p, rest.n);
    }
    t->sent += rest.n;
    return rest.n;
}

/* libcurl sends again by itself when a kept connection turns out to be dead; what must not be sent
 * twice is not rewound. */
int transport_seek(void *lane, curl_off_t offset, int origin) {
    struct transfer *t = ((struct lane *)lane)->transfer;
    bool streams = t->x->stream != NULL && t->x->stream->read != NULL;
    if (offset != 0 || origin != SEEK_SET || t->x->once || (streams && !exchange_rewind(t->x))) {
        return CURL_SEEKFUNC_FAIL;
    }
    t->sent = 0;
    return CURL_SEEKFUNC_OK;
}
