/* SPDX-License-Identifier: Apache-2.0 */
/* One request between its two threads: libmicrohttpd's for the connection, which must not wait
 * blindly (its client may go), and the one in postern_call(). */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proxy.h"

/* ---- its life ---- */

static void relay_list(struct relay *x) {
    struct proxy *p = x->proxy;
    pthread_mutex_lock(&p->lock);
    x->next = p->running;
    if (x->next != NULL) {
        x->next->previous = x;
    }
    p->running = x;
    x->late = p->stopping;
    x->gone = p->stopped;
    pthread_mutex_unlock(&p->lock);
}

static void relay_unlist(struct relay *x) {
    struct proxy *p = x->proxy;
    pthread_mutex_lock(&p->lock);
    if (x->previous != NULL) {
        x->previous->next = x->next;
    } else {
        p->running = x->next;
    }
    if (x->next != NULL) {
        x->next->previous = x->previous;
    }
    if (p->stopping && p->running == NULL) {
        (void)eventfd_write(p->drained_fd, 1);
    }
    pthread_mutex_unlock(&p->lock);
}

struct relay *relay_new(struct proxy *p, int client_fd) {
    struct relay *x = calloc(1, sizeof(*x));
    if (x == NULL) {
        return NULL;
    }
    x->proxy = p;
    x->client_fd = client_fd;
    x->begun_us = clock_monotonic_us();
    x->down_length = -1;
    x->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    x->cancel = postern_cancel_new();
    if (x->event_fd < 0 || x->cancel == NULL) {
        postern_cancel_free(x->cancel);
        if (x->event_fd >= 0) {
            close(x->event_fd);
        }
        free(x);
        return NULL;
    }
    x->arena = arena_new();
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->changed, NULL);
    relay_list(x);
    return x;
}

void relay_give_up(struct relay *x) {
    pthread_mutex_lock(&x->lock);
    x->gone = true;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
    postern_cancel(x->cancel);
    (void)eventfd_write(x->event_fd, 1);
}

void relay_end(struct relay *x) {
    relay_give_up(x);
    if (x->has_thread) {
        pthread_join(x->thread, NULL);
        x->has_thread = false;
    }
}

void relay_free(struct relay *x) {
    relay_unlist(x);
    postern_cancel_free(x->cancel);
    close(x->event_fd);
    pipe_done(&x->up);
    pipe_done(&x->down);
    free(x->kept);
    pthread_cond_destroy(&x->changed);
    pthread_mutex_destroy(&x->lock);
    arena_free(x->arena);
    free(x);
}

/* ---- the connection's thread ---- */

/* Waits until the call's thread has done something; called and left with the lock. False: the
 * client is gone. Its half-closed end counts while an answer is all that is to come. */
static bool relay_wait(struct relay *x, bool whole) {
    pthread_mutex_unlock(&x->lock);
    struct pollfd fds[] = {{.fd = x->event_fd, .events = POLLIN},
                           {.fd = x->client_fd, .events = whole ? POLLRDHUP : 0}};
    int n = poll(fds, COUNT_OF(fds), -1);
    eventfd_t told;
    (void)eventfd_read(x->event_fd, &told);
    pthread_mutex_lock(&x->lock);
    bool here = (n >= 0 || errno == EINTR) && fds[1].revents == 0;
    return here && !x->gone;
}

static bool call_begin(struct relay *x) {
    if (pthread_create(&x->thread, NULL, proxy_call, x) != 0) {
        return false;
    }
    x->has_thread = true;
    return true;
}

static bool keep(struct relay *x, const char *bytes, size_t n) {
    if (x->kept_n + n > x->kept_cap) {
        size_t cap = x->kept_cap * 2 > x->kept_n + n ? x->kept_cap * 2 : x->kept_n + n;
        char *more = realloc(x->kept, cap);
        if (more == NULL) {
            return false;
        }
        x->kept = more;
        x->kept_cap = cap;
    }
    memcpy(x->kept + x->kept_n, bytes, n);
    x->kept_n += n;
    return true;
}

/* Into the pipe, as the call takes it. What comes after the call's end is dropped: its answer may
 * be sent only when the request is whole. */
