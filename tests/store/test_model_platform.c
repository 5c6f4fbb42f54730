/* SPDX-License-Identifier: Apache-2.0 */
/* Signing keys, the master key's check, and the snapshot of environments that requests read. */
#include "model_world.h"

static const struct alg *es256(void) {
    return alg_find(STR("ES256"));
}

static struct signing_keys_new *prepare(struct fixture *f) {
    struct signing_keys_new *keys;
    must(f->cx, signing_keys_prepare(f->cx, &world_master, S(ENV_1), es256(), &keys));
    return keys;
}

static struct platform *platform(struct fixture *f) {
    struct platform *p;
    const struct platform_options options = {.master = &world_master, .workers = 2};
    must(f->cx, platform_new(f->cx, &options, &p));
    f->cx->app = p;
    return p;
}

static bool reload(struct fixture *f, struct platform *p, bool only_if_changed) {
    bool changed;
    must(f->cx, platform_reload(f->cx, p, only_if_changed, &changed));
    return changed;
}

/* The snapshot goes before its platform. */
static void done(struct fixture *f, struct platform *p) {
    f->cx->app = NULL;
    platform_free(p);
}

static void signing_keys_are_one_active_three_future_and_one_for_refresh(struct fixture *f) {
    bool complete;
    world_make(f);
    must(f->cx, signing_keys_complete(f->cx, S(ENV_1), es256(), &complete));
    assert_false(complete);
    struct signing_keys_new *keys = prepare(f);
    must(f->cx, signing_keys_store(f->cx, keys));
    must(f->cx, signing_keys_complete(f->cx, S(ENV_1), es256(), &complete));
    assert_true(complete);
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key WHERE state = 'active' AND "
                                     "alg = 'ES256' AND activated_at IS NOT NULL"),
                     1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key WHERE state = 'future'"), 3);
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key WHERE alg = 'HS256'"), 1);
    /* Who prepared at the same time stores nothing more. */
    must(f->cx, signing_keys_store(f->cx, prepare(f)));
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key"), 5);
    must(f->cx, signing_keys_complete(f->cx, S(ENV_1), alg_find(STR("EdDSA")), &complete));
    assert_false(complete);
    must(f->cx, signing_keys_complete(f->cx, S(ENV_2), es256(), &complete));
    assert_false(complete);
    must_fail(f->cx,
              signing_keys_prepare(f->cx, &world_master, S(ENV_1), alg_find(STR("HS256")), &keys),
              ERR_INTERNAL);
}

static void signing_keys_need_their_environment(struct fixture *f) {
    world_make(f);
    struct signing_keys_new *keys = prepare(f);
    store_sql(f, "DELETE FROM environment");
    must_fail(f->cx, signing_keys_store(f->cx, keys), ERR_NOT_FOUND);
    must_fail(f->cx, signing_keys_rotate(f->cx, keys), ERR_NOT_FOUND);
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key"), 0);
}

static struct str kid_at(struct fixture *f, const char *sql) {
    struct str kid;
    must(f->cx, db_one(f->cx, sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_STR(&kid))));
    return kid;
}

static void rotation_activates_the_oldest_future_key(struct fixture *f) {
    world_make(f);
    must(f->cx, signing_keys_store(f->cx, prepare(f)));
    struct str active = kid_at(f, "SELECT kid FROM signing_key WHERE state = 'active' AND alg = "
                                  "'ES256'");
    struct str next =
        kid_at(f, "SELECT kid FROM signing_key WHERE state = 'future' ORDER BY position");
    must(f->cx, signing_keys_rotate(f->cx, prepare(f)));
    assert_true(str_eq(kid_at(f, "SELECT kid FROM signing_key WHERE state = 'retired' AND "
                                 "retired_at IS NOT NULL"),
                       active));
    assert_true(str_eq(kid_at(f, "SELECT kid FROM signing_key WHERE state = 'active' AND alg = "
                                 "'ES256' AND activated_at IS NOT NULL"),
                       next));
    assert_int_equal(store_number(f, "SELECT count(*) FROM signing_key WHERE state = 'future'"), 3);
    for (int i = 0; i < SIGNING_KEYS_MAX - 5; i++) {
        must(f->cx, signing_keys_rotate(f->cx, prepare(f)));
    }
    must_fail(f->cx, signing_keys_rotate(f->cx, prepare(f)), ERR_CONFLICT);
}

struct listing {
    struct signing_key_row row;
    unsigned n, active;
};
static err listing_add(struct ctx *cx, void *state) {
    (void)cx;
    struct listing *l = state;
    must_be(l->row.environment, "global");
    must_be(l->row.alg, "ES256");
    if (l->n++ == 0) {
        must_be(l->row.state, "active");
    }
    l->active += str_is(l->row.state, "active");
    return OK;
}

