/* SPDX-License-Identifier: Apache-2.0 */
/* Device authorization and its grant (RFC 8628): two codes, a person elsewhere, tokens once. */
#include "harness.h"

#include <string.h>

#define GRANT "grant_type=" GRANT_DEVICE_CODE
#define POST  "client_id=" APP_CONF "&client_secret=" SECRET_FORM

static const char *client_of(const char *application) {
    return strcmp(application, APP_CONF) == 0 ? POST : "client_id=" APP_PUBLIC;
}

static struct answer begin(struct house *h, const char *application, const char *more) {
    return ASK(h, .handle = device_authorization_post,
               .body = format(&h->cx, "%s%s", client_of(application), more));
}

static struct answer poll_of(struct house *h, const char *application, const char *code) {
    return ASK(h, .handle = token_post,
               .body = format(&h->cx, GRANT "&%s&device_code=%s", client_of(application), code));
}

/* The person types the code and answers. */
static void person(struct house *h, const struct answer *begun, struct browser *b, bool allow) {
    struct str code = str_from(answer_text(begun, "user_code"));
    struct str environment = begun->rq->environment->id;
    assert_int_equal(device_code_show(&h->cx, environment, code, b->sso), OK);
    assert_int_equal(device_code_decide(&h->cx, environment, code, b->sso, allow), OK);
}

static struct answer refresh(struct house *h, const char *application, const char *token) {
    return ASK(h, .handle = token_post,
               .body = format(&h->cx, "grant_type=refresh_token&%s&refresh_token=%s",
                              client_of(application), token));
}

static void answer_has_what_the_rfc_says(void **state) {
    struct house *h = *state;
    struct answer a = begin(h, APP_PUBLIC, "&scope=openid");
    assert_ok(&a);
    const char *code = answer_text(&a, "user_code");
    assert_int_equal(strlen(code), USER_CODE_LENGTH);
    assert_int_equal(strspn(code, "BCDFGHJKLMNPQRSTVWXZ"), 4);
    assert_int_equal(code[4], '-');
    assert_int_equal(strspn(code + 5, "BCDFGHJKLMNPQRSTVWXZ"), 4);
    assert_string_equal(answer_text(&a, "verification_uri"), ISSUER "/auth/device");
    assert_string_equal(answer_text(&a, "verification_uri_complete"),
                        format(&h->cx, ISSUER "/auth/device?user_code=%s", code));
    assert_int_equal(answer_number(&a, "expires_in"), 600);
    assert_int_equal(answer_number(&a, "interval"), 5);
    const char *device = answer_text(&a, "device_code");
    assert_int_equal(strncmp(device, TENANT ".", sizeof TENANT), 0);
    assert_int_equal(strlen(device), sizeof TENANT + 43);
    /* At rest there is neither. */
    assert_int_equal(house_number(h, "SELECT count(*) FROM device_code WHERE code_digest LIKE "
                                     "'%.%' OR length(code_digest) <> 43"),
                     0);
    assert_int_equal(house_number(h, "SELECT count(*) FROM user_code_index WHERE "
                                     "length(user_code_digest) = 43"),
                     1);
}

static void begin_is_refused(void **state) {
    struct house *h = *state;
    struct answer a = ASK(h, .handle = device_authorization_post, .body = "scope=openid");
    assert_error(&a, 401, "invalid_client");
    a = ASK(h, .handle = device_authorization_post, .body = "client_id=" APP_CONF);
    assert_error(&a, 401, "invalid_client");
    a = ASK(h, .handle = device_authorization_post, .body = "client_id=nobody");
    assert_error(&a, 401, "invalid_client");
    a = begin(h, APP_PUBLIC, "&scope=openid+everything");
    assert_error(&a, 400, "invalid_scope");
    a = begin(h, APP_PUBLIC, "&scope=offline_access"); /* nothing is left of it: not all there is */
    assert_error(&a, 400, "invalid_scope");
    a = begin(h, APP_PUBLIC, "&scope=openid&scope=openid");
    assert_error(&a, 400, "invalid_request");
    a = ASK(h, .handle = device_authorization_post, .query = "client_id=" APP_PUBLIC, .body = "");
    assert_error(&a, 400, "invalid_request");
    a = ASK(h, .handle = device_authorization_post,
            .authorization = basic(&h->cx, APP_BASIC, SECRET), .body = "scope=openid");
    assert_error(&a, 400, "unauthorized_client");
    assert_int_equal(house_number(h, "SELECT count(*) FROM device_code"), 0);
    a = begin(h, APP_PUBLIC, "&scope=openid+offline_access");
    assert_ok(&a);
}

