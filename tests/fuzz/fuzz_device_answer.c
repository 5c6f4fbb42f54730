/* SPDX-License-Identifier: Apache-2.0 */
/* The device authorization endpoint's answer (RFC 8628 3.2): codes and addresses that a terminal
 * may show and times that make sense, or an error. */
#include "client_target.h"

static bool is_shown(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text >= 0x7f) {
            return false;
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct client_target t;
    client_target_init(&t, data, size);
    struct postern_device d = {.arena = t.base.arena};
    if (device_answer_read(t.k, t.base.input, &d) == OK) {
        HOLDS(d.code.n > 0 && is_shown(d.user_code) && is_shown(d.uri));
        HOLDS(d.uri_complete == NULL || url_is_safe(str_from(d.uri_complete)));
        HOLDS(url_is_safe(str_from(d.uri)));
        HOLDS(d.interval_ms >= 1000 && d.next_us > 0 && d.expires_us > 0);
    }
    client_target_done(&t);
    return 0;
}
