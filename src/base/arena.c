/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of one request: chunks that grow, given back all at once. Unused memory is poisoned under
 * AddressSanitizer, so that use after a reset is found. */
#include "base.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define ALIGNMENT alignof(max_align_t)

struct chunk {
    struct chunk *next; /* the older one */
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *object;
};

struct arena {
    struct chunk *newest, *first;
    struct deferred *deferred;
};

static void *allocate(size_t n) {
    void *p = malloc(n);
    if (p == NULL) {
        fputs("postern: out of memory\n", stderr);
        abort();
    }
    return p;
}

static struct chunk *chunk_new(size_t size, struct chunk *next) {
    struct chunk *c = allocate(sizeof(*c) + size);
    c->next = next;
    c->size = size;
    c->used = 0;
    POISON(c->bytes, size);
    return c;
}

struct arena *arena_new(void) {
    struct arena *a = allocate(sizeof(*a));
    a->first = a->newest = chunk_new(ARENA_FIRST, NULL);
    a->deferred = NULL;
    return a;
}

static void run_deferred(struct arena *a) {
    while (a->deferred != NULL) {
        struct deferred *d = a->deferred;
        a->deferred = d->next;
        d->fn(d->object);
    }
}

void arena_reset(struct arena *a) {
    run_deferred(a);
    while (a->newest != a->first) {
        struct chunk *c = a->newest;
        a->newest = c->next;
        UNPOISON(c->bytes, c->size);
        free(c);
    }
    a->first->used = 0;
    POISON(a->first->bytes, a->first->size);
}

void arena_free(struct arena *a) {
    if (a == NULL) {
        return;
    }
    arena_reset(a);
    UNPOISON(a->first->bytes, a->first->size);
    free(a->first);
    free(a);
}

void arena_cleanup(struct arena **a) {
    arena_free(*a);
}

void *arena_alloc(struct arena *a, size_t n) {
    size_t room = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (room < n) {
        fputs("postern: allocation too large\n", stderr);
        abort();
    }
    room = room == 0 ? ALIGNMENT : room;
    struct chunk *c = a->newest;
    if (c->size - c->used < room) {
        size_t size = c->size * 2 > room ? c->size * 2 : room;
        a->newest = c = chunk_new(size, c);
    }
    void *p = c->bytes + c->used;
    c->used += room;
    UNPOISON(p, n);
    return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size) {
    size_t n;
    if (__builtin_mul_overflow(count, size, &n)) {
        fputs("postern: allocation too large\n", stderr);
        abort();
    }
    return arena_alloc(a, n);
}

void arena_defer(struct arena *a, void (*fn)(void *), void *object) {
    struct deferred *d = NEW(a, struct deferred);
    *d = (struct deferred){a->deferred, fn, object};
    a->deferred = d;
}
