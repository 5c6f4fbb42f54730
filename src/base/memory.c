/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when memory is exhausted: the process ends, unless the thread has a guard. */
#include <stdio.h>
#include <stdlib.h>

#include "base.h"

/* Of the thread: tools/check globals lists it, with its reason. */
static _Thread_local struct memory_guard *innermost;

void memory_guard_enter(struct memory_guard *g) {
    g->outer = innermost;
    innermost = g;
}

void memory_guard_leave(const struct memory_guard *g) {
    innermost = g->outer;
}

void memory_exhausted(size_t wanted) {
    if (innermost != NULL) {
        longjmp(innermost->out, 1);
    }
    (void)fprintf(stderr, "postern: out of memory (%zu bytes wanted)\n", wanted);
    abort();
}
