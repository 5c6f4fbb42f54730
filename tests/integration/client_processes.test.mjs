// SPDX-License-Identifier: Apache-2.0
// Many processes and threads that share a cache (PROTOCOL 11): one renews, the others wait for its result; whoever dies in
// the middle, or finds the disk full, leaves nothing that hinders the next.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { gate } from './lib/faulty.mjs';
import { model } from './lib/model.mjs';
import { clientWorld, Home, onceForAllEngines, postern, settingsOf } from './lib/postern.mjs';
import { Server, until } from './lib/server.mjs';

const CROWD = 200;
const THREADS = 64;
const KILLS = 50;
const HOUR = 3600;
// Root may write anywhere: what an unwritable directory does is tried without that capability.
const UNPRIVILEGED = process.getuid() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];

let faulty, home, end;

beforeEach(async () => { ({ faulty, home, end } = await clientWorld()); });
afterEach(() => end());

// An expired token and a good refresh token are in the cache; from now on tokens live an hour.
async function expire() {
  await home.token();
  await home.age();
}

// n processes at once; all must print the same token, which is the result.
async function crowd(n = CROWD, options = {}) {
  const all = await Promise.all(Array.from({ length: n }, () => home.run('token', { ...options })));
  const failed = all.filter((done) => done.status !== 0);
  assert.deepEqual(failed.map((done) => `${done.status} ${done.stderr}`).slice(0, 3), [], `${failed.length} of ${n} failed`);
  const tokens = new Set(all.map((done) => done.stdout));
  assert.equal(tokens.size, 1, `${tokens.size} different tokens`);
  await home.checkCache();
  return [...tokens][0].trim();
}

describe('client: 200 processes', onceForAllEngines, () => {
  test('with nothing cached: one token request, one token', async () => {
    faulty.next('token', { hold: 1000 });
    await crowd();
    assert.deepEqual(faulty.grants(), ['password']);
    assert.equal(faulty.count('discovery'), 1);
    assert.equal(faulty.count('jwks'), 1);
  });

  test('at expiry: one token request, one token', async () => {
    await expire();
    faulty.next('token', { hold: 1000 });
    await crowd();
    assert.deepEqual(faulty.grants(), ['password', 'refresh_token']);
  });

  test('refresh_once: at expiry, and the one who renews is killed: another takes over', async () => {
    await expire();
    const held = gate();
    faulty.next('token', { hold: held.closed });
    const first = home.spawn(postern, ['token']);
    await until('it renews', () => faulty.count('token') === 2);
    const others = crowd(CROWD / 2);
    const one = home.spawn(postern, ['token', '--verbose']);
    await until('others wait for it', () => /waiting/.test(one.said()));
    first.kill('SIGKILL');
    await first.done;
    assert.equal((await one.done).stdout.trim(), await others);
    held.open();
    assert.deepEqual(faulty.grants(), ['password', 'refresh_token', 'password']);
  });

  test('at expiry, and the one who renews is stopped for a while: nobody spends its refresh token', async () => {
    await expire();
    const held = gate();
    faulty.next('token', { hold: held.closed });
    const first = home.spawn(postern, ['token']);
    await until('it renews', () => faulty.count('token') === 2);
    first.kill('SIGSTOP');
    const impatient = await home.run('token', '--timeout', '2');
    assert.ok([0, 5].includes(impatient.status), impatient.stderr);
    first.kill('SIGCONT');
    held.open();
    assert.equal((await first.done).status, 0);
    assert.equal(faulty.count('token', (r) => r.form.grant_type === 'refresh_token'), 1);
  });

  test('a failure is the failure of all, and not two hundred requests', async () => {
    faulty.next('token', { status: 400, json: { error: 'invalid_grant', error_description: 'no' }, times: CROWD });
    const all = await Promise.all(Array.from({ length: 20 }, () => home.run('token')));
    assert.ok(all.every((done) => done.status === 3), all.map((done) => done.stderr).join(''));
    assert.ok(faulty.count('token') <= 20);
    faulty.steps.token = [];
    await home.token();
  });

  test('different credentials do not wait for each other', async () => {
    const held = gate();
    faulty.next('token', { hold: held.closed });
    const waiting = home.spawn(postern, ['token']);
    await until('it asks', () => faulty.count('token') === 1);
    const other = await home.run('token', '--scope', 'openid');
    assert.equal(other.status, 0, other.stderr);
    held.open();
    assert.equal((await waiting.done).status, 0);
  });
});

