/* SPDX-License-Identifier: Apache-2.0 */
/* generate-key USER: what Support > Downloads > Generate Key does on the platform's pages, for the
 * operator of a new installation: a basic token, good once and for ten minutes, with which USER
 * makes the first access key (PROTOCOL 6). */
#include "posternd.h"

#include <stdlib.h>

static err user_lookup(struct ctx *cx, const struct environment *e, const char *name,
                       struct user *ret_user) {
    struct str tenant_id, employee_id;
    TRY(store_user(cx, e, name, &tenant_id, &employee_id));
    return user_find(cx, tenant_id, employee_id, ret_user);
}

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

struct generation {
    const struct generated_key *key;
    struct str actor;
};

static err generation_run(struct ctx *cx, void *state) {
    const struct generation *g = state;
    TRY(generated_key_create(cx, g->key));
    const struct audit audit = {.tenant_id = g->key->tenant_id,
                                .actor = g->actor,
                                .action = STR("generated_key.create"),
                                .object = g->key->employee_id,
                                .remote = STR("local")};
    return audit_write(cx, &audit);
}

static err generate(struct invocation *in, const struct environment **ret_environment,
                    struct str *ret_token) {
    struct ctx *cx = in->cx;
    struct store *store;
    TRY(store_open(cx, &in->config, &store));
    TRY(store_platform(cx, store));
    const struct environment *e;
    TRY(store_environment(cx, in->environment, &e));
    struct user user = {0};
    TRY(user_lookup(cx, e, in->arguments[0], &user));
    TRY(user_may_generate(cx, &user, in->arguments[0]));
    struct generated_key key = {0};
    TRY(generated_key_issue(cx, e, user.tenant.tenant_id, user.employee.employee_id, &key,
                            ret_token));
    struct generation g = {.key = &key, .actor = store_operator(cx)};
    TRY(db_transaction(cx, generation_run, &g));
    *ret_environment = e;
    return OK;
}

int cmd_generate_key(struct invocation *in) {
    const struct environment *environment = NULL;
    struct str token = STR_NONE;
    err e = generate(in, &environment, &token);
    if (e != OK) {
        return command_failed(in, e);
    }
    if (in->json) {
        struct buf b = buf_in(in->cx->arena, token.n + 64);
        struct json_out j = json_to(&b);
        json_open_object(&j, NULL);
        json_put_str(&j, "token", token);
        json_put_int(&j, "expiresIn", GENERATED_KEY_SECONDS);
        json_close_object(&j);
        (void)printf("%.*s\n", STR_ARG(buf_view(&b)));
        return EXIT_SUCCESS;
    }
    (void)printf("%.*s\n", STR_ARG(token));
    (void)fprintf(
        stderr,
        "Good once, for %d minutes. Next: curl %.*s/public/user/refresh -H 'Content-Type: "
        "application/json' -d '{\"token\":\"...\"}'\n",
        GENERATED_KEY_SECONDS / 60, STR_ARG(environment->issuer));
    return EXIT_SUCCESS;
}
