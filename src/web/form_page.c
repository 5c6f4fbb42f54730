/* SPDX-License-Identifier: Apache-2.0 */
/* The answer that a browser posts to the application (OAuth 2.0 Form Post Response Mode): by
 * itself, or by its button where scripts are off. */
#include "web_internal.h"

void form_page(struct ctx *cx, const struct request *rq, const struct authorize *r,
               const struct authorize_form *form, struct reply *rp) {
    struct page_options options = {.title = TEXT_ANSWER_TITLE,
                                   .request = r,
                                   .ui_locales = r->ui_locales,
                                   .display = r->display};
    struct page *p = page_begin(cx, rq, &options);
    struct html *h = &p->h;
    p->sends_itself = true;
    page_paragraph(p, TEXT_ANSWER_TODO,
                   TEXT_VALUES({"application", application_title(cx->arena, &r->application)}));
    HTML(h, "<form id=\"answer\" method=\"post\" accept-charset=\"utf-8\"");
    HTML_ATTR(h, "action", form->action); /* registered, and of a web page */
    HTML(h, ">\n");
    for (size_t i = 0; i < form->n; i++) {
        HTML(h, "<input type=\"hidden\"");
        HTML_ATTR(h, "name", form->fields[i].name);
        HTML_ATTR(h, "value", form->fields[i].value);
        HTML(h, ">\n");
    }
    HTML(h, "<button type=\"submit\" id=\"continue\">");
    page_say(p, TEXT_ANSWER_CONTINUE, NULL);
    HTML(h, "</button>\n</form>\n");
    page_end(p, rp);
}
