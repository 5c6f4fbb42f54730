/* SPDX-License-Identifier: Apache-2.0 */
/* Signing out: what was issued is revoked (RFC 7009), then forgotten. */
#include "client.h"

struct leaving {
    unsigned flags;
};

static err revoke_send(struct call *k, const struct endpoints *ep, struct str url,
                       const struct state *s) {
    bool refresh = s->refresh_token.p != NULL;
    struct token_request r = token_request_new(k);
    struct exchange x = {0};
    const struct repeat how = {(int)setting_int(k->p, SET_RETRIES), true, false};
    r.url = url;
    r.headers[r.headers_n++] = STR("Content-Type: application/x-www-form-urlencoded");
    TRY(client_authenticate(k, ep, &r));
    token_parameter(&r, "token", refresh ? s->refresh_token : s->access_token);
    token_parameter(&r, "token_type_hint", refresh ? STR("refresh_token") : STR("access_token"));
    TRY(token_request_send(k, &r, &how, &x));
    return x.status == 200 || x.status == 204 ? OK : token_refused(k, &x, &r);
}

static err revoke(struct call *k, const struct state *s) {
    struct endpoints ep;
    struct str url = STR_NONE;
    TRY(discovery_get(k, 0, &ep));
    const json_t *member = json_object_get(ep.openid_configuration, "revocation_endpoint");
    if (member == NULL || setting_str(k->p, SET_CLIENT_ID).p == NULL) {
        call_warn(k, "Nothing can be revoked at this server: what others hold of these tokens is "
                     "good until it expires.");
        return OK;
    }
    TRY(discovery_endpoint(k, &ep, "revocation_endpoint", &url));
    return revoke_send(k, &ep, url, s);
}

static err logout_work(struct call *k, void *argument) {
    const struct leaving *l = argument;
    struct state *disk;
    TRY(cache_read(k, &disk));
    state_adopt(k, disk);
    const struct state *s = state_current(k);
    if (s == NULL || s->access_token.p == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_NO_TOKEN, "Nobody is signed in.");
    }
    err e = revoke(k, s);
    struct failure why = k->cx.failure;
    if (e == OK || (l->flags & POSTERN_LOGOUT_ANYWAY) != 0) {
        TRY(cache_forget(k));
    }
    k->cx.failure = why;
    return e;
}

static err logout_run(struct call *k, void *arguments) {
    return flight_run(k, NULL, logout_work, arguments);
}

enum postern_code postern_logout(struct postern *client, unsigned flags,
                                 struct postern_cancel *cancel) {
    struct leaving l = {flags};
    if (client == NULL) {
        return usage_failed("postern_logout needs a client.");
    }
    return call_run(client, cancel, 0, logout_run, &l);
}
