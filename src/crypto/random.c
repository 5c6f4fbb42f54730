/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's randomness: no state of ours that a fork or a second thread could repeat. */
#include "crypto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void system_fill(const struct random *random, void *to, size_t n) {
    (void)random;
    for (unsigned char *p = to; n > 0;) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            perror("postern: getrandom");
            abort();
        }
        p += got;
        n -= (size_t)got;
    }
}

const struct random random_system = {.fill = system_fill};

struct str random_text(struct ctx *cx, size_t n) {
    unsigned char *bytes = arena_alloc(cx->arena, n);
    cx->random->fill(cx->random, bytes, n);
    struct str text = base64url(cx->arena, bytes, n);
    secret_wipe(bytes, n);
    return text;
}

struct str random_letters(struct ctx *cx, const char *letters, size_t n, size_t group) {
    const size_t choices = strlen(letters), limit = 256 / choices * choices;
    char *text = arena_alloc(cx->arena, n);
    for (size_t i = 0; i < n; i++) {
        unsigned char c;
        do { /* what lies past the last whole multiple is drawn again */
            cx->random->fill(cx->random, &c, 1);
        } while (c >= limit);
        text[i] = i % (group + 1) == group ? '-' : letters[c % choices];
    }
    return (struct str){text, n};
}
