/* SPDX-License-Identifier: Apache-2.0 */
/* New passwords: links that set one, the mails that carry them, the history. No password is hashed
 * here but in one case. */
#include "model_world.h"

static struct password_owner owner_now(struct fixture *f) {
    struct password_owner o;
    must(f->cx, password_owner_find(f->cx, S(TENANT_1), S(USER_1), &o));
    return o;
}

static struct password_link link_of(struct fixture *f, const char *tenant, const char *employee,
                                    const char *kind) {
    struct password_link l = {
        .tenant_id = str_from(tenant), .employee_id = str_from(employee), .kind = str_from(kind)};
    password_link_prepare(f->cx, &l);
    return l;
}

static struct password_link link_new(struct fixture *f, const char *kind) {
    struct password_link l = link_of(f, TENANT_1, USER_1, kind);
    must(f->cx, password_link_create(f->cx, &l));
    return l;
}

static struct mail mail_of(struct fixture *f, const char *tenant, const char *employee,
                           const char *kind) {
    struct seal_key key = seal_key_derive(&world_master, SEAL_MAIL);
    struct mail m = {.tenant_id = str_from(tenant),
                     .employee_id = str_from(employee),
                     .kind = str_from(kind),
                     .language = S("en"),
                     .to_address = S("one@example.com"),
                     .subject = S("subject"),
                     .body = S("https://id.example/auth/password?link=secret"),
                     .expires_at = f->cx->now + PASSWORD_RESET_SECONDS};
    mail_prepare(f->cx, &key, &m);
    return m;
}

static int64_t rows_of(struct fixture *f, const char *sql) {
    int64_t n;
    must(f->cx, db_one(f->cx, sql, DB_NO_ARGS, DB_COLUMNS(COLUMN_INT(&n))));
    return n;
}
#define MAILS "SELECT count(*) FROM mail WHERE tenant_id <> ''"
#define LINKS "SELECT count(*) FROM password_link WHERE tenant_id <> ''"

static void link_must_be_void(struct fixture *f, const struct password_link *l) {
    struct password_link found;
    struct password_owner o;
    must_fail(f->cx, password_link_find(f->cx, S(ENV_1), l->link, &found, &o), ERR_NOT_FOUND);
    must_fail(f->cx, password_link_use(f->cx, l), ERR_INVALID_GRANT);
}

static void reset_a_link_is_for_one_password_of_one_person(struct fixture *f) {
    world_login(f, "{}", S("hash-0"));
    struct password_link l = link_new(f, LINK_RESET), found, other = l;
    struct password_owner o;
    must(f->cx, password_link_find(f->cx, S(ENV_1), l.link, &found, &o));
    must_be(found.employee_id, USER_1);
    must_be(o.who.user_name, "one@example.com");
    assert_int_equal(found.expires_at, f->cx->now + PASSWORD_RESET_SECONDS);
    must_fail(f->cx, password_link_find(f->cx, S(ENV_2), l.link, &found, &o), ERR_NOT_FOUND);
    must_fail(f->cx, password_link_find(f->cx, S(ENV_1), l.digest, &found, &o), ERR_NOT_FOUND);
    must_fail(f->cx, password_link_find(f->cx, S(ENV_1), STR_NONE, &found, &o), ERR_NOT_FOUND);
    other.employee_id = S(USER_2);
    must_fail(f->cx, password_link_use(f->cx, &other), ERR_INVALID_GRANT);
    other = l;
    other.tenant_id = S(TENANT_2);
    must_fail(f->cx, password_link_use(f->cx, &other), ERR_INVALID_GRANT);
    struct password_link newer = link_new(f, LINK_RESET);
    link_must_be_void(f, &l);
    must(f->cx, password_link_find(f->cx, S(ENV_1), newer.link, &found, &o));
    store_at(f, PASSWORD_RESET_SECONDS);
    link_must_be_void(f, &newer);
    struct password_link last = link_new(f, LINK_RESET);
    must(f->cx, login_password_set(f->cx, S(TENANT_1), S(USER_1), S("hash-1"), false));
    link_must_be_void(f, &last);
    struct password_link dead = link_new(f, LINK_RESET);
    must(f->cx, db_exec(f->cx, "UPDATE employee SET status = 'PENDING' WHERE tenant_id <> ''",
                        DB_NO_ARGS, NULL));
    must_fail(f->cx, password_link_find(f->cx, S(ENV_1), dead.link, &found, &o), ERR_NOT_FOUND);
}

