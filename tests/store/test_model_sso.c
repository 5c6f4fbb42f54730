/* SPDX-License-Identifier: Apache-2.0 */
/* Browser sessions, and what they issued. */
#include "model_world.h"

static void sso_lives(struct fixture *f, struct str cookie) {
    struct sso_session s;
    must(f->cx, sso_session_find(f->cx, S(ENV_1), cookie, &s));
}

static void sso_is_dead(struct fixture *f, struct str cookie) {
    struct sso_session s;
    must_fail(f->cx, sso_session_find(f->cx, S(ENV_1), cookie, &s), ERR_NOT_FOUND);
}

static void sso_session_is_found_by_its_cookie(struct fixture *f) {
    struct sso_session made, s;
    world_make(f);
    struct str cookie = world_sso(f, NULL, &made);
    must(f->cx, sso_session_find(f->cx, S(ENV_1), cookie, &s));
    must_be(s.tenant_id, TENANT_1);
    must_be(s.employee_id, USER_1);
    must_be(s.amr, "pwd");
    assert_int_equal(s.auth_at, f->cx->now);
    assert_int_equal(s.expires_at, f->cx->now + 43200);
    assert_true(str_eq(s.sso_session_id, made.sso_session_id));
    must_fail(f->cx, sso_session_find(f->cx, S(ENV_2), cookie, &s), ERR_NOT_FOUND);
    sso_is_dead(f, STR_NONE);
    sso_is_dead(f, S(""));
    sso_is_dead(f, str_sub(cookie, 0, cookie.n - 1));
    sso_is_dead(f, str_format(f->cx->arena, "%.*sA", STR_ARG(cookie)));
    /* The random part under another tenant's name. */
    sso_is_dead(f,
                str_format(f->cx->arena, "%s%.*s", TENANT_2, (int)(cookie.n - 36), cookie.p + 36));
    /* What the row holds opens nothing. */
    sso_is_dead(f, made.sso_session_id);
}

static void fixation_every_sign_in_has_a_new_id(struct fixture *f) {
    struct sso_session a, b;
    world_make(f);
    struct str first = world_sso(f, NULL, &a), second = world_sso(f, NULL, &b);
    assert_false(str_eq(first, second));
    assert_false(str_eq(a.sso_session_id, b.sso_session_id));
    /* Whatever was in the struct before: an id that somebody set is not kept. */
    struct sso_session c = a;
    struct str cookie;
    sso_session_prepare(f->cx, &c, &cookie);
    assert_false(str_eq(a.sso_session_id, c.sso_session_id));
}

static void sso_session_ends_by_idleness_and_by_age(struct fixture *f) {
    struct sso_session s;
    world_make(f);
    struct str cookie = world_sso(f, NULL, &s);
    store_at(f, 3599);
    sso_lives(f, cookie);
    store_at(f, 1);
    sso_is_dead(f, cookie);
    store_at(f, -1);
    for (int64_t at = 3599; at + 3599 < 43200; at += 3599) {
        must(f->cx, sso_session_find(f->cx, S(ENV_1), cookie, &s));
        must(f->cx, sso_session_used(f->cx, &s));
        store_at(f, 3599);
    }
    must(f->cx, sso_session_find(f->cx, S(ENV_1), cookie, &s));
    must(f->cx, sso_session_used(f->cx, &s));
    store_at(f, s.expires_at - f->cx->now);
    sso_is_dead(f, cookie);
}

static void sso_session_use_is_written_once_a_minute(struct fixture *f) {
    struct sso_session s;
    world_make(f);
    struct str cookie = world_sso(f, NULL, &s);
    int64_t made = f->cx->now;
    store_at(f, 59);
    must(f->cx, sso_session_used(f->cx, &s));
    assert_int_equal(store_number(f, "SELECT last_used_at FROM sso_session"), made);
    store_at(f, 1);
    must(f->cx, sso_session_used(f->cx, &s));
    must(f->cx, sso_session_find(f->cx, S(ENV_1), cookie, &s));
    assert_int_equal(s.last_used_at, made + 60);
}