static void keys_are_listed_without_the_refresh_key(struct fixture *f) {
    struct listing l = {.n = 0};
    world_make(f);
    world_keys(f, ENV_1);
    must(f->cx, signing_keys_list(f->cx, listing_add, &l.row, &l));
    assert_int_equal(l.n, 4);
    assert_int_equal(l.active, 1);
}

static void secrets_once_private_keys_are_sealed_and_bound_to_their_row(struct fixture *f) {
    bool changed;
    world_make(f);
    store_sql(f, "DELETE FROM environment WHERE environment_id = '" ENV_2 "'");
    world_keys(f, ENV_1);
    struct platform *p = platform(f);
    assert_true(reload(f, p, true));
    /* Two keys of one environment, their private parts exchanged. */
    store_sql(f,
              "UPDATE signing_key SET private_sealed = (SELECT s.private_sealed FROM signing_key s "
              "WHERE s.state = 'future' AND s.position = 1) WHERE position = 2");
    assert_int_not_equal(platform_reload(f->cx, p, false, &changed), OK);
    done(f, p);
}

static void defaults_a_foreign_master_key_is_refused(struct fixture *f) {
    const struct seal_key other = {.bytes = {9}};
    must_fail(f->cx, master_key_check(f->cx, &world_master, false), ERR_BAD_CONFIG);
    must(f->cx, master_key_check(f->cx, &world_master, true));
    must(f->cx, master_key_check(f->cx, &world_master, false));
    must_fail(f->cx, master_key_check(f->cx, &other, true), ERR_BAD_CONFIG);
    must(f->cx, master_key_check(f->cx, &world_master, true));
}

static void defaults_keys_without_a_check_value_are_refused(struct fixture *f) {
    world_make(f);
    world_keys(f, ENV_1);
    must_fail(f->cx, master_key_check(f->cx, &world_master, true), ERR_BAD_CONFIG);
}

static void snapshot_is_read_again_when_the_generation_changed(struct fixture *f) {
    const struct environment *e;
    world_make(f);
    struct platform *p = platform(f);
    assert_null(platform_snapshot(f->cx));
    assert_int_equal(snapshot_count(NULL), 0);
    must_fail(f->cx, snapshot_environment(f->cx, NULL, S("id.example"), &e), ERR_UNAVAILABLE);
    world_keys(f, ENV_1);
    world_keys(f, ENV_2);
    assert_true(reload(f, p, true));
    assert_false(reload(f, p, true));
    assert_true(reload(f, p, false));
    const struct snapshot *old = platform_snapshot(f->cx);
    assert_int_equal(snapshot_count(old), 2);
    must_be(snapshot_at(old, 0)->name, "global");
    assert_null(snapshot_at(old, 2));
    store_sql(f, "UPDATE environment SET name = 'renamed' WHERE is_default = 1");
    assert_false(reload(f, p, true));
    must(f->cx, generation_raise(f->cx));
    assert_true(reload(f, p, true));
    must_be(snapshot_at(platform_snapshot(f->cx), 0)->name, "renamed");
    must_be(snapshot_at(old, 0)->name, "global"); /* what a request began with */
    done(f, p);
}

static void snapshot_without_environments_is_unavailable(struct fixture *f) {
    const struct environment *e;
    struct platform *p = platform(f);
    assert_true(reload(f, p, true));
    must_fail(f->cx, snapshot_environment(f->cx, platform_snapshot(f->cx), S("x"), &e),
              ERR_UNAVAILABLE);
    done(f, p);
}

static void jwt_an_environment_without_a_refresh_key_is_refused(struct fixture *f) {
    bool changed;
    world_make(f);
    struct platform *p = platform(f);
    must_fail(f->cx, platform_reload(f->cx, p, true, &changed), ERR_BAD_CONFIG);
    assert_null(platform_snapshot(f->cx));
    done(f, p);
}

static const struct environment *by_host(struct fixture *f, const char *host) {
    const struct environment *e;
    must(f->cx, snapshot_environment(f->cx, platform_snapshot(f->cx), str_from(host), &e));
    return e;
}

static const char *area_of(struct fixture *f, const char *host) {
    const struct area *a = snapshot_host_area(platform_snapshot(f->cx), str_from(host));
    return a != NULL ? str_z(f->cx->arena, a->area) : "none";
}

