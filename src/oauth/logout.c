/* SPDX-License-Identifier: Apache-2.0 */
/* RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): who asks, whether the person is
 * asked first, and where it goes on. What is not proven good is a page, never a redirect. */
#include "oauth_internal.h"

static err param(struct ctx *cx, const struct request *rq, const char *name, size_t max,
                 struct str *ret) {
    struct str value;
    TRY(request_param(cx, rq, name, &value));
    if (value.p == NULL) {
        TRY(request_query(cx, rq, name, &value));
    }
    if (value.n > max) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s is longer than %zu bytes.", name, max);
    }
    *ret = str_empty(value) ? STR_NONE : value;
    return OK;
}

static err hint_read(struct ctx *cx, const struct request *rq, struct logout *l,
                     struct str *ret_client_id) {
    struct str text;
    struct token token;
    TRY(param(cx, rq, "id_token_hint", JWS_MAX, &text));
    if (text.p == NULL) {
        return OK;
    }
    err e = token_read_hint(cx, rq->environment, text, &token, &l->hint_employee_id);
    if (e == ERR_INVALID_TOKEN) {
        /* Logout 4: what failed to validate is not used; the person is asked as without it. */
        l->hint_refused = true;
        l->hint_employee_id = STR_NONE;
        return OK;
    }
    TRY(e);
    l->hint_tenant_id = token.tenant_id;
    l->hint_session_id = token.session_id;
    *ret_client_id = token.client_id;
    return OK;
}

static err client_read(struct ctx *cx, const struct request *rq, struct str client_id,
                       struct logout *l) {
    struct str asked;
    TRY(param(cx, rq, "client_id", AUTHORIZE_WORD_MAX, &asked));
    if (asked.p != NULL && client_id.p != NULL && !str_eq(asked, client_id)) {
        /* Logout 2: client_id must be the audience of the hint. */
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "id_token_hint was issued to another application than client_id.");
    }
    client_id = client_id.p != NULL ? client_id : asked;
    if (client_id.p == NULL || !str_is_text(client_id)) {
        return OK;
    }
    struct application a = {.application_id = client_id};
    err e = client_find(cx, rq->environment->id, client_id, &a);
    if (e == OK) {
        e = application_find(cx, a.tenant_id, client_id, &a);
    }
    if (e == ERR_NOT_FOUND) {
        return fail_say(cx, ERR_INVALID_CLIENT, "No application has this client_id.");
    }
    TRY(e);
    l->application = a;
    return OK;
}

/* Logout 3: only to an address that the application registered. One that names no application, or
 * comes with a hint that was refused, is not followed: whose it is cannot be told. */
static err redirect_read(struct ctx *cx, const struct request *rq, struct logout *l) {
    struct str uri;
    TRY(param(cx, rq, "post_logout_redirect_uri", AUTHORIZE_URI_MAX, &uri));
    if (uri.p == NULL || l->application.application_id.p == NULL || l->hint_refused) {
        return OK;
    }
    TRY(client_check_alive(cx, &l->application));
    if (!logout_uri_registered(cx, &l->application, uri)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "post_logout_redirect_uri is none of those that the application '%.*s' "
                        "registered. It must be one of them, character for character.",
                        STR_ARG(l->application.name));
    }
    l->post_logout_redirect_uri = uri;
    return param(cx, rq, "state", AUTHORIZE_STATE_MAX, &l->state);
}

err logout_read(struct ctx *cx, const struct request *rq, struct logout *ret) {
    struct logout l = {.state = STR_NONE};
    struct str client_id = STR_NONE;
    TRY(hint_read(cx, rq, &l, &client_id));
    TRY(client_read(cx, rq, client_id, &l));
    TRY(redirect_read(cx, rq, &l));
    TRY(param(cx, rq, "ui_locales", AUTHORIZE_TEXT_MAX, &l.ui_locales));
    TRY(param(cx, rq, "logout_hint", AUTHORIZE_TEXT_MAX, &l.logout_hint));
    *ret = l;
    return OK;
}

enum logout_step logout_decide(const struct logout *l, const struct sso_session *sso) {
    if (sso == NULL) {
        return LOGOUT_DONE;
    }
    /* Logout 2: without a hint of the one who is signed in, here, any page could sign people out.
     */
    bool same = l->hint_employee_id.p != NULL && str_eq(l->hint_employee_id, sso->employee_id) &&
                str_eq(l->hint_tenant_id, sso->tenant_id) &&
                str_eq(l->hint_sso_session_id, sso->sso_session_id);
    return same ? LOGOUT_END : LOGOUT_CONFIRM;
}

