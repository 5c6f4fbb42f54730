/* SPDX-License-Identifier: Apache-2.0 */
/* Who may be handed a link that sets a password. Whoever may not is told the one reason, and what
 * to do about it. */
#include "posternd.h"

/* What no link changes. NULL: it is a person whose account is open. */
static const char *obstacle(struct arena *a, const struct user *u) {
    const struct employee *e = &u->employee;
    if (!u->tenant.is_enabled) {
        return str_z(a, str_format(a,
                                   "cannot sign in: the tenant %.*s is disabled. Declare "
                                   "\"isEnabled\": true for it.",
                                   STR_ARG(u->tenant.tenant)));
    }
    if (!str_is(e->type, "user")) {
        return str_z(a, str_format(a,
                                   "is of type %.*s, which does not sign in: it uses access keys. "
                                   "Declare them with \"accessKeys\": [{}].",
                                   STR_ARG(e->type)));
    }
    if (!str_is(e->status, "ACTIVE") && !employee_is_invited(e->status)) {
        return str_z(a, str_format(a,
                                   "is %.*s. Whoever shall sign in again is declared with "
                                   "\"status\": \"ACTIVE\".",
                                   STR_ARG(e->status)));
    }
    return NULL;
}

/* The employee's, else the tenant's default, which it has from now on. */
static err authenticator_give(struct ctx *cx, const struct user *u, const char *name,
                              struct login_authenticator *ret) {
    const struct employee *e = &u->employee;
    err found = login_authenticator_of(cx, e->tenant_id, e->employee_id, ret);
    if (found != ERR_NOT_FOUND) {
        return found;
    }
    found = login_authenticator_default(cx, e->tenant_id, ret);
    if (found == ERR_NOT_FOUND) {
        return fail_say(cx, ERR_FORBIDDEN,
                        "%s has no login authenticator, and its tenant %.*s has none to give. "
                        "Declare one there: \"loginAuthenticators\": " LOGIN_AUTHENTICATORS_EXAMPLE,
                        name, STR_ARG(u->tenant.tenant));
    }
    TRY(found);
    return str_is(ret->kind, "system") ? login_authenticator_set(cx, e->tenant_id, e->employee_id,
                                                                 ret->login_authenticator_id)
                                       : OK;
}

err person_find(struct ctx *cx, const struct user_command *c, const char *name,
                struct password_owner *ret_owner) {
    struct user user = {0};
    struct login_authenticator authenticator = {.tenant_id = c->tenant_id};
    TRY(user_find(cx, c->tenant_id, c->employee_id, &user));
    const char *why = obstacle(cx->arena, &user);
    if (why != NULL) {
        return fail_say(cx, ERR_FORBIDDEN, "%s %s", name, why);
    }
    TRY(authenticator_give(cx, &user, name, &authenticator));
    if (!str_is(authenticator.kind, "system")) {
        return fail_say(cx, ERR_FORBIDDEN,
                        "%s signs in at another provider, by the login authenticator \"%.*s\": the "
                        "password is the provider's. For one of Postern's own, declare the name of "
                        "a login authenticator of kind system as \"loginAuthenticator\".",
                        name, STR_ARG(authenticator.name));
    }
    return password_owner_find(cx, c->tenant_id, c->employee_id, ret_owner);
}
