// SPDX-License-Identifier: Apache-2.0
// The modules of the plan Implicit OP: both response types, and once what needs an access token or no type.
import { certify } from './lib/conformance.mjs';
import { modules } from './lib/conformance_modules.mjs';

const IMPLICIT = [
  'oidcc-server', 'oidcc-idtoken-signature', 'oidcc-ensure-request-without-nonce-fails', 'oidcc-scope-profile', 'oidcc-scope-email',
  'oidcc-scope-address', 'oidcc-scope-phone', 'oidcc-scope-all', 'oidcc-ensure-other-scope-order-succeeds', 'oidcc-alternate-happy-flow',
  'oidcc-display-page', 'oidcc-display-popup', 'oidcc-prompt-login', 'oidcc-prompt-none-not-logged-in', 'oidcc-prompt-none-logged-in',
  'oidcc-max-age-1', 'oidcc-max-age-10000', 'oidcc-ensure-request-with-unknown-parameter-succeeds', 'oidcc-id-token-hint',
  'oidcc-login-hint', 'oidcc-ui-locales', 'oidcc-claims-locales', 'oidcc-ensure-request-with-acr-values-succeeds',
  'oidcc-ensure-registered-redirect-uri', 'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', 'oidcc-ensure-request-object-with-redirect-uri',
  'oidcc-claims-essential',
];
const WITH_TOKEN = [
  'oidcc-userinfo-get', 'oidcc-userinfo-post-header', 'oidcc-userinfo-post-body', 'oidcc-response-type-missing',
];

certify('implicit', [
  { type: 'id_token', modules: IMPLICIT },
  { type: 'id_token token', modules: [...IMPLICIT, ...WITH_TOKEN] },
], modules);
