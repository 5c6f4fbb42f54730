// SPDX-License-Identifier: Apache-2.0
// The real posternd on free loopback ports, with a database of its own that is gone afterwards.
//
//   const server = await Server.start({ model });      // model(issuer) gives the declaration to apply
//   const answer = await server.request('GET', '/auth/jwks');
//   await server.stop();                               // asserts a clean end; see there
//
// ENGINE=sqlite (default) or postgresql; for the latter POSTERN_TEST_POSTGRESQL names a server
// (tests/store/pg.sh with ... sets it). POSTERND names the program.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Secrets } from './secrets.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
export const engine = process.env.ENGINE ?? 'sqlite';
export const program = process.env.POSTERND ?? path.join(root, 'build/gcc-asan/src/posternd/posternd');
const START_MS = 30_000;
const STOP_MS = 30_000;
const ANSWER_MS = 30_000;

const SQLITE = `import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30)
rows = db.execute(sys.argv[2]).fetchall()
db.commit()
print(json.dumps([["" if v is None else str(v) for v in row] for row in rows]))`;

// Asks again until the condition holds; never a fixed sleep.
export async function until(what, condition, ms = START_MS) {
  const deadline = Date.now() + ms;
  for (let wait = 2; ; wait = Math.min(wait * 2, 100)) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

// A database of its own: { url, drop }.
async function database(folder) {
  if (engine === 'sqlite') return { url: `sqlite:${path.join(folder, 'postern.db')}`, drop: async () => {} };
  const server = process.env.POSTERN_TEST_POSTGRESQL;
  assert.ok(server, 'POSTERN_TEST_POSTGRESQL is not set: tests/store/pg.sh with env ENGINE=postgresql node --test ...');
  const name = `postern_${randomBytes(6).toString('hex')}`;
  await run('psql', [server, '-qc', `CREATE DATABASE ${name}`]);
  return {
    url: server.replace(/\/postgres(?=$|\?)/, `/${name}`),
    drop: () => run('psql', [server, '-qc', `DROP DATABASE ${name} WITH (FORCE)`]),
  };
}

export class Server {
  // options: model(issuer) -> declaration (none: an empty database), args: further flags, env: variables,
  // socket: listen on a Unix socket in place of a port.
  static async start(options = {}) {
    const server = new Server(options);
    try {
      await server.#prepare();
      await server.serve();
      if (options.model) await server.applyModel(options.model(server.url));
    } catch (error) {
      await server.kill();
      await server.remove();
      throw error;
    }
    return server;
  }

  constructor({ args = [], env = {}, socket = false }) {
    this.onSocket = socket;
    this.args = args;
    this.env = { ...process.env, ...env };
    this.log = '';
    this.listen = this.opsListen = '127.0.0.1:0';
    this.secrets = new Secrets();
    this.agent = new http.Agent({ keepAlive: true });
  }

  async #prepare() {
    this.folder = await mkdtemp(path.join(tmpdir(), 'postern-it-'));
    this.database = await database(this.folder);
    if (this.onSocket) {
      this.socketPath = path.join(this.folder, 'posternd.sock');
      this.listen = `unix:${this.socketPath}`;
    }
    this.common = ['--database', this.database.url, '--key-file', path.join(this.folder, 'master.key')];
  }

  // Runs a command of posternd on this server's database: { status, stdout, stderr }.
  async command(...args) {
    try {
      const done = await run(program, [...this.common, ...args], { env: this.env, maxBuffer: 1 << 26 });
      return { status: 0, ...done };
    } catch (error) {
      if (typeof error.code !== 'number') throw error;
      return { status: error.code, stdout: error.stdout, stderr: error.stderr };
    } finally {
      this.commands = (this.commands ?? 0) + 1;
    }
  }

  // One statement on this server's database, past the server: rows as arrays of text. For what no answer
  // shows (audit, purge) and for moving stored times instead of the clock.
  async sql(text) {
    const { url } = this.database;
    if (engine !== 'sqlite') {
      const { stdout } = await run('psql', [url, '-qAtX', '-F', '\x1f', '-c', text]);
      return stdout.split('\n').filter((line) => line !== '').map((line) => line.split('\x1f'));
    }
    const { stdout } = await run('python3', ['-c', SQLITE, url.replace(/^sqlite:/, ''), text]);
    return JSON.parse(stdout);
  }

  // Applies a declaration and waits until the server serves it. What was generated is in `generated`.
  async applyModel(declaration) {
    const file = path.join(this.folder, 'model.json');
    await writeFile(file, JSON.stringify(declaration, null, 1));
    const done = await this.command('--json', 'apply', file);
    assert.equal(done.status, 0, `posternd apply: ${done.stderr}${done.stdout}`);
    this.generated = JSON.parse(done.stdout).secrets;
    for (const secret of this.generated) {
      if (/secret$/i.test(secret.member)) this.secrets.add(secret.value);
    }
    await until('the environment is served', async () => (await this.ready()) && this.#knows(declaration));
  }

  async #knows(declaration) {
    const names = declaration.environments.map((e) => new URL(e.issuer).host);
    for (const host of names) {
      const answer = await this.request('GET', '/.well-known/openid-configuration', { headers: { host } });
      if (answer.status !== 200 || new URL(answer.json.issuer).host !== host) return false;
    }
    return true;
  }

  // The generated value of a kind's member: generatedSecret('application', 'secret', 'reports@acme').
  generatedSecret(kind, member, name = '') {
    const found = this.generated.find((s) => s.kind === kind && s.member === member && s.name.includes(name));
    assert.ok(found, `apply generated no ${kind} ${member} ${name}`);
    return found.value;
  }

  // Starts the program; a second time on the same addresses.
  async serve() {
    this.child = spawn(program,
      [...this.common, '--listen', this.listen, '--ops-listen', this.opsListen, ...this.args, 'serve'],
      { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = once(this.child, 'exit').then(([status, signal]) => ({ status, signal }));
    this.child.stdout.setEncoding('utf8').on('data', (text) => { this.said = (this.said ?? '') + text; });
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.log += text; });
    this.said = '';
    let ended = false;
    this.exited.then(() => { ended = true; });
    const find = (what) => this.said.match(new RegExp(`^posternd: ${what} on (?:http://)?(127\\.0\\.0\\.1:\\d+|unix:.+)$`, 'm'))?.[1];
    await until('posternd says where it listens', () => {
      assert.ok(!ended, `posternd ended at its start:\n${this.said}${this.log}`);
      return find('operations') && find('listening');
    });
    this.listen = find('listening');
    this.opsListen = find('operations');
    this.url = this.onSocket ? 'http://localhost' : `http://${this.listen}`;
    this.opsUrl = `http://${this.opsListen}`;
    this.port = this.onSocket ? undefined : Number(this.listen.split(':')[1]);
    await until('posternd answers', () => this.request('GET', '/healthz', { base: this.opsUrl })
      .then((answer) => answer.status === 200, () => false));
  }

  async ready() {
    return (await this.request('GET', '/readyz', { base: this.opsUrl })).status === 200;
  }

  // One series of the metrics: 'postern_sign_ins_total{outcome="wrong"}'.
  async metric(name) {
    const { text } = await this.request('GET', '/metrics', { base: this.opsUrl });
    const line = text.split('\n').find((l) => l.startsWith(`${name} `));
    if (line === undefined) throw new Error(`there is no metric ${name}`);
    return Number(line.slice(name.length + 1));
  }

  // What a request costs: the slow work that it caused, the processor's time of it, in microseconds, and the writes; the least of
  // three, because the purge writes too. `prepare` makes what `ask` does. How long it took would tell of the machine.
  async costOf(prepare) {
    const costs = [];
    for (let i = 0; i < 3; i++) costs.push(await this.#costOfOne(await prepare()));
    return costs[0].map((_, i) => Math.min(...costs.map((cost) => cost[i])));
  }

  async #costOfOne(ask) {
    const names = ['postern_jobs_total{lane="hash"}', 'postern_jobs_total{lane="fetch"}', 'postern_writes_total',
      'postern_job_cpu_microseconds_total{lane="hash"}'];
    const counts = async () => {
      // What was answered is counted when its writer is done with it.
      await until('the writers to be idle', async () => await this.metric('postern_writers_busy') === 0);
      const found = [];
      for (const name of names) found.push(await this.metric(name));
      return found;
    };
    const before = await counts();
    await ask();
    return (await counts()).map((n, i) => n - before[i]);
  }

  // One exchange: { status, headers, text, json }. `form` or `json` make the body and its label.
  request(method, target, { headers = {}, body, form, json, base = this.url, bearer, basic } = {}) {
    const all = { ...headers };
    if (form !== undefined) {
      body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
      all['content-type'] ??= 'application/x-www-form-urlencoded';
    } else if (json !== undefined) {
      body = JSON.stringify(json);
      all['content-type'] ??= 'application/json';
    }
    if (bearer !== undefined) all.authorization = `Bearer ${bearer}`;
    if (basic !== undefined) all.authorization = `Basic ${Buffer.from(basic.map(encodeURIComponent).join(':')).toString('base64')}`;
    if (body !== undefined) all['content-length'] ??= Buffer.byteLength(body);
    const { hostname, port } = new URL(base);
    return new Promise((resolve, reject) => {
      const options = { method, hostname, port, path: target, headers: all, agent: this.agent, timeout: ANSWER_MS };
      if (this.onSocket && base === this.url) options.socketPath = this.socketPath;
      const request = http.request(options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve(this.#answer(response, Buffer.concat(chunks).toString())));
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${target}: no answer in ${ANSWER_MS} ms`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  #answer(response, text) {
    const answer = { status: response.statusCode, headers: response.headers, text };
    if (/json/.test(response.headers['content-type'] ?? '') && text !== '') answer.json = JSON.parse(text);
    this.secrets.answered(answer);
    return answer;
  }

  // POST /auth/token: parameters as an object, or as text to send as it is.
  token(params, { basic, headers, path: target = '/auth/token' } = {}) {
    return this.request('POST', target, { form: params, basic, headers });
  }

  // Bytes on a socket of their own; what came back until the server closed or `ms` passed in silence.
  raw(bytes, { ms = 2000, until: enough } = {}) {
    return new Promise((resolve, reject) => {
      const socket = this.onSocket ? net.connect(this.socketPath) : net.connect(this.port, '127.0.0.1');
      let text = '';
      const done = () => { socket.destroy(); resolve(text); };
      socket.setEncoding('latin1').setTimeout(ms, done);
      socket.on('data', (chunk) => {
        text += chunk;
        if (enough?.test(text)) done();
      });
      socket.on('end', done);
      socket.on('error', (error) => (error.code === 'ECONNRESET' ? done() : reject(error)));
      socket.write(bytes);
    });
  }

  // The log's lines so far, each parsed.
  logLines() {
    return this.log.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  // The lines of the access log for a request with this CorrelationId.
  logOf(id) {
    return this.logLines().filter((line) => JSON.stringify(line).includes(id));
  }

  signal(name) {
    this.child.kill(name);
  }

  // SIGTERM, and what every run promises: status 0, no sanitizer report, a log of JSON lines, and no secret of
  // this run (client and key secrets, tokens) in the log or shown twice in answers.
  async terminate() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    const end = await this.exited;
    clearTimeout(timer);
    this.child = undefined;
    assert.doesNotMatch(this.log, /Sanitizer|runtime error:/, 'a sanitizer report');
    assert.deepEqual(end, { status: 0, signal: null }, `the end of posternd:\n${this.log.slice(-4000)}`);
    this.logLines();
    this.secrets.check(this.log);
  }

  async restart() {
    await this.terminate();
    await this.serve();
  }

  async stop() {
    try {
      if (this.child) await this.terminate();
    } finally {
      await this.kill();
      await this.remove();
    }
  }

  async kill() {
    this.agent.destroy();
    if (!this.child) return;
    this.child.kill('SIGKILL');
    await this.exited;
    this.child = undefined;
  }

  async remove() {
    await this.database?.drop();
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }
}
