/* SPDX-License-Identifier: Apache-2.0 */
/* The hook behind AUTH_BEARER, and userinfo behind it (PROTOCOL 9; SECURITY `audience`,
 * `dead-means-dead`). */
#include "harness.h"

#include <string.h>

/* The hook needs to fill the request: a handler that does as route_dispatch() does. */
static err hook_then_userinfo(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct request *own = NEW(cx->arena, struct request);
    *own = *rq;
    TRY(bearer_hook(cx, own, rp));
    if (rq->route->scope != NULL || rq->route->permission != NULL) {
        rp->body = str_format(cx->arena, "{\"actor\":\"%.*s\",\"scope\":\"%.*s\"}",
                              STR_ARG(own->caller->actor), STR_ARG(own->caller->scope));
        return OK;
    }
    return userinfo(cx, own, rp);
}

static const struct route for_user = {.auth = AUTH_BEARER, .errors = ERRORS_API};
static const struct route for_scope = {
    .auth = AUTH_BEARER, .errors = ERRORS_API, .scope = "platform-user-read"};
static const struct route for_other_scope = {
    .auth = AUTH_BEARER, .errors = ERRORS_API, .scope = "platform-user-write"};
static const struct route for_permission = {
    .auth = AUTH_BEARER, .errors = ERRORS_API, .permission = "access-key.create"};

static struct answer call(struct house *h, const char *token, const struct route *route) {
    return ASK(h, .handle = hook_then_userinfo, .method = HTTP_GET, .route = route,
               .authorization = token != NULL ? bearer(&h->cx, token) : NULL);
}

static const char *text(const struct answer *a) {
    assert_ok(a);
    return answer_text(a, "access_token");
}

static void userinfo_tells_the_user(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    struct answer info = call(h, text(&a), &for_user);
    assert_ok(&info);
    assert_string_equal(answer_text(&info, "sub"), "user:" USER);
    assert_string_equal(answer_text(&info, "name"), "beowulf@example.com");
    assert_string_equal(answer_text(&info, "email"), "beowulf.mail@example.com");
    assert_string_equal(answer_text(&info, "given_name"), "Beo\xc3\xbclf");
    assert_string_equal(answer_text(&info, "tenantId"), TENANT);
    assert_true(str_is(info.reply->tenant_id, TENANT) && str_is(info.reply->client_id, APP_CONF));
}

/* OpenID Connect Core 5.3.1, RFC 6750 2.2: in a form, and there alone. */
static void userinfo_takes_the_token_in_a_form(void **state) {
    struct house *h = *state;
    static const struct route posted = {
        .auth = AUTH_BEARER, .errors = ERRORS_API, .handle = userinfo, .methods = HTTP_POST};
    static const char form[] = "application/x-www-form-urlencoded";
    struct answer tokens = password_token(h);
    const char *token = text(&tokens), *body = format(&h->cx, "access_token=%s", token);
    struct answer a = ASK(h, .handle = hook_then_userinfo, .route = &posted, .body = body,
                          .content_type = "application/x-www-form-urlencoded; charset=UTF-8");
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "sub"), "user:" USER);
    a = ASK(h, .handle = hook_then_userinfo, .route = &posted, .body = body, .content_type = form,
            .authorization = bearer(&h->cx, token));
    assert_error(&a, 400, "invalid_request"); /* two methods at once */
    a = ASK(h, .handle = hook_then_userinfo, .route = &posted,
            .body = format(&h->cx, "%s&%s", body, body), .content_type = form);
    assert_error(&a, 400, "invalid_request");
    a = ASK(h, .handle = hook_then_userinfo, .route = &posted, .body = body);
    assert_int_equal(a.status, 401); /* no form by its label */
    a = ASK(h, .handle = hook_then_userinfo, .route = &for_user, .body = body,
            .content_type = form);
    assert_int_equal(a.status, 401); /* another endpoint */
    a = ASK(h, .handle = hook_then_userinfo, .route = &posted, .query = body);
    assert_int_equal(a.status, 401);
}

static void token_missing_is_401(void **state) {
    struct house *h = *state;
    struct answer a = call(h, NULL, &for_user);
    assert_int_equal(a.status, 401);
    a = ASK(h, .handle = hook_then_userinfo, .route = &for_user, .authorization = "");
    assert_int_equal(a.status, 401);
    a = ASK(h, .handle = hook_then_userinfo, .route = &for_user,
            .authorization = basic(&h->cx, APP_BASIC, SECRET));
    assert_int_equal(a.status, 401);
}

static void client_token_is_judged_by_its_scope(void **state) {
    struct house *h = *state;
    struct answer a = client_token(h);
    struct answer info = call(h, text(&a), &for_user);
    assert_error(&info, 403, "user_required");
    info = call(h, text(&a), &for_scope);
    assert_ok(&info);
    assert_string_equal(answer_text(&info, "actor"), "client:" APP_POST);
    info = call(h, text(&a), &for_other_scope);
    assert_error(&info, 403, "insufficient_scope");
}

static void scope_of_a_narrowed_token_is_the_tokens(void **state) {
    struct house *h = *state;
    struct answer a = client_token(h);
    a = refresh_post(&h->cx, APP_POST,
                     format(&h->cx, "%s&scope=openid", answer_text(&a, "refresh_token")));
    struct answer info = call(h, text(&a), &for_scope);
    assert_error(&info, 403, "insufficient_scope");
}

