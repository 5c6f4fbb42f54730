/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent again, and when (PROTOCOL 11): the decision alone. */
#include "../fixture.h"
#include "client.h"

static const struct repeat safe = {.retries = 3, .repeatable = true};
static const struct repeat unsafe = {.retries = 3, .repeatable = false};

static bool again_status(const struct repeat *how, int status) {
    struct outcome o = {.status = status, .left = true, .retry_after_ms = -1, .attempt = 1};
    int64_t wait;
    return repeat_decide(how, &o, &wait);
}

static bool again_error(const struct repeat *how, err e, bool left) {
    struct outcome o = {.error = e, .left = left, .retry_after_ms = -1, .attempt = 1};
    int64_t wait;
    return repeat_decide(how, &o, &wait);
}

static void by_status(void **state) {
    (void)state;
    static const int never[] = {200, 201, 202, 204, 301, 304, 400, 401,
                                403, 404, 408, 409, 413, 501, 505};
    static const int if_repeatable[] = {500, 502, 503, 504};
    static const int always[] = {429};
    for (size_t i = 0; i < COUNT_OF(never); i++) {
        assert_false(again_status(&safe, never[i]));
    }
    for (size_t i = 0; i < COUNT_OF(if_repeatable); i++) {
        assert_true(again_status(&safe, if_repeatable[i]));
        assert_false(again_status(&unsafe, if_repeatable[i]));
    }
    for (size_t i = 0; i < COUNT_OF(always); i++) {
        assert_true(again_status(&safe, always[i]));
        assert_true(again_status(&unsafe, always[i]));
    }
}

/* RFC 9110 15.6.4: with Retry-After the server says that it did nothing; a token that is spent by
 * being sent is not sent again all the same. */
static void a_503_that_invites_is_repeated(void **state) {
    (void)state;
    const struct outcome o = {.status = 503, .retry_after_ms = 0, .attempt = 1};
    const struct repeat spends = {.retries = 3, .spends = true};
    int64_t wait;
    assert_true(repeat_decide(&unsafe, &o, &wait));
    assert_false(repeat_decide(&spends, &o, &wait));
}

/* What may have arrived is repeated only where that does no harm; what never left always. */
static void by_error(void **state) {
    (void)state;
    static const err network[] = {ERR_CLIENT_DNS,     ERR_CLIENT_CONNECT, ERR_CLIENT_TLS,
                                  ERR_CLIENT_TIMEOUT, ERR_CLIENT_NETWORK, ERR_CLIENT_ANSWER};
    static const err ours[] = {ERR_CLIENT_CANCELLED, ERR_CLIENT_USAGE, ERR_CLIENT_MEMORY};
    for (size_t i = 0; i < COUNT_OF(network); i++) {
        assert_true(again_error(&safe, network[i], true));
        assert_true(again_error(&unsafe, network[i], false));
        assert_false(again_error(&unsafe, network[i], true));
    }
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        assert_false(again_error(&safe, ours[i], false));
    }
}

static void never_again(void **state) {
    (void)state;
    int64_t wait;
    struct outcome last = {.status = 503, .retry_after_ms = -1, .attempt = 4};
    struct outcome streamed = {
        .error = ERR_CLIENT_NETWORK, .left = true, .streamed = true, .attempt = 1};
    struct outcome lasting = {.error = ERR_CLIENT_TLS, .lasting = true, .attempt = 1};
    assert_false(repeat_decide(&safe, &last, &wait));
    assert_false(repeat_decide(&safe, &streamed, &wait));
    assert_false(repeat_decide(&safe, &lasting, &wait));
    last.attempt = 3;
    assert_true(repeat_decide(&safe, &last, &wait));
}

static void backoff_doubles_between_bounds(void **state) {
    (void)state;
    const struct repeat how = {.retries = 100, .repeatable = true};
    int64_t whole = 250;
    for (int attempt = 1; attempt < 20; attempt++) {
        struct outcome o = {.status = 500, .retry_after_ms = -1, .attempt = attempt};
        for (uint32_t i = 0; i < 1000; i++) {
            int64_t wait = -1;
            o.random = i * 4294967u;
            assert_true(repeat_decide(&how, &o, &wait));
            assert_in_range(wait, whole / 2, whole);
        }
        whole = whole * 2 < 30000 ? whole * 2 : 30000;
    }
}

static void jitter_spreads(void **state) {
    (void)state;
    int64_t one, other;
    struct outcome o = {.status = 503, .retry_after_ms = -1, .attempt = 3, .random = 1};
    assert_true(repeat_decide(&safe, &o, &one));
    o.random = 77;
    assert_true(repeat_decide(&safe, &o, &other));
    assert_int_not_equal(one, other);
}

static void never_before_retry_after(void **state) {
    (void)state;
    struct outcome o = {.status = 429, .retry_after_ms = 5000, .attempt = 1};
    for (uint32_t i = 0; i < 1000; i++) {
        int64_t wait = -1;
        o.random = i * 4294967u;
        assert_true(repeat_decide(&unsafe, &o, &wait));
        assert_in_range(wait, 5000, 5500);
    }
    o.retry_after_ms = 0;
    int64_t wait = -1;
    assert_true(repeat_decide(&unsafe, &o, &wait));
    assert_int_equal(wait, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_status),
        cmocka_unit_test(a_503_that_invites_is_repeated),
        cmocka_unit_test(by_error),
        cmocka_unit_test(never_again),
        cmocka_unit_test(backoff_doubles_between_bounds),
        cmocka_unit_test(jitter_spreads),
        cmocka_unit_test(never_before_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
