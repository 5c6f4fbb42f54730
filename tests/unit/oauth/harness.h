/* SPDX-License-Identifier: Apache-2.0 */
/* A small platform for the tests of oauth/: two environments on a SQLite file, made once per
 * program and copied for each test; requests as two structs, their write closures run in a
 * transaction at once. */
#ifndef POSTERN_TEST_OAUTH_HARNESS_H
#define POSTERN_TEST_OAUTH_HARNESS_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
/* base.h has a fail() of its own. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        print_error("\n");                                                                         \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)
#include "oauth_internal.h"

#define NOW INT64_C(1800000000) /* where the clock stands at first */

/* environment "global": issuer https://cxone.example.com; "gov": https://cxone-gov.example.com */
#define ISSUER     "https://cxone.example.com"
#define HOST       "cxone.example.com"
#define HOST_GOV   "cxone-gov.example.com"
#define TENANT     "11eb0358-724b-3970-97e5-0242ac110003" /* classics, na1, B32 */
#define TENANT_TWO "22eb0358-724b-3970-97e5-0242ac110003" /* moderns, eu1, C7 */
#define TENANT_GOV "33eb0358-724b-3970-97e5-0242ac110003"
#define USER       "11ecee3f-0d57-2cd0-8adf-0242ac110002" /* Beowulf, Administrator */
#define USER_AGENT                                                                                 \
    "12ecee3f-0d57-2cd0-8adf-0242ac110002"              /* of TENANT, role Agent: no permissions */
#define USER_TWO "22ecee3f-0d57-2cd0-8adf-0242ac110002" /* of TENANT_TWO */

/* Access keys: 51 letters, a last one with 4 zero bits, the padding. */
#define KEY(c)                                                                                     \
    c "UJZDEGXDNCF32EPF3DHODZDOCIS2JHTLGMXGEDN73U55XTPLPF"                                         \
      "A===="
#define KEY_ID       KEY("B")
#define KEY_SECRET   KEY("C")
#define AGENT_KEY    KEY("D") /* of USER_AGENT */
#define AGENT_SECRET KEY("E")
#define TWO_KEY      KEY("F") /* of USER_TWO */
#define TWO_SECRET   KEY("G")

/* Applications of TENANT; the secret of those that have one: */
#define SECRET "q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fGe+/%41"
/* ... as it stands in a form, and the parameters of who has it. */
#define SECRET_FORM "q7Rw-xK2m.Tz9_pLd4~Vn8sYb3HcJ6fGe%2B/%2541"
#define AS(id)      "&client_id=" id "&client_secret=" SECRET_FORM
#define APP_BASIC   "b0000000-0000-4000-8000-000000000001" /* backend, single */
#define APP_POST    "b0000000-0000-4000-8000-000000000002" /* backend, all, allowed in TENANT_TWO */
#define APP_JWT     "b0000000-0000-4000-8000-000000000003" /* backend, client_secret_jwt */
#define APP_KEY                                                                                    \
    "b0000000-0000-4000-8000-000000000004" /* backend, private_key_jwt, jwksEndpoint               \
                                            */
#define APP_PUBLIC "b0000000-0000-4000-8000-000000000005" /* public */
#define APP_CONF   "b0000000-0000-4000-8000-000000000006" /* confidential, post */
#define APP_OFF    "b0000000-0000-4000-8000-000000000007" /* backend, post, disabled */
#define APP_ALL    "b0000000-0000-4000-8000-000000000008" /* backend, post, all, allowed nowhere */
#define APP_BLOCKED                                                                                \
    "b0000000-0000-4000-8000-000000000009" /* backend, post, all, blocked in TENANT_TWO */
#define APP_GOV                                                                                    \
    "b0000000-0000-4000-8000-00000000000a" /* backend, post, of the other environment              \
                                            */
/* Where APP_CONF and APP_PUBLIC may be answered, and where APP_CONF's logout leads. */
#define REDIRECT        "https://conf.example.com/cb"
#define REDIRECT_PUBLIC "https://app.example.com/callback"
#define LOGOUT          "https://conf.example.com/bye"
#define SCOPES          "openid platform-user-read analytics-query"

struct house {
    struct clock clock;
    struct random random;
    uint64_t random_next;
    struct log log;
    struct arena *arena;
    struct ctx cx; /* cx.db writes; cx.app = platform */
    struct db *db;
    struct db_conn *conn;
    struct platform *platform;
    char file[96];
};

/* A context on a database that exists: migrates, declares the model above, makes the platform. */
void house_declare(struct ctx *cx);
void house_platform(struct ctx *cx, struct platform **ret_platform);

/* cmocka's fixtures: the program's template, and a copy of it for each test. */
int house_group_setup(void **state);
int house_group_teardown(void **state);
int house_setup(void **state);
int house_teardown(void **state);
#define HOUSE_TEST(fn) cmocka_unit_test_setup_teardown(fn, house_setup, house_teardown)

void house_later(struct house *h, int64_t seconds);
/* A change behind the handlers' back; `sql` is a literal. */
void house_sql(struct house *h, const char *sql);
int64_t house_number(struct house *h, const char *sql);
/* What makes tokens worthless, and undoes it: rows for house_sql(). */
struct death {
    const char *kill, *revive;
};
#define DEATH_USER                                                                                 \
    {                                                                                              \
        "UPDATE employee SET status = 'BLOCKED' WHERE employee_id = '" USER "'",                   \
            "UPDATE employee SET status = 'ACTIVE' WHERE employee_id = '" USER "'"                 \
    }
