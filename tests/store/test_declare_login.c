/* SPDX-License-Identifier: Apache-2.0 */
/* plan and apply: login authenticators, passwords, response types. */
#include "declare_world.h"

#define PASSWORD_2           "hoard of the barrow 12"
#define AUTHENTICATORS(rest) ",\"loginAuthenticators\":[{\"name\":\"Password\"" rest "}]"
#define ADA(rest)                                                                                  \
    ",\"employees\":[{\"emailAddress\":\"ada@classics.example\",\"firstName\":\"Ada\","            \
    "\"lastName\":\"Byron\",\"role\":\"Agent\"" rest "}]"
#define APPLICATION(rest) ",\"applications\":[{\"name\":\"App\",\"vendor\":\"Acme\"" rest "}]"

static void tenant_ready(struct fixture *f) {
    struct declaration_result r;
    environment_ready(f);
    must(f->cx, run(f, CLASSICS(AUTHENTICATORS("") ADA("")), true, &r));
}

static struct login login_now(struct fixture *f) {
    struct login l;
    must(f->cx, login_find(f->cx, STR("e1"), STR("ada@classics.example"), &l));
    return l;
}

static void opens(struct fixture *f, struct str password, bool expected) {
    bool stale;
    assert_int_equal(password_matches(password, login_now(f).password_hash, &stale), expected);
}

static void authenticators_are_made_and_changed(struct fixture *f) {
    environment_ready(f);
    struct declaration_result r;
    must(f->cx, run(f, CLASSICS(AUTHENTICATORS("")), true, &r));
    assert_int_equal(store_number(f, "SELECT count(*) FROM login_authenticator WHERE kind = "
                                     "'system' AND is_default = 1 AND policy = '{}'"),
                     1);
    (void)applied(f, CLASSICS(AUTHENTICATORS("")), 0, "");
    (void)applied(f, CLASSICS(AUTHENTICATORS(",\"policy\":{\"digit\":true,\"lockAfter\":3}")), 1,
                  "policy");
    (void)applied(f, CLASSICS(AUTHENTICATORS(",\"policy\":{\"lockSeconds\":60}")), 1, "policy");
    assert_int_equal(store_number(f, "SELECT count(*) FROM login_authenticator WHERE policy = "
                                     "'{\"lockAfter\":3,\"lockSeconds\":60,\"digit\":true}'"),
                     1);
    /* The default of a setting is not stored, so what it is can change with a version. */
    (void)applied(f, CLASSICS(AUTHENTICATORS(",\"policy\":{\"lockAfter\":6}")), 1, "policy");
    (void)applied(f, CLASSICS(AUTHENTICATORS(",\"policy\":{\"lockAfter\":6}")), 0, "");
}

static void one_authenticator_is_the_default(struct fixture *f) {
    struct login_authenticator a;
    tenant_ready(f);
    const char *two = ",\"loginAuthenticators\":[{\"name\":\"Password\"},{\"name\":\"Strict\"}]";
    (void)applied(f, str_z(f->cx->arena, str_format(f->cx->arena, CLASSICS("%s"), two)), 1, "");
    struct str tenant_id;
    must(f->cx, db_one(f->cx, "SELECT tenant_id FROM tenant", DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&tenant_id))));
    must(f->cx, login_authenticator_default(f->cx, tenant_id, &a));
    assert_true(str_is(a.name, "Password"));
    /* The one that was it is a change of its own. */
    (void)applied(f, CLASSICS(",\"loginAuthenticators\":[{\"name\":\"Strict\",\"default\":true}]"),
                  2, "default");
    must(f->cx, login_authenticator_default(f->cx, tenant_id, &a));
    assert_true(str_is(a.name, "Strict"));
    refused(f, CLASSICS(",\"loginAuthenticators\":[{\"name\":\"Strict\",\"default\":false}]"),
            "none would be the default");
    refused(f,
            CLASSICS(",\"loginAuthenticators\":[{\"name\":\"A\",\"default\":true},"
                     "{\"name\":\"B\",\"default\":true}]"),
            "exactly one login authenticator is the default");
    refused(f, CLASSICS(",\"loginAuthenticators\":[{\"name\":\"A\"},{\"name\":\"A\"}]"), "twice");
    refused(f, CLASSICS(AUTHENTICATORS(",\"kind\":\"ldap\"")), "it must be system or openid");
    refused(f, CLASSICS(AUTHENTICATORS(",\"policy\":{\"passwordMin\":7}")),
            "passwordMin must be between 8 and 24");
    refused(f, CLASSICS(AUTHENTICATORS(",\"policy\":{\"passwordMix\":8}")),
            "Did you mean \"passwordMin\"?");
}

