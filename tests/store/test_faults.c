/* SPDX-License-Identifier: Apache-2.0 */
/* SECURITY: storage-faults. Every write fails in turn (full disk, I/O error, lost connection, dead
 * transaction): no success answer, no half state, and what was answered is there. The faults are
 * real; the engines are, too. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#include "driver.h"
#include "faults.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the write queue tells of a commit without a known end. */
struct fatal {
    atomic_int calls;
};

static void fatal_note(void *state, const char *reason) {
    struct fatal *fatal = state;
    (void)reason;
    fatal->calls++;
}

/* A database of its own beside the fixture's: through the faulty disk or the cable. */
struct rig {
    struct fixture *f;
    struct db *db;
    struct db_writer *w;
    struct fatal fatal;
};

static void rig_open(struct rig *r, struct fixture *f, struct db_options options,
                     unsigned writers) {
    *r = (struct rig){.f = f};
    must(f->cx, db_open(f->cx, &options, &r->db));
    const struct db_writer_options o = {
        .log = &f->log, .writers = writers, .fatal = fatal_note, .fatal_state = &r->fatal};
    must(f->cx, db_writer_start(f->cx, r->db, &o, &r->w));
}

static void rig_close(struct rig *r) {
    db_writer_stop(r->w);
    db_close(r->db);
}

static void pair_table(struct fixture *f) {
    store_sql(f, "CREATE TABLE pair (id BIGINT NOT NULL, half BIGINT NOT NULL, filler TEXT, "
                 "PRIMARY KEY (id, half))");
}

/* Two rows that belong together. */
struct pair {
    int64_t id;
    size_t filler; /* bytes in each */
    int64_t page_limit;
    unsigned runs;
    void (*between)(struct ctx *cx, struct pair *p); /* the rows */
    struct fixture *f;
    int64_t pid;
    err answer; /* after the rows */
};

static err half_add(struct ctx *cx, const struct pair *p, int64_t half) {
    char *filler = arena_alloc(cx->arena, p->filler + 1);
    memset(filler, 'x', p->filler);
    return db_exec(cx, "INSERT INTO pair (id, half, filler) VALUES ($1, $2, $3)",
                   DB_ARGS(DB_INT(p->id), DB_INT(half), DB_TEXT(((struct str){filler, p->filler}))),
                   NULL);
}

static err pair_run(struct ctx *cx, void *state) {
    struct pair *p = state;
    p->runs++;
    TRY(half_add(cx, p, 1));
    if (p->between != NULL) {
        p->between(cx, p);
    }
    TRY(half_add(cx, p, 2));
    return p->answer == OK ? OK : fail(cx, p->answer, "as planned");
}

static int64_t halves(struct fixture *f, int64_t id) {
    int64_t n = -1;
    must(f->cx, db_one(f->cx, "SELECT count(*) FROM pair WHERE id = $1", DB_ARGS(DB_INT(id)),
                       DB_COLUMNS(COLUMN_INT(&n))));
    return n;
}

/* ---- several closures in one batch ---- */

struct gate {
    sem_t inside, open;
};

static err gate_run(struct ctx *cx, void *state) {
    struct gate *g = state;
    (void)cx;
    sem_post(&g->inside);
    sem_wait(&g->open);
    return OK;
}

#define BATCH 3

static void batch_do(struct rig *r, struct pair pairs[BATCH], err ret_results[BATCH]) {
    struct gate gate;
    struct write_job *jobs[BATCH];
    sem_init(&gate.inside, 0, 0);
    sem_init(&gate.open, 0, 0);
    struct write_job *held = job_new(r->f, gate_run, &gate);
    assert_true(db_writer_submit(r->w, &held->write));
    sem_wait(&gate.inside);
    for (int i = 0; i < BATCH; i++) {
        jobs[i] = job_new(r->f, pair_run, &pairs[i]);
        assert_true(db_writer_submit(r->w, &jobs[i]->write));
    }
    sem_post(&gate.open);
    for (int i = 0; i < BATCH; i++) {
        ret_results[i] = job_wait(jobs[i]);
        job_free(jobs[i]);
    }
    must(&held->cx, job_wait(held));
    job_free(held);
    sem_destroy(&gate.inside);
    sem_destroy(&gate.open);
}

static void batch_all(err expected, const err results[BATCH]) {
    for (int i = 0; i < BATCH; i++) {
        assert_int_equal(results[i], expected);
    }
}

/* ---- SQLite ---- */

