/* SPDX-License-Identifier: Apache-2.0 */
/* A token good for now: from memory, from the cache, by refresh token, by authenticating anew; in
 * that order. */
#include "client.h"

struct wanted {
    struct str refused; /* this token is not good, whatever its times say */
};

/* A clock that was set back makes a token look younger than it is: then it is not believed. */
static bool is_usable(const struct state *s, int64_t now, const struct wanted *w) {
    return s != NULL && s->access_token.p != NULL && now < s->renew_at &&
           now >= s->obtained_at - JWT_LEEWAY_SECONDS && !str_eq(s->access_token, w->refused);
}

/* Past renew_at, but not past its end. */
static bool is_alive(const struct state *s, int64_t now, const struct wanted *w) {
    return s != NULL && s->access_token.p != NULL && now < s->expires_at &&
           now >= s->obtained_at - JWT_LEEWAY_SECONDS && !str_eq(s->access_token, w->refused);
}

static err is_done(struct call *k, void *argument, bool *ret_done) {
    *ret_done = is_usable(state_current(k), k->cx.clock->now_ms(k->cx.clock) / 1000, argument);
    return OK;
}

/* ---- one request to the token endpoint ---- */

static err request_send(struct call *k, struct token_request *r, const struct repeat *how,
                        struct exchange *x) {
    r->headers[r->headers_n++] = STR("Accept: application/json");
    *x = (struct exchange){.method = "POST",
                           .url = r->url,
                           .headers = r->headers,
                           .headers_n = r->headers_n,
                           .body = buf_view(&r->body),
                           .secret_body = true,
                           .body_max = DOCUMENT_MAX};
    err e = exchange_repeat(k, x, how, NULL, NULL);
    secret_wipe(r->body.p, r->body.n);
    TRY(e);
    clock_learn(k, x);
    return OK;
}

static err publish(struct call *k, struct state *s, const char *grant) {
    state_follow(k, s, state_current(k));
    s->grant = str_copy(s->arena, str_from(grant));
    /* Seed 002: the new refresh token is stored before anything else happens. */
    if (k->locked && cache_write(k, s) != OK) {
        call_warn(k, "The token is kept in memory only: %s", k->cx.failure.detail);
    }
    state_publish(k, s);
    return OK;
}

static struct token_request request_new(struct call *k) {
    return (struct token_request){.body = buf_in(k->cx.arena, 1024)};
}

static err answer_take(struct call *k, const struct exchange *x, const struct grant *grant,
                       const struct token_request *r) {
    struct state *s = state_new(k);
    TRY(token_answer(k, x, grant, s));
    const struct state *known = state_current(k);
    if (known != NULL) {
        state_take_documents(s, known);
    }
    if (!grant->client) {
        s->refresh_token = STR_NONE; /* it is renewed with the key itself */
    }
    s->auth_method = str_copy(s->arena, str_from(r->auth_method));
    call_tell(k, POSTERN_EVENT_TOKEN,
              str_z(k->cx.arena, str_format(k->cx.arena, "new by grant %s", grant->name)));
    return publish(k, s, grant->name);
}

static err authenticate_once(struct call *k, const struct endpoints *ep, const struct grant *grant,
                             struct token_request *r) {
    struct exchange x;
    const struct repeat how = {(int)setting_int(k->p, SET_RETRIES), true, false};
    TRY(grant->request(k, ep, r));
    TRY(request_send(k, r, &how, &x));
    if (x.status != 200 && x.status != 201) {
        return token_refused(k, &x, r);
    }
    return answer_take(k, &x, grant, r);
}

/* An application has one method, and discovery does not say which: with auto the other one is
 * tried, once, and what was taken is remembered. */
static err authenticate(struct call *k, const struct endpoints *ep, const struct grant *grant) {
    struct token_request r = request_new(k);
    err e = authenticate_once(k, ep, grant, &r);
    if (e != ERR_CLIENT_AUTH || !str_is(k->oauth_error, "invalid_client") ||
        r.auth_method == NULL) {
        return e;
    }
    k->auth_method = client_auth_other(k, ep, r.auth_method);
    if (k->auth_method == NULL) {
        return e;
    }
    const char *first = r.auth_method;
    struct str said = k->oauth_text;
    call_tell(k, POSTERN_EVENT_TOKEN, "refused: trying the other auth_method");
    r = request_new(k);
    err second = authenticate_once(k, ep, grant, &r);
    if (second == ERR_CLIENT_AUTH && str_is(k->oauth_error, "invalid_client")) {
        return fail_say(
            &k->cx, ERR_CLIENT_AUTH,
            "Refused: invalid_client, with %s (%.*s) and with %s (%.*s). Check client_id "
            "and client_secret.",
            first, STR_ARG(str_sub(said, 0, 140)), r.auth_method,
            STR_ARG(str_sub(k->oauth_text, 0, 140)));
    }
    return second;
}

/* ---- refreshing ---- */

/* What is on disk while the token is on its way: whoever comes after this process's death knows
 * that it may be spent, and does not send it again. */
