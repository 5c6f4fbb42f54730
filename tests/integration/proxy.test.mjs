// SPDX-License-Identifier: Apache-2.0
// postern proxy: between programs that know no token and an API that wants one. Behind it a server of this file, which
// sees each request as it came and answers as the test says; tokens come from the faulty server, at the end from posternd.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Faulty, gate } from './lib/faulty.mjs';
import { model } from './lib/model.mjs';
import { Home, postern, settingsOf } from './lib/postern.mjs';
import { Server, until } from './lib/server.mjs';

const ORIGIN = 'http://localhost:3999';
const MIB = 1 << 20;

// The API behind the proxy: `on(path, handler)`; every request is written down.
class Upstream {
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
class Proxy {
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
async function pour(to, n) {
  const block = randomBytes(MIB), hash = createHash('sha256');
  for (let sent = 0; sent < n; sent += block.length) {
    const piece = block.subarray(0, Math.min(block.length, n - sent));
    hash.update(piece);
    if (!to.write(piece)) await once(to, 'drain');
  }
  to.end();
  return hash.digest('hex');
}

const drink = async (from) => {
  const hash = createHash('sha256');
  let n = 0;
  for await (const chunk of from) { hash.update(chunk); n += chunk.length; }
  return { n, sha256: hash.digest('hex') };
};

describe('postern proxy', () => {
  let faulty, upstream, home, proxy;
  before(async () => {
    faulty = await Faulty.start();
    upstream = await Upstream.start();
    home = await Home.make(settingsOf(faulty, { api_endpoint: upstream.url }));
    home.secrets = () => faulty.secrets();
    proxy = await Proxy.start(home, '--allow-origin', ORIGIN);
  });
  after(async () => {
    const done = await proxy?.stop();
    for (const secret of faulty.secrets()) assert.ok(!done.stdout.includes(secret), 'a secret on standard output');
    await home?.remove();
    await upstream?.stop();
    await faulty?.stop();
  });

  test('adds the token; path, query, method, body and headers pass as they came', async () => {
    upstream.on('/api//v2/x%2Fy', async (request, response) => {
      const { n, sha256 } = await drink(request);
      response.writeHead(201, { 'x-answer': 'yes', etag: '"1"', 'content-type': 'text/x-odd' }).end(`${n} ${sha256}`);
    });
    const answer = await proxy.request('PATCH', '/api//v2/x%2Fy?a=%20b&c', {
      body: 'hello', headers: { 'x-custom': 'a  b', 'content-type': 'text/plain', accept: 'x/y', 'user-agent': 'mine/1' } });
    const seen = upstream.last('/api//v2/x%2Fy');
    assert.deepEqual([answer.status, answer.headers['x-answer'], answer.headers.etag, answer.headers['content-type']], [201, 'yes', '"1"', 'text/x-odd']);
    assert.equal(answer.text, `5 ${createHash('sha256').update('hello').digest('hex')}`);
    assert.deepEqual([seen.method, seen.url], ['PATCH', '/api//v2/x%2Fy?a=%20b&c']);
    assert.equal(seen.headers.authorization, `Bearer ${faulty.issued.find((t) => t.startsWith('at-'))}`);
    assert.deepEqual([seen.headers['x-custom'], seen.headers['content-type'], seen.headers.accept, seen.headers['user-agent'], seen.headers['content-length']],
      ['a  b', 'text/plain', 'x/y', 'mine/1', '5']);
    assert.equal(seen.headers.host, new URL(upstream.url).host);
  });

  test('proxy-headers: hop-by-hop headers, credentials and cookies pass neither way', async () => {
    upstream.on('/hop', (_, response) => response.writeHead(200, {
      'set-cookie': 'a=b', connection: 'x-hop', 'x-hop': '1', 'x-end': '2', 'proxy-authenticate': 'Basic', 'access-control-allow-origin': '*' }).end('x'));
    const answer = await proxy.request('GET', '/hop', { headers: {
      authorization: 'Basic YTpi', cookie: 'c=d', 'x-forwarded-for': '1.2.3.4', 'x-forwarded-host': 'evil', forwarded: 'for=1', 'proxy-authorization': 'x',
      connection: 'close, x-mine', 'x-mine': '1', te: 'trailers', 'x-kept': '3' } });
    const { headers } = upstream.last('/hop');
    for (const name of ['cookie', 'x-forwarded-for', 'x-forwarded-host', 'forwarded', 'proxy-authorization', 'x-mine', 'te']) {
      assert.equal(headers[name], undefined, name);
    }
    assert.match(headers.authorization, /^Bearer at-/);
    assert.equal(headers['x-kept'], '3');
    for (const name of ['set-cookie', 'x-hop', 'proxy-authenticate', 'access-control-allow-origin']) assert.equal(answer.headers[name], undefined, name);
    assert.equal(answer.headers['x-end'], '2');
  });

  test('HEAD, 204, 304, an empty body, redirects and errors of the API pass as they are', async () => {
    upstream.on('/head', (_, response) => response.writeHead(200, { 'content-length': 12345 }).end());
    upstream.on('/204', (_, response) => response.writeHead(204, { 'x-a': 'b' }).end());
    upstream.on('/304', (_, response) => response.writeHead(304, { etag: '"2"' }).end());
    upstream.on('/empty', (_, response) => response.writeHead(200, { 'content-length': 0, 'x-a': 'c' }).end());
    upstream.on('/moved', (_, response) => response.writeHead(302, { location: `${upstream.url}/there?x` }).end('gone'));
    upstream.on('/418', (_, response) => response.writeHead(418, { 'retry-after': '7' }).end('{"error":"teapot"}'));
    upstream.on('/500', (_, response) => response.writeHead(500).end('broken'));
    const head = await proxy.request('HEAD', '/head');
    assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '12345', '']);
    const none = await proxy.request('DELETE', '/204');
    assert.deepEqual([none.status, none.headers['x-a'], none.text], [204, 'b', '']);
    const same = await proxy.request('GET', '/304', { headers: { 'if-none-match': '"2"' } });
    assert.deepEqual([same.status, same.headers.etag, same.text], [304, '"2"', '']);
    assert.equal(upstream.last('/304').headers['if-none-match'], '"2"');
    const empty = await proxy.request('GET', '/empty');
    assert.deepEqual([empty.status, empty.headers['x-a'], empty.text], [200, 'c', '']);
    const moved = await proxy.request('GET', '/moved');
    assert.deepEqual([moved.status, moved.headers.location, moved.text], [302, `${proxy.url}/there?x`, 'gone']);
    const teapot = await proxy.request('POST', '/418', { body: '{}' });
    assert.deepEqual([teapot.status, teapot.headers['retry-after'], teapot.json], [418, '7', { error: 'teapot' }]);
    const broken = await proxy.request('POST', '/500', { body: 'x' });
    assert.deepEqual([broken.status, broken.text], [500, 'broken']);
    assert.equal(upstream.requests.filter((r) => r.url === '/500').length, 1, 'a POST is not repeated');
  });

