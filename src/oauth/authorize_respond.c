/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to an authorization request: its parameters to redirect_uri, in the response mode
 * (OAuth 2.0 Multiple Response Type Encoding Practices; Form Post Response Mode), with `iss`
 * always (RFC 9207; SECURITY `mix-up`). */
#include "oauth_internal.h"

#include <assert.h>

#define ANSWER_MAX 12

struct answer {
    struct param v[ANSWER_MAX];
    size_t n;
};

static void answer_add(struct answer *answer, const char *name, struct str value) {
    if (value.p != NULL) {
        assert(answer->n < ANSWER_MAX);
        answer->v[answer->n++] = (struct param){str_from(name), value};
    }
}

/* ---- the three modes ---- */

static void reply_location(struct ctx *cx, struct str uri, const struct answer *answer, char first,
                           struct reply *rp) {
    struct buf b = buf_in(cx->arena, uri.n + 512);
    buf_str(&b, uri);
    for (size_t i = 0; i < answer->n; i++) {
        buf_char(&b, i == 0 ? first : '&');
        buf_str(&b, percent_encode(cx->arena, answer->v[i].name));
        buf_char(&b, '=');
        buf_str(&b, percent_encode(cx->arena, answer->v[i].value));
    }
    rp->status = 303; /* RFC 9700 4.12: what was posted here is not posted there */
    reply_header(rp, "Location", buf_view(&b));
    reply_header(rp, "Referrer-Policy", STR("no-referrer"));
}

static void answer_send(struct ctx *cx, const struct request *rq, const struct authorize *r,
                        struct answer *answer, struct reply *rp) {
    struct str uri = r->redirect_uri;
    answer_add(answer, "state", r->state);
    answer_add(answer, "iss", rq->environment->issuer);
    if (str_is(r->response_mode, "form_post")) {
        r->form(cx, rq, r, &(struct authorize_form){uri, answer->v, answer->n}, rp);
    } else if (str_is(r->response_mode, "fragment")) {
        reply_location(cx, uri, answer, '#', rp);
    } else {
        /* RFC 6749 3.1.2: a query that it has is kept. */
        reply_location(cx, uri, answer, str_find_char(uri, '?') < uri.n ? '&' : '?', rp);
    }
    rp->client_id = r->application.application_id;
}

/* ---- errors ---- */

/* RFC 6749 4.1.2.1: a part of ASCII, without quotes and backslashes. */
static struct str description_clean(struct arena *a, const char *text) {
    char *clean = str_z(a, str_from(text));
    for (char *c = clean; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            *c = '\'';
        } else if (*c < 0x20 || *c > 0x7e) {
            *c = '?';
        }
    }
    return str_from(clean);
}

void authorize_refuse(struct ctx *cx, const struct request *rq, const struct authorize *r,
                      const char *error, const char *description, struct reply *rp) {
    struct answer answer = {.n = 0};
    answer_add(&answer, "error", str_from(error));
    answer_add(&answer, "error_description", description_clean(cx->arena, description));
    answer_send(cx, rq, r, &answer, rp);
}

void authorize_fail(struct ctx *cx, const struct request *rq, const struct authorize *r, err e,
                    struct reply *rp) {
    const char *text = cx->failure.code == e ? failure_text(cx) : err_info(e)->text;
    authorize_refuse(cx, rq, r, err_info(e)->code, text, rp);
    rp->outcome = e;
}

/* ---- success ---- */

static err user_check(struct ctx *cx, const struct authorize *r, const struct authorize_grant *g) {
    const struct employee *employee = &g->user->employee;
    struct str tenant_id = g->user->tenant.tenant_id;
    if (!user_is_alive(g->user)) {
        return fail(cx, ERR_ACCESS_DENIED, "the employee or the tenant is not active");
    }
    if (!authorize_is_for(r, tenant_id, employee->employee_id)) {
        return fail_say(cx, ERR_LOGIN_REQUIRED,
                        "Another user signed in than the one that was asked for.");
    }
    struct application_access access;
    TRY(application_access(cx, &r->application, tenant_id, &access));
    if (!access.users) {
        /* Seed 004, question 21: the words that integrators look for. */
        return fail_say(cx, ERR_ACCESS_DENIED,
                        "Client application '%.*s@%.*s' not authorized for user",
                        STR_ARG(r->application.name), STR_ARG(r->application.vendor));
    }
    return OK;
}

static void code_make(struct ctx *cx, const struct authorize *r, struct authorize_grant *g) {
    g->code = (struct authorization_code){
        .tenant_id = g->user->tenant.tenant_id,
        .application_tenant_id = r->application.tenant_id,
        .application_id = r->application.application_id,
        .employee_id = g->user->employee.employee_id,
        .sso_session_id = g->sso->sso_session_id,
        .redirect_uri = r->redirect_uri,
        .scope = r->scope,
        .nonce = r->nonce,
        .code_challenge = r->code_challenge,
        .claims = code_memory_write(cx->arena, g->sso->amr, r->claims),
        .auth_at = g->sso->auth_at,
    };
    authorization_code_prepare(cx, &g->code);
}

/* What is signed here stands in a session of its own: it dies with the browser's, and alone. */
static err tokens_make(struct ctx *cx, const struct request *rq, const struct authorize *r,
                       struct authorize_grant *g, struct issue_front *front) {
    struct client *client = NEW(cx->arena, struct client);
    struct user *user = NEW(cx->arena, struct user);
    unsigned id_claims = 0;
    if (r->claims.p != NULL) {
        struct claims_request asked;
        TRY(claims_request_parse(cx, r->claims, &asked));
        id_claims = asked.id_claims;
    }
    if (r->response_type == RESPONSE_ID_TOKEN) {
        /* Core 5.4: no access token, no userinfo; what the scope asks for stands here. */
        id_claims |= standard_claims_of_scope(r->scope);
    }
    client->application = r->application;
    *user = *g->user;
    struct issue issue = {
        .client = client,
        .user = user,
        .tenant = user->tenant,
        .scope = r->scope,
        .auth_at = g->sso->auth_at,
        .id_token = (r->response_type & RESPONSE_ID_TOKEN) != 0,
        .nonce = r->nonce,
        .amr = g->sso->amr,
        .id_claims = id_claims,
        .code_text = g->code.code,
        .session = {.sso_session_id = g->sso->sso_session_id},
    };
    TRY(issue_front_channel(cx, rq, &issue, (r->response_type & RESPONSE_TOKEN) != 0, front));
    g->session = issue.session;
    return OK;
}

err authorize_respond(struct ctx *cx, const struct request *rq, const struct authorize *r,
                      struct authorize_grant *g, struct reply *rp) {
    struct answer answer = {.n = 0};
    struct issue_front front = {.lifetime = 0};
    TRY(user_check(cx, r, g));
    if ((r->response_type & RESPONSE_CODE) != 0) {
        code_make(cx, r, g);
        answer_add(&answer, "code", g->code.code);
    }
    if ((r->response_type & (RESPONSE_TOKEN | RESPONSE_ID_TOKEN)) != 0) {
        TRY(tokens_make(cx, rq, r, g, &front));
    }
    if (front.access_token.p != NULL) {
        answer_add(&answer, "access_token", front.access_token);
        answer_add(&answer, "token_type", STR("Bearer"));
        answer_add(&answer, "expires_in", str_format(cx->arena, "%lld", (long long)front.lifetime));
        answer_add(&answer, "scope", r->scope);
    }
    answer_add(&answer, "id_token", front.id_token);
    rp->tenant_id = g->user->tenant.tenant_id;
    answer_send(cx, rq, r, &answer, rp);
    return OK;
}
