/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of the front: edge/nginx.conf, compiled in, with its words between at signs
 * replaced by values that cannot end the directive they stand in. */
#include "posternd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PATH_LENGTH_MAX 1024
#define SOCKET_PATH_MAX 107 /* sun_path and its NUL */
#define USER_MAX        32

extern const char edge_template[]; /* made from edge/nginx.conf at build time */

/* Everything nginx gives a meaning to inside quotes, and everything that needs quotes to survive a
 * reader of the file, is not in it. Bytes above ASCII are letters of somebody's home directory. */
static bool is_path_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80 || (c != '\0' && strchr("/._-+,=~: ", c) != NULL);
}

static err path_absolute(struct ctx *cx, struct str path, struct str *ret) {
    char directory[PATH_LENGTH_MAX];
    if (path.p[0] == '/') {
        *ret = path;
        return OK;
    }
    if (getcwd(directory, sizeof directory) == NULL) {
        return fail_say(cx, ERR_BAD_CONFIG, "The current directory has no path: %s",
                        strerror(errno));
    }
    *ret = str_format(cx->arena, "%s/%.*s", directory, STR_ARG(path));
    return OK;
}

/* nginx reads relative paths from several places: ours are absolute. */
static err path_read(struct ctx *cx, const char *flag, struct str value, struct str *ret) {
    if (str_empty(value)) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s is empty: write a path.", flag);
    }
    struct str path;
    TRY(path_absolute(cx, value, &path));
    if (path.n > PATH_LENGTH_MAX || !str_is_text(path)) {
        return fail_say(cx, ERR_BAD_CONFIG, "%s is too long, or not text.", flag);
    }
    for (size_t i = 0; i < path.n; i++) {
        if (!is_path_char(path.p[i])) {
            return fail_say(cx, ERR_BAD_CONFIG,
                            "%s: a path in nginx's configuration may have letters, digits, blanks "
                            "and /._-+,=~: but byte %zu of this one is another. Move or rename "
                            "the directory.",
                            flag, i + 1);
        }
    }
    *ret = path;
    return OK;
}

/* HOST:PORT, [HOST]:PORT and, if `any`, *:PORT. */
static bool is_address(struct str text, bool any) {
    size_t colon = text.n;
    while (colon > 0 && text.p[colon - 1] != ':') {
        colon--;
    }
    int64_t port;
    if (colon < 2 || !str_int(str_sub(text, colon, text.n), &port) || port < 1 || port > 65535) {
        return false;
    }
    struct str host = str_sub(text, 0, colon - 1);
    if (any && str_is(host, "*")) {
        return true;
    }
    if (host.p[0] == '[' && host.p[host.n - 1] == ']') {
        struct str inner = str_sub(host, 1, host.n - 2);
        return str_find_char(inner, ':') < inner.n && certificate_host_is_valid(inner);
    }
    return host.p[0] != '*' && str_find_char(host, ':') == host.n &&
           certificate_host_is_valid(host);
}

static err listen_read(struct ctx *cx, struct str value, struct str *ret) {
    if (!is_address(value, true)) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "--listen '%.*s' is no address for nginx. Write 127.0.0.1:8443, "
                        "[::1]:8443 or *:443.",
                        STR_ARG(str_sub(value, 0, 60)));
    }
    *ret = value;
    return OK;
}

static err upstream_read(struct ctx *cx, struct str value, struct str *ret) {
    if (str_starts(value, "unix:")) {
        struct str path;
        TRY(path_read(cx, "--upstream", str_sub(value, 5, value.n), &path));
        if (path.n > SOCKET_PATH_MAX) {
            return fail_say(cx, ERR_BAD_CONFIG,
                            "--upstream: the path of a socket has at most %d bytes, this one %zu. "
                            "Put it into a directory with a shorter name.",
                            SOCKET_PATH_MAX, path.n);
        }
        *ret = str_format(cx->arena, "unix:%.*s", STR_ARG(path));
        return OK;
    }
    if (!is_address(value, false)) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "--upstream '%.*s' is not where posternd listens. Write unix:PATH or "
                        "127.0.0.1:PORT.",
                        STR_ARG(str_sub(value, 0, 60)));
    }
    *ret = value;
    return OK;
}

