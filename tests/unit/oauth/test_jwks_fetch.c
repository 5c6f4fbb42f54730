/* SPDX-License-Identifier: Apache-2.0 */
/* SECURITY `ssrf`: which addresses and URLs the server fetches keys from. Nothing here leaves the
 * machine: each URL is refused before a connection, or names a closed port of the loopback. */
#include "harness.h"
#include "net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static bool is_public(const char *text) {
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
    }
    return address_is_public((const struct sockaddr *)&storage);
}

static void ssrf_special_addresses_are_not_public(void **state) {
    static const char *const special[] = {"0.0.0.0",
                                          "10.0.0.1",
                                          "10.255.255.255",
                                          "100.64.0.1",
                                          "100.127.255.255",
                                          "127.0.0.1",
                                          "127.9.9.9",
                                          "169.254.169.254",
                                          "172.16.0.1",
                                          "172.31.255.255",
                                          "192.0.0.8",
                                          "192.0.2.1",
                                          "192.168.1.1",
                                          "198.18.0.1",
                                          "198.19.255.255",
                                          "198.51.100.7",
                                          "203.0.113.9",
                                          "224.0.0.1",
                                          "239.255.255.255",
                                          "240.0.0.1",
                                          "255.255.255.255",
                                          "::",
                                          "::1",
                                          "::ffff:127.0.0.1",
                                          "::ffff:8.8.8.8",
                                          "::127.0.0.1",
                                          "64:ff9b::7f00:1",
                                          "fc00::1",
                                          "fd12:3456::1",
                                          "fe80::1",
                                          "fec0::1",
                                          "ff02::1",
                                          "2001:db8::1",
                                          "2001::1",
                                          "2002:7f00:1::1",
                                          "3fff::1",
                                          "100::1"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(special); i++) {
        if (is_public(special[i])) {
            fail_msg("%s counts as public", special[i]);
        }
    }
}

static void ssrf_public_addresses_are(void **state) {
    static const char *const fine[] = {"8.8.8.8",        "1.1.1.1",     "9.255.255.255",
                                       "11.0.0.0",       "100.63.0.1",  "100.128.0.1",
                                       "172.15.0.1",     "172.32.0.1",  "198.17.0.1",
                                       "198.20.0.1",     "223.255.0.1", "2606:4700:4700::1111",
                                       "2a00:1450::200e"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        if (!is_public(fine[i])) {
            fail_msg("%s does not count as public", fine[i]);
        }
    }
}

static void refused(const char *url, bool allow_private, const char *reason) {
    static struct clock clock;
    struct ctx cx;
    clock = clock_fixed(NOW * 1000);
    ctx_init(&cx, arena_new(), &clock, &random_system, NULL);
    struct jwks_fetch fetch = {.url = str_from(url), .allow_private = allow_private};
    assert_int_equal(jwks_fetch_run(&cx, &fetch), OK);
    assert_null(fetch.text.p);
    if (!contains(fetch.reason, reason)) {
        fail_msg("%s: '%.*s' and not '%s'", url, STR_ARG(fetch.reason), reason);
    }
    arena_free(cx.arena);
}

static void ssrf_urls_other_than_https_are_refused(void **state) {
    (void)state;
    refused("http://8.8.8.8/jwks", false, "not https; http takes the setting allow_private_fetch");
    refused("file:///etc/passwd", true, "");
    refused("gopher://127.0.0.1/", true, "not https");
    refused("ftp://127.0.0.1/", true, "not https");
    refused("https://user:secret@8.8.8.8/", false, "user name");
    refused("https://", false, "malformed");
    refused("", false, "malformed");
    refused("8.8.8.8/jwks", false, "malformed");
}

static void ssrf_private_hosts_are_refused_however_they_are_written(void **state) {
    static const char *const urls[] = {
        "https://127.0.0.1/",          "https://127.1/",
        "https://2130706433/",         "https://0x7f000001/",
        "https://0177.0.0.1/",         "https://[::1]/",
        "https://[::ffff:127.0.0.1]/", "https://localhost/",
        "https://localhost./",         "https://169.254.169.254/latest/meta-data",
        "https://10.1.2.3:8443/jwks"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        refused(urls[i], false, "the host has ");
    }
}

static void private_hosts_are_asked_when_configured(void **state) {
    (void)state;
    /* Port 1 of the loopback: nothing listens; the connection is tried and refused. */
    refused("http://127.0.0.1:1/jwks", true, "connect");
}

static void url_longer_than_the_bound_is_refused(void **state) {
    char url[4096];
    (void)state;
    memset(url, 'a', sizeof(url) - 1);
    memcpy(url, "https://", 8);
    url[sizeof(url) - 1] = '\0';
    refused(url, false, "malformed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ssrf_special_addresses_are_not_public),
        cmocka_unit_test(ssrf_public_addresses_are),
        cmocka_unit_test(ssrf_urls_other_than_https_are_refused),
        cmocka_unit_test(ssrf_private_hosts_are_refused_however_they_are_written),
        cmocka_unit_test(private_hosts_are_asked_when_configured),
        cmocka_unit_test(url_longer_than_the_bound_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
