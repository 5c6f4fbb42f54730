/* SPDX-License-Identifier: Apache-2.0 */
/* How the statements of the hot path find their rows: each statement that the model really runs is
 * caught on its way into SQLite and explained. SEARCH by key for every table; no SCAN, no sorting.
 * PostgreSQL plans by statistics, so there is nothing to hold it to on small tables: there the case
 * only runs the statements. */
#include "model_world.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXTS_MAX 64

/* Process-wide, because SQLite's hook for new connections has no state of its own. */
static struct {
    pthread_mutex_t lock;
    bool on;
    char *v[TEXTS_MAX];
    size_t n;
} caught = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int statement_seen(unsigned what, void *context, void *statement, void *text) {
    (void)what;
    (void)context;
    (void)text;
    const char *sql = sqlite3_sql(statement);
    pthread_mutex_lock(&caught.lock);
    size_t i = 0;
    while (i < caught.n && strcmp(caught.v[i], sql) != 0) {
        i++;
    }
    if (caught.on && i == caught.n && i < TEXTS_MAX) {
        caught.v[caught.n++] = strdup(sql);
    }
    pthread_mutex_unlock(&caught.lock);
    return 0;
}

static int connection_opened(sqlite3 *db, char **error, const void *api) {
    (void)error;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, statement_seen, NULL);
}

struct line {
    struct str text;
    const char *sql;
    unsigned searches;
};

