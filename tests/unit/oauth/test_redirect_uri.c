/* SPDX-License-Identifier: Apache-2.0 */
/* Where answers may go, against a corpus of addresses that look like it (RFC 9700 2.1, RFC 8252
 * 7.3; SECURITY `redirect-exact`, `no-open-redirect`). */
#include "harness.h"

#include <string.h>

#define CORPUS_MAX (256 * 1024)
#define CORPUS_MIN 200

static const struct application registered = {
    .redirects = {"[\"" REDIRECT_PUBLIC "\",\"http://127.0.0.1/cb\",\"http://[::1]:8080/cb?x=1\","
                  "\"com.example.app:/cb\"]",
                  sizeof "[\"" REDIRECT_PUBLIC
                         "\",\"http://127.0.0.1/cb\",\"http://[::1]:8080/cb?x=1\","
                         "\"com.example.app:/cb\"]" -
                      1}};

static void redirect_exact_registered_ones_match(void **state) {
    struct house *h = *state;
    static const char *const good[] = {REDIRECT_PUBLIC,
                                       "com.example.app:/cb",
                                       "http://127.0.0.1/cb",
                                       "http://127.0.0.1:1/cb",
                                       "http://127.0.0.1:51004/cb",
                                       "http://127.0.0.1:65535/cb",
                                       "http://[::1]:8080/cb?x=1",
                                       "http://[::1]/cb?x=1",
                                       "http://[::1]:3/cb?x=1"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(redirect_uri_registered(&h->cx, &registered, str_from(good[i])));
    }
}

/* The text of one line of the corpus; false: a comment or the end. */
static bool corpus_line(struct house *h, struct str line, struct str *ret_uri) {
    json_t *value;
    if (str_empty(line) || line.p[0] == '#') {
        return false;
    }
    assert_int_equal(json_parse(&h->cx, line, &value), OK);
    *ret_uri = (struct str){json_string_value(value), json_string_length(value)};
    return true;
}

static struct str corpus(struct house *h) {
    struct str text;
    assert_int_equal(file_read(&h->cx, HOSTILE_REDIRECTS, CORPUS_MAX, &text), OK);
    return text;
}

static void redirect_exact_corpus_of_hostile_ones_is_refused(void **state) {
    struct house *h = *state;
    struct str rest = corpus(h), line, uri;
    size_t n = 0;
    while (str_next(&rest, '\n', &line)) {
        if (corpus_line(h, line, &uri)) {
            n++;
            if (redirect_uri_registered(&h->cx, &registered, uri)) {
                fail_msg("matched: %.*s", STR_ARG(line));
            }
        }
    }
    assert_in_range(n, CORPUS_MIN, 10000);
}

/* The same through the endpoint: an answer here, never one there. */
static void no_open_redirect_for_any_of_the_corpus(void **state) {
    struct house *h = *state;
    struct browser b = browser_new(h, TENANT, USER);
    struct str rest = corpus(h), line, uri;
    while (str_next(&rest, '\n', &line)) {
        if (!corpus_line(h, line, &uri)) {
            continue;
        }
        struct str encoded = percent_encode(h->arena, uri);
        const char *query =
            format(&h->cx,
                   "client_id=" APP_PUBLIC "&response_type=code&scope=openid&state=x" PKCE
                   "&redirect_uri=%.*s",
                   STR_ARG(encoded));
        struct answer a = browser_get(h, &b, query);
        assert_error(&a, 400, "invalid_request");
        assert_string_equal(answer_header(&a, "Location", h->arena), "");
    }
    assert_int_equal(house_number(h, "SELECT count(*) FROM authorization_code"), 0);
}

static void redirect_exact_lists_that_are_empty_or_broken_have_none(void **state) {
    struct house *h = *state;
    static const char *const lists[] = {"",
                                        "[]",
                                        "{}",
                                        "null",
                                        "[null]",
                                        "[\"\"]",
                                        "[1]",
                                        "[",
                                        "\"" REDIRECT_PUBLIC "\"",
                                        "{\"a\":\"" REDIRECT_PUBLIC "\"}"};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct application a = {.redirects = str_from(lists[i])};
        assert_false(redirect_uri_registered(&h->cx, &a, STR(REDIRECT_PUBLIC)));
        assert_false(redirect_uri_registered(&h->cx, &a, STR("")));
        assert_false(redirect_uri_registered(&h->cx, &a, STR_NONE));
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(redirect_exact_registered_ones_match),
        HOUSE_TEST(redirect_exact_corpus_of_hostile_ones_is_refused),
        HOUSE_TEST(no_open_redirect_for_any_of_the_corpus),
        HOUSE_TEST(redirect_exact_lists_that_are_empty_or_broken_have_none),
    };
    return cmocka_run_group_tests(tests, house_group_setup, house_group_teardown);
}