static void code_becomes_tokens(void **state) {
    struct house *h = *state;
    static const char *const applications[] = {APP_PUBLIC, APP_CONF};
    for (size_t i = 0; i < COUNT_OF(applications); i++) {
        struct browser b = browser_new(h, TENANT, USER);
        int64_t signed_in = h->cx.now;
        struct answer begun = begin(h, applications[i], "&scope=openid+platform-user-read");
        assert_ok(&begun);
        house_later(h, 30);
        person(h, &begun, &b, true);
        struct answer a = poll_of(h, applications[i], answer_text(&begun, "device_code"));
        assert_ok(&a);
        assert_string_equal(answer_text(&a, "scope"), "openid platform-user-read");
        json_t *id = claims_of(&h->cx, answer_text(&a, "id_token"));
        assert_int_equal(json_integer_value(json_object_get(id, "auth_time")), signed_in);
        json_t *amr = json_object_get(id, "amr");
        assert_string_equal(json_string_value(json_array_get(amr, 0)), "pwd");
        json_t *access = claims_of(&h->cx, answer_text(&a, "access_token"));
        assert_true(json_is_string(json_object_get(access, "sid")));
        a = refresh(h, applications[i], answer_text(&a, "refresh_token"));
        assert_ok(&a);
    }
}

static void pending_and_slow_down(void **state) {
    struct house *h = *state;
    struct answer begun = begin(h, APP_PUBLIC, "");
    const char *code = answer_text(&begun, "device_code");
    struct answer a = poll_of(h, APP_PUBLIC, code);
    assert_error(&a, 400, "authorization_pending");
    house_later(h, 5);
    a = poll_of(h, APP_PUBLIC, code);
    assert_error(&a, 400, "authorization_pending");
    house_later(h, 3);
    a = poll_of(h, APP_PUBLIC, code);
    assert_error(&a, 400, "slow_down");
    /* RFC 8628 3.5: five more, for this and all that follow. */
    house_later(h, 5);
    a = poll_of(h, APP_PUBLIC, code);
    assert_error(&a, 400, "slow_down");
    house_later(h, 15);
    a = poll_of(h, APP_PUBLIC, code);
    assert_error(&a, 400, "authorization_pending");
    assert_int_equal(house_number(h, "SELECT interval_seconds FROM device_code"), 15);
}

static void slow_down_among_two_at_the_same_time(void **state) {
    struct house *h = *state;
    struct answer begun = begin(h, APP_PUBLIC, "");
    const char *body = format(&h->cx, GRANT "&client_id=" APP_PUBLIC "&device_code=%s",
                              answer_text(&begun, "device_code"));
    struct answer one = ASK(h, .handle = token_post, .body = body, .keep_write = true);
    struct answer two = ASK(h, .handle = token_post, .body = body, .keep_write = true);
    answer_commit(&h->cx, &one);
    assert_error(&one, 400, "authorization_pending");
    answer_commit(&h->cx, &two);
    assert_error(&two, 400, "slow_down");
}

static void no_and_too_late(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer begun = begin(h, APP_PUBLIC, "");
    person(h, &begun, &b, false);
    struct answer a = poll_of(h, APP_PUBLIC, answer_text(&begun, "device_code"));
    assert_error(&a, 400, "access_denied");
    struct answer late = begin(h, APP_PUBLIC, ""), allowed = begin(h, APP_PUBLIC, "");
    person(h, &allowed, &b, true);
    house_later(h, 599);
    a = poll_of(h, APP_PUBLIC, answer_text(&late, "device_code"));
    assert_error(&a, 400, "authorization_pending");
    house_later(h, 1);
    a = poll_of(h, APP_PUBLIC, answer_text(&late, "device_code"));
    assert_error(&a, 400, "expired_token");
    a = poll_of(h, APP_PUBLIC, answer_text(&allowed, "device_code"));
    assert_error(&a, 400, "expired_token");
}

static void code_once_the_second_use_revokes_what_the_first_issued(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer begun = begin(h, APP_PUBLIC, "");
    person(h, &begun, &b, true);
    const char *code = answer_text(&begun, "device_code");
    struct answer first = poll_of(h, APP_PUBLIC, code);
    assert_ok(&first);
    static const char alive[] = "SELECT count(*) FROM session WHERE revoked_at IS NULL";
    assert_int_equal(house_number(h, alive), 1);
    house_later(h, 700); /* also when it would have expired by now */
    struct answer a = poll_of(h, APP_PUBLIC, code);
    assert_error(&a, 400, "invalid_grant");
    assert_int_equal(house_number(h, alive), 0);
    a = refresh(h, APP_PUBLIC, answer_text(&first, "refresh_token"));
    assert_error(&a, 400, "invalid_grant");
    assert_int_equal(
        house_number(h, "SELECT count(*) FROM audit WHERE action = 'session.code_reuse'"), 1);
}

static void code_once_among_two_at_the_same_time(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer begun = begin(h, APP_PUBLIC, "");
    person(h, &begun, &b, true);
    const char *body = format(&h->cx, GRANT "&client_id=" APP_PUBLIC "&device_code=%s",
                              answer_text(&begun, "device_code"));
    struct answer one = ASK(h, .handle = token_post, .body = body, .keep_write = true);
    struct answer two = ASK(h, .handle = token_post, .body = body, .keep_write = true);
    answer_commit(&h->cx, &one);
    assert_ok(&one);
    answer_commit(&h->cx, &two);
    assert_error(&two, 400, "invalid_grant");
    assert_int_equal(house_number(h, "SELECT count(*) FROM session WHERE revoked_at IS NULL"), 0);
}

