/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows by doubling inside an arena. */
#include "base.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct buf buf_in(struct arena *a, size_t expected) {
    struct buf b = {.arena = a};
    (void)buf_room(&b, expected < 64 ? 64 : expected);
    return b;
}

char *buf_room(struct buf *b, size_t n) {
    if (b->cap - b->n < n) {
        size_t cap;
        if (__builtin_add_overflow(b->n, n, &cap) || __builtin_add_overflow(cap, b->n, &cap)) {
            memory_exhausted(SIZE_MAX);
        }
        char *p = arena_alloc(b->arena, cap);
        if (b->n > 0) {
            memcpy(p, b->p, b->n);
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_used(struct buf *b, size_t n) {
    assert(n <= b->cap - b->n);
    b->n += n;
}

void buf_add(struct buf *b, const void *p, size_t n) {
    if (n > 0) {
        memcpy(buf_room(b, n), p, n);
        b->n += n;
    }
}

void buf_str(struct buf *b, struct str s) {
    buf_add(b, s.p, s.n);
}

void buf_z(struct buf *b, const char *z) {
    buf_add(b, z, strlen(z));
}

void buf_char(struct buf *b, char c) {
    *buf_room(b, 1) = c;
    b->n++;
}

void buf_int(struct buf *b, int64_t v) {
    char digits[24];
    size_t at = sizeof digits;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        digits[--at] = (char)('0' + u % 10);
        u /= 10;
    } while (u != 0);
    if (v < 0) {
        digits[--at] = '-';
    }
    buf_add(b, digits + at, sizeof digits - at);
}

void buf_format(struct buf *b, const char *format, ...) {
    assert(format != NULL); /* gcc with UBSan thinks that it may be */
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char *room = buf_room(b, 128);
    int n = vsnprintf(room, b->cap - b->n, format, args);
    va_end(args);
    size_t size = n < 0 ? 0 : (size_t)n;
    if (size >= b->cap - b->n) {
        room = buf_room(b, size + 1);
        (void)vsnprintf(room, size + 1, format, again);
    }
    va_end(again);
    b->n += size;
}

struct str buf_view(const struct buf *b) {
    return (struct str){b->p != NULL ? b->p : "", b->n};
}
