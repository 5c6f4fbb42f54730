/* SPDX-License-Identifier: Apache-2.0 */
/* http: from the socket to `struct request` and from `struct reply` back, over libmicrohttpd, which
 * no other folder sees.
 *
 * server.c runs N single-threaded daemons; each has a `struct worker` with its own read connection.
 * acceptor.c gives each new connection to the worker that has the fewest. request.c refuses what a
 * strict parser would (duplicate Host, Content-Length, Authorization; Transfer-Encoding with
 * Content-Length; absolute URIs; controls) and decodes the rest itself, all of it bounded. route.c
 * finds the row of the route table and applies its columns: environment by host, CORS,
 * authentication, body, error rendering, metric. What the columns need from the layers above (who
 * is this bearer? is this origin registered?) they ask through `struct http_hooks`.
 *
 * A handler reads, decides, signs, and returns a reply plus at most one write closure or one job.
 * With a write the server suspends the connection and the answer leaves after the commit; with a
 * job (slow work: outgoing HTTP, password hashing) it runs on the small pool of jobs.c and then the
 * handler is called again from the start, with rq->job_state set to the job's state.
 */
#ifndef POSTERN_HTTP_H
#define POSTERN_HTTP_H

#include "db.h"

struct environment; /* model.h */
struct caller;      /* model.h: who authenticated */

/* The bounds of what comes in (SECURITY `bombs`). */
#define HTTP_BODY_MAX        (1024 * 1024) /* unless the route says less */
#define HTTP_HEADER_LINE_MAX 6144
#define HTTP_COOKIE_MAX      4096
#define HTTP_HEADERS_MAX     64
#define HTTP_TARGET_MAX      6144
#define HTTP_QUERY_MAX       300 /* parameters */
#define HTTP_FORM_MAX        100 /* fields */
#define HTTP_COOKIES_MAX     50
#define HTTP_PATH_PARAMS_MAX 4

/* ---- form.c, cookie.c: name=value lists -------------------------------------------------------
 */

struct param {
    struct str name, value;
};
struct params {
    struct param *v;
    size_t n;
};
/* application/x-www-form-urlencoded, split at '&' and each pair at its first '=' (PROTOCOL 12.2). A
 * pair that does not decode (stray
 * '%', bad UTF-8, NUL) is kept raw when `tolerant`, else ERR_INVALID_REQUEST. Empty pairs ("a=1&",
 * "&&") are skipped. More than `max` pairs: ERR_INVALID_REQUEST. `plus`: '+' is a space. */
struct form_rules {
    size_t max;
    bool plus;
    bool tolerant;
};
err form_parse(struct ctx *cx, struct str text, const struct form_rules *rules,
               struct params *ret_params);
/* The one value of `name`; absent: STR_NONE. Twice: ERR_INVALID_REQUEST that names it (SECURITY
 * `param-pollution`). */
err params_one(struct ctx *cx, const struct params *params, const char *name, struct str *ret);
bool params_has(const struct params *params, const char *name);
err cookie_parse(struct ctx *cx, struct str header, struct params *ret_cookies);

/* ---- request.c ----------------------------------------------------------------------------------
 */

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_PATCH = 16,
    HTTP_DELETE = 32,
    HTTP_OPTIONS = 64,
    HTTP_OTHER = 128
};
const char *http_method_name(enum http_method m);

struct request {
    enum http_method method;
    struct str method_text;
    struct str path;        /* decoded once, starts with '/', no ".", ".." segments (refused) */
    bool slashes;           /* the path had "//", collapsed here: only nocase rows answer it */
    struct str query_text;  /* raw, without '?' */
    struct params query;    /* decoded */
    struct params headers;  /* names in lower case */
    struct str host;        /* lower case, with port if given; from Host */
    bool host_known;        /* it is a name of ours: the environment hook says so */
    struct str scheme;      /* "http", or "https" if a trusted front says so */
    struct str remote;      /* the peer's address, or the one a trusted front gives */
    struct str body;        /* raw bytes, at most the route's limit */
    struct params form;     /* BODY_FORM, or BODY_FORM_OR_JSON when it was a form */
    const json_t *json;     /* BODY_JSON, or BODY_FORM_OR_JSON when it was JSON; else NULL */
    struct str id;          /* of this request: the log's and the error's */
    struct str correlation; /* CorrelationId as sent (bounded, printable), or the id */
    struct str origin;      /* Origin as sent, or absent */
    const struct route *route;
    struct str path_param[HTTP_PATH_PARAMS_MAX]; /* in the order of the route's {names} */
    const struct environment *environment;       /* found by host */
    const struct caller *caller;                 /* of AUTH_BEARER; else NULL */
    void *job_state;                             /* after a job: what it was given; else NULL */
    const struct http_hooks *hooks;              /* of the dispatch; NULL before it */
    bool rate_taken; /* limit.c: this request was counted as one that fails */
};
/* One value; absent: STR_NONE. `name` in lower case. (Duplicates of headers that must be single
 * were refused.) */
