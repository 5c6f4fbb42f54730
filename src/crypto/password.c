/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords of people: argon2id (RFC 9106) with a salt of its own for each. Slow on purpose: the
 * pool's work, never a transaction's or a handler's. */
#include "crypto.h"

#include <argon2.h>
#include <string.h>

#define MEMORY_KIB 19456 /* 19 MiB, t = 2, p = 1: OWASP's least for argon2id */
#define TIME_COST  2
#define LANES      1
#define SALT_SIZE  16
#define HASH_SIZE  32
#define TEXT_MAX   256 /* of a stored hash: ours have 97 characters */
#define PREFIX     "$argon2id$v=19$"

err password_hash(struct ctx *cx, struct str password, struct str *ret_hash) {
    unsigned char salt[SALT_SIZE];
    size_t size = argon2_encodedlen(TIME_COST, MEMORY_KIB, LANES, SALT_SIZE, HASH_SIZE, Argon2_id);
    char *text = arena_alloc(cx->arena, size);
    cx->random->fill(cx->random, salt, sizeof salt);
    int rc = argon2id_hash_encoded(TIME_COST, MEMORY_KIB, LANES, password.p, password.n, salt,
                                   sizeof salt, HASH_SIZE, text, size);
    if (rc != ARGON2_OK) {
        return fail(cx, rc == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_UNAVAILABLE : ERR_INTERNAL,
                    "argon2id: %s", argon2_error_message(rc));
    }
    *ret_hash = str_from(text);
    return OK;
}

/* The number after "m=", "t=" or "p=" in the text's parameters; 0 if it is not there. */
static int64_t parameter(struct str text, const char *name) {
    struct str parameters = str_sub(text, sizeof PREFIX - 1, text.n), part;
    parameters = str_sub(parameters, 0, str_find_char(parameters, '$'));
    while (str_next(&parameters, ',', &part)) {
        int64_t n;
        if (str_starts(part, name) && str_int(str_sub(part, 2, part.n), &n)) {
            return n;
        }
    }
    return 0;
}

static bool is_stale(struct str text) {
    return parameter(text, "m=") < MEMORY_KIB || parameter(text, "t=") < TIME_COST ||
           parameter(text, "p=") < LANES;
}

bool password_matches(struct str password, struct str hash, bool *ret_stale) {
    char text[TEXT_MAX + 1];
    if (hash.n > TEXT_MAX || !str_starts(hash, PREFIX) || memchr(hash.p, '\0', hash.n) != NULL) {
        return false;
    }
    memcpy(text, hash.p, hash.n);
    text[hash.n] = '\0';
    /* Compares in constant time. */
    if (argon2id_verify(text, password.p, password.n) != ARGON2_OK) {
        return false;
    }
    *ret_stale = is_stale(hash);
    return true;
}

struct str password_dummy(void) {
    /* A tag of zeros: to find its preimage is to break argon2. */
    return STR("$argon2id$v=19$m=19456,t=2,p=1$cG9zdGVybiBub2JvZHkhIQ$"
               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}