describe('client: 64 threads', onceForAllEngines, () => {
  const tokensOf = (done) => [...done.stdout.matchAll(/^token\t(\w+)\t(.*)$/mg)].map((m) => `${m[1]} ${m[2]}`);
  for (const mode of ['threads', 'clients']) {
    test(`${mode}: one token request with nothing cached, and one at expiry`, async () => {
      const fresh = tokensOf(await home.drive(mode, THREADS));
      assert.equal(fresh.length, THREADS);
      assert.equal(new Set(fresh).size, 1, [...new Set(fresh)].join('\n'));
      assert.deepEqual(faulty.grants(), ['password']);
      await home.age();
      const renewed = tokensOf(await home.drive(mode, THREADS));
      assert.equal(new Set(renewed).size, 1, [...new Set(renewed)].join('\n'));
      assert.deepEqual(faulty.grants(), ['password', 'refresh_token']);
      await home.checkCache();
    });
  }
});

describe('client: kill -9', onceForAllEngines, () => {
  test('at any moment: the next one has a token, nothing is spent twice, nothing piles up', async () => {
    await home.token();
    const { ms } = await home.run('token', '--fresh');
    let killed = 0;
    for (let round = 0; round < KILLS; round++) {
      faulty.expiresIn = round % 3 === 0 ? HOUR : 1;
      faulty.next('token', { wait: round % 5, hold: round % 7 });
      const child = home.spawn(postern, ['token', '--fresh']);
      // The moment is what is tried here: from the start of the process to beyond its usual end.
      await new Promise((resolve) => { setTimeout(resolve, (ms * 1.2 * round) / KILLS); });
      child.kill('SIGKILL');
      killed += (await child.done).signal === 'SIGKILL' ? 1 : 0;
      faulty.expiresIn = HOUR;
      faulty.steps.token = [];
      const next = await home.run('token');
      assert.equal(next.status, 0, `round ${round}: ${next.stderr}`);
      assert.ok(faulty.access.has(next.stdout.trim()));
      const text = (await home.entry()).text;
      assert.ok(text.includes(next.stdout.trim()), 'the cache has another token');
    }
    assert.ok(killed > KILLS / 3, `only ${killed} were killed before their end`);
    await home.token('--fresh');
    assert.deepEqual((await home.checkCache()).map((name) => name.replace(/^\w+/, '')), ['.json', '.json.lock']);
  });
});

