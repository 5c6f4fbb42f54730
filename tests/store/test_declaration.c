/* SPDX-License-Identifier: Apache-2.0 */
/* plan and apply against both engines: what a declaration creates, changes, leaves alone and
 * refuses. */
#include "declare_world.h"

#include <stdio.h>

#define KEY_ID       "ABCDEFGH2345IJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOP===="
#define KEY_ID_2     "BBCDEFGH2345IJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOP===="
#define KEY_SECRET   "ZYXWVUTS7654RQPONMLKJIHGFEDCBA765432ZYXWVUTSRQPONMLK===="
#define APP_SECRET_2 "w8Zk2mVx7Lp4Rt9Ws1Yd6Fg3Hj5Nb0Kc"
/* An environment "one" with one tenant "classics" that has `inside`. */
#define TENANT(inside)                                                                             \
    DECLARE_ONE(DECLARE_TENANT("classics", "\"businessUnits\":[{\"number\":1}]" inside))
#define ROLES                                                                                      \
    ",\"roles\":[{\"name\":\"Administrator\",\"permissions\":[\"*\"]},{\"name\":\"Agent\"}]"
#define ADA                                                                                        \
    "\"emailAddress\":\"Ada@classics.example\",\"firstName\":\"Ada\",\"lastName\":\"Byron\","      \
    "\"role\":\"Administrator\""
#define EMPLOYEES(rest)   ROLES ",\"employees\":[{" ADA rest "}]"
#define APPLICATION(rest) ",\"applications\":[{\"name\":\"App\",\"vendor\":\"Acme\"" rest "}]"

static struct declaration_result apply(struct fixture *f, const char *text) {
    struct declaration_result r;
    must(f->cx, run(f, text, true, &r));
    return r;
}

static void nothing_to_do(struct fixture *f, const char *text) {
    assert_int_equal(applied(f, text, 0, "").secrets_n, 0);
}

static const struct declaration_change *change_find(const struct declaration_result *r,
                                                    const char *kind, const char *name) {
    for (size_t i = 0; i < r->changes_n; i++) {
        if (str_is(r->changes[i].kind, kind) && str_is(r->changes[i].name, name)) {
            return &r->changes[i];
        }
    }
    return NULL;
}

static struct str secret_find(const struct declaration_result *r, const char *kind,
                              const char *member) {
    for (size_t i = 0; i < r->secrets_n; i++) {
        if (str_is(r->secrets[i].kind, kind) && str_is(r->secrets[i].member, member)) {
            return r->secrets[i].value;
        }
    }
    return STR_NONE;
}

/* One change, an update of this kind and name with this detail. */
static void updated(const struct declaration_result *r, const char *kind, const char *name,
                    const char *detail) {
    assert_int_equal(r->changes_n, 1);
    const struct declaration_change *c = change_find(r, kind, name);
    assert_non_null(c);
    assert_string_equal(c->verb, "update");
    assert_true(str_is(c->detail, detail));
}

static struct str environment_id(struct fixture *f) {
    struct str id;
    must(f->cx, db_one(f->cx, "SELECT environment_id FROM environment WHERE name = 'one'",
                       DB_NO_ARGS, DB_COLUMNS(COLUMN_STR(&id))));
    return id;
}

static const char *demo_text(struct fixture *f) {
    FILE *file = fopen(SOURCE_ROOT "/examples/demo.json", "rb");
    assert_non_null(file);
    char *text = arena_alloc(f->cx->arena, 65536);
    size_t n = fread(text, 1, 65535, file);
    text[n] = '\0';
    (void)fclose(file);
    return text;
}

