/* SPDX-License-Identifier: Apache-2.0 */
/* How pages are written: markup, texts, the layout, what a tenant puts on it. */
#ifndef POSTERN_WEB_PAGE_H
#define POSTERN_WEB_PAGE_H

#include "texts.h"
#include "web.h"

/* ---- html.c: a writer that escapes ---- */

struct html {
    struct buf to;
};
/* Markup is a string literal of this folder, always. */
#define HTML(h, literal) html_literal((h), ("" literal), sizeof(literal) - 1)
void html_literal(struct html *h, const char *literal, size_t n);
/* Text, escaped; controls and what is not UTF-8 become U+FFFD. */
void html_text(struct html *h, struct str text);
/* The same, set apart from the direction of the text around it (a name in Arabic, or a hostile
 * one). */
void html_name(struct html *h, struct str text);
/* ` name="value"`: the value escaped. */
#define HTML_ATTR(h, name, value) html_attr((h), ("" name), (value))
void html_attr(struct html *h, const char *name, struct str value);
/* ` name="url"`: http, https, or a path of this server; anything else (javascript:, data:, another
 * host's //path) becomes "#". */
#define HTML_URL(h, name, url) html_url((h), ("" name), (url))
void html_url(struct html *h, const char *name, struct str url);
bool url_is_plain(struct str url);

/* ---- text.c: the catalogues (texts/ by tools/texts.py) ---- */

struct language {
    const char *tag; /* "en"; NULL ends the table */
    const char *const *texts;
};
extern const struct language languages[];
extern const char *const text_names[TEXT_COUNT];
/* The first of ours in ui_locales (words, best first: OpenID Connect Core 3.1.2.1), else the best
 * of Accept-Language, else English. */
const struct language *language_find(struct str tag); /* NULL: none of ours */
const struct language *language_choose(struct str ui_locales, struct str accept_language);

/* ---- page.c: the one layout ---- */

struct page {
    struct html h;
    const struct language *language;
    struct ctx *cx;
    const struct request *rq;
    struct str redirect;          /* where a form of this page may end up: form-action */
    struct str refresh;           /* where the browser goes on by itself; absent: nowhere */
    int status;                   /* 0: 200 */
    bool sends_itself;            /* its form, as soon as it is there */
    bool scripts;                 /* password.js, on the pages that ask for a new password */
    const struct branding *brand; /* NULL: none */
    struct branding_text brand_text;
};
struct page_options {
    enum text_key title;
    /* Whose branding: of the request, which may be NULL or without an application, and of whoever
     * has proven to be of this tenant; absent: nobody. */
    const struct authorize *request;
    struct str tenant_id;
    bool welcomes, wide;                      /* the tenant's welcome is on it; it has lists */
    struct str ui_locales, display, redirect; /* of the authorization request, or absent */
};
/* Up to and with the heading. */
struct page *page_begin(struct ctx *cx, const struct request *rq, const struct page_options *o);
void page_end(struct page *p, struct reply *rp);
struct text_value {
    const char *name; /* of the placeholder; NULL ends the list */
    struct str value;
};
struct str text_value_of(const struct text_value *values, struct str name);
#define TEXT_VALUES(...) ((const struct text_value[]){__VA_ARGS__, {NULL, STR_NONE}})
/* A text of the catalogue, its placeholders replaced by values (NULL: it has none). */
void page_say(struct page *p, enum text_key key, const struct text_value *values);
void page_paragraph(struct page *p, enum text_key key, const struct text_value *values);
/* The summary of what is wrong, announced by a screen reader; `field`: id of the input that it is
 * about, or NULL. */
void page_problem(struct page *p, enum text_key key, const struct text_value *values,
                  const char *field);
/* CSP source of a URI's origin: "https://app.example", "com.example.app:" for a scheme of an
 * application's own; absent for what is neither. */
struct str csp_source(struct arena *a, struct str uri);
/* This page has the one script that there is; it must do without it too. */
void page_scripts(struct page *p);
/* 303 to a path of this server. */
void page_see_other(struct reply *rp, struct str path);

/* ---- qr.c ---- */

/* A QR code of this text, with a text for those who do not see it. */
err qr_show(struct page *p, struct str text, enum text_key alternative);

/* ---- brand.c: what a tenant put on its pages; page_begin() and page_end() write it ---- */

const struct branding *brand_find(struct ctx *cx, const struct request *rq,
                                  const struct page_options *o);
struct str brand_style_path(struct arena *a, const struct branding *b); /* of its colours */
void brand_header(struct page *p);
void brand_welcome(struct page *p, bool welcomes);
void brand_support(struct page *p);

/* ---- account_page.c, account_action.c ---- */

/* What a form of the page did, by the word in its address. */
void account_done_show(struct page *p, struct str word);
void account_link(struct page *p); /* for pages at which something ends */

/* ---- user_agent.c: what a browser says it is ---- */

#define USER_AGENT_MAX 256
struct str user_agent_kept(struct arena *a, const struct request *rq); /* as it is stored */
/* "Firefox, Linux"; absent: nothing that is known. */
struct str user_agent_name(struct arena *a, struct str text);

/* ---- asset.c ---- */

/* "/auth/assets/style-DIGEST.css" */
struct str asset_style_path(struct arena *a);
/* "/auth/assets/icon-DIGEST.svg": browsers ask for one. */
struct str asset_icon_path(struct arena *a);
struct str asset_script_path(struct arena *a); /* password.js */

#endif
