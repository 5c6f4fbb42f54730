/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed slices of text. */
#include "base.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool bytes_eq_nocase(const char *a, const char *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

struct str str_from(const char *z) {
    return z == NULL ? STR_NONE : (struct str){z, strlen(z)};
}

bool str_eq(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *z) {
    return str_eq(a, str_from(z));
}

bool str_eq_nocase(struct str a, struct str b) {
    return a.n == b.n && bytes_eq_nocase(a.p, b.p, a.n);
}

bool str_starts(struct str s, const char *prefix) {
    size_t n = strlen(prefix);
    return n == 0 || (s.n >= n && memcmp(s.p, prefix, n) == 0);
}

bool str_starts_nocase(struct str s, const char *prefix) {
    size_t n = strlen(prefix);
    return s.n >= n && bytes_eq_nocase(s.p, prefix, n);
}

bool str_ends(struct str s, const char *suffix) {
    size_t n = strlen(suffix);
    return n == 0 || (s.n >= n && memcmp(s.p + s.n - n, suffix, n) == 0);
}

bool str_empty(struct str s) {
    return s.n == 0;
}

int str_compare(struct str a, struct str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.p, b.p, n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

size_t str_find_char(struct str s, char c) {
    const char *at = s.n == 0 ? NULL : memchr(s.p, c, s.n);
    return at == NULL ? s.n : (size_t)(at - s.p);
}

struct str str_sub(struct str s, size_t from, size_t n) {
    if (s.p == NULL) {
        return STR_NONE;
    }
    if (from > s.n) {
        from = s.n;
    }
    return (struct str){s.p + from, n < s.n - from ? n : s.n - from};
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
    size_t n = str_find_char(*rest, at);
    *ret_part = (struct str){rest->p, n};
    *rest = n == rest->n ? STR_NONE : (struct str){rest->p + n + 1, rest->n - n - 1};
    return true;
}

bool str_has_word(struct str list, struct str word) {
    struct str part;
    while (!str_empty(word) && str_next(&list, ' ', &part)) {
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
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
        /* Built from the negative side, where the range is one larger. */
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, s.p[i] - '0', &v)) {
            return false;
        }
    }
    if (!negative && __builtin_sub_overflow((int64_t)0, v, &v)) {
        return false;
    }
    *ret = v;
    return true;
}

size_t str_code_point(struct str s, uint32_t *ret_code_point) {
    if (s.n == 0) {
        return 0;
    }
    const unsigned char *p = (const unsigned char *)s.p;
    if (p[0] < 0x80) {
        *ret_code_point = p[0];
        return 1;
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.n < n) {
        return 0;
    }
    uint32_t v = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        v = v << 6 | (p[i] & 0x3f);
    }
    /* RFC 3629 3: no overlong forms, no surrogates, nothing past U+10FFFF. */
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) {
        return 0;
    }
    *ret_code_point = v;
    return n;
}

bool str_is_text(struct str s) {
    while (s.n > 0) {
        uint32_t code_point;
        size_t n = str_code_point(s, &code_point);
        if (n == 0 || code_point == 0) {
            return false;
        }
        s.p += n;
        s.n -= n;
    }
    return true;
}

char *str_z(struct arena *a, struct str s) {
    char *z = arena_alloc(a, s.n + 1);
    if (s.n > 0) {
        memcpy(z, s.p, s.n);
    }
    return z;
}

struct str str_copy(struct arena *a, struct str s) {
    return s.p == NULL ? STR_NONE : (struct str){str_z(a, s), s.n};
}

struct str str_format(struct arena *a, const char *format, ...) {
    assert(format != NULL); /* gcc with UBSan thinks that it may be */
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char small[256];
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    size_t size = n < 0 ? 0 : (size_t)n;
    char *p = arena_alloc(a, size + 1);
    if (size < sizeof small) {
        memcpy(p, small, size);
    } else {
        (void)vsnprintf(p, size + 1, format, again);
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
        p[i] = lower(p[i]);
    }
    return (struct str){p, s.n};
}
