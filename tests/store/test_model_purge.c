/* SPDX-License-Identifier: Apache-2.0 */
/* The purge: what has expired goes, what is good stays to the second, in bites. */
#include "model_world.h"

#define MARGIN JWT_LEEWAY_SECONDS

/* One round over all tables; how much was removed. */
static int64_t purge(struct fixture *f) {
    struct purge_cursor cursor = {0};
    int64_t removed, all = 0;
    bool wrapped = false;
    for (unsigned bites = 0; !wrapped; bites++) {
        assert_true(bites < 100);
        must(f->cx, purge_bite(f->cx, &cursor, &removed, &wrapped));
        all += removed;
    }
    assert_int_equal(cursor.table, 0);
    return all;
}

static void expired_sessions_go_at_their_second(struct fixture *f) {
    struct session s;
    world_make(f);
    struct session made = world_session(f, STR_NONE); /* for 7200 seconds */
    store_at(f, 7200 + MARGIN - 1);
    assert_int_equal(purge(f), 0);
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    store_at(f, 1);
    assert_int_equal(purge(f), 1);
    must_fail(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s), ERR_NOT_FOUND);
    assert_int_equal(purge(f), 0);
}

static void refresh_answer_goes_after_its_grace(struct fixture *f) {
    struct session s;
    world_make(f);
    struct session made = world_session(f, STR_NONE);
    struct session_rotation r = {.tenant_id = S(TENANT_1),
                                 .session_id = made.session_id,
                                 .old_digest = S("digest-0"),
                                 .new_digest = S("digest-1"),
                                 .answer = S("sealed"),
                                 .refresh_expires_at = made.refresh_expires_at,
                                 .expires_at = made.expires_at};
    must(f->cx, session_rotate(f->cx, &r));
    store_at(f, REFRESH_GRACE_SECONDS);
    assert_int_equal(purge(f), 0);
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    must_be(s.refresh_answer, "sealed");
    store_at(f, 1);
    assert_int_equal(purge(f), 0); /* nothing that makes the keeper hurry */
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    assert_null(s.refresh_answer.p);
    must_be(s.refresh_digest, "digest-1");
}

static void many_rows_go_in_bites(struct fixture *f) {
    world_make(f);
    enum { MANY = PURGE_BITE * 2 + 7 };
    for (int i = 0; i < MANY; i++) {
        struct session s = {.tenant_id = i % 2 == 0 ? S(TENANT_1) : S(TENANT_2),
                            .session_id = uuid_v7(f->cx),
                            .application_tenant_id = S(TENANT_1),
                            .application_id = S(APP_1),
                            .scope = S("openid"),
                            .created_at = 1,
                            .expires_at = f->cx->now + (i % 3 == 0 ? 1 : 100000)};
        must(f->cx, session_create(f->cx, &s));
    }
    store_at(f, MARGIN + 1);
    struct purge_cursor cursor = {0};
    int64_t removed, all = 0;
    bool wrapped;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cursor.table, 0);
        must(f->cx, purge_bite(f->cx, &cursor, &removed, &wrapped));
        assert_false(wrapped);
        assert_true(removed <= PURGE_BITE);
        all += removed;
    }
    assert_int_equal(all, (MANY + 2) / 3);
    assert_int_equal(cursor.table, 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM session"), MANY - (MANY + 2) / 3);
}

