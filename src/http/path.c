/* SPDX-License-Identifier: Apache-2.0 */
/* The path of a request target, decoded once. What two readers could take for two paths is refused,
 * not repaired. */
#include "http_internal.h"

static err segments_check(struct ctx *cx, struct str path) {
    struct str segment;
    while (str_next(&path, '/', &segment)) {
        if (str_is(segment, ".") || str_is(segment, "..")) {
            return fail_say(cx, ERR_INVALID_REQUEST, "The path has a '.' or '..' segment.");
        }
    }
    return OK;
}

static err bytes_check(struct ctx *cx, struct str path) {
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c < 0x20 || c == 0x7f || c == '\\') {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "The path has a control character or a backslash.");
        }
    }
    return OK;
}

static struct str slashes_collapsed(struct arena *a, struct str path) {
    char *to = arena_alloc(a, path.n);
    size_t n = 0;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] != '/' || n == 0 || to[n - 1] != '/') {
            to[n++] = path.p[i];
        }
    }
    return (struct str){to, n};
}

static bool has_slashes(struct str path) {
    for (size_t i = 1; i < path.n; i++) {
        if (path.p[i] == '/' && path.p[i - 1] == '/') {
            return true;
        }
    }
    return false;
}

static bool has_encoded_slash(struct str raw) {
    for (size_t i = 0; i + 2 < raw.n; i++) {
        if (raw.p[i] == '%' && raw.p[i + 1] == '2' && (raw.p[i + 2] | 0x20) == 'f') {
            return true;
        }
    }
    return false;
}

err path_read(struct ctx *cx, struct str raw, struct str *ret_path, bool *ret_slashes) {
    struct str path;
    if (raw.n == 0 || raw.p[0] != '/') {
        /* RFC 9112 3.2.2: absolute URIs are for proxies; the edge sends the origin form. */
        return fail_say(cx, ERR_INVALID_REQUEST, "The request target must begin with '/'.");
    }
    for (size_t i = 0; i < raw.n; i++) {
        unsigned char c = (unsigned char)raw.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '#') {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "The path has a character that must be percent-encoded.");
        }
    }
    if (has_encoded_slash(raw) || !percent_decode(cx->arena, raw, false, &path)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "The path is not percent-encoded UTF-8 without NUL and encoded '/'.");
    }
    TRY(bytes_check(cx, path));
    TRY(segments_check(cx, path));
    bool slashes = has_slashes(path);
    *ret_path = slashes ? slashes_collapsed(cx->arena, path) : path;
    *ret_slashes = slashes;
    return OK;
}
