// SPDX-License-Identifier: Apache-2.0
// The client's rules for calls (PROTOCOL 11): what is repeated, when and how often. Through the command,
// and through tests/client/driver.c where the command cannot show it.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Faulty, gate } from './lib/faulty.mjs';
import { clientWorld, driver, onceForAllEngines } from './lib/postern.mjs';
import { until } from './lib/server.mjs';

const OTHER = 1, AUTH = 3, DENIED = 4, NETWORK = 5, SERVER = 6;

let faulty, home, end;

beforeEach(async () => { ({ faulty, home, end } = await clientWorld(({ url }) => ({ api_endpoint: url }))); });
afterEach(() => end());

const call = (...args) => home.run('api', '--verbose', ...args);
const calls = () => faulty.of('api');
const gaps = () => calls().map((r) => r.at).map((at, i, all) => (i === 0 ? 0 : at - all[i - 1])).slice(1);

describe('client: 401', onceForAllEngines, () => {
  test('one renewal and one repetition', async () => {
    await home.token();
    faulty.revoke();
    const done = await call('GET', '/x');
    assert.equal(done.status, 0, done.stderr);
    assert.deepEqual(calls().map((r) => r.answered), [401, 200]);
    assert.deepEqual(faulty.grants(), ['password', 'refresh_token']);
  });

  test('a POST is repeated too, with its whole body: the server did nothing', async () => {
    await home.token();
    faulty.revoke();
    const done = await call('POST', '/x', '--input', '-', { input: '{"a":1}' });
    assert.equal(done.status, 0, done.stderr);
    assert.deepEqual(calls().map((r) => r.body.toString()), ['{"a":1}', '{"a":1}']);
  });

  test('the second 401 is the answer', async () => {
    faulty.next('api', { status: 401, json: { error: 'invalid_token', error_description: 'not for you' }, times: 9 });
    const done = await call('GET', '/x');
    assert.equal(done.status, AUTH);
    assert.match(done.stderr, /not for you/);
    assert.equal(calls().length, 2);
    assert.equal(faulty.count('token'), 2);
  });

  test('a refused token that cannot be renewed now is not handed out: the next process tries again', async () => {
    const first = await home.token();
    faulty.revoke();
    faulty.next('token', { status: 503, json: {}, times: 9 });
    assert.equal((await call('GET', '/x', '--retries', '0')).status, SERVER);
    assert.match((await home.run('status')).stdout, /^default\t(none|renewal due)\t/);
    const refused = await home.run('token', '--retries', '0');
    assert.deepEqual([refused.status, refused.stdout], [SERVER, '']);
    faulty.steps.token = [];
    const second = await home.token();
    assert.notEqual(second, first);
    assert.match((await home.run('status')).stdout, /^default\tgood\t/);
    assert.equal(await home.token(), second);
  });

  test('a token is not held for refused where the renewal alone fails', async () => {
    const first = await home.token();
    faulty.next('token', { status: 503, json: {}, times: 9 });
    assert.equal((await home.run('token', '--fresh', '--retries', '0')).status, SERVER);
    assert.equal(await home.token(), first);
    assert.match((await home.run('status')).stdout, /^default\tgood\t/);
  });

  test('a token that another process has renewed meanwhile is taken, not renewed again', async () => {
    const living = home.spawn(driver, ['twice', '/x'], { input: null });
    await until('the first call', () => calls().length === 1);
    faulty.revoke();
    const renewed = await home.token('--fresh');
    living.stdin.end('\n');
    const done = await living.done;
    assert.equal(done.stdout.match(/^result\tok\t200/mg)?.length, 2, done.stdout);
    assert.equal(faulty.count('token'), 2);
    assert.equal(calls().at(-1).headers.authorization, `Bearer ${renewed}`);
  });
});

