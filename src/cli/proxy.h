/* SPDX-License-Identifier: Apache-2.0 */
/* proxy: what `postern proxy` is made of.
 *
 * libmicrohttpd (loaded when the command runs) has a thread for each connection; each request gets
 * a second one that sits in postern_call(). Between the two stands a `struct relay`: the body of
 * the request goes through it one way, the head and body of the answer the other way, both bounded.
 * The connection's thread waits with poll(), so that it also sees its client go; the call's thread
 * waits on a condition.
 *
 * A proxy that adds a token is a confused deputy for whoever can make a browser call it. So
 * proxy_check.c lets a request pass only if it names this proxy as its host and comes from no web
 * page, or from one that the user allowed.
 */
#ifndef POSTERN_CLI_PROXY_H
#define POSTERN_CLI_PROXY_H

#include <microhttpd.h>
#include <pthread.h>

#include "cli.h"

/* ---- proxy_check.c: may this request pass? ---- */

struct field {
    struct str name, value;
};
struct head {
    struct str method, target, version;
    bool loose; /* a line is folded, has a NUL or does not end in CR LF */
    const struct field *fields;
    size_t fields_n;
};
struct proxy_rules {
    struct str authority; /* "127.0.0.1:41234", as bound */
    struct str port;      /* "41234" */
    const struct str *origins;
    size_t origins_n;
};
struct verdict {
    int status; /* 0: pass it on; 204: a preflight; else refused */
    const char *error, *text;
    struct str origin; /* the allowed one; absent if there was none */
};
struct verdict proxy_check(const struct proxy_rules *rules, const struct head *head);
/* Is it one that --allow-origin takes? "https://app.example", no path, not "null" or "*". */
bool proxy_is_origin(struct str text);
/* The value of a header that comes once; STR_NONE. */
struct str proxy_field(const struct head *head, const char *name);

/* ---- proxy_headers.c: which headers go on (RFC 9110 7.6.1) ---- */

/* `fields`: all of the message, since its Connection headers name others. */
bool proxy_sends(const struct field *fields, size_t n, struct str name);
bool proxy_returns(const struct field *fields, size_t n, struct str name);
/* A Location on the platform becomes one on the proxy; others stay. */
struct str proxy_location(struct arena *a, struct str location, struct str endpoint,
                          struct str authority);

/* ---- proxy_pipe.c: bytes between two threads; the lock is the owner's ---- */

#define PIPE_SIZE ((size_t)64 << 10)
struct pipe {
    char *p; /* malloced at the first byte */
    size_t at, n;
    bool ended; /* nothing comes any more */
};
/* How many of them were taken: 0 if it is full. False: no memory. */
bool pipe_put(struct pipe *pipe, const void *bytes, size_t n, size_t *ret_taken);
size_t pipe_take(struct pipe *pipe, void *to, size_t n);
bool pipe_is_full(const struct pipe *pipe);
void pipe_done(struct pipe *pipe);

/* ---- proxy_mhd.c: libmicrohttpd, loaded when it is needed ---- */

struct mhd {
    struct MHD_Daemon *(*start_daemon)(unsigned, uint16_t, MHD_AcceptPolicyCallback, void *,
                                       MHD_AccessHandlerCallback, void *, ...);
    void (*stop_daemon)(struct MHD_Daemon *);
    const char *(*get_version)(void);
    enum MHD_Result (*add_connection)(struct MHD_Daemon *, MHD_socket, const struct sockaddr *,
                                      socklen_t);
    int (*get_connection_values_n)(struct MHD_Connection *, enum MHD_ValueKind,
                                   MHD_KeyValueIteratorN, void *);
    const union MHD_ConnectionInfo *(*get_connection_info)(struct MHD_Connection *,
                                                           enum MHD_ConnectionInfoType, ...);
    enum MHD_Result (*set_connection_option)(struct MHD_Connection *, enum MHD_CONNECTION_OPTION,
                                             ...);
    struct MHD_Response *(*response_from_callback)(uint64_t, size_t, MHD_ContentReaderCallback,
                                                   void *, MHD_ContentReaderFreeCallback);
    struct MHD_Response *(*response_from_buffer)(size_t, void *, enum MHD_ResponseMemoryMode);
    enum MHD_Result (*add_response_header)(struct MHD_Response *, const char *, const char *);
    enum MHD_Result (*queue_response)(struct MHD_Connection *, unsigned, struct MHD_Response *);
    void (*destroy_response)(struct MHD_Response *);
};
/* False: it is not installed. */
bool mhd_load(struct mhd *ret_mhd);

/* ---- proxy_listen.c ---- */

/* A listening socket at "127.0.0.1:PORT", "[::1]:PORT" or "localhost:PORT", and its address as
 * bound. Else minus the exit status, after saying why on standard error. */
int proxy_listen(struct cli *c, const char *address, struct str *ret_authority);

/* ---- the proxy as a whole: cmd_proxy.c ---- */

struct relay;
struct door;
struct proxy {
    const struct cli *cli; /* for what is said on standard error */
    struct mhd mhd;
    struct postern *client;
    struct proxy_rules rules;
    enum postern_base base;
    struct str endpoint; /* "https://api-na1.example.com" */
    int64_t timeout_ms;  /* for postern_call */
    bool verbose;
    struct door *door;
    int drained_fd;       /* readable when stopping and the last request has ended */
    pthread_mutex_t lock; /* the rest */
    struct relay *running;
    bool stopping; /* new requests are refused */
    bool stopped;  /* running ones are given up */
};

