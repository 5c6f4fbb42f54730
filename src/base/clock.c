/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol time from a clock that a test can hold; durations from the monotonic clock. */
#include "base.h"

#include <time.h>

static int64_t system_now_ms(const struct clock *c) {
    (void)c;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t fixed_now_ms(const struct clock *c) {
    return c->fixed_ms;
}

const struct clock clock_system = {.now_ms = system_now_ms};

struct clock clock_fixed(int64_t fixed_ms) {
    return (struct clock){.now_ms = fixed_now_ms, .fixed_ms = fixed_ms};
}

int64_t clock_monotonic_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
