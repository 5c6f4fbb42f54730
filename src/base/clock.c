/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol time (the system's or a test's) and monotonic time for durations. */
#include "base.h"

#include <time.h>

static int64_t system_now_ms(const struct clock *clock) {
    (void)clock;
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t fixed_now_ms(const struct clock *clock) {
    return clock->fixed_ms;
}

const struct clock clock_system = {.now_ms = system_now_ms};

struct clock clock_fixed(int64_t fixed_ms) {
    return (struct clock){.now_ms = fixed_now_ms, .fixed_ms = fixed_ms};
}

int64_t clock_monotonic_us(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
