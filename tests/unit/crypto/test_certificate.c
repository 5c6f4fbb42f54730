/* SPDX-License-Identifier: Apache-2.0 */
/* The local authority and its server certificate: good for their hosts and their time, and for
 * nothing else. (tests/integration/edge.test.mjs asks the openssl program and real clients.) */
#include "crypto.h"
#include "fixture.h"

#include <string.h>

#define DAY 86400

static struct certificate_hosts hosts_of(const struct str *v, size_t n) {
    return (struct certificate_hosts){.v = v, .n = n};
}

static const struct str usual[] = {STR("localhost"), STR("127.0.0.1"), STR("::1"),
                                   STR("*.nice.test")};

static struct certificate_set made(struct fixture *f, int days) {
    struct certificate_set set;
    struct certificate_hosts hosts = hosts_of(usual, COUNT_OF(usual));
    assert_int_equal(certificate_make(&f->cx, &hosts, days, &set), OK);
    return set;
}

static err check(struct fixture *f, const struct certificate_set *set, const char *host,
                 int64_t until) {
    struct str v[] = {str_from(host)};
    struct certificate_hosts hosts = hosts_of(v, 1);
    return certificate_check(&f->cx, set, &hosts, until);
}

static void it_is_good_for_every_host(void **state) {
    struct fixture *f = *state;
    struct certificate_set set = made(f, 825);
    struct certificate_hosts hosts = hosts_of(usual, COUNT_OF(usual));
    assert_int_equal(certificate_check(&f->cx, &set, &hosts, f->cx.now + 800 * DAY), OK);
    assert_true(certificate_is_local(set.chain) && certificate_is_local(set.authority));
    int64_t expiry;
    assert_int_equal(certificate_expiry(&f->cx, set.chain, &expiry), OK);
    assert_in_range(expiry, f->cx.now + 824 * DAY, f->cx.now + 825 * DAY);
    /* Names that the wildcard covers. */
    assert_int_equal(check(f, &set, "api-na1.nice.test", f->cx.now), OK);
}

static void it_is_not_for_other_hosts(void **state) {
    struct fixture *f = *state;
    struct certificate_set set = made(f, 825);
    static const char *const others[] = {"example.com", "127.0.0.2",   "::2",
                                         "a.localhost", "nice.test",   "a.b.nice.test",
                                         "*.localhost", "*.other.test"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (check(f, &set, others[i], f->cx.now) != ERR_INVALID_REQUEST) {
            fail_msg("good for %s", others[i]);
        }
    }
    assert_non_null(strstr(failure_text(&f->cx), "*.other.test"));
}

static void its_time_has_a_beginning_and_an_end(void **state) {
    struct fixture *f = *state;
    int64_t now = f->cx.now;
    struct certificate_set set = made(f, 40);
    assert_int_equal(check(f, &set, "localhost", now + 30 * DAY), OK);
    assert_int_equal(check(f, &set, "localhost", now + 40 * DAY), ERR_INVALID_REQUEST);
    f->cx.now = now - 1800; /* a clock that is somewhat behind */
    assert_int_equal(check(f, &set, "localhost", now), OK);
    f->cx.now = now - 7200;
    assert_int_equal(check(f, &set, "localhost", now), ERR_INVALID_REQUEST);
    f->cx.now = now + 41 * DAY;
    assert_int_equal(check(f, &set, "localhost", f->cx.now), ERR_INVALID_REQUEST);
}

static void parts_of_two_sets_do_not_fit(void **state) {
    struct fixture *f = *state;
    struct certificate_set a = made(f, 825), b = made(f, 825);
    struct certificate_set other_key = a, other_authority = a, no_key = a, no_chain = a;
    other_key.key = b.key;
    other_authority.authority = b.authority;
    no_key.key = secret_in(f->arena, "", 0);
    no_chain.chain = STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_int_equal(check(f, &a, "localhost", f->cx.now), OK);
    assert_int_equal(check(f, &other_key, "localhost", f->cx.now), ERR_INVALID_REQUEST);
    assert_int_equal(check(f, &other_authority, "localhost", f->cx.now), ERR_INVALID_REQUEST);
    assert_int_equal(check(f, &no_key, "localhost", f->cx.now), ERR_INVALID_REQUEST);
    assert_int_equal(check(f, &no_chain, "localhost", f->cx.now), ERR_INVALID_REQUEST);
    /* Two authorities have two names. */
    assert_false(str_eq(a.authority, b.authority));
}

