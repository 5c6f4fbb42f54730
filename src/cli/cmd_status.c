/* SPDX-License-Identifier: Apache-2.0 */
/* status: what is cached for each profile, and until when. Asks nobody. */
#include "cli.h"

#include <string.h>

#define COLUMNS      9
#define PROFILES_MAX 200

struct state {
    const char *profile; /* as shown */
    enum postern_code code;
    bool person; /* somebody has to sign in */
    bool ended;  /* somebody was signed in; the server takes those tokens no longer */
    struct claims claims;
    struct str problem; /* of a profile that cannot be used */
    struct postern_token token;
};

struct states {
    struct cli *c;
    struct state v[PROFILES_MAX];
    size_t n;
};

static void add(struct states *all, const char *profile, const char *shown) {
    struct cli *c = all->c;
    struct postern *client;
    if (all->n == PROFILES_MAX) {
        return;
    }
    struct state *s = &all->v[all->n++];
    *s = (struct state){.profile = shown, .token = POSTERN_TOKEN_INIT};
    s->code = cli_open_profile(c, profile, 0, &client);
    if (s->code == POSTERN_OK) {
        const char *grant = postern_grant(client);
        s->person = str_is(str_from(grant), "authorization_code");
        s->code =
            postern_token_get(client, POSTERN_CACHED | POSTERN_RENEWABLE, c->cancel, &s->token);
    }
    if (s->code == POSTERN_OK) {
        claims_read(c, &s->token, &s->claims);
    }
    s->ended = s->code == POSTERN_NO_TOKEN && *postern_error()->error != '\0';
    if (s->code != POSTERN_OK && s->code != POSTERN_NO_TOKEN) {
        s->problem = str_copy(c->cx->arena, str_from(postern_error_message()));
    }
}

static int each_profile(void *user, const char *name) {
    struct states *all = user;
    const char *copy = str_z(all->c->cx->arena, str_from(name));
    add(all, copy, copy);
    return 0;
}

/* Without a profile's name the environment may say all that a client needs. */
static bool environment_is_enough(struct cli *c) {
    struct postern *client;
    const char *from = NULL;
    if (cli_open_profile(c, NULL, 0, &client) != POSTERN_OK) {
        return false;
    }
    const char *id = postern_setting(client, "client_id", &from);
    return id != NULL && from != NULL && str_starts(str_from(from), "environment");
}

/* For a person in words, for a program as a time. */
static struct str time_text(struct cli *c, int64_t time) {
    char iso[TIME_ISO_SIZE];
    if (time == 0) {
        return STR("");
    }
    if (c->terminal) {
        return str_from(cli_when(c, time));
    }
    time_iso(time * 1000, iso);
    return str_copy(c->cx->arena, str_from(iso));
}

static struct str skew_text(struct cli *c, int64_t skew) {
    if (skew == 0) {
        return STR("same");
    }
    return str_format(c->cx->arena, "%+lld s", (long long)skew);
}

/* Servers other than the platform may have no name for a user: then it is the sub. */
static struct str user_of(const struct state *s) {
    return str_empty(s->claims.name) && s->person ? s->claims.sub : s->claims.name;
}

static void row(struct cli *c, const struct state *s, struct cell *cells) {
    const struct postern_token *t = &s->token;
    cells[0] = CELL_STYLED(STYLE_NAME, s->profile);
    if (s->problem.p != NULL) {
        cells[1] = CELL_STYLED(STYLE_BAD, "problem");
        cells[COLUMNS - 1].text = s->problem;
        return;
    }
    if (s->code != POSTERN_OK) {
        cells[1] = s->ended ? CELL_STYLED(STYLE_BAD, "ended")
                            : CELL_STYLED(STYLE_DIM, s->person ? "signed out" : "none");
        return;
    }
    bool due = t->renew_at != 0 && t->renew_at <= c->cx->now;
    cells[1] = due ? CELL_STYLED(STYLE_WARN, "renewal due") : CELL_STYLED(STYLE_GOOD, "good");
    cells[2].text = time_text(c, t->expires_at);
    cells[3].text = time_text(c, t->renew_at);
    cells[4] = CELL(t->has_refresh_token != 0 ? "yes" : "no");
    cells[5] = CELL(t->grant != NULL ? t->grant : "");
    cells[6].text = skew_text(c, t->clock_skew);
    cells[7].text = user_of(s);
    cells[8] = CELL(t->scope != NULL ? t->scope : "");
}

