/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, styles, JSON, failures: for a person and for a program. */
#include "cli_fixture.h"

static void table(struct world *w) {
    const struct cell cells[] = {
        CELL("NAME"),
        CELL("VALUE"),
        CELL_STYLED(STYLE_GOOD, "a"),
        CELL("1"),
        CELL("\xc3\xa5ngstr\xc3\xb6m"),
        CELL("x\ty\x1b[31m\n"),
    };
    cli_table(&w->c, cells, 2, 3);
}

static void a_pipe_gets_tabs_and_no_heading(void **state) {
    struct world *w = *state;
    table(w);
    assert_string_equal(out_text(w), "a\t1\n\xc3\xa5ngstr\xc3\xb6m\tx\\ty\\x1b[31m\\n\n");
}

static void a_terminal_gets_columns(void **state) {
    struct world *w = *state;
    w->c.terminal = true;
    table(w);
    assert_string_equal(out_text(w), "NAME      VALUE\na         1\n"
                                     "\xc3\xa5ngstr\xc3\xb6m  x\\ty\\x1b[31m\\n\n");
}

static void colours_do_not_move_columns(void **state) {
    struct world *w = *state;
    w->c.terminal = w->c.color = true;
    table(w);
    assert_has(out_text(w), "\x1b[1mNAME\x1b[0m      \x1b[1mVALUE\x1b[0m\n");
    assert_has(out_text(w), "\x1b[32ma\x1b[0m         1\n");
}

static void a_heading_may_be_absent(void **state) {
    struct world *w = *state;
    const struct cell cells[] = {{STR_NONE, STYLE_PLAIN}, CELL("b")};
    w->c.terminal = true;
    cli_table(&w->c, cells, 1, 2);
    assert_string_equal(out_text(w), "b\n");
}

/* ---- control characters ---- */

