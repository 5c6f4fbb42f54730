/* SPDX-License-Identifier: Apache-2.0 */
/* generate-key USER: what Support > Downloads > Generate Key does on the platform's pages, for the
 * operator of a new installation: a basic token, good once and for ten minutes, with which USER
 * makes the first access key (PROTOCOL 6). */
#include "posternd.h"

#include <stdlib.h>

/* PROTOCOL 6.1: the permission My Access Key or Access Key (create). */
static err user_may_generate(struct ctx *cx, const struct user *u, const char *name) {
    if (!user_is_alive(u)) {
        return fail_say(cx, ERR_FORBIDDEN,
                        "%s is %.*s, or its tenant is disabled: it gets no tokens.", name,
                        STR_ARG(u->employee.status));
    }
    struct str permissions;
    TRY(user_permissions(cx, u, &permissions));
    if (str_has_word(permissions, STR("my-access-key.create")) ||
        str_has_word(permissions, STR("access-key.create"))) {
        return OK;
    }
    return fail_say(cx, ERR_FORBIDDEN,
                    "%s may not create access keys. Give its role my-access-key.create or "
                    "access-key.create.",
                    name);
}

static err generation_run(struct ctx *cx, void *state) {
    const struct generated_key *key = state;
    TRY(generated_key_create(cx, key));
    return store_audit(cx, key->tenant_id, "generated_key.create", key->employee_id);
}

static err generate(struct invocation *in, struct user_command *c, struct str *ret_token) {
    struct ctx *cx = in->cx;
    struct user user = {0};
    struct generated_key key = {0};
    TRY(user_command_begin(in, c));
    TRY(user_find(cx, c->tenant_id, c->employee_id, &user));
    TRY(user_may_generate(cx, &user, in->arguments[0]));
    TRY(generated_key_issue(cx, c->environment, c->tenant_id, c->employee_id, &key, ret_token));
    return db_transaction(cx, generation_run, &key);
}

int cmd_generate_key(struct invocation *in) {
    struct user_command c = {.store = NULL};
    struct str token = STR_NONE;
    err e = generate(in, &c, &token);
    if (e != OK) {
        return command_failed(in, e);
    }
    secret_print(in, "token", token, GENERATED_KEY_SECONDS);
    if (!in->json) {
        (void)fprintf(
            stderr,
            "Good once, for %d minutes. Next: curl %.*s/public/user/refresh -H 'Content-Type: "
            "application/json' -d '{\"token\":\"...\"}'\n",
            GENERATED_KEY_SECONDS / 60, STR_ARG(c.environment->issuer));
    }
    return EXIT_SUCCESS;
}
