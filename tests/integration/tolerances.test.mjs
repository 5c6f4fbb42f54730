// SPDX-License-Identifier: Apache-2.0
// What existing programs send (PROTOCOL 12), line by line, as far as the server goes today. Not here: 5 (token_exchange.test.mjs), 8 (a surface that comes
// later), 14 (agent sessions), and from 7 the paths below /inContactAPI; the rules of those paths are tested in tests/unit/http/test_dispatch.c.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { jwtDecode } from './lib/jwt.mjs';
import { acme, GOVERNMENT, model, ORIGIN } from './lib/model.mjs';
import { Server } from './lib/server.mjs';

const KEYS = '/access-key-management/v1/access-keys';
const LOGIN = '/authentication/v1/token/access-key';
const REFRESH = '/public/user/refresh';
const SDK_HEADERS = 'content-type,originating-service-identifier,authorization';
const AREA_HOST = 'na1.uh.example.com'; // of the second environment, whose hosts are made from its areas
const base64 = (text) => Buffer.from(text).toString('base64');

describe('tolerances', () => {
  let server;
  before(async () => { server = await Server.start({ model }); });
  after(() => server?.stop());

  const client = (name) => [server.generatedSecret('application', 'clientId', name), server.generatedSecret('application', 'secret', name)];
  const keyOf = (name) => ({ accessKeyId: server.generatedSecret('access_key', 'accessKeyId', name),
    accessKeySecret: server.generatedSecret('access_key', 'accessKeySecret', name) });
  const login = (name = 'admin@acme.example') => server.request('POST', LOGIN, { json: keyOf(name) });
  const bearer = async (name) => (await login(name)).json.access_token;
  const userOf = (token) => jwtDecode(token).claims.sub.replace('user:', '');
  const generatedKey = async () => JSON.parse((await server.command('--json', 'generate-key', 'admin@acme.example')).stdout).token;

  test('12.1 body against label, at the endpoints of section 6', async () => {
    const key = keyOf('admin@acme.example');
    const labels = ['application/json', 'text/plain', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', undefined];
    for (const label of labels) {
      const headers = label ? { 'content-type': label } : {};
      for (const body of [JSON.stringify(key), ` \r\n${JSON.stringify(key)}`, new URLSearchParams(key).toString()]) {
        const answer = await server.request('POST', LOGIN, { body, headers });
        assert.equal(answer.status, 200, `${label} ${body.slice(0, 3)}: ${answer.text}`);
      }
      for (const form of [false, true]) {
        const token = (await login()).json.refresh_token;
        const answer = await server.request('POST', REFRESH, { body: form ? `token=${token}` : JSON.stringify({ token }), headers });
        assert.equal(answer.status, 200, `${label} form ${form}: ${answer.text}`);
      }
    }
    for (const body of ['[]', '"token"', 'token', '', '<token/>']) {
      for (const path of [LOGIN, REFRESH]) {
        const answer = await server.request('POST', path, { body });
        assert.equal(answer.status, 400, `${path} ${body}`);
        assert.ok(answer.json.error && answer.json.error_description);
      }
    }
  });

  test('12.2 values come raw, pairs are split at their first =', async () => {
    const { accessKeyId, accessKeySecret } = keyOf('admin@acme.example');
    assert.match(accessKeyId, /^[A-Z2-7]{52}====$/);
    assert.match(accessKeySecret, /^[A-Z2-7]{52}====$/);
    const raw = await server.token(`grant_type=password&username=${accessKeyId}&password=${accessKeySecret}`, { basic: client('basic') });
    assert.equal(raw.status, 200, raw.text);
    const short = await server.request('POST', LOGIN, { body: `accessKeyId=${accessKeyId}&accessKeySecret=${accessKeySecret}` });
    assert.equal(short.status, 200, short.text);
    for (const token of [raw.json.access_token, raw.json.id_token, raw.json.refresh_token]) assert.match(token, /^[A-Za-z0-9._~-]+$/);
  });

  test('12.3 client authentication: escaped or raw, any case, empty header, the same twice', async () => {
    const [id, secret] = client('basic');
    const escape = (text) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('');
    const ask = (authorization, more = {}) => server.token({ grant_type: 'client_credentials', ...more }, { headers: { authorization } });
    for (const authorization of [`Basic ${base64(`${id}:${secret}`)}`, `basic ${base64(`${id}:${secret}`)}`, `BASIC ${base64(`${id}:${secret}`)}`,
      `Basic ${base64(`${id}:${escape(secret)}`)}`, `Basic ${base64(`${escape(id)}:${escape(secret)}`)}`]) {
      assert.equal((await ask(authorization)).status, 200, authorization.slice(0, 12));
    }
    const basic = `Basic ${base64(`${id}:${secret}`)}`;
    assert.equal((await ask(basic, { client_id: id })).status, 200);
    assert.equal((await ask(basic, { client_id: id, client_secret: secret })).status, 200);
    const [otherId, otherSecret] = client('post');
    for (const more of [{ client_id: otherId }, { client_secret: otherSecret }, { client_id: otherId, client_secret: otherSecret }]) {
      const refused = await ask(basic, more);
      assert.deepEqual([refused.status, refused.json.error], [401, 'invalid_client']);
    }
    const empty = await server.token({ grant_type: 'client_credentials', client_id: otherId, client_secret: otherSecret }, { headers: { authorization: '' } });
    assert.equal(empty.status, 200, empty.text);
    const wrong = await ask(`Basic ${base64(`${id}:${secret} `)}`);
    assert.equal(wrong.status, 401);
    assert.match(wrong.headers['www-authenticate'], /^Basic /);
    assert.match(wrong.json.error_description, /space/);
  });

  test('credentials in the query are refused, whatever else comes (PROTOCOL 4)', async () => {
    const [id, secret] = client('post');
    const ask = (query, form) => server.token(form, { path: `/auth/token?${new URLSearchParams(query)}` });
    for (const answer of [await ask({ client_id: id, client_secret: secret }, { grant_type: 'client_credentials' }),
      await ask({ client_secret: secret }, { grant_type: 'client_credentials', client_id: id }),
      await ask({ grant_type: 'client_credentials', client_id: id, client_secret: secret })]) {
      assert.ok([400, 401].includes(answer.status), answer.text);
      assert.equal(answer.json.access_token, undefined);
    }
  });

  test('12.4 a refresh token alone identifies a public application; expires_in is a number above 600', async () => {
    const first = (await login()).json;
    const next = await server.request('POST', REFRESH, { json: { token: first.refresh_token } });
    assert.equal(next.status, 200, next.text);
    for (const { expires_in: seconds } of [first, next.json]) {
      assert.equal(typeof seconds, 'number');
      assert.ok(seconds > 600);
    }
    assert.notEqual(next.json.refresh_token, first.refresh_token);
    const confidential = (await server.token({ grant_type: 'client_credentials' }, { basic: client('basic') })).json;
    assert.ok(confidential.expires_in > 600);
    const alone = await server.token({ grant_type: 'refresh_token', refresh_token: confidential.refresh_token });
    assert.deepEqual([alone.status, alone.json.error], [401, 'invalid_client']);
    const short = model(server.url);
    short.environments[0].lifetimes = { access: 600 };
    const { writeFile } = await import('node:fs/promises');
    await writeFile(`${server.folder}/short.json`, JSON.stringify(short));
    assert.match((await server.command('plan', `${server.folder}/short.json`)).stderr, /lifetimes.*601/);
  });

  test('12.6 cors: every path that a browser calls answers the preflight of the SDK', async () => {
    const registered = [['POST', '/auth/token'], ['POST', '/api/v2/oauth/token'], ['GET', '/auth/userinfo'], ['POST', '/auth/userinfo'], ['POST', '/auth/revoke'],
      ['POST', LOGIN], ['POST', REFRESH], ['GET', KEYS], ['POST', KEYS], ['PATCH', `${KEYS}?accessKeyId=x`], ['GET', `${KEYS}/x`], ['DELETE', `${KEYS}/x`],
      ['GET', '/api/v2/users/me'], ['GET', `/user-management/v1/users/${acme.id}`], ['GET', `/user-management/v3/users/${acme.id}`]];
    const everyone = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', `/.well-known/cxone-configuration?tenantId=${acme.id}`,
      '/auth/jwks', '/openapi.json'].map((path) => ['GET', path]);
    const preflight = (origin, [method, path]) => server.request('OPTIONS', path, { headers: {
      origin, 'access-control-request-method': method, 'access-control-request-headers': SDK_HEADERS } });
    const allowed = (answer, [method, path]) => {
      assert.equal(answer.status, 204, path);
      assert.equal(answer.headers['access-control-allow-headers'], SDK_HEADERS);
      assert.match(answer.headers['access-control-allow-methods'], new RegExp(`\\b${method}\\b`), path);
      assert.equal(answer.headers['access-control-allow-credentials'], undefined);
    };
    for (const row of registered) {
      const good = await preflight(ORIGIN, row);
      allowed(good, row);
      assert.equal(good.headers['access-control-allow-origin'], ORIGIN, row[1]);
      for (const origin of ['https://stranger.example', 'null']) {
        const bad = await preflight(origin, row);
        assert.deepEqual([bad.status, bad.json.error], [403, 'origin_not_allowed'], `${origin} ${row}`);
        assert.equal(bad.headers['access-control-allow-origin'], undefined);
      }
    }
    for (const row of everyone) {
      for (const origin of [ORIGIN, 'https://stranger.example']) {
        const good = await preflight(origin, row);
        allowed(good, row);
        assert.equal(good.headers['access-control-allow-origin'], '*');
      }
    }
    const other = { origin: ORIGIN, 'access-control-request-method': 'GET', host: new URL(GOVERNMENT).host };
    assert.equal((await server.request('OPTIONS', '/api/v2/users/me', { headers: other })).status, 403, 'registered in another environment');
  });

  test('12.7 the key\'s login answers on every host; empty queries are no queries; other paths are matched exactly', async () => {
    for (const host of ['nobody.example', 'api-b32.acd.example.net', new URL(server.url).host]) {
      assert.equal((await server.request('POST', LOGIN, { json: keyOf('admin@acme.example'), headers: { host } })).status, 200, host);
    }
    const bureau = keyOf('admin@bureau.example');
    for (const host of [new URL(GOVERNMENT).host, AREA_HOST, 'api-na1.example.com', 'api-b32.acd.example.com', 'API-B32.ACD.EXAMPLE.COM']) {
      assert.equal((await server.request('POST', LOGIN, { json: bureau, headers: { host } })).status, 200, host);
    }
    assert.equal((await server.request('POST', LOGIN, { json: bureau })).status, 400, 'a key of another environment');
    const token = await bearer('admin@acme.example');
    for (const query of ['?', '?&', '?limit=5&', '?&limit=5']) {
      assert.equal((await server.request('GET', `${KEYS}${query}`, { bearer: token })).status, 200, query);
    }
    for (const [path, status] of [['/auth//jwks', 400], ['/AUTH/jwks', 404]]) assert.equal((await server.request('GET', path)).status, status, path);
  });

  test('12.9 cxone-configuration without tenantId: the area on a regional host, 400 on the issuer', async () => {
    const at = (host) => server.request('GET', '/.well-known/cxone-configuration', { headers: { host } });
    const area = await at(AREA_HOST);
    assert.equal(area.status, 200, area.text);
    assert.deepEqual([area.json.area, area.json.auth_endpoint, area.json.api_endpoint, area.json.tenantId],
      ['na1', `https://${AREA_HOST}`, 'https://api-na1.example.com', undefined]);
    for (const host of [new URL(GOVERNMENT).host, new URL(server.url).host]) {
      const issuer = await at(host);
      assert.deepEqual([issuer.status, issuer.json.error], [400, 'invalid_request'], host);
    }
  });

  test('12.10 both wrappers, both vocabularies, members too many', async () => {
    const token = await bearer('admin@acme.example');
    const made = await server.request('POST', KEYS, { bearer: token, json: { userId: userOf(token), tenantId: acme.id } });
    assert.equal(made.status, 201);
    assert.deepEqual(Object.keys(made.json), ['accessKey', 'resultSet']);
    assert.deepEqual(made.json.accessKey, made.json.resultSet);
    const first = await server.request('POST', REFRESH, { json: { token: await generatedKey() } });
    const second = await server.request('POST', REFRESH, { json: { token: first.json.refreshToken } });
    for (const { status, json } of [first, second]) {
      assert.equal(status, 200);
      assert.deepEqual([json.token, json.refreshToken, json.tokenExpirationTimeSec, json.refreshTokenExpirationTimeSec, json.sessionId],
        [json.access_token, json.refresh_token, json.expires_in, json.refresh_token_expires_in, null]);
    }
    const more = await server.request('POST', LOGIN, { json: { ...keyOf('admin@acme.example'), grant_type: 'x', nested: { a: [1] }, none: null } });
    assert.equal(more.status, 200, more.text);
  });

  test('12.11 at token/access-key the id token is the access token and opens an API; other id tokens do not', async () => {
    const { json } = await login();
    assert.equal(json.id_token, json.access_token);
    assert.equal((await server.request('GET', '/api/v2/users/me', { bearer: json.id_token })).status, 200);
    const { accessKeyId: username, accessKeySecret: password } = keyOf('admin@acme.example');
    const set = (await server.token({ grant_type: 'password', username, password }, { basic: client('basic') })).json;
    const refused = await server.request('GET', '/api/v2/users/me', { bearer: set.id_token });
    assert.equal(refused.status, 401);
    assert.match(refused.headers['www-authenticate'], /^Bearer .*error="invalid_token", error_description="/);
  });

  test('12.12 id token for browsers', async () => {
    const { accessKeyId: username, accessKeySecret: password } = keyOf('agent@acme.example');
    const { id_token: token } = (await server.token({ grant_type: 'password', username, password }, { basic: client('basic') })).json;
    const { header, claims } = jwtDecode(token);
    assert.deepEqual([Object.keys(header).sort(), header.alg], [['alg', 'kid', 'typ'], 'RS256']);
    for (const member of ['tenantId', 'tenant', 'userId', 'sub', 'icAgentId', 'icBUId', 'icClusterId', 'name', 'given_name', 'family_name']) {
      assert.ok(claims[member], member);
    }
  });

  test('12.13 user-management: the user in its wrapper, customAttributes always an object', async () => {
    const token = await bearer('agent@acme.example');
    for (const version of ['v1', 'v3']) {
      const { status, json } = await server.request('GET', `/user-management/${version}/users/${userOf(token)}`, { bearer: token });
      assert.equal(status, 200);
      assert.deepEqual([json.user.id, json.user.userName, json.user.firstName, json.user.lastName, json.user.fullName, json.user.emailAddress, json.user.middleName],
        [userOf(token), 'agent@acme.example', 'Zoë', 'Ångström', 'Zoë Ångström', 'agent@acme.example', '']);
      assert.deepEqual(json.user.customAttributes, {});
    }
    const { json: me } = await server.request('GET', '/api/v2/users/me', { bearer: token });
    for (const member of ['id', 'name', 'emailAddress', 'userName', 'firstName', 'lastName', 'displayName', 'tenantId', 'teamId', 'role', 'status', 'agentId']) {
      assert.ok(member in me, member);
    }
  });

  test('12.15 errors are JSON with two members; CorrelationId is echoed, else made', async () => {
    const token = (await server.token({ grant_type: 'client_credentials' }, { basic: client('basic') })).json.access_token;
    const asked = [['GET', '/nowhere', 404], ['PUT', '/auth/token', 405], ['GET', '/api/v2/users/me', 401], ['GET', '/api/v2/users/me', 403, token],
      ['POST', '/auth/token', 400], ['POST', '/auth/introspect', 401], ['GET', '/.well-known/cxone-configuration', 400]];
    for (const [method, path, status, bearer_] of asked) {
      const answer = await server.request(method, path, { bearer: bearer_, headers: { correlationid: 'a-b-c' } });
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
      assert.equal(typeof answer.json.error, 'string');
      assert.equal(typeof answer.json.error_description, 'string');
      assert.equal(answer.headers.correlationid, 'a-b-c');
    }
    const [one, two] = [await server.request('GET', '/nowhere'), await server.request('GET', '/nowhere')];
    assert.ok(one.headers.correlationid);
    assert.notEqual(one.headers.correlationid, two.headers.correlationid);
    const hostile = await server.request('GET', '/nowhere', { headers: { correlationid: `${'x'.repeat(500)}` } });
    assert.notEqual(hostile.headers.correlationid, 'x'.repeat(500));
  });

  test('12.16 logging in again and again is no offence', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => login()));
    assert.ok(answers.every((answer) => answer.status === 200));
  });
});
