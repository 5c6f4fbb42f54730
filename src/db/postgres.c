/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL by libpq: unnamed statements with typed parameters, one transaction a closure. Every
 * exchange is one round trip in pipeline mode (BEGIN travels with the first statement) and has a
 * deadline of ours beside the server's. Nothing is kept in the session, so PgBouncer may stand
 * between (with `ignore_startup_parameters = options`). */
#include "driver.h"

#include <endian.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define OID_BOOL 16
#define OID_INT8 20
#define OID_INT2 21
#define OID_INT4 23
#define OID_TEXT 25

#define PARAMETERS_MAX 64
/* The server ends a statement; this is for a server that does not answer at all. */
#define GRACE_MS 3000
/* Of the migrations of all Postern processes on one database. */
#define MIGRATION_LOCK_SQL "SELECT pg_advisory_xact_lock(7239837221)"

struct pg_conn {
    struct db_conn base;
    PGconn *pg;         /* NULL: lost; made anew by the next use outside of a transaction */
    bool begin_pending; /* BEGIN goes with the first statement */
    bool patient;       /* no deadline of ours until the transaction ends (migrations) */
};

static struct pg_conn *own(struct db_conn *conn) {
    return (struct pg_conn *)conn;
}

static bool pg_claims(struct str url) {
    return str_starts(url, "postgresql://") || str_starts(url, "postgres://");
}

static void pg_drop(struct pg_conn *c) {
    PQfinish(c->pg);
    c->pg = NULL;
}

/* ---- errors ---- */

static const struct {
    const char *state; /* SQLSTATE or the beginning of it; the first row that fits counts */
    err meaning;
} meanings[] = {
    {"23505", ERR_DUPLICATE}, /* unique_violation */
    {"23503", ERR_CONFLICT},  /* foreign_key_violation */
    {"40001", ERR_RETRY},     /* serialization_failure */
    {"40P01", ERR_RETRY},     /* deadlock_detected */
    {"55P03", ERR_STORAGE},   /* lock_not_available: lock_timeout */
    {"57", ERR_STORAGE},      /* operator intervention: statement_timeout, shutdown */
    {"53", ERR_STORAGE},      /* disk full, out of memory, too many connections */
    {"58", ERR_STORAGE},      /* I/O error */
    {"08P01", ERR_INTERNAL},  /* protocol_violation: values do not fit the parameters */
    {"08", ERR_STORAGE},      /* connection */
    {"XX001", ERR_STORAGE},   /* data_corrupted */
    {"XX002", ERR_STORAGE},   /* index_corrupted */
};

static err state_meaning(const struct pg_conn *c, const char *state) {
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (strncmp(state, meanings[i].state, strlen(meanings[i].state)) == 0) {
            return meanings[i].meaning;
        }
    }
    /* read_only_sql_transaction: on a connection for writes the server has become a standby. */
    bool standby = strcmp(state, "25006") == 0 && c->base.use == DB_WRITE;
    return standby ? ERR_STORAGE : ERR_INTERNAL;
}

/* Only the primary message: the detail has values ("Key (x)=(secret) already exists"), and so may
 * the message of class 22. */
static err result_fail(struct ctx *cx, const struct pg_conn *c, const PGresult *r,
                       const char *sql) {
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    if (state == NULL) {
        return fail(cx, ERR_STORAGE, "postgresql: connection lost [%.120s]", sql);
    }
    bool values = strncmp(state, "22", 2) == 0;
    return fail(cx, state_meaning(c, state), "postgresql %s: %.140s [%.120s]", state,
                message == NULL || values ? "-" : message, sql);
}

static err lost_fail(struct ctx *cx, struct pg_conn *c, const PGresult *r, const char *sql) {
    const char *state = r != NULL ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    pg_drop(c);
    return fail(cx, ERR_STORAGE, "postgresql: connection lost (%s) [%.120s]",
                state != NULL ? state : "no answer", sql);
}

/* ---- connections ---- */

