/* SPDX-License-Identifier: Apache-2.0 */
/* The refresh family (RFC 6749 6, RFC 9700 4.14; PROTOCOL 4; SECURITY `refresh-once`). A session
 * has one current refresh token and remembers its predecessor. Any token that is validly MACed,
 * names the session and is neither was used before.
 *
 *     current                      rotate: one successor, by one UPDATE
 *     predecessor, within 10 s     authenticated client: the same answer again; public one:
 * invalid_grant anything else                reuse: invalid_grant, and the family is revoked
 * (access tokens live on)
 */
#include "oauth_internal.h"

static struct str answer_context(struct arena *a, struct str session_id, struct str digest) {
    return str_format(a, "session/%.*s/%.*s", STR_ARG(session_id), STR_ARG(digest));
}

struct str refresh_seal_answer(struct ctx *cx, const struct issue *issue, struct str answer) {
    struct str context =
        answer_context(cx->arena, issue->session.session_id, issue->old_refresh_digest);
    return seal(cx, platform_seal_key(cx, SEAL_REFRESH_ANSWER), context, answer);
}

static bool digest_equal(struct str a, struct str b) {
    return a.p != NULL && a.n == b.n && secret_equal_bytes(a.p, b.p, a.n);
}

/* ---- a token that is not the current one ---- */

static err revoke_family(struct ctx *cx, const struct session *s, struct str remote) {
    TRY(session_revoke_refresh(cx, s->tenant_id, s->session_id));
    struct audit record = {.tenant_id = s->tenant_id,
                           .actor =
                               str_format(cx->arena, "client:%.*s", STR_ARG(s->application_id)),
                           .action = STR("session.refresh_reuse"),
                           .object = s->session_id,
                           .remote = remote};
    return audit_write(cx, &record);
}

struct reuse {
    const struct session *session;
    const struct client *client;
    struct str remote;
};

static err reuse_run(struct ctx *cx, void *state) {
    const struct reuse *reuse = state;
    TRY(client_commit(cx, reuse->client));
    return revoke_family(cx, reuse->session, reuse->remote);
}

static bool within_grace(const struct ctx *cx, const struct session *s, struct str digest) {
    return digest_equal(s->refresh_used_digest, digest) &&
           cx->now - s->refresh_rotated_at <= REFRESH_GRACE_SECONDS;
}

static err say_used(struct ctx *cx) {
    return fail_say(cx, ERR_INVALID_GRANT,
                    "The refresh token was used before. Authenticate again, and store the new "
                    "refresh token of each answer at once.");
}

/* The same answer again, for a client that proved who it is and lost the first one. */
static err grace_answer(struct ctx *cx, const struct session *s, struct str digest,
                        const struct client *client, struct reply *rp) {
    if (!client->authenticated || str_empty(s->refresh_answer)) {
        return say_used(cx);
    }
    struct secret plain;
    TRY(unseal(cx, platform_seal_key(cx, SEAL_REFRESH_ANSWER),
               answer_context(cx->arena, s->session_id, digest), s->refresh_answer, &plain));
    rp->status = 200;
    rp->body = (struct str){(const char *)plain.p, plain.n};
    return OK;
}

/* In a handler. */
static err not_current(struct ctx *cx, const struct request *rq, const struct session *s,
                       struct str digest, struct issue *issue, struct reply *rp) {
    if (within_grace(cx, s, digest)) {
        TRY(grace_answer(cx, s, digest, issue->client, rp));
        client_commit_alone(cx, issue->client, rp);
    } else {
        struct reuse *reuse = NEW(cx->arena, struct reuse);
        *reuse = (struct reuse){s, issue->client, rq->remote};
        error_reply(cx, rq, ERRORS_OAUTH, say_used(cx), rp);
        rp->write.run = reuse_run;
        rp->write.state = reuse;
    }
    issue->answered = true;
    return OK;
}

/* In the write closure of a request that lost the race for the rotation. Its own tokens are thrown
 * away unseen. */
static err lost_race(struct ctx *cx, const struct request *rq, const struct issue *issue,
                     struct reply *rp) {
    struct session *now = NEW(cx->arena, struct session);
    rp->body = STR_NONE;
    err e = session_find(cx, issue->session.tenant_id, issue->session.session_id, now);
    if (e == ERR_NOT_FOUND || (e == OK && (now->revoked_at != 0 || now->refresh_revoked_at != 0))) {
        return fail(cx, ERR_INVALID_GRANT, "the session was revoked meanwhile");
    }
    TRY(e);
    if (within_grace(cx, now, issue->old_refresh_digest)) {
        return grace_answer(cx, now, issue->old_refresh_digest, issue->client, rp);
    }
    TRY(revoke_family(cx, now, rq->remote));
    error_reply(cx, rq, ERRORS_OAUTH, say_used(cx), rp);
    return OK;
}

err refresh_commit(struct ctx *cx, const struct request *rq, const struct issue *issue,
                   const struct session_rotation *rotation, struct reply *rp) {
    err e = session_rotate(cx, rotation);
    return e == ERR_NOT_FOUND ? lost_race(cx, rq, issue, rp) : e;
}

/* ---- the walk ---- */

