/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "declare.h"

#define KEY "UJZDEGXDNCF32EPF3DHODZDOCIS2JHTLGMXGEDN73U55XTPLPFYA===="

#define OK_(c, text)  assert_null(c(&f->cx, STR(text)))
#define BAD_(c, text) assert_non_null(c(&f->cx, STR(text)))

static void identifiers_and_labels(void **state) {
    struct fixture *f = *state;
    OK_(declare_identifier_check, "doc_team_uh_classics92082429");
    OK_(declare_identifier_check, "B32");
    BAD_(declare_identifier_check, "");
    BAD_(declare_identifier_check, "-x");
    BAD_(declare_identifier_check, "a b");
    BAD_(declare_identifier_check, "a/b");
    BAD_(declare_identifier_check, "a'; DROP TABLE tenant; --");
    BAD_(declare_identifier_check,
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    OK_(declare_label_check, "Basic Back End");
    BAD_(declare_label_check, "");
    BAD_(declare_label_check, " x");
    BAD_(declare_label_check, "x ");
    OK_(declare_vendor_check, "acme");
    BAD_(declare_vendor_check, "a@b");
    BAD_(declare_vendor_check, "a:b");
}

static void names_of_people(void **state) {
    struct fixture *f = *state;
    OK_(declare_employee_name_check, "Beo\xc3\xbclf O'Herot-Smith");
    OK_(declare_employee_name_check, "");
    static const char *const refused[] = {"a!", "a/", "a<", "a>", "a?", "a%", "a\"", "a\\", "a{",
                                          "a}", "a[", "a]", "a|", "a^", "a~", "a*",  "a=",  "a;",
                                          "a:", "a@", "a#", "a$", "a&", "a(", "a)",  "a\n"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_non_null(declare_employee_name_check(&f->cx, str_from(refused[i])));
    }
    OK_(declare_user_name_check, "ada@classics.example");
    BAD_(declare_user_name_check, "ada");
}

static void numbers(void **state) {
    struct fixture *f = *state;
    OK_(declare_positive_check, "1");
    OK_(declare_positive_check, "9007199254740991");
    BAD_(declare_positive_check, "9007199254740992");
    BAD_(declare_positive_check, "0");
    BAD_(declare_positive_check, "-1");
    OK_(declare_seconds_check, "0");
    BAD_(declare_seconds_check, "-1");
    BAD_(declare_seconds_check, "999999999999");
}

static void closed_lists(void **state) {
    struct fixture *f = *state;
    OK_(declare_permission_check, "*");
    OK_(declare_permission_check, "access-key.view");
    assert_non_null(strstr(declare_permission_check(&f->cx, STR("access-key.veiw")),
                           "Did you mean \"access-key.view\"?"));
    assert_non_null(
        strstr(declare_scope_check(&f->cx, STR("open-id")), "Did you mean \"openid\"?"));
    assert_null(strstr(declare_scope_check(&f->cx, STR("something else")), "Did you mean"));
    OK_(declare_application_type_check, "public");
    BAD_(declare_application_type_check, "spa");
    OK_(declare_tenancy_check, "all");
    BAD_(declare_tenancy_check, "multi");
    OK_(declare_auth_method_check, "none");
    BAD_(declare_auth_method_check, "basic");
    OK_(declare_token_alg_check, "EdDSA");
    BAD_(declare_token_alg_check, "HS256");
    BAD_(declare_token_alg_check, "none");
    OK_(declare_employee_type_check, "api");
    BAD_(declare_employee_type_check, "robot");
    OK_(declare_status_check, "BLOCKED");
    BAD_(declare_status_check, "Active");
}

static void defaults_guessable_secrets_are_refused(void **state) {
    struct fixture *f = *state;
    OK_(declare_access_key_secret_check, KEY);
    OK_(declare_access_key_id_check, KEY);
    BAD_(declare_access_key_id_check, "");
    BAD_(declare_access_key_id_check, "UJZDEGXDNCF32EPF3DHODZDOCIS2JHTLGMXGEDN73U55XTPLPFYAA===");
    BAD_(declare_access_key_id_check, "ujZDEGXDNCF32EPF3DHODZDOCIS2JHTLGMXGEDN73U55XTPLPFYA====");
    BAD_(declare_access_key_id_check, "1JZDEGXDNCF32EPF3DHODZDOCIS2JHTLGMXGEDN73U55XTPLPFYA====");
    BAD_(declare_access_key_id_check, KEY " ");
    BAD_(declare_access_key_secret_check,
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA====");
    BAD_(declare_access_key_secret_check,
         "EXAMPLEXDNCF32EPF3DHODZDOCIS2JHTLGMXGEDN73U55XTPLPFY====");
    OK_(declare_client_secret_check, "q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fG");
    BAD_(declare_client_secret_check, "q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6f");
    BAD_(declare_client_secret_check, "0000000000000000000000000000000000000000");
    BAD_(declare_client_secret_check, "abababababababababababababababababababab");
    BAD_(declare_client_secret_check, "ChangeMe-q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fG");
    BAD_(declare_client_secret_check, "my-secret-q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fG");
    BAD_(declare_client_secret_check, "q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fGx ");
    BAD_(declare_client_secret_check, "q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fG\xc3\xa9");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(identifiers_and_labels),
        TEST(names_of_people),
        TEST(numbers),
        TEST(closed_lists),
        TEST(defaults_guessable_secrets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
