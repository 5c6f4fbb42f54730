/* SPDX-License-Identifier: Apache-2.0 */
/* An authorization request between two pages: as JSON in a row, and back with everything asked
 * again that may have changed meanwhile. */
#include "oauth_internal.h"

struct member {
    const char *name;
    struct str *value;
    size_t max;
};
#define MEMBERS 15

/* The text members of a request; one list for both ways. */
static void members_of(struct authorize *r, struct member to[MEMBERS]) {
    const struct member members[MEMBERS] = {
        {"clientTenantId", &r->application.tenant_id, AUTHORIZE_WORD_MAX},
        {"client_id", &r->application.application_id, AUTHORIZE_WORD_MAX},
        {"redirect_uri", &r->redirect_uri, AUTHORIZE_URI_MAX},
        {"state", &r->state, AUTHORIZE_STATE_MAX},
        {"scope", &r->scope, AUTHORIZE_TEXT_MAX},
        {"nonce", &r->nonce, AUTHORIZE_NONCE_MAX},
        {"response_mode", &r->response_mode, AUTHORIZE_WORD_MAX},
        {"code_challenge", &r->code_challenge, AUTHORIZE_WORD_MAX},
        {"login_hint", &r->login_hint, AUTHORIZE_TEXT_MAX},
        {"hintTenantId", &r->hint_tenant_id, AUTHORIZE_WORD_MAX},
        {"hintEmployeeId", &r->hint_employee_id, AUTHORIZE_WORD_MAX},
        {"display", &r->display, AUTHORIZE_WORD_MAX},
        {"ui_locales", &r->ui_locales, AUTHORIZE_TEXT_MAX},
        {"acr_values", &r->acr_values, AUTHORIZE_TEXT_MAX},
        {"tenantId", &r->tenant_id, AUTHORIZE_WORD_MAX},
    };
    for (size_t i = 0; i < MEMBERS; i++) {
        to[i] = members[i];
    }
}

struct str authorize_write(struct arena *a, const struct authorize *r) {
    struct authorize copy = *r;
    struct member members[MEMBERS];
    struct buf b = buf_in(a, 1024);
    struct json_out j = json_to(&b);
    members_of(&copy, members);
    json_open_object(&j, NULL);
    for (size_t i = 0; i < MEMBERS; i++) {
        json_put_str_if(&j, members[i].name, *members[i].value);
    }
    json_put_str_if(&j, "claims", r->claims); /* as text: it is what was sent */
    json_put_int(&j, "responseType", r->response_type);
    json_put_int(&j, "prompt", r->prompt);
    json_put_int(&j, "max_age", r->max_age);
    json_close_object(&j);
    return buf_view(&b);
}

static err broken(struct ctx *cx, const char *member) {
    return fail(cx, ERR_INVALID_REQUEST, "the kept request: %s is not what was written", member);
}

static err texts_read(struct ctx *cx, const json_t *json, struct authorize *r) {
    struct member members[MEMBERS];
    members_of(r, members);
    for (size_t i = 0; i < MEMBERS; i++) {
        TRY(json_get_str(cx, json, members[i].name, members[i].value));
        if (members[i].value->n > members[i].max) {
            return broken(cx, members[i].name);
        }
    }
    TRY(json_get_str(cx, json, "claims", &r->claims));
    return r->claims.n > AUTHORIZE_CLAIMS_MAX ? broken(cx, "claims") : OK;
}

static err number_read(struct ctx *cx, const json_t *json, const char *name, int64_t max,
                       int64_t *ret) {
    TRY(json_get_int(cx, json, name, -1, ret));
    return *ret < -1 || *ret > max ? broken(cx, name) : OK;
}

err authorize_stored_parse(struct ctx *cx, struct str text, struct authorize *ret) {
    struct authorize r = {.max_age = -1};
    int64_t type, prompt;
    json_t *json;
    TRY(json_parse(cx, text, &json));
    if (!json_is_object(json)) {
        return broken(cx, "the whole");
    }
    TRY(texts_read(cx, json, &r));
    TRY(number_read(cx, json, "responseType", RESPONSE_CODE | RESPONSE_ID_TOKEN | RESPONSE_TOKEN,
                    &type));
    TRY(number_read(cx, json, "prompt",
                    PROMPT_NONE | PROMPT_LOGIN | PROMPT_CONSENT | PROMPT_SELECT_ACCOUNT, &prompt));
    TRY(number_read(cx, json, "max_age", INT64_MAX, &r.max_age));
    if (type <= 0 || prompt < 0) {
        return broken(cx, type <= 0 ? "responseType" : "prompt");
    }
    if (!str_empty(r.claims)) {
        struct claims_request asked;
        TRY(claims_request_parse(cx, r.claims, &asked));
        r.two_factors = asked.two_factors;
    }
    r.response_type = (unsigned)type;
    r.prompt = (unsigned)prompt;
    if (str_empty(r.application.tenant_id) || str_empty(r.application.application_id) ||
        str_empty(r.redirect_uri) || !authorize_mode_fits(r.response_mode, r.response_type)) {
        return broken(cx, "client_id, redirect_uri or response_mode");
    }
    *ret = r;
    return OK;
}

err authorize_parse(struct ctx *cx, struct str json, struct authorize *ret) {
    struct authorize r;
    TRY(authorize_stored_parse(cx, json, &r));
    TRY(authorize_application(cx, r.application.tenant_id, &r));
    TRY(authorize_redirect_check(cx, &r));
    TRY(authorize_type_check(cx, &r));
    r.scope = scope_within(cx->arena, r.scope, r.application.scope);
    *ret = r;
    return OK;
}