static sqlite3 *plan_open(struct fixture *f) {
    sqlite3 *db;
    struct str file = str_from(f->url);
    file = str_starts(file, "sqlite:") ? str_sub(file, 7, file.n) : file;
    assert_int_equal(sqlite3_open_v2(str_z(f->cx->arena, file), &db, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    return db;
}

/* Of what a search is a part, or made of no table at all. */
static bool is_harmless(const char *line) {
    static const char *const lines[] = {"SUBQUERY", "COMPOUND QUERY", "UNION USING TEMP B-TREE",
                                        "SCAN CONSTANT ROW"};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        if (strstr(line, lines[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Every line of the plan is one of these; how many tables are searched. */
static unsigned plan_check(sqlite3 *db, const char *sql) {
    char explain[4096];
    sqlite3_stmt *s;
    unsigned searches = 0;
    assert_true(snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql) <
                (int)sizeof explain);
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &s, NULL), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(s, 3);
        bool search = strncmp(line, "SEARCH ", 7) == 0;
        bool keyed = strstr(line, "USING INDEX") != NULL ||
                     strstr(line, "USING COVERING INDEX") != NULL ||
                     strstr(line, "USING PRIMARY KEY") != NULL;
        bool harmless = is_harmless(line);
        if (getenv("POSTERN_TEST_PLANS") != NULL) {
            print_message("    %s\n", line);
        }
        if (!harmless && (!search || !keyed)) {
            print_error("%s\n  has the plan line: %s\n", sql, line);
            _fail(__FILE__, __LINE__);
        }
        searches += search;
    }
    sqlite3_finalize(s);
    return searches;
}

struct hot {
    const char *name;
    void (*run)(struct fixture *f);
    unsigned statements; /* at most */
    unsigned searches;   /* tables found by key, in all */
};

static struct access_key_new key;
static struct session session;

static void hot_client_find(struct fixture *f) {
    struct application a;
    must(f->cx, client_find(f->cx, S(ENV_1), S(APP_1), &a));
}

static void hot_application_access(struct fixture *f) {
    struct application a = {
        .tenant_id = S(TENANT_2), .application_id = S(APP_ALL), .tenancy = S("all")};
    struct application_access may;
    must(f->cx, application_access(f->cx, &a, S(TENANT_1), &may));
}

static void hot_authenticate(struct fixture *f) {
    struct access_key k;
    struct user u;
    must(f->cx,
         access_key_authenticate(f->cx, S(ENV_1), key.key.access_key_id, key.secret, &k, &u));
}

static void hot_session_create(struct fixture *f) {
    (void)world_session(f, STR_NONE);
}

static void hot_session_find(struct fixture *f) {
    struct session s;
    must(f->cx, session_find(f->cx, S(TENANT_1), session.session_id, &s));
}

static void hot_session_rotate(struct fixture *f) {
    struct session_rotation r = {.tenant_id = S(TENANT_1),
                                 .session_id = session.session_id,
                                 .old_digest = S("digest-0"),
                                 .new_digest = S("digest-0"),
                                 .refresh_expires_at = session.refresh_expires_at};
    must(f->cx, session_rotate(f->cx, &r));
}

static void hot_caller_find(struct fixture *f) {
    struct caller c;
    must(f->cx, caller_find(f->cx, S(ENV_1), S(TENANT_1), session.session_id, &c));
}

static void hot_caller_find_with_roles(struct fixture *f) {
    store_sql(f, "UPDATE employee SET secondary_roles = '" ROLE_2 "' WHERE tenant_id = '" TENANT_1
                 "' AND employee_id = '" USER_1 "'");
    caught.on = true;
    hot_caller_find(f);
}

static void hot_user_find(struct fixture *f) {
    struct user u;
    must(f->cx, user_find(f->cx, S(TENANT_1), S(USER_1), &u));
}

static void hot_employee_find(struct fixture *f) {
    struct employee e;
    must(f->cx, employee_find(f->cx, S(TENANT_1), S(USER_1), &e));
}

static void hot_tenant_find(struct fixture *f) {
    struct tenant t;
    must(f->cx, tenant_find(f->cx, S(ENV_1), S(TENANT_1), &t));
}

static void hot_used(struct fixture *f) {
    struct application a = {.tenant_id = S(TENANT_1), .application_id = S(APP_1)};
    must(f->cx, application_used(f->cx, &a));
    must(f->cx, access_key_used(f->cx, &key.key));
}

static void hot_origin(struct fixture *f) {
    bool yes;
    must(f->cx, origin_registered(f->cx, S(ENV_1), S("https://one.example"), &yes));
    assert_true(yes);
}

static void hot_once(struct fixture *f) {
    struct application a = {.tenant_id = S(TENANT_1), .application_id = S(APP_1)};
    must(f->cx, assertion_use(f->cx, &a, S("jti"), 5));
    must_fail(f->cx, generated_key_use(f->cx, S(TENANT_1), S("x")), ERR_INVALID_GRANT);
}

static void hot_revoke(struct fixture *f) {
    must(f->cx, session_revoke_refresh(f->cx, S(TENANT_1), S("x")));
    must(f->cx, session_revoke(f->cx, S(TENANT_1), S("x")));
}

static err each_nothing(struct ctx *cx, void *state) {
    (void)cx;
    (void)state;
    return OK;
}

static void hot_lists(struct fixture *f) {
    struct access_key row;
    struct access_key_page page = {.tenant_id = S(TENANT_1), .limit = 2};
    for (int i = 0; i < 4; i++) {
        page.employee_id = i % 2 == 0 ? STR_NONE : S(USER_1);
        page.backwards = i >= 2;
        must(f->cx, access_keys_list(f->cx, &page, &row, each_nothing, NULL));
    }
}

static void hot_sign_out(struct fixture *f) {
    must(f->cx, login_flows_reset(f->cx, S("browser")));
    must(f->cx, sso_session_end(f->cx, S(TENANT_1), S("x")));
}

static void hot_sign_in_anew(struct fixture *f) {
    struct sso_session before, after;
    caught.on = false;
    (void)world_sso(f, NULL, &before);
    (void)world_sso(f, NULL, &after);
    caught.on = true;
    must(f->cx, sso_session_replace(f->cx, &before, &after));
}

static void hot_purge(struct fixture *f) {
    struct purge_cursor cursor = {0};
    int64_t removed;
    bool wrapped = false;
    while (!wrapped && cursor.table < 5) { /* the sixth is the few signing keys */
        must(f->cx, purge_bite(f->cx, &cursor, &removed, &wrapped));
    }
}

static const struct hot hots[] = {
    {"client_find", hot_client_find, 1, 3},
    {"application_access", hot_application_access, 1, 1},
    {"access_key_authenticate", hot_authenticate, 1, 5},
    {"session_create", hot_session_create, 1, 0},
    {"session_find", hot_session_find, 1, 3}, /* the third: of a browser's sign-in alone */
    {"session_rotate", hot_session_rotate, 1, 1},
    {"caller_find", hot_caller_find, 1, 8},
    {"caller_find with secondary roles", hot_caller_find_with_roles, 2, 9},
    {"user_find", hot_user_find, 1, 3},
    {"employee_find", hot_employee_find, 1, 1},
    {"tenant_find", hot_tenant_find, 1, 1},
    {"application_used, access_key_used", hot_used, 2, 2},
    {"origin_registered", hot_origin, 1, 3},
    {"assertion_use, generated_key_use", hot_once, 2, 1},
    {"session_revoke_refresh, session_revoke", hot_revoke, 2, 2},
    {"access_keys_list", hot_lists, 4, 8},
    {"login_flows_reset, sso_session_end", hot_sign_out, 5, 10},
    {"sso_session_replace", hot_sign_in_anew, 4, 4},
    {"purge_bite", hot_purge, 16, 16},
};

static void hot_check(struct fixture *f, const struct hot *hot, sqlite3 *plans) {
    unsigned searches = 0;
    caught.on = hot->run != hot_caller_find_with_roles;
    hot->run(f);
    caught.on = false;
    if (plans != NULL) {
        for (size_t i = 0; i < caught.n; i++) {
            searches += plan_check(plans, caught.v[i]);
        }
        print_message("  %s: %zu statements, %u searches\n", hot->name, caught.n, searches);
        assert_true(caught.n >= 1 && caught.n <= hot->statements);
        assert_true(searches <= hot->searches);
    }
    for (; caught.n > 0; caught.n--) {
        free(caught.v[caught.n - 1]);
    }
}

static void hot_statements_search_by_key(struct fixture *f) {
    /* Connections of before know nothing of the hook. */
    assert_int_equal(sqlite3_auto_extension((void (*)(void))connection_opened), SQLITE_OK);
    struct actor *a = actor_new(f, DB_WRITE);
    sqlite3_reset_auto_extension();
    struct db_conn *before = f->cx->db;
    world_make(f);
    key = world_access_key(f);
    session = world_session(f, key.key.access_key_id);
    /* So that every table of the purge has something to walk. */
    store_sql(f, "INSERT INTO application_tenant VALUES ('" TENANT_1 "', '" APP_ALL "', 1)");
    store_sql(f, "INSERT INTO generated_key VALUES ('" TENANT_1 "', 'k', '" USER_1 "', 1, NULL)");
    f->cx->db = a->conn;
    sqlite3 *plans = f->sqlite ? plan_open(f) : NULL;
    for (size_t i = 0; i < COUNT_OF(hots); i++) {
        hot_check(f, &hots[i], plans);
    }
    f->cx->db = before;
    sqlite3_close(plans);
    actor_free(a);
}

static const struct store_case cases[] = {STORE_CASE(hot_statements_search_by_key)};
STORE_MAIN(cases)
