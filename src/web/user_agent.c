/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser says it is (RFC 9110 10.1.5), in words that its owner recognizes; nothing is
 * decided by it. */
#include "web_internal.h"

#include <string.h>

struct product {
    const char *mark, *name;
};

/* The first that is found: most browsers also say that they are those further down. */
static const struct product browsers[] = {
    {"Edg/", "Edge"},
    {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Vivaldi/", "Vivaldi"},
    {"FxiOS/", "Firefox"},
    {"Firefox/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chromium/", "Chromium"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
    {"curl/", "curl"},
};
static const struct product systems[] = {
    {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},   {"Windows", "Windows"},
    {"Mac OS X", "macOS"},  {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
};

static const char *product_find(struct str text, const struct product *list, size_t n) {
    for (size_t i = 0; i < n && text.n > 0; i++) {
        if (memmem(text.p, text.n, list[i].mark, strlen(list[i].mark)) != NULL) {
            return list[i].name;
        }
    }
    return NULL;
}

struct str user_agent_kept(struct arena *a, const struct request *rq) {
    struct str text = str_sub(request_header(rq, "user-agent"), 0, USER_AGENT_MAX);
    struct buf b = buf_in(a, USER_AGENT_MAX);
    for (size_t i = 0; i < text.n; i++) {
        buf_char(&b, text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?');
    }
    return b.n > 0 ? buf_view(&b) : STR_NONE;
}

struct str user_agent_name(struct arena *a, struct str text) {
    const char *browser = product_find(text, browsers, COUNT_OF(browsers));
    const char *system = product_find(text, systems, COUNT_OF(systems));
    if (browser == NULL || system == NULL) {
        const char *only = browser != NULL ? browser : system;
        return only != NULL ? str_from(only) : STR_NONE;
    }
    return str_format(a, "%s, %s", browser, system);
}
