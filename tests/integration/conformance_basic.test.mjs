// SPDX-License-Identifier: Apache-2.0
// The modules of the plan Basic OP: response type code.
import { certify } from './lib/conformance.mjs';
import { modules } from './lib/conformance_modules.mjs';

const BASIC = [
  'oidcc-server', 'oidcc-response-type-missing', 'oidcc-idtoken-signature', 'oidcc-idtoken-unsigned', 'oidcc-userinfo-get',
  'oidcc-userinfo-post-header', 'oidcc-userinfo-post-body', 'oidcc-ensure-request-without-nonce-succeeds-for-code-flow',
  'oidcc-scope-profile', 'oidcc-scope-email', 'oidcc-scope-address', 'oidcc-scope-phone', 'oidcc-scope-all',
  'oidcc-ensure-other-scope-order-succeeds', 'oidcc-alternate-happy-flow', 'oidcc-display-page', 'oidcc-display-popup',
  'oidcc-prompt-login', 'oidcc-prompt-none-not-logged-in', 'oidcc-prompt-none-logged-in', 'oidcc-max-age-1', 'oidcc-max-age-10000',
  'oidcc-ensure-request-with-unknown-parameter-succeeds', 'oidcc-id-token-hint', 'oidcc-login-hint', 'oidcc-ui-locales',
  'oidcc-claims-locales', 'oidcc-ensure-request-with-acr-values-succeeds', 'oidcc-codereuse', 'oidcc-codereuse-30seconds',
  'oidcc-ensure-registered-redirect-uri', 'oidcc-ensure-post-request-succeeds', 'oidcc-server-client-secret-post',
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', 'oidcc-claims-essential',
  'oidcc-ensure-request-object-with-redirect-uri', 'oidcc-refresh-token', 'oidcc-ensure-request-with-valid-pkce-succeeds',
];

certify('basic', [{ type: 'code', modules: BASIC }], modules);
