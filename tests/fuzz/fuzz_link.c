/* SPDX-License-Identifier: Apache-2.0 */
/* The Link header. */
#include "client.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    struct str next;
    target_init(&t, data, size);
    if (link_next(t.input, &next)) {
        HOLDS(next.n > 0 && next.p > t.input.p && next.p + next.n < t.input.p + t.input.n);
        HOLDS(str_find_char(next, '>') == next.n);
    }
    target_done(&t);
    return 0;
}
