/* SPDX-License-Identifier: Apache-2.0 */
/* Statements, values, transactions and migrations: what db.h promises, on every engine. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#include "driver.h"

#include <string.h>

#define TEXT(literal) DB_TEXT(STR(literal))

static void thing_table(struct fixture *f) {
    store_sql(f,
              "CREATE TABLE thing (id BIGINT NOT NULL PRIMARY KEY, name TEXT UNIQUE, size BIGINT)");
}

static err thing_add(struct ctx *cx, int64_t id, struct str name) {
    return db_exec(cx, "INSERT INTO thing (id, name, size) VALUES ($1, $2, $3)",
                   DB_ARGS(DB_INT(id), DB_TEXT(name), DB_NULL_INT), NULL);
}

static void values_come_back_as_they_went(struct fixture *f) {
    static const int64_t numbers[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_C(1) << 32};
    static const char *const texts[] = {"", "a", "\xC3\xA9\xF0\x9F\x98\x80",
                                        "o'clock \"$1\" -- /* ; "};
    thing_table(f);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct str text = str_from(texts[i % COUNT_OF(texts)]);
        int64_t number = 7;
        struct str name = STR_NONE;
        bool yes = false;
        must(f->cx, db_exec(f->cx, "DELETE FROM thing", DB_NO_ARGS, NULL));
        must(f->cx, db_exec(f->cx, "INSERT INTO thing (id, name, size) VALUES ($1, $2, $3)",
                            DB_ARGS(DB_INT(numbers[i]), DB_TEXT(text), DB_BOOL(true)), NULL));
        must(f->cx, db_one(f->cx, "SELECT id, name, size FROM thing WHERE name = $2 AND id = $1",
                           DB_ARGS(DB_INT(numbers[i]), DB_TEXT(text)),
                           DB_COLUMNS(COLUMN_INT(&number), COLUMN_STR(&name), COLUMN_BOOL(&yes))));
        assert_true(number == numbers[i]);
        assert_true(str_eq(name, text) && name.p != NULL);
        assert_true(yes);
    }
}

static void null_comes_back_absent(struct fixture *f) {
    thing_table(f);
    struct str name = STR("before");
    int64_t size = 5;
    bool flag = true;
    must(f->cx, thing_add(f->cx, 1, STR_NONE));
    must(f->cx,
         db_one(f->cx, "SELECT name, size, size FROM thing WHERE id = $1", DB_ARGS(DB_INT(1)),
                DB_COLUMNS(COLUMN_STR(&name), COLUMN_INT(&size), COLUMN_BOOL(&flag))));
    assert_null(name.p);
    assert_int_equal(size, 0);
    assert_false(flag);
}

static void parameters_go_by_number(struct fixture *f) {
    struct str a = STR_NONE, b = STR_NONE, quoted = STR_NONE;
    int64_t sum = 0, null = 0;
    must(f->cx, db_one(f->cx, "SELECT $2, $1, '$1 $2' /* $3 */, $3 + 1, $4 IS NULL -- $9",
                       DB_ARGS(TEXT("first"), TEXT("second"), DB_INT(41), DB_TEXT(STR_NONE)),
                       DB_COLUMNS(COLUMN_STR(&a), COLUMN_STR(&b), COLUMN_STR(&quoted),
                                  COLUMN_INT(&sum), COLUMN_INT(&null))));
    assert_true(str_is(a, "second"));
    assert_true(str_is(b, "first"));
    assert_true(str_is(quoted, "$1 $2"));
    assert_int_equal(sum, 42);
    assert_int_equal(null, 1);
}

static void null_is_typed_in_arithmetic(struct fixture *f) {
    int64_t a = 1, b = 1;
    must(f->cx,
         db_one(f->cx, "SELECT $1 + 1, CASE WHEN $1 IS NULL THEN 5 ELSE 6 END",
                DB_ARGS(DB_INT_OR_NULL(3, false)), DB_COLUMNS(COLUMN_INT(&a), COLUMN_INT(&b))));
    assert_int_equal(a, 0);
    assert_int_equal(b, 5);
}

