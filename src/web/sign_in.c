/* SPDX-License-Identifier: Apache-2.0 */
/* What is proven in a sign-in, and what comes next: another step, or the end. */
#include "web_internal.h"

/* In this order. A further factor is a row here, a row of login_step.c and a file. */
struct demand {
    const char *step; /* NULL ends the table */
    bool (*wanted)(const struct flow *f, const struct login *l, const struct proof *p);
};
static const struct demand demands[] = {
    {STEP_CODE, second_factor_wanted},
    {STEP_ENROL, enrolment_wanted},
    {STEP_NEW_PASSWORD, new_password_wanted}, /* the last: whoever sets one has proven the rest */
    {NULL, NULL},
};

static const char *next_of(const struct sign_in *s) {
    const struct demand *d = demands;
    while (d->step != NULL && !d->wanted(s->flow, &s->login, &s->proof)) {
        d++;
    }
    if (d->step == NULL && s->flow->errand.p != NULL && !s->errand_done) {
        return login_step_find(s->flow->errand)->name;
    }
    return d->step;
}

static err end_prepare(struct ctx *cx, const struct request *rq, struct sign_in *s,
                       struct reply *rp) {
    const struct login *l = &s->login;
    struct finish *f = &s->finish;
    f->request = &s->flow->request;
    f->flow = s->flow;
    TRY(consent_wanted(cx, f->request, l->tenant_id, l->employee_id, &f->asks_consent));
    const struct login_flow *row = &s->flow->row;
    f->sso = (struct sso_session){.tenant_id = l->tenant_id,
                                  .employee_id = l->employee_id,
                                  .amr = s->proof.amr,
                                  .user_agent = user_agent_kept(cx->arena, rq),
                                  .browser_digest = sha256_text(cx->arena, row->browser),
                                  .auth_at = s->proof.auth_at > 0 ? s->proof.auth_at : cx->now,
                                  .created_at = cx->now,
                                  .last_used_at = cx->now,
                                  .idle_seconds = l->policy.idle_seconds,
                                  .expires_at = cx->now + l->policy.session_seconds};
    sso_session_prepare(cx, &f->sso, &f->cookie);
    return finish_prepare(cx, rq, f, rp);
}

/* SECURITY `dead-means-dead`: who proved the password that was replaced meanwhile (by the owner's
 * mail, say), or a factor, or came by a way that is not the user's any more, has proven nothing. */
bool proof_holds(const struct login *l, const struct proof *p) {
    return l->epoch == p->epoch;
}

err sign_in_prepare(struct ctx *cx, const struct request *rq, struct sign_in *s, struct reply *rp) {
    if (!proof_holds(&s->login, &s->proof)) {
        return fail(cx, ERR_CONFLICT, "the account was changed since it was proven");
    }
    s->rp = rp;
    s->next = next_of(s);
    if (s->next == NULL) {
        return end_prepare(cx, rq, s, rp);
    }
    s->data = (struct flow_data){.user_name = s->flow->data.user_name, .proof = s->proof};
    if (str_is(str_from(s->next), STEP_ENROL)) {
        enrolment_begin(cx, s->flow, &s->login, &s->data);
    }
    page_see_other(rp, flow_path(cx->arena, &s->flow->row));
    return OK;
}

err sign_in_commit(struct ctx *cx, const struct sign_in *s) {
    err e = login_epoch_hold(cx, &s->login);
    if (e == ERR_CONFLICT) {
        return flow_restart_now(cx, s->flow, s->rp);
    }
    TRY(e);
    if (s->next == NULL) {
        return finish_commit(cx, &s->finish);
    }
    return flow_move(cx, s->flow, s->next, flow_data_write(cx->arena, &s->data));
}
