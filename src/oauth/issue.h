/* SPDX-License-Identifier: Apache-2.0 */
/* A part of oauth.h: who asks for tokens, for whom, and the tokens themselves. */
#ifndef POSTERN_OAUTH_ISSUE_H
#define POSTERN_OAUTH_ISSUE_H

#include "model.h"

/* ---- client_auth.c, client_secret.c, client_assertion.c ------------------------------------ */

struct client_credentials { /* what the request brought; absent members are STR_NONE */
    bool basic;             /* id and secret came in the Authorization header */
    bool posted;            /* the secret came in the body (too) */
    struct str client_id, client_secret;
    struct str client_secret_decoded; /* Basic: percent-decoded, if that differs (PROTOCOL 12.3) */
    const struct jws *assertion;      /* parsed, not verified; NULL: none */
};
struct client { /* a known application */
    struct application application;
    bool authenticated;       /* false: type public, identified only */
    const char *method;       /* the wire name of the method that was used */
    struct str assertion_jti; /* to be used up in the write closure; absent: none */
    int64_t assertion_expires_at;
    bool fetched;            /* its keys: to be noted in the write closure */
    struct str fetched_jwks; /* and stored; absent: the fetch brought none */
};
struct client_method {
    const char *name; /* "client_secret_basic" */
    /* Is this what the request brought? */
    bool (*presented)(const struct client_credentials *given);
    err (*check)(struct ctx *cx, const struct request *rq, const struct client_credentials *given,
                 struct client *client, struct reply *rp);
};
const struct client_method *client_method_at(size_t i); /* NULL past the end */

enum client_outcome {
    CLIENT_NONE,     /* the request names no client at all */
    CLIENT_FOUND,    /* and it is who it says */
    CLIENT_ANSWERED, /* rp has a job or a write: the handler returns OK at once */
};
/* Reads the credentials, finds the application, applies its registered method. A wrong method is
 * ERR_INVALID_CLIENT whose text names the registered one. private_key_jwt may need the
 * application's jwks_endpoint: then rp->job is set, and the handler is called again when the set is
 * there. */
err client_authenticate(struct ctx *cx, const struct request *rq, struct reply *rp,
                        struct client *ret_client, enum client_outcome *ret_outcome);
/* What an authentication leaves behind, inside the write closure of the request: assertion id used
 * up (ERR_INVALID_CLIENT if another request was faster), fetched keys stored. */
bool client_has_effects(const struct client *client);
err client_commit(struct ctx *cx, const struct client *client);
/* For handlers that write nothing else. */
void client_commit_alone(struct ctx *cx, const struct client *client, struct reply *rp);
/* The environment's built-in application, behind token/access-key and public/user/refresh. */
err client_platform(struct ctx *cx, const struct request *rq, struct client *ret_client);
/* Application and owner enabled, not deleted; ERR_INVALID_CLIENT. */
err client_check_alive(struct ctx *cx, const struct application *a);

/* ---- scope.c ------------------------------------------------------------------------------- */

/* Requested against registered: absent or empty means all that is registered; more is
 * ERR_INVALID_SCOPE. Each word once. */
err scope_grant(struct ctx *cx, struct str requested, struct str registered,
                struct str *ret_granted);
/* The words of `scope` that are not in `unwanted`. */
struct str scope_without(struct arena *a, struct str scope, struct str unwanted);
/* `requested` without those of OpenID Connect's own scopes (profile, email, address, phone,
 * offline_access) that are not registered: Core 5.4, 11 and 3.1.2.1 make them wishes, whose refusal
 * is told by the scope that is granted. Every other word stays, to be refused by scope_grant(). */
struct str scope_without_wishes(struct arena *a, struct str requested, struct str registered);
/* The words of `scope` that `registered` still has. */
struct str scope_within(struct arena *a, struct str scope, struct str registered);

/* ---- grant.c and grant_*.c ----------------------------------------------------------------- */

