/* SPDX-License-Identifier: Apache-2.0 */
/* base64, base32 and hex (RFC 4648) and percent encoding (RFC 3986). Readers take the one canonical
 * form only: two texts for the same bytes would make two tokens of one. */
#include "base.h"

#include <string.h>

static const char alphabet64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t write64(char *to, const void *from, size_t n, const char *alphabet) {
    const unsigned char *p = from;
    char *start = to;
    for (; n >= 3; n -= 3, p += 3) {
        *to++ = alphabet[p[0] >> 2];
        *to++ = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
        *to++ = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
        *to++ = alphabet[p[2] & 63];
    }
    if (n > 0) {
        unsigned second = n == 2 ? p[1] : 0;
        *to++ = alphabet[p[0] >> 2];
        *to++ = alphabet[(p[0] & 3) << 4 | second >> 4];
        if (n == 2) {
            *to++ = alphabet[(second & 15) << 2];
        }
    }
    return (size_t)(to - start);
}

/* The 6 bits of a character, or 64. */
static unsigned value64(char c, char c62, char c63) {
    if (c >= 'A' && c <= 'Z') {
        return (unsigned)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (unsigned)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0') + 52;
    }
    return c == c62 ? 62 : c == c63 ? 63 : 64;
}

/* Unpadded text. */
static bool parse64(struct arena *a, struct str text, const char *last_two, struct str *ret_bytes) {
    if (text.n % 4 == 1) {
        return false;
    }
    size_t size = text.n / 4 * 3 + (text.n % 4 == 0 ? 0 : text.n % 4 - 1);
    char *bytes = arena_alloc(a, size + 1);
    size_t at = 0;
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned v = value64(text.p[i], last_two[0], last_two[1]);
        if (v == 64) {
            return false;
        }
        bits = (bits << 6 | v) & 0xfff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes[at++] = (char)(bits >> have);
        }
    }
    if ((bits & ((1u << have) - 1)) != 0) { /* RFC 4648 3.5: unused bits are zero */
        return false;
    }
    *ret_bytes = (struct str){bytes, size};
    return true;
}

size_t base64url_write(char *to, const void *from, size_t n) {
    return write64(to, from, n, alphabet64url);
}

struct str base64url(struct arena *a, const void *from, size_t n) {
    char *text = arena_alloc(a, BASE64URL_SIZE(n) + 1);
    return (struct str){text, base64url_write(text, from, n)};
}

bool base64url_parse(struct arena *a, struct str text, struct str *ret_bytes) {
    return parse64(a, text, "-_", ret_bytes);
}

struct str base64(struct arena *a, const void *from, size_t n) {
    char *text = arena_alloc(a, (n + 2) / 3 * 4 + 1);
    size_t size = write64(text, from, n, alphabet64);
    while (size % 4 != 0) {
        text[size++] = '=';
    }
    return (struct str){text, size};
}

bool base64_parse(struct arena *a, struct str text, struct str *ret_bytes) {
    if (text.n > 0 && text.n % 4 == 0 && text.p[text.n - 1] == '=') {
        text.n--;
        text.n -= text.p[text.n - 1] == '=' ? 1 : 0;
    }
    return parse64(a, text, "+/", ret_bytes);
}

struct str base32(struct arena *a, const void *from, size_t n) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const unsigned char *p = from;
    size_t size = BASE32_SIZE(n), at = 0;
    char *text = arena_alloc(a, size + 1);
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = (bits << 8 | p[i]) & 0xfff;
        for (have += 8; have >= 5;) {
            have -= 5;
            text[at++] = alphabet[bits >> have & 31];
        }
    }
    if (have > 0) {
        text[at++] = alphabet[bits << (5 - have) & 31];
    }
    while (at < size) {
        text[at++] = '=';
    }
    return (struct str){text, size};
}

static const char digits16[] = "0123456789abcdef";

/* The 4 bits of a character of either case, or 16. */
static unsigned value16(char c) {
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* The byte of two digits at p, or 256. */
static unsigned byte16(const char *p) {
    unsigned high = value16(p[0]), low = value16(p[1]);
    return high == 16 || low == 16 ? 256 : high << 4 | low;
}

struct str hex(struct arena *a, const void *from, size_t n) {
    const unsigned char *p = from;
    char *text = arena_alloc(a, n * 2 + 1);
    for (size_t i = 0; i < n; i++) {
        text[i * 2] = digits16[p[i] >> 4];
        text[i * 2 + 1] = digits16[p[i] & 15];
    }
    return (struct str){text, n * 2};
}

bool hex_parse(struct arena *a, struct str text, struct str *ret_bytes) {
    if (text.n % 2 != 0) {
        return false;
    }
    char *bytes = arena_alloc(a, text.n / 2 + 1);
    for (size_t i = 0; i < text.n / 2; i++) {
        unsigned byte = byte16(text.p + i * 2);
        if (byte > 255) {
            return false;
        }
        bytes[i] = (char)byte;
    }
    *ret_bytes = (struct str){bytes, text.n / 2};
    return true;
}

static bool needs_percent_decode(struct str text, bool plus) {
    return str_find_char(text, '%') != text.n || (plus && str_find_char(text, '+') != text.n);
}

/* What begins at text.p[*at], decoded; moves *at behind it. 256: a stray % or bad digits. */
static unsigned percent_byte(struct str text, bool plus, size_t *at) {
    char c = text.p[(*at)++];
    if (c != '%') {
        return plus && c == '+' ? ' ' : (unsigned char)c;
    }
    if (text.n - *at < 2) {
        return 256;
    }
    *at += 2;
    return byte16(text.p + *at - 2);
}

bool percent_decode(struct arena *a, struct str text, bool plus, struct str *ret_text) {
    struct str decoded = text;
    if (needs_percent_decode(text, plus)) {
        char *p = arena_alloc(a, text.n + 1);
        size_t n = 0;
        for (size_t at = 0; at < text.n;) {
            unsigned byte = percent_byte(text, plus, &at);
            if (byte > 255) {
                return false;
            }
            p[n++] = (char)byte;
        }
        decoded = (struct str){p, n};
    }
    if (!str_is_text(decoded)) {
        return false;
    }
    *ret_text = decoded;
    return true;
}

static bool is_unreserved(char c) {
    return value64(c, '-', '_') < 64 || c == '.' || c == '~';
}

struct str percent_encode(struct arena *a, struct str text) {
    struct buf b = buf_in(a, text.n + 16);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (is_unreserved(text.p[i])) {
            buf_char(&b, text.p[i]);
        } else {
            buf_add(&b, (char[]){'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]}, 3);
        }
    }
    return buf_view(&b);
}