static err spent_mark(struct call *k, const struct state *from, bool spent) {
    struct state *s = state_copy(k, from);
    s->refresh_spent = spent;
    /* A token that came from a disk on which it cannot be marked may be sent by others too. */
    if (k->p->cache_file != NULL && (!k->locked || cache_write(k, s) != OK)) {
        return fail(&k->cx, ERR_CLIENT_FILE, "not marked");
    }
    state_publish(k, s);
    return OK;
}

static err refresh_answer(struct call *k, const struct exchange *x, const struct grant *grant,
                          const struct state *before) {
    struct state *s = state_new(k);
    TRY(token_answer(k, x, grant, s));
    const struct state *known = state_current(k);
    state_take_documents(s, known != NULL ? known : before);
    if (s->refresh_token.p == NULL) {
        s->refresh_token = state_secret(s->arena, before->refresh_token); /* RFC 6749 6 */
    }
    if (s->tenant_id.p == NULL) {
        s->tenant_id = str_copy(s->arena, before->tenant_id);
    }
    if (s->scope.p == NULL) {
        s->scope = str_copy(s->arena, before->scope);
    }
    s->auth_method = str_copy(s->arena, before->auth_method);
    call_tell(k, POSTERN_EVENT_TOKEN, "renewed by refresh_token");
    return publish(k, s, "refresh_token");
}

/* *ret_renewed false and OK: authenticate anew. */
static err refresh(struct call *k, const struct endpoints *ep, const struct grant *grant,
                   bool *ret_renewed) {
    const struct state *s = state_current(k);
    *ret_renewed = false;
    if (s == NULL || s->refresh_token.p == NULL || s->refresh_spent || !grant->client) {
        return OK;
    }
    struct token_request r = request_new(k);
    struct exchange x = {0};
    const struct repeat how = {(int)setting_int(k->p, SET_RETRIES), false, true};
    TRY(grant_refresh(k, ep, s->refresh_token, &r));
    if (spent_mark(k, s, true) != OK) {
        return OK; /* not on disk, not sent: a full authentication harms nobody */
    }
    err e = request_send(k, &r, &how, &x);
    if (e != OK && !x.left) {
        (void)spent_mark(k, s, false);
        return e;
    }
    if (e == ERR_CLIENT_CANCELLED) {
        return e;
    }
    if (e == OK && x.status == 429) {
        (void)spent_mark(k, s, false);
        return token_refused(k, &x, &r);
    }
    if (e == OK && x.status == 200 && refresh_answer(k, &x, grant, s) == OK) {
        *ret_renewed = true;
        return OK;
    }
    call_tell(k, POSTERN_EVENT_TOKEN,
              e == OK && x.status == 400 ? "refresh_token refused: authenticating anew"
                                         : "refresh_token without an answer: authenticating anew");
    return OK;
}

/* ---- the one who renews ---- */

static err renew(struct call *k, void *argument) {
    struct endpoints ep;
    const struct grant *grant;
    bool renewed;
    (void)argument;
    TRY(grant_chosen(k, &grant));
    TRY(discovery_get(k, 0, &ep));
    TRY(refresh(k, &ep, grant, &renewed));
    return renewed ? OK : authenticate(k, &ep, grant);
}

static err token_take(struct call *k, struct token *ret_token) {
    const struct state *s = state_current(k);
    if (s == NULL || s->access_token.p == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_NO_TOKEN, "The token was forgotten meanwhile.");
    }
    *ret_token = (struct token){s->access_token, s->token_type};
    return OK;
}

static err disk_read(struct call *k) {
    struct state *s;
    TRY(cache_read(k, &s));
    state_adopt(k, s);
    return OK;
}

static err not_cached(struct call *k) {
    return fail_say(&k->cx, ERR_CLIENT_NO_TOKEN,
                    "No usable token is cached. Get one with: postern token");
}

err token_get(struct call *k, unsigned flags, struct str refused, struct token *ret_token) {
    struct wanted w = {refused};
    k->token_cached = true;
    if ((flags & POSTERN_FRESH) == 0 && is_usable(state_current(k), k->cx.now, &w)) {
        return token_take(k, ret_token);
    }
    TRY(disk_read(k));
    const struct state *s = state_current(k);
    if ((flags & POSTERN_FRESH) != 0 && s != NULL) {
        w.refused = s->access_token;
    }
    if (is_usable(s, k->cx.now, &w)) {
        return token_take(k, ret_token);
    }
    if ((flags & POSTERN_CACHED) != 0) {
        return is_alive(s, k->cx.now, &w) ? token_take(k, ret_token) : not_cached(k);
    }
    k->token_cached = false;
    err e = flight_run(k, is_done, renew, &w);
    if (e != OK && is_alive(state_current(k), k->cx.now, &w) && e != ERR_CLIENT_CANCELLED) {
        call_warn(k, "The token could not be renewed yet (%s); the present one is good for %lld s.",
                  k->cx.failure.detail, (long long)(state_current(k)->expires_at - k->cx.now));
        k->token_cached = true;
        e = OK;
    }
    TRY(e);
    return token_take(k, ret_token);
}