static void page_limit_set(struct ctx *cx, struct pair *p) {
    int64_t pages = 0;
    must(cx, db_one(cx, "PRAGMA page_count", DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&pages))));
    const char *sql =
        str_z(cx->arena, str_format(cx->arena, "PRAGMA max_page_count=%lld", (long long)pages + 2));
    must(cx, db_one(cx, sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&p->page_limit))));
    p->filler = 100000;
}

static err page_limit_lift(struct ctx *cx, void *state) {
    return db_one(cx, "PRAGMA max_page_count=1000000", DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(state)));
}

/* SQLite rolls back everything in silence: the first of the batch had succeeded, and the second was
 * refused on the ground of what is now gone. */
static void storage_faults_full_database_in_mid_batch_stores_nothing(struct fixture *f) {
    struct rig r;
    err results[BATCH];
    int64_t limit;
    struct pair pairs[BATCH] = {
        {.id = 1}, {.id = 2, .answer = ERR_INVALID_GRANT}, {.id = 3, .between = page_limit_set}};
    pair_table(f);
    rig_open(&r, f, (struct db_options){.url = f->url}, 0);
    batch_do(&r, pairs, results);
    batch_all(ERR_STORAGE, results);
    assert_int_equal(store_number(f, "SELECT count(*) FROM pair"), 0);
    assert_int_equal(r.fatal.calls, 0);
    must(f->cx, job_do(f, r.w, page_limit_lift, &limit));
    struct pair next = {.id = 4};
    must(f->cx, job_do(f, r.w, pair_run, &next));
    assert_int_equal(halves(f, 4), 2);
    rig_close(&r);
}

/* The disk fails at each of its calls in turn; a fresh process afterwards sees all of a closure or
 * nothing. */
static bool disk_round(struct fixture *f, enum disk_fault fault, int after, int64_t first_id) {
    struct rig r;
    err results[BATCH];
    struct pair pairs[BATCH];
    for (int i = 0; i < BATCH; i++) {
        /* Large enough to leave the page cache before the commit. */
        pairs[i] = (struct pair){.id = first_id + i, .filler = 150000};
    }
    faulty_disk_install();
    rig_open(&r, f, (struct db_options){.url = f->url}, 0);
    struct pair warm = {.id = first_id + BATCH};
    must(f->cx, job_do(f, r.w, pair_run, &warm));
    faulty_disk_set(fault, after);
    batch_do(&r, pairs, results);
    bool hit = faulty_disk_hit();
    faulty_disk_set(DISK_WELL, 0);
    int fatal = r.fatal.calls;
    rig_close(&r);
    faulty_disk_remove();
    assert_int_equal(halves(f, warm.id), 2);
    for (int i = 0; i < BATCH; i++) {
        int64_t n = halves(f, pairs[i].id);
        assert_int_equal(results[i], results[0]);
        switch (results[i]) {
        case OK:
            assert_false(hit && fault != DISK_BAD_SYNC);
            assert_int_equal(n, 2);
            break;
        case ERR_STORAGE:
            assert_int_equal(n, 0);
            assert_int_equal(fatal, 0);
            break;
        case ERR_OUTCOME_UNKNOWN:
            assert_true(n == 0 || n == 2);
            assert_int_equal(fatal, 1);
            break;
        default:
            print_error("%s\n", err_info(results[i])->name);
            assert_true(false);
        }
    }
    return hit;
}

static void disk_rounds(struct fixture *f, enum disk_fault fault) {
    pair_table(f);
    int after = 0;
    /* In steps of 7 after the first ones: the log is written page by page. */
    while (disk_round(f, fault, after, 10 * (after + 1))) {
        after += after < 6 ? 1 : 7;
    }
    assert_true(after > (fault == DISK_BAD_SYNC ? 0 : 20));
}

static void storage_faults_full_disk_at_every_write(struct fixture *f) {
    disk_rounds(f, DISK_FULL);
}

static void storage_faults_io_error_at_every_write(struct fixture *f) {
    disk_rounds(f, DISK_BAD_WRITE);
}

static void storage_faults_io_error_at_every_sync(struct fixture *f) {
    disk_rounds(f, DISK_BAD_SYNC);
}

static void storage_faults_failed_sync_is_an_unknown_outcome_and_the_end(struct fixture *f) {
    struct rig r;
    err results[BATCH];
    struct pair pairs[BATCH] = {{.id = 1}, {.id = 2}, {.id = 3}};
    pair_table(f);
    faulty_disk_install();
    rig_open(&r, f, (struct db_options){.url = f->url}, 0);
    struct pair warm = {.id = 9};
    must(f->cx, job_do(f, r.w, pair_run, &warm));
    faulty_disk_set(DISK_BAD_SYNC, 0);
    batch_do(&r, pairs, results);
    batch_all(ERR_OUTCOME_UNKNOWN, results);
    assert_int_equal(r.fatal.calls, 1);
    faulty_disk_set(DISK_WELL, 0);
    /* Nothing more is taken: the process must recover the file anew. */
    struct pair late = {.id = 4};
    assert_int_equal(job_do(f, r.w, pair_run, &late), ERR_BUSY);
    assert_int_equal(late.runs, 0);
    rig_close(&r);
    faulty_disk_remove();
}

