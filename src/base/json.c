/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: a writer that cannot forget a comma or an escape, and jansson behind bounds as the parser.
 */
#include "base.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

struct json_out json_to(struct buf *b) {
    struct json_out j = {.to = b};
    j.first[0] = true;
    return j;
}

static bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void write_unit(struct buf *b, uint32_t unit) {
    static const char digits[] = "0123456789abcdef";
    char text[6] = {'\\',
                    'u',
                    digits[unit >> 12 & 15],
                    digits[unit >> 8 & 15],
                    digits[unit >> 4 & 15],
                    digits[unit & 15]};
    buf_add(b, text, sizeof text);
}

static void write_escaped(struct buf *b, uint32_t c) {
    static const char named[0x80] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                     ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
    if (c < 0x80 && named[c] != 0) {
        buf_add(b, (char[]){'\\', named[c]}, 2);
    } else if (c >= 0x10000) {
        /* RFC 8259 7: beyond the basic plane as a surrogate pair. */
        write_unit(b, 0xd800 + ((c - 0x10000) >> 10));
        write_unit(b, 0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
        write_unit(b, c);
    }
}

static void write_string(struct buf *b, struct str s) {
    buf_char(b, '"');
    while (s.n > 0) {
        size_t plain = 0;
        while (plain < s.n && is_plain((unsigned char)s.p[plain])) {
            plain++;
        }
        buf_add(b, s.p, plain);
        s = str_sub(s, plain, s.n);
        if (s.n > 0) {
            uint32_t c = 0xfffd;
            size_t n = str_code_point(s, &c);
            write_escaped(b, c);
            s = str_sub(s, n == 0 ? 1 : n, s.n);
        }
    }
    buf_char(b, '"');
}

static void before_value(struct json_out *j) {
    if (j->after_key) {
        j->after_key = false;
    } else if (!j->first[j->depth]) {
        buf_char(j->to, ',');
    }
    j->first[j->depth] = false;
}

void json_key(struct json_out *j, struct str key) {
    assert(!j->after_key);
    before_value(j);
    write_string(j->to, key);
    buf_char(j->to, ':');
    j->after_key = true;
}

static void before(struct json_out *j, const char *key) {
    if (key != NULL) {
        json_key(j, str_from(key));
    }
    before_value(j);
}

static void open_with(struct json_out *j, const char *key, char bracket) {
    before(j, key);
    buf_char(j->to, bracket);
    assert(j->depth < JSON_DEPTH_MAX);
    j->first[++j->depth] = true;
}

static void close_with(struct json_out *j, char bracket) {
    assert(j->depth > 0 && !j->after_key);
    j->depth--;
    buf_char(j->to, bracket);
}

void json_open_object(struct json_out *j, const char *key) {
    open_with(j, key, '{');
}

void json_close_object(struct json_out *j) {
    close_with(j, '}');
}

void json_open_array(struct json_out *j, const char *key) {
    open_with(j, key, '[');
}

void json_close_array(struct json_out *j) {
    close_with(j, ']');
}

void json_put_raw(struct json_out *j, const char *key, struct str json) {
    before(j, key);
    buf_str(j->to, json);
}

void json_put_null(struct json_out *j, const char *key) {
    json_put_raw(j, key, STR("null"));
}

void json_put_str(struct json_out *j, const char *key, struct str s) {
    if (s.p == NULL) {
        json_put_null(j, key);
        return;
    }
    before(j, key);
    write_string(j->to, s);
}

void json_put_str_if(struct json_out *j, const char *key, struct str s) {
    if (s.p != NULL) {
        json_put_str(j, key, s);
    }
}

void json_put_z(struct json_out *j, const char *key, const char *z) {
    json_put_str(j, key, str_from(z));
}

void json_put_int(struct json_out *j, const char *key, int64_t v) {
    before(j, key);
    buf_int(j->to, v);
}

void json_put_real(struct json_out *j, const char *key, double v) {
    if (!isfinite(v)) { /* RFC 8259 6: no NaN, no infinity */
        json_put_null(j, key);
        return;
    }
    before(j, key);
    buf_format(j->to, "%.15g", v);
}

void json_put_bool(struct json_out *j, const char *key, bool v) {
    json_put_raw(j, key, v ? STR("true") : STR("false"));
}

/* ---- parsing ---- */

/* The deepest nesting of brackets outside strings; jansson recurses once for each. */
static size_t nesting(struct str text) {
    size_t depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
            deepest = depth > deepest ? depth : deepest;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

static void value_free(void *value) {
    json_decref(value);
}

err json_parse(struct ctx *cx, struct str text, json_t **ret_value) {
    if (nesting(text) > JSON_DEPTH_MAX) {
        return fail_say(cx, ERR_INVALID_REQUEST, "JSON is nested deeper than %d levels",
                        JSON_DEPTH_MAX);
    }
    /* jansson swallows a NUL behind a number. */
    if (str_find_char(text, '\0') != text.n) {
        return fail_say(cx, ERR_INVALID_REQUEST, "JSON has a NUL byte");
    }
    json_error_t error;
    json_t *value = json_loadb(text.p != NULL ? text.p : "", text.n,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL) {
        /* jansson ends its message with the text it met: that may be a secret. */
        const char *near = strstr(error.text, " near '");
        int length = (int)(near != NULL ? (size_t)(near - error.text) : strlen(error.text));
        return fail_say(cx, ERR_INVALID_REQUEST, "JSON, line %d, column %d: %.*s", error.line,
                        error.column, length, error.text);
    }
    arena_defer(cx->arena, value_free, value);
    *ret_value = value;
    return OK;
}

/* The member, or NULL if it is absent or null. */
static const json_t *member(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

err json_get_str(struct ctx *cx, const json_t *object, const char *key, struct str *ret) {
    const json_t *value = member(object, key);
    if (value != NULL && !json_is_string(value)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s must be a string", key);
    }
    *ret = value == NULL ? STR_NONE
                         : (struct str){json_string_value(value), json_string_length(value)};
    return OK;
}

err json_get_int(struct ctx *cx, const json_t *object, const char *key, int64_t otherwise,
                 int64_t *ret) {
    const json_t *value = member(object, key);
    if (value != NULL && !json_is_integer(value)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s must be an integer", key);
    }
    *ret = value == NULL ? otherwise : (int64_t)json_integer_value(value);
    return OK;
}

err json_get_bool(struct ctx *cx, const json_t *object, const char *key, bool otherwise,
                  bool *ret) {
    const json_t *value = member(object, key);
    if (value != NULL && !json_is_boolean(value)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s must be true or false", key);
    }
    *ret = value == NULL ? otherwise : json_is_true(value);
    return OK;
}

err json_get_words(struct ctx *cx, const json_t *object, const char *key, struct str *ret) {
    const json_t *value = member(object, key);
    if (!json_is_array(value)) {
        return json_get_str(cx, object, key, ret);
    }
    struct buf words = buf_in(cx->arena, 64);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        struct str word = {json_string_value(item), json_string_length(item)};
        if (str_empty(word) || str_find_char(word, ' ') != word.n) {
            return fail_say(cx, ERR_INVALID_REQUEST, "%s must be an array of words", key);
        }
        if (i > 0) {
            buf_char(&words, ' ');
        }
        buf_str(&words, word);
    }
    *ret = buf_view(&words);
    return OK;
}

static int dump_to_buf(const char *p, size_t n, void *buf) {
    buf_add(buf, p, n);
    return 0;
}

struct str json_canonical(struct arena *a, const json_t *value) {
    struct buf text = buf_in(a, 256);
    int result = json_dump_callback(value, dump_to_buf, &text,
                                    JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    assert(result == 0);
    (void)result;
    return buf_view(&text);
}
