/* SPDX-License-Identifier: Apache-2.0 */
/* Where a member stands in a JSON text: the parser keeps no positions, so a mistake's path is
 * walked once more. The text is known to be JSON when it comes from declaration_run(), but nothing
 * here relies on it. */
#include "declare.h"

struct cursor {
    struct str text;
    size_t i;
};

static char cursor_peek(const struct cursor *c) {
    return c->i < c->text.n ? c->text.p[c->i] : '\0';
}

static void cursor_space(struct cursor *c) {
    while (c->i < c->text.n) {
        char b = c->text.p[c->i];
        if (b != ' ' && b != '\t' && b != '\n' && b != '\r') {
            return;
        }
        c->i++;
    }
}

/* Over a string, from its first quote to behind its last. */
static void cursor_string(struct cursor *c) {
    c->i++;
    while (c->i < c->text.n && c->text.p[c->i] != '"') {
        c->i += c->text.p[c->i] == '\\' ? 2 : 1;
    }
    c->i = c->i < c->text.n ? c->i + 1 : c->text.n;
}

/* Over any value, without recursion. */
static void cursor_value(struct cursor *c) {
    size_t depth = 0;
    do {
        cursor_space(c);
        char b = cursor_peek(c);
        if (b == '"') {
            cursor_string(c);
            continue;
        }
        if (b == '{' || b == '[') {
            depth++;
        } else if (b == '}' || b == ']') {
            if (depth == 0) {
                return;
            }
            depth--;
        } else if (b == ',' && depth == 0) {
            return;
        } else if (b != ',' && b != ':') {
            while (c->i < c->text.n &&
                   str_find_char(STR(" \t\r\n,:{}[]\""), c->text.p[c->i]) == 11) {
                c->i++;
            }
            continue;
        }
        c->i++;
    } while (depth > 0 && c->i < c->text.n);
}

static bool key_is(struct arena *a, struct str raw, const char *key) {
    struct str inside = str_sub(raw, 1, raw.n >= 2 ? raw.n - 2 : 0);
    if (str_find_char(raw, '\\') == raw.n) {
        return str_is(inside, key);
    }
    json_t *value = json_loadb(raw.p, raw.n, JSON_DECODE_ANY, NULL);
    const char *text = json_string_value(value);
    bool is = text != NULL && str_is(str_copy(a, str_from(text)), key);
    json_decref(value);
    return is;
}

/* From a value to a member's name (ret_at) and on to its value. False: there is none. */
static bool cursor_member(struct arena *a, struct cursor *c, const char *key, size_t *ret_at) {
    cursor_space(c);
    if (cursor_peek(c) != '{') {
        return false;
    }
    c->i++;
    for (;;) {
        cursor_space(c);
        size_t from = c->i;
        if (cursor_peek(c) != '"') {
            return false;
        }
        cursor_string(c);
        bool found = key_is(a, str_sub(c->text, from, c->i - from), key);
        cursor_space(c);
        if (cursor_peek(c) != ':') {
            return false;
        }
        c->i++;
        if (found) {
            *ret_at = from;
            return true;
        }
        cursor_value(c);
        cursor_space(c);
        if (cursor_peek(c) != ',') {
            return false;
        }
        c->i++;
    }
}

static bool cursor_element(struct cursor *c, size_t index, size_t *ret_at) {
    cursor_space(c);
    if (cursor_peek(c) != '[') {
        return false;
    }
    c->i++;
    for (; index > 0; index--) {
        cursor_value(c);
        cursor_space(c);
        if (cursor_peek(c) != ',') {
            return false;
        }
        c->i++;
    }
    cursor_space(c);
    *ret_at = c->i;
    return c->i < c->text.n && cursor_peek(c) != ']';
}

size_t declare_position(struct arena *a, struct str text, const struct declare_at *at) {
    const struct declare_at *steps[JSON_DEPTH_MAX];
    size_t n = 0;
    for (; at != NULL && n < COUNT_OF(steps); at = at->parent) {
        steps[n++] = at;
    }
    struct cursor c = {text, 0};
    cursor_space(&c);
    size_t position = c.i;
    while (n > 0) {
        const struct declare_at *step = steps[--n];
        size_t found;
        bool is = step->key != NULL ? cursor_member(a, &c, step->key, &found)
                                    : cursor_element(&c, step->index, &found);
        if (!is) {
            break;
        }
        position = found;
    }
    return position < text.n ? position : text.n;
}

size_t declare_line(struct str text, size_t position) {
    size_t line = 1;
    for (size_t i = 0; i < position && i < text.n; i++) {
        line += text.p[i] == '\n';
    }
    return line;
}

static void at_write(struct buf *b, const struct declare_at *at) {
    if (at->parent != NULL) {
        at_write(b, at->parent);
    }
    if (at->key == NULL) {
        buf_format(b, "[%zu]", at->index);
        return;
    }
    if (b->n > 0) {
        buf_char(b, '.');
    }
    for (const char *p = at->key; *p != '\0' && p < at->key + 64; p++) {
        buf_char(b, *p >= ' ' && *p <= '~' ? *p : '?');
    }
}

struct str declare_at_text(struct arena *a, const struct declare_at *at) {
    struct buf b = buf_in(a, 128);
    if (at != NULL) {
        at_write(&b, at);
    }
    return b.n > 0 ? buf_view(&b) : STR("the file");
}
