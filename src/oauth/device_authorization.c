/* SPDX-License-Identifier: Apache-2.0 */
/* POST /auth/device_authorization (RFC 8628 3.1): a device without a browser gets a code to poll
 * with, and one for a person to type in elsewhere. */
#include "oauth_internal.h"

/* What is stored behind the answer. */
struct device_begin {
    struct client client;
    struct device_code device;
};

static err begin_run(struct ctx *cx, void *state) {
    const struct device_begin *b = state;
    TRY(client_commit(cx, &b->client));
    TRY(device_code_create(cx, &b->device));
    return application_used(cx, &b->client.application);
}

/* RFC 8628 3.2. */
static void answer_write(struct ctx *cx, const struct request *rq, const struct device_code *d,
                         struct reply *rp) {
    struct buf b = buf_in(cx->arena, 512);
    struct json_out j = json_to(&b);
    struct str uri = str_format(cx->arena, "%.*s" DEVICE_PATH, STR_ARG(rq->environment->issuer));
    json_open_object(&j, NULL);
    json_put_str(&j, "device_code", d->code);
    json_put_str(&j, "user_code", d->user_code);
    json_put_str(&j, "verification_uri", uri);
    json_put_str(&j, "verification_uri_complete",
                 str_format(cx->arena, "%.*s?user_code=%.*s", STR_ARG(uri), STR_ARG(d->user_code)));
    json_put_int(&j, "expires_in", DEVICE_CODE_SECONDS);
    json_put_int(&j, "interval", d->interval);
    json_close_object(&j);
    reply_json(rp, 200, &b);
}

static err device_make(struct ctx *cx, const struct request *rq, struct device_begin *b) {
    const struct application *a = &b->client.application;
    struct str scope;
    TRY(request_param(cx, rq, "scope", &scope));
    if (!str_empty(scope)) {
        scope = scope_without_wishes(cx->arena, scope, a->scope);
        if (str_empty(scope)) { /* nothing asked for is not everything */
            return fail_say(cx, ERR_INVALID_SCOPE,
                            "The application registered none of these scopes: send scope=openid.");
        }
    }
    TRY(scope_grant(cx, scope, a->scope, &b->device.scope));
    b->device.tenant_id = a->tenant_id;
    b->device.environment_id = a->environment_id;
    b->device.application_id = a->application_id;
    device_code_prepare(cx, &b->device);
    return OK;
}

err device_authorization_post(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct device_begin *b = NEW(cx->arena, struct device_begin);
    enum client_outcome outcome;
    TRY(parameters_check(cx, rq));
    TRY(client_authenticate(cx, rq, rp, &b->client, &outcome));
    if (outcome == CLIENT_ANSWERED) {
        return OK;
    }
    if (outcome == CLIENT_NONE) {
        return fail_say(cx, ERR_INVALID_CLIENT, "The request has no client credentials.");
    }
    TRY(grant_client_check(cx, grant_find(STR(GRANT_DEVICE_CODE)), &b->client));
    TRY(device_make(cx, rq, b));
    answer_write(cx, rq, &b->device, rp);
    rp->client_id = b->client.application.application_id;
    rp->write.run = begin_run;
    rp->write.state = b;
    return OK;
}
