/* SPDX-License-Identifier: Apache-2.0 */
/* A load generator for one server on loopback: C keep-alive connections, each sends its next
 * request when the answer to the last has come. Prints one JSON line: requests, failures, seconds,
 * rate, latency percentiles in microseconds.
 *
 *   load PORT CONNECTIONS SECONDS METHOD PATH [-H 'Name: value'] [-b BODIES] [-c MEMBER] [-w
 * STATUS]
 *
 * -b FILE   one body a line; each request takes the next line (a connection keeps its own line with
 * -c) -c MEMBER the string member of each JSON answer replaces {{MEMBER}} in the connection's next
 * body: a chain of refreshes -w STATUS the status that counts as success (200)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define BUFFER_SIZE     32768
#define SAMPLES_MAX     4000000

struct connection {
    int fd;
    char out[BUFFER_SIZE], in[BUFFER_SIZE];
    size_t out_n, in_n;
    size_t line;                   /* of the bodies */
    char chained[BUFFER_SIZE / 4]; /* what the last answer gave */
    int64_t sent_us;
};

struct load {
    int port;
    unsigned connections;
    double seconds;
    const char *method, *path, *chain, *first;
    char headers[4096];
    char **bodies;
    size_t bodies_n, next_body;
    int want;
    uint64_t done, failed;
    uint32_t *samples;
    size_t samples_n;
    int first_bad; /* a status that was not wanted */
};

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, errno != 0 ? strerror(errno) : "bad usage or answer");
    exit(1);
}

static void read_bodies(struct load *l, const char *file) {
    FILE *f = fopen(file, "re");
    if (f == NULL) {
        die(file);
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, f)) > 0) {
        if (line[n - 1] == '\n') {
            line[n - 1] = '\0';
        }
        l->bodies = realloc(l->bodies, (l->bodies_n + 1) * sizeof(char *));
        if (l->bodies == NULL) {
            die("memory");
        }
        l->bodies[l->bodies_n++] = strdup(line);
    }
    free(line);
    fclose(f);
    if (l->bodies_n == 0) {
        die(file);
    }
}

/* The body of this connection's next request, with the chained value put in. */
static int body_write(const struct load *l, const struct connection *c, char *to, size_t room) {
    const char *body = l->bodies[c->line];
    if (l->chain == NULL || c->chained[0] == '\0') {
        return snprintf(to, room, "%s", body);
    }
    char mark[128];
    snprintf(mark, sizeof(mark), "{{%s}}", l->chain);
    const char *at = strstr(body, mark);
    if (at == NULL) {
        return snprintf(to, room, "%s", body);
    }
    return snprintf(to, room, "%.*s%s%s", (int)(at - body), body, c->chained, at + strlen(mark));
}

static void connection_send(struct load *l, struct connection *c) {
    char body[BUFFER_SIZE / 2];
    int body_n = 0;
    if (l->bodies_n > 0) {
        if (l->chain == NULL) {
            c->line = l->next_body++ % l->bodies_n;
        }
        body_n = body_write(l, c, body, sizeof(body));
    }
    int n = snprintf(c->out, sizeof(c->out), "%s %s HTTP/1.1\r\nHost: localhost:%d\r\n%s",
                     l->method, l->path, l->port, l->headers);
    if (l->bodies_n > 0) {
        n += snprintf(c->out + n, sizeof(c->out) - (size_t)n, "Content-Length: %d\r\n\r\n%.*s",
                      body_n, body_n, body);
    } else {
        n += snprintf(c->out + n, sizeof(c->out) - (size_t)n, "\r\n");
    }
    c->out_n = (size_t)n;
    c->in_n = 0;
    c->sent_us = now_us();
    if (write(c->fd, c->out, c->out_n) != (ssize_t)c->out_n) {
        die("write");
    }
}

/* The length of a complete answer in c->in, or 0 if more must come. */
static size_t answer_length(struct connection *c) {
    c->in[c->in_n] = '\0';
    const char *end = strstr(c->in, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    size_t head = (size_t)(end - c->in) + 4;
    const char *length = strcasestr(c->in, "\r\ncontent-length:");
    size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return c->in_n >= head + body ? head + body : 0;
}

static void chain_take(struct load *l, struct connection *c) {
    char mark[128];
    int n = snprintf(mark, sizeof(mark), "\"%s\":\"", l->chain);
    const char *at = strstr(c->in, mark);
    const char *end = at != NULL ? strchr(at + n, '"') : NULL;
    if (end == NULL || (size_t)(end - at - n) >= sizeof(c->chained)) {
        return;
    }
    memcpy(c->chained, at + n, (size_t)(end - at - n));
    c->chained[end - at - n] = '\0';
}

static void answer_done(struct load *l, struct connection *c) {
    int status = atoi(c->in + 9);
    if (status != l->want) {
        l->failed++;
        if (l->first_bad == 0) {
            l->first_bad = status;
            fprintf(stderr, "load: unexpected answer: %.300s\n", c->in);
        }
    } else {
        l->done++;
        if (l->samples_n < SAMPLES_MAX) {
            l->samples[l->samples_n++] = (uint32_t)(now_us() - c->sent_us);
        }
    }
    if (l->chain != NULL) {
        chain_take(l, c);
    }
}

static int dial(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0) {
        die("connect");
    }
    return fd;
}

