/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of http/ share among themselves. */
#ifndef POSTERN_HTTP_INTERNAL_H
#define POSTERN_HTTP_INTERNAL_H

#include "http.h"

/* ---- request_read.c: the strict reading ---- */

#define HTTP_HOST_MAX        255
#define HTTP_CORRELATION_MAX 128
#define HTTP_CONTENT_LENGTH  "content-length"

/* A request's head as the socket's side found it. */
struct request_head {
    struct str method, target, version;
    struct params headers; /* as sent */
    struct str peer;       /* address, or "unix" */
    bool strict; /* every line ended in CR LF, none was folded, no NUL: the socket's side saw it */
    bool behind_front;
};
/* Everything of rq but body, route and environment. rq->id is set before. */
err request_read(struct ctx *cx, const struct request_head *head, struct request *rq);
/* Decodes once; refuses NUL, %2f, controls, "." and ".." segments; collapses "//" and says so. */
err path_read(struct ctx *cx, struct str raw, struct str *ret_path, bool *ret_slashes);
/* Announced length; 0 if there is none. */
uint64_t request_content_length(const struct request *rq);

/* ---- route.c: the table ---- */

#define ROUTE_METHODS 5 /* GET, POST, PUT, PATCH, DELETE */

struct route_path {
    const char *path;
    bool nocase;
    int methods;
    const struct route *rows[ROUTE_METHODS];
    char allow[64]; /* "GET, HEAD, OPTIONS" */
};
/* NULL: nobody answers this path. `params` gets the {names}. */
const struct route_path *route_table_path(const struct route_table *t, struct str path,
                                          bool slashes, struct str params[HTTP_PATH_PARAMS_MAX]);
/* The row of a method; HEAD is GET's. NULL: 405. */
const struct route *route_path_row(const struct route_path *path, enum http_method m);
size_t route_table_size(const struct route_table *t);
/* SIZE of the table for NULL. */
size_t route_table_index(const struct route_table *t, const struct route *route);

/* ---- cors.c ---- */

/* The headers of this class, or ERR_ORIGIN_NOT_ALLOWED. */
err cors_apply(struct ctx *cx, const struct http_hooks *hooks, const struct request *rq,
               enum cors_class class, struct reply *rp);
bool cors_is_preflight(const struct request *rq);
void cors_preflight(struct ctx *cx, const struct request *rq, const char *allow, struct reply *rp);

/* ---- limit.c: the column ---- */

err limits_admit(struct ctx *cx, struct request *rq, struct reply *rp);
/* The answer is known: what did not fail is given back. */
void limits_settle(struct request *rq, const struct reply *rp);

/* ---- error.c ---- */

/* Visible ASCII without '"' and '\' (RFC 6750 3), for a quoted parameter of a header. */
struct str header_text(struct arena *a, struct str text);
/* Header values: controls become '?'. */
void header_clean(char *text, size_t n);

/* ---- listen.c ---- */

struct listener {
    int fd;
    bool is_unix;
    char address[128]; /* as bound */
};
err listener_open(struct ctx *cx, const char *address, bool any_address, struct listener *ret);
void listener_close(struct listener *l);

/* ---- ops.c ---- */

struct ops;
struct ops_options {
    const struct http_options *http;
    /* Of the server: may it take requests? How many run? */
    bool (*ready)(const void *server);
    void (*metrics)(struct buf *b, const void *server);
    const void *server;
};
err ops_start(struct ctx *cx, const struct ops_options *options, struct ops **ret_ops);
const char *ops_address(const struct ops *o);
void ops_stop(struct ops *o);

#endif