static void codes_of_others_and_codes_that_are_none(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer begun = begin(h, APP_CONF, "");
    person(h, &begun, &b, true);
    const char *code = answer_text(&begun, "device_code");
    struct answer a = poll_of(h, APP_PUBLIC, code);
    assert_error(&a, 400, "invalid_grant");
    a = ASK(h, .handle = token_post, .authorization = basic(&h->cx, APP_BASIC, SECRET),
            .body = format(&h->cx, GRANT "&device_code=%s", code));
    assert_error(&a, 400, "unauthorized_client");
    a = ASK(h, .handle = token_post,
            .body = format(&h->cx, GRANT "&client_id=" APP_CONF "&device_code=%s", code));
    assert_error(&a, 401, "invalid_client");
    const char *const none[] = {"x", TENANT ".x", answer_text(&begun, "user_code"), "%00",
                                TENANT_TWO ".E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"};
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        a = poll_of(h, APP_CONF, none[i]);
        assert_error(&a, 400, "invalid_grant");
    }
    a = poll_of(h, APP_CONF, format(&h->cx, "%0*d", 4000, 1));
    assert_error(&a, 400, "invalid_grant");
    a = poll_of(h, APP_CONF, "");
    assert_error(&a, 400, "invalid_request");
    a = poll_of(h, APP_CONF, format(&h->cx, "%s&device_code=%s", code, code));
    assert_error(&a, 400, "invalid_request");
    a = ASK(h, .handle = token_post, .query = format(&h->cx, "device_code=%s", code),
            .body = GRANT "&" POST);
    assert_error(&a, 400, "invalid_request");
    /* Another kind of code is none. */
    a = ASK(h, .handle = token_post,
            .body =
                format(&h->cx, "grant_type=authorization_code&%s&code=%s&redirect_uri=" REDIRECT,
                       POST, code));
    assert_error(&a, 400, "invalid_grant");
    a = poll_of(h, APP_CONF, code);
    assert_ok(&a);
}

static void dead_means_dead_between_yes_and_tokens(void **state) {
    struct house *h = *state;
    static const struct death deaths[] = {DEATH_USER, DEATH_TENANT, DEATH_APPLICATION(APP_PUBLIC)};
    struct browser b = browser_new(h, TENANT, USER);
    struct answer a;
    for (size_t i = 0; i < COUNT_OF(deaths); i++) {
        struct answer begun = begin(h, APP_PUBLIC, "");
        person(h, &begun, &b, true);
        house_sql(h, deaths[i].kill);
        a = poll_of(h, APP_PUBLIC, answer_text(&begun, "device_code"));
        assert_true(a.status == 400 || a.status == 401);
        house_sql(h, deaths[i].revive);
    }
    struct answer begun = begin(h, APP_PUBLIC, "");
    person(h, &begun, &b, true);
    assert_int_equal(sso_session_end(&h->cx, b.sso->tenant_id, b.sso->sso_session_id), OK);
    a = poll_of(h, APP_PUBLIC, answer_text(&begun, "device_code"));
    assert_error(&a, 400, "invalid_grant");
    assert_int_equal(house_number(h, "SELECT count(*) FROM session"), 0);
}

static void tenant_that_does_not_allow_the_application(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT_TWO, USER_TWO);
    struct answer begun = begin(h, APP_PUBLIC, ""); /* single: of TENANT alone */
    person(h, &begun, &b, true);
    struct answer a = poll_of(h, APP_PUBLIC, answer_text(&begun, "device_code"));
    assert_error(&a, 401, "unauthorized_client");
}

static void scope_that_the_application_lost_is_not_granted(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct answer begun = begin(h, APP_PUBLIC, "&scope=openid+analytics-query");
    person(h, &begun, &b, true);
    house_sql(h, "UPDATE application SET scope = 'analytics-query' WHERE application_id = "
                 "'" APP_PUBLIC "'");
    struct answer a = poll_of(h, APP_PUBLIC, answer_text(&begun, "device_code"));
    assert_ok(&a);
    assert_string_equal(answer_text(&a, "scope"), "analytics-query");
    assert_string_equal(answer_text(&a, "id_token"), "");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(answer_has_what_the_rfc_says),
        HOUSE_TEST(begin_is_refused),
        HOUSE_TEST(code_becomes_tokens),
        HOUSE_TEST(pending_and_slow_down),
        HOUSE_TEST(slow_down_among_two_at_the_same_time),
        HOUSE_TEST(no_and_too_late),
        HOUSE_TEST(code_once_the_second_use_revokes_what_the_first_issued),
        HOUSE_TEST(code_once_among_two_at_the_same_time),
        HOUSE_TEST(codes_of_others_and_codes_that_are_none),
        HOUSE_TEST(dead_means_dead_between_yes_and_tokens),
        HOUSE_TEST(tenant_that_does_not_allow_the_application),
        HOUSE_TEST(scope_that_the_application_lost_is_not_granted),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
