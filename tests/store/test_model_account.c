/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees and ends of its own, and what it allowed. */
#include "model_world.h"

static struct sso_session signed_in(struct fixture *f, const char *user_agent) {
    struct sso_session s;
    (void)world_sso(f, user_agent, &s);
    return s;
}

static struct str issued(struct fixture *f, const struct sso_session *sso) {
    struct str id = sso != NULL ? sso->sso_session_id : STR_NONE;
    return world_session_with(f, (struct session){.sso_session_id = id}).session_id;
}

static bool is_alive(struct fixture *f, struct str session_id) {
    struct session s;
    must(f->cx, session_find(f->cx, S(TENANT_1), session_id, &s));
    return s.revoked_at == 0;
}

static size_t browsers(struct fixture *f, const char *tenant, const char *employee,
                       struct account_browser **ret) {
    size_t n;
    must(f->cx, account_browsers(f->cx, str_from(tenant), str_from(employee), ret, &n));
    return n;
}

static size_t sessions(struct fixture *f, const char *tenant, const char *employee,
                       struct account_session **ret) {
    size_t n;
    must(f->cx, account_sessions(f->cx, str_from(tenant), str_from(employee), ret, &n));
    return n;
}

static void the_list_has_what_is_alive_and_ones_own(struct fixture *f) {
    struct account_browser *list;
    struct account_session *issues;
    world_make(f);
    assert_int_equal(browsers(f, TENANT_1, USER_1, &list), 0);
    struct sso_session first = signed_in(f, "Firefox/1 (Linux)");
    store_at(f, 60);
    struct sso_session second = signed_in(f, NULL);
    (void)issued(f, &first);
    (void)issued(f, NULL); /* an access key's */
    assert_int_equal(browsers(f, TENANT_1, USER_1, &list), 2);
    assert_true(str_eq(list[0].sso_session_id, second.sso_session_id));
    assert_null(list[0].user_agent.p);
    must_be(list[1].user_agent, "Firefox/1 (Linux)");
    assert_int_equal(list[1].expires_at, first.expires_at);
    assert_int_equal(sessions(f, TENANT_1, USER_1, &issues), 1);
    must_be(issues[0].name, "one");
    must_be(issues[0].vendor, "Acme");
    assert_true(str_eq(issues[0].sso_session_id, first.sso_session_id));
    /* Nobody else's. */
    assert_int_equal(browsers(f, TENANT_2, USER_1, &list), 0);
    assert_int_equal(browsers(f, TENANT_1, USER_2, &list), 0);
    assert_int_equal(sessions(f, TENANT_2, USER_1, &issues), 0);
    /* Idle for too long: the browser's is over, the application's is not. */
    store_at(f, 3600);
    assert_int_equal(browsers(f, TENANT_1, USER_1, &list), 0);
    assert_int_equal(sessions(f, TENANT_1, USER_1, &issues), 1);
    store_at(f, 3600);
    assert_int_equal(sessions(f, TENANT_1, USER_1, &issues), 0);
}

static void what_a_browser_said_comes_back_with_its_cookie(struct fixture *f) {
    struct sso_session s;
    world_make(f);
    struct str cookie = world_sso(f, "Firefox/1", &s);
    must(f->cx, sso_session_find(f->cx, S(ENV_1), cookie, &s));
    must_be(s.user_agent, "Firefox/1");
}

static void the_list_is_bounded(struct fixture *f) {
    struct account_browser *list;
    world_make(f);
    for (size_t i = 0; i < ACCOUNT_LIST_MAX + 1; i++) {
        (void)signed_in(f, "x");
    }
    assert_int_equal(browsers(f, TENANT_1, USER_1, &list), ACCOUNT_LIST_MAX);
}

static void idor_only_ones_own_sessions_end(struct fixture *f) {
    struct account_browser *list;
    bool ended;
    world_make(f);
    struct sso_session here = signed_in(f, "x"), there = signed_in(f, "y");
    struct str issue = issued(f, &there), key = issued(f, NULL);
    must(f->cx, account_end_browser(f->cx, S(TENANT_2), S(USER_2), there.sso_session_id, &ended));
    assert_false(ended);
    must(f->cx, account_end_browser(f->cx, S(TENANT_1), S(USER_2), there.sso_session_id, &ended));
    assert_false(ended);
    must(f->cx, account_end_session(f->cx, S(TENANT_1), S(USER_2), issue, &ended));
    assert_false(ended);
    must(f->cx, account_end_session(f->cx, S(TENANT_2), S(USER_1), issue, &ended));
    assert_false(ended);
    /* What an access key began is not of a browser. */
    must(f->cx, account_end_session(f->cx, S(TENANT_1), S(USER_1), key, &ended));
    assert_false(ended);
    assert_true(is_alive(f, issue) && is_alive(f, key));
    assert_int_equal(browsers(f, TENANT_1, USER_1, &list), 2);
    must(f->cx, account_end_browser(f->cx, S(TENANT_1), S(USER_1), there.sso_session_id, &ended));
    assert_true(ended);
    assert_false(is_alive(f, issue));
    must(f->cx, account_end_browser(f->cx, S(TENANT_1), S(USER_1), there.sso_session_id, &ended));
    assert_false(ended);
    assert_int_equal(browsers(f, TENANT_1, USER_1, &list), 1);
    assert_true(str_eq(list[0].sso_session_id, here.sso_session_id));
}

