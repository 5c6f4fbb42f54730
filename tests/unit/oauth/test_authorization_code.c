/* SPDX-License-Identifier: Apache-2.0 */
/* A code for tokens, once (RFC 6749 4.1.3, RFC 7636 4.5, 4.6; SECURITY `code-once`,
 * `pkce-downgrade`). */
#include "harness.h"

#include <string.h>

static void code_becomes_tokens(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    house_later(h, 50);
    struct answer a = redeem(h, APP_CONF, code_of(h, &b, ASK_CONF "&nonce=n1&max_age=100"), "");
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "token_type"), "Bearer");
    assert_string_equal(answer_text(&a, "scope"), "openid");
    assert_int_equal(answer_number(&a, "expires_in"), 3600);
    json_t *id = claims_of(&h->cx, answer_text(&a, "id_token"));
    assert_string_equal(json_string_value(json_object_get(id, "nonce")), "n1");
    assert_int_equal(json_integer_value(json_object_get(id, "auth_time")), NOW);
    assert_true(is_active(h, APP_CONF, answer_text(&a, "access_token")));
    /* Core 12.2: the same sign-in, no nonce. */
    a = refresh_post(&h->cx, APP_CONF, answer_text(&a, "refresh_token"));
    assert_ok(&a);
    id = claims_of(&h->cx, answer_text(&a, "id_token"));
    assert_int_equal(json_integer_value(json_object_get(id, "auth_time")), NOW);
    assert_string_equal(json_string_value(json_array_get(json_object_get(id, "amr"), 0)), "pwd");
    assert_null(json_object_get(id, "nonce"));
}

static void public_application_uses_pkce_and_refreshes_without_a_name(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a = redeem(h, APP_PUBLIC, code_of(h, &b, ASK_PUBLIC), "&code_verifier=" VERIFIER);
    assert_ok(&a);
    /* PROTOCOL 12.4: the refresh token alone. */
    a = ASK(h, .handle = token_post,
            .body = format(&h->cx, "grant_type=refresh_token&refresh_token=%s",
                           answer_text(&a, "refresh_token")));
    assert_ok(&a);
}

static void scope_without_openid_has_no_id_token(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *query =
        "client_id=" APP_CONF "&response_type=code&scope=analytics-query&redirect_uri=" REDIRECT;
    struct answer a = redeem(h, APP_CONF, code_of(h, &b, query), "");
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "id_token"), "");
    assert_string_equal(answer_text(&a, "scope"), "analytics-query");
}

/* OpenID Connect Core 12.2: nor when it is refreshed; with openid there is one. */
static void scope_without_openid_has_no_id_token_at_a_refresh(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *query =
        "client_id=" APP_CONF "&response_type=code&scope=analytics-query&redirect_uri=" REDIRECT;
    struct answer a = redeem(h, APP_CONF, code_of(h, &b, query), "");
    a = refresh_post(&h->cx, APP_CONF, answer_text(&a, "refresh_token"));
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "id_token"), "");
    a = redeem(h, APP_CONF, code_of(h, &b, ASK_CONF), "");
    a = refresh_post(&h->cx, APP_CONF, answer_text(&a, "refresh_token"));
    assert_ok(&a);
    assert_string_not_equal(answer_text(&a, "id_token"), "");
}

/* ---- refresh tokens and the browser session (Core 11) ---- */

static void refresh_ends_with_the_browser_session(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    house_later(h, 43200 - 3600);
    struct answer a = redeem(h, APP_CONF, code_of(h, &b, ASK_CONF), "");
    assert_ok(&a);
    json_t *claims = claims_of(&h->cx, answer_text(&a, "refresh_token"));
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + 43200);
    house_later(h, 3599);
    a = refresh_post(&h->cx, APP_CONF, answer_text(&a, "refresh_token"));
    assert_ok(&a);
    house_later(h, 1);
    struct answer late = refresh_post(&h->cx, APP_CONF, answer_text(&a, "refresh_token"));
    assert_error(&late, 400, "invalid_grant");
    /* Also when the row is gone, and another limit was stored. */
    house_sql(h, "UPDATE session SET refresh_expires_at = refresh_expires_at + 9999");
    house_sql(h, "DELETE FROM sso_session");
    late = refresh_post(&h->cx, APP_CONF, answer_text(&a, "refresh_token"));
    assert_error(&late, 400, "invalid_grant");
}

