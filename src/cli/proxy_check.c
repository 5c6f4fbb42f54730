/* SPDX-License-Identifier: Apache-2.0 */
/* May this request pass? SECURITY `smuggling`: one framing only. SECURITY `cors`: a web page may
 * not use the token of whoever runs the proxy, neither by its own origin nor by a host name that it
 * points at the loopback address. */
#include <string.h>

#include "proxy.h"

#define ORIGIN_MAX 300

static struct verdict refused(int status, const char *error, const char *text) {
    return (struct verdict){.status = status, .error = error, .text = text};
}

/* RFC 9110 5.6.2. */
static bool is_token(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool alphanumeric = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (c == 0 || strchr("-!#$%&'*+.^_`|~", c) == NULL)) {
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

struct str proxy_field(const struct head *head, const char *name) {
    for (size_t i = 0; i < head->fields_n; i++) {
        if (str_eq_nocase(head->fields[i].name, str_from(name))) {
            return head->fields[i].value;
        }
    }
    return STR_NONE;
}

static size_t field_count(const struct head *head, const char *name) {
    size_t n = 0;
    for (size_t i = 0; i < head->fields_n; i++) {
        n += str_eq_nocase(head->fields[i].name, str_from(name)) ? 1 : 0;
    }
    return n;
}

/* ---- the form of the request ---- */

static struct verdict fields_check(const struct head *head) {
    static const char *const single[] = {"host",         "content-length", "transfer-encoding",
                                         "origin",       "content-type",   "sec-fetch-site",
                                         "authorization"};
    if (head->loose) { /* RFC 9112 2.2, 5.2; 9110 5.5 */
        return refused(400, "invalid_request",
                       "A line of the header is folded, has a NUL or does not end in CR LF.");
    }
    for (size_t i = 0; i < head->fields_n; i++) {
        /* RFC 9112 5.1: white space before the colon or a folded line shows in the name. */
        if (!is_token(head->fields[i].name) || has_controls(head->fields[i].value)) {
            return refused(400, "invalid_request", "A header has a character that it may not.");
        }
    }
    for (size_t i = 0; i < COUNT_OF(single); i++) {
        if (field_count(head, single[i]) > 1) {
            return refused(400, "invalid_request",
                           "A header that two readers could take for two requests comes twice.");
        }
    }
    return (struct verdict){0};
}

static bool is_number(struct str s) {
    int64_t n;
    return s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9' && str_int(s, &n);
}

static struct verdict framing_check(const struct head *head) {
    if (!str_is(head->version, "HTTP/1.1") && !str_is(head->version, "HTTP/1.0")) {
        return refused(400, "invalid_request", "This version of HTTP is not understood.");
    }
    struct str length = proxy_field(head, "content-length");
    struct str encoding = proxy_field(head, "transfer-encoding");
    if (length.p != NULL && encoding.p != NULL) { /* RFC 9112 6.1 */
        return refused(400, "invalid_request",
                       "Transfer-Encoding and Content-Length exclude each other.");
    }
    if (length.p != NULL && !is_number(length)) {
        return refused(400, "invalid_request", "Content-Length is not a number.");
    }
    if (encoding.p != NULL &&
        (!str_eq_nocase(encoding, STR("chunked")) || !str_is(head->version, "HTTP/1.1"))) {
        return refused(400, "invalid_request", "This Transfer-Encoding is not understood.");
    }
    return (struct verdict){0};
}

static struct verdict target_check(const struct head *head) {
    struct str t = head->target;
    if (t.n == 0 || t.p[0] != '/') {
        /* RFC 9112 3.2.2: absolute URIs are for a forward proxy, which this is not. */
        return refused(400, "invalid_request",
                       "Ask for a path that begins with '/': this is a reverse proxy.");
    }
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\') {
            return refused(400, "invalid_request",
                           "The path has a character that must be percent-encoded.");
        }
    }
    return (struct verdict){0};
}

/* TRACE would send back the token that the proxy adds (RFC 9110 9.3.8). */
static struct verdict method_check(const struct head *head) {
    static const char *const never[] = {"CONNECT", "TRACE", "TRACK"};
    for (size_t i = 0; i < COUNT_OF(never); i++) {
        if (str_eq_nocase(head->method, str_from(never[i]))) {
            return refused(405, "method_not_allowed", "This method does not pass the proxy.");
        }
    }
    return is_token(head->method) ? (struct verdict){0}
                                  : refused(400, "invalid_request", "The method is malformed.");
}

/* ---- who asks ---- */

static struct verdict host_check(const struct proxy_rules *rules, const struct head *head) {
    static const char *const names[] = {"127.0.0.1:", "[::1]:", "localhost:"};
    struct str host = proxy_field(head, "host");
    if (host.p == NULL) {
        return refused(400, "invalid_request", "The header Host is missing.");
    }
    bool known = str_eq_nocase(host, rules->authority);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        known = known || (str_starts_nocase(host, names[i]) &&
                          str_eq(str_sub(host, strlen(names[i]), host.n), rules->port));
    }
    return known ? (struct verdict){0}
                 : refused(403, "host_not_allowed",
                           "This proxy answers only to 127.0.0.1, [::1] or localhost and its "
                           "port. Another name in Host is how a web page reaches it by DNS.");
}

static bool origin_is_allowed(const struct proxy_rules *rules, struct str origin) {
    for (size_t i = 0; i < rules->origins_n; i++) {
        if (str_eq(rules->origins[i], origin)) {
            return true;
        }
    }
    return false;
}

static struct verdict page_check(const struct proxy_rules *rules, const struct head *head) {
    struct str origin = proxy_field(head, "origin");
    struct str site = proxy_field(head, "sec-fetch-site");
    if (origin.p != NULL) {
        if (!origin_is_allowed(rules, origin)) {
            return refused(403, "origin_not_allowed",
                           "A web page asks. If it may use your token, start the proxy with "
                           "--allow-origin and its origin.");
        }
        bool preflight = str_is(head->method, "OPTIONS") &&
                         proxy_field(head, "access-control-request-method").p != NULL;
        return (struct verdict){.status = preflight ? 204 : 0, .origin = origin};
    }
    if (site.p != NULL && !str_is(site, "none") && !str_is(site, "same-origin")) {
        return refused(403, "origin_not_allowed",
                       "A web page asks without saying which. It may not use your token.");
    }
    return (struct verdict){0};
}

struct verdict proxy_check(const struct proxy_rules *rules, const struct head *head) {
    struct verdict (*const forms[])(const struct head *) = {fields_check, framing_check,
                                                            target_check, method_check};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct verdict v = forms[i](head);
        if (v.status != 0) {
            return v;
        }
    }
    struct verdict v = host_check(rules, head);
    return v.status != 0 ? v : page_check(rules, head);
}

bool proxy_is_origin(struct str text) {
    size_t scheme = str_starts(text, "https://") ? 8 : str_starts(text, "http://") ? 7 : 0;
    struct str rest = str_sub(text, scheme, text.n);
    if (scheme == 0 || rest.n == 0 || text.n > ORIGIN_MAX) {
        return false;
    }
    for (size_t i = 0; i < rest.n; i++) {
        char c = rest.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    (c != '\0' && strchr(".-:[]", c) != NULL);
        if (!good) {
            return false;
        }
    }
    return true;
}
