/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of one request. */
#include "fixture.h"

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#ifdef UNDER_ASAN
#include <sanitizer/asan_interface.h>
#endif

static bool is_zero(const unsigned char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

static void memory_is_zeroed_and_aligned_also_when_used_again(void **state) {
    struct fixture *f = *state;
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 300; n++) {
            unsigned char *p = arena_alloc(f->arena, n);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            assert_true(is_zero(p, n));
            memset(p, 0xaa, n);
        }
        arena_reset(f->arena);
    }
}

static void allocations_do_not_overlap(void **state) {
    struct fixture *f = *state;
    enum { COUNT = 400 };
    unsigned char *p[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        p[i] = arena_alloc(f->arena, i);
        memset(p[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_equal(p[i][k], i & 0xff);
        }
    }
}

static void a_large_allocation_gets_its_own_room(void **state) {
    struct fixture *f = *state;
    unsigned char *before = arena_alloc(f->arena, 32);
    unsigned char *large = arena_alloc(f->arena, 5 * 1024 * 1024);
    unsigned char *after = arena_alloc(f->arena, 32);
    assert_true(is_zero(large, 5 * 1024 * 1024));
    large[5 * 1024 * 1024 - 1] = 1;
    /* The chunk that was in use goes on serving small allocations. */
    assert_true(after > before && after - before < 4096);
}

static void arrays_are_counted_without_overflow(void **state) {
    struct fixture *f = *state;
    int64_t *numbers = NEW_ARRAY(f->arena, 1000, int64_t);
    numbers[999] = 1;
    assert_int_equal(numbers[0], 0);
}

struct trace {
    struct arena *arena;
    char text[8];
    size_t n;
};

struct step {
    struct trace *trace;
    char name;
    bool again;
};

static void step_run(void *object) {
    struct step *s = object;
    s->trace->text[s->trace->n++] = s->name;
    if (s->again) {
        s->again = false;
        arena_defer(s->trace->arena, step_run, s);
    }
}

static void deferred_calls_run_once_last_first(void **state) {
    struct fixture *f = *state;
    struct trace trace = {.arena = f->arena};
    struct step a = {&trace, 'a', false}, b = {&trace, 'b', false}, c = {&trace, 'c', false};
    arena_defer(f->arena, step_run, &a);
    arena_defer(f->arena, step_run, &b);
    arena_defer(f->arena, step_run, &c);
    arena_reset(f->arena);
    assert_string_equal(trace.text, "cba");
    arena_reset(f->arena);
    assert_string_equal(trace.text, "cba");
}

static void a_deferred_call_may_defer_another(void **state) {
    struct fixture *f = *state;
    struct trace trace = {.arena = f->arena};
    struct step a = {&trace, 'a', true};
    arena_defer(f->arena, step_run, &a);
    arena_reset(f->arena);
    assert_string_equal(trace.text, "aa");
}

static void free_runs_deferred_calls(void **state) {
    (void)state;
    struct trace trace = {.arena = arena_new()};
    struct step a = {&trace, 'a', false};
    arena_defer(trace.arena, step_run, &a);
    arena_free(trace.arena);
    assert_string_equal(trace.text, "a");
    arena_free(NULL);
    struct arena *none = NULL;
    arena_cleanup(&none);
}

static void use_after_reset_and_past_the_end_are_caught(void **state) {
#ifdef UNDER_ASAN
    struct fixture *f = *state;
    char *small = arena_alloc(f->arena, 10);
    assert_false(__asan_address_is_poisoned(small + 9));
    assert_true(__asan_address_is_poisoned(small + 10));
    char *exact = arena_alloc(f->arena, 16);
    assert_true(__asan_address_is_poisoned(exact + 16));
    arena_reset(f->arena);
    assert_true(__asan_address_is_poisoned(small));
#else
    (void)state;
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(memory_is_zeroed_and_aligned_also_when_used_again),
        TEST(allocations_do_not_overlap),
        TEST(a_large_allocation_gets_its_own_room),
        TEST(arrays_are_counted_without_overflow),
        TEST(deferred_calls_run_once_last_first),
        TEST(a_deferred_call_may_defer_another),
        TEST(free_runs_deferred_calls),
        TEST(use_after_reset_and_past_the_end_are_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
