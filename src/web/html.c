/* SPDX-License-Identifier: Apache-2.0 */
/* Writes HTML. Whatever is not a literal is escaped, in text and in attributes alike (SECURITY
 * `xss`). */
#include "web_internal.h"

void html_literal(struct html *h, const char *literal, size_t n) {
    buf_add(&h->to, literal, n);
}

static const char *entity_of(char c) {
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '`': /* old browsers took it for a quote */
        return "&#96;";
    default:
        return NULL;
    }
}

static bool is_control(uint32_t c) {
    return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
}

void html_text(struct html *h, struct str text) {
    while (text.n > 0) {
        uint32_t c = 0;
        size_t n = str_code_point(text, &c);
        const char *entity = n == 1 ? entity_of(*text.p) : NULL;
        if (n == 0 || is_control(c)) {
            buf_z(&h->to, "\xef\xbf\xbd");
        } else if (entity != NULL) {
            buf_z(&h->to, entity);
        } else {
            buf_add(&h->to, text.p, n);
        }
        text = str_sub(text, n > 0 ? n : 1, text.n);
    }
}

void html_name(struct html *h, struct str text) {
    HTML(h, "<bdi>");
    html_text(h, text);
    HTML(h, "</bdi>");
}

void html_attr(struct html *h, const char *name, struct str value) {
    buf_char(&h->to, ' ');
    buf_z(&h->to, name);
    HTML(h, "=\"");
    html_text(h, value);
    HTML(h, "\"");
}

/* What browsers remove from a URL before they read it (tab, line feed) or read as '/' ('\'). */
static bool has_odd_character(struct str url) {
    for (size_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];
        if (c <= 0x20 || c == 0x7f || c == '\\') {
            return true;
        }
    }
    return false;
}

bool url_is_plain(struct str url) {
    if (has_odd_character(url)) {
        return false;
    }
    bool path = str_starts(url, "/") && !str_starts(url, "//");
    return path || str_starts_nocase(url, "https://") || str_starts_nocase(url, "http://");
}

void html_url(struct html *h, const char *name, struct str url) {
    html_attr(h, name, url_is_plain(url) ? url : STR("#"));
}
