/* SPDX-License-Identifier: Apache-2.0 */
/* plan and apply: authenticators whose people sign in at another provider; who an employee is
 * there, and the one UPDATE that connects the two. */
#include "store.h"

#include "model.h"

#include <string.h>

static const struct seal_key master = {.bytes = {7, 1, 2, 3}};

#define SECRET   "wergild-and-whale-road"
#define SECRET_2 "hoard-of-the-barrow-12"
#define TENANT(inside)                                                                             \
    "{\"environments\":[{\"name\":\"one\",\"areas\":[{\"area\":\"na1\",\"domain\":\"d.example\","  \
    "\"acdDomain\":\"a.example\",\"clusters\":[\"B32\"]}],\"tenants\":[{\"tenant\":\"classics\","  \
    "\"area\":\"na1\",\"cluster\":\"B32\",\"businessUnits\":[{\"number\":1}],"                     \
    "\"roles\":[{\"name\":\"Agent\"}]" inside "}]}]}"
#define OPENID(provider)                                                                           \
    ",\"loginAuthenticators\":[{\"name\":\"Acme\",\"kind\":\"openid\",\"provider\":{" provider "}" \
    "}"                                                                                            \
    "]"
#define RIGHT                                                                                      \
    "\"issuer\":\"https://id.example/t\",\"clientId\":\"postern\",\"clientSecret\":\"" SECRET "\""
#define PERSON(name, rest)                                                                         \
    "{\"emailAddress\":\"" name "@classics.example\",\"firstName\":\"Ada\","                       \
    "\"lastName\":\"Byron\",\"role\":\"Agent\"" rest "}"
#define EMPLOYEES(list) ",\"employees\":[" list "]"
#define HERE            ",\"loginAuthenticator\":\"Acme\""

static err run(struct fixture *f, const char *text, bool apply, struct declaration_result *r) {
    struct declaration_options o = {.text = str_from(text),
                                    .file = "demo.json",
                                    .master = &master,
                                    .actor = STR("operator:test"),
                                    .apply = apply};
    *r = (struct declaration_result){0};
    return declaration_run(f->cx, &o, r);
}

static void applied(struct fixture *f, const char *text, size_t changes, const char *detail) {
    struct declaration_result r;
    must(f->cx, run(f, text, true, &r));
    assert_int_equal(r.changes_n, changes);
    if (changes > 0 && !str_is(r.changes[changes - 1].detail, detail)) {
        print_message("detail: %.*s\n", STR_ARG(r.changes[changes - 1].detail));
        assert_true(false);
    }
    for (size_t i = 0; i < r.changes_n; i++) {
        assert_null(strstr(str_z(f->cx->arena, r.changes[i].detail), SECRET));
    }
    assert_int_equal(r.secrets_n, 0);
}

/* Refused; the first mistake says `part`, and no mistake shows a secret. */
static void refused(struct fixture *f, const char *text, const char *part) {
    struct declaration_result r;
    must_fail(f->cx, run(f, text, true, &r), ERR_BAD_CONFIG);
    if (strstr(failure_text(f->cx), part) == NULL) {
        print_message("said: %s\nnot:  %s\n", failure_text(f->cx), part);
        assert_true(false);
    }
    for (size_t i = 0; i < r.mistakes_n; i++) {
        assert_null(strstr(str_z(f->cx->arena, r.mistakes[i]), SECRET));
    }
}

/* With keys that nobody reads: making real ones takes most of a case's time. */
static void tenant_ready(struct fixture *f) {
    struct declaration_result r;
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
    must(f->cx, run(f, TENANT(OPENID(RIGHT) EMPLOYEES(PERSON("ada", HERE) "," PERSON("bob", HERE))),
                    true, &r));
}

static struct login_way way_of(struct fixture *f, const char *name) {
    struct login_way w;
    must(f->cx, login_way_find(f->cx, STR("e1"),
                               str_format(f->cx->arena, "%s@classics.example", name), &w));
    return w;
}

static void secret_is(struct fixture *f, const char *expected) {
    struct login_way w = way_of(f, "ada");
    struct login_authenticator a = {.tenant_id = w.tenant_id,
                                    .login_authenticator_id = w.authenticator_id};
    struct seal_key key = seal_key_derive(&master, SEAL_LOGIN_PROVIDER);
    struct secret secret;
    must(f->cx, login_provider_unseal(f->cx, &key, &a, w.secret_sealed, &secret));
    assert_int_equal(secret.n, strlen(expected));
    assert_memory_equal(secret.p, expected, secret.n);
    /* Another row's does not open. */
    a.login_authenticator_id = STR("another");
    must_fail(f->cx, login_provider_unseal(f->cx, &key, &a, w.secret_sealed, &secret),
              ERR_INTERNAL);
}

