/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of an authorization request whose errors may redirect: scope and nonce, PKCE,
 * prompts, hints, claims. */
#include "oauth_internal.h"

#define PKCE_CHALLENGE_LENGTH 43 /* RFC 7636 4.2: base64url of a SHA-256 */

static err scope_read(struct ctx *cx, const struct params *all, struct authorize *r) {
    struct str scope;
    TRY(authorize_param(cx, all, "scope", AUTHORIZE_TEXT_MAX, &scope));
    if (str_empty(str_trim(scope))) {
        return fail_say(cx, ERR_INVALID_REQUEST, "scope is missing: send scope=openid.");
    }
    scope = scope_without_wishes(cx->arena, scope, r->application.scope);
    if ((r->response_type & RESPONSE_CODE) == 0) {
        scope = scope_without(cx->arena, scope, STR("offline_access")); /* Core 11 */
    }
    if (str_empty(scope)) {
        return fail_say(cx, ERR_INVALID_SCOPE,
                        "The application registered none of these scopes: send scope=openid.");
    }
    TRY(scope_grant(cx, scope, r->application.scope, &r->scope));
    bool openid = str_has_word(r->scope, STR("openid"));
    if (!openid && (r->response_type & RESPONSE_ID_TOKEN) != 0) {
        return fail_say(cx, ERR_INVALID_SCOPE, "An id token needs the scope openid.");
    }
    return OK;
}

static err nonce_read(struct ctx *cx, const struct params *all, struct authorize *r) {
    TRY(authorize_param(cx, all, "nonce", AUTHORIZE_NONCE_MAX, &r->nonce));
    /* Core 3.2.2.1, 3.3.2.11: required where an id token comes through the browser. */
    if (r->nonce.p == NULL && (r->response_type & RESPONSE_ID_TOKEN) != 0) {
        return fail_say(cx, ERR_INVALID_REQUEST, "nonce is missing: this response_type needs it.");
    }
    return OK;
}

static bool is_challenge(struct str s) {
    struct str bytes;
    struct arena *scratch = arena_new();
    bool ok = s.n == PKCE_CHALLENGE_LENGTH && base64url_parse(scratch, s, &bytes);
    arena_free(scratch);
    return ok;
}

/* RFC 7636 4.3, RFC 9700 2.1.1 (SECURITY `pkce-downgrade`). */
static err pkce_read(struct ctx *cx, const struct params *all, struct authorize *r) {
    struct str method;
    TRY(authorize_param(cx, all, "code_challenge", AUTHORIZE_TEXT_MAX, &r->code_challenge));
    TRY(authorize_param(cx, all, "code_challenge_method", AUTHORIZE_WORD_MAX, &method));
    if (r->code_challenge.p == NULL) {
        bool code = (r->response_type & RESPONSE_CODE) != 0;
        if (method.p != NULL) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "code_challenge_method came without code_challenge.");
        }
        if (code && str_is(r->application.type, "public")) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "code_challenge is missing: public applications need PKCE.");
        }
        return OK;
    }
    if (!str_is(method, "S256")) { /* absent means plain */
        return fail_say(cx, ERR_INVALID_REQUEST, "code_challenge_method must be S256.");
    }
    if (!is_challenge(r->code_challenge)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "code_challenge must be the %d characters of a SHA-256 in base64url.",
                        PKCE_CHALLENGE_LENGTH);
    }
    return OK;
}

/* ---- how to ask the person ---- */

const struct prompt_name prompt_names[] = {
    {"none", PROMPT_NONE},
    {"login", PROMPT_LOGIN},
    {"consent", PROMPT_CONSENT},
    {"select_account", PROMPT_SELECT_ACCOUNT},
    {NULL, 0},
};

static unsigned prompt_bit(struct str word) {
    for (size_t i = 0; prompt_names[i].name != NULL; i++) {
        if (str_is(word, prompt_names[i].name)) {
            return prompt_names[i].bit;
        }
    }
    return 0;
}

static err prompt_read(struct ctx *cx, const struct params *all, struct authorize *r) {
    struct str prompt, word;
    TRY(authorize_param(cx, all, "prompt", AUTHORIZE_WORD_MAX, &prompt));
    while (str_next(&prompt, ' ', &word)) {
        unsigned bit = prompt_bit(word);
        if (bit == 0 && !str_empty(word)) {
            return fail_say(cx, ERR_INVALID_REQUEST,
                            "prompt must be made of none, login, consent and select_account.");
        }
        r->prompt |= bit;
    }
    /* Core 3.1.2.1: none with any other value is an error. */
    if ((r->prompt & PROMPT_NONE) != 0 && r->prompt != PROMPT_NONE) {
        return fail_say(cx, ERR_INVALID_REQUEST, "prompt=none stands alone.");
    }
    return OK;
}

