/* SPDX-License-Identifier: Apache-2.0 */
/* The claims of our tokens (PROTOCOL 4; the samples of seed 000 decoded), written in one pass. */
#include "oauth_internal.h"

#define CLAIMS_EXPECTED 1536

static struct str subject(struct arena *a, const struct issue *issue) {
    if (issue->user != NULL) {
        return str_format(a, "user:%.*s", STR_ARG(issue->user->employee.employee_id));
    }
    return str_format(a, "client:%.*s", STR_ARG(issue->client->application.application_id));
}

static void put_role(struct json_out *j, const struct user *user) {
    json_open_object(j, "role");
    json_put_str(j, "legacyId", user->role.legacy_id);
    json_put_str(j, "id", user->role.role_id);
    json_put_int(j, "lastUpdateTime", user->role.updated_ms);
    json_open_array(j, "secondaryRoles");
    struct str rest = user->employee.secondary_roles, role_id;
    while (str_next(&rest, ' ', &role_id)) {
        if (!str_empty(role_id)) {
            json_put_str(j, NULL, role_id);
        }
    }
    json_close_array(j);
    json_close_object(j);
    json_open_object(j, "views");
    json_close_object(j);
}

/* What access and id token say of the user; icAgentId is text, icBUId a number: as the samples have
 * them. */
static void put_user(struct json_out *j, struct arena *a, const struct issue *issue) {
    const struct employee *employee = &issue->user->employee;
    json_put_str(j, "icAgentId", str_format(a, "%lld", (long long)employee->agent_id));
    json_put_str(j, "name", employee->user_name);
    json_put_str(j, "given_name", employee->first_name);
    json_put_str(j, "family_name", employee->last_name);
}

static void put_tenant(struct json_out *j, const struct issue *issue) {
    json_put_str(j, "icSPId", issue->tenant.sp_id);
    json_put_int(j, "icBUId", issue->tenant.primary_business_unit);
    json_put_str(j, "icClusterId", issue->tenant.cluster);
    json_put_str(j, "tenantId", issue->tenant.tenant_id);
    json_put_str(j, "tenant", issue->tenant.tenant);
}

static void put_times(struct json_out *j, const struct ctx *cx, int64_t lifetime) {
    json_put_int(j, "iat", cx->now);
    json_put_int(j, "exp", cx->now + lifetime);
}

struct str claims_access(struct ctx *cx, const struct request *rq, const struct issue *issue,
                         int64_t lifetime) {
    struct str client_id = issue->client->application.application_id;
    struct buf b = buf_in(cx->arena, CLAIMS_EXPECTED);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    if (issue->user != NULL) {
        put_role(&j, issue->user);
        put_user(&j, cx->arena, issue);
    }
    put_tenant(&j, issue);
    json_put_str(&j, "sub", subject(cx->arena, issue));
    json_put_str(&j, "iss", rq->environment->issuer);
    json_put_str(&j, "aud", str_format(cx->arena, "%.*s" AUDIENCE_SUFFIX, STR_ARG(client_id)));
    json_put_str(&j, "client_id", client_id);
    json_put_str(&j, "scope", issue->scope);
    json_put_str(&j, "sid", issue->session.session_id);
    json_put_str(&j, "jti", uuid_v7(cx));
    put_times(&j, cx, lifetime);
    json_close_object(&j);
    return buf_view(&b);
}

/* OpenID Connect Core 3.1.3.6, 3.3.2.11: the left half of the digest that the signature uses
 * (Ed25519: SHA-512). */
static void put_half_hash(struct json_out *j, struct ctx *cx, const struct issue *issue,
                          const char *claim, struct str of) {
    unsigned char digest[SHA512_SIZE];
    size_t size = SHA256_SIZE;
    if (str_empty(of)) {
        return;
    }
    if (str_is(issue->client->application.token_alg, "EdDSA")) {
        size = SHA512_SIZE;
        sha512(of.p, of.n, digest);
    } else {
        sha256(of.p, of.n, digest);
    }
    json_put_str(j, claim, base64url(cx->arena, digest, size / 2));
}

/* How it was signed in for: what the authorization request asked to hear (Core 2). */
static void put_authentication(struct json_out *j, const struct issue *issue) {
    struct str rest = issue->amr, word;
    json_put_int(j, "auth_time", issue->auth_at);
    json_put_str_if(j, "nonce", issue->nonce);
    json_put_str_if(j, "acr", acr_of(issue->amr));
    if (str_empty(rest)) {
        return;
    }
    json_open_array(j, "amr");
    while (str_next(&rest, ' ', &word)) {
        if (!str_empty(word)) {
            json_put_str(j, NULL, word);
        }
    }
    json_close_array(j);
}

struct str claims_id(struct ctx *cx, const struct request *rq, const struct issue *issue,
                     int64_t lifetime, struct str access_token) {
    struct str client_id = issue->client->application.application_id;
    const struct area *area = environment_area(rq->environment, issue->tenant.area);
    struct buf b = buf_in(cx->arena, CLAIMS_EXPECTED);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    put_user(&j, cx->arena, issue);
    put_tenant(&j, issue);
    json_put_str(&j, "icDomain", area != NULL ? area->acd_domain : STR(""));
    json_put_str(&j, "area", issue->tenant.area);
    json_put_str(&j, "sub", subject(cx->arena, issue));
    json_put_str(&j, "userId", issue->user->employee.employee_id);
    json_put_str(&j, "iss", rq->environment->issuer);
    json_put_str(&j, "aud", client_id);
    json_put_str(&j, "azp", client_id);
    json_put_str(&j, "sid", issue->session.session_id);
    put_authentication(&j, issue);
    put_half_hash(&j, cx, issue, "at_hash", access_token);
    put_half_hash(&j, cx, issue, "c_hash", issue->code_text);
    standard_claims_put(cx, &j, &issue->user->employee,
                        standard_claims_allowed(issue->id_claims, issue->scope));
    put_times(&j, cx, lifetime);
    json_close_object(&j);
    return buf_view(&b);
}

struct str claims_refresh(struct ctx *cx, const struct request *rq, const struct issue *issue,
                          int64_t lifetime) {
    struct str client_id = issue->client->application.application_id;
    struct buf b = buf_in(cx->arena, 512);
    struct json_out j = json_to(&b);
    json_open_object(&j, NULL);
    json_put_str(&j, "aud", str_format(cx->arena, "%.*s" AUDIENCE_SUFFIX, STR_ARG(client_id)));
    json_put_str(&j, "iss", rq->environment->issuer);
    json_put_str(&j, "id", issue->user != NULL ? issue->user->employee.employee_id : client_id);
    json_put_str(&j, "sessionId", issue->session.session_id);
    json_put_str(&j, "tenantId", issue->tenant.tenant_id);
    /* Two refreshes within one second are two tokens. */
    json_put_str(&j, "jti", random_text(cx, 16));
    put_times(&j, cx, lifetime);
    json_close_object(&j);
    return buf_view(&b);
}
