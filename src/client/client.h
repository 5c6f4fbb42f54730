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
 * A person signs in through login.c, whose answer comes by login_callback.c, or, with the browser
 * on another machine, through login_device.c; and out through logout.c.
 *
 * Grants are rows of grant.c, client authentication methods rows of client_auth.c, settings rows of
 * settings.c.
 */
#ifndef POSTERN_CLIENT_H
#define POSTERN_CLIENT_H

#include <postern.h>
#include <pthread.h>

#include "jose.h"

struct call;
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
    char *proxy_shown;       /* malloced: without its password */
};

#define SETTING_MAX 4096 /* characters of a value */

/* Each adds what it finds to `s`, over what is there. ERR_CLIENT_USAGE says where the value stands
 * and what would be right. */
err settings_defaults(struct call *k, struct settings *s);
err settings_profile(struct call *k, struct settings *s, struct str text, struct str file,
                     struct str profile);
/* manner_only: how to speak (ca_file and what follows it), not to whom and as whom. */
err settings_environment(struct call *k, struct settings *s, bool manner_only);
/* The environment says to whom or as whom: then the profile "default" is not used. */
bool settings_environment_names_one(struct call *k);
err settings_given(struct call *k, struct settings *s, const struct postern_setting *given,
                   size_t n);
void settings_done(struct settings *s); /* secrets are wiped */
err setting_check(struct call *k, struct str name, struct str value);

/* Borrowed; STR_NONE if absent. */
struct str setting_str(const struct postern *p, enum setting_id id);
/* Numbers were checked at postern_open. */
int64_t setting_int(const struct postern *p, enum setting_id id);
/* The secret itself or the first line of its file; STR_NONE without either. */
err setting_secret(struct call *k, enum setting_id id, enum setting_id file, struct str *ret);
/* The same without the warning of spaces at its ends. */
err setting_secret_quietly(struct call *k, enum setting_id id, enum setting_id file,
                           struct str *ret);

/* ---- profile.c ---- */

#define PROFILE_MAX      65536
#define PROFILE_NAME_MAX 64
/* Where files of a kind are: given, else a variable of ours, else XDG's, else below the home.
 * STR_NONE: nowhere. */
struct directory_names {
    const char *variable, *xdg_variable, *below_home;
};
struct str directory_for(struct call *k, const char *given, bool environment,
                         const struct directory_names *names);
err directory_make(struct call *k, const char *path); /* and what is above it; mode 0700 */
err profile_file(struct call *k, const char *config_dir, struct str name, bool environment,
                 const char **ret_file);
/* Adds the profile's settings. `must`: it is an error if there is none. */
err profile_read(struct call *k, struct settings *s, const char *file, struct str name, bool must);

/* ---- client.c ---- */

/* Everything but the parts under `lock` is fixed after postern_open. */
struct postern {
    struct settings settings;
    unsigned flags;
    char profile[PROFILE_NAME_MAX + 1]; /* "": none was read */
    char *cache_file;                   /* NULL: no cache on disk */
    void (*on_event)(void *, const struct postern_event *);
    void *on_event_user;
    struct pool *pool;
    pthread_mutex_t lock; /* short: never across I/O */
    pthread_cond_t changed;
    struct state *state; /* under lock: what the cache file holds, in memory (state.c) */
    /* under lock: renewals of this process (flight.c) */
    bool renewing;
    uint64_t flights;       /* that have ended */
    uint64_t failed_flight; /* the last one that failed, and how */
    err failed_with;
    int failed_status;
    char failed_message[FAILURE_DETAIL_MAX];
};

/* ---- call.c: one public call ---- */

