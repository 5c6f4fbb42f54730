/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a sign-in: user name, account picker, consent; the password has a file of its own.
 */
#include "web_internal.h"

struct str application_title(struct arena *a, const struct application *application) {
    if (str_empty(application->vendor) || str_eq_nocase(application->vendor, application->name)) {
        return application->name;
    }
    return str_format(a, "%.*s (%.*s)", STR_ARG(application->name), STR_ARG(application->vendor));
}

/* Why a page of our own asks for a sign-in; TEXT_COUNT: that is clear. */
static enum text_key local_lead(const struct flow *f) {
    if (f->errand.p != NULL) {
        return TEXT_SECOND_LEAD;
    }
    return str_starts(f->return_path, DEVICE_PATH) ? TEXT_DEVICE_LEAD : TEXT_COUNT;
}

void login_lead(struct page *p, const struct flow *f) {
    bool is_local = f->return_path.p != NULL;
    enum text_key key = is_local ? local_lead(f) : TEXT_LOGIN_TO;
    if (key == TEXT_COUNT) {
        return;
    }
    const struct application *a = &f->request.application;
    HTML(&p->h, "<p class=\"lead\">");
    page_say(p, key,
             is_local ? NULL : TEXT_VALUES({"application", application_title(p->cx->arena, a)}));
    HTML(&p->h, "</p>\n");
}

void login_form_begin(struct page *p, const struct flow *f) {
    struct html *h = &p->h;
    HTML(h, "<form id=\"login-form\" method=\"post\" accept-charset=\"utf-8\"");
    HTML_URL(h, "action", STR(LOGIN_PATH));
    HTML(h, ">\n<input type=\"hidden\" name=\"flow\"");
    HTML_ATTR(h, "value", f->row.flow);
    HTML(h, ">\n<input type=\"hidden\" name=\"version\"");
    HTML_ATTR(h, "value", str_format(p->cx->arena, "%lld", (long long)f->row.version));
    HTML(h, ">\n");
}

void login_button(struct page *p, const struct login_button *b) {
    struct html *h = &p->h;
    HTML(h, "<button type=\"submit\" name=\"action\"");
    HTML_ATTR(h, "id", str_from(b->action));
    HTML_ATTR(h, "value", str_from(b->action));
    if (b->is_plain) {
        HTML(h, " class=\"plain\" formnovalidate");
    }
    HTML(h, ">");
    page_say(p, b->text, b->values);
    HTML(h, "</button>\n");
}

static bool is_about(const struct flow *f, const char *field) {
    const struct problem *problem = problem_find(f->data.problem);
    return problem != NULL && problem->field != NULL && str_is(str_from(problem->field), field);
}

void login_invalid(struct page *p, const struct flow *f, const char *field) {
    if (is_about(f, field)) {
        HTML(&p->h, " aria-invalid=\"true\"");
    }
}

/* ---- user name ---- */

void login_user_name_field(struct page *p, const struct flow *f) {
    struct html *h = &p->h;
    HTML(h, "<div class=\"field\">\n<label for=\"username\">");
    page_say(p, TEXT_LOGIN_USER_NAME, NULL);
    HTML(h, "</label>\n<input type=\"text\" id=\"username\" name=\"username\" inputmode=\"email\" "
            "autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" required "
            "autofocus");
    HTML_ATTR(h, "aria-describedby",
              is_about(f, "username") ? STR("username-hint problem") : STR("username-hint"));
    HTML_ATTR(h, "value", f->data.user_name);
    login_invalid(p, f, "username");
    HTML(h, ">\n<p class=\"hint\" id=\"username-hint\">");
    page_say(p, TEXT_LOGIN_USER_NAME_HINT, NULL);
    HTML(h, "</p>\n</div>\n");
}

static err user_show(struct ctx *cx, const struct flow *f, struct page *p) {
    (void)cx;
    struct html *h = &p->h;
    login_lead(p, f);
    login_form_begin(p, f);
    login_user_name_field(p, f);
    login_button(p, &(struct login_button){.action = "next", .text = TEXT_LOGIN_NEXT});
    login_button(p, &(struct login_button){
                        .action = "forgotten", .text = TEXT_FORGOTTEN_LINK, .is_plain = true});
    HTML(h, "</form>\n");
    return OK;
}

err login_user_name_read(struct ctx *cx, const struct request *rq, struct str *ret_name,
                         struct flow_data *data) {
    struct str text;
    TRY(request_param(cx, rq, "username", &text));
    text = str_trim(text);
    *data = (struct flow_data){.user_name = text};
    if (text.n == 0) {
        *data = (struct flow_data){.problem = STR("user_name_missing")};
    } else if (text.n > USER_NAME_MAX || !str_is_text(text)) {
        *data = (struct flow_data){.problem = STR("user_name_form")};
    } else if (!user_name_ok(text)) {
        data->problem = STR("user_name_form");
    }
    *ret_name = text;
    return OK;
}

