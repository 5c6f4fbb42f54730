/* SPDX-License-Identifier: Apache-2.0 */
/* libpostern: the client end of a CXone-compatible identity and API-access platform.
 *
 * An integration opens a client once, from a profile, the environment or explicit settings, and
 * then calls APIs. The library finds the addresses (discovery), authenticates, keeps the token in a
 * cache that all threads and processes of a user share, renews it before it expires, finds the
 * tenant's own address, and repeats what may be repeated. A program in full:
 *
 *     struct postern *client;
 *     struct postern_response answer = POSTERN_RESPONSE_INIT;
 *     struct postern_request me = POSTERN_REQUEST_INIT;
 *     me.path = "/api/v2/users/me";
 *     if (postern_open(NULL, &client) != POSTERN_OK ||
 *         postern_call(client, &me, &answer) != POSTERN_OK) {
 *         fprintf(stderr, "%s\n", postern_error_message());
 *     }
 *
 * Rules of this header:
 * - Every call returns a code; on failure postern_error() says more, for this thread. Outputs
 *   (`ret_...`) are untouched on failure, except where a call says otherwise.
 * - The library never aborts, never prints, installs no signal handler, keeps no thread (libcurl
 *   looks up each name in one that ends with it).
 * - A `struct postern` may be used by any number of threads at once. Requests, responses and tokens
 *   belong to the thread that uses them.
 * - Text is UTF-8 ending in NUL. Times are seconds since 1970 by the *local* clock unless a member
 *   says otherwise; durations say their unit in their name.
 * - A struct that the caller makes begins with its size and is made by its ..._INIT: members that a
 *   newer header adds at the end keep their defaults in programs built with an older one, and are
 *   never written there.
 * - What a `..._done` or `..._free` releases is the library's memory: never free() it.
 *
 * Sources: the platform's documents (the five tasks of an integration), RFC 6749, 7009, 7523, 7519,
 * 7636, 8252, 8414, 9110, 9207; OpenID Connect Core and Discovery.
 */
#ifndef POSTERN_H
#define POSTERN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define POSTERN_VERSION "0.1.0"
#define POSTERN_API     __attribute__((visibility("default")))

/* The version of the library that is loaded, e.g. "0.1.0". Never NULL. Thread-safe. */
POSTERN_API const char *postern_version(void);

/* ---- errors ---- */

/* What went wrong. The comments name the exit status that the command postern(1) gives. */
enum postern_code {
    POSTERN_OK = 0,
    POSTERN_USAGE = 1,     /* 2: an argument, setting or profile is missing or malformed */
    POSTERN_MEMORY = 2,    /* 1: memory is exhausted */
    POSTERN_FILE = 3,      /* 1: a profile, key, CA or cache file cannot be read or written */
    POSTERN_CANCELLED = 4, /* 1: postern_cancel() was called */
    POSTERN_DNS = 5,       /* 5: the host name has no address */
    POSTERN_CONNECT = 6,   /* 5: nobody answers at that address */
    POSTERN_TLS = 7,       /* 5: the certificate or handshake is bad */
    POSTERN_TIMEOUT = 8,   /* 5: no answer in time */
    POSTERN_NETWORK = 9,   /* 5: the connection broke, or libcurl is not installed */
    POSTERN_DISCOVERY =
        10,                /* 6: a discovery document is missing, incomplete or not to be trusted */
    POSTERN_ISSUER = 11,   /* 6: the document or token names another issuer */
    POSTERN_CLOCK = 12,    /* 3: this machine's clock and the server's differ too much */
    POSTERN_AUTH = 13,     /* 3: the server refused the credentials, the grant or the token */
    POSTERN_TOKEN = 14,    /* 3: a token's signature or claims are wrong */
    POSTERN_NO_TOKEN = 15, /* 3: nothing usable is cached, and the call was not to ask the server */
    POSTERN_DENIED = 16,   /* 4: 403: the token is good, the permission or scope is missing */
    POSTERN_NOT_FOUND = 17, /* 1: 404 */
    POSTERN_REQUEST = 18,   /* 1: another 4xx: the API refused this request */
    POSTERN_LIMIT = 19,     /* 6: 429 to the last attempt */
    POSTERN_SERVER = 20,    /* 6: 5xx to the last attempt */
    POSTERN_ANSWER = 21,    /* 6: the answer breaks the protocol: not JSON, too large, cut short */
};

