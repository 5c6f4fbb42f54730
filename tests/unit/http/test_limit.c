/* SPDX-License-Identifier: Apache-2.0 */
/* limit.c: what one address may do, whose an address is, what comes back, what the table forgets.
 */
#include "../fixture.h"

#include "http_internal.h"

#include <stdio.h>

struct world {
    struct fixture f;
    struct http_hooks hooks;
    struct route route;
};

static int setup(void **state) {
    struct world *w = test_calloc(1, sizeof *w);
    fixture_init(&w->f);
    const struct limits_options options = {
        .per_minute = {[RATE_PASSWORD] = 6, [RATE_MAIL] = 60, [RATE_TOKEN] = 1}};
    w->hooks.limits = limits_new(&options, w->f.cx.random);
    w->route.rate = RATE_PASSWORD;
    *state = w;
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    limits_free(w->hooks.limits);
    arena_free(w->f.arena);
    test_free(w);
    return 0;
}

static struct request from(struct world *w, const char *address) {
    return (struct request){.remote = str_from(address), .hooks = &w->hooks, .route = &w->route};
}

/* How many pass before one is refused, at most `max`; its Retry-After. */
static int passes(struct world *w, const char *address, enum rate_class class, int max,
                  struct str *ret_after) {
    const struct request rq = from(w, address);
    for (int n = 0; n < max; n++) {
        struct reply rp = {.status = 0};
        err e = limit_take(&w->f.cx, &rq, class, &rp);
        if (e != OK) {
            assert_int_equal(e, ERR_RATE_LIMITED);
            *ret_after = reply_header_of(&rp, RETRY_AFTER);
            return n;
        }
        assert_int_equal(rp.headers_n, 0);
    }
    return max;
}

static void later(struct world *w, int64_t ms) {
    w->f.cx.now_ms += ms;
    w->f.cx.now = w->f.cx.now_ms / 1000;
}

static void lockout_of_an_address_ends_as_retry_after_says(void **state) {
    struct world *w = *state;
    struct str after;
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 60);
    assert_true(str_is(after, "10"));
    later(w, 9999);
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 0);
    assert_true(str_is(after, "1"));
    later(w, 1);
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 1);
    later(w, 60 * 1000);
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 6);
    later(w, 3600 * 1000); /* no more is saved than ten minutes' */
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 60);
}

static void lockout_of_an_address_is_no_others(void **state) {
    struct world *w = *state;
    struct str after;
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 60);
    assert_int_equal(passes(w, "192.0.2.2", RATE_PASSWORD, 1000, &after), 60);
    assert_int_equal(passes(w, "192.0.2.1", RATE_MAIL, 1000, &after), 600);
    assert_int_equal(passes(w, "unix", RATE_PASSWORD, 1000, &after), 60);
    assert_int_equal(passes(w, "::1", RATE_PASSWORD, 1000, &after), 60);
    assert_int_equal(passes(w, "192.0.2.1", RATE_API, 5000, &after), 5000);
}

/* Its owner has all of a /64, and writes an IPv4 address in two ways. */
static void lockout_of_ipv6_is_of_its_network(void **state) {
    struct world *w = *state;
    struct str after;
    assert_int_equal(passes(w, "2001:db8:1:2:3::4", RATE_PASSWORD, 1000, &after), 60);
    assert_int_equal(passes(w, "2001:db8:1:2:ffff:eeee::9", RATE_PASSWORD, 1000, &after), 0);
    assert_int_equal(passes(w, "2001:db8:1:3::4", RATE_PASSWORD, 1000, &after), 60);
    assert_int_equal(passes(w, "192.0.2.9", RATE_PASSWORD, 1000, &after), 60);
    assert_int_equal(passes(w, "::ffff:192.0.2.9", RATE_PASSWORD, 1000, &after), 0);
    assert_int_equal(passes(w, "::ffff:192.0.2.8", RATE_PASSWORD, 1000, &after), 60);
}

static void a_class_without_a_number_has_no_limit(void **state) {
    struct world *w = *state;
    struct str after;
    assert_int_equal(passes(w, "192.0.2.1", RATE_SIGN_IN, 5000, &after), 5000);
    assert_int_equal(passes(w, "192.0.2.1", RATE_NONE, 5000, &after), 5000);
    w->hooks.limits = (limits_free(w->hooks.limits), NULL);
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 5000, &after), 5000);
}

