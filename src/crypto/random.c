/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from OpenSSL's generator. */
#include "crypto.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

static void system_fill(const struct random *r, void *to, size_t n) {
    (void)r;
    if (RAND_bytes(to, (int)n) != 1) {
        fputs("postern: no randomness\n", stderr);
        abort(); /* a guessable secret is worse than no answer */
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
