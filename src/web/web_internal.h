/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of web/ share. */
#ifndef POSTERN_WEB_INTERNAL_H
#define POSTERN_WEB_INTERNAL_H

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

/* ---- account_page.c ---- */

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
    int64_t password_at;               /* which password it was: when it was set */
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
};
/* Of the user as it is now. */
bool proof_holds(const struct login *l, const struct proof *p);
err sign_in_prepare(struct ctx *cx, const struct request *rq, struct sign_in *s, struct reply *rp);
err sign_in_commit(struct ctx *cx, const struct sign_in *s);

/* ---- second_factor.c, enrol.c: further steps ---- */

/* Demands. Who has a second factor is asked for it; who must have one, by the policy or by the
 * application (an essential acr), and has none, or one of another kind, sets it up. */
bool second_factor_wanted(const struct flow *f, const struct login *l, const struct proof *p);
bool enrolment_wanted(const struct flow *f, const struct login *l, const struct proof *p);
/* What the step STEP_ENROL needs to begin: a secret, sealed. */
void enrolment_begin(struct ctx *cx, const struct flow *f, const struct login *l,
                     struct flow_data *data);
/* A code was right: said in amr (RFC 8176) too. */
void proof_add_code(struct arena *a, struct proof *p);
/* Of the proof in the flow, as the rows are now; *ret_found false: dead meanwhile. */
err login_of_flow(struct ctx *cx, const struct flow *f, struct login *ret_login, bool *ret_found);
/* Until a locked account opens, rounded up. */
int64_t login_minutes_left(const struct ctx *cx, const struct login *l);
/* The code of a form, without blanks. */
err second_factor_typed(struct ctx *cx, const struct request *rq, struct str *ret_code);
struct field {
    const char *name; /* also its id */
    enum text_key label, hint;
    bool is_digits;
    bool is_later; /* something above it is done first: the page begins at its top */
};
void second_factor_field(struct page *p, const struct flow *f, const struct field *field);
err second_factor_code_show(struct ctx *cx, const struct flow *f, struct page *p);
err second_factor_code_post(struct ctx *cx, const struct request *rq, struct flow *f,
                            struct reply *rp);
err second_factor_recovery_show(struct ctx *cx, const struct flow *f, struct page *p);
err second_factor_recovery_post(struct ctx *cx, const struct request *rq, struct flow *f,
                                struct reply *rp);
err enrol_show(struct ctx *cx, const struct flow *f, struct page *p);
err enrol_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
err enrol_codes_show(struct ctx *cx, const struct flow *f, struct page *p);
err enrol_codes_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
err enrol_factor_show(struct ctx *cx, const struct flow *f, struct page *p);
err enrol_factor_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
#define STEP_CODE     "code"
#define STEP_RECOVERY "recovery"
#define STEP_ENROL    "enrol"
#define STEP_CODES    "codes"
#define STEP_FACTOR   "factor"

/* ---- login_step.c, login_password.c: the steps (a table) ---- */

