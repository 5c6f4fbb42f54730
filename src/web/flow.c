/* SPDX-License-Identifier: Apache-2.0 */
/* A sign-in under way: found by the secret of its form and the cookie of its browser, advanced by a
 * write closure (SECURITY `steps`). */
#include "web_internal.h"

struct str flow_data_write(struct arena *a, const struct flow_data *d) {
    struct buf b = buf_in(a, 256);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_str_if(&j, "user_name", d->user_name);
    json_put_str_if(&j, "problem", d->problem);
    if (d->minutes > 0) {
        json_put_int(&j, "minutes", d->minutes);
    }
    json_put_str_if(&j, "sso_session_id", d->sso_session_id);
    if (d->proof.employee_id.p != NULL) {
        json_put_str(&j, "tenant_id", d->proof.tenant_id);
        json_put_str(&j, "employee_id", d->proof.employee_id);
        json_put_str(&j, "amr", d->proof.amr);
        json_put_int(&j, "epoch", d->proof.epoch);
        json_put_int(&j, "auth_at", d->proof.auth_at);
        json_put_bool(&j, "has_code", d->proof.has_code);
    }
    json_put_str_if(&j, "factor", d->factor);
    json_put_str_if(&j, "sealed", d->sealed);
    json_put_str_if(&j, "provider_url", d->provider_url);
    json_put_str_if(&j, "provider_name", d->provider_name);
    json_put_str_if(&j, "provider_issuer", d->provider_issuer);
    json_close_object(&j);
    return buf_view(&b);
}

err flow_data_parse(struct ctx *cx, struct str json, struct flow_data *ret_data) {
    json_t *value;
    struct flow_data d = {.minutes = 0};
    TRY(json_parse(cx, json, &value));
    TRY(json_get_str(cx, value, "user_name", &d.user_name));
    TRY(json_get_str(cx, value, "problem", &d.problem));
    TRY(json_get_int(cx, value, "minutes", 0, &d.minutes));
    TRY(json_get_str(cx, value, "sso_session_id", &d.sso_session_id));
    TRY(json_get_str(cx, value, "tenant_id", &d.proof.tenant_id));
    TRY(json_get_str(cx, value, "employee_id", &d.proof.employee_id));
    TRY(json_get_str(cx, value, "amr", &d.proof.amr));
    TRY(json_get_int(cx, value, "epoch", 0, &d.proof.epoch));
    TRY(json_get_str(cx, value, "factor", &d.factor));
    TRY(json_get_str(cx, value, "sealed", &d.sealed));
    TRY(json_get_int(cx, value, "auth_at", 0, &d.proof.auth_at));
    TRY(json_get_bool(cx, value, "has_code", false, &d.proof.has_code));
    TRY(json_get_str(cx, value, "provider_url", &d.provider_url));
    TRY(json_get_str(cx, value, "provider_name", &d.provider_name));
    TRY(json_get_str(cx, value, "provider_issuer", &d.provider_issuer));
    *ret_data = d;
    return OK;
}

struct str flow_path(struct arena *a, const struct login_flow *row) {
    return str_format(a, LOGIN_PATH "?flow=%.*s", STR_ARG(percent_encode(a, row->flow)));
}

/* A page of our own instead of an application's request. */
static struct str local_write(struct arena *a, struct str return_path, struct str errand) {
    struct buf b = buf_in(a, 128);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_str(&j, "return_path", return_path);
    json_put_str_if(&j, "errand", errand);
    json_close_object(&j);
    return buf_view(&b);
}

static err request_parse(struct ctx *cx, struct flow *f) {
    json_t *value;
    TRY(json_parse(cx, f->row.request, &value));
    TRY(json_get_str(cx, value, "return_path", &f->return_path));
    TRY(json_get_str(cx, value, "errand", &f->errand));
    if (f->return_path.p != NULL) {
        return OK;
    }
    TRY(authorize_parse(cx, f->row.request, &f->request));
    f->request.form = form_page;
    return OK;
}

