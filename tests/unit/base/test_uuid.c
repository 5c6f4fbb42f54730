/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs (RFC 9562). */
#include "fixture.h"

static void version_4_is_random(void **state) {
    struct fixture *f = *state;
    assert_str(uuid_v4(&f->cx), "01020304-0506-4708-890a-0b0c0d0e0f10");
    assert_str(uuid_v4(&f->cx), "11121314-1516-4718-991a-1b1c1d1e1f20");
}

static void version_7_begins_with_the_time(void **state) {
    struct fixture *f = *state;
    /* 1700000000123 ms = 0x018bcfe5687b */
    assert_str(uuid_v7(&f->cx), "018bcfe5-687b-7708-890a-0b0c0d0e0f10");
    struct str before = uuid_v7(&f->cx);
    f->cx.now_ms++;
    assert_true(str_compare(before, uuid_v7(&f->cx)) < 0);
}

static void any_case_is_read_and_lowered(void **state) {
    struct fixture *f = *state;
    struct str id;
    assert_true(uuid_parse(f->arena, STR("018BCFE5-687B-7708-890a-0b0c0d0e0f10"), &id));
    assert_str(id, "018bcfe5-687b-7708-890a-0b0c0d0e0f10");
}

static void anything_else_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"",
                                      "018bcfe5-687b-7708-890a-0b0c0d0e0f1",
                                      "018bcfe5-687b-7708-890a-0b0c0d0e0f100",
                                      "{18bcfe5-687b-7708-890a-0b0c0d0e0f1}",
                                      "018bcfe5687b-7708-890a-0b0c0d0e0f10-",
                                      "018bcfe5-687b-7708-890a-0b0c0d0e0f1g",
                                      "018bcfe5-687b-7708-890a-0b0c0d0e0f1'",
                                      "018bcfe5_687b_7708_890a_0b0c0d0e0f10"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str id = STR_NONE;
        assert_false(uuid_parse(f->arena, str_from(bad[i]), &id));
        assert_null(id.p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(version_4_is_random),
        TEST(version_7_begins_with_the_time),
        TEST(any_case_is_read_and_lowered),
        TEST(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