/* The code as a word, e.g. "dns", "auth"; "unknown" for a number that is none. Thread-safe. */
POSTERN_API const char *postern_code_name(enum postern_code code);

/* The last failure of this thread. */
struct postern_error {
    enum postern_code code;
    int status;                 /* of the HTTP answer behind it; 0 if there was none */
    const char *message;        /* what happened, why, what to do; no secret, one line */
    const char *error;          /* `error` of the server's answer, e.g. "invalid_client"; or "" */
    const char *correlation_id; /* of the server's answer, for its log; or "" */
};

/* Never NULL; code POSTERN_OK and message "" if no call of this thread has failed yet. Valid until
 * the thread's next call that fails. */
POSTERN_API const struct postern_error *postern_error(void);
/* postern_error()->message. */
POSTERN_API const char *postern_error_message(void);

/* ---- settings and profiles ---- */

/* One setting: a name of the table below, and its value. */
struct postern_setting {
    const char *name;
    const char *value;
};

/* A row of the settings table: profiles, environment and postern_options speak of the same names.
 */
struct postern_setting_info {
    const char *name;      /* "client_id" */
    const char *variables; /* "POSTERN_CLIENT_ID CXONE_CLIENT_ID": the first that is set counts */
    const char *otherwise; /* the default, "" if there is none */
    const char *doc;       /* a sentence or two */
    int secret;            /* 1: never shown, prompted for without echo */
};
/* Row i of the table, or NULL past its end. Static memory. Thread-safe. */
POSTERN_API const struct postern_setting_info *postern_setting_at(size_t i);

/* The directory of profiles: POSTERN_CONFIG_DIR, else $XDG_CONFIG_HOME/postern, else
 * ~/.config/postern. A profile NAME is the file NAME.profile there, mode 0600: postern-profile(5).
 *
 * Writes a profile (atomically; the directory is made with mode 0700). `config_dir` NULL: the
 * directory above. Names are 1 to 64 letters, digits, '-', '_', '.', not beginning with '.'. What
 * is cached for an earlier profile of this name stays: another client is another cache entry.
 * Errors: POSTERN_USAGE (name, a setting's name or value), POSTERN_FILE. */
POSTERN_API enum postern_code postern_profile_write(const char *config_dir, const char *name,
                                                    const struct postern_setting *settings,
                                                    size_t settings_n);
/* Calls `each` with the name of every profile, in order of name; a result other than 0 ends it. No
 * directory: no profiles, POSTERN_OK. Errors: POSTERN_FILE. */
POSTERN_API enum postern_code
postern_profile_list(const char *config_dir, int (*each)(void *user, const char *name), void *user);
/* Removes a profile and forgets what is cached for it. Errors: POSTERN_USAGE (there is none),
 * POSTERN_FILE. */
POSTERN_API enum postern_code postern_profile_delete(const char *config_dir, const char *name);

/* ---- what a client tells while it works ---- */

enum postern_event_kind {
    POSTERN_EVENT_REQUEST = 1,  /* about to be sent */
    POSTERN_EVENT_RESPONSE = 2, /* status, ms */
    POSTERN_EVENT_RETRY = 3,    /* ms: the pause before the next attempt; text: why */
    POSTERN_EVENT_TOKEN = 4,    /* text: "cached", "renewed by refresh_token", "waiting", ... */
    POSTERN_EVENT_WARNING = 5,  /* text: e.g. that a secret ends in a space */
};
/* Valid during the hook only. Never has a token, secret, query string or body. */
struct postern_event {
    size_t size;
    enum postern_event_kind kind;
    const char *method;
    const char *url; /* without its query */
    int status;      /* 0: none */
    int attempt;     /* from 1 */
    int64_t ms;
    const char *text;
};

/* ---- a client ---- */

struct postern;

enum postern_open_flags {
    POSTERN_NO_ENVIRONMENT = 1, /* ignore the environment, locations of files included */
    POSTERN_NO_PROFILE = 2,     /* settings and environment only */
    POSTERN_NO_CACHE = 4,       /* keep tokens in memory only */
};

