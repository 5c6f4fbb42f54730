/* SPDX-License-Identifier: Apache-2.0 */
/* GET /auth/account: what is known of who is signed in here, for that person alone: browsers,
 * applications, and what it allowed. */
#include "web_internal.h"

struct view {
    struct page *p;
    struct sso_session here;
    struct account_browser *browsers;
    struct account_session *sessions;
    struct consent *consents;
    size_t browsers_n, sessions_n, consents_n;
};

static err view_load(struct ctx *cx, struct view *v) {
    const struct sso_session *s = &v->here;
    TRY(account_browsers(cx, s->tenant_id, s->employee_id, &v->browsers, &v->browsers_n));
    TRY(account_sessions(cx, s->tenant_id, s->employee_id, &v->sessions, &v->sessions_n));
    return consent_list(cx, s->tenant_id, s->employee_id, &v->consents, &v->consents_n);
}

#define TIME_MINUTE 16 /* of "2026-01-31T23:59:59.000Z": all up to the seconds */

/* One form for all languages: "2026-01-31 23:59 UTC". */
static struct str time_text(struct page *p, int64_t at) {
    char text[TIME_ISO_SIZE];
    time_iso(at * 1000, text);
    text[STR("2026-01-31").n] = ' ';
    return str_format(p->cx->arena, "%.*s UTC", TIME_MINUTE, text);
}

/* A form of one button. `about`: id of the element that says what it is for, or NULL. */
struct small_form {
    const char *action;
    enum text_key text;
    struct str id;
    struct str about;
};

static err form_write(struct view *v, const struct small_form *f) {
    struct page *p = v->p;
    struct html *h = &p->h;
    struct str button = str_format(p->cx->arena, "%s-%.*s", f->action, STR_ARG(f->about));
    HTML(h, "<form method=\"post\" accept-charset=\"utf-8\"");
    HTML_URL(h, "action", STR(ACCOUNT_PATH));
    HTML(h, ">");
    TRY(form_token_write(p));
    if (f->id.p != NULL) {
        HTML(h, "<input type=\"hidden\" name=\"id\"");
        HTML_ATTR(h, "value", f->id);
        HTML(h, ">");
    }
    HTML(h, "<button type=\"submit\" class=\"small\" name=\"action\"");
    HTML_ATTR(h, "value", str_from(f->action));
    HTML_ATTR(h, "id", button);
    HTML_ATTR(h, "aria-labelledby",
              str_format(p->cx->arena, "%.*s %.*s", STR_ARG(button), STR_ARG(f->about)));
    HTML(h, ">");
    page_say(p, f->text, NULL);
    HTML(h, "</button></form>\n");
    return OK;
}

static void name_write(struct page *p, struct str id, struct str name, enum text_key otherwise) {
    HTML(&p->h, "<strong");
    HTML_ATTR(&p->h, "id", id);
    HTML(&p->h, ">");
    if (str_empty(name)) {
        page_say(p, otherwise, NULL);
    } else {
        html_name(&p->h, name);
    }
    HTML(&p->h, "</strong>");
}

/* "browser-1": what a row is called on the page. */
static struct str row_id(struct view *v, const char *kind, size_t i) {
    return str_format(v->p->cx->arena, "%s-%zu", kind, i + 1);
}

static err session_write(struct view *v, size_t i) {
    struct page *p = v->p;
    const struct account_session *s = &v->sessions[i];
    struct application a = {.name = s->name, .vendor = s->vendor};
    struct str id = row_id(v, "application", i);
    HTML(&p->h, "<li class=\"row\"><div>");
    name_write(p, id, application_title(p->cx->arena, &a), TEXT_HOME_APPLICATION_GONE);
    HTML(&p->h, "<p class=\"hint\">");
    page_say(p, TEXT_HOME_SINCE,
             TEXT_VALUES({"begun", time_text(p, s->created_at)},
                         {"until", time_text(p, s->expires_at)}));
    HTML(&p->h, "</p></div>\n");
    TRY(form_write(v, &(struct small_form){.action = "end_application",
                                           .text = TEXT_HOME_END_APPLICATION,
                                           .id = s->session_id,
                                           .about = id}));
    HTML(&p->h, "</li>\n");
    return OK;
}

static bool browser_is_listed(const struct view *v, struct str sso_session_id) {
    for (size_t i = 0; i < v->browsers_n; i++) {
        if (str_eq(v->browsers[i].sso_session_id, sso_session_id)) {
            return true;
        }
    }
    return false;
}

