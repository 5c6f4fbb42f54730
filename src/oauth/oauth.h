/* SPDX-License-Identifier: Apache-2.0 */
/* oauth: the protocol endpoints of OAuth 2.0 and OpenID Connect (PROTOCOL 3 to 6).
 *
 * What grows is tables: grants (grant.c), client authentication methods (client_auth.c). A row says
 * its wire name, which application types may use it and which function does it; discovery and
 * documentation are made from the same rows, so they list what works and nothing else.
 *
 * A token request walks: parameters, client (client_authenticate), grant (grant_find, grant->run),
 * which fills a `struct issue`: for whom, which scope, which session; issue_reply() signs and
 * writes the answer and hands one write closure to the server. Tokens leave after that closure's
 * commit.
 *
 * An authorization request walks: authorize_read, a person (web/), authorize_respond. Its answers
 * go to a redirect_uri that the application registered, and nowhere else.
 */
#ifndef POSTERN_OAUTH_H
#define POSTERN_OAUTH_H

#include "authorize.h"
#include "issue.h"
#include "provider.h"

/* ---- token.c ------------------------------------------------------------------------------- */

err token_post(struct ctx *cx, const struct request *rq, struct reply *rp); /* POST /auth/token */
/* RFC 6749 3.2: no parameter twice, none of the protocol's in the query. Token, introspection,
 * revocation. */
err parameters_check(struct ctx *cx, const struct request *rq);

/* ---- device_authorization.c: POST /auth/device_authorization (RFC 8628 3.1) ---------------- */

#define DEVICE_PATH "/auth/device" /* where a person types the code in: web/ */
err device_authorization_post(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- access_key_token.c, user_refresh.c: the older surfaces of PROTOCOL 6  */

err access_key_token_post(struct ctx *cx, const struct request *rq, struct reply *rp);
err user_refresh_post(struct ctx *cx, const struct request *rq, struct reply *rp);
/* The token behind "Generate Key": a JWT good once, for GENERATED_KEY_SECONDS, at
 * /public/user/refresh alone. The caller's write closure stores ret_key with
 * generated_key_create(). */
err generated_key_issue(struct ctx *cx, const struct environment *e, struct str tenant_id,
                        struct str employee_id, struct generated_key *ret_key,
                        struct str *ret_token);

/* ---- bearer.c: the hook behind AUTH_BEARER ----------------------------------------------- */

err bearer_hook(struct ctx *cx, struct request *rq, struct reply *rp);

/* ---- discovery.c, jwks.c, tenant_discovery.c, userinfo.c, introspect.c, revoke.c --------- */

err discovery_decorate(struct ctx *cx, struct environment *e); /* platform_options.decorate */
err discovery_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err jwks_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err tenant_discovery_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err userinfo(struct ctx *cx, const struct request *rq, struct reply *rp); /* GET and POST */
err introspect_post(struct ctx *cx, const struct request *rq, struct reply *rp);
err revoke_post(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- jwks_fetch.c: an application's jwks_endpoint (SECURITY `ssrf`) ---------------------- */

/* Runs on the pool, one fetch of an address at a time (fetch_once.c), by the rules of net/fetch.c.
 * Always OK: a failure leaves `text` absent and says why. */
#define JWKS_FETCH_MS            3000
#define JWKS_FETCH_PAUSE_SECONDS 60 /* between two fetches for one application */
struct jwks_fetch {
    struct str url;
    bool allow_private;
    struct fetch_once *once; /* NULL: nobody else fetches */
    struct str text;         /* out */
    struct str reason;       /* out: why there is no text, for the log */
};
err jwks_fetch_run(struct ctx *cx, void *state);

#endif
