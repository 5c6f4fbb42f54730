/* SPDX-License-Identifier: Apache-2.0 */
/* cli: the command postern(1). A command is a file cmd_NAME.c and a row of the table in command.c;
 * --help, completion and the manual's synopsis read the same table.
 *
 * Commands speak to the platform through <postern.h> alone; base gives them arenas, text and JSON.
 * Results go to standard output: tables and colours on a terminal, plain in a pipe, one JSON value
 * with --json. Everything else (progress, warnings, errors) goes to standard error.
 */
#ifndef POSTERN_CLI_H
#define POSTERN_CLI_H

#include <postern.h>
#include <stdio.h>

#include "base.h"

enum exit_status {
    EXIT_OK = 0,
    EXIT_OTHER = 1,
    EXIT_USAGE = 2,
    EXIT_AUTH = 3,
    EXIT_DENIED = 4,
    EXIT_NETWORK = 5,
    EXIT_SERVER = 6,
};

#define WORDS_MAX 32
#define GIVEN_MAX 64

struct cli;

/* ---- command.c: the table, the command line, --help ---- */

struct option {
    const char *name;     /* "--include" */
    char letter;          /* 'i' for -i, or 0 */
    const char *argument; /* "FILE"; NULL: a switch */
    const char *doc;
};
struct command {
    const char *name;      /* "keys" */
    const char *arguments; /* "list|create|... [ID]" */
    const char *summary;
    const struct option *options; /* besides those of every command */
    size_t options_n;
    int words_min, words_max;
    const char *const *words; /* what the first word may be, NULL-terminated; NULL: anything */
    bool json;
    int (*run)(struct cli *c); /* returns the exit status */
};
const struct command *command_at(size_t i);
/* Options of every command: --profile --json --no-color --verbose --no-cache --timeout --help, and
 * a flag for each row of the library's settings table (--client-id ...). */
const struct option *common_option_at(size_t i);

struct cli {
    struct ctx *cx;
    const struct command *command;
    const char *words[WORDS_MAX]; /* after the command's name */
    int words_n;
    struct {
        const struct option *option;
        const char *value; /* NULL for a switch */
    } given[GIVEN_MAX];
    int given_n;
    bool json, verbose, terminal, color; /* terminal: standard output is one */
    struct postern_cancel *cancel;       /* Ctrl-C cancels it */
};
bool cli_has(const struct cli *c, const char *option);
const char *cli_value(const struct cli *c, const char *option); /* the last one, or NULL */
const char *cli_value_at(const struct cli *c, const char *option, size_t i); /* of several */

/* ---- client_open.c ---- */

/* A client by the command line's profile and settings; prints what is wrong. 0 or an exit status.
 */
int cli_open(struct cli *c, struct postern **ret_client);

/* ---- output.c ---- */

/* The failure of the last library call, on standard error (with --json as {"error":{...}}); its
 * exit status. `what` begins the message: "the token"; NULL: nothing. */
int cli_failed(const struct cli *c, const char *what);
int cli_exit_of(enum postern_code code);
int cli_usage(const struct cli *c, const char *format, ...) PRINTF_LIKE(2, 3); /* EXIT_USAGE */
void cli_note(const struct cli *c, const char *format, ...)
    PRINTF_LIKE(2, 3); /* stderr, one line */
/* Progress on standard error, shown only if that is a terminal, replaced by the next, removed at
 * the end (NULL). */
void cli_progress(const struct cli *c, const char *format, ...) PRINTF_LIKE(2, 3);
enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_BAD, STYLE_WARN };
/* The text in that style if colours are on; control characters made visible. The arena's. */
const char *cli_styled(const struct cli *c, enum style style, struct str text);
/* Aligned columns on a terminal, tab-separated in a pipe; the first row is the heading, shown on a
 * terminal only. cells: rows * columns. */
void cli_table(const struct cli *c, const char *const *cells, size_t columns, size_t rows);
/* JSON as it came: indented on a terminal, compact in a pipe. */
void cli_json(const struct cli *c, struct str json);
/* "in 58 min", "2 h ago" */
const char *cli_when(const struct cli *c, int64_t time);

/* ---- input.c ---- */

/* A line from the terminal (echo off for secrets); NULL: no terminal or the end of input. */
const char *cli_prompt(struct cli *c, const char *question, const char *otherwise, bool secret);
/* FILE, or standard input for "-"; NULL after printing why. */
bool cli_read(struct cli *c, const char *file, size_t max, struct str *ret_text);

/* ---- commands ---- */

int cmd_api(struct cli *c);
int cmd_completion(struct cli *c);
int cmd_configure(struct cli *c);
int cmd_credential(struct cli *c);
int cmd_discover(struct cli *c);
int cmd_doctor(struct cli *c);
int cmd_forget(struct cli *c);
int cmd_help(struct cli *c);
int cmd_jwt(struct cli *c);
int cmd_keys(struct cli *c);
int cmd_proxy(struct cli *c);
int cmd_status(struct cli *c);
int cmd_token(struct cli *c);
int cmd_whoami(struct cli *c);

#endif
