// SPDX-License-Identifier: Apache-2.0
// Signing keys while the server runs, and keys of applications behind an address: jose and openid-client verify and sign.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createLocalJWKSet, createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { Issuer } from 'openid-client';
import { jwtDecode } from './lib/jwt.mjs';
import { model } from './lib/model.mjs';
import { engine, Server, until } from './lib/server.mjs';

const run = promisify(execFile);
const FUTURE = 3;

describe('signing keys', () => {
  let server, basic, key;
  before(async () => {
    const withAlgorithms = (issuer) => {
      const declaration = model(issuer);
      for (const tokenAlg of ['ES256', 'EdDSA']) {
        declaration.environments[0].tenants[0].applications.push({ name: tokenAlg, vendor: 'acme', type: 'backend', tokenAlg, scope: ['openid'] });
      }
      return declaration;
    };
    server = await Server.start({ model: withAlgorithms });
    basic = [server.generatedSecret('application', 'clientId', 'basic'), server.generatedSecret('application', 'secret', 'basic')];
    key = { username: server.generatedSecret('access_key', 'accessKeyId', 'admin@acme.example'),
      password: server.generatedSecret('access_key', 'accessKeySecret', 'admin@acme.example') };
  });
  after(() => server?.stop());

  const tokens = async () => (await server.token({ grant_type: 'password', ...key }, { basic })).json;
  const keySet = async () => (await server.request('GET', '/auth/jwks')).json;
  const list = async () => JSON.parse((await server.command('--json', 'keys', 'list')).stdout).keys
    .filter((row) => row.environment === 'local' && row.alg === 'RS256');
  const inState = (rows, state) => rows.filter((row) => row.state === state).map((row) => row.kid);

  test('rotate while serving: the next published key signs, tokens of the old one verify, also by who never asks again', async () => {
    const published = await keySet();
    const cached = createLocalJWKSet(published); // PROTOCOL 12.12: a browser keeps this for ever
    const first = await tokens();
    const before_ = await list();
    assert.deepEqual([inState(before_, 'active').length, inState(before_, 'future').length], [1, FUTURE]);
    assert.equal(jwtDecode(first.access_token).header.kid, inState(before_, 'active')[0]);
    const retired = [];
    let last = first;
    for (let round = 1; round <= FUTURE; round++) {
      const old = jwtDecode(last.access_token).header.kid;
      const rotated = await server.command('keys', 'rotate', '--environment', 'local');
      assert.equal(rotated.status, 0, rotated.stderr);
      retired.push(old);
      last = await until('the next key signs', async () => {
        const set = await tokens();
        return jwtDecode(set.access_token).header.kid !== old && set;
      });
      const { kid } = jwtDecode(last.access_token).header;
      assert.equal(jwtDecode(last.id_token).header.kid, kid);
      assert.ok(published.keys.some((k) => k.kid === kid), 'published from the first day');
      const rows = await list();
      assert.deepEqual([inState(rows, 'active'), inState(rows, 'future').length, inState(rows, 'retired').sort()], [[kid], FUTURE, [...retired].sort()]);
      const served = (await keySet()).keys.filter((k) => k.alg === 'RS256').map((k) => k.kid);
      assert.deepEqual([...served].sort(), rows.map((row) => row.kid).sort(), 'active, future and retired, and no other');
    }
    const remote = createRemoteJWKSet(new URL(`${server.url}/auth/jwks`));
    for (const set of [first, last]) {
      for (const keys of [cached, remote]) {
        await jwtVerify(set.access_token, keys, { issuer: server.url, audience: `${basic[0]}@cxone` });
        await jwtVerify(set.id_token, keys, { issuer: server.url, audience: basic[0] });
      }
      assert.equal((await server.request('GET', '/api/v2/users/me', { bearer: set.access_token })).status, 200);
      assert.equal((await server.token({ grant_type: 'refresh_token', refresh_token: set.refresh_token }, { basic })).status, 200);
    }
  });

  test('openid-client and jose over the other algorithms: password, userinfo, introspection, refresh, revocation', async () => {
    const issuer = await Issuer.discover(server.url);
    const keys = createRemoteJWKSet(new URL(issuer.metadata.jwks_uri));
    for (const alg of ['RS256', 'ES256', 'EdDSA']) {
      assert.ok(issuer.metadata.id_token_signing_alg_values_supported.includes(alg));
      const name = alg === 'RS256' ? 'basic' : alg;
      const c = new issuer.Client({ client_id: server.generatedSecret('application', 'clientId', name),
        client_secret: server.generatedSecret('application', 'secret', name), id_token_signed_response_alg: alg });
      const set = await c.grant({ grant_type: 'password', ...key });
      assert.equal(set.expires_in, 3600);
      for (const token of [set.access_token, set.id_token]) {
        assert.equal((await jwtVerify(token, keys, { issuer: server.url, algorithms: [alg] })).protectedHeader.alg, alg);
      }
      const { sub } = await c.userinfo(set.access_token);
      assert.equal((await c.introspect(set.access_token)).sub, sub);
      const next = await c.refresh(set.refresh_token); // checks the new id token with the key set as well
      assert.equal(next.claims().sub, sub);
      await c.revoke(next.refresh_token);
      assert.equal((await c.introspect(next.access_token)).active, false);
      await assert.rejects(c.refresh(next.refresh_token), { error: 'invalid_grant' });
    }
  });

  test('what holds keys can be read by its owner alone', async () => {
    const names = (await readdir(server.folder)).filter((name) => name === 'master.key' || name.startsWith('postern.db'));
    assert.ok(names.length >= (engine === 'sqlite' ? 2 : 1));
    for (const name of names) assert.equal((await stat(path.join(server.folder, name))).mode & 0o777, 0o600, name);
  });
});

