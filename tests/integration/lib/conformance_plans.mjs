// SPDX-License-Identifier: Apache-2.0
// Which modules (conformance_modules.mjs) the plans Basic, Implicit and Hybrid OP have; Form Post OP has those of all three.

export const BASIC = [
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

// Both of its response types; what needs an access token, or no type.
export const IMPLICIT = [
  'oidcc-server', 'oidcc-idtoken-signature', 'oidcc-ensure-request-without-nonce-fails', 'oidcc-scope-profile', 'oidcc-scope-email',
  'oidcc-scope-address', 'oidcc-scope-phone', 'oidcc-scope-all', 'oidcc-ensure-other-scope-order-succeeds', 'oidcc-alternate-happy-flow',
  'oidcc-display-page', 'oidcc-display-popup', 'oidcc-prompt-login', 'oidcc-prompt-none-not-logged-in', 'oidcc-prompt-none-logged-in',
  'oidcc-max-age-1', 'oidcc-max-age-10000', 'oidcc-ensure-request-with-unknown-parameter-succeeds', 'oidcc-id-token-hint',
  'oidcc-login-hint', 'oidcc-ui-locales', 'oidcc-claims-locales', 'oidcc-ensure-request-with-acr-values-succeeds',
  'oidcc-ensure-registered-redirect-uri', 'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported',
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', 'oidcc-ensure-request-object-with-redirect-uri',
  'oidcc-claims-essential',
];
export const WITH_TOKEN = [
  'oidcc-userinfo-get', 'oidcc-userinfo-post-header', 'oidcc-userinfo-post-body', 'oidcc-response-type-missing',
];

// Its three response types; by whether one gives an ID token at once; what runs with one of them.
export const HYBRID = [
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
export const NONCE_NEEDED = ['oidcc-ensure-request-without-nonce-fails'], NONCE_FREE = ['oidcc-ensure-request-without-nonce-succeeds-for-code-flow'];
export const ONCE = ['oidcc-response-type-missing', 'oidcc-ensure-request-with-valid-pkce-succeeds'];
