/* SPDX-License-Identifier: Apache-2.0 */
/* A part of oauth.h: authorization requests, their answers, and logout. */
#ifndef POSTERN_OAUTH_AUTHORIZE_H
#define POSTERN_OAUTH_AUTHORIZE_H

#include "issue.h"

/* ---- redirect_uri.c, response_type.c ------------------------------------------------------- */

/* Exact string match; only the port of a loopback IP may vary (RFC 8252 7.3). A list that is empty
 * or broken has none. */
bool redirect_uri_registered(struct ctx *cx, const struct application *a, struct str redirect_uri);
/* The same for where a logout may lead (application.logouts). */
bool logout_uri_registered(struct ctx *cx, const struct application *a, struct str uri);

enum {
    RESPONSE_CODE = 1,
    RESPONSE_ID_TOKEN = 2,
    RESPONSE_TOKEN = 4,
};
/* RESPONSE_CODE | ... of words in any order, each once; 0: unknown. The list of those that there
 * are is response_type_at() of model.h. */
unsigned response_type_parse(struct str words);
/* The application registered it; one that registered none has `code`. */
bool response_type_registered(struct ctx *cx, const struct application *a, unsigned bits);

/* ---- authorize_read.c, authorize_stored.c, authorize.c, authorize_respond.c ---------------- */

/* The authorization endpoint's protocol half (PROTOCOL 5): a request is read and found good, and an
 * answer goes back to where it may go. What a person sees in between is web/'s:
 *
 *     authorize_read      not good: authorize_fail if it may redirect, else the error is a page
 *     authorize_decide    against the browser's session: answer at once, or ask the person
 *     authorize_write, authorize_parse    kept in a login_flow meanwhile
 *     authorize_respond   the user is known; its closure's rows are the caller's to store
 */
enum {
    PROMPT_NONE = 1,
    PROMPT_LOGIN = 2,
    PROMPT_CONSENT = 4,
    PROMPT_SELECT_ACCOUNT = 8,
};
/* An answer in response_mode=form_post: what the browser posts to the application. */
struct authorize_form {
    struct str action;
    const struct param *fields;
    size_t n;
};
struct authorize {
    struct application application;
    struct str redirect_uri, state, scope, nonce;
    unsigned response_type, prompt;
    struct str response_mode; /* query, fragment, form_post */
    struct str code_challenge;
    struct str login_hint;
    /* Who it must be, by id_token_hint (which wins over login_hint) or by the claims parameter's
     * sub, which has no tenant. */
    struct str hint_tenant_id, hint_employee_id;
    struct str display;                /* page, popup */
    struct str ui_locales, acr_values; /* words */
    struct str claims;                 /* JSON object, or absent */
    struct str tenant_id;              /* branding */
    bool two_factors;                  /* asked for, as an essential acr of claims */
    int64_t max_age;                   /* seconds; -1: not asked */
    /* Not of the request, and not kept with it: what the user allowed earlier is less than this, or
     * was taken back (consent_due()). Filled in before authorize_decide(). */
    bool consent_due;
    /* Not kept either: how the page of form_post looks, which is web/'s. */
    void (*form)(struct ctx *cx, const struct request *rq, const struct authorize *r,
                 const struct authorize_form *form, struct reply *rp);
};
/* Reads and checks GET and POST parameters. ret_redirects: the error may go to redirect_uri, and
 * `ret` has what authorize_fail() needs; false: it must be a page (SECURITY `no-open-redirect`). */
err authorize_read(struct ctx *cx, const struct request *rq, struct authorize *ret,
                   bool *ret_redirects);
/* To keep in a login_flow, and back: the application is looked up again and what it registered is
 * checked again (SECURITY `dead-means-dead`). ERR_INVALID_CLIENT and ERR_INVALID_REQUEST are pages.
 */
struct str authorize_write(struct arena *a, const struct authorize *r);
err authorize_parse(struct ctx *cx, struct str json, struct authorize *ret);

enum authorize_step {
    AUTHORIZE_RESPOND, /* nothing to ask */
    AUTHORIZE_LOGIN,   /* nobody, somebody else, or too long ago: sign in (anew) */
    AUTHORIZE_SELECT,  /* which of the accounts; then as if it had just been chosen */
    AUTHORIZE_CONSENT, /* signed in, wants to be asked */
};
/* What stands between a request and its answer. `sso` NULL: nobody is signed in here. With
 * prompt=none what would have to be asked is the error to redirect with (login_required, ...);
 * pure. */