static void password_is_generated_once(struct fixture *f) {
    struct declaration_result r;
    tenant_ready(f);
    const char *text = CLASSICS(ADA(",\"password\":{\"generate\":true}"));
    must(f->cx, run(f, text, false, &r)); /* a plan shows and stores none */
    assert_int_equal(r.changes_n, 1);
    assert_int_equal(r.secrets_n, 0);
    assert_int_equal(store_number(f, "SELECT count(*) FROM employee_login"), 0);
    r = applied(f, text, 1, "loginAuthenticator, password");
    assert_int_equal(r.secrets_n, 1);
    assert_true(str_is(r.secrets[0].kind, "employee"));
    assert_true(str_is(r.secrets[0].name, "ada@classics.example"));
    assert_true(str_is(r.secrets[0].member, "password"));
    assert_int_equal(r.secrets[0].value.n, LOGIN_PASSWORD_GENERATED);
    opens(f, r.secrets[0].value, true);
    assert_true(str_is(login_now(f).authenticator_kind, "system"));
    assert_false(login_now(f).must_change);
    struct str hash = login_now(f).password_hash;
    r = applied(f, text, 0, "");
    assert_int_equal(r.secrets_n, 0);
    assert_true(str_eq(login_now(f).password_hash, hash));
}

static void password_is_given_and_changed(struct fixture *f) {
    struct declaration_result r;
    tenant_ready(f);
    r = applied(f, CLASSICS(ADA(",\"password\":\"" PASSWORD "\"")), 1,
                "loginAuthenticator, password");
    assert_int_equal(r.secrets_n, 0);
    opens(f, STR(PASSWORD), true);
    (void)applied(f, CLASSICS(ADA(",\"password\":\"" PASSWORD "\"")), 0, "");
    (void)applied(f, CLASSICS(ADA(",\"password\":{\"env\":\"ADA_PASSWORD\"}")), 0, "");
    (void)applied(f, CLASSICS(ADA("")), 0, "");
    (void)applied(f, CLASSICS(ADA(",\"password\":\"" PASSWORD_2 "\"")), 1, "password");
    opens(f, STR(PASSWORD_2), true);
    opens(f, STR(PASSWORD), false);
    refused(f, CLASSICS(ADA(",\"password\":{\"env\":\"NOT_SET\"}")), "\"NOT_SET\" is not set");
}

static void dead_means_dead_a_declared_password_ends_sessions(struct fixture *f) {
    tenant_ready(f);
    (void)applied(f, CLASSICS(ADA(",\"password\":\"" PASSWORD "\"")), 1,
                  "loginAuthenticator, password");
    struct login l = login_now(f);
    struct sso_session s = {.tenant_id = l.tenant_id,
                            .employee_id = l.employee_id,
                            .amr = STR("pwd"),
                            .idle_seconds = 60,
                            .expires_at = f->cx->now + 60};
    struct str cookie;
    sso_session_prepare(f->cx, &s, &cookie);
    must(f->cx, sso_session_create(f->cx, &s));
    (void)applied(f, CLASSICS(ADA(",\"password\":\"" PASSWORD "\"")), 0, "");
    must(f->cx, sso_session_find(f->cx, STR("e1"), cookie, &s));
    (void)applied(f, CLASSICS(ADA(",\"password\":\"" PASSWORD_2 "\"")), 1, "password");
    must_fail(f->cx, sso_session_find(f->cx, STR("e1"), cookie, &s), ERR_NOT_FOUND);
}

static void password_must_pass_the_rules(struct fixture *f) {
    tenant_ready(f);
    refused(f, CLASSICS(ADA(",\"password\":\"seven77\"")), "a password has 8 to 128 characters");
    refused(f, CLASSICS(ADA(",\"password\":\"" PASSWORD_POOR "\"")),
            "among the first that are tried");
    refused(f, CLASSICS(ADA(",\"password\":\"the byron of 1815 xyz\"")), "one's own names");
    refused(f, CLASSICS(ADA(",\"password\":{\"generate\":false}")), "{\"generate\": true}");
    refused(f,
            CLASSICS(AUTHENTICATORS(",\"policy\":{\"digit\":true}")
                         ADA(",\"password\":\"" PASSWORD "\"")),
            "a password needs a digit");
    refused(f, CLASSICS(ADA(",\"type\":\"api\",\"password\":{\"generate\":true}")),
            "does not sign in");
    assert_int_equal(store_number(f, "SELECT count(*) FROM employee_login"), 0);
    /* The strictest policy takes what is generated. */
    (void)applied(
        f,
        CLASSICS(AUTHENTICATORS(",\"policy\":{\"passwordMin\":24,\"upper\":true,\"lower\":"
                                "true,\"digit\":true,\"special\":true}")
                     ADA(",\"password\":{\"generate\":true}")),
        2, "loginAuthenticator, password");
}

