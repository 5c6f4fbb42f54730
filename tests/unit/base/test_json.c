/* SPDX-License-Identifier: Apache-2.0 */
/* JSON written and read. */
#include "fixture.h"

#include <math.h>

static struct str written(struct fixture *f, struct str s) {
    struct buf b = buf_in(f->arena, 0);
    struct json_out j = json_to(&b);
    json_put_str(&j, NULL, s);
    return buf_view(&b);
}

static void commas_and_nesting(void **state) {
    struct fixture *f = *state;
    struct buf b = buf_in(f->arena, 0);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_str(&j, "a", STR("x"));
    json_put_str_if(&j, "left out", STR_NONE);
    json_put_str(&j, "none", STR_NONE);
    json_put_int(&j, "n", -5);
    json_put_bool(&j, "t", true);
    json_put_bool(&j, "f", false);
    json_open_array(&j, "list");
    json_put_int(&j, NULL, 1);
    json_put_z(&j, NULL, "two");
    json_open_object(&j, NULL);
    json_close_object(&j);
    json_open_array(&j, NULL);
    json_close_array(&j);
    json_close_array(&j);
    json_key(&j, STR("named \"so\""));
    json_open_object(&j, NULL);
    json_put_null(&j, "z");
    json_close_object(&j);
    json_put_raw(&j, "raw", STR("[1,2]"));
    json_put_real(&j, "r", 1.5);
    json_put_real(&j, "nan", NAN);
    json_put_real(&j, "inf", INFINITY);
    json_put_str_if(&j, "empty", STR(""));
    json_close_object(&j);
    assert_str(
        buf_view(&b),
        "{\"a\":\"x\",\"none\":null,\"n\":-5,\"t\":true,\"f\":false,\"list\":[1,\"two\",{},[]],"
        "\"named \\\"so\\\"\":{\"z\":null},\"raw\":[1,2],\"r\":1.5,\"nan\":null,\"inf\":null,"
        "\"empty\":\"\"}");
}

static void members_alone_are_the_inside_of_an_object(void **state) {
    struct fixture *f = *state;
    struct buf b = buf_in(f->arena, 0);
    struct json_out j = json_to(&b);
    json_put_int(&j, "a", 1);
    json_put_int(&j, "b", 2);
    assert_str(buf_view(&b), "\"a\":1,\"b\":2");
}

static void text_is_escaped_to_ascii(void **state) {
    struct fixture *f = *state;
    assert_str(written(f, STR("plain /<>&'")), "\"plain /<>&'\"");
    assert_str(written(f, STR("\"\\\b\f\n\r\t")), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    assert_str(written(f, STR("\0\x01\x1f")), "\"\\u0000\\u0001\\u001f\"");
    /* PROTOCOL 12.12 */
    assert_str(written(f, STR("caf\xc3\xa9 \xe2\x82\xac")), "\"caf\\u00e9 \\u20ac\"");
    /* RFC 8259 7: a surrogate pair */
    assert_str(written(f, STR("\xf0\x9d\x84\x9e!")), "\"\\ud834\\udd1e!\"");
    assert_str(written(f, STR("\xf4\x8f\xbf\xbf")), "\"\\udbff\\udfff\"");
    assert_str(written(f, STR("a\xff"
                              "b\xc3")),
               "\"a\\ufffdb\\ufffd\"");
    assert_str(written(f, STR("")), "\"\"");
}

static void what_is_written_is_read_back(void **state) {
    struct fixture *f = *state;
    struct str all = STR("q\" b\\ \xc3\xa9 \xf0\x9d\x84\x9e \x01 \x7f end");
    json_t *value;
    assert_int_equal(json_parse(&f->cx, written(f, all), &value), OK);
    assert_str(((struct str){json_string_value(value), json_string_length(value)}), all.p);
}

static void any_value_is_read(void **state) {
    struct fixture *f = *state;
    static const char *const good[] = {"{}", "[]", "null", "1", "\"x\"", " [1, 2.5, true] ", "-0"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        json_t *value = NULL;
        assert_int_equal(json_parse(&f->cx, str_from(good[i]), &value), OK);
        assert_non_null(value);
    }
}

static void parsers_malformed_json_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "{]",
                                      "{\"a\":1,}",
                                      "[1,]",
                                      "{'a':1}",
                                      "{a:1}",
                                      "[1] x",
                                      "[1][2]",
                                      "nul",
                                      "01",
                                      "1.",
                                      "+1",
                                      "NaN",
                                      "Infinity",
                                      "\"\xff\"",
                                      "\"\\u0000\"",
                                      "\"\\ud834\"",
                                      "\"a\nb\"",
                                      "1e400",
                                      "9223372036854775808",
                                      "{\"a\":1,\"a\":2}",
                                      "/* c */ 1",
                                      "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        json_t *value = NULL;
        if (json_parse(&f->cx, str_from(bad[i]), &value) != ERR_INVALID_REQUEST) {
            fail_msg("'%s' was read", bad[i]);
        }
        assert_null(value);
    }
    json_t *value;
    assert_int_equal(json_parse(&f->cx, STR_NONE, &value), ERR_INVALID_REQUEST);
    assert_int_equal(json_parse(&f->cx, STR("1\0"), &value), ERR_INVALID_REQUEST);
    assert_int_equal(json_parse(&f->cx, STR("\"a\0b\""), &value), ERR_INVALID_REQUEST);
    assert_int_equal(json_parse(&f->cx, STR("[1\0,2]"), &value), ERR_INVALID_REQUEST);
}

