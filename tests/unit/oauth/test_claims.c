/* SPDX-License-Identifier: Apache-2.0 */
/* What the tokens and the answer say (PROTOCOL 4, 12.4, 12.12; the samples of seed 000), and what
 * is stored behind them. */
#include "harness.h"

#include <string.h>

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
    assert_string_equal(claim_text(role, "legacyId"), "Administrator");
    assert_true(strlen(claim_text(role, "id")) == UUID_LENGTH);
    assert_true(json_is_integer(json_object_get(role, "lastUpdateTime")));
    assert_true(json_is_array(json_object_get(role, "secondaryRoles")));
    assert_true(json_is_object(json_object_get(claims, "views")));
    assert_string_equal(claim_text(claims, "icAgentId"), "30387543");
    assert_string_equal(claim_text(claims, "icSPId"), "886");
    assert_int_equal(number_of(claims, "icBUId"), 4600738);
    assert_string_equal(claim_text(claims, "icClusterId"), "B32");
    assert_string_equal(claim_text(claims, "sub"), "user:" USER);
    assert_string_equal(claim_text(claims, "iss"), ISSUER);
    assert_string_equal(claim_text(claims, "aud"), APP_CONF "@cxone");
    assert_string_equal(claim_text(claims, "name"), "beowulf@example.com");
    assert_string_equal(claim_text(claims, "given_name"), "Beo\xc3\xbclf");
    assert_string_equal(claim_text(claims, "family_name"), "Herot");
    assert_string_equal(claim_text(claims, "tenantId"), TENANT);
    assert_string_equal(claim_text(claims, "tenant"), "classics");
    assert_string_equal(claim_text(claims, "client_id"), APP_CONF);
    assert_int_equal(number_of(claims, "iat"), NOW);
    assert_int_equal(number_of(claims, "exp"), NOW + 3600);
    assert_true(strlen(claim_text(claims, "jti")) > 0 && strlen(claim_text(claims, "sid")) > 0);
}

static void id_token_has_the_claims_of_the_sample(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    assert_ok(&a);
    json_t *claims = claims_of(&h->cx, answer_text(&a, "id_token"));
    assert_string_equal(claim_text(claims, "icAgentId"), "30387543");
    assert_string_equal(claim_text(claims, "icDomain"), "nice-incontact.com");
    assert_string_equal(claim_text(claims, "area"), "na1");
    assert_string_equal(claim_text(claims, "userId"), USER);
    assert_string_equal(claim_text(claims, "aud"), APP_CONF);
    assert_string_equal(claim_text(claims, "azp"), APP_CONF);
    assert_string_equal(claim_text(claims, "tenantId"), TENANT);
    assert_int_equal(number_of(claims, "icBUId"), 4600738);
    assert_int_equal(number_of(claims, "auth_time"), NOW);
    unsigned char digest[SHA256_SIZE];
    const char *access = answer_text(&a, "access_token");
    sha256(access, strlen(access), digest);
    assert_true(str_is(base64url(h->arena, digest, 16), claim_text(claims, "at_hash")));
    assert_null(json_object_get(claims, "amr"));
    assert_null(json_object_get(claims, "client_id"));
}

/* PROTOCOL 12.12: browsers decode the payload as if it were ASCII. */
static void id_token_is_ascii_and_its_header_free_of_url_letters(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    struct str rest = str_from(answer_text(&a, "id_token")), header = STR_NONE, payload = STR_NONE,
               bytes;
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
    assert_string_equal(claim_text(refresh, "aud"), APP_CONF "@cxone");
    assert_string_equal(claim_text(refresh, "id"), USER);
    assert_true(strlen(claim_text(refresh, "sessionId")) > 0);
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
    assert_string_equal(claim_text(claims, "sub"), "client:" APP_POST);
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
