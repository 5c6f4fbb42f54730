/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST /auth/device (RFC 8628 3.3): somebody who is signed in types the code of a device,
 * sees what asks for what, and says yes or no. Whether a code is one is told to nobody else. */
#include "web_internal.h"

#define ACTION_CHECK "check"
#define ACTION_ALLOW "allow"
#define ACTION_DENY  "deny"

/* ---- what went wrong, in words of the query ---- */

struct device_problem {
    const char *word;
    enum text_key text;
    const char *field;
};
static const struct device_problem problems[] = {
    {"form", TEXT_DEVICE_PROBLEM_FORM, "user_code"},
    {"wrong", TEXT_DEVICE_PROBLEM_WRONG, "user_code"},
    {"many", TEXT_DEVICE_PROBLEM_MANY, NULL},
    {"tenant", TEXT_DEVICE_PROBLEM_TENANT, NULL},
    {"over", TEXT_DEVICE_PROBLEM_OVER, NULL},
};

static const struct device_problem *problem_of(struct str word) {
    for (size_t i = 0; i < COUNT_OF(problems); i++) {
        if (str_is(word, problems[i].word)) {
            return &problems[i];
        }
    }
    return NULL;
}

static struct str problem_path(struct arena *a, const char *word) {
    return str_format(a, DEVICE_PATH "?problem=%s", word);
}

static struct str code_path(struct arena *a, struct str user_code) {
    return user_code.p != NULL ? str_format(a, DEVICE_PATH "?user_code=%.*s", STR_ARG(user_code))
                               : STR(DEVICE_PATH);
}

/* ---- the pages ---- */

static err form_begin(struct page *p) {
    HTML(&p->h, "<form id=\"device\" method=\"post\" accept-charset=\"utf-8\"");
    HTML_URL(&p->h, "action", STR(DEVICE_PATH));
    HTML(&p->h, ">\n");
    return form_token_write(p);
}

static void code_field(struct page *p, struct str typed, const struct device_problem *problem) {
    struct html *h = &p->h;
    bool wrong = problem != NULL && problem->field != NULL;
    HTML(h, "<div class=\"field\">\n<label for=\"user_code\">");
    page_say(p, TEXT_DEVICE_CODE, NULL);
    HTML(h, "</label>\n<input type=\"text\" id=\"user_code\" name=\"user_code\" "
            "autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" required "
            "autofocus");
    HTML_ATTR(h, "aria-describedby", wrong ? STR("user_code-hint problem") : STR("user_code-hint"));
    HTML_ATTR(h, "value", typed);
    if (wrong) {
        HTML(h, " aria-invalid=\"true\"");
    }
    HTML(h, ">\n<p class=\"hint\" id=\"user_code-hint\">");
    page_say(p, typed.n > 0 ? TEXT_DEVICE_COMPARE : TEXT_DEVICE_CODE_HINT, NULL);
    HTML(h, "</p>\n</div>\n");
}

static err type_page(struct ctx *cx, const struct request *rq, const struct user *user,
                     struct str user_code, struct reply *rp) {
    struct page_options options = {.title = TEXT_DEVICE_TITLE, .tenant_id = user->tenant.tenant_id};
    struct str word;
    TRY(request_query(cx, rq, "problem", &word));
    const struct device_problem *problem = problem_of(word);
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, TEXT_DEVICE_USER, TEXT_VALUES({"user", user->employee.user_name}));
    if (problem != NULL) {
        page_problem(p, problem->text, NULL, problem->field);
    }
    TRY(form_begin(p));
    code_field(p, user_code, problem);
    login_button(p, &(struct login_button){.action = ACTION_CHECK, .text = TEXT_DEVICE_NEXT});
    HTML(&p->h, "</form>\n");
    page_end(p, rp);
    return OK;
}

