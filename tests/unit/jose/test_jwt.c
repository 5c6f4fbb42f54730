/* SPDX-License-Identifier: Apache-2.0 */
/* Claims: times to the second, types, audiences. */
#include "fixture.h"
#include "jose.h"

#include <inttypes.h>

#define NOW "1700000000"

static err parse(struct fixture *f, const char *claims, int64_t leeway, struct jwt *ret) {
    struct jws jws = {.payload = str_from(claims)};
    return jwt_parse(&f->cx, &jws, leeway, ret);
}

static void assert_refused(struct fixture *f, const char *claims, const char *says) {
    struct jwt jwt = {.exp = 77};
    if (parse(f, claims, JWT_LEEWAY_SECONDS, &jwt) != ERR_INVALID_TOKEN) {
        fail_msg("'%s' was taken", claims);
    }
    assert_int_equal(jwt.exp, 77);
    assert_reason(f, says);
    assert_false(f->cx.failure.say);
}

static struct jwt parsed(struct fixture *f, const char *claims) {
    struct jwt jwt;
    assert_int_equal(parse(f, claims, JWT_LEEWAY_SECONDS, &jwt), OK);
    return jwt;
}

static void claims_are_read(void **state) {
    struct fixture *f = *state;
    struct jwt jwt =
        parsed(f, "{\"iss\":\"i\",\"sub\":\"s\",\"jti\":\"j\",\"exp\":1700000100,\"iat\":" NOW
                  ",\"nbf\":1699999999,\"scope\":\"a b\",\"n\":1}");
    assert_str(jwt.iss, "i");
    assert_str(jwt.sub, "s");
    assert_str(jwt.jti, "j");
    assert_int_equal(jwt.exp, 1700000100);
    assert_int_equal(jwt.iat, 1700000000);
    assert_int_equal(jwt.nbf, 1699999999);
    assert_str(jwt_str(&jwt, "scope"), "a b");
    assert_null(jwt_str(&jwt, "n").p);
    assert_null(jwt_str(&jwt, "absent").p);
    jwt = parsed(f, "{\"exp\":1700000100}");
    assert_null(jwt.iss.p);
    assert_int_equal(jwt.iat, 0);
    assert_int_equal(jwt.nbf, 0);
}

static void jwt_expired_to_the_second(void **state) {
    struct fixture *f = *state;
    parsed(f, "{\"exp\":1700000001}");
    assert_refused(f, "{\"exp\":" NOW "}", "expired 0"); /* RFC 7519 4.1.4: on or after */
    assert_refused(f, "{\"exp\":1699999999}", "expired 1");
    assert_refused(f, "{\"exp\":0}", "expired");
    assert_refused(f, "{}", "expires");
    assert_refused(f, "{\"iat\":" NOW "}", "expires");
}

static void jwt_not_yet_valid_to_the_second(void **state) {
    struct fixture *f = *state;
    parsed(f, "{\"exp\":1800000000,\"nbf\":1700000060}");
    parsed(f, "{\"exp\":1800000000,\"iat\":1700000060}");
    assert_refused(f, "{\"exp\":1800000000,\"nbf\":1700000061}", "not valid yet");
    assert_refused(f, "{\"exp\":1800000000,\"iat\":1700000061}", "not valid yet");
    assert_refused(f, "{\"exp\":1800000000,\"nbf\":253402300799}", "not valid yet");
    struct jwt jwt;
    assert_int_equal(parse(f, "{\"exp\":1800000000,\"nbf\":1700000001}", 0, &jwt),
                     ERR_INVALID_TOKEN);
    assert_int_equal(parse(f, "{\"exp\":1800000000,\"nbf\":" NOW "}", 0, &jwt), OK);
}

static void jwt_odd_numbers_are_no_times(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"-1",
                                      "-9223372036854775808",
                                      "253402300800",
                                      "9223372036854775807",
                                      "1700000100.5",
                                      "1700000100.0",
                                      "1.7e9",
                                      "1e300",
                                      "\"1700000100\"",
                                      "true",
                                      "null",
                                      "[1700000100]",
                                      "{}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_refused(f, str_format(f->arena, "{\"exp\":%s}", bad[i]).p, "exp");
        assert_refused(f, str_format(f->arena, "{\"exp\":1800000000,\"nbf\":%s}", bad[i]).p, "nbf");
        assert_refused(f, str_format(f->arena, "{\"exp\":1800000000,\"iat\":%s}", bad[i]).p, "iat");
    }
    parsed(f, str_format(f->arena, "{\"exp\":%" PRId64 "}", (int64_t)JWT_TIME_MAX).p);
}

