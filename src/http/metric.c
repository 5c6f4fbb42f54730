/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, one slot a worker: written by its thread alone, so they cost no locked instruction;
 * read by any. */
#include "http_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define GRANTS_MAX    12 /* ours are a closed list; what came beyond would be counted as "other" */
#define GRANT_NAME    72
#define LATENCY_FIRST 100 /* microseconds */

typedef _Atomic uint64_t counter;

/* The statuses that err.def and the handlers give; others share the last one. */
static const int statuses[] = {200, 201, 202, 204, 304, 400, 401, 403, 404, 405,
                               409, 413, 429, 431, 500, 502, 503, 504, 0};
#define STATUSES COUNT_OF(statuses)

struct histogram {
    counter bucket[METRIC_LATENCY_BUCKETS + 1];
    counter sum_us;
};

struct route_counts {
    counter status[STATUSES];
    struct histogram latency;
};

struct grant_counts {
    char name[GRANT_NAME];
    counter outcome[ERR_COUNT];
};

struct slot {
    struct histogram signature;
    counter trials[TRIAL_COUNT];
    _Atomic size_t grants_n; /* published after the name is written */
    struct grant_counts grants[GRANTS_MAX];
    struct route_counts routes[];
};

struct metrics {
    const struct route_table *table;
    size_t routes_n; /* the last one: no route */
    unsigned workers;
    counter refused;
    struct slot *slots[];
};

struct metrics *metrics_new(unsigned workers, const struct route_table *t) {
    struct metrics *m = calloc(1, sizeof *m + workers * sizeof m->slots[0]);
    if (m == NULL) {
        abort();
    }
    m->table = t;
    m->routes_n = route_table_size(t) + 1;
    m->workers = workers;
    for (unsigned i = 0; i < workers; i++) {
        m->slots[i] = calloc(1, sizeof(struct slot) + m->routes_n * sizeof(struct route_counts));
        if (m->slots[i] == NULL) {
            abort();
        }
    }
    return m;
}

void metrics_free(struct metrics *m) {
    if (m == NULL) {
        return;
    }
    for (unsigned i = 0; i < m->workers; i++) {
        free(m->slots[i]);
    }
    free(m);
}

/* One writer: a load and a store, not a locked addition. */
static void count(counter *c, uint64_t n) {
    uint64_t now = atomic_load_explicit(c, memory_order_relaxed);
    atomic_store_explicit(c, now + n, memory_order_relaxed);
}

static void observe(struct histogram *h, int64_t microseconds) {
    uint64_t us = microseconds > 0 ? (uint64_t)microseconds : 0;
    unsigned bucket = 0;
    while (bucket < METRIC_LATENCY_BUCKETS && us > (uint64_t)LATENCY_FIRST << bucket) {
        bucket++;
    }
    count(&h->bucket[bucket], 1);
    count(&h->sum_us, us);
}

static size_t status_index(int status) {
    size_t i = 0;
    while (i + 1 < STATUSES && statuses[i] != status) {
        i++;
    }
    return i;
}

void metrics_request(struct metrics *m, unsigned worker, const struct route *route, int status,
                     int64_t microseconds) {
    if (worker >= m->workers) {
        return;
    }
    struct route_counts *counts = &m->slots[worker]->routes[route_table_index(m->table, route)];
    count(&counts->status[status_index(status)], 1);
    observe(&counts->latency, microseconds);
}

static struct grant_counts *grant_find(struct slot *slot, struct str grant) {
    size_t n = atomic_load_explicit(&slot->grants_n, memory_order_relaxed);
    for (size_t i = 0; i < n; i++) {
        if (str_is(grant, slot->grants[i].name)) {
            return &slot->grants[i];
        }
    }
    if (n == GRANTS_MAX) {
        return &slot->grants[n - 1];
    }
    struct str name = n == GRANTS_MAX - 1 || grant.n >= GRANT_NAME ? STR("other") : grant;
    memcpy(slot->grants[n].name, name.p, name.n);
    atomic_store_explicit(&slot->grants_n, n + 1, memory_order_release);
    return &slot->grants[n];
}

