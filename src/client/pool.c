/* SPDX-License-Identifier: Apache-2.0 */
/* Handles of libcurl with their connections, kept from call to call. */
#include <stdlib.h>

#include "transport.h"

#define IDLE_MAX 64 /* handles kept: as many threads as find their connection again */

struct pool {
    pthread_mutex_t lock; /* short: never across I/O or an allocation of the arena */
    bool loaded;
    struct curl curl; /* fixed once loaded */
    struct lane *idle;
    size_t idle_n;
};

struct pool *pool_new(void) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (pool != NULL && pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool);
        return NULL;
    }
    return pool;
}

static void lane_free(const struct curl *c, struct lane *lane) {
    if (lane->easy != NULL) {
        c->easy_cleanup(lane->easy);
    }
    if (lane->multi != NULL) {
        (void)c->multi_cleanup(lane->multi);
    }
    free(lane);
}

void pool_free(struct pool *pool) {
    if (pool == NULL) {
        return;
    }
    while (pool->idle != NULL) {
        struct lane *lane = pool->idle;
        pool->idle = lane->next;
        lane_free(&pool->curl, lane);
    }
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* ---- proxies ---- */

const char *pool_proxy(const struct postern *p, bool direct) {
    struct str proxy = setting_str(p, SET_PROXY);
    if (direct || str_is(proxy, "off")) {
        return "";
    }
    return proxy.p == NULL && (p->flags & POSTERN_NO_ENVIRONMENT) != 0 ? "" : proxy.p;
}

/* [scheme://][user[:password]@]host[:port][/] */
static bool proxy_is_loopback(struct str proxy) {
    for (size_t i = 0; i + 2 < proxy.n; i++) {
        if (str_starts(str_sub(proxy, i, proxy.n), "://")) {
            proxy = str_sub(proxy, i + 3, proxy.n);
            break;
        }
    }
    for (size_t at = str_find_char(proxy, '@'); at < proxy.n; at = str_find_char(proxy, '@')) {
        proxy = str_sub(proxy, at + 1, proxy.n);
    }
    proxy = str_sub(proxy, 0, str_find_char(proxy, '/'));
    size_t from = str_starts(proxy, "[") ? str_find_char(proxy, ']') : 0;
    size_t port = from + str_find_char(str_sub(proxy, from, proxy.n), ':');
    return url_host_is_loopback(str_sub(proxy, 0, port));
}

bool pool_is_direct(struct call *k, const struct url *url) {
    struct str proxy = setting_str(k->p, SET_PROXY);
    if (!url_host_is_loopback(url->host)) {
        return false;
    }
    return proxy.p == NULL || (!url->https && !proxy_is_loopback(proxy));
}

/* ---- lanes ---- */

/* What cannot be set because libcurl is too old for it has a default that is good enough, apart
 * from whom to trust and through whom to go. */
static bool lane_options(const struct curl *c, struct lane *lane, const struct postern *p) {
    CURL *easy = lane->easy;
    struct str ca_file = setting_str(p, SET_CA_FILE);
    const char *proxy = pool_proxy(p, false);
    (void)c->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)c->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* cancelled: no wait for a name server */
    (void)c->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)c->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)c->easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    (void)c->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)c->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)c->easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)c->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                         (long)setting_int(p, SET_CONNECT_TIMEOUT) * 1000L);
    (void)c->easy_setopt(easy, CURLOPT_ERRORBUFFER, lane->error);
    (void)c->easy_setopt(easy, CURLOPT_HEADERFUNCTION, transport_header);
    (void)c->easy_setopt(easy, CURLOPT_HEADERDATA, lane);
    (void)c->easy_setopt(easy, CURLOPT_WRITEFUNCTION, transport_write);
    (void)c->easy_setopt(easy, CURLOPT_WRITEDATA, lane);
    (void)c->easy_setopt(easy, CURLOPT_READFUNCTION, transport_read);
    (void)c->easy_setopt(easy, CURLOPT_READDATA, lane);
    (void)c->easy_setopt(easy, CURLOPT_SEEKFUNCTION, transport_seek);
    (void)c->easy_setopt(easy, CURLOPT_SEEKDATA, lane);
    CURLcode bad = c->easy_setopt(easy, CURLOPT_USERAGENT, "libpostern/" POSTERN_VERSION);
    if (proxy != NULL) {
        bad |= c->easy_setopt(easy, CURLOPT_PROXY, proxy);
    }
    if ((p->flags & POSTERN_NO_ENVIRONMENT) != 0) {
        bad |= c->easy_setopt(easy, CURLOPT_NOPROXY, "");
    }
    if (ca_file.p != NULL) {
        bad |= c->easy_setopt(easy, CURLOPT_CAINFO, ca_file.p);
        bad |= c->easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    return bad == CURLE_OK;
}

static struct lane *lane_new(const struct curl *c, const struct postern *p) {
    struct lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL) {
        return NULL;
    }
    lane->easy = c->easy_init();
    lane->multi = c->multi_init();
    if (lane->easy == NULL || lane->multi == NULL || !lane_options(c, lane, p)) {
        lane_free(c, lane);
        return NULL;
    }
    return lane;
}

/* Loading under the lock: others wait for it, they need it too. */
static bool pool_enter(struct pool *pool, struct lane **ret_idle) {
    (void)pthread_mutex_lock(&pool->lock);
    if (!pool->loaded) {
        pool->loaded = curl_load(&pool->curl);
    }
    bool loaded = pool->loaded;
    struct lane *lane = pool->idle;
    if (lane != NULL) {
        pool->idle = lane->next;
        pool->idle_n--;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    *ret_idle = lane;
    return loaded;
}

err pool_take(struct call *k, const struct curl **ret_curl, struct lane **ret_lane) {
    struct pool *pool = k->p->pool;
    struct lane *lane;
    if (!pool_enter(pool, &lane)) {
        return fail_say(&k->cx, ERR_CLIENT_NETWORK,
                        "The library libcurl.so.4 is missing or too old (7.84 is needed). Install "
                        "it: on Debian the package is libcurl4.");
    }
    if (lane == NULL) {
        lane = lane_new(&pool->curl, k->p);
    }
    if (lane == NULL) {
        memory_exhausted(sizeof *lane);
    }
    *ret_curl = &pool->curl;
    *ret_lane = lane;
    return OK;
}

void pool_give(struct pool *pool, struct lane *lane, bool broken) {
    lane->transfer = NULL;
    (void)pthread_mutex_lock(&pool->lock);
    bool keep = !broken && pool->idle_n < IDLE_MAX;
    if (keep) {
        lane->next = pool->idle;
        pool->idle = lane;
        pool->idle_n++;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    if (!keep) {
        lane_free(&pool->curl, lane);
    }
}
