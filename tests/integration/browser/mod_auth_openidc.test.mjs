// SPDX-License-Identifier: Apache-2.0
// Debian's mod_auth_openidc protects pages with Postern as provider; a person in a real browser goes there.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Apache } from './lib/apache.mjs';
import { Chromium } from './lib/chromium.mjs';
import { acme, Person, World } from './lib/world.mjs';

const KIM = 'kim@acme.example';

describe('mod_auth_openidc', () => {
  let apache, chromium, world;
  before(async () => {
    apache = await Apache.prepare();
    [chromium, world] = await Promise.all([Chromium.start(), World.start({ applications: [
      { name: 'Web Server', type: 'confidential', authMethod: 'client_secret_basic', redirects: [apache.redirect], logouts: [`${apache.url}/`] },
    ] })]);
    const secret = world.server.generatedSecret('application', 'secret', 'Web Server');
    await apache.start({ issuer: world.url, secret, clientId: world.server.generatedSecret('application', 'clientId', 'Web Server'), scope: 'openid' });
  });
  after(async () => {
    await chromium?.stop();
    await world?.stop();
    await apache?.stop();
  });

  const at = (page) => page.url().replace(apache.url, '');
  const text = (page, id) => page.textContent(`#${id}`);

  test('sign in, see the page with one\'s claims, the next page without being asked, sign out of both', async () => {
    const page = await chromium.page({ size: 'desktop' });
    const kim = new Person(world, page);
    await kim.open(`${apache.url}/accounts/`);
    assert.match(await page.textContent('main'), /Web Server/);
    await kim.name(KIM);
    await kim.password();
    assert.equal(at(page), '/accounts/');
    assert.equal(await page.title(), 'Protected: accounts');
    assert.equal(await text(page, 'user'), KIM);
    assert.equal(await text(page, 'name'), KIM);
    assert.equal(await text(page, 'given_name'), 'Kim');
    assert.equal(await text(page, 'email'), KIM, 'of userinfo');
    assert.equal(await text(page, 'tenantId'), acme);
    assert.match(await text(page, 'sub'), /^user:/);
    const session = (await page.context().cookies()).find((cookie) => cookie.name === 'mod_auth_openidc_session').value;

    await kim.open(`${apache.url}/reports/`);
    assert.equal(await page.title(), 'Protected: reports');
    // Without the module's own session: Postern's is enough, and nobody is asked.
    await page.context().clearCookies({ name: 'mod_auth_openidc_session' });
    await kim.open(`${apache.url}/reports/`);
    assert.equal(await page.title(), 'Protected: reports');
    assert.notEqual((await page.context().cookies()).find((cookie) => cookie.name === 'mod_auth_openidc_session').value, session);
    // What the claims forbid stays forbidden.
    await kim.open(`${apache.url}/others/`);
    assert.equal(kim.answer.status(), 401);

    // The module sends id_token_hint: no question, and back to its page.
    await kim.open(`${apache.redirect}?${new URLSearchParams({ logout: `${apache.url}/` })}`);
    assert.equal(at(page), '/');
    assert.equal(await page.title(), 'Public');
    await kim.open(`${apache.url}/accounts/`);
    assert.match(await page.title(), /^Sign in/, 'signed in still');
    await chromium.done(page);
  });

  test('one who does not sign in sees nothing', async () => {
    const page = await chromium.page({ size: 'desktop' });
    const somebody = new Person(world, page);
    await somebody.open(`${apache.url}/accounts/`);
    await somebody.name(KIM);
    await somebody.password('Wrong-lantern 7');
    assert.match(await page.textContent('#problem'), /wrong/);
    await somebody.open(`${apache.redirect}?code=guessed&state=guessed`);
    assert.ok(somebody.answer.status() >= 400 || !/Protected/.test(await page.title()));
    await somebody.open(`${apache.url}/accounts/`);
    assert.match(await page.title(), /^Sign in/);
    await chromium.done(page);
  });
});
