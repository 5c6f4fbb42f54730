/* SPDX-License-Identifier: Apache-2.0 */
/* jobs.c: what is taken is run, once, by the end; the bounds hold; lanes and owners take turns. */
#include "../fixture.h"

#include "http.h"

#include <pthread.h>
#include <sched.h>

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    unsigned inside, done;
};

static void gate_job(struct job *job) {
    struct gate *g = job->owner;
    pthread_mutex_lock(&g->lock);
    g->inside++;
    pthread_cond_broadcast(&g->changed);
    while (!g->open) {
        pthread_cond_wait(&g->changed, &g->lock);
    }
    g->done++;
    pthread_mutex_unlock(&g->lock);
}

static void gate_init(struct gate *g, bool open) {
    *g = (struct gate){.open = open};
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
}

static void gate_open(struct gate *g) {
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

static void gate_await(struct gate *g, unsigned inside) {
    pthread_mutex_lock(&g->lock);
    while (g->inside < inside) {
        pthread_cond_wait(&g->changed, &g->lock);
    }
    pthread_mutex_unlock(&g->lock);
}

static struct jobs *start(unsigned hashing, unsigned fetching, size_t queue_max) {
    const struct jobs_options options = {.threads = {[JOB_HASH] = hashing, [JOB_FETCH] = fetching},
                                         .queue_max = queue_max};
    return jobs_start(&options);
}

static err submit(struct fixture *f, struct jobs *j, struct job *job) {
    return jobs_submit(&f->cx, j, job);
}

static void every_job_runs_once_and_stop_finishes_them(void **state) {
    struct gate g;
    gate_init(&g, true);
    struct jobs *j = start(2, 2, 2000);
    struct job jobs[500];
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] =
            (struct job){.run = gate_job, .owner = &g, .lane = i % 2 == 0 ? JOB_HASH : JOB_FETCH};
        assert_int_equal(submit(*state, j, &jobs[i]), OK);
    }
    jobs_stop(j);
    assert_int_equal(g.done, COUNT_OF(jobs));
}

static void a_full_queue_refuses(void **state) {
    struct gate g;
    gate_init(&g, false);
    struct jobs *j = start(1, 0, 2);
    struct job jobs[4];
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] = (struct job){.run = gate_job, .owner = &g, .whose = i};
    }
    assert_int_equal(submit(*state, j, &jobs[0]), OK);
    gate_await(&g, 1); /* it runs: the queue is empty again */
    assert_int_equal(submit(*state, j, &jobs[1]), OK);
    assert_int_equal(submit(*state, j, &jobs[2]), OK);
    assert_int_equal(submit(*state, j, &jobs[3]), ERR_BUSY);
    struct jobs_stats s = jobs_stats(j, JOB_HASH);
    assert_int_equal(s.threads, 1);
    assert_int_equal(s.busy, 1);
    assert_int_equal(s.waiting, 2);
    assert_int_equal(s.refused, 1);
    assert_int_equal(s.done, 0);
    assert_int_equal(s.wait_seconds, 1);
    gate_open(&g);
    jobs_stop(j);
    assert_int_equal(g.done, 3);
}

/* SECURITY `password`: hashing keeps nothing else waiting. */
static void password_hashing_leaves_the_other_lane_alone(void **state) {
    struct gate shut, open;
    gate_init(&shut, false);
    gate_init(&open, true);
    struct jobs *j = start(1, 1, 4);
    struct job hashes[5], fetch = {.run = gate_job, .owner = &open, .lane = JOB_FETCH};
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        hashes[i] = (struct job){.run = gate_job, .owner = &shut, .whose = i};
        assert_int_equal(submit(*state, j, &hashes[i]), OK);
        gate_await(&shut, 1);
    }
    struct job late = {.run = gate_job, .owner = &shut, .whose = 99};
    assert_int_equal(submit(*state, j, &late), ERR_BUSY);
    assert_int_equal(submit(*state, j, &fetch), OK);
    gate_await(&open, 1);
    assert_int_equal(jobs_stats(j, JOB_FETCH).refused, 0);
    gate_open(&shut);
    jobs_stop(j);
}

/* In the order in which they ran. */
struct order {
    struct gate gate;
    uint64_t whose[32];
};

