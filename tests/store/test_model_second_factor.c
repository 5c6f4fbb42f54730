/* SPDX-License-Identifier: Apache-2.0 */
/* Second factors: what is stored, codes that work once among 64 at once, the counter that they
 * share with passwords, recovery codes, reset. */
#include "driver.h"
#include "model_world.h"

#define HASH "hash-1"
#define FLOW S("the secret of a sign-in's form")

static struct login login_now(struct fixture *f) {
    struct login l;
    must(f->cx, login_find(f->cx, S(ENV_1), S("one@example.com"), &l));
    return l;
}

static struct platform *world(struct fixture *f) {
    const struct platform_options options = {.master = &world_master, .workers = 1};
    struct platform *p;
    world_make(f);
    must(f->cx, platform_new(f->cx, &options, &p));
    f->cx->app = p;
    must(f->cx, login_password_set(f->cx, S(TENANT_1), S(USER_1), S(HASH), false));
    return p;
}

static void world_end(struct fixture *f, struct platform *p) {
    f->cx->app = NULL;
    platform_free(p);
}

/* A factor whose secret the test knows. */
static struct secret enrol(struct fixture *f, enum factor kind, struct enrolment *ret_enrolment) {
    struct login l = login_now(f);
    struct secret key;
    struct str sealed = second_factor_new(f->cx, &l, FLOW);
    must(f->cx, second_factor_pending(f->cx, &l, FLOW, sealed, &key));
    assert_int_equal(key.n, OTP_SECRET_SIZE);
    *ret_enrolment = (struct enrolment){.kind = kind, .position = kind == FACTOR_HOTP ? 0 : 1};
    second_factor_prepare(f->cx, &l, key, ret_enrolment);
    must(f->cx, second_factor_enrol(f->cx, &l, ret_enrolment));
    return key;
}

static struct str code_at(struct fixture *f, struct secret key, int64_t position) {
    char *code = arena_alloc(f->cx->arena, OTP_DIGITS);
    hotp(key, position, code);
    return (struct str){code, OTP_DIGITS};
}

static int64_t step_now(struct fixture *f) {
    return f->cx->now / TOTP_STEP_SECONDS;
}

static void enrolled_is_what_login_finds(struct fixture *f) {
    struct enrolment e;
    struct platform *p = world(f);
    assert_int_equal(login_now(f).factor, FACTOR_NONE);
    (void)enrol(f, FACTOR_TOTP, &e);
    struct login l = login_now(f);
    assert_int_equal(l.factor, FACTOR_TOTP);
    assert_int_equal(l.factor_position, 1);
    assert_true(str_eq(l.factor_sealed, e.sealed));
    world_end(f, p);
}

static void secrets_once_rows_hold_sealed_secrets_and_digests(struct fixture *f) {
    struct enrolment e;
    struct platform *p = world(f);
    struct secret key = enrol(f, FACTOR_TOTP, &e);
    struct str text = second_factor_text(f->cx->arena, key);
    assert_int_equal(text.n, 32);
    assert_int_equal(
        store_number(f, "SELECT count(*) FROM recovery_code WHERE length(code_digest) = 43"),
        RECOVERY_CODES);
    assert_null(memmem(e.sealed.p, e.sealed.n, text.p, text.n));
    /* Bound to its employee, and while it is enrolled to its sign-in. */
    struct login l = login_now(f), other = l;
    int64_t position;
    bool good;
    other.employee_id = S(USER_2);
    must_fail(f->cx,
              second_factor_check(f->cx, &other, code_at(f, key, step_now(f)), &position, &good),
              ERR_INTERNAL);
    struct str sealed = second_factor_new(f->cx, &l, FLOW);
    struct secret other_key;
    must_fail(f->cx, second_factor_pending(f->cx, &l, S("another sign-in"), sealed, &other_key),
              ERR_INTERNAL);
    must_fail(f->cx, second_factor_pending(f->cx, &other, FLOW, sealed, &other_key), ERR_INTERNAL);
    world_end(f, p);
}

