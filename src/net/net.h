/* SPDX-License-Identifier: Apache-2.0 */
/* net: libcurl, loaded at the first network call.
 *
 * Loading it costs 4 ms and memory, which neither a server without outgoing calls nor a command
 * that finds its token in the cache should spend. Whoever calls out gets the functions from one
 * table; what goes out, and to whom it may, is the caller's business.
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

#endif
