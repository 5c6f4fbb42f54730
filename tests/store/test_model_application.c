/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants, applications, what they may do where, their secrets and origins. */
#include "model_world.h"

static void tenant_is_found_in_its_environment_alone(struct fixture *f) {
    struct tenant t;
    world_make(f);
    must(f->cx, tenant_find(f->cx, S(ENV_1), S(TENANT_1), &t));
    must_be(t.tenant, "one");
    must_be(t.cluster, "B32");
    must_be(t.sp_id, "886");
    assert_int_equal(t.primary_business_unit, 1);
    assert_true(t.is_enabled);
    must_fail(f->cx, tenant_find(f->cx, S(ENV_2), S(TENANT_1), &t), ERR_NOT_FOUND);
    must_fail(f->cx, tenant_find(f->cx, S(ENV_1), S(TENANT_3), &t), ERR_NOT_FOUND);
    must_fail(f->cx, tenant_find(f->cx, S(ENV_1), S("x"), &t), ERR_NOT_FOUND);
    store_sql(f, "UPDATE tenant SET is_enabled = 0");
    must(f->cx, tenant_find(f->cx, S(ENV_1), S(TENANT_1), &t));
    assert_false(t.is_enabled);
}

static void client_is_found_by_its_id_in_its_environment(struct fixture *f) {
    struct application a;
    world_make(f);
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    must_be(a.tenant_id, TENANT_1);
    must_be(a.vendor, "Acme");
    must_be(a.auth_method, "client_secret_basic");
    must_be(a.secret_digest, "digest");
    assert_int_equal(a.lifetimes.access, 900);
    assert_true(a.is_enabled);
    assert_true(a.tenant_enabled);
    assert_null(a.secret_sealed.p);
    must_fail(f->cx, client_find(f->cx, S(ENV_2), S(APP_1), &a), ERR_NOT_FOUND);
    must_fail(f->cx, client_find(f->cx, S(ENV_1), S(APP_3), &a), ERR_NOT_FOUND);
    must_fail(f->cx, client_find(f->cx, S(ENV_1), S("' OR 1=1 --"), &a), ERR_NOT_FOUND);
}

static void dead_means_dead_client_says_so_at_once(struct fixture *f) {
    struct application a;
    world_make(f);
    store_sql(f, "UPDATE tenant SET is_enabled = 0 WHERE tenant_id = '" TENANT_1 "'");
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    assert_false(a.tenant_enabled);
    store_sql(f, "UPDATE application SET is_enabled = 0, deletion_at = 5");
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_ALL), &a));
    assert_false(a.is_enabled);
    assert_true(a.tenant_enabled);
    assert_int_equal(a.deletion_at, 5);
    /* An owner that is no tenant and no environment is nobody. */
    store_sql(f, "DELETE FROM tenant WHERE tenant_id = '" TENANT_2 "'");
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_ALL), &a));
    assert_false(a.tenant_enabled);
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_ENV), &a));
    assert_true(a.tenant_enabled);
}

static void idor_application_is_found_by_its_owner_alone(struct fixture *f) {
    struct application a;
    world_make(f);
    must(f->cx, application_find(f->cx, S(TENANT_1), S(APP_1), &a));
    must_be(a.environment_id, ENV_1);
    must_be(a.description, "d");
    must_be(a.origins, "[\"https://one.example\"]");
    assert_true(a.tenant_enabled);
    must_fail(f->cx, application_find(f->cx, S(TENANT_2), S(APP_1), &a), ERR_NOT_FOUND);
    must_fail(f->cx, application_find(f->cx, S(TENANT_3), S(APP_1), &a), ERR_NOT_FOUND);
    must(f->cx, application_find(f->cx, S(ENV_1), S(APP_ENV), &a));
    assert_true(a.tenant_enabled);
}

static struct application_access access_of(struct fixture *f, const char *id, const char *tenant) {
    struct application a;
    struct application_access may;
    must(f->cx, client_find(f->cx, S(ENV_1), str_from(id), &a));
    must(f->cx, application_access(f->cx, &a, str_from(tenant), &may));
    return may;
}

static void access_follows_owner_tenancy_and_decision(struct fixture *f) {
    world_make(f);
    struct application_access own = access_of(f, APP_1, TENANT_1);
    assert_true(own.users && own.itself);
    struct application_access foreign = access_of(f, APP_1, TENANT_2);
    assert_false(foreign.users || foreign.itself);
    struct application_access undecided = access_of(f, APP_ALL, TENANT_1);
    assert_true(undecided.users);
    assert_false(undecided.itself);
    store_sql(f, "INSERT INTO application_tenant VALUES ('" TENANT_1 "', '" APP_ALL "', 1)");
    struct application_access allowed = access_of(f, APP_ALL, TENANT_1);
    assert_true(allowed.users && allowed.itself);
    store_sql(f, "UPDATE application_tenant SET is_allowed = 0");
    struct application_access refused = access_of(f, APP_ALL, TENANT_1);
    assert_false(refused.users || refused.itself);
    /* A decision does not open an application of one tenant. */
    store_sql(f, "INSERT INTO application_tenant VALUES ('" TENANT_2 "', '" APP_1 "', 1)");
    struct application_access single = access_of(f, APP_1, TENANT_2);
    assert_false(single.users || single.itself);
}

