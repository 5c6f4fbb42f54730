/* SPDX-License-Identifier: Apache-2.0 */
/* A proxy on a Unix socket: passes what libpq and PostgreSQL say to each other and cuts the
 * connection where it is told to. */
#include "faults.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME ".s.PGSQL.5432"
#define PAIRS_MAX   32

struct pair {
    int client, server; /* -1: free */
    bool committing;    /* cut with the server's next answer */
};

static void must_do(bool good, const char *what) {
    if (!good) {
        perror(what);
        abort();
    }
}

static int socket_to(const char *path) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must_do(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "cable to the server");
    return fd;
}

static void pair_end(struct pair *p) {
    close(p->client);
    close(p->server);
    *p = (struct pair){.client = -1, .server = -1};
}

/* Told first: the client notices the end at once, and asks. */
static void pair_cut(struct cable *c, struct pair *p) {
    atomic_store(&c->was_cut, true);
    pair_end(p);
}

static bool send_all(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* What comes from the client decides. True: the pair is cut or must stay as it is, nothing passes.
 */
static bool client_rule(struct cable *c, struct pair *p, const char *data, size_t n) {
    bool commit =
        memmem(data, n, "COMMIT", 6) != NULL && memmem(data, n, "READ COMMITTED", 14) == NULL;
    switch (atomic_load(&c->cut)) {
    case CABLE_BEFORE_COMMIT:
        if (commit) {
            pair_cut(c, p);
        }
        return commit;
    case CABLE_AFTER_COMMIT:
        p->committing = commit;
        return false;
    case CABLE_AT_MESSAGE:
        if (atomic_fetch_sub(&c->after, 1) > 0) {
            return false;
        }
        pair_cut(c, p);
        return true;
    case CABLE_SILENT:
        atomic_store(&c->was_cut, true);
        return true;
    default:
        return false;
    }
}

static void pass(struct cable *c, struct pair *p, bool from_client) {
    char data[16384];
    ssize_t n = recv(from_client ? p->client : p->server, data, sizeof data, 0);
    if (n <= 0) {
        pair_end(p);
        return;
    }
    if (from_client && client_rule(c, p, data, (size_t)n)) {
        return;
    }
    if (!from_client && p->committing) {
        pair_cut(c, p);
        return;
    }
    if (!send_all(from_client ? p->server : p->client, data, (size_t)n)) {
        pair_end(p);
    }
}

static void pair_begin(struct cable *c, struct pair pairs[PAIRS_MAX]) {
    int fd = accept(c->listener, NULL, NULL);
    for (int i = 0; fd >= 0 && i < PAIRS_MAX; i++) {
        if (pairs[i].client < 0) {
            pairs[i] = (struct pair){.client = fd, .server = socket_to(c->server)};
            return;
        }
    }
    must_do(fd < 0, "cable: too many connections");
}

static void *cable_thread(void *state) {
    struct cable *c = state;
    struct pair pairs[PAIRS_MAX];
    struct pollfd polled[1 + 2 * PAIRS_MAX];
    for (int i = 0; i < PAIRS_MAX; i++) {
        pairs[i] = (struct pair){.client = -1, .server = -1};
    }
    for (;;) {
        polled[0] = (struct pollfd){.fd = c->listener, .events = POLLIN};
        for (int i = 0; i < PAIRS_MAX; i++) {
            polled[1 + 2 * i] = (struct pollfd){.fd = pairs[i].client, .events = POLLIN};
            polled[2 + 2 * i] = (struct pollfd){.fd = pairs[i].server, .events = POLLIN};
        }
        (void)poll(polled, 1 + 2 * PAIRS_MAX, -1);
        if (polled[0].revents & (POLLHUP | POLLERR)) {
            break; /* shut down */
        }
        for (int i = 0; i < PAIRS_MAX; i++) {
            if (polled[1 + 2 * i].revents != 0) {
                pass(c, &pairs[i], true);
            }
            if (pairs[i].server >= 0 && polled[2 + 2 * i].revents != 0) {
                pass(c, &pairs[i], false);
            }
        }
        if (polled[0].revents & POLLIN) {
            pair_begin(c, pairs);
        }
    }
    for (int i = 0; i < PAIRS_MAX; i++) {
        if (pairs[i].client >= 0) {
            pair_end(&pairs[i]);
        }
    }
    return NULL;
}

void cable_start(struct cable *c, const char *server_url, char *ret_url, unsigned long url_size) {
    *c = (struct cable){.directory = "/tmp/postern-cable.XXXXXX"};
    must_do(mkdtemp(c->directory) != NULL, "cable directory");
    const char *host = strstr(server_url, "host=");
    must_do(host != NULL, "cable: the URL needs host=DIRECTORY");
    host += 5;
    size_t n = strcspn(host, "&");
    (void)snprintf(c->server, sizeof c->server, "%.*s/" SOCKET_NAME, (int)n, host);
    (void)snprintf(ret_url, url_size, "%.*s%s%s", (int)(host - server_url), server_url,
                   c->directory, host + n);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/" SOCKET_NAME, c->directory);
    c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must_do(c->listener >= 0 && bind(c->listener, (struct sockaddr *)&at, sizeof at) == 0 &&
                listen(c->listener, 64) == 0,
            "cable socket");
    must_do(pthread_create(&c->thread, NULL, cable_thread, c) == 0, "cable thread");
}

void cable_set(struct cable *c, enum cable_cut cut, int after) {
    atomic_store(&c->after, after);
    atomic_store(&c->was_cut, false);
    atomic_store(&c->cut, (int)cut);
}

void cable_stop(struct cable *c) {
    char path[108];
    shutdown(c->listener, SHUT_RDWR);
    pthread_join(c->thread, NULL);
    close(c->listener);
    (void)snprintf(path, sizeof path, "%s/" SOCKET_NAME, c->directory);
    (void)unlink(path);
    (void)rmdir(c->directory);
}