static void an_encrypted_key_is_refused_without_asking(void **state) {
    struct fixture *f = *state;
    struct certificate_set set = made(f, 825);
    static const char encrypted[] =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBHzBJ\n-----END ENCRYPTED PRIVATE KEY-----\n";
    set.key = secret_in(f->arena, encrypted, sizeof encrypted - 1);
    assert_int_equal(check(f, &set, "localhost", f->cx.now), ERR_INVALID_REQUEST);
}

static void hosts_that_are_none_are_refused(void **state) {
    struct fixture *f = *state;
    static const struct str bad[] = {
        STR(""),
        STR("a b"),
        STR("a,DNS:b"),
        STR("a;b"),
        STR("localhost:8443"),
        STR("[::1]"),
        STR("http://a"),
        STR("a..b"),
        STR(".a"),
        STR("a."),
        STR("-a.test"),
        STR("a-.test"),
        STR("*"),
        STR("*.test"),
        STR("a.*.test"),
        STR("**.a.test"),
        STR("b*.a.test"),
        STR("a_b"),
        STR("a\nb"),
        STR("a\0b"),
        STR("1.2.3"),
        STR("1.2.3.4.5"),
        STR("1.2.3.256"),
        STR("::1/128"),
        STR("\xc3\xa9.test"),
        STR("permitted;IP:0.0.0.0/0.0.0.0"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct certificate_set set;
        struct certificate_hosts hosts = hosts_of(&bad[i], 1);
        if (certificate_host_is_valid(bad[i]) ||
            certificate_make(&f->cx, &hosts, 825, &set) != ERR_INVALID_REQUEST) {
            fail_msg("taken: %.*s", STR_ARG(bad[i]));
        }
    }
    char label[65];
    memset(label, 'a', sizeof label);
    assert_true(certificate_host_is_valid((struct str){label, 63}));
    assert_false(certificate_host_is_valid((struct str){label, 64}));
}

static void the_number_of_hosts_is_bounded(void **state) {
    struct fixture *f = *state;
    struct str many[CERTIFICATE_HOSTS_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        many[i] = str_format(f->arena, "host%zu.test", i);
    }
    struct certificate_set set;
    struct certificate_hosts all = hosts_of(many, CERTIFICATE_HOSTS_MAX);
    assert_int_equal(certificate_make(&f->cx, &all, 825, &set), OK);
    assert_int_equal(certificate_check(&f->cx, &set, &all, f->cx.now), OK);
    /* No address was asked for: none is allowed. */
    assert_int_equal(check(f, &set, "0.0.0.0", f->cx.now), ERR_INVALID_REQUEST);
    all.n++;
    assert_int_equal(certificate_make(&f->cx, &all, 825, &set), ERR_INVALID_REQUEST);
    all.n = 0;
    assert_int_equal(certificate_make(&f->cx, &all, 825, &set), ERR_INVALID_REQUEST);
    struct str address = STR("::1");
    all = hosts_of(&address, 1);
    assert_int_equal(certificate_make(&f->cx, &all, 825, &set), OK);
    assert_int_equal(certificate_check(&f->cx, &set, &all, f->cx.now), OK);
}

static void text_that_is_no_certificate_is_not_local(void **state) {
    struct fixture *f = *state;
    int64_t expiry;
    static const struct str bad[] = {STR(""), STR("x"),
                                     STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERT")};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(certificate_is_local(bad[i]));
        assert_int_equal(certificate_expiry(&f->cx, bad[i], &expiry), ERR_INVALID_REQUEST);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(it_is_good_for_every_host),
        TEST(it_is_not_for_other_hosts),
        TEST(its_time_has_a_beginning_and_an_end),
        TEST(parts_of_two_sets_do_not_fit),
        TEST(an_encrypted_key_is_refused_without_asking),
        TEST(hosts_that_are_none_are_refused),
        TEST(the_number_of_hosts_is_bounded),
        TEST(text_that_is_no_certificate_is_not_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
