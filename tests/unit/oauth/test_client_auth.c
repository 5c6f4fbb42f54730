/* SPDX-License-Identifier: Apache-2.0 */
/* Client authentication by secret (RFC 6749 2.3.1, PROTOCOL 4, 12.3). */
#include "harness.h"

#include <string.h>

#define CLIENT  "grant_type=client_credentials"
#define ENCODED "q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fGe%2B%2F%2541"

static struct answer with(struct house *h, const char *authorization, const char *body) {
    return ASK(h, .handle = token_post, .authorization = authorization, .body = body);
}

static void basic_takes_the_secret_raw_and_encoded(void **state) {
    struct house *h = *state;
    struct answer a = with(h, basic(&h->cx, APP_BASIC, SECRET), CLIENT);
    assert_ok(&a);
    a = with(h, basic(&h->cx, APP_BASIC, ENCODED), CLIENT);
    assert_ok(&a);
    a = with(h, format(&h->cx, "bAsIc %s", basic(&h->cx, APP_BASIC, SECRET) + 6), CLIENT);
    assert_ok(&a);
    a = with(h, basic(&h->cx, "b0000000%2D0000-4000-8000-000000000001", SECRET), CLIENT);
    assert_ok(&a);
}

static void wrong_secrets_are_refused(void **state) {
    struct house *h = *state;
    static const char *const secrets[] = {"", "x", "q7Rw-xK2m", SECRET "x", ENCODED "x", "%zz"};
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        struct answer a = with(h, basic(&h->cx, APP_BASIC, secrets[i]), CLIENT);
        assert_error(&a, 401, "invalid_client");
        a = with(h, NULL,
                 format(&h->cx, CLIENT "&client_id=" APP_POST "&client_secret=%s", secrets[i]));
        assert_error(&a, 401, "invalid_client");
    }
}

static void failed_basic_is_challenged(void **state) {
    struct house *h = *state;
    struct answer a = with(h, basic(&h->cx, APP_BASIC, "x"), CLIENT);
    /* RFC 6749 5.2: 401 with the scheme that the client used. */
    assert_memory_equal(answer_header(&a, "WWW-Authenticate", h->arena), "Basic", 5);
}

static void empty_authorization_counts_as_none(void **state) {
    struct house *h = *state;
    struct answer a = with(h, "", CLIENT AS(APP_POST));
    assert_ok(&a);
    a = with(h, "Basic", CLIENT AS(APP_POST));
    assert_in_range(a.status, 200, 401);
}

static void param_pollution_the_same_credentials_twice_are_one(void **state) {
    struct house *h = *state;
    struct answer a = with(h, basic(&h->cx, APP_BASIC, SECRET), CLIENT AS(APP_BASIC));
    assert_ok(&a);
    a = with(h, basic(&h->cx, APP_BASIC, ENCODED), CLIENT AS(APP_BASIC));
    assert_ok(&a);
    a = with(h, basic(&h->cx, APP_POST, SECRET), CLIENT AS(APP_POST));
    assert_ok(&a);
    a = with(h, basic(&h->cx, APP_BASIC, SECRET), CLIENT "&client_id=" APP_BASIC);
    assert_ok(&a);
}

