/* SPDX-License-Identifier: Apache-2.0 */
/* The write queue on every engine: answers after commits, batches, bounds, refusals, many threads.
 * Run it under ThreadSanitizer too (-Db_sanitize=thread). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#include "driver.h"

#include <semaphore.h>
#include <stdlib.h>

static void item_table(struct fixture *f) {
    store_sql(f, "CREATE TABLE item (id BIGINT NOT NULL PRIMARY KEY, used_by BIGINT)");
}

static struct db_writer *writer_of(struct fixture *f, struct db_writer_options options) {
    struct db_writer *w = NULL;
    options.log = &f->log;
    must(f->cx, db_writer_start(f->cx, f->db, &options, &w));
    return w;
}

struct insert {
    int64_t id;
    err answer; /* after the insert */
    unsigned runs, retries;
};

static err insert_run(struct ctx *cx, void *state) {
    struct insert *in = state;
    in->runs++;
    TRY(db_exec(cx, "INSERT INTO item (id) VALUES ($1)", DB_ARGS(DB_INT(in->id)), NULL));
    if (in->runs <= in->retries) {
        return fail(cx, ERR_RETRY, "once more");
    }
    return in->answer == OK ? OK : fail(cx, in->answer, "as planned");
}

static bool item_exists(struct ctx *cx, int64_t id) {
    bool exists = false;
    must(cx, db_exists(cx, "SELECT 1 FROM item WHERE id = $1", DB_ARGS(DB_INT(id)), &exists));
    return exists;
}

/* A closure that holds its writer until it is let go. */
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

static void gate_close(struct fixture *f, struct db_writer *w, struct gate *g,
                       struct write_job **job) {
    sem_init(&g->inside, 0, 0);
    sem_init(&g->open, 0, 0);
    *job = job_new(f, gate_run, g);
    assert_true(db_writer_submit(w, &(*job)->write));
    sem_wait(&g->inside);
}

static void done_comes_after_the_commit(struct fixture *f) {
    item_table(f);
    struct db_writer *w = writer_of(f, (struct db_writer_options){0});
    for (int i = 0; i < 20; i++) {
        struct insert in = {.id = i};
        must(f->cx, job_do(f, w, insert_run, &in));
        assert_true(item_exists(f->cx, i)); /* another connection */
        assert_int_equal(in.runs, 1);
    }
    struct db_writer_stats stats = db_writer_stats(w);
    assert_int_equal(stats.writes, 20);
    assert_int_equal(stats.batches, 20);
    assert_int_equal(stats.batch_size[0], 20);
    assert_int_equal(stats.failed, 0);
    assert_int_equal(stats.queued, 0);
    db_writer_stop(w);
}

static void refusal_leaves_the_others_of_its_batch(struct fixture *f) {
    item_table(f);
    struct db_writer *w = writer_of(f, (struct db_writer_options){.writers = 1});
    struct gate gate;
    struct write_job *held, *jobs[5];
    struct insert in[5] = {
        {.id = 1},
        {.id = 2, .answer = ERR_INVALID_GRANT},
        {.id = 3},
        {.id = 3},
        {.id = 4, .retries = 2},
    };
    static const err expected[5] = {OK, ERR_INVALID_GRANT, OK, ERR_DUPLICATE, OK};
    gate_close(f, w, &gate, &held);
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] = job_new(f, insert_run, &in[i]);
        assert_true(db_writer_submit(w, &jobs[i]->write));
    }
    assert_int_equal(db_writer_stats(w).queued, COUNT_OF(jobs));
    assert_false(job_finished(jobs[0]));
    sem_post(&gate.open);
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        assert_int_equal(job_wait(jobs[i]), expected[i]);
        job_free(jobs[i]);
    }
    must(f->cx, job_wait(held));
    job_free(held);
    assert_int_equal(store_number(f, "SELECT count(*) FROM item"), 3);
    assert_true(item_exists(f->cx, 1) && item_exists(f->cx, 3) && item_exists(f->cx, 4));
    assert_int_equal(in[4].runs, 3);
    struct db_writer_stats stats = db_writer_stats(w);
    assert_int_equal(stats.retried, 2);
    assert_int_equal(stats.failed, 2);
    /* SQLite: what waited went in one commit, in order. */
    assert_int_equal(stats.batches, f->sqlite ? 2 : 6);
    assert_int_equal(stats.batch_size[3], f->sqlite ? 1 : 0);
    db_writer_stop(w);
}

