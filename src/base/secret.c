/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that must not leak: compared in constant time, wiped when the arena goes. */
#include "base.h"

#include <string.h>

void secret_wipe(void *p, size_t n) {
    if (n > 0) {
        explicit_bzero(p, n);
    }
}

static void wipe_deferred(void *object) {
    struct secret *s = object;
    secret_wipe(s->p, s->n);
}

struct secret secret_in(struct arena *a, const void *p, size_t n) {
    struct secret *kept = NEW(a, struct secret);
    kept->p = arena_alloc(a, n);
    kept->n = n;
    if (n > 0) {
        memcpy(kept->p, p, n);
    }
    arena_defer(a, wipe_deferred, kept);
    return *kept;
}

bool secret_equal_bytes(const void *a, const void *b, size_t n) {
    const volatile unsigned char *x = a, *y = b;
    unsigned char difference = 0;
    for (size_t i = 0; i < n; i++) {
        difference |= (unsigned char)(x[i] ^ y[i]);
    }
    return difference == 0;
}

bool secret_equal(struct secret a, struct secret b) {
    return a.n == b.n && secret_equal_bytes(a.p, b.p, a.n);
}
