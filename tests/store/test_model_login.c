/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in: who may, the counter that locks, new passwords, authenticators. No password is hashed
 * here: the rows do not care what a hash looks like. */
#include "driver.h"
#include "model_world.h"

#define HASH "hash-1"

static struct login login_now(struct fixture *f) {
    struct login l;
    must(f->cx, login_find(f->cx, S(ENV_1), S("one@example.com"), &l));
    return l;
}

static void login_is_found_by_user_name(struct fixture *f) {
    world_login(f, "{\"lockAfter\":3}", S(HASH));
    struct login l;
    must(f->cx, login_find(f->cx, S(ENV_1), S("ONE@example.com"), &l));
    must_be(l.tenant_id, TENANT_1);
    must_be(l.employee_id, USER_1);
    must_be(l.user_name, "one@example.com");
    must_be(l.authenticator_id, AUTH_1);
    must_be(l.authenticator_kind, "system");
    must_be(l.password_hash, HASH);
    assert_int_equal(l.policy.lock_after, 3);
    assert_int_equal(l.policy.lock_seconds, 1800);
    assert_int_equal(l.password_changed_at, f->cx->now);
    assert_int_equal(l.failures, 0);
    assert_false(l.must_change);
}

static void enumeration_who_may_not_sign_in_is_not_found(struct fixture *f) {
    static const char *const changes[][2] = {
        {"UPDATE tenant SET is_enabled = 0 WHERE tenant_id = '" TENANT_1 "'",
         "UPDATE tenant SET is_enabled = 1"},
        {"UPDATE employee SET status = 'BLOCKED' WHERE tenant_id = '" TENANT_1 "'",
         "UPDATE employee SET status = 'ACTIVE'"},
        {"UPDATE employee SET status = 'PENDING'", "UPDATE employee SET status = 'ACTIVE'"},
        {"UPDATE employee SET type = 'api'", "UPDATE employee SET type = 'user'"},
        {"UPDATE employee_login SET password_hash = NULL",
         "UPDATE employee_login SET password_hash = '" HASH "'"},
    };
    struct login l;
    world_login(f, "{}", S(HASH));
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        must(f->cx, db_exec(f->cx, changes[i][0], DB_NO_ARGS, NULL));
        must_fail(f->cx, login_find(f->cx, S(ENV_1), S("one@example.com"), &l), ERR_NOT_FOUND);
        must(f->cx, db_exec(f->cx, changes[i][1], DB_NO_ARGS, NULL));
        (void)login_now(f);
    }
    must_fail(f->cx, login_find(f->cx, S(ENV_2), S("one@example.com"), &l), ERR_NOT_FOUND);
    must_fail(f->cx, login_find(f->cx, S(ENV_1), S("nobody@example.com"), &l), ERR_NOT_FOUND);
    must_fail(f->cx, login_find(f->cx, S(ENV_1), S("one@example.com' --"), &l), ERR_NOT_FOUND);
    must_fail(f->cx, login_find(f->cx, S(ENV_1), STR_NONE, &l), ERR_NOT_FOUND);
    /* Nobody's failure is nobody's: it counts for none. */
    l = login_dummy(S("nobody@example.com"));
    must(f->cx, login_failed(f->cx, &l, S("192.0.2.7")));
    assert_int_equal(login_now(f).failures, 0);
    assert_true(str_eq(l.password_hash, password_dummy()));
    assert_int_equal(l.policy.lock_after, 6);
}

static void no_authenticator_is_said_after_the_password(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    store_sql(f, "UPDATE employee_login SET login_authenticator_id = NULL");
    struct login l = login_now(f);
    assert_null(l.authenticator_kind.p);
    assert_null(l.authenticator_id.p);
    must_be(l.password_hash, HASH);
}

static void fail_times(struct fixture *f, int n) {
    struct login l = login_now(f);
    for (int i = 0; i < n; i++) {
        must(f->cx, login_failed(f->cx, &l, S("192.0.2.7")));
    }
}

