/* SPDX-License-Identifier: Apache-2.0 */
/* Device codes and user codes: each step once, guesses counted, digests at rest. */
#include "model_world.h"

#define MARGIN JWT_LEEWAY_SECONDS

static struct sso_session sso_new(struct fixture *f, struct str tenant_id, struct str employee_id) {
    struct sso_session s = {.tenant_id = tenant_id,
                            .employee_id = employee_id,
                            .amr = S("pwd otp"),
                            .idle_seconds = 3600,
                            .expires_at = f->cx->now + 43200};
    struct str cookie;
    sso_session_prepare(f->cx, &s, &cookie);
    must(f->cx, sso_session_create(f->cx, &s));
    return s;
}

static struct device_code device_new(struct fixture *f) {
    struct device_code d = {.tenant_id = S(TENANT_1),
                            .environment_id = S(ENV_1),
                            .application_id = S(APP_1),
                            .scope = S("openid")};
    device_code_prepare(f->cx, &d);
    must(f->cx, device_code_create(f->cx, &d));
    return d;
}

static void device_is_found_by_its_code_and_by_nobody_elses(struct fixture *f) {
    struct device_code made = device_new(f), d;
    must(f->cx, device_code_find(f->cx, S(ENV_1), made.code, &d));
    must_be(d.tenant_id, TENANT_1);
    must_be(d.application_id, APP_1);
    must_be(d.scope, "openid");
    must_be(d.state, "pending");
    assert_int_equal(d.interval, DEVICE_CODE_INTERVAL);
    assert_int_equal(d.expires_at, f->cx->now + DEVICE_CODE_SECONDS);
    must_fail(f->cx, device_code_find(f->cx, S(ENV_2), made.code, &d), ERR_NOT_FOUND);
    must_fail(f->cx, device_code_find(f->cx, S(ENV_1), made.user_code, &d), ERR_NOT_FOUND);
    must_fail(f->cx,
              device_code_find(f->cx, S(ENV_1),
                               str_format(f->cx->arena, "%s%.*s", TENANT_2, (int)(made.code.n - 36),
                                          made.code.p + 36),
                               &d),
              ERR_NOT_FOUND);
}

static void steps_of_a_person_in_their_order(struct fixture *f) {
    struct str sso_now;
    struct device_code made = device_new(f), d;
    struct sso_session s = sso_new(f, S(TENANT_2), S(USER_2)),
                       t = sso_new(f, S(TENANT_1), S(USER_1));
    /* Nothing is decided that was not shown, and not by whom it was not shown to. */
    must_fail(f->cx, device_code_decide(f->cx, S(ENV_1), made.user_code, &s, true), ERR_NOT_FOUND);
    must_fail(f->cx, device_code_shown(f->cx, S(ENV_1), made.user_code, &s, &d), ERR_NOT_FOUND);
    must_fail(f->cx, device_code_show(f->cx, S(ENV_2), made.user_code, &s), ERR_NOT_FOUND);
    must(f->cx, device_code_show(f->cx, S(ENV_1), made.user_code, &s));
    must_fail(f->cx, device_code_decide(f->cx, S(ENV_1), made.user_code, &t, true), ERR_NOT_FOUND);
    must_fail(f->cx, device_code_shown(f->cx, S(ENV_1), made.user_code, &t, &d), ERR_NOT_FOUND);
    must(f->cx, device_code_shown(f->cx, S(ENV_1), made.user_code, &s, &d));
    must_be(d.state, "shown");
    must_fail(f->cx, device_code_use(f->cx, &made, S("session-1"), &sso_now), ERR_INVALID_GRANT);
    must(f->cx, device_code_decide(f->cx, S(ENV_1), made.user_code, &s, true));
    must_fail(f->cx, device_code_decide(f->cx, S(ENV_1), made.user_code, &s, false), ERR_NOT_FOUND);
    must_fail(f->cx, device_code_show(f->cx, S(ENV_1), made.user_code, &t), ERR_NOT_FOUND);
    must(f->cx, device_code_find(f->cx, S(ENV_1), made.code, &d));
    must_be(d.state, "allowed");
    must_be(d.user_tenant_id, TENANT_2);
    must_be(d.employee_id, USER_2);
    must_be(d.amr, "pwd otp");
    assert_int_equal(d.auth_at, s.auth_at);
    assert_true(str_eq(d.sso_session_id, s.sso_session_id));
    must(f->cx, device_code_use(f->cx, &made, S("session-1"), &sso_now));
    must_fail(f->cx, device_code_use(f->cx, &made, S("session-2"), &sso_now), ERR_INVALID_GRANT);
    must(f->cx, device_code_find(f->cx, S(ENV_1), made.code, &d));
    must_be(d.session_id, "session-1");
}

