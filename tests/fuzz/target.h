/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets of the lower layers share: a context for one input, and a check that stops
 * the run. */
#ifndef POSTERN_FUZZ_TARGET_H
#define POSTERN_FUZZ_TARGET_H

#include "base.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
    struct arena *arena;
    struct clock clock;
    struct log log;
    struct ctx cx;
    struct str input;
};

static inline void target_init(struct target *t, const uint8_t *data, size_t size) {
    t->arena = arena_new();
    t->clock = clock_fixed(INT64_C(1700000000000));
    t->log = (struct log){.fd = -1};
    ctx_init(&t->cx, t->arena, &t->clock, NULL, &t->log);
    t->input = (struct str){(const char *)data, size};
}

static inline void target_done(struct target *t) {
    arena_free(t->arena);
}

#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