void metrics_token(struct metrics *m, unsigned worker, struct str grant, err outcome) {
    if (worker < m->workers) {
        count(&grant_find(m->slots[worker], grant)->outcome[outcome], 1);
    }
}

void metrics_trial(struct metrics *m, unsigned worker, enum trial trial) {
    if (worker < m->workers) {
        count(&m->slots[worker]->trials[trial], 1);
    }
}

void metrics_signature(struct metrics *m, unsigned worker, int64_t microseconds) {
    if (worker < m->workers) {
        observe(&m->slots[worker]->signature, microseconds);
    }
}

void metrics_refused(struct metrics *m) {
    atomic_fetch_add_explicit(&m->refused, 1, memory_order_relaxed);
}

/* ---- the text ---- */

static void head(struct buf *b, const char *name, const char *type, const char *help) {
    buf_format(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The sum over the workers of the counter that lies at the same place in each slot. */
static uint64_t sum(const struct metrics *m, const void *in_first) {
    size_t offset = (size_t)((const char *)in_first - (const char *)m->slots[0]);
    uint64_t total = 0;
    for (unsigned i = 0; i < m->workers; i++) {
        const counter *c = (const counter *)(const void *)((const char *)m->slots[i] + offset);
        total += atomic_load_explicit(c, memory_order_relaxed);
    }
    return total;
}

/* `label`: "" or "name=\"value\"". */
static void histogram_write(struct buf *b, const struct metrics *m, const struct histogram *h,
                            const char *name, const char *label) {
    uint64_t total = 0;
    const char *comma = label[0] != '\0' ? "," : "";
    for (unsigned i = 0; i < METRIC_LATENCY_BUCKETS; i++) {
        total += sum(m, &h->bucket[i]);
        buf_format(b, "%s_bucket{%s%sle=\"%.4f\"} %llu\n", name, label, comma,
                   (double)((uint64_t)LATENCY_FIRST << i) / 1e6, (unsigned long long)total);
    }
    total += sum(m, &h->bucket[METRIC_LATENCY_BUCKETS]);
    buf_format(b, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, label, comma,
               (unsigned long long)total);
    const char *open = label[0] != '\0' ? "{" : "", *close = label[0] != '\0' ? "}" : "";
    buf_format(b, "%s_sum%s%s%s %.6f\n", name, open, label, close,
               (double)sum(m, &h->sum_us) / 1e6);
    buf_format(b, "%s_count%s%s%s %llu\n", name, open, label, close, (unsigned long long)total);
}

static const char *route_name(const struct metrics *m, size_t i) {
    const struct route *route = route_table_at(m->table, i);
    return route != NULL ? route->name : "none";
}

static void requests_write(struct buf *b, const struct metrics *m) {
    const char *name = "postern_http_requests_total";
    head(b, name, "counter", "Answered requests.");
    for (size_t i = 0; i < m->routes_n; i++) {
        for (size_t s = 0; s < STATUSES; s++) {
            uint64_t n = sum(m, &m->slots[0]->routes[i].status[s]);
            if (n == 0) {
                continue;
            }
            buf_format(b, "%s{route=\"%s\",status=\"", name, route_name(m, i));
            if (statuses[s] != 0) {
                buf_int(b, statuses[s]);
            } else {
                buf_z(b, "other");
            }
            buf_format(b, "\"} %llu\n", (unsigned long long)n);
        }
    }
}

static void latencies_write(struct buf *b, const struct metrics *m) {
    const char *name = "postern_http_request_duration_seconds";
    head(b, name, "histogram", "From the complete header to the answer handed over.");
    for (size_t i = 0; i < m->routes_n; i++) {
        const struct route_counts *counts = &m->slots[0]->routes[i];
        uint64_t n = 0;
        for (size_t s = 0; s < STATUSES; s++) {
            n += sum(m, &counts->status[s]);
        }
        if (n > 0) {
            char label[128];
            struct str text = str_format(b->arena, "route=\"%s\"", route_name(m, i));
            size_t used = text.n < sizeof label ? text.n : sizeof label - 1;
            memcpy(label, text.p, used);
            label[used] = '\0';
            histogram_write(b, m, &counts->latency, name, label);
        }
    }
}

static bool grant_seen(const struct metrics *m, unsigned worker, const char *name) {
    for (unsigned w = 0; w < worker; w++) {
        size_t n = atomic_load_explicit(&m->slots[w]->grants_n, memory_order_acquire);
        for (size_t i = 0; i < n; i++) {
            if (str_is(str_from(name), m->slots[w]->grants[i].name)) {
                return true;
            }
        }
    }
    return false;
}

static uint64_t grant_sum(const struct metrics *m, const char *name, size_t outcome) {
    uint64_t total = 0;
    for (unsigned w = 0; w < m->workers; w++) {
        size_t n = atomic_load_explicit(&m->slots[w]->grants_n, memory_order_acquire);
        for (size_t i = 0; i < n; i++) {
            const struct grant_counts *g = &m->slots[w]->grants[i];
            if (str_is(str_from(name), g->name)) {
                total += atomic_load_explicit(&g->outcome[outcome], memory_order_relaxed);
            }
        }
    }
    return total;
}

/* Several errors have the code that a client sees; a series may be there once only, or the whole
 * page is refused. */
static uint64_t outcome_take(uint64_t counts[ERR_COUNT], size_t first) {
    uint64_t n = 0;
    for (size_t e = first; e < ERR_COUNT; e++) {
        if (strcmp(err_info((err)e)->code, err_info((err)first)->code) == 0) {
            n += counts[e];
            counts[e] = 0;
        }
    }
    return n;
}

static void grant_write(struct buf *b, const struct metrics *m, const char *grant) {
    uint64_t counts[ERR_COUNT];
    for (size_t e = 0; e < ERR_COUNT; e++) {
        counts[e] = grant_sum(m, grant, e);
    }
    for (size_t e = 0; e < ERR_COUNT; e++) {
        uint64_t n = outcome_take(counts, e);
        if (n > 0) {
            buf_format(b, "postern_tokens_total{grant=\"%s\",outcome=\"%s\"} %llu\n", grant,
                       err_info((err)e)->code, (unsigned long long)n);
        }
    }
}

static void tokens_write(struct buf *b, const struct metrics *m) {
    head(b, "postern_tokens_total", "counter", "Token requests by grant and outcome.");
    for (unsigned w = 0; w < m->workers; w++) {
        size_t n = atomic_load_explicit(&m->slots[w]->grants_n, memory_order_acquire);
        for (size_t i = 0; i < n; i++) {
            if (!grant_seen(m, w, m->slots[w]->grants[i].name)) {
                grant_write(b, m, m->slots[w]->grants[i].name);
            }
        }
    }
}

static void trials_write(struct buf *b, const struct metrics *m) {
    static const char *const names[TRIAL_COUNT] = {[TRIAL_BEGUN] = "begun",
                                                   [TRIAL_SIGNED_IN] = "signed_in",
                                                   [TRIAL_WRONG] = "wrong",
                                                   [TRIAL_LOCKED] = "locked",
                                                   [TRIAL_REFUSED] = "refused"};
    head(b, "postern_sign_ins_total", "counter",
         "People who sign in: begun, done, and what stood against it.");
    for (size_t i = TRIAL_BEGUN; i < TRIAL_COUNT; i++) {
        buf_format(b, "postern_sign_ins_total{outcome=\"%s\"} %llu\n", names[i],
                   (unsigned long long)sum(m, &m->slots[0]->trials[i]));
    }
}

void metrics_write(struct buf *b, const struct metrics *m) {
    if (m->workers > 0) {
        requests_write(b, m);
        latencies_write(b, m);
        tokens_write(b, m);
        trials_write(b, m);
        head(b, "postern_signature_seconds", "histogram", "Time of one signature.");
        histogram_write(b, m, &m->slots[0]->signature, "postern_signature_seconds", "");
    }
    head(b, "postern_http_refused_total", "counter",
         "Requests that the HTTP library refused before any route saw them.");
    buf_format(b, "postern_http_refused_total %llu\n",
               (unsigned long long)atomic_load_explicit(&m->refused, memory_order_relaxed));
}