static void demo_applies_and_is_idempotent(struct fixture *f) {
    const char *text = demo_text(f);
    struct declaration_result plan;
    must(f->cx, run(f, text, false, &plan));
    assert_int_equal(store_number(f, "SELECT count(*) FROM environment"), 0);
    assert_int_equal(plan.secrets_n, 0);
    struct declaration_result r = apply(f, text);
    assert_int_equal(plan.changes_n, r.changes_n);
    for (size_t i = 0; i < r.changes_n; i++) {
        assert_true(str_eq(plan.changes[i].kind, r.changes[i].kind));
        assert_true(str_eq(plan.changes[i].name, r.changes[i].name));
        assert_string_equal(plan.changes[i].verb, r.changes[i].verb);
    }
    assert_int_equal(store_number(f, "SELECT count(*) FROM audit"), (int64_t)r.changes_n);
    assert_int_equal(store_number(f, "SELECT count(*) FROM employee"), 5);
    assert_int_equal(store_number(f, "SELECT count(*) FROM access_key"), 3);
    assert_int_equal(store_number(f, "SELECT count(*) FROM application"), 7);
    assert_int_equal(store_number(f, "SELECT count(*) FROM application_index"), 7);
    assert_int_equal(store_number(f, "SELECT count(*) FROM application_name_index"), 7);
    assert_int_equal(store_number(f, "SELECT count(*) FROM origin_index"), 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM employee_login"), 4);
    nothing_to_do(f, text);
    must(f->cx, run(f, text, false, &plan));
    assert_int_equal(plan.changes_n, 0);
}

static void environment_brings_keys_and_its_own_application(struct fixture *f) {
    (void)apply(f, TENANT(""));
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key WHERE alg = 'RS256' "
                                     "AND state = 'active'"),
                     1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key WHERE alg = 'RS256' "
                                     "AND state = 'future'"),
                     SIGNING_KEYS_FUTURE);
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key WHERE alg = 'HS256'"), 1);
    assert_int_equal(store_number(f, "SELECT is_default FROM environment"), 1);
    struct str client_id;
    must(f->cx, db_one(f->cx, "SELECT platform_client_id FROM environment", DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&client_id))));
    struct application a;
    must(f->cx, client_find(f->cx, environment_id(f), client_id, &a));
    assert_true(str_is(a.name, "access-key"));
    assert_true(str_is(a.auth_method, "none"));
    assert_true(str_eq(a.tenant_id, environment_id(f)));
    assert_true(a.is_enabled);
    for (size_t i = 0; scope_at(i) != NULL; i++) {
        assert_true(str_has_word(a.scope, str_from(scope_at(i))));
    }
    assert_true(store_number(f, "SELECT int_value FROM platform_value WHERE name = 'generation'") >
                0);
}

static void generation_rises_with_the_snapshot_only(struct fixture *f) {
    environment_ready(f);
    const char *generation = "SELECT int_value FROM platform_value WHERE name = 'generation'";
    (void)apply(f, TENANT(""));
    int64_t before = store_number(f, generation);
    (void)apply(f, TENANT(ROLES));
    assert_int_equal(store_number(f, generation), before);
    struct declaration_result r =
        apply(f, "{\"environments\":[{\"name\":\"one\",\"lifetimes\":{\"access\":1800}}]}");
    updated(&r, "environment", "one", "lifetimes");
    assert_true(store_number(f, generation) > before);
}

static void other_algorithms_get_keys_when_asked_for(struct fixture *f) {
    environment_ready(f);
    (void)apply(f, TENANT(APPLICATION(",\"type\":\"public\",\"tokenAlg\":\"ES256\"")));
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key WHERE alg = 'ES256' "
                                     "AND state = 'active'"),
                     1);
    struct declaration_result r =
        apply(f, TENANT(APPLICATION(",\"type\":\"public\",\"tokenAlg\":\"EdDSA\"")));
    assert_non_null(change_find(&r, "signing_key", "one/EdDSA"));
    nothing_to_do(f, TENANT(APPLICATION(",\"type\":\"public\",\"tokenAlg\":\"EdDSA\"")));
}

static void absent_members_keep_what_is_stored(struct fixture *f) {
    environment_ready(f);
    (void)apply(f, TENANT(EMPLOYEES(",\"middleName\":\"King\",\"teamId\":\"7\",\"agentId\":42,"
                                    "\"attributes\":{\"timeZone\":\"UTC\"}")));
    nothing_to_do(f, TENANT(EMPLOYEES("")));
    nothing_to_do(
        f, "{\"environments\":[{\"name\":\"one\",\"tenants\":[{\"tenant\":\"classics\"}]}]}");
    struct declaration_result r = apply(f, TENANT(EMPLOYEES(",\"teamId\":\"8\"")));
    updated(&r, "employee", "Ada@classics.example", "teamId");
    assert_int_equal(store_number(f, "SELECT count(*) FROM employee WHERE middle_name = 'King' "
                                     "AND team_id = '8' AND agent_id = 42 "
                                     "AND attributes = '{\"timeZone\":\"UTC\"}' "
                                     "AND display_name = 'Ada Byron' AND status = 'ACTIVE'"),
                     1);
    nothing_to_do(f, "{\"environments\":[]}");
}

