/* SPDX-License-Identifier: Apache-2.0 */
/* db: one SQL text, two engines, one write queue.
 *
 * A statement is a string literal with $1, $2 ...; it runs on the connection in cx->db. Values go
 * in and columns come out through small typed tables, so every statement is reset on every path and
 * nobody can forget a bind:
 *
 *     struct str name;
 *     TRY(db_one(cx, "SELECT name FROM tenant WHERE tenant_id = $1", DB_ARGS(DB_TEXT(id)),
 * DB_COLUMNS(COLUMN_STR(&name))));
 *
 * Columns are BIGINT and TEXT only (DESIGN 5). Prepared statements are cached per connection under
 * the literal's address (SQLite); PostgreSQL sends unnamed statements with typed parameters, safe
 * behind PgBouncer.
 *
 * Reads happen on a read connection of the calling thread. Writes happen in closures (`struct
 * db_write`) that the write queue runs in batches, each inside a savepoint, and that are answered
 * only after the commit. A closure may run more than once, so its only effect is in the database
 * and in its own state. db_transaction() is the same for programs that have nothing to wait for
 * (apply, migrations, tests).
 *
 * Errors: ERR_NOT_FOUND (db_one without a row), ERR_DUPLICATE (unique violation), ERR_CONFLICT
 * (foreign key: they are enforced on both engines), ERR_RETRY (serialization failure, deadlock),
 * ERR_STORAGE (disk full, lost connection, time-out: nothing was stored), ERR_OUTCOME_UNKNOWN (I/O
 * error or lost connection at commit), ERR_INTERNAL (our own mistake). After any of them but
 * NOT_FOUND a closure is over: further statements of it fail with the same error, its OK does not
 * count. When a commit fails, so do all closures of the batch, refusals included (they may rest on
 * what was not stored). Details never hold bound values.
 */
#ifndef POSTERN_DB_H
#define POSTERN_DB_H

#include "base.h"

/* ---- db.c: connections and statements ---------------------------------------------------------
 */

struct db;      /* a database: engine, address, counters; shared by threads */
struct db_conn; /* one connection: one thread at a time */

struct db_options {
    /* "sqlite:FILE", a bare file name, or "postgresql://..." */
    const char *url;
    int busy_timeout_ms;      /* 0: 5000 */
    int connect_timeout_s;    /* 0: 5; PostgreSQL */
    int statement_timeout_ms; /* 0: 10000; PostgreSQL */
};
/* The file that this URL names; STR_NONE: it names none, or is no URL that db_open() takes. */
struct str db_file(const char *url);
/* Checks that the engine can be reached. Stored text is UTF-8. */
err db_open(struct ctx *cx, const struct db_options *options, struct db **ret_db);
void db_close(struct db *db);               /* every connection is closed before; NULL is fine */
const char *db_engine(const struct db *db); /* "sqlite" or "postgresql" */

enum db_use { DB_READ, DB_WRITE };
err db_connect(struct ctx *cx, struct db *db, enum db_use use, struct db_conn **ret_conn);
void db_disconnect(struct db_conn *conn);

enum db_type { DB_TYPE_INT, DB_TYPE_TEXT };
struct db_value {
    enum db_type type;
    bool null;
    int64_t i;
    struct str s;
};
#define DB_INT(v)  ((struct db_value){.type = DB_TYPE_INT, .i = (v)})
#define DB_BOOL(v) ((struct db_value){.type = DB_TYPE_INT, .i = (v) ? 1 : 0})
/* Absent text is NULL; text that is not str_is_text() makes the statement fail with
 * ERR_INVALID_REQUEST. */
#define DB_TEXT(v)  db_text(v)
#define DB_NULL_INT ((struct db_value){.type = DB_TYPE_INT, .null = true})
#define DB_INT_OR_NULL(v, present)                                                                 \
    ((struct db_value){.type = DB_TYPE_INT, .i = (v), .null = !(present)})
struct db_value db_text(struct str s);

struct db_args {
    const struct db_value *v;
    size_t n;
};
#define DB_ARGS(...)                                                                               \
    ((struct db_args){(const struct db_value[]){__VA_ARGS__},                                      \
                      sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)})
#define DB_NO_ARGS ((struct db_args){NULL, 0})

