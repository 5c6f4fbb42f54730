// SPDX-License-Identifier: Apache-2.0
// People sign in (PROTOCOL 5): openid-client asks, a visitor without scripts fills in the forms.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generators } from 'openid-client';
import { jwtDecode } from './lib/jwt.mjs';
import { Visitor } from './lib/pages.mjs';
import { acme, application as plain, CALLBACK, declare, globex, PASSWORD, person, tenant, visits } from './lib/people.mjs';

const SHOP = 'https://shop.example/back?from=postern', BYE = 'https://app.example/bye';

const application = (name, more) => plain(name, { redirects: [CALLBACK, SHOP], logouts: [BYE], ...more });
const people = ['kim', 'lee', 'ann', 'bob', 'eve', 'gil', 'joe', 'max'].map((name) => person(`${name}@acme.example`));
const model = declare(
  tenant('acme', { employees: [...people, person('new@acme.example', { password: undefined }), person('off@acme.example', { status: 'BLOCKED' })], applications: [
    application('spa'),
    application('site', { type: 'confidential', authMethod: 'client_secret_basic' }),
    application('<b>bold</b> & "Co"'),
  ] }),
  tenant('globex', { employees: [person('kim@globex.example')], applications: [application('foreign')] }),
);

describe('login', () => {
  let server, issuer, visitor;
  visits({ model }, (now) => { ({ server, issuer, visitor } = now); });
  const client = (name) => {
    const secret = server.generated.find((s) => s.member === 'secret' && s.name.includes(name));
    return new issuer.Client({ client_id: server.generatedSecret('application', 'clientId', name), redirect_uris: [CALLBACK], response_types: ['code'],
      ...(secret ? { client_secret: secret.value } : { token_endpoint_auth_method: 'none' }) });
  };
  // An authorization request of this application: { url, back(answer) -> tokens }.
  const request = (name, more = {}) => {
    const c = client(name), verifier = generators.codeVerifier();
    const checks = { state: generators.state(), nonce: generators.nonce(), code_verifier: verifier };
    const uri = more.redirect_uri ?? CALLBACK;
    const url = c.authorizationUrl({ redirect_uri: CALLBACK, scope: 'openid', state: checks.state, nonce: checks.nonce,
      code_challenge: generators.codeChallenge(verifier), code_challenge_method: 'S256', ...more });
    return { c, url, checks, back: (answer) => c.callback(uri, c.callbackParams(answer.location), { ...checks, ...(more.max_age && { max_age: more.max_age }) }) };
  };
  const errorOf = (answer) => new URL(answer.location ?? assert.fail(`no redirect: ${answer.status} ${answer.title}`)).searchParams.get('error');
  const signIn = async (name, user, more = {}, by = visitor) => {
    const r = request(name, more);
    const done = await by.signIn(await by.open(r.url), user, PASSWORD);
    return { ...r, done, tokens: await r.back(done) };
  };

  for (const name of ['spa', 'site']) {
    test(`code flow with PKCE: ${name}`, async () => {
      const { tokens, c, done } = await signIn(name, 'kim@acme.example');
      assert.equal(done.status, 303);
      const claims = tokens.claims();
      assert.equal(claims.name, 'kim@acme.example');
      assert.equal(claims.tenantId, acme);
      assert.ok(Math.abs(claims.auth_time - Date.now() / 1000) < 120);
      assert.deepEqual(claims.amr, ['pwd']);
      const user = await c.userinfo(tokens.access_token);
      assert.equal(user.email, 'kim@acme.example');
      const again = await c.refresh(tokens.refresh_token);
      assert.equal(jwtDecode(again.access_token).claims.sub, claims.sub);
    });
  }

  test('the query of a redirect URI is kept', async () => {
    const { done } = await signIn('spa', 'kim@acme.example', { redirect_uri: SHOP });
    assert.ok(done.location.startsWith(`${SHOP}&code=`), done.location);
  });

  test('303: every POST of the way is answered with it, and the page allows the way back', async () => {
    const r = request('spa');
    const name = await visitor.open(r.url);
    assert.match(name.headers['content-security-policy'], /form-action 'self' https:\/\/app\.example(;|$)/);
    const first = await visitor.submit(name, { username: 'kim@acme.example' });
    const second = await visitor.submit(await visitor.follow(first), { password: PASSWORD });
    for (const answer of [first, second]) {
      assert.equal(answer.status, 303);
      assert.equal(answer.headers['referrer-policy'], 'no-referrer');
      assert.match(answer.headers['cache-control'], /no-store/);
    }
    await r.back(second);
  });

  test('pages are for people: language, title, labels, the name proposed by login_hint', async () => {
    const page = await visitor.open(request('spa', { login_hint: 'lee@acme.example', display: 'popup', ui_locales: 'tlh en' }).url);
    assert.equal(page.status, 200);
    assert.match(page.text, /<html lang="en" class="popup">/);
    assert.match(page.title, /^Sign in/);
    assert.match(page.text, /<label for="username">User name<\/label>/);
    assert.equal(page.form.fields.username, 'lee@acme.example');
    assert.equal(page.form.inputs.find((i) => i.name === 'username').autocomplete, 'username');
    const next = await visitor.send(page, { username: 'kim@acme.example' });
    assert.equal(next.form.inputs.find((i) => i.name === 'password').autocomplete, 'current-password');
    assert.match(page.headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
    const style = page.text.match(/href="(\/auth\/assets\/style-[^"]+\.css)"/)[1];
    const css = await visitor.get(style);
    assert.equal(css.status, 200);
    assert.match(css.headers['cache-control'], /immutable/);
    assert.match(css.headers['content-type'], /^text\/css/);
  });

  test('xss: hostile names, hints, and parameters are text', async () => {
    const hostile = '"><script>alert(1)</script>';
    const page = await visitor.open(request('bold', { login_hint: hostile, ui_locales: hostile, state: hostile }).url);
    assert.match(page.text, /&lt;b&gt;bold&lt;\/b&gt; &amp; &quot;Co&quot;/);
    assert.equal(page.form.fields.username, hostile);
    const bad = await visitor.send(page, { username: hostile });
    assert.match(bad.problem, /looks like an e-mail address/);
    const refused = await visitor.open(`/auth/authorize?client_id=${encodeURIComponent(hostile)}&redirect_uri=${encodeURIComponent(hostile)}`);
    const lost = await visitor.open(`/auth/login?flow=${encodeURIComponent(hostile)}`);
    for (const answer of [page, bad, refused, lost]) assert.doesNotMatch(answer.text, /<script/);
  });

  test('no-open-redirect: what is not proven good is a page that says what is wrong', async () => {
    const { url } = request('spa');
    const changed = (name, value) => {
      const other = new URL(url);
      if (value === undefined) other.searchParams.delete(name);
      else other.searchParams.set(name, value);
      return other.href;
    };
    for (const uri of ['https://evil.example/callback', `${CALLBACK}/`, 'https://app.example/callback?x=1', 'javascript:alert(1)', '//evil.example', undefined]) {
      const answer = await visitor.get(changed('redirect_uri', uri));
      assert.deepEqual([answer.status, answer.location], [400, undefined], uri);
      assert.match(answer.text, /id="error">invalid_request/);
      if (uri) assert.ok(answer.text.includes(`redirect_uri = ${uri}`), answer.text);
    }
    const unknown = await visitor.get(changed('client_id', 'nobody'));
    assert.deepEqual([unknown.status, unknown.location], [400, undefined]);
    assert.match(unknown.text, /invalid_client/);
    assert.equal(errorOf(await visitor.get(changed('code_challenge'))), 'invalid_request');
    assert.equal(errorOf(await visitor.get(changed('scope', 'openid everything'))), 'invalid_scope');
    const logout = await visitor.get(`/auth/authorize/logout?client_id=${client('spa').metadata.client_id}&post_logout_redirect_uri=https://evil.example/`);
    assert.deepEqual([logout.status, logout.location], [400, undefined]);
  });

  test('enumeration: unknown, wrong, disabled, without a password: the same answer to the same steps', async () => {
    const seen = [];
    for (const user of ['ann@acme.example', 'nobody@acme.example', 'off@acme.example', 'new@acme.example']) {
      const by = new Visitor(server);
      const asked = await by.send(await by.open(request('spa').url), { username: user });
      const posted = await by.submit(asked, { password: 'Wrong-lantern 7' });
      const page = await by.follow(posted);
      assert.match(page.problem, /^The user name or the password is wrong/);
      const same = (text) => text.replaceAll(user, 'USER').replace(/value="[\w-]{43}"/g, '').replace(/flow=[\w-]+/g, '');
      seen.push([asked.status, same(asked.text), posted.status, Object.keys(posted.headers).sort(), page.status, same(page.text)]);
    }
    for (const other of seen.slice(1)) assert.deepEqual(other, seen[0]);
    // And what is wrong with the account of somebody who knows the password is told.
    await server.sql("UPDATE employee_login SET must_change = 1 WHERE employee_id = (SELECT employee_id FROM employee WHERE user_name = 'bob@acme.example')");
    const told = await visitor.signIn(await visitor.open(request('spa').url), 'bob@acme.example', PASSWORD);
    assert.match(told.title, /must be replaced/);
  });

  test('enumeration: unknown users cost what known ones cost', async () => {
    const costs = [];
    for (const user of ['max@acme.example', 'nobody@acme.example', 'off@acme.example', 'new@acme.example']) {
      costs.push(await server.costOf(async () => {
        const by = new Visitor(server);
        const asked = await by.send(await by.open(request('spa').url), { username: user });
        return () => by.submit(asked, { password: 'Wrong-lantern 7' });
      }));
    }
    assert.deepEqual(costs.map((cost) => cost.slice(0, 3)), costs.map(() => [1, 0, 1]), 'one hash, one write');
    const cpu = costs.map((cost) => cost[3]);
    assert.ok(Math.min(...cpu) > Math.max(...cpu) / 3, `hashes of ${cpu} microseconds`);
  });

  test('lockout: six wrong ones lock; the right one is told so, then works again in time', async () => {
    const user = 'eve@acme.example';
    let page = await visitor.send(await visitor.open(request('spa').url), { username: user });
    for (let i = 0; i < 6; i++) {
      page = await visitor.send(page, { password: `Wrong-lantern ${i}` });
      assert.match(page.problem, /wrong/);
    }
    assert.match((await visitor.send(page, { password: 'Wrong-lantern' })).problem, /wrong/);
    // The counter is the user's: another browser is no way around it, nor is a restart.
    await server.restart();
    const other = new Visitor(server);
    const told = await other.signIn(await other.open(request('spa').url), user, PASSWORD);
    assert.match(told.problem, /locked .*(29|30) min/);
    assert.ok(!other.cookies.has('postern-session'));
    await server.sql('UPDATE employee_login SET locked_until = 1 WHERE locked_until IS NOT NULL');
    await signIn('spa', user);
  });

  test('lockout: 64 wrong ones at once do not give 64 guesses', async () => {
    const user = 'gil@acme.example';
    const pages = await Promise.all(Array.from({ length: 64 }, async () => {
      const by = new Visitor(server);
      return [by, await by.send(await by.open(request('spa').url), { username: user })];
    }));
    await Promise.all(pages.map(([by, page], i) => by.submit(page, { password: `Wrong-lantern ${i}` })));
    const told = await visitor.signIn(await visitor.open(request('spa').url), user, PASSWORD);
    assert.notEqual(told.problem, undefined);
    assert.ok(!visitor.cookies.has('postern-session'));
  });

  test('single sign-on: the second application asks nothing; prompt and max_age ask again', async () => {
    const { tokens } = await signIn('spa', 'kim@acme.example');
    const second = request('site');
    const answer = await visitor.get(second.url);
    const set = await second.back(answer);
    assert.equal(set.claims().sub, tokens.claims().sub);
    assert.equal(set.claims().auth_time, tokens.claims().auth_time);
    const silent = request('site', { prompt: 'none' });
    await silent.back(await visitor.get(silent.url));
    const young = request('site', { max_age: 1000 });
    await young.back(await visitor.get(young.url));
    for (const more of [{ prompt: 'login' }, { max_age: 0 }]) {
      const page = await visitor.open(request('site', more).url);
      assert.equal(page.form.fields.username, 'kim@acme.example');
    }
    await server.sql('UPDATE sso_session SET auth_at = auth_at - 2000');
    const old = request('site', { max_age: 1000 });
    assert.equal(errorOf(await visitor.get(`${old.url}&prompt=none`)), 'login_required');
    const renewed = await old.back(await visitor.signIn(await visitor.open(old.url), 'kim@acme.example', PASSWORD));
    assert.ok(renewed.claims().auth_time > tokens.claims().auth_time - 60);
  });

  test('a POST from another site, which brings no session, is asked again as GET', async () => {
    await signIn('spa', 'kim@acme.example');
    const r = request('site');
    const { searchParams } = new URL(r.url);
    const stranger = new Visitor(server);
    const posted = await stranger.post('/auth/authorize', Object.fromEntries(searchParams));
    assert.equal(posted.status, 303);
    await r.back(await visitor.follow(posted));
  });

  test('max_age is asked again when the consent page stood open', async () => {
    const { tokens } = await signIn('spa', 'kim@acme.example');
    const r = request('spa', { prompt: 'consent', max_age: 1000 });
    const page = await visitor.open(r.url);
    assert.match(page.title, /^Allow access/);
    await server.sql('UPDATE sso_session SET auth_at = auth_at - 2000');
    const password = await visitor.send(page, {}, 'allow');
    assert.notEqual(password.form?.fields.password, undefined, password.title);
    const again = await visitor.send(password, { password: PASSWORD });
    assert.match(again.title, /^Allow access/);
    const set = await r.back(await visitor.send(again, {}, 'allow'));
    assert.ok(set.claims().auth_time >= tokens.claims().auth_time);
  });

  test('a long POST from another site is asked again as GET too', async () => {
    await signIn('spa', 'kim@acme.example');
    const r = request('site', { state: 's'.repeat(4096), prompt: 'none' });
    const posted = await new Visitor(server).post('/auth/authorize', Object.fromEntries(new URL(r.url).searchParams));
    assert.equal(posted.status, 303);
    const answer = await visitor.follow(posted);
    assert.ok(new URL(answer.location).searchParams.has('code'), answer.location?.slice(0, 200));
  });

  test('what is refused before it is read is a page where people are', async () => {
    const cases = [
      ['GET', '/auth/authorize?client_id=%ff', {}, 400],
      ['GET', `/auth/authorize?client_id=x&login_hint=%00`, {}, 400],
      ['GET', `/auth/login?flow=${'x'.repeat(7000)}`, {}, 431],
      ['GET', '/auth/authorize/logout', { headers: { cookie: 'x'.repeat(5000) } }, 431],
      ['POST', '/auth/login', { body: 'x'.repeat(70000) }, 413],
    ];
    for (const [method, target, options, status] of cases) {
      const answer = await server.request(method, target, options);
      assert.equal(answer.status, status, target.slice(0, 60));
      assert.match(answer.headers['content-type'], /^text\/html/);
      assert.match(answer.headers['content-security-policy'], /default-src 'none'/);
      assert.match(answer.text, /<h1>/);
    }
    const api = await server.request('POST', '/auth/token?x=%ff', { form: 'a=b' });
    assert.deepEqual([api.status, api.json.error], [400, 'invalid_request']);
  });

  test('HEAD begins no sign-in and makes no code', async () => {
    await signIn('spa', 'kim@acme.example');
    const answer = await fetch(request('spa').url, { method: 'HEAD', redirect: 'manual' });
    assert.deepEqual([answer.status, answer.headers.get('location'), answer.headers.get('set-cookie')], [200, null, null]);
  });

  test('prompt=none without a session is login_required, and asks nobody', async () => {
    const answer = await visitor.get(request('spa', { prompt: 'none' }).url);
    assert.equal(errorOf(answer), 'login_required');
    assert.equal(new URL(answer.location).searchParams.get('iss'), server.url);
  });

  test('prompt=consent asks, for what, and takes no for an answer', async () => {
    const r = request('spa', { prompt: 'consent', scope: 'openid platform-user-read' });
    const page = await visitor.signIn(await visitor.open(r.url), 'kim@acme.example', PASSWORD);
    assert.match(page.title, /^Allow access/);
    assert.match(page.text, /platform-user-read/);
    assert.equal(errorOf(await visitor.send(page, {}, 'deny')), 'access_denied');
    const again = request('spa', { prompt: 'consent' });
    await again.back(await visitor.send(await visitor.open(again.url), {}, 'allow'));
  });

  test('prompt=select_account: go on with this one, or another', async () => {
    const first = await signIn('spa', 'kim@acme.example');
    const r = request('spa', { prompt: 'select_account' });
    const page = await visitor.open(r.url);
    assert.match(page.form.buttons.continue, /kim@acme\.example/);
    assert.equal((await r.back(await visitor.send(page, {}, 'continue'))).claims().sub, first.tokens.claims().sub);
    const other = request('spa', { prompt: 'select_account' });
    const name = await visitor.send(await visitor.open(other.url), {}, 'other');
    const set = await other.back(await visitor.signIn(name, 'lee@acme.example', PASSWORD));
    assert.equal(set.claims().name, 'lee@acme.example');
  });

  test('login_hint of somebody else than who is signed in: the account is asked for; prompt=none is answered', async () => {
    await signIn('spa', 'kim@acme.example');
    for (const login_hint of ['KIM@acme.example', '']) {
      const same = request('spa', { login_hint });
      await same.back(await visitor.get(same.url));
    }
    const silent = request('spa', { login_hint: 'lee@acme.example', prompt: 'none' });
    assert.equal((await silent.back(await visitor.get(silent.url))).claims().name, 'kim@acme.example');
    const r = request('spa', { login_hint: 'lee@acme.example' });
    const page = await visitor.open(r.url);
    assert.match(page.form.buttons.continue, /kim@acme\.example/);
    const other = await visitor.send(page, {}, 'other');
    assert.equal(other.form.fields.username, 'lee@acme.example');
    assert.equal((await r.back(await visitor.signIn(other, 'lee@acme.example', PASSWORD))).claims().name, 'lee@acme.example');
  });

  test('mix-up of people: a page goes on as whom it names', async () => {
    await signIn('spa', 'kim@acme.example');
    const asked = await visitor.send(await visitor.open(request('spa', { prompt: 'consent', login_hint: 'lee@acme.example' }).url), {}, 'continue');
    assert.match(asked.title, /^Allow access/);
    assert.ok(asked.text.includes('kim@acme.example') && !asked.text.includes('lee@acme.example'));
    const picker = await visitor.open(request('spa', { prompt: 'select_account' }).url);
    await signIn('spa', 'lee@acme.example', { prompt: 'login' });
    const end = await visitor.send(picker, {}, 'continue');
    assert.equal(end.location, undefined, 'not as lee, whom the page did not name');
    assert.match(end.problem, /not signed in any more/);
    const denied = await visitor.send(asked, {}, 'allow');
    assert.match(denied.problem, /not signed in any more/);
  });

  test('idor: nothing is asked or kept for an application that the tenant may not use', async () => {
    const r = request('foreign', { prompt: 'consent' });
    assert.equal(errorOf(await visitor.signIn(await visitor.open(r.url), 'kim@acme.example', PASSWORD)), 'access_denied');
    const [[kept]] = await server.sql(`SELECT count(*) FROM consent WHERE application_id = '${r.c.metadata.client_id}'`);
    assert.equal(Number(kept), 0);
  });

  test('claims asks for one user, as a text', async () => {
    for (const sub of [{ values: ['user:a', 'user:b'] }, { value: 7 }, { value: ['user:a'] }, { value: null }]) {
      const answer = await visitor.get(request('spa', { claims: JSON.stringify({ id_token: { sub } }) }).url);
      assert.equal(errorOf(answer), 'invalid_request', JSON.stringify(sub));
    }
  });

  test('a code outlives a second sign-in of the same person in the same browser', async () => {
    await signIn('spa', 'kim@acme.example');
    const early = request('spa'), answer = await visitor.get(early.url);
    await signIn('spa', 'kim@acme.example', { prompt: 'login' });
    assert.equal((await early.back(answer)).claims().name, 'kim@acme.example');
  });

  test('HEAD begins nothing', async () => {
    const flows = async () => Number((await server.sql('SELECT count(*) FROM login_flow_index'))[0][0]);
    const before = await flows();
    for (const path of ['/auth/account', '/auth/account/second-factor', '/auth/account/password', '/auth/device', request('spa').url.slice(server.url.length)]) {
      const { status, headers } = await server.request('HEAD', path);
      assert.equal(status, 200, path);
      assert.equal(headers['set-cookie'], undefined);
    }
    assert.equal(await flows(), before);
  });

  test('id_token_hint: only that user finishes', async () => {
    const { tokens } = await signIn('spa', 'kim@acme.example');
    const hinted = request('spa', { id_token_hint: tokens.id_token });
    await hinted.back(await visitor.get(hinted.url));
    const stranger = new Visitor(server);
    await signIn('spa', 'lee@acme.example', {}, stranger);
    const page = await stranger.open(hinted.url);
    assert.equal(page.form.fields.username, 'kim@acme.example');
    const wrong = await stranger.signIn(page, 'lee@acme.example', PASSWORD);
    assert.match(wrong.problem, /another account/);
    const right = await stranger.signIn(await stranger.send(wrong, {}, 'change'), 'kim@acme.example', PASSWORD);
    assert.equal((await hinted.back(right)).claims().name, 'kim@acme.example');
  });

  test('a tenant that did not allow the application: back with the words of the older surfaces', async () => {
    const page = await visitor.open(request('foreign').url);
    const answer = await visitor.signIn(page, 'kim@acme.example', PASSWORD);
    assert.equal(errorOf(answer), 'access_denied');
    assert.match(new URL(answer.location).searchParams.get('error_description'), /^Client application 'foreign@Acme' not authorized for user$/);
    // The session of acme is none for an application of globex: somebody else may sign in.
    const other = request('foreign');
    assert.equal((await other.back(await visitor.signIn(await visitor.open(other.url), 'kim@globex.example', PASSWORD))).claims().tenantId, globex);
  });

  describe('steps', () => {
    const isOver = (answer) => {
      assert.equal(answer.status, 400);
      assert.match(answer.title, /^This sign-in is over/);
      assert.match(answer.text, /Go back to the application/);
    };

    test('steps: each one posted empty stays where it is and says why', async () => {
      const name = await visitor.open(request('spa').url);
      const still = await visitor.send(name, { username: '  ' });
      assert.equal(still.problem, 'Enter your user name.');
      const password = await visitor.send(still, { username: 'kim@acme.example' });
      assert.equal((await visitor.send(password, { password: '' })).problem, 'Enter your password.');
    });

    test('steps: replayed, and from a page that was left open', async () => {
      const r = request('spa');
      const name = await visitor.open(r.url);
      const password = await visitor.send(name, { username: 'kim@acme.example' });
      const replayed = await visitor.submit(name, { username: 'lee@acme.example' });
      assert.equal(replayed.status, 409);
      assert.match(replayed.title, /done already/);
      const where = replayed.text.match(/<a class="button" id="continue" href="([^"]+)"/)[1];
      assert.equal((await visitor.get(where)).form.fields.username, 'kim@acme.example');
      await r.back(await visitor.send(password, { password: PASSWORD }));
      isOver(await visitor.submit(password, { password: PASSWORD }));
      isOver(await visitor.get(where));
    });

    test('steps: twice at once gives one code', async () => {
      const r = request('spa');
      const password = await visitor.send(await visitor.open(r.url), { username: 'kim@acme.example' });
      const answers = await Promise.all(Array.from({ length: 8 }, () => visitor.submit(password, { password: PASSWORD })));
      const good = answers.filter((answer) => answer.location?.startsWith(CALLBACK));
      assert.equal(good.length, 1);
      for (const answer of answers.filter((a) => !good.includes(a))) {
        assert.ok([400, 409].includes(answer.status), `${answer.status}`);
        assert.match(answer.headers['content-type'], /^text\/html/);
      }
      await r.back(good[0]);
    });

    test('steps: out of order', async () => {
      const r = request('spa');
      const name = await visitor.open(r.url);
      // The password before the name, consent before both: the step is the stored one.
      const early = await visitor.send(name, { password: PASSWORD, username: '' }, 'login');
      assert.equal(early.problem, 'Enter your user name.');
      const allowed = await visitor.send(early, { username: 'kim@acme.example' }, 'allow');
      assert.ok(allowed.form.fields.password !== undefined);
      assert.ok(!visitor.cookies.has('postern-session'));
      // The name of the password page is for password managers; what is posted there does not count.
      const done = await visitor.send(allowed, { username: 'lee@acme.example', password: PASSWORD });
      assert.equal((await r.back(done)).claims().name, 'kim@acme.example');
    });

    test('steps: of another browser, and after the cookie is gone', async () => {
      const name = await visitor.open(request('spa').url);
      const other = new Visitor(server);
      isOver(await other.submit(name, { username: 'kim@acme.example' }));
      await other.open(request('spa').url); // with a cookie of its own
      isOver(await other.submit(name, { username: 'kim@acme.example' }));
      isOver(await other.get(`/auth/login?flow=${name.form.fields.flow}`));
      assert.equal((await visitor.send(name, { username: 'kim@acme.example' })).status, 200);
    });

    test('steps: two windows of one browser do not end each other', async () => {
      const one = request('spa'), two = request('site');
      const first = await visitor.open(one.url), second = await visitor.open(two.url);
      await one.back(await visitor.signIn(first, 'kim@acme.example', PASSWORD));
      await two.back(await visitor.signIn(second, 'kim@acme.example', PASSWORD));
    });

    test('steps: too late, and after the application was disabled', async () => {
      const name = await visitor.open(request('spa').url);
      await server.sql('UPDATE login_flow_index SET expires_at = 1');
      isOver(await visitor.submit(name, { username: 'kim@acme.example' }));
      const password = await visitor.send(await visitor.open(request('site').url), { username: 'kim@acme.example' });
      await server.sql("UPDATE application SET is_enabled = 0 WHERE name = 'site'");
      const refused = await visitor.submit(password, { password: PASSWORD });
      await server.sql("UPDATE application SET is_enabled = 1 WHERE name = 'site'");
      assert.equal(refused.location, undefined);
      assert.ok(refused.status >= 400, `${refused.status}`);
      assert.match(refused.headers['content-type'], /^text\/html/);
    });

    test('steps: consent of a session that ended meanwhile, or is another one by now', async () => {
      const r = request('spa', { prompt: 'consent' });
      const page = await visitor.signIn(await visitor.open(r.url), 'kim@acme.example', PASSWORD);
      await server.sql('UPDATE sso_session SET ended_at = 1 WHERE ended_at IS NULL');
      const asked = await visitor.send(page, {}, 'allow');
      assert.match(asked.problem, /not signed in any more/);
      const next = request('spa', { prompt: 'consent' });
      const kims = await visitor.signIn(await visitor.open(next.url), 'kim@acme.example', PASSWORD);
      await signIn('site', 'lee@acme.example', { prompt: 'login' });
      assert.match((await visitor.send(kims, {}, 'allow')).problem, /not signed in any more/);
    });
  });

  test('fixation: a sign-in has a new session, whatever cookie was there', async () => {
    visitor.cookies.set('postern-session', `${acme}.planted`);
    await signIn('spa', 'kim@acme.example');
    const first = visitor.cookies.get('postern-session');
    assert.notEqual(first, `${acme}.planted`);
    await signIn('spa', 'kim@acme.example', { prompt: 'login' });
    assert.notEqual(visitor.cookies.get('postern-session'), first);
    assert.match(server.url, /^http:/);
    const page = await visitor.get(request('spa').url, {});
    assert.ok(page.location.startsWith(CALLBACK));
  });

  describe('logout', () => {
    const out = (c, more = {}) => c.endSessionUrl({ client_id: c.metadata.client_id, ...more });
    const isOut = async (by = visitor) => assert.equal(errorOf(await by.get(request('spa', { prompt: 'none' }).url)), 'login_required');

    test('with a hint of this session: at once, and what it issued ends', async () => {
      const { c, tokens } = await signIn('spa', 'kim@acme.example');
      const answer = await visitor.get(out(c, { id_token_hint: tokens.id_token, post_logout_redirect_uri: BYE, state: 'a b&c' }));
      assert.equal(answer.location, `${BYE}?state=a%20b%26c`);
      assert.ok(!visitor.cookies.has('postern-session'));
      await isOut();
      await assert.rejects(c.refresh(tokens.refresh_token), { error: 'invalid_grant' });
      await assert.rejects(c.userinfo(tokens.access_token), /401|invalid_token/);
    });

    test('of another site, which brings no cookie: what the hint names ends, and no cookie is cleared', async () => {
      const { tokens, c } = await signIn('spa', 'kim@acme.example');
      const post = (body) => fetch(`${server.url}/auth/authorize/logout`, { method: 'POST', body: new URLSearchParams(body), redirect: 'manual' });
      const bare = await post({});
      assert.deepEqual([bare.status, bare.headers.get('set-cookie')], [200, null]);
      assert.ok((await c.userinfo(tokens)).sub);
      const hinted = await post({ id_token_hint: tokens.id_token, post_logout_redirect_uri: BYE, state: 'x' });
      assert.deepEqual([hinted.status, hinted.headers.get('location'), hinted.headers.get('set-cookie')], [303, `${BYE}?state=x`, null]);
      await assert.rejects(c.userinfo(tokens));
      await assert.rejects(c.refresh(tokens.refresh_token), /invalid_grant/);
    });

    test('a second sign-in in one browser: one logout ends what both issued; another person ends the first', async () => {
      const first = await signIn('spa', 'kim@acme.example');
      const second = await signIn('spa', 'kim@acme.example', { prompt: 'login' });
      assert.ok((await first.c.userinfo(first.tokens)).sub);
      await visitor.open(second.c.endSessionUrl({ id_token_hint: second.tokens.id_token }));
      await assert.rejects(first.c.userinfo(first.tokens));
      await assert.rejects(first.c.refresh(first.tokens.refresh_token), /invalid_grant/);
      const kim = await signIn('spa', 'kim@acme.example');
      const lee = await signIn('spa', 'lee@acme.example', { prompt: 'login' });
      await assert.rejects(kim.c.userinfo(kim.tokens));
      assert.ok((await lee.c.userinfo(lee.tokens)).sub);
    });

    test('without a hint: the page asks first, and its own form alone is taken', async () => {
      const { c } = await signIn('spa', 'kim@acme.example');
      const page = await visitor.get(out(c, { post_logout_redirect_uri: BYE, state: 'x' }));
      assert.match(page.title, /^Sign out\?/);
      assert.match(page.text, /kim@acme\.example/);
      for (const confirmation of ['', 'x'.repeat(43), page.form.fields.flow ?? 'none']) {
        const forged = await visitor.submit(page, { confirmation });
        assert.match(forged.title, /^Sign out\?/);
      }
      assert.match((await visitor.submit(page, {}, 'stay')).title, /still signed in/);
      const silent = request('spa', { prompt: 'none' });
      await silent.back(await visitor.get(silent.url));
      const answer = await visitor.submit(page, {}, 'logout');
      assert.deepEqual([answer.status, answer.location], [303, `${BYE}?state=x`]);
      await isOut();
    });

    test("with another one's hint: asked; with nothing at all: a page says it", async () => {
      const { tokens } = await signIn('spa', 'lee@acme.example');
      const other = new Visitor(server);
      const { c } = await signIn('spa', 'kim@acme.example', {}, other);
      const page = await other.get(out(c, { id_token_hint: tokens.id_token }));
      assert.match(page.title, /^Sign out\?/);
      assert.match((await other.submit(page, {}, 'logout')).title, /^You are signed out/);
      await isOut(other);
      const nobody = new Visitor(server);
      assert.match((await nobody.get('/auth/authorize/logout')).title, /^You are signed out/);
      // One of the same person from another browser, or from a sign-in that is over: whoever has it may not sign this one out.
      const here = new Visitor(server), there = new Visitor(server);
      const mine = await signIn('spa', 'kim@acme.example', {}, here), theirs = await signIn('spa', 'kim@acme.example', {}, there);
      assert.match((await here.get(out(c, { id_token_hint: theirs.tokens.id_token }))).title, /^Sign out\?/);
      assert.match((await there.get(out(c, { id_token_hint: theirs.tokens.id_token }))).title, /^You are signed out/);
      assert.match((await here.get(out(c, { id_token_hint: theirs.tokens.id_token }))).title, /^Sign out\?/);
      assert.match((await here.get(out(c, { id_token_hint: mine.tokens.id_token }))).title, /^You are signed out/);
    });
  });
});
