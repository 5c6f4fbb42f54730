/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of object in a declaration and its members. A new member is a row here, its column in
 * the kind's statements, and a property in docs/declaration.schema.json (a test compares them). */
#include "declare.h"

#define KIND(variable, kind_name, table)                                                           \
    const struct declare_kind variable = {                                                         \
        .name = (kind_name), .members = (table), .n = COUNT_OF(table)}

static err lifetimes_normal(struct ctx *cx, struct str json, struct str *ret_json) {
    struct lifetimes l;
    TRY(lifetimes_parse(cx, json, &l));
    *ret_json = lifetimes_write(cx->arena, &l);
    return OK;
}

static err login_policy_normal(struct ctx *cx, struct str json, struct str *ret_json) {
    struct login_policy p;
    TRY(login_policy_parse(cx, json, &p));
    *ret_json = login_policy_write(cx->arena, &p);
    return OK;
}

/* Without the secret, which is stored apart. */
static err login_provider_normal(struct ctx *cx, struct str json, struct str *ret_json) {
    struct login_provider p;
    TRY(login_provider_parse(cx, json, &p));
    *ret_json = login_provider_write(cx->arena, &p);
    return OK;
}

/* clang-format off */
static const struct declare_member lifetimes_members[] = {
    {.name = "access", .type = DECLARE_INT, .check = declare_seconds_check},
    {.name = "id", .type = DECLARE_INT, .check = declare_seconds_check},
    {.name = "refresh", .type = DECLARE_INT, .check = declare_seconds_check},
    {.name = "refreshClient", .type = DECLARE_INT, .check = declare_seconds_check},
    {.name = "jitter", .type = DECLARE_INT, .check = declare_seconds_check},
};
const struct declare_kind declare_lifetimes = {
    .name = "lifetimes", .members = lifetimes_members, .n = COUNT_OF(lifetimes_members), .write = lifetimes_normal};

static const struct declare_member hosts_members[] = {
    {.name = "ui", .type = DECLARE_TEXT, .check = declare_template_check},
    {.name = "auth", .type = DECLARE_TEXT, .check = declare_template_check},
    {.name = "api", .type = DECLARE_TEXT, .check = declare_template_check},
    {.name = "cluster", .type = DECLARE_TEXT, .check = declare_template_check},
    {.name = "acd", .type = DECLARE_TEXT, .check = declare_template_check},
    {.name = "aliases", .type = DECLARE_TEXTS, .check = declare_alias_check},
};
KIND(declare_hosts, "hosts", hosts_members);

static const struct declare_member area_members[AREA_N] = {
    [AREA_AREA] = {.name = "area", .type = DECLARE_TEXT, .need = NEED_ALWAYS, .column = true, .check = declare_identifier_check},
    [AREA_DOMAIN] = {.name = "domain", .type = DECLARE_TEXT, .need = NEED_NEW, .column = true, .check = declare_domain_check},
    [AREA_ACD_DOMAIN] = {.name = "acdDomain", .type = DECLARE_TEXT, .need = NEED_NEW, .column = true, .check = declare_domain_check},
    [AREA_UH_DOMAIN] = {.name = "uhDomain", .type = DECLARE_TEXT, .column = true, .check = declare_domain_check},
    [AREA_CLUSTERS] = {.name = "clusters", .type = DECLARE_TEXTS, .check = declare_identifier_check},
};
KIND(declare_area, "area", area_members);

static const struct declare_member business_unit_members[BUSINESS_UNIT_N] = {
    [BUSINESS_UNIT_NUMBER] = {.name = "number", .type = DECLARE_INT, .need = NEED_ALWAYS, .check = declare_positive_check},
    [BUSINESS_UNIT_NAME] = {.name = "name", .type = DECLARE_TEXT, .column = true, .otherwise = "", .check = declare_label_check},
    [BUSINESS_UNIT_PRIMARY] = {.name = "primary", .type = DECLARE_BOOL},
};
KIND(declare_business_unit, "business_unit", business_unit_members);

