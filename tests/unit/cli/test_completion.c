/* SPDX-License-Identifier: Apache-2.0 */
/* completion: every command, flag and setting is there; quotes do not break out. Whether bash takes
 * the script is tried by the build's `bash -n`. */
#include "cli_fixture.h"

static const char *script(struct world *w, const char *shell) {
    char *z = str_z(w->f->arena, str_from(shell));
    assert_int_equal(PARSE(w, "completion", z), EXIT_OK);
    assert_int_equal(w->c.command->run(&w->c), EXIT_OK);
    return out_text(w);
}

static void has_all(struct world *w, const char *text, size_t skip) {
    for (size_t k = 0; command_at(k) != NULL; k++) {
        const struct option *o;
        assert_has(text, command_at(k)->name);
        for (size_t i = 0; (o = option_at(&w->c, command_at(k), i)) != NULL; i++) {
            assert_has(text, o->name + skip);
        }
    }
}

static void bash_has_all(void **state) {
    struct world *w = *state;
    has_all(w, script(w, "bash"), 0);
}

static void zsh_has_all(void **state) {
    struct world *w = *state;
    const char *text = script(w, "zsh");
    has_all(w, text, 0);
    assert_has(text, "the token'\\''s");
}

static void fish_has_all(void **state) {
    struct world *w = *state;
    const char *text = script(w, "fish");
    has_all(w, text, 2);
    assert_has(text, "the token\\'s");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CLI_TEST(bash_has_all),
        CLI_TEST(zsh_has_all),
        CLI_TEST(fish_has_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
