// SPDX-License-Identifier: Apache-2.0
// SECURITY secrets-once: every run of a server ends with the search of lib/secrets.mjs over its answers and its log. Here: that
// the search finds what it must, that the database holds nothing in the clear, and that no core file can.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { model } from './lib/model.mjs';
import { Secrets } from './lib/secrets.mjs';
import { engine, Server } from './lib/server.mjs';

const answer = (json, status = 200) => ({ status, headers: {}, text: JSON.stringify(json), json });
const KEY = `${'A'.repeat(52)}====`;

describe('the search for secrets', () => {
  test('secrets_once: a secret in the log, in a header, escaped, or shown again is found', () => {
    const leaks = {
      log: (s) => s.check(`{"event":"x","detail":"${KEY}"}`),
      body: (s) => { s.answered(answer({ a: KEY })); s.check(''); },
      header: (s) => { s.answered({ status: 200, headers: { location: `/?s=${encodeURIComponent(KEY)}` }, text: '' }); s.check(''); },
    };
    for (const [name, leak] of Object.entries(leaks)) {
      const secrets = new Secrets();
      secrets.add(KEY);
      assert.throws(() => leak(secrets), /secrets-once/, name);
    }
    const shown = new Secrets();
    shown.answered(answer({ accessKey: { accessKeySecret: KEY } }, 201));
    shown.check('');
    shown.answered(answer({ accessKey: { accessKeySecret: KEY } }, 201));
    assert.throws(() => shown.check(''), /secrets-once/, 'shown twice');
    const token = new Secrets();
    token.answered(answer({ access_token: 'aaa.bbb.signature-of-it' }));
    assert.throws(() => token.check('... signature-of-it'), /secrets-once/, 'a token in the log');
    token.count === 1 || assert.fail('count');
  });
});

describe('secrets of a run', () => {
  let server;
  before(async () => { server = await Server.start({ model }); });
  after(() => server?.stop());

  test('secrets_once: what was generated and issued is not in the database\'s files', { skip: engine !== 'sqlite' }, async () => {
    const basic = [server.generatedSecret('application', 'clientId', 'mac'), server.generatedSecret('application', 'secret', 'mac')];
    const tokens = (await server.token({ grant_type: 'client_credentials' },
      { basic: [server.generatedSecret('application', 'clientId', 'basic'), server.generatedSecret('application', 'secret', 'basic')] })).json;
    assert.ok(tokens.refresh_token);
    const hidden = [basic[1], tokens.refresh_token, tokens.access_token,
      ...server.generated.filter((s) => /secret$/i.test(s.member)).map((s) => s.value)];
    const files = (await readdir(server.folder)).filter((name) => name.startsWith('postern.db'));
    assert.ok(files.length > 0);
    for (const name of files) {
      const bytes = await readFile(path.join(server.folder, name), 'latin1');
      for (const secret of hidden) assert.ok(!bytes.includes(secret), `${name}: ${secret.slice(0, 6)}...`);
    }
  });

  test('secrets_once: no core file', async () => {
    const limits = await readFile(`/proc/${server.child.pid}/limits`, 'utf8');
    assert.match(limits, /Max core file size\s+0\s+0\s/);
  });

  test('hardening: no new privileges', async () => {
    assert.match(await readFile(`/proc/${server.child.pid}/status`, 'utf8'), /NoNewPrivs:\s+1/);
  });
});
