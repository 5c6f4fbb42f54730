/* SPDX-License-Identifier: Apache-2.0 */
/* plan FILE and apply FILE: what the declaration changes, line by line, and the secrets it made,
 * shown this once. */
#include "posternd.h"
#include "web.h"

#include <stdlib.h>
#include <string.h>

#define DECLARATION_MAX (64 * 1024 * 1024)

static struct str variable_get(void *state, const char *name) {
    (void)state;
    return str_from(getenv(name));
}

static void json_print(struct ctx *cx, const struct declaration_result *r, bool applied) {
    struct buf b = buf_in(cx->arena, 4096);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_bool(&j, "applied", applied);
    json_open_array(&j, "changes");
    for (size_t i = 0; i < r->changes_n; i++) {
        const struct declaration_change *c = &r->changes[i];
        json_open_object(&j, NULL);
        json_put_z(&j, "verb", c->verb);
        json_put_str(&j, "kind", c->kind);
        json_put_str(&j, "name", c->name);
        json_put_str_if(&j, "detail", c->detail);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_open_array(&j, "secrets");
    for (size_t i = 0; applied && i < r->secrets_n; i++) {
        const struct declaration_secret *s = &r->secrets[i];
        json_open_object(&j, NULL);
        json_put_str(&j, "kind", s->kind);
        json_put_str(&j, "name", s->name);
        json_put_str(&j, "member", s->member);
        json_put_str(&j, "value", s->value);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    (void)printf("%.*s\n", STR_ARG(buf_view(&b)));
}

static void changes_print(const struct declaration_result *r) {
    int kind = 0, name = 0;
    for (size_t i = 0; i < r->changes_n; i++) {
        kind = (int)r->changes[i].kind.n > kind ? (int)r->changes[i].kind.n : kind;
        name = (int)r->changes[i].name.n > name ? (int)r->changes[i].name.n : name;
    }
    name = name > 48 ? 48 : name;
    for (size_t i = 0; i < r->changes_n; i++) {
        const struct declaration_change *c = &r->changes[i];
        char sign = strcmp(c->verb, "create") == 0 ? '+' : '~';
        bool detailed = !str_empty(c->detail);
        (void)printf("  %c %-6s  %-*.*s  %-*.*s%s%.*s\n", sign, c->verb, kind, STR_ARG(c->kind),
                     detailed ? name : 0, STR_ARG(c->name), detailed ? "  " : "",
                     STR_ARG(c->detail));
    }
}

/* A shell variable's name out of kind, name and member: APPLICATION_REPORTING_ACME_SECRET. */
static struct str variable_name(struct arena *a, const struct declaration_secret *s) {
    struct str all =
        str_format(a, "%.*s_%.*s_%.*s", STR_ARG(s->kind), STR_ARG(s->name), STR_ARG(s->member));
    struct buf b = buf_in(a, all.n + 1);
    char last = '_';
    for (size_t i = 0; i < all.n; i++) {
        char c = all.p[i];
        bool upper = c >= 'A' && c <= 'Z';
        bool begins = upper && i > 0 && all.p[i - 1] >= 'a' && all.p[i - 1] <= 'z';
        if (begins) {
            buf_char(&b, '_'); /* accessKeyId: ACCESS_KEY_ID */
        }
        bool plain = upper || (c >= '0' && c <= '9');
        bool lower = c >= 'a' && c <= 'z';
        char to = plain ? c : lower ? (char)(c - 'a' + 'A') : '_';
        if (to != '_' || last != '_') {
            buf_char(&b, to);
        }
        last = to;
    }
    return buf_view(&b);
}

struct variable {
    struct str name;
    size_t at; /* in the list of secrets */
};

static int variable_compare(const void *left, const void *right) {
    const struct variable *a = left, *b = right;
    int order = str_compare(a->name, b->name);
    return order != 0 ? order : (a->at > b->at) - (a->at < b->at);
}

/* The second key of an employee ends in _2: pasted under one name, the last would hide the others.
 */
static struct str *variable_names(struct arena *a, const struct declaration_result *r) {
    struct variable *sorted = NEW_ARRAY(a, r->secrets_n, struct variable);
    struct str *names = NEW_ARRAY(a, r->secrets_n, struct str);
    for (size_t i = 0; i < r->secrets_n; i++) {
        sorted[i] = (struct variable){variable_name(a, &r->secrets[i]), i};
    }
    qsort(sorted, r->secrets_n, sizeof *sorted, variable_compare);
    size_t nth = 1;
    for (size_t i = 0; i < r->secrets_n; i++) {
        struct str name = sorted[i].name;
        nth = i > 0 && str_eq(name, sorted[i - 1].name) ? nth + 1 : 1;
        names[sorted[i].at] = nth == 1 ? name : str_format(a, "%.*s_%zu", STR_ARG(name), nth);
    }
    return names;
}

static void secrets_print(struct ctx *cx, const struct declaration_result *r) {
    if (r->secrets_n == 0) {
        return;
    }
    const struct str *names = variable_names(cx->arena, r);
    (void)printf("\nMade now and shown this once; the lines can be pasted into a shell:\n\n");
    for (size_t i = 0; i < r->secrets_n; i++) {
        (void)printf("  %.*s='%.*s'\n", STR_ARG(names[i]), STR_ARG(r->secrets[i].value));
    }
}

/* All of them: a file is put right in one go. */
static int mistakes_print(const struct invocation *in, const struct declaration_result *r, err e) {
    if (r->mistakes_n == 0) {
        return command_failed(in, e);
    }
    for (size_t i = 0; i < r->mistakes_n; i++) {
        (void)fprintf(stderr, "posternd: %.*s\n", STR_ARG(r->mistakes[i]));
    }
    if (r->mistakes_seen > r->mistakes_n) {
        (void)fprintf(stderr, "posternd: and %zu more\n", r->mistakes_seen - r->mistakes_n);
    }
    return POSTERND_EXIT_FAILURE;
}

static int declare(struct invocation *in, bool apply) {
    struct ctx *cx = in->cx;
    const char *file = in->arguments[0];
    struct declaration_options options = {.file = file, .getenv = variable_get, .apply = apply};
    err e = file_read(cx, file, DECLARATION_MAX, &options.text);
    if (e != OK) {
        return command_failed(in, e);
    }
    struct store *store;
    e = store_open(cx, &in->config, &store);
    if (e != OK) {
        return command_failed(in, e);
    }
    options.master = &store->master;
    options.actor = store_operator(cx);
    options.invite = invitation_write;
    options.callback_path = LOGIN_CALLBACK_PATH;
    struct declaration_result r = {0};
    e = declaration_run(cx, &options, &r);
    if (e != OK) {
        return mistakes_print(in, &r, e);
    }
    if (in->json) {
        json_print(cx, &r, apply);
        return EXIT_SUCCESS;
    }
    changes_print(&r);
    const char *plural = r.changes_n == 1 ? "" : "s";
    if (r.changes_n == 0) {
        (void)printf("Nothing to change: the database is as %s says.\n", file);
    } else if (apply) {
        secrets_print(cx, &r);
        (void)printf(
            "\n%zu change%s applied. Next: posternd serve (one that runs already has noticed).\n",
            r.changes_n, plural);
    } else {
        (void)printf("\n%zu change%s. Nothing was changed; to do it: posternd apply %s\n",
                     r.changes_n, plural, file);
    }
    return EXIT_SUCCESS;
}

int cmd_plan(struct invocation *in) {
    return declare(in, false);
}

int cmd_apply(struct invocation *in) {
    return declare(in, true);
}