#define DEATH_TENANT                                                                               \
    {                                                                                              \
        "UPDATE tenant SET is_enabled = 0 WHERE tenant_id = '" TENANT "'",                         \
            "UPDATE tenant SET is_enabled = 1 WHERE tenant_id = '" TENANT "'"                      \
    }
#define DEATH_APPLICATION(id)                                                                      \
    {                                                                                              \
        "UPDATE application SET is_enabled = 0 WHERE application_id = '" id "'",                   \
            "UPDATE application SET is_enabled = 1 WHERE application_id = '" id "'"                \
    }
#define DEATH_ACCESS_KEY                                                                           \
    {                                                                                              \
        "UPDATE access_key SET is_active = 0 WHERE access_key_id = '" KEY_ID "'",                  \
            "UPDATE access_key SET is_active = 1 WHERE access_key_id = '" KEY_ID "'"               \
    }
#define DEATH_SESSION                                                                              \
    { "UPDATE session SET revoked_at = 1", "UPDATE session SET revoked_at = NULL" }

/* One request. Empty members: none. */
struct ask {
    handler *handle;
    const char *host; /* NULL: HOST */
    const char *query;
    const char *body;          /* form, or JSON if it begins with '{' */
    const char *authorization; /* the whole value */
    const char *if_none_match;
    const char *content_type;
    const struct route *route; /* NULL: a route without scope */
    const struct caller *caller;
    enum http_method method; /* 0: POST */
    void *job_state;
    bool keep_write; /* the write closure is left to the test, in answer.write */
};
struct answer {
    int status;
    struct str body;
    json_t *json; /* NULL: no JSON */
    struct reply *reply;
    struct request *rq;
};
struct answer ask(struct ctx *cx, const struct ask *a);
#define ASK(h, ...) ask(&(h)->cx, &(struct ask){__VA_ARGS__})
/* The write closure that was kept. */
void answer_commit(struct ctx *cx, struct answer *a);

const char *answer_text(const struct answer *a, const char *member); /* "" if it is not text */
int64_t answer_number(const struct answer *a, const char *member);   /* -1 if it is no number */
const char *answer_header(const struct answer *a, const char *name, struct arena *arena);
/* Status and error code, with the description in the message when it differs. */
void assert_error(const struct answer *a, int status, const char *code);
void assert_ok(const struct answer *a);
bool contains(struct str text, const char *part);

/* "Basic ..." of id:secret, as they are. */
const char *basic(struct ctx *cx, const char *id, const char *secret);
const char *bearer(struct ctx *cx, const char *token);
const char *format(struct ctx *cx, const char *text, ...) PRINTF_LIKE(2, 3);
/* A token's payload. */
json_t *claims_of(struct ctx *cx, const char *token);
const char *claim_text(const json_t *claims, const char *name); /* "" if it is not text */

/* Token answers of the usual kind. */
struct answer password_token(struct house *h);   /* APP_CONF, KEY_ID */
struct answer client_token(struct house *h);     /* APP_POST */
struct answer access_key_token(struct house *h); /* /token/access-key, KEY_ID */
struct answer refresh_post(struct ctx *cx, const char *application, const char *token);
/* What introspection answers, and what it answers this application about a token. */
bool answer_active(const struct answer *a);
bool is_active(struct house *h, const char *application, const char *token);
/* A refresh token of APP_PUBLIC, for USER. */
const char *public_refresh(struct ctx *cx);

/* ---- signin.c: an authorization request of a browser ---- */

/* RFC 7636, appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define PKCE      "&code_challenge=" CHALLENGE "&code_challenge_method=S256"
/* The least of a request, of either application. */
#define ASK_CONF "client_id=" APP_CONF "&response_type=code&scope=openid&redirect_uri=" REDIRECT
#define ASK_PUBLIC                                                                                 \
    "client_id=" APP_PUBLIC "&response_type=code&scope=openid&redirect_uri=" REDIRECT_PUBLIC PKCE

/* A browser: who is signed in there (NULL: nobody), and what its last request came to. */
struct browser {
    struct sso_session *sso;
    struct authorize request;
    enum authorize_step step; /* where it stopped, if that was no answer (status 299) */
};
/* Signs `user` in now. */
struct browser browser_new(struct house *h, const char *tenant, const char *user);
/* What the pages do with authorize_*: an answer, 299 for a page of web/, or an error as JSON. */
struct answer browser_get(struct house *h, struct browser *b, const char *query);
struct answer browser_post(struct house *h, struct browser *b, const char *query, const char *body);
/* A parameter of the redirect's query or fragment; "" if it is not there. */
const char *location_param(struct house *h, const struct answer *a, const char *name);
/* It went to this address with this error, and said iss. */
void assert_redirected(struct house *h, const struct answer *a, const char *to, const char *error);
/* A code of APP_CONF or APP_PUBLIC for USER, and its redemption. */
const char *code_of(struct house *h, struct browser *b, const char *query);
struct answer redeem(struct house *h, const char *application, const char *code, const char *more);

#endif
