/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read within a bound, replaced at once; and the lines of a file of settings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base.h"

static void close_fd(int *fd) {
    if (*fd > STDERR_FILENO) {
        (void)close(*fd);
    }
}

/* Closed with the arena, should memory be exhausted in between. */
static void close_deferred(void *fd) {
    close_fd(fd);
    *(int *)fd = -1;
}

static err fd_read(struct ctx *cx, int fd, const char *path, size_t max, struct buf *b) {
    for (;;) {
        ssize_t got = read(fd, buf_room(b, 4096), 4096);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail_say(cx, ERR_BAD_CONFIG, "%s cannot be read: %s", path, strerror(errno));
        }
        if (got == 0) {
            return OK;
        }
        buf_used(b, (size_t)got);
        if (b->n > max) {
            errno = 0;
            return fail_say(cx, ERR_BAD_CONFIG, "%s is longer than %zu bytes.", path, max);
        }
    }
}

err file_read(struct ctx *cx, const char *path, size_t max, struct str *ret_text) {
    bool standard = str_is(str_from(path), "-");
    struct buf b = buf_in(cx->arena, 4096);
    int *fd = NEW(cx->arena, int);
    arena_defer(cx->arena, close_deferred, fd);
    *fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s cannot be read: %s", path, strerror(errno));
    }
    err e = fd_read(cx, *fd, path, max, &b);
    int reason = errno;
    close_deferred(fd);
    errno = reason;
    if (e == OK) {
        *ret_text = buf_view(&b);
    }
    return e;
}

static bool write_all(int fd, struct str text) {
    while (text.n > 0) {
        ssize_t n = write(fd, text.p, text.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        text = str_sub(text, (size_t)n, text.n);
    }
    return true;
}

/* The rename is durable when its directory is. */
static void directory_sync(const char *directory) {
    CLEANUP(close_fd) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
    }
}

static const char *directory_of(struct ctx *cx, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ".";
    }
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    return str_z(cx->arena, (struct str){path, n});
}

err file_replace(struct ctx *cx, const char *path, struct str text) {
    const char *directory = directory_of(cx, path);
    /* One name for each file: whoever replaces it holds its lock, and what a killed one left is
     * overwritten by the next. */
    const char *temporary = str_z(cx->arena, str_format(cx->arena, "%s.new", path));
    (void)unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail_say(cx, ERR_STORAGE, "%s cannot be written: %s", path, strerror(errno));
    }
    bool good = write_all(fd, text) && fsync(fd) == 0;
    int reason = errno;
    if (close(fd) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && rename(temporary, path) != 0) {
        good = false;
        reason = errno;
    }
    if (!good) {
        (void)unlink(temporary);
        return fail_say(cx, ERR_STORAGE, "%s cannot be written: %s", path, strerror(reason));
    }
    directory_sync(directory);
    return OK;
}

static struct str unquoted(struct str v) {
    bool quoted = v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"';
    return quoted ? str_sub(v, 1, v.n - 2) : v;
}

bool setting_line_next(struct str *text, struct setting_line *line) {
    struct str next;
    while (str_next(text, '\n', &next)) {
        line->number++;
        next = str_trim(next);
        if (next.n == 0 || next.p[0] == '#') {
            continue;
        }
        size_t at = str_find_char(next, '=');
        line->text = next;
        line->name = str_trim(str_sub(next, 0, at));
        line->malformed = at == next.n || line->name.n == 0;
        line->value =
            line->malformed ? STR_NONE : unquoted(str_trim(str_sub(next, at + 1, next.n)));
        return true;
    }
    return false;
}
