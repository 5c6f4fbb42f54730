/* SPDX-License-Identifier: Apache-2.0 */
/* A user's access token for tokens of another application (RFC 8693, PROTOCOL 12.5). */
#include "harness.h"

#include <string.h>

#define GRANT  "urn:ietf:params:oauth:grant-type:token-exchange"
#define ACCESS "urn:ietf:params:oauth:token-type:access_token"
#define CONF   AS(APP_CONF)
#define PUBLIC "&client_id=" APP_PUBLIC

/* `more`: the client, and what else. */
static struct answer exchange(struct house *h, const char *token, const char *more) {
    return ASK(h, .handle = token_post,
               .body = format(
                   &h->cx, "grant_type=" GRANT "&subject_token_type=" ACCESS "&subject_token=%s%s",
                   token, more));
}

/* What APP_CONF got for USER, who signed in in this browser. */
static struct answer signed_in(struct house *h, struct browser *b) {
    *b = browser_new(h, TENANT, USER);
    struct answer a = redeem(h, APP_CONF, code_of(h, b, ASK_CONF), "");
    assert_ok(&a);
    return a;
}

static const char *subject(struct house *h) {
    struct browser b;
    struct answer a = signed_in(h, &b);
    return answer_text(&a, "access_token");
}

/* ---- what it gives ---- */

static void public_application_gets_tokens_of_its_own(void **state) {
    struct house *h = *state;
    const char *token = subject(h);
    house_later(h, 100);
    struct answer a = exchange(h, token, PUBLIC "&scope=openid");
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_text(&a, "token_type"), "Bearer");
    assert_string_equal(answer_text(&a, "issued_token_type"), ACCESS);
    assert_string_equal(answer_text(&a, "scope"), "openid");
    assert_int_equal(answer_number(&a, "expires_in"), 3600);
    json_t *access = claims_of(&h->cx, answer_text(&a, "access_token"));
    json_t *id = claims_of(&h->cx, answer_text(&a, "id_token"));
    assert_string_equal(claim_text(access, "client_id"), APP_PUBLIC);
    assert_string_equal(claim_text(access, "sub"), "user:" USER);
    assert_string_equal(claim_text(id, "aud"), APP_PUBLIC);
    assert_string_equal(claim_text(id, "userId"), USER);
    assert_string_equal(claim_text(id, "tenantId"), TENANT);
    /* The sign-in is the subject's; its nonce is not. */
    assert_int_equal(json_integer_value(json_object_get(id, "auth_time")), NOW);
    assert_string_equal(json_string_value(json_array_get(json_object_get(id, "amr"), 0)), "pwd");
    assert_null(json_object_get(id, "nonce"));
    assert_string_not_equal(claim_text(access, "sid"), claim_text(claims_of(&h->cx, token), "sid"));
    assert_true(is_active(h, APP_POST, answer_text(&a, "access_token")));
    assert_true(is_active(h, APP_POST, token)); /* it stays what it was */
    a = ASK(h, .handle = token_post,
            .body = format(&h->cx, "grant_type=refresh_token&refresh_token=%s",
                           answer_text(&a, "refresh_token")));
    assert_ok(&a);
}

static void short_names_are_taken(void **state) {
    struct house *h = *state;
    const char *token = subject(h);
    static const char *const names[][2] = {
        {"token-exchange", ACCESS}, {GRANT, "access_token"}, {"token-exchange", "access_token"}};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct answer a = ASK(h, .handle = token_post,
                              .body = format(&h->cx,
                                             "grant_type=%s&subject_token_type=%s&subject_token=%s"
                                             "&requested_token_type=%s" PUBLIC,
                                             names[i][0], names[i][1], token, names[i][1]));
        assert_ok(&a);
    }
    /* One grant, listed once. */
    assert_ptr_equal(grant_find(STR("token-exchange")), grant_find(STR(GRANT)));
    for (size_t i = 0; grant_at(i) != NULL; i++) {
        assert_string_not_equal(grant_at(i)->name, "token-exchange");
    }
}

