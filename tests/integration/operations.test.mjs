// SPDX-License-Identifier: Apache-2.0
// What operators see and what happens behind their backs: metrics, the log, audit records, the purge.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { jwtDecode } from './lib/jwt.mjs';
import { acme, model } from './lib/model.mjs';
import { Server, until } from './lib/server.mjs';

const KEYS = '/access-key-management/v1/access-keys';

describe('operations', () => {
  let server;
  before(async () => { server = await Server.start({ model }); });
  after(() => server?.stop());

  const client = (name) => [server.generatedSecret('application', 'clientId', name), server.generatedSecret('application', 'secret', name)];
  const keyOf = (name) => ({ accessKeyId: server.generatedSecret('access_key', 'accessKeyId', name),
    accessKeySecret: server.generatedSecret('access_key', 'accessKeySecret', name) });
  const login = async (name = 'admin@acme.example') => (await server.request('POST', '/authentication/v1/token/access-key', { json: keyOf(name) })).json;
  const credentials = (more) => server.token({ grant_type: 'client_credentials', ...more }, { basic: client('basic') });

  // The text format of Prometheus, read strictly: { 'name{labels}': value }.
  const metrics = async () => {
    const { status, headers, text } = await server.request('GET', '/metrics', { base: server.opsUrl });
    assert.equal(status, 200);
    assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
    assert.ok(text.endsWith('\n'));
    const series = {}, types = {};
    for (const line of text.trimEnd().split('\n')) {
      const type = line.match(/^# TYPE (\w+) (counter|gauge|histogram)$/);
      if (type) {
        assert.ok(!(type[1] in types), `${line}: twice`);
        types[type[1]] = type[2];
      } else if (!line.startsWith('# HELP ')) {
        const [, id, name, value] = line.match(/^((\w+)(?:\{\w+="[^"\\]*"(?:,\w+="[^"\\]*")*\})?) (-?\d+(?:\.\d+)?)$/) ?? assert.fail(line);
        assert.ok(!(id in series), `${id}: twice`);
        assert.ok(name in types || name.replace(/_(bucket|sum|count)$/, '') in types, `${name} has no type`);
        series[id] = Number(value);
      }
    }
    return series;
  };

  test('metrics: requests, latencies, tokens, signatures, batches, pools', async () => {
    const before_ = await metrics();
    await credentials();
    await credentials({ scope: 'unheard-of' });
    await server.token({ grant_type: 'password', username: 'x', password: 'y' }, { basic: client('basic') });
    await server.token({ grant_type: 'client_credentials', tenantId: acme.id }, { basic: client('foreign') });
    await server.request('GET', '/nowhere');
    const after_ = await metrics();
    const grew = (id, by) => assert.equal((after_[id] ?? 0) - (before_[id] ?? 0), by, id);
    grew('postern_http_requests_total{route="token_post",status="200"}', 1);
    grew('postern_http_requests_total{route="token_post",status="400"}', 2);
    grew('postern_http_requests_total{route="token_post",status="401"}', 1);
    grew('postern_http_requests_total{route="none",status="404"}', 1);
    grew('postern_http_request_duration_seconds_count{route="token_post"}', 4);
    grew('postern_http_request_duration_seconds_bucket{route="token_post",le="+Inf"}', 4);
    grew('postern_tokens_total{grant="client_credentials",outcome="ok"}', 1);
    grew('postern_tokens_total{grant="client_credentials",outcome="invalid_scope"}', 1);
    grew('postern_tokens_total{grant="client_credentials",outcome="unauthorized_client"}', 1);
    grew('postern_tokens_total{grant="password",outcome="invalid_grant"}', 1);
    grew('postern_signature_seconds_count', 1);
    assert.ok(after_.postern_signature_seconds_sum > before_.postern_signature_seconds_sum);
    assert.ok(after_.postern_write_batch_size_count > before_.postern_write_batch_size_count);
    assert.ok(after_['postern_write_batch_size_bucket{le="+Inf"}'] > 0);
    for (const gauge of ['postern_writers', 'postern_writers_busy', 'postern_write_queue', 'postern_job_threads{lane="hash"}', 'postern_job_threads_busy{lane="hash"}', 'postern_job_queue{lane="hash"}',
      'postern_job_threads{lane="fetch"}', 'postern_sign_ins_total{outcome="begun"}', 'postern_sign_ins_total{outcome="wrong"}',
      'postern_http_connections', 'postern_http_in_flight']) assert.ok(gauge in after_, gauge);
    assert.ok(after_.postern_writers >= 1 && after_['postern_job_threads{lane="hash"}'] >= 1);
  });

  test('log: one line a request with id, route, tenant, client, status, microseconds, and the reason of a failure', async () => {
    const line = async (id) => {
      const lines = await until('the line is written', () => server.logOf(id).length > 0 && server.logOf(id));
      assert.equal(lines.length, 1);
      return lines[0];
    };
    await server.token({ grant_type: 'client_credentials' }, { basic: client('basic'), headers: { correlationid: 'op-good' } });
    const good = await line('op-good');
    assert.deepEqual([good.route, good.status, good.tenant, good.client, good.grant, good.correlation, good.error],
      ['token_post', 200, acme.id, client('basic')[0], 'client_credentials', 'op-good', undefined]);
    assert.ok(good.id && Number.isInteger(good.us) && good.us > 0 && good.method === 'POST' && good.remote === '127.0.0.1');
    const token = (await login('nobody@acme.example')).access_token;
    await server.request('POST', KEYS, { bearer: token, json: { userId: jwtDecode(token).claims.sub.replace('user:', '') }, headers: { correlationid: 'op-bad' } });
    const bad = await line('op-bad');
    assert.deepEqual([bad.route, bad.status, bad.tenant, bad.error], ['access_keys_post', 403, acme.id, 'FORBIDDEN']);
    assert.match(bad.reason, /lacks the permission/);
    assert.match(bad.place, /^\w+\.c:\d+$/);
  });

  const audits = async (action) => (await server.sql(
    `SELECT tenant_id, at_ms, actor, object, remote, detail FROM audit WHERE action = '${action}' ORDER BY at_ms, audit_id`))
    .map(([tenant, at, actor, object, remote, detail]) => ({ tenant, at: Number(at), actor, object, remote, detail: JSON.parse(detail) }));

  test('audit: every change says who, what, when, from where, and no secret', async () => {
    const started = Date.now() - 60_000;
    const recent = (record) => assert.ok(record.at > started && record.at <= Date.now(), JSON.stringify(record));
    const { access_token: token, refresh_token: refresh } = await login();
    const actor = jwtDecode(token).claims.sub, userId = actor.replace('user:', '');
    const key = (await server.request('POST', KEYS, { bearer: token, json: { userId, tenantId: acme.id } })).json.accessKey;
    const one = `${KEYS}/${encodeURIComponent(key.accessKeyId)}`;
    for (const isActive of [false, true]) await server.request('PATCH', one, { bearer: token, json: { isActive } });
    await server.request('DELETE', one, { bearer: token });
    for (const action of ['create', 'deactivate', 'activate', 'delete']) {
      const record = (await audits(`access_key.${action}`)).filter((r) => r.remote !== 'local').at(-1);
      assert.deepEqual([record.tenant, record.actor, record.object, record.remote, record.detail.userId], [acme.id, actor, key.accessKeyId, '127.0.0.1', userId], action);
      recent(record);
    }
    await server.request('POST', KEYS, { bearer: (await login('nobody@acme.example')).access_token, json: { userId } });
    assert.equal((await audits('access_key.create')).filter((r) => r.remote !== 'local').length, 1, 'what was refused changed nothing');

    const set = (await credentials()).json;
    await server.request('POST', '/auth/revoke', { form: { token: set.refresh_token }, basic: client('basic') });
    const revoked = (await audits('session.revoke')).at(-1);
    assert.deepEqual([revoked.tenant, revoked.actor, revoked.object, revoked.remote],
      [acme.id, `client:${client('basic')[0]}`, jwtDecode(set.access_token).claims.sid, '127.0.0.1']);

    assert.equal((await server.command('generate-key', 'admin@acme.example')).status, 0);
    assert.equal((await server.command('keys', 'rotate', '--environment', 'local')).status, 0);
    for (const [action, object] of [['generated_key.create', userId], ['signing_key.rotate']]) {
      const record = (await audits(action)).at(-1);
      assert.match(record.actor, /^operator:./, action);
      assert.equal(record.remote, 'local');
      if (object) assert.equal(record.object, object);
      recent(record);
    }
    for (const kind of ['environment', 'tenant', 'role', 'employee', 'application', 'access_key']) {
      const [record] = await audits(`${kind}.create`);
      assert.match(record.actor, /^operator:./, kind);
      assert.equal(record.remote, 'local');
      recent(record);
    }
    const changed = model(server.url);
    changed.environments[0].tenants[0].employees[1].status = 'BLOCKED';
    const file = `${server.folder}/audit.json`;
    await writeFile(file, JSON.stringify(changed));
    assert.equal((await audits('employee.update')).length, 0);
    assert.equal((await server.command('plan', file)).status, 0);
    assert.equal((await audits('employee.update')).length, 0, 'a plan is no change');
    const issued = (await login('agent@acme.example')).access_token;
    const works = async () => (await server.request('GET', '/api/v2/users/me', { bearer: issued })).status;
    assert.equal(await works(), 200);
    assert.equal((await server.command('apply', file)).status, 0);
    const [updated] = await audits('employee.update');
    assert.deepEqual([updated.tenant, updated.detail], [acme.id, { name: 'agent@acme.example', members: 'status' }]);

    assert.equal(await works(), 401);
    // dead-means-dead: what was issued before does not come to life again.
    changed.environments[0].tenants[0].employees[1].status = 'ACTIVE';
    await writeFile(file, JSON.stringify(changed));
    assert.equal((await server.command('apply', file)).status, 0);
    assert.equal(await works(), 401);
    assert.ok((await login('agent@acme.example')).access_token);

    const all = JSON.stringify(await server.sql('SELECT actor, object, detail FROM audit'));
    for (const secret of [key.accessKeySecret, refresh, token, ...server.generated.filter((s) => /secret$/i.test(s.member)).map((s) => s.value)]) {
      assert.ok(!all.includes(secret), `${secret.slice(0, 6)}...`);
    }
  });

  test('purge: what has expired disappears while the server runs, what lives stays', async () => {
    const sessions = async () => new Set((await server.sql('SELECT session_id FROM session')).map(([id]) => id));
    const old = (await credentials()).json, living = (await credentials()).json;
    const sid = (set) => jwtDecode(set.access_token).claims.sid;
    assert.ok((await sessions()).has(sid(old)));
    // Not the clock but the row is moved: an hour ago.
    await server.sql(`UPDATE session SET expires_at = ${Math.floor(Date.now() / 1000) - 3600}, refresh_expires_at = 1 WHERE session_id = '${sid(old)}'`);
    await until('the purge comes by', async () => !(await sessions()).has(sid(old)));
    assert.ok((await sessions()).has(sid(living)));
    const refresh = (set) => server.token({ grant_type: 'refresh_token', refresh_token: set.refresh_token }, { basic: client('basic') });
    assert.equal((await refresh(old)).json.error, 'invalid_grant');
    assert.equal((await refresh(living)).status, 200);
  });

  test('SIGHUP: the settings of the file that can change do, the others are named, a broken file changes nothing', async () => {
    const file = `${server.folder}/reload.conf`;
    const write = (...lines) => writeFile(file, lines.join('\n'));
    const other = new Server({ args: ['--config', file] });
    Object.assign(other, { folder: server.folder, database: server.database, common: server.common, remove: async () => {} });
    const told = (what) => until(what.source, () => other.logLines().some((line) => what.test(JSON.stringify(line))));
    const asked = async (id) => {
      await other.request('GET', '/auth/jwks', { headers: { correlationid: id } });
      return other.logOf(id).length > 0;
    };
    await write('access_log = off', 'idle_timeout = 60');
    await other.serve();
    try {
      await asked('quiet');
      await write('access_log = on', 'idle_timeout = 61');
      other.signal('SIGHUP');
      await told(/idle_timeout changed: it takes a restart/);
      let n = 0;
      await until('requests are logged', () => asked(`loud-${n++}`));
      assert.equal(other.logOf('quiet').length, 0);
      await write('access_log = perhaps');
      other.signal('SIGHUP');
      await told(/settings stay as they were.*access_log/);
      assert.equal((await other.request('GET', '/auth/jwks')).status, 200);
    } finally {
      await other.stop();
    }
  });

  test('a declaration with many mistakes: all are told, with line and member, and nothing is changed', async () => {
    const wrong = model(server.url);
    wrong.environments[0].tenants[0].employees[0].rolle = 'Agent';
    wrong.environments[0].tenants[0].applications[0].tipe = 'backend';
    const file = `${server.folder}/wrong.json`;
    await writeFile(file, JSON.stringify(wrong, null, 1));
    const lines = (await readFile(file, 'utf8')).split('\n');
    for (const command of ['plan', 'apply']) {
      const { status, stderr } = await server.command(command, file);
      assert.equal(status, 1);
      assert.equal(stderr.trim().split('\n').length, 2, stderr);
      for (const [word, member] of [['rolle', 'employees[0].rolle'], ['tipe', 'applications[0].tipe']]) {
        const number = lines.findIndex((line) => line.includes(word)) + 1;
        assert.ok(stderr.includes(`wrong.json:${number}:`) && stderr.includes(member), stderr);
      }
    }
    for (let i = 0; i < 20; i++) wrong.environments[0].tenants[0].applications[0][`wrong${i}`] = 1;
    await writeFile(file, JSON.stringify(wrong, null, 1));
    const { stderr } = await server.command('plan', file);
    assert.match(stderr, /and 12 more\n$/);
    assert.equal(stderr.trim().split('\n').length, 11);
  });
});