static void print_table(struct cli *c, const struct states *all) {
    struct cell *cells = NEW_ARRAY(c->cx->arena, (all->n + 1) * COLUMNS, struct cell);
    const char *const heading[COLUMNS] = {"PROFILE", "TOKEN", "EXPIRES", "RENEWAL", "REFRESH",
                                          "GRANT",   "CLOCK", "USER",    "SCOPE"};
    for (size_t k = 0; k < COLUMNS; k++) {
        cells[k] = CELL(heading[k]);
    }
    for (size_t i = 0; i < all->n; i++) {
        row(c, &all->v[i], cells + (i + 1) * COLUMNS);
    }
    cli_table(c, cells, COLUMNS, all->n + 1);
}

static void state_json(const struct state *s, struct json_out *j) {
    const struct postern_token *t = &s->token;
    json_open_object(j, NULL);
    json_put_z(j, "profile", s->profile);
    json_put_str_if(j, "problem", s->problem);
    json_put_bool(j, "cached", s->code == POSTERN_OK);
    if (s->person) {
        json_put_bool(j, "signed_in", s->code == POSTERN_OK);
        json_put_bool(j, "ended", s->ended);
    }
    if (s->code == POSTERN_OK) {
        json_put_int(j, "obtained_at", t->obtained_at);
        json_put_int(j, "expires_at", t->expires_at);
        json_put_int(j, "renew_at", t->renew_at);
        json_put_bool(j, "has_refresh_token", t->has_refresh_token != 0);
        json_put_str_if(j, "grant", str_from(t->grant));
        json_put_str_if(j, "scope", str_from(t->scope));
        json_put_str_if(j, "tenant_id", str_from(t->tenant_id));
        json_put_str_if(j, "user", user_of(s));
        json_put_int(j, "clock_skew", t->clock_skew);
    }
    json_close_object(j);
}

static void print_json(struct cli *c, const struct states *all) {
    struct buf b = buf_in(c->cx->arena, 1024);
    struct json_out j = json_to(&b);
    json_open_array(&j, NULL);
    for (size_t i = 0; i < all->n; i++) {
        state_json(&all->v[i], &j);
    }
    json_close_array(&j);
    cli_json(c, buf_view(&b));
}

static int find(struct cli *c, struct states *all) {
    const char *profile = cli_value(c, "--profile");
    if (profile != NULL) {
        add(all, profile, profile);
        return EXIT_OK;
    }
    if (postern_profile_list(NULL, each_profile, all) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    if (environment_is_enough(c)) {
        add(all, NULL, "(environment)");
    }
    if (all->n == 0) {
        return cli_error(c, EXIT_USAGE, "There is no profile. Make one: postern configure");
    }
    return EXIT_OK;
}

int cmd_status(struct cli *c) {
    struct states *all = NEW(c->cx->arena, struct states);
    all->c = c;
    int status = find(c, all);
    if (status != EXIT_OK) {
        return status;
    }
    if (c->json) {
        print_json(c, all);
    } else {
        print_table(c, all);
    }
    for (size_t i = 0; i < all->n; i++) {
        if (all->v[i].code == POSTERN_OK) {
            postern_token_done(&all->v[i].token);
        } else if (all->v[i].problem.p != NULL && cli_value(c, "--profile") != NULL) {
            status = cli_exit_of(all->v[i].code);
        }
    }
    return status;
}
