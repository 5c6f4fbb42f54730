/* SPDX-License-Identifier: Apache-2.0 */
/* serve: starts the layers in order, waits for signals, stops them in the reverse order (DESIGN 4).
 */
#include "posternd.h"
#include "web.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FETCH_THREADS  4
#define JOB_QUEUE      512
#define FATAL_GRACE_MS 1000
#define ARENAS_MAX     4 /* of malloc: more only cost memory, requests have arenas of their own */

struct server {
    struct ctx *cx;
    struct config config;
    struct store *store;
    struct platform *platform;
    struct db_writer *writer;
    struct jobs *jobs;
    struct limits *limits;
    struct keeper *keeper;
    struct route_table *routes;
    struct metrics *metrics;
    struct http_server *http;
    struct log access_log; /* of http: silent about single requests if access_log is off */
    pthread_t main_thread;
};

/* Everything that main waits for is blocked before the first thread, which inherits that. */
static void signals_block(sigset_t *ret_waited) {
    sigemptyset(ret_waited);
    const int waited[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    for (size_t i = 0; i < COUNT_OF(waited); i++) {
        sigaddset(ret_waited, waited[i]);
    }
    pthread_sigmask(SIG_BLOCK, ret_waited, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* On a writer's thread. Requests that wait get their 503 from the writer; main ends the process. */
static void outcome_unknown(void *state, const char *reason) {
    struct server *s = state;
    log_message(s->cx->log, LOG_ERROR, "fatal",
                "a commit's outcome is unknown, the server ends and recovers at its next start: %s",
                reason);
    pthread_kill(s->main_thread, SIGUSR1);
}

static unsigned worker_count(const struct config *config) {
    return config->workers > 0 ? (unsigned)config->workers : http_workers_default();
}

static void log_levels_set(struct server *s) {
    /* Other threads read the levels while SIGHUP sets them: a plain word, old or new. */
    enum log_level level = (enum log_level)s->config.log_level;
    enum log_level access = s->config.access_log || level > LOG_WARN ? level : LOG_WARN;
    __atomic_store_n(&s->cx->log->level, level, __ATOMIC_RELAXED);
    __atomic_store_n(&s->access_log.level, access, __ATOMIC_RELAXED);
}

static bool server_ready(const void *state) {
    const struct server *s = state;
    return keeper_ready(s->keeper);
}

static void tables_make(struct server *s) {
    size_t n;
    const struct route *rows = route_rows(&n);
    s->routes = route_table_new(rows, n);
    s->metrics = metrics_new(worker_count(&s->config), s->routes);
    s->limits = limits_new(&s->config.limit, &random_system);
}

/* Whoever reads the mails can set anybody's password. An environment that comes later has none
 * either (mailbox.c). */
static err mailbox_check(struct ctx *cx) {
    const struct snapshot *all = platform_snapshot(cx);
    for (size_t i = 0; i < snapshot_count(all); i++) {
        const struct environment *e = snapshot_at(all, i);
        if (!issuer_is_loopback(e->issuer)) {
            return fail_say(cx, ERR_BAD_CONFIG,
                            "The setting mailbox is on, and environment %.*s has the issuer %.*s, "
                            "which is not on loopback. Turn mailbox off.",
                            STR_ARG(e->name), STR_ARG(e->issuer));
        }
    }
    return OK;
}

static err platform_start(struct server *s) {
    struct ctx *cx = s->cx;
    const struct platform_options options = {.master = &s->store->master,
                                             .workers = worker_count(&s->config),
                                             .allow_private_fetch = s->config.allow_private_fetch,
                                             .mailbox = s->config.mailbox,
                                             .metrics = s->metrics,
                                             .decorate = discovery_decorate};
    bool changed;
    TRY(platform_new(cx, &options, &s->platform));
    cx->app = s->platform;
    TRY(platform_reload(cx, s->platform, false, &changed));
    return s->config.mailbox ? mailbox_check(cx) : OK;
}

static err writer_start(struct server *s) {
    const struct db_writer_options options = {.writers = (unsigned)s->config.database_writers,
                                              .log = s->cx->log,
                                              .fatal = outcome_unknown,
                                              .fatal_state = s};
    return db_writer_start(s->cx, s->store->db, &options, &s->writer);
}

/* SECURITY `password`: hashing leaves half of the cores to everything else. */
static struct jobs *pool_start(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const struct jobs_options options = {
        .threads = {[JOB_HASH] = cores > 3 ? (unsigned)cores / 2 : 1, [JOB_FETCH] = FETCH_THREADS},
        .queue_max = JOB_QUEUE};
    return jobs_start(&options);
}

static err http_start(struct server *s) {
    unsigned workers = worker_count(&s->config);
    const struct config *c = &s->config;
    const struct http_options options = {.listen = c->listen,
                                         .ops_listen = c->ops_listen,
                                         .behind_front = c->behind_front,
                                         .workers = workers,
                                         .connections = (unsigned)c->connections,
                                         .idle_timeout_s = (unsigned)c->idle_timeout,
                                         .per_ip = (unsigned)c->per_address,
                                         .clock = &clock_system,
                                         .random = &random_system,
                                         .log = &s->access_log,
                                         .db = s->store->db,
                                         .writer = s->writer,
                                         .jobs = s->jobs,
                                         .routes = s->routes,
                                         .hooks = posternd_hooks(s->limits),
                                         .metrics = s->metrics,
                                         .app = s->platform,
                                         .ready = server_ready,
                                         .ready_state = s};
    return http_server_start(s->cx, &options, &s->http);
}

static err server_start(struct server *s) {
    tables_make(s);
    TRY(platform_start(s));
    TRY(writer_start(s));
    s->jobs = pool_start();
    const struct keeper_options options = {
        .db = s->store->db, .writer = s->writer, .platform = s->platform, .log = s->cx->log};
    TRY(keeper_start(s->cx, &options, &s->keeper));
    return http_start(s);
}

/* Also after a start that failed half-way. */
static void server_stop(struct server *s) {
    if (s->http != NULL) {
        http_server_stop(s->http, (int)(s->config.stop_grace * 1000));
    }
    if (s->keeper != NULL) {
        keeper_stop(s->keeper);
    }
    if (s->jobs != NULL) {
        jobs_stop(s->jobs);
    }
    if (s->writer != NULL) {
        db_writer_stop(s->writer);
    }
    keeper_free(s->keeper);
    if (s->metrics != NULL) {
        metrics_free(s->metrics);
    }
    limits_free(s->limits);
    if (s->routes != NULL) {
        route_table_free(s->routes);
    }
    if (s->platform != NULL) {
        platform_free(s->platform);
    }
}

static void address_say(const char *what, const char *address) {
    bool bare = strstr(address, "://") == NULL && !str_starts(str_from(address), "unix:");
    (void)printf("posternd: %s on %s%s\n", what, bare ? "http://" : "", address);
}

static void server_say(struct server *s) {
    address_say("listening", http_server_address(s->http));
    if (s->config.ops_listen != NULL) {
        address_say("operations", http_server_ops_address(s->http));
    }
    if (snapshot_count(platform_snapshot(s->cx)) == 0) {
        (void)printf("posternd: no environment yet, so every request is answered 503. Declare one, "
                     "while this "
                     "runs: posternd apply examples/demo.json\n");
        log_message(s->cx->log, LOG_WARN, "start",
                    "no environment yet: every request is answered 503 until posternd apply FILE");
    }
    if (!s->config.mailbox) {
        log_message(s->cx->log, LOG_INFO, "start",
                    "mails are written and never sent: hand over the links of posternd invite USER "
                    "and posternd reset-password USER. On a laptop the setting mailbox shows them "
                    "at %s",
                    MAILBOX_PATH);
    }
    (void)fflush(stdout);
}

/* SIGHUP: what can change while running does, the rest is named. */
static err config_reload(struct ctx *cx, struct server *s, const struct config_sources *sources) {
    struct config config;
    TRY(config_load(cx, sources, &config));
    for (size_t i = 0; setting_at(i) != NULL; i++) {
        const struct setting *row = setting_at(i);
        if (setting_differs(row, &s->config, &config)) {
            log_message(cx->log, LOG_WARN, "reload", "%s changed%s", row->name,
                        row->reloads ? "" : ": it takes a restart");
        }
    }
    s->config.log_level = config.log_level;
    s->config.access_log = config.access_log;
    s->config.stop_grace = config.stop_grace;
    log_levels_set(s);
    return OK;
}

static void reload(struct server *s, const struct config_sources *sources) {
    CLEANUP(arena_cleanup) struct arena *arena = arena_new();
    struct ctx cx;
    ctx_init(&cx, arena, &clock_system, &random_system, s->cx->log);
    if (config_reload(&cx, s, sources) != OK) {
        log_message(cx.log, LOG_ERROR, "reload", "settings stay as they were: %s",
                    cx.failure.detail);
    }
    keeper_reload(s->keeper);
}

/* Until SIGTERM or SIGINT (true), or a database whose state is unknown (false). */
static bool server_wait(struct server *s, const sigset_t *waited,
                        const struct config_sources *sources) {
    for (;;) {
        int signal_number = 0;
        if (sigwait(waited, &signal_number) != 0) {
            continue;
        }
        switch (signal_number) {
        case SIGHUP:
            reload(s, sources);
            break;
        case SIGUSR1:
            return false;
        default:
            log_message(s->cx->log, LOG_INFO, "stop", "stopping on %s",
                        signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
            return true;
        }
    }
}

int cmd_serve(struct invocation *in) {
    struct ctx *cx = in->cx;
    (void)mallopt(M_ARENA_MAX, ARENAS_MAX);
    struct server s = {.cx = cx,
                       .config = in->config,
                       .access_log = {.fd = cx->log->fd, .clock = &clock_system},
                       .main_thread = pthread_self()};
    sigset_t waited;
    signals_block(&waited);
    log_levels_set(&s);
    err e = store_open(cx, &in->config, &s.store);
    if (e == OK) {
        e = server_start(&s);
    }
    if (e != OK) {
        int status = command_failed(in, e);
        server_stop(&s);
        return status;
    }
    server_say(&s);
    if (!server_wait(&s, &waited, &in->sources)) {
        http_server_stop(s.http, FATAL_GRACE_MS);
        _exit(POSTERND_EXIT_FATAL);
    }
    server_stop(&s);
    log_message(cx->log, LOG_INFO, "stop", "stopped");
    return EXIT_SUCCESS;
}
