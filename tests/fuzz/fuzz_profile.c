/* SPDX-License-Identifier: Apache-2.0 */
/* A profile: any bytes are settings, or a message that names the line and none of its values. */
#include "client_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct client_target t;
    client_target_init(&t, data, size);
    struct settings s = {0};
    err e = settings_profile(t.k, &s, t.base.input, STR("p.profile"), STR("p"));
    HOLDS(e == OK || t.k->cx.failure.detail[0] != '\0');
    for (size_t i = 0; i < SETTINGS_N; i++) {
        HOLDS(s.value[i] == NULL || str_is_text(str_from(s.value[i])));
    }
    settings_done(&s);
    client_target_done(&t);
    return 0;
}
