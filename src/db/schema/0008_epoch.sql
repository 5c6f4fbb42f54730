-- SPDX-License-Identifier: Apache-2.0
-- What ends a person's sign-ins under way.

-- Raised with whatever ends browser sessions, and when a second factor or its recovery codes are replaced: what somebody has
-- proven in a sign-in is good for the epoch in which it was proven.
ALTER TABLE employee_login ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
