/* SPDX-License-Identifier: Apache-2.0 */
/* A token as it comes in. An input that begins with '!' is the payload of a token with a right MAC,
 * so that what lies behind the MAC is reached too. */
#include "oauth.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    unsigned char secret[REFRESH_KEY_SIZE] = "0123456789abcdef0123456789abcde";
    struct clock clock = clock_fixed(INT64_C(1800000000000));
    struct log log = {.fd = -1, .level = LOG_ERROR, .clock = &clock};
    struct arena *arena = arena_new();
    struct ctx cx;
    ctx_init(&cx, arena, &clock, &random_system, &log);
    struct keyring keys = {.refresh_key = {secret, sizeof(secret)}};
    struct environment e = {.issuer = STR("https://cxone.example.com"), .keys = &keys};
    struct str text = {(const char *)data, size};
    if (size > 0 && data[0] == '!') {
        const struct alg *alg = alg_find(STR("HS256"));
        struct str header = jws_header(arena, alg, STR("JWT"), STR_NONE);
        if (jws_sign_mac(&cx, header, str_sub(text, 1, size), alg, keys.refresh_key, &text) != OK) {
            abort();
        }
    }
    struct token token;
    if (token_read(&cx, &e, text, &token) == OK) {
        /* Only a MACed token can be right here, and a right one is complete. */
        bool refreshes = token.kind == TOKEN_REFRESH;
        if ((!refreshes && token.kind != TOKEN_GENERATED) || str_empty(token.tenant_id) ||
            (refreshes &&
             (str_empty(token.client_id) || str_empty(token.session_id) || token.digest.n == 0))) {
            abort();
        }
    }
    arena_free(arena);
    return 0;
}
