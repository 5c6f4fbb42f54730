// SPDX-License-Identifier: Apache-2.0
// The command postern against the real posternd: what each command prints for a person, a pipe and with --json, its
// exit status by class, and that no secret is where it should not be.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { acme, model } from './lib/model.mjs';
import { Home, postern } from './lib/postern.mjs';
import { Server, until } from './lib/server.mjs';

const run = promisify(execFile);
const rows = (text) => text.trimEnd().split('\n').map((line) => line.split('\t'));
const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;

describe('cli', () => {
  let server, home, secrets;
  const application = (name) => ({
    client_id: server.generatedSecret('application', 'clientId', name),
    client_secret: server.generatedSecret('application', 'secret', name) });
  const key = (user) => ({
    access_key_id: server.generatedSecret('access_key', 'accessKeyId', user),
    access_key_secret: server.generatedSecret('access_key', 'accessKeySecret', user) });
  const settings = (user = 'admin@acme.example', app = 'basic') => ({ issuer: server.url, ...application(app), ...key(user) });
  const job = () => ({ issuer: server.url, ...application('basic'), grant: 'client_credentials' });
  const flags = (all) => Object.entries(all).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, value]);
  // A run that must end so; its result.
  const ends = async (status, ...args) => {
    const done = await home.run(...args);
    assert.equal(done.status, status, `${args.filter((a) => typeof a === 'string').join(' ')}: ${done.stderr}${done.stdout}`);
    return done;
  };
  const good = (...args) => ends(0, ...args);
  // The same on a terminal: what a person sees, both streams together.
  const person = async (args, { env = {}, typed = [] } = {}) => {
    const child = home.spawn('script', ['-qec', [postern, ...args].map(quote).join(' '), '/dev/null'],
      { env: { TERM: 'xterm', ...env }, input: null });
    let seen = '';
    child.stdout.on('data', (chunk) => { seen += chunk; });
    for (const [question, answer] of typed) {
      await until(`the question ${question}`, () => seen.includes(question));
      seen = seen.slice(seen.indexOf(question) + question.length);
      child.stdin.write(`${answer}\n`);
    }
    const done = await child.done;
    return { ...done, stdout: done.stdout.replaceAll('\r\n', '\n') };
  };

  before(async () => {
    server = await Server.start({ model });
    secrets = [application('basic').client_secret, key('admin@acme.example').access_key_secret];
  });
  after(() => server?.stop());
  beforeEach(async () => {
    home = await Home.make(settings());
    home.secrets = () => secrets;
  });
  afterEach(() => home.remove());

  describe('configure', () => {
    test('flags write a profile of mode 0600 that works; list, show and delete', async () => {
      const done = await good('configure', '--profile', 'reports', ...flags(settings()));
      assert.equal(done.stdout, 'Wrote profile reports. Next: postern --profile reports whoami\n');
      assert.equal((await stat(path.join(home.config, 'reports.profile'))).mode & 0o777, 0o600);
      assert.equal((await good('whoami', '--profile', 'reports', '--json')).json.userName, 'admin@acme.example');
      const listed = await good('configure', 'list');
      assert.deepEqual(rows(listed.stdout), ['default', 'reports'].map((name) => [name, server.url, application('basic').client_id]));
      assert.deepEqual((await good('configure', 'list', '--json')).json.map((p) => p.profile), ['default', 'reports']);
      assert.match((await good('configure', '--profile', 'reports', ...flags(settings()))).stdout, /^Replaced profile reports/);
      await good('configure', 'delete', 'reports');
      assert.deepEqual(await readdir(home.config), ['default.profile']);
      await ends(2, 'configure', 'delete', 'reports');
      await ends(2, 'configure', 'delete');
    });

    test('secrets-once: show says of secrets only that they are set', async () => {
      const shown = await good('configure', 'show');
      assert.match(shown.stdout, /^client_secret\t\(secret, set\)\tprofile default$/m);
      assert.match(shown.stdout, new RegExp(`^issuer\t${server.url}\tprofile default$`, 'm'));
      const asJson = await good('configure', 'show', '--json');
      assert.deepEqual(asJson.json.client_secret, { secret: true, from: 'profile default' });
      for (const secret of secrets) assert.ok(!shown.stdout.includes(secret) && !asJson.stdout.includes(secret));
    });

    test('secrets-once: show masks the password of a proxy, on the command line it is warned of', async () => {
      const address = 'http://me:hunter2@127.0.0.1:9';
      for (const more of [{ args: ['--proxy', address] }, { args: [], options: { env: { POSTERN_PROXY: address, POSTERN_TOKEN_PARAMETERS: 'a=hunter3' } } }]) {
        for (const json of [[], ['--json']]) {
          const shown = await good('configure', 'show', ...json, ...more.args, ...(more.options ? [more.options] : []));
          assert.match(shown.stdout, /\*\*\*@127\.0\.0\.1:9/);
          assert.doesNotMatch(shown.stdout + shown.stderr, /hunter/);
          assert.equal(/warning: .* read --proxy in the list of processes/.test(shown.stderr), more.args.length > 0, shown.stderr);
        }
      }
    });

    test('--from-environment takes what variables say, by either name; flags win', async () => {
      const { client_id: id, client_secret: secret } = application('basic');
      const env = { CXONE_CLIENT_ID: id, POSTERN_CLIENT_SECRET: secret, CXONE_ISSUER: 'http://localhost:1' };
      await good('configure', '--profile', 'env', '--from-environment', '--issuer', server.url, '--grant', 'client_credentials', { env });
      assert.equal((await good('whoami', '--profile', 'env', '--json')).json.client_id, id);
    });

    test('without a terminal and settings it is a mistake, and nothing is written', async () => {
      const done = await ends(2, 'configure', '--profile', 'none');
      assert.match(done.stderr, /no terminal to ask on: give the settings as flags/);
      assert.deepEqual(await readdir(home.config), ['default.profile']);
      await ends(2, 'configure', '--profile', '../x', ...flags(settings()));
    });

    test('on a terminal it asks, without echo for secrets', async () => {
      const s = settings();
      const done = await person(['configure', '--profile', 'asked'], { typed: [['Issuer', s.issuer], ['Client id', s.client_id],
        ['Client secret', s.client_secret], ['Access key id', s.access_key_id], ['Access key secret', s.access_key_secret]] });
      assert.equal(done.status, 0, done.stdout);
      assert.match(done.stdout, /Wrote profile asked/);
      for (const secret of secrets) assert.ok(!done.stdout.includes(secret), 'a secret was echoed');
      assert.equal((await good('whoami', '--profile', 'asked', '--json')).json.userName, 'admin@acme.example');
    });

    test('with flags only a secret that is missing is asked for', async () => {
      const { client_secret: secret, ...rest } = settings();
      const done = await person(['configure', '--profile', 'half', ...flags(rest)], { typed: [['Client secret', secret]] });
      assert.equal(done.status, 0, done.stdout);
      assert.ok(!done.stdout.includes(secret));
      await good('token', '--profile', 'half');
    });

    test('with the issuer alone the rest is asked for; an access key secret with spaces may be trimmed', async () => {
      const s = settings();
      const done = await person(['configure', '--profile', 'cxone', '--issuer', s.issuer], { typed: [['Client id', ` ${s.client_id} `],
        ['Client secret', s.client_secret], ['Access key id', s.access_key_id], ['Access key secret', ` ${s.access_key_secret} `],
        ['Leave the space out (y/n) [y]', '']] });
      assert.equal(done.status, 0, done.stdout);
      assert.doesNotMatch(done.stdout, /Issuer/);
      await good('token', '--profile', 'cxone');
      const kept = await person(['configure', '--profile', 'kept', '--issuer', s.issuer], { typed: [['Client id', s.client_id],
        ['Client secret', `${s.client_secret} `], ['Leave the space out', 'n'], ['Access key id', '']] });
      assert.equal(kept.status, 0, kept.stdout);
      assert.match(await readFile(path.join(home.config, 'kept.profile'), 'utf8'), new RegExp(`"${s.client_secret} "`));
    });

    test('each answer is looked at before the next question', async () => {
      const s = settings();
      const done = await person(['configure', '--profile', 'wary'], { typed: [['Issuer', 'http://issuer.example'],
        ['unencrypted', server.url.replace('http://', '')], ['no scheme', ''], ['Client id', s.client_id], ['Client secret', s.client_secret],
        ['Access key id', s.access_key_id], ['Access key secret', s.access_key_secret]] });
      assert.equal(done.status, 0, done.stdout);
      assert.match(done.stdout, /Issuer \[http:\/\/127\.0\.0\.1:\d+\]:/);
      const other = await person(['configure', '--profile', 'far'], { typed: [['Issuer', 'cxone.example'], ['[https://cxone.example]', ''],
        ['Client id', ''], ['Access key id', '']] });
      assert.equal(other.status, 2, other.stdout);
      assert.match(other.stdout, /Neither an application nor an access key was given: nothing was written/);
      assert.deepEqual(await readdir(home.config), ['default.profile', 'wary.profile']);
    });

    test('what no token can come without is said where nobody is asked', async () => {
      const done = await good('configure', '--profile', 'bare', '--issuer', server.url);
      assert.match(done.stderr, /no credentials yet, so no token can come: client_id, client_secret are missing/);
      assert.match(done.stdout, /Next: postern --profile bare configure\n$/);
      const prompt = await person(['configure', '--profile', 'bare', '--no-prompt', '--issuer', server.url, '--json']);
      assert.equal(prompt.status, 0, prompt.stdout);
      assert.match(prompt.stdout, /"client_secret"/);
      const keyed = await good('configure', '--profile', 'bare', '--issuer', server.url, '--access-key-id', 'A', '--json');
      assert.deepEqual(keyed.json.missing, ['access_key_secret']);
      const whole = await good('configure', '--profile', 'whole', ...flags(settings()), '--json');
      assert.deepEqual([whole.json.missing, /no token|not complete/.test(whole.stderr)], [[], false]);
      const none = await ends(2, 'configure', '--profile', 'none', '--from-environment');
      assert.match(none.stderr, /POSTERN_ISSUER \(or CXONE_ISSUER\) is not set\. Missing: issuer, client_id, client_secret/);
      const absent = await ends(2, 'configure', 'delete', 'nope');
      assert.match(absent.stderr, /There is no profile 'nope'\. Try: postern configure list/);
      assert.match((await ends(2, 'configure', 'show', 'whole')).stderr, /Write: postern configure show --profile whole\n/);
      assert.deepEqual((await readdir(home.config)).sort(), ['bare.profile', 'default.profile', 'whole.profile']);
    });
  });

  describe('token, whoami, status, discover, forget', () => {
    test('token prints only the token; --header, --json, --fresh', async () => {
      const first = await good('token');
      assert.match(first.stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
      assert.equal(first.stderr, '');
      assert.equal((await good('token', '--header')).stdout, `Authorization: Bearer ${first.stdout}`);
      const { json } = await good('token', '--json');
      assert.equal(json.access_token, first.stdout.trim());
      assert.equal(json.tenant_id, acme.id);
      assert.equal(json.grant, 'password');
      assert.ok(json.from_cache && json.has_refresh_token && json.expires_in > 3000 && json.renew_at < json.expires_at);
      const fresh = await good('token', '--fresh', '--json');
      assert.equal(fresh.json.from_cache, false);
      assert.notEqual(fresh.json.access_token, json.access_token);
      const answer = await server.request('GET', '/api/v2/users/me', { bearer: fresh.json.access_token });
      assert.equal(answer.status, 200);
    });

    test('whoami: a user; an application without one; the user that user_id names', async () => {
      const pipe = Object.fromEntries(rows((await good('whoami')).stdout));
      assert.equal(pipe.userName, 'admin@acme.example');
      assert.equal(pipe.tenantId, acme.id);
      const { json: me } = await good('whoami', '--json');
      assert.equal(me.id, pipe.id);
      await home.profile(job(), 'job');
      const alone = await good('whoami', '--profile', 'job');
      assert.equal(Object.fromEntries(rows(alone.stdout)).application, application('basic').client_id);
      assert.match(alone.stderr, /it has no user/);
      assert.equal((await good('whoami', '--profile', 'job', '--json')).json.user, null);
      const named = await good('whoami', '--profile', 'job', '--user-id', me.id, '--json');
      assert.equal(named.json.userName, 'admin@acme.example');
    });

    test('status says what is cached and asks nobody', async () => {
      await home.profile(job(), 'job');
      assert.deepEqual((await good('status', '--json')).json, [{ profile: 'default', cached: false }, { profile: 'job', cached: false }]);
      await good('token');
      const [cached] = (await good('status', '--json')).json;
      assert.ok(cached.cached && cached.has_refresh_token && cached.grant === 'password' && cached.tenant_id === acme.id);
      const quiet = await good('status', '--verbose');
      assert.doesNotMatch(quiet.stderr, /^>/m);
      const [line, other] = rows(quiet.stdout);
      assert.deepEqual([line[0], line[1], line[4], other[0], other[1]], ['default', 'good', 'yes', 'job', 'none']);
      assert.match(line[2], /^20\d\d-\d\d-\d\dT/);
      assert.equal((await good('status', '--profile', 'job', '--json')).json.length, 1);
      await ends(2, 'status', '--profile', 'nobody');
    });

    test('forget deletes what is cached', async () => {
      await good('token');
      await good('forget');
      assert.equal((await good('status', '--json')).json[0].cached, false);
      assert.deepEqual((await good('forget', '--json')).json, { forgotten: true });
    });

    test('--no-cache writes nothing', async () => {
      await good('token', '--no-cache');
      assert.deepEqual(await home.cacheNames(), []);
    });

    test('discover: the environment and the tenant', async () => {
      const { json } = await good('discover', '--json');
      assert.equal(json.issuer, server.url);
      assert.equal(json.tenant_id, acme.id);
      assert.equal(json.cxone_configuration.api_endpoint, json.api_endpoint);
      assert.equal(json.openid_configuration.jwks_uri, json.jwks_uri);
      const pipe = Object.fromEntries(rows((await good('discover')).stdout));
      assert.equal(pipe.token_endpoint, json.token_endpoint);
      const refused = await good('discover', '--no-cache', '--access-key-id', 'nobody');
      assert.match(refused.stderr, /known after authentication/);
      assert.match(refused.stdout, /^jwks_uri\t/m);
    });
  });

  describe('api', () => {
    test('the body as it came in a pipe, indented on a terminal', async () => {
      const { stdout } = await good('api', '/api/v2/users/me');
      assert.equal(JSON.stringify(JSON.parse(stdout)), stdout);
      const seen = await person(['api', '/api/v2/users/me', '--no-color']);
      assert.deepEqual(JSON.parse(seen.stdout), JSON.parse(stdout));
      assert.match(seen.stdout, /^\{\n {2}"id": "/);
      const full = await good('api', 'get', `${server.url}/api/v2/users/me`, '--json');
      assert.equal(full.json.status, 200);
      assert.deepEqual(full.json.body, JSON.parse(stdout));
    });

    test('--include, --output, HEAD', async () => {
      const head = await good('api', '/api/v2/users/me', '-i');
      assert.match(head.stdout, /^HTTP 200\n(?:[\w-]+: .*\n)+\n\{"id"/);
      const file = path.join(home.folder, 'out.json');
      await writeFile(file, 'what was there before and is longer than nothing');
      await ends(1, 'api', '/nope', '--output', file);
      assert.match(await readFile(file, 'utf8'), /^what was there/);
      const quiet = await good('api', '/api/v2/users/me', '--output', file);
      assert.equal(quiet.stdout, '');
      assert.equal(JSON.parse(await readFile(file, 'utf8')).userName, 'admin@acme.example');
      await ends(1, 'api', '/api/v2/users/me', '--output', path.join(home.folder, 'no/such/folder'));
    });

    test('bodies: fields, a file, a pipe; queries for GET', async () => {
      const { json: me } = await good('whoami', '--json');
      const keys = '/access-key-management/v1/access-keys';
      const made = await good('api', 'POST', keys, '-f', `userId=${me.id}`, '-f', `tenantId=${acme.id}`);
      const { accessKeyId: id } = JSON.parse(made.stdout).accessKey;
      const file = path.join(home.folder, 'body.json');
      await writeFile(file, '{"isActive":false}');
      const target = `${keys}?accessKeyId=${encodeURIComponent(id)}`;
      const active = async () => JSON.parse((await good('api', `${keys}/${encodeURIComponent(id)}`)).stdout).accessKey.isActive;
      await good('api', 'PATCH', target, '--input', file);
      assert.equal(await active(), false);
      await good('api', 'PATCH', target, '--input', '-', { input: '{"isActive":true}' });
      assert.equal(await active(), true);
      await good('api', 'PATCH', target, '-F', 'isActive=false');
      assert.equal(await active(), false);
      const listed = await good('api', 'GET', keys, '-f', `userId=${me.id}`, '-F', 'limit=1');
      assert.equal(JSON.parse(listed.stdout).accessKeys.length, 1);
      await good('api', 'DELETE', `${keys}/${encodeURIComponent(id)}`);
      await ends(2, 'api', 'POST', keys, '-f', 'a=b', '--input', file);
      await ends(1, 'api', 'POST', keys, '--input', path.join(home.folder, 'absent'));
      await ends(2, 'api', 'POST', keys, '-F', 'a=[1');
    });

    test('--paginate prints each page; with --json an array', async () => {
      const target = '/access-key-management/v1/access-keys?limit=1';
      const pages = (await good('api', target, '--paginate')).stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
      assert.ok(pages.length >= 4);
      assert.equal(new Set(pages.map((page) => page.accessKeys[0].accessKeyId)).size, pages.length);
      const { json } = await good('api', target, '--paginate', '--json');
      assert.deepEqual(json.map((page) => page.body), pages);
    });

    test('a refusal: its body, what to do, and the status of its class', async () => {
      const lost = await ends(1, 'api', '/nope');
      assert.equal(JSON.parse(lost.stdout).error, 'not_found');
      assert.match(lost.stderr, /404.*correlation id/);
      const asJson = await ends(1, 'api', '/nope', '--json');
      assert.equal(asJson.json.status, 404);
      const { error } = JSON.parse(asJson.stderr);
      assert.deepEqual([error.code, error.status, error.error], ['not_found', 404, 'not_found']);
      assert.ok(error.correlation_id);
    });

    test('ssrf: a token never leaves for another origin, nor is the header Authorization taken', async () => {
      let asked = 0;
      const other = http.createServer((request, response) => { asked++; response.end('{}'); }).listen(0, '127.0.0.1');
      await once(other, 'listening');
      try {
        await ends(2, 'api', `http://127.0.0.1:${other.address().port}/x`);
        await ends(2, 'api', '/x', '-H', 'authorization: Bearer x');
        await ends(2, 'api', '/x', '-H', 'nonsense');
        assert.equal(asked, 0);
      } finally {
        other.close();
      }
    });
  });

  describe('keys, jwt, credential', () => {
    test('keys: create shows the secret once; disable, enable, delete', async () => {
      const made = await good('keys', 'create');
      const { accessKeyId: id, accessKeySecret: secret } = Object.fromEntries(rows(made.stdout));
      assert.match(secret, /^[A-Z2-7]{52}====$/);
      assert.match(made.stderr, /shown this once and never again/);
      assert.ok(!made.stderr.includes(secret));
      const state = async () => rows((await good('keys', 'list')).stdout).find((row) => row[0] === id)?.[1];
      assert.equal(await state(), 'active');
      await home.profile({ ...settings(), access_key_id: id, access_key_secret: secret }, 'new');
      await good('token', '--profile', 'new');
      await good('keys', 'disable', id);
      assert.equal(await state(), 'disabled');
      await ends(3, 'token', '--fresh', '--profile', 'new', '--no-cache');
      assert.deepEqual((await good('keys', 'enable', id, '--json')).json, { accessKeyId: id, state: 'active' });
      assert.equal(await state(), 'active');
      const listed = await good('keys', 'list', '--json');
      assert.ok(listed.json.some((k) => k.accessKeyId === id) && !listed.stdout.includes(secret));
      await good('keys', 'delete', id);
      assert.equal(await state(), undefined);
      await ends(1, 'keys', 'delete', id);
    });

    test('keys: of another user, of all, of an application; denied', async () => {
      const all = (await good('keys', 'list', '--all', '--json')).json;
      const own = (await good('keys', 'list', '--json')).json;
      assert.ok(all.length > own.length);
      const other = all.find((k) => k.userId !== own[0].userId).userId;
      const made = await good('keys', 'create', '--user-id', other, '--json');
      assert.equal(made.json.accessKey.userId, other);
      assert.deepEqual(new Set((await good('keys', 'list', '--user-id', other, '--json')).json.map((k) => k.userId)), new Set([other]));
      await home.profile(job(), 'job');
      assert.match((await ends(2, 'keys', 'create', '--profile', 'job')).stderr, /has no user: say whose key/);
      await home.profile(settings('nobody@acme.example'), 'nobody');
      await ends(4, 'keys', 'list', '--profile', 'nobody');
      await ends(2, 'keys', 'delete');
      await ends(2, 'keys', 'create', 'x');
    });

    test('jwt: from standard input; verified; tampered; an argument is warned of', async () => {
      const token = (await good('token')).stdout.trim();
      const decoded = await good('jwt', 'decode', { input: `Authorization: Bearer ${token}\n` });
      assert.equal(decoded.json.claims.tenantId, acme.id);
      assert.equal(decoded.stderr, '');
      const verified = await good('jwt', 'verify', '-', { input: token });
      assert.deepEqual(verified.json, decoded.json);
      const [head, , signature] = token.split('.');
      const claims = Buffer.from(JSON.stringify({ ...decoded.json.claims, tenantId: 'x' })).toString('base64url');
      await ends(3, 'jwt', 'verify', { input: `${head}.${claims}.${signature}` });
      const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`;
      await ends(3, 'jwt', 'verify', { input: unsigned });
      assert.match((await good('jwt', 'decode', token)).stderr, /other users of this machine can read the token/);
      await ends(3, 'jwt', 'decode', { input: 'no.token' });
      await ends(2, 'jwt', 'decode', { input: '' });
    });

    test('credential curl: a line that curl takes', async () => {
      const { stdout } = await good('credential', 'curl');
      const file = path.join(home.folder, 'curlrc');
      await writeFile(file, stdout, { mode: 0o600 });
      const done = await run('curl', ['-sS', '-K', file, `${server.url}/api/v2/users/me`]);
      assert.equal(JSON.parse(done.stdout).userName, 'admin@acme.example');
    });

    test('credential git: silent for every host but its own over https', async () => {
      const git = (action, input) => good('credential', 'git', action, { input });
      const host = new URL(server.url).host;
      assert.equal((await git('get', 'protocol=https\nhost=github.com\n\n')).stdout, '');
      assert.equal((await git('get', `protocol=http\nhost=${host}\n\n`)).stdout, '');
      assert.equal((await git('get', `protocol=https\nhost=${host}\n\n`)).stdout, ''); // ours is http: another origin
      assert.equal((await git('store', 'protocol=https\nhost=github.com\nusername=a\npassword=b\n')).stdout, '');
      const token = (await good('token')).stdout;
      await git('erase', `protocol=https\nhost=github.com\nusername=a\npassword=${token}\n`);
      assert.equal((await good('token')).stdout, token);
      await ends(2, 'credential', 'git', 'get', { input: 'protocol=https\nhost=a\r\n' });
      await ends(2, 'credential', 'git');
      assert.equal((await good('credential', 'git', 'capability', { input: '' })).stdout, '');
    });
  });

  describe('exit status by class', () => {
    const wrong = (more) => flags(more).concat('--no-cache', '--retries', '0', '--timeout', '20');

    test('2 usage, with what was meant', async () => {
      assert.match((await ends(2, 'tokn')).stderr, /Did you mean token\?/);
      assert.match((await ends(2, 'api', '/x', '--inclde')).stderr, /Did you mean --include\?/);
      assert.match((await ends(2, 'whoami', '--profile', 'nobody')).stderr, /There is no profile 'nobody'.*postern configure --profile nobody/);
      assert.match((await ends(2, 'api', 'get')).stderr, /The path is missing\. Write: postern api get PATH/);
      assert.match((await ends(2, 'api', '/x', '-f', 'a=b', '--paginate')).stderr, /-f makes this a POST.*postern api GET \/x/);
      assert.match((await ends(2, 'api', 'GET', '/x', '-F', 'x={bad')).stderr, /\{bad is not JSON/);
      await ends(2, 'token', '--timeout', 'soon');
      await ends(2);
    });

    test('3 authentication', async () => {
      const done = await ends(3, 'token', ...wrong({ client_secret: 'not-the-secret' }), '--json');
      assert.equal(JSON.parse(done.stderr.trim().split('\n').at(-1)).error.error, 'invalid_client');
      assert.ok(!done.stderr.includes('not-the-secret'));
    });

    test('4 denied', async () => {
      await home.profile(settings('nobody@acme.example'), 'nobody');
      const done = await ends(4, 'api', '/access-key-management/v1/access-keys', '--profile', 'nobody');
      assert.match(done.stderr, /403/);
    });

    test('5 network', async () => {
      const closed = http.createServer().listen(0, '127.0.0.1');
      await once(closed, 'listening');
      const { port } = closed.address();
      closed.close();
      const silent = await ends(5, 'token', ...wrong({ issuer: `http://127.0.0.1:${port}` }));
      assert.doesNotMatch(silent.stderr, /No answer/);
      await home.profile({ ...settings(), issuer: `http://127.0.0.1:${port}` }, 'dead');
      const seen = await person(['token', '--profile', 'dead']);
      assert.equal(seen.status, 5, seen.stdout);
      assert.match(seen.stdout, new RegExp(`No answer from http://127\\.0\\.0\\.1:${port}\\S* yet: attempt 2 in 0\\.\\d s`));
      await ends(5, 'token', ...wrong({ issuer: 'https://no-such-host.invalid' }));
    });

    test('6 server', async () => {
      const broken = http.createServer((request, response) => { response.writeHead(500); response.end(); }).listen(0, '127.0.0.1');
      await once(broken, 'listening');
      try {
        await ends(6, 'token', ...wrong({ issuer: `http://127.0.0.1:${broken.address().port}` }));
      } finally {
        broken.close();
      }
    });

    test('130 interrupted, while a server says nothing', async () => {
      const held = [];
      const silent = http.createServer((request, response) => held.push(response)).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      try {
        const child = home.spawn(postern, ['token', ...wrong({ issuer: `http://127.0.0.1:${silent.address().port}` })]);
        await until('the request is under way', () => held.length > 0);
        child.kill('SIGINT');
        const done = await child.done;
        assert.equal(done.status, 130, done.stderr);
      } finally {
        held.forEach((response) => response.end());
        silent.close();
      }
    });

    test('1 an output that cannot be written is no success', async () => {
      const done = await home.spawn('sh', ['-c', `${quote(postern)} token > /dev/full`]).done;
      assert.equal(done.status, 1);
      assert.match(done.stderr, /could not be written/);
    });
  });

  describe('what is shown where', () => {
    test('secrets-once: a secret on the command line is warned of; the file setting is not', async () => {
      const secret = application('basic').client_secret;
      const done = await good('token', '--client-secret', secret);
      assert.match(done.stderr, /other users of this machine can read --client-secret .*--client-secret-file FILE or the variable POSTERN_CLIENT_SECRET/);
      const file = path.join(home.folder, 'secret');
      await writeFile(file, `${secret}\n`, { mode: 0o600 });
      const { client_secret: _, ...rest } = settings();
      await home.profile({ ...rest, client_secret_file: file });
      assert.equal((await good('token')).stderr, '');
    });

    test('secrets-once: --verbose tells of requests without query, token or secret', async () => {
      const token = (await good('token', '--fresh')).stdout.trim();
      const done = await good('api', '/access-key-management/v1/access-keys?limit=1&x=hidden', '--verbose');
      assert.match(done.stderr, /^> GET http:\/\/\S+\/access-key-management\/v1\/access-keys$/m);
      assert.match(done.stderr, /^< 200 \d+ ms$/m);
      const fresh = await good('token', '--fresh', '--verbose');
      assert.match(fresh.stderr, /^\* token: /m);
      for (const text of [done.stderr, fresh.stderr]) {
        for (const hidden of [token, fresh.stdout.trim(), 'hidden', key('admin@acme.example').access_key_secret]) {
          assert.ok(!text.includes(hidden), text);
        }
      }
    });

    test('colours on a terminal, none with NO_COLOR, --no-color, TERM=dumb or in a pipe', async () => {
      const coloured = await person(['status']);
      assert.match(coloured.stdout, /\x1b\[1mPROFILE/);
      for (const seen of [await person(['status'], { env: { NO_COLOR: '1' } }), await person(['status', '--no-color']),
        await person(['status'], { env: { TERM: 'dumb' } })]) {
        assert.match(seen.stdout, /^PROFILE {2}TOKEN/);
        assert.ok(!seen.stdout.includes('\x1b'));
      }
      assert.ok(!(await good('status')).stdout.includes('\x1b'));
    });

    test('help, completion, version', async () => {
      const { stdout: help } = await good('help');
      const names = [...help.split('Flags')[0].matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
      assert.ok(names.length >= 14);
      for (const name of names) {
        assert.match((await good(name, '--help')).stdout, new RegExp(`^Usage: postern ${name}`));
        assert.match((await good('completion', 'bash')).stdout, new RegExp(`\\b${name}\\)`));
      }
      assert.match((await good('--version')).stdout, /^postern \d+\.\d+\.\d+\n$/);
      assert.match((await ends(2, 'help', 'tokne')).stderr, /Did you mean token\?/);
      assert.match((await ends(2, 'help', 'nope')).stderr, /Try: postern help/);
      assert.match((await good('login', '--help')).stdout, /--device\n(.*\n)?.*standard error and as text with --json too/);
      assert.match((await good('help', 'settings')).stdout, /--client-secret-file FILE/);
      const api = (await good('help', 'api')).stdout;
      assert.ok(api.indexOf('--paginate') < api.indexOf('Examples') && api.indexOf('Examples') < api.indexOf('--profile'), api);
      assert.ok(!api.includes('--client-secret'), 'the settings have a topic of their own');
      await ends(2, 'completion', 'csh');
      const bash = (await good('completion', 'bash')).stdout;
      const asked = await run('bash', ['-c', `${bash}\nCOMP_WORDS=(postern keys d); COMP_CWORD=2; _postern; echo "\${COMPREPLY[*]}"`]);
      assert.equal(asked.stdout, 'disable delete\n');
    });
  });
});
