/* SPDX-License-Identifier: Apache-2.0 */
/* The one layout, the headers of every page, and the texts on it. */
#include "web_internal.h"

#define CSP_PLAIN                                                                                  \
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors "      \
    "'none'"
#define CSP CSP_PLAIN "; form-action 'self'"
/* What sends the form of a page that sends itself; without scripts its button does. */
#define SEND_SCRIPT "document.forms[0].submit()"

static bool is_scheme(struct str scheme) {
    for (size_t i = 0; i < scheme.n; i++) {
        char c = scheme.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !other)) {
            return false;
        }
    }
    return scheme.n > 0;
}

static bool is_host(struct str host) {
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '.' && c != '-' && c != ':') {
            return false;
        }
    }
    return host.n > 0;
}

struct str csp_source(struct arena *a, struct str uri) {
    size_t colon = str_find_char(uri, ':');
    struct str scheme = str_lower(a, str_sub(uri, 0, colon));
    if (colon == uri.n || !is_scheme(scheme)) {
        return STR_NONE;
    }
    if (!str_is(scheme, "http") && !str_is(scheme, "https")) {
        return str_format(a, "%.*s:", STR_ARG(scheme)); /* RFC 8252 7.1 */
    }
    struct str rest = str_sub(uri, colon + 1, uri.n);
    if (!str_starts(rest, "//")) {
        return STR_NONE;
    }
    rest = str_sub(rest, 2, rest.n);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#') {
        end++;
    }
    struct str host = str_sub(rest, 0, end);
    if (!is_host(host)) {
        /* CSP has no word for [::1]: its scheme must do. */
        return str_starts(host, "[") ? str_format(a, "%.*s:", STR_ARG(scheme)) : STR_NONE;
    }
    return str_format(a, "%.*s://%.*s", STR_ARG(scheme), STR_ARG(host));
}

void page_scripts(struct page *p) {
    p->scripts = true;
}

/* That one script and no other (SECURITY `303`). No form-action: browsers apply it to where the
 * application redirects next, too. */
static struct str sending_policy(struct arena *a) {
    unsigned char digest[SHA256_SIZE];
    sha256(SEND_SCRIPT, sizeof SEND_SCRIPT - 1, digest);
    return str_format(a, CSP_PLAIN "; script-src 'sha256-%.*s'",
                      STR_ARG(base64(a, digest, sizeof digest)));
}

static struct str policy_of(const struct page *p) {
    struct arena *a = p->cx->arena;
    if (p->sends_itself) {
        return sending_policy(a);
    }
    struct str csp = STR(CSP), source = csp_source(a, p->redirect);
    if (source.p != NULL) {
        /* Chromium applies form-action to where a form's answer redirects, too. */
        csp = str_format(a, CSP " %.*s", STR_ARG(source));
    }
    return p->scripts ? str_format(a, "%.*s; script-src 'self'", STR_ARG(csp)) : csp;
}

static void headers_write(const struct page *p, struct reply *rp) {
    rp->content_type = "text/html; charset=utf-8";
    reply_header(rp, "Content-Security-Policy", policy_of(p));
    reply_header(rp, "Referrer-Policy", STR("no-referrer"));
    reply_header(rp, "X-Frame-Options", STR("DENY"));
}

void page_see_other(struct reply *rp, struct str path) {
    /* 303, never 307: the browser must not send the password on (SECURITY `303`). */
    rp->status = 303;
    reply_header(rp, "Location", path);
    reply_header(rp, "Referrer-Policy", STR("no-referrer"));
}

static const char *text_of(const struct page *p, enum text_key key) {
    return p->language->texts[key];
}

struct str text_value_of(const struct text_value *values, struct str name) {
    for (; values != NULL && values->name != NULL; values++) {
        if (str_is(name, values->name)) {
            return values->value;
        }
    }
    return STR_NONE;
}

void page_say(struct page *p, enum text_key key, const struct text_value *values) {
    struct str rest = str_from(text_of(p, key)), part;
    while (str_next(&rest, '{', &part)) {
        html_text(&p->h, part);
        struct str name;
        if (rest.p != NULL && str_next(&rest, '}', &name)) {
            html_name(&p->h, text_value_of(values, name));
        }
    }
}

void page_paragraph(struct page *p, enum text_key key, const struct text_value *values) {
    HTML(&p->h, "<p>");
    page_say(p, key, values);
    HTML(&p->h, "</p>\n");
}

