/* SPDX-License-Identifier: Apache-2.0 */
/* The header of an image that a declaration brings. */
#include "model.h"
#include "target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target t;
    struct image image, again;
    target_init(&t, data, size);
    if (image_read(t.input, &image)) {
        HOLDS(image.width > 0 && image.height > 0);
        HOLDS(str_starts(image.type, "image/"));
        /* Nothing that a browser takes for text. */
        HOLDS(t.input.n > 0 && memchr("\x89\xffR", t.input.p[0], 3) != NULL);
        /* More bytes after it change nothing. */
        struct buf b = buf_in(t.cx.arena, t.input.n + 1);
        buf_str(&b, t.input);
        buf_char(&b, 'x');
        struct str longer = buf_view(&b);
        HOLDS(image_read(longer, &again) && again.width == image.width);
    }
    target_done(&t);
    return 0;
}