static void host_names_the_environment_and_the_area(struct fixture *f) {
    world_make(f);
    world_keys(f, ENV_1);
    world_keys(f, ENV_2);
    struct platform *p = platform(f);
    assert_true(reload(f, p, true));
    static const char *const global[] = {
        "id.example",        "ID.Example",        "id.example:443",
        "api-na1.d.example", "eu1.uh.example:80", "api-b32.acd.example",
        "api.cxone.example", "unknown.example",   "",
        "[::1]:8420"};
    for (size_t i = 0; i < COUNT_OF(global); i++) {
        must_be(by_host(f, global[i])->name, "global");
        bool hint = i >= 7; /* the last three are nobody's names */
        assert_int_equal(snapshot_host_known(platform_snapshot(f->cx), str_from(global[i])), !hint);
    }
    must_be(by_host(f, "gov.example")->name, "gov");
    must_be(by_host(f, "gov.example:8443")->name, "gov");
    must_be(by_host(f, "gov.example:1")->name, "gov");
    assert_string_equal(area_of(f, "na1.uh.example"), "na1");
    assert_string_equal(area_of(f, "api-eu1.d.example:8443"), "eu1");
    assert_string_equal(area_of(f, "eu1.old.example"), "eu1");
    assert_string_equal(area_of(f, "id.example"), "none");
    assert_string_equal(area_of(f, "api-b32.acd.example"), "none");
    assert_string_equal(area_of(f, "gov.example"), "none");
    assert_string_equal(area_of(f, "unknown.example"), "none");
    const struct environment *gov = by_host(f, "gov.example");
    must_be(gov->token_endpoint, "https://gov.example:8443/auth/token");
    must_be(gov->hosts.api, "https://gov.example:8443");
    assert_null(environment_area(gov, S("eu1")));
    const struct environment *e = by_host(f, "id.example");
    must_be(environment_url(f->cx->arena, e->hosts.api, environment_area(e, S("na1")), S("B32")),
            "https://api-na1.d.example");
    done(f, p);
}

static void audience_kid_of_another_environment_is_unknown(struct fixture *f) {
    world_make(f);
    world_keys(f, ENV_1);
    world_keys(f, ENV_2);
    struct platform *p = platform(f);
    assert_true(reload(f, p, true));
    const struct keyring *mine = by_host(f, "id.example")->keys;
    const struct keyring *theirs = by_host(f, "gov.example")->keys;
    const struct signing_key *k = keyring_active(theirs, es256());
    assert_non_null(k);
    assert_ptr_equal(keyring_find(theirs, k->kid), k);
    assert_null(keyring_find(mine, k->kid));
    assert_null(keyring_find(mine, STR_NONE));
    assert_null(keyring_find(mine, S("' OR 1=1 --")));
    assert_null(keyring_active(mine, alg_find(STR("RS256"))));
    assert_int_equal(mine->n, 4);
    must_be(mine->keys[0].state, "active");
    assert_int_equal(mine->refresh_key.n, REFRESH_KEY_SIZE);
    assert_false(secret_equal(mine->refresh_key, theirs->refresh_key));
    done(f, p);
}

static void tokens_of_a_retired_key_verify_until_it_is_unpublished(struct fixture *f) {
    struct str token;
    struct jws jws;
    world_make(f);
    store_sql(f, "DELETE FROM environment WHERE environment_id = '" ENV_2 "'");
    must(f->cx, signing_keys_store(f->cx, prepare(f)));
    struct platform *p = platform(f);
    assert_true(reload(f, p, true));
    const struct signing_key *k = keyring_active(by_host(f, "")->keys, es256());
    assert_true(kid_header_ok(k->header_access) && kid_header_ok(k->header_id));
    must(f->cx, signing_key_sign(f->cx, k, k->header_access, S("{}"), &token));
    must(f->cx, jws_parse(f->cx, token, &jws));
    assert_true(signing_key_verify(f->cx, k, &jws));
    assert_false(signing_key_verify(f->cx, &by_host(f, "")->keys->keys[1], &jws));
    struct jws other = jws;
    other.alg = alg_find(STR("RS256"));
    assert_false(signing_key_verify(f->cx, k, &other));
    f->cx->worker_id = 99; /* none of the server's threads */
    assert_true(signing_key_verify(f->cx, k, &jws));
    must(f->cx, signing_key_sign(f->cx, k, k->header_access, S("{}"), &token));
    f->cx->worker_id = 0;
    must(f->cx, signing_keys_rotate(f->cx, prepare(f)));
    assert_true(reload(f, p, true));
    assert_false(str_eq(keyring_active(by_host(f, "")->keys, es256())->kid, k->kid));
    assert_non_null(keyring_find(by_host(f, "")->keys, k->kid));
    assert_true(signing_key_verify(f->cx, keyring_find(by_host(f, "")->keys, k->kid), &jws));
    store_at(f, SIGNING_KEY_RETIRED_SECONDS - 1);
    assert_true(reload(f, p, false));
    assert_non_null(keyring_find(by_host(f, "")->keys, k->kid));
    store_at(f, 1);
    assert_true(reload(f, p, false));
    assert_null(keyring_find(by_host(f, "")->keys, k->kid));
    done(f, p);
}

