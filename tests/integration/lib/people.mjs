// SPDX-License-Identifier: Apache-2.0
// What the files about people begin with: tenants, employees and applications as a declaration has them, and for a `describe` its server
// and a visitor for each case.
//
//   let server, issuer, visitor;
//   visits({ model: declare(tenant('acme', { employees: [person('kim@acme.example')] })) }, (now) => { ({ server, issuer, visitor } = now); });
import { after, before, beforeEach } from 'node:test';
import { Issuer } from 'openid-client';
import { Visitor } from './pages.mjs';
import { Server } from './server.mjs';

export const CALLBACK = 'https://app.example/callback', PASSWORD = 'Brass-lantern 7 & <quiet>';
export const acme = '11ee9999-1111-4111-8111-111111111111', globex = '11ee9999-2222-4222-8222-222222222222', bureau = '11ee9999-3333-4333-8333-333333333333';
const TENANTS = { acme: [acme, 4600738], globex: [globex, 4600801], bureau: [bureau, 4600901] };
export const area = { area: 'na1', domain: 'example.com', acdDomain: 'acd.example.com', uhDomain: 'uh.example.com', clusters: ['B32'] };

export const person = (name, more = {}) => ({ userName: name, emailAddress: name, firstName: 'Kim', lastName: 'Li', role: 'Agent', password: PASSWORD, ...more });

export const application = (name, more = {}) => ({ name, vendor: 'Acme', type: 'public', authMethod: 'none', tenancy: 'single',
  scope: ['openid', 'platform-user-read'], redirects: [CALLBACK], ...more });

export function tenant(name, { applications, ...more }) {
  const [tenantId, number] = TENANTS[name];
  return { tenantId, tenant: name, area: 'na1', cluster: 'B32', businessUnits: [{ number, name, primary: true }],
    roles: [{ name: 'Agent', legacyId: 'Agent', permissions: [] }], loginAuthenticators: [{ name: 'Passwords', kind: 'system' }],
    applications: applications?.map((a) => ({ businessUnit: number, ...a })), ...more };
}

export const environment = (name, issuer, tenants, more = {}) => ({ name, issuer, areas: [area], tenants, ...more });

export const declare = (...tenants) => (issuer) => ({ environments: [environment('local', issuer, tenants, { default: true })] });

// Starts a server before the cases of a `describe` and stops it after them; tells before each what is there now. `headers`: the visitor's;
// `password` is searched for in what the server says; what else there is, is for Server.start().
export function visits({ password = PASSWORD, headers, ...options }, tell) {
  const there = {};
  before(async () => {
    there.server = await Server.start(options);
    there.server.secrets.add(password);
    there.issuer = await Issuer.discover(there.server.url);
    tell(there);
  });
  after(() => there.server?.stop());
  beforeEach(() => tell({ ...there, visitor: new Visitor(there.server, headers) }));
}
