/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: jansson reads, bounded before it sees the text; the writer is ours, because tokens and
 * answers are written on every request. */
#include "base.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct json_out json_to(struct buf *b) {
    return (struct json_out){.to = b, .first = {true}};
}

/* Text without quotes, escaped; characters beyond ASCII as \uXXXX. */
static void write_escaped(struct buf *b, const char *text, size_t length);

static void begin(struct json_out *j, const char *key) {
    if (j->after_key) {
        j->after_key = false;
        assert(key == NULL);
        return;
    }
    if (!j->first[j->depth]) {
        buf_char(j->to, ',');
    }
    j->first[j->depth] = false;
    if (key != NULL) {
        buf_char(j->to, '"');
        write_escaped(j->to, key, strlen(key));
        buf_add(j->to, "\":", 2);
    }
}

static void open(struct json_out *j, const char *key, char bracket) {
    begin(j, key);
    buf_char(j->to, bracket);
    assert(j->depth + 1 < JSON_DEPTH_MAX);
    j->first[++j->depth] = true;
}

static void close_with(struct json_out *j, char bracket) {
    assert(j->depth > 0);
    j->depth--;
    buf_char(j->to, bracket);
}

void json_open_object(struct json_out *j, const char *key) {
    open(j, key, '{');
}

void json_close_object(struct json_out *j) {
    close_with(j, '}');
}

void json_open_array(struct json_out *j, const char *key) {
    open(j, key, '[');
}

void json_close_array(struct json_out *j) {
    close_with(j, ']');
}

static void write_unit(struct buf *b, unsigned unit) {
    static const char digits[] = "0123456789abcdef";
    char text[6] = {'\\',
                    'u',
                    digits[unit >> 12 & 15],
                    digits[unit >> 8 & 15],
                    digits[unit >> 4 & 15],
                    digits[unit & 15]};
    buf_add(b, text, sizeof(text));
}

/* The code point at p and its length; U+FFFD and 1 when it is not UTF-8. */
static size_t code_point(const unsigned char *p, size_t n, unsigned *ret) {
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = p[0] >= 0xf0 && p[0] < 0xf8   ? 4
                    : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
                    : p[0] >= 0xc0 && p[0] < 0xe0 ? 2
                                                  : 0;
    *ret = 0xfffd;
    if (length == 0 || n < length) {
        return 1;
    }
    unsigned c = p[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 1;
        }
        c = c << 6 | (p[i] & 0x3fU);
    }
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 1;
    }
    *ret = c;
    return length;
}

static size_t write_wide(struct buf *b, const unsigned char *p, size_t n) {
    unsigned c;
    size_t length = code_point(p, n, &c);
    if (c > 0xffff) {
        write_unit(b, 0xd800 + ((c - 0x10000) >> 10));
        write_unit(b, 0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
        write_unit(b, c);
    }
    return length;
}

static void write_special(struct buf *b, unsigned char c) {
    static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof(short_forms); i += 2) {
        if ((unsigned char)short_forms[i] == c) {
            char text[2] = {'\\', short_forms[i + 1]};
            buf_add(b, text, 2);
            return;
        }
    }
    write_unit(b, c);
}

static void write_escaped(struct buf *b, const char *text, size_t length) {
    const unsigned char *p = (const unsigned char *)text;
    size_t plain = 0;
    for (size_t i = 0; i < length;) {
        if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\') {
            i++;
            continue;
        }
        buf_add(b, text + plain, i - plain);
        if (p[i] >= 0x80) {
            i += write_wide(b, p + i, length - i);
        } else {
            write_special(b, p[i]);
            i++;
        }
        plain = i;
    }
    buf_add(b, text + plain, length - plain);
}

static void write_string(struct buf *b, struct str s) {
    buf_char(b, '"');
    write_escaped(b, s.p, s.n);
    buf_char(b, '"');
}

void json_put_str(struct json_out *j, const char *key, struct str s) {
    begin(j, key);
    if (s.p == NULL) {
        buf_add(j->to, "null", 4);
    } else {
        write_string(j->to, s);
    }
}

void json_put_z(struct json_out *j, const char *key, const char *z) {
    json_put_str(j, key, str_from(z));
}

