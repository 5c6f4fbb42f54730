/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded pool of threads for slow work, in lanes: password hashing must not keep outgoing HTTP
 * waiting, and neither the workers. */
#include "http.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define HASH_NICE 10 /* above the workers: a tenth of their weight, while both have work */

const char *const job_lane_names[JOB_LANES] = {[JOB_HASH] = "hash", [JOB_FETCH] = "fetch"};

struct lane {
    struct jobs *jobs;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;
    struct job *waiting; /* in the order in which they came */
    struct job *running;
    uint64_t turn; /* of the one that began last */
    struct jobs_stats stats;
    int64_t usual_us; /* what one takes */
    bool stopping;
};

struct jobs {
    struct lane lanes[JOB_LANES];
    unsigned threads_n;
    pthread_t threads[];
};

/* The first of those whose turn is the earliest, taken out of the list. */
static struct job *waiting_take(struct lane *l) {
    struct job **best = &l->waiting;
    for (struct job **at = &l->waiting; *at != NULL; at = &(*at)->next) {
        best = (*at)->turn < (*best)->turn ? at : best;
    }
    struct job *job = *best;
    *best = job->next;
    return job;
}

/* Its memory is its owner's again once it runs: `ret_job`, the thread's own, stands in the list of
 * those that run. False: nothing will come any more. */
static bool job_take(struct lane *l, struct job *ret_job) {
    pthread_mutex_lock(&l->lock);
    while (l->waiting == NULL && !l->stopping) {
        pthread_cond_wait(&l->work, &l->lock);
    }
    const struct job *job = l->waiting != NULL ? waiting_take(l) : NULL;
    if (job != NULL) {
        *ret_job = *job;
        ret_job->next = l->running;
        l->running = ret_job;
        l->turn = job->turn;
        l->stats.waiting--;
        l->stats.busy++;
    }
    pthread_mutex_unlock(&l->lock);
    return job != NULL;
}

static void job_done(struct lane *l, const struct job *job, int64_t took_us, int64_t cpu) {
    pthread_mutex_lock(&l->lock);
    struct job **at = &l->running;
    while (*at != job) {
        at = &(*at)->next;
    }
    *at = job->next;
    l->usual_us += (took_us - l->usual_us) / 8;
    l->stats.busy--;
    l->stats.done++;
    l->stats.cpu_us += (uint64_t)cpu;
    pthread_mutex_unlock(&l->lock);
}

/* Of this thread alone. Where the system does not allow it, fewer threads must do. */
static void priority_lower(void) {
    const struct sched_param none = {0};
    (void)sched_setscheduler(0, SCHED_BATCH, &none);
    (void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + HASH_NICE);
}

/* Of this thread. */
static int64_t cpu_us(void) {
    struct timespec at;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static void *lane_thread(void *state) {
    struct lane *l = state;
    struct job job;
    if (l == &l->jobs->lanes[JOB_HASH]) {
        priority_lower();
    }
    while (job_take(l, &job)) {
        int64_t begun = clock_monotonic_us(), cpu = cpu_us();
        job.run(&job);
        /* Before its owner knows: who was answered may send the next one at once. */
        job_done(l, &job, clock_monotonic_us() - begun, cpu_us() - cpu);
        if (job.done != NULL) {
            job.done(&job);
        }
    }
    return NULL;
}

static void lane_init(struct jobs *j, enum job_lane lane, size_t queue_max) {
    struct lane *l = &j->lanes[lane];
    *l = (struct lane){.jobs = j, .stats.waiting_max = queue_max};
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->work, NULL);
}

struct jobs *jobs_start(const struct jobs_options *options) {
    size_t threads = 0;
    for (size_t i = 0; i < JOB_LANES; i++) {
        threads += options->threads[i];
    }
    struct jobs *j = calloc(1, sizeof *j + threads * sizeof(pthread_t));
    if (j == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < JOB_LANES; i++) {
        lane_init(j, (enum job_lane)i, options->queue_max);
    }
    for (size_t i = 0; i < JOB_LANES; i++) {
        struct lane *l = &j->lanes[i];
        for (; l->stats.threads < options->threads[i]; l->stats.threads++) {
            if (pthread_create(&j->threads[j->threads_n], NULL, lane_thread, l) != 0) {
                jobs_stop(j);
                return NULL;
            }
            j->threads_n++;
        }
    }
    return j;
}

/* ---- who waits ---- */

static bool is_under_way(const struct job *list, uint64_t only) {
    while (list != NULL && list->only != only) {
        list = list->next;
    }
    return list != NULL;
}

/* After the last one of the same owner, else as if it had been there all the time: whoever asks
 * for one hash does not wait for another's hundred. Returns how many of the owner wait. */
static size_t turn_give(const struct lane *l, struct job *job) {
    size_t others = 0;
    job->turn = l->turn;
    const struct job *lists[] = {l->running, l->waiting};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        for (const struct job *k = lists[i]; k != NULL; k = k->next) {
            if (k->whose == job->whose) {
                job->turn = k->turn + 1 > job->turn ? k->turn + 1 : job->turn;
                others += i;
            }
        }
    }
    return others;
}

static void waiting_add(struct lane *l, struct job *job) {
    struct job **end = &l->waiting;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    job->next = NULL;
    *end = job;
    l->stats.waiting++;
    pthread_cond_signal(&l->work);
}

static err submit(struct ctx *cx, struct lane *l, struct job *job) {
    if (job->only != 0 &&
        (is_under_way(l->running, job->only) || is_under_way(l->waiting, job->only))) {
        return fail(cx, ERR_CONFLICT, "the same work is under way already");
    }
    bool full = l->stopping || l->stats.waiting >= l->stats.waiting_max;
    size_t others = turn_give(l, job);
    /* Half of the room is kept for others than the one that fills it. */
    if (full || others > l->stats.waiting_max / 2) {
        l->stats.refused++;
        return fail(cx, ERR_BUSY, "the queue for slow work (%s) is full",
                    job_lane_names[job->lane]);
    }
    waiting_add(l, job);
    return OK;
}

err jobs_submit(struct ctx *cx, struct jobs *j, struct job *job) {
    struct lane *l = &j->lanes[job->lane];
    pthread_mutex_lock(&l->lock);
    err e = submit(cx, l, job);
    pthread_mutex_unlock(&l->lock);
    return e;
}

struct jobs_stats jobs_stats(struct jobs *j, enum job_lane lane) {
    struct lane *l = &j->lanes[lane];
    pthread_mutex_lock(&l->lock);
    struct jobs_stats stats = l->stats;
    int64_t threads = stats.threads > 0 ? (int64_t)stats.threads : 1;
    stats.wait_seconds = 1 + (int64_t)stats.waiting * l->usual_us / threads / 1000000;
    pthread_mutex_unlock(&l->lock);
    return stats;
}

void jobs_stop(struct jobs *j) {
    if (j == NULL) {
        return;
    }
    for (size_t i = 0; i < JOB_LANES; i++) {
        pthread_mutex_lock(&j->lanes[i].lock);
        j->lanes[i].stopping = true;
        pthread_cond_broadcast(&j->lanes[i].work);
        pthread_mutex_unlock(&j->lanes[i].lock);
    }
    for (unsigned i = 0; i < j->threads_n; i++) {
        pthread_join(j->threads[i], NULL);
    }
    for (size_t i = 0; i < JOB_LANES; i++) {
        pthread_cond_destroy(&j->lanes[i].work);
        pthread_mutex_destroy(&j->lanes[i].lock);
    }
    free(j);
}
