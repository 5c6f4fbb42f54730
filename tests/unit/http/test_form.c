/* SPDX-License-Identifier: Apache-2.0 */
/* form.c: splitting, decoding, tolerance, bounds. */
#include "../fixture.h"

#include "http.h"

static const struct form_rules strict = {.max = 5, .plus = true};
static const struct form_rules tolerant = {.max = 5, .plus = true, .tolerant = true};

static struct params parsed(struct fixture *f, const char *text, const struct form_rules *rules) {
    struct params params;
    assert_int_equal(form_parse(&f->cx, str_from(text), rules, &params), OK);
    return params;
}

/* PROTOCOL 12.2: a pair is split at its first '='. */
static void pairs_split_at_the_first_equals_sign(void **state) {
    struct params p = parsed(*state, "a=b=c==&redirect_uri=https://x/?y=z", &strict);
    assert_int_equal(p.n, 2);
    assert_str(p.v[0].name, "a");
    assert_str(p.v[0].value, "b=c==");
    assert_str(p.v[1].value, "https://x/?y=z");
}

static void empty_pairs_are_skipped_and_lone_names_kept(void **state) {
    assert_int_equal(parsed(*state, "", &strict).n, 0);
    assert_int_equal(parsed(*state, "&&", &strict).n, 0);
    struct params p = parsed(*state, "&a=1&&b&", &strict);
    assert_int_equal(p.n, 2);
    assert_str(p.v[1].name, "b");
    assert_str(p.v[1].value, "");
}

static void values_and_names_are_decoded(void **state) {
    struct params p = parsed(*state, "%61+b=%41+%C3%A9%2B%26", &strict);
    assert_str(p.v[0].name, "a b");
    assert_str(p.v[0].value, "A \xc3\xa9+&");
    const struct form_rules raw_plus = {.max = 1};
    assert_str(parsed(*state, "a=b+c", &raw_plus).v[0].value, "b+c");
}

static const char *const undecodable[] = {"a=%",   "a=%4",        "a=%zz",  "a=%00",   "a=%ff",
                                          "%ff=a", "a=%ed%a0%80", "a=\xff", "a=%c0%af"};

static void what_does_not_decode_is_refused(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(undecodable); i++) {
        struct params p;
        assert_int_equal(form_parse(&f->cx, str_from(undecodable[i]), &strict, &p),
                         ERR_INVALID_REQUEST);
    }
}

/* PROTOCOL 12.2: values come unescaped. */
static void what_does_not_decode_stays_raw_when_tolerant(void **state) {
    for (size_t i = 0; i < COUNT_OF(undecodable); i++) {
        assert_int_equal(parsed(*state, undecodable[i], &tolerant).n, 1);
    }
    struct params p = parsed(*state, "password=100%+sure&b=%41", &tolerant);
    assert_str(p.v[0].value, "100%+sure");
    assert_str(p.v[1].value, "A");
}

static void bombs_form_fields(void **state) {
    struct fixture *f = *state;
    struct params p;
    assert_int_equal(parsed(f, "a&b&c&d&e&&", &strict).n, 5);
    assert_int_equal(form_parse(&f->cx, STR("a&b&c&d&e&f"), &strict, &p), ERR_INVALID_REQUEST);
    assert_int_equal(form_parse(&f->cx, STR("a&b&c&d&e&f"), &tolerant, &p), ERR_INVALID_REQUEST);
}

static void param_pollution_twice_is_refused_by_name(void **state) {
    struct fixture *f = *state;
    struct params p = parsed(f, "a=1&b=2&a=1", &strict);
    struct str value = STR("kept");
    assert_int_equal(params_one(&f->cx, &p, "a", &value), ERR_INVALID_REQUEST);
    assert_reason(f, "The parameter a comes twice");
    assert_str(value, "kept");
    assert_int_equal(params_one(&f->cx, &p, "b", &value), OK);
    assert_str(value, "2");
    assert_int_equal(params_one(&f->cx, &p, "c", &value), OK);
    assert_null(value.p);
    assert_true(params_has(&p, "a"));
    assert_false(params_has(&p, "c"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(pairs_split_at_the_first_equals_sign),
        TEST(empty_pairs_are_skipped_and_lone_names_kept),
        TEST(values_and_names_are_decoded),
        TEST(what_does_not_decode_is_refused),
        TEST(what_does_not_decode_stays_raw_when_tolerant),
        TEST(bombs_form_fields),
        TEST(param_pollution_twice_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
