/* SPDX-License-Identifier: Apache-2.0 */
/* client_secret_jwt and private_key_jwt (RFC 7523 2.2, OpenID Connect Core 9): a JWT that the
 * client made and signed, with its secret or its key. The keys of private_key_jwt are in the
 * application's row, or at its jwks_endpoint. */
#include "oauth_internal.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* A mistake in the assertion is the client's authentication that failed, whatever layer found it.
 */
static err assertion_wrong(struct ctx *cx, err e) {
    if (e != ERR_INVALID_TOKEN && e != ERR_INVALID_REQUEST) {
        return e;
    }
    struct str reason = str_copy(cx->arena, str_from(failure_text(cx)));
    struct str detail = str_copy(cx->arena, str_from(cx->failure.detail));
    return fail_say(cx, ERR_INVALID_CLIENT, "client_assertion is not usable: %.*s",
                    STR_ARG(detail.n > 0 ? detail : reason));
}

static err subject_read(struct ctx *cx, const struct jws *jws, struct str *ret_subject) {
    json_t *claims;
    TRY(json_parse(cx, jws->payload, &claims));
    return json_get_str(cx, claims, "sub", ret_subject);
}

err client_assertion_parse(struct ctx *cx, struct str assertion, struct str type,
                           const struct jws **ret_jws, struct str *ret_subject) {
    if (!str_is(type, ASSERTION_TYPE)) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "client_assertion_type must be " ASSERTION_TYPE ".");
    }
    struct jws *jws = NEW(cx->arena, struct jws);
    struct str subject;
    err e = jws_parse(cx, assertion, jws);
    if (e == OK) {
        e = subject_read(cx, jws, &subject);
    }
    if (e != OK) {
        return assertion_wrong(cx, e);
    }
    if (str_empty(subject)) {
        return fail_say(cx, ERR_INVALID_CLIENT, "client_assertion has no sub.");
    }
    *ret_jws = jws;
    *ret_subject = subject;
    return OK;
}

/* RFC 7523 3, with exactly one audience (the tightening against confused servers): the claims of a
 * verified assertion. */
static err claims_check(struct ctx *cx, const struct request *rq, const struct jws *jws,
                        struct client *client) {
    struct jwt jwt;
    err e = jwt_parse(cx, jws, JWT_LEEWAY_SECONDS, &jwt);
    if (e != OK) {
        return assertion_wrong(cx, e);
    }
    struct str id = client->application.application_id;
    if (!str_eq(jwt.iss, id) || !str_eq(jwt.sub, id)) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "client_assertion must have the client_id as iss and as sub.");
    }
    const struct environment *env = rq->environment;
    if (!jwt_audience_is(&jwt, env->issuer) && !jwt_audience_is(&jwt, env->token_endpoint)) {
        return fail_say(
            cx, ERR_INVALID_CLIENT,
            "client_assertion must have exactly one aud: the issuer or the token endpoint.");
    }
    if (jwt.exp > cx->now + ASSERTION_LIFETIME_MAX_SECONDS) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "client_assertion may expire at most %d seconds from now.",
                        ASSERTION_LIFETIME_MAX_SECONDS);
    }
    if (str_empty(jwt.jti) || jwt.jti.n > ASSERTION_JTI_MAX) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "client_assertion needs a jti of at most %d characters.",
                        ASSERTION_JTI_MAX);
    }
    client->assertion_jti = jwt.jti;
    client->assertion_expires_at = jwt.exp;
    return OK;
}

/* ---- client_secret_jwt ---- */

static err mac_matches(struct ctx *cx, const struct application *a, struct str sealed,
                       const struct jws *jws, bool *ret_matches) {
    if (sealed.p == NULL) {
        *ret_matches = false;
        return OK;
    }
    struct secret secret;
    TRY(application_secret_open(cx, a, sealed, &secret));
    *ret_matches = jws_verify_mac(jws, secret.p, secret.n);
    return OK;
}

err client_secret_jwt_check(struct ctx *cx, const struct request *rq,
                            const struct client_credentials *given, struct client *client,
                            struct reply *rp) {
    (void)rp;
    const struct application *a = &client->application;
    bool matches;
    TRY(mac_matches(cx, a, a->secret_sealed, given->assertion, &matches));
    if (!matches && a->old_secret_until > cx->now) {
        TRY(mac_matches(cx, a, a->old_secret_sealed, given->assertion, &matches));
    }
    if (!matches) {
        return fail(cx, ERR_INVALID_CLIENT, "client_assertion: wrong MAC");
    }
    return claims_check(cx, rq, given->assertion, client);
}

