/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: commands, flags, settings, and mistakes that name what was meant. */
#include "cli_fixture.h"

static void flags_stand_anywhere(void **state) {
    struct world *w = *state;
    assert_int_equal(PARSE(w, "--profile=x", "api", "-i", "post", "/p", "-fa=b", "-F", "n=1",
                           "--client-id", "me", "--base=auth", "--verbose"),
                     EXIT_OK);
    assert_string_equal(w->c.command->name, "api");
    assert_int_equal(w->c.words_n, 2);
    assert_string_equal(w->c.words[1], "/p");
    assert_string_equal(cli_value(&w->c, "--profile"), "x");
    assert_string_equal(cli_value(&w->c, "--raw-field"), "a=b");
    assert_string_equal(cli_value(&w->c, "--field"), "n=1");
    assert_string_equal(cli_value(&w->c, "--client-id"), "me");
    assert_true(cli_has(&w->c, "--include"));
    assert_true(w->c.verbose);
    assert_false(cli_has(&w->c, "--paginate"));
    assert_string_equal(err_text(w), "");
}

static void of_several_values_the_last_counts_or_all(void **state) {
    struct world *w = *state;
    assert_int_equal(PARSE(w, "api", "/p", "-H", "A: 1", "--header", "B: 2"), EXIT_OK);
    assert_string_equal(cli_value(&w->c, "--header"), "B: 2");
    assert_string_equal(cli_value_at(&w->c, "--header", 0), "A: 1");
    assert_string_equal(cli_value_at(&w->c, "--header", 1), "B: 2");
    assert_null(cli_value_at(&w->c, "--header", 2));
    assert_null(cli_value(&w->c, "--input"));
}

static void a_dash_is_a_word_and_two_end_the_flags(void **state) {
    struct world *w = *state;
    assert_int_equal(PARSE(w, "jwt", "decode", "-"), EXIT_OK);
    assert_string_equal(w->c.words[1], "-");
}

static void after_two_dashes_nothing_is_a_flag(void **state) {
    struct world *w = *state;
    assert_int_equal(PARSE(w, "api", "--", "--json"), EXIT_OK);
    assert_string_equal(w->c.words[0], "--json");
    assert_false(w->c.json);
}

static void every_setting_has_its_flag(void **state) {
    struct world *w = *state;
    size_t n = 0;
    for (; postern_setting_at(n) != NULL; n++) {
        const struct option *o = &w->c.settings[n];
        assert_ptr_equal(o->setting, postern_setting_at(n));
        assert_true(strncmp(o->name, "--", 2) == 0);
        assert_null(strchr(o->name, '_'));
    }
    assert_int_equal(n, w->c.settings_n);
}

/* Two flags of one name would hide each other. */
static void no_name_is_given_twice(void **state) {
    struct world *w = *state;
    for (size_t k = 0; command_at(k) != NULL; k++) {
        const struct option *a, *b;
        for (size_t i = 0; (a = option_at(&w->c, command_at(k), i)) != NULL; i++) {
            for (size_t j = 0; j < i && (b = option_at(&w->c, command_at(k), j)) != NULL; j++) {
                assert_string_not_equal(a->name, b->name);
                assert_true(a->letter == 0 || a->letter != b->letter);
            }
        }
    }
}

struct mistake {
    const char *line[4];
    const char *says;
};

static void mistakes_name_what_was_meant(void **state) {
    struct world *w = *state;
    static const struct mistake mistakes[] = {
        {{"tokn"}, "There is no command 'tokn'. Did you mean token?"},
        {{"pai"}, "Did you mean api?"},
        {{"conf"}, "Did you mean configure?"},
        {{"xyzzy"}, "Try: postern help"},
        {{"api", "/x", "--inclde"}, "Did you mean --include?"},
        {{"token", "--include"}, "There is no flag --include of token"},
        {{"token", "--clientid=x"}, "Did you mean --client-id?"},
        {{"--fresh", "token"}, "before the command"},
        {{"keys", "lsit"}, "Did you mean list?"},
        {{"keys"}, "Write: postern keys"},
        {{"api", "/x", "--base", "apy"}, "Did you mean api?"},
        {{"api", "/x", "--input"}, "--input needs a value"},
        {{"token", "--fresh=yes"}, "--fresh takes no value"},
        {{"token", "now"}, "token does not take 'now'"},
        {{"completion", "bash", "--json"}, "completion has no --json"},
        {{"jwt", "--verify"},
         "There is no flag --verify of jwt. Did you mean: postern jwt verify?"},
        {{"configure", "--list"}, "Did you mean: postern configure list?"},
        {{"discover", "now"}, "Write: postern discover\n"},
        {{NULL}, "Say which command"},
    };
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        int n = 0;
        char *line[4] = {NULL};
        while (n < 4 && mistakes[i].line[n] != NULL) {
            line[n] = str_z(w->f->arena, str_from(mistakes[i].line[n]));
            n++;
        }
        w->c.command = NULL;
        w->c.words_n = w->c.given_n = 0;
        w->c.json = false;
        assert_int_equal(cli_parse(&w->c, n, line), EXIT_USAGE);
        assert_has(err_text(w), mistakes[i].says);
        err_clear(w);
    }
}

