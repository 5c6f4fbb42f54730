/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of plan and apply. The file's text becomes JSON, the JSON becomes objects as the tables in
 * declare_members.c describe them (declare_read.c), the objects are compared with the rows one kind
 * after the other (declare_environment.c and its neighbours), and what differs is written. A
 * mistake is noted and the reading goes on, so that one run shows several; nothing is committed
 * when there is one. */
#ifndef POSTERN_DECLARE_H
#define POSTERN_DECLARE_H

#include "model.h"

/* ---- declare_position.c: where something stands in the text
 * -------------------------------------- */

struct declare_at {
    const struct declare_at *parent; /* NULL: the whole file */
    const char *key;                 /* a member; NULL: element `index` of a list */
    size_t index;
};
/* "environments[0].tenants[1].roles[0].name" */
struct str declare_at_text(struct arena *a, const struct declare_at *at);
/* Where the member's name, or the element, begins; for what is absent the nearest thing around it.
 */
size_t declare_position(struct arena *a, struct str text, const struct declare_at *at);
size_t declare_line(struct str text, size_t position); /* from 1 */

/* ---- declare_members.c: every kind of object and its members
 * ------------------------------------- */

enum declare_type {
    DECLARE_TEXT,    /* a string */
    DECLARE_UUID,    /* a string, stored in lower case */
    DECLARE_INT,     /* an integer */
    DECLARE_BOOL,    /* true, false */
    DECLARE_TEXTS,   /* a list of strings, stored as JSON */
    DECLARE_WORDS,   /* a list of strings, stored with a space between them */
    DECLARE_JSON,    /* an object, stored as it is */
    DECLARE_OBJECT,  /* one object of kind `of`, stored as JSON */
    DECLARE_OBJECTS, /* a list of objects of kind `of` */
    DECLARE_SECRET,  /* a string, {"env": NAME} or {"generate": true} */
    DECLARE_IMAGE,   /* base64 of an image, or "" */
    DECLARE_TYPES
};
enum declare_need {
    NEED_NEVER,
    NEED_NEW,   /* when the object does not exist yet */
    NEED_ALWAYS /* the object's natural name */
};
struct declare_member {
    const char *name;
    enum declare_type type;
    enum declare_need need;
    bool column;           /* the members with it are a row's columns, in this order */
    const char *otherwise; /* what a new object stores when it is absent; NULL: NULL */
    /* NULL, or what would be right. Lists: asked for each item. */
    const char *(*check)(struct ctx *cx, struct str text);
    const struct declare_kind *of;
};
struct declare_kind {
    const char *name; /* "access_key": also the first word of audit actions */
    const struct declare_member *members;
    size_t n;
    /* DECLARE_OBJECT: the stored form, checked; NULL: as it is. */
    err (*write)(struct ctx *cx, struct str json, struct str *ret_json);
};