struct issue { /* what a grant decided */
    const struct client *client;
    struct user *user;      /* NULL: client_credentials */
    struct tenant tenant;   /* whose token it is */
    struct session session; /* the one that is refreshed; else made by issue_reply() */
    bool refreshes;         /* session exists: rotate */
    struct str old_refresh_digest;
    struct access_key key; /* password grant: last used; absent id: none */
    struct str scope;      /* granted */
    int64_t auth_at;
    bool id_token;
    struct str nonce, amr;          /* of the id token; absent: none. amr: words */
    unsigned id_claims;             /* standard claims in the id token (standard_claims.c) */
    struct str code_text;           /* the code beside the id token: its c_hash */
    struct authorization_code code; /* used up in the closure; absent code: none */
    struct device_code device;      /* used up in the closure; absent code: none */
    struct generated_key generated; /* used up in the closure; absent id: none */
    bool answered;                  /* rp is complete already (grace, reuse): nothing to issue */
};
struct grant {
    const char *name; /* "client_credentials": the wire's, the metric's and discovery's */
    unsigned types;   /* GRANT_BACKEND | ... that may use it */
    bool identifies; /* the token alone may identify a public client (PROTOCOL 12.4): client is NULL
                      */
    err (*run)(struct ctx *cx, const struct request *rq, const struct client *client,
               struct issue *issue, struct reply *rp);
    const char *alias; /* accepted beside the name, listed nowhere (PROTOCOL 12.5); NULL: none */
};
enum { GRANT_BACKEND = 1, GRANT_CONFIDENTIAL = 2, GRANT_PUBLIC = 4 };
const struct grant *grant_at(size_t i); /* NULL past the end */
const struct grant *grant_find(struct str name);
bool grant_allows(const struct grant *grant, const struct application *a);
/* ERR_UNAUTHORIZED_CLIENT: not for its type, or not without authentication. */
err grant_client_check(struct ctx *cx, const struct grant *grant, const struct client *client);
/* ERR_CLIENT_NOT_AUTHORIZED in the words of the older surfaces: Client application 'name@vendor'
 * not authorized for user */
err grant_refuse_tenant(struct ctx *cx, const struct application *a);

/* ---- claims.c, issue.c, token_read.c: the tokens themselves ------------------------------ */

enum issue_shape {
    ISSUE_TOKEN,      /* PROTOCOL 4: the token endpoint */
    ISSUE_ACCESS_KEY, /* /authentication/v1/token/access-key: id_token is the access token */
    ISSUE_USER,       /* /public/user/refresh: both vocabularies */
};
/* Signs and writes the answer in this shape, and the closure that stores the session (or rotates
 * it), uses up jti and generated key, and notes the last use. A refresh token lives its full
 * lifetime from each rotation on: a session that is used stays. */
err issue_reply(struct ctx *cx, const struct request *rq, struct issue *issue,
                enum issue_shape shape, struct reply *rp);
/* JSON claims of PROTOCOL 4. */
struct str claims_access(struct ctx *cx, const struct request *rq, const struct issue *issue,
                         int64_t lifetime);
struct str claims_id(struct ctx *cx, const struct request *rq, const struct issue *issue,
                     int64_t lifetime, struct str access_token);
struct str claims_refresh(struct ctx *cx, const struct request *rq, const struct issue *issue,
                          int64_t lifetime);
/* A token of ours read back. Access and id tokens are told apart by what only one of them has: an
 * access token has `client_id` and the audience "{client_id}@cxone", an id token `azp` and the
 * audience "{client_id}"; refresh tokens and generated keys are MACed, with different `typ`. */
enum token_kind { TOKEN_ACCESS, TOKEN_ID, TOKEN_REFRESH, TOKEN_GENERATED };
struct token {
    enum token_kind kind;
    struct jwt jwt;
    struct str tenant_id, session_id, client_id, scope;
    struct str digest; /* refresh tokens */
};
/* ERR_INVALID_TOKEN for everything that this environment did not issue or that has expired. */
err token_read(struct ctx *cx, const struct environment *e, struct str text,
               struct token *ret_token);
/* An id token of ours as a hint: it may have expired. `ret_employee_id`: whom it speaks of. */
err token_read_hint(struct ctx *cx, const struct environment *e, struct str text,
                    struct token *ret_token, struct str *ret_employee_id);

/* ---- refresh.c: the rules of the family, shared by three places -------------------------- */

/* Checks a refresh token for a client (NULL: identified by the token alone) and fills the issue, or
 * answers at once: grace (rp has the same answer again), reuse (rp has invalid_grant and a closure
 * that revokes the family); issue->answered says so. */
err refresh_begin(struct ctx *cx, const struct request *rq, struct str refresh_token,
                  const struct client *client, struct issue *issue, struct reply *rp);
/* Inside the write closure: the rotation. The loser of a race gets what refresh_begin() would have
 * answered a moment later. */
err refresh_commit(struct ctx *cx, const struct request *rq, const struct issue *issue,
                   const struct session_rotation *rotation, struct reply *rp);
/* The answer sealed for the seconds of grace. */
struct str refresh_seal_answer(struct ctx *cx, const struct issue *issue, struct str answer);

#endif
