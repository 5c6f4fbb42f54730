/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and checking a declaration's text, without a database: which mistakes are seen, and
 * where. */
#include "fixture.h"

#include "declare.h"

static struct str no_variable(void *state, const char *name) {
    (void)state;
    return strcmp(name, "SHORT") == 0 ? STR("short") : STR_NONE;
}

static struct declare *read_text(struct fixture *f, const char *text) {
    json_t *root;
    assert_int_equal(json_parse(&f->cx, str_from(text), &root), OK);
    struct declaration_options *o = NEW(f->arena, struct declaration_options);
    *o = (struct declaration_options){
        .text = str_from(text), .file = "d.json", .getenv = no_variable};
    struct declare *d = NEW(f->arena, struct declare);
    d->cx = &f->cx;
    d->options = o;
    declare_read(d, root);
    if (d->mistakes_n == 0) {
        declare_check(d);
    }
    return d;
}

/* The one mistake begins with this. */
static void mistake(struct fixture *f, const char *text, const char *expected) {
    struct declare *d = read_text(f, text);
    if (d->mistakes_n != 1 || !str_starts(d->mistakes[0], expected)) {
        print_message("expected: %s\n", expected);
        for (size_t i = 0; i < d->mistakes_n; i++) {
            print_message("seen:     %.*s\n", STR_ARG(d->mistakes[i]));
        }
    }
    assert_int_equal(d->mistakes_n, 1);
    assert_true(str_starts(d->mistakes[0], expected));
}

#define ENVIRONMENT(inside) "{\"environments\":[\n{\"name\":\"one\"" inside "}]}"
#define TENANT(inside)      ENVIRONMENT(",\n\"tenants\":[\n{\"tenant\":\"t\"" inside "}]")
#define EMPLOYEE(inside)    TENANT(",\n\"employees\":[\n{\"userName\":\"a@b.example\"" inside "}]")
#define APPLICATION(inside)                                                                        \
    TENANT(",\n\"applications\":[\n{\"name\":\"a\",\"vendor\":\"v\"" inside "}]")
#define E "environments[0]"
#define T "environments[0].tenants[0]"

static void nothing_is_wrong_with_little(void **state) {
    struct fixture *f = *state;
    assert_int_equal(read_text(f, "{\"environments\":[]}")->mistakes_n, 0);
    assert_int_equal(read_text(f, ENVIRONMENT(""))->mistakes_n, 0);
    struct declare *d = read_text(f, EMPLOYEE(",\"middleName\":\"\",\"agentId\":7"));
    assert_int_equal(d->mistakes_n, 0);
    const struct declare_object *t =
        &d->top.v[TOP_ENVIRONMENTS].objects[0].v[ENVIRONMENT_TENANTS].objects[0];
    const struct declare_object *e = &t->v[TENANT_EMPLOYEES].objects[0];
    assert_int_equal(declare_given(e, EMPLOYEE_AGENT_ID)->number, 7);
    assert_null(declare_given(e, EMPLOYEE_TEAM_ID));
    assert_true(str_is(declare_user_name(e), "a@b.example"));
}

static void unknown_members_are_named_with_the_nearest(void **state) {
    struct fixture *f = *state;
    mistake(
        f, "{\"environments\":[],\n\"enviroments\":[]}",
        "d.json:2: enviroments: declaration has no such member. Did you mean \"environments\"?");
    mistake(f, ENVIRONMENT(",\n\"Issuer\":\"https://x.example\""),
            "d.json:3: " E ".Issuer: environment has no such member. Did you mean \"issuer\"?");
    mistake(f, EMPLOYEE(",\n\"roll\":\"x\""),
            "d.json:7: " T
            ".employees[0].roll: employee has no such member. Did you mean \"role\"?");
    mistake(f, APPLICATION(",\"client_secret_expires\":1"),
            "d.json:6: " T
            ".applications[0].client_secret_expires: application has no such member.");
    mistake(f, TENANT(",\"lifetimes\":{\"acess\":700}"),
            "d.json:4: " T
            ".lifetimes.acess: lifetimes has no such member. Did you mean \"access\"?");
}

