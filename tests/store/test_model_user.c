/* SPDX-License-Identifier: Apache-2.0 */
/* Roles, employees, users and their access keys. */
#include "model_world.h"

static void idor_role_and_employee_are_found_in_their_tenant_alone(struct fixture *f) {
    struct role r;
    struct employee e;
    struct user u;
    world_make(f);
    must(f->cx, role_find(f->cx, S(TENANT_1), S(ROLE_2), &r));
    must_be(r.name, "More");
    assert_int_equal(r.updated_ms, 77);
    must_fail(f->cx, role_find(f->cx, S(TENANT_2), S(ROLE_2), &r), ERR_NOT_FOUND);
    must(f->cx, employee_find(f->cx, S(TENANT_1), S(USER_1), &e));
    must_be(e.user_name, "one@example.com");
    must_be(e.attributes, "{\"timeZone\":\"UTC\"}");
    assert_int_equal(e.agent_id, 11);
    must_fail(f->cx, employee_find(f->cx, S(TENANT_2), S(USER_1), &e), ERR_NOT_FOUND);
    must_fail(f->cx, employee_find(f->cx, S(TENANT_1), S(USER_2), &e), ERR_NOT_FOUND);
    must_fail(f->cx, user_find(f->cx, S(TENANT_2), S(USER_1), &u), ERR_NOT_FOUND);
    must_fail(f->cx, user_find(f->cx, S(TENANT_1), S(USER_2), &u), ERR_NOT_FOUND);
}

static void user_brings_tenant_and_role(struct fixture *f) {
    struct user u;
    world_make(f);
    must(f->cx, user_find(f->cx, S(TENANT_1), S(USER_1), &u));
    must_be(u.employee.employee_id, USER_1);
    must_be(u.employee.middle_name, "M");
    must_be(u.tenant.tenant_id, TENANT_1);
    must_be(u.tenant.environment_id, ENV_1);
    must_be(u.tenant.area, "na1");
    must_be(u.role.role_id, ROLE_1);
    must_be(u.role.legacy_id, "Agent");
    assert_int_equal(u.role.updated_ms, 77);
    assert_true(user_is_alive(&u));
    /* A role that is gone takes its permissions with it, not the user. */
    store_sql(f, "DELETE FROM role");
    must(f->cx, user_find(f->cx, S(TENANT_1), S(USER_1), &u));
    assert_true(str_empty(u.role.permissions));
}

static void permissions_are_those_of_all_roles_each_once(struct fixture *f) {
    struct user u;
    struct str p;
    world_make(f);
    must(f->cx, user_find(f->cx, S(TENANT_1), S(USER_1), &u));
    must(f->cx, user_permissions(f->cx, &u, &p));
    must_be(p, "my-access-key.view employee.view");
    store_sql(f, "UPDATE employee SET secondary_roles = '" ROLE_2 "'");
    must(f->cx, user_find(f->cx, S(TENANT_1), S(USER_1), &u));
    must(f->cx, user_permissions(f->cx, &u, &p));
    must_be(p, "my-access-key.view employee.view access-key.view");
    /* More than one statement's worth, the last of them the only one that exists. */
    store_sql(f, "UPDATE employee SET secondary_roles = 'a b c d e f g h i j " ROLE_2 "'");
    must(f->cx, user_find(f->cx, S(TENANT_1), S(USER_1), &u));
    must(f->cx, user_permissions(f->cx, &u, &p));
    must_be(p, "my-access-key.view employee.view access-key.view");
    /* A role of another tenant gives nothing. */
    store_sql(f, "UPDATE employee SET secondary_roles = '" ROLE_2 "'");
    must(f->cx, user_find(f->cx, S(TENANT_2), S(USER_2), &u));
    must(f->cx, user_permissions(f->cx, &u, &p));
    assert_int_equal(p.n, 0);
}

static err authenticate(struct fixture *f, const char *env, struct str id, struct str secret) {
    struct access_key k;
    struct user u;
    return access_key_authenticate(f->cx, str_from(env), id, secret, &k, &u);
}

static void access_key_authenticates_its_employee(struct fixture *f) {
    struct access_key k;
    struct user u;
    world_make(f);
    struct access_key_new made = world_access_key(f);
    assert_int_equal(made.key.access_key_id.n, ACCESS_KEY_LENGTH);
    assert_int_equal(made.secret.n, ACCESS_KEY_LENGTH);
    assert_true(str_ends(made.secret, "===="));
    must(f->cx,
         access_key_authenticate(f->cx, S(ENV_1), made.key.access_key_id, made.secret, &k, &u));
    must_be(k.tenant_id, TENANT_1);
    must_be(k.employee_id, USER_1);
    must_be(u.employee.user_name, "one@example.com");
    must_be(u.tenant.tenant, "one");
    must_be(u.role.permissions, "my-access-key.view employee.view");
    assert_int_equal(k.agent_id, 11);
}

