/* SPDX-License-Identifier: Apache-2.0 */
/* A client's assertion before it is verified: everything of it is the sender's. */
#include "oauth_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct clock clock = clock_fixed(INT64_C(1800000000000));
    struct log log = {.fd = -1, .level = LOG_ERROR, .clock = &clock};
    struct arena *arena = arena_new();
    struct ctx cx;
    ctx_init(&cx, arena, &clock, &random_system, &log);
    const struct jws *jws;
    struct str subject;
    struct str type = STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    err e =
        client_assertion_parse(&cx, (struct str){(const char *)data, size}, type, &jws, &subject);
    if (e == OK ? jws->alg == NULL || str_empty(subject) : e != ERR_INVALID_CLIENT) {
        abort();
    }
    arena_free(arena);
    return 0;
}