static void wrong_types_are_named(void **state) {
    struct fixture *f = *state;
    mistake(f, "[]", "d.json:1: the file: it must be an object");
    mistake(f, "{\"environments\":{}}", "d.json:1: environments: it must be a list");
    mistake(f, "{\"environments\":[\n3]}", "d.json:2: " E ": it must be an object");
    mistake(f, ENVIRONMENT(",\"default\":1"), "d.json:2: " E ".default: it must be true or false");
    mistake(f, ENVIRONMENT(",\"issuer\":null"), "d.json:2: " E ".issuer: it must be a string");
    mistake(f, EMPLOYEE(",\"agentId\":\"7\""),
            "d.json:6: " T ".employees[0].agentId: it must be an integer");
    mistake(f, EMPLOYEE(",\"agentId\":7.0"),
            "d.json:6: " T ".employees[0].agentId: it must be an integer");
    mistake(f, EMPLOYEE(",\"agentId\":0"),
            "d.json:6: " T ".employees[0].agentId: 0: it must be from 1");
    mistake(f, EMPLOYEE(",\"attributes\":[]"),
            "d.json:6: " T ".employees[0].attributes: it must be an object");
    mistake(f, APPLICATION(",\"scope\":\"openid\""),
            "d.json:6: " T ".applications[0].scope: it must be a list");
    mistake(f, APPLICATION(",\"scope\":[\"openid\",\n4]"),
            "d.json:7: " T ".applications[0].scope[1]: it must be a string");
    mistake(f, TENANT(",\"tenantId\":\"7\""), "d.json:4: " T ".tenantId: \"7\": it must be a UUID");
    mistake(f, APPLICATION(",\"secret\":{\"generate\":false}"),
            "d.json:6: " T ".applications[0].secret: it must be a string, {\"env\"");
    mistake(f, APPLICATION(",\"secret\":{\"env\":\"A\",\"generate\":true}"),
            "d.json:6: " T ".applications[0].secret: it must be a string, {\"env\"");
    mistake(f, APPLICATION(",\"secret\":7"), "d.json:6: " T ".applications[0].secret: it must be");
}

static void missing_natural_names(void **state) {
    struct fixture *f = *state;
    mistake(f, "{}", "d.json:1: the file: \"environments\" is missing");
    mistake(f, "{\"environments\":[{}]}", "d.json:1: " E ": \"name\" is missing");
    mistake(f, TENANT(",\"employees\":[{\"firstName\":\"A\"}]"),
            "d.json:4: " T ".employees[0]: \"emailAddress\" or \"userName\" is missing");
    mistake(f, TENANT(",\"applications\":[{\"name\":\"A\"}]"),
            "d.json:4: " T ".applications[0]: \"vendor\" is missing");
}

static void values_are_checked_where_they_stand(void **state) {
    struct fixture *f = *state;
    mistake(f, ENVIRONMENT(",\n\"issuer\":\"https://one.example/\""),
            "d.json:3: " E ".issuer: \"https://one.example/\": it must be https://host");
    mistake(f, EMPLOYEE(",\n\"firstName\":\"<b>\""),
            "d.json:7: " T ".employees[0].firstName: \"<b>\": names have");
    mistake(f, APPLICATION(",\"redirects\":[\"https://x.example/cb\",\n\"https://x.example/*\"]"),
            "d.json:7: " T ".applications[0].redirects[1]: \"https://x.example/*\": wildcards");
    mistake(f, APPLICATION(",\"origins\":[\"null\"]"),
            "d.json:6: " T ".applications[0].origins[0]: \"null\": it must be scheme://host");
    mistake(f, EMPLOYEE(",\"displayName\":\"a\\u001b[31m\""),
            "d.json:6: " T
            ".employees[0].displayName: \"a?[31m\": it contains a control character");
    mistake(f, TENANT(",\"roles\":[{\"name\":\"r\",\"permissions\":[\"access-key.viw\"]}]"),
            "d.json:4: " T
            ".roles[0].permissions[0]: \"access-key.viw\": there is no such permission");
    mistake(f, APPLICATION(",\"scope\":[\"openid\",\"openid\"]"),
            "d.json:6: " T ".applications[0].scope[1]: \"openid\": it is in the list twice");
}

static void secrets_once_mistakes_do_not_show_them(void **state) {
    struct fixture *f = *state;
    struct declare *d = read_text(f, APPLICATION(",\"secret\":\"hunter2-hunter2\""));
    assert_int_equal(d->mistakes_n, 1);
    assert_null(strstr(str_z(f->arena, d->mistakes[0]), "hunter2"));
    d = read_text(f, APPLICATION(",\"secret\":{\"env\":\"SHORT\"}"));
    assert_int_equal(d->mistakes_n, 1);
    assert_null(strstr(str_z(f->arena, d->mistakes[0]), "\"short\""));
    mistake(f, APPLICATION(",\"secret\":{\"env\":\"UNSET\"}"),
            "d.json:6: " T
            ".applications[0].secret: the environment variable \"UNSET\" is not set");
}

