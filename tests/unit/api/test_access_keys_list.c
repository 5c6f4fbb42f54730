/* SPDX-License-Identifier: Apache-2.0 */
/* The list: pages in both directions, filters, and whose keys one sees. */
#include "fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static int list(struct fixture *f, const char *query) {
    const struct call c = {.handle = access_keys_get, .query = query};
    return call(f, &c);
}

static int64_t total(struct fixture *f) {
    return json_integer_value(json_object_get(answer(f), "totalRecords"));
}

static size_t shown(struct fixture *f) {
    return json_array_size(json_object_get(answer(f), "accessKeys"));
}

static void keys_add(struct fixture *f, const char *tenant, const char *employee, int n) {
    for (int i = 0; i < n; i++) {
        struct access_key_new k = {.key = {.tenant_id = str_from(tenant),
                                           .employee_id = str_from(employee),
                                           .is_active = true},
                                   .environment_id = STR(ENVIRONMENT),
                                   .created_by = STR("operator:test")};
        access_key_prepare(&f->cx, &k);
        assert_int_equal(access_key_create(&f->cx, &k), OK);
    }
}

/* The query of a link, or NULL. */
static const char *link_query(struct fixture *f, const char *name) {
    const char *url =
        json_string_value(json_object_get(json_object_get(answer(f), "_links"), name));
    return url != NULL ? strchr(url, '?') + 1 : NULL;
}

static void an_empty_list_has_every_member(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(list(f, NULL), 200);
    assert_int_equal(total(f), 0);
    assert_int_equal(shown(f), 0);
    assert_non_null(link_query(f, "self"));
    assert_null(link_query(f, "next"));
    assert_null(link_query(f, "previous"));
}

static void pages_go_forth_and_back_over_every_key_once(void **state) {
    struct fixture *f = *state;
    keys_add(f, TENANT, ADMIN, 5);
    keys_add(f, TENANT, AGENT, 2);
    keys_add(f, FOREIGN, STRANGER, 3);
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    char seen[7][ACCESS_KEY_LENGTH + 1];
    size_t n = 0, pages = 0;
    const char *query = "limit=3", *last = NULL;
    for (; query != NULL; pages++) {
        assert_int_equal(list(f, query), 200);
        assert_int_equal(total(f), 7);
        const json_t *keys = json_object_get(answer(f), "accessKeys");
        for (size_t i = 0; i < json_array_size(keys); i++) {
            assert_true(n < COUNT_OF(seen));
            const char *id =
                json_string_value(json_object_get(json_array_get(keys, i), "accessKeyId"));
            (void)snprintf(seen[n], sizeof seen[n], "%s", id);
            assert_true(n == 0 || strcmp(seen[n - 1], seen[n]) < 0);
            n++;
        }
        last = link_query(f, "previous");
        query = link_query(f, "next");
    }
    assert_int_equal(n, 7);
    assert_int_equal(pages, 3);
    assert_non_null(last);
    assert_int_equal(list(f, last), 200); /* the second page again, in the same order */
    const json_t *keys = json_object_get(answer(f), "accessKeys");
    assert_int_equal(json_array_size(keys), 3);
    for (size_t i = 0; i < 3; i++) {
        const char *id = json_string_value(json_object_get(json_array_get(keys, i), "accessKeyId"));
        assert_string_equal(id, seen[3 + i]);
    }
    assert_non_null(link_query(f, "next"));
    assert_int_equal(list(f, link_query(f, "previous")), 200);
    assert_null(link_query(f, "previous")); /* the first page */
}

static void filters_by_user_and_by_agent(void **state) {
    struct fixture *f = *state;
    keys_add(f, TENANT, ADMIN, 1);
    keys_add(f, TENANT, AGENT, 2);
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    const struct {
        const char *query;
        int64_t n;
    } cases[] = {{"userId=" AGENT, 2},
                 {"agentId=12", 2},
                 {"userId=" AGENT "&agentId=12", 2},
                 {"userId=" AGENT "&agentId=11", 0},
                 {"agentId=999", 0},
                 {"userId=" ABSENT, 0},
                 {"userId=nonsense", 0},
                 {"userId=&agentId=&", 3}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(list(f, cases[i].query), 200);
        assert_int_equal(total(f), cases[i].n);
        assert_int_equal(shown(f), cases[i].n);
    }
}

static void links_keep_the_filter(void **state) {
    struct fixture *f = *state;
    keys_add(f, TENANT, AGENT, 3);
    keys_add(f, TENANT, ADMIN, 3);
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(list(f, "limit=2&userId=" AGENT), 200);
    assert_int_equal(list(f, link_query(f, "next")), 200);
    assert_int_equal(total(f), 3);
    assert_int_equal(shown(f), 1);
}

/* SECURITY idor: another tenant's user is a user without keys. */
static void idor_a_foreign_users_list_is_empty(void **state) {
    struct fixture *f = *state;
    keys_add(f, FOREIGN, STRANGER, 2);
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    assert_int_equal(list(f, "userId=" STRANGER), 200);
    assert_int_equal(total(f), 0);
    as_client(f, TENANT);
    assert_int_equal(list(f, NULL), 200);
    assert_int_equal(total(f), 0);
}

static void my_access_key_lists_ones_own_alone(void **state) {
    struct fixture *f = *state;
    keys_add(f, TENANT, ADMIN, 2);
    keys_add(f, TENANT, AGENT, 1);
    as_user(f, TENANT, AGENT, AGENT_WORDS);
    assert_int_equal(list(f, NULL), 200);
    assert_int_equal(total(f), 1);
    assert_int_equal(list(f, "agentId=12"), 200);
    assert_int_equal(list(f, "userId=" ADMIN), 403);
    assert_int_equal(list(f, "agentId=11"), 403);
    assert_int_equal(list(f, "userId=" ABSENT), 403);
    as_user(f, TENANT, NOBODY, "employee.view");
    assert_int_equal(list(f, NULL), 403);
}

/* SECURITY sql: a cursor is one of ours or refused. */
static void sql_cursors_and_limits_come_from_a_closed_form(void **state) {
    struct fixture *f = *state;
    as_user(f, TENANT, ADMIN, ADMIN_WORDS);
    static const char *const wrong[] = {
        "cursor=x",        "cursor=JyBPUiAnJz0n", "cursor=PkFB", "limit=0",
        "limit=501",       "limit=ten",           "limit=-1",    "agentId=twelve",
        "limit=1&limit=2", "userId=a&userId=b"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(list(f, wrong[i]), 400);
    }
    assert_int_equal(list(f, "limit=500"), 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_empty_list_has_every_member),
        TEST(pages_go_forth_and_back_over_every_key_once),
        TEST(filters_by_user_and_by_agent),
        TEST(links_keep_the_filter),
        TEST(idor_a_foreign_users_list_is_empty),
        TEST(my_access_key_lists_ones_own_alone),
        TEST(sql_cursors_and_limits_come_from_a_closed_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
