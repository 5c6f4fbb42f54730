/* SPDX-License-Identifier: Apache-2.0 */
/* api --input: a file or a pipe as the request's body, never whole in memory. A short pipe is held,
 * so that it has a length and can be sent again. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd_api.h"

static ptrdiff_t body_read(void *user, void *to, size_t n) {
    struct api_body *b = user;
    if (b->at < b->held.n) {
        struct str piece = str_sub(b->held, b->at, n);
        memcpy(to, piece.p, piece.n);
        b->at += piece.n;
        return (ptrdiff_t)piece.n;
    }
    if (b->ended) {
        return 0;
    }
    ssize_t got = read(b->fd, to, n);
    b->error = got < 0 ? errno : 0;
    return got;
}

static int body_rewind(void *user) {
    struct api_body *b = user;
    b->at = 0;
    if (b->start >= 0) {
        return lseek(b->fd, b->start, SEEK_SET) == b->start ? 0 : -1;
    }
    return b->ended ? 0 : -1;
}

static void body_close(void *body) {
    const struct api_body *b = body;
    if (b->fd > STDERR_FILENO) {
        (void)close(b->fd);
    }
}

/* Reads a pipe until its end or until as much is held as may be. */
static bool hold(struct api_body *b) {
    struct buf held = buf_in(b->c->cx->arena, 65536);
    while (held.n < BODY_HELD) {
        ssize_t got = read(b->fd, buf_room(&held, 65536), 65536);
        if (got < 0) {
            b->error = errno;
            return false;
        }
        buf_used(&held, (size_t)got);
        b->ended = got == 0;
        if (b->ended) {
            break;
        }
    }
    b->held = buf_view(&held);
    return true;
}

int api_body_open(struct cli *c, const char *file, struct api_body *b, struct postern_request *rq) {
    bool standard = strcmp(file, "-") == 0;
    struct stat s;
    *b = (struct api_body){.c = c, .start = -1};
    b->fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (b->fd < 0 || fstat(b->fd, &s) != 0) {
        return cli_error(c, EXIT_OTHER, "%s cannot be read: %s", file, strerror(errno));
    }
    arena_defer(c->cx->arena, body_close, b);
    if (S_ISREG(s.st_mode)) {
        b->start = lseek(b->fd, 0, SEEK_CUR);
        rq->body_n = (size_t)(s.st_size > b->start ? s.st_size - b->start : 0);
    } else if (!hold(b)) {
        return cli_error(c, EXIT_OTHER, "%s cannot be read: %s", file, strerror(b->error));
    } else {
        rq->body_n = b->ended ? b->held.n : SIZE_MAX;
    }
    rq->read = body_read;
    rq->rewind = b->start >= 0 || b->ended ? body_rewind : NULL;
    rq->read_user = b;
    return EXIT_OK;
}
