/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: one successor for a refresh token, nothing alive after a revocation; and who calls an
 * API. */
#include "model_world.h"

#include <stdio.h>
#include <stdlib.h>

#define THREADS 64

static void idor_session_is_found_in_its_tenant_alone(struct fixture *f) {
    struct session s;
    world_make(f);
    struct session made = world_session(f, STR_NONE);
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    must_be(s.application_id, APP_1);
    must_be(s.refresh_digest, "digest-0");
    assert_true(s.access_key_alive);
    assert_int_equal(s.expires_at, made.expires_at);
    assert_int_equal(s.revoked_at, 0);
    must_fail(f->cx, session_find(f->cx, S(TENANT_2), made.session_id, &s), ERR_NOT_FOUND);
    must(f->cx, session_revoke(f->cx, S(TENANT_2), made.session_id));
    must(f->cx, session_revoke_refresh(f->cx, S(TENANT_2), made.session_id));
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    assert_int_equal(s.revoked_at, 0);
    assert_int_equal(s.refresh_revoked_at, 0);
}

static void session_knows_whether_its_access_key_lives(struct fixture *f) {
    struct session s;
    world_make(f);
    struct str key = world_access_key(f).key.access_key_id;
    struct session made = world_session(f, key);
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    assert_true(s.access_key_alive);
    must(f->cx, access_key_set_active(f->cx, S(TENANT_1), key, false));
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    assert_false(s.access_key_alive);
    must(f->cx, access_key_set_active(f->cx, S(TENANT_1), key, true));
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    assert_false(s.access_key_alive); /* SECURITY `dead-means-dead`: not again */
    made = world_session(f, key);
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    assert_true(s.access_key_alive);
    must(f->cx, access_key_delete(f->cx, S(TENANT_1), key));
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    assert_false(s.access_key_alive);
}

static struct session_rotation rotation_of(const struct session *s, const char *old,
                                           const char *new) {
    return (struct session_rotation){.tenant_id = s->tenant_id,
                                     .session_id = s->session_id,
                                     .old_digest = str_from(old),
                                     .new_digest = str_from(new),
                                     .answer = S("sealed"),
                                     .refresh_expires_at = s->refresh_expires_at + 100,
                                     .expires_at = s->expires_at + 100};
}

static void refresh_once_a_token_has_one_successor(struct fixture *f) {
    struct session s;
    world_make(f);
    struct session made = world_session(f, STR_NONE);
    struct session_rotation r = rotation_of(&made, "digest-0", "digest-1");
    must(f->cx, session_rotate(f->cx, &r));
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    must_be(s.refresh_digest, "digest-1");
    must_be(s.refresh_used_digest, "digest-0");
    must_be(s.refresh_answer, "sealed");
    assert_int_equal(s.refresh_rotated_at, f->cx->now);
    assert_int_equal(s.refresh_expires_at, made.refresh_expires_at + 100);
    assert_int_equal(s.expires_at, made.expires_at + 100);
    must_fail(f->cx, session_rotate(f->cx, &r), ERR_NOT_FOUND);
    /* The end of the session moves forwards only: earlier tokens live on. */
    r = rotation_of(&made, "digest-1", "digest-2");
    r.expires_at = 5;
    must(f->cx, session_rotate(f->cx, &r));
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    assert_int_equal(s.expires_at, made.expires_at + 100);
}

static void refresh_is_refused_to_strangers_and_the_late(struct fixture *f) {
    world_make(f);
    struct session made = world_session(f, STR_NONE);
    struct session_rotation r = rotation_of(&made, "digest-0", "digest-1");
    r.tenant_id = S(TENANT_2);
    must_fail(f->cx, session_rotate(f->cx, &r), ERR_NOT_FOUND);
    r = rotation_of(&made, "digest-9", "digest-1");
    must_fail(f->cx, session_rotate(f->cx, &r), ERR_NOT_FOUND);
    r = rotation_of(&made, "digest-0", "digest-1");
    store_at(f, 7200); /* the second at which it ends */
    must_fail(f->cx, session_rotate(f->cx, &r), ERR_NOT_FOUND);
    store_at(f, -1);
    must(f->cx, session_rotate(f->cx, &r));
}