/* ---- proxy_relay.c: one request, two threads ---- */

#define BODY_KEPT ((size_t)1 << 20) /* a body up to this size can be sent again after a 401 */

struct relay {
    struct proxy *proxy;
    struct relay *next, *previous; /* proxy->running; under its lock */
    struct arena *arena;           /* the connection's thread's until the call has begun */
    struct head head;
    struct str content_type;
    const char **sent; /* "Name: value" */
    size_t sent_n;
    struct str origin; /* allowed for this page */
    bool late;         /* it came when the proxy was stopping */
    bool refused, has_body, has_length;
    size_t length; /* Content-Length */
    int64_t begun_us;
    int64_t returned;                  /* bytes of the answer */
    struct MHD_Connection *connection; /* the connection's thread's */
    int client_fd;
    int event_fd; /* the connection's thread is to look again */
    struct postern_cancel *cancel;
    pthread_t thread;
    bool has_thread;
    /* The beginning of the body, kept so that it can be repeated. */
    char *kept;
    size_t kept_n, kept_cap, kept_at;
    bool streams; /* there is more: `up` */
    bool up_begun;

    pthread_mutex_t lock; /* the rest */
    pthread_cond_t changed;
    struct pipe up, down;
    bool up_stuck;   /* the connection's thread waits for room in `up` */
    bool gone;       /* the client, or the proxy stops */
    bool head_ready; /* status, answer, answer_n, down_length are there */
    bool failed;     /* the answer ended before its end */
    int status;
    struct field *answer;
    size_t answer_n;
    int64_t down_length; /* of the answer's Content-Length; -1: not known */
};
/* NULL: no memory or descriptors. */
struct relay *relay_new(struct proxy *p, int client_fd);
/* Ends the call and waits for it; then nobody else touches x. */
void relay_end(struct relay *x);
void relay_free(struct relay *x); /* after relay_end() */
void relay_give_up(struct relay *x);
/* A piece of the request's body. False: give the connection up. */
bool relay_body(struct relay *x, const char *bytes, size_t n);
/* The request is whole: begins the call if it has not begun, waits for the answer's head. False:
 * the client is gone. */
bool relay_finish(struct relay *x);
/* Bytes of the answer's body, waits for them; 0 at the end, -1 if it broke. */
ssize_t relay_read(struct relay *x, char *to, size_t n);

/* For proxy_call.c, on the call's thread. */
ptrdiff_t relay_take_body(void *user, void *to, size_t n);
int relay_rewind(void *user);
int relay_give_answer(void *user, const void *bytes, size_t n);
/* Status and headers are known. */
void relay_set_head(struct relay *x, int status, struct field *fields, size_t n);
void relay_ended(struct relay *x, bool failed);

/* ---- proxy_call.c: postern_call() for a relay, and what its failures look like ---- */

/* The thread. */
void *proxy_call(void *relay);
/* HTTP status of a failure that no answer of the server stands behind. */
int proxy_status_of(enum postern_code code);
/* {"error":..., "error_description":...} */
struct str proxy_error_body(struct arena *a, const char *error, const char *text);

/* ---- proxy_door.c: who comes in, and who has to go ---- */

#define PLACES_MAX 512

/* A connection, from accept to close. */
struct place {
    struct place *next, *previous;
    int fd;
    enum place_phase {
        PLACE_HEAD, /* its first request is to come */
        PLACE_BUSY, /* between the end of a head and the end of its answer */
        PLACE_IDLE, /* kept for another request, which may have begun */
        PLACE_SHUT, /* on its way out */
    } phase;
    int64_t since_us;
    char *target;          /* of its present request; malloced */
    const char *target_at; /* the same in libmicrohttpd's memory */
};
struct place *place_of(const struct proxy *p, struct MHD_Connection *connection);
void place_set(const struct proxy *p, struct MHD_Connection *connection, enum place_phase phase);
/* MHD_OPTION_NOTIFY_CONNECTION; its state is the proxy. */
void proxy_on_connection(void *state, struct MHD_Connection *connection, void **place_at,
                         enum MHD_ConnectionNotificationCode what);
/* Takes the socket. NULL: no memory or descriptors. */
struct door *door_new(struct proxy *p, int listen_fd);
/* Accepts from now on. False: there is no thread for it. */
bool door_open(struct door *d, struct MHD_Daemon *daemon);
/* Does not listen any more. */
void door_close(struct door *d);
void door_free(struct door *d); /* closed, and libmicrohttpd stopped */

/* ---- proxy_head.c: the head of a request as it was sent ---- */

#define HEAD_FIELDS_MAX 200
/* Into x->head. A header of HEAD_FIELDS_MAX lines may have had more. */
void proxy_head_read(struct relay *x, struct MHD_Connection *connection, const char *method,
                     const char *version);
/* MHD_OPTION_URI_LOG_CALLBACK and MHD_OPTION_UNESCAPE_CALLBACK; the first one's state is the proxy.
 */
void *proxy_on_target(void *state, const char *target, struct MHD_Connection *connection);
size_t proxy_on_unescape(void *state, struct MHD_Connection *connection, char *text);

/* ---- proxy_serve.c: libmicrohttpd's callbacks ---- */

/* p->door must be there. NULL: it does not start. */
struct MHD_Daemon *proxy_serve(struct proxy *p);

#endif