describe('client: a disk that does not keep', onceForAllEngines, () => {
  test('a directory that may not be written: a token all the same, and it is told', async () => {
    await mkdir(home.cache, { mode: 0o500 });
    const [command, ...args] = [...UNPRIVILEGED, postern, 'token'];
    const done = await home.spawn(command, args).done;
    assert.equal(done.status, 0, done.stderr);
    assert.ok(faulty.access.has(done.stdout.trim()));
    assert.match(done.stderr, /cache|POSTERN_CACHE_DIR/i);
    assert.deepEqual(await home.cacheNames(), []);
  });

  test('a directory that is a file, or below one', async () => {
    await writeFile(home.cache, 'a file');
    for (const cache of [home.cache, `${home.cache}/below`]) {
      const done = await home.run('token', { env: { POSTERN_CACHE_DIR: cache } });
      assert.equal(done.status, 0, done.stderr);
      assert.match(done.stderr, /cache/i);
    }
    assert.equal(await readFile(home.cache, 'utf8'), 'a file');
    await rm(home.cache);
  });

  test('storage_faults: a full disk: a token all the same, it is told, and what was cached stays whole', async () => {
    const first = await home.token();
    const before = (await home.entry()).text;
    const limited = await home.spawn('bash', ['-c', 'ulimit -f 0 && exec "$@"', 'bash', postern, 'token', '--fresh']).done;
    assert.equal(limited.signal, null, 'ended by SIGXFSZ');
    assert.equal(limited.status, 0, limited.stderr);
    assert.match(limited.stderr, /cache/i);
    assert.notEqual(limited.stdout.trim(), first);
    JSON.parse((await home.entry()).text);
    assert.equal((await home.entry()).text.length >= before.length / 2, true);
    await home.checkCache();
    await home.token();
  });

  test('storage_faults: a refresh token whose spending cannot be stored is not spent', async () => {
    await expire();
    const done = await home.spawn('bash', ['-c', 'ulimit -f 0 && exec "$@"', 'bash', postern, 'token']).done;
    assert.equal(done.status, 0, done.stderr);
    await home.token();
    assert.equal(faulty.spentTwice(), 0);
  });

  test('modes: 0600 and 0700 whatever the umask', async () => {
    const done = await home.spawn('bash', ['-c', 'umask 0 && exec "$@"', 'bash', postern, 'token']).done;
    assert.equal(done.status, 0, done.stderr);
    const names = await home.checkCache();
    assert.ok(names.some((name) => name.endsWith('.json')));
    assert.equal((await stat(home.cache)).mode & 0o777, 0o700);
  });

  test('modes: a cache that others may write is not trusted blindly', async () => {
    const own = await home.token();
    const { file, text } = await home.entry();
    for (const mode of [0o777, 0o770, 0o722]) {
      await chmod(home.cache, mode);
      const done = await home.run('token');
      assert.equal(done.status, 0, done.stderr);
      assert.ok(faulty.issued.includes(done.stdout.trim()));
      assert.notEqual(done.stdout.trim(), own, 'what stood there was used');
      assert.ok(done.stderr.includes(`chmod 700 ${home.cache}`), done.stderr);
      assert.equal(await readFile(file, 'utf8'), text, 'it was written');
    }
    await rm(file);
    const names = await home.cacheNames();
    assert.equal((await home.run('token')).status, 0);
    assert.deepEqual(await home.cacheNames(), names);
    await chmod(home.cache, 0o700);
    const again = await home.token();
    assert.equal(await home.token(), again, 'as the warning said, it is used again');
    await home.checkCache();
  });

  test('--no-cache and another user of the directory name leave no file', async () => {
    await home.token('--no-cache');
    assert.deepEqual(await home.cacheNames(), []);
    await home.token('--no-cache');
    assert.equal(faulty.count('token'), 2);
  });
});

describe('client: 200 processes against posternd', () => {
  test('nothing cached, and at expiry: one token request each, and no refresh token is spent twice', async () => {
    const server = await Server.start({ model });
    const made = await Home.make({ issuer: server.url, client_id: server.generatedSecret('application', 'clientId', 'basic'),
      client_secret: server.generatedSecret('application', 'secret', 'basic'),
      access_key_id: server.generatedSecret('access_key', 'accessKeyId', 'admin@acme.example'),
      access_key_secret: server.generatedSecret('access_key', 'accessKeySecret', 'admin@acme.example') });
    const faultys = home;
    home = made;
    try {
      const asked = async () => {
        const { text } = await server.request('GET', '/metrics', { base: server.opsUrl });
        return [...text.matchAll(/^postern_http_requests_total\{route="token_post",[^}]*\} (\d+)$/gm)].reduce((n, [, count]) => n + Number(count), 0);
      };
      const first = await crowd();
      assert.equal(await asked(), 1);
      await home.age();
      const second = await crowd();
      assert.notEqual(second, first);
      assert.equal(await asked(), 2);
      const [[refreshed]] = await server.sql("SELECT count(*) FROM audit WHERE action = 'session.refresh_reuse'");
      assert.equal(refreshed, '0');
    } finally {
      home = faultys;
      await made.remove();
      await server.stop();
    }
  });
});
