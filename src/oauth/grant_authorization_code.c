/* SPDX-License-Identifier: Apache-2.0 */
/* grant_type=authorization_code (RFC 6749 4.1.3, RFC 7636 4.5, RFC 9700 2.1.1): a code for tokens,
 * once. It is bound to the application, the redirect_uri and the PKCE challenge; when it comes
 * again, what it became is revoked (SECURITY `code-once`). */
#include "oauth_internal.h"

#define CODE_MAX          512
#define PKCE_VERIFIER_MIN 43 /* RFC 7636 4.1 */
#define PKCE_VERIFIER_MAX 128

/* Seed 000: these belong to the authorization request and are "not allowed in other cases". */
static const char *const misplaced[] = {"max_age", "id_token_hint", "login_hint", "code_challenge",
                                        "code_challenge_method"};

struct given {
    struct str code, redirect_uri, verifier;
};

static err given_read(struct ctx *cx, const struct request *rq, struct given *ret) {
    struct given given;
    for (size_t i = 0; i < COUNT_OF(misplaced); i++) {
        struct str value;
        TRY(request_param(cx, rq, misplaced[i], &value));
        if (value.p != NULL) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "%s belongs to the authorization request, not here.", misplaced[i]);
        }
    }
    TRY(request_param(cx, rq, "code", &given.code));
    TRY(request_param(cx, rq, "redirect_uri", &given.redirect_uri));
    TRY(request_param(cx, rq, "code_verifier", &given.verifier));
    if (str_empty(given.code) || str_empty(given.redirect_uri)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s is missing.",
                        str_empty(given.code) ? "code" : "redirect_uri");
    }
    *ret = given;
    return OK;
}

static err code_find(struct ctx *cx, struct str text, struct authorization_code *code) {
    err e = ERR_NOT_FOUND;
    if (text.n <= CODE_MAX && str_is_text(text)) {
        e = authorization_code_find(cx, text, code);
    }
    if (e == ERR_NOT_FOUND) {
        return ends_with_space(text)
                   ? fail_say(cx, ERR_INVALID_GRANT, "The code is invalid. It ends with a space.")
                   : fail(cx, ERR_INVALID_GRANT, "no such code");
    }
    return e;
}

/* ---- a code that was used before ---- */

static err revoke_what_it_became(struct ctx *cx, const struct authorization_code *code,
                                 struct str remote) {
    TRY(session_revoke(cx, code->tenant_id, code->session_id));
    struct audit record = {.tenant_id = code->tenant_id,
                           .actor =
                               str_format(cx->arena, "client:%.*s", STR_ARG(code->application_id)),
                           .action = STR("session.code_reuse"),
                           .object = code->session_id,
                           .remote = remote};
    return audit_write(cx, &record);
}

static err say_used(struct ctx *cx) {
    return fail_say(cx, ERR_INVALID_GRANT,
                    "The code was used before. What it gave is revoked: sign in again.");
}

err code_reuse_commit(struct ctx *cx, const struct request *rq,
                      const struct authorization_code *code, struct reply *rp) {
    TRY(revoke_what_it_became(cx, code, rq->remote));
    error_reply(cx, rq, ERRORS_OAUTH, say_used(cx), rp);
    return OK;
}

struct reuse {
    const struct authorization_code *code;
    const struct client *client;
    struct str remote;
};

static err reuse_run(struct ctx *cx, void *state) {
    const struct reuse *reuse = state;
    TRY(client_commit(cx, reuse->client));
    return revoke_what_it_became(cx, reuse->code, reuse->remote);
}

err code_reuse_prepare(struct ctx *cx, const struct request *rq, struct issue *issue,
                       struct reply *rp) {
    struct reuse *reuse = NEW(cx->arena, struct reuse);
    *reuse = (struct reuse){&issue->code, issue->client, rq->remote};
    error_reply(cx, rq, ERRORS_OAUTH, say_used(cx), rp);
    rp->write.run = reuse_run;
    rp->write.state = reuse;
    issue->answered = true;
    return OK;
}

err code_commit(struct ctx *cx, const struct request *rq, const struct issue *issue,
                struct session *session, struct reply *rp) {
    const struct authorization_code *code = &issue->code;
    err e = authorization_code_use(cx, code, session->session_id, &session->sso_session_id);
    if (e != ERR_INVALID_GRANT) {
        return e;
    }
    session->session_id = STR_NONE;
    /* Another request was faster (or the last second passed): this is the second use. */
    struct authorization_code *now = NEW(cx->arena, struct authorization_code);
    TRY(code_find(cx, code->code, now));
    if (now->used_at == 0) {
        return fail(cx, ERR_INVALID_GRANT, "the code expired meanwhile");
    }
    return code_reuse_commit(cx, rq, now, rp);
}