static void enumeration_every_failure_of_an_access_key_looks_the_same(struct fixture *f) {
    world_make(f);
    struct access_key_new made = world_access_key(f);
    struct str id = made.key.access_key_id, secret = made.secret;
    const char *text = err_info(ERR_INVALID_GRANT)->text;
    const struct {
        const char *env;
        struct str id, secret;
    } wrong[] = {
        {ENV_2, id, secret},
        {ENV_1, secret, id},
        {ENV_1, id, id},
        {ENV_1, id, str_sub(secret, 0, 55)},
        {ENV_1, STR_NONE, STR_NONE},
        {ENV_1, id, S("")},
        {ENV_1, S("\xff"), secret},
        {ENV_1, id, S("\xff")},
        {ENV_1, S("\0x"), S("\0x")},
        {ENV_1, id, made.secret_digest},
        {ENV_1, S("unknown"), S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        must_fail(f->cx, authenticate(f, wrong[i].env, wrong[i].id, wrong[i].secret),
                  ERR_INVALID_GRANT);
        assert_string_equal(failure_text(f->cx), text);
    }
    char huge[4096];
    memset(huge, 'A', sizeof huge);
    must_fail(f->cx, authenticate(f, ENV_1, (struct str){huge, sizeof huge}, secret),
              ERR_INVALID_GRANT);
    must_fail(f->cx, authenticate(f, ENV_1, id, (struct str){huge, sizeof huge}),
              ERR_INVALID_GRANT);
    must(f->cx, access_key_set_active(f->cx, S(TENANT_1), id, false));
    must_fail(f->cx, authenticate(f, ENV_1, id, secret), ERR_INVALID_GRANT);
    assert_string_equal(failure_text(f->cx), text);
}

static void dead_means_dead_access_key_of_the_dead_is_refused(struct fixture *f) {
    world_make(f);
    struct access_key_new made = world_access_key(f);
    struct str id = made.key.access_key_id;
    static const char *const statuses[] = {"UNREGISTERED", "PENDING", "BLOCKED", "DELETED"};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        must(f->cx, db_exec(f->cx, "UPDATE employee SET status = $1",
                            DB_ARGS(DB_TEXT(str_from(statuses[i]))), NULL));
        must_fail(f->cx, authenticate(f, ENV_1, id, made.secret), ERR_INVALID_GRANT);
    }
    store_sql(f, "UPDATE employee SET status = 'PENDING', type = 'api'");
    must(f->cx, authenticate(f, ENV_1, id, made.secret));
    store_sql(f, "UPDATE employee SET status = 'DELETED'");
    must_fail(f->cx, authenticate(f, ENV_1, id, made.secret), ERR_INVALID_GRANT);
    store_sql(f, "UPDATE employee SET status = 'ACTIVE'");
    must(f->cx, authenticate(f, ENV_1, id, made.secret));
    store_sql(f, "UPDATE tenant SET is_enabled = 0");
    must_fail(f->cx, authenticate(f, ENV_1, id, made.secret), ERR_INVALID_GRANT);
    store_sql(f, "UPDATE tenant SET is_enabled = 1");
    must(f->cx, access_key_delete(f->cx, S(TENANT_1), id));
    must_fail(f->cx, authenticate(f, ENV_1, id, made.secret), ERR_INVALID_GRANT);
    assert_int_equal(store_number(f, "SELECT count(*) FROM access_key_index"), 0);
}

static void idor_access_key_is_touched_by_its_tenant_alone(struct fixture *f) {
    struct access_key k;
    world_make(f);
    struct access_key_new made = world_access_key(f);
    struct str id = made.key.access_key_id;
    must(f->cx, access_key_find(f->cx, S(TENANT_1), id, &k));
    must_be(k.employee_id, USER_1);
    assert_int_equal(k.agent_id, 11);
    must_fail(f->cx, access_key_find(f->cx, S(TENANT_2), id, &k), ERR_NOT_FOUND);
    must_fail(f->cx, access_key_set_active(f->cx, S(TENANT_2), id, false), ERR_NOT_FOUND);
    must_fail(f->cx, access_key_delete(f->cx, S(TENANT_2), id), ERR_NOT_FOUND);
    must(f->cx, authenticate(f, ENV_1, id, made.secret));
    must_fail(f->cx, access_key_delete(f->cx, S(TENANT_1), S("x")), ERR_NOT_FOUND);
}

struct creation {
    struct access_key_new key;
};
static err create_run(struct ctx *cx, void *state) {
    const struct creation *c = state;
    return access_key_create(cx, &c->key);
}

