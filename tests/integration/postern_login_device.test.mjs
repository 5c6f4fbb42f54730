// SPDX-License-Identifier: Apache-2.0
// postern login where there is no browser (RFC 8628): against another vendor's server (npm oidc-provider) and against posternd
// with its own pages; a scripted browser elsewhere types the code in. What waits for a server's interval of 5 s waits together.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { Faulty } from './lib/faulty.mjs';
import { acme, model } from './lib/model.mjs';
import { OtherProvider } from './lib/other_provider.mjs';
import { Visitor } from './lib/pages.mjs';
import { Home, onceForAllEngines, postern } from './lib/postern.mjs';
import { Server, until } from './lib/server.mjs';

const AUTH = 3, SERVER = 6, CANCELLED = 130;
const bare = { BROWSER: '', DISPLAY: '', WAYLAND_DISPLAY: '', SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' };

// `postern login`, until it shows a code: { child, uri, code, complete }.
async function begin(home, ...args) {
  const child = home.spawn(postern, ['login', ...args]);
  const code = await until('the code', () => child.said().match(/enter this code there:\n\n {4}(\S+)\n/));
  return { child, uri: child.said().match(/^ {4}(http\S+)$/m)[1], code: code[1], complete: child.said().match(/has the code already: (http\S+)$/m)?.[1] };
}

async function end(child, status, says) {
  const done = await child.done;
  assert.equal(done.status, status, done.stderr);
  assert.match(status === 0 ? done.stdout : done.stderr, says);
  return done;
}

const good = async (home, ...args) => {
  const done = await home.run(...args);
  assert.equal(done.status, 0, done.stderr);
  return done;
};

async function stop(child) {
  child.kill('SIGINT');
  await end(child, CANCELLED, /cancelled|given up/);
}

describe('postern login without a browser: oidc-provider', onceForAllEngines, () => {
  let other;
  const homes = [];

  async function homeOf(client = 'native') {
    const home = await Home.make(undefined, { env: bare });
    homes.push(home);
    const { client_id, client_secret } = other.clients[client];
    home.settings = { issuer: other.url, client_id, ...client_secret && { client_secret }, grant: 'authorization_code' };
    home.secrets = () => [client_secret, ...other.requests.flatMap(({ form = {} }) => [form.device_code, form.refresh_token])].filter(Boolean);
    await home.profile(home.settings);
    return home;
  }

  before(async () => { other = await OtherProvider.start(); });
  after(async () => {
    try {
      for (const home of homes) await home.checkCache();
    } finally {
      await other.stop();
      for (const home of homes) await home.remove();
    }
  });

  test('a public and a confidential client, two accounts by profile, and one who says no', async () => {
    const home = await homeOf(), site = await homeOf('site'), no = await homeOf();
    await home.profile(home.settings, 'work');
    const asked = await Promise.all([begin(home), begin(home, '--device', '--profile', 'work'), begin(site, '--json'), begin(no)]);
    const [kim, lee, shop, refused] = asked;
    for (const [{ code, uri }, person] of [[kim, 'kim'], [lee, 'lee'], [shop, 'kim']]) {
      other.person = person;
      assert.equal(uri, `${other.url}/device`);
      assert.equal((await new Browser({ user: code }).open(uri)).status, 200);
    }
    other.person = null;
    const browser = new Browser({ user: refused.code }); // the page after a no asks for a code again
    await browser.open(refused.uri, { until: () => browser.visited.some(({ url }) => url.includes('/device/')) });
    await end(kim.child, 0, /^Signed in as kim\.\n/);
    await end(lee.child, 0, /^Signed in as lee\.\n/);
    const { json } = await end(shop.child, 0, /signed_in/);
    assert.deepEqual([json.signed_in, json.sub, json.has_refresh_token], [true, 'kim', true]);
    await end(refused.child, AUTH, /refused in the browser/);
    const users = (await good(home, 'status', '--json')).json.map((s) => [s.profile, s.user, s.grant]);
    assert.deepEqual(users, [['default', 'kim', 'device_code'], ['work', 'lee', 'device_code']]);
    const first = await home.token();
    assert.notEqual(await home.token('--fresh'), first);
    await good(home, 'logout', '--profile', 'work');
    assert.deepEqual((await good(home, 'status', '--json')).json.map((s) => s.signed_in), [true, false]);
    assert.equal(other.spentTwice(), 0, 'refresh tokens spent twice');
    const polls = other.requests.filter((r) => r.form?.device_code);
    assert.ok(polls.every((r) => r.form.grant_type === 'urn:ietf:params:oauth:grant-type:device_code'));
  });

  test('given up, out of time; and what does not go together', async () => {
    const home = await homeOf();
    const { child } = await begin(home);
    await stop(child);
    await end(home.spawn(postern, ['login', '--timeout', '1']), AUTH, /Nobody signed in within 1 s/);
    for (const args of [['--prompt', 'login'], ['--login-hint', 'kim'], ['--no-cache'], ['--grant', 'client_credentials']]) {
      const done = await home.run('login', '--device', ...args);
      assert.equal(done.status, 2, done.stderr);
    }
    assert.deepEqual((await good(home, 'status', '--json')).json.map((s) => s.signed_in), [false]);
  });

  test('an application that may not: the address of this machine instead; with --device it is told', async () => {
    const home = await homeOf('indoors');
    const child = home.spawn(postern, ['login']);
    await until('the address', () => child.said().match(/ssh -L \d+:127\.0\.0\.1/));
    await stop(child);
    await end(home.spawn(postern, ['login', '--device']), AUTH, /invalid_request[\s\S]*not allowed/);
  });

  test('a server that knows no device flow: the same', async () => {
    const faulty = await Faulty.start();
    try {
      const home = await Home.make({ issuer: faulty.url, client_id: faulty.clientId, grant: 'authorization_code' }, { env: bare });
      homes.push(home);
      const child = home.spawn(postern, ['login']);
      await until('the address', () => child.said().match(/ssh -L \d+:127\.0\.0\.1/));
      await stop(child);
      await end(home.spawn(postern, ['login', '--device']), SERVER, /offers no sign-in for devices/);
    } finally {
      await faulty.stop();
    }
  });

  test('a browser that is here is taken', async () => {
    const home = await homeOf();
    const child = home.spawn(postern, ['login'], { env: { BROWSER: 'true' } });
    await until('the address', () => child.said().match(/^ {4}(http\S+redirect_uri\S+)$/m));
    await stop(child);
  });
});

describe('postern login without a browser: posternd and its own pages', () => {
  const user = 'admin@acme.example', password = 'a longish sentence of four words';
  let server, home;

  const declared = (issuer) => {
    const world = model(issuer);
    const [tenant] = world.environments[0].tenants;
    tenant.loginAuthenticators = [{ name: 'system' }];
    for (const employee of tenant.employees.slice(0, 2)) employee.password = password;
    tenant.applications.push({ name: 'command', vendor: 'acme', type: 'public', tenancy: 'single', businessUnit: acme.unit, authMethod: 'none',
      redirects: ['http://127.0.0.1/callback'], scope: ['openid', 'platform-user-read'] });
    return world;
  };
  const allow = async (asked, who) => {
    const visitor = new Visitor(server);
    const page = await visitor.signIn(await visitor.open(asked.complete), who, password);
    assert.equal(page.form.fields.user_code, asked.code);
    return visitor.send(await visitor.send(page), {}, 'allow');
  };

  before(async () => {
    server = await Server.start({ model: declared });
    home = await Home.make(undefined, { env: bare });
    home.secrets = () => [password];
    const [[client_id]] = await server.sql("SELECT application_id FROM application WHERE name = 'command'");
    home.settings = { issuer: server.url, client_id, auth_method: 'none' };
    await home.profile(home.settings);
    await home.profile(home.settings, 'agent');
  });

  after(async () => {
    await home.checkCache();
    await home.remove();
    await server.stop();
  });

  test('two accounts at once: who, until when, whoami, renewal, and out again', async () => {
    const [admin, agent] = await Promise.all([begin(home), begin(home, '--profile', 'agent', '--json')]);
    for (const [asked, who] of [[admin, user], [agent, 'agent@acme.example']]) {
      assert.match(asked.code, /^[B-Z]{4}-[B-Z]{4}$/);
      assert.equal(asked.uri, `${server.url}/auth/device`);
      assert.match((await allow(asked, who)).title, /^Your device is signed in/);
    }
    await end(admin.child, 0, /^Signed in as admin@acme\.example \(tenant acme\)\.\nThe token is good for .* and is renewed as it is used\.\n$/);
    const { json } = await end(agent.child, 0, /signed_in/);
    assert.deepEqual([json.name, json.tenant, json.has_refresh_token], ['agent@acme.example', 'acme', true]);
    assert.match((await good(home, 'whoami')).stdout, /admin@acme\.example/);
    const first = await home.token(), second = await home.token('--fresh');
    assert.notEqual(second, first);
    assert.deepEqual((await good(home, 'status', '--json')).json.map((s) => [s.profile, s.user]).sort(), [['agent', 'agent@acme.example'], ['default', user]]);
    assert.match((await good(home, 'logout')).stdout, /^Signed out/);
    assert.equal((await server.request('GET', '/auth/userinfo', { bearer: second })).status, 401, 'it is not revoked');
    assert.deepEqual((await good(home, 'status', '--json')).json.map((s) => s.signed_in).sort(), [false, true]);
  });

  test('dead_means_dead: a device whose user signed out is told', async () => {
    const asked = await begin(home);
    await allow(asked, user);
    await server.sql('UPDATE sso_session SET ended_at = last_used_at');
    await end(asked.child, AUTH, /invalid_grant[\s\S]*sign in again/);
  });
});
