/* SPDX-License-Identifier: Apache-2.0 */
/* configure: writes a profile from answers, flags or the environment; lists, shows, deletes. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS_MAX 64

struct draft {
    struct cli *c;
    const char *name;
    struct postern *before; /* the profile as it was; NULL: there is none */
    struct postern_setting v[SETTINGS_MAX];
    size_t n;
};

static const char *profile_name(const struct cli *c) {
    const char *name = cli_value(c, "--profile");
    if (name == NULL) {
        name = getenv("POSTERN_PROFILE");
    }
    return name != NULL && *name != '\0' ? name : "default";
}

static const char *draft_get(const struct draft *d, const char *name) {
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->v[i].name, name) == 0) {
            return d->v[i].value;
        }
    }
    return NULL;
}

static void draft_set(struct draft *d, const char *name, const char *value) {
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->v[i].name, name) == 0) {
            d->v[i].value = value;
            return;
        }
    }
    if (d->n < SETTINGS_MAX) {
        d->v[d->n++] = (struct postern_setting){.name = name, .value = value};
    }
}

static const char *variable_of(const struct cli *c, const struct postern_setting_info *s) {
    struct str names = str_from(s->variables), name;
    while (str_next(&names, ' ', &name)) {
        const char *value = getenv(str_z(c->cx->arena, name));
        if (value != NULL && *value != '\0') {
            return value;
        }
    }
    return NULL;
}

/* Flags win over the environment. */
static void from_line(struct draft *d) {
    const struct cli *c = d->c;
    for (size_t i = 0; i < c->settings_n && cli_has(c, "--from-environment"); i++) {
        const struct postern_setting_info *s = c->settings[i].setting;
        const char *value = variable_of(c, s);
        if (value != NULL) {
            draft_set(d, s->name, value);
        }
    }
    for (int i = 0; i < c->given_n; i++) {
        if (c->given[i].option->setting != NULL) {
            draft_set(d, c->given[i].option->setting->name, c->given[i].value);
        }
    }
}

/* ---- questions ---- */

static const struct {
    const char *setting, *question, *otherwise;
    bool secret;
} questions[] = {
    {"issuer", "Issuer", "https://cxone.niceincontact.com", false},
    {"client_id", "Client id of the application", "", false},
    {"client_secret", "Client secret (not shown; empty: none)", "", true},
    {"access_key_id", "Access key id (empty: none)", "", false},
    {"access_key_secret", "Access key secret (not shown)", "", true},
};

/* What the profile said before is offered again; secrets are asked anew. */
static const char *offered(const struct draft *d, size_t i) {
    const char *from = NULL;
    if (questions[i].secret) {
        return NULL;
    }
    const char *value =
        d->before != NULL ? postern_setting(d->before, questions[i].setting, &from) : NULL;
    bool profile = from != NULL && str_starts(str_from(from), "profile");
    return value != NULL && profile ? value : questions[i].otherwise;
}

static bool ask(struct draft *d, size_t i) {
    const char *value = cli_prompt(d->c, questions[i].question, offered(d, i), questions[i].secret);
    if (value != NULL && *value != '\0') {
        draft_set(d, questions[i].setting, value);
    }
    return value != NULL;
}

static bool ask_all(struct draft *d) {
    (void)fprintf(d->c->err, "%s profile %s. Enter keeps what stands in brackets.\n",
                  d->before != NULL ? "Replacing" : "New",
                  cli_styled(d->c, STYLE_PLAIN, str_from(d->name)));
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        bool keyless = strcmp(questions[i].setting, "access_key_secret") == 0 &&
                       draft_get(d, "access_key_id") == NULL;
        if (!keyless && !ask(d, i)) {
            return false;
        }
    }
    if (draft_get(d, "client_id") != NULL && draft_get(d, "client_secret") == NULL &&
        draft_get(d, "access_key_id") == NULL) {
        draft_set(d, "grant", "authorization_code"); /* without secrets a person has to sign in */
    }
    return true;
}

