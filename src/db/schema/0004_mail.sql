-- SPDX-License-Identifier: Apache-2.0
-- Mails to people, the links in them, and the passwords that one had before.

-- Written in the transaction of what it tells, so that none is lost and none tells of what did not happen. The body holds
-- the secret of a link: it is sealed, and the row goes when the link does (purge).
CREATE TABLE mail (
    tenant_id TEXT NOT NULL,
    mail_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    kind TEXT NOT NULL,                -- a row of the table in web/mail_text.c
    language TEXT NOT NULL,
    to_address TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_sealed TEXT NOT NULL,         -- plain text
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, mail_id)
);
CREATE INDEX mail_employee ON mail (tenant_id, employee_id);

-- Sets a password once. The link itself names the tenant; stored is its digest. It goes when it is used, when the password
-- is changed otherwise, and when a newer one is made.
CREATE TABLE password_link (
    tenant_id TEXT NOT NULL,
    link_digest TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    kind TEXT NOT NULL,                -- reset, invitation
    password_changed_at BIGINT,        -- of the password that it may replace; NULL: there was none
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, link_digest)
);
CREATE INDEX password_link_employee ON password_link (tenant_id, employee_id);

-- The hashes that a policy's `history` looks at, without today's. Ids are in the order of time.
CREATE TABLE password_history (
    tenant_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    password_history_id TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id, employee_id, password_history_id)
);

-- How many mails somebody asked for since when.
ALTER TABLE employee_login ADD COLUMN mails BIGINT NOT NULL DEFAULT 0;
ALTER TABLE employee_login ADD COLUMN mails_since BIGINT;
