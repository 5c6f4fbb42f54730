/* SPDX-License-Identifier: Apache-2.0 */
/* One-time passwords: the vectors of RFC 4226 and RFC 6238, the windows, and what is refused. */
#include "crypto.h"
#include "fixture.h"

static struct secret rfc_key(struct fixture *f) {
    return secret_in(f->arena, "12345678901234567890", OTP_SECRET_SIZE);
}

/* RFC 4226 appendix D. */
static void hotp_vectors_of_rfc_4226(void **state) {
    struct fixture *f = *state;
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        char code[OTP_DIGITS];
        hotp(rfc_key(f), (int64_t)i, code);
        assert_str(((struct str){code, OTP_DIGITS}), codes[i]);
    }
}

/* RFC 6238 appendix B, SHA-1: the last six of its eight digits. */
static void totp_vectors_of_rfc_6238(void **state) {
    struct fixture *f = *state;
    static const struct {
        int64_t at;
        const char *code;
    } vectors[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                   {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        int64_t step, at = vectors[i].at;
        assert_true(otp_find(rfc_key(f), str_from(vectors[i].code), totp_window(at), &step));
        assert_int_equal(step, at / TOTP_STEP_SECONDS);
        /* RFC 6238 5.2: one step of drift to either side, and no more. */
        assert_true(otp_find(rfc_key(f), str_from(vectors[i].code),
                             totp_window(at + TOTP_STEP_SECONDS), &step));
        assert_true(otp_find(rfc_key(f), str_from(vectors[i].code),
                             totp_window(at - TOTP_STEP_SECONDS), &step));
        assert_int_equal(step, at / TOTP_STEP_SECONDS);
        step = -7;
        assert_false(otp_find(rfc_key(f), str_from(vectors[i].code),
                              totp_window(at + 2 * TOTP_STEP_SECONDS), &step));
        assert_false(at >= 2 * TOTP_STEP_SECONDS &&
                     otp_find(rfc_key(f), str_from(vectors[i].code),
                              totp_window(at - 2 * TOTP_STEP_SECONDS), &step));
        assert_int_equal(step, -7);
    }
}

static void hotp_looks_ahead_and_never_back(void **state) {
    struct fixture *f = *state;
    int64_t at;
    char code[OTP_DIGITS];
    for (int64_t used = -1; used < 5; used++) {
        hotp(rfc_key(f), used + 1, code);
        assert_true(otp_find(rfc_key(f), (struct str){code, OTP_DIGITS}, hotp_window(used), &at));
        assert_int_equal(at, used + 1);
        hotp(rfc_key(f), used + HOTP_LOOK_AHEAD, code);
        assert_true(otp_find(rfc_key(f), (struct str){code, OTP_DIGITS}, hotp_window(used), &at));
        assert_int_equal(at, used + HOTP_LOOK_AHEAD);
        hotp(rfc_key(f), used + HOTP_LOOK_AHEAD + 1, code);
        assert_false(otp_find(rfc_key(f), (struct str){code, OTP_DIGITS}, hotp_window(used), &at));
        hotp(rfc_key(f), used, code);
        assert_false(otp_find(rfc_key(f), (struct str){code, OTP_DIGITS}, hotp_window(used), &at));
    }
}

static void what_is_no_code_matches_nothing(void **state) {
    struct fixture *f = *state;
    static const char *const codes[] = {"", "75522", "7552244", "755 224", "75522a", "00755224"};
    int64_t at;
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        assert_false(otp_find(rfc_key(f), str_from(codes[i]), hotp_window(-1), &at));
    }
    assert_false(otp_find(rfc_key(f), STR_NONE, hotp_window(-1), &at));
    struct secret other = secret_in(f->arena, "12345678901234567891", OTP_SECRET_SIZE);
    assert_false(otp_find(other, STR("755224"), hotp_window(-1), &at));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(hotp_vectors_of_rfc_4226),
        TEST(totp_vectors_of_rfc_6238),
        TEST(hotp_looks_ahead_and_never_back),
        TEST(what_is_no_code_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