static void sql_bound_parameters_only_text_stays_text(struct fixture *f) {
    thing_table(f);
    struct str attack = STR("x'); DROP TABLE thing; --");
    struct str name = STR_NONE;
    must(f->cx, thing_add(f->cx, 1, attack));
    must(f->cx, db_one(f->cx, "SELECT name FROM thing WHERE name = $1", DB_ARGS(DB_TEXT(attack)),
                       DB_COLUMNS(COLUMN_STR(&name))));
    assert_true(str_eq(name, attack));
    /* Two statements in one text are a mistake of ours, whatever comes second. */
    must_fail(f->cx, db_exec(f->cx, "DELETE FROM thing; DROP TABLE thing", DB_NO_ARGS, NULL),
              ERR_INTERNAL);
    assert_int_equal(store_number(f, "SELECT count(*) FROM thing"), 1);
}

static void text_that_is_not_text_is_refused(struct fixture *f) {
    thing_table(f);
    must_fail(f->cx, thing_add(f->cx, 1, STR("a\0b")), ERR_INVALID_REQUEST);
    must_fail(f->cx, thing_add(f->cx, 1, STR("\xC3")), ERR_INVALID_REQUEST);
    must_fail(f->cx, thing_add(f->cx, 1, STR("\xED\xA0\x80")), ERR_INVALID_REQUEST);
    assert_int_equal(store_number(f, "SELECT count(*) FROM thing"), 0);
}

static void no_row_is_not_found(struct fixture *f) {
    thing_table(f);
    int64_t id = 9;
    bool exists = true;
    must_fail(f->cx, db_one(f->cx, "SELECT id FROM thing", DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&id))),
              ERR_NOT_FOUND);
    assert_int_equal(id, 9);
    must(f->cx, db_exists(f->cx, "SELECT 1 FROM thing", DB_NO_ARGS, &exists));
    assert_false(exists);
    must(f->cx, thing_add(f->cx, 1, STR("a")));
    must(f->cx, db_exists(f->cx, "SELECT 1 FROM thing", DB_NO_ARGS, &exists));
    assert_true(exists);
}

static void unique_violation_is_duplicate(struct fixture *f) {
    thing_table(f);
    must(f->cx, thing_add(f->cx, 1, STR("a")));
    must_fail(f->cx, thing_add(f->cx, 1, STR("b")), ERR_DUPLICATE);
    must_fail(f->cx, thing_add(f->cx, 2, STR("a")), ERR_DUPLICATE);
    must(f->cx, thing_add(f->cx, 2, STR("b")));
}

static void foreign_key_violation_is_conflict(struct fixture *f) {
    thing_table(f);
    store_sql(f, "CREATE TABLE part (thing_id BIGINT NOT NULL REFERENCES thing (id))");
    must_fail(f->cx, db_exec(f->cx, "INSERT INTO part VALUES (5)", DB_NO_ARGS, NULL), ERR_CONFLICT);
    must(f->cx, thing_add(f->cx, 5, STR("a")));
    store_sql(f, "INSERT INTO part VALUES (5)");
    must_fail(f->cx, db_exec(f->cx, "DELETE FROM thing", DB_NO_ARGS, NULL), ERR_CONFLICT);
}

