/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: how a tenant's people sign in. */
#ifndef POSTERN_MODEL_LOGIN_AUTHENTICATOR_H
#define POSTERN_MODEL_LOGIN_AUTHENTICATOR_H

#include "employee.h"

/* ---- login_policy.c, password_rule.c, common_password.c, login_authenticator.c: how a tenant's
 * people sign in ---- */

enum factor { FACTOR_NONE, FACTOR_TOTP, FACTOR_HOTP };
/* "none", "totp", "hotp": the words of policies and rows. */
const char *factor_word(enum factor f);
bool factor_parse(struct str word, enum factor *ret_factor);
/* JSON {"passwordMin", "upper", "lower", "digit", "special", "history", "maxAgeDays", "lockAfter",
 * "lockSeconds", "idleSeconds", "sessionSeconds", "mfa"}; members absent: the default in brackets.
 */
struct login_policy {
    int64_t password_min;                  /* characters, 8 to LOGIN_PASSWORD_MIN_MAX [8] */
    bool upper, lower, digit, special;     /* classes that must be there [none] */
    int64_t history;                       /* so many before today's are no new ones [0] */
    int64_t max_age_days;                  /* 0: they do not expire [0] */
    int64_t lock_after;                    /* wrong ones in a row [6] */
    int64_t lock_seconds;                  /* [1800] */
    int64_t idle_seconds, session_seconds; /* of a browser session [3600, 43200] */
    enum factor mfa;                       /* what everybody must have beside the password [none] */
};
#define LOGIN_PASSWORD_MIN_MAX 24
#define PASSWORD_HISTORY_MAX   10 /* each costs an argon2 when a password is changed */
/* ERR_INVALID_REQUEST names the member out of range. Other members are left alone: a newer version
 * may have written them. */
err login_policy_parse(struct ctx *cx, struct str json, struct login_policy *ret_policy);
struct str login_policy_write(struct arena *a, const struct login_policy *policy);
enum password_rule {
    PASSWORD_TEXT,   /* no control characters */
    PASSWORD_LENGTH, /* password_length_min() to PASSWORD_MAX */
    PASSWORD_UPPER,
    PASSWORD_LOWER,
    PASSWORD_DIGIT,
    PASSWORD_SPECIAL,
    PASSWORD_COMMON,
    PASSWORD_NAME,
    PASSWORD_USED, /* before: password_was_used() says */
    PASSWORD_RULES
};
int64_t password_length_min(const struct login_policy *policy);
bool password_rule_applies(const struct login_policy *policy, enum password_rule rule);
/* The rules that it breaks: bit 1 << rule. All but PASSWORD_USED. */
unsigned password_broken(struct ctx *cx, const struct login_policy *policy,
                         const struct employee *who, struct str password);
/* 8 to 128 characters whatever the policy, its classes, no common one, none with one's own names
 * (SECURITY `password`); OK, or ERR_INVALID_REQUEST whose text names the rule. */
err password_check(struct ctx *cx, const struct login_policy *policy, const struct employee *who,
                   struct str password);
/* A new one that every policy takes: 24 characters in five groups. */
#define LOGIN_PASSWORD_GENERATED 24
struct str password_generate(struct ctx *cx);
/* On the list of common ones, or one of them with digits or signs around it or for its letters; a
 * row of the keyboard, of digits or letters; one thing repeated; a date. */
bool password_is_common(struct ctx *cx, struct str password);

struct login_authenticator {
    struct str tenant_id, login_authenticator_id, name, kind;
    bool is_default;
    struct login_policy policy;
};
/* ERR_NOT_FOUND: the tenant has none of this id; or of this name; or no default. */
err login_authenticator_find(struct ctx *cx, struct str tenant_id, struct str id,
                             struct login_authenticator *ret);
err login_authenticator_named(struct ctx *cx, struct str tenant_id, struct str name,
                              struct login_authenticator *ret);
err login_authenticator_default(struct ctx *cx, struct str tenant_id,
                                struct login_authenticator *ret);

/* ---- login_provider.c: who signs in elsewhere ---- */

/* The column `provider`, JSON {"issuer", "clientId", "scope", "claim"}. */
#define LOGIN_PROVIDER_SCOPE "openid email profile"
struct login_provider {
    struct str issuer, client_id;
    struct str scope; /* words [LOGIN_PROVIDER_SCOPE] */
    /* Which of its claims says whose account it is, until the subject there is known ["sub": never;
     * the subject must be known]. */
    struct str claim;
};
err login_provider_parse(struct ctx *cx, struct str json, struct login_provider *ret_provider);
struct str login_provider_write(struct arena *a, const struct login_provider *p);
/* A kind of login authenticator. */
struct login_kind {
    const char *name; /* "system" */
    /* NULL, or what is missing. NULL itself: this kind has no provider. */
    const char *(*provider_check)(const struct login_provider *p);
};
const struct login_kind *login_kind_find(struct str kind); /* NULL: unknown */
/* The client secret there, bound to the row. */
struct str login_provider_seal(struct ctx *cx, const struct seal_key *master,
                               const struct login_authenticator *a, struct str secret);
err login_provider_unseal(struct ctx *cx, const struct seal_key *key,
                          const struct login_authenticator *a, struct str sealed,
                          struct secret *ret_secret);
