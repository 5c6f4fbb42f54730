/* SPDX-License-Identifier: Apache-2.0 */
/* GET /auth/account/second-factor: from the account's page into a sign-in whose last step is the
 * second factor. A session is not enough: whoever found it open would make it theirs. */
#include "web_internal.h"

err second_factor_page(struct ctx *cx, const struct request *rq, struct reply *rp) {
    struct sso_session sso;
    struct user user;
    bool found;
    struct flow_errand errand = {.return_path = STR(ACCOUNT_PATH), .step = STEP_FACTOR};
    TRY(browser_session(cx, rq, &sso, &found));
    if (found) {
        TRY(user_find(cx, sso.tenant_id, sso.employee_id, &user));
        errand.user_name = user.employee.user_name;
    }
    return flow_begin_errand(cx, rq, &errand, rp);
}
