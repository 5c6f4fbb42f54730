/* SPDX-License-Identifier: Apache-2.0 */
/* grant_type=refresh_token (RFC 6749 6): the rules are in refresh.c. */
#include "oauth_internal.h"

err grant_refresh_token(struct ctx *cx, const struct request *rq, const struct client *client,
                        struct issue *issue, struct reply *rp) {
    struct str token, scope;
    TRY(request_param(cx, rq, "refresh_token", &token));
    TRY(request_param(cx, rq, "scope", &scope));
    if (str_empty(token)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "refresh_token is missing.");
    }
    TRY(refresh_begin(cx, rq, token, client, issue, rp));
    if (issue->answered) {
        return OK;
    }
    /* RFC 6749 6: the scope may be narrowed, never widened; the session keeps what it was granted.
     */
    return scope_grant(cx, scope, issue->scope, &issue->scope);
}