static void our_mistakes_are_internal(struct fixture *f) {
    thing_table(f);
    must(f->cx, thing_add(f->cx, 1, STR("a")));
    int64_t number;
    struct str text;
    static const char *const one = "SELECT id, name FROM thing WHERE id = $1";
    must_fail(f->cx, db_exec(f->cx, "SELEKT", DB_NO_ARGS, NULL), ERR_INTERNAL);
    must_fail(f->cx, db_exec(f->cx, "DELETE FROM nowhere", DB_NO_ARGS, NULL), ERR_INTERNAL);
    must_fail(f->cx, db_exec(f->cx, "INSERT INTO thing (name) VALUES ('x')", DB_NO_ARGS, NULL),
              ERR_INTERNAL);
    must_fail(f->cx, db_one(f->cx, one, DB_NO_ARGS, DB_NO_COLUMNS), ERR_INTERNAL);
    must_fail(f->cx, db_one(f->cx, one, DB_ARGS(DB_INT(1)), DB_COLUMNS(COLUMN_STR(&text))),
              ERR_INTERNAL);
    must_fail(f->cx,
              db_one(f->cx, one, DB_ARGS(DB_INT(1)),
                     DB_COLUMNS(COLUMN_INT(&number), COLUMN_INT(&number))),
              ERR_INTERNAL);
    must_fail(f->cx,
              db_one(f->cx, one, DB_ARGS(DB_INT(1)),
                     DB_COLUMNS(COLUMN_INT(&number), COLUMN_STR(&text), COLUMN_INT(&number))),
              ERR_INTERNAL);
    /* The connection is as good as before. */
    must(f->cx, db_one(f->cx, one, DB_ARGS(DB_INT(1)),
                       DB_COLUMNS(COLUMN_INT(&number), COLUMN_STR(&text))));
}

static void failure_details_hold_no_values(struct fixture *f) {
    thing_table(f);
    must(f->cx, thing_add(f->cx, 1, STR("top-secret")));
    must_fail(f->cx, thing_add(f->cx, 2, STR("top-secret")), ERR_DUPLICATE);
    assert_null(strstr(f->cx->failure.detail, "top-secret"));
    assert_non_null(strstr(f->cx->failure.detail, "INSERT INTO thing"));
    if (!f->sqlite) {
        must_fail(f->cx,
                  db_exec(f->cx, "INSERT INTO thing (id) SELECT CAST($1 AS BIGINT)",
                          DB_ARGS(TEXT("top-secret")), NULL),
                  ERR_INTERNAL);
        assert_null(strstr(f->cx->failure.detail, "top-secret"));
    }
}

static void changes_are_counted(struct fixture *f) {
    thing_table(f);
    int64_t changed = -1;
    for (int i = 0; i < 3; i++) {
        must(f->cx, thing_add(f->cx, i, STR_NONE));
    }
    must(f->cx,
         db_exec(f->cx, "UPDATE thing SET size = id WHERE id > $1", DB_ARGS(DB_INT(0)), &changed));
    assert_int_equal(changed, 2);
    must(f->cx, db_exec(f->cx, "UPDATE thing SET size = 0 WHERE id > 7", DB_NO_ARGS, &changed));
    assert_int_equal(changed, 0);
    must(f->cx, db_exec(f->cx, "SELECT id FROM thing", DB_NO_ARGS, &changed));
    assert_int_equal(changed, 0);
}

static void returning_gives_the_first_row_and_changes_all(struct fixture *f) {
    thing_table(f);
    for (int i = 0; i < 3; i++) {
        must(f->cx, thing_add(f->cx, i, STR_NONE));
    }
    int64_t size = 0;
    must(f->cx, db_one(f->cx, "UPDATE thing SET size = $1 RETURNING size", DB_ARGS(DB_INT(8)),
                       DB_COLUMNS(COLUMN_INT(&size))));
    assert_int_equal(size, 8);
    assert_int_equal(store_number(f, "SELECT count(*) FROM thing WHERE size = 8"), 3);
    must_fail(f->cx,
              db_one(f->cx, "UPDATE thing SET size = 1 WHERE size IS NULL RETURNING size",
                     DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&size))),
              ERR_NOT_FOUND);
}

struct walk {
    int64_t id;
    int64_t inner_id;
    int64_t sum, stop_at;
    unsigned depth;
};