struct postern_options {
    size_t size;
    unsigned flags;         /* of enum postern_open_flags */
    const char *profile;    /* NULL: POSTERN_PROFILE, else "default" if it exists. A profile named
                               here shuts out the environment's settings: no mixture of two */
    const char *config_dir; /* NULL: see postern_profile_write */
    const char *cache_dir;  /* NULL: POSTERN_CACHE_DIR, else $XDG_CACHE_HOME/postern, else
                               ~/.cache/postern */
    const struct postern_setting *settings; /* these win over profile and environment */
    size_t settings_n;
    /* Called by the thread that works, never with a lock held. NULL: nobody is told. */
    void (*on_event)(void *user, const struct postern_event *event);
    void *on_event_user;
};
#define POSTERN_OPTIONS_INIT                                                                       \
    { .size = sizeof(struct postern_options) }

/* Reads settings; asks nobody and opens no connection. Everything in `options` is copied (the
 * hook's user pointer as it is). NULL options: POSTERN_OPTIONS_INIT. Errors: POSTERN_USAGE,
 * POSTERN_FILE, POSTERN_MEMORY. Thread-safe. */
POSTERN_API enum postern_code postern_open(const struct postern_options *options,
                                           struct postern **ret_client);
/* No other call may use the client now or later. NULL is fine. */
POSTERN_API void postern_close(struct postern *client);

/* The value that this client uses for a setting, and where it comes from ("setting", "environment
 * CXONE_CLIENT_ID", "profile default", "default"). A secret's value is "" here. NULL if it has
 * none. Valid while the client is. `ret_from` may be NULL. Thread-safe. */
POSTERN_API const char *postern_setting(const struct postern *client, const char *name,
                                        const char **ret_from);

/* ---- cancelling ---- */

/* Given to calls; postern_cancel() from another thread or a signal handler (it is one write to a
 * descriptor) ends them with POSTERN_CANCELLED, waiting ones at once. It stays cancelled. */
struct postern_cancel;
/* NULL: no memory or descriptor left. */
POSTERN_API struct postern_cancel *postern_cancel_new(void);
POSTERN_API void postern_cancel(struct postern_cancel *cancel);
/* No call may use it any more. NULL is fine. */
POSTERN_API void postern_cancel_free(struct postern_cancel *cancel);

/* ---- discover ---- */

enum postern_get_flags {
    POSTERN_FRESH = 1,     /* ask the server, whatever is cached */
    POSTERN_CACHED = 2,    /* never ask: POSTERN_NO_TOKEN if it is not cached or expired */
    POSTERN_RENEWABLE = 4, /* with POSTERN_CACHED: an expired one too, if a refresh token is there
                              to renew it: somebody is signed in */
};

/* What discovery says. Members that are absent there are NULL. */
struct postern_discovery {
    size_t size;
    void *memory; /* the library's */
    const char *issuer;
    const char *token_endpoint;
    const char *authorization_endpoint;
    const char *userinfo_endpoint;
    const char *jwks_uri;
    const char *introspection_endpoint;
    const char *revocation_endpoint;
    const char *end_session_endpoint;
    const char *openid_configuration; /* the whole document, JSON; NULL with base_url alone */
    /* The tenant, known after authentication or from the setting tenant_id; else all NULL. */
    const char *tenant_id;
    const char *area;
    const char *cluster;
    const char *api_endpoint;
    const char *auth_endpoint;
    const char *ui_endpoint;
    const char *acd_endpoint;        /* https://api-{cluster}.{acdDomain} */
    const char *cxone_configuration; /* the whole document, JSON; NULL where there is none */
};
#define POSTERN_DISCOVERY_INIT                                                                     \
    { .size = sizeof(struct postern_discovery) }

/* The environment's and, if the tenant is known, the tenant's addresses; cached for an hour (or as
 * long as the answer says, between a minute and a day) and re-checked with a conditional request.
 * The issuer in the document must be the one asked (OpenID Connect Discovery 4.3); `api_endpoint`
 * must be https://api-{area}.{domain} or on the issuer's own origin, unless the setting
 * api_endpoint names one. */
POSTERN_API enum postern_code postern_discover(struct postern *client, unsigned flags,
                                               struct postern_cancel *cancel,
                                               struct postern_discovery *ret_discovery);
POSTERN_API void postern_discovery_done(struct postern_discovery *discovery);

/* ---- tokens ---- */

