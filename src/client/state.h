/* SPDX-License-Identifier: Apache-2.0 */
/* A part of client.h: what is known: documents, addresses, tokens, in memory and in the cache file.
 */
#ifndef POSTERN_CLIENT_STATE_H
#define POSTERN_CLIENT_STATE_H

#include <postern.h>

#include "jose.h"

struct call;

/* ---- state.c: what is known: documents and tokens; as JSON in the cache file ---- */

struct document {
    struct str text; /* JSON; absent: not fetched */
    struct str etag;
    int64_t fetched_at, good_until;
};
struct remembered; /* tenant.c: what the documents say, read once */
struct state {
    struct remembered *remembered; /* atomic; NULL: not read yet */
    struct arena *arena;           /* its own; a state is immutable once published */
    struct document openid_configuration, cxone_configuration, jwks;
    struct str access_token, token_type, scope, id_token, refresh_token, tenant_id, grant;
    struct str auth_method; /* that the server took where the setting is auto */
    int64_t obtained_at, expires_at, renew_at, clock_skew;
    /* Which of two is newer, without a clock: the later generation of one lineage. What is on disk
     * under another lineage was begun anew after this one was forgotten. */
    struct str lineage;
    int64_t generation;
    bool access_refused; /* an API refused it (401), and another was not to be had then */
    bool refresh_spent;  /* the refresh token was sent and its answer is not known: never again */
    int64_t refresh_sent_at; /* of a spent one: when, if it may be sent once more; else 0 */
    unsigned references;
};

struct state *state_new(struct call *k); /* empty; the call's until it ends */
struct state *state_copy(struct call *k, const struct state *from); /* NULL: empty */
/* `s` is what comes after `before`, which may be NULL. */
void state_follow(struct call *k, struct state *s, const struct state *before);
void state_take_documents(struct state *to, const struct state *from);
void state_take_tokens(struct state *to, const struct state *from);
struct str state_secret(struct arena *a, struct str s); /* a copy that is wiped */
/* What threads of this process know; NULL: nothing. Good until the call ends. */
struct state *state_current(struct call *k);
void state_publish(struct call *k, struct state *s);
/* What is on disk becomes what is known, unless the tokens here are newer. */
void state_adopt(struct call *k, struct state *s);
void state_unref(struct state *s);
void state_slot_unref(void *slot);
struct str state_write(struct arena *a, const struct state *s, struct str secret_mark);
err state_parse(struct call *k, struct str text, struct state **ret_state, struct str *ret_mark);

/* ---- cache.c: the file ---- */

err cache_locate(struct call *k, const char *given, bool environment);
/* NULL in *ret_state: there is none, or it is not to be used (other version, damaged, another
 * secret): the reason goes to the hook. */
err cache_read(struct call *k, struct state **ret_state);
/* Atomic and durable; by the holder of the lock alone. */
err cache_write(struct call *k, const struct state *s);
err cache_lock_open(struct call *k, int *ret_fd);
/* False: another has it. ERR_CLIENT_FILE: this file system has no locks. */
err cache_lock_take(struct call *k, int fd, bool *ret_taken);
struct cache_stamp {
    int64_t inode, s, ns;
};
/* Removes it, and what is in memory. */
err cache_forget(struct call *k);
bool cache_changed(const struct call *k, struct cache_stamp *stamp);

/* ---- flight.c ---- */

/* Is there by now what the renewal is for? Looks at state_current(). */
typedef err (*flight_done_fn)(struct call *k, void *argument, bool *ret_done);
/* Runs `work` as the only renewer among threads and processes, unless `done` says that another's
 * result has come. `done` NULL: nobody else's result will do, nor is a failure here theirs. */
err flight_run(struct call *k, flight_done_fn done, err (*work)(struct call *, void *),
               void *argument);
/* Changes what is known, on disk too if nobody else writes there now. */
err state_change(struct call *k, void (*change)(struct state *to, void *argument), void *argument);

/* ---- document.c ---- */

enum document_kind { DOCUMENT_OPENID, DOCUMENT_CXONE, DOCUMENT_JWKS };
/* From what is known, else fetched, else asked whether it has changed; flags: postern_get_flags. */
err document_get(struct call *k, enum document_kind kind, struct str url, unsigned flags,
                 struct str *ret_text);
/* A document that turns out not to be believed is not kept: the next call asks again. Returns `e`.
 */
err document_refuse(struct call *k, enum document_kind kind, err e);
int64_t document_good_for(struct str cache_control); /* seconds */
/* The server's clock, from the Date of an answer (RFC 9110 6.6.1). */
void clock_learn(struct call *k, const struct exchange *x);
int64_t server_now(const struct call *k);

/* ---- discovery.c, tenant.c: addresses, in k's arena ---- */

struct endpoints {
    struct str issuer, token_endpoint, jwks_uri;
    const json_t *openid_configuration; /* NULL with base_url alone */
    struct str text;                    /* the document */
};
err discovery_get(struct call *k, unsigned flags, struct endpoints *ret_endpoints);
/* An address of the document, which has to be there and safe: what is sent there is secret. */
err discovery_endpoint(struct call *k, const struct endpoints *ep, const char *name,
                       struct str *ret_url);
bool discovery_lists(const struct endpoints *ep, const char *member, const char *value);
struct tenant {
    struct str tenant_id, area, cluster, api_endpoint, auth_endpoint, ui_endpoint, acd_endpoint;
    struct str text; /* the document */
};
struct remembered {
    struct arena *arena;
    struct tenant tenant;
    int64_t good_until;
};
void state_forget_remembered(struct state *s);
/* With the setting api_endpoint, or base_url alone, the addresses are those. */
err tenant_get(struct call *k, unsigned flags, struct tenant *ret_tenant);
bool tenant_is_known(struct call *k); /* tenant_get needs no token */

#endif