static void provider_is_declared_and_changed(struct fixture *f) {
    tenant_ready(f);
    struct login_way w = way_of(f, "ADA");
    assert_true(str_is(w.kind, "openid"));
    assert_true(str_is(w.authenticator_name, "Acme"));
    assert_true(str_is(w.provider.issuer, "https://id.example/t"));
    assert_true(str_is(w.provider.client_id, "postern"));
    assert_true(str_is(w.provider.scope, LOGIN_PROVIDER_SCOPE));
    assert_true(str_is(w.provider.claim, "sub"));
    assert_null(w.external_subject.p);
    secret_is(f, SECRET);
    applied(f, TENANT(OPENID(RIGHT)), 0, "");
    applied(f, TENANT(OPENID("\"claim\":\"email\"")), 1, "provider");
    applied(f, TENANT(OPENID("\"scope\":[\"openid\",\"email\"]")), 1, "provider");
    applied(f, TENANT(OPENID("\"clientSecret\":\"" SECRET_2 "\"")), 1, "clientSecret");
    secret_is(f, SECRET_2);
    w = way_of(f, "ada");
    assert_true(str_is(w.provider.claim, "email"));
    assert_true(str_is(w.provider.scope, "openid email"));
    applied(f, TENANT(",\"loginAuthenticators\":[{\"name\":\"Acme\"}]"), 0, "");
}

static void secrets_once_a_client_secret_is_sealed(struct fixture *f) {
    tenant_ready(f);
    assert_int_equal(store_number(f, "SELECT count(*) FROM login_authenticator WHERE "
                                     "provider LIKE '%" SECRET "%' OR policy LIKE '%" SECRET "%' "
                                     "OR secret_sealed LIKE '%" SECRET "%'"),
                     0);
    assert_int_equal(store_number(f, "SELECT count(*) FROM audit WHERE detail LIKE '%" SECRET "%'"),
                     0);
}

static void provider_must_be_right(struct fixture *f) {
    tenant_ready(f);
    refused(f, TENANT(OPENID("\"issuer\":\"http://id.example\"")), "http is for localhost");
    refused(f, TENANT(OPENID("\"issuer\":\"https://id.example/?a=1\"")), "no query");
    refused(f, TENANT(OPENID("\"issuer\":\"id.example\"")), "https:// address");
    refused(f, TENANT(OPENID("\"clientId\":\"\"")), "client id that the provider gave");
    refused(f, TENANT(OPENID("\"clientSecret\":\"short\"")), "secret that the provider gave");
    refused(f, TENANT(OPENID("\"clientSecret\":{\"generate\":true}")), "the provider's to make");
    refused(f, TENANT(OPENID("\"clientSecret\":{\"env\":\"NOT_SET\"}")), "is not set");
    refused(f, TENANT(OPENID("\"scope\":[\"email\"]")), "scope must have openid");
    refused(f, TENANT(OPENID("\"scope\":[\"a b\"]")), "a scope is a word");
    refused(f, TENANT(OPENID("\"claim\":\"a claim\"")), "name of a claim");
    refused(f, TENANT(OPENID("\"clientID\":\"x\"")), "Did you mean \"clientId\"?");
    refused(f, TENANT(",\"loginAuthenticators\":[{\"name\":\"New\",\"kind\":\"openid\"}]"),
            "needs \"issuer\" and \"clientId\"");
    refused(f, TENANT(",\"loginAuthenticators\":[{\"name\":\"New\",\"provider\":{" RIGHT "}}]"),
            "kind system has no provider");
    refused(f,
            TENANT(",\"loginAuthenticators\":[{\"name\":\"Acme\",\"policy\":{\"mfa\":\"totp\"}}]"),
            "the provider's to ask for");
    refused(f, TENANT(EMPLOYEES(PERSON("ada", ",\"password\":\"" SECRET "\""))),
            "asks for no password here");
}

/* Or the secret of one provider would be sent to another. */
static void secrets_once_a_secret_stays_with_its_issuer(struct fixture *f) {
    tenant_ready(f);
    refused(f, TENANT(OPENID("\"issuer\":\"https://evil.example\"")), "of another issuer");
    refused(f, TENANT(OPENID("\"clientId\":\"other\"")), "of another issuer");
    applied(f,
            TENANT(OPENID("\"issuer\":\"https://new.example\",\"clientSecret\":\"" SECRET_2 "\"")),
            1, "provider, clientSecret");
    secret_is(f, SECRET_2);
}

static void subjects_are_declared(struct fixture *f) {
    tenant_ready(f);
    applied(f, TENANT(EMPLOYEES(PERSON("ada", ",\"externalSubject\":\"s-1\""))), 1,
            "externalSubject");
    applied(f, TENANT(EMPLOYEES(PERSON("ada", ",\"externalSubject\":\"s-1\""))), 0, "");
    applied(f, TENANT(EMPLOYEES(PERSON("ada", ""))), 0, "");
    assert_true(str_is(way_of(f, "ada").external_subject, "s-1"));
    refused(f, TENANT(EMPLOYEES(PERSON("bob", ",\"externalSubject\":\"s-1\""))),
            "has this subject");
    applied(f, TENANT(EMPLOYEES(PERSON("ada", ",\"externalSubject\":\"\""))), 1, "externalSubject");
    assert_null(way_of(f, "ada").external_subject.p);
    refused(f,
            TENANT(",\"loginAuthenticators\":[{\"name\":\"Own\"}]" EMPLOYEES(
                PERSON("ada", ",\"loginAuthenticator\":\"Own\",\"externalSubject\":\"s-1\""))),
            "which has no provider");
}

