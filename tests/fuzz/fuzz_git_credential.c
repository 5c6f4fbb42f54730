/* SPDX-License-Identifier: Apache-2.0 */
/* What git writes to its credential helper: any bytes are refused or give a protocol and host that
 * stand in them, and a host that is not ours is never taken for ours. */
#include "cli.h"
#include "target.h"

#include <string.h>

static bool is_of(struct str whole, struct str part) {
    return part.p == NULL || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    struct git_credential g;
    const struct str ours[] = {{"https://api.example:8443/x", 26}, {"https://api.example", 19}};
    target_init(&t, data, size);
    if (git_credential_parse(t.input, &g)) {
        bool within = is_of(t.input, g.protocol) && is_of(t.input, g.host) &&
                      is_of(t.input, g.username) && is_of(t.input, g.password);
        bool clean =
            str_find_char(g.host, '\n') == g.host.n && str_find_char(g.host, '\r') == g.host.n;
        bool taken = git_credential_is_for(&g, ours, COUNT_OF(ours));
        if (!within || !clean || g.host.n == 0 ||
            (taken && (!str_is(g.protocol, "https") || g.host.n < strlen("api.example")))) {
            abort();
        }
    }
    target_done(&t);
    return 0;
}
