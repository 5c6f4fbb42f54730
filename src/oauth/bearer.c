/* SPDX-License-Identifier: Apache-2.0 */
/* The hook behind AUTH_BEARER (PROTOCOL 9): a valid access token whose session lives, then the
 * route's scope or permission. */
#include "oauth_internal.h"

/* RFC 6750 2.2: the token in a form, at the one endpoint that OpenID Connect Core 5.3.1 wants it
 * at.
 */
static err body_token(struct ctx *cx, const struct request *rq, struct str *ret_text) {
    static const struct form_rules rules = {.max = HTTP_FORM_MAX, .plus = true};
    struct str label = request_header(rq, "content-type");
    struct params form = {0};
    if (rq->route->handle != userinfo || rq->method != HTTP_POST ||
        !str_starts_nocase(label, "application/x-www-form-urlencoded")) {
        *ret_text = STR_NONE;
        return OK;
    }
    TRY(form_parse(cx, rq->body, &rules, &form));
    return params_one(cx, &form, "access_token", ret_text);
}

static err bearer_text(struct ctx *cx, const struct request *rq, struct str *ret_text) {
    struct str header, body;
    TRY(request_bearer(cx, rq, &header));
    TRY(body_token(cx, rq, &body));
    if (!str_empty(header) && !str_empty(body)) {
        /* RFC 6750 2: no more than one method in a request. */
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "The access token comes in the header and in the body.");
    }
    *ret_text = str_empty(header) ? body : header;
    return OK;
}

static err access_token_read(struct ctx *cx, const struct request *rq, struct token *ret_token) {
    struct str text;
    TRY(bearer_text(cx, rq, &text));
    if (str_empty(text)) {
        return fail(cx, ERR_TOKEN_MISSING, "no bearer token");
    }
    TRY(token_read(cx, rq->environment, text, ret_token));
    switch (ret_token->kind) {
    case TOKEN_ACCESS:
        return OK;
    case TOKEN_GENERATED: /* seed 003: "must be refreshed before it can make API calls" */
        return fail_say(cx, ERR_INVALID_TOKEN,
                        "This is a generated key. Refresh it first at /public/user/refresh.");
    case TOKEN_ID:
        return fail_say(cx, ERR_INVALID_TOKEN, "This is an id token. Send the access token.");
    case TOKEN_REFRESH:
        return fail_say(cx, ERR_INVALID_TOKEN, "This is a refresh token. Send the access token.");
    }
    return fail(cx, ERR_INVALID_TOKEN, "a token of unknown kind");
}

/* A user is judged by its role, an application by its token's scope (PROTOCOL 4). */
static err route_check(struct ctx *cx, const struct route *route, const struct caller *caller) {
    if (caller->is_user) {
        if (route->permission != NULL && !caller_may(caller, route->permission)) {
            return fail_say(cx, ERR_FORBIDDEN, "The user's roles lack the permission %s.",
                            route->permission);
        }
        return OK;
    }
    if (route->scope == NULL) {
        return fail(cx, ERR_USER_REQUIRED, "client token where a user is needed");
    }
    if (!str_has_word(caller->scope, str_from(route->scope))) {
        return fail_say(cx, ERR_INSUFFICIENT_SCOPE, "The access token lacks the scope %s.",
                        route->scope);
    }
    return OK;
}

/* A regional API host serves the tenants of its area alone; the ACD API answers on every host
 * (PROTOCOL 9, 12.7). */
static err area_check(struct ctx *cx, const struct request *rq, const struct caller *caller) {
    const struct area *area = snapshot_host_area(platform_snapshot(cx), rq->host);
    if (area == NULL || rq->route->nocase) {
        return OK;
    }
    struct tenant tenant;
    TRY(tenant_find(cx, rq->environment->id, caller->tenant_id, &tenant));
    if (!str_eq(tenant.area, area->area)) {
        return fail_say(cx, ERR_FORBIDDEN,
                        "This host serves another area than the token's tenant. Take api_endpoint "
                        "from /.well-known/cxone-configuration.");
    }
    return OK;
}

err bearer_hook(struct ctx *cx, struct request *rq, struct reply *rp) {
    struct token token;
    TRY(access_token_read(cx, rq, &token));
    rp->tenant_id = token.tenant_id;
    rp->client_id = token.client_id;
    struct caller *caller = NEW(cx->arena, struct caller);
    TRY(caller_find(cx, rq->environment->id, token.tenant_id, token.session_id, caller));
    if (!str_eq(caller->client_id, token.client_id)) {
        return fail(cx, ERR_INVALID_TOKEN, "the session is of another application");
    }
    /* SECURITY `dead-means-dead`: what the application lost meanwhile is no longer the token's. */
    caller->scope = scope_within(cx->arena, token.scope, caller->scope);
    caller->expires_at = token.jwt.exp;
    TRY(area_check(cx, rq, caller));
    TRY(route_check(cx, rq->route, caller));
    rq->caller = caller;
    return OK;
}
