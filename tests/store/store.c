/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the databases of the store suite: SQLite a file a case, PostgreSQL a database a case,
 * copied from a migrated template. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CASES_MAX 128

/* A program's own; initial_state of its cases. */
struct suite {
    const char *server; /* PostgreSQL's URL; NULL: SQLite */
    char directory[64];
    unsigned made;
};
struct running {
    struct suite *suite;
    const struct store_case *test;
};

/* ---- context ---- */

static void random_fill(const struct random *r, void *to, size_t n) {
    _Atomic uint64_t *next = r->state;
    unsigned char *p = to;
    for (size_t i = 0; i < n; i++) {
        uint64_t z = atomic_fetch_add(next, 1) * UINT64_C(0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        p[i] = (unsigned char)((z ^ (z >> 27)) >> 24);
    }
}

struct actor *actor_new(struct fixture *f, enum db_use use) {
    struct actor *a = calloc(1, sizeof *a);
    assert_non_null(a);
    a->arena = arena_new();
    ctx_init(&a->cx, a->arena, &f->clock, &f->random, &f->log);
    must(&a->cx, db_connect(&a->cx, f->db, use, &a->conn));
    a->cx.db = a->conn;
    return a;
}

void actor_free(struct actor *a) {
    if (a == NULL) {
        return;
    }
    db_disconnect(a->conn);
    arena_free(a->arena);
    free(a);
}

/* ---- writes ---- */

static void job_done(struct db_write *write, err result) {
    struct write_job *j = write->owner;
    pthread_mutex_lock(&j->lock);
    j->result = result;
    j->finished = true;
    pthread_cond_signal(&j->ended);
    pthread_mutex_unlock(&j->lock);
}

struct write_job *job_new(struct fixture *f, err (*run)(struct ctx *cx, void *state), void *state) {
    struct write_job *j = calloc(1, sizeof *j);
    if (j == NULL) {
        abort();
    }
    j->arena = arena_new();
    ctx_init(&j->cx, j->arena, &f->clock, &f->random, &f->log);
    j->write =
        (struct db_write){.run = run, .state = state, .cx = &j->cx, .done = job_done, .owner = j};
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->ended, NULL);
    return j;
}

err job_wait(struct write_job *j) {
    pthread_mutex_lock(&j->lock);
    while (!j->finished) {
        pthread_cond_wait(&j->ended, &j->lock);
    }
    err result = j->result;
    pthread_mutex_unlock(&j->lock);
    return result;
}

bool job_finished(struct write_job *j) {
    pthread_mutex_lock(&j->lock);
    bool finished = j->finished;
    pthread_mutex_unlock(&j->lock);
    return finished;
}

void job_free(struct write_job *j) {
    pthread_cond_destroy(&j->ended);
    pthread_mutex_destroy(&j->lock);
    arena_free(j->arena);
    free(j);
}

err job_do(struct fixture *f, struct db_writer *w, err (*run)(struct ctx *, void *), void *state) {
    struct write_job *j = job_new(f, run, state);
    err e = db_writer_submit(w, &j->write) ? job_wait(j) : ERR_BUSY;
    job_free(j);
    return e;
}

#define RACERS 64

struct racer {
    struct fixture *f;
    struct db_writer *writer;
    pthread_t thread;
    pthread_barrier_t *start;
    err (*run)(struct ctx *, void *);
    void *state;
    err result;
};

static void *race(void *object) {
    struct racer *r = object;
    (void)pthread_barrier_wait(r->start);
    r->result = job_do(r->f, r->writer, r->run, r->state);
    return NULL;
}

unsigned store_race(struct fixture *f, err (*run)(struct ctx *, void *), void *state, err loser) {
    const struct db_writer_options options = {.log = &f->log};
    struct db_writer *writer;
    pthread_barrier_t start;
    unsigned won = 0;
    struct racer *racers = calloc(RACERS, sizeof *racers);
    must(f->cx, db_writer_start(f->cx, f->db, &options, &writer));
    pthread_barrier_init(&start, NULL, RACERS);
    for (unsigned i = 0; i < RACERS; i++) {
        racers[i] =
            (struct racer){.f = f, .writer = writer, .start = &start, .run = run, .state = state};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (unsigned i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        assert_true(racers[i].result == OK || racers[i].result == loser);
        won += racers[i].result == OK;
    }
    pthread_barrier_destroy(&start);
    db_writer_stop(writer);
    free(racers);
    return won;
}

void store_at(struct fixture *f, int64_t seconds_later) {
    f->clock.fixed_ms += seconds_later * 1000;
    f->cx->now_ms = f->clock.fixed_ms;
    f->cx->now = f->clock.fixed_ms / 1000;
}

void store_must(struct ctx *cx, err e, const char *what, const char *file, int line) {
    if (e != OK) {
        print_error("%s:%d: %s gave %s: %s (%s:%d)\n", file, line, what, err_info(e)->name,
                    cx->failure.detail, cx->failure.file, cx->failure.line);
        _fail(file, line);
    }
}

void store_must_fail(struct ctx *cx, err e, err expected, const char *what, const char *file,
                     int line) {
    if (e != expected) {
        print_error("%s:%d: %s gave %s (%s), not %s\n", file, line, what, err_info(e)->name,
                    e != OK ? cx->failure.detail : "-", err_info(expected)->name);
        _fail(file, line);
    }
}

int64_t store_number(struct fixture *f, const char *sql) {
    int64_t n = -1;
    must(f->cx, db_one(f->cx, sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n))));
    return n;
}