void json_put_int(struct json_out *j, const char *key, int64_t v) {
    begin(j, key);
    buf_int(j->to, v);
}

void json_put_real(struct json_out *j, const char *key, double v) {
    begin(j, key);
    if (isfinite(v)) {
        buf_format(j->to, "%.17g", v);
    } else {
        buf_add(j->to, "null", 4);
    }
}

void json_put_bool(struct json_out *j, const char *key, bool v) {
    begin(j, key);
    buf_z(j->to, v ? "true" : "false");
}

void json_put_null(struct json_out *j, const char *key) {
    begin(j, key);
    buf_add(j->to, "null", 4);
}

void json_put_raw(struct json_out *j, const char *key, struct str json) {
    begin(j, key);
    buf_str(j->to, json);
}

void json_key(struct json_out *j, struct str key) {
    begin(j, NULL);
    write_string(j->to, key);
    buf_char(j->to, ':');
    j->after_key = true;
}

void json_put_str_if(struct json_out *j, const char *key, struct str s) {
    if (s.p != NULL) {
        json_put_str(j, key, s);
    }
}

/* ---- reading ---- */

/* Nesting is counted before jansson recurses into it. */
static bool depth_ok(struct str text) {
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (quoted) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = false;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX) {
                return false;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

static void decref_deferred(void *object) {
    json_decref(object);
}

err json_parse(struct ctx *cx, struct str text, json_t **ret_value) {
    if (!depth_ok(text)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The JSON is nested deeper than %d levels.",
                        JSON_DEPTH_MAX);
    }
    json_error_t error;
    json_t *value = json_loadb(text.n > 0 ? text.p : "", text.n,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL) {
        /* jansson's text may quote the input, which may hold a secret: only the place is told. */
        return fail_say(cx, ERR_INVALID_REQUEST, "The JSON is malformed at line %d, column %d.",
                        error.line, error.column);
    }
    arena_defer(cx->arena, decref_deferred, value);
    *ret_value = value;
    return OK;
}

static struct str json_text(const json_t *value) {
    return (struct str){json_string_value(value), json_string_length(value)};
}

err json_get_str(struct ctx *cx, const json_t *object, const char *key, struct str *ret) {
    const json_t *value = json_object_get(object, key);
    if (value == NULL || json_is_null(value)) {
        *ret = STR_NONE;
        return OK;
    }
    if (!json_is_string(value)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The member '%s' must be text.", key);
    }
    *ret = json_text(value);
    return OK;
}

err json_get_int(struct ctx *cx, const json_t *object, const char *key, int64_t otherwise,
                 int64_t *ret) {
    const json_t *value = json_object_get(object, key);
    if (value == NULL || json_is_null(value)) {
        *ret = otherwise;
        return OK;
    }
    if (!json_is_integer(value)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The member '%s' must be a whole number.", key);
    }
    *ret = json_integer_value(value);
    return OK;
}

err json_get_bool(struct ctx *cx, const json_t *object, const char *key, bool otherwise,
                  bool *ret) {
    const json_t *value = json_object_get(object, key);
    if (value == NULL || json_is_null(value)) {
        *ret = otherwise;
        return OK;
    }
    if (!json_is_boolean(value)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "The member '%s' must be true or false.", key);
    }
    *ret = json_is_true(value);
    return OK;
}

err json_get_words(struct ctx *cx, const json_t *object, const char *key, struct str *ret) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_array(value)) {
        return json_get_str(cx, object, key, ret);
    }
    struct buf b = buf_in(cx->arena, 64);
    size_t i;
    const json_t *item;
    json_array_foreach(value, i, item) {
        struct str word = json_text(item);
        if (word.p == NULL || word.n == 0 || str_find_char(word, ' ') < word.n) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "The member '%s' must be a list of texts without spaces.", key);
        }
        if (i > 0) {
            buf_char(&b, ' ');
        }
        buf_str(&b, word);
    }
    *ret = buf_view(&b);
    return OK;
}

static int dump_chunk(const char *p, size_t n, void *state) {
    buf_add(state, p, n);
    return 0;
}

struct str json_canonical(struct arena *a, const json_t *value) {
    struct buf b = buf_in(a, 128);
    json_dump_callback(value, dump_chunk, &b, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    return buf_view(&b);
}
