/* SPDX-License-Identifier: Apache-2.0 */
/* POST /auth/token: parameters, the matrix of types and grants, tenants, and what the tokens say
 * (PROTOCOL 4). */
#include "harness.h"

#include <string.h>

#define PASSWORD "grant_type=password&username=" KEY_ID "&password=" KEY_SECRET
#define CLIENT   "grant_type=client_credentials"

static struct answer post(struct house *h, const char *body) {
    return ASK(h, .handle = token_post, .body = body);
}

/* ---- parameters ---- */

static void param_pollution_every_parameter_twice_is_refused(void **state) {
    struct house *h = *state;
    static const char *const bodies[] = {
        PASSWORD AS(APP_CONF) "&grant_type=password",
        PASSWORD AS(APP_CONF) "&username=" KEY_ID,
        PASSWORD AS(APP_CONF) "&password=" KEY_SECRET,
        PASSWORD AS(APP_CONF) "&client_id=" APP_CONF,
        PASSWORD AS(APP_CONF) "&client_secret=" SECRET_FORM,
        PASSWORD AS(APP_CONF) "&scope=openid&scope=openid",
        CLIENT AS(APP_POST) "&tenantId=" TENANT "&tenantId=" TENANT,
        "grant_type=refresh_token&refresh_token=a&refresh_token=a",
        PASSWORD AS(APP_CONF) "&unknown=1&unknown=1",
        "{\"grant_type\":\"password\",\"grant_type\":\"password\"}"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct answer a = post(h, bodies[i]);
        assert_error(&a, 400, "invalid_request");
    }
}

static void param_pollution_query_is_refused(void **state) {
    struct house *h = *state;
    static const char *const queries[] = {
        "grant_type=password", "client_id=" APP_CONF, "client_secret=x",
        "username=a",          "password=b",          "scope=openid",
        "tenantId=" TENANT,    "refresh_token=x",     "client_assertion=x"};
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct answer a =
            ASK(h, .handle = token_post, .query = queries[i], .body = PASSWORD AS(APP_CONF));
        assert_error(&a, 400, "invalid_request");
        a = ASK(h, .handle = token_post, .query = queries[i]);
        assert_error(&a, 400, "invalid_request");
    }
    struct answer fine =
        ASK(h, .handle = token_post, .query = "unrelated=1", .body = PASSWORD AS(APP_CONF));
    assert_ok(&fine);
}

static void unknown_parameters_are_ignored(void **state) {
    struct house *h = *state;
    struct answer a = post(h, PASSWORD AS(APP_CONF) "&colour=blue");
    assert_ok(&a);
}

static void json_body_has_the_same_members(void **state) {
    struct house *h = *state;
    struct answer a = post(h, "{\"grant_type\":\"password\",\"username\":\"" KEY_ID
                              "\",\"password\":\"" KEY_SECRET "\",\"client_id\":\"" APP_CONF
                              "\",\"client_secret\":\"" SECRET "\"}");
    assert_ok(&a);
}

static void grants_missing_and_unknown_are_refused(void **state) {
    struct house *h = *state;
    struct answer a = post(h, AS(APP_CONF));
    assert_error(&a, 400, "invalid_request");
    a = post(h, "grant_type=implicit" AS(APP_CONF));
    assert_error(&a, 400, "unsupported_grant_type");
    a = post(h, "grant_type=Password" AS(APP_CONF));
    assert_error(&a, 400, "unsupported_grant_type");
    a = post(h, "grant_type=password&username=" KEY_ID AS(APP_CONF));
    assert_error(&a, 400, "invalid_request");
    a = post(h, PASSWORD);
    assert_error(&a, 401, "invalid_client");
}

/* ---- who may what ---- */

static void matrix_of_types_and_grants(void **state) {
    struct house *h = *state;
    struct answer a = post(h, PASSWORD "&client_id=" APP_PUBLIC);
    assert_error(&a, 400, "unauthorized_client");
    a = post(h, CLIENT "&client_id=" APP_PUBLIC);
    assert_error(&a, 400, "unauthorized_client");
    a = post(h, CLIENT AS(APP_CONF));
    assert_error(&a, 400, "unauthorized_client");
    a = post(h, PASSWORD AS(APP_CONF));
    assert_ok(&a);
    a = post(h, PASSWORD AS(APP_POST));
    assert_ok(&a);
    a = post(h, CLIENT AS(APP_POST));
    assert_ok(&a);
}