static err confirm_page(struct ctx *cx, const struct request *rq, const struct user *user,
                        const struct device_code *d, const struct application *a,
                        struct reply *rp) {
    struct page_options options = {.title = TEXT_DEVICE_CONFIRM_TITLE,
                                   .tenant_id = user->tenant.tenant_id};
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, TEXT_DEVICE_ASKS,
                   TEXT_VALUES({"application", application_title(cx->arena, a)},
                               {"user", user->employee.user_name}));
    scopes_show(p, d->scope);
    page_paragraph(p, TEXT_DEVICE_SHOWS, NULL);
    HTML(&p->h, "<p class=\"code\" id=\"code\">");
    html_text(&p->h, d->user_code);
    HTML(&p->h, "</p>\n");
    page_paragraph(p, TEXT_DEVICE_WARNING, NULL);
    TRY(form_begin(p));
    HTML(&p->h, "<input type=\"hidden\" name=\"user_code\"");
    HTML_ATTR(&p->h, "value", d->user_code);
    HTML(&p->h, ">\n");
    login_button(p, &(struct login_button){.action = ACTION_ALLOW, .text = TEXT_DEVICE_ALLOW});
    login_button(p, &(struct login_button){
                        .action = ACTION_DENY, .text = TEXT_DEVICE_DENY, .is_plain = true});
    HTML(&p->h, "</form>\n<p class=\"hint\"><a id=\"other\"");
    HTML_URL(&p->h, "href", STR(LOGOUT_PATH));
    HTML(&p->h, ">");
    page_say(p, TEXT_DEVICE_OTHER, TEXT_VALUES({"user", user->employee.user_name}));
    HTML(&p->h, "</a></p>\n");
    page_end(p, rp);
    rp->client_id = a->application_id;
    return OK;
}

static void done_page_of(struct ctx *cx, const struct request *rq, const struct user *user,
                         bool allowed, struct reply *rp) {
    struct page_options options = {.title = allowed ? TEXT_DEVICE_ALLOWED_TITLE
                                                    : TEXT_DEVICE_DENIED_TITLE,
                                   .tenant_id = user->tenant.tenant_id};
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, allowed ? TEXT_DEVICE_ALLOWED : TEXT_DEVICE_DENIED, NULL);
    account_link(p);
    page_end(p, rp);
}

/* Alive, and the user's tenant allows it; else the word of the problem. */
static err application_of(struct ctx *cx, const struct request *rq, const struct device_code *d,
                          struct application *ret_application, const char **ret_problem) {
    bool usable;
    err e = client_find(cx, rq->environment->id, d->application_id, ret_application);
    if (e == OK) {
        e = client_check_alive(cx, ret_application);
    }
    if (e == ERR_NOT_FOUND || e == ERR_INVALID_CLIENT) {
        *ret_problem = "over";
        return OK;
    }
    TRY(e);
    TRY(application_usable(cx, ret_application, d->user_tenant_id, &usable));
    *ret_problem = usable ? NULL : "tenant";
    return OK;
}

static err shown_page(struct ctx *cx, const struct request *rq, const struct user *user,
                      const struct device_code *d, struct reply *rp) {
    struct application a;
    const char *problem;
    if (!str_is(d->state, "shown")) {
        done_page_of(cx, rq, user, str_is(d->state, "allowed"), rp);
        return OK;
    }
    TRY(application_of(cx, rq, d, &a, &problem));
    if (problem != NULL) {
        page_see_other(rp, problem_path(cx->arena, problem));
        return OK;
    }
    return confirm_page(cx, rq, user, d, &a, rp);
}

err device_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str typed, user_code = STR_NONE;
    struct sso_session sso;
    struct user user;
    struct device_code d;
    bool found;
    TRY(request_query(cx, rq, "user_code", &typed));
    if (rq->method == HTTP_HEAD) {
        return OK; /* RFC 9110 9.2.1: no sign-in begins */
    }
    bool has = user_code_parse(cx->arena, typed, &user_code);
    user_code = has ? user_code : STR_NONE;
    TRY(browser_require(cx, rq, code_path(cx->arena, user_code), &sso, &found, rp));
    if (!found) {
        return OK;
    }
    rp->tenant_id = sso.tenant_id;
    TRY(user_find(cx, sso.tenant_id, sso.employee_id, &user));
    if (has) {
        err e = device_code_shown(cx, rq->environment->id, user_code, &sso, &d);
        if (e != ERR_NOT_FOUND) {
            TRY(e);
            return shown_page(cx, rq, &user, &d, rp);
        }
    }
    return type_page(cx, rq, &user, user_code, rp);
}

/* ---- the steps ---- */

