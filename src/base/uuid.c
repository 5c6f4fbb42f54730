/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs (RFC 9562) as text. */
#include "base.h"

static struct str uuid_text(struct arena *a, const unsigned char bytes[16]) {
    struct str digits = hex(a, bytes, 16);
    char *text = arena_alloc(a, UUID_LENGTH + 1);
    size_t at = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            text[at++] = '-';
        }
        text[at++] = digits.p[i];
    }
    return (struct str){text, UUID_LENGTH};
}

static struct str uuid_finish(struct arena *a, unsigned char bytes[16], unsigned version) {
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80); /* RFC 9562 4.1: variant 10 */
    return uuid_text(a, bytes);
}

struct str uuid_v4(struct ctx *cx) {
    unsigned char bytes[16];
    cx->random->fill(cx->random, bytes, sizeof bytes);
    return uuid_finish(cx->arena, bytes, 4);
}

struct str uuid_v7(struct ctx *cx) {
    unsigned char bytes[16];
    cx->random->fill(cx->random, bytes, sizeof bytes);
    for (int i = 0; i < 6; i++) {
        bytes[i] = (unsigned char)((uint64_t)cx->now_ms >> (40 - 8 * i));
    }
    return uuid_finish(cx->arena, bytes, 7);
}

bool uuid_parse(struct arena *a, struct str text, struct str *ret) {
    if (text.n != UUID_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !digit) {
            return false;
        }
    }
    *ret = str_lower(a, text);
    return true;
}
