/* SPDX-License-Identifier: Apache-2.0 */
/* URLs as this library takes them: http and https, plain ASCII, nothing that two parsers could read
 * in two ways. What passes here is read alike by libcurl. */
#include "client.h"

#define HOST_MAX 253 /* RFC 1035 2.3.4 */
#define PORT_MAX 65535

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Visible ASCII without what browsers and libraries read differently (WHATWG URL 4.4: a backslash
 * is a slash to some). */
static bool is_plain(struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>') {
            return false;
        }
    }
    return true;
}

static bool is_name(struct str host) {
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '.' && c != '_') {
            return false;
        }
    }
    return host.n > 0 && host.p[0] != '.';
}

/* RFC 3986 3.2.2, loosely: what is no address after all gets no connection. No zone id. */
static bool is_ipv6(struct str host) {
    bool colon = false;
    for (size_t i = 1; i + 1 < host.n; i++) {
        char c = host.p[i];
        colon = colon || c == ':';
        if (!is_digit(c) && c != ':' && c != '.' && !(c >= 'a' && c <= 'f') &&
            !(c >= 'A' && c <= 'F')) {
            return false;
        }
    }
    return colon && host.p[host.n - 1] == ']';
}

static bool port_parse(struct str text, unsigned *ret) {
    int64_t port;
    if (text.n > 5 || !str_int(text, &port) || port < 1 || port > PORT_MAX) {
        return false;
    }
    *ret = (unsigned)port;
    return true;
}

/* "host", "host:1", "[::1]", "[::1]:1". A user name has an '@', which no host has. */
static bool authority_parse(struct str text, struct url *url) {
    bool v6 = text.n > 0 && text.p[0] == '[';
    size_t from = v6 ? str_find_char(text, ']') : 0;
    size_t colon = from + str_find_char(str_sub(text, from, text.n), ':');
    url->host = str_sub(text, 0, colon);
    if (url->host.n == 0 || url->host.n > HOST_MAX ||
        !(v6 ? is_ipv6(url->host) : is_name(url->host))) {
        return false;
    }
    url->port = url->https ? 443 : 80;
    return colon == text.n || port_parse(str_sub(text, colon + 1, text.n), &url->port);
}

static size_t authority_end(struct str text, size_t from) {
    for (size_t i = from; i < text.n; i++) {
        if (text.p[i] == '/' || text.p[i] == '?' || text.p[i] == '#') {
            return i;
        }
    }
    return text.n;
}

bool url_parse(struct str text, struct url *ret_url) {
    struct url url = {.https = str_starts_nocase(text, "https://")};
    if (text.n > URL_MAX || !is_plain(text) || !(url.https || str_starts_nocase(text, "http://"))) {
        return false;
    }
    size_t from = url.https ? sizeof "https://" - 1 : sizeof "http://" - 1;
    size_t end = authority_end(text, from);
    if (!authority_parse(str_sub(text, from, end - from), &url)) {
        return false;
    }
    url.origin = str_sub(text, 0, end);
    url.rest = str_sub(text, end, text.n);
    *ret_url = url;
    return true;
}

bool url_origin(struct arena *a, struct str url, struct str *ret_origin) {
    struct url u;
    if (!url_parse(url, &u)) {
        return false;
    }
    const char *scheme = u.https ? "https" : "http";
    struct str host = str_lower(a, u.host);
    *ret_origin = u.port == (u.https ? 443u : 80u)
                      ? str_format(a, "%s://%.*s", scheme, STR_ARG(host))
                      : str_format(a, "%s://%.*s:%u", scheme, STR_ARG(host), u.port);
    return true;
}

bool url_same_origin(struct arena *a, struct str one, struct str other) {
    struct str first, second;
    return url_origin(a, one, &first) && url_origin(a, other, &second) && str_eq(first, second);
}

/* 127.0.0.0/8 in its one undisputed form: four decimal numbers without leading zeros. */
static bool is_loopback4(struct str host) {
    struct str part;
    unsigned parts = 0;
    if (!str_starts(host, "127.")) {
        return false;
    }
    while (str_next(&host, '.', &part)) {
        int64_t n;
        if (part.n > 3 || (part.n > 1 && part.p[0] == '0') || !str_int(part, &n) || n < 0 ||
            n > 255) {
            return false;
        }
        parts++;
    }
    return parts == 4;
}

/* libcurl itself takes localhost for loopback, whatever a name server says. */
bool url_host_is_loopback(struct str host) {
    return str_eq_nocase(host, STR("localhost")) || str_is(host, "[::1]") || is_loopback4(host);
}

bool url_is_safe(struct str url) {
    struct url u;
    return url_parse(url, &u) && (u.https || url_host_is_loopback(u.host));
}

struct str url_shown(struct str url) {
    struct str to_query = str_sub(url, 0, str_find_char(url, '?'));
    return str_sub(to_query, 0, str_find_char(to_query, '#'));
}

/* RFC 3986 3.1: letters, digits, "+-." up to the first colon, before any slash. */
static bool has_scheme(struct str reference) {
    for (size_t i = 0; i < reference.n; i++) {
        char c = reference.p[i];
        if (c == ':') {
            return i > 0 && is_letter(reference.p[0]);
        }
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') {
            return false;
        }
    }
    return false;
}

/* What comes before a relative reference: everything up to the last slash of the path. */
static struct str directory_of(struct arena *a, const struct url *base) {
    struct str path = url_shown(base->rest);
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/') {
        n--;
    }
    return n == 0 ? str_format(a, "%.*s/", STR_ARG(base->origin))
                  : str_format(a, "%.*s%.*s", STR_ARG(base->origin), (int)n, path.p);
}

bool url_resolve(struct arena *a, struct str base, struct str reference, struct str *ret_url) {
    struct url u;
    struct str ref = str_sub(reference, 0, str_find_char(reference, '#'));
    struct str before = STR_NONE;
    if (!url_parse(base, &u) || ref.n > URL_MAX || ref.n == 0) {
        return false;
    }
    if (str_starts(ref, "//")) {
        before = u.https ? STR("https:") : STR("http:");
    } else if (ref.p[0] == '/') {
        before = u.origin;
    } else if (ref.p[0] == '?') {
        before = url_shown(base);
    } else if (!has_scheme(ref)) {
        before = directory_of(a, &u);
    }
    struct str whole = str_format(a, "%.*s%.*s", STR_ARG(before), STR_ARG(ref));
    if (!url_parse(whole, &u)) {
        return false;
    }
    *ret_url = whole;
    return true;
}
