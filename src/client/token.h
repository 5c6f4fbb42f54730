/* SPDX-License-Identifier: Apache-2.0 */
/* A part of client.h: JWTs and the token endpoint. */
#ifndef POSTERN_CLIENT_TOKEN_H
#define POSTERN_CLIENT_TOKEN_H

#include <postern.h>

#include "exchange.h"
#include "state.h"

struct call;

/* ---- keys.c: JWTs ---- */

/* Signature by the issuer's keys, issuer, times; `audience` absent: any. */
err jwt_check(struct call *k, struct str token, struct str audience, struct jwt *ret_jwt);
/* Unverified: a claim that is text, or all claims; STR_NONE if it is no JWT. */
struct str jwt_peek(struct call *k, struct str token, const char *claim);
struct str jwt_claims(struct call *k, struct str token);

/* ---- grant.c, client_auth.c, answer.c: the token endpoint ---- */

#define REQUEST_SECRETS_MAX 12
struct token_request {
    struct str url;
    struct str headers[4];
    size_t headers_n;
    struct buf body;
    const char *auth_method; /* the one applied; NULL: none */
    bool code;               /* it has an authorization code */
    struct str
        secrets[REQUEST_SECRETS_MAX]; /* what a server that repeats it must not make us show */
    size_t secrets_n;
};
void token_secret(struct token_request *r, struct str secret);
/* RFC 6749 A.12: visible characters; it goes into a header. */
bool is_token_text(struct str s);
void token_parameter(struct token_request *r, const char *name, struct str value);
struct grant {
    const char *name;
    err (*request)(struct call *k, const struct endpoints *ep, struct token_request *r);
    bool client; /* an application authenticates: it may refresh, and is the id token's audience */
    bool user;
    bool person; /* somebody has to sign in: without a login it brings no token by itself */
};
const struct grant *grant_find(struct str name);
err grant_chosen(struct call *k, const struct grant **ret_grant);
err grant_refresh(struct call *k, const struct endpoints *ep, struct str refresh_token,
                  struct token_request *r);
/* Adds grant_type, the application's authentication and the setting token_parameters. */
err grant_form(struct call *k, const struct endpoints *ep, struct token_request *r,
               const char *grant_type);
err grant_parameters(struct call *k, struct token_request *r);
struct auth_method {
    const char *name;
    err (*apply)(struct call *k, const struct endpoints *ep, struct token_request *r);
};
const struct auth_method *auth_method_find(struct str name);
err client_authenticate(struct call *k, const struct endpoints *ep, struct token_request *r);
/* After invalid_client with `used`: the other method to try where the setting is auto; NULL: none.
 */
const char *client_auth_other(struct call *k, const struct endpoints *ep, const char *used);
/* The answer's tokens, verified where they can be, into a new state. */
err token_answer(struct call *k, const struct exchange *x, const struct grant *grant,
                 struct state *ret_state);
/* Why there is none, and what to do. */
err token_refused(struct call *k, const struct exchange *x, const struct token_request *r);

/* ---- token.c ---- */

/* A token good for now. `refused`: one that an API answered with 401: if that is still the cached
 * one it is renewed, else the newer one is the result. */
struct token {
    struct str access_token, token_type;
};
err token_get(struct call *k, unsigned flags, struct str refused, struct token *ret_token);
struct token_request token_request_new(struct call *k);
/* One request to the token endpoint, or another that takes the same; its body is wiped. */
err token_request_send(struct call *k, struct token_request *r, const struct repeat *how,
                       struct exchange *x);
/* Onto the disk, then to the other threads. `grant`: by which it, or what it renews, came. */
err token_publish(struct call *k, struct state *s, const char *grant);
/* A new token by this grant. By the holder of the lock alone. */
err token_authenticate(struct call *k, const struct endpoints *ep, const struct grant *grant);

/* ---- refresh.c ---- */

/* *ret_renewed false and OK: authenticate anew. By the holder of the lock alone. */
err refresh_token_use(struct call *k, const struct endpoints *ep, const struct grant *grant,
                      bool *ret_renewed);

#endif
