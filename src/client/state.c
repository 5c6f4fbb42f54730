/* SPDX-License-Identifier: Apache-2.0 */
/* What a client knows: discovery documents, keys and tokens. A state is made, then published, and
 * never changed again; threads hold references. */
#include <stdlib.h>

#include "client.h"

#define STATE_VERSION 1

void state_unref(struct state *s) {
    if (s != NULL && __atomic_sub_fetch(&s->references, 1, __ATOMIC_ACQ_REL) == 0) {
        state_forget_remembered(s);
        arena_free(s->arena);
    }
}

static void unref_deferred(void *s) {
    state_unref(s);
}

static void arena_deferred(void *at) {
    arena_free(*(struct arena **)at);
}

/* The call holds a reference until it ends. */
static struct state *hold(struct call *k, struct state *s) {
    arena_defer(k->cx.arena, unref_deferred, s);
    return s;
}

struct state *state_new(struct call *k) {
    struct arena **slot = NEW(k->cx.arena, struct arena *);
    arena_defer(k->cx.arena, arena_deferred, slot);
    *slot = arena_new();
    struct state *s = NEW(*slot, struct state);
    s->arena = *slot;
    s->references = 1;
    (void)hold(k, s);
    *slot = NULL;
    return s;
}

struct state *state_current(struct call *k) {
    struct state **slot = NEW(k->cx.arena, struct state *);
    arena_defer(k->cx.arena, state_slot_unref, slot);
    (void)pthread_mutex_lock(&k->p->lock);
    struct state *s = k->p->state;
    if (s != NULL) {
        (void)__atomic_add_fetch(&s->references, 1, __ATOMIC_ACQ_REL);
    }
    *slot = s;
    (void)pthread_mutex_unlock(&k->p->lock);
    return s;
}

void state_slot_unref(void *slot) {
    state_unref(*(struct state **)slot);
}

void state_follow(struct call *k, struct state *s, const struct state *before) {
    s->lineage = before != NULL && before->lineage.p != NULL
                     ? str_copy(s->arena, before->lineage)
                     : str_copy(s->arena, random_text(&k->cx, 9));
    s->generation = before != NULL ? before->generation + 1 : 1;
}

void state_publish(struct call *k, struct state *s) {
    if (s != NULL) {
        (void)__atomic_add_fetch(&s->references, 1, __ATOMIC_ACQ_REL);
    }
    (void)pthread_mutex_lock(&k->p->lock);
    struct state *before = k->p->state;
    k->p->state = s;
    (void)pthread_mutex_unlock(&k->p->lock);
    state_unref(before);
}

void state_adopt(struct call *k, struct state *s) {
    const struct state *known = state_current(k);
    if (s != NULL && (known == NULL || !str_eq(s->lineage, known->lineage) ||
                      s->generation >= known->generation)) {
        state_publish(k, s);
    }
}

/* ---- copies ---- */

static struct document document_copy(struct arena *a, const struct document *d) {
    struct document copy = *d;
    copy.text = str_copy(a, d->text);
    copy.etag = str_copy(a, d->etag);
    return copy;
}

void state_take_documents(struct state *to, const struct state *from) {
    to->openid_configuration = document_copy(to->arena, &from->openid_configuration);
    to->cxone_configuration = document_copy(to->arena, &from->cxone_configuration);
    to->jwks = document_copy(to->arena, &from->jwks);
}

void state_take_tokens(struct state *to, const struct state *from) {
    struct arena *a = to->arena;
    to->access_token = state_secret(a, from->access_token);
    to->token_type = str_copy(a, from->token_type);
    to->scope = str_copy(a, from->scope);
    to->id_token = state_secret(a, from->id_token);
    to->refresh_token = state_secret(a, from->refresh_token);
    to->tenant_id = str_copy(a, from->tenant_id);
    to->grant = str_copy(a, from->grant);
    to->auth_method = str_copy(a, from->auth_method);
    to->obtained_at = from->obtained_at;
    to->expires_at = from->expires_at;
    to->renew_at = from->renew_at;
    to->clock_skew = from->clock_skew;
    to->access_refused = from->access_refused;
    to->refresh_spent = from->refresh_spent;
    to->refresh_sent_at = from->refresh_sent_at;
    to->lineage = str_copy(a, from->lineage);
    to->generation = from->generation;
}

struct state *state_copy(struct call *k, const struct state *from) {
    struct state *s = state_new(k);
    if (from != NULL) {
        state_take_documents(s, from);
        state_take_tokens(s, from);
    }
    state_follow(k, s, from);
    return s;
}

struct str state_secret(struct arena *a, struct str s) {
    if (s.p == NULL) {
        return STR_NONE;
    }
    struct secret copy = secret_in(a, s.p, s.n);
    return (struct str){(const char *)copy.p, copy.n};
}

/* ---- as JSON ---- */

static void document_write(struct json_out *j, const char *key, const struct document *d) {
    if (d->text.p == NULL) {
        return;
    }
    json_open_object(j, key);
    json_put_str(j, "text", d->text);
    json_put_str_if(j, "etag", d->etag);
    json_put_int(j, "fetched_at", d->fetched_at);
    json_put_int(j, "good_until", d->good_until);
    json_close_object(j);
}

