/* SPDX-License-Identifier: Apache-2.0 */
/* Who is the client? The table of authentication methods, and the walk from a request's credentials
 * to an application that proved to be what it says by the method it registered. */
#include "oauth_internal.h"

static bool presents_none(const struct client_credentials *given) {
    return !given->basic && !given->posted && given->assertion == NULL;
}

static bool presents_basic(const struct client_credentials *given) {
    return given->basic;
}

static bool presents_post(const struct client_credentials *given) {
    return given->posted;
}

static bool presents_secret_jwt(const struct client_credentials *given) {
    return given->assertion != NULL && given->assertion->alg->symmetric;
}

static bool presents_key_jwt(const struct client_credentials *given) {
    return given->assertion != NULL && !given->assertion->alg->symmetric;
}

/* A public application is identified, not authenticated. */
static err check_none(struct ctx *cx, const struct request *rq,
                      const struct client_credentials *given, struct client *client,
                      struct reply *rp) {
    (void)cx;
    (void)rq;
    (void)given;
    (void)rp;
    client->authenticated = false;
    return OK;
}

static const struct client_method methods[] = {
    {"client_secret_basic", presents_basic, client_secret_check},
    {"client_secret_post", presents_post, client_secret_check},
    {"client_secret_jwt", presents_secret_jwt, client_secret_jwt_check},
    {"private_key_jwt", presents_key_jwt, private_key_jwt_check},
    {"none", presents_none, check_none},
};

const struct client_method *client_method_at(size_t i) {
    return i < COUNT_OF(methods) ? &methods[i] : NULL;
}

static const struct client_method *method_find(struct str name) {
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (str_is(name, methods[i].name)) {
            return &methods[i];
        }
    }
    return NULL;
}

/* For the description: what the request used. */
static const char *method_presented(const struct client_credentials *given) {
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (methods[i].presented(given)) {
            return methods[i].name;
        }
    }
    return "none";
}

/* The same text sent twice, raw or percent-encoded in the header. Both come from the client;
 * compared as secrets all the same. */
static bool same_credential(struct str header, struct str decoded, struct str body) {
    return credential_equal(header, body) || (decoded.p != NULL && credential_equal(decoded, body));
}

struct posted { /* what the body brought */
    struct str client_id, client_secret, assertion, assertion_type;
};

static err posted_read(struct ctx *cx, const struct request *rq, struct posted *posted) {
    TRY(request_param(cx, rq, "client_id", &posted->client_id));
    TRY(request_param(cx, rq, "client_secret", &posted->client_secret));
    TRY(request_param(cx, rq, "client_assertion", &posted->assertion));
    TRY(request_param(cx, rq, "client_assertion_type", &posted->assertion_type));
    /* RFC 6749 3.2: a parameter without a value counts as omitted. */
    posted->client_id = str_empty(posted->client_id) ? STR_NONE : posted->client_id;
    posted->client_secret = str_empty(posted->client_secret) ? STR_NONE : posted->client_secret;
    posted->assertion = str_empty(posted->assertion) ? STR_NONE : posted->assertion;
    return OK;
}

/* RFC 6749 2.3.1: id and secret are form-encoded within the header; most programs send them raw
 * (PROTOCOL 12.3). */
static struct str decoded_if_different(struct arena *a, struct str raw) {
    struct str decoded;
    if (!percent_decode(a, raw, true, &decoded) || str_eq(decoded, raw)) {
        return STR_NONE;
    }
    return decoded;
}

static err basic_read(struct ctx *cx, const struct request *rq, const struct posted *posted,
                      struct client_credentials *given, struct str *ret_id_decoded) {
    struct str id, secret;
    TRY(request_basic(cx, rq, &given->basic, &id, &secret));
    if (!given->basic) {
        return OK;
    }
    struct str id_decoded = decoded_if_different(cx->arena, id);
    struct str secret_decoded = decoded_if_different(cx->arena, secret);
    /* RFC 6749 2.3: one method in a request; PROTOCOL 12.3: the same credentials twice are one. */
    if (posted->client_id.p != NULL && !same_credential(id, id_decoded, posted->client_id)) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "The Authorization header and client_id name different applications.");
    }
    if (posted->client_secret.p != NULL &&
        !same_credential(secret, secret_decoded, posted->client_secret)) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "The Authorization header and the body have different client secrets.");
    }
    given->client_id = id;
    given->client_secret = secret;
    given->client_secret_decoded = secret_decoded;
    *ret_id_decoded = id_decoded;
    return OK;
}

static err assertion_read(struct ctx *cx, const struct posted *posted,
                          struct client_credentials *given) {
    if (posted->assertion.p == NULL) {
        return OK;
    }
    if (given->basic || given->posted) {
        /* RFC 6749 2.3: MUST NOT use more than one authentication method in each request. */
        return fail_say(
            cx, ERR_INVALID_CLIENT,
            "The request authenticates twice: with a secret and with client_assertion.");
    }
    struct str subject;
    TRY(client_assertion_parse(cx, posted->assertion, posted->assertion_type, &given->assertion,
                               &subject));
    /* RFC 7521 4.2: client_id is optional, and if present it must identify the same client. */
    if (given->client_id.p != NULL && !str_eq(given->client_id, subject)) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "client_id and the subject of client_assertion differ.");
    }
    given->client_id = subject;
    return OK;
}

