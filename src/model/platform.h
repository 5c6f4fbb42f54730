/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: environments, their hosts and keys, and the snapshot that holds them. */
#ifndef POSTERN_MODEL_PLATFORM_H
#define POSTERN_MODEL_PLATFORM_H

#include "http.h"
#include "jose.h"

/* ---- lifetime.c: how long tokens live ---- */

#define LIFETIME_ACCESS_DEFAULT         3600
#define LIFETIME_REFRESH_DEFAULT        7200
#define LIFETIME_REFRESH_CLIENT_DEFAULT 2592000
/* expires_in may not fall to 600 or below (PROTOCOL 12.4). */
#define LIFETIME_ACCESS_MIN 601
/* No access or id token lives longer: so long (and an hour) a retired key stays published. */
#define LIFETIME_ACCESS_MAX  86400
#define LIFETIME_REFRESH_MIN 60
#define LIFETIME_REFRESH_MAX 31536000

struct lifetimes { /* seconds; 0: not set, the next wider one decides */
    int64_t access, id, refresh, refresh_client, jitter;
};
/* {"access":3600,"id":...,"refresh":...,"refreshClient":...,"jitter":...}; ERR_INVALID_REQUEST
 * names the member out of range; 0 is not set. Other members are left alone: a newer version may
 * have written them. */
err lifetimes_parse(struct ctx *cx, struct str json, struct lifetimes *ret);
struct str lifetimes_write(struct arena *a, const struct lifetimes *l);
/* Application over tenant over environment over the defaults (of id: what access has); jitter (0 to
 * its value, random) is taken off access and id, but never below LIFETIME_ACCESS_MIN. */
struct lifetimes lifetimes_resolve(struct ctx *cx, const struct lifetimes *environment,
                                   const struct lifetimes *tenant,
                                   const struct lifetimes *application);

/* ---- signing_key.c, keyring.c ---- */

#define SIGNING_KEYS_FUTURE 3
#define SIGNING_KEYS_MAX    32
#define REFRESH_KEY_SIZE    32

struct signing_key {
    struct str kid;
    const struct alg *alg;
    struct str state; /* future, active, retired */
    struct pkey *key;
    struct str header_access,
        header_id;          /* encoded JOSE headers, without '-' and '_' (PROTOCOL 12.12) */
    struct key_slot *slots; /* signer and verifier per worker, made at their first use */
    unsigned slots_n;
};
struct keyring {
    struct signing_key *keys; /* published ones, active first */
    size_t n;
    struct secret refresh_key;                   /* HS256: refresh tokens and generated keys */
    struct str refresh_header, generated_header; /* typ "JWT" and "generated+jwt" */
};
/* The active key of this algorithm; NULL if the environment has none (keys are made for RS256 at
 * creation, for others when an application asks for them). */
const struct signing_key *keyring_active(const struct keyring *r, const struct alg *alg);
const struct signing_key *keyring_find(const struct keyring *r, struct str kid);
/* Signs with this worker's signer. */
err signing_key_sign(struct ctx *cx, const struct signing_key *k, struct str header,
                     struct str payload, struct str *ret_compact);
bool signing_key_verify(struct ctx *cx, const struct signing_key *k, const struct jws *jws);

/* Rows. An environment has for each algorithm in use one active and SIGNING_KEYS_FUTURE future
 * keys, and one HS256 key for refresh tokens. Generation (slow) happens before the transaction:
 * signing_keys_prepare reads on cx->db what is missing and makes that, at least one key (for a
 * rotation); store and rotate run in a closure and store only what is missing then. */
bool kid_header_ok(struct str encoded_header); /* no '-', no '_' */
/* Nothing is missing: no need to prepare and store. */
err signing_keys_complete(struct ctx *cx, struct str environment_id, const struct alg *alg,
                          bool *ret_complete);
struct signing_keys_new;
err signing_keys_prepare(struct ctx *cx, const struct seal_key *master, struct str environment_id,
                         const struct alg *alg, struct signing_keys_new **ret_new);
err signing_keys_store(struct ctx *cx, const struct signing_keys_new *keys);
/* The active key retires, the first future key becomes active, a new future key is added. Tokens
 * that the retired key signed stay valid: it is published for SIGNING_KEY_RETIRED_SECONDS.
 * ERR_CONFLICT: SIGNING_KEYS_MAX are published already. */
#define SIGNING_KEY_RETIRED_SECONDS (LIFETIME_ACCESS_MAX + 3600)
err signing_keys_rotate(struct ctx *cx, const struct signing_keys_new *replacement);
struct signing_key_row {
    struct str environment, kid, alg, state;
    int64_t created_at, activated_at, retired_at;
};
err signing_keys_list(struct ctx *cx, err (*each)(struct ctx *cx, void *state),
                      struct signing_key_row *row, void *state);