static void a_mistake_names_its_place_and_quotes_nothing(void **state) {
    struct fixture *f = *state;
    json_t *value;
    struct str text = STR("{\n  \"client_secret\": \"hunter2\" \"oops\"\n}");
    assert_int_equal(json_parse(&f->cx, text, &value), ERR_INVALID_REQUEST);
    assert_reason(f, "line 2");
    assert_null(strstr(f->cx.failure.detail, "hunter2"));
    assert_null(strstr(f->cx.failure.detail, "oops"));
}

static struct str nested(struct fixture *f, size_t depth) {
    struct buf b = buf_in(f->arena, depth * 2);
    for (size_t i = 0; i < depth; i++) {
        buf_char(&b, '[');
    }
    for (size_t i = 0; i < depth; i++) {
        buf_char(&b, ']');
    }
    return buf_view(&b);
}

static void bombs_depth_at_the_edge_and_one_past_it(void **state) {
    struct fixture *f = *state;
    json_t *value;
    assert_int_equal(json_parse(&f->cx, nested(f, JSON_DEPTH_MAX), &value), OK);
    assert_int_equal(json_parse(&f->cx, nested(f, JSON_DEPTH_MAX + 1), &value),
                     ERR_INVALID_REQUEST);
    assert_reason(f, "64");
    assert_int_equal(json_parse(&f->cx, nested(f, 1000000), &value), ERR_INVALID_REQUEST);
    /* Brackets in strings do not nest, and an escaped quote ends no string. */
    struct buf b = buf_in(f->arena, 0);
    buf_z(&b, "\"\\\"");
    for (int i = 0; i < 100; i++) {
        buf_char(&b, '[');
    }
    buf_z(&b, "\\\\\"");
    assert_int_equal(json_parse(&f->cx, buf_view(&b), &value), OK);
}

static void the_writer_nests_as_deep_as_the_reader(void **state) {
    struct fixture *f = *state;
    struct buf b = buf_in(f->arena, 0);
    struct json_out j = json_to(&b);
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        json_open_array(&j, NULL);
    }
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        json_close_array(&j);
    }
    json_t *value;
    assert_int_equal(json_parse(&f->cx, buf_view(&b), &value), OK);
}

