/* SPDX-License-Identifier: Apache-2.0 */
/* Where an answer may go: an address that the application registered, byte for byte (RFC 9700 2.1,
 * OpenID Connect Core 3.1.2.1; SECURITY `redirect-exact`). Nothing is parsed, decoded or normalized
 * here, so nothing can be read in two ways; what may be registered at all is decided in model/. */
#include "oauth.h"

#define PORT_MAX 65535

/* RFC 8252 7.3: the two literals. `localhost` is a name, and names are matched whole. */
static const char *const loopback[] = {"http://127.0.0.1", "http://[::1]"};

/* What follows the port of "http://127.0.0.1[:port]..."; false: no such address. */
static bool loopback_rest(struct str uri, const char *prefix, struct str *ret_rest) {
    if (!str_starts(uri, prefix)) {
        return false;
    }
    struct str rest = str_sub(uri, str_from(prefix).n, uri.n);
    if (rest.n > 0 && rest.p[0] == ':') {
        size_t end = 1;
        while (end < rest.n && rest.p[end] >= '0' && rest.p[end] <= '9') {
            end++;
        }
        int64_t port = 0;
        if (end == 1 || end > 6 || rest.p[1] == '0' || !str_int(str_sub(rest, 1, end - 1), &port) ||
            port > PORT_MAX) {
            return false;
        }
        rest = str_sub(rest, end, rest.n);
    }
    if (rest.n > 0 && rest.p[0] != '/' && rest.p[0] != '?') {
        return false;
    }
    *ret_rest = rest;
    return true;
}

static bool matches(struct str registered, struct str uri) {
    if (str_eq(registered, uri)) {
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(loopback); i++) {
        struct str ours, theirs;
        if (loopback_rest(registered, loopback[i], &ours) &&
            loopback_rest(uri, loopback[i], &theirs)) {
            return str_eq(ours, theirs);
        }
    }
    return false;
}

static bool list_has(struct ctx *cx, struct str list, struct str uri) {
    json_t *uris;
    if (str_empty(uri) || str_empty(list) || json_parse(cx, list, &uris) != OK) {
        return false;
    }
    size_t i;
    const json_t *item;
    json_array_foreach(uris, i, item) {
        struct str registered = {json_string_value(item), json_string_length(item)};
        if (!str_empty(registered) && matches(registered, uri)) {
            return true;
        }
    }
    return false;
}

bool redirect_uri_registered(struct ctx *cx, const struct application *a, struct str redirect_uri) {
    return list_has(cx, a->redirects, redirect_uri);
}

bool logout_uri_registered(struct ctx *cx, const struct application *a, struct str uri) {
    return list_has(cx, a->logouts, uri);
}