/* The built-in application has no secret; its id is in every token of the older surface. */
static void built_in_application_is_of_no_use_here(void **state) {
    struct house *h = *state;
    struct answer token = access_key_token(h);
    json_t *claims = claims_of(&h->cx, answer_text(&token, "access_token"));
    const char *id = json_string_value(json_object_get(claims, "client_id"));
    struct answer a = post(h, format(&h->cx, CLIENT "&client_id=%s&tenantId=" TENANT, id));
    assert_error(&a, 400, "unauthorized_client");
    a = post(h, format(&h->cx, PASSWORD "&client_id=%s", id));
    assert_error(&a, 400, "unauthorized_client");
    a = ASK(h, .handle = introspect_post, .body = format(&h->cx, "token=x&client_id=%s", id));
    assert_error(&a, 401, "invalid_client");
}

static void ropc_takes_access_keys_only(void **state) {
    struct house *h = *state;
    static const char *const bodies[] = {
        "grant_type=password&username=beowulf@example.com&password=" KEY_SECRET AS(APP_CONF),
        "grant_type=password&username=beowulf@example.com&password=hunter2hunter2" AS(APP_CONF),
        "grant_type=password&username=" USER "&password=" KEY_SECRET AS(APP_CONF),
        "grant_type=password&username=" KEY_ID "&password=" AGENT_SECRET AS(APP_CONF),
        "grant_type=password&username=" AGENT_KEY "&password=" KEY_SECRET AS(APP_CONF)};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct answer a = post(h, bodies[i]);
        assert_error(&a, 400, "invalid_grant");
    }
}

static void enumeration_wrong_keys_read_the_same(void **state) {
    struct house *h = *state;
    struct answer unknown =
        post(h, "grant_type=password&username=" KEY("X") "&password=" KEY_SECRET AS(APP_CONF));
    struct answer wrong =
        post(h, "grant_type=password&username=" KEY_ID "&password=" KEY("X") AS(APP_CONF));
    house_sql(h, "UPDATE access_key SET is_active = 0 WHERE access_key_id = '" AGENT_KEY "'");
    struct answer inactive =
        post(h, "grant_type=password&username=" AGENT_KEY "&password=" AGENT_SECRET AS(APP_CONF));
    house_sql(h, "UPDATE employee SET status = 'BLOCKED' WHERE employee_id = '" USER "'");
    struct answer blocked = post(h, PASSWORD AS(APP_CONF));
    assert_error(&unknown, 400, "invalid_grant");
    assert_true(str_eq(unknown.body, wrong.body));
    assert_true(str_eq(unknown.body, inactive.body));
    assert_true(str_eq(unknown.body, blocked.body));
}

static void trailing_space_is_named_and_nothing_else(void **state) {
    struct house *h = *state;
    struct answer a = post(h, PASSWORD "+" AS(APP_CONF));
    assert_error(&a, 400, "invalid_grant");
    assert_true(contains(a.body, "ends with a space"));
    assert_false(contains(a.body, KEY_SECRET));
    a = post(h, PASSWORD AS(APP_CONF) "%20");
    assert_error(&a, 401, "invalid_client");
    assert_true(contains(a.body, "ends with a space"));
    assert_false(contains(a.body, "xK2m"));
}

/* ---- tenants ---- */

static void user_of_another_tenant_is_refused_in_the_known_words(void **state) {
    struct house *h = *state;
    struct answer a =
        post(h, "grant_type=password&username=" TWO_KEY "&password=" TWO_SECRET AS(APP_CONF));
    assert_error(&a, 401, "unauthorized_client");
    assert_string_equal(answer_text(&a, "error_description"),
                        "Client application 'conf@acme' not authorized for user");
    a = post(h, "grant_type=password&username=" TWO_KEY "&password=" TWO_SECRET AS(APP_BLOCKED));
    assert_error(&a, 401, "unauthorized_client");
    a = post(h, "grant_type=password&username=" TWO_KEY "&password=" TWO_SECRET AS(APP_ALL));
    assert_ok(&a);
}

