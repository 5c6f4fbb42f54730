/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: one file in WAL mode, synced at every commit. A connection belongs to one thread at a
 * time (no mutexes) and keeps its prepared statements under the address of their text. */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS_FIRST            64
#define WAL_PAGES_ALONE        1000  /* without a checkpointing thread: SQLite's own default */
#define WAL_PAGES_LARGE        16384 /* 64 MB */
#define CHECKPOINT_PATIENCE_MS 200
#define WAL_ATTEMPTS           8

struct slot {
    const char *key; /* the literal; NULL: free */
    char *text; /* a copy of it: another text at the same address must not run this statement */
    sqlite3_stmt *stmt;
};

struct sqlite_conn {
    struct db_conn base;
    sqlite3 *handle;
    struct slot *slots; /* open addressing; a power of two, at most 3/4 full */
    size_t slots_n, used;
    int wal_pages; /* after the last commit here */
    int large_at;  /* when checkpoint_large acts */
};

static struct sqlite_conn *own(struct db_conn *conn) {
    return (struct sqlite_conn *)conn;
}

static bool sqlite_claims(struct str url) {
    return str_starts(url, "sqlite:") || (url.n > 0 && str_find_char(url, ':') == url.n);
}

static struct str sqlite_file(struct str url) {
    return str_starts(url, "sqlite:") ? str_sub(url, 7, url.n) : url;
}

/* ---- errors ---- */

static err error_meaning(const struct sqlite_conn *c, int rc) {
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_DUPLICATE;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERR_CONFLICT;
    default:
        break;
    }
    switch (rc & 0xff) {
    case SQLITE_READONLY:
        return c->base.use == DB_READ ? ERR_INTERNAL : ERR_STORAGE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_NOTADB:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ERR_STORAGE;
    default:
        return ERR_INTERNAL;
    }
}

/* SQLite's messages name tables and columns, never values. */
static err sqlite_fail(struct ctx *cx, const struct sqlite_conn *c, int rc, const char *sql) {
    return fail(cx, error_meaning(c, rc), "sqlite %d: %s [%.120s]", rc, sqlite3_errmsg(c->handle),
                sql);
}

/* ---- statements ---- */

/* The end of what begins at p and hides a $: a quoted text or name, a comment. NULL: p begins none.
 */
static char *opaque_end(char *p) {
    const char *close = NULL;
    if (p[0] == '\'' || p[0] == '"') {
        close = p[0] == '"' ? "\"" : "'";
    } else if (p[0] == '-' && p[1] == '-') {
        close = "\n";
    } else if (p[0] == '/' && p[1] == '*') {
        close = "*/";
    } else {
        return NULL;
    }
    size_t skip = p[0] == '/' ? 2 : 1;
    char *end = strstr(p + skip, close);
    return end != NULL ? end + strlen(close) : p + strlen(p);
}

static bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

char *sqlite_text(const char *sql) {
    char *text = strdup(sql);
    if (text == NULL) {
        return NULL;
    }
    for (char *p = text; *p != '\0';) {
        char *end = opaque_end(p);
        if (end != NULL) {
            p = end;
            continue;
        }
        bool after_name = p > text && in_name(p[-1]);
        if (p[0] == '$' && p[1] >= '0' && p[1] <= '9' && !after_name) {
            /* "$2" would be a parameter's name, numbered by first appearance: the values would
             * swap. */
            p[0] = '?';
        }
        p++;
    }
    return text;
}

static err statement_prepare(struct ctx *cx, struct sqlite_conn *c, const char *sql,
                             sqlite3_stmt **ret_stmt) {
    char *text = sqlite_text(sql);
    if (text == NULL) {
        return fail(cx, ERR_STORAGE, "out of memory");
    }
    const char *rest = NULL;
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v3(c->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &rest);
    bool whole = rc == SQLITE_OK && stmt != NULL && rest[strspn(rest, " \t\n;")] == '\0';
    free(text);
    if (rc != SQLITE_OK) {
        return sqlite_fail(cx, c, rc, sql);
    }
    if (!whole) {
        sqlite3_finalize(stmt);
        return fail(cx, ERR_INTERNAL, "not one statement [%.120s]", sql);
    }
    *ret_stmt = stmt;
    return OK;
}

