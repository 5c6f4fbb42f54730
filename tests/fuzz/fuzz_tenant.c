/* SPDX-License-Identifier: Apache-2.0 */
/* The tenant's document: whatever it says, addresses come out only where a token may go. */
#include "client_target.h"

#define OPENID                                                                                     \
    "{\"issuer\":\"" CLIENT_TARGET_ISSUER "\",\"token_endpoint\":\"" CLIENT_TARGET_ISSUER "/t\"}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct client_target t;
    client_target_init(&t, data, size);
    int64_t now = t.k->cx.now;
    struct state *s = state_new(t.k);
    s->openid_configuration = (struct document){STR(OPENID), STR_NONE, now, now + 60};
    s->cxone_configuration = (struct document){t.base.input, STR_NONE, now, now + 60};
    state_publish(t.k, s);
    struct tenant tenant;
    if (t.base.input.n > 0 && tenant_get(t.k, POSTERN_CACHED, &tenant) == OK) {
        struct str origin;
        HOLDS(url_is_safe(tenant.api_endpoint));
        HOLDS(url_is_safe(tenant.auth_endpoint));
        HOLDS(url_origin(t.base.arena, tenant.api_endpoint, &origin));
    }
    client_target_done(&t);
    return 0;
}
