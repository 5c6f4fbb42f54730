/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "declare.h"

typedef const char *(*check)(struct ctx *cx, struct str text);

static void all(struct fixture *f, check c, const char *const *list, size_t n, bool right) {
    for (size_t i = 0; i < n; i++) {
        const char *why = c(&f->cx, str_from(list[i]));
        if ((why == NULL) != right) {
            print_message("%s: %s\n", list[i], why != NULL ? why : "was let through");
        }
        assert_true((why == NULL) == right);
    }
}
#define RIGHT(c, ...)                                                                              \
    all(*state, (c), (const char *const[]){__VA_ARGS__},                                           \
        COUNT_OF(((const char *const[]){__VA_ARGS__})), true)
#define WRONG(c, ...)                                                                              \
    all(*state, (c), (const char *const[]){__VA_ARGS__},                                           \
        COUNT_OF(((const char *const[]){__VA_ARGS__})), false)

static void redirects_that_are_right(void **state) {
    RIGHT(declare_redirect_check, "https://app.example.com", "https://app.example.com/",
          "https://app.example.com/cb?x=1&y=%20z", "https://app.example.com:8443/a/b",
          "http://localhost:3000/callback", "http://127.0.0.1/cb", "http://[::1]:80/cb",
          "https://a-b.example/%C3%A9", "com.example.app:/callback", "com.example.app://cb",
          "https://app.example.com/a@b");
}

/* RFC 9207 2, OpenID Connect Core 3.3.2.5: of two of a name an application may read the wrong one.
 */
static void mix_up_answers_in_the_query_of_a_redirect_are_refused(void **state) {
    WRONG(declare_redirect_check, "https://x.example/cb?code=1",
          "https://x.example/cb?a=1&state=", "https://x.example/cb?iss",
          "https://x.example/cb?%69ss=1",
          "https://x.example/cb?err%6Fr=", "https://x.example/?id_token=x&y",
          "com.example.app:/cb?access_token=1", "https://x.example?expires_in=1&scope=2");
    RIGHT(declare_redirect_check, "https://x.example/cb?codes=1", "https://x.example/cb?a=code",
          "https://x.example/code?from=postern", "https://x.example/cb?%69=ss",
          "https://x.example/?");
    RIGHT(declare_fetch_check, "https://x.example/keys?code=1");
}

static void redirect_exact_hostile_ones_are_refused(void **state) {
    WRONG(declare_redirect_check, "", "/callback", "//app.example.com/cb", "app.example.com/cb",
          "http://app.example.com/cb", "https://", "https:///cb", "https:app.example.com/cb",
          "https:/app.example.com/cb", "https://*.example.com/cb", "https://app.example.com/*",
          "https://app.example.com/cb#", "https://app.example.com/cb#frag",
          "https://user@app.example.com/cb", "https://user:pw@app.example.com/cb",
          "https://good.example@evil.example/", "https://app.example.com\\@evil.example/",
          "https:\\\\app.example.com\\cb", "https://app.example.com/cb\n",
          "https://app.example.com/ cb", "https://app.example.com/\x01",
          "https://app.example.com/\x7f", "https://app.example.com/\xc3\xa9",
          "https://app.example.com/%2e%2e/x", "https://app.example.com/%2E",
          "https://app.example.com/%2f", "https://app.example.com/%5c",
          "https://app.example.com/%252e", "https://app.example.com/%00",
          "https://app.example.com/%0d%0a", "https://app.example.com/%",
          "https://app.example.com/%4", "https://app.example.com/%zz",
          "https://app.example.com/../x", "https://app.example.com/./x",
          "https://app.example.com/x/..", "HTTPS://app.example.com/cb",
          "Https://app.example.com/cb", "https://APP.example.com/cb", "https://app.example.com:/cb",
          "https://app.example.com:0/cb", "https://app.example.com:65536/cb",
          "https://app.example.com:08/cb", "https://app.example.com:80a/cb",
          "https://-app.example.com/", "https://app..example.com/", "https://app.example.com./",
          "https://[::1/cb", "https://[::2]/cb", "https://app_x.example/cb",
          "http://localhost.evil.example/cb", "http://127.0.0.1.evil.example/", "http://127.1/cb",
          "http://0x7f000001/cb", "http://2130706433/cb", "http://localhost@evil.example/",
          "javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
          "blob:https://x", "about:blank", "ftp://app.example.com/", "ws://app.example.com/",
          "wss://app.example.com/", "myapp:/cb", "myapp://cb", "com.example.app:cb",
          "com.example.app:", "com.example.app", "com.example.app://u@h/cb",
          "com.example.app:/../x", "Com.example.app:/cb", ".com:/cb", "com.:/cb",
          "1com.example:/cb", "https://app.example.com/\"", "https://app.example.com/<x>",
          "https://app.example.com/{x}", "https://app.example.com/|", "https://app.example.com/^",
          "https://app.example.com/`", "https://app.example.com?@evil.example#", "null", "*",
          "https://app.example.com%2eevil.example/", "https://app.example.com%40evil.example/");
    struct fixture *f = *state;
    struct buf b = buf_in(f->arena, 4000);
    buf_z(&b, "https://app.example.com/");
    while (b.n <= DECLARE_TEXT_MAX) {
        buf_char(&b, 'a');
    }
    assert_non_null(declare_redirect_check(&f->cx, buf_view(&b)));
    assert_null(declare_redirect_check(&f->cx, str_sub(buf_view(&b), 0, DECLARE_TEXT_MAX)));
}

