// SPDX-License-Identifier: Apache-2.0
// posternd reset-password (SECURITY reset): the operator's link for who forgot the password, where nothing shows mails.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mailsOf, newestMail } from './lib/mailbox.mjs';
import { Visitor } from './lib/pages.mjs';
import { declare, PASSWORD, person, tenant, visits } from './lib/people.mjs';

const OWN = '/auth/account/password', NEW = 'Copper kettle 17x7';
const user = (name) => `${name}@acme.example`;
const model = declare(tenant('acme', { employees: [person(user('wim')), person(user('off'), { status: 'BLOCKED' }), person(user('waits'), { status: 'PENDING' }),
  person(user('bare'), { password: undefined })] }));

describe('posternd reset-password', () => {
  let server, visitor;
  visits({ model, env: { POSTERN_MAILBOX: '1' } }, (now) => { ({ server, visitor } = now); });
  const reset = (name, ...flags) => server.command('reset-password', user(name), ...flags);
  const signsIn = async (name, password) => {
    const by = new Visitor(server);
    return (await by.signIn(await by.open(OWN), user(name), password)).title.startsWith('Change your password');
  };

  test('reset: posternd reset-password prints the link, once: a lock is gone, earlier links are void', async () => {
    server.secrets.add(NEW);
    await visitor.send(await visitor.send(await visitor.open(OWN), {}, 'forgotten'), { username: user('wim') });
    const mailed = (await newestMail(visitor, user('wim'))).link;
    const id = `(SELECT employee_id FROM employee WHERE user_name = '${user('wim')}')`;
    await server.sql(`UPDATE employee_login SET failures = 6, locked_until = ${Math.floor(Date.now() / 1000) + 1000} WHERE employee_id = ${id}`);
    const first = await reset('wim', '--json'), { url, expiresIn } = JSON.parse(first.stdout);
    assert.deepEqual([first.status, expiresIn, new URL(url).pathname], [0, 1800, '/auth/password']);
    assert.equal((await visitor.open(mailed)).status, 400);
    assert.deepEqual(await mailsOf(visitor, user('wim')), [], 'the mail goes with its link, and another is not written');
    const { stdout, stderr } = await reset('wim'), link = stdout.trim();
    assert.match(stderr, /once, for 30 minutes/);
    assert.equal((await visitor.open(url)).status, 400, 'a newer one is there');
    assert.equal(await signsIn('wim', PASSWORD), false, 'locked still');
    const page = await visitor.open(link);
    assert.match((await visitor.send(page, { new_password: NEW, new_password_again: NEW }, 'save')).title, /^Your password is saved/);
    assert.equal((await visitor.open(link)).status, 400, 'once');
    assert.equal(await signsIn('wim', NEW), true);
    const rows = await server.sql(`SELECT actor, remote FROM audit WHERE action = 'employee.reset_password' AND object = ${id}`);
    assert.deepEqual(rows.map(([actor, remote]) => [actor.split(':')[0], remote]), [['operator', 'local'], ['operator', 'local']]);
  });

  test('reset: posternd reset-password is refused for who has no password to forget, each for its reason', async () => {
    const links = async () => (await server.sql('SELECT count(*) FROM password_link'))[0][0], before = await links();
    for (const [name, why] of [['bare', /has no password yet\. For the first one: posternd invite bare@acme\.example/], ['off', /is BLOCKED/],
      ['waits', /is PENDING\. Declare "status": "ACTIVE" first/], ['nobody', /no user named/]]) {
      const done = await reset(name);
      assert.deepEqual([done.status, done.stdout], [1, ''], name);
      assert.match(done.stderr, why);
    }
    assert.equal(await links(), before);
  });
});
