// SPDX-License-Identifier: Apache-2.0
// Bodies that stream both ways, cancelling, and what the hook is told: mostly through tests/client/driver.c, since the command
// cannot show it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { gate } from './lib/faulty.mjs';
import { clientWorld, driver, onceForAllEngines } from './lib/postern.mjs';
import { until } from './lib/server.mjs';

const MIB = 1 << 20;

let faulty, home, end;

beforeEach(async () => { ({ faulty, home, end } = await clientWorld(({ url }) => ({ api_endpoint: url }))); });
afterEach(() => end());

const call = (...args) => home.run('api', '--verbose', ...args);
const calls = () => faulty.of('api');

describe('client: bodies', onceForAllEngines, () => {
  const bytes = (n) => Buffer.from(Uint8Array.from({ length: n }, (_, i) => 97 + (i % 23)));
  const digest = (body) => createHash('sha256').update(body).digest('hex');

  test('a request body streams, of known length and in chunks', async () => {
    faulty.api('POST /up', (r) => ({ json: { n: r.body.length, sha: digest(r.body), length: r.headers['content-length'], te: r.headers['transfer-encoding'] } }));
    for (const [kind, n] of [['known', 5 * MIB + 1], ['chunked', 5 * MIB + 1], ['known', 0], ['chunked', 0]]) {
      const done = await home.drive('up', '/up', n, kind, 'once');
      const got = JSON.parse(done.stdout.match(/^body\t(.*)$/m)[1]);
      assert.deepEqual([got.n, got.sha], [n, digest(bytes(n))], done.stdout);
      if (kind === 'known') assert.equal(got.length, String(n));
      else assert.equal(got.length, undefined);
    }
  });

  test('a streamed body is repeated only if it can be rewound', async () => {
    await home.token();
    faulty.revoke();
    const rewound = await home.drive('up', '/up', 100_000, 'known', 'rewind');
    assert.match(rewound.stdout, /^result\tok\t200\t2/m);
    assert.match(rewound.stdout, /^rewinds\t1$/m);
    assert.deepEqual(calls().map((r) => digest(r.body)), [digest(bytes(100_000)), digest(bytes(100_000))]);
    faulty.revoke();
    const once = await home.drive('up', '/up', 100_000, 'known', 'once');
    assert.match(once.stdout, /^result\tauth\t401\t1/m);
    assert.equal(calls().length, 3);
  });

  test('a reader that gives up ends the call, and the connection', async () => {
    const done = await home.drive('up', '/up', MIB, 'known', 'once', 300_000);
    assert.match(done.stdout, /^result\tcancelled/m);
    assert.ok(!calls()[0]?.answered, 'half a body was taken for a whole one');
  });

  test('an answer streams, with its headers first, and an error is kept instead', async () => {
    const body = bytes(7 * MIB + 5);
    faulty.api('GET /down', { text: body.toString(), headers: { 'content-type': 'text/plain' } });
    const done = await home.drive('down', '/down');
    assert.match(done.stderr, new RegExp(`^result\tok\t200\t1\t${body.length}\t1\t200`, 'm'));
    assert.equal(digest(done.bytes), digest(body));
    faulty.api('GET /no', { status: 404, json: { error_description: 'not there' } });
    const refused = await home.drive('down', '/no');
    assert.match(refused.stderr, /^result\tnot_found\t404\t1\t0\t0/m);
    assert.match(refused.stderr, /^kept\t.*not there/m);
    assert.equal(refused.stdout, '');
  });

  test('a writer that gives up ends the call', async () => {
    faulty.api('GET /down', { text: 'x'.repeat(4 * MIB), headers: { 'content-type': 'text/plain' } });
    const done = await home.drive('down', '/down', MIB);
    assert.match(done.stderr, /^result\tcancelled/m);
    assert.equal(calls().length, 1);
  });

  test('an answer that breaks after its beginning was handed over is not begun again', async () => {
    faulty.api('GET /down', { text: 'x'.repeat(4 * MIB), headers: { 'content-type': 'text/plain' } });
    faulty.next('api', { cut: 'length' });
    const done = await home.drive('down', '/down');
    assert.match(done.stderr, /^result\t(network|answer)\t/m);
    assert.equal(calls().length, 1);
    assert.ok(done.bytes.length <= 2 * MIB);
  });

  test('bombs: an answer larger than the caller keeps', async () => {
    faulty.api('GET /big', { text: 'x'.repeat(MIB) });
    assert.match((await home.drive('get', '/big', MIB)).stdout, /^result\tok\t200/m);
    assert.match((await home.drive('get', '/big', MIB - 1)).stdout, /^result\tanswer/m);
  });

  test('bytes that are no text pass as they are', async () => {
    const body = Buffer.from([0, 1, 2, 255, 254, 10, 13, 0]);
    faulty.api('POST /bin', (r) => ({ text: r.body, headers: { 'content-type': 'application/octet-stream' } }));
    const done = await home.run('api', 'POST', '/bin', '--input', '-', '--header', 'Content-Type: application/octet-stream', { input: body });
    assert.equal(done.status, 0, done.stderr);
    assert.deepEqual(calls()[0].body, body);
    assert.deepEqual(done.bytes, body);
  });

  test("the caller's headers cannot replace the library's, or smuggle a line", async () => {
    for (const header of ['Authorization: Bearer mine', 'X: a\r\nY: b', 'no header', ': empty', 'Content-Length: 5', 'Transfer-Encoding: chunked']) {
      const done = await home.run('api', 'POST', '/x', '-f', 'a=b', '-H', header);
      for (const r of calls()) {
        assert.equal(r.headers.y, undefined);
        assert.notEqual(r.headers.authorization, 'Bearer mine');
      }
      assert.ok(done.status === 2 || done.status === 0, `${header}: ${done.status} ${done.stderr}`);
    }
  });
});

