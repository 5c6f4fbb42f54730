/* SPDX-License-Identifier: Apache-2.0 */
/* See fixture.h. */
#include "fixture.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void run(struct fixture *f, const char *sql, struct db_args args) {
    err e = db_exec(&f->cx, sql, args, NULL);
    if (e != OK) {
        fail_msg("%s: %s", sql, f->cx.failure.detail);
    }
}

static void tenant_add(struct fixture *f, const char *id, const char *name, int64_t unit) {
    run(f,
        "INSERT INTO tenant (tenant_id, environment_id, tenant, area, cluster, "
        "primary_business_unit, "
        "sp_id, is_private, is_enabled, lifetimes, created_at, updated_at) "
        "VALUES ($1, $2, $3, 'na1', 'B32', $4, '1', 0, 1, '{}', 1, 1)",
        DB_ARGS(DB_TEXT(str_from(id)), DB_TEXT(STR(ENVIRONMENT)), DB_TEXT(str_from(name)),
                DB_INT(unit)));
}

struct person {
    const char *tenant, *id, *role, *permissions, *name;
    int64_t agent;
};

static void employee_add(struct fixture *f, const struct person *p) {
    run(f,
        "INSERT INTO role (tenant_id, role_id, name, legacy_id, permissions, updated_ms) "
        "VALUES ($1, $2, $3, 'Agent', $4, 1)",
        DB_ARGS(DB_TEXT(str_from(p->tenant)), DB_TEXT(str_from(p->id)), DB_TEXT(str_from(p->role)),
                DB_TEXT(str_from(p->permissions))));
    run(f,
        "INSERT INTO employee (tenant_id, employee_id, user_name, email_address, first_name, "
        "middle_name, last_name, display_name, role_id, secondary_roles, team_id, agent_id, type, "
        "status, attributes, created_at, updated_at) "
        "VALUES ($1, $2, $3, $3, 'Kim', 'Q', 'Lee', '', $2, '', 't1', $4, 'user', 'ACTIVE', "
        "'{\"timeZone\":\"UTC\",\"id\":\"forged\"}', 1, 1)",
        DB_ARGS(DB_TEXT(str_from(p->tenant)), DB_TEXT(str_from(p->id)), DB_TEXT(str_from(p->name)),
                DB_INT(p->agent)));
}

static void rows_add(struct fixture *f) {
    tenant_add(f, TENANT, "one", 1);
    tenant_add(f, FOREIGN, "two", 2);
    const struct person people[] = {
        {TENANT, ADMIN, "Administrator", ADMIN_WORDS, "kim@one.example", 11},
        {TENANT, AGENT, "Agent", AGENT_WORDS, "lee@one.example", 12},
        {TENANT, NOBODY, "Nobody", "", "mia@one.example", 13},
        {FOREIGN, STRANGER, "Agent", "", "kim@two.example", 11},
    };
    for (size_t i = 0; i < COUNT_OF(people); i++) {
        employee_add(f, &people[i]);
    }
}

int fixture_setup(void **state) {
    struct fixture *f = test_calloc(1, sizeof *f);
    (void)snprintf(f->file, sizeof f->file, "/tmp/postern-api-XXXXXX");
    int fd = mkstemp(f->file);
    assert_true(fd >= 0);
    (void)close(fd);
    f->arena = arena_new();
    f->clock = clock_fixed(1700000000000);
    f->log = (struct log){.fd = -1, .clock = &f->clock};
    ctx_init(&f->cx, f->arena, &f->clock, &random_system, &f->log);
    const struct db_options options = {.url = f->file};
    assert_int_equal(db_open(&f->cx, &options, &f->db), OK);
    assert_int_equal(db_connect(&f->cx, f->db, DB_WRITE, &f->conn), OK);
    f->cx.db = f->conn;
    assert_int_equal(db_migrate(&f->cx, f->db), OK);
    f->environment.id = STR(ENVIRONMENT);
    rows_add(f);
    *state = f;
    return 0;
}

int fixture_teardown(void **state) {
    struct fixture *f = *state;
    db_disconnect(f->conn);
    db_close(f->db);
    static const char *const files[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        (void)unlink(str_z(f->arena, str_format(f->arena, "%s%s", f->file, files[i])));
    }
    arena_free(f->arena);
    test_free(f);
    return 0;
}

void as_user(struct fixture *f, const char *tenant, const char *employee, const char *permissions) {
    f->caller = (struct caller){.is_user = true,
                                .tenant_id = str_from(tenant),
                                .client_id = STR("client"),
                                .actor = str_format(f->arena, "user:%s", employee),
                                .employee_id = str_from(employee),
                                .permissions = str_from(permissions)};
}

void as_client(struct fixture *f, const char *tenant) {
    f->caller =
        (struct caller){.tenant_id = str_from(tenant),
                        .client_id = STR("client"),
                        .actor = STR("client:client"),
                        .scope = STR("access-key-read access-key-write platform-user-read")};
}

int call(struct fixture *f, const struct call *c) {
    f->rp = (struct reply){0};
    f->rq = (struct request){.environment = &f->environment,
                             .caller = &f->caller,
                             .remote = STR("192.0.2.1"),
                             .path_param = {str_from(c->id)}};
    if (c->query != NULL) {
        const struct form_rules rules = {.max = HTTP_QUERY_MAX, .plus = true};
        assert_int_equal(form_parse(&f->cx, str_from(c->query), &rules, &f->rq.query), OK);
    }
    if (c->json != NULL) {
        json_t *json;
        assert_int_equal(json_parse(&f->cx, str_from(c->json), &json), OK);
        f->rq.json = json;
    }
    err e = c->handle(&f->cx, &f->rq, &f->rp);
    if (e == OK && f->rp.write.run != NULL) {
        e = db_transaction(&f->cx, f->rp.write.run, f->rp.write.state);
    }
    if (e != OK) {
        f->rp.status = err_info(e)->status;
        f->rp.body = str_copy(f->arena, str_from(failure_text(&f->cx)));
    }
    return f->rp.status == 0 ? 200 : f->rp.status;
}

json_t *answer(struct fixture *f) {
    json_t *value;
    assert_int_equal(json_parse(&f->cx, f->rp.body, &value), OK);
    return value;
}

const char *answer_text(struct fixture *f, const char *object, const char *member) {
    const json_t *value = answer(f);
    value = object != NULL ? json_object_get(value, object) : value;
    return json_string_value(json_object_get(value, member));
}

int64_t rows_count(struct fixture *f, const char *sql) {
    int64_t n;
    assert_int_equal(db_one(&f->cx, sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n))), OK);
    return n;
}
