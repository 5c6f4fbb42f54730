/* SPDX-License-Identifier: Apache-2.0 */
/* configure: the settings of a profile from flags and variables; what is missing is asked for where
 * somebody can answer, and each answer is looked at before the next question. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "configure.h"

static const char *draft_get(const struct draft *d, const char *name) {
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->v[i].name, name) == 0) {
            return *d->v[i].value != '\0' ? d->v[i].value : NULL;
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
    if (d->n < DRAFT_MAX) {
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

/* ---- what is missing ---- */

static bool any_set(const struct draft *d, const char *const *names) {
    for (size_t i = 0; names[i] != NULL; i++) {
        if (draft_get(d, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_value(const struct draft *d, const char *name, const char *value) {
    const char *set = draft_get(d, name);
    return set != NULL && strcmp(set, value) == 0;
}

bool draft_signs_in(const struct draft *d) {
    return is_value(d, "grant", "authorization_code");
}

/* Whether the setting is there, something stands for it, or the grant has no use for it. */
static bool has_issuer(const struct draft *d) {
    return any_set(d, (const char *const[]){"issuer", "base_url", NULL});
}

static bool has_client(const struct draft *d) {
    return draft_get(d, "client_id") != NULL || is_value(d, "grant", "access_key");
}

static bool has_client_proof(const struct draft *d) {
    return draft_get(d, "client_id") == NULL || is_value(d, "auth_method", "none") ||
           draft_signs_in(d) ||
           any_set(d, (const char *const[]){"client_secret", "client_secret_file",
                                            "private_key_file", NULL});
}

static bool has_key(const struct draft *d) {
    return draft_get(d, "access_key_id") != NULL || is_value(d, "grant", "client_credentials") ||
           draft_signs_in(d);
}

static bool has_key_secret(const struct draft *d) {
    return draft_get(d, "access_key_id") == NULL ||
           any_set(d, (const char *const[]){"access_key_secret", "access_key_secret_file", NULL});
}

bool draft_is_without_credentials(const struct draft *d) {
    return !any_set(d, (const char *const[]){"client_id", "access_key_id", NULL});
}

static void miss(struct draft *d, bool missing, const char *name) {
    if (missing && d->missing_n < MISSING_MAX) {
        d->missing[d->missing_n++] = name;
    }
}

static void missing_find(struct draft *d) {
    bool keyed = draft_get(d, "access_key_id") != NULL;
    bool password = is_value(d, "grant", "password"), alone = is_value(d, "grant", "access_key");
    bool client = !alone && (password || !keyed); /* an application is needed */
    bool proven = draft_signs_in(d);              /* a person is what proves it */
    bool named = draft_get(d, "client_id") != NULL;
    d->missing_n = 0;
    miss(d, !has_issuer(d), "issuer");
    miss(d, client && !named, "client_id");
    miss(d, client && !keyed && !proven && (!named || !has_client_proof(d)), "client_secret");
    miss(d, (password || alone) && !keyed, "access_key_id");
    miss(d, ((password || alone) && !keyed) || !has_key_secret(d), "access_key_secret");
    d->missing[d->missing_n] = NULL;
}

struct str draft_missing_list(const struct draft *d) {
    struct buf b = buf_in(d->c->cx->arena, 128);
    for (size_t i = 0; i < d->missing_n; i++) {
        buf_format(&b, "%s%s", i > 0 ? ", " : "", d->missing[i]);
    }
    return buf_view(&b);
}

/* ---- questions ---- */

static const struct question {
    const char *setting, *text, *otherwise;
    bool secret;
    bool (*has)(const struct draft *d);
} questions[] = {
    {"issuer", "Issuer", "https://cxone.niceincontact.com", false, has_issuer},
    {"client_id", "Client id of the application", "", false, has_client},
    {"client_secret", "Client secret (not shown; empty: none)", "", true, has_client_proof},
    {"access_key_id", "Access key id (empty: the application acts by itself)", "", false, has_key},
    {"access_key_secret", "Access key secret (not shown)", "", true, has_key_secret},
};

/* What the profile said before is offered again; secrets are asked anew. */
static const char *offered(const struct draft *d, const struct question *q) {
    const char *from = NULL;
    if (q->secret) {
        return NULL;
    }
    const char *value = d->before != NULL ? postern_setting(d->before, q->setting, &from) : NULL;
    bool profile = from != NULL && str_starts(str_from(from), "profile");
    return value != NULL && profile ? value : q->otherwise;
}

/* What the library says of the value by itself; true if it takes it. */
static bool is_taken(const struct draft *d, const char *name, const char *value) {
    struct postern_options options = POSTERN_OPTIONS_INIT;
    const struct postern_setting one = {.name = name, .value = value};
    struct postern *client;
    options.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE | POSTERN_NO_CACHE;
    options.settings = &one;
    options.settings_n = 1;
    if (postern_open(&options, &client) == POSTERN_OK) {
        postern_close(client);
        return true;
    }
    struct str why = str_from(postern_error_message());
    if (str_starts(why, "setting: ")) {
        why = str_sub(why, strlen("setting: "), why.n);
    }
    cli_note(d->c, "%.*s", STR_ARG(why));
    return false;
}

/* "cxone.example" is meant as https://cxone.example; NULL: it has a scheme. */
static const char *with_scheme(const struct draft *d, const char *value) {
    struct arena *a = d->c->cx->arena;
    struct str text = str_from(value);
    bool here = str_starts_nocase(text, "localhost") || str_starts(text, "127.");
    return strstr(value, "://") != NULL
               ? NULL
               : str_z(a, str_format(a, "http%s://%s", here ? "" : "s", value));
}

/* A space around a secret is mostly of its copying, but it may be meant. NULL: the end of input. */
static const char *spaces_asked(struct draft *d, const char *value) {
    struct str text = str_from(value), bare = str_trim(text);
    if (bare.n == text.n) {
        return value;
    }
    const char *answer = cli_prompt(
        d->c, "A space stands before or after it. Leave the space out (y/n)", "y", false);
    if (answer == NULL || *answer == 'n' || *answer == 'N') {
        return answer == NULL ? NULL : value;
    }
    struct secret kept = secret_in(d->c->cx->arena, bare.p, bare.n + 1);
    kept.p[bare.n] = '\0';
    return (const char *)kept.p;
}

/* Until an answer is good; false at the end of input. */
static bool ask(struct draft *d, const struct question *q) {
    const char *otherwise = offered(d, q);
    for (;;) {
        const char *value = cli_prompt(d->c, q->text, otherwise, q->secret);
        if (value != NULL && q->secret) {
            value = spaces_asked(d, value);
        }
        if (value == NULL || *value == '\0') {
            return value != NULL;
        }
        const char *whole = strcmp(q->setting, "issuer") == 0 ? with_scheme(d, value) : NULL;
        if (whole != NULL) {
            cli_note(d->c, "'%s' has no scheme. Enter takes the address in brackets.", value);
            otherwise = whole;
        } else if (is_taken(d, q->setting, value)) {
            draft_set(d, q->setting, value);
            return true;
        }
    }
}

static bool ask_missing(struct draft *d) {
    bool begun = false;
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
        if (questions[i].has(d)) {
            continue;
        }
        if (!begun) {
            (void)fprintf(d->c->err, "%s profile %s. Enter keeps what stands in brackets.\n",
                          d->before != NULL ? "Replacing" : "New",
                          cli_styled(d->c, STYLE_PLAIN, str_from(d->name)));
            begun = true;
        }
        if (!ask(d, &questions[i])) {
            return false;
        }
    }
    return true;
}

/* Without --profile the variables count beside the profile, whenever it is used. */
static bool variables_prove(const struct draft *d) {
    static const char *const names[] = {"client_secret", "client_secret_file", "private_key_file",
                                        "access_key_id"};
    bool found = false;
    for (size_t i = 0; i < d->c->settings_n; i++) {
        const struct postern_setting_info *s = d->c->settings[i].setting;
        for (size_t j = 0; j < COUNT_OF(names); j++) {
            found = found || (strcmp(s->name, names[j]) == 0 && variable_of(d->c, s) != NULL);
        }
    }
    return found && cli_value(d->c, "--profile") == NULL;
}

/* An application that cannot prove itself acts for a person, who has to sign in. */
static void grant_guess(struct draft *d) {
    static const char *const keys[] = {"access_key_id", "access_key_secret",
                                       "access_key_secret_file", NULL};
    bool open = (draft_get(d, "grant") == NULL || is_value(d, "grant", "auto")) &&
                draft_get(d, "base_url") == NULL; /* people sign in at an issuer */
    bool none = is_value(d, "auth_method", "none");
    if (!open || any_set(d, keys) || (!none && (has_client_proof(d) || variables_prove(d)))) {
        return;
    }
    draft_set(d, "grant", "authorization_code");
    cli_note(d->c, "without a secret or an access key a person has to sign in: the profile has "
                   "grant = authorization_code. For another grant give --grant.");
}

int draft_fill(struct draft *d) {
    struct cli *c = d->c;
    bool person = isatty(STDIN_FILENO) != 0 && !cli_has(c, "--no-prompt");
    from_line(d);
    missing_find(d);
    if (cli_has(c, "--from-environment") && !has_issuer(d)) {
        return cli_usage(c,
                         "POSTERN_ISSUER (or CXONE_ISSUER) is not set. Missing: %.*s; "
                         "postern-profile(5) lists the variables. Nothing was written.",
                         STR_ARG(draft_missing_list(d)));
    }
    if (d->n == 0 && !person) {
        return cli_usage(c, "There is no terminal to ask on: give the settings as flags "
                            "(--issuer, --client-id, --client-secret-file, ...) or with "
                            "--from-environment.");
    }
    if (person && !ask_missing(d)) {
        return cli_error(c, EXIT_CANCELLED, "Nothing was written.");
    }
    grant_guess(d);
    if (person && draft_is_without_credentials(d)) {
        return cli_usage(c, "Neither an application nor an access key was given: nothing was "
                            "written. A profile without them is written with --no-prompt.");
    }
    missing_find(d);
    return EXIT_OK;
}
