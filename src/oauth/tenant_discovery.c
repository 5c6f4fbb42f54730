/* SPDX-License-Identifier: Apache-2.0 */
/* GET /.well-known/cxone-configuration?tenantId= (seed 000, task 5): where a tenant's APIs are. On
 * a regional host without tenantId: that area's answer (PROTOCOL 12.9). */
#include "oauth_internal.h"

static void put_area(struct json_out *j, struct ctx *cx, const struct environment *e,
                     const struct area *area, struct str cluster) {
    json_put_str(j, "domain", area->domain);
    json_put_str(j, "acdDomain", area->acd_domain);
    json_put_str(j, "uhDomain", area->uh_domain);
    json_put_str(j, "ui_endpoint", environment_url(cx->arena, e->hosts.ui, area, cluster));
    json_put_str(j, "auth_endpoint", environment_url(cx->arena, e->hosts.auth, area, cluster));
    json_put_str(j, "api_endpoint", environment_url(cx->arena, e->hosts.api, area, cluster));
}

static void reply_with(struct ctx *cx, const struct request *rq, const struct area *area,
                       const struct tenant *tenant, struct reply *rp) {
    struct buf b = buf_in(cx->arena, 512);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_bool(&j, "private", tenant != NULL && tenant->is_private);
    json_put_str(&j, "area", area->area);
    if (tenant != NULL) {
        json_put_str(&j, "cluster", tenant->cluster);
    }
    put_area(&j, cx, rq->environment, area, tenant != NULL ? tenant->cluster : STR(""));
    if (tenant != NULL) {
        json_put_str(&j, "tenantId", tenant->tenant_id);
    }
    json_close_object(&j);
    reply_json(rp, 200, &b);
    reply_cacheable(cx, rq, rp, DOCUMENT_MAX_AGE_SECONDS);
}

err tenant_discovery_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct str given, tenant_id;
    TRY(request_query(cx, rq, "tenantId", &given));
    if (str_empty(given)) {
        const struct area *here = snapshot_host_area(platform_snapshot(cx), rq->host);
        if (here == NULL) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "tenantId is missing: it is a claim of the id token.");
        }
        reply_with(cx, rq, here, NULL, rp);
        return OK;
    }
    if (!uuid_parse(cx->arena, given, &tenant_id)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "tenantId must be a UUID.");
    }
    struct tenant tenant;
    err e = tenant_find(cx, rq->environment->id, tenant_id, &tenant);
    if (e == ERR_NOT_FOUND || (e == OK && !tenant.is_enabled)) {
        return fail_say(cx, ERR_NOT_FOUND, "There is no such tenant in this environment.");
    }
    TRY(e);
    rp->tenant_id = tenant.tenant_id;
    const struct area *area = environment_area(rq->environment, tenant.area);
    if (area == NULL) {
        return fail(cx, ERR_INTERNAL, "the tenant's area is not in the environment");
    }
    reply_with(cx, rq, area, &tenant, rp);
    return OK;
}
