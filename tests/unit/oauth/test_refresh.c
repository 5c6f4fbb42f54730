/* SPDX-License-Identifier: Apache-2.0 */
/* The refresh family: RFC 6749 6, RFC 9700 4.14, PROTOCOL 4, 12.4. The race of many requests is in
 * tests/store/test_oauth_refresh.c. */
#include "harness.h"

#include <string.h>

static const char *refresh_of(const struct answer *a) {
    assert_ok(a);
    const char *token = answer_text(a, "refresh_token");
    assert_true(strlen(token) > 0);
    return token;
}

static void refresh_once_gives_one_successor(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    house_later(h, 100);
    struct answer second = refresh_post(&h->cx, APP_CONF, one);
    const char *two = refresh_of(&second);
    assert_string_not_equal(one, two);
    assert_true(strlen(answer_text(&second, "id_token")) > 0);
    assert_int_equal(answer_number(&second, "expires_in"), 3600);
    struct answer third = refresh_post(&h->cx, APP_CONF, two);
    assert_ok(&third);
    assert_int_equal(house_number(h, "SELECT count(*) FROM session"), 1);
    /* The successor lives its full lifetime from its birth on. */
    json_t *claims = claims_of(&h->cx, two);
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + 100 + 7200);
}

static void refresh_once_reuse_kills_the_family(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    struct answer second = refresh_post(&h->cx, APP_CONF, one);
    const char *two = refresh_of(&second);
    house_later(h, REFRESH_GRACE_SECONDS + 1);
    struct answer reuse = refresh_post(&h->cx, APP_CONF, one);
    assert_error(&reuse, 400, "invalid_grant");
    struct answer dead = refresh_post(&h->cx, APP_CONF, two);
    assert_error(&dead, 400, "invalid_grant");
    assert_int_equal(
        house_number(h, "SELECT count(*) FROM session WHERE refresh_revoked_at IS NOT NULL "
                        "AND revoked_at IS NULL"),
        1);
    assert_int_equal(
        house_number(h, "SELECT count(*) FROM audit WHERE action = 'session.refresh_reuse'"), 1);
    /* Earlier access tokens live on until they expire. */
    assert_true(is_active(h, APP_CONF, answer_text(&second, "access_token")));
}

static void refresh_once_token_two_generations_old_kills_the_family(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    struct answer second = refresh_post(&h->cx, APP_CONF, one);
    struct answer third = refresh_post(&h->cx, APP_CONF, refresh_of(&second));
    assert_ok(&third);
    struct answer reuse =
        refresh_post(&h->cx, APP_CONF, one); /* within 10 s, but not the last one */
    assert_error(&reuse, 400, "invalid_grant");
    struct answer dead = refresh_post(&h->cx, APP_CONF, refresh_of(&third));
    assert_error(&dead, 400, "invalid_grant");
}

static void refresh_once_grace_gives_an_authenticated_client_the_same_answer(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    struct answer second = refresh_post(&h->cx, APP_CONF, one);
    assert_ok(&second);
    house_later(h, REFRESH_GRACE_SECONDS);
    struct answer again = refresh_post(&h->cx, APP_CONF, one);
    assert_ok(&again);
    assert_true(str_eq(second.body, again.body));
    struct answer third = refresh_post(&h->cx, APP_CONF, refresh_of(&second));
    assert_ok(&third);
}

static void refresh_once_grace_needs_the_client_to_authenticate(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    struct answer second = refresh_post(&h->cx, APP_CONF, one);
    assert_ok(&second);
    struct answer a = ASK(h, .handle = token_post,
                          .body = format(&h->cx, "grant_type=refresh_token&refresh_token=%s", one));
    assert_error(&a, 401, "invalid_client");
    a = ASK(h, .handle = token_post,
            .body = format(&h->cx, "grant_type=refresh_token&refresh_token=%s&client_id=" APP_CONF,
                           one));
    assert_error(&a, 401, "invalid_client");
    a = refresh_post(&h->cx, APP_POST, one);
    assert_error(&a, 400, "invalid_grant");
    a = refresh_post(&h->cx, APP_CONF, refresh_of(&second));
    assert_ok(&a);
}

static struct answer public_post(struct house *h, const char *token, const char *rest) {
    return ASK(h, .handle = token_post,
               .body = format(&h->cx, "grant_type=refresh_token&refresh_token=%s%s", token, rest));
}

static void public_application_refreshes_by_the_token_alone(void **state) {
    struct house *h = *state;
    const char *one = public_refresh(&h->cx);
    struct answer a = public_post(h, one, "");
    const char *two = refresh_of(&a);
    a = public_post(h, two, "&client_id=" APP_PUBLIC);
    assert_ok(&a);
    assert_int_equal(
        house_number(h, "SELECT count(*) FROM session WHERE refresh_answer IS NOT NULL"), 0);
}

