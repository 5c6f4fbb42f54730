// SPDX-License-Identifier: Apache-2.0
// People of a tenant sign in at another provider: a second posternd, npm's oidc-provider, and one that lies.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { generators, Issuer } from 'openid-client';
import { HostileProvider } from './lib/hostile_provider.mjs';
import { codeAt, recoveryOf, secretOf } from './lib/otp.mjs';
import { OtherProvider } from './lib/other_provider.mjs';
import { Visitor } from './lib/pages.mjs';
import { acme as TENANT, application, CALLBACK as APP, declare, PASSWORD, person as employee, tenant } from './lib/people.mjs';
import { Server, until } from './lib/server.mjs';

const BACK = `/auth/login/callback/${TENANT}`, SECRET = randomBytes(24).toString('hex');
const person = (name, more) => employee(name, { password: undefined, ...more });
const declaration = (issuer, more) => declare(tenant('acme', { loginAuthenticators: undefined, ...more }))(issuer);

describe('sign-in at another provider', () => {
  let server, postern, npm, hostile, visitor, issuer, clientId;

  const authenticator = (name, provider) => ({ name, kind: 'openid', provider: { clientSecret: SECRET, ...provider } });
  const model = () => declaration(server.url, {
    loginAuthenticators: [{ name: 'Passwords', default: true },
      authenticator('Other Postern', { issuer: postern.url, clientId: postern.client, claim: 'preferred_username' }),
      authenticator('Acme ID', { issuer: npm.url, clientId: 'front', claim: 'email' }),
      authenticator('Hostile', { issuer: hostile.url, clientId: 'postern' }),
      authenticator('By address', { issuer: hostile.url, clientId: 'postern', claim: 'email' }),
      authenticator('Nowhere', { issuer: 'http://127.0.0.1:1', clientId: 'postern' })],
    employees: [
      person('pat@acme.example', { password: PASSWORD }),
      person('kim@acme.example', { loginAuthenticator: 'Other Postern' }),
      person('lee@acme.example', { loginAuthenticator: 'Acme ID' }),
      person('ann@acme.example', { loginAuthenticator: 'Hostile', externalSubject: 'subject-of-ann' }),
      person('bob@acme.example', { loginAuthenticator: 'Hostile' }),
      person('eve@acme.example', { loginAuthenticator: 'By address' }),
      person('gil@acme.example', { loginAuthenticator: 'Nowhere' })],
    applications: [application('spa', { scope: ['openid'] })],
  });

  before(async () => {
    server = await Server.start({ args: ['--allow-private-fetch'] });
    postern = await Server.start();
    await postern.applyModel(declaration(postern.url, { loginAuthenticators: [{ name: 'Passwords' }],
      employees: [person('kim@acme.example', { password: PASSWORD }), person('mal@acme.example', { password: PASSWORD })],
      applications: [application('front', { type: 'confidential', authMethod: 'client_secret_basic', secret: SECRET, redirects: [server.url + BACK], scope: ['openid', 'email', 'profile'] })] }));
    postern.client = postern.generatedSecret('application', 'clientId', 'front');
    npm = await OtherProvider.start({ claims: { 'npm|lee': { email: 'Lee@acme.example', email_verified: true }, 'npm|mal': { email: 'lee@acme.example', email_verified: false } },
      clients: [{ client_id: 'front', client_secret: SECRET, redirect_uris: [server.url + BACK], grant_types: ['authorization_code'], response_types: ['code'],
        scope: 'openid email profile' }] });
    hostile = await HostileProvider.start();
    for (const s of [server, postern]) for (const secret of [PASSWORD, SECRET]) s.secrets.add(secret);
    await server.applyModel(model());
    clientId = server.generatedSecret('application', 'clientId', 'spa');
    issuer = await Issuer.discover(server.url);
  });
  after(async () => {
    await Promise.all([npm?.stop(), hostile?.stop()]);
    await postern?.stop();
    await server?.stop();
  });
  beforeEach(() => { visitor = new Visitor(server); });

  const request = (more = {}) => {
    const client = new issuer.Client({ client_id: clientId, redirect_uris: [APP], response_types: ['code'], token_endpoint_auth_method: 'none' });
    const checks = { state: generators.state(), nonce: generators.nonce(), code_verifier: generators.codeVerifier() };
    const url = client.authorizationUrl({ scope: 'openid', state: checks.state, nonce: checks.nonce, code_challenge: generators.codeChallenge(checks.code_verifier),
      code_challenge_method: 'S256', ...more });
    return { url, tokens: (answer) => client.callback(APP, client.callbackParams(answer.location), { ...checks, ...(more.max_age && { max_age: more.max_age }) }) };
  };
  const href = (page) => page.text.match(/<a class="button" id="provider" href="([^"]+)"/)?.[1].replaceAll('&amp;', '&') ?? assert.fail(`no way to a provider: ${page.problem ?? page.title}`);
  // Up to the page that leads to the provider.
  const leave = async (user, more) => {
    const r = request(more);
    const page = await visitor.send(await visitor.open(r.url), { username: user });
    return { ...r, page, to: page.text.includes('id="provider"') ? href(page) : undefined };
  };
  const come = (parameters) => visitor.get(`${BACK}?${new URLSearchParams(parameters)}`);
  const arrive = async (user, more, way = {}) => {
    const r = await leave(user, more);
    const parameters = hostile.redeem(r.to, way);
    return { ...r, parameters, answer: await come(parameters) };
  };
  const problem = async (answer) => {
    assert.equal(answer.status, 303);
    assert.ok(answer.location.startsWith('/auth/login?flow='), answer.location);
    const page = await visitor.follow(answer);
    assert.ok('username' in page.form.fields, 'back at the user name');
    return page.problem;
  };
  const nobody = async () => assert.match((await visitor.get(request({ prompt: 'none' }).url)).location, /error=login_required/);

  test('at a second Postern, found by the name, then by the subject', async () => {
    for (const round of [1, 2]) {
      visitor = new Visitor(server);
      const r = await leave('KIM@acme.example');
      assert.equal(r.page.headers.refresh, `0;url=${r.to}`);
      const asked = new URL(r.to).searchParams;
      assert.equal(asked.get('code_challenge_method'), 'S256');
      assert.equal(asked.get('login_hint'), 'kim@acme.example');
      const there = new Visitor(postern);
      const name = await there.open(r.to);
      assert.equal(name.form.fields.username, 'kim@acme.example');
      const done = await there.signIn(name, 'kim@acme.example', PASSWORD);
      assert.ok(done.location?.startsWith(server.url + BACK), done.location ?? done.problem);
      const tokens = await r.tokens(await visitor.get(done.location));
      assert.equal(tokens.claims().name, 'kim@acme.example', `round ${round}`);
      assert.deepEqual(tokens.claims().amr, ['fed', 'pwd']);
    }
    // A session of this Postern, for its other applications.
    const { tokens, url } = request({ prompt: 'none' });
    assert.equal((await tokens(await visitor.get(url))).claims().name, 'kim@acme.example');
  });

  test('idor: another user of the same provider does not become this one', async () => {
    const r = await leave('kim@acme.example');
    const there = new Visitor(postern);
    const done = await there.signIn(await there.open(r.to), 'mal@acme.example', PASSWORD);
    assert.match(await problem(await visitor.get(done.location)), /another account/);
    await nobody();
    // The next try asks there anew, so that another account can be chosen.
    const again = await visitor.send(await visitor.open(r.url), { username: 'kim@acme.example' });
    assert.ok(href(again));
  });

  const throughNpm = async (r) => {
    const there = new Visitor({ url: npm.url, request: (method, target, options) => server.request(method, target, { ...options, base: npm.url }) });
    return there.open(r.to);
  };

  test("at npm's oidc-provider, whose claims come from userinfo", async () => {
    npm.person = 'npm|lee';
    const r = await leave('lee@acme.example');
    const done = await throughNpm(r);
    const tokens = await r.tokens(await visitor.get(done.location));
    assert.equal(tokens.claims().name, 'lee@acme.example');
    assert.deepEqual(npm.errors, []);
    assert.equal(npm.hints.at(-1), 'lee@acme.example');
  });

  test('idor: an address that nobody verified, and a subject that is not the known one', async () => {
    npm.person = 'npm|mal';
    assert.match(await problem(await visitor.get((await throughNpm(await leave('lee@acme.example'))).location)), /another account/);
    await server.applyModel(declaration(server.url, { employees: [person('lee@acme.example', { externalSubject: '' })] }));
    visitor = new Visitor(server);
    assert.match(await problem(await visitor.get((await throughNpm(await leave('lee@acme.example'))).location)), /not known to belong/);
    await nobody();
  });

  test('access_denied: back at the user name, and it can be tried again', async () => {
    npm.person = null;
    const r = await leave('lee@acme.example');
    assert.match(await problem(await visitor.get((await throughNpm(r)).location)), /cancelled or refused/);
    npm.person = 'npm|lee';
    const again = await visitor.send(await visitor.open(r.url), { username: 'lee@acme.example' });
    assert.ok(href(again));
  });

  test('by the declared subject; the client authenticates, the code is bound by PKCE', async () => {
    hostile.subject = 'subject-of-ann';
    const r = await arrive('ann@acme.example');
    assert.equal((await r.tokens(r.answer)).claims().name, 'ann@acme.example');
    const form = hostile.forms.at(-1);
    assert.equal(form.authorization, `Basic ${Buffer.from(`postern:${SECRET}`).toString('base64')}`);
    assert.match(form.code_verifier, /^[\w-]{43}$/);
    assert.match((await come(r.parameters)).title, /This sign-in is over/);
  });

  test('idor: the right address is not the subject of this user, and who is not connected stays out', async () => {
    hostile.subject = 'subject-of-bob';
    assert.match(await problem((await arrive('ann@acme.example')).answer), /another account/);
    assert.match(await problem((await arrive('bob@acme.example')).answer), /not known to belong/);
    await nobody();
  });

  const now = () => Math.floor(Date.now() / 1000);
  const lies = {
    'wrong nonce': () => ({ claims: { nonce: 'another' } }),
    'no nonce': () => ({ claims: { nonce: undefined } }),
    'wrong aud': () => ({ claims: { aud: 'another' } }),
    'two aud without azp': () => ({ claims: { aud: ['postern', 'another'] } }),
    'azp of another': () => ({ claims: { aud: ['postern', 'another'], azp: 'another' } }),
    'wrong iss': () => ({ claims: { iss: 'https://another.example' } }),
    'expired': () => ({ claims: { exp: now() - 1 } }),
    'of tomorrow': () => ({ claims: { iat: now() + 86400 } }),
    'no iat': () => ({ claims: { iat: undefined } }),
    'no sub': () => ({ claims: { sub: undefined } }),
    'wrong at_hash': () => ({ claims: { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' } }),
    'auth_time of tomorrow': () => ({ claims: { auth_time: now() + 86400 } }),
    'alg none': () => ({ alg: 'none' }),
    'HS256 with the client secret': () => ({ alg: 'HS256', secret: SECRET }),
    'another key under a known kid': () => ({ key: hostile.stranger }),
    'unknown key': () => ({ key: hostile.stranger, kid: 'unknown' }),
    'unsigned': () => ({ token: (right) => `${right.split('.').slice(0, 2).join('.')}.` }),
    'no token': () => ({ status: 200, body: '{"access_token":"a"}' }),
    'no JSON': () => ({ status: 200, body: '<html>' }),
    'huge': () => ({ status: 200, body: `{"id_token":"${'A'.repeat(200_000)}"}` }),
    'an error': () => ({ status: 400, body: '{"error":"invalid_client"}' }),
  };
  for (const [name, lie] of Object.entries(lies)) {
    test(`jwt: an id token of another provider is refused: ${name}`, async () => {
      hostile.subject = 'subject-of-ann';
      hostile.next = lie();
      const said = await problem((await arrive('ann@acme.example')).answer);
      assert.match(said, name === 'huge' ? /cannot be reached/ : /cannot be accepted/);
      await nobody();
    });
  }

  test('a changed key is fetched, and no more often than it should', async () => {
    hostile.subject = 'subject-of-ann';
    hostile.key = hostile.stranger;
    hostile.kid = 'second';
    hostile.stranger = { privateKey: undefined };
    const before_ = hostile.asked.filter((path) => path === '/jwks').length;
    await until('the new key is believed', async () => {
      visitor = new Visitor(server);
      const r = await arrive('ann@acme.example');
      return r.answer.location.startsWith(APP);
    });
    assert.ok(hostile.asked.filter((path) => path === '/jwks').length - before_ <= 2);
  });

  test('mix-up: iss of the answer is another one, or missing where it is promised', async () => {
    const spent = hostile.forms.length;
    assert.match(await problem((await arrive('ann@acme.example', {}, { iss: 'https://another.example' })).answer), /cannot be accepted/);
    assert.equal(hostile.forms.length, spent, 'the code went nowhere');
    npm.person = 'npm|lee';
    visitor = new Visitor(server);
    const back = new URL((await throughNpm(await leave('lee@acme.example'))).location);
    assert.equal(back.searchParams.get('iss'), npm.url);
    back.searchParams.delete('iss');
    const asked = npm.requests.length;
    assert.match(await problem(await visitor.get(back.href)), /cannot be accepted/);
    assert.equal(npm.requests.slice(asked).filter((r) => r.path === '/token').length, 0);
  });

  // A provider of another tenant sends the browser on to this one with its own state: the answer comes to this tenant's address.
  test('mix-up: an answer that came to the address of another tenant is not redeemed', async () => {
    hostile.subject = 'subject-of-ann';
    const spent = hostile.forms.length;
    for (const other of ['11ee9999-2222-4222-8222-222222222222', TENANT.toUpperCase(), 'x']) {
      visitor = new Visitor(server);
      const r = await leave('ann@acme.example');
      assert.equal(new URL(r.to).searchParams.get('redirect_uri'), server.url + BACK);
      const answer = await visitor.get(`/auth/login/callback/${other}?${new URLSearchParams(hostile.redeem(r.to))}`);
      assert.match(await problem(answer), /cannot be accepted/, other);
    }
    visitor = new Visitor(server);
    const r = await leave('ann@acme.example');
    assert.equal((await visitor.get(`/auth/login/callback?${new URLSearchParams(hostile.redeem(r.to))}`)).status, 404);
    assert.equal(hostile.forms.length, spent, 'the code went nowhere');
    await nobody();
  });

  test('steps: state of another browser, made up, used before, or of a step that is over', async () => {
    hostile.subject = 'subject-of-ann';
    const r = await leave('ann@acme.example');
    const parameters = hostile.redeem(r.to);
    const spent = hostile.forms.length;
    const other = new Visitor(server);
    await other.open(request().url);
    for (const [who, sent] of [[other, parameters], [new Visitor(server), parameters], [visitor, { ...parameters, state: 'made-up' }],
      [visitor, { ...parameters, state: parameters.state.replace(/^(.{30})(.)/, (_, head, c) => head + (c === '_' ? '-' : '_')) }], [visitor, { code: parameters.code }]]) {
      const answer = await who.get(`${BACK}?${new URLSearchParams(sent)}`);
      assert.equal(answer.status, 400);
      assert.match(answer.title, /This sign-in is over/);
    }
    assert.equal(hostile.forms.length, spent);
    assert.ok((await come(parameters)).location.startsWith(APP));
    assert.match((await come(parameters)).title, /over/);
    visitor = new Visitor(server);
    const left = await leave('ann@acme.example');
    await visitor.submit(left.page, {}, 'change');
    assert.match((await come(hostile.redeem(left.to))).title, /done already/);
  });

  test('param-pollution: a parameter twice', async () => {
    const r = await leave('ann@acme.example');
    const parameters = new URLSearchParams(hostile.redeem(r.to));
    assert.equal((await visitor.get(`${BACK}?${parameters}&code=other`)).status, 400);
  });

  test('max_age and prompt=login are asked of the provider, and must show', async () => {
    hostile.subject = 'subject-of-ann';
    const asked = new URL((await leave('ann@acme.example', { max_age: 60, prompt: 'login' })).to).searchParams;
    assert.deepEqual([asked.get('max_age'), asked.get('prompt')], ['60', 'login']);
    for (const auth_time of [undefined, now() - 7200]) {
      for (const more of [{ max_age: 600 }, { prompt: 'login' }]) {
        visitor = new Visitor(server);
        hostile.next = { claims: { auth_time } };
        assert.match(await problem((await arrive('ann@acme.example', more)).answer), /sign in anew/);
      }
    }
    visitor = new Visitor(server);
    hostile.next = { claims: { auth_time: now() - 120 } };
    const r = await arrive('ann@acme.example', { max_age: 600 });
    assert.ok(Math.abs((await r.tokens(r.answer)).claims().auth_time - (now() - 120)) < 30);
    // A page for consent that outlived max_age leads there again, and not to a password.
    visitor = new Visitor(server);
    hostile.next = { claims: { auth_time: now() } };
    const asks = await arrive('ann@acme.example', { max_age: 60, prompt: 'consent' });
    const consent = await visitor.follow(asks.answer);
    assert.match(consent.title, /^Allow access/);
    await server.sql('UPDATE sso_session SET auth_at = auth_at - 100');
    const again = await visitor.send(consent, {}, 'allow');
    assert.ok(again.text.includes('id="provider"'), again.title);
  });

  test('reset: the second factor of somebody from another provider is asked for, not set up anew', async () => {
    hostile.subject = 'subject-of-ann';
    const claims = JSON.stringify({ id_token: { acr: { essential: true, value: '2' } } });
    const twice = async (amr, page) => {
      visitor = new Visitor(server);
      hostile.next = { claims: { amr } };
      const r = await arrive('ann@acme.example', { claims });
      return { ...r, page: page && await visitor.follow(r.answer) };
    };
    const step = Math.floor(Date.now() / 30000), first = await twice(['otp'], true);
    assert.match(first.page.title, /^Set up a second factor/, 'what the provider calls one factor is one');
    const secret = secretOf(first.page.text);
    const codes = await visitor.send(first.page, { code: codeAt(secret, step) }, 'confirm');
    for (const shown of [secret, ...recoveryOf(codes.text)]) server.secrets.add(shown);
    const said = (await first.tokens(await visitor.send(codes, {}, 'kept'))).claims();
    assert.deepEqual([said.acr, said.amr], ['2', ['fed', 'otp', 'mfa']]);

    const second = await twice(['pwd'], true);
    assert.match(second.page.title, /^Enter your code/);
    assert.match((await visitor.send(second.page, { code: codeAt(secret, step) }, 'verify')).problem, /used already|wrong/);
    const third = await twice(['pwd', 'mfa']);
    assert.deepEqual((await third.tokens(third.answer)).claims().amr, ['fed', 'pwd', 'mfa'], 'two there are two');
    // Whoever finds the provider's session open does not make the factor theirs.
    visitor = new Visitor(server);
    hostile.next = { claims: { auth_time: now(), amr: ['pwd', 'mfa'] } };
    const name = await visitor.open('/auth/account/second-factor');
    const there = await visitor.send(name, { username: 'ann@acme.example' });
    const page = await visitor.follow(await come(hostile.redeem(href(there))));
    assert.match(page.title, /^Enter your code/);
    visitor = new Visitor(server);
    const plain = await arrive('ann@acme.example');
    assert.deepEqual((await plain.tokens(plain.answer)).claims().amr, ['fed'], 'and nobody is asked who need not be');
  });

  test('dead-means-dead: blocked, or at another authenticator, while signing in there', async () => {
    hostile.subject = 'subject-of-ann';
    for (const change of [{ status: 'BLOCKED' }, { status: 'ACTIVE', loginAuthenticator: 'Nowhere' }]) {
      visitor = new Visitor(server);
      const r = await leave('ann@acme.example');
      await server.applyModel(declaration(server.url, { employees: [person('ann@acme.example', change)] }));
      assert.match(await problem(await come(hostile.redeem(r.to))), /cannot be accepted/);
      await nobody();
      await server.applyModel(declaration(server.url, { employees: [person('ann@acme.example',
        { status: 'ACTIVE', loginAuthenticator: 'Hostile', externalSubject: 'subject-of-ann' })] }));
    }
  });

  test('enumeration: a password posted for them is wrong, whatever it is', async () => {
    await server.sql(`UPDATE employee_login SET password_hash = (SELECT password_hash FROM employee_login WHERE password_hash IS NOT NULL LIMIT 1)
      WHERE employee_id = (SELECT employee_id FROM employee WHERE user_name = 'gil@acme.example')`);
    const page = await visitor.send(await visitor.open(request().url), { username: 'pat@acme.example' });
    await server.sql(`UPDATE login_flow_index SET data = '{"user_name":"gil@acme.example"}' WHERE step = 'password'`);
    const answer = await visitor.send(page, { password: PASSWORD });
    assert.match(answer.problem, /user name or the password is wrong/);
  });

  test('ssrf: without allow_private_fetch a provider of this machine is not asked, and the log names the setting', async () => {
    const closed = await Server.start();
    try {
      await closed.applyModel(declaration(closed.url, {
        loginAuthenticators: [{ name: 'Here', kind: 'openid', provider: { issuer: 'http://127.0.0.1:1', clientId: 'x' } }],
        employees: [person('gil@acme.example', { loginAuthenticator: 'Here' })] }));
      const by = new Visitor(closed);
      assert.match((await by.send(await by.open('/auth/account'), { username: 'gil@acme.example' })).problem, /cannot be reached/);
      assert.match(closed.log, /discovery: the URL is not https; http takes the setting allow_private_fetch/);
    } finally {
      await closed.stop();
    }
  });

  test('apply and plan print the redirect URI of an authenticator that is new', async () => {
    const file = path.join(server.folder, 'more.json'), back = `redirect URI ${server.url}${BACK}`;
    const write = (more) => writeFile(file, JSON.stringify(declaration(server.url, more)));
    const details = async (...args) => JSON.parse((await server.command(...args, '--json', file)).stdout).changes.map((change) => change.detail);
    await write({ loginAuthenticators: [authenticator('Newer', { issuer: npm.url, clientId: 'front' }), { name: 'More passwords' }] });
    assert.deepEqual((await details('plan')).filter(Boolean), [back]);
    const applied = await server.command('apply', file);
    assert.ok(applied.stdout.includes(`acme/Newer`) && applied.stdout.includes(back), applied.stdout);
    await write({ loginAuthenticators: [authenticator('More passwords', { issuer: npm.url, clientId: 'front' })] });
    assert.match((await details('apply'))[0], /^kind, provider.*; redirect URI http/);
    await write({ tenantId: undefined, tenant: 'fresh', businessUnits: [{ number: 4600999 }], loginAuthenticators: [authenticator('Theirs', { issuer: npm.url, clientId: 'front' })] });
    assert.equal((await server.command('plan', file)).stdout.includes('redirect URI'), false, 'the tenant has no lasting id yet');
    const [, id] = (await server.command('apply', file)).stdout.match(/redirect URI \S+\/(\S+)/);
    assert.deepEqual(await server.sql(`SELECT tenant FROM tenant WHERE tenant_id = '${id}'`), [['fresh']]);
  });

  test('a provider that is down, or is none', async () => {
    const down = await leave('gil@acme.example');
    assert.match(down.page.problem, /cannot be reached/);
    assert.equal(down.page.form.fields.username, 'gil@acme.example');
    assert.ok(server.logLines().some((line) => line.event === 'login_provider' && line.issuer === 'http://127.0.0.1:1'));
  });

  test('ssrf: discovery that redirects, is of another issuer, is huge or slow', async () => {
    const at = '/.well-known/openid-configuration';
    const pages = {
      redirects: (_, response) => { response.writeHead(302, { location: `${hostile.url}${at}?` }); response.end(); },
      huge: (_, response) => { response.writeHead(200, { 'content-type': 'application/json' }); response.end(`{"a":"${'a'.repeat(100_000)}"}`); },
      'of another issuer': (_, response) => response.end(JSON.stringify({ issuer: `${hostile.url}/`, authorization_endpoint: `${hostile.url}/a`,
        token_endpoint: `${hostile.url}/t`, jwks_uri: `${hostile.url}/j` })),
      'with a local file': (_, response) => response.end(JSON.stringify({ issuer: `${hostile.url}/with-a-local-file`, authorization_endpoint: `${hostile.url}/a`,
        token_endpoint: `${hostile.url}/t`, jwks_uri: 'file:///etc/passwd' })),
      slow: () => {},
    };
    let number = 0;
    for (const [name, page] of Object.entries(pages)) {
      const where = `/${name.replaceAll(' ', '-')}`;
      hostile.at[where + at] = page;
      const user = `x${number++}@acme.example`;
      await server.applyModel(declaration(server.url, { loginAuthenticators: [authenticator(name, { issuer: hostile.url + where, clientId: 'postern' })],
        employees: [person(user, { loginAuthenticator: name })] }));
      visitor = new Visitor(server);
      const started = Date.now();
      assert.match((await leave(user)).page.problem ?? name, /cannot be reached/);
      assert.ok(Date.now() - started < 10_000, name);
    }
    assert.equal(hostile.asked.filter((path) => path === at).length, 1, 'one fetch of it is kept, and no redirect is followed');
  });

  test('the pages speak the languages', async () => {
    for (const [language, words] of [['de', /Anmeldedienst/], ['es', /servicio de inicio/], ['fr', /service de connexion/], ['ja', /サインインサービス/]]) {
      visitor = new Visitor(server, { 'accept-language': language });
      assert.match((await leave('gil@acme.example')).page.problem, words);
    }
  });
});