static void code_shown_in_a_second_browser_is_that_ones(struct fixture *f) {
    struct device_code made = device_new(f);
    struct sso_session s = sso_new(f, S(TENANT_1), S(USER_1)),
                       t = sso_new(f, S(TENANT_2), S(USER_2));
    must(f->cx, device_code_show(f->cx, S(ENV_1), made.user_code, &s));
    must(f->cx, device_code_show(f->cx, S(ENV_1), made.user_code, &t));
    must_fail(f->cx, device_code_decide(f->cx, S(ENV_1), made.user_code, &s, true), ERR_NOT_FOUND);
    must(f->cx, device_code_decide(f->cx, S(ENV_1), made.user_code, &t, false));
}

static void what_was_let_in_moves_to_the_next_sign_in_of_the_browser(struct fixture *f) {
    struct str sso_now;
    struct device_code allowed = device_new(f), shown = device_new(f), d;
    struct sso_session s = sso_new(f, S(TENANT_2), S(USER_2)),
                       t = sso_new(f, S(TENANT_2), S(USER_2)),
                       other = sso_new(f, S(TENANT_1), S(USER_1));
    must(f->cx, device_code_show(f->cx, S(ENV_1), allowed.user_code, &s));
    must(f->cx, device_code_show(f->cx, S(ENV_1), shown.user_code, &s));
    must(f->cx, device_code_decide(f->cx, S(ENV_1), allowed.user_code, &s, true));
    must(f->cx, sso_session_replace(f->cx, &s, &t));
    must(f->cx, device_code_find(f->cx, S(ENV_1), allowed.code, &d));
    assert_true(str_eq(d.sso_session_id, t.sso_session_id));
    must(f->cx, device_code_decide(f->cx, S(ENV_1), shown.user_code, &t, true));
    must(f->cx, device_code_use(f->cx, &shown, S("session-1"), &sso_now));
    assert_true(str_eq(sso_now, t.sso_session_id)); /* not what was read when it was found */
    /* Somebody else's sign-in takes nothing over. */
    must(f->cx, sso_session_replace(f->cx, &t, &other));
    must(f->cx, device_code_find(f->cx, S(ENV_1), allowed.code, &d));
    assert_true(str_eq(d.sso_session_id, t.sso_session_id));
}

static void everything_ends_after_ten_minutes(struct fixture *f) {
    struct str sso_now;
    struct device_code made = device_new(f), other = device_new(f);
    struct sso_session s = sso_new(f, S(TENANT_1), S(USER_1));
    must(f->cx, device_code_show(f->cx, S(ENV_1), made.user_code, &s));
    must(f->cx, device_code_show(f->cx, S(ENV_1), other.user_code, &s));
    must(f->cx, device_code_decide(f->cx, S(ENV_1), other.user_code, &s, true));
    store_at(f, DEVICE_CODE_SECONDS);
    must_fail(f->cx, device_code_show(f->cx, S(ENV_1), made.user_code, &s), ERR_NOT_FOUND);
    must_fail(f->cx, device_code_decide(f->cx, S(ENV_1), made.user_code, &s, true), ERR_NOT_FOUND);
    must_fail(f->cx, device_code_use(f->cx, &other, S("session-1"), &sso_now), ERR_INVALID_GRANT);
    store_at(f, -1);
    must(f->cx, device_code_use(f->cx, &other, S("session-1"), &sso_now));
}

