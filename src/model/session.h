/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: what a sign-in leads to: browser sessions, codes, sessions of applications. */
#ifndef POSTERN_MODEL_SESSION_H
#define POSTERN_MODEL_SESSION_H

#include "http.h"

/* ---- session.c: the unit of revocation, and the refresh family ---- */

#define REFRESH_GRACE_SECONDS 10

struct session {
    struct str session_id, tenant_id, application_tenant_id, application_id;
    struct str employee_id, access_key_id; /* absent for client_credentials; absent */
    struct str scope;
    /* Of the browser session that it began in, if it did; the authorization request's nonce; how
     * the user signed in (words). */
    struct str sso_session_id, nonce, amr;
    int64_t sso_expires_at; /* that one's absolute limit; 0: it is gone, or there was none */
    int64_t auth_at, created_at, expires_at;
    struct str refresh_digest, refresh_used_digest, refresh_answer;
    int64_t refresh_rotated_at, refresh_expires_at, refresh_revoked_at, revoked_at;
    int64_t access_key_epoch; /* in which the key was proven */
    bool access_key_alive;    /* no key, or an active one of the same epoch */
};
/* ERR_INVALID_GRANT: its browser session has ended. The two are one step: what is created here is
 * revoked by every sso_session_end() that comes later. */
err session_create(struct ctx *cx, const struct session *s);
err session_find(struct ctx *cx, struct str tenant_id, struct str session_id,
                 struct session *ret_session);
/* The one step of a refresh: succeeds once for each token. ERR_NOT_FOUND: it was not the current
 * token, or the family or the session is revoked. */
struct session_rotation {
    struct str tenant_id, session_id, old_digest, new_digest;
    struct str answer; /* sealed, or absent */
    int64_t refresh_expires_at, expires_at;
};
err session_rotate(struct ctx *cx, const struct session_rotation *r);
err session_revoke_refresh(struct ctx *cx, struct str tenant_id, struct str session_id);
err session_revoke(struct ctx *cx, struct str tenant_id, struct str session_id);

/* ---- session_end.c: at disabling ---- */

/* All of an employee: browser sessions, and sessions by access key too. */
err employee_sessions_end(struct ctx *cx, struct str tenant_id, struct str employee_id);
/* Browser sessions, sessions and open codes of the tenant's users. */
err tenant_sessions_end(struct ctx *cx, struct str tenant_id);
/* Sessions and open codes of the application, in every tenant of the environment. */
err application_sessions_end(struct ctx *cx, struct str environment_id, struct str owner_id,
                             struct str application_id);
/* The same for all that the tenant registered for other tenants. */
err tenant_applications_end(struct ctx *cx, struct str environment_id,
                            struct str tenant_id); /* its access tokens too */

/* ---- caller.c: who calls an API ---- */

struct caller {
    bool is_user;
    struct str tenant_id, client_id, session_id;
    struct str scope;       /* of the session, as far as the application still has it */
    struct str actor;       /* "user:{uuid}" or "client:{client_id}": for audit */
    struct str employee_id; /* users */
    struct str user_name;
    struct str permissions; /* users: words */
    int64_t agent_id;
    int64_t expires_at;
};
/* Session not revoked, application enabled, tenant enabled, access key active, employee alive: one
 * statement (one more for secondary roles). ERR_INVALID_TOKEN with the reason otherwise. */
err caller_find(struct ctx *cx, struct str environment_id, struct str tenant_id,
                struct str session_id, struct caller *ret_caller);
bool caller_may(const struct caller *c, const char *permission);

/* ---- sso_session.c ---- */

struct sso_session {
    struct str tenant_id, sso_session_id, employee_id, amr;
    struct str user_agent; /* stored for its owner, never read to decide anything */
    /* The digest of its browser's secret, as login flows have it; absent: of before there was one.
     */
    struct str browser_digest;
    int64_t auth_at, created_at, last_used_at, expires_at, idle_seconds;
};
/* A new id for every sign-in (SECURITY `fixation`). Filled in before: tenant_id, employee_id, amr,
 * idle_seconds, expires_at, and auth_at if it is not now. The cookie's value is "TENANT.RANDOM";
 * the row has its digest. */
void sso_session_prepare(struct ctx *cx, struct sso_session *s, struct str *ret_cookie);
err sso_session_create(struct ctx *cx, const struct sso_session *s);
/* Alive: not ended, not idle too long, employee and tenant alive. ERR_NOT_FOUND. */
err sso_session_find(struct ctx *cx, struct str environment_id, struct str cookie,
                     struct sso_session *ret_session);
