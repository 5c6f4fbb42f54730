// SPDX-License-Identifier: Apache-2.0
// A platform that misbehaves as told: discovery, token endpoint, keys, tenant discovery and an API on a free loopback
// port. It keeps the rules of PROTOCOL 4 (a refresh token is spent once, a second time kills its family) and writes down
// every request.
//
//   const faulty = await Faulty.start();
//   faulty.next('token', { status: 503 }, { drop: 'after' });   // the next two answers; then it behaves again
//   faulty.count('token');                                      // how many requests came so far
//   await faulty.stop();
//
// What a step of next() may say, in any combination that makes sense:
//   drop: 'before' | 'after'   the connection ends without an answer; 'after': the request was carried out
//   wait: ms or a promise      before the request is carried out
//   hold: ms or a promise      after it was carried out, before the answer
//   status, headers, json, text  instead of the ordinary answer (nothing is carried out)
//   change: (answer, request) => answer   of the ordinary answer { status, headers, json | text }
//   cut: 'length' | 'chunked'  half of the body under a whole Content-Length, or in chunks that never end
//   times: n                   the same step n times (default 1)
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export const TENANT = '11ee9999-4444-4444-8444-444444444444';
const ROUTES = [
  ['discovery', /^\/\.well-known\/(openid-configuration|oauth-authorization-server)$/],
  ['tenant', /^\/\.well-known\/cxone-configuration$/],
  ['jwks', /^\/auth\/jwks$/],
  ['token', /^(\/auth\/token|\/api\/v2\/oauth\/token|\/authentication\/v1\/token\/access-key)$/],
  ['api', /^/],
];

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const pause = (what) => (typeof what === 'number' ? sleep(what) : what);

// A promise and its key: `hold: gate.closed`, then gate.open().
export function gate() {
  let open;
  const closed = new Promise((resolve) => { open = resolve; });
  return { closed, open };
}

export class Faulty {
  static async start(options = {}) {
    const faulty = new Faulty(options);
    await faulty.rotateKey();
    faulty.server.listen(0, '127.0.0.1');
    await once(faulty.server, 'listening');
    faulty.url = `http://127.0.0.1:${faulty.server.address().port}`;
    return faulty;
  }