static void lockout_after_six_for_thirty_minutes(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    fail_times(f, 5);
    struct login l = login_now(f);
    assert_int_equal(l.failures, 5);
    assert_int_equal(l.locked_until, 0);
    fail_times(f, 1);
    l = login_now(f);
    assert_int_equal(l.locked_until, f->cx->now + 1800);
    must_fail(f->cx, login_succeeded(f->cx, &l, true), ERR_FORBIDDEN);
    store_at(f, 1799);
    must_fail(f->cx, login_succeeded(f->cx, &l, true), ERR_FORBIDDEN);
    fail_times(f, 1); /* makes it no longer */
    store_at(f, 1);
    must(f->cx, login_succeeded(f->cx, &l, true));
    l = login_now(f);
    assert_int_equal(l.failures, 0);
    assert_int_equal(l.locked_until, 0);
}

/* Or a second factor could be guessed by whoever knows the password. */
static void lockout_is_not_cleared_by_the_first_of_two_factors(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    fail_times(f, 5);
    struct login l = login_now(f), same;
    must(f->cx, login_succeeded(f->cx, &l, false));
    must(f->cx, login_of(f->cx, l.tenant_id, l.employee_id, &same));
    assert_int_equal(same.failures, 5);
    assert_true(str_eq(same.user_name, l.user_name));
    must(f->cx, login_failed(f->cx, &same, S("192.0.2.7")));
    must_fail(f->cx, login_succeeded(f->cx, &l, false), ERR_FORBIDDEN);
    must_fail(f->cx, login_of(f->cx, l.tenant_id, STR("nobody"), &same), ERR_NOT_FOUND);
    must_fail(f->cx, login_of(f->cx, STR("other"), l.employee_id, &same), ERR_NOT_FOUND);
}

static void lockout_begins_anew_when_it_has_ended(struct fixture *f) {
    world_login(f, "{\"lockAfter\":2,\"lockSeconds\":60}", S(HASH));
    fail_times(f, 2);
    store_at(f, 60);
    fail_times(f, 1);
    struct login l = login_now(f);
    assert_int_equal(l.failures, 1);
    assert_int_equal(l.locked_until, 0);
    fail_times(f, 1);
    assert_int_equal(login_now(f).locked_until, f->cx->now + 60);
}

static void lockout_is_no_oracle_for_the_right_password(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    fail_times(f, 11);
    struct login l = login_now(f);
    must_fail(f->cx, login_succeeded(f->cx, &l, true), ERR_FORBIDDEN);
    fail_times(f, 1); /* twice six */
    must_fail(f->cx, login_succeeded(f->cx, &l, true), ERR_INVALID_GRANT);
    store_at(f, 1800);
    must(f->cx, login_succeeded(f->cx, &l, true));
}

static void success_clears_the_counter(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    fail_times(f, 5);
    struct login l = login_now(f);
    must(f->cx, login_succeeded(f->cx, &l, true));
    fail_times(f, 5);
    assert_int_equal(login_now(f).locked_until, 0);
}

static err failed_run(struct ctx *cx, void *state) {
    return login_failed(cx, state, S("192.0.2.7"));
}

static void lockout_counts_every_one_of_64_at_once(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    struct login l = login_now(f);
    assert_int_equal(store_race(f, failed_run, &l, OK), 64);
    assert_int_equal(store_number(f, "SELECT failures FROM employee_login"), 64);
    must_fail(f->cx, login_succeeded(f->cx, &l, true), ERR_INVALID_GRANT);
}

/* One record for one lock, however many tried: failures alone leave none. */
static void lockout_leaves_one_record(struct fixture *f) {
    struct str object, remote, detail, actor;
    world_login(f, "{\"lockAfter\":3,\"lockSeconds\":60}", S(HASH));
    fail_times(f, 2);
    assert_int_equal(store_number(f, "SELECT count(*) FROM audit"), 0);
    struct login l = login_now(f);
    (void)store_race(f, failed_run, &l, OK);
    must(f->cx, db_one(f->cx,
                       "SELECT object, remote, detail, actor FROM audit "
                       "WHERE tenant_id = '" TENANT_1 "' AND action = 'user.lock'",
                       DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&object), COLUMN_STR(&remote), COLUMN_STR(&detail),
                                  COLUMN_STR(&actor))));
    must_be(object, USER_1);
    must_be(remote, "192.0.2.7");
    must_be(detail, "{}");
    must_be(actor, "anonymous");
    store_at(f, 60);
    fail_times(f, 3);
    assert_int_equal(store_number(f, "SELECT count(*) FROM audit"), 2);
    l = login_dummy(S("hunter2: typed into the wrong field"));
    for (int i = 0; i < 10; i++) {
        must(f->cx, login_failed(f->cx, &l, S("192.0.2.7")));
    }
    assert_int_equal(store_number(f, "SELECT count(*) FROM audit"), 2);
}

