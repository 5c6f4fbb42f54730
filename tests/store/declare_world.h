/* SPDX-License-Identifier: Apache-2.0 */
/* What the cases of plan and apply stand on: an environment "one" with keys that nobody reads, the
 * texts that declare it, and what a run of such a text came to. */
#ifndef POSTERN_TEST_DECLARE_WORLD_H
#define POSTERN_TEST_DECLARE_WORLD_H

#include "model.h"
#include "store.h"

#include <string.h>

static const struct seal_key master = {.bytes = {7, 1, 2, 3}};

/* Environment "one" with these tenants; a tenant with these members beside its name and place. */
#define DECLARE_ONE(tenants)                                                                       \
    "{\"environments\":[{\"name\":\"one\",\"issuer\":\"https://one.example\","                     \
    "\"areas\":[{\"area\":\"na1\",\"domain\":\"d.example\",\"acdDomain\":\"a.example\","           \
    "\"clusters\":[\"B32\"]}],\"tenants\":[" tenants "]}]}"
#define DECLARE_TENANT(name, members)                                                              \
    "{\"tenant\":\"" name "\",\"area\":\"na1\",\"cluster\":\"B32\"," members "}"
/* The tenant "classics" with `inside`; its employees are agents. */
#define CLASSICS(inside)                                                                           \
    DECLARE_ONE(DECLARE_TENANT(                                                                    \
        "classics", "\"businessUnits\":[{\"number\":1}],\"roles\":[{\"name\":\"Agent\"}]" inside))

/* Secrets that a text may have, and nothing that is said of it; two stand in variables. */
#define APP_SECRET    "q8Zk2mVx7Lp4Rt9Ws1Yd6Fg3Hj5Nb0Kc"
#define CLIENT_SECRET "wergild-and-whale-road"
#define PASSWORD      "wergild and whale-road"
#define PASSWORD_POOR "Passw0rd1!"

static inline struct str declare_variable(void *state, const char *name) {
    (void)state;
    if (strcmp(name, "APP_SECRET") == 0) {
        return STR(APP_SECRET);
    }
    return strcmp(name, "ADA_PASSWORD") == 0 ? STR(PASSWORD) : STR_NONE;
}

static inline void no_secret_is_said(struct fixture *f, struct str said) {
    static const char *const secrets[] = {APP_SECRET, CLIENT_SECRET, PASSWORD, PASSWORD_POOR};
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        assert_null(strstr(str_z(f->cx->arena, said), secrets[i]));
    }
}

static inline err run(struct fixture *f, const char *text, bool apply,
                      struct declaration_result *r) {
    struct declaration_options o = {.text = str_from(text),
                                    .file = "demo.json",
                                    .getenv = declare_variable,
                                    .master = &master,
                                    .actor = STR("operator:test"),
                                    .apply = apply};
    *r = (struct declaration_result){0};
    return declaration_run(f->cx, &o, r);
}

/* So many changes; the last one has this detail. */
static inline struct declaration_result applied(struct fixture *f, const char *text, size_t changes,
                                                const char *detail) {
    struct declaration_result r;
    must(f->cx, run(f, text, true, &r));
    for (size_t i = 0; i < r.changes_n; i++) {
        if (r.changes_n != changes) {
            print_message("change: %s %.*s %.*s (%.*s)\n", r.changes[i].verb,
                          STR_ARG(r.changes[i].kind), STR_ARG(r.changes[i].name),
                          STR_ARG(r.changes[i].detail));
        }
        no_secret_is_said(f, r.changes[i].detail);
    }
    assert_int_equal(r.changes_n, changes);
    if (changes > 0 && !str_is(r.changes[changes - 1].detail, detail)) {
        print_message("detail: %.*s\n", STR_ARG(r.changes[changes - 1].detail));
        assert_true(false);
    }
    return r;
}

/* The text is refused, its first mistake says `part`, and nothing is stored by it. */
static inline void refused(struct fixture *f, const char *text, const char *part) {
    int64_t audits = store_number(f, "SELECT count(*) FROM audit");
    struct declaration_result r;
    must_fail(f->cx, run(f, text, true, &r), ERR_BAD_CONFIG);
    if (strstr(failure_text(f->cx), part) == NULL) {
        print_message("said: %s\nnot:  %s\n", failure_text(f->cx), part);
        assert_true(false);
    }
    for (size_t i = 0; i < r.mistakes_n; i++) {
        no_secret_is_said(f, r.mistakes[i]);
    }
    assert_int_equal(store_number(f, "SELECT count(*) FROM audit"), audits);
}

/* Making real keys takes most of a case's time. */
static inline void environment_ready(struct fixture *f) {
    store_sql(
        f, "INSERT INTO environment (environment_id, name, issuer, is_default, hosts, lifetimes, "
           "platform_client_id, created_at, updated_at) "
           "VALUES ('e1', 'one', 'https://one.example', 1, '{}', '{}', 'p1', 1, 1)");
    for (int i = 0; i < 1 + SIGNING_KEYS_FUTURE + 1; i++) {
        bool refresh = i > SIGNING_KEYS_FUTURE, active = i == 0 || refresh;
        must(f->cx, db_exec(f->cx,
                            "INSERT INTO signing_key (environment_id, kid, alg, state, position, "
                            "private_sealed, created_at) VALUES ('e1', $1, $2, $3, $4, '', 1)",
                            DB_ARGS(DB_TEXT(str_format(f->cx->arena, "k%d", i)),
                                    DB_TEXT(refresh ? STR("HS256") : STR("RS256")),
                                    DB_TEXT(active ? STR("active") : STR("future")),
                                    DB_INT(active ? 0 : i)),
                            NULL));
    }
}

#endif
