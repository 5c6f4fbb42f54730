/* SPDX-License-Identifier: Apache-2.0 */
/* The face of the two engines: finds the driver, moves columns, and keeps the rules that are the
 * same on both. */
#include "driver.h"

#include <stdlib.h>
#include <time.h>

static const struct db_driver *const drivers[] = {&db_postgres, &db_sqlite};

#define BUSY_TIMEOUT_MS      5000
#define CONNECT_TIMEOUT_S    5
#define STATEMENT_TIMEOUT_MS 10000

static const struct db_driver *driver_find(struct str url) {
    for (size_t i = 0; i < COUNT_OF(drivers); i++) {
        if (drivers[i]->claims(url)) {
            return drivers[i];
        }
    }
    return NULL;
}

struct str db_file(const char *url) {
    const struct db_driver *driver = driver_find(str_from(url));
    return driver != NULL && driver->file != NULL ? driver->file(str_from(url)) : STR_NONE;
}

err db_open(struct ctx *cx, const struct db_options *options, struct db **ret_db) {
    const struct db_driver *driver = driver_find(str_from(options->url));
    if (driver == NULL) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "The database must be sqlite:FILE, a file name or postgresql://...");
    }
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL) {
        return fail(cx, ERR_STORAGE, "out of memory");
    }
    db->driver = driver;
    db->busy_timeout_ms = options->busy_timeout_ms > 0 ? options->busy_timeout_ms : BUSY_TIMEOUT_MS;
    db->connect_timeout_s =
        options->connect_timeout_s > 0 ? options->connect_timeout_s : CONNECT_TIMEOUT_S;
    db->statement_timeout_ms =
        options->statement_timeout_ms > 0 ? options->statement_timeout_ms : STATEMENT_TIMEOUT_MS;
    err e = driver->open(cx, db, options->url);
    if (e != OK) {
        db_close(db);
        return e;
    }
    *ret_db = db;
    return OK;
}

void db_close(struct db *db) {
    if (db == NULL) {
        return;
    }
    if (db->address != NULL) {
        secret_wipe(db->address, str_from(db->address).n);
    }
    free(db->address);
    free(db->settings);
    free(db);
}

const char *db_engine(const struct db *db) {
    return db->driver->name;
}

err db_connect(struct ctx *cx, struct db *db, enum db_use use, struct db_conn **ret_conn) {
    return db->driver->connect(cx, db, use, ret_conn);
}

void db_disconnect(struct db_conn *conn) {
    if (conn != NULL) {
        conn->db->driver->disconnect(conn);
    }
}

struct db_value db_text(struct str s) {
    return (struct db_value){.type = DB_TYPE_TEXT, .s = s, .null = s.p == NULL};
}

/* ---- columns ---- */

void db_column_null(const struct db_column *c) {
    switch (c->kind) {
    case COLUMN_KIND_INT:
        *(int64_t *)c->to = 0;
        return;
    case COLUMN_KIND_STR:
        *(struct str *)c->to = STR_NONE;
        return;
    case COLUMN_KIND_BOOL:
        *(bool *)c->to = false;
        return;
    }
}

err db_column_int(struct ctx *cx, const struct db_column *c, int64_t v) {
    switch (c->kind) {
    case COLUMN_KIND_INT:
        *(int64_t *)c->to = v;
        return OK;
    case COLUMN_KIND_BOOL:
        *(bool *)c->to = v != 0;
        return OK;
    case COLUMN_KIND_STR:
        break;
    }
    return fail(cx, ERR_INTERNAL, "a number came for a text column");
}

err db_column_text(struct ctx *cx, const struct db_column *c, struct str v) {
    if (c->kind != COLUMN_KIND_STR) {
        return fail(cx, ERR_INTERNAL, "text came for a number column");
    }
    *(struct str *)c->to = str_copy(cx->arena, v);
    return OK;
}

/* ---- statements ---- */

static err values_check(struct ctx *cx, struct db_args args) {
    for (size_t i = 0; i < args.n; i++) {
        const struct db_value *v = &args.v[i];
        if (v->type == DB_TYPE_TEXT && !v->null && !str_is_text(v->s)) {
            return fail(cx, ERR_INVALID_REQUEST, "value %zu is not UTF-8 text without NUL", i + 1);
        }
    }
    return OK;
}

/* Every statement passes here. In a transaction the first failure is the end: PostgreSQL would
 * refuse all that follows, SQLite would go on with half of the closure. */
