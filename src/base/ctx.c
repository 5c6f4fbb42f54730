/* SPDX-License-Identifier: Apache-2.0 */
/* One request: its time, its failure. */
#include "base.h"

#include <stdio.h>
#include <string.h>

void ctx_init(struct ctx *cx, struct arena *arena, const struct clock *clock,
              const struct random *random, struct log *log) {
    *cx = (struct ctx){.arena = arena, .clock = clock, .random = random, .log = log};
    cx->now_ms = clock->now_ms(clock);
    cx->now = cx->now_ms / 1000;
}

err failure_set(struct ctx *cx, err code, bool say, const char *file, int line, const char *format,
                ...) {
    struct failure *f = &cx->failure;
    f->code = code;
    f->say = say;
    f->file = file;
    f->line = line;
    va_list args;
    va_start(args, format);
    vsnprintf(f->detail, sizeof(f->detail), format, args);
    va_end(args);
    return code;
}

const char *failure_text(const struct ctx *cx) {
    const struct err_info *info = err_info(cx->failure.code);
    return cx->failure.say && info->hint ? cx->failure.detail : info->text;
}