static bool stream(struct relay *x, const char *bytes, size_t n) {
    bool good = true;
    pthread_mutex_lock(&x->lock);
    while (n > 0 && good && !x->down.ended) {
        size_t taken = 0;
        good = pipe_put(&x->up, bytes, n, &taken);
        bytes += taken;
        n -= taken;
        x->up_stuck = good && taken == 0;
        pthread_cond_broadcast(&x->changed);
        if (x->up_stuck) {
            good = relay_wait(x, false);
            x->up_stuck = false;
        }
    }
    pthread_mutex_unlock(&x->lock);
    return good;
}

bool relay_body(struct relay *x, const char *bytes, size_t n) {
    if (!x->streams && x->kept_n + n <= BODY_KEPT) {
        return keep(x, bytes, n);
    }
    if (!x->streams) {
        x->streams = true;
        if (!call_begin(x)) {
            return false;
        }
    }
    return stream(x, bytes, n);
}

bool relay_finish(struct relay *x) {
    pthread_mutex_lock(&x->lock);
    x->up.ended = true;
    pthread_cond_broadcast(&x->changed);
    bool good = (x->has_thread || call_begin(x)) && !x->gone;
    while (good && !x->head_ready) {
        good = relay_wait(x, true);
    }
    pthread_mutex_unlock(&x->lock);
    return good;
}

ssize_t relay_read(struct relay *x, char *to, size_t n) {
    pthread_mutex_lock(&x->lock);
    bool good = !x->gone;
    while (good && x->down.n == 0 && !x->down.ended) {
        good = relay_wait(x, true);
    }
    size_t taken = good ? pipe_take(&x->down, to, n) : 0;
    bool broken = !good || (taken == 0 && x->failed);
    x->returned += (int64_t)taken;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
    return broken ? -1 : (ssize_t)taken;
}

/* ---- the call's thread ---- */

ptrdiff_t relay_take_body(void *user, void *to, size_t n) {
    struct relay *x = user;
    if (x->kept_at < x->kept_n) {
        size_t left = x->kept_n - x->kept_at;
        size_t some = left < n ? left : n;
        memcpy(to, x->kept + x->kept_at, some);
        x->kept_at += some;
        return (ptrdiff_t)some;
    }
    pthread_mutex_lock(&x->lock);
    x->up_begun = true;
    while (!x->gone && x->up.n == 0 && !x->up.ended) {
        pthread_cond_wait(&x->changed, &x->lock);
    }
    size_t taken = pipe_take(&x->up, to, n);
    bool gone = x->gone;
    pthread_mutex_unlock(&x->lock);
    (void)eventfd_write(x->event_fd, 1);
    return gone ? -1 : (ptrdiff_t)taken;
}

int relay_rewind(void *user) {
    struct relay *x = user;
    if (x->up_begun) {
        return -1;
    }
    x->kept_at = 0;
    return 0;
}

int relay_give_answer(void *user, const void *bytes, size_t n) {
    struct relay *x = user;
    const char *from = bytes;
    bool good = true;
    pthread_mutex_lock(&x->lock);
    while (n > 0 && good) {
        size_t taken = 0;
        good = pipe_put(&x->down, from, n, &taken) && !x->gone;
        from += taken;
        n -= taken;
        (void)eventfd_write(x->event_fd, 1);
        /* The answer comes before the request is whole, and neither end reads on: to wait for both
         * would be to wait for ever. */
        good = good && (n == 0 || !x->up_stuck);
        if (good && n > 0 && pipe_is_full(&x->down)) {
            pthread_cond_wait(&x->changed, &x->lock);
        }
    }
    pthread_mutex_unlock(&x->lock);
    return good ? 0 : -1;
}

void relay_set_head(struct relay *x, int status, struct field *fields, size_t n) {
    pthread_mutex_lock(&x->lock);
    x->status = status;
    x->answer = fields;
    x->answer_n = n;
    for (size_t i = 0; i < n; i++) {
        if (str_eq_nocase(fields[i].name, STR("content-length")) &&
            (!str_int(fields[i].value, &x->down_length) || x->down_length < 0)) {
            x->down_length = -1;
        }
    }
    x->head_ready = true;
    pthread_mutex_unlock(&x->lock);
    (void)eventfd_write(x->event_fd, 1);
}

void relay_ended(struct relay *x, bool failed) {
    pthread_mutex_lock(&x->lock);
    x->down.ended = true;
    x->failed = failed;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
    (void)eventfd_write(x->event_fd, 1);
}
