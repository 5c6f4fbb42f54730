/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: what a person sees and ends of its own. */
#ifndef POSTERN_MODEL_ACCOUNT_H
#define POSTERN_MODEL_ACCOUNT_H

#include "session.h"

#define ACCOUNT_LIST_MAX 100
struct account_browser {
    struct str sso_session_id, user_agent; /* absent: it said nothing */
    int64_t created_at, last_used_at, expires_at, idle_seconds;
};
struct account_session {
    struct str session_id, sso_session_id, name, vendor; /* of the application */
    int64_t created_at, expires_at;
};
/* Those that are alive, the newest first, not more than ACCOUNT_LIST_MAX. Sessions are those of
 * applications that began in a browser; the browser's may have ended by itself. */
err account_browsers(struct ctx *cx, struct str tenant_id, struct str employee_id,
                     struct account_browser **ret_list, size_t *ret_n);
err account_sessions(struct ctx *cx, struct str tenant_id, struct str employee_id,
                     struct account_session **ret_list, size_t *ret_n);
/* With what it issued. `ret_ended` false: not this employee's, or ended before. */
err account_end_browser(struct ctx *cx, struct str tenant_id, struct str employee_id,
                        struct str sso_session_id, bool *ret_ended);
err account_end_session(struct ctx *cx, struct str tenant_id, struct str employee_id,
                        struct str session_id, bool *ret_ended);
/* All but this browser session of its employee, and what they issued. */
err account_end_others(struct ctx *cx, const struct sso_session *kept);

struct consent {
    struct str tenant_id, employee_id, application_id, application_tenant_id;
    struct str scope;        /* words */
    struct str name, vendor; /* of the application; consent_list() alone */
    int64_t updated_at;
};
/* Who was asked once is asked again when there is more than was allowed then, and when it was taken
 * back. Who was never asked is not: that users of the tenant may use the application is its
 * administrators' decision. */
err consent_due(struct ctx *cx, const struct consent *c, bool *ret_due);
err consent_scope(struct ctx *cx, const struct consent *c,
                  struct str *ret_scope); /* absent: none */
/* In a closure: nothing is due, and stays so until the closure ends. ERR_CONFLICT. */
err consent_hold(struct ctx *cx, const struct consent *c);
/* Adds to what was allowed before. */
err consent_allow(struct ctx *cx, const struct consent *c);
/* And ends what the application has of this employee: sessions and codes. */
err consent_withdraw(struct ctx *cx, const struct consent *c, bool *ret_withdrawn);
err consent_list(struct ctx *cx, struct str tenant_id, struct str employee_id,
                 struct consent **ret_list, size_t *ret_n);

#endif