static const struct declare_member role_members[ROLE_N] = {
    [ROLE_ID] = {.name = "id", .type = DECLARE_UUID},
    [ROLE_NAME] = {.name = "name", .type = DECLARE_TEXT, .need = NEED_ALWAYS, .column = true, .check = declare_label_check},
    [ROLE_LEGACY_ID] = {.name = "legacyId", .type = DECLARE_TEXT, .column = true, .otherwise = "Custom", .check = declare_label_check},
    [ROLE_PERMISSIONS] = {.name = "permissions", .type = DECLARE_WORDS, .column = true, .otherwise = "", .check = declare_permission_check},
};
KIND(declare_role, "role", role_members);

static const struct declare_member access_key_members[ACCESS_KEY_N] = {
    [ACCESS_KEY_ID] = {.name = "accessKeyId", .type = DECLARE_TEXT, .check = declare_access_key_id_check},
    [ACCESS_KEY_SECRET] = {.name = "accessKeySecret", .type = DECLARE_SECRET, .check = declare_access_key_secret_check},
    [ACCESS_KEY_IS_ACTIVE] = {.name = "isActive", .type = DECLARE_BOOL, .column = true, .otherwise = "1"},
};
KIND(declare_access_key, "access_key", access_key_members);

static const struct declare_member login_policy_members[] = {
    {.name = "passwordMin", .type = DECLARE_INT},
    {.name = "upper", .type = DECLARE_BOOL},
    {.name = "lower", .type = DECLARE_BOOL},
    {.name = "digit", .type = DECLARE_BOOL},
    {.name = "special", .type = DECLARE_BOOL},
    {.name = "history", .type = DECLARE_INT},
    {.name = "maxAgeDays", .type = DECLARE_INT},
    {.name = "lockAfter", .type = DECLARE_INT},
    {.name = "lockSeconds", .type = DECLARE_INT},
    {.name = "idleSeconds", .type = DECLARE_INT},
    {.name = "sessionSeconds", .type = DECLARE_INT},
    {.name = "mfa", .type = DECLARE_TEXT, .check = declare_factor_check},
};
const struct declare_kind declare_login_policy = {
    .name = "login_policy", .members = login_policy_members, .n = COUNT_OF(login_policy_members), .write = login_policy_normal};

static const struct declare_member login_provider_members[PROVIDER_N] = {
    [PROVIDER_ISSUER] = {.name = "issuer", .type = DECLARE_TEXT, .check = declare_provider_issuer_check},
    [PROVIDER_CLIENT_ID] = {.name = "clientId", .type = DECLARE_TEXT, .check = declare_provider_client_check},
    [PROVIDER_CLIENT_SECRET] = {.name = "clientSecret", .type = DECLARE_SECRET, .check = declare_provider_secret_check},
    [PROVIDER_SCOPE] = {.name = "scope", .type = DECLARE_WORDS, .check = declare_provider_scope_check},
    [PROVIDER_CLAIM] = {.name = "claim", .type = DECLARE_TEXT, .check = declare_provider_claim_check},
};
const struct declare_kind declare_login_provider = {
    .name = "login_provider", .members = login_provider_members, .n = COUNT_OF(login_provider_members), .write = login_provider_normal};

static const struct declare_member login_authenticator_members[LOGIN_AUTHENTICATOR_N] = {
    [LOGIN_AUTHENTICATOR_NAME] = {.name = "name", .type = DECLARE_TEXT, .need = NEED_ALWAYS, .column = true, .check = declare_label_check},
    [LOGIN_AUTHENTICATOR_KIND] = {.name = "kind", .type = DECLARE_TEXT, .column = true, .otherwise = "system", .check = declare_login_kind_check},
    [LOGIN_AUTHENTICATOR_DEFAULT] = {.name = "default", .type = DECLARE_BOOL, .column = true, .otherwise = "0"},
    [LOGIN_AUTHENTICATOR_POLICY] = {.name = "policy", .type = DECLARE_OBJECT, .column = true, .otherwise = "{}", .of = &declare_login_policy},
    [LOGIN_AUTHENTICATOR_PROVIDER] = {.name = "provider", .type = DECLARE_OBJECT, .column = true, .otherwise = "{}", .of = &declare_login_provider},
};
KIND(declare_login_authenticator, "login_authenticator", login_authenticator_members);

