/* SPDX-License-Identifier: Apache-2.0 */
/* A new token for a refresh token, which is good once: whatever happens on the way, it is not sent
 * a second time where the client can authenticate anew. Where only a person could, it is sent once
 * more if no answer came, as long as a server takes that for a lost answer. */
#include "client.h"

/* PROTOCOL 4: 10 s from the first use. What is left is for the way there. */
#define GRACE_SECONDS 8

/* What is on disk while the token is on its way: whoever comes after this process's death knows
 * that it may be spent. `sent_at`: when, if it may be sent once more; else 0. */
static err spent_mark(struct call *k, const struct state *from, bool spent, int64_t sent_at) {
    struct state *s = state_copy(k, from);
    s->refresh_spent = spent;
    s->refresh_sent_at = spent ? sent_at : 0;
    if (k->locked && cache_write(k, s) != OK) {
        return fail(&k->cx, ERR_CLIENT_FILE, "not marked");
    }
    state_publish(k, s);
    return OK;
}

/* OpenID Connect Core 12.2: an id token that comes later is of the same user. */
static err same_user(struct call *k, const struct state *s, const struct state *before) {
    struct str then = before->id_token.p != NULL ? jwt_peek(k, before->id_token, "sub") : STR_NONE;
    if (then.p != NULL && s->id_token.p != NULL && !str_eq(then, jwt_peek(k, s->id_token, "sub"))) {
        return fail_say(&k->cx, ERR_CLIENT_TOKEN,
                        "The renewed id token is of another user than the one who signed in.");
    }
    return OK;
}

static void answer_complete(struct call *k, const struct grant *grant, struct state *s,
                            const struct state *before) {
    const struct state *known = state_current(k);
    state_take_documents(s, known != NULL ? known : before);
    if (s->refresh_token.p == NULL) {
        s->refresh_token = state_secret(s->arena, before->refresh_token); /* RFC 6749 6 */
    }
    if (s->id_token.p == NULL && grant->person) {
        s->id_token = state_secret(s->arena, before->id_token); /* it says who signed in */
    }
    if (s->tenant_id.p == NULL) {
        s->tenant_id = str_copy(s->arena, before->tenant_id);
    }
    if (s->scope.p == NULL) {
        s->scope = str_copy(s->arena, before->scope);
    }
    s->auth_method = str_copy(s->arena, before->auth_method);
}

/* The answer cannot be verified now, because keys are not to be had: its refresh token is kept, for
 * nobody can get another. The tokens beside it are not. */
static void successor_keep(struct call *k, const struct state *s, const struct state *before) {
    struct failure why = k->cx.failure;
    struct state *kept = state_copy(k, before);
    kept->refresh_token = state_secret(kept->arena, s->refresh_token);
    kept->refresh_spent = false;
    kept->refresh_sent_at = 0;
    kept->renew_at = 0;
    (void)token_publish(k, kept, str_z(k->cx.arena, before->grant));
    k->cx.failure = why;
}

static bool is_passing(err e) {
    return e == ERR_CLIENT_DNS || e == ERR_CLIENT_CONNECT || e == ERR_CLIENT_TLS ||
           e == ERR_CLIENT_TIMEOUT || e == ERR_CLIENT_NETWORK || e == ERR_CLIENT_SERVER ||
           e == ERR_CLIENT_CANCELLED;
}

static err answer_take(struct call *k, const struct exchange *x, const struct grant *grant,
                       const struct state *before) {
    struct state *s = state_new(k);
    err e = token_answer(k, x, grant, s);
    if (e != OK && grant->person && is_passing(e) && s->refresh_token.p != NULL) {
        successor_keep(k, s, before);
    }
    TRY(e);
    TRY(same_user(k, s, before));
    answer_complete(k, grant, s, before);
    call_tell(k, POSTERN_EVENT_TOKEN, "renewed by refresh_token");
    /* The grant is the one that the person or the client gave; the word is of older caches. */
    bool known = before->grant.n > 0 && !str_is(before->grant, "refresh_token");
    return token_publish(k, s, known ? str_z(k->cx.arena, before->grant) : grant->name);
}

static err refresh_send(struct call *k, struct token_request *r, struct exchange *x) {
    const struct repeat how = {(int)setting_int(k->p, SET_RETRIES), false, true};
    return token_request_send(k, r, &how, x);
}

/* ---- a client that can authenticate anew ---- */

