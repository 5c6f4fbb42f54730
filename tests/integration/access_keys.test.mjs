// SPDX-License-Identifier: Apache-2.0
// Access keys from the first generated key to the last call (PROTOCOL 6, 8; seeds 000, 002, 003), and whose they are.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { jwtDecode, jwtForge, jwtTamper } from './lib/jwt.mjs';
import { acme, globex, GOVERNMENT, model } from './lib/model.mjs';
import { Server } from './lib/server.mjs';

const KEYS = '/access-key-management/v1/access-keys';

describe('access keys', () => {
  let server;
  before(async () => { server = await Server.start({ model }); });
  after(() => server?.stop());

  const application = (name) => [server.generatedSecret('application', 'clientId', name), server.generatedSecret('application', 'secret', name)];
  const keyOf = (name) => ({ accessKeyId: server.generatedSecret('access_key', 'accessKeyId', name),
    accessKeySecret: server.generatedSecret('access_key', 'accessKeySecret', name) });
  const login = (key) => server.request('POST', '/authentication/v1/token/access-key', { json: key });
  const bearer = async (name) => (await login(keyOf(name))).json.access_token;
  const create = (token, body) => server.request('POST', KEYS, { bearer: token, json: body });

  test('the tutorial: generated key, bearer, access key, token, call', async () => {
    const generated = await server.command('generate-key', 'agent@acme.example');
    assert.equal(generated.status, 0, generated.stderr);
    const token = generated.stdout.trim().split('\n')[0];
    const early = await server.request('GET', KEYS, { bearer: token });
    assert.equal(early.status, 401);
    const refreshed = await server.request('POST', '/public/user/refresh', { json: { token } });
    assert.equal(refreshed.status, 200, refreshed.text);
    assert.equal(refreshed.json.tokenExpirationTimeSec, 3600);
    assert.equal(refreshed.json.token, refreshed.json.access_token);
    assert.equal((await server.request('POST', '/public/user/refresh', { json: { token } })).status >= 400, true, 'good once');
    const { claims } = jwtDecode(refreshed.json.token);
    const made = await create(refreshed.json.token, { userId: claims.sub.replace('user:', ''), tenantId: acme.id });
    assert.equal(made.status, 201, made.text);
    const key = made.json.accessKey;
    assert.deepEqual(made.json.resultSet, key);
    assert.match(key.accessKeyId, /^[A-Z2-7]{52}====$/);
    assert.match(key.accessKeySecret, /^[A-Z2-7]{52}====$/);
    assert.equal(key.isActive, true);
    const answer = await login(key);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.id_token, answer.json.access_token);
    assert.equal(typeof answer.json.expires_in, 'number');
    const me = await server.request('GET', '/api/v2/users/me', { bearer: answer.json.access_token });
    assert.equal(me.status, 200);
    assert.deepEqual([me.json.userName, me.json.tenantId], ['agent@acme.example', acme.id]);
  });

  test('dead_means_dead: a key that is deactivated, activated, deleted', async () => {
    const token = await bearer('admin@acme.example');
    const userId = jwtDecode(token).claims.sub.replace('user:', '');
    const key = (await create(token, { userId, tenantId: acme.id })).json.accessKey;
    const its = (await login(key)).json;
    const set = (isActive) => server.request('PATCH', `${KEYS}?accessKeyId=${encodeURIComponent(key.accessKeyId)}`, { bearer: token, json: { isActive } });
    assert.equal((await set(false)).status, 200);
    assert.equal((await login(key)).status >= 400, true);
    assert.equal((await server.request('GET', '/api/v2/users/me', { bearer: its.access_token })).status, 401);
    assert.equal((await set(true)).status, 200);
    const again = await login(key);
    assert.equal(again.status, 200);
    assert.equal((await server.request('GET', '/api/v2/users/me', { bearer: again.json.access_token })).status, 200);
    assert.equal((await server.request('GET', '/api/v2/users/me', { bearer: its.access_token })).status, 401, 'what it began before stays ended');
    assert.equal((await server.request('POST', '/public/user/refresh', { json: { token: its.refresh_token } })).status >= 400, true);
    const one = `${KEYS}/${encodeURIComponent(key.accessKeyId)}`;
    const shown = await server.request('GET', one, { bearer: token });
    assert.equal(shown.status, 200);
    assert.doesNotMatch(shown.text, /accessKeySecret/);
    assert.ok([200, 204].includes((await server.request('DELETE', one, { bearer: token })).status));
    assert.equal((await server.request('GET', one, { bearer: token })).status, 404);
    assert.equal((await login(key)).status >= 400, true);
  });

  test('dead_means_dead: a key that is deleted and declared again, with another secret', async () => {
    const random = () => `${[...randomBytes(52)].map((b) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[b & 31]).join('')}====`;
    const accessKeyId = random(), name = 'agent@acme.example';
    const declared = (accessKeySecret) => (issuer) => {
      const all = model(issuer);
      for (const t of all.environments.flatMap((e) => e.tenants ?? [])) {
        for (const e of t.employees ?? []) if ((e.userName ?? e.emailAddress) === name) e.accessKeys = [{ accessKeyId, accessKeySecret }];
      }
      return all;
    };
    const secrets = [random(), random()], kept = server.generated;
    for (const secret of secrets) server.secrets.add(secret);
    await server.applyModel(declared(secrets[0])(server.url));
    const its = (await login({ accessKeyId, accessKeySecret: secrets[0] })).json;
    server.generated = kept;
    const me = async () => (await server.request('GET', '/api/v2/users/me', { bearer: its.access_token })).status;
    assert.equal(await me(), 200);
    const deleted = await server.request('DELETE', `${KEYS}/${encodeURIComponent(accessKeyId)}`, { bearer: await bearer('admin@acme.example') });
    assert.ok([200, 204].includes(deleted.status));
    assert.equal(await me(), 401);
    await server.applyModel(declared(secrets[1])(server.url));
    server.generated = kept;
    assert.equal((await login({ accessKeyId, accessKeySecret: secrets[1] })).status, 200);
    assert.equal(await me(), 401);
    assert.ok((await server.request('POST', '/public/user/refresh', { json: { token: its.refresh_token } })).status >= 400);
  });

  test('the list: by user, by agent, in pages that _links leads through', async () => {
    const token = await bearer('admin@acme.example');
    const { sub, icAgentId } = jwtDecode(token).claims;
    const userId = sub.replace('user:', '');
    for (let i = 0; i < 4; i++) assert.equal((await create(token, { userId, tenantId: acme.id })).status, 201);
    const list = async (query) => (await server.request('GET', query.startsWith('/') ? query : `${KEYS}?${query}`, { bearer: token })).json;
    const all = await list(`userId=${userId}`);
    assert.ok(all.totalRecords >= 5);
    assert.equal(all.accessKeys.length, all.totalRecords);
    for (const key of all.accessKeys) {
      assert.deepEqual(Object.keys(key), ['accessKeyId', 'userId', 'tenantId', 'agentId', 'billingId', 'isActive', 'lastUsedDate']);
      assert.deepEqual([key.userId, key.tenantId, String(key.agentId)], [userId, acme.id, icAgentId]);
    }
    const used = all.accessKeys.find((key) => key.accessKeyId === keyOf('admin@acme.example').accessKeyId);
    assert.ok(Date.parse(used.lastUsedDate) <= Date.now());
    assert.deepEqual((await list(`agentId=${icAgentId}`)).accessKeys, all.accessKeys);
    assert.equal((await list('agentId=1')).totalRecords, 0);
    const found = [];
    let page = await list(`userId=${userId}&limit=2`);
    assert.equal(page._links.previous, null);
    for (; ; page = await list(page._links.next)) {
      found.push(...page.accessKeys);
      if (!page._links.next) break;
      assert.equal(page.accessKeys.length, 2);
    }
    assert.deepEqual(found, all.accessKeys);
    const back = await list(page._links.previous);
    assert.deepEqual(back.accessKeys, found.slice(found.indexOf(page.accessKeys[0]) - 2, found.indexOf(page.accessKeys[0])));
  });

  test('idor: keys and users of another tenant look like those that are not there', async () => {
    const token = await bearer('admin@acme.example');
    const theirs = await bearer('admin@globex.example');
    const victim = jwtDecode(theirs).claims.sub.replace('user:', '');
    const nobody = '11ee9999-0000-4000-8000-000000000000';
    const same = (a, b) => assert.deepEqual([a.status, a.json?.error, a.json?.error_description], [b.status, b.json?.error, b.json?.error_description]);
    const users = (id) => server.request('GET', `/api/v2/users/${id}`, { bearer: token });
    assert.equal((await users(victim)).status, 404);
    same(await users(victim), await users(nobody));
    for (const version of ['v1', 'v3']) {
      assert.equal((await server.request('GET', `/user-management/${version}/users/${victim}`, { bearer: token })).status, 404);
    }
    const foreign = encodeURIComponent(keyOf('admin@globex.example').accessKeyId);
    const absent = encodeURIComponent(`${'A'.repeat(52)}====`);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const ask = (id) => server.request(method, `${KEYS}/${id}`, { bearer: token, ...(method === 'PATCH' ? { json: { isActive: false } } : {}) });
      assert.equal((await ask(foreign)).status, 404, method);
      same(await ask(foreign), await ask(absent));
    }
    for (const body of [{ userId: victim, tenantId: acme.id }, { userId: victim, tenantId: globex.id }]) {
      assert.ok((await create(token, body)).status >= 400);
    }
    assert.equal((await login(keyOf('admin@globex.example'))).status, 200, 'untouched');
  });

  test('privilege: who may make keys for whom', async () => {
    const agent = await bearer('agent@acme.example');
    const nobody = await bearer('nobody@acme.example');
    const admin = jwtDecode(await bearer('admin@acme.example')).claims.sub.replace('user:', '');
    const own = (token) => jwtDecode(token).claims.sub.replace('user:', '');
    assert.equal((await create(agent, { userId: own(agent), tenantId: acme.id })).status, 201);
    assert.equal((await create(agent, { userId: admin, tenantId: acme.id })).status, 403);
    assert.equal((await create(nobody, { userId: own(nobody), tenantId: acme.id })).status, 403);
    assert.equal((await server.request('GET', `/api/v2/users/${admin}`, { bearer: agent })).status, 403);
    const application_ = (await server.token({ grant_type: 'client_credentials' }, { basic: application('basic') })).json.access_token;
    const me = await server.request('GET', '/api/v2/users/me', { bearer: application_ });
    assert.equal(me.status, 403);
    assert.equal((await server.request('GET', `/api/v2/users/${admin}`, { bearer: application_ })).status, 200);
  });

  test('audience: other tokens, other environments and broken ones do not open an API', async () => {
    const key = keyOf('admin@acme.example');
    const set = (await server.token({ grant_type: 'password', username: key.accessKeyId, password: key.accessKeySecret }, { basic: application('basic') })).json;
    const me = (token, headers = {}) => server.request('GET', '/api/v2/users/me', { bearer: token, headers });
    assert.equal((await me(set.access_token)).status, 200);
    const wrong = {
      refresh: set.refresh_token, id: set.id_token, tampered: jwtTamper(set.access_token),
      'alg none': jwtForge(set.access_token, { header: { alg: 'none' } }),
      'alg none, no signature': `${jwtForge(set.access_token, { header: { alg: 'none' } }).split('.').slice(0, 2).join('.')}.`,
      HS256: jwtForge(set.access_token, { header: { alg: 'HS256' } }),
      'another kid': jwtForge(set.access_token, { header: { kid: '../../etc/passwd' } }),
      'another tenant': jwtForge(set.access_token, { claims: { tenantId: globex.id } }),
      'two parts': set.access_token.split('.').slice(0, 2).join('.'), empty: '', long: 'a'.repeat(5000),
    };
    for (const [name, token] of Object.entries(wrong)) assert.equal((await me(token)).status, 401, name);
    assert.equal((await me(set.access_token, { host: new URL(GOVERNMENT).host })).status, 401, 'another environment');
    const listed = await server.request('GET', `${KEYS}?userId=${jwtDecode(set.access_token).claims.sub.replace('user:', '')}`, { bearer: set.access_token });
    assert.equal(listed.status, 200);
    assert.ok(listed.json.totalRecords >= 1);
    assert.doesNotMatch(listed.text, /accessKeySecret/);
  });
});