struct set {
    const struct password_link *link;
    const struct password_owner *owner;
};

static err set_run(struct ctx *cx, void *state) {
    const struct set *s = state;
    TRY(password_link_use(cx, s->link));
    return password_replace(cx, s->owner, S("hash-1"));
}

static void reset_a_link_is_used_once_among_64(struct fixture *f) {
    world_login(f, "{\"history\":3}", S("hash-0"));
    struct password_link l = link_new(f, LINK_RESET);
    struct password_owner o = owner_now(f);
    struct set s = {&l, &o};
    assert_int_equal(store_race(f, set_run, &s, ERR_INVALID_GRANT), 1);
    o = owner_now(f);
    must_be(o.password_hash, "hash-1");
    assert_int_equal(o.history_n, 1);
    link_must_be_void(f, &l);
}

/* ---- mails ---- */

static err letter_run(struct ctx *cx, void *state) {
    struct fixture *f = state;
    struct password_link l = link_of(f, TENANT_1, USER_1, LINK_RESET);
    struct mail m = mail_of(f, TENANT_1, USER_1, LINK_RESET);
    TRY(password_link_create(cx, &l));
    TRY(mail_create(cx, &m));
    return fail(cx, ERR_FORBIDDEN, "what it tells did not happen");
}

static void reset_mails_and_links_come_and_go_with_their_change(struct fixture *f) {
    world_login(f, "{}", S("hash-0"));
    must_fail(f->cx, db_transaction(f->cx, letter_run, f), ERR_FORBIDDEN);
    assert_int_equal(rows_of(f, MAILS), 0);
    assert_int_equal(rows_of(f, LINKS), 0);
    (void)link_new(f, LINK_RESET);
    struct mail m = mail_of(f, TENANT_1, USER_1, LINK_RESET), note;
    must(f->cx, mail_create(f->cx, &m));
    note = mail_of(f, TENANT_1, USER_1, MAIL_CHANGED);
    must(f->cx, mail_create(f->cx, &note));
    assert_int_equal(rows_of(f, MAILS), 2);
    assert_int_equal(rows_of(f, "SELECT count(*) FROM mail WHERE body_sealed LIKE '%secret%' "
                                "AND tenant_id <> ''"),
                     0);
    must(f->cx, login_password_set(f->cx, S(TENANT_1), S(USER_1), S("hash-1"), false));
    assert_int_equal(rows_of(f, MAILS), 1);
    assert_int_equal(rows_of(f, LINKS), 0);
}

static void enumeration_nobodys_mail_is_not_stored(struct fixture *f) {
    world_login(f, "{}", S("hash-0"));
    static const char *const nobody[][2] = {{"", ""}, {TENANT_2, USER_1}};
    for (size_t i = 0; i < COUNT_OF(nobody); i++) {
        struct password_link l = link_of(f, nobody[i][0], nobody[i][1], LINK_RESET);
        struct mail m = mail_of(f, nobody[i][0], nobody[i][1], LINK_RESET);
        bool allowed = true;
        must(f->cx, mail_ask(f->cx, l.tenant_id, l.employee_id, &allowed));
        assert_false(allowed);
        must(f->cx, password_link_create(f->cx, &l));
        must(f->cx, mail_create(f->cx, &m));
    }
    assert_int_equal(rows_of(f, MAILS), 0);
    assert_int_equal(rows_of(f, LINKS), 0);
}