static void confidential_applications_authenticate(void **state) {
    struct house *h = *state;
    const char *token = subject(h);
    struct answer a = exchange(h, token, CONF);
    assert_ok(&a);
    a = exchange(h, answer_text(&a, "access_token"), PUBLIC); /* and on to the next */
    assert_ok(&a);
    a = exchange(h, token, "&client_id=" APP_CONF);
    assert_error(&a, 401, "invalid_client");
    a = exchange(h, token, "&client_id=" APP_CONF "&client_secret=wrong");
    assert_error(&a, 401, "invalid_client");
    a = exchange(h, token, "");
    assert_error(&a, 401, "invalid_client");
}

static void back_ends_may_not(void **state) {
    struct house *h = *state;
    struct answer a = exchange(h, subject(h), AS(APP_POST));
    assert_error(&a, 400, "unauthorized_client");
}

/* ---- what it takes ---- */

static void parameters_missing_and_unsupported_are_refused(void **state) {
    struct house *h = *state;
    const char *token = subject(h);
    static const char *const more[] = {
        "&requested_token_type=urn:ietf:params:oauth:token-type:id_token",
        "&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token",
        "&requested_token_type=jwt",
        "&actor_token=x&actor_token_type=" ACCESS,
        "&actor_token_type=" ACCESS,
    };
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        struct answer a = exchange(h, token, format(&h->cx, PUBLIC "%s", more[i]));
        assert_error(&a, 400, "invalid_request");
    }
    static const char *const targets[] = {"&audience=x", "&resource=https://api.example.com/"};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        struct answer a = exchange(h, token, format(&h->cx, PUBLIC "%s", targets[i]));
        assert_error(&a, 400, "invalid_target");
    }
    static const char *const types[] = {
        "", "&subject_token_type=", "&subject_token_type=Access_Token",
        "&subject_token_type=urn:ietf:params:oauth:token-type:jwt", "&subject_token_type=id_token"};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct answer a =
            ASK(h, .handle = token_post,
                .body = format(&h->cx, "grant_type=" GRANT PUBLIC "&subject_token=%s%s", token,
                               types[i]));
        assert_error(&a, 400, "invalid_request");
    }
    struct answer a = exchange(h, "", PUBLIC);
    assert_error(&a, 400, "invalid_request");
}

static void param_pollution_of_an_exchange(void **state) {
    struct house *h = *state;
    const char *token = subject(h);
    struct answer a = exchange(h, token, format(&h->cx, PUBLIC "&subject_token=%s", token));
    assert_error(&a, 400, "invalid_request");
    static const char *const queries[] = {"subject_token=x", "subject_token_type=access_token",
                                          "actor_token=x", "actor_token_type=x"};
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        a = ASK(h, .handle = token_post, .query = queries[i],
                .body = format(&h->cx,
                               "grant_type=" GRANT "&subject_token_type=" ACCESS PUBLIC
                               "&subject_token=%s",
                               token));
        assert_error(&a, 400, "invalid_request");
    }
}

static void audience_only_access_tokens_of_users_are_exchanged(void **state) {
    struct house *h = *state;
    struct browser b;
    struct answer set = signed_in(h, &b), client = client_token(h);
    const char *tokens[] = {
        answer_text(&set, "id_token"),
        answer_text(&set, "refresh_token"),
        answer_text(&client, "access_token"),
        answer_text(&client, "refresh_token"),
        format(&h->cx, "%sx", answer_text(&set, "access_token")),
        "x",
        "a.b.c",
    };
    struct generated_key key;
    struct str generated;
    const struct environment *e = set.rq->environment;
    assert_int_equal(generated_key_issue(&h->cx, e, STR(TENANT), STR(USER), &key, &generated), OK);
    assert_int_equal(generated_key_create(&h->cx, &key), OK);
    struct answer a = exchange(h, str_z(h->arena, generated), PUBLIC);
    assert_error(&a, 400, "invalid_request");
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        a = exchange(h, tokens[i], PUBLIC);
        assert_error(&a, 400, "invalid_request");
    }
    a = exchange(h, answer_text(&client, "access_token"), PUBLIC);
    assert_true(contains(a.body, "Only a user's is exchanged"));
}

