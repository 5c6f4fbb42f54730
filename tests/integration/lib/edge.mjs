// SPDX-License-Identifier: Apache-2.0
// nginx before a real posternd on a Unix socket, with the configuration of `posternd edge-config` and the
// certificate of `posternd dev-cert`, on a free loopback port.
//
//   const edge = await Edge.start({ model });
//   const answer = await edge.request('GET', '/auth/jwks');     // over TLS
//   await edge.stop();                                          // nginx, then posternd: see server.mjs
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { program, Server, until } from './server.mjs';

const run = promisify(execFile);
export const nginx = process.env.NGINX ?? ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].find(existsSync) ?? 'nginx';

async function isFree(port) {
  const server = net.createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error.code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}

// For a program that is told its port: this one and the next are free, and below those that outgoing connections take, so that none of
// these is there first.
export async function freePort() {
  for (let i = 0; i < 100; i++) {
    const port = randomInt(20000, 32000);
    if (await isFree(port) && await isFree(port + 1)) return port;
  }
  throw new Error('no port of a hundred is free');
}

export class Edge {
  static async start({ model, args = [], config = [] }) {
    const edge = new Edge();
    edge.port = await freePort();
    edge.url = `https://localhost:${edge.port}`;
    edge.server = await Server.start({ model: () => model(edge.url), socket: true, args: ['--behind-front', ...args] });
    try {
      await edge.#prepare(config);
      await edge.#serve();
    } catch (error) {
      await edge.stop().catch(() => {});
      throw error;
    }
    return edge;
  }

  // Another nginx with this one's certificate; posternd stays the first one's.
  async second({ upstream, config = [] }) {
    const other = new Edge();
    other.server = this.server;
    other.isSecond = true;
    other.port = await freePort();
    other.certificates = this.folder;
    other.folder = await mkdtemp(path.join(this.server.folder, 'edge-'));
    await other.#configure(upstream, config);
    await other.#serve();
    return other;
  }

  async #prepare(config) {
    this.folder = this.certificates = path.join(this.server.folder, 'edge');
    await run(program, ['dev-cert', '--dir', this.folder]);
    await this.#configure(`unix:${this.server.socketPath}`, config);
  }

  async #configure(upstream, config) {
    this.file = path.join(this.folder, 'nginx.conf');
    this.ca = await readFile(path.join(this.certificates, 'ca.pem'));
    const { stdout } = await run(program, ['edge-config', '--listen', `127.0.0.1:${this.port}`,
      '--certificate', path.join(this.certificates, 'server.pem'), '--key', path.join(this.certificates, 'server.key'),
      '--upstream', upstream, '--run-dir', this.folder, ...config]);
    await writeFile(this.file, stdout);
  }

  command(...args) {
    return run(nginx, ['-c', this.file, '-p', this.folder, '-e', path.join(this.folder, 'error.log'), ...args]);
  }

  async #serve() {
    await this.command('-t');
    this.said = '';
    this.child = spawn(nginx, ['-c', this.file, '-p', this.folder, '-e', path.join(this.folder, 'error.log'), '-g', 'daemon off;'],
      { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.said += text; });
    this.exited = once(this.child, 'exit');
    let ended = false;
    this.exited.then(() => { ended = true; });
    this.agent = new https.Agent({ ca: this.ca, keepAlive: true });
    await until('nginx answers', async () => {
      assert.ok(!ended, `nginx ended at its start: ${this.said}`);
      return this.request('GET', '/auth/jwks').then((answer) => this.isSecond || answer.status === 200, () => false);
    });
  }

  // As Server.request, over TLS and HTTP/1.1.
  request(method, target, { headers = {}, form, bearer, basic, body, agent = this.agent } = {}) {
    const all = { ...headers };
    if (form !== undefined) {
      body = new URLSearchParams(form).toString();
      all['content-type'] = 'application/x-www-form-urlencoded';
    }
    if (bearer !== undefined) all.authorization = `Bearer ${bearer}`;
    if (basic !== undefined) all.authorization = `Basic ${Buffer.from(basic.map(encodeURIComponent).join(':')).toString('base64')}`;
    if (body !== undefined) all['content-length'] ??= Buffer.byteLength(body);
    return new Promise((resolve, reject) => {
      const request = https.request({ method, host: '127.0.0.1', port: this.port, servername: 'localhost', path: target,
        headers: { host: `localhost:${this.port}`, ...all }, agent, ca: this.ca, timeout: 30_000 }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const answer = { status: response.statusCode, headers: response.headers, rawHeaders: response.rawHeaders, text };
          if (/json/.test(response.headers['content-type'] ?? '') && text !== '') answer.json = JSON.parse(text);
          this.server.secrets.answered(answer);
          resolve(answer);
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${target}: no answer`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  // A TLS connection of its own that speaks what its caller writes.
  async connect({ alpn = 'http/1.1' } = {}) {
    const socket = tls.connect({ host: '127.0.0.1', port: this.port, servername: 'localhost', ca: this.ca, ALPNProtocols: [alpn] });
    await once(socket, 'secureConnect');
    return socket;
  }

  async accessLog() {
    return (await readFile(path.join(this.folder, 'access.log'), 'utf8')).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  // nginx is asked to end at once; then its logs are searched for secrets, and posternd's end is checked.
  async stop() {
    this.agent?.destroy();
    if (this.child && this.child.exitCode === null) {
      this.child.kill('SIGTERM');
      await this.exited;
    }
    const logs = await Promise.all(['access.log', 'error.log'].map((name) => readFile(path.join(this.folder ?? '/nowhere', name), 'utf8').catch(() => '')));
    try {
      for (const log of logs) this.server.secrets.check(log);
      assert.doesNotMatch(logs[1].replace(/^.*setrlimit.*$/gm, ''), /\[(?:emerg|alert|crit)\]/);
    } finally {
      if (!this.isSecond) await this.server.stop();
    }
  }
}

// What came back on a socket until the other side closed it or `ms` passed in silence: { text, closed }.
export function exchange(socket, bytes, { ms = 3000 } = {}) {
  return new Promise((resolve) => {
    let text = '';
    const done = (closed) => { socket.destroy(); resolve({ text, closed }); };
    socket.setEncoding('latin1').setTimeout(ms, () => done(false));
    socket.on('data', (chunk) => { text += chunk; });
    socket.on('end', () => done(true)).on('close', () => done(true)).on('error', () => done(true));
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}
