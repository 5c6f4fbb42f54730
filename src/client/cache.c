/* SPDX-License-Identifier: Apache-2.0 */
/* The cache file: what a client knows, for all processes of a user. Its name is made of everything
 * that decides which token comes out, so that no client meets another's (SECURITY cache-key). The
 * secrets are not part of the name; the file has a salted digest of them, and a file of other
 * secrets is not used. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"

#define CACHE_MAX ((size_t)4 << 20)
#define SALT_SIZE 12

static const struct directory_names cache_names = {"POSTERN_CACHE_DIR", "XDG_CACHE_HOME", ".cache"};

static struct str entry_name(struct call *k) {
    static const enum setting_id parts[] = {
        SET_ISSUER,           SET_BASE_URL,         SET_GRANT,
        SET_CLIENT_ID,        SET_AUTH_METHOD,      SET_PRIVATE_KEY_ID,
        SET_PRIVATE_KEY_FILE, SET_ACCESS_KEY_ID,    SET_SCOPE,
        SET_TENANT_ID,        SET_TOKEN_PARAMETERS, SET_API_ENDPOINT,
        SET_CA_FILE,
    };
    struct buf b = buf_in(k->cx.arena, 512);
    struct json_out j = json_to(&b);
    json_open_array(&j, NULL);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        json_put_str(&j, NULL, setting_str(k->p, parts[i]));
    }
    const struct grant *grant;
    if (grant_chosen(k, &grant) == OK && grant->person) {
        /* Who signed in is in no setting: a profile is an account. */
        json_put_z(&j, NULL, k->p->profile);
    }
    json_close_array(&j);
    unsigned char digest[SHA256_SIZE];
    sha256(b.p, b.n, digest);
    return hex(k->cx.arena, digest, 16);
}

err cache_locate(struct call *k, const char *given, bool environment) {
    struct str directory = directory_for(k, given, environment, &cache_names);
    if (directory.p == NULL) {
        return OK; /* no home: in memory only */
    }
    struct str name = entry_name(k);
    size_t n = directory.n + name.n + sizeof "/.json";
    char *file = malloc(n);
    if (file == NULL) {
        memory_exhausted(n);
    }
    struct str path = str_format(k->cx.arena, "%.*s/%.*s.json", STR_ARG(directory), STR_ARG(name));
    memcpy(file, path.p, path.n);
    file[path.n] = '\0';
    k->p->cache_file = file;
    return OK;
}

/* salt.digest of the secrets in use. */
static err secret_mark(struct call *k, struct str salt, struct str *ret_mark) {
    struct str client, key;
    TRY(setting_secret_quietly(k, SET_CLIENT_SECRET, SET_CLIENT_SECRET_FILE, &client));
    TRY(setting_secret_quietly(k, SET_ACCESS_KEY_SECRET, SET_ACCESS_KEY_SECRET_FILE, &key));
    struct str text =
        str_format(k->cx.arena, "%.*s\n%.*s\n%.*s", STR_ARG(salt), STR_ARG(client), STR_ARG(key));
    struct str digest = sha256_text(k->cx.arena, text);
    secret_wipe((char *)(uintptr_t)text.p, text.n);
    *ret_mark = str_format(k->cx.arena, "%.*s.%.*s", STR_ARG(salt), STR_ARG(digest));
    return OK;
}

static err mark_matches(struct call *k, struct str mark, bool *ret_matches) {
    struct str salt = str_sub(mark, 0, str_find_char(mark, '.')), now;
    TRY(secret_mark(k, salt, &now));
    *ret_matches = now.n == mark.n && secret_equal_bytes(now.p, mark.p, now.n);
    return OK;
}

static const char *cache_directory(struct call *k) {
    struct str file = str_from(k->p->cache_file);
    size_t n = file.n;
    while (n > 1 && file.p[n - 1] != '/') {
        n--;
    }
    return str_z(k->cx.arena, str_sub(file, 0, n - 1));
}

/* Who writes the directory can put a cache of his own there. */
static const char *directory_doubt(struct call *k, const char *directory) {
    struct stat st;
    if (stat(directory, &st) != 0) {
        return NULL; /* it is not there, or the file will say so */
    }
    if ((st.st_mode & 022) != 0 || (st.st_uid != geteuid() && st.st_uid != 0)) {
        return str_z(k->cx.arena, str_format(k->cx.arena,
                                             "others than you can write its directory; type: "
                                             "chmod 700 %s",
                                             directory));
    }
    return NULL;
}

