/* SPDX-License-Identifier: Apache-2.0 */
/* reset-second-factor USER: for the person who lost device and recovery codes. Whoever runs this
 * has made sure who is asking. */
#include "posternd.h"

#include <stdlib.h>

struct reset {
    struct str tenant_id, employee_id, actor;
    bool had;
};

static err reset_run(struct ctx *cx, void *state) {
    struct reset *r = state;
    TRY(second_factor_reset(cx, r->tenant_id, r->employee_id, &r->had));
    const struct audit audit = {.tenant_id = r->tenant_id,
                                .actor = r->actor,
                                .action = STR("second_factor.reset"),
                                .object = r->employee_id,
                                .remote = STR("local")};
    return audit_write(cx, &audit);
}

static err reset_do(struct invocation *in, struct reset *r) {
    struct ctx *cx = in->cx;
    struct store *store;
    const struct environment *e;
    TRY(store_open(cx, &in->config, &store));
    TRY(store_platform(cx, store));
    TRY(store_environment(cx, in->environment, &e));
    TRY(store_user(cx, e, in->arguments[0], &r->tenant_id, &r->employee_id));
    r->actor = store_operator(cx);
    return db_transaction(cx, reset_run, r);
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
