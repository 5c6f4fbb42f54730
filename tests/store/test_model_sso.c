/* SPDX-License-Identifier: Apache-2.0 */
/* Browser sessions, sign-ins under way, authorization codes. */
#include "model_world.h"

static struct str sso_new(struct fixture *f, struct sso_session *s) {
    struct str cookie;
    *s = (struct sso_session){.tenant_id = S(TENANT_1),
                              .employee_id = S(USER_1),
                              .amr = S("pwd"),
                              .idle_seconds = 3600,
                              .expires_at = f->cx->now + 43200};
    sso_session_prepare(f->cx, s, &cookie);
    must(f->cx, sso_session_create(f->cx, s));
    return cookie;
}

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
    struct str cookie = sso_new(f, &made);
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
    struct str first = sso_new(f, &a), second = sso_new(f, &b);
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
    struct str cookie = sso_new(f, &s);
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
    struct str cookie = sso_new(f, &s);
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
    struct session s = {.tenant_id = S(TENANT_1),
                        .session_id = uuid_v7(f->cx),
                        .application_tenant_id = S(TENANT_1),
                        .application_id = S(APP_1),
                        .employee_id = S(USER_1),
                        .scope = S("openid"),
                        .sso_session_id = sso_session_id,
                        .nonce = S("n-0S6_WzA2Mj"),
                        .amr = S("pwd"),
                        .auth_at = f->cx->now,
                        .created_at = f->cx->now,
                        .expires_at = f->cx->now + 7200,
                        .refresh_digest = S("digest-0"),
                        .refresh_expires_at = f->cx->now + 7200};
    must(f->cx, session_create(f->cx, &s));
    return s.session_id;
}

static void session_keeps_nonce_amr_and_browser_session(struct fixture *f) {
    struct sso_session sso;
    struct session s;
    world_make(f);
    (void)sso_new(f, &sso);
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
    struct str cookie = sso_new(f, &one), kept = sso_new(f, &other);
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
    struct str first = sso_new(f, &one), second = sso_new(f, &other);
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
    (void)sso_new(f, &sso);
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
    (void)sso_new(f, &sso);
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
    struct str cookie = sso_new(f, &s);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        must(f->cx, db_exec(f->cx, changes[i][0], DB_NO_ARGS, NULL));
        sso_is_dead(f, cookie);
        must(f->cx, db_exec(f->cx, changes[i][1], DB_NO_ARGS, NULL));
        sso_lives(f, cookie);
    }
}

/* ---- sign-ins under way ---- */

static struct login_flow flow_new(struct fixture *f) {
    struct login_flow flow = {
        .environment_id = S(ENV_1), .step = S("user"), .request = S("{\"a\":1}")};
    login_flow_prepare(f->cx, &flow);
    must(f->cx, login_flow_create(f->cx, &flow));
    return flow;
}

static void steps_are_found_by_form_and_cookie(struct fixture *f) {
    struct login_flow made = flow_new(f), other = flow_new(f), found;
    must(f->cx, login_flow_find(f->cx, S(ENV_1), made.flow, made.browser, &found));
    must_be(found.step, "user");
    must_be(found.request, "{\"a\":1}");
    must_be(found.data, "{}");
    assert_int_equal(found.version, 1);
    assert_int_equal(found.expires_at, f->cx->now + LOGIN_FLOW_SECONDS);
    must_fail(f->cx, login_flow_find(f->cx, S(ENV_1), made.flow, other.browser, &found),
              ERR_NOT_FOUND);
    must_fail(f->cx, login_flow_find(f->cx, S(ENV_1), made.flow, S(""), &found), ERR_NOT_FOUND);
    must_fail(f->cx, login_flow_find(f->cx, S(ENV_1), made.flow, STR_NONE, &found), ERR_NOT_FOUND);
    must_fail(f->cx, login_flow_find(f->cx, S(ENV_1), STR_NONE, made.browser, &found),
              ERR_NOT_FOUND);
    must_fail(f->cx, login_flow_find(f->cx, S(ENV_2), made.flow, made.browser, &found),
              ERR_NOT_FOUND);
    must_fail(f->cx,
              login_flow_find(f->cx, S(ENV_1), sha256_text(f->cx->arena, made.flow), made.browser,
                              &found),
              ERR_NOT_FOUND);
    store_at(f, LOGIN_FLOW_SECONDS);
    must_fail(f->cx, login_flow_find(f->cx, S(ENV_1), made.flow, made.browser, &found),
              ERR_NOT_FOUND);
    must_fail(f->cx, login_flow_advance(f->cx, &made, S("password"), S("{}")), ERR_CONFLICT);
}

