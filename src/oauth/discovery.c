/* SPDX-License-Identifier: Apache-2.0 */
/* The discovery document (OpenID Connect Discovery 3, RFC 8414), made from the tables of what
 * works, once for each snapshot. */
#include "oauth_internal.h"

/* ---- documents of the snapshot ---- */

struct document document_of(struct arena *a, struct str body) {
    struct str digest = sha256_text(a, body);
    return (struct document){.body = body,
                             .etag = str_format(a, "\"%.*s\"", STR_ARG(str_sub(digest, 0, 22)))};
}

/* RFC 9110 13.1.2: `*`, or a list of which one is ours; weak comparison. */
static bool etag_matches(struct str header, struct str etag) {
    struct str item;
    while (str_next(&header, ',', &item)) {
        item = str_trim(item);
        if (str_starts(item, "W/")) {
            item = str_sub(item, 2, item.n);
        }
        if (str_is(item, "*") || str_eq(item, etag)) {
            return true;
        }
    }
    return false;
}

void document_reply(struct ctx *cx, const struct request *rq, const struct document *document,
                    struct reply *rp) {
    rp->cacheable = true;
    reply_header(rp, "Cache-Control",
                 str_format(cx->arena, "public, max-age=%d", DOCUMENT_MAX_AGE_SECONDS));
    reply_header(rp, "ETag", document->etag);
    if (etag_matches(request_header(rq, "if-none-match"), document->etag)) {
        rp->status = 304;
        return;
    }
    rp->status = 200;
    rp->content_type = "application/json";
    rp->body = document->body;
}

/* ---- its members ---- */

static void put_endpoint(struct json_out *j, struct ctx *cx, const struct environment *e,
                         const char *member, const char *path) {
    json_put_str(j, member, str_format(cx->arena, "%.*s%s", STR_ARG(e->issuer), path));
}

static void put_methods(struct json_out *j, const char *member, bool with_none) {
    json_open_array(j, member);
    for (size_t i = 0; client_method_at(i) != NULL; i++) {
        const char *name = client_method_at(i)->name;
        if (with_none || !str_is(str_from(name), "none")) {
            json_put_z(j, NULL, name);
        }
    }
    json_close_array(j);
}

static void put_assertion_algs(struct json_out *j, const char *member) {
    json_open_array(j, member);
    for (size_t i = 0; alg_at(i) != NULL; i++) {
        json_put_z(j, NULL, alg_at(i)->name);
    }
    json_close_array(j);
}

/* The algorithms that this environment has an active key for. */
static void put_token_algs(struct json_out *j, const struct environment *e, const char *member) {
    json_open_array(j, member);
    for (size_t i = 0; alg_at(i) != NULL; i++) {
        if (keyring_active(e->keys, alg_at(i)) != NULL) {
            json_put_z(j, NULL, alg_at(i)->name);
        }
    }
    json_close_array(j);
}

static void put_list(struct json_out *j, const char *member, const char *const *names) {
    json_open_array(j, member);
    for (size_t i = 0; names[i] != NULL; i++) {
        json_put_z(j, NULL, names[i]);
    }
    json_close_array(j);
}

static void put_scopes_and_grants(struct json_out *j) {
    json_open_array(j, "scopes_supported");
    for (size_t i = 0; scope_at(i) != NULL; i++) {
        json_put_z(j, NULL, scope_at(i));
    }
    json_close_array(j);
    json_open_array(j, "grant_types_supported");
    for (size_t i = 0; grant_at(i) != NULL; i++) {
        json_put_z(j, NULL, grant_at(i)->name);
    }
    json_close_array(j);
}

static void put_endpoints(struct json_out *j, struct ctx *cx, const struct environment *e) {
    json_put_str(j, "issuer", e->issuer);
    put_endpoint(j, cx, e, "authorization_endpoint", "/auth/authorize");
    json_put_str(j, "token_endpoint", e->token_endpoint);
    put_endpoint(j, cx, e, "device_authorization_endpoint", "/auth/device_authorization");
    put_endpoint(j, cx, e, "userinfo_endpoint", "/auth/userinfo");
    put_endpoint(j, cx, e, "jwks_uri", "/auth/jwks");
    put_endpoint(j, cx, e, "end_session_endpoint", "/auth/authorize/logout");
    put_endpoint(j, cx, e, "introspection_endpoint", "/auth/introspect");
    put_endpoint(j, cx, e, "revocation_endpoint", "/auth/revoke");
}

