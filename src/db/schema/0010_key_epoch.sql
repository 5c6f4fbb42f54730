-- SPDX-License-Identifier: Apache-2.0
-- What an access key began ends for good when it is deactivated, or its secret replaced.

-- A number of its own then, and for each new row, also of an id that was there before; a session is good for the epoch in
-- which its key was proven.
ALTER TABLE access_key ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN access_key_epoch BIGINT NOT NULL DEFAULT 0;
UPDATE access_key SET epoch = 1 WHERE is_active = 0;