static void steps_one_browser_may_have_several_flows(struct fixture *f) {
    struct login_flow a = flow_new(f), found;
    struct login_flow b = {.environment_id = S(ENV_1), .step = S("user"), .browser = a.browser};
    login_flow_prepare(f->cx, &b);
    must(f->cx, login_flow_create(f->cx, &b));
    assert_true(str_eq(a.browser, b.browser));
    must(f->cx, login_flow_find(f->cx, S(ENV_1), a.flow, a.browser, &found));
    must(f->cx, login_flow_find(f->cx, S(ENV_1), b.flow, a.browser, &found));
}

static void steps_cannot_be_replayed(struct fixture *f) {
    struct login_flow first = flow_new(f), next;
    must(f->cx, login_flow_advance(f->cx, &first, S("password"), S("{\"who\":1}")));
    must_fail(f->cx, login_flow_advance(f->cx, &first, S("password"), S("{}")), ERR_CONFLICT);
    must_fail(f->cx, login_flow_delete(f->cx, &first), ERR_CONFLICT);
    must(f->cx, login_flow_find(f->cx, S(ENV_1), first.flow, first.browser, &next));
    assert_int_equal(next.version, 2);
    must_be(next.step, "password");
    must_be(next.data, "{\"who\":1}");
    must_be(next.request, "{\"a\":1}");
    must(f->cx, login_flow_delete(f->cx, &next));
    must_fail(f->cx, login_flow_delete(f->cx, &next), ERR_CONFLICT);
    must_fail(f->cx, login_flow_advance(f->cx, &next, S("user"), S("{}")), ERR_CONFLICT);
    must_fail(f->cx, login_flow_find(f->cx, S(ENV_1), first.flow, first.browser, &next),
              ERR_NOT_FOUND);
}

static err advance_run(struct ctx *cx, void *state) {
    return login_flow_advance(cx, state, S("password"), S("{}"));
}

static err finish_run(struct ctx *cx, void *state) {
    return login_flow_delete(cx, state);
}

static void steps_are_taken_once_among_64(struct fixture *f) {
    struct login_flow flow = flow_new(f);
    assert_int_equal(store_race(f, advance_run, &flow, ERR_CONFLICT), 1);
    flow.version = 2;
    assert_int_equal(store_race(f, finish_run, &flow, ERR_CONFLICT), 1);
}

/* ---- authorization codes ---- */

static struct authorization_code code_new(struct fixture *f) {
    struct authorization_code c = {.tenant_id = S(TENANT_1),
                                   .application_tenant_id = S(TENANT_2),
                                   .application_id = S(APP_ALL),
                                   .employee_id = S(USER_1),
                                   .sso_session_id = S("sso"),
                                   .redirect_uri = S("https://app.example/cb"),
                                   .scope = S("openid"),
                                   .nonce = S("nonce"),
                                   .code_challenge = S("challenge"),
                                   .auth_at = f->cx->now - 5};
    authorization_code_prepare(f->cx, &c);
    must(f->cx, authorization_code_create(f->cx, &c));
    return c;
}

