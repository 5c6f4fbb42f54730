/* SPDX-License-Identifier: Apache-2.0 */
/* The commands table, the reading of the command line against it and the settings table, and --help
 * made from both. */
#include "posternd.h"

#include <string.h>

/* clang-format off */
static const struct command commands[] = {
    {"serve", "", "answer requests until SIGTERM", 0, 0, false, cmd_serve},
    {"plan", "FILE", "print what apply would change; change nothing", 1, 1, true, cmd_plan},
    {"apply", "FILE", "bring the database to what FILE declares, in one transaction", 1, 1, true, cmd_apply},
    {"check", "", "settings, database, master key, signing keys and address: is all well?", 0, 0, true, cmd_check},
    {"keys", "list|rotate", "show signing keys, or retire the active one for the next (--environment, --alg)", 1, 1, true, cmd_keys},
    {"generate-key", "USER", "a basic token for USER, good once, to make the first access key with", 1, 1, true, cmd_generate_key},
    {"reset-password", "USER", "a link, good once, with which USER sets another password, which takes a lock away too", 1, 1, true, cmd_reset_password},
    {"reset-second-factor", "USER", "take USER's second factor and recovery codes away, and end its sign-ins", 1, 1, true, cmd_reset_second_factor},
    {"invite", "USER", "a link, good once, with which USER sets a first password; and the mail with it (--language)", 1, 1, true, cmd_invite},
    {"dev-cert", "", "a local authority and a TLS certificate for this machine (--dir, --host)", 0, 0, false, cmd_dev_cert},
    {"edge-config", "", "print nginx's configuration for the TLS front; --listen is where nginx listens", 0, 0, false, cmd_edge_config},
    {"help", "[declaration|COMMAND]", "this text, how a declaration FILE is written, or a command is used", 0, 1, false, cmd_help},
};
/* Flags that are no settings. */
static const struct {
    const char *flag, *argument, *doc;
} further[] = {
    {"--config", "FILE", "read settings from FILE (POSTERN_CONFIG); /etc/postern/posternd.conf is read if it exists"},
    {"--environment", "NAME", "keys, generate-key, reset-password, reset-second-factor, invite: which environment; without it all, or the default one"},
    {"--language", "TAG", "invite: of the mail: en (default), de, es, fr or ja"},
    {"--alg", "NAME", "keys rotate: RS256 (default), ES256 or EdDSA"},
    {"--dir", "DIR", "dev-cert: where ca.pem, server.pem and server.key are; var/edge"},
    {"--host", "NAME,...", "dev-cert: hosts besides localhost, 127.0.0.1 and ::1"},
    {"--server-name", "NAME,...", "edge-config: the only hosts that are answered; without it all"},
    {"--certificate", "FILE", "edge-config: the chain in PEM; var/edge/server.pem"},
    {"--key", "FILE", "edge-config: its key; var/edge/server.key"},
    {"--upstream", "ADDRESS", "edge-config: where posternd listens, unix:PATH or HOST:PORT; without it the setting listen"},
    {"--run-dir", "DIR", "edge-config: where nginx keeps its pid, logs and temporary files; var/edge"},
    {"--user", "NAME", "edge-config: whom nginx's workers run as if root starts it"},
    {"--json", NULL, "plan, apply, check, keys, generate-key, reset-password, reset-second-factor, invite: print JSON"},
    {"--help", NULL, "this text"},
    {"--version", NULL, "print the version"},
};
/* clang-format on */

const struct command *command_at(size_t i) {
    return i < COUNT_OF(commands) ? &commands[i] : NULL;
}

const struct command *command_find(struct str name) {
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (str_is(name, commands[i].name)) {
            return &commands[i];
        }
    }
    return NULL;
}

struct str command_meant(struct ctx *cx, struct str word) {
    struct nearest n = {.word = word};
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        nearest_offer(&n, commands[i].name);
    }
    return n.name != NULL ? str_format(cx->arena, " Did you mean %s?", n.name) : STR("");
}

#define HELP_WIDTH 80

/* Indented, broken between words. */
static void help_text(FILE *to, struct str text) {
    struct str word;
    size_t column = 0;
    while (str_next(&text, ' ', &word)) {
        bool fits = column > 0 && column + 1 + word.n <= HELP_WIDTH;
        (void)fprintf(to, "%s%.*s",
                      fits          ? " "
                      : column == 0 ? "      "
                                    : "\n      ",
                      STR_ARG(word));
        column = fits ? column + 1 + word.n : 6 + word.n;
    }
    (void)fprintf(to, "\n");
}

