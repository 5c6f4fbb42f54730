/* SPDX-License-Identifier: Apache-2.0 */
/* Sign-ins under way, and authorization codes. */
#include "model_world.h"

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

/* Signed in by the browser of this flow. */
static struct sso_session sso_of(struct fixture *f, const struct login_flow *flow) {
    struct str cookie;
    struct sso_session s = {.tenant_id = S(TENANT_1),
                            .employee_id = S(USER_1),
                            .amr = S("pwd"),
                            .browser_digest = sha256_text(f->cx->arena, flow->browser),
                            .idle_seconds = 3600,
                            .expires_at = f->cx->now + 43200};
    sso_session_prepare(f->cx, &s, &cookie);
    must(f->cx, sso_session_create(f->cx, &s));
    return s;
}

static bool goes_on(struct fixture *f, const struct login_flow *flow) {
    struct login_flow found;
    must(f->cx, login_flow_find(f->cx, S(ENV_1), flow->flow, flow->browser, &found));
    must_be(found.request, "{\"a\":1}"); /* whether it begins anew or not */
    if (found.version == flow->version) {
        return true;
    }
    must_be(found.step, LOGIN_FLOW_BEGIN);
    must_be(found.data, "{}");
    must_fail(f->cx, login_flow_advance(f->cx, flow, S("end"), S("{}")), ERR_CONFLICT);
    must_fail(f->cx, login_flow_delete(f->cx, flow), ERR_CONFLICT);
    return false;
}

/* In this browser, with something proven. */
static struct login_flow flow_beside(struct fixture *f, const struct login_flow *first) {
    struct login_flow flow = {.environment_id = S(ENV_1),
                              .step = S("code"),
                              .browser = first->browser,
                              .request = S("{\"a\":1}"),
                              .data = S("{\"employee_id\":1}")};
    login_flow_prepare(f->cx, &flow);
    must(f->cx, login_flow_create(f->cx, &flow));
    return flow;
}

static void dead_means_dead_a_sign_out_ends_what_was_proven_in_its_browser(struct fixture *f) {
    bool any;
    world_make(f);
    struct login_flow here = flow_new(f), there = flow_new(f), again = flow_beside(f, &here);
    struct sso_session sso = sso_of(f, &here), old;
    (void)sso_of(f, &there);
    (void)world_sso(f, NULL, &old); /* of before the column was */
    must(f->cx, sso_session_end(f->cx, S(TENANT_1), old.sso_session_id));
    must(f->cx, sso_session_end(f->cx, S(TENANT_2), sso.sso_session_id));
    assert_true(goes_on(f, &here) && goes_on(f, &again) && goes_on(f, &there));
    must(f->cx, sso_session_end(f->cx, S(TENANT_1), sso.sso_session_id));
    assert_true(!goes_on(f, &here) && !goes_on(f, &again) && goes_on(f, &there));
    must(f->cx, login_flows_find(f->cx, there.browser, &any));
    assert_true(any);
    must(f->cx, login_flows_reset(f->cx, there.browser)); /* by the cookie alone */
    assert_false(goes_on(f, &there));
    must(f->cx, login_flows_find(f->cx, S("of nobody"), &any));
    assert_false(any);
}

static void lockout_what_is_over_ends_no_sign_in(struct fixture *f) {
    world_make(f);
    struct login_flow first = flow_new(f);
    struct sso_session sso = sso_of(f, &first);
    must(f->cx, sso_session_end(f->cx, S(TENANT_1), sso.sso_session_id));
    struct login_flow next = flow_beside(f, &first);
    must(f->cx, sso_session_end(f->cx, S(TENANT_1), sso.sso_session_id));
    assert_true(goes_on(f, &next));
}

