// SPDX-License-Identifier: Apache-2.0
// Ways through the pages in a real browser: by keys alone, by a form that sends itself, back and again.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Chromium } from './lib/chromium.mjs';
import { PASSWORD, Person, World } from './lib/world.mjs';

const KIM = 'kim@acme.example';

describe('ways', () => {
  let chromium, world;
  before(async () => { [chromium, world] = await Promise.all([Chromium.start(), World.start()]); });
  after(async () => {
    await chromium?.stop();
    await world?.stop();
  });
  const visit = async (scripts = true) => {
    const page = await chromium.page({ scripts });
    return new Person(world, page);
  };
  const focus = (page) => page.evaluate(() => document.activeElement.id);
  const enter = async (page) => {
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('Enter')]);
  };

  test('by Tab and Enter alone: a wrong name, a wrong password, the right one, consent', async () => {
    const kim = await visit(), { page } = kim;
    await kim.ask({ prompt: 'consent' });
    assert.equal(await focus(page), 'username', 'one can type at once');
    await page.keyboard.type('kim');
    await enter(page);
    assert.equal(await focus(page), 'username');
    assert.equal(await page.getAttribute('#username', 'aria-invalid'), 'true');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(KIM);
    await page.keyboard.press('Tab');
    assert.equal(await focus(page), 'next');
    await enter(page);
    assert.equal(await focus(page), 'password');
    await page.keyboard.type('Wrong-lantern 7');
    await enter(page);
    assert.match(await page.textContent('#problem'), /wrong/);
    assert.equal(await focus(page), 'password');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Tab');
    assert.equal(await focus(page), 'login');
    await enter(page);
    assert.match(await page.title(), /^Allow access/);
    for (let i = 0; i < 20 && await focus(page) !== 'allow'; i++) await page.keyboard.press('Tab');
    await enter(page);
    assert.match(page.url(), /\/callback\?code=/);
    await chromium.done(page);
  });

  for (const scripts of [true, false]) {
    test(`form_post reaches the application ${scripts ? 'by itself' : 'by its button, without scripts'}`, async () => {
      const kim = await visit(scripts), { page } = kim;
      const before = world.application.asked.length;
      await kim.ask({ response_mode: 'form_post', state: 'a "state" & <more>' });
      await kim.name(KIM);
      await kim.password();
      if (!scripts) await kim.press('continue');
      await page.waitForURL(/\/callback/);
      const [posted] = world.application.asked.slice(before).filter((r) => r.path === '/callback');
      assert.equal(posted.method, 'POST');
      const fields = new URLSearchParams(posted.body);
      assert.equal(fields.get('state'), 'a "state" & <more>');
      assert.equal(fields.get('iss'), world.url);
      assert.ok(fields.get('code'));
      await chromium.done(page);
    });
  }

  test('back from the application, and the same form again: a page that says so, no second code', async () => {
    const kim = await visit(), { page } = kim;
    await kim.signIn(KIM);
    const arrived = () => world.application.asked.filter((r) => /^\/callback\?.*code=/.test(r.path)).length, before = arrived();
    await page.goBack();
    if (await page.$('#password')) await kim.password();
    assert.match(await page.title(), /^This sign-in is over/);
    assert.equal(arrived(), before);
    await chromium.done(page);
  });

  test('a password manager sees the name beside the password, and the password only as one', async () => {
    const kim = await visit(), { page } = kim;
    await kim.ask();
    await kim.name(KIM);
    const fields = await page.$$eval('form input:not([type=hidden])', (all) => all.map((f) => [f.name, f.type, f.autocomplete, f.readOnly]));
    assert.deepEqual(fields, [['username', 'text', 'username', true], ['password', 'password', 'current-password', false]]);
    assert.ok(!page.url().includes(encodeURIComponent(KIM)) && !page.url().includes(KIM), 'the name is in no address');
    await chromium.done(page);
  });

  test('cookies are for this server and its pages alone', async () => {
    const kim = await visit(), { page } = kim;
    await kim.signIn(KIM);
    const cookies = (await page.context().cookies()).filter((cookie) => /^postern-/.test(cookie.name));
    assert.ok(cookies.length > 0);
    for (const cookie of cookies) assert.deepEqual([cookie.domain, cookie.httpOnly, cookie.sameSite, cookie.expires], ['127.0.0.1', true, 'Lax', -1], cookie.name);
    await chromium.done(page);
  });
});