struct str state_write(struct arena *a, const struct state *s, struct str secret_mark) {
    struct buf b = buf_in(a, 16384);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_int(&j, "version", STATE_VERSION);
    json_put_str_if(&j, "secret", secret_mark);
    json_put_str_if(&j, "lineage", s->lineage);
    json_put_int(&j, "generation", s->generation);
    json_put_str_if(&j, "access_token", s->access_token);
    json_put_str_if(&j, "token_type", s->token_type);
    json_put_str_if(&j, "scope", s->scope);
    json_put_str_if(&j, "id_token", s->id_token);
    json_put_str_if(&j, "refresh_token", s->refresh_token);
    json_put_bool(&j, "access_refused", s->access_refused);
    json_put_bool(&j, "refresh_spent", s->refresh_spent);
    json_put_int(&j, "refresh_sent_at", s->refresh_sent_at);
    json_put_str_if(&j, "tenant_id", s->tenant_id);
    json_put_str_if(&j, "grant", s->grant);
    json_put_str_if(&j, "auth_method", s->auth_method);
    json_put_int(&j, "obtained_at", s->obtained_at);
    json_put_int(&j, "expires_at", s->expires_at);
    json_put_int(&j, "renew_at", s->renew_at);
    json_put_int(&j, "clock_skew", s->clock_skew);
    document_write(&j, "openid_configuration", &s->openid_configuration);
    document_write(&j, "cxone_configuration", &s->cxone_configuration);
    document_write(&j, "jwks", &s->jwks);
    json_close_object(&j);
    buf_char(&b, '\n');
    return buf_view(&b);
}

static bool is_time(int64_t t) {
    return t >= 0 && t <= JWT_TIME_MAX;
}

static err document_parse(struct ctx *cx, struct arena *a, const json_t *root, const char *key,
                          struct document *ret) {
    const json_t *o = json_object_get(root, key);
    struct document d = {0};
    if (o != NULL) {
        TRY(json_get_str(cx, o, "text", &d.text));
        TRY(json_get_str(cx, o, "etag", &d.etag));
        TRY(json_get_int(cx, o, "fetched_at", 0, &d.fetched_at));
        TRY(json_get_int(cx, o, "good_until", 0, &d.good_until));
        if (!is_time(d.fetched_at) || !is_time(d.good_until)) {
            return fail(cx, ERR_INVALID_REQUEST, "a time is none");
        }
    }
    *ret = document_copy(a, &d);
    return OK;
}

static err tokens_parse(struct ctx *cx, const json_t *root, struct state *from) {
    TRY(json_get_str(cx, root, "access_token", &from->access_token));
    TRY(json_get_str(cx, root, "token_type", &from->token_type));
    TRY(json_get_str(cx, root, "scope", &from->scope));
    TRY(json_get_str(cx, root, "id_token", &from->id_token));
    TRY(json_get_str(cx, root, "refresh_token", &from->refresh_token));
    TRY(json_get_bool(cx, root, "access_refused", false, &from->access_refused));
    TRY(json_get_bool(cx, root, "refresh_spent", false, &from->refresh_spent));
    TRY(json_get_int(cx, root, "refresh_sent_at", 0, &from->refresh_sent_at));
    TRY(json_get_str(cx, root, "lineage", &from->lineage));
    TRY(json_get_int(cx, root, "generation", 0, &from->generation));
    TRY(json_get_str(cx, root, "tenant_id", &from->tenant_id));
    TRY(json_get_str(cx, root, "grant", &from->grant));
    TRY(json_get_str(cx, root, "auth_method", &from->auth_method));
    TRY(json_get_int(cx, root, "obtained_at", 0, &from->obtained_at));
    TRY(json_get_int(cx, root, "expires_at", 0, &from->expires_at));
    TRY(json_get_int(cx, root, "renew_at", 0, &from->renew_at));
    return json_get_int(cx, root, "clock_skew", 0, &from->clock_skew);
}

/* The file is the user's own, and yet: what goes into a header or a sum is looked at. */
static err tokens_check(struct ctx *cx, const struct state *s) {
    const struct str tokens[] = {s->access_token, s->id_token, s->refresh_token};
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        if (tokens[i].p != NULL && !is_token_text(tokens[i])) {
            return fail(cx, ERR_INVALID_REQUEST, "a token has odd characters");
        }
    }
    bool good = is_time(s->obtained_at) && is_time(s->expires_at) && is_time(s->renew_at) &&
                is_time(s->generation) && is_time(s->refresh_sent_at) &&
                s->clock_skew >= -JWT_TIME_MAX && s->clock_skew <= JWT_TIME_MAX;
    return good ? OK : fail(cx, ERR_INVALID_REQUEST, "a time is none");
}

err state_parse(struct call *k, struct str text, struct state **ret_state, struct str *ret_mark) {
    json_t *root;
    int64_t version;
    struct state from = {0};
    struct state *s = state_new(k);
    TRY(json_parse(&k->cx, text, &root));
    if (!json_is_object(root)) {
        return fail(&k->cx, ERR_INVALID_REQUEST, "not an object");
    }
    TRY(json_get_int(&k->cx, root, "version", 0, &version));
    if (version != STATE_VERSION) {
        return fail(&k->cx, ERR_INVALID_REQUEST, "version %lld", (long long)version);
    }
    TRY(tokens_parse(&k->cx, root, &from));
    TRY(tokens_check(&k->cx, &from));
    state_take_tokens(s, &from);
    TRY(document_parse(&k->cx, s->arena, root, "openid_configuration", &s->openid_configuration));
    TRY(document_parse(&k->cx, s->arena, root, "cxone_configuration", &s->cxone_configuration));
    TRY(document_parse(&k->cx, s->arena, root, "jwks", &s->jwks));
    TRY(json_get_str(&k->cx, root, "secret", ret_mark));
    *ret_state = s;
    return OK;
}
