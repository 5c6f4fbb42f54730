// SPDX-License-Identifier: Apache-2.0
// The real command postern, with profiles and a cache of its own that are gone afterwards.
//
//   const home = await Home.make({ issuer: faulty.url, client_id: ..., ... });   // writes the profile "default"
//   const done = await home.run('token');              // { status, signal, stdout, stderr, json }
//   await home.remove();
//
// POSTERN and POSTERN_DRIVER name the programs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Faulty, Trap } from './faulty.mjs';
import { engine } from './server.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
export const postern = process.env.POSTERN ?? path.join(root, 'build/gcc-asan/src/cli/postern');
export const driver = process.env.POSTERN_DRIVER ?? path.join(root, 'build/gcc-asan/tests/client/driver');
// For tests without posternd: they have no database, so one engine's run is enough.
export const onceForAllEngines = { skip: engine !== 'sqlite' && 'has no database: run with sqlite' };
const END_MS = 60_000;

// The settings of a client of the faulty server.
export const settingsOf = (faulty, more = {}) => ({
  issuer: faulty.url, client_id: faulty.clientId, client_secret: faulty.clientSecret, access_key_id: faulty.accessKeyId,
  access_key_secret: faulty.accessKeySecret, ...more,
});

export class Home {
  static async make(settings, { env = {}, profile = 'default' } = {}) {
    const home = new Home();
    home.folder = await mkdtemp(path.join(tmpdir(), 'postern-home-'));
    home.config = path.join(home.folder, 'config');
    home.cache = path.join(home.folder, 'cache');
    home.secrets = () => []; // what must not be on standard error
    const outside = Object.entries(process.env).filter(([name]) => !/^(POSTERN|CXONE)_|_proxy$/i.test(name));
    home.env = { ...Object.fromEntries(outside), HOME: home.folder, POSTERN_CONFIG_DIR: home.config, POSTERN_CACHE_DIR: home.cache, ...env };
    if (settings) await home.profile(settings, profile);
    return home;
  }

  async profile(settings, name = 'default') {
    await mkdir(this.config, { recursive: true, mode: 0o700 });
    const file = path.join(this.config, `${name}.profile`);
    const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
    await writeFile(file, lines.join(''), { mode: 0o600 });
    await chmod(file, 0o600);
  }

  // Starts a program; `done` is a promise of its end.
  spawn(program, args, { env = {}, input, cwd = this.folder } = {}) {
    const child = spawn(program, args, { env: { ...this.env, ...env }, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    const out = [], err = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.stdin.on('error', () => {});
    if (input !== null) child.stdin.end(input);
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS).unref();
    const begun = Date.now();
    child.said = () => Buffer.concat(err).toString(); // so far
    child.done = once(child, 'close').then(([status, signal]) => {
      clearTimeout(timer);
      const bytes = Buffer.concat(out);
      const done = { status, signal, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString(), ms: Date.now() - begun };
      assert.doesNotMatch(done.stderr, /Sanitizer|runtime error:/, 'a sanitizer report');
      for (const secret of this.secrets()) assert.ok(!done.stderr.includes(secret), `a secret on standard error: ${done.stderr}`);
      try { done.json = JSON.parse(done.stdout); } catch { done.json = undefined; }
      return done;
    });
    return child;
  }

  run(...args) {
    const options = typeof args.at(-1) === 'object' ? args.pop() : {};
    return this.spawn(postern, args, options).done;
  }

  drive(...args) {
    const options = typeof args.at(-1) === 'object' ? args.pop() : {};
    return this.spawn(driver, args.map(String), options).done;
  }

  // `postern token`, which must succeed: the token.
  async token(...args) {
    const done = await this.run('token', ...args);
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
  }

  async cacheNames() {
    return (await readdir(this.cache).catch(() => [])).sort();
  }

  // The one cache entry: { file, text, json }.
  async entry() {
    const names = (await this.cacheNames()).filter((name) => name.endsWith('.json'));
    assert.equal(names.length, 1, `cache: ${names}`);
    const file = path.join(this.cache, names[0]);
    const text = await readFile(file, 'utf8');
    return { file, text, json: JSON.parse(text) };
  }

  // The token that is cached is past its end: what a short lifetime would do, however slow the machine is.
  async age() {
    const { file, json } = await this.entry();
    const aged = JSON.stringify(json, (key, value) => (/^(expires|renew)_at$/.test(key) ? Math.floor(Date.now() / 1000) - 5 : value));
    await writeFile(file, aged, { mode: 0o600 });
  }

  // 0600 files in 0700 directories; nothing but entries, their locks, and at most one half-written file of each.
  async checkCache() {
    const names = await this.cacheNames();
    for (const name of names) {
      assert.match(name, /\.json(\.lock|\.new)?$/, `a file left behind: ${names}`);
      assert.equal((await stat(path.join(this.cache, name))).mode & 0o777, 0o600, name);
    }
    if (names.length > 0) assert.equal((await stat(this.cache)).mode & 0o777, 0o700, 'the cache directory');
    return names;
  }

  async remove() {
    await chmod(this.cache, 0o700).catch(() => {});
    await rm(this.folder, { recursive: true, force: true });
  }
}

// A faulty server, a foreign origin and a client of the former. end() asserts what holds in every test.
export async function clientWorld(settings = () => ({})) {
  const faulty = await Faulty.start();
  const trap = await Trap.start();
  const home = await Home.make(settingsOf(faulty, settings(faulty)));
  home.secrets = () => faulty.secrets();
  const end = async () => {
    try {
      assert.deepEqual(trap.requests, [], 'requests to a foreign origin');
      assert.equal(faulty.spentTwice(), 0, 'refresh tokens spent twice');
      await home.checkCache();
    } finally {
      await faulty.stop();
      await trap.stop();
      await home.remove();
    }
  };
  return { faulty, trap, home, end };
}