/* ---- both engines ---- */

static void storage_faults_lock_that_is_held_too_long_stores_nothing(struct fixture *f) {
    struct rig r;
    pair_table(f);
    rig_open(&r, f, (struct db_options){.url = f->url, .busy_timeout_ms = 50}, 1);
    must(f->cx, db_begin(f->cx, f->cx->db));
    struct pair held = {.id = 1}, same = {.id = 1};
    must(f->cx, pair_run(f->cx, &held));
    assert_int_equal(job_do(f, r.w, pair_run, &same), ERR_STORAGE);
    must(f->cx, db_commit(f->cx, f->cx->db));
    assert_int_equal(halves(f, 1), 2);
    struct pair next = {.id = 2};
    must(f->cx, job_do(f, r.w, pair_run, &next));
    rig_close(&r);
}

/* ---- PostgreSQL ---- */

static void backend_end(struct fixture *f, int64_t pid) {
    bool ended = false;
    /* Waits until it is gone. */
    must(f->cx, db_one(f->cx, "SELECT pg_terminate_backend(CAST($1 AS INTEGER), 10000)",
                       DB_ARGS(DB_INT(pid)), DB_COLUMNS(COLUMN_BOOL(&ended))));
    assert_true(ended);
}

static err pid_find(struct ctx *cx, void *state) {
    return db_one(cx, "SELECT pg_backend_pid()", DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(state)));
}

static void end_my_backend_once(struct ctx *cx, struct pair *p) {
    if (p->runs == 1) {
        must(cx, pid_find(cx, &p->pid));
        backend_end(p->f, p->pid);
    }
}

static void storage_faults_connection_lost_in_a_transaction_stores_nothing(struct fixture *f) {
    struct rig r;
    pair_table(f);
    rig_open(&r, f, (struct db_options){.url = f->url}, 1);
    struct pair lost = {.id = 1, .between = end_my_backend_once, .f = f}, next = {.id = 2};
    assert_int_equal(job_do(f, r.w, pair_run, &lost), ERR_STORAGE);
    assert_int_equal(halves(f, 1), 0);
    must(f->cx, job_do(f, r.w, pair_run, &next));
    assert_int_equal(halves(f, 2), 2);
    assert_int_equal(r.fatal.calls, 0);
    rig_close(&r);
}

static void storage_faults_connection_lost_while_idle_is_replaced_unseen(struct fixture *f) {
    struct rig r;
    int64_t writer_pid = 0, reader_pid = 0, again = 0;
    pair_table(f);
    rig_open(&r, f, (struct db_options){.url = f->url}, 1);
    must(f->cx, job_do(f, r.w, pid_find, &writer_pid));
    backend_end(f, writer_pid);
    struct pair next = {.id = 1};
    must(f->cx, job_do(f, r.w, pair_run, &next));
    assert_int_equal(next.runs, 1);
    assert_int_equal(halves(f, 1), 2);
    rig_close(&r);
    struct actor *reader = actor_new(f, DB_READ);
    must(&reader->cx, pid_find(&reader->cx, &reader_pid));
    backend_end(f, reader_pid);
    must(&reader->cx, pid_find(&reader->cx, &again));
    assert_true(again != reader_pid);
    actor_free(reader);
}

static void cable_rig(struct cable *c, struct rig *r, struct fixture *f) {
    char url[400];
    pair_table(f);
    cable_start(c, f->url, url, sizeof url);
    rig_open(r, f,
             (struct db_options){.url = url, .statement_timeout_ms = 200, .connect_timeout_s = 2},
             1);
    struct pair warm = {.id = 1000};
    must(f->cx, job_do(f, r->w, pair_run, &warm));
}

