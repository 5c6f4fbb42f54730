/* SPDX-License-Identifier: Apache-2.0 */
/* application/x-www-form-urlencoded, as bodies and as queries. */
#include "http.h"

static size_t pairs_count(struct str text) {
    struct str part;
    size_t n = 0;
    while (str_next(&text, '&', &part)) {
        n += part.n > 0 ? 1 : 0;
    }
    return n;
}

static struct param pair_split(struct str pair) {
    size_t at = str_find_char(pair, '=');
    size_t value = at < pair.n ? at + 1 : pair.n;
    return (struct param){{pair.p, at}, {pair.p + value, pair.n - value}};
}

static err pair_read(struct ctx *cx, struct str pair, const struct form_rules *rules,
                     struct param *ret) {
    struct param raw = pair_split(pair), decoded;
    if (percent_decode(cx->arena, raw.name, rules->plus, &decoded.name) &&
        percent_decode(cx->arena, raw.value, rules->plus, &decoded.value)) {
        *ret = decoded;
        return OK;
    }
    if (!rules->tolerant) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "A parameter is not percent-encoded UTF-8 text without NUL.");
    }
    *ret = raw;
    return OK;
}

err form_parse(struct ctx *cx, struct str text, const struct form_rules *rules,
               struct params *ret_params) {
    size_t n = pairs_count(text);
    if (n > rules->max) {
        return fail_say(cx, ERR_INVALID_REQUEST, "More than %zu parameters.", rules->max);
    }
    struct params params = {NEW_ARRAY(cx->arena, n, struct param), 0};
    struct str pair;
    while (str_next(&text, '&', &pair)) {
        if (pair.n > 0) {
            TRY(pair_read(cx, pair, rules, &params.v[params.n]));
            params.n++;
        }
    }
    *ret_params = params;
    return OK;
}

err params_one(struct ctx *cx, const struct params *params, const char *name, struct str *ret) {
    struct str found = STR_NONE;
    bool seen = false;
    for (size_t i = 0; i < params->n; i++) {
        if (!str_is(params->v[i].name, name)) {
            continue;
        }
        if (seen) {
            /* RFC 6749 3.2: parameters MUST NOT be included more than once. */
            return fail_say(cx, ERR_INVALID_REQUEST, "The parameter %s comes twice.", name);
        }
        seen = true;
        found = params->v[i].value;
    }
    *ret = found;
    return OK;
}

bool params_has(const struct params *params, const char *name) {
    for (size_t i = 0; i < params->n; i++) {
        if (str_is(params->v[i].name, name)) {
            return true;
        }
    }
    return false;
}
