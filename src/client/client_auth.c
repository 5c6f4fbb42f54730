/* SPDX-License-Identifier: Apache-2.0 */
/* How an application authenticates at the token endpoint: one row a method. */
#include "client.h"

#define ASSERTION_SECONDS 120
#define ASSERTION_TYPE    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define KEY_FILE_MAX      65536

static err client_secret(struct call *k, struct str *ret_secret) {
    TRY(setting_secret(k, SET_CLIENT_SECRET, SET_CLIENT_SECRET_FILE, ret_secret));
    return ret_secret->p != NULL
               ? OK
               : fail_say(&k->cx, ERR_CLIENT_USAGE,
                          "No client_secret is set. Set POSTERN_CLIENT_SECRET or "
                          "client_secret_file, or auth_method = none for a public application.");
}

/* RFC 6749 2.3.1: both parts form-encoded first. */
static err basic(struct call *k, const struct endpoints *ep, struct token_request *r) {
    (void)ep;
    struct arena *a = k->cx.arena;
    struct str secret;
    TRY(client_secret(k, &secret));
    struct str pair =
        str_format(a, "%.*s:%.*s", STR_ARG(percent_encode(a, setting_str(k->p, SET_CLIENT_ID))),
                   STR_ARG(percent_encode(a, secret)));
    struct str basic64 = base64(a, pair.p, pair.n);
    r->headers[r->headers_n++] = str_format(a, "Authorization: Basic %.*s", STR_ARG(basic64));
    token_secret(r, basic64);
    token_secret(r, secret);
    token_secret(r, percent_encode(a, secret));
    secret_wipe((char *)(uintptr_t)pair.p, pair.n);
    return OK;
}

static err post(struct call *k, const struct endpoints *ep, struct token_request *r) {
    (void)ep;
    struct str secret;
    TRY(client_secret(k, &secret));
    token_parameter(r, "client_id", setting_str(k->p, SET_CLIENT_ID));
    token_parameter(r, "client_secret", secret);
    return OK;
}

static err none(struct call *k, const struct endpoints *ep, struct token_request *r) {
    (void)ep;
    token_parameter(r, "client_id", setting_str(k->p, SET_CLIENT_ID));
    return OK;
}

/* RFC 7523 3: iss and sub the client, aud the server, a short life, an id of its own. */
static struct str assertion_claims(struct call *k, const struct endpoints *ep) {
    struct str client_id = setting_str(k->p, SET_CLIENT_ID);
    struct buf b = buf_in(k->cx.arena, 512);
    struct json_out j = json_to(&b);
    int64_t now = server_now(k);
    json_open_object(&j, NULL);
    json_put_str(&j, "iss", client_id);
    json_put_str(&j, "sub", client_id);
    json_put_str(&j, "aud", ep->issuer.p != NULL ? ep->issuer : ep->token_endpoint);
    json_put_str(&j, "jti", random_text(&k->cx, 16));
    json_put_int(&j, "iat", now);
    json_put_int(&j, "exp", now + ASSERTION_SECONDS);
    json_close_object(&j);
    return buf_view(&b);
}

static void assertion_add(struct call *k, struct token_request *r, struct str assertion) {
    token_parameter(r, "client_id", setting_str(k->p, SET_CLIENT_ID));
    token_parameter(r, "client_assertion_type", STR(ASSERTION_TYPE));
    token_parameter(r, "client_assertion", assertion);
}

static err secret_jwt(struct call *k, const struct endpoints *ep, struct token_request *r) {
    struct str secret, assertion;
    TRY(client_secret(k, &secret));
    if (secret.n < JWS_MAC_KEY_MIN) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "client_secret_jwt needs a client_secret of at least %d characters; this "
                        "one has %zu (RFC 7518 3.2).",
                        JWS_MAC_KEY_MIN, secret.n);
    }
    const struct alg *alg = alg_find(STR("HS256"));
    struct secret key = secret_in(k->cx.arena, secret.p, secret.n);
    TRY(jws_sign_mac(&k->cx, jws_header(k->cx.arena, alg, STR("JWT"), STR_NONE),
                     assertion_claims(k, ep), alg, key, &assertion));
    assertion_add(k, r, assertion);
    return OK;
}

static void pkey_deferred(void *key) {
    pkey_free(key);
}

static void signer_deferred(void *signer) {
    signer_free(signer);
}