static void seal_keys_differ_by_purpose(struct fixture *f) {
    struct platform *p = platform(f);
    const struct seal_key *a = platform_seal_key(f->cx, SEAL_APPLICATION_SECRET);
    const struct seal_key *b = platform_seal_key(f->cx, "another");
    struct seal_key expected = seal_key_derive(&world_master, "another");
    assert_memory_equal(b->bytes, expected.bytes, SEAL_KEY_SIZE);
    assert_memory_not_equal(a->bytes, b->bytes, SEAL_KEY_SIZE);
    assert_ptr_equal(platform_seal_key(f->cx, SEAL_APPLICATION_SECRET), a);
    done(f, p);
}

/* ---- many at once ---- */

struct reader {
    struct fixture *f;
    struct platform *platform;
    pthread_t thread;
    unsigned worker;
    atomic_bool *stop;
    unsigned reads;
    bool good;
};

static bool read_once(struct ctx *cx) {
    const struct snapshot *s = platform_snapshot(cx);
    const struct environment *e;
    struct str token;
    struct jws jws;
    if (snapshot_environment(cx, s, S("id.example"), &e) != OK || !str_is(e->name, "global")) {
        return false;
    }
    const struct signing_key *k = keyring_active(e->keys, es256());
    return k != NULL && signing_key_sign(cx, k, k->header_access, S("{}"), &token) == OK &&
           jws_parse(cx, token, &jws) == OK &&
           signing_key_verify(cx, keyring_find(e->keys, k->kid), &jws);
}

static void *read_all(void *object) {
    struct reader *r = object;
    struct arena *arena = arena_new();
    r->good = true;
    while (!atomic_load(r->stop)) {
        struct ctx cx;
        ctx_init(&cx, arena, &r->f->clock, &r->f->random, &r->f->log);
        cx.app = r->platform;
        cx.worker_id = r->worker;
        r->good = read_once(&cx) && r->good;
        r->reads++;
        arena_reset(arena);
    }
    arena_free(arena);
    return NULL;
}

/* Also for ThreadSanitizer: two threads share a worker's number, one has none of the platform's. */
static void snapshot_is_swapped_under_readers(struct fixture *f) {
    atomic_bool stop = false;
    struct reader readers[4] = {{.worker = 0}, {.worker = 1}, {.worker = 1}, {.worker = 7}};
    world_make(f);
    world_keys(f, ENV_1);
    world_keys(f, ENV_2);
    struct platform *p = platform(f);
    assert_true(reload(f, p, true));
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        readers[i].f = f;
        readers[i].platform = p;
        readers[i].stop = &stop;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_all, &readers[i]), 0);
    }
    for (int i = 0; i < 40; i++) {
        if (i % 4 == 0 && i < 32) {
            must(f->cx, signing_keys_rotate(f->cx, prepare(f)));
        }
        (void)reload(f, p, i % 2 == 0);
        arena_reset(f->cx->arena);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        pthread_join(readers[i].thread, NULL);
        assert_true(readers[i].good);
        assert_true(readers[i].reads > 0);
    }
    done(f, p);
}

static const struct store_case cases[] = {
    STORE_CASE(signing_keys_are_one_active_three_future_and_one_for_refresh),
    STORE_CASE(signing_keys_need_their_environment),
    STORE_CASE(rotation_activates_the_oldest_future_key),
    STORE_CASE(keys_are_listed_without_the_refresh_key),
    STORE_CASE(secrets_once_private_keys_are_sealed_and_bound_to_their_row),
    STORE_CASE(defaults_a_foreign_master_key_is_refused),
    STORE_CASE(defaults_keys_without_a_check_value_are_refused),
    STORE_CASE(snapshot_is_read_again_when_the_generation_changed),
    STORE_CASE(snapshot_without_environments_is_unavailable),
    STORE_CASE(jwt_an_environment_without_a_refresh_key_is_refused),
    STORE_CASE(host_names_the_environment_and_the_area),
    STORE_CASE(audience_kid_of_another_environment_is_unknown),
    STORE_CASE(tokens_of_a_retired_key_verify_until_it_is_unpublished),
    STORE_CASE(seal_keys_differ_by_purpose),
    STORE_CASE(snapshot_is_swapped_under_readers),
};
STORE_MAIN(cases)
