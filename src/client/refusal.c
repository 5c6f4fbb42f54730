/* SPDX-License-Identifier: Apache-2.0 */
/* An API's refusal in words: the server's own, as far as they fit, and what to do. */
#include "client.h"

#define REFUSAL_PARSED_MAX ((size_t)64 << 10)
#define REFUSAL_TEXT_MAX   240
#define CODE_MAX           64
#define CORRELATION_MAX    128
#define PLACE_MAX          120

struct str text_clean(struct arena *a, struct str text, size_t max) {
    struct buf b = buf_in(a, text.n < max ? text.n : max);
    while (text.n > 0) {
        uint32_t c = 0;
        size_t n = str_code_point(text, &c);
        size_t taken = n > 0 ? n : 1;
        /* C0, DEL and C1 steer terminals; line separators and the marks that turn the direction of
         * text around deceive readers. */
        bool control = c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
                       (c >= 0x2066 && c <= 0x2069);
        struct str part = n == 0 ? STR("?") : control ? STR(" ") : str_sub(text, 0, n);
        if (b.n + part.n > max) {
            break;
        }
        buf_str(&b, part);
        text = str_sub(text, taken, text.n);
    }
    return str_trim(buf_view(&b));
}

/* The classes of postern.h. */
static const struct {
    int from, to;
    err error;
    const char *advice;
} classes[] = {
    {401, 401, ERR_CLIENT_AUTH,
     "The API does not take this token: check that issuer, tenant and application belong together"},
    {403, 403, ERR_CLIENT_DENIED,
     "Have an administrator give the permission, or the application the scope"},
    {404, 404, ERR_CLIENT_NOT_FOUND, "Check the path and the id in it"},
    {429, 429, ERR_CLIENT_LIMIT, "Ask less often, or try again later"},
    {400, 499, ERR_CLIENT_REQUEST, "Mend the request"},
    {500, 999, ERR_CLIENT_SERVER, "Try again later; else tell the server's operator"},
};

static size_t class_of(int status) {
    size_t i = 0;
    while (i + 1 < COUNT_OF(classes) && (status < classes[i].from || status > classes[i].to)) {
        i++;
    }
    return i;
}

struct refusal {
    struct str error, text;
};

static struct str member(const json_t *object, const char *key) {
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) ? (struct str){json_string_value(v), json_string_length(v)} : STR_NONE;
}

/* RFC 6749 5.2; `message` of many APIs, RFC 9457's `detail` and `title`. */
static struct str description(const json_t *object) {
    static const char *const keys[] = {"error_description", "message", "errorMessage", "detail",
                                       "title"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct str text = member(object, keys[i]);
        if (text.n > 0) {
            return text;
        }
    }
    return STR_NONE;
}

static void refusal_json(struct call *k, struct str body, struct refusal *r) {
    json_t *root;
    if (json_parse(&k->cx, body, &root) != OK || !json_is_object(root)) {
        return;
    }
    const json_t *inner = json_object_get(root, "error");
    r->error = member(root, "error");
    r->text = description(root);
    if (json_is_object(inner)) { /* {"error":{"code":...,"message":...}} */
        r->error = member(inner, "code");
        r->text = description(inner);
    }
}

/* RFC 6750 3: error="...", error_description="..." of a challenge. */
static struct str challenge_part(struct str challenge, const char *name) {
    size_t n = str_from(name).n;
    for (size_t i = 0; i + n < challenge.n; i++) {
        struct str rest = str_sub(challenge, i, challenge.n);
        bool begins = i == 0 || challenge.p[i - 1] == ' ' || challenge.p[i - 1] == ',';
        if (begins && str_starts_nocase(rest, name)) {
            rest = str_sub(rest, n, rest.n);
            return str_sub(rest, 0, str_find_char(rest, '"'));
        }
    }
    return STR_NONE;
}

static void refusal_read(struct call *k, const struct exchange *x, struct refusal *r) {
    struct str type = exchange_header(x, "Content-Type");
    struct str body = str_trim(x->answer);
    struct str challenge = exchange_header(x, "WWW-Authenticate");
    if (body.n > 0 && body.n <= REFUSAL_PARSED_MAX && body.p[0] == '{') {
        refusal_json(k, body, r);
    } else if (str_starts_nocase(type, "text/plain")) {
        r->text = body;
    }
    if (r->error.n == 0) {
        r->error = challenge_part(challenge, "error=\"");
    }
    if (r->text.n == 0) {
        r->text = challenge_part(challenge, "error_description=\"");
    }
    if (r->text.n == 0) { /* PROTOCOL 12.15 */
        r->text = exchange_header(x, "icStatusDescription");
    }
    r->error = text_clean(k->cx.arena, r->error, CODE_MAX);
    r->text = text_clean(k->cx.arena, r->text, REFUSAL_TEXT_MAX);
}

err exchange_refusal(struct call *k, const struct exchange *x) {
    struct refusal r = {0};
    size_t class = class_of(x->status);
    refusal_read(k, x, &r);
    k->status = x->status;
    k->oauth_error = r.error;
    k->correlation_id =
        text_clean(k->cx.arena, exchange_header(x, "CorrelationId"), CORRELATION_MAX);
    struct str text = r.text.n > 0 ? r.text : r.error.n > 0 ? r.error : STR("no reason given");
    bool stopped = text.p[text.n - 1] == '.';
    return fail_say(&k->cx, classes[class].error, "%s %.*s: %d: %.*s%s %s.", x->method,
                    STR_ARG(str_sub(url_shown(x->url), 0, PLACE_MAX)), x->status, STR_ARG(text),
                    stopped ? "" : ".", classes[class].advice);
}