/* One's own regular file that nobody else can read or write. */
static const char *file_doubt(const char *file) {
    struct stat st;
    if (lstat(file, &st) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? "" : strerror(errno);
    }
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        return "it is no regular file of yours";
    }
    if ((st.st_mode & 077) != 0) {
        return "others can read or write it";
    }
    return NULL;
}

static err not_used(struct call *k, const char *why) {
    if (!k->cache_doubted) {
        k->cache_doubted = true;
        call_warn(k, "What is cached in %s is not used: %s.", k->p->cache_file, why);
    }
    return OK;
}

err cache_read(struct call *k, struct state **ret_state) {
    const char *file = k->p->cache_file;
    *ret_state = NULL;
    if (file == NULL) {
        return OK;
    }
    const char *doubt = file_doubt(file);
    if (doubt == NULL) {
        doubt = directory_doubt(k, cache_directory(k));
    }
    if (doubt != NULL) {
        return *doubt == '\0' ? OK : not_used(k, doubt);
    }
    struct str text, mark;
    struct state *s;
    if (file_read(&k->cx, file, CACHE_MAX, &text) != OK) {
        return not_used(k, str_z(k->cx.arena, str_from(k->cx.failure.detail)));
    }
    if (state_parse(k, text, &s, &mark) != OK) {
        return not_used(k, "it is damaged or of another version");
    }
    bool matches;
    TRY(mark_matches(k, mark, &matches));
    if (!matches) {
        return not_used(k, "the secret has changed since");
    }
    *ret_state = s;
    return OK;
}

err cache_write(struct call *k, const struct state *s) {
    struct str mark;
    TRY(secret_mark(k, random_text(&k->cx, SALT_SIZE), &mark));
    struct str text = state_write(k->cx.arena, s, mark);
    err e = file_replace(&k->cx, k->p->cache_file, text);
    secret_wipe((char *)(uintptr_t)text.p, text.n);
    return e == OK ? OK : fail_say(&k->cx, ERR_CLIENT_FILE, "%s", k->cx.failure.detail);
}

static const char *lock_file(struct call *k) {
    return str_z(k->cx.arena, str_format(k->cx.arena, "%s.lock", k->p->cache_file));
}

err cache_lock_open(struct call *k, int *ret_fd) {
    const char *file = lock_file(k), *directory = cache_directory(k);
    struct str detail = STR_NONE;
    if (directory_make(k, directory) != OK) {
        detail = str_copy(k->cx.arena, str_from(k->cx.failure.detail));
    }
    const char *doubt = directory_doubt(k, directory);
    if (doubt != NULL) {
        return fail_say(&k->cx, ERR_CLIENT_FILE, "%s: %s", k->p->cache_file, doubt);
    }
    int fd = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return detail.p != NULL ? fail_say(&k->cx, ERR_CLIENT_FILE, "%.*s", STR_ARG(detail))
                                : fail_say(&k->cx, ERR_CLIENT_FILE, "%s cannot be opened: %s", file,
                                           strerror(errno));
    }
    *ret_fd = fd;
    return OK;
}

err cache_lock_take(struct call *k, int fd, bool *ret_taken) {
    *ret_taken = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (*ret_taken || errno == EWOULDBLOCK || errno == EINTR) {
        return OK;
    }
    return fail_say(&k->cx, ERR_CLIENT_FILE, "%s cannot be locked: %s", lock_file(k),
                    strerror(errno));
}

bool cache_changed(const struct call *k, struct cache_stamp *stamp) {
    struct stat st;
    struct cache_stamp now = {0};
    if (stat(k->p->cache_file, &st) == 0) {
        now = (struct cache_stamp){(int64_t)st.st_ino, (int64_t)st.st_mtim.tv_sec,
                                   (int64_t)st.st_mtim.tv_nsec};
    }
    bool changed = now.inode != stamp->inode || now.s != stamp->s || now.ns != stamp->ns;
    *stamp = now;
    return changed;
}

err cache_forget(struct call *k) {
    state_publish(k, NULL);
    const char *file = k->p->cache_file;
    if (file != NULL) { /* what a killed process left half written */
        (void)unlink(str_z(k->cx.arena, str_format(k->cx.arena, "%s.new", file)));
    }
    if (file != NULL && unlink(file) != 0 && errno != ENOENT && errno != ENOTDIR) {
        return fail_say(&k->cx, ERR_CLIENT_FILE, "%s cannot be removed: %s", file, strerror(errno));
    }
    return OK;
}

static err forget_run(struct call *k, void *arguments) {
    (void)arguments;
    return cache_forget(k);
}

enum postern_code postern_forget(struct postern *client) {
    return client == NULL ? usage_failed("postern_forget needs a client.")
                          : call_run(client, NULL, 0, forget_run, NULL);
}
