/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of settings, discovery documents and answers: first line base, the rest a reference. */
#include "client.h"
#include "target.h"

static void base_holds(struct target *t, struct str base) {
    struct str origin, again;
    struct url url;
    if (!url_origin(t->arena, base, &origin)) {
        HOLDS(!url_parse(base, &url) && !url_is_safe(base));
        return;
    }
    HOLDS(url_parse(base, &url) && url.port >= 1 && url.port <= 65535);
    HOLDS(url.origin.n + url.rest.n == base.n);
    HOLDS(url_origin(t->arena, origin, &again) && str_eq(origin, again));
    HOLDS(url_is_safe(base) == url_is_safe(origin));
    HOLDS(str_find_char(origin, '@') == origin.n && str_find_char(origin, '\\') == origin.n);
    HOLDS(str_find_char(url_shown(base), '?') == url_shown(base).n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    struct str base, resolved, origin;
    target_init(&t, data, size);
    struct str rest = t.input;
    if (str_next(&rest, '\n', &base)) {
        base_holds(&t, base);
        if (rest.p != NULL && url_resolve(t.arena, base, rest, &resolved)) {
            HOLDS(url_origin(t.arena, resolved, &origin));
            HOLDS(str_find_char(resolved, '#') == resolved.n);
        }
    }
    target_done(&t);
    return 0;
}
