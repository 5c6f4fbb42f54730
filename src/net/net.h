/* SPDX-License-Identifier: Apache-2.0 */
/* net: libcurl, loaded at the first network call.
 *
 * Loading it costs 4 ms and memory, which neither a server without outgoing calls nor a command
 * that finds its token in the cache should spend. Whoever calls out gets the functions from one
 * table; what goes out, and to whom it may, is the caller's business. The server's calls to
 * addresses that somebody gave it all go through fetch_run().
 */
#ifndef POSTERN_NET_H
#define POSTERN_NET_H

#include <curl/curl.h>

#include "base.h"

/* ---- curl.c ---- */

struct curl {
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_perform)(CURL *);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    void (*easy_reset)(CURL *);
    void (*easy_cleanup)(CURL *);
    const char *(*easy_strerror)(CURLcode);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_add_handle)(CURLM *, CURL *);
    CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
    CURLMcode (*multi_perform)(CURLM *, int *);
    CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd *, unsigned, int, int *);
    CURLMsg *(*multi_info_read)(CURLM *, int *);
    CURLMcode (*multi_cleanup)(CURLM *);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
    CURLU *(*url)(void);
    void (*url_cleanup)(CURLU *);
    CURLUcode (*url_set)(CURLU *, CURLUPart, const char *, unsigned);
    CURLUcode (*url_get)(const CURLU *, CURLUPart, char **, unsigned);
    void (*free)(void *);
    const char *(*version)(void); /* curl_version() */
};

/* Fills the table; the library stays loaded, loading it again is a look-up. False: libcurl is not
 * installed, or lacks one of these functions. Thread-safe: since 7.84 libcurl's own initialization
 * is. */
bool curl_load(struct curl *ret_curl);

/* ---- fetch.c: one exchange with an address that somebody gave us (SECURITY `ssrf`) ---- */

/* https, public addresses only unless `allow_private` (which allows http too), resolved once, no
 * redirects, no proxy, bounded in size and time. A failure leaves `text` absent and says why. */
#define FETCH_URL_MAX 2048
struct fetch {
    struct str url;
    struct str form;          /* what is posted; absent: GET */
    struct str authorization; /* that header's value; absent: none */
    size_t max;               /* bytes of the answer */
    int64_t ms;
    bool allow_private;
    long status;        /* out: of the answer; 0: there was none */
    struct str text;    /* out: the body of a 200 */
    struct str refusal; /* out: the body of any other status */
    struct str reason;  /* out: why there is no text, for the log */
};
void fetch_run(struct ctx *cx, struct fetch *fetch);
struct sockaddr;
/* Not loopback, private, link-local, shared, multicast, documentation or otherwise special. */
bool address_is_public(const struct sockaddr *address);

#endif
