/* SPDX-License-Identifier: Apache-2.0 */
/* The browser's cookies (RFC 6265bis): the session, and the secret that a sign-in under way is
 * bound to. */
#include "web_internal.h"

static bool is_https(const struct request *rq) {
    return str_starts_nocase(rq->environment->issuer, "https://");
}

struct str cookie_name(const struct request *rq, enum cookie c) {
    static const char *const names[COOKIE_COUNT][2] = {
        [COOKIE_SESSION] = {"postern-session", "__Host-postern-session"},
        [COOKIE_BROWSER] = {"postern-browser", "__Host-postern-browser"},
    };
    return str_from(names[c][is_https(rq)]);
}

err cookie_read(struct ctx *cx, const struct request *rq, enum cookie c, struct str *ret_value) {
    struct params cookies;
    TRY(cookie_parse(cx, request_header(rq, "cookie"), &cookies));
    struct str name = cookie_name(rq, c), value = STR_NONE;
    for (size_t i = 0; i < cookies.n; i++) {
        if (!str_eq(cookies.v[i].name, name)) {
            continue;
        }
        if (value.p != NULL) { /* somebody planted a second one: neither is believed */
            value = STR_NONE;
            break;
        }
        value = cookies.v[i].value;
    }
    *ret_value = value.n > 0 && str_is_text(value) ? value : STR_NONE;
    return OK;
}

static void cookie_write(struct ctx *cx, const struct request *rq, enum cookie c, struct str value,
                         struct reply *rp) {
    struct str name = cookie_name(rq, c);
    reply_header(rp, "Set-Cookie",
                 str_format(cx->arena, "%.*s=%.*s; Path=/; HttpOnly; SameSite=Lax%s%s",
                            STR_ARG(name), STR_ARG(value), is_https(rq) ? "; Secure" : "",
                            value.n == 0 ? "; Max-Age=0" : ""));
}

void cookie_set(struct ctx *cx, const struct request *rq, enum cookie c, struct str value,
                struct reply *rp) {
    cookie_write(cx, rq, c, value, rp);
}

void cookie_clear(struct ctx *cx, const struct request *rq, enum cookie c, struct reply *rp) {
    cookie_write(cx, rq, c, STR(""), rp);
}

err browser_session(struct ctx *cx, const struct request *rq, struct sso_session *ret_session,
                    bool *ret_found) {
    struct str cookie;
    TRY(cookie_read(cx, rq, COOKIE_SESSION, &cookie));
    if (cookie.p == NULL) {
        *ret_found = false;
        return OK;
    }
    err e = sso_session_find(cx, rq->environment->id, cookie, ret_session);
    if (e == ERR_NOT_FOUND) {
        *ret_found = false;
        return OK;
    }
    TRY(e);
    *ret_found = true;
    return OK;
}

err browser_require(struct ctx *cx, const struct request *rq, struct str return_path,
                    struct sso_session *ret_session, bool *ret_found, struct reply *rp) {
    TRY(browser_session(cx, rq, ret_session, ret_found));
    return *ret_found ? OK : flow_begin_here(cx, rq, return_path, rp);
}

static struct str form_secret(struct ctx *cx, struct str cookie) {
    return str_format(cx->arena, "form_token %.*s", STR_ARG(cookie));
}

err form_token_write(struct page *p) {
    struct str cookie;
    TRY(cookie_read(p->cx, p->rq, COOKIE_SESSION, &cookie));
    HTML(&p->h, "<input type=\"hidden\" name=\"form_token\"");
    HTML_ATTR(&p->h, "value", sha256_text(p->cx->arena, form_secret(p->cx, cookie)));
    HTML(&p->h, ">\n");
    return OK;
}

err form_token_check(struct ctx *cx, const struct request *rq) {
    struct str cookie, given;
    TRY(cookie_read(cx, rq, COOKIE_SESSION, &cookie));
    TRY(request_param(cx, rq, "form_token", &given));
    if (cookie.p == NULL || str_empty(given) || !sha256_matches(form_secret(cx, cookie), given)) {
        return fail_say(cx, ERR_FORBIDDEN,
                        "This form is not of this browser's sign-in. Open the page again.");
    }
    return OK;
}
