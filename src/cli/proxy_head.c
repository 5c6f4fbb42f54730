/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request as it was sent. libmicrohttpd ends a line at a bare LF, a text at a NUL,
 * glues folded lines together, splits the target and decodes it, all without a word: what it hides
 * is found here by where it left the pieces (SECURITY `smuggling`). */
#include <stdlib.h>
#include <string.h>

#include "proxy.h"

/* The version whose traces are known; newer ones refuse it themselves. */
#define LOOSE_VERSION "0.9.75"

/* ---- the target, before libmicrohttpd splits it ---- */

void *proxy_on_target(void *state, const char *target, struct MHD_Connection *connection) {
    struct place *place = place_of(state, connection);
    if (place != NULL) {
        free(place->target);
        place->target = strdup(target);
        place->target_at = target;
    }
    return NULL;
}

/* Undecoded: the path goes on as it came. */
size_t proxy_on_unescape(void *state, struct MHD_Connection *connection, char *text) {
    (void)state;
    (void)connection;
    return strlen(text);
}

/* ---- the header ---- */

struct layout {
    struct arena *arena;
    const char *end; /* where the last line ended */
    bool gaps;       /* only CR LF between the lines so far */
    struct field *v;
    size_t n;
};

/* The lines lie where they were read, with their ends overwritten by NULs. So between two of them
 * is exactly what CR LF leaves: a NUL in the text, a bare LF and a folded line look different. */
static bool gap_is_crlf(const char *from, const char *to) {
    return from != NULL && to == from + 2 && from[0] == '\0' && from[1] == '\0';
}

static enum MHD_Result on_field(void *state, enum MHD_ValueKind kind, const char *name,
                                size_t name_n, const char *value, size_t value_n) {
    struct layout *l = state;
    (void)kind;
    if (l->n == HEAD_FIELDS_MAX) {
        return MHD_NO;
    }
    l->gaps = l->gaps && name != NULL && value != NULL && gap_is_crlf(l->end, name);
    l->end = value != NULL ? value + value_n : NULL;
    l->v[l->n++] = (struct field){str_copy(l->arena, (struct str){name, name_n}),
                                  str_trim(str_copy(l->arena, (struct str){value, value_n}))};
    return MHD_YES;
}

/* "GET target HTTP/1.1" and nothing else. */
static bool line_is_strict(const struct place *place, const char *method, const char *version) {
    return place->target_at == method + strlen(method) + 1 &&
           version == place->target_at + strlen(place->target) + 1;
}

/* After the last header come CR LF CR LF and nothing else: the header's size says so. */
static bool end_is_strict(const struct proxy *p, struct MHD_Connection *connection,
                          const char *method, const char *last) {
    const union MHD_ConnectionInfo *info =
        p->mhd.get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info != NULL && last != NULL && method + info->header_size == last + 4;
}

void proxy_head_read(struct relay *x, struct MHD_Connection *connection, const char *method,
                     const char *version) {
    const struct proxy *p = x->proxy;
    const struct place *place = place_of(p, connection);
    struct layout l = {.arena = x->arena,
                       .end = version + strlen(version),
                       .gaps = true,
                       .v = NEW_ARRAY(x->arena, HEAD_FIELDS_MAX, struct field)};
    const char *target = place != NULL ? place->target : NULL;
    (void)p->mhd.get_connection_values_n(connection, MHD_HEADER_KIND, on_field, &l);
    bool strict = target != NULL && line_is_strict(place, method, version) && l.gaps &&
                  (l.n == HEAD_FIELDS_MAX || end_is_strict(p, connection, method, l.end));
    x->head =
        (struct head){.method = str_copy(x->arena, str_from(method)),
                      .target = str_copy(x->arena, str_from(target)),
                      .version = str_copy(x->arena, str_from(version)),
                      .loose = !strict && str_is(str_from(p->mhd.get_version()), LOOSE_VERSION),
                      .fields = l.v,
                      .fields_n = l.n};
}
