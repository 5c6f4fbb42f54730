/* SPDX-License-Identifier: Apache-2.0 */
/* Environments, areas and clusters from their rows, and the addresses that follow from templates
 * (PROTOCOL 2). */
#include "snapshot.h"

#include <string.h>

#define ENVIRONMENTS_MAX 256

struct environment_row {
    struct environment e;
    struct str hosts, lifetimes;
    struct environment *v;
    size_t n;
};

static err hosts_list(struct ctx *cx, const json_t *object, struct environment *e) {
    const json_t *list = json_object_get(object, "aliases");
    if (list == NULL || json_is_null(list)) {
        return OK;
    }
    if (!json_is_array(list)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "aliases must be a list of host names");
    }
    e->aliases = NEW_ARRAY(cx->arena, json_array_size(list), struct str);
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) {
        if (!json_is_string(item)) {
            return fail_say(cx, ERR_INVALID_REQUEST, "aliases must be a list of host names");
        }
        e->aliases[e->aliases_n++] =
            (struct str){json_string_value(item), json_string_length(item)};
    }
    return OK;
}

static err hosts_parse(struct ctx *cx, struct str text, struct environment *e) {
    const struct {
        const char *name;
        struct str *to;
    } members[] = {{"ui", &e->hosts.ui},
                   {"auth", &e->hosts.auth},
                   {"api", &e->hosts.api},
                   {"cluster", &e->hosts.cluster},
                   {"acd", &e->hosts.acd}};
    json_t *object = NULL;
    if (!str_empty(text)) {
        TRY(json_parse(cx, text, &object));
        TRY(hosts_list(cx, object, e));
    }
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        *members[i].to = STR_NONE;
        if (object != NULL) {
            TRY(json_get_str(cx, object, members[i].name, members[i].to));
        }
        if (str_empty(*members[i].to)) {
            *members[i].to = e->issuer; /* PROTOCOL 2: for local use one host is enough */
        }
    }
    return OK;
}

static err environment_add(struct ctx *cx, void *state) {
    struct environment_row *row = state;
    if (row->n == ENVIRONMENTS_MAX) {
        return fail(cx, ERR_BAD_CONFIG, "more than %d environments", ENVIRONMENTS_MAX);
    }
    struct environment *e = &row->v[row->n++];
    *e = row->e;
    e->token_endpoint = str_format(cx->arena, "%.*s/auth/token", STR_ARG(e->issuer));
    TRY(lifetimes_parse(cx, row->lifetimes, &e->lifetimes));
    return hosts_parse(cx, row->hosts, e);
}

struct area_rows {
    struct area row, *v;
    size_t n, cap;
};

static err area_add(struct ctx *cx, void *state) {
    struct area_rows *rows = state;
    if (rows->n == rows->cap) {
        rows->cap = rows->cap == 0 ? 8 : rows->cap * 2;
        struct area *more = NEW_ARRAY(cx->arena, rows->cap, struct area);
        for (size_t i = 0; i < rows->n; i++) {
            more[i] = rows->v[i];
        }
        rows->v = more;
    }
    rows->v[rows->n++] = rows->row;
    return OK;
}

static err areas_load(struct ctx *cx, struct environment *e) {
    struct area_rows rows = {0};
    TRY(db_each(cx,
                "SELECT area, domain, acd_domain, uh_domain FROM area WHERE environment_id = $1 "
                "ORDER BY area",
                DB_ARGS(DB_TEXT(e->id)),
                DB_COLUMNS(COLUMN_STR(&rows.row.area), COLUMN_STR(&rows.row.domain),
                           COLUMN_STR(&rows.row.acd_domain), COLUMN_STR(&rows.row.uh_domain)),
                area_add, &rows));
    e->areas = rows.v;
    e->areas_n = rows.n;
    return OK;
}

struct cluster_rows {
    struct cluster row, *v;
    size_t n, cap;
};

static err cluster_add(struct ctx *cx, void *state) {
    struct cluster_rows *rows = state;
    if (rows->n == rows->cap) {
        rows->cap = rows->cap == 0 ? 8 : rows->cap * 2;
        struct cluster *more = NEW_ARRAY(cx->arena, rows->cap, struct cluster);
        for (size_t i = 0; i < rows->n; i++) {
            more[i] = rows->v[i];
        }
        rows->v = more;
    }
    rows->v[rows->n++] = rows->row;
    return OK;
}

static err clusters_load(struct ctx *cx, struct environment *e) {
    struct cluster_rows rows = {0};
    TRY(db_each(cx, "SELECT cluster, area FROM cluster WHERE environment_id = $1 ORDER BY cluster",
                DB_ARGS(DB_TEXT(e->id)),
                DB_COLUMNS(COLUMN_STR(&rows.row.cluster), COLUMN_STR(&rows.row.area)), cluster_add,
                &rows));
    e->clusters = rows.v;
    e->clusters_n = rows.n;
    return OK;
}

err environments_load(struct ctx *cx, struct environments *ret) {
    struct environment_row row = {.v = NEW_ARRAY(cx->arena, ENVIRONMENTS_MAX, struct environment)};
    TRY(db_each(cx,
                "SELECT environment_id, name, issuer, is_default, hosts, lifetimes, "
                "platform_client_id FROM environment ORDER BY is_default DESC, name",
                DB_NO_ARGS,
                DB_COLUMNS(COLUMN_STR(&row.e.id), COLUMN_STR(&row.e.name),
                           COLUMN_STR(&row.e.issuer), COLUMN_BOOL(&row.e.is_default),
                           COLUMN_STR(&row.hosts), COLUMN_STR(&row.lifetimes),
                           COLUMN_STR(&row.e.platform_client_id)),
                environment_add, &row));
    for (size_t i = 0; i < row.n; i++) {
        TRY(areas_load(cx, &row.v[i]));
        TRY(clusters_load(cx, &row.v[i]));
    }
    *ret = (struct environments){row.v, row.n};
    return OK;
}

const struct area *environment_area(const struct environment *e, struct str area) {
    for (size_t i = 0; i < e->areas_n; i++) {
        if (str_eq(e->areas[i].area, area)) {
            return &e->areas[i];
        }
    }
    return NULL;
}

struct str environment_url(struct arena *a, struct str pattern, const struct area *area,
                           struct str cluster) {
    const struct {
        const char *word;
        struct str value;
    } words[] = {{"{area}", area != NULL ? area->area : STR_NONE},
                 {"{cluster}", cluster},
                 {"{domain}", area != NULL ? area->domain : STR_NONE},
                 {"{acdDomain}", area != NULL ? area->acd_domain : STR_NONE},
                 {"{uhDomain}", area != NULL ? area->uh_domain : STR_NONE}};
    struct buf b = buf_in(a, pattern.n + 32);
    while (pattern.n > 0) {
        size_t i = 0;
        while (i < COUNT_OF(words) && !str_starts(pattern, words[i].word)) {
            i++;
        }
        if (i == COUNT_OF(words)) {
            buf_char(&b, pattern.p[0]);
            pattern = str_sub(pattern, 1, pattern.n);
            continue;
        }
        buf_str(&b, words[i].value);
        pattern = str_sub(pattern, strlen(words[i].word), pattern.n);
    }
    return buf_view(&b);
}
