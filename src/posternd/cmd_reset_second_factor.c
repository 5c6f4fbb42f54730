/* SPDX-License-Identifier: Apache-2.0 */
/* reset-second-factor USER: for the person who lost device and recovery codes. Whoever runs this
 * has made sure who is asking. */
#include "posternd.h"

#include <stdlib.h>

struct reset {
    struct user_command user;
    bool had;
};

static err reset_run(struct ctx *cx, void *state) {
    struct reset *r = state;
    TRY(second_factor_reset(cx, r->user.tenant_id, r->user.employee_id, &r->had));
    return store_audit(cx, r->user.tenant_id, "second_factor.reset", r->user.employee_id);
}

static err reset_do(struct invocation *in, struct reset *r) {
    TRY(user_command_begin(in, &r->user));
    return db_transaction(in->cx, reset_run, r);
}

int cmd_reset_second_factor(struct invocation *in) {
    struct reset r = {.had = false};
    err e = reset_do(in, &r);
    if (e != OK) {
        return command_failed(in, e);
    }
    if (in->json) {
        (void)printf("{\"reset\":%s}\n", r.had ? "true" : "false");
        return EXIT_SUCCESS;
    }
    (void)printf(r.had ? "%s has no second factor any more; its sign-ins have ended.\n"
                       : "%s had no second factor; its sign-ins have ended.\n",
                 in->arguments[0]);
    return EXIT_SUCCESS;
}
