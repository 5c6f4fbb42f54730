/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that accepts. Whoever opens connections and says nothing, or says it slowly, must not
 * keep others out: a head has its time, and when all places are taken those who are waited for make
 * room (SECURITY `slow`). A connection that finds no place waits in the backlog for one. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy.h"

#define HEAD_US          INT64_C(10000000)
#define HEAD_CROWDED_US  INT64_C(1000000) /* when another waits for the place */
#define IDLE_US          INT64_C(60000000)
#define LOOK_MS          1000
#define LOOK_CROWDED_MS  50
#define START_MS         1000 /* libmicrohttpd makes a thread */
#define DESCRIPTORS_EACH 8    /* of a request: both ends and what wakes its threads */
#define DESCRIPTORS_REST 64

struct door {
    struct proxy *proxy;
    struct MHD_Daemon *daemon;
    int listen_fd;
    int event_fd; /* a place is free, or the end has come */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* the rest */
    pthread_cond_t started;
    struct place *places;
    size_t places_n;
    uint64_t started_n;
    bool stopping;
};

/* ---- places, on the connections' threads ---- */

struct place *place_of(const struct proxy *p, struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        p->mhd.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

void place_set(const struct proxy *p, struct MHD_Connection *connection, enum place_phase phase) {
    struct place *place = place_of(p, connection);
    if (place == NULL) {
        return;
    }
    pthread_mutex_lock(&p->door->lock);
    if (place->phase != PLACE_SHUT) {
        place->phase = phase;
        place->since_us = clock_monotonic_us();
    }
    pthread_mutex_unlock(&p->door->lock);
}

static void place_link(struct door *d, struct place *place) {
    place->next = d->places;
    if (place->next != NULL) {
        place->next->previous = place;
    }
    d->places = place;
    d->places_n++;
}

static void place_unlink(struct door *d, const struct place *place) {
    if (place->previous != NULL) {
        place->previous->next = place->next;
    } else {
        d->places = place->next;
    }
    if (place->next != NULL) {
        place->next->previous = place->previous;
    }
    d->places_n--;
}

static struct place *place_new(const struct proxy *p, struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        p->mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct place *place = info != NULL ? calloc(1, sizeof(*place)) : NULL;
    if (place != NULL) {
        place->fd = info->connect_fd;
        place->since_us = clock_monotonic_us();
    }
    return place;
}

/* Its descriptor is closed after the last of these calls: while a place is listed, it is good. */
void proxy_on_connection(void *state, struct MHD_Connection *connection, void **place_at,
                         enum MHD_ConnectionNotificationCode what) {
    const struct proxy *p = state;
    struct door *d = p->door;
    bool begins = what == MHD_CONNECTION_NOTIFY_STARTED;
    struct place *place = begins ? place_new(p, connection) : *place_at;
    *place_at = begins ? place : NULL;
    pthread_mutex_lock(&d->lock);
    if (begins) {
        d->started_n++;
        pthread_cond_signal(&d->started);
    }
    if (begins && place != NULL) {
        place_link(d, place);
    } else if (place != NULL) {
        place_unlink(d, place);
    }
    pthread_mutex_unlock(&d->lock);
    if (!begins && place != NULL) {
        free(place->target);
        free(place);
        (void)eventfd_write(d->event_fd, 1);
    }
}

/* ---- who has to go; called with the lock ---- */

/* Its thread sees the end of the connection and closes it. */
static void place_shut(struct place *place) {
    place->phase = PLACE_SHUT;
    (void)shutdown(place->fd, SHUT_RDWR);
}

static bool is_overdue(const struct place *place, int64_t now) {
    int64_t age = now - place->since_us;
    return (place->phase == PLACE_HEAD && age >= HEAD_US) ||
           (place->phase == PLACE_IDLE && age >= IDLE_US);
}

static bool goes_before(const struct place *a, const struct place *b) {
    if (b == NULL || a->phase != b->phase) {
        return b == NULL || a->phase == PLACE_IDLE;
    }
    return a->since_us < b->since_us;
}

/* An idle one, else a head that takes its time: whoever waits longest. */
static void room_make(struct door *d, int64_t now) {
    struct place *best = NULL;
    for (struct place *place = d->places; place != NULL; place = place->next) {
        bool slow = place->phase == PLACE_HEAD && now - place->since_us >= HEAD_CROWDED_US;
        if (place->phase == PLACE_SHUT) {
            return; /* it is free in a moment */
        }
        if ((slow || place->phase == PLACE_IDLE) && goes_before(place, best)) {
            best = place;
        }
    }
    if (best != NULL) {
        place_shut(best);
    }
}

static bool somebody_waits(const struct door *d) {
    struct pollfd fd = {.fd = d->listen_fd, .events = POLLIN};
    return poll(&fd, 1, 0) > 0;
}

/* ---- the thread ---- */

static void wait_for_start(struct door *d, uint64_t before) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += START_MS / 1000;
    pthread_mutex_lock(&d->lock);
    while (d->started_n == before &&
           pthread_cond_timedwait(&d->started, &d->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&d->lock);
}

/* One at a time, so that there are never more than places. False: not now. */
static bool let_in(struct door *d) {
    struct sockaddr_storage peer;
    socklen_t n = sizeof(peer);
    int fd = accept4(d->listen_fd, (struct sockaddr *)&peer, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    }
    pthread_mutex_lock(&d->lock);
    uint64_t before = d->started_n;
    pthread_mutex_unlock(&d->lock);
    /* refused, libmicrohttpd has closed it */
    if (d->proxy->mhd.add_connection(d->daemon, fd, (struct sockaddr *)&peer, n) == MHD_YES) {
        wait_for_start(d, before);
    }
    return true;
}

/* Milliseconds until it is to look again; -1: nothing is there to look at. */
static int look(struct door *d, bool *ret_full, bool *ret_stopping) {
    int64_t now = clock_monotonic_us();
    pthread_mutex_lock(&d->lock);
    for (struct place *place = d->places; place != NULL; place = place->next) {
        if (is_overdue(place, now)) {
            place_shut(place);
        }
    }
    *ret_full = d->places_n >= PLACES_MAX;
    *ret_stopping = d->stopping;
    if (*ret_full && somebody_waits(d)) {
        room_make(d, now);
    }
    int next = d->places_n > 0 ? LOOK_MS : -1;
    pthread_mutex_unlock(&d->lock);
    return *ret_full ? LOOK_CROWDED_MS : next;
}

static void *door_main(void *state) {
    struct door *d = state;
    bool full = false, stopping = false, open = true;
    int wait = look(d, &full, &stopping);
    while (!stopping) {
        bool closed = full || !open;
        struct pollfd fds[] = {{.fd = d->event_fd, .events = POLLIN},
                               {.fd = closed ? -1 : d->listen_fd, .events = POLLIN}};
        eventfd_t told;
        (void)poll(fds, COUNT_OF(fds), open ? wait : LOOK_CROWDED_MS);
        (void)eventfd_read(d->event_fd, &told);
        open = fds[1].revents == 0 || let_in(d);
        wait = look(d, &full, &stopping);
    }
    return NULL;
}

/* ---- the door ---- */

/* As many descriptors as the places may need, if the system lets us. */
static void descriptors_raise(void) {
    struct rlimit limit;
    const rlim_t wanted = PLACES_MAX * DESCRIPTORS_EACH + DESCRIPTORS_REST;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

struct door *door_new(struct proxy *p, int listen_fd) {
    struct door *d = calloc(1, sizeof(*d));
    int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d == NULL || event_fd < 0) {
        free(d);
        if (event_fd >= 0) {
            close(event_fd);
        }
        return NULL;
    }
    d->proxy = p;
    d->listen_fd = listen_fd;
    d->event_fd = event_fd;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&d->started, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

bool door_open(struct door *d, struct MHD_Daemon *daemon) {
    descriptors_raise();
    d->daemon = daemon;
    d->has_thread = pthread_create(&d->thread, NULL, door_main, d) == 0;
    return d->has_thread;
}

void door_close(struct door *d) {
    pthread_mutex_lock(&d->lock);
    d->stopping = true;
    pthread_mutex_unlock(&d->lock);
    (void)eventfd_write(d->event_fd, 1);
    if (d->has_thread) {
        pthread_join(d->thread, NULL);
        d->has_thread = false;
    }
    if (d->listen_fd >= 0) {
        close(d->listen_fd);
        d->listen_fd = -1;
    }
}

void door_free(struct door *d) {
    close(d->event_fd);
    pthread_cond_destroy(&d->started);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
