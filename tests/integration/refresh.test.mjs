// SPDX-License-Identifier: Apache-2.0
// Refresh tokens (PROTOCOL 4): single use, one successor ever, families, the grace for lost answers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { model } from './lib/model.mjs';
import { Server } from './lib/server.mjs';

const PARALLEL = 64;

describe('refresh', () => {
  let server, basic, key;
  before(async () => {
    server = await Server.start({ model });
    basic = [server.generatedSecret('application', 'clientId', 'basic'), server.generatedSecret('application', 'secret', 'basic')];
    key = { username: server.generatedSecret('access_key', 'accessKeyId', 'admin@acme.example'),
      password: server.generatedSecret('access_key', 'accessKeySecret', 'admin@acme.example') };
  });
  after(() => server?.stop());

  const begin = async () => (await server.token({ grant_type: 'password', ...key }, { basic })).json;
  const refresh = (token, more = {}) => server.token({ grant_type: 'refresh_token', refresh_token: token, ...more }, { basic });

  test('refresh_once: 64 parallel refreshes of one token give one successor', async () => {
    const { refresh_token: token } = await begin();
    const answers = await Promise.all(Array.from({ length: PARALLEL }, () => refresh(token)));
    const successors = new Set(answers.filter((a) => a.status === 200).map((a) => a.json.refresh_token));
    assert.equal(successors.size, 1, JSON.stringify(answers.map((a) => a.status)));
    for (const answer of answers) assert.ok(answer.status === 200 || answer.json.error === 'invalid_grant', answer.text);
    assert.equal((await refresh([...successors][0])).status, 200);
  });

  test('refresh_once: a chain of refreshes; an old token of it ends the family', async () => {
    const first = await begin();
    const second = (await refresh(first.refresh_token)).json;
    const third = (await refresh(second.refresh_token)).json;
    assert.notEqual(second.refresh_token, third.refresh_token);
    const replayed = await refresh(first.refresh_token);
    assert.deepEqual([replayed.status, replayed.json.error], [400, 'invalid_grant']);
    const family = await refresh(third.refresh_token);
    assert.deepEqual([family.status, family.json.error], [400, 'invalid_grant']);
  });

  test('refresh_once: the grace gives an authenticated client the same answer, and not without authentication', async () => {
    const { refresh_token: token } = await begin();
    const one = await refresh(token);
    const two = await refresh(token);
    assert.deepEqual([two.status, two.json.refresh_token], [200, one.json.refresh_token]);
    const stranger = await server.token({ grant_type: 'refresh_token', refresh_token: token });
    assert.equal(stranger.status, 401, stranger.text);
    assert.equal((await refresh(one.json.refresh_token)).status, 200);
  });

  test('refresh_once: refresh against concurrent revoke leaves nothing alive', async () => {
    for (let round = 0; round < 8; round++) {
      const { refresh_token: token } = await begin();
      const revoke = () => server.request('POST', '/auth/revoke', { form: { token }, basic });
      const [refreshed, revoked] = await Promise.all([refresh(token), revoke()]);
      assert.equal(revoked.status, 200);
      if (refreshed.status === 200) {
        const next = await refresh(refreshed.json.refresh_token);
        assert.equal(next.json.error, 'invalid_grant');
      }
    }
  });

  test('another client, another token, no token', async () => {
    const { refresh_token: token, access_token: access, id_token: id } = await begin();
    const other = [server.generatedSecret('application', 'clientId', 'narrow'), server.generatedSecret('application', 'secret', 'narrow')];
    const foreign = await server.token({ grant_type: 'refresh_token', refresh_token: token }, { basic: other });
    assert.equal(foreign.json.error, 'invalid_grant');
    for (const wrong of [access, id, 'a.b.c', 'nonsense', `${token}x`]) {
      assert.equal((await refresh(wrong)).json.error, 'invalid_grant', wrong.slice(0, 10));
    }
    assert.equal((await server.token({ grant_type: 'refresh_token' }, { basic })).json.error, 'invalid_request');
  });

  test('a restart forgets nothing', async () => {
    const { refresh_token: token, access_token: access } = await begin();
    const spent = (await begin()).refresh_token;
    const successor = (await refresh(spent)).json.refresh_token;
    await refresh(successor);
    const before = (await server.request('GET', '/auth/jwks')).json;
    await server.restart();
    assert.deepEqual((await server.request('GET', '/auth/jwks')).json, before);
    assert.equal((await server.request('GET', '/api/v2/users/me', { bearer: access })).status, 200);
    assert.equal((await refresh(token)).status, 200);
    assert.equal((await refresh(spent)).json.error, 'invalid_grant');
  });
});
