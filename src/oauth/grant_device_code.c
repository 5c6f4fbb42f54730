/* SPDX-License-Identifier: Apache-2.0 */
/* grant_type=urn:ietf:params:oauth:grant-type:device_code (RFC 8628 3.4): a device asks until the
 * person has answered; tokens come once, as for an authorization code, and so does their end. */
#include "oauth_internal.h"

#define CODE_MAX 512

static err device_find(struct ctx *cx, const struct request *rq, const struct application *a,
                       struct device_code *d) {
    struct str text;
    TRY(request_param(cx, rq, "device_code", &text));
    if (str_empty(text)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "device_code is missing.");
    }
    err e = ERR_NOT_FOUND;
    if (text.n <= CODE_MAX && str_is_text(text)) {
        e = device_code_find(cx, rq->environment->id, text, d);
    }
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INVALID_GRANT, "no such device code");
    }
    TRY(e);
    if (!str_eq(d->application_id, a->application_id) || !str_eq(d->tenant_id, a->tenant_id)) {
        return fail_say(cx, ERR_INVALID_GRANT, "The code was issued to another application.");
    }
    return OK;
}

/* ---- not answered yet ---- */

struct poll {
    const struct request *rq;
    const struct client *client;
    const struct device_code *device;
    struct reply *rp;
    struct reply untouched; /* the reply before a run: it may run again */
};

static err poll_run(struct ctx *cx, void *state) {
    struct poll *p = state;
    bool too_soon;
    TRY(client_commit(cx, p->client));
    TRY(device_code_poll(cx, p->device, &too_soon));
    err said = too_soon ? fail(cx, ERR_SLOW_DOWN, "a device asks too often")
                        : fail(cx, ERR_AUTHORIZATION_PENDING, "nobody has answered yet");
    *p->rp = p->untouched;
    error_reply(cx, p->rq, ERRORS_OAUTH, said, p->rp);
    return OK;
}

static void poll_prepare(struct ctx *cx, const struct request *rq, const struct client *client,
                         struct issue *issue, struct reply *rp) {
    struct poll *p = NEW(cx->arena, struct poll);
    *p = (struct poll){rq, client, &issue->device, rp, *rp};
    rp->write.run = poll_run;
    rp->write.state = p;
    p->untouched.write = rp->write;
    issue->answered = true;
}

/* ---- answered ---- */

/* What the user's part of the row is for a code: the same rules hold from here on. */
static void code_of_device(const struct device_code *d, struct authorization_code *code) {
    *code = (struct authorization_code){.tenant_id = d->user_tenant_id,
                                        .application_tenant_id = d->tenant_id,
                                        .application_id = d->application_id,
                                        .employee_id = d->employee_id,
                                        .session_id = d->session_id};
}

err device_commit(struct ctx *cx, const struct request *rq, const struct issue *issue,
                  struct session *session, struct reply *rp) {
    const struct device_code *d = &issue->device;
    err e = device_code_use(cx, d, session->session_id, &session->sso_session_id);
    if (e != ERR_INVALID_GRANT) {
        return e;
    }
    session->session_id = STR_NONE;
    struct device_code now;
    struct authorization_code code;
    e = device_code_find(cx, d->environment_id, d->code, &now);
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INVALID_GRANT, "what was allowed was taken back meanwhile");
    }
    TRY(e);
    if (now.used_at == 0) {
        return fail(cx, ERR_INVALID_GRANT, "the device code expired meanwhile");
    }
    code_of_device(&now, &code);
    return code_reuse_commit(cx, rq, &code, rp);
}

static err state_check(struct ctx *cx, const struct device_code *d) {
    if (d->expires_at <= cx->now) {
        return fail(cx, ERR_EXPIRED_TOKEN, "the device code has expired");
    }
    return str_is(d->state, "denied") ? fail(cx, ERR_DEVICE_DENIED, "the user said no") : OK;
}

err grant_device_code(struct ctx *cx, const struct request *rq, const struct client *client,
                      struct issue *issue, struct reply *rp) {
    struct device_code *d = &issue->device;
    TRY(device_find(cx, rq, &client->application, d));
    code_of_device(d, &issue->code);
    if (d->used_at != 0) {
        return code_reuse_prepare(cx, rq, issue, rp);
    }
    TRY(state_check(cx, d));
    if (!str_is(d->state, "allowed")) {
        poll_prepare(cx, rq, client, issue, rp);
        return OK;
    }
    rp->tenant_id = d->user_tenant_id;
    TRY(code_user_read(cx, client, issue));
    /* SECURITY `scope`: what the application lost meanwhile is not granted. */
    issue->scope = scope_within(cx->arena, d->scope, client->application.scope);
    issue->id_token = str_has_word(issue->scope, STR("openid"));
    issue->amr = d->amr;
    issue->auth_at = d->auth_at;
    issue->session.sso_session_id = d->sso_session_id;
    return OK;
}
