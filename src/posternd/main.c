/* SPDX-License-Identifier: Apache-2.0 */
/* posternd: from the command line to one command. */
#include "posternd.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONFIG_FILE "/etc/postern/posternd.conf"

/* Keys are in this process's memory: no core file, no ptrace by others of the same user, no way to
 * gain privileges. */
static bool harden(void) {
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static const char *environment_get(void *state, const char *name) {
    (void)state;
    return getenv(name);
}

static const char *config_file(void) {
    const char *file = getenv("POSTERN_CONFIG");
    if (file != NULL && *file != '\0') {
        return file;
    }
    /* One that is there and cannot be read is a mistake to be told, not to be passed over. */
    return access(CONFIG_FILE, F_OK) == 0 ? CONFIG_FILE : NULL;
}

static int invoke(struct invocation *in, int argc, char **argv) {
    err e = command_line_parse(in, argc, argv);
    if (e != OK) {
        (void)fprintf(stderr, "posternd: %s\nTry: posternd --help\n", failure_text(in->cx));
        return POSTERND_EXIT_USAGE;
    }
    if (in->help) {
        help_print(stdout, in->command);
        return EXIT_SUCCESS;
    }
    if (in->version) {
        (void)printf("posternd %s\n", POSTERN_VERSION);
        return EXIT_SUCCESS;
    }
    e = config_load(in->cx, &in->sources, &in->config);
    if (e != OK) {
        return command_failed(in, e);
    }
    in->cx->log->level = (enum log_level)in->config.log_level;
    return in->command->run(in);
}

int main(int argc, char **argv) {
    if (!harden()) {
        (void)fprintf(stderr,
                      "posternd: the system refuses prctl or setrlimit: secrets could reach "
                      "a core file. Not starting.\n");
        return POSTERND_EXIT_FAILURE;
    }
    /* A file that may not grow (RLIMIT_FSIZE) is an error of that write, as a full disk is. */
    (void)signal(SIGXFSZ, SIG_IGN);
    struct log log = {.fd = STDERR_FILENO, .level = LOG_INFO, .clock = &clock_system};
    CLEANUP(arena_cleanup) struct arena *arena = arena_new();
    struct ctx cx;
    ctx_init(&cx, arena, &clock_system, &random_system, &log);
    struct invocation in = {.cx = &cx,
                            .sources = {.file = config_file(), .getenv = environment_get}};
    int status = invoke(&in, argc > 0 ? argc - 1 : 0, argv + 1);
    if (fflush(stdout) != 0 && status == EXIT_SUCCESS) {
        return POSTERND_EXIT_FAILURE; /* what was to be shown once may be lost */
    }
    return status;
}
