/* SPDX-License-Identifier: Apache-2.0 */
/* The proxy's listening socket, on a loopback address and nowhere else: whoever reaches it calls
 * the platform as its user. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy.h"

#define BACKLOG 128

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool port_read(struct str text, in_port_t *ret_port) {
    int64_t port;
    if (!str_int(text, &port) || port < 0 || port > 65535) {
        return false;
    }
    *ret_port = htons((uint16_t)port);
    return true;
}

static bool address_read(struct arena *a, struct str text, union address *ret, socklen_t *ret_n) {
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
        *ret_n = sizeof(ret->v6);
        return port_read(port, &ret->v6.sin6_port) &&
               inet_pton(AF_INET6, str_z(a, str_sub(host, 1, host.n - 2)), &ret->v6.sin6_addr) == 1;
    }
    const char *name = str_is(host, "localhost") ? "127.0.0.1" : str_z(a, host);
    ret->v4.sin_family = AF_INET;
    *ret_n = sizeof(ret->v4);
    return port_read(port, &ret->v4.sin_port) && inet_pton(AF_INET, name, &ret->v4.sin_addr) == 1;
}

static bool is_loopback(const union address *a) {
    if (a->any.sa_family == AF_INET) {
        return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
    }
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static struct str authority_of(struct arena *a, int fd) {
    union address bound = {0};
    socklen_t n = sizeof(bound);
    char host[INET6_ADDRSTRLEN] = "?";
    if (getsockname(fd, &bound.any, &n) != 0) {
        return STR("?");
    }
    if (bound.any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &bound.v4.sin_addr, host, sizeof(host));
        return str_format(a, "%s:%u", host, ntohs(bound.v4.sin_port));
    }
    (void)inet_ntop(AF_INET6, &bound.v6.sin6_addr, host, sizeof(host));
    return str_format(a, "[%s]:%u", host, ntohs(bound.v6.sin6_port));
}

int proxy_listen(struct cli *c, const char *address, struct str *ret_authority) {
    union address at = {0};
    socklen_t n = 0;
    if (!address_read(c->cx->arena, str_from(address), &at, &n)) {
        (void)cli_usage(c, "--listen: '%s' is no address: write 127.0.0.1:PORT or [::1]:PORT",
                        address);
        return -EXIT_USAGE;
    }
    if (!is_loopback(&at)) {
        (void)cli_usage(c,
                        "--listen: '%s' is not a loopback address. Whoever reaches the proxy "
                        "calls the platform as you, so it listens on 127.0.0.1 or [::1] only",
                        address);
        return -EXIT_USAGE;
    }
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, &at.any, n) != 0 || listen(fd, BACKLOG) != 0) {
        cli_note(c, "cannot listen on %s: %s. Choose another port, or 0 for a free one: --listen",
                 address, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -EXIT_OTHER;
    }
    *ret_authority = authority_of(c->cx->arena, fd);
    return fd;
}
