// SPDX-License-Identifier: Apache-2.0
// Passwords that are forgotten, expired or changed (SECURITY reset, password): by mail, in a sign-in, by who is signed in.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mailsOf, newestMail } from './lib/mailbox.mjs';
import { Visitor } from './lib/pages.mjs';
import { acme, declare, tenant, visits } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const PASSWORD = 'Brass-lantern 7 & quiet';
const OWN = '/auth/account/password';
const names = ['kim', 'lee', 'ann', 'bob', 'eve', 'gil', 'joe', 'max', 'ray', 'sue', 'tom', 'una'];
const model = declare(tenant('acme', {
  loginAuthenticators: [{ name: 'Passwords', kind: 'system', policy: { upper: true, digit: true, history: 2, maxAgeDays: 90 } }],
  employees: [...names.map((name) => ({ userName: `${name}@acme.example`, firstName: 'Kim', lastName: 'Ottersby', role: 'Agent', password: PASSWORD })),
    { userName: 'off@acme.example', firstName: 'Off', lastName: 'Ottersby', role: 'Agent', password: PASSWORD, status: 'BLOCKED' },
    { userName: 'bare@acme.example', firstName: 'Bare', lastName: 'Ottersby', role: 'Agent' }],
}));

describe('passwords', () => {
  let server, visitor, made = 0;
  visits({ model, password: PASSWORD, env: { POSTERN_MAILBOX: '1' }, args: ['--limit-mails', '600'] }, (now) => { ({ server, visitor } = now); });
  const user = (name) => `${name}@acme.example`;
  const fresh = () => { const p = `Copper kettle ${++made}x7`; server.secrets.add(p); return p; };
  const id = (name) => `(SELECT employee_id FROM employee WHERE user_name = '${user(name)}')`;
  const alter = (name, what) => server.sql(`UPDATE employee_login SET ${what} WHERE employee_id = ${id(name)}`);
  const start = (by = visitor) => by.open(OWN);
  const forgotten = async (name, by = visitor) => {
    const page = await by.send(await start(by), {}, 'forgotten');
    assert.match(page.title, /^Forgot your password/);
    return by.send(page, { username: user(name) });
  };
  const linkFor = async (name, by = visitor) => {
    await forgotten(name, by);
    return (await newestMail(by, user(name))).link;
  };
  const set = (page, password, again = password, by = visitor) => by.send(page, { new_password: password, new_password_again: again }, 'save');
  const signsIn = async (name, password) => {
    const by = new Visitor(server);
    const done = await by.signIn(await start(by), user(name), password);
    return done.title.startsWith('Change your password');
  };

  test('reset: by the link of a mail, once; what was signed in before is signed out, a lock is gone', async () => {
    const before = new Visitor(server), password = fresh();
    await before.signIn(await start(before), user('kim'), PASSWORD);
    await alter('kim', `failures = 6, locked_until = ${Math.floor(Date.now() / 1000) + 1000}`);
    const sent = await forgotten('kim');
    assert.match(sent.title, /^Look at your mail/);
    const mail = await newestMail(visitor, user('kim'));
    assert.equal(mail.subject, 'A new password for kim@acme.example');
    assert.match(mail.text, /once, for 30 minutes/);
    // Mail scanners follow links: that uses nothing up.
    for (let i = 0; i < 3; i++) assert.match((await new Visitor(server).open(mail.link)).title, /^Set a new password/);
    const page = await visitor.open(mail.link);
    assert.equal(page.form.fields.username, user('kim'));
    assert.equal(page.form.inputs.find((i) => i.name === 'new_password').autocomplete, 'new-password');
    const posted = await visitor.submit(page, { new_password: password, new_password_again: password });
    assert.equal(posted.status, 303);
    assert.equal(visitor.cookies.has('postern-session'), false, 'a link signs nobody in');
    assert.match((await visitor.follow(posted)).title, /^Your password is saved/);
    assert.match((await before.open(OWN)).title, /^Sign in/);
    assert.equal(await signsIn('kim', password), true);
    assert.equal(await signsIn('kim', PASSWORD), false);
    // The mail is gone with its link; a note of the change is there.
    const kinds = (await mailsOf(visitor, user('kim'))).map((m) => m.kind);
    assert.deepEqual(kinds, ['changed']);
    const again = await visitor.open(mail.link);
    assert.deepEqual([again.status, again.title.slice(0, 36)], [400, 'This link does not work any more · P']);
    const late = await visitor.submit(page, { new_password: fresh(), new_password_again: 'x' });
    assert.equal(late.status, 400);
  });

  test('reset: hosts that a request names are in no link', async () => {
    const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example;proto=https' };
    const poisoner = new Visitor(server, evil);
    const page = await poisoner.send(await start(poisoner), {}, 'forgotten');
    await poisoner.send(page, { username: user('lee') });
    const mail = await newestMail(visitor, user('lee'));
    assert.ok(mail.link.startsWith(`${server.url}/auth/password?link=`), mail.link);
    assert.doesNotMatch(mail.text + mail.subject, /evil/);
  });

  test('reset: the mailbox is for who asks this machine by its own name', async () => {
    for (const headers of [{ host: 'evil.example' }, { host: 'localhost.evil.example' }, { host: '127.0.0.1.evil.example:80' }]) {
      assert.equal((await server.request('GET', '/auth/mailbox', { headers })).status, 404);
    }
    assert.equal((await server.request('GET', '/auth/mailbox')).status, 200);
    assert.equal((await server.request('GET', '/auth/mailbox', { headers: { host: 'localhost' } })).status, 200);
    for (const path of ['x/y', `${acme}/x`, `${acme}/00000000-0000-7000-8000-000000000000`]) {
      assert.equal((await server.request('GET', `/auth/mailbox/${path}`)).status, 404);
    }
  });

  test('reset: links that are void: a newer one, another password, too late, made up', async () => {
    const first = await linkFor('ann'), second = await linkFor('ann');
    assert.notEqual(first, second);
    assert.equal((await visitor.open(first)).status, 400);
    const page = await visitor.open(second);
    assert.equal(page.status, 200);
    await server.sql(`UPDATE password_link SET expires_at = ${Math.floor(Date.now() / 1000)} WHERE employee_id = ${id('ann')}`);
    assert.equal((await visitor.open(second)).status, 400);
    assert.equal((await set(page, fresh())).status, 400);
    const third = await linkFor('ann'), open = await visitor.open(third);
    await alter('ann', 'password_changed_at = password_changed_at + 1');
    assert.equal((await visitor.open(third)).status, 400);
    assert.equal((await set(open, fresh())).status, 400);
    assert.equal(await signsIn('ann', PASSWORD), true);
    const bob = await linkFor('bob');
    await alter('bob', 'must_change = 0');
    await server.sql(`UPDATE employee SET status = 'BLOCKED' WHERE employee_id = ${id('bob')}`);
    assert.equal((await visitor.open(bob)).status, 400);
    const [tenant, secret] = new URL(bob).searchParams.get('link').split('.');
    for (const made of ['', 'x', `${tenant}.${'A'.repeat(43)}`, `11ee9999-2222-4222-8222-222222222222.${secret}`, `${tenant}.${secret}x`, `${tenant}.${secret} `, '%']) {
      assert.equal((await visitor.open(`/auth/password?link=${encodeURIComponent(made)}`)).status, 400, made);
    }
    assert.equal((await visitor.open('/auth/password')).status, 400);
    assert.equal((await visitor.get('/auth/password?link=%00')).status, 400);
  });

  test('reset: one link posted eight times at once sets one password', async () => {
    const page = await visitor.open(await linkFor('eve')), passwords = Array.from({ length: 8 }, fresh);
    const answers = await Promise.all(passwords.map((p) => new Visitor(server).submit(page, { new_password: p, new_password_again: p })));
    const done = answers.filter((a) => a.location === `/auth/password/done?tenantId=${acme}`);
    assert.equal(done.length, 1, answers.map((a) => a.location ?? a.status).join());
    const works = passwords[answers.indexOf(done[0])];
    assert.equal(await signsIn('eve', works), true);
  });

  test('reset: five mails in an hour for one person, whoever asks', async () => {
    for (let i = 0; i < 7; i++) assert.match((await forgotten('gil', new Visitor(server))).title, /^Look at your mail/);
    const [[mails]] = await server.sql(`SELECT mails FROM employee_login WHERE employee_id = ${id('gil')}`);
    assert.equal(mails, '5');
    const link = (await newestMail(visitor, user('gil'))).link;
    await Promise.all(Array.from({ length: 8 }, () => forgotten('gil', new Visitor(server))));
    assert.equal((await newestMail(visitor, user('gil'))).link, link);
    await alter('gil', 'mails_since = mails_since - 3601');
    assert.notEqual(await linkFor('gil'), link);
  });

  test('enumeration: who forgot a password gets the same answer, bytes and status, as who is nobody', async () => {
    const seen = [];
    for (const name of ['joe', 'nobody', 'off', 'bare']) {
      const by = new Visitor(server);
      const asked = await by.send(await start(by), {}, 'forgotten');
      const posted = await by.submit(asked, { username: user(name) });
      const page = await by.follow(posted);
      const same = (text) => text.replaceAll(user(name), 'USER').replace(/value="[\w-]{43}"/g, '').replace(/flow=[\w-]+/g, '');
      seen.push([same(asked.text), posted.status, Object.keys(posted.headers).sort(), page.status, same(page.text)]);
      assert.equal((await mailsOf(by, user(name))).length, name === 'joe' ? 1 : 0, name);
    }
    for (const other of seen.slice(1)) assert.deepEqual(other, seen[0]);
    const bad = await visitor.send(await visitor.send(await start(), {}, 'forgotten'), { username: 'no address' });
    assert.match(bad.problem, /looks like an e-mail address/);
  });

  test('enumeration: a mail to nobody costs what one to somebody costs', async () => {
    await server.sql('UPDATE employee_login SET mails = 0');
    const costs = [];
    for (const name of [names[0], 'nobody']) {
      costs.push(await server.costOf(async () => {
        const by = new Visitor(server), asked = await by.send(await start(by), {}, 'forgotten');
        return () => by.submit(asked, { username: user(name) });
      }));
    }
    assert.deepEqual(costs, [[0, 0, 1, 0], [0, 0, 1, 0]], 'one write');
  });

  test('reset: mails are limited by address, too', async () => {
    const strict = await Server.start({ model, env: { POSTERN_MAILBOX: '1' }, args: ['--limit-mails', '1'] });
    try {
      let last;
      for (let i = 0; i < 12 && last?.status !== 429; i++) {
        const by = new Visitor(strict);
        last = await by.submit(await by.send(await by.open(OWN), {}, 'forgotten'), { username: `u${i}@acme.example` });
      }
      assert.equal(last.status, 429);
      assert.ok(Number(last.headers['retry-after']) > 0);
    } finally {
      await strict.stop();
    }
  });

  test('password: the rules are listed, and what a password lacks is named', async () => {
    const link = await linkFor('max'), page = await visitor.open(link);
    const rules = (text) => [...text.matchAll(/<li data-rule="(\w+)"([^>]*)>/g)].map(([, rule, more]) => rule + (more.includes('broken') ? '!' : ''));
    assert.deepEqual(rules(page.text), ['length', 'upper', 'digit', 'common', 'name', 'used']);
    assert.match(page.headers['content-security-policy'], /default-src 'none';.*script-src 'self'$/);
    const script = await visitor.get(page.text.match(/<script defer src="(\/auth\/assets\/password-[\w-]+\.js)"><\/script>/)[1]);
    assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8');
    const cases = [
      ['short', 'Ab 1', ['length']], ['plain', 'gqzvkwpx yonder', ['upper', 'digit']], ['a common one', 'Password123', ['common']],
      ['one of the ten thousand', 'Sobriety1', ['common']], ['one’s own name', 'Xx Ottersby 77', ['name']], ['today’s', PASSWORD, ['used']],
      ['129 characters', `A1${'kz'.repeat(63)}q`, ['length']], ['a control character', 'Copper\u0001kettle 7', ['text']],
    ];
    for (const [what, password, broken] of cases) {
      const answer = await set(await visitor.open(link), password);
      assert.match(answer.problem, /cannot be used/, what);
      assert.deepEqual(rules(answer.text).filter((r) => r.endsWith('!')).map((r) => r.slice(0, -1)), broken, what);
      assert.ok(!answer.text.includes(password.slice(0, 12)), 'no password comes back');
    }
    assert.match((await set(await visitor.open(link), fresh(), 'other')).problem, /same way twice/);
    assert.match((await set(await visitor.open(link), '')).problem, /Enter the new password/);
    // 73 bytes and more count to the last one (bcrypt would cut them), and 128 characters are good.
    const long = `Q7${'wv'.repeat(63)}`;
    server.secrets.add(long);
    assert.match((await set(await visitor.open(link), long)).title, /saved/);
    assert.equal(await signsIn('max', `${long.slice(0, 127)}x`), false);
    assert.equal(await signsIn('max', long), true);
    // history: 2: neither today's nor the two before.
    const other = await linkFor('max');
    assert.match((await set(await visitor.open(other), PASSWORD)).problem, /cannot be used/);
    for (let i = 0; i < 2; i++) await set(await visitor.open(await linkFor('max')), fresh());
    assert.match((await set(await visitor.open(await linkFor('max')), PASSWORD)).title, /saved/);
    // NUL ends nothing.
    await alter('max', 'mails = 0');
    const token = new URL(await linkFor('max')).searchParams.get('link');
    await visitor.post('/auth/password', `link=${token}&new_password=Copper%00kettle7&new_password_again=Copper%00kettle7`);
    assert.equal(await signsIn('max', 'Copper'), false);
    assert.equal(await signsIn('max', 'Copper%00kettle8'), false);
  });

  test('password: one that is too old, or must be changed, is replaced in the sign-in', async () => {
    const password = fresh();
    await alter('ray', 'password_changed_at = password_changed_at - 91 * 86400');
    const page = await visitor.signIn(await start(), user('ray'), PASSWORD);
    assert.match(page.title, /^Your password must be replaced/);
    assert.equal(visitor.cookies.has('postern-session'), false);
    assert.match((await visitor.open(OWN)).title, /^Sign in/, 'nobody is signed in yet');
    const same = await set(page, PASSWORD);
    assert.match(same.problem, /cannot be used/);
    const missing = await set(same, '');
    assert.match(missing.problem, /Enter the new/);
    const done = await set(missing, password);
    assert.match(done.title, /^Change your password/, 'where the sign-in was to end');
    assert.equal(await signsIn('ray', password), true);
    // steps: an earlier page is over, and another browser has no part in it.
    assert.ok([400, 409].includes((await visitor.submit(same, { new_password: fresh(), new_password_again: 'x' })).status));
    await alter('sue', 'must_change = 1');
    visitor = new Visitor(server);
    const sue = await visitor.signIn(await start(), user('sue'), PASSWORD);
    assert.match(sue.title, /^Your password must be replaced/);
    assert.equal((await new Visitor(server).submit(sue, { new_password: password, new_password_again: password })).status, 400);
    const late = fresh(), replaceAt = async (page) => visitor.send(page, { new_password: late, new_password_again: late });
    await alter('sue', 'must_change = 0');
    const anew = await replaceAt(sue);
    assert.match(anew.problem, /was changed meanwhile/, 'replaced meanwhile, by a mail');
    await alter('sue', 'must_change = 1');
    const other = await visitor.signIn(anew, user('sue'), PASSWORD);
    assert.match(other.title, /^Your password must be replaced/);
    await alter('sue', 'epoch = epoch + 1');
    assert.match((await replaceAt(other)).problem, /was changed meanwhile/, 'replaced meanwhile, by an operator');
    // Who cannot sign in that way has the mail.
    await alter('tom', 'password_changed_at = password_changed_at - 91 * 86400');
    assert.match((await set(await visitor.open(await linkFor('tom')), late)).title, /saved/);
    assert.equal(await signsIn('tom', late), true);
  });

  test('password: who is signed in changes it; wrong ones count, other browsers end', async () => {
    const other = new Visitor(server), password = fresh();
    await other.signIn(await start(other), user('una'), PASSWORD);
    const page = await visitor.signIn(await start(), user('una'), PASSWORD);
    const change = (now, next) => visitor.submit(page, { password: now, new_password: next, new_password_again: next });
    const wrong = await visitor.follow(await change('Wrong-lantern 7', password));
    assert.match(wrong.problem, /present password is wrong/);
    const [[failures]] = await server.sql(`SELECT failures FROM employee_login WHERE employee_id = ${id('una')}`);
    assert.equal(failures, '1');
    assert.match((await visitor.follow(await change('', password))).problem, /present password is wrong/);
    assert.match((await visitor.follow(await change(PASSWORD, PASSWORD))).problem, /cannot be used/);
    const forged = await visitor.post(OWN, { password: PASSWORD, new_password: password, new_password_again: password });
    assert.equal(forged.status, 403);
    const before = visitor.cookies.get('postern-session');
    const done = await visitor.follow(await change(PASSWORD, password));
    assert.match(done.text, /this one stays signed in/);
    assert.notEqual(visitor.cookies.get('postern-session'), before);
    assert.match((await visitor.open(OWN)).title, /^Change your password/);
    assert.match((await other.open(OWN)).title, /^Sign in/);
    assert.equal(await signsIn('una', password), true);
    const again = await visitor.open(OWN);
    for (let i = 0; i < 6; i++) await visitor.submit(again, { password: 'Wrong-lantern 7', new_password: 'Copper kettle 9y9', new_password_again: 'Copper kettle 9y9' });
    const locked = await visitor.send(again, { password, new_password: 'Copper kettle 9y9', new_password_again: 'Copper kettle 9y9' });
    assert.match(locked.problem, /locked/);
    // lockout: no other answer tells that the present password was right, and after as many wrong ones again none does.
    const asNew = () => visitor.send(again, { password, new_password: password, new_password_again: password });
    assert.match((await asNew()).problem, /locked/);
    for (let i = 0; i < 6; i++) await visitor.submit(again, { password: 'Wrong-lantern 7', new_password: 'Copper kettle 9y9', new_password_again: 'Copper kettle 9y9' });
    assert.match((await asNew()).problem, /present password is wrong/);
    await alter('una', 'locked_until = 1');
    assert.match((await asNew()).problem, /cannot be used/);
  });
});

test('reset: a mailbox is refused where an issuer is public, and there is none unless it is turned on', async () => {
  const server = await Server.start({ model });
  try {
    assert.equal((await server.request('GET', '/auth/mailbox')).status, 404);
    await server.terminate();
    await server.sql("UPDATE environment SET issuer = 'https://id.example.com'");
    const refused = await server.command('--listen', '127.0.0.1:0', '--ops-listen', 'off', '--mailbox', 'serve');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /mailbox is on, and environment local has the issuer https:\/\/id\.example\.com/);
  } finally {
    await server.stop();
  }
});
