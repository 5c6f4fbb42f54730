// SPDX-License-Identifier: Apache-2.0
// postern proxy: whoever is slow, or only sits there, keeps nobody out (SECURITY: slow).
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Faulty, gate } from './lib/faulty.mjs';
import { Home, settingsOf } from './lib/postern.mjs';
import { Proxy, Upstream } from './lib/proxy.mjs';
import { until } from './lib/server.mjs';

const PLACES = 512;
const HALF = 'GET /half HTTP/1.1\r\nHo';

describe('postern proxy: slow clients', { timeout: 180_000 }, () => {
  let faulty, upstream, home, proxy, open;
  before(async () => {
    faulty = await Faulty.start();
    upstream = await Upstream.start();
    home = await Home.make(settingsOf(faulty, { api_endpoint: upstream.url }));
    home.secrets = () => faulty.secrets();
    proxy = await Proxy.start(home);
    open = [];
  });
  after(async () => {
    for (const socket of open) socket.destroy();
    await proxy?.stop();
    await home?.remove();
    await upstream?.stop();
    await faulty?.stop();
  });

  // A connection that says `bytes`; .ended: when the proxy closed it; .text: what came.
  async function connect(bytes) {
    const socket = net.connect(proxy.port, proxy.hostname);
    Object.assign(socket, { text: '', begun: Date.now() });
    open.push(socket);
    socket.on('error', () => {}).on('data', (chunk) => { socket.text += chunk; }).on('close', () => { socket.ended = Date.now(); });
    await new Promise((resolve) => { socket.on('connect', resolve); });
    socket.write(bytes);
    return socket;
  }
  const crowd = (n, bytes) => Promise.all(Array.from({ length: n }, () => connect(bytes)));
  const leave = async () => {
    for (const socket of open.splice(0)) socket.destroy();
    assert.equal((await proxy.request('GET', '/')).status, 200);
  };
  const whole = (path) => `GET ${path} HTTP/1.1\r\nHost: ${proxy.authority}\r\n\r\n`;

  test('slow: a head has some ten seconds, silent, half or dripping; an answer as long as it takes', async () => {
    const go = gate();
    upstream.on('/patient', async (_, response) => { await go.closed; response.end('late'); });
    const patient = proxy.request('GET', '/patient');
    const kept = await connect(whole('/kept'));
    const slow = [await connect(''), await connect(HALF), await connect(HALF)];
    const drip = setInterval(() => { if (!slow[2].destroyed) slow[2].write('o'); }, 200);
    try {
      await until('the slow ones are closed', () => slow.every((socket) => socket.ended), 30_000);
    } finally {
      clearInterval(drip);
    }
    for (const socket of slow) {
      const seconds = (socket.ended - socket.begun) / 1000;
      assert.ok(seconds > 9 && seconds < 20, `${seconds} s`);
      assert.equal(socket.text, '');
    }
    kept.text = '';
    kept.write(whole('/kept'));
    await until('the kept connection answers', () => kept.text.startsWith('HTTP/1.1 200 '));
    go.open();
    assert.equal((await patient).text, 'late');
    assert.equal(upstream.last('/half'), undefined);
    await leave();
  });

  test('slow: where half heads take every place, the next request waits for one and gets it', async () => {
    const half = await crowd(PLACES + 20, HALF);
    const begun = Date.now();
    const answers = await Promise.all(Array.from({ length: 10 }, () => proxy.request('GET', '/')));
    assert.ok(answers.every((answer) => answer.status === 200));
    assert.ok(Date.now() - begun < 9000, 'they need not wait for the end of the ten seconds');
    assert.ok(half.some((socket) => !socket.ended), 'no more are closed than must be');
    await leave();
  });

  test('slow: idle connections are closed first, the longest idle before others, those in use never', async () => {
    const go = gate();
    upstream.on('/used', async (_, response) => { await go.closed; response.end('used'); });
    const used = await connect(whole('/used'));
    await until('it runs', () => upstream.last('/used'));
    const first = await connect(whole('/'));
    await until('the first is idle', () => first.text.endsWith('{}'));
    const idle = await crowd(PLACES - 2, whole('/'));
    await until('all are idle', () => idle.every((socket) => socket.text.endsWith('{}')));
    assert.ok(!first.ended, 'there is a place for each');
    assert.equal((await proxy.request('GET', '/')).status, 200);
    await until('the first is closed', () => first.ended);
    assert.equal(idle.filter((socket) => socket.ended).length, 0);
    go.open();
    await until('the one in use is answered', () => used.text.endsWith('used'));
    await leave();
  });

  test('slow: where requests that run take every place, the next ones wait for theirs', async () => {
    const go = gate();
    upstream.on('/run', async (_, response) => { await go.closed; response.end('run'); });
    const agent = new http.Agent({ keepAlive: false, maxSockets: Infinity });
    const running = Array.from({ length: PLACES }, () => proxy.request('GET', '/run', { agent }));
    const runs = () => upstream.requests.filter((r) => r.url === '/run').length;
    await until('all run', () => runs() === PLACES, 60_000);
    const next = Array.from({ length: 20 }, () => proxy.request('GET', '/next', { agent }));
    go.open();
    for (const answer of await Promise.all(running)) assert.deepEqual([answer.status, answer.text], [200, 'run']);
    for (const answer of await Promise.all(next)) assert.equal(answer.status, 200);
    agent.destroy();
  });
});