struct str request_header(const struct request *rq, const char *name);
/* RFC 7617: user and password as sent between "Basic " and the first ':', not percent-decoded. An
 * empty Authorization counts as none (PROTOCOL 12.3): ret_found false. Malformed base64 or no ':':
 * ERR_INVALID_CLIENT. */
err request_basic(struct ctx *cx, const struct request *rq, bool *ret_found, struct str *ret_user,
                  struct str *ret_password);
/* The token after "Bearer " (scheme in any case); no or empty header: STR_NONE. Another scheme:
 * ERR_TOKEN_MISSING. */
err request_bearer(struct ctx *cx, const struct request *rq, struct str *ret_token);
/* A parameter from form or JSON body (whichever came), scalar JSON values as text. Twice, or also
 * in the query: ERR_INVALID_REQUEST. */
err request_param(struct ctx *cx, const struct request *rq, const char *name, struct str *ret);
/* A query parameter, single. */
err request_query(struct ctx *cx, const struct request *rq, const char *name, struct str *ret);

/* ---- response.c
 * ---------------------------------------------------------------------------------- */

#define REPLY_HEADERS_MAX 16

enum job_lane {
    JOB_HASH,  /* computing: fewer threads than cores, after everything else */
    JOB_FETCH, /* waiting for another server */
    JOB_LANES
};

/* What came of a step of somebody's sign-in: a metric, and what limits count. */
enum trial {
    TRIAL_NONE,
    TRIAL_BEGUN,     /* a sign-in, not yet anybody's */
    TRIAL_SIGNED_IN, /* with a new session */
    TRIAL_WRONG,     /* password, code, second factor */
    TRIAL_LOCKED,
    TRIAL_REFUSED, /* proven, and yet it may not */
    TRIAL_COUNT
};

struct reply {
    int status;               /* 0: 200 */
    const char *content_type; /* NULL: application/json when there is a body */
    struct str body;          /* the arena's, or static */
    struct param headers[REPLY_HEADERS_MAX];
    size_t headers_n;
    bool cacheable; /* false: Cache-Control: no-store, Pragma: no-cache */
    /* At most one of these two. */
    struct {
        err (*run)(struct ctx *cx, void *state); /* a write closure; it may fill the reply again */
        void *state;
    } write;
    struct {
        err (*run)(struct ctx *cx,
                   void *state); /* on the pool; no cx->db; then the handler is called again */
        void *state;
        enum job_lane lane;
        struct str only; /* of a sign-in, say: while one with this text is under way, others are
                            ERR_CONFLICT; absent: any number */
    } job;
    size_t headers_kept; /* CORS's: they survive an error */
    err outcome;         /* OK, or the error that was rendered */
    /* For log and metrics; the arena's. */
    struct str tenant_id, client_id;
    struct str grant; /* a token request's grant_type, once known to be one of ours */
    enum trial trial;
};
void reply_header(struct reply *rp, const char *name,
                  struct str value);                                  /* value without controls */
struct str reply_header_of(const struct reply *rp, const char *name); /* STR_NONE: it has none */
#define RETRY_AFTER "Retry-After" /* seconds; survives an error, if it was put before */
void reply_json(struct reply *rp, int status, const struct buf *body);
/* Cache-Control: public, max-age; ETag from the body's digest; 304 if If-None-Match has it. */
void reply_cacheable(struct ctx *cx, const struct request *rq, struct reply *rp, int max_age_s);

/* ---- error.c: one failure, rendered once
 * ----------------------------------------------------------- */

enum error_style {
    ERRORS_OAUTH, /* RFC 6749 5.2: {"error","error_description"} */
    ERRORS_API,   /* the same members, plus status, correlation id; WWW-Authenticate: Bearer on 401
                     and 403 */
    ERRORS_ACD,   /* the same body, plus the icStatusDescription header */
    ERRORS_PAGE,  /* a page for a person */
};
/* Fills `rp` from cx->failure: status, body, WWW-Authenticate, Retry-After, CorrelationId. */
void error_reply(struct ctx *cx, const struct request *rq, enum error_style style, err code,
                 struct reply *rp);

/* ---- route.c
 * ------------------------------------------------------------------------------------------ */

typedef err handler(struct ctx *cx, const struct request *rq, struct reply *rp);

