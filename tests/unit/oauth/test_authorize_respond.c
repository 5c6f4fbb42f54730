/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the authorization endpoint: what they carry, how, and what the tokens say (OpenID
 * Connect Core 3.1.2.5, 3.2.2.5, 3.3.2.5; RFC 9207; Form Post Response Mode). */
#include "harness.h"

#include <string.h>

#define REQUEST "client_id=" APP_CONF "&scope=openid&redirect_uri=" REDIRECT

static void all_types(struct house *h) {
    house_sql(h, "UPDATE application SET response_types = '[\"code\",\"id_token\",\"id_token "
                 "token\",\"token\",\"code id_token\",\"code token\",\"code id_token token\"]' "
                 "WHERE application_id = '" APP_CONF "'");
}

/* Core 3.1.3.6: the left half of SHA-256. */
static const char *half_hash(struct house *h, const char *of) {
    unsigned char digest[SHA256_SIZE];
    sha256(of, strlen(of), digest);
    return str_z(h->arena, base64url(h->arena, digest, SHA256_SIZE / 2));
}

static void mix_up_iss_and_state_are_in_every_answer(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    /* `state` byte for byte, whatever it has. */
    static const char sent[] = "%20a%20b%2Bc%26d%3De%23f%25g%22%5C%3C%C3%BC%F0%9F%9A%AA~.-_%2F%20";
    static const char expected[] = " a b+c&d=e#f%g\"\\<\xc3\xbc\xf0\x9f\x9a\xaa~.-_/ ";
    static const char *const requests[] = {"response_type=code", "response_type=id_token",
                                           "response_type=code+token", "response_type=none",
                                           "response_type=code&prompt=none+login"};
    all_types(h);
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct answer a =
            browser_get(h, &b, format(&h->cx, REQUEST "&nonce=n&state=%s&%s", sent, requests[i]));
        assert_int_equal(a.status, 303);
        assert_string_equal(location_param(h, &a, "state"), expected);
        assert_string_equal(location_param(h, &a, "iss"), ISSUER);
    }
    struct answer a = browser_get(h, &b, ASK_CONF);
    assert_false(contains(str_from(answer_header(&a, "Location", h->arena)), "state="));
}

static void query_of_the_address_is_kept(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a =
        browser_get(h, &b,
                    "client_id=" APP_CONF "&response_type=code&scope=openid&redirect_uri=https%3A%"
                    "2F%2Fconf.example.com%2Fcb%3Fa%3D1");
    assert_redirected(h, &a, REDIRECT "?a=1&code=", "");
    assert_string_equal(location_param(h, &a, "a"), "1");
}

static void response_types_give_what_they_name(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char *const types[] = {
        "code",       "id_token",           "token", "id_token+token", "code+id_token",
        "code+token", "code+id_token+token"};
    all_types(h);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct answer a =
            browser_get(h, &b, format(&h->cx, REQUEST "&nonce=n&response_type=%s", types[i]));
        bool code = strstr(types[i], "code") != NULL, id = strstr(types[i], "id_token") != NULL;
        bool token = strcmp(types[i], "token") == 0 || strstr(types[i], "+token") != NULL;
        assert_redirected(h, &a, i == 0 ? REDIRECT "?" : REDIRECT "#", "");
        assert_int_equal(*location_param(h, &a, "code") != '\0', code);
        assert_int_equal(*location_param(h, &a, "id_token") != '\0', id);
        assert_int_equal(*location_param(h, &a, "access_token") != '\0', token);
        assert_string_equal(location_param(h, &a, "token_type"), token ? "Bearer" : "");
        assert_string_equal(location_param(h, &a, "expires_in"), token ? "3600" : "");
        assert_string_equal(location_param(h, &a, "refresh_token"), "");
    }
}

