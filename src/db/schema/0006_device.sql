-- SPDX-License-Identifier: Apache-2.0
-- Device authorization (RFC 8628): what a device polls with, the short code that a person types in, and who guessed.

-- The device code itself names the tenant, which is the application's; stored is its digest. Who lets the device in may be
-- of another tenant: user_tenant_id. state: pending, shown (to the browser session that typed the code), allowed, denied;
-- each step is one UPDATE that names the one before.
CREATE TABLE device_code (
    tenant_id TEXT NOT NULL,
    code_digest TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,
    interval_seconds BIGINT NOT NULL,
    polled_at BIGINT,
    user_tenant_id TEXT,
    employee_id TEXT,
    sso_session_id TEXT,
    amr TEXT,
    auth_at BIGINT,
    session_id TEXT,                   -- what it became: revoked when the code comes again
    used_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, code_digest)
);

-- The way from what a person types, from before a tenant is known.
CREATE TABLE user_code_index (
    environment_id TEXT NOT NULL,
    user_code_digest TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    code_digest TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (environment_id, user_code_digest)
);

-- Codes that an employee typed and that were none, since a time: so many, and no more are looked at for a while.
CREATE TABLE device_guess (
    tenant_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    failures BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, employee_id)
);
