/* SPDX-License-Identifier: Apache-2.0 */
/* GET /auth/login/callback/{tenantId}: back from another provider. What the browser brings is
 * believed as far as its state goes: made by us, for this sign-in, this browser and this step. Who
 * it is says the provider's id token; that this is the user whose name was entered is decided here.
 */
#include "provider_step.h"

#define CALLBACK_TEXT_MAX 4096

struct callback {
    struct str state, code, error, iss;
    struct provider_state sent;
    struct flow flow;
    struct login_way way;
};

static err parameter(struct ctx *cx, const struct request *rq, const char *name, struct str *ret) {
    TRY(request_query(cx, rq, name, ret));
    if (ret->n > CALLBACK_TEXT_MAX) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s is too long.", name);
    }
    return OK;
}

/* SECURITY `steps`: of another browser, of an earlier one's sign-in, expired: not found. */
static err callback_read(struct ctx *cx, const struct request *rq, struct callback *c,
                         bool *ret_found) {
    *ret_found = false;
    TRY(parameter(cx, rq, "state", &c->state));
    TRY(parameter(cx, rq, "code", &c->code));
    TRY(parameter(cx, rq, "error", &c->error));
    TRY(parameter(cx, rq, "iss", &c->iss));
    if (!provider_state_parse(cx, rq->environment, c->state, &c->sent)) {
        return OK;
    }
    return flow_find(cx, rq, c->sent.flow, &c->flow, ret_found);
}

/* Back to the user name, which says why. */
static err back(struct ctx *cx, const struct callback *c, const char *problem, struct reply *rp) {
    struct flow_data data = {.user_name = c->flow.data.user_name, .problem = str_from(problem)};
    return flow_advance(cx, &c->flow, STEP_USER, &data, rp);
}

/* ---- who it is ---- */

/* NULL: the user of this sign-in; else the problem. */
static const char *identity_problem(const struct login_way *way,
                                    const struct provider_identity *who) {
    if (way->external_subject.p != NULL) {
        return str_eq(who->subject, way->external_subject) ? NULL : "provider_other";
    }
    /* The subject of somebody whom nobody connected: no claim will do in its place. */
    if (str_is(way->provider.claim, "sub") || who->claim.p == NULL) {
        return "provider_unlinked";
    }
    struct str name = str_is(way->provider.claim, "email") ? way->email_address : way->user_name;
    return str_eq_nocase(who->claim, name) ? NULL : "provider_other";
}

/* Core 3.1.2.1: what the application asked for was asked there, and it must show. */
static bool is_fresh(const struct ctx *cx, const struct callback *c,
                     const struct provider_identity *who) {
    int64_t max_age = c->flow.request.max_age;
    bool anew = provider_asks_anew(&c->flow);
    if (!anew && max_age < 0) {
        return true;
    }
    return who->auth_time > 0 && (!anew || who->auth_time >= c->sent.at - JWT_LEEWAY_SECONDS) &&
           (max_age < 0 || who->auth_time >= cx->now - max_age - JWT_LEEWAY_SECONDS);
}

/* ---- the end ---- */

struct arrival {
    const struct callback *c;
    struct str subject;
    struct sign_in sign_in;
    struct reply *rp;
};

static err arrival_run(struct ctx *cx, void *state) {
    const struct arrival *a = state;
    err e = login_way_used(cx, &a->c->way, a->subject);
    if (e == ERR_INVALID_GRANT) { /* it is somebody else's, or this user has another by now */
        struct flow_data data = {.user_name = a->c->flow.data.user_name,
                                 .problem = STR("provider_other")};
        e = flow_back(cx, &a->c->flow, STEP_USER, &data, a->rp);
        a->rp->trial = TRIAL_REFUSED;
        return e;
    }
    TRY(e);
    return sign_in_commit(cx, &a->sign_in);
}

static err arrive(struct ctx *cx, const struct request *rq, struct callback *c,
                  const struct provider_identity *who, struct reply *rp) {
    struct arrival *a = NEW(cx->arena, struct arrival);
    struct sign_in *s = &a->sign_in;
    a->c = c;
    a->subject = who->subject;
    a->rp = rp;
    s->flow = &c->flow;
    TRY(login_of(cx, c->way.tenant_id, c->way.employee_id, &s->login));
    s->proof = (struct proof){.tenant_id = c->way.tenant_id,
                              .employee_id = c->way.employee_id,
                              .amr = who->amr,
                              .epoch = s->login.epoch,
                              .auth_at = who->auth_time};
    TRY(sign_in_prepare(cx, rq, s, rp));
    rp->write.run = arrival_run;
    rp->write.state = a;
    return OK;
}

