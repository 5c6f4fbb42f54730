/* SPDX-License-Identifier: Apache-2.0 */
/* Which browsers may call (PROTOCOL 9): judged before authentication, so that a token does not help
 * an origin that nobody registered. */
#include "http_internal.h"

#define MAX_AGE           "600" /* seconds a browser keeps a preflight's answer */
#define EXPOSED           "CorrelationId, Retry-After, WWW-Authenticate"
#define ASKED_HEADERS_MAX 1024

/* Fetch: an origin is scheme://host[:port], or "null" for what has none (sandboxed frames, files).
 */
static bool is_same_origin(const struct request *rq) {
    struct str origin = rq->origin;
    /* A page whose own name was made to lead here (DNS rebinding) is of no origin of ours. */
    if (!rq->host_known || rq->host.n == 0 || origin.n != rq->scheme.n + 3 + rq->host.n) {
        return false;
    }
    return str_eq_nocase(str_sub(origin, 0, rq->scheme.n), rq->scheme) &&
           str_eq(str_sub(origin, rq->scheme.n, 3), STR("://")) &&
           str_eq_nocase(str_sub(origin, rq->scheme.n + 3, rq->host.n), rq->host);
}

static err registered_check(struct ctx *cx, const struct http_hooks *hooks,
                            const struct request *rq) {
    bool registered = false;
    if (!str_is(rq->origin, "null") && hooks->origin_registered != NULL) {
        TRY(hooks->origin_registered(cx, rq, &registered));
    }
    if (!registered) {
        return fail(cx, ERR_ORIGIN_NOT_ALLOWED, "origin %.*s",
                    STR_ARG(header_text(cx->arena, str_sub(rq->origin, 0, HTTP_HOST_MAX))));
    }
    return OK;
}

err cors_apply(struct ctx *cx, const struct http_hooks *hooks, const struct request *rq,
               enum cors_class class, struct reply *rp) {
    if (class == CORS_REGISTERED) {
        reply_header(rp, "Vary", STR("Origin"));
        rp->headers_kept = rp->headers_n;
    }
    if (class == CORS_NONE || rq->origin.p == NULL) {
        return OK;
    }
    if (class == CORS_REGISTERED) {
        if (is_same_origin(rq)) {
            return OK;
        }
        TRY(registered_check(cx, hooks, rq));
    }
    reply_header(rp, "Access-Control-Allow-Origin", class == CORS_PUBLIC ? STR("*") : rq->origin);
    if (!cors_is_preflight(rq)) {
        reply_header(rp, "Access-Control-Expose-Headers", STR(EXPOSED));
    }
    rp->headers_kept = rp->headers_n;
    return OK;
}

bool cors_is_preflight(const struct request *rq) {
    return rq->method == HTTP_OPTIONS && rq->origin.p != NULL &&
           request_header(rq, "access-control-request-method").p != NULL;
}

/* A list of tokens (RFC 9110 5.6.1, 5.6.2), so reflecting it says nothing else. */
static bool is_token_list(struct str list) {
    if (list.n == 0 || list.n > ASKED_HEADERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < list.n; i++) {
        char c = list.p[i];
        bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && c != '-' && c != '_' && c != '.' && c != ',' && c != ' ') {
            return false;
        }
    }
    return true;
}

void cors_preflight(struct ctx *cx, const struct request *rq, const char *allow, struct reply *rp) {
    (void)cx;
    struct str asked = request_header(rq, "access-control-request-headers");
    reply_header(rp, "Access-Control-Allow-Methods", str_from(allow));
    if (is_token_list(asked)) {
        reply_header(rp, "Access-Control-Allow-Headers", asked);
    }
    reply_header(rp, "Access-Control-Max-Age", STR(MAX_AGE));
}