/* One browser, one person: the second of two sign-ins that end at once has no place to take. */
static void two_sign_ins_of_a_browser_stand_side_by_side(struct fixture *f) {
    world_make(f);
    struct login_flow flow = flow_new(f);
    struct sso_session before = sso_of(f, &flow), one = sso_of(f, &flow), two = sso_of(f, &flow);
    must(f->cx, sso_session_replace(f->cx, &before, &one));
    must(f->cx, sso_session_replace(f->cx, &before, &two));
    must(f->cx, sso_session_end(f->cx, S(TENANT_1), one.sso_session_id));
    assert_int_equal(store_number(f, "SELECT count(*) FROM sso_session WHERE ended_at IS NULL"), 0);
    struct sso_session three = sso_of(f, &flow);
    must_fail(f->cx, sso_session_replace(f->cx, &before, &three), ERR_CONFLICT);
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

/* A flow whose digest is in the part "AA"; counts on in *number. */
static struct login_flow flow_in_part(struct fixture *f, const char *environment_id, int *number) {
    struct login_flow flow = {.environment_id = str_from(environment_id), .step = S("user")};
    login_flow_prepare(f->cx, &flow);
    do {
        flow.flow = str_format(f->cx->arena, "flow-%d", (*number)++);
    } while (!str_starts(sha256_text(f->cx->arena, flow.flow), "AA"));
    must(f->cx, login_flow_create(f->cx, &flow));
    return flow;
}

static void slow_sign_ins_that_are_only_begun_have_a_bound(struct fixture *f) {
    int number = 0;
    struct login_flow others = flow_in_part(f, ENV_2, &number), found, first, second;
    store_at(f, 1);
    first = flow_in_part(f, ENV_1, &number);
    store_at(f, 1);
    second = flow_in_part(f, ENV_1, &number);
    store_at(f, 1);
    for (int i = 2; i < LOGIN_FLOW_PART_MAX; i++) {
        (void)flow_in_part(f, ENV_1, &number);
    }
    must(f->cx, login_flow_find(f->cx, S(ENV_1), first.flow, first.browser, &found));
    for (int i = 0; i < 2; i++) {
        (void)flow_in_part(f, ENV_1, &number);
        assert_int_equal(store_number(f, "SELECT count(*) FROM login_flow_index WHERE "
                                         "environment_id = '" ENV_1
                                         "' AND substr(flow_digest, 1, 2) = 'AA'"),
                         LOGIN_FLOW_PART_MAX);
        must_fail(f->cx, login_flow_find(f->cx, S(ENV_1), first.flow, first.browser, &found),
                  ERR_NOT_FOUND);
        first = second;
    }
    must(f->cx, login_flow_find(f->cx, S(ENV_2), others.flow, others.browser, &found));
    assert_int_equal(store_number(f, "SELECT count(*) FROM login_flow_index"),
                     LOGIN_FLOW_PART_MAX + 1);
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
    struct str sso_now;
    struct authorization_code made = code_new(f), c;
    must(f->cx, authorization_code_use(f->cx, &made, S("session-1"), &sso_now));
    must_fail(f->cx, authorization_code_use(f->cx, &made, S("session-2"), &sso_now),
              ERR_INVALID_GRANT);
    must(f->cx, authorization_code_find(f->cx, made.code, &c));
    must_be(c.session_id, "session-1");
    assert_int_equal(c.used_at, f->cx->now);
}

static void code_once_within_sixty_seconds(struct fixture *f) {
    struct str sso_now;
    struct authorization_code made = code_new(f);
    store_at(f, 60);
    must_fail(f->cx, authorization_code_use(f->cx, &made, S("session-1"), &sso_now),
              ERR_INVALID_GRANT);
    store_at(f, -1);
    must(f->cx, authorization_code_use(f->cx, &made, S("session-1"), &sso_now));
}

static err code_run(struct ctx *cx, void *state) {
    struct str sso_now;
    return authorization_code_use(cx, state, uuid_v7(cx), &sso_now);
}

static void code_once_among_64(struct fixture *f) {
    struct authorization_code made = code_new(f);
    assert_int_equal(store_race(f, code_run, &made, ERR_INVALID_GRANT), 1);
}

static void secrets_once_rows_of_a_sign_in_hold_digests(struct fixture *f) {
    struct str flow_digest, browser_digest, code_digest;
    struct login_flow flow = flow_new(f);
    struct authorization_code code = code_new(f);
    must(f->cx,
         db_one(f->cx, "SELECT flow_digest, browser_digest FROM login_flow_index", DB_NO_ARGS,
                DB_COLUMNS(COLUMN_STR(&flow_digest), COLUMN_STR(&browser_digest))));
    must(f->cx, db_one(f->cx, "SELECT code_digest FROM authorization_code", DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&code_digest))));
    assert_true(sha256_matches(flow.flow, flow_digest));
    assert_true(sha256_matches(flow.browser, browser_digest));
    assert_true(sha256_matches(code.code, code_digest));
}

static const struct store_case cases[] = {
    STORE_CASE(steps_are_found_by_form_and_cookie),
    STORE_CASE(steps_one_browser_may_have_several_flows),
    STORE_CASE(dead_means_dead_a_sign_out_ends_what_was_proven_in_its_browser),
    STORE_CASE(lockout_what_is_over_ends_no_sign_in),
    STORE_CASE(two_sign_ins_of_a_browser_stand_side_by_side),
    STORE_CASE(steps_cannot_be_replayed),
    STORE_CASE(steps_are_taken_once_among_64),
    STORE_CASE(slow_sign_ins_that_are_only_begun_have_a_bound),
    STORE_CASE(code_is_found_with_what_it_is_bound_to),
    STORE_CASE(code_that_is_none_is_not_found),
    STORE_CASE(code_once_and_it_says_what_it_became),
    STORE_CASE(code_once_within_sixty_seconds),
    STORE_CASE(code_once_among_64),
    STORE_CASE(secrets_once_rows_of_a_sign_in_hold_digests),
};
STORE_MAIN(cases)
