/* SPDX-License-Identifier: Apache-2.0 */
/* Signs, writes the answer, and prepares the one write behind it. This is the hot path (DESIGN 6,
 * 9): signatures are all that may cost. */
#include "oauth_internal.h"

#define ANSWER_EXPECTED   4096
#define TYPE_ACCESS_TOKEN "urn:ietf:params:oauth:token-type:access_token"

struct issued { /* what goes into the answer */
    struct str access_token, id_token, refresh_token;
    int64_t access_lifetime, id_lifetime, refresh_lifetime;
};

static err sign_access(struct ctx *cx, const struct request *rq, const struct issue *issue,
                       const struct signing_key *key, struct issued *issued) {
    struct str claims = claims_access(cx, rq, issue, issued->access_lifetime);
    return signing_key_sign(cx, key, key->header_access, claims, &issued->access_token);
}

static err sign_id(struct ctx *cx, const struct request *rq, const struct issue *issue,
                   const struct signing_key *key, struct issued *issued) {
    struct str claims = claims_id(cx, rq, issue, issued->id_lifetime, issued->access_token);
    return signing_key_sign(cx, key, key->header_id, claims, &issued->id_token);
}

/* Only this server reads it: a MAC is enough (PROTOCOL 4). */
static err sign_refresh(struct ctx *cx, const struct request *rq, const struct issue *issue,
                        struct issued *issued) {
    const struct keyring *keys = rq->environment->keys;
    struct str claims = claims_refresh(cx, rq, issue, issued->refresh_lifetime);
    return jws_sign_mac(cx, keys->refresh_header, claims, alg_find(STR("HS256")), keys->refresh_key,
                        &issued->refresh_token);
}

static err key_choose(struct ctx *cx, const struct request *rq, const struct application *a,
                      const struct signing_key **ret_key) {
    const struct keyring *keys = rq->environment->keys;
    const struct alg *alg = alg_find(a->token_alg);
    const struct signing_key *key = alg != NULL ? keyring_active(keys, alg) : NULL;
    if (key == NULL) {
        return fail(cx, ERR_INTERNAL, "the environment has no active key for %.*s",
                    STR_ARG(a->token_alg));
    }
    *ret_key = key;
    return OK;
}

static void write_usual(struct json_out *j, const struct issued *issued) {
    json_put_str(j, "access_token", issued->access_token);
    json_put_z(j, "token_type", "Bearer");
    json_put_int(j, "expires_in", issued->access_lifetime);
    json_put_str(j, "refresh_token", issued->refresh_token);
}

static struct str write_answer(struct ctx *cx, const struct issue *issue, enum issue_shape shape,
                               const struct issued *issued) {
    struct buf b = buf_in(cx->arena, ANSWER_EXPECTED);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    write_usual(&j, issued);
    switch (shape) {
    case ISSUE_TOKEN:
        json_put_str_if(&j, "id_token", issued->id_token);
        if (issue->user != NULL) {
            json_put_z(&j, "issued_token_type", TYPE_ACCESS_TOKEN);
        }
        json_put_str(&j, "scope", issue->scope);
        break;
    case ISSUE_ACCESS_KEY:
        json_put_int(&j, "refresh_token_expires_in", issued->refresh_lifetime);
        json_put_str(&j, "id_token", issued->access_token);
        break;
    case ISSUE_USER:
        json_put_int(&j, "refresh_token_expires_in", issued->refresh_lifetime);
        json_put_str(&j, "token", issued->access_token);
        json_put_int(&j, "tokenExpirationTimeSec", issued->access_lifetime);
        json_put_str(&j, "refreshToken", issued->refresh_token);
        json_put_int(&j, "refreshTokenExpirationTimeSec", issued->refresh_lifetime);
        json_put_null(&j, "sessionId");
        break;
    }
    json_close_object(&j);
    return buf_view(&b);
}

/* ---- the write ---- */

struct issue_write {
    const struct request *rq;
    struct reply *rp;
    const struct issue *issue;
    struct session_rotation rotation; /* if issue->refreshes */
    bool ran;
    struct reply untouched; /* the reply before the first run */
};

/* Last-used times are kept to the minute: a row that is fresh is not touched, so that busy
 * applications do not meet on it. */
#define LAST_USED_SECONDS 60

static err note_use(struct ctx *cx, const struct issue *issue) {
    if (issue->key.access_key_id.p != NULL &&
        cx->now - issue->key.last_used_at >= LAST_USED_SECONDS) {
        TRY(access_key_used(cx, &issue->key));
    }
    const struct application *a = &issue->client->application;
    if (cx->now - a->last_used_at >= LAST_USED_SECONDS) {
        TRY(application_used(cx, a));
    }
    return OK;
}

