/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, in the arena. */
#include "base.h"

#include <stdio.h>
#include <string.h>

#define BUF_LEAST 64

struct buf buf_in(struct arena *a, size_t expected) {
    size_t cap = expected > BUF_LEAST ? expected : BUF_LEAST;
    return (struct buf){.arena = a, .p = arena_alloc(a, cap), .cap = cap};
}

char *buf_room(struct buf *b, size_t n) {
    if (b->cap - b->n < n) {
        size_t cap = b->cap * 2 > b->n + n ? b->cap * 2 : b->n + n;
        char *p = arena_alloc(b->arena, cap);
        memcpy(p, b->p, b->n);
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_used(struct buf *b, size_t n) {
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
    char text[24];
    size_t i = sizeof(text);
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do {
        text[--i] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (v < 0) {
        text[--i] = '-';
    }
    buf_add(b, text + i, sizeof(text) - i);
}

void buf_format(struct buf *b, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char *to = buf_room(b, BUF_LEAST);
    int n = vsnprintf(to, BUF_LEAST, format, args);
    va_end(args);
    if (n >= BUF_LEAST) {
        to = buf_room(b, (size_t)n + 1);
        vsnprintf(to, (size_t)n + 1, format, again);
    }
    va_end(again);
    b->n += n > 0 ? (size_t)n : 0;
}

struct str buf_view(const struct buf *b) {
    return (struct str){b->p, b->n};
}
