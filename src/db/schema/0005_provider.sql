-- SPDX-License-Identifier: Apache-2.0
-- Signing in at another OpenID provider: who an employee is there. The subject is the provider's own, and nobody else of the
-- same authenticator has it.
ALTER TABLE employee_login ADD COLUMN external_subject TEXT;
CREATE UNIQUE INDEX employee_login_subject ON employee_login (tenant_id, login_authenticator_id, external_subject)
    WHERE external_subject IS NOT NULL;
