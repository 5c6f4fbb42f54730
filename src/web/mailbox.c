/* SPDX-License-Identifier: Apache-2.0 */
/* GET /auth/mailbox: the outbox on a page, for a platform on one's own machine. Who reads it can
 * set anybody's password: it is there only where the setting `mailbox` is on, the issuer is of this
 * machine, and so are the asker and the name it asked for (a name of another's that leads here,
 * DNS rebinding, is not). */
#include "web_internal.h"

static bool name_is_loopback(struct str host) {
    size_t end = str_starts(host, "[") ? str_find_char(host, ']') + 1 : str_find_char(host, ':');
    struct str name = str_sub(host, 0, end);
    return str_is(name, "localhost") || str_is(name, "127.0.0.1") || str_is(name, "[::1]");
}

bool issuer_is_loopback(struct str issuer) {
    size_t at = str_find_char(issuer, ':') + STR("://").n;
    return name_is_loopback(str_sub(issuer, at, issuer.n));
}

static bool address_is_loopback(struct str remote) {
    return str_starts(remote, "127.") || str_is(remote, "::1") ||
           str_starts(remote, "::ffff:127.") || str_starts(remote, "unix");
}

static bool is_open(const struct ctx *cx, const struct request *rq) {
    return platform_mailbox(cx) && issuer_is_loopback(rq->environment->issuer) &&
           name_is_loopback(rq->host) && address_is_loopback(rq->remote);
}

static err closed(struct ctx *cx, const struct request *rq) {
    return is_open(cx, rq) ? OK : fail_say(cx, ERR_NOT_FOUND, "There is no such page.");
}

void mailbox_link(struct page *p) {
    if (is_open(p->cx, p->rq)) {
        HTML(&p->h, "<p><a id=\"mailbox\" href=\"" MAILBOX_PATH "\">");
        page_say(p, TEXT_MAILBOX_OPEN, NULL);
        HTML(&p->h, "</a></p>\n");
    }
}

struct list {
    struct page *page;
    struct mail row;
    size_t n;
};

static void moment_show(struct page *p, int64_t at) {
    char text[TIME_ISO_SIZE];
    time_iso(at * 1000, text);
    HTML(&p->h, "<time");
    HTML_ATTR(&p->h, "datetime", str_copy(p->cx->arena, str_from(text)));
    HTML(&p->h, ">");
    text[10] = ' ';
    html_text(&p->h, str_sub(str_from(text), 0, 19));
    HTML(&p->h, " UTC</time>");
}

static err row_show(struct ctx *cx, void *state) {
    struct list *l = state;
    struct html *h = &l->page->h;
    const struct mail *m = &l->row;
    HTML(h, "<li class=\"mail\"");
    HTML_ATTR(h, "data-kind", m->kind);
    HTML(h, "><a");
    HTML_URL(h, "href",
             str_format(cx->arena, MAILBOX_PATH "/%.*s/%.*s", STR_ARG(m->tenant_id),
                        STR_ARG(m->mail_id)));
    HTML(h, ">");
    html_text(h, m->subject);
    HTML(h, "</a><br>\n<span class=\"hint\">");
    page_say(l->page, TEXT_MAILBOX_TO, TEXT_VALUES({"address", m->to_address}));
    HTML(h, " \xc2\xb7 ");
    moment_show(l->page, m->created_at);
    HTML(h, "</span></li>\n");
    l->n++;
    return OK;
}

err mailbox_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    TRY(closed(cx, rq));
    struct page_options options = {.title = TEXT_MAILBOX_TITLE};
    struct list l = {.page = page_begin(cx, rq, &options)};
    page_paragraph(l.page, TEXT_MAILBOX_WHY, NULL);
    HTML(&l.page->h, "<ul class=\"scopes\" id=\"mails\">\n");
    TRY(mails_list(cx, rq->environment->id, &l.row, row_show, &l));
    HTML(&l.page->h, "</ul>\n");
    if (l.n == 0) {
        page_paragraph(l.page, TEXT_MAILBOX_NONE, NULL);
    }
    page_end(l.page, rp);
    return OK;
}

/* A line that is a link of ours is one on the page too. */
static void body_show(struct page *p, struct str body) {
    struct str ours = str_format(p->cx->arena, "%.*s/", STR_ARG(p->rq->environment->issuer));
    const char *prefix = str_z(p->cx->arena, ours);
    struct html *h = &p->h;
    struct str line;
    HTML(h, "<div class=\"letter\" id=\"body\">");
    while (str_next(&body, '\n', &line)) {
        if (str_starts(line, prefix)) {
            HTML(h, "<a id=\"link\"");
            HTML_URL(h, "href", line);
            HTML(h, ">");
            html_text(h, line);
            HTML(h, "</a>");
        } else {
            html_text(h, line);
        }
        HTML(h, "\n");
    }
    HTML(h, "</div>\n");
}

err mailbox_mail_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct mail m;
    struct str tenant_id;
    TRY(closed(cx, rq));
    if (!uuid_parse(cx->arena, rq->path_param[0], &tenant_id)) {
        return fail_say(cx, ERR_NOT_FOUND, "There is no such mail.");
    }
    TRY(mail_find(cx, rq->environment->id, tenant_id, rq->path_param[1], &m));
    struct page_options options = {.title = TEXT_MAILBOX_TITLE};
    struct page *p = page_begin(cx, rq, &options);
    HTML(&p->h, "<h2 id=\"subject\">");
    html_text(&p->h, m.subject);
    HTML(&p->h, "</h2>\n<p class=\"hint\" id=\"to\">");
    page_say(p, TEXT_MAILBOX_TO, TEXT_VALUES({"address", m.to_address}));
    HTML(&p->h, " \xc2\xb7 ");
    moment_show(p, m.created_at);
    HTML(&p->h, "</p>\n");
    body_show(p, m.body);
    HTML(&p->h, "<p><a id=\"mails\" href=\"" MAILBOX_PATH "\">");
    page_say(p, TEXT_MAILBOX_BACK, NULL);
    HTML(&p->h, "</a></p>\n");
    page_end(p, rp);
    return OK;
}
