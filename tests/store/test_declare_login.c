/* SPDX-License-Identifier: Apache-2.0 */
/* plan and apply: login authenticators, passwords, response types. */
#include "store.h"

#include "model.h"

#include <string.h>

static const struct seal_key master = {.bytes = {7, 1, 2, 3}};

#define PASSWORD   "wergild and whale-road"
#define PASSWORD_2 "hoard of the barrow 12"
/* Environment "one" with a tenant "classics" that has `inside`. */
#define TENANT(inside)                                                                             \
    "{\"environments\":[{\"name\":\"one\",\"areas\":[{\"area\":\"na1\",\"domain\":\"d.example\","  \
    "\"acdDomain\":\"a.example\",\"clusters\":[\"B32\"]}],\"tenants\":[{\"tenant\":\"classics\","  \
    "\"area\":\"na1\",\"cluster\":\"B32\",\"businessUnits\":[{\"number\":1}],"                     \
    "\"roles\":[{\"name\":\"Agent\"}]" inside "}]}]}"
#define AUTHENTICATORS(rest) ",\"loginAuthenticators\":[{\"name\":\"Password\"" rest "}]"
#define ADA(rest)                                                                                  \
    ",\"employees\":[{\"emailAddress\":\"ada@classics.example\",\"firstName\":\"Ada\","            \
    "\"lastName\":\"Byron\",\"role\":\"Agent\"" rest "}]"
#define APPLICATION(rest) ",\"applications\":[{\"name\":\"App\",\"vendor\":\"Acme\"" rest "}]"

static struct str secret_env(void *state, const char *name) {
    (void)state;
    return strcmp(name, "ADA_PASSWORD") == 0 ? STR(PASSWORD) : STR_NONE;
}

static err run(struct fixture *f, const char *text, bool apply, struct declaration_result *r) {
    struct declaration_options o = {.text = str_from(text),
                                    .file = "demo.json",
                                    .getenv = secret_env,
                                    .master = &master,
                                    .actor = STR("operator:test"),
                                    .apply = apply};
    *r = (struct declaration_result){0};
    return declaration_run(f->cx, &o, r);
}

/* So many changes; the last one has this detail. */
static struct declaration_result applied(struct fixture *f, const char *text, size_t changes,
                                         const char *detail) {
    struct declaration_result r;
    must(f->cx, run(f, text, true, &r));
    for (size_t i = 0; r.changes_n != changes && i < r.changes_n; i++) {
        print_message("change: %s %.*s %.*s (%.*s)\n", r.changes[i].verb,
                      STR_ARG(r.changes[i].kind), STR_ARG(r.changes[i].name),
                      STR_ARG(r.changes[i].detail));
    }
    assert_int_equal(r.changes_n, changes);
    if (changes > 0 && !str_is(r.changes[changes - 1].detail, detail)) {
        print_message("detail: %.*s\n", STR_ARG(r.changes[changes - 1].detail));
        assert_true(false);
    }
    return r;
}

/* Refused; the first mistake says `part`, and no mistake shows a password. */
static void refused(struct fixture *f, const char *text, const char *part) {
    struct declaration_result r;
    must_fail(f->cx, run(f, text, true, &r), ERR_BAD_CONFIG);
    if (strstr(failure_text(f->cx), part) == NULL) {
        print_message("said: %s\nnot:  %s\n", failure_text(f->cx), part);
        assert_true(false);
    }
    for (size_t i = 0; i < r.mistakes_n; i++) {
        const char *said = str_z(f->cx->arena, r.mistakes[i]);
        assert_null(strstr(said, PASSWORD));
        assert_null(strstr(said, "Passw0rd1!"));
    }
}

/* With keys that nobody reads: making real ones takes most of a case's time. */
static void environment_ready(struct fixture *f) {
    store_sql(
        f, "INSERT INTO environment (environment_id, name, issuer, is_default, hosts, lifetimes, "
           "platform_client_id, created_at, updated_at) "
           "VALUES ('e1', 'one', 'https://one.example', 1, '{}', '{}', 'p1', 1, 1)");
    for (int i = 0; i < 1 + SIGNING_KEYS_FUTURE + 1; i++) {
        bool refresh = i > SIGNING_KEYS_FUTURE, active = i == 0 || refresh;
        must(f->cx, db_exec(f->cx,
                            "INSERT INTO signing_key (environment_id, kid, alg, state, position, "
                            "private_sealed, created_at) VALUES ('e1', $1, $2, $3, $4, '', 1)",
                            DB_ARGS(DB_TEXT(str_format(f->cx->arena, "k%d", i)),
                                    DB_TEXT(refresh ? STR("HS256") : STR("RS256")),
                                    DB_TEXT(active ? STR("active") : STR("future")),
                                    DB_INT(active ? 0 : i)),
                            NULL));
    }
}

