/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered migrations, forward only. Each runs in a transaction of its own that begins with a lock,
 * so that two programs that start at once do the work once. */
#include "driver.h"

/* Numbers 1-999 are one line, 1000-1999 the next: within a line, a program reads what newer ones
 * have made (nodes are upgraded one by one); a new line begins where that is impossible. */
#define MIGRATIONS_PER_LINE 1000

struct step {
    const struct db_migration *migration;
    const struct db_driver *driver;
};

err db_schema_version(struct ctx *cx, int64_t *ret_version) {
    bool present;
    int64_t version = 0;
    const char *table_sql = cx->db->db->driver->table_sql;
    TRY(db_exists(cx, table_sql, DB_ARGS(DB_TEXT(STR("schema_version"))), &present));
    if (present) {
        TRY(db_one(cx, "SELECT max(version) FROM schema_version", DB_NO_ARGS,
                   DB_COLUMNS(COLUMN_INT(&version))));
    }
    *ret_version = version;
    return OK;
}

int64_t db_schema_newest(void) {
    return db_migrations_n > 0 ? db_migrations[db_migrations_n - 1].number : 0;
}

static err step_run(struct ctx *cx, void *state) {
    const struct step *step = state;
    if (step->driver->migration_lock != NULL) {
        TRY(step->driver->migration_lock(cx, cx->db));
    }
    TRY(db_exec(cx,
                "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)",
                DB_NO_ARGS, NULL));
    int64_t version;
    TRY(db_schema_version(cx, &version));
    if (version >= step->migration->number) {
        return OK; /* another process was here first */
    }
    for (const char *const *sql = step->migration->statements; *sql != NULL; sql++) {
        TRY(db_exec(cx, *sql, DB_NO_ARGS, NULL));
    }
    return db_exec(cx, "INSERT INTO schema_version (version) VALUES ($1)",
                   DB_ARGS(DB_INT(step->migration->number)), NULL);
}

static err steps_run(struct ctx *cx, struct db *db, const struct db_migration *list, size_t n) {
    int64_t version;
    TRY(db_schema_version(cx, &version));
    int64_t newest = n > 0 ? list[n - 1].number : 0;
    if (version / MIGRATIONS_PER_LINE > newest / MIGRATIONS_PER_LINE) {
        return fail_say(cx, ERR_BAD_CONFIG,
                        "The database has schema %lld; this program reads up to %lld",
                        (long long)version,
                        (long long)(newest / MIGRATIONS_PER_LINE + 1) * MIGRATIONS_PER_LINE - 1);
    }
    for (size_t i = 0; i < n; i++) {
        struct step step = {.migration = &list[i], .driver = db->driver};
        if (list[i].number > version) {
            TRY(db_transaction(cx, step_run, &step));
        }
    }
    return OK;
}

err db_migrate_with(struct ctx *cx, struct db *db, const struct db_migration *list, size_t n) {
    struct db_conn *before = cx->db;
    struct db_conn *conn;
    /* A connection of its own: what it prepared is of no use to anyone later. */
    TRY(db_connect(cx, db, DB_WRITE, &conn));
    cx->db = conn;
    err e = steps_run(cx, db, list, n);
    cx->db = before;
    db_disconnect(conn);
    return e;
}

err db_migrate(struct ctx *cx, struct db *db) {
    return db_migrate_with(cx, db, db_migrations, db_migrations_n);
}
