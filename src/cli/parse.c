/* SPDX-License-Identifier: Apache-2.0 */
/* The reading of the command line against the tables. Mistakes name what was probably meant. */
#include "cli.h"

#include <string.h>

/* "--client-id" of "client_id". */
static const char *flag_of(struct arena *a, const char *setting) {
    struct str flag = str_format(a, "--%s", setting);
    char *z = str_z(a, flag);
    for (char *p = z; *p != '\0'; p++) {
        *p = *p == '_' ? '-' : *p;
    }
    return z;
}

void cli_init(struct cli *c, struct ctx *cx) {
    c->cx = cx;
    while (postern_setting_at(c->settings_n) != NULL) {
        c->settings_n++;
    }
    struct option *options = NEW_ARRAY(cx->arena, c->settings_n, struct option);
    for (size_t i = 0; i < c->settings_n; i++) {
        const struct postern_setting_info *s = postern_setting_at(i);
        bool file = str_ends(str_from(s->name), "_file");
        options[i] = (struct option){.name = flag_of(cx->arena, s->name),
                                     .argument = file ? "FILE" : "VALUE",
                                     .doc = s->doc,
                                     .setting = s};
    }
    c->settings = options;
    c->progress = NEW(cx->arena, bool);
}

struct reader {
    int argc, at;
    char *const *argv;
    bool words_only; /* after "--" */
};

static const struct option *option_find(const struct cli *c, struct str name, char letter) {
    const struct option *o;
    for (size_t i = 0; (o = option_at(c, c->command, i)) != NULL; i++) {
        if (letter != 0 ? o->letter == letter : str_is(name, o->name)) {
            return o;
        }
    }
    return NULL;
}

static bool is_of(const char *const *values, struct str word) {
    for (size_t i = 0; values[i] != NULL; i++) {
        if (str_is(word, values[i])) {
            return true;
        }
    }
    return false;
}

static int option_unknown(const struct cli *c, struct str name) {
    struct nearest n = {.word = name};
    const struct option *o;
    for (size_t i = 0; (o = option_at(c, c->command, i)) != NULL; i++) {
        nearest_offer(&n, o->name);
    }
    const char *of = c->command != NULL ? c->command->name : "before the command";
    struct str bare = str_sub(name, 2, name.n);
    name = str_sub(name, 0, 60);
    if (c->command != NULL && c->command->words != NULL && is_of(c->command->words, bare)) {
        return cli_usage(c, "There is no flag %.*s of %s. Did you mean: postern %s %.*s?",
                         STR_ARG(name), of, of, STR_ARG(bare));
    }
    if (n.name != NULL) {
        return cli_usage(c, "There is no flag %.*s %s%s. Did you mean %s?", STR_ARG(name),
                         c->command != NULL ? "of " : "", of, n.name);
    }
    return cli_usage(c, "There is no flag %.*s %s%s. Try: postern help%s%s", STR_ARG(name),
                     c->command != NULL ? "of " : "", of, c->command != NULL ? " " : "",
                     c->command != NULL ? c->command->name : "");
}

/* "api, auth, acd or issuer" */
static struct str list_of(struct arena *a, const char *const *values) {
    struct buf b = buf_in(a, 64);
    for (size_t i = 0; values[i] != NULL; i++) {
        buf_z(&b, i == 0 ? "" : values[i + 1] == NULL ? " or " : ", ");
        buf_z(&b, values[i]);
    }
    return buf_view(&b);
}

static int value_unknown(const struct cli *c, const char *of, struct str word,
                         const char *const *values) {
    struct nearest n = {.word = word};
    for (size_t i = 0; values[i] != NULL; i++) {
        nearest_offer(&n, values[i]);
    }
    return cli_usage(c, "%s takes %.*s, not '%.*s'.%s%s%s", of,
                     STR_ARG(list_of(c->cx->arena, values)), STR_ARG(str_sub(word, 0, 60)),
                     n.name != NULL ? " Did you mean " : "", n.name != NULL ? n.name : "",
                     n.name != NULL ? "?" : "");
}

static int option_given(struct cli *c, const struct option *o, const char *value) {
    if (c->given_n == GIVEN_MAX) {
        return cli_usage(c, "More than %d flags.", GIVEN_MAX);
    }
    if (o->values != NULL && !is_of(o->values, str_from(value))) {
        return value_unknown(c, o->name, str_from(value), o->values);
    }
    c->given[c->given_n++] = (struct given){.option = o, .value = value};
    c->json = c->json || strcmp(o->name, "--json") == 0;
    c->verbose = c->verbose || strcmp(o->name, "--verbose") == 0;
    c->color = c->color && strcmp(o->name, "--no-color") != 0;
    return EXIT_OK;
}

/* "--name", "--name=value", "-n", "-nvalue" */
static int option_parse(struct cli *c, struct reader *r, const char *z) {
    struct str word = str_from(z), name = word;
    const char *value = NULL;
    char letter = word.p[1] != '-' ? word.p[1] : '\0';
    if (letter != 0) {
        name = str_sub(word, 0, 2);
        value = word.n > 2 ? z + 2 : NULL;
    } else if (str_find_char(word, '=') < word.n) {
        name = str_sub(word, 0, str_find_char(word, '='));
        value = z + name.n + 1;
    }
    const struct option *o = option_find(c, name, letter);
    if (o == NULL) {
        return option_unknown(c, name);
    }
    if (o->argument == NULL && value != NULL) {
        return cli_usage(c, "%s takes no value.", o->name);
    }
    if (o->argument != NULL && value == NULL) {
        if (r->at == r->argc) {
            return cli_usage(c, "%s needs a value: %s %s", o->name, o->name, o->argument);
        }
        value = r->argv[r->at++];
    }
    return option_given(c, o, value);
}