static void tenant_ready(struct fixture *f) {
    struct declaration_result r;
    environment_ready(f);
    must(f->cx, run(f, TENANT(AUTHENTICATORS("") ADA("")), true, &r));
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
    must(f->cx, run(f, TENANT(AUTHENTICATORS("")), true, &r));
    assert_int_equal(store_number(f, "SELECT count(*) FROM login_authenticator WHERE kind = "
                                     "'system' AND is_default = 1 AND policy = '{}'"),
                     1);
    (void)applied(f, TENANT(AUTHENTICATORS("")), 0, "");
    (void)applied(f, TENANT(AUTHENTICATORS(",\"policy\":{\"digit\":true,\"lockAfter\":3}")), 1,
                  "policy");
    (void)applied(f, TENANT(AUTHENTICATORS(",\"policy\":{\"lockSeconds\":60}")), 1, "policy");
    assert_int_equal(store_number(f, "SELECT count(*) FROM login_authenticator WHERE policy = "
                                     "'{\"lockAfter\":3,\"lockSeconds\":60,\"digit\":true}'"),
                     1);
    /* The default of a setting is not stored, so what it is can change with a version. */
    (void)applied(f, TENANT(AUTHENTICATORS(",\"policy\":{\"lockAfter\":6}")), 1, "policy");
    (void)applied(f, TENANT(AUTHENTICATORS(",\"policy\":{\"lockAfter\":6}")), 0, "");
}

static void one_authenticator_is_the_default(struct fixture *f) {
    struct login_authenticator a;
    tenant_ready(f);
    const char *two = ",\"loginAuthenticators\":[{\"name\":\"Password\"},{\"name\":\"Strict\"}]";
    (void)applied(f, str_z(f->cx->arena, str_format(f->cx->arena, TENANT("%s"), two)), 1, "");
    struct str tenant_id;
    must(f->cx, db_one(f->cx, "SELECT tenant_id FROM tenant", DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&tenant_id))));
    must(f->cx, login_authenticator_default(f->cx, tenant_id, &a));
    assert_true(str_is(a.name, "Password"));
    /* The one that was it is a change of its own. */
    (void)applied(f, TENANT(",\"loginAuthenticators\":[{\"name\":\"Strict\",\"default\":true}]"), 2,
                  "default");
    must(f->cx, login_authenticator_default(f->cx, tenant_id, &a));
    assert_true(str_is(a.name, "Strict"));
    refused(f, TENANT(",\"loginAuthenticators\":[{\"name\":\"Strict\",\"default\":false}]"),
            "none would be the default");
    refused(f,
            TENANT(",\"loginAuthenticators\":[{\"name\":\"A\",\"default\":true},"
                   "{\"name\":\"B\",\"default\":true}]"),
            "exactly one login authenticator is the default");
    refused(f, TENANT(",\"loginAuthenticators\":[{\"name\":\"A\"},{\"name\":\"A\"}]"), "twice");
    refused(f, TENANT(AUTHENTICATORS(",\"kind\":\"ldap\"")), "it must be system or openid");
    refused(f, TENANT(AUTHENTICATORS(",\"policy\":{\"passwordMin\":7}")),
            "passwordMin must be between 8 and 24");
    refused(f, TENANT(AUTHENTICATORS(",\"policy\":{\"passwordMix\":8}")),
            "Did you mean \"passwordMin\"?");
}

static void password_is_generated_once(struct fixture *f) {
    struct declaration_result r;
    tenant_ready(f);
    const char *text = TENANT(ADA(",\"password\":{\"generate\":true}"));
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
    r = applied(f, TENANT(ADA(",\"password\":\"" PASSWORD "\"")), 1,
                "loginAuthenticator, password");
    assert_int_equal(r.secrets_n, 0);
    opens(f, STR(PASSWORD), true);
    (void)applied(f, TENANT(ADA(",\"password\":\"" PASSWORD "\"")), 0, "");
    (void)applied(f, TENANT(ADA(",\"password\":{\"env\":\"ADA_PASSWORD\"}")), 0, "");
    (void)applied(f, TENANT(ADA("")), 0, "");
    (void)applied(f, TENANT(ADA(",\"password\":\"" PASSWORD_2 "\"")), 1, "password");
    opens(f, STR(PASSWORD_2), true);
    opens(f, STR(PASSWORD), false);
    refused(f, TENANT(ADA(",\"password\":{\"env\":\"NOT_SET\"}")), "\"NOT_SET\" is not set");
}

