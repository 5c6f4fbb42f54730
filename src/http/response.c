/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a reply. */
#include "http.h"

#include <assert.h>
#include <string.h>

void reply_header(struct reply *rp, const char *name, struct str value) {
    assert(rp->headers_n < REPLY_HEADERS_MAX);
    rp->headers[rp->headers_n++] = (struct param){str_from(name), value};
}

struct str reply_header_of(const struct reply *rp, const char *name) {
    for (size_t i = 0; i < rp->headers_n; i++) {
        if (str_is(rp->headers[i].name, name)) {
            return rp->headers[i].value;
        }
    }
    return STR_NONE;
}

void reply_json(struct reply *rp, int status, const struct buf *body) {
    rp->status = status;
    rp->content_type = "application/json";
    rp->body = buf_view(body);
}

static uint64_t mix(uint64_t a, uint64_t b) {
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#define LANES 4

/* 128 bits that differ when a document differs: no defence against forgery is asked of an ETag, and
 * a SHA-256 would be a fifth of what a discovery request may cost. Lanes let the multiplications
 * overlap. */
static void digest_of(struct str s, uint64_t ret[2]) {
    static const uint64_t primes[LANES] = {0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL,
                                           0x8ebc6af09c88c6e3ULL, 0x589965cc75374cc3ULL};
    uint64_t lane[LANES] = {s.n, ~s.n, primes[0] + s.n, primes[1] + s.n};
    for (size_t at = 0; at < s.n; at += sizeof lane) {
        uint64_t words[LANES] = {0};
        memcpy(words, s.p + at, s.n - at < sizeof words ? s.n - at : sizeof words);
        for (size_t i = 0; i < LANES; i++) {
            lane[i] = mix(lane[i] ^ words[i] ^ primes[i], primes[(i + 1) % LANES]) + words[i];
        }
    }
    ret[0] = mix(lane[0] ^ primes[2], lane[1] ^ primes[3]) ^ mix(lane[2], primes[1]) ^ lane[3];
    ret[1] = mix(lane[2] ^ primes[0], lane[3] ^ primes[1]) ^ mix(lane[0], primes[3]) ^ lane[1];
}

static struct str etag_of(struct arena *a, struct str body) {
    uint64_t digest[2];
    digest_of(body, digest);
    char *text = arena_alloc(a, BASE64URL_SIZE(sizeof digest) + 2);
    size_t n = base64url_write(text + 1, digest, sizeof digest);
    text[0] = text[n + 1] = '"';
    return (struct str){text, n + 2};
}

/* RFC 9110 13.1.2: a list compared weakly, or "*". */
static bool none_match_has(struct str list, struct str etag) {
    struct str item;
    while (str_next(&list, ',', &item)) {
        item = str_trim(item);
        if (str_starts(item, "W/")) {
            item = str_sub(item, 2, item.n - 2);
        }
        if (str_is(item, "*") || str_eq(item, etag)) {
            return true;
        }
    }
    return false;
}

void reply_cacheable(struct ctx *cx, const struct request *rq, struct reply *rp, int max_age_s) {
    struct str etag = etag_of(cx->arena, rp->body);
    rp->cacheable = true;
    reply_header(rp, "Cache-Control", str_format(cx->arena, "public, max-age=%d", max_age_s));
    reply_header(rp, "ETag", etag);
    struct str none_match = request_header(rq, "if-none-match");
    if (none_match.p != NULL && none_match_has(none_match, etag)) {
        rp->status = 304;
        rp->body = STR_NONE;
    }
}
