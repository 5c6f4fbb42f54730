/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that the model's cases stand on: two environments; in the first two tenants, so that
 * every look-up can be tried with the id of another tenant, in the second one. */
#ifndef POSTERN_TEST_MODEL_WORLD_H
#define POSTERN_TEST_MODEL_WORLD_H

#include "model.h"
#include "store.h"

#include <string.h>

#define ENV_1    "e0000000-0000-4000-8000-000000000001"
#define ENV_2    "e0000000-0000-4000-8000-000000000002"
#define TENANT_1 "10000000-0000-4000-8000-000000000001"
#define TENANT_2 "10000000-0000-4000-8000-000000000002"
#define TENANT_3 "10000000-0000-4000-8000-000000000003" /* of ENV_2 */
#define ROLE_1   "20000000-0000-4000-8000-000000000001"
#define ROLE_2   "20000000-0000-4000-8000-000000000002" /* secondary */
#define USER_1   "30000000-0000-4000-8000-000000000001"
#define USER_2   "30000000-0000-4000-8000-000000000002" /* of TENANT_2 */
#define AUTH_1   "50000000-0000-4000-8000-000000000001" /* of USER_1, by world_login() */
#define APP_1    "40000000-0000-4000-8000-000000000001" /* single, TENANT_1 */
#define APP_ALL  "40000000-0000-4000-8000-00000000000a" /* all, TENANT_2 */
#define APP_3    "40000000-0000-4000-8000-000000000003" /* ENV_2 */
#define APP_ENV  "40000000-0000-4000-8000-00000000000e" /* built in, owned by ENV_1 */

#define S(z) ((struct str){(z), sizeof(z) - 1})

#define WORLD_ENVIRONMENT(id, name, issuer, is_default, hosts)                                     \
    "INSERT INTO environment VALUES ('" id "', '" name "', '" issuer "', " is_default ", '" hosts  \
    "', '{}', '" APP_ENV "', 1, 1)"
#define WORLD_TENANT(id, env, name, bu)                                                            \
    "INSERT INTO tenant VALUES ('" id "', '" env "', '" name "', 'na1', 'B32', " bu                \
    ", '886', 0, 1, '{}', 1, 1)"
#define WORLD_ROLE(tenant, id, name, permissions)                                                  \
    "INSERT INTO role VALUES ('" tenant "', '" id "', '" name "', 'Agent', '" permissions "', 77)"
#define WORLD_EMPLOYEE(tenant, id, user, agent, secondary)                                         \
    "INSERT INTO employee VALUES ('" tenant "', '" id "', '" user "', '" user                      \
    "', 'Beo', 'M', 'Wulf', 'Beo Wulf', '" ROLE_1 "', '" secondary "', 'team', " agent             \
    ", 'user', 'ACTIVE', '{\"timeZone\":\"UTC\"}', 1, 1)"
#define WORLD_APPLICATION(tenant, id, env, name, tenancy, lifetimes)                               \
    "INSERT INTO application (tenant_id, application_id, environment_id, name, vendor, "           \
    "description, contacts, type, tenancy, business_unit, auth_method, scope, redirects, "         \
    "origins, logouts, token_alg, lifetimes, secret_digest, is_enabled, created_by, created_at, "  \
    "modified_by, modified_at) VALUES ('" tenant "', '" id "', '" env "', '" name                  \
    "', 'Acme', 'd', '[]', 'backend', '" tenancy                                                   \
    "', 7, 'client_secret_basic', 'openid platform-user-read', '[]', "                             \
    "'[\"https://" name ".example\"]', '[]', 'RS256', '" lifetimes "', 'digest', 1, 'x', 1, 'x', " \
    "1)"
#define WORLD_APPLICATION_INDEX(tenant, id, env)                                                   \
    "INSERT INTO application_index VALUES ('" id "', '" env "', '" tenant "')"