struct call {
    struct ctx cx; /* &k->cx is what base and jose take */
    struct postern *p;
    struct postern_cancel *cancel;     /* may be NULL */
    int64_t deadline_us;               /* clock_monotonic_us(); the call ends there */
    bool locked;                       /* this call holds the lock of the cache entry */
    int64_t clock_skew;                /* the server's clock minus ours, as last seen; seconds */
    bool clock_known;                  /* an answer of this call had a date */
    bool token_cached;                 /* token_get made no request */
    struct str oauth_text;             /* the description of a refusal at the token endpoint */
    bool spaces_told;                  /* that a secret has spaces at its ends */
    bool cache_doubted;                /* that the file is not used was told */
    const char *auth_method;           /* to be used instead of what auto means; NULL: none */
    const struct postern_login *login; /* whose code is exchanged; NULL: none */
    struct str login_code;
    const struct postern_device *device; /* whose device code is; NULL: none */
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
void call_tell(struct call *k, enum postern_event_kind kind, const char *text);

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
    bool secret_body;                     /* wiped wherever we copied it */
    const struct postern_request *stream; /* its read, rewind, write, on_headers; NULL: none */
    size_t body_max;                      /* 0: ANSWER_MAX_DEFAULT */
    bool once;         /* never sent twice, not even by libcurl on a connection that died */
    bool keep_pending; /* a 202 is kept, not given to stream->write */
    int attempt;       /* from 1; for events. exchange_repeat counts on from it */
    /* answered; until the exchange is run again or the call ends */
    int status;
    const struct postern_header *answer_headers;
    size_t answer_headers_n;
    struct str answer;         /* ends in NUL, not counted */
    int64_t server_date;       /* the Date header, 0 without one (RFC 9110 6.6.1) */
    int64_t sent_at;           /* local clock, seconds, before it was sent */
    int64_t retry_after_ms;    /* from Retry-After, seconds or a date; -1 without one */
    bool left;                 /* false: provably nothing reached the server: name, connect, TLS */
    bool streamed;             /* bytes of the answer were given to stream->write */
    bool body_begun;           /* stream->read was asked: a repetition has to rewind */
    bool lasting;              /* of an error: a repetition would meet it again */
    struct transfer *transfer; /* transport.c's; begins as NULL */
};

/* OK if a whole answer came, whatever its status. Errors say host, reason and what to do:
 * ERR_CLIENT_DNS, _CONNECT, _TLS, _TIMEOUT, _NETWORK, _ANSWER, _CANCELLED, and _USAGE for an
 * address that url_is_safe() refuses: nothing is sent there. No redirect is followed. */
err exchange_run(struct call *k, struct exchange *x);
/* STR_NONE if it is not there. */
struct str exchange_header(const struct exchange *x, const char *name);
/* Gives the answer's memory to `ret`, for postern_response_done(); x has none then. */
void exchange_give(struct exchange *x, struct postern_response *ret);
struct pool *pool_new(void); /* NULL: no memory. libcurl is loaded at the first exchange */
void pool_free(struct pool *pool);

/* ---- http_date.c ---- */

/* The three forms of RFC 9110 5.6.7. `now` settles the century of the obsolete one. */
bool http_date_parse(struct str text, int64_t now, int64_t *ret_time);
/* RFC 9110 10.2.3, seconds or a date; -1 if it is neither. Never more than a year. */
int64_t retry_after_parse(struct str text, int64_t now);

/* ---- repeat.c: PROTOCOL 11's rules of repetition ---- */

struct repeat {
    int retries;
    bool repeatable; /* sending it twice does no harm */
    bool spends;     /* a single-use token: again only if it never left, or after 429 */
};
/* exchange_run until the answer is final or nothing may be repeated: 429, and 503 with a
 * Retry-After, wait that long, else exponential backoff with jitter; 500, 502, 504, a 503 that does
 * not invite to come back and broken connections only if repeatable;
 * what never left is always repeated, unless the error is a lasting one (a bad certificate). The
 * last answer or error is the result, also where the pause would pass the deadline. ret_attempts,
 * ret_waited_ms may be NULL; they are set on failure too. */
err exchange_repeat(struct call *k, struct exchange *x, const struct repeat *how, int *ret_attempts,
                    int64_t *ret_waited_ms);
/* Back to the beginning of the request's body; false if that cannot be. */
bool exchange_rewind(struct exchange *x);
/* The decision alone: whether to send again, and the pause before it. `attempt` were sent. */
struct outcome {
    err error; /* of exchange_run */
    int status;
    bool left, streamed, lasting;
    int64_t retry_after_ms;
    int attempt;
    uint32_t random;
};
bool repeat_decide(const struct repeat *how, const struct outcome *o, int64_t *ret_wait_ms);

/* ---- refusal.c ---- */

/* For an answer of 400 or more to an API call: the error of its class (AUTH, DENIED, NOT_FOUND,
 * REQUEST, LIMIT, SERVER) with the server's own text, status, `error` and correlation id set in k.
 */
err exchange_refusal(struct call *k, const struct exchange *x);
/* What a server wrote, fit for a message: at most `max` bytes, one line, UTF-8. */
struct str text_clean(struct arena *a, struct str text, size_t max);

