// SPDX-License-Identifier: Apache-2.0
// What the client believes of id tokens, key sets and the server's clock.
import assert from 'node:assert/strict';
import { generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { TENANT } from './lib/faulty.mjs';
import { clientWorld, onceForAllEngines } from './lib/postern.mjs';

const AUTH = 3, SERVER = 6;
const HOUR = 3600;

let faulty, home, end;

beforeEach(async () => { ({ faulty, home, end } = await clientWorld()); });
afterEach(() => end());

// It fails with that status and a text of one line that says what the pattern says.
async function fails(status, pattern, ...args) {
  const done = await home.run(...args);
  assert.equal(done.status, status, `${args.join(' ')}: ${done.stderr}${done.stdout}`);
  assert.match(done.stderr, pattern);
  return done;
}

describe('client: id tokens and clocks', onceForAllEngines, () => {
  const withIdToken = (make) => ({ change: async (answer) => { answer.json.id_token = await make(); } });

  test('jwt: an id token of another issuer, audience, time, key or algorithm is refused, and the text says which', async () => {
    const stranger = (await generateKeyPair('RS256')).privateKey;
    const now = faulty.now();
    const published = JSON.stringify(faulty.published[0]);
    const encode = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
    const claims = { iss: faulty.url, aud: faulty.clientId, sub: 'user:1', tenantId: TENANT, iat: now, exp: now + HOUR };
    for (const [says, make, status] of [
      [/issuer/i, () => faulty.idToken({ claims: { iss: 'https://elsewhere.example' } }), SERVER],
      [/aud/i, () => faulty.idToken({ claims: { aud: 'another-client' } }), AUTH],
      [/expire/i, () => faulty.idToken({ claims: { iat: now - 2 * HOUR, exp: now - HOUR } }), AUTH],
      [/not valid yet/i, () => faulty.idToken({ claims: { iat: now + HOUR, exp: now + 2 * HOUR } }), AUTH],
      [/not valid yet/i, () => faulty.idToken({ claims: { nbf: now + HOUR } }), AUTH],
      [/signature/i, () => faulty.idToken({ key: stranger }), AUTH],
      [/key/i, () => faulty.idToken({ header: { kid: 'nobody-knows' } }), AUTH],
      [/alg|none/i, () => `${encode({ alg: 'none' })}.${encode(claims)}.`, AUTH],
      [/alg|key/i, () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: faulty.key.kid }).sign(Buffer.from(published)), AUTH],
      [/crit/i, () => faulty.idToken({ header: { crit: ['b64'], b64: true } }), AUTH],
      [/./, () => 'not.a.token', AUTH],
      [/./, () => 'x'.repeat(100_000), SERVER],
    ]) {
      faulty.next('token', withIdToken(make));
      const done = await fails(status, says, 'token', '--retries', '0');
      assert.equal(done.stdout, '');
    }
    assert.equal((await home.run('token')).status, 0);
  });

  test('an unknown key is looked for once more, and not again and again', async () => {
    await home.token();
    assert.equal(faulty.count('jwks'), 1);
    await faulty.rotateKey();
    const rotated = await home.run('token', '--fresh');
    assert.equal(rotated.status, 0, rotated.stderr);
    assert.equal(faulty.count('jwks'), 2);
    await faulty.rotateKey({ publish: false });
    const mark = faulty.mark();
    await fails(AUTH, /key/i, 'token', '--fresh', '--retries', '0');
    const asked = faulty.since(mark);
    const count = (route) => asked.filter((r) => r === route).length;
    assert.ok(count('jwks') <= count('token') && count('token') <= 2, String(asked));
  });

  test('key sets that are none, or have other keys besides', async () => {
    for (const step of [{ json: {} }, { json: { keys: 'x' } }, { text: 'x' }, { json: { keys: [] } }, { json: { keys: [7, null, {}] } }]) {
      faulty.next('jwks', { ...step, times: 2 });
      const done = await home.run('token', '--retries', '0');
      assert.ok([AUTH, SERVER].includes(done.status), done.stderr);
    }
    faulty.steps.jwks = [];
    faulty.next('jwks', { times: 2, change: (answer) => { answer.json.keys.unshift({ kty: 'XYZ', kid: 'odd' }, { kty: 'OKP', crv: 'Ed448', x: 'AA' }); } });
    assert.equal((await home.run('token')).status, 0);
  });

  for (const [way, skew] of [['ahead', HOUR], ['behind', -HOUR]]) {
    test(`a server whose clock is an hour ${way} is understood by its Date`, async () => {
      faulty.skew = skew;
      const done = await home.run('token', '--json');
      assert.equal(done.status, 0, done.stderr);
      assert.ok(Math.abs(done.json.clock_skew - skew) <= 2, done.stdout);
      assert.ok(Math.abs(done.json.expires_at - Date.now() / 1000 - HOUR) < 60, 'the life of the token is by our clock');
      assert.equal(await home.token(), done.json.access_token);
    });
  }

  test('a Date that contradicts a token that is good by our clock does not matter; with one that is not, it is said', async () => {
    const headers = { date: 'Thu, 01 Jan 2015 00:00:00 GMT' };
    faulty.next('token', { headers });
    const token = await home.token();
    assert.equal(await home.token(), token);
    const long_ago = Math.floor(Date.UTC(2012, 0, 1) / 1000);
    faulty.next('token', { headers, times: 2,
      change: async (answer) => { answer.json.id_token = await faulty.idToken({ claims: { iat: long_ago, exp: long_ago + HOUR } }); } });
    await fails(AUTH, /clock/i, 'token', '--fresh', '--retries', '0');
  });

  test('a Date that is none, or missing, breaks nothing', async () => {
    for (const date of ['yesterday', '', 'Thu, 99 Foo 9999 99:99:99 GMT']) {
      faulty.next('token', { headers: { date } });
      const done = await home.run('token', '--fresh');
      assert.equal(done.status, 0, `${date}: ${done.stderr}`);
    }
  });
});
