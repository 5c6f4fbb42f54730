/* SPDX-License-Identifier: Apache-2.0 */
/* The cache file: any bytes are a state or none; a state that is written is read again as itself.
 */
#include "client_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct client_target t;
    client_target_init(&t, data, size);
    struct state *first, *second;
    struct str mark, again;
    if (state_parse(t.k, t.base.input, &first, &mark) == OK) {
        struct str text = state_write(t.base.arena, first, mark);
        HOLDS(state_parse(t.k, text, &second, &again) == OK);
        HOLDS(str_eq(first->access_token, second->access_token));
        HOLDS(str_eq(first->refresh_token, second->refresh_token));
        HOLDS(first->access_refused == second->access_refused);
        HOLDS(first->refresh_spent == second->refresh_spent);
        HOLDS(first->expires_at == second->expires_at);
        HOLDS(str_eq(first->jwks.text, second->jwks.text));
        HOLDS(str_eq(mark, again));
    }
    client_target_done(&t);
    return 0;
}
