/* SPDX-License-Identifier: Apache-2.0 */
/* grant_type=urn:ietf:params:oauth:grant-type:token-exchange (RFC 8693, PROTOCOL 12.5): a page that
 * embeds another application hands it the user's access token, and that application gets tokens of
 * its own for the same sign-in. The session that is made hangs on the same browser session and the
 * same access key, so it ends with them. */
#include "oauth_internal.h"

#define TYPE_ACCESS_TOKEN       "urn:ietf:params:oauth:token-type:access_token"
#define TYPE_ACCESS_TOKEN_SHORT "access_token"

static bool type_is_access(struct str type) {
    return str_is(type, TYPE_ACCESS_TOKEN) || str_is(type, TYPE_ACCESS_TOKEN_SHORT);
}

/* Whoever asks for a token with an actor or for another audience must not get one without. */
static err unsupported_check(struct ctx *cx, const struct request *rq) {
    static const struct {
        const char *name;
        err error;
    } unsupported[] = {{"actor_token", ERR_INVALID_REQUEST},
                       {"actor_token_type", ERR_INVALID_REQUEST},
                       {"audience", ERR_INVALID_TARGET},
                       {"resource", ERR_INVALID_TARGET}};
    for (size_t i = 0; i < COUNT_OF(unsupported); i++) {
        struct str value;
        TRY(request_param(cx, rq, unsupported[i].name, &value));
        if (!str_empty(value)) {
            return fail_say(cx, unsupported[i].error,
                            "%s is not supported: the token is the subject's, for the application "
                            "that asks.",
                            unsupported[i].name);
        }
    }
    return OK;
}

static err given_read(struct ctx *cx, const struct request *rq, struct str *ret_token) {
    struct str type, wanted;
    TRY(request_param(cx, rq, "subject_token", ret_token));
    TRY(request_param(cx, rq, "subject_token_type", &type));
    TRY(request_param(cx, rq, "requested_token_type", &wanted));
    if (str_empty(*ret_token) || str_empty(type)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s is missing.",
                        str_empty(*ret_token) ? "subject_token" : "subject_token_type");
    }
    if (!type_is_access(type) || (!str_empty(wanted) && !type_is_access(wanted))) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s must be %s.",
                        type_is_access(type) ? "requested_token_type" : "subject_token_type",
                        TYPE_ACCESS_TOKEN);
    }
    return unsupported_check(cx, rq);
}

/* RFC 8693 2.2.2. Whoever holds a token of somebody else learns nothing more about it. */
static err subject_refuse(struct ctx *cx) {
    log_message(cx->log, LOG_INFO, "token_exchange", "the subject_token: %s", cx->failure.detail);
    return fail_say(
        cx, ERR_INVALID_REQUEST,
        "The subject_token is invalid, expired or revoked. Have the user sign in again.");
}

static err subject_read(struct ctx *cx, const struct request *rq, struct str text,
                        struct token *ret_token) {
    err e = token_read(cx, rq->environment, text, ret_token);
    if (e == ERR_INVALID_TOKEN) {
        return subject_refuse(cx);
    }
    TRY(e);
    if (ret_token->kind != TOKEN_ACCESS) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The subject_token is not an access token.");
    }
    return OK;
}

/* Everything that the subject's token stands on lives; and the session behind it. */
static err subject_session(struct ctx *cx, const struct request *rq, const struct token *token,
                           struct session *s) {
    struct caller caller;
    err e = caller_find(cx, rq->environment->id, token->tenant_id, token->session_id, &caller);
    if (e == ERR_INVALID_TOKEN) {
        return subject_refuse(cx);
    }
    TRY(e);
    if (!str_eq(caller.client_id, token->client_id)) {
        return fail(cx, ERR_INVALID_REQUEST, "the session is of another application");
    }
    if (!caller.is_user) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "The subject_token is one of an application. Only a user's is exchanged.");
    }
    e = session_find(cx, token->tenant_id, token->session_id, s);
    return e == ERR_NOT_FOUND ? fail(cx, ERR_INVALID_REQUEST, "the session is gone") : e;
}

static err user_read(struct ctx *cx, const struct client *client, const struct session *s,
                     struct issue *issue) {
    struct user *user = NEW(cx->arena, struct user);
    err e = user_find(cx, s->tenant_id, s->employee_id, user);
    if (e == ERR_NOT_FOUND || (e == OK && !user_is_alive(user))) {
        return fail(cx, ERR_INVALID_GRANT, "the employee or the tenant is not active");
    }
    TRY(e);
    struct application_access access;
    TRY(application_access(cx, &client->application, s->tenant_id, &access));
    if (!access.users) {
        return grant_refuse_tenant(cx, &client->application);
    }
    issue->user = user;
    issue->tenant = user->tenant;
    return OK;
}

err grant_token_exchange(struct ctx *cx, const struct request *rq, const struct client *client,
                         struct issue *issue, struct reply *rp) {
    struct str text, scope;
    struct token token;
    struct session s;
    TRY(given_read(cx, rq, &text));
    TRY(request_param(cx, rq, "scope", &scope));
    TRY(subject_read(cx, rq, text, &token));
    rp->tenant_id = token.tenant_id;
    TRY(subject_session(cx, rq, &token, &s));
    TRY(user_read(cx, client, &s, issue));
    issue->id_token = true;
    issue->auth_at = s.auth_at;
    issue->amr = s.amr;
    /* SECURITY `dead-means-dead`: sign-out, a new password and a disabled key end this one too. The
     * key itself is not used now: its time stays. */
    issue->session.sso_session_id = s.sso_session_id;
    issue->session.sso_expires_at = s.sso_expires_at;
    if (s.access_key_id.p != NULL) {
        issue->key = (struct access_key){.access_key_id = s.access_key_id,
                                         .tenant_id = s.tenant_id,
                                         .employee_id = s.employee_id,
                                         .epoch = s.access_key_epoch,
                                         .last_used_at = cx->now};
    }
    TRY(scope_grant(cx, scope, client->application.scope, &issue->scope));
    if (!str_has_word(s.scope, STR("offline_access"))) {
        /* Core 11: what outlives the sign-in is the user's to allow, and was not. */
        issue->scope = scope_without(cx->arena, issue->scope, STR("offline_access"));
    }
    return OK;
}
