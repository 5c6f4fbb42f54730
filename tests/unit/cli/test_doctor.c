/* SPDX-License-Identifier: Apache-2.0 */
/* What `postern doctor` judges by itself: secrets, addresses, no_proxy, dates. */
#include "doctor.h"
#include "fixture.h"

static void oddities_of_secrets(void **state) {
    (void)state;
    const char *const odd[] = {"", " a", "a ", "\ta", "a\t", "a\r", "a\n", "\"a\"", "'a'"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        assert_non_null(secret_oddity(str_from(odd[i])));
    }
    assert_null(secret_oddity(STR("a b+/=")));
}

static void access_keys_are_56_characters_of_base32(void **state) {
    (void)state;
#define FIFTY "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQR"
    const char *const bad[] = {"",
                               FIFTY "ST===",
                               FIFTY "STA====",
                               FIFTY "S1====",
                               FIFTY "St====",
                               FIFTY "STUVWX",
                               FIFTY "S ===="};
    assert_true(is_access_key(STR(FIFTY "ST====")));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(is_access_key(str_from(bad[i])));
    }
}

static void parts_of_addresses(void **state) {
    (void)state;
    const struct {
        const char *url, *host, *port;
        bool tls;
    } rows[] = {{"https://a.example", "a.example", "443", true},
                {"http://a.example/x:1", "a.example", "80", false},
                {"HTTPS://a.example:8443/x?y", "a.example", "8443", true},
                {"http://[::1]:80", "::1", "80", false},
                {"https://[2001:db8::1]/", "2001:db8::1", "443", true},
                {"http://me:hidden@proxy:3128", "proxy", "3128", false}};
    const char *const bad[] = {"",           "a.example",   "ftp://a",
                               "https://",   "http://[::1", "http://[::1]x",
                               "https:///x", "http://:80"};
    struct str host, port;
    bool tls;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(url_parts(str_from(rows[i].url), &host, &port, &tls));
        assert_str(host, rows[i].host);
        assert_str(port, rows[i].port);
        assert_int_equal(tls, rows[i].tls);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(url_parts(str_from(bad[i]), &host, &port, &tls));
    }
}

/* As pool_is_direct() of the client decides it. */
static void what_goes_past_every_proxy(void **state) {
    (void)state;
    assert_true(is_direct(STR("localhost"), false, NULL));
    assert_true(is_direct(STR("127.0.0.1"), true, NULL));
    assert_true(is_direct(STR("::1"), false, "http://proxy.example:3128"));
    assert_false(is_direct(STR("localhost"), true, "http://proxy.example:3128"));
    assert_false(is_direct(STR("localhost"), false, "http://127.0.0.1:3128"));
    assert_false(is_direct(STR("a.example"), false, NULL));
}

static void no_proxy_lists(void **state) {
    (void)state;
    assert_true(no_proxy_names(STR("x, .example.com"), STR("api.example.com")));
    assert_true(no_proxy_names(STR("example.com"), STR("example.com")));
    assert_true(no_proxy_names(STR("EXAMPLE.com"), STR("a.b.example.com")));
    assert_true(no_proxy_names(STR("*"), STR("a")));
    assert_false(no_proxy_names(STR("example.com"), STR("notexample.com")));
    assert_false(no_proxy_names(STR("a.example.com"), STR("example.com")));
    assert_false(no_proxy_names(STR(""), STR("a")));
    assert_false(no_proxy_names(STR(",."), STR("a")));
}

static void dates(void **state) {
    (void)state;
    assert_int_equal(date_read("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    const char *const bad[] = {"", "Sun, 06 Nov 1994 08:49:37", "1994-11-06T08:49:37Z",
                               "Sun, 06 Nov 1994 08:49:37 GMT x", "Sun, 99 Nov 1994 08:49:37 GMT"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(date_read(bad[i]), 0);
    }
    assert_int_equal(date_read(NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oddities_of_secrets),
        cmocka_unit_test(access_keys_are_56_characters_of_base32),
        cmocka_unit_test(parts_of_addresses),
        cmocka_unit_test(what_goes_past_every_proxy),
        cmocka_unit_test(no_proxy_lists),
        cmocka_unit_test(dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
