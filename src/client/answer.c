/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint's answer: what it says becomes a state, what it refuses an error that says
 * what to do. */
#include <string.h>

#include "client.h"

#define EXPIRES_MAX    (100 * 366 * 86400LL)
#define LIFE_UNKNOWN   300 /* seconds, where the answer does not say */
#define TOKEN_TEXT_MAX 65536

/* Seed 000: "this time may not always be the exact same number of seconds". Some servers write the
 * number as text. */
static err expires_in(struct call *k, const json_t *root, int64_t *ret_seconds) {
    const json_t *v = json_object_get(root, "expires_in");
    int64_t n = 0;
    bool good = true;
    if (v == NULL || json_is_null(v)) {
        n = 0;
    } else if (json_is_string(v)) {
        good = str_int(str_from(json_string_value(v)), &n);
    } else if (json_is_real(v)) {
        double real = json_real_value(v);
        good = real >= 0 && real < (double)EXPIRES_MAX;
        n = good ? (int64_t)real : 0;
    } else {
        good = json_is_integer(v);
        n = (int64_t)json_integer_value(v);
    }
    if (!good || n < 0 || n > EXPIRES_MAX) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The token endpoint's expires_in is no sensible number of seconds.");
    }
    *ret_seconds = n;
    return OK;
}

bool is_token_text(struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f) {
            return false;
        }
    }
    return s.n > 0 && s.n <= TOKEN_TEXT_MAX;
}

static err tokens_read(struct call *k, const json_t *root, struct state *s) {
    struct ctx *cx = &k->cx;
    struct str access, type, scope, id, refresh;
    TRY(json_get_str(cx, root, "access_token", &access));
    TRY(json_get_str(cx, root, "token_type", &type));
    TRY(json_get_str(cx, root, "id_token", &id));
    TRY(json_get_str(cx, root, "refresh_token", &refresh));
    TRY(json_get_words(cx, root, "scope", &scope));
    if (!is_token_text(access) || (refresh.p != NULL && !is_token_text(refresh)) ||
        (id.p != NULL && !is_token_text(id))) {
        return fail(cx, ERR_INVALID_REQUEST, "a token is missing or has odd characters");
    }
    if (type.p != NULL && !str_eq_nocase(type, STR("Bearer"))) {
        return fail(cx, ERR_INVALID_REQUEST, "token_type is not Bearer");
    }
    s->access_token = state_secret(s->arena, access);
    s->id_token = state_secret(s->arena, id);
    s->refresh_token = state_secret(s->arena, refresh);
    s->token_type = str_copy(s->arena, STR("Bearer"));
    s->scope = str_copy(s->arena, scope);
    return OK;
}

static void times_set(struct call *k, const struct exchange *x, int64_t life, struct state *s) {
    int64_t before = setting_int(k->p, SET_RENEW_BEFORE);
    s->obtained_at = x->sent_at;
    s->expires_at = life > 0 ? x->sent_at + life : 0;
    if (life == 0) {
        life = LIFE_UNKNOWN;
    }
    s->renew_at = x->sent_at + life - (before < life / 4 ? before : life / 4);
    s->clock_skew = k->clock_skew;
}

/* OpenID Connect Core 3.1.3.7 (3 to 5): for this client, and for no other beside it. */
static err party_check(struct call *k, const struct jwt *jwt, struct str client_id) {
    struct str azp = jwt_str(jwt, "azp");
    size_t audiences = json_array_size(json_object_get(jwt->claims, "aud"));
    if (client_id.p != NULL && (azp.p != NULL ? !str_eq(azp, client_id) : audiences > 1)) {
        return fail_say(&k->cx, ERR_CLIENT_TOKEN,
                        "The id token was made for another client: its azp is not %.*s.",
                        STR_ARG(str_sub(client_id, 0, 120)));
    }
    return OK;
}

/* The id token is verified before anything of it is believed. At token/access-key it is the access
 * token itself (PROTOCOL 12.11), whose audience is the platform. */
static err id_token_check(struct call *k, const struct grant *grant, struct state *s) {
    struct jwt jwt;
    struct endpoints ep;
    if (s->id_token.p == NULL) {
        return k->login == NULL && k->device == NULL
                   ? OK
                   : fail_say(&k->cx, ERR_CLIENT_TOKEN,
                              "The answer has no id token: nothing says who signed in. "
                              "Is the scope openid registered for the application?");
    }
    TRY(discovery_get(k, 0, &ep));
    if (ep.issuer.p == NULL) {
        call_warn(k, "The id token is not used: with base_url alone nothing says whose keys verify "
                     "it. Set issuer instead.");
        s->id_token = STR_NONE;
        return OK;
    }
    bool same = str_eq(s->id_token, s->access_token);
    struct str audience = same || !grant->client ? STR_NONE : setting_str(k->p, SET_CLIENT_ID);
    TRY(jwt_check(k, s->id_token, audience, &jwt));
    TRY(login_id_token_check(k, &jwt));
    TRY(party_check(k, &jwt, audience));
    s->tenant_id = str_copy(s->arena, jwt_str(&jwt, "tenantId"));
    return OK;
}

