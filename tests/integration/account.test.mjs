// SPDX-License-Identifier: Apache-2.0
// One's own page: where one is signed in, what one allowed, and ending it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generators } from 'openid-client';
import { formsOf, Visitor } from './lib/pages.mjs';
import { acme, application, CALLBACK, declare, PASSWORD, person, tenant, visits } from './lib/people.mjs';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';

const people = ['kim', 'lee', 'ann', 'bob', 'eve', 'gil', 'joe', 'max'].map((name) => person(`${name}@acme.example`));
const model = declare(tenant('acme', { employees: people, applications: [application('spa'), application('<b>shop</b>')] }));

describe('account', () => {
  let server, issuer, visitor;
  visits({ model, headers: { 'user-agent': FIREFOX } }, (now) => { ({ server, issuer, visitor } = now); });
  const request = (name, more = {}) => {
    const c = new issuer.Client({ client_id: server.generatedSecret('application', 'clientId', name), redirect_uris: [CALLBACK], response_types: ['code'], token_endpoint_auth_method: 'none' });
    const checks = { state: generators.state(), code_verifier: generators.codeVerifier() };
    const url = c.authorizationUrl({ redirect_uri: CALLBACK, scope: 'openid', state: checks.state, code_challenge: generators.codeChallenge(checks.code_verifier), code_challenge_method: 'S256', ...more });
    return { c, url, back: (answer) => c.callback(CALLBACK, c.callbackParams(answer.location), checks) };
  };
  const home = async (user, by = visitor) => by.signIn(await by.open('/auth/account'), user, PASSWORD);
  const tokensOf = async (name, by, more) => {
    const r = request(name, more), done = await by.open(r.url);
    return { ...r, tokens: await r.back(done) };
  };
  const alive = async ({ c, tokens }) => c.userinfo(tokens.access_token).then(() => true, () => false);
  const refreshes = async ({ c, tokens }) => c.refresh(tokens.refresh_token).then(() => true, () => false);
  const formsFor = (page, action) => formsOf(page.text).filter((form) => action in form.buttons);
  const press = async (by, form, action) => by.follow(await by.post(form.action, { ...form.fields, action }));

  test('whoever knows only the address gets there by signing in', async () => {
    const root = await visitor.get('/');
    assert.deepEqual([root.status, root.location], [303, '/auth/account']);
    const page = await visitor.signIn(await visitor.follow(root), 'kim@acme.example', PASSWORD);
    assert.equal(page.status, 200);
    assert.match(page.title, /^Your account/);
    assert.match(page.text, /<bdi>kim@acme\.example<\/bdi>/);
    assert.match(page.text, /<bdi>Firefox, Linux<\/bdi><\/strong> <span class="badge" id="this-browser">this browser/);
    assert.match(page.text, /Signed in <bdi>\d{4}-\d\d-\d\d \d\d:\d\d UTC<\/bdi>/);
    assert.match(page.headers['cache-control'], /no-store/);
    assert.equal(formsOf(page.text).length, 0, 'nothing to end');
    for (const id of ['change-password', 'second-factor']) {
      const next = await visitor.open(page.text.match(new RegExp(`id="${id}" href="([^"]+)"`))[1]);
      assert.deepEqual([next.status, next.form !== undefined], [200, true], id);
    }
    const out = await visitor.open(page.text.match(/id="sign-out" href="([^"]+)"/)[1]);
    assert.match((await visitor.send(out, {}, 'logout')).title, /^You are signed out/);
    assert.match((await visitor.open('/auth/account')).title, /^Sign in/);
  });

  test('dead-means-dead: a session of an application, then another browser, end with their tokens', async () => {
    const page = await home('lee@acme.example');
    const there = new Visitor(server, { 'user-agent': '<script>alert(1)</script>' });
    await home('lee@acme.example', there);
    const mine = await tokensOf('spa', visitor), shop = await tokensOf('shop', visitor), other = await tokensOf('spa', there);
    const full = await visitor.open(page.location ?? '/auth/account');
    assert.match(full.text, /<bdi>&lt;b&gt;shop&lt;\/b&gt; \(Acme\)<\/bdi>/);
    assert.match(full.text, /Unknown browser/);
    assert.doesNotMatch(full.text, /<script|<b>/);
    const ends = formsFor(full, 'end_application');
    assert.equal(ends.length, 3);
    const [shopForm] = ends.filter((form) => full.text.indexOf(form.fields.id) > full.text.indexOf('shop'))
      .filter((form) => full.text.lastIndexOf('<li class="row">', full.text.indexOf(form.fields.id)) < full.text.indexOf('&lt;b&gt;shop'));
    const done = await press(visitor, shopForm, 'end_application');
    assert.match(done.text, /role="status"><p>The application is signed out\./);
    assert.deepEqual([await alive(mine), await alive(shop), await alive(other)], [true, false, true]);
    const [browser] = formsFor(done, 'end_browser');
    await press(visitor, browser, 'end_browser');
    assert.deepEqual([await alive(mine), await alive(other), await refreshes(other)], [true, false, false]);
    assert.match((await there.open('/auth/account')).title, /^Sign in/);
    assert.equal(formsFor(await visitor.open('/auth/account'), 'end_browser').length, 0);
  });

  test('dead-means-dead: all others end at once, this one stays', async () => {
    await home('ann@acme.example');
    const mine = await tokensOf('spa', visitor), others = [];
    for (let i = 0; i < 3; i++) {
      const there = new Visitor(server);
      await home('ann@acme.example', there);
      others.push(await tokensOf('spa', there));
    }
    const [form] = formsFor(await visitor.open('/auth/account'), 'end_others');
    const done = await press(visitor, form, 'end_others');
    assert.match(done.text, /You are signed out everywhere but here\./);
    assert.equal(await alive(mine), true);
    for (const other of others) assert.deepEqual([await alive(other), await refreshes(other)], [false, false]);
    assert.equal(formsOf(done.text).length, 1);
  });

  test('idor: ids of another person end nothing', async () => {
    await home('bob@acme.example');
    const victim = new Visitor(server), second = new Visitor(server);
    await home('eve@acme.example', victim);
    await home('eve@acme.example', second);
    const theirs = await tokensOf('spa', victim, { prompt: undefined });
    const other = new Visitor(server);
    await home('bob@acme.example', other);
    const [mine] = formsFor(await visitor.open('/auth/account'), 'end_browser');
    const page = await second.open('/auth/account');
    const [browser] = formsFor(page, 'end_browser'), [session] = formsFor(page, 'end_application');
    for (const [action, id] of [['end_browser', browser.fields.id], ['end_application', session.fields.id], ['withdraw', session.fields.id], ['end_browser', "' OR 1=1 --"], ['nothing', 'x']]) {
      const answer = await visitor.post('/auth/account', { form_token: mine.fields.form_token, action, id });
      assert.equal(answer.status, 303);
    }
    assert.equal(await alive(theirs), true);
    assert.match((await victim.open('/auth/account')).title, /^Your account/);
  });

  test('fixation: a form without the token of this sign-in, or with that of another, does nothing', async () => {
    await home('gil@acme.example');
    const there = new Visitor(server);
    await home('gil@acme.example', there);
    const [form] = formsFor(await visitor.open('/auth/account'), 'end_others');
    const [foreign] = formsFor(await there.open('/auth/account'), 'end_others');
    for (const token of [undefined, '', 'x', foreign.fields.form_token]) {
      const answer = await visitor.post('/auth/account', { ...(token !== undefined && { form_token: token }), action: 'end_others' });
      assert.equal(answer.status, 403);
    }
    assert.match((await there.open('/auth/account')).title, /^Your account/);
    const nobody = new Visitor(server);
    const answer = await nobody.post('/auth/account', form.fields);
    assert.equal(answer.status, 303);
    assert.match(answer.location, /^\/auth\/login\?flow=/);
  });

  test('what was allowed is remembered, more is asked for, and what is withdrawn ends', async () => {
    await home('joe@acme.example');
    // Nobody asks before prompt=consent does: who may use an application is for the administrators to say.
    await tokensOf('spa', visitor);
    const first = request('spa', { prompt: 'consent' });
    const asked = await visitor.open(first.url);
    assert.match(asked.title, /^Allow access/);
    const granted = { ...first, tokens: await first.back(await visitor.send(asked, {}, 'allow')) };
    await tokensOf('spa', visitor, { prompt: 'none' });
    const more = await visitor.open(request('spa', { scope: 'openid platform-user-read' }).url);
    assert.match(more.title, /^Allow access/);
    const refused = await visitor.open(request('spa', { scope: 'openid platform-user-read', prompt: 'none' }).url);
    assert.match(refused.location, /error=consent_required/);
    const denied = await visitor.send(more, {}, 'deny');
    assert.match(denied.location, /error=access_denied/);
    assert.match((await visitor.open(request('spa', { prompt: 'consent' }).url)).title, /^Allow access/);
    assert.equal(await alive(granted), true);

    const page = await visitor.open('/auth/account');
    assert.match(page.text, /What you allowed/);
    const [form] = formsFor(page, 'withdraw');
    const done = await press(visitor, form, 'withdraw');
    assert.match(done.text, /It is withdrawn/);
    assert.deepEqual([await alive(granted), await refreshes(granted)], [false, false]);
    assert.equal(formsFor(done, 'withdraw').length, 0);
    assert.match((await visitor.open(request('spa', { prompt: 'none' }).url)).location, /error=consent_required/);
    // At the next sign-in too, from any browser.
    const there = new Visitor(server);
    const again = await there.signIn(await there.open(request('spa').url), 'joe@acme.example', PASSWORD);
    assert.match(again.title, /^Allow access/);
    assert.match((await there.send(again, {}, 'allow')).location, /code=/);
    await tokensOf('spa', visitor, { prompt: 'none' });
  });

  test('dead-means-dead: a code that was waiting when the application lost what was allowed', async () => {
    await home('max@acme.example');
    const first = request('spa', { prompt: 'consent' });
    await first.back(await visitor.send(await visitor.open(first.url), {}, 'allow'));
    const waiting = request('spa'), answer = await visitor.open(waiting.url);
    const [form] = formsFor(await visitor.open('/auth/account'), 'withdraw');
    await press(visitor, form, 'withdraw');
    await assert.rejects(waiting.back(answer), /invalid_grant/);
  });

  test('dead-means-dead: codes that are redeemed while what was allowed is taken back leave nothing alive', async () => {
    await home('max@acme.example');
    for (let i = 0; i < 12; i++) {
      const first = request('spa', { prompt: 'consent' });
      const answer = await visitor.send(await visitor.open(first.url), {}, 'allow');
      const [form] = formsFor(await visitor.open('/auth/account'), 'withdraw');
      const [redeemed] = await Promise.allSettled([first.back(answer), visitor.post(form.action, { ...form.fields, action: 'withdraw' })]);
      if (redeemed.status === 'fulfilled') assert.equal(await alive({ c: first.c, tokens: redeemed.value }), false, `round ${i}`);
    }
  });
});
