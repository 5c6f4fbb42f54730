// SPDX-License-Identifier: Apache-2.0
// The modules of the OpenID Connect certification plans, by their ids, from the text of the specifications: Core is OpenID Connect
// Core 1.0. Each gets an Op (conformance.mjs) and is one test.
import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { generators } from 'openid-client';
import { BYE, CALLBACK, isText, KIM, PASSWORD, SECURE } from './conformance.mjs';
import { jwtDecode, jwtTamper } from './jwt.mjs';

const unsigned = (claims) => [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.';
const near = (time, other) => assert.ok(Math.abs(time - other) <= 60, `${time} and ${other}`);

// Core 5.4: what a scope stands for is told, and the scope was granted.
const scope = (word, expected) => async (op) => {
  const done = await op.flow({ scope: `openid ${word}` });
  const told = await op.told(done);
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(told[name], value, name);
  if (op.hasCode || op.hasToken) assert.equal((done.tokens.scope ?? done.params.scope), `openid ${word}`);
};
const PROFILE = { name: KIM, given_name: 'Kim', family_name: 'Li', middle_name: 'Ada', preferred_username: KIM };
const EMAIL = { email: KIM, email_verified: false };
const PHONE = { phone_number: '+49 30 1234567', phone_number_verified: false };

const succeeds = (more) => async (op) => {
  const { claims } = await op.flow(more);
  assert.equal(claims.name, KIM);
};

// A fresh visitor sees the page that `check` looks at, and signs in with it.
const shows = (more, check) => async (op) => {
  const by = op.stranger(), request = op.request(more), page = await by.open(request.url);
  assert.notEqual(page.form?.fields.username, undefined, page.title);
  await check(page);
  await op.finish(request, (await op.go(request, { by })).answer);
};

const codeAgain = (seconds) => async (op) => {
  const { request, params, access } = await op.flow({ scope: 'openid' });
  assert.equal((await op.userinfo(access)).status, 200);
  if (seconds) await op.later(seconds);
  const { client_id: id, client_secret: secret } = request.c.metadata;
  const again = await op.server.token({ grant_type: 'authorization_code', code: params.code, redirect_uri: CALLBACK }, { basic: [id, secret] });
  assert.deepEqual([again.status, again.json.error], [400, 'invalid_grant']);
  // RFC 6749 4.1.2: and what it gave is revoked.
  assert.equal((await op.userinfo(access)).status, 401);
};

const happy = (client) => async (op) => {
  const done = await op.flow({}, { by: op.stranger(), client }), { claims, params } = done;
  const { client_id: id } = done.request.c.metadata;
  assert.deepEqual([claims.iss, claims.aud, claims.azp, claims.nonce], [op.server.url, id, id, done.request.nonce]);
  assert.ok(isText(claims.sub) && claims.sub.length <= 255);
  near(claims.iat, Date.now() / 1000);
  assert.ok(claims.exp > claims.iat);
  if (!op.hasCode || op.hasIdToken) {
    const front = jwtDecode(params.id_token).claims;
    assert.deepEqual([front.iss, front.sub], [claims.iss, claims.sub]); // Core 3.3.3.6
    assert.equal(isText(front.at_hash), op.hasToken); // 3.2.2.10, 3.3.2.11; that they are right is openid-client's to check
    assert.equal(isText(front.c_hash), op.hasCode);
  }
  if (op.hasToken) {
    assert.equal(params.token_type, 'Bearer');
    assert.ok(Number(params.expires_in) > 0);
  }
  assert.equal((await op.told(done)).sub, claims.sub);
};

export const modules = {
  'oidcc-server': happy(),
  'oidcc-server-client-secret-post': happy('posting'),

  // RFC 6749 3.1.1, 4.1.2.1
  'oidcc-response-type-missing': async (op) => {
    const request = op.request({ response_type: undefined });
    assert.equal(op.error(await op.visitor.open(request.url), request, 'code'), 'invalid_request');
  },

  // Core 2, 10.1
  'oidcc-idtoken-signature': async (op) => {
    const { params, tokens } = await op.flow();
    const { json } = await op.server.request('GET', '/auth/jwks');
    for (const token of [params.id_token, tokens.id_token].filter(Boolean)) {
      const { alg, kid } = jwtDecode(token).header;
      assert.equal(alg, 'RS256');
      assert.equal(json.keys.filter((key) => key.kid === kid && key.alg === alg && key.use === 'sig').length, 1);
      await jwtVerify(token, createLocalJWKSet(json), { issuer: op.server.url });
      await assert.rejects(jwtVerify(jwtTamper(token), createLocalJWKSet(json)), /signature verification failed/);
    }
  },
  // No application can register it, and no token is.
  'oidcc-idtoken-unsigned': async (op) => {
    assert.ok(!op.issuer.metadata.id_token_signing_alg_values_supported.includes('none'));
    assert.notEqual(jwtDecode((await op.flow()).tokens.id_token).header.alg, 'none');
  },

  // Core 5.3.1
  'oidcc-userinfo-get': async (op) => {
    const { access, claims } = await op.flow();
    const answer = await op.userinfo(access);
    assert.deepEqual([answer.status, answer.json.sub], [200, claims.sub]);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.equal((await op.userinfo(jwtTamper(access))).status, 401);
  },
  'oidcc-userinfo-post-header': async (op) => {
    const { access, claims } = await op.flow();
    const answer = await op.userinfo(access, { bearer: access }, 'POST');
    assert.deepEqual([answer.status, answer.json.sub], [200, claims.sub]);
  },
  'oidcc-userinfo-post-body': async (op) => {
    const { access, claims } = await op.flow();
    const answer = await op.userinfo(access, { form: { access_token: access } }, 'POST');
    assert.deepEqual([answer.status, answer.json.sub], [200, claims.sub]);
    assert.equal((await op.userinfo(access, { form: { access_token: jwtTamper(access) } }, 'POST')).status, 401);
  },

  // Core 3.1.2.1, 3.2.2.1, 3.3.2.11
  'oidcc-ensure-request-without-nonce-succeeds-for-code-flow': async (op) => {
    const { claims } = await op.flow({ nonce: undefined });
    assert.equal(claims.nonce, undefined);
  },
  'oidcc-ensure-request-without-nonce-fails': async (op) => {
    const request = op.request({ nonce: undefined });
    assert.equal(op.error(await op.visitor.open(request.url), request), 'invalid_request');
  },

  'oidcc-scope-profile': scope('profile', PROFILE),
  'oidcc-scope-email': scope('email', EMAIL),
  'oidcc-scope-phone': scope('phone', PHONE),
  // Employees have no postal address: the scope is not offered, and left out where it is asked for (Core 5.4, 3.1.2.1).
  'oidcc-scope-address': async (op) => {
    assert.ok(!op.issuer.metadata.scopes_supported.includes('address'));
    const done = await op.flow({ scope: 'openid address' });
    assert.equal((await op.told(done)).address, undefined);
    if (op.hasCode || op.hasToken) assert.equal(done.tokens.scope ?? done.params.scope, 'openid');
  },
  'oidcc-scope-all': async (op) => {
    const told = await op.told(await op.flow({ scope: 'openid profile email address phone' }));
    for (const [name, value] of Object.entries({ ...PROFILE, ...EMAIL, ...PHONE })) assert.deepEqual(told[name], value, name);
  },
  // RFC 6749 3.3: their order does not matter
  'oidcc-ensure-other-scope-order-succeeds': async (op) => {
    assert.equal((await op.told(await op.flow({ scope: 'email openid' }))).email, KIM);
  },
  'oidcc-alternate-happy-flow': async (op) => {
    const request = op.request({ scope: 'email openid' }), url = new URL(request.url);
    url.search = new URLSearchParams([...url.searchParams].reverse());
    const { answer } = await op.go({ ...request, url: url.href });
    assert.equal((await op.told(await op.finish(request, answer))).email, KIM);
  },

  // Core 3.1.2.1: display, prompt, max_age
  'oidcc-display-page': shows({ display: 'page' }, (page) => assert.match(page.text, /<html lang="en">/)),
  'oidcc-display-popup': shows({ display: 'popup' }, (page) => assert.match(page.text, /<html lang="en" class="popup">/)),
  'oidcc-prompt-login': async (op) => {
    const by = op.stranger(), first = await op.flow({}, { by });
    await op.later(5); // so that the old time of the sign-in would show
    const again = await op.flow({ prompt: 'login' }, { by });
    assert.deepEqual([again.asked, again.claims.sub], [true, first.claims.sub]);
    assert.ok(again.claims.auth_time >= first.claims.auth_time);
    assert.equal((await op.flow({}, { by })).asked, false);
  },
  'oidcc-prompt-none-not-logged-in': async (op) => {
    const request = op.request({ prompt: 'none' });
    assert.equal(op.error(await op.stranger().open(request.url), request), 'login_required');
  },
  'oidcc-prompt-none-logged-in': async (op) => {
    const first = await op.flow(), silent = await op.flow({ prompt: 'none' });
    assert.equal(silent.asked, false);
    assert.deepEqual([silent.claims.sub, silent.claims.auth_time], [first.claims.sub, first.claims.auth_time]);
  },
  // More than a second later: the stored time of the sign-in is moved back.
  'oidcc-max-age-1': async (op) => {
    const by = op.stranger(), first = await op.flow({}, { by });
    await op.later(5);
    const again = await op.flow({ max_age: 1 }, { by });
    assert.deepEqual([again.asked, again.claims.sub], [true, first.claims.sub]);
    assert.ok(again.claims.auth_time >= first.claims.auth_time);
    near(again.claims.auth_time, Date.now() / 1000);
  },
  'oidcc-max-age-10000': async (op) => {
    const first = await op.flow(), again = await op.flow({ max_age: 10000 });
    assert.equal(again.asked, false);
    assert.deepEqual([again.claims.sub, again.claims.auth_time], [first.claims.sub, first.claims.auth_time]);
  },

  'oidcc-ensure-request-with-unknown-parameter-succeeds': succeeds({ extra: 'foobar' }),
  'oidcc-id-token-hint': async (op) => {
    const first = await op.flow();
    const hinted = await op.flow({ prompt: 'none', id_token_hint: first.tokens.id_token });
    assert.equal(hinted.claims.sub, first.claims.sub);
  },
  'oidcc-login-hint': shows({ login_hint: KIM }, (page) => assert.equal(page.form.fields.username, KIM)),
  'oidcc-ui-locales': shows({ ui_locales: 'se ja en' }, (page) => assert.match(page.text, /<html lang="ja">/)),
  'oidcc-claims-locales': succeeds({ claims_locales: 'se' }),
  'oidcc-ensure-request-with-acr-values-succeeds': async (op) => {
    const values = op.issuer.metadata.acr_values_supported;
    const { claims } = await op.flow({ acr_values: `${values.join(' ')} unheard-of` });
    assert.ok(values.includes(claims.acr), claims.acr);
  },

  'oidcc-codereuse': codeAgain(0),
  // Half a minute later: stored times are moved back.
  'oidcc-codereuse-30seconds': codeAgain(31),

  // Core 3.1.2.1: never a redirect to what is not registered
  'oidcc-ensure-registered-redirect-uri': async (op) => {
    for (const uri of ['https://app.example/another', `${CALLBACK}?a=b`, `${CALLBACK}/`]) {
      op.refusedHere(await op.visitor.open(op.request({ redirect_uri: uri }).url), 'invalid_request');
    }
  },
  // Core 3.1.2.1: GET and POST
  'oidcc-ensure-post-request-succeeds': async (op) => {
    for (const by of [op.visitor, op.stranger()]) {
      const request = op.request(), { pathname, searchParams } = new URL(request.url);
      const page = await by.follow(await by.post(pathname, Object.fromEntries(searchParams)));
      const answer = op.isAnswer(page) ? page : await by.signIn(page, KIM, PASSWORD);
      await op.finish(request, answer);
    }
  },

  // Core 6, 3.1.2.6: request objects are refused as such, and nothing in them counts
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported': async (op) => {
    const request = op.request({ request_uri: 'https://app.example/request.jwt' });
    assert.equal(op.error(await op.visitor.open(request.url), request), 'request_uri_not_supported');
    assert.equal(op.issuer.metadata.request_uri_parameter_supported, false);
  },
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported': async (op) => {
    const request = op.request({ request: unsigned({ state: 'of the object', response_type: op.type, scope: 'openid' }) });
    assert.equal(op.error(await op.visitor.open(request.url), request), 'request_not_supported');
    assert.equal(op.issuer.metadata.request_parameter_supported, false);
  },
  'oidcc-ensure-request-object-with-redirect-uri': async (op) => {
    const request = op.request({ redirect_uri: 'https://app.example/another', request: unsigned({ redirect_uri: CALLBACK, response_type: op.type, scope: 'openid' }) });
    op.refusedHere(await op.visitor.open(request.url), 'invalid_request');
  },

  // Core 5.5
  'oidcc-claims-essential': async (op) => {
    const where = op.hasCode || op.hasToken ? 'userinfo' : 'id_token';
    const told = await op.told(await op.flow({ claims: JSON.stringify({ [where]: { name: { essential: true }, middle_name: { essential: true }, nickname: null } }) }));
    assert.deepEqual([told.name, told.middle_name, told.nickname], [KIM, 'Ada', undefined]);
  },

  // Core 11, 12; RFC 6749 6
  'oidcc-refresh-token': async (op) => {
    const request = op.request({ scope: 'openid offline_access', prompt: 'consent' });
    const page = await op.visitor.open(request.url);
    assert.ok('allow' in page.form.buttons, page.title);
    const first = await op.finish(request, await op.visitor.send(page, {}, 'allow'));
    assert.equal(first.tokens.scope, 'openid offline_access');
    await assert.rejects(op.client('second').refresh(first.tokens.refresh_token), { error: 'invalid_grant' });
    const second = await request.c.refresh(first.tokens.refresh_token);
    assert.notEqual(second.access_token, first.access);
    assert.equal((await op.userinfo(second.access_token)).status, 200);
    for (const name of ['iss', 'sub', 'aud', 'azp', 'auth_time']) assert.deepEqual(second.claims()[name], first.claims[name], name);
    assert.ok(second.claims().iat >= first.claims.iat);
    assert.equal(second.claims().nonce, undefined);
  },
  // RFC 7636
  'oidcc-ensure-request-with-valid-pkce-succeeds': async (op) => {
    const verifier = generators.codeVerifier();
    const pkce = { code_challenge: generators.codeChallenge(verifier), code_challenge_method: 'S256' };
    await op.flow({ ...pkce, verifier });
    await assert.rejects(op.flow({ ...pkce, verifier: generators.codeVerifier() }), { error: 'invalid_grant' });
  },
};

