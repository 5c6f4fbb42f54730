/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST /auth/account/password: who is signed in changes the password. The present one is
 * asked for, and a wrong one counts as in a sign-in (SECURITY `lockout`). */
#include "web_internal.h"

/* Somebody whose password is not ours has none to change. */
static err owner_find(struct ctx *cx, const struct sso_session *sso,
                      struct password_owner *ret_owner) {
    err e = password_owner_find(cx, sso->tenant_id, sso->employee_id, ret_owner);
    if (e == ERR_NOT_FOUND || (e == OK && ret_owner->password_hash.p == NULL)) {
        return fail_say(cx, ERR_NOT_FOUND, "This account has no password here.");
    }
    return e;
}

static void now_show(struct page *p, unsigned problem) {
    struct html *h = &p->h;
    HTML(h, "<div class=\"field\">\n<label for=\"password\">");
    page_say(p, TEXT_PASSWORD_NOW, NULL);
    HTML(h, "</label>\n<input type=\"password\" id=\"password\" name=\"password\" "
            "autocomplete=\"current-password\" required");
    if ((problem & 1U << PASSWORD_NOW_WRONG) != 0) {
        HTML(h, " aria-invalid=\"true\" aria-describedby=\"problem\"");
    }
    HTML(h, ">\n</div>\n");
}

err password_own_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct sso_session sso;
    struct password_owner owner;
    struct str text;
    bool found;
    TRY(request_query(cx, rq, "problem", &text));
    TRY(browser_require(cx, rq, STR(PASSWORD_OWN_PATH), &sso, &found, rp));
    if (!found) {
        return OK;
    }
    TRY(owner_find(cx, &sso, &owner));
    unsigned problem = password_problem_parse(text);
    struct page_options options = {.title = TEXT_PASSWORD_OWN_TITLE, .tenant_id = sso.tenant_id};
    struct page *p = page_begin(cx, rq, &options);
    page_scripts(p);
    password_problem_show(p, problem);
    HTML(&p->h, "<form id=\"password_own\" method=\"post\" accept-charset=\"utf-8\" "
                "action=\"" PASSWORD_OWN_PATH "\">\n");
    TRY(form_token_write(p));
    password_user_show(p, owner.who.user_name);
    now_show(p, problem);
    password_fields_show(p, &owner, problem);
    HTML(&p->h, "</form>\n");
    page_end(p, rp);
    return OK;
}

/* ---- what posting does ---- */

struct own {
    struct sso_session sso, next; /* this browser's, and the one that takes its place */
    struct login login;
    struct password_owner owner;
    struct password_new made;
    struct password_change change;
    struct reply *rp;
};

static void back(struct ctx *cx, unsigned problem, struct reply *rp) {
    struct str words = password_problem_write(cx->arena, problem);
    page_see_other(rp, str_format(cx->arena, PASSWORD_OWN_PATH "?problem=%.*s", STR_ARG(words)));
}

static err wrong_run(struct ctx *cx, void *state) {
    const struct own *o = state;
    return login_failed(cx, &o->login, o->change.remote);
}

/* The account is not locked, and the password still the one that was compared; else the page says
 * so, in place of the answer that was prepared. */
static err now_confirm(struct ctx *cx, const struct own *o, bool is_whole, bool *ret_holds) {
    err e = login_succeeded(cx, &o->login, is_whole);
    if (e == ERR_FORBIDDEN || e == ERR_INVALID_GRANT) {
        o->rp->headers_n = o->rp->headers_kept;
        o->rp->trial = e == ERR_FORBIDDEN ? TRIAL_LOCKED : TRIAL_WRONG;
        back(cx, e == ERR_FORBIDDEN ? 1U << PASSWORD_LOCKED : 1U << PASSWORD_NOW_WRONG, o->rp);
        *ret_holds = false;
        return OK;
    }
    TRY(e);
    *ret_holds = true;
    return OK;
}