static void put_client_authentication(struct json_out *j) {
    put_methods(j, "token_endpoint_auth_methods_supported", true);
    put_assertion_algs(j, "token_endpoint_auth_signing_alg_values_supported");
    put_methods(j, "introspection_endpoint_auth_methods_supported", false);
    put_assertion_algs(j, "introspection_endpoint_auth_signing_alg_values_supported");
    put_methods(j, "revocation_endpoint_auth_methods_supported", true);
    put_assertion_algs(j, "revocation_endpoint_auth_signing_alg_values_supported");
}

/* What the authorization endpoint takes and gives. */
static void put_authorization(struct json_out *j) {
    static const char *const modes[] = {"query", "fragment", "form_post", NULL};
    static const char *const displays[] = {"page", "popup", NULL};
    static const char *const challenges[] = {"S256", NULL};
    json_open_array(j, "response_types_supported");
    for (size_t i = 0; response_type_at(i) != NULL; i++) {
        json_put_z(j, NULL, response_type_at(i));
    }
    json_close_array(j);
    json_open_array(j, "prompt_values_supported");
    for (size_t i = 0; prompt_names[i].name != NULL; i++) {
        json_put_z(j, NULL, prompt_names[i].name);
    }
    json_close_array(j);
    put_list(j, "response_modes_supported", modes);
    put_list(j, "display_values_supported", displays);
    put_list(j, "code_challenge_methods_supported", challenges);
    put_list(j, "acr_values_supported", acr_names);
    json_put_bool(j, "authorization_response_iss_parameter_supported", true);
}

static void put_claims(struct json_out *j, const char *const *ours) {
    json_open_array(j, "claims_supported");
    for (size_t i = 0; ours[i] != NULL; i++) {
        json_put_z(j, NULL, ours[i]);
    }
    for (size_t i = 0; standard_claim_at(i) != NULL; i++) {
        json_put_z(j, NULL, standard_claim_at(i));
    }
    json_close_array(j);
}

const char *const page_languages[] = {"en", "de", "es", "fr", "ja", NULL};

static struct str openid_body(struct ctx *cx, const struct environment *e) {
    static const char *const subjects[] = {"public", NULL};
    static const char *const claim_types[] = {"normal", NULL};
    static const char *const claims[] = {
        "sub",        "iss",         "aud",         "exp",      "iat",     "auth_time", "nonce",
        "acr",        "amr",         "c_hash",      "azp",      "at_hash", "sid",       "name",
        "given_name", "family_name", "userId",      "tenantId", "tenant",  "area",      "icAgentId",
        "icBUId",     "icSPId",      "icClusterId", "icDomain", NULL};
    struct buf b = buf_in(cx->arena, 4096);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    put_endpoints(&j, cx, e);
    put_client_authentication(&j);
    put_scopes_and_grants(&j);
    put_authorization(&j);
    put_list(&j, "subject_types_supported", subjects);
    put_token_algs(&j, e, "id_token_signing_alg_values_supported");
    put_list(&j, "claim_types_supported", claim_types);
    put_claims(&j, claims);
    put_list(&j, "ui_locales_supported", page_languages);
    json_put_bool(&j, "claims_parameter_supported", true);
    json_put_bool(&j, "request_parameter_supported", false);
    json_put_bool(&j, "request_uri_parameter_supported", false);
    json_close_object(&j);
    return buf_view(&b);
}

err discovery_decorate(struct ctx *cx, struct environment *e) {
    TRY(jwks_document(cx, e, &e->documents[DOCUMENT_JWKS]));
    e->documents[DOCUMENT_OPENID] = document_of(cx->arena, openid_body(cx, e));
    return OK;
}

err discovery_get(struct ctx *cx, const struct request *rq, struct reply *rp) {
    document_reply(cx, rq, &rq->environment->documents[DOCUMENT_OPENID], rp);
    return OK;
}