static void code_is_found_with_what_it_is_bound_to(struct fixture *f) {
    struct authorization_code made = code_new(f), c;
    must(f->cx, authorization_code_find(f->cx, made.code, &c));
    must_be(c.tenant_id, TENANT_1);
    must_be(c.application_tenant_id, TENANT_2);
    must_be(c.application_id, APP_ALL);
    must_be(c.employee_id, USER_1);
    must_be(c.sso_session_id, "sso");
    must_be(c.redirect_uri, "https://app.example/cb");
    must_be(c.scope, "openid");
    must_be(c.nonce, "nonce");
    must_be(c.code_challenge, "challenge");
    must_be(c.claims, "{}");
    assert_int_equal(c.auth_at, f->cx->now - 5);
    assert_int_equal(c.expires_at, f->cx->now + 60);
    assert_int_equal(c.used_at, 0);
    assert_null(c.session_id.p);
    for (size_t i = 0; i < made.code.n; i++) { /* PROTOCOL 12.2 */
        char ch = made.code.p[i];
        assert_true((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                    (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' || ch == '.');
    }
}

static void code_that_is_none_is_not_found(struct fixture *f) {
    struct authorization_code made = code_new(f), c;
    const struct str others[] = {
        STR_NONE,
        S(""),
        S("code"),
        S(TENANT_1 "."),
        str_sub(made.code, 0, made.code.n - 1),
        str_format(f->cx->arena, "%.*sA", STR_ARG(made.code)),
        str_format(f->cx->arena, "%s%.*s", TENANT_2, (int)(made.code.n - 36), made.code.p + 36),
        sha256_text(f->cx->arena, made.code),
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        must_fail(f->cx, authorization_code_find(f->cx, others[i], &c), ERR_NOT_FOUND);
    }
}

static void code_once_and_it_says_what_it_became(struct fixture *f) {
    struct authorization_code made = code_new(f), c;
    must(f->cx, authorization_code_use(f->cx, &made, S("session-1")));
    must_fail(f->cx, authorization_code_use(f->cx, &made, S("session-2")), ERR_INVALID_GRANT);
    must(f->cx, authorization_code_find(f->cx, made.code, &c));
    must_be(c.session_id, "session-1");
    assert_int_equal(c.used_at, f->cx->now);
}

static void code_once_within_sixty_seconds(struct fixture *f) {
    struct authorization_code made = code_new(f);
    store_at(f, 60);
    must_fail(f->cx, authorization_code_use(f->cx, &made, S("session-1")), ERR_INVALID_GRANT);
    store_at(f, -1);
    must(f->cx, authorization_code_use(f->cx, &made, S("session-1")));
}

static err code_run(struct ctx *cx, void *state) {
    return authorization_code_use(cx, state, uuid_v7(cx));
}

static void code_once_among_64(struct fixture *f) {
    struct authorization_code made = code_new(f);
    assert_int_equal(store_race(f, code_run, &made, ERR_INVALID_GRANT), 1);
}

static void secrets_once_rows_of_signing_in_hold_digests(struct fixture *f) {
    struct sso_session s;
    struct str sso_id, flow_digest, browser_digest, code_digest;
    world_make(f);
    struct str cookie = sso_new(f, &s);
    struct login_flow flow = flow_new(f);
    struct authorization_code code = code_new(f);
    must(f->cx, db_one(f->cx, "SELECT sso_session_id FROM sso_session", DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&sso_id))));
    must(f->cx,
         db_one(f->cx, "SELECT flow_digest, browser_digest FROM login_flow_index", DB_NO_ARGS,
                DB_COLUMNS(COLUMN_STR(&flow_digest), COLUMN_STR(&browser_digest))));
    must(f->cx, db_one(f->cx, "SELECT code_digest FROM authorization_code", DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&code_digest))));
    assert_true(sha256_matches(cookie, sso_id));
    assert_true(sha256_matches(flow.flow, flow_digest));
    assert_true(sha256_matches(flow.browser, browser_digest));
    assert_true(sha256_matches(code.code, code_digest));
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
    STORE_CASE(steps_are_found_by_form_and_cookie),
    STORE_CASE(steps_one_browser_may_have_several_flows),
    STORE_CASE(steps_cannot_be_replayed),
    STORE_CASE(steps_are_taken_once_among_64),
    STORE_CASE(code_is_found_with_what_it_is_bound_to),
    STORE_CASE(code_that_is_none_is_not_found),
    STORE_CASE(code_once_and_it_says_what_it_became),
    STORE_CASE(code_once_within_sixty_seconds),
    STORE_CASE(code_once_among_64),
    STORE_CASE(secrets_once_rows_of_signing_in_hold_digests),
};
STORE_MAIN(cases)
