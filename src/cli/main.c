/* SPDX-License-Identifier: Apache-2.0 */
/* postern: from the command line to one command. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* What the handler of SIGINT cancels, and that it did: a handler is given nothing else to find it
 * by. */
static struct {
    struct postern_cancel *cancel;
    volatile sig_atomic_t came;
} interrupted;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    interrupted.came = 1;
    postern_cancel(interrupted.cancel);
}

/* The first Ctrl-C ends waits and requests in good order (and a read with EINTR), the second ends
 * the process. */
static bool signals_set(struct postern_cancel *cancel) {
    struct sigaction a = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    interrupted.cancel = cancel;
    return sigaction(SIGINT, &a, NULL) == 0 && sigaction(SIGPIPE, &ignore, NULL) == 0 &&
           sigaction(SIGXFSZ, &ignore, NULL) == 0; /* EFBIG says it: the token is still printed */
}

static bool colors_wanted(void) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return (no == NULL || *no == '\0') && term != NULL && !str_is(str_from(term), "dumb");
}

static int invoke(struct cli *c, int argc, char *const *argv) {
    int status = cli_parse(c, argc, argv);
    if (status != EXIT_OK) {
        return status;
    }
    if (cli_has(c, "--help")) {
        help_print(c, c->command);
        return EXIT_OK;
    }
    if (cli_has(c, "--version")) {
        (void)fprintf(c->out, "postern %s\n", postern_version());
        return EXIT_OK;
    }
    cli_warn_secrets(c);
    return c->command->run(c);
}

/* What was to be shown once may be lost: that is no success. A pipe whose reader has seen enough
 * (head) is no failure worth a line. */
static int finish(const struct cli *c, int status) {
    errno = 0;
    bool lost = fflush(c->out) != 0 || ferror(c->out) != 0;
    if (!lost || status != EXIT_OK) {
        return status;
    }
    return errno == EPIPE ? EXIT_OTHER
                          : cli_error(c, EXIT_OTHER, "The output could not be written.");
}

int main(int argc, char **argv) {
    /* Tokens and secrets are in this process's memory: no core file. */
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    CLEANUP(arena_cleanup) struct arena *arena = arena_new();
    struct log log = {.fd = -1, .clock = &clock_system};
    struct ctx cx;
    ctx_init(&cx, arena, &clock_system, NULL, &log);
    bool terminal = isatty(STDOUT_FILENO) != 0;
    struct cli c = {.out = stdout,
                    .err = stderr,
                    .terminal = terminal,
                    .color = terminal && colors_wanted(),
                    .err_terminal = isatty(STDERR_FILENO) != 0,
                    .cancel = postern_cancel_new(),
                    .interrupted = &interrupted.came};
    cli_init(&c, &cx);
    if (c.cancel == NULL || !signals_set(c.cancel)) {
        return cli_error(&c, EXIT_OTHER, "The system has no memory or descriptor left.");
    }
    int status = finish(&c, invoke(&c, argc > 0 ? argc - 1 : 0, argv + 1));
    cli_progress(&c, "%s", "");
    return status;
}
