// SPDX-License-Identifier: Apache-2.0
// postern login and logout against another vendor's server (npm oidc-provider) and against posternd with its own pages: a
// scripted browser brings the answer back to the loopback address; what others send there changes nothing.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Browser } from './lib/browser.mjs';
import { OtherProvider } from './lib/other_provider.mjs';
import { Home, onceForAllEngines, postern } from './lib/postern.mjs';
import { acme, model } from './lib/model.mjs';
import { Server, until } from './lib/server.mjs';

const AUTH = 3, SERVER = 6, CANCELLED = 130;
const BROWSER = `${process.execPath} ${fileURLToPath(new URL('lib/browser.mjs', import.meta.url))}`;
const quiet = { BROWSER: '', DISPLAY: '', WAYLAND_DISPLAY: '' };
let other, home, waiting;

async function world({ client = 'native', settings = {}, ...options } = {}) {
  other = await OtherProvider.start(options);
  home = await Home.make(undefined, { env: quiet });
  const { client_id, client_secret } = other.clients[client];
  home.settings = { issuer: other.url, client_id, ...client_secret && { client_secret }, grant: 'authorization_code', ...settings };
  home.secrets = () => [client_secret, ...other.requests.flatMap(({ form = {} }) => [form.code, form.code_verifier, form.refresh_token])].filter(Boolean);
  await home.profile(home.settings);
}

const tidy = () => afterEach(async () => {
  try {
    if (waiting && waiting.exitCode === null && waiting.signalCode === null) waiting.kill('SIGKILL');
    await waiting?.done;
    await home.checkCache();
    assert.deepEqual(other.errors.filter((e) => /Error:/.test(e)), []);
  } finally {
    waiting = undefined;
    await other.stop();
    await home.remove();
  }
});

// `postern login --no-browser`, until it says where: { child, url, back }.
async function begin(...args) {
  waiting = home.spawn(postern, ['login', '--no-browser', ...args]);
  const child = waiting;
  const found = await until('the address', () => child.said().match(/^ {4}(http\S+)$/m));
  const url = new URL(found[1]);
  return { child, url, back: new URL(url.searchParams.get('redirect_uri')) };
}

// What the browser would be sent back to.
const answer = (url) => new Browser().open(url, { until: (at) => at.pathname === '/callback' });

async function end(child, status, says) {
  const done = await child.done;
  assert.equal(done.status, status, done.stderr);
  assert.match(status === 0 ? done.stdout : done.stderr, says);
  return done;
}

function request(url, { method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    http.request(url, { method, headers, agent: false }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }));
    }).on('error', reject).end();
  });
}