static void help_row(FILE *to, const char *flag, const char *argument, struct str doc) {
    (void)fprintf(to, "  %s%s%s\n", flag, argument != NULL ? " " : "",
                  argument != NULL ? argument : "");
    help_text(to, doc);
}

/* "keys, generate-key: which environment": whether a flag is for the command; `ret_doc` without
 * whom it is for. */
static bool flag_is_for(const char *doc, const struct command *command, struct str *ret_doc) {
    struct str text = str_from(doc), part;
    size_t at = str_find_char(text, ':');
    struct str names = str_sub(text, 0, at);
    *ret_doc = at < text.n ? str_trim(str_sub(text, at + 1, text.n)) : text;
    while (at < text.n && str_next(&names, ',', &part)) {
        part = str_trim(part);
        if (str_is(str_sub(part, 0, str_find_char(part, ' ')), command->name)) {
            return true;
        }
    }
    return at == text.n; /* of every command */
}

static void command_help_print(FILE *to, const struct command *command) {
    struct str doc;
    (void)fprintf(to, "Usage: posternd %s%s%s [FLAGS]\n", command->name,
                  *command->arguments != '\0' ? " " : "", command->arguments);
    help_text(to, str_from(command->summary));
    (void)fprintf(to, "\nFlags:\n");
    for (size_t i = 0; i < COUNT_OF(further); i++) {
        if (flag_is_for(further[i].doc, command, &doc)) {
            help_row(to, further[i].flag, further[i].argument, doc);
        }
    }
    (void)fprintf(to,
                  "\nEach setting is a flag too: posternd --help lists them, and posternd(8).\n");
}

void help_print(FILE *to, const struct command *command) {
    if (command != NULL) {
        command_help_print(to, command);
        return;
    }
    (void)fprintf(to, "Usage: posternd COMMAND [FLAGS]\n\nCommands:\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct {
            char text[32];
        } left = {{0}};
        (void)snprintf(left.text, sizeof left.text, "%s %s", commands[i].name,
                       commands[i].arguments);
        (void)fprintf(to, "  %-22s %s\n", left.text, commands[i].summary);
    }
    (void)fprintf(to, "\nFlags:\n");
    for (size_t i = 0; i < COUNT_OF(further); i++) {
        help_row(to, further[i].flag, further[i].argument, str_from(further[i].doc));
    }
    (void)fprintf(to, "\nSettings (flag, name in the file, variable, default):\n");
    for (size_t i = 0; setting_at(i) != NULL; i++) {
        const struct setting *s = setting_at(i);
        (void)fprintf(to, "  %s%s%s\n      %s, %s, default %s%s\n", s->flag,
                      s->argument != NULL ? " " : "",
                      s->argument != NULL ? s->argument : "[=on|off]", s->name, s->variable,
                      s->otherwise, s->reloads ? "; SIGHUP re-reads it" : "");
        help_text(to, str_from(s->doc));
    }
    (void)fprintf(to,
                  "\nExit status: 0 done; 1 it failed, and the message says why; 2 the command "
                  "line is wrong;\n70 serve met a commit whose outcome is unknown: start it "
                  "again.\n\nBegin with: posternd apply examples/demo.json && posternd serve\n");
}

/* The value of a flag: after its '=', or the next argument. */
struct reader {
    int argc, at;
    char **argv;
};

static err flag_value(struct ctx *cx, struct reader *r, struct str flag, struct str inline_value,
                      struct str *ret) {
    if (inline_value.p != NULL) {
        *ret = inline_value;
        return OK;
    }
    if (r->at >= r->argc) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%.*s needs a value.", STR_ARG(flag));
    }
    *ret = str_from(r->argv[r->at++]);
    return OK;
}

static err setting_flag(struct invocation *in, struct reader *r, const struct setting *s,
                        struct str inline_value) {
    struct config_flag f = {.setting = s, .value = inline_value};
    if (s->type == SETTING_BOOL && inline_value.p == NULL) {
        f.value = STR("on"); /* --behind-front alone */
    } else {
        TRY(flag_value(in->cx, r, str_from(s->flag), inline_value, &f.value));
    }
    if (in->sources.flags_n == ARGUMENTS_MAX) {
        return fail_say(in->cx, ERR_INVALID_REQUEST, "More than %d flags.", ARGUMENTS_MAX);
    }
    in->flags[in->sources.flags_n++] = f;
    return OK;
}

static err text_flag(struct invocation *in, struct reader *r, struct str flag,
                     struct str inline_value, const char **to) {
    struct str v;
    TRY(flag_value(in->cx, r, flag, inline_value, &v));
    *to = str_z(in->cx->arena, v);
    return OK;
}

