// SPDX-License-Identifier: Apache-2.0
// Two certified libraries as relying parties: oauth4webapi (code, refresh, revocation, introspection, userinfo, hybrid, devices, exchange)
// and openid-client (implicit, hybrid, form_post). A visitor without scripts signs in.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { generators, Issuer } from 'openid-client';
import { jwtDecode, jwtTamper } from './lib/jwt.mjs';
import { formOf } from './lib/pages.mjs';
import { acme, application, CALLBACK, declare, PASSWORD, person, tenant, visits } from './lib/people.mjs';
import { until } from './lib/server.mjs';

globalThis.crypto ??= webcrypto; // Node 18
const oauth = await import('oauth4webapi');

const KIM = 'kim@acme.example';
const TYPES = ['code', 'id_token', 'id_token token', 'token', 'code id_token', 'code token', 'code id_token token'];
const model = declare(tenant('acme', { employees: [person(KIM)], applications: [
  application('spa'),
  application('site', { type: 'confidential', authMethod: 'client_secret_basic', responseTypes: TYPES }),
  application('post', { type: 'confidential', authMethod: 'client_secret_post', responseTypes: TYPES }),
] }));

describe('relying parties', () => {
  let server, visitor;
  visits({ model }, (now) => { ({ server, visitor } = now); });
  const id = (name) => server.generatedSecret('application', 'clientId', name);
  const secret = (name) => server.generatedSecret('application', 'secret', name);

  describe('oauth4webapi', () => {
    const insecure = { [oauth.allowInsecureRequests]: true };
    let as;
    before(async () => {
      const issuer = new URL(server.url);
      as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure }));
    });
    const auths = { spa: () => oauth.None(), site: () => oauth.ClientSecretBasic(secret('site')), post: () => oauth.ClientSecretPost(secret('post')) };

    // From the request to the address that the browser was sent to.
    const begin = async (name, more = {}) => {
      const client = { client_id: id(name) }, verifier = oauth.generateRandomCodeVerifier(), state = oauth.generateRandomState(), nonce = oauth.generateRandomNonce();
      const url = new URL(as.authorization_endpoint);
      url.search = new URLSearchParams({ client_id: client.client_id, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid', state, nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more });
      const page = await visitor.open(url.href);
      const answer = page.form?.fields.username === undefined ? page : await visitor.signIn(page, KIM, PASSWORD);
      return { client, verifier, state, nonce, answer, auth: auths[name]() };
    };
    const redeem = async (f, parameters, options = {}) => {
      const response = await oauth.authorizationCodeGrantRequest(as, f.client, f.auth, parameters, CALLBACK, f.verifier, insecure);
      return { response, result: await oauth.processAuthorizationCodeResponse(as, f.client, response, { expectedNonce: f.nonce, requireIdToken: true, ...options }) };
    };
    const signIn = async (name, more) => {
      const f = await begin(name, more);
      const { response, result } = await redeem(f, oauth.validateAuthResponse(as, f.client, new URL(f.answer.location), f.state), more?.max_age && { maxAge: Number(more.max_age) });
      await oauth.validateApplicationLevelSignature(as, response, insecure);
      return { ...f, result, claims: oauth.getValidatedIdTokenClaims(result) };
    };

    for (const name of Object.keys(auths)) {
      test(`code and PKCE, userinfo, refresh: ${name}`, async () => {
        const { client, auth, result, claims } = await signIn(name, { max_age: '300' });
        assert.equal(claims.name, KIM);
        const userinfo = await oauth.processUserInfoResponse(as, client, claims.sub, await oauth.userInfoRequest(as, client, result.access_token, insecure));
        assert.equal(userinfo.email, KIM);
        const again = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, auth, result.refresh_token, insecure));
        assert.notEqual(again.access_token, result.access_token);
        assert.equal(oauth.getValidatedIdTokenClaims(again)?.sub ?? claims.sub, claims.sub);
      });
    }

    test('revocation, and what introspection says before and after', async () => {
      const { client, auth, result } = await signIn('site');
      const ask = async (token) => oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, token, insecure));
      const before = await ask(result.refresh_token);
      assert.deepEqual([before.active, before.client_id], [true, client.client_id]);
      assert.equal((await ask(result.access_token)).active, true);
      await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, result.refresh_token, insecure));
      for (const token of [result.refresh_token, result.access_token]) assert.deepEqual(await ask(token), { active: false });
      const refused = await oauth.refreshTokenGrantRequest(as, client, auth, result.refresh_token, insecure);
      await assert.rejects(oauth.processRefreshTokenResponse(as, client, refused), { error: 'invalid_grant' });
    });

    test('a code that was used, of another verifier, of another client', async () => {
      const f = await begin('site');
      const parameters = oauth.validateAuthResponse(as, f.client, new URL(f.answer.location), f.state);
      await redeem(f, parameters);
      await assert.rejects(redeem(f, parameters), { error: 'invalid_grant' });
      const other = await begin('site');
      const theirs = oauth.validateAuthResponse(as, other.client, new URL(other.answer.location), other.state);
      await assert.rejects(redeem({ ...other, verifier: oauth.generateRandomCodeVerifier() }, theirs), { error: 'invalid_grant' });
      const third = await begin('site');
      const its = oauth.validateAuthResponse(as, third.client, new URL(third.answer.location), third.state);
      await assert.rejects(redeem({ ...third, client: { client_id: id('post') }, auth: auths.post() }, its), { error: 'invalid_grant' });
    });

    test('hybrid: code id_token, its c_hash and nonce', async () => {
      const f = await begin('site', { response_type: 'code id_token' });
      const location = new URL(f.answer.location);
      await oauth.validateCodeIdTokenResponse(as, f.client, location, f.nonce, f.state, undefined, insecure).then(
        async (parameters) => assert.equal((await redeem(f, parameters)).result.token_type, 'bearer'));
      await assert.rejects(oauth.validateCodeIdTokenResponse(as, f.client, location, 'another', f.state, undefined, insecure), /nonce/);
      const forged = new URL(location), fragment = new URLSearchParams(location.hash.slice(1));
      fragment.set('code', `${fragment.get('code')}x`);
      forged.hash = fragment;
      await assert.rejects(oauth.validateCodeIdTokenResponse(as, f.client, forged, f.nonce, f.state, undefined, insecure), /c_hash/);
    });

    test('a device: refused while nobody has answered, then tokens', async () => {
      const client = { client_id: id('site') }, auth = auths.site();
      const device = await oauth.processDeviceAuthorizationResponse(as, client, await oauth.deviceAuthorizationRequest(as, client, auth, { scope: 'openid' }, insecure));
      const poll = async () => {
        const response = await oauth.deviceCodeGrantRequest(as, client, auth, device.device_code, insecure);
        return oauth.processDeviceCodeResponse(as, client, response);
      };
      await assert.rejects(poll(), { error: 'authorization_pending' });
      const page = await visitor.signIn(await visitor.open(device.verification_uri_complete), KIM, PASSWORD);
      await visitor.send(await visitor.send(page), {}, 'allow');
      const result = await until('the device has its tokens', () => poll().catch((error) => assert.equal(error.error, 'slow_down')));
      const claims = oauth.getValidatedIdTokenClaims(result);
      assert.equal((await oauth.processUserInfoResponse(as, client, claims.sub, await oauth.userInfoRequest(as, client, result.access_token, insecure))).email, KIM);
    });

    test('token exchange: tokens of another application, and not of a token that was changed', async () => {
      const { result } = await signIn('spa');
      const exchange = async (token) => {
        const client = { client_id: id('site') };
        const response = await oauth.genericTokenEndpointRequest(as, client, auths.site(), 'urn:ietf:params:oauth:grant-type:token-exchange',
          { subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', scope: 'openid' }, insecure);
        return oauth.processGenericTokenEndpointResponse(as, client, response);
      };
      const other = await exchange(result.access_token);
      assert.equal(other.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
      assert.equal(jwtDecode(other.access_token).claims.sub, jwtDecode(result.access_token).claims.sub);
      await assert.rejects(exchange(jwtTamper(result.access_token)), { error: 'invalid_request' });
    });

    test('no: it comes back as an error with state and iss', async () => {
      const silent = await begin('site', { prompt: 'none' });
      assert.throws(() => oauth.validateAuthResponse(as, silent.client, new URL(silent.answer.location), silent.state), { error: 'login_required' });
    });
  });

  describe('openid-client', () => {
    let issuer;
    before(async () => { issuer = await Issuer.discover(server.url); });
    const client = (name, type) => new issuer.Client({ client_id: id(name), client_secret: secret(name), redirect_uris: [CALLBACK], response_types: [type],
      token_endpoint_auth_method: name === 'post' ? 'client_secret_post' : 'client_secret_basic' });
    const ask = async (c, type, more = {}) => {
      const checks = { response_type: type, state: generators.state(), ...(type !== 'token' && { nonce: generators.nonce() }) };
      const url = c.authorizationUrl({ redirect_uri: CALLBACK, scope: 'openid', response_type: type, state: checks.state, nonce: checks.nonce, ...more });
      return { checks, answer: await visitor.signIn(await visitor.open(url), KIM, PASSWORD) };
    };
    // What the application sees of an answer in a fragment or in a posted form.
    const fragment = (answer) => Object.fromEntries(new URLSearchParams(new URL(answer.location).hash.slice(1)));
    const posted = (answer) => {
      assert.deepEqual([answer.status, answer.location], [200, undefined]);
      const form = formOf(answer.text);
      assert.deepEqual([form.method, form.action], ['post', CALLBACK]);
      return Object.fromEntries(Object.entries(form.fields).filter(([name]) => name !== 'undefined'));
    };

    for (const [mode, read] of [[undefined, fragment], ['form_post', posted]]) {
      for (const type of TYPES.filter((t) => mode || t !== 'code')) {
        test(`${type}, ${mode ?? 'fragment'}`, async () => {
          const c = client(mode ? 'post' : 'site', type);
          const { checks, answer } = await ask(c, type, mode && { response_mode: mode });
          const parameters = read(answer);
          assert.equal(parameters.iss, server.url);
          const tokens = await c.callback(CALLBACK, parameters, checks);
          if (/id_token|code/.test(type)) assert.equal(tokens.claims().name, KIM);
          if (/token$/.test(type) && type !== 'id_token' || /code/.test(type)) assert.equal((await c.userinfo(tokens.access_token)).email, KIM);
          if (type === 'token') assert.equal(tokens.id_token, undefined);
        });
      }
    }

    test('an id token of the front that was changed on its way is refused', async () => {
      const c = client('site', 'id_token token');
      const { checks, answer } = await ask(c, 'id_token token');
      const parameters = fragment(answer);
      await assert.rejects(c.callback(CALLBACK, { ...parameters, access_token: `${parameters.access_token}x` }, checks), /at_hash/);
      await assert.rejects(c.callback(CALLBACK, { ...parameters, id_token: jwtTamper(parameters.id_token) }, checks), /signature/);
    });
  });
});
