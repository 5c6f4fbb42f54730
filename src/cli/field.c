/* SPDX-License-Identifier: Apache-2.0 */
/* -f key=text and -F key=value of api: a JSON body, or a query string. */
#include "cli.h"

#include <string.h>

#define FIELD_FILE_MAX ((size_t)16 << 20)

static bool is_digit(char ch) {
    return ch >= '0' && ch <= '9';
}

/* Takes the digits that begin s; false if there are none. */
static bool digits(struct str *s) {
    size_t n = 0;
    while (n < s->n && is_digit(s->p[n])) {
        n++;
    }
    *s = str_sub(*s, n, s->n);
    return n > 0;
}

static bool skip(struct str *s, const char *any) {
    bool found = s->n > 0 && s->p[0] != '\0' && strchr(any, s->p[0]) != NULL;
    *s = found ? str_sub(*s, 1, s->n) : *s;
    return found;
}

/* RFC 8259 6: no leading zero or plus, digits on both sides of the point. */
static bool is_number(struct str s) {
    (void)skip(&s, "-");
    bool zero = str_starts(s, "0");
    struct str whole = s;
    if (!digits(&s) || (zero && whole.n - s.n > 1)) {
        return false;
    }
    if (skip(&s, ".") && !digits(&s)) {
        return false;
    }
    if (skip(&s, "eE")) {
        (void)skip(&s, "+-");
        if (!digits(&s)) {
            return false;
        }
    }
    return s.n == 0;
}

static struct str quoted(struct cli *c, struct str text) {
    struct buf b = buf_in(c->cx->arena, text.n + 2);
    struct json_out j = json_to(&b);
    json_put_str(&j, NULL, text);
    return buf_view(&b);
}

static bool file_text(struct cli *c, struct str name, struct str *ret_text) {
    if (!cli_read(c, str_z(c->cx->arena, name), FIELD_FILE_MAX, ret_text)) {
        return false;
    }
    if (!str_is_text(*ret_text)) {
        (void)cli_usage(c, "-F: %.*s is not UTF-8 text; JSON has no other.", STR_ARG(name));
        return false;
    }
    return true;
}

static bool typed_file(struct cli *c, struct str name, struct str *ret_json) {
    struct str text;
    if (!file_text(c, name, &text)) {
        return false;
    }
    *ret_json = quoted(c, text);
    return true;
}

bool field_typed(struct cli *c, struct str value, struct str *ret_json) {
    if (str_is(value, "null") || str_is(value, "true") || str_is(value, "false") ||
        is_number(value)) {
        *ret_json = value;
        return true;
    }
    if (str_starts(value, "@")) {
        return typed_file(c, str_sub(value, 1, value.n), ret_json);
    }
    if (str_starts(value, "{") || str_starts(value, "[")) {
        json_t *parsed;
        if (json_parse(c->cx, value, &parsed) != OK) {
            (void)cli_usage(c, "-F: %.*s is not JSON: %s Use -f for text.",
                            STR_ARG(str_sub(value, 0, 60)), failure_text(c->cx));
            return false;
        }
        *ret_json = value;
        return true;
    }
    *ret_json = quoted(c, value);
    return true;
}

/* The next -f or -F from *i on, as name and text or JSON. */
struct field {
    struct str name, value;
    bool typed;
};

enum found { FOUND, NO_MORE, WRONG };

static enum found field_next(struct cli *c, int *i, struct field *f) {
    while (*i < c->given_n) {
        const struct given *g = &c->given[(*i)++];
        f->typed = strcmp(g->option->name, "--field") == 0;
        if (!f->typed && strcmp(g->option->name, "--raw-field") != 0) {
            continue;
        }
        struct str text = str_from(g->value);
        size_t at = str_find_char(text, '=');
        f->name = str_sub(text, 0, at);
        f->value = str_sub(text, at + 1, text.n);
        if (at == 0 || at == text.n || !str_is_text(text)) {
            (void)cli_usage(c, "-%c takes KEY=VALUE in UTF-8, not '%.60s'.", g->option->letter,
                            g->value);
            return WRONG;
        }
        return FOUND;
    }
    return NO_MORE;
}

static bool seen_before(struct cli *c, int until, struct str name) {
    struct field f;
    for (int i = 0; i < until && field_next(c, &i, &f) == FOUND && i < until;) {
        if (str_eq(f.name, name)) {
            return true;
        }
    }
    return false;
}

bool fields_json(struct cli *c, struct str *ret_body) {
    struct buf b = buf_in(c->cx->arena, 256);
    struct json_out j = json_to(&b);
    struct field f;
    enum found found = NO_MORE;
    json_open_object(&j, NULL);
    for (int i = 0; (found = field_next(c, &i, &f)) == FOUND;) {
        struct str value = f.value;
        if (seen_before(c, i, f.name)) {
            (void)cli_usage(c, "The field %.*s is given twice.", STR_ARG(f.name));
            return false;
        }
        if (f.typed && !field_typed(c, f.value, &value)) {
            return false;
        }
        json_key(&j, f.name);
        if (f.typed) {
            json_put_raw(&j, NULL, value);
        } else {
            json_put_str(&j, NULL, value);
        }
    }
    json_close_object(&j);
    struct str body = buf_view(&b);
    *ret_body = body.n > 2 ? body : STR_NONE;
    return found == NO_MORE;
}

/* In a query all is text: of -F what a body would take, a file's text without quotes. */
static bool query_value(struct cli *c, struct str *value) {
    struct str json;
    if (!str_starts(*value, "@")) {
        return field_typed(c, *value, &json);
    }
    return file_text(c, str_sub(*value, 1, value->n), value);
}

bool fields_query(struct cli *c, struct str *ret_query) {
    struct arena *a = c->cx->arena;
    struct buf b = buf_in(a, 128);
    struct field f;
    enum found found;
    for (int i = 0; (found = field_next(c, &i, &f)) == FOUND;) {
        if (f.typed && !query_value(c, &f.value)) {
            return false;
        }
        buf_z(&b, b.n > 0 ? "&" : "");
        buf_str(&b, percent_encode(a, f.name));
        buf_char(&b, '=');
        buf_str(&b, percent_encode(a, f.value));
    }
    *ret_query = b.n > 0 ? buf_view(&b) : STR_NONE;
    return found == NO_MORE;
}
