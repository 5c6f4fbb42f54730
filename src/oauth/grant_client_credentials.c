/* SPDX-License-Identifier: Apache-2.0 */
/* grant_type=client_credentials (RFC 6749 4.4): a token of the application itself, in one tenant.
 */
#include "oauth_internal.h"

/* PROTOCOL 4: a single-tenant application acts in its tenant; one of tenancy `all` where it is
 * authorized, by default at home. */
static err tenant_choose(struct ctx *cx, const struct request *rq, const struct application *a,
                         struct str *ret_tenant_id) {
    struct str requested, tenant_id;
    TRY(request_param(cx, rq, "tenantId", &requested));
    if (str_empty(requested)) {
        *ret_tenant_id = a->tenant_id;
        return OK;
    }
    if (!uuid_parse(cx->arena, requested, &tenant_id)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "tenantId must be a UUID.");
    }
    if (!str_eq(tenant_id, a->tenant_id)) {
        struct application_access access;
        TRY(application_access(cx, a, tenant_id, &access));
        if (!access.itself) {
            return grant_refuse_tenant(cx, a);
        }
    }
    *ret_tenant_id = tenant_id;
    return OK;
}

err grant_client_credentials(struct ctx *cx, const struct request *rq, const struct client *client,
                             struct issue *issue, struct reply *rp) {
    (void)rp;
    const struct application *a = &client->application;
    struct str tenant_id = STR_NONE, scope;
    TRY(request_param(cx, rq, "scope", &scope));
    TRY(tenant_choose(cx, rq, a, &tenant_id));
    err e = tenant_find(cx, rq->environment->id, tenant_id, &issue->tenant);
    /* A tenant that is not there and one that is disabled look like one that did not authorize the
     * application. */
    if (e == ERR_NOT_FOUND || (e == OK && !issue->tenant.is_enabled)) {
        return grant_refuse_tenant(cx, a);
    }
    TRY(e);
    issue->auth_at = cx->now;
    return scope_grant(cx, scope, a->scope, &issue->scope);
}