static err refresh_or_anew(struct call *k, const struct endpoints *ep, const struct grant *grant,
                           bool *ret_renewed) {
    const struct state *s = state_current(k);
    struct token_request r = token_request_new(k);
    struct exchange x = {0};
    if (s->refresh_spent) {
        return OK;
    }
    TRY(grant_refresh(k, ep, s->refresh_token, &r));
    /* A token that came from a disk on which it cannot be marked may be sent by others too. */
    bool shared = k->p->cache_file != NULL && !k->locked;
    if (shared || spent_mark(k, s, true, 0) != OK) {
        return OK; /* not on disk, not sent: a full authentication harms nobody */
    }
    err e = refresh_send(k, &r, &x);
    if (e != OK && !x.left) {
        (void)spent_mark(k, s, false, 0);
        return e;
    }
    if (e == ERR_CLIENT_CANCELLED) {
        return e;
    }
    if (e == OK && x.status == 429) {
        (void)spent_mark(k, s, false, 0);
        return token_refused(k, &x, &r);
    }
    if (e == OK && x.status == 200 && answer_take(k, &x, grant, s) == OK) {
        *ret_renewed = true;
        return OK;
    }
    call_tell(k, POSTERN_EVENT_TOKEN,
              e == OK && x.status == 400 ? "refresh_token refused: authenticating anew"
                                         : "refresh_token without an answer: authenticating anew");
    return OK;
}

/* ---- a person's sign-in, which nobody but that person gives again ---- */

static int64_t clock_now(const struct call *k) {
    return k->cx.clock->now_ms(k->cx.clock) / 1000;
}

/* Not sent yet, or once with its answer lost, and not long ago. */
static bool may_send(const struct call *k, const struct state *s) {
    int64_t age = clock_now(k) - s->refresh_sent_at;
    return !s->refresh_spent || (s->refresh_sent_at != 0 && age >= 0 && age < GRACE_SECONDS);
}

/* Without the lock another process may send what stands in the file: then this one does not. */
static err alone_check(struct call *k, const struct state *s) {
    struct state *disk;
    if (k->locked) {
        return OK;
    }
    TRY(cache_read(k, &disk));
    if (disk != NULL && str_eq(disk->refresh_token, s->refresh_token)) { /* public: one's own two */
        return fail_say(&k->cx, ERR_CLIENT_FILE,
                        "The token cannot be renewed: %s cannot be locked, and another process may "
                        "use it at the same time. Make the directory writable.",
                        k->p->cache_file);
    }
    return OK;
}

/* A refusal that leaves the token as it is: of the application, of the server's strength. */
static bool is_kept(const struct call *k, const struct exchange *x) {
    return x->status == 429 || x->status >= 500 ||
           (x->status != 200 && !str_is(k->oauth_error, "invalid_grant"));
}

static err person_answer(struct call *k, const struct exchange *x, const struct token_request *r,
                         const struct state *s, bool *ret_renewed) {
    const struct grant *grant;
    TRY(grant_chosen(k, &grant));
    if (x->status == 200) {
        TRY(answer_take(k, x, grant, s));
        *ret_renewed = true;
        return OK;
    }
    err e = token_refused(k, x, r);
    struct failure why = k->cx.failure;
    bool kept = is_kept(k, x);
    (void)spent_mark(k, s, !kept, 0);
    k->cx.failure = why;
    if (!kept) {
        call_tell(k, POSTERN_EVENT_TOKEN, "refresh_token refused");
        return OK; /* login_missing() says the rest */
    }
    return e;
}

/* *ret_lost: no answer came. */
static err person_send(struct call *k, const struct endpoints *ep, const struct state *s,
                       bool *ret_renewed, bool *ret_lost) {
    struct token_request r = token_request_new(k);
    struct exchange x = {0};
    int64_t sent_at = s->refresh_spent ? 0 : clock_now(k);
    TRY(alone_check(k, s));
    TRY(grant_refresh(k, ep, s->refresh_token, &r));
    if (spent_mark(k, s, true, sent_at) != OK) {
        return fail_say(&k->cx, ERR_CLIENT_FILE,
                        "The token cannot be renewed: %s cannot be written, and a new refresh "
                        "token would be lost.",
                        k->p->cache_file);
    }
    err e = refresh_send(k, &r, &x);
    if (e == OK) {
        return person_answer(k, &x, &r, s, ret_renewed);
    }
    if (!x.left) {
        struct failure why = k->cx.failure;
        (void)spent_mark(k, s, s->refresh_spent, s->refresh_sent_at);
        k->cx.failure = why;
        return e;
    }
    *ret_lost = true;
    return e;
}

static err refresh_or_nothing(struct call *k, const struct endpoints *ep, bool *ret_renewed) {
    for (;;) {
        const struct state *s = state_current(k);
        bool lost = false;
        if (!may_send(k, s)) {
            return OK;
        }
        err e = person_send(k, ep, s, ret_renewed, &lost);
        if (!lost || e == ERR_CLIENT_CANCELLED || !may_send(k, state_current(k))) {
            return e;
        }
        call_tell(k, POSTERN_EVENT_TOKEN, "refresh_token without an answer: once more");
    }
}

err refresh_token_use(struct call *k, const struct endpoints *ep, const struct grant *grant,
                      bool *ret_renewed) {
    const struct state *s = state_current(k);
    *ret_renewed = false;
    if (s == NULL || s->refresh_token.p == NULL || !grant->client) {
        return OK;
    }
    return grant->person ? refresh_or_nothing(k, ep, ret_renewed)
                         : refresh_or_anew(k, ep, grant, ret_renewed);
}
