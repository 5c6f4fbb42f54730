/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in on another machine (RFC 8628): what the server says is bounded, and what a poll's
 * refusal means. */
#include "call_fixture.h"

#define ISSUER "https://cxone.example"
#define DOCUMENT                                                                                   \
    "{\"issuer\":\"" ISSUER "\",\"token_endpoint\":\"" ISSUER "/t\","                              \
    "\"device_authorization_endpoint\":\"" ISSUER "/d\"}"
#define ANSWER(code, user, uri, rest)                                                              \
    "{\"device_code\":\"" code "\",\"user_code\":\"" user "\",\"verification_uri\":\"" uri         \
    "\"" rest "}"

static void with(struct call_fixture *f) {
    set(f, "issuer", ISSUER);
    set(f, "client_id", "c d");
    set(f, "auth_method", "none");
    set(f, "grant", "authorization_code");
    know(f, DOCUMENT, NULL);
}

static err read_answer(struct call_fixture *f, const char *text, struct postern_device *d) {
    *d = (struct postern_device){.arena = f->base->arena};
    return device_answer_read(f->k, str_from(text), d);
}

static void answers_are_read(void **state) {
    struct call_fixture *f = *state;
    struct postern_device d;
    int64_t before = clock_monotonic_us();
    assert_int_equal(read_answer(f,
                                 ANSWER("dc", "WDJB-MJHT", "https://h.example/device",
                                        ",\"verification_uri_complete\":"
                                        "\"https://h.example/device?user_code=WDJB-MJHT\","
                                        "\"expires_in\":600,\"interval\":7"),
                                 &d),
                     OK);
    assert_str(d.code, "dc");
    assert_string_equal(postern_device_user_code(&d), "WDJB-MJHT");
    assert_string_equal(postern_device_uri(&d), "https://h.example/device");
    assert_string_equal(postern_device_uri_complete(&d),
                        "https://h.example/device?user_code=WDJB-MJHT");
    assert_int_equal(d.interval_ms, 7000);
    assert_true(d.next_us >= before + 7000000);
    assert_true(d.expires_us >= before + 600000000);
    /* RFC 8628 3.2: what may be absent. */
    assert_int_equal(
        read_answer(f, ANSWER("dc", "1", "http://127.0.0.1:3000/d", ",\"expires_in\":1"), &d), OK);
    assert_null(postern_device_uri_complete(&d));
    assert_int_equal(d.interval_ms, 5000);
}