static void notice_ignore(void *state, const PGresult *r) {
    (void)state;
    (void)r;
}

/* The URL's own options come last: they win. */
static struct str options_text(struct ctx *cx, const struct db *db, enum db_use use) {
    return str_format(cx->arena, "-c statement_timeout=%d -c lock_timeout=%d%s %s",
                      db->statement_timeout_ms, db->busy_timeout_ms,
                      use == DB_READ ? " -c default_transaction_read_only=on" : "",
                      db->settings != NULL ? db->settings : "");
}

static err pg_link(struct ctx *cx, struct pg_conn *c) {
    const struct db *db = c->base.db;
    const char *options = str_z(cx->arena, options_text(cx, db, c->base.use));
    const char *wait = str_z(cx->arena, str_format(cx->arena, "%d", db->connect_timeout_s));
    const char *silence =
        str_z(cx->arena, str_format(cx->arena, "%d", db->statement_timeout_ms + GRACE_MS));
    /* What stands before dbname is a default for the URL, what stands after it is ours to say. */
    const char *const keys[] = {
        "connect_timeout", "tcp_user_timeout", "gssencmode", "fallback_application_name",
        "dbname",          "client_encoding",  "options",    NULL};
    const char *const values[] = {wait,        silence, "disable", "postern",
                                  db->address, "UTF8",  options,   NULL};
    c->pg = PQconnectdbParams(keys, values, 1);
    if (PQstatus(c->pg) == CONNECTION_OK && PQsetnonblocking(c->pg, 1) == 0 &&
        PQenterPipelineMode(c->pg) == 1) {
        PQsetNoticeReceiver(c->pg, notice_ignore, NULL);
        return OK;
    }
    struct str why = str_trim(str_from(PQerrorMessage(c->pg)));
    err e = fail(cx, ERR_STORAGE, "postgresql: no connection: %.*s", STR_ARG(why));
    pg_drop(c);
    return e;
}

static void pg_disconnect(struct db_conn *conn) {
    pg_drop(own(conn));
    free(conn);
}

static err pg_connect(struct ctx *cx, struct db *db, enum db_use use, struct db_conn **ret_conn) {
    struct pg_conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return fail(cx, ERR_STORAGE, "out of memory");
    }
    c->base = (struct db_conn){.db = db, .use = use};
    err e = pg_link(cx, c);
    if (e != OK) {
        pg_disconnect(&c->base);
        return e;
    }
    *ret_conn = &c->base;
    return OK;
}

/* ---- one exchange ---- */

/* Until a result (or the end of them) can be taken without waiting. False: lost, or no answer in
 * time. */
static bool answer_wait(struct pg_conn *c, int64_t deadline_us) {
    for (;;) {
        int unsent = PQflush(c->pg);
        if (unsent < 0) {
            return false;
        }
        if (unsent == 0 && !PQisBusy(c->pg)) {
            return true;
        }
        int64_t left_ms = (deadline_us - clock_monotonic_us()) / 1000;
        struct pollfd p = {.fd = PQsocket(c->pg),
                           .events = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0))};
        if (!c->patient && left_ms <= 0) {
            return false;
        }
        if (poll(&p, 1, c->patient ? -1 : (int)left_ms) > 0 && !PQconsumeInput(c->pg)) {
            return false;
        }
    }
}