static err max_age_read(struct ctx *cx, const struct params *all, struct authorize *r) {
    struct str text;
    TRY(authorize_param(cx, all, "max_age", AUTHORIZE_WORD_MAX, &text));
    if (text.p != NULL && (!str_int(text, &r->max_age) || text.p[0] == '-')) {
        return fail_say(cx, ERR_INVALID_REQUEST, "max_age must be a number of seconds.");
    }
    return OK;
}

/* Core 15.1: wishes, whose unknown values are no errors. */
static err wishes_read(struct ctx *cx, const struct params *all, struct authorize *r) {
    struct str display, tenant_id;
    TRY(authorize_param(cx, all, "display", AUTHORIZE_WORD_MAX, &display));
    TRY(authorize_param(cx, all, "ui_locales", AUTHORIZE_TEXT_MAX, &r->ui_locales));
    TRY(authorize_param(cx, all, "acr_values", AUTHORIZE_TEXT_MAX, &r->acr_values));
    TRY(authorize_param(cx, all, "login_hint", AUTHORIZE_TEXT_MAX, &r->login_hint));
    TRY(authorize_param(cx, all, "tenantId", AUTHORIZE_WORD_MAX, &tenant_id));
    r->display = str_is(display, "popup") ? STR("popup") : STR("page");
    if (tenant_id.p != NULL && !uuid_parse(cx->arena, tenant_id, &r->tenant_id)) {
        return fail_say(cx, ERR_INVALID_REQUEST, "tenantId must be a UUID.");
    }
    return OK;
}

/* ---- who it must be ---- */

static err hint_read(struct ctx *cx, const struct request *rq, const struct params *all,
                     struct authorize *r) {
    struct str text, employee_id;
    struct token token;
    TRY(authorize_param(cx, all, "id_token_hint", JWS_MAX, &text));
    if (text.p == NULL) {
        return OK;
    }
    err e = token_read_hint(cx, rq->environment, text, &token, &employee_id);
    if (e == ERR_INVALID_TOKEN) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "id_token_hint is not an id token of this issuer, or too old to be told.");
    }
    TRY(e);
    if (!str_eq(token.client_id, r->application.application_id)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "id_token_hint was issued to another application.");
    }
    r->hint_tenant_id = token.tenant_id;
    r->hint_employee_id = employee_id;
    return OK;
}

/* Core 5.5.1: sub with a value is whom the answer must be about. */
static err subject_read(struct ctx *cx, struct str subject, struct authorize *r) {
    struct str employee_id;
    if (subject.p == NULL) {
        return OK;
    }
    if (!str_starts(subject, "user:") ||
        !uuid_parse(cx->arena, str_sub(subject, 5, subject.n), &employee_id)) {
        return fail(cx, ERR_LOGIN_REQUIRED, "the claims parameter asks for nobody of ours");
    }
    if (r->hint_employee_id.p != NULL && !str_eq(r->hint_employee_id, employee_id)) {
        return fail_say(cx, ERR_INVALID_REQUEST,
                        "id_token_hint and the sub of claims are different users.");
    }
    r->hint_employee_id = employee_id;
    return OK;
}

static err claims_read(struct ctx *cx, const struct params *all, struct authorize *r) {
    struct str text;
    struct claims_request asked;
    TRY(authorize_param(cx, all, "claims", AUTHORIZE_CLAIMS_MAX, &text));
    if (text.p == NULL) {
        return OK;
    }
    TRY(claims_request_parse(cx, text, &asked));
    if (asked.acr_unmet) {
        return fail(cx, ERR_UNMET_AUTHENTICATION, "an essential acr that is not ours");
    }
    r->claims = asked.text;
    r->two_factors = asked.two_factors;
    return subject_read(cx, asked.subject, r);
}

err authorize_rest_read(struct ctx *cx, const struct request *rq, const struct params *all,
                        struct authorize *r) {
    TRY(scope_read(cx, all, r));
    TRY(nonce_read(cx, all, r));
    TRY(pkce_read(cx, all, r));
    TRY(prompt_read(cx, all, r));
    TRY(max_age_read(cx, all, r));
    TRY(wishes_read(cx, all, r));
    TRY(hint_read(cx, rq, all, r));
    return claims_read(cx, all, r);
}
