/* SPDX-License-Identifier: Apache-2.0 */
/* What is good once: assertion ids and generated keys; and audit records. */
#include "model_world.h"

static const struct application application = {.tenant_id = {TENANT_1, sizeof TENANT_1 - 1},
                                               .application_id = {APP_1, sizeof APP_1 - 1}};

static err assertion_run(struct ctx *cx, void *state) {
    (void)state;
    return assertion_use(cx, &application, S("jti"), cx->now + 60);
}

static void assertion_id_is_good_once_for_one_application(struct fixture *f) {
    struct application other = application;
    must(f->cx, assertion_use(f->cx, &application, S("jti"), f->cx->now + 60));
    must_fail(f->cx, assertion_use(f->cx, &application, S("jti"), f->cx->now + 90),
              ERR_INVALID_CLIENT);
    must(f->cx, assertion_use(f->cx, &application, S("Jti"), f->cx->now + 60));
    other.application_id = S(APP_ALL);
    must(f->cx, assertion_use(f->cx, &other, S("jti"), f->cx->now + 60));
}

static void assertion_id_is_good_once_among_64(struct fixture *f) {
    assert_int_equal(store_race(f, assertion_run, NULL, ERR_INVALID_CLIENT), 1);
    assert_int_equal(store_number(f, "SELECT count(*) FROM assertion"), 1);
}

static struct generated_key generated(struct fixture *f) {
    struct generated_key k = {.tenant_id = S(TENANT_1),
                              .generated_key_id = S("generated"),
                              .employee_id = S(USER_1),
                              .expires_at = f->cx->now + GENERATED_KEY_SECONDS};
    must(f->cx, generated_key_create(f->cx, &k));
    return k;
}

static err generated_run(struct ctx *cx, void *state) {
    (void)state;
    return generated_key_use(cx, S(TENANT_1), S("generated"));
}

static void generated_key_is_good_once_for_ten_minutes(struct fixture *f) {
    struct generated_key k = generated(f);
    must_fail(f->cx, generated_key_use(f->cx, S(TENANT_2), k.generated_key_id), ERR_INVALID_GRANT);
    must_fail(f->cx, generated_key_use(f->cx, S(TENANT_1), S("other")), ERR_INVALID_GRANT);
    store_at(f, GENERATED_KEY_SECONDS);
    must_fail(f->cx, generated_key_use(f->cx, S(TENANT_1), k.generated_key_id), ERR_INVALID_GRANT);
    store_at(f, -1);
    must(f->cx, generated_key_use(f->cx, S(TENANT_1), k.generated_key_id));
    must_fail(f->cx, generated_key_use(f->cx, S(TENANT_1), k.generated_key_id), ERR_INVALID_GRANT);
}

static void generated_key_is_good_once_among_64(struct fixture *f) {
    (void)generated(f);
    assert_int_equal(store_race(f, generated_run, NULL, ERR_INVALID_GRANT), 1);
}

static void audit_keeps_who_what_when_from_where(struct fixture *f) {
    struct str actor, action, object, remote, detail;
    int64_t at;
    struct audit a = {.tenant_id = S(TENANT_1),
                      .actor = S("user:" USER_1),
                      .action = S("access_key.create"),
                      .object = S("KEY"),
                      .remote = S("127.0.0.1"),
                      .detail = S("{\"a\":1}")};
    must(f->cx, audit_write(f->cx, &a));
    must(f->cx,
         db_one(f->cx, "SELECT actor, action, object, remote, detail, at_ms FROM audit", DB_NO_ARGS,
                DB_COLUMNS(COLUMN_STR(&actor), COLUMN_STR(&action), COLUMN_STR(&object),
                           COLUMN_STR(&remote), COLUMN_STR(&detail), COLUMN_INT(&at))));
    must_be(actor, "user:" USER_1);
    must_be(action, "access_key.create");
    must_be(object, "KEY");
    must_be(remote, "127.0.0.1");
    must_be(detail, "{\"a\":1}");
    assert_int_equal(at, f->cx->now_ms);
    a.detail = a.remote = a.object = STR_NONE;
    a.tenant_id = S(TENANT_2);
    must(f->cx, audit_write(f->cx, &a));
    must(f->cx, db_one(f->cx, "SELECT detail FROM audit WHERE tenant_id = '" TENANT_2 "'",
                       DB_NO_ARGS, DB_COLUMNS(COLUMN_STR(&detail))));
    must_be(detail, "{}");
}

static const struct store_case cases[] = {
    STORE_CASE(assertion_id_is_good_once_for_one_application),
    STORE_CASE(assertion_id_is_good_once_among_64),
    STORE_CASE(generated_key_is_good_once_for_ten_minutes),
    STORE_CASE(generated_key_is_good_once_among_64),
    STORE_CASE(audit_keeps_who_what_when_from_where),
};
STORE_MAIN(cases)