static void user_token_is_judged_by_the_role(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    struct answer info = call(h, text(&a), &for_permission);
    assert_ok(&info);
    info = call(h, text(&a), &for_other_scope);
    assert_ok(&info);
    struct answer agent = ASK(h, .handle = access_key_token_post,
                              .body = "accessKeyId=" AGENT_KEY "&accessKeySecret=" AGENT_SECRET);
    info = call(h, text(&agent), &for_permission);
    assert_error(&info, 403, "forbidden");
}

static void audience_only_access_tokens_are_bearers(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    struct answer info = call(h, answer_text(&a, "id_token"), &for_user);
    assert_error(&info, 401, "invalid_token");
    info = call(h, answer_text(&a, "refresh_token"), &for_user);
    assert_error(&info, 401, "invalid_token");
    info = call(h, "nonsense", &for_user);
    assert_error(&info, 401, "invalid_token");
    info = ASK(h, .handle = hook_then_userinfo, .route = &for_user, .host = HOST_GOV,
               .authorization = bearer(&h->cx, text(&a)));
    assert_error(&info, 401, "invalid_token");
}

static void generated_key_must_be_refreshed_first(void **state) {
    struct house *h = *state;
    struct generated_key key;
    struct str token;
    const struct environment *e;
    assert_int_equal(snapshot_environment(&h->cx, platform_snapshot(&h->cx), STR(HOST), &e), OK);
    assert_int_equal(generated_key_issue(&h->cx, e, STR(TENANT), STR(USER), &key, &token), OK);
    struct answer a = call(h, str_z(h->arena, token), &for_user);
    assert_error(&a, 401, "invalid_token");
    assert_true(contains(a.body, "/public/user/refresh"));
}

/* PROTOCOL 12.11. */
static void id_token_of_the_older_surface_is_a_bearer(void **state) {
    struct house *h = *state;
    struct answer a = access_key_token(h);
    assert_string_equal(answer_text(&a, "id_token"), text(&a));
    struct answer info = call(h, answer_text(&a, "id_token"), &for_user);
    assert_ok(&info);
}

static void regional_host_serves_its_area(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    struct answer info =
        ASK(h, .handle = hook_then_userinfo, .route = &for_user,
            .host = "api-eu1.niceincontact.com", .authorization = bearer(&h->cx, text(&a)));
    assert_error(&info, 403, "forbidden");
    info = ASK(h, .handle = hook_then_userinfo, .route = &for_user,
               .host = "api-na1.niceincontact.com", .authorization = bearer(&h->cx, text(&a)));
    assert_ok(&info);
}

static void dead_means_dead_for_access_tokens(void **state) {
    struct house *h = *state;
    struct answer a = password_token(h);
    static const struct death deaths[] = {DEATH_USER, DEATH_TENANT, DEATH_APPLICATION(APP_CONF),
                                          DEATH_ACCESS_KEY, DEATH_SESSION};
    for (size_t i = 0; i < COUNT_OF(deaths); i++) {
        house_sql(h, deaths[i].kill);
        struct answer info = call(h, text(&a), &for_user);
        assert_error(&info, 401, "invalid_token");
        house_sql(h, deaths[i].revive);
        info = call(h, text(&a), &for_user);
        assert_ok(&info);
    }
    house_sql(h, "UPDATE role SET permissions = '' WHERE name = 'Administrator'");
    struct answer info = call(h, text(&a), &for_permission);
    assert_error(&info, 403, "forbidden");
    house_sql(h, "DELETE FROM session");
    info = call(h, text(&a), &for_user);
    assert_error(&info, 401, "invalid_token");
}

/* What an application loses, its living tokens lose; what it gains, they do not get. */
static void dead_means_dead_for_a_scope_taken_from_the_application(void **state) {
    struct house *h = *state;
    struct answer a = client_token(h);
    const char *token = text(&a);
    struct answer info = call(h, token, &for_scope);
    assert_ok(&info);
    house_sql(h, "UPDATE application SET scope = 'openid platform-user-write'");
    info = call(h, token, &for_scope);
    assert_error(&info, 403, "insufficient_scope");
    info = call(h, token, &for_other_scope);
    assert_error(&info, 403, "insufficient_scope");
    house_sql(h, "UPDATE application SET scope = '" SCOPES "'");
    info = call(h, token, &for_scope);
    assert_ok(&info);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(userinfo_tells_the_user),
        HOUSE_TEST(userinfo_takes_the_token_in_a_form),
        HOUSE_TEST(token_missing_is_401),
        HOUSE_TEST(client_token_is_judged_by_its_scope),
        HOUSE_TEST(scope_of_a_narrowed_token_is_the_tokens),
        HOUSE_TEST(user_token_is_judged_by_the_role),
        HOUSE_TEST(audience_only_access_tokens_are_bearers),
        HOUSE_TEST(generated_key_must_be_refreshed_first),
        HOUSE_TEST(id_token_of_the_older_surface_is_a_bearer),
        HOUSE_TEST(regional_host_serves_its_area),
        HOUSE_TEST(dead_means_dead_for_access_tokens),
        HOUSE_TEST(dead_means_dead_for_a_scope_taken_from_the_application),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
