/* SPDX-License-Identifier: Apache-2.0 */
/* A part of client.h: people who sign in. */
#ifndef POSTERN_CLIENT_SIGN_IN_H
#define POSTERN_CLIENT_SIGN_IN_H

#include <postern.h>

#include "token.h"

struct call;

/* ---- login_callback.c ---- */

/* What came back from the authorization endpoint (RFC 6749 4.1.2, RFC 9207). */
struct login_callback {
    struct str code, state, iss, error, error_description; /* absent if not there */
};
/* The query, with or without what stands before its '?'. False: no answer of an authorization
 * endpoint: too long, badly encoded, a parameter twice, neither or both of code and error. */
bool login_callback_parse(struct arena *a, struct str text, struct login_callback *ret_callback);

/* ---- login.c ---- */

struct postern_login {
    struct arena *arena; /* its own; what is secret is wiped with it */
    const struct postern *client;
    const char *url;
    struct str state, nonce, verifier, redirect_uri, issuer;
    bool iss_promised; /* RFC 9207 2.4: an answer without iss is not the server's */
    bool finished;     /* the code was sent, or the server has refused */
};
/* RFC 7636 4.2, S256. */
struct str login_challenge(struct arena *a, struct str verifier);
err login_begin(struct call *k, const struct postern_login_options *options,
                struct postern_login **ret_login);
/* Whether the answer is this login's, comes from its issuer and brings a code. */
err login_callback_check(struct call *k, const struct postern_login *login,
                         const struct login_callback *callback);
/* What only the id token of a login has to say: nonce and authorized party. */
err login_id_token_check(struct call *k, const struct jwt *jwt);
/* RFC 6749 4.1.3 with RFC 7636 4.5. Without a login: nobody is signed in. */
err login_request(struct call *k, const struct endpoints *ep, struct token_request *r);
/* ERR_CLIENT_NO_TOKEN, and how to sign in. */
err login_missing(struct call *k);

/* With openid, without which it is none. */
struct str login_scope(struct call *k);
/* ERR_CLIENT_USAGE: nobody signs in with these settings. */
err login_possible(struct call *k);

/* ---- login_device.c ---- */

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"
struct postern_device {
    struct arena *arena; /* its own; what is secret is wiped with it */
    const struct postern *client;
    struct str code, issuer;
    const char *user_code, *uri, *uri_complete;
    const char *auth_method; /* that the server took where the setting is auto; NULL: the first */
    int64_t expires_at;
    int64_t expires_us, next_us, interval_ms; /* of clock_monotonic_us() */
    bool finished;                            /* tokens came, or the server has refused */
};
/* The server's answer (RFC 8628 3.2) into `d`, which has its arena. */
err device_answer_read(struct call *k, struct str text, struct postern_device *d);
/* RFC 8628 3.4, for k->device. */
err device_request(struct call *k, const struct endpoints *ep, struct token_request *r);
enum device_outcome {
    DEVICE_SIGNED_IN,
    DEVICE_PENDING,
    DEVICE_SLOW_DOWN,
    DEVICE_UNHEARD, /* no answer, or a server's weakness: asked again, less often */
    DEVICE_REFUSED,
    DEVICE_FAILED,
};
/* What the error of a token request means (RFC 8628 3.5). */
enum device_outcome device_outcome(const struct call *k, err e);

#endif
