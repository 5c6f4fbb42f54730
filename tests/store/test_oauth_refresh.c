/* SPDX-License-Identifier: Apache-2.0 */
/* SECURITY `refresh-once` and `code-once` on both engines: many threads refresh one token, or
 * redeem one code, at once, through handlers, their closures through the write queue. */
#include "harness.h"

#include "store.h"

#include <semaphore.h>
#include <string.h>

#define RACERS 64

struct race;
struct racer {
    struct race *race;
    struct actor *actor;
    pthread_t thread;
    const char *body; /* of the request */
    handler *handle;
    struct answer answer;
    struct db_write write;
    sem_t done;
    err result;
};
struct race {
    pthread_barrier_t start;
    struct db_writer *writer;
    struct racer racers[RACERS];
};

static void write_done(struct db_write *write, err result) {
    struct racer *r = write->owner;
    r->result = result;
    sem_post(&r->done);
}

/* What a server does with one request. */
static void *racer_run(void *of) {
    struct racer *r = of;
    pthread_barrier_wait(&r->race->start);
    struct ask question = {.handle = r->handle, .body = r->body, .keep_write = true};
    r->answer = ask(&r->actor->cx, &question);
    if (r->answer.reply->write.run == NULL) {
        return NULL;
    }
    r->write = (struct db_write){.run = r->answer.reply->write.run,
                                 .state = r->answer.reply->write.state,
                                 .cx = &r->actor->cx,
                                 .done = write_done,
                                 .owner = r};
    if (!db_writer_submit(r->race->writer, &r->write)) {
        r->result = ERR_BUSY;
        return NULL;
    }
    while (sem_wait(&r->done) != 0) {
    }
    if (r->result != OK) {
        error_reply(&r->actor->cx, r->answer.rq, ERRORS_OAUTH, r->result, r->answer.reply);
    }
    return NULL;
}

static void race_prepare(struct fixture *f, struct race *race) {
    struct db_writer_options options = {.log = &f->log};
    must(f->cx, db_writer_start(f->cx, f->db, &options, &race->writer));
    assert_int_equal(pthread_barrier_init(&race->start, NULL, RACERS), 0);
    for (unsigned i = 0; i < RACERS; i++) {
        struct racer *r = &race->racers[i];
        r->race = race;
        r->actor = actor_new(f, DB_READ);
        r->actor->cx.app = f->cx->app;
        r->actor->cx.worker_id = i + 1;
        sem_init(&r->done, 0, 0);
    }
}