static err credentials_read(struct ctx *cx, const struct request *rq,
                            struct client_credentials *given, struct str *ret_id_decoded) {
    struct posted posted = {0};
    TRY(posted_read(cx, rq, &posted));
    given->client_id = posted.client_id;
    given->client_secret = posted.client_secret;
    given->posted = posted.client_secret.p != NULL;
    TRY(basic_read(cx, rq, &posted, given, ret_id_decoded));
    return assertion_read(cx, &posted, given);
}

/* The application under the id as sent, or else as decoded. */
static err application_of(struct ctx *cx, const struct request *rq, struct str id,
                          struct str id_decoded, struct application *ret) {
    err e = ERR_NOT_FOUND;
    if (str_is_text(id)) {
        e = client_find(cx, rq->environment->id, id, ret);
    }
    if (e == ERR_NOT_FOUND && id_decoded.p != NULL) {
        e = client_find(cx, rq->environment->id, id_decoded, ret);
    }
    if (e == ERR_NOT_FOUND) {
        return ends_with_space(id)
                   ? fail_say(cx, ERR_INVALID_CLIENT,
                              "Client authentication failed. The client_id ends with a space.")
                   : fail(cx, ERR_INVALID_CLIENT, "unknown client id");
    }
    return e;
}

err client_check_alive(struct ctx *cx, const struct application *a) {
    if (!a->is_enabled) {
        return fail_say(cx, ERR_INVALID_CLIENT, "This application is disabled.");
    }
    if (!a->tenant_enabled) {
        return fail(cx, ERR_INVALID_CLIENT, "the tenant that owns the application is disabled");
    }
    if (a->deletion_at != 0 && a->deletion_at <= cx->now) {
        return fail(cx, ERR_INVALID_CLIENT, "the application is deleted");
    }
    return OK;
}

static err method_apply(struct ctx *cx, const struct request *rq,
                        const struct client_credentials *given, struct client *client,
                        struct reply *rp) {
    struct str registered = client->application.auth_method;
    const struct client_method *method = method_find(registered);
    if (method == NULL) {
        return fail(cx, ERR_INTERNAL, "unknown auth method '%.*s' in a row", STR_ARG(registered));
    }
    if (!method->presented(given)) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "This application is registered for %s; the request used %s.", method->name,
                        method_presented(given));
    }
    client->method = method->name;
    client->authenticated = true;
    return method->check(cx, rq, given, client, rp);
}

err client_authenticate(struct ctx *cx, const struct request *rq, struct reply *rp,
                        struct client *ret_client, enum client_outcome *ret_outcome) {
    struct client_credentials given = {0};
    struct str id_decoded = STR_NONE;
    TRY(credentials_read(cx, rq, &given, &id_decoded));
    if (str_empty(given.client_id)) {
        if (given.posted || given.basic) {
            return fail_say(cx, ERR_INVALID_CLIENT, "A client secret came without a client_id.");
        }
        *ret_outcome = CLIENT_NONE;
        return OK;
    }
    struct client client = {0};
    TRY(application_of(cx, rq, given.client_id, id_decoded, &client.application));
    rp->client_id = client.application.application_id;
    TRY(method_apply(cx, rq, &given, &client, rp));
    if (rp->job.run != NULL || rp->write.run != NULL) {
        *ret_outcome = CLIENT_ANSWERED;
        return OK;
    }
    TRY(client_check_alive(cx, &client.application));
    *ret_client = client;
    *ret_outcome = CLIENT_FOUND;
    return OK;
}

bool client_has_effects(const struct client *client) {
    return client->assertion_jti.p != NULL || client->fetched;
}

err client_commit(struct ctx *cx, const struct client *client) {
    if (client->fetched) {
        TRY(application_jwks_store(cx, &client->application, client->fetched_jwks));
    }
    if (client->assertion_jti.p != NULL) {
        /* RFC 7523 3: the same jti is not accepted twice while it could still be valid. */
        TRY(assertion_use(cx, &client->application, client->assertion_jti,
                          client->assertion_expires_at));
    }
    return OK;
}

static err commit_alone(struct ctx *cx, void *state) {
    const struct client *client = state;
    return client_commit(cx, client);
}

void client_commit_alone(struct ctx *cx, const struct client *client, struct reply *rp) {
    if (client_has_effects(client)) {
        struct client *kept = NEW(cx->arena, struct client);
        *kept = *client;
        rp->write.run = commit_alone;
        rp->write.state = kept;
    }
}

err client_platform(struct ctx *cx, const struct request *rq, struct client *ret_client) {
    struct client client = {.method = "none"};
    err e = client_find(cx, rq->environment->id, rq->environment->platform_client_id,
                        &client.application);
    if (e == ERR_NOT_FOUND) {
        return fail(cx, ERR_INTERNAL, "the environment has no built-in application");
    }
    TRY(e);
    TRY(client_check_alive(cx, &client.application));
    *ret_client = client;
    return OK;
}