static struct str issued(struct fixture *f, struct str sso_session_id) {
    return world_session_with(f, (struct session){.sso_session_id = sso_session_id,
                                                  .nonce = S("n-0S6_WzA2Mj"),
                                                  .amr = S("pwd")})
        .session_id;
}

static void session_keeps_nonce_amr_and_browser_session(struct fixture *f) {
    struct sso_session sso;
    struct session s;
    world_make(f);
    (void)world_sso(f, NULL, &sso);
    must(f->cx, session_find(f->cx, S(TENANT_1), issued(f, sso.sso_session_id), &s));
    assert_true(str_eq(s.sso_session_id, sso.sso_session_id));
    must_be(s.nonce, "n-0S6_WzA2Mj");
    must_be(s.amr, "pwd");
    must(f->cx, session_find(f->cx, S(TENANT_1), world_session(f, STR_NONE).session_id, &s));
    assert_null(s.sso_session_id.p);
    assert_null(s.nonce.p);
    assert_null(s.amr.p);
}

/* Neither an API nor a refresh takes it any more. */
static void is_revoked(struct fixture *f, struct str session_id) {
    struct caller c;
    struct session s;
    must_fail(f->cx, caller_find(f->cx, S(ENV_1), S(TENANT_1), session_id, &c), ERR_INVALID_TOKEN);
    must(f->cx, session_find(f->cx, S(TENANT_1), session_id, &s));
    assert_int_equal(s.revoked_at, f->cx->now);
    struct session_rotation r = {.tenant_id = S(TENANT_1),
                                 .session_id = session_id,
                                 .old_digest = S("digest-0"),
                                 .new_digest = S("digest-1"),
                                 .refresh_expires_at = f->cx->now + 100,
                                 .expires_at = f->cx->now + 100};
    must_fail(f->cx, session_rotate(f->cx, &r), ERR_NOT_FOUND);
}

static void is_alive(struct fixture *f, struct str session_id) {
    struct caller c;
    must(f->cx, caller_find(f->cx, S(ENV_1), S(TENANT_1), session_id, &c));
}

static void dead_means_dead_logout_revokes_what_was_issued(struct fixture *f) {
    struct sso_session one, other;
    world_make(f);
    struct str cookie = world_sso(f, NULL, &one), kept = world_sso(f, NULL, &other);
    struct str a = issued(f, one.sso_session_id), b = issued(f, one.sso_session_id);
    struct str c = issued(f, other.sso_session_id), key = world_session(f, STR_NONE).session_id;
    must(f->cx, sso_session_end(f->cx, S(TENANT_2), one.sso_session_id));
    is_alive(f, a);
    must(f->cx, sso_session_end(f->cx, S(TENANT_1), one.sso_session_id));
    sso_is_dead(f, cookie);
    is_revoked(f, a);
    is_revoked(f, b);
    sso_lives(f, kept);
    is_alive(f, c);
    is_alive(f, key);
}

static void dead_means_dead_a_new_password_ends_all_browser_sessions(struct fixture *f) {
    struct sso_session one, other;
    world_make(f);
    struct str first = world_sso(f, NULL, &one), second = world_sso(f, NULL, &other);
    struct str a = issued(f, one.sso_session_id), b = issued(f, other.sso_session_id);
    struct str key = world_session(f, STR_NONE).session_id;
    must(f->cx, login_password_set(f->cx, S(TENANT_1), S(USER_1), S("hash"), false));
    sso_is_dead(f, first);
    sso_is_dead(f, second);
    is_revoked(f, a);
    is_revoked(f, b);
    is_alive(f, key); /* of an access key, which is no password */
}

