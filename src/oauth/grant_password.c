/* SPDX-License-Identifier: Apache-2.0 */
/* grant_type=password: the back-end flow with an access key (seed 000, task 4). A person's own
 * password is never taken here (SECURITY `ropc`): the only credentials that are looked up are
 * access keys. */
#include "oauth_internal.h"

err access_key_issue(struct ctx *cx, const struct request *rq, struct str id, struct str secret,
                     struct issue *issue) {
    struct user *user = NEW(cx->arena, struct user);
    err e = access_key_authenticate(cx, rq->environment->id, id, secret, &issue->key, user);
    if (e == ERR_INVALID_GRANT && (ends_with_space(id) || ends_with_space(secret))) {
        return fail_say(cx, ERR_INVALID_GRANT,
                        "The credentials are invalid. The access key %s ends "
                        "with a space.",
                        ends_with_space(id) ? "id" : "secret");
    }
    TRY(e);
    issue->user = user;
    issue->tenant = user->tenant;
    issue->auth_at = cx->now;
    issue->id_token = true;
    return OK;
}

err grant_password(struct ctx *cx, const struct request *rq, const struct client *client,
                   struct issue *issue, struct reply *rp) {
    (void)rp;
    struct str username, password, scope;
    TRY(request_param(cx, rq, "username", &username));
    TRY(request_param(cx, rq, "password", &password));
    TRY(request_param(cx, rq, "scope", &scope));
    if (str_empty(username) || str_empty(password)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "%s is missing: it is the %s of an access key.",
                        str_empty(username) ? "username" : "password",
                        str_empty(username) ? "id" : "secret");
    }
    TRY(access_key_issue(cx, rq, username, password, issue));
    struct application_access access;
    TRY(application_access(cx, &client->application, issue->tenant.tenant_id, &access));
    if (!access.users) {
        return grant_refuse_tenant(cx, &client->application);
    }
    return scope_grant(cx, scope, client->application.scope, &issue->scope);
}