enum { TOP_SCHEMA, TOP_ENVIRONMENTS, TOP_N };
enum {
    ENVIRONMENT_NAME,
    ENVIRONMENT_ISSUER,
    ENVIRONMENT_DEFAULT,
    ENVIRONMENT_HOSTS,
    ENVIRONMENT_LIFETIMES,
    ENVIRONMENT_AREAS,
    ENVIRONMENT_TENANTS,
    ENVIRONMENT_N
};
enum { AREA_AREA, AREA_DOMAIN, AREA_ACD_DOMAIN, AREA_UH_DOMAIN, AREA_CLUSTERS, AREA_N };
enum {
    TENANT_ID,
    TENANT_TENANT,
    TENANT_AREA,
    TENANT_CLUSTER,
    TENANT_SP_ID,
    TENANT_PRIVATE,
    TENANT_IS_ENABLED,
    TENANT_LIFETIMES,
    TENANT_BRANDING,
    TENANT_BUSINESS_UNITS,
    TENANT_ROLES,
    TENANT_LOGIN_AUTHENTICATORS,
    TENANT_EMPLOYEES,
    TENANT_APPLICATIONS,
    TENANT_N
};
enum {
    BRANDING_NAME,
    BRANDING_LOGO,
    BRANDING_BANNER,
    BRANDING_ACCENT,
    BRANDING_ACCENT_DARK,
    BRANDING_TEXTS,
    BRANDING_N
};
enum { BUSINESS_UNIT_NUMBER, BUSINESS_UNIT_NAME, BUSINESS_UNIT_PRIMARY, BUSINESS_UNIT_N };
enum { ROLE_ID, ROLE_NAME, ROLE_LEGACY_ID, ROLE_PERMISSIONS, ROLE_N };
enum {
    EMPLOYEE_ID,
    EMPLOYEE_USER_NAME,
    EMPLOYEE_EMAIL_ADDRESS,
    EMPLOYEE_FIRST_NAME,
    EMPLOYEE_MIDDLE_NAME,
    EMPLOYEE_LAST_NAME,
    EMPLOYEE_DISPLAY_NAME,
    EMPLOYEE_ROLE,
    EMPLOYEE_SECONDARY_ROLES,
    EMPLOYEE_TEAM_ID,
    EMPLOYEE_AGENT_ID,
    EMPLOYEE_TYPE,
    EMPLOYEE_STATUS,
    EMPLOYEE_ATTRIBUTES,
    EMPLOYEE_LOGIN_AUTHENTICATOR,
    EMPLOYEE_EXTERNAL_SUBJECT,
    EMPLOYEE_INVITE,
    EMPLOYEE_PASSWORD,
    EMPLOYEE_ACCESS_KEYS,
    EMPLOYEE_N
};
enum {
    LOGIN_AUTHENTICATOR_NAME,
    LOGIN_AUTHENTICATOR_KIND,
    LOGIN_AUTHENTICATOR_DEFAULT,
    LOGIN_AUTHENTICATOR_POLICY,
    LOGIN_AUTHENTICATOR_PROVIDER,
    LOGIN_AUTHENTICATOR_N
};
enum {
    PROVIDER_ISSUER,
    PROVIDER_CLIENT_ID,
    PROVIDER_CLIENT_SECRET,
    PROVIDER_SCOPE,
    PROVIDER_CLAIM,
    PROVIDER_N
};
enum { ACCESS_KEY_ID, ACCESS_KEY_SECRET, ACCESS_KEY_IS_ACTIVE, ACCESS_KEY_N };
enum {
    APPLICATION_ID,
    APPLICATION_NAME,
    APPLICATION_VENDOR,
    APPLICATION_DESCRIPTION,
    APPLICATION_CONTACTS,
    APPLICATION_TYPE,
    APPLICATION_TENANCY,
    APPLICATION_BUSINESS_UNIT,
    APPLICATION_AUTH_METHOD,
    APPLICATION_JWKS_ENDPOINT,
    APPLICATION_JWKS,
    APPLICATION_SCOPE,
    APPLICATION_REDIRECTS,
    APPLICATION_ORIGINS,
    APPLICATION_LOGOUTS,
    APPLICATION_RESPONSE_TYPES,
    APPLICATION_TOKEN_ALG,
    APPLICATION_LIFETIMES,
    APPLICATION_IS_ENABLED,
    APPLICATION_SECRET,
    APPLICATION_ALLOWED_TENANTS,
    APPLICATION_BLOCKED_TENANTS,
    APPLICATION_N
};
extern const struct declare_kind declare_top, declare_environment, declare_hosts, declare_lifetimes,
    declare_area, declare_tenant, declare_business_unit, declare_role, declare_employee,
    declare_access_key, declare_application, declare_login_policy, declare_login_provider,
    declare_login_authenticator, declare_branding_kind, declare_branding_texts,
    declare_branding_text;
const struct declare_kind *declare_kind_at(size_t i); /* NULL past the end: docs and tests */

/* ---- declare_read.c: JSON into objects
 * ------------------------------------------------------------- */

struct declare_object;
struct declare_value {
    bool given;
    const json_t *json;
    struct str text; /* the stored form; absent: NULL */
    int64_t number;  /* DECLARE_INT, DECLARE_BOOL */
    struct declare_object *objects;
    size_t n;
};
struct declare_object {
    const struct declare_kind *kind;
    struct declare_at at;    /* unused for the whole file */
    struct declare_value *v; /* one per member */
};

#define DECLARE_MISTAKES_MAX 10
#define DECLARE_TEXT_MAX     2000
#define DECLARE_TEXTS_MAX    1000
#define DECLARE_JSON_MAX     65536

struct declare_keys;     /* new signing keys, made before the transaction */
struct declare_password; /* passwords and their hashes, made before the transaction */
struct declare {
    struct ctx *cx;
    const struct declaration_options *options;
    struct declare_object top;
    struct str mistakes[DECLARE_MISTAKES_MAX];
    size_t mistakes_n, mistakes_seen;
    struct declaration_change *changes;
    size_t changes_n, changes_cap;
    struct declaration_secret *secrets;
    size_t secrets_n, secrets_cap;
    struct declare_keys *keys;
    size_t keys_n;
    struct declare_password *passwords;
    size_t passwords_n;
    bool snapshot_changed; /* generation_raise() is due */
};
/* Fills d->top; mistakes are noted. */
void declare_read(struct declare *d, const json_t *root);
/* declare_check.c: names used twice within the file, and members that exclude each other. */
void declare_check(struct declare *d);
/* userName, or the e-mail address in its place; absent if the file says neither. */
struct str declare_user_name(const struct declare_object *employee);
/* Folded name@vendor, as application_name_index keeps it. */
struct str declare_name_at_vendor(struct arena *a, const struct declare_object *application);
const struct declare_value *declare_given(const struct declare_object *o,
                                          unsigned member); /* or NULL */

