/* SPDX-License-Identifier: Apache-2.0 */
/* How long tokens live: read, write, and find the one that counts. */
#include "model.h"

struct lifetime_member {
    const char *name;
    size_t offset;
    int64_t min, max;
};

static const struct lifetime_member members[] = {
    {"access", offsetof(struct lifetimes, access), LIFETIME_ACCESS_MIN, LIFETIME_ACCESS_MAX},
    {"id", offsetof(struct lifetimes, id), LIFETIME_ACCESS_MIN, LIFETIME_ACCESS_MAX},
    {"refresh", offsetof(struct lifetimes, refresh), LIFETIME_REFRESH_MIN, LIFETIME_REFRESH_MAX},
    {"refreshClient", offsetof(struct lifetimes, refresh_client), LIFETIME_REFRESH_MIN,
     LIFETIME_REFRESH_MAX},
    {"jitter", offsetof(struct lifetimes, jitter), 1, LIFETIME_ACCESS_MAX - LIFETIME_ACCESS_MIN},
};

static int64_t *value_of(struct lifetimes *l, const struct lifetime_member *m) {
    return (int64_t *)(void *)((char *)l + m->offset);
}

err lifetimes_parse(struct ctx *cx, struct str json, struct lifetimes *ret) {
    struct lifetimes l = {0};
    if (str_empty(json) || str_is(json, "{}")) {
        *ret = l;
        return OK;
    }
    json_t *object;
    TRY(json_parse(cx, json, &object));
    if (!json_is_object(object)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "lifetimes must be an object of seconds");
    }
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const struct lifetime_member *m = &members[i];
        int64_t v;
        TRY(json_get_int(cx, object, m->name, INT64_MIN, &v));
        if (v == INT64_MIN || v == 0) { /* 0: no longer set here */
            continue;
        }
        if (v < m->min || v > m->max) {
            return fail_say(cx, ERR_INVALID_REQUEST, "%s must be between %lld and %lld seconds",
                            m->name, (long long)m->min, (long long)m->max);
        }
        *value_of(&l, m) = v;
    }
    *ret = l;
    return OK;
}

struct str lifetimes_write(struct arena *a, const struct lifetimes *l) {
    struct buf b = buf_in(a, 96);
    struct json_out j = json_to(&b);
    struct lifetimes copy = *l;
    json_open_object(&j, NULL);
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        int64_t v = *value_of(&copy, &members[i]);
        if (v != 0) {
            json_put_int(&j, members[i].name, v);
        }
    }
    json_close_object(&j);
    return buf_view(&b);
}

static int64_t less_jitter(int64_t lifetime, int64_t jitter) {
    /* PROTOCOL 12.4: programs renew at expires_in - 600. */
    return lifetime - jitter < LIFETIME_ACCESS_MIN ? LIFETIME_ACCESS_MIN : lifetime - jitter;
}

/* Even from 0 to max: what lies past the last whole multiple is drawn again. */
static int64_t draw(struct ctx *cx, int64_t max) {
    uint32_t choices = (uint32_t)max + 1, v;
    do {
        cx->random->fill(cx->random, &v, sizeof v);
    } while (v >= UINT32_MAX - UINT32_MAX % choices);
    return v % choices;
}

struct lifetimes lifetimes_resolve(struct ctx *cx, const struct lifetimes *environment,
                                   const struct lifetimes *tenant,
                                   const struct lifetimes *application) {
    static const struct lifetimes defaults = {.access = LIFETIME_ACCESS_DEFAULT,
                                              .refresh = LIFETIME_REFRESH_DEFAULT,
                                              .refresh_client = LIFETIME_REFRESH_CLIENT_DEFAULT};
    const struct lifetimes *levels[] = {application, tenant, environment, &defaults};
    struct lifetimes l = {0};
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        const struct lifetimes *at = levels[i];
        l.access = l.access != 0 ? l.access : at->access;
        l.id = l.id != 0 ? l.id : at->id;
        l.refresh = l.refresh != 0 ? l.refresh : at->refresh;
        l.refresh_client = l.refresh_client != 0 ? l.refresh_client : at->refresh_client;
        l.jitter = l.jitter != 0 ? l.jitter : at->jitter;
    }
    l.id = l.id != 0 ? l.id : l.access;
    if (l.jitter > 0) {
        int64_t off = draw(cx, l.jitter);
        l.access = less_jitter(l.access, off);
        l.id = less_jitter(l.id, off);
    }
    return l;
}
