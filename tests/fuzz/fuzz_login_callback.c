/* SPDX-License-Identifier: Apache-2.0 */
/* What comes to the loopback address while somebody signs in: the request, and the query in it. */
#include "client.h"
#include "login.h"
#include "target.h"

static void callback(struct target *t, struct str text) {
    struct login_callback c;
    if (login_callback_parse(t->arena, text, &c)) {
        HOLDS(text.n <= URL_MAX);
        HOLDS(!str_empty(c.state) && str_empty(c.code) != str_empty(c.error));
        HOLDS(str_is_text(c.state) && str_is_text(c.code) && str_is_text(c.error));
        HOLDS(str_is_text(c.iss) && str_is_text(c.error_description));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    struct str query;
    target_init(&t, data, size);
    callback(&t, t.input);
    if (login_request_query(t.input, STR("127.0.0.1:1"), &query)) {
        HOLDS(query.p > t.input.p && query.p + query.n < t.input.p + t.input.n);
        HOLDS(str_find_char(query, ' ') == query.n && str_find_char(query, '\n') == query.n);
        callback(&t, query);
    }
    target_done(&t);
    return 0;
}
