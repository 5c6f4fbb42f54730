/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal gets: styles, and control characters made visible, so that no answer of a server
 * moves the cursor, hides text or writes what looks like ours. */
#include "cli.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_USUAL 80
#define COLUMNS_LEAST 60 /* of a narrower one every line would be a word */

static bool is_hostile(uint32_t c) {
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    bool line = c == 0x2028 || c == 0x2029;
    bool direction = c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                     (c >= 0x2066 && c <= 0x2069);
    return control || line || direction;
}

static size_t escape(uint32_t code, const char *form, char to[VISIBLE_MAX]) {
    return (size_t)snprintf(to, VISIBLE_MAX, form, (unsigned)code);
}

size_t visible_one(struct str text, bool json, char to[VISIBLE_MAX], size_t *ret_n) {
    uint32_t code = 0;
    size_t taken = str_code_point(text, &code);
    unsigned char byte = (unsigned char)text.p[0];
    if (taken == 0) {
        *ret_n = escape(byte, json ? "\\u%04x" : "\\x%02x", to);
        return 1;
    }
    if (!is_hostile(code)) {
        memcpy(to, text.p, taken);
        *ret_n = taken;
        return taken;
    }
    if (code == '\n' || code == '\t' || code == '\r') {
        to[0] = '\\';
        to[1] = code == '\n' ? 'n' : code == '\t' ? 't' : 'r';
        *ret_n = 2;
        return taken;
    }
    *ret_n = escape(code, json || code > 0xff ? "\\u%04x" : "\\x%02x", to);
    return taken;
}

struct str visible(struct arena *a, struct str text) {
    struct buf b = buf_in(a, text.n + 1);
    char one[VISIBLE_MAX];
    size_t n;
    while (text.n > 0) {
        text = str_sub(text, visible_one(text, false, one, &n), text.n);
        buf_add(&b, one, n);
    }
    return buf_view(&b);
}

const char *style_on(const struct cli *c, enum style style) {
    static const char *const codes[] = {
        [STYLE_PLAIN] = "",        [STYLE_BOLD] = "\x1b[1m", [STYLE_DIM] = "\x1b[2m",
        [STYLE_GOOD] = "\x1b[32m", [STYLE_BAD] = "\x1b[31m", [STYLE_WARN] = "\x1b[33m",
        [STYLE_NAME] = "\x1b[34m",
    };
    return c->color ? codes[style] : "";
}

const char *style_off(const struct cli *c, enum style style) {
    return c->color && style != STYLE_PLAIN ? "\x1b[0m" : "";
}

const char *cli_styled(const struct cli *c, enum style style, struct str text) {
    struct arena *a = c->cx->arena;
    struct str shown = visible(a, text);
    return str_z(
        a, str_format(a, "%s%.*s%s", style_on(c, style), STR_ARG(shown), style_off(c, style)));
}

static int columns_of(const struct cli *c) {
    struct winsize size = {0};
    int fd = fileno(c->out);
    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return COLUMNS_USUAL;
    }
    return size.ws_col < COLUMNS_LEAST ? COLUMNS_LEAST : size.ws_col;
}

/* Bytes that begin a character. */
static int width_of(struct str text) {
    int n = 0;
    for (size_t i = 0; i < text.n; i++) {
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    }
    return n;
}

void cli_wrapped(const struct cli *c, enum style style, int indent, struct str text) {
    struct str rest = visible(c->cx->arena, text), word;
    int columns = columns_of(c), at = indent;
    (void)fputs(style_on(c, style), c->out);
    while (str_next(&rest, ' ', &word)) {
        int width = width_of(word);
        if (at > indent && at + 1 + width > columns) {
            (void)fprintf(c->out, "\n%*s", indent, "");
            at = indent;
        }
        (void)fprintf(c->out, "%s%.*s", at > indent ? " " : "", STR_ARG(word));
        at += width + (at > indent ? 1 : 0);
    }
    (void)fprintf(c->out, "%s\n", style_off(c, style));
}