static void assertions_and_generated_keys_go_at_their_second(struct fixture *f) {
    struct application a = {.tenant_id = S(TENANT_1), .application_id = S(APP_1)};
    for (int i = 0; i < PURGE_BITE + 3; i++) {
        struct str jti = str_format(f->cx->arena, "jti-%d", i);
        must(f->cx, assertion_use(f->cx, &a, jti, f->cx->now + 10));
    }
    must(f->cx, assertion_use(f->cx, &a, S("later"), f->cx->now + 11));
    for (int i = 0; i < 3; i++) {
        struct generated_key k = {.tenant_id = S(TENANT_2),
                                  .generated_key_id = str_format(f->cx->arena, "k%d", i),
                                  .employee_id = S(USER_2),
                                  .expires_at = f->cx->now + 10 + i / 2};
        must(f->cx, generated_key_create(f->cx, &k));
    }
    store_at(f, 10 + MARGIN - 1);
    assert_int_equal(purge(f), 0);
    store_at(f, 1);
    assert_int_equal(purge(f), PURGE_BITE + 3 + 2);
    assert_int_equal(store_number(f, "SELECT count(*) FROM assertion"), 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM generated_key"), 1);
    store_at(f, 1);
    assert_int_equal(purge(f), 2);
}

static void applications_go_with_everything_that_names_them(struct fixture *f) {
    struct application a;
    world_make(f);
    store_sql(f, "INSERT INTO application_tenant VALUES ('" TENANT_2 "', '" APP_1 "', 0)");
    store_sql(f, "INSERT INTO application_tenant VALUES ('" TENANT_1 "', '" APP_ALL "', 1)");
    must(f->cx,
         db_exec(f->cx,
                 "UPDATE application SET deletion_at = $1 WHERE application_id = '" APP_1 "'",
                 DB_ARGS(DB_INT(f->cx->now + 5)), NULL));
    store_at(f, 4);
    assert_int_equal(purge(f), 0);
    must(f->cx, application_find(f->cx, S(TENANT_1), S(APP_1), &a));
    store_at(f, 1);
    assert_int_equal(purge(f), 2); /* and what TENANT_2 decided about it */
    must_fail(f->cx, application_find(f->cx, S(TENANT_1), S(APP_1), &a), ERR_NOT_FOUND);
    must_fail(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a), ERR_NOT_FOUND);
    assert_int_equal(store_number(f, "SELECT count(*) FROM application_name_index"), 0);
    assert_int_equal(store_number(f, "SELECT count(*) FROM origin_index"), 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM application_index"), 3);
    assert_int_equal(store_number(f, "SELECT count(*) FROM application"), 3);
    assert_int_equal(store_number(f, "SELECT count(*) FROM application_tenant"), 1);
}

static void retired_keys_go_when_their_last_token_has_expired(struct fixture *f) {
    struct signing_keys_new *keys;
    world_make(f);
    world_keys(f, ENV_1);
    must(f->cx,
         signing_keys_prepare(f->cx, &world_master, S(ENV_1), alg_find(STR("ES256")), &keys));
    must(f->cx, signing_keys_rotate(f->cx, keys));
    int64_t before =
        store_number(f, "SELECT int_value FROM platform_value WHERE name = 'generation'");
    store_at(f, SIGNING_KEY_RETIRED_SECONDS + MARGIN - 1);
    assert_int_equal(purge(f), 0);
    store_at(f, 1);
    assert_int_equal(purge(f), 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key WHERE state = 'retired'"),
                     0);
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key"), 5);
    assert_int_equal(
        store_number(f, "SELECT int_value FROM platform_value WHERE name = 'generation'"),
        before + 1);
}

static void signing_in_leaves_nothing_behind(struct fixture *f) {
    struct str cookie;
    world_make(f);
    for (int i = 0; i < 3; i++) {
        struct sso_session s = {.tenant_id = S(TENANT_1),
                                .employee_id = S(USER_1),
                                .amr = S("pwd"),
                                .idle_seconds = 10,
                                .expires_at = f->cx->now + 1000 + i / 2};
        sso_session_prepare(f->cx, &s, &cookie);
        must(f->cx, sso_session_create(f->cx, &s));
        if (i == 0) {
            must(f->cx, sso_session_end(f->cx, S(TENANT_1), s.sso_session_id));
        }
    }
    for (int i = 0; i < PURGE_BITE + 3; i++) {
        struct login_flow flow = {.environment_id = S(ENV_1), .step = S("user")};
        login_flow_prepare(f->cx, &flow);
        flow.expires_at += i == 7;
        must(f->cx, login_flow_create(f->cx, &flow));
    }
    const char *sso = "SELECT count(*) FROM sso_session";
    const char *flows = "SELECT count(*) FROM login_flow_index";
    store_at(f, AUTHORIZATION_CODE_SECONDS + MARGIN - 1);
    assert_int_equal(purge(f), 0);
    store_at(f, 1); /* the one that was ended; idle ones wait for their end */
    assert_int_equal(purge(f), 1);
    store_at(f, 1000);
    assert_int_equal(purge(f), 1);
    assert_int_equal(store_number(f, sso), 1);
    store_at(f, 1);
    assert_int_equal(purge(f), 1);
    store_at(f, LOGIN_FLOW_SECONDS - 1001 - AUTHORIZATION_CODE_SECONDS - 1);
    assert_int_equal(purge(f), 0);
    store_at(f, 1);
    assert_int_equal(purge(f), PURGE_BITE + 2);
    assert_int_equal(store_number(f, flows), 1);
    store_at(f, 1);
    assert_int_equal(purge(f), 1);
}

static void code_once_used_codes_stay_as_long_as_what_they_gave(struct fixture *f) {
    struct str sso_now;
    struct authorization_code c = {.tenant_id = S(TENANT_1),
                                   .application_tenant_id = S(TENANT_1),
                                   .application_id = S(APP_1),
                                   .employee_id = S(USER_1),
                                   .redirect_uri = S("https://one.example/"),
                                   .scope = S("openid")};
    authorization_code_prepare(f->cx, &c);
    must(f->cx, authorization_code_create(f->cx, &c));
    must(f->cx, authorization_code_use(f->cx, &c, S("session"), &sso_now));
    store_at(f, AUTHORIZATION_CODE_SECONDS + LIFETIME_ACCESS_MAX - 1);
    assert_int_equal(purge(f), 0);
    must(f->cx, authorization_code_find(f->cx, c.code, &c));
    must_be(c.session_id, "session");
    store_at(f, 1);
    assert_int_equal(purge(f), 1);
    must_fail(f->cx, authorization_code_find(f->cx, c.code, &c), ERR_NOT_FOUND);
}

static void audit_stays(struct fixture *f) {
    struct audit a = {.tenant_id = S(TENANT_1), .actor = S("x"), .action = S("y")};
    must(f->cx, audit_write(f->cx, &a));
    store_at(f, INT64_C(100) * 365 * 86400);
    assert_int_equal(purge(f), 0);
    assert_int_equal(store_number(f, "SELECT count(*) FROM audit"), 1);
}

static const struct store_case cases[] = {
    STORE_CASE(expired_sessions_go_at_their_second),
    STORE_CASE(refresh_answer_goes_after_its_grace),
    STORE_CASE(many_rows_go_in_bites),
    STORE_CASE(assertions_and_generated_keys_go_at_their_second),
    STORE_CASE(applications_go_with_everything_that_names_them),
    STORE_CASE(retired_keys_go_when_their_last_token_has_expired),
    STORE_CASE(signing_in_leaves_nothing_behind),
    STORE_CASE(code_once_used_codes_stay_as_long_as_what_they_gave),
    STORE_CASE(audit_stays),
};
STORE_MAIN(cases)
