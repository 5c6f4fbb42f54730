// SPDX-License-Identifier: Apache-2.0
// The modules of the plan Hybrid OP: its three response types.
import { certify } from './lib/conformance.mjs';
import { modules } from './lib/conformance_modules.mjs';

const HYBRID = [
  'oidcc-server', 'oidcc-idtoken-signature', 'oidcc-userinfo-get', 'oidcc-userinfo-post-header', 'oidcc-userinfo-post-body',
  'oidcc-scope-profile', 'oidcc-scope-email', 'oidcc-scope-address', 'oidcc-scope-phone', 'oidcc-scope-all',
  'oidcc-ensure-other-scope-order-succeeds', 'oidcc-alternate-happy-flow', 'oidcc-display-page', 'oidcc-display-popup',
  'oidcc-prompt-login', 'oidcc-prompt-none-not-logged-in', 'oidcc-prompt-none-logged-in', 'oidcc-max-age-1', 'oidcc-max-age-10000',
  'oidcc-ensure-request-with-unknown-parameter-succeeds', 'oidcc-id-token-hint', 'oidcc-login-hint', 'oidcc-ui-locales',
  'oidcc-claims-locales', 'oidcc-ensure-request-with-acr-values-succeeds', 'oidcc-codereuse', 'oidcc-codereuse-30seconds',
  'oidcc-ensure-registered-redirect-uri', 'oidcc-server-client-secret-post',
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', 'oidcc-claims-essential',
  'oidcc-ensure-request-object-with-redirect-uri', 'oidcc-refresh-token',
];
const ONCE = [
  'oidcc-response-type-missing', 'oidcc-ensure-request-with-valid-pkce-succeeds',
];
const NONCE_NEEDED = ['oidcc-ensure-request-without-nonce-fails'], NONCE_FREE = ['oidcc-ensure-request-without-nonce-succeeds-for-code-flow'];

certify('hybrid', [
  { type: 'code id_token', modules: [...HYBRID, ...NONCE_NEEDED, ...ONCE] },
  { type: 'code token', modules: [...HYBRID, ...NONCE_FREE] },
  { type: 'code id_token token', modules: [...HYBRID, ...NONCE_NEEDED] },
], modules);
