/* SPDX-License-Identifier: Apache-2.0 */
/* POST /auth/token and its alias /api/v2/oauth/token (PROTOCOL 4). */
#include "oauth_internal.h"

/* What may stand in the body alone: in a query it would end in logs and histories. */
static const char *const body_parameters[] = {
    "grant_type",  "client_id",       "client_secret", "client_assertion", "client_assertion_type",
    "username",    "password",        "scope",         "tenantId",         "refresh_token",
    "code",        "code_verifier",   "redirect_uri",  "subject_token",    "subject_token_type",
    "assertion",   "token",           "access_token",  "token_type_hint",  "device_code",
    "accessKeyId", "accessKeySecret", "actor_token",   "actor_token_type",
};

err parameters_check(struct ctx *cx, const struct request *rq) {
    for (size_t i = 0; i < COUNT_OF(body_parameters); i++) {
        if (rq->query.n > 0 && params_has(&rq->query, body_parameters[i])) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "The parameter %s belongs into the body, not into the query.",
                            body_parameters[i]);
        }
    }
    /* RFC 6749 3.2: request parameters MUST NOT be included more than once. JSON was checked by its
     * parser. */
    for (size_t i = 0; i < rq->form.n; i++) {
        for (size_t k = i + 1; k < rq->form.n; k++) {
            if (str_eq(rq->form.v[i].name, rq->form.v[k].name)) {
                struct str name = str_sub(rq->form.v[i].name, 0, 64);
                return fail_say(cx, ERR_INVALID_REQUEST, "The parameter %.*s comes twice.",
                                STR_ARG(name));
            }
        }
    }
    return OK;
}

static err grant_choose(struct ctx *cx, const struct request *rq, const struct grant **ret_grant) {
    struct str name;
    TRY(request_param(cx, rq, "grant_type", &name));
    if (str_empty(name)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "grant_type is missing.");
    }
    const struct grant *grant = grant_find(name);
    if (grant != NULL) {
        *ret_grant = grant;
        return OK;
    }
    struct buf known = buf_in(cx->arena, 128);
    for (size_t i = 0; grant_at(i) != NULL; i++) {
        buf_format(&known, "%s%s", i > 0 ? ", " : "", grant_at(i)->name);
    }
    return fail_say(cx, ERR_UNSUPPORTED_GRANT_TYPE, "grant_type must be one of: %.*s.",
                    STR_ARG(buf_view(&known)));
}

err token_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    TRY(parameters_check(cx, rq));
    const struct grant *grant = NULL;
    TRY(grant_choose(cx, rq, &grant));
    rp->grant = str_from(grant->name);

    struct client *client = NEW(cx->arena, struct client);
    enum client_outcome outcome;
    TRY(client_authenticate(cx, rq, rp, client, &outcome));
    if (outcome == CLIENT_ANSWERED) {
        return OK;
    }
    if (outcome == CLIENT_NONE && !grant->identifies) {
        return fail_say(cx, ERR_INVALID_CLIENT, "The request has no client credentials.");
    }
    if (outcome == CLIENT_FOUND) {
        TRY(grant_client_check(cx, grant, client));
    }

    struct issue *issue = NEW(cx->arena, struct issue);
    issue->client = outcome == CLIENT_FOUND ? client : NULL;
    TRY(grant->run(cx, rq, issue->client, issue, rp));
    if (issue->answered) {
        return OK;
    }
    return issue_reply(cx, rq, issue, ISSUE_TOKEN, rp);
}