// ---- RP-Initiated Logout 1.0 ----

const KEPT = 'still signed in';
// Signs in, goes to the logout endpoint with what `parameters` makes of the id token; `check` looks at what came, and what the
// session is then is asked with prompt=none.
const logout = (parameters, check) => async (op) => {
  const by = op.stranger(), { tokens, request } = await op.flow({}, { by });
  const url = new URL(op.issuer.metadata.end_session_endpoint);
  url.search = new URLSearchParams(parameters({ hint: tokens.id_token, id: request.c.metadata.client_id }));
  const kept = await check(op, await by.open(url.href), by) === KEPT;
  const silent = op.request({ prompt: 'none' }), answer = await by.open(silent.url);
  if (kept) await op.finish(silent, answer);
  else assert.equal(op.error(answer, silent), 'login_required');
};
const isBack = (location) => (op, answer) => assert.deepEqual([answer.status, answer.location], [303, location]);
const isOut = (op, answer) => {
  assert.deepEqual([answer.status, answer.location], [200, undefined]);
  assert.match(answer.title, /^You are signed out/);
};
const isAsked = (then) => async (op, page, by) => {
  assert.match(page.title, /^Sign out\?/);
  assert.equal(page.location, undefined);
  await then(op, await by.submit(page, {}, 'logout'));
};
const isRefused = (op, answer) => {
  op.refusedHere(answer, 'invalid_request');
  return KEPT;
};
const changed = (token, name, value) => {
  const parts = token.split('.');
  parts[1] = Buffer.from(JSON.stringify({ ...jwtDecode(token).claims, [name]: value })).toString('base64url');
  return parts.join('.');
};