static struct slot *slot_of(struct slot *slots, size_t n, const char *key) {
    size_t at = (size_t)(((uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (n - 1);
    while (slots[at].key != NULL && slots[at].key != key) {
        at = (at + 1) & (n - 1);
    }
    return &slots[at];
}

static bool slots_grow(struct sqlite_conn *c) {
    size_t n = c->slots_n == 0 ? SLOTS_FIRST : c->slots_n * 2;
    struct slot *slots = calloc(n, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < c->slots_n; i++) {
        if (c->slots[i].key != NULL) {
            *slot_of(slots, n, c->slots[i].key) = c->slots[i];
        }
    }
    free(c->slots);
    c->slots = slots;
    c->slots_n = n;
    return true;
}

static void slot_fill(struct sqlite_conn *c, struct slot *slot, const char *sql,
                      sqlite3_stmt *stmt) {
    c->used += slot->key == NULL ? 1 : 0;
    sqlite3_finalize(slot->stmt);
    free(slot->text);
    *slot = (struct slot){.key = sql, .text = strdup(sql), .stmt = stmt};
}

/* `ret_once`: the statement is not the cache's (the cached one runs further up the stack) and ends
 * with this use. */
static err statement_find(struct ctx *cx, struct sqlite_conn *c, const char *sql,
                          sqlite3_stmt **ret_stmt, bool *ret_once) {
    *ret_once = false;
    if (c->used * 4 >= c->slots_n * 3 && !slots_grow(c)) {
        return fail(cx, ERR_STORAGE, "out of memory");
    }
    struct slot *slot = slot_of(c->slots, c->slots_n, sql);
    if (slot->key != NULL && slot->text != NULL && strcmp(slot->text, sql) == 0 &&
        !sqlite3_stmt_busy(slot->stmt)) {
        *ret_stmt = slot->stmt;
        return OK;
    }
    TRY(statement_prepare(cx, c, sql, ret_stmt));
    if (slot->key != NULL && sqlite3_stmt_busy(slot->stmt)) {
        *ret_once = true;
        return OK;
    }
    slot_fill(c, slot, sql, *ret_stmt);
    return OK;
}

static int value_bind(sqlite3_stmt *stmt, int at, const struct db_value *v) {
    if (v->null) {
        return sqlite3_bind_null(stmt, at);
    }
    if (v->type == DB_TYPE_INT) {
        return sqlite3_bind_int64(stmt, at, v->i);
    }
    /* The value outlives the step, and the binding is cleared after it. */
    return sqlite3_bind_text64(stmt, at, v->s.p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
}

static err values_bind(struct ctx *cx, struct sqlite_conn *c, sqlite3_stmt *stmt,
                       const struct db_statement *s) {
    if ((size_t)sqlite3_bind_parameter_count(stmt) != s->args.n) {
        return fail(cx, ERR_INTERNAL, "%zu values for %d parameters [%.120s]", s->args.n,
                    sqlite3_bind_parameter_count(stmt), s->sql);
    }
    for (size_t i = 0; i < s->args.n; i++) {
        int rc = value_bind(stmt, (int)i + 1, &s->args.v[i]);
        if (rc != SQLITE_OK) {
            return sqlite_fail(cx, c, rc, s->sql);
        }
    }
    return OK;
}

static err row_store(struct ctx *cx, sqlite3_stmt *stmt, const struct db_statement *s) {
    if ((size_t)sqlite3_column_count(stmt) < s->columns.n) {
        return fail(cx, ERR_INTERNAL, "too few columns [%.120s]", s->sql);
    }
    for (size_t i = 0; i < s->columns.n; i++) {
        const struct db_column *c = &s->columns.c[i];
        int at = (int)i;
        switch (sqlite3_column_type(stmt, at)) {
        case SQLITE_NULL:
            db_column_null(c);
            break;
        case SQLITE_INTEGER:
            TRY(db_column_int(cx, c, sqlite3_column_int64(stmt, at)));
            break;
        case SQLITE_TEXT: {
            const char *p = (const char *)sqlite3_column_text(stmt, at);
            if (p == NULL) {
                return fail(cx, ERR_STORAGE, "out of memory");
            }
            TRY(db_column_text(cx, c, (struct str){p, (size_t)sqlite3_column_bytes(stmt, at)}));
            break;
        }
        default:
            return fail(cx, ERR_INTERNAL, "a column is neither number nor text [%.120s]", s->sql);
        }
    }
    return OK;
}

static err rows_read(struct ctx *cx, struct sqlite_conn *c, sqlite3_stmt *stmt,
                     const struct db_statement *s, struct db_outcome *out) {
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (!out->row || !s->first_only) {
            TRY(row_store(cx, stmt, s));
        }
        out->row = true;
        if (s->each != NULL) {
            err e = s->each(cx, s->state);
            out->caller = e != OK;
            TRY(e);
        }
        if (s->first_only && sqlite3_stmt_readonly(stmt)) {
            return OK; /* a write runs to its end */
        }
    }
    return rc == SQLITE_DONE ? OK : sqlite_fail(cx, c, rc, s->sql);
}

static err sqlite_run(struct ctx *cx, struct db_conn *conn, const struct db_statement *s,
                      struct db_outcome *out) {
    struct sqlite_conn *c = own(conn);
    sqlite3_stmt *stmt = NULL;
    bool once = false;
    TRY(statement_find(cx, c, s->sql, &stmt, &once));
    int64_t before = sqlite3_total_changes64(c->handle);
    err e = values_bind(cx, c, stmt, s);
    if (e == OK) {
        e = rows_read(cx, c, stmt, s, out);
    }
    if (e == OK && sqlite3_total_changes64(c->handle) != before) {
        out->changed = sqlite3_changes64(c->handle);
    }
    /* On every path: an open statement would hold its snapshot and block the log's truncation. */
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    if (once) {
        sqlite3_finalize(stmt);
    }
    return e;
}

/* ---- transactions ---- */

static int plain(struct ctx *cx, struct sqlite_conn *c, const char *sql) {
    sqlite3_stmt *stmt;
    bool once;
    if (statement_find(cx, c, sql, &stmt, &once) != OK) {
        return SQLITE_NOMEM;
    }
    int rc = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    if (once) {
        sqlite3_finalize(stmt);
    }
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static err plain_or_fail(struct ctx *cx, struct db_conn *conn, const char *sql) {
    int rc = plain(cx, own(conn), sql);
    return rc == SQLITE_OK ? OK : sqlite_fail(cx, own(conn), rc, sql);
}

static err sqlite_begin(struct ctx *cx, struct db_conn *conn) {
    /* IMMEDIATE: another process may write too, and only the beginning may wait for it. */
    return plain_or_fail(cx, conn, "BEGIN IMMEDIATE");
}

static void sqlite_rollback(struct db_conn *conn) {
    struct sqlite_conn *c = own(conn);
    if (!sqlite3_get_autocommit(c->handle)) {
        /* Its failure means that SQLite rolled back by itself. */
        sqlite3_exec(c->handle, "ROLLBACK", NULL, NULL, NULL);
    }
}

static err sqlite_commit(struct ctx *cx, struct db_conn *conn) {
    struct sqlite_conn *c = own(conn);
    if (sqlite3_get_autocommit(c->handle)) {
        return fail(cx, ERR_STORAGE, "sqlite rolled the transaction back before its commit");
    }
    int rc = plain(cx, c, "COMMIT");
    if (rc == SQLITE_OK) {
        return OK;
    }
    err e = sqlite_fail(cx, c, rc, "COMMIT");
    bool open = !sqlite3_get_autocommit(c->handle);
    sqlite_rollback(conn);
    if (open || (rc & 0xff) == SQLITE_FULL) {
        /* A full disk cuts the log before the frame that would make the transaction count. */
        return e;
    }
    return fail(cx, ERR_OUTCOME_UNKNOWN, "sqlite %d at COMMIT: %s", rc, sqlite3_errstr(rc));
}

static bool sqlite_gone(struct db_conn *conn) {
    return conn->in_transaction && sqlite3_get_autocommit(own(conn)->handle);
}

static err sqlite_savepoint(struct ctx *cx, struct db_conn *conn) {
    return plain_or_fail(cx, conn, "SAVEPOINT closure");
}

static err sqlite_release(struct ctx *cx, struct db_conn *conn) {
    return plain_or_fail(cx, conn, "RELEASE closure");
}

static err sqlite_rewind(struct ctx *cx, struct db_conn *conn) {
    TRY(plain_or_fail(cx, conn, "ROLLBACK TO closure"));
    return plain_or_fail(cx, conn, "RELEASE closure");
}

/* ---- the log ---- */

/* Its return value would become the commit's. */
static int committed(void *state, sqlite3 *handle, const char *name, int pages) {
    struct sqlite_conn *c = state;
    c->wal_pages = pages;
    if (pages >= WAL_PAGES_ALONE && !atomic_load(&c->base.db->checkpointed)) {
        sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    return SQLITE_OK;
}

static void sqlite_checkpoint(struct db_conn *conn) {
    sqlite3_wal_checkpoint_v2(own(conn)->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void sqlite_checkpoint_large(struct db_conn *conn) {
    struct sqlite_conn *c = own(conn);
    if (c->wal_pages < c->large_at) {
        return;
    }
    /* RESTART waits for readers, so that the next commit begins the log anew. */
    sqlite3_busy_timeout(c->handle, CHECKPOINT_PATIENCE_MS);
    int rc = sqlite3_wal_checkpoint_v2(c->handle, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    sqlite3_busy_timeout(c->handle, conn->db->busy_timeout_ms);
    /* In the way of a reader that stays: not again before the log has grown by as much. */
    c->large_at = rc == SQLITE_OK ? WAL_PAGES_LARGE : c->wal_pages + WAL_PAGES_LARGE;
}

/* ---- connections ---- */

static void sqlite_disconnect(struct db_conn *conn) {
    struct sqlite_conn *c = own(conn);
    for (size_t i = 0; i < c->slots_n; i++) {
        sqlite3_finalize(c->slots[i].stmt);
        free(c->slots[i].text);
    }
    free(c->slots);
    sqlite3_close(c->handle);
    free(c);
}

static err pragmas_set(struct ctx *cx, struct sqlite_conn *c) {
    static const char *const always =
        "PRAGMA synchronous=FULL; PRAGMA cache_size=-512; PRAGMA mmap_size=0;"
        "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;"
        "PRAGMA journal_size_limit=67108864";
    int rc = sqlite3_exec(c->handle, always, NULL, NULL, NULL);
    if (rc == SQLITE_OK && c->base.use == DB_READ) {
        rc = sqlite3_exec(c->handle, "PRAGMA query_only=ON", NULL, NULL, NULL);
    }
    return rc == SQLITE_OK ? OK : sqlite_fail(cx, c, rc, "PRAGMA");
}

/* A file that is new takes the mode of its log and its log's index from it. Only a new one: closing
 * a descriptor of an open database would drop SQLite's locks on it. */
static err file_create(struct ctx *cx, const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    } else if (errno != EEXIST) {
        return fail_say(cx, ERR_BAD_CONFIG, "The database %s cannot be made: %s", path,
                        strerror(errno));
    }
    return OK;
}

static err sqlite_connect(struct ctx *cx, struct db *db, enum db_use use,
                          struct db_conn **ret_conn) {
    struct sqlite_conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return fail(cx, ERR_STORAGE, "out of memory");
    }
    c->base = (struct db_conn){.db = db, .use = use};
    c->large_at = WAL_PAGES_LARGE;
    int rc =
        sqlite3_open_v2(db->address, &c->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        err e = fail(cx, ERR_STORAGE, "sqlite %d: %s: %s", rc, sqlite3_errstr(rc), db->address);
        sqlite_disconnect(&c->base);
        return e;
    }
    sqlite3_extended_result_codes(c->handle, 1);
    sqlite3_busy_timeout(c->handle, db->busy_timeout_ms);
    sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    err e = pragmas_set(cx, c);
    if (e != OK) {
        sqlite_disconnect(&c->base);
        return e;
    }
    if (use == DB_WRITE) {
        sqlite3_wal_hook(c->handle, committed, c);
    }
    *ret_conn = &c->base;
    return OK;
}

static err wal_enter(struct ctx *cx, struct sqlite_conn *c) {
    static const char *const sql = "PRAGMA journal_mode=WAL";
    struct str mode = STR_NONE;
    const struct db_column column = COLUMN_STR(&mode);
    const struct db_statement s = {.sql = sql, .columns = {&column, 1}};
    struct db_outcome out = {0};
    err e = OK;
    /* Two that enter at once: SQLite answers BUSY here without waiting. */
    for (unsigned attempt = 1; attempt <= WAL_ATTEMPTS; attempt++) {
        e = sqlite_run(cx, &c->base, &s, &out);
        if (e == OK || (sqlite3_errcode(c->handle) & 0xff) != SQLITE_BUSY) {
            break;
        }
        db_retry_pause(attempt);
    }
    TRY(e);
    return str_is(mode, "wal")
               ? OK
               : fail_say(cx, ERR_BAD_CONFIG, "The database %s cannot be in WAL mode",
                          c->base.db->address);
}

static err sqlite_open(struct ctx *cx, struct db *db, const char *url) {
    /* Refused after the first use of SQLite in this process; then it is set already, or as its user
     * wants it. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct str path = sqlite_file(str_from(url));
    if (path.n == 0 || path.p[0] == ':') {
        return fail_say(cx, ERR_BAD_CONFIG, "The SQLite database needs a file name");
    }
    db->address = strndup(path.p, path.n);
    if (db->address == NULL) {
        return fail(cx, ERR_STORAGE, "out of memory");
    }
    TRY(file_create(cx, db->address));
    struct db_conn *conn;
    TRY(sqlite_connect(cx, db, DB_WRITE, &conn));
    err e = wal_enter(cx, own(conn));
    sqlite_disconnect(conn);
    return e;
}

const struct db_driver db_sqlite = {
    .name = "sqlite",
    .claims = sqlite_claims,
    .file = sqlite_file,
    .writers = 1,
    .writers_max = 1,
    .batch = 256,
    .batch_max = 4096,
    .unknown_is_fatal = true,
    .table_sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1",
    .open = sqlite_open,
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .run = sqlite_run,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .gone = sqlite_gone,
    .savepoint = sqlite_savepoint,
    .release = sqlite_release,
    .rewind = sqlite_rewind,
    .checkpoint = sqlite_checkpoint,
    .checkpoint_large = sqlite_checkpoint_large,
};