static err statement_run(struct ctx *cx, const struct db_statement *s, struct db_outcome *out) {
    struct db_conn *conn = cx->db;
    if (conn->dead != OK) {
        return conn->dead;
    }
    err e = values_check(cx, s->args);
    if (e == OK) {
        e = conn->db->driver->run(cx, conn, s, out);
    }
    if (e != OK && conn->in_transaction && !out->caller) {
        conn->dead = e;
    }
    return e;
}

err db_exec(struct ctx *cx, const char *sql, struct db_args args, int64_t *ret_changed) {
    const struct db_statement s = {.sql = sql, .args = args};
    struct db_outcome out = {0};
    TRY(statement_run(cx, &s, &out));
    if (ret_changed != NULL) {
        *ret_changed = out.changed;
    }
    return OK;
}

err db_one(struct ctx *cx, const char *sql, struct db_args args, struct db_columns columns) {
    const struct db_statement s = {
        .sql = sql, .args = args, .columns = columns, .first_only = true};
    struct db_outcome out = {0};
    TRY(statement_run(cx, &s, &out));
    return out.row ? OK : fail(cx, ERR_NOT_FOUND, "no row");
}

err db_each(struct ctx *cx, const char *sql, struct db_args args, struct db_columns columns,
            err (*each)(struct ctx *cx, void *state), void *state) {
    const struct db_statement s = {
        .sql = sql, .args = args, .columns = columns, .each = each, .state = state};
    struct db_outcome out = {0};
    return statement_run(cx, &s, &out);
}

err db_exists(struct ctx *cx, const char *sql, struct db_args args, bool *ret_exists) {
    const struct db_statement s = {.sql = sql, .args = args, .first_only = true};
    struct db_outcome out = {0};
    TRY(statement_run(cx, &s, &out));
    *ret_exists = out.row;
    return OK;
}

/* ---- transactions ---- */

err db_begin(struct ctx *cx, struct db_conn *conn) {
    if (conn->use != DB_WRITE || conn->in_transaction) {
        return fail(cx, ERR_INTERNAL, "no transaction can begin on this connection");
    }
    TRY(conn->db->driver->begin(cx, conn));
    conn->in_transaction = true;
    conn->dead = OK;
    return OK;
}

err db_commit(struct ctx *cx, struct db_conn *conn) {
    err e = conn->db->driver->commit(cx, conn);
    conn->in_transaction = false;
    conn->dead = OK;
    return e;
}

void db_rollback(struct db_conn *conn) {
    conn->db->driver->rollback(conn);
    conn->in_transaction = false;
    conn->dead = OK;
}

err db_closure(struct ctx *cx, struct db_conn *conn, err (*run)(struct ctx *, void *),
               void *state) {
    struct db_conn *before = cx->db;
    cx->db = conn;
    err e = run(cx, state);
    cx->db = before;
    if (e == OK && conn->dead != OK) {
        return fail(cx, conn->dead, "the closure went on after a failed statement");
    }
    return e;
}

void db_retry_pause(unsigned attempt) {
    /* 1, 2, 4 ... 64 ms, and up to as much again, so that the two that met do not meet again. */
    long ms = 1L << (attempt < 7 ? attempt - 1 : 6);
    long us = ms * 1000 + (long)(clock_monotonic_us() % (ms * 1000));
    const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

static err transaction_attempt(struct ctx *cx, err (*run)(struct ctx *cx, void *state),
                               void *state) {
    struct db_conn *conn = cx->db;
    TRY(db_begin(cx, conn));
    err e = db_closure(cx, conn, run, state);
    if (conn->db->driver->gone(conn)) {
        /* The closure's own answer stands only if nothing of it was meant to stay. */
        e = e != OK ? e : fail(cx, ERR_STORAGE, "the engine rolled the transaction back");
    }
    if (e != OK) {
        db_rollback(conn);
        return e;
    }
    return db_commit(cx, conn);
}

err db_transaction(struct ctx *cx, err (*run)(struct ctx *cx, void *state), void *state) {
    for (unsigned attempt = 1;; attempt++) {
        err e = transaction_attempt(cx, run, state);
        if (e != ERR_RETRY || attempt == DB_ATTEMPTS_MAX) {
            return e;
        }
        db_retry_pause(attempt);
        cx->failure = (struct failure){.code = OK};
    }
}
