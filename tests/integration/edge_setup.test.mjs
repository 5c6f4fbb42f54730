// SPDX-License-Identifier: Apache-2.0
// What sets the edge up: posternd dev-cert, posternd edge-config, and the systemd units.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { program } from './lib/server.mjs';

const run = promisify(execFile);

describe('dev-cert', () => {
  let folder;
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), 'postern-cert-')); });
  after(() => rm(folder, { recursive: true, force: true }));
  const devCert = (...args) => run(program, ['dev-cert', ...args]).then((done) => ({ status: 0, ...done }), (e) => ({ status: e.code, stdout: e.stdout, stderr: e.stderr }));
  const openssl = (...args) => run('openssl', args, { cwd: folder }).then(({ stdout }) => stdout, (e) => `${e.stdout}${e.stderr}`);
  const dir = () => path.join(folder, 'edge');
  const read = (name) => readFile(path.join(dir(), name), 'utf8');

  test('what it makes is believed by openssl, for its hosts alone', async () => {
    const { stdout, stderr, status } = await devCert('--dir', dir(), '--host', 'a.nice.test,*.b.nice.test,192.0.2.1');
    assert.equal(status, 0, stderr);
    assert.deepEqual((await readdir(dir())).sort(), ['ca.pem', 'server.key', 'server.pem']);
    assert.equal((await stat(path.join(dir(), 'server.key'))).mode & 0o777, 0o600);
    assert.equal((await stat(path.join(dir(), 'ca.pem'))).mode & 0o777, 0o644);
    assert.doesNotMatch(stdout + stderr, /PRIVATE|BEGIN/);
    assert.match(stdout, /Next: posternd edge-config/);
    const verify = (...more) => openssl('verify', '-CAfile', 'edge/ca.pem', '-purpose', 'sslserver', ...more, 'edge/server.pem');
    for (const host of ['localhost', 'a.nice.test', 'any.b.nice.test']) assert.match(await verify('-verify_hostname', host), /: OK\n$/, host);
    for (const ip of ['127.0.0.1', '::1', '192.0.2.1']) assert.match(await verify('-verify_ip', ip), /: OK\n$/, ip);
    assert.match(await verify('-verify_hostname', 'evil.example'), /mismatch/i);
    assert.match(await openssl('verify', 'edge/server.pem'), /unable to get/i, 'nobody else believes it');
    const text = await openssl('x509', '-in', 'edge/ca.pem', '-noout', '-text');
    assert.match(text, /CA:TRUE, pathlen:0/);
    assert.match(text, /prime256v1|P-256/);
    assert.match(text, /Permitted:\s+DNS:localhost/);
  });

  test('again: kept while good, made anew when a host is new, or a part is missing or of another certificate', async () => {
    const first = await Promise.all(['ca.pem', 'server.pem', 'server.key'].map(read));
    assert.match((await devCert('--dir', dir())).stdout, /^kept /);
    assert.deepEqual(await Promise.all(['ca.pem', 'server.pem', 'server.key'].map(read)), first);
    assert.match((await devCert('--dir', dir(), '--host', 'c.nice.test')).stdout, /^made /);
    const second = await Promise.all(['ca.pem', 'server.pem', 'server.key'].map(read));
    assert.ok(second.every((text, i) => text !== first[i]));
    await writeFile(path.join(dir(), 'server.key'), first[2]);
    assert.match((await devCert('--dir', dir())).stdout, /^made /, 'a key of another certificate');
    await rm(path.join(dir(), 'ca.pem'));
    assert.match((await devCert('--dir', dir())).stdout, /^made /, 'no authority');
  });

  test('what it did not make is not replaced', async () => {
    for (const names of [['server.key'], ['server.key', 'server.pem'], ['ca.pem']]) {
      const own = path.join(folder, `own-${names.join('-')}`);
      await mkdir(own);
      const precious = await openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=real', '-keyout', '/dev/stdout');
      for (const name of names) await writeFile(path.join(own, name), precious);
      const done = await devCert('--dir', own);
      assert.equal(done.status, 1);
      assert.match(done.stderr, /did not make/);
      assert.doesNotMatch(done.stderr + done.stdout, /BEGIN/);
      for (const name of names) assert.equal(await readFile(path.join(own, name), 'utf8'), precious);
    }
  });

  test('hosts that are none, and places that cannot be written, are told', async () => {
    for (const host of ['a b', 'x,DNS:y', '*', 'a;b', 'localhost:1', '']) {
      const done = await devCert('--dir', path.join(folder, 'none'), '--host', host);
      assert.equal(done.status, 1, host);
      assert.match(done.stderr, /--host/);
    }
    const blocked = await devCert('--dir', '/proc/none');
    assert.equal(blocked.status, 1);
    assert.match(blocked.stderr, /\/proc\/none/);
  });
});

describe('edge-config', () => {
  const edgeConfig = (...args) => run(program, ['edge-config', ...args]).then((done) => ({ status: 0, ...done }), (e) => ({ status: e.code, stdout: e.stdout, stderr: e.stderr }));

  test('--listen is nginx, the setting listen is posternd', async () => {
    const env = { ...process.env, POSTERN_LISTEN: 'unix:/run/postern/posternd.sock' };
    const { stdout, stderr } = await run(program, ['edge-config', '--listen', '127.0.0.1:9443'], { env });
    assert.match(stdout, /listen 127\.0\.0\.1:9443 ssl http2;/);
    assert.match(stdout, /server "unix:\/run\/postern\/posternd\.sock" /);
    assert.match(stderr, /--behind-front --listen unix:\/run\/postern\/posternd\.sock/);
    assert.match((await edgeConfig()).stdout, /server "127\.0\.0\.1:8420" /);
  });

  test('values that could end their directive are refused, and nothing is printed', async () => {
    const hostile = [['--listen', '127.0.0.1:8443; include /etc/passwd'], ['--certificate', '/a"; include /etc/passwd; #'], ['--key', '/a\n}'],
      ['--run-dir', '/a}'], ['--upstream', 'unix:/a;'], ['--server-name', 'a 0; default 0'], ['--user', 'a;']];
    for (const [flag, value] of hostile) {
      const done = await edgeConfig(flag, value);
      assert.equal(done.status, 1, flag);
      assert.equal(done.stdout, '');
      assert.ok(done.stderr.includes(flag), done.stderr);
    }
  });
});

describe('units', () => {
  const folder = fileURLToPath(new URL('../../edge/', import.meta.url));
  const analyze = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find((file) => existsSync(file));

  test('hardening: systemd-analyze rates the exposure of the units below 2.0', { skip: !analyze && 'there is no systemd-analyze here' }, async () => {
    for (const unit of ['posternd.service', 'postern-edge.service']) {
      const { stdout } = await run(analyze, ['security', '--offline=true', '--no-pager', path.join(folder, unit)]);
      const level = Number(stdout.match(/Overall exposure level for \S+: ([\d.]+)/)?.[1]);
      assert.ok(level < 2, `${unit}: ${level}`);
    }
  });
});
