// SPDX-License-Identifier: Apache-2.0
// Both ends of `postern proxy`: the API behind it, a program before it, and bodies that need not fit into memory.
//
//   const upstream = await Upstream.start();
//   upstream.on('/path', (request, response) => ...);      // node's own objects; every request is in upstream.requests
//   const proxy = await Proxy.start(home, '--base', 'api');
//   const answer = await proxy.request('GET', '/path');
//   await proxy.stop();                                    // asserts status 0
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { postern } from './postern.mjs';
import { until } from './server.mjs';

export const MIB = 1 << 20;

// The API behind the proxy: `on(path, handler)`; every request is written down.
export class Upstream {
  static async start() {
    const upstream = new Upstream();
    upstream.handlers = new Map();
    upstream.requests = [];
    upstream.server = http.createServer((request, response) => {
      const path = request.url.split('?')[0];
      upstream.requests.push({ method: request.method, url: request.url, headers: request.headers, raw: request.rawHeaders });
      request.on('error', () => {});
      response.on('error', () => {});
      (upstream.handlers.get(path) ?? ((_, r) => r.end('{}')))(request, response);
    });
    upstream.server.listen(0, '127.0.0.1');
    await once(upstream.server, 'listening');
    upstream.url = `http://127.0.0.1:${upstream.server.address().port}`;
    return upstream;
  }

  on(path, handler) {
    this.handlers.set(path, handler);
  }

  last(path) {
    return this.requests.findLast((r) => r.url.split('?')[0] === path);
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

// A running `postern proxy`.
export class Proxy {
  static async start(home, ...args) {
    const proxy = new Proxy();
    proxy.child = home.spawn(postern, ['proxy', '--verbose', ...args], { input: null });
    proxy.said = '';
    proxy.log = '';
    proxy.child.stdout.on('data', (text) => { proxy.said += text; });
    proxy.child.stderr.on('data', (text) => { proxy.log += text; });
    let ended;
    proxy.child.done.then((done) => { ended = done; });
    await until('the proxy says where it listens', () => {
      assert.ok(!ended, `the proxy ended: ${JSON.stringify(ended)}`);
      return proxy.said.includes('\n');
    });
    proxy.url = proxy.said.match(/http:\/\/[^\s",]+/)[0];
    const { hostname, port } = new URL(proxy.url);
    Object.assign(proxy, { hostname: hostname.replace(/[[\]]/g, ''), port: Number(port), authority: `127.0.0.1:${port}` });
    return proxy;
  }

  // { status, headers, body, text, json }; `body` may be a function that writes to the request.
  request(method, path, { headers = {}, body, agent } = {}) {
    return new Promise((resolve, reject) => {
      const options = { host: this.hostname, port: this.port, method, path, headers, agent: agent ?? false, timeout: 60_000 };
      const request = http.request(options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks), text = bytes.toString();
          let json;
          try { json = JSON.parse(text); } catch { json = undefined; }
          resolve({ status: response.statusCode, headers: response.headers, raw: response.rawHeaders, bytes, text, json });
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer`)));
      request.on('error', reject);
      if (typeof body === 'function') body(request);
      else request.end(body);
    });
  }

  // Bytes as they are, on a connection of their own; all that comes until the proxy closes or `enough` matches.
  raw(bytes, enough) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(this.port, this.hostname);
      let text = '';
      socket.setEncoding('latin1').setTimeout(20_000, () => socket.destroy(new Error(`no answer to ${bytes}: ${text}`)));
      socket.on('data', (chunk) => { text += chunk; if (enough?.test(text)) socket.destroy(); });
      socket.on('error', (error) => (error.code === 'ECONNRESET' ? resolve(text) : reject(error)));
      socket.on('close', () => resolve(text));
      socket.write(bytes);
    });
  }

  // Its peak of memory in KiB.
  async peak() {
    return Number((await readFile(`/proc/${this.child.pid}/status`, 'utf8')).match(/VmHWM:\s+(\d+)/)[1]);
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    const done = await this.child.done;
    assert.deepEqual([done.status, done.signal], [0, null], done.stderr);
    return done;
  }
}

// Sends `n` bytes of a pattern as fast as the other side takes them; their SHA-256.
export async function pour(to, n) {
  const block = randomBytes(MIB), hash = createHash('sha256');
  for (let sent = 0; sent < n; sent += block.length) {
    const piece = block.subarray(0, Math.min(block.length, n - sent));
    hash.update(piece);
    if (!to.write(piece)) await once(to, 'drain');
  }
  to.end();
  return hash.digest('hex');
}

export const drink = async (from) => {
  const hash = createHash('sha256');
  let n = 0;
  for await (const chunk of from) { hash.update(chunk); n += chunk.length; }
  return { n, sha256: hash.digest('hex') };
};