/* ---- url.c ---- */

#define URL_MAX ((size_t)16 << 10)

/* An http(s) URL, in slices of its text. */
struct url {
    bool https;
    struct str host;   /* as written; IPv6 in its brackets */
    unsigned port;     /* the scheme's default if none is written */
    struct str origin; /* "https://host:port" as written */
    struct str rest;   /* path, query and fragment; may be empty */
};
/* False: none, too long, or with a user name, backslash, control character, space or byte beyond
 * ASCII. */
bool url_parse(struct str text, struct url *ret_url);
/* Scheme, host and port of an http(s) URL, normalised ("https://host", default ports left out,
 * lower case); false where url_parse() is. */
bool url_origin(struct arena *a, struct str url, struct str *ret_origin);
bool url_same_origin(struct arena *a, struct str one, struct str other);
/* http is for loopback only; elsewhere tokens travel over https. */
bool url_is_safe(struct str url);
bool url_host_is_loopback(struct str host); /* IPv6 in its brackets */
/* Without query and fragment: what messages and events show. */
struct str url_shown(struct str url);
/* RFC 3986 5.2 (dot segments are left to libcurl): where `reference`, found in an answer of `base`,
 * leads; without its fragment. False if that is no URL of ours. */
bool url_resolve(struct arena *a, struct str base, struct str reference, struct str *ret_url);

/* ---- link.c ---- */

/* The target of the first link with rel="next" in a Link header (RFC 8288 3), as written. */
bool link_next(struct str header, struct str *ret_target);

/* ---- state.c: what is known: documents and tokens; as JSON in the cache file ---- */

struct document {
    struct str text; /* JSON; absent: not fetched */
    struct str etag;
    int64_t fetched_at, good_until;
};
struct remembered; /* tenant.c: what the documents say, read once */
struct state {
    struct remembered *remembered; /* atomic; NULL: not read yet */
    struct arena *arena;           /* its own; a state is immutable once published */
    struct document openid_configuration, cxone_configuration, jwks;
    struct str access_token, token_type, scope, id_token, refresh_token, tenant_id, grant;
    struct str auth_method; /* that the server took where the setting is auto */
    int64_t obtained_at, expires_at, renew_at, clock_skew;
    /* Which of two is newer, without a clock: the later generation of one lineage. What is on disk
     * under another lineage was begun anew after this one was forgotten. */
    struct str lineage;
    int64_t generation;
    bool refresh_spent; /* the refresh token was sent and its answer is not known: never again */
    int64_t refresh_sent_at; /* of a spent one: when, if it may be sent once more; else 0 */
    unsigned references;
};

struct state *state_new(struct call *k); /* empty; the call's until it ends */
struct state *state_copy(struct call *k, const struct state *from); /* NULL: empty */
/* `s` is what comes after `before`, which may be NULL. */
void state_follow(struct call *k, struct state *s, const struct state *before);
void state_take_documents(struct state *to, const struct state *from);
void state_take_tokens(struct state *to, const struct state *from);
struct str state_secret(struct arena *a, struct str s); /* a copy that is wiped */
/* What threads of this process know; NULL: nothing. Good until the call ends. */
struct state *state_current(struct call *k);
void state_publish(struct call *k, struct state *s);
/* What is on disk becomes what is known, unless the tokens here are newer. */
void state_adopt(struct call *k, struct state *s);
void state_unref(struct state *s);
void state_slot_unref(void *slot);
struct str state_write(struct arena *a, const struct state *s, struct str secret_mark);
err state_parse(struct call *k, struct str text, struct state **ret_state, struct str *ret_mark);

/* ---- cache.c: the file ---- */

err cache_locate(struct call *k, const char *given, bool environment);
/* NULL in *ret_state: there is none, or it is not to be used (other version, damaged, another
 * secret): the reason goes to the hook. */
err cache_read(struct call *k, struct state **ret_state);
/* Atomic and durable; by the holder of the lock alone. */
err cache_write(struct call *k, const struct state *s);
err cache_lock_open(struct call *k, int *ret_fd);
/* False: another has it. ERR_CLIENT_FILE: this file system has no locks. */
err cache_lock_take(struct call *k, int fd, bool *ret_taken);
struct cache_stamp {
    int64_t inode, s, ns;
};
/* Removes it, and what is in memory. */
err cache_forget(struct call *k);
bool cache_changed(const struct call *k, struct cache_stamp *stamp);