/* One host of the map of hosts that are ours. */
static err name_write(struct ctx *cx, struct str name, struct buf *to) {
    static const char *const words[] = {"default", "hostnames", "include", "volatile"};
    bool good = certificate_host_is_valid(name);
    for (size_t i = 0; good && i < COUNT_OF(words); i++) {
        good = !str_is(name, words[i]);
    }
    if (!good) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "--server-name: '%.*s' is no host name. Write names, separated by commas; "
                        "*.example.com is all hosts below it.",
                        STR_ARG(str_sub(name, 0, 60)));
    }
    bool brackets = str_find_char(name, ':') < name.n; /* as in a Host header */
    buf_format(to, " %s%.*s%s 0;", brackets ? "\"[" : "", STR_ARG(name), brackets ? "]\"" : "");
    return OK;
}

static bool is_among(const struct str *v, size_t n, struct str s) {
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i], s)) {
            return true;
        }
    }
    return false;
}

static err names_read(struct ctx *cx, struct str list, struct str *ret) {
    if (list.p == NULL) {
        *ret = STR("default 0;");
        return OK;
    }
    struct buf b = buf_in(cx->arena, 256);
    struct str seen[EDGE_NAMES_MAX], name;
    size_t n = 0;
    buf_z(&b, "default 1;");
    while (str_next(&list, ',', &name)) {
        name = str_lower(cx->arena, str_trim(name));
        if (is_among(seen, n, name)) {
            continue; /* nginx refuses a second one */
        }
        if (n == EDGE_NAMES_MAX) {
            return fail_say(cx, ERR_BAD_CONFIG, "--server-name: more than %d names.",
                            EDGE_NAMES_MAX);
        }
        TRY(name_write(cx, name, &b));
        seen[n++] = name;
    }
    *ret = buf_view(&b);
    return OK;
}

static err user_read(struct ctx *cx, struct str user, struct str *ret) {
    if (user.p == NULL) {
        *ret = STR("");
        return OK;
    }
    bool good = user.n > 0 && user.n <= USER_MAX && user.p[0] != '-';
    for (size_t i = 0; good && i < user.n; i++) {
        char c = user.p[i];
        good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    }
    if (!good) {
        return fail_say(cx, ERR_BAD_CONFIG, "--user '%.*s' is no user's name.",
                        STR_ARG(str_sub(user, 0, 60)));
    }
    *ret = str_format(cx->arena, "user %.*s;", STR_ARG(user));
    return OK;
}

struct word {
    const char *name;
    struct str value;
};

static struct str word_find(const struct word *words, size_t n, struct str name) {
    for (size_t i = 0; i < n; i++) {
        if (str_is(name, words[i].name)) {
            return words[i].value;
        }
    }
    return STR_NONE;
}

err edge_config_write(struct ctx *cx, const struct edge_options *o, struct buf *to) {
    struct word words[] = {{.name = "listen"}, {.name = "names"},      {.name = "certificate"},
                           {.name = "key"},    {.name = "upstream"},   {.name = "run_dir"},
                           {.name = "user"},   {.name = "per_address"}};
    TRY(listen_read(cx, str_from(o->listen), &words[0].value));
    TRY(names_read(cx, str_from(o->server_names), &words[1].value));
    TRY(path_read(cx, "--certificate", str_from(o->certificate), &words[2].value));
    TRY(path_read(cx, "--key", str_from(o->key), &words[3].value));
    TRY(upstream_read(cx, str_from(o->upstream), &words[4].value));
    TRY(path_read(cx, "--run-dir", str_from(o->run_dir), &words[5].value));
    TRY(user_read(cx, str_from(o->user), &words[6].value));
    words[7].value = str_format(cx->arena, "%lld", (long long)o->per_address);
    struct str rest = str_from(edge_template), part;
    for (bool is_word = false; str_next(&rest, '@', &part); is_word = !is_word) {
        struct str value = is_word ? word_find(words, COUNT_OF(words), part) : part;
        if (value.p == NULL) {
            return fail(cx, ERR_INTERNAL, "edge/nginx.conf: the word @%.*s@ is unknown",
                        STR_ARG(str_sub(part, 0, 40)));
        }
        buf_str(to, value);
    }
    return OK;
}
