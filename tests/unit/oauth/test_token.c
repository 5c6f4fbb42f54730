/* SPDX-License-Identifier: Apache-2.0 */
/* POST /auth/token: parameters, the matrix of types and grants, tenants, and what the tokens say
 * (PROTOCOL 4). */
#include "harness.h"

#include <string.h>

#define POST_SECRET "q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fGe%2B/%2541"
#define AS(id)      "&client_id=" id "&client_secret=" POST_SECRET
#define PASSWORD    "grant_type=password&username=" KEY_ID "&password=" KEY_SECRET
#define CLIENT      "grant_type=client_credentials"

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
        PASSWORD AS(APP_CONF) "&client_secret=" POST_SECRET,
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
    a = post(h, "grant_type=authorization_code" AS(APP_CONF));
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

/* ---- the tokens ---- */

static const char *text_of(const json_t *claims, const char *name) {
    const char *text = json_string_value(json_object_get(claims, name));
    return text != NULL ? text : "";
}

static int64_t number_of(const json_t *claims, const char *name) {
    assert_true(json_is_integer(json_object_get(claims, name)));
    return json_integer_value(json_object_get(claims, name));
}

static void access_token_has_the_claims_of_the_sample(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    assert_ok(&a);
    json_t *claims = claims_of(&h->cx, answer_text(&a, "access_token"));
    json_t *role = json_object_get(claims, "role");
    assert_string_equal(text_of(role, "legacyId"), "Administrator");
    assert_true(strlen(text_of(role, "id")) == UUID_LENGTH);
    assert_true(json_is_integer(json_object_get(role, "lastUpdateTime")));
    assert_true(json_is_array(json_object_get(role, "secondaryRoles")));
    assert_true(json_is_object(json_object_get(claims, "views")));
    assert_string_equal(text_of(claims, "icAgentId"), "30387543");
    assert_string_equal(text_of(claims, "icSPId"), "886");
    assert_int_equal(number_of(claims, "icBUId"), 4600738);
    assert_string_equal(text_of(claims, "icClusterId"), "B32");
    assert_string_equal(text_of(claims, "sub"), "user:" USER);
    assert_string_equal(text_of(claims, "iss"), ISSUER);
    assert_string_equal(text_of(claims, "aud"), APP_CONF "@cxone");
    assert_string_equal(text_of(claims, "name"), "beowulf@example.com");
    assert_string_equal(text_of(claims, "given_name"), "Beo\xc3\xbclf");
    assert_string_equal(text_of(claims, "family_name"), "Herot");
    assert_string_equal(text_of(claims, "tenantId"), TENANT);
    assert_string_equal(text_of(claims, "tenant"), "classics");
    assert_string_equal(text_of(claims, "client_id"), APP_CONF);
    assert_int_equal(number_of(claims, "iat"), NOW);
    assert_int_equal(number_of(claims, "exp"), NOW + 3600);
    assert_true(strlen(text_of(claims, "jti")) > 0 && strlen(text_of(claims, "sid")) > 0);
}

static void id_token_has_the_claims_of_the_sample(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    assert_ok(&a);
    json_t *claims = claims_of(&h->cx, answer_text(&a, "id_token"));
    assert_string_equal(text_of(claims, "icAgentId"), "30387543");
    assert_string_equal(text_of(claims, "icDomain"), "nice-incontact.com");
    assert_string_equal(text_of(claims, "area"), "na1");
    assert_string_equal(text_of(claims, "userId"), USER);
    assert_string_equal(text_of(claims, "aud"), APP_CONF);
    assert_string_equal(text_of(claims, "azp"), APP_CONF);
    assert_string_equal(text_of(claims, "tenantId"), TENANT);
    assert_int_equal(number_of(claims, "icBUId"), 4600738);
    assert_int_equal(number_of(claims, "auth_time"), NOW);
    unsigned char digest[SHA256_SIZE];
    const char *access = answer_text(&a, "access_token");
    sha256(access, strlen(access), digest);
    assert_true(str_is(base64url(h->arena, digest, 16), text_of(claims, "at_hash")));
    assert_null(json_object_get(claims, "amr"));
    assert_null(json_object_get(claims, "client_id"));
}

/* PROTOCOL 12.12: browsers decode the payload as if it were ASCII. */
static void id_token_is_ascii_and_its_header_free_of_url_letters(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    struct str rest = str_from(answer_text(&a, "id_token")), header, payload, bytes;
    assert_true(str_next(&rest, '.', &header) && str_next(&rest, '.', &payload));
    assert_int_equal(str_find_char(header, '-'), header.n);
    assert_int_equal(str_find_char(header, '_'), header.n);
    assert_true(base64url_parse(h->arena, payload, &bytes));
    for (size_t i = 0; i < bytes.n; i++) {
        assert_in_range((unsigned char)bytes.p[i], 0x20, 0x7e);
    }
    assert_true(contains(bytes, "Beo\\u00fclf") || contains(bytes, "Beo\\u00FClf"));
}