/* Those of one browser; absent: of browsers that are not listed. */
static err sessions_write(struct view *v, struct str sso_session_id) {
    size_t n = 0;
    for (size_t i = 0; i < v->sessions_n; i++) {
        const struct account_session *s = &v->sessions[i];
        bool is_here = sso_session_id.p != NULL ? str_eq(s->sso_session_id, sso_session_id)
                                                : !browser_is_listed(v, s->sso_session_id);
        if (is_here && n++ == 0) {
            HTML(&v->p->h, "<ul class=\"rows\">\n");
        }
        if (is_here) {
            TRY(session_write(v, i));
        }
    }
    if (n > 0) {
        HTML(&v->p->h, "</ul>\n");
    }
    return OK;
}

static bool is_here(const struct view *v, size_t i) {
    return str_eq(v->browsers[i].sso_session_id, v->here.sso_session_id);
}

static err browser_write(struct view *v, size_t i) {
    struct page *p = v->p;
    struct html *h = &p->h;
    const struct account_browser *b = &v->browsers[i];
    int64_t idle = b->last_used_at + b->idle_seconds;
    struct str id = row_id(v, "browser", i);
    bool is_this = is_here(v, i);
    HTML(h, "<li class=\"card\">\n<div class=\"row\"><div>");
    name_write(p, id, user_agent_name(p->cx->arena, b->user_agent), TEXT_HOME_BROWSER_UNKNOWN);
    if (is_this) {
        HTML(h, " <span class=\"badge\" id=\"this-browser\">");
        page_say(p, TEXT_HOME_THIS_BROWSER, NULL);
        HTML(h, "</span>");
    }
    HTML(h, "<p class=\"hint\">");
    page_say(p, TEXT_HOME_BROWSER,
             TEXT_VALUES({"begun", time_text(p, b->created_at)},
                         {"used", time_text(p, b->last_used_at)},
                         {"idle", time_text(p, idle < b->expires_at ? idle : b->expires_at)},
                         {"until", time_text(p, b->expires_at)}));
    HTML(h, "</p></div>\n");
    if (!is_this) {
        TRY(form_write(v, &(struct small_form){.action = "end_browser",
                                               .text = TEXT_HOME_END_BROWSER,
                                               .id = b->sso_session_id,
                                               .about = id}));
    }
    HTML(h, "</div>\n");
    TRY(sessions_write(v, b->sso_session_id));
    HTML(h, "</li>\n");
    return OK;
}

static void heading(struct view *v, const char *id, enum text_key key) {
    HTML(&v->p->h, "<h2");
    HTML_ATTR(&v->p->h, "id", str_from(id));
    HTML(&v->p->h, ">");
    page_say(v->p, key, NULL);
    HTML(&v->p->h, "</h2>\n");
}

static err browsers_write(struct view *v) {
    heading(v, "browsers", TEXT_HOME_BROWSERS);
    HTML(&v->p->h, "<ul class=\"cards\">\n");
    for (size_t i = 0; i < v->browsers_n; i++) { /* this one first */
        if (is_here(v, i)) {
            TRY(browser_write(v, i));
        }
    }
    for (size_t i = 0; i < v->browsers_n; i++) {
        if (!is_here(v, i)) {
            TRY(browser_write(v, i));
        }
    }
    HTML(&v->p->h, "</ul>\n");
    return OK;
}

static err others_write(struct view *v) {
    bool any = v->browsers_n > 1;
    for (size_t i = 0; i < v->sessions_n && !any; i++) {
        any = !str_eq(v->sessions[i].sso_session_id, v->here.sso_session_id);
    }
    if (!any) {
        return OK;
    }
    return form_write(v, &(struct small_form){.action = "end_others",
                                              .text = TEXT_HOME_END_OTHERS,
                                              .about = STR("browsers")});
}

static bool has_elsewhere(const struct view *v) {
    for (size_t i = 0; i < v->sessions_n; i++) {
        if (!browser_is_listed(v, v->sessions[i].sso_session_id)) {
            return true;
        }
    }
    return false;
}

static err consent_write(struct view *v, size_t i) {
    struct page *p = v->p;
    const struct consent *c = &v->consents[i];
    struct application a = {.name = c->name, .vendor = c->vendor};
    struct str id = row_id(v, "consent", i);
    HTML(&p->h, "<li class=\"card\">\n<div class=\"row\"><div>");
    name_write(p, id, application_title(p->cx->arena, &a), TEXT_HOME_APPLICATION_GONE);
    HTML(&p->h, "<p class=\"hint\">");
    page_say(p, TEXT_HOME_ALLOWED, TEXT_VALUES({"when", time_text(p, c->updated_at)}));
    HTML(&p->h, "</p></div>\n");
    TRY(form_write(v, &(struct small_form){.action = "withdraw",
                                           .text = TEXT_HOME_WITHDRAW,
                                           .id = c->application_id,
                                           .about = id}));
    HTML(&p->h, "</div>\n");
    scopes_show(p, c->scope);
    HTML(&p->h, "</li>\n");
    return OK;
}

