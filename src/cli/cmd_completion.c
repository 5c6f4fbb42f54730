/* SPDX-License-Identifier: Apache-2.0 */
/* completion bash|zsh|fish: scripts made from the tables of commands, options and settings. */
#include "cli.h"

#include <string.h>

/* The first sentence, without its full stop. */
static struct str brief(struct str doc) {
    for (size_t i = 0; i + 1 < doc.n; i++) {
        if (doc.p[i] == '.' && doc.p[i + 1] == ' ') {
            return str_sub(doc, 0, i);
        }
    }
    return str_ends(doc, ".") ? str_sub(doc, 0, doc.n - 1) : doc;
}

/* Text within single quotes, with a backslash before each of `special`. */
static void quoted(FILE *to, struct str text, const char *special, const char *quote) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'') {
            (void)fputs(quote, to);
        } else {
            (void)fprintf(to, strchr(special, text.p[i]) != NULL ? "\\%c" : "%c", text.p[i]);
        }
    }
}

static bool takes_file(const struct option *o) {
    return o->argument != NULL && strcmp(o->argument, "FILE") == 0;
}

static bool is_profile(const struct option *o) {
    return strcmp(o->name, "--profile") == 0;
}

static void words_put(const struct cli *c, const char *const *words, const char *between) {
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        (void)fprintf(c->out, "%s%s", i == 0 ? "" : between, words[i]);
    }
}

static void commands_put(const struct cli *c, const char *between) {
    for (size_t i = 0; command_at(i) != NULL; i++) {
        (void)fprintf(c->out, "%s%s", i == 0 ? "" : between, command_at(i)->name);
    }
}

#define PROFILES "postern configure list 2>/dev/null | cut -f1"

/* ---- bash ---- */

static void bash_values(const struct cli *c, const char *command, const struct option *o) {
    if (o->argument == NULL) {
        return;
    }
    (void)fprintf(c->out, "    '%s %s'", command, o->name);
    if (o->letter != 0) {
        (void)fprintf(c->out, "|'%s -%c'", command, o->letter);
    }
    (void)fputs(") ", c->out);
    if (is_profile(o)) {
        (void)fputs("COMPREPLY=($(compgen -W \"$(" PROFILES ")\" -- \"$cur\"));", c->out);
    } else if (o->values != NULL) {
        (void)fputs("COMPREPLY=($(compgen -W '", c->out);
        words_put(c, o->values, " ");
        (void)fputs("' -- \"$cur\"));", c->out);
    } else if (takes_file(o)) {
        (void)fputs("COMPREPLY=($(compgen -f -- \"$cur\"));", c->out);
    }
    (void)fputs(" return ;;\n", c->out);
}

/* Flags of `command` alone, or (NULL) of every command. */
static void bash_flags(const struct cli *c, const struct command *command) {
    const struct option *o;
    size_t last = command != NULL ? command->options_n : SIZE_MAX;
    for (size_t i = 0; i < last && (o = option_at(c, command, i)) != NULL; i++) {
        (void)fprintf(c->out, "%s%s", i == 0 ? "" : " ", o->name);
    }
}

static void bash_arguments(const struct cli *c) {
    const struct option *o;
    (void)fputs("    case \"$command $prev\" in\n", c->out);
    for (size_t k = 0; command_at(k) != NULL; k++) {
        const struct command *command = command_at(k);
        for (size_t i = 0; i < command->options_n; i++) {
            bash_values(c, command->name, &command->options[i]);
        }
    }
    (void)fputs("    esac\n    case \" $prev\" in\n", c->out);
    for (size_t i = 0; (o = option_at(c, NULL, i)) != NULL; i++) {
        bash_values(c, "", o);
    }
    (void)fputs("    esac\n", c->out);
}

static void bash(const struct cli *c) {
    (void)fputs("# bash completion of postern, made by: postern completion bash\n"
                "_postern() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                "    local command='' flags='' words='' i\n"
                "    COMPREPLY=()\n"
                "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "        case ${COMP_WORDS[i]} in\n        ",
                c->out);
    commands_put(c, "|");
    (void)fputs(") command=${COMP_WORDS[i]}; break ;;\n        esac\n    done\n", c->out);
    bash_arguments(c);
    (void)fputs("    case $command in\n    '') words='", c->out);
    commands_put(c, " ");
    (void)fputs("' ;;\n", c->out);
    for (size_t k = 0; command_at(k) != NULL; k++) {
        const struct command *command = command_at(k);
        (void)fprintf(c->out, "    %s) flags='", command->name);
        bash_flags(c, command);
        (void)fputs("' words='", c->out);
        words_put(c, command->words, " ");
        (void)fputs("' ;;\n", c->out);
    }
    (void)fputs("    esac\n    if [[ $cur == -* ]]; then\n        words=\"$flags ", c->out);
    bash_flags(c, NULL);
    (void)fputs("\"\n    fi\n"
                "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                "}\n"
                "complete -F _postern postern\n",
                c->out);
}

/* ---- zsh ---- */

