/* SPDX-License-Identifier: Apache-2.0 */
/* git's credential protocol, and who gets an answer: gitcredentials(7). */
#include "cli_fixture.h"

static void lines_up_to_an_empty_one(void **state) {
    (void)state;
    struct git_credential g;
    assert_true(
        git_credential_parse(STR("capability[]=authtype\ncapability[]=state\nprotocol=https\n"
                                 "host=api.example:8443\npath=a/b\nusername=me\n"
                                 "password=a=b\nwwwauth[]=Basic\n\nhost=evil\n"),
                             &g));
    assert_str(g.protocol, "https");
    assert_str(g.host, "api.example:8443");
    assert_str(g.username, "me");
    assert_str(g.password, "a=b");
    assert_true(g.authtype);
    assert_true(git_credential_parse(STR("host=h\nprotocol=https"), &g));
    assert_false(g.authtype);
}

static void parsers_refuse_what_is_no_credential(void **state) {
    (void)state;
    struct git_credential g = {.authtype = true};
    static const struct str bad[] = {
        {"", 0},
        {"protocol=https\n", 15},
        {"protocol=https\nhost=\n", 21},
        {"protocol=https\nhost=a\nnonsense\n", 31},
        {"protocol=https\nhost=a\n=x\n", 25},
        {"protocol=https\nhost=a\r\n", 23}, /* CVE-2024-52006 */
        {"protocol=https\nhost=a\0b\n", 24},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(git_credential_parse(bad[i], &g));
    }
    assert_true(g.authtype); /* untouched */
}

static bool is_for(const char *protocol, const char *host) {
    static const struct str urls[] = {{NULL, 0},
                                      {"https://api-na1.example.com", 27},
                                      {"https://auth.example.com:8443/x", 31},
                                      {"http://localhost:8420", 21}};
    const struct git_credential g = {.protocol = str_from(protocol), .host = str_from(host)};
    return git_credential_is_for(&g, urls, COUNT_OF(urls));
}

static void only_our_own_https_hosts(void **state) {
    (void)state;
    assert_true(is_for("https", "api-na1.example.com"));
    assert_true(is_for("https", "API-NA1.example.com:443"));
    assert_true(is_for("https", "auth.example.com:8443"));
    assert_false(is_for("http", "api-na1.example.com"));
    assert_false(is_for("https", "auth.example.com"));
    assert_false(is_for("https", "api-na1.example.com:8443"));
    assert_false(is_for("https", "api-na1.example.com.evil"));
    assert_false(is_for("https", "evil-api-na1.example.com"));
    assert_false(is_for("https", "example.com"));
    assert_false(is_for("https", ""));
    assert_false(is_for("https", ":443"));
    assert_false(is_for("https", "github.com"));
    /* A token travels unencrypted to nobody. */
    assert_false(is_for("http", "localhost:8420"));
    assert_false(is_for("https", "localhost:8420"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLI_TEST(lines_up_to_an_empty_one),
        CLI_TEST(parsers_refuse_what_is_no_credential),
        CLI_TEST(only_our_own_https_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