err flow_find(struct ctx *cx, const struct request *rq, struct str secret, struct flow *ret_flow,
              bool *ret_found) {
    struct str browser;
    TRY(cookie_read(cx, rq, COOKIE_BROWSER, &browser));
    *ret_found = false;
    if (browser.p == NULL || str_empty(secret) || !str_is_text(secret)) {
        return OK;
    }
    struct flow f = {.request = {.max_age = -1}};
    err e = login_flow_find(cx, rq->environment->id, secret, browser, &f.row);
    if (e == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(e);
    f.row.flow = secret;
    f.row.browser = browser;
    TRY(request_parse(cx, &f));
    TRY(flow_data_parse(cx, f.row.data, &f.data));
    *ret_flow = f;
    *ret_found = true;
    return OK;
}

static err begin_run(struct ctx *cx, void *state) {
    return login_flow_create(cx, state);
}

static err begin(struct ctx *cx, const struct request *rq, struct login_flow *row,
                 struct reply *rp) {
    if (rq->method == HTTP_HEAD) {
        return OK; /* RFC 9110 9.2.1: safe */
    }
    TRY(limit_take(cx, rq, RATE_SIGN_IN, rp));
    /* One secret a browser: sign-ins in two of its windows do not end each other. */
    TRY(cookie_read(cx, rq, COOKIE_BROWSER, &row->browser));
    if (row->browser.n > BROWSER_SECRET_MAX) {
        row->browser = STR_NONE;
    }
    row->environment_id = rq->environment->id;
    login_flow_prepare(cx, row);
    page_see_other(rp, flow_path(cx->arena, row));
    cookie_set(cx, rq, COOKIE_BROWSER, row->browser, rp);
    rp->trial = TRIAL_BEGUN;
    rp->write.run = begin_run;
    rp->write.state = row;
    return OK;
}

err flow_begin(struct ctx *cx, const struct request *rq, const struct authorize *r,
               const char *step, const struct flow_data *data, struct reply *rp) {
    struct login_flow *row = NEW(cx->arena, struct login_flow);
    row->step = str_from(step);
    row->request = authorize_write(cx->arena, r);
    row->data = flow_data_write(cx->arena, data);
    return begin(cx, rq, row, rp);
}

err flow_begin_here(struct ctx *cx, const struct request *rq, struct str return_path,
                    struct reply *rp) {
    struct login_flow *row = NEW(cx->arena, struct login_flow);
    row->step = STR(STEP_USER);
    row->request = local_write(cx->arena, return_path, STR_NONE);
    return begin(cx, rq, row, rp);
}

err flow_begin_errand(struct ctx *cx, const struct request *rq, const struct flow_errand *errand,
                      struct reply *rp) {
    struct login_flow *row = NEW(cx->arena, struct login_flow);
    struct flow_data data = {.user_name = errand->user_name};
    bool password = false;
    if (errand->user_name.p != NULL) {
        TRY(login_way_is_password(cx, rq, errand->user_name, &password));
    }
    row->step = password ? STR(STEP_PASSWORD) : STR(STEP_USER);
    row->request = local_write(cx->arena, errand->return_path, str_from(errand->step));
    row->data = flow_data_write(cx->arena, &data);
    return begin(cx, rq, row, rp);
}

struct advance {
    const struct flow *flow;
    const char *step;
    struct str data;
};

static err advance_run(struct ctx *cx, void *state) {
    const struct advance *a = state;
    return flow_move(cx, a->flow, a->step, a->data);
}

err flow_move(struct ctx *cx, const struct flow *f, const char *step, struct str data) {
    err e = login_flow_advance(cx, &f->row, str_from(step), data);
    if (e == ERR_CONFLICT) {
        return fail(cx, ERR_CONFLICT, "a step of a sign-in was posted twice");
    }
    return e;
}

err flow_back(struct ctx *cx, const struct flow *f, const char *step, const struct flow_data *data,
              struct reply *rp) {
    /* The route's own headers (CORS) stay: they are the first ones. */
    rp->headers_n = rp->headers_kept;
    rp->status = 0;
    rp->content_type = NULL;
    rp->body = STR_NONE;
    rp->outcome = OK;
    rp->write.run = NULL;
    rp->trial = TRIAL_NONE;
    rp->tenant_id = STR_NONE;
    rp->client_id = f->request.application.application_id;
    page_see_other(rp, flow_path(cx->arena, &f->row));
    return flow_move(cx, f, step, flow_data_write(cx->arena, data));
}

err flow_advance(struct ctx *cx, const struct flow *f, const char *step,
                 const struct flow_data *data, struct reply *rp) {
    struct advance *a = NEW(cx->arena, struct advance);
    a->flow = f;
    a->step = step;
    a->data = flow_data_write(cx->arena, data);
    page_see_other(rp, flow_path(cx->arena, &f->row));
    rp->write.run = advance_run;
    rp->write.state = a;
    return OK;
}

static struct flow_data changed_data(const struct flow *f) {
    return (struct flow_data){.user_name = f->data.user_name, .problem = STR("factor_changed")};
}

err flow_restart(struct ctx *cx, const struct flow *f, struct reply *rp) {
    const struct flow_data data = changed_data(f);
    return flow_advance(cx, f, STEP_USER, &data, rp);
}

err flow_restart_now(struct ctx *cx, const struct flow *f, struct reply *rp) {
    const struct flow_data data = changed_data(f);
    err e = flow_back(cx, f, STEP_USER, &data, rp);
    rp->trial = TRIAL_REFUSED;
    return e;
}