static void a_code_is_good_once_and_moves_the_position(struct fixture *f) {
    struct enrolment e;
    int64_t position;
    bool good;
    struct platform *p = world(f);
    struct secret key = enrol(f, FACTOR_TOTP, &e);
    struct login l = login_now(f);
    for (int64_t drift = -1; drift <= 1; drift++) {
        must(f->cx, second_factor_check(f->cx, &l, code_at(f, key, step_now(f) + drift), &position,
                                        &good));
        assert_true(good);
        assert_int_equal(position, step_now(f) + drift);
    }
    must(f->cx, second_factor_check(f->cx, &l, code_at(f, key, step_now(f) + 2), &position, &good));
    assert_false(good);
    must(f->cx, second_factor_use(f->cx, &l, step_now(f)));
    must_fail(f->cx, second_factor_use(f->cx, &l, step_now(f)), ERR_CONFLICT);
    must_fail(f->cx, second_factor_use(f->cx, &l, step_now(f) - 1), ERR_CONFLICT);
    must(f->cx, second_factor_use(f->cx, &l, step_now(f) + 1));
    assert_int_equal(login_now(f).factor_position, step_now(f) + 1);
    world_end(f, p);
}

static void a_token_that_counts_may_be_ahead_but_never_back(struct fixture *f) {
    struct enrolment e;
    int64_t position;
    bool good;
    struct platform *p = world(f);
    struct secret key = enrol(f, FACTOR_HOTP, &e);
    struct login l = login_now(f);
    must(f->cx, second_factor_check(f->cx, &l, code_at(f, key, 0), &position, &good));
    assert_false(good); /* the one of the enrolment */
    must(f->cx, second_factor_check(f->cx, &l, code_at(f, key, HOTP_LOOK_AHEAD), &position, &good));
    assert_true(good);
    must(f->cx, second_factor_use(f->cx, &l, position));
    l = login_now(f);
    must(f->cx, second_factor_check(f->cx, &l, code_at(f, key, 5), &position, &good));
    assert_false(good);
    world_end(f, p);
}

struct race {
    struct login login;
    struct str text;
    struct enrolment enrolment;
    int64_t position;
};

static err use_run(struct ctx *cx, void *state) {
    const struct race *r = state;
    return second_factor_use(cx, &r->login, r->position);
}

static err recovery_run(struct ctx *cx, void *state) {
    const struct race *r = state;
    return recovery_code_use(cx, &r->login, r->text);
}

static err enrol_run(struct ctx *cx, void *state) {
    const struct race *r = state;
    return second_factor_enrol(cx, &r->login, &r->enrolment);
}