static void storage_faults_connection_lost_at_commit_is_an_unknown_outcome(struct fixture *f) {
    struct cable c;
    struct rig r;
    cable_rig(&c, &r, f);
    struct pair before = {.id = 1}, after = {.id = 2}, next = {.id = 3};
    cable_set(&c, CABLE_BEFORE_COMMIT, 0);
    assert_int_equal(job_do(f, r.w, pair_run, &before), ERR_OUTCOME_UNKNOWN);
    assert_true(c.was_cut);
    assert_int_equal(before.runs, 1);
    assert_int_equal(halves(f, 1), 0);
    cable_set(&c, CABLE_AFTER_COMMIT, 0);
    assert_int_equal(job_do(f, r.w, pair_run, &after), ERR_OUTCOME_UNKNOWN);
    assert_true(c.was_cut);
    assert_int_equal(after.runs, 1);
    /* The message is on its way, and the server works on it for itself. */
    for (int i = 0; i < 500 && halves(f, 2) != 2; i++) {
        (void)usleep(10000);
    }
    assert_int_equal(halves(f, 2), 2);
    /* No reason to stop: the server knows what it has. */
    cable_set(&c, CABLE_WHOLE, 0);
    must(f->cx, job_do(f, r.w, pair_run, &next));
    assert_int_equal(halves(f, 3), 2);
    assert_int_equal(r.fatal.calls, 0);
    rig_close(&r);
    cable_stop(&c);
}

static void storage_faults_connection_lost_at_every_message(struct fixture *f) {
    struct cable c;
    struct rig r;
    cable_rig(&c, &r, f);
    bool hit = true;
    for (int i = 0; hit; i++) {
        struct pair p = {.id = i};
        assert_true(i < 50);
        /* It stays cut: the writer's next connection is, too. */
        cable_set(&c, CABLE_AT_MESSAGE, i);
        err e = job_do(f, r.w, pair_run, &p);
        hit = c.was_cut;
        int64_t n = halves(f, i);
        assert_true(e == OK ? !hit && n == 2
                            : (e == ERR_STORAGE && n == 0) ||
                                  (e == ERR_OUTCOME_UNKNOWN && (n == 0 || n == 2)));
        cable_set(&c, CABLE_WHOLE, 0);
        struct pair next = {.id = 100 + i};
        must(f->cx, job_do(f, r.w, pair_run, &next));
    }
    rig_close(&r);
    cable_stop(&c);
}

static void storage_faults_silent_server_is_given_up(struct fixture *f) {
    struct cable c;
    struct rig r;
    cable_rig(&c, &r, f);
    struct pair p = {.id = 1}, next = {.id = 2};
    cable_set(&c, CABLE_SILENT, 0);
    /* The first statement may try a second connection; that one is silent, too. */
    err e = job_do(f, r.w, pair_run, &p);
    assert_int_equal(e, ERR_STORAGE);
    assert_int_equal(halves(f, 1), 0);
    cable_set(&c, CABLE_WHOLE, 0);
    must(f->cx, job_do(f, r.w, pair_run, &next));
    rig_close(&r);
    cable_stop(&c);
}

static err sleep_run(struct ctx *cx, void *state) {
    (void)state;
    return db_exec(cx, "SELECT 1 FROM pg_sleep(20)", DB_NO_ARGS, NULL);
}

static void storage_faults_slow_statement_is_ended(struct fixture *f) {
    struct rig r;
    pair_table(f);
    rig_open(&r, f, (struct db_options){.url = f->url, .statement_timeout_ms = 50}, 1);
    struct pair next = {.id = 1};
    assert_int_equal(job_do(f, r.w, sleep_run, NULL), ERR_STORAGE);
    must(f->cx, job_do(f, r.w, pair_run, &next));
    assert_int_equal(halves(f, 1), 2);
    rig_close(&r);
}

/* ---- conflicts that a second run resolves ---- */

struct crossing {
    int64_t first, second;
    pthread_barrier_t *both;
    unsigned runs;
};

static err row_take(struct ctx *cx, int64_t id) {
    return db_exec(cx, "UPDATE pair SET half = half + 1 WHERE id = $1", DB_ARGS(DB_INT(id)), NULL);
}

static err crossing_run(struct ctx *cx, void *state) {
    struct crossing *c = state;
    c->runs++;
    TRY(row_take(cx, c->first));
    if (c->runs == 1) {
        pthread_barrier_wait(c->both);
    }
    return row_take(cx, c->second);
}

static void storage_faults_deadlock_is_run_again(struct fixture *f) {
    struct rig r;
    char url[500];
    pthread_barrier_t both;
    pair_table(f);
    store_sql(f, "INSERT INTO pair (id, half) VALUES (1, 0), (2, 0)");
    (void)snprintf(url, sizeof url, "%s&options=-c%%20deadlock_timeout%%3D20ms", f->url);
    rig_open(&r, f, (struct db_options){.url = url}, 2);
    pthread_barrier_init(&both, NULL, 2);
    struct crossing a = {.first = 1, .second = 2, .both = &both};
    struct crossing b = {.first = 2, .second = 1, .both = &both};
    struct write_job *ja = job_new(f, crossing_run, &a), *jb = job_new(f, crossing_run, &b);
    assert_true(db_writer_submit(r.w, &ja->write) && db_writer_submit(r.w, &jb->write));
    must(&ja->cx, job_wait(ja));
    must(&jb->cx, job_wait(jb));
    assert_true(a.runs + b.runs >= 3);
    assert_true(db_writer_stats(r.w).retried >= 1);
    assert_int_equal(store_number(f, "SELECT min(half) FROM pair"), 2);
    job_free(ja);
    job_free(jb);
    rig_close(&r);
    pthread_barrier_destroy(&both);
}

