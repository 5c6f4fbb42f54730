/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: devices whose users sign in elsewhere (RFC 8628). */
#ifndef POSTERN_MODEL_DEVICE_CODE_H
#define POSTERN_MODEL_DEVICE_CODE_H

#include "session.h"

/* ---- user_code.c, device_code.c: device authorization (RFC 8628) ---- */

#define USER_CODE_LENGTH    9  /* "BCDF-GHJK": 34.5 bits */
#define USER_CODE_TYPED_MAX 64 /* bytes that a person may type for it */
struct str user_code_make(struct ctx *cx);
/* Case, hyphens and blanks are forgiven; false: no user code. */
bool user_code_parse(struct arena *a, struct str text, struct str *ret_user_code);

#define DEVICE_CODE_SECONDS  600
#define DEVICE_CODE_INTERVAL 5
struct device_code {
    struct str code; /* the text, "TENANT.RANDOM", of the application's tenant */
    struct str user_code;
    struct str tenant_id, environment_id, application_id, scope;
    struct str state;      /* pending, shown, allowed, denied */
    int64_t interval;      /* seconds between two polls */
    struct str session_id; /* what it became */
    /* Whose browser session it was shown to; absent: nobody's. */
    struct str user_tenant_id, employee_id, sso_session_id, amr;
    int64_t auth_at, used_at, expires_at;
};
/* Makes both codes for tenant_id. */
void device_code_prepare(struct ctx *cx, struct device_code *d);
err device_code_create(struct ctx *cx, const struct device_code *d);
/* Used and expired ones too. ERR_NOT_FOUND: unknown, or of another environment. */
err device_code_find(struct ctx *cx, struct str environment_id, struct str code,
                     struct device_code *ret_code);
/* A device asks while nobody has answered. Too soon: the interval is longer from now on. */
err device_code_poll(struct ctx *cx, const struct device_code *d, bool *ret_too_soon);
/* One of many at once: ERR_INVALID_GRANT for all but the first, and when it has expired. As
 * authorization_code_use(). */
err device_code_use(struct ctx *cx, const struct device_code *d, struct str session_id,
                    struct str *ret_sso_session_id);
/* The person of this browser session typed the code: it is shown to that session from now on.
 * ERR_NOT_FOUND: there is no such code; it counts, and the caller commits all the same.
 * ERR_RATE_LIMITED: too many were none. */
err device_code_show(struct ctx *cx, struct str environment_id, struct str user_code,
                     const struct sso_session *s);
/* The code as it was shown to this session, whatever came of it. ERR_NOT_FOUND. */
err device_code_shown(struct ctx *cx, struct str environment_id, struct str user_code,
                      const struct sso_session *s, struct device_code *ret_code);
/* The one step of an answer. ERR_NOT_FOUND: it was not shown to this session, was answered, or has
 * expired. */
err device_code_decide(struct ctx *cx, struct str environment_id, struct str user_code,
                       const struct sso_session *s, bool allow);

#endif
