/* SPDX-License-Identifier: Apache-2.0 */
/* A token of ours read back: who signed it, for what, until when (SECURITY `jwt`, `audience`). */
#include "oauth_internal.h"

static err signature_check(struct ctx *cx, const struct environment *e, const struct jws *jws) {
    if (jws->alg->symmetric) {
        /* One algorithm for our own MACs, never the one that the header would like. */
        if (jws->alg != alg_find(STR("HS256")) ||
            !jws_verify_mac(jws, e->keys->refresh_key.p, e->keys->refresh_key.n)) {
            return fail(cx, ERR_INVALID_TOKEN, "wrong MAC");
        }
        return OK;
    }
    const struct signing_key *key = keyring_find(e->keys, jws->kid);
    if (key == NULL) {
        return fail(cx, ERR_INVALID_TOKEN, "no key of this environment has this kid");
    }
    /* RFC 8725 3.1: the key's algorithm decides, the header must agree. */
    if (key->alg != jws->alg || !signing_key_verify(cx, key, jws)) {
        return fail(cx, ERR_INVALID_TOKEN, "wrong signature");
    }
    return OK;
}

static struct str audience_client(const struct jwt *jwt) {
    struct str audience = jwt_str(jwt, "aud");
    if (!str_ends(audience, AUDIENCE_SUFFIX)) {
        return STR_NONE;
    }
    return str_sub(audience, 0, audience.n - (sizeof(AUDIENCE_SUFFIX) - 1));
}

static err kind_of_mac(struct ctx *cx, const struct jws *jws, struct token *token) {
    if (str_is(jws->typ, "generated+jwt")) {
        token->kind = TOKEN_GENERATED;
        return OK;
    }
    token->client_id = audience_client(&token->jwt);
    token->session_id = jwt_str(&token->jwt, "sessionId");
    if (!str_is(jws->typ, "JWT") || str_empty(token->client_id) || str_empty(token->session_id)) {
        return fail(cx, ERR_INVALID_TOKEN, "a MACed token of unknown kind");
    }
    token->kind = TOKEN_REFRESH;
    return OK;
}

static err kind_of_signature(struct ctx *cx, struct token *token) {
    token->session_id = jwt_str(&token->jwt, "sid");
    token->client_id = jwt_str(&token->jwt, "client_id");
    if (token->client_id.p != NULL) {
        token->scope = jwt_str(&token->jwt, "scope");
        if (!str_eq(token->client_id, audience_client(&token->jwt)) ||
            str_empty(token->session_id)) {
            return fail(cx, ERR_INVALID_TOKEN, "the audience is not the access token's");
        }
        token->kind = TOKEN_ACCESS;
        return OK;
    }
    token->client_id = jwt_str(&token->jwt, "azp");
    if (str_empty(token->client_id) || !jwt_audience_is(&token->jwt, token->client_id)) {
        return fail(cx, ERR_INVALID_TOKEN, "a signed token of unknown kind");
    }
    token->kind = TOKEN_ID;
    return OK;
}

/* Everything but the time, for which `past` lets expired ones through. */
static err token_parse(struct ctx *cx, const struct environment *e, struct str text, bool past,
                       struct token *ret_token) {
    struct jws jws;
    struct token token = {0};
    TRY(jws_parse(cx, text, &jws));
    TRY(signature_check(cx, e, &jws));
    if (past) {
        /* As of the beginning of time nothing has expired; what is not valid yet stays so. */
        struct ctx then = *cx;
        then.now = 0;
        if (jwt_parse(&then, &jws, cx->now + JWT_LEEWAY_SECONDS, &token.jwt) != OK) {
            return fail(cx, ERR_INVALID_TOKEN, "%s", then.failure.detail);
        }
    } else {
        TRY(jwt_parse(cx, &jws, JWT_LEEWAY_SECONDS, &token.jwt));
    }
    if (!str_eq(token.jwt.iss, e->issuer)) {
        return fail(cx, ERR_INVALID_TOKEN, "the token is of another issuer");
    }
    token.tenant_id = jwt_str(&token.jwt, "tenantId");
    if (str_empty(token.tenant_id)) {
        return fail(cx, ERR_INVALID_TOKEN, "the token has no tenantId");
    }
    TRY(jws.alg->symmetric ? kind_of_mac(cx, &jws, &token) : kind_of_signature(cx, &token));
    if (token.kind == TOKEN_REFRESH) {
        token.digest = sha256_text(cx->arena, text);
    }
    *ret_token = token;
    return OK;
}

err token_read(struct ctx *cx, const struct environment *e, struct str text,
               struct token *ret_token) {
    return token_parse(cx, e, text, false, ret_token);
}

err token_read_hint(struct ctx *cx, const struct environment *e, struct str text,
                    struct token *ret_token, struct str *ret_employee_id) {
    struct token token;
    TRY(token_parse(cx, e, text, true, &token));
    struct str employee_id;
    if (token.kind != TOKEN_ID ||
        !uuid_parse(cx->arena, jwt_str(&token.jwt, "userId"), &employee_id)) {
        return fail(cx, ERR_INVALID_TOKEN, "not an id token");
    }
    *ret_token = token;
    *ret_employee_id = employee_id;
    return OK;
}