static void dead_means_dead_all_others_end_at_once(struct fixture *f) {
    struct account_browser *list;
    bool ended;
    world_make(f);
    struct sso_session here = signed_in(f, "x"), there = signed_in(f, "y"),
                       away = signed_in(f, "z");
    struct str mine = issued(f, &here), mine_too = issued(f, &here), other = issued(f, &there),
               key = issued(f, NULL), left = issued(f, &away);
    must(f->cx, db_exec(f->cx, "DELETE FROM sso_session WHERE user_agent = 'z'", DB_NO_ARGS, NULL));
    must(f->cx, account_end_others(f->cx, &here));
    assert_true(is_alive(f, mine) && is_alive(f, mine_too) && is_alive(f, key));
    assert_false(is_alive(f, other) || is_alive(f, left));
    assert_int_equal(browsers(f, TENANT_1, USER_1, &list), 1);
    must(f->cx, account_end_session(f->cx, S(TENANT_1), S(USER_1), mine, &ended));
    assert_true(ended && !is_alive(f, mine) && is_alive(f, mine_too));
}

/* ---- consent ---- */

static struct consent asked(const char *scope) {
    return (struct consent){.tenant_id = S(TENANT_1),
                            .employee_id = S(USER_1),
                            .application_id = S(APP_1),
                            .application_tenant_id = S(TENANT_1),
                            .scope = str_from(scope)};
}

static bool is_due(struct fixture *f, const char *scope) {
    struct consent c = asked(scope);
    bool due;
    must(f->cx, consent_due(f->cx, &c, &due));
    return due;
}

static void consent_is_asked_for_more_and_never_for_less(struct fixture *f) {
    struct consent *list;
    size_t n;
    world_make(f);
    assert_false(is_due(f, "openid")); /* nobody was asked yet */
    struct consent c = asked("openid platform-user-read");
    must(f->cx, consent_allow(f->cx, &c));
    assert_false(is_due(f, "openid"));
    assert_false(is_due(f, "platform-user-read openid"));
    assert_false(is_due(f, ""));
    assert_true(is_due(f, "openid analytics-query"));
    assert_true(is_due(f, "open"));
    c = asked("analytics-query openid");
    must(f->cx, consent_allow(f->cx, &c));
    assert_false(is_due(f, "openid platform-user-read analytics-query"));
    must(f->cx, consent_list(f->cx, S(TENANT_1), S(USER_1), &list, &n));
    assert_int_equal(n, 1);
    must_be(list[0].scope, "openid platform-user-read analytics-query");
    must_be(list[0].name, "one");
    must(f->cx, consent_list(f->cx, S(TENANT_2), S(USER_1), &list, &n));
    assert_int_equal(n, 0);
    must(f->cx, consent_list(f->cx, S(TENANT_1), S(USER_2), &list, &n));
    assert_int_equal(n, 0);
}

static void dead_means_dead_what_is_withdrawn(struct fixture *f) {
    struct str sso_now;
    struct consent c = asked("openid"), foreign = c, *list;
    struct authorization_code code = {.tenant_id = S(TENANT_1),
                                      .application_tenant_id = S(TENANT_1),
                                      .application_id = S(APP_1),
                                      .employee_id = S(USER_1),
                                      .redirect_uri = S("https://one.example"),
                                      .scope = S("openid")};
    bool withdrawn;
    size_t n;
    world_make(f);
    struct sso_session sso = signed_in(f, "x");
    struct str session = issued(f, &sso), key = issued(f, NULL);
    authorization_code_prepare(f->cx, &code);
    code.sso_session_id = sso.sso_session_id;
    must(f->cx, authorization_code_create(f->cx, &code));
    must(f->cx, consent_withdraw(f->cx, &c, &withdrawn));
    assert_false(withdrawn); /* nothing was allowed */
    must(f->cx, consent_allow(f->cx, &c));
    foreign.employee_id = S(USER_2);
    must(f->cx, consent_withdraw(f->cx, &foreign, &withdrawn));
    assert_false(withdrawn);
    assert_true(is_alive(f, session));
    must(f->cx, consent_withdraw(f->cx, &c, &withdrawn));
    assert_true(withdrawn);
    assert_false(is_alive(f, session));
    assert_true(is_alive(f, key));
    must_fail(f->cx, authorization_code_use(f->cx, &code, uuid_v7(f->cx), &sso_now),
              ERR_INVALID_GRANT);
    assert_true(is_due(f, "openid"));
    must(f->cx, consent_list(f->cx, S(TENANT_1), S(USER_1), &list, &n));
    assert_int_equal(n, 0);
    must(f->cx, consent_allow(f->cx, &c));
    assert_false(is_due(f, "openid"));
}

static void consents_go_with_their_application(struct fixture *f) {
    struct purge_cursor cursor = {0};
    struct consent c = asked("openid");
    int64_t removed;
    bool wrapped = false;
    world_make(f);
    must(f->cx, consent_allow(f->cx, &c));
    c.application_id = S("40000000-0000-4000-8000-0000000000ff");
    must(f->cx, consent_allow(f->cx, &c));
    while (!wrapped) {
        must(f->cx, purge_bite(f->cx, &cursor, &removed, &wrapped));
    }
    assert_int_equal(store_number(f, "SELECT count(*) FROM consent"), 1);
    assert_false(is_due(f, "openid"));
}

static const struct store_case cases[] = {
    STORE_CASE(the_list_has_what_is_alive_and_ones_own),
    STORE_CASE(what_a_browser_said_comes_back_with_its_cookie),
    STORE_CASE(the_list_is_bounded),
    STORE_CASE(idor_only_ones_own_sessions_end),
    STORE_CASE(dead_means_dead_all_others_end_at_once),
    STORE_CASE(consent_is_asked_for_more_and_never_for_less),
    STORE_CASE(dead_means_dead_what_is_withdrawn),
    STORE_CASE(consents_go_with_their_application),
};
STORE_MAIN(cases)
