/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers ask of a request: headers, credentials, parameters. */
#include "http.h"

#include <string.h>

struct str request_header(const struct request *rq, const char *name) {
    size_t n = strlen(name);
    for (size_t i = 0; i < rq->headers.n; i++) {
        const struct param *h = &rq->headers.v[i];
        if (h->name.n == n && memcmp(h->name.p, name, n) == 0) {
            return h->value;
        }
    }
    return STR_NONE;
}

/* "Scheme rest"; false if the scheme is another one. */
static bool scheme_take(struct str header, const char *scheme, struct str *ret_rest) {
    size_t n = strlen(scheme);
    if (!str_starts_nocase(header, scheme)) {
        return false;
    }
    if (header.n > n && header.p[n] != ' ' && header.p[n] != '\t') {
        return false;
    }
    *ret_rest = str_trim(str_sub(header, n, header.n));
    return true;
}

err request_basic(struct ctx *cx, const struct request *rq, bool *ret_found, struct str *ret_user,
                  struct str *ret_password) {
    struct str header = str_trim(request_header(rq, "authorization")), encoded, text;
    if (str_empty(header) || !scheme_take(header, "basic", &encoded)) {
        *ret_found = false;
        return OK;
    }
    if (encoded.n == 0 || !base64_parse(cx->arena, encoded, &text) || !str_is_text(text)) {
        return fail_say(cx, ERR_INVALID_CLIENT, "The Basic header is not base64 of text.");
    }
    /* RFC 7617 2: the user has no ':', the password may. */
    size_t at = str_find_char(text, ':');
    if (at == text.n) {
        return fail_say(cx, ERR_INVALID_CLIENT, "The Basic header has no ':'.");
    }
    *ret_found = true;
    *ret_user = str_sub(text, 0, at);
    *ret_password = str_sub(text, at + 1, text.n);
    return OK;
}

err request_bearer(struct ctx *cx, const struct request *rq, struct str *ret_token) {
    struct str header = str_trim(request_header(rq, "authorization")), token;
    if (str_empty(header)) {
        *ret_token = STR_NONE;
        return OK;
    }
    if (!scheme_take(header, "bearer", &token) || token.n == 0) {
        return fail(cx, ERR_TOKEN_MISSING, "Authorization without a Bearer token");
    }
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] <= 0x20 || token.p[i] > 0x7e) {
            return fail(cx, ERR_INVALID_TOKEN, "not a token: blanks or controls in it");
        }
    }
    *ret_token = token;
    return OK;
}

static err json_scalar(struct ctx *cx, const json_t *value, const char *name, struct str *ret) {
    switch (json_typeof(value)) {
    case JSON_STRING:
        *ret = (struct str){json_string_value(value), json_string_length(value)};
        return OK;
    case JSON_INTEGER:
        *ret = str_format(cx->arena, "%lld", (long long)json_integer_value(value));
        return OK;
    case JSON_REAL:
        *ret = str_format(cx->arena, "%.17g", json_real_value(value));
        return OK;
    case JSON_TRUE:
        *ret = STR("true");
        return OK;
    case JSON_FALSE:
        *ret = STR("false");
        return OK;
    case JSON_NULL:
        *ret = STR_NONE;
        return OK;
    default:
        return fail_say(cx, ERR_INVALID_REQUEST, "%s must be text.", name);
    }
}

err request_param(struct ctx *cx, const struct request *rq, const char *name, struct str *ret) {
    struct str value = STR_NONE;
    bool present;
    if (rq->json != NULL) {
        if (!json_is_object(rq->json)) {
            return fail_say(cx, ERR_INVALID_REQUEST, "The body must be a JSON object.");
        }
        const json_t *member = json_object_get(rq->json, name);
        present = member != NULL;
        if (present) {
            TRY(json_scalar(cx, member, name, &value));
        }
    } else {
        TRY(params_one(cx, &rq->form, name, &value));
        present = params_has(&rq->form, name);
    }
    if (present && params_has(&rq->query, name)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "The parameter %s comes in the body and in the query.", name);
    }
    *ret = value;
    return OK;
}

err request_query(struct ctx *cx, const struct request *rq, const char *name, struct str *ret) {
    return params_one(cx, &rq->query, name, ret);
}
