-- SPDX-License-Identifier: Apache-2.0
-- A sign-out ends what was under way in that browser, and there alone.

-- The browser's secret, as in login_flow_index; absent: signed in before this column was.
ALTER TABLE sso_session ADD COLUMN browser_digest TEXT;
CREATE INDEX sso_session_browser ON sso_session (tenant_id, browser_digest) WHERE browser_digest IS NOT NULL;
CREATE INDEX login_flow_browser ON login_flow_index (browser_digest);

-- What a browser session was shown, let in or given moves on to the one that takes its place.
CREATE INDEX authorization_code_of_sso ON authorization_code (tenant_id, sso_session_id) WHERE used_at IS NULL;
CREATE INDEX device_code_of_sso ON device_code (sso_session_id) WHERE sso_session_id IS NOT NULL;