struct guesses {
    struct login login;
    _Atomic int next, right, told;
};

/* The 41st that begins is right; what the guesser sees of the others is a failure. */
static err guess_run(struct ctx *cx, void *state) {
    struct guesses *g = state;
    if (atomic_fetch_add(&g->next, 1) != 40) {
        return login_failed(cx, &g->login, S("192.0.2.7"));
    }
    err e = login_succeeded(cx, &g->login, true);
    atomic_fetch_add(e == OK ? &g->right : &g->told, 1);
    return e == OK ? OK : fail(cx, ERR_FORBIDDEN, "as the model said");
}

static void lockout_holds_for_a_right_guess_among_64_at_once(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    struct guesses g = {.login = login_now(f)}; /* read before any of them: not locked */
    assert_int_equal(store_race(f, guess_run, &g, ERR_FORBIDDEN), 63);
    assert_int_equal(g.right, 0);
    assert_true(g.told >= 1);
}

static void lockout_survives_another_connection(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    fail_times(f, 6);
    struct actor *other = actor_new(f, DB_READ);
    struct login l;
    assert_int_equal(login_find(&other->cx, S(ENV_1), S("one@example.com"), &l), OK);
    assert_int_equal(l.locked_until, f->cx->now + 1800);
    actor_free(other);
}

static void lockout_is_of_one_employee_of_one_tenant(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    must(f->cx, login_password_set(f->cx, S(TENANT_2), S(USER_1), S(HASH), false));
    fail_times(f, 6);
    assert_int_equal(
        store_number(f, "SELECT failures FROM employee_login WHERE tenant_id = '" TENANT_2 "'"), 0);
}

static void dead_means_dead_a_changed_password_opens_no_more(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    struct login before = login_now(f);
    fail_times(f, 6);
    must(f->cx, login_password_set(f->cx, S(TENANT_1), S(USER_1), S("hash-2"), true));
    must_fail(f->cx, login_succeeded(f->cx, &before, true), ERR_INVALID_GRANT);
    struct login l = login_now(f);
    must_be(l.password_hash, "hash-2");
    must_be(l.authenticator_id, AUTH_1);
    assert_int_equal(l.failures, 0);
    assert_int_equal(l.locked_until, 0);
    assert_true(l.must_change);
    must(f->cx, login_succeeded(f->cx, &l, true));
    /* Nor does a rehash of the old one bring it back. */
    must(f->cx, login_password_rehash(f->cx, &before, S("hash-1-better")));
    must_be(login_now(f).password_hash, "hash-2");
    must(f->cx, login_password_rehash(f->cx, &l, S("hash-2-better")));
    must_be(login_now(f).password_hash, "hash-2-better");
}

static void password_that_is_too_old_must_be_changed(struct fixture *f) {
    world_login(f, "{\"maxAgeDays\":30}", S(HASH));
    store_at(f, 30 * 86400 - 1);
    assert_false(login_now(f).must_change);
    store_at(f, 1);
    assert_true(login_now(f).must_change);
}

static void idor_authenticators_are_found_in_their_tenant(struct fixture *f) {
    struct login_authenticator a;
    world_login(f, "{\"digit\":true}", S(HASH));
    must(f->cx, login_authenticator_find(f->cx, S(TENANT_1), S(AUTH_1), &a));
    must_be(a.name, "Password");
    must_be(a.kind, "system");
    assert_true(a.is_default && a.policy.digit && !a.policy.upper);
    must(f->cx, login_authenticator_named(f->cx, S(TENANT_1), S("Password"), &a));
    must_be(a.login_authenticator_id, AUTH_1);
    must(f->cx, login_authenticator_default(f->cx, S(TENANT_1), &a));
    must_be(a.login_authenticator_id, AUTH_1);
    must_fail(f->cx, login_authenticator_find(f->cx, S(TENANT_2), S(AUTH_1), &a), ERR_NOT_FOUND);
    must_fail(f->cx, login_authenticator_named(f->cx, S(TENANT_2), S("Password"), &a),
              ERR_NOT_FOUND);
    must_fail(f->cx, login_authenticator_named(f->cx, S(TENANT_1), S("password"), &a),
              ERR_NOT_FOUND);
    must_fail(f->cx, login_authenticator_default(f->cx, S(TENANT_2), &a), ERR_NOT_FOUND);
}

