// SPDX-License-Identifier: Apache-2.0
// The modules of the plan RP-Initiated Logout OP.
import { certify } from './lib/conformance.mjs';
import { modules } from './lib/conformance_modules.mjs';

const LOGOUT = [
  'oidcc-rp-initiated-logout-discovery-endpoint-verification', 'oidcc-rp-initiated-logout',
  'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', 'oidcc-rp-initiated-logout-modified-id-token-hint',
  'oidcc-rp-initiated-logout-no-id-token-hint', 'oidcc-rp-initiated-logout-no-params',
  'oidcc-rp-initiated-logout-no-post-logout-redirect-uri', 'oidcc-rp-initiated-logout-no-state', 'oidcc-rp-initiated-logout-only-state',
  'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', 'oidcc-rp-initiated-logout-bad-id-token-hint',
];

certify('logout', [{ type: 'code', modules: LOGOUT }], modules);
