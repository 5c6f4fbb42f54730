/* SPDX-License-Identifier: Apache-2.0 */
/* A server on loopback, in threads of the test, that answers by path and misbehaves on demand. */
#ifndef POSTERN_TEST_LOOPBACK_H
#define POSTERN_TEST_LOOPBACK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define LOOPBACK_CONNECTIONS 64

struct loopback {
    int listener;
    int port;
    char origin[64]; /* "http://127.0.0.1:PORT" */
    pthread_t acceptor, threads[LOOPBACK_CONNECTIONS];
    int fds[LOOPBACK_CONNECTIONS];
    atomic_int connections, requests;
    /* Fills `answer`; false: the connection is closed without more. *close after it: closed too. */
    bool (*respond)(struct loopback *l, const char *request, char *answer, size_t room,
                    bool *ret_close);
    void *user;
};

void loopback_start(struct loopback *l);
void loopback_stop(struct loopback *l);
/* Until n requests have come; fails the test after 10 s. */
void loopback_await(struct loopback *l, int n);

#endif
