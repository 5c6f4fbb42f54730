// SPDX-License-Identifier: Apache-2.0
// The client's rules for addresses and tokens (PROTOCOL 11), each against a server that breaks its part of them.
import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Faulty, gate, TENANT } from './lib/faulty.mjs';
import { jwtDecode } from './lib/jwt.mjs';
import { acme, model } from './lib/model.mjs';
import { clientWorld, Home, onceForAllEngines, postern, settingsOf } from './lib/postern.mjs';
import { Server, until } from './lib/server.mjs';

const USAGE = 2, AUTH = 3, NETWORK = 5, SERVER = 6;
const HOUR = 3600;

let faulty, home, trap, end;

beforeEach(async () => { ({ faulty, home, trap, end } = await clientWorld()); });
afterEach(() => end());

// It fails with that status and a text of one line that says what the pattern says.
async function fails(status, pattern, ...args) {
  const done = await home.run(...args);
  assert.equal(done.status, status, `${args.join(' ')}: ${done.stderr}${done.stdout}`);
  assert.match(done.stderr, pattern);
  return done;
}

test('the server of these tests notices a refresh token that is spent twice', async () => {
  const grant = (params) => fetch(`${faulty.url}/auth/token`, { method: 'POST',
    body: new URLSearchParams({ client_id: faulty.clientId, client_secret: faulty.clientSecret, ...params }) }).then((answer) => answer.json());
  const { refresh_token: first } = await grant({ grant_type: 'client_credentials' });
  const { refresh_token: second } = await grant({ grant_type: 'refresh_token', refresh_token: first });
  assert.equal(faulty.spentTwice(), 0);
  assert.equal((await grant({ grant_type: 'refresh_token', refresh_token: first })).error, 'invalid_grant');
  assert.equal((await grant({ grant_type: 'refresh_token', refresh_token: second })).error, 'invalid_grant');
  assert.equal(faulty.spentTwice(), 1);
  faulty.refresh.clear();
});

