/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: new passwords, the links that set them, and the mails that carry those. */
#ifndef POSTERN_MODEL_NEW_PASSWORD_H
#define POSTERN_MODEL_NEW_PASSWORD_H

#include "login_authenticator.h"

/* ---- password_history.c, password_link.c: new passwords ---- */

/* Who gets one: a person whose account is active or invited and who signs in by password. */
struct password_owner {
    struct employee who; /* names, type, status */
    struct login_policy policy;
    struct str password_hash; /* today's; absent: none yet */
    struct str history[PASSWORD_HISTORY_MAX];
    size_t history_n;
};
err password_owner_find(struct ctx *cx, struct str tenant_id, struct str employee_id,
                        struct password_owner *ret_owner); /* ERR_NOT_FOUND */
/* login_authenticator.c: how somebody signs in, whether or not that is by password; ERR_NOT_FOUND:
 * there is no authenticator. */
err login_authenticator_of(struct ctx *cx, struct str tenant_id, struct str employee_id,
                           struct login_authenticator *ret);
/* Today's, or one of the history. On the pool: up to 1 + PASSWORD_HISTORY_MAX argon2. */
bool password_was_used(const struct password_owner *owner, struct str password);
/* In a closure. Today's hash joins the history, which then has `keep` of them; part of
 * password_replace(). */
err password_history_keep(struct ctx *cx, struct str tenant_id, struct str employee_id,
                          int64_t keep);
/* login_password_set() with history; who was invited (PENDING, UNREGISTERED) becomes ACTIVE. */
err password_replace(struct ctx *cx, const struct password_owner *owner, struct str password_hash);

#define LINK_RESET             "reset"
#define LINK_INVITATION        "invitation"
#define PASSWORD_RESET_SECONDS 1800
#define INVITATION_SECONDS     604800
struct password_link {
    struct str link; /* the secret, "TENANT.RANDOM"; the row has its digest */
    struct str tenant_id, digest, employee_id;
    struct str kind; /* LINK_RESET, LINK_INVITATION */
    int64_t expires_at;
};
/* Filled in before: tenant_id, employee_id, kind. */
void password_link_prepare(struct ctx *cx, struct password_link *l);
/* Earlier ones of the employee, and their mails, are void. Nobody's (ids ""): the same work, and
 * nothing is stored (SECURITY `enumeration`). */
err password_link_create(struct ctx *cx, const struct password_link *l);
/* Of this environment, neither used, expired nor void, and whose it is. ERR_NOT_FOUND. */
err password_link_find(struct ctx *cx, struct str environment_id, struct str link,
                       struct password_link *ret_link, struct password_owner *ret_owner);
/* One DELETE: ERR_INVALID_GRANT for all but the first, and when it is void by now. */
err password_link_use(struct ctx *cx, const struct password_link *l);
/* One that works. */
err password_link_exists(struct ctx *cx, struct str tenant_id, struct str employee_id,
                         bool *ret_exists);
/* All of an employee, with their mails; part of login_password_set(). */
err password_links_void(struct ctx *cx, struct str tenant_id, struct str employee_id);
bool employee_is_invited(struct str status); /* PENDING, UNREGISTERED */

/* ---- mail.c: the outbox ---- */

/* Written in the transaction of what it tells. Nothing sends it yet (sent_at stays NULL); it goes
 * when it expires, one with a link also when that is used or void. */
#define MAIL_CHANGED  "changed" /* the password was; the others are named as their links */
#define MAILS_MAX     5         /* that one person may ask for in MAILS_SECONDS */
#define MAILS_SECONDS 3600
#define MAIL_KEPT     604800 /* seconds, of one without a link */
#define MAILBOX_MAX   100
struct mail {
    struct str tenant_id, mail_id, employee_id;
    struct str kind, language, to_address, subject, body; /* plain text */
    struct str body_sealed;
    int64_t created_at, expires_at;
};
/* Makes mail_id and the sealed body; no database. */
void mail_prepare(struct ctx *cx, const struct seal_key *key, struct mail *m);
err mail_create(struct ctx *cx, const struct mail *m); /* nobody's: nothing is stored */
/* Counts one more mail that somebody asked for; one UPDATE. Nobody's: not allowed. */
err mail_ask(struct ctx *cx, struct str tenant_id, struct str employee_id, bool *ret_allowed);
/* Without the bodies, newest first, MAILBOX_MAX of them: fills `row` and calls `each`. */
err mails_list(struct ctx *cx, struct str environment_id, struct mail *row,
               err (*each)(struct ctx *cx, void *state), void *state);
/* With its body, by the platform's key. ERR_NOT_FOUND. */
err mail_find(struct ctx *cx, struct str environment_id, struct str tenant_id, struct str mail_id,
              struct mail *ret_mail);

#endif
