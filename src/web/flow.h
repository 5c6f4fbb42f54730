/* SPDX-License-Identifier: Apache-2.0 */
/* A sign-in under way: whose browser it is, what is proven, what comes next. */
#ifndef POSTERN_WEB_FLOW_H
#define POSTERN_WEB_FLOW_H

#include "page.h"

/* ---- browser.c: cookies and who they belong to ---- */

/* The cookie's value, or STR_NONE. Names carry __Host- when the issuer is https: another host of
 * the domain, or http, cannot set them (SECURITY `fixation`). */
enum cookie { COOKIE_SESSION, COOKIE_BROWSER, COOKIE_COUNT };
struct str cookie_name(const struct request *rq, enum cookie c);
err cookie_read(struct ctx *cx, const struct request *rq, enum cookie c, struct str *ret_value);
/* Until the browser is closed; the rows behind them end sooner. */
void cookie_set(struct ctx *cx, const struct request *rq, enum cookie c, struct str value,
                struct reply *rp);
void cookie_clear(struct ctx *cx, const struct request *rq, enum cookie c, struct reply *rp);
/* The session of this browser. *ret_found false: none that is alive. */
err browser_session(struct ctx *cx, const struct request *rq, struct sso_session *ret_session,
                    bool *ret_found);
/* The same for a page of our own at return_path (path and query of this server, "/auth/..."): where
 * there is none, *ret_found is false and rp leads into a sign-in that ends at return_path. */
err browser_require(struct ctx *cx, const struct request *rq, struct str return_path,
                    struct sso_session *ret_session, bool *ret_found, struct reply *rp);
/* Forms of such a page: a hidden field that only the browser of this session can know (SECURITY
 * `fixation`). The check fails closed with ERR_FORBIDDEN. */
struct page;
err form_token_write(struct page *p);
err form_token_check(struct ctx *cx, const struct request *rq);

/* ---- verdict.c ---- */

enum verdict {
    VERDICT_GOOD,
    VERDICT_WRONG, /* unknown, wrong, disabled, without a password: one and the same */
    VERDICT_LOCKED,
    VERDICT_NO_WAY,
    VERDICT_OTHER_USER, /* than the one of id_token_hint */
};
/* Of somebody who gave the right password, and is not locked (SECURITY `enumeration`). */
enum verdict verdict_of(const struct authorize *r, const struct login *l);
/* In words of the flow's data and back: "wrong". */
struct problem {
    const char *word;
    enum text_key text;
    const char *field; /* id of the input */
};
const struct problem *problem_find(struct str word); /* NULL: none */
const char *verdict_word(enum verdict v);
enum trial verdict_trial(enum verdict v);

/* ---- flow.c: a sign-in under way ---- */

#define BROWSER_SECRET_MAX 128
/* Who has proven what so far in this sign-in; written by us alone. */
struct proof {
    struct str tenant_id, employee_id; /* absent: nobody yet */
    struct str amr;                    /* words of RFC 8176 in their order: "pwd", "pwd otp" */
    int64_t epoch;                     /* of the employee's login, when it was proven */
    int64_t auth_at; /* what another provider says of it; 0: when all was proven here */
    bool has_code;   /* of the second factor that this account has here, or a recovery code */
};
/* What a flow's data knows. */
struct flow_data {
    struct str user_name;
    struct str problem; /* word of the problem table: shown once */
    int64_t minutes;    /* of LOCKED */
    struct str sso_session_id;
    struct proof proof; /* each step hands it on, or takes it back */
    /* What an enrolment under way must show again: the kind ("totp"), and the secret or the
     * recovery codes, sealed for this sign-in. */
    struct str factor, sealed;
    /* Of the step `provider`: where to, without state; what it is called; whose answer it will be.
     */
    struct str provider_url, provider_name, provider_issuer;
};
struct flow {
    struct login_flow row;
    struct authorize request; /* application absent: a page of our own asked, see return_path */
    struct str return_path;   /* where such a sign-in ends; absent: at the application */
    struct str errand;        /* the step that such a sign-in is for, after all is proven */
    struct flow_data data;
};
struct str flow_data_write(struct arena *a, const struct flow_data *d);
err flow_data_parse(struct ctx *cx, struct str json, struct flow_data *ret_data);
/* By the parameter `flow` and this browser's cookie; *ret_found false: expired, finished, another
 * browser's. */
err flow_find(struct ctx *cx, const struct request *rq, struct str secret, struct flow *ret_flow,
              bool *ret_found);
/* rp: the flow is stored by a closure, the browser gets its cookie and a 303 to the first step. */
err flow_begin(struct ctx *cx, const struct request *rq, const struct authorize *r,
               const char *step, const struct flow_data *data, struct reply *rp);
