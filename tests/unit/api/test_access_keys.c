/* SPDX-License-Identifier: Apache-2.0 */
/* One access key through its life, and everybody who may not touch it (PROTOCOL 6, 12.10; SECURITY
 * idor, privilege, secrets-once). */
#include "fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static int create(struct fixture *f, const char *user, const char *tenant) {
    struct str json = str_format(f->arena, "{\"userId\":\"%s\",\"tenantId\":\"%s\"}", user, tenant);
    const struct call c = {.handle = access_keys_post, .json = str_z(f->arena, json)};
    return call(f, &c);
}

/* A key of the administrator's own. */
static const char *key_new(struct fixture *f) {
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(create(f, ADMIN, TENANT), 201);
    return answer_text(f, "accessKey", "accessKeyId");
}

static int one(struct fixture *f, handler *handle, const char *id, const char *json) {
    const struct call c = {.handle = handle, .id = id, .json = json};
    return call(f, &c);
}

static void create_answers_with_both_wrappers(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, AGENT, AGENT_WORDS);
    assert_int_equal(create(f, AGENT, TENANT), 201);
    const json_t *a = json_object_get(answer(f), "accessKey");
    assert_true(json_equal(a, json_object_get(answer(f), "resultSet")));
    assert_int_equal(json_object_size(a), 5);
    assert_int_equal(json_string_length(json_object_get(a, "accessKeyId")), ACCESS_KEY_LENGTH);
    assert_int_equal(json_string_length(json_object_get(a, "accessKeySecret")), ACCESS_KEY_LENGTH);
    assert_string_equal(json_string_value(json_object_get(a, "userId")), AGENT);
    assert_string_equal(json_string_value(json_object_get(a, "tenantId")), TENANT);
    assert_true(json_is_true(json_object_get(a, "isActive")));
    assert_int_equal(rows_count(f, "SELECT count(*) FROM access_key"), 1);
    assert_int_equal(rows_count(f, "SELECT count(*) FROM audit WHERE action = 'access_key.create' "
                                   "AND actor = 'user:" AGENT "' AND remote = '192.0.2.1'"),
                     1);
}

/* SECURITY secrets-once */
static void secrets_once_the_secret_is_never_shown_again(void **state) {
    struct fixture *f = *state;
    const char *id = key_new(f);
    const char *secret = answer_text(f, "accessKey", "accessKeySecret");
    assert_int_equal(one(f, access_key_get, id, NULL), 200);
    assert_null(memmem(f->rp.body.p, f->rp.body.n, secret, strlen(secret)));
    assert_null(memmem(f->rp.body.p, f->rp.body.n, "ecret", 5));
    assert_int_equal(one(f, access_keys_get, NULL, NULL), 200);
    assert_null(memmem(f->rp.body.p, f->rp.body.n, secret, strlen(secret)));
    assert_int_equal(one(f, access_key_patch, id, "{\"isActive\":false}"), 200);
    assert_null(memmem(f->rp.body.p, f->rp.body.n, secret, strlen(secret)));
    assert_int_equal(
        rows_count(f, "SELECT count(*) FROM access_key WHERE length(secret_digest) = 43"), 1);
}

static void get_has_every_member_of_the_list(void **state) {
    struct fixture *f = *state;
    assert_int_equal(one(f, access_key_get, key_new(f), NULL), 200);
    const json_t *a = json_object_get(answer(f), "accessKey");
    static const char *const members[] = {"accessKeyId", "userId",   "tenantId",    "agentId",
                                          "billingId",   "isActive", "lastUsedDate"};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        assert_non_null(json_object_get(a, members[i]));
    }
    assert_int_equal(json_integer_value(json_object_get(a, "agentId")), 11);
}