static err issue_write_run(struct ctx *cx, void *state) {
    struct issue_write *w = state;
    const struct issue *issue = w->issue;
    /* A run that lost a race changed the answer; if its batch then failed, this run may win. */
    if (w->ran) {
        *w->rp = w->untouched;
    }
    w->untouched = *w->rp;
    w->ran = true;
    TRY(client_commit(cx, issue->client));
    if (issue->generated.generated_key_id.p != NULL) {
        TRY(generated_key_use(cx, issue->generated.tenant_id, issue->generated.generated_key_id));
    }
    struct session session = issue->session;
    if (issue->code.code.p != NULL) {
        TRY(code_commit(cx, w->rq, issue, &session, w->rp));
    } else if (issue->device.code.p != NULL) {
        TRY(device_commit(cx, w->rq, issue, &session, w->rp));
    }
    if (session.session_id.p == NULL) {
        return OK; /* another was faster */
    }
    if (issue->refreshes) {
        TRY(refresh_commit(cx, w->rq, issue, &w->rotation, w->rp));
    } else {
        TRY(session_create(cx, &session));
    }
    return note_use(cx, issue);
}

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void session_begin(struct ctx *cx, struct issue *issue) {
    const struct application *a = &issue->client->application;
    struct session *session = &issue->session;
    session->session_id = uuid_v7(cx);
    session->tenant_id = issue->tenant.tenant_id;
    session->application_tenant_id = a->tenant_id;
    session->application_id = a->application_id;
    session->employee_id = issue->user != NULL ? issue->user->employee.employee_id : STR_NONE;
    session->access_key_id = issue->key.access_key_id;
    session->access_key_epoch = issue->key.epoch;
    session->scope = issue->scope;
    session->nonce = issue->nonce;
    session->amr = issue->amr;
    session->auth_at = issue->auth_at;
    session->created_at = cx->now;
}

static void write_prepare(struct ctx *cx, const struct request *rq, struct issue *issue,
                          const struct issued *issued, struct reply *rp) {
    struct issue_write *w = NEW(cx->arena, struct issue_write);
    struct session *session = &issue->session;
    struct str digest = sha256_text(cx->arena, issued->refresh_token);
    session->refresh_expires_at = cx->now + issued->refresh_lifetime;
    session->expires_at = later(
        session->expires_at, later(session->refresh_expires_at, cx->now + issued->access_lifetime));
    if (issue->refreshes) {
        w->rotation = (struct session_rotation){
            .tenant_id = session->tenant_id,
            .session_id = session->session_id,
            .old_digest = issue->old_refresh_digest,
            .new_digest = digest,
            .refresh_expires_at = session->refresh_expires_at,
            .expires_at = session->expires_at,
        };
        if (issue->client->authenticated) {
            w->rotation.answer = refresh_seal_answer(cx, issue, rp->body);
        }
    } else {
        session->refresh_digest = digest;
    }
    w->rq = rq;
    w->rp = rp;
    w->issue = issue;
    rp->write.run = issue_write_run;
    rp->write.state = w;
}

/* Core 11: the refresh token of a sign-in ends with its browser session at the latest, unless the
 * application has offline_access. */
static int64_t refresh_lifetime(const struct ctx *cx, const struct issue *issue,
                                const struct lifetimes *life) {
    const struct session *s = &issue->session;
    int64_t lifetime = issue->user != NULL ? life->refresh : life->refresh_client;
    if (s->sso_expires_at == 0 || str_has_word(issue->scope, STR("offline_access"))) {
        return lifetime;
    }
    int64_t left = s->sso_expires_at - cx->now;
    return left < lifetime ? left : lifetime;
}

err issue_reply(struct ctx *cx, const struct request *rq, struct issue *issue,
                enum issue_shape shape, struct reply *rp) {
    const struct application *a = &issue->client->application;
    struct lifetimes life =
        lifetimes_resolve(cx, &rq->environment->lifetimes, &issue->tenant.lifetimes, &a->lifetimes);
    struct issued issued = {
        .access_lifetime = life.access,
        .id_lifetime = life.id,
        .refresh_lifetime = refresh_lifetime(cx, issue, &life),
    };
    const struct signing_key *key = NULL;
    TRY(key_choose(cx, rq, a, &key));
    if (!issue->refreshes) {
        session_begin(cx, issue);
    }
    TRY(sign_access(cx, rq, issue, key, &issued));
    if (issue->id_token && shape == ISSUE_TOKEN) {
        TRY(sign_id(cx, rq, issue, key, &issued));
        issue->session.expires_at = later(issue->session.expires_at, cx->now + life.id);
    }
    TRY(sign_refresh(cx, rq, issue, &issued));

    rp->status = 200;
    rp->body = write_answer(cx, issue, shape, &issued);
    rp->tenant_id = issue->tenant.tenant_id;
    rp->client_id = a->application_id;
    write_prepare(cx, rq, issue, &issued, rp);
    return OK;
}

err issue_front_channel(struct ctx *cx, const struct request *rq, struct issue *issue, bool token,
                        struct issue_front *ret) {
    const struct application *a = &issue->client->application;
    struct lifetimes life =
        lifetimes_resolve(cx, &rq->environment->lifetimes, &issue->tenant.lifetimes, &a->lifetimes);
    struct issued issued = {.access_lifetime = life.access, .id_lifetime = life.id};
    const struct signing_key *key = NULL;
    TRY(key_choose(cx, rq, a, &key));
    session_begin(cx, issue);
    if (token) {
        TRY(sign_access(cx, rq, issue, key, &issued));
    }
    if (issue->id_token) {
        TRY(sign_id(cx, rq, issue, key, &issued));
    }
    issue->session.expires_at = cx->now + later(life.access, life.id);
    *ret = (struct issue_front){
        .access_token = issued.access_token, .id_token = issued.id_token, .lifetime = life.access};
    return OK;
}