/* With flags only a secret that must be there and is not. */
static bool ask_secrets(struct draft *d) {
    static const char *const instead[] = {"client_secret", "client_secret_file", "private_key_file",
                                          "auth_method"};
    bool proven = draft_get(d, "client_id") == NULL;
    for (size_t i = 0; i < COUNT_OF(instead); i++) {
        proven = proven || draft_get(d, instead[i]) != NULL;
    }
    const char *grant = draft_get(d, "grant");
    proven = proven || (grant != NULL && strcmp(grant, "authorization_code") == 0);
    bool keyed = draft_get(d, "access_key_id") == NULL ||
                 draft_get(d, "access_key_secret") != NULL ||
                 draft_get(d, "access_key_secret_file") != NULL;
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        bool missing =
            (!proven && strcmp(questions[i].setting, "client_secret") == 0) ||  /* public: a name */
            (!keyed && strcmp(questions[i].setting, "access_key_secret") == 0); /* public: a name */
        if (missing && !ask(d, i)) {
            return false;
        }
    }
    return true;
}

static int fill(struct draft *d) {
    bool person = isatty(STDIN_FILENO) != 0;
    from_line(d);
    if (d->n == 0 && !person) {
        return cli_usage(d->c, "There is no terminal to ask on: give the settings as flags "
                               "(--issuer, --client-id, --client-secret-file, ...) or with "
                               "--from-environment.");
    }
    if (person && !(d->n == 0 ? ask_all(d) : ask_secrets(d))) {
        return cli_error(d->c, EXIT_CANCELLED, "Nothing was written.");
    }
    return EXIT_OK;
}

static bool signs_in(const struct draft *d) {
    const char *grant = draft_get(d, "grant");
    return grant != NULL && strcmp(grant, "authorization_code") == 0;
}

