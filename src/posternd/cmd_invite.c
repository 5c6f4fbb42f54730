/* SPDX-License-Identifier: Apache-2.0 */
/* invite USER: for somebody who has no password yet: the mail with a link that sets the first one,
 * and the link itself for the operator to hand over. */
#include "posternd.h"
#include "web.h"

#include <stdlib.h>

static err who_find(struct ctx *cx, const struct environment *e, const char *name,
                    struct password_owner *ret_owner) {
    struct str tenant_id, employee_id;
    err found = user_name_find(cx, e->id, str_from(name), &tenant_id, &employee_id);
    if (found == ERR_NOT_FOUND) {
        return fail_say(cx, ERR_NOT_FOUND,
                        "Environment %.*s has no user named '%s'. Write the user name, e.g. "
                        "kim@example.com; --environment says where.",
                        STR_ARG(e->name), name);
    }
    TRY(found);
    found = password_owner_find(cx, tenant_id, employee_id, ret_owner);
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

struct writing {
    struct invitation invitation;
    struct str actor;
};

static err writing_run(struct ctx *cx, void *state) {
    struct writing *w = state;
    TRY(invitation_write(cx, &w->invitation));
    const struct employee *who = w->invitation.who;
    const struct audit audit = {.tenant_id = who->tenant_id,
                                .actor = w->actor,
                                .action = STR("employee.invite"),
                                .object = who->employee_id,
                                .remote = STR("local")};
    return audit_write(cx, &audit);
}

static err invite(struct invocation *in, struct str *ret_url) {
    struct ctx *cx = in->cx;
    struct store *store;
    const struct environment *e;
    struct password_owner owner;
    TRY(store_open(cx, &in->config, &store));
    TRY(store_platform(cx, store));
    TRY(store_environment(cx, in->environment, &e));
    TRY(who_find(cx, e, in->arguments[0], &owner));
    struct writing w = {
        .actor = store_operator(cx),
        .invitation = {.master = &store->master,
                       .issuer = e->issuer,
                       .language = str_from(in->language != NULL ? in->language : "en"),
                       .who = &owner.who}};
    TRY(db_transaction(cx, writing_run, &w));
    *ret_url = w.invitation.url;
    return OK;
}

int cmd_invite(struct invocation *in) {
    struct str url = STR_NONE;
    err e = invite(in, &url);
    if (e != OK) {
        return command_failed(in, e);
    }
    if (in->json) {
        struct buf b = buf_in(in->cx->arena, url.n + 64);
        struct json_out j = json_to(&b);
        json_open_object(&j, NULL);
        json_put_str(&j, "url", url);
        json_put_int(&j, "expiresIn", INVITATION_SECONDS);
        json_close_object(&j);
        (void)printf("%.*s\n", STR_ARG(buf_view(&b)));
        return EXIT_SUCCESS;
    }
    (void)printf("%.*s\n", STR_ARG(url));
    (void)fprintf(stderr, "Good once, for %d days; earlier links of %s are void.\n",
                  INVITATION_SECONDS / 86400, in->arguments[0]);
    return EXIT_SUCCESS;
}
