/* SPDX-License-Identifier: Apache-2.0 */
/* response.c: filling a reply, conditional requests. */
#include "../fixture.h"

#include "http.h"

#include <stdio.h>

static struct reply cached(struct fixture *f, struct str body, const char *none_match) {
    struct param header = {STR("if-none-match"), str_from(none_match)};
    struct request rq = {.headers = {&header, none_match != NULL ? 1 : 0}};
    struct reply rp = {.status = 200, .body = body};
    reply_cacheable(&f->cx, &rq, &rp, 300);
    return rp;
}

static void a_json_reply_is_filled(void **state) {
    struct fixture *f = *state;
    struct reply rp = {.status = 0};
    struct buf b = buf_in(f->arena, 16);
    buf_z(&b, "{}");
    reply_json(&rp, 201, &b);
    assert_int_equal(rp.status, 201);
    assert_str(rp.body, "{}");
    assert_string_equal(rp.content_type, "application/json");
    assert_false(rp.cacheable);
}

static void cacheable_replies_have_age_and_etag(void **state) {
    struct reply rp = cached(*state, STR("{\"a\":1}"), NULL);
    assert_true(rp.cacheable);
    assert_int_equal(rp.status, 200);
    assert_str(rp.headers[0].name, "Cache-Control");
    assert_str(rp.headers[0].value, "public, max-age=300");
    assert_str(rp.headers[1].name, "ETag");
    assert_int_equal(rp.headers[1].value.n, 24);
}

/* Every byte, every length counts. */
static void etags_differ_when_the_body_does(void **state) {
    struct fixture *f = *state;
    char body[200];
    memset(body, 'a', sizeof body);
    struct str all = {body, sizeof body};
    struct str before = cached(f, all, NULL).headers[1].value;
    assert_true(str_eq(before, cached(f, all, NULL).headers[1].value));
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = 'b';
        assert_false(str_eq(before, cached(f, all, NULL).headers[1].value));
        body[i] = 'a';
        struct str shorter = {body, i};
        assert_false(str_eq(before, cached(f, shorter, NULL).headers[1].value));
    }
    char zeros[70] = {0};
    for (size_t n = 1; n < sizeof zeros; n++) {
        struct str a = {zeros, n}, b = {zeros, n - 1};
        assert_false(
            str_eq(cached(f, a, NULL).headers[1].value, cached(f, b, NULL).headers[1].value));
    }
}

/* RFC 9110 13.1.2 */
static void a_match_is_304(void **state) {
    struct fixture *f = *state;
    char tag[32], list[128];
    struct str etag = cached(f, STR("{}"), NULL).headers[1].value;
    (void)snprintf(tag, sizeof tag, "%.*s", STR_ARG(etag));
    static const char *const matching[] = {"%s", "W/%s", "\"x\", %s", "W/\"y\" ,W/%s , \"z\"", "*"};
    for (size_t i = 0; i < COUNT_OF(matching); i++) {
        (void)snprintf(list, sizeof list, matching[i], tag);
        struct reply rp = cached(f, STR("{}"), list);
        assert_int_equal(rp.status, 304);
        assert_int_equal(rp.body.n, 0);
        assert_str(rp.headers[1].value, tag);
    }
    assert_int_equal(cached(f, STR("{}"), "\"x\"").status, 200);
    assert_int_equal(cached(f, STR("{}"), "").status, 200);
    assert_int_equal(cached(f, STR("{} "), tag).status, 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_json_reply_is_filled),
        TEST(cacheable_replies_have_age_and_etag),
        TEST(etags_differ_when_the_body_does),
        TEST(a_match_is_304),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
