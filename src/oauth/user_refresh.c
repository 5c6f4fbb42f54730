/* SPDX-License-Identifier: Apache-2.0 */
/* POST /public/user/refresh (seed 003): a generated key, or a refresh token, for a bearer token;
 * and the making of generated keys. */
#include "oauth_internal.h"

err generated_key_issue(struct ctx *cx, const struct environment *e, struct str tenant_id,
                        struct str employee_id, struct generated_key *ret_key,
                        struct str *ret_token) {
    struct generated_key key = {.tenant_id = tenant_id,
                                .generated_key_id = uuid_v7(cx),
                                .employee_id = employee_id,
                                .expires_at = cx->now + GENERATED_KEY_SECONDS};
    struct buf b = buf_in(cx->arena, 512);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_str(&j, "iss", e->issuer);
    json_put_str(&j, "aud", STR("generated-key"));
    json_put_str(&j, "id", employee_id);
    json_put_str(&j, "tenantId", tenant_id);
    json_put_str(&j, "jti", key.generated_key_id);
    json_put_int(&j, "iat", cx->now);
    json_put_int(&j, "exp", key.expires_at);
    json_close_object(&j);
    TRY(jws_sign_mac(cx, e->keys->generated_header, buf_view(&b), alg_find(STR("HS256")),
                     e->keys->refresh_key, ret_token));
    *ret_key = key;
    return OK;
}

/* A session of the built-in application for the employee that generated the key; the closure uses
 * the key up. */
static err from_generated(struct ctx *cx, const struct request *rq, const struct token *token,
                          struct issue *issue) {
    struct client *client = NEW(cx->arena, struct client);
    TRY(client_platform(cx, rq, client));
    struct str employee_id = jwt_str(&token->jwt, "id");
    struct user *user = NEW(cx->arena, struct user);
    err e = user_find(cx, token->tenant_id, employee_id, user);
    if (e == ERR_NOT_FOUND || (e == OK && !user_is_alive(user))) {
        return fail(cx, ERR_INVALID_GRANT, "the employee behind the generated key is not active");
    }
    TRY(e);
    issue->client = client;
    issue->user = user;
    issue->tenant = user->tenant;
    issue->auth_at = token->jwt.iat;
    issue->scope = client->application.scope;
    issue->generated = (struct generated_key){.tenant_id = token->tenant_id,
                                              .generated_key_id = token->jwt.jti,
                                              .employee_id = employee_id,
                                              .expires_at = token->jwt.exp};
    return OK;
}

static err token_param(struct ctx *cx, const struct request *rq, struct str *ret_text,
                       struct token *ret_token) {
    TRY(parameters_check(cx, rq));
    TRY(request_param(cx, rq, "token", ret_text));
    if (str_empty(*ret_text)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "token is missing.");
    }
    err e = token_read(cx, rq->environment, *ret_text, ret_token);
    if (e == ERR_INVALID_TOKEN) {
        struct str why = str_copy(cx->arena, str_from(cx->failure.detail));
        return fail(cx, ERR_INVALID_GRANT, "the token: %.*s", STR_ARG(why));
    }
    return e;
}

err user_refresh_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str text;
    struct token token;
    TRY(token_param(cx, rq, &text, &token));
    rp->tenant_id = token.tenant_id;
    struct issue *issue = NEW(cx->arena, struct issue);
    if (token.kind == TOKEN_GENERATED) {
        rp->grant = STR("generated_key");
        TRY(from_generated(cx, rq, &token, issue));
    } else if (token.kind == TOKEN_REFRESH) {
        rp->grant = STR("refresh_token");
        TRY(refresh_begin(cx, rq, text, NULL, issue, rp));
    } else {
        return fail_say(cx, ERR_INVALID_GRANT,
                        "This is not a generated key and not a refresh token.");
    }
    if (issue->answered) {
        return OK;
    }
    return issue_reply(cx, rq, issue, ISSUE_USER, rp);
}