static void authenticator_of_an_employee_is_named(struct fixture *f) {
    tenant_ready(f);
    refused(f, CLASSICS(ADA(",\"loginAuthenticator\":\"Pasword\"")),
            "tenant classics has no login authenticator \"Pasword\". Did you mean \"Password\"?");
    (void)applied(f, CLASSICS(ADA(",\"loginAuthenticator\":\"Password\"")), 1,
                  "loginAuthenticator");
    (void)applied(f, CLASSICS(ADA(",\"loginAuthenticator\":\"Password\"")), 0, "");
    struct login l;
    must_fail(f->cx, login_find(f->cx, STR("e1"), STR("ada@classics.example"), &l),
              ERR_NOT_FOUND); /* no password yet */
    (void)applied(f, CLASSICS(ADA(",\"password\":\"" PASSWORD "\"")), 1, "password");
    (void)applied(f,
                  CLASSICS(",\"loginAuthenticators\":[{\"name\":\"Strict\"}]" ADA(
                      ",\"loginAuthenticator\":\"Strict\"")),
                  2, "loginAuthenticator");
    opens(f, STR(PASSWORD), true);
}

static void password_needs_an_authenticator(struct fixture *f) {
    environment_ready(f);
    refused(f, CLASSICS(ADA(",\"password\":{\"generate\":true}")),
            "tenant classics has no login authenticator");
}

static struct str response_types(struct fixture *f) {
    struct str types;
    must(f->cx, db_one(f->cx, "SELECT response_types FROM application WHERE name = 'App'",
                       DB_NO_ARGS, DB_COLUMNS(COLUMN_STR(&types))));
    return types;
}

static void response_types_are_declared(struct fixture *f) {
    tenant_ready(f);
    (void)applied(f, CLASSICS(APPLICATION(",\"type\":\"public\"")), 1, "");
    assert_true(str_is(response_types(f), "[\"code\"]"));
    (void)applied(
        f, CLASSICS(APPLICATION(",\"responseTypes\":[\"code\",\"id_token token\",\"code token\"]")),
        1, "responseTypes");
    assert_true(str_is(response_types(f), "[\"code\",\"id_token token\",\"code token\"]"));
    (void)applied(f, CLASSICS(APPLICATION("")), 0, "");
    (void)applied(f, CLASSICS(APPLICATION(",\"responseTypes\":[]")), 1, "responseTypes");
    refused(f, CLASSICS(APPLICATION(",\"responseTypes\":[\"token id_token\"]")),
            "it must be code,");
    refused(f, CLASSICS(APPLICATION(",\"responseTypes\":[\"code\",\"code\"]")), "twice");
    refused(f, CLASSICS(APPLICATION(",\"responseTypes\":\"code\"")), "it must be a list");
}

static void back_ends_have_no_response_types(struct fixture *f) {
    tenant_ready(f);
    (void)applied(f, CLASSICS(APPLICATION(",\"type\":\"backend\"")), 1, "");
    assert_true(str_is(response_types(f), "[]"));
    refused(f, CLASSICS(APPLICATION(",\"responseTypes\":[\"code\"]")), "backend application");
    struct declaration_result r;
    must(f->cx, run(f, CLASSICS(APPLICATION(",\"type\":\"confidential\"")), true, &r));
    assert_true(str_is(response_types(f), "[\"code\"]"));
}

static const struct store_case cases[] = {
    STORE_CASE(authenticators_are_made_and_changed),
    STORE_CASE(one_authenticator_is_the_default),
    STORE_CASE(password_is_generated_once),
    STORE_CASE(password_is_given_and_changed),
    STORE_CASE(dead_means_dead_a_declared_password_ends_sessions),
    STORE_CASE(password_must_pass_the_rules),
    STORE_CASE(authenticator_of_an_employee_is_named),
    STORE_CASE(password_needs_an_authenticator),
    STORE_CASE(response_types_are_declared),
    STORE_CASE(back_ends_have_no_response_types),
};
STORE_MAIN(cases)
