/* SPDX-License-Identifier: Apache-2.0 */
/* jobs.c: what is taken is run, once, by the end; the bound holds. */
#include "../fixture.h"

#include "http.h"

#include <pthread.h>

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

static void every_job_runs_once_and_stop_finishes_them(void **state) {
    (void)state;
    struct gate g;
    gate_init(&g, true);
    struct jobs *j = jobs_start(4, 1000);
    struct job jobs[500];
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] = (struct job){.run = gate_job, .owner = &g};
        assert_true(jobs_submit(j, &jobs[i]));
    }
    jobs_stop(j);
    assert_int_equal(g.done, COUNT_OF(jobs));
}

static void a_full_queue_refuses(void **state) {
    (void)state;
    struct gate g;
    gate_init(&g, false);
    struct jobs *j = jobs_start(1, 2);
    struct job jobs[4];
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        jobs[i] = (struct job){.run = gate_job, .owner = &g};
    }
    assert_true(jobs_submit(j, &jobs[0]));
    gate_await(&g, 1); /* it runs: the queue is empty again */
    assert_true(jobs_submit(j, &jobs[1]));
    assert_true(jobs_submit(j, &jobs[2]));
    assert_false(jobs_submit(j, &jobs[3]));
    struct jobs_stats s = jobs_stats(j);
    assert_int_equal(s.threads, 1);
    assert_int_equal(s.busy, 1);
    assert_int_equal(s.waiting, 2);
    assert_int_equal(s.refused, 1);
    assert_int_equal(s.done, 0);
    gate_open(&g);
    jobs_stop(j);
    assert_int_equal(g.done, 3);
}

static void stopping_nothing_is_fine(void **state) {
    (void)state;
    jobs_stop(NULL);
    jobs_stop(jobs_start(3, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once_and_stop_finishes_them),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(stopping_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
