/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks: one that runs, one that a test moves. */
#include "fixture.h"

#include <time.h>

static void the_system_clock_is_the_wall_clock(void **state) {
    (void)state;
    int64_t before = (int64_t)time(NULL);
    int64_t now = clock_system.now_ms(&clock_system) / 1000;
    assert_true(now >= before - 1 && now <= before + 60);
}

static void a_fixed_clock_stands_still(void **state) {
    (void)state;
    struct clock c = clock_fixed(5);
    assert_int_equal(c.now_ms(&c), 5);
    c.fixed_ms = 6;
    assert_int_equal(c.now_ms(&c), 6);
}

static void monotonic_time_does_not_go_back(void **state) {
    (void)state;
    int64_t last = clock_monotonic_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_us();
        assert_true(now >= last);
        last = now;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_system_clock_is_the_wall_clock),
        TEST(a_fixed_clock_stands_still),
        TEST(monotonic_time_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