/* The same for a page of our own. */
err flow_begin_here(struct ctx *cx, const struct request *rq, struct str return_path,
                    struct reply *rp);
/* The same, on an errand: the user of this name, perhaps signed in, proves everything anew, then
 * comes to the step `errand`, and from there to return_path. */
struct flow_errand {
    struct str user_name, return_path; /* user_name absent: is asked for */
    const char *step;
};
err flow_begin_errand(struct ctx *cx, const struct request *rq, const struct flow_errand *errand,
                      struct reply *rp);
/* rp: a closure that advances, and a 303 to the next page. */
err flow_advance(struct ctx *cx, const struct flow *f, const char *step,
                 const struct flow_data *data, struct reply *rp);
/* In a closure: to the page of this step, in place of the answer that was prepared. ERR_CONFLICT as
 * flow_move(). */
err flow_back(struct ctx *cx, const struct flow *f, const char *step, const struct flow_data *data,
              struct reply *rp);
/* The account was changed since something was proven: back to the user name, which says so; from a
 * handler, and in a write closure in place of the answer that was prepared. */
err flow_restart(struct ctx *cx, const struct flow *f, struct reply *rp);
err flow_restart_now(struct ctx *cx, const struct flow *f, struct reply *rp);
/* In a closure; ERR_CONFLICT: this step is over. */
err flow_move(struct ctx *cx, const struct flow *f, const char *step, struct str data);
struct str flow_path(struct arena *a, const struct login_flow *row);

/* ---- finish.c: the last step ---- */

/* Who is signed in, and what follows. finish_prepare() fills the reply, finish_commit() runs in its
 * write closure. */
struct finish {
    const struct authorize *request;
    const struct flow *flow; /* NULL: answered at once */
    struct sso_session sso;
    struct str cookie;         /* of a new session; absent: it is one that was there */
    struct sso_session before; /* that this browser had; sso_session_id absent: none */
    bool asks_consent;         /* the user is asked first */
    bool consented;            /* the user was, and said yes: it is remembered */
    bool refused;              /* filled in: the answer is an error */
    struct user user;
    struct str remote;
    struct authorize_grant grant; /* filled in */
};
/* rp: back to the application with what it asked for (access_denied, if the tenant did not allow
 * it), or to the consent page. */
err finish_prepare(struct ctx *cx, const struct request *rq, struct finish *f, struct reply *rp);
err finish_commit(struct ctx *cx, const struct finish *f);
/* Both, with a closure of their own. */
err finish_respond(struct ctx *cx, const struct request *rq, struct finish *f, struct reply *rp);
/* prompt=consent, or more than this user allowed the application when it was asked. */
err consent_wanted(struct ctx *cx, const struct authorize *r, struct str tenant_id,
                   struct str employee_id, bool *ret_wanted);
/* rp: back with an error of OpenID Connect Core 3.1.2.6; the flow ends in the closure. */
void finish_refuse(struct ctx *cx, const struct request *rq, const struct flow *flow,
                   const char *error, const char *description, struct reply *rp);
/* Users of this tenant may use the application. */
err application_usable(struct ctx *cx, const struct application *a, struct str tenant_id,
                       bool *ret_usable);

/* ---- mailbox.c ---- */

/* Where mails can be read, if that is here and this request may; else nothing. */
void mailbox_link(struct page *p);

/* ---- sign_in.c: what is proven, and what comes next ---- */

/* A factor was proven. The step fills in flow, login and proof (with its own word in amr);
 * sign_in_prepare() asks the table of demands what is still missing and fills the reply;
 * sign_in_commit() runs in the step's write closure, after all else that the step writes. */
struct sign_in {
    const struct flow *flow;
    struct login login;
    struct proof proof;
    bool errand_done;      /* of the flow */
    const char *next;      /* the step that follows; NULL: all is proven */
    struct flow_data data; /* for the step that follows */
    struct finish finish;  /* of the end */
    struct reply *rp;      /* filled in */
};
/* Of the user as it is now. */
bool proof_holds(const struct login *l, const struct proof *p);
err sign_in_prepare(struct ctx *cx, const struct request *rq, struct sign_in *s, struct reply *rp);
/* Holds the account as it was read (login_epoch_hold); was it changed meanwhile, it begins anew. */
err sign_in_commit(struct ctx *cx, const struct sign_in *s);

/* ---- error_page.c ---- */

/* The application's request is wrong: for a person, and the details for its developers. */
void refused_page(struct ctx *cx, const struct request *rq, err code, struct reply *rp);
void expired_page(struct ctx *cx, const struct request *rq, struct reply *rp);
/* A step that is over; the way to where the flow stands. */
void done_page(struct ctx *cx, const struct request *rq, const struct flow *f, struct reply *rp);
/* "name" or, for another vendor's, "name (vendor)". */
struct str application_title(struct arena *a, const struct application *application);

#endif