/* Where a column goes. Text is copied into cx->arena; NULL gives STR_NONE, 0, false. */
enum db_column_kind { COLUMN_KIND_INT, COLUMN_KIND_STR, COLUMN_KIND_BOOL };
struct db_column {
    enum db_column_kind kind;
    void *to;
};
#define COLUMN_INT(pointer)  ((struct db_column){COLUMN_KIND_INT, (int64_t *){pointer}})
#define COLUMN_STR(pointer)  ((struct db_column){COLUMN_KIND_STR, (struct str *){pointer}})
#define COLUMN_BOOL(pointer) ((struct db_column){COLUMN_KIND_BOOL, (bool *){pointer}})
struct db_columns {
    const struct db_column *c;
    size_t n;
};
#define DB_COLUMNS(...)                                                                            \
    ((struct db_columns){(const struct db_column[]){__VA_ARGS__},                                  \
                         sizeof((const struct db_column[]){__VA_ARGS__}) /                         \
                             sizeof(struct db_column)})
#define DB_NO_COLUMNS ((struct db_columns){NULL, 0})

/* `sql` is a string literal (or lives as long as the connection). */
/* Runs a statement without rows; ret_changed may be NULL. */
err db_exec(struct ctx *cx, const char *sql, struct db_args args, int64_t *ret_changed);
/* The first row; ERR_NOT_FOUND if there is none. Also for INSERT/UPDATE/DELETE ... RETURNING. */
err db_one(struct ctx *cx, const char *sql, struct db_args args, struct db_columns columns);
/* Fills the columns and calls `each` row by row; a failure of `each` ends it and is returned. */
err db_each(struct ctx *cx, const char *sql, struct db_args args, struct db_columns columns,
            err (*each)(struct ctx *cx, void *state), void *state);
/* 1 row exists? */
err db_exists(struct ctx *cx, const char *sql, struct db_args args, bool *ret_exists);

/* ---- migrate.c: numbered, forward only ----------------------------------------------------------
 */

/* db/schema/NNNN_*.sql are embedded at build time. Runs what is missing, each in a transaction,
 * under a lock that keeps other processes out. ERR_BAD_CONFIG if the database is of a newer major
 * line than this program reads. */
err db_migrate(struct ctx *cx, struct db *db);
err db_schema_version(struct ctx *cx, int64_t *ret_version); /* on cx->db; 0: empty database */
int64_t db_schema_newest(void);

/* ---- writer.c: the write queue
 * -------------------------------------------------------------------- */

/* One write of one request. Owned by the submitter, untouched by it between submit and done. */
struct db_write {
    /* Runs on a writer's thread with cx->db = the transaction. May run again. */
    err (*run)(struct ctx *cx, void *state);
    void *state;
    struct ctx *cx; /* the request's; its thread leaves it alone meanwhile */
    /* After the commit (OK) or the failure; on a writer's thread; must not block. */
    void (*done)(struct db_write *write, err result);
    void *owner;
    struct db_write *next; /* the queue's */
};

struct db_writer_options {
    size_t queue_max; /* 0: 4096 waiting writes */
    size_t batch_max; /* 0: the engine's: SQLite 256; PostgreSQL always 1 */
    unsigned writers; /* 0: the engine's: SQLite always 1, PostgreSQL 16 */
    struct log *log;
    /* Called once when a commit's outcome is unknown: stop accepting, exit, recover at start. NULL:
     * abort(). */
    void (*fatal)(void *state, const char *reason);
    void *fatal_state;
};
struct db_writer;
/* Starts the threads (for SQLite the checkpointer too). */
err db_writer_start(struct ctx *cx, struct db *db, const struct db_writer_options *options,
                    struct db_writer **ret_writer);
/* False: the queue is full or the writer is stopping; `done` is not called. Any thread. */
bool db_writer_submit(struct db_writer *w, struct db_write *write);
/* Finishes what was submitted, then stops. */
void db_writer_stop(struct db_writer *w);
/* For metrics; any thread. Batch sizes in powers of two: [0] is 1, [1] is 2, [2] is 3-4, ... */
#define DB_BATCH_BUCKETS 10
struct db_writer_stats {
    uint64_t batches, writes, refused, failed, retried;
    uint64_t commit_us;
    uint64_t batch_size[DB_BATCH_BUCKETS];
    uint64_t queued, writers, busy; /* now */
};
struct db_writer_stats db_writer_stats(const struct db_writer *w);

/* Runs the closure in a transaction of its own on cx->db (a DB_WRITE connection), repeating it on
 * ERR_RETRY. */
err db_transaction(struct ctx *cx, err (*run)(struct ctx *cx, void *state), void *state);

#endif
