/* SPDX-License-Identifier: Apache-2.0 */
/* The table of grants, and who may use them (PROTOCOL 4). */
#include "oauth_internal.h"

static const struct grant grants[] = {
    {"password", GRANT_BACKEND | GRANT_CONFIDENTIAL, false, grant_password, NULL},
    {"client_credentials", GRANT_BACKEND, false, grant_client_credentials, NULL},
    {"authorization_code", GRANT_CONFIDENTIAL | GRANT_PUBLIC, false, grant_authorization_code,
     NULL},
    {"refresh_token", GRANT_BACKEND | GRANT_CONFIDENTIAL | GRANT_PUBLIC, true, grant_refresh_token,
     NULL},
    {"urn:ietf:params:oauth:grant-type:token-exchange", GRANT_CONFIDENTIAL | GRANT_PUBLIC, false,
     grant_token_exchange, "token-exchange"},
    {GRANT_DEVICE_CODE, GRANT_CONFIDENTIAL | GRANT_PUBLIC, false, grant_device_code, NULL},
};

const struct grant *grant_at(size_t i) {
    return i < COUNT_OF(grants) ? &grants[i] : NULL;
}

const struct grant *grant_find(struct str name) {
    for (size_t i = 0; i < COUNT_OF(grants); i++) {
        const struct grant *g = &grants[i];
        if (str_is(name, g->name) || (g->alias != NULL && str_is(name, g->alias))) {
            return g;
        }
    }
    return NULL;
}

static unsigned type_bit(struct str type) {
    if (str_is(type, "backend")) {
        return GRANT_BACKEND;
    }
    if (str_is(type, "confidential")) {
        return GRANT_CONFIDENTIAL;
    }
    return str_is(type, "public") ? GRANT_PUBLIC : 0;
}

bool grant_allows(const struct grant *grant, const struct application *a) {
    return (grant->types & type_bit(a->type)) != 0;
}

err grant_client_check(struct ctx *cx, const struct grant *grant, const struct client *client) {
    const struct application *a = &client->application;
    if (!grant_allows(grant, a)) {
        return fail_say(cx, ERR_UNAUTHORIZED_CLIENT,
                        "An application of type %.*s may not use grant_type %s.", STR_ARG(a->type),
                        grant->name);
    }
    /* The built-in application is a back end without a secret: it has endpoints of its own. */
    if (!client->authenticated && (grant->types & GRANT_PUBLIC) == 0) {
        return fail_say(cx, ERR_UNAUTHORIZED_CLIENT,
                        "An application that does not authenticate may not use grant_type %s.",
                        grant->name);
    }
    return OK;
}

err grant_refuse_tenant(struct ctx *cx, const struct application *a) {
    /* Seed 004, question 21: the words that integrators look for. */
    return fail_say(cx, ERR_CLIENT_NOT_AUTHORIZED,
                    "Client application '%.*s@%.*s' not authorized for user", STR_ARG(a->name),
                    STR_ARG(a->vendor));
}
