/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs (RFC 9562): random ones, and ones that begin with the time. */
#include "base.h"

static struct str uuid_write(struct arena *a, const unsigned char bytes[16]) {
    static const char digits[] = "0123456789abcdef";
    char *p = arena_alloc(a, UUID_LENGTH + 1), *to = p;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *to++ = '-';
        }
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return (struct str){p, UUID_LENGTH};
}

struct str uuid_v4(struct ctx *cx) {
    unsigned char bytes[16];
    cx->random->fill(cx->random, bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    return uuid_write(cx->arena, bytes);
}

struct str uuid_v7(struct ctx *cx) {
    unsigned char bytes[16];
    cx->random->fill(cx->random, bytes + 6, sizeof(bytes) - 6);
    uint64_t ms = (uint64_t)cx->now_ms;
    for (int i = 5; i >= 0; i--) {
        bytes[i] = (unsigned char)(ms & 0xff);
        ms >>= 8;
    }
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x70);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    return uuid_write(cx->arena, bytes);
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool uuid_parse(struct arena *a, struct str text, struct str *ret) {
    if (text.n != UUID_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.p[i] != '-' : !is_hex(text.p[i])) {
            return false;
        }
    }
    *ret = str_lower(a, text);
    return true;
}
