/* SPDX-License-Identifier: Apache-2.0 */
/* What was probably meant by a mistyped word: the least number of letters to change, insert, leave
 * out or swap with their neighbour. */
#include "base.h"

#include <string.h>

#define NAME_MAX_LENGTH 40

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Three rows of the table of distances: two letters back, one back, this one. */
struct rows {
    size_t row[3][NAME_MAX_LENGTH + 1];
};

static void next_row(struct rows *t, struct str a, size_t i, struct str b) {
    size_t *before = t->row[(i + 1) % 3], *last = t->row[(i + 2) % 3], *now = t->row[i % 3];
    now[0] = i;
    for (size_t k = 1; k <= b.n; k++) {
        bool same = a.p[i - 1] == b.p[k - 1];
        now[k] = least(least(last[k] + 1, now[k - 1] + 1), last[k - 1] + (same ? 0 : 1));
        if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1]) {
            now[k] = least(now[k], before[k - 2] + 1);
        }
    }
}

static size_t distance(struct str a, struct str b) {
    struct rows t = {{{0}}};
    for (size_t k = 0; k <= b.n; k++) {
        t.row[0][k] = k;
    }
    for (size_t i = 1; i <= a.n; i++) {
        next_row(&t, a, i, b);
    }
    return t.row[a.n % 3][b.n];
}

void nearest_offer(struct nearest *n, const char *name) {
    struct str s = str_from(name);
    if (n->word.n == 0 || n->word.n > NAME_MAX_LENGTH || s.n > NAME_MAX_LENGTH) {
        return;
    }
    size_t d = distance(n->word, s);
    if (n->word.n > 2 && s.n > n->word.n && memcmp(s.p, n->word.p, n->word.n) == 0) {
        d = 1; /* its beginning */
    }
    if (d <= 1 + n->word.n / 4 && d < n->word.n && (n->name == NULL || d < n->distance)) {
        n->name = name;
        n->distance = d;
    }
}