/* ---- private_key_jwt ---- */

static const struct jwk *key_in(struct ctx *cx, struct str jwks, const struct jws *jws) {
    struct jwks set;
    if (str_empty(jwks) || jwks_parse(cx, jwks, &set) != OK) {
        return NULL;
    }
    return jwks_find(&set, jws->kid, jws->alg);
}

static void verifier_release(void *verifier) {
    verifier_free(verifier);
}

static err signature_check(struct ctx *cx, const struct request *rq, const struct jwk *key,
                           const struct jws *jws, struct client *client) {
    /* RFC 8725 3.1: the key's own algorithm decides. */
    if (key->alg != jws->alg) {
        return fail_say(cx, ERR_INVALID_CLIENT, "client_assertion: alg is not that of the key.");
    }
    struct verifier *verifier = verifier_new(key->key);
    if (verifier == NULL) {
        return fail(cx, ERR_INVALID_CLIENT, "client_assertion: the key is not usable");
    }
    arena_defer(cx->arena, verifier_release, verifier);
    if (!jws_verify(jws, verifier, key->alg->kind)) {
        return fail(cx, ERR_INVALID_CLIENT, "client_assertion: wrong signature");
    }
    return claims_check(cx, rq, jws, client);
}

/* A fetch is remembered whatever came of it, or anybody could make the server fetch for ever: the
 * refusal then is an answer with a write behind it. */
static err fetched_store(struct ctx *cx, void *state) {
    const struct client *client = state;
    return client_commit(cx, client);
}

static void refuse_and_store(struct ctx *cx, const struct request *rq, const struct client *client,
                             err e, struct reply *rp) {
    struct client *kept = NEW(cx->arena, struct client);
    *kept = *client;
    kept->assertion_jti = STR_NONE; /* nothing was authenticated */
    error_reply(cx, rq, ERRORS_OAUTH, e, rp);
    rp->write.run = fetched_store;
    rp->write.state = kept;
}

static err fetched_check(struct ctx *cx, const struct request *rq, const struct jwks_fetch *fetch,
                         const struct jws *jws, struct client *client) {
    if (fetch->text.p == NULL) {
        return fail(cx, ERR_INVALID_CLIENT, "jwks_endpoint: %.*s", STR_ARG(fetch->reason));
    }
    struct jwks set;
    if (jwks_parse(cx, fetch->text, &set) != OK) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "The application's jwks_endpoint serves no key set.");
    }
    client->fetched_jwks = fetch->text;
    const struct jwk *key = jwks_find(&set, jws->kid, jws->alg);
    if (key == NULL) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "The application's jwks_endpoint has no key for this client_assertion.");
    }
    return signature_check(cx, rq, key, jws, client);
}

static err key_fetch(struct ctx *cx, const struct request *rq, const struct jws *jws,
                     struct client *client, struct reply *rp) {
    const struct application *a = &client->application;
    if (rq->job_state != NULL) {
        client->fetched = true;
        err e = fetched_check(cx, rq, rq->job_state, jws, client);
        if (e != OK) {
            refuse_and_store(cx, rq, client, e, rp);
        }
        return OK;
    }
    if (str_empty(a->jwks_endpoint) || cx->now - a->jwks_fetched_at < JWKS_FETCH_PAUSE_SECONDS) {
        return fail_say(cx, ERR_INVALID_CLIENT,
                        "No key of the application fits this client_assertion's kid and alg.");
    }
    struct jwks_fetch *fetch = NEW(cx->arena, struct jwks_fetch);
    fetch->url = a->jwks_endpoint;
    fetch->allow_private = platform_allow_private_fetch(cx);
    fetch->once = platform_fetch_once(cx);
    rp->job.run = jwks_fetch_run;
    rp->job.state = fetch;
    rp->job.lane = JOB_FETCH;
    return OK;
}

err private_key_jwt_check(struct ctx *cx, const struct request *rq,
                          const struct client_credentials *given, struct client *client,
                          struct reply *rp) {
    const struct jwk *key = key_in(cx, client->application.jwks, given->assertion);
    if (key != NULL) {
        return signature_check(cx, rq, key, given->assertion, client);
    }
    return key_fetch(cx, rq, given->assertion, client, rp);
}
