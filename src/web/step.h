/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a sign-in, each of which is a page and what is posted from it. */
#ifndef POSTERN_WEB_STEP_H
#define POSTERN_WEB_STEP_H

#include "flow.h"

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
void login_user_name_field(struct page *p, const struct flow *f);
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
/* The parameter `username` trimmed; *data gets it, or the problem with its form. */
err login_user_name_read(struct ctx *cx, const struct request *rq, struct str *ret_name,
                         struct flow_data *data);
err login_password_show(struct ctx *cx, const struct flow *f, struct page *p);
err login_password_post(struct ctx *cx, const struct request *rq, struct flow *f, struct reply *rp);
#define STEP_USER     LOGIN_FLOW_BEGIN
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

#endif
