/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's driver: the rewritten text, the file and its mode, the log. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#undef fail

#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct room {
    struct ctx cx;
    struct clock clock;
    struct random random;
    struct log log;
    struct arena *arena;
    char directory[64], path[96], wal[104], shm[104];
    struct db *db;
};

static void random_none(const struct random *r, void *to, size_t n) {
    (void)r;
    memset(to, 7, n);
}

static int room_open(void **state) {
    struct room *r = calloc(1, sizeof *r);
    (void)snprintf(r->directory, sizeof r->directory, "/tmp/postern-sqlite.XXXXXX");
    if (mkdtemp(r->directory) == NULL) {
        return -1;
    }
    (void)snprintf(r->path, sizeof r->path, "%s/a.db", r->directory);
    (void)snprintf(r->wal, sizeof r->wal, "%s-wal", r->path);
    (void)snprintf(r->shm, sizeof r->shm, "%s-shm", r->path);
    r->clock = clock_fixed(1000);
    r->random = (struct random){.fill = random_none};
    r->log = (struct log){.fd = -1, .clock = &r->clock};
    r->arena = arena_new();
    ctx_init(&r->cx, r->arena, &r->clock, &r->random, &r->log);
    const struct db_options options = {.url = r->path};
    *state = r;
    return db_open(&r->cx, &options, &r->db) == OK ? 0 : -1;
}

static int room_close(void **state) {
    struct room *r = *state;
    db_close(r->db);
    arena_free(r->arena);
    (void)unlink(r->wal);
    (void)unlink(r->shm);
    (void)unlink(r->path);
    (void)rmdir(r->directory);
    free(r);
    return 0;
}

static off_t file_size(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 ? s.st_size : -1;
}

static void text_is_rewritten_outside_of_quotes(void **state) {
    static const struct {
        const char *sql, *becomes;
    } rows[] = {
        {"SELECT $2, $1", "SELECT ?2, ?1"},
        {"SELECT '$1', \"$2\", $3", "SELECT '$1', \"$2\", ?3"},
        {"SELECT 'it''s $1' || $1", "SELECT 'it''s $1' || ?1"},
        {"SELECT 1 -- $1\n + $1", "SELECT 1 -- $1\n + ?1"},
        {"SELECT /* $1 ' */ $1", "SELECT /* $1 ' */ ?1"},
        {"SELECT /*/ $1 */ $1", "SELECT /*/ $1 */ ?1"},
        {"SELECT a$1, $name, 5 - $12", "SELECT a$1, $name, 5 - ?12"},
        {"SELECT 'open $1", "SELECT 'open $1"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *text = sqlite_text(rows[i].sql);
        assert_string_equal(text, rows[i].becomes);
        free(text);
    }
}

static void files_are_for_their_owner_alone(void **state) {
    struct room *r = *state;
    struct db_conn *conn;
    assert_int_equal(db_connect(&r->cx, r->db, DB_WRITE, &conn), OK);
    r->cx.db = conn;
    assert_int_equal(db_exec(&r->cx, "CREATE TABLE t (a BIGINT)", DB_NO_ARGS, NULL), OK);
    const char *const paths[] = {r->path, r->wal, r->shm};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct stat s;
        assert_int_equal(stat(paths[i], &s), 0);
        assert_int_equal(s.st_mode & 0777, 0600);
    }
    db_disconnect(conn);
}

static void connections_are_durable_and_small(void **state) {
    static const struct {
        const char *sql;
        int64_t value;
    } rows[] = {
        {"PRAGMA synchronous", 2},     {"PRAGMA cache_size", -512}, {"PRAGMA mmap_size", 0},
        {"PRAGMA foreign_keys", 1},    {"PRAGMA temp_store", 2},    {"PRAGMA trusted_schema", 0},
        {"PRAGMA busy_timeout", 5000},
    };
    struct room *r = *state;
    for (int use = DB_READ; use <= DB_WRITE; use++) {
        struct db_conn *conn;
        int64_t n = -1;
        struct str mode;
        assert_int_equal(db_connect(&r->cx, r->db, (enum db_use)use, &conn), OK);
        r->cx.db = conn;
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            n = -1;
            if (rows[i].value == 0) {
                /* mmap_size gives no row where the memory map is not compiled in. */
                (void)!db_one(&r->cx, rows[i].sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n)));
                assert_true(n <= 0);
                continue;
            }
            assert_int_equal(db_one(&r->cx, rows[i].sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n))),
                             OK);
            assert_int_equal(n, rows[i].value);
        }
        assert_int_equal(
            db_one(&r->cx, "PRAGMA query_only", DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n))), OK);
        assert_int_equal(n, use == DB_READ);
        assert_int_equal(
            db_one(&r->cx, "PRAGMA journal_mode", DB_NO_ARGS, DB_COLUMNS(COLUMN_STR(&mode))), OK);
        assert_true(str_is(mode, "wal"));
        db_disconnect(conn);
    }
}

static void address_is_a_file(void **state) {
    struct room *r = *state;
    static const char *const wrong[] = {
        "", "sqlite:", ":memory:", "sqlite::memory:", "mysql://x", "http://x/y"};
    struct db *db = NULL;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const struct db_options options = {.url = wrong[i]};
        assert_int_equal(db_open(&r->cx, &options, &db), ERR_BAD_CONFIG);
    }
    const struct db_options nowhere = {.url = "sqlite:/nowhere/at/all.db"};
    assert_int_equal(db_open(&r->cx, &nowhere, &db), ERR_BAD_CONFIG);
    assert_null(db);
    assert_string_equal(db_engine(r->db), "sqlite");
}

