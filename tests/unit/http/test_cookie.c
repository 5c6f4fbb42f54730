/* SPDX-License-Identifier: Apache-2.0 */
/* cookie.c: RFC 6265 4.2.1, and what browsers send besides. */
#include "../fixture.h"

#include "http.h"

static void cookies_are_split(void **state) {
    struct fixture *f = *state;
    struct params p;
    assert_int_equal(cookie_parse(&f->cx, STR("__Host-s=a=b; t=\"quoted\";u=;  v = w "), &p), OK);
    assert_int_equal(p.n, 4);
    assert_str(p.v[0].name, "__Host-s");
    assert_str(p.v[0].value, "a=b");
    assert_str(p.v[1].value, "quoted");
    assert_str(p.v[2].value, "");
    assert_str(p.v[3].name, "v");
    assert_str(p.v[3].value, "w");
}

static void what_is_no_pair_is_skipped(void **state) {
    struct fixture *f = *state;
    struct params p;
    assert_int_equal(cookie_parse(&f->cx, STR(";; lone; =x; \"; a=b"), &p), OK);
    assert_int_equal(p.n, 1);
    assert_str(p.v[0].name, "a");
    assert_int_equal(cookie_parse(&f->cx, STR_NONE, &p), OK);
    assert_int_equal(p.n, 0);
}

static void param_pollution_a_cookie_twice_is_seen(void **state) {
    struct fixture *f = *state;
    struct params p;
    struct str value;
    assert_int_equal(cookie_parse(&f->cx, STR("s=a; s=b"), &p), OK);
    assert_int_equal(params_one(&f->cx, &p, "s", &value), ERR_INVALID_REQUEST);
}

static int parse_many(struct fixture *f, int n) {
    struct buf b = buf_in(f->arena, 1024);
    struct params p;
    for (int i = 0; i < n; i++) {
        buf_format(&b, "c%d=1;", i);
    }
    return cookie_parse(&f->cx, buf_view(&b), &p);
}

static void bombs_cookies(void **state) {
    struct fixture *f = *state;
    struct params p;
    assert_int_equal(parse_many(f, HTTP_COOKIES_MAX), OK);
    assert_int_equal(parse_many(f, HTTP_COOKIES_MAX + 1), ERR_HEADER_TOO_LARGE);
    char *large = arena_alloc(f->arena, HTTP_COOKIE_MAX + 1);
    memset(large, 'a', HTTP_COOKIE_MAX + 1);
    large[1] = '=';
    assert_int_equal(cookie_parse(&f->cx, (struct str){large, HTTP_COOKIE_MAX}, &p), OK);
    assert_int_equal(cookie_parse(&f->cx, (struct str){large, HTTP_COOKIE_MAX + 1}, &p),
                     ERR_HEADER_TOO_LARGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(cookies_are_split),
        TEST(what_is_no_pair_is_skipped),
        TEST(param_pollution_a_cookie_twice_is_seen),
        TEST(bombs_cookies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
