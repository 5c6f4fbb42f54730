/* SPDX-License-Identifier: Apache-2.0 */
/* A step of a sign-in: the password is too old, or was set by somebody else, and is replaced by
 * whoever has just proven to know it, and every other factor. */
#include "web_internal.h"

bool new_password_wanted(const struct flow *f, const struct login *l, const struct proof *p) {
    (void)f;
    return l->must_change && str_has_word(p->amr, STR("pwd"));
}

static err owner_of(struct ctx *cx, const struct flow *f, struct password_owner *ret_owner) {
    const struct proof *proof = &f->data.proof;
    if (proof->employee_id.p == NULL) {
        return fail(cx, ERR_CONFLICT, "nobody has proven anything in this sign-in");
    }
    return password_owner_find(cx, proof->tenant_id, proof->employee_id, ret_owner);
}

err new_password_show(struct ctx *cx, const struct flow *f, struct page *p) {
    struct password_owner owner;
    unsigned problem = password_problem_parse(f->data.problem);
    TRY(owner_of(cx, f, &owner));
    page_scripts(p);
    password_problem_show(p, problem);
    page_paragraph(p, TEXT_PASSWORD_REPLACE, NULL);
    login_form_begin(p, f);
    password_user_show(p, owner.who.user_name);
    password_fields_show(p, &owner, problem);
    HTML(&p->h, "</form>\n");
    return OK;
}

struct replacement {
    struct password_owner owner;
    struct password_new made;
    struct password_change change;
    struct login login; /* as it was read */
    struct sign_in sign_in;
};

static err replace_run(struct ctx *cx, void *state) {
    const struct replacement *r = state;
    const struct sign_in *s = &r->sign_in;
    err e = login_epoch_hold(cx, &r->login);
    if (e == OK) { /* nor locked by guesses meanwhile */
        e = login_succeeded(cx, &s->login, true);
    }
    if (e == ERR_CONFLICT || e == ERR_FORBIDDEN || e == ERR_INVALID_GRANT) {
        return flow_restart_now(cx, s->flow, s->rp);
    }
    TRY(e);
    TRY(password_change_commit(cx, &r->change));
    return sign_in_commit(cx, s);
}

static err again(struct ctx *cx, const struct flow *f, unsigned problem, struct reply *rp) {
    struct flow_data data = {.user_name = f->data.user_name,
                             .proof = f->data.proof,
                             .problem = password_problem_write(cx->arena, problem)};
    return flow_advance(cx, f, STEP_NEW_PASSWORD, &data, rp);
}

static err replace_end(struct ctx *cx, const struct request *rq, struct flow *f,
                       struct replacement *r, struct reply *rp) {
    struct sign_in *s = &r->sign_in;
    password_change_prepare(cx, rq, &r->made, &r->change);
    s->flow = f;
    s->proof = f->data.proof;
    TRY(login_of(cx, s->proof.tenant_id, s->proof.employee_id, &s->login));
    if (!s->login.must_change || !proof_holds(&s->login, &s->proof)) {
        return flow_restart(cx, f, rp);
    }
    r->login = s->login;
    /* As it is behind the closure, which ends the other sign-ins. */
    s->login.must_change = false;
    s->proof.epoch = ++s->login.epoch;
    TRY(sign_in_prepare(cx, rq, s, rp));
    rp->write.run = replace_run;
    rp->write.state = r;
    return OK;
}

err new_password_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp) {
    const struct password_new *done = rq->job_state;
    if (done != NULL) {
        return done->problem != 0 ? again(cx, f, done->problem, rp)
                                  : replace_end(cx, rq, f, done->of, rp);
    }
    struct replacement *r = NEW(cx->arena, struct replacement);
    bool found;
    TRY(login_of_flow(cx, f, &r->login, &found)); /* before a hash is spent on it */
    if (!found) {
        return flow_restart(cx, f, rp);
    }
    TRY(owner_of(cx, f, &r->owner));
    TRY(password_new_read(cx, rq, &r->owner, &r->made));
    if (r->made.problem != 0) {
        return again(cx, f, r->made.problem, rp);
    }
    r->made.of = r;
    rp->job.only = f->row.flow;
    password_new_job(&r->made, rp);
    return OK;
}
