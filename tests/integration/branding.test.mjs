// SPDX-License-Identifier: Apache-2.0
// What a tenant's pages look like: whose branding is on which page, and that nothing in it does more than be seen.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generators } from 'openid-client';
import { Visitor } from './lib/pages.mjs';
import { acme, application, bureau, CALLBACK, declare, globex, PASSWORD, person, tenant, visits } from './lib/people.mjs';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const HOSTILE = '"><script>alert(1)</script>', SHOWN = /&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;/;

const branded = (name, branding, ...applications) => tenant(name, { ...(branding && { branding }), applications, employees: [person(`kim@${name}.example`)] });
const model = declare(
  branded('acme', { name: 'Acme & Søn', logo: PNG, banner: `data:image/png;base64,${PNG}`, accent: '#a01040',
    texts: { en: { welcome: 'Welcome to Acme', support: 'Help desk: 555-0100', help: 'https://help.acme.example/sign-in' }, de: { welcome: 'Willkommen bei Acme' } } },
  application('spa')),
  branded('globex', { name: HOSTILE, texts: { fr: { welcome: HOSTILE, support: HOSTILE } } }, application('foreign')),
  branded('bureau', undefined, application('everybody', { vendor: 'Anyone', tenancy: 'all', allowedTenants: ['acme', 'globex'] })),
);

describe('branding', () => {
  let server, issuer, visitor;
  visits({ model }, (now) => { ({ server, issuer, visitor } = now); });
  const address = (name, more = {}) => new issuer.Client({ client_id: server.generatedSecret('application', 'clientId', name), redirect_uris: [CALLBACK],
    response_types: ['code'], token_endpoint_auth_method: 'none' }).authorizationUrl({ redirect_uri: CALLBACK, scope: 'openid', state: 's',
    code_challenge: generators.codeChallenge(generators.codeVerifier()), code_challenge_method: 'S256', ...more });

  test('the application of a tenant has its name, images, colours and texts, on each page', async () => {
    const page = await visitor.open(address('spa'));
    assert.match(page.title, /^Sign in · Acme &amp; Søn$/);
    assert.match(page.text, /<img class="logo" src="\/auth\/brand\/[\w-]{43}" alt="Acme &amp; Søn" width="1" height="1">/);
    assert.match(page.text, /<img class="banner" src="\/auth\/brand\/[\w-]{43}" alt="" /);
    assert.match(page.text, /<p class="welcome" dir="auto">Welcome to Acme<\/p>/);
    assert.match(page.text, /Help desk: 555-0100 <a id="help" rel="noreferrer" lang="en" href="https:\/\/help\.acme\.example\/sign-in">Help<\/a>/);
    const next = await visitor.send(page, { username: 'kim@acme.example' });
    assert.match(next.title, /Acme/);
    const german = await visitor.open(address('spa', { ui_locales: 'de' }));
    assert.match(german.text, /<p class="welcome" dir="auto">Willkommen bei Acme<\/p>/);
    const japanese = await visitor.open(address('spa', { ui_locales: 'ja' }));
    assert.match(japanese.text, /<p class="welcome" lang="en" dir="auto">Welcome to Acme<\/p>/);
  });

  test('static: images and colours come from here, for ever, as what they are', async () => {
    const page = await visitor.open(address('spa'));
    const logo = await visitor.get(page.text.match(/class="logo" src="([^"]+)"/)[1]);
    assert.equal(logo.status, 200);
    assert.equal(logo.headers['content-type'], 'image/png');
    const style = await visitor.get(page.text.match(/href="(\/auth\/brand\/accent-[^"]+)"/)[1]);
    assert.match(style.headers['content-type'], /^text\/css/);
    assert.match(style.text, /--accent: #a01040/);
    for (const answer of [logo, style]) {
      assert.match(answer.headers['cache-control'], /immutable/);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      assert.equal(answer.headers['content-security-policy'], "default-src 'none'");
    }
    assert.match(page.headers['content-security-policy'], /img-src 'self'/);
    for (const name of ['x', 'accent-a01040-f0a0c0-x.css', '..%2fassets', '%27%20OR%201=1']) {
      assert.ok([400, 404].includes((await visitor.get(`/auth/brand/${name}`)).status), name);
    }
  });

  test('tenantId comes first, then the application, and a tenant without branding has none', async () => {
    assert.match((await visitor.open(address('everybody', { tenantId: acme }))).title, /Acme/);
    assert.match((await visitor.open(address('spa', { tenantId: globex }))).text, SHOWN);
    assert.match((await visitor.open(address('everybody'))).title, /· Postern$/);
    for (const tenantId of [bureau, '11ee9999-4444-4444-8444-444444444444']) {
      assert.match((await visitor.open(address('everybody', { tenantId }))).title, /· Postern$/, tenantId);
    }
  });

  test('enumeration: a user name does not tell its tenant, before the password nor after a wrong one', async () => {
    const pages = [];
    for (const user of ['kim@acme.example', 'nobody@nowhere.example']) {
      const by = new Visitor(server);
      const first = await by.open(address('everybody', { login_hint: user }));
      const second = await by.send(first, { username: user });
      const third = await by.send(second, { password: 'Wrong-lantern 8' });
      pages.push([first, second, third].map(({ text }) => text.replaceAll(user, 'USER').replace(/value="[^"]*"/g, '')));
    }
    assert.deepEqual(pages[0], pages[1]);
    assert.doesNotMatch(pages[0].join(''), /Acme|auth\/brand/);
  });

  test('once it is proven who one is, it is that one\'s tenant', async () => {
    const consent = await visitor.signIn(await visitor.open(address('everybody', { prompt: 'consent' })), 'kim@acme.example', PASSWORD);
    assert.match(consent.title, /^Allow access\? · Acme/);
    assert.doesNotMatch(consent.text, /Welcome to Acme/);
  });

  test('a link in a mail leads to pages of its tenant, to the end', async () => {
    const { stdout } = await server.command('reset-password', 'kim@acme.example');
    const page = await visitor.open(stdout.trim());
    assert.match(page.title, /Acme/);
    const password = 'Wooden-ladder 5 & green';
    server.secrets.add(password);
    const done = await visitor.send(page, { new_password: password, new_password_again: password }, 'save');
    assert.match(done.title, /^Your password is saved · Acme/);
    assert.doesNotMatch((await visitor.open('/auth/password/done?tenantId=%22%3E%3Cscript%3E')).text, /<script>/);
  });

  test('xss: hostile branding is text on every page', async () => {
    const first = await visitor.open(address('foreign', { ui_locales: 'fr' }));
    const second = await visitor.send(first, { username: 'kim@globex.example' });
    const wrong = await visitor.send(second, { password: 'x' });
    await visitor.send(wrong, { password: PASSWORD });
    const account = await visitor.open('/auth/account');
    const logout = await visitor.open('/auth/authorize/logout');
    for (const page of [first, second, wrong, account, logout]) {
      assert.equal(page.status, 200);
      assert.match(page.text, SHOWN);
      assert.doesNotMatch(page.text, /<script/);
    }
  });

  test('a declaration whose colour cannot be read is refused, with the ratio', async () => {
    const declaration = model(server.url);
    declaration.environments[0].tenants[0].branding.accent = '#ffcc00';
    await assert.rejects(server.applyModel(declaration), (error) => {
      assert.match(`${error.message} ${error.stderr ?? ''}`, /accent.*1\.51:1.*4\.5:1/);
      return true;
    });
  });
});