static void refresh_is_refused_after_either_revocation(struct fixture *f) {
    struct session s;
    world_make(f);
    struct session one = world_session(f, STR_NONE), two = world_session(f, STR_NONE);
    must(f->cx, session_revoke_refresh(f->cx, S(TENANT_1), one.session_id));
    struct session_rotation r = rotation_of(&one, "digest-0", "digest-1");
    must_fail(f->cx, session_rotate(f->cx, &r), ERR_NOT_FOUND);
    must(f->cx, session_find(f->cx, S(TENANT_1), one.session_id, &s));
    assert_int_equal(s.revoked_at, 0); /* earlier access tokens live on */
    int64_t first = f->cx->now;
    store_at(f, 5);
    must(f->cx, session_revoke(f->cx, S(TENANT_1), one.session_id));
    must(f->cx, session_find(f->cx, S(TENANT_1), one.session_id, &s));
    assert_int_equal(s.refresh_revoked_at, first);
    assert_int_equal(s.revoked_at, first + 5);
    r = rotation_of(&two, "digest-0", "digest-1");
    must(f->cx, session_rotate(f->cx, &r));
    must(f->cx, session_revoke(f->cx, S(TENANT_1), two.session_id));
    r = rotation_of(&two, "digest-1", "digest-2");
    must_fail(f->cx, session_rotate(f->cx, &r), ERR_NOT_FOUND);
    must(f->cx, session_find(f->cx, S(TENANT_1), two.session_id, &s));
    assert_null(s.refresh_answer.p);
}

/* ---- many at once ---- */

struct racer {
    struct fixture *f;
    struct db_writer *writer;
    pthread_t thread;
    pthread_barrier_t *start;
    err (*run)(struct ctx *, void *);
    struct session_rotation rotation;
    char digest[32];
    err result;
};

static err rotate_run(struct ctx *cx, void *state) {
    const struct racer *r = state;
    return session_rotate(cx, &r->rotation);
}

static err revoke_run(struct ctx *cx, void *state) {
    const struct racer *r = state;
    return session_revoke(cx, r->rotation.tenant_id, r->rotation.session_id);
}

static void *race(void *object) {
    struct racer *r = object;
    (void)pthread_barrier_wait(r->start);
    r->result = job_do(r->f, r->writer, r->run, r);
    return NULL;
}

/* `n` racers through the write queue at once; how many of the rotations succeeded. */
static unsigned race_all(struct fixture *f, struct racer *racers, unsigned n) {
    const struct db_writer_options options = {.log = &f->log};
    struct db_writer *writer;
    pthread_barrier_t start;
    unsigned won = 0;
    must(f->cx, db_writer_start(f->cx, f->db, &options, &writer));
    pthread_barrier_init(&start, NULL, n);
    for (unsigned i = 0; i < n; i++) {
        racers[i].f = f;
        racers[i].writer = writer;
        racers[i].start = &start;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(racers[i].thread, NULL);
        bool rotation = racers[i].run == rotate_run;
        assert_true(racers[i].result == OK || (rotation && racers[i].result == ERR_NOT_FOUND));
        won += rotation && racers[i].result == OK;
    }
    pthread_barrier_destroy(&start);
    db_writer_stop(writer);
    return won;
}

static void racer_rotates(struct racer *r, const struct session *s, unsigned number) {
    (void)snprintf(r->digest, sizeof r->digest, "new-%u", number);
    r->run = rotate_run;
    r->rotation = rotation_of(s, "digest-0", r->digest);
}

static void refresh_once_64_parallel_refreshes_have_one_successor(struct fixture *f) {
    struct session s;
    world_make(f);
    struct session made = world_session(f, STR_NONE);
    struct racer *racers = calloc(THREADS, sizeof *racers);
    for (unsigned i = 0; i < THREADS; i++) {
        racer_rotates(&racers[i], &made, i);
    }
    assert_int_equal(race_all(f, racers, THREADS), 1);
    must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
    for (unsigned i = 0; i < THREADS; i++) {
        if (racers[i].result == OK) {
            must_be(s.refresh_digest, racers[i].digest);
        }
    }
    free(racers);
}

