-- SPDX-License-Identifier: Apache-2.0
-- What an access key began ends for good when it is deactivated, or its secret replaced.

-- Raised then; a session is good for the epoch in which its key was proven.
ALTER TABLE access_key ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN access_key_epoch BIGINT NOT NULL DEFAULT 0;