/* SECURITY `lockout`: that the new one cannot be used says that the present one was right. */
static err refused_run(struct ctx *cx, void *state) {
    bool holds;
    return now_confirm(cx, state, false, &holds);
}

/* SECURITY `dead-means-dead`: who signed out meanwhile, or whose account was changed, is not signed
 * in by what comes late; the page says what there is to do now. */
static err still_here(struct ctx *cx, const struct own *o, bool *ret_holds) {
    err e = login_epoch_hold(cx, &o->login);
    if (e == OK) {
        e = sso_session_hold(cx, o->sso.tenant_id, o->sso.sso_session_id);
    }
    *ret_holds = e == OK;
    if (e != ERR_CONFLICT && e != ERR_INVALID_GRANT) {
        return e;
    }
    o->rp->headers_n = o->rp->headers_kept;
    o->rp->trial = TRIAL_NONE;
    page_see_other(o->rp, STR(PASSWORD_OWN_PATH));
    return OK;
}

static err own_run(struct ctx *cx, void *state) {
    const struct own *o = state;
    bool holds;
    TRY(still_here(cx, o, &holds));
    if (holds) {
        TRY(now_confirm(cx, o, true, &holds));
    }
    if (!holds) {
        return OK;
    }
    TRY(password_change_commit(cx, &o->change));
    return sso_session_create(cx, &o->next);
}

/* Every session of the employee ends; this browser gets another, which is as old as its own was
 * (SECURITY `fixation`). */
static err own_end(struct ctx *cx, const struct request *rq, struct own *o, struct reply *rp) {
    struct str cookie;
    o->rp = rp;
    rp->tenant_id = o->sso.tenant_id;
    if ((o->made.problem & 1U << PASSWORD_NOW_WRONG) != 0) {
        o->change.remote = rq->remote;
        rp->trial = TRIAL_WRONG;
        back(cx, o->made.problem, rp);
        rp->write.run = wrong_run;
        rp->write.state = o;
        return OK;
    }
    if (o->made.problem != 0) {
        back(cx, o->made.problem, rp);
        rp->write.run = refused_run;
        rp->write.state = o;
        return OK;
    }
    o->next = o->sso;
    sso_session_prepare(cx, &o->next, &cookie);
    o->next.auth_at = o->sso.auth_at;
    password_change_prepare(cx, rq, &o->made, &o->change);
    page_see_other(rp, str_format(cx->arena, PASSWORD_DONE_PATH "?here=1&tenantId=%.*s",
                                  STR_ARG(o->sso.tenant_id)));
    cookie_set(cx, rq, COOKIE_SESSION, cookie, rp);
    rp->write.run = own_run;
    rp->write.state = o;
    return OK;
}

err password_own_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    const struct password_new *done = rq->job_state;
    bool found;
    struct own *o = done != NULL ? done->of : NEW(cx->arena, struct own);
    TRY(browser_require(cx, rq, STR(PASSWORD_OWN_PATH), &o->sso, &found, rp));
    if (!found) {
        return OK;
    }
    TRY(form_token_check(cx, rq));
    if (done != NULL) {
        return own_end(cx, rq, o, rp);
    }
    TRY(owner_find(cx, &o->sso, &o->owner));
    TRY(login_of(cx, o->sso.tenant_id, o->sso.employee_id, &o->login));
    o->login.password_hash = o->owner.password_hash; /* the one that is compared */
    o->made.is_locked = o->login.locked_until > cx->now;
    TRY(password_new_read(cx, rq, &o->owner, &o->made));
    TRY(request_param(cx, rq, "password", &o->made.now));
    if (str_empty(o->made.now)) {
        o->made.now = STR("");
    }
    if (o->made.problem != 0) {
        back(cx, o->made.problem, rp);
        return OK;
    }
    o->made.of = o;
    rp->job.only = o->sso.sso_session_id;
    password_new_job(&o->made, rp);
    return OK;
}