static err column(struct world *w, struct request *rq, err outcome, enum trial trial) {
    struct reply rp = {.outcome = outcome, .trial = trial};
    TRY(limits_admit(&w->f.cx, rq, &rp));
    limits_settle(rq, &rp);
    return OK;
}

static void what_does_not_fail_is_given_back(void **state) {
    struct world *w = *state;
    struct str after;
    for (int i = 0; i < 500; i++) {
        struct request rq = from(w, "192.0.2.1");
        assert_int_equal(column(w, &rq, OK, TRIAL_SIGNED_IN), OK);
        assert_int_equal(column(w, &rq, ERR_INVALID_REQUEST, TRIAL_NONE), OK);
    }
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 60);
}

static void what_fails_is_not(void **state) {
    struct world *w = *state;
    static const struct {
        err outcome;
        enum trial trial;
    } rows[] = {{OK, TRIAL_WRONG},
                {OK, TRIAL_LOCKED},
                {ERR_INVALID_CLIENT, TRIAL_NONE},
                {ERR_INVALID_GRANT, TRIAL_NONE}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char address[32];
        (void)snprintf(address, sizeof address, "192.0.2.%zu", i);
        struct request rq = from(w, address);
        for (int k = 0; k < 60; k++) {
            assert_int_equal(column(w, &rq, rows[i].outcome, rows[i].trial), OK);
        }
        assert_int_equal(column(w, &rq, rows[i].outcome, rows[i].trial), ERR_RATE_LIMITED);
    }
}

/* Counted before they are tried: many at once are no more than one after the other. */
static void lockout_of_an_address_holds_for_many_at_once(void **state) {
    struct world *w = *state;
    struct request rq[100];
    int admitted = 0;
    for (int i = 0; i < 100; i++) {
        struct reply rp = {.status = 0};
        rq[i] = from(w, "192.0.2.1");
        admitted += limits_admit(&w->f.cx, &rq[i], &rp) == OK ? 1 : 0;
    }
    assert_int_equal(admitted, 60);
    const struct reply wrong = {.trial = TRIAL_WRONG}, good = {.trial = TRIAL_SIGNED_IN};
    for (int i = 0; i < 100; i++) {
        limits_settle(&rq[i], i < 10 ? &good : &wrong); /* those refused give nothing back */
    }
    struct str after;
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 10);
}

static void a_clock_set_back_locks_nobody_out_for_long(void **state) {
    struct world *w = *state;
    struct str after;
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 60);
    later(w, -86400 * 1000LL);
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 0);
    assert_true(str_is(after, "10"));
    later(w, 10000);
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 0);
    later(w, 60000);
    assert_in_range(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 0, 60);
}

/* The table has one size: a million addresses do not drive out the one that owes. */
static void lockout_survives_a_flood_of_addresses(void **state) {
    struct world *w = *state;
    struct str after;
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 60);
    for (unsigned i = 0; i < 200000; i++) {
        char address[48];
        (void)snprintf(address, sizeof address, "2001:db8:%x:%x::1", i >> 16, i & 0xffff);
        assert_int_equal(passes(w, address, RATE_PASSWORD, 1, &after), 1);
        arena_reset(w->f.arena);
    }
    assert_int_equal(passes(w, "192.0.2.1", RATE_PASSWORD, 1000, &after), 0);
}

#define LIMIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        LIMIT_TEST(lockout_of_an_address_ends_as_retry_after_says),
        LIMIT_TEST(lockout_of_an_address_is_no_others),
        LIMIT_TEST(lockout_of_ipv6_is_of_its_network),
        LIMIT_TEST(a_class_without_a_number_has_no_limit),
        LIMIT_TEST(what_does_not_fail_is_given_back),
        LIMIT_TEST(what_fails_is_not),
        LIMIT_TEST(lockout_of_an_address_holds_for_many_at_once),
        LIMIT_TEST(a_clock_set_back_locks_nobody_out_for_long),
        LIMIT_TEST(lockout_survives_a_flood_of_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
