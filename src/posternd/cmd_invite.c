/* SPDX-License-Identifier: Apache-2.0 */
/* invite USER: for somebody who has no password yet: the mail with a link that sets the first one,
 * and the link itself for the operator to hand over. */
#include "posternd.h"
#include "web.h"

#include <stdlib.h>

static err who_find(struct ctx *cx, const struct user_command *c, const char *name,
                    struct password_owner *ret_owner) {
    err found = password_owner_find(cx, c->tenant_id, c->employee_id, ret_owner);
    if (found == ERR_NOT_FOUND) {
        return fail_say(cx, ERR_FORBIDDEN,
                        "%s does not sign in with a password: the employee is blocked, deleted, or "
                        "of type api, its tenant is disabled, or it has no login authenticator of "
                        "kind system.",
                        name);
    }
    TRY(found);
    if (ret_owner->password_hash.p != NULL) {
        return fail_say(cx, ERR_FORBIDDEN,
                        "%s has a password already. Who forgot it says so on the sign-in page.",
                        name);
    }
    return OK;
}

static err invitation_run(struct ctx *cx, void *state) {
    struct invitation *i = state;
    TRY(invitation_write(cx, i));
    return store_audit(cx, i->who->tenant_id, "employee.invite", i->who->employee_id);
}

static err invite(struct invocation *in, struct invitation *ret) {
    struct ctx *cx = in->cx;
    struct user_command c = {.store = NULL};
    struct password_owner *owner = NEW(cx->arena, struct password_owner);
    TRY(user_command_begin(in, &c));
    TRY(who_find(cx, &c, in->arguments[0], owner));
    *ret = (struct invitation){.master = &c.store->master,
                               .issuer = c.environment->issuer,
                               .language = str_from(in->language != NULL ? in->language : "en"),
                               .who = &owner->who};
    return db_transaction(cx, invitation_run, ret);
}

int cmd_invite(struct invocation *in) {
    struct invitation i = {.master = NULL};
    err e = invite(in, &i);
    if (e != OK) {
        return command_failed(in, e);
    }
    secret_print(in, "url", i.url, INVITATION_SECONDS);
    if (!in->json) {
        (void)fprintf(stderr,
                      "Good once, for %d days; earlier links of %s are void. Hand it over: nothing "
                      "sends mails yet. With the setting mailbox the mail is shown at %.*s%s\n",
                      INVITATION_SECONDS / 86400, in->arguments[0], STR_ARG(i.issuer),
                      MAILBOX_PATH);
    }
    return EXIT_SUCCESS;
}
