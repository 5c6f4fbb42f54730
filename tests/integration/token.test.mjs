// SPDX-License-Identifier: Apache-2.0
// The token endpoint (PROTOCOL 4): openid-client asks as every kind of application, jose verifies what comes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { Issuer } from 'openid-client';
import { jwtDecode } from './lib/jwt.mjs';
import { acme, globex, model } from './lib/model.mjs';
import { Server } from './lib/server.mjs';

const RSA_JWT = { alg: 'RS256', kid: 'test-1', use: 'sig' };

describe('token', () => {
  let server, issuer, keys, privateJwk;
  const client = (name, more = {}) => new issuer.Client({
    client_id: server.generatedSecret('application', 'clientId', name),
    ...(more.token_endpoint_auth_method === 'private_key_jwt' ? {}
      : { client_secret: server.generatedSecret('application', 'secret', name) }),
    token_endpoint_auth_method: 'client_secret_basic', ...more }, more.jwks);
  const accessKey = (name = 'admin@acme.example') => ({
    username: server.generatedSecret('access_key', 'accessKeyId', name),
    password: server.generatedSecret('access_key', 'accessKeySecret', name) });
  const password = (c, key = accessKey(), more = {}) => c.grant({ grant_type: 'password', ...key, ...more });
  const refused = (promise, error, description) => assert.rejects(promise, (e) => {
    assert.equal(e.error, error, e.message);
    if (description) assert.match(e.error_description, description);
    return true;
  });

  before(async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    privateJwk = { ...(await exportJWK(pair.privateKey)), ...RSA_JWT };
    const publicJwks = { keys: [{ ...(await exportJWK(pair.publicKey)), ...RSA_JWT }] };
    server = await Server.start({ model: (url) => model(url, { publicJwks }) });
    issuer = await Issuer.discover(server.url);
    keys = createRemoteJWKSet(new URL(issuer.metadata.jwks_uri));
  });
  after(() => server?.stop());

  test('password grant: three tokens, verified by jose', async () => {
    const c = client('basic');
    const set = await password(c);
    assert.equal(set.token_type, 'Bearer');
    assert.equal(set.expires_in, 3600);
    assert.equal(set.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
    const access = await jwtVerify(set.access_token, keys, { issuer: server.url, audience: `${c.metadata.client_id}@cxone` });
    assert.equal(access.protectedHeader.alg, 'RS256');
    assert.match(access.payload.sub, /^user:[0-9a-f-]{36}$/);
    assert.deepEqual([access.payload.tenantId, access.payload.tenant, access.payload.icBUId], [acme.id, acme.tenant, acme.unit]);
    assert.equal(access.payload.role.legacyId, 'Administrator');
    assert.equal(access.payload.client_id, c.metadata.client_id);
    const id = await jwtVerify(set.id_token, keys, { issuer: server.url, audience: c.metadata.client_id });
    assert.equal(id.payload.tenantId, acme.id);
    assert.equal(`user:${id.payload.userId}`, access.payload.sub);
    const refresh = jwtDecode(set.refresh_token);
    assert.match(refresh.header.alg, /^HS/);
    assert.equal(refresh.claims.exp - refresh.claims.iat, 7200);
  });

  test('id token for browsers: plain base64 header, ASCII JSON, iat not in the future', async () => {
    const { id_token: token } = await password(client('basic'), accessKey('agent@acme.example'));
    assert.doesNotMatch(token.split('.')[0], /[-_]/);
    const text = Buffer.from(token.split('.')[1], 'base64url').toString('latin1');
    // eslint-disable-next-line no-control-regex
    assert.match(text, /^[\x20-\x7e]+$/);
    assert.match(text, /Zo\\u00eb/i);
    const { claims } = jwtDecode(token);
    assert.equal(claims.given_name, 'Zoë');
    assert.ok(claims.iat <= Math.floor(Date.now() / 1000));
  });

  for (const [name, method] of [['basic', 'client_secret_basic'], ['post', 'client_secret_post'], ['mac', 'client_secret_jwt']]) {
    test(`client authentication ${method}`, async () => {
      const more = { token_endpoint_auth_method: method };
      if (method === 'client_secret_jwt') more.token_endpoint_auth_signing_alg = 'HS256';
      assert.ok((await password(client(name, more))).access_token);
      await refused(password(client(name, { ...more, client_secret: 'wrong'.repeat(8) })), 'invalid_client');
    });
  }

  test('client authentication private_key_jwt', async () => {
    const more = { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'RS256', jwks: { keys: [privateJwk] } };
    assert.ok((await password(client('asserter', more))).access_token);
    const other = await generateKeyPair('RS256', { extractable: true });
    const wrong = { keys: [{ ...(await exportJWK(other.privateKey)), ...RSA_JWT }] };
    await refused(password(client('asserter', { ...more, jwks: wrong })), 'invalid_client');
  });

  test('another method than the registered one is refused by name', async () => {
    await refused(password(client('basic', { token_endpoint_auth_method: 'client_secret_post' })), 'invalid_client', /client_secret_basic/);
    await refused(password(client('post')), 'invalid_client', /client_secret_post/);
  });

  test('client_credentials: a token of the application, without a user', async () => {
    const c = client('basic');
    const set = await c.grant({ grant_type: 'client_credentials', scope: 'platform-user-read' });
    const { payload } = await jwtVerify(set.access_token, keys, { issuer: server.url });
    assert.equal(payload.sub, `client:${c.metadata.client_id}`);
    assert.equal(payload.scope, 'platform-user-read');
    assert.equal(payload.tenantId, acme.id);
    for (const member of ['role', 'icAgentId', 'given_name', 'family_name', 'name']) assert.ok(!(member in payload), member);
    assert.equal(set.id_token, undefined);
    assert.ok(set.refresh_token);
  });

  test('scope: never more than registered', async () => {
    await refused(client('narrow').grant({ grant_type: 'client_credentials', scope: 'openid platform-user-read' }), 'invalid_scope');
    await refused(password(client('narrow'), accessKey(), { scope: 'platform-user-read' }), 'invalid_scope');
    const set = await password(client('narrow'));
    assert.equal(set.scope, 'openid');
  });

  test('tenants: an application of one tenant is not for users of another', async () => {
    await refused(password(client('basic'), accessKey('admin@globex.example')), 'unauthorized_client',
      /^Client application 'basic@acme' not authorized for user$/);
    assert.ok((await password(client('all'), accessKey('admin@globex.example'))).access_token);
    const set = await client('all').grant({ grant_type: 'client_credentials', tenantId: globex.id });
    assert.equal(jwtDecode(set.access_token).claims.tenantId, globex.id);
    await refused(client('basic').grant({ grant_type: 'client_credentials', tenantId: globex.id }), 'unauthorized_client');
  });

  test('dead_means_dead: blocked user, disabled application, wrong key', async () => {
    await refused(password(client('basic'), accessKey('blocked@acme.example')), 'invalid_grant');
    await refused(password(client('off')), 'invalid_client');
    await refused(password(client('basic'), { ...accessKey(), password: accessKey('agent@acme.example').password }), 'invalid_grant');
    await refused(password(client('basic'), { username: 'A'.repeat(52) + '====', password: 'B'.repeat(52) + '====' }), 'invalid_grant');
  });

  test('ropc: a person\'s name and password are no access key', async () => {
    await refused(password(client('basic'), { username: 'admin@acme.example', password: 'anything' }), 'invalid_grant');
  });

  test('grants: unknown and missing', async () => {
    await refused(client('basic').grant({ grant_type: 'magic' }), 'unsupported_grant_type');
    const { basic } = { basic: ['x', 'y'] };
    const missing = await server.token({ scope: 'openid' }, { basic });
    assert.ok([400, 401].includes(missing.status));
  });

  test('userinfo and introspection by openid-client', async () => {
    const c = client('basic');
    const set = await password(c);
    const info = await c.userinfo(set.access_token);
    assert.equal(info.sub, jwtDecode(set.access_token).claims.sub);
    const active = await c.introspect(set.access_token);
    assert.equal(active.active, true);
    assert.equal(active.client_id, c.metadata.client_id);
    await c.revoke(set.refresh_token);
    assert.equal((await c.introspect(set.refresh_token)).active, false);
    await refused(c.refresh(set.refresh_token), 'invalid_grant');
    assert.equal((await c.introspect('nonsense')).active, false);
  });

  test('param_pollution: every parameter twice, in body, query or both', async () => {
    const basic = [server.generatedSecret('application', 'clientId', 'basic'), server.generatedSecret('application', 'secret', 'basic')];
    const good = new URLSearchParams({ grant_type: 'password', ...accessKey(), scope: 'openid' }).toString();
    assert.equal((await server.token(good, { basic })).status, 200);
    for (const part of good.split('&')) {
      const twice = await server.token(`${good}&${part}`, { basic });
      assert.deepEqual([twice.status, twice.json.error], [400, 'invalid_request'], part);
      const both = await server.token(good, { basic, path: `/auth/token?${part}` });
      assert.deepEqual([both.status, both.json.error], [400, 'invalid_request'], part);
    }
    const unknown = await server.token(`${good}&unknown=1`, { basic });
    assert.equal(unknown.status, 200);
  });

  test('the label of the body does not matter (PROTOCOL 12.1)', async () => {
    const basic = [server.generatedSecret('application', 'clientId', 'basic'), server.generatedSecret('application', 'secret', 'basic')];
    const params = { grant_type: 'password', ...accessKey() };
    for (const body of [new URLSearchParams(params).toString(), JSON.stringify(params)]) {
      for (const label of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', undefined]) {
        const headers = label ? { 'content-type': label } : {};
        const answer = await server.request('POST', '/auth/token', { body, headers, basic });
        assert.equal(answer.status, 200, `${label}: ${answer.text}`);
      }
    }
    const neither = await server.request('POST', '/auth/token', { body: '[1]', basic });
    assert.equal(neither.status, 400);
  });
});