static void jwt_huge_numbers_nan_and_infinity_are_refused(void **state) {
    struct fixture *f = *state;
    assert_refused(f, "{\"exp\":9223372036854775808}", "");
    assert_refused(f, "{\"exp\":99999999999999999999999999}", "");
    assert_refused(f, "{\"exp\":1e400}", "");
    assert_refused(f, "{\"exp\":NaN}", "");
    assert_refused(f, "{\"exp\":Infinity}", "");
    assert_refused(f, "{\"exp\":-Infinity}", "");
    assert_refused(f, "{\"exp\":1800000000,\"x\":1e999}", "");
}

static void jwt_claims_that_are_no_strict_object_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"",
                                      "[]",
                                      "null",
                                      "\"x\"",
                                      "{\"exp\":1800000000",
                                      "{\"exp\":1800000000}}",
                                      "{\"exp\":1800000000,\"exp\":1800000001}",
                                      "{\"exp\":1800000000,\"sub\":\"a\",\"sub\":\"b\"}",
                                      "{\"exp\":1800000000,\"sub\":\"\\u0000\"}",
                                      "{\"exp\":1800000000,\"sub\":\"\xff\"}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_refused(f, bad[i], "");
    }
    struct buf b = buf_in(f->arena, 0);
    buf_z(&b, "{\"exp\":1800000000,\"x\":");
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        buf_char(&b, '[');
    }
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        buf_char(&b, ']');
    }
    buf_char(&b, '}');
    assert_refused(f, str_z(f->arena, buf_view(&b)), "");
}

static void names_that_are_no_text_are_absent(void **state) {
    struct fixture *f = *state;
    struct jwt jwt = parsed(f, "{\"exp\":1800000000,\"iss\":1,\"sub\":[\"a\"],\"jti\":null}");
    assert_null(jwt.iss.p);
    assert_null(jwt.sub.p);
    assert_null(jwt.jti.p);
}

static void audiences(void **state) {
    struct fixture *f = *state;
    struct jwt one = parsed(f, "{\"exp\":1800000000,\"aud\":\"a\"}");
    struct jwt list = parsed(f, "{\"exp\":1800000000,\"aud\":[\"a\",\"b\"]}");
    struct jwt single = parsed(f, "{\"exp\":1800000000,\"aud\":[\"a\"]}");
    assert_true(jwt_has_audience(&one, STR("a")) && jwt_audience_is(&one, STR("a")));
    assert_true(jwt_has_audience(&list, STR("b")));
    assert_true(jwt_has_audience(&single, STR("a")) && jwt_audience_is(&single, STR("a")));
    assert_false(jwt_has_audience(&one, STR("A")));
    assert_false(jwt_has_audience(&list, STR("a b")));
    assert_false(jwt_audience_is(&list, STR("a"))); /* not exactly this one */
    static const char *const odd[] = {"{\"exp\":1800000000}",
                                      "{\"exp\":1800000000,\"aud\":null}",
                                      "{\"exp\":1800000000,\"aud\":[]}",
                                      "{\"exp\":1800000000,\"aud\":{\"a\":1}}",
                                      "{\"exp\":1800000000,\"aud\":[[\"a\"]]}",
                                      "{\"exp\":1800000000,\"aud\":\"\"}",
                                      "{\"exp\":1800000000,\"aud\":\"a/\"}",
                                      "{\"exp\":1800000000,\"aud\":1}"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        struct jwt jwt = parsed(f, odd[i]);
        assert_false(jwt_has_audience(&jwt, STR("a")));
        assert_false(jwt_audience_is(&jwt, STR("a")));
    }
    struct jwt none = parsed(f, "{\"exp\":1800000000}");
    assert_false(jwt_has_audience(&none, STR_NONE) || jwt_audience_is(&none, STR_NONE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(claims_are_read),
        TEST(jwt_expired_to_the_second),
        TEST(jwt_not_yet_valid_to_the_second),
        TEST(jwt_odd_numbers_are_no_times),
        TEST(jwt_huge_numbers_nan_and_infinity_are_refused),
        TEST(jwt_claims_that_are_no_strict_object_are_refused),
        TEST(names_that_are_no_text_are_absent),
        TEST(audiences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
