/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: only those that follow from the issuer and the tenant's area; a document that lies
 * gets no token. */
#include "call_fixture.h"

#define ISSUER "https://cxone.example"
#define OPENID "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER "/auth/token\"}"
#define TENANT(api, auth)                                                                          \
    "{\"area\":\"na1\",\"cluster\":\"B32\",\"domain\":\"nice.example\",\"acdDomain\":"             \
    "\"acd.example\",\"uhDomain\":\"uh.example\",\"api_endpoint\":\"" api                          \
    "\",\"auth_endpoint\":\"" auth "\",\"ui_endpoint\":\"" auth "\",\"tenantId\":\"" TENANT_ID     \
    "\"}"

static int discovery_setup(void **state) {
    (void)call_setup(state);
    struct call_fixture *f = *state;
    set(f, "issuer", ISSUER);
    set(f, "tenant_id", TENANT_ID);
    return 0;
}
#define DISCOVERY_TEST(name) cmocka_unit_test_setup_teardown(name, discovery_setup, call_teardown)

static void the_issuer_is_the_one_asked(void **state) {
    struct call_fixture *f = *state;
    struct endpoints ep;
    know(f, OPENID, NULL);
    assert_int_equal(discovery_get(f->k, POSTERN_CACHED, &ep), OK);
    assert_str(ep.token_endpoint, ISSUER "/auth/token");
    know(f, "{\"issuer\":\"https://evil.example\",\"token_endpoint\":\"https://evil.example/t\"}",
         NULL);
    assert_int_equal(discovery_get(f->k, POSTERN_CACHED, &ep), ERR_CLIENT_ISSUER);
    assert_says(f, "https://evil.example");
    know(f, "{\"token_endpoint\":\"https://evil.example/t\"}", NULL);
    assert_int_equal(discovery_get(f->k, POSTERN_CACHED, &ep), ERR_CLIENT_DISCOVERY);
}

static void secrets_do_not_go_out_unencrypted(void **state) {
    struct call_fixture *f = *state;
    struct endpoints ep;
    know(f, "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"http://cxone.example/auth/token\"}",
         NULL);
    assert_int_equal(discovery_get(f->k, POSTERN_CACHED, &ep), ERR_CLIENT_DISCOVERY);
    assert_says(f, "no https address");
    know(f, "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"http://127.0.0.1:1/auth/token\"}",
         NULL);
    assert_int_equal(discovery_get(f->k, POSTERN_CACHED, &ep), ERR_CLIENT_DISCOVERY);
    know(f, "{\"issuer\":\"" ISSUER "\"}", NULL);
    assert_int_equal(discovery_get(f->k, POSTERN_CACHED, &ep), ERR_CLIENT_DISCOVERY);
    assert_says(f, "token_endpoint");
}

static void the_tenants_addresses_follow_from_its_area(void **state) {
    struct call_fixture *f = *state;
    struct tenant t;
    know(f, OPENID, TENANT("https://api-na1.nice.example", "https://na1.uh.example"));
    assert_int_equal(tenant_get(f->k, POSTERN_CACHED, &t), OK);
    assert_str(t.api_endpoint, "https://api-na1.nice.example");
    assert_str(t.acd_endpoint, "https://api-B32.acd.example");
    assert_str(t.auth_endpoint, "https://na1.uh.example");
    know(f, OPENID, TENANT(ISSUER, ISSUER));
    assert_int_equal(tenant_get(f->k, POSTERN_CACHED, &t), OK);
    assert_str(t.acd_endpoint, ISSUER);
}

