/* SPDX-License-Identifier: Apache-2.0 */
/* proxy: a loopback address that adds a valid token to whatever is sent there, until SIGINT or
 * SIGTERM. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proxy.h"

#define LISTEN_DEFAULT "127.0.0.1:0"
#define DRAIN_MS       10000
/* The proxied program has its own patience: a long download is not cut because the library's
 * default is for short calls. */
#define TIMEOUT_DEFAULT_MS INT64_C(86400000)

static const struct {
    const char *name;
    enum postern_base base;
} bases[] = {{"api", POSTERN_BASE_API},
             {"auth", POSTERN_BASE_AUTH},
             {"acd", POSTERN_BASE_ACD},
             {"issuer", POSTERN_BASE_ISSUER}};

/* ---- what was asked for ---- */

static int base_read(struct cli *c, struct proxy *p) {
    const char *name = cli_value(c, "--base");
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        if (str_is(str_from(name != NULL ? name : "api"), bases[i].name)) {
            p->base = bases[i].base;
            return EXIT_OK;
        }
    }
    return cli_usage(c, "--base: '%s' is none of api, auth, acd, issuer", name);
}

static int origins_read(struct cli *c, struct proxy *p) {
    struct str *origins = NEW_ARRAY(c->cx->arena, GIVEN_MAX, struct str);
    const char *given;
    for (size_t i = 0; (given = cli_value_at(c, "--allow-origin", i)) != NULL; i++) {
        if (!proxy_is_origin(str_from(given))) {
            return cli_usage(c,
                             "--allow-origin: '%s' is not the origin of a page: write it as the "
                             "browser does, in small letters, https://app.example.com or "
                             "http://localhost:3000; '*' and 'null' would be anybody",
                             given);
        }
        origins[p->rules.origins_n++] = str_from(given);
    }
    p->rules.origins = origins;
    return EXIT_OK;
}

/* The address behind the proxy; asks for a token first, so that what is wrong with the credentials
 * is said now and here. */
