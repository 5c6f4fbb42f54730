/* SPDX-License-Identifier: Apache-2.0 */
/* POST /auth/revoke (RFC 7009). Either token of a session ends the whole of it, at once and
 * everywhere. */
#include "oauth_internal.h"

struct revocation {
    struct client client;
    struct str tenant_id, session_id; /* absent: nothing to revoke */
    struct str remote;
};

static err revocation_run(struct ctx *cx, void *state) {
    const struct revocation *r = state;
    TRY(client_commit(cx, &r->client));
    if (r->session_id.p == NULL) {
        return OK;
    }
    err e = session_revoke(cx, r->tenant_id, r->session_id);
    if (e == ERR_NOT_FOUND) {
        return OK; /* RFC 7009 2.2: an invalid token is not an error */
    }
    TRY(e);
    struct str id = r->client.application.application_id;
    struct audit record = {.tenant_id = r->tenant_id,
                           .actor = str_format(cx->arena, "client:%.*s", STR_ARG(id)),
                           .action = STR("session.revoke"),
                           .object = r->session_id,
                           .remote = r->remote};
    return audit_write(cx, &record);
}

static err token_choose(struct ctx *cx, const struct request *rq, struct str text,
                        struct revocation *r) {
    struct token token;
    err e = token_read(cx, rq->environment, text, &token);
    if (e == ERR_INVALID_TOKEN) {
        return OK; /* RFC 7009 2.2 */
    }
    TRY(e);
    if (token.kind != TOKEN_ACCESS && token.kind != TOKEN_REFRESH) {
        return fail(cx, ERR_UNSUPPORTED_TOKEN_TYPE, "an id token or a generated key");
    }
    if (!str_eq(token.client_id, r->client.application.application_id)) {
        /* RFC 7009 2.1: issued to another client: the request is refused. */
        return fail_say(cx, ERR_INVALID_GRANT, "The token was issued to another application.");
    }
    r->tenant_id = token.tenant_id;
    r->session_id = token.session_id;
    return OK;
}

err revoke_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str text;
    TRY(parameters_check(cx, rq));
    TRY(request_param(cx, rq, "token", &text));
    struct revocation *r = NEW(cx->arena, struct revocation);
    enum client_outcome outcome;
    TRY(client_authenticate(cx, rq, rp, &r->client, &outcome));
    if (outcome == CLIENT_ANSWERED) {
        return OK;
    }
    if (outcome == CLIENT_NONE) {
        return fail_say(cx, ERR_INVALID_CLIENT, "The request has no client credentials.");
    }
    if (str_empty(text)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "token is missing.");
    }
    TRY(token_choose(cx, rq, text, r));
    r->remote = rq->remote;
    rp->status = 200;
    if (r->session_id.p != NULL || client_has_effects(&r->client)) {
        rp->write.run = revocation_run;
        rp->write.state = r;
    }
    return OK;
}
