/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a browser: $BROWSER, else xdg-open where there is a display. No shell reads the address. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "login.h"

#define BROWSER_WORDS_MAX 16
#define OPENER            "xdg-open"

static bool is_set(const char *variable) {
    const char *value = getenv(variable);
    return value != NULL && *value != '\0';
}

static bool has_display(void) {
    return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

/* "localhost:10.0" of ssh -X; ":0" is a screen that nobody sits at. */
static bool display_is_ours(void) {
    const char *display = getenv("DISPLAY");
    bool forwarded = is_set("DISPLAY") && *display != ':';
    return is_set("SSH_CONNECTION") ? forwarded : has_display();
}

static bool is_program(const char *name) {
    struct str path = str_from(getenv("PATH")), folder;
    char file[PATH_MAX];
    while (str_next(&path, ':', &folder)) {
        int n = snprintf(file, sizeof file, "%.*s/%s", STR_ARG(folder), name);
        if (folder.n > 0 && n > 0 && (size_t)n < sizeof file && access(file, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

bool login_browser_is_here(void) {
    return is_set("BROWSER") || (display_is_ours() && is_program(OPENER));
}

/* The command's own standard output is for the result. A browser of the terminal keeps the rest;
 * one with a display of its own gets neither that nor Ctrl-C. */
static bool files_set(posix_spawn_file_actions_t *files, bool graphical) {
    if (!graphical) {
        return posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO) == 0;
    }
    return posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
           posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
           posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0;
}

static bool signals_set(posix_spawnattr_t *attributes, bool graphical) {
    sigset_t ignored;
    int flags = POSIX_SPAWN_SETSIGDEF | (graphical ? POSIX_SPAWN_SETSID : 0);
    (void)sigemptyset(&ignored);
    (void)sigaddset(&ignored, SIGPIPE);
    (void)sigaddset(&ignored, SIGXFSZ);
    return posix_spawnattr_setsigdefault(attributes, &ignored) == 0 &&
           posix_spawnattr_setflags(attributes, (short)flags) == 0;
}

static int run(char *const *words, bool graphical, pid_t *ret_pid) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int problem = ENOMEM;
    if (posix_spawn_file_actions_init(&files) != 0) {
        return problem;
    }
    if (posix_spawnattr_init(&attributes) == 0) {
        if (files_set(&files, graphical) && signals_set(&attributes, graphical)) {
            problem = posix_spawnp(ret_pid, words[0], &files, &attributes, words, environ);
        }
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return problem;
}

/* "w3m", "chromium --incognito", "open-it %s": the address is where %s stands, else at the end. */
static bool words_of(struct arena *a, struct str command, const char *url,
                     char *ret_words[BROWSER_WORDS_MAX]) {
    struct str word;
    size_t n = 0;
    bool placed = false;
    while (str_next(&command, ' ', &word) && n + 2 < BROWSER_WORDS_MAX) {
        if (word.n > 0) {
            bool here = str_is(word, "%s");
            ret_words[n++] = str_z(a, here ? str_from(url) : word);
            placed = placed || here;
        }
    }
    if (n > 0 && !placed) {
        ret_words[n++] = str_z(a, str_from(url));
    }
    ret_words[n] = NULL;
    return n > 1;
}

/* The first of a list, separated by colons, that can be started. */
static pid_t try_all(struct cli *c, struct str list, const char *url) {
    struct str command;
    while (str_next(&list, ':', &command)) {
        char *words[BROWSER_WORDS_MAX];
        pid_t pid = 0;
        if (!words_of(c->cx->arena, command, url, words)) {
            continue;
        }
        int problem = run(words, has_display(), &pid);
        if (problem == 0) {
            return pid;
        }
        if (is_set("BROWSER")) {
            cli_note(c, "BROWSER: %s cannot be started: %s", words[0], strerror(problem));
        }
    }
    return 0;
}

pid_t login_browser_open(struct cli *c, const char *url) {
    if (is_set("BROWSER")) {
        return try_all(c, str_from(getenv("BROWSER")), url);
    }
    return has_display() ? try_all(c, STR(OPENER), url) : 0;
}