static void hybrid_id_token_binds_code_and_token(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    all_types(h);
    house_later(h, 30);
    struct answer a = browser_get(
        h, &b,
        REQUEST "&nonce=n-0S6_%C3%BC%22&response_type=code+id_token+token"
                "&claims=%7B%22id_token%22%3A%7B%22email%22%3A%7B%22essential%22%3Atrue%7D%7D%7D");
    json_t *claims = claims_of(&h->cx, location_param(h, &a, "id_token"));
    assert_string_equal(claim_text(claims, "nonce"), "n-0S6_\xc3\xbc\"");
    assert_string_equal(claim_text(claims, "c_hash"), half_hash(h, location_param(h, &a, "code")));
    assert_string_equal(claim_text(claims, "at_hash"),
                        half_hash(h, location_param(h, &a, "access_token")));
    assert_string_equal(claim_text(claims, "aud"), APP_CONF);
    assert_string_equal(claim_text(claims, "sub"), "user:" USER);
    assert_string_equal(claim_text(claims, "acr"), "1");
    assert_string_equal(json_string_value(json_array_get(json_object_get(claims, "amr"), 0)),
                        "pwd");
    assert_string_equal(claim_text(claims, "email"), "beowulf.mail@example.com");
    assert_int_equal(json_integer_value(json_object_get(claims, "auth_time")), NOW);
    assert_int_equal(json_integer_value(json_object_get(claims, "iat")), NOW + 30);
    /* The access token is good, and of a session that ends with the browser's. */
    struct token token;
    assert_int_equal(token_read(&h->cx, a.rq->environment,
                                str_from(location_param(h, &a, "access_token")), &token),
                     OK);
    struct session session;
    assert_int_equal(session_find(&h->cx, token.tenant_id, token.session_id, &session), OK);
    assert_true(str_eq(session.sso_session_id, b.sso->sso_session_id));
    assert_string_equal(claim_text(claims, "sid"), str_z(h->arena, token.session_id));
    /* And the code works. */
    struct answer tokens = redeem(h, APP_CONF, location_param(h, &a, "code"), "");
    assert_ok(&tokens);
    claims = claims_of(&h->cx, answer_text(&tokens, "id_token"));
    assert_string_equal(claim_text(claims, "nonce"), "n-0S6_\xc3\xbc\"");
    assert_string_equal(claim_text(claims, "email"), "beowulf.mail@example.com");
    assert_string_equal(claim_text(claims, "acr"), "1");
    assert_string_equal(claim_text(claims, "c_hash"), "");
}

/* OpenID Connect Core 5.4: without an access token the id token says what the scope asks for. */
static void scope_claims_are_in_an_id_token_that_comes_alone(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char query[] =
        "client_id=" APP_CONF "&redirect_uri=" REDIRECT
        "&nonce=n&scope=openid+profile+email+phone+address+offline_access&response_type=";
    all_types(h);
    house_sql(h, "UPDATE application SET scope = 'openid profile email phone offline_access'");
    house_sql(h, "UPDATE employee SET attributes = '{\"mobileNumber\":\"+4930123\"}'");
    struct answer a = browser_get(h, &b, format(&h->cx, "%sid_token", query));
    json_t *claims = claims_of(&h->cx, location_param(h, &a, "id_token"));
    assert_string_equal(claim_text(claims, "preferred_username"), "beowulf@example.com");
    assert_string_equal(claim_text(claims, "email"), "beowulf.mail@example.com");
    assert_true(json_is_false(json_object_get(claims, "email_verified")));
    assert_string_equal(claim_text(claims, "phone_number"), "+4930123");
    /* With one userinfo has them; without code nobody is offline. */
    a = browser_get(h, &b, format(&h->cx, "%sid_token+token", query));
    claims = claims_of(&h->cx, location_param(h, &a, "id_token"));
    assert_null(json_object_get(claims, "email"));
    assert_string_equal(location_param(h, &a, "scope"), "openid profile email phone");
}

