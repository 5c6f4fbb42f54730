/* SPDX-License-Identifier: Apache-2.0 */
/* plan and apply: authenticators whose people sign in at another provider; who an employee is
 * there, and the one UPDATE that connects the two. */
#include "declare_world.h"

#define CLIENT_SECRET_2 "hoard-of-the-barrow-12"
#define OPENID(provider)                                                                           \
    ",\"loginAuthenticators\":[{\"name\":\"Acme\",\"kind\":\"openid\",\"provider\":{" provider "}" \
    "}"                                                                                            \
    "]"
#define RIGHT                                                                                      \
    "\"issuer\":\"https://id.example/t\",\"clientId\":\"postern\","                                \
    "\"clientSecret\":\"" CLIENT_SECRET "\""
#define PERSON(name, rest)                                                                         \
    "{\"emailAddress\":\"" name "@classics.example\",\"firstName\":\"Ada\","                       \
    "\"lastName\":\"Byron\",\"role\":\"Agent\"" rest "}"
#define EMPLOYEES(list) ",\"employees\":[" list "]"
#define HERE            ",\"loginAuthenticator\":\"Acme\""

/* Nothing is made up for it that somebody would have to be told. */
static void changed(struct fixture *f, const char *text, size_t changes, const char *detail) {
    assert_int_equal(applied(f, text, changes, detail).secrets_n, 0);
}

