// SPDX-License-Identifier: Apache-2.0
// The client against another vendor's server (npm oidc-provider), by settings alone: every authentication method, opaque and
// JWT access tokens, rotation of refresh tokens, 429.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Issuer } from 'openid-client';
import { jwtTamper } from './lib/jwt.mjs';
import { OtherProvider, USER } from './lib/other_provider.mjs';
import { Home, onceForAllEngines } from './lib/postern.mjs';
import { until } from './lib/server.mjs';

const AUTH = 3, SERVER = 6;
let other, home;

// method: of the client; more: further settings.
async function world(method, more = {}, options = {}) {
  other = await OtherProvider.start(options);
  home = await Home.make();
  const client = other.clients[method];
  const settings = { issuer: other.url, client_id: client.client_id, auth_method: method };
  if (client.client_secret) settings.client_secret = client.client_secret;
  if (client.key) {
    settings.private_key_file = path.join(home.folder, 'client.pem');
    settings.private_key_id = 'client-key';
    await writeFile(settings.private_key_file, client.key, { mode: 0o600 });
  }
  home.settings = { ...settings, ...more };
  home.secrets = () => [client.client_secret, USER.password].filter(Boolean);
  await home.profile(home.settings);
}

const user = { grant: 'password', access_key_id: USER.username, access_key_secret: USER.password, scope: 'openid offline_access' };

afterEach(async () => {
  try {
    assert.equal(other.spentTwice(), 0, 'refresh tokens spent twice');
    await home.checkCache();
  } finally {
    await other.stop();
    await home.remove();
  }
});

// What the server itself says of a token.
async function introspect(token) {
  const { client_secret_basic: by } = other.clients;
  const answer = await fetch(`${other.url}/token/introspection`, { method: 'POST', body: new URLSearchParams({ token }),
    headers: { authorization: `Basic ${Buffer.from(`${by.client_id}:${by.client_secret}`).toString('base64')}` } });
  return answer.json();
}

