/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine gives the client: settings and where they come from, secrets that look wrong,
 * the cache directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"

#define FILE_MAX       65536
#define ACCESS_KEY_LEN 56

/* ---- directories, as the library finds them ---- */

static const char *directory_of(const struct doctor *d, const char *variable, const char *xdg_name,
                                const char *below_home) {
    struct arena *a = d->c->cx->arena;
    const char *own = getenv(variable), *xdg = getenv(xdg_name), *home = getenv("HOME");
    if (own != NULL && *own != '\0') {
        return own;
    }
    if (xdg != NULL && *xdg == '/') {
        return str_z(a, str_format(a, "%s/postern", xdg));
    }
    return home != NULL && *home != '\0'
               ? str_z(a, str_format(a, "%s/%s/postern", home, below_home))
               : NULL;
}

/* The file of the profile that a setting came from; NULL if it is from elsewhere. */
static const char *profile_file(const struct doctor *d, const char *from) {
    struct arena *a = d->c->cx->arena;
    const char *directory = directory_of(d, "POSTERN_CONFIG_DIR", "XDG_CONFIG_HOME", ".config");
    if (from == NULL || directory == NULL || !str_starts(str_from(from), "profile ")) {
        return NULL;
    }
    return str_z(a, str_format(a, "%s/%s.profile", directory, from + strlen("profile ")));
}

/* ---- settings ---- */

/* Addresses and names; a proxy's or a parameter's value may hold a password. */
static bool is_shown(const char *name) {
    static const char *const shown[] = {"issuer",    "base_url",    "grant",
                                        "client_id", "auth_method", "scope",
                                        "tenant_id", "user_id",     "api_endpoint"};
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        if (str_is(str_from(name), shown[i])) {
            return true;
        }
    }
    return false;
}

static struct str settings_list(const struct doctor *d, const char **ret_profile) {
    struct buf b = buf_in(d->c->cx->arena, 512);
    const struct postern_setting_info *info;
    *ret_profile = NULL;
    for (size_t i = 0; (info = postern_setting_at(i)) != NULL; i++) {
        const char *from = NULL, *value = postern_setting(d->client, info->name, &from);
        if (value == NULL || str_is(str_from(from), "default")) {
            continue;
        }
        buf_format(&b, "%s%s", b.n > 0 ? ", " : "", info->name);
        if (is_shown(info->name)) {
            buf_format(&b, " %s", value);
        }
        buf_format(&b, " (%s)", str_is(str_from(from), "setting") ? "command line" : from);
        *ret_profile = profile_file(d, from) != NULL ? profile_file(d, from) : *ret_profile;
    }
    return buf_view(&b);
}

static struct str profile_said(const struct doctor *d, const char *file) {
    struct stat st;
    if (file == NULL || stat(file, &st) != 0) {
        return STR("no profile");
    }
    return str_format(d->c->cx->arena, "%s (mode %03o)", file, (unsigned)(st.st_mode & 0777));
}

static bool is_set(const struct doctor *d, const char *name) {
    return postern_setting(d->client, name, NULL) != NULL;
}

void doctor_settings(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    const char *file;
    if (cli_open_profile(d->c, cli_value(d->c, "--profile"), 0, &d->client) != POSTERN_OK) {
        d->client = NULL;
        check_failed(d, k, NULL);
        return;
    }
    struct str list = settings_list(d, &file);
    struct str profile = profile_said(d, file);
    if (!is_set(d, "issuer") && !is_set(d, "base_url")) {
        check_wrong(
            k, EXIT_USAGE, str_format(a, "%.*s; no issuer is set", STR_ARG(profile)),
            "Make a profile with: postern configure; or set POSTERN_ISSUER (or CXONE_ISSUER)");
        return;
    }
    d->url = str_from(postern_setting(d->client, "issuer", NULL));
    d->url = d->url.p != NULL ? d->url : str_from(postern_setting(d->client, "base_url", NULL));
    struct str found = str_format(a, "%.*s: %.*s", STR_ARG(profile), STR_ARG(list));
    if (!is_set(d, "client_id") && !is_set(d, "access_key_id")) {
        check_wrong(k, EXIT_USAGE, found,
                    "Neither client_id nor access_key_id is set: postern configure asks for them");
        return;
    }
    check_ok(k, found);
}

