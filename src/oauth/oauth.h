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

/* ---- token.c ------------------------------------------------------------------------------- */

err token_post(struct ctx *cx, const struct request *rq, struct reply *rp); /* POST /auth/token */
/* RFC 6749 3.2: no parameter twice, none of the protocol's in the query. Token, introspection,
 * revocation. */
err parameters_check(struct ctx *cx, const struct request *rq);

/* ---- device_authorization.c: POST /auth/device_authorization (RFC 8628 3.1) ---------------- */

#define DEVICE_PATH "/auth/device" /* where a person types the code in: web/ */
err device_authorization_post(struct ctx *cx, const struct request *rq, struct reply *rp);

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

/* ---- redirect_uri.c, response_type.c ------------------------------------------------------- */

/* Exact string match; only the port of a loopback IP may vary (RFC 8252 7.3). A list that is empty
 * or broken has none. */
bool redirect_uri_registered(struct ctx *cx, const struct application *a, struct str redirect_uri);
/* The same for where a logout may lead (application.logouts). */
bool logout_uri_registered(struct ctx *cx, const struct application *a, struct str uri);

enum {
    RESPONSE_CODE = 1,
    RESPONSE_ID_TOKEN = 2,
    RESPONSE_TOKEN = 4,
};
/* RESPONSE_CODE | ... of words in any order, each once; 0: unknown. The list of those that there
 * are is response_type_at() of model.h. */
unsigned response_type_parse(struct str words);
/* The application registered it; one that registered none has `code`. */
bool response_type_registered(struct ctx *cx, const struct application *a, unsigned bits);

/* ---- authorize_read.c, authorize_stored.c, authorize.c, authorize_respond.c ---------------- */

/* The authorization endpoint's protocol half (PROTOCOL 5): a request is read and found good, and an
 * answer goes back to where it may go. What a person sees in between is web/'s:
 *
 *     authorize_read      not good: authorize_fail if it may redirect, else the error is a page
 *     authorize_decide    against the browser's session: answer at once, or ask the person
 *     authorize_write, authorize_parse    kept in a login_flow meanwhile
 *     authorize_respond   the user is known; its closure's rows are the caller's to store
 */
enum {
    PROMPT_NONE = 1,
    PROMPT_LOGIN = 2,
    PROMPT_CONSENT = 4,
    PROMPT_SELECT_ACCOUNT = 8,
};
/* An answer in response_mode=form_post: what the browser posts to the application. */
struct authorize_form {
    struct str action;
    const struct param *fields;
    size_t n;
};
struct authorize {
    struct application application;
    struct str redirect_uri, state, scope, nonce;
    unsigned response_type, prompt;
    struct str response_mode; /* query, fragment, form_post */
    struct str code_challenge;
    struct str login_hint;
    /* Who it must be, by id_token_hint (which wins over login_hint) or by the claims parameter's
     * sub, which has no tenant. */
    struct str hint_tenant_id, hint_employee_id;
    struct str display;                /* page, popup */
    struct str ui_locales, acr_values; /* words */
    struct str claims;                 /* JSON object, or absent */
    struct str tenant_id;              /* branding */
    bool two_factors;                  /* asked for, as an essential acr of claims */
    int64_t max_age;                   /* seconds; -1: not asked */
    /* Not of the request, and not kept with it: what the user allowed earlier is less than this, or
     * was taken back (consent_due()). Filled in before authorize_decide(). */
    bool consent_due;
    /* Not kept either: how the page of form_post looks, which is web/'s. */
    void (*form)(struct ctx *cx, const struct request *rq, const struct authorize *r,
                 const struct authorize_form *form, struct reply *rp);
};
/* Reads and checks GET and POST parameters. ret_redirects: the error may go to redirect_uri, and
 * `ret` has what authorize_fail() needs; false: it must be a page (SECURITY `no-open-redirect`). */
err authorize_read(struct ctx *cx, const struct request *rq, struct authorize *ret,
                   bool *ret_redirects);
/* To keep in a login_flow, and back: the application is looked up again and what it registered is
 * checked again (SECURITY `dead-means-dead`). ERR_INVALID_CLIENT and ERR_INVALID_REQUEST are pages.
 */
struct str authorize_write(struct arena *a, const struct authorize *r);
err authorize_parse(struct ctx *cx, struct str json, struct authorize *ret);