static void tenant_find(struct call *k, struct state *s) {
    if (s->tenant_id.p == NULL) {
        s->tenant_id = str_copy(s->arena, jwt_peek(k, s->access_token, "tenantId"));
    }
}

err token_answer(struct call *k, const struct exchange *x, const struct grant *grant,
                 struct state *ret_state) {
    json_t *root;
    int64_t life;
    if (json_parse(&k->cx, x->answer, &root) != OK) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The token endpoint's answer is not to be read (%s). Is a proxy or a login "
                        "page in between?",
                        k->cx.failure.detail);
    }
    if (!json_is_object(root)) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The token endpoint's answer is no JSON object.");
    }
    if (tokens_read(k, root, ret_state) != OK) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER, "The token endpoint's answer is unusable: %s",
                        k->cx.failure.detail);
    }
    TRY(expires_in(k, root, &life));
    times_set(k, x, life, ret_state);
    TRY(id_token_check(k, grant, ret_state));
    tenant_find(k, ret_state);
    return OK;
}

/* ---- refusals ---- */

static struct str member(struct call *k, const json_t *root, const char *name) {
    struct str v;
    return json_get_str(&k->cx, root, name, &v) == OK && v.p != NULL ? v : STR_NONE;
}

/* A server may repeat in its answer what was sent to it. */
static struct str secrets_blank(struct arena *a, const struct token_request *r, struct str text) {
    for (size_t i = 0; i < r->secrets_n && text.p != NULL; i++) {
        struct str secret = r->secrets[i];
        const char *at;
        while ((at = memmem(text.p, text.n, secret.p, secret.n)) != NULL) { /* public: a search */
            size_t before = (size_t)(at - text.p);
            text = str_format(a, "%.*s***%.*s", (int)before, text.p,
                              STR_ARG(str_sub(text, before + secret.n, text.n)));
        }
    }
    return text;
}

static const char *advice(const char *error, const struct token_request *r) {
    static const struct {
        const char *error, *advice;
    } rows[] = {
        {"invalid_client", "Check client_id, client_secret and auth_method"},
        {"invalid_grant", "Check access_key_id and access_key_secret: wrong, deactivated, or its "
                          "user is"},
        {"unauthorized_client", "The application may not do this: check grant, and that it is "
                                "registered for this tenant"},
        {"invalid_scope", "Ask for less: scope must be within what the application registered"},
        {"unsupported_grant_type", "This server does not know the grant"},
    };
    if (r->code && str_is(str_from(error), "invalid_grant")) {
        return "The code is used, too old or of another client: sign in again";
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (str_is(str_from(rows[i].error), error)) {
            return rows[i].advice;
        }
    }
    return NULL;
}

err token_refused(struct call *k, const struct exchange *x, const struct token_request *r) {
    json_t *root = NULL;
    k->status = x->status;
    k->correlation_id = exchange_header(x, "correlationid");
    struct str error = STR_NONE, text = STR_NONE;
    if (json_parse(&k->cx, x->answer, &root) == OK && json_is_object(root)) {
        error = secrets_blank(k->cx.arena, r, member(k, root, "error"));
        text = member(k, root, "error_description");
        text = secrets_blank(k->cx.arena, r, text.p != NULL ? text : member(k, root, "message"));
    }
    k->oauth_error = error;
    k->oauth_text = text.p != NULL ? text : STR("no description");
    if (x->status == 429) {
        return fail_say(&k->cx, ERR_CLIENT_LIMIT,
                        "The token endpoint answers 429, too many requests%s. Ask less often: keep "
                        "the token, share the cache.",
                        x->retry_after_ms > 0 ? ", and to wait" : "");
    }
    if (x->status >= 500) {
        return fail_say(&k->cx, ERR_CLIENT_SERVER, "The token endpoint answers %d. %.*s", x->status,
                        STR_ARG(str_sub(text, 0, 200)));
    }
    if (x->status < 400) {
        return fail_say(&k->cx, ERR_CLIENT_ANSWER,
                        "The token endpoint answers %d, which is neither a token nor a refusal. Is "
                        "the address right?",
                        x->status);
    }
    const char *what = advice(str_z(k->cx.arena, error.p != NULL ? error : STR("")), r);
    return fail_say(&k->cx, ERR_CLIENT_AUTH, "Refused: %.*s%s%.*s%s%s (auth_method %s)",
                    STR_ARG(str_sub(error.p != NULL ? error : STR("no reason given"), 0, 60)),
                    text.p != NULL ? ": " : "", STR_ARG(str_sub(text, 0, 260)),
                    what == NULL                            ? ""
                    : str_ends(text, ".") || text.p == NULL ? " "
                                                            : ". ",
                    what != NULL ? what : "", r->auth_method != NULL ? r->auth_method : "none");
}
