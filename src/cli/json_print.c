/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for a person: indented and coloured without parsing it, so that numbers, escapes and the
 * order of members stay as the server wrote them, and a stream needs no memory. */
#include "cli.h"

#include <string.h>

#define INDENT    2
#define DEPTH_MAX (sizeof(((struct json_printer *)0)->objects) * 8)

static void put(const struct json_printer *p, const char *z) {
    (void)fputs(z, p->c->out);
}

static bool in_object(const struct json_printer *p) {
    size_t bit = p->depth - 1;
    return p->depth > 0 && p->depth <= DEPTH_MAX && (p->objects[bit / 8] >> (bit % 8) & 1) != 0;
}

static void new_line(const struct json_printer *p) {
    size_t depth = p->depth < JSON_DEPTH_MAX ? p->depth : JSON_DEPTH_MAX;
    (void)fprintf(p->c->out, "\n%*s", (int)(depth * INDENT), "");
}

/* Before a value or key: on a line of its own where a container was just opened, or where another
 * value has ended at the top. */
static void value_begins(struct json_printer *p) {
    if (p->fresh) {
        new_line(p);
    } else if (p->depth == 0 && p->written) {
        put(p, "\n");
    }
    p->fresh = false;
    p->written = true;
}

static void word_ends(struct json_printer *p) {
    if (p->in_word) {
        put(p, style_off(p->c, STYLE_WARN));
        p->in_word = false;
    }
}

static void open_container(struct json_printer *p, char ch) {
    value_begins(p);
    (void)fputc(ch, p->c->out);
    if (p->depth < DEPTH_MAX) {
        unsigned char bit = (unsigned char)(1U << (p->depth % 8));
        unsigned char *in = &p->objects[p->depth / 8];
        *in = (unsigned char)(ch == '{' ? *in | bit : *in & ~bit);
    }
    p->depth++;
    p->fresh = true;
    p->want_key = ch == '{';
}

static void close_container(struct json_printer *p, char ch) {
    if (p->depth > 0) {
        p->depth--;
        if (!p->fresh) {
            new_line(p);
        }
    }
    p->fresh = false;
    p->want_key = false;
    (void)fputc(ch, p->c->out);
}

static void open_string(struct json_printer *p) {
    value_begins(p);
    p->in_string = true;
    p->is_key = p->want_key;
    put(p, style_on(p->c, p->is_key ? STYLE_NAME : STYLE_GOOD));
    put(p, "\"");
}

static void structure(struct json_printer *p, char ch) {
    switch (ch) {
    case '{':
    case '[':
        open_container(p, ch);
        return;
    case '}':
    case ']':
        close_container(p, ch);
        return;
    case '"':
        open_string(p);
        return;
    case ',':
        put(p, ",");
        new_line(p);
        p->want_key = in_object(p);
        p->written = p->depth > 0;
        return;
    default:
        put(p, ": ");
        p->want_key = false;
    }
}

static void string_goes_on(struct json_printer *p, const char *one, size_t n) {
    (void)fwrite(one, 1, n, p->c->out);
    if (p->escaped) {
        p->escaped = false;
    } else if (*one == '\\' && n == 1) {
        p->escaped = true;
    } else if (*one == '"') {
        put(p, style_off(p->c, STYLE_NAME));
        p->in_string = false;
    }
}

/* One character, made visible: `n` bytes of `one`. */
static void character(struct json_printer *p, char raw, const char *one, size_t n) {
    if (p->in_string) {
        string_goes_on(p, one, n);
        return;
    }
    if (strchr(" \t\r\n", raw) != NULL && raw != '\0') {
        word_ends(p);
        return;
    }
    if (raw != '\0' && strchr("{}[]\",:", raw) != NULL) {
        word_ends(p);
        structure(p, raw);
        return;
    }
    if (!p->in_word) {
        value_begins(p);
        put(p, style_on(p->c, STYLE_WARN));
        p->in_word = true;
    }
    (void)fwrite(one, 1, n, p->c->out);
}

void json_print_begin(struct json_printer *p, const struct cli *c) {
    *p = (struct json_printer){.c = c};
}

/* How many bytes at the end of `text` may be the beginning of a character cut in two. */
static size_t cut_short(struct str text) {
    for (size_t n = 1; n <= 3 && n <= text.n; n++) {
        unsigned char byte = (unsigned char)text.p[text.n - n];
        if (byte < 0x80) {
            return 0;
        }
        if (byte >= 0xc0) {
            size_t whole = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
            return n < whole ? n : 0;
        }
    }
    return 0;
}

static void print_whole(struct json_printer *p, struct str text) {
    char one[VISIBLE_MAX];
    size_t n;
    while (text.n > 0) {
        char raw = text.p[0];
        text = str_sub(text, visible_one(text, true, one, &n), text.n);
        character(p, raw, one, n);
    }
}

void json_print(struct json_printer *p, struct str piece) {
    if (!p->c->terminal) {
        (void)fwrite(piece.p, 1, piece.n, p->c->out);
        p->written = p->written || piece.n > 0;
        return;
    }
    while (p->carry_n > 0 && piece.n > 0) {
        p->carry[p->carry_n++] = piece.p[0];
        piece = str_sub(piece, 1, piece.n);
        struct str whole = {p->carry, p->carry_n};
        if (cut_short(whole) == 0) {
            p->carry_n = 0;
            print_whole(p, whole);
        }
    }
    size_t rest = p->carry_n > 0 ? 0 : cut_short(piece);
    print_whole(p, str_sub(piece, 0, piece.n - rest));
    if (rest > 0) {
        memcpy(p->carry, piece.p + piece.n - rest, rest);
        p->carry_n = rest;
    }
}

void json_print_end(struct json_printer *p) {
    if (!p->c->terminal) {
        return;
    }
    print_whole(p, (struct str){p->carry, p->carry_n});
    p->carry_n = 0;
    word_ends(p);
    if (p->in_string) {
        put(p, style_off(p->c, STYLE_NAME));
    }
    if (p->written) {
        put(p, "\n");
    }
}

void cli_json(const struct cli *c, struct str json) {
    struct json_printer p;
    json_print_begin(&p, c);
    json_print(&p, json);
    json_print_end(&p);
    if (!c->terminal) {
        put(&p, "\n");
    }
}
