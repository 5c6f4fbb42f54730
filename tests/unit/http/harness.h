/* SPDX-License-Identifier: Apache-2.0 */
/* A real server with a small table, and a client that sends bytes as they are. */
#ifndef POSTERN_HTTP_HARNESS_H
#define POSTERN_HTTP_HARNESS_H

#include "../fixture.h"

#include "http.h"

#include <pthread.h>

#define ANSWER_MAX (256 * 1024)

/* What the handlers see as cx->app. */
struct app {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool held;         /* write closures and jobs wait while it is true */
    unsigned inside;   /* how many wait */
    unsigned runs;     /* of closures */
    unsigned handlers; /* calls of handlers */
    unsigned jobs_done;
};

struct harness {
    struct arena *arena;
    struct ctx cx;
    struct log log;
    int log_read; /* the log's other end */
    struct app app;
    char directory[64];
    struct db *db;
    struct db_writer *writer;
    struct jobs *jobs;
    struct route_table *routes;
    struct metrics *metrics;
    struct http_options options;
    struct http_server *server;
    char answer[ANSWER_MAX]; /* the last one, with NUL */
};

struct harness *harness_new(void);
void harness_start(struct harness *h); /* with h->options */
void harness_stop(struct harness *h);
void harness_free(struct harness *h);
int harness_setup(void **state); /* new and start */
int harness_teardown(void **state);

void app_hold(struct app *app);
void app_let_go(struct app *app);
/* Until `n` closures or jobs wait inside. */
void app_await(struct app *app, unsigned n);

int client_connect(const char *address);
void client_send(int fd, const char *p, size_t n);
void client_send_z(int fd, const char *z);
/* Reads until the peer closes; returns the number of bytes, text in `to` with NUL. */
size_t client_read_all(int fd, char *to, size_t size);
/* Reads one answer with Content-Length (or none), leaving the connection open. */
size_t client_read_one(int fd, char *to, size_t size);
/* One connection, one request, the whole answer in h->answer. Returns the status, 0 if there was
 * none. */
int ask(struct harness *h, const char *bytes, size_t n);
int ask_z(struct harness *h, const char *z);
int status_of(const char *answer);
bool answer_has(const struct harness *h, const char *text);
/* What the log has so far. */
size_t log_read_all(struct harness *h, char *to, size_t size);

#endif