static void a_lying_document_gets_no_token(void **state) {
    struct call_fixture *f = *state;
    struct tenant t;
    const char *const documents[] = {
        TENANT("https://evil.example", "https://na1.uh.example"),
        TENANT("https://api-na1.nice.example.evil.example", "https://na1.uh.example"),
        TENANT("https://api-na1.nice.example:444", "https://na1.uh.example"),
        TENANT("http://api-na1.nice.example", "https://na1.uh.example"),
        TENANT("https://api-na1.nice.example@evil.example", "https://na1.uh.example"),
        TENANT("https://api-na1.nice.example", "https://evil.example"),
        "{\"api_endpoint\":\"https://evil.example\",\"tenantId\":\"" TENANT_ID "\"}",
        "{\"area\":\"na1\",\"cluster\":\"x@127.0.0.1:1/"
        "\",\"domain\":\"nice.example\",\"acdDomain\":\"q\","
        "\"uhDomain\":\"uh.example\",\"api_endpoint\":\"https://"
        "api-na1.nice.example\",\"auth_endpoint\":"
        "\"https://na1.uh.example\",\"ui_endpoint\":\"https://"
        "na1.uh.example\",\"tenantId\":\"" TENANT_ID "\"}",
        "{\"tenantId\":\"" TENANT_ID "\"}",
        "{}",
        "{\"tenantId\":7}",
    };
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        know(f, OPENID, documents[i]);
        if (tenant_get(f->k, POSTERN_CACHED, &t) != ERR_CLIENT_DISCOVERY) {
            fail_msg("%s was believed", documents[i]);
        }
    }
}

static void idor_a_document_of_another_tenant_is_refused(void **state) {
    struct call_fixture *f = *state;
    struct tenant t;
    set(f, "tenant_id", "11eb0358-724b-3970-97e5-0242ac110004");
    know(f, OPENID, TENANT("https://api-na1.nice.example", "https://na1.uh.example"));
    assert_int_equal(tenant_get(f->k, POSTERN_CACHED, &t), ERR_CLIENT_DISCOVERY);
    assert_says(f, "Asked for tenant");
}

static void settings_may_say_the_address_instead(void **state) {
    struct call_fixture *f = *state;
    struct tenant t;
    set(f, "api_endpoint", "https://api.elsewhere.example");
    assert_int_equal(tenant_get(f->k, POSTERN_CACHED, &t), OK);
    assert_str(t.api_endpoint, "https://api.elsewhere.example");
    assert_str(t.auth_endpoint, ISSUER);
}

static void base_url_alone_discovers_nothing(void **state) {
    struct call_fixture *f = *state;
    struct endpoints ep;
    struct tenant t;
    set(f, "issuer", "");
    assert_int_equal(discovery_get(f->k, 0, &ep), ERR_CLIENT_USAGE);
    assert_says(f, "No issuer is set");
    set(f, "base_url", "https://api.cxone.example/");
    assert_int_equal(discovery_get(f->k, 0, &ep), OK);
    assert_str(ep.token_endpoint, "https://api.cxone.example/api/v2/oauth/token");
    assert_int_equal(tenant_get(f->k, 0, &t), OK);
    assert_str(t.api_endpoint, "https://api.cxone.example/");
}

static void documents_live_as_long_as_they_say_within_bounds(void **state) {
    (void)state;
    assert_int_equal(document_good_for(STR_NONE), 3600);
    assert_int_equal(document_good_for(STR("public, max-age=600")), 600);
    assert_int_equal(document_good_for(STR("max-age=1")), 60);
    assert_int_equal(document_good_for(STR("max-age=99999999")), 86400);
    assert_int_equal(document_good_for(STR("max-age=9999999999999999999999")), 3600);
    assert_int_equal(document_good_for(STR("No-Store")), 60);
}

static void nothing_cached_is_said_and_not_asked(void **state) {
    struct call_fixture *f = *state;
    struct endpoints ep;
    assert_int_equal(discovery_get(f->k, POSTERN_CACHED, &ep), ERR_CLIENT_NO_TOKEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DISCOVERY_TEST(the_issuer_is_the_one_asked),
        DISCOVERY_TEST(secrets_do_not_go_out_unencrypted),
        DISCOVERY_TEST(the_tenants_addresses_follow_from_its_area),
        DISCOVERY_TEST(a_lying_document_gets_no_token),
        DISCOVERY_TEST(idor_a_document_of_another_tenant_is_refused),
        DISCOVERY_TEST(settings_may_say_the_address_instead),
        DISCOVERY_TEST(base_url_alone_discovers_nothing),
        DISCOVERY_TEST(documents_live_as_long_as_they_say_within_bounds),
        DISCOVERY_TEST(nothing_cached_is_said_and_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
