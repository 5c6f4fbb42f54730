/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed text. */
#include "base.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct str str_from(const char *z) {
    return z != NULL ? (struct str){z, strlen(z)} : STR_NONE;
}

bool str_eq(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *z) {
    return str_eq(a, str_from(z));
}

bool str_eq_nocase(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

bool str_starts(struct str s, const char *prefix) {
    return str_eq(str_sub(s, 0, strlen(prefix)), str_from(prefix));
}

bool str_starts_nocase(struct str s, const char *prefix) {
    return str_eq_nocase(str_sub(s, 0, strlen(prefix)), str_from(prefix));
}

bool str_ends(struct str s, const char *suffix) {
    size_t n = strlen(suffix);
    return s.n >= n && str_is(str_sub(s, s.n - n, n), suffix);
}

bool str_empty(struct str s) {
    return s.n == 0;
}

int str_compare(struct str a, struct str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (order != 0) {
        return order;
    }
    return (a.n > b.n) - (a.n < b.n);
}

size_t str_find_char(struct str s, char c) {
    const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
    return at != NULL ? (size_t)(at - s.p) : s.n;
}

struct str str_sub(struct str s, size_t from, size_t n) {
    if (from >= s.n) {
        return (struct str){s.p != NULL ? s.p + s.n : "", 0};
    }
    size_t rest = s.n - from;
    return (struct str){s.p + from, n < rest ? n : rest};
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s) {
    while (s.n > 0 && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_space(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

bool str_next(struct str *rest, char at, struct str *ret_part) {
    if (rest->p == NULL) {
        return false;
    }
    size_t i = str_find_char(*rest, at);
    *ret_part = str_sub(*rest, 0, i);
    *rest = i < rest->n ? str_sub(*rest, i + 1, rest->n) : STR_NONE;
    return true;
}

bool str_has_word(struct str list, struct str word) {
    struct str part;
    if (str_empty(word)) {
        return false;
    }
    while (str_next(&list, ' ', &part)) {
        if (str_eq(part, word)) {
            return true;
        }
    }
    return false;
}

bool str_int(struct str s, int64_t *ret) {
    bool negative = s.n > 0 && s.p[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == s.n) {
        return false;
    }
    int64_t v = 0;
    for (; i < s.n; i++) {
        int digit = s.p[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, digit, &v)) {
            return false; /* counted downwards: the lowest number has no positive twin */
        }
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, v, &v)) {
        return false;
    }
    *ret = v;
    return true;
}

/* How many bytes the UTF-8 sequence at p has; 0: invalid (RFC 3629: no overlong forms, surrogates
 * or code points past U+10FFFF). */
static size_t utf8_sequence(const unsigned char *p, size_t n) {
    size_t more;
    uint32_t c, least;
    if (p[0] < 0x80) {
        return 1;
    }
    if ((p[0] & 0xe0) == 0xc0) {
        more = 1, c = p[0] & 0x1fU, least = 0x80;
    } else if ((p[0] & 0xf0) == 0xe0) {
        more = 2, c = p[0] & 0x0fU, least = 0x800;
    } else if ((p[0] & 0xf8) == 0xf0) {
        more = 3, c = p[0] & 0x07U, least = 0x10000;
    } else {
        return 0;
    }
    if (n <= more) {
        return 0;
    }
    for (size_t i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        c = c << 6 | (p[i] & 0x3fU);
    }
    return c >= least && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? more + 1 : 0;
}

bool str_is_text(struct str s) {
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.n;) {
        if (p[i] == 0) {
            return false;
        }
        size_t n = utf8_sequence(p + i, s.n - i);
        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

struct str str_copy(struct arena *a, struct str s) {
    if (s.p == NULL) {
        return STR_NONE;
    }
    return (struct str){str_z(a, s), s.n};
}

char *str_z(struct arena *a, struct str s) {
    char *z = arena_alloc(a, s.n + 1);
    if (s.n > 0) {
        memcpy(z, s.p, s.n);
    }
    return z;
}

struct str str_format(struct arena *a, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char small[256];
    int n = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    size_t size = n > 0 ? (size_t)n : 0;
    char *p = arena_alloc(a, size + 1);
    if (size < sizeof(small)) {
        memcpy(p, small, size);
    } else {
        vsnprintf(p, size + 1, format, again);
    }
    va_end(again);
    return (struct str){p, size};
}

struct str str_lower(struct arena *a, struct str s) {
    if (s.p == NULL) {
        return STR_NONE;
    }
    char *p = str_z(a, s);
    for (size_t i = 0; i < s.n; i++) {
        if (p[i] >= 'A' && p[i] <= 'Z') {
            p[i] = (char)(p[i] - 'A' + 'a');
        }
    }
    return (struct str){p, s.n};
}