/* OpenID Connect Core 2: a subject is somebody at its issuer alone. */
static void idor_subjects_do_not_move_to_another_issuer(struct fixture *f) {
    tenant_ready(f);
    applied(f, TENANT(EMPLOYEES(PERSON("ada", ",\"externalSubject\":\"s-1\""))), 1,
            "externalSubject");
    applied(f, TENANT(OPENID("\"claim\":\"email\"")), 1, "provider");
    assert_true(str_is(way_of(f, "ada").external_subject, "s-1"));
    applied(f, TENANT(OPENID("\"issuer\":\"https://new.example\",\"clientSecret\":\"" SECRET "\"")),
            1, "provider");
    assert_null(way_of(f, "ada").external_subject.p);
}

static void idor_a_subject_is_one_employee(struct fixture *f) {
    tenant_ready(f);
    struct login_way ada = way_of(f, "ada"), bob = way_of(f, "bob");
    must(f->cx, login_way_used(f->cx, &ada, STR("s-1")));
    must(f->cx, login_way_used(f->cx, &ada, STR("s-1")));
    must_fail(f->cx, login_way_used(f->cx, &ada, STR("s-2")), ERR_INVALID_GRANT);
    must_fail(f->cx, login_way_used(f->cx, &bob, STR("s-1")), ERR_INVALID_GRANT);
    must(f->cx, login_way_used(f->cx, &bob, STR("s-2")));
    struct login_way moved = ada;
    moved.authenticator_id = STR("another");
    must_fail(f->cx, login_way_used(f->cx, &moved, STR("s-1")), ERR_INVALID_GRANT);
    moved = ada;
    moved.tenant_id = STR("another");
    must_fail(f->cx, login_way_used(f->cx, &moved, STR("s-1")), ERR_INVALID_GRANT);
    /* Another authenticator: nobody there knows of it. */
    must(f->cx, login_authenticator_set(f->cx, ada.tenant_id, ada.employee_id, STR("a2")));
    must_fail(f->cx, login_way_used(f->cx, &ada, STR("s-1")), ERR_INVALID_GRANT);
}

static void dead_means_dead_at_another_provider_too(struct fixture *f) {
    struct login_way w;
    struct login l;
    struct str ada = STR("ada@classics.example");
    tenant_ready(f);
    /* A password that was left behind opens nothing; the id finds the policy. */
    store_sql(f, "UPDATE employee_login SET password_hash = 'hash', must_change = 1");
    must_fail(f->cx, login_find(f->cx, STR("e1"), ada, &l), ERR_NOT_FOUND);
    w = way_of(f, "ada");
    must(f->cx, login_of(f->cx, w.tenant_id, w.employee_id, &l));
    assert_false(l.must_change);
    assert_int_equal(l.policy.idle_seconds, 3600);
    static const char *const deaths[] = {"UPDATE employee SET status = 'BLOCKED'",
                                         "UPDATE employee SET status = 'ACTIVE', type = 'api'"};
    for (size_t i = 0; i < COUNT_OF(deaths); i++) {
        store_sql(f, deaths[i]);
        must_fail(f->cx, login_way_find(f->cx, STR("e1"), ada, &w), ERR_NOT_FOUND);
    }
    store_sql(f, "UPDATE employee SET type = 'user'");
    must_fail(f->cx, login_way_find(f->cx, STR("e2"), ada, &w), ERR_NOT_FOUND);
    must_fail(f->cx, login_way_find(f->cx, STR("e1"), STR("nobody@classics.example"), &w),
              ERR_NOT_FOUND);
    store_sql(f, "UPDATE tenant SET is_enabled = 0");
    must_fail(f->cx, login_way_find(f->cx, STR("e1"), ada, &w), ERR_NOT_FOUND);
}

static const struct store_case cases[] = {
    STORE_CASE(provider_is_declared_and_changed),
    STORE_CASE(secrets_once_a_client_secret_is_sealed),
    STORE_CASE(provider_must_be_right),
    STORE_CASE(secrets_once_a_secret_stays_with_its_issuer),
    STORE_CASE(subjects_are_declared),
    STORE_CASE(idor_subjects_do_not_move_to_another_issuer),
    STORE_CASE(idor_a_subject_is_one_employee),
    STORE_CASE(dead_means_dead_at_another_provider_too),
};
STORE_MAIN(cases)
