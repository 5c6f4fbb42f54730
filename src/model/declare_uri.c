/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in a declaration: issuers, origins, redirects, host templates. Stricter than RFC 3986
 * on purpose: what is compared byte for byte later must have one spelling only. */
#include "declare.h"

#define PORT_DIGITS_MAX 5

struct uri {
    struct str scheme, host, port, rest; /* rest: path and query */
};

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Labels of lower-case letters, digits and inner hyphens. */
static bool host_ok(struct str host) {
    if (str_empty(host) || host.n > 253) {
        return false;
    }
    struct str label;
    while (str_next(&host, '.', &label)) {
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-') {
            return false;
        }
        for (size_t i = 0; i < label.n; i++) {
            if (!is_lower(label.p[i]) && !is_digit(label.p[i]) && label.p[i] != '-') {
                return false;
            }
        }
    }
    return true;
}

static bool port_ok(struct str port) {
    int64_t n;
    return port.n > 0 && port.n <= PORT_DIGITS_MAX && port.p[0] != '0' && str_int(port, &n) &&
           n >= 1 && n <= 65535;
}

static bool scheme_ok(struct str scheme) {
    if (str_empty(scheme) || !is_lower(scheme.p[0])) {
        return false;
    }
    for (size_t i = 0; i < scheme.n; i++) {
        char c = scheme.p[i];
        if (!is_lower(c) && !is_digit(c) && c != '.' && c != '+' && c != '-') {
            return false;
        }
    }
    return true;
}

/* The host of "host", "host:port" or "[::1]:port". */
static bool authority_parse(struct str authority, struct uri *u) {
    size_t end = str_find_char(authority, ':');
    bool v6 = str_starts(authority, "[::1]");
    if (v6) {
        end = 5;
    }
    u->host = str_sub(authority, 0, end);
    u->port = end < authority.n ? str_sub(authority, end + 1, authority.n) : STR_NONE;
    if (end < authority.n && (authority.p[end] != ':' || !port_ok(u->port))) {
        return false;
    }
    return v6 || host_ok(u->host);
}

/* scheme://authority rest */
static bool uri_parse(struct str text, struct uri *u) {
    size_t colon = str_find_char(text, ':');
    u->scheme = str_sub(text, 0, colon);
    struct str after = str_sub(text, colon, text.n);
    if (!scheme_ok(u->scheme) || !str_starts(after, "://")) {
        return false;
    }
    after = str_sub(after, 3, after.n);
    size_t end = 0;
    while (end < after.n && after.p[end] != '/' && after.p[end] != '?') {
        end++;
    }
    u->rest = str_sub(after, end, after.n);
    return authority_parse(str_sub(after, 0, end), u);
}

static bool host_is_loopback(struct str host) {
    return str_is(host, "localhost") || str_is(host, "127.0.0.1") || str_is(host, "[::1]");
}

static bool scheme_is_safe(const struct uri *u) {
    return str_is(u->scheme, "https") || (str_is(u->scheme, "http") && host_is_loopback(u->host));
}

/* SECURITY redirect-exact: one spelling, nothing that two parsers read differently. */
static const char *spelling_check(struct str uri) {
    if (str_empty(uri) || uri.n > DECLARE_TEXT_MAX) {
        return "it must be an absolute address of at most 2000 characters";
    }
    for (size_t i = 0; i < uri.n; i++) {
        char c = uri.p[i];
        if (c <= ' ' || c > '~' || str_find_char(STR("\\\"<>^`{|}"), c) < 9) {
            return "no spaces, backslashes, control or non-ASCII characters; percent-encode them";
        }
        if (c == '*') {
            return "wildcards are not matched; write each address out";
        }
        if (c == '#') {
            return "no fragment (RFC 6749 3.1.2); drop what follows '#'";
        }
    }
    return NULL;
}

