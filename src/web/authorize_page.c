/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST /auth/authorize (PROTOCOL 5): answered at once by a session that will do, else the
 * beginning of a sign-in. */
#include "web_internal.h"

/* SameSite=Lax keeps the session's cookie from a POST that another site sends; the same question
 * as GET brings it, as long as a GET can be. Nothing in it is a secret. */
static bool post_as_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct buf b = buf_in(cx->arena, HTTP_TARGET_MAX);
    buf_str(&b, rq->path);
    for (size_t i = 0; i < rq->form.n; i++) {
        buf_char(&b, i == 0 ? '?' : '&');
        buf_str(&b, percent_encode(cx->arena, rq->form.v[i].name));
        buf_char(&b, '=');
        buf_str(&b, percent_encode(cx->arena, rq->form.v[i].value));
    }
    if (rq->query.n > 0 || b.n > HTTP_TARGET_MAX) {
        return false;
    }
    page_see_other(rp, buf_view(&b));
    return true;
}

static err refuse(struct ctx *cx, const struct request *rq, const struct authorize *r,
                  bool redirects, err e, struct reply *rp) {
    if (redirects) {
        authorize_fail(cx, rq, r, e, rp);
        rp->client_id = r->application.application_id;
    } else if (err_info(e)->status >= 500) {
        return e;
    } else {
        /* Client or redirect_uri is not proven good: never a redirect (RFC 9700 4.11.2). */
        refused_page(cx, rq, e, rp);
    }
    rp->outcome = e;
    return OK;
}

/* The session of this browser, if the application may be used with it. */
static err session_for(struct ctx *cx, const struct request *rq, const struct authorize *r,
                       struct sso_session *ret_sso, bool *ret_found) {
    TRY(browser_session(cx, rq, ret_sso, ret_found));
    return *ret_found ? application_usable(cx, &r->application, ret_sso->tenant_id, ret_found) : OK;
}

/* Whom the form proposes; whoever is asked for consent is who is signed in. */
static err name_propose(struct ctx *cx, const struct authorize *r, const struct sso_session *sso,
                        enum authorize_step next, struct flow_data *data) {
    struct str tenant_id = r->hint_tenant_id, employee_id = r->hint_employee_id;
    bool hinted = employee_id.p != NULL || !str_empty(r->login_hint);
    if (sso != NULL && (next == AUTHORIZE_CONSENT || !hinted)) {
        tenant_id = sso->tenant_id;
        employee_id = sso->employee_id;
    }
    if (employee_id.p == NULL) {
        data->user_name = r->login_hint;
        return OK;
    }
    struct user user;
    err e = user_find(cx, tenant_id, employee_id, &user);
    if (e == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(e);
    data->user_name = user.employee.user_name;
    return OK;
}

static err ask(struct ctx *cx, const struct request *rq, const struct authorize *r,
               const struct sso_session *sso, enum authorize_step next, struct reply *rp) {
    static const char *const steps[] = {[AUTHORIZE_LOGIN] = STEP_USER,
                                        [AUTHORIZE_SELECT] = STEP_ACCOUNT,
                                        [AUTHORIZE_CONSENT] = STEP_CONSENT};
    struct flow_data data = {.minutes = 0};
    TRY(name_propose(cx, r, sso, next, &data));
    if (next == AUTHORIZE_CONSENT && sso != NULL) {
        data.sso_session_id = sso->sso_session_id;
    }
    rp->client_id = r->application.application_id;
    return flow_begin(cx, rq, r, steps[next], &data, rp);
}

/* The application means somebody else than who is signed in: the person says who it is. */
static err hint_heed(struct ctx *cx, struct authorize *r, const struct sso_session *sso) {
    struct user user;
    if (str_empty(r->login_hint) || r->hint_employee_id.p != NULL || r->prompt == PROMPT_NONE) {
        return OK;
    }
    TRY(user_find(cx, sso->tenant_id, sso->employee_id, &user));
    if (!str_eq_nocase(r->login_hint, user.employee.user_name) &&
        !str_eq_nocase(r->login_hint, user.employee.email_address)) {
        r->prompt |= PROMPT_SELECT_ACCOUNT;
    }
    return OK;
}

static err answer(struct ctx *cx, const struct request *rq, const struct authorize *r,
                  const struct sso_session *sso, struct reply *rp) {
    struct finish *f = NEW(cx->arena, struct finish);
    f->request = r;
    f->sso = *sso;
    return finish_respond(cx, rq, f, rp);
}

err authorize_page(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct authorize *r = NEW(cx->arena, struct authorize);
    struct sso_session sso;
    bool redirects = false, found;
    err e = authorize_read(cx, rq, r, &redirects);
    r->form = form_page;
    if (e != OK) {
        return refuse(cx, rq, r, redirects, e, rp);
    }
    if (rq->method == HTTP_HEAD) {
        return OK; /* RFC 9110 9.2.1: safe; no sign-in begins, no code is made that nobody sees */
    }
    TRY(session_for(cx, rq, r, &sso, &found));
    if (!found && rq->method == HTTP_POST && post_as_get(cx, rq, rp)) {
        return OK;
    }
    enum authorize_step next;
    if (found) {
        TRY(hint_heed(cx, r, &sso));
        TRY(consent_wanted(cx, r, sso.tenant_id, sso.employee_id, &r->consent_due));
    }
    e = authorize_decide(cx, r, found ? &sso : NULL, &next);
    if (e != OK) {
        return refuse(cx, rq, r, true, e, rp);
    }
    return next == AUTHORIZE_RESPOND ? answer(cx, rq, r, &sso, rp)
                                     : ask(cx, rq, r, found ? &sso : NULL, next, rp);
}
