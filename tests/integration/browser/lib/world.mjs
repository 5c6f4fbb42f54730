// SPDX-License-Identifier: Apache-2.0
// What the pages are looked at with: a posternd with people and applications, and an application that they come back to, on another host
// name (localhost; Postern is 127.0.0.1), so that cookies travel as they do between sites.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { generators } from 'openid-client';
import { HostileProvider } from '../../lib/hostile_provider.mjs';
import { acme, area, PASSWORD, person } from '../../lib/people.mjs';
import { Server } from '../../lib/server.mjs';
import { picture } from './picture.mjs';

export { acme, PASSWORD };
export const northwind = '11ee9999-2222-4222-8222-222222222222';
const CODE_TYPES = ['code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token'];
// Who has no second factor yet: each state that sets one up takes another one.
const SPARE = Array.from({ length: 16 }, (_, i) => `spare${i}@acme.example`);
const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const openid = (name, issuer) => ({ name, kind: 'openid', provider: { issuer, clientId: 'postern' } });
const branding = () => ({
  name: 'Northwind Traders', accent: '#a01040',
  logo: picture(300, 80, (x, y) => (Math.abs(Math.hypot(x - 40, y - 40) - 30) < 7 || (x > 90 && x < 290 && y > 30 && y < 50 && x % 40 < 28) ? [160, 16, 64, 255] : [0, 0, 0, 0])),
  banner: picture(832, 160, (x, y) => [120 + (y >> 1), 10 + (x >> 4), 70 + (x >> 4), 255]),
  texts: { en: { welcome: 'Welcome to the Northwind customer care desk.', support: 'Help desk: 555-0100, day and night.', help: 'https://help.northwind.example/' },
    ja: { welcome: 'ノースウィンド カスタマーケアへようこそ。', support: 'ヘルプデスク：555-0100', help: 'https://help.northwind.example/' } },
});
const model = (application, provider, more = []) => (issuer) => ({ environments: [{
  name: 'local', issuer, default: true, areas: [area],
  tenants: [{
    tenantId: acme, tenant: 'acme', area: 'na1', cluster: 'B32', businessUnits: [{ number: 4600738, name: 'acme', primary: true }],
    roles: [{ name: 'Agent', legacyId: 'Agent', permissions: [] }], loginAuthenticators: [{ name: 'Passwords', kind: 'system', default: true }, { name: 'Apps', policy: { mfa: 'totp' } }, { name: 'Tokens', policy: { mfa: 'hotp' } },
      openid('Acme ID', provider), openid('Nowhere', 'http://127.0.0.1:1')],
    employees: ['kim', 'lee', 'eve', 'bob', 'a.very.long.name.that.no.phone.has.room.for.in.one.line'].map((name) => person(`${name}@acme.example`)).concat(
      person('app@acme.example', { loginAuthenticator: 'Apps' }), SPARE.map((name) => person(name, { loginAuthenticator: 'Tokens' })),
      person('gil@acme.example', { password: undefined, loginAuthenticator: 'Acme ID', externalSubject: 'subject-of-kim' }),
      person('joe@acme.example', { password: undefined, loginAuthenticator: 'Nowhere' }),
      Array.from({ length: 8 }, (_, i) => person(`user${i}@acme.example`)),
      Array.from({ length: 2 }, (_, i) => person(`new${i}@acme.example`, { password: undefined, loginAuthenticator: 'Passwords', status: 'PENDING' }))),
    applications: [
      { name: 'Shift Planner', type: 'public', authMethod: 'none' },
      { name: 'Payroll', type: 'confidential', authMethod: 'client_secret_basic', responseTypes: CODE_TYPES },
      ...more,
    ].map((a) => ({ vendor: 'Acme', tenancy: 'single', businessUnit: 4600738, scope: ['openid', 'platform-user-read', 'access-key-read'],
      redirects: [`${application}/callback`], logouts: [`${application}/bye`], ...a })),
  }, {
    tenantId: northwind, tenant: 'northwind', area: 'na1', cluster: 'B32', businessUnits: [{ number: 4600801, name: 'northwind', primary: true }], branding: branding(),
    roles: [{ name: 'Agent', legacyId: 'Agent', permissions: [] }], loginAuthenticators: [{ name: 'Passwords', kind: 'system' }],
    employees: [person('mia@northwind.example')],
    applications: [{ name: 'Timesheet', vendor: 'Contoso', type: 'public', authMethod: 'none', tenancy: 'single', businessUnit: 4600801,
      scope: ['openid', 'platform-user-read'], redirects: [`${application}/callback`] }],
  }],
}] });

