/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange with a URL that somebody gave us (SECURITY `ssrf`): the name is resolved once, every
 * address is checked, and the connection goes to the checked address. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "net.h"

/* ---- addresses ---- */

struct range {
    unsigned char prefix[16];
    unsigned bits;
};

/* RFC 6890 and its registries: what is not the public internet. */
static const struct range ranges4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* shared (RFC 6598) */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local: cloud metadata */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relay */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarking */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved, broadcast */
};
/* In IPv6 only 2000::/3 is public, without these. */
static const struct range public6 = {{0x20}, 3};
static const struct range ranges6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: holds an IPv4 address */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static bool in_range(const unsigned char *address, const struct range *range) {
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    if (memcmp(address, range->prefix, whole) != 0) {
        return false;
    }
    if (rest == 0) {
        return true;
    }
    unsigned mask = 0xffU << (8 - rest);
    return ((unsigned)(address[whole] ^ range->prefix[whole]) & mask & 0xffU) == 0;
}

static bool in_ranges(const unsigned char *address, const struct range *ranges, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (in_range(address, &ranges[i])) {
            return true;
        }
    }
    return false;
}

bool address_is_public(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof(v4));
        return !in_ranges((const unsigned char *)&v4.sin_addr, ranges4, COUNT_OF(ranges4));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof(v6));
        /* ::1, ::ffff:0:0/96, 64:ff9b::/96, fc00::/7, fe80::/10, ff00::/8 are all outside 2000::/3.
         */
        return in_range(v6.sin6_addr.s6_addr, &public6) &&
               !in_ranges(v6.sin6_addr.s6_addr, ranges6, COUNT_OF(ranges6));
    }
    return false;
}

/* ---- the URL, read by the same parser that will use it ---- */

struct target {
    const char *url;
    const char *host; /* without brackets */
    const char *port;
};

static const char *url_part(struct ctx *cx, const struct curl *c, const CURLU *u, CURLUPart part,
                            unsigned flags) {
    char *text = NULL;
    if (c->url_get(u, part, &text, flags) != CURLUE_OK || text == NULL) {
        return NULL;
    }
    const char *copy = str_z(cx->arena, str_from(text));
    c->free(text);
    return copy;
}

static const char *target_check(struct ctx *cx, const struct curl *c, const CURLU *u,
                                bool allow_private, struct target *target) {
    const char *scheme = url_part(cx, c, u, CURLUPART_SCHEME, 0);
    target->host = url_part(cx, c, u, CURLUPART_HOST, 0);
    target->port = url_part(cx, c, u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (scheme == NULL || target->host == NULL || target->port == NULL) {
        return "the URL is malformed";
    }
    bool https = str_is(str_from(scheme), "https");
    if (!https && !(allow_private && str_is(str_from(scheme), "http"))) {
        return allow_private ? "the URL is not https or http"
                             : "the URL is not https; http takes the setting allow_private_fetch";
    }
    if (url_part(cx, c, u, CURLUPART_USER, 0) != NULL ||
        url_part(cx, c, u, CURLUPART_PASSWORD, 0) != NULL) {
        return "the URL has a user name";
    }
    struct str host = str_from(target->host);
    if (host.n > 2 && host.p[0] == '[') {
        target->host = str_z(cx->arena, str_sub(host, 1, host.n - 2));
    }
    return NULL;
}

static const char *target_parse(struct ctx *cx, const struct curl *c, const struct fetch *fetch,
                                struct target *target) {
    if (fetch->url.n > FETCH_URL_MAX || !str_is_text(fetch->url)) {
        return "the URL is malformed";
    }
    target->url = str_z(cx->arena, fetch->url);
    CURLU *u = c->url();
    if (u == NULL) {
        return "out of memory";
    }
    const char *wrong = "the URL is malformed";
    if (c->url_set(u, CURLUPART_URL, target->url, 0) == CURLUE_OK) {
        wrong = target_check(cx, c, u, fetch->allow_private, target);
    }
    c->url_cleanup(u);
    return wrong;
}

/* Every address must be good, not only the first: the list's order is the name server's. ret_pin is
 * "host:port:address". */
static const char *target_resolve(struct ctx *cx, const struct target *target, bool allow_private,
                                  struct str *ret_pin) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (getaddrinfo(target->host, target->port, &hints, &list) != 0 || list == NULL) {
        return "the host has no address";
    }
    bool good = true;
    for (const struct addrinfo *i = list; i != NULL; i = i->ai_next) {
        good = good && (allow_private || address_is_public(i->ai_addr));
    }
    char address[NI_MAXHOST];
    int e = getnameinfo(list->ai_addr, list->ai_addrlen, address, sizeof(address), NULL, 0,
                        NI_NUMERICHOST);
    bool v6 = list->ai_family == AF_INET6;
    freeaddrinfo(list);
    if (!good) {
        return "the host has an address that is not public: that takes the setting "
               "allow_private_fetch";
    }
    if (e != 0) {
        return "the host has no address";
    }
    *ret_pin =
        str_format(cx->arena, v6 ? "%s:%s:[%s]" : "%s:%s:%s", target->host, target->port, address);
    return NULL;
}