/* ---- flight.c ---- */

/* Is there by now what the renewal is for? Looks at state_current(). */
typedef err (*flight_done_fn)(struct call *k, void *argument, bool *ret_done);
/* Runs `work` as the only renewer among threads and processes, unless `done` says that another's
 * result has come. `done` NULL: nobody else's result will do, nor is a failure here theirs. */
err flight_run(struct call *k, flight_done_fn done, err (*work)(struct call *, void *),
               void *argument);
/* Changes what is known, on disk too if nobody else writes there now. */
err state_change(struct call *k, void (*change)(struct state *to, void *argument), void *argument);

/* ---- document.c ---- */

enum document_kind { DOCUMENT_OPENID, DOCUMENT_CXONE, DOCUMENT_JWKS };
/* From what is known, else fetched, else asked whether it has changed; flags: postern_get_flags. */
err document_get(struct call *k, enum document_kind kind, struct str url, unsigned flags,
                 struct str *ret_text);
/* A document that turns out not to be believed is not kept: the next call asks again. Returns `e`.
 */
err document_refuse(struct call *k, enum document_kind kind, err e);
int64_t document_good_for(struct str cache_control); /* seconds */
/* The server's clock, from the Date of an answer (RFC 9110 6.6.1). */
void clock_learn(struct call *k, const struct exchange *x);
int64_t server_now(const struct call *k);

/* ---- discovery.c, tenant.c: addresses, in k's arena ---- */

struct endpoints {
    struct str issuer, token_endpoint, jwks_uri;
    const json_t *openid_configuration; /* NULL with base_url alone */
    struct str text;                    /* the document */
};
err discovery_get(struct call *k, unsigned flags, struct endpoints *ret_endpoints);
/* An address of the document, which has to be there and safe: what is sent there is secret. */
err discovery_endpoint(struct call *k, const struct endpoints *ep, const char *name,
                       struct str *ret_url);
bool discovery_lists(const struct endpoints *ep, const char *member, const char *value);
struct tenant {
    struct str tenant_id, area, cluster, api_endpoint, auth_endpoint, ui_endpoint, acd_endpoint;
    struct str text; /* the document */
};
struct remembered {
    struct arena *arena;
    struct tenant tenant;
    int64_t good_until;
};
void state_forget_remembered(struct state *s);
/* With the setting api_endpoint, or base_url alone, the addresses are those. */
err tenant_get(struct call *k, unsigned flags, struct tenant *ret_tenant);
bool tenant_is_known(struct call *k); /* tenant_get needs no token */

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
/* Onto the disk, then to the other threads. `grant`: by which it came. */
err token_publish(struct call *k, struct state *s, const char *grant);
/* A new token by this grant. By the holder of the lock alone. */
err token_authenticate(struct call *k, const struct endpoints *ep, const struct grant *grant);

/* ---- refresh.c ---- */

/* *ret_renewed false and OK: authenticate anew. By the holder of the lock alone. */
err refresh_token_use(struct call *k, const struct endpoints *ep, const struct grant *grant,
                      bool *ret_renewed);

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

/* ---- token_public.c: for functions that give structs out ---- */

/* A new arena that the call frees unless the slot is emptied: the result's memory. */
struct arena **memory_slot(struct call *k);
/* All but the size, and no more than the caller's struct has room for. */
void result_copy(void *to, const void *from, size_t n);
/* Empties it, the size apart, as far as the caller's struct goes. */
void result_clear(void *to, size_t n);
enum postern_code usage_failed(const char *message);

/* api.c */
/* Where a request may go: the whole URL for path and base; ERR_CLIENT_USAGE for a foreign origin.
 */
err api_url(struct call *k, const struct postern_request *request, struct str *ret_url);
/* The work of postern_call(). `request` is complete (request_copy). ret_url, which may be NULL: the
 * URL that answered. */
err api_call(struct call *k, const struct postern_request *request, struct postern_response *ret,
             struct str *ret_url);

/* api_request.c */
/* What the program gave, with the defaults for what its version of postern.h does not know; its
 * method, path and headers checked. */
err request_copy(struct call *k, const struct postern_request *given, struct postern_request *ret);
bool request_is_repeatable(const struct postern_request *request);
/* The headers to send: the program's, Content-Type, and Authorization with `access_token`. */
void request_headers(struct call *k, const struct postern_request *request, struct str access_token,
                     struct exchange *x);

#endif