static void refresh_once_against_revoke_leaves_nothing_alive(struct fixture *f) {
    world_make(f);
    for (unsigned round = 0; round < 20; round++) {
        struct session s;
        struct session made = world_session(f, STR_NONE);
        struct racer racers[8] = {{0}};
        for (unsigned i = 0; i < COUNT_OF(racers); i++) {
            racer_rotates(&racers[i], &made, i);
        }
        racers[round % COUNT_OF(racers)].run = revoke_run;
        assert_true(race_all(f, racers, COUNT_OF(racers)) <= 1);
        must(f->cx, session_find(f->cx, S(TENANT_1), made.session_id, &s));
        assert_int_not_equal(s.revoked_at, 0);
        assert_null(s.refresh_answer.p);
        char *now = str_z(f->cx->arena, s.refresh_digest);
        struct session_rotation r = rotation_of(&made, now, "later");
        must_fail(f->cx, session_rotate(f->cx, &r), ERR_NOT_FOUND);
    }
}

/* ---- callers ---- */

static struct caller caller_of(struct fixture *f, const struct session *s) {
    struct caller c;
    must(f->cx, caller_find(f->cx, S(ENV_1), s->tenant_id, s->session_id, &c));
    return c;
}

static void refused(struct fixture *f, const struct session *s) {
    struct caller c;
    must_fail(f->cx, caller_find(f->cx, S(ENV_1), s->tenant_id, s->session_id, &c),
              ERR_INVALID_TOKEN);
}

static struct session client_session(struct fixture *f, const char *application,
                                     const char *owner) {
    struct session s = {.tenant_id = S(TENANT_1),
                        .session_id = uuid_v7(f->cx),
                        .application_tenant_id = str_from(owner),
                        .application_id = str_from(application),
                        .scope = S("openid platform-user-read analytics-query"),
                        .auth_at = f->cx->now,
                        .created_at = f->cx->now,
                        .expires_at = f->cx->now + 3600};
    must(f->cx, session_create(f->cx, &s));
    return s;
}

static void caller_is_the_user_with_all_permissions(struct fixture *f) {
    world_make(f);
    struct session s = world_session(f, world_access_key(f).key.access_key_id);
    struct caller c = caller_of(f, &s);
    assert_true(c.is_user);
    must_be(c.actor, "user:" USER_1);
    must_be(c.client_id, APP_1);
    must_be(c.user_name, "one@example.com");
    must_be(c.scope, "openid");
    assert_int_equal(c.agent_id, 11);
    assert_true(caller_may(&c, "employee.view"));
    assert_false(caller_may(&c, "employee"));
    assert_false(caller_may(&c, "access-key.view"));
    store_sql(f, "UPDATE employee SET secondary_roles = '" ROLE_2 "'");
    c = caller_of(f, &s);
    assert_true(caller_may(&c, "access-key.view"));
    assert_true(caller_may(&c, "my-access-key.view"));
    struct caller foreign;
    must_fail(f->cx, caller_find(f->cx, S(ENV_2), S(TENANT_1), s.session_id, &foreign),
              ERR_INVALID_TOKEN);
    must_fail(f->cx, caller_find(f->cx, S(ENV_1), S(TENANT_2), s.session_id, &foreign),
              ERR_INVALID_TOKEN);
}

static void caller_that_is_an_application_has_scope_and_no_permission(struct fixture *f) {
    world_make(f);
    struct session s = client_session(f, APP_1, TENANT_1);
    struct caller c = caller_of(f, &s);
    assert_false(c.is_user);
    must_be(c.actor, "client:" APP_1);
    /* What the application no longer registers is gone at once. */
    must_be(c.scope, "openid platform-user-read");
    assert_false(caller_may(&c, "employee.view"));
    assert_null(c.employee_id.p);
}

