// SPDX-License-Identifier: Apache-2.0
// Second factors: set up from what the page shows, asked for, used once, lost, reset. Codes are computed here, from the secret
// on the page, by RFC 4226.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { generators, Issuer } from 'openid-client';
import { codeAt, recoveryOf, secretOf } from './lib/otp.mjs';
import { Visitor } from './lib/pages.mjs';
import { application, CALLBACK, declare, PASSWORD, person as employee, tenant } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const person = (name, loginAuthenticator) => employee(`${name}@acme.example`, { loginAuthenticator });
const COUNTING = ['lee', 'bob', 'eve', 'gil', 'joe', 'max', 'ann', 'uma'];
const model = declare(tenant('acme', {
  loginAuthenticators: [{ name: 'Passwords', default: true }, { name: 'Apps', policy: { mfa: 'totp' } }, { name: 'Tokens', policy: { mfa: 'hotp' } }],
  employees: [person('kim', 'Apps'), person('tom', 'Apps'), person('zoe', 'Apps'), person('pat', 'Passwords'), person('sue', 'Passwords'), ...COUNTING.map((name) => person(name, 'Tokens'))],
  applications: [application('spa', { scope: ['openid'] })],
}));

const step = () => Math.floor(Date.now() / 30000);
const isAt = (page, title) => assert.match(page.title ?? '', title, `${page.status} ${page.problem} ${page.location}`);