static void order_job(struct job *job) {
    struct order *o = job->owner;
    unsigned n = o->gate.done; /* one thread runs them */
    o->whose[n] = job->whose;
    struct job as_gate = {.owner = &o->gate};
    gate_job(&as_gate);
}

static void slow_floods_of_one_address_leave_others_their_turn(void **state) {
    struct order o;
    gate_init(&o.gate, false);
    struct jobs *j = start(1, 0, 20);
    struct job flood[12], others[3];
    for (size_t i = 0; i < COUNT_OF(flood); i++) {
        flood[i] = (struct job){.run = order_job, .owner = &o, .whose = 1};
        /* One runs, eleven wait: half of the room and one. */
        assert_int_equal(submit(*state, j, &flood[i]), OK);
        gate_await(&o.gate, 1);
    }
    struct job more = {.run = order_job, .owner = &o, .whose = 1};
    assert_int_equal(submit(*state, j, &more), ERR_BUSY);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        others[i] = (struct job){.run = order_job, .owner = &o, .whose = i < 2 ? 2 : 3};
        assert_int_equal(submit(*state, j, &others[i]), OK);
    }
    gate_open(&o.gate);
    jobs_stop(j);
    assert_int_equal(o.gate.done, 15);
    static const uint64_t first[] = {1, 2, 3, 1, 2, 1, 1};
    for (size_t i = 0; i < COUNT_OF(first); i++) {
        assert_int_equal(o.whose[i], first[i]);
    }
}

static void steps_have_one_hash_at_a_time(void **state) {
    struct gate g;
    gate_init(&g, false);
    struct jobs *j = start(1, 0, 9);
    struct job running = {.run = gate_job, .owner = &g, .only = 5}, again = running,
               waiting = running, free_1 = running, free_2 = running;
    waiting.only = 6;
    free_1.only = free_2.only = 0;
    assert_int_equal(submit(*state, j, &running), OK);
    gate_await(&g, 1);
    assert_int_equal(submit(*state, j, &again), ERR_CONFLICT);
    assert_int_equal(submit(*state, j, &waiting), OK);
    again.only = 6;
    assert_int_equal(submit(*state, j, &again), ERR_CONFLICT);
    assert_int_equal(submit(*state, j, &free_1), OK);
    assert_int_equal(submit(*state, j, &free_2), OK);
    gate_open(&g);
    gate_await(&g, 4);
    again.only = 5; /* that one is over, or about to be */
    err e;
    while ((e = submit(*state, j, &again)) == ERR_CONFLICT) {
        (void)sched_yield();
    }
    assert_int_equal(e, OK);
    jobs_stop(j);
    assert_int_equal(g.done, 5);
}

/* What an owner sends who was told. */
struct chain {
    struct fixture *f;
    struct jobs *jobs;
    struct job job;
    struct gate gate;
    unsigned refused;
};

static void chain_run(struct job *job) {
    struct chain *c = job->owner;
    struct job as_gate = {.owner = &c->gate};
    gate_job(&as_gate);
}

static void chain_done(struct job *job) {
    struct chain *c = job->owner;
    if (c->gate.done < 100 && submit(c->f, c->jobs, &c->job) != OK) {
        c->refused++;
    }
}

static void steps_that_were_answered_are_not_under_way(void **state) {
    struct chain c = {.f = *state, .jobs = start(2, 0, 4)};
    gate_init(&c.gate, true);
    c.job = (struct job){.run = chain_run, .done = chain_done, .owner = &c, .only = 7};
    assert_int_equal(submit(*state, c.jobs, &c.job), OK);
    gate_await(&c.gate, 100);
    jobs_stop(c.jobs);
    assert_int_equal(c.refused, 0);
}

static void stopping_nothing_is_fine(void **state) {
    (void)state;
    jobs_stop(NULL);
    jobs_stop(start(2, 1, 1));
}

#define JOBS_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        JOBS_TEST(every_job_runs_once_and_stop_finishes_them),
        JOBS_TEST(a_full_queue_refuses),
        JOBS_TEST(password_hashing_leaves_the_other_lane_alone),
        JOBS_TEST(slow_floods_of_one_address_leave_others_their_turn),
        JOBS_TEST(steps_have_one_hash_at_a_time),
        JOBS_TEST(steps_that_were_answered_are_not_under_way),
        JOBS_TEST(stopping_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
