/* SPDX-License-Identifier: Apache-2.0 */
/* The route table, indexed: a tree of segments, so that a row costs nothing to the others. Literal
 * segments win over {names}. Rows that ignore case have a tree of their own, asked second. */
#include "http_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    struct str literal;
    struct node *first, *next; /* children by literal; siblings */
    struct node *any;          /* child for a {name} */
    struct route_path *path;   /* ends here */
};

struct route_table {
    const struct route *rows;
    size_t n;
    struct arena *arena;
    struct node *exact, *nocase;
};

static const struct {
    enum http_method method;
    const char *name;
} table_methods[ROUTE_METHODS] = {{HTTP_GET, "GET"},
                                  {HTTP_POST, "POST"},
                                  {HTTP_PUT, "PUT"},
                                  {HTTP_PATCH, "PATCH"},
                                  {HTTP_DELETE, "DELETE"}};

static struct node *child_of(struct arena *a, struct node *parent, struct str segment) {
    if (segment.n > 0 && segment.p[0] == '{') {
        assert(segment.n > 2 && segment.p[segment.n - 1] == '}');
        if (parent->any == NULL) {
            parent->any = NEW(a, struct node);
        }
        return parent->any;
    }
    for (struct node *c = parent->first; c != NULL; c = c->next) {
        if (str_eq(c->literal, segment)) {
            return c;
        }
    }
    struct node *c = NEW(a, struct node);
    c->literal = segment;
    c->next = parent->first;
    parent->first = c;
    return c;
}

static size_t names_in(const char *path) {
    size_t n = 0;
    for (const char *p = path; *p != '\0'; p++) {
        n += *p == '{' ? 1 : 0;
    }
    return n;
}

static bool ends_in_slash(const char *path) {
    return path[strlen(path) - 1] == '/';
}

static void row_check(const struct route *row) {
    assert(row->path != NULL && row->path[0] == '/');
    /* No segment is empty, but for the one of "/" itself. */
    assert(row->path[1] == '\0' || (strstr(row->path, "//") == NULL && !ends_in_slash(row->path)));
    assert(row->name != NULL && row->handle != NULL);
    assert(row->methods != 0);
    assert((row->methods & ~(HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE)) == 0);
    assert(names_in(row->path) <= HTTP_PATH_PARAMS_MAX);
    assert(row->body_max <= HTTP_BODY_MAX);
}

static void row_add(struct route_table *t, const struct route *row) {
    row_check(row);
    struct str rest = str_from(row->path + 1), segment;
    if (row->nocase) {
        rest = str_lower(t->arena, rest);
    }
    struct node *node = row->nocase ? t->nocase : t->exact;
    while (str_next(&rest, '/', &segment)) {
        node = child_of(t->arena, node, segment);
    }
    if (node->path == NULL) {
        node->path = NEW(t->arena, struct route_path);
        node->path->path = row->path;
        node->path->nocase = row->nocase;
    }
    assert((node->path->methods & row->methods) == 0); /* two rows would answer */
    node->path->methods |= row->methods;
    for (size_t i = 0; i < ROUTE_METHODS; i++) {
        if ((row->methods & (int)table_methods[i].method) != 0) {
            node->path->rows[i] = row;
        }
    }
}

static void allow_add(struct route_path *path, const char *name) {
    size_t n = strlen(path->allow);
    (void)snprintf(path->allow + n, sizeof path->allow - n, "%s%s", n > 0 ? ", " : "", name);
}

static void allow_write(struct node *node) {
    if (node == NULL) {
        return;
    }
    if (node->path != NULL) {
        for (size_t i = 0; i < ROUTE_METHODS; i++) {
            if (node->path->rows[i] != NULL) {
                allow_add(node->path, table_methods[i].name);
                if (table_methods[i].method == HTTP_GET) {
                    allow_add(node->path, "HEAD");
                }
            }
        }
        allow_add(node->path, "OPTIONS");
    }
    allow_write(node->any);
    for (struct node *c = node->first; c != NULL; c = c->next) {
        allow_write(c);
    }
}

struct route_table *route_table_new(const struct route *rows, size_t n) {
    struct arena *a = arena_new();
    struct route_table *t = NEW(a, struct route_table);
    *t = (struct route_table){.rows = rows,
                              .n = n,
                              .arena = a,
                              .exact = NEW(a, struct node),
                              .nocase = NEW(a, struct node)};
    for (size_t i = 0; i < n; i++) {
        row_add(t, &rows[i]);
    }
    allow_write(t->exact);
    allow_write(t->nocase);
    return t;
}

void route_table_free(struct route_table *t) {
    if (t != NULL) {
        arena_free(t->arena);
    }
}

const struct route *route_table_at(const struct route_table *t, size_t i) {
    return i < t->n ? &t->rows[i] : NULL;
}

size_t route_table_size(const struct route_table *t) {
    return t->n;
}

size_t route_table_index(const struct route_table *t, const struct route *route) {
    return route != NULL ? (size_t)(route - t->rows) : t->n;
}

struct search {
    bool nocase;
    struct str *params;
};

static const struct route_path *search_in(const struct search *s, const struct node *node,
                                          struct str rest, size_t names) {
    struct str segment;
    if (!str_next(&rest, '/', &segment)) {
        return node->path;
    }
    for (const struct node *c = node->first; c != NULL; c = c->next) {
        if (s->nocase ? str_eq_nocase(c->literal, segment) : str_eq(c->literal, segment)) {
            const struct route_path *found = search_in(s, c, rest, names);
            if (found != NULL) {
                return found;
            }
            break;
        }
    }
    if (node->any == NULL || segment.n == 0) {
        return NULL;
    }
    s->params[names] = segment;
    return search_in(s, node->any, rest, names + 1);
}

const struct route_path *route_table_path(const struct route_table *t, struct str path,
                                          bool slashes, struct str params[HTTP_PATH_PARAMS_MAX]) {
    struct str rest = str_sub(path, 1, path.n);
    const struct route_path *found = NULL;
    struct search s = {.nocase = false, .params = params};
    if (!slashes) {
        found = search_in(&s, t->exact, rest, 0);
    }
    if (found == NULL) {
        s.nocase = true;
        found = search_in(&s, t->nocase, rest, 0);
    }
    return found;
}

const struct route *route_path_row(const struct route_path *path, enum http_method m) {
    enum http_method wanted = m == HTTP_HEAD ? HTTP_GET : m;
    for (size_t i = 0; i < ROUTE_METHODS; i++) {
        if (table_methods[i].method == wanted) {
            return path->rows[i];
        }
    }
    return NULL;
}

size_t route_body_max(const struct route_table *t, enum http_method m, struct str path) {
    struct str params[HTTP_PATH_PARAMS_MAX];
    const struct route_path *found = route_table_path(t, path, false, params);
    const struct route *row = found != NULL ? route_path_row(found, m) : NULL;
    return row != NULL && row->body_max > 0 ? row->body_max : HTTP_BODY_MAX;
}
