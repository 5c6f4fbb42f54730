-- SPDX-License-Identifier: Apache-2.0
-- What a tenant's pages look like, what a person has to know of its browser sessions, and what it allowed to
-- applications.

-- JSON: name, colours, texts per language, and for logo and banner their digest, type and size.
CREATE TABLE branding (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    branding TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The images, asked for by pages that know no tenant; the content is base64.
CREATE TABLE branding_image_index (
    environment_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    type TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (environment_id, digest, tenant_id)
);

-- What the browser said it is, cut short: for its owner to recognize it.
ALTER TABLE sso_session ADD COLUMN user_agent TEXT;

-- What a person was asked and allowed; scope '': taken back, so the next time it is asked for.
CREATE TABLE consent (
    tenant_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    application_id TEXT NOT NULL,
    application_tenant_id TEXT NOT NULL,
    scope TEXT NOT NULL,               -- words
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, employee_id, application_id)
);
