/* SPDX-License-Identifier: Apache-2.0 */
/* Applies the columns of a route in their order: environment, CORS, limits, authentication, body;
 * then the handler. */
#include "http_internal.h"

static err path_find(struct ctx *cx, const struct route_table *t, struct request *rq,
                     struct reply *rp, const struct route_path **ret_path) {
    const struct route_path *path = route_table_path(t, rq->path, rq->slashes, rq->path_param);
    if (path == NULL && rq->slashes) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The path has an empty segment.");
    }
    if (path == NULL) {
        return fail_say(cx, ERR_NOT_FOUND, "Nothing answers this path.");
    }
    *ret_path = path;
    rq->route = route_path_row(path, rq->method);
    if (rq->route == NULL && rq->method != HTTP_OPTIONS) {
        /* RFC 9110 15.5.6: with the list of what is answered. */
        reply_header(rp, "Allow", str_from(path->allow));
        rp->headers_kept = rp->headers_n;
        return fail_say(cx, ERR_METHOD_NOT_ALLOWED, "This path answers %s only.", path->allow);
    }
    return OK;
}

/* The row that a preflight asks about; a method that nobody answers: any of the path's. */
static const struct route *asked_row(const struct route_path *path, const struct request *rq) {
    struct str method = request_header(rq, "access-control-request-method");
    const struct route *any = NULL;
    for (size_t i = 0; i < ROUTE_METHODS; i++) {
        const struct route *row = path->rows[i];
        if (row == NULL) {
            continue;
        }
        any = any != NULL ? any : row;
        for (int bit = HTTP_GET; bit <= HTTP_DELETE; bit <<= 1) {
            if ((row->methods & bit) != 0 && str_is(method, http_method_name(bit))) {
                return row;
            }
        }
    }
    return any;
}

/* Without authentication (PROTOCOL 12.6). */
static err options_answer(struct ctx *cx, const struct http_hooks *hooks, struct request *rq,
                          const struct route_path *path, struct reply *rp) {
    rq->route = asked_row(path, rq);
    TRY(cors_apply(cx, hooks, rq, rq->route->cors, rp));
    reply_header(rp, "Allow", str_from(path->allow));
    if (rq->route->cors != CORS_NONE && cors_is_preflight(rq)) {
        cors_preflight(cx, rq, path->allow, rp);
    }
    rp->status = 204;
    return OK;
}

static err json_read(struct ctx *cx, struct request *rq, struct str text) {
    json_t *json;
    if (text.n == 0) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The body must be JSON; it is empty.");
    }
    TRY(json_parse(cx, text, &json));
    rq->json = json;
    return OK;
}

static err form_read(struct ctx *cx, struct request *rq, struct str text) {
    /* PROTOCOL 12.2: values come unescaped too. */
    const struct form_rules rules = {.max = HTTP_FORM_MAX, .plus = true, .tolerant = true};
    bool multipart = str_starts_nocase(request_header(rq, "content-type"), "multipart/");
    if (multipart || (text.n > 0 && str_find_char(text, '=') == text.n)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "The body is no form: send application/x-www-form-urlencoded%s.",
                        rq->route->body == BODY_FORM_OR_JSON ? " or JSON" : "");
    }
    return form_parse(cx, text, &rules, &rq->form);
}

static err body_read(struct ctx *cx, struct request *rq) {
    enum body_kind kind = rq->route->body;
    if (kind == BODY_NONE) {
        return OK;
    }
    struct str text = str_trim(rq->body);
    if (kind == BODY_JSON || (kind == BODY_FORM_OR_JSON && text.n > 0 && text.p[0] == '{')) {
        return json_read(cx, rq, text);
    }
    return form_read(cx, rq, text);
}

static err columns_apply(struct ctx *cx, const struct http_hooks *hooks, struct request *rq,
                         struct reply *rp) {
    TRY(cors_apply(cx, hooks, rq, rq->route->cors, rp));
    TRY(limits_admit(cx, rq, rp));
    if (rq->route->auth == AUTH_BEARER) {
        if (hooks->bearer == NULL) {
            return fail(cx, ERR_INTERNAL, "no bearer hook");
        }
        TRY(hooks->bearer(cx, rq, rp));
    }
    return body_read(cx, rq);
}

static err dispatch(struct ctx *cx, const struct route_table *t, const struct http_hooks *hooks,
                    struct request *rq, struct reply *rp) {
    const struct route_path *path;
    TRY(path_find(cx, t, rq, rp, &path));
    if (hooks->environment != NULL) {
        TRY(hooks->environment(cx, rq));
    }
    if (rq->method == HTTP_OPTIONS) {
        return options_answer(cx, hooks, rq, path, rp);
    }
    TRY(columns_apply(cx, hooks, rq, rp));
    return rq->route->handle(cx, rq, rp);
}

void route_dispatch(struct ctx *cx, const struct route_table *t, const struct http_hooks *hooks,
                    struct request *rq, struct reply *rp) {
    *rp = (struct reply){.status = 0};
    rq->hooks = hooks;
    route_finish(cx, rq, dispatch(cx, t, hooks, rq, rp), rp);
}

void route_again(struct ctx *cx, struct request *rq, struct reply *rp) {
    struct reply fresh = {.headers_n = rp->headers_kept,
                          .headers_kept = rp->headers_kept,
                          .tenant_id = rp->tenant_id,
                          .client_id = rp->client_id};
    for (size_t i = 0; i < fresh.headers_n; i++) {
        fresh.headers[i] = rp->headers[i];
    }
    *rp = fresh;
    route_finish(cx, rq, rq->route->handle(cx, rq, rp), rp);
}

/* An address that was mistyped: a browser that goes there (Fetch 2.2.5) gets a page. */
static enum error_style style_of(const struct request *rq) {
    if (rq->route != NULL) {
        return rq->route->errors;
    }
    return str_is(request_header(rq, "sec-fetch-mode"), "navigate") ? ERRORS_PAGE : ERRORS_API;
}

void route_finish(struct ctx *cx, struct request *rq, err result, struct reply *rp) {
    if (result != OK) {
        error_reply(cx, rq, style_of(rq), result, rp);
        rp->outcome = result;
    } else if (rp->status == 0) {
        rp->status = 200;
    }
}
