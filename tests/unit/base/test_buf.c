/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows. */
#include "fixture.h"

static void everything_is_appended(void **state) {
    struct fixture *f = *state;
    struct buf b = buf_in(f->arena, 0);
    buf_z(&b, "a");
    buf_str(&b, STR("bc"));
    buf_str(&b, STR_NONE);
    buf_char(&b, '-');
    buf_int(&b, 0);
    buf_int(&b, INT64_MIN);
    buf_int(&b, INT64_MAX);
    buf_format(&b, "<%s>", "x");
    assert_str(buf_view(&b), "abc-0-92233720368547758089223372036854775807<x>");
}

static void growth_keeps_what_is_there(void **state) {
    struct fixture *f = *state;
    struct buf b = buf_in(f->arena, 1);
    for (int i = 0; i < 20000; i++) {
        buf_char(&b, (char)('a' + i % 26));
    }
    assert_int_equal(b.n, 20000);
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(b.p[i], 'a' + i % 26);
    }
}

static void format_longer_than_the_room(void **state) {
    struct fixture *f = *state;
    for (int n = 120; n < 140; n++) {
        struct buf b = buf_in(f->arena, 0);
        buf_z(&b, "x");
        buf_format(&b, "%*d", n, 1);
        assert_int_equal(b.n, (size_t)n + 1);
        assert_int_equal(b.p[n], '1');
        assert_int_equal(b.p[0], 'x');
    }
}

static void room_is_used_as_told(void **state) {
    struct fixture *f = *state;
    struct buf b = buf_in(f->arena, 4);
    memset(buf_room(&b, 500), 'r', 500);
    buf_used(&b, 3);
    assert_str(buf_view(&b), "rrr");
}

static void an_empty_one_is_empty_and_not_absent(void **state) {
    struct fixture *f = *state;
    struct buf b = buf_in(f->arena, 0);
    assert_non_null(buf_view(&b).p);
    assert_int_equal(buf_view(&b).n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(everything_is_appended),
        TEST(growth_keeps_what_is_there),
        TEST(format_longer_than_the_room),
        TEST(room_is_used_as_told),
        TEST(an_empty_one_is_empty_and_not_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