  test('large bodies stream both ways in bounded memory', async () => {
    const size = 192 * MIB;
    upstream.on('/up', async (request, response) => response.end(JSON.stringify(await drink(request))));
    upstream.on('/down', (request, response) => {
      if (request.url.includes('length')) response.setHeader('content-length', size);
      pour(response, size).then((sha256) => { upstream.poured = sha256; });
    });
    await proxy.request('GET', '/empty');
    const before = await proxy.peak();
    for (const headers of [{ 'content-length': size }, { 'transfer-encoding': 'chunked' }]) {
      let sent;
      const up = await proxy.request('POST', '/up', { headers, body: (request) => { sent = pour(request, size); } });
      assert.deepEqual(up.json, { n: size, sha256: await sent });
      assert.equal(upstream.last('/up').headers['content-length'], headers['content-length']?.toString());
    }
    for (const path of ['/down?length', '/down']) {
      const response = await new Promise((resolve, reject) => {
        http.get({ host: proxy.hostname, port: proxy.port, path, agent: false }, resolve).on('error', reject);
      });
      const { n, sha256 } = await drink(response);
      assert.deepEqual([n, sha256], [size, upstream.poured]);
      assert.equal(response.headers['content-length'], path === '/down' ? undefined : String(size));
    }
    const grown = (await proxy.peak()) - before;
    assert.ok(grown < 48 * 1024, `${grown} KiB more for ${size} bytes`);
  });