static void patch_by_path_and_by_query_deactivates(void **state) {
    struct fixture *f = *state;
    const char *id = key_new(f);
    assert_int_equal(one(f, access_key_patch, id, "{\"isActive\":false}"), 200);
    assert_true(
        json_is_false(json_object_get(json_object_get(answer(f), "accessKey"), "isActive")));
    assert_int_equal(rows_count(f, "SELECT is_active FROM access_key"), 0);
    struct str escaped = percent_encode(f->arena, str_from(id));
    struct str query = str_format(f->arena, "accessKeyId=%.*s", STR_ARG(escaped));
    const struct call c = {.handle = access_keys_patch,
                           .query = str_z(f->arena, query),
                           .json = "{\"isActive\":true}"};
    assert_int_equal(call(f, &c), 200);
    assert_int_equal(rows_count(f, "SELECT is_active FROM access_key"), 1);
    assert_int_equal(rows_count(f, "SELECT count(*) FROM audit WHERE action IN "
                                   "('access_key.deactivate', 'access_key.activate')"),
                     2);
}

static void patch_wants_a_boolean_and_an_id(void **state) {
    struct fixture *f = *state;
    const char *id = key_new(f);
    static const char *const wrong[] = {"{}", "{\"isActive\":null}", "{\"isActive\":\"perhaps\"}",
                                        "{\"isActive\":0}"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(one(f, access_key_patch, id, wrong[i]), 400);
    }
    assert_int_equal(one(f, access_keys_patch, NULL, "{\"isActive\":true}"), 400);
    assert_int_equal(rows_count(f, "SELECT is_active FROM access_key"), 1);
}

static void idor_path_and_body_that_disagree_are_refused(void **state) {
    struct fixture *f = *state;
    const char *id = key_new(f);
    assert_int_equal(one(f, access_key_patch, id, "{\"isActive\":false,\"accessKeyId\":\"other\"}"),
                     400);
    struct str query = str_format(f->arena, "accessKeyId=%s", id);
    const struct call c = {.handle = access_keys_patch,
                           .query = str_z(f->arena, query),
                           .json = "{\"isActive\":false,\"accessKeyId\":\"other\"}"};
    assert_int_equal(call(f, &c), 400);
    assert_int_equal(rows_count(f, "SELECT is_active FROM access_key"), 1);
}

static void delete_removes_it_for_good(void **state) {
    struct fixture *f = *state;
    const char *id = key_new(f);
    assert_int_equal(one(f, access_key_remove, id, NULL), 204);
    assert_int_equal(rows_count(f, "SELECT count(*) FROM access_key"), 0);
    assert_int_equal(rows_count(f, "SELECT count(*) FROM access_key_index"), 0);
    assert_int_equal(one(f, access_key_remove, id, NULL), 404);
    assert_int_equal(rows_count(f, "SELECT count(*) FROM audit WHERE action = 'access_key.delete'"),
                     1);
}

/* SECURITY idor: a foreign key or user reads exactly like one that never existed. */
static void idor_a_foreign_tenants_key_is_unknown(void **state) {
    struct fixture *f = *state;
    const char *id = key_new(f);
    as_user(f, FOREIGN, STRANGER, ADMIN_WORDS);
    handler *const handlers[] = {access_key_get, access_key_remove, access_key_patch};
    for (size_t i = 0; i < COUNT_OF(handlers); i++) {
        assert_int_equal(one(f, handlers[i], id, "{\"isActive\":false}"), 404);
        struct str foreign = f->rp.body;
        char *unknown = str_z(f->arena, str_from(id));
        unknown[0] = unknown[0] == 'A' ? 'B' : 'A';
        assert_int_equal(one(f, handlers[i], unknown, "{\"isActive\":false}"), 404);
        assert_true(str_eq(foreign, f->rp.body));
    }
    assert_int_equal(rows_count(f, "SELECT is_active FROM access_key"), 1);
}

static void idor_a_foreign_tenant_or_user_in_the_body_is_unknown(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(create(f, ABSENT, TENANT), 404);
    struct str unknown = f->rp.body;
    const struct {
        const char *user, *tenant;
    } cases[] = {{STRANGER, TENANT},
                 {STRANGER, FOREIGN},
                 {ADMIN, FOREIGN},
                 {ADMIN, "x' OR ''='"},
                 {"not-a-uuid", TENANT}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(create(f, cases[i].user, cases[i].tenant), 404);
        assert_true(str_eq(unknown, f->rp.body));
    }
    assert_int_equal(rows_count(f, "SELECT count(*) FROM access_key"), 0);
}

