/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes of a declaration: where, what, and what would be right; names that were nearly right. */
#include "declare.h"

#define NEAREST_MAX 64 /* longer names get no suggestion */
#define QUOTE_MAX   60

static void mistake_add(struct declare *d, const struct declare_at *at, const char *format,
                        va_list args) {
    d->mistakes_seen++;
    if (d->mistakes_n == DECLARE_MISTAKES_MAX) {
        return;
    }
    struct arena *a = d->cx->arena;
    char what[1024];
    (void)vsnprintf(what, sizeof(what), format, args);
    struct str text = d->options->text;
    size_t line = declare_line(text, declare_position(a, text, at));
    struct str path = declare_at_text(a, at);
    d->mistakes[d->mistakes_n++] =
        str_format(a, "%s:%zu: %.*s: %s", d->options->file, line, STR_ARG(path), what);
}

void declare_mistake_at(struct declare *d, const struct declare_at *at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    mistake_add(d, at, format, args);
    va_end(args);
}

/* The whole file has no path. */
static const struct declare_at *object_at(const struct declare_object *o) {
    return o->kind == &declare_top ? NULL : &o->at;
}

void declare_mistake(struct declare *d, const struct declare_object *o, const char *member,
                     const char *format, ...) {
    struct declare_at below = {object_at(o), member, 0};
    va_list args;
    va_start(args, format);
    mistake_add(d, member != NULL ? &below : object_at(o), format, args);
    va_end(args);
}

struct str declare_quote(struct arena *a, struct str text) {
    struct buf b = buf_in(a, QUOTE_MAX + 8);
    buf_char(&b, '"');
    for (size_t i = 0; i < text.n && i < QUOTE_MAX; i++) {
        buf_char(&b, text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?');
    }
    buf_z(&b, text.n > QUOTE_MAX ? "...\"" : "\"");
    return buf_view(&b);
}

static unsigned char fold(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Levenshtein, one row at a time; both at most NEAREST_MAX long. */
static size_t edit_distance(struct str a, struct str b) {
    size_t row[NEAREST_MAX + 1];
    for (size_t j = 0; j <= b.n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t above = row[j];
            size_t replaced = diagonal + (fold(a.p[i - 1]) != fold(b.p[j - 1]));
            row[j] = smaller(smaller(above, row[j - 1]) + 1, replaced);
            diagonal = above;
        }
    }
    return row[b.n];
}

void declare_nearest_try(struct declare_nearest *n, struct str candidate) {
    if (n->name.n > NEAREST_MAX || candidate.n > NEAREST_MAX) {
        return;
    }
    size_t distance = edit_distance(n->name, candidate);
    size_t limit = 2 + n->name.n / 4;
    if (distance <= limit && (n->best.p == NULL || distance < n->distance)) {
        n->best = candidate;
        n->distance = distance;
    }
}

struct str declare_nearest_text(struct arena *a, const struct declare_nearest *n) {
    if (n->best.p == NULL) {
        return STR("");
    }
    struct str quoted = declare_quote(a, n->best);
    return str_format(a, " Did you mean %.*s?", STR_ARG(quoted));
}
