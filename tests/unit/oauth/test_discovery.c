/* SPDX-License-Identifier: Apache-2.0 */
/* The documents: discovery, key set, tenant discovery (PROTOCOL 3, 12.9, 12.12). */
#include "harness.h"

#include <string.h>

static struct answer get(struct house *h, handler *handle, const char *host, const char *query) {
    return ASK(h, .handle = handle, .method = HTTP_GET, .host = host, .query = query);
}

static bool lists(const struct answer *a, const char *member, const char *value) {
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(a->json, member), i, item) {
        if (strcmp(json_string_value(item), value) == 0) {
            return true;
        }
    }
    return false;
}

static void discovery_has_the_members_of_the_sample_that_work(void **state) {
    struct house *h = *state;
    struct answer a = get(h, discovery_get, NULL, NULL);
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "issuer"), ISSUER);
    assert_string_equal(answer_text(&a, "token_endpoint"), ISSUER "/auth/token");
    assert_string_equal(answer_text(&a, "userinfo_endpoint"), ISSUER "/auth/userinfo");
    assert_string_equal(answer_text(&a, "jwks_uri"), ISSUER "/auth/jwks");
    assert_string_equal(answer_text(&a, "introspection_endpoint"), ISSUER "/auth/introspect");
    assert_string_equal(answer_text(&a, "revocation_endpoint"), ISSUER "/auth/revoke");
    assert_string_equal(answer_text(&a, "device_authorization_endpoint"),
                        ISSUER "/auth/device_authorization");
    assert_true(lists(&a, "subject_types_supported", "public"));
    assert_true(lists(&a, "claim_types_supported", "normal"));
    assert_true(lists(&a, "id_token_signing_alg_values_supported", "RS256"));
    assert_true(lists(&a, "scopes_supported", "openid"));
    assert_true(json_is_array(json_object_get(a.json, "response_types_supported")));
    assert_true(json_is_false(json_object_get(a.json, "request_uri_parameter_supported")));
    assert_true(json_is_false(json_object_get(a.json, "request_parameter_supported")));
}

static void discovery_lists_the_tables_and_nothing_else(void **state) {
    struct house *h = *state;
    struct answer a = get(h, discovery_get, NULL, NULL);
    size_t methods = 0, grants = 0;
    for (; client_method_at(methods) != NULL; methods++) {
        assert_true(
            lists(&a, "token_endpoint_auth_methods_supported", client_method_at(methods)->name));
    }
    for (; grant_at(grants) != NULL; grants++) {
        assert_true(lists(&a, "grant_types_supported", grant_at(grants)->name));
    }
    assert_int_equal(
        json_array_size(json_object_get(a.json, "token_endpoint_auth_methods_supported")), methods);
    assert_int_equal(json_array_size(json_object_get(a.json, "grant_types_supported")), grants);
    assert_false(lists(&a, "id_token_signing_alg_values_supported", "HS256"));
    static const char *const later[] = {
        "registration_endpoint", "pushed_authorization_request_endpoint", "check_session_iframe"};
    for (size_t i = 0; i < COUNT_OF(later); i++) {
        assert_null(json_object_get(a.json, later[i]));
    }
}

static void discovery_says_how_people_sign_in(void **state) {
    struct house *h = *state;
    struct answer a = get(h, discovery_get, NULL, NULL);
    static const struct {
        const char *member, *value;
    } lists_of[] = {{"response_modes_supported", "query"},
                    {"response_modes_supported", "fragment"},
                    {"response_modes_supported", "form_post"},
                    {"code_challenge_methods_supported", "S256"},
                    {"display_values_supported", "page"},
                    {"display_values_supported", "popup"},
                    {"prompt_values_supported", "none"},
                    {"prompt_values_supported", "select_account"},
                    {"acr_values_supported", "1"},
                    {"acr_values_supported", "2"},
                    {"claims_supported", "nonce"},
                    {"claims_supported", "preferred_username"},
                    {"claims_supported", "email"},
                    {"scopes_supported", "profile"},
                    {"scopes_supported", "offline_access"},
                    {"ui_locales_supported", "ja"},
                    {"grant_types_supported", "authorization_code"}};
    assert_string_equal(answer_text(&a, "authorization_endpoint"), ISSUER "/auth/authorize");
    assert_string_equal(answer_text(&a, "end_session_endpoint"), ISSUER "/auth/authorize/logout");
    for (size_t i = 0; i < COUNT_OF(lists_of); i++) {
        assert_true(lists(&a, lists_of[i].member, lists_of[i].value));
    }
    for (size_t i = 0; response_type_at(i) != NULL; i++) {
        assert_true(lists(&a, "response_types_supported", response_type_at(i)));
        assert_int_not_equal(response_type_parse(str_from(response_type_at(i))), 0);
    }
    assert_true(lists(&a, "response_types_supported", "code id_token token"));
    assert_false(lists(&a, "code_challenge_methods_supported", "plain"));
    /* What is refused, or not known of an employee, is not listed. */
    assert_null(json_object_get(a.json, "request_object_signing_alg_values_supported"));
    assert_false(lists(&a, "scopes_supported", "address"));
    assert_false(lists(&a, "claims_supported", "address"));
    assert_true(
        json_is_true(json_object_get(a.json, "authorization_response_iss_parameter_supported")));
    assert_true(json_is_true(json_object_get(a.json, "claims_parameter_supported")));
}

static void environments_have_documents_of_their_own(void **state) {
    struct house *h = *state;
    struct answer a = get(h, discovery_get, HOST_GOV, NULL);
    assert_string_equal(answer_text(&a, "issuer"), "https://" HOST_GOV);
    struct answer ours = get(h, jwks_get, HOST, NULL), theirs = get(h, jwks_get, HOST_GOV, NULL);
    assert_false(str_eq(ours.body, theirs.body));
}

