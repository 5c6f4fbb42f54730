/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent again, and when (PROTOCOL 11). */
#include "client.h"

#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS   30000
#define JITTER_MAX_MS    1000

/* From half to the whole of a pause that doubles: processes that failed together come back apart.
 */
static int64_t backoff(int attempt, uint32_t random) {
    int64_t whole = BACKOFF_FIRST_MS;
    for (int i = 1; i < attempt && whole < BACKOFF_MAX_MS; i++) {
        whole *= 2;
    }
    whole = whole < BACKOFF_MAX_MS ? whole : BACKOFF_MAX_MS;
    return whole / 2 + (int64_t)random % (whole / 2 + 1);
}

/* Never earlier than the server said, and a little apart from the others that it said it to. */
static int64_t asked_pause(int64_t retry_after_ms, uint32_t random) {
    int64_t most = retry_after_ms / 10 < JITTER_MAX_MS ? retry_after_ms / 10 : JITTER_MAX_MS;
    return retry_after_ms + (int64_t)random % (most + 1);
}

static bool is_network(err e) {
    return e == ERR_CLIENT_DNS || e == ERR_CLIENT_CONNECT || e == ERR_CLIENT_TLS ||
           e == ERR_CLIENT_TIMEOUT || e == ERR_CLIENT_NETWORK || e == ERR_CLIENT_ANSWER;
}

static bool may_repeat(const struct repeat *how, const struct outcome *o) {
    if (o->attempt > how->retries || o->streamed) {
        return false;
    }
    if (o->error != OK) {
        return is_network(o->error) && !o->lasting && (!o->left || how->repeatable);
    }
    switch (o->status) {
    case 429: /* RFC 6585 4: it was not worked on */
        return true;
    case 503: /* RFC 9110 15.6.4: not, if the server invites to come back; else nobody knows */
        return !how->spends && (how->repeatable || o->retry_after_ms >= 0);
    case 500:
    case 502:
    case 504:
        return how->repeatable;
    default:
        return false;
    }
}

bool repeat_decide(const struct repeat *how, const struct outcome *o, int64_t *ret_wait_ms) {
    if (!may_repeat(how, o)) {
        return false;
    }
    *ret_wait_ms = o->error == OK && o->retry_after_ms >= 0
                       ? asked_pause(o->retry_after_ms, o->random)
                       : backoff(o->attempt, o->random);
    return true;
}

bool exchange_rewind(struct exchange *x) {
    if (!x->body_begun) {
        return true;
    }
    if (x->stream->rewind == NULL || x->stream->rewind(x->stream->read_user) != 0) {
        return false;
    }
    x->body_begun = false;
    return true;
}

static struct outcome outcome_of(struct call *k, const struct exchange *x, err e, int attempt) {
    struct outcome o = {.error = e,
                        .status = x->status,
                        .left = x->left,
                        .streamed = x->streamed,
                        .lasting = x->lasting,
                        .retry_after_ms = x->retry_after_ms,
                        .attempt = attempt};
    k->cx.random->fill(k->cx.random, &o.random, sizeof o.random);
    return o;
}

static void tell(struct call *k, const struct exchange *x, err e, int64_t wait_ms) {
    if (k->p->on_event == NULL) {
        return;
    }
    call_event(k, &(struct postern_event){.kind = POSTERN_EVENT_RETRY,
                                          .method = x->method,
                                          .url = str_z(k->cx.arena, url_shown(x->url)),
                                          .status = e == OK ? x->status : 0,
                                          .attempt = x->attempt,
                                          .ms = wait_ms,
                                          .text = e != OK ? k->cx.failure.detail
                                                          : "the server asks for patience"});
}

err exchange_repeat(struct call *k, struct exchange *x, const struct repeat *how, int *ret_attempts,
                    int64_t *ret_waited_ms) {
    int attempts = 0;
    int64_t waited = 0, wait = 0;
    err e;
    x->once = !how->repeatable;
    for (;;) {
        x->attempt++;
        attempts++;
        e = exchange_run(k, x);
        struct outcome o = outcome_of(k, x, e, attempts);
        if (!repeat_decide(how, &o, &wait) || wait >= call_left_ms(k) || !exchange_rewind(x)) {
            break;
        }
        tell(k, x, e, wait);
        e = call_wait(k, wait);
        if (e != OK) {
            break;
        }
        waited += wait;
    }
    if (ret_attempts != NULL) {
        *ret_attempts = attempts;
    }
    if (ret_waited_ms != NULL) {
        *ret_waited_ms = waited;
    }
    return e;
}