static void last_use_is_noted_once_a_minute(struct fixture *f) {
    struct application a;
    world_make(f);
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    int64_t first = f->cx->now;
    must(f->cx, application_used(f->cx, &a));
    store_at(f, 59);
    must(f->cx, application_used(f->cx, &a)); /* what it read is old, the row is not */
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    assert_int_equal(a.last_used_at, first);
    must(f->cx, application_used(f->cx, &a));
    store_at(f, 1);
    must(f->cx, application_used(f->cx, &a));
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    assert_int_equal(a.last_used_at, first + 60);
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_ALL), &a));
    assert_int_equal(a.last_used_at, 0);
}

static void jwks_is_stored_while_its_address_stands(struct fixture *f) {
    struct application a;
    world_make(f);
    store_sql(f, "UPDATE application SET jwks_endpoint = 'https://k.example/jwks'");
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    must(f->cx, application_jwks_store(f->cx, &a, S("{\"keys\":[]}")));
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    must_be(a.jwks, "{\"keys\":[]}");
    assert_int_equal(a.jwks_fetched_at, f->cx->now);
    store_at(f, 1); /* a fetch that brought nothing takes nothing away */
    must(f->cx, application_jwks_store(f->cx, &a, STR_NONE));
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    must_be(a.jwks, "{\"keys\":[]}");
    assert_int_equal(a.jwks_fetched_at, f->cx->now);
    store_sql(f, "UPDATE application SET jwks_endpoint = 'https://other.example/jwks'");
    must(f->cx, application_jwks_store(f->cx, &a, S("{\"keys\":[1]}")));
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
    must_be(a.jwks, "{\"keys\":[]}");
}

static bool registered(struct fixture *f, const char *environment, const char *origin) {
    bool yes;
    must(f->cx, origin_registered(f->cx, str_from(environment), str_from(origin), &yes));
    return yes;
}

static void cors_origin_is_registered_exactly_and_by_the_living(struct fixture *f) {
    world_make(f);
    assert_true(registered(f, ENV_1, "https://one.example"));
    assert_true(registered(f, ENV_1, "https://builtin.example"));
    assert_false(registered(f, ENV_2, "https://one.example"));
    assert_false(registered(f, ENV_1, "https://one.example:444"));
    assert_false(registered(f, ENV_1, "https://one.example.evil.example"));
    assert_false(registered(f, ENV_1, "null"));
    assert_false(registered(f, ENV_1, ""));
    assert_false(registered(f, ENV_1, "https://\xff.example"));
    store_sql(f, "UPDATE application SET is_enabled = 0 WHERE application_id = '" APP_1 "'");
    assert_false(registered(f, ENV_1, "https://one.example"));
    store_sql(f, "UPDATE application SET is_enabled = 1");
    store_sql(f, "UPDATE tenant SET is_enabled = 0");
    assert_false(registered(f, ENV_1, "https://one.example"));
    assert_true(registered(f, ENV_1, "https://builtin.example"));
}

static void secret_is_new_given_or_sealed(struct fixture *f) {
    struct secret_new s;
    struct secret plain;
    struct platform *p;
    const struct platform_options options = {.master = &world_master, .workers = 1};
    must(f->cx, application_secret_new(f->cx, NULL, S(APP_1), STR_NONE, &s));
    assert_int_equal(s.text.n, 43);
    assert_true(sha256_matches(s.text, s.digest));
    assert_null(s.sealed.p);
    must(f->cx, application_secret_new(f->cx, &world_master, S(APP_1), S("given"), &s));
    must_be(s.text, "given");
    must(f->cx, platform_new(f->cx, &options, &p));
    f->cx->app = p;
    struct application a = {.application_id = S(APP_1)};
    must(f->cx, application_secret_open(f->cx, &a, s.sealed, &plain));
    struct str opened = {(const char *)plain.p, plain.n};
    must_be(opened, "given");
    a.application_id = S(APP_ALL); /* a sealed secret moved to another row is none */
    assert_int_not_equal(application_secret_open(f->cx, &a, s.sealed, &plain), OK);
    const char *const bad[] = {"", "a\nb", "\x7f", "\xff"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        must_fail(f->cx, application_secret_new(f->cx, NULL, S(APP_1), str_from(bad[i]), &s),
                  ERR_INVALID_REQUEST);
    }
    char longest[APPLICATION_SECRET_MAX + 1];
    memset(longest, 'x', sizeof longest);
    must(f->cx, application_secret_new(f->cx, NULL, S(APP_1),
                                       (struct str){longest, APPLICATION_SECRET_MAX}, &s));
    must_fail(f->cx,
              application_secret_new(f->cx, NULL, S(APP_1),
                                     (struct str){longest, APPLICATION_SECRET_MAX + 1}, &s),
              ERR_INVALID_REQUEST);
    f->cx->app = NULL;
    platform_free(p);
}

static const struct store_case cases[] = {
    STORE_CASE(tenant_is_found_in_its_environment_alone),
    STORE_CASE(client_is_found_by_its_id_in_its_environment),
    STORE_CASE(dead_means_dead_client_says_so_at_once),
    STORE_CASE(idor_application_is_found_by_its_owner_alone),
    STORE_CASE(access_follows_owner_tenancy_and_decision),
    STORE_CASE(last_use_is_noted_once_a_minute),
    STORE_CASE(jwks_is_stored_while_its_address_stands),
    STORE_CASE(cors_origin_is_registered_exactly_and_by_the_living),
    STORE_CASE(secret_is_new_given_or_sealed),
};
STORE_MAIN(cases)
