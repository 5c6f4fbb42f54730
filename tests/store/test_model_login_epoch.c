/* SPDX-License-Identifier: Apache-2.0 */
/* What ends a sign-in under way: each of these moves the epoch of exactly that person, and what was
 * read before holds no more. */
#include "driver.h"
#include "model_world.h"

#define HASH "hash-1"

struct place {
    struct fixture *f;
    struct sso_session sso;
    struct login login; /* as a sign-in under way read it */
};

static struct login login_now(struct fixture *f) {
    struct login l;
    must(f->cx, login_of(f->cx, S(TENANT_1), S(USER_1), &l));
    return l;
}

static void by_somebody_else(struct place *p) {
    struct sso_session other = p->sso;
    other.employee_id = S("somebody else");
    must(p->f->cx, sso_session_replace(p->f->cx, &p->sso, &other));
}
static void by_sso_sessions(struct place *p) {
    must(p->f->cx, sso_sessions_end(p->f->cx, S(TENANT_1), S(USER_1)));
}
static void by_account(struct place *p) {
    bool ended;
    must(p->f->cx,
         account_end_browser(p->f->cx, S(TENANT_1), S(USER_1), p->sso.sso_session_id, &ended));
    assert_true(ended);
}
static void by_account_others(struct place *p) {
    must(p->f->cx, account_end_others(p->f->cx, &p->sso));
}
static void by_tenant(struct place *p) {
    must(p->f->cx, tenant_sessions_end(p->f->cx, S(TENANT_1)));
}
static void by_employee(struct place *p) {
    must(p->f->cx, employee_sessions_end(p->f->cx, S(TENANT_1), S(USER_1)));
}
static void by_password(struct place *p) {
    must(p->f->cx, login_password_set(p->f->cx, S(TENANT_1), S(USER_1), S("hash-2"), false));
}
static void by_authenticator(struct place *p) {
    must(p->f->cx, login_authenticator_set(p->f->cx, S(TENANT_1), S(USER_1), S(AUTH_1)));
}
static void by_authenticator_moved(struct place *p) {
    const struct login_authenticator a = {.tenant_id = S(TENANT_1),
                                          .login_authenticator_id = S(AUTH_1)};
    must(p->f->cx, login_authenticator_moved(p->f->cx, &a));
}
static void by_subject(struct place *p) {
    must(p->f->cx, login_subject_set(p->f->cx, S(TENANT_1), S(USER_1), S("subject")));
}
static void by_reset(struct place *p) {
    bool had;
    must(p->f->cx, second_factor_reset(p->f->cx, S(TENANT_1), S(USER_1), &had));
}
static void by_recovery_codes(struct place *p) {
    must(p->f->cx, recovery_codes_replace(p->f->cx, &p->login, recovery_codes_new(p->f->cx)));
}
static void by_enrolment(struct place *p) {
    const struct enrolment e = {.kind = FACTOR_TOTP,
                                .sealed = S("sealed"),
                                .position = 1,
                                .codes = recovery_codes_new(p->f->cx)};
    must(p->f->cx, second_factor_enrol(p->f->cx, &p->login, &e));
}

/* Does it end the browser session too? */
static const struct {
    void (*happen)(struct place *p);
    bool ends_sessions;
} ends[] = {
    {by_somebody_else, true}, {by_sso_sessions, true},
    {by_account, true},       {by_account_others, false},
    {by_tenant, true},        {by_employee, true},
    {by_password, true},      {by_subject, true},
    {by_authenticator, true}, {by_authenticator_moved, true},
    {by_reset, true},         {by_recovery_codes, false},
    {by_enrolment, false},
};

static void dead_means_dead_each_end_moves_the_epoch(struct fixture *f) {
    struct str cookie;
    world_login(f, "{}", S(HASH));
    store_sql(f, "INSERT INTO employee_login (tenant_id, employee_id, must_change, failures, "
                 "updated_at, epoch) VALUES ('" TENANT_2 "', '" USER_2 "', 0, 0, 0, 5)");
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct place p = {.f = f};
        struct sso_session found;
        cookie = world_sso(f, NULL, &p.sso);
        p.login = login_now(f);
        must(f->cx, login_epoch_hold(f->cx, &p.login));
        ends[i].happen(&p);
        assert_int_equal(login_now(f).epoch, p.login.epoch + 1);
        must_fail(f->cx, login_epoch_hold(f->cx, &p.login), ERR_CONFLICT);
        must_fail(f->cx, login_epoch_pass(f->cx, &p.login), ERR_CONFLICT);
        assert_int_equal(sso_session_find(f->cx, S(ENV_1), cookie, &found),
                         ends[i].ends_sessions ? ERR_NOT_FOUND : OK);
    }
    assert_int_equal(
        store_number(f, "SELECT epoch FROM employee_login WHERE employee_id = '" USER_2 "'"), 5);
}

static void passing_ends_the_others(struct fixture *f) {
    world_login(f, "{}", S(HASH));
    struct login one = login_now(f), other = one;
    must(f->cx, login_epoch_pass(f->cx, &one));
    must_fail(f->cx, login_epoch_hold(f->cx, &other), ERR_CONFLICT);
    one.epoch++;
    must(f->cx, login_epoch_hold(f->cx, &one));
}

static const struct store_case cases[] = {
    STORE_CASE(dead_means_dead_each_end_moves_the_epoch),
    STORE_CASE(passing_ends_the_others),
};
STORE_MAIN(cases)
