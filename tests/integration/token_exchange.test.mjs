// SPDX-License-Identifier: Apache-2.0
// A page hands its user's access token to an application that it embeds (RFC 8693, PROTOCOL 12.5), after a real sign-in.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generators } from 'openid-client';
import { jwtDecode } from './lib/jwt.mjs';
import { Visitor } from './lib/pages.mjs';
import { acme, application, CALLBACK, environment, globex, PASSWORD, person, tenant, visits } from './lib/people.mjs';

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange', ACCESS = 'urn:ietf:params:oauth:token-type:access_token';
const ORIGIN = 'https://embedded.example', GOV = 'https://gov.example';

const model = (issuer) => ({ environments: [
  environment('local', issuer, [
    tenant('acme', { employees: ['kim', 'lee', 'out', 'gone'].map((name) => person(`${name}@acme.example`)), applications: [
      application('page'),
      application('embedded', { scope: ['openid', 'analytics-query', 'offline_access'], origins: [ORIGIN] }),
      application('site', { type: 'confidential', authMethod: 'client_secret_basic' }),
      application('robot', { type: 'backend', authMethod: 'client_secret_basic', redirects: undefined }),
    ] }),
    tenant('globex', { applications: [application('foreign'), application('common', { tenancy: 'all' })] }),
  ], { default: true }),
  environment('government', GOV, [tenant('bureau', { applications: [application('secure', { tenancy: 'all' })] })]),
] });