static void param_pollution_different_credentials_are_refused(void **state) {
    struct house *h = *state;
    struct answer a = with(h, basic(&h->cx, APP_BASIC, SECRET), CLIENT AS(APP_POST));
    assert_error(&a, 401, "invalid_client");
    a = with(h, basic(&h->cx, APP_BASIC, SECRET),
             CLIENT "&client_id=" APP_BASIC "&client_secret=other");
    assert_error(&a, 401, "invalid_client");
    a = with(h, basic(&h->cx, APP_BASIC, "other"), CLIENT AS(APP_BASIC));
    assert_error(&a, 401, "invalid_client");
    a = with(h, basic(&h->cx, APP_BASIC, SECRET),
             CLIENT "&client_assertion=a.b.c&client_assertion_type="
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_error(&a, 401, "invalid_client");
}

static void another_method_is_refused_and_the_registered_one_named(void **state) {
    struct house *h = *state;
    struct answer a = with(h, NULL, CLIENT AS(APP_BASIC));
    assert_error(&a, 401, "invalid_client");
    assert_true(contains(a.body, "client_secret_basic"));
    a = with(h, basic(&h->cx, APP_POST, SECRET), CLIENT);
    assert_error(&a, 401, "invalid_client");
    assert_true(contains(a.body, "client_secret_post"));
    a = with(h, NULL, CLIENT "&client_id=" APP_POST);
    assert_error(&a, 401, "invalid_client");
    assert_true(contains(a.body, "client_secret_post"));
    a = with(h, NULL, CLIENT AS(APP_JWT));
    assert_error(&a, 401, "invalid_client");
    assert_true(contains(a.body, "client_secret_jwt"));
    a = with(h, NULL, "grant_type=refresh_token&refresh_token=x" AS(APP_PUBLIC));
    assert_error(&a, 401, "invalid_client");
    assert_true(contains(a.body, "registered for none"));
}

static void enumeration_unknown_client_and_wrong_secret_read_the_same(void **state) {
    struct house *h = *state;
    struct answer unknown =
        with(h, basic(&h->cx, "b1111111-0000-4000-8000-000000000001", SECRET), CLIENT);
    struct answer wrong = with(h, basic(&h->cx, APP_BASIC, "wrong"), CLIENT);
    assert_error(&unknown, 401, "invalid_client");
    assert_true(str_eq(unknown.body, wrong.body));
}

static void dead_means_dead_for_applications(void **state) {
    struct house *h = *state;
    struct answer a = with(h, NULL, CLIENT AS(APP_OFF));
    assert_error(&a, 401, "invalid_client");
    a = with(h, NULL, CLIENT "&client_id=" APP_OFF "&client_secret=wrong");
    assert_error(&a, 401, "invalid_client");
    assert_false(contains(a.body, "disabled")); /* not before the right secret */
    house_sql(h, "UPDATE tenant SET is_enabled = 0 WHERE tenant_id = '" TENANT "'");
    a = with(h, NULL, CLIENT AS(APP_POST));
    assert_error(&a, 401, "invalid_client");
}

static void old_secret_is_good_for_its_grace(void **state) {
    struct house *h = *state;
    house_sql(h, "UPDATE application SET old_secret_digest = secret_digest, secret_digest = 'x', "
                 "old_secret_until = 1800000100 WHERE application_id = '" APP_POST "'");
    struct answer a = with(h, NULL, CLIENT AS(APP_POST));
    assert_ok(&a);
    house_later(h, 100);
    a = with(h, NULL, CLIENT AS(APP_POST));
    assert_error(&a, 401, "invalid_client");
}

static void constant_time_credentials_differ_in_every_place(void **state) {
    (void)state;
    assert_true(credential_equal(STR("abc"), STR("abc")));
    assert_false(credential_equal(STR("abc"), STR("abd")));
    assert_false(credential_equal(STR("abc"), STR("xbc")));
    assert_false(credential_equal(STR("abc"), STR("ab")));
    assert_false(credential_equal(STR("abc"), STR("abcd")));
    assert_false(credential_equal(STR("abc"), STR("")));
    assert_true(credential_equal(STR(""), STR("")));
}

static void hostile_ids_are_unknown_clients(void **state) {
    struct house *h = *state;
    static const char *const ids[] = {"' OR '1'='1",
                                      "../../etc",
                                      "%00",
                                      "a%00b",
                                      "\xff\xfe",
                                      "%ff",
                                      "b0000000-0000-4000-8000-000000000001 "};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct answer a = with(h, basic(&h->cx, ids[i], SECRET), CLIENT);
        assert_error(&a, 401, "invalid_client");
    }
}

static void table_lists_every_method(void **state) {
    (void)state;
    size_t n = 0;
    while (client_method_at(n) != NULL) {
        n++;
    }
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++) {
        assert_true(auth_method_known(str_from(client_method_at(i)->name)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(basic_takes_the_secret_raw_and_encoded),
        HOUSE_TEST(wrong_secrets_are_refused),
        HOUSE_TEST(failed_basic_is_challenged),
        HOUSE_TEST(empty_authorization_counts_as_none),
        HOUSE_TEST(param_pollution_the_same_credentials_twice_are_one),
        HOUSE_TEST(param_pollution_different_credentials_are_refused),
        HOUSE_TEST(another_method_is_refused_and_the_registered_one_named),
        HOUSE_TEST(enumeration_unknown_client_and_wrong_secret_read_the_same),
        HOUSE_TEST(dead_means_dead_for_applications),
        HOUSE_TEST(old_secret_is_good_for_its_grace),
        HOUSE_TEST(hostile_ids_are_unknown_clients),
        cmocka_unit_test(constant_time_credentials_differ_in_every_place),
        cmocka_unit_test(table_lists_every_method),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