static void zsh_option(const struct cli *c, const struct option *o, const char *name) {
    (void)fprintf(c->out, "        '*%s[", name);
    quoted(c->out, brief(str_from(o->doc)), "[]:\\", "'\\''");
    (void)fputc(']', c->out);
    if (o->argument != NULL) {
        (void)fputc(':', c->out);
        quoted(c->out, str_from(o->argument), ":\\", "'\\''");
        (void)fputc(':', c->out);
    }
    if (is_profile(o)) {
        (void)fputs("_postern_profiles", c->out);
    } else if (o->values != NULL) {
        (void)fputc('(', c->out);
        words_put(c, o->values, " ");
        (void)fputc(')', c->out);
    } else if (takes_file(o)) {
        (void)fputs("_files", c->out);
    }
    (void)fputs("'\n", c->out);
}

static void zsh_options(const struct cli *c, const struct command *command) {
    const struct option *o;
    size_t last = command != NULL ? command->options_n : SIZE_MAX;
    for (size_t i = 0; i < last && (o = option_at(c, command, i)) != NULL; i++) {
        zsh_option(c, o, o->name);
        if (o->letter != 0) {
            zsh_option(c, o, (char[]){'-', o->letter, '\0'});
        }
    }
}

/* What each command takes besides. */
static void zsh_own(const struct cli *c) {
    for (size_t k = 0; command_at(k) != NULL; k++) {
        const struct command *command = command_at(k);
        (void)fprintf(c->out, "    %s) own=(\n", command->name);
        zsh_options(c, command);
        if (command->words != NULL) {
            (void)fputs("        '1:word:(", c->out);
            words_put(c, command->words, " ");
            (void)fputs(")'\n", c->out);
        }
        (void)fputs("    ) ;;\n", c->out);
    }
}

static void zsh(const struct cli *c) {
    (void)fputs("#compdef postern\n# zsh completion, made by: postern completion zsh\n"
                "_postern_profiles() {\n"
                "    local -a profiles\n"
                "    profiles=(${(f)\"$(" PROFILES ")\"})\n"
                "    _describe profile profiles\n"
                "}\n"
                "_postern() {\n"
                "    local curcontext=\"$curcontext\" state line\n"
                "    local -a every own commands\n"
                "    every=(\n",
                c->out);
    zsh_options(c, NULL);
    (void)fputs("    )\n    commands=(\n", c->out);
    for (size_t k = 0; command_at(k) != NULL; k++) {
        (void)fprintf(c->out, "        '%s:", command_at(k)->name);
        quoted(c->out, str_from(command_at(k)->summary), ":\\", "'\\''");
        (void)fputs("'\n", c->out);
    }
    (void)fputs("    )\n"
                "    _arguments -C $every '1:command:->command' '*::argument:->argument'\n"
                "    case $state in\n"
                "    command) _describe command commands; return ;;\n"
                "    esac\n"
                "    case $words[1] in\n",
                c->out);
    zsh_own(c);
    (void)fputs("    esac\n    _arguments $every $own\n}\n"
                "if [ \"$funcstack[1]\" = _postern ]; then _postern \"$@\"; "
                "else compdef _postern postern; fi\n",
                c->out);
}

/* ---- fish ---- */

static void fish_option(const struct cli *c, const struct command *command,
                        const struct option *o) {
    (void)fputs("complete -c postern", c->out);
    if (command != NULL) {
        (void)fprintf(c->out, " -n '__fish_seen_subcommand_from %s'", command->name);
    }
    (void)fprintf(c->out, " -l %s", o->name + 2);
    if (o->letter != 0) {
        (void)fprintf(c->out, " -s %c", o->letter);
    }
    if (is_profile(o)) {
        (void)fputs(" -xa '(" PROFILES ")'", c->out);
    } else if (o->values != NULL) {
        (void)fputs(" -xa '", c->out);
        words_put(c, o->values, " ");
        (void)fputs("'", c->out);
    } else if (o->argument != NULL) {
        (void)fputs(takes_file(o) ? " -rF" : " -x", c->out);
    }
    (void)fputs(" -d '", c->out);
    quoted(c->out, brief(str_from(o->doc)), "\\", "\\'");
    (void)fputs("'\n", c->out);
}

static void fish(const struct cli *c) {
    const struct option *o;
    (void)fputs("# fish completion of postern, made by: postern completion fish\n"
                "complete -c postern -f\n",
                c->out);
    for (size_t k = 0; command_at(k) != NULL; k++) {
        const struct command *command = command_at(k);
        (void)fprintf(c->out, "complete -c postern -n __fish_use_subcommand -a %s -d '",
                      command->name);
        quoted(c->out, str_from(command->summary), "\\", "\\'");
        (void)fputs("'\n", c->out);
        if (command->words != NULL) {
            (void)fprintf(c->out, "complete -c postern -n '__fish_seen_subcommand_from %s' -a '",
                          command->name);
            words_put(c, command->words, " ");
            (void)fputs("'\n", c->out);
        }
        for (size_t i = 0; i < command->options_n; i++) {
            fish_option(c, command, &command->options[i]);
        }
    }
    for (size_t i = 0; (o = option_at(c, NULL, i)) != NULL; i++) {
        fish_option(c, NULL, o);
    }
}

int cmd_completion(struct cli *c) {
    static const struct {
        const char *shell;
        void (*write)(const struct cli *);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < COUNT_OF(shells); i++) {
        if (strcmp(c->words[0], shells[i].shell) == 0) {
            shells[i].write(c);
        }
    }
    return EXIT_OK;
}
