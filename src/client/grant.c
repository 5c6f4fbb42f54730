/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to a token: one row a grant; and which of them `auto` means. */
#include "client.h"

#include <string.h>

/* Shorter ones are words that a message may well have. */
#define SECRET_MIN 6

void token_secret(struct token_request *r, struct str secret) {
    if (secret.n >= SECRET_MIN && r->secrets_n < REQUEST_SECRETS_MAX) {
        r->secrets[r->secrets_n++] = secret;
    }
}

static bool is_secret_parameter(const char *name) {
    static const char *const names[] = {
        "client_secret", "password",      "username", "refresh_token", "client_assertion",
        "code",          "code_verifier", "token",    "device_code"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_is(str_from(name), names[i])) {
            return true;
        }
    }
    return false;
}

void token_parameter(struct token_request *r, const char *name, struct str value) {
    if (value.p == NULL) {
        return;
    }
    if (is_secret_parameter(name)) {
        token_secret(r, value);
        token_secret(r, percent_encode(r->body.arena, value));
    }
    if (r->body.n > 0) {
        buf_char(&r->body, '&');
    }
    buf_z(&r->body, name);
    buf_char(&r->body, '=');
    buf_str(&r->body, percent_encode(r->body.arena, value));
}

static err access_key(struct call *k, struct str *ret_id, struct str *ret_secret) {
    *ret_id = setting_str(k->p, SET_ACCESS_KEY_ID);
    TRY(setting_secret(k, SET_ACCESS_KEY_SECRET, SET_ACCESS_KEY_SECRET_FILE, ret_secret));
    if (ret_id->p == NULL || ret_secret->p == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "This grant needs access_key_id and access_key_secret: a user's access "
                        "key. Set POSTERN_ACCESS_KEY_ID and POSTERN_ACCESS_KEY_SECRET.");
    }
    return OK;
}

/* What the application sends with every grant at the token endpoint. */
err grant_form(struct call *k, const struct endpoints *ep, struct token_request *r,
               const char *grant_type) {
    r->url = ep->token_endpoint;
    r->headers[r->headers_n++] = STR("Content-Type: application/x-www-form-urlencoded");
    token_parameter(r, "grant_type", str_from(grant_type));
    return client_authenticate(k, ep, r);
}

err grant_parameters(struct call *k, struct token_request *r) {
    struct str more = setting_str(k->p, SET_TOKEN_PARAMETERS);
    for (size_t i = 0; i < more.n; i++) {
        char c = more.p[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"#<>\\^`{|}", c) != NULL) {
            return fail_say(&k->cx, ERR_CLIENT_USAGE,
                            "token_parameters is not form-encoded. Write name=value&name=value "
                            "with %%XX for other characters.");
        }
    }
    if (more.n > 0) {
        buf_char(&r->body, '&');
        buf_str(&r->body, more);
    }
    return OK;
}

static err form_end(struct call *k, struct token_request *r) {
    token_parameter(r, "scope", setting_str(k->p, SET_SCOPE));
    return grant_parameters(k, r);
}

/* Seed 000, task 4. */
static err password(struct call *k, const struct endpoints *ep, struct token_request *r) {
    struct str id, secret;
    TRY(access_key(k, &id, &secret));
    TRY(grant_form(k, ep, r, "password"));
    token_parameter(r, "username", id);
    token_parameter(r, "password", secret);
    return form_end(k, r);
}

/* Seed 002. */
static err client_credentials(struct call *k, const struct endpoints *ep, struct token_request *r) {
    TRY(grant_form(k, ep, r, "client_credentials"));
    token_parameter(r, "tenantId", setting_str(k->p, SET_TENANT_ID));
    return form_end(k, r);
}

/* Seed 003: no application; JSON, at the platform's own path. */
static err access_key_alone(struct call *k, const struct endpoints *ep, struct token_request *r) {
    struct str id, secret, origin;
    TRY(access_key(k, &id, &secret));
    struct str host = ep->issuer.p != NULL ? ep->issuer : setting_str(k->p, SET_BASE_URL);
    if (!url_origin(k->cx.arena, host, &origin)) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE, "The grant access_key needs issuer or base_url.");
    }
    r->url = str_format(k->cx.arena, "%.*s/authentication/v1/token/access-key", STR_ARG(origin));
    r->headers[r->headers_n++] = STR("Content-Type: application/json");
    struct json_out j = json_to(&r->body);
    json_open_object(&j, NULL);
    json_put_str(&j, "accessKeyId", id);
    json_put_str(&j, "accessKeySecret", secret);
    token_secret(r, secret);
    json_close_object(&j);
    return OK;
}

static const struct grant grants[] = {
    {"password", password, true, true, false},
    {"client_credentials", client_credentials, true, false, false},
    {"access_key", access_key_alone, false, false, false},
    {"authorization_code", login_request, true, true, true},
};

const struct grant *grant_find(struct str name) {
    for (size_t i = 0; i < COUNT_OF(grants); i++) {
        if (str_is(name, grants[i].name)) {
            return &grants[i];
        }
    }
    return NULL;
}

/* A public application proves nothing by itself: a person has to sign in. */
static const char *grant_auto(const struct postern *p) {
    bool key = setting_str(p, SET_ACCESS_KEY_ID).p != NULL;
    if (setting_str(p, SET_CLIENT_ID).p == NULL) {
        return key ? "access_key" : NULL;
    }
    bool public = str_is(setting_str(p, SET_AUTH_METHOD), "none");
    return key ? "password" : public ? "authorization_code" : "client_credentials";
}

static const struct grant *grant_of(const struct postern *p) {
    struct str name = setting_str(p, SET_GRANT);
    return grant_find(str_is(name, "auto") ? str_from(grant_auto(p)) : name);
}

const char *postern_grant(const struct postern *client) {
    const struct grant *grant = client != NULL ? grant_of(client) : NULL;
    return grant != NULL ? grant->name : NULL;
}

err grant_chosen(struct call *k, const struct grant **ret_grant) {
    const struct grant *grant = grant_of(k->p);
    if (grant == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "There are no credentials. Set client_id and client_secret, or "
                        "access_key_id and access_key_secret, or all four; or make a profile "
                        "with: postern configure");
    }
    *ret_grant = grant;
    return OK;
}

/* RFC 6749 6; seed 002. */
err grant_refresh(struct call *k, const struct endpoints *ep, struct str refresh_token,
                  struct token_request *r) {
    TRY(grant_form(k, ep, r, "refresh_token"));
    token_parameter(r, "refresh_token", refresh_token);
    struct str more = setting_str(k->p, SET_TOKEN_PARAMETERS);
    const struct grant *grant = grant_of(k->p);
    if (grant != NULL && grant->person) {
        return grant_parameters(k, r); /* RFC 6749 6: without scope, all that was granted */
    }
    return more.p == NULL ? OK : form_end(k, r);
}