static const struct declare_member employee_members[EMPLOYEE_N] = {
    [EMPLOYEE_ID] = {.name = "id", .type = DECLARE_UUID},
    [EMPLOYEE_USER_NAME] = {.name = "userName", .type = DECLARE_TEXT, .column = true, .check = declare_user_name_check},
    [EMPLOYEE_EMAIL_ADDRESS] = {.name = "emailAddress", .type = DECLARE_TEXT, .column = true, .check = declare_user_name_check},
    [EMPLOYEE_FIRST_NAME] = {.name = "firstName", .type = DECLARE_TEXT, .need = NEED_NEW, .column = true, .check = declare_employee_name_check},
    [EMPLOYEE_MIDDLE_NAME] = {.name = "middleName", .type = DECLARE_TEXT, .column = true, .otherwise = "", .check = declare_employee_name_check},
    [EMPLOYEE_LAST_NAME] = {.name = "lastName", .type = DECLARE_TEXT, .need = NEED_NEW, .column = true, .check = declare_employee_name_check},
    [EMPLOYEE_DISPLAY_NAME] = {.name = "displayName", .type = DECLARE_TEXT, .column = true, .check = declare_label_check},
    [EMPLOYEE_ROLE] = {.name = "role", .type = DECLARE_TEXT, .need = NEED_NEW, .column = true},
    [EMPLOYEE_SECONDARY_ROLES] = {.name = "secondaryRoles", .type = DECLARE_WORDS, .column = true, .otherwise = ""},
    [EMPLOYEE_TEAM_ID] = {.name = "teamId", .type = DECLARE_TEXT, .column = true, .otherwise = "", .check = declare_identifier_check},
    [EMPLOYEE_AGENT_ID] = {.name = "agentId", .type = DECLARE_INT, .column = true, .check = declare_positive_check},
    [EMPLOYEE_TYPE] = {.name = "type", .type = DECLARE_TEXT, .column = true, .otherwise = "user", .check = declare_employee_type_check},
    [EMPLOYEE_STATUS] = {.name = "status", .type = DECLARE_TEXT, .column = true, .otherwise = "ACTIVE", .check = declare_status_check},
    [EMPLOYEE_ATTRIBUTES] = {.name = "attributes", .type = DECLARE_JSON, .column = true, .otherwise = "{}"},
    [EMPLOYEE_LOGIN_AUTHENTICATOR] = {.name = "loginAuthenticator", .type = DECLARE_TEXT},
    [EMPLOYEE_EXTERNAL_SUBJECT] = {.name = "externalSubject", .type = DECLARE_TEXT, .check = declare_subject_check},
    [EMPLOYEE_INVITE] = {.name = "invite", .type = DECLARE_TEXT, .check = declare_language_check},
    [EMPLOYEE_PASSWORD] = {.name = "password", .type = DECLARE_SECRET, .check = declare_password_check},
    [EMPLOYEE_ACCESS_KEYS] = {.name = "accessKeys", .type = DECLARE_OBJECTS, .of = &declare_access_key},
};
KIND(declare_employee, "employee", employee_members);

