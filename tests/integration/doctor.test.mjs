// SPDX-License-Identifier: Apache-2.0
// postern doctor: each step right, and each step wrong in the ways that people meet.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Faulty } from './lib/faulty.mjs';
import { model } from './lib/model.mjs';
import { Home, postern, settingsOf } from './lib/postern.mjs';
import { Server } from './lib/server.mjs';

const STEPS = ['settings', 'secrets', 'cache', 'libcurl', 'proxy', 'dns', 'connect', 'tls', 'discovery', 'clock', 'authentication',
  'id_token', 'tenant', 'call'];

// The steps by name, and what every run promises.
async function doctor(home, ...args) {
  const done = await home.run('doctor', '--json', ...args);
  assert.ok(Array.isArray(done.json), `${done.stdout}${done.stderr}`);
  assert.deepEqual(done.json.map((row) => row.step), STEPS);
  for (const row of done.json) {
    assert.deepEqual(Object.keys(row), ['step', 'state', 'found', 'remedy', 'ms']);
    assert.ok(row.found.length > 0 && row.ms >= 0, JSON.stringify(row));
    assert.match(row.state, /^(ok|warning|wrong|skipped)$/);
  }
  for (const secret of home.secrets()) assert.ok(!done.stdout.includes(secret), 'a secret is shown');
  const first = done.json.find((row) => row.state === 'wrong');
  assert.equal(done.status === 0, first === undefined, `${done.status}: ${JSON.stringify(first)}`);
  return { status: done.status, first: first?.step, ...Object.fromEntries(done.json.map((row) => [row.step, row])) };
}

describe('postern doctor with posternd', () => {
  let server, home;
  const client = (name, key) => ({
    issuer: server.url,
    client_id: server.generatedSecret('application', 'clientId', `${name}@`),
    client_secret: server.generatedSecret('application', 'secret', `${name}@`),
    ...(key && {
      access_key_id: server.generatedSecret('access_key', 'accessKeyId', key),
      access_key_secret: server.generatedSecret('access_key', 'accessKeySecret', key),
    }),
  });
  before(async () => {
    server = await Server.start({ model });
    home = await Home.make(client('basic', 'admin@acme'));
    home.secrets = () => server.generated.filter((s) => /secret$/i.test(s.member)).map((s) => s.value);
  });
  after(async () => {
    await home?.remove();
    await server?.stop();
  });

  test('all is well', async () => {
    const all = await doctor(home);
    assert.equal(all.status, 0);
    const others = STEPS.filter((step) => all[step].state !== 'ok');
    assert.deepEqual(others, ['tls'], 'http has no TLS');
    assert.match(all.settings.found, /default\.profile \(mode 600\)/);
    assert.match(all.authentication.found, /by password/);
    assert.match(all.id_token.found, /admin@acme\.example of tenant acme/);
    assert.match(all.call.found, /users\/me: 200, admin@acme\.example/);
    const text = await home.run('doctor');
    assert.equal(text.status, 0);
    assert.deepEqual(text.stdout.trimEnd().split('\n').map((line) => line.split('\t')[0]), STEPS);
  });

  test('it tries the credentials each time, and leaves the cache to others', async () => {
    const before = await home.token();
    for (let i = 0; i < 2; i++) {
      const { authentication } = await doctor(home);
      assert.match(authentication.found, /^a new token by password/); // not by the refresh token that is cached
    }
    assert.equal(await home.token(), before);
  });

  test('an application has no user: 403 user_required is right, and user_id is asked for', async () => {
    const plain = await doctor(home, '--grant', 'client_credentials');
    assert.deepEqual([plain.status, plain.call.state], [0, 'ok']);
    assert.match(plain.call.found, /user_required/);
    const user = (await home.run('whoami', '--json')).json;
    const id = JSON.stringify(user).match(/11[0-9a-f]{6}-[0-9a-f-]{27}|[0-9a-f]{8}-[0-9a-f-]{27}/)[0];
    const byId = await doctor(home, '--grant', 'client_credentials', '--user-id', id);
    assert.deepEqual([byId.status, byId.call.state], [0, 'ok']);
    assert.match(byId.call.found, new RegExp(`users/${id}: 200, admin@acme`));
  });

  test('refusals: wrong application, wrong method, disabled, wrong key', async () => {
    const rows = [
      [['--client-id', 'nobody'], 'authentication', /client_id/],
      [['--auth-method', 'client_secret_post'], 'authentication', /auth_method/],
      [['--access-key-id', 'A'.repeat(52) + '===='], 'authentication', /access key/],
      [['--scope', 'nonsense'], 'authentication', /scope/],
    ];
    for (const [args, step, remedy] of rows) {
      const all = await doctor(home, ...args);
      assert.deepEqual([all.status, all.first], [3, step], JSON.stringify(args));
      assert.match(all[step].remedy, remedy);
      if (args.includes('client_secret_post')) assert.equal(all[step].remedy, 'Set auth_method = client_secret_basic (or auto)');
      for (const later of ['id_token', 'tenant', 'call']) assert.equal(all[later].state, 'skipped');
    }
    await home.profile(client('off', 'admin@acme'), 'off');
    const off = await doctor(home, '--profile', 'off');
    assert.deepEqual([off.status, off.first], [3, 'authentication']);
    assert.match(off.authentication.remedy, /enabled/);
  });

  test('a permission is missing: 4, at the call', async () => {
    await home.profile(client('narrow'), 'narrow');
    const all = await doctor(home, '--profile', 'narrow', '--user-id', '11ee9999-0000-4000-8000-000000000000');
    assert.deepEqual([all.status, all.first, all.authentication.state], [4, 'call', 'ok']);
    assert.match(all.call.remedy, /scope/);
  });
});

