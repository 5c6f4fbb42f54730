/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the right password, what a page may say, and what a flow remembers. */
#include "web_fixture.h"

static struct login good_login(void) {
    return (struct login){.tenant_id = STR("t"),
                          .employee_id = STR("u"),
                          .authenticator_kind = STR("system"),
                          .password_hash = STR("h")};
}

static void only_the_system_authenticator_takes_a_password(void **state) {
    (void)state;
    struct authorize r = {.max_age = -1};
    struct login l = good_login();
    assert_int_equal(verdict_of(&r, &l), VERDICT_GOOD);
    l.authenticator_kind = STR_NONE;
    assert_int_equal(verdict_of(&r, &l), VERDICT_NO_WAY);
    l.authenticator_kind = STR("openid");
    assert_int_equal(verdict_of(&r, &l), VERDICT_NO_WAY);
    l = good_login();
    l.must_change = true;
    assert_int_equal(verdict_of(&r, &l), VERDICT_GOOD); /* a step of its own asks for a new one */
}

/* OpenID Connect Core 3.1.2.1: id_token_hint. */
static void only_the_user_of_the_hint_finishes(void **state) {
    (void)state;
    struct authorize r = {.hint_tenant_id = STR("t"), .hint_employee_id = STR("u")};
    struct login l = good_login();
    assert_int_equal(verdict_of(&r, &l), VERDICT_GOOD);
    l.employee_id = STR("v");
    assert_int_equal(verdict_of(&r, &l), VERDICT_OTHER_USER);
    l = good_login();
    l.tenant_id = STR("s");
    assert_int_equal(verdict_of(&r, &l), VERDICT_OTHER_USER);
}

static void every_verdict_has_its_words(void **state) {
    (void)state;
    assert_null(verdict_word(VERDICT_GOOD));
    for (int v = VERDICT_WRONG; v <= VERDICT_OTHER_USER; v++) {
        assert_non_null(problem_find(str_from(verdict_word(v))));
    }
    assert_null(problem_find(STR("")));
    assert_null(problem_find(STR_NONE));
    assert_null(problem_find(STR("<script>")));
}

static void every_step_is_found_and_no_other(void **state) {
    (void)state;
    assert_non_null(login_step_find(STR(STEP_USER)));
    assert_non_null(login_step_find(STR(STEP_PASSWORD)));
    assert_non_null(login_step_find(STR(STEP_ACCOUNT)));
    assert_non_null(login_step_find(STR(STEP_CONSENT)));
    assert_null(login_step_find(STR("done")));
    assert_null(login_step_find(STR_NONE));
}

static void a_flow_remembers_what_it_was_told(void **state) {
    struct fixture *f = *state;
    struct flow_data d = {
        .user_name = STR("zo\xc3\xab\"@acme.example"),
        .problem = STR("locked"),
        .minutes = 30,
        .sso_session_id = STR("s"),
        .proof = {.tenant_id = STR("t"), .employee_id = STR("e"), .amr = STR("pwd"), .epoch = 7}};
    struct flow_data back;
    assert_int_equal(flow_data_parse(&f->cx, flow_data_write(f->arena, &d), &back), OK);
    assert_true(str_eq(back.user_name, d.user_name));
    assert_str(back.problem, "locked");
    assert_int_equal(back.minutes, 30);
    assert_str(back.sso_session_id, "s");
    assert_str(back.proof.tenant_id, "t");
    assert_str(back.proof.employee_id, "e");
    assert_str(back.proof.amr, "pwd");
    assert_int_equal(back.proof.epoch, 7);
    d = (struct flow_data){.minutes = 0};
    assert_int_equal(flow_data_parse(&f->cx, flow_data_write(f->arena, &d), &back), OK);
    assert_null(back.user_name.p);
    assert_null(back.problem.p);
    assert_null(back.proof.employee_id.p);
}

static void data_of_a_flow_that_is_broken_is_an_error(void **state) {
    struct fixture *f = *state;
    struct flow_data d;
    assert_int_not_equal(flow_data_parse(&f->cx, STR("{"), &d), OK);
    assert_int_not_equal(flow_data_parse(&f->cx, STR("{\"user_name\":1}"), &d), OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(only_the_system_authenticator_takes_a_password),
        TEST(only_the_user_of_the_hint_finishes),
        TEST(every_verdict_has_its_words),
        TEST(every_step_is_found_and_no_other),
        TEST(a_flow_remembers_what_it_was_told),
        TEST(data_of_a_flow_that_is_broken_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
