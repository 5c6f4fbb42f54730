// SPDX-License-Identifier: Apache-2.0
// The limit of connections (SECURITY: slow): one more waits, and is served as soon as another ends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { model } from './lib/model.mjs';
import { Server, until } from './lib/server.mjs';

const LIMIT = 16;
const REQUEST = 'GET /auth/jwks HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('connections', () => {
  let server;
  before(async () => {
    server = await Server.start({ model, args: ['--connections', String(LIMIT), '--workers', '8'] });
    server.agent.destroy(); // the connection that asked whether it is ready would take a place
    await until('no connection', async () => await open() === 0);
  });
  after(() => server?.stop());

  async function ask() {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.answered = false;
    socket.once('data', (data) => { socket.answered = data.toString().startsWith('HTTP/1.1 200'); });
    await once(socket, 'connect');
    socket.write(REQUEST);
    return socket;
  }
  const answered = (sockets) => sockets.filter((s) => s.answered).length;
  const open = () => server.metric('postern_http_connections');

  test('slow: connections past the limit wait for a place and get it', async () => {
    const first = await Promise.all(Array.from({ length: LIMIT }, ask));
    await until('every worker to take its share', () => answered(first) === LIMIT);
    const late = await Promise.all(Array.from({ length: 6 }, ask));
    assert.equal(await open(), LIMIT);
    assert.equal(answered(late), 0);
    for (const socket of first.slice(0, 6)) socket.destroy();
    await until('the waiting ones to be served', () => answered(late) === 6);
    assert.equal(await open(), LIMIT);
    for (const socket of [...first, ...late]) socket.destroy();
  });

  test('a closed connection gives its place back', async () => {
    await until('the places to be free', async () => await open() === 0);
    for (let i = 0; i < 10 * LIMIT; i++) {
      const socket = await ask();
      await until(`answer ${i}`, () => socket.answered);
      socket.destroy();
    }
    await until('the places to be free again', async () => await open() === 0);
  });
});
