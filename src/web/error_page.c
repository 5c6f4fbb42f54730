/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for what went wrong: for a person what to do, for the application's developers what is
 * wrong with its request. */
#include "web_internal.h"

#define SHOWN_MAX    512 /* bytes of a parameter */
#define WAIT_MINUTES 90  /* seconds: from there on minutes are said */

static void request_show(struct page *p) {
    HTML(&p->h, "<p class=\"hint\" id=\"request\">");
    page_say(p, TEXT_PAGE_REQUEST, TEXT_VALUES({"id", p->rq->correlation}));
    HTML(&p->h, "</p>\n");
}

static void code_show(struct page *p, err code, const char *text) {
    HTML(&p->h, "<p><code id=\"error\">");
    html_text(&p->h, str_from(err_info(code)->code));
    HTML(&p->h, "</code> <span id=\"error_description\">");
    html_text(&p->h, str_from(text));
    HTML(&p->h, "</span></p>\n");
}

/* As it came, so that its developers see what is wrong with it. */
static void parameter_show(struct page *p, const char *name) {
    const struct params *from[] = {&p->rq->query, &p->rq->form};
    for (size_t k = 0; k < COUNT_OF(from); k++) {
        for (size_t i = 0; i < from[k]->n; i++) {
            if (str_is(from[k]->v[i].name, name)) {
                HTML(&p->h, "<p><code>");
                html_text(&p->h, str_from(name));
                HTML(&p->h, " = ");
                html_text(&p->h, str_sub(from[k]->v[i].value, 0, SHOWN_MAX));
                HTML(&p->h, "</code></p>\n");
            }
        }
    }
}

void refused_page(struct ctx *cx, const struct request *rq, err code, struct reply *rp) {
    struct page_options options = {.title = TEXT_REFUSED_TITLE};
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, TEXT_REFUSED_USER, NULL);
    HTML(&p->h, "<details open><summary>");
    page_say(p, TEXT_REFUSED_DETAILS, NULL);
    HTML(&p->h, "</summary>\n");
    page_paragraph(p, TEXT_REFUSED_WHY, NULL);
    code_show(p, code, failure_text(cx));
    parameter_show(p, "client_id");
    parameter_show(p, "redirect_uri");
    request_show(p);
    HTML(&p->h, "</details>\n");
    p->status = 400;
    page_end(p, rp);
}

void expired_page(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct page_options options = {.title = TEXT_EXPIRED_TITLE};
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, TEXT_EXPIRED_WHY, NULL);
    page_paragraph(p, TEXT_EXPIRED_TODO, NULL);
    account_link(p);
    p->status = 400;
    page_end(p, rp);
}

void done_page(struct ctx *cx, const struct request *rq, const struct flow *f, struct reply *rp) {
    struct page_options options = {.title = TEXT_DONE_TITLE,
                                   .request = &f->request,
                                   .ui_locales = f->request.ui_locales,
                                   .display = f->request.display};
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, TEXT_DONE_WHY, NULL);
    page_paragraph(p, TEXT_DONE_TODO, NULL);
    HTML(&p->h, "<p><a class=\"button\" id=\"continue\"");
    HTML_URL(&p->h, "href", flow_path(cx->arena, &f->row));
    HTML(&p->h, ">");
    page_say(p, TEXT_DONE_CONTINUE, NULL);
    HTML(&p->h, "</a></p>\n");
    p->status = 409;
    page_end(p, rp);
}

/* A form posted twice at once: one of the two went on. */
static void twice_page(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct page_options options = {.title = TEXT_DONE_TITLE};
    struct page *p = page_begin(cx, rq, &options);
    page_paragraph(p, TEXT_DONE_WHY, NULL);
    page_paragraph(p, TEXT_EXPIRED_TODO, NULL);
    p->status = 409;
    page_end(p, rp);
}

/* Too many of something, or too much to do: nothing is lost, and the page says how long it takes.
 */
static void wait_page(struct ctx *cx, const struct request *rq, err code, struct reply *rp) {
    struct page_options options = {.title = TEXT_WAIT_TITLE};
    struct page *p = page_begin(cx, rq, &options);
    int64_t seconds = 1;
    (void)str_int(reply_header_of(rp, RETRY_AFTER), &seconds);
    page_paragraph(p, code == ERR_BUSY ? TEXT_WAIT_BUSY : TEXT_WAIT_LIMIT, NULL);
    HTML(&p->h, "<p id=\"when\">");
    if (seconds < WAIT_MINUTES) {
        page_say(p, TEXT_WAIT_SECONDS,
                 TEXT_VALUES({"seconds", str_format(cx->arena, "%lld", (long long)seconds)}));
    } else {
        int64_t minutes = (seconds + 59) / 60;
        page_say(p, TEXT_WAIT_MINUTES,
                 TEXT_VALUES({"minutes", str_format(cx->arena, "%lld", (long long)minutes)}));
    }
    HTML(&p->h, "</p>\n");
    request_show(p);
    p->status = err_info(code)->status;
    page_end(p, rp);
}

void error_page(struct ctx *cx, const struct request *rq, err code, struct reply *rp) {
    if (code == ERR_CONFLICT) {
        twice_page(cx, rq, rp);
        return;
    }
    if (code == ERR_RATE_LIMITED || code == ERR_BUSY) {
        wait_page(cx, rq, code, rp);
        return;
    }
    struct page_options options = {.title = TEXT_ERROR_TITLE};
    struct page *p = page_begin(cx, rq, &options);
    const char *text = cx->failure.code == code ? failure_text(cx) : err_info(code)->text;
    code_show(p, code, text);
    page_paragraph(p, TEXT_ERROR_TODO, NULL);
    account_link(p);
    request_show(p);
    p->status = err_info(code)->status;
    page_end(p, rp);
}
