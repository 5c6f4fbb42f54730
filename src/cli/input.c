/* SPDX-License-Identifier: Apache-2.0 */
/* What a person types, and files. */
#include "cli.h"

#include <termios.h>
#include <unistd.h>

#define LINE_LENGTH 4096

/* A line without its end; false at the end of input or on a signal. */
static bool line_read(int fd, char to[LINE_LENGTH], size_t *ret_n) {
    size_t n = 0;
    char ch;
    for (;;) {
        ssize_t got = read(fd, &ch, 1);
        if (got <= 0) {
            return false;
        }
        if (ch == '\n') {
            *ret_n = n;
            return true;
        }
        if (n < LINE_LENGTH) {
            to[n++] = ch;
        }
    }
}

/* Reads a line without echo; the terminal is as before on every way out. */
static bool secret_read(int fd, char to[LINE_LENGTH], size_t *ret_n) {
    struct termios before, silent;
    if (tcgetattr(fd, &before) != 0) {
        return false;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(fd, TCSAFLUSH, &silent) != 0) {
        return false;
    }
    bool good = line_read(fd, to, ret_n);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    return good;
}

static void question_put(struct cli *c, const char *question, const char *otherwise) {
    (void)fprintf(c->err, "%s", question);
    if (otherwise != NULL && *otherwise != '\0') {
        (void)fprintf(c->err, " [%s]", cli_styled(c, STYLE_PLAIN, str_from(otherwise)));
    }
    (void)fprintf(c->err, ": ");
    (void)fflush(c->err);
}

const char *cli_prompt(struct cli *c, const char *question, const char *otherwise, bool secret) {
    char line[LINE_LENGTH];
    size_t n = 0;
    if (isatty(STDIN_FILENO) == 0) {
        return NULL;
    }
    question_put(c, question, otherwise);
    bool good = secret ? secret_read(STDIN_FILENO, line, &n) : line_read(STDIN_FILENO, line, &n);
    if (secret || !good) {
        (void)fputc('\n', c->err);
    }
    if (!good) {
        return NULL;
    }
    struct str text = {line, n};
    if (n == 0 && otherwise != NULL) {
        text = str_from(otherwise);
    }
    if (!secret) {
        return str_z(c->cx->arena, str_trim(text));
    }
    struct secret kept = secret_in(c->cx->arena, line, n + 1);
    kept.p[n] = '\0';
    secret_wipe(line, sizeof line);
    return (const char *)kept.p;
}

bool cli_read(struct cli *c, const char *file, size_t max, struct str *ret_text) {
    if (file_read(c->cx, file, max, ret_text) == OK) {
        return true;
    }
    (void)cli_error(c, EXIT_OTHER, "%s", failure_text(c->cx));
    return false;
}