static void bombs_answers_that_are_none_are_refused(void **state) {
    struct call_fixture *f = *state;
    struct postern_device d;
    static const char *const bad[] = {
        "",
        "[]",
        "<html>",
        "{}",
        ANSWER("", "A", ISSUER, ",\"expires_in\":600"),
        ANSWER("a b", "A", ISSUER, ",\"expires_in\":600"),
        ANSWER("a", "", ISSUER, ",\"expires_in\":600"),
        ANSWER("a", "A\\u001b[2J", ISSUER, ",\"expires_in\":600"),
        ANSWER("a", "A\\u202e", ISSUER, ",\"expires_in\":600"),
        ANSWER("a", "A", "", ",\"expires_in\":600"),
        ANSWER("a", "A", "http://h.example/", ",\"expires_in\":600"),
        ANSWER("a", "A", "javascript:alert(1)", ",\"expires_in\":600"),
        ANSWER("a", "A", "https://u@h.example/", ",\"expires_in\":600"),
        ANSWER("a", "A", "https://h.example/\\n", ",\"expires_in\":600"),
        ANSWER("a", "A", ISSUER, ",\"verification_uri_complete\":\"x\",\"expires_in\":600"),
        ANSWER("a", "A", ISSUER, ""),
        ANSWER("a", "A", ISSUER, ",\"expires_in\":0"),
        ANSWER("a", "A", ISSUER, ",\"expires_in\":86401"),
        ANSWER("a", "A", ISSUER, ",\"expires_in\":\"600\""),
        ANSWER("a", "A", ISSUER, ",\"expires_in\":600,\"interval\":0"),
        ANSWER("a", "A", ISSUER, ",\"expires_in\":600,\"interval\":301"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(read_answer(f, bad[i], &d), ERR_CLIENT_ANSWER);
    }
}

static void refusals_have_a_meaning(void **state) {
    struct call_fixture *f = *state;
    static const struct {
        err e;
        const char *error;
        enum device_outcome outcome;
    } rows[] = {
        {OK, "", DEVICE_SIGNED_IN},
        {ERR_CLIENT_AUTH, "authorization_pending", DEVICE_PENDING},
        {ERR_CLIENT_AUTH, "slow_down", DEVICE_SLOW_DOWN},
        {ERR_CLIENT_AUTH, "access_denied", DEVICE_REFUSED},
        {ERR_CLIENT_AUTH, "expired_token", DEVICE_REFUSED},
        {ERR_CLIENT_AUTH, "invalid_grant", DEVICE_REFUSED},
        {ERR_CLIENT_AUTH, "", DEVICE_REFUSED},
        {ERR_CLIENT_TIMEOUT, "", DEVICE_UNHEARD},
        {ERR_CLIENT_NETWORK, "authorization_pending", DEVICE_UNHEARD},
        {ERR_CLIENT_SERVER, "", DEVICE_UNHEARD},
        {ERR_CLIENT_LIMIT, "", DEVICE_UNHEARD},
        {ERR_CLIENT_TLS, "", DEVICE_FAILED},
        {ERR_CLIENT_TOKEN, "", DEVICE_FAILED},
        {ERR_CLIENT_CANCELLED, "", DEVICE_FAILED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        f->k->oauth_error = str_from(rows[i].error);
        assert_int_equal(device_outcome(f->k, rows[i].e), rows[i].outcome);
    }
}

static void the_code_is_sent_with_its_grant(void **state) {
    struct call_fixture *f = *state;
    struct postern_device d;
    struct endpoints ep;
    with(f);
    assert_int_equal(
        read_answer(f, ANSWER("d+c", "1", "http://127.0.0.1/d", ",\"expires_in\":1"), &d), OK);
    assert_int_equal(discovery_get(f->k, 0, &ep), OK);
    struct token_request r = token_request_new(f->k);
    f->k->device = &d;
    assert_int_equal(login_request(f->k, &ep, &r), OK);
    buf_char(&r.body, '\0');
    assert_string_equal(r.body.p, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
                                  "device_code&client_id=c%20d&device_code=d%2Bc");
}

static void what_cannot_begin_or_poll_says_why(void **state) {
    struct call_fixture *f = *state;
    struct postern_device *device = NULL, d = {.client = NULL};
    assert_int_equal(postern_device_begin(NULL, NULL, &device), POSTERN_USAGE);
    assert_int_equal(postern_device_begin(f->p, NULL, &device), POSTERN_USAGE);
    assert_int_equal(postern_device_poll(f->p, NULL, 0, NULL), POSTERN_USAGE);
    assert_int_equal(postern_device_poll(f->p, &d, -1, NULL), POSTERN_USAGE);
    assert_int_equal(postern_device_poll(f->p, &d, 0, NULL), POSTERN_USAGE); /* another client's */
    d.client = f->p;
    d.next_us = d.expires_us = INT64_MAX;
    assert_int_equal(postern_device_poll(f->p, &d, 0, NULL), POSTERN_TIMEOUT);
    assert_int_equal(postern_device_poll(f->p, &d, 20, NULL), POSTERN_TIMEOUT);
    struct postern_cancel *cancel = postern_cancel_new();
    postern_cancel(cancel);
    assert_int_equal(postern_device_poll(f->p, &d, 60000, cancel), POSTERN_CANCELLED);
    postern_cancel_free(cancel);
    d.expires_us = 0;
    assert_int_equal(postern_device_poll(f->p, &d, 1000, NULL), POSTERN_AUTH);
    assert_string_equal(postern_error()->error, "expired_token");
    assert_int_equal(postern_device_poll(f->p, &d, 1000, NULL), POSTERN_USAGE); /* it has ended */
    postern_device_free(NULL);
    assert_null(postern_device_uri(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CALL_TEST(answers_are_read),
        CALL_TEST(bombs_answers_that_are_none_are_refused),
        CALL_TEST(refusals_have_a_meaning),
        CALL_TEST(the_code_is_sent_with_its_grant),
        CALL_TEST(what_cannot_begin_or_poll_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