static void create_without_user_id_says_what_to_send(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(one(f, access_keys_post, NULL, "{\"tenantId\":\"" TENANT "\"}"), 400);
    assert_non_null(memmem(f->rp.body.p, f->rp.body.n, "userId is missing", 17));
}

static void permissions_of_ones_own_do_not_reach_others(void **state) {
    struct fixture *f = *state;
    const char *id = key_new(f);
    as_user(f, TENANT, AGENT, AGENT_WORDS);
    assert_int_equal(create(f, ADMIN, TENANT), 403);
    assert_int_equal(one(f, access_key_get, id, NULL), 404);
    assert_int_equal(one(f, access_key_patch, id, "{\"isActive\":false}"), 404);
    assert_int_equal(one(f, access_key_remove, id, NULL), 404);
    as_user(f, TENANT, NOBODY, "employee.view");
    assert_int_equal(create(f, NOBODY, TENANT), 403);
    assert_int_equal(one(f, access_key_get, id, NULL), 403);
    assert_int_equal(one(f, access_key_patch, id, "{\"isActive\":false}"), 403);
    assert_int_equal(one(f, access_key_remove, id, NULL), 403);
    assert_int_equal(rows_count(f, "SELECT is_active FROM access_key"), 1);
}

static void view_does_not_allow_to_change(void **state) {
    struct fixture *f = *state;
    const char *id = key_new(f);
    as_user(f, TENANT, ADMIN, "my-access-key.view access-key.view");
    assert_int_equal(one(f, access_key_get, id, NULL), 200);
    assert_int_equal(one(f, access_key_patch, id, "{\"isActive\":false}"), 403);
    assert_int_equal(one(f, access_key_remove, id, NULL), 403);
    assert_int_equal(create(f, ADMIN, TENANT), 403);
}

/* SECURITY privilege: a key carries its user's permissions; nobody gets by it what it does not
 * hold. */
static void privilege_a_key_for_a_mightier_user_is_refused(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, AGENT, AGENT_WORDS " access-key.create");
    assert_int_equal(create(f, ADMIN, TENANT), 403);
    assert_int_equal(create(f, NOBODY, TENANT), 201);
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(create(f, AGENT, TENANT), 201);
}

static void an_application_with_the_scope_acts_in_its_tenant_only(void **state) {
    struct fixture *f = *state;
    const char *id = key_new(f);
    as_client(f, TENANT);
    assert_int_equal(create(f, AGENT, TENANT), 201);
    assert_int_equal(one(f, access_key_get, id, NULL), 200);
    as_client(f, FOREIGN);
    assert_int_equal(one(f, access_key_get, id, NULL), 404);
    assert_int_equal(create(f, AGENT, TENANT), 404);
}

static void a_deleted_user_gets_no_key(void **state) {
    struct fixture *f = *state;
    assert_int_equal(
        db_exec(&f->cx, "UPDATE employee SET status = 'DELETED' WHERE employee_id = '" AGENT "'",
                DB_NO_ARGS, NULL),
        OK);
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(create(f, AGENT, TENANT), 404);
    assert_int_equal(rows_count(f, "SELECT count(*) FROM access_key"), 0);
    assert_int_equal(rows_count(f, "SELECT count(*) FROM audit"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(create_answers_with_both_wrappers),
        TEST(secrets_once_the_secret_is_never_shown_again),
        TEST(get_has_every_member_of_the_list),
        TEST(patch_by_path_and_by_query_deactivates),
        TEST(patch_wants_a_boolean_and_an_id),
        TEST(idor_path_and_body_that_disagree_are_refused),
        TEST(delete_removes_it_for_good),
        TEST(idor_a_foreign_tenants_key_is_unknown),
        TEST(idor_a_foreign_tenant_or_user_in_the_body_is_unknown),
        TEST(create_without_user_id_says_what_to_send),
        TEST(permissions_of_ones_own_do_not_reach_others),
        TEST(view_does_not_allow_to_change),
        TEST(privilege_a_key_for_a_mightier_user_is_refused),
        TEST(an_application_with_the_scope_acts_in_its_tenant_only),
        TEST(a_deleted_user_gets_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