static void employees_are_matched_by_folded_user_name(struct fixture *f) {
    environment_ready(f);
    (void)apply(f, TENANT(EMPLOYEES("")));
    struct declaration_result r =
        apply(f, TENANT(ROLES ",\"employees\":[{\"userName\":\"ADA@classics.example\"}]"));
    updated(&r, "employee", "ADA@classics.example", "userName");
    assert_int_equal(store_number(f, "SELECT count(*) FROM user_name_index "
                                     "WHERE user_name_folded = 'ada@classics.example'"),
                     1);
    refused(f,
            TENANT(",\"employees\":[{\"id\":\"11eb0358-724b-3970-97e5-0242ac110003\","
                   "\"userName\":\"ada@classics.example\"}]"),
            "employees[0].id: this employee is");
}

static void agent_ids_are_generated_above_all_others(struct fixture *f) {
    environment_ready(f);
    (void)apply(f,
                TENANT(EMPLOYEES("},{\"emailAddress\":\"b@classics.example\",\"firstName\":\"B\","
                                 "\"lastName\":\"C\",\"role\":\"Agent\",\"agentId\":5000")));
    assert_int_equal(
        store_number(f, "SELECT agent_id FROM employee WHERE user_name = 'Ada@classics.example'"),
        5001);
    refused(f, TENANT(",\"employees\":[{\"userName\":\"ada@classics.example\",\"agentId\":5000}]"),
            "agentId: another employee of the tenant has this number");
}