static bool result_is_failure(const PGresult *r) {
    ExecStatusType status = PQresultStatus(r);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

/* Reads up to the synchronization point. *ret_result: the first failure, else the last result; NULL
 * if there was none. False: the connection is lost (*ret_result may say why). */
static bool answers_read(struct pg_conn *c, PGresult **ret_result) {
    int64_t limit_us = (int64_t)(c->base.db->statement_timeout_ms + GRACE_MS) * 1000;
    int64_t deadline_us = clock_monotonic_us() + limit_us;
    PGresult *keep = NULL;
    for (;;) {
        *ret_result = keep;
        if (!answer_wait(c, deadline_us)) {
            return false;
        }
        PGresult *r = PQgetResult(c->pg);
        if (r == NULL && PQstatus(c->pg) == CONNECTION_OK) {
            continue; /* the end of one statement's results */
        }
        if (r == NULL || PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
            PQclear(r);
            return r != NULL && PQstatus(c->pg) == CONNECTION_OK;
        }
        if (keep != NULL && result_is_failure(keep)) {
            PQclear(r);
            continue;
        }
        PQclear(keep);
        keep = r;
    }
}

struct parameters {
    Oid types[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX];
    int formats[PARAMETERS_MAX];
    uint64_t numbers[PARAMETERS_MAX];
};

/* Binary, so that text needs no NUL; typed, NULL too: untyped parameters fail in arithmetic and in
 * "$1 IS NULL". */
static void parameter_set(struct parameters *p, size_t i, const struct db_value *v) {
    bool number = v->type == DB_TYPE_INT;
    p->types[i] = number ? OID_INT8 : OID_TEXT;
    p->formats[i] = 1;
    p->values[i] = v->s.p;
    p->lengths[i] = (int)v->s.n;
    if (number) {
        p->numbers[i] = htobe64((uint64_t)v->i);
        p->values[i] = (const char *)&p->numbers[i];
        p->lengths[i] = sizeof p->numbers[i];
    }
    if (v->null) {
        p->values[i] = NULL;
    }
}

static bool plain_send(struct pg_conn *c, const char *sql) {
    return PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

static bool statement_send(struct pg_conn *c, const struct db_statement *s) {
    struct parameters p;
    for (size_t i = 0; i < s->args.n; i++) {
        parameter_set(&p, i, &s->args.v[i]);
    }
    if (c->begin_pending && !plain_send(c, "BEGIN ISOLATION LEVEL READ COMMITTED")) {
        return false;
    }
    return PQsendQueryParams(c->pg, s->sql, (int)s->args.n, p.types, p.values, p.lengths, p.formats,
                             0) == 1 &&
           PQpipelineSync(c->pg) == 1;
}

/* One round trip. The result is the caller's. */
static err exchange(struct ctx *cx, struct pg_conn *c, const struct db_statement *s,
                    PGresult **ret_result) {
    if (c->pg == NULL) {
        return fail(cx, ERR_STORAGE, "postgresql: the connection was lost before");
    }
    PGresult *r = NULL;
    bool answered = statement_send(c, s) && answers_read(c, &r);
    err e = OK;
    if (!answered) {
        e = lost_fail(cx, c, r, s->sql);
    } else if (r == NULL) {
        e = fail(cx, ERR_INTERNAL, "postgresql: no result [%.120s]", s->sql);
    } else if (result_is_failure(r)) {
        e = result_fail(cx, c, r, s->sql);
    }
    if (e != OK) {
        PQclear(r);
        return e;
    }
    *ret_result = r;
    return OK;
}

/* Nothing can have been stored before this statement: a connection that went while it was idle is
 * replaced unseen. */
static bool is_first(const struct pg_conn *c) {
    return c->base.in_transaction ? c->begin_pending : c->base.use == DB_READ;
}

static err exchange_or_reconnect(struct ctx *cx, struct pg_conn *c, const struct db_statement *s,
                                 PGresult **ret_result) {
    bool outside = !c->base.in_transaction;
    bool first = is_first(c);
    bool fresh = c->pg == NULL && (first || outside);
    if (fresh) {
        TRY(pg_link(cx, c));
    }
    err e = exchange(cx, c, s, ret_result);
    if (e == ERR_STORAGE && c->pg == NULL && first && !fresh) {
        TRY(pg_link(cx, c));
        e = exchange(cx, c, s, ret_result);
    }
    if (e != OK && c->pg == NULL && outside && !first) {
        /* A write that commits by itself. */
        return fail(cx, ERR_OUTCOME_UNKNOWN, "postgresql: connection lost in [%.120s]", s->sql);
    }
    return e;
}

/* ---- rows ---- */

static err field_store(struct ctx *cx, const PGresult *r, int row, int at,
                       const struct db_column *c) {
    if (PQgetisnull(r, row, at)) {
        db_column_null(c);
        return OK;
    }
    struct str text = {PQgetvalue(r, row, at), (size_t)PQgetlength(r, row, at)};
    switch (PQftype(r, at)) {
    case OID_BOOL: /* EXISTS (...), a = b: SQLite gives 0 and 1 */
        return db_column_int(cx, c, text.p[0] == 't');
    case OID_INT2:
    case OID_INT4:
    case OID_INT8: {
        int64_t v = 0;
        if (!str_int(text, &v)) {
            return fail(cx, ERR_INTERNAL, "postgresql: not a number");
        }
        return db_column_int(cx, c, v);
    }
    default:
        return db_column_text(cx, c, text);
    }
}

static err row_store(struct ctx *cx, const PGresult *r, int row, const struct db_statement *s) {
    if ((size_t)PQnfields(r) < s->columns.n) {
        return fail(cx, ERR_INTERNAL, "too few columns [%.120s]", s->sql);
    }
    for (size_t i = 0; i < s->columns.n; i++) {
        TRY(field_store(cx, r, row, (int)i, &s->columns.c[i]));
    }
    return OK;
}

static err rows_read(struct ctx *cx, const PGresult *r, const struct db_statement *s,
                     struct db_outcome *out) {
    int rows = PQntuples(r);
    out->row = rows > 0;
    for (int row = 0; row < rows && (row == 0 || !s->first_only); row++) {
        TRY(row_store(cx, r, row, s));
        if (s->each != NULL) {
            err e = s->each(cx, s->state);
            out->caller = e != OK;
            TRY(e);
        }
    }
    return OK;
}

static int64_t changed_count(PGresult *r) {
    int64_t n = 0;
    /* A SELECT counts its rows here, too. */
    bool write = strncmp(PQcmdStatus(r), "SELECT", 6) != 0;
    return write && str_int(str_from(PQcmdTuples(r)), &n) ? n : 0;
}

static err pg_run(struct ctx *cx, struct db_conn *conn, const struct db_statement *s,
                  struct db_outcome *out) {
    struct pg_conn *c = own(conn);
    if (s->args.n > PARAMETERS_MAX) {
        return fail(cx, ERR_INTERNAL, "more than %d parameters", PARAMETERS_MAX);
    }
    PGresult *r = NULL;
    TRY(exchange_or_reconnect(cx, c, s, &r));
    c->begin_pending = false;
    out->changed = changed_count(r);
    err e = rows_read(cx, r, s, out);
    PQclear(r);
    return e;
}

/* ---- transactions ---- */

static err pg_begin(struct ctx *cx, struct db_conn *conn) {
    struct pg_conn *c = own(conn);
    if (c->pg == NULL) {
        TRY(pg_link(cx, c));
    }
    c->begin_pending = true;
    return OK;
}

static void pg_end(struct pg_conn *c) {
    c->begin_pending = false;
    c->patient = false;
}

static void pg_rollback(struct db_conn *conn) {
    struct pg_conn *c = own(conn);
    bool begun = c->pg != NULL && PQtransactionStatus(c->pg) != PQTRANS_IDLE;
    pg_end(c);
    if (!begun) {
        return;
    }
    const struct db_statement s = {.sql = "ROLLBACK"};
    PGresult *r = NULL;
    bool answered = statement_send(c, &s) && answers_read(c, &r);
    bool done = answered && r != NULL && !result_is_failure(r);
    PQclear(r);
    if (!done) {
        pg_drop(c);
    }
}

static err commit_result(struct ctx *cx, struct pg_conn *c, PGresult *r) {
    if (result_is_failure(r)) {
        /* The server refused and lives: it rolled back. */
        return result_fail(cx, c, r, "COMMIT");
    }
    /* COMMIT of a failed transaction is answered by "ROLLBACK". */
    return strcmp(PQcmdStatus(r), "COMMIT") == 0
               ? OK
               : fail(cx, ERR_STORAGE, "postgresql: COMMIT was answered by %s", PQcmdStatus(r));
}

static err pg_commit(struct ctx *cx, struct db_conn *conn) {
    struct pg_conn *c = own(conn);
    bool empty = c->begin_pending;
    pg_end(c);
    if (empty) {
        return OK;
    }
    if (c->pg == NULL) {
        return fail(cx, ERR_STORAGE, "postgresql: the connection was lost before COMMIT");
    }
    const struct db_statement s = {.sql = "COMMIT"};
    PGresult *r = NULL;
    if (!statement_send(c, &s) || !answers_read(c, &r) || r == NULL) {
        PQclear(r);
        pg_drop(c);
        return fail(cx, ERR_OUTCOME_UNKNOWN, "postgresql: connection lost at COMMIT");
    }
    err e = commit_result(cx, c, r);
    PQclear(r);
    return e;
}

static bool pg_gone(struct db_conn *conn) {
    struct pg_conn *c = own(conn);
    return conn->in_transaction && !c->begin_pending &&
           (c->pg == NULL || PQtransactionStatus(c->pg) == PQTRANS_IDLE);
}

static err pg_migration_lock(struct ctx *cx, struct db_conn *conn) {
    static const char *const sql[] = {"SET LOCAL statement_timeout = 0",
                                      "SET LOCAL lock_timeout = '60s'", MIGRATION_LOCK_SQL};
    own(conn)->patient = true;
    for (size_t i = 0; i < COUNT_OF(sql); i++) {
        const struct db_statement s = {.sql = sql[i]};
        struct db_outcome out = {0};
        TRY(pg_run(cx, conn, &s, &out));
    }
    return OK;
}

/* ---- the database ---- */

static char *settings_find(const PQconninfoOption *list) {
    for (; list->keyword != NULL; list++) {
        if (strcmp(list->keyword, "options") == 0 && list->val != NULL) {
            return strdup(list->val);
        }
    }
    return NULL;
}

static err pg_open(struct ctx *cx, struct db *db, const char *url) {
    char *why = NULL;
    PQconninfoOption *list = PQconninfoParse(url, &why);
    PQfreemem(why); /* it repeats the URL, which may hold a password */
    if (list == NULL) {
        return fail_say(cx, ERR_BAD_CONFIG, "The database's postgresql:// address is malformed");
    }
    db->settings = settings_find(list);
    PQconninfoFree(list);
    db->address = strdup(url);
    if (db->address == NULL) {
        return fail(cx, ERR_STORAGE, "out of memory");
    }
    struct db_conn *conn;
    TRY(pg_connect(cx, db, DB_WRITE, &conn));
    struct str encoding = STR_NONE;
    const struct db_column column = COLUMN_STR(&encoding);
    const struct db_statement s = {.sql = "SHOW server_encoding", .columns = {&column, 1}};
    struct db_outcome out = {0};
    err e = pg_run(cx, conn, &s, &out);
    pg_disconnect(conn);
    TRY(e);
    return str_is(encoding, "UTF8")
               ? OK
               : fail_say(cx, ERR_BAD_CONFIG, "The PostgreSQL database must have encoding UTF8");
}

const struct db_driver db_postgres = {
    .name = "postgresql",
    .claims = pg_claims,
    .writers = 16,
    .writers_max = 256,
    .batch = 1,
    .batch_max = 1,
    .unknown_is_fatal = false,
    .table_sql = "SELECT 1 WHERE to_regclass($1) IS NOT NULL",
    .open = pg_open,
    .connect = pg_connect,
    .disconnect = pg_disconnect,
    .run = pg_run,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .gone = pg_gone,
    .migration_lock = pg_migration_lock,
};
