/* SPDX-License-Identifier: Apache-2.0 */
/* A request's time and its one failure. */
#include "fixture.h"

/* cmocka has a macro of this name. */
#undef fail
#define fail(cx, code, ...) failure_set((cx), (code), false, __FILE__, __LINE__, __VA_ARGS__)

static void time_stands_still_for_the_whole_request(void **state) {
    struct fixture *f = *state;
    assert_int_equal(f->cx.now, FIXTURE_NOW);
    assert_int_equal(f->cx.now_ms, FIXTURE_NOW * INT64_C(1000) + 123);
    f->clock.fixed_ms += 5000;
    assert_int_equal(f->cx.now, FIXTURE_NOW);
    ctx_init(&f->cx, f->arena, &f->clock, &f->random, &f->log);
    assert_int_equal(f->cx.now, FIXTURE_NOW + 5);
}

static void init_clears_all_else(void **state) {
    struct fixture *f = *state;
    struct ctx cx;
    memset(&cx, 0xff, sizeof cx);
    ctx_init(&cx, f->arena, &f->clock, &f->random, &f->log);
    assert_int_equal(cx.failure.code, OK);
    assert_null(cx.db);
    assert_null(cx.app);
    assert_int_equal(cx.worker_id, 0);
    assert_ptr_equal(cx.arena, f->arena);
}

static void fail_keeps_the_reason_for_the_log_alone(void **state) {
    struct fixture *f = *state;
    assert_int_equal(fail(&f->cx, ERR_INVALID_GRANT, "code expired %ds ago", 7), ERR_INVALID_GRANT);
    assert_string_equal(f->cx.failure.detail, "code expired 7s ago");
    assert_int_equal(f->cx.failure.code, ERR_INVALID_GRANT);
    assert_true(str_ends(str_from(f->cx.failure.file), "test_ctx.c"));
    assert_true(f->cx.failure.line > 0);
    assert_string_equal(failure_text(&f->cx), err_info(ERR_INVALID_GRANT)->text);
}

static void fail_say_tells_the_client_if_the_row_allows(void **state) {
    struct fixture *f = *state;
    err e = fail_say(&f->cx, ERR_INVALID_REQUEST, "%s is missing", "scope");
    assert_int_equal(e, ERR_INVALID_REQUEST);
    assert_string_equal(failure_text(&f->cx), "scope is missing");
    e = fail_say(&f->cx, ERR_INTERNAL, "secret place");
    assert_int_equal(e, ERR_INTERNAL);
    assert_string_equal(failure_text(&f->cx), err_info(ERR_INTERNAL)->text);
}

static void a_failure_can_wrap_the_one_before(void **state) {
    struct fixture *f = *state;
    err e = fail(&f->cx, ERR_INVALID_REQUEST, "line 3");
    e = fail(&f->cx, ERR_INVALID_TOKEN, "header: %s", f->cx.failure.detail);
    assert_int_equal(e, ERR_INVALID_TOKEN);
    assert_string_equal(f->cx.failure.detail, "header: line 3");
}

static void a_long_reason_is_cut(void **state) {
    struct fixture *f = *state;
    char text[FAILURE_DETAIL_MAX * 2];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    err e = fail(&f->cx, ERR_CONFLICT, "%s", text);
    assert_int_equal(e, ERR_CONFLICT);
    assert_int_equal(strlen(f->cx.failure.detail), FAILURE_DETAIL_MAX - 1);
}

static err two_steps(struct ctx *cx, err first, int *ret_reached) {
    TRY(first == OK ? OK : fail(cx, first, "first step"));
    *ret_reached = 2;
    return OK;
}

static void try_hands_a_failure_up(void **state) {
    struct fixture *f = *state;
    int reached = 1;
    assert_int_equal(two_steps(&f->cx, ERR_NOT_FOUND, &reached), ERR_NOT_FOUND);
    assert_int_equal(reached, 1);
    assert_int_equal(two_steps(&f->cx, OK, &reached), OK);
    assert_int_equal(reached, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(time_stands_still_for_the_whole_request),
        TEST(init_clears_all_else),
        TEST(fail_keeps_the_reason_for_the_log_alone),
        TEST(fail_say_tells_the_client_if_the_row_allows),
        TEST(a_failure_can_wrap_the_one_before),
        TEST(a_long_reason_is_cut),
        TEST(try_hands_a_failure_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