  test('a slow answer arrives piece by piece, and a slow body too', async () => {
    const first = gate();
    upstream.on('/slow', async (_, response) => {
      response.write('one');
      await first.closed;
      response.end('two');
    });
    const response = await new Promise((resolve, reject) => {
      http.get({ host: proxy.hostname, port: proxy.port, path: '/slow', agent: false }, resolve).on('error', reject);
    });
    const [piece] = await once(response, 'data');
    assert.equal(piece.toString(), 'one');
    first.open();
    let rest = '';
    for await (const chunk of response) rest += chunk;
    assert.equal(rest, 'two');
    upstream.on('/trickle', async (request, answer) => answer.end(JSON.stringify(await drink(request))));
    const answer = await proxy.request('PUT', '/trickle', { headers: { 'transfer-encoding': 'chunked' }, body: (request) => {
      let left = 20;
      const next = () => { if (left-- > 0) request.write('x', () => setImmediate(next)); else request.end(); };
      next();
    } });
    assert.equal(answer.json.n, 20);
  });

  test('many requests at once, on kept connections', async () => {
    upstream.on('/many', async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end(Buffer.concat(chunks));
    });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 24 });
    const mark = faulty.count('token');
    await Promise.all(Array.from({ length: 240 }, async (_, i) => {
      const answer = await proxy.request('POST', '/many', { agent, body: `body ${i}` });
      assert.deepEqual([answer.status, answer.text], [200, `body ${i}`]);
    }));
    agent.destroy();
    assert.equal(faulty.count('token'), mark);
  });

  test('a refused token is renewed, and the request goes again with its body', async () => {
    let refused = 0;
    upstream.on('/renewed', async (request, response) => {
      const { n } = await drink(request);
      if (refused++ === 0) response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
      else response.end(String(n));
    });
    const mark = faulty.count('token');
    const answer = await proxy.request('POST', '/renewed', { body: 'x'.repeat(300_000) });
    assert.deepEqual([answer.status, answer.text, faulty.count('token') - mark], [200, '300000', 1]);
  });

  test('a client that goes ends its request upstream, before the answer and in the middle of it', async () => {
    for (const path of ['/hang', '/endless']) {
      const begun = gate(), gone = gate();
      upstream.on(path, (request, response) => {
        begun.open();
        request.socket.on('close', gone.open);
        if (path === '/endless') {
          const more = () => { while (response.write(Buffer.alloc(65536)) && !response.destroyed); };
          response.on('drain', more);
          more();
        }
      });
      const request = http.get({ host: proxy.hostname, port: proxy.port, path, agent: false });
      request.on('error', () => {});
      request.on('response', (response) => response.once('data', () => request.destroy()));
      await begun.closed;
      if (path === '/hang') request.destroy();
      await gone.closed;
    }
  });

  test('a client that goes in the middle of its body ends its request upstream', async () => {
    const gone = gate();
    upstream.on('/half', (request) => { request.on('close', gone.open); request.resume(); });
    const request = http.request({ host: proxy.hostname, port: proxy.port, path: '/half', method: 'POST', agent: false,
      headers: { 'content-length': 64 * MIB } });
    request.on('error', () => {});
    request.write(Buffer.alloc(8 * MIB));
    await until('the body begins to arrive', () => upstream.last('/half'));
    request.destroy();
    await gone.closed;
  });

  test('a server that goes in the middle leaves no whole answer', async () => {
    upstream.on('/cut', (request, response) => {
      if (request.url.includes('length')) response.setHeader('content-length', 1000);
      response.write('x'.repeat(500), () => response.socket.destroy());
    });
    for (const path of ['/cut?length', '/cut']) {
      await assert.rejects(proxy.request('GET', path), (error) => /aborted|ECONNRESET|socket hang up/.test(`${error.message} ${error.code}`));
    }
    upstream.on('/dropped', (request) => request.socket.destroy());
    const answer = await proxy.request('POST', '/dropped', { body: 'x' });
    assert.equal(answer.status, 502);
    assert.deepEqual(Object.keys(answer.json), ['error', 'error_description']);
    assert.equal(answer.json.error, 'network');
  });

  test('an answer before the request is whole does not hang', async () => {
    upstream.on('/early', (request, response) => { response.writeHead(413).end('too much'); request.resume(); });
    const answer = await proxy.request('POST', '/early', { headers: { 'content-length': 24 * MIB },
      body: (request) => { pour(request, 24 * MIB).catch(() => {}); } });
    assert.ok([413, 502].includes(answer.status), `${answer.status}`);
    // An answer as long as the request, sent while it comes: HTTP/1.1 clients wait, so both cannot be held.
    upstream.on('/echo', (request, response) => request.pipe(response));
    const echo = await proxy.request('POST', '/echo', { headers: { 'content-length': 24 * MIB },
      body: (request) => { pour(request, 24 * MIB).catch(() => {}); } }).catch((error) => error);
    assert.ok(echo instanceof Error || echo.status === 502, 'half an answer is no answer');
    const small = await proxy.request('POST', '/echo', { body: 'x'.repeat(MIB) });
    assert.deepEqual([small.status, small.text.length], [200, MIB]);
  });

  test('proxy-headers: names that are not this proxy are refused', async () => {
    const bad = ['evil.example', `evil.example:${proxy.port}`, '127.0.0.1', `127.0.0.1:${proxy.port + 1}`, `localhost.evil.example:${proxy.port}`, `0.0.0.0:${proxy.port}`];
    const mark = upstream.requests.length;
    for (const host of bad) {
      const answer = await proxy.request('GET', '/', { headers: { host } });
      assert.deepEqual([answer.status, answer.json.error], [403, 'host_not_allowed'], host);
    }
    assert.equal(upstream.requests.length, mark);
    for (const host of [`localhost:${proxy.port}`, `[::1]:${proxy.port}`]) {
      assert.equal((await proxy.request('GET', '/', { headers: { host } })).status, 200, host);
    }
  });

  test('cors: pages are refused but those of --allow-origin', async () => {
    const mark = upstream.requests.length;
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { origin: proxy.url }, { origin: `${ORIGIN}.evil` },
      { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example', 'access-control-request-method': 'GET' }]) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const answer = await proxy.request(method, '/', { headers });
        assert.deepEqual([answer.status, answer.json?.error], [403, 'origin_not_allowed'], JSON.stringify(headers));
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
      }
    }
    assert.equal(upstream.requests.length, mark);
    assert.equal((await proxy.request('GET', '/', { headers: { 'sec-fetch-site': 'none' } })).status, 200);
    const page = await proxy.request('GET', '/', { headers: { origin: ORIGIN, 'sec-fetch-site': 'cross-site' } });
    assert.deepEqual([page.status, page.headers['access-control-allow-origin'], page.headers.vary], [200, ORIGIN, 'Origin']);
    assert.equal(page.headers['access-control-allow-credentials'], undefined);
    assert.equal(upstream.requests.at(-1).headers.origin, undefined);
    const preflight = await proxy.request('OPTIONS', '/x', { headers: { origin: ORIGIN, 'access-control-request-method': 'PUT',
      'access-control-request-headers': 'x-one, content-type' } });
    assert.deepEqual([preflight.status, preflight.headers['access-control-allow-origin'], preflight.headers['access-control-allow-methods'],
      preflight.headers['access-control-allow-headers']], [204, ORIGIN, 'PUT', 'x-one, content-type']);
    assert.equal(upstream.last('/x'), undefined);
  });

  test('smuggling: two framings, two hosts, absolute URIs, TRACE', async () => {
    const mark = upstream.requests.length;
    const host = `Host: ${proxy.authority}\r\n`;
    const bad = [
      [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
      [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, 400],
      [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\ncontent-length: 4\r\n\r\nabcd`, 400],
      [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
      [`GET / HTTP/1.1\r\n${host}${host}\r\n`, 400],
      [`GET / HTTP/1.1\r\n\r\n`, 400],
      [`GET http://${proxy.authority}/ HTTP/1.1\r\n${host}\r\n`, 400],
      [`GET /a#b HTTP/1.1\r\n${host}\r\n`, 400],
      [`GET / HTTP/1.1\r\n${host}X y: 1\r\n\r\n`, 400],
      [`TRACE / HTTP/1.1\r\n${host}\r\n`, 405],
      [`CONNECT evil.example:443 HTTP/1.1\r\n${host}\r\n`, 400],
    ];
    for (const [bytes, status] of bad) {
      const text = await proxy.raw(bytes);
      assert.match(text, new RegExp(`^HTTP/1\\.[01] ${status} `), bytes);
      assert.doesNotMatch(text.slice(12), /HTTP\/1\.[01] /, `a second answer to ${bytes}`);
    }
    assert.equal(upstream.requests.length, mark);
  });

  test('its log has one line a request, without query, token or secret', async () => {
    await proxy.request('GET', '/logged?secret=12345');
    await until('the line', () => /GET \/logged 200 \d+ ms 2 B\n/.test(proxy.log));
    assert.doesNotMatch(proxy.log, /12345/);
    for (const secret of faulty.secrets()) assert.ok(!proxy.log.includes(secret));
  });
});

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