static void user_code_of_a_living_device_is_not_given_twice(struct fixture *f) {
    struct device_code made = device_new(f), second = made, d;
    struct sso_session s = sso_new(f, S(TENANT_1), S(USER_1));
    device_code_prepare(f->cx, &second);
    second.user_code = made.user_code;
    must_fail(f->cx, device_code_create(f->cx, &second), ERR_UNAVAILABLE);
    must(f->cx, device_code_show(f->cx, S(ENV_1), made.user_code, &s));
    must(f->cx, device_code_find(f->cx, S(ENV_1), made.code, &d));
    must_be(d.state, "shown");
    store_at(f, DEVICE_CODE_SECONDS);
    device_code_prepare(f->cx, &second);
    second.user_code = made.user_code;
    must(f->cx, device_code_create(f->cx, &second));
    must(f->cx, device_code_show(f->cx, S(ENV_1), made.user_code, &s));
    must(f->cx, device_code_find(f->cx, S(ENV_1), second.code, &d));
    must_be(d.state, "shown");
}

/* ---- at the same time ---- */

static err use_run(struct ctx *cx, void *state) {
    struct str sso_now;
    return device_code_use(cx, state, uuid_v7(cx), &sso_now);
}

static void code_once_among_64(struct fixture *f) {
    struct device_code made = device_new(f);
    struct sso_session s = sso_new(f, S(TENANT_1), S(USER_1));
    must(f->cx, device_code_show(f->cx, S(ENV_1), made.user_code, &s));
    must(f->cx, device_code_decide(f->cx, S(ENV_1), made.user_code, &s, true));
    assert_int_equal(store_race(f, use_run, &made, ERR_INVALID_GRANT), 1);
}

static err poll_run(struct ctx *cx, void *state) {
    bool too_soon;
    TRY(device_code_poll(cx, state, &too_soon));
    return too_soon ? fail(cx, ERR_SLOW_DOWN, "too soon") : OK;
}

static void slow_down_for_all_but_one_of_64(struct fixture *f) {
    struct device_code made = device_new(f);
    assert_int_equal(store_race(f, poll_run, &made, ERR_SLOW_DOWN), 1);
}

static void slow_down_makes_the_interval_longer(struct fixture *f) {
    struct device_code made = device_new(f), d;
    static const struct {
        int64_t after;
        bool too_soon;
        int64_t interval;
    } polls[] = {{0, false, 5}, {5, false, 5}, {4, false, 5},
                 {3, true, 10}, {8, true, 15}, {14, false, 15}};
    for (size_t i = 0; i < COUNT_OF(polls); i++) {
        bool too_soon;
        store_at(f, polls[i].after);
        must(f->cx, device_code_poll(f->cx, &made, &too_soon));
        must(f->cx, device_code_find(f->cx, S(ENV_1), made.code, &d));
        assert_int_equal(too_soon, polls[i].too_soon);
        assert_int_equal(d.interval, polls[i].interval);
    }
}

struct guess {
    struct sso_session sso;
    struct str user_code;
};

/* As the page commits it. */
static err guess_run(struct ctx *cx, void *state) {
    const struct guess *g = state;
    err e = device_code_show(cx, S(ENV_1), g->user_code, &g->sso);
    return e == ERR_NOT_FOUND ? OK : e;
}

static void lockout_guesses_of_an_employee_are_ten(struct fixture *f) {
    struct device_code made = device_new(f);
    struct guess wrong = {sso_new(f, S(TENANT_1), S(USER_1)), S("BBBB-BBBB")},
                 right = {wrong.sso, made.user_code},
                 another = {sso_new(f, S(TENANT_1), S(USER_1)), made.user_code},
                 somebody = {sso_new(f, S(TENANT_2), S(USER_2)), S("BBBB-BBBB")};
    for (int i = 0; i < 20; i++) { /* a right one is no guess */
        must(f->cx, db_transaction(f->cx, guess_run, &right));
    }
    assert_int_equal(store_race(f, guess_run, &wrong, ERR_RATE_LIMITED), 10);
    must_fail(f->cx, db_transaction(f->cx, guess_run, &right), ERR_RATE_LIMITED);
    /* In another of their browsers too; others are not held up. */
    must_fail(f->cx, db_transaction(f->cx, guess_run, &another), ERR_RATE_LIMITED);
    must(f->cx, db_transaction(f->cx, guess_run, &somebody));
    store_at(f, DEVICE_CODE_SECONDS - 1);
    must_fail(f->cx, db_transaction(f->cx, guess_run, &right), ERR_RATE_LIMITED);
    store_at(f, 1);
    assert_int_equal(store_race(f, guess_run, &wrong, ERR_RATE_LIMITED), 10);
}

