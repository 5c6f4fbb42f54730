/* SPDX-License-Identifier: Apache-2.0 */
/* Faults for the store suite: a disk under SQLite that fails at a chosen call, and a cable to
 * PostgreSQL that is cut at a chosen message. */
#ifndef POSTERN_TEST_FAULTS_H
#define POSTERN_TEST_FAULTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* ---- faulty_disk.c: a SQLite VFS over the ordinary one
 * ----------------------------------------------- */

enum disk_fault { DISK_WELL, DISK_FULL, DISK_BAD_WRITE, DISK_BAD_SYNC };
/* From now on the `after`-th (0: the next) write or sync of the write-ahead log fails, and all that
 * follow, until DISK_WELL. */
void faulty_disk_set(enum disk_fault fault, int after);
/* True if a call failed since the last faulty_disk_set(). */
bool faulty_disk_hit(void);
/* Makes it the default for connections that are opened between. */
void faulty_disk_install(void);
void faulty_disk_remove(void);

/* ---- cable.c: a proxy between libpq and a PostgreSQL socket
 * ------------------------------------------- */

enum cable_cut {
    CABLE_WHOLE,
    CABLE_BEFORE_COMMIT, /* cut when COMMIT comes along, before the server sees it */
    CABLE_AFTER_COMMIT,  /* cut when the server has answered it, before the client sees that */
    CABLE_AT_MESSAGE,    /* cut at the `after`-th packet from the client */
    CABLE_SILENT,        /* nothing passes, nothing ends */
};
struct cable {
    char directory[64]; /* of the socket: the host of the URL */
    char server[108];
    int listener;
    pthread_t thread;
    _Atomic int cut, after;
    atomic_bool was_cut;
};
/* `server_url` has host=DIRECTORY; writes the same URL through the cable. */
void cable_start(struct cable *c, const char *server_url, char *ret_url, unsigned long url_size);
void cable_set(struct cable *c, enum cable_cut cut, int after);
void cable_stop(struct cable *c); /* every connection is closed before */

#endif