static void access_key_needs_an_employee_of_its_tenant_and_environment(struct fixture *f) {
    world_make(f);
    struct creation c = {.key = {.environment_id = S(ENV_1)}};
    access_key_prepare(f->cx, &c.key);
    c.key.key.tenant_id = S(TENANT_2);
    c.key.key.employee_id = S(USER_1);
    must_fail(f->cx, db_transaction(f->cx, create_run, &c), ERR_NOT_FOUND);
    c.key.key.tenant_id = S(TENANT_1);
    c.key.environment_id = S(ENV_2);
    must_fail(f->cx, db_transaction(f->cx, create_run, &c), ERR_NOT_FOUND);
    c.key.environment_id = S(ENV_1);
    store_sql(f, "UPDATE employee SET status = 'DELETED'");
    must_fail(f->cx, db_transaction(f->cx, create_run, &c), ERR_NOT_FOUND);
    assert_int_equal(store_number(f, "SELECT count(*) FROM access_key"), 0);
    store_sql(f, "UPDATE employee SET status = 'BLOCKED'");
    must(f->cx, db_transaction(f->cx, create_run, &c));
    must_fail(f->cx, db_transaction(f->cx, create_run, &c), ERR_DUPLICATE);
}

static void secrets_once_no_row_has_the_access_key_secret(struct fixture *f) {
    struct str digest;
    world_make(f);
    struct access_key_new made = world_access_key(f);
    must(f->cx, db_one(f->cx, "SELECT secret_digest FROM access_key", DB_NO_ARGS,
                       DB_COLUMNS(COLUMN_STR(&digest))));
    assert_false(str_eq(digest, made.secret));
    assert_true(sha256_matches(made.secret, digest));
}

static void access_key_use_is_noted_once_a_minute(struct fixture *f) {
    struct access_key k;
    world_make(f);
    struct access_key_new made = world_access_key(f);
    int64_t first = f->cx->now;
    must(f->cx, access_key_used(f->cx, &made.key));
    store_at(f, 59);
    must(f->cx, access_key_used(f->cx, &made.key));
    must(f->cx, access_key_find(f->cx, S(TENANT_1), made.key.access_key_id, &k));
    assert_int_equal(k.last_used_at, first);
    store_at(f, 1);
    must(f->cx, access_key_used(f->cx, &k));
    must(f->cx, access_key_find(f->cx, S(TENANT_1), made.key.access_key_id, &k));
    assert_int_equal(k.last_used_at, first + 60);
}

struct listing {
    struct access_key row;
    struct str ids[8];
    size_t n;
};
static err listing_add(struct ctx *cx, void *state) {
    (void)cx;
    struct listing *l = state;
    assert_true(l->n < COUNT_OF(l->ids));
    l->ids[l->n++] = l->row.access_key_id;
    return OK;
}
static struct listing list(struct fixture *f, const struct access_key_page *page) {
    struct listing l = {.n = 0};
    must(f->cx, access_keys_list(f->cx, page, &l.row, listing_add, &l));
    return l;
}

static void access_keys_are_listed_in_pages_both_ways(struct fixture *f) {
    world_make(f);
    for (int i = 0; i < 5; i++) {
        (void)world_access_key(f);
    }
    struct access_key_page page = {.tenant_id = S(TENANT_1), .limit = 3};
    struct listing first = list(f, &page);
    assert_int_equal(first.n, 3);
    page.after = first.ids[2];
    struct listing second = list(f, &page);
    assert_int_equal(second.n, 2);
    assert_true(str_compare(first.ids[0], first.ids[1]) < 0);
    assert_true(str_compare(first.ids[2], second.ids[0]) < 0);
    page.after = second.ids[0];
    page.backwards = true;
    page.employee_id = S(USER_1);
    struct listing back = list(f, &page);
    assert_int_equal(back.n, 3);
    assert_true(str_eq(back.ids[0], first.ids[2]));
    assert_true(str_eq(back.ids[2], first.ids[0]));
    page = (struct access_key_page){.tenant_id = S(TENANT_2), .limit = 3};
    assert_int_equal(list(f, &page).n, 0);
    page = (struct access_key_page){.tenant_id = S(TENANT_2), .employee_id = S(USER_1), .limit = 3};
    assert_int_equal(list(f, &page).n, 0);
    int64_t n;
    must(f->cx, access_keys_count(f->cx, S(TENANT_1), STR_NONE, &n));
    assert_int_equal(n, 5);
    must(f->cx, access_keys_count(f->cx, S(TENANT_1), S(USER_2), &n));
    assert_int_equal(n, 0);
    must(f->cx, access_keys_count(f->cx, S(TENANT_2), STR_NONE, &n));
    assert_int_equal(n, 0);
}

static const struct store_case cases[] = {
    STORE_CASE(idor_role_and_employee_are_found_in_their_tenant_alone),
    STORE_CASE(user_brings_tenant_and_role),
    STORE_CASE(permissions_are_those_of_all_roles_each_once),
    STORE_CASE(access_key_authenticates_its_employee),
    STORE_CASE(enumeration_every_failure_of_an_access_key_looks_the_same),
    STORE_CASE(dead_means_dead_access_key_of_the_dead_is_refused),
    STORE_CASE(idor_access_key_is_touched_by_its_tenant_alone),
    STORE_CASE(access_key_needs_an_employee_of_its_tenant_and_environment),
    STORE_CASE(secrets_once_no_row_has_the_access_key_secret),
    STORE_CASE(access_key_use_is_noted_once_a_minute),
    STORE_CASE(access_keys_are_listed_in_pages_both_ways),
};
STORE_MAIN(cases)