/* ---- the transfer ---- */

struct taken {
    struct buf body;
    size_t max;
};

static size_t body_take(char *data, size_t size, size_t n, void *to) {
    struct taken *taken = to;
    size_t bytes = size * n;
    if (bytes > taken->max - taken->body.n) {
        return 0; /* ends the transfer with an error */
    }
    buf_add(&taken->body, data, bytes);
    return bytes;
}

static void transfer_options(const struct curl *c, CURL *easy, const struct fetch *fetch,
                             struct taken *taken) {
    c->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    c->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    c->easy_setopt(easy, CURLOPT_PROXY, "");
    c->easy_setopt(easy, CURLOPT_NOPROXY, "*");
    c->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    c->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)fetch->ms);
    c->easy_setopt(easy, CURLOPT_MAXFILESIZE, (long)fetch->max);
    c->easy_setopt(easy, CURLOPT_USERAGENT, "postern");
    c->easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_take);
    c->easy_setopt(easy, CURLOPT_WRITEDATA, taken);
    if (fetch->form.p != NULL) {
        c->easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)fetch->form.n);
        c->easy_setopt(easy, CURLOPT_POSTFIELDS, fetch->form.p);
    }
}

/* Two lists: the pin, and headers. */
struct lists {
    struct curl_slist *pin, *headers;
};

static bool lists_make(struct ctx *cx, const struct curl *c, const struct fetch *fetch,
                       struct str pin, struct lists *lists) {
    lists->pin = c->slist_append(NULL, str_z(cx->arena, pin));
    lists->headers = c->slist_append(NULL, "Accept: application/json");
    if (lists->pin == NULL || lists->headers == NULL) {
        return false;
    }
    if (fetch->authorization.p == NULL) {
        return true;
    }
    struct str line = str_format(cx->arena, "Authorization: %.*s", STR_ARG(fetch->authorization));
    return c->slist_append(lists->headers, str_z(cx->arena, line)) != NULL;
}

static const char *transfer(struct ctx *cx, const struct curl *c, struct fetch *fetch,
                            const struct target *target, struct str pin) {
    struct taken taken = {.body = buf_in(cx->arena, 4096), .max = fetch->max};
    struct lists lists = {.pin = NULL};
    CURL *easy = c->easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (lists_make(cx, c, fetch, pin, &lists) && easy != NULL) {
        c->easy_setopt(easy, CURLOPT_URL, target->url);
        c->easy_setopt(easy, CURLOPT_RESOLVE, lists.pin);
        c->easy_setopt(easy, CURLOPT_HTTPHEADER, lists.headers);
        transfer_options(c, easy, fetch, &taken);
        code = c->easy_perform(easy);
        c->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &fetch->status);
    }
    if (easy != NULL) {
        c->easy_cleanup(easy);
    }
    c->slist_free_all(lists.pin);
    c->slist_free_all(lists.headers);
    if (code != CURLE_OK) {
        return c->easy_strerror(code);
    }
    if (fetch->status != 200) {
        fetch->refusal = buf_view(&taken.body);
        return "the answer is not 200";
    }
    fetch->text = buf_view(&taken.body);
    return NULL;
}

void fetch_run(struct ctx *cx, struct fetch *fetch) {
    struct curl c;
    struct target target;
    struct str pin;
    const char *wrong = curl_load(&c) ? NULL : "libcurl is not installed";
    if (wrong == NULL) {
        wrong = target_parse(cx, &c, fetch, &target);
    }
    if (wrong == NULL) {
        wrong = target_resolve(cx, &target, fetch->allow_private, &pin);
    }
    if (wrong == NULL) {
        wrong = transfer(cx, &c, fetch, &target, pin);
    }
    fetch->reason = str_from(wrong);
}