static void full_queue_refuses(struct fixture *f) {
    item_table(f);
    struct db_writer *w = writer_of(f, (struct db_writer_options){.writers = 1, .queue_max = 2});
    struct gate gate;
    struct write_job *held, *jobs[3];
    struct insert in[3] = {{.id = 1}, {.id = 2}, {.id = 3}};
    gate_close(f, w, &gate, &held);
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] = job_new(f, insert_run, &in[i]);
        assert_int_equal(db_writer_submit(w, &jobs[i]->write), i < 2);
    }
    sem_post(&gate.open);
    must(f->cx, job_wait(held));
    must(f->cx, job_wait(jobs[0]));
    must(f->cx, job_wait(jobs[1]));
    assert_false(job_finished(jobs[2]));
    assert_int_equal(in[2].runs, 0);
    assert_int_equal(db_writer_stats(w).refused, 1);
    /* There is room again. */
    assert_true(db_writer_submit(w, &jobs[2]->write));
    must(f->cx, job_wait(jobs[2]));
    db_writer_stop(w);
    job_free(held);
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        job_free(jobs[i]);
    }
}

static void stop_finishes_what_was_submitted(struct fixture *f) {
    item_table(f);
    struct db_writer *w = writer_of(f, (struct db_writer_options){0});
    struct insert in[100];
    struct write_job *jobs[100];
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        in[i] = (struct insert){.id = (int64_t)i};
        jobs[i] = job_new(f, insert_run, &in[i]);
        assert_true(db_writer_submit(w, &jobs[i]->write));
    }
    db_writer_stop(w);
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        assert_true(job_finished(jobs[i]));
        must(&jobs[i]->cx, job_wait(jobs[i]));
        job_free(jobs[i]);
    }
    assert_int_equal(store_number(f, "SELECT count(*) FROM item"), COUNT_OF(jobs));
}

static void runs_again_up_to_a_bound(struct fixture *f) {
    item_table(f);
    struct db_writer *w = writer_of(f, (struct db_writer_options){0});
    struct insert in = {.id = 1, .retries = 1000};
    assert_int_equal(job_do(f, w, insert_run, &in), ERR_RETRY);
    assert_int_equal(in.runs, DB_ATTEMPTS_MAX);
    assert_false(item_exists(f->cx, 1));
    db_writer_stop(w);
}

static void another_program_may_write_beside(struct fixture *f) {
    item_table(f);
    struct db_writer *w = writer_of(f, (struct db_writer_options){0});
    struct actor *other = actor_new(f, DB_WRITE);
    struct insert in = {.id = 2};
    struct write_job *job = job_new(f, insert_run, &in);
    must(&other->cx, db_begin(&other->cx, other->conn));
    must(&other->cx, db_exec(&other->cx, "INSERT INTO item (id) VALUES (1)", DB_NO_ARGS, NULL));
    assert_true(db_writer_submit(w, &job->write));
    must(&other->cx, db_commit(&other->cx, other->conn));
    must(&job->cx, job_wait(job));
    assert_int_equal(store_number(f, "SELECT count(*) FROM item"), 2);
    job_free(job);
    actor_free(other);
    db_writer_stop(w);
}

/* ---- single use ---- */

#define USERS 64

struct user {
    struct fixture *f;
    struct db_writer *w; /* NULL: by a connection of its own */
    struct actor *actor;
    pthread_barrier_t *start;
    int64_t id;
    err result;
};

static err use_once(struct ctx *cx, void *state) {
    const struct user *u = state;
    int64_t id;
    err e = db_one(cx, "UPDATE item SET used_by = $1 WHERE id = 7 AND used_by IS NULL RETURNING id",
                   DB_ARGS(DB_INT(u->id)), DB_COLUMNS(COLUMN_INT(&id)));
    return e == ERR_NOT_FOUND ? fail(cx, ERR_INVALID_GRANT, "used") : e;
}

static void *user_thread(void *state) {
    struct user *u = state;
    pthread_barrier_wait(u->start);
    u->result =
        u->w != NULL ? job_do(u->f, u->w, use_once, u) : db_transaction(&u->actor->cx, use_once, u);
    return NULL;
}

