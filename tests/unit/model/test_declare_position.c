/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "declare.h"

/* a path of up to three steps; an index is written as "#2" */
static size_t line_of(struct fixture *f, const char *text, const char *path) {
    struct declare_at steps[8];
    size_t n = 0;
    struct str rest = str_from(path), part;
    while (!str_empty(rest) && str_next(&rest, '/', &part)) {
        const struct declare_at *parent = n > 0 ? &steps[n - 1] : NULL;
        int64_t index = 0;
        bool is_index = part.p[0] == '#' && str_int(str_sub(part, 1, part.n), &index);
        steps[n++] =
            (struct declare_at){parent, is_index ? NULL : str_z(f->arena, part), (size_t)index};
    }
    struct str s = str_from(text);
    return declare_line(s, declare_position(f->arena, s, n > 0 ? &steps[n - 1] : NULL));
}

static const char text[] = "\n"                                     /* 1 */
                           "{ \"a\": {\"deep\": [1, {\"x\": 2}],\n" /* 2 */
                           "    \"b\":\n"                           /* 3 */
                           "      \"}]{[\\\"\\\\\"},\n"             /* 4 */
                           "  \"list\": [\n"                        /* 5 */
                           "    {\"n\": 1},\n"                      /* 6 */
                           "    {\"n\": -1.5e3,\n"                  /* 7 */
                           "     \"m\": true}, null\n"              /* 8 */
                           "  ],\n"                                 /* 9 */
                           "  \"\\u0063\": 3 }\n";                  /* 10 */

static void members_and_elements_are_found(void **state) {
    struct fixture *f = *state;
    assert_int_equal(line_of(f, text, ""), 2);
    assert_int_equal(line_of(f, text, "a"), 2);
    assert_int_equal(line_of(f, text, "a/b"), 3);
    assert_int_equal(line_of(f, text, "list"), 5);
    assert_int_equal(line_of(f, text, "list/#0"), 6);
    assert_int_equal(line_of(f, text, "list/#1"), 7);
    assert_int_equal(line_of(f, text, "list/#1/m"), 8);
    assert_int_equal(line_of(f, text, "list/#2"), 8);
}

static void escaped_names_are_read(void **state) {
    assert_int_equal(line_of(*state, text, "c"), 10);
}

static void what_is_absent_gets_the_nearest_place(void **state) {
    struct fixture *f = *state;
    assert_int_equal(line_of(f, text, "list/#1/absent"), 7);
    assert_int_equal(line_of(f, text, "list/#9"), 5);
    assert_int_equal(line_of(f, text, "list/name"), 5);
    assert_int_equal(line_of(f, text, "zzz/y"), 2);
    assert_int_equal(line_of(f, text, "#0"), 2);
}

static void broken_text_ends_the_search(void **state) {
    static const char *const broken[] = {
        "",       "{", "{\"a\"", "{\"a\":",    "{\"a\" 1",   "[",         "{\"x\":[1", "{\"x\":\"",
        "{\"x\\", "}", "{x:1}",  "{\"x\":}}}", "{\"x\":1 2", "{\"x\":1,", "\"\\"};
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        assert_int_equal(line_of(*state, broken[i], "a/b/#3"), 1);
    }
}

static void paths_are_written_as_people_read_them(void **state) {
    struct fixture *f = *state;
    struct declare_at list = {NULL, "environments", 0}, item = {&list, NULL, 12},
                      name = {&item, "a\x1b\n", 0};
    assert_true(str_is(declare_at_text(f->arena, &name), "environments[12].a??"));
    assert_true(str_is(declare_at_text(f->arena, NULL), "the file"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(members_and_elements_are_found),        TEST(escaped_names_are_read),
        TEST(what_is_absent_gets_the_nearest_place), TEST(broken_text_ends_the_search),
        TEST(paths_are_written_as_people_read_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
