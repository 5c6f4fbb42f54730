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

#include "exchange.h"
#include "settings.h"
#include "sign_in.h"
#include "state.h"
#include "token.h"

struct pool; /* connections: transport.c */

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
