/* SPDX-License-Identifier: Apache-2.0 */
/* The key behind every sealed value: from the environment or from a file of mode 0600, never from
 * the database. */
#include "crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_TEXT 43 /* base64url of SEAL_KEY_SIZE bytes */

static void fd_close(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
}

/* SECURITY `defaults`: keys that somebody may have copied from an example. */
static bool is_example(const unsigned char *p, size_t n) {
    bool same = true, counting = true;
    for (size_t i = 1; i < n; i++) {
        same = same && p[i] == p[0];
        counting = counting && p[i] == (unsigned char)(p[i - 1] + 1);
    }
    return same || counting;
}

static err key_parse(struct ctx *cx, struct str text, const char *from, struct seal_key *ret_key) {
    struct str bytes;
    if (!base64url_parse(cx->arena, str_trim(text), &bytes) || bytes.n != SEAL_KEY_SIZE) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "The master key in %s is malformed: it must be %d characters of base64url "
                        "(32 random bytes).",
                        from, KEY_TEXT);
    }
    if (is_example((const unsigned char *)bytes.p, bytes.n)) {
        return fail_say(
            cx, ERR_BAD_CONFIG,
            "The master key in %s is an example, not a secret. Make one with: openssl rand 32 "
            "| basenc --base64url | tr -d '='",
            from);
    }
    memcpy(ret_key->bytes, bytes.p, SEAL_KEY_SIZE);
    secret_wipe((void *)bytes.p, bytes.n);
    return OK;
}

static err key_read(struct ctx *cx, const char *file, struct seal_key *ret_key) {
    int fd CLEANUP(fd_close) = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return fail_say(cx, ERR_BAD_CONFIG, "The master key file %s cannot be read: %s.", file,
                        strerror(errno));
    }
    if ((st.st_mode & 077) != 0) {
        return fail_say(
            cx, ERR_BAD_CONFIG,
            "The master key file %s can be read by others (mode %03o): chmod 600 it, and "
            "think about who has seen it.",
            file, (unsigned)(st.st_mode & 0777));
    }
    char text[128];
    ssize_t n = read(fd, text, sizeof(text));
    err e = key_parse(cx, (struct str){text, n > 0 ? (size_t)n : 0}, file, ret_key);
    secret_wipe(text, sizeof(text));
    return e;
}

static bool write_and_link(int fd, const char *temporary, const char *file, struct str text) {
    return write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0 &&
           link(temporary, file) == 0;
}

/* The directory entry itself must reach the disk before a key sealed under it does. */
static bool directory_sync(struct ctx *cx, const char *file) {
    const char *slash = strrchr(file, '/');
    const char *folder =
        slash == NULL ? "." : str_z(cx->arena, (struct str){file, (size_t)(slash - file) + 1});
    int fd CLEANUP(fd_close) = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

static err key_create(struct ctx *cx, const char *file) {
    unsigned char bytes[SEAL_KEY_SIZE];
    cx->random->fill(cx->random, bytes, sizeof(bytes));
    struct str text = base64url(cx->arena, bytes, sizeof(bytes));
    secret_wipe(bytes, sizeof(bytes));
    const char *temporary = str_format(cx->arena, "%s.%ld.new", file, (long)getpid()).p;
    int fd CLEANUP(fd_close) =
        open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool done = fd >= 0 && write_and_link(fd, temporary, file, text);
    int reason = errno;
    secret_wipe((void *)text.p, text.n);
    if (fd >= 0) {
        unlink(temporary);
    }
    if (!done && reason != EEXIST) { /* EEXIST: another process made it first; its key counts */
        return fail_say(cx, ERR_BAD_CONFIG, "The master key file %s cannot be written: %s.", file,
                        strerror(reason));
    }
    if (!directory_sync(cx, file)) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "The folder of the master key file %s cannot be synced: %s.", file,
                        strerror(errno));
    }
    return OK;
}

err master_key_load(struct ctx *cx, struct str env, const char *file, bool may_create,
                    struct seal_key *ret_key) {
    if (env.p != NULL) {
        return key_parse(cx, env, "POSTERN_MASTER_KEY", ret_key);
    }
    if (access(file, F_OK) != 0 && errno == ENOENT) {
        if (!may_create) {
            return fail_say(
                cx, ERR_BAD_CONFIG,
                "There is no master key: %s does not exist and POSTERN_MASTER_KEY is not set.",
                file);
        }
        TRY(key_create(cx, file));
    }
    return key_read(cx, file, ret_key);
}
