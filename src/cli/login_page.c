/* SPDX-License-Identifier: Apache-2.0 */
/* The page that the browser shows when it comes back to the loopback address. No script, nothing
 * from elsewhere, and nothing of the request (SECURITY xss). */
#include <stdio.h>

#include "login.h"

/* The colours of src/web/style.css. The policy below has its digest, which a test compares. */
#define STYLE                                                                                      \
    ":root{color-scheme:light dark;--ground:#eef1f4;--card:#fff;--ink:#17212b;--quiet:#4d5b69;"    \
    "--line:#d5dce3;--good:#1f6b3a;--bad:#9a1f1f}"                                                 \
    "@media (prefers-color-scheme:dark){:root{--ground:#11171c;--card:#1a2229;--ink:#e8edf1;"      \
    "--quiet:#a9b5c0;--line:#2f3a44;--good:#93d9a8;--bad:#ffb4ab}}"                                \
    "*{box-sizing:border-box}"                                                                     \
    "body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;"       \
    "padding:1.5rem 1rem;background:var(--ground);color:var(--ink);"                               \
    "font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif}"          \
    "main{width:100%;max-width:26rem;padding:2rem;background:var(--card);"                         \
    "border:1px solid var(--line);border-top:4px solid var(--quiet);border-radius:.75rem;"         \
    "overflow-wrap:anywhere}"                                                                      \
    "main.good{border-top-color:var(--good)}main.bad{border-top-color:var(--bad)}"                 \
    "h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}p{margin:0 0 .75rem}"                  \
    ".profile{color:var(--quiet)}.profile b{color:var(--ink)}main>:last-child{margin:0}"
#define STYLE_DIGEST "sha256-1zIQMLXFA8T1xGCqJ2ro1HeNILe9X8gGvRh2LFAyl4k="

static const char *const classes[] = {
    [LOGIN_PAGE_REFUSED] = "", [LOGIN_PAGE_GOOD] = "good", [LOGIN_PAGE_BAD] = "bad"};

/* As profiles are named: nothing that HTML takes for its own. */
static bool is_name(const char *name) {
    for (const char *at = name; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= '0' && *at <= '9') || *at == '-' || *at == '_' || *at == '.';
        if (!plain) {
            return false;
        }
    }
    return *name != '\0';
}

size_t login_page_write(const struct login_page *page, char ret_text[LOGIN_PAGE_MAX]) {
    char body[LOGIN_PAGE_MAX - 512], profile[128] = "";
    if (page->profile != NULL && is_name(page->profile)) {
        (void)snprintf(profile, sizeof profile, "<p class=\"profile\">Profile: <b>%.64s</b></p>",
                       page->profile);
    }
    int body_n =
        snprintf(body, sizeof body,
                 "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                 "<meta name=\"color-scheme\" content=\"light dark\"><title>%s - Postern</title>\n"
                 "<style>%s</style></head>\n"
                 "<body><main class=\"%s\"><h1>%s</h1>%s<p>%s</p></main></body></html>\n",
                 page->title, STYLE, classes[page->kind], page->title, profile, page->text);
    int n = snprintf(ret_text, LOGIN_PAGE_MAX,
                     "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d"
                     "\r\nConnection: close\r\nCache-Control: no-store\r\n"
                     "Content-Security-Policy: default-src 'none'; style-src '" STYLE_DIGEST
                     "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
                     "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\r\n%s",
                     page->status, body_n, body);
    return (size_t)(page->head_only ? n - body_n : n); /* RFC 9110 9.3.2 */
}