static void dead_means_dead_caller_falls_with_whatever_it_stands_on(struct fixture *f) {
    world_make(f);
    struct str key = world_access_key(f).key.access_key_id;
    struct session s = world_session(f, key);
    static const char *const deaths[][2] = {
        {"UPDATE employee SET status = 'BLOCKED'", "UPDATE employee SET status = 'ACTIVE'"},
        {"UPDATE employee SET status = 'DELETED'", "UPDATE employee SET status = 'ACTIVE'"},
        {"UPDATE tenant SET is_enabled = 0", "UPDATE tenant SET is_enabled = 1"},
        {"UPDATE application SET is_enabled = 0", "UPDATE application SET is_enabled = 1"},
        {"UPDATE application SET deletion_at = 1", "UPDATE application SET deletion_at = NULL"},
        {"UPDATE access_key SET is_active = 0", "UPDATE access_key SET is_active = 1"},
        {"UPDATE access_key SET epoch = epoch + 1", "UPDATE access_key SET epoch = epoch - 1"},
        {"UPDATE session SET revoked_at = 1", "UPDATE session SET revoked_at = NULL"},
    };
    for (size_t i = 0; i < COUNT_OF(deaths); i++) {
        must(f->cx, db_exec(f->cx, deaths[i][0], DB_NO_ARGS, NULL));
        refused(f, &s);
        must(f->cx, db_exec(f->cx, deaths[i][1], DB_NO_ARGS, NULL));
        (void)caller_of(f, &s);
    }
    must(f->cx, session_revoke_refresh(f->cx, S(TENANT_1), s.session_id));
    (void)caller_of(f, &s);
    must(f->cx, access_key_delete(f->cx, S(TENANT_1), key));
    refused(f, &s);
    s = world_session(f, STR_NONE);
    store_sql(f, "DELETE FROM application");
    refused(f, &s);
}

static void dead_means_dead_caller_ends_with_its_session(struct fixture *f) {
    world_make(f);
    struct session s = world_session(f, STR_NONE);
    store_at(f, 7199);
    (void)caller_of(f, &s);
    store_at(f, 1);
    refused(f, &s);
}

static void dead_means_dead_caller_of_another_owner_needs_the_tenants_consent(struct fixture *f) {
    world_make(f);
    struct session client = client_session(f, APP_ALL, TENANT_2);
    refused(f, &client); /* undecided: users may, the application itself may not */
    struct session user = client;
    user.session_id = uuid_v7(f->cx);
    user.employee_id = S(USER_1);
    must(f->cx, session_create(f->cx, &user));
    (void)caller_of(f, &user);
    store_sql(f, "INSERT INTO application_tenant VALUES ('" TENANT_1 "', '" APP_ALL "', 1)");
    (void)caller_of(f, &client);
    store_sql(f, "UPDATE application_tenant SET is_allowed = 0");
    refused(f, &client);
    refused(f, &user);
    store_sql(f, "UPDATE application_tenant SET is_allowed = 1");
    store_sql(f, "UPDATE tenant SET is_enabled = 0 WHERE tenant_id = '" TENANT_2 "'");
    refused(f, &user); /* its owner */
    store_sql(f, "UPDATE tenant SET is_enabled = 1");
    store_sql(f, "UPDATE application SET tenancy = 'single'");
    refused(f, &user);
    refused(f, &client);
}

static const struct store_case cases[] = {
    STORE_CASE(idor_session_is_found_in_its_tenant_alone),
    STORE_CASE(session_knows_whether_its_access_key_lives),
    STORE_CASE(refresh_once_a_token_has_one_successor),
    STORE_CASE(refresh_is_refused_to_strangers_and_the_late),
    STORE_CASE(refresh_is_refused_after_either_revocation),
    STORE_CASE(refresh_once_64_parallel_refreshes_have_one_successor),
    STORE_CASE(refresh_once_against_revoke_leaves_nothing_alive),
    STORE_CASE(caller_is_the_user_with_all_permissions),
    STORE_CASE(caller_that_is_an_application_has_scope_and_no_permission),
    STORE_CASE(dead_means_dead_caller_falls_with_whatever_it_stands_on),
    STORE_CASE(dead_means_dead_caller_ends_with_its_session),
    STORE_CASE(dead_means_dead_caller_of_another_owner_needs_the_tenants_consent),
};
STORE_MAIN(cases)
