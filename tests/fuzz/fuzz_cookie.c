/* SPDX-License-Identifier: Apache-2.0 */
/* The Cookie header. */
#include "http.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    struct params cookies;
    if (cookie_parse(&t.cx, t.input, &cookies) == OK) {
        HOLDS(cookies.n <= HTTP_COOKIES_MAX);
        for (size_t i = 0; i < cookies.n; i++) {
            HOLDS(cookies.v[i].name.n + cookies.v[i].value.n <= size);
        }
    }
    target_done(&t);
    return 0;
}
