/* SPDX-License-Identifier: Apache-2.0 */
/* What a tenant asks of passwords, and what is asked of all (SECURITY `password`). */
#include "fixture.h"

#include "model.h"

static const struct employee ada = {.user_name = {"ada.lovelace@classics.example", 29},
                                    .email_address = {"countess@classics.example", 25},
                                    .first_name = {"Ada", 3},
                                    .last_name = {"Byron-King", 10},
                                    .display_name = {"Ada of Ockham", 13}};

static err check(struct fixture *f, const char *policy, struct str password) {
    struct login_policy p;
    assert_int_equal(login_policy_parse(&f->cx, str_from(policy), &p), OK);
    return password_check(&f->cx, &p, &ada, password);
}

static void ok(struct fixture *f, const char *policy, const char *password) {
    if (check(f, policy, str_from(password)) != OK) {
        fail_msg("'%s': %s", password, f->cx.failure.detail);
    }
}

static void refused(struct fixture *f, const char *policy, struct str password, const char *says) {
    assert_int_equal(check(f, policy, password), ERR_INVALID_REQUEST);
    assert_reason(f, says);
    assert_true(f->cx.failure.say);
}

static void policy_defaults(void **state) {
    struct fixture *f = *state;
    struct login_policy p;
    assert_int_equal(login_policy_parse(&f->cx, STR("{}"), &p), OK);
    assert_int_equal(p.password_min, 8);
    assert_false(p.upper || p.lower || p.digit || p.special);
    assert_int_equal(p.max_age_days, 0);
    assert_int_equal(p.lock_after, 6);
    assert_int_equal(p.lock_seconds, 1800);
    assert_int_equal(p.idle_seconds, 3600);
    assert_int_equal(p.session_seconds, 43200);
    assert_int_equal(p.mfa, FACTOR_NONE);
    assert_str(login_policy_write(f->arena, &p), "{}");
}

static void policy_round_trip(void **state) {
    struct fixture *f = *state;
    struct login_policy p;
    const char *text = "{\"passwordMin\":12,\"maxAgeDays\":90,\"lockAfter\":3,\"lockSeconds\":60,"
                       "\"idleSeconds\":60,\"sessionSeconds\":300,\"upper\":true,\"lower\":true,"
                       "\"digit\":true,\"special\":true,\"mfa\":\"hotp\"}";
    assert_int_equal(login_policy_parse(&f->cx, str_from(text), &p), OK);
    assert_str(login_policy_write(f->arena, &p), text);
    assert_int_equal(login_policy_parse(&f->cx, STR("{\"mfa\":\"totp\"}"), &p), OK);
    assert_int_equal(p.mfa, FACTOR_TOTP);
    assert_int_equal(login_policy_parse(&f->cx, STR("{\"mfa\":\"none\"}"), &p), OK);
    assert_str(login_policy_write(f->arena, &p), "{}");
    /* What a newer version wrote is left alone. */
    assert_int_equal(login_policy_parse(&f->cx, STR("{\"passkeys\":true}"), &p), OK);
}

static void policy_out_of_range_is_refused(void **state) {
    struct fixture *f = *state;
    struct login_policy p;
    static const char *const wrong[] = {
        "{\"passwordMin\":7}",
        "{\"passwordMin\":25}",
        "{\"lockAfter\":0}",
        "{\"lockAfter\":101}",
        "{\"lockSeconds\":59}",
        "{\"lockSeconds\":86401}",
        "{\"idleSeconds\":59}",
        "{\"maxAgeDays\":-1}",
        "{\"history\":11}",
        "{\"history\":-1}",
        "{\"sessionSeconds\":299}",
        "{\"sessionSeconds\":9999999}",
        "{\"digit\":1}",
        "{\"mfa\":\"sms\"}",
        "{\"mfa\":true}",
        "{\"lockAfter\":\"6\"}",
        "[]",
        "{",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(login_policy_parse(&f->cx, str_from(wrong[i]), &p), ERR_INVALID_REQUEST);
    }
}

static void password_length_is_counted_in_characters(void **state) {
    struct fixture *f = *state;
    refused(f, "{}", STR("gqzvkwp"), "a password has 8 to 128 characters");
    refused(f, "{}", STR("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9fvkw"), "8 to 128");
    ok(f, "{}", "gqzvkwpx");
    ok(f, "{}", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9fvkwq");
    refused(f, "{\"passwordMin\":9}", STR("gqzvkwpx"), "a password has 9 to 128 characters");
    char text[4 * (PASSWORD_MAX + 1)];
    for (size_t i = 0; i < sizeof text; i += 4) {
        memcpy(text + i, "\xf0\x9f\x90", 3);
        text[i + 3] = (char)(0x80 + i / 4 % 60);
    }
    assert_int_equal(check(f, "{}", (struct str){text, 4UL * PASSWORD_MAX}), OK);
    refused(f, "{}", (struct str){text, sizeof text}, "8 to 128");
}

static void password_is_text(void **state) {
    struct fixture *f = *state;
    refused(f, "{}", (struct str){"gqzv\0kwpx", 9}, "control characters");
    refused(f, "{}", STR("gqzv\tkwpx"), "control characters");
    refused(f, "{}", STR("gqzv\x7fkwpx"), "control characters");
    refused(f, "{}", STR("gqzv\xffkwpx"), "control characters");
    ok(f, "{}", "gqzv kwpx");
}

static void password_classes_are_those_of_the_policy(void **state) {
    struct fixture *f = *state;
    refused(f, "{\"upper\":true}", STR("gqzvkw7-x"), "an upper-case letter");
    refused(f, "{\"lower\":true}", STR("GQZVKW7-X"), "a lower-case letter");
    refused(f, "{\"digit\":true}", STR("gqzvkwX-x"), "a digit");
    refused(f, "{\"special\":true}", STR("gqzvkw7Xx"), "no letter or digit");
    ok(f, "{\"upper\":true,\"lower\":true,\"digit\":true,\"special\":true}", "gqzvKW7-x");
}

static void password_has_none_of_ones_own_names(void **state) {
    struct fixture *f = *state;
    static const char *const names[] = {"xqv-Lovelace-77", "COUNTESSxqv77", "77byron77qv",
                                        "xqvockham-9vw", "ada.lovelace@classics.example"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        refused(f, "{}", str_from(names[i]), "one's own names");
    }
    ok(f, "{}", "adamantine quay"); /* three letters are in too many words */
    ok(f, "{}", "classics of example");
}

static void password_generated_ones_fit_every_policy(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 100; i++) {
        struct str one = password_generate(&f->cx), other = password_generate(&f->cx);
        assert_int_equal(one.n, LOGIN_PASSWORD_GENERATED);
        assert_false(str_eq(one, other));
        assert_int_equal(check(f,
                               "{\"passwordMin\":24,\"upper\":true,\"lower\":true,\"digit\":true,"
                               "\"special\":true}",
                               one),
                         OK);
        assert_true(str_find_char(one, '\'') == one.n); /* it is pasted into a shell */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(policy_defaults),
        TEST(policy_round_trip),
        TEST(policy_out_of_range_is_refused),
        TEST(password_length_is_counted_in_characters),
        TEST(password_is_text),
        TEST(password_classes_are_those_of_the_policy),
        TEST(password_has_none_of_ones_own_names),
        TEST(password_generated_ones_fit_every_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