static void dead_means_dead_an_ended_browser_session_issues_nothing(struct fixture *f) {
    struct sso_session sso;
    world_make(f);
    (void)world_sso(f, NULL, &sso);
    must(f->cx, sso_session_end(f->cx, S(TENANT_1), sso.sso_session_id));
    struct session s = {.tenant_id = S(TENANT_1),
                        .session_id = uuid_v7(f->cx),
                        .application_tenant_id = S(TENANT_1),
                        .application_id = S(APP_1),
                        .employee_id = S(USER_1),
                        .sso_session_id = sso.sso_session_id};
    must_fail(f->cx, session_create(f->cx, &s), ERR_INVALID_GRANT);
    s.sso_session_id = S("of no row");
    must_fail(f->cx, session_create(f->cx, &s), ERR_INVALID_GRANT);
    s.tenant_id = S(TENANT_2); /* somebody else's */
    s.sso_session_id = sso.sso_session_id;
    must_fail(f->cx, session_create(f->cx, &s), ERR_INVALID_GRANT);
    assert_int_equal(store_number(f, "SELECT count(*) FROM session"), 0);
}

struct logout_race {
    struct str sso_session_id;
    _Atomic int next;
};

static err logout_or_issue(struct ctx *cx, void *state) {
    struct logout_race *r = state;
    if (atomic_fetch_add(&r->next, 1) == 20) {
        return sso_session_end(cx, S(TENANT_1), r->sso_session_id);
    }
    struct session s = {.tenant_id = S(TENANT_1),
                        .session_id = uuid_v7(cx),
                        .application_tenant_id = S(TENANT_1),
                        .application_id = S(APP_1),
                        .employee_id = S(USER_1),
                        .sso_session_id = r->sso_session_id,
                        .expires_at = cx->now + 100};
    return session_create(cx, &s);
}

static void dead_means_dead_logout_among_64_leaves_nothing_alive(struct fixture *f) {
    struct sso_session sso;
    world_make(f);
    (void)world_sso(f, NULL, &sso);
    struct logout_race r = {.sso_session_id = sso.sso_session_id};
    (void)store_race(f, logout_or_issue, &r, ERR_INVALID_GRANT);
    assert_int_equal(store_number(f, "SELECT count(*) FROM session WHERE revoked_at IS NULL"), 0);
}

static void dead_means_dead_browser_sessions_of_the_dead(struct fixture *f) {
    static const char *const changes[][2] = {
        {"UPDATE tenant SET is_enabled = 0", "UPDATE tenant SET is_enabled = 1"},
        {"UPDATE employee SET status = 'BLOCKED'", "UPDATE employee SET status = 'ACTIVE'"},
        {"UPDATE employee SET status = 'DELETED'", "UPDATE employee SET status = 'ACTIVE'"},
        {"UPDATE employee SET type = 'api'", "UPDATE employee SET type = 'user'"},
    };
    struct sso_session s;
    world_make(f);
    struct str cookie = world_sso(f, NULL, &s);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        must(f->cx, db_exec(f->cx, changes[i][0], DB_NO_ARGS, NULL));
        sso_is_dead(f, cookie);
        must(f->cx, db_exec(f->cx, changes[i][1], DB_NO_ARGS, NULL));
        sso_lives(f, cookie);
    }
}

static void secrets_once_the_row_has_a_digest_of_the_cookie(struct fixture *f) {
    struct sso_session s;
    struct str sso_id;
    world_make(f);
    struct str cookie = world_sso(f, NULL, &s);
    must(f->cx, db_one(f->cx, "SELECT sso_session_id FROM sso_session", DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&sso_id))));
    assert_true(sha256_matches(cookie, sso_id));
}

static const struct store_case cases[] = {
    STORE_CASE(sso_session_is_found_by_its_cookie),
    STORE_CASE(fixation_every_sign_in_has_a_new_id),
    STORE_CASE(sso_session_ends_by_idleness_and_by_age),
    STORE_CASE(sso_session_use_is_written_once_a_minute),
    STORE_CASE(session_keeps_nonce_amr_and_browser_session),
    STORE_CASE(dead_means_dead_logout_revokes_what_was_issued),
    STORE_CASE(dead_means_dead_a_new_password_ends_all_browser_sessions),
    STORE_CASE(dead_means_dead_an_ended_browser_session_issues_nothing),
    STORE_CASE(dead_means_dead_logout_among_64_leaves_nothing_alive),
    STORE_CASE(dead_means_dead_browser_sessions_of_the_dead),
    STORE_CASE(secrets_once_the_row_has_a_digest_of_the_cookie),
};
STORE_MAIN(cases)