static void race_run(struct race *race) {
    for (size_t i = 0; i < RACERS; i++) {
        assert_int_equal(pthread_create(&race->racers[i].thread, NULL, racer_run, &race->racers[i]),
                         0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        (void)pthread_join(race->racers[i].thread, NULL);
    }
}

static void race_end(struct race *race) {
    db_writer_stop(race->writer);
    for (size_t i = 0; i < RACERS; i++) {
        arena_reset(race->racers[i].actor->arena);
        actor_free(race->racers[i].actor);
        sem_destroy(&race->racers[i].done);
    }
    pthread_barrier_destroy(&race->start);
}

static int status_of(const struct racer *r) {
    return r->answer.reply->status;
}

static struct platform *world(struct fixture *f) {
    struct platform *platform;
    house_declare(f->cx);
    house_platform(f->cx, &platform);
    return platform;
}

static void world_end(struct fixture *f, struct platform *platform) {
    arena_reset(f->self->arena);
    platform_free(platform);
}

static const char *token_of(struct ctx *cx, struct str body, const char *member) {
    json_t *json;
    must(cx, json_parse(cx, body, &json));
    const char *text = json_string_value(json_object_get(json, member));
    assert_non_null(text);
    return text;
}

#define CONF_SECRET "q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fGe%%2B/%%2541"

static const char *password_refresh(struct fixture *f) {
    struct ask question = {.handle = token_post,
                           .body = format(f->cx, "grant_type=password&username=" KEY_ID
                                                 "&password=" KEY_SECRET "&client_id=" APP_CONF
                                                 "&client_secret=" CONF_SECRET)};
    struct answer a = ask(f->cx, &question);
    assert_ok(&a);
    return answer_text(&a, "refresh_token");
}

static void refresh_once_64_parallel_refreshes_give_one_successor(struct fixture *f) {
    static struct race race;
    memset(&race, 0, sizeof race);
    struct platform *platform = world(f);
    const char *token = password_refresh(f);
    race_prepare(f, &race);
    for (size_t i = 0; i < RACERS; i++) {
        race.racers[i].handle = token_post;
        race.racers[i].body = format(f->cx,
                                     "grant_type=refresh_token&refresh_token=%s&client_id=" APP_CONF
                                     "&client_secret=" CONF_SECRET,
                                     token);
    }
    race_run(&race);
    struct str first = race.racers[0].answer.reply->body;
    for (size_t i = 0; i < RACERS; i++) {
        /* The client authenticated: the winner has the successor, all others the same answer again.
         */
        assert_int_equal(status_of(&race.racers[i]), 200);
        assert_true(str_eq(race.racers[i].answer.reply->body, first));
    }
    const char *successor = token_of(f->cx, first, "refresh_token");
    struct answer next = refresh_post(f->cx, APP_CONF, successor);
    assert_ok(&next);
    assert_int_equal(store_number(f, "SELECT count(*) FROM session"), 1);
    race_end(&race);
    world_end(f, platform);
}

static void refresh_once_64_parallel_public_refreshes_give_one_success(struct fixture *f) {
    static struct race race;
    memset(&race, 0, sizeof race);
    struct platform *platform = world(f);
    const char *token = public_refresh(f->cx);
    race_prepare(f, &race);
    for (size_t i = 0; i < RACERS; i++) {
        race.racers[i].handle = token_post;
        race.racers[i].body = format(f->cx, "grant_type=refresh_token&refresh_token=%s", token);
    }
    race_run(&race);
    unsigned won = 0;
    const char *successor = NULL;
    for (size_t i = 0; i < RACERS; i++) {
        if (status_of(&race.racers[i]) == 200) {
            won++;
            successor = token_of(f->cx, race.racers[i].answer.reply->body, "refresh_token");
        } else {
            assert_int_equal(status_of(&race.racers[i]), 400);
            assert_true(contains(race.racers[i].answer.reply->body, "invalid_grant"));
            assert_false(contains(race.racers[i].answer.reply->body, "eyJ"));
        }
    }
    assert_int_equal(won, 1);
    struct ask question = {
        .handle = token_post,
        .body = format(f->cx, "grant_type=refresh_token&refresh_token=%s", successor)};
    struct answer next = ask(f->cx, &question);
    assert_ok(&next); /* the race was no reuse: the family lives */
    race_end(&race);
    world_end(f, platform);
}

static void refresh_once_against_parallel_revokes_leaves_nothing_alive(struct fixture *f) {
    static struct race race;
    memset(&race, 0, sizeof race);
    struct platform *platform = world(f);
    const char *token = password_refresh(f);
    race_prepare(f, &race);
    for (size_t i = 0; i < RACERS; i++) {
        bool revokes = i % 8 == 7;
        race.racers[i].handle = revokes ? revoke_post : token_post;
        race.racers[i].body =
            format(f->cx,
                   revokes ? "token=%s&client_id=" APP_CONF "&client_secret=" CONF_SECRET
                           : "grant_type=refresh_token&refresh_token=%s&client_id=" APP_CONF
                             "&client_secret=" CONF_SECRET,
                   token);
    }
    race_run(&race);
    for (size_t i = 0; i < RACERS; i++) {
        int status = status_of(&race.racers[i]);
        assert_true(status == 200 || status == 400);
        struct str body = race.racers[i].answer.reply->body;
        if (race.racers[i].handle == token_post && status == 200) {
            struct answer dead =
                refresh_post(f->cx, APP_CONF, token_of(f->cx, body, "refresh_token"));
            assert_error(&dead, 400, "invalid_grant");
        }
    }
    assert_int_equal(store_number(f, "SELECT count(*) FROM session WHERE revoked_at IS NULL"), 0);
    race_end(&race);
    world_end(f, platform);
}

/* RFC 6749 4.1.2: one gets tokens, and as the code came again, they are revoked. */
static void code_once_64_parallel_redemptions_give_one_success(struct fixture *f) {
    static struct race race;
    memset(&race, 0, sizeof race);
    struct platform *platform = world(f);
    struct house house = {.arena = f->self->arena, .cx = *f->cx};
    struct browser browser = browser_new(&house, TENANT, USER);
    const char *code = code_of(&house, &browser, ASK_PUBLIC);
    race_prepare(f, &race);
    for (size_t i = 0; i < RACERS; i++) {
        race.racers[i].handle = token_post;
        race.racers[i].body =
            format(f->cx,
                   "grant_type=authorization_code&client_id=" APP_PUBLIC "&code=%s&redirect_uri=%s"
                   "&code_verifier=" VERIFIER,
                   code, REDIRECT_PUBLIC);
    }
    race_run(&race);
    unsigned won = 0;
    for (size_t i = 0; i < RACERS; i++) {
        struct str body = race.racers[i].answer.reply->body;
        if (status_of(&race.racers[i]) == 200) {
            won++;
        } else {
            assert_int_equal(status_of(&race.racers[i]), 400);
            assert_true(contains(body, "invalid_grant"));
            assert_false(contains(body, "eyJ"));
        }
    }
    assert_int_equal(won, 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM session"), 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM session WHERE revoked_at IS NULL"), 0);
    race_end(&race);
    world_end(f, platform);
}

static const struct store_case cases[] = {
    STORE_CASE(code_once_64_parallel_redemptions_give_one_success),
    STORE_CASE(refresh_once_64_parallel_refreshes_give_one_successor),
    STORE_CASE(refresh_once_64_parallel_public_refreshes_give_one_success),
    STORE_CASE(refresh_once_against_parallel_revokes_leaves_nothing_alive),
};
STORE_MAIN(cases)