static err user_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp) {
    struct str action, text;
    struct flow_data data;
    TRY(request_param(cx, rq, "action", &action));
    TRY(login_user_name_read(cx, rq, &text, &data));
    if (str_is(action, "forgotten")) {
        data.problem = STR_NONE;
        return flow_advance(cx, f, STEP_FORGOTTEN, &data, rp);
    }
    return data.problem.p == NULL ? login_way_begin(cx, rq, f, text, rp)
                                  : flow_advance(cx, f, STEP_USER, &data, rp);
}

/* ---- which account ---- */

static err account_show(struct ctx *cx, const struct flow *f, struct page *p) {
    struct sso_session sso;
    struct user user = {.employee = {.user_name = f->data.user_name}};
    bool found;
    TRY(browser_session(cx, p->rq, &sso, &found));
    if (found) {
        TRY(user_find(cx, sso.tenant_id, sso.employee_id, &user));
    }
    login_lead(p, f);
    login_form_begin(p, f);
    if (found) {
        /* Whom the button names: another tab may have signed somebody else in when it is pressed.
         */
        HTML(&p->h, "<input type=\"hidden\" name=\"session\"");
        HTML_ATTR(&p->h, "value", sso.sso_session_id);
        HTML(&p->h, ">\n");
        login_button(
            p, &(struct login_button){.action = "continue",
                                      .text = TEXT_ACCOUNT_CONTINUE,
                                      .values = TEXT_VALUES({"user", user.employee.user_name})});
    }
    login_button(
        p, &(struct login_button){.action = "other", .text = TEXT_ACCOUNT_OTHER, .is_plain = true});
    HTML(&p->h, "</form>\n");
    return OK;
}

/* As if it had just been chosen. */
static err account_continue(struct ctx *cx, const struct request *rq, struct flow *f,
                            const struct sso_session *sso, struct reply *rp) {
    struct authorize chosen = f->request;
    enum authorize_step step;
    struct user user;
    chosen.prompt &= ~(unsigned)PROMPT_SELECT_ACCOUNT;
    TRY(consent_wanted(cx, &chosen, sso->tenant_id, sso->employee_id, &chosen.consent_due));
    TRY(authorize_decide(cx, &chosen, sso, &step));
    if (step == AUTHORIZE_LOGIN) {
        TRY(user_find(cx, sso->tenant_id, sso->employee_id, &user));
        return login_way_begin(cx, rq, f, user.employee.user_name, rp);
    }
    struct finish *finish = NEW(cx->arena, struct finish);
    finish->request = &f->request;
    finish->flow = f;
    finish->sso = *sso;
    finish->asks_consent = step == AUTHORIZE_CONSENT;
    return finish_respond(cx, rq, finish, rp);
}

static err account_post(struct ctx *cx, const struct request *rq, struct flow *f,
                        struct reply *rp) {
    struct str action, named;
    struct sso_session sso;
    bool found, goes_on;
    TRY(request_param(cx, rq, "action", &action));
    TRY(request_param(cx, rq, "session", &named));
    TRY(browser_session(cx, rq, &sso, &found));
    goes_on = str_is(action, "continue");
    if (goes_on && found && str_eq(sso.sso_session_id, named)) {
        return account_continue(cx, rq, f, &sso, rp);
    }
    struct flow_data data = {.user_name = f->request.login_hint,
                             .problem = goes_on ? STR("session_gone") : STR_NONE};
    return flow_advance(cx, f, STEP_USER, &data, rp);
}

/* ---- consent ---- */

static const struct {
    const char *scope;
    enum text_key text;
} scope_texts[] = {
    {"openid", TEXT_SCOPE_OPENID},
    {"profile", TEXT_SCOPE_PROFILE},
    {"email", TEXT_SCOPE_EMAIL},
    {"phone", TEXT_SCOPE_PHONE},
    {"offline_access", TEXT_SCOPE_OFFLINE_ACCESS},
    {"platform-user-read", TEXT_SCOPE_PLATFORM_USER_READ},
    {"platform-user-write", TEXT_SCOPE_PLATFORM_USER_WRITE},
    {"analytics-query", TEXT_SCOPE_ANALYTICS_QUERY},
    {"access-key-read", TEXT_SCOPE_ACCESS_KEY_READ},
    {"access-key-write", TEXT_SCOPE_ACCESS_KEY_WRITE},
    {"application-read", TEXT_SCOPE_APPLICATION_READ},
    {"application-write", TEXT_SCOPE_APPLICATION_WRITE},
    {"agent-session", TEXT_SCOPE_AGENT_SESSION},
};

