/* SPDX-License-Identifier: Apache-2.0 */
/* Which catalogue a person reads. */
#include "web_internal.h"

/* Who asks for more languages is read as far as this. */
#define LANGUAGES_READ_MAX 64

/* RFC 4647 2.1: letters and digits, up to eight between hyphens. */
static bool is_tag(struct str tag) {
    struct str part;
    while (str_next(&tag, '-', &part)) {
        for (size_t i = 0; i < part.n; i++) {
            char c = part.p[i];
            bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if (!letter && (c < '0' || c > '9')) {
                return false;
            }
        }
        if (part.n == 0 || part.n > 8) {
            return false;
        }
    }
    return true;
}

/* "de-AT" asks for "de-AT", then for "de" (RFC 4647 3.4); NULL: not ours, or no tag. */
const struct language *language_find(struct str tag) {
    if (!is_tag(tag)) {
        return NULL;
    }
    while (tag.n > 0) {
        for (const struct language *l = languages; l->tag != NULL; l++) {
            if (str_eq_nocase(str_from(l->tag), tag)) {
                return l;
            }
        }
        size_t at = tag.n;
        while (at > 0 && tag.p[at - 1] != '-') {
            at--;
        }
        tag = str_sub(tag, 0, at > 0 ? at - 1 : 0);
    }
    return NULL;
}

/* RFC 9110 12.4.2: "0.8" in thousandths; what is malformed is 0. */
static int quality_parse(struct str value) {
    if (value.n == 0 || value.n > 5 || (value.p[0] != '0' && value.p[0] != '1') ||
        (value.n > 1 && value.p[1] != '.')) {
        return 0;
    }
    int quality = value.p[0] == '1' ? 1000 : 0, weight = 100;
    for (size_t i = 2; i < value.n; i++, weight /= 10) {
        if (value.p[i] < '0' || value.p[i] > '9') {
            return 0;
        }
        quality += (value.p[i] - '0') * weight;
    }
    return quality <= 1000 ? quality : 0;
}

/* Absent is 1. */
static int quality_of(struct str parameters) {
    struct str part;
    while (str_next(&parameters, ';', &part)) {
        part = str_trim(part);
        if (str_starts_nocase(part, "q=")) {
            return quality_parse(str_sub(part, 2, part.n));
        }
    }
    return 1000;
}

const struct language *language_choose(struct str ui_locales, struct str accept_language) {
    struct str item;
    for (int i = 0; i < LANGUAGES_READ_MAX && str_next(&ui_locales, ' ', &item); i++) {
        const struct language *found = language_find(item);
        if (found != NULL) {
            return found;
        }
    }
    const struct language *best = &languages[0];
    int best_quality = 0;
    for (int i = 0; i < LANGUAGES_READ_MAX && str_next(&accept_language, ',', &item); i++) {
        size_t at = str_find_char(item, ';');
        const struct language *found = language_find(str_trim(str_sub(item, 0, at)));
        int quality = at < item.n ? quality_of(str_sub(item, at + 1, item.n)) : 1000;
        if (found != NULL && quality > best_quality) {
            best = found;
            best_quality = quality;
        }
    }
    return best;
}