static void audience_tokens_of_another_environment_are_not_exchanged(void **state) {
    struct house *h = *state;
    const char *token = subject(h);
    house_sql(h,
              "UPDATE application SET type = 'confidential' WHERE application_id = '" APP_GOV "'");
    struct answer a =
        ASK(h, .handle = token_post, .host = HOST_GOV,
            .body = format(&h->cx,
                           "grant_type=" GRANT "&subject_token_type=" ACCESS "%s&subject_token=%s",
                           AS(APP_GOV), token));
    assert_error(&a, 400, "invalid_request");
    a = exchange(h, token, AS(APP_GOV));
    assert_error(&a, 401, "invalid_client");
}

static void idor_users_of_another_tenant_are_not_exchanged(void **state) {
    struct house *h = *state;
    /* An application that both tenants' people use, and one of the first alone. */
    house_sql(h,
              "UPDATE application SET type = 'confidential' WHERE application_id = '" APP_ALL "'");
    struct answer set =
        ASK(h, .handle = token_post,
            .body = "grant_type=password&username=" TWO_KEY "&password=" TWO_SECRET AS(APP_ALL));
    assert_ok(&set);
    const char *token = answer_text(&set, "access_token");
    static const char *const single[] = {PUBLIC, CONF};
    for (size_t i = 0; i < COUNT_OF(single); i++) {
        struct answer a = exchange(h, token, single[i]);
        assert_error(&a, 401, "unauthorized_client");
        assert_string_equal(answer_text(&a, "error_description"),
                            i == 0 ? "Client application 'public@acme' not authorized for user"
                                   : "Client application 'conf@acme' not authorized for user");
    }
    /* The other way: it is let in there, until the tenant blocks it. */
    struct answer a = exchange(h, token, AS(APP_ALL));
    assert_ok(&a);
    assert_string_equal(claim_text(claims_of(&h->cx, answer_text(&a, "access_token")), "tenantId"),
                        TENANT_TWO);
    house_sql(h, "UPDATE application SET type = 'confidential' WHERE application_id = '" APP_BLOCKED
                 "'");
    a = exchange(h, token, AS(APP_BLOCKED));
    assert_error(&a, 401, "unauthorized_client");
}

static void scope_of_an_exchange_is_never_more_than_registered(void **state) {
    struct house *h = *state;
    const char *token = subject(h);
    struct answer a = exchange(h, token, PUBLIC);
    assert_string_equal(answer_text(&a, "scope"), SCOPES);
    a = exchange(h, token, PUBLIC "&scope=openid+access-key-write");
    assert_error(&a, 400, "invalid_scope");
    house_sql(h, "UPDATE application SET scope = 'openid' WHERE application_id = '" APP_PUBLIC "'");
    a = exchange(h, token, PUBLIC);
    assert_string_equal(answer_text(&a, "scope"), "openid");
    a = exchange(h, token, PUBLIC "&scope=openid+analytics-query");
    assert_error(&a, 400, "invalid_scope");
}

/* ---- dead means dead ---- */

