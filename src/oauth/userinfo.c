/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST /auth/userinfo (OpenID Connect Core 5.3): the user behind an access token, with what
 * every application hears (PROTOCOL 5) and what its scopes open. The route
 * has no scope, so a token of an application is refused by the bearer hook (user_required). */
#include "oauth_internal.h"

static void put_claims(struct json_out *j, struct ctx *cx, const struct user *user,
                       struct str scope) {
    const struct employee *employee = &user->employee;
    /* Core 5.3.2: sub is the id token's. */
    json_put_str(j, "sub", str_format(cx->arena, "user:%.*s", STR_ARG(employee->employee_id)));
    json_put_str(j, "userId", employee->employee_id);
    json_put_str(j, "name", employee->user_name);
    json_put_str(j, "given_name", employee->first_name);
    json_put_str(j, "family_name", employee->last_name);
    json_put_str(j, "icAgentId", str_format(cx->arena, "%lld", (long long)employee->agent_id));
    json_put_str(j, "icSPId", user->tenant.sp_id);
    json_put_int(j, "icBUId", user->tenant.primary_business_unit);
    json_put_str(j, "icClusterId", user->tenant.cluster);
    json_put_str(j, "area", user->tenant.area);
    json_put_str(j, "tenantId", user->tenant.tenant_id);
    json_put_str(j, "tenant", user->tenant.tenant);
    standard_claims_put(cx, j, employee, standard_claims_allowed(~0U, scope));
}

err userinfo(struct ctx *cx, const struct request *rq, struct reply *rp) {
    const struct caller *caller = rq->caller;
    if (caller == NULL || !caller->is_user) {
        return fail(cx, ERR_USER_REQUIRED, "userinfo without a user");
    }
    struct user user;
    err e = user_find(cx, caller->tenant_id, caller->employee_id, &user);
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INVALID_TOKEN, "the user is gone");
    }
    TRY(e);
    struct buf b = buf_in(cx->arena, 1024);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    put_claims(&j, cx, &user, caller->scope);
    json_close_object(&j);
    reply_json(rp, 200, &b);
    return OK;
}