describe('client: 429 and 5xx', onceForAllEngines, () => {
  test('Retry-After in seconds is waited', async () => {
    faulty.next('api', { status: 429, headers: { 'retry-after': '2' }, json: { error: 'too_many' } });
    const done = await call('GET', '/x');
    assert.equal(done.status, 0, done.stderr);
    assert.equal(calls().length, 2);
    assert.ok(gaps()[0] >= 1900 && gaps()[0] < 8000, `${gaps()}`);
  });

  test('Retry-After as a date is waited, by the clock of the server', async () => {
    faulty.skew = 1800;
    await home.token();
    faulty.next('api', { status: 503, headers: { 'retry-after': new Date((faulty.now() + 3) * 1000).toUTCString() }, json: {} });
    const done = await call('GET', '/x');
    assert.equal(done.status, 0, done.stderr);
    assert.ok(gaps()[0] >= 1500 && gaps()[0] < 9000, `${gaps()}`);
  });

  test('without Retry-After the pauses grow, and end', async () => {
    faulty.next('api', { status: 429, json: { error: 'too_many' }, times: 9 });
    const done = await call('GET', '/x', '--retry', '3');
    assert.equal(done.status, SERVER);
    assert.match(done.stderr, /429|limit/i);
    assert.equal(calls().length, 4);
    assert.ok(gaps()[2] > 50 && gaps().reduce((a, b) => a + b) < 30_000, `${gaps()}`);
  });

  test('a Retry-After beyond the time left is not waited', async () => {
    faulty.next('api', { status: 429, headers: { 'retry-after': '3600' }, json: {} });
    const done = await call('GET', '/x');
    assert.equal(done.status, SERVER, done.stderr);
    assert.ok(done.ms < 10_000);
    assert.equal(calls().length, 1);
  });

  test('Retry-After that is none', async () => {
    for (const value of ['soon', '-1', '', '99999999999999999999', '1e9']) {
      faulty.next('api', { status: 429, headers: { 'retry-after': value }, json: {} });
      const done = await call('GET', '/x', '--timeout', '20');
      assert.ok([0, SERVER].includes(done.status), `${value}: ${done.stderr}`);
    }
  });

  test('the token endpoint is waited for too', async () => {
    faulty.next('token', { status: 429, headers: { 'retry-after': '1' }, json: { error: 'too_many' } }, { status: 503, text: 'busy' });
    await home.token();
    assert.equal(faulty.count('token'), 3);
    const [first, second] = faulty.of('token');
    assert.ok(second.at - first.at >= 900);
  });

  for (const status of [500, 502, 503, 504]) {
    test(`${status} to a GET is asked again`, async () => {
      faulty.next('api', { status, text: 'no' });
      assert.equal((await call('GET', '/x')).status, 0);
      assert.equal(calls().length, 2);
    });
  }

  for (const status of [500, 502, 503, 504]) {
    test(`${status} to a POST is the answer, unless the caller says it may be repeated`, async () => {
      faulty.next('api', { status, json: { error: 'e', error_description: 'it broke' } });
      const once = await call('POST', '/x', '-f', 'a=b');
      assert.equal(once.status, SERVER, once.stderr);
      assert.match(once.stderr, /it broke/);
      assert.equal(calls().length, 1);
      faulty.next('api', { status, text: '' });
      assert.equal((await call('POST', '/x', '-f', 'a=b', '--repeatable')).status, 0);
      assert.equal(calls().length, 3);
    });
  }

  test('503 with Retry-After invites to repeat a POST: it was not worked on', async () => {
    faulty.next('api', { status: 503, headers: { 'retry-after': '1' }, json: {} });
    assert.equal((await call('POST', '/x', '-f', 'a=b')).status, 0);
    assert.equal(calls().length, 2);
  });

  for (const [status, exit] of [[400, OTHER], [403, DENIED], [404, OTHER], [409, OTHER], [501, SERVER]]) {
    test(`${status} is the answer`, async () => {
      faulty.next('api', { status, json: { error: 'e', error_description: 'because of that' }, headers: { correlationid: 'c-1' } });
      const done = await call('GET', '/x');
      assert.equal(done.status, exit, done.stderr);
      assert.match(done.stderr, /because of that/);
      assert.equal(calls().length, 1);
    });
  }
});

describe('client: connections that break', onceForAllEngines, () => {
  for (const drop of ['before', 'after']) {
    test(`a GET, PUT or DELETE is sent again (${drop})`, async () => {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const before = calls().length;
        faulty.next('api', { drop });
        const done = await call(method, '/x', ...(method === 'PUT' ? ['-f', 'a=b'] : []));
        assert.equal(done.status, 0, done.stderr);
        assert.equal(calls().length - before, 2, method);
      }
    });

    test(`a POST or PATCH is not, unless the caller says so (${drop})`, async () => {
      for (const method of ['POST', 'PATCH']) {
        const before = calls().length;
        faulty.next('api', { drop });
        const done = await call(method, '/x', '-f', 'a=b');
        assert.equal(done.status, NETWORK, done.stderr);
        assert.equal(calls().length - before, 1, method);
        faulty.next('api', { drop });
        assert.equal((await call(method, '/x', '-f', 'a=b', '--repeatable')).status, 0);
        assert.equal(calls().length - before, 3, method);
      }
    });
  }

  test('half an answer is no answer', async () => {
    for (const cut of ['length', 'chunked']) {
      faulty.api('GET /x', { json: { text: 'x'.repeat(100_000) } });
      faulty.next('api', { cut });
      const again = await home.drive('get', '/x');
      assert.match(again.stdout, /^result\tok\t200\t2\t100011/m);
      faulty.next('api', { cut });
      const streamed = await call('GET', '/x'); // it was shown as it came: it cannot be begun again
      assert.ok([NETWORK, SERVER].includes(streamed.status), streamed.stderr);
      assert.match(streamed.stderr, /cut short/);
      faulty.next('api', { cut });
      const post = await call('POST', '/x', '-f', 'a=b');
      assert.ok([NETWORK, SERVER].includes(post.status), `${cut}: ${post.status} ${post.stderr}`);
    }
    for (const route of ['discovery', 'token', 'jwks']) {
      for (const cut of ['length', 'chunked']) {
        await home.run('forget');
        faulty.next(route, { cut });
        await home.token();
      }
    }
  });

  test('nobody there: the text names the address, and nothing waits for ever', async () => {
    const gone = await Faulty.start();
    await gone.stop();
    const done = await home.run('token', '--retries', '1', '--issuer', gone.url);
    assert.equal(done.status, NETWORK, done.stderr);
    assert.ok(done.stderr.includes(new URL(gone.url).host), done.stderr);
  });

  test('a server that is silent ends at the time-out', async () => {
    const held = gate();
    faulty.next('api', { hold: held.closed, times: 9 });
    const done = await call('GET', '/x', '--timeout', '2');
    held.open();
    assert.equal(done.status, NETWORK, done.stderr);
    assert.match(done.stderr, /time|second/i);
    assert.ok(done.ms < 15_000);
  });

  test('a kept connection that the server closed meanwhile is no failure, for a GET', async () => {
    const living = home.spawn(driver, ['twice', '/x'], { input: null });
    await until('the first call', () => calls().length === 1 && calls()[0].answered);
    faulty.server.closeIdleConnections();
    living.stdin.end('\n');
    assert.equal((await living.done).stdout.match(/^result\tok\t200/mg)?.length, 2);
  });
});

