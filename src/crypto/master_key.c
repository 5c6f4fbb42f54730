/* SPDX-License-Identifier: Apache-2.0 */
/* The key that is not in the database: from the environment, from a file, or made at the first
 * start. */
#include "crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_TEXT BASE64URL_SIZE(SEAL_KEY_SIZE)

static void file_close(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
}

/* SECURITY defaults: what somebody may have copied from an example, all bytes equal or counting up.
 */
static bool is_example(const struct secret *key) {
    bool equal = true, counting = true;
    for (size_t i = 1; i < key->n; i++) {
        equal = equal && key->p[i] == key->p[0];
        counting = counting && key->p[i] == (unsigned char)(key->p[i - 1] + 1);
    }
    return equal || counting;
}

/* `from` says in the failure where the text was. */
static err key_parse(struct ctx *cx, struct str text, const char *from, struct seal_key *ret_key) {
    struct str bytes;
    if (text.n != KEY_TEXT || !base64url_parse(cx->arena, text, &bytes)) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s: a master key is %d characters of base64url", from,
                        (int)KEY_TEXT);
    }
    struct secret key = secret_in(cx->arena, bytes.p, bytes.n);
    bool example = is_example(&key);
    memcpy(ret_key->bytes, key.p, sizeof ret_key->bytes);
    secret_wipe((void *)(uintptr_t)bytes.p, bytes.n);
    return example ? fail_say(cx, ERR_BAD_CONFIG,
                              "%s: this key is an example. Make one with: openssl rand 32 | "
                              "basenc --base64url | tr -d '='",
                              from)
                   : OK;
}

/* ERR_NOT_FOUND if there is no such file. */
static err key_file_read(struct ctx *cx, const char *file, struct seal_key *ret_key) {
    CLEANUP(file_close) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail_say(cx, errno == ENOENT ? ERR_NOT_FOUND : ERR_BAD_CONFIG, "%s: %s", file,
                        strerror(errno));
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s: not a regular file", file);
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s: others may read it (mode %04o); chmod 600", file,
                        (unsigned)(st.st_mode & 07777));
    }
    char text[KEY_TEXT + 16];
    ssize_t n = read(fd, text, sizeof text);
    if (n < 0) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s: %s", file, strerror(errno));
    }
    err e = key_parse(cx, str_trim((struct str){text, (size_t)n}), file, ret_key);
    secret_wipe(text, sizeof text);
    return e;
}

static err directory_sync(struct ctx *cx, const char *file) {
    char *directory = str_z(cx->arena, str_from(file));
    char *slash = strrchr(directory, '/');
    if (slash != NULL) {
        slash[slash == directory ? 1 : 0] = '\0';
    }
    CLEANUP(file_close)
    int fd = open(slash != NULL ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s: %s", directory, strerror(errno));
    }
    return OK;
}

/* Writes a new key under a temporary name. */
static err file_write(struct ctx *cx, char *temporary) {
    CLEANUP(file_close) int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s: %s", temporary, strerror(errno));
    }
    unsigned char key[SEAL_KEY_SIZE];
    cx->random->fill(cx->random, key, sizeof key);
    char text[KEY_TEXT + 1];
    base64url_write(text, key, sizeof key);
    text[KEY_TEXT] = '\n';
    bool written = write(fd, text, sizeof text) == (ssize_t)sizeof text && fsync(fd) == 0;
    int reason = errno;
    secret_wipe(key, sizeof key);
    secret_wipe(text, sizeof text);
    if (!written) {
        unlink(temporary);
        return fail_say(cx, ERR_BAD_CONFIG, "%s: %s", temporary, strerror(reason));
    }
    return OK;
}

/* link() and not rename(): of two first starts at once one wins, and both use its key. */
static err file_create(struct ctx *cx, const char *file) {
    char *temporary = str_z(cx->arena, str_format(cx->arena, "%s.XXXXXX", file));
    TRY(file_write(cx, temporary));
    int linked = link(temporary, file), reason = errno;
    unlink(temporary);
    if (linked != 0 && reason != EEXIST) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s: %s", file, strerror(reason));
    }
    return directory_sync(cx, file);
}

err master_key_load(struct ctx *cx, struct str env, const char *file, bool may_create,
                    struct seal_key *ret_key) {
    struct seal_key key;
    if (env.p != NULL) {
        TRY(key_parse(cx, env, "POSTERN_MASTER_KEY", &key));
    } else {
        err e = key_file_read(cx, file, &key);
        if (e == ERR_NOT_FOUND && may_create) {
            TRY(file_create(cx, file));
            e = key_file_read(cx, file, &key);
        }
        if (e == ERR_NOT_FOUND) {
            return fail_say(cx, ERR_BAD_CONFIG,
                            "%s: there is no master key. The database needs the one that it was "
                            "made with: put that file back, or set POSTERN_MASTER_KEY",
                            file);
        }
        TRY(e);
    }
    *ret_key = key;
    secret_wipe(&key, sizeof key);
    return OK;
}
