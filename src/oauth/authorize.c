/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between an authorization request and its answer (OpenID Connect Core 3.1.2.3). */
#include "oauth_internal.h"

bool authorize_is_for(const struct authorize *r, struct str tenant_id, struct str employee_id) {
    return str_empty(r->hint_employee_id) ||
           (str_eq(r->hint_employee_id, employee_id) &&
            (str_empty(r->hint_tenant_id) || str_eq(r->hint_tenant_id, tenant_id)));
}

/* Core 3.1.2.1: max_age against the time of the sign-in; 0 is never young enough. */
static bool too_old(const struct ctx *cx, const struct authorize *r,
                    const struct sso_session *sso) {
    return r->max_age == 0 || (r->max_age > 0 && cx->now - sso->auth_at > r->max_age);
}

bool authorize_is_stale(const struct ctx *cx, const struct authorize *r,
                        const struct sso_session *sso, int64_t begun) {
    return sso->auth_at < begun && too_old(cx, r, sso);
}

/* PROTOCOL 5: another user than id_token_hint's is as good as nobody. */
static bool must_login(const struct ctx *cx, const struct authorize *r,
                       const struct sso_session *sso) {
    return sso == NULL || (r->prompt & PROMPT_LOGIN) != 0 ||
           !authorize_is_for(r, sso->tenant_id, sso->employee_id) || too_old(cx, r, sso) ||
           (r->two_factors && !amr_has_two(sso->amr));
}

err authorize_decide(struct ctx *cx, const struct authorize *r, const struct sso_session *sso,
                     enum authorize_step *ret_step) {
    if (must_login(cx, r, sso)) {
        if (r->prompt == PROMPT_NONE) {
            return fail(cx, ERR_LOGIN_REQUIRED, "prompt=none, and nobody fit is signed in");
        }
        *ret_step = AUTHORIZE_LOGIN;
    } else if ((r->prompt & PROMPT_SELECT_ACCOUNT) != 0) {
        *ret_step = AUTHORIZE_SELECT;
    } else if ((r->prompt & PROMPT_CONSENT) != 0 || r->consent_due) {
        if (r->prompt == PROMPT_NONE) {
            return fail(cx, ERR_CONSENT_REQUIRED, "prompt=none, and the user would be asked");
        }
        *ret_step = AUTHORIZE_CONSENT;
    } else {
        *ret_step = AUTHORIZE_RESPOND;
    }
    return OK;
}
