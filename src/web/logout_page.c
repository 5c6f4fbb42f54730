/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST /auth/authorize/logout (OpenID Connect RP-Initiated Logout 1.0): oauth/ decides,
 * here is what a person sees of it. */
#include "web_internal.h"

/* Proof that our own page asked: only who has the cookie can make it (SECURITY `steps`). */
static struct str confirmation_of(struct ctx *cx, struct str cookie) {
    return sha256_text(cx->arena, str_format(cx->arena, "logout\n%.*s", STR_ARG(cookie)));
}

static err session_here(struct ctx *cx, const struct request *rq, struct sso_session *ret) {
    bool found;
    TRY(browser_session(cx, rq, ret, &found));
    return found ? OK : fail(cx, ERR_NOT_FOUND, "nobody is signed in here");
}

static err browser_here(struct ctx *cx, const struct request *rq, struct str *ret_browser) {
    struct str browser;
    bool any = false;
    TRY(cookie_read(cx, rq, COOKIE_BROWSER, &browser));
    if (browser.p != NULL && browser.n <= BROWSER_SECRET_MAX) {
        TRY(login_flows_find(cx, browser, &any)); /* whoever makes one up causes no write */
    }
    *ret_browser = any ? browser : STR_NONE;
    return OK;
}

static err confirmed(struct ctx *cx, const struct request *rq, bool *ret_yes) {
    struct str cookie, given;
    *ret_yes = false;
    if (rq->method != HTTP_POST) {
        return OK;
    }
    TRY(request_param(cx, rq, "confirmation", &given));
    TRY(cookie_read(cx, rq, COOKIE_SESSION, &cookie));
    if (given.p != NULL && cookie.p != NULL) {
        struct str right = confirmation_of(cx, cookie);
        *ret_yes = given.n == right.n && secret_equal_bytes(given.p, right.p, right.n);
    }
    return OK;
}

static void hidden(struct page *p, const char *name, struct str value) {
    if (value.p != NULL) {
        HTML(&p->h, "<input type=\"hidden\"");
        HTML_ATTR(&p->h, "name", str_from(name));
        HTML_ATTR(&p->h, "value", value);
        HTML(&p->h, ">\n");
    }
}

static void form_show(struct page *p, const struct logout *l, struct str confirmation) {
    HTML(&p->h, "<form id=\"logout-form\" method=\"post\" accept-charset=\"utf-8\"");
    HTML_URL(&p->h, "action", STR(LOGOUT_PATH));
    HTML(&p->h, ">\n");
    hidden(p, "confirmation", confirmation);
    hidden(p, "client_id", l->application.application_id);
    hidden(p, "post_logout_redirect_uri", l->post_logout_redirect_uri);
    hidden(p, "state", l->state);
    hidden(p, "ui_locales", l->ui_locales);
    login_button(p, &(struct login_button){.action = "logout", .text = TEXT_LOGOUT_YES});
    login_button(
        p, &(struct login_button){.action = "stay", .text = TEXT_LOGOUT_NO, .is_plain = true});
    HTML(&p->h, "</form>\n");
}

static err confirm(struct ctx *cx, const struct request *rq, const struct logout *l,
                   const struct sso_session *sso, struct reply *rp) {
    struct page_options options = {.title = TEXT_LOGOUT_TITLE,
                                   .tenant_id = sso->tenant_id,
                                   .ui_locales = l->ui_locales,
                                   .redirect = l->post_logout_redirect_uri};
    struct str cookie;
    struct user user;
    TRY(cookie_read(cx, rq, COOKIE_SESSION, &cookie));
    TRY(user_find(cx, sso->tenant_id, sso->employee_id, &user));
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, TEXT_LOGOUT_USER, TEXT_VALUES({"user", user.employee.user_name}));
    if (l->application.application_id.p != NULL) {
        page_paragraph(p, TEXT_LOGOUT_APPLICATION,
                       TEXT_VALUES({"application", application_title(cx->arena, &l->application)}));
    }
    page_paragraph(p, TEXT_LOGOUT_EVERYWHERE, NULL);
    form_show(p, l, confirmation_of(cx, cookie));
    page_end(p, rp);
    return OK;
}

static void message_page(struct ctx *cx, const struct request *rq, enum text_key title,
                         enum text_key text, struct reply *rp) {
    struct page_options options = {.title = title};
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, text, NULL);
    account_link(p);
    page_end(p, rp);
}

static err ended(struct ctx *cx, const struct request *rq, const struct logout *l,
                 struct reply *rp) {
    (void)l;
    message_page(cx, rq, TEXT_SIGNED_OUT_TITLE, TEXT_SIGNED_OUT, rp);
    return OK;
}

/* A cookie that did not come is not cleared: another site's form would sign people out of nothing
 * but their browser. */
static void forget(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str cookie;
    if (cookie_read(cx, rq, COOKIE_SESSION, &cookie) == OK && cookie.p != NULL) {
        cookie_clear(cx, rq, COOKIE_SESSION, rp);
    }
}

err logout_page(struct ctx *cx, const struct request *rq, struct reply *rp) {
    static const struct logout_pages pages = {.session = session_here,
                                              .browser = browser_here,
                                              .confirmed = confirmed,
                                              .confirm = confirm,
                                              .ended = ended,
                                              .forget = forget};
    struct str action;
    TRY(request_param(cx, rq, "action", &action));
    if (rq->method == HTTP_POST && str_is(action, "stay")) {
        message_page(cx, rq, TEXT_SIGNED_IN_TITLE, TEXT_SIGNED_IN, rp);
        return OK;
    }
    return logout_run(cx, rq, &pages, rp);
}