static void visible_text(void **state) {
    struct world *w = *state;
    static const struct {
        struct str text;
        const char *shown;
    } rows[] = {
        {{"plain \xe2\x82\xac", 9}, "plain \xe2\x82\xac"},
        {{"\x1b]0;x\x07", 6}, "\\x1b]0;x\\x07"},
        {{"a\0b", 3}, "a\\x00b"},
        {{"\xc2\x9b"
          "31m",
          5},
         "\\x9b31m"},
        {{"\xe2\x80\xae"
          "evil",
          7},
         "\\u202eevil"},
        {{"\xff\xc3", 2}, "\\xff\\xc3"},
        {{"\r\n\t\x7f", 4}, "\\r\\n\\t\\x7f"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_str(visible(w->f->arena, rows[i].text), rows[i].shown);
    }
}

static void styles_wrap_what_is_visible(void **state) {
    struct world *w = *state;
    assert_string_equal(cli_styled(&w->c, STYLE_BAD, STR("x")), "x");
    w->c.color = true;
    assert_string_equal(cli_styled(&w->c, STYLE_BAD, STR("\x1b")), "\x1b[31m\\x1b\x1b[0m");
    assert_string_equal(cli_styled(&w->c, STYLE_PLAIN, STR("x")), "x");
}

/* ---- JSON ---- */

#define DOCUMENT                                                                                   \
    "{\"a\":[1,{\"b\":null}],\"e\":{},\"f\":[],\"n\":1.0e400,\"s\":\"q\\\"\\u00e5{[,:\"}"

static void json_in_a_pipe_stays_as_it_came(void **state) {
    struct world *w = *state;
    cli_json(&w->c, STR(DOCUMENT));
    assert_string_equal(out_text(w), DOCUMENT "\n");
}

#define INDENTED                                                                                   \
    "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"e\": {},\n  \"f\": [],\n"   \
    "  \"n\": 1.0e400,\n  \"s\": \"q\\\"\\u00e5{[,:\"\n}\n"

static void json_on_a_terminal_is_indented(void **state) {
    struct world *w = *state;
    w->c.terminal = true;
    cli_json(&w->c, STR(DOCUMENT));
    assert_string_equal(out_text(w), INDENTED);
}

static void json_cut_anywhere_is_the_same(void **state) {
    struct world *w = *state;
    const struct str text = STR("{\"k\xe2\x82\xac\":[\"\xf0\x9f\x9a\xaa\",12,true]}");
    w->c.terminal = true;
    cli_json(&w->c, text);
    struct str whole = str_copy(w->f->arena, str_from(out_text(w)));
    assert_has(out_text(w), "\"\xf0\x9f\x9a\xaa\"");
    for (size_t step = 1; step < 6; step++) {
        struct json_printer p;
        rewind(w->c.out);
        json_print_begin(&p, &w->c);
        for (size_t i = 0; i < text.n; i += step) {
            json_print(&p, str_sub(text, i, step));
        }
        json_print_end(&p);
        (void)fflush(w->c.out);
        assert_true(str_eq(whole, (struct str){w->out, w->out_n}));
    }
}

/* SECURITY xss: a terminal is a place where markup is executed too. */
static void xss_of_a_terminal_in_json(void **state) {
    struct world *w = *state;
    w->c.terminal = true;
    cli_json(&w->c, STR("{\"a\":\"\x1b[2J\xc2\x9b\xe2\x80\xae\"}\x1b"));
    assert_null(strchr(out_text(w), '\x1b'));
    assert_has(out_text(w), "\\u001b[2J\\u009b\\u202e");
}

static void keys_and_values_have_colours(void **state) {
    struct world *w = *state;
    w->c.terminal = w->c.color = true;
    cli_json(&w->c, STR("{\"a\":\"b\",\"n\":1}"));
    assert_has(out_text(w), "\x1b[34m\"a\"\x1b[0m: \x1b[32m\"b\"\x1b[0m");
    assert_has(out_text(w), "\x1b[33m1\x1b[0m");
}

static void what_is_no_json_is_printed_all_the_same(void **state) {
    struct world *w = *state;
    w->c.terminal = true;
    cli_json(&w->c, STR("]}} oh \"no"));
    assert_has(out_text(w), "oh");
    assert_has(out_text(w), "\"no");
}

static void deep_json_needs_no_memory(void **state) {
    struct world *w = *state;
    struct buf deep = buf_in(w->f->arena, 4096);
    w->c.terminal = true;
    for (int i = 0; i < 2000; i++) {
        buf_z(&deep, i % 2 == 0 ? "[" : "{\"a\":");
    }
    cli_json(&w->c, buf_view(&deep));
    assert_has(out_text(w), "\"a\": [");
}

/* ---- failures, times ---- */

static void errors_are_one_line_or_one_json_value(void **state) {
    struct world *w = *state;
    assert_int_equal(cli_error(&w->c, EXIT_SERVER, "the %s\nfailed", "server"), EXIT_SERVER);
    assert_string_equal(err_text(w), "postern: the server\\nfailed\n");
    assert_string_equal(out_text(w), "");
}

static void errors_as_json(void **state) {
    struct world *w = *state;
    w->c.json = true;
    assert_int_equal(cli_error(&w->c, EXIT_AUTH, "no"), EXIT_AUTH);
    assert_string_equal(err_text(w), "{\"error\":{\"code\":\"auth\",\"message\":\"no\"}}\n");
}

static void every_code_has_its_exit_status(void **state) {
    (void)state;
    static const struct {
        enum postern_code code;
        int status;
    } rows[] = {
        {POSTERN_OK, 0},       {POSTERN_USAGE, 2},         {POSTERN_MEMORY, 1},
        {POSTERN_FILE, 1},     {POSTERN_CANCELLED, 130},   {POSTERN_DNS, 5},
        {POSTERN_CONNECT, 5},  {POSTERN_TLS, 5},           {POSTERN_TIMEOUT, 5},
        {POSTERN_NETWORK, 5},  {POSTERN_DISCOVERY, 6},     {POSTERN_ISSUER, 6},
        {POSTERN_CLOCK, 3},    {POSTERN_AUTH, 3},          {POSTERN_TOKEN, 3},
        {POSTERN_NO_TOKEN, 3}, {POSTERN_DENIED, 4},        {POSTERN_NOT_FOUND, 1},
        {POSTERN_REQUEST, 1},  {POSTERN_LIMIT, 6},         {POSTERN_SERVER, 6},
        {POSTERN_ANSWER, 6},   {(enum postern_code)99, 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(cli_exit_of(rows[i].code), rows[i].status);
    }
}

static void progress_is_for_terminals_and_goes_away(void **state) {
    struct world *w = *state;
    cli_progress(&w->c, "waiting");
    assert_string_equal(err_text(w), "");
    w->c.err_terminal = true;
    cli_progress(&w->c, "waiting");
    cli_note(&w->c, "done");
    assert_string_equal(err_text(w), "waiting\r\x1b[Kpostern: done\n");
    cli_progress(&w->c, "%s", "");
    assert_string_equal(err_text(w), "waiting\r\x1b[Kpostern: done\n");
}

static void long_lines_are_cut_not_overrun(void **state) {
    struct world *w = *state;
    struct buf b = buf_in(w->f->arena, 5000);
    for (int i = 0; i < 5000; i++) {
        buf_char(&b, '\x01');
    }
    cli_note(&w->c, "%s", str_z(w->f->arena, buf_view(&b)));
    assert_true(strlen(err_text(w)) < 1100);
}

static void times_in_words(void **state) {
    struct world *w = *state;
    static const struct {
        int64_t left;
        const char *words;
    } rows[] = {{3480, "in 58 min"}, {-7200, "2 h ago"},    {90, "in 90 s"},   {-119, "119 s ago"},
                {0, "now"},          {172800, "in 2 days"}, {86400, "in 24 h"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_string_equal(cli_when(&w->c, FIXTURE_NOW + rows[i].left), rows[i].words);
    }
    assert_string_equal(cli_when(&w->c, 0), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLI_TEST(a_pipe_gets_tabs_and_no_heading),
        CLI_TEST(a_terminal_gets_columns),
        CLI_TEST(colours_do_not_move_columns),
        CLI_TEST(a_heading_may_be_absent),
        CLI_TEST(visible_text),
        CLI_TEST(styles_wrap_what_is_visible),
        CLI_TEST(json_in_a_pipe_stays_as_it_came),
        CLI_TEST(json_on_a_terminal_is_indented),
        CLI_TEST(json_cut_anywhere_is_the_same),
        CLI_TEST(xss_of_a_terminal_in_json),
        CLI_TEST(keys_and_values_have_colours),
        CLI_TEST(what_is_no_json_is_printed_all_the_same),
        CLI_TEST(deep_json_needs_no_memory),
        CLI_TEST(errors_are_one_line_or_one_json_value),
        CLI_TEST(errors_as_json),
        CLI_TEST(every_code_has_its_exit_status),
        CLI_TEST(progress_is_for_terminals_and_goes_away),
        CLI_TEST(long_lines_are_cut_not_overrun),
        CLI_TEST(times_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
