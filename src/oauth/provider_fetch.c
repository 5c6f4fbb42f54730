/* SPDX-License-Identifier: Apache-2.0 */
/* The calls to another provider, on the pool: its documents, kept for some minutes and fetched by
 * one request at a time; the exchange of a code; userinfo, when the id token lacks the claim. */
#include "net.h"
#include "oauth_internal.h"

#define WELL_KNOWN "/.well-known/openid-configuration"

static void give_up(struct provider_exchange *x, enum provider_outcome outcome, struct str reason) {
    x->outcome = outcome;
    x->reason = reason;
}

/* What the failure says, for the log. */
static void give_up_failure(struct ctx *cx, struct provider_exchange *x) {
    give_up(x, PROVIDER_BAD, str_copy(cx->arena, str_from(cx->failure.detail)));
}

/* ---- one call ---- */

static void call(struct ctx *cx, struct provider_exchange *x, struct fetch *fetch) {
    int64_t left = (x->deadline_us - clock_monotonic_us()) / 1000;
    fetch->allow_private = x->allow_private;
    fetch->max = JWKS_TEXT_MAX;
    fetch->ms = left < PROVIDER_CALL_MS ? left : PROVIDER_CALL_MS;
    if (left <= 0) {
        fetch->reason = STR("the provider took too long");
        return;
    }
    fetch_run(cx, fetch);
}

/* ---- documents ---- */

static struct fetched document_once(struct ctx *cx, struct provider_exchange *x, struct str url,
                                    int64_t seconds) {
    struct fetched outcome;
    struct str what = str_format(cx->arena, "login %.*s", STR_ARG(url));
    if (fetch_once_begin(cx, x->once, what, seconds, &outcome)) {
        struct fetch fetch = {.url = url};
        call(cx, x, &fetch);
        outcome = (struct fetched){.text = fetch.text, .reason = fetch.reason, .at = cx->now};
        fetch_once_end(cx, x->once, what, &outcome);
    }
    return outcome;
}

/* A good one is kept longer than a failure. */
static struct fetched document(struct ctx *cx, struct provider_exchange *x, struct str url) {
    struct fetched outcome = document_once(cx, x, url, PROVIDER_FRESH_SECONDS);
    if (outcome.text.p == NULL && cx->now - outcome.at >= PROVIDER_RETRY_SECONDS) {
        outcome = document_once(cx, x, url, PROVIDER_RETRY_SECONDS);
    }
    return outcome;
}

static bool discover(struct ctx *cx, struct provider_exchange *x) {
    struct str issuer = x->provider.issuer;
    /* Discovery 4.1: a '/' at its end goes. */
    struct str stem = str_ends(issuer, "/") ? str_sub(issuer, 0, issuer.n - 1) : issuer;
    struct str url = str_format(cx->arena, "%.*s" WELL_KNOWN, STR_ARG(stem));
    struct fetched outcome = document(cx, x, url);
    if (outcome.text.p == NULL) {
        give_up(x, PROVIDER_DOWN,
                str_format(cx->arena, "discovery: %.*s", STR_ARG(outcome.reason)));
        return false;
    }
    if (provider_metadata_parse(cx, outcome.text, issuer, x->allow_private, &x->metadata) != OK) {
        give_up_failure(cx, x);
        x->outcome = PROVIDER_DOWN;
        return false;
    }
    return true;
}

err provider_discover_run(struct ctx *cx, void *state) {
    struct provider_exchange *x = state;
    x->deadline_us = clock_monotonic_us() + PROVIDER_TOTAL_MS * INT64_C(1000);
    (void)discover(cx, x);
    return OK;
}

/* ---- the code ---- */

static struct str basic_of(struct ctx *cx, const struct provider_exchange *x) {
    struct arena *a = cx->arena;
    struct str secret = {(const char *)x->client_secret.p, x->client_secret.n};
    /* RFC 6749 2.3.1: both are form-encoded first. */
    struct str pair = str_format(a, "%.*s:%.*s", STR_ARG(percent_encode(a, x->provider.client_id)),
                                 STR_ARG(percent_encode(a, secret)));
    return str_format(a, "Basic %.*s", STR_ARG(base64(a, pair.p, pair.n)));
}

static struct str form_of(struct ctx *cx, const struct provider_exchange *x) {
    struct arena *a = cx->arena;
    struct buf b = buf_in(a, 512);
    bool basic = x->client_secret.p != NULL && !x->metadata.secret_post;
    buf_format(&b, "grant_type=authorization_code&code=%.*s&redirect_uri=%.*s&code_verifier=%.*s",
               STR_ARG(percent_encode(a, x->code)), STR_ARG(percent_encode(a, x->redirect_uri)),
               STR_ARG(x->code_verifier));
    if (!basic) {
        buf_format(&b, "&client_id=%.*s", STR_ARG(percent_encode(a, x->provider.client_id)));
    }
    if (x->client_secret.p != NULL && !basic) {
        struct str secret = {(const char *)x->client_secret.p, x->client_secret.n};
        buf_format(&b, "&client_secret=%.*s", STR_ARG(percent_encode(a, secret)));
    }
    return buf_view(&b);
}