#define WORLD_ORIGIN(tenant, id, env, name)                                                        \
    "INSERT INTO origin_index VALUES ('" env "', 'https://" name ".example', '" tenant "', '" id   \
    "')"
#define WORLD_NAME(tenant, id, env, name)                                                          \
    "INSERT INTO application_name_index VALUES ('" env "', '" name "@acme', '" tenant "', '" id "')"

static const char *const world_rows[] = {
    WORLD_ENVIRONMENT(
        ENV_1, "global", "https://id.example", "1",
        "{\"ui\":\"https://{area}.{uhDomain}\",\"auth\":\"https://{area}.{uhDomain}\","
        "\"api\":\"https://api-{area}.{domain}\","
        "\"cluster\":\"https://api-{cluster}.{acdDomain}\","
        "\"acd\":\"https://{area}.{acdDomain}\","
        "\"aliases\":[\"api.cxone.example\",\"https://{area}.old.example\"]}"),
    WORLD_ENVIRONMENT(ENV_2, "gov", "https://gov.example:8443", "0", ""),
    "INSERT INTO area VALUES ('" ENV_1 "', 'na1', 'd.example', 'acd.example', 'uh.example')",
    "INSERT INTO area VALUES ('" ENV_1 "', 'eu1', 'd.example', 'acd.example', 'uh.example')",
    "INSERT INTO area VALUES ('" ENV_2 "', 'na1', 'g.example', 'g.example', 'g.example')",
    "INSERT INTO cluster VALUES ('" ENV_1 "', 'B32', 'na1')",
    WORLD_TENANT(TENANT_1, ENV_1, "one", "1"),
    WORLD_TENANT(TENANT_2, ENV_1, "two", "2"),
    WORLD_TENANT(TENANT_3, ENV_2, "three", "3"),
    WORLD_ROLE(TENANT_1, ROLE_1, "Agent", "my-access-key.view employee.view"),
    WORLD_ROLE(TENANT_1, ROLE_2, "More", "employee.view access-key.view"),
    WORLD_ROLE(TENANT_2, ROLE_1, "Agent", ""),
    WORLD_EMPLOYEE(TENANT_1, USER_1, "one@example.com", "11", ""),
    WORLD_EMPLOYEE(TENANT_2, USER_2, "two@example.com", "12", ""),
    "INSERT INTO user_name_index VALUES ('" ENV_1 "', 'one@example.com', '" TENANT_1 "', '" USER_1
    "')",
    WORLD_APPLICATION(TENANT_1, APP_1, ENV_1, "one", "single", "{\"access\":900}"),
    WORLD_APPLICATION(TENANT_2, APP_ALL, ENV_1, "all", "all", "{}"),
    WORLD_APPLICATION(TENANT_3, APP_3, ENV_2, "three", "single", "{}"),
    WORLD_APPLICATION(ENV_1, APP_ENV, ENV_1, "builtin", "all", "{}"),
    WORLD_APPLICATION_INDEX(TENANT_1, APP_1, ENV_1),
    WORLD_APPLICATION_INDEX(TENANT_2, APP_ALL, ENV_1),
    WORLD_APPLICATION_INDEX(TENANT_3, APP_3, ENV_2),
    WORLD_APPLICATION_INDEX(ENV_1, APP_ENV, ENV_1),
    WORLD_ORIGIN(TENANT_1, APP_1, ENV_1, "one"),
    WORLD_ORIGIN(ENV_1, APP_ENV, ENV_1, "builtin"),
    WORLD_NAME(TENANT_1, APP_1, ENV_1, "one"),
};

static inline void world_make(struct fixture *f) {
    for (size_t i = 0; i < COUNT_OF(world_rows); i++) {
        must(f->cx, db_exec(f->cx, world_rows[i], DB_NO_ARGS, NULL));
    }
}

static const struct seal_key world_master = {.bytes = {1, 2, 3}};

