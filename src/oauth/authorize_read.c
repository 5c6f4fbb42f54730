/* SPDX-License-Identifier: Apache-2.0 */
/* An authorization request (OpenID Connect Core 3.1.2.1, 3.2.2.1, 3.3.2.1; RFC 6749 4.1.1; RFC
 * 9700): read from query and body, checked in the order that decides where an error may go. First
 * client and redirect_uri, whose errors are pages; then state and response mode, which every
 * redirect needs; then all the rest. */
#include "oauth_internal.h"

static err parameters_merge(struct ctx *cx, const struct request *rq, struct params *ret_all) {
    struct params form = {0};
    if (rq->method == HTTP_POST) {
        /* Strictly, unlike elsewhere (PROTOCOL 12.2): what does not decode could not be returned
         * byte for byte. */
        const struct form_rules rules = {.max = HTTP_FORM_MAX, .plus = true};
        TRY(form_parse(cx, rq->body, &rules, &form));
    }
    size_t n = rq->query.n + form.n;
    struct params all = {NEW_ARRAY(cx->arena, n + 1, struct param), n};
    for (size_t i = 0; i < n; i++) {
        all.v[i] = i < rq->query.n ? rq->query.v[i] : form.v[i - rq->query.n];
    }
    *ret_all = all;
    return OK;
}

/* RFC 6749 3.1: without a value is as if it were not there. */
static struct str given(struct str value) {
    return str_empty(value) ? STR_NONE : value;
}

err authorize_param(struct ctx *cx, const struct params *all, const char *name, size_t max,
                    struct str *ret) {
    struct str value;
    TRY(params_one(cx, all, name, &value));
    if (value.n > max) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s is longer than %zu bytes.", name, max);
    }
    *ret = given(value);
    return OK;
}

/* The value, if it comes once and within its bound; whether it does not is asked later. */
static struct str peek(const struct params *all, const char *name, size_t max) {
    struct str value = STR_NONE;
    for (size_t i = 0; i < all->n; i++) {
        if (str_is(all->v[i].name, name)) {
            if (value.p != NULL) {
                return STR_NONE;
            }
            value = all->v[i].value;
        }
    }
    return value.n <= max ? given(value) : STR_NONE;
}

/* RFC 6749 3.1: no parameter twice, known or not (SECURITY `param-pollution`). */
static err once_check(struct ctx *cx, const struct params *all) {
    for (size_t i = 0; i < all->n; i++) {
        for (size_t k = i + 1; k < all->n; k++) {
            if (str_eq(all->v[i].name, all->v[k].name)) {
                struct str name = str_sub(all->v[i].name, 0, 64);
                return fail_say(cx, ERR_INVALID_REQUEST, "The parameter %.*s comes twice.",
                                STR_ARG(name));
            }
        }
    }
    return OK;
}

/* ---- what is answered with a page ---- */

err authorize_application(struct ctx *cx, struct str tenant_id, struct authorize *r) {
    struct application *a = &r->application;
    err e = application_find(cx, tenant_id, a->application_id, a);
    if (e == ERR_NOT_FOUND) {
        return fail_say(cx, ERR_INVALID_CLIENT, "No application has this client_id.");
    }
    TRY(e);
    return client_check_alive(cx, a);
}

static err client_read(struct ctx *cx, const struct request *rq, const struct params *all,
                       struct authorize *r) {
    struct str client_id;
    TRY(authorize_param(cx, all, "client_id", AUTHORIZE_WORD_MAX, &client_id));
    if (client_id.p == NULL) {
        return fail_say(cx, ERR_INVALID_REQUEST, "client_id is missing.");
    }
    err e = client_find(cx, rq->environment->id, client_id, &r->application);
    if (e == ERR_NOT_FOUND) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        ends_with_space(client_id)
                            ? "No application has this client_id. It ends with a space."
                            : "No application has this client_id.");
    }
    TRY(e);
    return authorize_application(cx, r->application.tenant_id, r);
}

err authorize_redirect_check(struct ctx *cx, const struct authorize *r) {
    if (!redirect_uri_registered(cx, &r->application, r->redirect_uri)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "redirect_uri is none of those that the application '%.*s' registered. It "
                        "must be one of them, character for character.",
                        STR_ARG(r->application.name));
    }
    return OK;
}

