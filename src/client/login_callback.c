/* SPDX-License-Identifier: Apache-2.0 */
/* What the browser brings back from the authorization endpoint: a query that anybody may have
 * written. */
#include "client.h"

struct known {
    const char *name;
    struct str *value;
};

/* RFC 6749 3.1: no parameter twice (SECURITY param-pollution). Unknown ones are ignored. */
static bool pair_take(struct arena *a, struct str pair, const struct known *known, size_t n) {
    size_t equals = str_find_char(pair, '=');
    struct str name, value;
    if (!percent_decode(a, str_sub(pair, 0, equals), true, &name)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!str_is(name, known[i].name)) {
            continue;
        }
        if (known[i].value->p != NULL ||
            !percent_decode(a, str_sub(pair, equals + 1, pair.n), true, &value)) {
            return false;
        }
        *known[i].value = value.p != NULL ? value : STR("");
        return true;
    }
    return true;
}

bool login_callback_parse(struct arena *a, struct str text, struct login_callback *ret_callback) {
    struct login_callback c = {0};
    const struct known known[] = {{"code", &c.code},
                                  {"state", &c.state},
                                  {"iss", &c.iss},
                                  {"error", &c.error},
                                  {"error_description", &c.error_description}};
    if (text.p == NULL || text.n > URL_MAX) {
        return false;
    }
    struct str query = str_sub(text, 0, str_find_char(text, '#')), pair;
    size_t mark = str_find_char(query, '?');
    if (mark < query.n) {
        query = str_sub(query, mark + 1, query.n);
    }
    while (str_next(&query, '&', &pair)) {
        if (!pair_take(a, pair, known, COUNT_OF(known))) {
            return false;
        }
    }
    if (str_empty(c.code) == str_empty(c.error) || str_empty(c.state)) {
        return false;
    }
    *ret_callback = c;
    return true;
}