// The application: a page for each address, which says how it was asked and with what.
async function applicationStart() {
  const asked = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      const { pathname } = new URL(request.url, 'http://localhost');
      asked.push({ method: request.method, path: request.url, body: Buffer.concat(chunks).toString() });
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!DOCTYPE html><html lang="en"><title>Application ${escape(pathname)}</title><link rel="icon" href="data:,"><h1>Application ${escape(pathname)}</h1>`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, asked, url: `http://localhost:${server.address().port}` };
}

export class World {
  // applications: further ones of the tenant.
  static async start({ applications, ...options } = {}) {
    const world = new World();
    world.application = await applicationStart();
    world.provider = await HostileProvider.start();
    // Whoever goes there stays where they are, until a test says otherwise.
    world.provider.at['/authorize'] = (request, response) => { response.writeHead(204); response.end(); };
    world.server = await Server.start({ model: model(world.application.url, world.provider.url, applications), args: ['--allow-private-fetch'], ...options, env: { POSTERN_MAILBOX: '1', ...options.env } });
    world.server.secrets.add(PASSWORD);
    world.url = world.server.url;
    return world;
  }

  async stop() {
    this.application?.server.close();
    this.application?.server.closeAllConnections?.();
    await this.provider?.stop();
    await Promise.all([this.server?.stop(), this.strict?.then((server) => server.stop())]);
  }

  // Where this address has begun too many sign-ins: at another server, which allows few.
  async exhausted() {
    this.strict ??= Server.start({ model: model(this.application.url, this.provider.url), args: ['--limit-sign-ins', '1'] });
    const strict = await this.strict;
    const request = new URL(this.request({ client_id: strict.generatedSecret('application', 'clientId', 'Shift Planner') }));
    for (let i = 0; i < 50; i++) {
      const { status } = await strict.request('GET', `${request.pathname}${request.search}`);
      if (status === 429) return `${strict.url}${request.pathname}${request.search}`;
    }
    throw new Error('there is no limit');
  }

  // An authorization request.
  request(more = {}, name = 'Shift Planner') {
    const parameters = { client_id: this.server.generatedSecret('application', 'clientId', name), redirect_uri: `${this.application.url}/callback`,
      response_type: 'code', scope: 'openid', state: randomBytes(8).toString('hex'), nonce: randomBytes(8).toString('hex'),
      code_challenge: generators.codeChallenge(generators.codeVerifier()), code_challenge_method: 'S256', ...more };
    for (const [key, value] of Object.entries(parameters)) if (value === undefined) delete parameters[key];
    return `${this.url}/auth/authorize?${new URLSearchParams(parameters)}`;
  }

  // A user of whom nobody knows yet.
  spare() {
    this.spares ??= [...SPARE];
    return this.spares.pop() ?? assert.fail('no spare user is left');
  }

  // A person of a kind (user, new) whom nobody else gets.
  somebody(kind) {
    this.taken ??= {};
    this.taken[kind] = (this.taken[kind] ?? -1) + 1;
    return `${kind}${this.taken[kind]}@acme.example`;
  }

  sql(text) {
    return this.server.sql(text);
  }
}

// A person at a page: does what stands there, by the ids that every page keeps.
export class Person {
  constructor(world, page, display) {
    Object.assign(this, { world, page, display });
  }

  async open(address) {
    this.answer = await this.page.goto(new URL(address, this.world.url).href);
  }

  // Begins to sign in at an application.
  ask(more = {}, name) {
    return this.open(this.world.request({ display: this.display, ...more }, name));
  }

  async press(id) {
    const answered = this.page.waitForNavigation({ waitUntil: 'load' });
    await this.page.click(`#${id}`);
    this.answer = await answered;
  }

  // A link; and a form with these fields and this button.
  async click(selector) {
    const answered = this.page.waitForNavigation({ waitUntil: 'load' });
    await this.page.click(selector);
    this.answer = await answered;
  }

  async fillIn(fields, button) {
    for (const [id, value] of Object.entries(fields)) await this.page.fill(`#${id}`, value);
    await this.press(button);
  }

  async name(name) {
    await this.page.fill('#username', name);
    await this.press('next');
  }

  async password(password = PASSWORD) {
    await this.page.fill('#password', password);
    await this.press('login');
  }

  async signIn(user = 'kim@acme.example', more = {}) {
    await this.ask(more);
    await this.name(user);
    await this.password();
    assert.match(this.page.url(), /\/callback/, `${user} is not signed in: ${await this.page.title()}`);
  }
}
