/* SPDX-License-Identifier: Apache-2.0 */
/* POST /authentication/v1/token/access-key (seed 003): an access key for a token, without an
 * application of one's own. */
#include "oauth_internal.h"

err access_key_token_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str id, secret;
    TRY(parameters_check(cx, rq));
    TRY(request_param(cx, rq, "accessKeyId", &id));
    TRY(request_param(cx, rq, "accessKeySecret", &secret));
    if (str_empty(id) || str_empty(secret)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s is missing.",
                        str_empty(id) ? "accessKeyId" : "accessKeySecret");
    }
    rp->grant = STR("access_key");
    struct client *client = NEW(cx->arena, struct client);
    struct issue *issue = NEW(cx->arena, struct issue);
    TRY(client_platform(cx, rq, client));
    issue->client = client;
    TRY(access_key_issue(cx, rq, id, secret, issue));
    issue->scope = client->application.scope;
    return issue_reply(cx, rq, issue, ISSUE_ACCESS_KEY, rp);
}