/* RFC 6749 5.2: a short word, or nothing. */
static struct str error_of(struct ctx *cx, struct str refusal) {
    json_t *answer;
    struct str error = STR_NONE;
    bool plain = json_parse(cx, refusal, &answer) == OK && json_is_object(answer) &&
                 json_get_str(cx, answer, "error", &error) == OK && error.n <= 64;
    for (size_t i = 0; plain && i < error.n; i++) {
        plain = error.p[i] == '_' || (error.p[i] >= 'a' && error.p[i] <= 'z');
    }
    return plain && error.p != NULL ? error : STR("no error that can be read");
}

struct tokens {
    struct str id_token, access_token;
};

static bool tokens_get(struct ctx *cx, struct provider_exchange *x, struct tokens *ret) {
    bool basic = x->client_secret.p != NULL && !x->metadata.secret_post;
    struct fetch fetch = {.url = x->metadata.token_endpoint,
                          .form = form_of(cx, x),
                          .authorization = basic ? basic_of(cx, x) : STR_NONE};
    json_t *answer;
    call(cx, x, &fetch);
    if (fetch.text.p == NULL) {
        bool refused = fetch.status >= 400 && fetch.status < 500;
        struct str why = refused ? error_of(cx, fetch.refusal) : fetch.reason;
        give_up(x, refused ? PROVIDER_BAD : PROVIDER_DOWN,
                str_format(cx->arena, "token endpoint: %.*s", STR_ARG(why)));
        return false;
    }
    if (json_parse(cx, fetch.text, &answer) != OK ||
        json_get_str(cx, answer, "id_token", &ret->id_token) != OK ||
        json_get_str(cx, answer, "access_token", &ret->access_token) != OK ||
        str_empty(ret->id_token)) {
        give_up(x, PROVIDER_BAD, STR("token endpoint: there is no id token in the answer"));
        return false;
    }
    return true;
}

/* ---- the id token ---- */

static err checked_with(struct ctx *cx, struct provider_exchange *x, struct str text,
                        const struct tokens *tokens) {
    struct jwks keys;
    const struct provider_expected want = {
        .provider = &x->provider, .nonce = x->nonce, .access_token = tokens->access_token};
    if (text.p == NULL || jwks_parse(cx, text, &keys) != OK) {
        return fail(cx, ERR_NOT_FOUND, "jwks_uri serves no key set");
    }
    return provider_id_token_check(cx, tokens->id_token, &keys, &want, &x->identity);
}

static bool token_check(struct ctx *cx, struct provider_exchange *x, const struct tokens *tokens) {
    struct fetched keys = document(cx, x, x->metadata.jwks_uri);
    err e = checked_with(cx, x, keys.text, tokens);
    /* Core 10.1.1: the provider changed its keys. */
    if (e == ERR_NOT_FOUND && cx->now - keys.at >= PROVIDER_ROTATION_SECONDS) {
        keys = document_once(cx, x, x->metadata.jwks_uri, PROVIDER_ROTATION_SECONDS);
        e = checked_with(cx, x, keys.text, tokens);
    }
    if (e != OK) {
        give_up_failure(cx, x);
        x->outcome = keys.text.p == NULL ? PROVIDER_DOWN : PROVIDER_BAD;
    }
    return e == OK;
}

/* ---- userinfo ---- */

static bool claim_get(struct ctx *cx, struct provider_exchange *x, struct str access_token) {
    struct fetch fetch = {.url = x->metadata.userinfo_endpoint,
                          .authorization =
                              str_format(cx->arena, "Bearer %.*s", STR_ARG(access_token))};
    json_t *claims;
    struct str subject;
    call(cx, x, &fetch);
    if (fetch.text.p == NULL) {
        give_up(x, PROVIDER_DOWN, str_format(cx->arena, "userinfo: %.*s", STR_ARG(fetch.reason)));
        return false;
    }
    /* Core 5.3.2: or the claims would be another one's. */
    if (json_parse(cx, fetch.text, &claims) != OK || !json_is_object(claims) ||
        json_get_str(cx, claims, "sub", &subject) != OK || !str_eq(subject, x->identity.subject)) {
        give_up(x, PROVIDER_BAD, STR("userinfo: not of the subject of the id token"));
        return false;
    }
    x->identity.claim = provider_claim(claims, x->provider.claim);
    return true;
}

/* RFC 9207 2.4, RFC 9700 4.4: before the code goes anywhere. */
static bool issuer_ok(struct provider_exchange *x) {
    bool ok = x->iss.p != NULL ? str_eq(x->iss, x->metadata.issuer) : !x->metadata.names_issuer;
    if (!ok) {
        give_up(x, PROVIDER_BAD, STR("the answer is of another issuer, or of none"));
    }
    return ok;
}

err provider_exchange_run(struct ctx *cx, void *state) {
    struct provider_exchange *x = state;
    struct tokens tokens;
    x->deadline_us = clock_monotonic_us() + PROVIDER_TOTAL_MS * INT64_C(1000);
    if (!discover(cx, x) || !issuer_ok(x) || !tokens_get(cx, x, &tokens) ||
        !token_check(cx, x, &tokens)) {
        return OK;
    }
    bool ask = x->wants_claim && x->identity.claim.p == NULL &&
               x->metadata.userinfo_endpoint.p != NULL && !str_empty(tokens.access_token);
    if (ask) {
        (void)claim_get(cx, x, tokens.access_token);
    }
    return OK;
}