static void scope_of_openid_that_is_not_registered_is_left_out(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    all_types(h);
    struct answer a = browser_get(h, &b,
                                  "client_id=" APP_CONF "&redirect_uri=" REDIRECT
                                  "&scope=openid+email+phone+address&response_type=token");
    assert_string_equal(location_param(h, &a, "scope"), "openid");
    /* A number of the user's is not told because somebody asks for the claim. */
    house_sql(h, "UPDATE employee SET attributes = '{\"mobileNumber\":\"+4930123\"}'");
    a = browser_get(h, &b,
                    REQUEST "&nonce=n&response_type=id_token&claims=%7B%22id_token%22%3A%7B%22"
                            "phone_number%22%3Anull%2C%22middle_name%22%3Anull%7D%7D");
    json_t *claims = claims_of(&h->cx, location_param(h, &a, "id_token"));
    assert_null(json_object_get(claims, "phone_number"));
    a = browser_get(h, &b,
                    "client_id=" APP_CONF "&response_type=code&scope=email&redirect_uri=" REDIRECT);
    assert_redirected(h, &a, REDIRECT, "invalid_scope");
}

/* ---- form_post ---- */

static void form_post_is_a_form(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a = browser_get(h, &b, ASK_CONF "&response_mode=form_post&state=s");
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_header(&a, "Location", h->arena), "");
    assert_false(a.reply->cacheable);
    assert_true(contains(a.body, "to=" REDIRECT "\n"));
    assert_true(contains(a.body, "\nstate=s\n"));
    assert_true(contains(a.body, "\niss=" ISSUER "\n"));
    assert_true(contains(a.body, "\ncode="));
    a = browser_get(h, &b, ASK_CONF "&response_mode=form_post&prompt=none+login");
    assert_true(contains(a.body, "\nerror=invalid_request\n"));
}

/* ---- who may not ---- */

static void dead_means_dead_users_get_no_answer(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    house_sql(h, "UPDATE employee SET status = 'BLOCKED' WHERE employee_id = '" USER "'");
    struct answer a = browser_get(h, &b, ASK_CONF);
    assert_redirected(h, &a, REDIRECT "?error=", "access_denied");
    assert_int_equal(house_number(h, "SELECT count(*) FROM authorization_code"), 0);
}

static void idor_users_of_another_tenant_are_refused_in_the_known_words(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT_TWO, USER_TWO);
    struct answer a = browser_get(h, &b, ASK_CONF);
    assert_redirected(h, &a, REDIRECT "?error=", "access_denied");
    assert_string_equal(location_param(h, &a, "error_description"),
                        "Client application 'conf@acme' not authorized for user");
}

static void refusals_of_the_pages_redirect(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a = browser_get(h, &b, ASK_CONF "&state=s");
    struct reply rp = {.status = 0};
    authorize_refuse(&h->cx, a.rq, &b.request, "access_denied", "He said \"no\\never\"\n\xc3\xbc",
                     &rp);
    struct answer refused = {.reply = &rp, .status = rp.status};
    assert_redirected(h, &refused, REDIRECT "?error=", "access_denied");
    assert_string_equal(location_param(h, &refused, "error_description"), "He said 'no'never'???");
    assert_string_equal(location_param(h, &refused, "state"), "s");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(mix_up_iss_and_state_are_in_every_answer),
        HOUSE_TEST(query_of_the_address_is_kept),
        HOUSE_TEST(response_types_give_what_they_name),
        HOUSE_TEST(hybrid_id_token_binds_code_and_token),
        HOUSE_TEST(scope_claims_are_in_an_id_token_that_comes_alone),
        HOUSE_TEST(scope_of_openid_that_is_not_registered_is_left_out),
        HOUSE_TEST(form_post_is_a_form),
        HOUSE_TEST(dead_means_dead_users_get_no_answer),
        HOUSE_TEST(idor_users_of_another_tenant_are_refused_in_the_known_words),
        HOUSE_TEST(refusals_of_the_pages_redirect),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
