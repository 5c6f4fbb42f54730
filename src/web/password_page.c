/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST /auth/password: a new password by the link of a mail. What follows links (scanners
 * of mail) only sees a form; posting it uses the link up. Nobody is signed in by it: the sign-in
 * comes after, with all of its steps (SECURITY `reset`). */
#include "web_internal.h"

static void void_page(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct page_options options = {.title = TEXT_PASSWORD_VOID_TITLE};
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, TEXT_PASSWORD_VOID, NULL);
    page_paragraph(p, TEXT_PASSWORD_VOID_TODO, NULL);
    HTML(&p->h, "<p><a class=\"button\" id=\"account\" href=\"" ACCOUNT_PATH "\">");
    page_say(p, TEXT_PASSWORD_SIGN_IN, NULL);
    HTML(&p->h, "</a></p>\n");
    p->status = 400;
    page_end(p, rp);
}

/* ERR_NOT_FOUND: it works no more. */
static err link_find(struct ctx *cx, const struct request *rq, struct str text,
                     struct password_link *l, struct password_owner *o) {
    if (str_empty(text) || !str_is_text(text)) {
        return fail(cx, ERR_NOT_FOUND, "no link");
    }
    return password_link_find(cx, rq->environment->id, text, l, o);
}

err password_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str text, problem_text;
    struct password_link link;
    struct password_owner owner;
    TRY(request_query(cx, rq, "link", &text));
    TRY(request_query(cx, rq, "problem", &problem_text));
    err e = link_find(cx, rq, text, &link, &owner);
    if (e == ERR_NOT_FOUND) {
        void_page(cx, rq, rp);
        return OK;
    }
    TRY(e);
    bool invited = str_is(link.kind, LINK_INVITATION);
    unsigned problem = password_problem_parse(problem_text);
    struct page_options options = {.title =
                                       invited ? TEXT_PASSWORD_INVITED_TITLE : TEXT_PASSWORD_TITLE,
                                   .tenant_id = link.tenant_id};
    struct page *p = page_begin(cx, rq, &options);
    page_scripts(p);
    password_problem_show(p, problem);
    if (invited) {
        page_paragraph(p, TEXT_PASSWORD_INVITED, NULL);
    }
    HTML(&p->h,
         "<form id=\"password\" method=\"post\" accept-charset=\"utf-8\" action=\"" PASSWORD_PATH
         "\">\n<input type=\"hidden\" name=\"link\"");
    HTML_ATTR(&p->h, "value", text);
    HTML(&p->h, ">\n");
    password_user_show(p, owner.who.user_name);
    password_fields_show(p, &owner, problem);
    HTML(&p->h, "</form>\n");
    page_end(p, rp);
    return OK;
}

/* ---- what posting does ---- */

struct setting_by_link {
    struct password_link link;
    struct password_owner owner;
    struct password_new made;
    struct password_change change;
    struct reply *rp;
};

static void back(struct ctx *cx, const struct setting_by_link *s, unsigned problem) {
    struct str words = password_problem_write(cx->arena, problem);
    page_see_other(s->rp,
                   str_format(cx->arena, PASSWORD_PATH "?link=%.*s%s%.*s", STR_ARG(s->link.link),
                              words.n > 0 ? "&problem=" : "", STR_ARG(words)));
}

static err set_run(struct ctx *cx, void *state) {
    const struct setting_by_link *s = state;
    err e = password_link_use(cx, &s->link);
    if (e == ERR_INVALID_GRANT) { /* another was faster; its page says so */
        s->rp->headers_n = s->rp->headers_kept;
        back(cx, s, 0);
        return OK;
    }
    TRY(e);
    return password_change_commit(cx, &s->change);
}

static err set_end(struct ctx *cx, const struct request *rq, struct setting_by_link *s,
                   struct reply *rp) {
    s->rp = rp;
    rp->tenant_id = s->link.tenant_id;
    if (s->made.problem != 0) {
        back(cx, s, s->made.problem);
        return OK;
    }
    password_change_prepare(cx, rq, &s->made, &s->change);
    page_see_other(rp, str_format(cx->arena, PASSWORD_DONE_PATH "?tenantId=%.*s%s",
                                  STR_ARG(s->link.tenant_id),
                                  str_is(s->link.kind, LINK_INVITATION) ? "&first=1" : ""));
    rp->write.run = set_run;
    rp->write.state = s;
    return OK;
}

err password_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    const struct password_new *done = rq->job_state;
    struct str text;
    if (done != NULL) {
        return set_end(cx, rq, done->of, rp);
    }
    struct setting_by_link *s = NEW(cx->arena, struct setting_by_link);
    TRY(request_param(cx, rq, "link", &text));
    err e = link_find(cx, rq, text, &s->link, &s->owner);
    if (e == ERR_NOT_FOUND) {
        void_page(cx, rq, rp);
        return OK;
    }
    TRY(e);
    TRY(password_new_read(cx, rq, &s->owner, &s->made));
    if (s->made.problem != 0) {
        return set_end(cx, rq, s, rp);
    }
    s->made.of = s;
    rp->job.only = s->link.digest;
    password_new_job(&s->made, rp);
    return OK;
}

err password_done_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str here, first, tenant_id;
    TRY(request_query(cx, rq, "here", &here));
    TRY(request_query(cx, rq, "first", &first));
    TRY(request_query(cx, rq, "tenantId", &tenant_id)); /* whose look; what it is, all may see */
    struct page_options options = {.title = TEXT_PASSWORD_DONE_TITLE, .tenant_id = tenant_id};
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p,
                   here.p != NULL    ? TEXT_PASSWORD_DONE_HERE
                   : first.p != NULL ? TEXT_PASSWORD_DONE_FIRST
                                     : TEXT_PASSWORD_DONE,
                   NULL);
    if (here.p == NULL) {
        page_paragraph(p, TEXT_PASSWORD_DONE_TODO, NULL);
    }
    HTML(&p->h, "<p><a class=\"button\" id=\"account\" href=\"" ACCOUNT_PATH "\">");
    page_say(p, here.p != NULL ? TEXT_HOME_GO : TEXT_PASSWORD_SIGN_IN, NULL);
    HTML(&p->h, "</a></p>\n");
    page_end(p, rp);
    return OK;
}
