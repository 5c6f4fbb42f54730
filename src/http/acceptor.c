/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that accepts: each connection goes to the worker that has the fewest. Left to
 * themselves, daemons on one listening socket take up to ten connections at a wake, and a client's
 * 16 ended up on two of eight threads. */
#include "server_internal.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS (20 * 1000000L) /* when nothing can be accepted just now */

static void pause_a_little(void) {
    const struct timespec t = {.tv_nsec = PAUSE_NS};
    (void)nanosleep(&t, NULL);
}

static struct worker *worker_of_fewest(struct http_server *s) {
    struct worker *fewest = &s->workers[0];
    unsigned least = atomic_load_explicit(&fewest->connections, memory_order_relaxed);
    for (unsigned i = 1; i < s->workers_n; i++) {
        unsigned n = atomic_load_explicit(&s->workers[i].connections, memory_order_relaxed);
        if (n < least) {
            fewest = &s->workers[i];
            least = n;
        }
    }
    return fewest;
}

/* False: the peer is gone, or the limits are reached and the connection waits in the backlog. */
static bool accept_one(struct http_server *s) {
    struct worker *w = worker_of_fewest(s);
    if (atomic_load_explicit(&w->connections, memory_order_relaxed) >= w->connections_max) {
        pause_a_little();
        return false;
    }
    struct sockaddr_storage peer;
    socklen_t n = sizeof peer;
    int fd = accept4(s->listener.fd, (struct sockaddr *)&peer, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_a_little();
        }
        return false;
    }
    /* counted before it is handed over, because its end may come at once; on a refusal
     * libmicrohttpd has closed it */
    atomic_fetch_add(&w->connections, 1);
    if (MHD_add_connection(w->daemon, fd, (struct sockaddr *)&peer, n) != MHD_YES) {
        atomic_fetch_sub(&w->connections, 1);
    }
    return true;
}

static void *acceptor_main(void *state) {
    struct http_server *s = state;
    struct pollfd fds[2] = {{.fd = s->listener.fd, .events = POLLIN},
                            {.fd = s->acceptor_stop, .events = POLLIN}};
    while (fds[1].revents == 0) {
        if (poll(fds, 2, -1) > 0 && fds[0].revents != 0) {
            (void)accept_one(s);
        }
    }
    return NULL;
}

err acceptor_start(struct ctx *cx, struct http_server *s) {
    s->acceptor_stop = eventfd(0, EFD_CLOEXEC);
    if (s->acceptor_stop < 0 || pthread_create(&s->acceptor, NULL, acceptor_main, s) != 0) {
        return fail(cx, ERR_BAD_CONFIG, "the thread that accepts does not start");
    }
    s->accepting = true;
    return OK;
}

void acceptor_stop(struct http_server *s) {
    const uint64_t one = 1;
    if (s->accepting && write(s->acceptor_stop, &one, sizeof one) == (ssize_t)sizeof one) {
        (void)pthread_join(s->acceptor, NULL);
        s->accepting = false;
    }
    if (s->acceptor_stop >= 0) {
        close(s->acceptor_stop);
        s->acceptor_stop = -1;
    }
}
