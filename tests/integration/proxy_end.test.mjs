// SPDX-License-Identifier: Apache-2.0
// postern proxy: how it starts, how it fails, how it ends; and before posternd.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Faulty, gate } from './lib/faulty.mjs';
import { model } from './lib/model.mjs';
import { Home, settingsOf } from './lib/postern.mjs';
import { Proxy, Upstream } from './lib/proxy.mjs';
import { Server, until } from './lib/server.mjs';

describe('postern proxy: start, failures, end', () => {
  let faulty, upstream, home;
  before(async () => {
    faulty = await Faulty.start();
    upstream = await Upstream.start();
    home = await Home.make(settingsOf(faulty, { api_endpoint: upstream.url, retries: 0 }));
    home.secrets = () => faulty.secrets();
  });
  after(async () => {
    await home?.remove();
    await upstream?.stop();
    await faulty?.stop();
  });

  test('says where it listens, in words or as JSON, on IPv6 too', async () => {
    const words = await Proxy.start(home, '--listen', '127.0.0.1:0');
    assert.match(words.said, new RegExp(`^postern: proxy on http://127\\.0\\.0\\.1:\\d+ -> ${upstream.url}\n$`));
    await words.stop('SIGINT');
    const json = await Proxy.start(home, '--json');
    assert.deepEqual(JSON.parse(json.said), { url: json.url, endpoint: upstream.url, base: 'api' });
    await json.stop();
    const issuer = await Proxy.start(home, '--base', 'issuer', '--listen', '[::1]:0');
    assert.match(issuer.said, new RegExp(`http://\\[::1\\]:\\d+ -> ${faulty.url}\n$`));
    assert.equal((await issuer.request('GET', '/.well-known/openid-configuration')).json.issuer, faulty.url);
    await issuer.stop();
  });

  test('wrong arguments and credentials end it with the status of their class', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const rows = [
      [['--listen', '0.0.0.0:0'], 2, /loopback/],
      [['--listen', '192.0.2.1:0'], 2, /loopback/],
      [['--listen', 'nonsense'], 2, /address/],
      [['--base', 'other'], 2, /--base/],
      [['--allow-origin', '*'], 2, /origin/],
      [['--allow-origin', 'null'], 2, /origin/],
      [['--listen', `127.0.0.1:${other.address().port}`], 1, /in use/],
      [['--client-id', 'nobody', '--no-cache'], 3, /nobody|refused|client/i],
    ];
    for (const [args, status, says] of rows) {
      const done = await home.run('proxy', ...args);
      assert.equal(done.status, status, `${args}: ${done.stderr}`);
      assert.match(done.stderr, says);
      assert.equal(done.stdout, '');
    }
    other.close();
  });

  test('failures of the library are answers in JSON', async () => {
    const proxy = await Proxy.start(home, '--timeout', '1', '--no-cache');
    upstream.on('/late', () => {});
    const late = await proxy.request('GET', '/late');
    assert.deepEqual([late.status, late.json.error], [504, 'timeout']);
    faulty.next('token', { status: 400, json: { error: 'invalid_grant', error_description: 'no more' }, times: 4 });
    upstream.on('/refused', (_, response) => response.writeHead(401).end());
    const refused = await proxy.request('GET', '/refused');
    assert.equal(refused.status, 401, refused.text);
    faulty.steps.token = [];
    await upstream.stop();
    const nobody = await proxy.request('GET', '/x');
    assert.deepEqual([nobody.status, nobody.json.error], [502, 'connect']);
    await proxy.stop();
    upstream = await Upstream.start();
    await home.profile(settingsOf(faulty, { api_endpoint: upstream.url, retries: 0 }));
  });

  test('the end waits for what runs, and refuses what is new', async () => {
    const proxy = await Proxy.start(home);
    const begun = gate(), go = gate();
    upstream.on('/long', async (_, response) => { begun.open(); await go.closed; response.end('done'); });
    const running = proxy.request('GET', '/long');
    await begun.closed;
    proxy.child.kill('SIGTERM');
    await until('it does not listen any more', () => new Promise((resolve) => {
      net.connect(proxy.port, '127.0.0.1').on('connect', function connected() { this.destroy(); resolve(false); }).on('error', () => resolve(true));
    }));
    go.open();
    assert.equal((await running).text, 'done');
    const done = await proxy.child.done;
    assert.deepEqual([done.status, done.signal], [0, null], done.stderr);
  });

  test('a second signal ends it at once', async () => {
    const proxy = await Proxy.start(home);
    const begun = gate();
    upstream.on('/never', begun.open);
    const running = proxy.request('GET', '/never').catch((error) => error);
    await begun.closed;
    proxy.child.kill('SIGINT');
    await until('it does not listen any more', () => new Promise((resolve) => {
      net.connect(proxy.port, '127.0.0.1').on('connect', function connected() { this.destroy(); resolve(false); }).on('error', () => resolve(true));
    }));
    await proxy.stop('SIGINT');
    assert.ok((await running) instanceof Error);
  });
});

describe('postern proxy before posternd', () => {
  let server, home, proxy;
  before(async () => {
    server = await Server.start({ model });
    home = await Home.make({
      issuer: server.url,
      client_id: server.generatedSecret('application', 'clientId', 'basic@'),
      client_secret: server.generatedSecret('application', 'secret', 'basic@'),
      access_key_id: server.generatedSecret('access_key', 'accessKeyId', 'admin@acme'),
      access_key_secret: server.generatedSecret('access_key', 'accessKeySecret', 'admin@acme'),
    });
  });
  after(async () => {
    await proxy?.stop();
    await home?.remove();
    await server?.stop();
  });

  test('a program without a token calls the API', async () => {
    proxy = await Proxy.start(home);
    const me = await proxy.request('GET', '/api/v2/users/me');
    assert.deepEqual([me.status, me.json.userName], [200, 'admin@acme.example']);
    const none = await proxy.request('GET', '/api/v2/users/11ee9999-0000-4000-8000-000000000000');
    assert.equal(none.status, 404);
    assert.ok(none.headers.correlationid);
  });
});