  constructor(options) {
    this.clientId = 'client-1';
    this.clientSecret = `cs-${randomBytes(24).toString('base64url')}`;
    this.accessKeyId = `ak-${randomBytes(8).toString('hex')}`;
    this.accessKeySecret = `as-${randomBytes(24).toString('base64url')}`;
    this.expiresIn = 3600;
    this.skew = 0; // seconds that this server's clock is ahead
    this.refreshTokens = true;
    this.idTokens = true;
    Object.assign(this, options);
    this.requests = [];
    this.published = []; // what the JWKS shows
    this.access = new Map(); // access token -> { family, grant }
    this.refresh = new Map(); // refresh token -> { family, spent }: spent only counts up
    this.families = new Map(); // family -> alive
    this.apis = new Map(); // 'GET /path' -> (request) => answer
    this.steps = {};
    this.server = http.createServer((request, response) => this.#serve(request, response));
    this.server.keepAliveTimeout = 30_000;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  // ---- what a test scripts ----

  next(route, ...steps) {
    const queue = this.steps[route] ??= [];
    for (const step of steps) for (let i = 0; i < (step.times ?? 1); i++) queue.push(step);
  }

  // The API's answer to 'GET /path': an answer, or a function of the request. Otherwise {"path": ...}.
  api(what, answer) {
    this.apis.set(what, typeof answer === 'function' ? answer : () => answer);
  }

  // Tokens are signed with a new key from now on. publish: false leaves it out of the JWKS.
  async rotateKey({ publish = true, keep = true } = {}) {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { modulusLength: 2048 });
    this.key = { kid: randomUUID(), privateKey };
    const jwk = { ...await exportJWK(publicKey), kid: this.key.kid, use: 'sig', alg: 'RS256' };
    this.published = [...(publish ? [jwk] : []), ...(keep ? this.published : [])];
  }

  // Every access token issued so far is refused from now on.
  revoke() {
    this.access.clear();
  }

  // ---- what a test asserts ----

  of(route, also = () => true) {
    return this.requests.filter((r) => r.route === route && also(r));
  }

  count(route, also) {
    return this.of(route, also).length;
  }

  grants() {
    return this.of('token').map((r) => r.form?.grant_type ?? 'access_key');
  }

  // Requests between the marks: const mark = faulty.mark(); ... faulty.since(mark)
  mark() {
    return this.requests.length;
  }

  since(mark) {
    return this.requests.slice(mark).map((r) => r.route);
  }

  spentTwice() {
    return [...this.refresh.values()].filter((r) => r.spent > 1).length;
  }

  // Everything that must not be in what a client shows.
  secrets() {
    return [this.clientSecret, this.accessKeySecret, ...this.issued];
  }

  // ---- the server ----

  now() {
    return Math.floor(Date.now() / 1000) + this.skew;
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.url);
    const route = ROUTES.find(([, pattern]) => pattern.test(url.pathname))[0];
    const record = { route, at: Date.now(), method: request.method, url, path: url.pathname, headers: request.headers,
      port: request.socket.remotePort };
    this.requests.push(record);
    const step = this.steps[route]?.shift() ?? {};
    request.on('error', () => {});
    response.on('error', () => {});
    if (step.drop === 'before') return request.socket.destroy();
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      record.aborted = true;
      return undefined;
    }
    record.body = Buffer.concat(chunks);
    const text = record.body.toString();
    if (/x-www-form-urlencoded/.test(request.headers['content-type'] ?? '')) {
      record.form = Object.fromEntries(new URLSearchParams(text));
    } else if (text.startsWith('{')) {
      try { record.json = JSON.parse(text); } catch { record.json = undefined; }
    }
    await pause(step.wait);
    const answer = await this.#answer(route, record, step);
    await pause(step.hold);
    record.answered = answer.status;
    if (step.drop === 'after') return request.socket.destroy();
    return this.#send(request, response, answer, step);
  }

  async #answer(route, record, step) {
    if (step.status !== undefined || step.text !== undefined || step.json !== undefined) {
      return { status: step.status ?? 200, headers: step.headers ?? {}, json: step.json, text: step.text };
    }
    let answer = await this[`_${route}`](record);
    answer.headers = { ...answer.headers, ...step.headers };
    if (step.change) answer = (await step.change(answer, record)) ?? answer;
    return answer;
  }

  #send(request, response, answer, step) {
    const headers = { date: new Date(this.now() * 1000).toUTCString(), ...answer.headers };
    let body = answer.text ?? '';
    if (answer.json !== undefined) {
      headers['content-type'] ??= 'application/json';
      body = JSON.stringify(answer.json);
    }
    body = Buffer.from(body);
    const bodiless = request.method === 'HEAD' || answer.status === 304 || answer.status === 204;
    response.sendDate = false;
    if (!step.cut) {
      if (!bodiless) headers['content-length'] = body.length;
      response.writeHead(answer.status, headers);
      return response.end(bodiless ? undefined : body);
    }
    if (step.cut === 'length') headers['content-length'] = body.length;
    response.writeHead(answer.status, headers);
    return response.write(body.subarray(0, Math.ceil(body.length / 2)), () => request.socket.end());
  }

  _discovery() {
    const { url } = this;
    return { status: 200, headers: { 'cache-control': 'public, max-age=3600' }, json: {
      issuer: url, authorization_endpoint: `${url}/auth/authorize`, token_endpoint: `${url}/auth/token`,
      userinfo_endpoint: `${url}/auth/userinfo`, jwks_uri: `${url}/auth/jwks`,
      introspection_endpoint: `${url}/auth/introspect`, revocation_endpoint: `${url}/auth/revoke`,
      end_session_endpoint: `${url}/auth/authorize/logout`, response_types_supported: ['code'],
      subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'],
      grant_types_supported: ['password', 'client_credentials', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'],
    } };
  }

  _jwks() {
    return { status: 200, headers: { 'cache-control': 'public, max-age=3600' }, json: { keys: this.published } };
  }

  _tenant(request) {
    const tenantId = request.url.searchParams.get('tenantId');
    if (!tenantId) return { status: 400, json: { error: 'invalid_request', error_description: 'tenantId is missing' } };
    return { status: 200, headers: { 'cache-control': 'public, max-age=3600' }, json: {
      private: false, area: 'na1', cluster: 'B32', domain: 'example.com', acdDomain: 'acd.example.com', uhDomain: 'uh.example.com',
      ui_endpoint: this.url, auth_endpoint: this.url, api_endpoint: this.url, tenantId } };
  }

  async _token(request) {
    const refused = (status, error, description) => ({ status, json: { error, error_description: description } });
    if (request.path.endsWith('/access-key')) {
      const { accessKeyId: id, accessKeySecret: secret } = request.json ?? {};
      if (id !== this.accessKeyId || secret !== this.accessKeySecret) return refused(401, 'invalid_grant', 'the access key is wrong');
      return this.#issue('access_key', randomUUID());
    }
    const form = request.form ?? {};
    if (!this.#authenticated(request, form)) return refused(401, 'invalid_client', 'client authentication failed');
    if (form.grant_type === 'client_credentials') return this.#issue(form.grant_type, randomUUID());
    if (form.grant_type === 'password') {
      if (form.username === this.accessKeyId && form.password === this.accessKeySecret) return this.#issue('password', randomUUID());
      return refused(400, 'invalid_grant', 'the access key is wrong');
    }
    if (form.grant_type !== 'refresh_token') return refused(400, 'unsupported_grant_type', 'no such grant');
    const known = this.refresh.get(form.refresh_token);
    if (known) known.spent++;
    if (known?.spent > 1) this.families.set(known.family, false);
    if (!known || !this.families.get(known.family)) return refused(400, 'invalid_grant', 'the refresh token is unknown, spent or revoked');
    return this.#issue(known.grant, known.family);
  }

  #authenticated(request, form) {
    const basic = /^basic (.+)$/i.exec(request.headers.authorization ?? '');
    if (!basic) return form.client_id === this.clientId && form.client_secret === this.clientSecret;
    const [id, ...rest] = Buffer.from(basic[1], 'base64').toString().split(':');
    return decodeURIComponent(id) === this.clientId && decodeURIComponent(rest.join(':')) === this.clientSecret;
  }

  issued = [];

  async #issue(grant, family) {
    const token = `at-${randomBytes(18).toString('base64url')}`;
    this.issued.push(token);
    this.access.set(token, { grant, family });
    const json = { access_token: token, token_type: 'Bearer', expires_in: this.expiresIn };
    if (this.refreshTokens) {
      json.refresh_token = `rt-${randomBytes(18).toString('base64url')}`;
      this.issued.push(json.refresh_token);
      this.families.set(family, true);
      this.refresh.set(json.refresh_token, { family, grant, spent: 0 });
    }
    if (this.idTokens && grant !== 'client_credentials') json.id_token = await this.idToken();
    return { status: 200, headers: { 'cache-control': 'no-store' }, json };
  }

  // The id token of an answer; a test replaces claims, header and key.
  idToken({ claims = {}, header = {}, key = this.key.privateKey } = {}) {
    const now = this.now();
    return new SignJWT({ iss: this.url, aud: this.clientId, sub: 'user:1', tenantId: TENANT, tenant: 'acme', name: 'kim@acme.example',
      iat: now, exp: now + 3600, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: this.key.kid, ...header }).sign(key);
  }

  _api(request) {
    const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!this.access.has(token)) {
      return { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
        json: { error: 'invalid_token', error_description: 'the token is not known' } };
    }
    const scripted = this.apis.get(`${request.method} ${request.path}`);
    return { status: 200, ...(scripted ? scripted(request) : { json: { method: request.method, path: request.path } }) };
  }
}

// Another origin, to which nothing may go: it writes down what comes all the same.
export class Trap {
  static async start() {
    const trap = new Trap();
    trap.requests = [];
    trap.server = http.createServer((request, response) => {
      trap.requests.push({ method: request.method, url: request.url, headers: request.headers });
      response.end('{}');
    });
    trap.server.listen(0, '127.0.0.1');
    await once(trap.server, 'listening');
    trap.url = `http://127.0.0.1:${trap.server.address().port}`;
    return trap;
  }

  // Requests that carried a credential of any kind.
  credentials() {
    return this.requests.filter((r) => r.headers.authorization !== undefined || /at-|rt-|cs-|as-/.test(r.url));
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
