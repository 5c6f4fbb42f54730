/* SPDX-License-Identifier: Apache-2.0 */
/* client: libpostern, the other end of the wire. <postern.h> is what programs see; this header is
 * how its files see each other.
 *
 * A public function is a few lines: it fills an argument struct and gives call_run() the function
 * that does the work with a `struct call`: arena, clock, error, deadline, cancellation. Memory that
 * runs out inside jumps back to call_run() (POSTERN_MEMORY); hence what is not the arena's memory
 * is registered with arena_defer() at once, no lock is held across an allocation, and callbacks of
 * libcurl allocate nothing from an arena.
 *
 * The way of a call: api.c asks token.c for a token (memory, then cache.c, then one renewer among
 * all threads and processes: flight.c), discovery.c and tenant.c for addresses; all of them speak
 * through repeat.c (what may be sent again, and when) and transport.c (one request, one answer).
 *
 * Grants are rows of grant.c, client authentication methods rows of client_auth.c, settings rows of
 * settings.c.
 */
#ifndef POSTERN_CLIENT_H
#define POSTERN_CLIENT_H

#include <postern.h>
#include <pthread.h>

#include "jose.h"

struct pool; /* connections: transport.c */

/* ---- settings.c: the table, and where a value comes from ---- */

enum setting_id {
    SET_ISSUER,
    SET_BASE_URL,
    SET_GRANT,
    SET_CLIENT_ID,
    SET_CLIENT_SECRET,
    SET_CLIENT_SECRET_FILE,
    SET_AUTH_METHOD,
    SET_PRIVATE_KEY_FILE,
    SET_PRIVATE_KEY_ID,
    SET_ACCESS_KEY_ID,
    SET_ACCESS_KEY_SECRET,
    SET_ACCESS_KEY_SECRET_FILE,
    SET_SCOPE,
    SET_TENANT_ID,
    SET_USER_ID,
    SET_TOKEN_PARAMETERS,
    SET_API_ENDPOINT,
    SET_CA_FILE,
    SET_PROXY,
    SET_CONNECT_TIMEOUT,
    SET_TIMEOUT,
    SET_RETRIES,
    SET_RENEW_BEFORE,
    SETTINGS_N
};

struct settings {
    char *value[SETTINGS_N]; /* malloced, NULL if absent; defaults filled in */
    char *from[SETTINGS_N];  /* malloced: "profile default", ... */
};

/* Borrowed; STR_NONE if absent. */
struct str setting_str(const struct postern *p, enum setting_id id);
/* Numbers were checked at postern_open. */
int64_t setting_int(const struct postern *p, enum setting_id id);

/* ---- client.c ---- */

/* Everything but the parts under `lock` is fixed after postern_open. */
struct postern {
    struct settings settings;
    unsigned flags;
    char *cache_file; /* NULL: no cache on disk */
    void (*on_event)(void *, const struct postern_event *);
    void *on_event_user;
    struct pool *pool;
    pthread_mutex_t lock; /* short: never across I/O */
    pthread_cond_t changed;
    struct state *state; /* under lock: what the cache file holds, in memory (state.c) */
    bool renewing;       /* under lock: a thread of this process is at it (flight.c) */
};

/* ---- call.c: one public call ---- */

struct call {
    struct ctx cx; /* &k->cx is what base and jose take */
    struct postern *p;
    struct postern_cancel *cancel; /* may be NULL */
    int64_t deadline_us;           /* clock_monotonic_us(); the call ends there */
    /* of the answer behind a failure, for postern_error() */
    int status;
    struct str oauth_error;
    struct str correlation_id;
};

/* Runs `work` with a new call and turns its error into the code and this thread's postern_error().
 * `p` and `cancel` may be NULL. timeout_ms 0: the setting `timeout`. */
enum postern_code call_run(struct postern *p, struct postern_cancel *cancel, int64_t timeout_ms,
                           err (*work)(struct call *k, void *arguments), void *arguments);
/* Milliseconds until the deadline, at least 0. */
int64_t call_left_ms(const struct call *k);
/* ERR_CLIENT_CANCELLED if so. */
err call_check(struct call *k);
/* Sleeps, ends at once when cancelled (ERR_CLIENT_CANCELLED). A wait that would pass the deadline
 * is ERR_CLIENT_TIMEOUT before it begins. */
err call_wait(struct call *k, int64_t ms);
/* The descriptor that becomes readable when cancelled; -1 without one. */
int call_cancel_fd(const struct call *k);
/* Tells the hook; any member of `event` may be absent. Never with a lock held. */
void call_event(struct call *k, const struct postern_event *event);
void call_warn(struct call *k, const char *format, ...) PRINTF_LIKE(2, 3);

/* error.c */
enum postern_code error_code(err e);
void error_set(enum postern_code code, int status, const char *message, struct str error,
               struct str correlation_id);

/* ---- transport.c: one request, one answer ---- */

#define ANSWER_MAX_DEFAULT ((size_t)64 << 20)
#define DOCUMENT_MAX       ((size_t)1 << 20) /* discovery, JWKS, token answers */

