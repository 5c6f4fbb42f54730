/* SPDX-License-Identifier: Apache-2.0 */
/* configure: writes a profile from answers, flags or the environment; lists, shows, deletes. */
#include <stdlib.h>
#include <string.h>

#include "configure.h"

static const char *profile_name(const struct cli *c) {
    const char *name = cli_value(c, "--profile");
    if (name == NULL) {
        name = getenv("POSTERN_PROFILE");
    }
    return name != NULL && *name != '\0' ? name : "default";
}

/* What no token can come without is said, not refused: discovery needs no credentials. */
static void missing_tell(const struct draft *d) {
    bool none = draft_is_without_credentials(d);
    if (d->missing_n > 0) {
        cli_note(d->c,
                 "%s yet, so no token can come: %.*s %s missing%s. On a terminal postern "
                 "configure asks; else give flags (--client-id, --client-secret-file, ...) "
                 "or --from-environment.",
                 none ? "no credentials" : "not complete", STR_ARG(draft_missing_list(d)),
                 d->missing_n > 1 ? "are" : "is",
                 none && !draft_signs_in(d) ? " (for a user also access_key_id, access_key_secret)"
                                            : "");
    }
}

static void written_json(struct draft *d) {
    struct buf b = buf_in(d->c->cx->arena, 128);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_z(&j, "profile", d->name);
    json_put_bool(&j, "replaced", d->before != NULL);
    json_open_array(&j, "missing");
    for (size_t i = 0; i < d->missing_n; i++) {
        json_put_z(&j, NULL, d->missing[i]);
    }
    json_close_array(&j);
    json_close_object(&j);
    cli_json(d->c, buf_view(&b));
}

static int write_profile(struct cli *c) {
    struct draft *d = NEW(c->cx->arena, struct draft);
    struct postern *after;
    d->c = c;
    d->name = profile_name(c);
    if (cli_open_profile(c, d->name, 0, &d->before) != POSTERN_OK) {
        d->before = NULL;
    }
    int status = draft_fill(d);
    if (status != EXIT_OK) {
        return status;
    }
    if (postern_profile_write(NULL, d->name, d->v, d->n) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    if (cli_open_profile(c, d->name, 0, &after) != POSTERN_OK) {
        cli_note(c, "The profile is written, but not complete: %s", postern_error_message());
    } else {
        missing_tell(d);
    }
    if (c->json) {
        written_json(d);
        return EXIT_OK;
    }
    const char *shown = cli_styled(c, STYLE_PLAIN, str_from(d->name));
    bool plain = strcmp(d->name, "default") == 0;
    (void)fprintf(c->out, "%s profile %s. Next: postern %s%s%s%s\n",
                  d->before != NULL ? "Replaced" : "Wrote", shown, plain ? "" : "--profile ",
                  plain ? "" : shown, plain ? "" : " ",
                  d->missing_n > 0    ? "configure"
                  : draft_signs_in(d) ? "login"
                                      : "whoami");
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
    struct cell cells[(DRAFT_MAX + 1) * 3] = {CELL("SETTING"), CELL("VALUE"), CELL("FROM")};
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
    for (size_t i = 0; i < c->settings_n && rows <= DRAFT_MAX; i++) {
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

struct wanted {
    const char *name;
    bool found;
};

static int wanted_each(void *user, const char *name) {
    struct wanted *w = user;
    w->found = strcmp(name, w->name) == 0;
    return w->found ? 1 : 0;
}

static bool profile_exists(const char *name) {
    struct wanted w = {.name = name};
    return postern_profile_list(NULL, wanted_each, &w) != POSTERN_OK || w.found;
}

static int delete_profile(struct cli *c) {
    if (c->words_n != 2) {
        return cli_usage(c, "Write: postern configure delete NAME");
    }
    if (!profile_exists(c->words[1])) {
        return cli_usage(c, "There is no profile '%.60s'. Try: postern configure list",
                         c->words[1]);
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
    if (c->words_n > 1 && strcmp(word, "show") == 0) {
        return cli_usage(c, "Write: postern configure show --profile %.60s", c->words[1]);
    }
    if (c->words_n > 1) {
        return cli_usage(c, "configure %s does not take '%.60s'.", word, c->words[1]);
    }
    if (*word == '\0') {
        return write_profile(c);
    }
    return strcmp(word, "list") == 0 ? list(c) : show(c);
}
