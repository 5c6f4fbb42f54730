/* SPDX-License-Identifier: Apache-2.0 */
/* Which headers pass `postern proxy` (RFC 9110 7.6.1; SECURITY `proxy-headers`). */
#include "fixture.h"
#include "proxy.h"

#define FIELD(name, value)                                                                         \
    { STR(name), STR(value) }

static void end_to_end_headers_pass(void **state) {
    (void)state;
    const char *const sent[] = {
        "Accept", "User-Agent", "CorrelationId",    "If-None-Match",
        "Range",  "X-Custom",   "Content-Encoding", "originating-service-identifier"};
    const char *const returned[] = {
        "Content-Type",     "ETag",     "Retry-After",     "Location", "Link",
        "WWW-Authenticate", "X-Custom", "Content-Encoding"};
    for (size_t i = 0; i < COUNT_OF(sent); i++) {
        assert_true(proxy_sends(NULL, 0, str_from(sent[i])));
    }
    for (size_t i = 0; i < COUNT_OF(returned); i++) {
        assert_true(proxy_returns(NULL, 0, str_from(returned[i])));
    }
}

static void proxy_headers_of_the_hop_do_not_pass(void **state) {
    (void)state;
    const char *const hop[] = {
        "Connection", "keep-alive",        "Proxy-Connection", "TE",
        "trailer",    "Transfer-Encoding", "UPGRADE",          "Proxy-Authorization"};
    for (size_t i = 0; i < COUNT_OF(hop); i++) {
        assert_false(proxy_sends(NULL, 0, str_from(hop[i])));
        assert_false(proxy_returns(NULL, 0, str_from(hop[i])));
    }
}

static void proxy_headers_named_in_connection(void **state) {
    (void)state;
    const struct field fields[] = {FIELD("connection", "close, X-One"), FIELD("X-One", "1"),
                                   FIELD("Connection", " x-two ,,"), FIELD("X-Two", "2"),
                                   FIELD("X-Three", "3")};
    assert_false(proxy_sends(fields, COUNT_OF(fields), STR("X-One")));
    assert_false(proxy_returns(fields, COUNT_OF(fields), STR("X-TWO")));
    assert_true(proxy_sends(fields, COUNT_OF(fields), STR("X-Three")));
    assert_true(proxy_sends(fields, 0, STR("X-One")));
}

static void proxy_headers_of_identity_do_not_pass(void **state) {
    (void)state;
    const char *const sent[] = {"Authorization",
                                "authorization",
                                "Cookie",
                                "Host",
                                "X-Forwarded-For",
                                "x-forwarded-any",
                                "Forwarded",
                                "X-Real-IP",
                                "Content-Length",
                                "Expect",
                                "Origin",
                                "Sec-Fetch-Site",
                                "Access-Control-Request-Method"};
    const char *const returned[] = {"Set-Cookie",
                                    "set-cookie2",
                                    "Content-Length",
                                    "Alt-Svc",
                                    "Access-Control-Allow-Origin",
                                    "Strict-Transport-Security"};
    for (size_t i = 0; i < COUNT_OF(sent); i++) {
        assert_false(proxy_sends(NULL, 0, str_from(sent[i])));
    }
    for (size_t i = 0; i < COUNT_OF(returned); i++) {
        assert_false(proxy_returns(NULL, 0, str_from(returned[i])));
    }
}

static struct str moved(struct fixture *f, const char *location) {
    return proxy_location(f->arena, str_from(location), STR("https://api.example/"),
                          STR("127.0.0.1:4100"));
}

static void locations_of_the_platform_stay_on_the_proxy(void **state) {
    struct fixture *f = *state;
    assert_str(moved(f, "https://api.example/a?b=c"), "http://127.0.0.1:4100/a?b=c");
    assert_str(moved(f, "https://API.example/a"), "http://127.0.0.1:4100/a");
    assert_str(moved(f, "https://api.example"), "http://127.0.0.1:4100");
    assert_str(moved(f, "/a"), "/a");
    assert_str(moved(f, "https://api.example.evil/a"), "https://api.example.evil/a");
    assert_str(moved(f, "https://api.example:444/a"), "https://api.example:444/a");
    assert_str(moved(f, ""), "");
}

static void a_pipe_keeps_order_and_bound(void **state) {
    (void)state;
    struct pipe pipe = {0};
    unsigned char in[1000], out[777], next_in = 0, next_out = 0;
    size_t put = 0, taken = 0, n = 0;
    while (taken < 3 * PIPE_SIZE) {
        for (size_t i = 0; i < sizeof(in); i++) {
            in[i] = (unsigned char)(next_in + i);
        }
        assert_true(pipe_put(&pipe, in, sizeof(in), &n));
        next_in = (unsigned char)(next_in + n);
        put += n;
        assert_true(pipe.n <= PIPE_SIZE);
        n = pipe_take(&pipe, out, sizeof(out));
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(out[i], next_out++);
        }
        taken += n;
    }
    assert_int_equal(put - taken, pipe.n);
    while (pipe_put(&pipe, in, sizeof(in), &n) && n > 0) {
    }
    assert_true(pipe_is_full(&pipe));
    pipe_done(&pipe);
    assert_int_equal(pipe_take(&pipe, out, sizeof(out)), 0);
}

static void failures_of_the_library_are_answers(void **state) {
    struct fixture *f = *state;
    const struct {
        enum postern_code code;
        int status;
    } rows[] = {{POSTERN_DNS, 502},     {POSTERN_CONNECT, 502}, {POSTERN_TLS, 502},
                {POSTERN_TIMEOUT, 504}, {POSTERN_AUTH, 401},    {POSTERN_DENIED, 403},
                {POSTERN_LIMIT, 429},   {POSTERN_SERVER, 503},  {POSTERN_ANSWER, 502}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(proxy_status_of(rows[i].code), rows[i].status);
    }
    assert_str(proxy_error_body(f->arena, "dns", "a \"b\""),
               "{\"error\":\"dns\",\"error_description\":\"a \\\"b\\\"\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end_to_end_headers_pass),
        cmocka_unit_test(proxy_headers_of_the_hop_do_not_pass),
        cmocka_unit_test(proxy_headers_named_in_connection),
        cmocka_unit_test(proxy_headers_of_identity_do_not_pass),
        TEST(locations_of_the_platform_stay_on_the_proxy),
        cmocka_unit_test(a_pipe_keeps_order_and_bound),
        TEST(failures_of_the_library_are_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
