/* SPDX-License-Identifier: Apache-2.0 */
/* Date and Retry-After. */
#include "client.h"
#include "target.h"

#define YEAR_1     INT64_C(-62135596800)
#define YEAR_10000 INT64_C(253402300801)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    int64_t at;
    target_init(&t, data, size);
    if (http_date_parse(t.input, t.cx.now, &at)) {
        HOLDS(at >= YEAR_1 && at < YEAR_10000);
    }
    int64_t wait = retry_after_parse(t.input, t.cx.now);
    HOLDS(wait >= -1 && wait <= INT64_C(366) * 86400 * 1000);
    target_done(&t);
    return 0;
}