Object.assign(modules, {
  'oidcc-rp-initiated-logout-discovery-endpoint-verification': async (op) => {
    assert.equal(op.issuer.metadata.end_session_endpoint, `${op.server.url}/auth/authorize/logout`);
  },
  'oidcc-rp-initiated-logout': logout(({ hint }) => ({ id_token_hint: hint, post_logout_redirect_uri: BYE, state: 'a b&c' }), isBack(`${BYE}?state=a%20b%26c`)),
  'oidcc-rp-initiated-logout-no-state': logout(({ hint }) => ({ id_token_hint: hint, post_logout_redirect_uri: BYE }), isBack(BYE)),
  'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri': logout(({ hint }) => ({ id_token_hint: hint, post_logout_redirect_uri: 'https://evil.example/', state: 's' }), isRefused),
  'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri': logout(({ hint }) => ({ id_token_hint: hint, post_logout_redirect_uri: `${BYE}?foo=bar`, state: 's' }), isRefused),
  // 4: what failed to validate is not used: the person is asked, and nobody is sent to the address.
  'oidcc-rp-initiated-logout-modified-id-token-hint': logout(({ hint }) => ({ id_token_hint: changed(hint, 'sub', 'user:other'), post_logout_redirect_uri: BYE, state: 's' }), isAsked(isOut)),
  'oidcc-rp-initiated-logout-bad-id-token-hint': logout(({ id }) => ({ id_token_hint: 'bad', client_id: id, post_logout_redirect_uri: BYE, state: 's' }), isAsked(isOut)),
  // 2: asked first; and an address whose application nobody named is not followed.
  'oidcc-rp-initiated-logout-no-id-token-hint': logout(() => ({ post_logout_redirect_uri: BYE, state: 's' }), isAsked(isOut)),
  'oidcc-rp-initiated-logout-no-params': logout(() => ({}), isAsked(isOut)),
  'oidcc-rp-initiated-logout-no-post-logout-redirect-uri': logout(({ hint }) => ({ id_token_hint: hint, state: 's' }), isOut),
  'oidcc-rp-initiated-logout-only-state': logout(() => ({ state: 's' }), isAsked(isOut)),
});

