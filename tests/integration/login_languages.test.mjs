// SPDX-License-Identifier: Apache-2.0
// The pages of signing in speak the language of the application's ui_locales, else of the browser, else English.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { generators } from 'openid-client';
import { Visitor } from './lib/pages.mjs';
import { application, CALLBACK, declare, PASSWORD, person, tenant } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const model = declare(tenant('acme', { employees: [person('kim@acme.example')], applications: [application('spa', { scope: ['openid'] })] }));

// Title, label of the field, what a wrong password gets, title of the page that asks to sign out.
const LANGUAGES = {
  en: ['Sign in', 'User name', /user name or the password is wrong/, 'Sign out?'],
  de: ['Anmelden', 'Benutzername', /Benutzername oder das Passwort ist falsch/, 'Abmelden?'],
  es: ['Iniciar sesión', 'Nombre de usuario', /nombre de usuario o la contraseña no son correctos/, '¿Cerrar sesión?'],
  fr: ['Se connecter', 'Nom d’utilisateur', /nom d’utilisateur ou le mot de passe est incorrect/, 'Se déconnecter\u00a0?'],
  ja: ['サインイン', 'ユーザー名', /ユーザー名またはパスワードが正しくありません/, 'サインアウトしますか？'],
};

describe('login languages', () => {
  let server;
  before(async () => {
    server = await Server.start({ model });
    server.secrets.add(PASSWORD);
  });
  after(() => server?.stop());

  const address = (more = {}) => `/auth/authorize?${new URLSearchParams({ client_id: server.generatedSecret('application', 'clientId', 'spa'),
    redirect_uri: CALLBACK, response_type: 'code', scope: 'openid', state: generators.state(),
    code_challenge: generators.codeChallenge(generators.codeVerifier()), code_challenge_method: 'S256', ...more })}`;
  const visitor = (accept) => new Visitor(server, accept === undefined ? {} : { 'accept-language': accept });
  const languageOf = (page) => {
    const tag = page.text.match(/<html lang="([^"]*)"/)?.[1];
    assert.equal(page.headers['content-language'], tag, 'the header says the same');
    return tag;
  };

  for (const [tag, [title, label, wrong, signOut]] of Object.entries(LANGUAGES)) {
    test(`${tag}: title, lang, label, problem, from the name to sign-out`, async () => {
      const by = visitor(tag === 'en' ? undefined : `${tag}-ZZ, en;q=0.5`);
      const page = await by.open(address());
      assert.deepEqual([page.status, languageOf(page), page.title], [200, tag, `${title} · Postern`]);
      assert.ok(page.text.includes(`<label for="username">${label}</label>`), page.text);
      const bad = await by.signIn(page, 'kim@acme.example', 'not this one');
      assert.equal(languageOf(bad), tag);
      assert.match(bad.problem, wrong);
      assert.ok((await by.signIn(await by.open(address()), 'kim@acme.example', PASSWORD)).location.startsWith(`${CALLBACK}?`));
      const out = await by.open('/auth/authorize/logout');
      assert.deepEqual([languageOf(out), out.title], [tag, `${signOut} · Postern`]);
      assert.doesNotMatch(page.text + bad.text + out.text, /\{[a-z_]+\}/, 'no placeholder is left');
    });

    test(`${tag}: ui_locales come before the browser, and last through the flow`, async () => {
      const by = visitor(tag === 'ja' ? 'de' : 'ja');
      const page = await by.open(address({ ui_locales: `tlh ${tag}-ZZ en` }));
      assert.deepEqual([languageOf(page), page.title], [tag, `${title} · Postern`]);
      assert.equal(languageOf(await by.send(page, { username: 'kim@acme.example' })), tag);
    });
  }

  test('the browser\'s best is taken; a language that is not there is English', async () => {
    for (const [accept, tag] of [['de;q=0.5, fr;q=0.9', 'fr'], ['tlh, es-MX;q=0.2', 'es'], ['de-CH', 'de'], ['tlh', 'en'], ['*', 'en'], ['', 'en']]) {
      assert.equal(languageOf(await visitor(accept).open(address())), tag, accept);
    }
    assert.equal(languageOf(await visitor('tlh').open(address({ ui_locales: 'tlh x-y' }))), 'en');
  });

  test('xss: a hostile Accept-Language changes nothing but the choice', async () => {
    const hostile = ['de"><script>alert(1)</script>', '../../etc/passwd', 'de;q=NaN', 'de;q=1e9', ','.repeat(5000), `de${'-a'.repeat(2500)};q=0`,
      'x;q=1,'.repeat(900), '{host}%s%n', 'de\u00ff', "' OR 1=1 --"];
    for (const accept of hostile) {
      const page = await visitor(accept).open(address());
      assert.deepEqual([page.status, languageOf(page)], [200, 'en'], accept.slice(0, 40));
      assert.doesNotMatch(page.text, /<script|etc\/passwd|%s%n/);
    }
    assert.equal(languageOf(await visitor('fr').open(address())), 'fr', 'the server goes on');
  });
});