static void client_credentials_choose_the_tenant(void **state) {
    struct house *h = *state;
    struct answer a = post(h, CLIENT AS(APP_POST));
    assert_ok(&a);
    assert_string_equal(json_string_value(json_object_get(
                            claims_of(&h->cx, answer_text(&a, "access_token")), "tenantId")),
                        TENANT);
    a = post(h, CLIENT AS(APP_POST) "&tenantId=" TENANT_TWO);
    assert_ok(&a);
    assert_string_equal(json_string_value(json_object_get(
                            claims_of(&h->cx, answer_text(&a, "access_token")), "tenantId")),
                        TENANT_TWO);
    a = post(h, CLIENT AS(APP_ALL) "&tenantId=" TENANT);
    assert_ok(&a);
}

static void client_credentials_elsewhere_are_refused(void **state) {
    struct house *h = *state;
    static const char *const bodies[] = {
        CLIENT AS(APP_ALL) "&tenantId=" TENANT_TWO, CLIENT AS(APP_BLOCKED) "&tenantId=" TENANT_TWO,
        CLIENT AS(APP_POST) "&tenantId=" TENANT_GOV,
        CLIENT AS(APP_POST) "&tenantId=99eb0358-724b-3970-97e5-0242ac110003"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct answer a = post(h, bodies[i]);
        assert_error(&a, 401, "unauthorized_client");
    }
    struct answer single =
        ASK(h, .handle = token_post, .authorization = basic(&h->cx, APP_BASIC, SECRET),
            .body = CLIENT "&tenantId=" TENANT_TWO);
    assert_error(&single, 401, "unauthorized_client");
    struct answer a = post(h, CLIENT AS(APP_POST) "&tenantId=everything");
    assert_error(&a, 400, "invalid_request");
    house_sql(h, "UPDATE tenant SET is_enabled = 0 WHERE tenant_id = '" TENANT_TWO "'");
    a = post(h, CLIENT AS(APP_POST) "&tenantId=" TENANT_TWO);
    assert_error(&a, 401, "unauthorized_client");
}

static void audience_application_of_another_environment_is_unknown(void **state) {
    struct house *h = *state;
    struct answer a = post(h, CLIENT AS(APP_GOV));
    assert_error(&a, 401, "invalid_client");
    a = ASK(h, .handle = token_post, .host = HOST_GOV, .body = CLIENT AS(APP_GOV));
    assert_ok(&a);
}

/* ---- scope ---- */

static void scope_is_never_more_than_registered(void **state) {
    struct house *h = *state;
    struct answer a = post(h, CLIENT AS(APP_POST) "&scope=platform-user-write");
    assert_error(&a, 400, "invalid_scope");
    a = post(h, PASSWORD AS(APP_POST) "&scope=openid+access-key-write");
    assert_error(&a, 400, "invalid_scope");
    a = post(h, CLIENT AS(APP_POST) "&scope=platform-user-read+analytics-query");
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "scope"), "platform-user-read analytics-query");
    assert_string_equal(json_string_value(json_object_get(
                            claims_of(&h->cx, answer_text(&a, "access_token")), "scope")),
                        "platform-user-read analytics-query");
    a = post(h, CLIENT AS(APP_POST));
    assert_string_equal(answer_text(&a, "scope"), SCOPES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(param_pollution_every_parameter_twice_is_refused),
        HOUSE_TEST(param_pollution_query_is_refused),
        HOUSE_TEST(unknown_parameters_are_ignored),
        HOUSE_TEST(json_body_has_the_same_members),
        HOUSE_TEST(grants_missing_and_unknown_are_refused),
        HOUSE_TEST(matrix_of_types_and_grants),
        HOUSE_TEST(built_in_application_is_of_no_use_here),
        HOUSE_TEST(ropc_takes_access_keys_only),
        HOUSE_TEST(enumeration_wrong_keys_read_the_same),
        HOUSE_TEST(trailing_space_is_named_and_nothing_else),
        HOUSE_TEST(user_of_another_tenant_is_refused_in_the_known_words),
        HOUSE_TEST(client_credentials_choose_the_tenant),
        HOUSE_TEST(client_credentials_elsewhere_are_refused),
        HOUSE_TEST(audience_application_of_another_environment_is_unknown),
        HOUSE_TEST(scope_is_never_more_than_registered),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