static void mistakes_are_json_where_that_is_asked(void **state) {
    struct world *w = *state;
    assert_int_equal(PARSE(w, "--json", "tokn"), EXIT_USAGE);
    assert_has(err_text(w), "{\"error\":{\"code\":\"usage\",\"message\":\"There is no command");
}

static void too_many_flags(void **state) {
    struct world *w = *state;
    char *line[GIVEN_MAX + 2];
    line[0] = str_z(w->f->arena, STR("token"));
    for (size_t i = 1; i < COUNT_OF(line); i++) {
        line[i] = str_z(w->f->arena, STR("-v"));
    }
    assert_int_equal(cli_parse(&w->c, (int)COUNT_OF(line), line), EXIT_USAGE);
    assert_has(err_text(w), "More than 64 flags");
}

static void help_needs_no_whole_line(void **state) {
    struct world *w = *state;
    assert_int_equal(PARSE(w, "keys", "-h"), EXIT_OK);
    help_print(&w->c, w->c.command);
    assert_has(out_text(w), "Usage: postern keys list|create");
    assert_has(out_text(w), "\n  postern keys list\n");
    assert_has(out_text(w), "postern help settings");
    assert_lacks(out_text(w), "--client-secret-file");
}

static void every_command_has_an_example(void **state) {
    struct world *w = *state;
    for (size_t i = 0; command_at(i) != NULL; i++) {
        assert_has(command_at(i)->examples, command_at(i)->name);
    }
    assert_int_equal(PARSE(w, "help", "settings"), EXIT_OK);
    assert_int_equal(cmd_help(&w->c), EXIT_OK);
    assert_has(out_text(w), "--client-secret-file FILE");
}

static void numbers_have_bounds(void **state) {
    struct world *w = *state;
    int64_t n = -1;
    assert_int_equal(PARSE(w, "api", "/x", "--retry", "7"), EXIT_OK);
    assert_true(cli_number(&w->c, "--retry", 0, 100, &n));
    assert_int_equal(n, 7);
    assert_false(cli_number(&w->c, "--retry", 0, 6, &n));
    assert_has(err_text(w), "--retry takes a number from 0 to 6");
    assert_int_equal(n, 7);
}

/* SECURITY secrets-once: others read /proc/PID/cmdline. */
static void secrets_once_on_the_command_line_are_warned_of(void **state) {
    struct world *w = *state;
    assert_int_equal(PARSE(w, "token", "--client-secret", "hunter2", "--access-key-secret=hunter3",
                           "--client-id", "me"),
                     EXIT_OK);
    cli_warn_secrets(&w->c);
    assert_has(err_text(w), "--client-secret-file FILE or the variable POSTERN_CLIENT_SECRET");
    assert_has(err_text(w), "POSTERN_ACCESS_KEY_SECRET");
    assert_lacks(err_text(w), "hunter");
    assert_lacks(err_text(w), "--client-id");
}

static void secrets_once_in_addresses_and_parameters_are_warned_of(void **state) {
    struct world *w = *state;
    assert_int_equal(PARSE(w, "token", "--proxy", "http://me:hunter2@proxy.example:3128",
                           "--token-parameters=api_key=hunter3"),
                     EXIT_OK);
    cli_warn_secrets(&w->c);
    assert_has(err_text(w),
               "read --proxy in the list of processes; use the variable POSTERN_PROXY");
    assert_has(err_text(w), "the variable POSTERN_TOKEN_PARAMETERS");
    assert_lacks(err_text(w), "hunter");
}

static void no_secret_no_warning(void **state) {
    struct world *w = *state;
    assert_int_equal(PARSE(w, "token", "--client-secret-file", "f", "--client-id", "me", "--proxy",
                           "http://proxy.example:3128"),
                     EXIT_OK);
    cli_warn_secrets(&w->c);
    assert_string_equal(err_text(w), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLI_TEST(flags_stand_anywhere),
        CLI_TEST(of_several_values_the_last_counts_or_all),
        CLI_TEST(a_dash_is_a_word_and_two_end_the_flags),
        CLI_TEST(after_two_dashes_nothing_is_a_flag),
        CLI_TEST(every_setting_has_its_flag),
        CLI_TEST(no_name_is_given_twice),
        CLI_TEST(mistakes_name_what_was_meant),
        CLI_TEST(mistakes_are_json_where_that_is_asked),
        CLI_TEST(too_many_flags),
        CLI_TEST(help_needs_no_whole_line),
        CLI_TEST(every_command_has_an_example),
        CLI_TEST(numbers_have_bounds),
        CLI_TEST(secrets_once_on_the_command_line_are_warned_of),
        CLI_TEST(secrets_once_in_addresses_and_parameters_are_warned_of),
        CLI_TEST(no_secret_no_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