static int hex_value(char c) {
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* %XX of characters that mean something, or need no encoding, or are the percent sign itself. */
static const char *percent_check(struct str uri) {
    for (size_t i = 0; i < uri.n; i++) {
        if (uri.p[i] != '%') {
            continue;
        }
        int high = i + 2 < uri.n ? hex_value(uri.p[i + 1]) : -1;
        int low = i + 2 < uri.n ? hex_value(uri.p[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return "a percent sign needs two hexadecimal digits";
        }
        int byte = high * 16 + low;
        if (byte < ' ' || byte == 127 || str_find_char(STR("./\\%@:"), (char)byte) < 6) {
            return "no encoded dots, slashes, backslashes, percent signs or control characters";
        }
    }
    return NULL;
}

static const char *path_check(struct str rest) {
    struct str path = str_sub(rest, 0, str_find_char(rest, '?'));
    struct str segment;
    while (str_next(&path, '/', &segment)) {
        if (str_is(segment, ".") || str_is(segment, "..")) {
            return "no '.' or '..' in the path";
        }
    }
    return NULL;
}

bool declare_redirect_is_private_use(struct str uri) {
    return !str_starts(uri, "https:") && !str_starts(uri, "http:");
}

/* RFC 8252 7.1: a reversed domain name as the scheme. */
static const char *private_use_check(struct str uri) {
    size_t colon = str_find_char(uri, ':');
    struct str scheme = str_sub(uri, 0, colon);
    bool reversed = str_find_char(scheme, '.') < scheme.n && !str_ends(scheme, ".");
    if (colon == uri.n || !scheme_ok(scheme) || !reversed ||
        !str_starts(str_sub(uri, colon, uri.n), ":/")) {
        return "it must be https://..., http://localhost..., or for an app of type public "
               "com.example.app:/...";
    }
    struct str rest = str_sub(uri, colon + 1, uri.n);
    return str_find_char(rest, '@') < rest.n ? "no user information ('@')" : path_check(rest);
}

static const char *web_check(struct str uri) {
    struct uri u;
    size_t authority = str_starts(uri, "https://") ? 8 : 7;
    struct str after = str_sub(uri, authority, uri.n);
    size_t at = str_find_char(after, '@'), end = str_find_char(after, '/');
    if (at < after.n && at < end && at < str_find_char(after, '?')) {
        return "no user information ('@' before the host)";
    }
    if (!uri_parse(uri, &u)) {
        return "it must be scheme://host[:port]/path with scheme and host in lower case";
    }
    if (!scheme_is_safe(&u)) {
        return "http is for localhost, 127.0.0.1 and [::1] only; use https";
    }
    return path_check(u.rest);
}

/* An encoded name of a query, as an application reads it. */
static bool name_is(struct str encoded, const char *name) {
    size_t i = 0;
    for (; i < encoded.n && *name != '\0'; name++) {
        bool percent = encoded.p[i] == '%';
        int c =
            percent ? hex_value(encoded.p[i + 1]) * 16 + hex_value(encoded.p[i + 2]) : encoded.p[i];
        if (c != *name) {
            return false;
        }
        i += percent ? 3 : 1;
    }
    return i == encoded.n && *name == '\0';
}

/* What an answer brings comes from the answer alone (RFC 6749 4.1.2, 4.2.2; RFC 9207 2; OpenID
 * Connect Core 3.3.2.5, Logout 3): of two `iss` an application may read the wrong one. */
static const char *query_check(struct str uri) {
    static const char *const answers[] = {
        "code",  "state",      "iss",        "error",    "error_description", "error_uri",
        "scope", "token_type", "expires_in", "id_token", "access_token",      "response"};
    struct str rest = str_sub(uri, str_find_char(uri, '?') + 1, uri.n), pair;
    while (str_next(&rest, '&', &pair)) {
        struct str name = str_sub(pair, 0, str_find_char(pair, '='));
        for (size_t i = 0; i < COUNT_OF(answers); i++) {
            if (name_is(name, answers[i])) {
                return "no parameter of an answer (code, state, iss, error, ...) in its query";
            }
        }
    }
    return NULL;
}

static const char *address_check(struct str uri) {
    const char *wrong = spelling_check(uri);
    wrong = wrong != NULL ? wrong : percent_check(uri);
    if (wrong != NULL) {
        return wrong;
    }
    return declare_redirect_is_private_use(uri) ? private_use_check(uri) : web_check(uri);
}

const char *declare_redirect_check(struct ctx *cx, struct str uri) {
    (void)cx;
    const char *wrong = address_check(uri);
    return wrong != NULL ? wrong : query_check(uri);
}

const char *declare_origin_check(struct ctx *cx, struct str origin) {
    (void)cx;
    struct uri u;
    if (!uri_parse(origin, &u) || u.rest.n > 0) {
        return "it must be scheme://host[:port] in lower case and nothing more, "
               "e.g. https://app.example.com";
    }
    if (!scheme_is_safe(&u)) {
        return "http is for localhost, 127.0.0.1 and [::1] only; use https";
    }
    /* RFC 6454 6.2: browsers leave the default port out. */
    bool redundant = str_is(u.port, str_is(u.scheme, "https") ? "443" : "80");
    return redundant ? "browsers leave the default port out; so must this" : NULL;
}

const char *declare_issuer_check(struct ctx *cx, struct str issuer) {
    const char *wrong = declare_origin_check(cx, issuer);
    return wrong == NULL ? NULL
                         : "it must be https://host[:port], or http:// on localhost, without path, "
                           "query, fragment or trailing slash";
}

/* Whether a loopback address is fetched is a setting: allow_private_fetch. */
const char *declare_fetch_check(struct ctx *cx, struct str uri) {
    (void)cx;
    bool web = str_starts(uri, "https://") || str_starts(uri, "http://");
    return web ? address_check(uri) : "it must be an https:// address, or http:// on localhost";
}

bool declare_is_loopback(struct str origin) {
    struct uri u;
    return uri_parse(origin, &u) && host_is_loopback(u.host);
}

/* With each {placeholder} as a letter: what remains must be a plain host. */
static struct str filled(struct ctx *cx, struct str pattern) {
    static const char *const names[] = {"{area}", "{cluster}", "{domain}", "{acdDomain}",
                                        "{uhDomain}"};
    struct buf b = buf_in(cx->arena, pattern.n + 1);
    for (size_t i = 0; i < pattern.n;) {
        struct str rest = str_sub(pattern, i, pattern.n);
        size_t skip = 0;
        for (size_t k = 0; k < COUNT_OF(names) && skip == 0; k++) {
            skip = str_starts(rest, names[k]) ? str_from(names[k]).n : 0;
        }
        buf_char(&b, skip > 0 ? 'x' : pattern.p[i]);
        i += skip > 0 ? skip : 1;
    }
    return buf_view(&b);
}

const char *declare_template_check(struct ctx *cx, struct str pattern) {
    return declare_origin_check(cx, filled(cx, pattern)) == NULL
               ? NULL
               : "it must be scheme://host[:port] made with {area}, {cluster}, {domain}, "
                 "{acdDomain}, "
                 "{uhDomain}, e.g. https://api-{area}.{domain}";
}

const char *declare_alias_check(struct ctx *cx, struct str host) {
    struct uri u;
    return authority_parse(filled(cx, host), &u)
               ? NULL
               : "it must be a host name in lower case, e.g. api.cxone.com or "
                 "{area}.nice-incontact.com";
}

const char *declare_domain_check(struct ctx *cx, struct str host) {
    (void)cx;
    return host_ok(host) ? NULL : "it must be a domain in lower case, e.g. niceincontact.com";
}