static void cors_origins_have_one_spelling(void **state) {
    RIGHT(declare_origin_check, "https://app.example.com", "http://localhost:3000",
          "https://app.example.com:8443", "http://[::1]:3000", "http://127.0.0.1");
    WRONG(declare_origin_check, "null", "", "*", "https://*", "https://app.example.com/",
          "https://app.example.com:443", "http://localhost:80", "https://App.example.com",
          "HTTPS://app.example.com", "http://app.example.com", "app.example.com",
          "https://app.example.com?x", "https://app.example.com#x", "https://u@app.example.com",
          "https://app.example.com ", "https://app.example.com\n", "file://",
          "https://a,https://b");
}

static void issuers_are_origins(void **state) {
    RIGHT(declare_issuer_check, "https://cxone.niceincontact.com", "http://localhost:8420");
    WRONG(declare_issuer_check, "https://cxone.niceincontact.com/",
          "http://cxone.niceincontact.com", "https://x.example/tenant", "https://x.example?x=1",
          "https://x.example#x", "x.example", "");
}

static void addresses_of_keys_are_https_or_loopback(void **state) {
    RIGHT(declare_fetch_check, "https://keys.example.com/jwks?set=1", "http://localhost/jwks",
          "http://127.0.0.1:8000/jwks");
    WRONG(declare_fetch_check, "http://keys.example.com/jwks", "http://localhost.example.com/jwks",
          "com.example.app:/jwks", "https://u@keys.example.com/jwks",
          "https://keys.example.com/jwks#x", "");
}

static void templates_and_names_of_hosts(void **state) {
    RIGHT(declare_template_check, "https://api-{area}.{domain}", "http://localhost:8420",
          "https://api-{cluster}.{acdDomain}", "https://{area}.{uhDomain}:8443");
    WRONG(declare_template_check, "https://api-{region}.{domain}", "http://api-{area}.{domain}",
          "https://{area}.{domain}/x", "{area}.{domain}", "https://{area", "");
    RIGHT(declare_alias_check, "api.cxone.com", "localhost:8420", "{area}.nice-incontact.com");
    WRONG(declare_alias_check, "https://api.cxone.com", "API.cxone.com", "api.cxone.com/", "",
          "{x}.y");
    RIGHT(declare_domain_check, "niceincontact.com", "localhost");
    WRONG(declare_domain_check, "localhost:80", "Nice.com", "a..b", "", "a b", "{area}.b");
}

static void loopback_and_private_use_are_told_apart(void **state) {
    (void)state;
    assert_true(declare_is_loopback(STR("http://localhost:8420")));
    assert_false(declare_is_loopback(STR("https://localhost.example")));
    assert_true(declare_redirect_is_private_use(STR("com.example.app:/cb")));
    assert_false(declare_redirect_is_private_use(STR("https://x.example/cb")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(redirects_that_are_right),
        TEST(redirect_exact_hostile_ones_are_refused),
        TEST(mix_up_answers_in_the_query_of_a_redirect_are_refused),
        TEST(cors_origins_have_one_spelling),
        TEST(issuers_are_origins),
        TEST(addresses_of_keys_are_https_or_loopback),
        TEST(templates_and_names_of_hosts),
        TEST(loopback_and_private_use_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