static void offline_access_outlives_the_browser_session_but_not_a_logout(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const char query[] = "client_id=" APP_CONF "&response_type=code"
                                "&scope=openid+offline_access&redirect_uri=" REDIRECT;
    struct answer a = redeem(h, APP_CONF, code_of(h, &b, query), "");
    assert_string_equal(answer_text(&a, "scope"), "openid"); /* not registered: left out */
    house_sql(h, "UPDATE application SET scope = 'openid offline_access'");
    a = redeem(h, APP_CONF, code_of(h, &b, query), "");
    assert_string_equal(answer_text(&a, "scope"), "openid offline_access");
    for (int i = 0; i < 7; i++) {
        house_later(h, 7000);
        a = refresh_post(&h->cx, APP_CONF, answer_text(&a, "refresh_token"));
        assert_ok(&a);
    }
    assert_int_equal(sso_session_end(&h->cx, b.sso->tenant_id, b.sso->sso_session_id), OK);
    a = refresh_post(&h->cx, APP_CONF, answer_text(&a, "refresh_token"));
    assert_error(&a, 400, "invalid_grant");
}

/* ---- once ---- */

static void code_once_the_second_use_revokes_what_the_first_issued(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *code = code_of(h, &b, ASK_CONF);
    struct answer first = redeem(h, APP_CONF, code, "");
    assert_ok(&first);
    assert_true(is_active(h, APP_CONF, answer_text(&first, "access_token")));
    house_later(h, 90); /* also when it would have expired by now */
    struct answer second = redeem(h, APP_CONF, code, "");
    assert_error(&second, 400, "invalid_grant");
    assert_false(is_active(h, APP_CONF, answer_text(&first, "access_token")));
    struct answer refreshed = refresh_post(&h->cx, APP_CONF, answer_text(&first, "refresh_token"));
    assert_error(&refreshed, 400, "invalid_grant");
    assert_int_equal(
        house_number(h, "SELECT count(*) FROM audit WHERE action = 'session.code_reuse'"), 1);
}

static void code_once_among_two_at_the_same_time(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *body =
        format(&h->cx,
               "grant_type=authorization_code&client_id=" APP_PUBLIC "&code=%s&redirect_uri=%s"
               "&code_verifier=" VERIFIER,
               code_of(h, &b, ASK_PUBLIC), REDIRECT_PUBLIC);
    /* Both were read before either was written. */
    struct answer one = ASK(h, .handle = token_post, .body = body, .keep_write = true);
    struct answer two = ASK(h, .handle = token_post, .body = body, .keep_write = true);
    static const char alive[] = "SELECT count(*) FROM session WHERE revoked_at IS NULL";
    answer_commit(&h->cx, &one);
    assert_ok(&one);
    assert_int_equal(house_number(h, alive), 1);
    answer_commit(&h->cx, &two);
    assert_error(&two, 400, "invalid_grant");
    assert_int_equal(house_number(h, alive), 0);
}

static void code_once_for_sixty_seconds(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *early = code_of(h, &b, ASK_CONF), *late = code_of(h, &b, ASK_CONF);
    house_later(h, 59);
    struct answer a = redeem(h, APP_CONF, early, "");
    assert_ok(&a);
    house_later(h, 1);
    a = redeem(h, APP_CONF, late, "");
    assert_error(&a, 400, "invalid_grant");
}

static void code_once_bound_to_application_and_address(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *code = code_of(h, &b, ASK_CONF);
    struct answer a = redeem(h, APP_PUBLIC, code, "&code_verifier=" VERIFIER);
    assert_error(&a, 400, "invalid_grant");
    static const char *const addresses[] = {REDIRECT "/", REDIRECT "?a=1", REDIRECT_PUBLIC, "x"};
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        a = ASK(h, .handle = token_post,
                .body = format(&h->cx, "grant_type=authorization_code%s&code=%s&redirect_uri=%s",
                               AS(APP_CONF), code, addresses[i]));
        assert_error(&a, 400, "invalid_grant");
    }
    a = redeem(h, APP_CONF, code, ""); /* none of them used it up */
    assert_ok(&a);
}

static void codes_that_are_none_are_refused(void **state) {
    struct house *h = *state;
    static const char *const codes[] = {"x",
                                        TENANT ".x",
                                        TENANT,
                                        ".",
                                        "%00",
                                        "a%20",
                                        TENANT_GOV ".E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct answer a = redeem(h, APP_CONF, codes[i], "");
        assert_error(&a, 400, "invalid_grant");
    }
    struct answer a = redeem(h, APP_CONF, format(&h->cx, "%0*d", 4000, 1), "");
    assert_error(&a, 400, "invalid_grant");
    a = redeem(h, APP_CONF, "", "");
    assert_error(&a, 400, "invalid_request");
}

static void parameters_of_the_other_endpoint_are_refused(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *code = code_of(h, &b, ASK_CONF);
    static const char *const misplaced[] = {"max_age=1", "id_token_hint=x", "login_hint=x",
                                            "code_challenge=x", "code_challenge_method=S256"};
    for (size_t i = 0; i < COUNT_OF(misplaced); i++) {
        struct answer a = redeem(h, APP_CONF, code, format(&h->cx, "&%s", misplaced[i]));
        assert_error(&a, 400, "invalid_request");
    }
}

static void backends_have_no_codes(void **state) {
    struct house *h = *state;
    struct answer a = redeem(h, APP_POST, "x", "");
    assert_error(&a, 400, "unauthorized_client");
}

