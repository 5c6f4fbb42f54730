/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint's answer: a token that fits into a header and sensible times, or an error. An
 * id token is never believed here: nothing is known of its keys. */
#include "client_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct client_target t;
    client_target_init(&t, data, size);
    struct exchange x = {.status = 200, .answer = t.base.input, .sent_at = t.k->cx.now};
    struct state *s = state_new(t.k);
    json_t *root;
    bool has_id = json_parse(&t.k->cx, t.base.input, &root) == OK && json_is_object(root) &&
                  json_is_string(json_object_get(root, "id_token"));
    if (!has_id && token_answer(t.k, &x, grant_find(STR("client_credentials")), s) == OK) {
        HOLDS(s->access_token.n > 0);
        HOLDS(str_find_char(s->access_token, '\n') == s->access_token.n);
        HOLDS(s->renew_at >= s->obtained_at);
        HOLDS(s->expires_at == 0 || s->expires_at >= s->renew_at);
    }
    struct token_request r = {.auth_method = "none"};
    x.status = 400;
    HOLDS(token_refused(t.k, &x, &r) == ERR_CLIENT_AUTH);
    client_target_done(&t);
    return 0;
}
