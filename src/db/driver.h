/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine must be able to do: one driver is one file and one row of the table in db.c.
 * Private to db/ and its tests. db.c keeps the rules that are the same on every engine (a
 * transaction is over after its first failed statement, who may write); drivers move values, name
 * errors and guard their connection. */
#ifndef POSTERN_DRIVER_H
#define POSTERN_DRIVER_H

#include "db.h"

#include <stdatomic.h>

struct db_driver;

struct db {
    const struct db_driver *driver;
    char *address; /* what the driver opens: a file, or a PostgreSQL URL (may hold a password: never
                      logged) */
    char *settings; /* PostgreSQL: the startup `options` that the URL brought; else NULL */
    int busy_timeout_ms;
    int connect_timeout_s;
    int statement_timeout_ms;
    atomic_bool checkpointed; /* SQLite: a thread of the writer checkpoints */
};

/* Drivers extend it: it is the first member of theirs. */
struct db_conn {
    struct db *db;
    enum db_use use;
    bool in_transaction;
    err dead; /* a statement failed: the transaction must be rolled back (or rewound) */
};

struct db_statement {
    const char *sql;
    struct db_args args;
    struct db_columns columns;
    bool first_only;
    err (*each)(struct ctx *cx, void *state); /* may be NULL */
    void *state;
};
struct db_outcome {
    int64_t changed;
    bool row;    /* there was at least one */
    bool caller; /* the failure is the callback's, the statement's was none */
};

/* An `err` of a driver says what happened to the database; the detail is in cx. */
struct db_driver {
    const char *name;
    bool (*claims)(struct str url);
    struct str (*file)(struct str url); /* where it is stored; NULL: not in a file of ours */
    unsigned writers, writers_max;      /* threads of the write queue: ordinary, most */
    size_t batch, batch_max;            /* closures in a commit */
    bool unknown_is_fatal; /* after a commit without a known end the process must recover the
                              database anew */
    const char *table_sql; /* a row if the table $1 exists */

    /* Parses db->address (what follows the scheme is the driver's business) and checks that it can
     * be used. */
    err (*open)(struct ctx *cx, struct db *db, const char *url);
    err (*connect)(struct ctx *cx, struct db *db, enum db_use use, struct db_conn **ret_conn);
    void (*disconnect)(struct db_conn *conn);
    err (*run)(struct ctx *cx, struct db_conn *conn, const struct db_statement *s,
               struct db_outcome *out);

    err (*begin)(struct ctx *cx, struct db_conn *conn);
    /* ERR_OUTCOME_UNKNOWN if it may be stored; any other failure: nothing is, and the transaction
     * is over. */
    err (*commit)(struct ctx *cx, struct db_conn *conn);
    void (*rollback)(struct db_conn *conn);
    /* The engine ended the transaction by itself (full disk, lost connection): everything in it is
     * gone. */
    bool (*gone)(struct db_conn *conn);
    /* A closure of a batch; NULL where batch_max is 1. */
    err (*savepoint)(struct ctx *cx, struct db_conn *conn);
    err (*release)(struct ctx *cx, struct db_conn *conn);
    err (*rewind)(struct ctx *cx, struct db_conn *conn);

    /* First in a transaction that migrates: keeps other processes out, lifts the time limits. May
     * be NULL. */
    err (*migration_lock)(struct ctx *cx, struct db_conn *conn);
    /* Moves the log into the file as far as no one is in the way. NULL: nothing to do. */
    void (*checkpoint)(struct db_conn *conn);
    /* By the writer between two batches: does it itself when the log is too long. */
    void (*checkpoint_large)(struct db_conn *conn);
};
extern const struct db_driver db_sqlite, db_postgres;

/* ---- db.c: for drivers and writer
 * ------------------------------------------------------------------ */

/* Stores a column's value where it belongs; fails if the kind does not fit. */
void db_column_null(const struct db_column *c);
err db_column_int(struct ctx *cx, const struct db_column *c, int64_t v);
err db_column_text(struct ctx *cx, const struct db_column *c, struct str v);

/* A transaction around closures: begin; any number of closures; commit or rollback. */
err db_begin(struct ctx *cx, struct db_conn *conn);
err db_commit(struct ctx *cx, struct db_conn *conn);
void db_rollback(struct db_conn *conn);
/* Runs a closure with cx->db = conn; its OK counts only if every statement of it was. */
err db_closure(struct ctx *cx, struct db_conn *conn, err (*run)(struct ctx *, void *), void *state);

/* ERR_RETRY: how often a closure runs before that is its answer, and how long to wait before
 * attempt n (1, 2, ...). */
#define DB_ATTEMPTS_MAX 12
void db_retry_pause(unsigned attempt);

/* ---- sqlite.c
 * ---------------------------------------------------------------------------------------- */

/* A copy (malloc) with $1 as ?1 outside of quotes, names and comments. */
char *sqlite_text(const char *sql);

/* ---- migrate.c
 * ---------------------------------------------------------------------------------------- */

struct db_migration {
    int64_t number;
    const char *name;
    const char *const *statements; /* NULL ends */
};
/* Made from schema/NNNN_*.sql at build time, in order of number. */
extern const struct db_migration db_migrations[];
extern const size_t db_migrations_n;
err db_migrate_with(struct ctx *cx, struct db *db, const struct db_migration *list, size_t n);

#endif