describe('client: addresses', onceForAllEngines, () => {
  test('every address comes from discovery', async () => {
    faulty.next('discovery', { change: ({ json, ...rest }) => ({ ...rest,
      json: { ...json, token_endpoint: `${faulty.url}/api/v2/oauth/token`, jwks_uri: `${faulty.url}/auth/jwks?from=discovery` } }) });
    await home.token();
    assert.deepEqual(faulty.of('token').map((r) => r.path), ['/api/v2/oauth/token']);
    assert.deepEqual(faulty.of('jwks').map((r) => r.url.search), ['?from=discovery']);
    assert.equal(faulty.count('discovery'), 1);
    assert.equal(faulty.count('api'), 0);
  });

  test('the tenant is that of the id token, and its base URL is api_endpoint', async () => {
    faulty.next('tenant', { change: (answer) => { answer.json.api_endpoint = `${faulty.url}/tenant-part`; } });
    const done = await home.run('api', 'GET', '/api/v2/users/me?a=b%20c');
    assert.equal(done.status, 0, done.stderr);
    assert.deepEqual(faulty.of('tenant').map((r) => r.url.searchParams.get('tenantId')), [TENANT]);
    assert.deepEqual(faulty.of('api').map((r) => r.url.pathname + r.url.search), ['/tenant-part/api/v2/users/me?a=b%20c']);
  });

  test('documents are kept between processes', async () => {
    await home.run('api', 'GET', '/one');
    const mark = faulty.mark();
    await home.run('api', 'GET', '/two');
    assert.deepEqual(faulty.since(mark), ['api']);
  });

  test('api_endpoint that is https://api-{area}.{domain} is believed', async () => {
    faulty.next('tenant', { change: (answer) => {
      Object.assign(answer.json, { domain: 'localhost', api_endpoint: 'https://api-na1.localhost' });
    } });
    await fails(NETWORK, /api-na1\.localhost/, 'api', 'GET', '/x', '--retry', '0');
  });

  test('no token goes to an api_endpoint that is neither https://api-{area}.{domain} nor the issuer', async () => {
    const port = new URL(trap.url).port;
    const lies = [trap.url, `${trap.url}/api`, `https://127.0.0.1:${port}`, `https://api-na1.example.com.localhost:${port}`,
      `https://api-na1.example.com@127.0.0.1:${port}`, `https://api-na1.example.com:${port}`, 'https://api-na2.example.com',
      `http://api-na1.example.com`, `${faulty.url}@127.0.0.1:${port}`, `${faulty.url}0`, 'ftp://x', '', 7, null];
    for (const lie of lies) {
      faulty.next('tenant', { change: (answer) => { answer.json.api_endpoint = lie; } });
      const done = await fails(SERVER, /api_endpoint/, 'api', 'GET', '/x', '--retry', '0');
      assert.doesNotMatch(done.stdout, /./, String(lie));
    }
    assert.equal(faulty.count('api'), 0);
    assert.equal((await home.run('api', 'GET', '/x')).status, 0, 'the lie was kept');
  });

  test('a document of another tenant, or with a foreign auth_endpoint, gets no token either', async () => {
    faulty.next('tenant', { change: (answer) => { answer.json.tenantId = '11ee9999-0000-4000-8000-000000000000'; } });
    await fails(SERVER, /tenant/, 'api', 'GET', '/x', '--retry', '0');
    faulty.next('tenant', { change: (answer) => { answer.json.auth_endpoint = trap.url; } });
    await fails(SERVER, /auth_endpoint/, 'api', 'GET', '/x', '--base', 'auth', '--retry', '0');
    assert.equal(faulty.count('api'), 0);
  });

  test('the setting api_endpoint goes before the document', async () => {
    const other = await Faulty.start();
    try {
      const done = await home.run('api', 'GET', '/x', '--api-endpoint', `${other.url}/mine`);
      assert.equal(other.of('api')[0]?.path, '/mine/x', done.stderr);
      assert.equal(faulty.count('api'), 0);
    } finally {
      await other.stop();
    }
  });

  test('a document of another issuer is refused, and no credential is sent', async () => {
    for (const issuer of ['https://elsewhere.example', `${faulty.url}/more`, faulty.url.replace('127.0.0.1', 'localhost'), undefined, 7]) {
      faulty.next('discovery', { change: (answer) => { answer.json.issuer = issuer; } });
      const done = await fails(SERVER, /issuer/i, 'token', '--retries', '0');
      if (typeof issuer === 'string') assert.ok(done.stderr.includes(issuer) && done.stderr.includes(faulty.url), done.stderr);
    }
    assert.equal(faulty.count('token'), 0);
  });

  test('a token endpoint without encryption elsewhere gets no secret', async () => {
    faulty.next('discovery', { change: (answer) => { answer.json.token_endpoint = 'http://login.example/auth/token'; } });
    await fails(SERVER, /token_endpoint|https/, 'token', '--retries', '0');
  });

  test('documents that are none: not JSON, HTML, empty, a list, a member missing, too large, too deep', async () => {
    const wrong = [{ text: '{"issuer":' }, { text: '<!doctype html><title>Maintenance</title>', headers: { 'content-type': 'text/html' } },
      { text: '' }, { json: [] }, { json: { issuer: faulty.url } }, { text: '{}'.padEnd(2 << 20) },
      { json: { issuer: faulty.url, token_endpoint: `${faulty.url}/auth/token`, more: 'x'.repeat(2 << 20) } },
      { text: '['.repeat(100_000) }, { text: '{"issuer":"a","issuer":"b"}' }];
    for (const answer of wrong) {
      faulty.next('discovery', answer);
      const done = await fails(SERVER, /./, 'token', '--retries', '0');
      assert.ok(done.stderr.length < 1000 && done.stderr.trim().split('\n').length === 1, done.stderr);
    }
    assert.equal(faulty.count('token'), 0);
    assert.equal(await home.token(), faulty.issued.findLast((t) => t.startsWith('at-')));
  });

  test('no redirect is followed: discovery, tenant, keys, token, API', async () => {
    for (const route of ['discovery', 'tenant', 'jwks', 'token']) {
      for (const status of [301, 302, 307, 308]) {
        faulty.next(route, { status, headers: { location: `${trap.url}/${route}` }, text: '' });
        const done = await home.run('api', 'GET', '/x', '--retry', '0', '--retries', '0');
        assert.notEqual(done.status, 0, `${route} ${status}`);
        await home.run('forget');
      }
    }
    faulty.api('GET /moved', { status: 307, headers: { location: `${trap.url}/api` }, json: {} });
    const moved = await home.run('api', 'GET', '/moved', '--include');
    assert.match(moved.stdout, /307/);
    assert.equal(faulty.count('api', (r) => r.path === '/moved'), 1);
  });

  test('no whole URL, paging link or Location takes the token to another origin', async () => {
    await fails(USAGE, /no token is sent/i, 'api', 'GET', `${trap.url}/x`);
    await home.run('api', 'GET', `//${new URL(trap.url).host}/x`); // a path like any other: of our own server
    await fails(USAGE, /./, 'api', 'GET', `${faulty.url}@${new URL(trap.url).host}/x`);
    for (const [name, answer] of [
      ['/links', { json: { items: [1], _links: { next: `${trap.url}/2` } } }],
      ['/href', { json: { items: [1], _links: { next: { href: `${trap.url}/2` } } } }],
      ['/slashes', { json: { items: [1], _links: { next: `//${new URL(trap.url).host}/2` } } }],
      ['/header', { json: { items: [1] }, headers: { link: `<${trap.url}/2>; rel="next"` } }],
    ]) {
      faulty.api(`GET ${name}`, answer);
      const done = await home.run('api', 'GET', name, '--paginate');
      assert.notEqual(done.status, 0, name);
    }
    for (const location of [`${trap.url}/job`, `//${new URL(trap.url).host}/job`]) {
      faulty.api('POST /jobs', { status: 202, headers: { location }, json: {} });
      const done = await home.run('api', 'POST', '/jobs', '--poll', '-f', 'a=b');
      assert.notEqual(done.status, 0, location);
    }
    const whole = await home.run('api', 'GET', `${faulty.url}/whole`);
    assert.equal(whole.status, 0, whole.stderr);
  });
});

