-- SPDX-License-Identifier: Apache-2.0
-- Second factors. What is enrolled stands in employee_login; here are the codes for the day the device is lost.

-- One row a code that was not used yet; a new set takes the place of the old one.
CREATE TABLE recovery_code (
    tenant_id TEXT NOT NULL,
    employee_id TEXT NOT NULL,
    code_digest TEXT NOT NULL,         -- SHA-256 of 80 random bits
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, employee_id, code_digest)
);