static int command_parse(struct cli *c, struct str word) {
    c->command = command_find(word);
    if (c->command != NULL) {
        return EXIT_OK;
    }
    struct nearest n = {.word = word};
    for (size_t i = 0; command_at(i) != NULL; i++) {
        nearest_offer(&n, command_at(i)->name);
    }
    word = str_sub(word, 0, 60);
    if (n.name != NULL) {
        return cli_usage(c, "There is no command '%.*s'. Did you mean %s?", STR_ARG(word), n.name);
    }
    return cli_usage(c, "There is no command '%.*s'. Try: postern help", STR_ARG(word));
}

/* " [METHOD] PATH"; "" without arguments. */
static const char *usage_of(const struct cli *c) {
    const char *arguments = c->command->arguments;
    struct arena *a = c->cx->arena;
    return *arguments != '\0' ? str_z(a, str_format(a, " %s", arguments)) : "";
}

static int word_parse(struct cli *c, const char *z) {
    struct str word = str_from(z);
    if (c->command == NULL) {
        return command_parse(c, word);
    }
    if (c->words_n == c->command->words_max || c->words_n == WORDS_MAX) {
        return cli_usage(c, "%s does not take '%.*s'. Write: postern %s%s", c->command->name,
                         STR_ARG(str_sub(word, 0, 60)), c->command->name, usage_of(c));
    }
    if (c->words_n == 0 && c->command->words != NULL && !is_of(c->command->words, word)) {
        return value_unknown(c, c->command->name, word, c->command->words);
    }
    c->words[c->words_n++] = z;
    return EXIT_OK;
}

static int complete(const struct cli *c) {
    if (cli_has(c, "--help") || cli_has(c, "--version")) {
        return EXIT_OK;
    }
    if (c->command == NULL) {
        return cli_usage(c, "Say which command. Try: postern help");
    }
    if (c->words_n < c->command->words_min) {
        return cli_usage(c, "Write: postern %s%s", c->command->name, usage_of(c));
    }
    if (c->json && !c->command->json) {
        return cli_usage(c, "%s has no --json.", c->command->name);
    }
    return EXIT_OK;
}

int cli_parse(struct cli *c, int argc, char *const *argv) {
    struct reader r = {.argc = argc, .argv = argv};
    while (r.at < argc) {
        const char *z = argv[r.at++];
        int status;
        if (!r.words_only && strcmp(z, "--") == 0) {
            r.words_only = true;
            continue;
        }
        if (!r.words_only && z[0] == '-' && z[1] != '\0') { /* "-" alone is standard input */
            status = option_parse(c, &r, z);
        } else {
            status = word_parse(c, z);
        }
        if (status != EXIT_OK) {
            return status;
        }
    }
    return complete(c);
}

const char *cli_value_at(const struct cli *c, const char *option, size_t i) {
    for (int k = 0; k < c->given_n; k++) {
        if (strcmp(c->given[k].option->name, option) == 0 && i-- == 0) {
            return c->given[k].value;
        }
    }
    return NULL;
}

bool cli_has(const struct cli *c, const char *option) {
    for (int k = 0; k < c->given_n; k++) {
        if (strcmp(c->given[k].option->name, option) == 0) {
            return true;
        }
    }
    return false;
}

const char *cli_value(const struct cli *c, const char *option) {
    for (int k = c->given_n; k > 0; k--) {
        if (strcmp(c->given[k - 1].option->name, option) == 0) {
            return c->given[k - 1].value;
        }
    }
    return NULL;
}

bool cli_number(struct cli *c, const char *option, int64_t least, int64_t most, int64_t *ret) {
    const char *text = cli_value(c, option);
    int64_t n;
    if (text == NULL) {
        return true;
    }
    if (!str_int(str_from(text), &n) || n < least || n > most) {
        (void)cli_usage(c, "%s takes a number from %lld to %lld.", option, (long long)least,
                        (long long)most);
        return false;
    }
    *ret = n;
    return true;
}

/* "--client-secret-file FILE or POSTERN_CLIENT_SECRET": what hides a secret from others. */
static struct str instead_of(const struct cli *c, const struct postern_setting_info *s) {
    struct str variables = str_from(s->variables), first = STR_NONE;
    (void)str_next(&variables, ' ', &first);
    struct str file = str_format(c->cx->arena, "%s_file", s->name);
    for (size_t i = 0; i < c->settings_n; i++) {
        if (str_is(file, c->settings[i].setting->name)) {
            return str_format(c->cx->arena, "%s FILE or the variable %.*s", c->settings[i].name,
                              STR_ARG(first));
        }
    }
    return str_format(c->cx->arena, "the variable %.*s", STR_ARG(first));
}

/* All of some settings, and what may stand in a proxy's address: http://user:password@host. */
static bool is_secret(const struct given *g) {
    const struct postern_setting_info *s = g->option->setting;
    return s != NULL &&
           (s->secret != 0 || (strcmp(s->name, "proxy") == 0 && strchr(g->value, '@') != NULL));
}

void cli_warn_secrets(const struct cli *c) {
    for (int i = 0; i < c->given_n; i++) {
        const struct option *o = c->given[i].option;
        if (is_secret(&c->given[i])) {
            cli_note(c,
                     "warning: other users of this machine can read %s in the list of processes; "
                     "use %.*s.",
                     o->name, STR_ARG(instead_of(c, o->setting)));
        }
    }
}