/* ---- declare_mistake.c
 * ------------------------------------------------------------------------------- */

/* `member` NULL: the object itself. */
void declare_mistake(struct declare *d, const struct declare_object *o, const char *member,
                     const char *format, ...) PRINTF_LIKE(4, 5);
void declare_mistake_at(struct declare *d, const struct declare_at *at, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* "\"...\"", short and without control characters: text of the file as it may be shown. */
struct str declare_quote(struct arena *a, struct str text);
struct declare_nearest {
    struct str name;
    struct str best;
    size_t distance;
};
/* Looks at one more candidate. */
void declare_nearest_try(struct declare_nearest *n, struct str candidate);
/* " Did you mean \"...\"?" or nothing. */
struct str declare_nearest_text(struct arena *a, const struct declare_nearest *n);

/* ---- declare_uri.c, declare_value.c: what a value must look like: NULL or what would be right
 * ------------- */

const char *declare_redirect_check(struct ctx *cx, struct str uri);
bool declare_redirect_is_private_use(struct str uri); /* com.example.app:/callback */
const char *declare_origin_check(struct ctx *cx, struct str origin);
const char *declare_issuer_check(struct ctx *cx, struct str issuer);
const char *declare_fetch_check(struct ctx *cx, struct str uri);
const char *declare_template_check(struct ctx *cx, struct str pattern);
const char *declare_alias_check(struct ctx *cx, struct str host);
const char *declare_domain_check(struct ctx *cx, struct str host);
bool declare_is_loopback(struct str origin);

const char *declare_identifier_check(struct ctx *cx, struct str text);
const char *declare_label_check(struct ctx *cx, struct str text);
const char *declare_vendor_check(struct ctx *cx, struct str text);
const char *declare_employee_name_check(struct ctx *cx, struct str text);
const char *declare_user_name_check(struct ctx *cx, struct str text);
const char *declare_positive_check(struct ctx *cx, struct str text);
const char *declare_seconds_check(struct ctx *cx, struct str text);
const char *declare_permission_check(struct ctx *cx, struct str text);
const char *declare_scope_check(struct ctx *cx, struct str text);
const char *declare_application_type_check(struct ctx *cx, struct str text);
const char *declare_tenancy_check(struct ctx *cx, struct str text);
const char *declare_auth_method_check(struct ctx *cx, struct str text);
const char *declare_token_alg_check(struct ctx *cx, struct str text);
const char *declare_employee_type_check(struct ctx *cx, struct str text);
const char *declare_status_check(struct ctx *cx, struct str text);
const char *declare_access_key_id_check(struct ctx *cx, struct str text);
const char *declare_access_key_secret_check(struct ctx *cx, struct str text);
const char *declare_client_secret_check(struct ctx *cx, struct str text);
const char *declare_response_type_check(struct ctx *cx, struct str text);
const char *declare_login_kind_check(struct ctx *cx, struct str text);
const char *declare_factor_check(struct ctx *cx, struct str text);
const char *declare_language_check(struct ctx *cx, struct str text);
const char *declare_password_check(struct ctx *cx, struct str text);
const char *declare_provider_issuer_check(struct ctx *cx, struct str text);
const char *declare_provider_client_check(struct ctx *cx, struct str text);
const char *declare_provider_secret_check(struct ctx *cx, struct str text);
const char *declare_provider_scope_check(struct ctx *cx, struct str text);
const char *declare_provider_claim_check(struct ctx *cx, struct str text);
const char *declare_subject_check(struct ctx *cx, struct str text);

/* ---- declare_branding.c ---- */

const char *declare_brand_name_check(struct ctx *cx, struct str text);
const char *declare_brand_text_check(struct ctx *cx, struct str text);
const char *declare_brand_link_check(struct ctx *cx, struct str text);
const char *declare_accent_check(struct ctx *cx, struct str text);
const char *declare_accent_dark_check(struct ctx *cx, struct str text);

/* ---- declare_change.c: compare, note, audit
 * ---------------------------------------------------------------- */

/* Where a row's columns go: `first`, then the members of the kind that are columns. */
struct db_columns declare_columns(struct arena *a, const struct declare_kind *kind,
                                  struct declare_value *stored, struct db_columns first);
struct db_args declare_args(struct arena *a, const struct declare_kind *kind,
                            const struct declare_value *values, struct db_args first);
struct declare_value *declare_values_new(struct arena *a, const struct declare_kind *kind);
/* What the row shall hold: given over stored over the default. stored NULL: the object is new.
 * ret_changed: names of the columns that differ, "a, b"; empty: none. */
void declare_merge(struct declare *d, const struct declare_object *o,
                   const struct declare_value *stored, struct declare_value **ret_values,
                   struct str *ret_changed);
/* An object's members over the stored ones: what the file does not name (given NULL: nothing)
 * stays. */
struct str declare_overlay(struct ctx *cx, struct str stored, const json_t *given);
struct declare_note {
    const struct declare_kind *kind; /* or: */
    const char *kind_name;
    bool is_new;
    struct str name;   /* for people */
    struct str detail; /* which members */
    struct str hint;   /* for people, after the members: not in the audit record */
    struct str
        tenant_id;     /* of the audit record: the environment's id for what belongs to no tenant */
    struct str object; /* id */
};
err declare_note(struct declare *d, const struct declare_note *note);
void declare_secret(struct declare *d, const char *kind, struct str name, const char *member,
                    struct str value);
struct str declare_list_add(struct arena *a, struct str list, const char *name); /* "a, b" */

/* ---- declare_environment.c, declare_keys.c, declare_tenant.c, declare_role.c, declare_employee.c,
 *      declare_access_key.c, declare_application.c: one kind each
 * ---------------------------------------------- */

/* Each function returns OK after noting a mistake, and leaves the object out. */
struct declare_scope {
    struct str environment_id, environment;
    struct str tenant_id, tenant;
    int64_t primary_business_unit;
    const struct declare_object *object; /* the tenant in the file */
    bool tenant_is_new;
    const struct role *roles; /* of the tenant, stored and declared */
    size_t roles_n;
    int64_t next_agent_id;
};
err declare_environments(struct declare *d);
/* Makes the keys that the file's environments will lack; before the transaction. */
err declare_keys_prepare(struct declare *d);
struct str declare_keys_environment_id(const struct declare *d, const struct declare_object *o);
err declare_keys_store(struct declare *d, const struct declare_object *environment,
                       struct str environment_id);
err declare_tenants(struct declare *d, const struct declare_scope *environment,
                    const struct declare_object *o);
err declare_roles(struct declare *d, struct declare_scope *scope);
err declare_employees(struct declare *d, struct declare_scope *scope);
struct declare_owner {
    struct str employee_id, user_name;
    bool is_new;
};
err declare_access_keys(struct declare *d, const struct declare_scope *scope,
                        const struct declare_owner *owner, const struct declare_object *employee);
/* declare_login.c, declare_password.c: how the tenant's people sign in. */
err declare_login_authenticators(struct declare *d, const struct declare_scope *scope);
/* declare_branding.c: what their pages look like. */
err declare_branding(struct declare *d, const struct declare_scope *scope);
/* Compares, writes, and adds to `changed` what differs of an employee that is not new. */
struct declare_login {
    struct str changed; /* members that changed join it */
    bool invites;       /* declare_invite() when the row is there */
};
err declare_employee_login(struct declare *d, const struct declare_scope *scope,
                           const struct declare_object *o, const struct employee *employee,
                           struct declare_login *login);
/* declare_provider.c: what `provider` says of another provider. */
struct declare_provider {
    const struct login_authenticator *row;
    struct str stored; /* JSON; absent: it is new */
    bool is_new;
    bool moved;         /* to another issuer or client */
    struct str sealed;  /* the client secret: as it is stored, then as it shall be */
    struct str changed; /* "clientSecret" */
};
err declare_provider_apply(struct declare *d, const struct declare_object *o,
                           struct declare_value *values, struct declare_provider *p);
err declare_subject_apply(struct declare *d, const struct declare_object *o,
                          const struct employee *who, const struct login_authenticator *a,
                          struct str *changed);
/* ---- declare_invite.c ---- */
err declare_invite_wanted(struct declare *d, const struct declare_object *o,
                          const struct employee *employee, struct str password_hash,
                          bool *ret_wanted);
err declare_invite(struct declare *d, const struct declare_scope *scope,
                   const struct declare_object *o, const struct employee *employee);
err declare_issuer_of(struct ctx *cx, struct str environment_id, struct str *ret_issuer);
/* Hashing is slow: before the transaction. */
err declare_passwords_prepare(struct declare *d);
struct declare_password {
    const struct declare_object *employee;
    struct str text, hash; /* hash absent: the stored one is of this text, or kept */
    bool is_generated;
};
const struct declare_password *declare_password_of(const struct declare *d,
                                                   const struct declare_object *employee);
err declare_applications(struct declare *d, const struct declare_scope *scope);
/* allowedTenants and blockedTenants: when all tenants of the environment exist. */
err declare_application_tenants(struct declare *d, const struct declare_scope *scope);
/* The built-in application behind token/access-key and public/user/refresh. */
err declare_platform_application(struct declare *d, const struct declare_scope *scope,
                                 struct str client_id);

#endif
