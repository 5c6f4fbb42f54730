/* SPDX-License-Identifier: Apache-2.0 */
/* invite USER: for somebody who has no password yet: the mail with a link that sets the first one,
 * and the link itself for the operator to hand over. */
#include "posternd.h"
#include "web.h"

#include <stdlib.h>

struct invite {
    struct user_command user;
    const char *name;
    struct invitation invitation;
};

static err invite_run(struct ctx *cx, void *state) {
    struct invite *i = state;
    struct password_owner *owner = NEW(cx->arena, struct password_owner);
    TRY(person_find(cx, &i->user, i->name, owner));
    if (owner->password_hash.p != NULL) {
        return fail_say(cx, ERR_FORBIDDEN,
                        "%s has a password already. For another one: posternd reset-password %s",
                        i->name, i->name);
    }
    i->invitation.who = &owner->who;
    TRY(invitation_write(cx, &i->invitation));
    return store_audit(cx, i->user.tenant_id, "employee.invite", i->user.employee_id);
}

static err invite_do(struct invocation *in, struct invite *i) {
    TRY(user_command_begin(in, &i->user));
    i->name = in->arguments[0];
    i->invitation.master = &i->user.store->master;
    i->invitation.issuer = i->user.environment->issuer;
    i->invitation.language = str_from(in->language != NULL ? in->language : "en");
    return db_transaction(in->cx, invite_run, i);
}

int cmd_invite(struct invocation *in) {
    struct invite i = {.name = NULL};
    err e = invite_do(in, &i);
    if (e != OK) {
        return command_failed(in, e);
    }
    secret_print(in, "url", i.invitation.url, INVITATION_SECONDS);
    if (!in->json) {
        (void)fprintf(stderr,
                      "Good once, for %d days; earlier links of %s are void. Hand it over: nothing "
                      "sends mails yet. With the setting mailbox the mail is shown at %.*s%s\n",
                      INVITATION_SECONDS / 86400, i.name, STR_ARG(i.invitation.issuer),
                      MAILBOX_PATH);
    }
    return EXIT_SUCCESS;
}