struct exchange {
    /* asked */
    const char *method;
    struct str url;
    const struct str *headers; /* "Name: value" */
    size_t headers_n;
    struct str body;                      /* absent: none */
    bool secret_body;                     /* wiped wherever it was copied */
    const struct postern_request *stream; /* its read, rewind, write, on_headers; NULL: none */
    size_t body_max;
    int attempt; /* from 1; for events */
    /* answered; the arena's */
    int status;
    const struct postern_header *answer_headers;
    size_t answer_headers_n;
    struct str answer;      /* ends in NUL, not counted */
    int64_t server_date;    /* the Date header, 0 without one (RFC 9110 6.6.1) */
    int64_t sent_at;        /* local clock, seconds, before it was sent */
    int64_t retry_after_ms; /* from Retry-After, seconds or a date; -1 without one */
    bool left;              /* false: provably nothing reached the server: name, connect, TLS */
    bool streamed;          /* bytes of the answer were given to stream->write */
};

/* OK if a whole answer came, whatever its status. Errors say host, reason and what to do:
 * ERR_CLIENT_DNS, _CONNECT, _TLS, _TIMEOUT, _NETWORK, _ANSWER, _CANCELLED. No redirect is followed.
 */
err exchange_run(struct call *k, struct exchange *x);
/* STR_NONE if it is not there. */
struct str exchange_header(const struct exchange *x, const char *name);
struct pool *pool_new(void); /* NULL: no memory. libcurl is loaded at the first exchange */
void pool_free(struct pool *pool);

/* ---- repeat.c: PROTOCOL 11's rules of repetition ---- */

struct repeat {
    int retries;
    bool repeatable; /* sending it twice does no harm */
};
/* exchange_run until the answer is final or nothing may be repeated: 429 and 503 wait Retry-After,
 * else exponential backoff with jitter; 500, 502, 504 and broken connections only if repeatable;
 * what never left is always repeated. The last answer or error is the result. ret_attempts,
 * ret_waited_ms may be NULL. */
err exchange_repeat(struct call *k, struct exchange *x, const struct repeat *how, int *ret_attempts,
                    int64_t *ret_waited_ms);
/* For an answer of 400 or more to an API call: the error of its class (AUTH, DENIED, NOT_FOUND,
 * REQUEST, LIMIT, SERVER) with the server's own text, status, `error` and correlation id set in k.
 */
err exchange_refusal(struct call *k, const struct exchange *x);

/* ---- url.c ---- */

/* Scheme, host and port of an http(s) URL, normalised ("https://host", default ports left out,
 * lower case); false if it is none, or has a user name, backslash, control character or space. */
bool url_origin(struct arena *a, struct str url, struct str *ret_origin);
/* http is for loopback only; elsewhere tokens travel over https. */
bool url_is_safe(struct arena *a, struct str url);

/* ---- state.c: what is known: documents and tokens; as JSON in the cache file ---- */

struct document {
    struct str text; /* JSON; absent: not fetched */
    struct str etag;
    int64_t fetched_at, good_until;
};
struct state {
    struct arena *arena; /* its own; a state is immutable once published */
    struct document openid_configuration, cxone_configuration, jwks;
    struct str access_token, token_type, scope, id_token, refresh_token, tenant_id, grant;
    int64_t obtained_at, expires_at, renew_at, clock_skew;
    bool refresh_spent; /* the refresh token was sent and its answer is not known: never again */
    unsigned references;
};

/* ---- cache.c: the file ---- */

/* NULL in *ret_state: there is none, or it is not to be used (other version, damaged, another
 * secret): the reason goes to the hook. */
err cache_read(struct call *k, struct state **ret_state);
/* Atomic and durable: temporary file, fsync, rename; mode 0600. */
err cache_write(struct call *k, const struct state *s);
/* The lock of the cache entry: released by the system if the process dies. False in *ret_locked:
 * another has it. */
err cache_try_lock(struct call *k, int *ret_fd, bool *ret_locked);

/* ---- what calls need ---- */

/* discovery.c, tenant.c: documents in k's arena */
struct endpoints {
    struct str issuer, token_endpoint, jwks_uri;
    const json_t *openid_configuration; /* NULL with base_url alone */
};
err discovery_get(struct call *k, unsigned flags, struct endpoints *ret_endpoints);
struct tenant {
    struct str tenant_id, area, cluster, api_endpoint, auth_endpoint, ui_endpoint, acd_endpoint;
    struct str text; /* the document */
};
/* With the setting api_endpoint, or base_url alone, only that is filled. */
err tenant_get(struct call *k, unsigned flags, struct tenant *ret_tenant);

/* token.c: a token good for now. `refused`: one that an API answered with 401: if that is still the
 * cached one it is renewed, else the newer one is the result. */
struct token {
    struct str access_token, token_type;
};
err token_get(struct call *k, unsigned flags, struct str refused, struct token *ret_token);

/* api.c */
/* Where a request may go: the whole URL for path and base; ERR_CLIENT_USAGE for a foreign origin.
 */
err api_url(struct call *k, const struct postern_request *request, struct str *ret_url);

#endif
