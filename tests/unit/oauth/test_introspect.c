/* SPDX-License-Identifier: Apache-2.0 */
/* Introspection (RFC 7662) and revocation (RFC 7009). */
#include "harness.h"

#include <string.h>

static struct answer with(struct house *h, handler *handle, const char *application,
                          const char *token) {
    return ASK(h, .handle = handle,
               .body = format(&h->cx, "token=%s&client_id=%s&client_secret=%s", token, application,
                              SECRET_FORM));
}

static void own_token_is_described(void **state) {
    struct house *h = *state;
    struct answer token = password_token(h);
    struct answer a = with(h, introspect_post, APP_CONF, answer_text(&token, "access_token"));
    assert_true(answer_active(&a));
    assert_string_equal(answer_text(&a, "client_id"), APP_CONF);
    assert_string_equal(answer_text(&a, "username"), "beowulf@example.com");
    assert_string_equal(answer_text(&a, "token_type"), "Bearer");
    assert_string_equal(answer_text(&a, "sub"), "user:" USER);
    assert_string_equal(answer_text(&a, "aud"), APP_CONF "@cxone");
    assert_string_equal(answer_text(&a, "iss"), ISSUER);
    assert_string_equal(answer_text(&a, "scope"), SCOPES);
    assert_string_equal(answer_text(&a, "tenantId"), TENANT);
    assert_int_equal(answer_number(&a, "exp"), NOW + 3600);
    assert_int_equal(answer_number(&a, "iat"), NOW);
    assert_true(is_active(h, APP_CONF, answer_text(&token, "refresh_token")));
    assert_false(is_active(h, APP_CONF, answer_text(&token, "id_token")));
}

static void dead_means_dead_a_scope_taken_from_the_application_is_not_told(void **state) {
    struct house *h = *state;
    struct answer token = password_token(h);
    house_sql(h, "UPDATE application SET scope = 'openid'");
    static const char *const kinds[] = {"access_token", "refresh_token"};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct answer a = with(h, introspect_post, APP_CONF, answer_text(&token, kinds[i]));
        assert_true(answer_active(&a));
        assert_string_equal(answer_text(&a, "scope"), "openid");
    }
    house_sql(h, "UPDATE application SET scope = '" SCOPES "'");
}

static void used_refresh_token_is_inactive(void **state) {
    struct house *h = *state;
    struct answer token = password_token(h);
    struct answer next = refresh_post(&h->cx, APP_CONF, answer_text(&token, "refresh_token"));
    assert_false(is_active(h, APP_CONF, answer_text(&token, "refresh_token")));
    assert_true(is_active(h, APP_CONF, answer_text(&next, "refresh_token")));
    assert_true(is_active(h, APP_CONF, answer_text(&token, "access_token")));
}

static void back_end_sees_its_tenant_and_no_other(void **state) {
    struct house *h = *state;
    struct answer ours = password_token(h);
    assert_true(is_active(h, APP_POST, answer_text(&ours, "access_token")));
    struct answer theirs =
        ASK(h, .handle = token_post,
            .body = "grant_type=client_credentials" AS(APP_POST) "&tenantId=" TENANT_TWO);
    assert_ok(&theirs);
    assert_true(is_active(h, APP_POST, answer_text(&theirs, "access_token")));
    assert_false(is_active(h, APP_ALL, answer_text(&theirs, "access_token")));
    struct answer client = client_token(h);
    assert_false(is_active(h, APP_CONF, answer_text(&client, "access_token")));
}

static void audience_foreign_and_broken_tokens_are_inactive(void **state) {
    struct house *h = *state;
    struct answer gov = ASK(h, .handle = token_post, .host = HOST_GOV,
                            .body = "grant_type=client_credentials" AS(APP_GOV));
    assert_ok(&gov);
    assert_false(is_active(h, APP_POST, answer_text(&gov, "access_token")));
    assert_false(is_active(h, APP_POST, "nonsense"));
    struct answer token = password_token(h);
    house_later(h, 3600);
    assert_false(is_active(h, APP_CONF, answer_text(&token, "access_token")));
}

