/* SPDX-License-Identifier: Apache-2.0 */
/* A part of client.h: one request, one answer, and when it is sent again. */
#ifndef POSTERN_CLIENT_EXCHANGE_H
#define POSTERN_CLIENT_EXCHANGE_H

#include <postern.h>

#include "jose.h"

struct call;

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

#endif
