/* SPDX-License-Identifier: Apache-2.0 */
/* Which headers pass the proxy: those that speak to the other end, not to the next hop, and none
 * that is the proxy's or the library's own business (SECURITY `proxy-headers`). */
#include "proxy.h"

/* RFC 9110 7.6.1, and what HTTP/1 libraries add to it. */
static const char *const hop_by_hop[] = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
};
/* Who the program is to the platform says the token alone; the length is written anew; what a
 * browser says of its page was judged here and means nothing further on. */
static const char *const not_sent[] = {
    "authorization", "cookie", "cookie2", "host",      "content-length", "content-type",  "expect",
    "forwarded",     "origin", "referer", "x-real-ip", "x-original-url", "x-rewrite-url",
};
static const char *const not_sent_prefixes[] = {"x-forwarded-", "sec-fetch-",
                                                "access-control-request-"};
/* Cookies of the platform would be kept for every port of the loopback address; what it says to
 * browsers about its own host is untrue of the proxy's. */
static const char *const not_returned[] = {
    "set-cookie", "set-cookie2", "content-length", "strict-transport-security", "alt-svc",
};
static const char *const not_returned_prefixes[] = {"access-control-"};

static bool is_in(const char *const *list, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++) {
        if (str_eq_nocase(str_from(list[i]), name)) {
            return true;
        }
    }
    return false;
}

static bool begins_as(const char *const *list, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++) {
        if (str_starts_nocase(name, list[i])) {
            return true;
        }
    }
    return false;
}

static bool connection_names(const struct field *fields, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++) {
        struct str list = fields[i].value, part;
        if (!str_eq_nocase(fields[i].name, STR("connection"))) {
            continue;
        }
        while (str_next(&list, ',', &part)) {
            if (str_eq_nocase(str_trim(part), name)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_of_this_hop(const struct field *fields, size_t n, struct str name) {
    return is_in(hop_by_hop, COUNT_OF(hop_by_hop), name) || connection_names(fields, n, name);
}

bool proxy_sends(const struct field *fields, size_t n, struct str name) {
    return !is_of_this_hop(fields, n, name) && !is_in(not_sent, COUNT_OF(not_sent), name) &&
           !begins_as(not_sent_prefixes, COUNT_OF(not_sent_prefixes), name);
}

bool proxy_returns(const struct field *fields, size_t n, struct str name) {
    return !is_of_this_hop(fields, n, name) && !is_in(not_returned, COUNT_OF(not_returned), name) &&
           !begins_as(not_returned_prefixes, COUNT_OF(not_returned_prefixes), name);
}

struct str proxy_location(struct arena *a, struct str location, struct str endpoint,
                          struct str authority) {
    while (endpoint.n > 0 && endpoint.p[endpoint.n - 1] == '/') {
        endpoint.n--;
    }
    struct str start = str_sub(location, 0, endpoint.n);
    struct str rest = str_sub(location, endpoint.n, location.n);
    bool ours = endpoint.n > 0 && str_eq_nocase(start, endpoint) &&
                (rest.n == 0 || rest.p[0] == '/' || rest.p[0] == '?');
    return ours ? str_format(a, "http://%.*s%.*s", STR_ARG(authority), STR_ARG(rest)) : location;
}