static void documents_are_cached_and_revalidated(void **state) {
    struct house *h = *state;
    static handler *const handlers[] = {discovery_get, jwks_get};
    for (size_t i = 0; i < COUNT_OF(handlers); i++) {
        struct answer a = get(h, handlers[i], NULL, NULL);
        assert_ok(&a);
        assert_true(a.reply->cacheable);
        assert_string_equal(answer_header(&a, "Cache-Control", h->arena), "public, max-age=300");
        const char *etag = answer_header(&a, "ETag", h->arena);
        assert_true(strlen(etag) > 10);
        const char *const same[] = {etag, "*", format(&h->cx, "W/%s", etag),
                                    format(&h->cx, "\"x\", %s", etag)};
        for (size_t k = 0; k < COUNT_OF(same); k++) {
            a = ASK(h, .handle = handlers[i], .method = HTTP_GET, .if_none_match = same[k]);
            assert_int_equal(a.status, 304);
            assert_int_equal(a.body.n, 0);
            assert_string_equal(answer_header(&a, "ETag", h->arena), etag);
        }
        a = ASK(h, .handle = handlers[i], .method = HTTP_GET, .if_none_match = "\"other\"");
        assert_int_equal(a.status, 200);
    }
}

static void key_set_has_the_active_and_the_next_keys(void **state) {
    struct house *h = *state;
    struct answer a = get(h, jwks_get, NULL, NULL);
    assert_ok(&a);
    json_t *keys = json_object_get(a.json, "keys"), *key;
    assert_int_equal(json_array_size(keys), 1 + SIGNING_KEYS_FUTURE);
    size_t i;
    json_array_foreach(keys, i, key) {
        assert_string_equal(json_string_value(json_object_get(key, "kty")), "RSA");
        assert_string_equal(json_string_value(json_object_get(key, "use")), "sig");
        assert_string_equal(json_string_value(json_object_get(key, "alg")), "RS256");
        assert_non_null(json_object_get(key, "n"));
        assert_null(json_object_get(key, "d"));
        assert_null(json_object_get(key, "p"));
    }
}

/* ---- tenants ---- */

static void tenant_document_is_the_samples(void **state) {
    struct house *h = *state;
    struct answer a = get(h, tenant_discovery_get, NULL, "tenantId=" TENANT);
    assert_ok(&a);
    assert_true(json_is_false(json_object_get(a.json, "private")));
    assert_string_equal(answer_text(&a, "area"), "na1");
    assert_string_equal(answer_text(&a, "cluster"), "B32");
    assert_string_equal(answer_text(&a, "domain"), "niceincontact.com");
    assert_string_equal(answer_text(&a, "acdDomain"), "nice-incontact.com");
    assert_string_equal(answer_text(&a, "uhDomain"), "nice-incontact.com");
    assert_string_equal(answer_text(&a, "ui_endpoint"), "https://na1.nice-incontact.com");
    assert_string_equal(answer_text(&a, "auth_endpoint"), "https://na1.nice-incontact.com");
    assert_string_equal(answer_text(&a, "api_endpoint"), "https://api-na1.niceincontact.com");
    assert_string_equal(answer_text(&a, "tenantId"), TENANT);
    a = get(h, tenant_discovery_get, NULL, "tenantId=11EB0358-724B-3970-97E5-0242AC110003");
    assert_ok(&a);
}

static void tenant_document_mistakes(void **state) {
    struct house *h = *state;
    struct answer a = get(h, tenant_discovery_get, NULL, NULL);
    assert_error(&a, 400, "invalid_request");
    a = get(h, tenant_discovery_get, NULL, "tenantId=");
    assert_error(&a, 400, "invalid_request");
    a = get(h, tenant_discovery_get, NULL, "tenantId=classics");
    assert_error(&a, 400, "invalid_request");
    a = get(h, tenant_discovery_get, NULL, "tenantId=" TENANT "&tenantId=" TENANT);
    assert_error(&a, 400, "invalid_request");
    a = get(h, tenant_discovery_get, NULL, "tenantId=99eb0358-724b-3970-97e5-0242ac110003");
    assert_error(&a, 404, "not_found");
    a = get(h, tenant_discovery_get, NULL, "tenantId=" TENANT_GOV);
    assert_error(&a, 404, "not_found");
    house_sql(h, "UPDATE tenant SET is_enabled = 0 WHERE tenant_id = '" TENANT "'");
    a = get(h, tenant_discovery_get, NULL, "tenantId=" TENANT);
    assert_error(&a, 404, "not_found");
}

static void regional_host_answers_for_its_area(void **state) {
    struct house *h = *state;
    struct answer a = get(h, tenant_discovery_get, "na1.nice-incontact.com", NULL);
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "area"), "na1");
    assert_string_equal(answer_text(&a, "api_endpoint"), "https://api-na1.niceincontact.com");
    assert_null(json_object_get(a.json, "tenantId"));
    a = get(h, tenant_discovery_get, "na1.nice-incontact.com", "tenantId=" TENANT_TWO);
    assert_string_equal(answer_text(&a, "area"), "eu1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(discovery_has_the_members_of_the_sample_that_work),
        HOUSE_TEST(discovery_lists_the_tables_and_nothing_else),
        HOUSE_TEST(discovery_says_how_people_sign_in),
        HOUSE_TEST(environments_have_documents_of_their_own),
        HOUSE_TEST(documents_are_cached_and_revalidated),
        HOUSE_TEST(key_set_has_the_active_and_the_next_keys),
        HOUSE_TEST(tenant_document_is_the_samples),
        HOUSE_TEST(tenant_document_mistakes),
        HOUSE_TEST(regional_host_answers_for_its_area),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
