/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: "127.0.0.1:8420", "[::1]:8420", "unix:/run/postern.sock". */
#include "http_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG   1024
#define UNIX_MODE 0660 /* the edge is in our group */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

static void fd_close(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
}

static err unreadable(struct ctx *cx, const char *address) {
    return fail_say(cx, ERR_BAD_CONFIG,
                    "listen: '%s' is no address: write 127.0.0.1:8420, [::1]:8420 or "
                    "unix:/run/postern.sock",
                    address);
}

static bool port_read(struct str text, in_port_t *ret_port) {
    int64_t port;
    if (!str_int(text, &port) || port < 0 || port > 65535) {
        return false;
    }
    *ret_port = htons((uint16_t)port);
    return true;
}

/* "HOST:PORT" with a numeric host, "[V6]:PORT", or localhost. */
static bool inet_read(struct arena *a, struct str text, union address *ret, socklen_t *ret_size) {
    size_t colon = text.n;
    while (colon > 0 && text.p[colon - 1] != ':') {
        colon--;
    }
    if (colon < 2) {
        return false;
    }
    struct str host = str_sub(text, 0, colon - 1), port = str_sub(text, colon, text.n);
    if (host.p[0] == '[' && host.p[host.n - 1] == ']') {
        ret->v6.sin6_family = AF_INET6;
        *ret_size = sizeof ret->v6;
        return port_read(port, &ret->v6.sin6_port) &&
               inet_pton(AF_INET6, str_z(a, str_sub(host, 1, host.n - 2)), &ret->v6.sin6_addr) == 1;
    }
    const char *name = str_is(host, "localhost") ? "127.0.0.1" : str_z(a, host);
    ret->v4.sin_family = AF_INET;
    *ret_size = sizeof ret->v4;
    return port_read(port, &ret->v4.sin_port) && inet_pton(AF_INET, name, &ret->v4.sin_addr) == 1;
}

static bool is_loopback(const union address *a) {
    if (a->any.sa_family == AF_INET) {
        return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
    }
    return a->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static err address_read(struct ctx *cx, const char *address, bool any_address, union address *ret,
                        socklen_t *ret_size) {
    memset(ret, 0, sizeof *ret);
    struct str text = str_from(address);
    if (str_starts(text, "unix:")) {
        struct str path = str_sub(text, 5, text.n);
        if (path.n == 0 || path.n >= sizeof ret->local.sun_path) {
            return fail_say(cx, ERR_BAD_CONFIG, "listen: the path in '%s' is empty or too long",
                            address);
        }
        ret->local.sun_family = AF_UNIX;
        memcpy(ret->local.sun_path, path.p, path.n);
        *ret_size = sizeof ret->local;
        return OK;
    }
    if (!inet_read(cx->arena, text, ret, ret_size)) {
        return unreadable(cx, address);
    }
    if (!any_address && !is_loopback(ret)) {
        return fail_say(
            cx, ERR_BAD_CONFIG,
            "listen: '%s' is not a loopback address. posternd speaks plain HTTP to a TLS "
            "front: listen on loopback or a Unix socket, or say with behind_front "
            "that a front on another machine stands before it",
            address);
    }
    return OK;
}

/* A socket file that nobody listens on is left from a process that was killed. */
static void stale_remove(const union address *a, socklen_t size) {
    CLEANUP(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat st;
    if (fd >= 0 && connect(fd, &a->any, size) != 0 && errno == ECONNREFUSED &&
        lstat(a->local.sun_path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        (void)unlink(a->local.sun_path);
    }
}

static err bind_failed(struct ctx *cx, const char *address) {
    if (errno == EADDRINUSE) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "listen: another program has %s already. Stop it, or choose another "
                        "address with the setting listen (--listen 127.0.0.1:PORT)",
                        address);
    }
    return fail_say(cx, ERR_BAD_CONFIG, "listen: cannot use %s: %s", address, strerror(errno));
}

static void address_write(int fd, struct listener *l) {
    union address a = {0};
    socklen_t size = sizeof a;
    char host[INET6_ADDRSTRLEN] = "?";
    if (getsockname(fd, &a.any, &size) != 0) {
        return;
    }
    if (a.any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof host);
        (void)snprintf(l->address, sizeof l->address, "%s:%u", host, ntohs(a.v4.sin_port));
    } else if (a.any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof host);
        (void)snprintf(l->address, sizeof l->address, "[%s]:%u", host, ntohs(a.v6.sin6_port));
    } else {
        (void)snprintf(l->address, sizeof l->address, "unix:%.108s", a.local.sun_path);
    }
}

err listener_open(struct ctx *cx, const char *address, bool any_address, struct listener *ret) {
    union address a = {0};
    socklen_t size = 0;
    TRY(address_read(cx, address, any_address, &a, &size));
    bool is_unix = a.any.sa_family == AF_UNIX;
    if (is_unix) {
        stale_remove(&a, size);
    }
    CLEANUP(fd_close)
    int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || (!is_unix && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) ||
        bind(fd, &a.any, size) != 0 || (is_unix && chmod(a.local.sun_path, UNIX_MODE) != 0) ||
        listen(fd, BACKLOG) != 0) {
        return bind_failed(cx, address);
    }
    *ret = (struct listener){.fd = -1, .is_unix = is_unix};
    address_write(fd, ret);
    ret->fd = fd;
    fd = -1;
    return OK;
}

void listener_close(struct listener *l) {
    if (l->fd < 0) {
        return;
    }
    /* The daemons hold duplicates: shutdown() makes the kernel refuse on all of them at once. */
    (void)shutdown(l->fd, SHUT_RDWR);
    close(l->fd);
    l->fd = -1;
    if (l->is_unix) {
        (void)unlink(l->address + strlen("unix:"));
    }
}