static err ask_run(struct ctx *cx, void *state) {
    (void)state;
    bool allowed;
    TRY(mail_ask(cx, S(TENANT_1), S(USER_1), &allowed));
    return allowed ? OK : fail(cx, ERR_RATE_LIMITED, "enough");
}

static void reset_mails_are_bounded_among_64(struct fixture *f) {
    world_login(f, "{}", S("hash-0"));
    bool allowed;
    assert_int_equal(store_race(f, ask_run, NULL, ERR_RATE_LIMITED), MAILS_MAX);
    store_at(f, MAILS_SECONDS);
    for (int i = 0; i < MAILS_MAX; i++) {
        must(f->cx, mail_ask(f->cx, S(TENANT_1), S(USER_1), &allowed));
        assert_true(allowed);
    }
    must(f->cx, mail_ask(f->cx, S(TENANT_1), S(USER_1), &allowed));
    assert_false(allowed);
}

/* ---- history ---- */

static void password_history_has_what_the_policy_says(struct fixture *f) {
    world_login(f, "{\"history\":2}", S("hash-0"));
    static const char *const hashes[] = {"hash-1", "hash-2", "hash-3"};
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        struct password_owner o = owner_now(f);
        store_at(f, (int64_t)i + 1);
        must(f->cx, password_replace(f->cx, &o, str_from(hashes[i])));
    }
    struct password_owner o = owner_now(f);
    must_be(o.password_hash, "hash-3");
    assert_int_equal(o.history_n, 2);
    must_be(o.history[0], "hash-2");
    must_be(o.history[1], "hash-1");
    must(f->cx, password_hash(f->cx, S("Brass-lantern 7"), &o.history[1]));
    assert_true(password_was_used(&o, S("Brass-lantern 7")));
    assert_false(password_was_used(&o, S("Brass-lantern 8")));
    o.policy.history = 0;
    must(f->cx, password_replace(f->cx, &o, S("hash-4")));
    assert_int_equal(owner_now(f).history_n, 0);
}

static void who_is_invited_becomes_active(struct fixture *f) {
    world_login(f, "{}", S("hash-0"));
    must(f->cx,
         db_exec(f->cx, "UPDATE employee SET status = 'PENDING' WHERE tenant_id = '" TENANT_1 "'",
                 DB_NO_ARGS, NULL));
    struct password_link l = link_new(f, LINK_INVITATION), found;
    struct password_owner o;
    must(f->cx, password_link_find(f->cx, S(ENV_1), l.link, &found, &o));
    assert_int_equal(found.expires_at, f->cx->now + INVITATION_SECONDS);
    struct set s = {&l, &o};
    must(f->cx, db_transaction(f->cx, set_run, &s));
    must_be(owner_now(f).who.status, "ACTIVE");
    must(f->cx,
         db_exec(f->cx, "UPDATE employee SET status = 'BLOCKED' WHERE tenant_id = '" TENANT_1 "'",
                 DB_NO_ARGS, NULL));
    must_fail(f->cx, password_owner_find(f->cx, S(TENANT_1), S(USER_1), &o), ERR_NOT_FOUND);
    must_fail(f->cx, password_owner_find(f->cx, S(TENANT_2), S(USER_1), &o), ERR_NOT_FOUND);
}

static const struct store_case cases[] = {
    STORE_CASE(reset_a_link_is_for_one_password_of_one_person),
    STORE_CASE(reset_a_link_is_used_once_among_64),
    STORE_CASE(reset_mails_and_links_come_and_go_with_their_change),
    STORE_CASE(enumeration_nobodys_mail_is_not_stored),
    STORE_CASE(reset_mails_are_bounded_among_64),
    STORE_CASE(password_history_has_what_the_policy_says),
    STORE_CASE(who_is_invited_becomes_active),
};
STORE_MAIN(cases)