static void file_that_is_no_database_is_refused(void **state) {
    struct room *r = *state;
    char path[112];
    struct db *db = NULL;
    (void)snprintf(path, sizeof path, "%s/text", r->directory);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 500; i++) {
        fputs("This is not a database.\n", f);
    }
    fclose(f);
    const struct db_options options = {.url = path};
    assert_int_equal(db_open(&r->cx, &options, &db), ERR_STORAGE);
    (void)unlink(path);
}

static void big_add(struct ctx *cx, size_t size) {
    char *bytes = arena_alloc(cx->arena, size);
    memset(bytes, 'x', size);
    assert_int_equal(db_exec(cx, "INSERT INTO big (text) VALUES ($1)",
                             DB_ARGS(DB_TEXT(((struct str){bytes, size}))), NULL),
                     OK);
}

static int64_t log_frames(struct ctx *cx) {
    int64_t busy = 0, frames = -1;
    assert_int_equal(db_one(cx, "PRAGMA wal_checkpoint(PASSIVE)", DB_NO_ARGS,
                            DB_COLUMNS(COLUMN_INT(&busy), COLUMN_INT(&frames))),
                     OK);
    return frames;
}

/* The writer's own checkpoint begins a log anew that grew past 64 MB because nobody moved it. */
static void large_log_begins_anew(void **state) {
    struct room *r = *state;
    struct db_conn *conn;
    assert_int_equal(db_connect(&r->cx, r->db, DB_WRITE, &conn), OK);
    r->cx.db = conn;
    atomic_store(&r->db->checkpointed, true);
    assert_int_equal(db_exec(&r->cx, "CREATE TABLE big (text TEXT)", DB_NO_ARGS, NULL), OK);
    while (file_size(r->wal) < (off_t)65 << 20) {
        big_add(&r->cx, 8 << 20);
        arena_reset(r->arena);
    }
    assert_true(file_size(r->path) < 1 << 20);
    r->db->driver->checkpoint_large(conn);
    assert_true(file_size(r->path) > (off_t)64 << 20);
    big_add(&r->cx, 100);
    assert_in_range(log_frames(&r->cx), 1, 20);
    assert_true(file_size(r->wal) <= (off_t)64 << 20);
    db_disconnect(conn);
}

static void small_log_is_left_to_the_checkpointer(void **state) {
    struct room *r = *state;
    struct db_conn *conn;
    assert_int_equal(db_connect(&r->cx, r->db, DB_WRITE, &conn), OK);
    r->cx.db = conn;
    atomic_store(&r->db->checkpointed, true);
    assert_int_equal(db_exec(&r->cx, "CREATE TABLE big (text TEXT)", DB_NO_ARGS, NULL), OK);
    big_add(&r->cx, 1 << 20);
    r->db->driver->checkpoint_large(conn);
    assert_true(file_size(r->path) < 1 << 20);
    r->db->driver->checkpoint(conn);
    assert_true(file_size(r->path) >= 1 << 20);
    db_disconnect(conn);
}

struct held {
    struct db_write write;
    struct ctx cx;
    atomic_bool done;
    err result;
};

static err table_make(struct ctx *cx, void *state) {
    (void)state;
    TRY(db_exec(cx, "CREATE TABLE big (text TEXT)", DB_NO_ARGS, NULL));
    big_add(cx, 1 << 20);
    return OK;
}

static void held_done(struct db_write *write, err result) {
    struct held *h = write->owner;
    h->result = result;
    atomic_store(&h->done, true);
}

/* Waits for a condition that another thread brings about. */
static bool size_reaches(const char *path, off_t size) {
    int64_t deadline = clock_monotonic_us() + 20000000;
    while (file_size(path) < size && clock_monotonic_us() < deadline) {
        const struct timespec pause = {.tv_nsec = 2000000};
        nanosleep(&pause, NULL);
    }
    return file_size(path) >= size;
}

static void checkpointer_moves_the_log_by_itself(void **state) {
    struct room *r = *state;
    struct held h = {.result = ERR_INTERNAL};
    struct db_writer *w;
    const struct db_writer_options options = {.log = &r->log};
    ctx_init(&h.cx, r->arena, &r->clock, &r->random, &r->log);
    h.write = (struct db_write){.run = table_make, .cx = &h.cx, .done = held_done, .owner = &h};
    assert_int_equal(db_writer_start(&r->cx, r->db, &options, &w), OK);
    assert_true(db_writer_submit(w, &h.write));
    assert_true(size_reaches(r->path, 1 << 20));
    db_writer_stop(w);
    assert_true(atomic_load(&h.done));
    assert_int_equal(h.result, OK);
}

static void stopped_writer_leaves_one_file(void **state) {
    struct room *r = *state;
    checkpointer_moves_the_log_by_itself(state);
    assert_int_equal(file_size(r->wal), -1);
    assert_int_equal(file_size(r->shm), -1);
}

#define ROOM_TEST(fn) cmocka_unit_test_setup_teardown(fn, room_open, room_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_rewritten_outside_of_quotes),
        ROOM_TEST(files_are_for_their_owner_alone),
        ROOM_TEST(connections_are_durable_and_small),
        ROOM_TEST(address_is_a_file),
        ROOM_TEST(file_that_is_no_database_is_refused),
        ROOM_TEST(large_log_begins_anew),
        ROOM_TEST(small_log_is_left_to_the_checkpointer),
        ROOM_TEST(checkpointer_moves_the_log_by_itself),
        ROOM_TEST(stopped_writer_leaves_one_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
