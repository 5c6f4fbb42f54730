/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: the table itself, the file's syntax, and which source wins. */
#include "posternd.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct clock clock;
    struct log log;
    struct ctx cx;
    struct config config;
};

static int setup(void **state) {
    struct fixture *f = test_calloc(1, sizeof *f);
    f->arena = arena_new();
    f->clock = clock_fixed(1700000000000);
    f->log = (struct log){.fd = -1};
    ctx_init(&f->cx, f->arena, &f->clock, NULL, &f->log);
    config_defaults(&f->config);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    arena_free(f->arena);
    test_free(f);
    return 0;
}

static err parse(struct fixture *f, const char *text) {
    config_defaults(&f->config);
    return config_parse(&f->cx, str_from(text), "test.conf", &f->config);
}

static void assert_mistake(struct fixture *f, const char *text, const char *says) {
    assert_int_equal(parse(f, text), ERR_BAD_CONFIG);
    if (strstr(failure_text(&f->cx), says) == NULL) {
        fail_msg("'%s' does not say '%s'", failure_text(&f->cx), says);
    }
}

static void every_row_has_a_default_that_it_accepts(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; setting_at(i) != NULL; i++) {
        const struct setting *s = setting_at(i);
        struct str line = str_format(f->arena, "%s = %s\n", s->name, s->otherwise);
        struct config config;
        config_defaults(&config);
        assert_int_equal(config_parse(&f->cx, line, "test.conf", &config), OK);
        assert_false(setting_differs(s, &config, &f->config));
    }
}

static void names_flags_and_variables_are_unique_and_documented(void **state) {
    (void)state;
    for (size_t i = 0; setting_at(i) != NULL; i++) {
        const struct setting *s = setting_at(i);
        assert_true(strncmp(s->flag, "--", 2) == 0);
        assert_true(strncmp(s->variable, "POSTERN_", 8) == 0);
        assert_true(strlen(s->doc) > 20 && s->doc[strlen(s->doc) - 1] == '.');
        assert_true((s->argument == NULL) == (s->type == SETTING_BOOL));
        for (size_t k = 0; k < i; k++) {
            const struct setting *other = setting_at(k);
            assert_string_not_equal(s->name, other->name);
            assert_string_not_equal(s->flag, other->flag);
            assert_string_not_equal(s->variable, other->variable);
            assert_int_not_equal(s->offset, other->offset);
        }
    }
}

static void file_lines_set_values(void **state) {
    struct fixture *f = *state;
    assert_int_equal(parse(f, "# a comment\n\n  listen = 127.0.0.1:9000\r\n"
                              "database.url = postgresql://u:p#w@h/d?x=y\n"
                              "key.file=\"/a b/key\"\nbehind_front = on\nlog.level = warn\n"
                              "workers = 12"),
                     OK);
    assert_string_equal(f->config.listen, "127.0.0.1:9000");
    assert_string_equal(f->config.database_url, "postgresql://u:p#w@h/d?x=y");
    assert_string_equal(f->config.key_file, "/a b/key");
    assert_true(f->config.behind_front);
    assert_int_equal(f->config.log_level, LOG_WARN);
    assert_int_equal(f->config.workers, 12);
}

static void mistakes_name_file_line_and_remedy(void **state) {
    struct fixture *f = *state;
    assert_mistake(f, "\nlisten", "test.conf:2: 'listen' is no setting");
    assert_mistake(f, "lisen = x", "test.conf:1: there is no setting 'lisen'");
    assert_mistake(f, "workers = many", "Write a number from 0 to 512");
    assert_mistake(f, "workers = 513", "Write a number from 0 to 512");
    assert_mistake(f, "workers = -1", "Write a number from 0 to 512");
    assert_mistake(f, "idle_timeout = 0", "Write a number from 1");
    assert_mistake(f, "behind_front = perhaps", "Write on or off");
    assert_mistake(f, "log.level = loud", "debug, info, warn or error");
    assert_mistake(f, "listen =", "listen is empty");
    assert_mistake(f, "listen = a\xff", "listen is empty or not text");
    assert_mistake(f, "workers = 1\nworkers = 1", "test.conf:2: workers was set before");
}

static const char *variables(void *state, const char *name) {
    const char *const *pairs = state;
    for (size_t i = 0; pairs[i] != NULL; i += 2) {
        if (strcmp(pairs[i], name) == 0) {
            return pairs[i + 1];
        }
    }
    return NULL;
}

static void flags_win_over_variables_over_defaults(void **state) {
    struct fixture *f = *state;
    const char *pairs[] = {
        "POSTERN_LISTEN", "127.0.0.1:1", "POSTERN_WORKERS", "9", "POSTERN_KEY_FILE", "", NULL};
    const struct config_flag flags[] = {
        {setting_by_flag(STR("--listen")), STR("127.0.0.1:2")},
        {setting_by_flag(STR("--ops-listen")), STR("off")},
    };
    const struct config_sources sources = {
        .getenv = variables, .getenv_state = pairs, .flags = flags, .flags_n = COUNT_OF(flags)};
    assert_int_equal(config_load(&f->cx, &sources, &f->config), OK);
    assert_string_equal(f->config.listen, "127.0.0.1:2");
    assert_int_equal(f->config.workers, 9);
    assert_string_equal(f->config.key_file, "var/master.key"); /* an empty variable is none */
    assert_null(f->config.ops_listen);
}

static void a_wrong_variable_or_a_missing_file_is_named(void **state) {
    struct fixture *f = *state;
    const char *pairs[] = {"POSTERN_WORKERS", "x", NULL};
    struct config_sources sources = {.getenv = variables, .getenv_state = pairs};
    assert_int_equal(config_load(&f->cx, &sources, &f->config), ERR_BAD_CONFIG);
    assert_non_null(strstr(failure_text(&f->cx), "POSTERN_WORKERS: workers is 'x'"));
    pairs[0] = NULL;
    sources.file = "/nonexistent/posternd.conf";
    assert_int_equal(config_load(&f->cx, &sources, &f->config), ERR_BAD_CONFIG);
    assert_non_null(strstr(failure_text(&f->cx), "/nonexistent/posternd.conf cannot be read"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row_has_a_default_that_it_accepts, setup, teardown),
        cmocka_unit_test(names_flags_and_variables_are_unique_and_documented),
        cmocka_unit_test_setup_teardown(file_lines_set_values, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes_name_file_line_and_remedy, setup, teardown),
        cmocka_unit_test_setup_teardown(flags_win_over_variables_over_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_variable_or_a_missing_file_is_named, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