/* ---- secrets ---- */

static struct str first_line(struct str text) {
    struct str line = str_sub(text, 0, str_find_char(text, '\n'));
    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    return line;
}

static struct str profile_value(const struct doctor *d, const char *file, const char *name) {
    struct setting_line line = {0};
    struct str text;
    if (file_read(d->c->cx, file, FILE_MAX, &text) != OK) {
        return STR_NONE;
    }
    while (setting_line_next(&text, &line)) {
        if (!line.malformed && str_is(line.name, name)) {
            return line.value;
        }
    }
    return STR_NONE;
}

static struct str argument_value(const struct doctor *d, const char *name) {
    struct str value = STR_NONE;
    for (int i = 0; i < d->c->given_n; i++) {
        const struct option *o = d->c->given[i].option;
        if (o->setting != NULL && str_is(str_from(o->setting->name), name)) {
            value = str_from(d->c->given[i].value);
        }
    }
    return value;
}

/* The library does not show secrets: read where it says that it read. */
static struct str value_of(const struct doctor *d, const char *name) {
    const char *from = NULL, *value = postern_setting(d->client, name, &from);
    if (value == NULL || *value != '\0') {
        return str_from(value);
    }
    if (str_starts(str_from(from), "environment ")) {
        return str_from(getenv(from + strlen("environment ")));
    }
    const char *file = profile_file(d, from);
    return file != NULL ? profile_value(d, file, name) : argument_value(d, name);
}

/* The value, or the first line of the file that NAME_file names. False: it cannot be read. */
static bool secret_value(const struct doctor *d, const char *name, struct str *ret_value) {
    struct arena *a = d->c->cx->arena;
    struct str text;
    *ret_value = value_of(d, name);
    const char *file = postern_setting(d->client, str_z(a, str_format(a, "%s_file", name)), NULL);
    if (ret_value->p != NULL || file == NULL) {
        return true;
    }
    if (file_read(d->c->cx, file, FILE_MAX, &text) != OK) {
        return false;
    }
    *ret_value = first_line(text);
    return true;
}

const char *secret_oddity(struct str value) {
    if (value.n == 0) {
        return "is empty";
    }
    char first = value.p[0], last = value.p[value.n - 1];
    if (first == ' ' || first == '\t') {
        return "begins with a space";
    }
    if (last == ' ' || last == '\t' || last == '\r' || last == '\n') {
        return "ends in a space or line end";
    }
    if (first == '"' || first == '\'') {
        return "begins with a quotation mark";
    }
    return NULL;
}

/* PROTOCOL 12.2: 32 bytes in base32, RFC 4648 6. */
bool is_access_key(struct str value) {
    if (value.n != ACCESS_KEY_LEN || !str_ends(value, "====")) {
        return false;
    }
    for (size_t i = 0; i < value.n - 4; i++) {
        char c = value.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'))) {
            return false;
        }
    }
    return true;
}

static void secret_look(const struct doctor *d, const char *name, struct buf *found,
                        struct buf *odd) {
    struct str value;
    if (!secret_value(d, name, &value)) {
        buf_format(odd, "%s%s: %s", odd->n > 0 ? "; " : "", name, d->c->cx->failure.detail);
        return;
    }
    if (value.p == NULL) {
        return;
    }
    const char *what = secret_oddity(value);
    if (what == NULL && str_starts(str_from(name), "access_key") && !is_access_key(value)) {
        what = "is not 56 characters of base32 ending in ====, as CXone's access keys are";
    }
    if (what != NULL) {
        buf_format(odd, "%s%s %s", odd->n > 0 ? "; " : "", name, what);
    }
    buf_format(found, "%s%s (%zu characters)", found->n > 0 ? ", " : "", name, value.n);
}

