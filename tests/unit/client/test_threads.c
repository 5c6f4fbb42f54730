/* SPDX-License-Identifier: Apache-2.0 */
/* Threads at the expiry of a token (PROTOCOL 11): one asks, the others wait for its result; of one
 * client, and of many clients that share a cache. ThreadSanitizer runs this too. The server is a
 * thread of this program. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <postern.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#define THREADS      64
#define ANSWER_US    30000 /* long enough that all threads meet the renewal under way */
#define PATIENCE     2000
#define PATIENCE_US  10000
#define REQUEST_SIZE 8192

struct world {
    int listener;
    char issuer[64], cache[64];
    pthread_t thread;
    atomic_int token_requests, discoveries, expires_in;
};

/* ---- the server: one request a connection ---- */

static bool request_read(int fd, char *text, size_t n) {
    size_t at = 0;
    while (at < n - 1) {
        ssize_t got = recv(fd, text + at, n - 1 - at, 0);
        if (got <= 0) {
            return false;
        }
        at += (size_t)got;
        text[at] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strcasestr(text, "\r\nContent-Length:");
        size_t body = length && end ? strtoul(length + strlen("\r\nContent-Length:"), NULL, 10) : 0;
        if (end && at >= (size_t)(end + 4 - text) + body) {
            return true;
        }
    }
    return false;
}

static void answer(struct world *w, int fd, const char *request) {
    char body[1024], whole[2048];
    if (strstr(request, " /auth/token ")) {
        int n = atomic_fetch_add(&w->token_requests, 1) + 1;
        usleep(ANSWER_US);
        snprintf(body, sizeof body,
                 "{\"access_token\":\"token-%d\",\"token_type\":\"Bearer\",\"expires_in\":%d,"
                 "\"refresh_token\":\"refresh-%d\"}",
                 n, atomic_load(&w->expires_in), n);
    } else {
        atomic_fetch_add(&w->discoveries, 1);
        snprintf(body, sizeof body,
                 "{\"issuer\":\"%s\",\"token_endpoint\":\"%s/auth/token\",\"jwks_uri\":\"%s/auth/"
                 "jwks\"}",
                 w->issuer, w->issuer, w->issuer);
    }
    int n = snprintf(whole, sizeof whole,
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                     "Connection: close\r\n\r\n%s",
                     strlen(body), body);
    send(fd, whole, (size_t)n, MSG_NOSIGNAL);
}

static void *serve(void *user) {
    struct world *w = user;
    char request[REQUEST_SIZE];
    int fd;
    while ((fd = accept(w->listener, NULL, NULL)) >= 0) {
        if (request_read(fd, request, sizeof request)) {
            answer(w, fd, request);
        }
        close(fd);
    }
    return NULL;
}

static int setup(void **state) {
    static const char pattern[] = "/tmp/postern-threads-XXXXXX";
    struct world *w = calloc(1, sizeof *w);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof address;
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(w->cache, pattern, sizeof pattern);
    if (!mkdtemp(w->cache) || bind(w->listener, (struct sockaddr *)&address, n) != 0 ||
        listen(w->listener, THREADS) != 0 ||
        getsockname(w->listener, (struct sockaddr *)&address, &n) != 0) {
        return -1;
    }
    snprintf(w->issuer, sizeof w->issuer, "http://127.0.0.1:%d", ntohs(address.sin_port));
    w->expires_in = 3600;
    *state = w;
    return pthread_create(&w->thread, NULL, serve, w);
}

/* Removes the cache; how many files it had. */
static int cache_remove(struct world *w) {
    DIR *folder = opendir(w->cache);
    struct dirent *entry;
    int n = 0;
    if (!folder) {
        return 0;
    }
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.') {
            n += unlinkat(dirfd(folder), entry->d_name, 0) == 0;
        }
    }
    closedir(folder);
    rmdir(w->cache);
    return n;
}

static int teardown(void **state) {
    struct world *w = *state;
    shutdown(w->listener, SHUT_RDWR); /* accept() ends */
    pthread_join(w->thread, NULL);
    close(w->listener);
    cache_remove(w);
    free(w);
    return 0;
}

static struct postern *client_open(const struct world *w, unsigned flags) {
    const struct postern_setting settings[] = {{"issuer", w->issuer},
                                               {"grant", "client_credentials"},
                                               {"client_id", "threads"},
                                               {"client_secret", "of-these-tests"}};
    struct postern_options options = POSTERN_OPTIONS_INIT;
    struct postern *client;
    options.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE | flags;
    options.cache_dir = w->cache;
    options.settings = settings;
    options.settings_n = sizeof settings / sizeof settings[0];
    if (postern_open(&options, &client) != POSTERN_OK) {
        fail_msg("%s", postern_error_message());
    }
    return client;
}

