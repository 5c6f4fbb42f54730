/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of bytes between two threads, of a fixed size: whoever is faster waits for the other. */
#include <stdlib.h>
#include <string.h>

#include "proxy.h"

static size_t less(size_t a, size_t b) {
    return a < b ? a : b;
}

bool pipe_put(struct pipe *pipe, const void *bytes, size_t n, size_t *ret_taken) {
    if (pipe->p == NULL) {
        pipe->p = malloc(PIPE_SIZE);
        if (pipe->p == NULL) {
            return false;
        }
    }
    const char *from = bytes;
    n = less(n, PIPE_SIZE - pipe->n);
    size_t end = (pipe->at + pipe->n) % PIPE_SIZE;
    size_t first = less(n, PIPE_SIZE - end);
    memcpy(pipe->p + end, from, first);
    memcpy(pipe->p, from + first, n - first);
    pipe->n += n;
    *ret_taken = n;
    return true;
}

size_t pipe_take(struct pipe *pipe, void *to, size_t n) {
    n = less(n, pipe->n);
    if (n == 0) {
        return 0;
    }
    size_t first = less(n, PIPE_SIZE - pipe->at);
    memcpy(to, pipe->p + pipe->at, first);
    memcpy((char *)to + first, pipe->p, n - first);
    pipe->at = (pipe->at + n) % PIPE_SIZE;
    pipe->n -= n;
    return n;
}

bool pipe_is_full(const struct pipe *pipe) {
    return pipe->n == PIPE_SIZE;
}

void pipe_done(struct pipe *pipe) {
    free(pipe->p);
    *pipe = (struct pipe){.ended = true};
}
