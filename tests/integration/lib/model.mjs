// SPDX-License-Identifier: Apache-2.0
// The world of the integration tests: one environment on the server's own address with two tenants and an application of each
// kind, and a second environment that is reached by its host name.
import { area } from './people.mjs';

export const GOVERNMENT = 'https://gov.example';
export const ORIGIN = 'https://app.example';
export const acme = { tenant: 'acme', unit: 4600738, id: '11ee9999-1111-4111-8111-111111111111' };
export const globex = { tenant: 'globex', unit: 4600801, id: '11ee9999-2222-4222-8222-222222222222' };


const employee = (userName, more = {}) => ({
  userName, emailAddress: userName, firstName: 'Kim', lastName: 'Li', role: 'Administrator', accessKeys: [{}], ...more,
});

const application = (unit, name, more = {}) => ({
  name, vendor: 'acme', type: 'backend', tenancy: 'single', businessUnit: unit, authMethod: 'client_secret_basic',
  scope: ['openid', 'platform-user-read', 'access-key-read', 'access-key-write'], ...more,
});

const roles = [
  { name: 'Administrator', legacyId: 'Administrator', permissions: ['*'] },
  { name: 'Agent', legacyId: 'Agent', permissions: ['my-access-key.create', 'my-access-key.view'] },
  { name: 'Nobody', legacyId: 'Custom', permissions: [] },
];

const tenant = ({ tenant: name, unit, id }, employees, applications) => ({
  tenantId: id, tenant: name, area: 'na1', cluster: 'B32',
  businessUnits: [{ number: unit, name, primary: true }], roles, employees, applications,
});

// publicJwks: the keys of the application `asserter` (private_key_jwt).
export function model(issuer, { publicJwks } = {}) {
  const asserter = publicJwks ? [application(acme.unit, 'asserter', { authMethod: 'private_key_jwt', jwks: publicJwks })] : [];
  return {
    environments: [
      {
        name: 'local', issuer, default: true, areas: [area],
        tenants: [
          tenant(acme, [
            employee('admin@acme.example'),
            employee('agent@acme.example', { role: 'Agent', firstName: 'Zoë', lastName: 'Ångström' }),
            employee('nobody@acme.example', { role: 'Nobody' }),
            employee('blocked@acme.example', { status: 'BLOCKED' }),
          ], [
            application(acme.unit, 'basic', { origins: [ORIGIN] }),
            application(acme.unit, 'post', { authMethod: 'client_secret_post' }),
            application(acme.unit, 'mac', { authMethod: 'client_secret_jwt' }),
            application(acme.unit, 'narrow', { scope: ['openid'] }),
            application(acme.unit, 'all', { tenancy: 'all', allowedTenants: [globex.tenant], blockedTenants: [] }),
            application(acme.unit, 'off', { isEnabled: false }),
            ...asserter,
          ]),
          tenant(globex, [employee('admin@globex.example')], [
            { ...application(globex.unit, 'foreign'), vendor: 'globex' },
          ]),
        ],
      },
      {
        name: 'government', issuer: GOVERNMENT, areas: [area],
        tenants: [tenant({ tenant: 'bureau', unit: 4600901, id: '11ee9999-3333-4333-8333-333333333333' },
          [employee('admin@bureau.example')], [application(4600901, 'secure')])],
      },
    ],
  };
}