static const struct declare_member application_members[APPLICATION_N] = {
    [APPLICATION_ID] = {.name = "clientId", .type = DECLARE_UUID},
    [APPLICATION_NAME] = {.name = "name", .type = DECLARE_TEXT, .need = NEED_ALWAYS, .column = true, .check = declare_vendor_check},
    [APPLICATION_VENDOR] = {.name = "vendor", .type = DECLARE_TEXT, .need = NEED_ALWAYS, .column = true, .check = declare_vendor_check},
    [APPLICATION_DESCRIPTION] = {.name = "description", .type = DECLARE_TEXT, .column = true, .otherwise = ""},
    [APPLICATION_CONTACTS] = {.name = "contacts", .type = DECLARE_TEXTS, .column = true, .otherwise = "[]", .check = declare_user_name_check},
    [APPLICATION_TYPE] = {.name = "type", .type = DECLARE_TEXT, .need = NEED_NEW, .column = true, .check = declare_application_type_check},
    [APPLICATION_TENANCY] = {.name = "tenancy", .type = DECLARE_TEXT, .column = true, .otherwise = "single", .check = declare_tenancy_check},
    [APPLICATION_BUSINESS_UNIT] = {.name = "businessUnit", .type = DECLARE_INT, .column = true, .check = declare_positive_check},
    [APPLICATION_AUTH_METHOD] = {.name = "authMethod", .type = DECLARE_TEXT, .column = true, .check = declare_auth_method_check},
    [APPLICATION_JWKS_ENDPOINT] = {.name = "jwksEndpoint", .type = DECLARE_TEXT, .column = true, .check = declare_fetch_check},
    [APPLICATION_JWKS] = {.name = "jwks", .type = DECLARE_JSON, .column = true},
    [APPLICATION_SCOPE] = {.name = "scope", .type = DECLARE_WORDS, .column = true, .otherwise = "openid", .check = declare_scope_check},
    [APPLICATION_REDIRECTS] = {.name = "redirects", .type = DECLARE_TEXTS, .column = true, .otherwise = "[]", .check = declare_redirect_check},
    [APPLICATION_ORIGINS] = {.name = "origins", .type = DECLARE_TEXTS, .column = true, .otherwise = "[]", .check = declare_origin_check},
    [APPLICATION_LOGOUTS] = {.name = "logouts", .type = DECLARE_TEXTS, .column = true, .otherwise = "[]", .check = declare_redirect_check},
    [APPLICATION_RESPONSE_TYPES] = {.name = "responseTypes", .type = DECLARE_TEXTS, .column = true, .check = declare_response_type_check},
    [APPLICATION_TOKEN_ALG] = {.name = "tokenAlg", .type = DECLARE_TEXT, .column = true, .otherwise = "RS256", .check = declare_token_alg_check},
    [APPLICATION_LIFETIMES] = {.name = "lifetimes", .type = DECLARE_OBJECT, .column = true, .otherwise = "{}", .of = &declare_lifetimes},
    [APPLICATION_IS_ENABLED] = {.name = "isEnabled", .type = DECLARE_BOOL, .column = true, .otherwise = "1"},
    [APPLICATION_SECRET] = {.name = "secret", .type = DECLARE_SECRET, .check = declare_client_secret_check},
    [APPLICATION_ALLOWED_TENANTS] = {.name = "allowedTenants", .type = DECLARE_TEXTS},
    [APPLICATION_BLOCKED_TENANTS] = {.name = "blockedTenants", .type = DECLARE_TEXTS},
};
KIND(declare_application, "application", application_members);

/* The languages of the pages (web/texts/; a test compares them). */
static const struct declare_member branding_text_members[] = {
    {.name = "welcome", .type = DECLARE_TEXT, .check = declare_brand_text_check},
    {.name = "support", .type = DECLARE_TEXT, .check = declare_brand_text_check},
    {.name = "help", .type = DECLARE_TEXT, .check = declare_brand_link_check},
};
KIND(declare_branding_text, "branding_text", branding_text_members);

static const struct declare_member branding_texts_members[] = {
    {.name = "en", .type = DECLARE_OBJECT, .of = &declare_branding_text},
    {.name = "de", .type = DECLARE_OBJECT, .of = &declare_branding_text},
    {.name = "es", .type = DECLARE_OBJECT, .of = &declare_branding_text},
    {.name = "fr", .type = DECLARE_OBJECT, .of = &declare_branding_text},
    {.name = "ja", .type = DECLARE_OBJECT, .of = &declare_branding_text},
};
KIND(declare_branding_texts, "branding_texts", branding_texts_members);

static const struct declare_member branding_members[BRANDING_N] = {
    [BRANDING_NAME] = {.name = "name", .type = DECLARE_TEXT, .check = declare_brand_name_check},
    [BRANDING_LOGO] = {.name = "logo", .type = DECLARE_IMAGE},
    [BRANDING_BANNER] = {.name = "banner", .type = DECLARE_IMAGE},
    [BRANDING_ACCENT] = {.name = "accent", .type = DECLARE_TEXT, .check = declare_accent_check},
    [BRANDING_ACCENT_DARK] = {.name = "accentDark", .type = DECLARE_TEXT, .check = declare_accent_dark_check},
    [BRANDING_TEXTS] = {.name = "texts", .type = DECLARE_OBJECT, .of = &declare_branding_texts},
};
KIND(declare_branding_kind, "branding", branding_members);