enum authorize_step {
    AUTHORIZE_RESPOND, /* nothing to ask */
    AUTHORIZE_LOGIN,   /* nobody, somebody else, or too long ago: sign in (anew) */
    AUTHORIZE_SELECT,  /* which of the accounts; then as if it had just been chosen */
    AUTHORIZE_CONSENT, /* signed in, wants to be asked */
};
/* What stands between a request and its answer. `sso` NULL: nobody is signed in here. With
 * prompt=none what would have to be asked is the error to redirect with (login_required, ...);
 * pure. */
err authorize_decide(struct ctx *cx, const struct authorize *r, const struct sso_session *sso,
                     enum authorize_step *ret_step);
/* Signed in before `begun`, when the request came, and by now longer ago than max_age. */
bool authorize_is_stale(const struct ctx *cx, const struct authorize *r,
                        const struct sso_session *sso, int64_t begun);
/* Nobody in particular was asked for, or this one. */
bool authorize_is_for(const struct authorize *r, struct str tenant_id, struct str employee_id);
/* What RFC 8176 calls two factors is among these ways to sign in: acr 2. */
bool amr_has_two(struct str amr);

/* error, error_description, state, iss to redirect_uri in the response mode (RFC 9207). */
void authorize_refuse(struct ctx *cx, const struct request *rq, const struct authorize *r,
                      const char *error, const char *description, struct reply *rp);
/* The same with the failure that `e` is. */
void authorize_fail(struct ctx *cx, const struct request *rq, const struct authorize *r, err e,
                    struct reply *rp);
/* The user is known and may: code and/or tokens to redirect_uri in the response mode; sets rp and
 * fills `code` (to be stored by the caller's closure with authorization_code_create) when the
 * response type has code, and `session` (session_create) when something was signed. An error (wrong
 * person, application not authorized for the tenant) is for authorize_fail(). */
struct authorize_grant {
    const struct user *user;
    const struct sso_session *sso;
    struct authorization_code code; /* code.code absent: none */
    struct session session;         /* session_id absent: none */
};
err authorize_respond(struct ctx *cx, const struct request *rq, const struct authorize *r,
                      struct authorize_grant *g, struct reply *rp);

/* ---- logout.c: RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0) ---------------- */

struct logout {
    struct application application;             /* application_id absent: the request names none */
    struct str post_logout_redirect_uri, state; /* absent unless the application registered it */
    struct str ui_locales, logout_hint;
    struct str hint_tenant_id, hint_employee_id; /* of id_token_hint */
    struct str hint_session_id;                  /* its sid: the session it was issued in */
    bool hint_refused; /* foreign, modified, no id token: as if there were none, and no way back */
};
/* GET and POST. Every error is a page: a client_id that is not the hint's, an address that is not
 * registered. */
err logout_read(struct ctx *cx, const struct request *rq, struct logout *ret);
enum logout_step {
    LOGOUT_DONE,    /* nobody is signed in here: end what the hint names, if any, and go on */
    LOGOUT_END,     /* end the session and go on */
    LOGOUT_CONFIRM, /* ask first: no hint, or another one's */
};
/* Pure. `sso` NULL: nobody is signed in here. */
enum logout_step logout_decide(const struct logout *l, const struct sso_session *sso);
/* To post_logout_redirect_uri with state; false: there is none, show a page. */
bool logout_redirect(struct ctx *cx, const struct logout *l, struct reply *rp);
/* The endpoint on top of these, for web/, which has the cookie and the pages. */
struct logout_pages {
    /* The browser's session; ERR_NOT_FOUND: none. */
    err (*session)(struct ctx *cx, const struct request *rq, struct sso_session *ret);
    /* The person said yes: the form of `confirm` came back with its proof against forgery. */
    err (*confirmed)(struct ctx *cx, const struct request *rq, bool *ret_yes);
    err (*confirm)(struct ctx *cx, const struct request *rq, const struct logout *l,
                   const struct sso_session *sso, struct reply *rp);
    err (*ended)(struct ctx *cx, const struct request *rq, const struct logout *l,
                 struct reply *rp);
    void (*forget)(struct ctx *cx, const struct request *rq, struct reply *rp); /* the cookie */
};
err logout_run(struct ctx *cx, const struct request *rq, const struct logout_pages *pages,
               struct reply *rp);

/* The languages of the pages (ui_locales_supported); ends with NULL. web/ has a test that they are
 * those of its catalogues. */
extern const char *const page_languages[];

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

/* ---- provider_*.c: Postern as a relying party ---- */

/* Postern as a relying party (OpenID Connect Core 3.1, Discovery 4, RFC 9700): the people of a
 * login authenticator of kind `openid` sign in at another provider.
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