static void refresh_once_public_application_gets_no_grace_and_keeps_its_family(void **state) {
    struct house *h = *state;
    const char *one = public_refresh(&h->cx);
    struct answer a = public_post(h, one, "");
    const char *two = refresh_of(&a);
    a = public_post(h, one, "");
    assert_error(&a, 400, "invalid_grant");
    a = public_post(h, two, "");
    const char *three = refresh_of(&a);
    house_later(h, REFRESH_GRACE_SECONDS + 1);
    a = public_post(h, two, "");
    assert_error(&a, 400, "invalid_grant");
    a = public_post(h, three, "");
    assert_error(&a, 400, "invalid_grant");
}

static void token_of_another_application_is_refused_and_lives(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    struct answer a = refresh_post(&h->cx, APP_POST, one);
    assert_error(&a, 400, "invalid_grant");
    a = public_post(h, one, "&client_id=" APP_PUBLIC);
    assert_error(&a, 400, "invalid_grant");
    a = refresh_post(&h->cx, APP_CONF, one);
    assert_ok(&a);
}

static void audience_only_refresh_tokens_of_this_environment_refresh(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    static const char *const others[] = {"access_token", "id_token"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct answer a = refresh_post(&h->cx, APP_CONF, answer_text(&first, others[i]));
        assert_error(&a, 400, "invalid_grant");
    }
    struct answer gov = ASK(h, .handle = token_post, .host = HOST_GOV,
                            .body = "grant_type=client_credentials" AS(APP_GOV));
    struct answer a = refresh_post(&h->cx, APP_CONF, refresh_of(&gov));
    assert_error(&a, 400, "invalid_grant");
    a = refresh_post(&h->cx, APP_CONF, "nonsense");
    assert_error(&a, 400, "invalid_grant");
}

static void expired_token_is_refused_without_harm(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    house_later(h, 7200);
    struct answer a = refresh_post(&h->cx, APP_CONF, refresh_of(&first));
    assert_error(&a, 400, "invalid_grant");
    assert_int_equal(
        house_number(h, "SELECT count(*) FROM session WHERE refresh_revoked_at IS NOT NULL"), 0);
}

static void scope_may_be_narrowed_never_widened(void **state) {
    struct house *h = *state;
    struct answer first = ASK(
        h, .handle = token_post,
        .body = "grant_type=client_credentials" AS(APP_POST) "&scope=openid+platform-user-read");
    struct ctx *cx = &h->cx;
    const char *ask_for = "%s&scope=%s";
    struct answer a =
        refresh_post(cx, APP_POST, format(cx, ask_for, refresh_of(&first), "analytics-query"));
    assert_error(&a, 400, "invalid_scope");
    a = refresh_post(cx, APP_POST, format(cx, ask_for, refresh_of(&first), "platform-user-read"));
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "scope"), "platform-user-read");
    a = refresh_post(cx, APP_POST, refresh_of(&a));
    assert_string_equal(answer_text(&a, "scope"), "openid platform-user-read");
    house_sql(h, "UPDATE application SET scope = 'openid' WHERE application_id = '" APP_POST "'");
    a = refresh_post(cx, APP_POST, refresh_of(&a));
    assert_string_equal(answer_text(&a, "scope"), "openid");
}

static void dead_means_dead_for_refresh_tokens(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    static const struct death deaths[] = {
        DEATH_USER,
        {"UPDATE employee SET status = 'DELETED' WHERE employee_id = '" USER "'",
         "UPDATE employee SET status = 'ACTIVE' WHERE employee_id = '" USER "'"},
        DEATH_TENANT,
        DEATH_APPLICATION(APP_CONF),
        DEATH_ACCESS_KEY};
    for (size_t i = 0; i < COUNT_OF(deaths); i++) {
        house_sql(h, deaths[i].kill);
        struct answer a = refresh_post(&h->cx, APP_CONF, one);
        assert_in_range(a.status, 400, 401);
        house_sql(h, deaths[i].revive);
    }
    struct answer alive = refresh_post(&h->cx, APP_CONF, one);
    const char *two = refresh_of(&alive);
    house_sql(h, "DELETE FROM access_key WHERE access_key_id = '" KEY_ID "'");
    struct answer a = refresh_post(&h->cx, APP_CONF, two);
    assert_error(&a, 400, "invalid_grant");
}

