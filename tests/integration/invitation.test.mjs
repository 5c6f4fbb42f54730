// SPDX-License-Identifier: Apache-2.0
// Invitations (SECURITY reset): declared, or by an operator; a link that activates and sets the first password, once.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { mailsOf, newestMail } from './lib/mailbox.mjs';
import { Visitor } from './lib/pages.mjs';
import { acme, declare, tenant, visits } from './lib/people.mjs';

const PASSWORD = 'Brass-lantern 7 & quiet', OWN = '/auth/account/password';
const user = (name) => `${name}@acme.example`;
const person = (name, more) => ({ userName: user(name), firstName: 'Kim', lastName: 'Ottersby', role: 'Agent', ...more });
const everybody = [person('new', { invite: 'de' }), person('ann', { invite: 'en' }), person('bob', { invite: 'ja', status: 'ACTIVE' }),
  person('eve', { loginAuthenticator: 'Passwords', status: 'PENDING' }), person('kim', { password: PASSWORD }), person('bare'), person('late'),
  person('off', { status: 'BLOCKED' }), person('gone', { status: 'DELETED' }), person('bot', { type: 'api' }), person('away', { loginAuthenticator: 'Acme ID' })];
const loginAuthenticators = [{ name: 'Passwords', kind: 'system', default: true },
  { name: 'Acme ID', kind: 'openid', provider: { issuer: 'https://login.acme.example', clientId: 'postern' } }];
const model = (issuer, employees = everybody) => declare(tenant('acme', { loginAuthenticators, employees }),
  tenant('globex', { loginAuthenticators: [], employees: [person('una')] }))(issuer);

