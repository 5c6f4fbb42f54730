/* SPDX-License-Identifier: Apache-2.0 */
/* How often one address may do what an attacker repeats. A table of fixed size in memory: whoever
 * owes most stays in it, whoever owes least makes room. */
#include "http_internal.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETS          4096 /* with 8 ways of 32 bytes: one MiB when all are used */
#define WAYS          8
#define SHARDS        64 /* locks: sets share them */
#define SAVED_MINUTES 10 /* what an address may do at once, after it did nothing for so long */
#define MINUTE_US     60000000LL

/* What a class counts: every request that asks, or of those that passed its column the ones that
 * failed. */
static const struct {
    const char *what; /* there are too many of */
    bool failures;
} classes[RATE_COUNT] = {
    [RATE_NONE] = {"requests", false},    [RATE_TOKEN] = {"wrong credentials", true},
    [RATE_API] = {"requests", false},     [RATE_PASSWORD] = {"wrong passwords", true},
    [RATE_SIGN_IN] = {"sign-ins", false}, [RATE_DEVICE] = {"device codes", false},
    [RATE_MAIL] = {"mails", false},
};

/* An address in one class. `until`: when all that it did will be forgiven, in microseconds; each
 * thing done moves it by the interval of the class (a leaky bucket in one number). In the past: it
 * says nothing any more. */
struct debt {
    uint64_t address[2];
    uint64_t class;
    int64_t until;
};

struct limits {
    int64_t interval[RATE_COUNT]; /* of one; 0: no limit */
    uint64_t seed[2];             /* nobody outside can aim at a set */
    pthread_mutex_t locks[SHARDS];
    struct debt sets[SETS][WAYS];
};

struct limits *limits_new(const struct limits_options *options, const struct random *random) {
    struct limits *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < RATE_COUNT; i++) {
        int64_t n = options->per_minute[i];
        l->interval[i] = n > 0 ? MINUTE_US / n : 0;
    }
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&l->locks[i], NULL);
    }
    random->fill(random, l->seed, sizeof l->seed);
    return l;
}

void limits_free(struct limits *l) {
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&l->locks[i]);
    }
    free(l);
}

/* ---- whose ---- */

/* Of IPv6 the first half: the rest is its owner's to choose (RFC 4291 2.5.4). IPv4 as it is mapped
 * into IPv6; what is neither (a Unix socket without a front) is one address. */
static void address_read(struct str remote, uint64_t ret[2]) {
    char text[INET6_ADDRSTRLEN] = "";
    unsigned char bytes[16] = {0};
    if (remote.n < sizeof text) {
        memcpy(text, remote.n > 0 ? remote.p : "", remote.n);
    }
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (inet_pton(AF_INET, text, bytes + 12) == 1) {
        memcpy(bytes, mapped, sizeof mapped);
    } else if (inet_pton(AF_INET6, text, bytes) != 1) {
        bytes[15] = 1;
    } else if (memcmp(bytes, mapped, sizeof mapped) != 0) { /* public: an address */
        memset(bytes + 8, 0, 8);
    }
    memcpy(ret, bytes, sizeof bytes);
}

static uint64_t mix(uint64_t x) { /* splitmix64's finish */
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

static size_t set_of(const struct limits *l, const struct debt *key) {
    uint64_t x = mix(key->address[0] ^ l->seed[0]);
    x = mix(x ^ key->address[1] ^ l->seed[1]);
    return (size_t)(mix(x ^ key->class) % SETS);
}

static struct debt *debt_find(struct debt set[WAYS], const struct debt *key) {
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].class == key->class && set[i].address[0] == key->address[0] &&
            set[i].address[1] == key->address[1]) {
            return &set[i];
        }
    }
    return NULL;
}

static struct debt *debt_least(struct debt set[WAYS]) {
    struct debt *least = &set[0];
    for (size_t i = 1; i < WAYS; i++) {
        least = set[i].until < least->until ? &set[i] : least;
    }
    return least;
}

static struct debt key_of(const struct request *rq, enum rate_class class) {
    struct debt key = {.class = (uint64_t) class};
    address_read(rq->remote, key.address);
    return key;
}

/* ---- take and give back ---- */

/* 0, or how many microseconds too early it comes. */
static int64_t debt_add(struct limits *l, const struct debt *key, int64_t now) {
    int64_t interval = l->interval[key->class], most = SAVED_MINUTES * MINUTE_US;
    size_t at = set_of(l, key);
    pthread_mutex_t *lock = &l->locks[at % SHARDS];
    pthread_mutex_lock(lock);
    struct debt *found = debt_find(l->sets[at], key);
    int64_t until = found != NULL && found->until > now ? found->until : now;
    /* More than everything: the clock was set back meanwhile. */
    until = until > now + most ? now + most : until;
    int64_t early = until + interval - (now + most);
    if (early <= 0) {
        found = found != NULL ? found : debt_least(l->sets[at]);
        *found = *key;
        found->until = until + interval;
    }
    pthread_mutex_unlock(lock);
    return early > 0 ? early : 0;
}

static void debt_forgive(struct limits *l, const struct debt *key) {
    size_t at = set_of(l, key);
    pthread_mutex_t *lock = &l->locks[at % SHARDS];
    pthread_mutex_lock(lock);
    struct debt *found = debt_find(l->sets[at], key);
    if (found != NULL) {
        found->until -= l->interval[key->class];
    }
    pthread_mutex_unlock(lock);
}

static bool is_limited(const struct limits *l, enum rate_class class) {
    return l != NULL && l->interval[class] > 0;
}

err limit_take(struct ctx *cx, const struct request *rq, enum rate_class class, struct reply *rp) {
    struct limits *l = rq->hooks != NULL ? rq->hooks->limits : NULL;
    if (!is_limited(l, class)) {
        return OK;
    }
    const struct debt key = key_of(rq, class);
    int64_t early = debt_add(l, &key, cx->now_ms * 1000);
    if (early == 0) {
        return OK;
    }
    long long seconds = (early + 999999) / 1000000;
    reply_header(rp, RETRY_AFTER, str_format(cx->arena, "%lld", seconds));
    return fail_say(cx, ERR_RATE_LIMITED,
                    "Too many %s from this address. Try again in %lld seconds.",
                    classes[class].what, seconds);
}

/* ---- the column ---- */

/* What may fail is counted before it is tried, so that many at once are no more than one after the
 * other; what went well is given back. */
err limits_admit(struct ctx *cx, struct request *rq, struct reply *rp) {
    enum rate_class class = rq->route->rate;
    TRY(limit_take(cx, rq, class, rp));
    rq->rate_taken = classes[class].failures;
    return OK;
}

static bool failed(const struct reply *rp) {
    return rp->outcome == ERR_INVALID_CLIENT || rp->outcome == ERR_INVALID_GRANT ||
           rp->trial == TRIAL_WRONG || rp->trial == TRIAL_LOCKED;
}

void limits_settle(struct request *rq, const struct reply *rp) {
    if (!rq->rate_taken || failed(rp)) {
        return;
    }
    rq->rate_taken = false;
    if (is_limited(rq->hooks->limits, rq->route->rate)) {
        const struct debt key = key_of(rq, rq->route->rate);
        debt_forgive(rq->hooks->limits, &key);
    }
}
