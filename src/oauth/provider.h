/* SPDX-License-Identifier: Apache-2.0 */
/* A part of oauth.h: Postern as a relying party of another provider. */
#ifndef POSTERN_OAUTH_PROVIDER_H
#define POSTERN_OAUTH_PROVIDER_H

#include "model.h"

/* ---- provider_*.c: Postern as a relying party ---- */

/* Postern as a relying party (OpenID Connect Core 3.1, Discovery 4, RFC 9700):
 * the people of a login authenticator of kind `openid` sign in at another provider.
 *
 *     provider_discover_run    on the pool: where that provider is
 *     provider_authorize_url   the browser goes there, with state, nonce and PKCE
 *     provider_exchange_run    on the pool: the code becomes an id token, which is verified
 *
 * Nothing of it is stored: the state is the sign-in's secret, sealed; nonce and code_verifier are
 * MACs of the state. What a provider publishes is kept for some minutes by fetch_once.c. Every call
 * goes through net/fetch.c (SECURITY `ssrf`).
 */
struct provider_state {
    struct str flow; /* the secret of the sign-in under way */
    int64_t version; /* the step of it */
    int64_t at;      /* when the browser was sent */
};
struct str provider_state_write(struct ctx *cx, const struct environment *e,
                                const struct provider_state *s);
/* False: not one of this environment's. */
bool provider_state_parse(struct ctx *cx, const struct environment *e, struct str text,
                          struct provider_state *ret);
/* What else belongs to this state. */
struct provider_checks {
    struct str nonce, code_verifier;
};
struct provider_checks provider_checks_of(struct ctx *cx, struct str state);

struct provider_metadata {
    struct str issuer, authorization_endpoint, token_endpoint, jwks_uri;
    struct str userinfo_endpoint; /* absent: it has none */
    bool names_issuer;            /* in every answer (RFC 9207) */
    bool secret_post;             /* it does not take client_secret_basic */
};
struct provider_ask {
    const struct login_provider *provider;
    struct str authorization_endpoint, redirect_uri, login_hint, ui_locales;
    bool login;      /* ask anew */
    int64_t max_age; /* -1: not asked */
};
/* Without what belongs to a state; provider_authorize_url() adds that. */
struct str provider_authorize_base(struct ctx *cx, const struct provider_ask *ask);
struct str provider_authorize_url(struct ctx *cx, struct str base, struct str state);

struct provider_identity {
    struct str subject;
    struct str claim;  /* the value of the claim that maps; absent: not said, or not verified */
    struct str amr;    /* words: "fed", and what the provider said of RFC 8176's */
    int64_t auth_time; /* 0: not said */
};
#define PROVIDER_CALL_MS          3000
#define PROVIDER_TOTAL_MS         8000 /* all calls of one exchange */
#define PROVIDER_FRESH_SECONDS    600  /* so long documents are kept */
#define PROVIDER_RETRY_SECONDS    5    /* and failures */
#define PROVIDER_ROTATION_SECONDS 5    /* an unknown key has the set fetched again, so often */

enum provider_outcome {
    PROVIDER_OK,
    PROVIDER_DOWN, /* not reached, or not a provider at all */
    PROVIDER_BAD,  /* what it said cannot be believed */
};
struct provider_exchange {
    struct login_provider provider;
    struct secret client_secret; /* p NULL: a public client */
    struct str redirect_uri, code, code_verifier, nonce;
    struct str iss; /* of the answer; absent: it had none */
    bool wants_claim;
    bool allow_private;
    struct fetch_once *once;
    int64_t deadline_us; /* its own */

    enum provider_outcome outcome;
    struct str reason; /* for the log */
    struct provider_metadata metadata;
    struct provider_identity identity;
};
err provider_discover_run(struct ctx *cx, void *state);
err provider_exchange_run(struct ctx *cx, void *state);

#endif
