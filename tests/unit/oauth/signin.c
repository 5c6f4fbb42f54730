/* SPDX-License-Identifier: Apache-2.0 */
/* A browser before the authorization endpoint: what the pages do with it, without pages. */
#include "harness.h"

#include <string.h>

#define STOPPED 299 /* a page of web/ */

struct visit {
    struct browser *browser;
    struct authorize_grant grant;
};

static err rows_store(struct ctx *cx, void *state) {
    const struct authorize_grant *g = state;
    if (g->code.code.p != NULL) {
        TRY(authorization_code_create(cx, &g->code));
    }
    return g->session.session_id.p != NULL ? session_create(cx, &g->session) : OK;
}

static err respond(struct ctx *cx, const struct request *rq, const struct visit *visit,
                   struct reply *rp) {
    struct authorize_grant *g = NEW(cx->arena, struct authorize_grant);
    struct user *user = NEW(cx->arena, struct user);
    const struct browser *b = visit->browser;
    TRY(user_find(cx, b->sso->tenant_id, b->sso->employee_id, user));
    g->user = user;
    g->sso = b->sso;
    TRY(authorize_respond(cx, rq, &b->request, g, rp));
    rp->write.run = rows_store;
    rp->write.state = g;
    return OK;
}

/* In place of web/'s page: a field a line. */
static void form_show(struct ctx *cx, const struct request *rq, const struct authorize *r,
                      const struct authorize_form *form, struct reply *rp) {
    (void)rq;
    (void)r;
    struct buf b = buf_in(cx->arena, 1024);
    buf_format(&b, "to=%.*s\n", STR_ARG(form->action));
    for (size_t i = 0; i < form->n; i++) {
        buf_format(&b, "%.*s=%.*s\n", STR_ARG(form->fields[i].name),
                   STR_ARG(form->fields[i].value));
    }
    rp->status = 200;
    rp->content_type = "text/html; charset=utf-8";
    rp->body = buf_view(&b);
}

static err visit_run(struct ctx *cx, const struct request *rq, struct reply *rp) {
    const struct visit *visit = rq->job_state;
    struct browser *b = visit->browser;
    bool redirects = true;
    err e = authorize_read(cx, rq, &b->request, &redirects);
    b->request.form = form_show;
    if (e == OK) {
        /* As kept between two pages. */
        struct str kept = authorize_write(cx->arena, &b->request);
        TRY(authorize_parse(cx, kept, &b->request));
        b->request.form = form_show;
        e = authorize_decide(cx, &b->request, b->sso, &b->step);
    }
    if (e == OK && b->step != AUTHORIZE_RESPOND) {
        rp->status = STOPPED;
        return OK;
    }
    if (e == OK) {
        e = respond(cx, rq, visit, rp);
    }
    if (e != OK && redirects) {
        authorize_fail(cx, rq, &b->request, e, rp);
        return OK;
    }
    return e;
}

struct browser browser_new(struct house *h, const char *tenant, const char *user) {
    struct sso_session *sso = NEW(h->arena, struct sso_session);
    struct str cookie;
    *sso = (struct sso_session){.tenant_id = str_from(tenant),
                                .employee_id = str_from(user),
                                .amr = STR("pwd"),
                                .idle_seconds = 3600,
                                .expires_at = h->cx.now + 43200};
    sso_session_prepare(&h->cx, sso, &cookie);
    assert_int_equal(sso_session_create(&h->cx, sso), OK);
    return (struct browser){.sso = sso};
}

struct answer browser_get(struct house *h, struct browser *b, const char *query) {
    struct visit *visit = NEW(h->arena, struct visit);
    visit->browser = b;
    return ASK(h, .handle = visit_run, .method = HTTP_GET, .query = query, .job_state = visit);
}

struct answer browser_post(struct house *h, struct browser *b, const char *query,
                           const char *body) {
    struct visit *visit = NEW(h->arena, struct visit);
    visit->browser = b;
    return ASK(h, .handle = visit_run, .query = query, .body = body, .job_state = visit);
}

const char *location_param(struct house *h, const struct answer *a, const char *name) {
    static const struct form_rules rules = {.max = 20, .plus = true};
    struct str url = str_from(answer_header(a, "Location", h->arena)), value;
    struct params params;
    size_t at = str_find_char(url, '#');
    at = at < url.n ? at : str_find_char(url, '?');
    assert_int_equal(form_parse(&h->cx, str_sub(url, at + 1, url.n), &rules, &params), OK);
    assert_int_equal(params_one(&h->cx, &params, name, &value), OK);
    return value.p != NULL ? str_z(h->arena, value) : "";
}

void assert_redirected(struct house *h, const struct answer *a, const char *to, const char *error) {
    const char *url = answer_header(a, "Location", h->arena);
    if (a->status != 303 || strncmp(url, to, strlen(to)) != 0 ||
        strcmp(location_param(h, a, "error"), error) != 0) {
        fail_msg("expected %s and error '%s', got %d %s %.*s", to, error, a->status, url,
                 STR_ARG(a->body));
    }
    assert_string_equal(location_param(h, a, "iss"), ISSUER);
    assert_string_equal(answer_header(a, "Referrer-Policy", h->arena), "no-referrer");
}

const char *code_of(struct house *h, struct browser *b, const char *query) {
    struct answer a = browser_get(h, b, query);
    if (a.status != 303) {
        fail_msg("expected a code, got %d %.*s", a.status, STR_ARG(a.body));
    }
    const char *code = location_param(h, &a, "code");
    if (*code == '\0') {
        fail_msg("no code in %s", answer_header(&a, "Location", h->arena));
    }
    return code;
}

struct answer redeem(struct house *h, const char *application, const char *code, const char *more) {
    bool public = strcmp(application, APP_PUBLIC) == 0;
    const char *secret = public ? "" : "&client_secret=" SECRET_FORM;
    return ASK(h, .handle = token_post,
               .body =
                   format(&h->cx,
                          "grant_type=authorization_code&client_id=%s%s&code=%s"
                          "&redirect_uri=%s%s",
                          application, secret, code, public ? REDIRECT_PUBLIC : REDIRECT, more));
}