static void members(void **state) {
    struct fixture *f = *state;
    json_t *o;
    struct str s = STR_NONE;
    int64_t n = 0;
    bool flag = false;
    struct str text =
        STR("{\"s\":\"x\",\"n\":7,\"b\":true,\"null\":null,\"r\":1.0,\"u\":\"a\\u00e9\"}");
    assert_int_equal(json_parse(&f->cx, text, &o), OK);
    assert_int_equal(json_get_str(&f->cx, o, "s", &s), OK);
    assert_str(s, "x");
    assert_int_equal(json_get_str(&f->cx, o, "u", &s), OK);
    assert_str(s, "a\xc3\xa9");
    assert_int_equal(json_get_str(&f->cx, o, "null", &s), OK);
    assert_null(s.p);
    assert_int_equal(json_get_str(&f->cx, o, "absent", &s), OK);
    assert_null(s.p);
    assert_int_equal(json_get_int(&f->cx, o, "n", 1, &n), OK);
    assert_int_equal(n, 7);
    assert_int_equal(json_get_int(&f->cx, o, "absent", 42, &n), OK);
    assert_int_equal(n, 42);
    assert_int_equal(json_get_bool(&f->cx, o, "b", false, &flag), OK);
    assert_true(flag);
    assert_int_equal(json_get_bool(&f->cx, o, "null", false, &flag), OK);
    assert_false(flag);
}

static void a_member_of_the_wrong_type_is_named(void **state) {
    struct fixture *f = *state;
    json_t *o;
    struct str s = STR("kept");
    int64_t n = 3;
    bool flag = true;
    assert_int_equal(json_parse(&f->cx, STR("{\"s\":1,\"n\":\"1\",\"r\":1.0,\"b\":1}"), &o), OK);
    assert_int_equal(json_get_str(&f->cx, o, "s", &s), ERR_INVALID_REQUEST);
    assert_reason(f, "s must be");
    assert_str(s, "kept");
    assert_int_equal(json_get_int(&f->cx, o, "n", 0, &n), ERR_INVALID_REQUEST);
    assert_int_equal(json_get_int(&f->cx, o, "r", 0, &n), ERR_INVALID_REQUEST);
    assert_int_equal(n, 3);
    assert_int_equal(json_get_bool(&f->cx, o, "b", false, &flag), ERR_INVALID_REQUEST);
    assert_true(flag);
}

static void words_come_as_text_or_as_an_array(void **state) {
    struct fixture *f = *state;
    json_t *o;
    struct str s = STR_NONE;
    struct str text = STR("{\"a\":[\"x\",\"y\"],\"b\":\"x y\",\"c\":[],\"d\":[1],\"e\":[\"x y\"],"
                          "\"f\":[\"\"],\"g\":{}}");
    assert_int_equal(json_parse(&f->cx, text, &o), OK);
    assert_int_equal(json_get_words(&f->cx, o, "a", &s), OK);
    assert_str(s, "x y");
    assert_int_equal(json_get_words(&f->cx, o, "b", &s), OK);
    assert_str(s, "x y");
    assert_int_equal(json_get_words(&f->cx, o, "c", &s), OK);
    assert_true(s.p != NULL && s.n == 0);
    assert_int_equal(json_get_words(&f->cx, o, "absent", &s), OK);
    assert_null(s.p);
    for (const char *name = "defg"; *name != '\0'; name++) {
        assert_int_equal(json_get_words(&f->cx, o, (char[]){*name, '\0'}, &s), ERR_INVALID_REQUEST);
    }
}

static void the_canonical_form_sorts_members(void **state) {
    struct fixture *f = *state;
    json_t *o;
    assert_int_equal(
        json_parse(&f->cx, STR("{ \"b\": [1, {\"z\":1,\"y\":null}], \"a\": \"x\" }"), &o), OK);
    assert_str(json_canonical(f->arena, o), "{\"a\":\"x\",\"b\":[1,{\"y\":null,\"z\":1}]}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(commas_and_nesting),
        TEST(members_alone_are_the_inside_of_an_object),
        TEST(text_is_escaped_to_ascii),
        TEST(what_is_written_is_read_back),
        TEST(any_value_is_read),
        TEST(parsers_malformed_json_is_refused),
        TEST(a_mistake_names_its_place_and_quotes_nothing),
        TEST(bombs_depth_at_the_edge_and_one_past_it),
        TEST(the_writer_nests_as_deep_as_the_reader),
        TEST(members),
        TEST(a_member_of_the_wrong_type_is_named),
        TEST(words_come_as_text_or_as_an_array),
        TEST(the_canonical_form_sorts_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
