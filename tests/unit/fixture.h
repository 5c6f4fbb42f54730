/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test of the lower layers stands on: a context with a clock that stands still and
 * random bytes that count (1, 2, 3 ...). */
#ifndef POSTERN_TEST_FIXTURE_H
#define POSTERN_TEST_FIXTURE_H

#include "base.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#define FIXTURE_NOW 1700000000

struct fixture {
    struct arena *arena;
    struct clock clock;
    struct random random;
    unsigned char next_random;
    struct log log;
    struct ctx cx;
};

static inline void fixture_fill(const struct random *random, void *to, size_t n) {
    unsigned char *next = random->state, *p = to;
    for (size_t i = 0; i < n; i++) {
        p[i] = ++*next;
    }
}

/* For a struct that has one as a member. */
static inline void fixture_init(struct fixture *f) {
    *f = (struct fixture){.arena = arena_new()};
    f->clock = clock_fixed(FIXTURE_NOW * INT64_C(1000) + 123);
    f->random = (struct random){.fill = fixture_fill, .state = &f->next_random};
    f->log = (struct log){.fd = -1, .clock = &f->clock};
    ctx_init(&f->cx, f->arena, &f->clock, &f->random, &f->log);
}

static inline int fixture_setup(void **state) {
    struct fixture *f = test_calloc(1, sizeof *f);
    fixture_init(f);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state) {
    struct fixture *f = *state;
    arena_free(f->arena);
    test_free(f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#define assert_str(actual, expected)                                                               \
    do {                                                                                           \
        struct str str_ = (actual);                                                                \
        if (!str_is(str_, (expected))) {                                                           \
            fail_msg("'%.*s' is not '%s'", STR_ARG(str_), (expected));                             \
        }                                                                                          \
    } while (0)

/* The last failure's reason has this text. */
#define assert_reason(f, says)                                                                     \
    do {                                                                                           \
        if (strstr((f)->cx.failure.detail, (says)) == NULL) {                                      \
            fail_msg("'%s' does not say '%s'", (f)->cx.failure.detail, (says));                    \
        }                                                                                          \
    } while (0)

#endif
