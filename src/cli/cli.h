/* SPDX-License-Identifier: Apache-2.0 */
/* cli: the command postern(1). A command is a file cmd_NAME.c and a row of the table in command.c;
 * --help and completion read the same table.
 *
 * Commands speak to the platform through <postern.h> alone; base gives them arenas, text and JSON.
 * Results go to standard output: tables and colours on a terminal, plain in a pipe, one JSON value
 * with --json. Everything else (progress, warnings, errors) goes to standard error. Text from
 * outside reaches neither without its control characters made visible.
 */
#ifndef POSTERN_CLI_H
#define POSTERN_CLI_H

#include <postern.h>
#include <signal.h>
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
    EXIT_CANCELLED = 130, /* as a shell says of SIGINT */
};

#define WORDS_MAX 32
#define GIVEN_MAX 64

struct cli;

/* ---- command.c: the tables of commands and options ---- */

struct option {
    const char *name;          /* "--include" */
    char letter;               /* 'i' for -i, or 0 */
    const char *argument;      /* "FILE"; NULL: a switch */
    const char *doc;           /* begins with a small letter, no full stop */
    const char *const *values; /* what it may be, NULL-terminated; NULL: anything */
    const struct postern_setting_info *setting; /* NULL: it is no setting */
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
    const char *examples;      /* of its help, a line each */
};
const struct command *command_at(size_t i);
const struct command *command_find(struct str name);
/* The options that a command takes: its own, then those of every command (--profile --json
 * --no-color --verbose --no-cache --help --version), then a flag for each row of the library's
 * settings table (--client-id ...). `command` NULL: only the latter two. NULL past the end. */
const struct option *option_at(const struct cli *c, const struct command *command, size_t i);

/* ---- parse.c: the command line ---- */

struct given {
    const struct option *option;
    const char *value; /* NULL for a switch */
};
struct cli {
    struct ctx *cx;
    FILE *out, *err; /* standard output and error, or what a test reads */
    const struct command *command;
    const char *words[WORDS_MAX]; /* after the command's name */
    int words_n;
    struct given given[GIVEN_MAX];
    int given_n;
    const struct option *settings; /* made from the settings table */
    size_t settings_n;
    bool json, verbose;
    bool terminal, color;                     /* terminal: standard output is one */
    bool err_terminal;                        /* standard error is one: progress is shown */
    bool *progress;                           /* a line of progress stands on the terminal */
    struct postern_cancel *cancel;            /* Ctrl-C cancels it */
    const volatile sig_atomic_t *interrupted; /* whether it came; NULL: nobody notes it */
};
/* Makes `settings`; out, err, cx and the rest of `c` are set before or after. */
void cli_init(struct cli *c, struct ctx *cx);
/* Fills command, words, given and the switches. EXIT_OK or EXIT_USAGE after saying what is wrong.
 * With --help or --version the rest of the line need not be complete. */
int cli_parse(struct cli *c, int argc, char *const *argv);
bool cli_has(const struct cli *c, const char *option);
const char *cli_value(const struct cli *c, const char *option); /* the last one, or NULL */
/* The i-th of several; NULL past the end. */
const char *cli_value_at(const struct cli *c, const char *option, size_t i);
/* A number of `option`, between the two; false after saying that it is none. `ret` is untouched
 * without the option. */
bool cli_number(struct cli *c, const char *option, int64_t least, int64_t most, int64_t *ret);
/* Says of each secret among the arguments that others can read it, and what to use instead. */
void cli_warn_secrets(const struct cli *c);

/* ---- client_open.c ---- */

/* A client by the command line's profile and settings; prints what is wrong. 0 or an exit status.
 * Closed with the arena. */
int cli_open(struct cli *c, struct postern **ret_client);
/* The same for another profile. NULL: settings and environment without a profile, unless
 * --profile or POSTERN_PROFILE names one. `flags`: of enum postern_open_flags. Nothing is printed.
 */
enum postern_code cli_open_profile(struct cli *c, const char *profile, unsigned flags,
                                   struct postern **ret_client);

/* ---- output.c ---- */

/* The failure of the last library call, on standard error (with --json as {"error":{...}}); its
 * exit status. `what` begins the message: "the token"; NULL: nothing. */
int cli_failed(const struct cli *c, const char *what);
int cli_exit_of(enum postern_code code);
int cli_usage(const struct cli *c, const char *format, ...) PRINTF_LIKE(2, 3); /* EXIT_USAGE */
/* Another failure, in the same form as cli_failed(): returns `status`. */
int cli_error(const struct cli *c, int status, const char *format, ...) PRINTF_LIKE(3, 4);
/* One line on standard error, beginning "postern: ". */
void cli_note(const struct cli *c, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same without the name before it: what --verbose tells. */
void cli_trace(const struct cli *c, const char *format, ...) PRINTF_LIKE(2, 3);
/* Progress on standard error, shown only if that is a terminal and without --json, replaced by the
 * next, removed at the end (""). Any thread. */
void cli_progress(const struct cli *c, const char *format, ...) PRINTF_LIKE(2, 3);
/* "in 58 min", "2 h ago", "now"; "" for 0. */
const char *cli_when(const struct cli *c, int64_t time);
/* Seconds as "58 min", "2 h", "3 days". */
const char *cli_duration(const struct cli *c, int64_t seconds);

/* ---- style.c: what a terminal gets ---- */

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_BAD, STYLE_WARN, STYLE_NAME };
/* Control characters, C1, bidirectional overrides and what is not UTF-8 as \n, \x1b, \u202e. */
struct str visible(struct arena *a, struct str text);
/* The next of it for streams: writes at most VISIBLE_MAX bytes, returns how many of `text` (not
 * empty) they stand for. `json`: \u001b instead of \x1b. */
