-- SPDX-License-Identifier: Apache-2.0
-- The core: environments, areas, clusters, tenants, applications, roles, employees, access keys, sessions, signing
-- keys, audit. BIGINT and TEXT only; booleans are 0 and 1; times are seconds since the epoch (…_at) unless named _ms;
-- digests are SHA-256 in base64url; lists are JSON text, or words separated by one space where the model says so.
-- Tables named _index are the global look-ups from before the tenant is known. Every other tenant-scoped table
-- leads its key with tenant_id.

-- Small values of the whole installation: 'master_key_check', and 'generation', raised by every change of what the
-- server keeps as a snapshot (environments, areas, clusters, keys).
CREATE TABLE platform_value (
    name TEXT NOT NULL PRIMARY KEY,
    text_value TEXT,
    int_value BIGINT
);

CREATE TABLE environment (
    environment_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    issuer TEXT NOT NULL UNIQUE,
    is_default BIGINT NOT NULL,
    hosts TEXT NOT NULL,               -- JSON: templates and aliases (PROTOCOL 2)
    lifetimes TEXT NOT NULL,           -- JSON
    platform_client_id TEXT NOT NULL,  -- the built-in application behind token/access-key and public/user/refresh
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE area (
    environment_id TEXT NOT NULL,
    area TEXT NOT NULL,
    domain TEXT NOT NULL,
    acd_domain TEXT NOT NULL,
    uh_domain TEXT NOT NULL,
    PRIMARY KEY (environment_id, area)
);

CREATE TABLE cluster (
    environment_id TEXT NOT NULL,
    cluster TEXT NOT NULL,
    area TEXT NOT NULL,
    PRIMARY KEY (environment_id, cluster)
);

CREATE TABLE tenant (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    environment_id TEXT NOT NULL,
    tenant TEXT NOT NULL,              -- the schema name
    area TEXT NOT NULL,
    cluster TEXT NOT NULL,
    primary_business_unit BIGINT NOT NULL,
    sp_id TEXT NOT NULL,               -- icSPId
    is_private BIGINT NOT NULL,
    is_enabled BIGINT NOT NULL,
    lifetimes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE tenant_name_index (
    environment_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    PRIMARY KEY (environment_id, tenant)
);

CREATE TABLE business_unit_index (
    environment_id TEXT NOT NULL,
    business_unit BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    PRIMARY KEY (environment_id, business_unit)
);

CREATE TABLE business_unit (
    tenant_id TEXT NOT NULL,
    business_unit BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant_id, business_unit)
);

-- application_id is the client_id. tenant_id is the owner (of businessUnit); the environment's built-in application is
-- owned by the environment's own id.
CREATE TABLE application (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    name TEXT NOT NULL,
    vendor TEXT NOT NULL,
    description TEXT NOT NULL,
    contacts TEXT NOT NULL,            -- JSON list
    type TEXT NOT NULL,                -- backend, public, confidential
    tenancy TEXT NOT NULL,             -- single, all
    business_unit BIGINT NOT NULL,
    auth_method TEXT NOT NULL,         -- client_secret_basic, ..., none
    jwks_endpoint TEXT,
    jwks TEXT,                         -- given, or fetched from jwks_endpoint
    jwks_fetched_at BIGINT,
    scope TEXT NOT NULL,               -- words
    redirects TEXT NOT NULL,           -- JSON list
    origins TEXT NOT NULL,             -- JSON list
    logouts TEXT NOT NULL,             -- JSON list
    token_alg TEXT NOT NULL,           -- RS256, ES256, EdDSA
    lifetimes TEXT NOT NULL,
    secret_digest TEXT,
    secret_sealed TEXT,                -- client_secret_jwt only
    old_secret_digest TEXT,            -- valid until old_secret_until
    old_secret_sealed TEXT,
    old_secret_until BIGINT,
    is_enabled BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_by TEXT NOT NULL,
    modified_at BIGINT NOT NULL,
    last_used_at BIGINT,
    deletion_at BIGINT,
    PRIMARY KEY (tenant_id, application_id)
);

CREATE TABLE application_index (
    application_id TEXT NOT NULL PRIMARY KEY,
    environment_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL
);

CREATE TABLE application_name_index (
    environment_id TEXT NOT NULL,
    name_folded TEXT NOT NULL,         -- name@vendor
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    PRIMARY KEY (environment_id, name_folded)
);

CREATE TABLE origin_index (
    environment_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    PRIMARY KEY (environment_id, origin, tenant_id, application_id)
);

-- What a tenant decided about an application of tenancy 'all' that another tenant owns: allowed 1 lets it act there with
-- client_credentials, 0 keeps it out altogether; no row: the tenant's users may use it, client_credentials may not.
CREATE TABLE application_tenant (
    tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    is_allowed BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, application_id)
);

