/* SPDX-License-Identifier: Apache-2.0 */
/* The older surfaces of seed 003: token/access-key and public/user/refresh (PROTOCOL
 * 6, 12.1, 12.4, 12.10, 12.11). */
#include "harness.h"

#include <string.h>

static const char *generated(struct house *h) {
    struct ctx *cx = &h->cx;
    struct generated_key key;
    struct str token;
    const struct environment *e;
    assert_int_equal(snapshot_environment(cx, platform_snapshot(cx), STR(HOST), &e), OK);
    assert_int_equal(generated_key_issue(cx, e, STR(TENANT), STR(USER), &key, &token), OK);
    assert_int_equal(generated_key_create(cx, &key), OK);
    assert_int_equal(key.expires_at, NOW + GENERATED_KEY_SECONDS);
    return str_z(cx->arena, token);
}

static struct answer refresh(struct house *h, const char *token) {
    return ASK(h, .handle = user_refresh_post, .body = format(&h->cx, "{\"token\":\"%s\"}", token));
}

static void has_both_vocabularies(const struct answer *a) {
    assert_ok(a);
    assert_string_equal(answer_text(a, "token"), answer_text(a, "access_token"));
    assert_string_equal(answer_text(a, "refreshToken"), answer_text(a, "refresh_token"));
    assert_true(strlen(answer_text(a, "token")) > 0 && strlen(answer_text(a, "refreshToken")) > 0);
    assert_int_equal(answer_number(a, "tokenExpirationTimeSec"), 3600);
    assert_int_equal(answer_number(a, "expires_in"), 3600);
    assert_int_equal(answer_number(a, "refreshTokenExpirationTimeSec"), 7200);
    assert_true(json_is_null(json_object_get(a->json, "sessionId")));
    assert_string_equal(answer_text(a, "token_type"), "Bearer");
}

static void access_key_gives_the_samples_answer(void **state) {
    struct house *h = *state;
    struct answer a = access_key_token(h);
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "id_token"), answer_text(&a, "access_token"));
    assert_string_equal(answer_text(&a, "token_type"), "Bearer");
    assert_int_equal(answer_number(&a, "expires_in"), 3600);
    assert_int_equal(answer_number(&a, "refresh_token_expires_in"), 7200);
    json_t *claims = claims_of(&h->cx, answer_text(&a, "access_token"));
    assert_string_equal(json_string_value(json_object_get(claims, "sub")), "user:" USER);
    a = ASK(h, .handle = access_key_token_post,
            .body = "accessKeyId=" KEY_ID "&accessKeySecret=" KEY_SECRET "&more=1");
    assert_ok(&a);
    a = ASK(h, .handle = access_key_token_post,
            .body = "{\"accessKeyId\":\"" TWO_KEY "\",\"accessKeySecret\":\"" TWO_SECRET
                    "\",\"more\":{}}");
    assert_ok(&a);
}

static void access_key_mistakes_are_refused(void **state) {
    struct house *h = *state;
    struct answer a = ASK(h, .handle = access_key_token_post,
                          .body = "accessKeyId=" KEY_ID "&accessKeySecret=" AGENT_SECRET);
    assert_error(&a, 400, "invalid_grant");
    a = ASK(h, .handle = access_key_token_post, .body = "accessKeyId=" KEY_ID);
    assert_error(&a, 400, "invalid_request");
    a = ASK(h, .handle = access_key_token_post,
            .body = "accessKeyId=" KEY_ID "&accessKeyId=" KEY_ID "&accessKeySecret=" KEY_SECRET);
    assert_error(&a, 400, "invalid_request");
    a = ASK(h, .handle = access_key_token_post, .query = "accessKeySecret=" KEY_SECRET,
            .body = "accessKeyId=" KEY_ID);
    assert_error(&a, 400, "invalid_request");
    a = ASK(h, .handle = access_key_token_post, .host = HOST_GOV,
            .body = "accessKeyId=" KEY_ID "&accessKeySecret=" KEY_SECRET);
    assert_error(&a, 400, "invalid_grant");
}