describe('token exchange', () => {
  let server, issuer, visitor;
  visits({ model }, (now) => { ({ server, issuer, visitor } = now); });
  const idOf = (name) => server.generatedSecret('application', 'clientId', name);
  const basicOf = (name) => [idOf(name), server.generatedSecret('application', 'secret', name)];
  // A sign-in at `page`: its tokens, and the openid-client that got them.
  const signIn = async (user, by = visitor) => {
    const c = new issuer.Client({ client_id: idOf('page'), redirect_uris: [CALLBACK], response_types: ['code'], token_endpoint_auth_method: 'none' });
    const verifier = generators.codeVerifier();
    const url = c.authorizationUrl({ redirect_uri: CALLBACK, scope: 'openid', code_challenge: generators.codeChallenge(verifier), code_challenge_method: 'S256' });
    const done = await by.signIn(await by.open(url), user, PASSWORD);
    return { c, tokens: await c.callback(CALLBACK, c.callbackParams(done.location), { code_verifier: verifier }) };
  };
  // As the browser SDK sends it: raw values, and a label that says JSON.
  const sdk = (token, name = 'embedded', more = '', { headers = {}, ...options } = {}) => server.request('POST', '/auth/token', {
    body: `grant_type=${GRANT}&scope=openid&client_id=${idOf(name)}&subject_token=${token}&subject_token_type=${ACCESS}${more}`,
    headers: { 'content-type': 'application/json', 'originating-service-identifier': 'CXoneAgent', ...headers }, ...options,
  });
  const exchange = (params, options) => server.token({ grant_type: GRANT, subject_token_type: ACCESS, ...params }, options);
  const refused = (answer, status, error) => {
    assert.deepEqual([answer.status, answer.json.error], [status, error], answer.text);
    assert.ok(answer.json.error_description.length > 10);
    for (const member of ['access_token', 'refresh_token', 'id_token']) assert.equal(answer.json[member], undefined);
  };
  const userinfo = (bearer) => server.request('GET', '/auth/userinfo', { bearer });
  const refresh = (token) => server.token({ grant_type: 'refresh_token', refresh_token: token });

  test('12.5 as the SDK sends it: exactly 200, and everything it reads', async () => {
    const { tokens } = await signIn('kim@acme.example');
    const answer = await sdk(tokens.access_token, 'embedded', '', { headers: { origin: ORIGIN } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['access-control-allow-origin'], ORIGIN);
    assert.match(answer.headers['cache-control'], /no-store/);
    const { access_token, refresh_token, id_token, ...rest } = answer.json;
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, issued_token_type: ACCESS, scope: 'openid' });
    const access = jwtDecode(access_token).claims, id = jwtDecode(id_token).claims, before_ = tokens.claims();
    assert.deepEqual([access.client_id, access.aud, id.aud, id.azp], [idOf('embedded'), `${idOf('embedded')}@cxone`, idOf('embedded'), idOf('embedded')]);
    for (const member of ['sub', 'userId', 'tenantId', 'tenant', 'icAgentId', 'auth_time']) assert.equal(id[member], before_[member], member);
    assert.deepEqual(id.amr, ['pwd']);
    assert.notEqual(id.sid, before_.sid);
    assert.equal((await userinfo(access_token)).json.name, 'kim@acme.example');
    assert.equal((await userinfo(tokens.access_token)).status, 200);
    const again = await refresh(refresh_token);
    assert.equal(again.status, 200, again.text);
    assert.equal(jwtDecode(again.json.id_token).claims.aud, idOf('embedded'));
  });

  test('12.5 short names, JSON, and discovery that has the long one alone', async () => {
    const { tokens } = await signIn('kim@acme.example');
    const short = { grant_type: 'token-exchange', subject_token_type: 'access_token', subject_token: tokens.access_token, client_id: idOf('embedded') };
    for (const options of [{ form: short }, { json: short }, { json: short, headers: { 'content-type': 'text/plain' } }]) {
      const answer = await server.request('POST', '/auth/token', options);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.scope, 'openid analytics-query');
    }
    const grants = issuer.metadata.grant_types_supported.filter((name) => name.includes('exchange'));
    assert.deepEqual(grants, [GRANT]);
  });

  test('a confidential application authenticates; a back end may not', async () => {
    const { tokens } = await signIn('kim@acme.example');
    const subject_token = tokens.access_token;
    const answer = await exchange({ subject_token }, { basic: basicOf('site') });
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await userinfo(answer.json.access_token)).status, 200);
    refused(await exchange({ subject_token, client_id: idOf('site') }), 401, 'invalid_client');
    refused(await exchange({ subject_token }), 401, 'invalid_client');
    refused(await exchange({ subject_token }, { basic: basicOf('robot') }), 400, 'unauthorized_client');
  });

  test('an application of another tenant that all may use is let in', async () => {
    const { tokens } = await signIn('kim@acme.example');
    const answer = await sdk(tokens.access_token, 'common');
    assert.equal(answer.status, 200, answer.text);
    assert.equal(jwtDecode(answer.json.id_token).claims.tenantId, acme);
  });

  test('idor: an application of another tenant gets nothing for this user, in the known words', async () => {
    const { tokens } = await signIn('kim@acme.example');
    const answer = await sdk(tokens.access_token, 'foreign');
    refused(answer, 401, 'unauthorized_client');
    assert.equal(answer.json.error_description, "Client application 'foreign@Acme' not authorized for user");
  });

  test('audience: only an access token of a user of this environment is exchanged', async () => {
    const { tokens } = await signIn('kim@acme.example');
    const robot = (await server.token({ grant_type: 'client_credentials' }, { basic: basicOf('robot') })).json.access_token;
    const [head, body, signature] = tokens.access_token.split('.');
    for (const token of [tokens.id_token, tokens.refresh_token, robot, 'undefined', `${head}.${body}.${signature.slice(0, -4)}AAAA`, `${head}.${body}.`]) {
      refused(await sdk(token), 400, 'invalid_request');
    }
    refused(await sdk(tokens.access_token, 'secure', '', { headers: { host: new URL(GOV).host } }), 400, 'invalid_request');
    refused(await sdk(tokens.access_token, 'secure'), 401, 'invalid_client');
    for (const more of ['&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token', `&actor_token=${tokens.access_token}`, '&audience=x', '&resource=https://x.example']) {
      refused(await sdk(tokens.access_token, 'embedded', more), 400, /^&(audience|resource)=/.test(more) ? 'invalid_target' : 'invalid_request');
    }
    refused(await exchange({ subject_token: tokens.id_token, subject_token_type: 'urn:ietf:params:oauth:token-type:id_token', client_id: idOf('embedded') }), 400, 'invalid_request');
  });

  test('scope: an exchange gives never more than the application registered', async () => {
    const { tokens } = await signIn('kim@acme.example');
    const ask = (scope) => exchange({ subject_token: tokens.access_token, client_id: idOf('embedded'), ...(scope && { scope }) });
    assert.equal((await ask()).json.scope, 'openid analytics-query');
    assert.equal((await ask('analytics-query')).json.scope, 'analytics-query');
    // Core 11: the user did not allow the page's application to outlive the sign-in.
    assert.equal((await ask('openid offline_access')).json.scope, 'openid');
    refused(await ask('openid platform-user-read'), 400, 'invalid_scope');
  });

  test('dead-means-dead: an exchanged token ends with the sign-out, and begets none after it', async () => {
    const { c, tokens } = await signIn('out@acme.example');
    const one = (await sdk(tokens.access_token)).json;
    const two = (await sdk(one.access_token, 'page')).json;
    const out = await visitor.get(c.endSessionUrl({ id_token_hint: tokens.id_token }));
    assert.match((await visitor.follow(out)).title, /^You are signed out/);
    for (const set of [one, two]) {
      assert.equal((await userinfo(set.access_token)).status, 401);
      refused(await refresh(set.refresh_token), 400, 'invalid_grant');
    }
    for (const token of [tokens.access_token, one.access_token, two.access_token]) refused(await sdk(token), 400, 'invalid_request');
  });

  test('dead-means-dead: a sign-out among 32 exchanges leaves nothing alive', async () => {
    const { c, tokens } = await signIn('out@acme.example');
    const exchanges = Array.from({ length: 32 }, () => sdk(tokens.access_token));
    const out = visitor.get(c.endSessionUrl({ id_token_hint: tokens.id_token }));
    const answers = await Promise.all(exchanges);
    await out;
    for (const answer of answers) {
      if (answer.status === 200) assert.equal((await userinfo(answer.json.access_token)).status, 401);
      else assert.ok(answer.status === 400 && ['invalid_request', 'invalid_grant'].includes(answer.json.error), 'refused before or while it was written');
    }
  });

  test('dead-means-dead: a user that is blocked, a token that was revoked', async () => {
    const { tokens } = await signIn('gone@acme.example');
    const one = (await sdk(tokens.access_token)).json;
    await server.sql("UPDATE employee SET status = 'BLOCKED' WHERE user_name = 'gone@acme.example'");
    refused(await sdk(tokens.access_token), 400, 'invalid_request');
    assert.equal((await userinfo(one.access_token)).status, 401);
    const { c, tokens: others } = await signIn('lee@acme.example', new Visitor(server));
    await c.revoke(others.access_token);
    refused(await sdk(others.access_token), 400, 'invalid_request');
  });
});
