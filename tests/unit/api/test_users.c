/* SPDX-License-Identifier: Apache-2.0 */
/* Users: oneself, others with the permission, applications by scope, and nobody of another tenant.
 */
#include "fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static int get(struct fixture *f, handler *handle, const char *id) {
    const struct call c = {.handle = handle, .id = id};
    return call(f, &c);
}

static void me_is_the_user_of_the_token(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, NOBODY, "");
    assert_int_equal(get(f, users_get, "me"), 200);
    assert_string_equal(answer_text(f, NULL, "id"), NOBODY);
    static const char *const members[] = {"id",        "name",     "emailAddress", "userName",
                                          "firstName", "lastName", "displayName",  "tenantId",
                                          "teamId",    "role",     "status",       "agentId"};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        assert_non_null(json_object_get(answer(f), members[i]));
    }
    assert_string_equal(answer_text(f, NULL, "emailAddress"), "mia@one.example");
    assert_string_equal(answer_text(f, NULL, "name"), "Kim Q Lee");
    assert_string_equal(answer_text(f, NULL, "role"), "Nobody");
    assert_int_equal(json_integer_value(json_object_get(answer(f), "agentId")), 13);
}

/* PROTOCOL 4: an API that needs a user answers an application's token with 403 and says so. */
static void me_with_an_applications_token_is_403_and_says_why(void **state) {
    struct fixture *f = *state;
    as_client(f, TENANT);
    const struct call c = {.handle = users_get, .id = "me"};
    assert_int_equal(call(f, &c), 403);
    assert_int_equal(f->cx.failure.code, ERR_USER_REQUIRED);
    assert_non_null(memmem(f->rp.body.p, f->rp.body.n, "application", 11));
}

static void oneself_by_uuid_in_any_case(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, NOBODY, "");
    assert_int_equal(get(f, users_get, NOBODY), 200);
    assert_int_equal(get(f, users_get, "B0000000-0000-4000-8000-000000000003"), 200);
    assert_int_equal(get(f, employee_get, NOBODY), 200);
}

static void others_need_the_permission(void **state) {
    struct fixture *f = *state;
    handler *const handlers[] = {users_get, employee_get};
    for (size_t i = 0; i < COUNT_OF(handlers); i++) {
        as_user(f, TENANT, NOBODY, AGENT_WORDS);
        assert_int_equal(get(f, handlers[i], ADMIN), 403);
        assert_int_equal(get(f, handlers[i], ABSENT), 403); /* and it does not say who exists */
        as_user(f, TENANT, NOBODY, "employee.view");
        assert_int_equal(get(f, handlers[i], ADMIN), 200);
        as_client(f, TENANT);
        assert_int_equal(get(f, handlers[i], ADMIN), 200);
    }
}

/* SECURITY idor */
static void idor_a_foreign_user_is_unknown(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(get(f, users_get, ABSENT), 404);
    struct str unknown = f->rp.body;
    static const char *const ids[] = {STRANGER, "not-a-uuid", "ME", "' OR ''='"};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        assert_int_equal(get(f, users_get, ids[i]), 404);
        assert_true(str_eq(unknown, f->rp.body));
        assert_int_equal(get(f, employee_get, ids[i]), 404);
        assert_true(str_eq(unknown, f->rp.body));
    }
    as_client(f, TENANT);
    assert_int_equal(get(f, users_get, STRANGER), 404);
}

/* PROTOCOL 12.13 */
static void employee_has_the_wrapper_and_custom_attributes(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(get(f, employee_get, AGENT), 200);
    const json_t *u = json_object_get(answer(f), "user");
    assert_string_equal(json_string_value(json_object_get(u, "id")),
                        AGENT); /* not the forged one */
    assert_string_equal(json_string_value(json_object_get(u, "fullName")), "Kim Q Lee");
    assert_string_equal(json_string_value(json_object_get(u, "timeZone")), "UTC");
    assert_true(json_is_object(json_object_get(u, "customAttributes")));
    assert_int_equal(
        db_exec(&f->cx, "UPDATE employee SET attributes = '{\"customAttributes\":{\"a\":[1]}}'",
                DB_NO_ARGS, NULL),
        OK);
    assert_int_equal(get(f, employee_get, AGENT), 200);
    u = json_object_get(json_object_get(answer(f), "user"), "customAttributes");
    assert_true(json_is_array(json_object_get(u, "a")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(me_is_the_user_of_the_token),
        TEST(me_with_an_applications_token_is_403_and_says_why),
        TEST(oneself_by_uuid_in_any_case),
        TEST(others_need_the_permission),
        TEST(idor_a_foreign_user_is_unknown),
        TEST(employee_has_the_wrapper_and_custom_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