describe('client: cancelling and hooks', onceForAllEngines, () => {
  test('a call that waits for an answer ends at once, and stays ended', async () => {
    const held = gate();
    faulty.next('api', { hold: held.closed });
    const child = home.spawn(driver, ['cancel', 'call', '/x'], { input: null });
    await until('the call', () => calls().length === 1);
    const at = Date.now();
    child.stdin.end('.');
    const done = await child.done;
    held.open();
    assert.ok(Date.now() - at < 5000);
    assert.equal(done.stdout.match(/^result\tcancelled/mg)?.length, 2, done.stdout);
    assert.equal(calls().length, 1);
  });

  test('a pause before a repetition ends at once', async () => {
    faulty.next('api', { status: 429, headers: { 'retry-after': '30' }, json: {} });
    const child = home.spawn(driver, ['cancel', 'call', '/x'], { input: null });
    await until('the answer', () => calls()[0]?.answered === 429);
    const at = Date.now();
    child.stdin.end('.');
    assert.match((await child.done).stdout, /^result\tcancelled/m);
    assert.ok(Date.now() - at < 5000);
  });

  test('a renewal ends at once, and the next one is not hindered', async () => {
    const held = gate();
    faulty.next('token', { hold: held.closed });
    const child = home.spawn(driver, ['cancel', 'token'], { input: null });
    await until('the token request', () => faulty.count('token') === 1);
    child.stdin.end('.');
    assert.match((await child.done).stdout, /^result\tcancelled/m);
    await home.token();
    held.open();
  });

  test('secrets_once: no event, error or --verbose line has a token, secret, query or body', async () => {
    faulty.next('api', { status: 401, json: {} }, { status: 500, text: '' }, { drop: 'after' });
    faulty.next('token', { status: 503, text: '' });
    const done = await home.drive('get', '/x?secret-query=1');
    assert.match(done.stdout, /^result\tok/m);
    assert.match(done.stderr, /^event\t1\tPOST\thttp:[^\t]*\/auth\/token\t/m);
    assert.match(done.stderr, /^event\t2\tGET\thttp:[^\t]*\/x\t500\t/m);
    assert.match(done.stderr, /^event\t3\t/m);
    assert.match(done.stderr, /^event\t4\t/m);
    assert.doesNotMatch(done.stderr, /secret-query/);
    const verbose = await call('POST', '/x?secret-query=2', '-f', 'secret-body=3');
    assert.match(verbose.stderr, /\/x/);
    assert.doesNotMatch(verbose.stderr, /secret-query|secret-body/);
    for (const secret of faulty.secrets()) assert.ok(!(done.stderr + verbose.stderr).includes(secret));
  });
});
