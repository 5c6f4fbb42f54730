/* SPDX-License-Identifier: Apache-2.0 */
/* A sign-in under way, from before the tenant is known. Two secrets find it: the form's and the
 * cookie's of the browser that began it; each step is one UPDATE that names the version it saw. */
#include "model.h"

#define FLOW_BYTES      32
#define PART_CHARACTERS 2 /* 64 * 64 are LOGIN_FLOW_PARTS */
/* No digest is greater, in the order of bytes or of a language; substr() is exact in both. */
#define PART_END "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"

void login_flow_prepare(struct ctx *cx, struct login_flow *f) {
    f->flow = random_text(cx, FLOW_BYTES);
    if (str_empty(f->browser)) {
        f->browser = random_text(cx, FLOW_BYTES);
    }
    f->version = 1;
    f->expires_at = cx->now + LOGIN_FLOW_SECONDS;
}

static struct str json_or_empty(struct str json) {
    return json.p != NULL ? json : STR("{}");
}

/* Without an index or a counter: the primary key finds the few rows of the part, and the oldest
 * make room. */
static err part_trim(struct ctx *cx, struct str environment_id, struct str digest) {
    struct str from = str_sub(digest, 0, PART_CHARACTERS);
    struct str to = str_format(cx->arena, "%.*s" PART_END, STR_ARG(from));
    return db_exec(cx,
                   "DELETE FROM login_flow_index WHERE flow_digest IN ("
                   "SELECT flow_digest FROM login_flow_index "
                   "WHERE flow_digest >= $1 AND flow_digest <= $2 "
                   "AND substr(flow_digest, 1, 2) = $1 AND environment_id = $3 "
                   "ORDER BY expires_at DESC, flow_digest LIMIT 1000 OFFSET $4)",
                   DB_ARGS(DB_TEXT(from), DB_TEXT(to), DB_TEXT(environment_id),
                           DB_INT(LOGIN_FLOW_PART_MAX - 1)),
                   NULL);
}

err login_flow_create(struct ctx *cx, const struct login_flow *f) {
    struct str digest = sha256_text(cx->arena, f->flow);
    TRY(part_trim(cx, f->environment_id, digest));
    return db_exec(cx,
                   "INSERT INTO login_flow_index (flow_digest, environment_id, browser_digest, "
                   "version, step, request, data, expires_at) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                   DB_ARGS(DB_TEXT(digest), DB_TEXT(f->environment_id),
                           DB_TEXT(sha256_text(cx->arena, f->browser)), DB_INT(f->version),
                           DB_TEXT(f->step), DB_TEXT(json_or_empty(f->request)),
                           DB_TEXT(json_or_empty(f->data)), DB_INT(f->expires_at)),
                   NULL);
}

err login_flow_find(struct ctx *cx, struct str environment_id, struct str flow, struct str browser,
                    struct login_flow *ret_flow) {
    struct login_flow f = {.flow = flow, .browser = browser, .environment_id = environment_id};
    struct str digest;
    if (str_empty(flow) || str_empty(browser)) {
        return fail(cx, ERR_NOT_FOUND, "no flow, or no cookie of its browser");
    }
    TRY(db_one(cx,
               "SELECT browser_digest, version, step, request, data, expires_at "
               "FROM login_flow_index WHERE flow_digest = $1 AND environment_id = $2",
               DB_ARGS(DB_TEXT(sha256_text(cx->arena, flow)), DB_TEXT(environment_id)),
               DB_COLUMNS(COLUMN_STR(&digest), COLUMN_INT(&f.version), COLUMN_STR(&f.step),
                          COLUMN_STR(&f.request), COLUMN_STR(&f.data), COLUMN_INT(&f.expires_at))));
    /* SECURITY `steps`: from another browser. */
    if (!sha256_matches(browser, digest)) {
        return fail(cx, ERR_NOT_FOUND, "the flow was begun by another browser");
    }
    if (f.expires_at <= cx->now) {
        return fail(cx, ERR_NOT_FOUND, "the flow has expired");
    }
    *ret_flow = f;
    return OK;
}

err login_flow_advance(struct ctx *cx, const struct login_flow *f, struct str step,
                       struct str data) {
    int64_t n;
    TRY(db_exec(cx,
                "UPDATE login_flow_index SET version = version + 1, step = $4, data = $5 "
                "WHERE flow_digest = $1 AND environment_id = $2 AND version = $3 "
                "AND expires_at > $6",
                DB_ARGS(DB_TEXT(sha256_text(cx->arena, f->flow)), DB_TEXT(f->environment_id),
                        DB_INT(f->version), DB_TEXT(step), DB_TEXT(json_or_empty(data)),
                        DB_INT(cx->now)),
                &n));
    return n == 1 ? OK : fail(cx, ERR_CONFLICT, "this step was taken before");
}

err login_flow_delete(struct ctx *cx, const struct login_flow *f) {
    int64_t n;
    TRY(db_exec(cx,
                "DELETE FROM login_flow_index "
                "WHERE flow_digest = $1 AND environment_id = $2 AND version = $3",
                DB_ARGS(DB_TEXT(sha256_text(cx->arena, f->flow)), DB_TEXT(f->environment_id),
                        DB_INT(f->version)),
                &n));
    return n == 1 ? OK : fail(cx, ERR_CONFLICT, "this step was taken before");
}

/* The request stays: an application may sign out and ask for another sign-in at once. */
#define RESET_SQL                                                                                  \
    "UPDATE login_flow_index SET version = version + 1, step = '" LOGIN_FLOW_BEGIN "', "           \
    "data = '{}' WHERE browser_digest = "

err login_flows_reset(struct ctx *cx, struct str browser) {
    return db_exec(cx, RESET_SQL "$1", DB_ARGS(DB_TEXT(sha256_text(cx->arena, browser))), NULL);
}

err login_flows_reset_of(struct ctx *cx, struct str tenant_id, struct str sso_session_id) {
    return db_exec(cx,
                   RESET_SQL "(SELECT s.browser_digest FROM sso_session s WHERE s.tenant_id = $1 "
                             "AND s.sso_session_id = $2 AND s.ended_at IS NULL)",
                   DB_ARGS(DB_TEXT(tenant_id), DB_TEXT(sso_session_id)), NULL);
}

err login_flows_find(struct ctx *cx, struct str browser, bool *ret_any) {
    return db_exists(cx, "SELECT 1 FROM login_flow_index WHERE browser_digest = $1",
                     DB_ARGS(DB_TEXT(sha256_text(cx->arena, browser))), ret_any);
}
