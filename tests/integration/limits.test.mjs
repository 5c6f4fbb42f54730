// SPDX-License-Identifier: Apache-2.0
// What one address may do (SECURITY lockout, slow, password), and what is left of it in audit and metrics. The server believes
// X-Forwarded-For here, so that one test has many addresses.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Visitor } from './lib/pages.mjs';
import { acme, application, CALLBACK, declare, PASSWORD, person, tenant } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const SAVED = 10; // minutes: so much of a limit may be used at once
const model = declare(tenant('acme', { employees: ['kim', 'lee', 'ann', 'bob', 'eve'].map((name) => person(`${name}@acme.example`)), applications: [
  application('spa', { scope: ['openid'] }),
  application('daemon', { type: 'backend', authMethod: 'client_secret_basic', scope: ['openid'], redirects: undefined }),
] }));

describe('limits', () => {
  let server;
  const visitor = (address, more = {}) => new Visitor(server, { 'x-forwarded-for': address, ...more });
  const query = (more = {}) => `/auth/authorize?${new URLSearchParams({ client_id: server.generatedSecret('application', 'clientId', 'spa'),
    redirect_uri: CALLBACK, response_type: 'code', scope: 'openid', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256', ...more })}`;
  const count = async (outcome) => server.metric(`postern_sign_ins_total{outcome="${outcome}"}`);
  const audits = async (action) => Number((await server.sql(`SELECT count(*) FROM audit WHERE action = '${action}'`))[0][0]);

  before(async () => {
    server = await Server.start({ model, args: ['--behind-front', '--limit-passwords', '1', '--limit-sign-ins', '4', '--limit-credentials', '1', '--limit-device-codes', '1'] });
    server.secrets.add(PASSWORD);
  });
  after(() => server?.stop());

  test('lockout: device codes of one address, and user codes that are none; others go on', async () => {
    const form = { client_id: server.generatedSecret('application', 'clientId', 'spa'), scope: 'openid' };
    const begin = (address) => server.request('POST', '/auth/device_authorization', { form, headers: { 'x-forwarded-for': address } });
    for (let i = 0; i < SAVED; i++) assert.equal((await begin('192.0.2.77')).status, 200);
    const refused = await begin('192.0.2.77');
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    const { user_code: code } = (await begin('192.0.2.78')).json;
    const guesser = visitor('192.0.2.79');
    let page = await guesser.signIn(await guesser.open('/auth/device'), 'bob@acme.example', PASSWORD);
    const kept = page;
    for (let i = 0; i < SAVED; i++) {
      await server.sql('DELETE FROM device_guess'); // the employee's own count is another bound
      page = await guesser.send(kept, { user_code: 'BBBB-BBBB' });
      assert.match(page.problem, /No device is waiting/);
    }
    assert.equal((await guesser.submit(kept, { user_code: code })).status, 429);
    const other = visitor('192.0.2.80');
    const typed = await other.send(await other.signIn(await other.open('/auth/device'), 'bob@acme.example', PASSWORD), { user_code: code });
    assert.match(typed.title, /^Let this device in/);
  });

  test('lockout: wrong passwords for many users from one address; others go on', async () => {
    const one = visitor('192.0.2.1'), before_ = await count('wrong');
    const kept = await one.send(await one.open(query()), { username: 'kim@acme.example' });
    for (let i = 0; i < SAVED; i++) {
      const page = await one.send(await one.open(query()), { username: `nobody${i}@acme.example` });
      assert.match((await one.send(page, { password: 'Wrong-lantern' })).problem, /wrong/);
    }
    const refused = await one.submit(kept, { password: 'Wrong-lantern' });
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) > 30 && Number(refused.headers['retry-after']) <= 60);
    assert.match(refused.text, /Go back in <bdi>\d+<.bdi> s and try again/);
    assert.equal(await count('wrong') - before_, SAVED);
    assert.equal(Number((await server.sql('SELECT sum(failures) FROM employee_login'))[0][0]), 0, 'what was not tried was not counted');
    // Not even the right one: it would tell a guesser.
    assert.equal((await one.submit(kept, { password: PASSWORD })).status, 429);
    for (const [language, text] of [['de', /erneut/], ['es', /inténtelo/], ['fr', /réessayez/], ['ja', /お試しください/]]) {
      const page = await visitor('192.0.2.1', { 'accept-language': language }).post('/auth/login', {});
      assert.equal(page.status, 429);
      assert.match(page.text, text);
      assert.match(page.text, new RegExp(`<html lang="${language}"`));
    }
    const other = visitor('192.0.2.2');
    assert.equal((await other.signIn(await other.open(query()), 'kim@acme.example', PASSWORD)).status, 303);
  });

  test('lockout: right passwords are no failures, and many at once no more than one after the other', async () => {
    for (let i = 0; i < SAVED + 2; i++) {
      const by = visitor('2001:db8:1:2::1');
      assert.equal((await by.signIn(await by.open(query()), 'lee@acme.example', PASSWORD)).status, 303);
    }
    const pages = [];
    for (let i = 0; i < SAVED + 5; i++) {
      const by = visitor(`2001:db8:1:2::${i + 2}`); // one network of 64 bits
      pages.push([by, await by.send(await by.open(query()), { username: `no${i}@acme.example` })]);
    }
    const answers = await Promise.all(pages.map(([by, page]) => by.submit(page, { password: 'Wrong-lantern' })));
    const refused = answers.filter((answer) => answer.status === 429).length;
    assert.ok(refused >= 5, `${refused} were refused`);
    assert.ok(answers.every((answer) => [303, 429].includes(answer.status)));
    const neighbour = visitor('2001:db8:1:3::1');
    assert.equal((await neighbour.signIn(await neighbour.open(query()), 'lee@acme.example', PASSWORD)).status, 303);
  });

  test('slow: sign-ins that are begun and never finished; who is signed in goes on', async () => {
    const inside = visitor('192.0.2.3');
    await inside.signIn(await inside.open(query()), 'ann@acme.example', PASSWORD);
    const rows = async () => Number((await server.sql('SELECT count(*) FROM login_flow_index'))[0][0]);
    const before_ = await rows(), flood = visitor('192.0.2.3');
    for (let i = 1; i < 4 * SAVED; i++) assert.equal((await flood.get(query())).status, 303);
    const refused = await flood.get(query());
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) <= 15);
    assert.match(refused.text, /Too many attempts/);
    assert.equal(await rows() - before_, 4 * SAVED - 1);
    assert.match((await inside.get(query())).location, /code=/);
    assert.equal((await visitor('192.0.2.4').get(query())).status, 303);
  });

  test('lockout: wrong client secrets of one address; good ones do not count', async () => {
    const id = server.generatedSecret('application', 'clientId', 'daemon'), secret = server.generatedSecret('application', 'secret', 'daemon');
    const ask = (password, address) => server.token({ grant_type: 'client_credentials', tenantId: acme },
      { basic: [id, password], headers: { 'x-forwarded-for': address } });
    for (let i = 0; i < 3 * SAVED; i++) assert.equal((await ask(secret, '192.0.2.5')).status, 200);
    for (let i = 0; i < SAVED; i++) assert.equal((await ask(`wrong-${i}`, '192.0.2.5')).status, 401);
    const refused = await ask('wrong', '192.0.2.5');
    assert.equal(refused.status, 429);
    assert.equal(refused.json.error, 'too_many_requests');
    assert.ok(Number(refused.headers['retry-after']) > 30);
    assert.equal((await ask(secret, '192.0.2.5')).status, 429);
    assert.equal((await ask(secret, '192.0.2.6')).status, 200);
  });

  test('steps: one hash at a time for one sign-in', async () => {
    const by = visitor('192.0.2.7');
    const page = await by.send(await by.open(query()), { username: 'bob@acme.example' });
    const answers = await Promise.all(Array.from({ length: 6 }, () => by.submit(page, { password: PASSWORD })));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [303, 409, 409, 409, 409, 409]);
  });

  test('lockout: a lock and a success leave one record each, wrong names and failures none', async () => {
    const [locks, successes, all, locked] = [await audits('user.lock'), await audits('user.sign_in'), await server.sql('SELECT count(*) FROM audit'), await count('locked')];
    const typed = 'hunter2-in-the-wrong-field@acme.example';
    for (const name of ['eve@acme.example', typed]) {
      const by = visitor(name === typed ? '192.0.2.9' : '192.0.2.8');
      let page = await by.send(await by.open(query()), { username: name });
      for (let i = 0; i < 8; i++) page = await by.send(page, { password: `Wrong-lantern ${i}` });
      assert.match(page.problem, /wrong/);
    }
    assert.equal(await audits('user.lock') - locks, 1);
    const told = visitor('192.0.2.10');
    assert.match((await told.signIn(await told.open(query()), 'eve@acme.example', PASSWORD)).problem, /locked/);
    assert.equal(await count('locked') - locked, 1);
    const done = await count('signed_in'), good = visitor('192.0.2.10');
    await good.signIn(await good.open(query()), 'lee@acme.example', PASSWORD);
    assert.equal(await audits('user.sign_in') - successes, 1);
    assert.equal(await count('signed_in') - done, 1);
    assert.equal(Number((await server.sql('SELECT count(*) FROM audit'))[0][0]) - Number(all[0][0]), 2);
    const [[remote, detail]] = await server.sql("SELECT remote, detail FROM audit WHERE action = 'user.lock' ORDER BY at_ms DESC LIMIT 1");
    assert.deepEqual([remote, detail], ['192.0.2.8', '{}']);
    assert.equal((await server.sql(`SELECT count(*) FROM audit WHERE detail LIKE '%hunter2%' OR object LIKE '%hunter2%' OR actor LIKE '%hunter2%'`))[0][0], '0');
    assert.doesNotMatch(server.log, /hunter2/);
  });
});
