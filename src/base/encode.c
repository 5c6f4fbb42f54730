/* SPDX-License-Identifier: Apache-2.0 */
/* base64, base32, hexadecimal and percent encoding. Parsers take the canonical form only: what
 * decodes to the same bytes must be the same text, or signatures and look-ups could be dodged. */
#include "base.h"

#include <string.h>

static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char std_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Without padding; returns how many characters were written. */
static size_t base64_digits(char *to, const unsigned char *p, size_t n, const char *digits) {
    char *start = to;
    size_t i = 0;
    for (; i + 3 <= n; i += 3) {
        *to++ = digits[p[i] >> 2];
        *to++ = digits[(p[i] & 3) << 4 | p[i + 1] >> 4];
        *to++ = digits[(p[i + 1] & 15) << 2 | p[i + 2] >> 6];
        *to++ = digits[p[i + 2] & 63];
    }
    if (i < n) {
        unsigned next = i + 1 < n ? p[i + 1] : 0;
        *to++ = digits[p[i] >> 2];
        *to++ = digits[(p[i] & 3U) << 4 | next >> 4];
        if (i + 1 < n) {
            *to++ = digits[(next & 15) << 2];
        }
    }
    return (size_t)(to - start);
}

static int base64_value(char c, bool url) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == (url ? '-' : '+')) {
        return 62;
    }
    return c == (url ? '_' : '/') ? 63 : -1;
}

/* Unpadded digits to bytes; false for a bad digit, a length of 4k+1, or unused bits that are set.
 */
static bool base64_bytes(struct arena *a, struct str text, bool url, struct str *ret) {
    if (text.n % 4 == 1) {
        return false;
    }
    unsigned char *p = arena_alloc(a, text.n / 4 * 3 + 3);
    size_t n = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.n; i++) {
        int v = base64_value(text.p[i], url);
        if (v < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)v;
        if (i % 4 != 0) {
            p[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
        }
    }
    static const uint32_t unused[] = {0, 0, 15, 3};
    if ((bits & unused[text.n % 4]) != 0) {
        return false;
    }
    *ret = (struct str){(const char *)p, n};
    return true;
}

size_t base64url_write(char *to, const void *from, size_t n) {
    return base64_digits(to, from, n, url_digits);
}

struct str base64url(struct arena *a, const void *from, size_t n) {
    char *p = arena_alloc(a, BASE64URL_SIZE(n) + 1);
    return (struct str){p, base64_digits(p, from, n, url_digits)};
}

bool base64url_parse(struct arena *a, struct str text, struct str *ret_bytes) {
    return base64_bytes(a, text, true, ret_bytes);
}

struct str base64(struct arena *a, const void *from, size_t n) {
    size_t size = (n + 2) / 3 * 4;
    char *p = arena_alloc(a, size + 1);
    size_t used = base64_digits(p, from, n, std_digits);
    memset(p + used, '=', size - used);
    return (struct str){p, size};
}

bool base64_parse(struct arena *a, struct str text, struct str *ret_bytes) {
    if (text.n % 4 == 0 && str_ends(text, "==")) {
        text.n -= 2;
    } else if (text.n % 4 == 0 && str_ends(text, "=")) {
        text.n -= 1;
    }
    return base64_bytes(a, text, false, ret_bytes);
}

struct str base32(struct arena *a, const void *from, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const unsigned char *p = from;
    size_t size = BASE32_SIZE(n), used = 0;
    char *to = arena_alloc(a, size + 1);
    uint64_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | p[i];
        have += 8;
        while (have >= 5) {
            have -= 5;
            to[used++] = digits[bits >> have & 31];
        }
    }
    if (have > 0) {
        to[used++] = digits[bits << (5 - have) & 31];
    }
    memset(to + used, '=', size - used);
    return (struct str){to, size};
}

struct str hex(struct arena *a, const void *from, size_t n) {
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = from;
    char *to = arena_alloc(a, n * 2 + 1);
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digits[p[i] >> 4];
        to[2 * i + 1] = digits[p[i] & 15];
    }
    return (struct str){to, n * 2};
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_parse(struct arena *a, struct str text, struct str *ret_bytes) {
    if (text.n % 2 != 0) {
        return false;
    }
    char *p = arena_alloc(a, text.n / 2 + 1);
    for (size_t i = 0; i < text.n; i += 2) {
        int high = hex_value(text.p[i]), low = hex_value(text.p[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        p[i / 2] = (char)(high << 4 | low);
    }
    *ret_bytes = (struct str){p, text.n / 2};
    return true;
}

bool percent_decode(struct arena *a, struct str text, bool plus, struct str *ret_text) {
    bool coded = str_find_char(text, '%') < text.n || (plus && str_find_char(text, '+') < text.n);
    if (!coded) {
        *ret_text = text;
        return str_is_text(text);
    }
    char *p = arena_alloc(a, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int high = i + 3 <= text.n ? hex_value(text.p[i + 1]) : -1;
            int low = i + 3 <= text.n ? hex_value(text.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        p[n++] = c;
    }
    *ret_text = (struct str){p, n};
    return str_is_text(*ret_text);
}

struct str percent_encode(struct arena *a, struct str text) {
    static const char digits[] = "0123456789ABCDEF";
    struct buf b = buf_in(a, text.n + 16);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            buf_char(&b, (char)c);
        } else {
            char coded[3] = {'%', digits[c >> 4], digits[c & 15]};
            buf_add(&b, coded, sizeof(coded));
        }
    }
    return buf_view(&b);
}
