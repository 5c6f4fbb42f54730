/* SPDX-License-Identifier: Apache-2.0 */
/* postern_token_get(), and what public functions share that give structs out. */
#include <string.h>

#include "client.h"

static void slot_free(void *slot) {
    arena_free(*(struct arena **)slot);
}

struct arena **memory_slot(struct call *k) {
    struct arena **slot = NEW(k->cx.arena, struct arena *);
    arena_defer(k->cx.arena, slot_free, slot);
    *slot = arena_new();
    return slot;
}

void result_copy(void *to, const void *from, size_t n) {
    size_t size;
    memcpy(&size, to, sizeof size);
    if (size > n) {
        size = n; /* a newer header than this library: the rest stays as it was made */
    }
    if (size > sizeof size) {
        memcpy((char *)to + sizeof size, (const char *)from + sizeof size, size - sizeof size);
    }
}

void result_clear(void *to, size_t n) {
    size_t size;
    memcpy(&size, to, sizeof size);
    size = size < n ? size : n;
    if (size > sizeof size) {
        memset((char *)to + sizeof size, 0, size - sizeof size);
    }
}

enum postern_code usage_failed(const char *message) {
    error_set(POSTERN_USAGE, 0, message, STR_NONE, STR_NONE);
    return POSTERN_USAGE;
}

struct getting {
    unsigned flags;
    struct postern_token t;
};

static const char *copy(struct arena *a, struct str s) {
    return s.p != NULL ? state_secret(a, s).p : NULL;
}

static err get_run(struct call *k, void *arguments) {
    struct getting *g = arguments;
    struct token token;
    TRY(token_get(k, g->flags, STR_NONE, &token));
    const struct state *s = state_current(k);
    struct arena **slot = memory_slot(k), *a = *slot;
    struct str claims = jwt_claims(k, s->id_token.p != NULL ? s->id_token : s->access_token);
    g->t.access_token = copy(a, s->access_token);
    g->t.token_type = copy(a, s->token_type);
    g->t.scope = copy(a, s->scope);
    g->t.id_token = copy(a, s->id_token);
    g->t.claims = copy(a, claims);
    g->t.tenant_id = copy(a, s->tenant_id);
    g->t.grant = copy(a, s->grant);
    g->t.obtained_at = s->obtained_at;
    g->t.expires_at = s->expires_at;
    g->t.renew_at = s->renew_at;
    g->t.clock_skew = s->clock_skew;
    g->t.has_refresh_token = s->refresh_token.p != NULL && !s->refresh_spent;
    g->t.from_cache = k->token_cached;
    g->t.memory = a;
    *slot = NULL;
    return OK;
}

enum postern_code postern_token_get(struct postern *client, unsigned flags,
                                    struct postern_cancel *cancel,
                                    struct postern_token *ret_token) {
    if (client == NULL || ret_token == NULL) {
        return usage_failed("postern_token_get needs a client and a place for the result.");
    }
    struct getting g = {.flags = flags, .t = POSTERN_TOKEN_INIT};
    enum postern_code code = call_run(client, cancel, 0, get_run, &g);
    if (code == POSTERN_OK) {
        result_copy(ret_token, &g.t, sizeof g.t);
    }
    return code;
}

void postern_token_done(struct postern_token *token) {
    if (token != NULL) {
        arena_free(token->memory);
        result_clear(token, sizeof *token);
    }
}
