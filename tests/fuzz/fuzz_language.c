/* SPDX-License-Identifier: Apache-2.0 */
/* Which language a page is in: ui_locales in the first line, Accept-Language in the rest. */
#include "target.h"
#include "web_internal.h"

#include <string.h>

static bool is_ours(const struct language *found) {
    for (const struct language *l = languages; l->tag != NULL; l++) {
        if (l == found) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    target_init(&t, data, size);
    struct str rest = t.input, ui_locales = STR_NONE;
    (void)str_next(&rest, '\n', &ui_locales);
    const struct language *found = language_choose(ui_locales, rest);
    HOLDS(is_ours(found));
    /* Nobody gets what was not asked for, and case says nothing. */
    struct str lower = str_lower(t.cx.arena, t.input);
    HOLDS(found == &languages[0] ||
          (lower.p != NULL && memmem(lower.p, lower.n, found->tag, strlen(found->tag)) != NULL));
    HOLDS(found == language_choose(str_lower(t.cx.arena, ui_locales), str_lower(t.cx.arena, rest)));
    target_done(&t);
    return 0;
}
