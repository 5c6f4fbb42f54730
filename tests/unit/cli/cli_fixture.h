/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the command stand on: a struct cli whose outputs are read as text. */
#ifndef POSTERN_TEST_CLI_FIXTURE_H
#define POSTERN_TEST_CLI_FIXTURE_H

#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "fixture.h"

struct world {
    struct fixture *f;
    struct cli c;
    char *out, *err;
    size_t out_n, err_n;
};

static inline int world_setup(void **state) {
    struct world *w = test_calloc(1, sizeof *w);
    void *fixture = NULL;
    (void)fixture_setup(&fixture);
    w->f = fixture;
    w->c.out = open_memstream(&w->out, &w->out_n);
    w->c.err = open_memstream(&w->err, &w->err_n);
    cli_init(&w->c, &w->f->cx);
    *state = w;
    return 0;
}

static inline int world_teardown(void **state) {
    struct world *w = *state;
    void *fixture = w->f;
    (void)fclose(w->c.out);
    (void)fclose(w->c.err);
    free(w->out);
    free(w->err);
    test_free(w);
    return fixture_teardown(&fixture);
}

static inline const char *out_text(struct world *w) {
    (void)fflush(w->c.out);
    return w->out;
}

static inline const char *err_text(struct world *w) {
    (void)fflush(w->c.err);
    return w->err;
}

static inline void err_clear(struct world *w) {
    (void)fclose(w->c.err);
    free(w->err);
    w->c.err = open_memstream(&w->err, &w->err_n);
}

#define CLI_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
#define PARSE(w, ...)                                                                              \
    cli_parse(&(w)->c, (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)),                    \
              (char *[]){__VA_ARGS__})

static inline void assert_has(const char *text, const char *what) {
    if (strstr(text, what) == NULL) {
        fail_msg("'%s' does not have '%s'", text, what);
    }
}

static inline void assert_lacks(const char *text, const char *what) {
    if (strstr(text, what) != NULL) {
        fail_msg("'%s' has '%s'", text, what);
    }
}

#endif
