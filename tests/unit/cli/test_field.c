/* SPDX-License-Identifier: Apache-2.0 */
/* -f and -F: typed values, a JSON body, a query string. */
#include "cli_fixture.h"

#include <stdlib.h>
#include <unistd.h>

static void values_have_types(void **state) {
    struct world *w = *state;
    static const struct {
        const char *value, *json;
    } rows[] = {
        {"true", "true"},
        {"null", "null"},
        {"0", "0"},
        {"-1.5e+3", "-1.5e+3"},
        {"01", "\"01\""},
        {"+1", "\"+1\""},
        {".5", "\".5\""},
        {"1.", "\"1.\""},
        {"-", "\"-\""},
        {"1e", "\"1e\""},
        {"", "\"\""},
        {"True", "\"True\""},
        {"[1,\"a\"]", "[1,\"a\"]"},
        {"{\"a\":1}", "{\"a\":1}"},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str json;
        assert_true(field_typed(&w->c, str_from(rows[i].value), &json));
        assert_str(json, rows[i].json);
    }
}

static void broken_json_is_refused(void **state) {
    struct world *w = *state;
    struct str json;
    assert_false(field_typed(&w->c, STR("[1,"), &json));
    assert_has(err_text(w), "is not JSON");
    assert_false(field_typed(&w->c, STR("{\"a\":1}x"), &json));
}

static void a_file_gives_its_text(void **state) {
    struct world *w = *state;
    char name[] = "/tmp/postern-field-XXXXXX";
    int fd = mkstemp(name);
    struct str json;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a\n\"b\"", 5), 5);
    struct str value = str_format(w->f->arena, "@%s", name);
    bool good = field_typed(&w->c, value, &json);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, "\xff", 1, 0), 1);
    struct str none;
    bool binary = field_typed(&w->c, value, &none);
    (void)close(fd);
    (void)unlink(name);
    assert_true(good);
    assert_str(json, "\"a\\n\\\"b\\\"\"");
    assert_false(binary);
    assert_has(err_text(w), "is not UTF-8 text");
    assert_false(field_typed(&w->c, value, &none));
    assert_has(err_text(w), "cannot be read");
}

static void fields_make_an_object(void **state) {
    struct world *w = *state;
    struct str body;
    assert_int_equal(PARSE(w, "api", "/x", "-f", "a=1", "-F", "b=1", "-F", "c=x=y", "-f", "d="),
                     EXIT_OK);
    assert_true(fields_json(&w->c, &body));
    assert_str(body, "{\"a\":\"1\",\"b\":1,\"c\":\"x=y\",\"d\":\"\"}");
}

static void fields_make_a_query(void **state) {
    struct world *w = *state;
    struct str query;
    assert_int_equal(PARSE(w, "api", "/x", "-f", "a b=1&2", "-F", "c=true"), EXIT_OK);
    assert_true(fields_query(&w->c, &query));
    assert_str(query, "a%20b=1%262&c=true");
}

static void a_query_takes_what_a_body_takes(void **state) {
    struct world *w = *state;
    struct str query;
    assert_int_equal(PARSE(w, "api", "get", "/x", "-F", "x={bad"), EXIT_OK);
    assert_false(fields_query(&w->c, &query));
    assert_has(err_text(w), "-F: {bad is not JSON");
}

static void no_fields_no_body(void **state) {
    struct world *w = *state;
    struct str body = STR("x");
    assert_int_equal(PARSE(w, "api", "/x"), EXIT_OK);
    assert_true(fields_json(&w->c, &body));
    assert_null(body.p);
    assert_true(fields_query(&w->c, &body));
    assert_null(body.p);
}

static void a_field_twice_is_a_mistake(void **state) {
    struct world *w = *state;
    struct str body;
    assert_int_equal(PARSE(w, "api", "/x", "-f", "a=1", "-f", "b=1", "-F", "a=2"), EXIT_OK);
    assert_false(fields_json(&w->c, &body));
    assert_has(err_text(w), "The field a is given twice");
}

static void a_field_without_name_or_value_is_a_mistake(void **state) {
    struct world *w = *state;
    static const char *const bad[] = {"a", "=x", "", "\xff=1"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str body;
        w->c.command = NULL;
        w->c.words_n = w->c.given_n = 0;
        char *field = str_z(w->f->arena, str_from(bad[i]));
        assert_int_equal(PARSE(w, "api", "/x", "-f", field), EXIT_OK);
        assert_false(fields_json(&w->c, &body));
        assert_has(err_text(w), "-f takes KEY=VALUE");
        err_clear(w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLI_TEST(values_have_types),
        CLI_TEST(broken_json_is_refused),
        CLI_TEST(a_file_gives_its_text),
        CLI_TEST(fields_make_an_object),
        CLI_TEST(fields_make_a_query),
        CLI_TEST(a_query_takes_what_a_body_takes),
        CLI_TEST(no_fields_no_body),
        CLI_TEST(a_field_twice_is_a_mistake),
        CLI_TEST(a_field_without_name_or_value_is_a_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