static err serial_run(struct ctx *cx, void *state) {
    struct pair *p = state;
    int64_t half = 0;
    p->runs++;
    TRY(db_exec(cx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", DB_NO_ARGS, NULL));
    TRY(db_one(cx, "SELECT half FROM pair WHERE id = 1", DB_NO_ARGS,
               DB_COLUMNS(COLUMN_INT(&half))));
    if (p->runs == 1) {
        must(p->f->cx, row_take(p->f->cx, 1)); /* another connection, committed */
    }
    return db_exec(cx, "UPDATE pair SET half = $1 WHERE id = 1", DB_ARGS(DB_INT(half + 1)), NULL);
}

static void storage_faults_serialization_failure_is_run_again(struct fixture *f) {
    struct rig r;
    struct pair p = {.f = f};
    pair_table(f);
    store_sql(f, "INSERT INTO pair (id, half) VALUES (1, 0)");
    rig_open(&r, f, (struct db_options){.url = f->url}, 1);
    must(f->cx, job_do(f, r.w, serial_run, &p));
    assert_int_equal(p.runs, 2);
    assert_int_equal(store_number(f, "SELECT half FROM pair"), 2);
    p.runs = 0;
    struct actor *alone = actor_new(f, DB_WRITE);
    must(&alone->cx, db_transaction(&alone->cx, serial_run, &p));
    assert_int_equal(p.runs, 2);
    assert_int_equal(alone->cx.failure.code, OK);
    assert_int_equal(store_number(f, "SELECT half FROM pair"), 4);
    actor_free(alone);
    rig_close(&r);
}

static void storage_faults_no_server_is_no_connection(struct fixture *f) {
    struct db *db = NULL;
    const struct db_options nowhere = {.url = "postgresql://me:hunter2@/x?host=/tmp/nowhere"};
    const struct db_options wrong = {.url = "postgresql://me:hunter2@[broken"};
    must_fail(f->cx, db_open(f->cx, &nowhere, &db), ERR_STORAGE);
    assert_null(strstr(f->cx->failure.detail, "hunter2"));
    must_fail(f->cx, db_open(f->cx, &wrong, &db), ERR_BAD_CONFIG);
    assert_null(strstr(f->cx->failure.detail, "hunter2"));
    assert_null(db);
}

static const struct store_case cases[] = {
    STORE_CASE_BARE_ON("sqlite", storage_faults_full_database_in_mid_batch_stores_nothing),
    STORE_CASE_BARE_ON("sqlite", storage_faults_full_disk_at_every_write),
    STORE_CASE_BARE_ON("sqlite", storage_faults_io_error_at_every_write),
    STORE_CASE_BARE_ON("sqlite", storage_faults_io_error_at_every_sync),
    STORE_CASE_BARE_ON("sqlite", storage_faults_failed_sync_is_an_unknown_outcome_and_the_end),
    STORE_CASE_BARE(storage_faults_lock_that_is_held_too_long_stores_nothing),
    STORE_CASE_BARE_ON("postgresql",
                       storage_faults_connection_lost_in_a_transaction_stores_nothing),
    STORE_CASE_BARE_ON("postgresql", storage_faults_connection_lost_while_idle_is_replaced_unseen),
    STORE_CASE_BARE_ON("postgresql",
                       storage_faults_connection_lost_at_commit_is_an_unknown_outcome),
    STORE_CASE_BARE_ON("postgresql", storage_faults_connection_lost_at_every_message),
    STORE_CASE_BARE_ON("postgresql", storage_faults_silent_server_is_given_up),
    STORE_CASE_BARE_ON("postgresql", storage_faults_slow_statement_is_ended),
    STORE_CASE_BARE_ON("postgresql", storage_faults_deadlock_is_run_again),
    STORE_CASE_BARE_ON("postgresql", storage_faults_serialization_failure_is_run_again),
    STORE_CASE_BARE_ON("postgresql", storage_faults_no_server_is_no_connection),
};
STORE_MAIN(cases)