describe('client: 202 and pages', onceForAllEngines, () => {
  test('202 is polled at Location until it is done, if asked', async () => {
    let asked = 0;
    faulty.api('POST /jobs', { status: 202, headers: { location: '/jobs/1', 'retry-after': '0' }, json: { state: 'begun' } });
    faulty.api('GET /jobs/1', () => (++asked < 3 ? { status: 202, json: { state: 'busy' } } : { json: { state: 'done' } }));
    const whole = await call('POST', '/jobs', '-f', 'a=b', '--poll');
    assert.equal(whole.status, 0, whole.stderr);
    assert.equal(JSON.parse(whole.stdout).state, 'done');
    assert.deepEqual(calls().map((r) => `${r.method} ${r.path}`), ['POST /jobs', 'GET /jobs/1', 'GET /jobs/1', 'GET /jobs/1']);
    const at_once = await call('POST', '/jobs', '-f', 'a=b');
    assert.equal(JSON.parse(at_once.stdout).state, 'begun');
  });

  test('202 that never ends: the time-out does', async () => {
    faulty.api('POST /jobs', { status: 202, headers: { location: '/jobs/1' }, json: {} });
    faulty.api('GET /jobs/1', { status: 202, json: {} });
    const done = await call('POST', '/jobs', '-f', 'a=b', '--poll', '--timeout', '3');
    assert.equal(done.status, NETWORK, done.stderr);
    assert.ok(done.ms < 15_000 && calls().length < 100);
  });

  test('pages by _links.next, as text and as an object, and by Link', async () => {
    const page = (n, more) => ({ json: { items: [n], ...more } });
    faulty.api('GET /text', (r) => { const n = Number(r.url.searchParams.get('p') ?? 1); return page(n, n < 4 ? { _links: { next: `/text?p=${n + 1}` } } : { _links: { next: null } }); });
    faulty.api('GET /href', (r) => { const n = Number(r.url.searchParams.get('p') ?? 1); return page(n, n < 4 ? { _links: { next: { href: `${faulty.url}/href?p=${n + 1}` } } } : {}); });
    faulty.api('GET /link', (r) => { const n = Number(r.url.searchParams.get('p') ?? 1); return { ...page(n), headers: n < 4 ? { link: `</link?p=9>; rel="last", </link?p=${n + 1}>; rel="next"` } : {} }; });
    for (const path of ['/text', '/href', '/link']) {
      const done = await home.drive('pages', path);
      assert.deepEqual([...done.stdout.matchAll(/"items":\[(\d)\]/g)].map((m) => m[1]), ['1', '2', '3', '4'], `${path} ${done.stdout}${done.stderr}`);
      const shown = await call('GET', path, '--paginate');
      assert.equal(shown.stdout.match(/items/g)?.length, 4, shown.stdout);
    }
    const stopped = await home.drive('pages', '/text', 2);
    assert.match(stopped.stdout, /^result\tok/m);
    assert.equal(stopped.stdout.match(/^page/mg).length, 2);
  });

  test('pages that go round in a circle end', async () => {
    faulty.api('GET /a', { json: { _links: { next: '/b' } } });
    faulty.api('GET /b', { json: { _links: { next: '/a' } } });
    faulty.api('GET /self', { json: { _links: { next: '/self' } } });
    for (const path of ['/a', '/self']) {
      assert.match((await home.drive('pages', path)).stdout, /^result\tanswer/m);
    }
  });
});
