/* SPDX-License-Identifier: Apache-2.0 */
/* One public call: its arena, its deadline, its cancellation, and the way back when memory runs
 * out. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client.h"

#define WITHOUT_CLIENT_MS 60000
#define CALL_MAX_MS       (100LL * 366 * 86400 * 1000)
#define POLL_SLICE_MS     3600000 /* poll(2) takes an int */

struct postern_cancel {
    int fd; /* an eventfd: readable once cancelled */
};

struct postern_cancel *postern_cancel_new(void) {
    struct postern_cancel *c = malloc(sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->fd < 0) {
        free(c);
        return NULL;
    }
    return c;
}

void postern_cancel(struct postern_cancel *cancel) {
    const uint64_t one = 1;
    int before = errno; /* a signal handler's caller has one */
    if (cancel != NULL && write(cancel->fd, &one, sizeof one) < 0) {
        /* full: it is cancelled already */
    }
    errno = before;
}

void postern_cancel_free(struct postern_cancel *cancel) {
    if (cancel != NULL) {
        (void)close(cancel->fd);
        free(cancel);
    }
}

int call_cancel_fd(const struct call *k) {
    return k->cancel != NULL ? k->cancel->fd : -1;
}

int64_t call_left_ms(const struct call *k) {
    int64_t left = (k->deadline_us - clock_monotonic_us()) / 1000;
    return left > 0 ? left : 0;
}

static err cancelled(struct call *k) {
    return fail_say(&k->cx, ERR_CLIENT_CANCELLED, "The call was cancelled.");
}

/* Waits for the cancellation; ms 0 only looks. */
static bool wait_for_cancel(const struct call *k, int64_t ms) {
    struct pollfd fd = {.fd = call_cancel_fd(k), .events = POLLIN};
    int64_t until = clock_monotonic_us() + ms * 1000;
    for (;;) {
        int64_t left = (until - clock_monotonic_us() + 999) / 1000;
        int n = poll(&fd, 1, left <= 0 ? 0 : left < POLL_SLICE_MS ? (int)left : POLL_SLICE_MS);
        if (n > 0) {
            return true;
        }
        if (n == 0 && clock_monotonic_us() >= until) {
            return false;
        }
    }
}

err call_check(struct call *k) {
    return k->cancel != NULL && wait_for_cancel(k, 0) ? cancelled(k) : OK;
}

err call_wait(struct call *k, int64_t ms) {
    if (ms > call_left_ms(k)) {
        return fail_say(&k->cx, ERR_CLIENT_TIMEOUT,
                        "A pause of %lld s would pass the time limit of the call. Try again later, "
                        "or allow more time (setting timeout).",
                        (long long)((ms + 999) / 1000));
    }
    return wait_for_cancel(k, ms) ? cancelled(k) : OK;
}

void call_event(struct call *k, const struct postern_event *event) {
    if (k->p != NULL && k->p->on_event != NULL) {
        struct postern_event e = *event;
        e.size = sizeof e;
        k->p->on_event(k->p->on_event_user, &e);
    }
}

void call_warn(struct call *k, const char *format, ...) {
    char text[FAILURE_DETAIL_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    call_event(k, &(struct postern_event){.kind = POSTERN_EVENT_WARNING, .text = text});
}

void call_tell(struct call *k, enum postern_event_kind kind, const char *text) {
    call_event(k, &(struct postern_event){.kind = kind, .text = text});
}

/* The log of base is not used here: a library never prints. */
static enum postern_code finish(struct call *k, err e) {
    enum postern_code code = error_code(e);
    if (e != OK) {
        /* What a server or a file wrote may be part of it. */
        bool detailed = k->cx.failure.code == e && k->cx.failure.detail[0] != '\0';
        struct str text = str_from(detailed ? k->cx.failure.detail : err_info(e)->text);
        struct arena *a = k->cx.arena;
        error_set(code, k->status, str_z(a, text_clean(a, text, text.n)),
                  text_clean(a, k->oauth_error, k->oauth_error.n),
                  text_clean(a, k->correlation_id, k->correlation_id.n));
    }
    return code;
}

struct running {
    struct postern *p;
    struct postern_cancel *cancel;
    int64_t timeout_ms;
    err (*work)(struct call *k, void *arguments);
    void *arguments;
    struct arena *arena;
};

/* Not inlined: what changes between setjmp and longjmp must be in memory, not in registers. */
__attribute__((noinline)) static enum postern_code run(struct running *r) {
    r->arena = arena_new();
    struct call *k = NEW(r->arena, struct call);
    ctx_init(&k->cx, r->arena, &clock_system, &random_system, NULL);
    k->p = r->p;
    k->cancel = r->cancel;
    if (r->timeout_ms <= 0) {
        r->timeout_ms = r->p != NULL ? setting_int(r->p, SET_TIMEOUT) * 1000 : WITHOUT_CLIENT_MS;
    }
    if (r->timeout_ms > CALL_MAX_MS) {
        r->timeout_ms = CALL_MAX_MS; /* as good as none */
    }
    k->deadline_us = clock_monotonic_us() + r->timeout_ms * 1000;
    return finish(k, r->work(k, r->arguments));
}

enum postern_code call_run(struct postern *p, struct postern_cancel *cancel, int64_t timeout_ms,
                           err (*work)(struct call *k, void *arguments), void *arguments) {
    struct running r = {p, cancel, timeout_ms, work, arguments, NULL};
    struct memory_guard guard;
    enum postern_code code = POSTERN_MEMORY;
    memory_guard_enter(&guard);
    if (setjmp(guard.out) == 0) {
        code = run(&r);
    } else {
        error_set(POSTERN_MEMORY, 0, "Memory is exhausted. The call has changed nothing.", STR_NONE,
                  STR_NONE);
        code = POSTERN_MEMORY;
    }
    memory_guard_leave(&guard);
    arena_free(r.arena); /* frees and closes, and asks for nothing */
    return code;
}
