// SPDX-License-Identifier: Apache-2.0
// What the documents say to declare is applied as it stands there, after examples/demo.json.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server } from './lib/server.mjs';

const source = (name) => new URL(`../../${name}`, import.meta.url);
const examples = async (name) => [...(await readFile(source(name), 'utf8')).matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text]) => JSON.parse(text));

describe('declarations in the documents', () => {
  let server;
  const apply = async (declaration) => {
    const file = path.join(server.folder, 'example.json');
    await writeFile(file, JSON.stringify(declaration));
    const done = await server.command('--json', 'apply', file);
    assert.equal(done.status, 0, done.stderr);
    return JSON.parse(done.stdout);
  };
  before(async () => {
    server = await Server.start({ env: { ACME_ID_SECRET: 'Kettle-and-copper-0123456789' } });
    await apply(JSON.parse(await readFile(source('examples/demo.json'))));
  });
  after(() => server?.stop());

  test('declaration.md: a tenant of one\'s own, with a person who is invited, and an application for it', async () => {
    const [tenant, application, ...more] = await examples('docs/declaration.md');
    assert.deepEqual([more, application.name], [[], 'Northwind Web']);
    const { changes, secrets } = await apply(tenant);
    assert.ok(changes.length > 6);
    assert.deepEqual(secrets.map((s) => s.member).sort(), ['accessKeyId', 'accessKeySecret', 'clientId', 'invitation', 'secret'].sort());
    assert.ok(secrets.find((s) => s.member === 'invitation').value.startsWith('http://localhost:8420/auth/password?link='));
    tenant.environments[0].tenants[0].applications.push(application);
    assert.deepEqual((await apply(tenant)).changes.map((c) => [c.verb, c.kind]), [['create', 'application']]);
  });

  test('declaration.md: who is invited where nobody can sign in: the message shows what to write, and that works', async () => {
    const [{ environments: [{ name, tenants: [tenant] }] }] = await examples('docs/declaration.md');
    const { loginAuthenticators, ...without } = { ...tenant, tenant: 'northwind_2', businessUnits: [{ number: 4600741 }], applications: [],
      employees: [{ ...tenant.employees[1], userName: 'eda@northwind.example' }] };
    assert.ok(loginAuthenticators);
    const file = path.join(server.folder, 'without.json');
    await writeFile(file, JSON.stringify({ environments: [{ name, tenants: [without] }] }));
    const { status, stderr } = await server.command('apply', file);
    assert.equal(status, 1);
    const written = stderr.match(/give it one: ("loginAuthenticators": \[.*\])/)?.[1] ?? assert.fail(stderr);
    await apply({ environments: [{ name, tenants: [{ ...without, ...JSON.parse(`{${written}}`) }] }] });
  });

  test('login-provider.md: step 2, of a tenant that is there; the redirect URI is printed, and that of step 1', async () => {
    const [{ environments: [{ name, tenants: [tenant] }] }] = await examples('docs/login-provider.md');
    const person = ({ userName }) => ({ userName, firstName: 'Ada', lastName: 'Bramwell', role: 'Agent' });
    await apply({ environments: [{ name, issuer: 'https://id.acme.example', areas: [{ area: 'na1', domain: 'example.com', acdDomain: 'acd.example.com', uhDomain: 'uh.example.com', clusters: ['B32'] }],
      tenants: [{ tenantId: tenant.tenantId, tenant: tenant.tenant, area: 'na1', cluster: 'B32', businessUnits: [{ number: 4600742 }], roles: [{ name: 'Agent', permissions: [] }],
        employees: tenant.employees.map(person) }] }] });
    const { changes } = await apply({ environments: [{ name, tenants: [tenant] }] });
    const uri = changes.find((c) => c.detail?.startsWith('redirect URI')).detail.replace('redirect URI ', '');
    assert.ok((await readFile(source('docs/login-provider.md'), 'utf8')).includes(`\`${uri}\``), uri);
  });
});
