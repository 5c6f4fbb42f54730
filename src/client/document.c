/* SPDX-License-Identifier: Apache-2.0 */
/* A document of the platform (discovery, keys): from what is known, else fetched, else asked
 * whether it has changed. */
#include "client.h"

#define GOOD_DEFAULT 3600 /* seconds, where the answer does not say */
#define GOOD_MIN     60
#define GOOD_MAX     86400
#define STALE_MAX    (7 * 86400) /* a document that old is not used even if nobody answers */

struct fetched {
    enum document_kind kind;
    struct document d;
    int64_t clock_skew;
};

static struct document *document_of(struct state *s, enum document_kind kind) {
    switch (kind) {
    case DOCUMENT_OPENID:
        return &s->openid_configuration;
    case DOCUMENT_CXONE:
        return &s->cxone_configuration;
    default:
        return &s->jwks;
    }
}

static void change(struct state *to, void *argument) {
    const struct fetched *f = argument;
    struct document *d = document_of(to, f->kind);
    *d = f->d;
    d->text = str_copy(to->arena, f->d.text);
    d->etag = str_copy(to->arena, f->d.etag);
    to->clock_skew = f->clock_skew;
}

/* Cache-Control: max-age (RFC 9111 5.2.2.1), between a minute and a day. */
int64_t document_good_for(struct str cache_control) {
    struct str part;
    int64_t age = GOOD_DEFAULT;
    while (str_next(&cache_control, ',', &part)) {
        part = str_trim(part);
        int64_t n;
        if (str_starts_nocase(part, "max-age=") && str_int(str_sub(part, 8, part.n), &n)) {
            age = n;
        } else if (str_eq_nocase(part, STR("no-store")) || str_eq_nocase(part, STR("no-cache"))) {
            age = 0;
        }
    }
    return age < GOOD_MIN ? GOOD_MIN : age > GOOD_MAX ? GOOD_MAX : age;
}

void clock_learn(struct call *k, const struct exchange *x) {
    if (x->server_date > 0) {
        /* The date is of the moment of the answer; a slow one may look like a clock that is ahead.
         */
        int64_t skew = x->server_date - x->sent_at;
        k->clock_skew = skew >= -2 && skew <= 2 ? 0 : skew;
        k->clock_known = true;
    }
}

int64_t server_now(const struct call *k) {
    return k->clock_skew + clock_system.now_ms(&clock_system) / 1000;
}

static err fetch(struct call *k, struct str url, const struct document *known, struct exchange *x) {
    struct str headers[2] = {STR("Accept: application/json")};
    *x = (struct exchange){
        .method = "GET", .url = url, .headers = headers, .headers_n = 1, .body_max = DOCUMENT_MAX};
    if (known != NULL && known->etag.p != NULL) {
        headers[x->headers_n++] =
            str_format(k->cx.arena, "If-None-Match: %.*s", STR_ARG(known->etag));
    }
    const struct repeat how = {(int)setting_int(k->p, SET_RETRIES), true, false};
    err e = exchange_repeat(k, x, &how, NULL, NULL);
    x->headers = NULL;
    if (e == OK) {
        clock_learn(k, x);
    }
    return e;
}

static err document_check(struct call *k, const struct exchange *x, struct str url) {
    json_t *root;
    if (x->status != 200) {
        k->status = x->status;
        return fail_say(&k->cx, x->status >= 500 ? ERR_CLIENT_SERVER : ERR_CLIENT_DISCOVERY,
                        "%.*s answers %d%s", STR_ARG(str_sub(url, 0, 200)), x->status,
                        x->status == 404 ? ": is this the right address?"
                                         : " instead of a document.");
    }
    if (json_parse(&k->cx, x->answer, &root) != OK || !json_is_object(root)) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "%.*s answers something that is no JSON object. Is a proxy or a login page "
                        "in between?",
                        STR_ARG(str_sub(url, 0, 200)));
    }
    return OK;
}

static bool is_stale_but_usable(const struct document *known, int64_t now) {
    return known->text.p != NULL && now - known->fetched_at < STALE_MAX;
}

static bool is_good(const struct document *known, int64_t now) {
    return known != NULL && known->text.p != NULL && now < known->good_until &&
           now >= known->fetched_at - GOOD_MIN;
}

/* In memory, else on disk, where another process may have put it. */
static err document_find(struct call *k, enum document_kind kind, const struct document **ret) {
    struct state *s = state_current(k);
    if (s == NULL || !is_good(document_of(s, kind), k->cx.now)) {
        struct state *disk;
        TRY(cache_read(k, &disk));
        state_adopt(k, disk);
        s = state_current(k);
    }
    *ret = s != NULL ? document_of(s, kind) : NULL;
    return OK;
}

static void forget(struct state *to, void *argument) {
    *document_of(to, *(const enum document_kind *)argument) = (struct document){0};
}

err document_refuse(struct call *k, enum document_kind kind, err e) {
    struct failure why = k->cx.failure;
    (void)state_change(k, forget, &kind);
    k->cx.failure = why;
    return e;
}

err document_get(struct call *k, enum document_kind kind, struct str url, unsigned flags,
                 struct str *ret_text) {
    const struct document *known;
    int64_t now = k->cx.now;
    TRY(document_find(k, kind, &known));
    bool there = known != NULL && known->text.p != NULL;
    if ((flags & POSTERN_FRESH) == 0 && is_good(known, now)) {
        *ret_text = known->text;
        return OK;
    }
    if ((flags & POSTERN_CACHED) != 0) {
        return fail_say(&k->cx, ERR_CLIENT_NO_TOKEN, "Nothing is cached of %.*s.",
                        STR_ARG(str_sub(url, 0, 200)));
    }
    struct exchange x;
    err e = fetch(k, url, there ? known : NULL, &x);
    if (e != OK || x.status >= 500) {
        if (there && is_stale_but_usable(known, now) && (flags & POSTERN_FRESH) == 0 &&
            e != ERR_CLIENT_CANCELLED) {
            call_warn(k, "%.*s cannot be re-checked now; what is cached of it is used.",
                      STR_ARG(str_sub(url, 0, 200)));
            *ret_text = known->text;
            return OK;
        }
        TRY(e);
    }
    struct fetched f = {.kind = kind, .clock_skew = k->clock_skew};
    if (there && x.status == 304) {
        f.d = *known;
    } else {
        TRY(document_check(k, &x, url));
        f.d = (struct document){.text = x.answer, .etag = exchange_header(&x, "etag")};
    }
    f.d.fetched_at = now;
    f.d.good_until = now + document_good_for(exchange_header(&x, "cache-control"));
    *ret_text = f.d.text;
    return state_change(k, change, &f);
}
