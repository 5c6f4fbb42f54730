/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests pass `postern proxy`: one framing, this host, no web page but the allowed ones. */
#include "fixture.h"
#include "proxy.h"

static const struct str allowed[] = {{"https://app.example", 19}, {"http://localhost:3000", 21}};

#define FIELD(name, value)                                                                         \
    { STR(name), STR(value) }
#define HOST FIELD("Host", "127.0.0.1:4100")

static struct verdict asked(const char *method, const char *target, const struct field *fields,
                            size_t n) {
    const struct proxy_rules rules = {.authority = STR("127.0.0.1:4100"),
                                      .port = STR("4100"),
                                      .origins = allowed,
                                      .origins_n = COUNT_OF(allowed)};
    const struct head head = {.method = str_from(method),
                              .target = str_from(target),
                              .version = STR("HTTP/1.1"),
                              .fields = fields,
                              .fields_n = n};
    return proxy_check(&rules, &head);
}

static int status_with(const char *name, const char *value) {
    const struct field fields[] = {HOST, {str_from(name), str_from(value)}};
    return asked("GET", "/x", fields, 2).status;
}

static int status_of_host(const char *host) {
    const struct field fields[] = {{STR("host"), str_from(host)}};
    return asked("GET", "/x", fields, 1).status;
}

static int status_of_target(const char *method, const char *target) {
    const struct field fields[] = {HOST};
    return asked(method, target, fields, 1).status;
}

static void ordinary_requests_pass(void **state) {
    (void)state;
    assert_int_equal(status_of_target("GET", "/api/v2/users/me?x=%2F&y"), 0);
    assert_int_equal(status_of_target("POST", "//a/../b;c=1"), 0);
    assert_int_equal(status_with("Content-Length", "12"), 0);
    assert_int_equal(status_with("Transfer-Encoding", "Chunked"), 0);
}

static void proxy_headers_hosts(void **state) {
    (void)state;
    const char *const good[] = {"127.0.0.1:4100", "[::1]:4100", "localhost:4100", "LocalHost:4100"};
    const char *const bad[] = {"evil.example:4100",
                               "127.0.0.1",
                               "127.0.0.1:4101",
                               "localhost",
                               "localhost:41000",
                               "localhost.evil:4100",
                               "127.0.0.1:4100.evil.com",
                               "127.0.0.1:4100@x",
                               "xlocalhost:4100",
                               "localhost:",
                               "0.0.0.0:4100",
                               ""};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(status_of_host(good[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(status_of_host(bad[i]), 403);
    }
    assert_int_equal(asked("GET", "/", NULL, 0).status, 400);
    const struct field twice[] = {HOST, HOST};
    assert_int_equal(asked("GET", "/", twice, 2).status, 400);
}

static void cors_pages_are_refused(void **state) {
    (void)state;
    const char *const bad[] = {"https://evil.example",     "null",
                               "https://app.example.evil", "https://app.example:443",
                               "http://app.example",       "HTTPS://APP.EXAMPLE",
                               "http://127.0.0.1:4100",    ""};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(status_with("Origin", bad[i]), 403);
    }
    assert_int_equal(status_with("Origin", "https://app.example"), 0);
    assert_int_equal(status_with("Sec-Fetch-Site", "cross-site"), 403);
    assert_int_equal(status_with("Sec-Fetch-Site", "same-site"), 403);
    assert_int_equal(status_with("sec-fetch-site", "other"), 403);
    assert_int_equal(status_with("Sec-Fetch-Site", "none"), 0);
    assert_int_equal(status_with("Sec-Fetch-Site", "same-origin"), 0);
}

static void cors_allowed_pages_and_preflights(void **state) {
    (void)state;
    const struct field page[] = {HOST, FIELD("origin", "http://localhost:3000"),
                                 FIELD("Sec-Fetch-Site", "cross-site")};
    struct verdict v = asked("GET", "/x", page, 3);
    assert_int_equal(v.status, 0);
    assert_str(v.origin, "http://localhost:3000");
    struct field ask[] = {HOST, FIELD("Origin", "https://app.example"),
                          FIELD("Access-Control-Request-Method", "PUT")};
    v = asked("OPTIONS", "/x", ask, 3);
    assert_int_equal(v.status, 204);
    assert_str(v.origin, "https://app.example");
    ask[1].value = STR("https://evil.example");
    assert_int_equal(asked("OPTIONS", "/x", ask, 3).status, 403);
}

static void smuggling_framing(void **state) {
    (void)state;
    const struct field both[] = {HOST, FIELD("Content-Length", "3"),
                                 FIELD("Transfer-Encoding", "chunked")};
    const struct field twice[] = {HOST, FIELD("content-length", "3"), FIELD("Content-Length", "3")};
    assert_int_equal(asked("POST", "/", both, 3).status, 400);
    assert_int_equal(asked("POST", "/", twice, 3).status, 400);
    const char *const lengths[] = {"+3", "-1", "0x3", "3,3", "", "99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        assert_int_equal(status_with("Content-Length", lengths[i]), 400);
    }
    const char *const encodings[] = {"xchunked", "chunked, chunked", "gzip, chunked", "identity"};
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        assert_int_equal(status_with("Transfer-Encoding", encodings[i]), 400);
    }
    assert_int_equal(status_with("Content-Length ", "3"), 400);
    assert_int_equal(status_with("X", "a\rAuthorization: b"), 400);
}