struct device_step {
    const struct request *rq;
    struct sso_session sso;
    struct str user_code;
    bool allow;
    struct consent consent; /* for what, from whom */
    struct reply *rp;
    struct reply untouched; /* the reply before a run: it may run again */
};

static void step_lead(struct device_step *s, struct str path) {
    *s->rp = s->untouched;
    page_see_other(s->rp, path);
}

/* A wrong code is committed too: it counts. */
static err check_run(struct ctx *cx, void *state) {
    struct device_step *s = state;
    err e = device_code_show(cx, s->rq->environment->id, s->user_code, &s->sso);
    if (e == ERR_NOT_FOUND || e == ERR_RATE_LIMITED) {
        bool wrong = e == ERR_NOT_FOUND;
        step_lead(s, problem_path(cx->arena, wrong ? "wrong" : "many"));
        s->rp->trial = wrong ? TRIAL_WRONG : TRIAL_LOCKED; /* the address's limit */
        return OK;
    }
    TRY(e);
    step_lead(s, code_path(cx->arena, s->user_code));
    return sso_session_used(cx, &s->sso);
}

static err decide_run(struct ctx *cx, void *state) {
    struct device_step *s = state;
    err e = device_code_decide(cx, s->rq->environment->id, s->user_code, &s->sso, s->allow);
    if (e == ERR_NOT_FOUND) {
        step_lead(s, problem_path(cx->arena, "over"));
        return OK;
    }
    TRY(e);
    step_lead(s, code_path(cx->arena, s->user_code));
    if (s->allow) {
        TRY(consent_allow(cx, &s->consent)); /* listed with the others, and withdrawn like them */
    }
    struct audit record = {.tenant_id = s->sso.tenant_id,
                           .actor = str_format(cx->arena, "user:%.*s", STR_ARG(s->sso.employee_id)),
                           .action = s->allow ? STR("device.allow") : STR("device.deny"),
                           .object = s->consent.application_id,
                           .remote = s->rq->remote};
    return audit_write(cx, &record);
}

static void step_prepare(struct device_step *s, err (*run)(struct ctx *cx, void *state)) {
    s->rp->write.run = run;
    s->rp->write.state = s;
    s->untouched = *s->rp;
}

/* What the page said is looked at again. */
static err decide(struct ctx *cx, const struct request *rq, struct device_step *s) {
    struct device_code d;
    struct application a;
    struct str allowed;
    const char *problem = "over";
    err e = device_code_shown(cx, rq->environment->id, s->user_code, &s->sso, &d);
    if (e != ERR_NOT_FOUND) {
        TRY(e);
        TRY(application_of(cx, rq, &d, &a, &problem));
        s->rp->client_id = d.application_id;
        s->consent = (struct consent){.tenant_id = s->sso.tenant_id,
                                      .employee_id = s->sso.employee_id,
                                      .application_tenant_id = a.tenant_id,
                                      .application_id = d.application_id,
                                      .scope = d.scope};
        /* Who was never asked is not to be asked from now on: it allows what was allowed anyway. */
        TRY(consent_scope(cx, &s->consent, &allowed));
        s->consent.scope = allowed.p != NULL ? d.scope : a.scope;
    }
    if (problem != NULL) {
        page_see_other(s->rp, problem_path(cx->arena, problem));
    } else {
        step_prepare(s, decide_run);
    }
    return OK;
}

err device_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct device_step *s = NEW(cx->arena, struct device_step);
    struct str typed, action;
    bool found;
    TRY(request_param(cx, rq, "user_code", &typed));
    TRY(request_param(cx, rq, "action", &action));
    bool good = user_code_parse(cx->arena, typed, &s->user_code);
    s->user_code = good ? s->user_code : STR_NONE;
    TRY(browser_require(cx, rq, code_path(cx->arena, s->user_code), &s->sso, &found, rp));
    if (!found) {
        return OK;
    }
    TRY(form_token_check(cx, rq));
    s->rq = rq;
    s->rp = rp;
    rp->tenant_id = s->sso.tenant_id;
    s->allow = str_is(action, ACTION_ALLOW);
    if (!good) {
        page_see_other(rp, problem_path(cx->arena, "form"));
    } else if (s->allow || str_is(action, ACTION_DENY)) {
        return decide(cx, rq, s);
    } else {
        step_prepare(s, check_run);
    }
    return OK;
}
