/* SPDX-License-Identifier: Apache-2.0 */
/* The Authorization header, read as Basic and as Bearer. */
#include "http.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    struct param header = {STR("authorization"), t.input};
    struct request rq = {.headers = {&header, 1}};
    bool found;
    struct str user, password, token;
    if (request_basic(&t.cx, &rq, &found, &user, &password) == OK && found) {
        HOLDS(str_is_text(user) && str_is_text(password));
        HOLDS(str_find_char(user, ':') == user.n);
    }
    if (request_bearer(&t.cx, &rq, &token) == OK && token.p != NULL) {
        HOLDS(token.n > 0 && token.n < size);
    }
    target_done(&t);
    return 0;
}
