/* SPDX-License-Identifier: Apache-2.0 */
/* One renewal at a time: among the threads of this process (a flag and a condition) and among
 * processes (a lock on a file, which the system releases when its holder dies). Those who wait look
 * at the result, not at the lock: a token that appears is theirs at once. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define WAIT_SLICE_MS 50 /* between looks at the cancellation, or at another process's result */

struct held {
    struct call *k;
    bool flight;
    bool alone; /* what others get or fail at is none of its business */
    int fd;     /* of the lock, -1 without */
};

/* Runs when the call ends, however it ends. */
static void held_release(void *object) {
    struct held *h = object;
    if (h->fd >= 0) {
        (void)close(h->fd);
        h->fd = -1;
        h->k->locked = false;
    }
    if (h->flight) {
        struct postern *p = h->k->p;
        (void)pthread_mutex_lock(&p->lock);
        p->renewing = false;
        p->flights++;
        (void)pthread_cond_broadcast(&p->changed);
        (void)pthread_mutex_unlock(&p->lock);
        h->flight = false;
    }
}

/* Waits with p->lock held, a slice at most. */
static void slice_wait(struct postern *p) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_SLICE_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    (void)pthread_cond_timedwait(&p->changed, &p->lock, &until);
}

/* The flight that this thread waited for has failed: so would its own. */
static err shared_failure(struct call *k, uint64_t waited_for) {
    struct postern *p = k->p;
    char message[FAILURE_DETAIL_MAX];
    err e = OK;
    (void)pthread_mutex_lock(&p->lock);
    if (waited_for != 0 && p->failed_flight == waited_for) {
        e = p->failed_with;
        memcpy(message, p->failed_message, sizeof message);
        k->status = p->failed_status;
    }
    (void)pthread_mutex_unlock(&p->lock);
    return e == OK ? OK : fail_say(&k->cx, e, "%s", message);
}

/* One look: true if this thread is the one that renews now. */
static bool flight_try(struct call *k, struct held *h, uint64_t *waited_for) {
    struct postern *p = k->p;
    bool mine;
    (void)pthread_mutex_lock(&p->lock);
    if (p->renewing) {
        *waited_for = p->flights + 1;
        slice_wait(p);
        mine = false;
    } else {
        mine = h->alone || *waited_for == 0 || p->failed_flight != *waited_for;
        p->renewing = mine;
    }
    (void)pthread_mutex_unlock(&p->lock);
    h->flight = mine;
    return mine;
}

static err flight_take(struct call *k, struct held *h, flight_done_fn done, void *argument,
                       bool *ret_done) {
    uint64_t waited_for = 0;
    bool told = false;
    for (;;) {
        if (flight_try(k, h, &waited_for)) {
            return OK;
        }
        if (!told) {
            told = true;
            call_tell(k, POSTERN_EVENT_TOKEN, "waiting for another thread's renewal");
        }
        if (!h->alone && done != NULL) {
            TRY(done(k, argument, ret_done));
            if (*ret_done) {
                return OK;
            }
            TRY(shared_failure(k, waited_for));
        }
        TRY(call_check(k));
        if (call_left_ms(k) == 0) {
            return fail_say(&k->cx, ERR_CLIENT_TIMEOUT,
                            "Another thread's renewal of the token did not end in time.");
        }
    }
}

/* Another process's result is in the file: it becomes this process's too. */
static err disk_look(struct call *k, flight_done_fn done, void *argument, bool *ret_done) {
    struct state *s;
    TRY(cache_read(k, &s));
    state_adopt(k, s);
    return done != NULL ? done(k, argument, ret_done) : OK;
}

static err lock_take(struct call *k, struct held *h, flight_done_fn done, void *argument,
                     bool *ret_done) {
    struct cache_stamp stamp = {0};
    bool told = false, taken = false;
    for (;;) {
        err e = cache_lock_take(k, h->fd, &taken);
        if (e != OK) {
            call_warn(k, "The token is kept in memory only: %s", k->cx.failure.detail);
            return OK;
        }
        if (taken) {
            break;
        }
        if (!told) {
            told = true;
            call_tell(k, POSTERN_EVENT_TOKEN, "waiting for another process's renewal");
        }
        if (cache_changed(k, &stamp)) {
            TRY(disk_look(k, done, argument, ret_done));
            if (*ret_done) {
                return OK;
            }
        }
        uint8_t jitter;
        k->cx.random->fill(k->cx.random, &jitter, sizeof jitter);
        TRY(call_wait(k, 10 + jitter % WAIT_SLICE_MS));
    }
    k->locked = true;
    return disk_look(k, done, argument, ret_done);
}

static void failure_share(struct call *k, err e) {
    struct postern *p = k->p;
    if (e == ERR_CLIENT_CANCELLED || e == ERR_CLIENT_TIMEOUT) {
        return; /* this caller's own haste: the next one tries */
    }
    (void)pthread_mutex_lock(&p->lock);
    p->failed_flight = p->flights + 1;
    p->failed_with = e;
    p->failed_status = k->status;
    memcpy(p->failed_message, k->cx.failure.detail, sizeof p->failed_message);
    (void)pthread_mutex_unlock(&p->lock);
}

err flight_run(struct call *k, flight_done_fn done, err (*work)(struct call *, void *),
               void *argument) {
    struct held *h = NEW(k->cx.arena, struct held);
    *h = (struct held){.k = k, .alone = done == NULL, .fd = -1};
    arena_defer(k->cx.arena, held_release, h);
    bool is_done = false;
    TRY(flight_take(k, h, done, argument, &is_done));
    if (!is_done && k->p->cache_file != NULL) {
        if (cache_lock_open(k, &h->fd) == OK) {
            TRY(lock_take(k, h, done, argument, &is_done));
        } else {
            call_warn(k, "The token is kept in memory only: %s", k->cx.failure.detail);
        }
    }
    if (!is_done) {
        err e = work(k, argument);
        if (e != OK) {
            if (!h->alone) {
                failure_share(k, e);
            }
            held_release(h);
            return e;
        }
    }
    held_release(h);
    return OK;
}

/* ---- changes of documents, outside a renewal ---- */

err state_change(struct call *k, void (*change)(struct state *to, void *argument), void *argument) {
    struct held *h = NEW(k->cx.arena, struct held);
    *h = (struct held){.k = k, .fd = -1};
    arena_defer(k->cx.arena, held_release, h);
    bool disk = k->locked;
    if (!disk && k->p->cache_file != NULL && cache_lock_open(k, &h->fd) == OK) {
        /* Somebody else writes just now: then the change stays in this process. */
        disk = cache_lock_take(k, h->fd, &k->locked) == OK && k->locked;
    }
    struct state *from = NULL;
    if (disk) {
        TRY(cache_read(k, &from));
    }
    struct state *s = state_copy(k, from != NULL ? from : state_current(k));
    change(s, argument);
    if (disk && cache_write(k, s) != OK) {
        call_warn(k, "Not cached: %s", k->cx.failure.detail);
    }
    state_publish(k, s);
    held_release(h);
    return OK;
}