describe('invitations', () => {
  let server, visitor;
  visits({ model: (issuer) => model(issuer), password: PASSWORD, env: { POSTERN_MAILBOX: '1' } }, (now) => { ({ server, visitor } = now); });
  const status = async (name) => (await server.sql(`SELECT status FROM employee WHERE user_name = '${user(name)}'`))[0][0];
  const set = (page, password) => visitor.send(page, { new_password: password, new_password_again: password }, 'save');
  const apply = async (employees) => {
    const file = path.join(server.folder, 'again.json');
    await writeFile(file, JSON.stringify(model(server.url, employees)));
    return server.command('--json', 'apply', file);
  };
  const changes = async (employees) => JSON.parse((await apply(employees)).stdout).changes.length;
  const invite = (...args) => server.command(...args, 'invite');

  test('reset: a declared invitation activates and sets a password, once; then one signs in', async () => {
    assert.equal(await status('new'), 'PENDING');
    const mail = await newestMail(visitor, user('new'));
    assert.deepEqual([mail.kind, mail.subject], ['invitation', `Aktivieren Sie Ihr Konto ${user('new')}`]);
    assert.match(mail.text, /^Guten Tag Kim,\n[\s\S]*einmal, 7 Tage lang/);
    assert.ok(mail.link.startsWith(`${server.url}/auth/password?link=${acme}.`));
    const before = await visitor.signIn(await visitor.open(OWN), user('new'), PASSWORD);
    assert.match(before.problem, /wrong/);
    const page = await visitor.open(mail.link);
    assert.match(page.title, /^Activate your account/);
    assert.doesNotMatch(page.text, /data-rule="used"/, 'there is none yet');
    assert.match((await set(page, 'password')).problem, /cannot be used/);
    assert.match((await set(page, PASSWORD)).title, /^Your password is saved/);
    assert.equal(await status('new'), 'ACTIVE');
    assert.equal((await visitor.open(mail.link)).status, 400);
    assert.deepEqual(await mailsOf(visitor, user('new')), [], 'a first password is no change');
    const other = new Visitor(server);
    assert.match((await other.signIn(await other.open(OWN), user('new'), PASSWORD)).title, /^Change your password/);
    const [[actor]] = await server.sql("SELECT actor FROM audit WHERE action = 'user.password'");
    assert.match(actor, /^user:/);
  });

  test('reset: applying again invites only who has neither a password nor an invitation that works', async () => {
    assert.equal(await changes(), 0);
    const first = (await newestMail(visitor, user('ann'))).link;
    await server.sql(`UPDATE password_link SET expires_at = 1 WHERE employee_id = (SELECT employee_id FROM employee WHERE user_name = '${user('ann')}')`);
    assert.equal((await visitor.open(first)).status, 400);
    const renewed = JSON.parse((await apply()).stdout);
    assert.deepEqual([renewed.changes.length, renewed.secrets.length], [1, 1]);
    assert.equal(await changes(), 0);
    assert.equal((await visitor.open(first)).status, 400);
    const { link } = await newestMail(visitor, user('ann'));
    assert.deepEqual(renewed.secrets[0], { kind: 'employee', name: user('ann'), member: 'invitation', value: link });
    assert.equal((await visitor.open(link)).status, 200);
    assert.equal(await status('ann'), 'PENDING');
    assert.equal(await status('bob'), 'ACTIVE');
    assert.match((await newestMail(visitor, user('bob'))).subject, /有効/);
  });

  test('reset: another address, or a block, voids the link; who is still invited gets one there', async () => {
    await apply([person('moves', { invite: 'en', emailAddress: 'typo@else.example' })]);
    const first = (await newestMail(visitor, 'typo@else.example')).link;
    await apply([person('moves', { invite: 'en', emailAddress: user('moves'), firstName: 'Lea' })]);
    assert.equal((await visitor.open(first)).status, 400);
    assert.deepEqual(await mailsOf(visitor, 'typo@else.example'), []);
    const second = (await newestMail(visitor, user('moves'))).link;
    await apply([person('moves', { firstName: 'Leo' })]);
    assert.equal((await visitor.open(second)).status, 200, 'another name is no other address');
    await apply([person('moves', { status: 'BLOCKED' })]);
    await apply([person('moves', { status: 'PENDING' })]);
    assert.equal((await visitor.open(second)).status, 400);
  });

  test('reset: a plan writes no mail, and what cannot be invited is a mistake that changes nothing', async () => {
    const count = async () => Number((await server.sql('SELECT count(*) FROM mail'))[0][0]);
    const before = await count(), file = path.join(server.folder, 'plan.json');
    await writeFile(file, JSON.stringify(model(server.url, [person('plan', { invite: 'en' })])));
    assert.match((await server.command('plan', file)).stdout, /\+ create\s+employee/);
    for (const [employee, why] of [
      [person('x', { invite: 'tlh' }), /no mail is written in the language 'tlh'/], [person('x', { invite: 'e n' }), /language of the mail/],
      [person('x', { invite: 'en', password: PASSWORD }), /keep one of both/], [person('x', { invite: 'en', status: 'BLOCKED' }), /BLOCKED is not invited/],
      [person('x', { invite: 'en', type: 'api' }), /does not sign in/]]) {
      const done = await apply([person('good', { invite: 'en' }), employee]);
      assert.equal(done.status, 1);
      assert.match(done.stderr, why);
    }
    assert.equal(await count(), before, 'none for a change that was rolled back');
  });

  test('reset: posternd invite prints the link; earlier ones are void', async () => {
    const done = await invite('--json', user('eve'));
    assert.equal(done.status, 2, 'the command comes first');
    const first = JSON.parse((await server.command('invite', user('eve'), '--json', '--language', 'fr')).stdout);
    assert.equal(first.expiresIn, 604800);
    assert.equal((await newestMail(visitor, user('eve'))).link, first.url);
    const second = (await server.command('invite', user('eve'))).stdout.trim();
    assert.equal((await visitor.open(first.url)).status, 400);
    assert.match((await set(await visitor.open(second), PASSWORD)).title, /saved/);
    assert.equal(await status('eve'), 'ACTIVE');
    for (const [name, why] of [['eve', /has a password already\. For another one: posternd reset-password eve@/], ['nobody', /no user named/]]) {
      const refused = await server.command('invite', user(name));
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, why);
    }
    assert.match((await server.command('invite', user('ann'), '--language', 'it')).stderr, /no mail is written in the language 'it'; there are: en, de, es, fr, ja\n/);
  });

  test('posternd invite gives the default authenticator to who has none', async () => {
    const row = `FROM employee_login g JOIN employee e ON e.employee_id = g.employee_id WHERE e.user_name = '${user('bare')}'`;
    assert.deepEqual(await server.sql(`SELECT 1 ${row}`), []);
    const done = await server.command('invite', user('bare'));
    assert.equal(done.status, 0, done.stderr);
    assert.match((await set(await visitor.open(done.stdout.trim()), PASSWORD)).title, /saved/);
    const other = new Visitor(server);
    assert.match((await other.signIn(await other.open(OWN), user('bare'), PASSWORD)).title, /^Change your password/);
    assert.equal(await changes([person('bare')]), 0, 'the declaration says nothing else');
  });

  test('posternd invite refuses with the one reason, and what to do; nothing is written', async () => {
    const count = async () => (await server.sql("SELECT (SELECT count(*) FROM mail), (SELECT count(*) FROM employee_login), (SELECT count(*) FROM audit WHERE action = 'employee.invite')"))[0];
    const before = await count();
    const refused = async (name, why) => {
      const done = await server.command('invite', user(name));
      assert.deepEqual([done.status, done.stdout], [1, ''], name);
      assert.match(done.stderr, why);
    };
    await refused('off', /^posternd: off@acme\.example is BLOCKED\. Whoever .*"status": "ACTIVE"/);
    await refused('gone', /gone@acme\.example is DELETED\./);
    await refused('bot', /is of type api, which does not sign in: it uses access keys/);
    await refused('away', /signs in at another provider, by the login authenticator "Acme ID".*"loginAuthenticator"/);
    await refused('una', /its tenant globex has none to give\. .*"loginAuthenticators": \[\{"name": "Passwords", "kind": "system"\}\]/);
    await server.sql(`UPDATE tenant SET is_enabled = 0 WHERE tenant_id = '${acme}'`);
    await refused('late', /the tenant acme is disabled\. Declare "isEnabled": true/);
    await server.sql(`UPDATE tenant SET is_enabled = 1 WHERE tenant_id = '${acme}'`);
    for (const name of ['Acme ID', 'Passwords']) {
      await server.sql(`UPDATE login_authenticator SET is_default = 0 WHERE tenant_id = '${acme}'`);
      await server.sql(`UPDATE login_authenticator SET is_default = 1 WHERE tenant_id = '${acme}' AND name = '${name}'`);
      if (name === 'Acme ID') await refused('late', /signs in at another provider/);
    }
    assert.deepEqual(await count(), before);
  });

  test('dead-means-dead: who is blocked meanwhile is not activated by the link', async () => {
    const link = (await newestMail(visitor, user('bob'))).link, page = await visitor.open(link);
    await server.sql(`UPDATE employee SET status = 'BLOCKED' WHERE user_name = '${user('bob')}'`);
    assert.equal((await set(page, PASSWORD)).status, 400);
    assert.equal(await status('bob'), 'BLOCKED');
  });
});