CREATE TABLE role (
    tenant_id TEXT NOT NULL,
    role_id TEXT NOT NULL,
    name TEXT NOT NULL,
    legacy_id TEXT NOT NULL,           -- "Administrator", "Agent", ... in the token's role.legacyId
    permissions TEXT NOT NULL,         -- words
    updated_ms BIGINT NOT NULL,        -- the token's role.lastUpdateTime
    PRIMARY KEY (tenant_id, role_id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE employee (
    tenant_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    email_address TEXT NOT NULL,
    first_name TEXT NOT NULL,
    middle_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role_id TEXT NOT NULL,
    secondary_roles TEXT NOT NULL,     -- words: role ids
    team_id TEXT NOT NULL,
    agent_id BIGINT NOT NULL,          -- icAgentId
    type TEXT NOT NULL,                -- user, api
    status TEXT NOT NULL,              -- UNREGISTERED PENDING ACTIVE BLOCKED DELETED
    attributes TEXT NOT NULL,          -- JSON: mobileNumber, timeZone, customAttributes, ...
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, employee_id),
    UNIQUE (tenant_id, agent_id)
);

CREATE TABLE user_name_index (
    environment_id TEXT NOT NULL,
    user_name_folded TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    PRIMARY KEY (environment_id, user_name_folded)
);

CREATE TABLE access_key (
    tenant_id TEXT NOT NULL,
    access_key_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    secret_digest TEXT NOT NULL,
    is_active BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, access_key_id)
);
CREATE INDEX access_key_employee ON access_key (tenant_id, employee_id, access_key_id);

CREATE TABLE access_key_index (
    access_key_id TEXT NOT NULL PRIMARY KEY,
    environment_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL
);

-- One row a grant: the unit of revocation and the refresh family in one, so that a refresh is one UPDATE of one row. The key begins
-- with time (UUIDv7), so new rows of a tenant lie together. No index on expires_at: the purge walks the key.
CREATE TABLE session (
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    application_tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    employee_id TEXT,                  -- NULL: client_credentials
    access_key_id TEXT,                -- the key it began with
    scope TEXT NOT NULL,
    auth_at BIGINT NOT NULL,
    refresh_digest TEXT,               -- of the one token that may be used now
    refresh_used_digest TEXT,          -- of its predecessor
    refresh_rotated_at BIGINT,
    refresh_answer TEXT,               -- the last answer, sealed, for the seconds of grace
    refresh_expires_at BIGINT,
    refresh_revoked_at BIGINT,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,        -- when nothing that it issued can still be valid
    PRIMARY KEY (tenant_id, session_id)
);

-- Assertion ids (RFC 7523) that were used; single use is the primary key.
CREATE TABLE assertion (
    tenant_id TEXT NOT NULL,           -- the application's owner
    application_id TEXT NOT NULL,
    jti_digest TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, application_id, jti_digest)
);

-- "Generate Key" (PROTOCOL 6.1): good once, for ten minutes, for /public/user/refresh.
CREATE TABLE generated_key (
    tenant_id TEXT NOT NULL,
    generated_key_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (tenant_id, generated_key_id)
);

CREATE TABLE signing_key (
    environment_id TEXT NOT NULL,
    kid TEXT NOT NULL,
    alg TEXT NOT NULL,                 -- RS256, ES256, EdDSA; HS256 signs refresh tokens
    state TEXT NOT NULL,               -- future, active, retired
    position BIGINT NOT NULL,          -- future keys are used in this order
    private_sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    activated_at BIGINT,
    retired_at BIGINT,
    PRIMARY KEY (environment_id, kid)
);

-- Who changed what, when, from where. tenant_id is the environment's id for what belongs to no tenant.
CREATE TABLE audit (
    tenant_id TEXT NOT NULL,
    audit_id TEXT NOT NULL,            -- UUIDv7
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,               -- "user:{uuid}", "client:{client_id}", "operator:{name}"
    action TEXT NOT NULL,              -- "access_key.create"
    object TEXT NOT NULL,              -- id of the thing
    remote TEXT NOT NULL,
    detail TEXT NOT NULL,              -- JSON, never a secret
    PRIMARY KEY (tenant_id, audit_id)
);