struct postern_token {
    size_t size;
    void *memory;             /* the library's, wiped by postern_token_done */
    const char *access_token; /* a secret */
    const char *token_type;   /* "Bearer" */
    const char *scope;        /* granted; NULL if the server did not say */
    const char *id_token;     /* NULL if there is none; verified when it came */
    const char *claims; /* of the id token, else of the access token if it is a JWT; JSON or NULL */
    const char *tenant_id; /* from the id token; NULL */
    const char *grant;     /* by which it, or the one that it renews, came: "password",
                              "client_credentials", "access_key", "authorization_code" or
                              "device_code" */
    int64_t obtained_at;
    int64_t expires_at; /* 0: the server did not say */
    int64_t renew_at;   /* from here on the next call renews it */
    int64_t clock_skew; /* seconds that the server's clock is ahead of ours */
    int has_refresh_token;
    int from_cache; /* 1: no request was made for it */
};
#define POSTERN_TOKEN_INIT                                                                         \
    { .size = sizeof(struct postern_token) }

/* A token good for now: the cached one, else one renewed by refresh token, else by full
 * authentication; with the grant authorization_code, where that needs a person, POSTERN_NO_TOKEN
 * instead (whose `error` is "invalid_grant" or "invalid_token" if a sign-in has ended, "" if nobody
 * was signed in). Of any number of threads and processes that share the cache, one renews and the
 * others wait for its result. `flags`: enum postern_get_flags. Errors: any but POSTERN_DENIED,
 * POSTERN_NOT_FOUND, POSTERN_REQUEST. */
POSTERN_API enum postern_code postern_token_get(struct postern *client, unsigned flags,
                                                struct postern_cancel *cancel,
                                                struct postern_token *ret_token);
POSTERN_API void postern_token_done(struct postern_token *token);
/* Forgets what is cached for this client, in memory and on disk. Nothing is revoked. */
POSTERN_API enum postern_code postern_forget(struct postern *client);

/* ---- signing in ---- */

/* With the grant authorization_code a person signs in, in a browser (RFC 6749 4.1, with PKCE of RFC
 * 7636; RFC 8252 for programs on a person's own machine). A program begins a login, has the browser
 * open its address, receives the redirect, and finishes the login with it; from then on the client
 * has tokens as with every other grant, and renews them by refresh token. Who is signed in belongs
 * to the profile: two profiles are two accounts. */
struct postern_login;
struct postern_login_options {
    size_t size;
    const char *redirect_uri; /* where the answer goes, as registered for the application; for
                                 http://127.0.0.1:PORT/... any port (RFC 8252 7.3) */
    const char *login_hint;   /* whom to expect, e.g. a user name; NULL: nobody in particular */
    const char *prompt;       /* "login", "consent", "select_account", "none"; NULL: as needed */
    const char *ui_locales;   /* languages in order, "de en"; NULL: the browser's */
};
#define POSTERN_LOGIN_OPTIONS_INIT                                                                 \
    { .size = sizeof(struct postern_login_options) }

/* The grant in use: the setting, or what "auto" comes to; NULL if no credentials are set. Static
 * memory. Thread-safe. */
POSTERN_API const char *postern_grant(const struct postern *client);
/* Makes the request: state, nonce and the secret of PKCE (S256) are new each time and stay in the
 * login. Scope is the setting, and openid. Discovery may be asked. Free it with
 * postern_login_free(). Errors: POSTERN_USAGE (another grant, no client_id or issuer,
 * redirect_uri), those of postern_discover(). */
POSTERN_API enum postern_code postern_login_begin(struct postern *client,
                                                  const struct postern_login_options *options,
                                                  struct postern_cancel *cancel,
                                                  struct postern_login **ret_login);
/* The address for the browser. Valid while the login is. */
POSTERN_API const char *postern_login_url(const struct postern_login *login);
/* 1 if `callback` (as for postern_login_finish) is the answer to this login, good or not; 0: not,
 * postern_error() says why. Anybody can send something to a redirect_uri: pass on what matches. */
POSTERN_API int postern_login_matches(const struct postern_login *login, const char *callback);
/* `callback`: the URL that the browser was sent to, or its query. Checks state and issuer (RFC
 * 9207), exchanges the code, verifies the id token and its nonce, and stores the tokens. An answer
 * is good once; one that does not match leaves the login as it was. Errors: POSTERN_ANSWER (no
 * answer to this login), POSTERN_ISSUER, POSTERN_AUTH (refused: postern_error()->error),
 * POSTERN_TOKEN, POSTERN_USAGE (finished before), those of the network. */
