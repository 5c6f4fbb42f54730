/* SPDX-License-Identifier: Apache-2.0 */
/* One fetch of one thing at a time in this process: who wants the same meanwhile, or soon after,
 * has the outcome of the first. Anybody can make the server want an application's keys; without
 * this a burst of requests would be a burst of fetches, and fill the pool for slow work. */
#include "model.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX 64 /* more than the pool has threads: one is always free */

struct slot {
    char what[64]; /* a digest; "": never used */
    bool busy;
    int64_t ended_at;
    char *text, *reason; /* of this slot, NULL: absent */
    size_t text_n;
};

struct fetch_once {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct slot slots[SLOTS_MAX];
};

struct fetch_once *fetch_once_new(void) {
    struct fetch_once *f = calloc(1, sizeof *f);
    if (f == NULL) {
        abort();
    }
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->ended, NULL);
    return f;
}

static void slot_clear(struct slot *s) {
    free(s->text);
    free(s->reason);
    *s = (struct slot){.busy = false};
}

void fetch_once_free(struct fetch_once *f) {
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        slot_clear(&f->slots[i]);
    }
    pthread_cond_destroy(&f->ended);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static struct slot *slot_find(struct fetch_once *f, const char *what) {
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        if (strcmp(f->slots[i].what, what) == 0) {
            return &f->slots[i];
        }
    }
    return NULL;
}

/* The one that ended first; NULL: all are busy. */
static struct slot *slot_oldest(struct fetch_once *f) {
    struct slot *oldest = NULL;
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        struct slot *s = &f->slots[i];
        if (!s->busy && (oldest == NULL || s->ended_at < oldest->ended_at)) {
            oldest = s;
        }
    }
    return oldest;
}

static bool slot_waited(struct ctx *cx, struct fetch_once *f, const char *what, int64_t seconds,
                        struct fetched *ret) {
    struct slot *s = slot_find(f, what);
    while (s != NULL && s->busy) {
        pthread_cond_wait(&f->ended, &f->lock);
        s = slot_find(f, what);
    }
    if (s == NULL || cx->now - s->ended_at >= seconds) {
        return false;
    }
    struct str text = {s->text, s->text_n};
    *ret = (struct fetched){str_copy(cx->arena, text), str_copy(cx->arena, str_from(s->reason)),
                            s->ended_at};
    return true;
}

bool fetch_once_begin(struct ctx *cx, struct fetch_once *f, struct str what, int64_t seconds,
                      struct fetched *ret) {
    const char *digest = str_z(cx->arena, sha256_text(cx->arena, what));
    pthread_mutex_lock(&f->lock);
    bool mine = !slot_waited(cx, f, digest, seconds, ret);
    struct slot *s = mine ? slot_find(f, digest) : NULL;
    s = mine && s == NULL ? slot_oldest(f) : s;
    if (s != NULL) {
        slot_clear(s);
        s->busy = true;
        (void)snprintf(s->what, sizeof s->what, "%s", digest);
    }
    pthread_mutex_unlock(&f->lock);
    return mine;
}

static char *kept(struct str text) {
    return text.p != NULL ? strndup(text.p, text.n) : NULL;
}

void fetch_once_end(struct ctx *cx, struct fetch_once *f, struct str what,
                    const struct fetched *outcome) {
    const char *digest = str_z(cx->arena, sha256_text(cx->arena, what));
    pthread_mutex_lock(&f->lock);
    struct slot *s = slot_find(f, digest);
    if (s != NULL) {
        s->busy = false;
        s->ended_at = cx->now;
        s->text = kept(outcome->text);
        s->text_n = s->text != NULL ? strlen(s->text) : 0;
        s->reason = kept(outcome->reason);
    }
    pthread_cond_broadcast(&f->ended);
    pthread_mutex_unlock(&f->lock);
}