static void use_from_many_threads(struct fixture *f, struct db_writer *w) {
    static struct user users[USERS];
    pthread_t threads[USERS];
    pthread_barrier_t start;
    int64_t winners = 0, winner = -1;
    store_sql(f, "DELETE FROM item");
    store_sql(f, "INSERT INTO item (id) VALUES (7)");
    pthread_barrier_init(&start, NULL, USERS);
    for (int i = 0; i < USERS; i++) {
        users[i] = (struct user){.f = f, .w = w, .start = &start, .id = i};
        users[i].actor = w == NULL ? actor_new(f, DB_WRITE) : NULL;
        assert_int_equal(pthread_create(&threads[i], NULL, user_thread, &users[i]), 0);
    }
    for (int i = 0; i < USERS; i++) {
        pthread_join(threads[i], NULL);
        actor_free(users[i].actor);
        if (users[i].result == OK) {
            winners++;
            winner = i;
        } else {
            assert_int_equal(users[i].result, ERR_INVALID_GRANT);
        }
    }
    pthread_barrier_destroy(&start);
    assert_int_equal(winners, 1);
    assert_int_equal(store_number(f, "SELECT used_by FROM item WHERE id = 7"), winner);
}

static void single_use_has_one_winner_through_the_queue(struct fixture *f) {
    item_table(f);
    struct db_writer *w = writer_of(f, (struct db_writer_options){0});
    for (int round = 0; round < 10; round++) {
        use_from_many_threads(f, w);
    }
    db_writer_stop(w);
}

static void single_use_has_one_winner_over_many_connections(struct fixture *f) {
    item_table(f);
    use_from_many_threads(f, NULL);
}

/* ---- load ---- */

#define SUBMITTERS 16

struct submitter {
    struct fixture *f;
    struct db_writer *w;
    int64_t first;
    int64_t n;
    unsigned failed;
};

static void *submitter_thread(void *state) {
    struct submitter *s = state;
    for (int64_t i = 0; i < s->n; i++) {
        struct insert in = {.id = s->first + i};
        s->failed += job_do(s->f, s->w, insert_run, &in) != OK ? 1 : 0;
    }
    return NULL;
}

static void many_submitters_lose_nothing(struct fixture *f) {
    item_table(f);
    const char *each = getenv("POSTERN_WRITES"); /* a figure for people: more of them */
    int64_t n = 50;
    if (each != NULL) {
        assert_true(str_int(str_from(each), &n));
    }
    struct db_writer *w = writer_of(f, (struct db_writer_options){0});
    struct submitter s[SUBMITTERS];
    pthread_t threads[SUBMITTERS];
    int64_t begun = clock_monotonic_us();
    for (int i = 0; i < SUBMITTERS; i++) {
        s[i] = (struct submitter){.f = f, .w = w, .first = i * n, .n = n};
        assert_int_equal(pthread_create(&threads[i], NULL, submitter_thread, &s[i]), 0);
    }
    for (int i = 0; i < SUBMITTERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(s[i].failed, 0);
    }
    int64_t took = clock_monotonic_us() - begun;
    struct db_writer_stats stats = db_writer_stats(w);
    db_writer_stop(w);
    assert_int_equal(store_number(f, "SELECT count(*) FROM item"), SUBMITTERS * n);
    assert_int_equal(stats.writes, SUBMITTERS * n);
    print_message("%s: %d submitters, %.0f writes/s, %.1f writes a commit, %.2f ms a commit\n",
                  f->sqlite ? "sqlite" : "postgresql", SUBMITTERS,
                  (double)stats.writes * 1e6 / (double)took,
                  (double)stats.writes / (double)stats.batches,
                  (double)stats.commit_us / 1e3 / (double)stats.batches);
}

static const struct store_case cases[] = {
    STORE_CASE_BARE(done_comes_after_the_commit),
    STORE_CASE_BARE(refusal_leaves_the_others_of_its_batch),
    STORE_CASE_BARE(full_queue_refuses),
    STORE_CASE_BARE(stop_finishes_what_was_submitted),
    STORE_CASE_BARE(runs_again_up_to_a_bound),
    STORE_CASE_BARE(another_program_may_write_beside),
    STORE_CASE_BARE(single_use_has_one_winner_through_the_queue),
    STORE_CASE_BARE(single_use_has_one_winner_over_many_connections),
    STORE_CASE_BARE(many_submitters_lose_nothing),
};
STORE_MAIN(cases)
