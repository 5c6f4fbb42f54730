/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: aligned for a person, tab-separated for a program. */
#include "cli.h"

#define GAP 2

/* Columns on the terminal: code points. */
static size_t width_of(struct str text) {
    size_t width = 0;
    uint32_t code;
    while (text.n > 0) {
        size_t n = str_code_point(text, &code);
        text = str_sub(text, n == 0 ? 1 : n, text.n);
        width++;
    }
    return width;
}

static void put_aligned(const struct cli *c, const struct cell *row, const size_t *width,
                        size_t columns) {
    for (size_t k = 0; k < columns; k++) {
        (void)fprintf(c->out, "%s%.*s%s", style_on(c, row[k].style), STR_ARG(row[k].text),
                      style_off(c, row[k].style));
        if (k + 1 < columns) {
            (void)fprintf(c->out, "%*s", (int)(width[k] - width_of(row[k].text) + GAP), "");
        }
    }
    (void)fputc('\n', c->out);
}

static void put_tabbed(const struct cli *c, const struct cell *row, size_t columns) {
    for (size_t k = 0; k < columns; k++) {
        (void)fprintf(c->out, "%s%.*s", k == 0 ? "" : "\t", STR_ARG(row[k].text));
    }
    (void)fputc('\n', c->out);
}

void cli_table(const struct cli *c, const struct cell *cells, size_t columns, size_t rows) {
    struct arena *a = c->cx->arena;
    size_t *width = NEW_ARRAY(a, columns, size_t);
    struct cell *shown = NEW_ARRAY(a, columns * rows, struct cell);
    size_t first = c->terminal && rows > 0 && cells[0].text.p != NULL ? 0 : 1;
    for (size_t i = first * columns; i < columns * rows; i++) {
        shown[i] = (struct cell){.text = visible(a, cells[i].text), .style = cells[i].style};
        if (i < columns && shown[i].style == STYLE_PLAIN) {
            shown[i].style = STYLE_BOLD;
        }
        size_t w = width_of(shown[i].text);
        width[i % columns] = w > width[i % columns] ? w : width[i % columns];
    }
    for (size_t r = first; r < rows; r++) {
        if (c->terminal) {
            put_aligned(c, shown + r * columns, width, columns);
        } else {
            put_tabbed(c, shown + r * columns, columns);
        }
    }
}
