/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: files NAME.profile of settings, mode 0600, in one directory. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"

#define SUFFIX           ".profile"
#define PROFILE_NAME_MAX 64

static bool name_is_good(struct str name) {
    if (name.n == 0 || name.n > PROFILE_NAME_MAX || name.p[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.')) {
            return false;
        }
    }
    return true;
}

static err name_check(struct call *k, struct str name) {
    return name_is_good(name)
               ? OK
               : fail_say(&k->cx, ERR_CLIENT_USAGE,
                          "'%.*s' is no profile name. Use 1 to %d letters, digits, '-', '_' and "
                          "'.', not beginning with '.'.",
                          STR_ARG(str_sub(name, 0, 80)), PROFILE_NAME_MAX);
}

struct str directory_for(struct call *k, const char *given, bool environment,
                         const struct directory_names *names) {
    struct arena *a = k->cx.arena;
    if (given != NULL) {
        return str_copy(a, str_from(given));
    }
    if (!environment) {
        return STR_NONE;
    }
    const char *own = getenv(names->variable), *xdg = getenv(names->xdg_variable);
    const char *home = getenv("HOME");
    if (own != NULL && *own != '\0') {
        return str_copy(a, str_from(own));
    }
    if (xdg != NULL && *xdg == '/') { /* XDG: relative paths are to be ignored */
        return str_format(a, "%s/postern", xdg);
    }
    if (home == NULL || *home == '\0') {
        return STR_NONE;
    }
    return str_format(a, "%s/%s/postern", home, names->below_home);
}

static const struct directory_names config_names = {"POSTERN_CONFIG_DIR", "XDG_CONFIG_HOME",
                                                    ".config"};

err directory_make(struct call *k, const char *path) {
    char *z = str_z(k->cx.arena, str_from(path));
    for (char *slash = z + 1; *slash != '\0'; slash++) {
        if (*slash == '/') {
            *slash = '\0';
            (void)mkdir(z, 0700);
            *slash = '/';
        }
    }
    if (mkdir(z, 0700) != 0 && errno != EEXIST) {
        return fail_say(&k->cx, ERR_CLIENT_FILE, "The directory %s cannot be made: %s", path,
                        strerror(errno));
    }
    return OK;
}

static err config_directory(struct call *k, const char *given, const char **ret_directory) {
    struct str directory = directory_for(k, given, true, &config_names);
    if (directory.p == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "There is no directory for profiles: set HOME or POSTERN_CONFIG_DIR.");
    }
    *ret_directory = str_z(k->cx.arena, directory);
    return OK;
}

err profile_file(struct call *k, const char *config_dir, struct str name, bool environment,
                 const char **ret_file) {
    TRY(name_check(k, name));
    struct str directory = directory_for(k, config_dir, environment, &config_names);
    *ret_file = directory.p == NULL
                    ? NULL
                    : str_z(k->cx.arena, str_format(k->cx.arena, "%.*s/%.*s" SUFFIX,
                                                    STR_ARG(directory), STR_ARG(name)));
    return OK;
}

static err absent(struct call *k, struct str name, const char *file) {
    return fail_say(&k->cx, ERR_CLIENT_USAGE,
                    "There is no profile '%.*s' (%s). Make it with: postern configure --profile "
                    "%.*s",
                    STR_ARG(name), file != NULL ? file : "no directory for profiles: set HOME",
                    STR_ARG(name));
}

err profile_read(struct call *k, struct settings *s, const char *file, struct str name, bool must) {
    struct stat st;
    if (file == NULL || stat(file, &st) != 0) {
        if (file != NULL && errno != ENOENT && errno != ENOTDIR) {
            return fail_say(&k->cx, ERR_CLIENT_FILE, "%s cannot be read: %s", file,
                            strerror(errno));
        }
        return must ? absent(k, name, file) : OK;
    }
    if ((st.st_mode & 077) != 0) {
        return fail_say(&k->cx, ERR_CLIENT_FILE,
                        "%s can be read by others than you (mode %03o). Type: chmod 600 %s", file,
                        (unsigned)(st.st_mode & 0777), file);
    }
    struct str text;
    if (file_read(&k->cx, file, PROFILE_MAX, &text) != OK) {
        return fail_say(&k->cx, ERR_CLIENT_FILE, "%s", k->cx.failure.detail);
    }
    return settings_profile(k, s, text, str_from(file), name);
}

/* ---- writing ---- */

struct profile_arguments {
    const char *config_dir, *name;
    const struct postern_setting *settings;
    size_t settings_n;
};

