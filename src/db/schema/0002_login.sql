-- SPDX-License-Identifier: Apache-2.0
-- People signing in: what an employee logs in with, browser sessions, a sign-in under way, authorization codes.

-- How employees of a tenant log in. kind 'system': our own passwords; policy is JSON (login_policy in model.h).
-- kind 'openid': provider is JSON, secret_sealed the client secret there.
CREATE TABLE login_authenticator (
    tenant_id TEXT NOT NULL,
    login_authenticator_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_default BIGINT NOT NULL,
    policy TEXT NOT NULL,
    provider TEXT NOT NULL,
    secret_sealed TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, login_authenticator_id),
    UNIQUE (tenant_id, name)
);

-- No row, or no login_authenticator_id: cannot sign in. failures counts since the last success.
CREATE TABLE employee_login (
    tenant_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    login_authenticator_id TEXT,
    password_hash TEXT,                -- argon2id in its own text form
    password_changed_at BIGINT,
    must_change BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    locked_until BIGINT,
    mfa_kind TEXT,                     -- totp, hotp; NULL: none enrolled
    mfa_sealed TEXT,
    mfa_position BIGINT,               -- the last time step or counter that was used
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, employee_id)
);

-- A browser that signed in: single sign-on for the applications of a tenant. The id is a digest of the cookie.
CREATE TABLE sso_session (
    tenant_id TEXT NOT NULL,
    sso_session_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    auth_at BIGINT NOT NULL,
    amr TEXT NOT NULL,                 -- words: pwd, otp, ...
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,        -- absolute
    idle_seconds BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant_id, sso_session_id)
);
CREATE INDEX sso_session_employee ON sso_session (tenant_id, employee_id);

-- A sign-in under way, from before the tenant is known. Steps are advanced by one UPDATE that names the version; the
-- browser that began it has the cookie whose digest is browser_digest.
CREATE TABLE login_flow_index (
    flow_digest TEXT NOT NULL PRIMARY KEY,
    environment_id TEXT NOT NULL,
    browser_digest TEXT NOT NULL,
    version BIGINT NOT NULL,
    step TEXT NOT NULL,
    request TEXT NOT NULL,             -- JSON: the authorization request as it was found good
    data TEXT NOT NULL,                -- JSON: who, how far
    expires_at BIGINT NOT NULL
);

-- The code itself names the tenant; stored is its digest. Single use: used_at by one UPDATE.
CREATE TABLE authorization_code (
    tenant_id TEXT NOT NULL,
    code_digest TEXT NOT NULL,
    application_tenant_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    sso_session_id TEXT,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    nonce TEXT,
    code_challenge TEXT,
    claims TEXT NOT NULL,              -- JSON: the claims parameter, acr, amr
    auth_at BIGINT NOT NULL,
    session_id TEXT,                   -- what it became: revoked when the code comes again
    used_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, code_digest)
);

ALTER TABLE session ADD COLUMN sso_session_id TEXT;
ALTER TABLE session ADD COLUMN nonce TEXT;
ALTER TABLE session ADD COLUMN amr TEXT;
-- For the end of a browser session and a change of password. Sessions of access keys and applications, the many, are in
-- neither.
CREATE INDEX session_of_sso ON session (tenant_id, sso_session_id) WHERE sso_session_id IS NOT NULL;
CREATE INDEX session_of_login ON session (tenant_id, employee_id) WHERE sso_session_id IS NOT NULL;

-- JSON list: what an application may ask of the authorization endpoint.
ALTER TABLE application ADD COLUMN response_types TEXT NOT NULL DEFAULT '["code"]';
UPDATE application SET response_types = '[]' WHERE type = 'backend';
