/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a request is the browser's way back from signing in. Whoever is on this machine, and any
 * page in the browser, can send others. */
#include "login.h"

static bool line_next(struct str *rest, struct str *ret_line) {
    if (!str_next(rest, '\n', ret_line)) {
        return false;
    }
    if (ret_line->n > 0 && ret_line->p[ret_line->n - 1] == '\r') {
        ret_line->n--;
    }
    return true;
}

/* RFC 9112 3: GET, target and version, one space between them. */
static bool target_of(struct str line, struct str *ret_target) {
    struct str method, target;
    if (!str_next(&line, ' ', &method) || !str_next(&line, ' ', &target)) {
        return false;
    }
    bool http = str_is(line, "HTTP/1.1") || str_is(line, "HTTP/1.0");
    *ret_target = target;
    return http && str_is(method, "GET");
}

static bool is_plain(struct str target) {
    for (size_t i = 0; i < target.n; i++) {
        if (target.p[i] <= ' ' || target.p[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* One Host, and this one: a name that somebody else's DNS points here is another (RFC 9112 3.2). */
static bool host_is(struct str rest, struct str authority) {
    struct str line;
    int hosts = 0;
    bool good = false;
    while (line_next(&rest, &line) && line.n > 0) {
        if (str_starts_nocase(line, "host:")) {
            hosts++;
            good = str_eq(str_trim(str_sub(line, 5, line.n)), authority);
        }
    }
    return good && hosts == 1;
}

bool login_request_query(struct str head, struct str authority, struct str *ret_query) {
    struct str line, target, rest = head;
    if (!line_next(&rest, &line) || !target_of(line, &target) || !is_plain(target)) {
        return false;
    }
    if (!str_starts(target, LOGIN_PATH "?") || !host_is(rest, authority)) {
        return false;
    }
    *ret_query = str_sub(target, sizeof LOGIN_PATH, target.n);
    return true;
}