// The page's own style is all that its policy lets in; light and dark.
function styled({ headers, text }) {
  const [, style] = text.match(/<style>([^<]*)<\/style>/);
  const digest = createHash('sha256').update(style).digest('base64');
  assert.equal(headers['content-security-policy'],
    `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`);
  assert.match(style, /color-scheme:light dark.*prefers-color-scheme:dark/);
  assert.doesNotMatch(text, /<script|src=|href=|url\(| style=/);
}

const good = async (...args) => {
  const done = await home.run(...args);
  assert.equal(done.status, 0, done.stderr);
  return done;
};
const signIn = async (...args) => good('login', ...args, { env: { BROWSER } });
const refreshes = () => other.requests.filter((r) => r.form?.grant_type === 'refresh_token').length;

describe('postern login', onceForAllEngines, () => {
  tidy();

  for (const client of ['native', 'site']) {
    test(`${client}: from the browser to tokens, their renewal, and out again`, async () => {
      await world({ client, accessLife: 1 });
      const before = await home.run('token');
      assert.equal(before.status, AUTH);
      assert.match(before.stderr, /Nobody is signed in. Sign in with: postern login\n/);
      assert.match((await good('status')).stdout, /^default\tsigned out/);
      const { stdout } = await signIn('--login-hint', 'kim@acme.example');
      assert.match(stdout, /^Signed in as kim\.\nThe token is good for 1 s and is renewed as it is used\.\n$/);
      assert.ok(other.hints.includes('kim@acme.example'));
      const first = (await home.entry()).json.access_token;
      await until('a renewed token', async () => (await home.token()) !== first);
      const [state] = (await good('status', '--json')).json;
      assert.deepEqual([state.signed_in, state.has_refresh_token, state.user, state.grant], [true, true, 'kim', 'authorization_code']);
      const me = await good('api', '/me', '--base', 'issuer');
      assert.equal(JSON.parse(me.stdout).sub, 'kim');
      const { json: { refresh_token: refresh } } = await home.entry();
      assert.match((await good('logout')).stdout, /^Signed out/);
      assert.equal(other.spentTwice(), 0, 'refresh tokens spent twice');
      assert.deepEqual((await home.cacheNames()).filter((name) => name.endsWith('.json')), []);
      assert.equal(await other.provider.RefreshToken.find(refresh), undefined, 'it is not revoked');
      assert.equal((await home.run('token')).status, AUTH);
      assert.match((await good('logout')).stdout, /^Nobody was signed in/);
    });
  }

  test('the request: PKCE S256, state, nonce, openid; all new each time', async () => {
    await world({ settings: { scope: 'offline_access' } });
    const one = await begin('--prompt', 'login');
    const { searchParams: p } = one.url;
    assert.equal(p.get('response_type'), 'code');
    assert.equal(p.get('code_challenge_method'), 'S256');
    assert.equal(p.get('scope'), 'openid offline_access');
    assert.equal(p.get('prompt'), 'login');
    assert.match(one.back.href, /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    one.child.kill('SIGINT');
    await end(one.child, CANCELLED, /given up/);
    const two = await begin();
    for (const name of ['state', 'nonce', 'code_challenge']) {
      assert.match(p.get(name), /^[\w-]{43}$/);
      assert.notEqual(two.url.searchParams.get(name), p.get(name), name);
    }
    two.child.kill('SIGINT');
    await end(two.child, CANCELLED, /given up/);
  });

  test('without a browser it says what to do; --json says who', async () => {
    await world();
    const { child, url, back } = await begin('--json');
    assert.match(child.said(), new RegExp(`ssh -L ${back.port}:127\\.0\\.0\\.1:${back.port} `));
    const page = await request(await answer(url));
    assert.equal(page.status, 200);
    assert.match(page.text, /You are signed in[\s\S]*close this window/);
    assert.doesNotMatch(page.text, /code=|state=|<script/);
    styled(page);
    assert.match(page.text, /Profile: <b>default<\/b>/);
    assert.deepEqual([page.headers['cache-control'], page.headers['referrer-policy']], ['no-store', 'no-referrer']);
    const { json } = await end(child, 0, /signed_in/);
    assert.deepEqual([json.signed_in, json.sub, json.has_refresh_token], [true, 'kim', true]);
  });

  test('steps: other requests, idle connections and answers of others change nothing', async () => {
    await world();
    const { child, url, back } = await begin();
    const idle = net.connect(Number(back.port), '127.0.0.1');
    await once(idle, 'connect');
    const right = await answer(url);
    const wrong = new URL(right);
    wrong.searchParams.set('state', 'A'.repeat(43));
    const twice = `${right.href}&code=x`;
    for (const [status, target, options] of [
      [404, new URL('/favicon.ico', back)], [404, new URL('/', back)], [404, new URL('/callback', back)], [404, right, { method: 'POST' }],
      [404, right, { method: 'HEAD' }], [404, right, { headers: { host: `evil.example:${back.port}` } }],
      [400, wrong], [400, new URL(twice)], [400, new URL('/callback?code=x', back)],
    ]) {
      const refused = await request(target, options);
      assert.equal(refused.status, status, `${options?.method ?? 'GET'} ${target}`);
      assert.doesNotMatch(refused.text, /AAAA|evil|default/);
      if (options?.method !== 'HEAD') styled(refused);
    }
    const large = await request(new URL('/callback', back), { headers: { cookie: 'c'.repeat(17_000) } }).catch((error) => ({ status: error.code }));
    assert.ok([431, 'ECONNRESET', 'EPIPE'].includes(large.status), String(large.status));
    const many = Array.from({ length: 20 }, () => net.connect(Number(back.port), '127.0.0.1').on('error', () => {}));
    await Promise.all(many.map((socket) => once(socket, 'connect')));
    assert.equal((await request(right)).status, 200);
    await end(child, 0, /^Signed in as kim/);
    await assert.rejects(request(right), { code: 'ECONNREFUSED' });
    assert.equal(other.requests.filter((r) => r.path === '/token').length, 1);
    for (const socket of [idle, ...many]) socket.destroy();
  });

  test('mix_up: an answer of another issuer, or of none, is not taken', async () => {
    await world();
    const { child, url } = await begin();
    const right = await answer(url);
    assert.equal(right.searchParams.get('iss'), other.url);
    const foreign = new URL(right), silent = new URL(right);
    foreign.searchParams.set('iss', 'https://evil.example');
    silent.searchParams.delete('iss');
    for (const wrong of [foreign, silent]) assert.equal((await request(wrong)).status, 400);
    assert.equal(other.requests.filter((r) => r.path === '/token').length, 0, 'a code was sent');
    assert.equal((await request(right)).status, 200);
    await end(child, 0, /^Signed in as kim/);
  });

  test('who says no in the browser is told so', async () => {
    await world();
    other.person = null;
    const { child, url } = await begin('--json');
    const page = await request(await answer(url));
    assert.match(page.text, /not signed in/);
    styled(page);
    assert.match(page.text, /Profile: <b>default<\/b>/);
    const done = await end(child, AUTH, /access_denied/);
    const { error } = JSON.parse(done.stderr.split('\n').find((line) => line.startsWith('{')));
    assert.deepEqual([error.code, error.error], ['auth', 'access_denied']);
    assert.deepEqual((await good('status', '--json')).json.map((s) => s.signed_in), [false]);
  });

  test('pkce_downgrade: the code of another sign-in brings nothing', async () => {
    await world();
    const one = await begin();
    const stolen = await answer(one.url);
    one.child.kill('SIGINT');
    await one.child.done;
    other.person = 'mallory';
    const two = await begin();
    const right = await answer(two.url);
    right.searchParams.set('code', stolen.searchParams.get('code'));
    assert.match((await request(right)).text, /not signed in/);
    await end(two.child, AUTH, /invalid_grant[\s\S]*sign in again/);
    assert.deepEqual((await good('status', '--json')).json.map((s) => s.signed_in), [false]);
  });

  test('the port is this program\'s while it waits', async () => {
    await world();
    const { child, back } = await begin();
    const second = net.createServer().listen(Number(back.port), '127.0.0.1');
    const [error] = await once(second, 'error');
    assert.equal(error.code, 'EADDRINUSE');
    const { child: sibling, back: elsewhere } = await begin();
    assert.notEqual(elsewhere.port, back.port);
    for (const one of [child, sibling]) one.kill('SIGINT');
    await Promise.all([child, sibling].map((one) => end(one, CANCELLED, /given up/)));
  });

  test('nobody comes: it ends in time', async () => {
    await world();
    const { child } = await begin('--timeout', '1');
    await end(child, AUTH, /Nobody signed in within 1 s/);
  });

  test('a browser that cannot be started, or that fails, is told; the address is there all the same', async () => {
    await world();
    for (const [browser, says] of [['/nonexistent/browser', /cannot be started/], ['false', /could not be opened/]]) {
      waiting = home.spawn(postern, ['login'], { env: { BROWSER: browser } });
      const child = waiting;
      await until('it is told', () => says.test(child.said()));
      const [, url] = await until('the address', () => child.said().match(/^ {4}(http\S+)$/m));
      assert.equal((await request(await answer(url))).status, 200);
      await end(child, 0, /^Signed in as kim/);
    }
  });

  test('profiles are accounts: two with the same settings do not meet', async () => {
    await world();
    await home.profile(home.settings, 'work');
    await signIn();
    other.person = 'lee';
    assert.match((await home.run('token', '--profile', 'work')).stderr, /postern login --profile work\n/);
    await signIn('--profile', 'work');
    const users = (await good('status', '--json')).json.map((s) => [s.profile, s.user]);
    assert.deepEqual(users, [['default', 'kim'], ['work', 'lee']]);
    await good('logout', '--profile', 'work');
    assert.deepEqual((await good('status', '--json')).json.map((s) => s.signed_in), [true, false]);
    await home.token();
  });

  test('settings that cannot sign anybody in say why', async () => {
    await world();
    for (const [says, ...args] of [[/configure --profile default --grant authorization_code --issuer http\S+ --client-id native/, '--grant', 'client_credentials'], [/--no-cache/, '--no-cache'],
      [/client_id/, '--client-id', ''], [/'nobody'/, '--prompt', 'nobody']]) {
      const done = await home.run('login', ...args, { env: { BROWSER } });
      assert.equal(done.status, 2, `${args}: ${done.stderr}`);
      assert.match(done.stderr, says);
    }
    assert.deepEqual(other.requests.filter((r) => r.path === '/token'), []);
  });

  test('storage_faults: tokens that cannot be kept are no success', async () => {
    await world();
    const file = path.join(home.folder, 'no-directory');
    await writeFile(file, '');
    const done = await home.run('login', { env: { BROWSER, POSTERN_CACHE_DIR: file } });
    assert.equal(done.status, 1, done.stderr);
    assert.match(done.stderr, /could not be kept/);
    assert.equal(done.stdout, '');
  });

  test('configure without secrets makes a profile for a person', async () => {
    await world();
    const made = await good('configure', '--profile', 'me', '--issuer', other.url, '--client-id', 'native', '--grant', 'authorization_code');
    assert.match(made.stdout, /Next: postern --profile me login\n/);
    await signIn('--profile', 'me');
    for (const [i, more] of [[], ['--auth-method', 'none'], ['--grant', 'auto']].entries()) {
      const guessed = await good('configure', '--profile', `guess${i}`, '--issuer', other.url, '--client-id', 'native', ...more);
      assert.match(guessed.stdout, new RegExp(`Next: postern --profile guess${i} login\n`));
      assert.match(guessed.stderr, /a person has to sign in: the profile has grant = authorization_code/);
      await signIn('--profile', `guess${i}`);
    }
  });

  test('configure takes nobody for a person who has a secret, an access key or another grant', async () => {
    await world();
    const variables = { env: { POSTERN_CLIENT_SECRET: 'of the variables' } };
    const key = ['--access-key-id', 'A', '--access-key-secret-file', 'F'];
    for (const [grant, next, ...more] of [['auto', 'whoami', '--client-secret-file', 'F'], ['auto', 'whoami', ...key], ['auto', 'whoami', '--auth-method', 'none', ...key],
      ['client_credentials', 'configure', '--grant', 'client_credentials']]) {
      const made = await good('configure', '--profile', 'app', '--issuer', other.url, '--client-id', 'site', ...more);
      assert.match(made.stdout, new RegExp(`Next: postern --profile app ${next}\n`), String(more));
      assert.equal((await good('configure', 'show', '--profile', 'app', '--json')).json.grant.value, grant, String(more));
    }
    const base = await good('configure', '--profile', 'app', '--base-url', other.url, '--client-id', 'site');
    assert.match(base.stdout, /Next: postern --profile app configure\n/);
    await good('configure', '--issuer', other.url, '--client-id', 'site', variables);
    assert.equal((await good('configure', 'show', '--json')).json.grant.value, 'auto');
    await good('configure', '--profile', 'named', '--issuer', other.url, '--client-id', 'site', variables);
    assert.equal((await good('configure', 'show', '--profile', 'named', '--json')).json.grant.value, 'authorization_code');
  });
});

describe('postern login: renewal', onceForAllEngines, () => {
  tidy();

  test('refresh_once: an answer that never came is asked for once more, where nothing else is possible', async () => {
    await world();
    await signIn();
    other.fault('refresh_token', { drop: 'before' });
    await home.token('--fresh');
    assert.equal(other.faulted.length, 1);
    assert.equal(refreshes(), 1);
    await home.token('--fresh');
  });

  test('refresh_once: a token that was spent with its answer lost is sent twice at most, and the sign-in has ended', async () => {
    await world({ accessLife: 1 });
    await signIn();
    other.fault('refresh_token', { drop: 'after' });
    const done = await until('it is renewed', async () => {
      const one = await home.run('token');
      return one.status !== 0 && one;
    });
    assert.equal(done.status, AUTH, done.stderr);
    assert.match(done.stderr, /sign-in has ended[\s\S]*Sign in with: postern login/);
    const asked = other.requests.filter((r) => r.path === '/token').length;
    assert.equal((await home.run('token')).status, AUTH);
    assert.equal(other.requests.filter((r) => r.path === '/token').length, asked, 'it was sent a third time');
    assert.match((await good('status')).stdout, /^default\tended/);
    await signIn();
    await home.token('--fresh');
  });

  test('a server that is down for a while costs nobody the sign-in', async () => {
    await world({ accessLife: 1 });
    await signIn();
    for (let i = 0; i < 3; i++) other.fault('refresh_token', { status: 503 });
    const first = (await home.entry()).json.access_token;
    for (let i = 0; i < 3; i++) {
      await until('a refusal', async () => (await home.run('token', '--retries', '0')).status === SERVER);
    }
    assert.notEqual(await home.token(), first);
    assert.equal(other.spentTwice(), 0, 'the server saw it twice');
  });

  test('revoked at the server: told, and how to sign in again', async () => {
    await world({ accessLife: 1 });
    await signIn();
    const { json: { refresh_token: refresh } } = await home.entry();
    await (await other.provider.RefreshToken.find(refresh)).destroy();
    const done = await until('it has to be renewed', async () => {
      const one = await home.run('token');
      return one.status !== 0 && one;
    });
    assert.equal(done.status, AUTH);
    assert.match(done.stderr, /Sign in with: postern login/);
  });

  test('logout that the server does not confirm leaves the sign-in; --force forgets it', async () => {
    await world();
    await signIn();
    await other.stop();
    const done = await home.run('logout', '--retries', '0');
    assert.equal(done.status, 5, done.stderr);
    assert.match(done.stderr, /not signed out[\s\S]*logout --force/);
    assert.equal((await good('status', '--json')).json[0].signed_in, true);
    assert.equal((await home.run('logout', '--force', '--retries', '0')).status, 5);
    assert.equal((await good('status', '--json')).json[0].signed_in, false);
    other = await OtherProvider.start();
  });
});

describe('postern login: posternd and its own pages', () => {
  const user = 'admin@acme.example', password = 'a longish sentence of four words';
  let server;

  const declared = (issuer) => {
    const world = model(issuer);
    const [tenant] = world.environments[0].tenants;
    tenant.loginAuthenticators = [{ name: 'system' }];
    tenant.employees[0].password = password;
    tenant.applications.push({ name: 'command', vendor: 'acme', type: 'public', tenancy: 'single', businessUnit: acme.unit, authMethod: 'none',
      redirects: ['http://127.0.0.1/callback'], scope: ['openid', 'platform-user-read'] });
    return world;
  };

  before(async () => {
    server = await Server.start({ model: declared });
    home = await Home.make(undefined, { env: { ...quiet, BROWSER_USER: user, BROWSER_PASSWORD: password } });
    home.secrets = () => [password];
    const [[client_id]] = await server.sql("SELECT application_id FROM application WHERE name = 'command'");
    home.settings = { issuer: server.url, client_id, auth_method: 'none' };
    await home.profile(home.settings);
  });

  after(async () => {
    await home.checkCache();
    await home.remove();
    await server.stop();
  });

  test('user name, password, tokens; whoami, renewal, and out again', async () => {
    const { json } = await good('login', '--json', '--login-hint', user, { env: { BROWSER } });
    assert.deepEqual([json.signed_in, json.name, json.tenant, json.has_refresh_token], [true, user, 'acme', true]);
    assert.match((await good('whoami')).stdout, /admin@acme\.example/);
    const first = await home.token();
    const second = await home.token('--fresh');
    assert.notEqual(second, first);
    assert.match((await good('status')).stdout, /^default\tgood\t.*\tadmin@acme\.example\t/);
    assert.match((await good('logout')).stdout, /^Signed out/);
    assert.equal((await server.request('GET', '/auth/userinfo', { bearer: second })).status, 401, 'it is not revoked');
    assert.equal((await home.run('token')).status, AUTH);
  });

  test('a session that ended at the server: known from the first refusal on, by every process', async () => {
    await good('login', { env: { BROWSER } });
    const { json: { access_token: access, refresh_token: refresh } } = await home.entry();
    const { client_id } = home.settings;
    const revoked = await server.request('POST', '/auth/revoke', { form: { token: refresh, client_id } });
    assert.equal(revoked.status, 200, revoked.text);
    assert.equal(await home.token(), access, 'the client cannot know yet');
    assert.match((await good('status')).stdout, /^default\tgood\t/);
    const refused = await home.run('whoami', '--json');
    assert.equal(refused.status, AUTH);
    const { error } = JSON.parse(refused.stderr.trim());
    assert.deepEqual([error.code, error.error], ['no_token', 'invalid_grant']);
    assert.match(error.message, /The sign-in has ended/);
    assert.match((await good('status')).stdout, /^default\tended\t/);
    assert.deepEqual((await good('status', '--json')).json.map((s) => [s.cached, s.signed_in, s.ended]), [[false, false, true]]);
    const token = await home.run('token');
    assert.deepEqual([token.status, token.stdout], [AUTH, '']);
    assert.match(token.stderr, /The sign-in has ended/);
    await good('login', { env: { BROWSER } });
    assert.match((await good('status')).stdout, /^default\tgood\t/);
    await good('logout');
    assert.match((await good('status')).stdout, /^default\tsigned out\t/);
  });

  test('a wrong password: the page says so, and the terminal waits', async () => {
    const { child, url } = await begin();
    const page = await new Browser({ user, password: 'not the password' }).open(url);
    assert.match(page.text, /type="password"/);
    assert.equal(child.exitCode, null);
    const right = await new Browser({ user, password }).open(url);
    assert.equal(right.status, 200, right.text);
    await end(child, 0, /^Signed in as admin@acme\.example \(tenant acme\)\./);
  });
});
