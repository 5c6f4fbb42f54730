/* SPDX-License-Identifier: Apache-2.0 */
/* The last step of a sign-in: back to the application, and all that is stored for it in one write
 * closure. */
#include "web_internal.h"

err application_usable(struct ctx *cx, const struct application *a, struct str tenant_id,
                       bool *ret_usable) {
    struct application_access access;
    err e = application_access(cx, a, tenant_id, &access);
    if (e == ERR_NOT_FOUND) {
        *ret_usable = false;
        return OK;
    }
    TRY(e);
    *ret_usable = access.users;
    return OK;
}

static struct consent consent_of(const struct authorize *r, struct str tenant_id,
                                 struct str employee_id) {
    return (struct consent){.tenant_id = tenant_id,
                            .employee_id = employee_id,
                            .application_id = r->application.application_id,
                            .application_tenant_id = r->application.tenant_id,
                            .scope = r->scope};
}

err consent_wanted(struct ctx *cx, const struct authorize *r, struct str tenant_id,
                   struct str employee_id, bool *ret_wanted) {
    struct consent c = consent_of(r, tenant_id, employee_id);
    *ret_wanted = false;
    if (r->application.application_id.p == NULL) {
        return OK;
    }
    if ((r->prompt & PROMPT_CONSENT) != 0) {
        *ret_wanted = true;
    } else {
        TRY(consent_due(cx, &c, ret_wanted));
    }
    /* What will be refused anyway is not asked for. */
    return *ret_wanted ? application_usable(cx, &r->application, tenant_id, ret_wanted) : OK;
}

/* It ends at a page of our own. */
static bool is_local(const struct finish *f) {
    return f->flow != NULL && f->flow->return_path.p != NULL;
}

static err answer_prepare(struct ctx *cx, const struct request *rq, struct finish *f,
                          struct reply *rp) {
    f->grant = (struct authorize_grant){.user = &f->user, .sso = &f->sso};
    err e = authorize_respond(cx, rq, f->request, &f->grant, rp);
    if (e == OK || err_info(e)->status >= 500) {
        return e;
    }
    f->grant = (struct authorize_grant){.user = &f->user, .sso = &f->sso};
    authorize_fail(cx, rq, f->request, e, rp);
    f->refused = true;
    rp->outcome = e;
    return OK;
}

err finish_prepare(struct ctx *cx, const struct request *rq, struct finish *f, struct reply *rp) {
    TRY(user_find(cx, f->sso.tenant_id, f->sso.employee_id, &f->user));
    f->remote = rq->remote;
    if (f->asks_consent) {
        page_see_other(rp, flow_path(cx->arena, &f->flow->row));
    } else if (is_local(f)) {
        page_see_other(rp, f->flow->return_path);
    } else {
        TRY(answer_prepare(cx, rq, f, rp));
    }
    if (f->cookie.p != NULL) {
        bool found;
        TRY(browser_session(cx, rq, &f->before, &found));
        if (!found) {
            f->before = (struct sso_session){.sso_session_id = STR_NONE};
        }
        cookie_set(cx, rq, COOKIE_SESSION, f->cookie, rp);
        rp->trial = TRIAL_SIGNED_IN;
    }
    rp->tenant_id = f->sso.tenant_id;
    rp->client_id = f->request->application.application_id;
    return OK;
}

static err session_store(struct ctx *cx, const struct finish *f) {
    if (f->cookie.p == NULL) {
        return sso_session_used(cx, &f->sso);
    }
    TRY(sso_session_create(cx, &f->sso));
    if (f->before.sso_session_id.p != NULL) {
        /* SECURITY `fixation`: the cookie is replaced, and nothing is left that it alone ends. */
        TRY(sso_session_replace(cx, &f->before, &f->sso));
    }
    struct audit record = {.tenant_id = f->sso.tenant_id,
                           .actor = str_format(cx->arena, "user:%.*s", STR_ARG(f->sso.employee_id)),
                           .action = STR("user.sign_in"),
                           .object = f->sso.employee_id,
                           .remote = f->remote};
    return audit_write(cx, &record);
}

static err flow_store(struct ctx *cx, const struct finish *f) {
    if (f->flow == NULL) {
        return OK;
    }
    if (f->asks_consent) {
        struct flow_data data = {.user_name = f->user.employee.user_name,
                                 .sso_session_id = f->sso.sso_session_id};
        return flow_move(cx, f->flow, STEP_CONSENT, flow_data_write(cx->arena, &data));
    }
    return login_flow_delete(cx, &f->flow->row);
}

/* What was said is remembered; what was taken back a moment ago gives no code (SECURITY
 * `dead-means-dead`). */
static err consent_store(struct ctx *cx, const struct finish *f) {
    struct consent c = consent_of(f->request, f->sso.tenant_id, f->sso.employee_id);
    if (f->asks_consent || f->refused || is_local(f)) {
        return OK;
    }
    if (!f->consented) {
        return consent_hold(cx, &c);
    }
    TRY(consent_allow(cx, &c));
    struct audit record = {.tenant_id = c.tenant_id,
                           .actor = str_format(cx->arena, "user:%.*s", STR_ARG(c.employee_id)),
                           .action = STR("consent.allow"),
                           .object = c.application_id,
                           .remote = f->remote};
    return audit_write(cx, &record);
}

err finish_commit(struct ctx *cx, const struct finish *f) {
    TRY(flow_store(cx, f));
    TRY(consent_store(cx,
                      f)); /* before sessions, as who withdraws it: rows are locked in one order */
    TRY(session_store(cx, f));
    if (f->grant.code.code.p != NULL) {
        TRY(authorization_code_create(cx, &f->grant.code));
    }
    if (f->grant.session.session_id.p != NULL) {
        TRY(session_create(cx, &f->grant.session));
    }
    return is_local(f) ? OK : application_used(cx, &f->request->application);
}

static err finish_run(struct ctx *cx, void *state) {
    return finish_commit(cx, state);
}

err finish_respond(struct ctx *cx, const struct request *rq, struct finish *f, struct reply *rp) {
    TRY(finish_prepare(cx, rq, f, rp));
    rp->write.run = finish_run;
    rp->write.state = f;
    return OK;
}

static err refuse_run(struct ctx *cx, void *state) {
    const struct flow *f = state;
    return login_flow_delete(cx, &f->row);
}

void finish_refuse(struct ctx *cx, const struct request *rq, const struct flow *flow,
                   const char *error, const char *description, struct reply *rp) {
    struct flow *f = NEW(cx->arena, struct flow);
    *f = *flow;
    authorize_refuse(cx, rq, &f->request, error, description, rp);
    rp->write.run = refuse_run;
    rp->write.state = f;
}
