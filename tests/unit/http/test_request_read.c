/* SPDX-License-Identifier: Apache-2.0 */
/* request_read.c: what a head becomes. The refusals are tried over a socket too (test_smuggling.c).
 */
#include "../fixture.h"

#include "http_internal.h"

static struct param plain[] = {{STR("Host"), STR("LocalHost:8420")}};

static struct request_head head_of(const char *target, struct param *headers, size_t n) {
    return (struct request_head){.method = STR("GET"),
                                 .target = str_from(target),
                                 .version = STR("HTTP/1.1"),
                                 .headers = {headers, n},
                                 .peer = STR("127.0.0.1"),
                                 .strict = true};
}

static err read_head(struct fixture *f, const struct request_head *head, struct request *ret) {
    *ret = (struct request){.id = STR("id-1")};
    return request_read(&f->cx, head, ret);
}

static void a_plain_head_is_understood(void **state) {
    struct request rq;
    struct request_head head = head_of("/a%20b?x=%41&y", plain, 1);
    assert_int_equal(read_head(*state, &head, &rq), OK);
    assert_int_equal(rq.method, HTTP_GET);
    assert_str(rq.path, "/a b");
    assert_str(rq.query_text, "x=%41&y");
    assert_int_equal(rq.query.n, 2);
    assert_str(rq.query.v[0].value, "A");
    assert_str(rq.host, "localhost:8420");
    assert_str(rq.scheme, "http");
    assert_str(rq.remote, "127.0.0.1");
    assert_str(rq.correlation, "id-1");
    assert_null(rq.origin.p);
    assert_str(request_header(&rq, "host"), "LocalHost:8420");
}

static void methods_are_exact(void **state) {
    static const struct {
        const char *text;
        enum http_method method;
    } rows[] = {{"GET", HTTP_GET},         {"HEAD", HTTP_HEAD},   {"POST", HTTP_POST},
                {"PUT", HTTP_PUT},         {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE},
                {"OPTIONS", HTTP_OPTIONS}, {"get", HTTP_OTHER},   {"TRACE", HTTP_OTHER},
                {"", HTTP_OTHER}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct request rq;
        struct request_head head = head_of("/", plain, 1);
        head.method = str_from(rows[i].text);
        assert_int_equal(read_head(*state, &head, &rq), OK);
        assert_int_equal(rq.method, rows[i].method);
        if (rows[i].method != HTTP_OTHER) {
            assert_string_equal(http_method_name(rows[i].method), rows[i].text);
        }
    }
    assert_string_equal(http_method_name(HTTP_OTHER), "OTHER");
}

static void correlation_ids_are_taken_when_harmless(void **state) {
    static const char *const bad[] = {"", "a b", "a\"b", "a\\b", "\xc3\xa9"};
    struct request rq;
    struct param headers[] = {plain[0], {STR("correlationID"), STR("abc_1-2")}};
    struct request_head head = head_of("/", headers, 2);
    assert_int_equal(read_head(*state, &head, &rq), OK);
    assert_str(rq.correlation, "abc_1-2");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        headers[1].value = str_from(bad[i]);
        assert_int_equal(read_head(*state, &head, &rq), OK);
        assert_str(rq.correlation, "id-1");
    }
    char large[HTTP_CORRELATION_MAX + 1];
    memset(large, 'a', sizeof large);
    headers[1].value = (struct str){large, HTTP_CORRELATION_MAX};
    assert_int_equal(read_head(*state, &head, &rq), OK);
    assert_int_equal(rq.correlation.n, HTTP_CORRELATION_MAX);
    headers[1].value.n++;
    assert_int_equal(read_head(*state, &head, &rq), OK);
    assert_str(rq.correlation, "id-1");
}

static void smuggling_single_headers_come_once(void **state) {
    static const char *const names[] = {
        "Host",   "Content-Length", "Authorization",    "Content-Type",
        "Origin", "Cookie",         "Transfer-Encoding"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct request rq;
        struct param headers[] = {
            {str_from(names[i]), STR("1")},
            {STR("X"), STR("y")},
            {str_lower(((struct fixture *)*state)->arena, str_from(names[i])), STR("1")}};
        struct request_head head = head_of("/", headers, 3);
        assert_int_equal(read_head(*state, &head, &rq), ERR_INVALID_REQUEST);
        assert_reason((struct fixture *)*state, "comes twice");
    }
}

static err with_header(struct fixture *f, const char *name, struct str value) {
    struct request rq;
    struct param headers[] = {plain[0], {str_from(name), value}};
    struct request_head head = head_of("/", headers, 2);
    return read_head(f, &head, &rq);
}

static void smuggling_names_and_values_are_checked(void **state) {
    struct fixture *f = *state;
    assert_int_equal(with_header(f, "X!#$%&'*+-.^_`|~9", STR("a\tb \xc3\xa9")), OK);
    static const char *const names[] = {"", "X ", " X", "X\t", "X(Y)", "X:Y", "X\x01", "X\x80"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_int_equal(with_header(f, names[i], STR("a")), ERR_INVALID_REQUEST);
    }
    assert_int_equal(with_header(f, "X", STR("a\rb")), ERR_INVALID_REQUEST);
    assert_int_equal(with_header(f, "X", STR("a\nb")), ERR_INVALID_REQUEST);
    assert_int_equal(with_header(f, "X", STR("a\0b")), ERR_INVALID_REQUEST);
    assert_int_equal(with_header(f, "X", STR("a\x7f")), ERR_INVALID_REQUEST);
}

