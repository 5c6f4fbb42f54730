/* SPDX-License-Identifier: Apache-2.0 */
/* A declaration's text: the first line is a path ("a.#3.b") whose place is looked for in the rest,
 * which need not be JSON; if it is, it is read as a declaration, and every mistake has a line of
 * the text. */
#include "target.h"

#include "declare.h"

static void place_is_inside(struct target *t, struct str path, struct str text) {
    struct declare_at steps[80];
    size_t n = 0;
    struct str part;
    while (n < COUNT_OF(steps) && str_next(&path, '.', &part)) {
        int64_t index = -1;
        bool is_index =
            str_starts(part, "#") && str_int(str_sub(part, 1, part.n), &index) && index >= 0;
        const struct declare_at *parent = n > 0 ? &steps[n - 1] : NULL;
        steps[n++] = (struct declare_at){parent, is_index ? NULL : str_z(t->arena, part),
                                         is_index ? (size_t)index : 0};
    }
    size_t position = declare_position(t->arena, text, n > 0 ? &steps[n - 1] : NULL);
    HOLDS(position <= text.n);
    HOLDS(declare_line(text, position) >= 1);
}

static struct str no_variable(void *state, const char *name) {
    (void)state;
    (void)name;
    return STR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    size_t end = str_find_char(t.input, '\n');
    struct str text = str_sub(t.input, end + 1, t.input.n);
    place_is_inside(&t, str_sub(t.input, 0, end), text);
    json_t *root;
    if (json_parse(&t.cx, text, &root) == OK) {
        struct declaration_options o = {.text = text, .file = "f", .getenv = no_variable};
        struct declare d = {.cx = &t.cx, .options = &o};
        declare_read(&d, root);
        if (d.mistakes_n == 0) {
            declare_check(&d);
        }
        HOLDS(d.mistakes_n <= DECLARE_MISTAKES_MAX && d.mistakes_n <= d.mistakes_seen);
        for (size_t i = 0; i < d.mistakes_n; i++) {
            HOLDS(str_starts(d.mistakes[i], "f:"));
        }
    }
    target_done(&t);
    return 0;
}