void doctor_secrets(struct doctor *d, struct check *k) {
    static const char *const names[] = {"client_secret", "access_key_id", "access_key_secret"};
    struct buf found = buf_in(d->c->cx->arena, 256), odd = buf_in(d->c->cx->arena, 256);
    if (d->client == NULL) {
        check_skip(k, "the settings are not usable");
        return;
    }
    if (!is_set(d, "client_id") && !is_set(d, "access_key_id")) {
        check_skip(k, "neither an application nor an access key is set");
        return;
    }
    const char *id = postern_setting(d->client, "client_id", NULL);
    const char *what = id != NULL ? secret_oddity(str_from(id)) : NULL;
    if (what != NULL) {
        buf_format(&odd, "client_id %s", what);
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        secret_look(d, names[i], &found, &odd);
    }
    if (odd.n > 0) {
        check_warn(k, buf_view(&odd),
                   "Copy the value again, whole and without what stands around it; nothing is "
                   "trimmed before it is sent");
        return;
    }
    check_ok(k, found.n > 0 ? buf_view(&found) : STR("none is set: a public or key-pair client"));
}

/* ---- cache ---- */

static void fd_close(const int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
}

/* 0, or the errno of why files there cannot be made or locked. */
static int lock_try(const struct doctor *d, const char *directory) {
    struct arena *a = d->c->cx->arena;
    const char *file = str_z(a, str_format(a, "%s/doctor.lock", directory));
    CLEANUP(fd_close) int fd = open(file, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    int problem = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno != EWOULDBLOCK ? errno : 0;
    (void)unlink(file);
    return problem;
}

/* It is made at the first token: can it be? */
static void cache_absent(const struct doctor *d, struct check *k, const char *directory) {
    struct arena *a = d->c->cx->arena;
    char *above = str_z(a, str_from(directory));
    struct stat st;
    for (char *slash = strrchr(above, '/'); slash != NULL && stat(above, &st) != 0;
         slash = strrchr(above, '/')) {
        *slash = '\0';
    }
    const char *nearest = *above != '\0' ? above : "/";
    if (access(nearest, W_OK | X_OK) != 0) {
        check_wrong(k, EXIT_OTHER,
                    str_format(a, "%s is not there and cannot be made: %s: %s", directory, nearest,
                               strerror(errno)),
                    "Set POSTERN_CACHE_DIR to a directory of yours, or use --no-cache");
        return;
    }
    check_ok(k, str_format(a, "%s is made with the first token", directory));
}

void doctor_cache(struct doctor *d, struct check *k) {
    struct arena *a = d->c->cx->arena;
    const char *directory = directory_of(d, "POSTERN_CACHE_DIR", "XDG_CACHE_HOME", ".cache");
    struct stat st;
    if (cli_has(d->c, "--no-cache")) {
        check_skip(k, "--no-cache");
        return;
    }
    if (directory == NULL) {
        check_warn(k, STR("no directory: each run of the command authenticates anew"),
                   "Set HOME or POSTERN_CACHE_DIR");
        return;
    }
    if (stat(directory, &st) != 0) {
        cache_absent(d, k, directory);
        return;
    }
    int problem = lock_try(d, directory);
    if (problem != 0) {
        check_wrong(
            k, EXIT_OTHER,
            str_format(a, "%s: no file can be made and locked: %s", directory, strerror(problem)),
            "Set POSTERN_CACHE_DIR to a directory of yours on a local file system");
        return;
    }
    struct str found = str_format(a, "%s (mode %03o)", directory, (unsigned)(st.st_mode & 0777));
    if ((st.st_mode & 077) != 0 || st.st_uid != geteuid()) {
        check_warn(k, found,
                   str_z(a, str_format(a, "Others reach it too. Type: chmod 700 %s", directory)));
        return;
    }
    check_ok(k, found);
}