POSTERN_API enum postern_code postern_login_finish(struct postern *client,
                                                   struct postern_login *login,
                                                   const char *callback,
                                                   struct postern_cancel *cancel);
/* Wipes its secrets. NULL is fine. No other call may use the login now or later. */
POSTERN_API void postern_login_free(struct postern_login *login);

/* Where there is no browser, the person takes one elsewhere (RFC 8628): a program begins, shows
 * address and code, and polls until they have answered. Grant, tokens and what follows are those of
 * a login. */
struct postern_device;
/* Asks the server's device_authorization_endpoint for a code. Scope is the setting, and openid.
 * Free it with postern_device_free(). Errors: POSTERN_USAGE (another grant, no client_id or
 * issuer), POSTERN_DISCOVERY (the server has no such endpoint), POSTERN_AUTH (the application may
 * not: postern_error()->error), POSTERN_ANSWER, those of postern_discover(). */
POSTERN_API enum postern_code postern_device_begin(struct postern *client,
                                                   struct postern_cancel *cancel,
                                                   struct postern_device **ret_device);
/* What to show: the code to type in, the address to open, an address that brings the code along
 * (NULL: the server gives none), and until when (seconds since the epoch). All but the code are
 * http(s) addresses; none has control characters. Valid while the device is. */
POSTERN_API const char *postern_device_user_code(const struct postern_device *device);
POSTERN_API const char *postern_device_uri(const struct postern_device *device);
POSTERN_API const char *postern_device_uri_complete(const struct postern_device *device);
POSTERN_API int64_t postern_device_expires_at(const struct postern_device *device);
/* Waits up to wait_ms milliseconds for the answer, asking the server as often as it allows, and no
 * more often when it is called in short turns; an exchange that is under way then is waited for.
 * POSTERN_OK: somebody signed in, and the tokens are stored. POSTERN_TIMEOUT: not yet; call it
 * again. Errors that end it: POSTERN_AUTH (postern_error()->error: access_denied, expired_token,
 * ...), POSTERN_TOKEN, POSTERN_ANSWER, POSTERN_USAGE (it had ended before). A server that does not
 * answer for a while is asked less often. One call at a time for a device. */
POSTERN_API enum postern_code postern_device_poll(struct postern *client,
                                                  struct postern_device *device, int64_t wait_ms,
                                                  struct postern_cancel *cancel);
/* Wipes its secret. NULL is fine. No other call may use the device now or later. */
POSTERN_API void postern_device_free(struct postern_device *device);

enum postern_logout_flags {
    POSTERN_LOGOUT_ANYWAY = 1, /* forget, even if the server could not be told */
};
/* Revokes the refresh token, else the access token, at the server's revocation_endpoint (RFC 7009),
 * then forgets what is cached, as postern_forget() does. The browser's own session at the server is
 * not touched. If the server does not confirm, nothing is forgotten, unless the flag says so; the
 * failure is the result in both cases. POSTERN_NO_TOKEN: there was nothing to revoke. For every
 * grant. */
POSTERN_API enum postern_code postern_logout(struct postern *client, unsigned flags,
                                             struct postern_cancel *cancel);

/* ---- tokens that are JWTs ---- */

/* The header and claims of a JWT as {"header":{...},"claims":{...}}, *unverified*. Frees with
 * postern_free. Needs no client. Errors: POSTERN_TOKEN. Thread-safe. */
POSTERN_API enum postern_code postern_jwt_decode(const char *token, char **ret_json);
/* The same after checking signature (JWKS of the issuer), issuer and times, with the server's
 * clock. Errors: POSTERN_TOKEN says which check failed. */
POSTERN_API enum postern_code postern_jwt_verify(struct postern *client, const char *token,
                                                 struct postern_cancel *cancel, char **ret_json);
/* What the library gave as `char *`. NULL is fine. */
POSTERN_API void postern_free(void *text);

/* ---- calls ---- */

