/* SPDX-License-Identifier: Apache-2.0 */
/* A token good for now: from memory, from the cache, by refresh token, by authenticating anew; in
 * that order. */
#include "client.h"

struct wanted {
    struct str refused; /* this token is not good, whatever its times say */
    bool by_api;        /* an API said so, not the caller */
};

/* A clock that was set back makes a token look younger than it is: then it is not believed. */
static bool is_believed(const struct state *s, int64_t now, const struct wanted *w) {
    return s != NULL && s->access_token.p != NULL && !s->access_refused &&
           now >= s->obtained_at - JWT_LEEWAY_SECONDS && !str_eq(s->access_token, w->refused);
}

static bool is_usable(const struct state *s, int64_t now, const struct wanted *w) {
    return is_believed(s, now, w) && now < s->renew_at;
}

/* Past renew_at, but not past its end. */
static bool is_alive(const struct state *s, int64_t now, const struct wanted *w) {
    return is_believed(s, now, w) && now < s->expires_at;
}

static bool is_renewable(const struct state *s) {
    return s != NULL && s->access_token.p != NULL && s->refresh_token.p != NULL &&
           !s->refresh_spent;
}

static err is_done(struct call *k, void *argument, bool *ret_done) {
    *ret_done = is_usable(state_current(k), k->cx.clock->now_ms(k->cx.clock) / 1000, argument);
    return OK;
}

/* ---- one request to the token endpoint ---- */

err token_request_send(struct call *k, struct token_request *r, const struct repeat *how,
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

err token_publish(struct call *k, struct state *s, const char *grant) {
    state_follow(k, s, state_current(k));
    s->grant = str_copy(s->arena, str_from(grant));
    /* Seed 002: the new refresh token is stored before anything else happens. */
    if (k->locked && cache_write(k, s) != OK) {
        call_warn(k, "The token is kept in memory only: %s", k->cx.failure.detail);
    }
    state_publish(k, s);
    return OK;
}

struct token_request token_request_new(struct call *k) {
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
    const char *by = k->device != NULL ? "device_code" : grant->name;
    call_tell(k, POSTERN_EVENT_TOKEN,
              str_z(k->cx.arena, str_format(k->cx.arena, "new by grant %s", by)));
    return token_publish(k, s, by);
}

static err authenticate_once(struct call *k, const struct endpoints *ep, const struct grant *grant,
                             struct token_request *r) {
    struct exchange x;
    /* RFC 6749 4.1.2: a code is good once. */
    const struct repeat how = {(int)setting_int(k->p, SET_RETRIES), !grant->person, grant->person};
    TRY(grant->request(k, ep, r));
    TRY(token_request_send(k, r, &how, &x));
    if (x.status != 200 && x.status != 201) {
        return token_refused(k, &x, r);
    }
    return answer_take(k, &x, grant, r);
}

/* An application has one method, and discovery does not say which: with auto the other one is
 * tried, once, and what was taken is remembered. */
err token_authenticate(struct call *k, const struct endpoints *ep, const struct grant *grant) {
    struct token_request r = token_request_new(k);
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
    r = token_request_new(k);
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

/* ---- the one who renews ---- */

static err renew(struct call *k) {
    struct endpoints ep;
    const struct grant *grant;
    bool renewed;
    TRY(grant_chosen(k, &grant));
    TRY(discovery_get(k, 0, &ep));
    TRY(refresh_token_use(k, &ep, grant, &renewed));
    return renewed ? OK : token_authenticate(k, &ep, grant);
}

/* A token that an API refused and that has no successor is not handed out again: not by this
 * process, nor by another. */
static void refused_mark(struct call *k, const struct wanted *w) {
    const struct state *known = state_current(k);
    if (!w->by_api || known == NULL || known->access_refused ||
        !str_eq(known->access_token, w->refused)) { /* public: two of one's own */
        return;
    }
    struct failure why = k->cx.failure;
    struct state *s = state_copy(k, known);
    s->access_refused = true;
    s->renew_at = s->renew_at < k->cx.now ? s->renew_at : k->cx.now;
    if (k->locked && cache_write(k, s) != OK) {
        call_warn(k, "That the token was refused is known to this process only: %s",
                  k->cx.failure.detail);
    }
    state_publish(k, s);
    k->cx.failure = why;
}

static err renew_work(struct call *k, void *argument) {
    err e = renew(k);
    if (e != OK) {
        refused_mark(k, argument);
    }
    return e;
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
    const struct grant *grant;
    if (grant_chosen(k, &grant) == OK && grant->person) {
        return login_missing(k);
    }
    return fail_say(&k->cx, ERR_CLIENT_NO_TOKEN,
                    "No usable token is cached. Get one with: postern token");
}

err token_get(struct call *k, unsigned flags, struct str refused, struct token *ret_token) {
    struct wanted w = {refused, refused.p != NULL};
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
        bool good =
            is_alive(s, k->cx.now, &w) || ((flags & POSTERN_RENEWABLE) != 0 && is_renewable(s));
        return good ? token_take(k, ret_token) : not_cached(k);
    }
    k->token_cached = false;
    err e = flight_run(k, is_done, renew_work, &w);
    if (e != OK && is_alive(state_current(k), k->cx.now, &w) && e != ERR_CLIENT_CANCELLED) {
        call_warn(k, "The token could not be renewed yet (%s); the present one is good for %lld s.",
                  k->cx.failure.detail, (long long)(state_current(k)->expires_at - k->cx.now));
        k->token_cached = true;
        e = OK;
    }
    TRY(e);
    return token_take(k, ret_token);
}