static err write_run(struct call *k, void *arguments) {
    const struct profile_arguments *w = arguments;
    struct str name = str_from(w->name);
    const char *directory, *file;
    struct buf text = buf_in(k->cx.arena, 1024);
    TRY(name_check(k, name));
    TRY(config_directory(k, w->config_dir, &directory));
    TRY(profile_file(k, directory, name, true, &file));
    buf_z(&text, "# A profile of postern(1): see postern-profile(5).\n");
    for (size_t i = 0; w->settings != NULL && i < w->settings_n; i++) {
        struct str value = str_from(w->settings[i].value);
        if (value.n == 0) {
            continue;
        }
        TRY(setting_check(k, str_from(w->settings[i].name), value));
        /* Quotes keep spaces at the ends; a value's own ones are the file's too. */
        bool quote = value.p[0] == ' ' || value.p[value.n - 1] == ' ' || value.p[0] == '"';
        buf_format(&text, quote ? "%s = \"%s\"\n" : "%s = %s\n", w->settings[i].name,
                   w->settings[i].value);
    }
    TRY(directory_make(k, directory));
    if (file_replace(&k->cx, file, buf_view(&text)) != OK) {
        return fail_say(&k->cx, ERR_CLIENT_FILE, "%s", k->cx.failure.detail);
    }
    return OK;
}

enum postern_code postern_profile_write(const char *config_dir, const char *name,
                                        const struct postern_setting *settings, size_t settings_n) {
    struct profile_arguments w = {config_dir, name, settings, settings_n};
    return call_run(NULL, NULL, 0, write_run, &w);
}

/* ---- listing, removing ---- */

struct listing {
    const char *config_dir;
    int (*each)(void *, const char *);
    void *user;
};

static void directory_close(void *directory) {
    (void)closedir(directory);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b); /* public: names */
}

#define PROFILES_MAX 1000

static size_t names_read(struct call *k, DIR *d, const char **names) {
    size_t n = 0;
    for (const struct dirent *e = readdir(d); e != NULL && n < PROFILES_MAX; e = readdir(d)) {
        struct str file = str_from(e->d_name);
        struct str name = str_sub(file, 0, file.n - (sizeof SUFFIX - 1));
        if (str_ends(file, SUFFIX) && name_is_good(name)) {
            names[n++] = str_z(k->cx.arena, name);
        }
    }
    qsort(names, n, sizeof *names, by_name);
    return n;
}

static err list_run(struct call *k, void *arguments) {
    const struct listing *l = arguments;
    const char *directory;
    TRY(config_directory(k, l->config_dir, &directory));
    const char **names = NEW_ARRAY(k->cx.arena, PROFILES_MAX, const char *);
    DIR *d = opendir(directory);
    if (d == NULL) {
        return errno == ENOENT ? OK
                               : fail_say(&k->cx, ERR_CLIENT_FILE, "%s cannot be read: %s",
                                          directory, strerror(errno));
    }
    arena_defer(k->cx.arena, directory_close, d);
    size_t n = names_read(k, d, names);
    for (size_t i = 0; i < n && l->each(l->user, names[i]) == 0; i++) {
    }
    return OK;
}

enum postern_code postern_profile_list(const char *config_dir,
                                       int (*each)(void *user, const char *name), void *user) {
    struct listing l = {config_dir, each, user};
    if (each == NULL) {
        return usage_failed("postern_profile_list needs a function for the names.");
    }
    return call_run(NULL, NULL, 0, list_run, &l);
}

static err delete_run(struct call *k, void *arguments) {
    const struct profile_arguments *w = arguments;
    struct str name = str_from(w->name);
    const char *directory, *file;
    TRY(config_directory(k, w->config_dir, &directory));
    TRY(profile_file(k, directory, name, true, &file));
    if (file == NULL || unlink(file) != 0) {
        return file == NULL || errno == ENOENT
                   ? absent(k, name, file)
                   : fail_say(&k->cx, ERR_CLIENT_FILE, "%s cannot be removed: %s", file,
                              strerror(errno));
    }
    return OK;
}

enum postern_code postern_profile_delete(const char *config_dir, const char *name) {
    /* What is cached is found by the profile's settings: first of all it goes. */
    struct postern_options options = POSTERN_OPTIONS_INIT;
    options.profile = name;
    options.config_dir = config_dir;
    struct postern *client;
    if (postern_open(&options, &client) == POSTERN_OK) {
        (void)postern_forget(client);
        postern_close(client);
    }
    struct profile_arguments w = {config_dir, name, NULL, 0};
    return call_run(NULL, NULL, 0, delete_run, &w);
}
