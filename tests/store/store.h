/* SPDX-License-Identifier: Apache-2.0 */
/* The store suite: the same cases against every engine. A program is a list of cases:
 *
 *     static void tenant_is_found_by_its_name(struct fixture *f)
 *     {
 *         must(f->cx, tenant_create(f->cx, ...));
 *         assert_int_equal(tenant_find(f->cx, ...), ERR_NOT_FOUND);
 *     }
 *     static const struct store_case cases[] = {STORE_CASE(tenant_is_found_by_its_name)};
 *     STORE_MAIN(cases)
 *
 * Each case gets an empty, migrated database of its own and a clock that stands still. The
 * program's argument is the engine: "sqlite" or "postgresql" (a server's URL in
 * POSTERN_TEST_POSTGRESQL; `pg.sh with PROGRAM postgresql` starts one). */
#ifndef POSTERN_TEST_STORE_H
#define POSTERN_TEST_STORE_H

#include "db.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>

#include <cmocka.h>
/* cmocka has a fail() too; ours is the one of base.h. */
#undef fail
#define fail(cx, code, ...) failure_set((cx), (code), false, __FILE__, __LINE__, __VA_ARGS__)

#define STORE_TIME_MS INT64_C(1800000000000) /* where the clock stands at first */

/* A thread's (or a node's) own: memory, context, connection. */
struct actor {
    struct ctx cx; /* cx.db = conn */
    struct arena *arena;
    struct db_conn *conn;
};

struct fixture {
    struct ctx *cx; /* of `self`: cx->db is a connection for writes (db_transaction(), and
                       statements that commit alone) */
    struct db *db;
    const char *url; /* of this case's database */
    bool sqlite;     /* else PostgreSQL */
    struct clock clock;
    struct random random;
    _Atomic uint64_t random_next;
    struct log log; /* discards */
    struct actor *self;
    char place[400];
};

struct store_case {
    const char *name;
    void (*run)(struct fixture *f);
    bool bare;        /* without the schema */
    const char *only; /* the one engine that it concerns; NULL: every */
};
#define STORE_CASE(fn)                                                                             \
    { #fn, fn, false, NULL }
#define STORE_CASE_BARE(fn)                                                                        \
    { #fn, fn, true, NULL }
#define STORE_CASE_BARE_ON(engine, fn)                                                             \
    { #fn, fn, true, engine }

#define STORE_MAIN(cases)                                                                          \
    int main(int argc, char **argv) {                                                              \
        return store_main(argc, argv, (cases), COUNT_OF(cases));                                   \
    }
int store_main(int argc, char **argv, const struct store_case *cases, size_t n);

/* Moves the clock of all who look at it from now on, and of f->cx. */
void store_at(struct fixture *f, int64_t seconds_later);

/* For further threads. cmocka's assertions belong to the main thread: others return what they saw.
 */
struct actor *actor_new(struct fixture *f, enum db_use use);
void actor_free(struct actor *a);

/* A write for the queue, in a context of its own. */
struct write_job {
    struct db_write write;
    struct ctx cx;
    struct arena *arena;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool finished;
    err result;
};
struct write_job *job_new(struct fixture *f, err (*run)(struct ctx *cx, void *state), void *state);
err job_wait(struct write_job *j);
bool job_finished(struct write_job *j);
void job_free(struct write_job *j);
/* Submits one and waits; for any thread. */
err job_do(struct fixture *f, struct db_writer *w, err (*run)(struct ctx *, void *), void *state);

/* 64 writes at once through a queue; how many succeeded. The others failed with `loser`. */
unsigned store_race(struct fixture *f, err (*run)(struct ctx *, void *), void *state, err loser);

/* The call succeeds, or the test fails with its reason. */
#define must(cx, call) store_must((cx), (call), #call, __FILE__, __LINE__)
void store_must(struct ctx *cx, err e, const char *what, const char *file, int line);
/* The call fails in just this way. */
#define must_fail(cx, call, code) store_must_fail((cx), (call), (code), #call, __FILE__, __LINE__)
void store_must_fail(struct ctx *cx, err e, err expected, const char *what, const char *file,
                     int line);

/* Short forms for tests with tables of their own; `sql` is a literal. */
#define store_sql(f, sql) must((f)->cx, db_exec((f)->cx, (sql), DB_NO_ARGS, NULL))
int64_t store_number(struct fixture *f, const char *sql); /* one row, one number */

#endif