/* Keys for both environments; ES256, which is made faster than RS256. */
static inline void world_keys(struct fixture *f, const char *environment_id) {
    struct signing_keys_new *keys;
    must(f->cx, signing_keys_prepare(f->cx, &world_master, str_from(environment_id),
                                     alg_find(STR("ES256")), &keys));
    must(f->cx, signing_keys_store(f->cx, keys));
}

/* An access key of USER_1 and the session that it began. */
static inline struct access_key_new world_access_key(struct fixture *f) {
    struct access_key_new k = {.key = {.tenant_id = S(TENANT_1), .employee_id = S(USER_1)},
                               .environment_id = S(ENV_1),
                               .created_by = S("test")};
    access_key_prepare(f->cx, &k);
    must(f->cx, access_key_create(f->cx, &k));
    return k;
}

/* A session of USER_1 at APP_1, with what else `s` says. */
static inline struct session world_session_with(struct fixture *f, struct session s) {
    s.tenant_id = S(TENANT_1);
    s.session_id = uuid_v7(f->cx);
    s.application_tenant_id = S(TENANT_1);
    s.application_id = S(APP_1);
    s.employee_id = S(USER_1);
    s.scope = S("openid");
    s.auth_at = f->cx->now;
    s.created_at = f->cx->now;
    s.expires_at = f->cx->now + 7200;
    s.refresh_digest = S("digest-0");
    s.refresh_expires_at = f->cx->now + 7200;
    must(f->cx, session_create(f->cx, &s));
    return s;
}

static inline struct session world_session(struct fixture *f, struct str access_key_id) {
    int64_t epoch = 0;
    if (access_key_id.p != NULL) {
        must(f->cx, db_one(f->cx, "SELECT epoch FROM access_key WHERE access_key_id = $1",
                           DB_ARGS(DB_TEXT(access_key_id)), DB_COLUMNS(COLUMN_INT(&epoch))));
    }
    return world_session_with(
        f, (struct session){.access_key_id = access_key_id, .access_key_epoch = epoch});
}

/* USER_1 signs in; `user_agent` is what the browser says (NULL: nothing). Returns its cookie. */
static inline struct str world_sso(struct fixture *f, const char *user_agent,
                                   struct sso_session *ret_sso) {
    struct str cookie;
    *ret_sso = (struct sso_session){.tenant_id = S(TENANT_1),
                                    .employee_id = S(USER_1),
                                    .amr = S("pwd"),
                                    .user_agent = str_from(user_agent),
                                    .idle_seconds = 3600,
                                    .expires_at = f->cx->now + 43200};
    sso_session_prepare(f->cx, ret_sso, &cookie);
    must(f->cx, sso_session_create(f->cx, ret_sso));
    return cookie;
}

/* The world, where USER_1 has a password of AUTH_1 with this policy. */
static inline void world_login(struct fixture *f, const char *policy, struct str hash) {
    world_make(f);
    must(f->cx,
         db_exec(f->cx,
                 "INSERT INTO login_authenticator (tenant_id, login_authenticator_id, name, "
                 "kind, is_default, policy, provider, created_at, updated_at) "
                 "VALUES ('" TENANT_1 "', '" AUTH_1 "', 'Password', 'system', 1, $1, '{}', 1, 1)",
                 DB_ARGS(DB_TEXT(str_from(policy))), NULL));
    must(f->cx, login_authenticator_set(f->cx, S(TENANT_1), S(USER_1), S(AUTH_1)));
    must(f->cx, login_password_set(f->cx, S(TENANT_1), S(USER_1), hash, false));
}

static inline void text_must_be(struct str actual, const char *expected, const char *file,
                                int line) {
    if (!str_is(actual, expected)) {
        print_error("%s:%d: '%.*s' is not '%s'\n", file, line, STR_ARG(actual), expected);
        _fail(file, line);
    }
}
#define must_be(actual, expected) text_must_be((actual), (expected), __FILE__, __LINE__)

#endif