static err consents_write(struct view *v) {
    if (v->consents_n == 0) {
        return OK;
    }
    heading(v, "allowed", TEXT_HOME_CONSENTS);
    page_paragraph(v->p, TEXT_HOME_CONSENTS_WHY, NULL);
    HTML(&v->p->h, "<ul class=\"cards\">\n");
    for (size_t i = 0; i < v->consents_n; i++) {
        TRY(consent_write(v, i));
    }
    HTML(&v->p->h, "</ul>\n");
    return OK;
}

/* Pages of one's own; each is a row. */
static const struct account_link {
    const char *id, *path;
    enum text_key text;
    enum { OF_ALL, OF_PASSWORD, OF_PASSWORD_OR_FACTOR } whose;
} links[] = {
    {"change-password", PASSWORD_OWN_PATH, TEXT_PASSWORD_OWN_TITLE, OF_PASSWORD},
    {"second-factor", SECOND_FACTOR_PATH, TEXT_SECOND_FACTOR_TITLE, OF_PASSWORD_OR_FACTOR},
    {"sign-out", LOGOUT_PATH, TEXT_LOGOUT_YES, OF_ALL},
};

static void links_write(struct page *p, bool has_password, bool has_factor) {
    HTML(&p->h, "<ul class=\"links\">\n");
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        bool theirs = has_password || links[i].whose == OF_ALL ||
                      (has_factor && links[i].whose == OF_PASSWORD_OR_FACTOR);
        if (!theirs) {
            continue;
        }
        HTML(&p->h, "<li><a");
        HTML_ATTR(&p->h, "id", str_from(links[i].id));
        HTML_URL(&p->h, "href", str_from(links[i].path));
        HTML(&p->h, ">");
        page_say(p, links[i].text, NULL);
        HTML(&p->h, "</a></li>\n");
    }
    HTML(&p->h, "</ul>\n");
}

err account_page_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct view v = {.p = NULL};
    struct password_owner owner;
    struct login login;
    struct str done;
    struct user user;
    bool found;
    TRY(browser_require(cx, rq, STR(ACCOUNT_PATH), &v.here, &found, rp));
    if (!found) {
        return OK;
    }
    TRY(request_query(cx, rq, "done", &done));
    TRY(user_find(cx, v.here.tenant_id, v.here.employee_id, &user));
    TRY(view_load(cx, &v));
    struct page_options options = {
        .title = TEXT_HOME_TITLE, .tenant_id = v.here.tenant_id, .wide = true};
    v.p = page_begin(cx, rq, &options);
    account_done_show(v.p, done);
    HTML(&v.p->h, "<p class=\"lead\" id=\"who\">");
    page_say(v.p, TEXT_HOME_WHO,
             TEXT_VALUES({"user", user.employee.user_name}, {"name", user.employee.display_name}));
    HTML(&v.p->h, "</p>\n");
    TRY(login_of(cx, v.here.tenant_id, v.here.employee_id, &login));
    links_write(v.p, password_owner_find(cx, v.here.tenant_id, v.here.employee_id, &owner) == OK,
                login.factor != FACTOR_NONE);
    TRY(browsers_write(&v));
    if (has_elsewhere(&v)) {
        heading(&v, "elsewhere", TEXT_HOME_ELSEWHERE);
        TRY(sessions_write(&v, STR_NONE));
    }
    TRY(others_write(&v));
    TRY(consents_write(&v));
    page_end(v.p, rp);
    rp->tenant_id = v.here.tenant_id;
    return OK;
}

void account_link(struct page *p) {
    HTML(&p->h, "<p><a id=\"account\"");
    HTML_URL(&p->h, "href", STR(ACCOUNT_PATH));
    HTML(&p->h, ">");
    page_say(p, TEXT_HOME_GO, NULL);
    HTML(&p->h, "</a></p>\n");
}

/* "/": where a person begins who knows only the address. */
err root_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    (void)cx;
    (void)rq;
    page_see_other(rp, STR(ACCOUNT_PATH));
    return OK;
}
