/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of one request: chunks that are filled in order and forgotten together. Under ASan what is
 * not handed out is poisoned, so a use after the reset or past the end is caught like one of the
 * heap. */
#include "base.h"

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
#define RED_ZONE       16
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define RED_ZONE       0
#endif

#define ALIGNMENT  16
#define CHUNK_NEXT 16384 /* size of the chunks after the first; larger wishes get their own */

struct chunk {
    struct chunk *next;
    size_t size, used;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *object;
};

struct arena {
    struct chunk *first;   /* kept by arena_reset */
    struct chunk *current; /* small allocations come from here */
    struct deferred *deferred;
};

static struct chunk *chunk_try(size_t size) {
    struct chunk *c = malloc(sizeof *c + size);
    if (c == NULL) {
        return NULL;
    }
    c->next = NULL;
    c->size = size;
    c->used = 0;
    POISON(c->bytes, size);
    return c;
}

static void chunk_free(struct chunk *c) {
    UNPOISON(c->bytes, c->size);
    free(c);
}

struct arena *arena_new(void) {
    struct arena *a = calloc(1, sizeof *a);
    if (a == NULL) {
        memory_exhausted(sizeof *a);
    }
    struct chunk *first = chunk_try(ARENA_FIRST - sizeof(struct chunk));
    if (first == NULL) {
        free(a);
        memory_exhausted(ARENA_FIRST);
    }
    a->first = a->current = first;
    return a;
}

void arena_reset(struct arena *a) {
    while (a->deferred != NULL) {
        struct deferred *d = a->deferred;
        a->deferred = d->next;
        d->fn(d->object);
    }
    for (struct chunk *c = a->first->next; c != NULL;) {
        struct chunk *next = c->next;
        chunk_free(c);
        c = next;
    }
    a->first->next = NULL;
    a->first->used = 0;
    a->current = a->first;
    POISON(a->first->bytes, a->first->size);
}

void arena_free(struct arena *a) {
    if (a == NULL) {
        return;
    }
    arena_reset(a);
    chunk_free(a->first);
    free(a);
}

void arena_cleanup(struct arena **a) {
    arena_free(*a);
}

/* A chunk with room for n bytes. A large wish gets a chunk of its own behind the current one, which
 * goes on serving the small ones. */
static struct chunk *arena_chunk(struct arena *a, size_t n) {
    if (a->current->size - a->current->used >= n) {
        return a->current;
    }
    bool large = n > CHUNK_NEXT / 2;
    size_t size = large ? n : CHUNK_NEXT - sizeof(struct chunk);
    struct chunk *c = chunk_try(size);
    if (c == NULL) {
        memory_exhausted(size);
    }
    c->next = a->current->next;
    a->current->next = c;
    if (!large) {
        a->current = c;
    }
    return c;
}

void *arena_alloc(struct arena *a, size_t n) {
    if (n > SIZE_MAX / 2) {
        memory_exhausted(n);
    }
    size_t whole = (n + RED_ZONE + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct chunk *c = arena_chunk(a, whole);
    unsigned char *p = c->bytes + c->used;
    c->used += whole;
    UNPOISON(p, n);
    return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size) {
    size_t n;
    if (__builtin_mul_overflow(count, size, &n)) {
        memory_exhausted(SIZE_MAX);
    }
    return arena_alloc(a, n);
}

void arena_defer(struct arena *a, void (*fn)(void *), void *object) {
    struct deferred *d = NEW(a, struct deferred);
    d->fn = fn;
    d->object = object;
    d->next = a->deferred;
    a->deferred = d;
}