describe('postern doctor with a server that misbehaves', () => {
  let faulty, home;
  before(async () => {
    faulty = await Faulty.start();
    home = await Home.make(settingsOf(faulty, { retries: 0 }));
    home.secrets = () => faulty.secrets();
  });
  after(async () => {
    await home?.remove();
    await faulty?.stop();
  });

  test('keys of another form are a warning only', async () => {
    const all = await doctor(home);
    assert.deepEqual([all.status, all.secrets.state], [0, 'warning']);
    assert.match(all.secrets.found, /base32/);
  });

  test('spaces around a secret, wherever it comes from', async () => {
    const secret = faulty.clientSecret;
    const says = /client_secret ends in a space/;
    await home.profile({ ...settingsOf(faulty), client_secret: `"${secret} "` }, 'spaced');
    const profile = await doctor(home, '--profile', 'spaced');
    assert.match(profile.secrets.found, says);
    assert.deepEqual([profile.status, profile.first], [3, 'authentication']);
    const file = path.join(home.folder, 'secret');
    await writeFile(file, `${secret} \n`, { mode: 0o600 });
    const { client_secret: _, ...rest } = settingsOf(faulty);
    await home.profile({ ...rest, client_secret_file: file }, 'filed');
    assert.match((await doctor(home, '--profile', 'filed')).secrets.found, says);
    const variables = Object.fromEntries(Object.entries({ ...settingsOf(faulty), client_secret: `${secret} ` })
      .map(([name, value]) => [`CXONE_${name.toUpperCase()}`, value]));
    const other = await Home.make(undefined, { env: variables });
    other.secrets = home.secrets;
    assert.match((await doctor(other)).secrets.found, says);
    assert.match((await doctor(other)).settings.found, /environment CXONE_CLIENT_ID/);
    await other.remove();
  });

  test('settings: none, a profile that others read, http elsewhere', async () => {
    const none = await Home.make(undefined);
    const empty = await doctor(none);
    assert.deepEqual([empty.status, empty.first], [2, 'settings']);
    assert.match(empty.settings.remedy, /postern configure; or set POSTERN_ISSUER \(or CXONE_ISSUER\)/);
    assert.equal(empty.secrets.state, 'skipped');
    await none.remove();
    await home.profile(settingsOf(faulty), 'open');
    await chmod(path.join(home.config, 'open.profile'), 0o644);
    const open = await doctor(home, '--profile', 'open');
    assert.deepEqual([open.status, open.first], [1, 'settings']);
    assert.match(open.settings.found, /chmod 600/);
    const plain = await doctor(home, '--issuer', 'http://issuer.example');
    assert.deepEqual([plain.status, plain.first], [2, 'settings']);
    assert.match(plain.settings.found, /unencrypted/);
    assert.equal((await doctor(home, '--profile', 'absent')).first, 'settings');
  });

  test('cache: others reach it, or nothing can be made there', async () => {
    await doctor(home);
    await chmod(home.cache, 0o755);
    const open = await doctor(home);
    assert.deepEqual([open.status, open.cache.state], [0, 'warning']);
    assert.match(open.cache.remedy, /chmod 700/);
    await chmod(home.cache, 0o700);
    assert.ok((await home.checkCache()).every((name) => name !== 'doctor.lock'));
    const file = path.join(home.folder, 'file');
    await writeFile(file, '');
    const other = await Home.make(settingsOf(faulty), { env: { POSTERN_CACHE_DIR: file } });
    other.secrets = home.secrets;
    const blocked = await doctor(other);
    assert.deepEqual([blocked.cache.state, blocked.status], ['wrong', 1]);
    assert.equal((await doctor(other, '--no-cache')).cache.state, 'skipped');
    await other.remove();
    await mkdir(home.cache, { recursive: true });
  });

  test('no such name, nobody there, no TLS there', async () => {
    const name = await doctor(home, '--issuer', 'https://nothing.invalid');
    assert.deepEqual([name.status, name.first, name.connect.state, name.discovery.state], [5, 'dns', 'skipped', 'skipped']);
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    const nobody = await doctor(home, '--issuer', `http://127.0.0.1:${port}`);
    assert.deepEqual([nobody.status, nobody.first, nobody.tls.state], [5, 'connect', 'skipped']);
    assert.match(nobody.connect.remedy, /running/);
    const plain = await doctor(home, '--issuer', faulty.url.replace('http:', 'https:'));
    assert.deepEqual([plain.status, plain.first, plain.discovery.state], [5, 'tls', 'skipped']);
    assert.match(plain.tls.remedy, /without TLS.*write http:\/\//);
  });

  test('http to a port that takes no HTTP: the scheme is asked about', async () => {
    const server = net.createServer((socket) => socket.on('error', () => {}).once('data', () => socket.destroy())).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const all = await doctor(home, '--issuer', `http://127.0.0.1:${server.address().port}`);
    assert.deepEqual([all.status, all.first, all.authentication.state], [5, 'discovery', 'skipped']);
    assert.match(all.discovery.remedy, /https:\/\/ in issuer/);
    server.close();
  });

  test('a ca_file that cannot be read is named', async () => {
    const ca = path.join(home.folder, 'nothing.pem');
    const all = await doctor(home, '--issuer', faulty.url.replace('http:', 'https:'), '--ca-file', ca);
    assert.deepEqual([all.status, all.first], [5, 'tls']);
    assert.ok(all.tls.found.includes(ca) && all.tls.remedy.includes(ca), JSON.stringify(all.tls));
  });

  test('a client id with a space at its end', async () => {
    const all = await doctor(home, '--client-id', `${faulty.clientId} `);
    assert.match(all.secrets.found, /client_id ends in a space/);
  });

  test('a tenant that is not known is the step tenant, though tenant_id is set', async () => {
    faulty.next('tenant', { status: 404, json: {}, times: 3 });
    const all = await doctor(home, '--tenant-id', '11ee9999-0000-4000-8000-000000000000');
    assert.deepEqual([all.first, all.discovery.state, all.authentication.state], ['tenant', 'ok', 'ok']);
    assert.match(all.tenant.remedy, /tenant_id/);
    faulty.steps.tenant = [];
  });

  test('on a terminal: 80 columns with a hanging indent; with --json no progress', async () => {
    const seen = async (...args) => {
      const child = home.spawn('script', ['-qec', [postern, 'doctor', ...args].join(' '), '/dev/null'], { env: { TERM: 'dumb' } });
      return (await child.done).stdout.replaceAll('\r\n', '\n');
    };
    // Progress is written over: what stands in the end.
    const text = (await seen()).split('\n').map((line) => line.replace(/^[^]*\x1b\[K/, ''));
    const long = text.filter((line) => line.length > 80 && /\S \S/.test(line.slice(36)));
    assert.deepEqual(long, []);
    assert.ok(text.some((line) => /^ {36}\S/.test(line)), text.join('\n'));
    assert.deepEqual(text.filter((line) => /^\S/.test(line)).map((line) => line.split(/ +/)[1]), STEPS);
    const json = await seen('--json');
    assert.equal(JSON.parse(json).length, STEPS.length);
    assert.ok(!json.includes(' ...'), json);
  });

  test('a proxy is found, and its password is not shown', async () => {
    const env = { https_proxy: 'http://me:hidden@127.0.0.1:1', no_proxy: '.else.example' };
    const other = await Home.make({ ...settingsOf(faulty), issuer: 'https://issuer.example' }, { env });
    other.secrets = () => [...faulty.secrets(), 'hidden'];
    const used = await doctor(other);
    assert.match(used.proxy.found, /^127\.0\.0\.1:1 \(https_proxy\)$/);
    assert.deepEqual([used.status, used.first], [5, 'connect']);
    assert.match(used.connect.found, /^the proxy 127\.0\.0\.1 port 1/);
    assert.match(used.connect.remedy, /https_proxy/);
    await other.remove();
  });

  test('no_proxy shuts out the setting proxy too, as it does for the requests', async () => {
    const other = await Home.make({ ...settingsOf(faulty), issuer: 'https://issuer.invalid', proxy: 'http://127.0.0.1:1' },
      { env: { no_proxy: '.invalid' } });
    other.secrets = () => faulty.secrets();
    const past = await doctor(other);
    assert.match(past.proxy.found, /^none: no_proxy names issuer\.invalid$/);
    assert.deepEqual([past.status, past.first], [5, 'dns']);
    const token = await other.run('token');
    assert.match(token.stderr, /has no address/); // the client looked for the name itself, not for the proxy
    const through = await doctor(other, { env: { no_proxy: '.else.example' } });
    assert.match(through.proxy.found, /^127\.0\.0\.1:1 \(profile default\)$/);
    assert.equal(through.first, 'connect');
    await other.remove();
  });

  test('discovery: another issuer, no token endpoint, no JSON', async () => {
    faulty.next('discovery', { change: (answer) => { answer.json.issuer = 'https://other.example'; } });
    const issuer = await doctor(home);
    assert.deepEqual([issuer.status, issuer.first, issuer.authentication.state], [6, 'discovery', 'skipped']);
    assert.match(issuer.discovery.found, /other\.example/);
    faulty.next('discovery', { change: (answer) => { delete answer.json.token_endpoint; } });
    assert.match((await doctor(home)).discovery.found, /token_endpoint/);
    faulty.next('discovery', { text: '<html>', headers: { 'content-type': 'text/html' } });
    assert.equal((await doctor(home)).first, 'discovery');
  });

  test('clock: a minute is a warning, five are wrong', async () => {
    for (const [skew, state, says] of [[30, 'ok', /29|30|31/], [120, 'warning', /behind/], [-120, 'warning', /ahead/], [-400, 'wrong', /ahead/]]) {
      faulty.skew = skew;
      const { clock } = await doctor(home);
      assert.deepEqual([clock.state, says.test(clock.found)], [state, true], `${skew}: ${clock.found}`);
      assert.equal(clock.remedy !== null, state !== 'ok');
    }
    faulty.skew = 0;
  });

  test('an id token that is wrong, and one that does not come', async () => {
    faulty.next('token', { change: async (answer) => { answer.json.id_token = await faulty.idToken({ claims: { iss: 'https://other.example' } }); } });
    const wrong = await doctor(home, '--no-cache');
    assert.deepEqual([wrong.first, wrong.authentication.state, wrong.tenant.state], ['id_token', 'ok', 'skipped']);
    assert.ok([3, 6].includes(wrong.status));
    faulty.idTokens = false;
    const none = await doctor(home, '--no-cache');
    assert.deepEqual([none.id_token.state, none.tenant.state], ['warning', none.tenant.state]);
    assert.notEqual(none.tenant.state, 'ok');
    const own = await doctor(home, '--no-cache', '--api-endpoint', faulty.url);
    assert.deepEqual([own.status, own.tenant.state, own.call.state], [0, 'ok', 'ok']);
    faulty.idTokens = true;
  });

  test('tenant discovery that sends elsewhere, and APIs that refuse', async () => {
    faulty.next('tenant', { change: (answer) => { answer.json.api_endpoint = 'https://evil.example'; }, times: 3 });
    const tenant = await doctor(home, '--no-cache');
    assert.deepEqual([tenant.status, tenant.first, tenant.call.state], [6, 'tenant', 'skipped']);
    assert.match(tenant.tenant.found, /evil\.example/);
    faulty.steps.tenant = [];
    for (const [answer, status] of [[{ status: 403, json: { error: 'forbidden' } }, 4], [{ status: 404, json: {} }, 1], [{ status: 503, json: {} }, 6]]) {
      faulty.next('api', answer);
      const all = await doctor(home);
      assert.deepEqual([all.status, all.first], [status, 'call'], JSON.stringify(answer));
    }
  });

  test('Ctrl-C ends it', async () => {
    let answer;
    faulty.next('token', { hold: new Promise((resolve) => { answer = resolve; }) });
    const mark = faulty.count('token');
    const child = home.spawn(postern, ['doctor', '--json']);
    while (faulty.count('token') === mark) await new Promise((resolve) => { setImmediate(resolve); });
    child.kill('SIGINT');
    const done = await child.done;
    answer();
    assert.equal(done.status, 130, done.stderr);
  });
});