static void answer_to_a_user_flow_has_all_members(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    assert_string_equal(answer_text(&a, "token_type"), "Bearer");
    assert_int_equal(answer_number(&a, "expires_in"), 3600);
    assert_string_equal(answer_text(&a, "issued_token_type"),
                        "urn:ietf:params:oauth:token-type:access_token");
    json_t *refresh = claims_of(&h->cx, answer_text(&a, "refresh_token"));
    assert_string_equal(text_of(refresh, "aud"), APP_CONF "@cxone");
    assert_string_equal(text_of(refresh, "id"), USER);
    assert_true(strlen(text_of(refresh, "sessionId")) > 0);
    assert_int_equal(number_of(refresh, "exp"), NOW + 7200);
    assert_false(a.reply->cacheable);
    assert_true(str_is(a.reply->tenant_id, TENANT) && str_is(a.reply->client_id, APP_CONF) &&
                str_is(a.reply->grant, "password"));
}

static void client_token_is_of_no_user(void **state) {
    struct house *h = *state;
    struct answer a = client_token(h);
    assert_ok(&a);
    json_t *claims = claims_of(&h->cx, answer_text(&a, "access_token"));
    assert_string_equal(text_of(claims, "sub"), "client:" APP_POST);
    assert_null(json_object_get(claims, "role"));
    assert_null(json_object_get(claims, "icAgentId"));
    assert_null(json_object_get(claims, "name"));
    assert_null(json_object_get(a.json, "id_token"));
    assert_int_equal(number_of(claims_of(&h->cx, answer_text(&a, "refresh_token")), "exp"),
                     NOW + 2592000);
}

static void lifetimes_are_those_of_the_application(void **state) {
    struct house *h = *state;
    house_sql(h, "UPDATE application SET lifetimes = '{\"access\":900,\"refresh\":1000}' WHERE "
                 "application_id = '" APP_CONF "'");
    struct answer a = password_token(h);
    assert_int_equal(answer_number(&a, "expires_in"), 900);
    json_t *access = claims_of(&h->cx, answer_text(&a, "access_token"));
    json_t *refresh = claims_of(&h->cx, answer_text(&a, "refresh_token"));
    assert_int_equal(number_of(access, "exp"), NOW + 900);
    assert_int_equal(number_of(refresh, "exp"), NOW + 1000);
}

static void use_is_noted_once_a_minute(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    assert_ok(&a);
    assert_int_equal(house_number(h, "SELECT last_used_at FROM application WHERE application_id = "
                                     "'" APP_CONF "'"),
                     NOW);
    house_later(h, 30);
    a = password_token(h);
    assert_int_equal(
        house_number(h, "SELECT last_used_at FROM access_key WHERE access_key_id = '" KEY_ID "'"),
        NOW);
    house_later(h, 31);
    a = password_token(h);
    assert_int_equal(
        house_number(h, "SELECT last_used_at FROM access_key WHERE access_key_id = '" KEY_ID "'"),
        NOW + 61);
}

/* What is stored of tokens and secrets is digests. */
static void secrets_once_nothing_is_stored_in_the_clear(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    const char *refresh = answer_text(&a, "refresh_token");
    int64_t found = -1;
    struct str pattern = str_from(refresh);
    err e = db_one(&h->cx, "SELECT count(*) FROM session WHERE refresh_digest = $1",
                   DB_ARGS(DB_TEXT(pattern)), DB_COLUMNS(COLUMN_INT(&found)));
    assert_int_equal(e, OK);
    assert_int_equal(found, 0);
    e = db_one(&h->cx, "SELECT count(*) FROM session WHERE refresh_digest = $1",
               DB_ARGS(DB_TEXT(sha256_text(h->arena, pattern))), DB_COLUMNS(COLUMN_INT(&found)));
    assert_int_equal(e, OK);
    assert_int_equal(found, 1);
    assert_int_equal(
        house_number(h, "SELECT count(*) FROM session WHERE refresh_answer IS NOT NULL"), 0);
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
        HOUSE_TEST(access_token_has_the_claims_of_the_sample),
        HOUSE_TEST(id_token_has_the_claims_of_the_sample),
        HOUSE_TEST(id_token_is_ascii_and_its_header_free_of_url_letters),
        HOUSE_TEST(answer_to_a_user_flow_has_all_members),
        HOUSE_TEST(client_token_is_of_no_user),
        HOUSE_TEST(lifetimes_are_those_of_the_application),
        HOUSE_TEST(use_is_noted_once_a_minute),
        HOUSE_TEST(secrets_once_nothing_is_stored_in_the_clear),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