#define VISIBLE_MAX 8
size_t visible_one(struct str text, bool json, char to[VISIBLE_MAX], size_t *ret_n);
/* The text in that style if colours are on; control characters made visible. The arena's. */
const char *cli_styled(const struct cli *c, enum style style, struct str text);
/* What turns a style on or off; "" without colours. */
const char *style_on(const struct cli *c, enum style style);
const char *style_off(const struct cli *c, enum style style);

/* The text, and a line's end, on a terminal of as many columns as it has: broken between words, the
 * further lines `indent` columns in, where the first begins. */
void cli_wrapped(const struct cli *c, enum style style, int indent, struct str text);

/* ---- table.c ---- */

struct cell {
    struct str text; /* as it is: made visible here */
    enum style style;
};
#define CELL(z)               ((struct cell){str_from(z), STYLE_PLAIN})
#define CELL_STYLED(style, z) ((struct cell){str_from(z), (style)})
/* Aligned columns on a terminal, tab-separated in a pipe; the first row is the heading, shown on a
 * terminal only, and not if its first cell is absent. cells: rows * columns. */
void cli_table(const struct cli *c, const struct cell *cells, size_t columns, size_t rows);

/* ---- json_print.c ---- */

/* JSON as it came: indented and coloured on a terminal, as it is in a pipe; and a line's end. */
void cli_json(const struct cli *c, struct str json);
/* The same in pieces, for streams: begin, any number of pieces, end. */
struct json_printer {
    const struct cli *c;
    bool in_string, escaped, is_key; /* of the string that is open */
    bool in_word;                    /* a number or literal is open */
    bool fresh;                      /* nothing stands yet in the container just opened */
    bool want_key, written;
    size_t depth;
    unsigned char objects[64]; /* bit: the container at this depth is an object */
    char carry[4];             /* of a character that a piece cut in two */
    size_t carry_n;
};
void json_print_begin(struct json_printer *p, const struct cli *c);
void json_print(struct json_printer *p, struct str piece);
void json_print_end(struct json_printer *p);

/* ---- input.c ---- */

/* A line from the terminal (echo off for secrets), the arena's; `otherwise` (may be NULL) is shown
 * and taken for an empty line. NULL: no terminal, the end of input, or Ctrl-C. */
const char *cli_prompt(struct cli *c, const char *question, const char *otherwise, bool secret);
/* All of FILE, or of standard input for "-", at most `max` bytes; false after printing why. */
bool cli_read(struct cli *c, const char *file, size_t max, struct str *ret_text);

/* ---- field.c: -f and -F of api ---- */

/* A value of -F as JSON: null, true, false, a number, JSON beginning with { or [, the text of a
 * @FILE (@-: standard input), else itself as text. False: after saying what is wrong. */
bool field_typed(struct cli *c, struct str value, struct str *ret_json);
/* All -f key=text and -F key=value as a JSON object, or as a query string "a=b&c=d"; STR_NONE if
 * there are none. False: after saying what is wrong. */
bool fields_json(struct cli *c, struct str *ret_body);
bool fields_query(struct cli *c, struct str *ret_query);

/* ---- claims.c: what a token says ---- */

struct claims {
    struct str sub, user_id, name, tenant_id, tenant, client_id; /* absent if not there */
    bool is_client; /* sub is client:{client_id} (PROTOCOL 4): there is no user */
};
/* Of postern_token.claims; without claims, or with others than expected, members are absent. */
void claims_read(struct cli *c, const struct postern_token *token, struct claims *ret_claims);

/* ---- git_credential.c: git's credential helper protocol, gitcredentials(7) ---- */

#define GIT_CREDENTIAL_MAX 65536
struct git_credential {
    struct str protocol, host, username, password, credential;
    bool authtype; /* git understands authtype and credential */
};
/* False: not of this form (NUL, carriage return, a line without "=", no protocol or host). */
bool git_credential_parse(struct str text, struct git_credential *ret_credential);
/* True if it is https and the host (and port) of one of the URLs; absent URLs are passed over. */
bool git_credential_is_for(const struct git_credential *g, const struct str *urls, size_t urls_n);

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
int cmd_login(struct cli *c);
int cmd_logout(struct cli *c);
int cmd_proxy(struct cli *c);
int cmd_status(struct cli *c);
int cmd_token(struct cli *c);
int cmd_whoami(struct cli *c);
/* --help of `command`, or `postern help`; NULL: of all. */
void help_print(const struct cli *c, const struct command *command);

#endif