static err token_check(struct ctx *cx, const struct request *rq, struct str text,
                       struct token *ret_token) {
    err e = token_read(cx, rq->environment, text, ret_token);
    if (e == ERR_INVALID_TOKEN) {
        struct str why = str_copy(cx->arena, str_from(cx->failure.detail));
        return ends_with_space(text)
                   ? fail_say(cx, ERR_INVALID_GRANT,
                              "The refresh token is invalid. It ends with a space.")
                   : fail(cx, ERR_INVALID_GRANT, "the refresh token: %.*s", STR_ARG(why));
    }
    TRY(e);
    if (ret_token->kind != TOKEN_REFRESH) {
        return fail_say(cx, ERR_INVALID_GRANT, "This is not a refresh token.");
    }
    return OK;
}

/* The client that the token itself names (PROTOCOL 12.4): only one that could not authenticate
 * anyway. */
static err client_of_token(struct ctx *cx, const struct request *rq, const struct token *token,
                           const struct client **ret_client) {
    struct client *client = NEW(cx->arena, struct client);
    err e = client_find(cx, rq->environment->id, token->client_id, &client->application);
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INVALID_GRANT, "the application is gone");
    }
    TRY(e);
    if (!str_is(client->application.auth_method, "none")) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "This application must authenticate with %.*s to refresh its tokens.",
                        STR_ARG(client->application.auth_method));
    }
    TRY(client_check_alive(cx, &client->application));
    client->method = "none";
    *ret_client = client;
    return OK;
}

static err session_check(struct ctx *cx, const struct token *token, const struct client *client,
                         const struct session *s) {
    const struct application *a = &client->application;
    if (!str_eq(token->client_id, a->application_id) ||
        !str_eq(s->application_id, a->application_id)) {
        /* RFC 6749 6: bound to the client it was issued to. */
        return fail_say(cx, ERR_INVALID_GRANT,
                        "The refresh token was issued to another application.");
    }
    if (s->revoked_at != 0 || s->refresh_revoked_at != 0) {
        return fail(cx, ERR_INVALID_GRANT, "the session or its refresh family is revoked");
    }
    return OK;
}

/* Dead means dead: what was true at the first issue is asked again. */
static err user_check(struct ctx *cx, const struct session *s, struct issue *issue) {
    struct user *user = NEW(cx->arena, struct user);
    err e = user_find(cx, s->tenant_id, s->employee_id, user);
    if (e == ERR_NOT_FOUND || (e == OK && !user_is_alive(user))) {
        return fail(cx, ERR_INVALID_GRANT, "the employee or the tenant is not active");
    }
    TRY(e);
    if (!s->access_key_alive) {
        return fail(cx, ERR_INVALID_GRANT, "the access key behind the session is not active");
    }
    issue->user = user;
    issue->tenant = user->tenant;
    return OK;
}

static err tenant_check(struct ctx *cx, const struct request *rq, const struct session *s,
                        struct issue *issue) {
    if (s->employee_id.p != NULL) {
        return user_check(cx, s, issue);
    }
    err e = tenant_find(cx, rq->environment->id, s->tenant_id, &issue->tenant);
    if (e == ERR_NOT_FOUND || (e == OK && !issue->tenant.is_enabled)) {
        return fail(cx, ERR_INVALID_GRANT, "the tenant is not active");
    }
    return e;
}

static err access_check(struct ctx *cx, const struct session *s, const struct application *a) {
    struct application_access access;
    TRY(application_access(cx, a, s->tenant_id, &access));
    if (s->employee_id.p != NULL ? !access.users : !access.itself) {
        return grant_refuse_tenant(cx, a);
    }
    return OK;
}

err refresh_begin(struct ctx *cx, const struct request *rq, struct str refresh_token,
                  const struct client *client, struct issue *issue, struct reply *rp) {
    struct token token;
    TRY(token_check(cx, rq, refresh_token, &token));
    rp->tenant_id = token.tenant_id;
    if (client == NULL) {
        TRY(client_of_token(cx, rq, &token, &client));
        rp->client_id = client->application.application_id;
    }
    issue->client = client;
    struct session *s = NEW(cx->arena, struct session);
    err e = session_find(cx, token.tenant_id, token.session_id, s);
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INVALID_GRANT, "no such session");
    }
    TRY(e);
    TRY(session_check(cx, &token, client, s));
    TRY(tenant_check(cx, rq, s, issue));
    TRY(access_check(cx, s, &client->application));
    if (!digest_equal(s->refresh_digest, token.digest)) {
        return not_current(cx, rq, s, token.digest, issue, rp);
    }
    if (s->refresh_expires_at <= cx->now) {
        return fail(cx, ERR_INVALID_GRANT, "the refresh token has expired");
    }
    issue->session = *s;
    issue->refreshes = true;
    issue->old_refresh_digest = token.digest;
    issue->auth_at = s->auth_at;
    issue->amr = s->amr; /* Core 12.2: the sign-in is the same; no nonce */
    /* SECURITY `scope`: what the application lost meanwhile is not granted again. */
    issue->scope = scope_within(cx->arena, s->scope, client->application.scope);
    if (s->sso_session_id.p != NULL && s->sso_expires_at <= cx->now &&
        !str_has_word(issue->scope, STR("offline_access"))) {
        return fail(cx, ERR_INVALID_GRANT, "the browser session behind the refresh token is over");
    }
    /* Core 12.2, 3.1.2.1: a sign-in that did not ask for openid has none. Sessions of access keys
     * always have one (PROTOCOL 4). */
    issue->id_token = issue->user != NULL &&
                      (s->access_key_id.p != NULL || str_has_word(issue->scope, STR("openid")));
    return OK;
}