/* ---- the exchange ---- */

static err exchange_begin(struct ctx *cx, const struct request *rq, const struct callback *c,
                          struct reply *rp) {
    struct provider_exchange *x;
    struct provider_checks checks = provider_checks_of(cx, c->state);
    /* Each is a call with our secret that somebody else answers. */
    TRY(limit_take(cx, rq, RATE_SIGN_IN, rp));
    TRY(provider_exchange_new(cx, &c->way, &x));
    x->redirect_uri = provider_redirect_uri(cx, rq, &c->way);
    x->code = c->code;
    x->code_verifier = checks.code_verifier;
    x->nonce = checks.nonce;
    x->iss = c->iss;
    x->wants_claim = c->way.external_subject.p == NULL && !str_is(c->way.provider.claim, "sub");
    rp->job.lane = JOB_FETCH;
    rp->job.only = c->flow.row.flow;
    rp->job.run = provider_exchange_run;
    rp->job.state = x;
    return OK;
}

static err exchange_end(struct ctx *cx, const struct request *rq, struct callback *c,
                        struct reply *rp) {
    const struct provider_exchange *x = rq->job_state;
    if (x->outcome != PROVIDER_OK) {
        provider_log(cx, rq, &c->way, x->reason);
        return back(cx, c, x->outcome == PROVIDER_DOWN ? "provider_down" : "provider_failed", rp);
    }
    const char *problem = identity_problem(&c->way, &x->identity);
    if (problem == NULL && !is_fresh(cx, c, &x->identity)) {
        problem = "provider_stale";
    }
    if (problem == NULL &&
        !authorize_is_for(&c->flow.request, c->way.tenant_id, c->way.employee_id)) {
        problem = verdict_word(VERDICT_OTHER_USER);
    }
    if (problem != NULL) {
        provider_log(cx, rq, &c->way, str_from(problem));
        rp->trial = TRIAL_REFUSED;
        return back(cx, c, problem, rp);
    }
    return arrive(cx, rq, c, &x->identity, rp);
}

/* RFC 6749 4.1.2.1 */
static err refused(struct ctx *cx, const struct request *rq, const struct callback *c,
                   struct reply *rp) {
    bool denied = str_is(c->error, "access_denied");
    provider_log(cx, rq, &c->way,
                 denied ? STR("the answer is access_denied") : STR("the answer is an error"));
    return back(cx, c, denied ? "provider_denied" : "provider_failed", rp);
}

err provider_callback(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct callback *c = NEW(cx->arena, struct callback);
    bool found;
    TRY(callback_read(cx, rq, c, &found));
    if (!found) {
        expired_page(cx, rq, rp);
        return OK;
    }
    rp->client_id = c->flow.request.application.application_id;
    if (!str_is(c->flow.row.step, STEP_PROVIDER) || c->flow.row.version != c->sent.version) {
        done_page(cx, rq, &c->flow, rp);
        return OK;
    }
    /* SECURITY `dead-means-dead`: as it is now. */
    err e = login_way_find(cx, rq->environment->id, c->flow.data.user_name, &c->way);
    bool gone = e == ERR_NOT_FOUND;
    if (!gone) {
        TRY(e);
        gone = !str_is(c->way.kind, "openid") ||
               !str_eq(c->way.provider.issuer, c->flow.data.provider_issuer);
    }
    if (gone) {
        return back(cx, c, "provider_failed", rp);
    }
    rp->tenant_id = c->way.tenant_id;
    /* SECURITY `mix-up`: the code is of the tenant whose address the browser was sent to. */
    if (!str_eq(rq->path_param[0], c->way.tenant_id)) {
        provider_log(cx, rq, &c->way, STR("the answer came to the address of another tenant"));
        return back(cx, c, "provider_failed", rp);
    }
    if (!str_empty(c->error) || str_empty(c->code)) {
        return refused(cx, rq, c, rp);
    }
    return rq->job_state == NULL ? exchange_begin(cx, rq, c, rp) : exchange_end(cx, rq, c, rp);
}
