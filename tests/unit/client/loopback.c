/* SPDX-License-Identifier: Apache-2.0 */
/* A thread for each connection; requests are read whole, with Content-Length or in chunks. */
#include "loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define REQUEST_MAX (256 * 1024)
#define ANSWER_MAX  (256 * 1024)

struct served {
    struct loopback *l;
    int fd;
};

static bool is_whole(const char *text, size_t n) {
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length: ");
    if (end == NULL) {
        return false;
    }
    if (strcasestr(text, "\r\nTransfer-Encoding: chunked") != NULL) {
        return strstr(end, "\r\n0\r\n\r\n") != NULL;
    }
    size_t body = length != NULL && length < end ? strtoul(length + 18, NULL, 10) : 0;
    return n >= (size_t)(end + 4 - text) + body;
}

/* False: the other side has closed. */
static bool request_read(int fd, char *text) {
    size_t n = 0;
    text[0] = '\0';
    while (!is_whole(text, n)) {
        ssize_t got = recv(fd, text + n, REQUEST_MAX - 1 - n, 0);
        if (got <= 0) {
            return false;
        }
        n += (size_t)got;
        text[n] = '\0';
    }
    return true;
}

static void *serve(void *argument) {
    struct served *s = argument;
    char *request = malloc(REQUEST_MAX), *answer = malloc(ANSWER_MAX);
    bool close = false;
    while (!close && request_read(s->fd, request)) {
        answer[0] = '\0';
        atomic_fetch_add(&s->l->requests, 1);
        close = !s->l->respond(s->l, request, answer, ANSWER_MAX, &close) || close;
        (void)send(s->fd, answer, strlen(answer), MSG_NOSIGNAL);
    }
    (void)shutdown(s->fd, SHUT_RDWR);
    free(request);
    free(answer);
    free(s);
    return NULL;
}

static void *accept_all(void *argument) {
    struct loopback *l = argument;
    for (int i = 0; i < LOOPBACK_CONNECTIONS; i++) {
        int fd = accept(l->listener, NULL, NULL);
        if (fd < 0) {
            break;
        }
        struct served *s = malloc(sizeof *s);
        *s = (struct served){l, fd};
        l->fds[i] = fd;
        (void)pthread_create(&l->threads[i], NULL, serve, s);
        atomic_fetch_add(&l->connections, 1);
    }
    return NULL;
}

void loopback_start(struct loopback *l) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    l->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(l->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(l->listener, 64), 0);
    assert_int_equal(getsockname(l->listener, (struct sockaddr *)&a, &n), 0);
    l->port = ntohs(a.sin_port);
    (void)snprintf(l->origin, sizeof l->origin, "http://127.0.0.1:%d", l->port);
    assert_int_equal(pthread_create(&l->acceptor, NULL, accept_all, l), 0);
}

void loopback_stop(struct loopback *l) {
    (void)shutdown(l->listener, SHUT_RDWR);
    (void)pthread_join(l->acceptor, NULL);
    (void)close(l->listener);
    for (int i = 0; i < atomic_load(&l->connections); i++) {
        (void)shutdown(l->fds[i], SHUT_RDWR);
        (void)pthread_join(l->threads[i], NULL);
        (void)close(l->fds[i]);
    }
}

void loopback_await(struct loopback *l, int n) {
    for (int i = 0; i < 10000 && atomic_load(&l->requests) < n; i++) {
        usleep(1000);
    }
    assert_true(atomic_load(&l->requests) >= n);
}
