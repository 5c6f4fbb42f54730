/* SPDX-License-Identifier: Apache-2.0 */
/* A call of a client that nobody opened: settings by name, a clock that stands still, what is known
 * given as documents. Nothing here reaches a network. */
#ifndef POSTERN_CALL_FIXTURE_H
#define POSTERN_CALL_FIXTURE_H

#include "client.h"
#include "fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TENANT_ID "11eb0358-724b-3970-97e5-0242ac110003"

struct call_fixture {
    struct fixture *base;
    struct postern *p;
    struct call *k;
    char directory[64];
    int warnings;
    char warning[512];
};

static void fixture_event(void *user, const struct postern_event *event) {
    struct call_fixture *f = user;
    if (event->kind == POSTERN_EVENT_WARNING) {
        f->warnings++;
        (void)snprintf(f->warning, sizeof f->warning, "%s", event->text);
    }
}

static int call_setup(void **state) {
    struct call_fixture *f = test_calloc(1, sizeof *f);
    struct postern_options options = POSTERN_OPTIONS_INIT;
    void *base;
    (void)fixture_setup(&base);
    f->base = base;
    (void)snprintf(f->directory, sizeof f->directory, "/tmp/postern-unit.XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    options.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE;
    options.cache_dir = f->directory;
    options.on_event = fixture_event;
    options.on_event_user = f;
    assert_int_equal(postern_open(&options, &f->p), POSTERN_OK);
    f->k = NEW(f->base->arena, struct call);
    ctx_init(&f->k->cx, f->base->arena, &f->base->clock, &f->base->random, &f->base->log);
    f->k->p = f->p;
    f->k->deadline_us = clock_monotonic_us() + 60 * 1000000;
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int call_teardown(void **state) {
    struct call_fixture *f = *state;
    void *base = f->base;
    (void)fixture_teardown(&base);
    postern_close(f->p);
    assert_int_equal(nftw(f->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    test_free(f);
    return 0;
}

#define CALL_TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)

static inline void set(struct call_fixture *f, const char *name, const char *value) {
    struct postern_setting s = {name, value};
    assert_int_equal(settings_given(f->k, &f->p->settings, &s, 1), OK);
}

/* Documents that are good for an hour. */
static inline void know(struct call_fixture *f, const char *openid, const char *cxone) {
    struct state *s = state_copy(f->k, state_current(f->k));
    int64_t now = f->k->cx.now;
    if (openid != NULL) {
        s->openid_configuration =
            (struct document){str_copy(s->arena, str_from(openid)), STR_NONE, now, now + 3600};
    }
    if (cxone != NULL) {
        s->cxone_configuration =
            (struct document){str_copy(s->arena, str_from(cxone)), STR_NONE, now, now + 3600};
    }
    state_publish(f->k, s);
}

#define assert_says(f, says)                                                                       \
    do {                                                                                           \
        if (strstr((f)->k->cx.failure.detail, (says)) == NULL) {                                   \
            fail_msg("'%s' does not say '%s'", (f)->k->cx.failure.detail, (says));                 \
        }                                                                                          \
    } while (0)

#endif
