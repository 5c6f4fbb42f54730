/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that must not leak: wiped by their owner, compared in constant time. */
#include "base.h"

#include <string.h>

void secret_wipe(void *p, size_t n) {
    explicit_bzero(p, n);
}

static void wipe_deferred(void *object) {
    struct secret *s = object;
    secret_wipe(s->p, s->n);
}

struct secret secret_in(struct arena *a, const void *p, size_t n) {
    struct secret *s = NEW(a, struct secret);
    s->p = arena_alloc(a, n + 1);
    s->n = n;
    if (n > 0) {
        memcpy(s->p, p, n);
    }
    arena_defer(a, wipe_deferred, s);
    return *s;
}

bool secret_equal_bytes(const void *a, const void *b, size_t n) {
    /* volatile: the compiler must not turn the loop into one that stops at the first difference. */
    const volatile unsigned char *x = a, *y = b;
    unsigned char different = 0;
    for (size_t i = 0; i < n; i++) {
        different |= x[i] ^ y[i];
    }
    return different == 0;
}

bool secret_equal(struct secret a, struct secret b) {
    return a.n == b.n && secret_equal_bytes(a.p, b.p, a.n);
}
