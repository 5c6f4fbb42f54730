/* SPDX-License-Identifier: Apache-2.0 */
/* web: what a person sees, and the way through it.
 *
 * A handler here asks oauth/ what an authorization request means, and the model who somebody is; it
 * decides which page comes next and writes it. Pages are written by html.c, which escapes whatever
 * is not a literal of this folder, on the one layout of page.c, in the language that the person
 * reads (text.c; texts/). They work without JavaScript: there is none.
 *
 * A sign-in under way is a row (login_flow in model.h). Its secret stands in the form, the secret
 * of the browser that began it in a cookie; a step needs both, and the number of the step, so that
 * what is posted twice, late, or by another browser goes nowhere. Every POST ends in a 303, with
 * the step advanced in the same write closure as everything else that it changed; the last one
 * stores session and code and sends the browser back to the application.
 */
#ifndef POSTERN_WEB_H
#define POSTERN_WEB_H

#include "oauth.h"

/* ---- authorize_page.c: GET and POST /auth/authorize ---- */

#define AUTHORIZE_BODY_MAX 65536
err authorize_page(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- login.c: GET and POST /auth/login ---- */

#define LOGIN_PATH     "/auth/login"
#define LOGIN_BODY_MAX 16384
err login_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err login_post(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- second_factor_page.c: GET /auth/account/second-factor ---- */

/* The page of the account leads here: everything is proven anew, then the second factor is looked
 * at, replaced, or given new recovery codes; back at ACCOUNT_PATH. */
#define SECOND_FACTOR_PATH "/auth/account/second-factor"
err second_factor_page(struct ctx *cx, const struct request *rq, struct reply *rp);
/* ---- provider_callback.c: GET /auth/login/callback/{tenantId}, back from another provider ---- */

#define LOGIN_CALLBACK_PATH LOGIN_PATH "/callback/"
err provider_callback(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- password_page.c, password_own.c: a new password by a mail's link, or of who is signed in
 * ----
 */

#define PASSWORD_PATH      "/auth/password"
#define PASSWORD_DONE_PATH "/auth/password/done"
#define PASSWORD_OWN_PATH  "/auth/account/password"
err password_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err password_post(struct ctx *cx, const struct request *rq, struct reply *rp);
err password_done_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err password_own_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err password_own_post(struct ctx *cx, const struct request *rq, struct reply *rp);
/* mail_text.c: the address of a link. */
struct str password_link_url(struct arena *a, struct str issuer, struct str link);

/* ---- invitation.c: declaration_options.invite ---- */

/* Link and mail, in the transaction at hand; fills i->url. ERR_INVALID_REQUEST: not in that
 * language. */
err invitation_write(struct ctx *cx, struct invitation *i);

/* ---- mailbox.c: GET /auth/mailbox, where the setting is on and the issuer of this machine ---- */

#define MAILBOX_PATH "/auth/mailbox"
err mailbox_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err mailbox_mail_get(struct ctx *cx, const struct request *rq, struct reply *rp);
bool issuer_is_loopback(struct str issuer);

/* ---- logout_page.c: GET and POST /auth/authorize/logout ---- */

#define LOGOUT_PATH "/auth/authorize/logout"
err logout_page(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- device_page.c: GET and POST DEVICE_PATH ---- */

#define DEVICE_BODY_MAX 16384
err device_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err device_post(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- asset.c: GET /auth/assets/{name}, from memory alone (SECURITY `static`) ---- */

#define ASSET_PATH "/auth/assets/"
err asset_get(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- account_page.c: GET and POST /auth/account, one's own page; GET / leads there ---- */

#define ACCOUNT_PATH     "/auth/account"
#define ACCOUNT_BODY_MAX 4096
err account_page_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err account_page_post(struct ctx *cx, const struct request *rq, struct reply *rp);
err root_get(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- brand.c: GET /auth/brand/{name}, a tenant's images and colours ---- */

#define BRAND_PATH "/auth/brand/"
err brand_get(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- error_page.c: http_hooks.error_page ---- */

void error_page(struct ctx *cx, const struct request *rq, err code, struct reply *rp);

#endif