/* ---- the crowd ---- */

struct one {
    pthread_t thread;
    pthread_barrier_t *start;
    const struct world *world;
    struct postern *client; /* NULL: it opens one of its own */
    enum postern_code code;
    char token[32], message[256];
};

static void *one_run(void *user) {
    struct one *one = user;
    struct postern *own = one->client ? NULL : client_open(one->world, 0);
    struct postern_token token = POSTERN_TOKEN_INIT;
    pthread_barrier_wait(one->start);
    one->code = postern_token_get(one->client ? one->client : own, 0, NULL, &token);
    if (one->code == POSTERN_OK) {
        snprintf(one->token, sizeof one->token, "%s", token.access_token);
    } else {
        snprintf(one->message, sizeof one->message, "%s", postern_error_message());
    }
    postern_token_done(&token);
    postern_close(own);
    return NULL;
}

/* All threads ask at once; all must have the same token in the end. */
static void crowd(const struct world *w, struct postern *client, const char *expected) {
    struct one all[THREADS] = {0};
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        all[i].start = &start;
        all[i].world = w;
        all[i].client = client;
        assert_int_equal(pthread_create(&all[i].thread, NULL, one_run, &all[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(all[i].thread, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        if (all[i].code != POSTERN_OK) {
            fail_msg("thread %d: %s", i, all[i].message);
        }
        assert_string_equal(all[i].token, expected);
    }
    pthread_barrier_destroy(&start);
}

/* A token that has expired is in the cache. */
static void expire(struct world *w, struct postern *client) {
    struct postern_token token = POSTERN_TOKEN_INIT;
    w->expires_in = 1;
    assert_int_equal(postern_token_get(client, 0, NULL, &token), POSTERN_OK);
    postern_token_done(&token);
    w->expires_in = 3600;
    for (int i = 0; postern_token_get(client, POSTERN_CACHED, NULL, &token) == POSTERN_OK; i++) {
        postern_token_done(&token);
        assert_true(i < PATIENCE);
        usleep(PATIENCE_US);
    }
    assert_int_equal(postern_error()->code, POSTERN_NO_TOKEN);
    assert_int_equal(w->token_requests, 1);
}

static void threads_without_a_cache_ask_once(void **state) {
    struct world *w = *state;
    struct postern *client = client_open(w, POSTERN_NO_CACHE);
    crowd(w, client, "token-1");
    assert_int_equal(w->token_requests, 1);
    assert_int_equal(w->discoveries, 1);
    postern_close(client);
    assert_int_equal(cache_remove(w), 0);
}

static void threads_of_one_client_ask_once(void **state) {
    struct world *w = *state;
    struct postern *client = client_open(w, 0);
    crowd(w, client, "token-1");
    assert_int_equal(w->token_requests, 1);
    postern_close(client);
}

static void threads_of_one_client_renew_once_at_expiry(void **state) {
    struct world *w = *state;
    struct postern *client = client_open(w, 0);
    expire(w, client);
    crowd(w, client, "token-2");
    assert_int_equal(w->token_requests, 2);
    postern_close(client);
}

static void threads_of_many_clients_ask_once(void **state) {
    struct world *w = *state;
    crowd(w, NULL, "token-1");
    assert_int_equal(w->token_requests, 1);
}

static void threads_of_many_clients_renew_once_at_expiry(void **state) {
    struct world *w = *state;
    struct postern *client = client_open(w, 0);
    expire(w, client);
    crowd(w, NULL, "token-2");
    assert_int_equal(w->token_requests, 2);
    postern_close(client);
}

/* The opposite: who asks afresh is not served from the cache. */
static void threads_that_ask_afresh_are_not_served_from_the_cache(void **state) {
    struct world *w = *state;
    struct postern *client = client_open(w, 0);
    for (int i = 0; i < 3; i++) {
        struct postern_token token = POSTERN_TOKEN_INIT;
        assert_int_equal(postern_token_get(client, POSTERN_FRESH, NULL, &token), POSTERN_OK);
        assert_int_equal(token.from_cache, 0);
        postern_token_done(&token);
    }
    assert_int_equal(w->token_requests, 3);
    postern_close(client);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(threads_without_a_cache_ask_once),
        CASE(threads_of_one_client_ask_once),
        CASE(threads_of_one_client_renew_once_at_expiry),
        CASE(threads_of_many_clients_ask_once),
        CASE(threads_of_many_clients_renew_once_at_expiry),
        CASE(threads_that_ask_afresh_are_not_served_from_the_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