// Discovery 3 and 4, of an issuer that is https: every endpoint is there, https and the issuer's own, and the keys are usable.
modules['oidcc-discovery-endpoint-verification'] = async (op) => {
  const host = new URL(SECURE).host;
  const { status, headers, json: document } = await op.server.request('GET', '/.well-known/openid-configuration', { headers: { host } });
  assert.equal(status, 200);
  assert.match(headers['content-type'], /^application\/json/);
  assert.equal(document.issuer, SECURE);
  for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'end_session_endpoint']) assert.ok(isText(document[name]), name);
  for (const [name, value] of Object.entries(document)) {
    if (/_endpoint$|_uri$/.test(name)) assert.ok(value.startsWith(`${SECURE}/`), `${name} ${value}`);
    if (/_supported$/.test(name) && typeof value !== 'boolean') assert.ok(Array.isArray(value) && value.length > 0, name);
  }
  const has = (name, ...values) => assert.ok(values.every((value) => document[name].includes(value)), name);
  has('response_types_supported', 'code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token');
  has('response_modes_supported', 'query', 'fragment', 'form_post');
  has('subject_types_supported', 'public');
  has('id_token_signing_alg_values_supported', 'RS256');
  has('scopes_supported', 'openid', 'profile', 'email', 'phone', 'offline_access');
  has('claims_supported', 'sub', 'name', 'email', 'auth_time', 'acr');
  has('ui_locales_supported', 'en', 'ja');
  has('token_endpoint_auth_methods_supported', 'client_secret_basic', 'client_secret_post');
  assert.deepEqual([document.claims_parameter_supported, document.request_parameter_supported, document.request_uri_parameter_supported], [true, false, false]);
  for (const name of ['request_object_signing_alg_values_supported', 'registration_endpoint', 'check_session_iframe']) assert.equal(document[name], undefined, name);
  const { json: { keys } } = await op.server.request('GET', new URL(document.jwks_uri).pathname, { headers: { host } });
  assert.equal(new Set(keys.map((key) => key.kid)).size, keys.length);
  for (const key of keys) {
    assert.deepEqual([key.use, isText(key.kid), isText(key.alg), key.d], ['sig', true, true, undefined]);
    assert.ok(key.kty !== 'RSA' || Buffer.from(key.n, 'base64url').length >= 256, key.kid);
  }
};