describe('oidc-provider: client_credentials', onceForAllEngines, () => {
  for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']) {
    test(`${method}: opaque and JWT access tokens`, async () => {
      await world(method, { grant: 'client_credentials' });
      const opaque = await home.token();
      assert.ok(!opaque.includes('.'), opaque);
      await home.profile({ ...home.settings, token_parameters: 'resource=urn%3Aapi', scope: 'read' });
      const jwt = await home.token();
      const { payload } = await jwtVerify(jwt, createRemoteJWKSet(new URL(`${other.url}/jwks`)), { issuer: other.url, audience: 'urn:api' });
      assert.deepEqual([payload.client_id, payload.scope], [other.clients[method].client_id, 'read']);
      assert.deepEqual(other.grants(), ['client_credentials', 'client_credentials']);
      assert.equal(await home.token(), jwt, 'it is not kept');
      assert.deepEqual(other.errors, []);
    });
  }

  test('private_key_jwt: an assertion is new each time', async () => {
    await world('private_key_jwt', { grant: 'client_credentials' });
    for (let i = 0; i < 3; i++) await home.token('--fresh');
    const ids = other.requests.map((r) => r.form?.client_assertion).filter(Boolean)
      .map((jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url')).jti);
    assert.equal(new Set(ids).size, 3, String(ids));
  });

  test('the method is found by itself where the server lists several', async () => {
    await world('client_secret_basic', { grant: 'client_credentials', auth_method: 'auto' });
    await home.token();
  });

  test('another method than the registered one: the text says what the server said', async () => {
    await world('client_secret_jwt', { grant: 'client_credentials', auth_method: 'client_secret_post' });
    const done = await home.run('token');
    assert.equal(done.status, AUTH);
    assert.match(done.stderr, /invalid_client/);
  });

  test('an unknown resource and a scope that is not allowed are told', async () => {
    await world('client_secret_basic', { grant: 'client_credentials', token_parameters: 'resource=urn%3Anobody' });
    const target = await home.run('token');
    assert.equal(target.status, AUTH, target.stderr);
    assert.match(target.stderr, /invalid_target/);
  });
});

describe('oidc-provider: users and refresh tokens', onceForAllEngines, () => {
  for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']) {
    test(`${method}: password, then rotation at each renewal; no token is spent twice`, async () => {
      await world(method, user, { accessLife: 1 });
      const seen = new Set([await home.token()]);
      for (let round = 0; round < 2; round++) {
        await until('a renewed token', async () => !seen.has(await home.token()));
        seen.add(await home.token());
      }
      const grants = other.grants();
      assert.equal(grants[0], 'password');
      assert.ok(grants.length >= 3 && grants.slice(1).every((g) => g === 'refresh_token'), String(grants));
      assert.equal(other.spent.size, grants.length - 1);
      assert.deepEqual(other.errors, []);
    });
  }

  test('the id token is verified against its key set', async () => {
    await world('client_secret_basic', user);
    const { json } = await home.run('token', '--json');
    const { payload } = await jwtVerify(json.id_token, createRemoteJWKSet(new URL(`${other.url}/jwks`)), { issuer: other.url });
    assert.equal(payload.sub, USER.username);
    const good = await home.run('jwt', 'verify', '-', { input: json.id_token });
    assert.equal(good.status, 0, good.stderr);
    const bad = await home.run('jwt', 'verify', '-', { input: jwtTamper(json.id_token) });
    assert.equal(bad.status, AUTH, bad.stdout);
    assert.equal((await introspect(json.access_token)).active, true);
  });

  test('an API of the other server is called with the token', async () => {
    await world('client_secret_basic', user);
    const me = await home.run('api', 'GET', '/me', '--base', 'issuer');
    assert.equal(me.status, 0, me.stderr);
    assert.equal(JSON.parse(me.stdout).sub, USER.username);
    const set = await home.run('api', 'GET', '/me', '--api-endpoint', other.url);
    assert.equal(set.status, 0, set.stderr);
  });

  test('a refresh token that the server has revoked: authenticated anew', async () => {
    await world('client_secret_basic', user, { accessLife: 1 });
    const first = await home.token();
    const { issuer } = home.settings;
    const { Client } = await Issuer.discover(issuer);
    const { client_id, client_secret } = other.clients.client_secret_basic;
    const { refresh_token: refresh } = (await home.entry()).json;
    await new Client({ client_id, client_secret, redirect_uris: [], response_types: [] }).revoke(refresh);
    await until('it is renewed', async () => (await home.token()) !== first);
    assert.deepEqual(other.grants().slice(0, 3), ['password', 'refresh_token', 'password']);
  });

  test('wrong user: told, not repeated', async () => {
    await world('client_secret_basic', { ...user, access_key_secret: 'wrong' });
    const done = await home.run('token');
    assert.equal(done.status, AUTH);
    assert.match(done.stderr, /invalid_grant/);
    assert.equal(other.grants().length, 1);
  });
});

describe('oidc-provider: 429', onceForAllEngines, () => {
  test('with Retry-After: waited', async () => {
    await world('client_secret_basic', { grant: 'client_credentials' });
    other.busy(1, { 'retry-after': '2' });
    await home.token();
    const [refused, accepted] = other.requests.filter((r) => r.path === '/token');
    assert.ok(accepted.at - refused.at >= 1900, `${accepted.at - refused.at} ms`);
  });

  test('without: backed off, and given up in the end', async () => {
    await world('client_secret_basic', { grant: 'client_credentials' });
    other.busy(2);
    await home.token();
    assert.equal(other.requests.filter((r) => r.path === '/token').length, 3);
    other.busy(9);
    const done = await home.run('token', '--fresh', '--retries', '1');
    assert.equal(done.status, SERVER, done.stderr);
    assert.match(done.stderr, /429|limit/i);
  });
});
