// SPDX-License-Identifier: Apache-2.0
// A provider that a test makes lie: discovery, keys and tokens as they should be, but for what the test changes.
//
//   const other = await HostileProvider.start();
//   other.next = { claims: { nonce: 'x' } };          // the next id token; undefined as a value takes a claim out
//   other.next = { alg: 'none' } | { key: other.stranger } | { kid: 'unknown' } | { token: (right) => text } | { status: 500, body: '…' }
//   other.document = { issuer: 'https://evil.example' };  // over the discovery document
//   other.at['/jwks'] = (request, response) => {...};      // a page of its own
//   other.redeem(location)                            // what the browser comes back with: { state, code, iss }
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export class HostileProvider {
  static async start(clientId = 'postern') {
    const other = new HostileProvider();
    Object.assign(other, { clientId, subject: 'subject-of-kim', codes: new Map(), asked: [], forms: [], at: {}, document: {}, next: {}, info: {} });
    other.key = await generateKeyPair('RS256');
    other.stranger = await generateKeyPair('RS256');
    other.kid = 'first';
    other.server = http.createServer((request, response) => {
      other.#serve(request, response).catch((error) => response.destroy(error));
    });
    other.server.listen(0, '127.0.0.1');
    await once(other.server, 'listening');
    other.url = `http://127.0.0.1:${other.server.address().port}`;
    return other;
  }

  // The person says yes, here: the parameters of the way back.
  redeem(location, more = {}) {
    const asked = Object.fromEntries(new URL(location).searchParams);
    const code = `code-${this.codes.size}-${Math.random()}`;
    this.codes.set(code, asked);
    return { code, state: asked.state, ...more };
  }

  async #serve(request, response) {
    const { pathname } = new URL(request.url, this.url);
    this.asked.push(pathname);
    if (this.at[pathname]) return this.at[pathname](request, response);
    const answers = { '/.well-known/openid-configuration': () => this.#discovery(), '/jwks': () => this.#keys(), '/token': () => this.#token(request),
      '/userinfo': () => ({ sub: this.subject, ...this.info }) };
    const answer = await answers[pathname]?.();
    response.writeHead(answer?.status ?? (answer ? 200 : 404), { 'content-type': 'application/json' });
    return response.end(answer?.body ?? JSON.stringify(answer ?? {}));
  }

  #discovery() {
    return { issuer: this.url, authorization_endpoint: `${this.url}/authorize`, token_endpoint: `${this.url}/token`, jwks_uri: `${this.url}/jwks`,
      userinfo_endpoint: `${this.url}/userinfo`, ...this.document };
  }

  async #keys() {
    return { keys: [{ ...await exportJWK(this.key.publicKey), kid: this.kid, alg: 'RS256', use: 'sig' }] };
  }

  async #token(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    this.forms.push({ ...form, authorization: request.headers.authorization });
    const asked = this.codes.get(form.code);
    const challenge = createHash('sha256').update(form.code_verifier ?? '').digest('base64url');
    if (!asked || challenge !== asked.code_challenge || form.redirect_uri !== asked.redirect_uri) return { status: 400, body: '{"error":"invalid_grant"}' };
    this.codes.delete(form.code);
    const how = this.next;
    this.next = {};
    if (how.status) return how;
    return { access_token: 'access', token_type: 'Bearer', expires_in: 60, id_token: await this.#idToken(asked, how) };
  }

  async #idToken(asked, how) {
    const now = Math.floor(Date.now() / 1000);
    const claims = JSON.parse(JSON.stringify({ iss: this.url, aud: this.clientId, sub: this.subject, iat: now, exp: now + 300, nonce: asked.nonce, ...how.claims }));
    const header = { alg: how.alg ?? 'RS256', kid: how.kid ?? this.kid };
    if (header.alg === 'none') return `${encoded(header)}.${encoded(claims)}.`;
    const right = header.alg === 'HS256'
      ? await new SignJWT(claims).setProtectedHeader(header).sign(Buffer.from(how.secret))
      : await new SignJWT(claims).setProtectedHeader(header).sign((how.key ?? this.key).privateKey);
    return how.token ? how.token(right) : right;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