static void generated_key_is_good_once(void **state) {
    struct house *h = *state;
    const char *key = generated(h);
    struct answer a = refresh(h, key);
    has_both_vocabularies(&a);
    json_t *claims = claims_of(&h->cx, answer_text(&a, "token"));
    assert_string_equal(json_string_value(json_object_get(claims, "sub")), "user:" USER);
    a = refresh(h, key);
    assert_error(&a, 400, "invalid_grant");
    assert_int_equal(house_number(h, "SELECT count(*) FROM session"), 1);
}

static void generated_key_is_good_for_ten_minutes(void **state) {
    struct house *h = *state;
    const char *key = generated(h);
    house_later(h, GENERATED_KEY_SECONDS);
    struct answer a = refresh(h, key);
    assert_error(&a, 400, "invalid_grant");
}

static void generated_key_that_was_never_stored_is_refused(void **state) {
    struct house *h = *state;
    const char *key = generated(h);
    house_sql(h, "DELETE FROM generated_key");
    struct answer a = refresh(h, key);
    assert_error(&a, 400, "invalid_grant");
}

static void dead_means_dead_for_generated_keys(void **state) {
    struct house *h = *state;
    const char *key = generated(h);
    house_sql(h, "UPDATE employee SET status = 'BLOCKED' WHERE employee_id = '" USER "'");
    struct answer a = refresh(h, key);
    assert_error(&a, 400, "invalid_grant");
}

static void generated_key_is_no_refresh_token(void **state) {
    struct house *h = *state;
    const char *key = generated(h);
    struct answer a = ASK(h, .handle = token_post,
                          .body = format(&h->cx, "grant_type=refresh_token&refresh_token=%s", key));
    assert_error(&a, 400, "invalid_grant");
}

static void refresh_tokens_are_taken_too(void **state) {
    struct house *h = *state;
    struct answer first = access_key_token(h);
    struct answer a = refresh(h, answer_text(&first, "refresh_token"));
    has_both_vocabularies(&a);
    a = ASK(h, .handle = user_refresh_post,
            .body = format(&h->cx, "token=%s", answer_text(&a, "refreshToken")));
    has_both_vocabularies(&a);
    /* And the same family at the token endpoint, by the token alone. */
    a = ASK(h, .handle = token_post,
            .body = format(&h->cx, "grant_type=refresh_token&refresh_token=%s",
                           answer_text(&a, "refreshToken")));
    assert_ok(&a);
    a = refresh(h, answer_text(&first, "refresh_token"));
    assert_error(&a, 400, "invalid_grant");
}

static void refresh_tokens_of_applications_that_authenticate_are_not(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    struct answer a = refresh(h, answer_text(&first, "refresh_token"));
    assert_error(&a, 401, "invalid_client");
    a = refresh(h, answer_text(&first, "access_token"));
    assert_error(&a, 400, "invalid_grant");
    a = refresh(h, answer_text(&first, "id_token"));
    assert_error(&a, 400, "invalid_grant");
    a = refresh(h, "nonsense");
    assert_error(&a, 400, "invalid_grant");
    a = ASK(h, .handle = user_refresh_post, .body = "{}");
    assert_error(&a, 400, "invalid_request");
    a = ASK(h, .handle = user_refresh_post, .body = "{\"token\":5}");
    assert_in_range(a.status, 400, 400);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(access_key_gives_the_samples_answer),
        HOUSE_TEST(access_key_mistakes_are_refused),
        HOUSE_TEST(generated_key_is_good_once),
        HOUSE_TEST(generated_key_is_good_for_ten_minutes),
        HOUSE_TEST(generated_key_that_was_never_stored_is_refused),
        HOUSE_TEST(dead_means_dead_for_generated_keys),
        HOUSE_TEST(generated_key_is_no_refresh_token),
        HOUSE_TEST(refresh_tokens_are_taken_too),
        HOUSE_TEST(refresh_tokens_of_applications_that_authenticate_are_not),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
