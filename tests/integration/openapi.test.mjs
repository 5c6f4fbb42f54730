// SPDX-License-Identifier: Apache-2.0
// What machines read of us. /openapi.json: valid OpenAPI 3.1 by an independent validator; every route of the table is in it, answers as it says and nothing else.
// docs/declaration.schema.json: a valid JSON Schema that agrees with posternd.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { jwtDecode } from './lib/jwt.mjs';
import { acme, model } from './lib/model.mjs';
import { Server } from './lib/server.mjs';

const KEYS = '/access-key-management/v1/access-keys';
const NOBODY = '11ee9999-0000-4000-8000-000000000000';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

describe('openapi', () => {
  let server, description;
  // And an application that people use.
  const withSite = (issuer) => {
    const world = model(issuer);
    world.environments[0].tenants[0].applications.push({ name: 'site', vendor: 'acme', type: 'confidential', tenancy: 'single',
      businessUnit: acme.unit, authMethod: 'client_secret_basic', scope: ['openid'], redirects: ['https://app.example/callback'] });
    return world;
  };

  before(async () => {
    server = await Server.start({ model: withSite });
    description = (await server.request('GET', '/openapi.json')).json;
  });
  after(() => server?.stop());

  const operations = () => Object.entries(description.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method: method.toUpperCase(), ...item[method] })));
  const client = (name) => [server.generatedSecret('application', 'clientId', name), server.generatedSecret('application', 'secret', name)];
  const keyOf = (name) => ({ accessKeyId: server.generatedSecret('access_key', 'accessKeyId', name),
    accessKeySecret: server.generatedSecret('access_key', 'accessKeySecret', name) });

  test('the document is valid OpenAPI 3.1 and its references lead somewhere', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(description));
    assert.equal(result.valid, true, JSON.stringify(result.errors));
    assert.equal(validator.version, '3.1');
    validator.resolveRefs();
    const broken = structuredClone(description);
    delete broken.paths['/auth/token'].post.responses;
    broken.paths['/auth/token'].post.parameters = [{ name: 'x', in: 'nowhere' }];
    assert.equal((await new Validator().validate(broken)).valid, false, 'the validator can say no');
  });

  test('every example fits its schema', () => {
    const ajv = new Ajv2020({ strict: false });
    addFormats(ajv);
    ajv.addFormat('password', true);
    for (const [name, schema] of Object.entries(description.components.schemas)) {
      const validate = ajv.compile({ components: description.components, $ref: `#/components/schemas/${name}` });
      const lengths = (errors) => errors.every((e) => /^m(in|ax)Length$/.test(e.keyword)); // of what is shortened with "..."
      for (const example of schema.examples ?? []) {
        assert.ok(validate(example) || lengths(validate.errors), `${name}: ${JSON.stringify(validate.errors)}`);
      }
    }
  });

  // Each operation as it should be asked and in every wrong way that its statuses speak of.
  test('what is documented occurs, and nothing else; answers fit their schemas', async () => {
    const admin = (await server.request('POST', '/authentication/v1/token/access-key', { json: keyOf('admin@acme.example') })).json;
    const ask = (method, path, more) => server.request(method, path, more);
    const user = jwtDecode(admin.access_token).claims.sub.replace('user:', '');
    const narrow = (await server.token({ grant_type: 'client_credentials' }, { basic: client('narrow') })).json.access_token;
    const token = (await server.token({ grant_type: 'client_credentials' }, { basic: client('basic') })).json.access_token;
    const key = (await ask('POST', KEYS, { bearer: admin.access_token, json: { userId: user, tenantId: acme.id } })).json.accessKey;
    const one = encodeURIComponent(key.accessKeyId);
    const absent = encodeURIComponent(`${'A'.repeat(52)}====`);
    const grant = { grant_type: 'client_credentials' };
    // operationId: the path filled in, the request that succeeds, the path of what is unknown
    const good = {
      tenant_discovery_get: { path: `/.well-known/cxone-configuration?tenantId=${acme.id}`, unknown: `/.well-known/cxone-configuration?tenantId=${NOBODY}` },
      token_post: { more: { form: grant, basic: client('basic') } },
      token_v2_post: { more: { json: grant, basic: client('basic') } },
      introspect_post: { more: { form: { token }, basic: client('basic') } },
      device_authorization_post: { more: { form: { scope: 'openid' }, basic: client('site') } },
      revoke_post: { more: { form: { token }, basic: client('basic') } },
      access_key_token_post: { more: { json: keyOf('admin@acme.example') } },
      user_refresh_post: { more: { json: { token: admin.refresh_token } } },
      access_keys_post: { more: { json: { userId: user } }, unknownMore: { json: { userId: NOBODY } } },
      access_keys_patch: { path: `${KEYS}?accessKeyId=${one}`, more: { json: { isActive: true } }, unknown: `${KEYS}?accessKeyId=${absent}` },
      access_key_get: { path: `${KEYS}/${one}`, unknown: `${KEYS}/${absent}` },
      access_key_patch: { path: `${KEYS}/${one}`, more: { json: { isActive: true } }, unknown: `${KEYS}/${absent}` },
      access_key_delete: { path: `${KEYS}/${one}`, unknown: `${KEYS}/${absent}` },
      users_get: { path: '/api/v2/users/me', unknown: `/api/v2/users/${NOBODY}` },
      employee_v1_get: { path: `/user-management/v1/users/${user}`, unknown: `/user-management/v1/users/${NOBODY}` },
      employee_v3_get: { path: `/user-management/v3/users/${user}`, unknown: `/user-management/v3/users/${NOBODY}` },
    };
    const ajv = new Ajv2020({ strict: false });
    addFormats(ajv);
    ajv.addFormat('password', true);
    const seen = new Set();
    for (const operation of operations()) {
      const { path = operation.path, more = {}, unknown, unknownMore } = good[operation.operationId] ?? {};
      const authentication = operation.security.some((scheme) => scheme.bearer) ? { bearer: admin.access_token } : {};
      const call = async (target, extra) => {
        const answer = await server.request(operation.method, target, { ...more, ...authentication, ...extra });
        seen.add(`${operation.operationId} ${answer.status}`);
        return answer;
      };
      const answer = await call(path);
      assert.ok(answer.status < 300, `${operation.operationId}: ${answer.status} ${answer.text}`);
      const schema = operation.responses[answer.status]?.content?.['application/json']?.schema;
      if (schema) {
        const validate = ajv.compile({ components: description.components, ...schema });
        assert.ok(validate(answer.json), `${operation.operationId}: ${JSON.stringify(validate.errors)} ${answer.text}`);
      }
      if (unknown || unknownMore) await call(unknown ?? path, unknownMore ?? {});
      await call(`${path}${path.includes('?') ? '&' : '?'}broken=%zz`);
      await call(path, { headers: { origin: 'https://stranger.example' } });
      await call(path, authentication.bearer ? { bearer: 'nonsense' } : { basic: ['nobody', 'wrong'] });
      if (authentication.bearer) await call(path, { bearer: narrow });
    }
    const documented = new Set(operations().flatMap((o) => Object.keys(o.responses).map((status) => `${o.operationId} ${status}`)));
    assert.deepEqual([...documented].filter((pair) => !seen.has(pair) && !pair.endsWith(' 503')).sort(), [], 'documented and never seen');
    assert.deepEqual([...seen].filter((pair) => !documented.has(pair)).sort(), [], 'seen and not documented');
  });

  test('503: every operation, as long as there is no environment', async () => {
    const empty = await Server.start();
    try {
      for (const { method, path, operationId } of operations()) {
        const answer = await empty.request(method, path.replace(/\{.*\}/, 'x'));
        assert.deepEqual([answer.status, answer.headers['retry-after'] !== undefined], [503, true], operationId);
      }
    } finally {
      await empty.stop();
    }
  });
});

