/* SPDX-License-Identifier: Apache-2.0 */
/* A call for the fuzz targets of the client: one client, opened once, that reaches nobody. */
#ifndef POSTERN_FUZZ_CLIENT_TARGET_H
#define POSTERN_FUZZ_CLIENT_TARGET_H

#include "client.h"
#include "target.h"

#define CLIENT_TARGET_ISSUER "https://cxone.example"

struct client_target {
    struct target base;
    struct call *k;
};

/* The client is opened for each input: nothing of one reaches the next. */
static inline void client_target_init(struct client_target *t, const uint8_t *data, size_t size) {
    const struct postern_setting settings[] = {
        {"issuer", CLIENT_TARGET_ISSUER},
        {"client_id", "c"},
        {"tenant_id", "11eb0358-724b-3970-97e5-0242ac110003"}};
    struct postern_options o = POSTERN_OPTIONS_INIT;
    struct postern *p;
    target_init(&t->base, data, size);
    o.flags = POSTERN_NO_ENVIRONMENT | POSTERN_NO_PROFILE | POSTERN_NO_CACHE;
    o.settings = settings;
    o.settings_n = COUNT_OF(settings);
    HOLDS(postern_open(&o, &p) == POSTERN_OK);
    t->k = NEW(t->base.arena, struct call);
    ctx_init(&t->k->cx, t->base.arena, &t->base.clock, &random_system, &t->base.log);
    t->k->p = p;
}

static inline void client_target_done(struct client_target *t) {
    struct postern *p = t->k->p;
    target_done(&t->base);
    postern_close(p);
}

#endif