/* ---- what stays ---- */

static void secrets_once_rows_hold_digests(struct fixture *f) {
    struct device_code made = device_new(f);
    struct str digest, user_digest, index_digest;
    must(f->cx, db_one(f->cx, "SELECT code_digest FROM device_code", DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&digest))));
    must(f->cx,
         db_one(f->cx, "SELECT user_code_digest, code_digest FROM user_code_index", DB_NO_ARGS,
                DB_COLUMNS(COLUMN_STR(&user_digest), COLUMN_STR(&index_digest))));
    assert_true(sha256_matches(made.code, digest));
    assert_true(str_eq(digest, index_digest));
    assert_true(sha256_matches(made.user_code, user_digest));
}

static void purge_to(struct fixture *f, int64_t codes, int64_t index, int64_t guesses) {
    struct purge_cursor cursor = {0};
    int64_t removed;
    bool wrapped = false;
    while (!wrapped) {
        must(f->cx, purge_bite(f->cx, &cursor, &removed, &wrapped));
    }
    assert_int_equal(store_number(f, "SELECT count(*) FROM device_code"), codes);
    assert_int_equal(store_number(f, "SELECT count(*) FROM user_code_index"), index);
    assert_int_equal(store_number(f, "SELECT count(*) FROM device_guess"), guesses);
}

static void what_has_expired_goes(struct fixture *f) {
    struct guess wrong = {sso_new(f, S(TENANT_1), S(USER_1)), S("BBBB-BBBB")};
    (void)device_new(f);
    must(f->cx, db_transaction(f->cx, guess_run, &wrong));
    store_at(f, DEVICE_CODE_SECONDS + MARGIN - 1);
    purge_to(f, 1, 1, 1);
    store_at(f, 1);
    purge_to(f, 1, 0, 0);
    /* A used code that comes again still finds what it became. */
    store_at(f, LIFETIME_ACCESS_MAX - MARGIN - 1);
    purge_to(f, 1, 0, 0);
    store_at(f, 1);
    purge_to(f, 0, 0, 0);
}

static void dead_means_dead_codes_end_with_their_application_or_its_tenant(struct fixture *f) {
    struct device_code d, one = device_new(f), other = one;
    world_make(f);
    other.application_id = S(APP_ALL);
    device_code_prepare(f->cx, &other);
    must(f->cx, device_code_create(f->cx, &other));
    must(f->cx, application_sessions_end(f->cx, S(ENV_1), S(TENANT_1), S(APP_1)));
    must_fail(f->cx, device_code_find(f->cx, S(ENV_1), one.code, &d), ERR_NOT_FOUND);
    must(f->cx, tenant_sessions_end(f->cx, S(TENANT_2)));
    must(f->cx, device_code_find(f->cx, S(ENV_1), other.code, &d));
    must(f->cx, tenant_sessions_end(f->cx, S(TENANT_1)));
    must_fail(f->cx, device_code_find(f->cx, S(ENV_1), other.code, &d), ERR_NOT_FOUND);
}

static const struct store_case cases[] = {
    STORE_CASE(device_is_found_by_its_code_and_by_nobody_elses),
    STORE_CASE(steps_of_a_person_in_their_order),
    STORE_CASE(code_shown_in_a_second_browser_is_that_ones),
    STORE_CASE(what_was_let_in_moves_to_the_next_sign_in_of_the_browser),
    STORE_CASE(everything_ends_after_ten_minutes),
    STORE_CASE(user_code_of_a_living_device_is_not_given_twice),
    STORE_CASE(code_once_among_64),
    STORE_CASE(slow_down_for_all_but_one_of_64),
    STORE_CASE(slow_down_makes_the_interval_longer),
    STORE_CASE(lockout_guesses_of_an_employee_are_ten),
    STORE_CASE(secrets_once_rows_hold_digests),
    STORE_CASE(what_has_expired_goes),
    STORE_CASE(dead_means_dead_codes_end_with_their_application_or_its_tenant),
};
STORE_MAIN(cases)