enum auth {
    AUTH_NONE,
    AUTH_CLIENT, /* the handler calls the client authentication table itself: documentation and
                    metric */
    AUTH_BEARER, /* a valid access token; then `scope` or `permission` */
};
enum body_kind {
    BODY_NONE,         /* a body is read and ignored */
    BODY_FORM,         /* form, whatever the label */
    BODY_JSON,         /* JSON, whatever the label; empty: ERR_INVALID_REQUEST */
    BODY_FORM_OR_JSON, /* by the first character (PROTOCOL 12.1) */
};
enum cors_class {
    CORS_NONE,       /* no CORS headers at all */
    CORS_PUBLIC,     /* discovery and keys: every origin, without credentials */
    CORS_REGISTERED, /* registered origins only; others refused, preflight and call */
};
/* Limits by address (limit.c). */
enum rate_class {
    RATE_NONE,
    RATE_API,      /* not limited */
    RATE_TOKEN,    /* those that fail for wrong credentials */
    RATE_PASSWORD, /* those whose reply says TRIAL_WRONG or TRIAL_LOCKED */
    RATE_SIGN_IN,  /* sign-ins that begin: flow_begin() takes it, whichever route it is */
    RATE_DEVICE,   /* device codes */
    RATE_MAIL,     /* mails to whoever is named: forgotten passwords, invitations */
    RATE_COUNT
};

/* A row of the route table. `path` has {names} for one segment each. Rows with the same path and
 * different methods belong together: others are 405 with Allow. GET answers HEAD, CORS answers
 * OPTIONS. */
struct route {
    int methods;      /* enum http_method, or-ed */
    const char *path; /* "/access-key-management/v1/access-keys/{accessKeyId}" */
    handler *handle;
    enum auth auth;
    const char *scope;      /* a client token needs it (PROTOCOL 4); NULL: a client token is refused
                               (user_required) */
    const char *permission; /* a user's role needs it; NULL: any user, the handler decides */
    enum body_kind body;
    size_t body_max; /* 0: HTTP_BODY_MAX */
    enum cors_class cors;
    enum rate_class rate;
    enum error_style errors;
    bool nocase;         /* path matched case-insensitively, slashes collapsed (PROTOCOL 12.7) */
    const char *name;    /* metric and operationId: "token_post" */
    const char *summary; /* documentation */
    const char *request_schema, *response_schema; /* names in the OpenAPI schemas, or NULL */
};
struct route_table;
/* Checks the table (asserts on overlapping or malformed rows) and indexes it. */
struct route_table *route_table_new(const struct route *rows, size_t n);
void route_table_free(struct route_table *t);
const struct route *route_table_at(const struct route_table *t, size_t i); /* NULL past the end */

/* What the columns ask of the layers above. */
struct http_hooks {
    /* The environment of this host; an unknown one gets the default (PROTOCOL 12.7). Fills
     * rq->environment. */
    err (*environment)(struct ctx *cx, struct request *rq);
    /* Checks the bearer token, the route's scope and permission; fills rq->caller and rp's
     * tenant_id, client_id. */
    err (*bearer)(struct ctx *cx, struct request *rq, struct reply *rp);
    err (*origin_registered)(struct ctx *cx, const struct request *rq, bool *ret_registered);
    struct limits *limits; /* NULL: none */
    /* Fills rp with a page about `code` for rows with ERRORS_PAGE. NULL: a plain one. */
    void (*error_page)(struct ctx *cx, const struct request *rq, err code, struct reply *rp);
};
/* Finds the row, applies the columns, calls the handler, renders its error. After it `rp` is
 * complete but for write and job. Pure: no socket; tests call it. rq has everything up to body
 * filled in. */
void route_dispatch(struct ctx *cx, const struct route_table *t, const struct http_hooks *hooks,
                    struct request *rq, struct reply *rp);
/* The end of a request whose write or job is over: renders `result` if it failed. */
void route_finish(struct ctx *cx, struct request *rq, err result, struct reply *rp);
/* After a job that went well: the handler again, its columns were applied. */
void route_again(struct ctx *cx, struct request *rq, struct reply *rp);
/* How much of a body is read for this method and path; what nobody answers: HTTP_BODY_MAX. */
size_t route_body_max(const struct route_table *t, enum http_method m, struct str path);

/* ---- limit.c: how often one address may
 * ------------------------------------------------------------ */

struct limits_options {
    int64_t per_minute[RATE_COUNT]; /* of one address, and what it did not use for ten minutes;
                                       0: no limit */
};
struct limits;
struct limits *limits_new(const struct limits_options *options, const struct random *random);
void limits_free(struct limits *l);
/* Where the column of the route is not enough: one more of `class` for the client's address (an
 * IPv6 network of 64 bits). ERR_RATE_LIMITED, with Retry-After in rp. */