static const struct declare_member tenant_members[TENANT_N] = {
    [TENANT_ID] = {.name = "tenantId", .type = DECLARE_UUID},
    [TENANT_TENANT] = {.name = "tenant", .type = DECLARE_TEXT, .need = NEED_ALWAYS, .column = true, .check = declare_identifier_check},
    [TENANT_AREA] = {.name = "area", .type = DECLARE_TEXT, .need = NEED_NEW, .column = true},
    [TENANT_CLUSTER] = {.name = "cluster", .type = DECLARE_TEXT, .need = NEED_NEW, .column = true},
    [TENANT_SP_ID] = {.name = "spId", .type = DECLARE_TEXT, .column = true, .otherwise = "", .check = declare_identifier_check},
    [TENANT_PRIVATE] = {.name = "private", .type = DECLARE_BOOL, .column = true, .otherwise = "0"},
    [TENANT_IS_ENABLED] = {.name = "isEnabled", .type = DECLARE_BOOL, .column = true, .otherwise = "1"},
    [TENANT_LIFETIMES] = {.name = "lifetimes", .type = DECLARE_OBJECT, .column = true, .otherwise = "{}", .of = &declare_lifetimes},
    [TENANT_BRANDING] = {.name = "branding", .type = DECLARE_OBJECT, .of = &declare_branding_kind},
    [TENANT_BUSINESS_UNITS] = {.name = "businessUnits", .type = DECLARE_OBJECTS, .of = &declare_business_unit},
    [TENANT_ROLES] = {.name = "roles", .type = DECLARE_OBJECTS, .of = &declare_role},
    [TENANT_LOGIN_AUTHENTICATORS] = {.name = "loginAuthenticators", .type = DECLARE_OBJECTS, .of = &declare_login_authenticator},
    [TENANT_EMPLOYEES] = {.name = "employees", .type = DECLARE_OBJECTS, .of = &declare_employee},
    [TENANT_APPLICATIONS] = {.name = "applications", .type = DECLARE_OBJECTS, .of = &declare_application},
};
KIND(declare_tenant, "tenant", tenant_members);

static const struct declare_member environment_members[ENVIRONMENT_N] = {
    [ENVIRONMENT_NAME] = {.name = "name", .type = DECLARE_TEXT, .need = NEED_ALWAYS, .column = true, .check = declare_identifier_check},
    [ENVIRONMENT_ISSUER] = {.name = "issuer", .type = DECLARE_TEXT, .need = NEED_NEW, .column = true, .check = declare_issuer_check},
    [ENVIRONMENT_DEFAULT] = {.name = "default", .type = DECLARE_BOOL, .column = true, .otherwise = "0"},
    [ENVIRONMENT_HOSTS] = {.name = "hosts", .type = DECLARE_OBJECT, .column = true, .otherwise = "{}", .of = &declare_hosts},
    [ENVIRONMENT_LIFETIMES] = {.name = "lifetimes", .type = DECLARE_OBJECT, .column = true, .otherwise = "{}", .of = &declare_lifetimes},
    [ENVIRONMENT_AREAS] = {.name = "areas", .type = DECLARE_OBJECTS, .of = &declare_area},
    [ENVIRONMENT_TENANTS] = {.name = "tenants", .type = DECLARE_OBJECTS, .of = &declare_tenant},
};
KIND(declare_environment, "environment", environment_members);

static const struct declare_member top_members[TOP_N] = {
    [TOP_SCHEMA] = {.name = "$schema", .type = DECLARE_TEXT},
    [TOP_ENVIRONMENTS] = {.name = "environments", .type = DECLARE_OBJECTS, .need = NEED_ALWAYS, .of = &declare_environment},
};
KIND(declare_top, "declaration", top_members);
/* clang-format on */

const struct declare_kind *declare_kind_at(size_t i) {
    static const struct declare_kind *const kinds[] = {&declare_top,
                                                       &declare_environment,
                                                       &declare_hosts,
                                                       &declare_lifetimes,
                                                       &declare_area,
                                                       &declare_tenant,
                                                       &declare_business_unit,
                                                       &declare_role,
                                                       &declare_employee,
                                                       &declare_access_key,
                                                       &declare_application,
                                                       &declare_login_policy,
                                                       &declare_login_provider,
                                                       &declare_login_authenticator,
                                                       &declare_branding_kind,
                                                       &declare_branding_texts,
                                                       &declare_branding_text};
    return i < COUNT_OF(kinds) ? kinds[i] : NULL;
}