describe('client: tokens', onceForAllEngines, () => {
  test('each grant, by settings alone', async () => {
    for (const [grant, asked] of [['password', 'password'], ['client_credentials', 'client_credentials'], ['access_key', 'access_key']]) {
      const token = await home.token('--grant', grant);
      assert.equal(faulty.grants().at(-1), asked);
      assert.equal(await home.token('--grant', grant), token);
    }
    assert.equal(faulty.count('token'), 3);
  });

  test('a token is asked for once and kept', async () => {
    const token = await home.token();
    const mark = faulty.mark();
    for (let i = 0; i < 3; i++) assert.equal(await home.token(), token);
    assert.equal((await home.run('api', 'GET', '/x')).status, 0);
    assert.deepEqual(faulty.since(mark), ['tenant', 'api']);
    assert.equal(faulty.of('api')[0].headers.authorization, `Bearer ${token}`);
  });

  test("its life is the answer's own expires_in, whatever that is today", async () => {
    for (const life of [90, 7200]) {
      faulty.expiresIn = life;
      const { json } = await home.run('token', '--fresh', '--json');
      assert.equal(json.expires_at - json.obtained_at, life);
      assert.ok(json.renew_at > json.obtained_at && json.renew_at < json.expires_at, JSON.stringify(json));
    }
  });

  test('it is renewed before its end, by refresh token, and the new refresh token replaces the old', async () => {
    faulty.expiresIn = 12;
    const first = await home.token();
    const { renew_at: due, expires_at: expiry } = (await home.run('token', '--json')).json;
    faulty.expiresIn = HOUR;
    assert.equal(await home.token(), first, 'renewed too early');
    await until('the time of renewal', () => Date.now() / 1000 >= due);
    assert.ok(Date.now() / 1000 < expiry, 'this machine is too slow for the test');
    const second = await home.token();
    assert.notEqual(second, first);
    assert.deepEqual(faulty.grants(), ['password', 'refresh_token']);
    const { text } = await home.entry();
    const [spent, next] = faulty.issued.filter((t) => t.startsWith('rt-'));
    assert.ok(!text.includes(spent) && text.includes(next), 'the cache has the spent refresh token');
    assert.equal(await home.token(), second);
    assert.equal((await home.run('status')).stdout.split('\t')[5], 'password', 'the grant of the profile');
  });

  test('a refresh token is stored before the access token beside it is used', async () => {
    const held = gate();
    faulty.next('api', { hold: held.closed });
    const call = home.run('api', 'GET', '/x');
    await until('the API is called', () => faulty.count('api') === 1);
    assert.ok((await home.entry()).text.includes(faulty.issued.find((t) => t.startsWith('rt-'))));
    held.open();
    assert.equal((await call).status, 0);
  });

  test('refresh_once: a refresh token that was sent is never sent again, even by the next process after a kill -9', async () => {
    faulty.expiresIn = 1;
    await home.token();
    faulty.expiresIn = HOUR;
    const [refresh] = faulty.issued.filter((t) => t.startsWith('rt-'));
    await until('it expires', () => Date.now() - faulty.of('token')[0].at > 1500);
    const held = gate();
    faulty.next('token', { hold: held.closed });
    const killed = home.spawn(postern, ['token']);
    await until('the refresh token is spent', () => faulty.refresh.get(refresh).spent === 1);
    killed.kill('SIGKILL');
    await killed.done;
    held.open();
    await home.token();
    assert.deepEqual(faulty.grants(), ['password', 'refresh_token', 'password']);
  });

  for (const how of ['before', 'after']) {
    test(`a refresh whose connection breaks ${how} it was carried out: full authentication, nothing spent twice`, async () => {
      faulty.expiresIn = 1;
      await home.token();
      faulty.expiresIn = HOUR;
      await until('it expires', () => Date.now() - faulty.of('token')[0].at > 1500);
      faulty.next('token', { drop: how });
      await home.token();
      assert.equal(faulty.grants().at(-1), 'password');
      assert.ok(faulty.count('token', (r) => r.form?.grant_type === 'refresh_token') <= 1);
    });
  }

  test('invalid_grant on refresh: authenticated anew, once', async () => {
    faulty.expiresIn = 1;
    await home.token();
    faulty.expiresIn = HOUR;
    for (const family of faulty.families.keys()) faulty.families.set(family, false);
    await until('it expires', () => Date.now() - faulty.of('token')[0].at > 1500);
    await home.token();
    assert.deepEqual(faulty.grants(), ['password', 'refresh_token', 'password']);
  });

  test('a server without refresh tokens: authenticated anew', async () => {
    Object.assign(faulty, { refreshTokens: false, expiresIn: 1 });
    await home.token();
    faulty.expiresIn = HOUR;
    await until('it expires', () => Date.now() - faulty.of('token')[0].at > 1500);
    await home.token();
    assert.deepEqual(faulty.grants(), ['password', 'password']);
  });

  test('wrong credentials are asked once, and the text names error and client', async () => {
    faulty.clientSecret = 'another';
    const done = await fails(AUTH, /invalid_client/, 'token', '--auth-method', 'client_secret_basic');
    assert.equal(faulty.count('token'), 1, done.stderr);
    await fails(AUTH, /invalid_client/, 'token'); // auto: the other method too, and then no more
    assert.equal(faulty.count('token'), 3);
    const json = await home.run('token', '--json');
    assert.equal(JSON.parse(json.stderr).error.error, 'invalid_client');
  });

  test('cache_key: what is cached belongs to the credentials: another secret does not get it', async () => {
    await home.token();
    await home.profile(settingsOf(faulty, { client_secret: 'another-secret-altogether' }));
    await fails(AUTH, /invalid_client/, 'token');
  });

  test('a space at the end of a secret is sent, and told', async () => {
    const env = { CXONE_ISSUER: faulty.url, CXONE_CLIENT_ID: faulty.clientId, CXONE_CLIENT_SECRET: 'with-a-space ' };
    faulty.clientSecret = 'with-a-space';
    const bare = await Home.make(undefined, { env });
    try {
      const refused = await bare.run('token');
      assert.equal(refused.status, AUTH);
      assert.match(refused.stderr, /space/);
      faulty.clientSecret = 'with-a-space ';
      const accepted = await bare.run('token');
      assert.equal(accepted.status, 0, accepted.stderr);
      faulty.clientSecret = 'no-space';
      const other = await bare.run('token', { env: { CXONE_CLIENT_SECRET: 'no-space' } });
      assert.doesNotMatch(other.stderr, /space/);
    } finally {
      await bare.remove();
    }
  });

  test('token answers that are none', async () => {
    for (const step of [{ text: 'not json' }, { text: '<html>', headers: { 'content-type': 'text/html' } }, { json: [] }, { json: {} },
      { json: { access_token: 7, token_type: 'Bearer' } }, { json: { access_token: '', token_type: 'Bearer' } },
      { json: { access_token: 'a\r\nX-Injected: 1', token_type: 'Bearer' } }, { json: { access_token: 'a', token_type: 'mac' } },
      { json: { access_token: 'x'.repeat(2 << 20), token_type: 'Bearer' } }]) {
      faulty.next('token', step);
      const done = await home.run('token', '--retries', '0');
      assert.ok([AUTH, SERVER].includes(done.status), `${JSON.stringify(step).slice(0, 80)}: ${done.status} ${done.stderr}`);
      assert.equal(done.stdout, '');
    }
  });

  test('expires_in that is absent, text, negative or enormous breaks nothing', async () => {
    for (const value of [undefined, '3600', -1, 0, 1e300, 9007199254740993, null, {}]) {
      faulty.next('token', { change: (answer) => { answer.json.expires_in = value; } });
      const done = await home.run('token', '--fresh', '--json');
      assert.ok([0, AUTH, SERVER].includes(done.status), `${value}: ${done.stderr}`);
      if (done.status === 0) assert.ok(done.json.expires_at === undefined || Number.isSafeInteger(done.json.expires_at), done.stdout);
    }
  });

  test('what is forgotten is gone, half-written files too; the next one asks anew', async () => {
    const token = await home.token();
    const { file } = await home.entry();
    await writeFile(`${file}.new`, 'half', { mode: 0o600 });
    assert.equal((await home.run('forget')).status, 0);
    assert.deepEqual((await home.cacheNames()).filter((name) => !name.endsWith('.lock')), []);
    assert.notEqual(await home.token(), token);
  });

  test('a cache that others damaged is not used, and is replaced', async () => {
    for (const damage of ['', '{', '[]', 'null', '\0\0\0\0', '{"version":999999}', undefined]) {
      await home.token();
      const { file, text } = await home.entry();
      if (damage === undefined) await truncate(file, text.length >> 1);
      else await writeFile(file, damage);
      await home.token();
      JSON.parse((await home.entry()).text);
    }
  });
});

