// SPDX-License-Identifier: Apache-2.0
// What the server itself refuses on a socket (SECURITY: smuggling, bombs, cors, proxy-headers).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { model, ORIGIN } from './lib/model.mjs';
import { Server } from './lib/server.mjs';
import { corpus, follower, statuses } from './lib/smuggling.mjs';

const JWKS = '/auth/jwks';

describe('http', () => {
  let server, basic;
  before(async () => {
    server = await Server.start({ model });
    basic = [server.generatedSecret('application', 'clientId', 'basic'), server.generatedSecret('application', 'secret', 'basic')];
  });
  after(() => server?.stop());

  const get = (lines, target = JWKS) => server.raw(`GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, { until: /\r\n\r\n/ });
  const statusOf = (text) => Number(text.match(/^HTTP\/1\.1 (\d+)/)?.[1] ?? 0);

  test('a plain request is answered', async () => {
    assert.equal(statusOf(await get(['Host: x'])), 200);
  });

  test('smuggling: what http can see is refused', async () => {
    for (const [i, row] of corpus.entries()) {
      const text = await server.raw(row.bytes + follower(`smuggled-${i}`));
      const found = statuses(text);
      assert.ok(found.length <= (row.stutters ? 2 : 1), `${row.name}: ${text.slice(0, 200)}`);
      assert.ok(found.every((status) => status >= 400 && status < 506), `${row.name}: ${text.slice(0, 200)}`);
      assert.equal(statusOf(await get(['Host: x'])), 200, `after ${row.name}`);
    }
    assert.doesNotMatch(server.log, /smuggled-/);
  });

  test('bombs: body, header line, fields, depth, each one past its bound', async () => {
    const big = await server.request('POST', '/auth/token', { form: `grant_type=${'x'.repeat(1 << 20)}`, basic });
    assert.ok([400, 413].includes(big.status), `body: ${big.status}`);
    const fields = Array.from({ length: 101 }, (_, i) => `f${i}=1`).join('&');
    const many = await server.token(fields, { basic });
    assert.equal(many.status, 400, 'form fields');
    const deep = await server.request('POST', '/auth/token', { body: `{"grant_type":${'['.repeat(70)}${']'.repeat(70)}}`, basic });
    assert.equal(deep.status, 400, 'depth');
    const query = Array.from({ length: 301 }, (_, i) => `q${i}`).join('&');
    assert.equal((await server.request('GET', `${JWKS}?${query}`)).status, 400, 'query parameters');
    const header = await server.request('GET', JWKS, { headers: { x: 'y'.repeat(7000) } }).catch((e) => ({ status: e.code }));
    assert.ok([400, 431, 'ECONNRESET'].includes(header.status), `header line: ${header.status}`);
    assert.equal((await server.request('GET', JWKS)).status, 200, 'and it lives on');
  });

  test('cors: registered origins only, with Vary, and never null', async () => {
    const preflight = (origin) => server.request('OPTIONS', '/auth/token', { headers: { origin, 'access-control-request-method': 'POST' } });
    const good = await preflight(ORIGIN);
    assert.ok([200, 204].includes(good.status));
    assert.equal(good.headers['access-control-allow-origin'], ORIGIN);
    assert.match(good.headers.vary ?? '', /origin/i);
    for (const origin of ['https://stranger.example', 'null', `${ORIGIN}.evil.example`, `${ORIGIN}:444`, ORIGIN.replace('https', 'http')]) {
      const bad = await preflight(origin);
      assert.equal(bad.status, 403, origin);
      assert.equal(bad.headers['access-control-allow-origin'], undefined);
      const token = (await server.token({ grant_type: 'client_credentials' }, { basic })).json.access_token;
      const call = await server.request('GET', '/api/v2/users/me', { bearer: token, headers: { origin } });
      assert.equal(call.headers['access-control-allow-origin'], undefined);
      assert.equal(call.status, 403);
    }
  });

  test('proxy_headers: forwarded headers do not count without a front', async () => {
    const answer = await server.request('GET', '/.well-known/openid-configuration',
      { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example', 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' } });
    assert.equal(answer.json.issuer, server.url);
    assert.doesNotMatch(server.log, /203\.0\.113\.9/);
  });

  test('errors: 404, 405, CorrelationId echoed, one JSON body', async () => {
    const missing = await server.request('GET', '/nowhere', { headers: { correlationid: 'test-correlation-1' } });
    assert.equal(missing.status, 404);
    assert.ok(missing.json.error && missing.json.error_description);
    assert.equal(missing.headers.correlationid, 'test-correlation-1');
    const method = await server.request('DELETE', '/auth/token');
    assert.equal(method.status, 405);
    assert.match(method.headers.allow ?? '', /POST/);
    const bare = await server.request('GET', '/api/v2/users/me');
    assert.equal(bare.status, 401);
    assert.match(bare.headers['www-authenticate'], /^Bearer/);
  });

  test('one log line a request, with its reason and without its secrets', async () => {
    const id = 'test-correlation-2';
    await server.token({ grant_type: 'password', username: 'nobody', password: 'a-very-secret-text' }, { basic, headers: { correlationid: id } });
    const { until } = await import('./lib/server.mjs');
    const [line, ...more] = await until('the line is written', () => server.logOf(id).length > 0 && server.logOf(id));
    assert.equal(more.length, 0);
    assert.equal(line.status, 400);
    for (const member of ['route', 'client', 'us', 'reason']) assert.ok(Object.keys(line).some((name) => name.includes(member)), `${member}: ${JSON.stringify(line)}`);
    assert.doesNotMatch(server.log, /a-very-secret-text/);
  });

  test('a mistyped address is a page for a browser, and JSON for a program', async () => {
    const browser = { 'sec-fetch-mode': 'navigate', accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'accept-language': 'de' };
    for (const path of ['/auth/account/nope', '/nowhere']) {
      const page = await server.request('GET', path, { headers: browser });
      assert.deepEqual([page.status, page.headers['content-type']], [404, 'text/html; charset=utf-8']);
      assert.match(page.headers['content-security-policy'], /default-src 'none'/);
      assert.match(page.text, /<html lang="de">[\s\S]*id="account"/);
      // What Java sends by itself, for one; and a script of a page.
      for (const headers of [{ accept: '*/*' }, { accept: 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2' }, { ...browser, 'sec-fetch-mode': 'cors' }]) {
        assert.equal((await server.request('GET', path, { headers })).headers['content-type'], 'application/json', JSON.stringify(headers));
      }
    }
  });

  test('metrics count requests by route and status, and tokens by grant', async () => {
    await server.token({ grant_type: 'client_credentials' }, { basic });
    const { text, status } = await server.request('GET', '/metrics', { base: server.opsUrl });
    assert.equal(status, 200);
    assert.match(text, /token_post/);
    assert.match(text, /client_credentials/);
    assert.match(text, /_bucket\{/);
  });

  test('the description of the API names every documented path', async () => {
    const { json } = await server.request('GET', '/openapi.json');
    assert.match(json.openapi, /^3\.1\./);
    for (const path of ['/auth/token', '/auth/jwks', '/api/v2/users/{id}', '/access-key-management/v1/access-keys']) assert.ok(json.paths[path], path);
  });
});