void page_problem(struct page *p, enum text_key key, const struct text_value *values,
                  const char *field) {
    HTML(&p->h, "<div id=\"problem\" class=\"problem\" role=\"alert\"><p>");
    if (field != NULL) {
        HTML(&p->h, "<a");
        HTML_ATTR(&p->h, "href", str_format(p->cx->arena, "#%s", field));
        HTML(&p->h, ">");
    }
    page_say(p, key, values);
    if (field != NULL) {
        HTML(&p->h, "</a>");
    }
    HTML(&p->h, "</p></div>\n");
}

static void head_write(struct page *p, const struct page_options *o) {
    struct html *h = &p->h;
    HTML(h, "<!DOCTYPE html>\n<html");
    HTML_ATTR(h, "lang", str_from(p->language->tag));
    if (str_is(o->display, "popup")) {
        HTML(h, " class=\"popup\"");
    }
    HTML(h, ">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    html_text(h, str_from(text_of(p, o->title)));
    HTML(h, " \xc2\xb7 ");
    bool named = p->brand != NULL && p->brand->name.p != NULL;
    html_text(h, named ? p->brand->name : str_from(text_of(p, TEXT_PAGE_BRAND)));
    HTML(h, "</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"robots\" content=\"noindex\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"stylesheet\"");
    HTML_URL(h, "href", asset_style_path(p->cx->arena));
    HTML(h, ">\n<link rel=\"icon\"");
    HTML_URL(h, "href", asset_icon_path(p->cx->arena));
    HTML(h, ">\n");
    if (p->brand != NULL && p->brand->has_accent) {
        HTML(h, "<link rel=\"stylesheet\"");
        HTML_URL(h, "href", brand_style_path(p->cx->arena, p->brand));
        HTML(h, ">\n");
    }
    HTML(h, "</head>\n");
}

struct page *page_begin(struct ctx *cx, const struct request *rq, const struct page_options *o) {
    struct page *p = NEW(cx->arena, struct page);
    p->h.to = buf_in(cx->arena, 4096);
    p->cx = cx;
    p->rq = rq;
    p->redirect = o->redirect;
    p->language = language_choose(o->ui_locales, request_header(rq, "accept-language"));
    p->brand = brand_find(cx, rq, o);
    if (p->brand != NULL) {
        branding_text(cx, p->brand, str_from(p->language->tag), &p->brand_text);
    }
    head_write(p, o);
    struct html *h = &p->h;
    HTML(h, "<body>\n");
    brand_header(p);
    HTML(h, "<main id=\"main\"");
    if (o->wide) {
        HTML(h, " class=\"wide\"");
    }
    HTML(h, ">\n");
    brand_welcome(p, o->welcomes);
    HTML(h, "<h1>");
    page_say(p, o->title, NULL);
    HTML(h, "</h1>\n");
    return p;
}

/* The environment's own name: Host is what a client says. */
static struct str host_of(const struct request *rq) {
    if (rq->environment == NULL) {
        return rq->host;
    }
    struct str issuer = rq->environment->issuer;
    size_t at = str_find_char(issuer, ':') + STR("://").n;
    return str_sub(issuer, at, issuer.n);
}

void page_end(struct page *p, struct reply *rp) {
    HTML(&p->h, "</main>\n<footer>");
    brand_support(p);
    HTML(&p->h, "<p>");
    page_say(p, TEXT_PAGE_FOOTER, TEXT_VALUES({"host", host_of(p->rq)}));
    HTML(&p->h, "</p></footer>\n");
    if (p->scripts) {
        HTML(&p->h, "<script defer");
        HTML_URL(&p->h, "src", asset_script_path(p->cx->arena));
        HTML(&p->h, "></script>\n");
    }
    if (p->sends_itself) {
        HTML(&p->h, "<script>" SEND_SCRIPT "</script>\n");
    }
    HTML(&p->h, "</body>\n</html>\n");
    rp->status = p->status != 0 ? p->status : 200;
    rp->body = buf_view(&p->h.to);
    headers_write(p, rp);
    if (p->refresh.p != NULL) {
        reply_header(rp, "Refresh", str_format(p->cx->arena, "0;url=%.*s", STR_ARG(p->refresh)));
    }
    reply_header(rp, "Content-Language", str_from(p->language->tag));
}
