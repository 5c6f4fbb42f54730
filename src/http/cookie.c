/* SPDX-License-Identifier: Apache-2.0 */
/* The Cookie header (RFC 6265 4.2.1): values are opaque and stay as sent. */
#include "http.h"

static struct str unquoted(struct str value) {
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
        return str_sub(value, 1, value.n - 2);
    }
    return value;
}

err cookie_parse(struct ctx *cx, struct str header, struct params *ret_cookies) {
    if (header.n > HTTP_COOKIE_MAX) {
        return fail_say(cx, ERR_HEADER_TOO_LARGE, "More than %d bytes of cookies.",
                        HTTP_COOKIE_MAX);
    }
    struct params cookies = {NULL, 0};
    struct str part;
    while (str_next(&header, ';', &part)) {
        part = str_trim(part);
        size_t at = str_find_char(part, '=');
        if (at == 0 || at == part.n) {
            continue; /* what browsers keep from careless pages: no name, or no value */
        }
        if (cookies.n == HTTP_COOKIES_MAX) {
            return fail_say(cx, ERR_HEADER_TOO_LARGE, "More than %d cookies.", HTTP_COOKIES_MAX);
        }
        if (cookies.v == NULL) {
            cookies.v = NEW_ARRAY(cx->arena, HTTP_COOKIES_MAX, struct param);
        }
        cookies.v[cookies.n].name = str_trim(str_sub(part, 0, at));
        cookies.v[cookies.n].value = unquoted(str_trim(str_sub(part, at + 1, part.n - at - 1)));
        cookies.n++;
    }
    *ret_cookies = cookies;
    return OK;
}