err sso_session_used(struct ctx *cx, const struct sso_session *s); /* at most once a minute */
/* The row's lock: whoever ends the browser session waits for what this closure does, and ends it.
 * ERR_INVALID_GRANT: it has ended. */
err sso_session_hold(struct ctx *cx, struct str tenant_id, struct str sso_session_id);
/* `after` takes the place of `before` in one browser: of the same employee it takes over what that
 * one issued, of another it ends it, and the sign-ins of that other that are under way.
 * ERR_CONFLICT: `before` has ended meanwhile. */
err sso_session_replace(struct ctx *cx, const struct sso_session *before,
                        const struct sso_session *after);
/* The sign-out of a browser: ends its sessions of this one's employee, what was proven in sign-ins
 * that are under way there, and what was issued to applications (SECURITY `dead-means-dead`). What
 * is under way elsewhere goes on: who signs out of one browser, a program in a row of tests say,
 * does not sign out of others. */
err sso_session_end(struct ctx *cx, struct str tenant_id, struct str sso_session_id);
/* All of an employee. */
err sso_sessions_end(struct ctx *cx, struct str tenant_id, struct str employee_id);

/* ---- login_flow.c ---- */

#define LOGIN_FLOW_SECONDS 1800
struct login_flow {
    struct str flow;    /* the secret in the form; the row has its digest */
    struct str browser; /* the secret in the cookie */
    struct str environment_id, step, request, data; /* request, data: JSON; absent: {} */
    int64_t version, expires_at;
};
/* The bound of what is begun and never finished (SECURITY `slow`), of each environment: the first
 * two characters of the digests deal the rows into 4096 equal parts; one more in a part that is
 * full ends the oldest there. */
#define LOGIN_FLOW_PARTS    4096
#define LOGIN_FLOW_PART_MAX 16
/* Makes flow, and browser if absent; version 1, LOGIN_FLOW_SECONDS from now. */
void login_flow_prepare(struct ctx *cx, struct login_flow *f);
err login_flow_create(struct ctx *cx, const struct login_flow *f);
/* Of this environment, this browser, not expired. ERR_NOT_FOUND. */
err login_flow_find(struct ctx *cx, struct str environment_id, struct str flow, struct str browser,
                    struct login_flow *ret_flow);
/* From f->version to the next; ERR_CONFLICT: another request was faster, or it was posted twice. */
err login_flow_advance(struct ctx *cx, const struct login_flow *f, struct str step,
                       struct str data);
err login_flow_delete(struct ctx *cx, const struct login_flow *f); /* ERR_CONFLICT as above */
/* All that are under way in this browser begin anew, with nothing proven, at LOGIN_FLOW_BEGIN; or
 * in that of this session, unless it has ended before: what is over cannot end anything again. */
#define LOGIN_FLOW_BEGIN "user"
err login_flows_reset(struct ctx *cx, struct str browser);
err login_flows_reset_of(struct ctx *cx, struct str tenant_id, struct str sso_session_id);
err login_flows_find(struct ctx *cx, struct str browser, bool *ret_any);

/* ---- authorization_code.c ---- */

#define AUTHORIZATION_CODE_SECONDS 60
struct authorization_code {
    struct str code; /* the text, "TENANT.RANDOM": URL-safe characters (PROTOCOL 12.2) */
    struct str tenant_id, application_tenant_id, application_id, employee_id, sso_session_id;
    struct str redirect_uri, scope, nonce, code_challenge, session_id;
    struct str claims;      /* JSON: the claims parameter, acr, amr; absent: {} */
    int64_t sso_expires_at; /* as a session's */
    int64_t auth_at, used_at, expires_at;
};
/* Makes the code of tenant_id, and expires_at. */
void authorization_code_prepare(struct ctx *cx, struct authorization_code *c);
err authorization_code_create(struct ctx *cx, const struct authorization_code *c);
/* Used and expired ones too: whose code comes again is revoked what it became (session_id). */
err authorization_code_find(struct ctx *cx, struct str code, struct authorization_code *ret_code);
/* One UPDATE ... WHERE used_at IS NULL: ERR_INVALID_GRANT for all but the first, and when it has
 * expired. What it becomes is of the browser session that it names now: a later one than when it
 * was found, if the person signed in anew in between; session_create() of the same closure refuses
 * when that one has ended. */
err authorization_code_use(struct ctx *cx, const struct authorization_code *c,
                           struct str session_id, struct str *ret_sso_session_id);

#endif
