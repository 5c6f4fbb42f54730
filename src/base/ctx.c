/* SPDX-License-Identifier: Apache-2.0 */
/* One request's context and the one failure it may end with. */
#include "base.h"

#include <stdio.h>
#include <string.h>

void ctx_init(struct ctx *cx, struct arena *arena, const struct clock *clock,
              const struct random *random, struct log *log) {
    memset(cx, 0, sizeof *cx);
    cx->arena = arena;
    cx->clock = clock;
    cx->random = random;
    cx->log = log;
    cx->now_ms = clock->now_ms(clock);
    cx->now = cx->now_ms / 1000;
}

err failure_set(struct ctx *cx, err code, bool say, const char *file, int line, const char *format,
                ...) {
    struct failure *f = &cx->failure;
    f->code = code;
    f->file = file;
    f->line = line;
    f->say = say;
    /* The arguments may point into the present detail (a failure that wraps another one). */
    char detail[FAILURE_DETAIL_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    memcpy(f->detail, detail, sizeof detail);
    return code;
}

const char *failure_text(const struct ctx *cx) {
    const struct err_info *info = err_info(cx->failure.code);
    return cx->failure.say && info->hint ? cx->failure.detail : info->text;
}