static int write_profile(struct cli *c) {
    struct draft *d = NEW(c->cx->arena, struct draft);
    struct postern *after;
    d->c = c;
    d->name = profile_name(c);
    if (cli_open_profile(c, d->name, 0, &d->before) != POSTERN_OK) {
        d->before = NULL;
    }
    int status = fill(d);
    if (status != EXIT_OK) {
        return status;
    }
    if (postern_profile_write(NULL, d->name, d->v, d->n) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    if (cli_open_profile(c, d->name, 0, &after) != POSTERN_OK) {
        cli_note(c, "The profile is written, but not complete: %s", postern_error_message());
    }
    const char *shown = cli_styled(c, STYLE_PLAIN, str_from(d->name));
    if (c->json) {
        struct buf b = buf_in(c->cx->arena, 128);
        struct json_out j = json_to(&b);
        json_open_object(&j, NULL);
        json_put_z(&j, "profile", d->name);
        json_put_bool(&j, "replaced", d->before != NULL);
        json_close_object(&j);
        cli_json(c, buf_view(&b));
        return EXIT_OK;
    }
    bool plain = strcmp(d->name, "default") == 0;
    const char *next = signs_in(d) ? "login" : "whoami";
    (void)fprintf(c->out, "%s profile %s. Next: postern %s%s%s%s\n",
                  d->before != NULL ? "Replaced" : "Wrote", shown, plain ? "" : "--profile ",
                  plain ? "" : shown, plain ? "" : " ", next);
    return EXIT_OK;
}

/* ---- list, show, delete ---- */

struct list {
    struct cli *c;
    struct cell cells[3 * 500];
    size_t rows;
};

static int list_each(void *user, const char *name) {
    struct list *l = user;
    struct cell *row = l->cells + l->rows * 3;
    struct postern *client;
    if ((l->rows + 1) * 3 > COUNT_OF(l->cells)) {
        return 1;
    }
    const char *copy = str_z(l->c->cx->arena, str_from(name));
    row[0] = CELL_STYLED(STYLE_NAME, copy);
    if (cli_open_profile(l->c, copy, 0, &client) != POSTERN_OK) {
        row[1] = CELL_STYLED(STYLE_BAD, "problem");
        row[2].text = str_copy(l->c->cx->arena, str_from(postern_error_message()));
    } else {
        const char *issuer = postern_setting(client, "issuer", NULL);
        issuer = issuer != NULL ? issuer : postern_setting(client, "base_url", NULL);
        row[1] = CELL(issuer);
        row[2] = CELL(postern_setting(client, "client_id", NULL));
    }
    l->rows++;
    return 0;
}

static int list(struct cli *c) {
    struct list *l = NEW(c->cx->arena, struct list);
    struct buf b = buf_in(c->cx->arena, 512);
    struct json_out j = json_to(&b);
    l->c = c;
    l->cells[0] = CELL("PROFILE");
    l->cells[1] = CELL("ISSUER");
    l->cells[2] = CELL("CLIENT ID");
    l->rows = 1;
    if (postern_profile_list(NULL, list_each, l) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    if (!c->json) {
        cli_table(c, l->cells, 3, l->rows);
        return EXIT_OK;
    }
    json_open_array(&j, NULL);
    for (size_t i = 1; i < l->rows; i++) {
        bool bad = l->cells[i * 3 + 1].style == STYLE_BAD;
        json_open_object(&j, NULL);
        json_put_str(&j, "profile", l->cells[i * 3].text);
        json_put_str(&j, bad ? "problem" : "client_id", l->cells[i * 3 + 2].text);
        if (!bad) {
            json_put_str(&j, "issuer", l->cells[i * 3 + 1].text);
        }
        json_close_object(&j);
    }
    json_close_array(&j);
    cli_json(c, buf_view(&b));
    return EXIT_OK;
}

static void show_json(struct cli *c, const struct postern *client) {
    struct buf b = buf_in(c->cx->arena, 512);
    struct json_out j = json_to(&b);
    const char *from = NULL;
    json_open_object(&j, NULL);
    for (size_t i = 0; i < c->settings_n; i++) {
        const struct postern_setting_info *s = c->settings[i].setting;
        const char *value = postern_setting(client, s->name, &from);
        if (value == NULL) {
            continue;
        }
        json_key(&j, str_from(s->name));
        json_open_object(&j, NULL);
        if (s->secret != 0) {
            json_put_bool(&j, "secret", true);
        } else {
            json_put_z(&j, "value", value);
        }
        json_put_z(&j, "from", from);
        json_close_object(&j);
    }
    json_close_object(&j);
    cli_json(c, buf_view(&b));
}

static int show(struct cli *c) {
    struct postern *client;
    struct cell cells[(SETTINGS_MAX + 1) * 3] = {CELL("SETTING"), CELL("VALUE"), CELL("FROM")};
    size_t rows = 1;
    const char *from = NULL;
    int status = cli_open(c, &client);
    if (status != EXIT_OK) {
        return status;
    }
    if (c->json) {
        show_json(c, client);
        return EXIT_OK;
    }
    for (size_t i = 0; i < c->settings_n && rows <= SETTINGS_MAX; i++) {
        const struct postern_setting_info *s = c->settings[i].setting;
        const char *value = postern_setting(client, s->name, &from);
        if (value != NULL) {
            cells[rows * 3] = CELL_STYLED(STYLE_NAME, s->name);
            cells[rows * 3 + 1] =
                s->secret != 0 ? CELL_STYLED(STYLE_DIM, "(secret, set)") : CELL(value);
            cells[rows++ * 3 + 2] = CELL_STYLED(STYLE_DIM, from);
        }
    }
    cli_table(c, cells, 3, rows);
    return EXIT_OK;
}

static int delete_profile(struct cli *c) {
    if (c->words_n != 2) {
        return cli_usage(c, "Write: postern configure delete NAME");
    }
    if (postern_profile_delete(NULL, c->words[1]) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    if (c->json) {
        cli_json(c, STR("{\"deleted\":true}"));
    } else {
        (void)fprintf(c->out, "Deleted profile %s and what was cached for it.\n",
                      cli_styled(c, STYLE_PLAIN, str_from(c->words[1])));
    }
    return EXIT_OK;
}

int cmd_configure(struct cli *c) {
    const char *word = c->words_n > 0 ? c->words[0] : "";
    if (strcmp(word, "delete") == 0) {
        return delete_profile(c);
    }
    if (c->words_n > 1) {
        return cli_usage(c, "configure %s does not take '%.60s'.", word, c->words[1]);
    }
    if (*word == '\0') {
        return write_profile(c);
    }
    return strcmp(word, "list") == 0 ? list(c) : show(c);
}