static void read_first(const struct load *l, struct connection *all) {
    FILE *f = fopen(l->first, "re");
    for (unsigned i = 0; i < l->connections; i++) {
        if (f == NULL || fgets(all[i].chained, sizeof(all[i].chained), f) == NULL) {
            die(l->first);
        }
        all[i].chained[strcspn(all[i].chained, "\n")] = '\0';
    }
    fclose(f);
}

static void run(struct load *l) {
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = calloc(l->connections, sizeof(*all));
    l->samples = malloc(SAMPLES_MAX * sizeof(uint32_t));
    if (ep < 0 || all == NULL || l->samples == NULL) {
        die("set-up");
    }
    if (l->first != NULL) {
        read_first(l, all);
    }
    int64_t end = now_us() + (int64_t)(l->seconds * 1e6);
    for (unsigned i = 0; i < l->connections; i++) {
        all[i].fd = dial(l->port);
        all[i].line = l->bodies_n > 0 ? i % l->bodies_n : 0;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(ep, EPOLL_CTL_ADD, all[i].fd, &e);
        connection_send(l, &all[i]);
    }
    unsigned open = l->connections;
    while (open > 0) {
        struct epoll_event events[64];
        int n = epoll_wait(ep, events, 64, 10000);
        if (n <= 0) {
            die("no answer for 10 seconds");
        }
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            ssize_t got = read(c->fd, c->in + c->in_n, sizeof(c->in) - 1 - c->in_n);
            if (got <= 0) {
                die("the server closed a connection");
            }
            c->in_n += (size_t)got;
            if (answer_length(c) == 0) {
                continue;
            }
            answer_done(l, c);
            if (now_us() < end) {
                connection_send(l, c);
            } else {
                close(c->fd);
                open--;
            }
        }
    }
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void report(struct load *l, double seconds) {
    qsort(l->samples, l->samples_n, sizeof(uint32_t), compare);
    size_t n = l->samples_n;
    uint32_t p50 = n > 0 ? l->samples[n / 2] : 0, p99 = n > 0 ? l->samples[n * 99 / 100] : 0;
    printf("{\"requests\":%llu,\"failed\":%llu,\"bad_status\":%d,\"seconds\":%.3f,\"rate\":%.1f,"
           "\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n",
           (unsigned long long)l->done, (unsigned long long)l->failed, l->first_bad, seconds,
           (double)l->done / seconds, p50, p99, n > 0 ? l->samples[n - 1] : 0);
}

int main(int argc, char **argv) {
    struct load l = {.want = 200};
    if (argc < 6) {
        die("load PORT CONNECTIONS SECONDS METHOD PATH ...");
    }
    l.port = atoi(argv[1]);
    l.connections = (unsigned)atoi(argv[2]);
    l.seconds = atof(argv[3]);
    l.method = argv[4];
    l.path = argv[5];
    size_t headers_n = 0;
    for (int i = 6; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "-H") == 0) {
            headers_n += (size_t)snprintf(l.headers + headers_n, sizeof(l.headers) - headers_n,
                                          "%s\r\n", argv[i + 1]);
        } else if (strcmp(argv[i], "-b") == 0) {
            read_bodies(&l, argv[i + 1]);
        } else if (strcmp(argv[i], "-c") == 0) {
            l.chain = argv[i + 1];
        } else if (strcmp(argv[i], "-f") == 0) {
            l.first = argv[i + 1];
        } else if (strcmp(argv[i], "-w") == 0) {
            l.want = atoi(argv[i + 1]);
        } else {
            die(argv[i]);
        }
    }
    if (l.connections == 0 || l.connections > CONNECTIONS_MAX) {
        die("CONNECTIONS");
    }
    int64_t start = now_us();
    run(&l);
    report(&l, (double)(now_us() - start) / 1e6);
    return l.failed == 0 ? 0 : 3;
}