static void smuggling_loose_lines_and_versions(void **state) {
    (void)state;
    const struct proxy_rules rules = {.authority = STR("127.0.0.1:4100"), .port = STR("4100")};
    const struct field host = HOST;
    struct head head = {.method = STR("GET"),
                        .target = STR("/"),
                        .version = STR("HTTP/1.1"),
                        .fields = &host,
                        .fields_n = 1};
    assert_int_equal(proxy_check(&rules, &head).status, 0);
    head.version = STR("HTTP/1.0");
    assert_int_equal(proxy_check(&rules, &head).status, 0);
    head.version = STR("HTTP/1.2");
    assert_int_equal(proxy_check(&rules, &head).status, 400);
    head.version = STR("HTTP/1.1");
    head.loose = true;
    assert_int_equal(proxy_check(&rules, &head).status, 400);
}

static void smuggling_targets_and_methods(void **state) {
    (void)state;
    const char *const targets[] = {
        "http://evil.example/", "", "*", "x", "/a b", "/a\x7f", "/a#b", "/\\evil", "/\xc3\xa9"};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        assert_int_equal(status_of_target("GET", targets[i]), 400);
    }
    assert_int_equal(status_of_target("TRACE", "/"), 405);
    assert_int_equal(status_of_target("trace", "/"), 405);
    assert_int_equal(status_of_target("CONNECT", "/"), 405);
    assert_int_equal(status_of_target("GE(T", "/"), 400);
}

static void origins_of_the_command_line(void **state) {
    (void)state;
    const char *const good[] = {"https://app.example", "http://localhost:3000", "http://[::1]:80"};
    const char *const bad[] = {"*",
                               "null",
                               "",
                               "https://",
                               "app.example",
                               "https://app.example/",
                               "https://App.example",
                               "https://a b",
                               "file:///x",
                               "https://u@app.example"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(proxy_is_origin(str_from(good[i])));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(proxy_is_origin(str_from(bad[i])));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_requests_pass),
        cmocka_unit_test(proxy_headers_hosts),
        cmocka_unit_test(cors_pages_are_refused),
        cmocka_unit_test(cors_allowed_pages_and_preflights),
        cmocka_unit_test(smuggling_framing),
        cmocka_unit_test(smuggling_loose_lines_and_versions),
        cmocka_unit_test(smuggling_targets_and_methods),
        cmocka_unit_test(origins_of_the_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
