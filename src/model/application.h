/* SPDX-License-Identifier: Apache-2.0 */
/* A part of model.h: tenants and their applications. */
#ifndef POSTERN_MODEL_APPLICATION_H
#define POSTERN_MODEL_APPLICATION_H

#include "platform.h"

/* ---- tenant.c ---- */

struct tenant {
    struct str tenant_id, environment_id, tenant, area, cluster, sp_id;
    int64_t primary_business_unit;
    bool is_private, is_enabled;
    struct lifetimes lifetimes;
};
/* ERR_NOT_FOUND also if it belongs to another environment. Disabled ones are found. */
err tenant_find(struct ctx *cx, struct str environment_id, struct str tenant_id,
                struct tenant *ret_tenant);

/* ---- application.c ---- */

struct application {
    struct str application_id, tenant_id, environment_id;
    struct str name, vendor, description, contacts;
    struct str type, tenancy, auth_method;
    int64_t business_unit;
    struct str jwks_endpoint, jwks;
    int64_t jwks_fetched_at;
    struct str scope; /* words */
    struct str redirects, origins, logouts;
    struct str response_types; /* JSON list of RFC 6749 3.1.1's names, as response_type_at() */
    struct str token_alg;
    struct lifetimes lifetimes;
    struct str secret_digest, secret_sealed, old_secret_digest, old_secret_sealed;
    int64_t old_secret_until;
    bool is_enabled;
    bool tenant_enabled; /* the owner's; true for the built-in one */
    struct str created_by, modified_by;
    int64_t created_at, modified_at, last_used_at, deletion_at;
};
/* By client_id in this environment, what a token request needs of it. ERR_NOT_FOUND: unknown, or of
 * another environment. */
err client_find(struct ctx *cx, struct str environment_id, struct str client_id,
                struct application *ret_application);
/* The whole row, inside its owner tenant. */
err application_find(struct ctx *cx, struct str tenant_id, struct str application_id,
                     struct application *ret_application);
/* May users of this tenant use it? And may it act there by itself (client_credentials)? One
 * statement. */
struct application_access {
    bool users, itself;
};
err application_access(struct ctx *cx, const struct application *a, struct str tenant_id,
                       struct application_access *ret_access);
err application_used(struct ctx *cx,
                     const struct application *a); /* last_used_at = now, at most once a minute */
/* What a fetch of jwks_endpoint brought; STR_NONE: nothing, the stored set stays. */
err application_jwks_store(struct ctx *cx, const struct application *a, struct str jwks);
err origin_registered(struct ctx *cx, struct str environment_id, struct str origin,
                      bool *ret_registered);
/* A new secret: the given text or, if that is absent, 32 random bytes as base64url; its digest;
 * and, if there is a master key (client_secret_jwt), its sealed form. */
struct secret_new {
    struct str text; /* shown once */
    struct str digest, sealed;
};
/* ERR_INVALID_REQUEST: the given one is empty, longer than APPLICATION_SECRET_MAX or has controls.
 */
#define APPLICATION_SECRET_MAX 256
err application_secret_new(struct ctx *cx, const struct seal_key *master, struct str application_id,
                           struct str given, struct secret_new *ret_secret);
/* secret_sealed or old_secret_sealed, read with the platform's key. */
err application_secret_open(struct ctx *cx, const struct application *a, struct str sealed,
                            struct secret *ret_secret);
/* "name@vendor" in lower case: the key of application_name_index. */
struct str application_name_folded(struct arena *a, struct str name, struct str vendor);

/* ---- assertion.c, generated_key.c ---- */

/* ERR_INVALID_CLIENT if this jti was used before. */
err assertion_use(struct ctx *cx, const struct application *a, struct str jti, int64_t expires_at);

#define GENERATED_KEY_SECONDS 600
struct generated_key {
    struct str tenant_id, generated_key_id, employee_id;
    int64_t expires_at;
};
err generated_key_create(struct ctx *cx, const struct generated_key *k);
err generated_key_use(struct ctx *cx, struct str tenant_id,
                      struct str generated_key_id); /* once; ERR_INVALID_GRANT */

#endif