/* Where the value of a flag with text goes; NULL if there is no such flag. */
static const char **text_of(struct invocation *in, struct str flag) {
    const struct {
        const char *flag;
        const char **to;
    } texts[] = {
        {"--config", &in->sources.file},
        {"--environment", &in->environment},
        {"--alg", &in->alg},
        {"--language", &in->language},
        {"--dir", &in->dir},
        {"--host", &in->hosts},
        {"--server-name", &in->server_name},
        {"--certificate", &in->certificate},
        {"--key", &in->certificate_key},
        {"--upstream", &in->upstream},
        {"--run-dir", &in->run_dir},
        {"--user", &in->user},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (str_is(flag, texts[i].flag)) {
            return texts[i].to;
        }
    }
    return NULL;
}

static err flag_parse(struct invocation *in, struct reader *r, struct str text) {
    size_t at = str_find_char(text, '=');
    struct str flag = str_sub(text, 0, at);
    struct str value = at < text.n ? str_sub(text, at + 1, text.n) : STR_NONE;
    if (at + 1 == text.n) {
        value = STR("");
    }
    const struct setting *s = setting_by_flag(flag);
    if (s != NULL) {
        return setting_flag(in, r, s, value);
    }
    const char **to = text_of(in, flag);
    if (to != NULL) {
        return text_flag(in, r, flag, value, to);
    }
    const struct {
        const char *flag;
        bool *to;
    } switches[] = {{"--json", &in->json},
                    {"--help", &in->help},
                    {"-h", &in->help},
                    {"--version", &in->version},
                    {"-V", &in->version}};
    for (size_t i = 0; i < COUNT_OF(switches); i++) {
        if (str_is(text, switches[i].flag)) {
            *switches[i].to = true;
            return OK;
        }
    }
    return fail_say(in->cx, ERR_INVALID_REQUEST, "There is no flag %.*s.",
                    STR_ARG(str_sub(flag, 0, 60)));
}

static err word_parse(struct invocation *in, struct str word, const char *z) {
    if (in->command == NULL) {
        in->command = command_find(word);
        if (in->command == NULL) {
            return fail_say(in->cx, ERR_INVALID_REQUEST, "There is no command '%.*s'.%.*s",
                            STR_ARG(str_sub(word, 0, 60)), STR_ARG(command_meant(in->cx, word)));
        }
        return OK;
    }
    if (in->arguments_n == in->command->arguments_max) {
        return fail_say(in->cx, ERR_INVALID_REQUEST, "%s does not take '%.*s'.", in->command->name,
                        STR_ARG(str_sub(word, 0, 60)));
    }
    in->arguments[in->arguments_n++] = z;
    return OK;
}

err command_line_parse(struct invocation *in, int argc, char **argv) {
    struct reader r = {.argc = argc, .argv = argv};
    in->sources.flags = in->flags;
    while (r.at < argc) {
        const char *z = argv[r.at++];
        struct str word = str_from(z);
        if (word.n > 1 && word.p[0] == '-') { /* "-" alone is standard input */
            TRY(flag_parse(in, &r, word));
        } else {
            TRY(word_parse(in, word, z));
        }
    }
    if (in->help || in->version) {
        return OK;
    }
    if (in->command == NULL) {
        return fail_say(in->cx, ERR_INVALID_REQUEST, "Say which command.");
    }
    if (in->arguments_n < in->command->arguments_min) {
        return fail_say(in->cx, ERR_INVALID_REQUEST, "Write: posternd %s %s", in->command->name,
                        in->command->arguments);
    }
    if (in->json && !in->command->json) {
        return fail_say(in->cx, ERR_INVALID_REQUEST, "%s has no --json.", in->command->name);
    }
    return OK;
}

int command_failed(const struct invocation *in, err code) {
    const struct ctx *cx = in->cx;
    /* The operator may read the detail that a client may not. */
    bool detailed = cx->failure.code == code && cx->failure.detail[0] != '\0';
    (void)fprintf(stderr, "posternd: %s\n", detailed ? cx->failure.detail : err_info(code)->text);
    return POSTERND_EXIT_FAILURE;
}

void secret_print(const struct invocation *in, const char *name, struct str secret,
                  int64_t seconds) {
    if (!in->json) {
        (void)printf("%.*s\n", STR_ARG(secret));
        return;
    }
    struct buf b = buf_in(in->cx->arena, secret.n + 64);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_str(&j, name, secret);
    json_put_int(&j, "expiresIn", seconds);
    json_close_object(&j);
    (void)printf("%.*s\n", STR_ARG(buf_view(&b)));
}