static void client_has_what_authorize_asks_for(struct fixture *f) {
    struct application a;
    world_make(f);
    store_sql(f, "UPDATE application SET redirects = '[\"https://r.example/\"]', "
                 "logouts = '[\"https://l.example/\"]', response_types = '[\"code\",\"id_token\"]' "
                 "WHERE application_id = '" APP_1 "'");
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    must_be(a.redirects, "[\"https://r.example/\"]");
    must_be(a.logouts, "[\"https://l.example/\"]");
    must_be(a.response_types, "[\"code\",\"id_token\"]");
    must_be(a.name, "one");
    must_be(a.vendor, "Acme");
    must(f->cx, application_find(f->cx, S(TENANT_1), S(APP_1), &a));
    must_be(a.response_types, "[\"code\",\"id_token\"]");
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_ALL), &a));
    must_be(a.response_types, "[\"code\"]");
}

/* A database of version 1 with rows: they stay, and mean what they meant. */
static void schema_2_reads_what_1_wrote(struct fixture *f) {
    struct application a;
    struct session s;
    must(f->cx, db_migrate_with(f->cx, f->db, db_migrations, 1));
    world_make(f);
    store_sql(f, "UPDATE application SET type = 'public' WHERE application_id = '" APP_ALL "'");
    store_sql(f, "INSERT INTO session (tenant_id, session_id, application_tenant_id, "
                 "application_id, employee_id, scope, auth_at, created_at, expires_at) "
                 "VALUES ('" TENANT_1 "', 's1', '" TENANT_1 "', '" APP_1 "', '" USER_1
                 "', 'openid', 1, 1, 9000000000)");
    must(f->cx, db_migrate(f->cx, f->db));
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    must_be(a.response_types, "[]"); /* a back end */
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_ALL), &a));
    must_be(a.response_types, "[\"code\"]");
    must(f->cx, session_find(f->cx, S(TENANT_1), S("s1"), &s));
    assert_null(s.sso_session_id.p);
    must_be(s.scope, "openid");
    must(f->cx, login_password_set(f->cx, S(TENANT_1), S(USER_1), S(HASH), false));
    must(f->cx, session_find(f->cx, S(TENANT_1), S("s1"), &s));
    assert_int_equal(s.revoked_at, 0);
}

static const struct store_case cases[] = {
    STORE_CASE(login_is_found_by_user_name),
    STORE_CASE(enumeration_who_may_not_sign_in_is_not_found),
    STORE_CASE(no_authenticator_is_said_after_the_password),
    STORE_CASE(lockout_after_six_for_thirty_minutes),
    STORE_CASE(lockout_begins_anew_when_it_has_ended),
    STORE_CASE(lockout_is_no_oracle_for_the_right_password),
    STORE_CASE(lockout_is_not_cleared_by_the_first_of_two_factors),
    STORE_CASE(success_clears_the_counter),
    STORE_CASE(lockout_counts_every_one_of_64_at_once),
    STORE_CASE(lockout_leaves_one_record),
    STORE_CASE(lockout_holds_for_a_right_guess_among_64_at_once),
    STORE_CASE(lockout_survives_another_connection),
    STORE_CASE(lockout_is_of_one_employee_of_one_tenant),
    STORE_CASE(dead_means_dead_a_changed_password_opens_no_more),
    STORE_CASE(password_that_is_too_old_must_be_changed),
    STORE_CASE(idor_authenticators_are_found_in_their_tenant),
    STORE_CASE(client_has_what_authorize_asks_for),
    STORE_CASE_BARE(schema_2_reads_what_1_wrote),
};
STORE_MAIN(cases)