/* ---- PKCE ---- */

static void pkce_downgrade_at_the_token_endpoint(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *code = code_of(h, &b, ASK_PUBLIC);
    static const char *const wrong[] = {
        "",
        "&code_verifier=",
        "&code_verifier=" CHALLENGE, /* as if it were plain */
        "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl",
        "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX",
        "&code_verifier=" VERIFIER "%20",
        "&code_verifier=" VERIFIER VERIFIER VERIFIER,
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct answer a = redeem(h, APP_PUBLIC, code, wrong[i]);
        assert_error(&a, 400, "invalid_grant");
    }
    struct answer a = redeem(h, APP_PUBLIC, code, "&code_verifier=" VERIFIER);
    assert_ok(&a);
}

static void pkce_downgrade_a_verifier_without_challenge_is_refused(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *code = code_of(h, &b, ASK_CONF);
    struct answer a = redeem(h, APP_CONF, code, "&code_verifier=" VERIFIER);
    assert_error(&a, 400, "invalid_grant");
    /* An application with a secret that began with PKCE ends with it. */
    code = code_of(h, &b, ASK_CONF PKCE);
    a = redeem(h, APP_CONF, code, "");
    assert_error(&a, 400, "invalid_grant");
    a = redeem(h, APP_CONF, code, "&code_verifier=" VERIFIER);
    assert_ok(&a);
}

/* Of RFC 7636 4.1's shortest and longest verifier, and one past them. */
static void pkce_downgrade_lengths(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    static const int lengths[] = {42, 43, 128, 129};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        const char *verifier = format(&h->cx, "%0*d", lengths[i], 1);
        struct str challenge = sha256_text(h->arena, str_from(verifier));
        const char *query = format(
            &h->cx, ASK_CONF "&code_challenge=%.*s&code_challenge_method=S256", STR_ARG(challenge));
        struct answer a = redeem(h, APP_CONF, code_of(h, &b, query),
                                 format(&h->cx, "&code_verifier=%s", verifier));
        assert_int_equal(a.status, lengths[i] == 43 || lengths[i] == 128 ? 200 : 400);
    }
}

/* ---- dead means dead ---- */

static void dead_means_dead_for_codes(void **state) {
    struct house *h = *state;
    static const struct death deaths[] = {DEATH_USER, DEATH_TENANT, DEATH_APPLICATION(APP_CONF)};
    struct browser b = browser_new(h, TENANT, USER);
    for (size_t i = 0; i < COUNT_OF(deaths); i++) {
        const char *code = code_of(h, &b, ASK_CONF);
        house_sql(h, deaths[i].kill);
        struct answer a = redeem(h, APP_CONF, code, "");
        assert_true(a.status == 400 || a.status == 401);
        house_sql(h, deaths[i].revive);
    }
    const char *code = code_of(h, &b, ASK_CONF);
    assert_int_equal(sso_session_end(&h->cx, b.sso->tenant_id, b.sso->sso_session_id), OK);
    struct answer a = redeem(h, APP_CONF, code, "");
    assert_error(&a, 400, "invalid_grant");
}

static void scope_that_the_application_lost_is_not_granted(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    const char *code = code_of(h, &b,
                               "client_id=" APP_CONF "&response_type=code"
                               "&scope=openid+analytics-query&redirect_uri=" REDIRECT);
    house_sql(h, "UPDATE application SET scope = 'openid' WHERE application_id = '" APP_CONF "'");
    struct answer a = redeem(h, APP_CONF, code, "");
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "scope"), "openid");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(code_becomes_tokens),
        HOUSE_TEST(public_application_uses_pkce_and_refreshes_without_a_name),
        HOUSE_TEST(scope_without_openid_has_no_id_token),
        HOUSE_TEST(scope_without_openid_has_no_id_token_at_a_refresh),
        HOUSE_TEST(refresh_ends_with_the_browser_session),
        HOUSE_TEST(offline_access_outlives_the_browser_session_but_not_a_logout),
        HOUSE_TEST(code_once_the_second_use_revokes_what_the_first_issued),
        HOUSE_TEST(code_once_among_two_at_the_same_time),
        HOUSE_TEST(code_once_for_sixty_seconds),
        HOUSE_TEST(code_once_bound_to_application_and_address),
        HOUSE_TEST(codes_that_are_none_are_refused),
        HOUSE_TEST(parameters_of_the_other_endpoint_are_refused),
        HOUSE_TEST(backends_have_no_codes),
        HOUSE_TEST(pkce_downgrade_at_the_token_endpoint),
        HOUSE_TEST(pkce_downgrade_a_verifier_without_challenge_is_refused),
        HOUSE_TEST(pkce_downgrade_lengths),
        HOUSE_TEST(dead_means_dead_for_codes),
        HOUSE_TEST(scope_that_the_application_lost_is_not_granted),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
