/* SPDX-License-Identifier: Apache-2.0 */
/* Which catalogue a person reads. */
#include "web_internal.h"

/* "de-AT" asks for "de-AT", then for "de" (RFC 4647 3.4). */
static const struct language *language_find(struct str tag) {
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

/* RFC 9110 12.4.2: "0.8" in thousandths; absent is 1, what is malformed is 0. */
static int quality_of(struct str parameters) {
    struct str part;
    while (str_next(&parameters, ';', &part)) {
        part = str_trim(part);
        if (!str_starts_nocase(part, "q=")) {
            continue;
        }
        struct str value = str_sub(part, 2, part.n);
        int quality = 0, weight = 1000;
        for (size_t i = 0; i < value.n && i < 5; i++) {
            if (value.p[i] == '.' && i == 1) {
                continue;
            }
            if (value.p[i] < '0' || value.p[i] > '9') {
                return 0;
            }
            quality += (value.p[i] - '0') * weight;
            weight /= 10;
        }
        return quality;
    }
    return 1000;
}

const struct language *language_choose(struct str ui_locales, struct str accept_language) {
    struct str item;
    const struct language *best = NULL;
    while (best == NULL && str_next(&ui_locales, ' ', &item)) {
        best = language_find(item);
    }
    if (best != NULL) {
        return best;
    }
    int best_quality = 0;
    while (str_next(&accept_language, ',', &item)) {
        size_t at = str_find_char(item, ';');
        const struct language *found = language_find(str_trim(str_sub(item, 0, at)));
        int quality = at < item.n ? quality_of(str_sub(item, at + 1, item.n)) : 1000;
        if (found != NULL && quality > best_quality) {
            best = found;
            best_quality = quality;
        }
    }
    return best != NULL ? best : &languages[0];
}
