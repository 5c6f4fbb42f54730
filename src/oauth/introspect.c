/* SPDX-License-Identifier: Apache-2.0 */
/* POST /auth/introspect (RFC 7662). An authenticated application may ask about its own tokens, a
 * back end also about those of its tenant; everything else, whatever it is, is {"active":false}. */
#include "oauth_internal.h"

/* The asking client, authenticated, its assertion spent behind the answer. */
static err asker(struct ctx *cx, const struct request *rq, struct reply *rp, struct client *client,
                 bool *ret_answered) {
    enum client_outcome outcome;
    TRY(client_authenticate(cx, rq, rp, client, &outcome));
    *ret_answered = outcome == CLIENT_ANSWERED;
    if (outcome == CLIENT_NONE || (outcome == CLIENT_FOUND && !client->authenticated)) {
        /* RFC 7662 2.1: the endpoint MUST require some form of authorization. */
        return fail_say(cx, ERR_INVALID_CLIENT, "Introspection needs a client that authenticates.");
    }
    if (outcome == CLIENT_FOUND) {
        client_commit_alone(cx, client, rp);
    }
    return OK;
}

static bool may_see(const struct application *a, const struct token *token) {
    return str_eq(token->client_id, a->application_id) ||
           (str_is(a->type, "backend") && str_eq(token->tenant_id, a->tenant_id));
}

static err refresh_is_current(struct ctx *cx, const struct token *token, bool *ret_current) {
    struct session s;
    TRY(session_find(cx, token->tenant_id, token->session_id, &s));
    *ret_current = s.refresh_digest.p != NULL && s.refresh_digest.n == token->digest.n &&
                   secret_equal_bytes(s.refresh_digest.p, token->digest.p, token->digest.n) &&
                   s.revoked_at == 0 && s.refresh_revoked_at == 0 && s.refresh_expires_at > cx->now;
    return OK;
}

struct asked { /* the token, and whom it speaks of */
    struct token token;
    struct caller caller;
    bool active;
};

/* Leaves asked->active false for everything that the asking application may not know or that is
 * over. */
static err asked_fill(struct ctx *cx, const struct request *rq, struct str text,
                      const struct application *a, struct asked *asked) {
    struct token *token = &asked->token;
    TRY(token_read(cx, rq->environment, text, token));
    bool answers = token->kind == TOKEN_ACCESS || token->kind == TOKEN_REFRESH;
    if (!answers || !may_see(a, token)) {
        return OK;
    }
    TRY(caller_find(cx, rq->environment->id, token->tenant_id, token->session_id, &asked->caller));
    bool current = true;
    if (token->kind == TOKEN_REFRESH) {
        TRY(refresh_is_current(cx, token, &current));
    }
    if (token->kind == TOKEN_ACCESS) {
        asked->caller.scope = scope_within(cx->arena, token->scope, asked->caller.scope);
    }
    asked->active = current;
    return OK;
}

static void put_active(struct json_out *j, const struct token *token, const struct caller *caller) {
    const struct jwt *jwt = &token->jwt;
    json_put_str(j, "scope", caller->scope);
    json_put_str(j, "client_id", token->client_id);
    if (caller->is_user) {
        json_put_str(j, "username", caller->user_name);
    }
    if (token->kind == TOKEN_ACCESS) {
        json_put_z(j, "token_type", "Bearer");
    }
    json_put_str(j, "sub", caller->actor);
    json_put_str_if(j, "aud", jwt_str(jwt, "aud"));
    json_put_str(j, "iss", jwt->iss);
    json_put_str_if(j, "jti", jwt->jti);
    json_put_int(j, "iat", jwt->iat);
    json_put_int(j, "exp", jwt->exp);
    json_put_str(j, "tenantId", token->tenant_id);
}

err introspect_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str text;
    TRY(parameters_check(cx, rq));
    TRY(request_param(cx, rq, "token", &text));
    struct client client;
    bool answered;
    TRY(asker(cx, rq, rp, &client, &answered));
    if (answered) {
        return OK;
    }
    if (str_empty(text)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "token is missing.");
    }
    struct asked asked = {.active = false};
    err e = asked_fill(cx, rq, text, &client.application, &asked);
    if (e != OK && e != ERR_INVALID_TOKEN && e != ERR_NOT_FOUND) {
        return e;
    }
    struct buf b = buf_in(cx->arena, 1024);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_bool(&j, "active", asked.active);
    if (asked.active) {
        put_active(&j, &asked.token, &asked.caller);
    }
    json_close_object(&j);
    reply_json(rp, 200, &b);
    return OK;
}