describe('keys of applications behind an address', () => {
  let server, pair, other, plain, tls, folder, asked = 0, served;
  const jwk = async (keyPair, kid) => ({ ...(await exportJWK(keyPair.publicKey)), kid, alg: 'RS256', use: 'sig' });
  const listening = async (listener) => {
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return listener.address().port;
  };
  const answer = (request, response) => {
    asked++;
    if (request.url === '/away') response.writeHead(302, { location: '/jwks' });
    response.end(request.url === '/jwks' ? JSON.stringify(served) : '');
  };

  before(async () => {
    [pair, other] = [await generateKeyPair('RS256', { extractable: true }), await generateKeyPair('RS256', { extractable: true })];
    served = { keys: [await jwk(pair, 'one')] };
    plain = http.createServer(answer);
    const port = await listening(plain);
    folder = await mkdtemp(path.join(tmpdir(), 'postern-it-'));
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
      '-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`]);
    tls = https.createServer({ key: await readFile(`${folder}/key.pem`), cert: await readFile(`${folder}/cert.pem`) }, answer);
    tls.on('tlsClientError', () => {});
    const tlsPort = await listening(tls);
    const application = (name, jwksEndpoint) => ({ name, vendor: 'acme', type: 'backend', businessUnit: 4600738, authMethod: 'private_key_jwt', jwksEndpoint,
      scope: ['openid', 'platform-user-read'] });
    const remote = (issuer) => {
      const declaration = model(issuer);
      declaration.environments[0].tenants[0].applications.push(application('remote', `http://127.0.0.1:${port}/jwks`),
        application('redirected', `http://127.0.0.1:${port}/away`), application('untrusted', `https://localhost:${tlsPort}/jwks`));
      return declaration;
    };
    server = await Server.start({ model: remote, args: ['--allow-private-fetch'] });
  });
  after(async () => {
    plain?.close();
    tls?.close();
    await server?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  const asserter = async (name, keyPair, kid) => {
    const issuer = await Issuer.discover(server.url);
    const privateJwk = { ...(await exportJWK(keyPair.privateKey)), kid, alg: 'RS256', use: 'sig' };
    return new issuer.Client({ client_id: server.generatedSecret('application', 'clientId', name), token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'RS256' }, { keys: [privateJwk] });
  };
  const grant = (c) => c.grant({ grant_type: 'client_credentials', scope: 'platform-user-read' });
  const refused = (promise) => assert.rejects(promise, (e) => (assert.equal(e.error, 'invalid_client', e.message), true));

  test('assertion: private_key_jwt with the keys of the address, which are asked for once', async () => {
    const c = await asserter('remote', pair, 'one');
    assert.ok((await grant(c)).access_token);
    assert.ok((await grant(c)).access_token);
    assert.equal(asked, 1);
    await refused(grant(await asserter('remote', other, 'one')));
    served = { keys: [await jwk(other, 'two')] };
    await refused(grant(await asserter('remote', other, 'two')));
    assert.equal(asked, 1, 'not again within the minute');
  });

  test('ssrf: no redirect is followed, no unknown certificate believed', async () => {
    const before_ = asked;
    await refused(grant(await asserter('redirected', pair, 'one')));
    assert.equal(asked, before_ + 1);
    await refused(grant(await asserter('untrusted', pair, 'one')));
    assert.equal(asked, before_ + 1);
    assert.match(server.log, /certificate/i);
  });

  test('ssrf: private addresses are not asked unless the operator says so', async () => {
    const { args } = server;
    await server.terminate();
    server.args = [];
    await server.serve();
    server.args = args;
    const before_ = asked;
    await server.sql('UPDATE application SET jwks = NULL, jwks_fetched_at = 0 WHERE jwks_endpoint IS NOT NULL');
    await refused(grant(await asserter('remote', pair, 'one')));
    assert.equal(asked, before_);
  });
});