static void dead_means_dead_for_subjects_of_an_exchange(void **state) {
    struct house *h = *state;
    static const struct death deaths[] = {DEATH_USER, DEATH_TENANT, DEATH_APPLICATION(APP_CONF),
                                          DEATH_APPLICATION(APP_PUBLIC), DEATH_SESSION};
    const char *token = subject(h);
    for (size_t i = 0; i < COUNT_OF(deaths); i++) {
        house_sql(h, deaths[i].kill);
        struct answer a = exchange(h, token, PUBLIC);
        assert_true(a.status == 400 || a.status == 401);
        assert_string_equal(answer_text(&a, "access_token"), "");
        house_sql(h, deaths[i].revive);
    }
    struct answer a = exchange(h, token, PUBLIC);
    assert_ok(&a);
    house_later(h, 3600);
    a = exchange(h, token, PUBLIC);
    assert_error(&a, 400, "invalid_request");
}

static void dead_means_dead_an_exchange_ends_with_its_browser_session(void **state) {
    struct house *h = *state;
    struct browser b;
    struct answer set = signed_in(h, &b);
    const char *token = answer_text(&set, "access_token");
    struct answer one = exchange(h, token, PUBLIC);
    struct answer two = exchange(h, answer_text(&one, "access_token"), CONF);
    assert_ok(&two);
    /* Read before the sign-out, written after it. */
    struct answer late = ASK(h, .handle = token_post, .keep_write = true,
                             .body = format(&h->cx,
                                            "grant_type=" GRANT "&subject_token_type=" ACCESS PUBLIC
                                            "&subject_token=%s",
                                            token));
    assert_int_equal(sso_session_end(&h->cx, b.sso->tenant_id, b.sso->sso_session_id), OK);
    answer_commit(&h->cx, &late);
    assert_error(&late, 400, "invalid_grant");
    assert_false(is_active(h, APP_POST, answer_text(&one, "access_token")));
    assert_false(is_active(h, APP_POST, answer_text(&two, "access_token")));
    struct answer a = refresh_post(&h->cx, APP_CONF, answer_text(&two, "refresh_token"));
    assert_error(&a, 400, "invalid_grant");
    a = exchange(h, answer_text(&one, "access_token"), CONF);
    assert_error(&a, 400, "invalid_request");
    assert_int_equal(house_number(h, "SELECT count(*) FROM session WHERE revoked_at IS NULL"), 0);
}

static void dead_means_dead_an_exchange_ends_with_its_access_key(void **state) {
    struct house *h = *state;
    struct answer set = password_token(h);
    static const char used[] =
        "SELECT last_used_at FROM access_key WHERE access_key_id = '" KEY_ID "'";
    int64_t before = house_number(h, used);
    house_later(h, 1000);
    struct answer a = exchange(h, answer_text(&set, "access_token"), PUBLIC);
    assert_ok(&a);
    assert_int_equal(house_number(h, used), before); /* the key was not shown again */
    assert_true(is_active(h, APP_POST, answer_text(&a, "access_token")));
    house_sql(h, "UPDATE access_key SET is_active = 0 WHERE access_key_id = '" KEY_ID "'");
    assert_false(is_active(h, APP_POST, answer_text(&a, "access_token")));
    a = exchange(h, answer_text(&set, "access_token"), PUBLIC);
    assert_error(&a, 400, "invalid_request");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(public_application_gets_tokens_of_its_own),
        HOUSE_TEST(short_names_are_taken),
        HOUSE_TEST(confidential_applications_authenticate),
        HOUSE_TEST(back_ends_may_not),
        HOUSE_TEST(parameters_missing_and_unsupported_are_refused),
        HOUSE_TEST(param_pollution_of_an_exchange),
        HOUSE_TEST(audience_only_access_tokens_of_users_are_exchanged),
        HOUSE_TEST(audience_tokens_of_another_environment_are_not_exchanged),
        HOUSE_TEST(idor_users_of_another_tenant_are_not_exchanged),
        HOUSE_TEST(scope_of_an_exchange_is_never_more_than_registered),
        HOUSE_TEST(dead_means_dead_for_subjects_of_an_exchange),
        HOUSE_TEST(dead_means_dead_an_exchange_ends_with_its_browser_session),
        HOUSE_TEST(dead_means_dead_an_exchange_ends_with_its_access_key),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
