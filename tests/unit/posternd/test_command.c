/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: which command, which flags, and mistakes that say what to write. */
#include "posternd.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct log log;
    struct ctx cx;
    struct invocation in;
};

static int setup(void **state) {
    struct fixture *f = test_calloc(1, sizeof *f);
    f->arena = arena_new();
    f->log = (struct log){.fd = -1};
    ctx_init(&f->cx, f->arena, &clock_system, NULL, &f->log);
    f->in.cx = &f->cx;
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    arena_free(f->arena);
    test_free(f);
    return 0;
}

#define PARSE(f, ...)                                                                              \
    command_line_parse(&(f)->in, (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)),          \
                       (char *[]){__VA_ARGS__})

static void assert_says(struct fixture *f, err e, const char *text) {
    assert_int_equal(e, ERR_INVALID_REQUEST);
    if (strstr(failure_text(&f->cx), text) == NULL) {
        fail_msg("'%s' does not say '%s'", failure_text(&f->cx), text);
    }
}

static void flags_stand_before_and_after_the_command(void **state) {
    struct fixture *f = *state;
    assert_int_equal(PARSE(f, "--listen", "127.0.0.1:1", "apply", "file.json", "--json",
                           "--database=sqlite:x", "--behind-front"),
                     OK);
    assert_string_equal(f->in.command->name, "apply");
    assert_int_equal(f->in.arguments_n, 1);
    assert_string_equal(f->in.arguments[0], "file.json");
    assert_true(f->in.json);
    assert_int_equal(f->in.sources.flags_n, 3);
    assert_true(str_is(f->in.flags[0].value, "127.0.0.1:1"));
    assert_true(str_is(f->in.flags[1].value, "sqlite:x"));
    assert_true(str_is(f->in.flags[2].value, "on"));
}

static void a_dash_is_standard_input(void **state) {
    struct fixture *f = *state;
    assert_int_equal(PARSE(f, "plan", "-"), OK);
    assert_string_equal(f->in.arguments[0], "-");
}

static void options_of_keys_are_read(void **state) {
    struct fixture *f = *state;
    assert_int_equal(PARSE(f, "keys", "rotate", "--environment", "global", "--alg=ES256"), OK);
    assert_string_equal(f->in.environment, "global");
    assert_string_equal(f->in.alg, "ES256");
}

static void options_of_the_edge_are_read(void **state) {
    struct fixture *f = *state;
    assert_int_equal(PARSE(f, "edge-config", "--listen", "*:443", "--server-name=a.test",
                           "--certificate", "c", "--key", "k", "--upstream", "unix:s", "--run-dir",
                           "d", "--user", "u"),
                     OK);
    assert_string_equal(f->in.command->name, "edge-config");
    assert_string_equal(f->in.server_name, "a.test");
    assert_string_equal(f->in.certificate, "c");
    assert_string_equal(f->in.certificate_key, "k");
    assert_string_equal(f->in.upstream, "unix:s");
    assert_string_equal(f->in.run_dir, "d");
    assert_string_equal(f->in.user, "u");
}

static void options_of_dev_cert_are_read(void **state) {
    struct fixture *f = *state;
    assert_int_equal(PARSE(f, "dev-cert", "--dir", "d", "--host", "a.test,b.test"), OK);
    assert_string_equal(f->in.dir, "d");
    assert_string_equal(f->in.hosts, "a.test,b.test");
    assert_says(f, PARSE(f, "dev-cert", "there"), "does not take");
}

static void help_of_a_command_has_its_flags_alone(void **state) {
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    help_print(to, command_find(STR("dev-cert")));
    (void)fclose(to);
    assert_non_null(strstr(text, "Usage: posternd dev-cert"));
    assert_non_null(strstr(text, "--host NAME,..."));
    assert_null(strstr(text, "--upstream"));
    assert_null(strstr(text, "--json"));
    free(text);
}

static void a_command_mistyped_is_named(void **state) {
    struct fixture *f = *state;
    assert_says(f, PARSE(f, "aply"), "There is no command 'aply'. Did you mean apply?");
}

static void help_and_version_need_no_command(void **state) {
    struct fixture *f = *state;
    assert_int_equal(PARSE(f, "--help"), OK);
    assert_true(f->in.help);
    assert_int_equal(PARSE(f, "-V"), OK);
    assert_true(f->in.version);
}

static void mistakes_say_what_to_write(void **state) {
    struct fixture *f = *state;
    assert_says(f, PARSE(f, "--listen"), "--listen needs a value");
    f->in.command = NULL;
    assert_says(f, PARSE(f, "sreve"), "no command 'sreve'");
    assert_says(f, PARSE(f, "--prot", "1"), "no flag --prot");
    f->in.command = NULL;
    assert_says(f, PARSE(f, "apply"), "posternd apply FILE");
    f->in.command = NULL;
    f->in.arguments_n = 0;
    assert_says(f, PARSE(f, "serve", "now"), "serve does not take 'now'");
    f->in.command = NULL;
    f->in.arguments_n = 0;
    assert_says(f, PARSE(f, "serve", "--json"), "serve has no --json");
}

static void no_command_at_all_is_a_mistake(void **state) {
    struct fixture *f = *state;
    assert_says(f, command_line_parse(&f->in, 0, NULL), "which command");
}

static void every_flag_beyond_the_limit_is_refused(void **state) {
    struct fixture *f = *state;
    char *many[ARGUMENTS_MAX + 2];
    many[0] = (char *)"serve";
    for (size_t i = 1; i < COUNT_OF(many); i++) {
        many[i] = (char *)"--workers=1";
    }
    assert_says(f, command_line_parse(&f->in, (int)COUNT_OF(many), many), "More than");
}

static void passwords_of_an_address_are_not_shown(void **state) {
    struct fixture *f = *state;
    const struct {
        const char *url, *shown;
    } cases[] = {
        {"postgresql://u:secret@h/d", "postgresql://u@h/d"},
        {"postgresql://u:s@cret@h:1/d?password=x", "postgresql://u@h:1/d"},
        {"postgresql:///d?host=/run", "postgresql:///d"},
        {"sqlite:var/postern.db", "sqlite:var/postern.db"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str shown = store_address(f->arena, cases[i].url);
        if (!str_is(shown, cases[i].shown)) {
            fail_msg("%s is shown as %.*s", cases[i].url, STR_ARG(shown));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(flags_stand_before_and_after_the_command, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dash_is_standard_input, setup, teardown),
        cmocka_unit_test_setup_teardown(options_of_keys_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(options_of_the_edge_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(options_of_dev_cert_are_read, setup, teardown),
        cmocka_unit_test(help_of_a_command_has_its_flags_alone),
        cmocka_unit_test_setup_teardown(a_command_mistyped_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(help_and_version_need_no_command, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes_say_what_to_write, setup, teardown),
        cmocka_unit_test_setup_teardown(no_command_at_all_is_a_mistake, setup, teardown),
        cmocka_unit_test_setup_teardown(every_flag_beyond_the_limit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(passwords_of_an_address_are_not_shown, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