/* The master key fits this database (ERR_BAD_CONFIG if not); stores the check value in an empty
 * one. */
err master_key_check(struct ctx *cx, const struct seal_key *master, bool may_store);

/* ---- environment.c, platform.c: the snapshot ---- */

struct area {
    struct str area, domain, acd_domain, uh_domain;
};
struct cluster {
    struct str cluster, area;
};
/* Patterns with {area}, {cluster}, {domain}, {acdDomain}, {uhDomain}; scheme and port included:
 * "https://api-{area}.{domain}". Stored as
 * {"ui","auth","api","cluster","acd","aliases":[...]}; what is absent is the issuer itself. */
struct host_templates {
    struct str ui, auth, api, cluster, acd;
};
/* A document that many requests get: made once per snapshot. */
struct document {
    struct str body, etag;
};
enum { DOCUMENT_OPENID, DOCUMENT_JWKS, DOCUMENT_COUNT };

struct environment {
    struct str id, name, issuer;
    bool is_default;
    struct host_templates hosts;
    struct str *aliases; /* further host names, or such patterns */
    size_t aliases_n;
    struct area *areas;
    size_t areas_n;
    struct cluster *clusters;
    size_t clusters_n;
    struct lifetimes lifetimes;
    struct str platform_client_id;
    struct str token_endpoint;
    struct keyring *keys;
    struct document documents[DOCUMENT_COUNT];
};
const struct area *environment_area(const struct environment *e, struct str area);
/* A template filled in; the text is the arena's. area may be NULL, cluster absent: their words are
 * then left empty. */
struct str environment_url(struct arena *a, struct str pattern, const struct area *area,
                           struct str cluster);

struct snapshot; /* environments and a table of host names; counted references */
struct platform; /* the current snapshot, the master key, what handlers share: cx->app */
struct platform_options {
    const struct seal_key *master;
    unsigned workers;
    bool mailbox;             /* mails are shown on a page: a laptop's setting */
    bool allow_private_fetch; /* jwks_endpoint may be http and name private addresses: a laptop's
                                 setting */
    /* Fills documents; called while the snapshot is made. */
    err (*decorate)(struct ctx *cx, struct environment *e);
    struct metrics *metrics; /* what signatures take is noted here; NULL: nowhere */
};
err platform_new(struct ctx *cx, const struct platform_options *options,
                 struct platform **ret_platform); /* empty until platform_reload */
void platform_free(struct platform *p);
/* Reads environments and keys on cx->db into a new snapshot and swaps it in. `only_if_changed`:
 * compares `generation` first. */
err platform_reload(struct ctx *cx, struct platform *p, bool only_if_changed, bool *ret_changed);
/* A reference for this request, given back when its arena is reset. NULL before the first reload.
 */
const struct snapshot *platform_snapshot(struct ctx *cx);
/* seal_key_derive(master, purpose), kept for the purposes that the hot path has (platform.c). */
const struct seal_key *platform_seal_key(const struct ctx *cx, const char *purpose_constant);
#define SEAL_SIGNING_KEY        "signing-key"
#define SEAL_APPLICATION_SECRET "application-secret"
#define SEAL_MASTER_KEY_CHECK   "master-key-check"
#define SEAL_REFRESH_ANSWER     "refresh-answer"
#define SEAL_SECOND_FACTOR      "second-factor"
#define SEAL_LOGIN_PROVIDER     "login-provider"
#define SEAL_LOGIN_STATE        "login-state"
#define SEAL_MAIL               "mail"
struct metrics *platform_metrics(const struct ctx *cx); /* NULL: none */
bool platform_allow_private_fetch(const struct ctx *cx);
bool platform_mailbox(const struct ctx *cx);
struct fetch_once *platform_fetch_once(const struct ctx *cx);
/* By host (with or without port); unknown: the default environment; none at all: ERR_UNAVAILABLE.
 */
err snapshot_environment(struct ctx *cx, const struct snapshot *s, struct str host,
                         const struct environment **ret_environment);
size_t snapshot_count(const struct snapshot *s);
const struct environment *snapshot_at(const struct snapshot *s, size_t i);
/* A name of some environment, and not only a hint that led to the default one (PROTOCOL 12.7). */
bool snapshot_host_known(const struct snapshot *s, struct str host);
/* Which area a regional host names, e.g. na1.nice-incontact.com (PROTOCOL 12.9); NULL for the
 * issuer's and others. */
const struct area *snapshot_host_area(const struct snapshot *s, struct str host);
/* Raises `generation`: part of every change to what a snapshot holds. */
err generation_raise(struct ctx *cx);

#endif
