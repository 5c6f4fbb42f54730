/* SPDX-License-Identifier: Apache-2.0 */
/* A QR code as one SVG path: black on white whatever the colours of the page, with the margin that
 * readers need. The only file that knows libqrencode. */
#include "web_internal.h"

#include <qrencode.h>

#define QUIET 4 /* modules around it: ISO/IEC 18004 */

static void code_free(QRcode **code) {
    if (*code != NULL) {
        secret_wipe((*code)->data, (size_t)(*code)->width * (size_t)(*code)->width);
        QRcode_free(*code);
    }
}

/* The dark runs of a line: "M4 5h3v1h-3z". */
static void line_write(struct buf *b, const unsigned char *modules, int width, int y) {
    for (int x = 0, end; x < width; x = end) {
        bool dark = (modules[x] & 1) != 0;
        for (end = x + 1; end < width && ((modules[end] & 1) != 0) == dark; end++) {
        }
        if (dark) {
            buf_format(b, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, end - x, end - x);
        }
    }
}

err qr_show(struct page *p, struct str text, enum text_key alternative) {
    struct html *h = &p->h;
    const char *bytes = str_z(p->cx->arena, text);
    QRcode *code CLEANUP(code_free) = QRcode_encodeString8bit(bytes, 0, QR_ECLEVEL_L);
    if (code == NULL) {
        return fail(p->cx, ERR_INTERNAL, "a QR code of %zu bytes cannot be made", text.n);
    }
    struct buf path = buf_in(p->cx->arena, 8192);
    for (int y = 0; y < code->width; y++) {
        line_write(&path, code->data + (size_t)y * (size_t)code->width, code->width, y);
    }
    int size = code->width + 2 * QUIET;
    HTML(h, "<svg class=\"qr\" role=\"img\" aria-labelledby=\"qr-title\" "
            "shape-rendering=\"crispEdges\"");
    HTML_ATTR(h, "viewBox", str_format(p->cx->arena, "0 0 %d %d", size, size));
    HTML(h, "><title id=\"qr-title\">");
    page_say(p, alternative, NULL);
    HTML(h,
         "</title><rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/><path fill=\"#000000\"");
    HTML_ATTR(h, "d", buf_view(&path));
    HTML(h, "/></svg>\n");
    return OK;
}
