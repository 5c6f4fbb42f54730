-- SPDX-License-Identifier: Apache-2.0
-- A sign-out ends what was under way in that browser, and there alone.

-- The browser's secret, as in login_flow_index; absent: signed in before this column was.
ALTER TABLE sso_session ADD COLUMN browser_digest TEXT;
CREATE INDEX login_flow_browser ON login_flow_index (browser_digest);
