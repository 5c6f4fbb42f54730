/* SPDX-License-Identifier: Apache-2.0 */
/* model: the rows and their rules. All SQL of Postern is in this folder.
 *
 * Functions named _find, _create, _update work on cx->db: a read connection in a handler, the
 * transaction in a write closure. A rule that several rows share is kept by one atomic statement or
 * by first updating the parent row. What is asked on every request comes in one statement with
 * joins (client_find, access_key_authenticate, caller_find), so that disabled tenants,
 * applications, employees and keys are dead at once, without a cache.
 *
 * Environments, their hosts and their signing keys are a snapshot (struct platform), swapped whole
 * when the database's `generation` changes; a request holds a reference to the snapshot it began
 * with. Everything in a snapshot is immutable, but for the per-worker signers: a thread takes its
 * worker's, or, when another thread has it just now, makes one for this once.
 *
 * Times are seconds since the epoch. Ids are lower-case UUIDs. Lists in rows are JSON text unless
 * said to be words.
 */
#ifndef POSTERN_MODEL_H
#define POSTERN_MODEL_H

#include "account.h"
#include "application.h"
#include "branding.h"
#include "declaration.h"
#include "device_code.h"
#include "employee.h"
#include "login_authenticator.h"
#include "new_password.h"
#include "platform.h"
#include "second_factor.h"
#include "session.h"

/* ---- catalogue.c: closed lists as tables ---- */

const char *scope_at(size_t i); /* NULL past the end */
bool scope_known(struct str name);
struct permission_info {
    const char *name; /* "access-key.create" */
    const char *area; /* "Access Key": the word of the console and the seeds */
    const char *description;
};
const struct permission_info *permission_at(size_t i);
bool permission_known(struct str name);
/* Auth methods, application types, tenancies, statuses are texts in rows; these say whether one is
 * known. */
bool application_type_known(struct str type);
bool auth_method_known(struct str method);
bool employee_status_known(struct str status);
/* "code", "id_token token", ...: the spelling of the rows; NULL past the end. */
const char *response_type_at(size_t i);
bool response_type_known(struct str type);

/* ---- fetch_once.c: one fetch of one thing at a time in this process ---- */

struct fetch_once;
struct fetched { /* text, or the reason why there is none */
    struct str text, reason;
    int64_t at; /* out: when that fetch ended */
};
struct fetch_once *fetch_once_new(void);
void fetch_once_free(struct fetch_once *f);
/* True: fetch it, and call fetch_once_end() whatever comes. False, perhaps after waiting for
 * another thread: the outcome of a fetch that ended less than `seconds` ago. */
bool fetch_once_begin(struct ctx *cx, struct fetch_once *f, struct str what, int64_t seconds,
                      struct fetched *ret_outcome);
void fetch_once_end(struct ctx *cx, struct fetch_once *f, struct str what,
                    const struct fetched *outcome);

/* ---- audit.c ---- */

struct audit {
    struct str tenant_id, actor, action, object, remote;
    struct str detail; /* JSON object; absent: {} */
};
err audit_write(struct ctx *cx, const struct audit *a);

/* ---- purge.c: expired rows, in small bites ---- */

#define PURGE_BITE 500
struct purge_cursor {
    unsigned table; /* which table of purge.c's list is walked */
    char after_tenant[64], after_key[256];
};
/* One bite inside a write closure; ret_wrapped: all tables were walked once. Also clears
 * refresh_answer after its grace and removes applications whose deletion_at has come. */
err purge_bite(struct ctx *cx, struct purge_cursor *cursor, int64_t *ret_removed,
               bool *ret_wrapped);

#endif
