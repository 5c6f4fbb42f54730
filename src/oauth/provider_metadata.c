/* SPDX-License-Identifier: Apache-2.0 */
/* Another provider's discovery document, and the authorization request that follows from it. */
#include "net.h"
#include "oauth_internal.h"

/* Printable, without fragment or user information, https; http where the operator allows it. */
static bool address_ok(struct str url, bool allow_private) {
    bool web = str_starts(url, "https://") || (allow_private && str_starts(url, "http://"));
    for (size_t i = 0; i < url.n; i++) {
        char c = url.p[i];
        if (c <= ' ' || c > '~' || str_find_char(STR("#\"<>\\^`{|}"), c) < 10) {
            return false;
        }
    }
    return web && url.n <= FETCH_URL_MAX;
}

struct endpoint {
    const char *name;
    struct str *to;
    bool optional;
};

static err endpoints_read(struct ctx *cx, const json_t *document, bool allow_private,
                          const struct endpoint *endpoints, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct endpoint *e = &endpoints[i];
        TRY(json_get_str(cx, document, e->name, e->to));
        if (e->optional && e->to->p == NULL) {
            continue;
        }
        if (!address_ok(*e->to, allow_private)) {
            return fail(cx, ERR_INVALID_REQUEST, "%s of the discovery document is not usable",
                        e->name);
        }
    }
    return OK;
}

/* Discovery 3: client_secret_basic unless it says otherwise. */
static bool only_post(const json_t *methods) {
    bool basic = !json_is_array(methods), post = false;
    size_t i;
    const json_t *item;
    json_array_foreach(methods, i, item) {
        struct str name = {json_string_value(item), json_string_length(item)};
        basic = basic || str_is(name, "client_secret_basic");
        post = post || str_is(name, "client_secret_post");
    }
    return post && !basic;
}

err provider_metadata_parse(struct ctx *cx, struct str text, struct str issuer, bool allow_private,
                            struct provider_metadata *ret) {
    struct provider_metadata m = {.issuer = STR_NONE};
    json_t *document;
    TRY(json_parse(cx, text, &document));
    if (!json_is_object(document)) {
        return fail(cx, ERR_INVALID_REQUEST, "the discovery document is not an object");
    }
    TRY(json_get_str(cx, document, "issuer", &m.issuer));
    /* Discovery 4.3: or one provider could speak for another. */
    if (!str_eq(m.issuer, issuer)) {
        return fail(cx, ERR_INVALID_REQUEST, "the discovery document is of another issuer");
    }
    const struct endpoint endpoints[] = {
        {"authorization_endpoint", &m.authorization_endpoint, false},
        {"token_endpoint", &m.token_endpoint, false},
        {"jwks_uri", &m.jwks_uri, false},
        {"userinfo_endpoint", &m.userinfo_endpoint, true},
    };
    TRY(endpoints_read(cx, document, allow_private, endpoints, COUNT_OF(endpoints)));
    TRY(json_get_bool(cx, document, "authorization_response_iss_parameter_supported", false,
                      &m.names_issuer));
    m.secret_post = only_post(json_object_get(document, "token_endpoint_auth_methods_supported"));
    *ret = m;
    return OK;
}

/* ---- the request ---- */

static void parameter(struct buf *b, struct arena *a, const char *name, struct str value) {
    if (!str_empty(value)) {
        buf_format(b, "&%s=%.*s", name, STR_ARG(percent_encode(a, value)));
    }
}

struct str provider_authorize_base(struct ctx *cx, const struct provider_ask *ask) {
    struct arena *a = cx->arena;
    struct buf b = buf_in(a, 512);
    struct str endpoint = ask->authorization_endpoint;
    buf_str(&b, endpoint);
    buf_char(&b, str_find_char(endpoint, '?') < endpoint.n ? '&' : '?');
    buf_z(&b, "response_type=code");
    parameter(&b, a, "client_id", ask->provider->client_id);
    parameter(&b, a, "redirect_uri", ask->redirect_uri);
    parameter(&b, a, "scope", ask->provider->scope);
    parameter(&b, a, "login_hint", ask->login_hint);
    parameter(&b, a, "ui_locales", ask->ui_locales);
    parameter(&b, a, "prompt", ask->login ? STR("login") : STR_NONE);
    if (ask->max_age >= 0) {
        buf_format(&b, "&max_age=%lld", (long long)ask->max_age);
    }
    return buf_view(&b);
}

struct str provider_authorize_url(struct ctx *cx, struct str base, struct str state) {
    struct arena *a = cx->arena;
    struct provider_checks checks = provider_checks_of(cx, state);
    struct buf b = buf_in(a, base.n + 512);
    buf_str(&b, base);
    parameter(&b, a, "state", state);
    parameter(&b, a, "nonce", checks.nonce);
    /* RFC 7636 4.2 */
    parameter(&b, a, "code_challenge", sha256_text(a, checks.code_verifier));
    buf_z(&b, "&code_challenge_method=S256");
    return buf_view(&b);
}
