// SPDX-License-Identifier: Apache-2.0
// nginx with the configuration that we ship, before the real posternd: what it lets in, what it keeps out
// (SECURITY: smuggling, proxy-headers, slow, bombs).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import * as client from 'openid-client';
import { Edge, exchange } from './lib/edge.mjs';
import { H2, HOSTILE } from './lib/h2.mjs';
import { model } from './lib/model.mjs';
import { until } from './lib/server.mjs';
import { corpus, follower, statuses } from './lib/smuggling.mjs';

const JWKS = '/auth/jwks';

describe('edge', () => {
  let edge, server, basic;
  before(async () => {
    edge = await Edge.start({ model });
    server = edge.server;
    basic = [server.generatedSecret('application', 'clientId', 'basic'), server.generatedSecret('application', 'secret', 'basic')];
  });
  after(() => edge?.stop());

  // The next good request on a new connection.
  const lives = async (after) => {
    const { text } = await exchange(await edge.connect(), `GET ${JWKS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.deepEqual(statuses(text), [200], `after ${after}`);
  };
  const direct = async (bytes, options) => exchange(net.connect(server.socketPath), bytes, options);
  const openidClient = async () => {
    client.custom.setHttpOptionsDefaults({ ca: edge.ca, timeout: 30_000 });
    const issuer = await client.Issuer.discover(edge.url);
    return new issuer.Client({ client_id: basic[0], client_secret: basic[1], token_endpoint_auth_method: 'client_secret_basic' });
  };

  test('discovery and tokens over TLS, by a certified client', async () => {
    const answer = await (await openidClient()).grant({ grant_type: 'client_credentials' });
    assert.equal(answer.token_type, 'Bearer');
    const call = await edge.request('GET', '/api/v2/users/me', { bearer: answer.access_token });
    assert.equal(call.status, 403); // a token of an application: who asks is known
    assert.equal(call.headers['strict-transport-security'], undefined, 'localhost is not remembered');
    const named = await edge.request('GET', JWKS, { headers: { host: 'cxone.example' } });
    assert.equal(named.headers['strict-transport-security'], 'max-age=31536000');
    assert.equal(named.headers.server, 'nginx');
    for (const name of ['cache-control', 'correlationid', 'content-type', 'x-content-type-options']) {
      assert.equal(named.rawHeaders.filter((h, i) => i % 2 === 0 && h.toLowerCase() === name).length, 1, `${name} comes once`);
    }
  });

  test('the same over HTTP/2', async () => {
    const session = http2.connect(`https://localhost:${edge.port}`, { ca: edge.ca, host: '127.0.0.1', lookup: (_, o, done) => (o.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) });
    const ask = async (headers, body) => {
      const stream = session.request(headers, { endStream: body === undefined });
      if (body !== undefined) stream.end(body);
      const [response] = await once(stream, 'response');
      let text = '';
      for await (const chunk of stream.setEncoding('utf8')) text += chunk;
      return { status: response[':status'], json: JSON.parse(text) };
    };
    try {
      const authorization = `Basic ${Buffer.from(basic.map(encodeURIComponent).join(':')).toString('base64')}`;
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask({ ':method': 'POST', ':path': '/auth/token', authorization,
        'content-type': 'application/x-www-form-urlencoded' }, 'grant_type=client_credentials')));
      for (const { status, json } of answers) {
        assert.equal(status, 200);
        assert.ok(json.access_token);
        server.secrets.answered({ status, headers: {}, text: '', json });
      }
      const { json } = await ask({ ':path': '/.well-known/openid-configuration' });
      assert.equal(json.issuer, edge.url);
      // RFC 9113 8.2.3: cookies arrive as several headers and are one for posternd.
      assert.equal((await ask({ ':path': JWKS, cookie: ['a=b', 'c=d'] })).status, 200);
    } finally {
      session.close();
    }
  });

  test('TLS 1.2 and 1.3, nothing older; plain HTTP is told so', async () => {
    const connect = (options) => new Promise((resolve) => {
      const socket = tls.connect({ host: '127.0.0.1', port: edge.port, servername: 'localhost', ca: edge.ca, ...options });
      socket.on('secureConnect', () => { resolve(socket.getProtocol()); socket.destroy(); }).on('error', (e) => resolve(e.code));
    });
    assert.equal(await connect({ maxVersion: 'TLSv1.2' }), 'TLSv1.2');
    assert.equal(await connect({ minVersion: 'TLSv1.3' }), 'TLSv1.3');
    const old = await connect({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    assert.doesNotMatch(String(old), /^TLSv1/);
    assert.match(String(await connect({ ca: undefined })), /UNABLE|SELF_SIGNED/, 'only who trusts the authority');
    assert.match(String(await connect({ servername: 'other.example', checkServerIdentity: (_, cert) => tls.checkServerIdentity('other.example', cert) })), /ALTNAME/);
    const { text, closed } = await exchange(net.connect(edge.port, '127.0.0.1'), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.deepEqual(statuses(text), [400]);
    assert.match(text, /This port speaks TLS/);
    assert.ok(closed);
  });

  test('proxy_headers: what a client says of itself does not count', async () => {
    const id = 'edge-forwarded-1';
    const forged = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example',
      forwarded: 'for=203.0.113.9;proto=http', 'x-real-ip': '203.0.113.9', 'x-client-ip': '203.0.113.9', correlationid: id };
    const answer = await edge.request('GET', '/.well-known/openid-configuration', { headers: forged });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.issuer, edge.url);
    assert.equal(answer.headers.correlationid, id);
    const [line] = await until('the line', () => server.logOf(id).length > 0 && server.logOf(id));
    assert.equal(line.remote ?? line.client ?? line.peer, '127.0.0.1', JSON.stringify(line));
    assert.doesNotMatch(server.log, /203\.0\.113\.9|198\.51\.100\.7|evil\.example/);
    // posternd alone would take garbage for a broken front, and refuse.
    assert.equal((await edge.request('GET', JWKS, { headers: { 'x-forwarded-for': 'garbage', 'x-forwarded-proto': 'gopher' } })).status, 200);
    assert.equal((await server.request('GET', JWKS, { headers: { 'x-forwarded-for': 'garbage' } })).status, 400);
  });

  test('proxy_headers: identity headers and their spellings are left out, others pass', async () => {
    // A stand-in for posternd that answers with what it was sent.
    const folder = await mkdtemp(path.join(tmpdir(), 'postern-echo-'));
    const echo = net.createServer((socket) => socket.once('data', (data) => {
      const body = JSON.stringify(data.toString('latin1'));
      socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    }));
    echo.listen(path.join(folder, 's'));
    await once(echo, 'listening');
    const second = await edge.second({ upstream: `unix:${path.join(folder, 's')}` });
    try {
      const names = ['X-Tenant-Id', 'X-User-Id', 'X-User', 'X-Real-IP', 'Forwarded', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Prefix',
        'X-Forwarded-User', 'X-Original-URL', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'True-Client-IP', 'CF-Connecting-IP', 'X-Remote-User', 'Proxy',
        'Via', 'TE', 'Upgrade', 'X_User_Id', 'X-User_Id', 'X_Forwarded_For', 'Transfer_Encoding', 'Content_Length', 'X-Client-Cert', 'X-Roles'];
      const lines = names.map((name) => `${name}: forged`).join('\r\n');
      const target = '/a//b/%7Ec/./%2e%2e/d?e=f&&g=%20';
      const { text } = await exchange(await second.connect(), `GET ${target} HTTP/1.1\r\nHost: Some.Host:444\r\nAuthorization: Bearer x\r\nX-Forwarded-For: forged\r\nX-Forwarded-Proto: forged\r\nX-Own: kept\r\n${lines}\r\nConnection: close\r\n\r\n`);
      const sent = JSON.parse(text.split('\r\n\r\n')[1]);
      assert.doesNotMatch(sent, /forged/);
      assert.ok(sent.startsWith(`GET ${target} HTTP/1.1\r\n`), sent);
      for (const line of ['Host: Some.Host:444', 'Authorization: Bearer x', 'X-Own: kept', 'X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: https']) {
        assert.equal(sent.split('\r\n').filter((l) => l.toLowerCase() === line.toLowerCase()).length, 1, `${line} in ${sent}`);
      }
    } finally {
      await second.stop();
      echo.close();
      await rm(folder, { recursive: true });
    }
  });

  test('operations are not reached through it', async () => {
    for (const target of ['/metrics', '/healthz', '/readyz', '//metrics', '/metrics/', '/metrics?x', '/auth/../metrics', '/%6detrics']) {
      const answer = await edge.request('GET', target);
      assert.ok([400, 404].includes(answer.status), `${target}: ${answer.status}`);
      assert.ok(answer.json.error);
    }
    assert.equal((await edge.request('GET', '/.edge')).status, 404);
  });

  test('smuggling: the corpus, refused by nginx or by posternd behind it', { timeout: 300_000 }, async () => {
    for (const [i, row] of corpus.entries()) {
      const next = row.by === 'nginx' ? follower(`smuggled-edge-${i}`) : '';
      const lines = (await edge.accessLog()).length;
      const { text, closed } = await exchange(await edge.connect(), row.bytes + next, { ms: row.by === 'posternd' ? 300 : 10_000 });
      const found = statuses(text), where = `${row.name}: ${JSON.stringify(text.slice(0, 300))}`;
      if (row.reads) {
        assert.deepEqual(found, [200], where);
        assert.ok(closed, where);
      } else {
        assert.equal(found.length, row.headless ? 0 : 1, where);
        assert.ok(found.every((status) => status >= 400 && status < 500), where);
        assert.match(text, /"error":"/, where);
        assert.equal(closed, row.by === 'nginx', where);
      }
      const more = await until(`the log of ${row.name}`, async () => {
        const all = (await edge.accessLog()).slice(lines);
        return all.length > 0 && all;
      });
      assert.equal(more.length, 1, where);
      assert.equal(more[0].upstream === '', row.by === 'nginx', `${where}: who refused: ${JSON.stringify(more[0])}`);
      await lives(row.name);
    }
    assert.doesNotMatch(server.log, /smuggled-edge/);
  });

  test('smuggling: the corpus, refused by posternd itself', { timeout: 300_000 }, async () => {
    for (const [i, row] of corpus.entries()) {
      const { text, closed } = await direct(row.bytes + follower(`smuggled-direct-${i}`), { ms: 10_000 });
      const found = statuses(text), where = `${row.name}: ${JSON.stringify(text.slice(0, 300))}`;
      assert.ok(closed, where);
      assert.ok(found.length <= (row.stutters ? 2 : 1), where);
      assert.ok(found.every((status) => status >= 400 && status < 506), where);
      const { text: good } = await direct(`GET ${JWKS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      assert.deepEqual(statuses(good), [200], `after ${row.name}`);
    }
    assert.doesNotMatch(server.log, /smuggled-direct/);
  });

  test('smuggling: what HTTP/2 could carry into HTTP/1', async () => {
    for (const [i, row] of HOSTILE.entries()) {
      const socket = await edge.connect({ alpn: 'h2' });
      const lines = (await edge.accessLog()).length;
      const status = await new H2(socket).ask([...row.headers, ['correlationid', `smuggled-h2-${i}`]], row.body);
      assert.ok(status === 'reset' || (status >= 400 && status < 500), `${row.name}: ${status}`);
      const more = (await edge.accessLog()).slice(lines);
      if (row.by !== 'posternd') assert.ok(more.every((line) => line.upstream === ''), `${row.name}: ${JSON.stringify(more)}`);
      await lives(row.name);
    }
    // The same frames with nothing wrong in them are answered, so the refusals above are earned.
    const good = await new H2(await edge.connect({ alpn: 'h2' })).ask([[':method', 'GET'], [':scheme', 'https'], [':authority', 'localhost'], [':path', JWKS]]);
    assert.equal(good, 200);
    assert.equal(server.logLines().filter((line) => JSON.stringify(line).includes('smuggled-h2') && line.status < 400).length, 0);
  });

  test('bombs: body, header line and target, at the bound and one past it', async () => {
    const post = (n) => edge.request('POST', '/auth/token', { body: 'x'.repeat(n), headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    // nginx writes the line when the answer has gone.
    let seen = (await edge.accessLog()).length;
    const upstream = async () => {
      const [line] = await until('the line', async () => {
        const more = (await edge.accessLog()).slice(seen);
        return more.length > 0 && more;
      });
      seen += 1;
      return line.upstream !== '' ? 'posternd' : 'nginx';
    };
    const bodies = [await post(1 << 20), await upstream(), await post((1 << 20) + 1).catch((e) => ({ status: e.code })), await upstream()];
    assert.equal(bodies[1], 'posternd', 'a body of 1 MiB goes on');
    assert.equal(bodies[3], 'nginx');
    assert.ok([413, 'EPIPE', 'ECONNRESET'].includes(bodies[2].status), `one past: ${bodies[2].status}`);
    // A header line of 6 KiB: name, colon, blank, value, CR LF.
    const line = (n) => exchange(edge.sockets.pop(), `GET ${JWKS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: ${'y'.repeat(n - 10)}\r\n\r\n`);
    edge.sockets = [await edge.connect(), await edge.connect(), await edge.connect(), await edge.connect()];
    assert.deepEqual(statuses((await line(6144)).text), [200]);
    const past = await line(6145);
    assert.deepEqual(statuses(past.text), [431]);
    assert.match(past.text, /"error":"header_too_large"/);
    const target = (n) => exchange(edge.sockets.pop(), `GET ${JWKS}?${'q'.repeat(n - JWKS.length - 1 - 'GET  HTTP/1.1\r\n'.length)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.deepEqual(statuses((await target(6144)).text), [200]);
    assert.deepEqual(statuses((await target(6145)).text), [431]);
    await lives('bombs');
  });

  test('slow: heads and bodies that drip are cut at the edge while others are served', { timeout: 120_000 }, async () => {
    const ended = (socket) => new Promise((resolve) => {
      const begun = Date.now();
      let text = '';
      socket.on('data', (chunk) => { text += chunk; });
      socket.on('error', () => {}).on('close', () => resolve({ seconds: (Date.now() - begun) / 1000, text: text.toString() }));
    });
    const open = async (n, bytes) => Promise.all(Array.from({ length: n }, async () => {
      const socket = await edge.connect();
      socket.write(bytes);
      return socket;
    }));
    const heads = await open(50, 'GET /auth/jwks HTTP/1.1\r\nHost: localhost\r\nX: ');
    const bodies = await open(50, 'POST /auth/token HTTP/1.1\r\nHost: localhost\r\nCorrelationId: edge-slow-body\r\nContent-Length: 1000\r\n\r\ngrant_type=');
    const silent = await Promise.all(Array.from({ length: 50 }, () => edge.connect()));
    const dripping = setInterval(() => heads.forEach((socket) => socket.writable && socket.write('y')), 500);
    const ends = Promise.all([...heads, ...bodies, ...silent].map(ended));
    let over = false, served = 0;
    ends.then(() => { over = true; });
    try {
      while (!over) {
        const begun = Date.now();
        await lives('slow clients');
        assert.ok(Date.now() - begun < 5000, 'served meanwhile');
        served++;
      }
    } finally {
      clearInterval(dripping);
    }
    assert.ok(served > 10);
    for (const { seconds } of await ends) assert.ok(seconds > 5 && seconds < 40, `cut after ${seconds} s`);
    assert.doesNotMatch(server.log, /edge-slow-body/, 'half a body never reaches posternd');
  });

  test('slow: one address has a limited number of connections, others are not meant', { timeout: 120_000 }, async () => {
    const second = await edge.second({ upstream: `unix:${server.socketPath}`, config: ['--connections-per-address', '20'] });
    try {
      // Requests that last: their bodies have not come yet.
      const bytes = 'POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n';
      const lasting = async () => {
        const socket = await second.connect();
        socket.on('error', () => {}).resume();
        socket.write(bytes);
        return socket;
      };
      const sockets = await Promise.all(Array.from({ length: 20 }, lasting));
      const answer = await until('the limit is reached', async () => {
        // Where the question below had the last place before one of them, that one was sent away.
        for (const [i, socket] of sockets.entries()) if (socket.destroyed) sockets[i] = await lasting();
        const { text } = await exchange(await second.connect(), `GET ${JWKS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        return statuses(text)[0] === 429 && text;
      });
      assert.match(answer, /"error":"too_many_requests"/);
      assert.match(answer, /Retry-After: 1\r\n/i);
      for (const socket of sockets) socket.destroy();
      await until('places are free again', async () => statuses((await exchange(await second.connect(),
        `GET ${JWKS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).text)[0] === 200);
    } finally {
      await second.stop();
    }
  });

  test('the errors of the edge are JSON as those of posternd', async () => {
    const second = await edge.second({ upstream: 'unix:/nonexistent/posternd.sock', config: ['--server-name', 'localhost,*.nice.test'] });
    try {
      const gone = await second.request('GET', JWKS, { headers: { correlationid: 'edge-502' } });
      assert.equal(gone.status, 502);
      assert.equal(gone.json.error, 'temporarily_unavailable');
      assert.match(gone.json.error_description, /not reachable/);
      assert.equal(gone.json.correlationId, 'edge-502');
      assert.equal(gone.headers['retry-after'], '1');
      assert.equal(gone.headers['cache-control'], 'no-store');
      for (const host of ['evil.example', 'nice.test.evil.example', 'nice.test', 'a.localhost']) {
        assert.equal((await second.request('GET', JWKS, { headers: { host } })).status, 421, host);
      }
      assert.equal((await second.request('GET', JWKS, { headers: { host: 'API-na1.nice.test:443' } })).status, 502);
      for (const id of ['a"b', 'a\\b', 'a b', 'x'.repeat(129)]) {
        const answer = await second.request('GET', JWKS, { headers: { correlationid: id } });
        assert.match(answer.json.correlationId, /^[0-9a-f]{32}$/, id);
      }
    } finally {
      await second.stop();
    }
  });

  test('secrets_once: queries are in no log of the edge', async () => {
    await edge.request('GET', `${JWKS}?client_secret=a-secret-in-a-query`);
    const second = await edge.second({ upstream: 'unix:/nonexistent/posternd.sock' });
    await second.request('GET', `${JWKS}?client_secret=a-secret-in-a-query`);
    await second.stop();
    for (const folder of [edge.folder, second.folder]) {
      for (const name of ['access.log', 'error.log']) assert.doesNotMatch(await readFile(path.join(folder, name), 'utf8'), /a-secret-in-a-query/);
    }
  });
});
