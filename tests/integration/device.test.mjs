// SPDX-License-Identifier: Apache-2.0
// A device without a browser (RFC 8628): openid-client asks as the device does, a visitor without scripts types the code in.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jwtDecode } from './lib/jwt.mjs';
import { formsOf, Visitor } from './lib/pages.mjs';
import { acme, application, declare, globex, PASSWORD, person, tenant, visits } from './lib/people.mjs';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

const people = ['kim', 'lee', 'ann', 'bob', 'eve', 'gil'].map((name) => person(`${name}@acme.example`));
const model = declare(
  tenant('acme', { employees: people, applications: [
    application('television'),
    application('printer', { type: 'confidential', authMethod: 'client_secret_basic' }),
    application('<b>bold</b> & "Co"'),
  ] }),
  tenant('globex', { employees: [person('kim@globex.example')] }),
);

describe('device', () => {
  let server, issuer;
  visits({ model }, (now) => { ({ server, issuer } = now); });
  const client = (name) => {
    const secret = server.generated.find((s) => s.member === 'secret' && s.name.includes(name));
    return new issuer.Client({ client_id: server.generatedSecret('application', 'clientId', name),
      ...(secret ? { client_secret: secret.value } : { token_endpoint_auth_method: 'none' }) });
  };
  const begin = async (name = 'television') => {
    const { metadata: { client_id } } = client(name);
    const { status, json } = await server.request('POST', '/auth/device_authorization', { form: { client_id, scope: 'openid' } });
    assert.equal(status, 200);
    return { ...json, poll: () => server.token({ grant_type: GRANT, client_id, device_code: json.device_code }) };
  };
  const signedIn = async (user) => {
    const visitor = new Visitor(server);
    const page = await visitor.signIn(await visitor.open('/auth/device'), user, PASSWORD);
    assert.equal(page.form?.id, 'device', `${page.status} ${page.title} ${page.problem}`);
    return { visitor, page };
  };
  // From the page for the code to the page after the answer.
  const answer = async ({ visitor, page }, code, action = 'allow') => visitor.send(await visitor.send(page, { user_code: code }), {}, action);

  test('openid-client: code, person, tokens; a public and a confidential application', async () => {
    await Promise.all(['television', 'printer'].map(async (name) => {
      const c = client(name);
      const handle = await c.deviceAuthorization({ scope: 'openid platform-user-read' });
      assert.match(handle.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
      assert.equal(handle.verification_uri, `${server.url}/auth/device`);
      const polled = handle.poll();
      const visitor = new Visitor(server);
      // The address that has the code: it is still there after the sign-in, and still to be compared.
      const page = await visitor.signIn(await visitor.open(handle.verification_uri_complete), 'kim@acme.example', PASSWORD);
      assert.equal(page.form.fields.user_code, handle.user_code);
      assert.match(page.text, /same code/);
      const confirm = await visitor.send(page);
      assert.match(confirm.text, new RegExp(`${name} \\(Acme\\)</bdi> asks for this, as <bdi>kim@acme\\.example`));
      assert.ok(confirm.text.includes(handle.user_code));
      assert.match(confirm.text, /Did you start this yourself/);
      const done = await visitor.send(confirm, {}, 'allow');
      assert.match(done.title, /^Your device is signed in/);
      assert.match((await visitor.get('/auth/device')).title, /^Sign in on a device/);
      const tokens = await polled;
      const claims = tokens.claims();
      assert.equal(claims.name, 'kim@acme.example');
      assert.deepEqual(claims.amr, ['pwd']);
      assert.ok(Math.abs(claims.auth_time - Date.now() / 1000) < 120);
      assert.equal(jwtDecode(tokens.access_token).claims.sid, claims.sid);
      assert.equal((await c.userinfo(tokens.access_token)).email, 'kim@acme.example');
      const again = await c.refresh(tokens.refresh_token);
      assert.equal(again.claims().sub, claims.sub);
      await assert.rejects(c.grant({ grant_type: GRANT, device_code: handle.device_code }), /used before/);
      await assert.rejects(c.userinfo(again.access_token));
    }));
    const [[n]] = await server.sql("SELECT count(*) FROM audit WHERE action = 'device.allow'");
    assert.equal(Number(n), 2);
  });

  test('303 after each POST; the pages are for people', async () => {
    const { visitor, page } = await signedIn('kim@acme.example');
    const { user_code: code } = await begin();
    assert.match(page.text, /<label for="user_code">Code<\/label>/);
    const typed = await visitor.submit(page, { user_code: ` ${code.toLowerCase().replace('-', ' - ')} ` });
    assert.deepEqual([typed.status, typed.location], [303, `/auth/device?user_code=${code}`]);
    const confirm = await visitor.follow(typed);
    assert.match(confirm.headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'; form-action 'self'$/);
    assert.deepEqual(Object.keys(confirm.form.buttons), ['allow', 'deny']);
    const denied = await visitor.submit(confirm, {}, 'deny');
    assert.deepEqual([denied.status, denied.location], [303, `/auth/device?user_code=${code}`]);
    assert.match((await visitor.follow(denied)).title, /^The device was not let in/);
    const german = new Visitor(server, { 'accept-language': 'de' });
    const there = await german.signIn(await german.open('/auth/device'), 'lee@acme.example', PASSWORD);
    assert.match(there.title, /^Auf einem Gerät anmelden/);
  });

  test('no, not yet, too soon, too late', async () => {
    const by = await signedIn('kim@acme.example');
    const no = await begin(), late = await begin();
    assert.equal((await no.poll()).json.error, 'authorization_pending');
    assert.equal((await no.poll()).json.error, 'slow_down');
    await answer(by, no.user_code, 'deny');
    const denied = await no.poll();
    assert.deepEqual([denied.status, denied.json.error], [400, 'access_denied']);
    await server.sql('UPDATE device_code SET expires_at = 1 WHERE used_at IS NULL');
    assert.equal((await late.poll()).json.error, 'expired_token');
    const page = await by.visitor.send(by.page, { user_code: late.user_code });
    assert.equal(page.form.fields.user_code, '', 'a code that has expired');
  });

  test('code_once: 64 polls at once give tokens once, and then to nobody', async () => {
    const one = await begin();
    await answer(await signedIn('kim@acme.example'), one.user_code);
    const answers = await Promise.all(Array.from({ length: 64 }, () => one.poll()));
    const good = answers.filter((a) => a.status === 200);
    assert.equal(good.length, 1);
    assert.deepEqual([...new Set(answers.filter((a) => a.status !== 200).map((a) => a.json.error))], ['invalid_grant']);
    assert.equal((await server.request('GET', '/auth/userinfo', { bearer: good[0].json.access_token })).status, 401);
  });

  test('enumeration: nobody who is not signed in learns whether a code is one', async () => {
    const one = await begin(), code = one.user_code;
    const seen = await Promise.all([code, 'BBBB-BBBB'].map(async (typed) => {
      const visitor = new Visitor(server);
      const page = await visitor.get(`/auth/device?user_code=${typed}`);
      const posted = await visitor.post('/auth/device', { user_code: typed, action: 'check' });
      const allowed = await visitor.post('/auth/device', { user_code: typed, action: 'allow' });
      const shape = ({ status, location }) => [status, location.replace(/=.*/, '')];
      return [page, posted, allowed].map(shape);
    }));
    assert.deepEqual(seen[0], seen[1]);
    assert.deepEqual(seen[0].map(([status]) => status), [303, 303, 303]);
    assert.equal((await one.poll()).json.error, 'authorization_pending');
  });

  test('lockout: ten wrong codes, and then the right one neither; others are not held up', async () => {
    const by = await signedIn('eve@acme.example');
    const { user_code: code } = await begin();
    assert.match((await by.visitor.send(by.page, { user_code: 'AEIO-UAEI' })).problem, /eight letters/);
    for (let i = 0; i < 10; i++) {
      assert.match((await by.visitor.send(by.page, { user_code: `BBBB-BBB${'BCDFGHJKLM'[i]}` })).problem, /No device is waiting/);
    }
    assert.match((await by.visitor.send(by.page, { user_code: code })).problem, /Too many codes/);
    const again = await signedIn('eve@acme.example');
    assert.match((await again.visitor.send(again.page, { user_code: code })).problem, /Too many codes/);
    assert.match((await answer(await signedIn('gil@acme.example'), code)).title, /^Your device is signed in/);
    await server.sql('UPDATE device_guess SET since = since - 600');
    assert.match((await by.visitor.send(by.page, { user_code: code })).problem, /No device is waiting/, 'answered already');
  });

  test('fixation: forms of other sites, of other sign-ins, and answers by who was not asked', async () => {
    const kim = await signedIn('kim@acme.example'), lee = await signedIn('lee@acme.example');
    const one = await begin();
    const { fields } = kim.page.form;
    for (const form of [{ user_code: one.user_code }, { user_code: one.user_code, form_token: '' },
      { user_code: one.user_code, form_token: lee.page.form.fields.form_token }]) {
      for (const action of ['check', 'allow']) {
        assert.equal((await kim.visitor.post('/auth/device', { ...form, action })).status, 403);
      }
    }
    // Never shown to anybody; then to Kim, and Lee says yes.
    const early = await kim.visitor.follow(await kim.visitor.post('/auth/device', { ...fields, user_code: one.user_code, action: 'allow' }));
    assert.match(early.problem, /Start again on the device/);
    const confirm = await kim.visitor.send(kim.page, { user_code: one.user_code });
    const foreign = await lee.visitor.follow(await lee.visitor.post('/auth/device', { ...lee.page.form.fields, user_code: one.user_code, action: 'allow' }));
    assert.match(foreign.problem, /Start again on the device/);
    assert.doesNotMatch((await lee.visitor.get(`/auth/device?user_code=${one.user_code}`)).text, /television/);
    assert.equal((await one.poll()).json.error, 'authorization_pending');
    assert.match((await kim.visitor.send(confirm, {}, 'allow')).title, /^Your device is signed in/);
    const twice = await kim.visitor.follow(await kim.visitor.submit(confirm, {}, 'deny'));
    assert.match(twice.problem, /answered already/);
    assert.equal((await one.poll()).status, 200);
  });

  test('dead_means_dead: signed out, or blocked, between yes and tokens', async () => {
    const ann = await signedIn('ann@acme.example'), bob = await signedIn('bob@acme.example');
    const one = await begin(), two = await begin();
    await answer(ann, one.user_code);
    await answer(bob, two.user_code);
    const logout = await ann.visitor.open('/auth/authorize/logout');
    await ann.visitor.send(logout, {}, 'logout');
    assert.equal((await one.poll()).json.error, 'invalid_grant');
    await server.sql("UPDATE employee SET status = 'BLOCKED' WHERE user_name = 'bob@acme.example'");
    assert.equal((await two.poll()).json.error, 'invalid_grant');
    const [[n]] = await server.sql("SELECT count(*) FROM session s JOIN employee e ON e.employee_id = s.employee_id WHERE e.user_name IN ('ann@acme.example', 'bob@acme.example')");
    assert.equal(Number(n), 0);
  });

  test('dead_means_dead: what was allowed to a device is on the account page, and taken back there', async () => {
    const { visitor, page } = await signedIn('gil@acme.example');
    const one = await begin(), two = await begin();
    for (const { user_code } of [one, two]) await answer({ visitor, page }, user_code);
    const { json } = await one.poll();
    const refresh = () => server.token({ grant_type: 'refresh_token', refresh_token: json.refresh_token, client_id: client('television').metadata.client_id });
    const [[scope]] = await server.sql("SELECT c.scope FROM consent c JOIN employee e ON e.employee_id = c.employee_id WHERE e.user_name = 'gil@acme.example'");
    assert.ok(scope.includes('platform-user-read'), 'the device asked for openid; who was never asked allows what was allowed anyway');
    const [[object]] = await server.sql("SELECT object FROM audit WHERE action = 'device.allow' ORDER BY audit_id DESC LIMIT 1");
    assert.equal(object, client('television').metadata.client_id);
    const withdraw = formsOf((await visitor.open('/auth/account')).text).filter((form) => 'withdraw' in form.buttons);
    assert.equal(withdraw.length, 1, 'one application, however many devices');
    await visitor.follow(await visitor.post('/auth/account', { ...withdraw[0].fields, action: 'withdraw' }));
    assert.equal((await refresh()).json.error, 'invalid_grant');
    assert.equal((await two.poll()).json.error, 'invalid_grant', 'allowed, and not fetched yet');
  });

  test('idor: a tenant that has not the application', async () => {
    const one = await begin();
    const by = await signedIn('kim@globex.example');
    const page = await by.visitor.send(by.page, { user_code: one.user_code });
    assert.match(page.problem, /has not allowed this application/);
    const forced = await by.visitor.follow(await by.visitor.post('/auth/device', { ...by.page.form.fields, user_code: one.user_code, action: 'allow' }));
    assert.match(forced.problem, /has not allowed this application/);
    assert.equal((await one.poll()).json.error, 'authorization_pending');
  });

  test('xss: hostile names and codes are text', async () => {
    const hostile = '"><script>alert(1)</script>';
    const by = await signedIn('kim@acme.example');
    const one = await begin('bold');
    const confirm = await by.visitor.send(by.page, { user_code: one.user_code });
    assert.match(confirm.text, /&lt;b&gt;bold&lt;\/b&gt; &amp; &quot;Co&quot;/);
    const typed = await by.visitor.send(by.page, { user_code: hostile });
    const linked = await by.visitor.get(`/auth/device?user_code=${encodeURIComponent(hostile)}&problem=${encodeURIComponent(hostile)}`);
    for (const page of [confirm, typed, linked]) assert.doesNotMatch(page.text, /<script|alert\(/);
    const twice = await by.visitor.get('/auth/device?user_code=BBBB-BBBB&user_code=CCCC-CCCC');
    assert.equal(twice.status, 400);
  });
});
