/* SPDX-License-Identifier: Apache-2.0 */
/* The password step. An unknown user, a wrong password, an account that may not sign in: the same
 * work, the same write, the same answer, until the password was right (SECURITY `enumeration`). */
#include "web_internal.h"

err login_password_show(struct ctx *cx, const struct flow *f, struct page *p) {
    (void)cx;
    struct html *h = &p->h;
    login_lead(p, f);
    login_form_begin(p, f);
    /* A field, so that password managers see whose password it is. */
    HTML(h, "<div class=\"field\">\n<label for=\"username\">");
    page_say(p, TEXT_LOGIN_USER_NAME, NULL);
    HTML(h, "</label>\n<input type=\"text\" id=\"username\" name=\"username\" "
            "autocomplete=\"username\" readonly");
    HTML_ATTR(h, "value", f->data.user_name);
    HTML(h, ">\n</div>\n<div class=\"field\">\n<label for=\"password\">");
    page_say(p, TEXT_LOGIN_PASSWORD, NULL);
    HTML(h, "</label>\n<input type=\"password\" id=\"password\" name=\"password\" "
            "autocomplete=\"current-password\" required autofocus");
    if (f->data.problem.p != NULL) {
        HTML(h, " aria-describedby=\"problem\"");
    }
    login_invalid(p, f, "password");
    HTML(h, ">\n</div>\n");
    login_button(p, &(struct login_button){.action = "login", .text = TEXT_LOGIN_SUBMIT});
    login_button(p, &(struct login_button){
                        .action = "change", .text = TEXT_LOGIN_CHANGE_USER, .is_plain = true});
    login_button(p, &(struct login_button){
                        .action = "forgotten", .text = TEXT_FORGOTTEN_LINK, .is_plain = true});
    HTML(h, "</form>\n");
    return OK;
}

/* What the pool does: one argon2, whoever it is. */
struct attempt {
    struct login login;
    bool known;
    struct str password;
    bool matches;
    struct str better_hash; /* present: the stored one is weaker than today's */
};

static err attempt_run(struct ctx *cx, void *state) {
    struct attempt *a = state;
    bool stale = false;
    a->matches = password_matches(a->password, a->login.password_hash, &stale);
    if (a->matches && stale) {
        TRY(password_hash(cx, a->password, &a->better_hash));
    }
    return OK;
}

static err attempt_begin(struct ctx *cx, const struct request *rq, const struct flow *f,
                         struct str password, struct reply *rp) {
    struct attempt *a = NEW(cx->arena, struct attempt);
    a->password = password;
    err e = login_find(cx, rq->environment->id, f->data.user_name, &a->login);
    if (e == ERR_NOT_FOUND) {
        a->login = login_dummy(f->data.user_name);
    } else {
        TRY(e);
        a->known = true;
    }
    rp->job.run = attempt_run;
    rp->job.state = a;
    rp->job.only = f->row.flow;
    return OK;
}

/* ---- after the pool ---- */

struct outcome {
    const struct attempt *attempt;
    const struct flow *flow;
    enum verdict verdict;   /* if the model agrees */
    struct sign_in sign_in; /* of GOOD */
    struct str remote;
    struct reply *rp;
};

/* Back to the page, which says why; in place of the answer that was prepared. */
static err outcome_problem(struct ctx *cx, const struct outcome *o, enum verdict v) {
    struct flow_data data = {
        .user_name = o->flow->data.user_name,
        .problem = str_from(verdict_word(v)),
        .minutes = v == VERDICT_LOCKED ? login_minutes_left(cx, &o->attempt->login) : 0};
    err e = flow_back(cx, o->flow, STEP_PASSWORD, &data, o->rp);
    o->rp->trial = verdict_trial(v);
    /* SECURITY `lockout`: another step was faster, and yet this guess is counted: the page of that
     * step is where it goes on. */
    return e == ERR_CONFLICT && v == VERDICT_WRONG ? OK : e;
}

static err outcome_run(struct ctx *cx, void *state) {
    const struct outcome *o = state;
    const struct attempt *a = o->attempt;
    if (o->verdict == VERDICT_WRONG) {
        TRY(login_failed(cx, &a->login, o->remote));
        return outcome_problem(cx, o, VERDICT_WRONG);
    }
    err e = login_succeeded(cx, &a->login, o->verdict == VERDICT_GOOD && o->sign_in.next == NULL);
    if (e == ERR_FORBIDDEN) {
        return outcome_problem(cx, o, VERDICT_LOCKED);
    }
    if (e == ERR_INVALID_GRANT) {
        return outcome_problem(cx, o, VERDICT_WRONG);
    }
    TRY(e);
    if (a->better_hash.p != NULL) {
        TRY(login_password_rehash(cx, &a->login, a->better_hash));
    }
    return o->verdict == VERDICT_GOOD ? sign_in_commit(cx, &o->sign_in)
                                      : outcome_problem(cx, o, o->verdict);
}

static err sign_in_of_outcome(struct ctx *cx, const struct request *rq, struct outcome *o) {
    struct sign_in *s = &o->sign_in;
    s->flow = o->flow;
    s->login = o->attempt->login;
    s->proof = (struct proof){.tenant_id = s->login.tenant_id,
                              .employee_id = s->login.employee_id,
                              .amr = STR("pwd"), /* RFC 8176 */
                              .epoch = s->login.epoch};
    return sign_in_prepare(cx, rq, s, o->rp);
}

static err attempt_end(struct ctx *cx, const struct request *rq, const struct flow *f,
                       struct reply *rp) {
    const struct attempt *a = rq->job_state;
    struct outcome *o = NEW(cx->arena, struct outcome);
    o->attempt = a;
    o->flow = f;
    o->remote = rq->remote;
    o->rp = rp;
    o->verdict = a->known && a->matches ? verdict_of(&f->request, &a->login) : VERDICT_WRONG;
    if (o->verdict == VERDICT_GOOD) {
        TRY(sign_in_of_outcome(cx, rq, o));
    }
    rp->write.run = outcome_run;
    rp->write.state = o;
    return OK;
}

err login_password_post(struct ctx *cx, const struct request *rq, struct flow *f,
                        struct reply *rp) {
    struct str action, password;
    TRY(request_param(cx, rq, "action", &action));
    TRY(request_param(cx, rq, "password", &password));
    struct flow_data data = {.user_name = f->data.user_name};
    if (str_is(action, "change")) {
        return flow_advance(cx, f, STEP_USER, &data, rp);
    }
    if (str_is(action, "forgotten")) {
        return flow_advance(cx, f, STEP_FORGOTTEN, &data, rp);
    }
    if (str_empty(password)) {
        data.problem = STR("password_missing");
        return flow_advance(cx, f, STEP_PASSWORD, &data, rp);
    }
    return rq->job_state == NULL ? attempt_begin(cx, rq, f, password, rp)
                                 : attempt_end(cx, rq, f, rp);
}