static err redirect_read(struct ctx *cx, const struct params *all, struct authorize *r) {
    TRY(authorize_param(cx, all, "redirect_uri", AUTHORIZE_URI_MAX, &r->redirect_uri));
    if (r->redirect_uri.p == NULL) {
        return fail_say(cx, ERR_INVALID_REQUEST, "redirect_uri is missing.");
    }
    return authorize_redirect_check(cx, r);
}

/* ---- how errors go back ---- */

/* RFC 6749 A.5 has no controls in state; a form would not return them byte for byte. */
static bool has_controls(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

/* OAuth 2.0 Multiple Response Types 3, 5: tokens do not travel in a query. */
bool authorize_mode_fits(struct str mode, unsigned response_type) {
    bool tokens = (response_type & (RESPONSE_TOKEN | RESPONSE_ID_TOKEN)) != 0;
    return str_is(mode, "fragment") || str_is(mode, "form_post") ||
           (str_is(mode, "query") && !tokens);
}

/* As far as it can be told: the best that is known for an answer that says what is wrong. */
static void channel_guess(const struct params *all, struct authorize *r) {
    struct str state = peek(all, "state", AUTHORIZE_STATE_MAX);
    struct str mode = peek(all, "response_mode", AUTHORIZE_WORD_MAX);
    r->state = has_controls(state) ? STR_NONE : state;
    r->response_type = response_type_parse(peek(all, "response_type", AUTHORIZE_WORD_MAX));
    r->response_mode =
        authorize_mode_fits(STR("query"), r->response_type) ? STR("query") : STR("fragment");
    if (authorize_mode_fits(mode, r->response_type)) {
        r->response_mode = mode;
    }
}

static err channel_check(struct ctx *cx, const struct params *all, const struct authorize *r) {
    struct str text;
    TRY(authorize_param(cx, all, "state", AUTHORIZE_STATE_MAX, &text));
    if (has_controls(text)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "state has control characters.");
    }
    TRY(authorize_param(cx, all, "response_type", AUTHORIZE_WORD_MAX, &text));
    if (text.p == NULL) {
        return fail_say(cx, ERR_INVALID_REQUEST, "response_type is missing.");
    }
    TRY(authorize_param(cx, all, "response_mode", AUTHORIZE_WORD_MAX, &text));
    if (text.p != NULL && !authorize_mode_fits(text, r->response_type)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        str_is(text, "query")
                            ? "response_mode=query is not for response types that return tokens."
                            : "response_mode must be query, fragment or form_post.");
    }
    return authorize_type_check(cx, r);
}

err authorize_type_check(struct ctx *cx, const struct authorize *r) {
    const struct application *a = &r->application;
    if (r->response_type == 0) {
        return fail_say(cx, ERR_UNSUPPORTED_RESPONSE_TYPE,
                        "response_type must be made of code, id_token and token.");
    }
    if (!grant_allows(grant_find(STR("authorization_code")), a)) {
        return fail_say(cx, ERR_UNAUTHORIZED_CLIENT,
                        "An application of type %.*s has no users that sign in.", STR_ARG(a->type));
    }
    if (!response_type_registered(cx, a, r->response_type)) {
        return fail_say(cx, ERR_UNAUTHORIZED_CLIENT,
                        "The application is not registered for this response_type.");
    }
    return OK;
}

err authorize_known_read(struct ctx *cx, const struct request *rq, const struct params *all,
                         struct authorize *r, bool *ret_redirects) {
    TRY(redirect_read(cx, all, r));
    *ret_redirects = true;
    channel_guess(all, r);
    /* Core 6: refused before anything in them could matter. */
    if (params_has(all, "request")) {
        return fail(cx, ERR_REQUEST_NOT_SUPPORTED, "a request object");
    }
    if (params_has(all, "request_uri")) {
        return fail(cx, ERR_REQUEST_URI_NOT_SUPPORTED, "a request_uri");
    }
    TRY(channel_check(cx, all, r));
    TRY(once_check(cx, all));
    return authorize_rest_read(cx, rq, all, r);
}

err authorize_read(struct ctx *cx, const struct request *rq, struct authorize *ret,
                   bool *ret_redirects) {
    struct params all;
    *ret_redirects = false;
    *ret = (struct authorize){.max_age = -1, .response_mode = STR("query")};
    TRY(parameters_merge(cx, rq, &all));
    TRY(client_read(cx, rq, &all, ret));
    return authorize_known_read(cx, rq, &all, ret, ret_redirects);
}