static int endpoint_find(struct cli *c, struct proxy *p) {
    struct postern_token token = POSTERN_TOKEN_INIT;
    struct postern_discovery d = POSTERN_DISCOVERY_INIT;
    if (postern_token_get(p->client, 0, c->cancel, &token) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    postern_token_done(&token);
    if (postern_discover(p->client, 0, c->cancel, &d) != POSTERN_OK) {
        return cli_failed(c, NULL);
    }
    const char *const endpoints[] = {[POSTERN_BASE_API] = d.api_endpoint,
                                     [POSTERN_BASE_AUTH] = d.auth_endpoint,
                                     [POSTERN_BASE_ACD] = d.acd_endpoint,
                                     [POSTERN_BASE_ISSUER] = d.issuer};
    const char *endpoint = endpoints[p->base];
    p->endpoint = str_copy(c->cx->arena, str_from(endpoint));
    postern_discovery_done(&d);
    if (endpoint == NULL) {
        return cli_usage(c,
                         "The %s address is not known: this token names no tenant. Set tenant_id "
                         "(or api_endpoint) in the profile, or choose another with --base",
                         bases[p->base].name);
    }
    return EXIT_OK;
}

static void timeout_read(struct proxy *p) {
    const char *from = NULL;
    (void)postern_setting(p->client, "timeout", &from);
    p->timeout_ms = str_is(str_from(from), "default") ? TIMEOUT_DEFAULT_MS : 0;
}

/* ---- from the first request to the last ---- */

static void announce(struct cli *c, const struct proxy *p) {
    if (c->json) {
        struct buf b = buf_in(c->cx->arena, 256);
        struct json_out j = json_to(&b);
        json_open_object(&j, NULL);
        json_put_str(&j, "url",
                     str_format(c->cx->arena, "http://%.*s", STR_ARG(p->rules.authority)));
        json_put_str(&j, "endpoint", p->endpoint);
        json_put_z(&j, "base", bases[p->base].name);
        json_close_object(&j);
        (void)fprintf(c->out, "%.*s\n", STR_ARG(buf_view(&b)));
    } else {
        (void)fprintf(c->out, "postern: proxy on http://%.*s -> %.*s\n",
                      STR_ARG(p->rules.authority), STR_ARG(p->endpoint));
    }
    (void)fflush(c->out);
    if (c->terminal) {
        cli_note(c, "every program of this machine can call the platform through it; Ctrl-C ends "
                    "it");
    }
}

static void running_cancel(struct proxy *p) {
    pthread_mutex_lock(&p->lock);
    p->stopped = true;
    for (struct relay *x = p->running; x != NULL; x = x->next) {
        relay_give_up(x);
    }
    pthread_mutex_unlock(&p->lock);
}

/* True if requests run that are worth waiting for. */
static bool stop_begin(struct proxy *p) {
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    bool running = p->running != NULL;
    pthread_mutex_unlock(&p->lock);
    return running;
}

static void signal_wait(int signal_fd) {
    struct pollfd fd = {.fd = signal_fd, .events = POLLIN};
    struct signalfd_siginfo what;
    while (poll(&fd, 1, -1) < 0 && errno == EINTR) {
    }
    (void)!read(signal_fd, &what, sizeof(what));
}

/* Until the running requests have ended, the time is over, or a second signal comes. */
static void drain(struct cli *c, struct proxy *p, int signal_fd) {
    struct pollfd fds[] = {{.fd = p->drained_fd, .events = POLLIN},
                           {.fd = signal_fd, .events = POLLIN}};
    if (!stop_begin(p)) {
        return;
    }
    cli_progress(c, "Finishing what runs; Ctrl-C again ends it at once ...");
    if (poll(fds, COUNT_OF(fds), DRAIN_MS) <= 0 || fds[0].revents == 0) {
        cli_note(c, "requests that were still running are given up");
    }
    cli_progress(c, "%s", "");
}

static void serve_until_signal(struct cli *c, struct proxy *p, int signal_fd) {
    announce(c, p);
    signal_wait(signal_fd);
    door_close(p->door);
    drain(c, p, signal_fd);
    running_cancel(p);
}

/* Threads inherit the mask: the signals come to signal_fd alone. */
static int signals_take(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Takes the socket. False: it does not start. */
static bool serve(struct cli *c, struct proxy *p, int listen_fd, int signal_fd) {
    p->door = door_new(p, listen_fd);
    if (p->door == NULL) {
        return false;
    }
    struct MHD_Daemon *daemon = proxy_serve(p);
    bool good = daemon != NULL && door_open(p->door, daemon);
    int why = errno;
    if (good) {
        serve_until_signal(c, p, signal_fd);
    }
    door_close(p->door);
    if (daemon != NULL) {
        p->mhd.stop_daemon(daemon);
    }
    door_free(p->door);
    errno = why;
    return good;
}

static int run(struct cli *c, struct proxy *p) {
    const char *address = cli_value(c, "--listen");
    int fd = proxy_listen(c, address != NULL ? address : LISTEN_DEFAULT, &p->rules.authority);
    if (fd < 0) {
        return -fd;
    }
    struct str rest = p->rules.authority;
    size_t colon = rest.n;
    while (colon > 0 && rest.p[colon - 1] != ':') {
        colon--;
    }
    p->rules.port = str_sub(rest, colon, rest.n);
    int signal_fd = signals_take();
    p->drained_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool good = signal_fd >= 0 && p->drained_fd >= 0 && serve(c, p, fd, signal_fd);
    close(signal_fd);
    close(p->drained_fd);
    return good ? EXIT_OK
                : cli_error(c, EXIT_OTHER, "The proxy does not start: %s", strerror(errno));
}

int cmd_proxy(struct cli *c) {
    struct proxy *p = NEW(c->cx->arena, struct proxy);
    p->cli = c;
    p->verbose = c->verbose;
    int status = base_read(c, p);
    status = status == EXIT_OK ? origins_read(c, p) : status;
    status = status == EXIT_OK ? cli_open(c, &p->client) : status;
    if (status != EXIT_OK) {
        return status;
    }
    if (!mhd_load(&p->mhd)) {
        return cli_error(c, EXIT_OTHER,
                         "libmicrohttpd is not installed, and the proxy needs it: apt-get install "
                         "libmicrohttpd12");
    }
    timeout_read(p);
    status = endpoint_find(c, p);
    cli_progress(c, "%s", "");
    if (status != EXIT_OK) {
        return status;
    }
    pthread_mutex_init(&p->lock, NULL);
    status = run(c, p);
    pthread_mutex_destroy(&p->lock);
    return status;
}
