/* SPDX-License-Identifier: Apache-2.0 */
/* oauth: the protocol endpoints of OAuth 2.0 and OpenID Connect (PROTOCOL 3 to 6).
 *
 * What grows is tables: grants (grant.c), client authentication methods (client_auth.c). A row says its wire name, which
 * application types may use it and which function does it; discovery and documentation are made from the same rows, so they list what works
 * and nothing else.
 *
 * A token request walks: parameters, client (client_authenticate), grant (grant_find, grant->run), which fills a `struct issue`: for whom,
 * which scope, which session; issue_reply() signs and writes the answer and hands one write closure to the server. Tokens leave after
 * that closure's commit.
 */
#ifndef POSTERN_OAUTH_H
#define POSTERN_OAUTH_H

#include "model.h"

/* ---- client_auth.c and client_*.c ------------------------------------------------------------- */

struct client_credentials { /* what the request brought; absent members are STR_NONE */
    bool basic;             /* from the Authorization header */
    struct str client_id, client_secret;
    struct str assertion, assertion_type;
};
struct client { /* an authenticated application */
    struct application application;
    bool authenticated;         /* false: type public, identified only */
    const char *method;         /* the wire name of the method that was used */
    struct str assertion_jti;   /* to be used up in the write closure; absent: none */
    int64_t assertion_expires_at;
};
struct client_method {
    const char *name; /* "client_secret_basic" */
    err (*check)(struct ctx *cx, const struct request *rq, const struct client_credentials *given,
                 struct client *client, struct reply *rp);
};
const struct client_method *client_method_at(size_t i); /* NULL past the end */
/* Reads the credentials, finds the application, applies its registered method. ret_found false: the request brought no client at all.
 * A wrong method is ERR_INVALID_CLIENT whose text names the registered one. private_key_jwt may need the application's
 * jwks_endpoint: then rp->job is set, ret_found is false, and the handler must return OK at once (it is called again). */
err client_authenticate(struct ctx *cx, const struct request *rq, struct reply *rp,
                        struct client *ret_client, bool *ret_found);

/* ---- grant.c and grant_*.c ------------------------------------------------------------------------- */

struct issue { /* what a grant decided */
    const struct client *client;
    struct user *user;       /* NULL: client_credentials */
    struct tenant tenant;    /* whose token it is */
    struct session session;  /* to be created; or the one that is refreshed */
    bool refreshes;          /* session exists: rotate */
    struct str old_refresh_digest;
    struct access_key key;   /* password grant: last used */
    struct str scope;        /* granted */
    int64_t auth_at;
    bool id_token;
    struct generated_key generated; /* used up in the closure; absent id: none */
};
struct grant {
    const char *name;      /* "client_credentials": the wire's, the metric's and discovery's */
    unsigned types;        /* GRANT_BACKEND | ... that may use it */
    bool identifies;       /* refresh_token: the token alone may identify a public client (PROTOCOL 12.4) */
    err (*run)(struct ctx *cx, const struct request *rq, const struct client *client,
               struct issue *issue, struct reply *rp);
};
enum { GRANT_BACKEND = 1, GRANT_CONFIDENTIAL = 2, GRANT_PUBLIC = 4 };
const struct grant *grant_at(size_t i);
const struct grant *grant_find(struct str name);
/* Requested against registered: absent means all that is registered; more is ERR_INVALID_SCOPE. */
err scope_grant(struct ctx *cx, struct str requested, struct str registered,
                struct str *ret_granted);

/* ---- token.c ------------------------------------------------------------------------------------------ */

err token_post(struct ctx *cx, const struct request *rq, struct reply *rp); /* POST /auth/token */

/* ---- claims.c, issue.c: the tokens themselves ------------------------------------------------------------ */

enum issue_shape {
    ISSUE_TOKEN,      /* PROTOCOL 4: the token endpoint */
    ISSUE_ACCESS_KEY, /* /authentication/v1/token/access-key: id_token is the access token */
    ISSUE_USER,       /* /public/user/refresh: both vocabularies */
};
/* Signs and writes the answer in this shape, and the closure that stores the session (or rotates it), uses up jti and generated key, and
 * notes the last use. */
err issue_reply(struct ctx *cx, const struct request *rq, struct issue *issue,
                enum issue_shape shape, struct reply *rp);
/* JSON claims of PROTOCOL 4. */
struct str claims_access(struct ctx *cx, const struct request *rq, const struct issue *issue,
                         int64_t lifetime);
struct str claims_id(struct ctx *cx, const struct request *rq, const struct issue *issue,
                     int64_t lifetime, struct str access_token);
/* A token of ours read back: signature, environment, kind by its typ and audience. */
enum token_kind { TOKEN_ACCESS, TOKEN_ID, TOKEN_REFRESH, TOKEN_GENERATED };
struct token {
    enum token_kind kind;
    struct jwt jwt;
    struct str tenant_id, session_id, client_id, digest;
};
/* ERR_INVALID_TOKEN for everything that this environment did not issue or that has expired. */
err token_read(struct ctx *cx, const struct environment *e, struct str text, struct token *ret_token);

/* ---- refresh.c: the rules of the family, shared by three endpoints --------------------------------------------- */

/* Checks a refresh token for a client (NULL: identified by the token alone) and fills the issue, or answers at once: grace
 * (rp has the same answer again), reuse (rp has invalid_grant and a closure that revokes the family). ret_done says the latter. */
err refresh_begin(struct ctx *cx, const struct request *rq, struct str refresh_token,
                  const struct client *client, struct issue *issue, struct reply *rp,
                  bool *ret_done);

/* ---- access_key_token.c, user_refresh.c: the older surfaces of PROTOCOL 6 ---------------------------------------- */

err access_key_token_post(struct ctx *cx, const struct request *rq, struct reply *rp);
err user_refresh_post(struct ctx *cx, const struct request *rq, struct reply *rp);
/* The token behind "Generate Key": a JWT good once, for GENERATED_KEY_SECONDS, at /public/user/refresh alone. */
err generated_key_issue(struct ctx *cx, const struct environment *e, struct str tenant_id,
                        struct str employee_id, struct generated_key *ret_key,
                        struct str *ret_token);

/* ---- bearer.c: the hook behind AUTH_BEARER ---------------------------------------------------------------------------- */

err bearer_hook(struct ctx *cx, struct request *rq, struct reply *rp);

/* ---- discovery.c, jwks.c, tenant_discovery.c, userinfo.c, introspect.c, revoke.c ---------------------------------------- */

err discovery_decorate(struct ctx *cx, struct environment *e); /* platform_options.decorate */
err discovery_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err jwks_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err tenant_discovery_get(struct ctx *cx, const struct request *rq, struct reply *rp);
err userinfo(struct ctx *cx, const struct request *rq, struct reply *rp); /* GET and POST */
err introspect_post(struct ctx *cx, const struct request *rq, struct reply *rp);
err revoke_post(struct ctx *cx, const struct request *rq, struct reply *rp);

/* ---- jwks_fetch.c: an application's jwks_endpoint (SECURITY `ssrf`) -------------------------------------------------------- */

/* Runs on the pool: https, public addresses only unless `allow_private`, resolved once, no redirects, bounded in size and time. */
struct jwks_fetch {
    struct str url;
    bool allow_private;
    struct str text; /* out */
};
err jwks_fetch_run(struct ctx *cx, void *state);

#endif
