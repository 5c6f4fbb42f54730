// SPDX-License-Identifier: Apache-2.0
// Discovery documents and keys (PROTOCOL 3), read by openid-client and jose.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Issuer } from 'openid-client';
import { acme, GOVERNMENT, model, ORIGIN } from './lib/model.mjs';
import { Server } from './lib/server.mjs';

describe('discovery', () => {
  let server;
  before(async () => { server = await Server.start({ model }); });
  after(() => server?.stop());

  test('openid-client discovers the issuer', async () => {
    const issuer = await Issuer.discover(server.url);
    assert.equal(issuer.metadata.issuer, server.url);
    assert.equal(issuer.metadata.token_endpoint, `${server.url}/auth/token`);
    assert.equal(issuer.metadata.jwks_uri, `${server.url}/auth/jwks`);
  });

  test('both documents are the same and name only what answers', async () => {
    const openid = await server.request('GET', '/.well-known/openid-configuration');
    const oauth = await server.request('GET', '/.well-known/oauth-authorization-server');
    assert.equal(openid.status, 200);
    assert.deepEqual(oauth.json, openid.json);
    assert.match(openid.headers['cache-control'], /public, max-age=\d+/);
    assert.deepEqual([...openid.json.grant_types_supported].sort(), ['authorization_code', 'client_credentials', 'password', 'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code', 'urn:ietf:params:oauth:grant-type:token-exchange']);
    for (const [member, value] of Object.entries(openid.json)) {
      if (!/_(endpoint|uri)$/.test(member)) continue;
      const answer = await server.request('OPTIONS', new URL(value).pathname);
      assert.notEqual(answer.status, 404, `${member} ${value}`);
    }
    assert.equal(openid.json.request_uri_parameter_supported, false);
  });

  test('HEAD and conditional GET are answered', async () => {
    for (const path of ['/.well-known/openid-configuration', '/auth/jwks', `/.well-known/cxone-configuration?tenantId=${acme.id}`]) {
      const got = await server.request('GET', path);
      const head = await server.request('HEAD', path);
      assert.deepEqual([head.status, head.text, head.headers.etag], [200, '', got.headers.etag]);
      const again = await server.request('GET', path, { headers: { 'if-none-match': got.headers.etag } });
      assert.deepEqual([again.status, again.text], [304, '']);
      const other = await server.request('GET', path, { headers: { 'if-none-match': '"another"' } });
      assert.equal(other.status, 200);
    }
  });

  test('the key set has the active key and three future ones, and nothing private', async () => {
    const { json } = await server.request('GET', '/auth/jwks');
    const rsa = json.keys.filter((key) => key.alg === 'RS256');
    assert.equal(rsa.length, 4);
    for (const key of json.keys) {
      assert.equal(key.use, 'sig');
      assert.ok(key.kid);
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in key), member);
    }
    assert.equal(new Set(json.keys.map((key) => key.kid)).size, json.keys.length);
  });

  test('tenant discovery says where a tenant lives', async () => {
    const found = await server.request('GET', `/.well-known/cxone-configuration?tenantId=${acme.id}`);
    assert.equal(found.status, 200);
    assert.equal(found.json.tenantId, acme.id);
    assert.deepEqual([found.json.private, found.json.area, found.json.cluster, found.json.domain],
      [false, 'na1', 'B32', 'example.com']);
    assert.equal(found.json.api_endpoint, server.url);
    assert.equal(found.json.auth_endpoint, server.url);
  });

  test('tenant discovery: missing, malformed, unknown, of another environment', async () => {
    const ask = async (query) => (await server.request('GET', `/.well-known/cxone-configuration${query}`));
    for (const query of ['', '?', '?tenantId=', '?tenantId=acme', `?tenantId=${acme.id}&tenantId=${acme.id}`]) {
      const answer = await ask(query);
      assert.equal(answer.status, 400, query);
      assert.ok(answer.json.error);
    }
    for (const id of ['11ee9999-0000-4000-8000-000000000000', '11ee9999-3333-4333-8333-333333333333']) {
      const answer = await ask(`?tenantId=${id}`);
      assert.equal(answer.status, 404);
      assert.ok(answer.json.error_description);
    }
  });

  test('the host chooses the environment; an unknown one gets the default', async () => {
    const host = new URL(GOVERNMENT).host;
    const government = await server.request('GET', '/.well-known/openid-configuration', { headers: { host } });
    assert.equal(government.json.issuer, GOVERNMENT);
    const unknown = await server.request('GET', '/.well-known/openid-configuration', { headers: { host: 'nobody.example' } });
    assert.equal(unknown.json.issuer, server.url);
    const [ours, theirs] = await Promise.all([server.request('GET', '/auth/jwks'), server.request('GET', '/auth/jwks', { headers: { host } })]);
    const kids = new Set(ours.json.keys.map((key) => key.kid));
    assert.ok(theirs.json.keys.every((key) => !kids.has(key.kid)));
  });

  test('cors: discovery and keys are public to every origin, preflight included', async () => {
    for (const path of ['/.well-known/openid-configuration', '/auth/jwks', `/.well-known/cxone-configuration?tenantId=${acme.id}`]) {
      for (const origin of [ORIGIN, 'https://stranger.example']) {
        const preflight = await server.request('OPTIONS', path, { headers: {
          origin, 'access-control-request-method': 'GET',
          'access-control-request-headers': 'content-type,originating-service-identifier,authorization' } });
        assert.ok([200, 204].includes(preflight.status), `${path} ${preflight.status}`);
        assert.ok(['*', origin].includes(preflight.headers['access-control-allow-origin']));
        const got = await server.request('GET', path, { headers: { origin } });
        assert.ok(['*', origin].includes(got.headers['access-control-allow-origin']));
      }
    }
  });
});