static void smuggling_framing_has_one_reading(void **state) {
    struct fixture *f = *state;
    assert_int_equal(with_header(f, "Content-Length", STR("0")), OK);
    assert_int_equal(with_header(f, "Transfer-Encoding", STR("chunked")), OK);
    static const char *const lengths[] = {"", "+1", "-1", "1,1", "0x1", "1a"};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        assert_int_equal(with_header(f, "Content-Length", str_from(lengths[i])),
                         ERR_INVALID_REQUEST);
    }
    assert_int_equal(with_header(f, "Transfer-Encoding", STR("gzip")), ERR_INVALID_REQUEST);
    struct request rq;
    struct param both[] = {
        plain[0], {STR("Transfer-Encoding"), STR("chunked")}, {STR("Content-Length"), STR("1")}};
    struct request_head head = head_of("/", both, 3);
    assert_int_equal(read_head(f, &head, &rq), ERR_INVALID_REQUEST);
    struct param chunked[] = {{STR("Transfer-Encoding"), STR("chunked")}};
    head = head_of("/", chunked, 1);
    head.version = STR("HTTP/1.0");
    assert_int_equal(read_head(f, &head, &rq), ERR_INVALID_REQUEST);
}

static void smuggling_loose_lines_and_versions_are_refused(void **state) {
    struct request rq;
    struct request_head head = head_of("/", plain, 1);
    head.strict = false;
    assert_int_equal(read_head(*state, &head, &rq), ERR_INVALID_REQUEST);
    static const char *const versions[] = {"", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 "};
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        head = head_of("/", plain, 1);
        head.version = str_from(versions[i]);
        assert_int_equal(read_head(*state, &head, &rq), ERR_INVALID_REQUEST);
    }
}

static void hosts_are_names(void **state) {
    struct fixture *f = *state;
    struct request rq;
    struct request_head head = head_of("/", NULL, 0);
    assert_int_equal(read_head(f, &head, &rq), ERR_INVALID_REQUEST);
    head.version = STR("HTTP/1.0");
    assert_int_equal(read_head(f, &head, &rq), OK);
    assert_str(rq.host, "");
    static const char *const bad[] = {"a/b", "a@b",  "a b",      "a,b",
                                      "a?b", "a\\b", "\xc3\xa9", "a%41"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct param headers[] = {{STR("Host"), str_from(bad[i])}};
        head = head_of("/", headers, 1);
        assert_int_equal(read_head(f, &head, &rq), ERR_INVALID_REQUEST);
    }
}

static void queries_are_strict(void **state) {
    struct request rq;
    static const char *const bad[] = {"/?a=%00", "/?a=%", "/?a=%ff", "/?a b", "/?a#b", "/?a=\x01"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct request_head head = head_of(bad[i], plain, 1);
        assert_int_equal(read_head(*state, &head, &rq), ERR_INVALID_REQUEST);
    }
}

static void content_lengths_do_not_overflow(void **state) {
    struct fixture *f = *state;
    struct request rq;
    struct param headers[] = {plain[0], {STR("Content-Length"), STR("1234")}};
    struct request_head head = head_of("/", headers, 2);
    assert_int_equal(read_head(f, &head, &rq), OK);
    assert_int_equal(request_content_length(&rq), 1234);
    headers[1].value = STR("99999999999999999999999999");
    assert_int_equal(read_head(f, &head, &rq), OK);
    assert_true(request_content_length(&rq) == UINT64_MAX);
}

/* CVE-2024-47070, -10039 */
static void proxy_headers_of_a_front_count_and_garbage_fails_closed(void **state) {
    struct fixture *f = *state;
    struct request rq;
    struct param headers[] = {plain[0],
                              {STR("X-Forwarded-For"), STR("evil, 2001:db8::1")},
                              {STR("X-Forwarded-Proto"), STR("https")}};
    struct request_head head = head_of("/", headers, 3);
    assert_int_equal(read_head(f, &head, &rq), OK);
    assert_str(rq.remote, "127.0.0.1");
    assert_str(rq.scheme, "http");
    head.behind_front = true;
    assert_int_equal(read_head(f, &head, &rq), OK);
    assert_str(rq.remote, "2001:db8::1");
    assert_str(rq.scheme, "https");
    static const char *const bad[] = {"",        "unknown",    "1.2.3.4, ",       "1.2.3.4:5",
                                      "[::1]:5", "1.2.3.4\t5", "::ffff:1.2.3.4.5"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        headers[1].value = str_from(bad[i]);
        assert_int_equal(read_head(f, &head, &rq), ERR_INVALID_REQUEST);
    }
    headers[1].value = STR("1.2.3.4");
    headers[2].value = STR("HTTPS,http");
    assert_int_equal(read_head(f, &head, &rq), ERR_INVALID_REQUEST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_plain_head_is_understood),
        TEST(methods_are_exact),
        TEST(correlation_ids_are_taken_when_harmless),
        TEST(smuggling_single_headers_come_once),
        TEST(smuggling_names_and_values_are_checked),
        TEST(smuggling_framing_has_one_reading),
        TEST(smuggling_loose_lines_and_versions_are_refused),
        TEST(hosts_are_names),
        TEST(queries_are_strict),
        TEST(content_lengths_do_not_overflow),
        TEST(proxy_headers_of_a_front_count_and_garbage_fails_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
