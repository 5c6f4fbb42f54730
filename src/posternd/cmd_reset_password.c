/* SPDX-License-Identifier: Apache-2.0 */
/* reset-password USER: for somebody who forgot the password or is locked out, where no mail comes:
 * the link that the mail would have. Whoever runs this has made sure who is asking. */
#include "posternd.h"
#include "web.h"

#include <stdlib.h>

struct reset {
    struct user_command user;
    const char *name;
    struct str url;
};

static err has_a_password(struct ctx *cx, const struct password_owner *owner, const char *name) {
    const struct employee *e = &owner->who;
    if (owner->password_hash.p == NULL) {
        return fail_say(cx, ERR_FORBIDDEN,
                        "%s has no password yet. For the first one: posternd invite %s", name,
                        name);
    }
    if (!str_is(e->status, "ACTIVE")) { /* password_link_find() knows no such link */
        return fail_say(cx, ERR_FORBIDDEN, "%s is %.*s. Declare \"status\": \"ACTIVE\" first.",
                        name, STR_ARG(e->status));
    }
    return OK;
}

static err reset_run(struct ctx *cx, void *state) {
    struct reset *r = state;
    struct password_owner *owner = NEW(cx->arena, struct password_owner);
    struct password_link link = {.tenant_id = r->user.tenant_id,
                                 .employee_id = r->user.employee_id,
                                 .kind = STR(LINK_RESET)};
    TRY(person_find(cx, &r->user, r->name, owner));
    TRY(has_a_password(cx, owner, r->name));
    password_link_prepare(cx, &link);
    TRY(password_link_create(cx, &link));
    r->url = password_link_url(cx->arena, r->user.environment->issuer, link.link);
    return store_audit(cx, link.tenant_id, "employee.reset_password", link.employee_id);
}

static err reset_do(struct invocation *in, struct reset *r) {
    TRY(user_command_begin(in, &r->user));
    r->name = in->arguments[0];
    return db_transaction(in->cx, reset_run, r);
}

int cmd_reset_password(struct invocation *in) {
    struct reset r = {.name = NULL};
    err e = reset_do(in, &r);
    if (e != OK) {
        return command_failed(in, e);
    }
    secret_print(in, "url", r.url, PASSWORD_RESET_SECONDS);
    if (!in->json) {
        (void)fprintf(stderr,
                      "Good once, for %d minutes; earlier links of %s are void. Hand it to %s and "
                      "to nobody else. The present password works until the link is used; that "
                      "takes a lock away too, and leaves a second factor.\n",
                      PASSWORD_RESET_SECONDS / 60, r.name, r.name);
    }
    return EXIT_SUCCESS;
}