static void lockout_64_posts_of_one_code_give_one_success(struct fixture *f) {
    struct enrolment e;
    struct platform *p = world(f);
    (void)enrol(f, FACTOR_TOTP, &e);
    struct race r = {.login = login_now(f), .position = step_now(f), .text = e.codes[3]};
    assert_int_equal(store_race(f, use_run, &r, ERR_CONFLICT), 1);
    assert_int_equal(store_race(f, recovery_run, &r, ERR_INVALID_GRANT), 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM recovery_code"), RECOVERY_CODES - 1);
    world_end(f, p);
}

static void steps_64_enrolments_at_once_give_one_factor(struct fixture *f) {
    struct enrolment e;
    struct platform *p = world(f);
    (void)enrol(f, FACTOR_TOTP, &e);
    struct race r = {.login = login_now(f), .enrolment = {.kind = FACTOR_HOTP, .position = 0}};
    struct secret key = secret_in(f->cx->arena, "12345678901234567890", OTP_SECRET_SIZE);
    second_factor_prepare(f->cx, &r.login, key, &r.enrolment);
    assert_int_equal(store_race(f, enrol_run, &r, ERR_CONFLICT), 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM recovery_code"), RECOVERY_CODES);
    assert_int_equal(login_now(f).factor, FACTOR_HOTP);
    world_end(f, p);
}

static void lockout_is_one_count_for_passwords_and_codes(struct fixture *f) {
    struct enrolment e;
    struct platform *p = world(f);
    (void)enrol(f, FACTOR_TOTP, &e);
    struct login l = login_now(f);
    for (int i = 0; i < 5; i++) {
        /* The right password in between takes nothing away: it is half of a sign-in. */
        must(f->cx, login_succeeded(f->cx, &l, false));
        must(f->cx, login_failed(f->cx, &l, S("192.0.2.1")));
    }
    assert_int_equal(login_now(f).failures, 5);
    must(f->cx, second_factor_use(f->cx, &l, step_now(f)));
    assert_int_equal(login_now(f).failures, 0);
    for (int i = 0; i < 6; i++) {
        must(f->cx, login_failed(f->cx, &l, S("192.0.2.1")));
    }
    must_fail(f->cx, login_succeeded(f->cx, &l, false), ERR_FORBIDDEN);
    must_fail(f->cx, second_factor_use(f->cx, &l, step_now(f) + 1), ERR_FORBIDDEN);
    must_fail(f->cx, recovery_code_use(f->cx, &l, e.codes[0]), ERR_FORBIDDEN);
    store_at(f, 1800);
    must(f->cx, login_succeeded(f->cx, &l, false));
    must(f->cx, login_failed(f->cx, &l, S("192.0.2.1"))); /* a new count */
    assert_int_equal(login_now(f).failures, 1);
    must(f->cx, recovery_code_use(f->cx, &l, e.codes[0]));
    assert_int_equal(login_now(f).failures, 0);
    world_end(f, p);
}

static void recovery_codes_are_typed_as_people_type(struct fixture *f) {
    struct enrolment e;
    int64_t left;
    struct platform *p = world(f);
    (void)enrol(f, FACTOR_TOTP, &e);
    struct login l = login_now(f);
    char typed[64];
    size_t n = 0;
    assert_int_equal(e.codes[0].n, 19);
    for (size_t i = 0; i < e.codes[0].n; i++) { /* lower case, a blank for each hyphen */
        char c = e.codes[0].p[i];
        typed[n++] = c == '-' ? ' ' : c == 'O' ? '0' : c == 'B' ? '8' : (char)(c | 0x20);
    }
    must(f->cx, recovery_code_use(f->cx, &l, (struct str){typed, n}));
    must(f->cx, recovery_codes_left(f->cx, &l, &left));
    assert_int_equal(left, RECOVERY_CODES - 1);
    must_fail(f->cx, recovery_code_use(f->cx, &l, e.codes[0]), ERR_INVALID_GRANT);
    static const char *const wrong[] = {
        "",           "AAAA-AAAA-AAAA-AAAA", "AAAA", "AAAA-AAAA-AAAA-AAA!", "AAAA-AAAA-AAAA-AAAAA",
        "' OR 1=1 --"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        must_fail(f->cx, recovery_code_use(f->cx, &l, str_from(wrong[i])), ERR_INVALID_GRANT);
    }
    struct login other = l;
    other.tenant_id = S(TENANT_2); /* idor: of one tenant's employee alone */
    other.employee_id = S(USER_2);
    must(f->cx, login_password_set(f->cx, S(TENANT_2), S(USER_2), S(HASH), false));
    must_fail(f->cx, recovery_code_use(f->cx, &other, e.codes[1]), ERR_INVALID_GRANT);
    /* A new set takes the place of the old one. */
    const struct str *again = recovery_codes_new(f->cx);
    must(f->cx, recovery_codes_store(f->cx, &l, again));
    must_fail(f->cx, recovery_code_use(f->cx, &l, e.codes[1]), ERR_INVALID_GRANT);
    must(f->cx, recovery_code_use(f->cx, &l, again[1]));
    world_end(f, p);
}

static void dead_means_dead_a_reset_factor_opens_nothing(struct fixture *f) {
    struct enrolment e;
    struct str cookie;
    bool had;
    struct platform *p = world(f);
    (void)enrol(f, FACTOR_TOTP, &e);
    struct login l = login_now(f);
    struct sso_session s = {.tenant_id = l.tenant_id,
                            .employee_id = l.employee_id,
                            .amr = S("pwd otp mfa"),
                            .auth_at = f->cx->now,
                            .created_at = f->cx->now,
                            .last_used_at = f->cx->now,
                            .idle_seconds = 3600,
                            .expires_at = f->cx->now + 3600};
    sso_session_prepare(f->cx, &s, &cookie);
    must(f->cx, sso_session_create(f->cx, &s));
    must(f->cx, second_factor_reset(f->cx, S(TENANT_1), S(USER_1), &had));
    assert_true(had);
    must_fail(f->cx, sso_session_find(f->cx, S(ENV_1), cookie, &s), ERR_NOT_FOUND);
    must_fail(f->cx, second_factor_use(f->cx, &l, step_now(f)), ERR_INVALID_GRANT);
    must_fail(f->cx, recovery_code_use(f->cx, &l, e.codes[0]), ERR_INVALID_GRANT);
    must_fail(f->cx, second_factor_enrol(f->cx, &l, &e), ERR_CONFLICT);
    assert_int_equal(login_now(f).factor, FACTOR_NONE);
    must(f->cx, second_factor_reset(f->cx, S(TENANT_1), S(USER_1), &had));
    assert_false(had);
    /* The password alone counts again. */
    must(f->cx, login_failed(f->cx, &l, S("192.0.2.1")));
    must(f->cx, login_succeeded(f->cx, &l, true));
    assert_int_equal(login_now(f).failures, 0);
    world_end(f, p);
}

/* Who began to set one up with the old password does not end it after the new one. */
static void reset_a_new_password_ends_an_enrolment(struct fixture *f) {
    struct platform *p = world(f);
    struct login l = login_now(f);
    struct enrolment e = {.kind = FACTOR_TOTP, .position = 1};
    struct secret key = secret_in(f->cx->arena, "12345678901234567890", OTP_SECRET_SIZE);
    second_factor_prepare(f->cx, &l, key, &e);
    store_at(f, 1);
    must(f->cx, login_password_set(f->cx, S(TENANT_1), S(USER_1), S("hash-2"), false));
    must_fail(f->cx, second_factor_enrol(f->cx, &l, &e), ERR_CONFLICT);
    assert_int_equal(login_now(f).factor, FACTOR_NONE);
    l = login_now(f);
    must(f->cx, second_factor_enrol(f->cx, &l, &e));
    world_end(f, p);
}

static void reset_a_new_password_leaves_the_factor(struct fixture *f) {
    struct enrolment e;
    struct platform *p = world(f);
    (void)enrol(f, FACTOR_TOTP, &e);
    must(f->cx, login_password_set(f->cx, S(TENANT_1), S(USER_1), S("hash-2"), false));
    assert_int_equal(login_now(f).factor, FACTOR_TOTP);
    world_end(f, p);
}

static const struct store_case cases[] = {
    STORE_CASE(enrolled_is_what_login_finds),
    STORE_CASE(secrets_once_rows_hold_sealed_secrets_and_digests),
    STORE_CASE(a_code_is_good_once_and_moves_the_position),
    STORE_CASE(a_token_that_counts_may_be_ahead_but_never_back),
    STORE_CASE(lockout_64_posts_of_one_code_give_one_success),
    STORE_CASE(steps_64_enrolments_at_once_give_one_factor),
    STORE_CASE(lockout_is_one_count_for_passwords_and_codes),
    STORE_CASE(recovery_codes_are_typed_as_people_type),
    STORE_CASE(dead_means_dead_a_reset_factor_opens_nothing),
    STORE_CASE(reset_a_new_password_ends_an_enrolment),
    STORE_CASE(reset_a_new_password_leaves_the_factor),
};
STORE_MAIN(cases)