static void tenant_ready(struct fixture *f) {
    struct declaration_result r;
    environment_ready(f);
    must(f->cx,
         run(f, CLASSICS(OPENID(RIGHT) EMPLOYEES(PERSON("ada", HERE) "," PERSON("bob", HERE))),
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
    secret_is(f, CLIENT_SECRET);
    changed(f, CLASSICS(OPENID(RIGHT)), 0, "");
    changed(f, CLASSICS(OPENID("\"claim\":\"email\"")), 1, "provider");
    changed(f, CLASSICS(OPENID("\"scope\":[\"openid\",\"email\"]")), 1, "provider");
    changed(f, CLASSICS(OPENID("\"clientSecret\":\"" CLIENT_SECRET_2 "\"")), 1, "clientSecret");
    secret_is(f, CLIENT_SECRET_2);
    w = way_of(f, "ada");
    assert_true(str_is(w.provider.claim, "email"));
    assert_true(str_is(w.provider.scope, "openid email"));
    changed(f, CLASSICS(",\"loginAuthenticators\":[{\"name\":\"Acme\"}]"), 0, "");
}

static void secrets_once_a_client_secret_is_sealed(struct fixture *f) {
    tenant_ready(f);
    assert_int_equal(store_number(f, "SELECT count(*) FROM login_authenticator WHERE "
                                     "provider LIKE '%" CLIENT_SECRET
                                     "%' OR policy LIKE '%" CLIENT_SECRET "%' "
                                     "OR secret_sealed LIKE '%" CLIENT_SECRET "%'"),
                     0);
    assert_int_equal(
        store_number(f, "SELECT count(*) FROM audit WHERE detail LIKE '%" CLIENT_SECRET "%'"), 0);
}

static void provider_must_be_right(struct fixture *f) {
    tenant_ready(f);
    refused(f, CLASSICS(OPENID("\"issuer\":\"http://id.example\"")), "http is for localhost");
    refused(f, CLASSICS(OPENID("\"issuer\":\"https://id.example/?a=1\"")), "no query");
    refused(f, CLASSICS(OPENID("\"issuer\":\"id.example\"")), "https:// address");
    refused(f, CLASSICS(OPENID("\"clientId\":\"\"")), "client id that the provider gave");
    refused(f, CLASSICS(OPENID("\"clientSecret\":\"short\"")), "secret that the provider gave");
    refused(f, CLASSICS(OPENID("\"clientSecret\":{\"generate\":true}")), "the provider's to make");
    refused(f, CLASSICS(OPENID("\"clientSecret\":{\"env\":\"NOT_SET\"}")), "is not set");
    refused(f, CLASSICS(OPENID("\"scope\":[\"email\"]")), "scope must have openid");
    refused(f, CLASSICS(OPENID("\"scope\":[\"a b\"]")), "a scope is a word");
    refused(f, CLASSICS(OPENID("\"claim\":\"a claim\"")), "name of a claim");
    refused(f, CLASSICS(OPENID("\"clientID\":\"x\"")), "Did you mean \"clientId\"?");
    refused(f, CLASSICS(",\"loginAuthenticators\":[{\"name\":\"New\",\"kind\":\"openid\"}]"),
            "needs \"issuer\" and \"clientId\"");
    refused(f, CLASSICS(",\"loginAuthenticators\":[{\"name\":\"New\",\"provider\":{" RIGHT "}}]"),
            "kind system has no provider");
    refused(
        f, CLASSICS(",\"loginAuthenticators\":[{\"name\":\"Acme\",\"policy\":{\"mfa\":\"totp\"}}]"),
        "the provider's to ask for");
    refused(f, CLASSICS(EMPLOYEES(PERSON("ada", ",\"password\":\"" CLIENT_SECRET "\""))),
            "asks for no password here");
}

/* Or the secret of one provider would be sent to another. */
static void secrets_once_a_secret_stays_with_its_issuer(struct fixture *f) {
    tenant_ready(f);
    refused(f, CLASSICS(OPENID("\"issuer\":\"https://evil.example\"")), "of another issuer");
    refused(f, CLASSICS(OPENID("\"clientId\":\"other\"")), "of another issuer");
    changed(f,
            CLASSICS(OPENID("\"issuer\":\"https://new.example\",\"clientSecret\":\"" CLIENT_SECRET_2
                            "\"")),
            1, "provider, clientSecret");
    secret_is(f, CLIENT_SECRET_2);
}

static void subjects_are_declared(struct fixture *f) {
    tenant_ready(f);
    changed(f, CLASSICS(EMPLOYEES(PERSON("ada", ",\"externalSubject\":\"s-1\""))), 1,
            "externalSubject");
    changed(f, CLASSICS(EMPLOYEES(PERSON("ada", ",\"externalSubject\":\"s-1\""))), 0, "");
    changed(f, CLASSICS(EMPLOYEES(PERSON("ada", ""))), 0, "");
    assert_true(str_is(way_of(f, "ada").external_subject, "s-1"));
    refused(f, CLASSICS(EMPLOYEES(PERSON("bob", ",\"externalSubject\":\"s-1\""))),
            "has this subject");
    changed(f, CLASSICS(EMPLOYEES(PERSON("ada", ",\"externalSubject\":\"\""))), 1,
            "externalSubject");
    assert_null(way_of(f, "ada").external_subject.p);
    refused(f,
            CLASSICS(",\"loginAuthenticators\":[{\"name\":\"Own\"}]" EMPLOYEES(
                PERSON("ada", ",\"loginAuthenticator\":\"Own\",\"externalSubject\":\"s-1\""))),
            "which has no provider");
}

/* OpenID Connect Core 2: a subject is somebody at its issuer alone. */
static void idor_subjects_do_not_move_to_another_issuer(struct fixture *f) {
    tenant_ready(f);
    changed(f, CLASSICS(EMPLOYEES(PERSON("ada", ",\"externalSubject\":\"s-1\""))), 1,
            "externalSubject");
    changed(f, CLASSICS(OPENID("\"claim\":\"email\"")), 1, "provider");
    assert_true(str_is(way_of(f, "ada").external_subject, "s-1"));
    changed(f,
            CLASSICS(OPENID("\"issuer\":\"https://new.example\",\"clientSecret\":\"" CLIENT_SECRET
                            "\"")),
            1, "provider");
    assert_null(way_of(f, "ada").external_subject.p);
}

/* Of the two who have it. */
static int64_t epochs(struct fixture *f) {
    return store_number(f, "SELECT CAST(sum(epoch) AS BIGINT) FROM employee_login");
}

static void dead_means_dead_who_signs_in_elsewhere_now_begins_anew(struct fixture *f) {
    static const char system_kind[] = ",\"loginAuthenticators\":[{\"name\":\"Acme\","
                                      "\"kind\":\"system\"}]";
    char to_system[512];
    (void)snprintf(to_system, sizeof to_system, CLASSICS("%s"), system_kind);
    tenant_ready(f);
    int64_t before = epochs(f);
    changed(f, CLASSICS(OPENID("\"claim\":\"email\"")), 1, "provider"); /* the same provider */
    assert_int_equal(epochs(f), before);
    changed(f,
            CLASSICS(OPENID("\"issuer\":\"https://new.example\",\"clientSecret\":\"" CLIENT_SECRET
                            "\"")),
            1, "provider");
    assert_int_equal(epochs(f), before + 2);
    changed(f, to_system, 1, "kind");
    assert_int_equal(epochs(f), before + 4);
    changed(f, to_system, 0, NULL);
    assert_int_equal(epochs(f), before + 4);
    changed(f, CLASSICS(OPENID(RIGHT)), 1, "kind, provider, clientSecret");
    assert_int_equal(epochs(f), before + 6);
    changed(f, CLASSICS(EMPLOYEES(PERSON("ada", ",\"externalSubject\":\"s-1\""))), 1,
            "externalSubject");
    assert_int_equal(epochs(f), before + 7);
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
    STORE_CASE(dead_means_dead_who_signs_in_elsewhere_now_begins_anew),
    STORE_CASE(idor_a_subject_is_one_employee),
    STORE_CASE(dead_means_dead_at_another_provider_too),
};
STORE_MAIN(cases)