describe('second factors', () => {
  let server, issuer, visitor, clientId;
  const shown = []; // every secret and recovery code of this run
  const request = (more = {}) => {
    const c = new issuer.Client({ client_id: clientId, redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' });
    const verifier = generators.codeVerifier();
    const checks = { state: generators.state(), nonce: generators.nonce(), code_verifier: verifier };
    const url = c.authorizationUrl({ scope: 'openid', state: checks.state, nonce: checks.nonce, code_challenge: generators.codeChallenge(verifier),
      code_challenge_method: 'S256', ...more });
    return { url, back: async (answer) => (await c.callback(CALLBACK, c.callbackParams(answer.location), checks)).claims() };
  };
  // As far as the page after the password: { page, back }.
  const toCode = async (name, by = visitor, more = {}) => {
    const { url, back } = request(more);
    return { page: await by.signIn(await by.open(url), `${name}@acme.example`, PASSWORD), back };
  };
  // A device of this user: { secret, codes, position }; the browser that set it up is signed in.
  const enrol = async (name, by = visitor) => {
    const { page, back } = await toCode(name, by);
    isAt(page, /^Set up a second factor/);
    const secret = secretOf(page.text), counts = page.text.includes('otpauth://hotp/');
    const position = counts ? 0 : step();
    const codes = await by.send(page, { code: codeAt(secret, position) }, 'confirm');
    isAt(codes, /^Keep your recovery codes/);
    shown.push(secret, ...recoveryOf(codes.text));
    const done = await by.send(codes, {}, 'kept');
    assert.deepEqual((await back(done)).amr, ['pwd', 'otp', 'mfa']);
    return { secret, codes: recoveryOf(codes.text), position };
  };
  const isOver = (answer) => {
    assert.ok([400, 409].includes(answer.status), `${answer.status} ${answer.location}`);
    assert.equal(answer.location, undefined);
  };

  before(async () => {
    server = await Server.start({ model });
    server.secrets.add(PASSWORD);
    clientId = server.generatedSecret('application', 'clientId', 'spa');
    issuer = await Issuer.discover(server.url);
  });
  after(async () => {
    const log = server.log;
    await server?.stop();
    for (const secret of shown) assert.ok(!log.includes(secret), 'secrets_once: a secret in the log');
  });
  beforeEach(() => { visitor = new Visitor(server); });

  test('an app is set up after the password, then asked for at every sign-in', async () => {
    const { page, back } = await toCode('kim');
    isAt(page, /^Set up a second factor/);
    const secret = secretOf(page.text);
    assert.equal(secret.length, 32);
    assert.match(page.text, /<svg class="qr" role="img" aria-labelledby="qr-title"[^>]*><title id="qr-title">QR code/);
    const link = new URL(page.text.match(/<a id="otpauth" href="([^"]+)"/)[1].replaceAll('&amp;', '&'));
    assert.equal(link.searchParams.get('secret'), secret);
    assert.match(decodeURIComponent(link.href), /^otpauth:\/\/totp\/127\.0\.0\.1:kim@acme\.example\?/);
    assert.deepEqual(['issuer', 'algorithm', 'digits', 'period'].map((name) => link.searchParams.get(name)), ['127.0.0.1', 'SHA1', '6', '30']);
    assert.equal(page.form.inputs.find((i) => i.name === 'code').autocomplete, 'one-time-code');
    const wrong = await visitor.send(page, { code: '000000' }, 'confirm');
    assert.match(wrong.problem, /code is wrong/);
    assert.equal(secretOf(wrong.text), secret, 'the same secret, until it is confirmed');
    assert.match((await visitor.send(wrong, { code: '' }, 'confirm')).problem, /Enter the code/);
    const begun = step(), again = await visitor.get(`/auth/login?flow=${page.form.fields.flow}`);
    const codes = await visitor.send(again, { code: ` ${codeAt(secret, begun).replace(/^.../, '$& ')}` }, 'confirm');
    isAt(codes, /^Keep your recovery codes/);
    assert.equal(new Set(recoveryOf(codes.text)).size, 10);
    assert.doesNotMatch(codes.text, new RegExp(secret.slice(0, 4)));
    shown.push(secret, ...recoveryOf(codes.text));
    assert.deepEqual((await back(await visitor.send(codes, {}, 'kept'))).amr, ['pwd', 'otp', 'mfa']);

    const other = new Visitor(server), next = await toCode('kim', other);
    isAt(next.page, /^Enter your code/);
    assert.ok(!other.cookies.has('postern-session'));
    // The code that confirmed it was used; the next one is good, once.
    const used = await other.send(next.page, { code: codeAt(secret, begun) }, 'verify');
    assert.match(used.problem, /used already|wrong/);
    const claims = await next.back(await other.send(used, { code: codeAt(secret, begun + 1) }, 'verify'));
    assert.deepEqual(claims.amr, ['pwd', 'otp', 'mfa']);
    const third = new Visitor(server), replay = await toCode('kim', third);
    assert.match((await third.send(replay.page, { code: codeAt(secret, begun + 1) }, 'verify')).problem, /used already/);
    await server.sql("UPDATE employee_login SET failures = 0 WHERE mfa_kind = 'totp'");
  });

  test('reset: the page of an enrolment is of one browser, its address holds no secret', async () => {
    const { page } = await toCode('tom');
    const secret = secretOf(page.text), address = `/auth/login?flow=${page.form.fields.flow}`;
    shown.push(secret);
    isOver(await new Visitor(server).get(address));
    isOver(await new Visitor(server).submit(page, { code: codeAt(secret, step()) }, 'confirm'));
    const [[data]] = await server.sql("SELECT data FROM login_flow_index WHERE step = 'enrol'");
    assert.ok(!data.includes(secret));
    const second = await toCode('tom', new Visitor(server));
    assert.notEqual(secretOf(second.page.text), secret, 'each sign-in has a secret of its own');
    assert.equal((await visitor.open(request({ prompt: 'none' }).url)).location.match(/error=(\w+)/)[1], 'login_required');
  });

  test('steps: no step is skipped, replayed, or taken by another browser', async () => {
    const device = await enrol('lee');
    const other = new Visitor(server);
    for (const [fields, action] of [[{}, 'kept'], [{}, 'continue'], [{}, 'confirm'], [{ password: PASSWORD }, 'login'], [{}, 'allow'], [{}, 'enrol'], [{ recovery_code: device.codes[0] }, 'device']]) {
      const { page } = await toCode('lee', other);
      const answer = await other.follow(await other.submit(page, { ...fields, step: 'codes' }, action));
      isAt(answer, /^Enter your code/);
      assert.ok(!other.cookies.has('postern-session'), action);
    }
    const { page, back } = await toCode('lee', other);
    const good = codeAt(device.secret, 1);
    isOver(await visitor.submit(page, { code: good }, 'verify'));
    const recovery = await other.send(page, {}, 'recovery');
    isAt(recovery, /^Use a recovery code/);
    isOver(await other.submit(page, { code: good }, 'verify')); // the page before it
    const device2 = await other.send(recovery, {}, 'device');
    const answers = await Promise.all(Array.from({ length: 16 }, () => other.submit(device2, { code: good }, 'verify')));
    const done = answers.filter((answer) => answer.location?.startsWith(CALLBACK));
    assert.equal(done.length, 1);
    await back(done[0]);
  });

  test('lockout: 16 sign-ins with one code give one session', async () => {
    const device = await enrol('bob');
    const pages = await Promise.all(Array.from({ length: 16 }, async () => {
      const by = new Visitor(server);
      return { by, ...await toCode('bob', by) };
    }));
    const answers = await Promise.all(pages.map(({ by, page }) => by.submit(page, { code: codeAt(device.secret, 1) }, 'verify')));
    assert.equal(answers.filter((answer) => answer.location.startsWith(CALLBACK)).length, 1);
    assert.equal(pages.filter(({ by }) => by.cookies.has('postern-session')).length, 1);
  });

  test('a token may be some counters ahead, and never back', async () => {
    const device = await enrol('ann');
    const { page } = await toCode('ann', new Visitor(server));
    const by = new Visitor(server), first = await toCode('ann', by);
    await first.back(await by.send(first.page, { code: codeAt(device.secret, 7) }, 'verify'));
    for (const [counter, word] of [[7, /wrong/], [3, /wrong/], [18, /wrong/]]) {
      const again = new Visitor(server), { page: p } = await toCode('ann', again);
      assert.match((await again.send(p, { code: codeAt(device.secret, counter) }, 'verify')).problem, word, `${counter}`);
    }
    assert.ok(page);
  });

  test('recovery codes: each works once; what is left is told; new ones take their place', async () => {
    const device = await enrol('gil');
    const other = new Visitor(server), { page, back } = await toCode('gil', other);
    const ask = await other.send(page, {}, 'recovery');
    assert.match((await other.send(ask, { recovery_code: ' ' }, 'verify')).problem, /Enter a recovery code/);
    const wrong = await other.send(await other.get(`/auth/login?flow=${page.form.fields.flow}`), { recovery_code: 'AAAA-AAAA-AAAA-AAAA' }, 'verify');
    assert.match(wrong.problem, /not a recovery code/);
    const left = await other.send(wrong, { recovery_code: device.codes[4].toLowerCase().replaceAll('-', ' ') }, 'verify');
    assert.match(left.text, /Recovery codes left: <bdi>9<\/bdi>/);
    const fresh = await other.send(left, {}, 'codes');
    const again = recoveryOf(fresh.text);
    shown.push(...again);
    assert.equal(again.length, 10);
    assert.ok(!again.some((code) => device.codes.includes(code)));
    assert.deepEqual((await back(await other.send(fresh, {}, 'kept'))).amr, ['pwd', 'otp', 'mfa']);
    const third = new Visitor(server), next = await toCode('gil', third);
    const old = await third.send(await third.send(next.page, {}, 'recovery'), { recovery_code: device.codes[0] }, 'verify');
    assert.match(old.problem, /not a recovery code/);
    // The device is lost: a recovery code leads to another one.
    const factor = await third.send(old, { recovery_code: again[0] }, 'verify');
    const setUp = await third.send(factor, {}, 'enrol');
    const secret = secretOf(setUp.text);
    assert.notEqual(secret, device.secret);
    const codes = await third.send(setUp, { code: codeAt(secret, 0) }, 'confirm');
    shown.push(secret, ...recoveryOf(codes.text));
    await next.back(await third.send(codes, {}, 'kept'));
    const fourth = new Visitor(server), last = await toCode('gil', fourth);
    const refused = await fourth.send(last.page, { code: codeAt(device.secret, 1) }, 'verify');
    assert.match(refused.problem, /wrong/);
    await last.back(await fourth.send(refused, { code: codeAt(secret, 1) }, 'verify'));
  });

  test('lockout: passwords, codes and recovery codes are one count, which a restart does not clear', async () => {
    const device = await enrol('eve');
    const other = new Visitor(server), user = 'eve@acme.example';
    let page = await other.send(await other.open(request().url), { username: user });
    for (let i = 0; i < 2; i++) page = await other.send(page, { password: `Wrong-lantern ${i}` });
    page = await other.send(page, { password: PASSWORD });
    for (let i = 0; i < 2; i++) {
      page = await other.send(page, { code: '12345x' }, 'verify');
      assert.match(page.problem, /code is wrong/);
    }
    await server.restart();
    page = (await toCode('eve', other)).page;
    isAt(page, /^Enter your code/);
    page = await other.send(page, {}, 'recovery');
    page = await other.send(page, { recovery_code: 'BBBB-BBBB-BBBB-BBBB' }, 'verify');
    assert.match(page.problem, /not a recovery code/);
    page = await other.send(page, { recovery_code: 'CCCC-CCCC-CCCC-CCCC' }, 'verify');
    assert.match(page.problem, /locked .*30 min/);
    assert.match((await other.send(page, { password: PASSWORD })).problem, /locked/);
    await server.sql('UPDATE employee_login SET locked_until = 1 WHERE locked_until IS NOT NULL');
    const { page: opened, back } = await toCode('eve', other);
    await back(await other.send(opened, { code: codeAt(device.secret, 1) }, 'verify'));
  });

  test('lockout: a code that is right does not open an account that was locked meanwhile', async () => {
    const device = await enrol('joe');
    const other = new Visitor(server), { page } = await toCode('joe', other);
    let wrong = await visitor.send(await visitor.open(request({ prompt: 'login' }).url), { username: 'joe@acme.example' });
    for (let i = 0; i < 6; i++) wrong = await visitor.send(wrong, { password: `Wrong-lantern ${i}` });
    const right = await other.send(page, { code: codeAt(device.secret, 1) }, 'verify');
    assert.match(right.problem, /locked/);
    assert.ok(!other.cookies.has('postern-session'));
    await server.sql('UPDATE employee_login SET locked_until = 1 WHERE locked_until IS NOT NULL');
  });

  test('enumeration: which factor somebody has is told after the right password only', async () => {
    const texts = [];
    for (const name of ['kim', 'pat', 'nobody']) {
      const by = new Visitor(server);
      const page = await by.signIn(await by.open(request().url), `${name}@acme.example`, 'Wrong-lantern');
      texts.push(page.text.replaceAll(`${name}@acme.example`, 'X').replace(/name="flow" value="[^"]+"/, '').replace(/Request [\w-]+/, ''));
    }
    assert.equal(texts[0], texts[2]);
    assert.equal(texts[1], texts[2]);
    const { page, back } = await toCode('pat');
    assert.deepEqual((await back(page)).amr, ['pwd'], 'whose policy asks for none is asked for none');
  });

  test('dead-means-dead: a factor that an administrator reset; what it had opened ends', async () => {
    const device = await enrol('max');
    const other = new Visitor(server), { page } = await toCode('max', other);
    const reset = await server.command('reset-second-factor', 'max@acme.example');
    assert.deepEqual([reset.status, reset.stdout], [0, 'max@acme.example has no second factor any more; its sign-ins have ended.\n']);
    assert.match((await visitor.open(request({ prompt: 'none' }).url)).location, /error=login_required/);
    const late = await other.send(page, { code: codeAt(device.secret, 1) }, 'verify');
    assert.match(late.problem, /was changed meanwhile/);
    const again = await enrol('max', new Visitor(server));
    assert.notEqual(again.secret, device.secret);
    const unknown = await server.command('reset-second-factor', 'nobody@acme.example');
    assert.notEqual(unknown.status, 0);
    assert.match(unknown.stderr, /no user named 'nobody@acme.example'/);
    assert.deepEqual(JSON.parse((await server.command('--json', 'reset-second-factor', 'pat@acme.example')).stdout), { reset: false });
    const actions = (await server.sql('SELECT action FROM audit')).map(([action]) => action);
    for (const action of ['second_factor.create', 'second_factor.reset', 'recovery_code.use', 'recovery_code.create']) assert.ok(actions.includes(action), action);
  });

  test('dead-means-dead: a password that was changed opens none of the sign-ins that it began', async () => {
    // The time of a password is in seconds.
    await server.sql("UPDATE employee_login SET password_changed_at = password_changed_at - 60 WHERE employee_id = (SELECT employee_id FROM employee WHERE user_name = 'zoe@acme.example')");
    const { page } = await toCode('zoe');
    isAt(page, /^Set up a second factor/);
    const declared = model(server.url), [tenant] = declared.environments[0].tenants;
    tenant.employees = [{ ...person('zoe', 'Apps'), password: `${PASSWORD} of today` }];
    server.secrets.add(tenant.employees[0].password);
    await server.applyModel(declared);
    const secret = secretOf(page.text);
    shown.push(secret);
    const late = await visitor.send(page, { code: codeAt(secret, step()) }, 'confirm');
    assert.match(late.problem, /was changed meanwhile/);
    assert.ok('username' in late.form.fields);
    const [[kind]] = await server.sql("SELECT coalesce(mfa_kind, 'none') FROM employee_login WHERE employee_id = (SELECT employee_id FROM employee WHERE user_name = 'zoe@acme.example')");
    assert.equal(kind, 'none', 'the device of whoever knew the old password is not set up');
  });

  test('reset: from the account everything is proven anew before the factor is touched', async () => {
    const device = await enrol('uma');
    const home = await visitor.open('/auth/account');
    const page = await visitor.open(home.text.match(/<a id="second-factor" href="([^"]+)"/)[1]);
    assert.ok(page.form.fields.password !== undefined, 'a session is not enough');
    assert.equal(page.form.fields.username, 'uma@acme.example');
    const code = await visitor.send(page, { password: PASSWORD });
    isAt(code, /^Enter your code/);
    const factor = await visitor.send(code, { code: codeAt(device.secret, 1) }, 'verify');
    isAt(factor, /^Your second factor/);
    const setUp = await visitor.send(factor, {}, 'enrol');
    const cancelled = await visitor.send(setUp, {}, 'later');
    isAt(cancelled, /^Your second factor/);
    const fresh = await visitor.send(cancelled, {}, 'codes');
    shown.push(...recoveryOf(fresh.text));
    const end = await visitor.submit(await visitor.send(fresh, {}, 'kept'), {}, 'continue');
    assert.equal(end.location, '/auth/account');
    assert.equal((await visitor.follow(end)).status, 200);
    assert.match((await visitor.open(request({ prompt: 'none' }).url)).location, /code=/);
  });

  test('acr: an application that must have two factors gets them, one that likes them gets what there is', async () => {
    const essential = JSON.stringify({ id_token: { acr: { essential: true, values: ['2', '9'] } } });
    const first = await toCode('sue', visitor, { acr_values: '2' });
    const one = await first.back(first.page);
    assert.deepEqual([one.acr, one.amr], ['1', ['pwd']]);
    assert.match((await visitor.open(request({ prompt: 'none', claims: essential }).url)).location, /error=login_required/);
    const { url, back } = request({ claims: essential });
    const setUp = await visitor.signIn(await visitor.open(url), 'sue@acme.example', PASSWORD);
    isAt(setUp, /^Set up a second factor/);
    assert.equal(setUp.form.buttons.later, undefined);
    const still = await visitor.send(setUp, {}, 'later'), secret = secretOf(still.text);
    const codes = await visitor.send(still, { code: codeAt(secret, step()) }, 'confirm');
    shown.push(secret, ...recoveryOf(codes.text));
    const two = await back(await visitor.send(codes, {}, 'kept'));
    assert.deepEqual([two.acr, two.amr], ['2', ['pwd', 'otp', 'mfa']]);
    const again = request({ prompt: 'none', claims: essential });
    assert.equal((await again.back(await visitor.get(again.url))).acr, '2', 'the session has both');
    const never = JSON.stringify({ id_token: { acr: { essential: true, value: '9' } } });
    assert.match((await visitor.open(request({ claims: never }).url)).location, /error=unmet_authentication_requirements/);
  });

  test('whoever likes one may have one: it is asked for from then on', async () => {
    const page = await visitor.open('/auth/account/second-factor');
    const factor = await visitor.signIn(page, 'pat@acme.example', PASSWORD);
    assert.match(factor.text, /no second factor/);
    const setUp = await visitor.send(factor, {}, 'enrol');
    const secret = secretOf(setUp.text);
    const codes = await visitor.send(setUp, { code: codeAt(secret, step()) }, 'confirm');
    shown.push(secret, ...recoveryOf(codes.text));
    isAt(await visitor.send(codes, {}, 'kept'), /^Your second factor/);
    isAt((await toCode('pat', new Visitor(server))).page, /^Enter your code/);
  });
});