err limit_take(struct ctx *cx, const struct request *rq, enum rate_class class, struct reply *rp);

/* ---- jobs.c: the bounded pool for slow work
 * -------------------------------------------------------- */

/* Each lane has threads and a queue of its own. In a queue those take turns that have different
 * `whose`, and none of them has more than half of it. */
struct jobs;
struct job {
    void (*run)(struct job *job);  /* on a pool thread */
    void (*done)(struct job *job); /* there, too: tells its owner; NULL: run did */
    void *owner;
    enum job_lane lane;
    uint64_t whose, only; /* only: never two at once; 0: any number */
    uint64_t turn;        /* jobs.c's */
    struct job *next;
};
struct jobs_options {
    unsigned threads[JOB_LANES];
    size_t queue_max; /* of each lane */
};
struct jobs *jobs_start(const struct jobs_options *options);
/* ERR_BUSY: full or stopping; ERR_CONFLICT: see `only`. */
err jobs_submit(struct ctx *cx, struct jobs *j, struct job *job);
struct jobs_stats {
    uint64_t done, refused;
    uint64_t cpu_us; /* that those which are done took of the processor */
    size_t threads, busy, waiting, waiting_max; /* now */
    int64_t wait_seconds;                       /* until one that comes now has its turn, about */
};
struct jobs_stats jobs_stats(struct jobs *j, enum job_lane lane);
extern const char *const job_lane_names[JOB_LANES];
void jobs_stop(struct jobs *j); /* finishes what was submitted */

/* ---- metric.c: counters per thread, summed when asked
 * ----------------------------------------------- */

#define METRIC_LATENCY_BUCKETS 14 /* 0.1 ms doubling to 0.8 s, and more */
struct metrics;
/* One slot per worker; a slot is written by its thread only (relaxed atomics), read by any. */
struct metrics *metrics_new(unsigned workers, const struct route_table *t);
void metrics_free(struct metrics *m);
void metrics_request(struct metrics *m, unsigned worker, const struct route *route, int status,
                     int64_t microseconds);
void metrics_token(struct metrics *m, unsigned worker, struct str grant, err outcome);
void metrics_trial(struct metrics *m, unsigned worker, enum trial trial);
void metrics_signature(struct metrics *m, unsigned worker, int64_t microseconds);
/* libmicrohttpd's own refusals never reach a handler: counted through its logger. */
void metrics_refused(struct metrics *m);
/* Prometheus text exposition format 0.0.4. */
void metrics_write(struct buf *b, const struct metrics *m);

/* ---- server.c
 * ------------------------------------------------------------------------------------------ */

struct http_options {
    const char *listen;     /* "127.0.0.1:8420", "[::1]:8420", "unix:/run/postern.sock" */
    const char *ops_listen; /* /healthz /readyz /metrics; NULL: none */
    bool behind_front; /* the peer is the edge: X-Forwarded-For, -Proto count; other addresses may
                          be listened on */
    unsigned workers;  /* 0: 4 x cores, at least 8 */
    unsigned connections;    /* 0: 16384 in all */
    unsigned idle_timeout_s; /* 0: 60 */
    unsigned per_ip;         /* connections of one address and worker; 0: no limit */
    const struct clock *clock;
    const struct random *random;
    struct log *log;
    struct db *db; /* each worker connects */
    struct db_writer *writer;
    struct jobs *jobs;
    const struct route_table *routes;
    struct http_hooks hooks;
    struct metrics *metrics;
    const void *app; /* cx->app */
    /* More text for /metrics, and whether /readyz may say yes (it never touches the database
     * itself). */
    void (*more_metrics)(struct buf *b, const void *app);
    bool (*ready)(const void *state);
    const void *ready_state;
};
/* How many workers `workers` 0 means here. */
unsigned http_workers_default(void);
struct http_server;
/* Binds (ERR_BAD_CONFIG says who cannot and why: port taken, address not loopback without a front),
 * starts the threads. */
err http_server_start(struct ctx *cx, const struct http_options *options,
                      struct http_server **ret_server);
/* The address in use, with the port the kernel chose for ":0". */
const char *http_server_address(const struct http_server *s);
const char *http_server_ops_address(const struct http_server *s);
/* Unready, refuse new connections, finish what runs (at most `grace_ms`): true if nothing is left.
 * Writer and jobs must still run. */
bool http_server_quiesce(struct http_server *s, int grace_ms);
/* The same, then stops the threads. Requests that still wait for a write or a job lose their
 * connection, and their memory goes when the writer or the pool is done with it: stop those after
 * this. */
void http_server_stop(struct http_server *s, int grace_ms);

#endif
