/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests to the loopback address are the browser's way back. */
#include "../fixture.h"
#include "login.h"

#define HOST "127.0.0.1:4321"

static bool query_of(const char *head, struct str *ret) {
    return login_request_query(str_from(head), STR(HOST), ret);
}

static void the_way_back_is_seen(void **state) {
    (void)state;
    struct str query;
    assert_true(
        query_of("GET /callback?code=a&state=b HTTP/1.1\r\nHost: " HOST "\r\n\r\n", &query));
    assert_str(query, "code=a&state=b");
    assert_true(
        query_of("GET /callback? HTTP/1.0\r\nAccept: */*\r\nhOST:" HOST "\r\n\r\nhost: x", &query));
    assert_str(query, "");
}

static void other_requests_are_not(void **state) {
    (void)state;
    static const char *const heads[] = {
        "",
        "\r\n\r\n",
        "GET",
        "GET /callback?code=a&state=b HTTP/1.1\r\n\r\n",
        "GET /callback?code=a&state=b HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET /callback?code=a&state=b HTTP/1.1\r\nHost: localhost:4321\r\n\r\n",
        "GET /callback?code=a&state=b HTTP/1.1\r\nHost: " HOST "\r\nHost: " HOST "\r\n\r\n",
        "GET /callback?code=a&state=b HTTP/1.1\r\nHost: " HOST "\r\nHost: x\r\n\r\n",
        "GET /callback?code=a HTTP/1.1 HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
        "GET  /callback?code=a HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
        "GET /callback?code=a HTTP/2\r\nHost: " HOST "\r\n\r\n",
        "GET /callback?code=a\r\nHost: " HOST "\r\n\r\n",
        "GET /callback?co\x01"
        "de=a HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
        "GET /callback HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
        "GET /callbacks?code=a HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
        "GET /favicon.ico HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
        "GET http://" HOST "/callback?code=a HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
        "HEAD /callback?code=a HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
        "POST /callback?code=a HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
        "get /callback?code=a HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct str query;
        if (query_of(heads[i], &query)) {
            fail_msg("taken: %s", heads[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(the_way_back_is_seen), TEST(other_requests_are_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