err authorize_decide(struct ctx *cx, const struct authorize *r, const struct sso_session *sso,
                     enum authorize_step *ret_step);
/* Signed in before `begun`, when the request came, and by now longer ago than max_age. */
bool authorize_is_stale(const struct ctx *cx, const struct authorize *r,
                        const struct sso_session *sso, int64_t begun);
/* Nobody in particular was asked for, or this one. */
bool authorize_is_for(const struct authorize *r, struct str tenant_id, struct str employee_id);
/* What RFC 8176 calls two factors is among these ways to sign in: acr 2. */
bool amr_has_two(struct str amr);

/* error, error_description, state, iss to redirect_uri in the response mode (RFC 9207). */
void authorize_refuse(struct ctx *cx, const struct request *rq, const struct authorize *r,
                      const char *error, const char *description, struct reply *rp);
/* The same with the failure that `e` is. */
void authorize_fail(struct ctx *cx, const struct request *rq, const struct authorize *r, err e,
                    struct reply *rp);
/* The user is known and may: code and/or tokens to redirect_uri in the response mode; sets rp and
 * fills `code` (to be stored by the caller's closure with authorization_code_create) when the
 * response type has code, and `session` (session_create) when something was signed. An error (wrong
 * person, application not authorized for the tenant) is for authorize_fail(). */
struct authorize_grant {
    const struct user *user;
    const struct sso_session *sso;
    struct authorization_code code; /* code.code absent: none */
    struct session session;         /* session_id absent: none */
};
err authorize_respond(struct ctx *cx, const struct request *rq, const struct authorize *r,
                      struct authorize_grant *g, struct reply *rp);

/* ---- logout.c: RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0) ---------------- */

struct logout {
    struct application application;             /* application_id absent: the request names none */
    struct str post_logout_redirect_uri, state; /* absent unless the application registered it */
    struct str ui_locales, logout_hint;
    struct str hint_tenant_id, hint_employee_id; /* of id_token_hint */
    struct str hint_session_id;                  /* its sid: the session it was issued in */
    struct str hint_sso_session_id; /* and that one's browser; "": none that is known */
    bool hint_refused; /* foreign, modified, no id token: as if there were none, and no way back */
};
/* GET and POST. Every error is a page: a client_id that is not the hint's, an address that is not
 * registered. */
err logout_read(struct ctx *cx, const struct request *rq, struct logout *ret);
enum logout_step {
    LOGOUT_DONE,    /* nobody is signed in here: end what the hint names, if any, and go on */
    LOGOUT_END,     /* end the session and go on */
    LOGOUT_CONFIRM, /* ask first: no hint, or another one's */
};
/* Pure. `sso` NULL: nobody is signed in here. */
enum logout_step logout_decide(const struct logout *l, const struct sso_session *sso);
/* To post_logout_redirect_uri with state; false: there is none, show a page. */
bool logout_redirect(struct ctx *cx, const struct logout *l, struct reply *rp);
/* The endpoint on top of these, for web/, which has the cookie and the pages. */
struct logout_pages {
    /* The browser's session; ERR_NOT_FOUND: none. */
    err (*session)(struct ctx *cx, const struct request *rq, struct sso_session *ret);
    /* The secret that the sign-ins under way in this browser are bound to; absent: none are. */
    err (*browser)(struct ctx *cx, const struct request *rq, struct str *ret_browser);
    /* The person said yes: the form of `confirm` came back with its proof against forgery. */
    err (*confirmed)(struct ctx *cx, const struct request *rq, bool *ret_yes);
    err (*confirm)(struct ctx *cx, const struct request *rq, const struct logout *l,
                   const struct sso_session *sso, struct reply *rp);
    err (*ended)(struct ctx *cx, const struct request *rq, const struct logout *l,
                 struct reply *rp);
    void (*forget)(struct ctx *cx, const struct request *rq, struct reply *rp); /* the cookie */
};
err logout_run(struct ctx *cx, const struct request *rq, const struct logout_pages *pages,
               struct reply *rp);

/* The languages of the pages (ui_locales_supported); ends with NULL. web/ has a test that they are
 * those of its catalogues. */
extern const char *const page_languages[];

#endif
