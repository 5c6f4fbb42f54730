/* SPDX-License-Identifier: Apache-2.0 */
/* help [COMMAND|settings], --help: made from the tables. */
#include "cli.h"

#include <string.h>

#define WIDTH 80
#define LEFT  6

/* Indented, broken between words. */
static void paragraph(FILE *to, struct str text) {
    struct str word;
    size_t column = 0;
    while (str_next(&text, ' ', &word)) {
        bool fits = column > 0 && column + 1 + word.n <= WIDTH;
        const char *before = fits ? " " : column == 0 ? "      " : "\n      ";
        (void)fprintf(to, "%s%.*s", before, STR_ARG(word));
        column = fits ? column + 1 + word.n : LEFT + word.n;
    }
    (void)fputc('\n', to);
}

static void option_print(const struct cli *c, const struct option *o) {
    (void)fputs("  ", c->out);
    if (o->letter != 0) {
        (void)fprintf(c->out, "-%c, ", o->letter);
    }
    (void)fprintf(c->out, "%s%s%s\n", o->name, o->argument != NULL ? " " : "",
                  o->argument != NULL ? o->argument : "");
    paragraph(c->out, str_from(o->doc));
    if (o->setting != NULL && *o->setting->variables != '\0') {
        (void)fprintf(c->out, "      %s", o->setting->variables);
        (void)fprintf(c->out, *o->setting->otherwise != '\0' ? "; default %s\n" : "%s\n",
                      o->setting->otherwise);
    }
}

static void heading(const struct cli *c, const char *text) {
    (void)fprintf(c->out, "\n%s\n", cli_styled(c, STYLE_BOLD, str_from(text)));
}

static void options_print(const struct cli *c, const struct command *command) {
    size_t own = command != NULL ? command->options_n : 0;
    const struct option *o;
    for (size_t i = own; (o = option_at(c, command, i)) != NULL && o->setting == NULL; i++) {
        if (i == own) {
            heading(c, "Flags of every command");
        }
        option_print(c, o);
    }
    heading(c, "Settings");
    (void)fprintf(c->out,
                  "  Each is a flag too (--issuer, --client-id, ...): postern help settings, "
                  "or man\n  postern-profile\n");
}

static void settings_print(const struct cli *c) {
    heading(c, "Settings (flag, variables): these win over profile and environment");
    for (size_t i = 0; i < c->settings_n; i++) {
        option_print(c, &c->settings[i]);
    }
}

/* What the command has of its own comes first. */
static void command_print(const struct cli *c, const struct command *command) {
    struct str lines = str_from(command->examples), line;
    (void)fprintf(c->out, "Usage: postern %s%s%s [FLAGS]\n", command->name,
                  *command->arguments != '\0' ? " " : "", command->arguments);
    paragraph(c->out, str_from(command->summary));
    if (command->options_n > 0) {
        heading(c, "Flags");
    }
    for (size_t i = 0; i < command->options_n; i++) {
        option_print(c, &command->options[i]);
    }
    heading(c, "Examples");
    while (str_next(&lines, '\n', &line)) {
        (void)fprintf(c->out, "  %.*s\n", STR_ARG(line));
    }
}

static void commands_print(const struct cli *c) {
    heading(c, "Commands");
    for (size_t i = 0; command_at(i) != NULL; i++) {
        (void)fprintf(c->out, "  %-12s %s\n", command_at(i)->name, command_at(i)->summary);
    }
}

void help_print(const struct cli *c, const struct command *command) {
    if (command == NULL) {
        (void)fprintf(c->out, "Usage: postern COMMAND [FLAGS]\n");
        commands_print(c);
    } else {
        command_print(c, command);
    }
    options_print(c, command);
    (void)fprintf(c->out, "\nExit status: 0 done; 1 another failure; 2 usage; 3 authentication; "
                          "4 denied;\n5 network; 6 the server; 130 interrupted. The manual: man "
                          "postern, man\npostern-profile\n");
}

int cmd_help(struct cli *c) {
    if (c->words_n == 0) {
        help_print(c, NULL);
        (void)fprintf(c->out, "\nBegin with: postern configure && postern whoami\n");
        return EXIT_OK;
    }
    struct str word = str_from(c->words[0]);
    if (str_is(word, "settings")) {
        settings_print(c);
        return EXIT_OK;
    }
    const struct command *command = command_find(word);
    if (command == NULL) {
        struct nearest n = {.word = word};
        nearest_offer(&n, "settings");
        for (size_t i = 0; command_at(i) != NULL; i++) {
            nearest_offer(&n, command_at(i)->name);
        }
        return cli_usage(c, "There is no command '%.60s'. %s%s%s", c->words[0],
                         n.name != NULL ? "Did you mean " : "Try: postern help",
                         n.name != NULL ? n.name : "", n.name != NULL ? "?" : "");
    }
    help_print(c, command);
    return EXIT_OK;
}