static err private_key(struct call *k, struct pkey **ret_key) {
    struct str file = setting_str(k->p, SET_PRIVATE_KEY_FILE), text;
    if (file.p == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "private_key_jwt needs private_key_file, a private key in PEM.");
    }
    if (file_read(&k->cx, str_z(k->cx.arena, file), KEY_FILE_MAX, &text) != OK) {
        return fail_say(&k->cx, ERR_CLIENT_FILE, "private_key_file: %s", k->cx.failure.detail);
    }
    err e = pkey_parse_pem(&k->cx, text, ret_key);
    secret_wipe((char *)(uintptr_t)text.p, text.n);
    if (e != OK) {
        return fail_say(&k->cx, ERR_CLIENT_FILE,
                        "private_key_file %.*s holds no usable private key: PEM, not encrypted, "
                        "RSA of 2048 bits or more, P-256 or Ed25519.",
                        STR_ARG(str_sub(file, 0, 160)));
    }
    arena_defer(k->cx.arena, pkey_deferred, *ret_key);
    return OK;
}

static err key_jwt(struct call *k, const struct endpoints *ep, struct token_request *r) {
    struct pkey *key;
    struct str assertion;
    TRY(private_key(k, &key));
    struct signer *signer = signer_new(key);
    if (signer == NULL) {
        memory_exhausted(0);
    }
    arena_defer(k->cx.arena, signer_deferred, signer);
    const struct alg *alg = alg_of_kind(pkey_kind(key));
    struct str header =
        jws_header(k->cx.arena, alg, STR("JWT"), setting_str(k->p, SET_PRIVATE_KEY_ID));
    TRY(jws_sign(&k->cx, header, assertion_claims(k, ep), signer, &assertion));
    assertion_add(k, r, assertion);
    return OK;
}

static const struct auth_method methods[] = {
    {"client_secret_basic", basic},
    {"client_secret_post", post},
    {"client_secret_jwt", secret_jwt},
    {"private_key_jwt", key_jwt},
    {"none", none},
};

const struct auth_method *auth_method_find(struct str name) {
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (str_is(name, methods[i].name)) {
            return &methods[i];
        }
    }
    return NULL;
}

#define METHODS_LIST "token_endpoint_auth_methods_supported"

/* RFC 8414 2: a document that is silent means client_secret_basic. */
static bool is_listed(const struct endpoints *ep, const char *method) {
    bool silent = json_object_get(ep->openid_configuration, METHODS_LIST) == NULL;
    return silent ? str_is(STR("client_secret_basic"), method)
                  : discovery_lists(ep, METHODS_LIST, method);
}

/* The one that the server took before, else by what the settings have. */
static struct str method_auto(struct call *k, const struct endpoints *ep) {
    const struct state *s = state_current(k);
    if (k->auth_method != NULL) {
        return str_from(k->auth_method);
    }
    if (setting_str(k->p, SET_PRIVATE_KEY_FILE).p != NULL) {
        return STR("private_key_jwt");
    }
    if (setting_str(k->p, SET_CLIENT_SECRET).p == NULL &&
        setting_str(k->p, SET_CLIENT_SECRET_FILE).p == NULL) {
        return STR("none");
    }
    if (s != NULL && auth_method_find(s->auth_method) != NULL) {
        return s->auth_method;
    }
    if (ep->openid_configuration == NULL) {
        return STR("client_secret_post"); /* seed 002 */
    }
    return is_listed(ep, "client_secret_basic") ? STR("client_secret_basic")
                                                : STR("client_secret_post");
}

const char *client_auth_other(struct call *k, const struct endpoints *ep, const char *used) {
    bool basic_used = str_is(STR("client_secret_basic"), used);
    const char *other = basic_used ? "client_secret_post" : "client_secret_basic";
    bool either = basic_used || str_is(STR("client_secret_post"), used);
    if (!str_is(setting_str(k->p, SET_AUTH_METHOD), "auto") || !either || k->auth_method != NULL ||
        (ep->openid_configuration != NULL && !is_listed(ep, other))) {
        return NULL;
    }
    return other;
}

err client_authenticate(struct call *k, const struct endpoints *ep, struct token_request *r) {
    if (setting_str(k->p, SET_CLIENT_ID).p == NULL) {
        return fail_say(&k->cx, ERR_CLIENT_USAGE,
                        "No client_id is set: the id of your application. Set POSTERN_CLIENT_ID, "
                        "or make a profile with: postern configure");
    }
    struct str name = setting_str(k->p, SET_AUTH_METHOD);
    if (str_is(name, "auto")) {
        name = method_auto(k, ep);
    }
    const struct auth_method *method = auth_method_find(name);
    r->auth_method = method->name;
    return method->apply(k, ep, r);
}