static void introspection_needs_authentication(void **state) {
    struct house *h = *state;
    struct answer a = ASK(h, .handle = introspect_post, .body = "token=x");
    assert_error(&a, 401, "invalid_client");
    a = ASK(h, .handle = introspect_post, .body = "token=x&client_id=" APP_PUBLIC);
    assert_error(&a, 401, "invalid_client");
    a = ASK(h, .handle = introspect_post,
            .body = "token=x&client_id=" APP_POST "&client_secret=wrong");
    assert_error(&a, 401, "invalid_client");
    a = ASK(h, .handle = introspect_post,
            .body = "client_id=" APP_POST "&client_secret=" SECRET_FORM);
    assert_error(&a, 400, "invalid_request");
    a = ASK(h, .handle = introspect_post, .query = "token=x",
            .body = "client_id=" APP_POST "&client_secret=" SECRET_FORM);
    assert_error(&a, 400, "invalid_request");
}

static void dead_means_dead_in_introspection(void **state) {
    struct house *h = *state;
    struct answer token = password_token(h);
    house_sql(h, "UPDATE employee SET status = 'BLOCKED' WHERE employee_id = '" USER "'");
    assert_false(is_active(h, APP_CONF, answer_text(&token, "access_token")));
    assert_false(is_active(h, APP_CONF, answer_text(&token, "refresh_token")));
}

/* ---- revocation ---- */

static void revoking_either_token_ends_the_session(void **state) {
    struct house *h = *state;
    static const char *const members[] = {"access_token", "refresh_token"};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        struct answer token = password_token(h);
        struct answer a = with(h, revoke_post, APP_CONF, answer_text(&token, members[i]));
        assert_ok(&a);
        assert_false(is_active(h, APP_CONF, answer_text(&token, "access_token")));
        a = refresh_post(&h->cx, APP_CONF, answer_text(&token, "refresh_token"));
        assert_error(&a, 400, "invalid_grant");
        a = with(h, revoke_post, APP_CONF, answer_text(&token, members[i]));
        assert_ok(&a);
    }
    assert_true(house_number(h, "SELECT count(*) FROM audit WHERE action = 'session.revoke'") >= 2);
}

static void unknown_tokens_are_revoked_without_an_error(void **state) {
    struct house *h = *state;
    struct answer a = with(h, revoke_post, APP_CONF, "nonsense");
    assert_ok(&a);
    struct answer token = password_token(h);
    house_later(h, 3600);
    a = with(h, revoke_post, APP_CONF, answer_text(&token, "access_token"));
    assert_ok(&a);
}

static void tokens_of_others_are_not_revoked(void **state) {
    struct house *h = *state;
    struct answer token = password_token(h);
    struct answer a = with(h, revoke_post, APP_POST, answer_text(&token, "access_token"));
    assert_error(&a, 400, "invalid_grant");
    a = ASK(h, .handle = revoke_post,
            .body = format(&h->cx, "token=%s&client_id=" APP_PUBLIC,
                           answer_text(&token, "access_token")));
    assert_error(&a, 400, "invalid_grant");
    a = ASK(h, .handle = revoke_post,
            .body = format(&h->cx, "token=%s", answer_text(&token, "access_token")));
    assert_error(&a, 401, "invalid_client");
    assert_true(is_active(h, APP_CONF, answer_text(&token, "access_token")));
    a = with(h, revoke_post, APP_CONF, answer_text(&token, "id_token"));
    assert_error(&a, 400, "unsupported_token_type");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(own_token_is_described),
        HOUSE_TEST(dead_means_dead_a_scope_taken_from_the_application_is_not_told),
        HOUSE_TEST(used_refresh_token_is_inactive),
        HOUSE_TEST(back_end_sees_its_tenant_and_no_other),
        HOUSE_TEST(audience_foreign_and_broken_tokens_are_inactive),
        HOUSE_TEST(introspection_needs_authentication),
        HOUSE_TEST(dead_means_dead_in_introspection),
        HOUSE_TEST(revoking_either_token_ends_the_session),
        HOUSE_TEST(unknown_tokens_are_revoked_without_an_error),
        HOUSE_TEST(tokens_of_others_are_not_revoked),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