static const char *const walk_sql = "SELECT id FROM thing ORDER BY id";

static err walk_row(struct ctx *cx, void *state) {
    struct walk *w = state;
    w->sum = w->sum * 10 + w->id;
    return w->id == w->stop_at ? fail(cx, ERR_FORBIDDEN, "stop") : OK;
}

static err walk_nested(struct ctx *cx, void *state) {
    struct walk *w = state;
    struct walk inner = {.stop_at = -1};
    TRY(db_each(cx, walk_sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&inner.id)), walk_row, &inner));
    w->sum = w->sum * 1000 + inner.sum;
    return OK;
}

static void rows_come_one_by_one(struct fixture *f) {
    thing_table(f);
    for (int i = 1; i <= 3; i++) {
        must(f->cx, thing_add(f->cx, i, STR_NONE));
    }
    struct walk all = {.stop_at = -1}, stopped = {.stop_at = 2}, nested = {.stop_at = -1};
    must(f->cx,
         db_each(f->cx, walk_sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&all.id)), walk_row, &all));
    assert_int_equal(all.sum, 123);
    must_fail(f->cx,
              db_each(f->cx, walk_sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&stopped.id)), walk_row,
                      &stopped),
              ERR_FORBIDDEN);
    assert_int_equal(stopped.sum, 12);
    must(f->cx, db_each(f->cx, walk_sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&nested.id)),
                        walk_nested, &nested));
    assert_int_equal(nested.sum, 123123123);
    /* No statement stayed open: SQLite would say "database table is locked". */
    store_sql(f, "DROP TABLE thing");
}

static void read_connections_cannot_write(struct fixture *f) {
    thing_table(f);
    struct actor *reader = actor_new(f, DB_READ);
    must_fail(&reader->cx, thing_add(&reader->cx, 1, STR("a")), ERR_INTERNAL);
    must_fail(&reader->cx, db_transaction(&reader->cx, walk_row, NULL), ERR_INTERNAL);
    must(f->cx, thing_add(f->cx, 1, STR("a")));
    bool exists = false;
    must(&reader->cx, db_exists(&reader->cx, "SELECT 1 FROM thing", DB_NO_ARGS, &exists));
    assert_true(exists);
    actor_free(reader);
}

static void statements_survive_a_change_of_the_schema(struct fixture *f) {
    thing_table(f);
    struct actor *reader = actor_new(f, DB_READ);
    static const char *const sql = "SELECT count(*) FROM thing WHERE id > $1";
    for (int i = 0; i < 3; i++) {
        int64_t n = -1;
        must(&reader->cx, db_one(&reader->cx, sql, DB_ARGS(DB_INT(0)), DB_COLUMNS(COLUMN_INT(&n))));
        assert_int_equal(n, i);
        must(f->cx, thing_add(f->cx, i + 1, STR_NONE));
        if (i == 0) {
            store_sql(f, "ALTER TABLE thing ADD COLUMN colour TEXT");
        }
    }
    actor_free(reader);
}

static void another_text_at_the_same_address_is_another_statement(struct fixture *f) {
    char sql[32] = "SELECT 10";
    int64_t n = 0;
    must(f->cx, db_one(f->cx, sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n))));
    assert_int_equal(n, 10);
    sql[7] = '2';
    must(f->cx, db_one(f->cx, sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n))));
    assert_int_equal(n, 20);
}

static void many_statements_fit_the_cache(struct fixture *f) {
    static char texts[300][16];
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT_OF(texts); i++) {
            struct str text = str_format(f->cx->arena, "SELECT %zu", i);
            memcpy(texts[i], text.p, text.n);
            int64_t n = -1;
            must(f->cx, db_one(f->cx, texts[i], DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n))));
            assert_int_equal(n, i);
        }
    }
}

/* ---- transactions ---- */

struct plan {
    err answer;
    bool swallow;
    unsigned runs;
};

