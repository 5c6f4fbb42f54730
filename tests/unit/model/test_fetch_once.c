/* SPDX-License-Identifier: Apache-2.0 */
/* Many want one thing: one fetches it (SECURITY `ssrf`). */
#include "fixture.h"

#include "model.h"

#include <pthread.h>
#include <stdatomic.h>

#define WHAT    STR("https://keys.example/jwks")
#define SECONDS 60
#define THREADS 8

static bool begin(struct fetch_once *f, int64_t now, struct str what, struct fetched *ret) {
    struct arena *a = arena_new();
    struct ctx cx = {.arena = a, .now = now};
    bool mine = fetch_once_begin(&cx, f, what, SECONDS, ret);
    bool text = !mine && str_is(ret->text, "keys"), reason = !mine && str_is(ret->reason, "why");
    arena_free(a);
    assert_true(mine || text || reason);
    return mine;
}

static void end(struct fetch_once *f, int64_t now, struct str what, struct fetched outcome) {
    struct arena *a = arena_new();
    struct ctx cx = {.arena = a, .now = now};
    fetch_once_end(&cx, f, what, &outcome);
    arena_free(a);
}

struct crowd {
    struct fetch_once *once;
    atomic_int fetches, outcomes, inside;
};

static void *want(void *state) {
    struct crowd *c = state;
    struct fetched outcome;
    if (begin(c->once, 1000, WHAT, &outcome)) {
        assert_int_equal(atomic_fetch_add(&c->inside, 1), 0);
        atomic_fetch_add(&c->fetches, 1);
        sched_yield();
        atomic_fetch_sub(&c->inside, 1);
        end(c->once, 1000, WHAT, (struct fetched){.text = STR("keys")});
    } else {
        atomic_fetch_add(&c->outcomes, 1);
    }
    return NULL;
}

static void ssrf_a_crowd_makes_one_fetch(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct crowd crowd = {.once = fetch_once_new()};
        pthread_t threads[THREADS];
        for (size_t i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, want, &crowd), 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
        }
        assert_int_equal(crowd.fetches, 1);
        assert_int_equal(crowd.outcomes, THREADS - 1);
        fetch_once_free(crowd.once);
    }
}

static void a_failure_is_an_outcome_too_and_ends_after_its_time(void **state) {
    (void)state;
    struct fetch_once *f = fetch_once_new();
    struct fetched outcome;
    assert_true(begin(f, 1000, WHAT, &outcome));
    end(f, 1000, WHAT, (struct fetched){.reason = STR("why")});
    assert_false(begin(f, 990, WHAT, &outcome)); /* it asked before and waited in the queue */
    assert_false(begin(f, 1000 + SECONDS - 1, WHAT, &outcome));
    assert_true(begin(f, 1000 + SECONDS, WHAT, &outcome));
    end(f, 1000 + SECONDS, WHAT, (struct fetched){.text = STR("keys")});
    assert_false(begin(f, 1000 + SECONDS, WHAT, &outcome));
    fetch_once_free(f);
}

static void things_do_not_wait_for_each_other_and_the_oldest_is_forgotten(void **state) {
    (void)state;
    struct fetch_once *f = fetch_once_new();
    struct fetched outcome;
    assert_true(begin(f, 1, WHAT, &outcome));
    for (int i = 0; i < 200; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "other %d", i);
        assert_true(begin(f, 2 + i, str_from(name), &outcome));
        end(f, 2 + i, str_from(name), (struct fetched){.text = STR("keys")});
    }
    assert_true(begin(f, 202, STR("other 0"), &outcome)); /* forgotten */
    assert_false(begin(f, 202, STR("other 199"), &outcome));
    end(f, 202, WHAT, (struct fetched){.text = STR("keys")}); /* was busy all the time */
    assert_false(begin(f, 202, WHAT, &outcome));
    fetch_once_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(ssrf_a_crowd_makes_one_fetch),
        TEST(a_failure_is_an_outcome_too_and_ends_after_its_time),
        TEST(things_do_not_wait_for_each_other_and_the_oldest_is_forgotten)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
