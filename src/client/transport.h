/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of transport.c share: handles that are kept, and one exchange under way. */
#ifndef POSTERN_TRANSPORT_H
#define POSTERN_TRANSPORT_H

#include "client.h"
#include "net.h"

/* What came back: malloced, because libcurl's callbacks fill it, and because a response keeps it
 * longer than a call lives. */
struct received {
    char *head; /* name NUL value NUL name NUL ... */
    size_t head_n, head_cap;
    struct postern_header *headers; /* into head; made when the head is whole */
    size_t headers_n;
    char *body;
    size_t body_n, body_cap;
};

/* An easy handle in a multi handle of its own, which keeps connections, names and TLS sessions.
 * Options that depend on the client alone are set once. */
struct lane {
    struct lane *next;
    CURL *easy;
    CURLM *multi;
    struct transfer *transfer; /* what its callbacks work for */
    bool direct;               /* the proxy is switched off for now */
    char error[CURL_ERROR_SIZE];
};

struct transfer {
    struct call *k;
    struct exchange *x;
    const struct curl *curl;
    struct lane *lane; /* NULL: not under way */
    bool added;        /* easy is in multi */
    struct received *received;
    struct url url;
    struct curl_slist *headers;
    size_t sent; /* of the request's body */
    int status;
    bool head_done;
    err error;      /* raised by a callback; OK if none was */
    bool no_memory; /* in a callback, which must not jump */
};

/* ---- pool.c ---- */

/* Loads libcurl if need be. ERR_CLIENT_NETWORK if it is not there. */
err pool_take(struct call *k, const struct curl **ret_curl, struct lane **ret_lane);
/* `broken`: it is closed, not kept. */
void pool_give(struct pool *pool, struct lane *lane, bool broken);
/* Loopback is reached directly, whatever proxy the environment names: a token in plain http would
 * leave the machine. */
bool pool_is_direct(struct call *k, const struct url *url);
/* What CURLOPT_PROXY gets; NULL: libcurl asks the environment. */
const char *pool_proxy(const struct postern *p, bool direct);

/* ---- transport_body.c: libcurl's callbacks; `lane` is a struct lane. None touches the arena. ----
 */

size_t transport_header(char *line, size_t size, size_t n, void *lane);
size_t transport_write(char *data, size_t size, size_t n, void *lane);
size_t transport_read(char *to, size_t size, size_t n, void *lane);
int transport_seek(void *lane, curl_off_t offset, int origin);
void received_free(struct received *r);
/* The list of headers from the collected head; false: no memory. */
bool received_list(struct received *r);

/* ---- transport_error.c ---- */

/* The error for a transfer that libcurl ended with `code`; sets lasting and left. */
err transport_error(struct transfer *t, CURLcode code);

#endif
