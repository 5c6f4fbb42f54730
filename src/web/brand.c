/* SPDX-License-Identifier: Apache-2.0 */
/* What a tenant put on its pages: which tenant it is, what of it stands where, and GET
 * /auth/brand/{name}, its images and colours from our own address. Nothing of a third party is on
 * a page that asks for a password (SECURITY `303`). */
#include "web_internal.h"

#include <string.h>

#define ACCENT_PREFIX "accent-"
#define DIGEST_LENGTH 16
#define HEX           6 /* digits of a colour */

/* ---- whose ---- */

/* PROTOCOL 5: the tenant that the request names, else the application's, else the user's, which is
 * known only when it was proven (SECURITY `enumeration`): a name that is typed in changes nothing.
 */
const struct branding *brand_find(struct ctx *cx, const struct request *rq,
                                  const struct page_options *o) {
    const struct str candidates[] = {
        o->request != NULL ? o->request->tenant_id : STR_NONE,
        o->request != NULL ? o->request->application.tenant_id : STR_NONE, o->tenant_id};
    struct failure kept = cx->failure;
    struct branding *b = NEW(cx->arena, struct branding);
    err e = ERR_NOT_FOUND;
    for (size_t i = 0; i < COUNT_OF(candidates) && e == ERR_NOT_FOUND; i++) {
        if (!str_empty(candidates[i])) {
            e = branding_find(cx, rq->environment->id, candidates[i], b);
        }
    }
    if (e != OK && e != ERR_NOT_FOUND) {
        /* The page is of use without it. */
        log_message(cx->log, LOG_WARN, "branding", "%s", cx->failure.detail);
    }
    cx->failure = kept;
    return e == OK ? b : NULL;
}

/* ---- where ---- */

static void image_write(struct page *p, const struct branding_image *b, const char *class,
                        struct str alt) {
    struct html *h = &p->h;
    struct arena *a = p->cx->arena;
    HTML(h, "<img");
    HTML_ATTR(h, "class", str_from(class));
    HTML_URL(h, "src", str_format(a, BRAND_PATH "%.*s", STR_ARG(b->digest)));
    HTML_ATTR(h, "alt", alt);
    HTML_ATTR(h, "width", str_format(a, "%lld", (long long)b->image.width));
    HTML_ATTR(h, "height", str_format(a, "%lld", (long long)b->image.height));
    HTML(h, ">");
}

void brand_header(struct page *p) {
    struct html *h = &p->h;
    const struct branding *b = p->brand;
    HTML(h, "<header class=\"brand\">");
    if (b != NULL && b->logo.digest.p != NULL) {
        image_write(p, &b->logo, "logo", b->name);
    } else if (b != NULL && b->name.p != NULL) {
        html_name(h, b->name);
    } else {
        HTML(h, "<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\">"
                "<path d=\"M3 21V5h3v3h3V5h6v3h3V5h3v16zM9 21v-5a3 3 0 0 1 6 0v5\"/></svg><span>");
        page_say(p, TEXT_PAGE_BRAND, NULL);
        HTML(h, "</span>");
    }
    HTML(h, "</header>\n");
}

/* A text of the tenant, in the language that it has it in. */
static void text_begin(struct page *p, const char *class) {
    struct html *h = &p->h;
    HTML(h, "<p");
    HTML_ATTR(h, "class", str_from(class));
    if (!str_is(p->brand_text.language, p->language->tag)) {
        HTML_ATTR(h, "lang", p->brand_text.language);
    }
    HTML(h, " dir=\"auto\">");
}

void brand_welcome(struct page *p, bool welcomes) {
    if (p->brand == NULL) {
        return;
    }
    if (p->brand->banner.digest.p != NULL) {
        image_write(p, &p->brand->banner, "banner", STR(""));
        HTML(&p->h, "\n");
    }
    if (welcomes && p->brand_text.welcome.p != NULL) {
        text_begin(p, "welcome");
        html_text(&p->h, p->brand_text.welcome);
        HTML(&p->h, "</p>\n");
    }
}

void brand_support(struct page *p) {
    struct html *h = &p->h;
    const struct branding_text *t = &p->brand_text;
    if (t->support.p == NULL && t->help.p == NULL) {
        return;
    }
    text_begin(p, "support");
    html_text(h, t->support);
    if (t->help.p != NULL) {
        HTML(h, " <a id=\"help\" rel=\"noreferrer\"");
        HTML_ATTR(h, "lang", str_from(p->language->tag));
        HTML_URL(h, "href", t->help);
        HTML(h, ">");
        page_say(p, TEXT_BRAND_HELP, NULL);
        HTML(h, "</a>");
    }
    HTML(h, "</p>\n");
}

/* ---- colours: a stylesheet of its own, since the pages allow none inline ---- */

static struct str accent_css(struct arena *a, struct colour light, struct colour dark) {
    static const struct colour black = {{0, 0, 0}}, white = {{255, 255, 255}};
    struct str deep = colour_text(a, colour_mix(light, black, 20));
    struct str bright = colour_text(a, colour_mix(dark, white, 25));
    return str_format(
        a,
        ":root { --accent: %.*s; --accent-deep: %.*s; }\n"
        "@media (prefers-color-scheme: dark) { :root { --accent: %.*s; --accent-deep: %.*s; } }\n",
        STR_ARG(colour_text(a, light)), STR_ARG(deep), STR_ARG(colour_text(a, dark)),
        STR_ARG(bright));
}

/* "accent-1d5c63-7fc9c4-DIGEST.css": the colours make the text, the digest tells versions apart. */
static struct str accent_name(struct arena *a, struct colour light, struct colour dark,
                              struct str css) {
    struct str digest = sha256_text(a, css), first = colour_text(a, light),
               second = colour_text(a, dark);
    return str_format(a, ACCENT_PREFIX "%.*s-%.*s-%.*s.css", HEX, first.p + 1, HEX, second.p + 1,
                      DIGEST_LENGTH, digest.p);
}

struct str brand_style_path(struct arena *a, const struct branding *b) {
    struct str css = accent_css(a, b->accent, b->accent_dark);
    return str_format(a, BRAND_PATH "%.*s",
                      STR_ARG(accent_name(a, b->accent, b->accent_dark, css)));
}

/* The stylesheet of this name; absent: it is no such name, or of another version. */
static struct str accent_of(struct arena *a, struct str name) {
    size_t at = STR(ACCENT_PREFIX).n;
    struct colour light, dark;
    struct str first = str_format(a, "#%.*s", STR_ARG(str_sub(name, at, HEX)));
    struct str second = str_format(a, "#%.*s", STR_ARG(str_sub(name, at + HEX + 1, HEX)));
    if (!colour_parse(first, &light) || !colour_parse(second, &dark)) {
        return STR_NONE;
    }
    struct str css = accent_css(a, light, dark);
    return str_eq(accent_name(a, light, dark, css), name) ? css : STR_NONE;
}

err brand_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str name = rq->path_param[0], type = STR("text/css; charset=utf-8"), body;
    if (str_starts(name, ACCENT_PREFIX)) {
        body = accent_of(cx->arena, name);
        if (body.p == NULL) {
            return fail_say(cx, ERR_NOT_FOUND, "There is no such stylesheet.");
        }
    } else {
        TRY(branding_image(cx, rq->environment->id, name, &type, &body));
    }
    rp->content_type = str_z(cx->arena, type);
    rp->body = body;
    rp->cacheable = true;
    reply_header(rp, "Cache-Control", STR("public, max-age=31536000, immutable"));
    reply_header(rp, "Content-Security-Policy", STR("default-src 'none'"));
    return OK;
}