struct login_step {
    const char *name; /* stored in the flow */
    enum text_key title;
    err (*show)(struct ctx *cx, const struct flow *f, struct page *p);
    err (*post)(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
};
const struct login_step *login_step_find(struct str name); /* NULL: of another version */
#define USER_NAME_MAX 256                                  /* bytes: no longer one is anybody's */
/* Which application all this is for; nothing for a page of our own. */
void login_lead(struct page *p, const struct flow *f);
void login_form_begin(struct page *p, const struct flow *f);
/* A submit button: its `action` is id and value. */
struct login_button {
    const char *action;
    enum text_key text;
    const struct text_value *values;
    bool is_plain; /* the second choice: fields need not be filled in */
};
void login_button(struct page *p, const struct login_button *b);
/* aria-invalid, if the problem shown is about this field. */
void login_invalid(struct page *p, const struct flow *f, const char *field);
/* What a scope means to who is asked for it; TEXT_COUNT: nothing is (a test: each scope has one).
 */
enum text_key scope_text(struct str scope);
/* What is asked for, in words. */
void scopes_show(struct page *p, struct str scope);
/* After the user name: what the user's login authenticator asks for (login_provider.c). */
err login_way_begin(struct ctx *cx, const struct request *rq, const struct flow *f,
                    struct str user_name, struct reply *rp);
/* Nothing but the password page: false for those who go elsewhere. */
err login_way_is_password(struct ctx *cx, const struct request *rq, struct str user_name,
                          bool *ret_password);
err login_provider_show(struct ctx *cx, const struct flow *f, struct page *p);
err login_provider_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
void scopes_show(struct page *p, struct str scope);
/* The parameter `username` trimmed; *data gets it, or the problem with its form. */
err login_user_name_read(struct ctx *cx, const struct request *rq, struct str *ret_name,
                         struct flow_data *data);
err login_password_show(struct ctx *cx, const struct flow *f, struct page *p);
err login_password_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
#define STEP_USER     "user"
#define STEP_PASSWORD "password"
/* ---- forgotten.c, password_step.c: further steps ---- */
err forgotten_show(struct ctx *cx, const struct flow *f, struct page *p);
err forgotten_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
err forgotten_sent_show(struct ctx *cx, const struct flow *f, struct page *p);
err forgotten_sent_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
bool new_password_wanted(const struct flow *f, const struct login *l, const struct proof *p);
err new_password_show(struct ctx *cx, const struct flow *f, struct page *p);
err new_password_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
#define STEP_FORGOTTEN      "forgotten"
#define STEP_FORGOTTEN_SENT "forgotten_sent"
#define STEP_NEW_PASSWORD   "new_password"
#define STEP_PROVIDER       "provider"
#define STEP_ACCOUNT        "account"
#define STEP_CONSENT        "consent"

/* ---- password_form.c: a new password, wherever one is asked for ---- */

/* What is wrong with what was posted: bits, 1 << one of password_rule or of these. */
enum password_problem {
    PASSWORD_MISSING = PASSWORD_RULES,
    PASSWORD_AGAIN,     /* not typed the same way twice */
    PASSWORD_NOW_WRONG, /* the present one */
    PASSWORD_LOCKED,
    PASSWORD_PROBLEMS
};
/* Words with '.' between them, for an address or a flow, and back; unknown ones are left out. */
struct str password_problem_write(struct arena *a, unsigned problem);
unsigned password_problem_parse(struct str text);
void password_problem_show(struct page *p, unsigned problem);
/* Read only, so that password managers see whose password it is. */
void password_user_show(struct page *p, struct str user_name);
/* Rules, both fields and the button, inside of a form. */
void password_fields_show(struct page *p, const struct password_owner *o, unsigned problem);
struct password_new {
    const struct password_owner *owner;
    struct str text, now; /* now: the present one; absent: it is not asked for */
    bool is_locked;       /* the present one is compared, and nothing else */
    unsigned problem;
    struct str hash; /* by the job, if there is no problem */
    void *of;        /* the step's own state */
};
/* The parameters, and every rule that costs no argon2. */
err password_new_read(struct ctx *cx, const struct request *rq, const struct password_owner *o,
                      struct password_new *n);
/* rp: the pool checks `now` and the history, then hashes; rq->job_state is `n` afterwards. */
void password_new_job(struct password_new *n, struct reply *rp);
struct password_change {
    const struct password_new *made;
    struct mail mail; /* tells the owner, unless it is the first one */
    struct str remote;
};
void password_change_prepare(struct ctx *cx, const struct request *rq, const struct password_new *n,
                             struct password_change *ret);
/* In a closure. */
err password_change_commit(struct ctx *cx, const struct password_change *c);

/* ---- mail_text.c: what a mail says ---- */

struct mail_facts {
    struct str kind; /* of struct mail */
    const struct language *language;
    const struct employee *who;
    struct str issuer;                /* of the environment */
    const struct password_link *link; /* NULL: none in it */
    const struct seal_key *key;       /* SEAL_MAIL's */
};
void mail_write(struct ctx *cx, const struct mail_facts *f, struct mail *ret_mail);
struct str password_link_url(struct arena *a, struct str issuer, struct str link);

/* ---- form_page.c: authorize.form ---- */

void form_page(struct ctx *cx, const struct request *rq, const struct authorize *r,
               const struct authorize_form *form, struct reply *rp);

/* ---- error_page.c ---- */

/* The application's request is wrong: for a person, and the details for its developers. */
void refused_page(struct ctx *cx, const struct request *rq, err code, struct reply *rp);
void expired_page(struct ctx *cx, const struct request *rq, struct reply *rp);
/* A step that is over; the way to where the flow stands. */
void done_page(struct ctx *cx, const struct request *rq, const struct flow *f, struct reply *rp);
/* "name" or, for another vendor's, "name (vendor)". */
struct str application_title(struct arena *a, const struct application *application);

#endif
