/* SPDX-License-Identifier: Apache-2.0 */
/* Two tenants in a database of their own, callers made by hand, and handlers called as the server
 * would: the reply, then its write closure. */
#ifndef POSTERN_TEST_API_FIXTURE_H
#define POSTERN_TEST_API_FIXTURE_H

#include "api.h"

#define ENVIRONMENT "e0000000-0000-4000-8000-000000000001"
#define TENANT      "a0000000-0000-4000-8000-000000000001"
#define FOREIGN     "a0000000-0000-4000-8000-000000000002"
#define ADMIN       "b0000000-0000-4000-8000-000000000001" /* every permission */
#define AGENT       "b0000000-0000-4000-8000-000000000002" /* my-access-key.* */
#define NOBODY      "b0000000-0000-4000-8000-000000000003" /* no permission */
#define STRANGER    "b0000000-0000-4000-8000-000000000004" /* of FOREIGN */
#define ABSENT      "b0000000-0000-4000-8000-00000000000f"
#define ADMIN_WORDS                                                                                \
    "my-access-key.view my-access-key.create my-access-key.edit my-access-key.delete "             \
    "access-key.view access-key.create access-key.edit access-key.delete employee.view"
#define AGENT_WORDS                                                                                \
    "my-access-key.view my-access-key.create my-access-key.edit my-access-key.delete"

struct fixture {
    char file[64];
    struct arena *arena;
    struct clock clock;
    struct log log;
    struct ctx cx;
    struct db *db;
    struct db_conn *conn;
    struct environment environment;
    struct request rq;
    struct reply rp;
    struct caller caller;
};
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Who calls from now on. */
void as_user(struct fixture *f, const char *tenant, const char *employee, const char *permissions);
void as_client(struct fixture *f, const char *tenant);
/* A request: method and path parameter (or NULL), query, JSON body (or NULL). Runs the handler and
 * its closure, and returns the status of the answer; the body is f->rp.body. */
struct call {
    handler *handle;
    const char *id, *query, *json;
};
int call(struct fixture *f, const struct call *c);
/* The answer parsed. */
json_t *answer(struct fixture *f);
const char *answer_text(struct fixture *f, const char *object, const char *member);
int64_t rows_count(struct fixture *f, const char *sql);

#endif