static void dead_means_dead_when_the_tenant_withdraws_the_application(void **state) {
    struct house *h = *state;
    struct answer first =
        ASK(h, .handle = token_post,
            .body = "grant_type=client_credentials" AS(APP_POST) "&tenantId=" TENANT_TWO);
    const char *one = refresh_of(&first);
    house_sql(h,
              "UPDATE application_tenant SET is_allowed = 0 WHERE application_id = '" APP_POST "'");
    struct answer a = refresh_post(&h->cx, APP_POST, one);
    assert_error(&a, 401, "unauthorized_client");
}

static struct answer refresh_kept(struct house *h, const char *token) {
    return ASK(
        h, .handle = token_post, .keep_write = true,
        .body = format(&h->cx, "grant_type=refresh_token&refresh_token=%s%s", token, AS(APP_CONF)));
}

/* Two requests read the same state; both go to the write queue. */
static void refresh_once_loser_of_a_race_gets_the_winners_answer(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    struct answer a = refresh_kept(h, one), b = refresh_kept(h, one);
    answer_commit(&h->cx, &a);
    answer_commit(&h->cx, &b);
    assert_ok(&a);
    assert_ok(&b);
    assert_true(str_eq(a.body, b.body));
}

static void refresh_once_loser_of_a_race_is_refused_if_public(void **state) {
    struct house *h = *state;
    const char *body =
        format(&h->cx, "grant_type=refresh_token&refresh_token=%s", public_refresh(&h->cx));
    struct answer a = ASK(h, .handle = token_post, .keep_write = true, .body = body);
    struct answer b = ASK(h, .handle = token_post, .keep_write = true, .body = body);
    answer_commit(&h->cx, &a);
    answer_commit(&h->cx, &b);
    assert_error(&b, 400, "invalid_grant");
    assert_false(contains(b.body, "access_token"));
    const char *two = refresh_of(&a);
    struct answer c = public_post(h, two, "");
    assert_ok(&c);
}

static void refresh_once_against_a_revoke_leaves_nothing_alive(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    struct answer a = refresh_kept(h, one);
    house_sql(h, "UPDATE session SET revoked_at = 1");
    answer_commit(&h->cx, &a);
    assert_error(&a, 400, "invalid_grant");
    assert_false(contains(a.body, "access_token"));
}

static err fail_after(struct ctx *cx, void *state) {
    struct answer *answers = state;
    err e = answers[0].reply->write.run(cx, answers[0].reply->write.state);
    if (e == OK) {
        e = answers[1].reply->write.run(cx, answers[1].reply->write.state);
    }
    return e != OK ? e : fail(cx, ERR_STORAGE, "the batch failed");
}

/* A batch in which the winner's commit failed is run again, one by one: what the loser saw then
 * never happened. */
static void loser_of_a_race_that_never_happened_gets_its_own_answer(void **state) {
    struct house *h = *state;
    struct answer first = password_token(h);
    const char *one = refresh_of(&first);
    struct answer both[2] = {refresh_kept(h, one), refresh_kept(h, one)};
    struct str own = both[1].reply->body;
    assert_int_equal(db_transaction(&h->cx, fail_after, both), ERR_STORAGE);
    assert_false(str_eq(both[1].reply->body, own));
    answer_commit(&h->cx, &both[1]);
    assert_ok(&both[1]);
    assert_true(str_eq(both[1].body, own));
    struct answer next = refresh_post(&h->cx, APP_CONF, refresh_of(&both[1]));
    assert_ok(&next);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(refresh_once_gives_one_successor),
        HOUSE_TEST(refresh_once_reuse_kills_the_family),
        HOUSE_TEST(refresh_once_token_two_generations_old_kills_the_family),
        HOUSE_TEST(refresh_once_grace_gives_an_authenticated_client_the_same_answer),
        HOUSE_TEST(refresh_once_grace_needs_the_client_to_authenticate),
        HOUSE_TEST(public_application_refreshes_by_the_token_alone),
        HOUSE_TEST(refresh_once_public_application_gets_no_grace_and_keeps_its_family),
        HOUSE_TEST(token_of_another_application_is_refused_and_lives),
        HOUSE_TEST(audience_only_refresh_tokens_of_this_environment_refresh),
        HOUSE_TEST(expired_token_is_refused_without_harm),
        HOUSE_TEST(scope_may_be_narrowed_never_widened),
        HOUSE_TEST(dead_means_dead_for_refresh_tokens),
        HOUSE_TEST(dead_means_dead_when_the_tenant_withdraws_the_application),
        HOUSE_TEST(refresh_once_loser_of_a_race_gets_the_winners_answer),
        HOUSE_TEST(refresh_once_loser_of_a_race_is_refused_if_public),
        HOUSE_TEST(refresh_once_against_a_revoke_leaves_nothing_alive),
        HOUSE_TEST(loser_of_a_race_that_never_happened_gets_its_own_answer),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
