/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST /auth/login: the page of the step that a sign-in stands at, and the step done. */
#include "web_internal.h"

static void problem_show(struct page *p, const struct flow_data *d) {
    const struct problem *problem = problem_find(d->problem);
    if (problem != NULL) {
        struct str minutes = str_format(p->cx->arena, "%lld", (long long)d->minutes);
        page_problem(p, problem->text, TEXT_VALUES({"minutes", minutes}), problem->field);
    }
}

/* Whose user it is, when that was proven; absent before. */
static err proven_tenant(struct ctx *cx, const struct request *rq, const struct flow *f,
                         struct str *ret_tenant_id) {
    struct sso_session sso;
    bool found = false;
    *ret_tenant_id = f->data.proof.tenant_id;
    if (f->data.sso_session_id.p != NULL) {
        TRY(browser_session(cx, rq, &sso, &found));
    }
    if (found && str_eq(sso.sso_session_id, f->data.sso_session_id)) {
        *ret_tenant_id = sso.tenant_id;
    }
    return OK;
}

err login_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct flow f;
    struct str secret;
    bool found;
    TRY(request_query(cx, rq, "flow", &secret));
    TRY(flow_find(cx, rq, secret, &f, &found));
    const struct login_step *step = found ? login_step_find(f.row.step) : NULL;
    if (step == NULL) {
        expired_page(cx, rq, rp);
        return OK;
    }
    struct page_options options = {.title = step->title,
                                   .request = &f.request,
                                   .ui_locales = f.request.ui_locales,
                                   .display = f.request.display,
                                   .redirect = f.request.redirect_uri};
    TRY(proven_tenant(cx, rq, &f, &options.tenant_id));
    options.welcomes = options.tenant_id.p == NULL;
    struct page *p = page_begin(cx, rq, &options);
    problem_show(p, &f.data);
    TRY(step->show(cx, &f, p));
    page_end(p, rp);
    rp->client_id = f.request.application.application_id;
    return OK;
}

err login_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct flow *f = NEW(cx->arena, struct flow);
    struct str secret, version_text;
    bool found;
    int64_t version;
    TRY(request_param(cx, rq, "flow", &secret));
    TRY(request_param(cx, rq, "version", &version_text));
    TRY(flow_find(cx, rq, secret, f, &found));
    const struct login_step *step = found ? login_step_find(f->row.step) : NULL;
    if (step == NULL) {
        expired_page(cx, rq, rp);
        return OK;
    }
    if (!str_int(version_text, &version) || version != f->row.version) {
        done_page(cx, rq, f, rp);
        return OK;
    }
    rp->client_id = f->request.application.application_id;
    return step->post(cx, rq, f, rp);
}