enum text_key scope_text(struct str scope) {
    for (size_t i = 0; i < COUNT_OF(scope_texts); i++) {
        if (str_is(scope, scope_texts[i].scope)) {
            return scope_texts[i].text;
        }
    }
    return TEXT_COUNT;
}

void scopes_show(struct page *p, struct str scope) {
    struct html *h = &p->h;
    HTML(h, "<ul class=\"scopes\">\n");
    for (size_t i = 0; scope_at(i) != NULL; i++) {
        struct str name = str_from(scope_at(i));
        if (str_has_word(scope, name)) {
            HTML(h, "<li>");
            page_say(p, scope_text(name), NULL);
            HTML(h, " <code>");
            html_text(h, name);
            HTML(h, "</code></li>\n");
        }
    }
    HTML(h, "</ul>\n");
}

static err consent_show(struct ctx *cx, const struct flow *f, struct page *p) {
    const struct application *a = &f->request.application;
    page_paragraph(
        p, TEXT_CONSENT_ASKS,
        TEXT_VALUES({"application", application_title(cx->arena, a)}, {"user", f->data.user_name}));
    scopes_show(p, f->request.scope);
    login_form_begin(p, f);
    login_button(p, &(struct login_button){.action = "allow", .text = TEXT_CONSENT_ALLOW});
    login_button(
        p, &(struct login_button){.action = "deny", .text = TEXT_CONSENT_DENY, .is_plain = true});
    HTML(&p->h, "</form>\n");
    return OK;
}

static err consent_post(struct ctx *cx, const struct request *rq, struct flow *f,
                        struct reply *rp) {
    struct str action;
    struct finish *finish = NEW(cx->arena, struct finish);
    bool found;
    TRY(request_param(cx, rq, "action", &action));
    if (str_is(action, "deny")) {
        finish_refuse(cx, rq, f, "access_denied", "The user did not allow it.", rp);
        return OK;
    }
    /* Who agrees is looked up again: the session of the page may have ended, or be another's. */
    TRY(browser_session(cx, rq, &finish->sso, &found));
    if (!found || !str_eq(finish->sso.sso_session_id, f->data.sso_session_id)) {
        struct flow_data data = {.user_name = f->data.user_name, .problem = STR("session_gone")};
        return flow_advance(cx, f, STEP_USER, &data, rp);
    }
    if (!str_is(action, "allow")) {
        return flow_advance(cx, f, STEP_CONSENT, &f->data, rp);
    }
    /* The page may have stood open for longer than max_age. */
    if (authorize_is_stale(cx, &f->request, &finish->sso, f->row.expires_at - LOGIN_FLOW_SECONDS)) {
        return login_way_begin(cx, rq, f, f->data.user_name, rp);
    }
    finish->request = &f->request;
    finish->consented = true;
    finish->flow = f;
    return finish_respond(cx, rq, finish, rp);
}

static const struct login_step steps[] = {
    {STEP_USER, TEXT_LOGIN_TITLE, user_show, user_post},
    {STEP_PASSWORD, TEXT_LOGIN_TITLE, login_password_show, login_password_post},
    {STEP_CODE, TEXT_SECOND_CODE_TITLE, second_factor_code_show, second_factor_code_post},
    {STEP_RECOVERY, TEXT_SECOND_RECOVERY_TITLE, second_factor_recovery_show,
     second_factor_recovery_post},
    {STEP_ENROL, TEXT_SECOND_ENROL_TITLE, enrol_show, enrol_post},
    {STEP_CODES, TEXT_SECOND_CODES_TITLE, enrol_codes_show, enrol_codes_post},
    {STEP_FACTOR, TEXT_SECOND_FACTOR_TITLE, enrol_factor_show, enrol_factor_post},
    {STEP_PROVIDER, TEXT_LOGIN_TITLE, login_provider_show, login_provider_post},
    {STEP_NEW_PASSWORD, TEXT_PASSWORD_REPLACE_TITLE, new_password_show, new_password_post},
    {STEP_FORGOTTEN, TEXT_FORGOTTEN_TITLE, forgotten_show, forgotten_post},
    {STEP_FORGOTTEN_SENT, TEXT_FORGOTTEN_SENT_TITLE, forgotten_sent_show, forgotten_sent_post},
    {STEP_ACCOUNT, TEXT_ACCOUNT_TITLE, account_show, account_post},
    {STEP_CONSENT, TEXT_CONSENT_TITLE, consent_show, consent_post},
};

const struct login_step *login_step_find(struct str name) {
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (str_is(name, steps[i].name)) {
            return &steps[i];
        }
    }
    return NULL;
}