static err two_inserts(struct ctx *cx, void *state) {
    struct plan *p = state;
    p->runs++;
    TRY(thing_add(cx, 1, STR("a")));
    TRY(thing_add(cx, 2, STR("b")));
    return p->answer == OK ? OK : fail(cx, p->answer, "as planned");
}

static err second_fails(struct ctx *cx, void *state) {
    struct plan *p = state;
    TRY(thing_add(cx, 3, STR("c")));
    err e = thing_add(cx, 3, STR("d"));
    bool exists;
    must_fail(cx, db_exists(cx, "SELECT 1", DB_NO_ARGS, &exists), ERR_DUPLICATE);
    return p->swallow ? OK : e;
}

static err nested(struct ctx *cx, void *state) {
    return db_transaction(cx, two_inserts, state);
}

static void transaction_stores_all_or_nothing(struct fixture *f) {
    thing_table(f);
    struct plan refuse = {.answer = ERR_FORBIDDEN}, go = {.answer = OK};
    must_fail(f->cx, db_transaction(f->cx, two_inserts, &refuse), ERR_FORBIDDEN);
    assert_int_equal(refuse.runs, 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM thing"), 0);
    must_fail(f->cx, db_transaction(f->cx, nested, &go), ERR_INTERNAL);
    assert_int_equal(store_number(f, "SELECT count(*) FROM thing"), 0);
    must(f->cx, db_transaction(f->cx, two_inserts, &go));
    assert_int_equal(store_number(f, "SELECT count(*) FROM thing"), 2);
}

static void transaction_ends_with_its_first_failed_statement(struct fixture *f) {
    thing_table(f);
    struct plan honest = {.swallow = false}, careless = {.swallow = true};
    must_fail(f->cx, db_transaction(f->cx, second_fails, &honest), ERR_DUPLICATE);
    must_fail(f->cx, db_transaction(f->cx, second_fails, &careless), ERR_DUPLICATE);
    assert_int_equal(store_number(f, "SELECT count(*) FROM thing"), 0);
}

static void transaction_runs_again_up_to_a_bound(struct fixture *f) {
    thing_table(f);
    struct plan always = {.answer = ERR_RETRY};
    must_fail(f->cx, db_transaction(f->cx, two_inserts, &always), ERR_RETRY);
    assert_int_equal(always.runs, DB_ATTEMPTS_MAX);
    assert_int_equal(store_number(f, "SELECT count(*) FROM thing"), 0);
}

/* ---- migrations ---- */

static const char *const first_sql[] = {"CREATE TABLE colour (name TEXT NOT NULL PRIMARY KEY)",
                                        "INSERT INTO colour VALUES ('red')", NULL};
static const char *const second_sql[] = {"INSERT INTO colour VALUES ('blue')", NULL};
static const char *const broken_sql[] = {"INSERT INTO colour VALUES ('green')", "NONSENSE", NULL};
static const struct db_migration good[] = {{1, "0001_a.sql", first_sql},
                                           {2, "0002_b.sql", second_sql}};
static const struct db_migration broken[] = {
    {1, "0001_a.sql", first_sql}, {2, "0002_b.sql", second_sql}, {3, "0003_c.sql", broken_sql}};

static int64_t version(struct fixture *f) {
    int64_t v = -1;
    must(f->cx, db_schema_version(f->cx, &v));
    return v;
}

static void migrations_run_once_and_in_order(struct fixture *f) {
    assert_int_equal(version(f), 0);
    must(f->cx, db_migrate_with(f->cx, f->db, good, 1));
    assert_int_equal(version(f), 1);
    must(f->cx, db_migrate_with(f->cx, f->db, good, 2));
    must(f->cx, db_migrate_with(f->cx, f->db, good, 2));
    assert_int_equal(version(f), 2);
    assert_int_equal(store_number(f, "SELECT count(*) FROM colour"), 2);
}

static void migration_that_fails_leaves_nothing(struct fixture *f) {
    must_fail(f->cx, db_migrate_with(f->cx, f->db, broken, 3), ERR_INTERNAL);
    assert_int_equal(version(f), 2);
    assert_int_equal(store_number(f, "SELECT count(*) FROM colour"), 2);
}

static void migrations_of_a_newer_line_are_refused(struct fixture *f) {
    must(f->cx, db_migrate_with(f->cx, f->db, good, 2));
    /* A node of the next version was here: this one goes on. */
    store_sql(f, "INSERT INTO schema_version VALUES (999)");
    must(f->cx, db_migrate_with(f->cx, f->db, good, 2));
    store_sql(f, "INSERT INTO schema_version VALUES (1000)");
    must_fail(f->cx, db_migrate_with(f->cx, f->db, good, 2), ERR_BAD_CONFIG);
}

static void *migrate_thread(void *state) {
    struct actor *a = state;
    err e = db_migrate_with(&a->cx, a->conn->db, good, 2);
    return (void *)(uintptr_t)e;
}

static void migrations_by_many_at_once_run_once(struct fixture *f) {
    struct actor *actors[8];
    pthread_t threads[8];
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        actors[i] = actor_new(f, DB_READ);
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_thread, actors[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *result;
        pthread_join(threads[i], &result);
        must(&actors[i]->cx, (err)(uintptr_t)result);
        actor_free(actors[i]);
    }
    assert_int_equal(store_number(f, "SELECT count(*) FROM colour"), 2);
    assert_int_equal(store_number(f, "SELECT count(*) FROM schema_version"), 2);
}

static void embedded_schema_is_whole(struct fixture *f) {
    assert_true(db_schema_newest() >= 1);
    assert_int_equal(version(f), db_schema_newest());
    assert_int_equal(store_number(f, "SELECT count(*) FROM schema_version"), db_migrations_n);
    /* Again: nothing to do. */
    must(f->cx, db_migrate(f->cx, f->db));
}

static const struct store_case cases[] = {
    STORE_CASE_BARE(values_come_back_as_they_went),
    STORE_CASE_BARE(null_comes_back_absent),
    STORE_CASE_BARE(parameters_go_by_number),
    STORE_CASE_BARE(null_is_typed_in_arithmetic),
    STORE_CASE_BARE(sql_bound_parameters_only_text_stays_text),
    STORE_CASE_BARE(text_that_is_not_text_is_refused),
    STORE_CASE_BARE(no_row_is_not_found),
    STORE_CASE_BARE(unique_violation_is_duplicate),
    STORE_CASE_BARE(foreign_key_violation_is_conflict),
    STORE_CASE_BARE(our_mistakes_are_internal),
    STORE_CASE_BARE(failure_details_hold_no_values),
    STORE_CASE_BARE(changes_are_counted),
    STORE_CASE_BARE(returning_gives_the_first_row_and_changes_all),
    STORE_CASE_BARE(rows_come_one_by_one),
    STORE_CASE_BARE(read_connections_cannot_write),
    STORE_CASE_BARE(statements_survive_a_change_of_the_schema),
    STORE_CASE_BARE(another_text_at_the_same_address_is_another_statement),
    STORE_CASE_BARE(many_statements_fit_the_cache),
    STORE_CASE_BARE(transaction_stores_all_or_nothing),
    STORE_CASE_BARE(transaction_ends_with_its_first_failed_statement),
    STORE_CASE_BARE(transaction_runs_again_up_to_a_bound),
    STORE_CASE_BARE(migrations_run_once_and_in_order),
    STORE_CASE_BARE(migration_that_fails_leaves_nothing),
    STORE_CASE_BARE(migrations_of_a_newer_line_are_refused),
    STORE_CASE_BARE(migrations_by_many_at_once_run_once),
    STORE_CASE(embedded_schema_is_whole),
};
STORE_MAIN(cases)