/* How the user of this name signs in. ERR_NOT_FOUND as login_find(), and for those without an
 * authenticator. */
struct login_way {
    struct str tenant_id, employee_id, user_name, email_address;
    struct str authenticator_id, authenticator_name, kind;
    struct login_provider provider;
    struct str secret_sealed;    /* absent: none */
    struct str external_subject; /* at the provider; absent: not known yet */
};
err login_way_find(struct ctx *cx, struct str environment_id, struct str user_name,
                   struct login_way *ret_way);
err login_way_secret(struct ctx *cx, const struct login_way *w, struct secret *ret_secret);
/* In the closure that signs in, one UPDATE: the employee has this authenticator still, and is this
 * subject there, from now on if it was not known. ERR_INVALID_GRANT. */
err login_way_used(struct ctx *cx, const struct login_way *w, struct str subject);
err login_subject_set(struct ctx *cx, struct str tenant_id, struct str employee_id,
                      struct str subject);
/* It leads to another provider now, or to none, or to one for the first time: all who have it begin
 * anew, and nobody is known there. */
err login_authenticator_moved(struct ctx *cx, const struct login_authenticator *a);

/* ---- employee_login.c ---- */

/* Everything the password step needs, by user name in one statement. Unknown, without a password,
 * disabled, of a disabled tenant, of type api, or one who signs in elsewhere: ERR_NOT_FOUND, and
 * the handler goes on with login_dummy() so that it looks the same (SECURITY `enumeration`). Found:
 * compare the password on the pool; a wrong one ends in login_failed(), the right one in
 * login_succeeded(). */
struct login {
    struct str tenant_id, employee_id, user_name;
    struct str authenticator_kind, authenticator_id; /* absent: none, said after the password */
    struct login_policy policy;
    struct str password_hash;
    int64_t password_changed_at, failures, locked_until;
    int64_t epoch;    /* of what is proven in a sign-in: login_epoch.c */
    bool must_change; /* told so, or older than the policy allows: said after the password */
    /* The second factor that is enrolled, asked for whatever the policy says; said after the
     * password, like everything else here. */
    enum factor factor;
    struct str factor_sealed;
    int64_t factor_position; /* the last time step or counter that was used */
};
err login_find(struct ctx *cx, struct str environment_id, struct str user_name,
               struct login *ret_login);
/* The same by id, with or without a password: for the steps after the first, each of which looks
 * again (SECURITY `dead-means-dead`). ERR_NOT_FOUND. */
err login_of(struct ctx *cx, struct str tenant_id, struct str employee_id, struct login *ret_login);
/* Nobody's: password_dummy() and a default policy. login_failed() does nothing with it. */
struct login login_dummy(struct str user_name);
/* In a write closure. Counts, and locks when the policy says so. `remote`: of the audit record that
 * a lock leaves; failures alone leave none, or anybody could fill the table. */
err login_failed(struct ctx *cx, const struct login *l, struct str remote);
/* The password was right. is_whole: nothing else is to be proven, which clears the counter; a
 * password before a second factor does not, or the factor could be guessed for ever. Decided by the
 * row as it is now, so that 64 at once get no more guesses than one after the other (SECURITY
 * `lockout`). ERR_FORBIDDEN: the account is locked, and may be told so. ERR_INVALID_GRANT: answer
 * as to a wrong password: so many wrong ones came while it was locked that the word "locked" would
 * tell a guesser that this one is right; or the password was changed meanwhile. */
err login_succeeded(struct ctx *cx, const struct login *l, bool is_whole);
/* In a write closure: ERR_FORBIDDEN if the account is locked now; else it stays open until the
 * closure ends. */
err login_not_locked(struct ctx *cx, const struct login *l);
/* A new password: also ends the employee's browser sessions and what they issued (SECURITY
 * `dead-means-dead`), clears counter and lock, and voids the links that would set another. */
err login_password_set(struct ctx *cx, struct str tenant_id, struct str employee_id,
                       struct str password_hash, bool must_change);
/* The same password under a better hash; nothing, if it was changed meanwhile. */
err login_password_rehash(struct ctx *cx, const struct login *l, struct str password_hash);
/* How an employee signs in; its password and counters stay, who it is at a provider is forgotten,
 * and its browser sessions end. */
err login_authenticator_set(struct ctx *cx, struct str tenant_id, struct str employee_id,
                            struct str login_authenticator_id);

/* ---- login_epoch.c: what ends a sign-in under way ---- */

/* Part of whatever ends a person's browser sessions from elsewhere (a sign-out ends what is under
 * way in its own browser: login_flows_reset()), and before what ends with it: the row is the lock
 * that the sign-in waits for. */
err login_epoch_raise(struct ctx *cx, struct str tenant_id, struct str employee_id);
err login_epoch_raise_all(struct ctx *cx, struct str tenant_id);
/* In a write closure of a sign-in: it is l->epoch still, and stays so until the closure ends; or it
 * is l->epoch + 1 from here on, which ends all other sign-ins. ERR_CONFLICT. */
err login_epoch_hold(struct ctx *cx, const struct login *l);
err login_epoch_pass(struct ctx *cx, const struct login *l);

#endif
