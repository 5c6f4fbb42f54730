/* SPDX-License-Identifier: Apache-2.0 */
/* Colours, and how well text can be read on them (WCAG 2.2, 1.4.3 and the definitions of relative
 * luminance and contrast ratio). */
#include "model.h"

#include <math.h>

static int digit_of(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool colour_parse(struct str text, struct colour *ret_colour) {
    struct colour c;
    if (text.n != 7 || text.p[0] != '#') {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        int high = digit_of(text.p[1 + 2 * i]), low = digit_of(text.p[2 + 2 * i]);
        if (high < 0 || low < 0) {
            return false;
        }
        c.part[i] = (unsigned char)(high * 16 + low);
    }
    *ret_colour = c;
    return true;
}

struct str colour_text(struct arena *a, struct colour c) {
    return str_format(a, "#%02x%02x%02x", c.part[0], c.part[1], c.part[2]);
}

struct colour colour_mix(struct colour c, struct colour with, unsigned percent) {
    for (size_t i = 0; i < 3; i++) {
        unsigned sum = c.part[i] * (100 - percent) + with.part[i] * percent;
        c.part[i] = (unsigned char)((sum + 50) / 100);
    }
    return c;
}

static double luminance(struct colour c) {
    static const double weights[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (size_t i = 0; i < 3; i++) {
        double v = c.part[i] / 255.0;
        sum += weights[i] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return sum;
}

double colour_contrast(struct colour a, struct colour b) {
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}