/* ---- what it is bound to ---- */

static err client_check(struct ctx *cx, const struct application *a,
                        const struct authorization_code *code) {
    if (!str_eq(code->application_id, a->application_id) ||
        !str_eq(code->application_tenant_id, a->tenant_id)) {
        return fail_say(cx, ERR_INVALID_GRANT, "The code was issued to another application.");
    }
    return OK;
}

static bool verifier_is_spelled(struct str s) {
    if (s.n < PKCE_VERIFIER_MIN || s.n > PKCE_VERIFIER_MAX) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (!plain) {
            return false;
        }
    }
    return true;
}

/* RFC 7636 4.6, RFC 9700 2.1.1: with a challenge the verifier decides; without one a verifier is
 * the sign of a request whose challenge was taken away (SECURITY `pkce-downgrade`). */
static err verifier_check(struct ctx *cx, struct str verifier, struct str challenge) {
    if (str_empty(challenge)) {
        return str_empty(verifier)
                   ? OK
                   : fail_say(cx, ERR_INVALID_GRANT,
                              "code_verifier came, but the authorization request had no "
                              "code_challenge.");
    }
    if (str_empty(verifier)) {
        return fail_say(cx, ERR_INVALID_GRANT,
                        "code_verifier is missing: the authorization request had a "
                        "code_challenge.");
    }
    if (!verifier_is_spelled(verifier) || !sha256_matches(verifier, challenge)) {
        return fail_say(cx, ERR_INVALID_GRANT,
                        "code_verifier does not fit the code_challenge of the authorization "
                        "request.");
    }
    return OK;
}

static err binding_check(struct ctx *cx, const struct given *given,
                         const struct authorization_code *code) {
    if (code->expires_at <= cx->now) {
        return fail_say(cx, ERR_INVALID_GRANT, "The code has expired: it is good for %d seconds.",
                        AUTHORIZATION_CODE_SECONDS);
    }
    if (!str_eq(given->redirect_uri, code->redirect_uri)) {
        return fail_say(cx, ERR_INVALID_GRANT,
                        "redirect_uri is another than in the authorization request.");
    }
    return verifier_check(cx, given->verifier, code->code_challenge);
}

/* Dead means dead: what was true at the authorization endpoint is asked again. */
err code_user_read(struct ctx *cx, const struct client *client, struct issue *issue) {
    const struct authorization_code *code = &issue->code;
    struct user *user = NEW(cx->arena, struct user);
    err e = user_find(cx, code->tenant_id, code->employee_id, user);
    if (e == ERR_NOT_FOUND || (e == OK && !user_is_alive(user))) {
        return fail(cx, ERR_INVALID_GRANT, "the employee or the tenant is not active");
    }
    TRY(e);
    struct application_access access;
    TRY(application_access(cx, &client->application, code->tenant_id, &access));
    if (!access.users) {
        return grant_refuse_tenant(cx, &client->application);
    }
    issue->user = user;
    issue->tenant = user->tenant;
    return OK;
}

err grant_authorization_code(struct ctx *cx, const struct request *rq, const struct client *client,
                             struct issue *issue, struct reply *rp) {
    struct given given;
    struct authorization_code *code = &issue->code;
    TRY(given_read(cx, rq, &given));
    TRY(code_find(cx, given.code, code));
    TRY(client_check(cx, &client->application, code));
    code->code = given.code;
    rp->tenant_id = code->tenant_id;
    if (code->used_at != 0) {
        return code_reuse_prepare(cx, rq, issue, rp);
    }
    TRY(binding_check(cx, &given, code));
    TRY(code_user_read(cx, client, issue));
    TRY(code_memory_parse(cx, code->claims, &issue->amr, &issue->id_claims));
    /* SECURITY `scope`: what the application lost meanwhile is not granted. */
    issue->scope = scope_within(cx->arena, code->scope, client->application.scope);
    issue->id_token = str_has_word(issue->scope, STR("openid"));
    issue->auth_at = code->auth_at;
    issue->nonce = code->nonce;
    issue->session.sso_session_id = code->sso_session_id;
    issue->session.sso_expires_at = code->sso_expires_at;
    return OK;
}
