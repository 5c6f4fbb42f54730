/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's randomness: no state of ours that a fork or a second thread could repeat. */
#include "crypto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