static void names_used_twice(void **state) {
    struct fixture *f = *state;
    mistake(f, "{\"environments\":[{\"name\":\"a\"},\n{\"name\":\"a\"}]}",
            "d.json:2: environments[1].name: \"a\" is used twice in this file");
    mistake(f,
            "{\"environments\":[{\"name\":\"a\",\"issuer\":\"https://x.example\"},"
            "{\"name\":\"b\",\n\"issuer\":\"https://x.example\"}]}",
            "d.json:2: environments[1].issuer: \"https://x.example\" is used twice");
    mistake(
        f,
        "{\"environments\":[{\"name\":\"a\",\"default\":true},{\"name\":\"b\",\"default\":true}]}",
        "d.json:1: environments[1].default: exactly one environment is the default");
    mistake(f, EMPLOYEE("},\n{\"emailAddress\":\"A@B.example\""),
            "d.json:7: " T ".employees[1].emailAddress: \"a@b.example\" is used twice");
    mistake(f, EMPLOYEE(",\"agentId\":5},\n{\"emailAddress\":\"c@b.example\",\"agentId\":5"),
            "d.json:7: " T ".employees[1].agentId: \"5\" is used twice");
    mistake(f, APPLICATION("},\n{\"name\":\"A\",\"vendor\":\"V\""),
            "d.json:7: " T ".applications[1].name: \"a@v\" is used twice");
    mistake(f, TENANT(",\"roles\":[{\"name\":\"r\"},{\"name\":\"r\"}]"),
            "d.json:4: " T ".roles[1].name: \"r\" is used twice");
    mistake(f,
            TENANT(",\"businessUnits\":[{\"number\":1}]},{\"tenant\":\"u\",\"businessUnits\":[{"
                   "\"number\":1}]"),
            "d.json:4: environments[0].tenants[1].businessUnits[0].number: \"1\" is used twice");
    mistake(f,
            ENVIRONMENT(",\"areas\":[{\"area\":\"x\",\"clusters\":[\"B\"]},"
                        "{\"area\":\"y\",\"clusters\":[\"B\"]}]"),
            "d.json:2: " E ".areas[1].clusters: \"B\" is used twice");
}

static void members_that_exclude_each_other(void **state) {
    struct fixture *f = *state;
    mistake(f, APPLICATION(",\"jwks\":{},\"jwksEndpoint\":\"https://k.example/\""),
            "d.json:6: " T ".applications[0].jwks: give either jwks or jwksEndpoint");
    mistake(f, APPLICATION(",\"allowedTenants\":[\"a\",\"b\"],\"blockedTenants\":[\"b\"]"),
            "d.json:6: " T
            ".applications[0].blockedTenants: a tenant is either allowed or blocked");
}

static void ten_mistakes_are_listed_and_all_are_counted(void **state) {
    struct fixture *f = *state;
    struct declare *d = read_text(f, "{\"environments\":[1,2,3,4,5,6,7,8,9,10,11,12]}");
    assert_int_equal(d->mistakes_n, DECLARE_MISTAKES_MAX);
    assert_int_equal(d->mistakes_seen, 12);
}

static void not_json_says_line_and_column(void **state) {
    struct fixture *f = *state;
    struct declaration_options o = {.text = STR("{\n  \"environments\": [,]\n}"), .file = "d.json"};
    struct declaration_result r = {0};
    assert_int_equal(declaration_run(&f->cx, &o, &r), ERR_BAD_CONFIG);
    assert_non_null(strstr(failure_text(&f->cx), "d.json: it is not JSON: "));
    assert_non_null(strstr(failure_text(&f->cx), "line 2"));
    o.text = STR("{\"environments\":[],\"environments\":[]}");
    assert_int_equal(declaration_run(&f->cx, &o, &r), ERR_BAD_CONFIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_wrong_with_little),
        TEST(unknown_members_are_named_with_the_nearest),
        TEST(wrong_types_are_named),
        TEST(missing_natural_names),
        TEST(values_are_checked_where_they_stand),
        TEST(secrets_once_mistakes_do_not_show_them),
        TEST(names_used_twice),
        TEST(members_that_exclude_each_other),
        TEST(ten_mistakes_are_listed_and_all_are_counted),
        TEST(not_json_says_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
