/* SPDX-License-Identifier: Apache-2.0 */
/* Users who sign in at another OpenID provider: after the user name the way there, in place of a
 * password. The way back is provider_callback.c's. */
#include "provider_step.h"

/* A page and not a redirect: Chromium applies the form's form-action to every redirect that
 * follows, and whose provider it will be is not known when that page is written. */
err login_provider_show(struct ctx *cx, const struct flow *f, struct page *p) {
    const struct provider_state state = {
        .flow = f->row.flow, .version = f->row.version, .at = cx->now};
    struct str url = provider_authorize_url(cx, f->data.provider_url,
                                            provider_state_write(cx, p->rq->environment, &state));
    struct str name = f->data.provider_name;
    login_lead(p, f);
    page_paragraph(p, TEXT_PROVIDER_LEAD, TEXT_VALUES({"provider", name}));
    HTML(&p->h, "<p><a class=\"button\" id=\"provider\"");
    HTML_URL(&p->h, "href", url);
    HTML(&p->h, ">");
    page_say(p, TEXT_PROVIDER_CONTINUE, TEXT_VALUES({"provider", name}));
    HTML(&p->h, "</a></p>\n");
    login_form_begin(p, f);
    login_button(p, &(struct login_button){
                        .action = "change", .text = TEXT_LOGIN_CHANGE_USER, .is_plain = true});
    HTML(&p->h, "</form>\n");
    p->refresh = url;
    return OK;
}

err login_provider_post(struct ctx *cx, const struct request *rq, struct flow *f,
                        struct reply *rp) {
    (void)rq;
    struct flow_data data = {.user_name = f->data.user_name};
    return flow_advance(cx, f, STEP_USER, &data, rp);
}

struct str provider_redirect_uri(struct ctx *cx, const struct request *rq,
                                 const struct login_way *way) {
    return str_format(cx->arena, "%.*s" LOGIN_CALLBACK_PATH "%.*s",
                      STR_ARG(rq->environment->issuer), STR_ARG(way->tenant_id));
}

err provider_exchange_new(struct ctx *cx, const struct login_way *way,
                          struct provider_exchange **ret) {
    struct provider_exchange *x = NEW(cx->arena, struct provider_exchange);
    x->provider = way->provider;
    x->allow_private = platform_allow_private_fetch(cx);
    x->once = platform_fetch_once(cx);
    if (way->secret_sealed.p != NULL) {
        TRY(login_way_secret(cx, way, &x->client_secret));
    }
    *ret = x;
    return OK;
}

void provider_log(struct ctx *cx, const struct request *rq, const struct login_way *way,
                  struct str reason) {
    struct buf b = buf_in(cx->arena, 256);
    struct json_out j = json_to(&b);
    json_put_str(&j, "requestId", rq->id);
    json_put_str(&j, "tenantId", way->tenant_id);
    json_put_str(&j, "issuer", way->provider.issuer);
    json_put_str(&j, "reason", reason);
    log_write(cx->log, LOG_WARN, "login_provider", buf_view(&b));
}

static err provider_begin(struct ctx *cx, const struct request *rq, const struct flow *f,
                          const struct login_way *way, struct reply *rp) {
    const struct provider_exchange *x = rq->job_state;
    struct flow_data data = {.user_name = way->user_name};
    if (x == NULL) {
        struct provider_exchange *begun;
        TRY(provider_exchange_new(cx, way, &begun));
        rp->job.lane = JOB_FETCH;
        rp->job.only = f->row.flow;
        rp->job.run = provider_discover_run;
        rp->job.state = begun;
        return OK;
    }
    if (x->outcome != PROVIDER_OK) {
        provider_log(cx, rq, way, x->reason);
        data.problem = STR("provider_down");
        return flow_advance(cx, f, STEP_USER, &data, rp);
    }
    const struct provider_ask ask = {
        .provider = &way->provider,
        .authorization_endpoint = x->metadata.authorization_endpoint,
        .redirect_uri = provider_redirect_uri(cx, rq, way),
        .login_hint = way->user_name,
        .ui_locales = f->request.ui_locales,
        /* Whoever came back as somebody else may choose again. */
        .login = provider_asks_anew(f) || str_is(f->data.problem, "provider_other"),
        .max_age = f->request.max_age,
    };
    data.provider_url = provider_authorize_base(cx, &ask);
    data.provider_name = way->authenticator_name;
    data.provider_issuer = way->provider.issuer;
    rp->tenant_id = way->tenant_id;
    return flow_advance(cx, f, STEP_PROVIDER, &data, rp);
}

bool provider_asks_anew(const struct flow *f) {
    return (f->request.prompt & PROMPT_LOGIN) != 0 || f->errand.p != NULL;
}

/* ---- which way, after the user name ---- */

struct login_way_row {
    const char *kind; /* of login_kind_find() */
    err (*begin)(struct ctx *cx, const struct request *rq, const struct flow *f,
                 const struct login_way *way, struct reply *rp);
};
/* A kind without a row here asks for a password, as for users that are not there. */
static const struct login_way_row login_ways[] = {
    {"openid", provider_begin},
};

static const struct login_way_row *login_way_row_of(const struct login_way *way) {
    for (size_t i = 0; i < COUNT_OF(login_ways); i++) {
        if (str_is(way->kind, login_ways[i].kind)) {
            return &login_ways[i];
        }
    }
    return NULL;
}

static err row_find(struct ctx *cx, const struct request *rq, struct str user_name,
                    struct login_way *way, const struct login_way_row **ret_row) {
    err e = login_way_find(cx, rq->environment->id, user_name, way);
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    *ret_row = e == OK ? login_way_row_of(way) : NULL;
    return OK;
}

err login_way_is_password(struct ctx *cx, const struct request *rq, struct str user_name,
                          bool *ret_password) {
    struct login_way way;
    const struct login_way_row *row;
    TRY(row_find(cx, rq, user_name, &way, &row));
    *ret_password = row == NULL;
    return OK;
}

err login_way_begin(struct ctx *cx, const struct request *rq, const struct flow *f,
                    struct str user_name, struct reply *rp) {
    struct flow_data data = {.user_name = user_name};
    struct login_way way;
    const struct login_way_row *row;
    TRY(row_find(cx, rq, user_name, &way, &row));
    return row != NULL ? row->begin(cx, rq, f, &way, rp)
                       : flow_advance(cx, f, STEP_PASSWORD, &data, rp);
}
