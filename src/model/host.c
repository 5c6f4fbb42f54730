/* SPDX-License-Identifier: Apache-2.0 */
/* The host names that follow from issuers, templates and aliases, sorted for a look-up on every
 * request. */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

struct found { /* being collected */
    struct arena *arena;
    struct host *v;
    size_t n, cap;
};

/* "https://api-na1.example:8443/x" -> "api-na1.example:8443"; a bare host name stays what it is. */
static struct str authority_of(struct arena *a, struct str url) {
    for (size_t i = 0; i + 2 < url.n; i++) {
        if (memcmp(url.p + i, "://", 3) == 0) {
            url = str_sub(url, i + 3, url.n);
            break;
        }
    }
    return str_lower(a, str_sub(url, 0, str_find_char(url, '/')));
}

/* "[::1]:8420" -> "[::1]" */
static struct str without_port(struct str name) {
    size_t from = name.n > 0 && name.p[0] == '[' ? str_find_char(name, ']') : 0;
    return str_sub(name, 0, from + str_find_char(str_sub(name, from, name.n), ':'));
}

static void found_put(struct found *f, const struct host *h) {
    if (h->name.n == 0) {
        return;
    }
    if (f->n == f->cap) {
        f->cap = f->cap == 0 ? 32 : f->cap * 2;
        struct host *more = NEW_ARRAY(f->arena, f->cap, struct host);
        for (size_t i = 0; i < f->n; i++) {
            more[i] = f->v[i];
        }
        f->v = more;
    }
    f->v[f->n] = *h;
    f->v[f->n].order = f->n;
    f->n++;
}

static void found_add(struct found *f, const struct environment *e, const struct area *area,
                      struct str url) {
    struct host h = {.name = authority_of(f->arena, url), .environment = e, .area = area};
    found_put(f, &h);
    h.name = without_port(h.name);
    found_put(f, &h);
}

static bool pattern_has(struct str pattern, const char *word) {
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= pattern.n; i++) {
        if (memcmp(pattern.p + i, word, n) == 0) {
            return true;
        }
    }
    return false;
}

static void found_add_clusters(struct found *f, const struct environment *e, struct str pattern) {
    for (size_t i = 0; i < e->clusters_n; i++) {
        const struct area *area = environment_area(e, e->clusters[i].area);
        bool regional = pattern_has(pattern, "{area}");
        found_add(f, e, regional ? area : NULL,
                  environment_url(f->arena, pattern, area, e->clusters[i].cluster));
    }
}

static void found_add_pattern(struct found *f, const struct environment *e, struct str pattern) {
    if (pattern_has(pattern, "{cluster}")) {
        found_add_clusters(f, e, pattern);
        return;
    }
    if (str_find_char(pattern, '{') == pattern.n) {
        found_add(f, e, NULL, pattern);
        return;
    }
    /* Only a pattern with {area} tells the areas apart. */
    bool regional = pattern_has(pattern, "{area}");
    for (size_t i = 0; i < e->areas_n; i++) {
        const struct area *area = &e->areas[i];
        found_add(f, e, regional ? area : NULL, environment_url(f->arena, pattern, area, STR_NONE));
    }
}

static void found_add_environment(struct found *f, const struct environment *e) {
    const struct str patterns[] = {e->hosts.ui, e->hosts.auth, e->hosts.api, e->hosts.cluster,
                                   e->hosts.acd};
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        found_add_pattern(f, e, patterns[i]);
    }
    for (size_t i = 0; i < e->aliases_n; i++) {
        found_add_pattern(f, e, e->aliases[i]);
    }
}

/* By name, and entries of one name in the order in which they were found. */
static int host_compare(const void *a, const void *b) {
    const struct host *x = a, *y = b;
    int by_name = str_compare(x->name, y->name);
    if (by_name != 0) {
        return by_name;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

struct hosts hosts_make(struct arena *a, const struct environments *all) {
    struct found f = {.arena = a};
    /* Issuers first: a template that gives an issuer's own name does not make it regional, nor
     * another environment's. */
    for (size_t i = 0; i < all->n; i++) {
        found_add(&f, &all->v[i], NULL, all->v[i].issuer);
    }
    for (size_t i = 0; i < all->n; i++) {
        found_add_environment(&f, &all->v[i]);
    }
    if (f.n > 0) {
        qsort(f.v, f.n, sizeof f.v[0], host_compare);
    }
    struct hosts hosts = {.v = f.v};
    for (size_t i = 0; i < f.n; i++) {
        if (hosts.n == 0 || !str_eq(f.v[hosts.n - 1].name, f.v[i].name)) {
            f.v[hosts.n++] = f.v[i];
        }
    }
    return hosts;
}

static const struct host *lookup(const struct hosts *hosts, struct str name) {
    size_t from = 0, to = hosts->n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = str_compare(hosts->v[middle].name, name);
        if (order == 0) {
            return &hosts->v[middle];
        }
        if (order < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return NULL;
}

const struct host *hosts_find(const struct hosts *hosts, struct str name) {
    char lower[HOST_NAME_MAX_SIZE];
    if (str_empty(name) || name.n > sizeof lower) {
        return NULL;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    struct str folded = {lower, name.n};
    const struct host *h = lookup(hosts, folded);
    return h != NULL ? h : lookup(hosts, without_port(folded));
}