static void dead_means_dead_a_declared_password_ends_sessions(struct fixture *f) {
    tenant_ready(f);
    (void)applied(f, TENANT(ADA(",\"password\":\"" PASSWORD "\"")), 1,
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
    (void)applied(f, TENANT(ADA(",\"password\":\"" PASSWORD "\"")), 0, "");
    must(f->cx, sso_session_find(f->cx, STR("e1"), cookie, &s));
    (void)applied(f, TENANT(ADA(",\"password\":\"" PASSWORD_2 "\"")), 1, "password");
    must_fail(f->cx, sso_session_find(f->cx, STR("e1"), cookie, &s), ERR_NOT_FOUND);
}

static void password_must_pass_the_rules(struct fixture *f) {
    tenant_ready(f);
    refused(f, TENANT(ADA(",\"password\":\"seven77\"")), "a password has 8 to 128 characters");
    refused(f, TENANT(ADA(",\"password\":\"Passw0rd1!\"")), "among the first that are tried");
    refused(f, TENANT(ADA(",\"password\":\"the byron of 1815 xyz\"")), "one's own names");
    refused(f, TENANT(ADA(",\"password\":{\"generate\":false}")), "{\"generate\": true}");
    refused(f,
            TENANT(AUTHENTICATORS(",\"policy\":{\"digit\":true}")
                       ADA(",\"password\":\"" PASSWORD "\"")),
            "a password needs a digit");
    refused(f, TENANT(ADA(",\"type\":\"api\",\"password\":{\"generate\":true}")),
            "does not sign in");
    assert_int_equal(store_number(f, "SELECT count(*) FROM employee_login"), 0);
    /* The strictest policy takes what is generated. */
    (void)applied(f,
                  TENANT(AUTHENTICATORS(",\"policy\":{\"passwordMin\":24,\"upper\":true,\"lower\":"
                                        "true,\"digit\":true,\"special\":true}")
                             ADA(",\"password\":{\"generate\":true}")),
                  2, "loginAuthenticator, password");
}

static void authenticator_of_an_employee_is_named(struct fixture *f) {
    tenant_ready(f);
    refused(f, TENANT(ADA(",\"loginAuthenticator\":\"Pasword\"")),
            "tenant classics has no login authenticator \"Pasword\". Did you mean \"Password\"?");
    (void)applied(f, TENANT(ADA(",\"loginAuthenticator\":\"Password\"")), 1, "loginAuthenticator");
    (void)applied(f, TENANT(ADA(",\"loginAuthenticator\":\"Password\"")), 0, "");
    struct login l;
    must_fail(f->cx, login_find(f->cx, STR("e1"), STR("ada@classics.example"), &l),
              ERR_NOT_FOUND); /* no password yet */
    (void)applied(f, TENANT(ADA(",\"password\":\"" PASSWORD "\"")), 1, "password");
    (void)applied(f,
                  TENANT(",\"loginAuthenticators\":[{\"name\":\"Strict\"}]" ADA(
                      ",\"loginAuthenticator\":\"Strict\"")),
                  2, "loginAuthenticator");
    opens(f, STR(PASSWORD), true);
}

static void password_needs_an_authenticator(struct fixture *f) {
    environment_ready(f);
    refused(f, TENANT(ADA(",\"password\":{\"generate\":true}")),
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
    (void)applied(f, TENANT(APPLICATION(",\"type\":\"public\"")), 1, "");
    assert_true(str_is(response_types(f), "[\"code\"]"));
    (void)applied(
        f, TENANT(APPLICATION(",\"responseTypes\":[\"code\",\"id_token token\",\"code token\"]")),
        1, "responseTypes");
    assert_true(str_is(response_types(f), "[\"code\",\"id_token token\",\"code token\"]"));
    (void)applied(f, TENANT(APPLICATION("")), 0, "");
    (void)applied(f, TENANT(APPLICATION(",\"responseTypes\":[]")), 1, "responseTypes");
    refused(f, TENANT(APPLICATION(",\"responseTypes\":[\"token id_token\"]")), "it must be code,");
    refused(f, TENANT(APPLICATION(",\"responseTypes\":[\"code\",\"code\"]")), "twice");
    refused(f, TENANT(APPLICATION(",\"responseTypes\":\"code\"")), "it must be a list");
}

static void back_ends_have_no_response_types(struct fixture *f) {
    tenant_ready(f);
    (void)applied(f, TENANT(APPLICATION(",\"type\":\"backend\"")), 1, "");
    assert_true(str_is(response_types(f), "[]"));
    refused(f, TENANT(APPLICATION(",\"responseTypes\":[\"code\"]")), "backend application");
    struct declaration_result r;
    must(f->cx, run(f, TENANT(APPLICATION(",\"type\":\"confidential\"")), true, &r));
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
