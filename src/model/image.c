/* SPDX-License-Identifier: Apache-2.0 */
/* What an image is and how large, by its first bytes: PNG, JPEG and WebP, which run no scripts
 * (SVG does). Nothing is decoded; what moves is refused (WCAG 2.2, 2.2.2). */
#include "model.h"

#include <string.h>

static uint32_t big(const char *p, size_t n) {
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | (unsigned char)p[i];
    }
    return v;
}

static uint32_t little(const char *p, size_t n) {
    uint32_t v = 0;
    for (size_t i = n; i > 0; i--) {
        v = v << 8 | (unsigned char)p[i - 1];
    }
    return v;
}

static bool is_at(struct str bytes, size_t at, struct str what) {
    return at <= bytes.n && bytes.n - at >= what.n && memcmp(bytes.p + at, what.p, what.n) == 0;
}

/* ---- PNG (W3C PNG 5): the signature, then chunks of length, type, data, checksum ---- */

#define PNG_SIGNATURE STR("\x89PNG\r\n\x1a\n")
#define PNG_CHUNK     12 /* without data */

static bool png_read(struct str bytes, struct image *image) {
    size_t at = PNG_SIGNATURE.n;
    if (!is_at(bytes, at, STR("\0\0\0\rIHDR")) || bytes.n < at + PNG_CHUNK + 13) {
        return false;
    }
    image->type = STR("image/png");
    image->width = big(bytes.p + at + 8, 4);
    image->height = big(bytes.p + at + 12, 4);
    while (bytes.n - at >= PNG_CHUNK) {
        size_t length = big(bytes.p + at, 4);
        if (is_at(bytes, at + 4, STR("IDAT"))) {
            return true;
        }
        /* An animation says so before its first picture. */
        if (is_at(bytes, at + 4, STR("acTL")) || length > bytes.n - at - PNG_CHUNK) {
            return false;
        }
        at += PNG_CHUNK + length;
    }
    return false;
}

/* ---- JPEG (ITU T.81 B.1): markers with segments, up to the frame's header ---- */

/* B.1.1.3: SOF0 to SOF15 are frames, but for DHT, JPG and DAC among them. */
static bool is_frame(unsigned marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static bool jpeg_read(struct str bytes, struct image *image) {
    size_t at = 2;
    image->type = STR("image/jpeg");
    while (at + 9 <= bytes.n && (unsigned char)bytes.p[at] == 0xff) {
        unsigned marker = (unsigned char)bytes.p[at + 1];
        if (marker == 0xff) { /* B.1.1.2: fill */
            at++;
            continue;
        }
        size_t length = big(bytes.p + at + 2, 2);
        if (is_frame(marker)) {
            image->height = big(bytes.p + at + 5, 2);
            image->width = big(bytes.p + at + 7, 2);
            return length >= 8;
        }
        /* What stands alone, or begins the data, has no place before the frame. */
        if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda) || length < 2) {
            return false;
        }
        at += 2 + length;
    }
    return false;
}

/* ---- WebP (RFC 9649) ---- */

#define WEBP_ANIMATION 0x02

static bool webp_read(struct str bytes, struct image *image) {
    if (bytes.n < 30) {
        return false;
    }
    const char *data = bytes.p + 20; /* of the first chunk */
    image->type = STR("image/webp");
    if (is_at(bytes, 12, STR("VP8X"))) {
        image->width = little(data + 4, 3) + 1;
        image->height = little(data + 7, 3) + 1;
        return (data[0] & WEBP_ANIMATION) == 0;
    }
    if (is_at(bytes, 12, STR("VP8 "))) { /* RFC 6386 9.1 */
        image->width = little(data + 6, 2) & 0x3fff;
        image->height = little(data + 8, 2) & 0x3fff;
        return is_at(bytes, 23, STR("\x9d\x01\x2a"));
    }
    if (is_at(bytes, 12, STR("VP8L"))) { /* RFC 9649 3.4 */
        uint32_t bits = little(data + 1, 4);
        image->width = (bits & 0x3fff) + 1;
        image->height = (bits >> 14 & 0x3fff) + 1;
        return data[0] == 0x2f;
    }
    return false;
}

bool image_read(struct str bytes, struct image *ret_image) {
    struct image image = {.width = 0};
    bool ok = false;
    if (is_at(bytes, 0, PNG_SIGNATURE)) {
        ok = png_read(bytes, &image);
    } else if (is_at(bytes, 0, STR("\xff\xd8\xff"))) {
        ok = jpeg_read(bytes, &image);
    } else if (is_at(bytes, 0, STR("RIFF")) && is_at(bytes, 8, STR("WEBP"))) {
        ok = webp_read(bytes, &image);
    }
    if (!ok || image.width == 0 || image.height == 0) {
        return false;
    }
    *ret_image = image;
    return true;
}