bool logout_redirect(struct ctx *cx, const struct logout *l, struct reply *rp) {
    struct str uri = l->post_logout_redirect_uri;
    if (uri.p == NULL) {
        return false;
    }
    struct buf b = buf_in(cx->arena, uri.n + 64);
    buf_str(&b, uri);
    if (l->state.p != NULL) {
        buf_z(&b, str_find_char(uri, '?') < uri.n ? "&state=" : "?state=");
        buf_str(&b, percent_encode(cx->arena, l->state));
    }
    rp->status = 303;
    reply_header(rp, "Location", buf_view(&b));
    reply_header(rp, "Referrer-Policy", STR("no-referrer"));
    rp->client_id = l->application.application_id;
    return true;
}

static err hint_browser_find(struct ctx *cx, struct logout *l) {
    struct session session;
    if (l->hint_session_id.p == NULL) {
        return OK;
    }
    err e = session_find(cx, l->hint_tenant_id, l->hint_session_id, &session);
    if (e == ERR_NOT_FOUND) {
        l->hint_sso_session_id = STR(""); /* long gone: it proves nothing about this browser */
        return OK;
    }
    TRY(e);
    struct str browser = session.sso_session_id;
    l->hint_sso_session_id = browser.p != NULL ? browser : STR(""); /* by an access key: of none */
    return OK;
}

struct ending {
    struct sso_session sso; /* sso_session_id absent: what the hint names, if there is one */
    struct str browser;     /* what is under way in it begins anew; absent: nothing is */
    const struct logout *l;
};

/* The browser did not bring its session (another site's POST) or it is over: the id token says
 * which one the application means. */
static err hinted_end(struct ctx *cx, const struct logout *l) {
    struct session session;
    err e = session_find(cx, l->hint_tenant_id, l->hint_session_id, &session);
    if (e == ERR_NOT_FOUND) {
        return OK;
    }
    TRY(e);
    return session.sso_session_id.p != NULL
               ? sso_session_end(cx, session.tenant_id, session.sso_session_id)
               : session_revoke(cx, session.tenant_id, session.session_id);
}

static err end_run(struct ctx *cx, void *state) {
    const struct ending *n = state;
    if (n->browser.p != NULL) {
        TRY(login_flows_reset(cx, n->browser));
    }
    if (n->sso.sso_session_id.p != NULL) {
        return sso_session_end(cx, n->sso.tenant_id, n->sso.sso_session_id);
    }
    return n->l->hint_session_id.p != NULL ? hinted_end(cx, n->l) : OK;
}

err logout_run(struct ctx *cx, const struct request *rq, const struct logout_pages *pages,
               struct reply *rp) {
    struct logout *l = NEW(cx->arena, struct logout);
    TRY(logout_read(cx, rq, l));
    struct ending *n = NEW(cx->arena, struct ending);
    struct sso_session *sso = &n->sso;
    n->l = l;
    TRY(hint_browser_find(cx, l));
    err e = pages->session(cx, rq, sso);
    if (e != OK && e != ERR_NOT_FOUND) {
        return e;
    }
    enum logout_step step = logout_decide(l, e == OK ? sso : NULL);
    if (step == LOGOUT_CONFIRM) {
        bool yes = false;
        TRY(pages->confirmed(cx, rq, &yes));
        if (!yes) {
            return pages->confirm(cx, rq, l, sso, rp);
        }
    }
    bool safe = rq->method == HTTP_HEAD; /* RFC 9110 9.2.1 */
    if (!safe) {
        pages->forget(cx, rq, rp);
    }
    if (!logout_redirect(cx, l, rp)) {
        TRY(pages->ended(cx, rq, l, rp));
    }
    if (step == LOGOUT_DONE) {
        *sso = (struct sso_session){.sso_session_id = STR_NONE};
    }
    /* SECURITY `steps`: also where nobody is signed in yet, or any more. A foreign link that does
     * this has somebody begin the sign-in anew, and no more than that. */
    TRY(pages->browser(cx, rq, &n->browser));
    bool ends = step != LOGOUT_DONE || l->hint_session_id.p != NULL || n->browser.p != NULL;
    if (ends && !safe) {
        rp->write.run = end_run;
        rp->write.state = n;
    }
    return OK;
}