enum postern_base {
    POSTERN_BASE_API = 0,  /* the tenant's api_endpoint */
    POSTERN_BASE_AUTH = 1, /* the tenant's auth_endpoint */
    POSTERN_BASE_ACD = 2,  /* https://api-{cluster}.{acdDomain} */
    POSTERN_BASE_ISSUER = 3,
};
enum postern_request_flags {
    POSTERN_REPEATABLE =
        1,                 /* a POST or PATCH that may be sent again after a broken connection or
                              5xx; GET, HEAD, OPTIONS, PUT and DELETE always may (RFC 9110 9.2.2) */
    POSTERN_POLL = 2,      /* 202 with a Location: ask there until it is no 202 */
    POSTERN_ANONYMOUS = 4, /* send no token */
};

struct postern_response;
struct postern_request {
    size_t size;
    const char *method; /* NULL: GET, or POST with a body */
    const char *path; /* "/api/v2/users/me?x=y", or a whole URL on one of the client's endpoints: a
                         token never leaves for another origin (POSTERN_USAGE) */
    enum postern_base base;
    unsigned flags;             /* of enum postern_request_flags */
    const char *const *headers; /* "Name: value"; Authorization is the library's */
    size_t headers_n;
    const char *content_type; /* NULL: application/json if there is a body */
    /* The body: these bytes, or, if `read` is set, what it gives. */
    const void *body;
    size_t body_n;
    /* Fills at most n bytes and returns how many; 0: the end, -1: give up (POSTERN_CANCELLED).
     * `body_n` is the length then, or SIZE_MAX if unknown (sent in chunks). */
    ptrdiff_t (*read)(void *user, void *to, size_t n);
    /* Back to the beginning, for a repetition; 0 if that was possible. NULL: it never is. */
    int (*rewind)(void *user);
    void *read_user;
    /* Gets the body of the answer in pieces as they come, once the status is final and good (2xx);
     * other answers are kept in the response. A result other than 0: give up. */
    int (*write)(void *user, const void *bytes, size_t n);
    void *write_user;
    /* Called once before the first piece, with status and headers filled in. NULL: not. */
    int (*on_headers)(void *user, const struct postern_response *head);
    size_t body_max;    /* bytes kept of an answer; 0: 64 MiB. More is POSTERN_ANSWER */
    int64_t timeout_ms; /* in all, waits and repetitions included; 0: the setting `timeout` */
    int retries;        /* further attempts; -1: the setting `retries` */
    struct postern_cancel *cancel;
};
#define POSTERN_REQUEST_INIT                                                                       \
    { .size = sizeof(struct postern_request), .retries = -1 }

struct postern_header {
    const char *name; /* as the server wrote it */
    const char *value;
};
struct postern_response {
    size_t size;
    void *memory; /* the library's */
    int status;
    const struct postern_header *headers;
    size_t headers_n;
    const char *body; /* ends in NUL (not counted); "" if streamed or empty */
    size_t body_n;
    int attempts;      /* requests sent for it */
    int64_t waited_ms; /* between them */
};
#define POSTERN_RESPONSE_INIT                                                                      \
    { .size = sizeof(struct postern_response) }

/* Calls an API with a valid token. Repeats: 401 once, with a renewed token; 429, and 503 with a
 * Retry-After, after that pause, else after exponential backoff with jitter; 500, 502, 503, 504 and
 * broken connections where that is safe; a connection that was refused always. POSTERN_OK for a
 * status below 400. For 4xx and 5xx the code says the class, and `ret_response` is filled all the
 * same: call postern_response_done() after it whatever the code. */
POSTERN_API enum postern_code postern_call(struct postern *client,
                                           const struct postern_request *request,
                                           struct postern_response *ret_response);
POSTERN_API void postern_response_done(struct postern_response *response);
/* A header of the answer, by name in any case; NULL if it is not there. */
POSTERN_API const char *postern_response_header(const struct postern_response *response,
                                                const char *name);

/* Calls `each` with every page of a list, following `_links.next` of the JSON body (a string or an
 * object with `href`) or `Link: <...>; rel="next"` (RFC 8288). A result other than 0 ends it with
 * POSTERN_OK; a page that was there before ends it with POSTERN_ANSWER. */
POSTERN_API enum postern_code
postern_pages(struct postern *client, const struct postern_request *request,
              int (*each)(void *user, const struct postern_response *page), void *user);

#ifdef __cplusplus
}
#endif

#endif