describe('client: the variables of the seeds', () => {
  test('CXONE_BASE_URL, CXONE_CLIENT_ID, CXONE_CLIENT_SECRET and CXONE_USER_ID are enough, with no profile', async () => {
    const server = await Server.start({ model });
    const secret = server.generatedSecret('application', 'secret', 'post');
    const [[user]] = await server.sql("SELECT employee_id FROM employee WHERE user_name = 'agent@acme.example'");
    const bare = await Home.make(undefined, { env: { CXONE_BASE_URL: server.url, CXONE_CLIENT_SECRET: secret,
      CXONE_CLIENT_ID: server.generatedSecret('application', 'clientId', 'post'), CXONE_USER_ID: user } });
    bare.secrets = () => [secret];
    try {
      const token = await bare.token();
      const { claims } = jwtDecode(token);
      assert.equal(claims.tenantId, acme.id);
      const who = await bare.run('whoami', '--json');
      assert.equal(who.status, 0, who.stderr);
      assert.match(who.stdout, /agent@acme\.example/);
      const called = await bare.run('api', 'GET', `/api/v2/users/${user}`);
      assert.equal(called.status, 0, called.stderr);
      const wrong = await bare.run('token', '--fresh', { env: { CXONE_CLIENT_SECRET: `${secret}x` } });
      assert.equal(wrong.status, AUTH, wrong.stderr);
    } finally {
      await bare.remove();
      await server.stop();
    }
  });
});
