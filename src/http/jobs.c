/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded pool of threads for slow work: outgoing HTTP, password hashing. */
#include "http.h"

#include <pthread.h>
#include <stdlib.h>

struct jobs {
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;
    struct job *head, **tail;
    struct jobs_stats stats;
    bool stopping;
    unsigned threads_n;
    pthread_t threads[];
};

/* NULL: nothing will come any more. */
static struct job *job_take(struct jobs *j) {
    pthread_mutex_lock(&j->lock);
    while (j->head == NULL && !j->stopping) {
        pthread_cond_wait(&j->work, &j->lock);
    }
    struct job *job = j->head;
    if (job != NULL) {
        j->head = job->next;
        j->tail = j->head != NULL ? j->tail : &j->head;
        j->stats.waiting--;
        j->stats.busy++;
    }
    pthread_mutex_unlock(&j->lock);
    return job;
}

static void job_count(struct jobs *j) {
    pthread_mutex_lock(&j->lock);
    j->stats.busy--;
    j->stats.done++;
    pthread_mutex_unlock(&j->lock);
}

static void *jobs_thread(void *state) {
    struct job *job;
    while ((job = job_take(state)) != NULL) {
        job->run(job); /* its memory is its owner's again */
        job_count(state);
    }
    return NULL;
}

struct jobs *jobs_start(unsigned threads, size_t queue_max) {
    struct jobs *j = calloc(1, sizeof *j + threads * sizeof(pthread_t));
    if (j == NULL) {
        return NULL;
    }
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->work, NULL);
    j->tail = &j->head;
    j->stats.waiting_max = queue_max;
    while (j->threads_n < threads) {
        if (pthread_create(&j->threads[j->threads_n], NULL, jobs_thread, j) != 0) {
            jobs_stop(j);
            return NULL;
        }
        j->threads_n++;
    }
    j->stats.threads = j->threads_n;
    return j;
}

bool jobs_submit(struct jobs *j, struct job *job) {
    pthread_mutex_lock(&j->lock);
    bool taken = !j->stopping && j->stats.waiting < j->stats.waiting_max;
    if (taken) {
        job->next = NULL;
        *j->tail = job;
        j->tail = &job->next;
        j->stats.waiting++;
        pthread_cond_signal(&j->work);
    } else {
        j->stats.refused++;
    }
    pthread_mutex_unlock(&j->lock);
    return taken;
}

struct jobs_stats jobs_stats(struct jobs *j) {
    pthread_mutex_lock(&j->lock);
    struct jobs_stats stats = j->stats;
    pthread_mutex_unlock(&j->lock);
    return stats;
}

void jobs_stop(struct jobs *j) {
    if (j == NULL) {
        return;
    }
    pthread_mutex_lock(&j->lock);
    j->stopping = true;
    pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
    for (unsigned i = 0; i < j->threads_n; i++) {
        pthread_join(j->threads[i], NULL);
    }
    pthread_cond_destroy(&j->work);
    pthread_mutex_destroy(&j->lock);
    free(j);
}