static void generated_access_key_works_and_is_kept(struct fixture *f) {
    environment_ready(f);
    const char *text = TENANT(EMPLOYEES(",\"accessKeys\":[{}]"));
    struct declaration_result r = apply(f, text);
    struct str id = secret_find(&r, "access_key", "accessKeyId");
    struct str secret = secret_find(&r, "access_key", "accessKeySecret");
    assert_int_equal(id.n, ACCESS_KEY_LENGTH);
    assert_int_equal(secret.n, ACCESS_KEY_LENGTH);
    struct access_key key;
    struct user user;
    must(f->cx, access_key_authenticate(f->cx, environment_id(f), id, secret, &key, &user));
    assert_true(str_is(user.employee.user_name, "Ada@classics.example"));
    nothing_to_do(f, text);
    nothing_to_do(f,
                  TENANT(EMPLOYEES(",\"accessKeys\":[{\"accessKeySecret\":{\"generate\":true}}]")));
    r = apply(f, TENANT(EMPLOYEES(",\"accessKeys\":[{\"isActive\":false}]")));
    updated(&r, "access_key", "Ada@classics.example", "isActive");
    must_fail(f->cx, access_key_authenticate(f->cx, environment_id(f), id, secret, &key, &user),
              ERR_INVALID_GRANT);
    /* A second entry is a second key. */
    r = apply(f, TENANT(EMPLOYEES(",\"accessKeys\":[{\"isActive\":false},{}]")));
    assert_int_equal(r.changes_n, 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM access_key"), 2);
    assert_int_equal(store_number(f, "SELECT count(*) FROM access_key_index"), 2);
}

static void given_access_key_secret_is_compared(struct fixture *f) {
    environment_ready(f);
    const char *text = TENANT(EMPLOYEES(",\"accessKeys\":[{\"accessKeyId\":\"" KEY_ID
                                        "\",\"accessKeySecret\":\"" KEY_SECRET "\"}]"));
    struct declaration_result r = apply(f, text);
    assert_int_equal(r.secrets_n, 0);
    struct access_key key;
    struct user user;
    must(f->cx, access_key_authenticate(f->cx, environment_id(f), STR(KEY_ID), STR(KEY_SECRET),
                                        &key, &user));
    nothing_to_do(f, text);
    r = apply(f, TENANT(EMPLOYEES(",\"accessKeys\":[{\"accessKeyId\":\"" KEY_ID
                                  "\",\"accessKeySecret\":\"" KEY_ID_2 "\"}]")));
    updated(&r, "access_key", "Ada@classics.example", "secret");
    assert_true(key.epoch !=
                store_number(f, "SELECT epoch FROM access_key")); /* sessions are over */
    must_fail(f->cx,
              access_key_authenticate(f->cx, environment_id(f), STR(KEY_ID), STR(KEY_SECRET), &key,
                                      &user),
              ERR_INVALID_GRANT);
    refused(f,
            TENANT(ROLES ",\"employees\":[{\"emailAddress\":\"b@c.example\",\"firstName\":\"B\","
                         "\"lastName\":\"C\",\"role\":\"Agent\",\"accessKeys\":[{\"accessKeyId\":"
                         "\"" KEY_ID "\"}]}]"),
            "accessKeyId: this access key belongs to someone else");
}

static void deleted_employees_get_no_new_key(struct fixture *f) {
    environment_ready(f);
    refused(f, TENANT(EMPLOYEES(",\"status\":\"DELETED\",\"accessKeys\":[{}]")),
            "employees[0].accessKeys[0]: Ada@classics.example is DELETED");
}

static void client_of(struct fixture *f, struct application *a) {
    struct str id;
    must(f->cx, db_one(f->cx, "SELECT application_id FROM application WHERE name = 'App'",
                       DB_NO_ARGS, DB_COLUMNS(COLUMN_STR(&id))));
    must(f->cx, client_find(f->cx, environment_id(f), id, a));
}

static void application_secret_generated_given_and_changed(struct fixture *f) {
    environment_ready(f);
    const char *text = TENANT(APPLICATION(",\"type\":\"backend\""));
    struct declaration_result r = apply(f, text);
    struct application a;
    client_of(f, &a);
    assert_true(str_is(a.auth_method, "client_secret_basic"));
    assert_int_equal(a.business_unit, 1);
    assert_true(str_eq(secret_find(&r, "application", "clientId"), a.application_id));
    assert_true(sha256_matches(secret_find(&r, "application", "secret"), a.secret_digest));
    assert_true(a.secret_sealed.p == NULL);
    nothing_to_do(f, text);
    const char *given = TENANT(APPLICATION(",\"secret\":{\"env\":\"APP_SECRET\"}"));
    r = apply(f, given);
    updated(&r, "application", "App@Acme", "secret");
    client_of(f, &a);
    assert_true(sha256_matches(STR(APP_SECRET), a.secret_digest));
    nothing_to_do(f, given);
    refused(f, TENANT(APPLICATION(",\"secret\":{\"env\":\"NOT_SET\"}")),
            "secret: the environment variable \"NOT_SET\" is not set");
}

static void client_secret_jwt_keeps_the_secret_sealed(struct fixture *f) {
    environment_ready(f);
    (void)apply(f, TENANT(APPLICATION(",\"type\":\"backend\"")));
    struct declaration_result r =
        apply(f, TENANT(APPLICATION(",\"authMethod\":\"client_secret_jwt\"")));
    updated(&r, "application", "App@Acme", "authMethod, secret");
    assert_true(secret_find(&r, "application", "secret").n > 0);
    struct application a;
    client_of(f, &a);
    assert_true(a.secret_sealed.n > 0);
    nothing_to_do(f, TENANT(APPLICATION("")));
    r = apply(f, TENANT(APPLICATION(",\"type\":\"public\",\"authMethod\":\"none\"")));
    client_of(f, &a);
    assert_true(a.secret_digest.p == NULL && a.secret_sealed.p == NULL);
    nothing_to_do(f, TENANT(APPLICATION("")));
}

static void origins_follow_their_application(struct fixture *f) {
    environment_ready(f);
    bool is;
    (void)apply(f, TENANT(APPLICATION(",\"type\":\"public\",\"origins\":[\"https://a.example\","
                                      "\"https://b.example\"]")));
    struct declaration_result r =
        apply(f, TENANT(APPLICATION(",\"origins\":[\"https://b.example\",\"https://c.example\"]")));
    updated(&r, "application", "App@Acme", "origins");
    assert_int_equal(store_number(f, "SELECT count(*) FROM origin_index"), 2);
    must(f->cx, origin_registered(f->cx, environment_id(f), STR("https://c.example"), &is));
    assert_true(is);
    must(f->cx, origin_registered(f->cx, environment_id(f), STR("https://a.example"), &is));
    assert_false(is);
}

static void application_matrix_is_kept_on_update_too(struct fixture *f) {
    environment_ready(f);
    refused(f, TENANT(APPLICATION(",\"type\":\"public\",\"authMethod\":\"client_secret_post\"")),
            "authMethod: a public application cannot keep a secret");
    refused(f, TENANT(APPLICATION(",\"type\":\"backend\",\"authMethod\":\"none\"")),
            "authMethod: a backend application authenticates");
    refused(f, TENANT(APPLICATION(",\"type\":\"backend\",\"authMethod\":\"private_key_jwt\"")),
            "needs \"jwksEndpoint\" or \"jwks\"");
    refused(f, TENANT(APPLICATION(",\"type\":\"public\",\"secret\":\"" APP_SECRET "\"")),
            "secret: with authMethod none there is no secret");
    refused(
        f,
        TENANT(APPLICATION(",\"type\":\"backend\",\"redirects\":[\"com.example.app:/callback\"]")),
        "redirects: schemes of their own are for public applications");
    refused(f,
            TENANT(APPLICATION(",\"type\":\"backend\",\"jwks\":{\"keys\":[]},"
                               "\"authMethod\":\"private_key_jwt\"")),
            "jwks: it must be");
    refused(f, TENANT(APPLICATION(",\"type\":\"backend\",\"businessUnit\":99")),
            "businessUnit: tenant classics has no business unit 99");
    (void)apply(f, TENANT(APPLICATION(",\"type\":\"backend\"")));
    refused(f, TENANT(APPLICATION(",\"type\":\"public\"")), "authMethod: a public application");
}

static void idor_names_of_other_tenants_are_refused(struct fixture *f) {
    environment_ready(f);
#define TWO(inside)                                                                                \
    "{\"environments\":[{\"name\":\"one\",\"tenants\":[{\"tenant\":\"two\",\"area\":\"na1\","      \
    "\"cluster\":\"B32\",\"businessUnits\":[{\"number\":2}]" inside "}]}]}"
    (void)apply(f, TENANT(EMPLOYEES("") APPLICATION(",\"type\":\"backend\"")));
    refused(f, TWO(",\"roles\":[{\"name\":\"Administrator\"}],\"employees\":[{" ADA "}]"),
            "an employee of another tenant has this user name");
    /* sub names one user of an issuer. */
    store_sql(f, "UPDATE employee SET employee_id = '11eb0358-724b-3970-97e5-0242ac110009'");
    refused(f,
            TWO(",\"roles\":[{\"name\":\"Administrator\"}],\"employees\":[{"
                "\"id\":\"11eb0358-724b-3970-97e5-0242ac110009\",\"userName\":\"b@two.example\","
                "\"emailAddress\":\"b@two.example\",\"firstName\":\"B\",\"lastName\":\"C\","
                "\"role\":\"Administrator\"}]"),
            "another employee of the environment has this id");
    refused(f, TWO(APPLICATION(",\"type\":\"backend\"")), "another tenant of the environment owns");
    refused(
        f,
        "{\"environments\":[{\"name\":\"one\",\"tenants\":[{\"tenant\":\"two\",\"area\":\"na1\","
        "\"cluster\":\"B32\",\"businessUnits\":[{\"number\":1}]}]}]}",
        "number: business unit 1 belongs to tenant classics");
    /* A role of another tenant is no role here. */
    refused(f,
            TWO(",\"employees\":[{\"emailAddress\":\"b@c.example\",\"firstName\":\"B\","
                "\"lastName\":\"C\",\"role\":\"Administrator\"}]"),
            "role: tenant two has no role \"Administrator\"");
    assert_int_equal(store_number(f, "SELECT count(*) FROM tenant"), 1);
}

static void references_are_checked_with_a_suggestion(struct fixture *f) {
    environment_ready(f);
    refused(f,
            TENANT(ROLES ",\"employees\":[{\"emailAddress\":\"b@c.example\",\"firstName\":\"B\","
                         "\"lastName\":\"C\",\"role\":\"Agnet\"}]"),
            "employees[0].role: tenant classics has no role \"Agnet\". Did you mean \"Agent\"?");
    refused(f,
            DECLARE_ONE("{\"tenant\":\"t\",\"area\":\"na2\",\"cluster\":\"B32\","
                        "\"businessUnits\":[{\"number\":1}]}"),
            "tenants[0].area: environment one has no area \"na2\". Did you mean \"na1\"?");
    refused(f,
            DECLARE_ONE("{\"tenant\":\"t\",\"area\":\"na1\",\"cluster\":\"B33\","
                        "\"businessUnits\":[{\"number\":1}]}"),
            "tenants[0].cluster: area na1 has no cluster \"B33\". Did you mean \"B32\"?");
    assert_int_equal(store_number(f, "SELECT count(*) FROM tenant"), 0);
}

static void one_mistake_undoes_everything(struct fixture *f) {
    struct declaration_result r;
    const char *text = TENANT(EMPLOYEES("},{\"emailAddress\":\"b@classics.example\"},"
                                        "{\"emailAddress\":\"c@classics.example\""));
    must_fail(f->cx, run(f, text, true, &r), ERR_BAD_CONFIG);
    assert_int_equal(r.changes_n, 0);
    assert_int_equal(r.secrets_n, 0);
    assert_int_equal(r.mistakes_n, 6); /* firstName, lastName, role of both */
    assert_int_equal(store_number(f, "SELECT count(*) FROM environment"), 0);
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key"), 0);
    assert_int_equal(store_number(f, "SELECT count(*) FROM audit"), 0);
}

static void primary_business_unit_is_exactly_one(struct fixture *f) {
    environment_ready(f);
#define UNITS(list) DECLARE_ONE(DECLARE_TENANT("classics", "\"businessUnits\":[" list "]"))
    refused(f, UNITS("{\"number\":1},{\"number\":2}"), "exactly one primary business unit");
    refused(f, UNITS(""), "exactly one primary business unit");
    refused(f, UNITS("{\"number\":1,\"primary\":true},{\"number\":2,\"primary\":true}"),
            "businessUnits[1].primary: a tenant has exactly one primary business unit");
    (void)apply(f, UNITS("{\"number\":1,\"primary\":true},{\"number\":2}"));
    refused(f, UNITS("{\"number\":1,\"primary\":false}"), "it is the primary one");
    nothing_to_do(f, UNITS("{\"number\":2}"));
    struct declaration_result r = apply(f, UNITS("{\"number\":2,\"primary\":true}"));
    updated(&r, "tenant", "classics", "primary business unit");
    assert_int_equal(store_number(f, "SELECT primary_business_unit FROM tenant"), 2);
}

static void default_environment_is_exactly_one(struct fixture *f) {
    (void)apply(f, "{\"environments\":[{\"name\":\"one\",\"issuer\":\"https://one.example\"},"
                   "{\"name\":\"two\",\"issuer\":\"https://two.example\"}]}");
    const char *name_of = "SELECT CASE WHEN name = 'one' THEN 1 ELSE 2 END FROM environment "
                          "WHERE is_default = 1";
    assert_int_equal(store_number(f, name_of), 1);
    refused(f, "{\"environments\":[{\"name\":\"one\",\"default\":false}]}",
            "no environment would be the default");
    struct declaration_result r =
        apply(f, "{\"environments\":[{\"name\":\"two\",\"default\":true}]}");
    assert_int_equal(r.changes_n, 2);
    assert_non_null(change_find(&r, "environment", "one"));
    assert_int_equal(store_number(f, name_of), 2);
    assert_int_equal(store_number(f, "SELECT count(*) FROM environment WHERE is_default = 1"), 1);
    nothing_to_do(f, "{\"environments\":[{\"name\":\"two\",\"default\":true},"
                     "{\"name\":\"one\",\"default\":false}]}");
    refused(f, "{\"environments\":[{\"name\":\"two\",\"issuer\":\"https://one.example\"}]}",
            "issuer: environment one has this issuer");
}

static void tenants_decide_about_applications(struct fixture *f) {
    environment_ready(f);
#define DECISIONS(rest)                                                                            \
    DECLARE_ONE(DECLARE_TENANT(                                                                    \
        "classics", "\"businessUnits\":[{\"number\":1}]" APPLICATION(                              \
                        rest)) "," DECLARE_TENANT("two", "\"businessUnits\":[{\"number\":2}]"))
    refused(f, DECISIONS(",\"type\":\"backend\",\"allowedTenants\":[\"two\"]"),
            "tenancy: allowedTenants and blockedTenants are for tenancy all");
    refused(f, DECISIONS(",\"type\":\"backend\",\"tenancy\":\"all\",\"allowedTenants\":[\"tow\"]"),
            "the environment has no tenant \"tow\"");
    const char *text =
        DECISIONS(",\"type\":\"backend\",\"tenancy\":\"all\",\"allowedTenants\":[\"two\"]");
    (void)apply(f, text);
    nothing_to_do(f, text);
    assert_int_equal(store_number(f, "SELECT is_allowed FROM application_tenant"), 1);
    struct declaration_result r = apply(f, DECISIONS(",\"blockedTenants\":[\"two\"]"));
    updated(&r, "application", "App@Acme", "blockedTenants");
    assert_int_equal(store_number(f, "SELECT is_allowed FROM application_tenant"), 0);
}

/* A browser session, a session and a code of the tenant's user in the application. */
static void issued_in(struct fixture *f, const char *tenant) {
    struct db_args args = DB_ARGS(DB_TEXT(str_from(tenant)));
    must(f->cx,
         db_exec(f->cx,
                 "INSERT INTO sso_session (tenant_id, sso_session_id, employee_id, auth_at, "
                 "amr, created_at, last_used_at, expires_at, idle_seconds) SELECT tenant_id, "
                 "'b', 'u', 1, 'pwd', 1, 1, 1, 1 FROM tenant WHERE tenant = $1",
                 args, NULL));
    must(f->cx, db_exec(f->cx,
                        "INSERT INTO session (tenant_id, session_id, application_tenant_id, "
                        "application_id, scope, auth_at, created_at, expires_at) SELECT "
                        "t.tenant_id, 's', a.tenant_id, a.application_id, '', 1, 1, 1 "
                        "FROM tenant t, application a WHERE t.tenant = $1 AND a.name = 'App'",
                        args, NULL));
    must(f->cx, db_exec(f->cx,
                        "INSERT INTO authorization_code (tenant_id, code_digest, "
                        "application_tenant_id, application_id, employee_id, redirect_uri, scope, "
                        "claims, auth_at, expires_at) SELECT t.tenant_id, 'c', a.tenant_id, "
                        "a.application_id, 'u', '', '', '{}', 1, 1 FROM tenant t, application a "
                        "WHERE t.tenant = $1 AND a.name = 'App'",
                        args, NULL));
}

static void issued_again(struct fixture *f) {
    store_sql(f, "DELETE FROM sso_session");
    store_sql(f, "DELETE FROM session");
    store_sql(f, "DELETE FROM authorization_code");
    issued_in(f, "classics");
    issued_in(f, "two");
}

static void alive(struct fixture *f, int64_t browsers, int64_t sessions, int64_t codes) {
    assert_int_equal(store_number(f, "SELECT count(*) FROM sso_session WHERE ended_at IS NULL"),
                     browsers);
    assert_int_equal(store_number(f, "SELECT count(*) FROM session WHERE revoked_at IS NULL "
                                     "AND refresh_revoked_at IS NULL"),
                     sessions);
    assert_int_equal(store_number(f, "SELECT count(*) FROM authorization_code"), codes);
}

static void dead_means_dead_who_is_disabled_and_enabled_begins_anew(struct fixture *f) {
    environment_ready(f);
#define ENABLED(tenant, app, two)                                                                  \
    DECLARE_ONE(DECLARE_TENANT(                                                                    \
        "classics",                                                                                \
        "\"isEnabled\":" tenant ",\"businessUnits\":[{\"number\":1}]" APPLICATION(                 \
            ",\"type\":\"backend\",\"tenancy\":\"all\",\"allowedTenants\":[\"two\"],"              \
            "\"isEnabled\":" app)) "," DECLARE_TENANT("two",                                       \
                                                      "\"isEnabled\":" two                         \
                                                      ",\"businessUnits\":[{\"number\":2}]"))
    (void)apply(f, ENABLED("true", "true", "true"));
    issued_again(f);
    nothing_to_do(f, ENABLED("true", "true", "true"));
    alive(f, 2, 2, 2);
    (void)apply(f, ENABLED("true", "true", "false")); /* a tenant that only uses it */
    alive(f, 1, 1, 1);
    (void)apply(f, ENABLED("true", "true", "true"));
    alive(f, 1, 1, 1);
    issued_again(f);
    (void)apply(f, ENABLED("true", "false", "true")); /* the application, wherever it is used */
    (void)apply(f, ENABLED("true", "true", "true"));
    alive(f, 2, 0, 0);
    issued_again(f);
    (void)apply(f, ENABLED("false", "true", "true")); /* the tenant that owns it */
    (void)apply(f, ENABLED("true", "true", "true"));
    alive(f, 1, 0, 0);
}

static void role_permissions_star_and_order(struct fixture *f) {
    environment_ready(f);
    (void)apply(f, TENANT(ROLES));
    struct str words;
    must(f->cx, db_one(f->cx, "SELECT permissions FROM role WHERE name = 'Administrator'",
                       DB_NO_ARGS, DB_COLUMNS(COLUMN_STR(&words))));
    for (size_t i = 0; permission_at(i) != NULL; i++) {
        assert_true(str_has_word(words, str_from(permission_at(i)->name)));
    }
    (void)apply(f, TENANT(",\"roles\":[{\"name\":\"Agent\",\"permissions\":"
                          "[\"access-key.view\",\"my-access-key.view\"]}]"));
    nothing_to_do(f, TENANT(",\"roles\":[{\"name\":\"Agent\",\"permissions\":"
                            "[\"my-access-key.view\",\"access-key.view\"]}]"));
}

static void lifetimes_out_of_range_name_the_member(struct fixture *f) {
    environment_ready(f);
    refused(f, TENANT(",\"lifetimes\":{\"access\":600}"), "tenants[0].lifetimes: ");
    (void)apply(f, TENANT(",\"lifetimes\":{\"access\":700}"));
    nothing_to_do(f, TENANT(",\"lifetimes\":{\"access\":700}"));
    struct declaration_result r = apply(f, TENANT(",\"lifetimes\":{\"refresh\":900}"));
    updated(&r, "tenant", "classics", "lifetimes");
    nothing_to_do(f, TENANT(",\"lifetimes\":{\"access\":700,\"refresh\":900}"));
}

static void secrets_once_no_message_or_record_shows_them(struct fixture *f) {
    environment_ready(f);
    struct declaration_result r;
    (void)apply(f, TENANT(APPLICATION(",\"type\":\"backend\",\"secret\":\"" APP_SECRET "\"")));
    assert_int_equal(store_number(f, "SELECT count(*) FROM audit WHERE detail LIKE '%" APP_SECRET
                                     "%' OR object LIKE '%" APP_SECRET "%'"),
                     0);
    assert_int_equal(
        store_number(f, "SELECT count(*) FROM application WHERE secret_digest = '" APP_SECRET "'"),
        0);
    must_fail(f->cx,
              run(f, TENANT(APPLICATION(",\"type\":\"backend\",\"secret\":\"tooshort-tooshort\"")),
                  true, &r),
              ERR_BAD_CONFIG);
    assert_null(strstr(failure_text(f->cx), "tooshort"));
}

static void many_employees_take_seconds(struct fixture *f) {
    environment_ready(f);
    int n = f->sqlite ? 10000 : 1000; /* each statement is a round trip there */
    struct buf b = buf_in(f->cx->arena, 4 << 20);
    for (int i = 0; i < n; i++) {
        buf_format(&b,
                   "%s{\"emailAddress\":\"e%d@classics.example\",\"firstName\":\"E\","
                   "\"lastName\":\"N%d\",\"role\":\"Agent\"}",
                   i > 0 ? ",\n" : "", i, i);
    }
    const char *text =
        str_z(f->cx->arena, str_format(f->cx->arena, TENANT(ROLES ",\"employees\":[%.*s]"),
                                       STR_ARG(buf_view(&b))));
    int64_t from = clock_monotonic_us();
    (void)apply(f, text);
    int64_t done = clock_monotonic_us();
    nothing_to_do(f, text);
    print_message("%d employees: apply %lld ms, again %lld ms\n", n,
                  (long long)(done - from) / 1000, (long long)(clock_monotonic_us() - done) / 1000);
    assert_int_equal(store_number(f, "SELECT count(*) FROM employee"), n);
}

static const struct store_case cases[] = {
    STORE_CASE(demo_applies_and_is_idempotent),
    STORE_CASE(environment_brings_keys_and_its_own_application),
    STORE_CASE(generation_rises_with_the_snapshot_only),
    STORE_CASE(other_algorithms_get_keys_when_asked_for),
    STORE_CASE(absent_members_keep_what_is_stored),
    STORE_CASE(employees_are_matched_by_folded_user_name),
    STORE_CASE(agent_ids_are_generated_above_all_others),
    STORE_CASE(generated_access_key_works_and_is_kept),
    STORE_CASE(given_access_key_secret_is_compared),
    STORE_CASE(deleted_employees_get_no_new_key),
    STORE_CASE(application_secret_generated_given_and_changed),
    STORE_CASE(client_secret_jwt_keeps_the_secret_sealed),
    STORE_CASE(origins_follow_their_application),
    STORE_CASE(application_matrix_is_kept_on_update_too),
    STORE_CASE(idor_names_of_other_tenants_are_refused),
    STORE_CASE(references_are_checked_with_a_suggestion),
    STORE_CASE(one_mistake_undoes_everything),
    STORE_CASE(primary_business_unit_is_exactly_one),
    STORE_CASE(default_environment_is_exactly_one),
    STORE_CASE(tenants_decide_about_applications),
    STORE_CASE(dead_means_dead_who_is_disabled_and_enabled_begins_anew),
    STORE_CASE(role_permissions_star_and_order),
    STORE_CASE(lifetimes_out_of_range_name_the_member),
    STORE_CASE(secrets_once_no_message_or_record_shows_them),
    STORE_CASE(many_employees_take_seconds),
};
STORE_MAIN(cases)
