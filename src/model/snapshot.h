/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the snapshot: what platform.c, environment.c, keyring.c and host.c share. Everything of
 * a snapshot is in its own arena: they are called with a cx whose arena is that. */
#ifndef POSTERN_SNAPSHOT_H
#define POSTERN_SNAPSHOT_H

#include "model.h"

/* ---- environment.c ---- */

struct environments {
    struct environment *v;
    size_t n;
};
/* All of them, the default one first; without keys and documents. */
err environments_load(struct ctx *cx, struct environments *ret);

/* ---- keyring.c ---- */

struct keyring_options {
    const struct seal_key *seal_key; /* of SEAL_SIGNING_KEY */
    unsigned workers;
};
err keyring_load(struct ctx *cx, struct str environment_id, const struct keyring_options *options,
                 struct keyring **ret_keyring);
/* What a private key is sealed with: it fits its row alone. */
struct str signing_key_context(struct arena *a, struct str environment_id, struct str kid);

/* ---- host.c: which environment and area a host name means ---- */

struct host {
    struct str name; /* lower case; with a port, or without */
    const struct environment *environment;
    const struct area *area; /* NULL: not regional */
    size_t order;            /* of two with one name the first counts */
};
struct hosts {
    struct host *v; /* sorted by name, each once */
    size_t n;
};
struct hosts hosts_make(struct arena *a, const struct environments *all);
/* In any case; with the port first, then without. NULL: unknown. */
#define HOST_NAME_MAX_SIZE 261 /* RFC 1035 2.3.4, and a port */
const struct host *hosts_find(const struct hosts *hosts, struct str name);

#endif