/* ---- databases ---- */

static void server_do(const char *url, const char *sql) {
    PGconn *pg = PQconnectdb(url);
    PGresult *r = PQexec(pg, sql);
    bool done = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
    if (!done) {
        print_error("%s: %s\n", sql, PQerrorMessage(pg));
    }
    PQclear(r);
    PQfinish(pg);
    assert_true(done);
}

static void database_name(char to[32]) {
    (void)snprintf(to, 32, "store_%d", (int)getpid());
}

static void server_database(struct suite *s, struct fixture *f) {
    char name[32], sql[64];
    database_name(name);
    (void)snprintf(f->place, sizeof f->place, "%s%cdbname=%s", s->server,
                   strchr(s->server, '?') != NULL ? '&' : '?', name);
    if (s->made++ == 0) {
        (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
        server_do(s->server, sql);
    }
    /* Emptied rather than dropped, which would cost a checkpoint a case. What a failed case left
     * open goes first. */
    server_do(f->place, "SET client_min_messages = error; "
                        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()");
    server_do(f->place, "SET client_min_messages = warning; DROP SCHEMA public CASCADE; "
                        "CREATE SCHEMA public");
}

static void file_name(const struct suite *s, unsigned number, char to[96]) {
    (void)snprintf(to, 96, "%s/%u.db", s->directory, number);
}

static void file_database(struct suite *s, struct fixture *f) {
    char path[96];
    file_name(s, ++s->made, path);
    (void)snprintf(f->place, sizeof f->place, "sqlite:%s", path);
}

static void file_remove(const struct suite *s, unsigned number) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    char base[96], path[104];
    file_name(s, number, base);
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        (void)snprintf(path, sizeof path, "%s%s", base, ends[i]);
        (void)unlink(path);
    }
}

static void suite_done(struct suite *s) {
    char name[32], sql[64];
    if (s->server != NULL && s->made > 0) {
        database_name(name);
        (void)snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", name);
        server_do(s->server, sql);
    }
    if (s->server == NULL) {
        for (unsigned i = 1; i <= s->made; i++) {
            file_remove(s, i);
        }
        (void)rmdir(s->directory);
    }
}

/* ---- cases ---- */

static void case_run(void **state) {
    const struct running *r = *state;
    struct suite *s = r->suite;
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->clock = clock_fixed(STORE_TIME_MS);
    f->random = (struct random){.fill = random_fill, .state = &f->random_next};
    f->random_next = 1;
    f->log = (struct log){.fd = -1, .level = LOG_ERROR, .clock = &f->clock};
    f->sqlite = s->server == NULL;
    if (f->sqlite) {
        file_database(s, f);
    } else {
        server_database(s, f);
    }
    f->url = f->place;
    struct db_options options = {.url = f->url};
    struct ctx cx;
    struct arena *arena = arena_new();
    ctx_init(&cx, arena, &f->clock, &f->random, &f->log);
    must(&cx, db_open(&cx, &options, &f->db));
    arena_free(arena);
    f->self = actor_new(f, DB_WRITE);
    f->cx = &f->self->cx;
    if (!r->test->bare) {
        must(f->cx, db_migrate(f->cx, f->db));
    }
    r->test->run(f);
    /* Not reached by a test that fails: what it leaves is shown in the end and goes with the
     * directory or server. */
    actor_free(f->self);
    db_close(f->db);
    if (f->sqlite) {
        file_remove(s, s->made);
    }
    free(f);
}

static bool suite_init(struct suite *s, int argc, char **argv) {
    const char *engine = argc == 2 ? argv[1] : "";
    if (strcmp(engine, "sqlite") == 0) {
        const char *tmp = getenv("TMPDIR");
        (void)snprintf(s->directory, sizeof s->directory, "%.30s/postern-store.XXXXXX",
                       tmp != NULL ? tmp : "/tmp");
        return mkdtemp(s->directory) != NULL;
    }
    if (strcmp(engine, "postgresql") == 0) {
        s->server = getenv("POSTERN_TEST_POSTGRESQL");
        if (s->server == NULL || s->server[0] == '\0') {
            print_error("POSTERN_TEST_POSTGRESQL must name a PostgreSQL server; to start one: "
                        "tests/store/pg.sh with %s postgresql\n",
                        argv[0]);
            return false;
        }
        return true;
    }
    print_error("usage: %s sqlite|postgresql\n", argv[0]);
    return false;
}

int store_main(int argc, char **argv, const struct store_case *cases, size_t n) {
    struct suite s = {.server = NULL};
    static struct CMUnitTest tests[CASES_MAX]; /* cmocka keeps pointers into it */
    static struct running running[CASES_MAX];
    if (!suite_init(&s, argc, argv)) {
        return 2;
    }
    if (n > CASES_MAX) {
        print_error("more than %d cases\n", CASES_MAX);
        return 2;
    }
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (cases[i].only == NULL || strcmp(cases[i].only, argv[1]) == 0) {
            running[used] = (struct running){.suite = &s, .test = &cases[i]};
            tests[used] = (struct CMUnitTest){
                .name = cases[i].name, .test_func = case_run, .initial_state = &running[used]};
            used++;
        }
    }
    int failed = _cmocka_run_group_tests(argv[1], tests, used, NULL, NULL);
    suite_done(&s);
    return failed;
}