describe('the schema of declarations', () => {
  let server, validate;
  before(async () => {
    server = await Server.start();
    const ajv = new Ajv2020({ allErrors: true });
    addFormats(ajv);
    validate = ajv.compile(JSON.parse(await readFile(new URL('../../docs/declaration.schema.json', import.meta.url))));
  });
  after(() => server?.stop());

  test('it and posternd accept and refuse the same', async () => {
    const agree = async (declaration, good, what) => {
      const file = `${server.folder}/declaration.json`;
      await writeFile(file, JSON.stringify(declaration));
      const { status, stderr } = await server.command('plan', file);
      assert.deepEqual([validate(declaration), status], [good, good ? 0 : 1], `${what}: ${JSON.stringify(validate.errors)} ${stderr}`);
    };
    await agree(JSON.parse(await readFile(new URL('../../examples/demo.json', import.meta.url))), true, 'examples/demo.json');
    await agree(model(server.url), true, 'the model of these tests');
    const unset = model(server.url);
    unset.environments[0].lifetimes = { access: 0, refresh: 60, refreshClient: 31536000, jitter: 0 };
    await agree(unset, true, 'lifetimes at their bounds and unset');
    const wrong = {
      'a member too many': (e) => { e.colour = 'red'; },
      'no name': (e) => { delete e.name; },
      'an issuer with a path': (e) => { e.issuer = 'https://x.example/tenant'; },
      'a type': (e) => { e.tenants = {}; },
      'a lifetime too short': (e) => { e.lifetimes = { access: 600 }; },
      'a status': (e) => { e.tenants[0].employees[0].status = 'AWAKE'; },
      'a method': (e) => { e.tenants[0].applications[0].authMethod = 'magic'; },
      'an origin with a path': (e) => { e.tenants[0].applications[0].origins = ['https://app.example/']; },
      'keys of anywhere': (e) => { Object.assign(e.tenants[0].applications[0], { authMethod: 'private_key_jwt', jwksEndpoint: 'file:///etc/passwd' }); },
      'a short secret': (e) => { e.tenants[0].applications[0].secret = 'short'; },
      'a unit that is no number': (e) => { e.tenants[0].businessUnits[0].number = 'one'; },
      'a tenant id': (e) => { e.tenants[0].tenantId = 'acme'; },
    };
    for (const [what, spoil] of Object.entries(wrong)) {
      const declaration = model(server.url);
      spoil(declaration.environments[0]);
      await agree(declaration, false, what);
    }
  });
});
